//! How far a job is: told to who follows it, and timed for operators.

use super::Worker;
use crate::job::JobId;
use crate::metrics::Metrics;
use crate::watch::Hub;
use medproof_engine::ProveStage;
use medproof_keys::Progress;
use medproof_statement::tier::Tier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tracing::Span;

/// Tells how far a job is.
pub struct Steps<'a> {
    hub: &'a Hub,
    metrics: &'a Metrics,
    id: JobId,
    tier: Tier,
    stopped: Arc<AtomicBool>,
    job: Span,
    // What it is busy with, since when.
    busy: Mutex<Option<Busy>>,
}

struct Busy {
    stage: ProveStage,
    since: Instant,
    // Ends with it.
    _span: Span,
}

impl<'a> Steps<'a> {
    /// Of this worker's job.
    pub fn new(worker: &'a Worker, id: JobId, tier: Tier, stopped: Arc<AtomicBool>, job: Span) -> Steps<'a> {
        Steps {
            hub: &worker.hub,
            metrics: &worker.metrics,
            id,
            tier,
            stopped,
            job,
            busy: Mutex::default(),
        }
    }

    fn busy(&self) -> MutexGuard<'_, Option<Busy>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ended(&self, busy: Option<Busy>) {
        if let Some(busy) = busy {
            self.metrics.stage(self.tier, busy.stage, busy.since.elapsed());
        }
    }
}

impl Progress<ProveStage> for Steps<'_> {
    fn advance(&self, stage: ProveStage, _: u64, _: u64) {
        // The engine says it again and again, and who follows is woken each time that it is told.
        let mut busy = self.busy();
        if busy.as_ref().is_some_and(|busy| busy.stage == stage) {
            return;
        }
        self.hub.at(&self.id, stage);
        let next = Busy {
            stage,
            since: Instant::now(),
            _span: tracing::info_span!(parent: &self.job, "stage", stage = ?stage),
        };
        let before = busy.replace(next);
        drop(busy);
        self.ended(before);
    }

    fn cancelled(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}

impl Drop for Steps<'_> {
    fn drop(&mut self) {
        let last = self.busy().take();
        self.ended(last);
    }
}
