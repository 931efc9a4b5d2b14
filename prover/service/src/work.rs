//! A worker: takes jobs, proves, and says how they ended.
//!
//! It needs the store, the key that payloads are sealed to, proving keys and the ledger: no records. A
//! worker that dies gives its jobs back when its heartbeats have been missing for some seconds; what two
//! workers make of one job, one ends.

mod answer;
mod queue;
mod steps;

pub use answer::{Answerer, NoStatement, Outcome, Prover, signer, statement};
pub use queue::{Settings, Wake, run};

use crate::job::{JobId, State};
use crate::metrics::{Metrics, state_name};
use crate::payload::Payload;
use crate::seal::WorkKey;
use crate::store::{ATTEMPTS, Begun, Ending, Store, StoreError};
use crate::times::Times;
use crate::watch::Hub;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use steps::Steps;
use tracing::{Instrument, Span};

/// What a worker works with.
pub struct Worker {
    /// Where jobs are.
    pub store: Store,
    /// What payloads are sealed to.
    pub key: WorkKey,
    /// What answers.
    pub answerer: Arc<dyn Answerer>,
    /// How long answers have taken.
    pub times: Arc<Times>,
    /// Who follows jobs in this process.
    pub hub: Arc<Hub>,
    /// What is counted.
    pub metrics: Metrics,
}

// How often it is looked whether a job was ended by others.
const GLANCE: Duration = Duration::from_millis(500);

impl Worker {
    /// Works on a job, to its end. An error is the store's: the queue gives the job to somebody again.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn work(self: &Arc<Self>, id: JobId) -> Result<(), StoreError> {
        let Some(begun) = self.store.begin(&id).await? else {
            return Ok(());
        };
        self.hub.changed(&id);
        self.metrics.begun(&begun.job);
        let start = Instant::now();
        let span = tracing::info_span!("job", %id, tier = begun.job.tier.name(), state = tracing::field::Empty);
        let ending = self.ending(&begun).instrument(span.clone()).await;
        if ending == Ending::Refused {
            // As long as some proof, so that time tells nothing.
            tokio::time::sleep(self.times.like_one(begun.job.tier).saturating_sub(start.elapsed())).await;
        }
        let ended = self.store.end(&id, &ending).await?;
        if ended {
            span.record("state", state_name(ending.state()));
            self.metrics.ended(begun.job.tier, ending.state(), start.elapsed());
        }
        if ended && matches!(ending, Ending::Succeeded(_)) {
            self.times.took(begun.job.tier, start.elapsed());
        }
        self.hub.changed(&id);
        Ok(())
    }

    async fn ending(self: &Arc<Self>, begun: &Begun) -> Ending {
        // Begun before, again and again, and never ended: what it is given breaks workers.
        if begun.job.attempts > ATTEMPTS {
            return Ending::Failed("job.poison");
        }
        let id = begun.job.id;
        let payload = match self.key.open(&id, &begun.payload) {
            Ok(bytes) => Payload::decode(&bytes),
            Err(_) => return Ending::Failed("worker.key"),
        };
        let Ok(payload) = payload else {
            return Ending::Failed("worker.version");
        };
        let stopped = Arc::new(AtomicBool::new(false));
        let watched = tokio::spawn(stopped_by_others(self.store.clone(), id, Arc::clone(&stopped)));
        let worker = Arc::clone(self);
        let (tier, span) = (begun.job.tier, Span::current());
        let answered = tokio::task::spawn_blocking(move || {
            let steps = Steps::new(&worker, id, tier, stopped, span);
            worker.answerer.answer(&payload, &steps)
        });
        let outcome = answered.await;
        watched.abort();
        match outcome {
            Ok(Outcome::Proved(presentation)) => Ending::Succeeded(presentation),
            Ok(Outcome::Refused) => Ending::Refused,
            Ok(Outcome::Failed(code)) => Ending::Failed(code),
            Ok(Outcome::Stopped) => Ending::Cancelled,
            Err(_) => Ending::Failed("prover.panicked"),
        }
    }
}

async fn stopped_by_others(store: Store, id: JobId, stopped: Arc<AtomicBool>) {
    loop {
        tokio::time::sleep(GLANCE).await;
        // Where the store does not answer, work goes on: it is found at its end.
        if let Ok(state) = store.state(&id).await
            && state != Some(State::Running)
        {
            stopped.store(true, Ordering::Relaxed);
            return;
        }
    }
}
