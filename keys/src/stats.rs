//! What each tier costs, without making a key.

use crate::sizes;
use ark_relations::gr1cs::SynthesisError;
use medproof_disclosure::{Disclosure, fixed_cost, slot_cost};
use medproof_gadgets::shape::Matrices;
use medproof_messages::key::VERIFYING_KEY_BYTES;
use medproof_statement::tier::Tier;
use serde::Serialize;

/// A tier's circuit and keys in numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CircuitStats {
    /// XS, S, M or L.
    pub tier: &'static str,
    /// Rows.
    pub constraints: usize,
    /// Entries of A, B and C other than zero.
    pub nonzeros: usize,
    /// The same, matrix by matrix.
    pub nonzeros_by_matrix: [usize; 3],
    /// Private variables.
    pub witness: usize,
    /// Public inputs and the constant 1.
    pub inputs: usize,
    /// Constraints that do not depend on the number of slots.
    pub fixed_cost: usize,
    /// Constraints a slot.
    pub slot_cost: usize,
    /// Bytes of the proving key's file.
    pub pk_bytes: u64,
    /// Bytes of the verifying key, compressed, as its id is computed from.
    pub vk_bytes: u64,
}

/// A tier's figures. Synthesises the circuit: up to some seconds for L.
///
/// # Errors
/// Those of the circuit's synthesis.
pub fn of_tier(tier: Tier) -> Result<CircuitStats, SynthesisError> {
    let shape = Matrices::synthesise(Disclosure::blank(tier))?.shape();
    Ok(CircuitStats {
        tier: tier.name(),
        constraints: shape.constraints,
        nonzeros: shape.nonzeros.iter().sum(),
        nonzeros_by_matrix: shape.nonzeros,
        witness: shape.witness,
        inputs: shape.inputs,
        fixed_cost: fixed_cost(tier),
        slot_cost: slot_cost(tier),
        pk_bytes: sizes::proving_key_bytes(&shape),
        vk_bytes: VERIFYING_KEY_BYTES as u64,
    })
}

/// All tiers' figures, smallest first.
///
/// # Errors
/// As [`of_tier`].
pub fn all() -> Result<Vec<CircuitStats>, SynthesisError> {
    Tier::ALL.into_iter().map(of_tier).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tiers_constraints_are_fixed_and_by_slot() {
        let stats = of_tier(Tier::Xs).unwrap();
        assert_eq!(stats.constraints, stats.fixed_cost + Tier::Xs.slots() * stats.slot_cost);
        assert_eq!(stats.nonzeros, stats.nonzeros_by_matrix.iter().sum::<usize>());
        assert_eq!((stats.tier, stats.inputs, stats.vk_bytes), ("XS", 6, 416));
        assert!(stats.constraints <= 16_378);
    }
}
