//! `medproof holder`: the patient's side: keys, enrolment, consent and its end.

mod recovery;

pub use recovery::{RecoverArgs, SplitArgs, SplitReport, recover, split};

use crate::chain::{self, AccountArgs, LedgerArgs, Sent};
use crate::commands::ledger;
use crate::commands::request::{self, Kind, RequestReport};
use crate::context::Context;
use crate::error::CliError;
use crate::files::{self, Overwrite, Secrecy};
use crate::keyfile::{self, HolderKeys};
use crate::messages;
use crate::text;
use clap::{Args, Subcommand};
use medproof_messages::terms::ConsentKind;
use medproof_messages::{ConsentMessage, Grant, Revocation, VerifiedRequest};
use medproof_records::issuer::{Enrolment, Invitation, Receipt};
use medproof_statement::eddsa::PublicKey;
use medproof_statement::record::RecordOpening;
use medproof_statement::request::{Purpose, Time};
use medproof_statement::{Fr, field};
use serde::Serialize;
use std::fmt;
use std::path::{Path, PathBuf};

/// What a holder does.
#[derive(Debug, Subcommand)]
pub enum HolderCommand {
    /// Make keys.
    Keygen(KeygenArgs),
    /// Answer an issuer's invitation with signed keys.
    Enroll(EnrollArgs),
    /// Consent to a request.
    Consent(ConsentArgs),
    /// End a consent: publish its revocation.
    Revoke(RevokeArgs),
    /// Make a new signing key and enrol it; the nullifier key stays.
    Rotate(RotateArgs),
    /// Check that an issuer committed to these keys, under a root that the ledger has.
    CheckReceipt(CheckReceiptArgs),
    /// Split the keys into shares, of which some give them back.
    Split(SplitArgs),
    /// Get the keys back from shares.
    Recover(RecoverArgs),
}

const GRADE: &str = "The file is development grade: unsealed, readable by its owner alone. Keep it so.";

/// Arguments of `holder keygen`.
#[derive(Clone, Debug, Args)]
#[command(after_help = format!("Example:\n  medproof holder keygen --out holder.json\n\n{GRADE}"))]
pub struct KeygenArgs {
    /// Where to write the key file.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// The custodians' threshold key, 0x and 64 digits: signs consents to emergency treatment, and
    /// only those. Without it the holder's own key does.
    #[arg(long, value_parser = public_key, value_name = "KEY")]
    pub emergency_key: Option<PublicKey>,
    /// Replace the file if it is there: its nullifier key, and with it all that it consented to,
    /// is lost.
    #[arg(long)]
    pub force: bool,
}

fn public_key(text: &str) -> Result<PublicKey, String> {
    let bytes = text::bytes32(text)?;
    PublicKey::from_bytes(&bytes.0).map_err(|e| e.to_string())
}

/// A holder's public keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeygenReport {
    /// Signs consents.
    pub public_key: String,
    /// Signs consents to emergency treatment.
    pub emergency_key: String,
    /// Where the keys are.
    pub file: PathBuf,
}

/// Makes a holder's keys.
///
/// # Errors
/// Where the file cannot be written.
pub fn keygen(args: &KeygenArgs, _: &Context) -> Result<KeygenReport, CliError> {
    let keys = HolderKeys::generate(args.emergency_key)?;
    keys.save(&args.out, args.force.into())?;
    Ok(keys_report(&keys, &args.out))
}

fn keys_report(keys: &HolderKeys, file: &Path) -> KeygenReport {
    let holder = keys.holder();
    KeygenReport {
        public_key: format!("0x{}", hex::encode(holder.pk.to_bytes())),
        emergency_key: format!("0x{}", hex::encode(holder.emergency_pk.to_bytes())),
        file: file.to_owned(),
    }
}

impl fmt::Display for KeygenReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "public key     {}", self.public_key)?;
        writeln!(f, "emergency key  {}", self.emergency_key)?;
        writeln!(f, "keys in        {}", self.file.display())
    }
}

/// Arguments of `holder enroll`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Example:\n  medproof holder enroll --holder holder.json --invitation invitation.json --out enrolment.json\n\n\
    The enrolment holds the nullifier key: it goes to the issuer over a private channel and nowhere else."
)]
pub struct EnrollArgs {
    /// The holder's key file.
    #[arg(long, value_name = "FILE")]
    pub holder: PathBuf,
    /// What the issuer handed out (see `issuer invite`).
    #[arg(long, value_name = "FILE")]
    pub invitation: PathBuf,
    /// Where to write the enrolment.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Replace the file if it is there.
    #[arg(long)]
    pub force: bool,
}

