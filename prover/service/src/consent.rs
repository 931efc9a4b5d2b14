//! `ConsentService`, and what tells the ledger of revocations.

use crate::about::Handle;
use crate::auth;
use crate::caller::{Caller, Role};
use crate::disclosure::page;
use crate::error::Refusal;
use crate::events::ledger::LedgerChanged;
use crate::hospital::Hospital;
use crate::job::Instant;
use crate::store::{AfterConsent, ConsentRow, Owner, Store, StoreError, Whose};
use crate::watch::Hub;
use medproof_audit::PseudonymKey;
use medproof_ledger::{Account, Ledger, LedgerEvent, Noticed};
use medproof_messages::Revocation;
use medproof_messages::terms;
use medproof_proto::v1;
use medproof_proto::v1::consent::State;
use medproof_proto::v1::consent_service_server::ConsentService;
use medproof_statement::field;
use std::sync::Arc;
use std::time::Duration;
use tonic::{Code, Request, Response, Status};

/// What the service answers from.
pub struct Consents {
    /// Consents and jobs.
    pub store: Store,
    /// What patients are called there.
    pub pseudonyms: Arc<PseudonymKey>,
    /// Whose records consents are to.
    pub hospital: Arc<Hospital>,
    /// Who follows jobs.
    pub hub: Arc<Hub>,
    /// Which ledger.
    pub named: terms::Ledger,
    /// What tells it.
    pub publisher: Arc<Publisher>,
}

/// Answers calls.
#[derive(Clone)]
pub struct Handler(pub Arc<Consents>);

type Answer<T> = Result<Response<T>, Status>;

impl Handler {
    // Whose consents the caller means.
    async fn whose(&self, caller: &Caller, record: String) -> Result<Whose, Refusal> {
        if !caller.may_submit() {
            return Err(auth::role("call as an issuer or a holder"));
        }
        if record.is_empty() {
            return Ok(match caller.role {
                Role::Issuer => Whose::Tenant,
                _ => Whose::Caller,
            });
        }
        self.0.hospital.require_tenant(caller)?;
        let named = self.0.hospital.named(record).await?;
        Ok(Whose::Holder(self.0.pseudonyms.pseudonym(&caller.tenant, &named).0.0))
    }
}

#[tonic::async_trait]
impl ConsentService for Handler {
    async fn list_consents(&self, request: Request<v1::ListConsentsRequest>) -> Answer<v1::ListConsentsResponse> {
        let caller = auth::caller(&request)?;
        let message = request.into_inner();
        let count = page::size(message.page_size)?;
        let after = read_token(&message.page_token)?;
        let whose = self.whose(&caller, message.record).await?;
        let owner = Owner::from(&caller);
        let listed = self.0.store.consents(&owner, &whose, after, count + 1).await;
        let mut rows = listed.map_err(Refusal::from)?;
        let more = rows.len() > count as usize;
        rows.truncate(count as usize);
        let last = rows.last().filter(|_| more);
        let next_page_token = last.map(write_token).unwrap_or_default();
        let now = Instant::now();
        Ok(Response::new(v1::ListConsentsResponse {
            consents: rows.iter().map(|row| consent(row, now)).collect(),
            next_page_token,
        }))
    }

    async fn revoke_consent(&self, request: Request<v1::RevokeConsentRequest>) -> Answer<v1::RevokeConsentResponse> {
        let caller = auth::caller(&request)?;
        if !caller.may_submit() {
            return Err(auth::role("call as an issuer or a holder").into());
        }
        let revocation = Revocation::from_json(&request.get_ref().revocation).map_err(|error| {
            Refusal::invalid(
                error.code(),
                &error,
                "send the revocation as the holder's wallet wrote it",
            )
            .at("revocation")
        })?;
        if *revocation.ledger() != self.0.named {
            let message = "the revocation names another ledger than this service's";
            let help = "publish it on the ledger that it names";
            return Err(Refusal::new(Code::FailedPrecondition, "ledger.other", message, help).into());
        }
        let handle = field::to_bytes(&revocation.handle());
        let secret = field::to_bytes(&revocation.secret());
        let ended = self
            .0
            .store
            .revoke(&handle, Some(&secret))
            .await
            .map_err(Refusal::from)?;
        ended.iter().for_each(|job| self.0.hub.changed(job));
        let ledger_pending = !self.0.publisher.publish(&self.0.store, handle, secret).await;
        Ok(Response::new(v1::RevokeConsentResponse {
            cancelled_jobs: i64::try_from(ended.len()).unwrap_or(i64::MAX),
            ledger_pending,
        }))
    }
}

/// Tells the ledger of revocations.
pub struct Publisher {
    /// Which ledger.
    pub ledger: Arc<dyn Ledger>,
    /// Who pays: whoever knows a revocation's secret can publish it.
    pub account: Account,
}

// Between looks for what the ledger is yet to be told.
const LOOK: Duration = Duration::from_secs(15);

