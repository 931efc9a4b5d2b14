//! How custodians come to a key.

use super::{CustodianDir, GroupReport, at};
use crate::context::Context;
use crate::error::CliError;
use crate::files::{self, Overwrite, Secrecy};
use crate::passphrase::{self, StretchArgs};
use clap::Args;
use medproof_custody::ceremony::{self, First, Second, Transcript};
use medproof_custody::custodian::Custodian;
use medproof_custody::group::Group;
use medproof_custody::sealed::Passphrase;
use serde::Serialize;
use std::fmt;
use std::path::{Path, PathBuf};

/// Arguments of `custody deal`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Example:\n  medproof custody deal --threshold 2 --custodians 3 --out custodians\n\n\
    Each custodian types a passphrase of their own, one after the other, and takes their directory away. This\n\
    process has the whole key while it runs: `custody begin` makes one that nobody ever has."
)]
pub struct DealArgs {
    /// How many custodians sign.
    #[arg(long, value_name = "N")]
    pub threshold: u16,
    /// How many there are.
    #[arg(long, value_name = "N")]
    pub custodians: u16,
    /// The directory in which custodian-1, custodian-2 … and group.json are made.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// The file of a custodian's passphrase, in the order of the custodians. Without any, each is asked for.
    #[arg(long = "passphrase-file", value_name = "FILE")]
    pub passphrase_files: Vec<PathBuf>,
    /// What it costs to guess at a passphrase.
    #[command(flatten)]
    pub stretch: StretchArgs,
}

/// Shares that were dealt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DealReport {
    /// The group.
    pub group: GroupReport,
    /// The custodians' directories.
    pub directories: Vec<PathBuf>,
    /// The group's file: for whoever coordinates a signing.
    pub file: PathBuf,
}

/// Deals the shares of a new key.
///
/// # Errors
/// Where the numbers are no group, or something is there already.
pub fn deal(args: &DealArgs, cx: &Context) -> Result<DealReport, CliError> {
    let cost = args.stretch.cost(cx)?;
    let file = args.out.join("group.json");
    let shares = ceremony::deal(args.threshold, args.custodians)?;
    let passphrases = passphrases(args)?;
    files::make_directory(&args.out)?;
    files::check_target(&file, Overwrite::Never)?;
    let mut made: Option<Group> = None;
    let mut directories = Vec::new();
    for ((index, share), passphrase) in (1..).zip(shares).zip(&passphrases) {
        let directory = args.out.join(format!("custodian-{index}"));
        let custodian = Custodian::create(&directory, share, passphrase, cost)?;
        made = Some(custodian.group().clone());
        directories.push(directory);
    }
    let group = made.ok_or_else(|| CliError::input("custody.numbers", "expected custodians, found none"))?;
    files::write(&file, &group.to_json(), Secrecy::Public, Overwrite::Never)?;
    Ok(DealReport {
        group: GroupReport::of(&group),
        directories,
        file,
    })
}

fn passphrases(args: &DealArgs) -> Result<Vec<Passphrase>, CliError> {
    let custodians = usize::from(args.custodians);
    if args.passphrase_files.is_empty() {
        let ask = |index| passphrase::ask_twice(&format!("custodian {index}"), "--passphrase-file for each custodian");
        return (1..=custodians).map(ask).collect();
    }
    if args.passphrase_files.len() != custodians {
        let found = args.passphrase_files.len();
        let message = format!("expected a passphrase file for each of {custodians} custodians, found {found}");
        return Err(CliError::input("custody.passphrases", message));
    }
    args.passphrase_files
        .iter()
        .map(|path| passphrase::of_file(path))
        .collect()
}

impl fmt::Display for DealReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.group)?;
        for directory in &self.directories {
            writeln!(f, "share in       {}", directory.display())?;
        }
        writeln!(f, "group in       {}", self.file.display())?;
        writeln!(f, "give each custodian their directory, and leave no copy here")
    }
}

/// Arguments of `custody begin`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Example:\n  medproof custody begin --index 1 --threshold 2 --custodians 3 --custodian my-share --out first-1.json\n\n\
    Send the message to all other custodians, and make sure that theirs are theirs: all compare the transcript\n\
    that `custody exchange` shows."
)]
pub struct BeginArgs {
    /// Which custodian.
    #[command(flatten)]
    pub dir: CustodianDir,
    /// Which custodian this is, from 1: agreed before.
    #[arg(long, value_name = "N")]
    pub index: u16,
    /// How many custodians sign.
    #[arg(long, value_name = "N")]
    pub threshold: u16,
    /// How many there are.
    #[arg(long, value_name = "N")]
    pub custodians: u16,
    /// Where to write the first message, for all others.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// What it costs to guess at the passphrase.
    #[command(flatten)]
    pub stretch: StretchArgs,
}

/// A ceremony that was begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BeginReport {
    /// Which custodian.
    pub custodian: u16,
    /// The first message, for all others.
    pub file: PathBuf,
}

/// Begins a ceremony.
///
/// # Errors
/// Where the numbers are no group, or the directory has a share or a ceremony already.
pub fn begin(args: &BeginArgs, cx: &Context) -> Result<BeginReport, CliError> {
    files::check_target(&args.out, Overwrite::Never)?;
    let cost = args.stretch.cost(cx)?;
    let passphrase = args.dir.passphrase.choose(&args.dir.what())?;
    let first = ceremony::begin(
        &args.dir.custodian,
        args.index,
        args.threshold,
        args.custodians,
        &passphrase,
        cost,
    )?;
    files::write(&args.out, &first.to_json(), Secrecy::Public, Overwrite::Never)?;
    Ok(BeginReport {
        custodian: args.index,
        file: args.out.clone(),
    })
}

