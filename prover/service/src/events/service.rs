//! `EventService`.

use super::{Event, EventId, timestamp};
use crate::auth;
use crate::caller::Caller;
use crate::error::Refusal;
use crate::store::{Owner, Store};
use medproof_proto::v1;
use medproof_proto::v1::event_service_server::EventService;
use std::collections::VecDeque;
use std::pin::Pin;
use std::time::Duration;
use tokio_stream::Stream;
use tonic::{Request, Response, Status};

// Read at once. A caller that reads slowly has no more of the service's memory.
const PAGE: u32 = 64;
// How soon an event is found.
const GLANCE: Duration = Duration::from_millis(500);

/// Answers calls, from the store alone.
#[derive(Clone)]
pub struct Handler(pub Store);

fn owner<T>(request: &Request<T>) -> Result<Owner, Status> {
    let caller = request.extensions().get::<Caller>();
    Ok(Owner::from(caller.ok_or_else(auth::unknown)?))
}

impl Handler {
    async fn place(&self, owner: &Owner, token: &str) -> Result<i64, Refusal> {
        let unknown = || {
            let message = "expected the id of an event of the caller's that is still kept, found another";
            Refusal::invalid("event.token", message, "begin with an empty token")
        };
        // A token that is none is one of no event.
        let id: EventId = token.parse().map_err(|_| unknown())?;
        self.0.place_of_event(owner, &id).await?.ok_or_else(unknown)
    }
}

#[tonic::async_trait]
impl EventService for Handler {
    type WatchEventsStream = Pin<Box<dyn Stream<Item = Result<v1::WatchEventsResponse, Status>> + Send>>;

    async fn watch_events(
        &self,
        request: Request<v1::WatchEventsRequest>,
    ) -> Result<Response<Self::WatchEventsStream>, Status> {
        let owner = owner(&request)?;
        let token = &request.get_ref().resume_token;
        let after = if token.is_empty() {
            self.0.acknowledged(&owner).await.map_err(Refusal::from)?
        } else {
            self.place(&owner, token)
                .await
                .map_err(|refusal| refusal.at("resume_token"))?
        };
        Ok(Response::new(Box::pin(told(self.0.clone(), owner, after))))
    }

    async fn acknowledge_events(
        &self,
        request: Request<v1::AcknowledgeEventsRequest>,
    ) -> Result<Response<v1::AcknowledgeEventsResponse>, Status> {
        let owner = owner(&request)?;
        let place = self.place(&owner, &request.get_ref().token).await;
        let place = place.map_err(|refusal| refusal.at("token"))?;
        self.0.acknowledge(&owner, place).await.map_err(Refusal::from)?;
        Ok(Response::new(v1::AcknowledgeEventsResponse {}))
    }
}

// Events after a place, read when the caller has read those before.
fn told(store: Store, owner: Owner, after: i64) -> impl Stream<Item = Result<v1::WatchEventsResponse, Status>> + Send {
    let start = (store, owner, after, VecDeque::<(i64, Event)>::new(), false);
    futures::stream::unfold(start, |(store, owner, after, mut page, failed)| async move {
        if failed {
            return None;
        }
        loop {
            if let Some((place, event)) = page.pop_front() {
                let response = v1::WatchEventsResponse {
                    event: Some(form(&event)),
                };
                return Some((Ok(response), (store, owner, place, page, false)));
            }
            match store.events(&owner, after, PAGE).await {
                Ok(events) if events.is_empty() => tokio::time::sleep(GLANCE).await,
                Ok(events) => page.extend(events),
                Err(error) => {
                    let status = Refusal::from(error).into();
                    return Some((Err(status), (store, owner, after, page, true)));
                }
            }
        }
    })
}

fn form(event: &Event) -> v1::Event {
    v1::Event {
        id: event.id.to_string(),
        kind: event.kind as i32,
        time: Some(timestamp(event.made)),
        job: event.job.map(|job| job.to_string()).unwrap_or_default(),
        request_digest: event.request.map(Vec::from).unwrap_or_default(),
    }
}
