//! Booleans, range checks and bit decompositions.

use core::fmt;

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, BigInt, BigInteger, Field, PrimeField, Zero};
use ark_relations::gr1cs::SynthesisError;
use medproof_statement::inverse::inverse;

use crate::wire::{Cs, Wire, enforce_product};

/// Constraints of a fresh boolean.
pub const BIT_COST: usize = 1;
/// Constraints of [`is_zero`] and [`is_equal`].
pub const IS_ZERO_COST: usize = 2;
/// Constraints of [`decompose_canonical`].
pub const CANONICAL_COST: usize = CANONICAL_BITS + CANONICAL_BOUND_COST;
/// Bits of a field element.
pub const CANONICAL_BITS: usize = 254;
/// Constraints that keep 254 bits below the modulus.
pub const CANONICAL_BOUND_COST: usize = 119;
/// The widest range check: wider sums could wrap around the modulus.
pub const MAX_RANGE: usize = 252;

/// Constraints of [`decompose`] and [`enforce_range`] into `n` bits.
#[must_use]
pub const fn range_cost(n: usize) -> usize {
    n
}

/// A wire that constraints hold to 0 or 1.
#[derive(Clone)]
pub struct Bit(Wire);

impl Bit {
    /// A bit that is the same in every proof.
    #[must_use]
    pub fn constant(value: bool) -> Self {
        Self(Wire::constant(Fr::from(value)))
    }

    /// A fresh boolean. One constraint.
    ///
    /// # Errors
    /// Those of `value`.
    pub fn witness(cs: &Cs, value: impl FnOnce() -> Result<bool, SynthesisError>) -> Result<Self, SynthesisError> {
        Self::enforce(cs, Wire::witness(cs, || value().map(Fr::from))?)
    }

    /// Requires a wire to be 0 or 1: b·(1 − b) = 0. One constraint.
    ///
    /// # Errors
    /// Those of the constraint system.
    pub fn enforce(cs: &Cs, wire: Wire) -> Result<Self, SynthesisError> {
        enforce_product(cs, &wire, &not(&wire), &Wire::zero())?;
        Ok(Self(wire))
    }

    /// Takes a wire's word for it. Precondition: constraints elsewhere hold it to 0 or 1.
    #[must_use]
    pub const fn assume(wire: Wire) -> Self {
        Self(wire)
    }

    /// The bit as a field element.
    #[must_use]
    pub const fn wire(&self) -> &Wire {
        &self.0
    }

    /// The assigned value, for witness closures.
    ///
    /// # Errors
    /// [`SynthesisError::AssignmentMissing`] while a key is made.
    pub fn value(&self) -> Result<bool, SynthesisError> {
        Ok(!self.0.value()?.is_zero())
    }

    /// Negation. Free.
    #[must_use]
    pub fn not(&self) -> Self {
        Self(not(&self.0))
    }

    /// Conjunction. One constraint.
    ///
    /// # Errors
    /// Those of the constraint system.
    pub fn and(&self, cs: &Cs, other: &Self) -> Result<Self, SynthesisError> {
        self.0.times(cs, &other.0).map(Self)
    }

    /// Disjunction. One constraint.
    ///
    /// # Errors
    /// Those of the constraint system.
    pub fn or(&self, cs: &Cs, other: &Self) -> Result<Self, SynthesisError> {
        Ok(self.not().and(cs, &other.not())?.not())
    }

    /// Exclusive disjunction: a + b − 2·a·b. One constraint.
    ///
    /// # Errors
    /// Those of the constraint system.
    pub fn xor(&self, cs: &Cs, other: &Self) -> Result<Self, SynthesisError> {
        let both = self.0.times(cs, &other.0)?;
        Ok(Self(&self.0 + &other.0 - both * Fr::from(2u64)))
    }

    /// Requires the bit to be 1. One constraint.
    ///
    /// # Errors
    /// Those of the constraint system.
    pub fn enforce_true(&self, cs: &Cs) -> Result<(), SynthesisError> {
        self.not().enforce_false(cs)
    }

