//! Products of optimal ate pairings on BN254, for verification: nothing here takes the same time for all arguments.
//!
//! Every line is divided by its coefficient in the twist's field, and by the y coordinate of the point at which it is
//! evaluated: factors of a smaller field, which the final exponentiation takes to 1. What is left is 1 + a·w + b·v·w, and two such
//! lines have a product with a part of three coefficients and one of two (Aranha, Karabina, Longa, Gebotys, López,
//! *Faster explicit formulas for computing pairings over ordinary curves*, EUROCRYPT 2011, §5).

mod exponentiation;
mod lines;

pub(crate) use exponentiation::final_exponentiation;
pub(crate) use lines::Lines;

use crate::pairing::lines::{Line, Running};
use alloc::vec::Vec;
use ark_bn254::{Config, Fq, Fq2, Fq6, Fq12, G1Projective, G2Affine};
use ark_ec::bn::{BnConfig, G2Prepared};
use ark_ff::{Field, Fp6Config, Fp12Config, batch_inversion};

/// Where a line is evaluated: at this point of G1.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    x_over_y: Fq,
    y_inverse: Fq,
}

impl Place {
    /// Of all these points, by one inversion. Lines at the identity are 1, as its pairings are.
    pub(crate) fn all(points: &[G1Projective]) -> Vec<Place> {
        // x is X/Z² and y is Y/Z³; no point of prime order has y = 0.
        let mut inverses: Vec<Fq> = points.iter().map(|point| point.y).collect();
        batch_inversion(&mut inverses);
        let place = |(point, inverse): (&G1Projective, &Fq)| Place {
            x_over_y: point.x * point.z * inverse,
            y_inverse: point.z.square() * point.z * inverse,
        };
        points.iter().zip(&inverses).map(place).collect()
    }
}

/// A pairing's second argument that is known beforehand, and its first.
pub(crate) type Fixed<'a> = (&'a Lines, Place);

