//! A query over powers of τ, as one over values on a domain: once for a key.
//!
//! Groth16's quotient is then never interpolated: its values are the scalars.

use super::rows::{Coefficient, Rows};
use ark_bn254::{Fr, G1Affine};
use ark_ff::{BigInteger, Field, PrimeField};
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use medproof_keys::Cancelled;
use medproof_lanes::Path;
use medproof_lanes::adder::Adder;
use medproof_lanes::points::{Curve, Entry, Packed};
use medproof_lanes::sums::Summer;
use rayon::prelude::*;

/// For a query Q_i, i < n, where a polynomial's coefficients u_i give Σ u_i·Q_i: the points P_j for
/// which Σ u(shift·ω^j)·P_j is that times `factor`. Q_i that are missing at the end are infinity.
/// `None` where the shift is 0. `level` is called before each level of the transform.
///
/// u_i = 1/n · shift^-i · Σ_j u(shift·ω^j)·ω^(-ij), so that P_j = Σ_i ω^(-ij) · (shift^-i/n)·Q_i.
pub fn from_powers(
    query: &[G1Affine],
    domain: &Radix2EvaluationDomain<Fr>,
    shift: Fr,
    factor: Fr,
    path: Path,
    level: &dyn Fn() -> Result<(), Cancelled>,
) -> Result<Option<Vec<G1Affine>>, Cancelled> {
    let n = domain.size();
    let Some(back) = shift.inverse() else {
        return Ok(None);
    };
    let factors: Vec<Fr> = std::iter::successors(Some(domain.size_inv * factor), |last| Some(*last * back))
        .take(n)
        .collect();
    let mut points: Vec<Packed<1>> = query.iter().map(|p| p.pack(path)).collect();
    points.resize(n, Packed::INFINITY);
    scale(&mut points, &factors, path);
    transform(&mut points, domain.group_gen_inv, path, level)?;
    Ok(Some(points.iter().map(|p| G1Affine::unpack(path, p)).collect()))
}

/// For each of so many columns the sum of its numbers in `rows`, each times its row's point, and
/// `also` of the column.
pub fn combined(by_row: &[G1Affine], rows: &Rows, columns: usize, also: &[G1Affine], path: Path) -> Vec<G1Affine> {
    // Points, then those times numbers other than 1 and −1, then what is added.
    let mut points: Vec<Packed<1>> = by_row.iter().map(|p| p.pack(path)).collect();
    let (mut scaled, mut factors) = (Vec::new(), Vec::new());
    let mut lists: Vec<Vec<Entry>> = vec![Vec::new(); columns];
    for (row, point) in points.iter().enumerate().take(rows.len()) {
        for (column, coefficient) in rows.row(row) {
            let entry = match coefficient {
                Coefficient::One => Entry::new(row as u32, false),
                Coefficient::MinusOne => Entry::new(row as u32, true),
                Coefficient::Other(factor) => {
                    scaled.push(*point);
                    factors.push(factor);
                    Entry::new((by_row.len() + scaled.len() - 1) as u32, false)
                }
            };
            lists[column].push(entry);
        }
    }
    scale(&mut scaled, &factors, path);
    points.append(&mut scaled);
    for (list, point) in lists.iter_mut().zip(also) {
        list.push(Entry::new(points.len() as u32, false));
        points.push(point.pack(path));
    }
    let mut sums = vec![Packed::INFINITY; columns];
    (sums.par_chunks_mut(TOGETHER).zip(lists.par_chunks(TOGETHER))).for_each(|(sums, lists)| {
        let most = lists.iter().map(Vec::len).max().unwrap_or_default();
        let finite = |i: usize, out: &mut Vec<Entry>| {
            out.extend(lists[i].iter().filter(|entry| !points[entry.index()].is_infinity()));
        };
        Summer::<G1Affine, 1>::new(path, most).sum(&points, sums, finite);
    });
    sums.iter().map(|p| G1Affine::unpack(path, p)).collect()
}

