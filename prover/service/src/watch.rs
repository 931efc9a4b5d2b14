//! Who follows which job.
//!
//! What happens in this process is told at once. What happens elsewhere is seen by looking at the store,
//! once for all who follow the same job.

use crate::job::{Job, JobId};
use medproof_engine::ProveStage;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// Where a job is, as far as this process knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct At {
    /// What it is busy with, where it is worked on in this process.
    pub stage: Option<ProveStage>,
    // Changes with everything that happens to it.
    turn: u64,
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

    /// It is worked on here.
    pub fn tell(&self, job: &Job) {
        self.changed(&job.id);
    }

    /// It is busy with this, here.
    pub fn at(&self, job: &Job, stage: ProveStage) {
        self.change(&job.id, |at| at.stage = Some(stage));
    }

    /// Something happened to it.
    pub fn changed(&self, id: &JobId) {
        self.change(id, |at| at.stage = None);
    }

    fn change(&self, id: &JobId, change: impl FnOnce(&mut At)) {
        if let Some(followed) = self.all().get(id) {
            followed.send_modify(|at| {
                change(at);
                at.turn += 1;
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