/// A signed enrolment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EnrollReport {
    /// For whom it is.
    pub issuer: String,
    /// Where it is.
    pub file: PathBuf,
}

/// Answers an invitation.
///
/// # Errors
/// Where a file is not what it has to be.
pub fn enroll(args: &EnrollArgs, _: &Context) -> Result<EnrollReport, CliError> {
    let keys = HolderKeys::load(&args.holder)?;
    write_enrolment(&keys, &args.invitation, &args.out, args.force.into())
}

fn write_enrolment(
    keys: &HolderKeys,
    invitation: &Path,
    out: &Path,
    overwrite: Overwrite,
) -> Result<EnrollReport, CliError> {
    let invitation = Invitation::from_json(&files::read(invitation, "an invitation")?)?;
    let enrolment = Enrolment::sign(keys.holder(), &keys.signing(), &invitation)?;
    files::write(out, enrolment.to_json()?.as_bytes(), Secrecy::Secret, overwrite)?;
    Ok(EnrollReport {
        issuer: invitation.issuer,
        file: out.to_owned(),
    })
}

impl fmt::Display for EnrollReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "enrolment for {} written to {}", self.issuer, self.file.display())?;
        writeln!(
            f,
            "it holds your nullifier key: give it to that issuer, over a private channel, and delete it"
        )
    }
}

/// Arguments of `holder consent`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:\n  medproof request show request.json\n  \
    medproof holder consent --holder holder.json --request request.json --out consent.json\n  \
    medproof holder consent --holder holder.json --request request.json --kind standing --for 365d --out consent.json")]
pub struct ConsentArgs {
    /// The holder's key file.
    #[arg(long, value_name = "FILE")]
    pub holder: PathBuf,
    /// The request.
    #[arg(long, value_name = "FILE")]
    pub request: PathBuf,
    /// To exactly this table, or to the claim for later days too. Without it, as asked.
    #[arg(long, value_enum)]
    pub kind: Option<Kind>,
    /// For how long from the request on. Without it, until the request expires.
    #[arg(long = "for", value_parser = text::span, value_name = "SPAN")]
    pub span: Option<u64>,
    /// Where to write the consent.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Replace the file if it is there.
    #[arg(long)]
    pub force: bool,
}

impl ConsentArgs {
    /// As the request asks.
    #[must_use]
    pub const fn new(holder: PathBuf, request: PathBuf, out: PathBuf) -> ConsentArgs {
        ConsentArgs {
            holder,
            request,
            kind: None,
            span: None,
            out,
            force: false,
        }
    }
}

/// A consent.
#[derive(Clone, Debug, Serialize)]
pub struct ConsentReport {
    /// To what.
    pub request: RequestReport,
    /// once or standing.
    pub kind: &'static str,
    /// Until when, in seconds since 1970.
    pub not_after: u64,
    /// By which it can be recognised on the ledger once revoked.
    pub consent_handle: String,
    /// Where it is. Keep it: it takes the consent to revoke it.
    pub file: PathBuf,
}

/// Consents to a request.
///
/// # Errors
/// Where the request is not its audience's or expired, or custodians have to sign.
pub fn consent(args: &ConsentArgs, cx: &Context) -> Result<ConsentReport, CliError> {
    let overwrite = Overwrite::from(args.force);
    files::check_target(&args.out, overwrite)?;
    let keys = HolderKeys::load(&args.holder)?;
    let request = messages::request(&args.request)?;
    messages::require_open(&request, cx)?;
    let holder = keys.holder();
    if request.body().purpose == Purpose::EmergencyTreatment && holder.emergency_pk != holder.pk {
        let message = "expected the custodians' signature: consents to emergency treatment are theirs";
        return Err(CliError::refused("consent.custodians", message)
            .with_help("they sign it together: `medproof custody prepare`, `sign` and `combine`"));
    }
    let grant = grant(args.kind, args.span, &request)?;
    let message = ConsentMessage::sign(&request, &grant, &keys.signing())?;
    files::write(&args.out, &message.to_json(), Secrecy::Secret, overwrite)?;
    Ok(ConsentReport {
        request: request::report(&request),
        kind: grant.kind.name(),
        not_after: grant.not_after.seconds(),
        consent_handle: text::shown(&holder.handle(message.message())),
        file: args.out.clone(),
    })
}

