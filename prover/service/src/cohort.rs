//! `CohortService`: see docs/adr/0012-cohorts.md.

mod check;
mod form;

pub use check::look_out;

use crate::auth;
use crate::caller::{Caller, Role};
use crate::disclosure::{Disclosures, once_of, page};
use crate::error::Refusal;
use crate::guard::{Guard, Withheld};
use crate::job::{CohortId, JobId};
use crate::payload;
use crate::store::{After, Cohort, CohortReleased, CohortState, Denied, NewCohort, NewJob, Owner, StoreError};
use medproof_messages::{CohortSummary, Presentation, VerifiedRequest};
use medproof_proto::v1;
use medproof_proto::v1::cohort_service_server::CohortService;
use medproof_proto::v1::fetch_cohort_response::Part;
use medproof_records::registry::Anchor;
use medproof_statement::{Fr, field};
use std::collections::{BTreeMap, HashSet};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio_stream::Stream;
use tonic::{Code, Request, Response, Status};

// One call's records are read, and its members written, within its deadline.
const MOST_MEMBERS: usize = 1000;
// Who follows a cohort looks at it, told or not.
const LOOK: Duration = Duration::from_secs(30);

/// Answers calls.
#[derive(Clone)]
pub struct Handler(pub Arc<Disclosures>);

type Answer<T> = Result<Response<T>, Status>;
type Told<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

impl Handler {
    async fn run(&self, caller: Caller, message: v1::RunCohortRequest) -> Result<Cohort, Refusal> {
        if caller.role != Role::Issuer {
            return Err(auth::role("call as an issuer"));
        }
        let count = message.members.len();
        if !(1..=MOST_MEMBERS).contains(&count) {
            let found = format!("expected 1 to {MOST_MEMBERS} members, found {count}");
            return Err(Refusal::invalid("cohort.size", found, "submit in parts").at("members"));
        }
        let (disclosures, submitter) = (Arc::clone(&self.0), caller.clone());
        let message = Arc::new(message);
        let read = Arc::clone(&message);
        // Records are read: not on a thread that others wait for.
        let new = tokio::task::spawn_blocking(move || new(&disclosures, &submitter, &read));
        let new = new.await.map_err(|_| defect())??;
        let once = once_of(&message.idempotency_key, parts(&message))?;
        let owner = Owner::from(&caller);
        let submitted = self
            .0
            .store
            .submit_cohort(&owner, &new, once.as_ref(), &self.0.bounds)
            .await?;
        let taken = self.0.taken(&caller, &new.members, submitted, Some("members")).await;
        taken.map(|(cohort, _)| cohort)
    }

    async fn of(&self, owner: &Owner, name: &str) -> Result<Cohort, Refusal> {
        // A name that is none is one of no cohort.
        let Ok(id) = name.parse() else { return Err(none()) };
        self.0.store.cohort(owner, &id).await?.ok_or_else(none)
    }

    // What is handed out: presentations in the order of their nullifiers, and their summary.
    async fn fetched(&self, owner: &Owner, cohort: &Cohort) -> Result<Vec<Part>, Refusal> {
        let unmet = |code, message, help| Err(Refusal::new(Code::FailedPrecondition, code, message, help));
        match cohort.state {
            CohortState::Complete => {}
            CohortState::Running => {
                return unmet(
                    "cohort.unfinished",
                    "the cohort has not ended",
                    "follow it with WatchCohort",
                );
            }
            CohortState::Failed | CohortState::Cancelled => {
                return unmet(
                    "cohort.ended",
                    "the cohort ended without presentations",
                    "see the cohort, and submit it again",
                );
            }
        }
        let root = field::from_bytes(&cohort.root).map_err(|_| StoreError::Row("a root"))?;
        let made = self.0.store.cohort_made(owner, &cohort.id).await?;
        let wanted = self.released(root, made).await?;
        let released = self.0.store.release_cohort(owner, &cohort.id, &wanted).await?;
        let presentations = match released {
            CohortReleased::Presentations(presentations) => presentations,
            CohortReleased::Nothing => return Err(none()),
            CohortReleased::Suspended => return Err(Denied::Suspended.into()),
        };
        let mut sorted = BTreeMap::new();
        for bytes in presentations {
            let presentation = Presentation::from_bytes(&bytes).map_err(|_| StoreError::Row("a presentation"))?;
            sorted.insert(presentation.public.nullifier, (bytes, presentation));
        }
        let key_id = match sorted.values().next() {
            Some((_, first)) => first.key_id,
            None => self.key_of(cohort)?,
        };
        let count = sorted.len() as u64;
        let summary = CohortSummary {
            count,
            distinct_nullifiers: count,
            epoch: cohort.epoch,
            key_id,
            registry_root: root,
            request_digest: field::from_bytes(&cohort.request).map_err(|_| StoreError::Row("a request"))?,
        };
        let presentations = sorted.into_values().map(|(bytes, _)| Part::Presentation(bytes));
        Ok(presentations.chain([Part::Summary(summary.to_json())]).collect())
    }

