//! Groth16 over a fixed key behind one trait.
//!
//! An [`Engine`] turns a witness into a proof, or says why there is none: the relation is checked
//! natively, synthesised once, checked again row by row, proved with fresh randomness, and the
//! proof verified before anyone sees it. [`Arkworks`] is the reference; the pieces that any engine
//! needs ([`assignment`], [`satisfaction`], [`Blinding`]) stand beside it.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod arkworks;
pub mod assignment;
mod blinding;
mod checkpoint;
pub mod circom;
pub mod cpu;
mod crew;
mod error;
pub mod gpu;
pub mod memory;
pub mod msm;
mod pipeline;
pub mod satisfaction;
mod stage;
#[cfg(test)]
mod testing;
mod tiers;

pub use arkworks::Arkworks;
pub use assignment::Assignment;
pub use blinding::Blinding;
pub use checkpoint::{Checkpoint, Unstoppable};
pub use cpu::Cpu;
pub use crew::{Crew, Prove};
pub use error::{PrepareError, ProveError};
pub use gpu::Gpu;
pub use medproof_keys::{Progress, Quiet};
pub use medproof_messages::Proof;
pub use stage::{ProveStage, Timings};

use medproof_statement::check::Witness;
use medproof_statement::public::PublicInputs;

/// Proves statements under the keys that it was given.
pub trait Engine: Send + Sync {
    /// Proves that `witness` satisfies the relation with these public inputs, in the tier of the
    /// witness's policy.
    ///
    /// # Errors
    /// [`ProveError`]: a witness that does not satisfy the relation gives an error that names what
    /// fails, never a proof.
    fn prove(
        &self,
        public: &PublicInputs,
        witness: &Witness,
        progress: &dyn Progress<ProveStage>,
    ) -> Result<Proven, ProveError>;
}

impl<E: Engine + ?Sized> Engine for Box<E> {
    fn prove(
        &self,
        public: &PublicInputs,
        witness: &Witness,
        progress: &dyn Progress<ProveStage>,
    ) -> Result<Proven, ProveError> {
        (**self).prove(public, witness, progress)
    }
}

impl<E: Engine + ?Sized> Engine for std::sync::Arc<E> {
    fn prove(
        &self,
        public: &PublicInputs,
        witness: &Witness,
        progress: &dyn Progress<ProveStage>,
    ) -> Result<Proven, ProveError> {
        (**self).prove(public, witness, progress)
    }
}

/// A proof that was verified, and what it took.
#[derive(Clone, Debug)]
pub struct Proven {
    /// The proof.
    pub proof: Proof,
    /// How long each stage took.
    pub timings: Timings,
}
