//! Cohorts: one request, and many who consented to it.
//!
//! All members are counted, logged and guarded when the cohort is submitted. They are checked in portions, each a
//! transaction, in the order of their names, which are drawn at random; of those who are eligible jobs are made, under
//! the same names. Whoever changes a cohort's jobs or members takes its row first, so that one transaction finds that
//! nothing is left to do.

use super::log::Listing;
use super::sql::OWNED;
use super::{After, Bounds, Ending, NewJob, Once, Owner, StoreError, Submitted, Urgency};
use crate::about::{Handle, Pseudonym, work};
use crate::job::{CohortId, Instant, JobId, State};
use medproof_audit::{Asked, Event as AuditEvent, Failure};
use medproof_messages::encoding::Hex;
use medproof_records::registry::Anchor;
use medproof_statement::field;
use medproof_statement::request::Purpose;
use medproof_statement::tier::Tier;
use sqlx::Row;
use std::str::FromStr;

/// How a cohort stands. One that has ended stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CohortState {
    /// Is checked, or proved.
    Running = 1,
    /// There is a presentation of each who is eligible.
    Complete = 2,
    /// It could not be worked on.
    Failed = 3,
    /// Somebody ended it.
    Cancelled = 4,
}

impl CohortState {
    fn of(number: i64) -> Option<CohortState> {
        use CohortState as S;
        let all = [S::Running, S::Complete, S::Failed, S::Cancelled];
        all.into_iter().find(|state| *state as i64 == number)
    }
}

/// What is submitted.
pub struct NewCohort {
    /// Its name.
    pub id: CohortId,
    /// The request, sealed.
    pub payload: Vec<u8>,
    /// The registry that all presentations are to be under.
    pub anchor: Anchor,
    /// At least one, all of one request: record and consent of each, sealed. The name is that of the job that it becomes.
    pub members: Vec<NewJob>,
}

/// What there is to know of a cohort.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cohort {
    /// Its name.
    pub id: CohortId,
    /// Whether who asks submitted it.
    pub own: bool,
    /// The size of its proofs' circuit.
    pub tier: Tier,
    /// How it stands.
    pub state: CohortState,
    /// When it was submitted.
    pub submitted: Instant,
    /// When it ended.
    pub ended: Option<Instant>,
    /// Of [`CohortState::Failed`], why: a stable code.
    pub error: Option<String>,
    /// The request's digest.
    pub request: [u8; 32],
    /// The registry's root.
    pub root: [u8; 32],
    /// The root's number.
    pub epoch: u64,
    /// How many patients are in the registry.
    pub registry_size: u64,
    /// How many members it has.
    pub members: u64,
    /// How many of them were checked.
    pub checked: u64,
    /// How many are eligible, of these.
    pub jobs: u64,
    /// How many of those have ended.
    pub ended_jobs: u64,
    /// How many presentations there are.
    pub presentations: u64,
}

/// Members that are to be checked.
pub struct Unchecked {
    /// Of which cohort.
    pub id: CohortId,
    /// The request, sealed for the cohort's key.
    pub payload: Vec<u8>,
    /// The root that their records have to be under.
    pub root: [u8; 32],
    /// How many were checked before.
    pub from: u64,
    /// Record and consent of each, sealed for its name; nothing of one that was taken out meanwhile.
    pub members: Vec<(JobId, Option<Vec<u8>>)>,
}

/// What is handed out of a cohort.
#[derive(Debug, PartialEq, Eq)]
pub enum CohortReleased {
    /// These presentations.
    Presentations(Vec<Vec<u8>>),
    /// There is no such cohort that is complete.
    Nothing,
    /// Its asker is suspended.
    Suspended,
}

/// Whose part in cohorts ends.
#[derive(Clone, Copy)]
pub(super) enum Whom<'a> {
    /// Who gave this consent.
    Consent(&'a Handle),
    /// This patient of theirs.
    Patient(&'a Pseudonym),
}

// How a cohort ends.
#[derive(Clone, Copy)]
enum Close<'a> {
    Complete,
    Failed(&'a str),
    Cancelled,
}

impl Close<'_> {
    const fn state(self) -> CohortState {
        match self {
            Close::Complete => CohortState::Complete,
            Close::Failed(_) => CohortState::Failed,
            Close::Cancelled => CohortState::Cancelled,
        }
    }

    // Of each member that there is no presentation of.
    fn line(self, asked: Asked) -> AuditEvent {
        match self {
            Close::Complete => AuditEvent::DisclosureRefused(asked),
            Close::Failed(code) => {
                AuditEvent::DisclosureFailed(asked, Failure::of_code(code).unwrap_or(Failure::Prover))
            }
            Close::Cancelled => AuditEvent::DisclosureCancelled(asked),
        }
    }
}

