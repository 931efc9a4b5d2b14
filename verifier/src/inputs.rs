//! What public inputs stand for in a key: Σ xᵢ·ICᵢ.

use alloc::boxed::Box;
use alloc::vec::Vec;
use ark_bn254::{G1Affine, G1Projective};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{AdditiveGroup, PrimeField, Zero};
use medproof_statement::Fr;
use medproof_statement::public::COUNT;

// An input's bits are a rectangle of this many rows, and columns that are one digit each.
const ROWS: usize = 8;
const COLUMNS: usize = (Fr::MODULUS_BIT_SIZE as usize).div_ceil(ROWS);
// Of digits that are not 0.
const DIGITS: usize = (1 << ROWS) - 1;

/// The points that inputs are multiplied with, and their sums for each column of bits: 92 kB.
///
/// All inputs share their doublings (Straus 1964), of which there are as many as columns (Lim, Lee, *More flexible exponentiation
/// with precomputation*, CRYPTO 1994). Inputs are public, and so may be the time that they take.
#[derive(Clone)]
pub(crate) struct InputPoints(Box<[[G1Affine; DIGITS]]>);

impl InputPoints {
    pub fn new(points: &[G1Affine; COUNT]) -> InputPoints {
        InputPoints(points.iter().map(sums).collect())
    }

    /// The sum.
    pub fn combined(&self, inputs: &[Fr; COUNT]) -> G1Projective {
        let numbers = inputs.map(|input| input.into_bigint().0);
        let mut sum = G1Projective::zero();
        for column in (0..COLUMNS).rev() {
            sum.double_in_place();
            for (sums, number) in self.0.iter().zip(&numbers) {
                let digit = digit(number, column);
                if let Some(point) = digit.checked_sub(1).and_then(|place| sums.get(place)) {
                    sum += point;
                }
            }
        }
        sum
    }
}

// For each digit but 0, the sum over its rows of 2^(row·COLUMNS) times the point.
fn sums(point: &G1Affine) -> [G1Affine; DIGITS] {
    let mut sums: Vec<G1Projective> = Vec::with_capacity(DIGITS);
    let mut row = point.into_group();
    for _ in 0..ROWS {
        // Those with this row as their highest: it alone, and with all before.
        let before = sums.len();
        sums.push(row);
        for place in 0..before {
            let sum = sums.get(place).map(|sum| row + sum);
            sums.extend(sum);
        }
        for _ in 0..COLUMNS {
            row.double_in_place();
        }
    }
    let mut sums = G1Projective::normalize_batch(&sums).into_iter();
    core::array::from_fn(|_| sums.next().unwrap_or_default())
}

// The bits of a number at a column, the lowest row first.
fn digit(number: &[u64; 4], column: usize) -> usize {
    let bit = |place: usize| {
        let limb = number.get(place / 64).copied().unwrap_or_default();
        (limb >> (place % 64)) as usize & 1
    };
    (0..ROWS).map(|row| bit(row * COLUMNS + column) << row).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::Field;
    use core::array;

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
