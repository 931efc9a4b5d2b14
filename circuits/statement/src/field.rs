//! The scalar field of BN254, and the one way bytes become its elements.

use ark_ff::{BigInteger, PrimeField};
use thiserror::Error;

/// An element of the scalar field of BN254 (modulus p, 254 bits): every value of the statement.
pub type Fr = ark_bn254::Fr;

/// A 32-byte string that is not the canonical encoding of a field element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("expected a field element below the BN254 scalar modulus in {expected} big-endian bytes, found {found}")]
pub struct FieldError {
    /// How many bytes an element takes.
    pub expected: usize,
    /// What was given instead.
    pub found: &'static str,
}

/// Big-endian canonical bytes of an element, as used in every message and on the ledger.
pub fn to_bytes(x: &Fr) -> [u8; 32] {
    let mut out = [0u8; 32];
    out.copy_from_slice(&x.into_bigint().to_bytes_be());
    out
}

/// Reads 32 big-endian bytes; refuses any other length and values not below the modulus.
///
/// # Errors
/// [`FieldError`] says which of the two it was. Nothing is ever reduced.
pub fn from_bytes(bytes: &[u8]) -> Result<Fr, FieldError> {
    let bytes: &[u8; 32] = bytes.try_into().map_err(|_| FieldError {
        expected: 32,
        found: "another length",
    })?;
    let mut limbs = [0u64; 4];
    for (limb, chunk) in limbs.iter_mut().zip(bytes.rchunks(8)) {
        *limb = chunk.iter().fold(0, |acc, &b| (acc << 8) | u64::from(b));
    }
    Fr::from_bigint(ark_ff::BigInt::new(limbs)).ok_or(FieldError {
        expected: 32,
        found: "a value not below the modulus",
    })
}

/// 2^n as a field element, for n ≤ 253.
pub fn pow2(n: u32) -> Fr {
    let mut limbs = [0u64; 4];
    limbs[(n / 64) as usize] = 1 << (n % 64);
    Fr::from_bigint(ark_ff::BigInt::new(limbs)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::Field;

    #[test]
    fn bytes_round_trip_and_refuse_aliases() {
        let x = Fr::from(123_456_789u64);
        assert_eq!(from_bytes(&to_bytes(&x)), Ok(x));
        let mut modulus = [0u8; 32];
        modulus.copy_from_slice(&Fr::MODULUS.to_bytes_be());
        assert!(from_bytes(&modulus).is_err());
        assert!(from_bytes(&[0xff; 32]).is_err());
        assert!(from_bytes(&[0; 31]).is_err());
        assert!(from_bytes(&[0; 33]).is_err());
    }

    #[test]
    fn powers_of_two() {
        for n in [0, 1, 63, 64, 136, 253] {
            assert_eq!(pow2(n), Fr::from(2u64).pow([u64::from(n)]));
        }
    }
}
