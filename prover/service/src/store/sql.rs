//! The store's statements, once for both databases.

use super::askers::{Denied, Unusual};
use super::cohorts::Whom;
use super::log::Listing;
use super::{
    ATTEMPTS, After, Bounds, Ending, Given, NewJob, Once, Owner, QUEUE, REMEMBERED, Released, Standing, StoreError,
    Submitted, Urgency,
};
use crate::about::{self, About, Handle, work};
use crate::events::{Addressee, Kind, NewEvent};
use crate::job::{CohortId, Instant, Job, JobId, State};
use apalis_core::task::Task;
use apalis_core::task::builder::TaskBuilder;
use apalis_core::task::task_id::TaskId;
use medproof_audit::{Asked, Consented, Event as AuditEvent, Failure, Pseudonym};
use medproof_messages::Did;
use medproof_messages::encoding::Hex;
use medproof_statement::request::Purpose;
use medproof_statement::tier::Tier;
use sqlx::Row;
use std::str::FromStr;
use ulid::Ulid;

const JOB: &str = "id, tier, state, submitted, begun, ended, attempts, error";
// Parameters 1 to 3 are an owner's.
pub(super) const OWNED: &str = "tenant = $1 AND (caller = $2 OR (audience = $3 AND audience <> ''))";
// Jobs of a cohort are nobody's by themselves.
const ALONE: &str = "cohort IS NULL";

// The job library takes the earliest of those that are due first: a turn is far in the past.
pub(super) fn task(id: &JobId, urgency: Urgency, turn: u64) -> Result<Task<Vec<u8>>, StoreError> {
    let args = serde_json::to_vec(&id.to_string()).map_err(|e| StoreError::Queue(e.to_string()))?;
    // Once more than we begin it, so that we say how it ended.
    Ok(TaskBuilder::new(args)
        .task_id(TaskId::from_ulid(Ulid::from_bytes(*id.bytes())))
        .priority(urgency as usize)
        .run_at_timestamp(turn)
        .max_attempts(ATTEMPTS as usize + 1)
        .build())
}

fn placed(job: &NewJob, submitted: Instant) -> Job {
    Job {
        id: job.id,
        tier: job.tier,
        state: State::Queued,
        submitted,
        begun: None,
        ended: None,
        attempts: 0,
        error: None,
    }
}

pub(super) fn tier(number: i64) -> Option<Tier> {
    Tier::ALL.into_iter().find(|tier| *tier as i64 == number)
}

// What is logged of a job.
const TOLD: &str = "id, tenant, audience, purpose, claim, request, pseudonym";

pub(super) fn did(text: &str) -> Result<Did, StoreError> {
    Did::parse(text).map_err(|_| StoreError::Row("an audience that is no DID"))
}

pub(super) fn handle(bytes: &[u8]) -> Result<Handle, StoreError> {
    bytes.try_into().map_err(|_| StoreError::Row("a digest"))
}

fn asked(about: &About) -> Result<Asked, StoreError> {
    Ok(Asked {
        audience: did(&about.audience)?,
        purpose: about.purpose,
        claim: Hex(about.claim),
        request: Hex(about.request),
        patient: Pseudonym(Hex(about.pseudonym)),
    })
}

fn granted(about: &About) -> Result<Option<AuditEvent>, StoreError> {
    let Some(grant) = &about.grant else { return Ok(None) };
    Ok(Some(AuditEvent::ConsentGranted(Consented {
        audience: did(&about.audience)?,
        purpose: about.purpose,
        consent: Hex(grant.handle),
        patient: Pseudonym(Hex(about.pseudonym)),
    })))
}

