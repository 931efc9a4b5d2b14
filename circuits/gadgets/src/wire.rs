//! A linear combination of the constraint system's variables, with its value where one is known.
//!
//! Adding, subtracting and scaling wires costs nothing; products and equalities cost one
//! constraint each. Constraints are written over instance and witness variables only, never over
//! named linear combinations of other named ones, so finalising a system has nothing to inline.

use core::fmt;
use core::ops::{Add, Mul, Neg, Sub};

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field, Zero};
use ark_relations::gr1cs::{ConstraintSystemRef, LinearCombination, SynthesisError, Variable};
use medproof_statement::inverse::inverse;

/// The constraint system that gadgets write to.
pub type Cs = ConstraintSystemRef<Fr>;

/// A linear combination and its value.
///
/// `terms` is sorted by variable, without zeros or repeats. It stays empty when the system does
/// not construct matrices: then only values are computed, and no gadget may branch on the terms.
#[derive(Clone)]
pub struct Wire {
    terms: Vec<(Fr, Variable)>,
    value: Option<Fr>,
}

impl Wire {
    /// The wire that is 0.
    #[must_use]
    pub const fn zero() -> Self {
        Self {
            terms: Vec::new(),
            value: Some(Fr::ZERO),
        }
    }

    /// A wire of a fixed value, the same in every proof.
    #[must_use]
    pub fn constant(value: Fr) -> Self {
        let mut terms = Vec::new();
        if !value.is_zero() {
            terms.push((value, Variable::One));
        }
        Self {
            terms,
            value: Some(value),
        }
    }

    /// A fresh private variable, not yet constrained. `value` is not called for a key.
    ///
    /// # Errors
    /// Those of `value`.
    pub fn witness(cs: &Cs, value: impl FnOnce() -> Result<Fr, SynthesisError>) -> Result<Self, SynthesisError> {
        let mut known = None;
        let variable = cs.new_witness_variable(|| note(&mut known, value))?;
        Ok(Self::variable(cs, variable, known))
    }

    /// A fresh public input; the order of the calls is the order of the inputs.
    ///
    /// # Errors
    /// Those of `value`.
    pub fn input(cs: &Cs, value: impl FnOnce() -> Result<Fr, SynthesisError>) -> Result<Self, SynthesisError> {
        let mut known = None;
        let variable = cs.new_input_variable(|| note(&mut known, value))?;
        Ok(Self::variable(cs, variable, known))
    }

    fn variable(cs: &Cs, variable: Variable, value: Option<Fr>) -> Self {
        let terms = if cs.should_construct_matrices() {
            vec![(Fr::ONE, variable)]
        } else {
            Vec::new()
        };
        Self { terms, value }
    }

    /// A linear combination whose terms are sorted, without zeros or repeats.
    pub(crate) const fn from_sorted(terms: Vec<(Fr, Variable)>, value: Option<Fr>) -> Self {
        Self { terms, value }
    }

    /// The one variable of a wire fresh from [`Wire::witness`]; none without matrices.
    pub(crate) fn single(&self) -> Option<Variable> {
        match self.terms.as_slice() {
            [(coefficient, variable)] if *coefficient == Fr::ONE => Some(*variable),
            _ => None,
        }
    }

    /// The assigned value, for use in the closures that compute witnesses, and nowhere else.
    ///
    /// # Errors
    /// [`SynthesisError::AssignmentMissing`] while a key is made.
    pub fn value(&self) -> Result<Fr, SynthesisError> {
        self.value.ok_or(SynthesisError::AssignmentMissing)
    }

