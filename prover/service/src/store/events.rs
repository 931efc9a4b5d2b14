//! The statements about events, once for both databases.
//!
//! Events are told from their places, and who has read up to a place must never miss one before it: so whoever
//! writes events holds the lock on their order until its transaction ends. In SQLite that is the file's.

use super::{AT_ONCE, Ending, NewJob, Owner, StoreError};
use crate::events::{Addressee, Event, EventId, Kind, NewEvent};
use crate::job::{Instant, JobId};
use medproof_messages::Presentation;
use medproof_statement::field;
use medproof_statement::request::Purpose;
use sqlx::{QueryBuilder, Row};
use std::str::FromStr;
use std::time::Duration;

/// How long events are kept.
pub const KEPT: Duration = Duration::from_secs(90 * 86_400);

/// Why a caller reads events: of each it is kept how far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Means {
    /// It acknowledged those of the stream.
    Stream = 1,
    /// They were made into deliveries.
    Webhook = 2,
}

/// Whom and what about: jobs with presentations, as events about the ledger find them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Concerned {
    /// Jobs whose presentation was made under this consent.
    Handle([u8; 32]),
    /// Jobs whose presentation is under this root, unless they were found before.
    Root([u8; 32]),
    /// Audiences with presentations under this key.
    Key([u8; 32]),
    /// Audiences with presentations.
    All,
}

/// Something on the ledger that is to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerNotice {
    /// What.
    pub kind: Kind,
    /// To whom.
    pub concerned: Concerned,
    /// Where on the ledger: nobody is told twice of the same place.
    pub place: String,
}

/// An event to be delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Its place.
    pub place: i64,
    /// It.
    pub event: Event,
    /// How often it was tried, this time included.
    pub attempts: u32,
}

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivered {
    /// The receiver took it.
    Taken,
    /// It did not: to be tried then.
    Later(Instant),
    /// It is tried no more.
    GivenUp,
}

const EVENT: &str = "place, id, kind, job, request, made";
// Parameters 1 to 3 are an owner's. A caller's name may be empty, as those of events to audiences are.
const OWNED: &str = "tenant = $1 AND ((caller = $2 AND caller <> '') OR (audience = $3 AND audience <> ''))";

