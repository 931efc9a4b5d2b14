//! Asking, consenting, proving, checking: the steps that every scene is made of.

use super::cast::{Asker, Chain, Hospital, random, step};
use crate::context::Context;
use crate::error::CliError;
use medproof_claims::Claim;
use medproof_engine::Engine;
use medproof_keys::CircuitKey;
use medproof_ledger::{B256, Ledger, LedgerError, OpenRequest, ProofWords, Submission};
use medproof_messages::presentation::Presentation;
use medproof_messages::request::{RequestBody, VerifiedRequest};
use medproof_messages::terms::{ConsentKind, Endpoint, ScopeLabel};
use medproof_messages::{ConsentMessage, Grant};
use medproof_service::live::LiveView;
use medproof_statement::assign::{NotProvable, assign};
use medproof_statement::check::{Witness, public_inputs};
use medproof_statement::day::Day;
use medproof_statement::hash::digest;
use medproof_statement::request::{Purpose, Time};
use medproof_verifier::{Issuers, Mode, Refusal, Settings, Verified, Verifier};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a request may be answered.
const LIFETIME: u64 = 86_400;

/// What somebody wants to know.
pub(super) struct Question<'a> {
    pub(super) claim: &'a Claim,
    pub(super) as_of: Day,
    pub(super) purpose: Purpose,
    pub(super) scope: &'a str,
    pub(super) key: &'a Arc<CircuitKey>,
}

/// A presentation with what it took.
#[derive(Clone, Copy)]
pub(super) struct Answer {
    pub(super) presentation: Presentation,
    /// What was signed: its secret revokes the consent.
    pub(super) consent: medproof_statement::Fr,
    pub(super) witness: Duration,
    pub(super) prove: Duration,
}

/// The time on the chain.
pub(super) fn now(chain: &Chain) -> Result<Time, CliError> {
    let head = chain.ledger.head().map_err(step("ledger"))?;
    Time::new(head.time).map_err(step("clock"))
}

/// A signed request, as its audience and everybody else reads it.
pub(super) fn ask(asker: &Asker, chain: &Chain, question: &Question<'_>) -> Result<VerifiedRequest, CliError> {
    let requested_at = now(chain)?;
    let body = RequestBody {
        audience: asker.key.did(),
        endpoint: Endpoint::parse("https://answers.example/inbox").map_err(step("request"))?,
        purpose: question.purpose,
        subject: None,
        claim: question.claim.clone(),
        as_of: question.as_of,
        tier: question.key.tier(),
        scope: ScopeLabel::parse(question.scope).map_err(step("request"))?,
        ledger: chain.named()?,
        key_id: question.key.pinned().id(),
        nonce: *random()?,
        requested_at,
        expires_at: Time::new(requested_at.seconds() + LIFETIME).map_err(step("request"))?,
        consent: ConsentKind::Once,
    };
    body.sign(&asker.key)
        .map_err(step("request"))?
        .verify()
        .map_err(step("request"))
}

/// The asker's account opens the request on the ledger, for answers from these hospitals.
pub(super) fn open(
    asker: &Asker,
    chain: &Chain,
    request: &VerifiedRequest,
    hospital: &Hospital,
) -> Result<u64, CliError> {
    let body = request.body();
    let opened = OpenRequest {
        request_digest: request.request_digest(),
        policy_digest: request.policy_digest(),
        key_id: B256::from(body.key_id.0),
        scope: request.statement().scope,
        expires_at: body.expires_at.seconds(),
        max_root_age: Settings::MAX_AGE,
        issuers: vec![hospital.account.address()],
    };
    let receipt = chain
        .ledger
        .open_request(&asker.account, &opened)
        .map_err(step("request"))?;
    Ok(receipt.gas_used)
}

