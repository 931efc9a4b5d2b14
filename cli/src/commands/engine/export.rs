//! `medproof engine export`.

use super::{unwritable, write_json};
use crate::context::Context;
use crate::error::CliError;
use crate::files::{self, Overwrite, Secrecy};
use clap::Args;
use medproof_engine::ProveError;
use medproof_engine::circom::zkey;
use medproof_engine::cpu::Settings;
use medproof_gadgets::r1cs_file::{self, Declared};
use medproof_keys::circom::{verification_key_json, write_zkey};
use medproof_statement::tier::Tier;
use serde::Serialize;
use std::fmt;
use std::path::PathBuf;

/// Arguments of `engine export`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Examples:\n  medproof engine export --development --tier M --folder m\n  \
    medproof engine export --development --tier XS --folder xs --force --json\n\n\
    Writes circuit.r1cs, circuit.zkey and verification_key.json, which snarkjs reads."
)]
pub struct EngineExportArgs {
    /// XS, S, M or L.
    #[arg(long, value_parser = crate::text::tier)]
    pub tier: Tier,
    /// Where the files go; made if it is not there.
    #[arg(long, value_name = "FOLDER")]
    pub folder: PathBuf,
    /// Replace the files if they are there.
    #[arg(long)]
    pub force: bool,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExportReport {
    /// XS, S, M or L.
    pub tier: &'static str,
    /// The constraints.
    pub r1cs: PathBuf,
    /// The key.
    pub zkey: PathBuf,
    /// The verifying key.
    pub verification_key: PathBuf,
    /// Always true: it is the development key.
    pub insecure: bool,
}

/// Writes a tier's files.
///
/// # Errors
/// Outside development mode; where the key cannot be made, or a file cannot be written.
pub fn export(args: &EngineExportArgs, cx: &Context) -> Result<ExportReport, CliError> {
    cx.require_development(&format!("the development key of tier {}", args.tier))?;
    let overwrite = Overwrite::from(args.force);
    files::make_directory(&args.folder)?;
    let report = ExportReport {
        tier: args.tier.name(),
        r1cs: args.folder.join("circuit.r1cs"),
        zkey: args.folder.join("circuit.zkey"),
        verification_key: args.folder.join("verification_key.json"),
        insecure: true,
    };
    for path in [&report.r1cs, &report.zkey, &report.verification_key] {
        files::check_target(path, overwrite)?;
    }
    let key = cx.development_key(args.tier)?;
    let bar = cx.ui.bar("export");
    let exported = zkey(key.matrices(), key.proving(), Settings::default().path, &bar);
    let exported = exported.map_err(|e| match e {
        ProveError::Cancelled(_) => CliError::cancelled(),
        other => CliError::system("engine", other),
    })?;
    let r1cs = r1cs_file::write(key.matrices(), Declared::default());
    let r1cs = r1cs.map_err(|e| CliError::system("engine", e))?;
    files::write(&report.r1cs, &r1cs, Secrecy::Public, overwrite)?;
    let bytes = write_zkey(&exported).map_err(unwritable)?;
    files::write(&report.zkey, &bytes, Secrecy::Public, overwrite)?;
    write_json(
        &report.verification_key,
        &verification_key_json(key.verifying()),
        overwrite,
    )?;
    Ok(report)
}

impl fmt::Display for ExportReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "Tier {} with its development key, INSECURE: anyone can forge proofs under it.",
            self.tier
        )?;
        writeln!(f, "  constraints    {}", self.r1cs.display())?;
        writeln!(f, "  key            {}", self.zkey.display())?;
        writeln!(f, "  verifying key  {}", self.verification_key.display())
    }
}
