//! `medproof request`: what an audience asks, signed by it.

use crate::chain::{self, LedgerArgs};
use crate::claims;
use crate::commands::claim::{ExplainReport, explained};
use crate::context::Context;
use crate::error::CliError;
use crate::files::{self, Overwrite, Secrecy};
use crate::keyfile::{self, AudienceKeys};
use crate::messages;
use crate::text;
use clap::{Args, Subcommand, ValueEnum};
use medproof_messages::terms::{ConsentKind, Endpoint, ScopeLabel, Subject};
use medproof_messages::{RequestBody, VerifiedRequest};
use medproof_statement::Fr;
use medproof_statement::day::Day;
use medproof_statement::request::{Purpose, Time};
use medproof_statement::tier::Tier;
use serde::Serialize;
use std::fmt;
use std::path::PathBuf;

/// What to do with requests.
#[derive(Debug, Subcommand)]
pub enum RequestCommand {
    /// Write and sign a request.
    New(Box<NewArgs>),
    /// Check a request's signature and say in words what it asks.
    Show(ShowArgs),
}

/// Once or standing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// To exactly this table: this claim, this day.
    #[default]
    Once,
    /// To the claim, for later days too.
    Standing,
}

impl From<Kind> for ConsentKind {
    fn from(kind: Kind) -> ConsentKind {
        match kind {
            Kind::Once => ConsentKind::Once,
            Kind::Standing => ConsentKind::Standing,
        }
    }
}

/// Arguments of `request new`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Examples:\n  medproof request new --audience sponsor.json --claim trial.yaml --as-of 2021-04-01 \\\n      \
    --purpose HRESCH --scope \"trial NCT0001\" --endpoint https://sponsor.example/answers --out request.json\n  \
    medproof request new --audience insurer.json --claim vaccinated --purpose HPAYMT --scope 2023 --tier S --expires-in 2d --out r.json"
)]
pub struct NewArgs {
    /// The audience's key file.
    #[arg(long, value_name = "FILE")]
    pub audience: PathBuf,
    /// A claim's file (JSON or YAML), or its name in the library.
    #[arg(long)]
    pub claim: String,
    /// The day for which it is asked. Without it, today.
    #[arg(long, value_parser = text::day, value_name = "DATE")]
    pub as_of: Option<Day>,
    /// Why, as HL7 codes purposes: TREAT, HRESCH, HPAYMT, PUBHLTH, HOPERAT or ETREAT.
    #[arg(long, value_parser = text::purpose)]
    pub purpose: Purpose,
    /// Within what no holder answers twice, in the audience's words.
    #[arg(long)]
    pub scope: String,
    /// Where answers go.
    #[arg(long, default_value = "https://localhost/", value_name = "URL")]
    pub endpoint: String,
    /// Until when it may be answered.
    #[arg(long, value_parser = text::span, default_value = "7d", value_name = "SPAN")]
    pub expires_in: u64,
    /// The size of the proof: see `claim test`. Without it, the claim's own or the smallest that
    /// the simplest chart fits.
    #[arg(long, value_parser = text::tier)]
    pub tier: Option<Tier>,
    /// About whom it must be: what the applicant gave beforehand, a field element.
    #[arg(long, value_parser = text::element, value_name = "ELEMENT")]
    pub subject: Option<Fr>,
    /// What consent is asked for.
    #[arg(long, value_enum, default_value_t)]
    pub consent: Kind,
    /// The pinned verifying key's file. Without it, in development mode, the tier's development key.
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Where roots, keys and revocations are read.
    #[command(flatten)]
    pub ledger: LedgerArgs,
    /// Where to write the request.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Replace the file if it is there.
    #[arg(long)]
    pub force: bool,
}

impl NewArgs {
    /// What has no default: who asks what, why, within what.
    pub fn new(audience: PathBuf, claim: &str, purpose: Purpose, scope: &str, out: PathBuf) -> NewArgs {
        NewArgs {
            audience,
            claim: claim.to_owned(),
            as_of: None,
            purpose,
            scope: scope.to_owned(),
            endpoint: "https://localhost/".to_owned(),
            expires_in: 7 * 86_400,
            tier: None,
            subject: None,
            consent: Kind::Once,
            key: None,
            ledger: LedgerArgs::default(),
            out,
            force: false,
        }
    }
}

/// Arguments of `request show`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Example:\n  medproof request show request.json")]
pub struct ShowArgs {
    /// The request.
    pub request: PathBuf,
}