    /// How many variables the combination has.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.terms.len()
    }

    /// Σ coefficient·wire, in one pass. Free.
    #[must_use]
    pub fn combination<'a>(parts: impl IntoIterator<Item = (Fr, &'a Self)>) -> Self {
        let mut terms = Vec::new();
        let mut value = Some(Fr::ZERO);
        for (coefficient, wire) in parts {
            terms.extend(wire.terms.iter().map(|(c, v)| (coefficient * c, *v)));
            value = value.zip(wire.value).map(|(sum, x)| sum + coefficient * x);
        }
        compact(&mut terms);
        Self { terms, value }
    }

    /// The sum of wires. Free.
    #[must_use]
    pub fn sum<'a>(wires: impl IntoIterator<Item = &'a Self>) -> Self {
        Self::combination(wires.into_iter().map(|wire| (Fr::ONE, wire)))
    }

    /// The product, as a fresh variable. One constraint.
    ///
    /// # Errors
    /// Those of the constraint system.
    pub fn times(&self, cs: &Cs, other: &Self) -> Result<Self, SynthesisError> {
        let product = Self::witness(cs, || Ok(self.value()? * other.value()?))?;
        enforce_product(cs, self, other, &product)?;
        Ok(product)
    }

    /// The quotient `self / divisor`, as a fresh variable. One constraint.
    ///
    /// Precondition: the divisor is not zero, by an argument or a constraint elsewhere. If it is,
    /// the quotient of 0 by 0 is whatever the prover likes. The honest prover takes 0.
    ///
    /// # Errors
    /// Those of the constraint system.
    pub fn over_nonzero(&self, cs: &Cs, divisor: &Self) -> Result<Self, SynthesisError> {
        let quotient = Self::witness(
            cs,
            || Ok(self.value()? * inverse(&divisor.value()?).unwrap_or(Fr::ZERO)),
        )?;
        enforce_product(cs, &quotient, divisor, self)?;
        Ok(quotient)
    }

    /// Requires the two to be equal. One constraint.
    ///
    /// # Errors
    /// Those of the constraint system.
    pub fn enforce_equal(&self, cs: &Cs, other: &Self) -> Result<(), SynthesisError> {
        enforce_product(cs, &(self - other), &Self::constant(Fr::ONE), &Self::zero())
    }

    /// Requires the wire to be zero. One constraint.
    ///
    /// # Errors
    /// Those of the constraint system.
    pub fn enforce_zero(&self, cs: &Cs) -> Result<(), SynthesisError> {
        self.enforce_equal(cs, &Self::zero())
    }

    /// Requires the wire not to be zero. One constraint, one variable (the inverse).
    ///
    /// # Errors
    /// [`SynthesisError::Unsatisfiable`] when a known value is zero.
    pub fn enforce_nonzero(&self, cs: &Cs) -> Result<(), SynthesisError> {
        let inverse = Self::witness(cs, || inverse(&self.value()?).ok_or(SynthesisError::Unsatisfiable))?;
        enforce_product(cs, self, &inverse, &Self::constant(Fr::ONE))
    }

    /// The same wire with its combination stored once in the system, for one that several
    /// constraints read. Only for direct use in constraints: summed into other wires it would be
    /// a combination of combinations.
    pub(crate) fn named(&self, cs: &Cs) -> Result<Self, SynthesisError> {
        if self.terms.len() < 2 {
            return Ok(self.clone());
        }
        let variable = cs.new_lc(|| self.lc())?;
        Ok(Self {
            terms: vec![(Fr::ONE, variable)],
            value: self.value,
        })
    }

    /// As the backend wants it.
    pub(crate) fn lc(&self) -> LinearCombination<Fr> {
        LinearCombination(self.terms.clone())
    }
}

/// Values are secrets: only the shape is shown.
impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire")
            .field("weight", &self.weight())
            .finish_non_exhaustive()
    }
}

impl From<Fr> for Wire {
    fn from(value: Fr) -> Self {
        Self::constant(value)
    }
}

impl From<u64> for Wire {
    fn from(value: u64) -> Self {
        Self::constant(Fr::from(value))
    }
}

/// Requires a·b = c. One constraint.
///
/// # Errors
/// Those of the constraint system.
pub fn enforce_product(cs: &Cs, a: &Wire, b: &Wire, c: &Wire) -> Result<(), SynthesisError> {
    cs.enforce_r1cs_constraint(|| a.lc(), || b.lc(), || c.lc())
}

fn note(known: &mut Option<Fr>, value: impl FnOnce() -> Result<Fr, SynthesisError>) -> Result<Fr, SynthesisError> {
    let value = value()?;
    *known = Some(value);
    Ok(value)
}

/// Sorts by variable, merges repeats, drops zeros.
fn compact(terms: &mut Vec<(Fr, Variable)>) {
    terms.sort_unstable_by_key(|(_, variable)| *variable);
    terms.dedup_by(|next, kept| {
        let same = next.1 == kept.1;
        if same {
            kept.0 += next.0;
        }
        same
    });
    terms.retain(|(coefficient, _)| !coefficient.is_zero());
}

/// Merges two sorted lists, the second scaled.
fn merge(a: &[(Fr, Variable)], b: &[(Fr, Variable)], scale: Fr) -> Vec<(Fr, Variable)> {
    let mut out = Vec::with_capacity(a.len() + b.len());
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    loop {
        match (a.peek(), b.peek()) {
            (Some(x), Some(y)) if x.1 == y.1 => {
                let sum = x.0 + scale * y.0;
                if !sum.is_zero() {
                    out.push((sum, x.1));
                }
                a.next();
                b.next();
            }
            (Some(x), Some(y)) if x.1 > y.1 => {
                out.push((scale * y.0, y.1));
                b.next();
            }
            (Some(x), _) => {
                out.push(**x);
                a.next();
            }
            (None, Some(y)) => {
                out.push((scale * y.0, y.1));
                b.next();
            }
            (None, None) => return out,
        }
    }
}

fn add_scaled(a: &Wire, b: &Wire, scale: Fr) -> Wire {
    Wire {
        terms: merge(&a.terms, &b.terms, scale),
        value: a.value.zip(b.value).map(|(a, b)| a + scale * b),
    }
}

fn scaled(wire: &Wire, scale: Fr) -> Wire {
    Wire::combination([(scale, wire)])
}

