//! Baby Jubjub in EIP-2494 form, a·x² + y² = 1 + d·x²·y² with a = 168700 and d = 168696.
//!
//! a is a square and d is not, so the addition law is complete: it holds for all pairs of curve
//! points, equal, opposite, of small order or the identity, and its denominators never vanish.
//! A [`CurvePoint`] exists only after its coordinates are held to the curve.

use ark_bn254::Fr;
use ark_ff::{Field, MontFp};
use ark_relations::gr1cs::SynthesisError;
use medproof_statement::eddsa::EdwardsAffine;

use crate::bits::Bit;
use crate::wire::{Cs, Wire, enforce_product};

/// The coefficient of x².
pub const A: Fr = MontFp!("168700");
/// The coefficient of x²·y².
pub const D: Fr = MontFp!("168696");

/// Constraints of [`CurvePoint::enforce`].
pub const ON_CURVE_COST: usize = 3;
/// Constraints of [`CurvePoint::add`].
pub const ADD_COST: usize = 6;
/// Constraints of [`CurvePoint::double`].
pub const DOUBLE_COST: usize = 5;
/// Constraints of [`CurvePoint::times_cofactor`].
pub const COFACTOR_COST: usize = 3 * DOUBLE_COST;
/// Constraints of [`CurvePoint::negate_unless`].
pub const SIGN_COST: usize = 1;
/// Constraints of [`CurvePoint::only_if`].
pub const ONLY_IF_COST: usize = 2;
/// Constraints of [`CurvePoint::enforce_equal`].
pub const EQUAL_COST: usize = 2;

/// Two coordinates, not yet held to any curve.
#[derive(Debug, Clone)]
pub struct Point {
    /// The first coordinate.
    pub x: Wire,
    /// The second coordinate.
    pub y: Wire,
}

impl Point {
    /// Fresh coordinates. Free.
    ///
    /// # Errors
    /// Those of `value`.
    pub fn witness(
        cs: &Cs,
        value: impl FnOnce() -> Result<EdwardsAffine, SynthesisError>,
    ) -> Result<Self, SynthesisError> {
        let value = if cs.is_in_setup_mode() { None } else { Some(value()?) };
        let coordinate = |of: fn(&EdwardsAffine) -> Fr| {
            Wire::witness(cs, || value.as_ref().map(of).ok_or(SynthesisError::AssignmentMissing))
        };
        Ok(Self {
            x: coordinate(|point| point.x)?,
            y: coordinate(|point| point.y)?,
        })
    }
}

/// A point that constraints hold to the curve.
#[derive(Debug, Clone)]
pub struct CurvePoint {
    x: Wire,
    y: Wire,
}

impl CurvePoint {
    /// Holds coordinates to the curve. Costs [`ON_CURVE_COST`].
    ///
    /// # Errors
    /// Those of the constraint system.
    pub fn enforce(cs: &Cs, point: Point) -> Result<Self, SynthesisError> {
        let Point { x, y } = point;
        let xx = x.times(cs, &x)?;
        let yy = y.times(cs, &y)?;
        enforce_product(cs, &xx, &(&yy * D), &(&xx * A + &yy - Fr::ONE))?;
        Ok(Self { x, y })
    }

    /// A point that is the same in every proof. Precondition: it is on the curve.
    #[must_use]
    pub fn constant(point: &EdwardsAffine) -> Self {
        Self {
            x: Wire::constant(point.x),
            y: Wire::constant(point.y),
        }
    }

    /// Takes coordinates that an argument elsewhere puts on the curve.
    pub(crate) const fn assume(x: Wire, y: Wire) -> Self {
        Self { x, y }
    }

    /// The first coordinate.
    #[must_use]
    pub const fn x(&self) -> &Wire {
        &self.x
    }

    /// The second coordinate.
    #[must_use]
    pub const fn y(&self) -> &Wire {
        &self.y
    }

    /// The sum, complete. Costs [`ADD_COST`].
    ///
    /// With β = x₁·y₂, γ = y₁·x₂, τ = β·γ and δ = (y₁ − a·x₁)·(x₂ + y₂):
    /// x₃ = (β + γ) / (1 + d·τ) and y₃ = (δ + a·β − γ) / (1 − d·τ).
    ///
    /// # Errors
    /// Those of the constraint system.
    pub fn add(&self, cs: &Cs, other: &Self) -> Result<Self, SynthesisError> {
        let beta = self.x.times(cs, &other.y)?;
        let gamma = self.y.times(cs, &other.x)?;
        let delta = (&self.y - &self.x * A).times(cs, &(&other.x + &other.y))?;
        let tau = beta.times(cs, &gamma)? * D;
        let one = Wire::constant(Fr::ONE);
        let x = (&beta + &gamma).over_nonzero(cs, &(&one + &tau))?;
        let y = (delta + &beta * A - gamma).over_nonzero(cs, &(one - tau))?;
        Ok(Self { x, y })
    }

