//! Who follows which job.
//!
//! What happens in this process is told at once. What happens elsewhere is seen by looking at the store,
//! once for all who follow the same job.

use crate::job::{Instant, JobId};
use crate::store::{Standing, Store};
use medproof_engine::ProveStage;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// Where a job is, as far as this process knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct At {
    /// What it is busy with, where it is worked on in this process.
    pub stage: Option<ProveStage>,
    /// Changes with everything that happens to it in the store: not with what it is busy with.
    pub turn: u64,
}

/// All who follow jobs.
#[derive(Debug, Default)]
pub struct Hub(Mutex<HashMap<JobId, watch::Sender<At>>>);

impl Hub {
    fn all(&self) -> MutexGuard<'_, HashMap<JobId, watch::Sender<At>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Follows a job. Who is gone is forgotten when somebody comes.
    pub fn follow(&self, id: JobId) -> watch::Receiver<At> {
        let mut all = self.all();
        all.retain(|_, followed| !followed.is_closed());
        all.entry(id).or_default().subscribe()
    }

    /// It is busy with this, here.
    pub fn at(&self, id: &JobId, stage: ProveStage) {
        self.change(id, |at| at.stage = Some(stage));
    }

    /// Something happened to it.
    pub fn changed(&self, id: &JobId) {
        self.change(id, |at| {
            at.stage = None;
            at.turn += 1;
        });
    }

    // Something happened to it elsewhere.
    fn seen(&self, id: &JobId) {
        self.change(id, |at| at.turn += 1);
    }

    fn followed(&self) -> HashSet<JobId> {
        let mut all = self.all();
        all.retain(|_, followed| !followed.is_closed());
        all.keys().copied().collect()
    }

    fn change(&self, id: &JobId, change: impl FnOnce(&mut At)) {
        if let Some(followed) = self.all().get(id) {
            followed.send_modify(change);
        }
    }
}

// How soon is seen what another process did.
const GLANCE: Duration = Duration::from_millis(500);
// Clocks of machines may differ by as much.
const SKEW: i64 = 60_000_000;

/// Looks at the store, once for all who follow jobs in this process, for what others do to them.
pub async fn look_out(store: Store, hub: Arc<Hub>) {
    let mut before: HashMap<JobId, Standing> = HashMap::new();
    loop {
        tokio::time::sleep(GLANCE).await;
        let followed = hub.followed();
        if followed.is_empty() {
            before.clear();
            continue;
        }
        // Where the store does not answer, who follows is told later.
        let Ok(recent) = store.recent(Instant(Instant::now().0 - SKEW)).await else {
            continue;
        };
        let now = recent.into_iter().filter(|standing| followed.contains(&standing.id));
        let now: HashMap<JobId, Standing> = now.map(|standing| (standing.id, standing)).collect();
        for (id, standing) in &now {
            if before.get(id) != Some(standing) {
                hub.seen(id);
            }
        }
        before = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_job_is_busy_with_is_told_and_changes_nothing_in_the_store() {
        let (hub, job) = (Hub::default(), JobId::random().unwrap());
        let followed = hub.follow(job);
        hub.changed(&job);
        let before = *followed.borrow();
        hub.at(&job, ProveStage::Prove);
        assert!(followed.has_changed().unwrap());
        let at = *followed.borrow();
        assert_eq!((at.stage, at.turn), (Some(ProveStage::Prove), before.turn));
        hub.changed(&job);
        assert_eq!((followed.borrow().stage, followed.borrow().turn), (None, at.turn + 1));
        hub.seen(&job);
        assert_eq!(followed.borrow().turn, at.turn + 2);
    }

    #[test]
    fn who_follows_is_told_and_who_is_gone_forgotten() {
        let (hub, [one, other]) = (Hub::default(), [(); 2].map(|()| JobId::random().unwrap()));
        let mut followed = hub.follow(one);
        let also = hub.follow(one);
        assert!(!followed.has_changed().unwrap());
        hub.changed(&other);
        assert!(!followed.has_changed().unwrap());
        hub.changed(&one);
        assert!(followed.has_changed().unwrap() && also.has_changed().unwrap());
        followed.mark_unchanged();
        assert!(!followed.has_changed().unwrap());
        drop((followed, also));
        let _third = hub.follow(other);
        assert_eq!(hub.all().len(), 1);
    }
}
