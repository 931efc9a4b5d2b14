//! `medproof custody`: custodians of an emergency key, of whom some sign together.
//!
//! The key is made by a ceremony in which nobody has it, or dealt; a consent is signed in two rounds of
//! files that custodians pass on. `docs/ops/custody.md` tells both from their side.

mod ceremony;
mod signing;

pub use ceremony::{
    BeginArgs, BeginReport, DealArgs, DealReport, ExchangeArgs, ExchangeReport, FinishArgs, FinishReport, begin, deal,
    exchange, finish,
};
pub use signing::{
    CombineArgs, CombineReport, CommitArgs, CommitReport, PrepareArgs, ReviewArgs, ReviewReport, SignArgs, SignReport,
    combine, commit, prepare, review, sign,
};

use crate::context::Context;
use crate::error::CliError;
use crate::passphrase::{NewPassphraseArgs, PassphraseArgs};
use clap::{Args, Subcommand};
use medproof_custody::custodian::Custodian;
use medproof_custody::group::Group;
use serde::Serialize;
use std::fmt;
use std::path::{Path, PathBuf};

/// What custodians do.
#[derive(Debug, Subcommand)]
pub enum CustodyCommand {
    /// Make an emergency key and deal its shares. Whoever does has the key for a moment.
    Deal(DealArgs),
    /// Begin a ceremony in which nobody ever has the key: write this custodian's first message.
    Begin(BeginArgs),
    /// Answer the first messages of all others, one message to each.
    Exchange(ExchangeArgs),
    /// End the ceremony with the messages of all others: write the share and the group.
    Finish(FinishArgs),
    /// Which custodian this is, of which key.
    Show(ShowArgs),
    /// Seal a custodian's share with another passphrase.
    Passphrase(PassphraseArgsOfShare),
    /// Round one: give a commitment for one signing.
    Commit(CommitArgs),
    /// Put request and commitments together to what the custodians are asked to sign.
    Prepare(PrepareArgs),
    /// Read what custodians are asked to sign.
    Review(ReviewArgs),
    /// Round two: give this custodian's share of the signature. Once for each commitment.
    Sign(SignArgs),
    /// Make the consent of the shares.
    Combine(CombineArgs),
}

/// A custodian's directory, which a passphrase opens.
#[derive(Clone, Debug, Args)]
pub struct CustodianDir {
    /// The custodian's directory.
    #[arg(long, value_name = "DIR")]
    pub custodian: PathBuf,
    /// The custodian's passphrase.
    #[command(flatten)]
    pub passphrase: PassphraseArgs,
}

impl CustodianDir {
    fn what(&self) -> String {
        format!("the custodian in {}", self.custodian.display())
    }

    fn open(&self) -> Result<Custodian, CliError> {
        let passphrase = self.passphrase.get(&self.what())?;
        Ok(Custodian::open(&self.custodian, &passphrase)?)
    }
}

/// Arguments of `custody show`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Example:\n  medproof custody show --custodian custodian-1")]
pub struct ShowArgs {
    /// Which custodian.
    #[command(flatten)]
    pub dir: CustodianDir,
}

/// A custodian.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShowReport {
    /// Which of the group, from 1.
    pub custodian: u16,
    /// The group.
    pub group: GroupReport,
}

/// A group of custodians.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GroupReport {
    /// The emergency key: what `holder keygen --emergency-key` takes.
    pub emergency_key: String,
    /// How many sign.
    pub threshold: u16,
    /// Of how many.
    pub custodians: u16,
}

impl GroupReport {
    fn of(group: &Group) -> GroupReport {
        GroupReport {
            emergency_key: format!("0x{}", hex::encode(group.key().to_bytes())),
            threshold: group.threshold(),
            custodians: group.custodians(),
        }
    }
}

/// Says which custodian this is.
///
/// # Errors
/// Where the directory does not open.
pub fn show(args: &ShowArgs, _: &Context) -> Result<ShowReport, CliError> {
    let custodian = args.dir.open()?;
    Ok(ShowReport {
        custodian: custodian.index(),
        group: GroupReport::of(custodian.group()),
    })
}

impl fmt::Display for ShowReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "custodian      {}", self.custodian)?;
        write!(f, "{}", self.group)
    }
}

impl fmt::Display for GroupReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "emergency key  {}", self.emergency_key)?;
        writeln!(f, "who signs      {} of {} custodians", self.threshold, self.custodians)
    }
}

/// Arguments of `custody passphrase`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Example:\n  medproof custody passphrase --custodian custodian-1")]
pub struct PassphraseArgsOfShare {
    /// Which custodian.
    #[command(flatten)]
    pub dir: CustodianDir,
    /// The new passphrase.
    #[command(flatten)]
    pub new: NewPassphraseArgs,
}

/// Seals a custodian's share anew.
///
/// # Errors
/// Where it does not open, or cannot be written; it is as it was then.
pub fn passphrase(args: &PassphraseArgsOfShare, cx: &Context) -> Result<ShowReport, CliError> {
    let cost = args.new.stretch.cost(cx)?;
    let custodian = args.dir.open()?;
    custodian.reseal(&args.new.choose(&args.dir.what())?, cost)?;
    Ok(ShowReport {
        custodian: custodian.index(),
        group: GroupReport::of(custodian.group()),
    })
}

fn at(path: &Path) -> impl Fn(medproof_custody::CustodyError) -> CliError + '_ {
    move |error| {
        let error = CliError::from(error);
        CliError {
            message: format!("{}: {}", path.display(), error.message),
            ..error
        }
    }
}
