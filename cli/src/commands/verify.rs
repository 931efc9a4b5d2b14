//! `medproof verify`: an audience checks the answer to its own request.

use crate::chain::{self, LedgerArgs};
use crate::claims;
use crate::commands::claim::ExplainReport;
use crate::commands::request;
use crate::context::Context;
use crate::error::CliError;
use crate::files;
use crate::keyfile::AudienceKeys;
use crate::messages;
use crate::text;
use crate::view;
use clap::Args;
use medproof_ledger::Address;
use medproof_messages::{Did, PinnedKey, Presentation, VerifiedRequest};
use medproof_service::view::View;
use medproof_statement::request::Time;
use medproof_verifier::ledger::Issuer;
use medproof_verifier::store::{AnswerStore, Recorded};
use medproof_verifier::{Issuers, LedgerView, Mode, Settings, TrustBundle, Verified, Verifier};
use serde::Serialize;
use std::fmt;
use std::path::{Path, PathBuf};

/// Arguments of `verify`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Examples:\n  medproof verify --presentation p.bin --request request.json --audience sponsor.json\n  \
    medproof verify --presentation p.bin --request request.json --audience did:key:z6Mk… \\\n      --bundle trust.json --signer did:key:z6Mk…\n\n\
    The request is your own, from your own files: never one that came with the answer.\n\
    Exit code 0: everything holds. 1: refused, with the reason. 2: the command could not check it."
)]
pub struct VerifyArgs {
    /// The presentation, binary or JSON.
    #[arg(long, value_name = "FILE")]
    pub presentation: PathBuf,
    /// Your request that it should answer.
    #[arg(long, value_name = "FILE")]
    pub request: PathBuf,
    /// Who you are: your DID, or your key file.
    #[arg(long, value_name = "DID|FILE")]
    pub audience: String,
    /// The claim that you asked: a file, or a name of the library. Without it, the one in the request.
    #[arg(long)]
    pub claim: Option<String>,
    /// Read roots, keys and revocations from this trust bundle instead of the ledger.
    #[arg(long, value_name = "FILE", requires = "signer")]
    pub bundle: Option<PathBuf>,
    /// Who signed the trust bundle.
    #[arg(long, value_name = "DID", requires = "bundle")]
    pub signer: Option<String>,
    /// Which ledger.
    #[command(flatten)]
    pub ledger: LedgerArgs,
    /// Whose charts are believed. Without it, those of all issuers that the council admitted.
    #[arg(long, num_args = 1.., value_name = "ADDRESS", value_parser = chain::address)]
    pub issuer: Vec<Address>,
    /// For how long a root is accepted after another took its place.
    #[arg(long, value_parser = text::span, default_value = "1h", value_name = "SPAN")]
    pub grace: Option<u64>,
    /// From what age of its last publication an issuer is refused.
    #[arg(long, value_parser = text::span, default_value = "24h", value_name = "SPAN")]
    pub max_root_age: Option<u64>,
    /// Where accepted answers are kept, so that no holder answers twice in a scope.
    #[arg(
        long,
        env = "MEDPROOF_ANSWERS",
        default_value = "medproof/answers.store",
        value_name = "FILE"
    )]
    pub answers: PathBuf,
    /// Check only: keep nothing, and do not look whether the holder answered before.
    #[arg(long)]
    pub dry_run: bool,
    /// Take an answer that was accepted before, to the same request under the same consent: a
    /// retry of your own.
    #[arg(long)]
    pub again: bool,
}

impl VerifyArgs {
    /// By the ledger, with the usual settings.
    pub fn new(presentation: PathBuf, request: PathBuf, audience: impl Into<String>, ledger: LedgerArgs) -> VerifyArgs {
        VerifyArgs {
            presentation,
            request,
            audience: audience.into(),
            claim: None,
            bundle: None,
            signer: None,
            ledger,
            issuer: Vec::new(),
            grace: None,
            max_root_age: None,
            answers: "medproof/answers.store".into(),
            dry_run: false,
            again: false,
        }
    }
}

/// What a presentation showed.
#[derive(Clone, Debug, Serialize)]
pub struct VerifyReport {
    /// Always true: what does not hold is an error.
    pub valid: bool,
    /// What was proved, in words.
    pub claim: ExplainReport,
    /// The day.
    pub as_of: String,
    /// Why it was asked.
    pub purpose: &'static str,
    /// One per holder and scope.
    pub nullifier: String,
    /// By which the holder can revoke the consent.
    pub consent_handle: String,
    /// Whose chart, by the ledger.
    pub issuer: String,
    /// The root's number.
    pub epoch: u64,
    /// The root.
    pub registry_root: String,
    /// The size of the proof.
    pub tier: &'static str,
    /// The key.
    pub key_id: String,
    /// As of which block roots and revocations were read.
    pub block: u64,
    /// That block's time, in seconds since 1970.
    pub block_time: u64,
    /// The request.
    pub request_digest: String,
    /// Whether it is the holder's first answer in the scope; none where that was not looked up.
    pub first: Option<bool>,
    /// Whether the key is insecure, so that nothing is proved to anybody.
    pub development: bool,
}

/// Checks a presentation.
///
/// # Errors
/// [`crate::Kind::Refused`] with the verifier's reason where it does not hold.
pub fn verify(args: &VerifyArgs, cx: &Context) -> Result<VerifyReport, CliError> {
    let request = messages::request(&args.request)?;
    let presentation = messages::presentation(&args.presentation)?;
    let claim = match &args.claim {
        Some(name) => claims::load(name)?,
        None => request.body().claim.clone(),
    };
    let source = Source::open(args, &request, &presentation, cx)?;
    let verifier = Verifier::new(settings(args, &request, &source, cx)?, &source.key)?;
    let verified = verifier.verify_parsed(&presentation, &request, &claim, &*source.view, source.now)?;
    let first = record(args, &verified)?;
    Ok(report(&request, &verified, &source.key, first))
}

