//! Sums of a key's bases by scalars.
//!
//! Pippenger's buckets over tables of each base's multiples, so that all windows of a scalar share
//! one set of buckets (E. Brickell, D. Gordon, K. McCurley, D. Wilson, "Fast exponentiation with
//! precomputation", EUROCRYPT 1992; N. Pippenger, "On the evaluation of powers and monomials",
//! SIAM J. Comput. 1980). Points are added in affine coordinates, in [`medproof_lanes::sums`].

mod digits;
mod table;

pub use digits::{Digit, Digits, Sorting, Windows};
pub use table::Table;

use crate::checkpoint::Checkpoint;
use crate::error::ProveError;
use crate::memory::{Buffer, Spare, Spares};
use ark_ec::AdditiveGroup;
use medproof_keys::Cancelled;
use medproof_lanes::Path;
use medproof_lanes::points::{Curve, Entry, Packed};
use medproof_lanes::sums::Summer;
use rayon::prelude::*;
use std::sync::{Mutex, PoisonError};
use zeroize::Zeroizing;

/// Why there is no sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Other scalars.
    #[error("expected {expected} scalars, found {found}")]
    Count {
        /// Of the table.
        expected: usize,
        /// Of the digits.
        found: usize,
    },
    /// Scalars that were cut otherwise.
    #[error("expected scalars cut into {expected:?}, found {found:?}")]
    Windows {
        /// Of the table.
        expected: Windows,
        /// Of the digits.
        found: Windows,
    },
}

/// What multiplications work in.
pub struct Bench<C: Curve<D>, const D: usize> {
    buckets: Spares<Buffer<Packed<D>>>,
    summers: Spares<Summer<C, D>>,
}

impl<C: Curve<D>, const D: usize> Default for Bench<C, D> {
    fn default() -> Self {
        Bench {
            buckets: Spares::default(),
            summers: Spares::default(),
        }
    }
}

/// What the tasks of multiplications sum with: handed on from task to task, and wiped when all is done.
pub struct Summers<'a, C: Curve<D>, const D: usize> {
    path: Path,
    most: usize,
    idle: Mutex<Vec<Summer<C, D>>>,
    bench: &'a Bench<C, D>,
}

impl<'a, C: Curve<D>, const D: usize> Summers<'a, C, D> {
    /// For multiplications by any of these digits, of tables made for this path, as all on this bench.
    pub fn new(path: Path, digits: &[&Digits], bench: &'a Bench<C, D>) -> Self {
        let most = digits
            .iter()
            .map(|digits| digits.most().max(width(digits.windows().buckets())));
        Summers {
            path,
            most: most.max().unwrap_or_default(),
            idle: Mutex::default(),
            bench,
        }
    }

    fn sum(&self, table: &[Packed<D>], sums: &mut [Packed<D>], lists: impl Fn(usize, &mut Vec<Entry>)) {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut summer = (idle.or_else(|| self.bench.summers.find(|summer| summer.most() >= self.most)))
            .unwrap_or_else(|| Summer::new(self.path, self.most));
        summer.sum(table, sums, lists);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(summer);
    }
}

impl<C: Curve<D>, const D: usize> Drop for Summers<'_, C, D> {
    fn drop(&mut self) {
        let idle = self.idle.get_mut().unwrap_or_else(PoisonError::into_inner);
        idle.drain(..).for_each(|summer| self.bench.summers.keep(summer));
    }
}