    /// Requires the bit to be 0. One constraint.
    ///
    /// # Errors
    /// Those of the constraint system.
    pub fn enforce_false(&self, cs: &Cs) -> Result<(), SynthesisError> {
        self.0.enforce_zero(cs)
    }

    /// Requires `consequence` to be 1 where this bit is 1. One constraint.
    ///
    /// # Errors
    /// Those of the constraint system.
    pub fn enforce_implies(&self, cs: &Cs, consequence: &Self) -> Result<(), SynthesisError> {
        enforce_product(cs, &self.0, &consequence.not().0, &Wire::zero())
    }
}

impl fmt::Debug for Bit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bit(..)")
    }
}

fn not(wire: &Wire) -> Wire {
    Wire::constant(Fr::ONE) - wire
}

/// The bits of x, least significant first, with x < 2ⁿ enforced. Costs [`range_cost(n)`](range_cost).
///
/// Bits 1 … n − 1 are fresh booleans and bit 0 is what remains, x − Σ 2ⁱ·bᵢ, itself held to 0 or 1:
/// so the sum needs no constraint of its own.
///
/// # Errors
/// [`SynthesisError::Unsatisfiable`] when n > [`MAX_RANGE`]; those of the constraint system.
pub fn decompose(cs: &Cs, x: &Wire, n: usize) -> Result<Vec<Bit>, SynthesisError> {
    if n > MAX_RANGE {
        return Err(SynthesisError::Unsatisfiable);
    }
    bits_modulo_p(cs, x, n, || Ok(x.value()?.into_bigint()))
}

/// Requires x < 2ⁿ. Costs [`range_cost(n)`](range_cost); n = 0 requires x = 0 and costs 1.
///
/// # Errors
/// As [`decompose`].
pub fn enforce_range(cs: &Cs, x: &Wire, n: usize) -> Result<(), SynthesisError> {
    decompose(cs, x, n).map(drop)
}

/// The 254 bits of the one representative of x below the modulus, least significant first.
/// Costs [`CANONICAL_COST`].
///
/// # Errors
/// Those of the constraint system.
pub fn decompose_canonical(cs: &Cs, x: &Wire) -> Result<Vec<Bit>, SynthesisError> {
    canonical_bits(cs, x, || Ok(x.value()?.into_bigint()))
}

/// As [`decompose_canonical`], with the integer that the prover claims to be x given apart.
pub(crate) fn canonical_bits(
    cs: &Cs,
    x: &Wire,
    integer: impl Fn() -> Result<BigInt<4>, SynthesisError>,
) -> Result<Vec<Bit>, SynthesisError> {
    let bits = bits_modulo_p(cs, x, CANONICAL_BITS, integer)?;
    let mut largest = Fr::MODULUS;
    largest.sub_with_borrow(&BigInt::one());
    enforce_at_most(cs, &bits, &largest)?;
    Ok(bits)
}

/// Bits whose sum is x modulo p: the integer that they spell may be x + p where n > 253.
fn bits_modulo_p(
    cs: &Cs,
    x: &Wire,
    n: usize,
    integer: impl Fn() -> Result<BigInt<4>, SynthesisError>,
) -> Result<Vec<Bit>, SynthesisError> {
    if n == 0 {
        x.enforce_zero(cs)?;
        return Ok(Vec::new());
    }
    let mut bits = vec![Bit::constant(false)];
    for i in 1..n {
        bits.push(Bit::witness(cs, || Ok(integer()?.get_bit(i)))?);
    }
    bits[0] = Bit::enforce(cs, x - pack(&bits))?;
    Ok(bits)
}

/// Σ 2ⁱ·bᵢ. Free. Precondition for the result to be an integer below p: at most 253 bits.
#[must_use]
pub fn pack(bits: &[Bit]) -> Wire {
    let mut power = Fr::ONE;
    Wire::combination(bits.iter().map(|bit| {
        let scale = power;
        power.double_in_place();
        (scale, bit.wire())
    }))
}