macro_rules! statements {
    ($name:ident, $database:ty, $begin:literal, $ordered:expr) => {
        pub(in crate::store) mod $name {
            use super::*;

            type Database = $database;
            type Pool = sqlx::Pool<Database>;
            type Connection = <Database as sqlx::Database>::Connection;

            /// Writes events within a transaction: they are told if it is committed, after all that were before.
            pub(in crate::store) async fn write(
                connection: &mut Connection,
                events: &[NewEvent],
            ) -> Result<(), StoreError> {
                if events.is_empty() {
                    return Ok(());
                }
                if let Some(lock) = $ordered {
                    sqlx::query(lock).execute(&mut *connection).await?;
                }
                let mut ids = Vec::with_capacity(events.len());
                for _ in events {
                    ids.push(EventId::random().map_err(|e| StoreError::Random(e.to_string()))?.to_string());
                }
                let (events, now) = (events.iter().zip(ids).collect::<Vec<_>>(), Instant::now());
                for events in events.chunks(AT_ONCE) {
                    let mut statement = QueryBuilder::<Database>::new(
                        "INSERT INTO events (id, tenant, caller, audience, kind, subject, job, request, made) ",
                    );
                    statement.push_values(events, |mut row, (event, id)| {
                        let (caller, audience) = match &event.to {
                            Addressee::Caller(name) => (name.as_str(), ""),
                            Addressee::Audience(did) => ("", did.as_str()),
                        };
                        row.push_bind(id).push_bind(&event.tenant).push_bind(caller).push_bind(audience);
                        row.push_bind(event.kind as i64).push_bind(&event.subject);
                        row.push_bind(event.job.map(|job| job.to_string()));
                        row.push_bind(event.request.as_ref().map(|digest| &digest[..])).push_bind(now.0);
                    });
                    statement.push(" ON CONFLICT DO NOTHING").build().execute(&mut *connection).await?;
                }
                Ok(())
            }

            /// Within a submission's transaction: what events about its jobs are about.
            pub(in crate::store) async fn submitted(
                connection: &mut Connection,
                owner: &Owner,
                jobs: &[NewJob],
            ) -> Result<(), StoreError> {
                for job in jobs {
                    sqlx::query(
                        "INSERT INTO subjects (job, tenant, caller, audience, request, emergency) \
                         VALUES ($1, $2, $3, $4, $5, $6)",
                    )
                    .bind(job.id.to_string())
                    .bind(&owner.tenant)
                    .bind(&owner.caller)
                    .bind(&job.about.audience)
                    .bind(&job.about.request[..])
                    .bind(i64::from(job.about.purpose == Purpose::EmergencyTreatment))
                    .execute(&mut *connection)
                    .await?;
                }
                Ok(())
            }

            /// Within the transaction that ends a job: tells its sponsor, and of a presentation who submitted.
            pub(in crate::store) async fn ended(
                connection: &mut Connection,
                id: &JobId,
                ending: &Ending,
            ) -> Result<(), StoreError> {
                let Some(subject) = subject(connection, id).await? else {
                    return Ok(());
                };
                let mut events = vec![subject.to_audience(*id, Kind::JobEnded)];
                if let Ending::Succeeded(presentation) = ending {
                    // What a worker hands in that is none is told of as any end.
                    if let Ok(presentation) = Presentation::from_bytes(presentation) {
                        shown(connection, id, &presentation).await?;
                    }
                    events.push(subject.to_caller(*id, Kind::ConsentUsed));
                    if subject.emergency {
                        events.push(subject.to_caller(*id, Kind::EmergencyDisclosure));
                    }
                }
                write(connection, &events).await
            }

            async fn shown(
                connection: &mut Connection,
                id: &JobId,
                presentation: &Presentation,
            ) -> Result<(), StoreError> {
                sqlx::query("UPDATE subjects SET root = $2, handle = $3, key_id = $4 WHERE job = $1")
                    .bind(id.to_string())
                    .bind(&field::to_bytes(&presentation.public.registry_root)[..])
                    .bind(&field::to_bytes(&presentation.public.consent_handle)[..])
                    .bind(&presentation.key_id.0[..])
                    .execute(&mut *connection)
                    .await?;
                Ok(())
            }

            async fn subject(connection: &mut Connection, id: &JobId) -> Result<Option<Subject>, StoreError> {
                let row = sqlx::query("SELECT tenant, caller, audience, request, emergency FROM subjects WHERE job = $1")
                    .bind(id.to_string())
                    .fetch_optional(&mut *connection)
                    .await?;
                let read = |row: <Database as sqlx::Database>::Row| {
                    Ok(Subject {
                        tenant: row.try_get(0)?,
                        caller: row.try_get(1)?,
                        audience: row.try_get(2)?,
                        request: digest(row.try_get(3)?)?,
                        emergency: row.try_get::<i64, _>(4)? != 0,
                    })
                };
                row.map(read).transpose()
            }

            /// Within the transaction that hands a presentation to its sponsor: tells who submitted, once.
            pub(in crate::store) async fn released(connection: &mut Connection, id: &JobId) -> Result<(), StoreError> {
                match subject(connection, id).await? {
                    Some(subject) => write(connection, &[subject.to_caller(*id, Kind::DisclosureReleased)]).await,
                    None => Ok(()),
                }
            }

            pub(in crate::store) async fn tell(pool: &Pool, events: &[NewEvent]) -> Result<(), StoreError> {
                let mut transaction = pool.begin_with($begin).await?;
                write(&mut transaction, events).await?;
                Ok(transaction.commit().await?)
            }

            pub(in crate::store) async fn roots(pool: &Pool) -> Result<Vec<[u8; 32]>, StoreError> {
                let roots: Vec<Vec<u8>> =
                    sqlx::query_scalar("SELECT DISTINCT root FROM subjects WHERE superseded = 0 AND root IS NOT NULL")
                        .fetch_all(pool)
                        .await?;
                roots.into_iter().map(digest).collect()
            }

            pub(in crate::store) async fn cursor(pool: &Pool, ledger: &str) -> Result<Option<String>, StoreError> {
                let cursor = sqlx::query_scalar("SELECT cursor FROM ledgers WHERE ledger = $1")
                    .bind(ledger)
                    .fetch_optional(pool)
                    .await?;
                Ok(cursor)
            }

            pub(in crate::store) async fn noticed(
                pool: &Pool,
                ledger: &str,
                notices: &[LedgerNotice],
                cursor: &str,
            ) -> Result<(), StoreError> {
                let mut transaction = pool.begin_with($begin).await?;
                for notice in notices {
                    let events = concerned(&mut transaction, notice).await?;
                    write(&mut transaction, &events).await?;
                }
                sqlx::query(
                    "INSERT INTO ledgers (ledger, cursor) VALUES ($1, $2) \
                     ON CONFLICT (ledger) DO UPDATE SET cursor = excluded.cursor",
                )
                .bind(ledger)
                .bind(cursor)
                .execute(&mut *transaction)
                .await?;
                Ok(transaction.commit().await?)
            }

            async fn concerned(
                connection: &mut Connection,
                notice: &LedgerNotice,
            ) -> Result<Vec<NewEvent>, StoreError> {
                let jobs = |statement, bytes: [u8; 32]| sqlx::query(statement).bind(bytes.to_vec());
                let rows = match &notice.concerned {
                    Concerned::Handle(handle) => jobs(
                        "SELECT tenant, audience, job, request FROM subjects WHERE handle = $1 ORDER BY job",
                        *handle,
                    ),
                    Concerned::Root(root) => jobs(
                        "UPDATE subjects SET superseded = 1 WHERE superseded = 0 AND root = $1 \
                         RETURNING tenant, audience, job, request",
                        *root,
                    ),
                    Concerned::Key(key) => jobs(
                        "SELECT DISTINCT tenant, audience FROM subjects WHERE key_id = $1 ORDER BY tenant, audience",
                        *key,
                    ),
                    Concerned::All => sqlx::query(
                        "SELECT DISTINCT tenant, audience FROM subjects WHERE key_id IS NOT NULL \
                         ORDER BY tenant, audience",
                    ),
                };
                let rows = rows.fetch_all(&mut *connection).await?;
                let about_jobs = matches!(notice.concerned, Concerned::Handle(_) | Concerned::Root(_));
                let read = |row: &<Database as sqlx::Database>::Row| {
                    let name: Option<String> = if about_jobs { Some(row.try_get("job")?) } else { None };
                    let request = if about_jobs { Some(digest(row.try_get("request")?)?) } else { None };
                    Ok(NewEvent {
                        tenant: row.try_get("tenant")?,
                        to: Addressee::Audience(row.try_get("audience")?),
                        kind: notice.kind,
                        // Of a job once, wherever it happens again.
                        subject: name.clone().unwrap_or_else(|| notice.place.clone()),
                        job: name.as_deref().map(job).transpose()?,
                        request,
                    })
                };
                rows.iter().map(read).collect()
            }

            pub(in crate::store) async fn events(
                pool: &Pool,
                owner: &Owner,
                after: i64,
                count: u32,
            ) -> Result<Vec<(i64, Event)>, StoreError> {
                let statement =
                    format!("SELECT {EVENT} FROM events WHERE {OWNED} AND place > $4 ORDER BY place LIMIT $5");
                let rows = sqlx::query(sqlx::AssertSqlSafe(statement))
                    .bind(&owner.tenant)
                    .bind(&owner.caller)
                    .bind(&owner.audience)
                    .bind(after)
                    .bind(i64::from(count))
                    .fetch_all(pool)
                    .await?;
                rows.iter().map(event).collect()
            }

            pub(in crate::store) async fn place(
                pool: &Pool,
                owner: &Owner,
                id: &EventId,
            ) -> Result<Option<i64>, StoreError> {
                let statement = format!("SELECT place FROM events WHERE {OWNED} AND id = $4");
                let place = sqlx::query_scalar(sqlx::AssertSqlSafe(statement))
                    .bind(&owner.tenant)
                    .bind(&owner.caller)
                    .bind(&owner.audience)
                    .bind(id.to_string())
                    .fetch_optional(pool)
                    .await?;
                Ok(place)
            }

            pub(in crate::store) async fn acknowledged(pool: &Pool, owner: &Owner) -> Result<i64, StoreError> {
                read_up_to(&mut *pool.acquire().await?, owner, Means::Stream).await
            }

            async fn read_up_to(
                connection: &mut Connection,
                owner: &Owner,
                means: Means,
            ) -> Result<i64, StoreError> {
                let place = sqlx::query_scalar(
                    "SELECT place FROM event_readers WHERE tenant = $1 AND caller = $2 AND means = $3",
                )
                .bind(&owner.tenant)
                .bind(&owner.caller)
                .bind(means as i64)
                .fetch_optional(connection)
                .await?;
                Ok(place.unwrap_or_default())
            }

            pub(in crate::store) async fn acknowledge(
                pool: &Pool,
                owner: &Owner,
                place: i64,
            ) -> Result<(), StoreError> {
                reach(&mut *pool.acquire().await?, owner, Means::Stream, place).await
            }

            // Never back.
            async fn reach(
                connection: &mut Connection,
                owner: &Owner,
                means: Means,
                place: i64,
            ) -> Result<(), StoreError> {
                sqlx::query(
                    "INSERT INTO event_readers (tenant, caller, means, place) VALUES ($1, $2, $3, $4) \
                     ON CONFLICT (tenant, caller, means) DO UPDATE SET place = excluded.place \
                     WHERE event_readers.place < excluded.place",
                )
                .bind(&owner.tenant)
                .bind(&owner.caller)
                .bind(means as i64)
                .bind(place)
                .execute(connection)
                .await?;
                Ok(())
            }

            pub(in crate::store) async fn due(
                pool: &Pool,
                owner: &Owner,
                now: Instant,
                lease: Instant,
                count: u32,
            ) -> Result<Vec<Due>, StoreError> {
                let mut transaction = pool.begin_with($begin).await?;
                let from = read_up_to(&mut transaction, owner, Means::Webhook).await?;
                let statement = format!("SELECT place FROM events WHERE {OWNED} AND place > $4 ORDER BY place LIMIT 500");
                let places: Vec<i64> = sqlx::query_scalar(sqlx::AssertSqlSafe(statement))
                    .bind(&owner.tenant)
                    .bind(&owner.caller)
                    .bind(&owner.audience)
                    .bind(from)
                    .fetch_all(&mut *transaction)
                    .await?;
                for place in &places {
                    sqlx::query(
                        "INSERT INTO deliveries (place, tenant, caller, state, due) VALUES ($1, $2, $3, 1, $4) \
                         ON CONFLICT DO NOTHING",
                    )
                    .bind(place)
                    .bind(&owner.tenant)
                    .bind(&owner.caller)
                    .bind(now.0)
                    .execute(&mut *transaction)
                    .await?;
                }
                if let Some(last) = places.last() {
                    reach(&mut transaction, owner, Means::Webhook, *last).await?;
                }
                // Who takes one and never says what became of it leaves it due when its time is over.
                let taken = sqlx::query(
                    "UPDATE deliveries SET due = $4, attempts = attempts + 1 \
                     WHERE tenant = $1 AND caller = $2 AND state = 1 AND due <= $3 AND place IN \
                     (SELECT place FROM deliveries WHERE tenant = $1 AND caller = $2 AND state = 1 AND due <= $3 \
                      ORDER BY due, place LIMIT $5) RETURNING place, attempts",
                )
                .bind(&owner.tenant)
                .bind(&owner.caller)
                .bind(now.0)
                .bind(lease.0)
                .bind(i64::from(count))
                .fetch_all(&mut *transaction)
                .await?;
                let mut due = Vec::with_capacity(taken.len());
                for row in &taken {
                    let (place, attempts): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
                    let statement = format!("SELECT {EVENT} FROM events WHERE place = $1");
                    let row = sqlx::query(sqlx::AssertSqlSafe(statement))
                        .bind(place)
                        .fetch_one(&mut *transaction)
                        .await?;
                    due.push(Due {
                        place,
                        event: event(&row)?.1,
                        attempts: u32::try_from(attempts).unwrap_or(u32::MAX),
                    });
                }
                transaction.commit().await?;
                due.sort_by_key(|due| due.place);
                Ok(due)
            }

            pub(in crate::store) async fn delivered(
                pool: &Pool,
                owner: &Owner,
                place: i64,
                delivered: Delivered,
            ) -> Result<(), StoreError> {
                let statement = match delivered {
                    Delivered::Taken => "DELETE FROM deliveries WHERE place = $1 AND tenant = $2 AND caller = $3 AND due >= $4",
                    Delivered::Later(_) => {
                        "UPDATE deliveries SET due = $4 WHERE place = $1 AND tenant = $2 AND caller = $3 AND state = 1"
                    }
                    Delivered::GivenUp => {
                        "UPDATE deliveries SET state = 2, due = $4 WHERE place = $1 AND tenant = $2 AND caller = $3"
                    }
                };
                let due = match delivered {
                    Delivered::Later(then) => then.0,
                    Delivered::Taken | Delivered::GivenUp => 0,
                };
                sqlx::query(statement)
                    .bind(place)
                    .bind(&owner.tenant)
                    .bind(&owner.caller)
                    .bind(due)
                    .execute(pool)
                    .await?;
                Ok(())
            }

            pub(in crate::store) async fn given_up(pool: &Pool, owner: &Owner) -> Result<u64, StoreError> {
                let count: i64 = sqlx::query_scalar(
                    "SELECT COUNT(*) FROM deliveries WHERE tenant = $1 AND caller = $2 AND state = 2",
                )
                .bind(&owner.tenant)
                .bind(&owner.caller)
                .fetch_one(pool)
                .await?;
                Ok(u64::try_from(count).unwrap_or_default())
            }

            pub(in crate::store) async fn forget(pool: &Pool, before: Instant) -> Result<u64, StoreError> {
                let done = sqlx::query("DELETE FROM events WHERE made < $1").bind(before.0).execute(pool).await?;
                Ok(done.rows_affected())
            }

            fn event(row: &<Database as sqlx::Database>::Row) -> Result<(i64, Event), StoreError> {
                let (id, name): (String, Option<String>) = (row.try_get("id")?, row.try_get("job")?);
                let request: Option<Vec<u8>> = row.try_get("request")?;
                let event = Event {
                    id: EventId::from_str(&id).map_err(|_| StoreError::Row("an event's name"))?,
                    kind: Kind::of(row.try_get("kind")?).ok_or(StoreError::Row("an event's kind"))?,
                    job: name.as_deref().map(job).transpose()?,
                    request: request.map(digest).transpose()?,
                    made: Instant(row.try_get("made")?),
                };
                Ok((row.try_get("place")?, event))
            }
        }
    };
}

