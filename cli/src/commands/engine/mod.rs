//! `medproof engine`: the prover by itself, on anybody's circuits.

mod export;
mod prove;
mod setup;
mod verify;

pub use export::{EngineExportArgs, ExportReport, export};
pub use prove::{EngineProveArgs, EngineReport, prove};
pub use setup::{EngineSetupArgs, SetupReport, setup};
pub use verify::{EngineVerifyArgs, VerifiedReport, verify};

use crate::error::CliError;
use crate::files::{self, Overwrite, Secrecy};
use clap::Subcommand;
use medproof_keys::circom::FormatError;
use serde_json::Value;
use std::path::Path;
use std::time::Duration;
use zeroize::Zeroizing;

/// What to do with the prover.
#[derive(Debug, Subcommand)]
pub enum EngineCommand {
    /// Prove a witness of any circom circuit under its Groth16 key, and verify the proof.
    Prove(EngineProveArgs),
    /// Verify a proof of any circom circuit.
    Verify(EngineVerifyArgs),
    /// Make a key for a circom circuit alone, without a ceremony: for tests and benches only.
    Setup(EngineSetupArgs),
    /// Write a tier's circuit and development key as circom's and snarkjs' files.
    Export(EngineExportArgs),
}

// Larger than any circuit's that has been published.
const FILE_LIMIT: u64 = 32 << 30;

// A file of circom's or snarkjs', read. `code` names it in errors for programs, `what` for people.
fn load<T>(
    path: &Path,
    code: &str,
    what: &str,
    read: impl FnOnce(&[u8]) -> Result<T, FormatError>,
) -> Result<T, CliError> {
    let bytes: Zeroizing<Vec<u8>> = files::read_within(path, what, FILE_LIMIT)?;
    read(&bytes).map_err(|e| CliError::input(code, format!("{}: {e}", path.display())))
}

fn write_json(path: &Path, json: &Value, overwrite: Overwrite) -> Result<(), CliError> {
    files::write_text(path, &format!("{json:#}"), Secrecy::Public, overwrite)
}

fn unwritable(error: FormatError) -> CliError {
    CliError::system("engine", error)
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
