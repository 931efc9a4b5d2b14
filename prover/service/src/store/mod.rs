//! Jobs on disk: in one SQLite file, or in PostgreSQL.
//!
//! A submission is one transaction: idempotency, jobs and their places in the queue are there together
//! or not at all, and on disk before it returns. The queue is the job library's
//! ([`apalis`](https://docs.rs/apalis)); what callers see is here.

mod askers;
mod cohorts;
mod consents;
mod events;
mod load;
mod log;
mod share;
mod sql;

pub use askers::{Asker, AskerLimits, Denied, Unusual};
pub use cohorts::{Cohort, CohortReleased, CohortState, NewCohort, Unchecked};
pub use consents::{AfterConsent, ConsentRow, Unpublished, Whose};
pub use events::{Concerned, Delivered, Due, KEPT as EVENTS_KEPT, LedgerNotice};
pub use load::Full;
pub use log::{Line, Lines};

use crate::about::{About, Handle, Pseudonym};
use crate::caller::Caller;
use crate::events::{Event, EventId, NewEvent};
use crate::job::{CohortId, Instant, Job, JobId, State};
use medproof_audit::tree::{Hash, Head, NodeId};
use medproof_statement::tier::Tier;
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, SqliteConnection};
use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;
use thiserror::Error;

/// The queue's name in the job library's tables.
pub const QUEUE: &str = "disclosures";

/// How often work on a job is begun before it is given up.
pub const ATTEMPTS: u32 = 4;

// For a connection.
const PATIENCE: Duration = Duration::from_secs(5);
// Rows of a statement: their values are fewer than either database takes.
const AT_ONCE: usize = 1000;
// At a time, of a file.
const READERS: u32 = 8;

/// How long an idempotency key is remembered.
pub const REMEMBERED: Duration = Duration::from_secs(7 * 86_400);

/// Why the store did not do what was asked.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The database, or the way to it.
    #[error("the store: {0}")]
    Database(#[from] sqlx::Error),
    /// Its tables could not be made or are another version's.
    #[error("the store's tables: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// A later version wrote it.
    #[error("expected a store of this version, found one of a later: run the version that wrote it")]
    Newer,
    /// The queue's part of it.
    #[error("the store's queue: {0}")]
    Queue(String),
    /// Neither SQLite nor PostgreSQL.
    #[error("expected a store at `sqlite:FILE` or `postgres://…`, found {0}")]
    Url(String),
    /// No name could be drawn.
    #[error("the operating system gives no randomness: {0}")]
    Random(String),
    /// A row that this version did not write.
    #[error("the store has a job of another version: {0}")]
    Row(&'static str),
}

/// What is put in the queue.
pub struct NewJob {
    /// Its name.
    pub id: JobId,
    /// Whose request it is, about whom, on which consent.
    pub about: About,
    /// The size of its circuit.
    pub tier: Tier,
    /// Sealed to the workers.
    pub payload: Vec<u8>,
}

/// What is to be remembered of a submission that may come again.
pub struct Once<'a> {
    /// The caller's key.
    pub key: &'a str,
    /// Of what was asked.
    pub digest: [u8; 32],
}

/// Who waits for a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// A cohort.
    Batch = 0,
    /// A person.
    Person = 10,
}

/// What became of a submission.
#[derive(Debug, PartialEq, Eq)]
pub enum Submitted<T = Vec<Job>> {
    /// It was made.
    New(T),
    /// The same was submitted under the same key before.
    Again(T),
    /// Something else was.
    OtherUnderKey,
    /// More work waits than may.
    Full(Full),
    /// Its asker may not ask that.
    Denied {
        /// Which of the jobs, or members.
        place: usize,
        /// Why.
        denied: Denied,
    },
}

/// How much may be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Work that may wait or be worked on, as so many proofs of the smallest tier.
    pub most_work: u64,
    /// Of one tenant's.
    pub most_work_of_tenant: u64,
    /// How long a person's job may be expected to wait.
    pub longest_wait: Option<Duration>,
    /// What an asker may.
    pub askers: AskerLimits,
}

/// What is handed out.
#[derive(Debug, PartialEq, Eq)]
pub enum Released {
    /// A presentation.
    Presentation(Vec<u8>),
    /// There is none, or its consent was revoked.
    Nothing,
    /// Its asker is suspended.
    Suspended,
}

