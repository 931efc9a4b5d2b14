//! Discrete Fourier transforms of points, and sums of points by columns: what a key is made of out of
//! powers of τ.

use crate::Path;
use crate::multiples::{Endomorphic, Factor, scale};
use crate::points::{Entry, Packed};
use crate::sums::Summer;
use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field};
use rayon::prelude::*;

const TOGETHER: usize = 4096;

/// Σ_i root^(ij)·points\[i\] in place of points\[j\], for a root of unity whose order is the number of
/// points, a power of two. `level` is called before each of its levels, and ends it with its error.
///
/// # Errors
/// Those of `level`.
pub fn transform<C: Endomorphic<D>, const D: usize, E>(
    points: &mut [Packed<D>],
    mut root: Fr,
    path: Path,
    mut level: impl FnMut() -> Result<(), E>,
) -> Result<(), E> {
    let n = points.len();
    let mut block = n;
    // By decimation in frequency.
    while block > 1 {
        level()?;
        let half = block / 2;
        // Upper halves get differences, times powers of the root.
        let sums = butterflies::<C, D>(points, half, path);
        points.copy_from_slice(&sums);
        if half > 1 {
            twist::<C, D>(points, half, root, path);
        }
        root.square_in_place();
        block = half;
    }
    reverse_bits(points);
    Ok(())
}

// The i-th of each upper half times the i-th power of the root.
fn twist<C: Endomorphic<D>, const D: usize>(points: &mut [Packed<D>], half: usize, root: Fr, path: Path) {
    let powers: Vec<Fr> = std::iter::successors(Some(Fr::ONE), |last| Some(*last * root))
        .take(half)
        .collect();
    let factors: Vec<Factor> = powers.par_iter().map(Factor::new::<C, D>).collect();
    let mut upper: Vec<Packed<D>> = points.chunks(2 * half).flat_map(|b| &b[half..]).copied().collect();
    scale::<C, D>(&mut upper, |i| &factors[i % half], path);
    for (block, upper) in points.chunks_mut(2 * half).zip(upper.chunks(half)) {
        block[half..].copy_from_slice(upper);
    }
}

fn reverse_bits<T>(points: &mut [T]) {
    let n = points.len();
    let unused = usize::BITS - n.max(1).ilog2();
    for i in 0..n {
        let j = i.reverse_bits().checked_shr(unused).unwrap_or(0);
        if i < j {
            points.swap(i, j);
        }
    }
}

// Sums in the lower half of each block of 2·half, differences in the upper.
fn butterflies<C: Endomorphic<D>, const D: usize>(points: &[Packed<D>], half: usize, path: Path) -> Vec<Packed<D>> {
    let mut sums = vec![Packed::INFINITY; points.len()];
    (sums.par_chunks_mut(TOGETHER).enumerate()).for_each(|(chunk, sums)| {
        let lists = |i: usize, out: &mut Vec<Entry>| {
            let at = chunk * TOGETHER + i;
            let upper = at & half != 0;
            let lower = at & !half;
            for (place, negated) in [(lower, false), (lower | half, upper)] {
                if !points[place].is_infinity() {
                    out.push(Entry::new(place as u32, negated));
                }
            }
        };
        Summer::<C, D>::new(path, 2).sum(points, sums, lists);
    });
    sums
}

/// A point times a number, for the sum of a column.
#[derive(Clone, Copy, Debug)]
pub struct Term {
    /// Which sum.
    pub column: u32,
    /// Which point.
    pub point: u32,
    /// How often.
    pub factor: Fr,
}

/// For each of so many columns the sum of its terms.
pub fn columns<C: Endomorphic<D>, const D: usize>(
    points: &[Packed<D>],
    terms: impl IntoIterator<Item = Term>,
    columns: usize,
    path: Path,
) -> Vec<Packed<D>> {
    // Points, then those times numbers other than 1 and −1.
    let (mut scaled, mut factors) = (Vec::new(), Vec::new());
    let mut lists: Vec<Vec<Entry>> = vec![Vec::new(); columns];
    for Term { column, point, factor } in terms {
        if points[point as usize].is_infinity() || factor == Fr::ZERO {
            continue;
        }
        let negated = factor == -Fr::ONE;
        let entry = if negated || factor == Fr::ONE {
            Entry::new(point, negated)
        } else {
            scaled.push(points[point as usize]);
            factors.push(factor);
            Entry::new((points.len() + scaled.len() - 1) as u32, false)
        };
        lists[column as usize].push(entry);
    }
    scale_each::<C, D>(&mut scaled, &factors, path);
    let table = [points, &scaled].concat();
    let mut sums = vec![Packed::INFINITY; columns];
    (sums.par_chunks_mut(TOGETHER).zip(lists.par_chunks(TOGETHER))).for_each(|(sums, lists)| {
        let most = lists.iter().map(Vec::len).max().unwrap_or_default();
        Summer::<C, D>::new(path, most).sum(&table, sums, |i, out| out.extend(&lists[i]));
    });
    sums
}