macro_rules! binary {
    ($trait:ident, $method:ident, $scale:expr) => {
        impl $trait<&Wire> for &Wire {
            type Output = Wire;
            fn $method(self, other: &Wire) -> Wire {
                add_scaled(self, other, $scale)
            }
        }
        impl $trait<Wire> for &Wire {
            type Output = Wire;
            fn $method(self, other: Wire) -> Wire {
                add_scaled(self, &other, $scale)
            }
        }
        impl $trait<&Wire> for Wire {
            type Output = Wire;
            fn $method(self, other: &Wire) -> Wire {
                add_scaled(&self, other, $scale)
            }
        }
        impl $trait<Wire> for Wire {
            type Output = Wire;
            fn $method(self, other: Wire) -> Wire {
                add_scaled(&self, &other, $scale)
            }
        }
        impl $trait<Fr> for &Wire {
            type Output = Wire;
            fn $method(self, other: Fr) -> Wire {
                add_scaled(self, &Wire::constant(other), $scale)
            }
        }
        impl $trait<Fr> for Wire {
            type Output = Wire;
            fn $method(self, other: Fr) -> Wire {
                add_scaled(&self, &Wire::constant(other), $scale)
            }
        }
    };
}
binary!(Add, add, Fr::ONE);
binary!(Sub, sub, -Fr::ONE);

impl Mul<Fr> for &Wire {
    type Output = Wire;
    fn mul(self, scale: Fr) -> Wire {
        scaled(self, scale)
    }
}

impl Mul<Fr> for Wire {
    type Output = Wire;
    fn mul(self, scale: Fr) -> Wire {
        scaled(&self, scale)
    }
}

impl Neg for &Wire {
    type Output = Wire;
    fn neg(self) -> Wire {
        scaled(self, -Fr::ONE)
    }
}

impl Neg for Wire {
    type Output = Wire;
    fn neg(self) -> Wire {
        scaled(&self, -Fr::ONE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{free_variables, system};
    use ark_relations::gr1cs::{ConstraintSystem, SynthesisMode};

    fn fr(x: u64) -> Fr {
        Fr::from(x)
    }

    #[test]
    fn sums_merge_and_cancel() {
        let cs = system();
        let a = Wire::witness(&cs, || Ok(fr(5))).unwrap();
        let b = Wire::witness(&cs, || Ok(fr(7))).unwrap();
        let mixed = &(&b * fr(3)) + &a - &b + fr(2);
        assert_eq!(mixed.value().unwrap(), fr(21));
        assert_eq!(mixed.weight(), 3);
        assert_eq!((&mixed - &mixed).weight(), 0);
        assert_eq!((&a + &(-&a)).weight(), 0);
        assert_eq!(Wire::sum([&a, &b, &a]).weight(), 2);
        assert_eq!(cs.num_constraints(), 0);
    }

    #[test]
    fn products_quotients_and_equalities_hold_and_bind() {
        let cs = system();
        let a = Wire::witness(&cs, || Ok(fr(6))).unwrap();
        let b = Wire::witness(&cs, || Ok(fr(3))).unwrap();
        let product = a.times(&cs, &b).unwrap();
        let quotient = a.over_nonzero(&cs, &b).unwrap();
        product.enforce_equal(&cs, &Wire::from(18)).unwrap();
        quotient.enforce_equal(&cs, &Wire::from(2)).unwrap();
        a.enforce_nonzero(&cs).unwrap();
        assert_eq!(cs.num_constraints(), 5);
        assert!(cs.is_satisfied().unwrap());
        assert!(free_variables(&cs).unwrap().is_empty());
    }

    #[test]
    fn a_wrong_value_is_unsatisfied() {
        for wrong in [0, 17] {
            let cs = system();
            let a = Wire::witness(&cs, || Ok(fr(6))).unwrap();
            a.times(&cs, &Wire::from(3))
                .unwrap()
                .enforce_equal(&cs, &Wire::from(wrong))
                .unwrap();
            assert!(!cs.is_satisfied().unwrap());
        }
        let zero = Wire::zero();
        assert!(matches!(
            zero.enforce_nonzero(&system()),
            Err(SynthesisError::Unsatisfiable)
        ));
    }

    #[test]
    fn a_key_needs_no_values_and_an_assignment_no_terms() {
        let setup = system();
        setup.set_mode(SynthesisMode::Setup);
        let a = Wire::witness(&setup, || Err(SynthesisError::AssignmentMissing)).unwrap();
        let product = a.times(&setup, &a).unwrap();
        assert!(product.value().is_err());
        assert_eq!(setup.num_constraints(), 1);

        let assign = Cs::new(ConstraintSystem::new());
        assign.set_mode(SynthesisMode::Prove {
            construct_matrices: false,
            generate_lc_assignments: false,
        });
        let a = Wire::witness(&assign, || Ok(fr(4))).unwrap();
        let product = a.times(&assign, &a).unwrap();
        assert_eq!(product.weight(), 0);
        assert_eq!(product.value().unwrap(), fr(16));
        assert_eq!(assign.witness_assignment().unwrap(), [fr(4), fr(16)]);
    }

    #[test]
    fn values_are_not_shown() {
        let shown = format!("{:?}", Wire::from(123_456_789));
        assert!(!shown.contains("123456789"), "{shown}");
    }
}
