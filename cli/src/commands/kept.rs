//! `medproof keys list|retire|revoke`: the lives of ceremonies' keys on this machine.

use crate::context::Context;
use crate::error::CliError;
use crate::keyring::Keyring;
use crate::text;
use clap::Args;
use medproof_ceremony::library::{Kept, State};
use medproof_messages::KeyId;
use medproof_messages::encoding::Hex;
use serde::Serialize;
use std::fmt;
use std::path::PathBuf;

/// Arguments of `keys list`.
#[derive(Clone, Debug, Default, Args)]
#[command(after_help = "Examples:\n  medproof keys list\n  medproof keys list --json\n\n\
    Keys are kept in MEDPROOF_KEYS, else XDG_DATA_HOME/medproof/keys, else ~/.local/share/medproof/keys.")]
pub struct ListArgs {}

/// Arguments of `keys retire`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Example:\n  medproof keys retire 0x…\n\n\
    Requests that were made before are still answered. Tell the service by SIGHUP. Verifiers go by the ledger:\n\
    the council retires the key there with `medproof ledger retire-key`.")]
pub struct RetireArgs {
    /// The key's id.
    #[arg(value_parser = text::bytes32)]
    pub key_id: Hex<32>,
}

/// Arguments of `keys revoke`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Example:\n  medproof keys revoke 0x…\n\n\
    There is no way back. Tell the service by SIGHUP. Verifiers go by the ledger: the council revokes the key there\n\
    with `medproof ledger revoke-key`, and a service that watches the ledger stops by itself.")]
pub struct RevokeArgs {
    /// The key's id.
    #[arg(value_parser = text::bytes32)]
    pub key_id: Hex<32>,
}

/// A key of a ceremony.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeptReport {
    /// XS, S, M or L.
    pub tier: &'static str,
    /// What requests and presentations name it by.
    pub key_id: String,
    /// Of the circuit.
    pub circuit_version: u32,
    /// Of a ceremony for tests.
    pub insecure: bool,
    /// development, active, retiring or revoked.
    pub state: String,
    /// In seconds since 1970.
    pub since: u64,
    /// How many took part in its ceremony with keys of their own.
    pub contributors: u32,
    /// What verifiers pin, and the council registers.
    pub pinned: PathBuf,
}

/// Keys of ceremonies. A list in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct KeptsReport(pub Vec<KeptReport>);

impl From<&Kept> for KeptReport {
    fn from(kept: &Kept) -> KeptReport {
        let now = kept.life.now();
        KeptReport {
            tier: kept.card.tier.name(),
            key_id: kept.id().to_string(),
            circuit_version: kept.card.pinned.info().circuit_version,
            insecure: kept.card.provenance.is_insecure(),
            state: now.state.to_string(),
            since: now.since,
            contributors: kept.contributors,
            pinned: kept.pinned(),
        }
    }
}

/// Shows all.
///
/// # Errors
/// Where one is not what it should be.
pub fn list(_: &ListArgs, _: &Context) -> Result<KeptsReport, CliError> {
    let kept = Keyring::library()?.cards()?;
    Ok(KeptsReport(kept.iter().map(KeptReport::from).collect()))
}

/// Takes no new requests under a key any more.
///
/// # Errors
/// Where there is none, or it is not active.
pub fn retire(args: &RetireArgs, cx: &Context) -> Result<KeptReport, CliError> {
    turn(args.key_id, State::Retiring, cx)
}

/// Proves nothing under a key any more.
///
/// # Errors
/// Where there is none, or it was revoked before.
pub fn revoke(args: &RevokeArgs, cx: &Context) -> Result<KeptReport, CliError> {
    turn(args.key_id, State::Revoked, cx)
}

fn turn(id: Hex<32>, to: State, cx: &Context) -> Result<KeptReport, CliError> {
    let kept = Keyring::library()?.turn(KeyId(id.0), to, cx.seconds())?;
    Ok(KeptReport::from(&kept))
}

impl fmt::Display for KeptReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = text::instant(self.since);
        writeln!(f, "{:<3} {}", self.tier, self.key_id)?;
        writeln!(
            f,
            "    {} since {since}, made by {}",
            self.state,
            people(self.contributors)
        )?;
        if self.insecure {
            writeln!(f, "    INSECURE: its ceremony was for development")?;
        }
        writeln!(f, "    verifiers pin {}", self.pinned.display())
    }
}

fn people(count: u32) -> String {
    match count {
        1 => "1 contributor".into(),
        count => format!("{count} contributors"),
    }
}

impl fmt::Display for KeptsReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return writeln!(
                f,
                "No key of a ceremony is kept here: `medproof keys ceremony finish` takes one in."
            );
        }
        self.0.iter().try_for_each(|key| write!(f, "{key}"))
    }
}