/// Multiplies each point by its own number.
pub fn scale_each<C: Endomorphic<D>, const D: usize>(points: &mut [Packed<D>], factors: &[Fr], path: Path) {
    // Taken apart a part at a time: they are larger than the points.
    const PART: usize = 1 << 16;
    for (points, factors) in points.chunks_mut(PART).zip(factors.chunks(PART)) {
        let factors: Vec<Factor> = factors.par_iter().map(Factor::new::<C, D>).collect();
        scale::<C, D>(points, |i| &factors[i], path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_bn254::{G1Affine, G2Affine};
    use ark_ec::{AffineRepr, CurveGroup};
    use ark_ff::FftField;
    use ark_std::UniformRand;
    use ark_std::rand::Rng;
    use core::convert::Infallible;

    fn random<C: Endomorphic<D>, const D: usize>(n: usize) -> Vec<C> {
        let mut rng = ark_std::test_rng();
        let mut points: Vec<C> = (0..n).map(|_| C::Group::rand(&mut rng).into_affine()).collect();
        // As a key's may be.
        if n > 5 {
            points[3] = C::zero();
            points[5] = points[1];
        }
        points
    }

    fn packed<C: Endomorphic<D>, const D: usize>(points: &[C], path: Path) -> Vec<Packed<D>> {
        points.iter().map(|p| p.pack(path)).collect()
    }

    fn unpacked<C: Endomorphic<D>, const D: usize>(points: &[Packed<D>], path: Path) -> Vec<C> {
        points.iter().map(|p| C::unpack(path, p)).collect()
    }

    fn transforms<C: Endomorphic<D> + AffineRepr<ScalarField = Fr>, const D: usize>() {
        for n in [1, 2, 4, 16] {
            let points = random::<C, D>(n);
            let root = Fr::get_root_of_unity(n as u64).unwrap();
            let expected: Vec<C> = (0..n)
                .map(|j| {
                    let terms = points.iter().enumerate().map(|(i, p)| *p * root.pow([(i * j) as u64]));
                    terms.sum::<C::Group>().into_affine()
                })
                .collect();
            for path in [Path::best(), Path::Portable] {
                let mut found = packed::<C, D>(&points, path);
                let mut levels = 0;
                transform::<C, D, Infallible>(&mut found, root, path, || {
                    levels += 1;
                    Ok(())
                })
                .unwrap();
                assert_eq!(unpacked::<C, D>(&found, path), expected, "{n}");
                assert_eq!(levels, n.ilog2());
            }
        }
    }

    #[test]
    fn transforms_are_their_definition() {
        transforms::<G1Affine, 1>();
        transforms::<G2Affine, 2>();
    }

    #[test]
    fn a_transform_ends_with_its_levels_error() {
        let path = Path::best();
        let mut points = packed::<G1Affine, 1>(&random::<G1Affine, 1>(4), path);
        let root = Fr::get_root_of_unity(4).unwrap();
        assert_eq!(transform::<G1Affine, 1, u8>(&mut points, root, path, || Err(7)), Err(7));
    }

    fn sums<C: Endomorphic<D> + AffineRepr<ScalarField = Fr>, const D: usize>() {
        let mut rng = ark_std::test_rng();
        let points = random::<C, D>(20);
        let numbers = [Fr::ZERO, Fr::ONE, -Fr::ONE, Fr::from(2), Fr::rand(&mut rng)];
        let terms: Vec<Term> = (0..300)
            .map(|_| Term {
                // Column 7 has none.
                column: rng.gen_range(0..7),
                point: rng.gen_range(0..20),
                factor: numbers[rng.gen_range(0..5)],
            })
            .collect();
        let mut expected = vec![C::Group::ZERO; 8];
        for term in &terms {
            expected[term.column as usize] += points[term.point as usize] * term.factor;
        }
        let expected = C::Group::normalize_batch(&expected);
        for path in [Path::best(), Path::Portable] {
            let found = columns::<C, D>(&packed(&points, path), terms.iter().copied(), 8, path);
            assert_eq!(unpacked::<C, D>(&found, path), expected);
        }
    }

    #[test]
    fn columns_are_sums_of_multiples() {
        sums::<G1Affine, 1>();
        sums::<G2Affine, 2>();
    }
}
