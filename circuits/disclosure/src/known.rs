//! The witness as closures see it: there while proving, missing while a key is made.

use ark_relations::gr1cs::SynthesisError;
use medproof_gadgets::{Cs, Wire};
use medproof_statement::Fr;
use medproof_statement::check::Witness;

/// A witness, if there is one.
#[derive(Clone, Copy)]
pub(crate) struct Known<'w>(Option<&'w Witness>);

impl<'w> Known<'w> {
    pub(crate) const fn new(witness: Option<&'w Witness>) -> Self {
        Known(witness)
    }

    /// A value read from the witness.
    pub(crate) fn get<T>(self, read: impl FnOnce(&'w Witness) -> T) -> Result<T, SynthesisError> {
        self.0.map(read).ok_or(SynthesisError::AssignmentMissing)
    }

    /// A fresh wire whose value is read from the witness.
    pub(crate) fn wire(self, cs: &Cs, read: impl FnOnce(&'w Witness) -> Fr) -> Result<Wire, SynthesisError> {
        Wire::witness(cs, || self.get(read))
    }
}
