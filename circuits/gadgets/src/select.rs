//! Choosing among wires: by one bit, by three, by a one-hot vector.

use ark_bn254::Fr;
use ark_ff::Field;
use ark_relations::gr1cs::SynthesisError;

use crate::bits::Bit;
use crate::wire::{Cs, Wire, enforce_product};

/// Constraints of [`select`].
pub const SELECT_COST: usize = 1;
/// Constraints of [`enforce_member8`].
pub const MEMBER8_COST: usize = 7;

/// `yes` where the bit is 1, else `no`. Costs [`SELECT_COST`].
///
/// # Errors
/// Those of the constraint system.
pub fn select(cs: &Cs, bit: &Bit, yes: &Wire, no: &Wire) -> Result<Wire, SynthesisError> {
    let chosen = Wire::witness(cs, || if bit.value()? { yes.value() } else { no.value() })?;
    enforce_product(cs, bit.wire(), &(yes - no), &(&chosen - no))?;
    Ok(chosen)
}

/// Requires the item at the index that three bits spell (least significant first) to be `item`.
/// Costs [`MEMBER8_COST`].
///
/// A tree of six selects, and a seventh constraint in place of the last select and an equality.
///
/// # Errors
/// Those of the constraint system.
pub fn enforce_member8(cs: &Cs, index: &[Bit; 3], items: &[Wire; 8], item: &Wire) -> Result<(), SynthesisError> {
    let [low, middle, high] = index;
    let [a, b, c, d, e, f, g, h] = items;
    let ab = select(cs, low, b, a)?;
    let cd = select(cs, low, d, c)?;
    let ef = select(cs, low, f, e)?;
    let gh = select(cs, low, h, g)?;
    let first = select(cs, middle, &cd, &ab)?;
    let second = select(cs, middle, &gh, &ef)?;
    enforce_product(cs, high.wire(), &(second - &first), &(item - &first))
}

/// Bits of which exactly one is 1: at the index that `which` names.
#[derive(Debug, Clone)]
pub struct OneHot(Vec<Bit>);

/// Bits of which at most one is 1.
#[derive(Debug, Clone)]
pub struct AtMostOne(Vec<Bit>);

impl OneHot {
    /// Constraints of [`OneHot::witness`] with `n` bits.
    #[must_use]
    pub const fn cost(n: usize) -> usize {
        n
    }

    /// Fresh bits. n − 1 are variables and the first is one minus their sum; all are held to 0 or
    /// 1, so the sum needs no constraint of its own. Costs [`OneHot::cost(n)`](OneHot::cost).
    ///
    /// # Errors
    /// [`SynthesisError::Unsatisfiable`] when n = 0 or the index is out of range.
    pub fn witness(
        cs: &Cs,
        n: usize,
        which: impl FnOnce() -> Result<usize, SynthesisError>,
    ) -> Result<Self, SynthesisError> {
        let rest = n.checked_sub(1).ok_or(SynthesisError::Unsatisfiable)?;
        let index = assigned(cs, which)?;
        if index.is_some_and(|index| index >= n) {
            return Err(SynthesisError::Unsatisfiable);
        }
        let mut bits = fresh(cs, rest, index.map(|index| index.checked_sub(1)))?;
        let sum = Wire::sum(bits.iter().map(Bit::wire));
        bits.insert(0, Bit::enforce(cs, Wire::constant(Fr::ONE) - sum)?);
        Ok(Self(bits))
    }

    /// The bits.
    #[must_use]
    pub fn bits(&self) -> &[Bit] {
        &self.0
    }

    /// Constraints of [`OneHot::choose`] among `n` wires.
    #[must_use]
    pub const fn choose_cost(n: usize) -> usize {
        n.saturating_sub(1)
    }

    /// The wire at the index: v₀ + Σ bᵢ·(vᵢ − v₀). Costs [`OneHot::choose_cost(n)`](OneHot::choose_cost).
    ///
    /// # Errors
    /// [`SynthesisError::Unsatisfiable`] when there are not as many wires as bits.
    pub fn choose(&self, cs: &Cs, values: &[Wire]) -> Result<Wire, SynthesisError> {
        same_length(&self.0, values)?;
        let Some((first, rest)) = values.split_first() else {
            return Err(SynthesisError::Unsatisfiable);
        };
        let mut chosen = first.clone();
        for (bit, value) in self.0[1..].iter().zip(rest) {
            chosen = chosen + bit.wire().times(cs, &(value - first))?;
        }
        Ok(chosen)
    }

    /// The constant at the index. Free.
    ///
    /// # Errors
    /// [`SynthesisError::Unsatisfiable`] when there are not as many constants as bits.
    pub fn choose_constant(&self, values: &[Fr]) -> Result<Wire, SynthesisError> {
        weighted(&self.0, values)
    }
}

