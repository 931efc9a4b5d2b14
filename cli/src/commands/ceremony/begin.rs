//! Beginning a ceremony.

use super::powers;
use crate::context::Context;
use crate::error::CliError;
use crate::files;
use clap::{Args, ValueHint};
use medproof_ceremony::folder::{Folder, Wanted};
use medproof_ceremony::transcript::{Announced, Circuit};
use medproof_gadgets::shape::Matrices;
use medproof_keys::circom::read_r1cs;
use medproof_keys::{CIRCUIT_VERSION, pinned_shape};
use medproof_statement::tier::Tier;
use serde::Serialize;
use std::fmt;
use std::path::PathBuf;

/// Arguments of `keys ceremony init`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  medproof keys ceremony init --tier XS --powers final_15.ptau --folder xs \\\n    \
    --contributors 5 --beacon \"hash of Ethereum block 25000000\"\n  \
    medproof keys ceremony init --development --r1cs small.r1cs --powers local.ptau --folder small --beacon \"a test's own words\"\n\n\
    The folder is what contributors pass on. The beacon must be randomness that nobody can know before the last\n\
    contribution; announce it in words that leave no choice."
)]
pub struct InitArgs {
    /// The circuit: a tier of the disclosure statement.
    #[arg(long, value_parser = crate::text::tier, required_unless_present = "r1cs", conflicts_with = "r1cs")]
    pub tier: Option<Tier>,
    /// The circuit: a .r1cs.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub r1cs: Option<PathBuf>,
    /// Powers of tau of a finished ceremony: a .ptau, prepared or not.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub powers: PathBuf,
    /// The ceremony's folder. It is made.
    #[arg(long, value_name = "DIRECTORY", value_hint = ValueHint::DirPath)]
    pub folder: PathBuf,
    /// At least so many must contribute, each with a key of their own.
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub contributors: u32,
    /// Where the public randomness at the end will come from, in words.
    #[arg(long, value_name = "WORDS")]
    pub beacon: String,
    /// The beacon's value is hashed 2^N times: so long nobody knows what comes of it.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub iterations: u8,
}

/// A ceremony that has begun.
#[derive(Debug, Serialize)]
pub struct BegunReport {
    folder: PathBuf,
    circuit: String,
    constraints: u64,
    powers: String,
    initial_key: String,
    contributors: u32,
    beacon: String,
}

/// Begins a ceremony.
///
/// # Errors
/// Where the powers do not hold, are too few, or the folder is a ceremony's already.
pub fn init(args: &InitArgs, cx: &Context) -> Result<BegunReport, CliError> {
    let (name, version, matrices) = circuit(args)?;
    let wanted = Wanted {
        development: cx.development(),
        name,
        version,
        contributors: args.contributors,
        beacon: Announced {
            source: args.beacon.clone(),
            iterations: args.iterations,
        },
    };
    let powers = powers(&args.powers, cx)?;
    let bar = cx.ui.bar("ceremony");
    let folder = Folder::begin(&args.folder, wanted, &matrices, &powers, &bar)?;
    let plan = folder.plan();
    Ok(BegunReport {
        folder: args.folder.clone(),
        circuit: plan.circuit.name.clone(),
        constraints: plan.circuit.constraints,
        powers: plan.powers.to_string(),
        initial_key: plan.initial.to_string(),
        contributors: plan.contributors,
        beacon: plan.beacon.source.clone(),
    })
}

fn circuit(args: &InitArgs) -> Result<(String, u32, Matrices), CliError> {
    if let Some(tier) = args.tier {
        return Ok((Circuit::name_of(tier), CIRCUIT_VERSION, pinned_shape::matrices(tier)?));
    }
    let path = args.r1cs.clone().unwrap_or_default();
    let bytes = files::read_within(&path, "a .r1cs", super::LARGEST)?;
    let r1cs = read_r1cs(&bytes).map_err(|error| CliError::input("r1cs", format!("{}: {error}", path.display())))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok((name, 0, r1cs.matrices))
}

impl fmt::Display for BegunReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "The ceremony for {} has begun: {}",
            self.circuit,
            self.folder.display()
        )?;
        writeln!(f, "  {} constraints", self.constraints)?;
        writeln!(f, "  powers of tau  {}", self.powers)?;
        writeln!(f, "  initial key    {}", self.initial_key)?;
        writeln!(
            f,
            "  {} contributors at least; then the beacon: {}",
            self.contributors, self.beacon
        )?;
        writeln!(f, "\nNext: pass the folder to the first contributor, who runs")?;
        writeln!(
            f,
            "  medproof keys ceremony contribute --folder FOLDER --name NAME --signer me.key"
        )
    }
}
