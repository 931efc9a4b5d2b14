//! Random coefficients by which many equations become one, and what points come to under them.

use crate::groth16::Equation;
use alloc::vec::Vec;
use ark_bn254::{Fr, G1Affine, G1Projective, g1};
use ark_ec::scalar_mul::glv::GLVConfig;
use ark_ff::{AdditiveGroup, Zero};
use core::array;
use medproof_messages::key::KeyId;
use medproof_statement::field;
use sha2::{Digest, Sha256};

const COEFFICIENTS: &[u8] = b"medproof/groth16-batch/1\n";

// Bits of a digit in a sum.
const WINDOW: u32 = 4;

/// low + high·λ, where λ is the eigenvalue of the curve's endomorphism φ: of no two of these is the number the same, and
/// a multiple costs half as many doublings (Gallant, Lambert, Vanstone, *Faster point multiplication on elliptic curves with
/// efficient endomorphisms*, CRYPTO 2001).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Coefficient {
    low: u64,
    high: u64,
}

impl Coefficient {
    /// For each of these: 2¹²⁸ less one are possible, and none is 0, which would leave a proof out. They are a hash of the key, all
    /// proofs and all inputs, so that who makes the proofs cannot choose them once the coefficients are known, and no
    /// generator is needed.
    pub(crate) fn all(key: &KeyId, batch: &[Equation<'_>]) -> impl Iterator<Item = Coefficient> + use<> {
        let mut all = Sha256::new();
        all.update(COEFFICIENTS);
        all.update(key.0);
        for (proof, public) in batch {
            all.update(proof.to_bytes());
            let inputs = public.to_array();
            inputs.iter().for_each(|input| all.update(field::to_bytes(input)));
        }
        let all = all.finalize();
        (0u64..).map(move |number| {
            let digest = Sha256::new().chain_update(all).chain_update(number.to_be_bytes());
            let half = digest.finalize().first_chunk().copied().unwrap_or_default();
            let number = u128::from_be_bytes(half).max(1);
            Coefficient {
                low: number as u64,
                high: (number >> 64) as u64,
            }
        })
    }

    pub(crate) fn number(&self) -> Fr {
        Fr::from(self.low) + g1::Config::LAMBDA * Fr::from(self.high)
    }

    /// As many times this point.
    pub(crate) fn times(&self, point: &G1Affine) -> G1Projective {
        let image = image(point);
        // 1 + λ + λ² is 0, and 1 + β + β², too.
        let both = G1Affine::new_unchecked(-(point.x + image.x), -point.y);
        let mut times = G1Projective::zero();
        for place in (0..u64::BITS).rev() {
            times.double_in_place();
            match ((self.low >> place) & 1, (self.high >> place) & 1) {
                (0, 0) => {}
                (_, 0) => times += point,
                (0, _) => times += image,
                _ => times += both,
            }
        }
        times
    }
}

/// Σ cᵢ·Pᵢ, by buckets (Pippenger 1976).
pub(crate) fn sum(coefficients: &[Coefficient], points: impl Iterator<Item = G1Affine>) -> G1Projective {
    let points: Vec<(G1Affine, u64)> = coefficients
        .iter()
        .zip(points)
        .flat_map(|(coefficient, point)| [(point, coefficient.low), (image(&point), coefficient.high)])
        .collect();
    let mut sum = G1Projective::zero();
    for shift in (0..u64::BITS).step_by(WINDOW as usize).rev() {
        for _ in 0..WINDOW {
            sum.double_in_place();
        }
        let mut buckets: [G1Projective; (1 << WINDOW) - 1] = array::from_fn(|_| G1Projective::zero());
        for (point, number) in &points {
            let digit = (number >> shift) as usize % (1 << WINDOW);
            if let Some(bucket) = digit.checked_sub(1).and_then(|place| buckets.get_mut(place)) {
                *bucket += point;
            }
        }
        // Each bucket as many times as its digit says.
        let mut above = G1Projective::zero();
        for bucket in buckets.iter().rev() {
            above += bucket;
            sum += above;
        }
    }
    sum
}

// φ(x, y) = (β·x, y).
fn image(point: &G1Affine) -> G1Affine {
    g1::Config::endomorphism_affine(point)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ec::{AffineRepr, CurveGroup};

    const SOME: [Coefficient; 6] = [
        Coefficient { low: 1, high: 0 },
        Coefficient { low: 0, high: 1 },
        Coefficient {
            low: u64::MAX,
            high: u64::MAX,
        },
        Coefficient { low: 1 << 63, high: 3 },
        Coefficient {
            low: 0x0123_4567_89ab_cdef,
            high: 0xfedc_ba98_7654_3210,
        },
        Coefficient { low: 5, high: 1 << 63 },
    ];

    fn point(number: u64) -> G1Affine {
        (G1Affine::generator() * Fr::from(number)).into_affine()
    }

    #[test]
    fn multiples_are_those_of_the_number() {
        for coefficient in SOME {
            assert_eq!(
                coefficient.times(&point(7)),
                point(7) * coefficient.number(),
                "{coefficient:?}"
            );
        }
    }

    #[test]
    fn sums_are_those_of_the_multiples() {
        for count in 0..SOME.len() {
            let coefficients = &SOME[..count];
            let points = || (0..count as u64).map(|i| point(i + 3));
            let expected: G1Projective = coefficients
                .iter()
                .zip(points())
                .map(|(c, point)| point * c.number())
                .sum();
            assert_eq!(sum(coefficients, points()), expected);
        }
    }
}