/// Requires the integer that the bits spell (least significant first) to be at most a constant of
/// as many bits. Costs [`at_most_cost`].
///
/// Walks the constant from its top bit in runs. `equal` is 1 as long as every bit so far agreed:
/// a run of zeros then admits no one; a run of ones passes `equal` on only if all bits are 1.
///
/// A run of three ones or more passes it on by one constraint, z·w = 1 − equal′ with z the count
/// of disagreements so far: if z = 0 then equal′ = 1, as soundness needs. If z ≠ 0 the prover may
/// choose equal′, but 1 only restrains it further. Where z = 0, w is free and does nothing.
///
/// # Errors
/// Those of the constraint system.
pub fn enforce_at_most(cs: &Cs, bits: &[Bit], most: &BigInt<4>) -> Result<(), SynthesisError> {
    let mut equal = Bit::constant(true);
    let mut end = bits.len();
    while end > 0 {
        let ones = most.get_bit(end - 1);
        let start = (0..end).rev().find(|i| most.get_bit(*i) != ones).map_or(0, |i| i + 1);
        let run = &bits[start..end];
        end = start;
        if !ones {
            let sum = Wire::sum(run.iter().map(Bit::wire));
            enforce_product(cs, equal.wire(), &sum, &Wire::zero())?;
        } else if end > 0 {
            equal = still_equal(cs, &equal, run)?;
        }
    }
    Ok(())
}

fn still_equal(cs: &Cs, equal: &Bit, run: &[Bit]) -> Result<Bit, SynthesisError> {
    if run.len() < 3 {
        let mut all = equal.clone();
        for bit in run {
            all = all.and(cs, bit)?;
        }
        return Ok(all);
    }
    let agreements = Wire::sum(run.iter().map(Bit::wire)) + equal.wire();
    let z = Wire::from(run.len() as u64 + 1) - agreements;
    let inverse = Wire::witness(cs, || Ok(inverse(&z.value()?).unwrap_or(Fr::ZERO)))?;
    Ok(Bit::assume(not(&z.times(cs, &inverse)?)))
}

/// Constraints of [`enforce_at_most`] for a constant of `n` bits.
#[must_use]
pub fn at_most_cost(n: usize, most: &BigInt<4>) -> usize {
    let mut cost = 0;
    let mut run = 0;
    for i in (0..n).rev() {
        run += 1;
        if i > 0 && most.get_bit(i - 1) == most.get_bit(i) {
            continue;
        }
        cost += match (most.get_bit(i), i) {
            (true, 0) => 0,
            (true, _) if run < 3 => run,
            _ => 1,
        };
        run = 0;
    }
    cost
}

/// Whether x = 0. Costs [`IS_ZERO_COST`].
///
/// x·w = 1 − z and x·z = 0. Where x = 0, w is free and does nothing.
///
/// # Errors
/// Those of the constraint system.
pub fn is_zero(cs: &Cs, x: &Wire) -> Result<Bit, SynthesisError> {
    let inverse = Wire::witness(cs, || Ok(inverse(&x.value()?).unwrap_or(Fr::ZERO)))?;
    let zero = not(&x.times(cs, &inverse)?);
    enforce_product(cs, x, &zero, &Wire::zero())?;
    Ok(Bit(zero))
}

/// Whether a = b. Costs [`IS_ZERO_COST`].
///
/// # Errors
/// Those of the constraint system.
pub fn is_equal(cs: &Cs, a: &Wire, b: &Wire) -> Result<Bit, SynthesisError> {
    is_zero(cs, &(a - b))
}

#[cfg(test)]
mod tests {
    use ark_ff::UniformRand;
    use ark_std::test_rng;

    use super::*;
    use crate::testing::{accepts, free_variables, system};

    fn witness(cs: &Cs, value: Fr) -> Wire {
        Wire::witness(cs, || Ok(value)).unwrap()
    }

    fn spelled(value: &BigInt<4>, n: usize, cs: &Cs) -> Vec<Bit> {
        (0..n)
            .map(|i| Bit::witness(cs, || Ok(value.get_bit(i))).unwrap())
            .collect()
    }

    #[test]
    fn a_bit_is_0_or_1() {
        for (value, good) in [(0, true), (1, true), (2, false)] {
            let cs = system();
            Bit::enforce(&cs, witness(&cs, Fr::from(value))).unwrap();
            assert_eq!(cs.num_constraints(), BIT_COST);
            assert_eq!(cs.is_satisfied().unwrap(), good);
        }
    }