    /// The difference, complete. Costs [`ADD_COST`].
    ///
    /// # Errors
    /// Those of the constraint system.
    pub fn subtract(&self, cs: &Cs, other: &Self) -> Result<Self, SynthesisError> {
        self.add(cs, &other.negate())
    }

    /// The double, complete. Costs [`DOUBLE_COST`].
    ///
    /// By the curve's equation 1 + d·x²·y² = a·x² + y², so
    /// x₃ = 2·x·y / (a·x² + y²) and y₃ = (y² − a·x²) / (2 − a·x² − y²).
    ///
    /// # Errors
    /// Those of the constraint system.
    pub fn double(&self, cs: &Cs) -> Result<Self, SynthesisError> {
        let axx = self.x.times(cs, &self.x)? * A;
        let yy = self.y.times(cs, &self.y)?;
        let xy = self.x.times(cs, &self.y)?;
        let sum = &axx + &yy;
        let x = (xy * Fr::from(2u64)).over_nonzero(cs, &sum)?;
        let y = (yy - axx).over_nonzero(cs, &(Wire::from(2) - sum))?;
        Ok(Self { x, y })
    }

    /// Eight times the point, which is in the subgroup of prime order. Costs [`COFACTOR_COST`].
    ///
    /// # Errors
    /// Those of the constraint system.
    pub fn times_cofactor(&self, cs: &Cs) -> Result<Self, SynthesisError> {
        self.double(cs)?.double(cs)?.double(cs)
    }

    /// The opposite. Free.
    #[must_use]
    pub fn negate(&self) -> Self {
        Self {
            x: -&self.x,
            y: self.y.clone(),
        }
    }

    /// The point where the bit is 1, else its opposite. Costs [`SIGN_COST`].
    ///
    /// # Errors
    /// Those of the constraint system.
    pub fn negate_unless(&self, cs: &Cs, bit: &Bit) -> Result<Self, SynthesisError> {
        Ok(Self {
            x: sign(bit).times(cs, &self.x)?,
            y: self.y.clone(),
        })
    }

    /// The point where the bit is 1, else the identity (0, 1). Costs [`ONLY_IF_COST`].
    ///
    /// # Errors
    /// Those of the constraint system.
    pub fn only_if(&self, cs: &Cs, bit: &Bit) -> Result<Self, SynthesisError> {
        Ok(Self {
            x: bit.wire().times(cs, &self.x)?,
            y: bit.wire().times(cs, &(&self.y - Fr::ONE))? + Fr::ONE,
        })
    }

    /// Requires two points to be the same. Costs [`EQUAL_COST`].
    ///
    /// # Errors
    /// Those of the constraint system.
    pub fn enforce_equal(&self, cs: &Cs, other: &Self) -> Result<(), SynthesisError> {
        self.x.enforce_equal(cs, &other.x)?;
        self.y.enforce_equal(cs, &other.y)
    }
}

/// 1 where the bit is 1, else −1. Free.
pub(crate) fn sign(bit: &Bit) -> Wire {
    bit.wire() * Fr::from(2u64) - Fr::ONE
}

#[cfg(test)]
pub(crate) mod tests {
    use ark_ec::{AdditiveGroup, AffineRepr, CurveGroup, PrimeGroup};
    use ark_ff::{PrimeField, UniformRand, Zero};
    use ark_std::test_rng;
    use medproof_statement::eddsa::{EdwardsProjective, Scalar};

    use super::*;
    use crate::testing::{free_variables, system};

    pub(crate) fn value(point: &CurvePoint) -> EdwardsAffine {
        EdwardsAffine::new_unchecked(point.x.value().unwrap(), point.y.value().unwrap())
    }

    pub(crate) fn on_curve(cs: &Cs, point: EdwardsAffine) -> CurvePoint {
        let raw = Point::witness(cs, || Ok(point)).unwrap();
        CurvePoint::enforce(cs, raw).unwrap()
    }

