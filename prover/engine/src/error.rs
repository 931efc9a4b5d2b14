//! Why there is no proof.

use crate::cpu::FileError;
use ark_relations::gr1cs::SynthesisError;
use medproof_keys::{Cancelled, KeyError};
use medproof_messages::PresentationError;
use medproof_statement::check::Violation;
use medproof_statement::tier::Tier;
use thiserror::Error;

/// Why there is no proof. Tells which relation fails, and nothing of the witness's values; whether
/// even that may leave the prover is for its caller to decide (it may not reach the asker).
#[derive(Debug, Error)]
pub enum ProveError {
    /// The engine was given no key of this tier.
    #[error("no proving key of tier {tier}: load it and give it to the engine")]
    NoKey {
        /// Of the policy.
        tier: Tier,
    },
    /// The witness does not satisfy the relation.
    #[error("the statement does not hold: {0}")]
    Violation(#[from] Violation),
    /// The circuit could not be assigned.
    #[error("the witness cannot be computed: {0}")]
    Synthesis(SynthesisError),
    /// The circuit and the key's matrices differ in size: the key is another circuit's.
    #[error("{part}: the key takes {expected}, the circuit has {found}; use the key made for this circuit")]
    Mismatch {
        /// What differs.
        part: &'static str,
        /// Of the key.
        expected: usize,
        /// Of the circuit.
        found: usize,
    },
    /// A row is not satisfied though the relation holds natively: circuit and relation disagree.
    #[error("constraint {row} is not satisfied")]
    Unsatisfied {
        /// Its row in A, B and C, from 0.
        row: usize,
    },
    /// A proof that does not verify, of a witness from elsewhere.
    #[error("the proof does not verify: the witness does not satisfy the circuit of this key")]
    UnsatisfiedWitness,
    /// A proof that would tell of the witness: a key's points outside G2 are told apart in it.
    #[error(
        "the proof is outside G2, where it could tell of the witness: do not use this key, whose B query is not of the group"
    )]
    OutsideGroup,
    /// A proof that nothing makes random: its first point is infinity, as only a key made for this very
    /// witness can have it.
    #[error("the proof's first point is infinity, which no randomness hides: do not use this key")]
    Unblindable,
    /// The operating system gave no randomness.
    #[error("no randomness from the operating system: {0}")]
    Entropy(getrandom::Error),
    /// The prover gave points that no proof has: the identity, or outside their group.
    #[error("the prover gave no proof: {0}; run again, and test the machine's memory if it recurs")]
    Points(#[from] PresentationError),
    /// The prover refused.
    #[error("the prover failed: {0}")]
    Prover(String),
    /// The proof does not verify: the key is inconsistent, or the machine computes wrongly.
    #[error(
        "the proof does not verify under its own key: delete the key and make it anew, and test the machine's memory"
    )]
    SelfCheck,
    /// A query and what it is multiplied by do not fit.
    #[error(transparent)]
    Unfit(#[from] crate::msm::Unfit),
    /// The device failed, or there is none.
    #[error(transparent)]
    Device(#[from] medproof_cuda::Failure),
    /// There is no room for what is to be prepared.
    #[error(transparent)]
    Memory(#[from] crate::memory::OutOfMemory),
    /// The prover broke off: a defect of it, or of the machine.
    #[error("the prover broke off in the middle: run again, and report it if it recurs; other proofs are not touched")]
    Panicked,
    /// Stopped as asked.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// Why there is no key that proofs can be made with.
#[derive(Debug, Error)]
pub enum PrepareError {
    /// There is no key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// It was prepared before, but cannot be read.
    #[error("the prepared key: {0}")]
    Read(FileError),
    /// It could not be prepared.
    #[error(transparent)]
    Prepare(#[from] ProveError),
}

impl PrepareError {
    /// Whether the caller stopped the work.
    #[must_use]
    pub const fn is_cancelled(&self) -> bool {
        match self {
            Self::Key(error) => error.is_cancelled(),
            Self::Read(_) => false,
            Self::Prepare(error) => matches!(error, ProveError::Cancelled(_)),
        }
    }
}