    #[test]
    fn connectives_follow_their_tables() {
        for (a, b) in [(false, false), (false, true), (true, false), (true, true)] {
            let cs = system();
            let x = Bit::witness(&cs, || Ok(a)).unwrap();
            let y = Bit::witness(&cs, || Ok(b)).unwrap();
            let results = [
                (x.and(&cs, &y).unwrap(), a && b),
                (x.or(&cs, &y).unwrap(), a || b),
                (x.xor(&cs, &y).unwrap(), a != b),
                (x.not(), !a),
            ];
            assert_eq!(cs.num_constraints(), 2 * BIT_COST + 3);
            for (result, expected) in results {
                assert_eq!(result.value().unwrap(), expected);
                let expected = Wire::constant(Fr::from(expected));
                result.wire().enforce_equal(&cs, &expected).unwrap();
            }
            assert!(cs.is_satisfied().unwrap());
            x.enforce_implies(&cs, &y).unwrap();
            assert_eq!(cs.is_satisfied().unwrap(), !a || b);
        }
    }

    #[test]
    fn enforced_truth_and_falsehood() {
        for value in [false, true] {
            let cs = system();
            Bit::constant(value).enforce_true(&cs).unwrap();
            assert_eq!(cs.is_satisfied().unwrap(), value);
            let cs = system();
            Bit::constant(value).enforce_false(&cs).unwrap();
            assert_eq!(cs.is_satisfied().unwrap(), !value);
        }
    }

    #[test]
    fn ranges_hold_at_their_edges() {
        for n in [1, 2, 8, 64, MAX_RANGE] {
            let power = Fr::from(2u64).pow([n as u64]);
            for (x, good) in [
                (Fr::ZERO, true),
                (Fr::ONE, true),
                (power - Fr::ONE, true),
                (power, false),
                (-Fr::ONE, false),
            ] {
                let cs = system();
                let wire = witness(&cs, x);
                let bits = decompose(&cs, &wire, n).unwrap();
                assert_eq!(cs.num_constraints(), range_cost(n));
                assert_eq!(cs.is_satisfied().unwrap(), good, "{n}");
                assert_eq!(bits.len(), n);
                if good {
                    assert_eq!(pack(&bits).value().unwrap(), x);
                    for (i, bit) in bits.iter().enumerate() {
                        assert_eq!(bit.value().unwrap(), x.into_bigint().get_bit(i));
                    }
                }
            }
        }
        assert!(decompose(&system(), &Wire::zero(), MAX_RANGE + 1).is_err());
    }

    #[test]
    fn an_empty_range_holds_only_zero() {
        for (x, good) in [(0, true), (1, false)] {
            let cs = system();
            enforce_range(&cs, &witness(&cs, Fr::from(x)), 0).unwrap();
            assert_eq!(cs.is_satisfied().unwrap(), good);
        }
    }

    #[test]
    fn canonical_bits_are_the_integers() {
        let mut rng = test_rng();
        for x in [Fr::ZERO, Fr::ONE, -Fr::ONE, -Fr::from(2u64), Fr::rand(&mut rng)] {
            let cs = system();
            let wire = witness(&cs, x);
            let bits = decompose_canonical(&cs, &wire).unwrap();
            assert_eq!(cs.num_constraints(), CANONICAL_COST);
            assert!(cs.is_satisfied().unwrap());
            for (i, bit) in bits.iter().enumerate() {
                assert_eq!(bit.value().unwrap(), x.into_bigint().get_bit(i));
            }
        }
    }