// Σ_i root^(ij)·points[i] in place of points[j], by decimation in frequency.
fn transform(
    points: &mut [Packed<1>],
    root: Fr,
    path: Path,
    level: &dyn Fn() -> Result<(), Cancelled>,
) -> Result<(), Cancelled> {
    let n = points.len();
    let mut block = n;
    let mut root = root;
    while block > 1 {
        level()?;
        let half = block / 2;
        let powers: Vec<Fr> = std::iter::successors(Some(Fr::ONE), |last| Some(*last * root))
            .take(half)
            .collect();
        // Upper halves get differences, times powers of the root.
        let sums = butterflies(points, half, path);
        points.copy_from_slice(&sums);
        let mut upper: Vec<Packed<1>> = points.chunks(block).flat_map(|b| &b[half..]).copied().collect();
        let factors: Vec<Fr> = (0..upper.len()).map(|i| powers[i % half]).collect();
        scale(&mut upper, &factors, path);
        for (block, upper) in points.chunks_mut(block).zip(upper.chunks(half)) {
            block[half..].copy_from_slice(upper);
        }
        root.square_in_place();
        block = half;
    }
    let bits = n.ilog2();
    for i in 0..n {
        let j = if bits == 0 {
            0
        } else {
            i.reverse_bits() >> (usize::BITS - bits)
        };
        if i < j {
            points.swap(i, j);
        }
    }
    Ok(())
}

// Sums in the lower half of each block of 2·half, differences in the upper.
fn butterflies(points: &[Packed<1>], half: usize, path: Path) -> Vec<Packed<1>> {
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
        Summer::<G1Affine, 1>::new(path, 2).sum(points, sums, lists);
    });
    sums
}

const TOGETHER: usize = 4096;
// Digits of five bits, signed: multiples up to 16.
const DIGIT_BITS: usize = 5;
const MULTIPLES: usize = 1 << (DIGIT_BITS - 1);

// Each point times its factor.
fn scale(points: &mut [Packed<1>], factors: &[Fr], path: Path) {
    (points.par_chunks_mut(TOGETHER).zip(factors.par_chunks(TOGETHER)))
        .for_each(|(points, factors)| scale_some(points, factors, path));
}

// From the highest digit down, all points together.
fn scale_some(points: &mut [Packed<1>], factors: &[Fr], path: Path) {
    let n = points.len();
    let mut adder = Adder::<G1Affine, 1>::new(path, n);
    // The results so far, then 1 to 16 times each point.
    let mut work = vec![Packed::INFINITY; n * (1 + MULTIPLES)];
    work[n..2 * n].copy_from_slice(points);
    let finite: Vec<usize> = (0..n).filter(|i| !points[*i].is_infinity()).collect();
    let at = |i: usize, multiple: usize| Entry::new((n * multiple + i) as u32, false);
    let mut out = vec![Packed::INFINITY; finite.len()];
    for multiple in 2..=MULTIPLES {
        let pairs: Vec<[Entry; 2]> = finite
            .iter()
            .map(|i| [at(*i, multiple / 2), at(*i, multiple.div_ceil(2))])
            .collect();
        if multiple % 2 == 0 {
            adder.double(&work, &pairs, &mut out);
        } else {
            adder.add(&work, &pairs, &mut out);
        }
        for (i, point) in finite.iter().zip(&out) {
            work[n * multiple + i] = *point;
        }
    }
    let digits: Vec<Vec<i8>> = factors.iter().map(signed_digits).collect();
    for place in (0..digits.first().map_or(0, Vec::len)).rev() {
        for _ in 0..DIGIT_BITS {
            let begun: Vec<usize> = finite.iter().copied().filter(|i| !work[*i].is_infinity()).collect();
            let pairs: Vec<[Entry; 2]> = begun.iter().map(|i| [at(*i, 0); 2]).collect();
            out.resize(begun.len(), Packed::INFINITY);
            adder.double(&work, &pairs, &mut out);
            begun.iter().zip(&out).for_each(|(i, point)| work[*i] = *point);
        }
        let (mut added, mut pairs) = (Vec::new(), Vec::new());
        for i in &finite {
            let digit = digits[*i][place];
            let multiple = Entry::new((n * usize::from(digit.unsigned_abs()) + i) as u32, digit < 0);
            match digit {
                0 => {}
                _ if work[*i].is_infinity() => work[*i] = adder.signed(&work, multiple),
                _ => {
                    added.push(*i);
                    pairs.push([at(*i, 0), multiple]);
                }
            }
        }
        out.resize(added.len(), Packed::INFINITY);
        adder.add(&work, &pairs, &mut out);
        added.iter().zip(&out).for_each(|(i, point)| work[*i] = *point);
    }
    points.copy_from_slice(&work[..n]);
}

