//! `medproof issuer master-key`: how the vault's master key is kept, its passphrase, another in its place.

use super::IssuerDir;
use crate::cancel;
use crate::context::Context;
use crate::error::CliError;
use crate::files::Overwrite;
use crate::masterkey::{self, Form, Source};
use crate::passphrase::NewPassphraseArgs;
use clap::{Args, Subcommand};
use medproof_records::issuer::{Issuer, IssuerError};
use medproof_records::vault::{Disks, LocalMasterKey, MasterKey, rewrap};
use serde::Serialize;
use std::fmt;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// What to do with a master key.
#[derive(Debug, Subcommand)]
pub enum MasterKeyCommand {
    /// Which master key it is, and how it is kept.
    Show(ShowMasterKeyArgs),
    /// Seal the master key's file with a passphrase, or with another one. The key stays.
    Passphrase(PassphraseChangeArgs),
    /// Put a new master key in the place of the old one. Old records stay readable.
    Rotate(RotateMasterKeyArgs),
}

/// Arguments of `issuer master-key show`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Example:\n  medproof issuer master-key show --master-key /media/token/master.key")]
pub struct ShowMasterKeyArgs {
    /// Which issuer.
    #[command(flatten)]
    pub dir: IssuerDir,
}

/// A master key, without the key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MasterKeyReport {
    /// What tells it apart from others.
    pub id: String,
    /// sealed, unsealed or environment.
    pub form: &'static str,
    /// Memory in KiB that each guess at its passphrase takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_kib: Option<u32>,
    /// In how many passes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passes: Option<u32>,
}

/// Says which master key it is.
///
/// # Errors
/// Where it does not open.
pub fn show_master_key(args: &ShowMasterKeyArgs, cx: &Context) -> Result<MasterKeyReport, CliError> {
    let (key, form) = masterkey::open(&args.dir.source(), &args.dir.passphrase, cx)?;
    Ok(report(&key, form))
}

fn report(key: &LocalMasterKey, form: Form) -> MasterKeyReport {
    let cost = match form {
        Form::Sealed(cost) => Some(cost),
        Form::Unsealed | Form::Environment => None,
    };
    MasterKeyReport {
        id: key.id().to_string(),
        form: match form {
            Form::Sealed(_) => "sealed",
            Form::Unsealed => "unsealed",
            Form::Environment => "environment",
        },
        memory_kib: cost.map(|cost| cost.memory_kib),
        passes: cost.map(|cost| cost.passes),
    }
}

impl fmt::Display for MasterKeyReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "master key  {}", self.id)?;
        writeln!(f, "kept        {}", self.form)?;
        if let (Some(memory), Some(passes)) = (self.memory_kib, self.passes) {
            writeln!(f, "a guess     {memory} KiB of memory, {passes} passes (Argon2id)")?;
        }
        Ok(())
    }
}

/// Arguments of `issuer master-key passphrase`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:\n  medproof issuer master-key passphrase\n  \
    medproof issuer master-key passphrase --passphrase-file old --new-passphrase-file new\n\n\
    Who has a copy of the file from before opens it with the old passphrase, or without one if it was not sealed:\n\
    where somebody may, rotate the key instead.")]
pub struct PassphraseChangeArgs {
    /// Which issuer.
    #[command(flatten)]
    pub dir: IssuerDir,
    /// The new passphrase.
    #[command(flatten)]
    pub new: NewPassphraseArgs,
}

/// Seals the master key's file anew.
///
/// # Errors
/// Where it does not open, or cannot be written; it is as it was then.
pub fn change_passphrase(args: &PassphraseChangeArgs, cx: &Context) -> Result<MasterKeyReport, CliError> {
    let source = args.dir.source();
    let Source::File(path) = &source else {
        let message = "expected a master key in a file, found one in the environment: nothing can be sealed there";
        return Err(CliError::input("issuer.master_key", message));
    };
    let cost = args.new.stretch.cost(cx)?;
    let (key, _) = masterkey::open(&source, &args.dir.passphrase, cx)?;
    let passphrase = args.new.choose("the master key")?;
    masterkey::save(&key, path, &passphrase, cost, Overwrite::Force)?;
    Ok(report(&key, Form::Sealed(cost)))
}

