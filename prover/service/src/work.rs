//! A worker: takes jobs, proves, and says how they ended.
//!
//! It needs the store, the key that payloads are sealed to, proving keys and the ledger: no records. A
//! worker that dies gives its jobs back when its heartbeats have been missing for some seconds; what two
//! workers make of one job, one ends. While the end of a job is written, the next is begun.

mod answer;
mod hands;
mod queue;
mod steps;

pub use answer::{Answerer, NoStatement, Outcome, Prover, signer, statement};
pub use queue::{Settings, Wake, run};

use crate::job::{JobId, State};
use crate::metrics::{Metrics, state_name};
use crate::payload::Payload;
use crate::seal::WorkKey;
use crate::store::{ATTEMPTS, Ending, Given, Store, StoreError};
use crate::times::Times;
use crate::watch::Hub;
use medproof_statement::tier::Tier;
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

// What came of a job, not in the store yet.
struct Answered {
    id: JobId,
    tier: Tier,
    began: Instant,
    ending: Ending,
    span: Span,
}

impl Worker {
    // Notes that a job is worked on; whether it is still to be.
    async fn begin(&self, id: &JobId) -> Result<bool, StoreError> {
        let begun = self.store.begin(id).await?;
        if let Some(job) = &begun {
            self.hub.changed(id);
            self.metrics.begun(job);
        }
        Ok(begun.is_some())
    }

    async fn answer(self: &Arc<Self>, given: &Given, stopped: &Arc<AtomicBool>) -> Answered {
        let began = Instant::now();
        let (id, tier) = (given.id, given.tier);
        let span = tracing::info_span!("job", %id, tier = tier.name(), state = tracing::field::Empty);
        let ending = self.ending(given, stopped).instrument(span.clone()).await;
        if ending == Ending::Refused {
            // As long as some proof, so that time tells nothing.
            tokio::time::sleep(self.times.like_one(tier).saturating_sub(began.elapsed())).await;
        }
        Answered {
            id,
            tier,
            began,
            ending,
            span,
        }
    }

    async fn end(&self, answered: &Answered) -> Result<(), StoreError> {
        let Answered { id, tier, ending, .. } = answered;
        let took = answered.began.elapsed();
        if self.store.end(id, ending).await? {
            answered.span.record("state", state_name(ending.state()));
            self.metrics.ended(*tier, ending.state(), took);
            if matches!(ending, Ending::Succeeded(_)) {
                self.times.took(*tier, took);
            }
        }
        self.hub.changed(id);
        Ok(())
    }

    async fn ending(self: &Arc<Self>, given: &Given, stopped: &Arc<AtomicBool>) -> Ending {
        // Begun before, again and again, and never ended: what it is given breaks workers.
        if given.attempts >= ATTEMPTS {
            return Ending::Failed("job.poison");
        }
        let id = given.id;
        let payload = match self.key.open(&id, &given.payload) {
            Ok(bytes) => Payload::decode(&bytes),
            Err(_) => return Ending::Failed("worker.key"),
        };
        let Ok(payload) = payload else {
            return Ending::Failed("worker.version");
        };
        let watched = tokio::spawn(stopped_by_others(self.store.clone(), id, Arc::clone(stopped)));
        let (worker, stopped) = (Arc::clone(self), Arc::clone(stopped));
        let (tier, span) = (given.tier, Span::current());
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
            && !matches!(state, Some(State::Queued | State::Running))
        {
            stopped.store(true, Ordering::Relaxed);
            return;
        }
    }
}
