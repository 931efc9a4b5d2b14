//! How custodians sign.

use super::{CustodianDir, at};
use crate::commands::holder;
use crate::commands::request::{self, Kind, RequestReport};
use crate::context::Context;
use crate::error::CliError;
use crate::files::{self, Overwrite, Secrecy};
use crate::{messages, text};
use clap::Args;
use medproof_custody::group::Group;
use medproof_custody::signing::{self, Commitment, SignatureShare, Signing};
use serde::Serialize;
use std::fmt;
use std::path::{Path, PathBuf};

/// Arguments of `custody commit`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Example:\n  medproof custody commit --custodian my-share --out commitment-1.json\n\n\
    Send the file to whoever coordinates. It serves one signing and no second."
)]
pub struct CommitArgs {
    /// Which custodian.
    #[command(flatten)]
    pub dir: CustodianDir,
    /// Where to write the commitment.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// A commitment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CommitReport {
    /// Whose it is.
    pub custodian: u16,
    /// Where it is.
    pub file: PathBuf,
}

/// Gives a commitment.
///
/// # Errors
/// Where the directory does not open or cannot be written.
pub fn commit(args: &CommitArgs, _: &Context) -> Result<CommitReport, CliError> {
    files::check_target(&args.out, Overwrite::Never)?;
    let commitment = args.dir.open()?.commit()?;
    files::write(&args.out, &commitment.to_json(), Secrecy::Public, Overwrite::Never)?;
    Ok(CommitReport {
        custodian: commitment.index(),
        file: args.out.clone(),
    })
}

impl fmt::Display for CommitReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "commitment of custodian {} in {}",
            self.custodian,
            self.file.display()
        )
    }
}

/// Arguments of `custody prepare`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Example:\n  medproof custody prepare --group group.json --request request.json \\\n    \
    --commitment commitment-1.json --commitment commitment-3.json --out signing.json\n\n\
    Send the file to every custodian whose commitment is in it."
)]
pub struct PrepareArgs {
    /// The group's file.
    #[arg(long, value_name = "FILE")]
    pub group: PathBuf,
    /// The request: for emergency treatment (ETREAT).
    #[arg(long, value_name = "FILE")]
    pub request: PathBuf,
    /// A custodian's commitment. Give as many as sign.
    #[arg(long = "commitment", value_name = "FILE", required = true)]
    pub commitments: Vec<PathBuf>,
    /// To exactly this table, or to the claim for later days too. Without it, as asked.
    #[arg(long, value_enum)]
    pub kind: Option<Kind>,
    /// For how long from the request on. Without it, until the request expires.
    #[arg(long = "for", value_parser = text::span, value_name = "SPAN")]
    pub span: Option<u64>,
    /// Where to write what the custodians are asked to sign.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// What custodians are asked to sign.
#[derive(Clone, Debug, Serialize)]
pub struct ReviewReport {
    /// The request.
    pub request: RequestReport,
    /// once or standing.
    pub kind: &'static str,
    /// Until when, in seconds since 1970.
    pub not_after: u64,
    /// Which custodians sign.
    pub signers: Vec<u16>,
    /// Where it is.
    pub file: PathBuf,
}

impl ReviewReport {
    fn of(signing: &Signing, file: &Path) -> ReviewReport {
        ReviewReport {
            request: request::report(signing.request()),
            kind: signing.grant().kind.name(),
            not_after: signing.grant().not_after.seconds(),
            signers: signing.signers().collect(),
            file: file.to_owned(),
        }
    }
}

/// Puts a signing together.
///
/// # Errors
/// Where the request is not for emergency treatment or is not open, or a commitment is not the group's.
pub fn prepare(args: &PrepareArgs, cx: &Context) -> Result<ReviewReport, CliError> {
    files::check_target(&args.out, Overwrite::Never)?;
    let group = group(&args.group)?;
    let request = messages::request(&args.request)?;
    messages::require_open(&request, cx)?;
    let grant = holder::grant(args.kind, args.span, &request)?;
    let mut commitments = Vec::new();
    for path in &args.commitments {
        let file = files::read(path, "a custodian's commitment")?;
        commitments.push(Commitment::from_json(&file).map_err(at(path))?);
    }
    let signing = Signing::new(request, grant, commitments, &group)?;
    files::write(&args.out, &signing.to_json(), Secrecy::Public, Overwrite::Never)?;
    Ok(ReviewReport::of(&signing, &args.out))
}

impl fmt::Display for ReviewReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.request)?;
        let signers: Vec<String> = self.signers.iter().map(ToString::to_string).collect();
        writeln!(
            f,
            "\nCustodians {} would consent ({}) until {}, in the patient's stead.",
            signers.join(" and "),
            self.kind,
            text::instant(self.not_after)
        )?;
        writeln!(f, "in  {}", self.file.display())
    }
}

