//! `medproof engine setup`.

use super::{load, milliseconds, unwritable, write_json};
use crate::context::Context;
use crate::error::CliError;
use crate::files::{self, Overwrite, Secrecy};
use clap::Args;
use medproof_keys::SetupError;
use medproof_keys::circom::{CircomSetupError, development_zkey, read_r1cs, verification_key_json, write_zkey};
use serde::Serialize;
use std::fmt;
use std::path::PathBuf;
use std::time::Instant;

/// Arguments of `engine setup`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Examples:\n  medproof engine setup --development --r1cs circuit.r1cs --zkey circuit.zkey --verification-key verification_key.json\n  \
    medproof engine setup --development --r1cs c.r1cs --zkey c.zkey --verification-key vk.json --force --json\n\n\
    The key's secrets follow from the circuit: anyone can forge proofs under it. For anything but tests and benches take \
    a key from a ceremony."
)]
pub struct EngineSetupArgs {
    /// The circuit, as circom writes it (BN254).
    #[arg(long, value_name = "FILE")]
    pub r1cs: PathBuf,
    /// Where the key goes.
    #[arg(long, value_name = "FILE")]
    pub zkey: PathBuf,
    /// Where the verifying key goes.
    #[arg(long, value_name = "FILE")]
    pub verification_key: PathBuf,
    /// Replace the files if they are there.
    #[arg(long)]
    pub force: bool,
}

/// A key that was made.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SetupReport {
    /// Where it is.
    pub zkey: PathBuf,
    /// Where the verifying key is.
    pub verification_key: PathBuf,
    /// Always true: proofs under it prove nothing.
    pub insecure: bool,
    /// Rows.
    pub constraints: usize,
    /// Of the circuit, the constant 1 included.
    pub variables: usize,
    /// Without the constant 1.
    pub public: usize,
    /// Elements of the key's domain.
    pub domain: usize,
    /// Making the key.
    pub setup_ms: f64,
}

/// Makes a key.
///
/// # Errors
/// Outside development mode, where a file cannot be read or written, or the circuit is too large.
pub fn setup(args: &EngineSetupArgs, cx: &Context) -> Result<SetupReport, CliError> {
    cx.require_development("a key that one party made, who can forge proofs under it,")?;
    let overwrite = Overwrite::from(args.force);
    files::check_target(&args.zkey, overwrite)?;
    files::check_target(&args.verification_key, overwrite)?;
    let r1cs = load(&args.r1cs, "r1cs", "a .r1cs", read_r1cs)?;
    let bar = cx.ui.bar("setup");
    let start = Instant::now();
    let key = development_zkey(&r1cs, &bar).map_err(refused)?;
    let setup_ms = milliseconds(start.elapsed());
    let bytes = write_zkey(&key).map_err(unwritable)?;
    files::write(&args.zkey, &bytes, Secrecy::Public, overwrite)?;
    write_json(
        &args.verification_key,
        &verification_key_json(&key.verifying()),
        overwrite,
    )?;
    let shape = r1cs.matrices.shape();
    Ok(SetupReport {
        zkey: args.zkey.clone(),
        verification_key: args.verification_key.clone(),
        insecure: true,
        constraints: shape.constraints,
        variables: shape.variables(),
        public: key.public,
        domain: key.domain,
        setup_ms,
    })
}

fn refused(error: CircomSetupError) -> CliError {
    match error {
        CircomSetupError::Setup(SetupError::Cancelled(_)) => CliError::cancelled(),
        other => CliError::input("r1cs", other),
    }
}

impl fmt::Display for SetupReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "A key that is INSECURE: anyone can forge proofs under it.")?;
        writeln!(f, "  key            {}", self.zkey.display())?;
        writeln!(f, "  verifying key  {}", self.verification_key.display())?;
        writeln!(
            f,
            "  {} constraints, {} variables, {} public inputs, domain of {}; made in {:.0} ms",
            self.constraints, self.variables, self.public, self.domain, self.setup_ms
        )
    }
}
