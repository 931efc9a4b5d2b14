//! Verifying a ceremony, and what comes of it.

use super::turn::At;
use super::{TurnReport, opened, powers};
use crate::commands::kept::KeptReport;
use crate::context::Context;
use crate::error::CliError;
use crate::files::{self, Overwrite, Secrecy};
use crate::keyring::Keyring;
use clap::{Args, ValueHint};
use medproof_ceremony::Finished;
use medproof_ceremony::folder::Folder;
use medproof_ceremony::phase2::Verified;
use medproof_keys::circom::{Source, verification_key_json};
use serde::Serialize;
use std::fmt;
use std::path::{Path, PathBuf};

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
#[command(
    after_help = "Examples:\n  medproof keys ceremony finish --folder xs --powers final_15.ptau\n  \
    medproof keys ceremony finish --folder xs --powers final_15.ptau --out xs-key\n\n\
    A tier's key is taken in among the keys of this machine, active at once: `medproof keys list` shows it."
)]
pub struct FinishArgs {
    /// The ceremony's folder.
    #[arg(long, value_name = "DIRECTORY", value_hint = ValueHint::DirPath)]
    pub folder: PathBuf,
    /// The powers of tau that it began with: a key is finished by who held its beginning against them.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub powers: PathBuf,
    /// A directory for the key in snarkjs' files, which is made. For a circuit that is no tier's it is needed.
    #[arg(long, value_name = "DIRECTORY", value_hint = ValueHint::DirPath)]
    pub out: Option<PathBuf>,
    /// Replace files that are there.
    #[arg(long)]
    pub force: bool,
}

/// A ceremony that holds.
#[derive(Debug, Serialize)]
pub struct VerifiedReport {
    circuit: String,
    development: bool,
    /// Whether the beginning was held against the powers of tau, or taken as it is.
    beginning_checked: bool,
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
            beginning_checked: computed,
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

/// A finished key.
#[derive(Debug, Serialize)]
pub struct FinishedReport {
    #[serde(flatten)]
    ceremony: VerifiedReport,
    /// Where it was taken in, if it is a tier's.
    #[serde(skip_serializing_if = "Option::is_none")]
    kept: Option<KeptReport>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    files: Option<Files>,
}

/// A finished key's files, as snarkjs reads them.
#[derive(Debug, Serialize)]
struct Files {
    zkey: PathBuf,
    verification_key: PathBuf,
}

impl Files {
    // Before minutes of work.
    fn of(directory: &Path, overwrite: Overwrite) -> Result<Files, CliError> {
        files::make_directory(directory)?;
        let at = |name| directory.join(name);
        let (zkey, verification_key) = (at("key.zkey"), at("verification_key.json"));
        files::check_target(&zkey, overwrite)?;
        files::check_target(&verification_key, overwrite)?;
        Ok(Files { zkey, verification_key })
    }

    fn write(&self, finished: &Finished, overwrite: Overwrite) -> Result<(), CliError> {
        let verifying = finished.key().key().verifying();
        let mut json = serde_json::to_string_pretty(&verification_key_json(&verifying))
            .map_err(|error| CliError::system("output", error))?;
        json.push('\n');
        files::write(&self.zkey, finished.file(), Secrecy::Public, overwrite)?;
        files::write(&self.verification_key, json.as_bytes(), Secrecy::Public, overwrite)
    }
}

/// Finishes a key: takes it in, and writes it for snarkjs.
///
/// # Errors
/// Where anything does not hold, contributors are missing, or the beacon.
pub fn finish(args: &FinishArgs, cx: &Context) -> Result<FinishedReport, CliError> {
    let folder = opened(&args.folder, cx)?;
    let plan = folder.plan();
    if plan.development {
        cx.require_development("the key of a ceremony for development")?;
    }
    let of_a_tier = plan.circuit.tier().is_some();
    let overwrite = Overwrite::from(args.force);
    let files = args.out.as_deref().map(|out| Files::of(out, overwrite)).transpose()?;
    if files.is_none() && !of_a_tier {
        let message = format!(
            "expected --out: {} is no tier, its key can only be written",
            plan.circuit.name
        );
        return Err(CliError::input("ceremony.out", message));
    }
    let powers = powers(&args.powers, cx)?;
    let bar = cx.ui.bar("ceremony");
    let finished = folder.finish(&powers, &bar)?;
    if let Some(files) = &files {
        files.write(&finished, overwrite)?;
    }
    let kept = of_a_tier.then(|| {
        Keyring::library()?
            .add(&finished, cx.seconds(), &bar)
            .map_err(CliError::from)
    });
    let kept = kept.transpose()?;
    Ok(FinishedReport {
        ceremony: VerifiedReport::new(&folder, finished.key(), true),
        kept: kept.as_ref().map(KeptReport::from),
        files,
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
        if !self.beginning_checked {
            writeln!(
                f,
                "The initial key was taken as the folder has it: --powers holds it against them."
            )?;
        }
        writeln!(f, "{}", if self.finished { "finished" } else { "not finished yet" })
    }
}

impl fmt::Display for FinishedReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.ceremony)?;
        if let Some(kept) = &self.kept {
            write!(f, "The key, among those of this machine:\n{kept}")?;
        }
        self.files.iter().try_for_each(|files| {
            writeln!(f, "The key for snarkjs: {}", files.zkey.display())?;
            writeln!(f, "What verifies: {}", files.verification_key.display())
        })
    }
}