/// A request in words.
#[derive(Clone, Debug, Serialize)]
pub struct RequestReport {
    /// Who asks.
    pub audience: String,
    /// Why: HL7's code.
    pub purpose: &'static str,
    /// Within what no holder answers twice.
    pub scope: String,
    /// About whom, if it must be somebody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Where answers go.
    pub endpoint: String,
    /// The day.
    pub as_of: String,
    /// The size of the proof.
    pub tier: &'static str,
    /// The key that it is verified with.
    pub key_id: String,
    /// Where roots and revocations are read.
    pub ledger_id: String,
    /// When it was made, in seconds since 1970.
    pub requested_at: u64,
    /// Until when it may be answered, in seconds since 1970.
    pub expires_at: u64,
    /// once or standing.
    pub consent: &'static str,
    /// Digest of the table.
    pub policy_digest: String,
    /// What the proof binds.
    pub request_digest: String,
    /// The claim in words.
    pub claim: ExplainReport,
    /// Where it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
}

/// Writes and signs a request.
///
/// # Errors
/// Where the claim does not compile, a field is out of range, or the file cannot be written.
pub fn new(args: &NewArgs, cx: &Context) -> Result<RequestReport, CliError> {
    let overwrite = Overwrite::from(args.force);
    files::check_target(&args.out, overwrite)?;
    let audience = AudienceKeys::load(&args.audience)?;
    let claim = claims::load(&args.claim)?;
    let now = cx.now()?;
    let as_of = args.as_of.map_or_else(|| cx.today(), Ok)?;
    let tier = claim.compile(as_of, args.tier)?.table().header().tier;
    let term = |e| CliError::input("request.value", e);
    let body = RequestBody {
        audience: audience.key.did(),
        endpoint: Endpoint::parse(&args.endpoint).map_err(term)?,
        purpose: args.purpose,
        subject: args.subject.map(Subject::new).transpose().map_err(term)?,
        claim,
        as_of,
        tier,
        scope: ScopeLabel::parse(&args.scope).map_err(term)?,
        ledger: chain::named_without_opening(&args.ledger, cx)?,
        key_id: messages::pinned_key(args.key.as_deref(), Some(tier), cx)?.id(),
        nonce: *keyfile::random()?,
        requested_at: now,
        expires_at: Time::new(now.seconds() + args.expires_in).map_err(|e| CliError::input("request.value", e))?,
        consent: args.consent.into(),
    };
    let signed = body.sign(&audience.key).map_err(unsignable)?;
    files::write(&args.out, &signed.to_json(), Secrecy::Public, overwrite)?;
    let request = signed.verify()?;
    Ok(RequestReport {
        file: Some(args.out.clone()),
        ..report(&request)
    })
}

/// What nobody could answer is the author's mistake.
fn unsignable(error: medproof_messages::RequestError) -> CliError {
    CliError::input(error.code(), text::chain(&error))
}

/// Checks a request and says in words what it asks.
///
/// # Errors
/// Where it is none, or its signature is not its audience's.
pub fn show(args: &ShowArgs, _: &Context) -> Result<RequestReport, CliError> {
    Ok(report(&messages::request(&args.request)?))
}

pub(crate) fn report(request: &VerifiedRequest) -> RequestReport {
    let body = request.body();
    RequestReport {
        audience: body.audience.to_string(),
        purpose: body.purpose.code(),
        scope: body.scope.as_str().to_owned(),
        subject: body.subject.map(|s| text::shown(&s.element())),
        endpoint: body.endpoint.as_str().to_owned(),
        as_of: body.as_of.to_string(),
        tier: body.tier.name(),
        key_id: body.key_id.to_string(),
        ledger_id: text::shown(&body.ledger.id()),
        requested_at: body.requested_at.seconds(),
        expires_at: body.expires_at.seconds(),
        consent: body.consent.name(),
        policy_digest: text::shown(&request.policy_digest()),
        request_digest: text::shown(&request.request_digest()),
        claim: explained(&body.claim, Some(body.as_of)),
        file: None,
    }
}

impl fmt::Display for RequestReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} asks, signed:", self.audience)?;
        writeln!(f, "purpose   {}", self.purpose)?;
        writeln!(f, "scope     {} (one answer a holder)", self.scope)?;
        if let Some(subject) = &self.subject {
            writeln!(f, "subject   {subject}")?;
        }
        writeln!(
            f,
            "answers   to {} until {}",
            self.endpoint,
            text::instant(self.expires_at)
        )?;
        writeln!(f, "consent   {}", self.consent)?;
        writeln!(f, "proof     tier {}, key {}", self.tier, self.key_id)?;
        writeln!(f, "ledger    {}", self.ledger_id)?;
        writeln!(f, "request   {}\n", self.request_digest)?;
        write!(f, "{}", self.claim)?;
        match &self.file {
            Some(file) => writeln!(f, "\nwritten to {}", file.display()),
            None => Ok(()),
        }
    }
}