/// Σ scalar·base, for scalars that were cut as the table was made.
///
/// # Errors
/// [`ProveError::Unfit`] where they were not, [`ProveError::Cancelled`] at a checkpoint.
pub fn multiply<C: Curve<D>, const D: usize>(
    table: &Table<C, D>,
    digits: &Digits,
    summers: &Summers<'_, C, D>,
    checkpoint: &dyn Checkpoint,
) -> Result<C::Group, ProveError> {
    let windows = table.windows();
    if digits.windows() != windows {
        return Err(ProveError::Unfit(Unfit::Windows {
            expected: windows,
            found: digits.windows(),
        }));
    }
    if digits.scalars() != table.bases() {
        return Err(ProveError::Unfit(Unfit::Count {
            expected: table.bases(),
            found: digits.scalars(),
        }));
    }
    let buckets = fill(table, digits, summers, checkpoint)?;
    let sets: Vec<C::Group> = (buckets.par_chunks(windows.buckets()))
        .map(|set| weighted(set, summers))
        .collect();
    let mut sum = C::Group::ZERO;
    for set in sets.iter().rev() {
        for _ in 0..windows.bits() {
            sum.double_in_place();
        }
        sum += set;
    }
    Ok(sum)
}

// Enough that no thread waits long for another at the end, and few enough that one is done soon.
const TASKS_A_THREAD: usize = 4;
const TASK: usize = 1 << 16;

// The sum of the multiples in each bucket.
fn fill<C: Curve<D>, const D: usize>(
    table: &Table<C, D>,
    digits: &Digits,
    summers: &Summers<'_, C, D>,
    checkpoint: &dyn Checkpoint,
) -> Result<Spare<Buffer<Packed<D>>>, Cancelled> {
    let windows = table.windows();
    let count = windows.buckets() * windows.sets() as usize;
    let all = digits.before(count - 1) + digits.count(count - 1);
    let tasks = (rayon::current_num_threads() * TASKS_A_THREAD).max(all / TASK);
    let share = all.div_ceil(tasks).max(1);
    let mut sums = summers.bench.buckets.items(count);
    let (mut rest, mut start, mut parts) = (&mut sums[..], 0, Vec::with_capacity(tasks));
    for task in 1..=tasks {
        // Each ends where its share does.
        let end = if task == tasks {
            count
        } else {
            first_at(digits, count, task * share)
        };
        let (part, after) = rest.split_at_mut(end - start);
        parts.push((start, part));
        (rest, start) = (after, end);
    }
    parts.into_par_iter().try_for_each(|(start, sums)| {
        checkpoint.pass()?;
        let lists = |i: usize, out: &mut Vec<Entry>| {
            digits.bucket(start + i).for_each(|digits| table.entries(digits, out));
        };
        summers.sum(table.points(), sums, lists);
        Ok(())
    })?;
    Ok(sums)
}

