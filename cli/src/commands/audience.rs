//! `medproof audience`: who asks, a sponsor or an insurer.

use crate::context::Context;
use crate::error::CliError;
use crate::keyfile::AudienceKeys;
use clap::{Args, Subcommand};
use serde::Serialize;
use std::fmt;
use std::path::PathBuf;

/// What to do with an audience's keys.
#[derive(Debug, Subcommand)]
pub enum AudienceCommand {
    /// Make keys: a did:key that signs requests, and an account on the ledger.
    Keygen(KeygenArgs),
    /// Show whose keys a file has.
    Show(ShowArgs),
}

/// Arguments of `audience keygen`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Example:\n  medproof audience keygen --out sponsor.json\n\n\
    The file is development grade: unsealed, readable by its owner alone. Keep it so.")]
pub struct KeygenArgs {
    /// Where to write the key file.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Replace the file if it is there.
    #[arg(long)]
    pub force: bool,
}

/// Arguments of `audience show`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Example:\n  medproof audience show sponsor.json --json")]
pub struct ShowArgs {
    /// The key file.
    pub audience: PathBuf,
}

/// Who an audience is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AudienceReport {
    /// What requests name it by.
    pub did: String,
    /// Its account on the ledger.
    pub account: String,
    /// Where its keys are.
    pub file: PathBuf,
}

/// Makes an audience's keys.
///
/// # Errors
/// Where the file cannot be written.
pub fn keygen(args: &KeygenArgs, _: &Context) -> Result<AudienceReport, CliError> {
    let keys = AudienceKeys::generate()?;
    keys.save(&args.out, args.force.into())?;
    Ok(report(&keys, &args.out))
}

/// Shows whose keys a file has.
///
/// # Errors
/// Where it is no audience's key file.
pub fn show(args: &ShowArgs, _: &Context) -> Result<AudienceReport, CliError> {
    Ok(report(&AudienceKeys::load(&args.audience)?, &args.audience))
}

fn report(keys: &AudienceKeys, file: &std::path::Path) -> AudienceReport {
    AudienceReport {
        did: keys.key.did().to_string(),
        account: keys.account.address().to_string(),
        file: file.to_owned(),
    }
}

impl fmt::Display for AudienceReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "audience  {}", self.did)?;
        writeln!(f, "account   {}", self.account)?;
        writeln!(f, "keys in   {}", self.file.display())
    }
}
