//! `DisclosureService`.

pub(crate) mod form;
pub(crate) mod page;

use crate::about::{About, Grant};
use crate::auth;
use crate::caller::Caller;
use crate::error::Refusal;
use crate::guard::{Guard, Withheld};
use crate::job::{Instant, Job, JobId, State};
use crate::payload;
use crate::ring::{NoKey, Ring};
use crate::seal::WorkKey;
use crate::store::{After, Bounds, Denied, Full, NewJob, Once, Owner, Released, Store, StoreError, Submitted, Urgency};
use crate::times::Times;
use crate::watch::{At, Hub};
use crate::work::{self, Wake};
use medproof_audit::PseudonymKey;
use medproof_messages::terms::Ledger;
use medproof_messages::{ConsentMessage, KeyId, Presentation, SignedRequest, VerifiedRequest};
use medproof_proto::v1;
use medproof_proto::v1::disclosure_service_server::DisclosureService;
use medproof_records::issuer::CarriedRecord;
use medproof_records::registry::Anchor;
use medproof_statement::field;
use sha2::{Digest, Sha256};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio_stream::Stream;
use tonic::{Code, Request, Response, Status};

/// Records that are proved of.
pub trait Records: Send + Sync {
    /// A record of this tenant's under its anchored root; none where it cannot be proved of, whatever the
    /// reason.
    ///
    /// # Errors
    /// Where records cannot be read.
    fn carried(&self, tenant: &str, record: &str) -> Result<Option<Named>, Refusal>;

    /// The root that this tenant's records are under; none where there is none yet.
    fn anchored(&self, tenant: &str) -> Option<Anchor>;
}

/// A record, and what it is called however a caller called it.
pub struct Named {
    /// `record:…`.
    pub name: String,
    /// What is proved of.
    pub record: CarriedRecord,
}

/// Whom a request is about.
pub(crate) struct Member {
    /// Of the job that it becomes.
    pub(crate) id: JobId,
    /// What is kept beside it.
    pub(crate) about: About,
    /// The record; none where it cannot be proved of.
    pub(crate) named: Option<Named>,
}

/// What the service answers from.
pub struct Disclosures {
    /// Where jobs are.
    pub store: Store,
    /// What payloads are sealed to.
    pub key: WorkKey,
    /// What is proved of.
    pub records: Arc<dyn Records>,
    /// The keys that workers have.
    pub keys: Arc<Ring>,
    /// The ledger that roots are on.
    pub ledger: Ledger,
    /// What it says.
    pub guard: Guard,
    /// Wakes workers of this process.
    pub wake: Wake,
    /// Who follows jobs.
    pub hub: Arc<Hub>,
    /// How long answers take.
    pub times: Arc<Times>,
    /// What patients are called in the log.
    pub pseudonyms: Arc<PseudonymKey>,
    /// How much may be asked for.
    pub bounds: Bounds,
    /// What is about to be submitted.
    pub arrivals: Arrivals,
}

/// Work that was let in and is not in the store yet, in proofs: who comes while it is looked at is refused for it at once,
/// not after a place in the row of those that write.
#[derive(Debug, Default)]
pub struct Arrivals(AtomicU64);

// So much of it, until dropped.
struct Arriving<'a> {
    arrivals: &'a Arrivals,
    work: u64,
}

impl Arrivals {
    // With this work; and how much was before it.
    fn with(&self, work: u64) -> (Arriving<'_>, u64) {
        let before = self.0.fetch_add(work, Ordering::Relaxed);
        (Arriving { arrivals: self, work }, before)
    }
}

impl Drop for Arriving<'_> {
    fn drop(&mut self) {
        self.arrivals.0.fetch_sub(self.work, Ordering::Relaxed);
    }
}

// Of a batch.
const MOST_AT_ONCE: usize = 1000;
// Who follows a job looks at it, told or not.
const LOOK: Duration = Duration::from_secs(30);
// How often is told what a job is busy with.
const PACE: Duration = Duration::from_millis(200);

/// Answers calls.
#[derive(Clone)]
pub struct Handler(pub Arc<Disclosures>);

impl std::ops::Deref for Handler {
    type Target = Disclosures;

    fn deref(&self) -> &Disclosures {
        &self.0
    }
}

