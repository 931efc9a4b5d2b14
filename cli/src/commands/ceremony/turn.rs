//! A turn: a contribution, one made elsewhere, or the beacon.

use super::{Bar, TurnReport, opened, powers};
use crate::context::Context;
use crate::error::CliError;
use crate::files;
use crate::keyfile;
use clap::{Args, ValueHint};
use medproof_ceremony::folder::Folder;
use medproof_ceremony::phase2::{Entropy, Initial, Verified};
use medproof_ceremony::transcript::BEACON;
use medproof_keys::circom::read_zkey;
use serde::Serialize;
use std::fmt;
use std::io::{self, BufRead, IsTerminal};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The ceremony, and what is needed to trust its beginning.
#[derive(Debug, Args)]
pub struct At {
    /// The ceremony's folder.
    #[arg(long, value_name = "DIRECTORY", value_hint = ValueHint::DirPath)]
    pub folder: PathBuf,
    /// The powers of tau that it began with. Without them the folder's initial key is taken as it is.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub powers: Option<PathBuf>,
}

impl At {
    /// The folder, its initial key, and its last key after verification.
    pub(super) fn verified(&self, cx: &Context) -> Result<(Folder, Initial, Verified), CliError> {
        let folder = opened(&self.folder, cx)?;
        let powers = self.powers.as_deref().map(|path| powers(path, cx)).transpose()?;
        let bar = cx.ui.bar("ceremony");
        let initial = folder.initial(&folder.circuit()?, powers.as_ref(), &bar)?;
        let key = folder.verify(&initial, &bar)?;
        Ok((folder, initial, key))
    }
}

/// Who contributes.
#[derive(Debug, Args)]
pub struct Who {
    /// Your name, or what you want to be known by: it becomes public.
    #[arg(long)]
    pub name: String,
    /// Your key, by which you sign. It is made if it is not there.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub signer: PathBuf,
}

/// Arguments of `keys ceremony contribute`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  medproof keys ceremony contribute --folder xs --name \"General Hospital\" --signer me.key\n  \
    medproof keys ceremony contribute --folder xs --name me --signer me.key --entropy dice.txt --powers final_15.ptau\n\n\
    Your secret is made of the system's randomness and of what you add: on a terminal you are asked for it.\n\
    It is wiped when the command ends. One contributor who forgets theirs is enough for a sound key."
)]
pub struct ContributeArgs {
    /// Which ceremony.
    #[command(flatten)]
    pub at: At,
    /// Who.
    #[command(flatten)]
    pub who: Who,
    /// Randomness of your own, such as rolled dice: any file. It is mixed with the system's.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub entropy: Option<PathBuf>,
}

/// Arguments of `keys ceremony attest`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  snarkjs zkey contribute xs/turn-2.zkey mine.zkey --name=me\n  \
    medproof keys ceremony attest --folder xs --key mine.zkey --name me --signer me.key"
)]
pub struct AttestArgs {
    /// Which ceremony.
    #[command(flatten)]
    pub at: At,
    /// Who.
    #[command(flatten)]
    pub who: Who,
    /// The key after the contribution, as snarkjs wrote it.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub key: PathBuf,
}

/// Arguments of `keys ceremony beacon`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  medproof keys ceremony beacon --folder xs --value 0x4fd2…")]
pub struct BeaconArgs {
    /// Which ceremony.
    #[command(flatten)]
    pub at: At,
    /// The announced randomness: 1 to 255 bytes in hexadecimal.
    #[arg(long, value_name = "HEX")]
    pub value: String,
}

/// A turn that was made.
#[derive(Debug, Serialize)]
pub struct MadeReport {
    /// The turn.
    #[serde(flatten)]
    pub turn: TurnReport,
    /// Where the key after it is.
    pub file: PathBuf,
    /// Whether the beginning was held against the powers of tau, or taken as it is.
    pub beginning_checked: bool,
}

