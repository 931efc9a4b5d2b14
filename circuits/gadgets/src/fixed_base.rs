//! A secret scalar times a constant point of prime order.
//!
//! Statement: the result is k·P for the odd integer k = Σ dⱼ·8ʲ, j < 84, that the scalar's digits
//! dⱼ ∈ {±1, ±3, ±5, ±7} spell. Every residue modulo l has such a k, so a witness exists for every
//! scalar; digits are the scalar's only form, since nothing else in the circuit reads it.
//! Precondition: P has order l. Cost: [`SCALAR_COST`] for the digits and [`COST`] for the product,
//! 2.7 constraints a bit together.
//!
//! Why the cheap additions are safe: before digit j the sum is K·P with |K| ≤ 8ʲ − 1, and what is
//! added is N·P with 8ʲ ≤ |N| ≤ 7·8ʲ. So 0 < |K ± N| < 8ʲ⁺¹, which is below l up to j = 82: the
//! two are never equal or opposite. The last digit, j = 83, is added by the complete law.

use ark_bn254::Fr;
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{BigInteger, Field, PrimeField, Zero};
use ark_relations::gr1cs::SynthesisError;
use medproof_statement::eddsa::{EdwardsAffine, EdwardsProjective, Scalar};
use medproof_statement::inverse::inverse;

use crate::bits::{BIT_COST, Bit};
use crate::edwards::{self, CurvePoint};
use crate::montgomery::{self, MontgomeryPoint};
use crate::wire::{Cs, Wire};

const WINDOWS: usize = 84;

/// Constraints of [`SignedScalar::witness`].
pub const SCALAR_COST: usize = 3 * WINDOWS * BIT_COST;

const LOOKUP_COST: usize = 1;

/// Constraints of [`FixedBase::times`].
pub const COST: usize = (WINDOWS - 1) * (LOOKUP_COST + montgomery::SIGN_COST)
    + (WINDOWS - 2) * montgomery::ADD_COST
    + montgomery::CONVERT_COST
    + LOOKUP_COST
    + edwards::SIGN_COST
    + edwards::ADD_COST;

/// One digit: 1 + 2·low + 4·high, negative unless `positive`.
#[derive(Debug, Clone)]
struct Digit {
    low: Bit,
    high: Bit,
    positive: Bit,
}

/// A scalar as signed odd digits, least significant first.
#[derive(Debug, Clone)]
pub struct SignedScalar(Vec<Digit>);