impl fmt::Display for BeginReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "first message of custodian {} in {}",
            self.custodian,
            self.file.display()
        )?;
        writeln!(f, "send it to all other custodians, and wait for theirs")
    }
}

/// Arguments of `custody exchange`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Example:\n  medproof custody exchange --custodian my-share --first first-2.json --first first-3.json --out for\n\n\
    Writes for-2.json and for-3.json: each is for that custodian, sealed, and may go over any channel. Once: what\n\
    is sent to whom is settled then."
)]
pub struct ExchangeArgs {
    /// Which custodian.
    #[command(flatten)]
    pub dir: CustodianDir,
    /// The first message of another custodian. Give those of all others.
    #[arg(long = "first", value_name = "FILE", required = true)]
    pub firsts: Vec<PathBuf>,
    /// Where to write the messages: their names begin with this.
    #[arg(long, value_name = "PREFIX")]
    pub out: PathBuf,
}

/// Messages to each other custodian.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExchangeReport {
    /// The same for all custodians, or somebody was told something else.
    pub transcript: String,
    /// One for each other custodian.
    pub files: Vec<PathBuf>,
}

/// Answers the first messages of all others.
///
/// # Errors
/// Where one does not hold.
pub fn exchange(args: &ExchangeArgs, _: &Context) -> Result<ExchangeReport, CliError> {
    let mut firsts = Vec::new();
    for path in &args.firsts {
        let file = files::read(path, "a custodian's first message")?;
        let first = First::from_json(&file).map_err(at(path))?;
        // Before anything is settled: a message that could not be written would be lost.
        files::check_target(&named(&args.out, first.index()), Overwrite::Never)?;
        firsts.push(first);
    }
    let passphrase = args.dir.passphrase.get(&args.dir.what())?;
    let (seconds, transcript) = ceremony::exchange(&args.dir.custodian, &firsts, &passphrase)?;
    let mut written = Vec::new();
    for second in &seconds {
        let path = named(&args.out, second.to());
        files::write(&path, &second.to_json(), Secrecy::Public, Overwrite::Never)?;
        written.push(path);
    }
    Ok(ExchangeReport {
        transcript: shown(transcript),
        files: written,
    })
}

fn named(prefix: &Path, index: u16) -> PathBuf {
    let mut name = prefix.as_os_str().to_owned();
    name.push(format!("-{index}.json"));
    PathBuf::from(name)
}

fn shown(transcript: Transcript) -> String {
    hex::encode(transcript.0)
}

impl fmt::Display for ExchangeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "transcript  {}", self.transcript)?;
        for file in &self.files {
            writeln!(f, "message in  {}", file.display())?;
        }
        writeln!(
            f,
            "compare the transcript with every other custodian, by voice or in a room, before you finish"
        )
    }
}

/// Arguments of `custody finish`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Example:\n  medproof custody finish --custodian my-share --message from-2.json --message from-3.json --group group.json"
)]
pub struct FinishArgs {
    /// Which custodian.
    #[command(flatten)]
    pub dir: CustodianDir,
    /// The message of another custodian to this one. Give those of all others.
    #[arg(long = "message", value_name = "FILE", required = true)]
    pub messages: Vec<PathBuf>,
    /// Where to write the group: the same file for every custodian.
    #[arg(long, value_name = "FILE")]
    pub group: PathBuf,
    /// What it costs to guess at the passphrase.
    #[command(flatten)]
    pub stretch: StretchArgs,
}

/// A ceremony that has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FinishReport {
    /// Which custodian.
    pub custodian: u16,
    /// The group.
    pub group: GroupReport,
    /// As all other custodians have it.
    pub transcript: String,
    /// The group's file.
    pub file: PathBuf,
}

/// Ends a ceremony.
///
/// # Errors
/// Where a message does not open or does not hold.
pub fn finish(args: &FinishArgs, cx: &Context) -> Result<FinishReport, CliError> {
    files::check_target(&args.group, Overwrite::Never)?;
    let cost = args.stretch.cost(cx)?;
    let mut seconds = Vec::new();
    for path in &args.messages {
        let file = files::read(path, "a custodian's message")?;
        seconds.push(Second::from_json(&file).map_err(at(path))?);
    }
    let passphrase = args.dir.passphrase.get(&args.dir.what())?;
    let (share, transcript) = ceremony::finish(&args.dir.custodian, &seconds, &passphrase)?;
    files::write(&args.group, &share.group().to_json(), Secrecy::Public, Overwrite::Never)?;
    let custodian = Custodian::create(&args.dir.custodian, share, &passphrase, cost)?;
    // Last: until the share has its place, the ceremony can be ended again.
    ceremony::forget(&args.dir.custodian)?;
    Ok(FinishReport {
        custodian: custodian.index(),
        group: GroupReport::of(custodian.group()),
        transcript: shown(transcript),
        file: args.group.clone(),
    })
}

impl fmt::Display for FinishReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "custodian      {}", self.custodian)?;
        write!(f, "{}", self.group)?;
        writeln!(f, "transcript     {}", self.transcript)?;
        writeln!(f, "group in       {}", self.file.display())?;
        writeln!(f, "compare the key with every other custodian before anybody enrols it")
    }
}
