//! The two random scalars that make a proof reveal nothing.
//!
//! A proof without randomness is computed first, and then moved at random among all proofs of its
//! statement: A/r₁, r₁·(B + r₂·δ), C + r₂·A. What comes out has the distribution of proofs made with
//! Groth16's own r and s: A is any point but infinity, B any point, and C is what they leave
//! (K. Baghery, M. Kohlweiss, J. Siim, M. Volkhov, "Another look at extraction and randomization of
//! Groth's zk-SNARK", FC 2021, theorem 3). With r and s, C would need B's sum in G1 as well.

use crate::error::ProveError;
use ark_bn254::{Bn254, Fr, G1Projective, G2Affine, G2Projective};
use ark_ec::CurveGroup;
use ark_ff::{AdditiveGroup, Field, PrimeField};
use ark_groth16::Proof;
use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// r₁ and r₂, for one proof: used twice, they would tell that two proofs are of one witness.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Blinding {
    // r₁ and 1/r₁: not 0.
    scale: Fr,
    inverse: Fr,
    // r₂.
    shift: Fr,
}

impl Blinding {
    /// Fresh from the operating system.
    ///
    /// # Errors
    /// [`ProveError::Entropy`].
    pub fn fresh() -> Result<Self, ProveError> {
        loop {
            // All but one in 2^254 will do.
            if let Some(blinding) = Self::of(scalar()?, scalar()?) {
                return Ok(blinding);
            }
        }
    }

    /// From scalars that are random, and used once; `None` where r₁ is 0.
    pub(crate) fn of(scale: Fr, shift: Fr) -> Option<Self> {
        let inverse = scale.inverse()?;
        Some(Self { scale, inverse, shift })
    }

    /// Moves a proof that was made without randomness, under a key with this δ.
    ///
    /// # Errors
    /// [`ProveError::Unblindable`] where A is infinity, which nothing moves.
    pub(crate) fn apply(
        &self,
        a: G1Projective,
        b: G2Projective,
        c: G1Projective,
        delta: &G2Affine,
    ) -> Result<Proof<Bn254>, ProveError> {
        if a == G1Projective::ZERO {
            return Err(ProveError::Unblindable);
        }
        Ok(Proof {
            a: (a * self.inverse).into_affine(),
            b: ((*delta * self.shift + b) * self.scale).into_affine(),
            c: (c + a * self.shift).into_affine(),
        })
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
    use crate::testing::rerandomised;
    use ark_bn254::G1Affine;
    use ark_ec::AffineRepr;
    use ark_ff::UniformRand;
    use ark_groth16::VerifyingKey;

    #[test]
    fn fresh_means_fresh() {
        let [one, other] = [(); 2].map(|()| Blinding::fresh().unwrap());
        assert!(one.scale != one.shift && one.scale != other.scale && one.shift != other.shift);
        assert_eq!(one.scale * one.inverse, Fr::ONE);
        assert_eq!(format!("{one:?}"), "Blinding(..)");
    }

    #[test]
    fn proofs_are_moved_as_the_reference_moves_them() {
        let mut rng = ark_std::test_rng();
        for seed in 0..5 {
            let [a, c] = [(); 2].map(|()| G1Projective::rand(&mut rng));
            let b = G2Projective::rand(&mut rng);
            let vk = VerifyingKey::<Bn254> {
                delta_g2: G2Projective::rand(&mut rng).into_affine(),
                ..VerifyingKey::default()
            };
            let plain = Proof {
                a: a.into_affine(),
                b: b.into_affine(),
                c: c.into_affine(),
            };
            let (blinding, expected) = rerandomised(&vk, &plain, seed);
            assert_eq!(blinding.apply(a, b, c, &vk.delta_g2).unwrap(), expected);
        }
    }

    #[test]
    fn neither_zero_nor_infinity_blinds() {
        assert!(Blinding::of(Fr::ZERO, Fr::ONE).is_none());
        let (g, h) = (G1Affine::generator(), G2Affine::generator());
        let blinding = Blinding::fresh().unwrap();
        let refused = blinding.apply(G1Projective::ZERO, h.into(), g.into(), &h);
        assert!(matches!(refused, Err(ProveError::Unblindable)));
    }
}