/// The patient signs, the hospital finds the slots, the engine proves. `Ok(Err(_))`: the chart
/// does not certainly satisfy the claim, so that nothing is proved; why, stays here.
pub(super) fn answer(
    cx: &Context,
    hospital: &Hospital,
    patient: usize,
    request: &VerifiedRequest,
) -> Result<Result<Answer, NotProvable>, CliError> {
    let record = hospital.record(patient)?;
    let required = request.policy().table().header().required_coverage;
    if !required.is_subset_of(record.opening.coverage) {
        return Ok(Err(NotProvable::NotSatisfied));
    }
    let started = Instant::now();
    let slots = match assign(request.policy(), &record.facts) {
        Ok(slots) => slots,
        Err(not) => return Ok(Err(not)),
    };
    let body = request.body();
    let grant = Grant {
        kind: ConsentKind::Once,
        not_before: body.requested_at,
        not_after: body.expires_at,
        grant_id: digest("medproof/v1/grant", &[&*random::<32>()?]),
    };
    let signing = &hospital.patients[patient].signing;
    let consent = ConsentMessage::sign(request, &grant, signing).map_err(step("consent"))?;
    let message = consent.message();
    let witness = Witness {
        record: record.opening,
        position: record.path,
        table: request.policy().table().clone(),
        request: *request.statement(),
        consent: consent.signed().clone(),
        slots,
    };
    let public = public_inputs(&witness)
        .ok_or("the record's place is outside of the tree")
        .map_err(step("witness"))?;
    let witness_time = started.elapsed();
    let bar = cx.ui.bar("proving");
    let proven = cx
        .engine(&cx.keyring().find(body.key_id, body.tier)?)?
        .prove(&public, &witness, &bar)
        .map_err(step("prove"))?;
    drop(bar);
    let presentation = Presentation {
        key_id: body.key_id,
        proof: proven.proof,
        public,
    };
    Ok(Ok(Answer {
        presentation,
        consent: message,
        witness: witness_time,
        prove: proven.timings.total(),
    }))
}

/// One who checks answers: the asker's own software.
pub(super) struct Checker<'a> {
    chain: &'a Chain,
    verifier: Verifier,
}

impl<'a> Checker<'a> {
    pub(super) fn new(asker: &Asker, chain: &'a Chain, key: &CircuitKey) -> Result<Checker<'a>, CliError> {
        let settings = Settings {
            mode: Mode::Development,
            ..Settings::new(asker.key.did(), chain.named()?, Issuers::AllAdmitted)
        };
        let verifier = Verifier::new(settings, key.pinned()).map_err(step("verifier"))?;
        Ok(Checker { chain, verifier })
    }

    /// From the bytes that came, against the request that was made and the ledger.
    pub(super) fn check(
        &self,
        bytes: &[u8],
        request: &VerifiedRequest,
        claim: &Claim,
    ) -> Result<Result<Verified, Refusal>, CliError> {
        let view = LiveView::of(&self.chain.ledger);
        Ok(self.verifier.verify(bytes, request, claim, &view, now(self.chain)?))
    }
}

/// Submits a presentation to the contract: gas, or its refusal.
pub(super) fn submit(
    asker: &Asker,
    chain: &Chain,
    hospital: &Hospital,
    presentation: &Presentation,
) -> Result<u64, LedgerError> {
    let (proof, public) = (&presentation.proof, &presentation.public);
    let submission = Submission {
        audience: asker.account.address(),
        request_digest: public.request_digest,
        issuer: hospital.account.address(),
        registry_root: public.registry_root,
        nullifier: public.nullifier,
        consent_handle: public.consent_handle,
        proof: ProofWords::new(proof.a(), proof.b(), proof.c()),
    };
    chain
        .ledger
        .submit_disclosure(&asker.account, &submission)
        .map(|receipt| receipt.gas_used)
}

/// Whether a patient's chart certainly satisfies a request's policy within its tier.
pub(super) fn is_eligible(hospital: &Hospital, patient: usize, request: &VerifiedRequest) -> Result<bool, CliError> {
    let record = hospital.record(patient)?;
    let required = request.policy().table().header().required_coverage;
    Ok(required.is_subset_of(record.opening.coverage) && assign(request.policy(), &record.facts).is_ok())
}
