//! `medproof cohort run`: native check first, then a proof for each who is eligible and consented.
//!
//! It can be stopped and begun again anywhere, with no journal of patients: who is eligible is found again natively,
//! what a presentation shows is known before it is proved, and one that is there and verifies is kept.

use super::folder::Folder;
use super::members::{self, Member};
use super::{Warning, small};
use crate::cancel;
use crate::chain::{self, LedgerArgs};
use crate::commands::issuer::IssuerDir;
use crate::context::Context;
use crate::error::CliError;
use crate::messages;
use crate::text;
use crate::ui::Bar;
use clap::Args;
use medproof_engine::{Crew, Progress, Prove, ProveError, ProveStage};
use medproof_ledger::Ledger;
use medproof_messages::{CohortSummary, Did, Presentation, VerifiedRequest};
use medproof_records::issuer::{Issuer, IssuerError};
use medproof_records::registry::Anchor;
use medproof_service::work::{self, NoStatement};
use medproof_statement::Fr;
use medproof_statement::check::Witness;
use medproof_statement::public::PublicInputs;
use medproof_verifier::groth16::PreparedKey;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

/// Arguments of `cohort run`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Examples:\n  medproof cohort run --request request.json --consents consents/ --out cohort\n  \
    medproof cohort run --request request.json --consents consents.ndjson --out cohort --figures\n\n\
    consents/ has a file PATIENT.json for each, named by the patient's FHIR id or the record's; consents.ndjson a line\n\
    {\"consent\":…,\"record\":…} for each. Stopped, it takes up where it was when it is run again."
)]
pub struct CohortRunArgs {
    /// Which issuer.
    #[command(flatten)]
    pub dir: IssuerDir,
    /// The ledger, where consents may have been revoked.
    #[command(flatten)]
    pub ledger: LedgerArgs,
    /// The audience's signed request, about nobody in particular.
    #[arg(long, value_name = "FILE")]
    pub request: PathBuf,
    /// The holders' signed consents, with whom each is of.
    #[arg(long, value_name = "DIR|NDJSON")]
    pub consents: PathBuf,
    /// Refuse requests of anybody but this audience.
    #[arg(long, value_name = "DID", value_parser = text::did)]
    pub audience: Option<Did>,
    /// A folder for the presentations and their summary. Those that are there and hold are kept.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Proofs at a time; without it, one for each core.
    #[arg(long, value_name = "N")]
    pub at_once: Option<NonZeroUsize>,
    /// Say how many consented, and of how many there is no presentation and why. For the operator alone: it tells
    /// about patients.
    #[arg(long)]
    pub figures: bool,
}

/// A cohort that is complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CohortReport {
    /// Where it is.
    pub folder: PathBuf,
    /// How many presentations there are.
    pub count: u64,
    /// How many holders gave them.
    pub distinct_nullifiers: u64,
    /// The request.
    pub request_digest: String,
    /// The root that all are under.
    pub registry_root: String,
    /// The root's number.
    pub epoch: u64,
    /// How many patients are in the registry: the ledger has it.
    pub registry_size: u64,
    /// The size of the proofs.
    pub tier: &'static str,
    /// The key.
    pub key_id: String,
    /// What is to be thought of before it is handed on.
    pub warnings: Vec<Warning>,
    /// For the operator alone, where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub figures: Option<Figures>,
}

/// What became of those who consented. For the operator alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// Consents that were given to the command.
    pub consents: u64,
    /// Of nobody whose record can be proved of: unknown, not enrolled, revoked or not anchored.
    pub no_record: u64,
    /// To another request, or not the holder's own.
    pub no_consent: u64,
    /// The claim does not hold, or takes more than the tier has.
    pub not_eligible: u64,
    /// The holder revoked it.
    pub revoked: u64,
    /// Of holders who have another consent among these.
    pub repeated: u64,
    /// Presentations that were there.
    pub kept: u64,
    /// Presentations that were made.
    pub proved: u64,
}

// Who is eligible and consented: which member, and what the presentation shows.
struct Candidate {
    member: usize,
    public: PublicInputs,
}

// What the native check says of a member.
enum Checked {
    Holds(PublicInputs),
    NoRecord,
    NoConsent,
    NotEligible,
}