/// Whom a job's events concern.
struct Subject {
    tenant: String,
    caller: String,
    audience: String,
    request: [u8; 32],
    emergency: bool,
}

impl Subject {
    fn to_audience(&self, job: JobId, kind: Kind) -> NewEvent {
        self.event(
            job,
            kind,
            Addressee::Audience(self.audience.clone()),
            Some(self.request),
        )
    }

    fn to_caller(&self, job: JobId, kind: Kind) -> NewEvent {
        self.event(job, kind, Addressee::Caller(self.caller.clone()), None)
    }

    fn event(&self, job: JobId, kind: Kind, to: Addressee, request: Option<[u8; 32]>) -> NewEvent {
        NewEvent {
            tenant: self.tenant.clone(),
            to,
            kind,
            subject: job.to_string(),
            job: Some(job),
            request,
        }
    }
}

fn job(name: &str) -> Result<JobId, StoreError> {
    JobId::from_str(name).map_err(|_| StoreError::Row("a job's name"))
}

fn digest(bytes: Vec<u8>) -> Result<[u8; 32], StoreError> {
    bytes.try_into().map_err(|_| StoreError::Row("a digest"))
}

statements!(sqlite, sqlx::Sqlite, "BEGIN IMMEDIATE", None::<&'static str>);
// "medproof events" has this number.
statements!(
    postgres,
    sqlx::Postgres,
    "BEGIN",
    Some("SELECT pg_advisory_xact_lock(7309475598860321381)")
);
