//! What every engine does around its points: check, synthesise, satisfy, prove, verify.

use crate::Proven;
use crate::assignment::Assignment;
use crate::blinding::Blinding;
use crate::checkpoint::{Checkpoint, Watched};
use crate::error::ProveError;
use crate::stage::{ProveStage, Stages};
use ark_bn254::{Bn254, Fr};
use ark_groth16::{Groth16, PreparedVerifyingKey};
use medproof_disclosure::Disclosure;
use medproof_gadgets::shape::Shape;
use medproof_keys::Progress;
use medproof_keys::circuit::Provenance;
use medproof_messages::Proof;
use medproof_statement::check::{self, Witness};
use medproof_statement::public::PublicInputs;
use medproof_statement::tier::Tier;
use std::panic::{AssertUnwindSafe, catch_unwind};

pub type Points = ark_groth16::Proof<Bn254>;

/// One key of an engine.
pub trait Prover {
    /// What is known once every row was found satisfied.
    type Satisfied;

    /// Of its circuit.
    fn tier(&self) -> Tier;
    /// Where the key comes from.
    fn provenance(&self) -> Provenance;
    /// Of its circuit.
    fn shape(&self) -> &Shape;
    /// What proofs verify under.
    fn verifying(&self) -> &PreparedVerifyingKey<Bn254>;
    /// Fails with the first row that is not satisfied.
    fn satisfy(&self, assignment: &Assignment) -> Result<Self::Satisfied, ProveError>;
    /// The proof's points.
    fn points(
        &self,
        assignment: &Assignment,
        satisfied: Self::Satisfied,
        blinding: &Blinding,
        checkpoint: &dyn Checkpoint,
    ) -> Result<Points, ProveError>;

    /// The number of inputs is the key's: the assignment was held to its shape.
    fn verify(&self, points: &Points, public: &[Fr]) -> Result<(), ProveError> {
        match Groth16::<Bn254>::verify_proof(self.verifying(), points, public) {
            Ok(true) => Ok(()),
            Ok(false) => Err(ProveError::SelfCheck),
            Err(error) => Err(ProveError::Prover(error.to_string())),
        }
    }
}

/// Proves a statement: a panic on the way is this proof's error, and no other's.
pub(crate) fn prove(
    prover: &impl Prover,
    public: &PublicInputs,
    witness: &Witness,
    progress: &dyn Progress<ProveStage>,
) -> Result<Proven, ProveError> {
    contained(|| {
        let mut stages = Stages::new(progress);
        stages.run(ProveStage::Check, || Ok(check::check(public, witness)?))?;
        let assignment = stages.run(ProveStage::Synthesis, || {
            Assignment::synthesise(Disclosure::new(*public, witness), prover.shape())
        })?;
        finish(prover, &assignment, stages, progress)
    })
}

/// Proves an assignment.
pub(crate) fn prove_assignment(
    prover: &impl Prover,
    assignment: &Assignment,
    progress: &dyn Progress<ProveStage>,
) -> Result<Proven, ProveError> {
    contained(|| finish(prover, assignment, Stages::new(progress), progress))
}

fn finish(
    prover: &impl Prover,
    assignment: &Assignment,
    mut stages: Stages<'_>,
    progress: &dyn Progress<ProveStage>,
) -> Result<Proven, ProveError> {
    assignment.require(prover.shape())?;
    let satisfied = stages.run(ProveStage::Satisfaction, || prover.satisfy(assignment))?;
    let points = stages.run(ProveStage::Prove, || {
        prover.points(assignment, satisfied, &Blinding::fresh()?, &Watched(progress))
    })?;
    stages.run(ProveStage::Verify, || prover.verify(&points, assignment.public()))?;
    Ok(Proven {
        proof: Proof::new(points.a, points.b, points.c)?,
        timings: stages.timings(),
    })
}

// Nothing that outlives the work is changed by it, so that nothing is left half changed.
fn contained(work: impl FnOnce() -> Result<Proven, ProveError>) -> Result<Proven, ProveError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(ProveError::Panicked))
}