// On a thread that may be kept busy.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> Result<T, Refusal> + Send + 'static) -> Result<T, Refusal> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| {
        let help = "an operator looks at the log";
        Err(Refusal::new(
            Code::Internal,
            "service.defect",
            "the service could not do it",
            help,
        ))
    })
}

// Why nothing is proved under the key that a request names, and what to do.
fn no_key_words(no_key: NoKey, asked: &KeyId, active: &[KeyId]) -> (String, &'static str) {
    let has = match active {
        [] => "no key of this tier for new requests".to_owned(),
        keys => keys.iter().map(KeyId::to_string).collect::<Vec<_>>().join(", "),
    };
    let state = match no_key {
        NoKey::Unknown => "which is not here",
        NoKey::Retired => "which took no new requests any more when it was made",
        NoKey::Revoked => "which was revoked",
    };
    let message = format!("the request asks for key {asked}, {state}; this prover has {has}");
    let help = match active {
        [] => "ask the audience for a request of another tier",
        _ => "ask the audience for a request that names such a key",
    };
    (message, help)
}

type Answer<T> = Result<Response<T>, Status>;

impl Disclosures {
    // What a disclosure becomes: nothing of it is in the job but sealed. Signatures and records take the time of a core: not of
    // those that answer others' calls. Request and record do not wait for each other.
    async fn job(self: &Arc<Self>, caller: &Caller, disclosure: v1::Disclosure) -> Result<NewJob, Refusal> {
        let v1::Disclosure {
            request,
            record,
            consent,
        } = disclosure;
        let (service, bytes) = (Arc::clone(self), request.clone());
        let verified = aside(move || service.request(&bytes));
        let (service, tenant, name) = (Arc::clone(self), caller.tenant.clone(), record.clone());
        let named = aside(move || service.records.carried(&tenant, &name));
        let (verified, named) = tokio::join!(verified, named);
        let (verified, named) = (verified?, named?);
        let (service, tenant) = (Arc::clone(self), caller.tenant.clone());
        aside(move || {
            let member = service.member(&tenant, &verified, &record, named, &consent)?;
            let record = member.named.as_ref().map(|named| &named.record);
            let payload = payload::encode(&request, &consent, record);
            Ok(NewJob {
                id: member.id,
                about: member.about,
                tier: verified.body().tier,
                payload: service.sealed(&member.id, &payload)?,
            })
        })
        .await
    }

    /// Whom a request is about, by whose leave: all that guards askers and consents has to know.
    pub(crate) fn member(
        &self,
        tenant: &str,
        request: &VerifiedRequest,
        record: &str,
        named: Option<Named>,
        consent: &[u8],
    ) -> Result<Member, Refusal> {
        let consent = ConsentMessage::from_json(consent).map_err(|error| {
            Refusal::invalid(error.code(), &error, "send the consent as the holder's wallet wrote it").at("consent")
        })?;
        let id = JobId::random().map_err(|error| Refusal::new(Code::Internal, "random", error, "try again"))?;
        let name = named.as_ref().map_or(record, |named| &named.name);
        let pseudonym = self.pseudonyms.pseudonym(tenant, name).0.0;
        let grant = named
            .as_ref()
            .and_then(|named| granted(request, &consent, &named.record));
        let about = About::of(request, pseudonym, grant);
        Ok(Member { id, about, named })
    }

    /// Sealed to the workers, for this job.
    pub(crate) fn sealed(&self, id: &JobId, bytes: &[u8]) -> Result<Vec<u8>, Refusal> {
        let sealed = self.key.seal(id, bytes);
        sealed.map_err(|error| Refusal::new(Code::Internal, "seal", error, "try again"))
    }