impl SignedScalar {
    /// Fresh digits of a scalar. Costs [`SCALAR_COST`].
    ///
    /// # Errors
    /// Those of `value`.
    pub fn witness(cs: &Cs, value: impl FnOnce() -> Result<Scalar, SynthesisError>) -> Result<Self, SynthesisError> {
        let digits = if cs.is_in_setup_mode() {
            None
        } else {
            Some(digits(&value()?))
        };
        let bit = |window: usize, of: fn(i8) -> bool| {
            Bit::witness(cs, || {
                digits
                    .as_ref()
                    .map(|digits| of(digits[window]))
                    .ok_or(SynthesisError::AssignmentMissing)
            })
        };
        (0..WINDOWS)
            .map(|window| {
                Ok(Digit {
                    low: bit(window, |digit| digit.abs() >> 1 & 1 == 1)?,
                    high: bit(window, |digit| digit.abs() >> 2 & 1 == 1)?,
                    positive: bit(window, |digit| digit > 0)?,
                })
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

/// The digits of an odd representative of the scalar: itself, or itself plus l.
fn digits(scalar: &Scalar) -> [i8; WINDOWS] {
    let mut k = scalar.into_bigint();
    if k.is_even() {
        k.add_with_carry(&Scalar::MODULUS);
    }
    // (k + 8^84 − 1) / 2 has plain octal digits w with d = 2·w − 7; k is odd, so that is
    // ⌊k / 2⌋ + 2^251.
    k.div2();
    k.0[3] += 1 << (251 - 192);
    core::array::from_fn(|window| {
        let bit = |i| i8::from(k.get_bit(3 * window + i));
        2 * (bit(0) + 2 * bit(1) + 4 * bit(2)) - 7
    })
}

/// The odd multiples 1, 3, 5, 7 of 8ʲ·P for every window j.
#[derive(Debug)]
pub struct FixedBase(Vec<[EdwardsAffine; 4]>);

impl FixedBase {
    /// Computes the multiples. Precondition: the base is of order l.
    #[must_use]
    pub fn new(base: &EdwardsAffine) -> Self {
        let mut power = base.into_group();
        let mut multiples = Vec::with_capacity(4 * WINDOWS);
        for _ in 0..WINDOWS {
            let double = power + power;
            let mut odd = power;
            for _ in 0..4 {
                multiples.push(odd);
                odd += double;
            }
            // 9·8ʲ − 8ʲ.
            power = odd - power;
        }
        let affine = EdwardsProjective::normalize_batch(&multiples);
        Self(affine.chunks_exact(4).map(|m| [m[0], m[1], m[2], m[3]]).collect())
    }

    /// The scalar times the base. Costs [`COST`].
    ///
    /// # Errors
    /// Those of the constraint system.
    pub fn times(&self, cs: &Cs, scalar: &SignedScalar) -> Result<CurvePoint, SynthesisError> {
        let mut windows = self.0.iter().zip(&scalar.0);
        let (Some(first), Some(last)) = (windows.next(), windows.next_back()) else {
            return Err(SynthesisError::Unsatisfiable);
        };
        let mut sum = montgomery_multiple(cs, first)?;
        for window in windows {
            sum = sum.add_distinct(cs, &montgomery_multiple(cs, window)?)?;
        }
        let (points, digit) = last;
        let [x, y] = lookup(cs, digit, &points.map(|point| [point.x, point.y]))?;
        let last = CurvePoint::assume(x, y).negate_unless(cs, &digit.positive)?;
        sum.to_edwards(cs)?.add(cs, &last)
    }
}

fn montgomery_multiple(
    cs: &Cs,
    (points, digit): (&[EdwardsAffine; 4], &Digit),
) -> Result<MontgomeryPoint, SynthesisError> {
    let [u, v] = lookup(cs, digit, &points.map(|point| to_montgomery(&point)))?;
    MontgomeryPoint::assume(u, v).negate_unless(cs, &digit.positive)
}

/// (u, v) of a point of order l, where neither denominator is zero.
fn to_montgomery(point: &EdwardsAffine) -> [Fr; 2] {
    let inverse = inverse(&((Fr::ONE - point.y) * point.x)).unwrap_or(Fr::zero());
    let v = (Fr::ONE + point.y) * inverse;
    [v * point.x, v]
}

/// The constants at the digit's two magnitude bits: c₀ + l·(c₁ − c₀) + h·(c₂ − c₀) + l·h·(…).
/// One constraint, for l·h.
fn lookup(cs: &Cs, digit: &Digit, table: &[[Fr; 2]; 4]) -> Result<[Wire; 2], SynthesisError> {
    let both = digit.low.and(cs, &digit.high)?;
    Ok(core::array::from_fn(|i| {
        let [a, b, c, d] = table.map(|pair| pair[i]);
        Wire::combination([
            (b - a, digit.low.wire()),
            (c - a, digit.high.wire()),
            (d - c - b + a, both.wire()),
        ]) + a
    }))
}

#[cfg(test)]
mod tests {
    use ark_ff::UniformRand;
    use ark_std::test_rng;

    use super::*;
    use crate::edwards::tests::value;
    use crate::testing::{free_variables, system};

    #[test]
    fn edge_and_random_scalars() {
        let mut rng = test_rng();
        let base = EdwardsAffine::generator();
        let table = FixedBase::new(&base);
        let mut scalars = vec![
            Scalar::zero(),
            Scalar::ONE,
            Scalar::from(2u64),
            Scalar::from(8u64),
            -Scalar::ONE,
            -Scalar::from(2u64),
            Scalar::from(2u64).pow([250]),
            Scalar::from(2u64).inverse().unwrap(),
        ];
        scalars.extend((0..8).map(|_| Scalar::rand(&mut rng)));
        for scalar in scalars {
            let cs = system();
            let digits = SignedScalar::witness(&cs, || Ok(scalar)).unwrap();
            assert_eq!(cs.num_constraints(), SCALAR_COST);
            let product = table.times(&cs, &digits).unwrap();
            assert_eq!(cs.num_constraints(), SCALAR_COST + COST);
            assert_eq!(value(&product), (base * scalar).into_affine());
            assert!(cs.is_satisfied().unwrap());
        }
    }

    #[test]
    fn digits_are_odd_small_and_spell_the_scalar() {
        let mut rng = test_rng();
        for scalar in [Scalar::zero(), Scalar::ONE, -Scalar::ONE, Scalar::rand(&mut rng)] {
            let mut sum = Scalar::zero();
            for digit in digits(&scalar).iter().rev() {
                assert!(digit % 2 != 0 && digit.abs() <= 7);
                sum *= Scalar::from(8u64);
                sum += Scalar::from(i64::from(*digit));
            }
            assert_eq!(sum, scalar);
        }
    }

    /// The bound on which the safety of the cheap additions rests.
    #[test]
    fn the_order_is_above_two_to_the_249() {
        assert!(Scalar::MODULUS.get_bit(250));
        assert_eq!(3 * (WINDOWS - 1), 249);
    }

    /// With the product fixed, not even a digit can change.
    #[test]
    fn no_variable_is_free() {
        let cs = system();
        let scalar = Scalar::rand(&mut test_rng());
        let digits = SignedScalar::witness(&cs, || Ok(scalar)).unwrap();
        let product = FixedBase::new(&EdwardsAffine::generator()).times(&cs, &digits).unwrap();
        let fixed = CurvePoint::constant(&value(&product));
        product.enforce_equal(&cs, &fixed).unwrap();
        assert!(free_variables(&cs).unwrap().is_empty());
    }
}
