//! A key for a circom circuit, made by one party from a seed that anyone can compute: for tests and
//! benches.

use super::{R1cs, Zkey};
use crate::fit::Misfit;
use crate::progress::Progress;
use crate::setup::{Quotient, Secrets, SetupError, SetupStage, generate};
use medproof_gadgets::shape::Shape;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use sha2::{Digest, Sha256};
use thiserror::Error;

const SEED_TAG: &[u8] = b"medproof/insecure-circom-key/v1";

/// Why there is no key of a circom circuit.
#[derive(Clone, Debug, Error)]
pub enum CircomSetupError {
    /// None can be made, or the work was cancelled.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// What was made does not fit.
    #[error(transparent)]
    Misfit(#[from] Misfit),
}

/// Makes the development key of a circuit. Anyone can forge proofs under it: the same circuit has
/// the same key everywhere, and its secrets follow from the circuit.
///
/// # Errors
/// [`CircomSetupError`].
pub fn development_zkey(r1cs: &R1cs, progress: &dyn Progress<SetupStage>) -> Result<Zkey, CircomSetupError> {
    let matrices = &r1cs.matrices;
    let secrets = Secrets::draw(&mut ChaCha20Rng::from_seed(seed(&matrices.shape())));
    let mut key = generate(matrices, &secrets, Quotient::Values, progress)?;
    let values = std::mem::take(&mut key.h_query);
    Ok(Zkey::new(matrices, key, values)?)
}

fn seed(shape: &Shape) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(SEED_TAG);
    hash.update(shape.digest);
    hash.finalize().into()
}