// The first bucket with so many digits before it.
fn first_at(digits: &Digits, count: usize, before: usize) -> usize {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low.midpoint(high);
        if digits.before(middle) < before {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

// Σ (i + 1)·points[i]. With i = rows·a + b, that is rows·Σ a·(row a) + Σ (b + 1)·(column b): nearly
// all of it sums of lists again.
fn weighted<C: Curve<D>, const D: usize>(points: &[Packed<D>], summers: &Summers<'_, C, D>) -> C::Group {
    let path = summers.path;
    let width = width(points.len());
    let rows = points.len().div_ceil(width);
    let add = |i: usize, out: &mut Vec<Entry>| {
        if !points[i].is_infinity() {
            out.push(Entry::new(i as u32, false));
        }
    };
    let list = |i: usize, out: &mut Vec<Entry>| match i.checked_sub(rows) {
        None => (i * width..points.len().min((i + 1) * width)).for_each(|at| add(at, out)),
        Some(column) => (column..points.len()).step_by(width).for_each(|at| add(at, out)),
    };
    let mut sums = Zeroizing::new(vec![Packed::INFINITY; rows + width]);
    summers.sum(points, &mut sums, list);
    let (rows, columns) = sums.split_at(rows);
    let mut sum = running::<C, D>(path, rows.get(1..).unwrap_or_default());
    for _ in 0..width.ilog2() {
        AdditiveGroup::double_in_place(&mut sum);
    }
    sum + running::<C, D>(path, columns)
}

// Of rows that are about as long as there are rows: at least as long.
const fn width(points: usize) -> usize {
    1 << points.ilog2().div_ceil(2)
}

// Σ (i + 1)·points[i], by sums of what is left from the end.
fn running<C: Curve<D>, const D: usize>(path: Path, points: &[Packed<D>]) -> C::Group {
    let (mut rest, mut sum) = (C::Group::ZERO, C::Group::ZERO);
    for point in points.iter().rev() {
        rest += C::unpack(path, point);
        sum += rest;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::Unstoppable;
    use crate::testing::Rng;
    use ark_bn254::{Fr, G1Affine, G2Affine};
    use ark_ec::CurveGroup;
    use ark_ff::Field;

    fn points<C: Curve<D, ScalarField = Fr>, const D: usize>(n: usize, rng: &mut Rng) -> Vec<C> {
        let mut points: Vec<C> = (0..n).map(|_| (C::generator() * rng.field()).into_affine()).collect();
        // Infinity; the same point twice; a point and its negative; a sum of others.
        if n > 8 {
            points[1] = C::zero();
            points[3] = points[2];
            points[4] = (-points[2].into_group()).into_affine();
            points[7] = (points[5] + points[6]).into_affine();
            points[n - 1] = C::zero();
        }
        points
    }

    fn agrees<C: Curve<D, ScalarField = Fr>, const D: usize>(bases: &[C], scalars: &[Vec<Fr>], windows: &[(u32, u32)]) {
        for (bits, sets) in windows {
            let windows = Windows::new(*bits, *sets).unwrap();
            for path in [Path::best(), Path::Portable] {
                let table = Table::<C, D>::new(bases, windows, path).unwrap();
                let (sorting, bench) = (Sorting::default(), Bench::default());
                for scalars in scalars {
                    let expected: C::Group = bases.iter().zip(scalars).map(|(p, s)| *p * *s).sum();
                    let digits = Digits::new(scalars, windows, &sorting);
                    let summers = Summers::new(path, &[&digits], &bench);
                    let found = multiply(&table, &digits, &summers, &Unstoppable).unwrap();
                    assert_eq!(found, expected, "{} bases, {windows:?}, {path:?}", bases.len());
                }
            }
        }
    }

    fn scalars(n: usize, rng: &mut Rng) -> Vec<Vec<Fr>> {
        let any: Vec<Fr> = (0..n).map(|_| rng.field()).collect();
        let bits = (0..n).map(|i| Fr::from((i % 3 == 0) as u64)).collect();
        let small = (0..n).map(|i| Fr::from(i as i64 - 20)).collect();
        vec![
            any.clone(),
            bits,
            small,
            vec![Fr::ZERO; n],
            vec![Fr::ONE; n],
            vec![-Fr::ONE; n],
            vec![any[0]; n],
        ]
    }

    #[test]
    fn sums_are_those_of_arkworks() {
        let mut rng = Rng::new(11);
        for n in [1, 2, 9, 100] {
            let scalars = scalars(n, &mut rng);
            let all = [(2, 1), (5, 2), (8, 1), (9, 99)];
            agrees::<G1Affine, 1>(&points(n, &mut rng), &scalars, &all);
            agrees::<G2Affine, 2>(&points(n, &mut rng), &scalars, &all[2..]);
        }
    }

    #[test]
    fn scalars_that_do_not_fit_are_errors() {
        let windows = Windows::new(8, 1).unwrap();
        let table = Table::<G1Affine, 1>::new(&points::<_, 1>(3, &mut Rng::new(1)), windows, Path::best()).unwrap();
        let refused = |digits: &Digits| match multiply(
            &table,
            digits,
            &Summers::new(Path::best(), &[], &Bench::default()),
            &Unstoppable,
        ) {
            Err(ProveError::Unfit(unfit)) => unfit,
            other => panic!("{other:?}"),
        };
        let other = Digits::new(&[Fr::ONE; 2], windows, &Sorting::default());
        assert_eq!(refused(&other), Unfit::Count { expected: 3, found: 2 });
        let found = Windows::new(9, 1).unwrap();
        let other = Digits::new(&[Fr::ONE; 3], found, &Sorting::default());
        let expected = windows;
        assert_eq!(refused(&other), Unfit::Windows { expected, found });
    }
}
