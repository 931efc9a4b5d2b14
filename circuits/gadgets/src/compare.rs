//! Comparisons of small integers.
//!
//! All take operands known to be below 2ⁿ, n ≤ [`MAX_BITS`]: a difference of two such is an
//! integer of n + 1 bits and never wraps around the modulus. An operand from an unchecked witness
//! breaks that; range-check it first ([`crate::bits::enforce_range`]).

use ark_bn254::Fr;
use ark_ff::Field;
use ark_relations::gr1cs::SynthesisError;

use crate::bits::{Bit, MAX_RANGE, decompose, enforce_range, range_cost};
use crate::wire::{Cs, Wire};

/// The widest operands.
pub const MAX_BITS: usize = MAX_RANGE - 1;

/// Constraints of [`enforce_le`] and [`enforce_lt`] on n-bit operands.
#[must_use]
pub const fn enforce_cost(n: usize) -> usize {
    range_cost(n)
}

/// Constraints of [`is_le`] and [`is_lt`] on n-bit operands.
#[must_use]
pub const fn compare_cost(n: usize) -> usize {
    range_cost(n + 1)
}

/// Requires a ≤ b. Costs [`enforce_cost(n)`](enforce_cost).
///
/// Precondition: a < 2ⁿ and b < 2ⁿ. Then b − a < 2ⁿ exactly when a ≤ b.
///
/// # Errors
/// [`SynthesisError::Unsatisfiable`] when n > [`MAX_BITS`]; those of the constraint system.
pub fn enforce_le(cs: &Cs, a: &Wire, b: &Wire, n: usize) -> Result<(), SynthesisError> {
    check(n)?;
    enforce_range(cs, &(b - a), n)
}

/// Requires a < b. Costs [`enforce_cost(n)`](enforce_cost).
///
/// Precondition: a < 2ⁿ and b < 2ⁿ.
///
/// # Errors
/// As [`enforce_le`].
pub fn enforce_lt(cs: &Cs, a: &Wire, b: &Wire, n: usize) -> Result<(), SynthesisError> {
    check(n)?;
    enforce_range(cs, &(b - a - Fr::ONE), n)
}

/// Requires low ≤ x ≤ high. Costs 2·[`enforce_cost(n)`](enforce_cost).
///
/// Precondition: all three below 2ⁿ.
///
/// # Errors
/// As [`enforce_le`].
pub fn enforce_between(cs: &Cs, low: &Wire, x: &Wire, high: &Wire, n: usize) -> Result<(), SynthesisError> {
    enforce_le(cs, low, x, n)?;
    enforce_le(cs, x, high, n)
}

/// Whether a ≤ b. Costs [`compare_cost(n)`](compare_cost).
///
/// Precondition: a < 2ⁿ and b < 2ⁿ. The answer is bit n of b − a + 2ⁿ, which is in 1 … 2ⁿ⁺¹ − 1.
///
/// # Errors
/// As [`enforce_le`].
pub fn is_le(cs: &Cs, a: &Wire, b: &Wire, n: usize) -> Result<Bit, SynthesisError> {
    check(n)?;
    top_bit(cs, &(b - a + power_of_two(n)), n)
}

/// Whether a < b. Costs [`compare_cost(n)`](compare_cost).
///
/// Precondition: a < 2ⁿ and b < 2ⁿ. The answer is bit n of b − a − 1 + 2ⁿ, in 0 … 2ⁿ⁺¹ − 2.
///
/// # Errors
/// As [`enforce_le`].
pub fn is_lt(cs: &Cs, a: &Wire, b: &Wire, n: usize) -> Result<Bit, SynthesisError> {
    check(n)?;
    top_bit(cs, &(b - a + (power_of_two(n) - Fr::ONE)), n)
}

fn top_bit(cs: &Cs, shifted: &Wire, n: usize) -> Result<Bit, SynthesisError> {
    let mut bits = decompose(cs, shifted, n + 1)?;
    bits.pop().ok_or(SynthesisError::Unsatisfiable)
}

fn power_of_two(n: usize) -> Fr {
    Fr::from(2u64).pow([n as u64])
}

const fn check(n: usize) -> Result<(), SynthesisError> {
    if n > MAX_BITS {
        return Err(SynthesisError::Unsatisfiable);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{free_variables, system};

    fn pair(cs: &Cs, a: u128, b: u128) -> (Wire, Wire) {
        let wire = |x: u128| Wire::witness(cs, || Ok(Fr::from(x))).unwrap();
        (wire(a), wire(b))
    }

    #[test]
    fn every_small_pair() {
        let n = 3;
        for a in 0..8 {
            for b in 0..8 {
                let cs = system();
                let (x, y) = pair(&cs, a, b);
                assert_eq!(is_le(&cs, &x, &y, n).unwrap().value().unwrap(), a <= b);
                assert_eq!(is_lt(&cs, &x, &y, n).unwrap().value().unwrap(), a < b);
                assert_eq!(cs.num_constraints(), 2 * compare_cost(n));
                assert!(cs.is_satisfied().unwrap());
                // a and b may move together; everything else is held.
                assert!(free_variables(&cs).unwrap().is_empty());

                let le = system();
                let (x, y) = pair(&le, a, b);
                enforce_le(&le, &x, &y, n).unwrap();
                assert_eq!(le.num_constraints(), enforce_cost(n));
                assert_eq!(le.is_satisfied().unwrap(), a <= b);

                let lt = system();
                let (x, y) = pair(&lt, a, b);
                enforce_lt(&lt, &x, &y, n).unwrap();
                assert_eq!(lt.num_constraints(), enforce_cost(n));
                assert_eq!(lt.is_satisfied().unwrap(), a < b);
            }
        }
    }

    #[test]
    fn wide_operands_at_their_edges() {
        let n = 127;
        let top = (1u128 << n) - 1;
        for (a, b) in [(0, 0), (0, top), (top, 0), (top, top), (top - 1, top)] {
            let cs = system();
            let (x, y) = pair(&cs, a, b);
            assert_eq!(is_le(&cs, &x, &y, n).unwrap().value().unwrap(), a <= b);
            assert_eq!(is_lt(&cs, &x, &y, n).unwrap().value().unwrap(), a < b);
            assert!(cs.is_satisfied().unwrap());
        }
    }

    #[test]
    fn between_is_inclusive() {
        for (x, inside) in [(2, false), (3, true), (5, true), (6, false)] {
            let cs = system();
            let (x, low) = pair(&cs, x, 3);
            enforce_between(&cs, &low, &x, &Wire::from(5), 8).unwrap();
            assert_eq!(cs.is_satisfied().unwrap(), inside);
            assert_eq!(cs.num_constraints(), 2 * enforce_cost(8));
        }
    }

    #[test]
    fn too_wide_is_refused() {
        let cs = system();
        let (a, b) = pair(&cs, 0, 0);
        assert!(is_le(&cs, &a, &b, MAX_BITS).is_ok());
        for refused in [
            is_le(&cs, &a, &b, MAX_BITS + 1).map(drop),
            is_lt(&cs, &a, &b, MAX_BITS + 1).map(drop),
            enforce_le(&cs, &a, &b, MAX_BITS + 1),
            enforce_lt(&cs, &a, &b, MAX_BITS + 1),
        ] {
            assert!(matches!(refused, Err(SynthesisError::Unsatisfiable)));
        }
    }
}