/// Answers a request for all who are eligible and consented.
///
/// # Errors
/// Where the request is bad, a consent is none, or the folder is another's. Whoever is not eligible or did not
/// consent is no error.
pub fn run(args: &CohortRunArgs, cx: &Context) -> Result<CohortReport, CliError> {
    let request = messages::request(&args.request)?;
    messages::require_open(&request, cx)?;
    messages::require_audience(args.audience.as_ref(), &request)?;
    require_nobodys(&request)?;
    messages::own_key(&request, cx)?;
    let members = members::read(&args.consents)?;
    let issuer = args.dir.open(cx)?;
    let anchor = anchored(&issuer, &request, &args.ledger, cx)?;
    let mut folder = Folder::open(&args.out)?;
    let mut figures = Figures {
        consents: members.len() as u64,
        ..Figures::default()
    };
    let candidates = eligible(&issuer, &request, &members, &mut figures, cx)?;
    let candidates = unrevoked(candidates, &request, &args.ledger, &mut figures, cx)?;
    let missing = missing(&mut folder, &candidates, &request, cx)?;
    figures.kept = (candidates.len() - missing.len()) as u64;
    figures.proved = missing.len() as u64;
    let summary = summary(&request, &anchor, &candidates);
    let warnings: Vec<Warning> = small(&summary, anchor.size).into_iter().collect();
    warnings.iter().for_each(|warning| cx.ui.note(warning));
    prove(args, &issuer, &request, &members, &missing, &folder, cx)?;
    // It may have taken hours.
    messages::require_open(&request, cx)?;
    let before: Vec<Fr> = nullifiers(&candidates);
    let candidates = unrevoked(candidates, &request, &args.ledger, &mut figures, cx)?;
    let summary = close(&mut folder, &request, &anchor, &before, &candidates)?;
    Ok(report(args, &request, &anchor, &summary, warnings, figures))
}

fn require_nobodys(request: &VerifiedRequest) -> Result<(), CliError> {
    if request.body().subject.is_none() {
        return Ok(());
    }
    let message = "expected a request about nobody in particular, found one about one person";
    Err(CliError::refused("request.subject", message).with_help("answer it with `medproof prove`"))
}

// The root that presentations will be under, which the ledger has to know.
fn anchored(issuer: &Issuer, request: &VerifiedRequest, ledger: &LedgerArgs, cx: &Context) -> Result<Anchor, CliError> {
    let Some(anchor) = issuer.status().anchored else {
        let message = "the registry was never anchored: nothing can be proved under it";
        return Err(CliError::refused("issuer.unanchored", message).with_help("run `medproof issuer anchor`"));
    };
    let ledger = chain::open(ledger, cx)?;
    chain::require_same(&*ledger, &request.body().ledger)?;
    let (_, status) = messages::issuer_of_root(&*ledger, anchor.root)?;
    // Of a vault that was restored, say: no verifier would take what is proved under it.
    if status.entry.is_some_and(|entry| entry.superseded_at.is_some()) {
        let message = "the ledger has a newer root of this registry than the issuer's directory";
        return Err(CliError::refused("root.superseded", message).with_help("run `medproof issuer anchor`"));
    }
    Ok(anchor)
}

// Sorted by nullifiers, each once: in no order that a consent or a patient has.
fn eligible(
    issuer: &Issuer,
    request: &VerifiedRequest,
    members: &[Member],
    figures: &mut Figures,
    cx: &Context,
) -> Result<Vec<Candidate>, CliError> {
    let (bar, done) = (cx.ui.bar("cohort"), AtomicU64::new(0));
    let look = |member: &Member| {
        cancel::check()?;
        let checked = check(issuer, request, member)?;
        bar.set(
            "checking",
            done.fetch_add(1, Ordering::Relaxed) + 1,
            members.len() as u64,
        );
        Ok(checked)
    };
    let checked = members.par_iter().map(look).collect::<Result<Vec<_>, CliError>>()?;
    let mut candidates = Vec::new();
    for (member, checked) in checked.into_iter().enumerate() {
        match checked {
            Checked::Holds(public) => candidates.push(Candidate { member, public }),
            Checked::NoRecord => figures.no_record += 1,
            Checked::NoConsent => figures.no_consent += 1,
            Checked::NotEligible => figures.not_eligible += 1,
        }
    }
    candidates.sort_by_key(|candidate| (candidate.public.nullifier, candidate.public.consent_handle));
    Ok(candidates)
}