    /// A request that this prover can answer.
    pub(crate) fn request(&self, bytes: &[u8]) -> Result<VerifiedRequest, Refusal> {
        let request = SignedRequest::from_json(bytes)
            .and_then(SignedRequest::verify)
            .map_err(|error| {
                Refusal::invalid(error.code(), &error, "send the request as its audience signed it").at("request")
            })?;
        let body = request.body();
        let unmet =
            |code, message: String, help| Refusal::new(Code::FailedPrecondition, code, message, help).at("request");
        if Instant::now().seconds() >= body.expires_at.seconds() {
            let message = format!(
                "the request expired at {} seconds since 1970",
                body.expires_at.seconds()
            );
            return Err(unmet("request.expired", message, "ask the audience for a new one"));
        }
        if body.ledger != self.ledger {
            let message = "the request names another ledger than this prover's roots are on".to_owned();
            return Err(unmet(
                "ledger.other",
                message,
                "ask the audience for a request on this ledger",
            ));
        }
        match self.keys.engine(&body.key_id, body.requested_at.seconds()) {
            Ok(_) => Ok(request),
            Err(no_key) => {
                let active = self.keys.active(body.tier);
                let code = match no_key {
                    NoKey::Unknown if !active.is_empty() => "key.other",
                    no_key => no_key.code(),
                };
                let (message, help) = no_key_words(no_key, &body.key_id, &active);
                Err(unmet(code, message, help))
            }
        }
    }

    async fn jobs(self: &Arc<Self>, caller: &Caller, disclosures: Vec<v1::Disclosure>) -> Result<Vec<NewJob>, Refusal> {
        let many = disclosures.len() > 1;
        let mut jobs = Vec::with_capacity(disclosures.len());
        for (place, disclosure) in disclosures.into_iter().enumerate() {
            let job = self.job(caller, disclosure).await;
            jobs.push(job.map_err(|refusal| match many {
                true => refusal.at(format!("disclosures[{place}]")),
                false => refusal,
            })?);
        }
        Ok(jobs)
    }

    async fn submitted(
        self: &Arc<Self>,
        caller: &Caller,
        disclosures: Vec<v1::Disclosure>,
        key: &str,
        urgency: Urgency,
    ) -> Result<Vec<v1::Job>, Refusal> {
        if !caller.may_submit() {
            return Err(auth::role("call as an issuer or a holder"));
        }
        let once = once(key, &disclosures)?;
        let many = disclosures.len() > 1;
        let owner = Owner::from(caller);
        // Before anything is done for it, so that a refusal costs next to nothing. Of its work nothing is known yet but
        // that each takes some.
        let (known, least) = (once.as_ref().map(|once| once.key), disclosures.len() as u64);
        let (_arriving, before) = self.arrivals.with(if urgency == Urgency::Person { least } else { 0 });
        let busy = self.store.busy(&owner, known, least, before, urgency, &self.bounds);
        if let Some(full) = busy.await? {
            return Err(full.into());
        }
        let jobs = self.jobs(caller, disclosures).await?;
        let submitted = self.store.submit(&owner, &jobs, urgency, once.as_ref(), &self.bounds);
        let (jobs, new) = self
            .taken(caller, &jobs, submitted.await?, many.then_some("disclosures"))
            .await?;
        if new {
            jobs.iter().for_each(|_| self.wake.wake());
        }
        Ok(self.forms(&jobs))
    }

    /// What was taken, and whether it is new; or why nothing was, in the list of this name where there are many.
    pub(crate) async fn taken<T>(
        &self,
        caller: &Caller,
        jobs: &[NewJob],
        submitted: Submitted<T>,
        many: Option<&str>,
    ) -> Result<(T, bool), Refusal> {
        match submitted {
            Submitted::New(taken) => Ok((taken, true)),
            Submitted::Again(taken) => Ok((taken, false)),
            Submitted::OtherUnderKey => {
                let message = "something else was submitted under this idempotency key";
                let help = "choose a key for each submission, and use it again only for the same one";
                Err(Refusal::new(Code::AlreadyExists, "idempotency.other", message, help).at("idempotency_key"))
            }
            Submitted::Full(full) => Err(full.into()),
            Submitted::Denied { place, denied } => {
                if let Denied::Unusual(reason) = denied {
                    let audience = jobs.get(place).map_or("", |job| &job.about.audience);
                    self.store.suspend(&caller.tenant, audience, reason).await?;
                }
                let refusal = Refusal::from(denied).at("request");
                Err(match many {
                    Some(list) => refusal.at(format!("{list}[{place}]")),
                    None => refusal,
                })
            }
        }
    }

    async fn of(&self, caller: &Caller, name: &str) -> Result<Job, Refusal> {
        // A name that is none is one of no job.
        let Ok(id) = name.parse() else { return Err(none()) };
        self.store.job(&Owner::from(caller), &id).await?.ok_or_else(none)
    }