/// What a worker works on.
#[derive(Debug)]
pub struct Given {
    /// The job's name.
    pub id: JobId,
    /// The size of its circuit.
    pub tier: Tier,
    /// How often work on it was begun.
    pub attempts: u32,
    /// Sealed to the workers.
    pub payload: Vec<u8>,
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With a presentation.
    Succeeded(Vec<u8>),
    /// Without one, whatever the reason.
    Refused,
    /// It could not be worked on: a stable code.
    Failed(&'static str),
    /// Somebody ended it.
    Cancelled,
}

impl Ending {
    pub(crate) fn state(&self) -> State {
        match self {
            Ending::Succeeded(_) => State::Succeeded,
            Ending::Refused => State::Refused,
            Ending::Failed(_) => State::Failed,
            Ending::Cancelled => State::Cancelled,
        }
    }
}

/// How a job stands, in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Which.
    pub id: JobId,
    /// How it stands.
    pub state: State,
    /// How often work on it was begun.
    pub attempts: u32,
}

/// Whose jobs are meant.
#[derive(Clone, Debug)]
pub struct Owner {
    tenant: String,
    caller: String,
    // Empty: nobody's requests.
    audience: String,
}

impl Owner {
    /// All that is a tenant's, whoever brought it: for those who operate the service.
    #[must_use]
    pub fn tenant(name: &str) -> Owner {
        Owner {
            tenant: name.to_owned(),
            caller: String::new(),
            audience: String::new(),
        }
    }
}

impl From<&Caller> for Owner {
    fn from(caller: &Caller) -> Owner {
        Owner {
            tenant: caller.tenant.clone(),
            caller: caller.name.clone(),
            audience: caller.audience().unwrap_or_default(),
        }
    }
}

// In a log.
impl std::fmt::Display for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.tenant, self.caller)
    }
}

/// Where a page begins: after this job, which was submitted then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct After {
    /// When it was submitted.
    pub submitted: Instant,
    /// Its name.
    pub id: JobId,
}

/// Jobs on disk.
#[derive(Clone, Debug)]
pub enum Store {
    /// In a file.
    Sqlite {
        /// Over the one connection that writes: whoever waits for the file's lock waits in a row for it. SQLite itself
        /// has no row, and whoever finds the lock taken sleeps, longer each time, while others take it.
        write: sqlx::SqlitePool,
        /// Over connections that only read: of those there are enough that nobody who writes waits for them.
        read: sqlx::SqlitePool,
    },
    /// In a server.
    Postgres(sqlx::PgPool),
}

// A first connection finds, in the log before the database, transactions that a process wrote whole and never brought to the
// disk: killed, or told by the disk that it could not. They count from now on, so they are brought there before anything
// is answered out of them.
async fn made_durable(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query("PRAGMA wal_checkpoint(PASSIVE)")
        .execute(connection)
        .await?;
    Ok(())
}

// A transaction that a full disk ended is ended in SQLite, and cannot be rolled back any more: the library counts it as
// open for ever, and would begin no other over that connection.
async fn is_whole(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    if connection.is_in_transaction() {
        // One that was dropped is rolled back before this is answered.
        connection.ping().await?;
    }
    Ok(!connection.is_in_transaction())
}

// The same of both, over a connection that does what is needed: `read` or `write`.
macro_rules! either {
    ($store:expr, $access:ident $module:ident :: $function:ident ( $($argument:expr),* )) => {
        match $store {
            Store::Sqlite { $access: pool, .. } => $module::sqlite::$function(pool $(, $argument)*).await,
            Store::Postgres(pool) => $module::postgres::$function(pool $(, $argument)*).await,
        }
    };
}

