//! Sums of a key's bases by scalars.
//!
//! Pippenger's buckets over tables of each base's multiples, so that all windows of a scalar share
//! one set of buckets (E. Brickell, D. Gordon, K. McCurley, D. Wilson, "Fast exponentiation with
//! precomputation", EUROCRYPT 1992; N. Pippenger, "On the evaluation of powers and monomials",
//! SIAM J. Comput. 1980). Points are added in affine coordinates, in [`medproof_lanes::sums`].

mod digits;
mod table;

pub use digits::{Digit, Digits, Windows};
pub use table::Table;

use ark_ec::{AdditiveGroup, CurveGroup};
use medproof_lanes::Path;
use medproof_lanes::points::{Curve, Entry, Packed};
use medproof_lanes::sums::sum_lists;
use rayon::prelude::*;
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

/// Σ scalar·base, for scalars that were cut as the table was made.
///
/// # Errors
/// [`Unfit`] where they were not.
pub fn multiply<C: Curve<D>, const D: usize>(table: &Table<C, D>, digits: &Digits) -> Result<C::Group, Unfit> {
    let windows = table.windows();
    if digits.windows() != windows {
        return Err(Unfit::Windows {
            expected: windows,
            found: digits.windows(),
        });
    }
    if digits.scalars() != table.bases() {
        return Err(Unfit::Count {
            expected: table.bases(),
            found: digits.scalars(),
        });
    }
    let buckets = Zeroizing::new(fill(table, digits));
    let sets: Vec<C::Group> = (buckets.par_chunks(windows.buckets()))
        .map(|set| weighted::<C, D>(table.path(), set))
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

// A task takes a block or more of buckets.
const TASKS_A_THREAD: usize = 4;

fn fill<C: Curve<D>, const D: usize>(table: &Table<C, D>, digits: &Digits) -> Vec<Packed<D>> {
    let windows = table.windows();
    let count = windows.buckets() * windows.sets() as usize;
    let tasks = rayon::current_num_threads() * TASKS_A_THREAD;
    let all = digits.before(count - 1) + digits.count(count - 1);
    let share = all.div_ceil(tasks).max(1);
    // Each task begins where its share does.
    let starts: Vec<usize> = (0..=tasks)
        .map(|task| match task {
            t if t == tasks => count,
            t => first_at(digits, count, t * share),
        })
        .collect();
    (starts.par_windows(2))
        .flat_map_iter(|range| {
            let lists = |i: usize, out: &mut Vec<Entry>| {
                out.extend(digits.bucket(range[0] + i).filter_map(|digit| table.entry(digit)));
            };
            let most = (range[0]..range[1]).map(|bucket| digits.count(bucket)).max();
            sum_lists::<C, D>(
                table.path(),
                table.points(),
                range[1] - range[0],
                most.unwrap_or_default(),
                lists,
            )
        })
        .collect()
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
fn weighted<C: Curve<D>, const D: usize>(path: Path, points: &[Packed<D>]) -> C::Group {
    let width = 1usize << (points.len().ilog2().div_ceil(2));
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
    let sums = Zeroizing::new(sum_lists::<C, D>(path, points, rows + width, rows.max(width), list));
    let (rows, columns) = sums.split_at(rows);
    let mut sum = running::<C, D>(path, rows.get(1..).unwrap_or_default());
    for _ in 0..width.ilog2() {
        AdditiveGroup::double_in_place(&mut sum);
    }
    sum + running::<C, D>(path, columns)
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
    use crate::testing::Rng;
    use ark_bn254::{Fr, G1Affine, G1Projective, G2Affine};
    use ark_ec::{AffineRepr, PrimeGroup, VariableBaseMSM};
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
                let table = Table::<C, D>::new(bases, windows, path);
                for scalars in scalars {
                    let expected: C::Group = bases.iter().zip(scalars).map(|(p, s)| *p * *s).sum();
                    let found = multiply(&table, &Digits::new(scalars, windows)).unwrap();
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
        let table = Table::<G1Affine, 1>::new(&points::<_, 1>(3, &mut Rng::new(1)), windows, Path::best());
        let other = Digits::new(&[Fr::ONE; 2], windows);
        assert_eq!(multiply(&table, &other), Err(Unfit::Count { expected: 3, found: 2 }));
        let found = Windows::new(9, 1).unwrap();
        let refused = multiply(&table, &Digits::new(&[Fr::ONE; 3], found));
        assert_eq!(
            refused,
            Err(Unfit::Windows {
                expected: windows,
                found
            })
        );
    }

    #[test]
    #[ignore]
    fn speed() {
        let mut rng = Rng::new(5);
        let n = 1 << 16;
        let bases: Vec<G1Affine> = {
            let step = G1Projective::generator() * rng.field();
            let mut p = step;
            G1Projective::normalize_batch(
                &(0..n)
                    .map(|_| {
                        p += step;
                        p
                    })
                    .collect::<Vec<_>>(),
            )
        };
        let scalars: Vec<Fr> = (0..n).map(|_| rng.field()).collect();
        let time = |name: &str, f: &mut dyn FnMut()| {
            let best = (0..7)
                .map(|_| {
                    let t = std::time::Instant::now();
                    f();
                    t.elapsed().as_micros()
                })
                .min()
                .unwrap();
            println!("{name}: {:.1} ms", best as f64 / 1000.0);
        };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        pool.install(|| {
            time("arkworks", &mut || {
                std::hint::black_box(G1Projective::msm(&bases, &scalars).unwrap());
            });
            for bits in [13, 15, 16, 17] {
                let windows = Windows::new(bits, 1).unwrap();
                let table = Table::<G1Affine, 1>::new(&bases, windows, Path::best());
                time(&format!("{bits} digits"), &mut || {
                    std::hint::black_box(Digits::new(&scalars, windows));
                });
                let digits = Digits::new(&scalars, windows);
                time(&format!("{bits} fill"), &mut || {
                    std::hint::black_box(fill(&table, &digits));
                });
                let buckets = fill(&table, &digits);
                time(&format!("{bits} weighted"), &mut || {
                    std::hint::black_box(weighted::<G1Affine, 1>(Path::best(), &buckets));
                });
            }
        });
    }
}
