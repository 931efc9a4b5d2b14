//! `medproof keys powers`: powers of tau, which all ceremonies begin with.

use super::ceremony::powers;
use crate::context::Context;
use crate::error::CliError;
use crate::files::{self, Overwrite};
use clap::{Args, Subcommand, ValueHint};
use medproof_ceremony::phase1::{PowersContribution, Verified, make_insecure, prepare};
use medproof_keys::circom::Source;
use serde::Serialize;
use std::fmt;
use std::path::PathBuf;

/// What to do with powers of tau.
#[derive(Debug, Subcommand)]
pub enum PowersCommand {
    /// Verify a .ptau: every contribution, all points, and the Lagrange form if it is there.
    Verify(PowersArgs),
    /// Verify a .ptau and write it with its Lagrange form, as `snarkjs powersoftau prepare phase2` does.
    Prepare(PrepareArgs),
    /// Make powers alone, from a public seed: insecure by design, for tests.
    Local(LocalArgs),
}

/// Arguments of `keys powers verify`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  medproof keys powers verify powersOfTau28_hez_final_15.ptau")]
pub struct PowersArgs {
    /// The .ptau.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
}

/// Arguments of `keys powers prepare`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  medproof keys powers prepare pot16.ptau --out pot16_prepared.ptau")]
pub struct PrepareArgs {
    /// The .ptau.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
    /// The prepared .ptau.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub out: PathBuf,
    /// Replace the file if it is there.
    #[arg(long)]
    pub force: bool,
}

/// Arguments of `keys powers local`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  medproof keys powers local --development --power 15 --out local.ptau")]
pub struct LocalArgs {
    /// 2^N of them: 1 to 20.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=20))]
    pub power: u32,
    /// The .ptau.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub out: PathBuf,
    /// Replace the file if it is there.
    #[arg(long)]
    pub force: bool,
}

/// Powers that hold.
#[derive(Debug, Serialize)]
pub struct PowersReport {
    file: PathBuf,
    power: u32,
    /// Of the whole ceremony, of which the file may be the beginning.
    ceremony_power: u32,
    prepared: bool,
    contributions: Vec<ContributionReport>,
}

/// Who took part.
#[derive(Debug, Serialize)]
pub struct ContributionReport {
    name: Option<String>,
    beacon: Option<String>,
    /// Blake2b of the answer, which contributors publish.
    response_hash: String,
}

impl From<&PowersContribution> for ContributionReport {
    fn from(contribution: &PowersContribution) -> Self {
        ContributionReport {
            name: contribution.name.clone(),
            beacon: match &contribution.source {
                Source::Secret => None,
                Source::Beacon { value, .. } => Some(hex::encode(value)),
            },
            response_hash: hex::encode(contribution.response_hash()),
        }
    }
}

impl From<&Verified> for PowersReport {
    fn from(powers: &Verified) -> Self {
        PowersReport {
            file: powers.path().to_owned(),
            power: powers.power(),
            ceremony_power: powers.ceremony_power(),
            prepared: powers.is_prepared(),
            contributions: powers.contributions().iter().map(Into::into).collect(),
        }
    }
}

/// Verifies powers.
///
/// # Errors
/// With the contribution, or the points, that do not hold.
pub fn verify(args: &PowersArgs, cx: &Context) -> Result<PowersReport, CliError> {
    Ok((&powers(&args.file, cx)?).into())
}

/// Verifies powers and prepares them.
///
/// # Errors
/// Those of [`verify`], and where the file cannot be written: then nothing is left of it.
pub fn prepared(args: &PrepareArgs, cx: &Context) -> Result<PowersReport, CliError> {
    files::check_target(&args.out, Overwrite::from(args.force))?;
    let powers = powers(&args.file, cx)?;
    let bar = cx.ui.bar("powers of tau");
    prepare(&powers, &args.out, &bar)?;
    let mut report = PowersReport::from(&powers);
    report.file = args.out.clone();
    report.prepared = true;
    Ok(report)
}

/// Makes powers for tests.
///
/// # Errors
/// Outside development mode; where the file cannot be written.
pub fn local(args: &LocalArgs, cx: &Context) -> Result<PowersReport, CliError> {
    cx.require_development("powers of tau from a public seed")?;
    files::check_target(&args.out, Overwrite::from(args.force))?;
    let bar = cx.ui.bar("powers of tau");
    make_insecure(args.power, b"medproof/insecure-powers-of-tau!", &args.out, &bar)?;
    drop(bar);
    Ok((&powers(&args.out, cx)?).into())
}

impl fmt::Display for PowersReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prepared = if self.prepared { "prepared" } else { "not prepared" };
        writeln!(
            f,
            "{}: 2^{} powers of tau hold, {prepared}",
            self.file.display(),
            self.power
        )?;
        if self.ceremony_power > self.power {
            writeln!(
                f,
                "  the beginning of a ceremony of 2^{}: the last hash, which is of all points, cannot be compared",
                self.ceremony_power
            )?;
        }
        for (i, c) in self.contributions.iter().enumerate() {
            let name = c.name.as_deref().unwrap_or("without a name");
            let beacon = if c.beacon.is_some() { " (beacon)" } else { "" };
            let hash: String = c.response_hash.chars().take(16).collect();
            writeln!(f, "  {}: {name}{beacon}, response {hash}…", i + 1)?;
        }
        Ok(())
    }
}
