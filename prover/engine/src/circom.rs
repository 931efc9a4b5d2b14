//! Proofs of any circom circuit, from its `.zkey` and `.wtns`.

use crate::blinding::Blinding;
use crate::cpu::{Ready, Settings};
use crate::error::ProveError;
use ark_bn254::{Bn254, Fr};
use ark_groth16::{Groth16, PreparedVerifyingKey, Proof, VerifyingKey, prepare_verifying_key};
use medproof_keys::circom::Zkey;

/// Proves under one `.zkey`.
pub struct Circom {
    ready: Ready,
    verifying: PreparedVerifyingKey<Bn254>,
    public: usize,
}

impl Circom {
    /// Prepares a key.
    ///
    /// # Errors
    /// As [`Ready::of_zkey`].
    pub fn new(key: &Zkey, settings: Settings) -> Result<Circom, ProveError> {
        let verifying = VerifyingKey {
            alpha_g1: key.alpha_g1,
            beta_g2: key.beta_g2,
            gamma_g2: key.gamma_g2,
            delta_g2: key.delta_g2,
            gamma_abc_g1: key.ic.clone(),
        };
        Ok(Circom {
            ready: Ready::of_zkey(key, settings)?,
            verifying: prepare_verifying_key(&verifying),
            public: key.public,
        })
    }

    /// The values of a witness that a proof shows.
    #[must_use]
    pub fn public<'a>(&self, witness: &'a [Fr]) -> &'a [Fr] {
        witness.get(1..=self.public).unwrap_or_default()
    }

    /// A proof, with fresh randomness, that was verified.
    ///
    /// # Errors
    /// [`ProveError::Mismatch`] for another circuit's witness; [`ProveError::UnsatisfiedWitness`] for one
    /// that does not satisfy the circuit: the key holds too little of it to say where.
    pub fn prove(&self, witness: &[Fr]) -> Result<Proof<Bn254>, ProveError> {
        let proof = self.ready.prove_values(witness, &Blinding::fresh()?)?;
        let verified = Groth16::<Bn254>::verify_proof(&self.verifying, &proof, self.public(witness));
        match verified {
            Ok(true) => Ok(proof),
            Ok(false) => Err(ProveError::UnsatisfiedWitness),
            Err(error) => Err(ProveError::Prover(error.to_string())),
        }
    }
}
