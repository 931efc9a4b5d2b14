//! `AuditService`.

use crate::auth;
use crate::caller::{Caller, Role};
use crate::disclosure::page;
use crate::error::Refusal;
use crate::hospital::Hospital;
use crate::store::{Line, Lines, Store, StoreError};
use medproof_audit::tree::{Hash, OutOfRange, Plan};
use medproof_audit::{Entry, Event, PseudonymKey, SignedCheckpoint, SigningKey};
use medproof_proto::v1;
use medproof_proto::v1::audit_entry::Outcome;
use medproof_proto::v1::audit_service_server::AuditService;
use std::sync::Arc;
use tonic::{Code, Request, Response, Status};

/// What the service answers from.
pub struct Audit {
    /// The log.
    pub store: Store,
    /// Whose log it is.
    pub hospital: Arc<Hospital>,
    /// What patients are called in it.
    pub pseudonyms: Arc<PseudonymKey>,
    /// What signs its heads.
    pub key: SigningKey,
}

/// Answers calls.
#[derive(Clone)]
pub struct Handler(pub Arc<Audit>);

type Answer<T> = Result<Response<T>, Status>;

impl Handler {
    // Whoever calls at this hospital.
    fn reader<T>(&self, request: &Request<T>) -> Result<Caller, Refusal> {
        let caller = auth::caller(request)?;
        self.0.hospital.require_tenant(&caller)?;
        Ok(caller)
    }

    // Whoever may see heads and proofs: how long the log is tells a sponsor how many consented to what it asks just now.
    fn observer<T>(&self, request: &Request<T>) -> Result<Caller, Refusal> {
        let caller = self.reader(request)?;
        match caller.role {
            Role::Sponsor => Err(auth::role("call as an auditor, an issuer, a holder or an operator")),
            _ => Ok(caller),
        }
    }

    async fn lines(&self, caller: &Caller, record: String) -> Result<Lines, Refusal> {
        let about = match (caller.role, record.is_empty()) {
            (Role::Auditor | Role::Issuer, true) => return Ok(Lines::All),
            (Role::Sponsor, true) => return Ok(Lines::Audience(caller.audience().unwrap_or_default())),
            (Role::Issuer | Role::Holder, false) => record,
            (Role::Holder, true) => {
                let message = "expected a record";
                return Err(Refusal::invalid("field.missing", message, "name the patient's record").at("record"));
            }
            _ => return Err(auth::role("call as an auditor, an issuer, a holder or a sponsor")),
        };
        let name = self.0.hospital.named(about).await?;
        Ok(Lines::Patient(self.0.pseudonyms.pseudonym(&caller.tenant, &name).0.0))
    }

    // The hashes of a proof, within a head that there was.
    async fn proof(&self, tenant: &str, plan: Result<Plan, OutOfRange>, size: u64) -> Result<Vec<Vec<u8>>, Refusal> {
        let head = self.0.store.log_head(tenant).await?;
        let plan = plan.ok().filter(|_| size <= head.size).ok_or_else(|| {
            let message = format!("expected places within the log's {} entries", head.size);
            Refusal::invalid("audit.size", message, "see GetCheckpoint")
        })?;
        let ids: Vec<_> = plan.nodes().collect();
        let nodes = self.0.store.log_nodes(tenant, &ids).await?;
        let proof = plan
            .prove_from(&nodes)
            .map_err(|_| StoreError::Row("a log without some of its nodes"))?;
        Ok(proof.into_iter().map(|Hash(hash)| hash.to_vec()).collect())
    }
}

#[tonic::async_trait]
impl AuditService for Handler {
    async fn get_checkpoint(&self, request: Request<v1::GetCheckpointRequest>) -> Answer<v1::GetCheckpointResponse> {
        let caller = self.observer(&request)?;
        let head = self.0.store.log_head(&caller.tenant).await.map_err(Refusal::from)?;
        let signed = SignedCheckpoint::sign(head, &self.0.key).map_err(|error| {
            Refusal::new(
                Code::Internal,
                "service.defect",
                error,
                "an operator looks at the log's key",
            )
        })?;
        let checkpoint = signed.to_text();
        Ok(Response::new(v1::GetCheckpointResponse { checkpoint }))
    }