    // That the consent holds still, and the root counts.
    async fn require_released(&self, presentation: &[u8]) -> Result<(), Refusal> {
        let public = Presentation::from_bytes(presentation)
            .map_err(|_| StoreError::Row("a presentation"))?
            .public;
        let guard = self.guard.clone();
        let looked = tokio::task::spawn_blocking(move || guard.check(&public));
        looked
            .await
            .unwrap_or(Err(Withheld::Unavailable))
            .map_err(Refusal::from)
    }

    fn forms(&self, jobs: &[Job]) -> Vec<v1::Job> {
        jobs.iter().map(|job| form::job(job, None, &self.times)).collect()
    }
}

fn none() -> Refusal {
    Refusal::new(Code::NotFound, "job.none", "there is no such job", "see ListJobs")
}

fn require_made(job: &Job) -> Result<(), Refusal> {
    match job.state {
        State::Succeeded => Ok(()),
        State::Queued | State::Running => Err(Refusal::new(
            Code::FailedPrecondition,
            "job.unfinished",
            "the job has not ended",
            "follow it with WatchJob",
        )),
        State::Refused | State::Failed | State::Cancelled => Err(ended_without()),
    }
}

fn ended_without() -> Refusal {
    let message = "the job ended without a presentation";
    Refusal::new(Code::FailedPrecondition, "job.refused", message, "see the job")
}

// What the record's holder granted, where it is to this request.
fn granted(request: &VerifiedRequest, consent: &ConsentMessage, record: &CarriedRecord) -> Option<Grant> {
    let holder = record.holder();
    let signed = consent.verify(request, work::signer(request, holder)).ok()?;
    Some(Grant {
        handle: field::to_bytes(&holder.handle(consent.message())),
        not_before: signed.consent.not_before.seconds(),
        not_after: signed.consent.not_after.seconds(),
    })
}

impl From<Full> for Refusal {
    fn from(full: Full) -> Refusal {
        let message = format!("as much waits as may: work of {} proofs of tier XS", full.waiting);
        Refusal::new(Code::ResourceExhausted, "load.queue", message, "try again later").after(full.again)
    }
}

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Refusal {
        match denied {
            Denied::Suspended | Denied::Unusual(_) => Refusal::new(
                Code::PermissionDenied,
                "asker.suspended",
                "requests of this audience are not taken: it asked as it never had before",
                "an operator looks at it, and restores it",
            ),
            Denied::Questions => Refusal::new(
                Code::ResourceExhausted,
                "asker.questions",
                "this audience has put as many different questions about this holder as it may",
                "answers of one bit must not add up to a value: ask again when older questions are forgotten",
            ),
            Denied::Today => Refusal::new(
                Code::FailedPrecondition,
                "consent.today",
                "another request was taken on the same consent today",
                "submit the request that was, or wait until tomorrow",
            ),
        }
    }
}

// What is remembered of a submission.
fn once<'a>(key: &'a str, disclosures: &[v1::Disclosure]) -> Result<Option<Once<'a>>, Refusal> {
    let parts = disclosures.iter().flat_map(|disclosure| {
        [
            disclosure.record.as_bytes(),
            &disclosure.request[..],
            &disclosure.consent[..],
        ]
    });
    once_of(key, parts)
}

/// What is remembered of a submission of these parts under a key; nothing under an empty one.
pub(crate) fn once_of<'k, 'p>(
    key: &'k str,
    parts: impl Iterator<Item = &'p [u8]>,
) -> Result<Option<Once<'k>>, Refusal> {
    if key.is_empty() {
        return Ok(None);
    }
    if !(8..=128).contains(&key.len()) || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        let message = format!("expected 8 to 128 visible ASCII characters, found {} bytes", key.len());
        return Err(Refusal::invalid("idempotency.key", message, "use a random UUID").at("idempotency_key"));
    }
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    let digest = digest.finalize().into();
    Ok(Some(Once { key, digest }))
}

