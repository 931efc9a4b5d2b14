//! What public inputs stand for in a key: Σ xᵢ·ICᵢ.

use alloc::vec::Vec;
use ark_bn254::{G1Affine, G1Projective};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{AdditiveGroup, PrimeField, Zero};
use core::{array, iter};
use medproof_statement::Fr;
use medproof_statement::public::COUNT;

// Bits of a digit: of each point there are as many multiples as digits that are not 0.
const DIGIT: u32 = 4;
const MULTIPLES: usize = (1 << DIGIT) - 1;
const LIMBS: usize = 4;

/// The points that inputs are multiplied with, and their first multiples: five kilobytes.
#[derive(Clone)]
pub(crate) struct InputPoints([[G1Affine; MULTIPLES]; COUNT]);

impl InputPoints {
    pub fn new(points: &[G1Affine; COUNT]) -> InputPoints {
        InputPoints(points.map(|point| {
            let next = |last: &G1Projective| Some(*last + point);
            let all: Vec<G1Projective> = iter::successors(Some(point.into_group()), next)
                .take(MULTIPLES)
                .collect();
            let mut multiples = G1Projective::normalize_batch(&all).into_iter();
            array::from_fn(|_| multiples.next().unwrap_or_default())
        }))
    }

    /// The sum. All inputs share their doublings (Straus 1964); they are public, and so may be the time that it takes.
    pub fn combined(&self, inputs: &[Fr; COUNT]) -> G1Projective {
        let numbers = inputs.map(|input| input.into_bigint().0);
        let mut sum = G1Projective::zero();
        for (limb, shift) in places() {
            for _ in 0..DIGIT {
                sum.double_in_place();
            }
            for (multiples, number) in self.0.iter().zip(&numbers) {
                let digit = number.get(limb).map_or(0, |limb| limb >> shift) as usize & MULTIPLES;
                if let Some(multiple) = digit.checked_sub(1).and_then(|place| multiples.get(place)) {
                    sum += multiple;
                }
            }
        }
        sum
    }
}

// Of a number's digits, the highest first.
fn places() -> impl Iterator<Item = (usize, u32)> {
    let shifts = || (0..u64::BITS).step_by(DIGIT as usize).rev();
    (0..LIMBS)
        .rev()
        .flat_map(move |limb| shifts().map(move |shift| (limb, shift)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::Field;

    #[test]
    fn it_is_the_sum_of_the_products() {
        let points = array::from_fn(|i| (G1Affine::generator() * Fr::from(i as u64 + 2)).into_affine());
        let table = InputPoints::new(&points);
        let least = Fr::zero();
        let [most, one] = [-Fr::from(1u64), Fr::from(1u64)];
        let some = Fr::from(0x0123_4567_89ab_cdef_u64).pow([5]);
        for inputs in [
            [least; COUNT],
            [most; COUNT],
            [one, most, least, some, -some],
            array::from_fn(|i| some.pow([i as u64])),
            array::from_fn(|i| Fr::from(1u64 << (12 * i))),
        ] {
            let expected: G1Projective = points.iter().zip(inputs).map(|(point, input)| *point * input).sum();
            assert_eq!(table.combined(&inputs), expected, "{inputs:?}");
        }
    }
}