fn check(issuer: &Issuer, request: &VerifiedRequest, member: &Member) -> Result<Checked, CliError> {
    let record = match issuer.open_record(&member.record) {
        Ok(record) => record,
        Err(IssuerError::Refused { .. }) => return Ok(Checked::NoRecord),
        Err(error) => return Err(error.into()),
    };
    Ok(match work::statement(request, &member.consent, record) {
        Ok((public, _)) => Checked::Holds(public),
        Err(NoStatement::Consent(_)) => Checked::NoConsent,
        Err(NoStatement::Place) => Checked::NoRecord,
        Err(NoStatement::Facts(_) | NoStatement::Violation(_)) => Checked::NotEligible,
    })
}

// Those whose consent holds on the ledger, each holder once.
fn unrevoked(
    candidates: Vec<Candidate>,
    request: &VerifiedRequest,
    ledger: &LedgerArgs,
    figures: &mut Figures,
    cx: &Context,
) -> Result<Vec<Candidate>, CliError> {
    let ledger: Box<dyn Ledger> = chain::open(ledger, cx)?;
    chain::require_same(&*ledger, &request.body().ledger)?;
    let mut held: Vec<Candidate> = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        cancel::check()?;
        if ledger.consent_revoked_at(candidate.public.consent_handle)?.is_some() {
            figures.revoked += 1;
        } else if held
            .last()
            .is_some_and(|last| last.public.nullifier == candidate.public.nullifier)
        {
            figures.repeated += 1;
        } else {
            held.push(candidate);
        }
    }
    Ok(held)
}

// Takes what is no candidate's out of the folder. Which candidates have no presentation there that holds.
fn missing<'a>(
    folder: &mut Folder,
    candidates: &'a [Candidate],
    request: &VerifiedRequest,
    cx: &Context,
) -> Result<Vec<&'a Candidate>, CliError> {
    let digest = request.request_digest();
    let mut found = folder.found.values().flatten();
    if found.any(|presentation| presentation.public.request_digest != digest) {
        let message = "expected a folder of this request's cohort, found answers to another request in it";
        return Err(CliError::input("cohort.other", message).with_help("choose another folder for each request"));
    }
    let key = PreparedKey::new(messages::own_key(request, cx)?.pinned());
    let is_there = |candidate: &&Candidate| {
        let found = folder.found.get(&candidate.public.nullifier);
        found.is_some_and(|found| {
            found.is_some_and(|presentation| {
                presentation.public == candidate.public
                    && presentation.key_id == key.id()
                    && key.check(&presentation.proof, &presentation.public).is_ok()
            })
        })
    };
    let (kept, missing): (Vec<&Candidate>, Vec<&Candidate>) = candidates.par_iter().partition(is_there);
    let kept: BTreeSet<Fr> = kept.iter().map(|candidate| candidate.public.nullifier).collect();
    let other: Vec<Fr> = folder
        .found
        .keys()
        .copied()
        .filter(|found| !kept.contains(found))
        .collect();
    // What changes is summed up anew.
    if !(missing.is_empty() && other.is_empty()) {
        folder.reopen()?;
    }
    other.into_iter().try_for_each(|nullifier| folder.remove(nullifier))?;
    Ok(missing)
}

fn prove(
    args: &CohortRunArgs,
    issuer: &Issuer,
    request: &VerifiedRequest,
    members: &[Member],
    missing: &[&Candidate],
    folder: &Folder,
    cx: &Context,
) -> Result<(), CliError> {
    if missing.is_empty() {
        return Ok(());
    }
    let cores = || std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let crew = Crew::new(
        cx.engine(&messages::own_key(request, cx)?)?,
        args.at_once.unwrap_or_else(cores),
    );
    let (bar, done) = (cx.ui.bar("cohort"), AtomicU64::new(0));
    let total = missing.len() as u64;
    bar.set("proving", 0, total);
    crew.each(missing.len(), &Stoppable(&bar), |place, prove| {
        cancel::check()?;
        let Some(candidate) = missing.get(place) else {
            return Ok(());
        };
        folder.keep(&presentation(issuer, request, members, candidate, prove)?)?;
        bar.set("proving", done.fetch_add(1, Ordering::Relaxed) + 1, total);
        Ok(())
    })
}

fn presentation(
    issuer: &Issuer,
    request: &VerifiedRequest,
    members: &[Member],
    candidate: &Candidate,
    prove: &Prove<'_>,
) -> Result<Presentation, CliError> {
    let (public, witness) = again(issuer, request, members, candidate)?;
    let proven = prove(&public, &witness).map_err(|error| match error {
        ProveError::Cancelled(_) => stopped(),
        error => CliError::system("prover", text::chain(&error)),
    })?;
    Ok(Presentation {
        key_id: request.body().key_id,
        proof: proven.proof,
        public,
    })
}

