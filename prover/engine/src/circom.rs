//! Proofs of any circom circuit, from its `.zkey` and `.wtns`.

use crate::blinding::Blinding;
use crate::checkpoint::Checkpoint;
use crate::cpu::{Ready, ReadyStage, Settings};
use crate::error::ProveError;
use ark_bn254::{Bn254, Fr};
use ark_groth16::{Groth16, PreparedVerifyingKey, Proof, prepare_verifying_key};
use medproof_keys::Progress;
use medproof_keys::circom::Zkey;

/// Proves under one `.zkey`.
pub struct Circom {
    ready: Ready,
    verifying: PreparedVerifyingKey<Bn254>,
}

impl Circom {
    /// Prepares a key.
    ///
    /// # Errors
    /// As [`Ready::of_zkey`].
    pub fn new(key: &Zkey, settings: Settings, progress: &dyn Progress<ReadyStage>) -> Result<Circom, ProveError> {
        Ok(Circom::of(Ready::of_zkey(key, settings, progress)?))
    }

    /// With a key that was prepared.
    #[must_use]
    pub fn of(ready: Ready) -> Circom {
        Circom {
            verifying: prepare_verifying_key(ready.verifying()),
            ready,
        }
    }

    /// The values of a witness that a proof shows.
    #[must_use]
    pub fn public<'a>(&self, witness: &'a [Fr]) -> &'a [Fr] {
        witness.get(1..self.ready.inputs()).unwrap_or_default()
    }

    /// A proof, with fresh randomness, that was verified.
    ///
    /// # Errors
    /// [`ProveError::Mismatch`] for another circuit's witness; [`ProveError::UnsatisfiedWitness`] for one
    /// that does not satisfy the circuit: the key holds too little of it to say where;
    /// [`ProveError::Cancelled`] at a checkpoint.
    pub fn prove(&self, witness: &[Fr], checkpoint: &dyn Checkpoint) -> Result<Proof<Bn254>, ProveError> {
        let proof = self.ready.prove(witness, &Blinding::fresh()?, checkpoint)?;
        let verified = Groth16::<Bn254>::verify_proof(&self.verifying, &proof, self.public(witness));
        match verified {
            Ok(true) => Ok(proof),
            Ok(false) => Err(ProveError::UnsatisfiedWitness),
            Err(error) => Err(ProveError::Prover(error.to_string())),
        }
    }
}
