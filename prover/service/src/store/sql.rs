//! The store's statements, once for both databases.

use super::events;
use super::{
    ATTEMPTS, After, Begun, Ending, NewJob, Once, Owner, QUEUE, REMEMBERED, Standing, StoreError, Submitted, Urgency,
};
use crate::job::{Instant, Job, JobId, State};
use apalis_core::task::Task;
use apalis_core::task::builder::TaskBuilder;
use apalis_core::task::task_id::TaskId;
use medproof_statement::tier::Tier;
use sqlx::Row;
use std::str::FromStr;
use ulid::Ulid;

const JOB: &str = "id, tier, state, submitted, begun, ended, attempts, error";
// Parameters 1 to 3 are an owner's.
const OWNED: &str = "tenant = $1 AND (caller = $2 OR (audience = $3 AND audience <> ''))";

fn task(job: &NewJob, urgency: Urgency) -> Result<Task<Vec<u8>>, StoreError> {
    let args = serde_json::to_vec(&job.id.to_string()).map_err(|e| StoreError::Queue(e.to_string()))?;
    // Once more than we begin it, so that we say how it ended.
    Ok(TaskBuilder::new(args)
        .task_id(TaskId::from_ulid(Ulid::from_bytes(*job.id.bytes())))
        .priority(urgency as usize)
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

fn tier(number: i64) -> Option<Tier> {
    Tier::ALL.into_iter().find(|tier| *tier as i64 == number)
}

macro_rules! statements {
    ($name:ident, $database:ty, $begin:literal, $migrations:literal, $queue:path, $push:expr) => {
        pub(super) mod $name {
            use super::*;

            type Database = $database;
            type Pool = sqlx::Pool<Database>;

            pub(in crate::store) async fn migrate(pool: &Pool) -> Result<(), StoreError> {
                // Both have their own tables, and neither minds the other's.
                let mut ours = sqlx::migrate!($migrations);
                let mut queues = $queue();
                ours.set_ignore_missing(true);
                queues.set_ignore_missing(true);
                queues.run(pool).await?;
                ours.run(pool).await?;
                Ok(())
            }

            pub(in crate::store) async fn submit(
                pool: &Pool,
                owner: &Owner,
                jobs: &[NewJob],
                urgency: Urgency,
                once: Option<&Once<'_>>,
                most: u64,
            ) -> Result<Submitted, StoreError> {
                let now = Instant::now();
                let mut transaction = pool.begin_with($begin).await?;
                let names: Vec<String> = jobs.iter().map(|job| job.id.to_string()).collect();
                if let Some(once) = once {
                    let old = now.0 - REMEMBERED.as_micros() as i64;
                    sqlx::query("DELETE FROM idempotency WHERE tenant = $1 AND caller = $2 AND key = $3 AND made < $4")
                        .bind(&owner.tenant)
                        .bind(&owner.caller)
                        .bind(once.key)
                        .bind(old)
                        .execute(&mut *transaction)
                        .await?;
                    // First written, then read: of two at a time one waits for the other.
                    let written = sqlx::query(
                        "INSERT INTO idempotency (tenant, caller, key, digest, jobs, made) \
                         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
                    )
                    .bind(&owner.tenant)
                    .bind(&owner.caller)
                    .bind(once.key)
                    .bind(&once.digest[..])
                    .bind(names.join(","))
                    .bind(now.0)
                    .execute(&mut *transaction)
                    .await?;
                    if written.rows_affected() == 0 {
                        transaction.rollback().await?;
                        return again(pool, owner, once).await;
                    }
                }
                let waiting: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM disclosures WHERE state IN (1, 2)")
                    .fetch_one(&mut *transaction)
                    .await?;
                let waiting = u64::try_from(waiting).unwrap_or_default();
                if waiting + jobs.len() as u64 > most {
                    transaction.rollback().await?;
                    return Ok(Submitted::Full { waiting });
                }
                for (job, name) in jobs.iter().zip(&names) {
                    sqlx::query(
                        "INSERT INTO disclosures (id, tenant, caller, audience, tier, state, submitted, payload) \
                         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                    )
                    .bind(name)
                    .bind(&owner.tenant)
                    .bind(&owner.caller)
                    .bind(&job.audience)
                    .bind(job.tier as i64)
                    .bind(State::Queued as i64)
                    .bind(now.0)
                    .bind(&job.payload)
                    .execute(&mut *transaction)
                    .await?;
                }
                events::$name::submitted(&mut transaction, owner, jobs).await?;
                let tasks: Vec<_> = jobs.iter().map(|job| task(job, urgency)).collect::<Result<_, _>>()?;
                $push(&mut *transaction, tasks).await.map_err(|e| StoreError::Queue(e.to_string()))?;
                transaction.commit().await?;
                Ok(Submitted::New(jobs.iter().map(|job| placed(job, now)).collect()))
            }

            async fn again(pool: &Pool, owner: &Owner, once: &Once<'_>) -> Result<Submitted, StoreError> {
                let row = sqlx::query("SELECT digest, jobs FROM idempotency WHERE tenant = $1 AND caller = $2 AND key = $3")
                    .bind(&owner.tenant)
                    .bind(&owner.caller)
                    .bind(once.key)
                    .fetch_one(pool)
                    .await?;
                let digest: Vec<u8> = row.try_get(0)?;
                if digest != once.digest {
                    return Ok(Submitted::OtherUnderKey);
                }
                let names: String = row.try_get(1)?;
                let mut jobs = Vec::new();
                for name in names.split(',') {
                    let id = JobId::from_str(name).map_err(|_| StoreError::Row("a job's name"))?;
                    jobs.push(job(pool, owner, &id).await?.ok_or(StoreError::Row("a job that is not there"))?);
                }
                Ok(Submitted::Again(jobs))
            }

            pub(in crate::store) async fn job(pool: &Pool, owner: &Owner, id: &JobId) -> Result<Option<Job>, StoreError> {
                let statement = format!("SELECT {JOB} FROM disclosures WHERE {OWNED} AND id = $4");
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
                    "SELECT {JOB} FROM disclosures WHERE {OWNED} AND ($4 = 0 OR state = $4) \
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

            pub(in crate::store) async fn presentation(
                pool: &Pool,
                owner: &Owner,
                id: &JobId,
            ) -> Result<Option<Vec<u8>>, StoreError> {
                let statement = format!("SELECT presentation FROM disclosures WHERE {OWNED} AND id = $4 AND state = $5");
                let row = sqlx::query(sqlx::AssertSqlSafe(statement))
                    .bind(&owner.tenant)
                    .bind(&owner.caller)
                    .bind(&owner.audience)
                    .bind(id.to_string())
                    .bind(State::Succeeded as i64)
                    .fetch_optional(pool)
                    .await?;
                Ok(row.map(|row| row.try_get(0)).transpose()?.flatten())
            }

            pub(in crate::store) async fn cancel(pool: &Pool, owner: &Owner, id: &JobId) -> Result<Option<Job>, StoreError> {
                if job(pool, owner, id).await?.is_some() {
                    end(pool, id, &Ending::Cancelled).await?;
                }
                job(pool, owner, id).await
            }

            pub(in crate::store) async fn begin(pool: &Pool, id: &JobId) -> Result<Option<Begun>, StoreError> {
                let statement = format!(
                    "UPDATE disclosures SET state = 2, begun = $2, attempts = attempts + 1 \
                     WHERE id = $1 AND state IN (1, 2) RETURNING {JOB}, payload"
                );
                let row = sqlx::query(sqlx::AssertSqlSafe(statement))
                    .bind(id.to_string())
                    .bind(Instant::now().0)
                    .fetch_optional(pool)
                    .await?;
                row.map(|row| {
                    let payload: Option<Vec<u8>> = row.try_get("payload")?;
                    Ok(Begun {
                        job: read(&row)?,
                        payload: payload.ok_or(StoreError::Row("a job without a payload"))?,
                    })
                })
                .transpose()
            }

            pub(in crate::store) async fn end(pool: &Pool, id: &JobId, ending: &Ending) -> Result<bool, StoreError> {
                let (presentation, error) = match ending {
                    Ending::Succeeded(presentation) => (Some(&presentation[..]), None),
                    Ending::Failed(code) => (None, Some(*code)),
                    Ending::Refused | Ending::Cancelled => (None, None),
                };
                let mut transaction = pool.begin_with($begin).await?;
                let done = sqlx::query(
                    "UPDATE disclosures SET state = $2, ended = $3, presentation = $4, error = $5, payload = NULL \
                     WHERE id = $1 AND state IN (1, 2)",
                )
                .bind(id.to_string())
                .bind(ending.state() as i64)
                .bind(Instant::now().0)
                .bind(presentation)
                .bind(error)
                .execute(&mut *transaction)
                .await?;
                if done.rows_affected() != 1 {
                    return Ok(false);
                }
                events::$name::ended(&mut transaction, id, ending).await?;
                transaction.commit().await?;
                Ok(true)
            }

            pub(in crate::store) async fn state(pool: &Pool, id: &JobId) -> Result<Option<State>, StoreError> {
                let state: Option<i64> = sqlx::query_scalar("SELECT state FROM disclosures WHERE id = $1")
                    .bind(id.to_string())
                    .fetch_optional(pool)
                    .await?;
                state.map(|state| State::of(state).ok_or(StoreError::Row("a state"))).transpose()
            }

            pub(in crate::store) async fn recent(pool: &Pool, after: Instant) -> Result<Vec<Standing>, StoreError> {
                let rows =
                    sqlx::query("SELECT id, state, attempts FROM disclosures WHERE state IN (1, 2) OR ended > $1")
                        .bind(after.0)
                        .fetch_all(pool)
                        .await?;
                rows.iter()
                    .map(|row| {
                        let (name, attempts): (String, i64) = (row.try_get("id")?, row.try_get("attempts")?);
                        Ok(Standing {
                            id: JobId::from_str(&name).map_err(|_| StoreError::Row("a job's name"))?,
                            state: State::of(row.try_get("state")?).ok_or(StoreError::Row("a state"))?,
                            attempts: u32::try_from(attempts).unwrap_or(u32::MAX),
                        })
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
    async |connection, tasks: Vec<_>| apalis_sqlite::queries::push_tasks(connection, QUEUE, &tasks).await
);
statements!(
    postgres,
    sqlx::Postgres,
    "BEGIN",
    "migrations/postgres",
    apalis_postgres::PostgresStorage::migrations,
    async |connection, tasks: Vec<_>| apalis_postgres::queries::push_tasks(connection, QUEUE, tasks).await
);
