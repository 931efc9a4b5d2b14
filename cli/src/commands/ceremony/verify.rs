//! Verifying a ceremony, and what comes of it.

use super::TurnReport;
use super::turn::At;
use crate::context::Context;
use crate::error::CliError;
use crate::files::{self, Overwrite, Secrecy};
use clap::{Args, ValueHint};
use medproof_ceremony::folder::Folder;
use medproof_ceremony::phase2::Verified;
use medproof_keys::circom::{Source, verification_key_json, write_zkey};
use serde::Serialize;
use std::fmt;
use std::path::PathBuf;

/// Arguments of `keys ceremony verify`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  medproof keys ceremony verify --folder xs --powers final_15.ptau\n\n\
    With snarkjs alone:\n  snarkjs zkey verify xs/circuit.r1cs final_15.ptau xs/turn-6.zkey"
)]
pub struct VerifyArgs {
    /// Which ceremony.
    #[command(flatten)]
    pub at: At,
}

/// Arguments of `keys ceremony finish`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  medproof keys ceremony finish --folder xs --powers final_15.ptau --out xs-key")]
pub struct FinishArgs {
    /// Which ceremony. The powers are needed: a key is finished by who computed its beginning.
    #[command(flatten)]
    pub at: At,
    /// A directory for the finished key. It is made.
    #[arg(long, value_name = "DIRECTORY", value_hint = ValueHint::DirPath)]
    pub out: PathBuf,
    /// Replace files that are there.
    #[arg(long)]
    pub force: bool,
}

/// A ceremony that holds.
#[derive(Debug, Serialize)]
pub struct VerifiedReport {
    circuit: String,
    development: bool,
    /// Whether the beginning was computed from powers of tau, or taken as it is.
    beginning_computed: bool,
    turns: Vec<TurnReport>,
    contributors: usize,
    contributors_needed: u32,
    beacon_announced: String,
    /// Its value, once it was added.
    beacon: Option<String>,
    finished: bool,
}

impl VerifiedReport {
    fn new(folder: &Folder, key: &Verified, computed: bool) -> VerifiedReport {
        let plan = folder.plan();
        let turns: Vec<TurnReport> = folder.transcript().turns.iter().map(TurnReport::from).collect();
        let beacon = key
            .key()
            .contributions
            .turns
            .iter()
            .find_map(|turn| match &turn.source {
                Source::Beacon { value, .. } => Some(hex::encode(value)),
                Source::Secret => None,
            });
        VerifiedReport {
            circuit: plan.circuit.name.clone(),
            development: plan.development,
            beginning_computed: computed,
            contributors: turns.iter().filter(|turn| turn.public_key.is_some()).count(),
            turns,
            contributors_needed: plan.contributors,
            beacon_announced: plan.beacon.source.clone(),
            beacon,
            finished: folder.check_finished(key).is_ok(),
        }
    }
}

/// Verifies a ceremony, finished or not.
///
/// # Errors
/// With the turn, or the part of the key, that does not hold.
pub fn verify(args: &VerifyArgs, cx: &Context) -> Result<VerifiedReport, CliError> {
    let (folder, _, key) = args.at.verified(cx)?;
    Ok(VerifiedReport::new(&folder, &key, args.at.powers.is_some()))
}

/// A finished key's files.
#[derive(Debug, Serialize)]
pub struct FinishedReport {
    #[serde(flatten)]
    ceremony: VerifiedReport,
    zkey: PathBuf,
    verification_key: PathBuf,
}

/// Writes the finished key.
///
/// # Errors
/// Where anything does not hold, contributors are missing, or the beacon.
pub fn finish(args: &FinishArgs, cx: &Context) -> Result<FinishedReport, CliError> {
    if args.at.powers.is_none() {
        let message = "expected --powers: a key is finished by who computed its beginning from the powers of tau";
        return Err(CliError::input("ceremony.powers", message));
    }
    let (folder, _, key) = args.at.verified(cx)?;
    if folder.plan().development {
        cx.require_development("the key of a ceremony for development")?;
    }
    folder.check_finished(&key)?;
    let (zkey, verification_key) = (args.out.join("key.zkey"), args.out.join("verification_key.json"));
    files::make_directory(&args.out)?;
    let overwrite = Overwrite::from(args.force);
    files::check_target(&zkey, overwrite)?;
    files::check_target(&verification_key, overwrite)?;
    let bytes = write_zkey(key.key()).map_err(|error| CliError::input("zkey", error))?;
    let mut json = serde_json::to_string_pretty(&verification_key_json(&key.key().verifying()))
        .map_err(|error| CliError::system("output", error))?;
    json.push('\n');
    files::write(&zkey, &bytes, Secrecy::Public, overwrite)?;
    files::write(&verification_key, json.as_bytes(), Secrecy::Public, overwrite)?;
    Ok(FinishedReport {
        ceremony: VerifiedReport::new(&folder, &key, true),
        zkey,
        verification_key,
    })
}

impl fmt::Display for VerifiedReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "The ceremony for {} holds.", self.circuit)?;
        if self.development {
            writeln!(f, "It is for DEVELOPMENT: its key proves nothing to anybody.")?;
        }
        self.turns.iter().try_for_each(|turn| write!(f, "{turn}"))?;
        writeln!(
            f,
            "{} of at least {} contributors",
            self.contributors, self.contributors_needed
        )?;
        writeln!(f, "beacon announced: {}", self.beacon_announced)?;
        match &self.beacon {
            Some(value) => writeln!(f, "beacon found:     {value}: compare it with what was announced")?,
            None => writeln!(f, "beacon found:     none yet")?,
        }
        if !self.beginning_computed {
            writeln!(
                f,
                "The initial key was taken as the folder has it: --powers computes it."
            )?;
        }
        writeln!(f, "{}", if self.finished { "finished" } else { "not finished yet" })
    }
}

impl fmt::Display for FinishedReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.ceremony)?;
        writeln!(f, "The key: {}", self.zkey.display())?;
        writeln!(f, "What verifies: {}", self.verification_key.display())
    }
}
