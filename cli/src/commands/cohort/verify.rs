//! `medproof cohort verify`: an audience checks the answers to its own request, and their summary.

use super::{Warning, folder, small};
use crate::cancel;
use crate::commands::verify::{self, Held, VerifierArgs};
use crate::context::Context;
use crate::error::CliError;
use crate::messages;
use crate::text;
use clap::Args;
use medproof_ledger::Address;
use medproof_messages::{CohortSummary, Presentation, VerifiedRequest};
use medproof_statement::Fr;
use medproof_verifier::ledger::RootEntry;
use medproof_verifier::store::Recorded;
use medproof_verifier::{BATCH, Verified};
use rayon::prelude::*;
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

/// Arguments of `cohort verify`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Examples:\n  medproof cohort verify cohort/ --request request.json --audience sponsor.json\n  \
    medproof cohort verify cohort/ --request request.json --audience sponsor.json --dry-run --json\n\n\
    The request is your own, from your own files: never one that came with the answers.\n\
    Exit code 0: everything holds. 1: refused, with the reason and the file. 2: the command could not check it."
)]
pub struct CohortVerifyArgs {
    /// The folder that `cohort run` wrote.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// What it is held against.
    #[command(flatten)]
    pub by: VerifierArgs,
}

/// What a cohort showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CohortVerifyReport {
    /// Always true: what does not hold is an error.
    pub valid: bool,
    /// How many holders answered.
    pub count: u64,
    /// The claim's title.
    pub claim: String,
    /// The day.
    pub as_of: String,
    /// The request.
    pub request_digest: String,
    /// Whose charts, by the ledger.
    pub issuer: String,
    /// The root's number.
    pub epoch: u64,
    /// The root.
    pub registry_root: String,
    /// How many patients are in the registry, by the ledger.
    pub registry_size: u64,
    /// The key.
    pub key_id: String,
    /// How many of the answers were not accepted before; none where that was not looked up.
    pub first: Option<u64>,
    /// Whether the key is insecure, so that nothing is proved to anybody.
    pub development: bool,
    /// What is to be thought of.
    pub warnings: Vec<Warning>,
}

/// Checks a cohort.
///
/// # Errors
/// [`crate::Kind::Refused`] with the first reason, in the order of the files' names.
pub fn verify(args: &CohortVerifyArgs, cx: &Context) -> Result<CohortVerifyReport, CliError> {
    let request = messages::request(&args.by.request)?;
    let (summary, files) = folder::received(&args.folder)?;
    require_summed_up(&summary, &files, &request)?;
    let consents: Vec<Fr> = files.iter().map(|(_, p)| p.public.consent_handle).collect();
    let held = Held::open(&args.by, &request, summary.registry_root, &consents, cx)?;
    let verified = verified(&held, &files, cx)?;
    let root = root(&held, &summary, &verified)?;
    let first = record(&args.by, &verified)?;
    let warnings: Vec<Warning> = small(&summary, root.size).into_iter().collect();
    warnings.iter().for_each(|warning| cx.ui.note(warning));
    Ok(CohortVerifyReport {
        valid: true,
        count: summary.count,
        claim: request.body().claim.spec().title.clone(),
        as_of: request.body().as_of.to_string(),
        request_digest: text::shown(&summary.request_digest),
        issuer: Address::from(root.issuer.0).to_string(),
        epoch: summary.epoch,
        registry_root: text::shown(&summary.registry_root),
        registry_size: root.size,
        key_id: summary.key_id.to_string(),
        first,
        development: held.development(),
        warnings,
    })
}

