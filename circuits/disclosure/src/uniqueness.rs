//! §5.7 and §5.8: the nullifier and the consent handle.

use ark_relations::gr1cs::SynthesisError;
use medproof_gadgets::{Cs, Wire, poseidon2};
use medproof_statement::hash::Tag;

/// Constraints of [`enforce_nullifier`] and [`enforce_handle`].
pub(crate) fn cost() -> usize {
    2 * poseidon2::hash_cost::<4>(2) + poseidon2::hash_cost::<4>(1) + 2
}

/// nullifier = H_nullifier(nk, scope). Stops a second use within a scope under another nullifier.
pub(crate) fn enforce_nullifier(cs: &Cs, nk: &Wire, scope: &Wire, nullifier: &Wire) -> Result<(), SynthesisError> {
    poseidon2::hash::<4>(cs, Tag::Nullifier as u64, &[nk.clone(), scope.clone()])?.enforce_equal(cs, nullifier)
}

/// consent_handle = H_handle(H_revoke(nk, consent)). Stops a revoked consent shown under another
/// handle.
pub(crate) fn enforce_handle(cs: &Cs, nk: &Wire, consent: &Wire, handle: &Wire) -> Result<(), SynthesisError> {
    let secret = poseidon2::hash::<4>(cs, Tag::Revoke as u64, &[nk.clone(), consent.clone()])?;
    poseidon2::hash::<4>(cs, Tag::Handle as u64, &[secret])?.enforce_equal(cs, handle)
}