macro_rules! statements {
    ($name:ident, $database:ty, $begin:literal, $migrations:literal, $queue:path, $taken:literal, $push:expr) => {
        pub(super) mod $name {
            use super::*;
            use crate::store::askers::$name as askers;
            use crate::store::cohorts::$name as cohorts;
            use crate::store::consents::$name as consents;
            use crate::store::events::$name as events;
            use crate::store::load::$name as load;
            use crate::store::log::$name as log;
            use crate::store::share::$name as share;

            type Database = $database;
            type Pool = sqlx::Pool<Database>;
            type Connection = <Database as sqlx::Database>::Connection;

            pub(in crate::store) async fn migrate(pool: &Pool) -> Result<(), StoreError> {
                // Both have their own tables, and neither minds the other's.
                let mut ours = sqlx::migrate!($migrations);
                let mut queues = $queue();
                ours.set_ignore_missing(true);
                queues.set_ignore_missing(true);
                queues.run(pool).await?;
                ours.run(pool).await?;
                let known = ours.iter().chain(queues.iter()).map(|step| step.version).max();
                let found: Option<i64> = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations")
                    .fetch_one(pool)
                    .await?;
                if found > known { Err(StoreError::Newer) } else { Ok(()) }
            }

            pub(in crate::store) async fn submit(
                pool: &Pool,
                owner: &Owner,
                jobs: &[NewJob],
                urgency: Urgency,
                once: Option<&Once<'_>>,
                bounds: &Bounds,
            ) -> Result<Submitted, StoreError> {
                let now = Instant::now();
                let mut transaction = pool.begin_with($begin).await?;
                let names: Vec<String> = jobs.iter().map(|job| job.id.to_string()).collect();
                if let Some(once) = once
                    && !remember(&mut transaction, owner, once, &names.join(","), now).await?
                {
                    transaction.rollback().await?;
                    return again(pool, owner, once).await;
                }
                let more = jobs.iter().map(|job| work(job.tier)).sum();
                if let Some(full) = load::full(&mut transaction, owner, more, urgency, bounds, now).await? {
                    transaction.rollback().await?;
                    return Ok(Submitted::Full(full));
                }
                // First of what is the tenant's: submissions of one tenant wait here, and nowhere for each other.
                let mut turns = Vec::with_capacity(jobs.len());
                for job in jobs {
                    turns.push(share::turn(&mut transaction, &owner.tenant, work(job.tier)).await?);
                }
                let lines = match admit(&mut transaction, owner, jobs, bounds, Listing::Audience, now).await? {
                    Ok(lines) => lines,
                    Err((place, denied)) => {
                        transaction.rollback().await?;
                        return Ok(Submitted::Denied { place, denied });
                    }
                };
                let mut tasks = Vec::with_capacity(jobs.len());
                for (job, turn) in jobs.iter().zip(turns) {
                    place_job(&mut transaction, owner, job, urgency, turn, now).await?;
                    tasks.push(task(&job.id, urgency, turn)?);
                }
                events::submitted(&mut transaction, owner, jobs).await?;
                push(&mut transaction, tasks).await?;
                log::append(&mut transaction, &owner.tenant, Listing::Audience, lines, now).await?;
                transaction.commit().await?;
                Ok(Submitted::New(jobs.iter().map(|job| placed(job, now)).collect()))
            }

            /// Whether nothing was submitted under the key before; then it is remembered as what these names are of.
            pub(in crate::store) async fn remember(
                connection: &mut Connection,
                owner: &Owner,
                once: &Once<'_>,
                names: &str,
                now: Instant,
            ) -> Result<bool, StoreError> {
                // First written, then read: of two at a time one waits for the other.
                let written = sqlx::query(
                    "INSERT INTO idempotency (tenant, caller, key, digest, jobs, made) VALUES ($1, $2, $3, $4, $5, $6) \
                     ON CONFLICT (tenant, caller, key) DO UPDATE \
                     SET digest = excluded.digest, jobs = excluded.jobs, made = excluded.made WHERE idempotency.made < $7",
                )
                .bind(&owner.tenant)
                .bind(&owner.caller)
                .bind(once.key)
                .bind(&once.digest[..])
                .bind(names)
                .bind(now.0)
                .bind(now.before(REMEMBERED).0)
                .execute(connection)
                .await?;
                Ok(written.rows_affected() == 1)
            }

            /// The names that are remembered under a key; none where they are of something else.
            pub(in crate::store) async fn remembered(
                pool: &Pool,
                owner: &Owner,
                once: &Once<'_>,
            ) -> Result<Option<String>, StoreError> {
                let row = sqlx::query("SELECT digest, jobs FROM idempotency WHERE tenant = $1 AND caller = $2 AND key = $3")
                    .bind(&owner.tenant)
                    .bind(&owner.caller)
                    .bind(once.key)
                    .fetch_one(pool)
                    .await?;
                let digest: Vec<u8> = row.try_get(0)?;
                Ok((digest == once.digest).then_some(row.try_get(1)?))
            }

            /// What guards askers, and consents, of all: the lines to be logged, or the first that is denied. To be
            /// undone then.
            pub(in crate::store) async fn admit(
                connection: &mut Connection,
                owner: &Owner,
                jobs: &[NewJob],
                bounds: &Bounds,
                listing: Listing,
                now: Instant,
            ) -> Result<Result<Vec<AuditEvent>, (usize, Denied)>, StoreError> {
                let mut lines = Vec::with_capacity(2 * jobs.len());
                for (place, job) in jobs.iter().enumerate() {
                    let about = &job.about;
                    let denied = askers::admit(connection, &owner.tenant, about, &bounds.askers, now).await?;
                    if let Some(denied) = denied {
                        return Ok(Err((place, denied)));
                    }
                    if consents::note(connection, owner, about, listing, now).await? {
                        lines.extend(granted(about)?);
                    }
                    lines.push(AuditEvent::DisclosureRequested(asked(about)?));
                }
                Ok(Ok(lines))
            }

            /// Puts tasks into the queue.
            pub(in crate::store) async fn push(
                connection: &mut Connection,
                tasks: Vec<Task<Vec<u8>>>,
            ) -> Result<(), StoreError> {
                $push(&mut *connection, tasks).await.map_err(|e| StoreError::Queue(e.to_string()))
            }

            async fn place_job(
                connection: &mut Connection,
                owner: &Owner,
                job: &NewJob,
                urgency: Urgency,
                turn: u64,
                now: Instant,
            ) -> Result<(), StoreError> {
                let about = &job.about;
                sqlx::query(
                    "INSERT INTO disclosures (id, tenant, caller, audience, tier, state, submitted, payload, purpose, \
                     claim, request, pseudonym, consent, work, turn, urgency) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
                )
                .bind(job.id.to_string())
                .bind(&owner.tenant)
                .bind(&owner.caller)
                .bind(&about.audience)
                .bind(job.tier as i64)
                .bind(State::Queued as i64)
                .bind(now.0)
                .bind(&job.payload)
                .bind(about.purpose.code())
                .bind(&about.claim[..])
                .bind(&about.request[..])
                .bind(&about.pseudonym[..])
                .bind(about.grant.as_ref().map(|grant| &grant.handle[..]))
                .bind(i64::try_from(work(job.tier)).unwrap_or(i64::MAX))
                .bind(i64::try_from(turn).unwrap_or(i64::MAX))
                .bind(urgency as i64)
                .execute(connection)
                .await?;
                Ok(())
            }

            async fn again(pool: &Pool, owner: &Owner, once: &Once<'_>) -> Result<Submitted, StoreError> {
                let Some(names) = remembered(pool, owner, once).await? else {
                    return Ok(Submitted::OtherUnderKey);
                };
                let mut jobs = Vec::new();
                for name in names.split(',') {
                    let id = JobId::from_str(name).map_err(|_| StoreError::Row("a job's name"))?;
                    jobs.push(job(pool, owner, &id).await?.ok_or(StoreError::Row("a job that is not there"))?);
                }
                Ok(Submitted::Again(jobs))
            }

            pub(in crate::store) async fn job(pool: &Pool, owner: &Owner, id: &JobId) -> Result<Option<Job>, StoreError> {
                let statement = format!("SELECT {JOB} FROM disclosures WHERE {ALONE} AND {OWNED} AND id = $4");
                let row = sqlx::query(sqlx::AssertSqlSafe(statement))
                    .bind(&owner.tenant)
                    .bind(&owner.caller)
                    .bind(&owner.audience)
                    .bind(id.to_string())
                    .fetch_optional(pool)
                    .await?;
                row.map(|row| read(&row)).transpose()
            }

            pub(in crate::store) async fn jobs(
                pool: &Pool,
                owner: &Owner,
                state: Option<State>,
                after: Option<After>,
                count: u32,
            ) -> Result<Vec<Job>, StoreError> {
                let statement = format!(
                    "SELECT {JOB} FROM disclosures WHERE {ALONE} AND {OWNED} AND ($4 = 0 OR state = $4) \
                     AND (submitted < $5 OR (submitted = $5 AND id < $6)) ORDER BY submitted DESC, id DESC LIMIT $7"
                );
                let rows = sqlx::query(sqlx::AssertSqlSafe(statement))
                    .bind(&owner.tenant)
                    .bind(&owner.caller)
                    .bind(&owner.audience)
                    .bind(state.map_or(0, |state| state as i64))
                    .bind(after.map_or(i64::MAX, |after| after.submitted.0))
                    .bind(after.map_or(String::new(), |after| after.id.to_string()))
                    .bind(i64::from(count))
                    .fetch_all(pool)
                    .await?;
                rows.iter().map(read).collect()
            }

            pub(in crate::store) async fn release(pool: &Pool, owner: &Owner, id: &JobId) -> Result<Released, StoreError> {
                let now = Instant::now();
                let mut transaction = pool.begin_with($begin).await?;
                // Written, not only read: a revocation comes before this or after it.
                let statement = format!(
                    "UPDATE disclosures SET released = COALESCE(released, $6) WHERE {ALONE} AND {OWNED} AND id = $4 AND state = $5 \
                     RETURNING presentation, consent, audience, released, purpose, claim, request, pseudonym"
                );
                let row = sqlx::query(sqlx::AssertSqlSafe(statement))
                    .bind(&owner.tenant)
                    .bind(&owner.caller)
                    .bind(&owner.audience)
                    .bind(id.to_string())
                    .bind(State::Succeeded as i64)
                    .bind(now.0)
                    .fetch_optional(&mut *transaction)
                    .await?;
                let Some(row) = row else { return Ok(Released::Nothing) };
                let (presentation, consent): (Option<Vec<u8>>, Option<Vec<u8>>) = (row.try_get(0)?, row.try_get(1)?);
                let audience: String = row.try_get(2)?;
                let (Some(presentation), Some(consent)) = (presentation, consent) else {
                    return Ok(Released::Nothing);
                };
                if askers::suspended(&mut transaction, &owner.tenant, &audience, now).await? {
                    return Ok(Released::Suspended);
                }
                // Who submitted hears of what its sponsor was given, whatever becomes of the answer.
                if !owner.audience.is_empty() {
                    events::released(&mut transaction, id).await?;
                }
                // The first time is told; each time waits for the log, so that it is before a revocation or after it.
                let first = row.try_get::<i64, _>("released")? == now.0;
                let line = match asked_of(&row)? {
                    Some(asked) if first => Some(AuditEvent::DisclosureReleased(asked, Hex(handle(&consent)?))),
                    _ => None,
                };
                log::append(&mut transaction, &owner.tenant, Listing::Audience, line, now).await?;
                if consents::is_revoked(&mut transaction, &consent).await? {
                    return Ok(Released::Nothing);
                }
                transaction.commit().await?;
                Ok(Released::Presentation(presentation))
            }

            pub(in crate::store) async fn made(pool: &Pool, owner: &Owner, id: &JobId) -> Result<Option<Vec<u8>>, StoreError> {
                let statement = format!("SELECT presentation FROM disclosures WHERE {ALONE} AND {OWNED} AND id = $4 AND state = $5");
                let presentation: Option<Option<Vec<u8>>> = sqlx::query_scalar(sqlx::AssertSqlSafe(statement))
                    .bind(&owner.tenant)
                    .bind(&owner.caller)
                    .bind(&owner.audience)
                    .bind(id.to_string())
                    .bind(State::Succeeded as i64)
                    .fetch_optional(pool)
                    .await?;
                Ok(presentation.flatten())
            }

            pub(in crate::store) async fn cancel(pool: &Pool, owner: &Owner, id: &JobId) -> Result<Option<Job>, StoreError> {
                if job(pool, owner, id).await?.is_some() {
                    end(pool, id, &Ending::Cancelled).await?;
                }
                job(pool, owner, id).await
            }

            pub(in crate::store) async fn given(pool: &Pool, id: &JobId) -> Result<Option<Given>, StoreError> {
                let row = sqlx::query("SELECT tier, attempts, payload FROM disclosures WHERE id = $1 AND state IN (1, 2)")
                    .bind(id.to_string())
                    .fetch_optional(pool)
                    .await?;
                row.map(|row| {
                    let payload: Option<Vec<u8>> = row.try_get(2)?;
                    Ok(Given {
                        id: *id,
                        tier: tier(row.try_get(0)?).ok_or(StoreError::Row("a tier"))?,
                        attempts: u32::try_from(row.try_get::<i64, _>(1)?).unwrap_or(u32::MAX),
                        payload: payload.ok_or(StoreError::Row("a job without a payload"))?,
                    })
                })
                .transpose()
            }

            pub(in crate::store) async fn begin(pool: &Pool, id: &JobId) -> Result<Option<Job>, StoreError> {
                let statement = format!(
                    "UPDATE disclosures SET state = 2, begun = $2, attempts = attempts + 1 \
                     WHERE id = $1 AND state IN (1, 2) RETURNING {JOB}"
                );
                let row = sqlx::query(sqlx::AssertSqlSafe(statement))
                    .bind(id.to_string())
                    .bind(Instant::now().0)
                    .fetch_optional(pool)
                    .await?;
                if row.is_none() {
                    out(&mut *pool.acquire().await?, std::slice::from_ref(id)).await?;
                }
                row.as_ref().map(read).transpose()
            }

            // Out of the job library's queue, of which a job that has ended must be none: a worker's rows are given to
            // others when it is no more.
            async fn out(connection: &mut Connection, jobs: &[JobId]) -> Result<(), StoreError> {
                for job in jobs {
                    let name = TaskId::from_ulid(Ulid::from_bytes(*job.bytes())).to_string();
                    sqlx::query($taken).bind(name).execute(&mut *connection).await?;
                }
                Ok(())
            }

            pub(in crate::store) async fn end(pool: &Pool, id: &JobId, ending: &Ending) -> Result<bool, StoreError> {
                let now = Instant::now();
                let mut transaction = pool.begin_with($begin).await?;
                let cohort = cohorts::of_job(&mut transaction, id).await?;
                let ended = sqlx::query(
                    "UPDATE disclosures SET state = $2, ended = $3, error = $4, payload = NULL \
                     WHERE id = $1 AND state IN (1, 2) \
                     RETURNING tenant, audience, request, consent, purpose, claim, pseudonym",
                )
                .bind(id.to_string())
                .bind(ending.state() as i64)
                .bind(now.0)
                .bind(match ending {
                    Ending::Failed(code) => Some(*code),
                    _ => None,
                })
                .fetch_optional(&mut *transaction)
                .await?;
                let Some(row) = ended else { return Ok(false) };
                out(&mut transaction, std::slice::from_ref(id)).await?;
                let (tenant, audience): (String, String) = (row.try_get(0)?, row.try_get(1)?);
                let (request, consent): (Option<Vec<u8>>, Option<Vec<u8>>) = (row.try_get(2)?, row.try_get(3)?);
                // After the row is ours: who revokes waits for it, or was before it.
                let revoked = match &consent {
                    Some(consent) => consents::is_revoked(&mut transaction, consent).await?,
                    None => true,
                };
                if let Some(cohort) = cohort {
                    let presentation = match (ending, &consent) {
                        (Ending::Succeeded(presentation), Some(consent)) if !revoked => {
                            consents::used(&mut transaction, &tenant, consent, now).await?;
                            keep(&mut transaction, id, presentation).await?;
                            true
                        }
                        _ => false,
                    };
                    if !presentation && matches!(ending, Ending::Succeeded(_)) {
                        refuse(&mut transaction, id).await?;
                    }
                    cohorts::ended(&mut transaction, &cohort, ending, now).await?;
                    transaction.commit().await?;
                    return Ok(true);
                }
                let told = asked_of(&row)?;
                let withheld = matches!(ending, Ending::Succeeded(_)) && revoked;
                events::ended(&mut transaction, id, if withheld { &Ending::Refused } else { ending }).await?;
                let line = match (ending, &consent) {
                    (Ending::Succeeded(presentation), Some(consent)) if !revoked => {
                        keep(&mut transaction, id, presentation).await?;
                        consents::used(&mut transaction, &tenant, consent, now).await?;
                        None
                    }
                    (Ending::Succeeded(_) | Ending::Refused, _) => {
                        refuse(&mut transaction, id).await?;
                        askers::refused(&mut transaction, &tenant, &audience, now).await?;
                        told.map(AuditEvent::DisclosureRefused)
                    }
                    (Ending::Failed(_) | Ending::Cancelled, _) => {
                        if let (Some(consent), Some(request)) = (&consent, &request) {
                            askers::unanswered(&mut transaction, &tenant, consent, request).await?;
                        }
                        match ending {
                            Ending::Failed(code) => {
                                let failure = Failure::of_code(code).unwrap_or(Failure::Prover);
                                told.map(|asked| AuditEvent::DisclosureFailed(asked, failure))
                            }
                            _ => told.map(AuditEvent::DisclosureCancelled),
                        }
                    }
                };
                if line.is_some() {
                    log::append(&mut transaction, &tenant, Listing::Audience, line, now).await?;
                }
                transaction.commit().await?;
                Ok(true)
            }

            // What is logged of a job; nothing of one of before there was a log.
            pub(in crate::store) fn asked_of(row: &<Database as sqlx::Database>::Row) -> Result<Option<Asked>, StoreError> {
                let (audience, purpose): (String, String) = (row.try_get("audience")?, row.try_get("purpose")?);
                let bytes = |column| row.try_get::<Option<Vec<u8>>, _>(column);
                let (Some(claim), Some(request), Some(patient)) = (bytes("claim")?, bytes("request")?, bytes("pseudonym")?)
                else {
                    return Ok(None);
                };
                Ok(Some(Asked {
                    audience: did(&audience)?,
                    purpose: Purpose::from_code(&purpose).ok_or(StoreError::Row("a purpose"))?,
                    claim: Hex(handle(&claim)?),
                    request: Hex(handle(&request)?),
                    patient: Pseudonym(Hex(handle(&patient)?)),
                }))
            }

            // Lines of jobs that were ended, by these rows.
            fn cancelled(rows: &[<Database as sqlx::Database>::Row]) -> Result<Vec<AuditEvent>, StoreError> {
                let asked = rows.iter().filter_map(|row| asked_of(row).transpose());
                asked.map(|asked| Ok(AuditEvent::DisclosureCancelled(asked?))).collect()
            }

            fn ids(rows: &[<Database as sqlx::Database>::Row]) -> Result<Vec<JobId>, StoreError> {
                let id = |row: &<Database as sqlx::Database>::Row| {
                    JobId::from_str(row.try_get("id")?).map_err(|_| StoreError::Row("a job's name"))
                };
                rows.iter().map(id).collect()
            }

            async fn keep(connection: &mut Connection, id: &JobId, presentation: &[u8]) -> Result<(), StoreError> {
                sqlx::query("UPDATE disclosures SET presentation = $2 WHERE id = $1")
                    .bind(id.to_string())
                    .bind(presentation)
                    .execute(connection)
                    .await?;
                Ok(())
            }

            // However it would have ended, it is one of those that end without an answer.
            async fn refuse(connection: &mut Connection, id: &JobId) -> Result<(), StoreError> {
                sqlx::query("UPDATE disclosures SET state = $2 WHERE id = $1")
                    .bind(id.to_string())
                    .bind(State::Refused as i64)
                    .execute(connection)
                    .await?;
                Ok(())
            }

            pub(in crate::store) async fn revoke(
                pool: &Pool,
                consent: &Handle,
                secret: Option<&[u8; 32]>,
            ) -> Result<Vec<JobId>, StoreError> {
                let now = Instant::now();
                let mut transaction = pool.begin_with($begin).await?;
                let cohorts = cohorts::on_consent(&mut transaction, consent).await?;
                let first = consents::revoke(&mut transaction, consent, secret, now).await?;
                let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
                    "UPDATE disclosures SET state = 6, ended = $2, payload = NULL \
                     WHERE cohort IS NULL AND consent = $1 AND state IN (1, 2) RETURNING {TOLD}"
                )))
                .bind(&consent[..])
                .bind(now.0)
                .fetch_all(&mut *transaction)
                .await?;
                sqlx::query("UPDATE disclosures SET presentation = NULL WHERE consent = $1")
                    .bind(&consent[..])
                    .execute(&mut *transaction)
                    .await?;
                let ended = ids(&rows)?;
                out(&mut transaction, &ended).await?;
                for id in &ended {
                    events::ended(&mut transaction, id, &Ending::Cancelled).await?;
                }
                for (tenant, listing, consented) in consents::noted(&mut transaction, consent).await? {
                    if first {
                        let line = [AuditEvent::ConsentRevoked(consented)];
                        log::append(&mut transaction, &tenant, listing, line, now).await?;
                    }
                    let mut own = Vec::new();
                    for row in &rows {
                        if row.try_get::<String, _>("tenant")? == tenant {
                            own.extend(cancelled(std::slice::from_ref(row))?);
                        }
                    }
                    log::append(&mut transaction, &tenant, Listing::Audience, own, now).await?;
                }
                cohorts::take_out(&mut transaction, &cohorts, Whom::Consent(consent), now).await?;
                transaction.commit().await?;
                Ok(ended)
            }

            /// Logs consents whose time is over. How many there were.
            pub(in crate::store) async fn expire(pool: &Pool) -> Result<usize, StoreError> {
                let now = Instant::now();
                let mut transaction = pool.begin_with($begin).await?;
                let over = consents::expire(&mut transaction, now).await?;
                for (tenant, caller, listing, consented) in &over {
                    let event = NewEvent {
                        tenant: tenant.clone(),
                        to: Addressee::Caller(caller.clone()),
                        kind: Kind::ConsentExpired,
                        subject: hex::encode(consented.consent.0),
                        job: None,
                        request: None,
                    };
                    events::write(&mut transaction, &[event]).await?;
                    let line = [AuditEvent::ConsentExpired(*consented)];
                    log::append(&mut transaction, tenant, *listing, line, now).await?;
                }
                transaction.commit().await?;
                Ok(over.len())
            }

            pub(in crate::store) async fn end_about(
                pool: &Pool,
                tenant: &str,
                pseudonym: &about::Pseudonym,
                erased: bool,
            ) -> Result<(Vec<JobId>, u64), StoreError> {
                let mut transaction = pool.begin_with($begin).await?;
                let now = Instant::now();
                let cohorts = cohorts::about(&mut transaction, tenant, pseudonym).await?;
                let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
                    "UPDATE disclosures SET state = 6, ended = $3, payload = NULL \
                     WHERE cohort IS NULL AND tenant = $1 AND pseudonym = $2 AND state IN (1, 2) RETURNING {TOLD}"
                )))
                .bind(tenant)
                .bind(&pseudonym[..])
                .bind(now.0)
                .fetch_all(&mut *transaction)
                .await?;
                let noted = [
                    "UPDATE disclosures SET presentation = NULL WHERE tenant = $1 AND pseudonym = $2",
                    "UPDATE subjects SET root = NULL, handle = NULL, key_id = NULL WHERE job IN \
                     (SELECT id FROM disclosures WHERE tenant = $1 AND pseudonym = $2)",
                    "DELETE FROM consents WHERE tenant = $1 AND pseudonym = $2",
                    "DELETE FROM questions WHERE tenant = $1 AND pseudonym = $2",
                    "DELETE FROM asker_holders WHERE tenant = $1 AND pseudonym = $2",
                ];
                for statement in noted.into_iter().take(if erased { 5 } else { 1 }) {
                    sqlx::query(statement)
                        .bind(tenant)
                        .bind(&pseudonym[..])
                        .execute(&mut *transaction)
                        .await?;
                }
                let ended = ids(&rows)?;
                out(&mut transaction, &ended).await?;
                for id in &ended {
                    events::ended(&mut transaction, id, &Ending::Cancelled).await?;
                }
                cohorts::take_out(&mut transaction, &cohorts, Whom::Patient(pseudonym), now).await?;
                let mut lines = cancelled(&rows)?;
                if erased {
                    lines.push(AuditEvent::RecordErased(Pseudonym(Hex(*pseudonym))));
                }
                let place = log::append(&mut transaction, tenant, Listing::Audience, lines, now).await?;
                transaction.commit().await?;
                Ok((ended, place))
            }

            pub(in crate::store) async fn suspend(
                pool: &Pool,
                tenant: &str,
                audience: &str,
                reason: Unusual,
            ) -> Result<bool, StoreError> {
                let mut transaction = pool.begin_with($begin).await?;
                let now = Instant::now();
                let done = askers::suspend(&mut transaction, tenant, audience, reason, now).await?;
                if done {
                    let event = NewEvent {
                        tenant: tenant.to_owned(),
                        to: Addressee::Audience(audience.to_owned()),
                        kind: Kind::AskerSuspended,
                        subject: now.0.to_string(),
                        job: None,
                        request: None,
                    };
                    events::write(&mut transaction, &[event]).await?;
                    let line = [AuditEvent::AskerSuspended(did(audience)?)];
                    log::append(&mut transaction, tenant, Listing::Audience, line, now).await?;
                }
                transaction.commit().await?;
                Ok(done)
            }

            pub(in crate::store) async fn restore(pool: &Pool, tenant: &str, audience: &str) -> Result<bool, StoreError> {
                let mut transaction = pool.begin_with($begin).await?;
                let now = Instant::now();
                let done = askers::restore(&mut transaction, tenant, audience, now).await?;
                if done {
                    let line = [AuditEvent::AskerRestored(did(audience)?)];
                    log::append(&mut transaction, tenant, Listing::Audience, line, now).await?;
                }
                transaction.commit().await?;
                Ok(done)
            }

            pub(in crate::store) async fn state(pool: &Pool, id: &JobId) -> Result<Option<State>, StoreError> {
                let state: Option<i64> = sqlx::query_scalar("SELECT state FROM disclosures WHERE id = $1")
                    .bind(id.to_string())
                    .fetch_optional(pool)
                    .await?;
                state.map(|state| State::of(state).ok_or(StoreError::Row("a state"))).transpose()
            }

            pub(in crate::store) async fn recent(pool: &Pool, after: Instant) -> Result<Vec<Standing>, StoreError> {
                // A cohort as a job: what of it was checked, and has ended.
                let rows = sqlx::query(
                    "SELECT id, state, attempts FROM disclosures \
                     WHERE cohort IS NULL AND (state IN (1, 2) OR ended > $1) UNION ALL \
                     SELECT id, CAST(CASE state WHEN 1 THEN 2 ELSE 3 END AS BIGINT), checked + (SELECT COUNT(*) FROM disclosures d \
                     WHERE d.cohort = cohorts.id AND d.state > 2) FROM cohorts WHERE state = 1 OR ended > $1",
                )
                .bind(after.0)
                .fetch_all(pool)
                .await?;
                rows.iter()
                    .map(|row| {
                        let (name, attempts): (String, i64) = (row.try_get("id")?, row.try_get("attempts")?);
                        let cohort = CohortId::from_str(&name).map(|id| id.key()).ok();
                        let id = cohort.or_else(|| JobId::from_str(&name).ok());
                        Ok(Standing {
                            id: id.ok_or(StoreError::Row("a job's name"))?,
                            state: State::of(row.try_get("state")?).ok_or(StoreError::Row("a state"))?,
                            attempts: u32::try_from(attempts).unwrap_or(u32::MAX),
                        })
                    })
                    .collect()
            }

            pub(in crate::store) async fn counts(pool: &Pool) -> Result<Vec<(Tier, State, u64)>, StoreError> {
                let statement =
                    "SELECT tier, state, COUNT(*) AS jobs FROM disclosures WHERE state IN (1, 2) GROUP BY tier, state";
                let rows = sqlx::query(statement).fetch_all(pool).await?;
                rows.iter()
                    .map(|row| {
                        let jobs: i64 = row.try_get("jobs")?;
                        Ok((
                            tier(row.try_get("tier")?).ok_or(StoreError::Row("a tier"))?,
                            State::of(row.try_get("state")?).ok_or(StoreError::Row("a state"))?,
                            u64::try_from(jobs).unwrap_or_default(),
                        ))
                    })
                    .collect()
            }

            fn read(row: &<Database as sqlx::Database>::Row) -> Result<Job, StoreError> {
                let name: String = row.try_get("id")?;
                let attempts: i64 = row.try_get("attempts")?;
                Ok(Job {
                    id: JobId::from_str(&name).map_err(|_| StoreError::Row("a job's name"))?,
                    tier: tier(row.try_get("tier")?).ok_or(StoreError::Row("a tier"))?,
                    state: State::of(row.try_get("state")?).ok_or(StoreError::Row("a state"))?,
                    submitted: Instant(row.try_get("submitted")?),
                    begun: row.try_get::<Option<i64>, _>("begun")?.map(Instant),
                    ended: row.try_get::<Option<i64>, _>("ended")?.map(Instant),
                    attempts: u32::try_from(attempts).unwrap_or(u32::MAX),
                    error: row.try_get("error")?,
                })
            }
        }
    };
}

statements!(
    sqlite,
    sqlx::Sqlite,
    // It will write: who only finds out later cannot wait for others.
    "BEGIN IMMEDIATE",
    "migrations/sqlite",
    apalis_sqlite::SqliteStorage::migrations,
    "DELETE FROM Jobs WHERE id = $1",
    async |connection, tasks: Vec<_>| apalis_sqlite::queries::push_tasks(connection, QUEUE, &tasks).await
);
statements!(
    postgres,
    sqlx::Postgres,
    "BEGIN",
    "migrations/postgres",
    apalis_postgres::PostgresStorage::migrations,
    "DELETE FROM apalis.jobs WHERE id = $1",
    async |connection, tasks: Vec<_>| apalis_postgres::queries::push_tasks(connection, QUEUE, tasks).await
);