/// Arguments of `custody review`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Example:\n  medproof custody review --signing signing.json")]
pub struct ReviewArgs {
    /// What the custodians are asked to sign.
    #[arg(long, value_name = "FILE")]
    pub signing: PathBuf,
}

/// Shows what custodians are asked to sign.
///
/// # Errors
/// Where it is nothing of the kind, or the request is not its audience's.
pub fn review(args: &ReviewArgs, _: &Context) -> Result<ReviewReport, CliError> {
    Ok(ReviewReport::of(&read(&args.signing)?, &args.signing))
}

/// Arguments of `custody sign`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Example:\n  medproof custody review --signing signing.json\n  \
    medproof custody sign --custodian my-share --signing signing.json --out share-1.json\n\n\
    The commitment is used up before the share is made, and signs nothing else, whatever happens.")]
pub struct SignArgs {
    /// Which custodian.
    #[command(flatten)]
    pub dir: CustodianDir,
    /// What the custodians are asked to sign.
    #[arg(long, value_name = "FILE")]
    pub signing: PathBuf,
    /// Where to write the share.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// A share of a signature.
#[derive(Clone, Debug, Serialize)]
pub struct SignReport {
    /// What was signed.
    pub signed: ReviewReport,
    /// Whose share it is.
    pub custodian: u16,
    /// Where it is.
    pub file: PathBuf,
}

/// Gives a share of the signature.
///
/// # Errors
/// Where the request is not for emergency treatment or is not open, or the commitment was used.
pub fn sign(args: &SignArgs, cx: &Context) -> Result<SignReport, CliError> {
    files::check_target(&args.out, Overwrite::Never)?;
    let signing = read(&args.signing)?;
    messages::require_open(signing.request(), cx)?;
    let share = args.dir.open()?.sign(&signing)?;
    files::write(&args.out, &share.to_json(), Secrecy::Public, Overwrite::Never)?;
    Ok(SignReport {
        signed: ReviewReport::of(&signing, &args.signing),
        custodian: share.index(),
        file: args.out.clone(),
    })
}

impl fmt::Display for SignReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.signed)?;
        writeln!(f, "share of custodian {} in {}", self.custodian, self.file.display())
    }
}

/// Arguments of `custody combine`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Example:\n  medproof custody combine --group group.json --signing signing.json \\\n    \
    --share share-1.json --share share-3.json --out consent.json\n\n\
    The consent is used as any other: `medproof prove --consent consent.json`."
)]
pub struct CombineArgs {
    /// The group's file.
    #[arg(long, value_name = "FILE")]
    pub group: PathBuf,
    /// What the custodians were asked to sign.
    #[arg(long, value_name = "FILE")]
    pub signing: PathBuf,
    /// A custodian's share. Give those of all who were asked.
    #[arg(long = "share", value_name = "FILE", required = true)]
    pub shares: Vec<PathBuf>,
    /// Where to write the consent.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Replace the file if it is there.
    #[arg(long)]
    pub force: bool,
}

/// A consent of custodians.
#[derive(Clone, Debug, Serialize)]
pub struct CombineReport {
    /// What was signed.
    pub signed: ReviewReport,
    /// Where the consent is.
    pub file: PathBuf,
}

/// Makes the consent of the shares.
///
/// # Errors
/// Where a share is missing or wrong.
pub fn combine(args: &CombineArgs, _: &Context) -> Result<CombineReport, CliError> {
    let overwrite = Overwrite::from(args.force);
    files::check_target(&args.out, overwrite)?;
    let group = group(&args.group)?;
    let signing = read(&args.signing)?;
    let mut shares = Vec::new();
    for path in &args.shares {
        let file = files::read(path, "a custodian's share of a signature")?;
        shares.push(SignatureShare::from_json(&file).map_err(at(path))?);
    }
    let consent = signing::combine(&signing, &shares, &group)?;
    files::write(&args.out, &consent.to_json(), Secrecy::Secret, overwrite)?;
    Ok(CombineReport {
        signed: ReviewReport::of(&signing, &args.signing),
        file: args.out.clone(),
    })
}

impl fmt::Display for CombineReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.signed)?;
        writeln!(f, "consent in {} (keep it: revoking takes it)", self.file.display())
    }
}

fn group(path: &Path) -> Result<Group, CliError> {
    let file = files::read(path, "a group of custodians")?;
    Group::from_json(&file).map_err(at(path))
}

fn read(path: &Path) -> Result<Signing, CliError> {
    let file = files::read_within(path, "what custodians are asked to sign", 2 * files::MESSAGE_LIMIT)?;
    Signing::from_json(&file).map_err(at(path))
}
