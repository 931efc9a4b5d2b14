//! `medproof holder split` and `recover`: keys in shares, of which some give them back.

use super::{KeygenReport, keys_report};
use crate::context::Context;
use crate::error::CliError;
use crate::files::{self, Overwrite, Secrecy};
use crate::keyfile::HolderKeys;
use clap::Args;
use medproof_custody::recovery::{self, RecoveryError, RecoveryShare};
use serde::Serialize;
use std::fmt;
use std::path::PathBuf;

/// Arguments of `holder split`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Example:\n  medproof holder split --holder holder.json --threshold 2 --shares 3 --out shares\n\n\
    Give each share to somebody else. Any two of these three give all of the keys back, to whoever has them;\n\
    one alone says nothing. Shares are of the keys as they are: after `holder rotate`, split again."
)]
pub struct SplitArgs {
    /// The holder's key file.
    #[arg(long, value_name = "FILE")]
    pub holder: PathBuf,
    /// How many shares give the keys back.
    #[arg(long, value_name = "N")]
    pub threshold: u8,
    /// How many shares there are.
    #[arg(long, value_name = "N")]
    pub shares: u8,
    /// The directory in which the shares are written, each as share-N.json.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Replace the files if they are there.
    #[arg(long)]
    pub force: bool,
}

/// Shares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SplitReport {
    /// What all of them have in their files.
    pub set: String,
    /// How many give the keys back.
    pub threshold: u8,
    /// Where they are.
    pub files: Vec<PathBuf>,
}

/// Splits a holder's keys.
///
/// # Errors
/// Where the numbers are no sharing, or a file is not what it has to be.
pub fn split(args: &SplitArgs, _: &Context) -> Result<SplitReport, CliError> {
    let overwrite = Overwrite::from(args.force);
    let keys = HolderKeys::load(&args.holder)?;
    let shares = recovery::split(&keys.to_secret(), args.threshold, args.shares)?;
    files::make_directory(&args.out)?;
    let path = |share: &RecoveryShare| args.out.join(format!("share-{}.json", share.index()));
    // All or none: shares of two sets in one directory fit nothing.
    for share in &shares {
        files::check_target(&path(share), overwrite)?;
    }
    for share in &shares {
        files::write(&path(share), &share.to_json(), Secrecy::Secret, overwrite)?;
    }
    Ok(SplitReport {
        set: shares.first().map(RecoveryShare::set).unwrap_or_default(),
        threshold: args.threshold,
        files: shares.iter().map(path).collect(),
    })
}

impl fmt::Display for SplitReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "set  {}", self.set)?;
        for file in &self.files {
            writeln!(f, "     {}", file.display())?;
        }
        writeln!(
            f,
            "any {} of them give the keys back: hand them out, and delete them here",
            self.threshold
        )
    }
}

/// Arguments of `holder recover`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Example:\n  medproof holder recover --share share-1.json --share share-3.json --out holder.json\n\n\
    It is the same holder: nullifiers and revocations go on. If the old file may be in somebody's hands, rotate the\n\
    signing key next (`medproof holder rotate`)."
)]
pub struct RecoverArgs {
    /// A share. Give as many as the threshold.
    #[arg(long = "share", value_name = "FILE", required = true)]
    pub shares: Vec<PathBuf>,
    /// Where to write the key file.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Replace the file if it is there.
    #[arg(long)]
    pub force: bool,
}

/// Gets a holder's keys back.
///
/// # Errors
/// Named for each way in which shares do not fit.
pub fn recover(args: &RecoverArgs, _: &Context) -> Result<KeygenReport, CliError> {
    let mut shares = Vec::with_capacity(args.shares.len());
    for path in &args.shares {
        let file = files::read_secret(path, "a recovery share")?;
        let share = RecoveryShare::from_json(&file).map_err(|e| {
            let error = CliError::from(e);
            CliError {
                message: format!("{}: {}", path.display(), error.message),
                ..error
            }
        })?;
        shares.push(share);
    }
    let secret = recovery::recover(&shares)?;
    let keys = HolderKeys::from_secret(&secret).ok_or(RecoveryError::Inconsistent)?;
    keys.save(&args.out, args.force.into())?;
    Ok(keys_report(&keys, &args.out))
}
