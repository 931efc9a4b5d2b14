//! `medproof keys ceremony`: keys whose secrets nobody knows.

mod begin;
mod turn;
mod verify;

pub use begin::{InitArgs, init};
pub use turn::{AttestArgs, BeaconArgs, ContributeArgs, attest, beacon, contribute};
pub use verify::{FinishArgs, VerifyArgs, finish, verify};

use crate::context::Context;
use crate::error::CliError;
use clap::Subcommand;
use medproof_ceremony::FileError;
use medproof_ceremony::folder::{Folder, FolderError};
use medproof_ceremony::phase1::{Powers, PowersError, Verified as VerifiedPowers};
use medproof_ceremony::phase2::Phase2Error;
use medproof_ceremony::transcript::{TranscriptError, Turn};
use medproof_keys::Progress;
use serde::Serialize;
use std::fmt;
use std::path::Path;

/// What to do in a ceremony.
#[derive(Debug, Subcommand)]
pub enum CeremonyCommand {
    /// Begin one: a folder with its plan, its circuit and the key before any contribution.
    Init(InitArgs),
    /// Contribute: verify what is there, multiply by a secret, sign, forget the secret.
    Contribute(ContributeArgs),
    /// Add a contribution that was made with snarkjs: verify it, and sign it.
    Attest(AttestArgs),
    /// Verify everything: every turn, the key, the transcript, and with --powers the beginning.
    Verify(VerifyArgs),
    /// Add the public randomness that was announced. Nothing comes after it.
    Beacon(BeaconArgs),
    /// Verify everything once more, and write the finished key for snarkjs and for verifiers.
    Finish(FinishArgs),
}

/// A turn in figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TurnReport {
    /// From 1.
    pub turn: u32,
    /// Who, in their own words.
    pub contributor: String,
    /// Of the contributor; a beacon has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_key: Option<String>,
    /// Blake2b of the contribution, as snarkjs prints it.
    pub contribution: String,
    /// SHA-256 of the key after it.
    pub key: String,
}

impl From<&Turn> for TurnReport {
    fn from(turn: &Turn) -> TurnReport {
        TurnReport {
            turn: turn.turn,
            contributor: turn.contributor.clone(),
            public_key: turn.signature.as_ref().map(|signed| signed.public_key.clone()),
            contribution: turn.contribution.clone(),
            key: turn.key.to_string(),
        }
    }
}

impl fmt::Display for TurnReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = if self.public_key.is_some() { "signed" } else { "beacon" };
        writeln!(f, "turn {}: {} ({by})", self.turn, self.contributor)?;
        // As snarkjs has it: four lines of four words.
        for line in self.contribution.as_bytes().chunks(32) {
            write!(f, "   ")?;
            for word in line.chunks(8) {
                write!(f, " {}", String::from_utf8_lossy(word))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

/// Powers of tau that hold.
pub(crate) fn powers(path: &Path, cx: &Context) -> Result<VerifiedPowers, CliError> {
    let bar = cx.ui.bar("powers of tau");
    Ok(VerifiedPowers::new(Powers::open(path)?, &bar)?)
}

fn opened(path: &Path, cx: &Context) -> Result<Folder, CliError> {
    let folder = Folder::open(path)?;
    if folder.plan().development {
        cx.ui
            .note("this ceremony is for development: its key is refused everywhere else");
    }
    Ok(folder)
}

/// No circuit's or key's file is longer: 8 GiB.
const LARGEST: u64 = 1 << 33;

type Bar<'a> = &'a dyn Progress<medproof_ceremony::Stage>;

/// What is wrong with what somebody else wrote is refused; what is wrong with the machine is not theirs.
impl From<PowersError> for CliError {
    fn from(error: PowersError) -> CliError {
        match error {
            PowersError::Cancelled(_) => CliError::cancelled(),
            PowersError::Io { .. } => CliError::input("file", error),
            PowersError::NoRandomness(_) => CliError::system("random", error),
            error => CliError::refused("ceremony.powers", error),
        }
    }
}

impl From<Phase2Error> for CliError {
    fn from(error: Phase2Error) -> CliError {
        match error {
            Phase2Error::Powers(error) => error.into(),
            Phase2Error::Cancelled(_) => CliError::cancelled(),
            Phase2Error::NoRandomness(_) => CliError::system("random", error),
            Phase2Error::Iterations { .. } | Phase2Error::Format(_) => CliError::input("ceremony.key", error),
            error => CliError::refused("ceremony.key", error),
        }
    }
}

impl From<FolderError> for CliError {
    fn from(error: FolderError) -> CliError {
        match error {
            FolderError::Phase2(error) => error.into(),
            FolderError::File(FileError::Io { .. }) | FolderError::Exists(_) => CliError::input("file", error),
            FolderError::File(FileError::Altered { .. }) => CliError::refused("ceremony.altered", error),
            FolderError::Transcript(TranscriptError::Unfinished { .. }) => {
                CliError::refused("ceremony.unfinished", error)
            }
            FolderError::Transcript(_) => CliError::refused("ceremony.transcript", error),
            error => CliError::refused("ceremony.folder", error),
        }
    }
}