impl AtMostOne {
    /// Constraints of [`AtMostOne::witness`] with `n` bits.
    #[must_use]
    pub const fn cost(n: usize) -> usize {
        n + 1
    }

    /// Fresh bits whose sum is a bit as well. Costs [`AtMostOne::cost(n)`](AtMostOne::cost).
    ///
    /// # Errors
    /// [`SynthesisError::Unsatisfiable`] when the index is out of range.
    pub fn witness(
        cs: &Cs,
        n: usize,
        which: impl FnOnce() -> Result<Option<usize>, SynthesisError>,
    ) -> Result<Self, SynthesisError> {
        let index = assigned(cs, which)?;
        if index.flatten().is_some_and(|index| index >= n) {
            return Err(SynthesisError::Unsatisfiable);
        }
        let set = Self(fresh(cs, n, index)?);
        Bit::enforce(cs, set.any().wire().clone())?;
        Ok(set)
    }

    /// The bits.
    #[must_use]
    pub fn bits(&self) -> &[Bit] {
        &self.0
    }

    /// Whether one of them is 1. Free: it is their sum.
    #[must_use]
    pub fn any(&self) -> Bit {
        Bit::assume(Wire::sum(self.0.iter().map(Bit::wire)))
    }

    /// Constraints of [`AtMostOne::choose`] among `n` wires.
    #[must_use]
    pub const fn choose_cost(n: usize) -> usize {
        n
    }

    /// The wire at the index, or 0. Costs [`AtMostOne::choose_cost(n)`](AtMostOne::choose_cost).
    ///
    /// # Errors
    /// [`SynthesisError::Unsatisfiable`] when there are not as many wires as bits.
    pub fn choose(&self, cs: &Cs, values: &[Wire]) -> Result<Wire, SynthesisError> {
        same_length(&self.0, values)?;
        let mut chosen = Wire::zero();
        for (bit, value) in self.0.iter().zip(values) {
            chosen = chosen + bit.wire().times(cs, value)?;
        }
        Ok(chosen)
    }

    /// The constant at the index, or 0. Free.
    ///
    /// # Errors
    /// [`SynthesisError::Unsatisfiable`] when there are not as many constants as bits.
    pub fn choose_constant(&self, values: &[Fr]) -> Result<Wire, SynthesisError> {
        weighted(&self.0, values)
    }
}

/// The index, unless a key is being made.
fn assigned<T>(cs: &Cs, which: impl FnOnce() -> Result<T, SynthesisError>) -> Result<Option<T>, SynthesisError> {
    if cs.is_in_setup_mode() {
        return Ok(None);
    }
    which().map(Some)
}

/// `n` booleans, set at the index. The outer option is whether there is an assignment.
fn fresh(cs: &Cs, n: usize, index: Option<Option<usize>>) -> Result<Vec<Bit>, SynthesisError> {
    (0..n)
        .map(|i| {
            Bit::witness(cs, || {
                let index = index.ok_or(SynthesisError::AssignmentMissing)?;
                Ok(index == Some(i))
            })
        })
        .collect()
}

fn same_length<T>(bits: &[Bit], values: &[T]) -> Result<(), SynthesisError> {
    if bits.len() != values.len() {
        return Err(SynthesisError::Unsatisfiable);
    }
    Ok(())
}

