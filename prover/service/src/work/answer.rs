//! From a payload to an answer.

use crate::guard::{Guard, Withheld};
use crate::payload::Payload;
use crate::ring::Ring;
use medproof_engine::{Engine, ProveError, ProveStage};
use medproof_keys::Progress;
use medproof_messages::{ConsentError, ConsentMessage, Presentation, VerifiedRequest};
use medproof_records::issuer::OpenedRecord;
use medproof_statement::assign::{self, NotProvable};
use medproof_statement::check::{self, Violation, Witness};
use medproof_statement::eddsa::PublicKey;
use medproof_statement::holder::Holder;
use medproof_statement::public::PublicInputs;
use medproof_statement::request::Purpose;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// What comes of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A presentation.
    Proved(Vec<u8>),
    /// None, whatever the reason: it is not told.
    Refused,
    /// It could not be worked on: a stable code.
    Failed(&'static str),
    /// It was stopped.
    Stopped,
}

/// Answers jobs.
pub trait Answerer: Send + Sync {
    /// Answers one.
    fn answer(&self, payload: &Payload, progress: &dyn Progress<ProveStage>) -> Outcome;
}

/// Answers with proofs.
pub struct Prover {
    /// What proves, under which keys.
    pub keys: Arc<Ring>,
    /// What the ledger says, so that nothing is proved in vain. Who hands a presentation out looks at it in any
    /// case.
    pub guard: Option<Guard>,
}

impl Answerer for Prover {
    fn answer(&self, payload: &Payload, progress: &dyn Progress<ProveStage>) -> Outcome {
        // Before anything of the record is looked at: whether there is a key tells nothing of it.
        let engine = require_open(payload).and_then(|()| self.engine(payload));
        let outcome = engine.and_then(|engine| self.proved(&*engine, payload, progress));
        let outcome = outcome.unwrap_or_else(|outcome| outcome);
        match outcome {
            // Looked at for both, so that what the ledger or the time has ended tells nothing of the claim.
            Outcome::Proved(_) | Outcome::Refused => self.still_open(payload).map_or_else(|over| over, |()| outcome),
            outcome => outcome,
        }
    }
}

impl Prover {
    fn engine(&self, payload: &Payload) -> Result<Arc<dyn Engine>, Outcome> {
        let body = payload.request.body();
        let engine = self.keys.engine(&body.key_id, body.requested_at.seconds());
        engine.map_err(|no_key| Outcome::Failed(no_key.code()))
    }

    fn proved(
        &self,
        engine: &dyn Engine,
        payload: &Payload,
        progress: &dyn Progress<ProveStage>,
    ) -> Result<Outcome, Outcome> {
        let record = payload.record.as_ref().ok_or(Outcome::Refused)?;
        let opened = record.open().map_err(|_| Outcome::Refused)?;
        // Before the engine, which would tell who follows the job that it came so far.
        let (public, witness) = statement(&payload.request, &payload.consent, opened).map_err(|_| Outcome::Refused)?;
        self.unrevoked(&public)?;
        let proven = engine.prove(&public, &witness, progress).map_err(outcome)?;
        // While it was proved the consent may have been revoked.
        self.unrevoked(&public)?;
        let presentation = Presentation {
            key_id: payload.request.body().key_id,
            proof: proven.proof,
            public,
        };
        Ok(Outcome::Proved(presentation.to_bytes().to_vec()))
    }

    fn unrevoked(&self, public: &PublicInputs) -> Result<(), Outcome> {
        let looked = self.guard.as_ref().map(|guard| guard.unrevoked(public.consent_handle));
        looked.unwrap_or(Ok(())).map_err(withheld)
    }

    // That the request has not expired, and the root counts.
    fn still_open(&self, payload: &Payload) -> Result<(), Outcome> {
        require_open(payload)?;
        let root = payload.record.as_ref().map(|record| record.root());
        let looked = self.guard.as_ref().map(|guard| guard.counts(root));
        looked.unwrap_or(Ok(())).map_err(withheld)
    }
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}

fn require_open(payload: &Payload) -> Result<(), Outcome> {
    if now() < payload.request.body().expires_at.seconds() {
        Ok(())
    } else {
        Err(Outcome::Failed("request.expired"))
    }
}

/// Why a record does not answer a request under a consent: it tells about the patient, and is for the issuer's
/// operator alone.
#[derive(Debug, thiserror::Error)]
pub enum NoStatement {
    /// The consent is not to this request, or not the holder's.
    #[error(transparent)]
    Consent(#[from] ConsentError),
    /// The facts do not show it.
    #[error(transparent)]
    Facts(#[from] NotProvable),
    /// It is not in the registry.
    #[error("the record has no place in the registry")]
    Place,
    /// The relation does not hold.
    #[error(transparent)]
    Violation(#[from] Violation),
}

/// What a proof of a record answers a request with, under its holder's consent: a statement that holds, natively
/// checked.
///
/// # Errors
/// [`NoStatement`].
pub fn statement(
    request: &VerifiedRequest,
    consent: &ConsentMessage,
    record: OpenedRecord,
) -> Result<(PublicInputs, Witness), NoStatement> {
    let signed = consent
        .verify(request, signer(request, &record.opening.holder))?
        .clone();
    let slots = assign::assign(request.policy(), &record.facts)?;
    let witness = Witness {
        record: record.opening,
        position: record.path,
        table: request.policy().table().clone(),
        request: *request.statement(),
        consent: signed,
        slots,
    };
    let public = check::public_inputs(&witness).ok_or(NoStatement::Place)?;
    check::check(&public, &witness)?;
    Ok((public, witness))
}

/// Whose signature consents to a request: the holder's, or its custodians' in an emergency.
#[must_use]
pub fn signer<'a>(request: &VerifiedRequest, holder: &'a Holder) -> &'a PublicKey {
    match request.body().purpose {
        Purpose::EmergencyTreatment => &holder.emergency_pk,
        _ => &holder.pk,
    }
}

fn withheld(withheld: Withheld) -> Outcome {
    match withheld {
        Withheld::Revoked => Outcome::Refused,
        Withheld::Superseded => Outcome::Failed("root.superseded"),
        Withheld::Unavailable => Outcome::Failed("ledger.unavailable"),
    }
}

fn outcome(error: ProveError) -> Outcome {
    match error {
        ProveError::Violation(_) => Outcome::Refused,
        ProveError::Cancelled(_) => Outcome::Stopped,
        ProveError::NoKey { .. } => Outcome::Failed("key.none"),
        ProveError::Memory(_) => Outcome::Failed("prover.memory"),
        ProveError::Panicked => Outcome::Failed("prover.panicked"),
        _ => Outcome::Failed("prover.defect"),
    }
}
