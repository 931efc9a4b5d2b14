//! The two random scalars that make a proof reveal nothing.

use crate::error::ProveError;
use ark_bn254::Fr;
use ark_ff::PrimeField;
use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// r and s, for one proof: used twice, they would give the witness's points away.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Blinding {
    pub(crate) r: Fr,
    pub(crate) s: Fr,
}

impl Blinding {
    /// Fresh from the operating system.
    ///
    /// # Errors
    /// [`ProveError::Entropy`].
    pub fn fresh() -> Result<Self, ProveError> {
        Ok(Self {
            r: scalar()?,
            s: scalar()?,
        })
    }

    /// Fixed scalars, to compare proofs with a reference.
    #[cfg(test)]
    pub(crate) const fn fixed(r: Fr, s: Fr) -> Self {
        Self { r, s }
    }
}

impl fmt::Debug for Blinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Blinding(..)")
    }
}

/// 64 bytes reduced: uniform but for 2^-250.
fn scalar() -> Result<Fr, ProveError> {
    let mut bytes = Zeroizing::new([0; 64]);
    getrandom::fill(bytes.as_mut_slice()).map_err(ProveError::Entropy)?;
    Ok(Fr::from_le_bytes_mod_order(bytes.as_slice()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fresh_means_fresh() {
        let [one, other] = [(); 2].map(|()| Blinding::fresh().unwrap());
        assert!(one.r != one.s && one.r != other.r && one.s != other.s);
        assert_eq!(format!("{one:?}"), "Blinding(..)");
    }
}