/// Arguments of `issuer master-key rotate`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Example:\n  medproof issuer master-key rotate --master-key master.key --new-master-key master-2.key\n\n\
    The new key's file is made, sealed, where there is none; where there is one, it is the one to rotate to. An\n\
    interrupted rotation goes on when the command is run again with the same two keys: keep the old one until it\n\
    has ended. Backups of the keystore from before open with the old key: destroy them, and then the key.\n\
    docs/ops/keys.md says more."
)]
pub struct RotateMasterKeyArgs {
    /// Which issuer.
    #[command(flatten)]
    pub dir: IssuerDir,
    /// The new master key's file.
    #[arg(long, value_name = "FILE")]
    pub new_master_key: PathBuf,
    /// The new passphrase.
    #[command(flatten)]
    pub new: NewPassphraseArgs,
}

/// A rotation that has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RotateMasterKeyReport {
    /// The key that was.
    pub old: String,
    /// The key that is.
    pub new: String,
    /// How many keys were wrapped anew by this run.
    pub keys: u64,
    /// Whether it went on from an interrupted rotation.
    pub resumed: bool,
    /// How many records the vault has, opened under the new key.
    pub records: usize,
    /// Where the new key is.
    pub master_key: PathBuf,
}

/// Puts a new master key in the place of the old one.
///
/// # Errors
/// Where a key does not open; where the rotation was interrupted, which goes on when it is run again.
pub fn rotate_master_key(args: &RotateMasterKeyArgs, cx: &Context) -> Result<RotateMasterKeyReport, CliError> {
    args.dir.require_issuer()?;
    let (old, _) = masterkey::open(&args.dir.source(), &args.dir.passphrase, cx)?;
    let new = new_master_key(&args.new_master_key, &args.new, cx)?;
    let places = args.dir.places();
    let disks = Disks::open(&places).map_err(IssuerError::from)?;
    let bar = cx.ui.bar("master key");
    let follow = &mut |done, total| {
        bar.set("files", done, total);
        match cancel::requested() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    };
    let rotated = rewrap(disks, Box::new(old), &new, follow).map_err(IssuerError::from)?;
    drop(bar);
    // As the next command will.
    let disks = Disks::open(&places).map_err(IssuerError::from)?;
    let issuer = Issuer::open_on(disks, Box::new(new))?;
    Ok(RotateMasterKeyReport {
        old: rotated.old.to_string(),
        new: rotated.new.to_string(),
        keys: rotated.keys,
        resumed: rotated.resumed,
        records: issuer.records().len(),
        master_key: args.new_master_key.clone(),
    })
}

// On disk before anything is wrapped under it.
fn new_master_key(path: &Path, new: &NewPassphraseArgs, cx: &Context) -> Result<LocalMasterKey, CliError> {
    let cost = new.stretch.cost(cx)?;
    let passphrase = new.choose("the new master key")?;
    if path.exists() {
        return masterkey::open_sealed(path, &passphrase);
    }
    let key = masterkey::generate()?;
    masterkey::save(&key, path, &passphrase, cost, Overwrite::Never)?;
    Ok(key)
}

impl fmt::Display for RotateMasterKeyReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "master key {} took the place of {}", self.new, self.old)?;
        writeln!(f, "keys wrapped anew  {}", self.keys)?;
        writeln!(f, "records            {}, readable under the new key", self.records)?;
        writeln!(
            f,
            "from now on: --master-key {}, or move it to where the old one is",
            self.master_key.display()
        )?;
        writeln!(f, "then destroy backups of the keystore from before, and the old key")
    }
}