/// What a consent grants, as asked where nothing else is said.
pub(crate) fn grant(kind: Option<Kind>, span: Option<u64>, request: &VerifiedRequest) -> Result<Grant, CliError> {
    let body = request.body();
    let not_after = match span {
        None => body.expires_at,
        Some(span) => {
            Time::new(body.requested_at.seconds() + span).map_err(|e| CliError::input("consent.period", e))?
        }
    };
    // 248 random bits: below the modulus, never reduced.
    let mut grant_id = [0; 32];
    grant_id[1..].copy_from_slice(&*keyfile::random::<31>()?);
    Ok(Grant {
        kind: kind.map_or(body.consent, ConsentKind::from),
        not_before: body.requested_at,
        not_after,
        grant_id: field::from_bytes(&grant_id).map_err(|e| CliError::system("random", e))?,
    })
}

impl fmt::Display for ConsentReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.request)?;
        writeln!(
            f,
            "\nYou consent ({}) until {}.",
            self.kind,
            text::instant(self.not_after)
        )?;
        writeln!(f, "handle      {}", self.consent_handle)?;
        writeln!(f, "written to  {} (keep it: revoking takes it)", self.file.display())
    }
}

/// Arguments of `holder revoke`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Examples:\n  medproof holder revoke --holder holder.json --consent consent.json\n  \
    medproof holder revoke --holder holder.json --consent consent.json --out revocation.json   # for somebody else to publish"
)]
pub struct RevokeArgs {
    /// The holder's key file.
    #[arg(long, value_name = "FILE")]
    pub holder: PathBuf,
    /// The consent to end.
    #[arg(long, value_name = "FILE")]
    pub consent: PathBuf,
    /// The ledger of the consent.
    #[command(flatten)]
    pub ledger: LedgerArgs,
    /// Who publishes. Without it, where gas is free, an account that nobody else has.
    #[command(flatten)]
    pub account: AccountArgs,
    /// Write the revocation to this file instead of publishing it.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Replace the file if it is there.
    #[arg(long)]
    pub force: bool,
}

impl RevokeArgs {
    /// Published on a ledger, from an account that nobody else has.
    #[must_use]
    pub fn new(holder: PathBuf, consent: PathBuf, ledger: LedgerArgs) -> RevokeArgs {
        RevokeArgs {
            holder,
            consent,
            ledger,
            account: AccountArgs::default(),
            out: None,
            force: false,
        }
    }
}

/// A consent that ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RevokeReport {
    /// Its handle.
    pub consent_handle: String,
    /// By which transaction, if it was published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction: Option<Sent>,
    /// Where the revocation was written, if it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
}

/// Ends a consent.
///
/// # Errors
/// Where a file is not what it has to be, or the ledger does not take it.
pub fn revoke(args: &RevokeArgs, cx: &Context) -> Result<RevokeReport, CliError> {
    let keys = HolderKeys::load(&args.holder)?;
    let consent = messages::consent(&args.consent)?;
    let holder = keys.holder();
    let signer = match consent.purpose() {
        Purpose::EmergencyTreatment => &holder.emergency_pk,
        _ => &holder.pk,
    };
    if signer.verify(consent.message(), &consent.signed().signature).is_err() {
        // After a rotation an old consent is still this holder's: the handle comes from nk.
        cx.ui
            .note("note: this consent was not signed by the present key; its handle is revoked all the same");
    }
    let revocation = Revocation::new(*consent.ledger(), holder.revocation_secret(consent.message()));
    if let Some(out) = &args.out {
        files::write(out, &revocation.to_json(), Secrecy::Secret, args.force.into())?;
        return Ok(RevokeReport {
            consent_handle: text::shown(&revocation.handle()),
            transaction: None,
            file: Some(out.clone()),
        });
    }
    let published = ledger::publish(&revocation, &args.ledger, &args.account, cx)?;
    Ok(RevokeReport {
        consent_handle: published.consent_handle,
        transaction: Some(published.transaction),
        file: None,
    })
}

impl fmt::Display for RevokeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.transaction, &self.file) {
            (Some(sent), _) => {
                writeln!(
                    f,
                    "revoked: no presentation under this consent is accepted from now on\n{sent}"
                )?;
            }
            (None, Some(file)) => {
                writeln!(
                    f,
                    "revocation written to {}: the consent ends when it is published",
                    file.display()
                )?;
            }
            (None, None) => {}
        }
        writeln!(f, "handle  {}", self.consent_handle)
    }
}

/// Arguments of `holder rotate`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = format!("Example:\n  medproof holder rotate --holder holder.json --invitation invitation.json --new-holder holder-2.json --out enrolment.json\n\n{GRADE}")
)]
pub struct RotateArgs {
    /// The holder's key file.
    #[arg(long, value_name = "FILE")]
    pub holder: PathBuf,
    /// What the issuer handed out for this (see `issuer invite`).
    #[arg(long, value_name = "FILE")]
    pub invitation: PathBuf,
    /// Where to write the new key file.
    #[arg(long, value_name = "FILE")]
    pub new_holder: PathBuf,
    /// Where to write the enrolment, for `issuer rotate`.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Replace the files if they are there.
    #[arg(long)]
    pub force: bool,
}

