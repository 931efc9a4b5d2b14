//! `medproof prove`: the issuer's service answers a request with a presentation.
//!
//! Whoever asks must not learn why there is none: not eligible, too large, not enrolled and
//! a consent that does not fit or was revoked are one refusal, `refused`. The operator may see the
//! reason with `--reason`, and keeps it.

use crate::chain::{self, LedgerArgs};
use crate::commands::issuer::IssuerDir;
use crate::context::Context;
use crate::error::CliError;
use crate::files::{self, Overwrite, Secrecy};
use crate::keyring::Own;
use crate::messages;
use crate::text;
use clap::Args;
use medproof_engine::{Engine, ProveError, Proven};
use medproof_ledger::Ledger;
use medproof_messages::{ConsentMessage, Did, Presentation, VerifiedRequest};
use medproof_records::issuer::{IssuerError, OpenedRecord};
use medproof_service::work;
use medproof_statement::public::PublicInputs;
use serde::Serialize;
use std::ffi::OsStr;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Arguments of `prove`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Examples:\n  medproof prove --patient b4a36fff-6981-496a-a0d3-b274dd4b363a --request request.json --consent consent.json --out p.bin\n  \
    medproof prove --patient … --request request.json --consent consent.json --out p.json --reason"
)]
pub struct ProveArgs {
    /// Which issuer.
    #[command(flatten)]
    pub dir: IssuerDir,
    /// The ledger, where the consent may have been revoked.
    #[command(flatten)]
    pub ledger: LedgerArgs,
    /// The patient's FHIR id, or the record's id (`record:…`).
    #[arg(long)]
    pub patient: String,
    /// The audience's signed request.
    #[arg(long, value_name = "FILE")]
    pub request: PathBuf,
    /// The holder's signed consent.
    #[arg(long, value_name = "FILE")]
    pub consent: PathBuf,
    /// Refuse requests of anybody but this audience.
    #[arg(long, value_name = "DID", value_parser = text::did)]
    pub audience: Option<Did>,
    /// Where to write the presentation: JSON if the name ends in .json, else 321 bytes.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Say why there is no proof. For the operator alone: it tells about the patient.
    #[arg(long)]
    pub reason: bool,
    /// Replace the file if it is there.
    #[arg(long)]
    pub force: bool,
}

impl ProveArgs {
    /// From an issuer's directory, for a patient, with the usual ledger.
    #[must_use]
    pub fn new(dir: IssuerDir, patient: &str, request: PathBuf, consent: PathBuf, out: PathBuf) -> ProveArgs {
        ProveArgs {
            dir,
            ledger: LedgerArgs::default(),
            patient: patient.to_owned(),
            request,
            consent,
            audience: None,
            out,
            reason: false,
            force: false,
        }
    }
}

/// A presentation that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProveReport {
    /// Where it is.
    pub file: PathBuf,
    /// Its length in that form.
    pub bytes: usize,
    /// The size of the proof.
    pub tier: &'static str,
    /// The key.
    pub key_id: String,
    /// How long it took.
    pub timings: TimingsReport,
}

/// Milliseconds of each stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TimingsReport {
    /// The relation, natively.
    pub check_ms: u64,
    /// The witness.
    pub witness_ms: u64,
    /// The witness against every constraint.
    pub satisfaction_ms: u64,
    /// The proof.
    pub prove_ms: u64,
    /// The proof's own verification.
    pub verify_ms: u64,
}

/// Why there is no presentation.
enum Obstacle {
    /// It tells about the patient: for the operator alone.
    Hidden(String),
    /// It does not.
    Open(CliError),
}

impl From<CliError> for Obstacle {
    fn from(error: CliError) -> Obstacle {
        Obstacle::Open(error)
    }
}