/// The Miller loops of these, multiplied: of a point of the twist that was not known, and of two that were.
pub(crate) fn miller_loop(place: Place, point: &G2Affine, fixed: [Fixed<'_>; 2]) -> Fq12 {
    let prepared = G2Prepared::<Config>::from(*point);
    let [first, second] = fixed;
    let all = prepared.ell_coeffs.iter().zip(first.0.iter()).zip(second.0.iter());
    let mut all = all.map(|((own, one), other)| (own, one.at(&first.1), other.at(&second.1)));
    around(|f, _| {
        let Some((own, one, other)) = all.next() else { return };
        multiply_by_two(f, &one, &other);
        let (mut w, mut vw) = (own.1, own.2);
        w.mul_assign_by_fp(&place.x_over_y);
        vw.mul_assign_by_fp(&place.y_inverse);
        f.mul_by_034(&own.0, &w, &vw);
    })
}

/// The Miller loops of these, multiplied: of many points of the twist, all of prime order, and of some that were known.
pub(crate) fn miller_loops(places: &[Place], points: &[G2Affine], fixed: &[Fixed<'_>]) -> Fq12 {
    let mut running = Running::new(points);
    let mut known: Vec<_> = fixed.iter().map(|(lines, place)| (lines.iter(), place)).collect();
    let mut lines: Vec<Line> = Vec::with_capacity(points.len() + fixed.len());
    around(|f, step| {
        lines.clear();
        let own = running.step(step).iter().zip(places);
        lines.extend(own.map(|(line, place)| line.at(place)));
        lines.extend(
            known
                .iter_mut()
                .filter_map(|(lines, place)| Some(lines.next()?.at(place))),
        );
        let pairs = lines.chunks_exact(2);
        let last = pairs.remainder();
        for pair in pairs {
            if let [one, other] = pair {
                multiply_by_two(f, one, other);
            }
        }
        for line in last {
            f.mul_by_034(&Fq2::ONE, &line.w, &line.vw);
        }
    })
}

/// What happens to a point of the twist between two lines.
#[derive(Clone, Copy)]
enum Step {
    Double,
    Add,
    Subtract,
    // Of the point's image under the twist's Frobenius.
    AddFrobenius,
    // Of the image of that.
    SubtractFrobenius,
}

// One after the other.
fn steps() -> impl Iterator<Item = Step> {
    let digits = Config::ATE_LOOP_COUNT.iter().rev().skip(1);
    let steps = digits.flat_map(|digit| {
        let added = match digit {
            1 => Some(Step::Add),
            -1 => Some(Step::Subtract),
            _ => None,
        };
        core::iter::once(Step::Double).chain(added)
    });
    steps.chain([Step::AddFrobenius, Step::SubtractFrobenius])
}

// Squares before each doubling but the first, and has each step's lines multiplied.
fn around(mut multiply: impl FnMut(&mut Fq12, Step)) -> Fq12 {
    let mut f = Fq12::ONE;
    for (number, step) in steps().enumerate() {
        if number > 0 && matches!(step, Step::Double) {
            f.square_in_place();
        }
        multiply(&mut f, step);
    }
    f
}

// By (1 + a·w + b·v·w)(1 + c·w + d·v·w) = 1 + ac·v + (ad + bc)·v² + bd·v³ + (a + c)·w + (b + d)·v·w.
fn multiply_by_two(f: &mut Fq12, one: &Line, other: &Line) {
    let (ac, bd) = (one.w * other.w, one.vw * other.vw);
    let crossed = (one.w + one.vw) * (other.w + other.vw) - ac - bd;
    let mut constant = bd;
    ark_bn254::Fq6Config::mul_fp2_by_nonresidue_in_place(&mut constant);
    let even = Fq6::new(constant + Fq2::ONE, ac, crossed);
    let (w, vw) = (one.w + other.w, one.vw + other.vw);
    let mut odds = f.c1;
    odds.mul_by_01(&w, &vw);
    let evens = f.c0 * even;
    f.c1 = (f.c0 + f.c1) * Fq6::new(even.c0 + w, even.c1 + vw, even.c2) - evens - odds;
    ark_bn254::Fq12Config::mul_fp6_by_nonresidue_in_place(&mut odds);
    f.c0 = evens + odds;
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use ark_bn254::{Bn254, Fr};
    use ark_ec::pairing::Pairing;
    use ark_ec::{AffineRepr, CurveGroup, PrimeGroup};
    use ark_ff::Zero;

    fn g1(number: u64) -> G1Projective {
        G1Projective::generator() * Fr::from(number).pow([3])
    }

    fn g2(number: u64) -> G2Affine {
        (G2Affine::generator() * Fr::from(number).pow([3])).into_affine()
    }

    fn expected(left: &[G1Projective], right: &[G2Affine]) -> Fq12 {
        let left = left.iter().map(|point| point.into_affine());
        Bn254::multi_pairing(left, right.iter().copied()).0
    }

    #[test]
    fn one_and_two_that_are_known() {
        let right = [g2(5), g2(7), g2(11)];
        for left in [
            [g1(2), g1(3), g1(4)],
            [g1(2), G1Projective::zero(), g1(4)],
            [-g1(2), g1(2), g1(9)],
        ] {
            let places = Place::all(&left);
            let [first, second] = [Lines::of(&right[1]), Lines::of(&right[2])];
            let found = miller_loop(places[0], &right[0], [(&first, places[1]), (&second, places[2])]);
            assert_eq!(final_exponentiation(&found).unwrap(), expected(&left, &right));
        }
    }

    #[test]
    fn many_and_some_that_are_known() {
        for (many, known) in [(1u64, 0u64), (1, 3), (2, 3), (5, 3), (6, 2), (0, 1)] {
            let left: Vec<_> = (0..many + known).map(|i| g1(i + 2)).collect();
            let right: Vec<_> = (0..many + known).map(|i| g2(i + 21)).collect();
            let places = Place::all(&left);
            let (own, known) = right.split_at(many as usize);
            let lines: Vec<Lines> = known.iter().map(Lines::of).collect();
            let fixed: Vec<Fixed> = lines.iter().zip(places.iter().skip(own.len()).copied()).collect();
            let found = miller_loops(&places[..own.len()], own, &fixed);
            assert_eq!(final_exponentiation(&found).unwrap(), expected(&left, &right));
        }
    }
}
