//! A matrix, flat: what is multiplied by 1 and −1 costs an addition, and of all other numbers each is
//! kept once, for circuits use few.

use ark_bn254::Fr;
use ark_ff::{BigInt, Field, PrimeField};
use medproof_lanes::Path;
use medproof_lanes::modulus::{Scalar, from_limbs, limbs};
use medproof_lanes::products::{Factors, Places, Product};
use rayon::prelude::*;
use std::collections::HashMap;
use zeroize::Zeroize;

/// A sparse matrix, row after row.
pub(crate) struct Rows {
    columns: usize,
    // Of each row, where its columns and its coefficients end.
    ends: Vec<[u32; 2]>,
    // A column, and in the two upper bits what it is multiplied by.
    entries: Vec<u32>,
    // Of those that are neither 1 nor −1, in order, the place among the coefficients.
    others: Vec<u32>,
    // Each once.
    coefficients: Vec<Fr>,
    factors: Factors<Scalar>,
}

const KIND: u32 = 30;
const ONE: u32 = 0;
const MINUS_ONE: u32 = 1;
const OTHER: u32 = 2;
const COLUMN: u32 = (1 << KIND) - 1;

/// A number of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coefficient {
    One,
    MinusOne,
    Other(Fr),
}

// Rows that a task takes.
const TOGETHER: usize = 512;

