//! `VerifierService`.

use crate::auth;
use crate::caller::Role;
use crate::error::Refusal;
use crate::ring::Ring;
use crate::view::View;
use medproof_keys::Mode;
use medproof_ledger::Ledger;
use medproof_messages::{Did, Presentation, SignedRequest, VerifiedRequest, terms};
use medproof_proto::v1;
use medproof_proto::v1::verifier_service_server::VerifierService;
use medproof_statement::field;
use medproof_statement::request::Time;
use medproof_verifier::{Issuers, Settings, Verified, Verifier};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use tonic::{Code, Request, Response, Status};

/// What the service answers from.
pub struct Verification {
    /// Where roots, keys and revocations are read.
    pub ledger: Arc<dyn Ledger>,
    /// What it is called.
    pub named: terms::Ledger,
    /// Keys that presentations are verified under.
    pub keys: Arc<Ring>,
    /// Whether development keys are good enough.
    pub mode: Mode,
}

/// Answers calls.
#[derive(Clone)]
pub struct Handler(pub Arc<Verification>);

#[tonic::async_trait]
impl VerifierService for Handler {
    async fn verify_presentation(
        &self,
        request: Request<v1::VerifyPresentationRequest>,
    ) -> Result<Response<v1::VerifyPresentationResponse>, Status> {
        let caller = auth::caller(&request)?;
        let (Role::Sponsor, Some(audience)) = (caller.role, caller.did) else {
            return Err(auth::role("call as a sponsor").into());
        };
        let message = request.into_inner();
        let signed = SignedRequest::from_json(&message.request).and_then(SignedRequest::verify);
        let signed = signed.map_err(|error| {
            Refusal::invalid(error.code(), &error, "send the request as it was signed").at("request")
        })?;
        let presentation = presentation(&message.presentation)?;
        let verification = Arc::clone(&self.0);
        let verified = tokio::task::spawn_blocking(move || verification.verify(audience, &signed, &presentation));
        let verified = verified.await.map_err(|_| {
            Refusal::new(
                Code::Internal,
                "service.defect",
                "the service could not do it",
                "an operator looks at the log",
            )
        })?;
        Ok(Response::new(verified?))
    }
}

fn presentation(bytes: &[u8]) -> Result<Presentation, Refusal> {
    let read = match bytes.first() {
        Some(b'{') => Presentation::from_json(bytes),
        _ => Presentation::from_bytes(bytes),
    };
    read.map_err(|error| {
        Refusal::invalid(error.code(), &error, "send the presentation as it was handed out").at("presentation")
    })
}

impl Verification {
    fn verify(
        &self,
        audience: Did,
        request: &VerifiedRequest,
        presentation: &Presentation,
    ) -> Result<v1::VerifyPresentationResponse, Refusal> {
        let asked = request.body().key_id;
        let Some(key) = self.keys.verifying(&asked) else {
            let message = format!("the request asks for key {asked}, which this service does not have");
            let help = "verify it where that key is, or with the embedded verifier";
            return Err(Refusal::new(Code::FailedPrecondition, "key.none", message, help).at("request"));
        };
        let public = &presentation.public;
        let view =
            View::read(&*self.ledger, public.registry_root, &[public.consent_handle], asked).map_err(|error| {
                tracing::error!(%error, "the ledger failed");
                let message = "the ledger cannot be read";
                Refusal::new(
                    Code::Unavailable,
                    "ledger.unavailable",
                    message,
                    "try again when it can",
                )
            })?;
        let seconds = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        let now = Time::new(seconds)
            .map_err(|error| Refusal::new(Code::Internal, "clock", error, "an operator sets the machine's clock"))?;
        let mut settings = Settings::new(audience, self.named, Issuers::AllAdmitted);
        if self.mode == Mode::Development {
            settings.mode = medproof_verifier::Mode::Development;
        }
        let verified = Verifier::with_key(settings, key)
            .and_then(|verifier| verifier.verify_parsed(presentation, request, &request.body().claim, &view, now));
        Ok(match verified {
            Ok(verified) => accepted(&verified),
            Err(refusal) => v1::VerifyPresentationResponse {
                refusal_code: refusal.code().to_owned(),
                explanation: refusal.to_string(),
                ..v1::VerifyPresentationResponse::default()
            },
        })
    }
}

fn accepted(verified: &Verified) -> v1::VerifyPresentationResponse {
    v1::VerifyPresentationResponse {
        accepted: true,
        refusal_code: String::new(),
        explanation: String::new(),
        nullifier: field::to_bytes(&verified.nullifier()).to_vec(),
        consent_handle: field::to_bytes(&verified.consent_handle()).to_vec(),
        issuer: verified.issuer().0.to_vec(),
        epoch: verified.epoch(),
        as_of: Some(prost_types::Timestamp {
            seconds: i64::try_from(verified.block().time.seconds()).unwrap_or(i64::MAX),
            nanos: 0,
        }),
    }
}
