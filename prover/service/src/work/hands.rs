//! A worker's jobs, whatever becomes of the queue that gave them.
//!
//! The job library forgets what it gave out once it loses the store, and takes a job whose work failed for one that its
//! worker still has: for as long as that worker lives nobody else is given it. So a job that was given is a task of its
//! own here, and asks the store until it answers.

use super::Worker;
use crate::job::JobId;
use crate::store::StoreError;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use tokio_util::task::TaskTracker;

// Before a store that failed is asked again.
const PAUSE: Duration = Duration::from_millis(500);

/// What a worker has in its hands.
pub(super) struct Hands {
    worker: Arc<Worker>,
    jobs: TaskTracker,
    stop: watch::Receiver<bool>,
}

impl Hands {
    pub(super) fn new(worker: Arc<Worker>, stop: watch::Receiver<bool>) -> Hands {
        Hands {
            worker,
            jobs: TaskTracker::new(),
            stop,
        }
    }

    /// Works on a job, and returns once there is a hand for the next: how this one ended is written meanwhile.
    pub(super) async fn take(&self, id: JobId) {
        let (answered, free) = oneshot::channel();
        self.jobs
            .spawn(work(Arc::clone(&self.worker), self.stop.clone(), id, answered));
        // However it ended: what holds the sender is gone then.
        let _ = free.await;
    }

    /// Until nothing is in hand.
    pub(super) async fn empty(&self) {
        self.jobs.close();
        self.jobs.wait().await;
    }
}

async fn work(worker: Arc<Worker>, stop: watch::Receiver<bool>, id: JobId, answered: oneshot::Sender<()>) {
    let Some(given) = insist(&stop, || worker.store.given(&id)).await else {
        return;
    };
    let stopped = Arc::new(AtomicBool::new(false));
    // That it is begun is written while it is worked on, and before it ends.
    let begun = async {
        let begun = insist(&stop, || worker.begin(&id)).await == Some(true);
        stopped.store(!begun, Ordering::Relaxed);
        begun
    };
    let answer = async {
        match &given {
            Some(given) => Some(worker.answer(given, &stopped).await),
            None => None,
        }
    };
    let (true, Some(answer)) = tokio::join!(begun, answer) else {
        return;
    };
    // To the others it was ours for as long as that took, whether anybody waits for the hand or not.
    let _ = answered.send(());
    let _ = insist(&stop, || worker.end(&answer)).await;
}

// Asks the store until it answers. Where it fails and the worker is to stop, others are given the job; what cannot be
// understood will not be, however often it is asked.
async fn insist<T, F: Future<Output = Result<T, StoreError>>>(
    stop: &watch::Receiver<bool>,
    ask: impl Fn() -> F,
) -> Option<T> {
    loop {
        match ask().await {
            Ok(answer) => return Some(answer),
            Err(error) if *stop.borrow() || !matches!(error, StoreError::Database(_)) => {
                tracing::error!(%error, "the store failed, and the job is given up");
                return None;
            }
            Err(error) => tracing::warn!(%error, "the store failed: it is asked again"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    // How often a store is asked that fails like this, and answers from the third time on.
    async fn asked(stop: bool, error: fn() -> StoreError) -> (usize, Option<()>) {
        let times = AtomicUsize::new(0);
        let (_told, stop) = watch::channel(stop);
        let answer = insist(&stop, async || match times.fetch_add(1, Ordering::Relaxed) {
            0 | 1 => Err(error()),
            _ => Ok(()),
        });
        let answer = answer.await;
        (times.into_inner(), answer)
    }

    #[tokio::test]
    async fn a_store_that_fails_is_asked_until_it_answers() {
        let lost: fn() -> StoreError = || StoreError::Database(sqlx::Error::PoolTimedOut);
        assert_eq!(asked(false, lost).await, (3, Some(())));
        // Not by a worker that stops, and not about what nobody will understand.
        assert_eq!(asked(true, lost).await, (1, None));
        assert_eq!(asked(false, || StoreError::Row("a job")).await, (1, None));
    }
}