#[tonic::async_trait]
impl DisclosureService for Handler {
    async fn submit_disclosure(
        &self,
        request: Request<v1::SubmitDisclosureRequest>,
    ) -> Answer<v1::SubmitDisclosureResponse> {
        let caller = auth::caller(&request)?;
        let message = request.into_inner();
        let disclosure = message.disclosure.ok_or_else(|| missing("disclosure"))?;
        let jobs = self
            .0
            .submitted(&caller, vec![disclosure], &message.idempotency_key, Urgency::Person);
        let job = jobs.await?.into_iter().next();
        Ok(Response::new(v1::SubmitDisclosureResponse { job }))
    }

    async fn batch_submit_disclosures(
        &self,
        request: Request<v1::BatchSubmitDisclosuresRequest>,
    ) -> Answer<v1::BatchSubmitDisclosuresResponse> {
        let caller = auth::caller(&request)?;
        let message = request.into_inner();
        let count = message.disclosures.len();
        if !(1..=MOST_AT_ONCE).contains(&count) {
            let found = format!("expected 1 to {MOST_AT_ONCE} disclosures, found {count}");
            return Err(Refusal::invalid("batch.size", found, "submit in parts")
                .at("disclosures")
                .into());
        }
        let jobs = self
            .0
            .submitted(&caller, message.disclosures, &message.idempotency_key, Urgency::Batch);
        let jobs = jobs.await?;
        Ok(Response::new(v1::BatchSubmitDisclosuresResponse { jobs }))
    }

    async fn get_job(&self, request: Request<v1::GetJobRequest>) -> Answer<v1::GetJobResponse> {
        let job = self.of(&auth::caller(&request)?, &request.get_ref().job).await?;
        let job = Some(form::job(&job, None, &self.times));
        Ok(Response::new(v1::GetJobResponse { job }))
    }

    async fn list_jobs(&self, request: Request<v1::ListJobsRequest>) -> Answer<v1::ListJobsResponse> {
        let caller = auth::caller(&request)?;
        let message = request.into_inner();
        let count = page::size(message.page_size)?;
        let after = page::read(&message.page_token)?;
        let state = form::state_of(message.state)?;
        // One more shows whether there is a next page.
        let mut jobs = self
            .store
            .jobs(&Owner::from(&caller), state, after, count + 1)
            .await
            .map_err(Refusal::from)?;
        let more = jobs.len() > count as usize;
        jobs.truncate(count as usize);
        let last = jobs.last().filter(|_| more);
        let next_page_token = last.map(|job| {
            page::write(After {
                submitted: job.submitted,
                id: job.id,
            })
        });
        Ok(Response::new(v1::ListJobsResponse {
            jobs: self.forms(&jobs),
            next_page_token: next_page_token.unwrap_or_default(),
        }))
    }

    type WatchJobStream = Pin<Box<dyn Stream<Item = Result<v1::WatchJobResponse, Status>> + Send>>;

    async fn watch_job(&self, request: Request<v1::WatchJobRequest>) -> Answer<Self::WatchJobStream> {
        let caller = auth::caller(&request)?;
        let id = request.get_ref().job.parse().map_err(|_| none())?;
        let mut following = Following::of(Arc::clone(&self.0), Owner::from(&caller), id);
        // Before anything is streamed: of a job that is none the call fails.
        let turn = following.changes.borrow().turn;
        following.job(turn).await?;
        Ok(Response::new(Box::pin(following.stream())))
    }

    async fn cancel_job(&self, request: Request<v1::CancelJobRequest>) -> Answer<v1::CancelJobResponse> {
        let caller = auth::caller(&request)?;
        let id = self.of(&caller, &request.get_ref().job).await?.id;
        let job = self
            .store
            .cancel(&Owner::from(&caller), &id)
            .await
            .map_err(Refusal::from)?;
        self.hub.changed(&id);
        let job = job.map(|job| form::job(&job, None, &self.times));
        Ok(Response::new(v1::CancelJobResponse { job }))
    }