impl Publisher {
    /// Tells the ledger of one. Whether it knows now.
    pub async fn publish(self: &Arc<Self>, store: &Store, handle: Handle, secret: [u8; 32]) -> bool {
        let publisher = Arc::clone(self);
        let told = tokio::task::spawn_blocking(move || publisher.tell(handle, secret)).await;
        if !told.unwrap_or(false) {
            return false;
        }
        // Where that is not kept, it is found on the ledger the next time.
        if let Err(error) = store.published(&handle).await {
            tracing::error!(%error, "a revocation is on the ledger, and the store does not know");
        }
        true
    }

    fn tell(&self, handle: Handle, secret: [u8; 32]) -> bool {
        let (Ok(element), Ok(preimage)) = (field::from_bytes(&handle), field::from_bytes(&secret)) else {
            return false;
        };
        // Somebody else may have published it.
        if matches!(self.ledger.consent_revoked_at(element), Ok(Some(_))) {
            return true;
        }
        match self.ledger.revoke_consent(&self.account, preimage) {
            Ok(_) => true,
            Err(error) => {
                tracing::warn!(%error, "the ledger does not take a revocation: it is tried again");
                false
            }
        }
    }

    /// Tells the ledger of all that it is yet to be told, again and again.
    pub async fn run(self: Arc<Self>, store: Store) {
        loop {
            // Where the store does not answer, it is asked later.
            for unpublished in store.unpublished().await.unwrap_or_default() {
                self.publish(&store, unpublished.handle, unpublished.secret).await;
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// What the ledger says of revocations holds here too.
pub struct Revocations {
    /// Consents and jobs.
    pub store: Store,
    /// Who follows jobs.
    pub hub: Arc<Hub>,
}

#[tonic::async_trait]
impl LedgerChanged for Revocations {
    async fn noticed(&self, noticed: &Noticed) -> Result<(), StoreError> {
        if let LedgerEvent::ConsentRevoked { handle } = noticed.event {
            let ended = self.store.revoke(&field::to_bytes(&handle), None).await?;
            ended.iter().for_each(|job| self.hub.changed(job));
        }
        Ok(())
    }

    // What was once revoked stays so: its secret is out.
    async fn reorganised(&self, _: Option<u64>) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Logs consents whose time is over, again and again.
pub async fn look_out(store: Store) {
    loop {
        match store.expire().await {
            // There may be more.
            Ok(100..) => continue,
            Ok(_) => {}
            Err(error) => tracing::error!(%error, "consents whose time is over are not logged: it is tried again"),
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn consent(row: &ConsentRow, now: Instant) -> v1::Consent {
    let state = match row {
        ConsentRow { revoked: Some(_), .. } => State::Revoked,
        row if row.not_after <= now.seconds() => State::Expired,
        ConsentRow { used: Some(_), .. } => State::Used,
        _ => State::Granted,
    };
    let at = |seconds: u64| prost_types::Timestamp {
        seconds: i64::try_from(seconds).unwrap_or(i64::MAX),
        nanos: 0,
    };
    v1::Consent {
        handle: row.handle.to_vec(),
        audience: row.audience.clone(),
        purpose: row.purpose.code().to_owned(),
        state: state.into(),
        not_before: Some(at(row.not_before)),
        not_after: Some(at(row.not_after)),
    }
}

fn write_token(row: &ConsentRow) -> String {
    format!("{}.{}", row.granted.0, hex::encode(row.handle))
}

fn read_token(token: &str) -> Result<Option<AfterConsent>, Refusal> {
    if token.is_empty() {
        return Ok(None);
    }
    let parsed = token.split_once('.').and_then(|(granted, handle)| {
        let mut bytes = [0; 32];
        hex::decode_to_slice(handle, &mut bytes).ok()?;
        Some(AfterConsent {
            granted: Instant(granted.parse().ok()?),
            handle: bytes,
        })
    });
    parsed.map(Some).ok_or_else(page::no_token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use medproof_statement::request::Purpose;

    #[test]
    fn a_consent_stands_as_what_became_of_it_last() {
        let row = ConsentRow {
            handle: [7; 32],
            audience: "did:key:somebody".into(),
            purpose: Purpose::Research,
            pseudonym: [9; 32],
            not_before: 100,
            not_after: 200,
            granted: Instant(1),
            used: None,
            revoked: None,
        };
        let used = ConsentRow {
            used: Some(Instant(2)),
            ..row.clone()
        };
        let revoked = ConsentRow {
            revoked: Some(Instant(3)),
            ..used.clone()
        };
        let state = |row: &ConsentRow, seconds: i64| consent(row, Instant(seconds * 1_000_000)).state();
        assert_eq!([199, 200].map(|at| state(&row, at)), [State::Granted, State::Expired]);
        assert_eq!([199, 200].map(|at| state(&used, at)), [State::Used, State::Expired]);
        assert_eq!(
            [199, 200].map(|at| state(&revoked, at)),
            [State::Revoked, State::Revoked]
        );
        let token = write_token(&row);
        let expected = AfterConsent {
            granted: Instant(1),
            handle: [7; 32],
        };
        assert_eq!(read_token(&token), Ok(Some(expected)));
        assert!(
            ["x", "1.", "1.07", ".", "y.07"]
                .iter()
                .all(|token| read_token(token).is_err())
        );
    }
}