// Digits from -15 to 16, the lowest first.
fn signed_digits(x: &Fr) -> Vec<i8> {
    let bits = x.into_bigint().to_bits_le();
    let mut carry = 0;
    (bits.chunks(DIGIT_BITS).chain([&[][..]]))
        .map(|bits| {
            let digit = bits.iter().rev().fold(0, |sum, bit| 2 * sum + i8::from(*bit)) + carry;
            carry = i8::from(digit > MULTIPLES as i8);
            digit - 2 * MULTIPLES as i8 * carry
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Rng;
    use ark_bn254::G1Projective;
    use ark_ec::{AffineRepr, CurveGroup, PrimeGroup};
    use ark_ff::AdditiveGroup;
    use ark_poly::{DenseUVPolynomial, Polynomial, univariate::DensePolynomial};

    #[test]
    fn scaled_points_are_those_of_arkworks() {
        let mut rng = Rng::new(3);
        let mut factors = vec![
            Fr::ZERO,
            Fr::ONE,
            -Fr::ONE,
            Fr::from(2),
            Fr::from(16),
            Fr::from(17),
            -Fr::from(5),
        ];
        factors.extend((0..30).map(|_| rng.field()));
        let mut points: Vec<G1Affine> = factors
            .iter()
            .map(|_| (G1Projective::generator() * rng.field()).into_affine())
            .collect();
        points[9] = G1Affine::zero();
        for path in [Path::best(), Path::Portable] {
            let mut found: Vec<Packed<1>> = points.iter().map(|p| p.pack(path)).collect();
            scale(&mut found, &factors, path);
            for ((point, factor), found) in points.iter().zip(&factors).zip(&found) {
                assert_eq!(G1Affine::unpack(path, found), (*point * factor).into_affine());
            }
        }
    }

    #[test]
    fn the_sum_over_values_is_the_sum_over_coefficients() {
        let mut rng = Rng::new(4);
        for n in [1, 2, 4, 32, 64] {
            let domain = Radix2EvaluationDomain::<Fr>::new(n).unwrap();
            let shift = rng.field();
            let coefficients: Vec<Fr> = (0..n).map(|_| rng.field()).collect();
            // One fewer than n, as a key has.
            let query: Vec<G1Affine> = (1..n)
                .map(|_| (G1Projective::generator() * rng.field()).into_affine())
                .collect();
            let expected: G1Projective = query.iter().zip(&coefficients).map(|(q, u)| *q * u).sum();
            let polynomial = DensePolynomial::from_coefficients_vec(coefficients);
            for path in [Path::best(), Path::Portable] {
                let points = from_powers(&query, &domain, shift, Fr::ONE, path, &|| Ok(()))
                    .unwrap()
                    .unwrap();
                let found: G1Projective = (points.iter().zip(domain.elements()))
                    .map(|(p, w)| *p * polynomial.evaluate(&(shift * w)))
                    .sum();
                assert_eq!(found, expected, "{n}");
            }
        }
    }
}
