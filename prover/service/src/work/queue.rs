//! The job library's part: who takes which job, and who has died.

use super::Worker;
use super::hands::Hands;
use crate::job::JobId;
use crate::store::{QUEUE, Store};
use apalis::prelude::{BackendExt, BoxDynError, Data, Strategy, WorkerBuilder, WorkerBuilderExt, WorkerError};
use futures::stream;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// How a worker takes jobs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its name: no two workers that live have the same.
    pub name: String,
    /// How many jobs it works on at a time.
    pub at_once: usize,
}

// A worker that has missed two of them is dead.
const HEARTBEAT: Duration = Duration::from_secs(5);
const MISSED: usize = 2;
// How soon a job is found that another process put there.
const GLANCE: Duration = Duration::from_millis(250);

// Before a queue that failed is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// Wakes a worker of this process, so that what is submitted here is begun at once.
#[derive(Clone, Debug, Default)]
pub struct Wake(Arc<Notify>);

impl Wake {
    /// There is something to do.
    pub fn wake(&self) {
        self.0.notify_one();
    }

    fn strategy(&self) -> Strategy {
        let woken = stream::unfold(Arc::clone(&self.0), |notify| async move {
            notify.notified().await;
            Some(((), notify))
        });
        Strategy::new().stream(Box::pin(woken)).interval(GLANCE)
    }
}

macro_rules! run_on {
    ($storage:ty, $config:ty, $pool:expr, $name:expr, $settings:expr, $wake:expr, $hands:expr, $stop:expr) => {{
        let config = <$config>::default()
            .queue(QUEUE)
            .batch_size($settings.at_once)
            .heartbeat_interval(HEARTBEAT)
            .missed_heartbeats(MISSED)
            // How a job ended is ours to write, and with it goes its row here: see `Store::end`.
            .lock_tasks(false)
            .persist_results(false);
        let backend = <$storage>::new($pool)
            .with_config(config)
            .poll_with_strategy($wake.strategy());
        WorkerBuilder::new($name)
            .backend(backend)
            .concurrency($settings.at_once)
            .data($hands)
            .build(work)
            .run_until(stopped($stop))
            .await
    }};
}

/// Works until told to stop; what was begun by then is brought to its end. Where the store is lost, it is
/// tried again.
pub async fn run(worker: Arc<Worker>, settings: &Settings, wake: &Wake, stop: watch::Receiver<bool>) {
    let store = worker.store.clone();
    let said = tokio::spawn(says_so(store.clone(), settings.clone()));
    let hands = Arc::new(Hands::new(worker, stop.clone()));
    let mut lives = 0;
    while let Err(error) = once(&store, &hands, &life(settings, lives), settings, wake, stop.clone()).await {
        if *stop.borrow() {
            break;
        }
        tracing::error!(%error, "the queue failed: it is tried again");
        tokio::time::sleep(PAUSE).await;
        lives += 1;
    }
    hands.empty().await;
    said.abort();
    // Where the store is gone it is found out later.
    let _ = store.rests(&settings.name).await;
}

// Each life in the queue has a name of its own: what the queue gave under one that ended, and nobody heard of, is given to
// others once that name is missed.
fn life(settings: &Settings, lives: u64) -> String {
    match lives {
        0 => settings.name.clone(),
        lives => format!("{}, life {}", settings.name, lives + 1),
    }
}

// That it works, to who reckons with its hands.
async fn says_so(store: Store, settings: Settings) {
    loop {
        // Where the store is gone nobody reckons.
        let _ = store.works(&settings.name, settings.at_once as u64).await;
        tokio::time::sleep(HEARTBEAT).await;
    }
}

async fn once(
    store: &Store,
    hands: &Arc<Hands>,
    name: &str,
    settings: &Settings,
    wake: &Wake,
    stop: watch::Receiver<bool>,
) -> Result<(), WorkerError> {
    use apalis_postgres::PostgresStorage;
    use apalis_sqlite::SqliteStorage;
    let hands = Arc::clone(hands);
    match store {
        Store::Sqlite { write: pool, .. } => {
            run_on!(
                SqliteStorage<String>,
                apalis_sqlite::Config,
                pool,
                name,
                settings,
                wake,
                hands,
                stop
            )
        }
        Store::Postgres(pool) => {
            run_on!(
                PostgresStorage<String>,
                apalis_postgres::Config,
                pool,
                name,
                settings,
                wake,
                hands,
                stop
            )
        }
    }
}

async fn stopped(mut stop: watch::Receiver<bool>) -> Result<(), std::io::Error> {
    // Where nobody is left to say so, too.
    let _ = stop.wait_for(|stop| *stop).await;
    Ok(())
}

async fn work(name: String, hands: Data<Arc<Hands>>) -> Result<(), BoxDynError> {
    let id: JobId = name.parse()?;
    hands.take(id).await;
    Ok(())
}
