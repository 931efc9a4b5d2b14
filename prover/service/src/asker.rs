//! `AskerService`.

use crate::auth;
use crate::caller::{Caller, Role};
use crate::disclosure::{form, page};
use crate::error::Refusal;
use crate::store::{Asker, Store, Unusual};
use medproof_messages::Did;
use medproof_proto::v1;
use medproof_proto::v1::asker_service_server::AskerService;
use tonic::{Code, Request, Response, Status};

/// Answers calls.
#[derive(Clone)]
pub struct Handler(pub Store);

type Answer<T> = Result<Response<T>, Status>;

fn operator<T>(request: &Request<T>) -> Result<Caller, Refusal> {
    let caller = auth::caller(request)?;
    if caller.role == Role::Operator {
        Ok(caller)
    } else {
        Err(auth::role("call as an operator"))
    }
}

fn did(text: &str) -> Result<String, Refusal> {
    let did = Did::parse(text).map_err(|error| {
        Refusal::invalid(error.code(), &error, "name an audience by its DID, as ListAskers does").at("audience")
    })?;
    Ok(did.to_string())
}

#[tonic::async_trait]
impl AskerService for Handler {
    async fn list_askers(&self, request: Request<v1::ListAskersRequest>) -> Answer<v1::ListAskersResponse> {
        let caller = operator(&request)?;
        let message = request.into_inner();
        let count = page::size(message.page_size)?;
        let listed = self.0.askers(&caller.tenant, &message.page_token, count + 1).await;
        let mut askers = listed.map_err(Refusal::from)?;
        let more = askers.len() > count as usize;
        askers.truncate(count as usize);
        let last = askers.last().filter(|_| more);
        let next_page_token = last.map(|asker| asker.audience.clone()).unwrap_or_default();
        Ok(Response::new(v1::ListAskersResponse {
            askers: askers.into_iter().map(asker).collect(),
            next_page_token,
        }))
    }

    async fn suspend_asker(&self, request: Request<v1::SuspendAskerRequest>) -> Answer<v1::SuspendAskerResponse> {
        let caller = operator(&request)?;
        let audience = did(&request.get_ref().audience)?;
        let suspended = self.0.suspend(&caller.tenant, &audience, Unusual::Operator).await;
        suspended.map_err(Refusal::from)?;
        Ok(Response::new(v1::SuspendAskerResponse {}))
    }

    async fn restore_asker(&self, request: Request<v1::RestoreAskerRequest>) -> Answer<v1::RestoreAskerResponse> {
        let caller = operator(&request)?;
        let audience = did(&request.get_ref().audience)?;
        if self.0.restore(&caller.tenant, &audience).await.map_err(Refusal::from)? {
            return Ok(Response::new(v1::RestoreAskerResponse {}));
        }
        let message = "there is no such asker that is suspended";
        Err(Refusal::new(Code::NotFound, "asker.none", message, "see ListAskers").into())
    }
}

fn asker(asker: Asker) -> v1::Asker {
    let (suspended, reason) = asker.suspended.unzip();
    v1::Asker {
        audience: asker.audience,
        since: Some(form::timestamp(asker.since)),
        asked: i64::try_from(asker.asked).unwrap_or(i64::MAX),
        suspended: suspended.map(form::timestamp),
        reason: reason.unwrap_or_default(),
    }
}
