//! `medproof keys`: proving and verifying keys.

use super::ceremony::CeremonyCommand;
use super::kept::{ListArgs, RetireArgs, RevokeArgs};
use super::powers::PowersCommand;
use crate::context::Context;
use crate::error::CliError;
use crate::files::{self, Overwrite, Secrecy};
use clap::{Args, Subcommand};
use medproof_keys::KeyStore;
use medproof_statement::tier::Tier;
use serde::Serialize;
use std::fmt;
use std::path::PathBuf;

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Make development keys at first use, and show them. Insecure by design: anyone can forge
    /// proofs under them.
    Dev(DevArgs),
    /// Show the keys of ceremonies that are kept here, and where they are in their lives.
    List(ListArgs),
    /// Take no new requests under a key any more: the next one is in use.
    Retire(RetireArgs),
    /// Prove nothing under a key any more.
    Revoke(RevokeArgs),
    /// Ceremonies: keys whose secrets nobody knows, made by many, for snarkjs too.
    #[command(subcommand)]
    Ceremony(CeremonyCommand),
    /// Powers of tau: verify and prepare the files that ceremonies begin with.
    #[command(subcommand)]
    Powers(PowersCommand),
}

/// Arguments of `keys dev`.
#[derive(Clone, Debug, Default, Args)]
#[command(
    after_help = "Examples:\n  medproof keys dev --development --tier S\n  medproof keys dev --development --tier M --out m.key.json\n\n\
    Keys are kept in the user's cache directory (MEDPROOF_CACHE, XDG_CACHE_HOME or ~/.cache)."
)]
pub struct DevArgs {
    /// Only this tier: XS, S, M or L. Without it, all four: a minute or more at first use.
    #[arg(long, value_parser = crate::text::tier)]
    pub tier: Option<Tier>,
    /// Write the tier's pinned verifying key to this file.
    #[arg(long, value_name = "FILE", requires = "tier")]
    pub out: Option<PathBuf>,
    /// Replace the file if it is there.
    #[arg(long)]
    pub force: bool,
}

/// A key in figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeyReport {
    /// XS, S, M or L.
    pub tier: &'static str,
    /// What requests and presentations name it by.
    pub key_id: String,
    /// Of the circuit.
    pub circuit_version: u32,
    /// Always true: proofs under it prove nothing.
    pub insecure: bool,
    /// Where it is kept.
    pub directory: PathBuf,
    /// Where its pinned verifying key was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pinned: Option<PathBuf>,
}

/// Development keys, smallest tier first. A list in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct KeysReport(pub Vec<KeyReport>);

/// Makes or finds development keys.
///
/// # Errors
/// Outside development mode; where a key cannot be made or kept.
pub fn dev(args: &DevArgs, cx: &Context) -> Result<KeysReport, CliError> {
    if let Some(out) = &args.out {
        files::check_target(out, Overwrite::from(args.force))?;
    }
    let tiers = Tier::ALL
        .into_iter()
        .filter(|t| args.tier.is_none_or(|wanted| wanted == *t));
    let mut all = Vec::new();
    for tier in tiers {
        crate::cancel::check()?;
        let key = cx.development_key(tier)?;
        let directory = KeyStore::of_user()?.directory_of(tier, key.version(), key.shape());
        if let Some(out) = &args.out {
            files::write(out, &key.pinned().to_json(), Secrecy::Public, args.force.into())?;
        }
        all.push(KeyReport {
            tier: tier.name(),
            key_id: key.pinned().id().to_string(),
            circuit_version: key.version(),
            insecure: true,
            directory,
            pinned: args.out.clone(),
        });
    }
    Ok(KeysReport(all))
}

impl fmt::Display for KeysReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Development keys: INSECURE, anyone can forge proofs under them.")?;
        self.0.iter().try_for_each(|key| {
            writeln!(f, "{:<3} {}", key.tier, key.key_id)?;
            writeln!(f, "    {}", key.directory.display())?;
            match &key.pinned {
                Some(path) => writeln!(f, "    pinned verifying key written to {}", path.display()),
                None => Ok(()),
            }
        })
    }
}