/// Where roots, keys and revocations come from, and what time it is there.
struct Source {
    view: Box<dyn LedgerView>,
    key: PinnedKey,
    now: Time,
}

impl Source {
    fn open(
        args: &VerifyArgs,
        request: &VerifiedRequest,
        presentation: &Presentation,
        cx: &Context,
    ) -> Result<Source, CliError> {
        let id = request.body().key_id;
        if let (Some(path), Some(signer)) = (&args.bundle, &args.signer) {
            let bundle = TrustBundle::open(
                messages::trim(&files::read(path, "a trust bundle")?),
                &Did::parse(signer)?,
            )?;
            let key = bundle.key(&id).cloned().ok_or_else(|| {
                let message =
                    format!("the trust bundle has no key {id}: get one that has, or ask with a key that it has");
                CliError::refused("key.unknown", message)
            })?;
            return Ok(Source {
                view: Box::new(bundle),
                key,
                now: cx.now()?,
            });
        }
        let ledger = chain::open(&args.ledger, cx)?;
        chain::require_same(&*ledger, &request.body().ledger)?;
        let public = &presentation.public;
        Ok(Source {
            view: Box::new(View::read(&*ledger, public.registry_root, public.consent_handle, id)?),
            key: view::registered_key(&*ledger, id, cx)?,
            now: chain::now(&*ledger, cx)?,
        })
    }
}

fn settings(args: &VerifyArgs, request: &VerifiedRequest, source: &Source, cx: &Context) -> Result<Settings, CliError> {
    let issuers = match &args.issuer[..] {
        [] => Issuers::AllAdmitted,
        some => Issuers::Only(some.iter().map(|a| Issuer(a.into_array())).collect()),
    };
    // The view's ledger is the one that this verifier was told to trust.
    let ledger = source.view.snapshot().map_err(medproof_verifier::Refusal::from)?.ledger;
    let mut settings = Settings::new(audience(&args.audience)?, ledger, issuers);
    settings.grace = args.grace.unwrap_or(Settings::GRACE);
    settings.max_age = args.max_root_age.unwrap_or(Settings::MAX_AGE);
    if source.key.info().development {
        cx.require_development(&format!("the key {} of the request", request.body().key_id))?;
        settings.mode = Mode::Development;
    }
    Ok(settings)
}

/// A DID, or that of a key file.
fn audience(text: &str) -> Result<Did, CliError> {
    if text.starts_with("did:") {
        return Did::parse(text).map_err(|e| CliError::input(e.code(), e));
    }
    Ok(AudienceKeys::load(Path::new(text))?.key.did())
}

/// Keeps the answer. Whether it is the holder's first in the scope.
fn record(args: &VerifyArgs, verified: &Verified) -> Result<Option<bool>, CliError> {
    if args.dry_run {
        return Ok(None);
    }
    if let Some(parent) = args.answers.parent().filter(|p| !p.as_os_str().is_empty()) {
        files::make_directory(parent)?;
    }
    match AnswerStore::open(&args.answers)?.record(verified)? {
        Recorded::First(_) => Ok(Some(true)),
        Recorded::Again(_) if args.again => Ok(Some(false)),
        Recorded::Again(answer) => {
            let when = text::instant(answer.verified_at.seconds());
            let message = format!("this answer was accepted before, at {when}: the same holder is not counted twice");
            Err(CliError::refused("presentation.replayed", message)
                .with_help("if you verify it once more yourself, say so with --again or --dry-run"))
        }
    }
}

fn report(request: &VerifiedRequest, verified: &Verified, key: &PinnedKey, first: Option<bool>) -> VerifyReport {
    VerifyReport {
        valid: true,
        claim: request::report(request).claim,
        as_of: verified.as_of().to_string(),
        purpose: verified.purpose().code(),
        nullifier: text::shown(&verified.nullifier()),
        consent_handle: text::shown(&verified.consent_handle()),
        issuer: Address::from(verified.issuer().0).to_string(),
        epoch: verified.epoch(),
        registry_root: text::shown(&verified.registry_root()),
        tier: verified.tier().name(),
        key_id: verified.key_id().to_string(),
        block: verified.block().number,
        block_time: verified.block().time.seconds(),
        request_digest: text::shown(&verified.request_digest()),
        first,
        development: key.info().development,
    }
}

impl fmt::Display for VerifyReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "VALID\n")?;
        writeln!(f, "{}", self.claim)?;
        writeln!(f, "nullifier  {}", self.nullifier)?;
        writeln!(f, "handle     {}", self.consent_handle)?;
        writeln!(f, "issuer     {}, epoch {}", self.issuer, self.epoch)?;
        writeln!(
            f,
            "ledger     block {} of {}",
            self.block,
            text::instant(self.block_time)
        )?;
        writeln!(f, "proof      tier {}, key {}", self.tier, self.key_id)?;
        match self.first {
            Some(true) => writeln!(f, "first answer of this holder in the scope")?,
            Some(false) => writeln!(f, "this very answer was accepted before: do not count it twice")?,
            None => writeln!(f, "not looked up whether this holder answered before")?,
        }
        if self.development {
            writeln!(
                f,
                "DEVELOPMENT KEY: anyone can forge proofs under it; this is evidence of nothing"
            )?;
        }
        Ok(())
    }
}
