//! A matrix, flat: what is multiplied by 1 and −1, which is most of it, costs an addition.

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, BigInt, Field, PrimeField};
use medproof_lanes::modulus::{Scalar, from_limbs, limbs};
use rayon::prelude::*;

/// A sparse matrix, row after row.
pub(crate) struct Rows {
    columns: usize,
    // Of each row, where its columns and its coefficients end.
    ends: Vec<[u32; 2]>,
    // A column, and in the two upper bits what it is multiplied by.
    entries: Vec<u32>,
    // Those that are neither 1 nor −1, in order.
    coefficients: Vec<Fr>,
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
    pub(crate) fn new<'a>(columns: usize, rows: impl Iterator<Item = &'a [(Fr, usize)]>) -> Option<Rows> {
        let mut flat = Rows {
            columns: (columns <= 1 << KIND).then_some(columns)?,
            ends: Vec::new(),
            entries: Vec::new(),
            coefficients: Vec::new(),
        };
        for row in rows {
            for (coefficient, column) in row {
                let column = u32::try_from(*column).ok().filter(|c| (*c as usize) < columns)?;
                let kind = match *coefficient {
                    c if c == Fr::ONE => ONE,
                    c if c == -Fr::ONE => MINUS_ONE,
                    c => {
                        flat.coefficients.push(c);
                        OTHER
                    }
                };
                flat.entries.push(kind << KIND | column);
            }
            flat.ends.push([
                u32::try_from(flat.entries.len()).ok()?,
                u32::try_from(flat.coefficients.len()).ok()?,
            ]);
        }
        Some(flat)
    }

    /// Ends, entries and coefficients, as they are kept in a file.
    pub(crate) fn parts(&self) -> (&[[u32; 2]], &[u32], Vec<[u64; 4]>) {
        let coefficients = self.coefficients.iter().map(limbs::<Scalar>).collect();
        (&self.ends, &self.entries, coefficients)
    }

    /// From its parts. `None` where they are not those of a matrix with so many columns.
    pub(crate) fn from_parts(
        columns: usize,
        ends: Vec<[u32; 2]>,
        entries: Vec<u32>,
        coefficients: Vec<[u64; 4]>,
    ) -> Option<Rows> {
        let (mut start, mut other) = (0, 0);
        for [end, others] in &ends {
            let row = entries.get(start..*end as usize)?;
            if row
                .iter()
                .any(|entry| (entry & COLUMN) as usize >= columns || entry >> KIND > OTHER)
            {
                return None;
            }
            other += row.iter().filter(|entry| *entry >> KIND == OTHER).count();
            if other != *others as usize {
                return None;
            }
            start = *end as usize;
        }
        let canonical = |words: [u64; 4]| (BigInt(words) < Fr::MODULUS).then(|| from_limbs::<Scalar>(words));
        let coefficients: Option<Vec<Fr>> = coefficients.into_iter().map(canonical).collect();
        let coefficients = coefficients.filter(|all| all.len() == other && entries.len() == start)?;
        Some(Rows {
            columns: (columns <= 1 << KIND).then_some(columns)?,
            ends,
            entries,
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

    /// A row's numbers with their columns.
    pub(crate) fn row(&self, row: usize) -> impl Iterator<Item = (usize, Coefficient)> {
        let (start, mut other) = match row.checked_sub(1).and_then(|before| self.ends.get(before)) {
            Some([start, other]) => (*start as usize, *other as usize),
            None => (0, 0),
        };
        let end = self.ends.get(row).map_or(start, |[end, _]| *end as usize);
        let entries = self.entries.get(start..end).unwrap_or_default();
        entries.iter().map(move |entry| {
            let coefficient = match entry >> KIND {
                ONE => Coefficient::One,
                MINUS_ONE => Coefficient::MinusOne,
                _ => {
                    other += 1;
                    Coefficient::Other(self.coefficients.get(other - 1).copied().unwrap_or_default())
                }
            };
            ((entry & COLUMN) as usize, coefficient)
        })
    }

    /// Each row times `z`, into `out`, which has as many places as there are rows. `z` must have as
    /// many values as there are columns.
    pub(crate) fn multiply(&self, z: &[Fr], out: &mut [Fr]) {
        debug_assert_eq!((z.len(), out.len()), (self.columns, self.len()));
        (out.par_chunks_mut(TOGETHER).enumerate()).for_each(|(chunk, out)| {
            for (i, out) in out.iter_mut().enumerate() {
                let mut sum = Fr::ZERO;
                for (column, coefficient) in self.row(chunk * TOGETHER + i) {
                    match coefficient {
                        Coefficient::One => sum += z[column],
                        Coefficient::MinusOne => sum -= z[column],
                        Coefficient::Other(c) => sum += c * z[column],
                    }
                }
                *out = sum;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Rng;

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
        let flat = Rows::new(9, rows.iter().map(Vec::as_slice)).unwrap();
        let mut found = vec![Fr::ZERO; rows.len()];
        flat.multiply(&z, &mut found);
        for (i, row) in rows.iter().enumerate() {
            assert_eq!(found[i], row.iter().map(|(c, k)| *c * z[*k]).sum::<Fr>(), "{i}");
        }
    }

    #[test]
    fn a_column_that_is_not_there_is_refused() {
        assert!(Rows::new(9, [&[(Fr::ONE, 9)][..]].into_iter()).is_none());
    }
}
