//! The values of a circuit's variables: one synthesis, no matrices.

use crate::error::ProveError;
use ark_bn254::Fr;
use ark_relations::gr1cs::{ConstraintSynthesizer, ConstraintSystem, SynthesisError, SynthesisMode};
use medproof_gadgets::shape::Shape;
use medproof_gadgets::wire::Cs;
use std::fmt;
use zeroize::Zeroizing;

/// The constant 1, the public inputs, the witness. Wiped when dropped.
pub struct Assignment {
    values: Zeroizing<Vec<Fr>>,
    inputs: usize,
}

impl Assignment {
    /// Synthesises a circuit with its witness.
    ///
    /// # Errors
    /// [`ProveError::Synthesis`] if the circuit fails, [`ProveError::Mismatch`] if it has other
    /// numbers of variables than `shape`.
    pub fn synthesise(circuit: impl ConstraintSynthesizer<Fr>, shape: &Shape) -> Result<Self, ProveError> {
        let mut system = ConstraintSystem::new();
        system.set_mode(SynthesisMode::Prove {
            construct_matrices: false,
            generate_lc_assignments: false,
        });
        // Room for all: a list that grows leaves its values behind in freed memory.
        system.assignments.instance_assignment.reserve_exact(shape.inputs);
        system.assignments.witness_assignment.reserve_exact(shape.witness);
        let cs = Cs::new(system);
        let outcome = circuit.generate_constraints(cs.clone());
        let (instance, witness) = take(&cs).map_err(ProveError::Synthesis)?;
        outcome.map_err(ProveError::Synthesis)?;
        expect("public inputs", shape.inputs, instance.len())?;
        expect("private variables", shape.witness, witness.len())?;
        let mut values = Zeroizing::new(Vec::with_capacity(shape.variables()));
        values.extend_from_slice(&instance);
        values.extend_from_slice(&witness);
        Ok(Self {
            values,
            inputs: shape.inputs,
        })
    }

    /// All values: the constant 1, the public inputs, the witness.
    #[must_use]
    pub fn values(&self) -> &[Fr] {
        &self.values
    }

    /// The public inputs, without the constant.
    #[must_use]
    pub fn public(&self) -> &[Fr] {
        self.values.get(1..self.inputs).unwrap_or_default()
    }

    /// Requires the counts of a key's circuit.
    pub(crate) fn require(&self, shape: &Shape) -> Result<(), ProveError> {
        expect("public inputs", shape.inputs, self.inputs)?;
        expect("variables", shape.variables(), self.values.len())
    }
}

impl fmt::Debug for Assignment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Assignment({} values)", self.values.len())
    }
}

type Values = Zeroizing<Vec<Fr>>;

fn take(cs: &Cs) -> Result<(Values, Values), SynthesisError> {
    let mut system = cs.borrow_mut().ok_or(SynthesisError::MissingCS)?;
    let assignments = &mut system.assignments;
    let instance = std::mem::take(&mut assignments.instance_assignment);
    let witness = std::mem::take(&mut assignments.witness_assignment);
    Ok((Zeroizing::new(instance), Zeroizing::new(witness)))
}

fn expect(part: &'static str, expected: usize, found: usize) -> Result<(), ProveError> {
    if expected == found {
        Ok(())
    } else {
        Err(ProveError::Mismatch { part, expected, found })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Chain, matrices_of};

    #[test]
    fn an_assignment_is_that_of_a_full_synthesis() {
        let chain = Chain::honest(5);
        let shape = matrices_of(5).shape();
        let assignment = Assignment::synthesise(chain, &shape).unwrap();
        let cs = Cs::new(ConstraintSystem::new());
        chain.generate_constraints(cs.clone()).unwrap();
        let expected = [cs.instance_assignment().unwrap(), cs.witness_assignment().unwrap()].concat();
        assert_eq!(assignment.values(), expected);
        assert_eq!(assignment.public(), &expected[1..6]);
        assert!(assignment.require(&shape).is_ok());
        assert_eq!(format!("{assignment:?}"), "Assignment(12 values)");
    }

    #[test]
    fn other_counts_are_a_mismatch() {
        let other = matrices_of(6).shape();
        let refused = Assignment::synthesise(Chain::honest(5), &other);
        assert!(matches!(
            refused,
            Err(ProveError::Mismatch {
                part: "private variables",
                expected: 7,
                found: 6
            })
        ));
        let assignment = Assignment::synthesise(Chain::honest(5), &matrices_of(5).shape()).unwrap();
        assert!(matches!(
            assignment.require(&other),
            Err(ProveError::Mismatch { part: "variables", .. })
        ));
    }

    #[test]
    fn a_circuit_without_a_witness_is_an_error() {
        let refused = Assignment::synthesise(Chain::blank(5), &matrices_of(5).shape());
        assert!(matches!(
            refused,
            Err(ProveError::Synthesis(SynthesisError::AssignmentMissing))
        ));
    }
}