const COHORT: &str = "id, CAST(CASE WHEN caller = $2 THEN 1 ELSE 0 END AS BIGINT) AS own, tier, state, submitted, ended, error, request, root, epoch, size, members, checked, \
     (SELECT COUNT(*) FROM disclosures d WHERE d.cohort = cohorts.id) AS jobs, \
     (SELECT COUNT(*) FROM disclosures d WHERE d.cohort = cohorts.id AND d.state > 2) AS ended_jobs, \
     (SELECT COUNT(*) FROM disclosures d WHERE d.cohort = cohorts.id AND d.presentation IS NOT NULL) AS presentations";

// What makes a member one that is not eligible.
const OUT_BY_CONSENT: [&str; 2] = [
    "UPDATE cohort_members SET payload = NULL WHERE cohort = $1 AND consent = $2",
    "UPDATE disclosures SET state = 4, payload = NULL, presentation = NULL \
     WHERE cohort = $1 AND consent = $2 AND state IN (1, 2, 3)",
];
const OUT_BY_PATIENT: [&str; 2] = [
    "UPDATE cohort_members SET payload = NULL WHERE cohort = $1 AND pseudonym = $2",
    "UPDATE disclosures SET state = 4, payload = NULL, presentation = NULL \
     WHERE cohort = $1 AND pseudonym = $2 AND state IN (1, 2, 3)",
];

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn named(name: &str) -> Result<CohortId, StoreError> {
    CohortId::from_str(name).map_err(|_| StoreError::Row("a cohort's name"))
}

fn member(name: &str) -> Result<JobId, StoreError> {
    JobId::from_str(name).map_err(|_| StoreError::Row("a job's name"))
}

