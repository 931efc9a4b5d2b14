//! Whether points of G2's curve are in its group of prime order, many at once.
//!
//! The curve over Fq2 has r·h points, and the smallest prime that divides h is 10069. A point outside the group has, in
//! some part of the curve whose order is such a prime, a component other than 0. In a sum with random bytes as factors
//! that component is 0 for at most one of the 256 bytes, whatever the other points are: factors below 10069 are
//! different modulo every prime of h. Sixteen sums that are all in the group leave 256^-16 = 2^-128.
//!
//! A sum takes an addition for each point; to ask of each point alone takes some 190.

use crate::ratio::NoRandomness;
use ark_bn254::{G2Affine, G2Projective};
use ark_ec::VariableBaseMSM;
use rayon::prelude::*;

const SUMS: usize = 16;

// Of fewer points the sums take longer than the points one by one.
const MANY: usize = 1 << 6;

/// The first of these points of the curve, none of them infinity, that is outside the group.
///
/// # Errors
/// [`NoRandomness`].
pub(crate) fn first_outside(points: &[G2Affine]) -> Result<Option<usize>, NoRandomness> {
    if points.len() >= MANY && sums_inside(points)? {
        return Ok(None);
    }
    let outside = |point: &G2Affine| !point.is_in_correct_subgroup_assuming_on_curve();
    Ok(points.par_iter().position_first(outside))
}

fn sums_inside(points: &[G2Affine]) -> Result<bool, NoRandomness> {
    let mut factors = vec![0; SUMS * points.len()];
    getrandom::fill(&mut factors).map_err(NoRandomness)?;
    let inside = |factors: &[u8]| {
        let sum = G2Affine::from(sum(points, factors));
        sum.is_in_correct_subgroup_assuming_on_curve()
    };
    Ok(factors.par_chunks(points.len()).all(inside))
}

// Σ factor·point: points with the same factor are added first. arkworks' own sums reduce factors modulo r, which only
// points of the group allow.
fn sum(points: &[G2Affine], factors: &[u8]) -> G2Projective {
    let mut by_factor = [G2Projective::ZERO_BUCKET; 256];
    for (point, factor) in points.iter().zip(factors) {
        by_factor[usize::from(*factor)] += point;
    }
    let (mut running, mut sum) = (G2Projective::ZERO_BUCKET, G2Projective::ZERO_BUCKET);
    for same in by_factor.iter().skip(1).rev() {
        running += same;
        sum += &running;
    }
    sum.into()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use ark_bn254::{Fq, Fq2, Fr, g2};
    use ark_ec::{AffineRepr, CurveConfig, CurveGroup};
    use ark_ff::{AdditiveGroup, PrimeField};

    const SMALLEST: u64 = 10069;

    // Of h, by schoolbook division.
    fn divided(by: u64) -> ([u64; 4], u64) {
        let (mut quotient, mut rest) = ([0; 4], 0);
        for (i, limb) in g2::Config::COFACTOR.iter().enumerate().rev() {
            let number = u128::from(rest) << 64 | u128::from(*limb);
            quotient[i] = (number / u128::from(by)) as u64;
            rest = (number % u128::from(by)) as u64;
        }
        (quotient, rest)
    }

    // By additions alone: what the library does with a scalar may hold of the group alone.
    fn times(point: G2Affine, scalar: &[u64]) -> G2Affine {
        let bits = scalar
            .iter()
            .rev()
            .flat_map(|limb| (0..64).rev().map(move |bit| limb >> bit & 1));
        let mut product = G2Projective::ZERO;
        for bit in bits {
            product.double_in_place();
            if bit == 1 {
                product += point;
            }
        }
        product.into_affine()
    }

    pub(crate) fn of_the_curve() -> G2Affine {
        let mut candidates = (1_u64..).map(|x| Fq2::new(Fq::from(x), Fq::from(7)));
        candidates
            .find_map(|x| G2Affine::get_point_from_x_unchecked(x, true))
            .unwrap()
    }

    fn of_smallest_order() -> G2Affine {
        let point = times(times(of_the_curve(), &divided(SMALLEST).0), Fr::MODULUS.as_ref());
        assert!(!point.is_zero() && times(point, &[SMALLEST]).is_zero());
        point
    }

    fn of_the_group(count: usize) -> Vec<G2Affine> {
        let points = (1..=count as u64).map(|i| G2Affine::generator() * Fr::from(i));
        points.map(CurveGroup::into_affine).collect()
    }

    #[test]
    fn no_smaller_prime_divides_the_cofactor() {
        assert_eq!(divided(SMALLEST).1, 0);
        assert!((2..SMALLEST).all(|number| divided(number).1 != 0));
    }

    #[test]
    fn a_point_outside_is_named_wherever_it_stands() {
        for count in [0, 1, MANY - 1, MANY, 3 * MANY] {
            let inside = of_the_group(count);
            assert_eq!(first_outside(&inside), Ok(None));
            for at in [0, count / 2, count.saturating_sub(1)] {
                let mut points = inside.clone();
                let Some(point) = points.get_mut(at) else { continue };
                *point = of_the_curve();
                assert_eq!(first_outside(&points), Ok(Some(at)), "of {count}");
            }
        }
    }

    #[test]
    fn points_that_are_outside_by_opposite_amounts_are_found() {
        let strange = of_smallest_order();
        let mut points = of_the_group(MANY);
        points[3] = (points[3] + strange).into_affine();
        points[9] = (points[9] - strange).into_affine();
        assert_eq!(first_outside(&points), Ok(Some(3)));
    }

    #[test]
    fn every_factor_but_0_shows_the_smallest_order() {
        let point = (G2Affine::generator() + of_smallest_order()).into_affine();
        for factor in 0..=u8::MAX {
            let sum = sum(&[point], &[factor]).into_affine();
            assert_eq!(sum, times(point, &[u64::from(factor)]));
            assert_eq!(sum.is_in_correct_subgroup_assuming_on_curve(), factor == 0);
        }
    }

    #[test]
    fn a_sum_is_of_all_points() {
        let points = of_the_group(5);
        let expected = G2Affine::generator() * Fr::from(3 + 2 * 255 + 4 * 3 + 5 * 17);
        assert_eq!(sum(&points, &[3, 255, 0, 3, 17]), expected);
    }
}
