//! What public inputs stand for in a key: Σ xᵢ·ICᵢ.

use alloc::vec::Vec;
use ark_bn254::{G1Affine, G1Projective};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{AdditiveGroup, PrimeField, Zero};
use medproof_statement::Fr;
use medproof_statement::public::COUNT;

// With more rows there are fewer doublings, and more to prepare: a browser has one verification of most keys, and slow arithmetic.
const USUAL: usize = if cfg!(target_family = "wasm") { 1 } else { 8 };

/// Sums of the points that inputs are multiplied with, for each column of bits: 92 kB, or 2 kB in a browser.
///
/// All inputs share their doublings (Straus 1964), of which there are as many as columns (Lim, Lee, *More flexible exponentiation
/// with precomputation*, CRYPTO 1994). Inputs are public, and so may be the time that they take.
///
/// An input's bits are a rectangle of so many rows, and a column of all rows that share a table is one digit.
#[derive(Clone)]
pub(crate) struct InputPoints<const ROWS: usize = USUAL>(Vec<Vec<G1Affine>>);

impl<const ROWS: usize> InputPoints<ROWS> {
    const COLUMNS: usize = (Fr::MODULUS_BIT_SIZE as usize).div_ceil(ROWS);
    // Inputs that share a table.
    const TOGETHER: usize = 8 / ROWS;

    pub fn new(points: &[G1Affine; COUNT]) -> InputPoints<ROWS> {
        InputPoints(points.chunks(Self::TOGETHER).map(Self::sums).collect())
    }

    /// The sum.
    pub fn combined(&self, inputs: &[Fr; COUNT]) -> G1Projective {
        let numbers = inputs.map(|input| input.into_bigint().0);
        let mut sum = G1Projective::zero();
        for column in (0..Self::COLUMNS).rev() {
            sum.double_in_place();
            for (sums, numbers) in self.0.iter().zip(numbers.chunks(Self::TOGETHER)) {
                let digit = Self::digit(numbers, column);
                if let Some(point) = digit.checked_sub(1).and_then(|place| sums.get(place)) {
                    sum += point;
                }
            }
        }
        sum
    }

    // For each digit but 0, the sum over its rows of 2^(row·COLUMNS) times the row's point.
    fn sums(points: &[G1Affine]) -> Vec<G1Affine> {
        let mut sums: Vec<G1Projective> = Vec::with_capacity(1 << (ROWS * points.len()));
        for point in points {
            let mut row = point.into_group();
            for number in 0..ROWS {
                if number > 0 {
                    (0..Self::COLUMNS).for_each(|_| {
                        row.double_in_place();
                    });
                }
                // Those with this row as their highest: it alone, and with all before.
                let before = sums.len();
                sums.push(row);
                for place in 0..before {
                    let sum = sums.get(place).map(|sum| row + sum);
                    sums.extend(sum);
                }
            }
        }
        G1Projective::normalize_batch(&sums)
    }

    // The bits of numbers at a column, the first number's lowest row first.
    fn digit(numbers: &[[u64; 4]], column: usize) -> usize {
        let mut digit = 0;
        for number in numbers.iter().rev() {
            for row in (0..ROWS).rev() {
                let place = row * Self::COLUMNS + column;
                let limb = number.get(place / 64).copied().unwrap_or_default();
                digit = digit << 1 | (limb >> (place % 64)) as usize & 1;
            }
        }
        digit
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::Field;
    use core::array;

    #[test]
    fn it_is_the_sum_of_the_products() {
        holds::<1>();
        holds::<8>();
    }

    fn holds<const ROWS: usize>() {
        let points = array::from_fn(|i| (G1Affine::generator() * Fr::from(i as u64 + 2)).into_affine());
        let table = InputPoints::<ROWS>::new(&points);
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
