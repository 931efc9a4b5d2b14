//! Products of optimal ate pairings on BN254, for verification: nothing here takes the same time for all arguments.
//!
//! A key's lines are divided by their coefficient in the twist's field, and all lines by the y coordinate of the point at which they are
//! evaluated: factors of a smaller field, which the final exponentiation takes to 1.
//!
//! A loop ends at a point that tells whether the one it began with is in the subgroup of prime order: the loops look.

mod exponentiation;
mod lines;
mod point;
mod projective;
mod sums;
mod tower;

pub(crate) use exponentiation::final_exponentiation;
pub(crate) use lines::Lines;

use alloc::vec::Vec;
use ark_bn254::{Config, Fq, Fq12, G1Projective, G2Affine};
use ark_ec::bn::BnConfig;
use ark_ff::{Field, batch_inversion};
use lines::Running;
use projective::Projective;

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

/// The Miller loops of these, multiplied: of a point of the twist that was not known, and of two that were. None where the first
/// is not of prime order.
pub(crate) fn miller_loop(place: Place, point: &G2Affine, fixed: [Fixed<'_>; 2]) -> Option<Fq12> {
    let mut running = Projective::new(point);
    let [first, second] = fixed;
    let mut known = first.0.iter().zip(second.0.iter());
    let product = around(|f, step| {
        let own = running.step(step).at(&place);
        *f = tower::times_whole_line(f, &own.c, &own.line);
        if let Some((one, other)) = known.next() {
            *f = tower::times_line(f, &one.at(&first.1));
            *f = tower::times_line(f, &other.at(&second.1));
        }
    });
    running.has_prime_order().then_some(product)
}

/// The Miller loops of these, multiplied: of many points of the twist, and of some that were known. None where one of the former
/// is not of prime order.
pub(crate) fn miller_loops(places: &[Place], points: &[G2Affine], fixed: &[Fixed<'_>]) -> Option<Fq12> {
    let mut running = Running::new(points);
    let mut known: Vec<_> = fixed.iter().map(|(lines, place)| (lines.iter(), place)).collect();
    let product = around(|f, step| {
        for (line, place) in running.step(step).iter().zip(places) {
            *f = tower::times_line(f, &line.at(place));
        }
        for (lines, place) in &mut known {
            if let Some(line) = lines.next() {
                *f = tower::times_line(f, &line.at(place));
            }
        }
    });
    running.have_prime_order().then_some(product)
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
            f = tower::square(&f);
        }
        multiply(&mut f, step);
    }
    f
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use ark_bn254::{Bn254, Fq2, Fr};
    use ark_ec::pairing::Pairing;
    use ark_ec::{AffineRepr, CurveGroup, PrimeGroup};
    use ark_ff::{PrimeField, Zero};

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
            let [first, second] = Lines::of(&[right[1], right[2]]);
            let found = miller_loop(places[0], &right[0], [(&first, places[1]), (&second, places[2])]).unwrap();
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
            let lines: Vec<Lines> = known.iter().flat_map(|point| Lines::of(&[*point])).collect();
            let fixed: Vec<Fixed> = lines.iter().zip(places.iter().skip(own.len()).copied()).collect();
            let found = miller_loops(&places[..own.len()], own, &fixed).unwrap();
            assert_eq!(final_exponentiation(&found).unwrap(), expected(&left, &right));
        }
    }

    // Points of the twist, most of them of another order.
    fn of_the_twist() -> impl Iterator<Item = G2Affine> {
        let point = |x: u64| G2Affine::get_point_from_x_unchecked(Fq2::new(x.into(), (x * x).into()), true);
        (1..30).filter_map(point)
    }

    // The twist's other order, without one of its two least factors.
    const WITHOUT: [(u64, [u64; 4]); 2] = [
        (
            10_069,
            [
                0x6c3c_d334_915f_1659,
                0x2071_42f7_671a_f448,
                0x9e28_bcf6_5b56_81da,
                0x0001_3af7_a58f_ce69,
            ],
        ),
        (
            5_864_401,
            [
                0xd386_5bed_5671_0dfd,
                0xd47f_2c69_679e_3e75,
                0x67a5_f866_0434_f091,
                0x0000_008a_712e_2645,
            ],
        ),
    ];

    // What both loops say of a point, the second among others.
    fn pass(point: &G2Affine) -> [bool; 2] {
        let (right, left) = ([g2(5), *point], [g1(2), g1(3)]);
        let places = Place::all(&left);
        let [lines] = Lines::of(&[right[0]]);
        let alone = miller_loop(places[1], point, [(&lines, places[0]), (&lines, places[0])]);
        [alone.is_some(), miller_loops(&places, &right, &[]).is_some()]
    }

    #[test]
    fn loops_tell_whether_a_point_is_of_prime_order() {
        let mut outside = 0;
        for point in of_the_twist() {
            let inside = point.mul_bigint(Fr::MODULUS).is_zero();
            outside += usize::from(!inside);
            assert_eq!(pass(&point), [inside; 2]);
            let cleared = point.clear_cofactor();
            assert_eq!(pass(&cleared), [true; 2]);
            let other = point.mul_bigint(Fr::MODULUS).into_affine();
            assert_eq!(pass(&other), [false; 2]);
            assert_eq!(pass(&(cleared + other).into_affine()), [false; 2]);
        }
        assert!(outside > 10);
    }

    #[test]
    fn points_of_small_order_are_refused() {
        for (small, rest) in WITHOUT {
            let of_small_order = |point: G2Affine| {
                point
                    .mul_bigint(Fr::MODULUS)
                    .into_affine()
                    .mul_bigint(rest)
                    .into_affine()
            };
            let points: Vec<G2Affine> = of_the_twist().map(of_small_order).filter(|p| !p.is_zero()).collect();
            assert!(points.len() > 10);
            for point in points {
                assert!(point.mul_bigint([small]).is_zero());
                assert_eq!(pass(&point), [false; 2]);
                assert_eq!(pass(&(point + g2(7)).into_affine()), [false; 2]);
            }
        }
    }

    // With the same point twice, or a point of order 2 or 3, a step would divide by 0.
    #[test]
    fn steps_that_meet_their_own_point_are_refused() {
        let mut running = Projective::new(&g2(3));
        for step in [Step::Subtract, Step::Double, Step::Add] {
            running.step(step);
        }
        assert!(!running.has_prime_order());
        let mut running = Running::new(&[g2(3)]);
        for step in [Step::Subtract, Step::Double, Step::Add] {
            running.step(step);
        }
        assert!(!running.have_prime_order());
    }
}
