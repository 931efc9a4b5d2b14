//! What snarkjs draws from a hash: numbers and points that nobody chose.
//!
//! A contributor proves to know a factor x by showing x·S for a point S of G2 that follows from all that
//! was before. Whoever knew S's logarithm could show it without knowing x, so S is found by trying
//! coordinates. To be understood by snarkjs, and to understand it, this is its way to the last bit: the
//! numbers of ChaCha20, in its order, and of two roots the one that it takes.

use crate::progress::{Meter, Stage};
use ark_bn254::{Fq, Fq2, Fr, G1Affine, G2Affine};
use ark_ec::short_weierstrass::{Affine, SWCurveConfig};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{AdditiveGroup, BigInt, Field, Fp, MontBackend, MontConfig, PrimeField};
use medproof_keys::{Cancelled, Progress};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use sha2::{Digest, Sha256};

/// Numbers below 2^254, of which those above the modulus are drawn again.
const HIGHEST_LIMB: u64 = u64::MAX >> 2;

/// Numbers and points that follow from 32 bytes. It holds secrets where these are: ChaCha20's state is
/// wiped by its owner, who draws few and drops it.
pub(crate) struct Draws(ChaCha20Rng);

impl Draws {
    /// From the first 32 bytes of a hash, as eight numbers with the highest byte first.
    pub(crate) fn new(hash: &[u8; 32]) -> Draws {
        let mut seed = *hash;
        // ChaCha20 takes them with the lowest byte first.
        let (words, _) = seed.as_chunks_mut::<4>();
        words.iter_mut().for_each(|word| word.reverse());
        Draws(ChaCha20Rng::from_seed(seed))
    }

    /// What a beacon gives: SHA-256 of its value, 2^iterations times.
    ///
    /// # Errors
    /// Where the work is to stop.
    pub(crate) fn of_beacon(value: &[u8], iterations: u8, progress: &dyn Progress<Stage>) -> Result<Draws, Cancelled> {
        const BETWEEN: u64 = 1 << 16;
        let all = 1_u64 << iterations;
        let mut meter = Meter::new(progress, Stage::Beacon, all);
        let mut hash: [u8; 32] = Sha256::digest(value).into();
        for done in 1..all {
            hash = Sha256::digest(hash).into();
            if done % BETWEEN == 0 {
                meter.add(BETWEEN)?;
            }
        }
        Ok(Draws::new(&hash))
    }

    fn word(&mut self) -> u64 {
        let (high, low) = (self.0.next_u32(), self.0.next_u32());
        u64::from(high) << 32 | u64::from(low)
    }

    // The drawn number is the element's Montgomery form, as it lies in memory.
    fn element<P: MontConfig<4>>(&mut self) -> Fp<MontBackend<P, 4>, 4> {
        loop {
            let mut limbs = [0; 4].map(|_: u64| self.word());
            limbs[3] &= HIGHEST_LIMB;
            if BigInt(limbs) < P::MODULUS {
                return Fp::new_unchecked(BigInt(limbs));
            }
        }
    }

    /// A scalar.
    pub(crate) fn scalar(&mut self) -> Fr {
        self.element()
    }

    fn point<P: SWCurveConfig>(&mut self, mut x: impl FnMut(&mut Self) -> P::BaseField) -> Affine<P>
    where
        P::BaseField: Signed,
    {
        loop {
            let x = x(self);
            let greater = self.0.next_u32() & 1 == 1;
            if let Some(y) = (x.square() * x + P::COEFF_B).sqrt() {
                return Affine::new_unchecked(x, if y.is_greater() == greater { y } else { -y });
            }
        }
    }

    /// A point of G1.
    pub(crate) fn g1(&mut self) -> G1Affine {
        self.point(|draws| draws.element())
    }

    /// A point of G2.
    pub(crate) fn g2(&mut self) -> G2Affine {
        let on_curve: G2Affine = self.point(|draws| {
            let (a, b) = (draws.element(), draws.element());
            Fq2::new(a, b)
        });
        on_curve.mul_by_cofactor_to_group().into_affine()
    }
}

/// The point of G2 that follows from a hash.
pub(crate) fn g2_of(hash: &[u8; 64]) -> G2Affine {
    let (first, _) = hash.split_at(32);
    let mut seed = [0; 32];
    seed.copy_from_slice(first);
    Draws::new(&seed).g2()
}

/// Elements of which x or −x is the greater.
trait Signed: Field {
    fn is_greater(&self) -> bool;
}

impl Signed for Fq {
    fn is_greater(&self) -> bool {
        self.into_bigint() > Self::MODULUS_MINUS_ONE_DIV_TWO
    }
}

impl Signed for Fq2 {
    fn is_greater(&self) -> bool {
        let decisive = if self.c1 == Fq::ZERO { self.c0 } else { self.c1 };
        decisive.is_greater()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use medproof_keys::Quiet;

    #[test]
    fn points_are_of_their_groups_and_follow_from_the_hash() {
        for byte in 0..20 {
            let point = g2_of(&[byte; 64]);
            assert!(point.is_on_curve() && point.is_in_correct_subgroup_assuming_on_curve());
            assert_eq!(point, g2_of(&[byte; 64]));
            assert_ne!(point, g2_of(&[byte + 1; 64]));
            assert!(Draws::new(&[byte; 32]).g1().is_on_curve());
        }
        // Only the first half counts.
        let mut other = [3; 64];
        other[32] = 4;
        assert_eq!(g2_of(&other), g2_of(&[3; 64]));
    }

    #[test]
    fn a_beacon_is_hashed_as_often_as_it_says() {
        let mut hash = [9; 32].to_vec();
        for _ in 0..1 << 10 {
            hash = Sha256::digest(&hash).to_vec();
        }
        let expected = Draws::new(&hash.try_into().unwrap()).scalar();
        let drawn = |iterations| Draws::of_beacon(&[9; 32], iterations, &Quiet).unwrap().scalar();
        assert_eq!(drawn(10), expected);
        assert_ne!(drawn(11), expected);
    }
}