// That the summary is of this request and of these presentations, each of another holder.
fn require_summed_up(
    summary: &CohortSummary,
    files: &[(String, Presentation)],
    request: &VerifiedRequest,
) -> Result<(), CliError> {
    if summary.request_digest != request.request_digest() {
        let expected = text::shown(&request.request_digest());
        let message = format!(
            "expected the cohort of request {expected}, found that of {}",
            text::shown(&summary.request_digest)
        );
        return Err(CliError::refused("cohort.request", message));
    }
    let mut holders = BTreeSet::new();
    for (file, presentation) in files {
        if !holders.insert(presentation.public.nullifier) {
            let nullifier = folder::shown(presentation.public.nullifier);
            let message = format!("{file}: a second answer with nullifier {nullifier}: a holder counts once");
            return Err(CliError::refused("cohort.nullifier", message));
        }
        if presentation.public.registry_root != summary.registry_root || presentation.key_id != summary.key_id {
            let message = format!("{file}: the answer is under another root or key than the summary says");
            return Err(CliError::refused("cohort.summary", message));
        }
    }
    let found = files.len() as u64;
    if summary.count != found || summary.distinct_nullifiers != found {
        let message = format!(
            "expected {} presentations of {} holders, as the summary says, found {found}",
            summary.count, summary.distinct_nullifiers
        );
        return Err(CliError::refused("cohort.summary", message).with_help("ask for the whole folder"));
    }
    Ok(())
}

fn verified(held: &Held<'_>, files: &[(String, Presentation)], cx: &Context) -> Result<Vec<Verified>, CliError> {
    let (bar, done) = (cx.ui.bar("cohort"), AtomicU64::new(0));
    let total = files.len() as u64;
    let look = |files: &[(String, Presentation)]| {
        cancel::check()?;
        let looked = held.verify_all(files.iter().map(|(_, presentation)| presentation));
        let verified = files.iter().zip(looked).map(|((file, _), verified)| {
            verified.map_err(|refusal| {
                let error = CliError::from(refusal);
                let message = format!("{file}: {}", error.message);
                CliError { message, ..error }
            })
        });
        let verified = verified.collect::<Result<Vec<Verified>, CliError>>();
        let count = files.len() as u64;
        bar.set("verifying", done.fetch_add(count, Ordering::Relaxed) + count, total);
        verified
    };
    // The first in order, whichever is found first.
    let looked: Vec<Result<Vec<Verified>, CliError>> = files.par_chunks(BATCH).map(look).collect();
    let verified: Vec<Vec<Verified>> = looked.into_iter().collect::<Result<_, CliError>>()?;
    Ok(verified.into_iter().flatten().collect())
}

// The root as the ledger has it, with the number that the summary names.
fn root(held: &Held<'_>, summary: &CohortSummary, verified: &[Verified]) -> Result<RootEntry, CliError> {
    let issuer = verified.first().map(Verified::issuer);
    let roots = held.roots(summary.registry_root)?;
    let found = roots
        .into_iter()
        .find(|root| root.epoch == summary.epoch && issuer.is_none_or(|issuer| issuer == root.issuer));
    found.ok_or_else(|| {
        let message = format!("expected epoch {} as the root's, the ledger has another", summary.epoch);
        CliError::refused("cohort.summary", message)
    })
}

// Keeps the answers, all or none. How many are their holders' first in the scope.
fn record(by: &VerifierArgs, verified: &[Verified]) -> Result<Option<u64>, CliError> {
    if by.dry_run {
        return Ok(None);
    }
    let mut answers = verify::answers(by)?;
    let known = answers.known_all(verified)?;
    let again = known.iter().find_map(|recorded| match recorded {
        Recorded::Again(answer) if !by.again => Some(answer),
        _ => None,
    });
    if let Some(answer) = again {
        return Err(verify::replayed(answer));
    }
    let recorded = answers.record_all(verified)?;
    let first = recorded.iter().filter(|r| matches!(r, Recorded::First(_)));
    Ok(Some(first.count() as u64))
}

impl fmt::Display for CohortVerifyReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "VALID: {} holders answered {:?} as of {}, of {} in the registry of {}, epoch {}",
            self.count, self.claim, self.as_of, self.registry_size, self.issuer, self.epoch
        )?;
        if self.development {
            write!(f, " (DEVELOPMENT KEY: this is evidence of nothing)")?;
        }
        writeln!(f)
    }
}