    // Of a cohort of nobody.
    fn key_of(&self, cohort: &Cohort) -> Result<medproof_messages::KeyId, Refusal> {
        let key = self.0.keys.active(cohort.tier).first().copied();
        key.ok_or_else(|| {
            let message = format!("this prover has no key of tier {}", cohort.tier);
            Refusal::new(Code::FailedPrecondition, "key.none", message, "call a prover that has")
        })
    }

    // Those whose consents hold still, where the root counts.
    async fn released(&self, root: Fr, made: Vec<(JobId, Vec<u8>)>) -> Result<Vec<JobId>, Refusal> {
        let guard = self.0.guard.clone();
        let looked = tokio::task::spawn_blocking(move || held(&guard, root, &made));
        Ok(looked.await.unwrap_or(Err(Withheld::Unavailable))?)
    }
}

// Of these presentations, those whose consents hold.
fn held(guard: &Guard, root: Fr, made: &[(JobId, Vec<u8>)]) -> Result<Vec<JobId>, Withheld> {
    guard.counts(Some(root))?;
    let mut held = Vec::with_capacity(made.len());
    for (id, bytes) in made {
        let Ok(presentation) = Presentation::from_bytes(bytes) else {
            continue;
        };
        match guard.unrevoked(presentation.public.consent_handle) {
            Ok(()) => held.push(*id),
            Err(Withheld::Revoked) => {}
            Err(withheld) => return Err(withheld),
        }
    }
    Ok(held)
}

fn new(disclosures: &Disclosures, caller: &Caller, message: &v1::RunCohortRequest) -> Result<NewCohort, Refusal> {
    let request = disclosures.request(&message.request)?;
    let unmet = |code, text, help| Refusal::new(Code::FailedPrecondition, code, text, help);
    if request.body().subject.is_some() {
        let text = "the request is about one person";
        return Err(unmet("request.subject", text, "submit it with SubmitDisclosure").at("request"));
    }
    let anchor: Anchor = disclosures.anchored(&caller.tenant)?;
    let id = CohortId::random().map_err(|error| Refusal::new(Code::Internal, "random", error, "try again"))?;
    let mut records = HashSet::with_capacity(message.members.len());
    let members = message.members.iter().enumerate().map(|(place, member)| {
        let job = self::member(disclosures, caller, &request, member, &mut records);
        job.map_err(|refusal| refusal.at(format!("members[{place}]")))
    });
    Ok(NewCohort {
        id,
        members: members.collect::<Result<_, Refusal>>()?,
        payload: disclosures.sealed(&id.key(), &message.request)?,
        anchor,
    })
}

fn member(
    disclosures: &Disclosures,
    caller: &Caller,
    request: &VerifiedRequest,
    member: &v1::CohortMember,
    records: &mut HashSet<[u8; 32]>,
) -> Result<NewJob, Refusal> {
    let named = disclosures.records.carried(&caller.tenant, &member.record)?;
    let found = disclosures.member(&caller.tenant, request, &member.record, named, &member.consent)?;
    if !records.insert(found.about.pseudonym) {
        let help = "choose one consent of each";
        return Err(Refusal::invalid("cohort.repeated", "this record is there before", help).at("record"));
    }
    let payload = payload::member(&member.record, &member.consent);
    Ok(NewJob {
        id: found.id,
        about: found.about,
        tier: request.body().tier,
        payload: disclosures.sealed(&found.id, &payload)?,
    })
}

// What stands for a cohort under its idempotency key: no list of disclosures does.
fn parts(message: &v1::RunCohortRequest) -> impl Iterator<Item = &[u8]> {
    let members = message.members.iter();
    [&b"cohort"[..], &message.request]
        .into_iter()
        .chain(members.flat_map(|member| [member.record.as_bytes(), &member.consent]))
}

fn none() -> Refusal {
    Refusal::new(
        Code::NotFound,
        "cohort.none",
        "there is no such cohort",
        "see ListCohorts",
    )
}

fn defect() -> Refusal {
    let help = "an operator looks at the log";
    Refusal::new(Code::Internal, "service.defect", "the service could not do it", help)
}

impl Disclosures {
    fn anchored(&self, tenant: &str) -> Result<Anchor, Refusal> {
        self.records.anchored(tenant).ok_or_else(|| {
            let message = "the registry was never anchored: nothing can be proved under it";
            Refusal::new(
                Code::FailedPrecondition,
                "record.pending",
                message,
                "anchor the registry first",
            )
        })
    }
}