impl Store {
    /// Opens it, and makes or updates its tables.
    ///
    /// # Errors
    /// [`StoreError`] where there is none or it is another's.
    pub async fn open(url: &str) -> Result<Store, StoreError> {
        let store = if url.starts_with("sqlite:") {
            // A file does not go away as a server does: it is not asked whether it is there.
            let pool = |most| {
                let options = SqlitePoolOptions::new().max_connections(most);
                options.acquire_timeout(PATIENCE).test_before_acquire(false)
            };
            // First the one that makes the file, and makes durable what is in it.
            let write = pool(1)
                .after_connect(|connection, _| Box::pin(made_durable(connection)))
                .after_release(|connection, _| Box::pin(is_whole(connection)))
                .connect_with(file(url)?);
            let write = write.await?;
            let read = pool(READERS).connect_with(file(url)?.pragma("query_only", "ON"));
            Store::Sqlite {
                write,
                read: read.await?,
            }
        } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            Store::Postgres(
                PgPoolOptions::new()
                    .max_connections(16)
                    .acquire_timeout(PATIENCE)
                    .connect(url)
                    .await?,
            )
        } else {
            // Not the whole of it: it may hold a password.
            let scheme = url.split_once(':').map_or("no scheme", |(scheme, _)| scheme);
            return Err(StoreError::Url(scheme.to_owned()));
        };
        either!(&store, write sql::migrate())?;
        Ok(store)
    }

    /// Puts jobs in the queue, all or none, within these bounds.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was put anywhere.
    pub async fn submit(
        &self,
        owner: &Owner,
        jobs: &[NewJob],
        urgency: Urgency,
        once: Option<&Once<'_>>,
        bounds: &Bounds,
    ) -> Result<Submitted, StoreError> {
        either!(self, write sql::submit(owner, jobs, urgency, once, bounds))
    }

    /// Takes a cohort, all of it or nothing, within these bounds.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was put anywhere.
    pub async fn submit_cohort(
        &self,
        owner: &Owner,
        cohort: &NewCohort,
        once: Option<&Once<'_>>,
        bounds: &Bounds,
    ) -> Result<Submitted<Cohort>, StoreError> {
        either!(self, write cohorts::submit(owner, cohort, once, bounds))
    }

    /// A cohort of this owner's; nobody else's is told from one that does not exist.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn cohort(&self, owner: &Owner, id: &CohortId) -> Result<Option<Cohort>, StoreError> {
        either!(self, read cohorts::cohort(owner, id))
    }

    /// Cohorts of this owner's, the newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn cohorts(&self, owner: &Owner, after: Option<After>, count: u32) -> Result<Vec<Cohort>, StoreError> {
        either!(self, read cohorts::list(owner, after, count))
    }

    /// At most so many members of a tenant's oldest cohort that are to be checked next.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn unchecked(&self, tenant: &str, most: u32) -> Result<Option<Unchecked>, StoreError> {
        either!(self, read cohorts::unchecked(tenant, most))
    }

    /// Members of a cohort were checked, from one place up to another; of these are eligible whose jobs are given,
    /// sealed to the workers. Whether it is noted: it is not where it was before, or the cohort has ended.
    ///
    /// # Errors
    /// [`StoreError`]: they are to be checked still.
    pub async fn checked(
        &self,
        id: &CohortId,
        from: u64,
        upto: u64,
        eligible: &[(JobId, Vec<u8>)],
    ) -> Result<bool, StoreError> {
        either!(self, write cohorts::checked(id, from, upto, eligible))
    }

    /// Ends a cohort that cannot be worked on, by a stable code, unless it has ended.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn fail_cohort(&self, id: &CohortId, code: &str) -> Result<(), StoreError> {
        either!(self, write cohorts::fail(id, code))
    }

    /// Ends this owner's cohort, unless it has ended. How it stands now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn cancel_cohort(&self, owner: &Owner, id: &CohortId) -> Result<Option<Cohort>, StoreError> {
        either!(self, write cohorts::cancel(owner, id))
    }

    /// The presentations of this owner's complete cohort: to be looked at, not to be handed out.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn cohort_made(&self, owner: &Owner, id: &CohortId) -> Result<Vec<(JobId, Vec<u8>)>, StoreError> {
        either!(self, read cohorts::made(owner, id))
    }

    /// Of these jobs of this owner's complete cohort, the presentations, to be handed out. No revocation was
    /// acknowledged before of a consent that one of them was made on.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn release_cohort(
        &self,
        owner: &Owner,
        id: &CohortId,
        wanted: &[JobId],
    ) -> Result<CohortReleased, StoreError> {
        either!(self, write cohorts::release(owner, id, wanted))
    }

    /// Whether so much more work is too much, as [`Store::submit`] would find after so many proofs that are arriving: to
    /// be asked before anything is done for it. What was submitted under this key before is none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn busy(
        &self,
        owner: &Owner,
        key: Option<&str>,
        work: u64,
        arriving: u64,
        urgency: Urgency,
        bounds: &Bounds,
    ) -> Result<Option<Full>, StoreError> {
        either!(self, read load::busy(owner, key, work, arriving, urgency, bounds))
    }

    /// A worker works, on so many jobs at a time. To be said again and again.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn works(&self, worker: &str, at_once: u64) -> Result<(), StoreError> {
        either!(self, write load::works(worker, at_once, Instant::now()))
    }

    /// A worker works no more.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn rests(&self, worker: &str) -> Result<(), StoreError> {
        either!(self, write load::rests(worker, Instant::now()))
    }

    /// A job of this owner's; nobody else's is told from one that does not exist.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn job(&self, owner: &Owner, id: &JobId) -> Result<Option<Job>, StoreError> {
        either!(self, read sql::job(owner, id))
    }

    /// Jobs of this owner's, the newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn jobs(
        &self,
        owner: &Owner,
        state: Option<State>,
        after: Option<After>,
        count: u32,
    ) -> Result<Vec<Job>, StoreError> {
        either!(self, read sql::jobs(owner, state, after, count))
    }

    /// The presentation of this owner's job, where it has one: to be looked at, not to be handed out.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn made(&self, owner: &Owner, id: &JobId) -> Result<Option<Vec<u8>>, StoreError> {
        either!(self, read sql::made(owner, id))
    }

    /// The presentation of this owner's job, to be handed out. No revocation was acknowledged before.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn release(&self, owner: &Owner, id: &JobId) -> Result<Released, StoreError> {
        either!(self, write sql::release(owner, id))
    }

    /// Ends a consent. Once this has returned nothing is handed out on it. With a secret, the ledger is to be told.
    /// Jobs that were ended by it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn revoke(&self, consent: &Handle, secret: Option<&[u8; 32]>) -> Result<Vec<JobId>, StoreError> {
        either!(self, write sql::revoke(consent, secret))
    }

    /// Ends jobs about a patient, and destroys what they made; of one who was erased, whatever was noted as well.
    /// Jobs that were ended, and the place of the last line of the log that tells of it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn end_about(
        &self,
        tenant: &str,
        pseudonym: &Pseudonym,
        erased: bool,
    ) -> Result<(Vec<JobId>, u64), StoreError> {
        either!(self, write sql::end_about(tenant, pseudonym, erased))
    }

    /// Revocations that the ledger is yet to be told of.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn unpublished(&self) -> Result<Vec<Unpublished>, StoreError> {
        either!(self, read consents::unpublished())
    }

    /// The ledger knows of this revocation.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn published(&self, consent: &Handle) -> Result<(), StoreError> {
        either!(self, write consents::published(consent))
    }

    /// Consents that came here, the newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn consents(
        &self,
        owner: &Owner,
        whose: &Whose,
        after: Option<AfterConsent>,
        count: u32,
    ) -> Result<Vec<ConsentRow>, StoreError> {
        either!(self, read consents::list(owner, whose, after, count))
    }

    /// Logs that consents' time is over, of at most a hundred. Of how many.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn expire(&self) -> Result<usize, StoreError> {
        either!(self, write sql::expire())
    }

    /// The head of a tenant's log.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn log_head(&self, tenant: &str) -> Result<Head, StoreError> {
        either!(self, read log::head(tenant))
    }

    /// Notes a head of a tenant's log that is to be published on the ledger, which calls the log so.
    ///
    /// # Errors
    /// [`StoreError`]: it is not to be published.
    pub async fn note_anchor(&self, tenant: &str, log: &[u8; 32], head: &Head) -> Result<(), StoreError> {
        either!(self, write log::note_anchor(tenant, log, head))
    }

    /// Of how many entries a head is that was noted, by its commitment.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn anchor(&self, tenant: &str, log: &[u8; 32], head: &[u8; 32]) -> Result<Option<u64>, StoreError> {
        either!(self, read log::anchor(tenant, log, head))
    }

    /// Of these nodes of a tenant's log, those that are complete.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn log_nodes(&self, tenant: &str, ids: &[NodeId]) -> Result<BTreeMap<NodeId, Hash>, StoreError> {
        either!(self, read log::nodes(tenant, ids))
    }

    /// Lines of a tenant's log, from a place on.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn log_lines(&self, tenant: &str, whose: &Lines, from: u64, count: u32) -> Result<Vec<Line>, StoreError> {
        either!(self, read log::lines(tenant, whose, from, count))
    }

    /// Suspends an asker. Whether it was not before.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn suspend(&self, tenant: &str, audience: &str, reason: Unusual) -> Result<bool, StoreError> {
        either!(self, write sql::suspend(tenant, audience, reason))
    }

    /// Lets an asker ask again. Whether it was suspended.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn restore(&self, tenant: &str, audience: &str) -> Result<bool, StoreError> {
        either!(self, write sql::restore(tenant, audience))
    }

    /// A tenant's askers after this one, in the order of their DIDs.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn askers(&self, tenant: &str, after: &str, count: u32) -> Result<Vec<Asker>, StoreError> {
        either!(self, read askers::list(tenant, after, count))
    }

    /// Ends this owner's job, unless it has ended. How it stands now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn cancel(&self, owner: &Owner, id: &JobId) -> Result<Option<Job>, StoreError> {
        either!(self, write sql::cancel(owner, id))
    }

    /// What work on a job needs, unless it has ended. [`Store::begin`] says that it is worked on.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn given(&self, id: &JobId) -> Result<Option<Given>, StoreError> {
        either!(self, read sql::given(id))
    }

    /// Notes that work on a job begins, unless it has ended.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn begin(&self, id: &JobId) -> Result<Option<Job>, StoreError> {
        either!(self, write sql::begin(id))
    }

    /// Ends a job, and destroys what work on it needed. Whether it did: one that has ended is left as it
    /// is, so that of two workers on one job one ends it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn end(&self, id: &JobId, ending: &Ending) -> Result<bool, StoreError> {
        either!(self, write sql::end(id, ending))
    }

    /// How a job stands, whoever's it is: for workers.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn state(&self, id: &JobId) -> Result<Option<State>, StoreError> {
        either!(self, read sql::state(id))
    }

    /// How all jobs and cohorts stand that have not ended, or ended after this: for who follows some of them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn recent(&self, after: Instant) -> Result<Vec<Standing>, StoreError> {
        either!(self, read sql::recent(after))
    }

    /// How many jobs stand how, of those that have not ended: for operators.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn counts(&self) -> Result<Vec<(Tier, State, u64)>, StoreError> {
        either!(self, read sql::counts())
    }

    /// Writes events. Those of what was told before are left out.
    ///
    /// # Errors
    /// [`StoreError`]: none was written.
    pub async fn tell(&self, events: &[NewEvent]) -> Result<(), StoreError> {
        either!(self, write events::tell(events))
    }

    /// This owner's events after a place, with theirs, in their order.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn events(&self, owner: &Owner, after: i64, count: u32) -> Result<Vec<(i64, Event)>, StoreError> {
        either!(self, read events::events(owner, after, count))
    }

    /// The place of this owner's event; nobody else's is told from one that is not there.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn place_of_event(&self, owner: &Owner, id: &EventId) -> Result<Option<i64>, StoreError> {
        either!(self, read events::place(owner, id))
    }

    /// The place up to which this owner acknowledged its events.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn acknowledged(&self, owner: &Owner) -> Result<i64, StoreError> {
        either!(self, read events::acknowledged(owner))
    }

    /// That this owner took care of its events up to a place. Never back.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn acknowledge(&self, owner: &Owner, place: i64) -> Result<(), StoreError> {
        either!(self, write events::acknowledge(owner, place))
    }

    /// Takes at most so many of this owner's deliveries that are due. One of which [`Store::delivered`] is not
    /// called is due again when the lease is over.
    ///
    /// # Errors
    /// [`StoreError`]: none was taken.
    pub async fn due(&self, owner: &Owner, now: Instant, lease: Instant, count: u32) -> Result<Vec<Due>, StoreError> {
        either!(self, write events::due(owner, now, lease, count))
    }

    /// What became of a delivery.
    ///
    /// # Errors
    /// [`StoreError`]: it will be due again.
    pub async fn delivered(&self, owner: &Owner, place: i64, delivered: Delivered) -> Result<(), StoreError> {
        either!(self, write events::delivered(owner, place, delivered))
    }

    /// How many of this owner's deliveries were given up.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn given_up(&self, owner: &Owner) -> Result<u64, StoreError> {
        either!(self, read events::given_up(owner))
    }

    /// Deletes events that were written before, and their deliveries. How many.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn forget_events(&self, before: Instant) -> Result<u64, StoreError> {
        either!(self, write events::forget(before))
    }

    /// The roots that presentations are under, but for those that are known to be superseded.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn roots(&self) -> Result<Vec<[u8; 32]>, StoreError> {
        either!(self, read events::roots())
    }

    /// How far a ledger was watched, as it was written; none if it never was.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn ledger_cursor(&self, ledger: &str) -> Result<Option<String>, StoreError> {
        either!(self, read events::cursor(ledger))
    }

    /// Tells whom it concerns what was noticed on a ledger, and how far it was watched: both or nothing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn noticed(&self, ledger: &str, notices: &[LedgerNotice], cursor: &str) -> Result<(), StoreError> {
        either!(self, write events::noticed(ledger, notices, cursor))
    }

    /// Closes it, so that what was written is in its place.
    pub async fn close(&self) {
        match self {
            Store::Sqlite { write, read } => {
                read.close().await;
                write.close().await;
            }
            Store::Postgres(pool) => pool.close().await,
        }
    }
}

// Written to disk before a transaction is said to be done; what is deleted is overwritten.
fn file(url: &str) -> Result<SqliteConnectOptions, StoreError> {
    let options = SqliteConnectOptions::from_str(url)?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .pragma("secure_delete", "ON")
        .busy_timeout(Duration::from_secs(10));
    Ok(options)
}