/// Proves what a request asks of a patient who consented.
///
/// # Errors
/// [`crate::Kind::Refused`] with the code `refused` where there is no proof, whatever the reason;
/// with a reason of its own where the request itself is bad.
pub fn prove(args: &ProveArgs, cx: &Context) -> Result<ProveReport, CliError> {
    let overwrite = Overwrite::from(args.force);
    files::check_target(&args.out, overwrite)?;
    let request = messages::request(&args.request)?;
    messages::require_open(&request, cx)?;
    messages::require_audience(args.audience.as_ref(), &request)?;
    let tier = request.body().tier;
    // Before the patient's record is touched: none of this depends on it.
    let key = messages::own_key(&request, cx)?;
    let consent = messages::consent(&args.consent)?;
    let ledger = chain::open(&args.ledger, cx)?;
    chain::require_same(&*ledger, &request.body().ledger)?;
    let (public, proven) = answer(args, &request, &consent, ledger, &key, cx).map_err(|obstacle| match obstacle {
        Obstacle::Open(error) => error,
        Obstacle::Hidden(reason) => refusal(args.reason, &reason),
    })?;
    let presentation = Presentation {
        key_id: request.body().key_id,
        proof: proven.proof,
        public,
    };
    let bytes = if args.out.extension() == Some(OsStr::new("json")) {
        presentation.to_json()
    } else {
        presentation.to_bytes().to_vec()
    };
    files::write(&args.out, &bytes, Secrecy::Public, overwrite)?;
    Ok(ProveReport {
        file: args.out.clone(),
        bytes: bytes.len(),
        tier: tier.name(),
        key_id: presentation.key_id.to_string(),
        timings: timings(&proven),
    })
}

fn refusal(reason_asked: bool, reason: &str) -> CliError {
    let error = CliError::refused("refused", "refused");
    if reason_asked {
        error.with_help(format!("for the operator alone, it tells about the patient: {reason}"))
    } else {
        error.with_help("the operator may see the reason with --reason; it must not reach who asked")
    }
}

fn answer(
    args: &ProveArgs,
    request: &VerifiedRequest,
    consent: &ConsentMessage,
    ledger: Box<dyn Ledger>,
    key: &Own,
    cx: &Context,
) -> Result<(PublicInputs, Proven), Obstacle> {
    let record = open(args, cx)?;
    let (public, witness) = work::statement(request, consent, record).map_err(|e| Obstacle::Hidden(e.to_string()))?;
    require_unrevoked(&*ledger, &public)?;
    drop(ledger);
    let engine = cx.engine(key)?;
    let bar = cx.ui.bar("prove");
    let proven = engine.prove(&public, &witness, &bar).map_err(|error| match error {
        ProveError::Violation(violation) => Obstacle::Hidden(violation.to_string()),
        ProveError::Cancelled(_) => Obstacle::Open(CliError::cancelled()),
        error => Obstacle::Open(CliError::system("prover", text::chain(&error))),
    })?;
    Ok((public, proven))
}

// A presentation tells its audience the answer, whether or not the ledger would accept it: under a
// consent that was revoked there must be none.
fn require_unrevoked(ledger: &dyn Ledger, public: &PublicInputs) -> Result<(), Obstacle> {
    match ledger
        .consent_revoked_at(public.consent_handle)
        .map_err(CliError::from)?
    {
        None => Ok(()),
        Some(_) => Err(Obstacle::Hidden("the holder revoked the consent".into())),
    }
}

fn open(args: &ProveArgs, cx: &Context) -> Result<OpenedRecord, Obstacle> {
    let issuer = args.dir.open(cx)?;
    issuer.open_record(&args.patient).map_err(|error| match error {
        IssuerError::Refused { reason, .. } => Obstacle::Hidden(reason.to_string()),
        error => Obstacle::Open(error.into()),
    })
}

fn timings(proven: &Proven) -> TimingsReport {
    let ms = |d: Duration| u64::try_from(d.as_millis()).unwrap_or(u64::MAX);
    let t = &proven.timings;
    TimingsReport {
        check_ms: ms(t.check),
        witness_ms: ms(t.synthesis),
        satisfaction_ms: ms(t.satisfaction),
        prove_ms: ms(t.prove),
        verify_ms: ms(t.verify),
    }
}

impl fmt::Display for ProveReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let t = &self.timings;
        writeln!(
            f,
            "presentation of {} bytes written to {}",
            self.bytes,
            self.file.display()
        )?;
        writeln!(f, "tier {}, key {}", self.tier, self.key_id)?;
        writeln!(
            f,
            "check {} ms, witness {} ms, constraints {} ms, proof {} ms, verification {} ms",
            t.check_ms, t.witness_ms, t.satisfaction_ms, t.prove_ms, t.verify_ms
        )
    }
}