#[tonic::async_trait]
impl CohortService for Handler {
    async fn run_cohort(&self, request: Request<v1::RunCohortRequest>) -> Answer<v1::RunCohortResponse> {
        let caller = auth::caller(&request)?;
        let cohort = self.run(caller, request.into_inner()).await?;
        let cohort = Some(form::cohort(&cohort));
        Ok(Response::new(v1::RunCohortResponse { cohort }))
    }

    async fn get_cohort(&self, request: Request<v1::GetCohortRequest>) -> Answer<v1::GetCohortResponse> {
        let owner = Owner::from(&auth::caller(&request)?);
        let cohort = self.of(&owner, &request.get_ref().cohort).await?;
        let cohort = Some(form::cohort(&cohort));
        Ok(Response::new(v1::GetCohortResponse { cohort }))
    }

    async fn list_cohorts(&self, request: Request<v1::ListCohortsRequest>) -> Answer<v1::ListCohortsResponse> {
        let owner = Owner::from(&auth::caller(&request)?);
        let message = request.into_inner();
        let count = page::size(message.page_size)?;
        let after = page::read(&message.page_token)?;
        // One more shows whether there is a next page.
        let found = self.0.store.cohorts(&owner, after, count + 1).await;
        let mut cohorts = found.map_err(Refusal::from)?;
        let more = cohorts.len() > count as usize;
        cohorts.truncate(count as usize);
        let last = cohorts.last().filter(|_| more);
        let next_page_token = last.map(|cohort| {
            page::write(After {
                submitted: cohort.submitted,
                id: cohort.id.key(),
            })
        });
        Ok(Response::new(v1::ListCohortsResponse {
            cohorts: cohorts.iter().map(form::cohort).collect(),
            next_page_token: next_page_token.unwrap_or_default(),
        }))
    }

    type WatchCohortStream = Told<v1::WatchCohortResponse>;

    async fn watch_cohort(&self, request: Request<v1::WatchCohortRequest>) -> Answer<Self::WatchCohortStream> {
        let owner = Owner::from(&auth::caller(&request)?);
        let id = self.of(&owner, &request.get_ref().cohort).await?.id;
        Ok(Response::new(Box::pin(followed(Arc::clone(&self.0), owner, id))))
    }

    async fn cancel_cohort(&self, request: Request<v1::CancelCohortRequest>) -> Answer<v1::CancelCohortResponse> {
        let owner = Owner::from(&auth::caller(&request)?);
        let id = self.of(&owner, &request.get_ref().cohort).await?.id;
        let ended = self.0.store.cancel_cohort(&owner, &id).await;
        self.0.hub.changed(&id.key());
        let cohort = ended.map_err(Refusal::from)?.as_ref().map(form::cohort);
        Ok(Response::new(v1::CancelCohortResponse { cohort }))
    }

    type FetchCohortStream = Told<v1::FetchCohortResponse>;

    async fn fetch_cohort(&self, request: Request<v1::FetchCohortRequest>) -> Answer<Self::FetchCohortStream> {
        let owner = Owner::from(&auth::caller(&request)?);
        let cohort = self.of(&owner, &request.get_ref().cohort).await?;
        let parts = self.fetched(&owner, &cohort).await?;
        let parts = parts
            .into_iter()
            .map(|part| Ok(v1::FetchCohortResponse { part: Some(part) }));
        Ok(Response::new(Box::pin(tokio_stream::iter(parts))))
    }
}

// How a cohort stands, and after each change that the caller may know of, to its end.
fn followed(
    disclosures: Arc<Disclosures>,
    owner: Owner,
    id: CohortId,
) -> impl Stream<Item = Result<v1::WatchCohortResponse, Status>> + Send {
    let changes = disclosures.hub.follow(id.key());
    let start = (disclosures, owner, changes, None::<v1::Cohort>, false);
    futures::stream::unfold(
        start,
        move |(disclosures, owner, mut changes, mut told, ended)| async move {
            if ended {
                return None;
            }
            loop {
                changes.borrow_and_update();
                let cohort = match disclosures.store.cohort(&owner, &id).await {
                    Ok(Some(cohort)) => Ok(cohort),
                    Ok(None) => Err(none()),
                    Err(error) => Err(Refusal::from(error)),
                };
                let cohort = match cohort {
                    Ok(cohort) => cohort,
                    Err(refusal) => return Some((Err(refusal.into()), (disclosures, owner, changes, told, true))),
                };
                let form = form::cohort(&cohort);
                let ended = cohort.state != CohortState::Running;
                if told.as_ref() != Some(&form) {
                    told = Some(form.clone());
                    let response = v1::WatchCohortResponse { cohort: Some(form) };
                    return Some((Ok(response), (disclosures, owner, changes, told, ended)));
                }
                // Whoever tells no longer lives where this fails: the store is looked at all the same.
                let _ = tokio::time::timeout(LOOK, changes.changed()).await;
            }
        },
    )
}