impl Rows {
    /// From rows of coefficients and columns. `None` where a column is not among so many.
    pub(crate) fn new<'a>(columns: usize, rows: impl Iterator<Item = &'a [(Fr, usize)]>, path: Path) -> Option<Rows> {
        let (mut ends, mut entries, mut others) = (Vec::new(), Vec::new(), Vec::new());
        let (mut coefficients, mut places) = (Vec::new(), HashMap::new());
        for row in rows {
            for (coefficient, column) in row {
                let column = u32::try_from(*column).ok().filter(|c| (*c as usize) < columns)?;
                let kind = match *coefficient {
                    c if c == Fr::ONE => ONE,
                    c if c == -Fr::ONE => MINUS_ONE,
                    c => {
                        others.push(*places.entry(c).or_insert_with(|| {
                            coefficients.push(c);
                            coefficients.len() as u32 - 1
                        }));
                        OTHER
                    }
                };
                entries.push(kind << KIND | column);
            }
            ends.push([u32::try_from(entries.len()).ok()?, u32::try_from(others.len()).ok()?]);
        }
        Rows::of(columns, ends, entries, others, coefficients, path)
    }

    /// Ends, entries and places of coefficients, as they are kept in a file.
    pub(crate) fn parts(&self) -> (&[[u32; 2]], &[u32], &[u32]) {
        (&self.ends, &self.entries, &self.others)
    }

    /// And the coefficients.
    pub(crate) fn coefficients(&self) -> Vec<[u64; 4]> {
        self.coefficients.iter().map(limbs::<Scalar>).collect()
    }

    /// From its parts. `None` where they are not those of a matrix with so many columns.
    pub(crate) fn from_parts(
        columns: usize,
        ends: Vec<[u32; 2]>,
        entries: Vec<u32>,
        others: Vec<u32>,
        coefficients: Vec<[u64; 4]>,
        path: Path,
    ) -> Option<Rows> {
        let (mut start, mut other) = (0, 0);
        for [end, upto] in &ends {
            let row = entries.get(start..*end as usize)?;
            if row
                .iter()
                .any(|entry| (entry & COLUMN) as usize >= columns || entry >> KIND > OTHER)
            {
                return None;
            }
            other += row.iter().filter(|entry| *entry >> KIND == OTHER).count();
            if other != *upto as usize {
                return None;
            }
            start = *end as usize;
        }
        let fits = others.len() == other && entries.len() == start;
        if !fits || others.iter().any(|place| *place as usize >= coefficients.len()) {
            return None;
        }
        let canonical = |words: [u64; 4]| (BigInt(words) < Fr::MODULUS).then(|| from_limbs::<Scalar>(words));
        let coefficients: Vec<Fr> = coefficients.into_iter().map(canonical).collect::<Option<_>>()?;
        Rows::of(columns, ends, entries, others, coefficients, path)
    }

    fn of(
        columns: usize,
        ends: Vec<[u32; 2]>,
        entries: Vec<u32>,
        others: Vec<u32>,
        coefficients: Vec<Fr>,
        path: Path,
    ) -> Option<Rows> {
        Some(Rows {
            columns: (columns <= 1 << KIND).then_some(columns)?,
            ends,
            entries,
            others,
            factors: Factors::new(coefficients.clone(), path),
            coefficients,
        })
    }

    /// The number of columns.
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// The number of rows.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Numbers that are neither 1 nor −1.
    pub(crate) fn products(&self) -> usize {
        self.others.len()
    }

    // Where a row's entries are, and its others.
    fn bounds(&self, row: usize) -> ([usize; 2], [usize; 2]) {
        let before = row.checked_sub(1).and_then(|before| self.ends.get(before));
        let [start, other] = before.copied().unwrap_or_default();
        let [end, others] = self.ends.get(row).copied().unwrap_or([start, other]);
        ([start as usize, end as usize], [other as usize, others as usize])
    }

    /// A row's numbers with their columns.
    pub(crate) fn row(&self, row: usize) -> impl Iterator<Item = (usize, Coefficient)> {
        let ([start, end], [mut other, _]) = self.bounds(row);
        self.entries[start..end].iter().map(move |entry| {
            let coefficient = match entry >> KIND {
                ONE => Coefficient::One,
                MINUS_ONE => Coefficient::MinusOne,
                _ => {
                    other += 1;
                    Coefficient::Other(self.coefficients[self.others[other - 1] as usize])
                }
            };
            ((entry & COLUMN) as usize, coefficient)
        })
    }

    /// Each row times `z`, into `out`, which has as many places as there are rows. `z` must have as
    /// many values as there are columns.
    pub(crate) fn multiply(&self, z: &[Fr], out: &mut [Fr]) {
        debug_assert_eq!((z.len(), out.len()), (self.columns, self.len()));
        (out.par_chunks_mut(TOGETHER).enumerate()).for_each(|(chunk, out)| self.some(chunk * TOGETHER, z, out));
    }

    // Rows from this one on: all products first, then what is added and subtracted in each row.
    fn some(&self, first: usize, z: &[Fr], out: &mut [Fr]) {
        let ([start, _], [other, _]) = self.bounds(first);
        let ([_, end], [_, others]) = self.bounds(first + out.len() - 1);
        let columns = self.entries[start..end].iter().filter(|entry| *entry >> KIND == OTHER);
        let places: Vec<Places> = (self.others[other..others].iter().zip(columns))
            .map(|(factor, entry)| [*factor, entry & COLUMN])
            .collect();
        let mut products = vec![Product::default(); places.len()];
        self.factors.multiply(z, &places, &mut products);
        let mut product = products.iter();
        for (i, out) in out.iter_mut().enumerate() {
            let ([start, end], _) = self.bounds(first + i);
            let (mut plus, mut minus) = (Sum::default(), Sum::default());
            for entry in &self.entries[start..end] {
                let value = || limbs::<Scalar>(&z[(entry & COLUMN) as usize]);
                match entry >> KIND {
                    ONE => plus.add(&value()),
                    MINUS_ONE => minus.add(&value()),
                    _ => plus.add(product.next().unwrap_or(&[0; 4])),
                }
            }
            *out = plus.reduced() - minus.reduced();
        }
        products.zeroize();
    }
}

/// A sum of up to 2^32 numbers below 2p, as integers: below 2^33·p.
#[derive(Default)]
struct Sum([u64; 5]);

impl Sum {
    #[inline(always)]
    fn add(&mut self, words: &[u64; 4]) {
        let mut carry = false;
        for (sum, word) in self.0.iter_mut().zip(words) {
            let (partial, over) = sum.overflowing_add(*word);
            let (total, again) = partial.overflowing_add(u64::from(carry));
            (*sum, carry) = (total, over | again);
        }
        self.0[4] += u64::from(carry);
    }