    /// x + p spells the same field element in 254 bits for small x; the bound tells them apart.
    #[test]
    fn a_second_spelling_is_refused() {
        let mut largest = Fr::MODULUS;
        largest.sub_with_borrow(&BigInt::one());
        for (add, good) in [(-1i64, true), (0, false), (1, false), (5, false)] {
            let mut value = Fr::MODULUS;
            if add < 0 {
                value.sub_with_borrow(&BigInt::from(add.unsigned_abs()));
            } else {
                value.add_with_carry(&BigInt::from(add.unsigned_abs()));
            }
            let cs = system();
            let bits = spelled(&value, CANONICAL_BITS, &cs);
            let before = cs.num_constraints();
            enforce_at_most(&cs, &bits, &largest).unwrap();
            assert_eq!(cs.num_constraints() - before, CANONICAL_BOUND_COST);
            assert_eq!(cs.is_satisfied().unwrap(), good, "p + {add}");
        }
        let cs = system();
        let bits = spelled(&BigInt([u64::MAX; 4]), CANONICAL_BITS, &cs);
        enforce_at_most(&cs, &bits, &largest).unwrap();
        assert!(!cs.is_satisfied().unwrap());
    }

    /// Every constant and every value of seven bits, against the integers.
    #[test]
    fn at_most_is_exact() {
        for most in 0..128u64 {
            let bound = BigInt::from(most);
            for value in 0..128u64 {
                let cs = system();
                let bits = spelled(&BigInt::from(value), 7, &cs);
                let before = cs.num_constraints();
                enforce_at_most(&cs, &bits, &bound).unwrap();
                assert_eq!(cs.num_constraints() - before, at_most_cost(7, &bound));
                assert_eq!(cs.is_satisfied().unwrap(), value <= most, "{value} {most}");
            }
        }
    }

    /// A prover that lies about a run of ones: with z = 0 no choice of w hides the agreement.
    #[test]
    fn no_variable_of_a_canonical_decomposition_is_free() {
        let cs = system();
        let x = witness(&cs, Fr::rand(&mut test_rng()));
        decompose_canonical(&cs, &x).unwrap();
        x.enforce_equal(&cs, &Wire::constant(x.value().unwrap())).unwrap();
        assert!(free_variables(&cs).unwrap().is_empty());
    }

    #[test]
    fn zero_and_equality_tests() {
        for (a, b) in [(0, 0), (5, 5), (5, 6), (0, 1)] {
            let cs = system();
            let (x, y) = (witness(&cs, Fr::from(a)), witness(&cs, Fr::from(b)));
            let equal = is_equal(&cs, &x, &y).unwrap();
            assert_eq!(cs.num_constraints(), IS_ZERO_COST);
            assert_eq!(equal.value().unwrap(), a == b);
            assert!(cs.is_satisfied().unwrap());
            equal.wire().enforce_equal(&cs, &Wire::from(u64::from(a == b))).unwrap();
            // The inverse of zero is the one variable that nothing reads.
            let free = free_variables(&cs).unwrap();
            assert_eq!(free.len(), usize::from(a == b));
            assert!(free.iter().all(|free| free.witness == 2));
        }
    }

    /// Witnesses: x, its inverse w, and x·w. Claiming that 5 is zero needs w = 0.
    #[test]
    fn a_lie_about_zero_is_refused() {
        let cs = system();
        let x = witness(&cs, Fr::from(5u64));
        is_zero(&cs, &x).unwrap();
        assert!(accepts(&cs, &[]).unwrap());
        assert!(!accepts(&cs, &[(1, Fr::ZERO), (2, Fr::ZERO)]).unwrap());
        let cs = system();
        let zero = witness(&cs, Fr::ZERO);
        is_zero(&cs, &zero).unwrap();
        assert!(!accepts(&cs, &[(1, Fr::ONE), (2, Fr::ONE)]).unwrap());
    }

    /// 1110 > 1101: after the three ones agree, no w makes the product anything but 0.
    #[test]
    fn a_lie_about_a_run_is_refused() {
        let cs = system();
        let bits = spelled(&BigInt::from(0b11110u64), 5, &cs);
        enforce_at_most(&cs, &bits, &BigInt::from(0b11101u64)).unwrap();
        for w in [Fr::ZERO, Fr::ONE, -Fr::ONE] {
            for product in [Fr::ZERO, Fr::ONE, -Fr::ONE] {
                assert!(!accepts(&cs, &[(5, w), (6, product)]).unwrap());
            }
        }
    }
}
