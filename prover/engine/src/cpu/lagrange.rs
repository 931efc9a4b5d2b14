//! A query over powers of τ, as one over values on a domain: once for a key.
//!
//! Groth16's quotient is then never interpolated: its values are the scalars.

use super::rows::{Coefficient, Rows};
use ark_bn254::{Fr, G1Affine};
use ark_ff::Field;
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use medproof_keys::Cancelled;
use medproof_lanes::Path;
use medproof_lanes::group_transform::{Term, columns, scale_each, transform};
use medproof_lanes::points::{Curve, Packed};

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
    scale_each::<G1Affine, 1>(&mut points, &factors, path);
    transform::<G1Affine, 1, _>(&mut points, domain.group_gen_inv, path, level)?;
    Ok(Some(points.iter().map(|p| G1Affine::unpack(path, p)).collect()))
}

/// For each of so many columns the sum of its numbers in `rows`, each times its row's point, and
/// `also` of the column.
pub fn combined(by_row: &[G1Affine], rows: &Rows, count: usize, also: &[G1Affine], path: Path) -> Vec<G1Affine> {
    let points: Vec<Packed<1>> = by_row.iter().chain(also).map(|p| p.pack(path)).collect();
    let of_rows = (0..by_row.len().min(rows.len())).flat_map(|row| {
        rows.row(row).map(move |(column, coefficient)| Term {
            column: column as u32,
            point: row as u32,
            factor: match coefficient {
                Coefficient::One => Fr::ONE,
                Coefficient::MinusOne => -Fr::ONE,
                Coefficient::Other(factor) => factor,
            },
        })
    });
    let of_columns = (0..also.len().min(count)).map(|column| Term {
        column: column as u32,
        point: (by_row.len() + column) as u32,
        factor: Fr::ONE,
    });
    let sums = columns::<G1Affine, 1>(&points, of_rows.chain(of_columns), count, path);
    sums.iter().map(|p| G1Affine::unpack(path, p)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Rng;
    use ark_bn254::G1Projective;
    use ark_ec::{CurveGroup, PrimeGroup};
    use ark_poly::{DenseUVPolynomial, Polynomial, univariate::DensePolynomial};

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
