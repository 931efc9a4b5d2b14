//! That pairs of points of G1 and G2 have the same ratio: all that is known of a factor nobody may know.
//!
//! For each claim, x·P = Q in G1 and x·S = T in G2 for one x: e(P, T) = e(Q, S). Many claims are checked by
//! one product of pairings with random numbers of 128 bits: a wrong one survives with probability 2^-128.

use ark_bn254::{Bn254, Fq12, Fr, G1Affine, G1Projective, G2Affine};
use ark_ec::pairing::Pairing;
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{Field, PrimeField};

/// Randomness that no contributor could foresee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no randomness: {0}")]
pub struct NoRandomness(pub(crate) getrandom::Error);

/// So many random numbers below 2^128.
pub(crate) fn coefficients(count: usize) -> Result<Vec<Fr>, NoRandomness> {
    let mut bytes = vec![0; 16 * count];
    getrandom::fill(&mut bytes).map_err(NoRandomness)?;
    let (numbers, _) = bytes.as_chunks::<16>();
    Ok(numbers
        .iter()
        .map(|number| Fr::from(u128::from_le_bytes(*number)))
        .collect())
}

/// From two points of G1 and two of G2: what was claimed, by a name, when they have another ratio.
struct Claim<T> {
    g1: [G1Affine; 2],
    g2: [G2Affine; 2],
    otherwise: T,
}

/// Claims to be checked together.
pub(crate) struct Ratios<T>(Vec<Claim<T>>);

impl<T: Clone> Ratios<T> {
    pub(crate) const fn new() -> Self {
        Ratios(Vec::new())
    }

    /// From `g1[0]` to `g1[1]` as from `g2[0]` to `g2[1]`.
    pub(crate) fn claim(&mut self, g1: [G1Affine; 2], g2: [G2Affine; 2], otherwise: T) {
        self.0.push(Claim { g1, g2, otherwise });
    }

    /// The first claim that does not hold, if any.
    pub(crate) fn check(&self) -> Result<Option<T>, NoRandomness> {
        // Infinity has every ratio.
        let infinite =
            |claim: &&Claim<T>| claim.g1.iter().any(AffineRepr::is_zero) || claim.g2.iter().any(AffineRepr::is_zero);
        if let Some(claim) = self.0.iter().find(infinite) {
            return Ok(Some(claim.otherwise.clone()));
        }
        let weights = coefficients(self.0.len())?;
        if product(self.0.iter().zip(&weights)) {
            return Ok(None);
        }
        let one = Fr::ONE;
        let wrong = self.0.iter().find(|claim| !product([(*claim, &one)].into_iter()));
        // Where each alone holds, so does their product.
        Ok(wrong.map(|claim| claim.otherwise.clone()))
    }
}

// Whether Π (e(P, T)·e(−Q, S))^weight is 1.
fn product<'a, T: 'a>(claims: impl Iterator<Item = (&'a Claim<T>, &'a Fr)>) -> bool {
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for (claim, weight) in claims {
        let weight = weight.into_bigint();
        left.push(claim.g1[0].mul_bigint(weight));
        right.push(claim.g2[1]);
        left.push(-claim.g1[1].mul_bigint(weight));
        right.push(claim.g2[0]);
    }
    let left = G1Projective::normalize_batch(&left);
    Bn254::multi_pairing(left, right).0 == Fq12::ONE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn multiples(factor: u64) -> ([G1Affine; 2], [G2Affine; 2]) {
        let (p, s) = (G1Affine::generator() * Fr::from(5), G2Affine::generator() * Fr::from(7));
        let x = Fr::from(factor);
        (
            [p, p * x].map(CurveGroup::into_affine),
            [s, s * x].map(CurveGroup::into_affine),
        )
    }

    #[test]
    fn the_wrong_claim_is_named() {
        let mut ratios = Ratios::new();
        assert_eq!(ratios.check(), Ok(None));
        for factor in [3, 4, 5] {
            let (g1, g2) = multiples(factor);
            ratios.claim(g1, g2, factor);
        }
        assert_eq!(ratios.check(), Ok(None));
        ratios.claim(multiples(6).0, multiples(7).1, 6);
        assert_eq!(ratios.check(), Ok(Some(6)));
    }

    #[test]
    fn infinity_has_no_ratio() {
        let (g1, g2) = multiples(3);
        for place in 0..2 {
            let (mut other, mut ratios) = (g1, Ratios::new());
            other[place] = G1Affine::zero();
            ratios.claim(other, g2, "g1");
            assert_eq!(ratios.check(), Ok(Some("g1")));
            let (mut other, mut ratios) = (g2, Ratios::new());
            other[place] = G2Affine::zero();
            ratios.claim(g1, other, "g2");
            assert_eq!(ratios.check(), Ok(Some("g2")));
        }
        let mut ratios = Ratios::new();
        ratios.claim([G1Affine::zero(); 2], [G2Affine::zero(); 2], "both");
        assert_eq!(ratios.check(), Ok(Some("both")));
    }
}
