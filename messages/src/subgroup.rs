//! Whether a point of BN254's twist is in the subgroup of prime order that pairings are defined on.
//!
//! The twist has another 254 bits of order, with small factors: a point outside the subgroup makes a pairing depend on what
//! nobody checks. With ψ, the twist's Frobenius, the points Q of [x+1]Q + ψ([x]Q) + ψ²([x]Q) = ψ³([2x]Q) are the subgroup and no
//! others (Dai, Lin, Zhao, Zhou, *Fast subgroup membership testings for G1, G2 and GT on pairing-friendly curves*, 2022/348,
//! §5.2): one multiplication by the 63 bits of the curve's parameter x, where arkworks takes one by 6x².

use ark_bn254::{Config, Fq2, G2Affine, G2Projective};
use ark_ec::bn::BnConfig;
use ark_ff::AdditiveGroup;

/// Whether a point of the twist is of prime order, or the identity.
pub fn has_prime_order(point: &G2Affine) -> bool {
    let times_x = times_x(point);
    let first = frobenius(&times_x);
    let second = frobenius(&first);
    times_x + point + first + second == frobenius(&second).double()
}

// By signed digits, of which a third is not 0: those of 3x less those of x, halved (Reitwieser 1960).
fn times_x(point: &G2Affine) -> G2Projective {
    let minus = -*point;
    let mut times = G2Projective::ZERO;
    for place in (1..=u64::BITS + 1).rev() {
        times.double_in_place();
        match (((3 * X) >> place) & 1, (X >> place) & 1) {
            (1, 0) => times += point,
            (0, 1) => times += minus,
            _ => {}
        }
    }
    times
}

// ψ: of Jacobian coordinates, too, for z is 1 on the twist's image.
fn frobenius(point: &G2Projective) -> G2Projective {
    let conjugate = |mut element: Fq2| *element.conjugate_in_place();
    G2Projective::new_unchecked(
        conjugate(point.x) * <Config as BnConfig>::TWIST_MUL_BY_Q_X,
        conjugate(point.y) * <Config as BnConfig>::TWIST_MUL_BY_Q_Y,
        conjugate(point.z),
    )
}

const X: u128 = match <Config as BnConfig>::X {
    [x] => *x as u128,
    _ => panic!("a parameter of one limb"),
};

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use ark_bn254::Fq;
    use ark_ec::{AffineRepr, CurveGroup};

    #[test]
    fn it_is_the_curve_s_parameter() {
        let point = G2Affine::generator();
        assert_eq!(times_x(&point), point.mul_bigint(<Config as BnConfig>::X));
    }

    // Points of the twist, of whatever order.
    fn of_the_twist() -> impl Iterator<Item = G2Affine> {
        (1..40u64).filter_map(|x| G2Affine::get_point_from_x_unchecked(Fq2::new(Fq::from(x), Fq::from(x * x)), true))
    }

    #[test]
    fn it_is_what_the_order_says() {
        let order = <ark_bn254::Fr as ark_ff::PrimeField>::MODULUS;
        let mut outside = 0;
        for point in of_the_twist() {
            let inside = point.mul_bigint(order) == G2Projective::ZERO;
            outside += usize::from(!inside);
            assert_eq!(has_prime_order(&point), inside);
            // Within, once its other part is gone; the other part alone is not.
            let cleared = point.clear_cofactor();
            assert!(has_prime_order(&cleared));
            let other = point.mul_bigint(order).into_affine();
            assert!(!has_prime_order(&other));
            assert!(!has_prime_order(&(cleared + other).into_affine()));
        }
        assert!(outside > 10);
    }

    // The twist's other order, without one of its two least factors.
    const WITHOUT_10069: [u64; 4] = [
        0x6c3c_d334_915f_1659,
        0x2071_42f7_671a_f448,
        0x9e28_bcf6_5b56_81da,
        0x0001_3af7_a58f_ce69,
    ];
    const WITHOUT_5864401: [u64; 4] = [
        0xd386_5bed_5671_0dfd,
        0xd47f_2c69_679e_3e75,
        0x67a5_f866_0434_f091,
        0x0000_008a_712e_2645,
    ];

    #[test]
    fn points_of_small_order_are_outside() {
        let order = <ark_bn254::Fr as ark_ff::PrimeField>::MODULUS;
        for (rest, small) in [(WITHOUT_10069, 10_069u64), (WITHOUT_5864401, 5_864_401)] {
            let of_small_order =
                |point: G2Affine| (point.mul_bigint(order).into_affine().mul_bigint(rest)).into_affine();
            let points: Vec<G2Affine> = of_the_twist()
                .map(of_small_order)
                .filter(|point| !point.is_zero())
                .collect();
            assert!(points.len() > 10);
            for point in points {
                assert_eq!(point.mul_bigint([small]), G2Projective::ZERO);
                assert!(!has_prime_order(&point));
                assert!(!has_prime_order(&(point + G2Affine::generator()).into_affine()));
            }
        }
    }
}
