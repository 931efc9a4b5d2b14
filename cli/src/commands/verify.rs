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
use medproof_claims::Claim;
use medproof_ledger::{Address, B256};
use medproof_messages::{Did, PinnedKey, Presentation, VerifiedRequest};
use medproof_service::view::View;
use medproof_statement::Fr;
use medproof_statement::request::Time;
use medproof_verifier::ledger::{Issuer, RootEntry};
use medproof_verifier::store::{Answer, AnswerStore, Recorded};
use medproof_verifier::{Issuers, LedgerView, Mode, Presented, Refusal, Settings, TrustBundle, Verified, Verifier};
use serde::Serialize;
use std::fmt;
use std::path::{Path, PathBuf};

/// Arguments of `verify`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Examples:\n  medproof verify --presentation p.bin --request request.json --audience sponsor.json\n  \
    medproof verify --presentation p.bin --request request.json --audience did:key:z6Mk… \\\n      --bundle trust.json --signer did:key:z6Mk…\n  \
    medproof verify --presentation p.bin --request request.json --audience sponsor.json \\\n      \
    --ledger http://node:8545 --deployment deployment.json --trusted-block 0x5d3c…\n\n\
    The request is your own, from your own files: never one that came with the answer.\n\
    Exit code 0: everything holds. 1: refused, with the reason. 2: the command could not check it."
)]
pub struct VerifyArgs {
    /// The presentation, binary or JSON.
    #[arg(long, value_name = "FILE")]
    pub presentation: PathBuf,
    /// What it is held against.
    #[command(flatten)]
    pub by: VerifierArgs,
}

/// What an answer is held against: the audience's own request, and what it trusts.
#[derive(Clone, Debug, Args)]
pub struct VerifierArgs {
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
    /// Do not believe the node: take from it only what is proved under the finalised block of this hash, which you have from
    /// where you trust, such as a light client of your own.
    #[arg(long, value_name = "HASH", conflicts_with = "bundle")]
    pub trusted_block: Option<B256>,
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

impl VerifierArgs {
    /// By the ledger, with the usual settings.
    pub fn new(request: PathBuf, audience: impl Into<String>, ledger: LedgerArgs) -> VerifierArgs {
        VerifierArgs {
            request,
            audience: audience.into(),
            claim: None,
            bundle: None,
            signer: None,
            ledger,
            trusted_block: None,
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
    let by = &args.by;
    let request = messages::request(&by.request)?;
    let presentation = messages::presentation(&args.presentation)?;
    let public = &presentation.public;
    let held = Held::open(by, &request, public.registry_root, &[public.consent_handle], cx)?;
    let verified = held.verify(&presentation)?;
    let first = record(by, &verified)?;
    Ok(report(&request, &verified, &held.source.key, first))
}

/// What presentations are held against.
pub(crate) struct Held<'a> {
    request: &'a VerifiedRequest,
    claim: Claim,
    verifier: Verifier,
    source: Source,
}

impl<'a> Held<'a> {
    /// For presentations under one root, on these consents.
    pub(crate) fn open(
        by: &VerifierArgs,
        request: &'a VerifiedRequest,
        root: Fr,
        consents: &[Fr],
        cx: &Context,
    ) -> Result<Held<'a>, CliError> {
        let claim = match &by.claim {
            Some(name) => claims::load(name)?,
            None => request.body().claim.clone(),
        };
        let source = Source::open(by, request, root, consents, cx)?;
        let verifier = Verifier::new(settings(by, request, &source, cx)?, &source.key)?;
        Ok(Held {
            request,
            claim,
            verifier,
            source,
        })
    }

    pub(crate) fn verify(&self, presentation: &Presentation) -> Result<Verified, Refusal> {
        let Source { view, now, .. } = &self.source;
        self.verifier
            .verify_parsed(presentation, self.request, &self.claim, &**view, *now)
    }

    /// Each as [`Held::verify`], in their order.
    pub(crate) fn verify_all<'p>(
        &self,
        presentations: impl Iterator<Item = &'p Presentation>,
    ) -> Vec<Result<Verified, Refusal>> {
        let Source { view, now, .. } = &self.source;
        let answers: Vec<Presented<'_>> = presentations
            .map(|presentation| Presented {
                presentation,
                request: self.request,
                claim: &self.claim,
            })
            .collect();
        self.verifier.verify_all(&answers, &**view, *now)
    }

    /// The publications of the root.
    pub(crate) fn roots(&self, root: Fr) -> Result<Vec<RootEntry>, CliError> {
        Ok(self.source.view.roots(root).map_err(Refusal::from)?)
    }

    /// Whether the key is insecure.
    pub(crate) fn development(&self) -> bool {
        self.source.key.info().development
    }
}

/// Where roots, keys and revocations come from, and what time it is there.
struct Source {
    view: Box<dyn LedgerView + Sync>,
    key: PinnedKey,
    now: Time,
}

impl Source {
    fn open(
        by: &VerifierArgs,
        request: &VerifiedRequest,
        root: Fr,
        consents: &[Fr],
        cx: &Context,
    ) -> Result<Source, CliError> {
        let id = request.body().key_id;
        if let (Some(path), Some(signer)) = (&by.bundle, &by.signer) {
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
        let ledger = match by.trusted_block {
            Some(trusted) => chain::open_proved(&by.ledger, trusted, cx)?,
            None => chain::open(&by.ledger, cx)?,
        };
        chain::require_same(&*ledger, &request.body().ledger)?;
        Ok(Source {
            view: Box::new(View::read(&*ledger, root, consents, id)?),
            key: view::registered_key(&*ledger, id, cx)?,
            now: chain::now(&*ledger, cx)?,
        })
    }
}

fn settings(by: &VerifierArgs, request: &VerifiedRequest, source: &Source, cx: &Context) -> Result<Settings, CliError> {
    let issuers = match &by.issuer[..] {
        [] => Issuers::AllAdmitted,
        some => Issuers::Only(some.iter().map(|a| Issuer(a.into_array())).collect()),
    };
    // The view's ledger is the one that this verifier was told to trust.
    let ledger = source.view.snapshot().map_err(Refusal::from)?.ledger;
    let mut settings = Settings::new(audience(&by.audience)?, ledger, issuers);
    settings.grace = by.grace.unwrap_or(Settings::GRACE);
    settings.max_age = by.max_root_age.unwrap_or(Settings::MAX_AGE);
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
fn record(by: &VerifierArgs, verified: &Verified) -> Result<Option<bool>, CliError> {
    if by.dry_run {
        return Ok(None);
    }
    match answers(by)?.record(verified)? {
        Recorded::First(_) => Ok(Some(true)),
        Recorded::Again(_) if by.again => Ok(Some(false)),
        Recorded::Again(answer) => Err(replayed(&answer)),
    }
}

/// The accepted answers.
pub(crate) fn answers(by: &VerifierArgs) -> Result<AnswerStore, CliError> {
    if let Some(parent) = by.answers.parent().filter(|p| !p.as_os_str().is_empty()) {
        files::make_directory(parent)?;
    }
    Ok(AnswerStore::open(&by.answers)?)
}

pub(crate) fn replayed(answer: &Answer) -> CliError {
    let when = text::instant(answer.verified_at.seconds());
    let message = format!("this answer was accepted before, at {when}: the same holder is not counted twice");
    CliError::refused("presentation.replayed", message)
        .with_help("if you verify it once more yourself, say so with --again or --dry-run")
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
