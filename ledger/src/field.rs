//! Field elements as the EVM's words.

use crate::{ChainError, U256};
use ark_ff::{BigInteger, PrimeField};
use medproof_statement::Fr;

/// A field element of either BN254 field as a word.
#[must_use]
pub fn word<F: PrimeField>(x: &F) -> U256 {
    U256::from_be_slice(&x.into_bigint().to_bytes_be())
}

/// A word that a contract answered as a scalar.
pub(crate) fn scalar(x: U256) -> Result<Fr, ChainError> {
    medproof_statement::field::from_bytes(&x.to_be_bytes::<32>()).map_err(|_| ChainError::Malformed {
        what: "field element",
        found: format!("{x:#x}, not below the modulus"),
    })
}