    // By the top two limbs the quotient is estimated, at most a few too small.
    fn reduced(self) -> Fr {
        let mut sum = self.0;
        let p = Fr::MODULUS.0;
        let top = u128::from(sum[4]) << 64 | u128::from(sum[3]);
        subtract(&mut sum, &p, (top / (u128::from(p[3]) + 1)) as u64);
        while sum[4] != 0 || BigInt([sum[0], sum[1], sum[2], sum[3]]) >= Fr::MODULUS {
            subtract(&mut sum, &p, 1);
        }
        from_limbs::<Scalar>([sum[0], sum[1], sum[2], sum[3]])
    }
}

// sum − times·p, which is not negative.
fn subtract(sum: &mut [u64; 5], p: &[u64; 4], times: u64) {
    let mut owed = 0;
    for (i, sum) in sum.iter_mut().enumerate() {
        let product = u128::from(p.get(i).copied().unwrap_or_default()) * u128::from(times) + owed;
        let (rest, under) = sum.overflowing_sub(product as u64);
        *sum = rest;
        owed = (product >> 64) + u128::from(under);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Rng;
    use ark_ff::AdditiveGroup;

    #[test]
    fn rows_are_multiplied_as_written() {
        let mut rng = Rng::new(1);
        let z: Vec<Fr> = (0..9).map(|_| rng.field()).collect();
        let mut rows: Vec<Vec<(Fr, usize)>> = vec![vec![], vec![(Fr::ONE, 0)], vec![(-Fr::ONE, 8), (Fr::from(7), 3)]];
        for i in 0..2000 {
            rows.push(
                (0..i % 5)
                    .map(|k| (if k == 1 { -Fr::ONE } else { rng.field() }, (i + k) % 9))
                    .collect(),
            );
        }
        for path in [Path::best(), Path::Portable] {
            let flat = Rows::new(9, rows.iter().map(Vec::as_slice), path).unwrap();
            let mut found = vec![Fr::ZERO; rows.len()];
            flat.multiply(&z, &mut found);
            for (i, row) in rows.iter().enumerate() {
                assert_eq!(found[i], row.iter().map(|(c, k)| *c * z[*k]).sum::<Fr>(), "{i}");
            }
        }
    }

    // The largest element, as often as no row has it; and every remainder near the ends.
    #[test]
    fn sums_of_many_are_reduced() {
        let largest = -Fr::ONE;
        let words = limbs::<Scalar>(&from_limbs::<Scalar>({
            let mut below = Fr::MODULUS;
            below.0[0] -= 1;
            below.0
        }));
        for count in [0u64, 1, 2, 3, 1000, u64::from(u32::MAX)] {
            let mut sum = Sum::default();
            let mut owed = 0u128;
            for (sum, word) in sum.0.iter_mut().zip(words) {
                let product = u128::from(word) * u128::from(count) + owed;
                (*sum, owed) = (product as u64, product >> 64);
            }
            sum.0[4] = owed as u64;
            assert_eq!(sum.reduced(), from_limbs::<Scalar>(words) * Fr::from(count), "{count}");
        }
        let mut sum = Sum::default();
        (0..100_000).for_each(|_| sum.add(&limbs::<Scalar>(&largest)));
        assert_eq!(sum.reduced(), -Fr::from(100_000u64));
        for k in 0..10u64 {
            let mut sum = Sum::default();
            (0..k).for_each(|_| sum.add(&limbs::<Scalar>(&Fr::ONE)));
            (0..k).for_each(|_| sum.add(&limbs::<Scalar>(&largest)));
            assert_eq!(sum.reduced(), Fr::ZERO, "{k}");
        }
    }

    #[test]
    fn a_column_that_is_not_there_is_refused() {
        assert!(Rows::new(9, [&[(Fr::ONE, 9)][..]].into_iter(), Path::Portable).is_none());
    }
}