/// New keys, and the enrolment that puts them in the place of the old.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RotateReport {
    /// The new keys.
    pub keys: KeygenReport,
    /// The enrolment.
    pub enrolment: EnrollReport,
}

/// Makes a new signing key; nk, and with it every nullifier, stays.
///
/// # Errors
/// Where a file is not what it has to be, or cannot be written.
pub fn rotate(args: &RotateArgs, _: &Context) -> Result<RotateReport, CliError> {
    let overwrite = Overwrite::from(args.force);
    files::check_target(&args.out, overwrite)?;
    let keys = HolderKeys::load(&args.holder)?.rotated()?;
    // The keys first: an enrolment whose key nobody has would lock the holder out.
    keys.save(&args.new_holder, overwrite)?;
    Ok(RotateReport {
        keys: keys_report(&keys, &args.new_holder),
        enrolment: write_enrolment(&keys, &args.invitation, &args.out, overwrite)?,
    })
}

impl fmt::Display for RotateReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.keys, self.enrolment)?;
        writeln!(
            f,
            "until the issuer has rotated and anchored, the old key signs; keep its file"
        )
    }
}

/// Arguments of `holder check-receipt`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Example:\n  medproof holder check-receipt --holder holder.json --receipt receipt.json --ledger medproof/ledger"
)]
pub struct CheckReceiptArgs {
    /// The holder's key file.
    #[arg(long, value_name = "FILE")]
    pub holder: PathBuf,
    /// The issuer's receipt.
    #[arg(long, value_name = "FILE")]
    pub receipt: PathBuf,
    /// Where the root is read.
    #[command(flatten)]
    pub ledger: LedgerArgs,
}

/// A receipt that holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckReceiptReport {
    /// The name that the issuer gives itself.
    pub issuer_name: String,
    /// The account that published the root: compare it with your hospital's.
    pub issuer: String,
    /// The root's epoch.
    pub epoch: u64,
    /// Whether another root took its place since.
    pub superseded: bool,
    /// The day on which the chart was read.
    pub issued_on: String,
}

/// Checks that the issuer committed to the holder's keys under a root that the ledger has.
///
/// # Errors
/// [`crate::Kind::Refused`] where it did not.
pub fn check_receipt(args: &CheckReceiptArgs, cx: &Context) -> Result<CheckReceiptReport, CliError> {
    let holder = HolderKeys::load(&args.holder)?.holder();
    let receipt = Receipt::from_json(&files::read(&args.receipt, "a receipt")?)?;
    let ledger = chain::open(&args.ledger, cx)?;
    let root = claimed_root(&receipt, &holder);
    // Keys first: who was committed to matters more than which root it was under.
    if holder.commit() != receipt.holder {
        receipt.verify(&holder, Fr::from(0u64))?;
    }
    let (issuer, status) =
        messages::issuer_of_root(&*ledger, root.unwrap_or_default()).map_err(|e| match e.code.as_str() {
            "root.unknown" => medproof_records::issuer::ReceiptError::OtherRoot.into(),
            _ => e,
        })?;
    receipt.verify(&holder, status.root)?;
    let entry = status.entry.as_ref();
    Ok(CheckReceiptReport {
        issuer_name: receipt.issuer.clone(),
        issuer: issuer.to_string(),
        epoch: entry.map_or(0, |e| e.epoch),
        superseded: entry.is_some_and(|e| e.superseded_at.is_some()),
        issued_on: receipt.issued_on.to_string(),
    })
}

/// The root that the receipt leads to with these keys: to be looked up, not to be believed.
fn claimed_root(receipt: &Receipt, holder: &medproof_statement::holder::Holder) -> Option<Fr> {
    let record = RecordOpening {
        facts_root: receipt.facts_root,
        holder: holder.clone(),
        coverage: receipt.coverage,
        schema: receipt.schema,
        issued_on: receipt.issued_on,
        salt: receipt.salt,
    };
    receipt.path.root(record.commit())
}

impl fmt::Display for CheckReceiptReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} committed to your keys.", self.issuer_name)?;
        writeln!(
            f,
            "issuer's account  {} (compare it with the one that your hospital publishes)",
            self.issuer
        )?;
        writeln!(f, "epoch             {}", self.epoch)?;
        writeln!(f, "chart read on     {}", self.issued_on)?;
        if self.superseded {
            writeln!(
                f,
                "note: another root took its place since; ask for a receipt of the present epoch"
            )?;
        }
        Ok(())
    }
}