    async fn fetch_presentation(
        &self,
        request: Request<v1::FetchPresentationRequest>,
    ) -> Answer<v1::FetchPresentationResponse> {
        let caller = auth::caller(&request)?;
        let owner = Owner::from(&caller);
        let id = request.get_ref().job.parse().map_err(|_| none())?;
        let made = || async { self.store.made(&owner, &id).await.map_err(Refusal::from) };
        let made = match made().await? {
            Some(made) => made,
            None => {
                let job = self.store.job(&owner, &id).await.map_err(Refusal::from)?;
                require_made(&job.ok_or_else(none)?)?;
                // It ended in between, or its consent was revoked.
                made().await?.ok_or_else(ended_without)?
            }
        };
        self.require_released(&made).await?;
        match self.store.release(&owner, &id).await.map_err(Refusal::from)? {
            Released::Presentation(presentation) => Ok(Response::new(v1::FetchPresentationResponse { presentation })),
            Released::Nothing => Err(ended_without().into()),
            Released::Suspended => Err(Refusal::from(Denied::Suspended).into()),
        }
    }
}

fn missing(field: &str) -> Refusal {
    Refusal::invalid("field.missing", "expected a value, found none", "give one").at(field)
}

// Who follows a job: told how it stands, and after each change, to its end. What changed twice before the caller read it is told
// once.
struct Following {
    disclosures: Arc<Disclosures>,
    owner: Owner,
    id: JobId,
    changes: watch::Receiver<At>,
    // As it was in the store at this turn.
    known: Option<(u64, Job)>,
    told: Option<Told>,
    has_ended: bool,
}

struct Told {
    job: v1::Job,
    turn: u64,
    at: std::time::Instant,
}

impl Following {
    fn of(disclosures: Arc<Disclosures>, owner: Owner, id: JobId) -> Following {
        Following {
            changes: disclosures.hub.follow(id),
            disclosures,
            owner,
            id,
            known: None,
            told: None,
            has_ended: false,
        }
    }

    fn stream(self) -> impl Stream<Item = Result<v1::WatchJobResponse, Status>> + Send {
        futures::stream::unfold(self, |mut following| async move {
            if following.has_ended {
                return None;
            }
            let told = following.next().await;
            following.has_ended |= told.is_err();
            let response = told.map(|job| v1::WatchJobResponse { job: Some(job) });
            Some((response.map_err(Status::from), following))
        })
    }

    // What is to be told next.
    async fn next(&mut self) -> Result<v1::Job, Refusal> {
        loop {
            let at = self.settled().await;
            let job = self.job(at.turn).await?;
            let form = form::job(&job, at.stage, &self.disclosures.times);
            self.has_ended = job.state.has_ended();
            if self.has_ended || !form::says_the_same(self.told.as_ref().map(|told| &told.job), &form) {
                self.told = Some(Told {
                    job: form.clone(),
                    turn: at.turn,
                    at: std::time::Instant::now(),
                });
                return Ok(form);
            }
            // Whoever tells no longer lives where this fails: the store is looked at all the same.
            if !matches!(tokio::time::timeout(LOOK, self.changes.changed()).await, Ok(Ok(()))) {
                self.known = None;
            }
        }
    }

    // Where it is. What it is busy with is not told again and again, on cores that prove; what happens to it is, at once.
    async fn settled(&mut self) -> At {
        loop {
            let at = *self.changes.borrow_and_update();
            let told = self.told.as_ref().filter(|told| told.turn == at.turn);
            let rest = told.map_or(Duration::ZERO, |told| PACE.saturating_sub(told.at.elapsed()));
            if rest.is_zero() || !matches!(tokio::time::timeout(rest, self.changes.changed()).await, Ok(Ok(()))) {
                return at;
            }
        }
    }

    // From the store, where anything happened to it there: what it is busy with is not among that.
    async fn job(&mut self, turn: u64) -> Result<Job, Refusal> {
        if let Some((of, job)) = &self.known
            && *of == turn
        {
            return Ok(job.clone());
        }
        let job = self
            .disclosures
            .store
            .job(&self.owner, &self.id)
            .await?
            .ok_or_else(none)?;
        self.known = Some((turn, job.clone()));
        Ok(job)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_arriving_counts_until_it_has_arrived() {
        let arrivals = Arrivals::default();
        let (first, before) = arrivals.with(3);
        assert_eq!(before, 0);
        let (second, before) = arrivals.with(1);
        assert_eq!(before, 3);
        drop(first);
        let (_, before) = arrivals.with(0);
        assert_eq!(before, 1);
        drop(second);
        assert_eq!(arrivals.with(0).1, 0);
    }
}