/// Contributes.
///
/// # Errors
/// Where what is there does not hold; where the ceremony has ended.
pub fn contribute(args: &ContributeArgs, cx: &Context) -> Result<MadeReport, CliError> {
    let signer = keyfile::contributor(&args.who.signer)?;
    let (folder, _, key) = args.at.verified(cx)?;
    let own = own_entropy(args.entropy.as_deref(), cx)?;
    let entropy = Entropy::new(&own).map_err(|error| CliError::system("random", error))?;
    let bar = cx.ui.bar("contribution");
    let bar: Bar<'_> = &bar;
    let name = Some(args.who.name.clone());
    let key = key.contribute(&entropy, name, bar)?;
    added(folder, &args.at, |folder| {
        folder.add(&key, &args.who.name, Some(&signer)).map(TurnReport::from)
    })
}

/// Adds a contribution that another tool made.
///
/// # Errors
/// Where it does not follow from what is there.
pub fn attest(args: &AttestArgs, cx: &Context) -> Result<MadeReport, CliError> {
    let signer = keyfile::contributor(&args.who.signer)?;
    let (folder, initial, _) = args.at.verified(cx)?;
    let bytes = files::read_within(&args.key, "a .zkey", super::LARGEST)?;
    let key = read_zkey(&bytes).map_err(|error| CliError::input("zkey", format!("{}: {error}", args.key.display())))?;
    let bar = cx.ui.bar("contribution");
    let bar: Bar<'_> = &bar;
    let key = Verified::new(key, &initial, bar)?;
    added(folder, &args.at, |folder| {
        folder
            .add_file(&key, &bytes, &args.who.name, Some(&signer))
            .map(TurnReport::from)
    })
}

/// Ends a ceremony.
///
/// # Errors
/// Where what is there does not hold; where it has ended already.
pub fn beacon(args: &BeaconArgs, cx: &Context) -> Result<MadeReport, CliError> {
    let digits = args.value.strip_prefix("0x").unwrap_or(&args.value);
    let value = hex::decode(digits)
        .ok()
        .filter(|value| (1..=255).contains(&value.len()));
    let value = value.ok_or_else(|| {
        CliError::input(
            "beacon",
            format!("expected 1 to 255 bytes in hexadecimal, found \"{}\"", args.value),
        )
    })?;
    let (folder, _, key) = args.at.verified(cx)?;
    let bar = cx.ui.bar("beacon");
    let bar: Bar<'_> = &bar;
    let key = key.beacon(value, folder.plan().beacon.iterations, None, bar)?;
    added(folder, &args.at, |folder| {
        folder.add(&key, BEACON, None).map(TurnReport::from)
    })
}

fn added(
    mut folder: Folder,
    at: &At,
    add: impl FnOnce(&mut Folder) -> Result<TurnReport, medproof_ceremony::folder::FolderError>,
) -> Result<MadeReport, CliError> {
    let turn = add(&mut folder)?;
    Ok(MadeReport {
        turn,
        file: folder.last_key(),
        beginning_checked: at.powers.is_some(),
    })
}

fn own_entropy(file: Option<&Path>, cx: &Context) -> Result<Zeroizing<Vec<u8>>, CliError> {
    if let Some(path) = file {
        return files::read(path, "randomness");
    }
    let input = io::stdin();
    if !input.is_terminal() {
        return Ok(Zeroizing::new(Vec::new()));
    }
    cx.ui
        .note("Type something that nobody can guess, then Enter. It is mixed with the system's randomness:");
    let mut line = Zeroizing::new(String::with_capacity(4096));
    input
        .lock()
        .read_line(&mut line)
        .map_err(|error| CliError::system("input", error))?;
    Ok(Zeroizing::new(line.as_bytes().to_vec()))
}

impl fmt::Display for MadeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.turn)?;
        writeln!(f, "The key after it: {}", self.file.display())?;
        if !self.beginning_checked {
            writeln!(
                f,
                "The initial key was taken as the folder has it: --powers holds it against them."
            )?;
        }
        writeln!(f, "\nPublish the contribution's hash; pass the folder on.")
    }
}
