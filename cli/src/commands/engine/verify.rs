//! `medproof engine verify`.

use super::{load, milliseconds};
use crate::context::Context;
use crate::error::CliError;
use clap::Args;
use medproof_engine::circom::verify as verifies;
use medproof_keys::circom::{read_proof, read_public, read_verification_key};
use serde::Serialize;
use std::fmt;
use std::path::PathBuf;
use std::time::Instant;

/// Arguments of `engine verify`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Examples:\n  medproof engine verify --verification-key verification_key.json --proof proof.json --public public.json\n  \
    medproof engine verify --verification-key vk.json --proof p.json --public i.json --json\n\n\
    Exit code 0: the proof verifies; 1: it does not."
)]
pub struct EngineVerifyArgs {
    /// The circuit's verifying key, as snarkjs writes it (BN254, Groth16).
    #[arg(long, value_name = "FILE")]
    pub verification_key: PathBuf,
    /// The proof.
    #[arg(long, value_name = "FILE")]
    pub proof: PathBuf,
    /// Its public inputs.
    #[arg(long, value_name = "FILE")]
    pub public: PathBuf,
}

/// A proof that verifies.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VerifiedReport {
    /// Always true: a proof that does not verify is an error.
    pub valid: bool,
    /// What it is about.
    pub public: Vec<String>,
    /// The verification, without reading.
    pub verify_ms: f64,
}

/// Verifies.
///
/// # Errors
/// Where a file cannot be read, the inputs are not as many as the key's, or the proof is false.
pub fn verify(args: &EngineVerifyArgs, _: &Context) -> Result<VerifiedReport, CliError> {
    let key = load(
        &args.verification_key,
        "verification_key",
        "a verification_key.json",
        read_verification_key,
    )?;
    let proof = load(&args.proof, "proof", "a proof.json", read_proof)?;
    let public = load(&args.public, "public", "a public.json", read_public)?;
    let start = Instant::now();
    let valid = verifies(&key, &proof, &public).map_err(|e| CliError::input("public", e))?;
    let verify_ms = milliseconds(start.elapsed());
    if !valid {
        let message = "the proof does not verify: it is of other public inputs, or of another key, or none";
        return Err(CliError::refused("proof.invalid", message));
    }
    Ok(VerifiedReport {
        valid,
        public: public.iter().map(ToString::to_string).collect(),
        verify_ms,
    })
}

impl fmt::Display for VerifiedReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "Valid, for {} public inputs ({:.1} ms).",
            self.public.len(),
            self.verify_ms
        )
    }
}