macro_rules! statements {
    ($name:ident, $database:ty, $begin:literal) => {
        pub(in crate::store) mod $name {
            use super::*;
            use crate::store::askers::$name as askers;
            use crate::store::consents::$name as consents;
            use crate::store::load::$name as load;
            use crate::store::log::$name as log;
            use crate::store::share::$name as share;
            use crate::store::sql::{self, $name as jobs};

            type Database = $database;
            type Pool = sqlx::Pool<Database>;
            type Connection = <Database as sqlx::Database>::Connection;
            type AnyRow = <Database as sqlx::Database>::Row;

            pub(in crate::store) async fn submit(
                pool: &Pool,
                owner: &Owner,
                new: &NewCohort,
                once: Option<&Once<'_>>,
                bounds: &Bounds,
            ) -> Result<Submitted<Cohort>, StoreError> {
                let now = Instant::now();
                let mut transaction = pool.begin_with($begin).await?;
                if let Some(once) = once
                    && !jobs::remember(&mut transaction, owner, once, &new.id.to_string(), now).await?
                {
                    transaction.rollback().await?;
                    let Some(name) = jobs::remembered(pool, owner, once).await? else {
                        return Ok(Submitted::OtherUnderKey);
                    };
                    return Ok(Submitted::Again(there(pool, owner, &named(&name)?).await?));
                }
                let more = new.members.iter().map(|member| work(member.tier)).sum();
                if let Some(full) = load::full(&mut transaction, owner, more, Urgency::Batch, bounds, now).await? {
                    transaction.rollback().await?;
                    return Ok(Submitted::Full(full));
                }
                // Submissions of one tenant wait here, as jobs' do.
                share::turn(&mut transaction, &owner.tenant, 0).await?;
                let admitted = jobs::admit(&mut transaction, owner, &new.members, bounds, Listing::Tenant, now);
                let lines = match admitted.await? {
                    Ok(lines) => lines,
                    Err((place, denied)) => {
                        transaction.rollback().await?;
                        return Ok(Submitted::Denied { place, denied });
                    }
                };
                place_cohort(&mut transaction, owner, new, now).await?;
                log::append(&mut transaction, &owner.tenant, Listing::Tenant, lines, now).await?;
                transaction.commit().await?;
                Ok(Submitted::New(there(pool, owner, &new.id).await?))
            }

            async fn place_cohort(
                connection: &mut Connection,
                owner: &Owner,
                new: &NewCohort,
                now: Instant,
            ) -> Result<(), StoreError> {
                let first = new.members.first().ok_or(StoreError::Row("a cohort of nobody"))?;
                let about = &first.about;
                sqlx::query(
                    "INSERT INTO cohorts (id, tenant, caller, audience, tier, purpose, claim, request, state, submitted, \
                     payload, root, epoch, size, members, work) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
                )
                .bind(new.id.to_string())
                .bind(&owner.tenant)
                .bind(&owner.caller)
                .bind(&about.audience)
                .bind(first.tier as i64)
                .bind(about.purpose.code())
                .bind(&about.claim[..])
                .bind(&about.request[..])
                .bind(CohortState::Running as i64)
                .bind(now.0)
                .bind(&new.payload)
                .bind(&field::to_bytes(&new.anchor.root)[..])
                .bind(number(new.anchor.epoch))
                .bind(number(new.anchor.size))
                .bind(number(new.members.len() as u64))
                .bind(number(work(first.tier)))
                .execute(&mut *connection)
                .await?;
                for member in &new.members {
                    sqlx::query(
                        "INSERT INTO cohort_members (cohort, id, pseudonym, consent, payload) \
                         VALUES ($1, $2, $3, $4, $5)",
                    )
                    .bind(new.id.to_string())
                    .bind(member.id.to_string())
                    .bind(&member.about.pseudonym[..])
                    .bind(member.about.grant.as_ref().map(|grant| &grant.handle[..]))
                    .bind(&member.payload)
                    .execute(&mut *connection)
                    .await?;
                }
                Ok(())
            }

            async fn there(pool: &Pool, owner: &Owner, id: &CohortId) -> Result<Cohort, StoreError> {
                let found = cohort(pool, owner, id).await?;
                found.ok_or(StoreError::Row("a cohort that is not there"))
            }

            pub(in crate::store) async fn cohort(
                pool: &Pool,
                owner: &Owner,
                id: &CohortId,
            ) -> Result<Option<Cohort>, StoreError> {
                let statement = format!("SELECT {COHORT} FROM cohorts WHERE {OWNED} AND id = $4");
                let row = sqlx::query(sqlx::AssertSqlSafe(statement))
                    .bind(&owner.tenant)
                    .bind(&owner.caller)
                    .bind(&owner.audience)
                    .bind(id.to_string())
                    .fetch_optional(pool)
                    .await?;
                row.map(|row| read(&row)).transpose()
            }

            pub(in crate::store) async fn list(
                pool: &Pool,
                owner: &Owner,
                after: Option<After>,
                most: u32,
            ) -> Result<Vec<Cohort>, StoreError> {
                let statement = format!(
                    "SELECT {COHORT} FROM cohorts WHERE {OWNED} AND (submitted < $4 OR (submitted = $4 AND id < $5)) \
                     ORDER BY submitted DESC, id DESC LIMIT $6"
                );
                let rows = sqlx::query(sqlx::AssertSqlSafe(statement))
                    .bind(&owner.tenant)
                    .bind(&owner.caller)
                    .bind(&owner.audience)
                    .bind(after.map_or(i64::MAX, |after| after.submitted.0))
                    .bind(after.map_or(String::new(), |after| CohortId::from(after.id).to_string()))
                    .bind(i64::from(most))
                    .fetch_all(pool)
                    .await?;
                rows.iter().map(read).collect()
            }

            /// Members of a tenant's oldest cohort that are to be checked next.
            pub(in crate::store) async fn unchecked(
                pool: &Pool,
                tenant: &str,
                most: u32,
            ) -> Result<Option<Unchecked>, StoreError> {
                let row = sqlx::query(
                    "SELECT id, payload, root, checked FROM cohorts WHERE tenant = $1 AND state = 1 \
                     AND checked < members ORDER BY submitted, id LIMIT 1",
                )
                .bind(tenant)
                .fetch_optional(pool)
                .await?;
                let Some(row) = row else { return Ok(None) };
                let (id, from): (String, i64) = (row.try_get("id")?, row.try_get("checked")?);
                let payload: Option<Vec<u8>> = row.try_get("payload")?;
                let members = sqlx::query(
                    "SELECT id, payload FROM cohort_members WHERE cohort = $1 ORDER BY id LIMIT $2 OFFSET $3",
                )
                .bind(&id)
                .bind(i64::from(most))
                .bind(from)
                .fetch_all(pool)
                .await?;
                let members = members.iter().map(|row| Ok((member(row.try_get(0)?)?, row.try_get(1)?)));
                Ok(Some(Unchecked {
                    id: named(&id)?,
                    payload: payload.ok_or(StoreError::Row("a cohort without a request"))?,
                    root: sql::handle(&row.try_get::<Vec<u8>, _>("root")?)?,
                    from: count(from),
                    members: members.collect::<Result<_, StoreError>>()?,
                }))
            }

            /// Members were checked, from these on; of the eligible there are jobs from now on. Nothing where others were
            /// first, or the cohort has ended.
            pub(in crate::store) async fn checked(
                pool: &Pool,
                id: &CohortId,
                from: u64,
                upto: u64,
                eligible: &[(JobId, Vec<u8>)],
            ) -> Result<bool, StoreError> {
                let now = Instant::now();
                let mut transaction = pool.begin_with($begin).await?;
                let row = sqlx::query(
                    "UPDATE cohorts SET checked = $3 WHERE id = $1 AND checked = $2 AND state = 1 RETURNING tenant, work",
                )
                .bind(id.to_string())
                .bind(number(from))
                .bind(number(upto))
                .fetch_optional(&mut *transaction)
                .await?;
                let Some(row) = row else { return Ok(false) };
                let (tenant, work): (String, i64) = (row.try_get(0)?, row.try_get(1)?);
                let mut tasks = Vec::with_capacity(eligible.len());
                for (job, payload) in eligible {
                    let turn = share::turn(&mut transaction, &tenant, count(work)).await?;
                    if place(&mut transaction, job, payload, turn, now).await? {
                        tasks.push(sql::task(job, Urgency::Batch, turn)?);
                    }
                }
                if !tasks.is_empty() {
                    jobs::push(&mut transaction, tasks).await?;
                }
                settle(&mut transaction, id, now).await?;
                transaction.commit().await?;
                Ok(true)
            }

            // A member's job, unless the member was taken out. Whether there is one.
            async fn place(
                connection: &mut Connection,
                job: &JobId,
                payload: &[u8],
                turn: u64,
                now: Instant,
            ) -> Result<bool, StoreError> {
                let placed = sqlx::query(
                    "INSERT INTO disclosures (id, tenant, caller, audience, tier, state, submitted, payload, purpose, \
                     claim, request, pseudonym, consent, work, turn, urgency, cohort) \
                     SELECT m.id, c.tenant, c.caller, c.audience, c.tier, 1, $2, $3, c.purpose, \
                     c.claim, c.request, m.pseudonym, m.consent, c.work, $4, $5, c.id \
                     FROM cohort_members m JOIN cohorts c ON c.id = m.cohort WHERE m.id = $1 AND m.payload IS NOT NULL \
                     AND m.consent IS NOT NULL AND NOT EXISTS (SELECT 1 FROM revoked r WHERE r.handle = m.consent)",
                )
                .bind(job.to_string())
                .bind(now.0)
                .bind(payload)
                .bind(number(turn))
                .bind(Urgency::Batch as i64)
                .execute(connection)
                .await?;
                Ok(placed.rows_affected() == 1)
            }

            /// The cohort of a job, taken; none of one that was submitted by itself.
            pub(in crate::store) async fn of_job(
                connection: &mut Connection,
                id: &JobId,
            ) -> Result<Option<CohortId>, StoreError> {
                let cohort: Option<Option<String>> = sqlx::query_scalar("SELECT cohort FROM disclosures WHERE id = $1")
                    .bind(id.to_string())
                    .fetch_optional(&mut *connection)
                    .await?;
                let Some(cohort) = cohort.flatten() else { return Ok(None) };
                let cohort = named(&cohort)?;
                take(connection, &cohort).await?;
                Ok(Some(cohort))
            }

            // Others who change it wait.
            async fn take(connection: &mut Connection, id: &CohortId) -> Result<(), StoreError> {
                sqlx::query("UPDATE cohorts SET checked = checked WHERE id = $1")
                    .bind(id.to_string())
                    .execute(connection)
                    .await?;
                Ok(())
            }

            /// One of a cohort's jobs has ended, and so has the cohort where nothing is left to do.
            pub(in crate::store) async fn ended(
                connection: &mut Connection,
                id: &CohortId,
                ending: &Ending,
                now: Instant,
            ) -> Result<(), StoreError> {
                match ending {
                    Ending::Failed(code) => close(connection, id, Close::Failed(code), now).await,
                    Ending::Cancelled => close(connection, id, Close::Cancelled, now).await,
                    Ending::Succeeded(_) | Ending::Refused => settle(connection, id, now).await,
                }
            }

            async fn settle(connection: &mut Connection, id: &CohortId, now: Instant) -> Result<(), StoreError> {
                let left: i64 = sqlx::query_scalar(
                    "SELECT members - checked + (SELECT COUNT(*) FROM disclosures d WHERE d.cohort = cohorts.id \
                     AND d.state IN (1, 2)) FROM cohorts WHERE id = $1",
                )
                .bind(id.to_string())
                .fetch_one(&mut *connection)
                .await?;
                if left == 0 {
                    close(connection, id, Close::Complete, now).await?;
                }
                Ok(())
            }

            // Ends a cohort that has not ended, and its jobs; of each member without a presentation there is a line.
            async fn close(
                connection: &mut Connection,
                id: &CohortId,
                how: Close<'_>,
                now: Instant,
            ) -> Result<(), StoreError> {
                let row = sqlx::query(
                    "UPDATE cohorts SET state = $2, ended = $3, error = $4, payload = NULL WHERE id = $1 AND state = 1 \
                     RETURNING tenant, audience, purpose, claim, request",
                )
                .bind(id.to_string())
                .bind(how.state() as i64)
                .bind(now.0)
                .bind(match how {
                    Close::Failed(code) => Some(code),
                    Close::Complete | Close::Cancelled => None,
                })
                .fetch_optional(&mut *connection)
                .await?;
                let Some(row) = row else { return Ok(()) };
                if how.state() != CohortState::Complete {
                    destroy(connection, id, now).await?;
                }
                let without = without(connection, id).await?;
                let tenant: String = row.try_get("tenant")?;
                let request: Vec<u8> = row.try_get("request")?;
                let mut lines = Vec::with_capacity(without.len());
                for (pseudonym, consent) in without {
                    lines.push(how.line(asked(&row, &pseudonym)?));
                    if let Some(consent) = consent.filter(|_| how.state() != CohortState::Complete) {
                        askers::unanswered(connection, &tenant, &consent, &request).await?;
                    }
                }
                sqlx::query("UPDATE cohort_members SET payload = NULL WHERE cohort = $1")
                    .bind(id.to_string())
                    .execute(&mut *connection)
                    .await?;
                log::append(connection, &tenant, Listing::Tenant, lines, now).await?;
                Ok(())
            }

            async fn destroy(connection: &mut Connection, id: &CohortId, now: Instant) -> Result<(), StoreError> {
                sqlx::query(
                    "UPDATE disclosures SET state = 6, ended = $2, payload = NULL WHERE cohort = $1 AND state IN (1, 2)",
                )
                .bind(id.to_string())
                .bind(now.0)
                .execute(&mut *connection)
                .await?;
                sqlx::query("UPDATE disclosures SET state = 6, presentation = NULL WHERE cohort = $1")
                    .bind(id.to_string())
                    .execute(connection)
                    .await?;
                Ok(())
            }

            // Members without a presentation: whom they are, and their consents.
            async fn without(
                connection: &mut Connection,
                id: &CohortId,
            ) -> Result<Vec<(Vec<u8>, Option<Vec<u8>>)>, StoreError> {
                let rows = sqlx::query(
                    "SELECT pseudonym, consent FROM cohort_members m WHERE cohort = $1 AND NOT EXISTS (SELECT 1 \
                     FROM disclosures d WHERE d.id = m.id AND d.presentation IS NOT NULL) ORDER BY id",
                )
                .bind(id.to_string())
                .fetch_all(connection)
                .await?;
                rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
            }

            fn asked(row: &AnyRow, pseudonym: &[u8]) -> Result<Asked, StoreError> {
                let (audience, purpose): (String, String) = (row.try_get("audience")?, row.try_get("purpose")?);
                let digest = |column| sql::handle(&row.try_get::<Vec<u8>, _>(column)?);
                Ok(Asked {
                    audience: sql::did(&audience)?,
                    purpose: Purpose::from_code(&purpose).ok_or(StoreError::Row("a purpose"))?,
                    claim: Hex(digest("claim")?),
                    request: Hex(digest("request")?),
                    patient: medproof_audit::Pseudonym(Hex(sql::handle(pseudonym)?)),
                })
            }

            /// Cohorts that run with a member on this consent, taken.
            pub(in crate::store) async fn on_consent(
                connection: &mut Connection,
                consent: &Handle,
            ) -> Result<Vec<CohortId>, StoreError> {
                let names: Vec<String> = sqlx::query_scalar(
                    "SELECT DISTINCT c.id FROM cohort_members m JOIN cohorts c ON c.id = m.cohort \
                     WHERE m.consent = $1 AND c.state = 1 ORDER BY c.id",
                )
                .bind(&consent[..])
                .fetch_all(&mut *connection)
                .await?;
                taken(connection, &names).await
            }

            /// Cohorts that run with this patient as a member, taken.
            pub(in crate::store) async fn about(
                connection: &mut Connection,
                tenant: &str,
                pseudonym: &Pseudonym,
            ) -> Result<Vec<CohortId>, StoreError> {
                let names: Vec<String> = sqlx::query_scalar(
                    "SELECT DISTINCT c.id FROM cohort_members m JOIN cohorts c ON c.id = m.cohort \
                     WHERE c.tenant = $1 AND m.pseudonym = $2 AND c.state = 1 ORDER BY c.id",
                )
                .bind(tenant)
                .bind(&pseudonym[..])
                .fetch_all(&mut *connection)
                .await?;
                taken(connection, &names).await
            }

            async fn taken(connection: &mut Connection, names: &[String]) -> Result<Vec<CohortId>, StoreError> {
                let mut cohorts = Vec::with_capacity(names.len());
                for name in names {
                    let cohort = named(name)?;
                    take(connection, &cohort).await?;
                    cohorts.push(cohort);
                }
                Ok(cohorts)
            }

            /// Takes somebody out of cohorts, which were taken before: as if not eligible.
            pub(in crate::store) async fn take_out(
                connection: &mut Connection,
                cohorts: &[CohortId],
                whom: Whom<'_>,
                now: Instant,
            ) -> Result<(), StoreError> {
                let (statements, whom) = match whom {
                    Whom::Consent(handle) => (OUT_BY_CONSENT, handle),
                    Whom::Patient(pseudonym) => (OUT_BY_PATIENT, pseudonym),
                };
                for cohort in cohorts {
                    for statement in statements {
                        sqlx::query(statement)
                            .bind(cohort.to_string())
                            .bind(&whom[..])
                            .execute(&mut *connection)
                            .await?;
                    }
                    settle(connection, cohort, now).await?;
                }
                Ok(())
            }

            pub(in crate::store) async fn fail(pool: &Pool, id: &CohortId, code: &str) -> Result<(), StoreError> {
                let mut transaction = pool.begin_with($begin).await?;
                take(&mut transaction, id).await?;
                close(&mut transaction, id, Close::Failed(code), Instant::now()).await?;
                Ok(transaction.commit().await?)
            }

            pub(in crate::store) async fn cancel(
                pool: &Pool,
                owner: &Owner,
                id: &CohortId,
            ) -> Result<Option<Cohort>, StoreError> {
                if cohort(pool, owner, id).await?.is_some() {
                    let mut transaction = pool.begin_with($begin).await?;
                    take(&mut transaction, id).await?;
                    close(&mut transaction, id, Close::Cancelled, Instant::now()).await?;
                    transaction.commit().await?;
                }
                cohort(pool, owner, id).await
            }

            /// The presentations of this owner's complete cohort: to be looked at, not to be handed out.
            pub(in crate::store) async fn made(
                pool: &Pool,
                owner: &Owner,
                id: &CohortId,
            ) -> Result<Vec<(JobId, Vec<u8>)>, StoreError> {
                let statement = format!(
                    "SELECT id, presentation FROM disclosures WHERE presentation IS NOT NULL AND cohort IN \
                     (SELECT id FROM cohorts WHERE {OWNED} AND id = $4 AND state = 2)"
                );
                let rows = sqlx::query(sqlx::AssertSqlSafe(statement))
                    .bind(&owner.tenant)
                    .bind(&owner.caller)
                    .bind(&owner.audience)
                    .bind(id.to_string())
                    .fetch_all(pool)
                    .await?;
                rows.iter().map(|row| Ok((member(row.try_get(0)?)?, row.try_get(1)?))).collect()
            }

            /// Of these jobs of this owner's complete cohort, the presentations, to be handed out. No revocation was
            /// acknowledged before of a consent that one of them was made on.
            pub(in crate::store) async fn release(
                pool: &Pool,
                owner: &Owner,
                id: &CohortId,
                wanted: &[JobId],
            ) -> Result<CohortReleased, StoreError> {
                let now = Instant::now();
                let mut transaction = pool.begin_with($begin).await?;
                let statement = format!(
                    "UPDATE cohorts SET checked = checked WHERE {OWNED} AND id = $4 AND state = 2 RETURNING audience"
                );
                let audience: Option<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(statement))
                    .bind(&owner.tenant)
                    .bind(&owner.caller)
                    .bind(&owner.audience)
                    .bind(id.to_string())
                    .fetch_optional(&mut *transaction)
                    .await?;
                let Some(audience) = audience else { return Ok(CohortReleased::Nothing) };
                if askers::suspended(&mut transaction, &owner.tenant, &audience, now).await? {
                    return Ok(CohortReleased::Suspended);
                }
                let rows = written(&mut transaction, id, wanted, now).await?;
                // Held from here: a revocation is before this or after it.
                log::append(&mut transaction, &owner.tenant, Listing::Audience, None, now).await?;
                let (mut presentations, mut lines) = (Vec::with_capacity(rows.len()), Vec::new());
                for row in &rows {
                    let consent: Vec<u8> = row.try_get("consent")?;
                    if consents::is_revoked(&mut transaction, &consent).await? {
                        continue;
                    }
                    presentations.push(row.try_get("presentation")?);
                    if let Some(asked) = jobs::asked_of(row)?.filter(|_| row.try_get("released").ok() == Some(now.0)) {
                        lines.push(AuditEvent::DisclosureReleased(asked, Hex(sql::handle(&consent)?)));
                    }
                }
                log::append(&mut transaction, &owner.tenant, Listing::Audience, lines, now).await?;
                transaction.commit().await?;
                Ok(CohortReleased::Presentations(presentations))
            }

            // Written, not only read: revocations wait.
            async fn written(
                connection: &mut Connection,
                id: &CohortId,
                wanted: &[JobId],
                now: Instant,
            ) -> Result<Vec<AnyRow>, StoreError> {
                let mut rows = Vec::with_capacity(wanted.len());
                for job in wanted {
                    let row = sqlx::query(
                        "UPDATE disclosures SET released = COALESCE(released, $3) WHERE cohort = $1 AND id = $2 \
                         AND state = $4 AND presentation IS NOT NULL AND consent IS NOT NULL \
                         RETURNING presentation, consent, audience, released, purpose, claim, request, pseudonym",
                    )
                    .bind(id.to_string())
                    .bind(job.to_string())
                    .bind(now.0)
                    .bind(State::Succeeded as i64)
                    .fetch_optional(&mut *connection)
                    .await?;
                    rows.extend(row);
                }
                Ok(rows)
            }

            fn read(row: &AnyRow) -> Result<Cohort, StoreError> {
                let digest = |column| sql::handle(&row.try_get::<Vec<u8>, _>(column)?);
                let counted = |column| Ok::<u64, StoreError>(count(row.try_get::<i64, _>(column)?));
                Ok(Cohort {
                    id: named(row.try_get("id")?)?,
                    own: row.try_get::<i64, _>("own")? != 0,
                    tier: sql::tier(row.try_get("tier")?).ok_or(StoreError::Row("a tier"))?,
                    state: CohortState::of(row.try_get("state")?).ok_or(StoreError::Row("a state"))?,
                    submitted: Instant(row.try_get("submitted")?),
                    ended: row.try_get::<Option<i64>, _>("ended")?.map(Instant),
                    error: row.try_get("error")?,
                    request: digest("request")?,
                    root: digest("root")?,
                    epoch: counted("epoch")?,
                    registry_size: counted("size")?,
                    members: counted("members")?,
                    checked: counted("checked")?,
                    jobs: counted("jobs")?,
                    ended_jobs: counted("ended_jobs")?,
                    presentations: counted("presentations")?,
                })
            }
        }
    };
}

statements!(sqlite, sqlx::Sqlite, "BEGIN IMMEDIATE");
statements!(postgres, sqlx::Postgres, "BEGIN");