    /// A point of order eight.
    pub(crate) fn torsion() -> EdwardsAffine {
        let mut y = Fr::from(2u64);
        loop {
            if let Some((x, _)) = EdwardsAffine::get_xs_from_y_unchecked(y) {
                let point = EdwardsAffine::new_unchecked(x, y);
                if point.is_on_curve() {
                    let torsion = point.mul_bigint(Scalar::MODULUS);
                    if !(torsion.double().double()).is_zero() {
                        return torsion.into_affine();
                    }
                }
            }
            y += Fr::ONE;
        }
    }

    fn points() -> Vec<EdwardsAffine> {
        let mut rng = test_rng();
        let torsion = torsion().into_group();
        let base = EdwardsProjective::generator();
        let random = EdwardsProjective::rand(&mut rng);
        [
            EdwardsProjective::zero(),
            base,
            -base,
            random,
            torsion,
            torsion.double(),
            torsion.double().double(),
            random + torsion,
        ]
        .map(CurveGroup::into_affine)
        .to_vec()
    }

    #[test]
    fn sums_are_complete() {
        for p in points() {
            for q in points() {
                let cs = system();
                let (a, b) = (on_curve(&cs, p), on_curve(&cs, q));
                let before = cs.num_constraints();
                let sum = a.add(&cs, &b).unwrap();
                assert_eq!(cs.num_constraints() - before, ADD_COST);
                let difference = a.subtract(&cs, &b).unwrap();
                assert_eq!(value(&sum), (p + q).into_affine());
                assert_eq!(value(&difference), (p - q).into_affine());
                assert!(cs.is_satisfied().unwrap());
                sum.enforce_equal(&cs, &CurvePoint::constant(&(p - q).into_affine()))
                    .unwrap();
                assert_eq!(cs.is_satisfied().unwrap(), p + q == p - q);
            }
        }
    }

    #[test]
    fn doubles_signs_and_switches() {
        for p in points() {
            let cs = system();
            let a = on_curve(&cs, p);
            assert_eq!(cs.num_constraints(), ON_CURVE_COST);
            let double = a.double(&cs).unwrap();
            assert_eq!(cs.num_constraints(), ON_CURVE_COST + DOUBLE_COST);
            assert_eq!(value(&double), (p + p).into_affine());
            let eight = a.times_cofactor(&cs).unwrap();
            assert_eq!(value(&eight), p.mul_by_cofactor());
            for bit in [false, true] {
                let bit = Bit::witness(&cs, || Ok(bit)).unwrap();
                let set = bit.value().unwrap();
                let before = cs.num_constraints();
                let signed = a.negate_unless(&cs, &bit).unwrap();
                assert_eq!(cs.num_constraints() - before, SIGN_COST);
                assert_eq!(value(&signed), if set { p } else { -p });
                let before = cs.num_constraints();
                let switched = a.only_if(&cs, &bit).unwrap();
                assert_eq!(cs.num_constraints() - before, ONLY_IF_COST);
                let expected = if set { p } else { EdwardsAffine::zero() };
                assert_eq!(value(&switched), expected);
            }
            assert!(cs.is_satisfied().unwrap());
        }
    }

    #[test]
    fn points_off_the_curve_are_refused() {
        let base = EdwardsAffine::generator();
        let root = A.sqrt().unwrap();
        for (x, y) in [
            (base.x + Fr::ONE, base.y),
            (base.x, base.y + Fr::ONE),
            (base.y, base.x),
            // The a = 1 form of the same curve.
            (base.x * root, base.y),
            (Fr::ONE, Fr::ONE),
        ] {
            let cs = system();
            on_curve(&cs, EdwardsAffine::new_unchecked(x, y));
            assert!(!cs.is_satisfied().unwrap());
        }
    }

    /// Coordinates alone can change to their opposite: that is another point of the curve.
    #[test]
    fn sums_of_fixed_points_leave_nothing_free() {
        let cs = system();
        let base = EdwardsAffine::generator();
        let (a, b) = (on_curve(&cs, base), on_curve(&cs, (base + base).into_affine()));
        for point in [&a, &b] {
            let fixed = CurvePoint::constant(&value(point));
            point.enforce_equal(&cs, &fixed).unwrap();
        }
        a.add(&cs, &b).unwrap().double(&cs).unwrap();
        assert!(free_variables(&cs).unwrap().is_empty());
    }
}