    async fn list_entries(&self, request: Request<v1::ListEntriesRequest>) -> Answer<v1::ListEntriesResponse> {
        let caller = self.reader(&request)?;
        let message = request.into_inner();
        let count = page::size(message.page_size)?;
        let from = match message.page_token.as_str() {
            "" => 0,
            token => token.parse().map_err(|_| page::no_token())?,
        };
        let lines = self.lines(&caller, message.record).await?;
        let found = self.0.store.log_lines(&caller.tenant, &lines, from, count + 1).await;
        let mut found = found.map_err(Refusal::from)?;
        let next = found.get(count as usize).map(|line| line.place.to_string());
        found.truncate(count as usize);
        let entries = found.into_iter().map(entry).collect::<Result<Vec<_>, _>>();
        Ok(Response::new(v1::ListEntriesResponse {
            entries: entries.map_err(Refusal::from)?,
            next_page_token: next.unwrap_or_default(),
        }))
    }

    async fn get_inclusion_proof(
        &self,
        request: Request<v1::GetInclusionProofRequest>,
    ) -> Answer<v1::GetInclusionProofResponse> {
        let caller = self.observer(&request)?;
        let v1::GetInclusionProofRequest { index, size } = request.into_inner();
        let hashes = self.proof(&caller.tenant, Plan::inclusion(index, size), size).await?;
        Ok(Response::new(v1::GetInclusionProofResponse { hashes }))
    }

    async fn get_consistency_proof(
        &self,
        request: Request<v1::GetConsistencyProofRequest>,
    ) -> Answer<v1::GetConsistencyProofResponse> {
        let caller = self.observer(&request)?;
        let v1::GetConsistencyProofRequest { from, to } = request.into_inner();
        let hashes = self.proof(&caller.tenant, Plan::consistency(from, to), to).await?;
        Ok(Response::new(v1::GetConsistencyProofResponse { hashes }))
    }
}

fn entry(line: Line) -> Result<v1::AuditEntry, StoreError> {
    let entry = Entry::from_json(&line.leaf).map_err(|_| StoreError::Row("a line of the log"))?;
    let event = entry.event();
    let (claim, consent) = match event {
        Event::DisclosureReleased(asked, consent) => (Some(asked.claim), Some(*consent)),
        Event::DisclosureRequested(asked)
        | Event::DisclosureRefused(asked)
        | Event::DisclosureFailed(asked, _)
        | Event::DisclosureCancelled(asked) => (Some(asked.claim), None),
        Event::ConsentGranted(consented) | Event::ConsentRevoked(consented) | Event::ConsentExpired(consented) => {
            (None, Some(consented.consent))
        }
        Event::RecordErased(_) | Event::AskerSuspended(_) | Event::AskerRestored(_) => (None, None),
    };
    Ok(v1::AuditEntry {
        index: line.place,
        time: Some(prost_types::Timestamp {
            seconds: i64::try_from(entry.time().seconds()).unwrap_or(i64::MAX),
            nanos: 0,
        }),
        audience: event.audience().map(ToString::to_string).unwrap_or_default(),
        purpose: event
            .purpose()
            .map(|purpose| purpose.code().to_owned())
            .unwrap_or_default(),
        claim_id: claim.map(|claim| claim.0.to_vec()).unwrap_or_default(),
        consent_handle: consent.map(|consent| consent.0.to_vec()).unwrap_or_default(),
        pseudonym: event.patient().map(|patient| patient.0.0.to_vec()).unwrap_or_default(),
        outcome: outcome(event).into(),
        leaf: line.leaf,
    })
}

fn outcome(event: &Event) -> Outcome {
    match event {
        Event::DisclosureRequested(_) => Outcome::Requested,
        Event::DisclosureReleased(..) => Outcome::Disclosed,
        Event::DisclosureRefused(_) => Outcome::Refused,
        Event::DisclosureFailed(..) => Outcome::Failed,
        Event::DisclosureCancelled(_) => Outcome::Cancelled,
        Event::ConsentGranted(_) => Outcome::Granted,
        Event::ConsentRevoked(_) => Outcome::Revoked,
        Event::ConsentExpired(_) => Outcome::Expired,
        Event::RecordErased(_) => Outcome::Erased,
        Event::AskerSuspended(_) => Outcome::AskerSuspended,
        Event::AskerRestored(_) => Outcome::AskerRestored,
    }
}
