//! Baby Jubjub in Montgomery form, v² = u³ + 168698·u² + u, where additions cost half.
//!
//! Its addition law is incomplete: a sum of points with equal u divides by zero, and zero by zero
//! is whatever the prover likes. So everything here is for use inside this crate, where each use
//! proves that it cannot happen: points of the prime order l are multiples k·Q of one of them, and
//! k₁·Q, k₂·Q have equal u exactly when k₁ ≡ ±k₂ modulo l.

use ark_bn254::Fr;
use ark_ff::{Field, MontFp};
use ark_relations::gr1cs::SynthesisError;

use crate::bits::Bit;
use crate::edwards::{CurvePoint, sign};
use crate::wire::{Cs, Wire, enforce_product};

/// The coefficient of u².
const A: Fr = MontFp!("168698");

/// Constraints of a conversion either way.
pub(crate) const CONVERT_COST: usize = 2;
/// Constraints of [`MontgomeryPoint::add_distinct`].
pub(crate) const ADD_COST: usize = 3;
/// Constraints of [`MontgomeryPoint::double`].
pub(crate) const DOUBLE_COST: usize = 4;
/// Constraints of [`MontgomeryPoint::negate_unless`].
pub(crate) const SIGN_COST: usize = 1;

/// A point of prime order, on the curve by construction.
#[derive(Debug, Clone)]
pub(crate) struct MontgomeryPoint {
    u: Wire,
    v: Wire,
}

impl MontgomeryPoint {
    /// u = (1 + y) / (1 − y), v = u / x. Costs [`CONVERT_COST`].
    ///
    /// Precondition: the point is of order l or the identity. At the identity u·0 = 2 has no
    /// solution, so the conversion refuses it; x = 0 nowhere else in the subgroup.
    pub(crate) fn refuse_identity(cs: &Cs, point: &CurvePoint) -> Result<Self, SynthesisError> {
        let one = Wire::constant(Fr::ONE);
        let u = (&one + point.y()).over_nonzero(cs, &(one - point.y()))?;
        let v = u.over_nonzero(cs, point.x())?;
        Ok(Self { u, v })
    }

    /// Coordinates that an argument elsewhere puts on the curve, in the subgroup.
    pub(crate) const fn assume(u: Wire, v: Wire) -> Self {
        Self { u, v }
    }

    /// x = u / v, y = (u − 1) / (u + 1). Costs [`CONVERT_COST`].
    ///
    /// v = 0 only at points of even order, and u = −1 nowhere: A − 2 = d is not a square.
    pub(crate) fn to_edwards(&self, cs: &Cs) -> Result<CurvePoint, SynthesisError> {
        let x = self.u.over_nonzero(cs, &self.v)?;
        let y = (&self.u - Fr::ONE).over_nonzero(cs, &(&self.u + Fr::ONE))?;
        Ok(CurvePoint::assume(x, y))
    }

    /// The sum. Costs [`ADD_COST`]. Precondition: the two are neither equal nor opposite.
    pub(crate) fn add_distinct(&self, cs: &Cs, other: &Self) -> Result<Self, SynthesisError> {
        let slope = (&other.v - &self.v).over_nonzero(cs, &(&other.u - &self.u))?;
        self.along(cs, &slope, &other.u)
    }

    /// The double. Costs [`DOUBLE_COST`]. v ≠ 0, since the order is odd.
    pub(crate) fn double(&self, cs: &Cs) -> Result<Self, SynthesisError> {
        let two = Fr::from(2u64);
        let uu = self.u.times(cs, &self.u)?;
        let rise = uu * Fr::from(3u64) + &self.u * (two * A) + Fr::ONE;
        let slope = rise.over_nonzero(cs, &(&self.v * two))?;
        self.along(cs, &slope, &self.u)
    }

    /// The third point of the line through `self` with this slope, mirrored. Two constraints:
    /// u₃ = λ² − A − u₁ − u₂ and v₃ = λ·(u₁ − u₃) − v₁.
    fn along(&self, cs: &Cs, slope: &Wire, other_u: &Wire) -> Result<Self, SynthesisError> {
        let base = &self.u + other_u + A;
        let u = Wire::witness(cs, || Ok(slope.value()?.square() - base.value()?))?;
        enforce_product(cs, slope, slope, &(&u + base))?;
        let run = &self.u - &u;
        let v = Wire::witness(cs, || Ok(slope.value()? * run.value()? - self.v.value()?))?;
        enforce_product(cs, slope, &run, &(&v + &self.v))?;
        Ok(Self { u, v })
    }

    /// The point where the bit is 1, else its opposite. Costs [`SIGN_COST`].
    pub(crate) fn negate_unless(&self, cs: &Cs, bit: &Bit) -> Result<Self, SynthesisError> {
        Ok(Self {
            u: self.u.clone(),
            v: sign(bit).times(cs, &self.v)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use ark_ec::{AffineRepr, CurveGroup};
    use ark_ff::UniformRand;
    use ark_std::test_rng;
    use medproof_statement::eddsa::{EdwardsAffine, EdwardsProjective};

    use super::*;
    use crate::edwards::tests::{on_curve, value};
    use crate::testing::{free_variables, system};

    #[test]
    fn agrees_with_the_edwards_form() {
        let mut rng = test_rng();
        let p = EdwardsProjective::rand(&mut rng).into_affine();
        let q = EdwardsAffine::generator();
        let cs = system();
        let (a, b) = (on_curve(&cs, p), on_curve(&cs, q));
        for point in [&a, &b] {
            let fixed = CurvePoint::constant(&value(point));
            point.enforce_equal(&cs, &fixed).unwrap();
        }
        let before = cs.num_constraints();
        let a = MontgomeryPoint::refuse_identity(&cs, &a).unwrap();
        assert_eq!(cs.num_constraints() - before, CONVERT_COST);
        let b = MontgomeryPoint::refuse_identity(&cs, &b).unwrap();
        let before = cs.num_constraints();
        let sum = a.add_distinct(&cs, &b).unwrap();
        assert_eq!(cs.num_constraints() - before, ADD_COST);
        let before = cs.num_constraints();
        let double = a.double(&cs).unwrap();
        assert_eq!(cs.num_constraints() - before, DOUBLE_COST);
        let minus = Bit::constant(false);
        let before = cs.num_constraints();
        let opposite = a.negate_unless(&cs, &minus).unwrap();
        assert_eq!(cs.num_constraints() - before, SIGN_COST);
        for (point, expected) in [
            (&a, p),
            (&sum, (p + q).into_affine()),
            (&double, (p + p).into_affine()),
            (&opposite, -p),
        ] {
            let before = cs.num_constraints();
            let edwards = point.to_edwards(&cs).unwrap();
            assert_eq!(cs.num_constraints() - before, CONVERT_COST);
            assert_eq!(value(&edwards), expected);
        }
        assert!(cs.is_satisfied().unwrap());
        assert!(free_variables(&cs).unwrap().is_empty());
    }

    #[test]
    fn the_identity_is_refused() {
        let cs = system();
        let identity = CurvePoint::constant(&EdwardsAffine::zero());
        MontgomeryPoint::refuse_identity(&cs, &identity).unwrap();
        assert!(!cs.is_satisfied().unwrap());
    }
}