// Opened and checked before: the witnesses of all at once would take too much memory.
fn again(
    issuer: &Issuer,
    request: &VerifiedRequest,
    members: &[Member],
    candidate: &Candidate,
) -> Result<(PublicInputs, Witness), CliError> {
    let changed = || CliError::system("records.changed", "a record is not as it was a moment ago: run again");
    let member = members.get(candidate.member).ok_or_else(changed)?;
    let record = issuer.open_record(&member.record)?;
    let (public, witness) = work::statement(request, &member.consent, record).map_err(|_| changed())?;
    if public == candidate.public {
        Ok((public, witness))
    } else {
        Err(changed())
    }
}

fn stopped() -> CliError {
    CliError::cancelled().with_help("what was proved is kept: run the same command again to go on")
}

// Proofs' own stages are too many to follow.
struct Stoppable<'a>(&'a Bar);

impl Progress<ProveStage> for Stoppable<'_> {
    fn advance(&self, _: ProveStage, _: u64, _: u64) {}

    fn cancelled(&self) -> bool {
        Progress::<ProveStage>::cancelled(self.0)
    }
}

fn summary(request: &VerifiedRequest, anchor: &Anchor, candidates: &[Candidate]) -> CohortSummary {
    let distinct: BTreeSet<Fr> = nullifiers(candidates).into_iter().collect();
    CohortSummary {
        count: candidates.len() as u64,
        distinct_nullifiers: distinct.len() as u64,
        epoch: anchor.epoch,
        key_id: request.body().key_id,
        registry_root: anchor.root,
        request_digest: request.request_digest(),
    }
}

fn nullifiers(candidates: &[Candidate]) -> Vec<Fr> {
    candidates.iter().map(|candidate| candidate.public.nullifier).collect()
}

// Takes out whose consent was revoked since it was looked at before, and sums up the rest.
fn close(
    folder: &mut Folder,
    request: &VerifiedRequest,
    anchor: &Anchor,
    before: &[Fr],
    candidates: &[Candidate],
) -> Result<CohortSummary, CliError> {
    let summary = summary(request, anchor, candidates);
    if folder
        .summary
        .as_ref()
        .is_some_and(|written| *written != summary.to_json())
    {
        folder.reopen()?;
    }
    let nullifiers = nullifiers(candidates);
    let held: BTreeSet<Fr> = nullifiers.iter().copied().collect();
    let revoked = before.iter().filter(|nullifier| !held.contains(nullifier));
    revoked.copied().try_for_each(|nullifier| folder.remove(nullifier))?;
    // When the request was made: all who have the folder know it, and it tells nothing more.
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(request.body().requested_at.seconds());
    folder.close(&nullifiers, &summary, at)?;
    Ok(summary)
}

fn report(
    args: &CohortRunArgs,
    request: &VerifiedRequest,
    anchor: &Anchor,
    summary: &CohortSummary,
    warnings: Vec<Warning>,
    figures: Figures,
) -> CohortReport {
    CohortReport {
        folder: args.out.clone(),
        count: summary.count,
        distinct_nullifiers: summary.distinct_nullifiers,
        request_digest: text::shown(&summary.request_digest),
        registry_root: text::shown(&summary.registry_root),
        epoch: summary.epoch,
        registry_size: anchor.size,
        tier: request.body().tier.name(),
        key_id: summary.key_id.to_string(),
        warnings,
        figures: args.figures.then_some(figures),
    }
}

impl fmt::Display for CohortReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} presentations of {} holders in {}",
            self.count,
            self.distinct_nullifiers,
            self.folder.display()
        )?;
        writeln!(
            f,
            "registry of {} patients, epoch {}, root {}",
            self.registry_size, self.epoch, self.registry_root
        )?;
        writeln!(f, "tier {}, key {}", self.tier, self.key_id)?;
        match &self.figures {
            Some(figures) => write!(f, "{figures}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "for the operator alone, it tells about patients:")?;
        for (count, what) in [
            (self.consents, "consents"),
            (self.no_record, "without a record that can be proved of"),
            (self.no_consent, "to another request, or not the holder's own"),
            (self.not_eligible, "not eligible, or too large for the tier"),
            (self.revoked, "revoked"),
            (self.repeated, "of a holder with another consent among these"),
            (self.kept, "presentations that were there"),
            (self.proved, "presentations that were made"),
        ] {
            writeln!(f, "{count:>8}  {what}")?;
        }
        Ok(())
    }
}