fn weighted(bits: &[Bit], values: &[Fr]) -> Result<Wire, SynthesisError> {
    same_length(bits, values)?;
    let parts = values.iter().copied().zip(bits.iter().map(Bit::wire));
    Ok(Wire::combination(parts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{free_variables, system};

    fn items<const N: usize>(cs: &Cs) -> [Wire; N] {
        core::array::from_fn(|i| Wire::witness(cs, || Ok(Fr::from(100 + i as u64))).unwrap())
    }

    fn index(cs: &Cs, i: usize) -> [Bit; 3] {
        core::array::from_fn(|k| Bit::witness(cs, || Ok(i >> k & 1 == 1)).unwrap())
    }

    #[test]
    fn select_takes_the_side_of_its_bit() {
        for side in [false, true] {
            let cs = system();
            let bit = Bit::witness(&cs, || Ok(side)).unwrap();
            let [yes, no] = items::<2>(&cs);
            let before = cs.num_constraints();
            let chosen = select(&cs, &bit, &yes, &no).unwrap();
            assert_eq!(cs.num_constraints() - before, SELECT_COST);
            let expected = if side { &yes } else { &no };
            assert_eq!(chosen.value().unwrap(), expected.value().unwrap());
            chosen.enforce_equal(&cs, expected).unwrap();
            assert!(cs.is_satisfied().unwrap());
        }
    }

    #[test]
    fn member8_is_at_its_index_and_nowhere_else() {
        for at in 0..8 {
            for claimed in 0..8u64 {
                let cs = system();
                let index = index(&cs, at);
                let items = items::<8>(&cs);
                let item = Wire::from(100 + claimed);
                let before = cs.num_constraints();
                enforce_member8(&cs, &index, &items, &item).unwrap();
                assert_eq!(cs.num_constraints() - before, MEMBER8_COST);
                assert_eq!(cs.is_satisfied().unwrap(), claimed == at as u64);
            }
        }
    }

    #[test]
    fn one_hot_of_every_index() {
        for n in 1..6 {
            for at in 0..n {
                let cs = system();
                let hot = OneHot::witness(&cs, n, || Ok(at)).unwrap();
                assert_eq!(cs.num_constraints(), OneHot::cost(n));
                let bits: Vec<bool> = hot.bits().iter().map(|b| b.value().unwrap()).collect();
                assert_eq!(bits, (0..n).map(|i| i == at).collect::<Vec<_>>());
                let values: Vec<Wire> = (0..n)
                    .map(|i| Wire::witness(&cs, || Ok(Fr::from(7 + i as u64))).unwrap())
                    .collect();
                let before = cs.num_constraints();
                let chosen = hot.choose(&cs, &values).unwrap();
                assert_eq!(cs.num_constraints() - before, OneHot::choose_cost(n));
                assert_eq!(chosen.value().unwrap(), Fr::from(7 + at as u64));
                let constants: Vec<Fr> = (0..n).map(|i| Fr::from(50 + i as u64)).collect();
                let constant = hot.choose_constant(&constants).unwrap();
                assert_eq!(constant.value().unwrap(), Fr::from(50 + at as u64));
                assert!(cs.is_satisfied().unwrap());
            }
            assert!(OneHot::witness(&system(), n, || Ok(n)).is_err());
        }
        assert!(OneHot::witness(&system(), 0, || Ok(0)).is_err());
    }

    #[test]
    fn at_most_one_of_every_index_and_none() {
        let n = 4;
        for at in [None, Some(0), Some(1), Some(2), Some(3)] {
            let cs = system();
            let hot = AtMostOne::witness(&cs, n, || Ok(at)).unwrap();
            assert_eq!(cs.num_constraints(), AtMostOne::cost(n));
            assert_eq!(hot.any().value().unwrap(), at.is_some());
            let values = items::<4>(&cs);
            let before = cs.num_constraints();
            let chosen = hot.choose(&cs, &values).unwrap();
            assert_eq!(cs.num_constraints() - before, AtMostOne::choose_cost(n));
            let expected = at.map_or(Fr::from(0u64), |i| Fr::from(100 + i as u64));
            assert_eq!(chosen.value().unwrap(), expected);
            let constants = [Fr::from(1u64), Fr::from(2u64), Fr::from(3u64), Fr::from(4u64)];
            let constant = hot.choose_constant(&constants).unwrap().value().unwrap();
            assert_eq!(constant, Fr::from(at.map_or(0, |i| i as u64 + 1)));
            assert!(cs.is_satisfied().unwrap());
        }
        assert!(AtMostOne::witness(&system(), n, || Ok(Some(4))).is_err());
    }

    /// Two bits set, written past the constructor's closure.
    #[test]
    fn two_bits_set_are_refused() {
        let cs = system();
        let bits = fresh(&cs, 3, Some(Some(1))).unwrap();
        let second = Bit::witness(&cs, || Ok(true)).unwrap();
        let sum = Wire::sum(bits.iter().map(Bit::wire)) + second.wire();
        assert!(cs.is_satisfied().unwrap());
        Bit::enforce(&cs, sum).unwrap();
        assert!(!cs.is_satisfied().unwrap());
    }

    /// A single bit of an all-zero "at most one" may be set: another vector, not a free variable
    /// of one. Beside a chosen value nothing moves.
    #[test]
    fn chosen_values_hold_the_bits_in_place() {
        let cs = system();
        let hot = OneHot::witness(&cs, 4, || Ok(2)).unwrap();
        let constants: Vec<Fr> = (1..5u64).map(Fr::from).collect();
        let chosen = hot.choose_constant(&constants).unwrap();
        chosen.enforce_equal(&cs, &Wire::from(3)).unwrap();
        assert!(free_variables(&cs).unwrap().is_empty());
    }

    #[test]
    fn lengths_must_match() {
        let cs = system();
        let hot = OneHot::witness(&cs, 3, || Ok(0)).unwrap();
        assert!(hot.choose(&cs, &items::<2>(&cs)).is_err());
        assert!(hot.choose_constant(&[Fr::ONE]).is_err());
        let any = AtMostOne::witness(&cs, 3, || Ok(None)).unwrap();
        assert!(any.choose(&cs, &items::<4>(&cs)).is_err());
    }
}
