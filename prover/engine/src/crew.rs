//! Several proofs at a time: one on each core, so that none waits for another, and a person's before
//! a batch's.

use crate::error::ProveError;
use crate::stage::ProveStage;
use crate::{Engine, Proven};
use medproof_keys::Progress;
use medproof_statement::check::Witness;
use medproof_statement::public::PublicInputs;
use std::convert::Infallible;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// An engine whose proofs share a machine.
pub struct Crew<E> {
    engine: E,
    threads: NonZeroUsize,
    gate: Gate,
}

impl<E: Engine> Crew<E> {
    /// For batches on so many threads.
    pub fn new(engine: E, threads: NonZeroUsize) -> Self {
        let gate = Gate::default();
        Crew { engine, threads, gate }
    }

    /// The engine itself.
    pub fn engine(&self) -> &E {
        &self.engine
    }

    /// Proves at once, on all cores: batches wait, each proof at its next checkpoint.
    ///
    /// # Errors
    /// As [`Engine::prove`].
    pub fn prove(
        &self,
        public: &PublicInputs,
        witness: &Witness,
        progress: &dyn Progress<ProveStage>,
    ) -> Result<Proven, ProveError> {
        let _urgent = self.gate.urgent();
        self.engine.prove(public, witness, progress)
    }

    /// Proves each statement, on one thread each; results are in the statements' order. The progress
    /// follows all of them, and stops all.
    pub fn batch(
        &self,
        statements: &[(PublicInputs, Witness)],
        progress: &dyn Progress<ProveStage>,
    ) -> Vec<Result<Proven, ProveError>> {
        let done = Mutex::new(Vec::with_capacity(statements.len()));
        let work = |i: usize, prove: &Prove<'_>| {
            if let Some((public, witness)) = statements.get(i) {
                let proven = prove(public, witness);
                done.lock().unwrap_or_else(PoisonError::into_inner).push((i, proven));
            }
            Ok::<(), Infallible>(())
        };
        // There is no way to fail.
        let _ = self.each(statements.len(), progress, work);
        let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        done.sort_by_key(|(i, _)| *i);
        done.into_iter().map(|(_, proven)| proven).collect()
    }

    /// As [`Crew::batch`], for more statements than memory has room for: `work` is given the place of each, in
    /// order, makes the statement, proves it with what it is handed, and keeps the proof.
    ///
    /// # Errors
    /// The first of `work`: nothing is begun after it, and what was begun by then comes to its end.
    pub fn each<F: Send>(
        &self,
        count: usize,
        progress: &dyn Progress<ProveStage>,
        work: impl Fn(usize, &Prove<'_>) -> Result<(), F> + Sync,
    ) -> Result<(), F> {
        let next = AtomicUsize::new(0);
        let failed = Mutex::new(None);
        let gated = Gated {
            gate: &self.gate,
            progress,
        };
        let prove = |public: &PublicInputs, witness: &Witness| self.engine.prove(public, witness, &gated);
        let work = || {
            while let Some(i) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|i| *i < count) {
                if let Err(error) = work(i, &prove) {
                    next.store(count, Ordering::Relaxed);
                    let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                    failed.get_or_insert(error);
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..self.threads.get().min(count) {
                scope.spawn(|| alone(work));
            }
        });
        let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
        failed.map_or(Ok(()), Err)
    }
}

/// Proves one statement of many.
pub type Prove<'a> = dyn Fn(&PublicInputs, &Witness) -> Result<Proven, ProveError> + 'a;

// In a pool of one thread, so that a proof's parts stay where the proof is. Where the system gives no
// thread, in the pool that all share.
fn alone(work: impl Fn() + Sync + Send) {
    match rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .use_current_thread()
        .build()
    {
        Ok(pool) => pool.install(work),
        Err(_) => work(),
    }
}

/// Keeps batches waiting while something is urgent.
#[derive(Default)]
struct Gate {
    urgent: Mutex<usize>,
    changed: Condvar,
}

// How often who waits looks whether it is to stop.
const GLANCE: Duration = Duration::from_millis(10);

impl Gate {
    fn count(&self) -> MutexGuard<'_, usize> {
        self.urgent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn urgent(&self) -> Urgent<'_> {
        *self.count() += 1;
        Urgent(self)
    }

    // Returns when nothing is urgent, or the work is to stop.
    fn pass(&self, stopped: impl Fn() -> bool) {
        let mut urgent = self.count();
        while *urgent > 0 && !stopped() {
            let waited = self.changed.wait_timeout(urgent, GLANCE);
            urgent = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

// Held while something is urgent.
struct Urgent<'a>(&'a Gate);

impl Drop for Urgent<'_> {
    fn drop(&mut self) {
        *self.0.count() -= 1;
        self.0.changed.notify_all();
    }
}

// Waits at the gate whenever it is asked whether to stop.
struct Gated<'a> {
    gate: &'a Gate,
    progress: &'a dyn Progress<ProveStage>,
}

impl Progress<ProveStage> for Gated<'_> {
    fn advance(&self, stage: ProveStage, done: u64, total: u64) {
        self.progress.advance(stage, done, total);
    }

    fn cancelled(&self) -> bool {
        self.gate.pass(|| self.progress.cancelled());
        self.progress.cancelled()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;
    use std::sync::mpsc;

    #[test]
    fn who_is_not_urgent_waits_until_nothing_is() {
        let gate = Gate::default();
        let (first, second) = (gate.urgent(), gate.urgent());
        let (passed, waiting) = mpsc::channel();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                gate.pass(|| false);
                passed.send(()).unwrap();
            });
            drop(first);
            assert!(waiting.recv_timeout(Duration::from_millis(50)).is_err());
            drop(second);
            assert!(waiting.recv_timeout(Duration::from_secs(10)).is_ok());
        });
        gate.pass(|| false);
    }

    #[test]
    fn who_waits_can_be_stopped() {
        let gate = Gate::default();
        let _urgent = gate.urgent();
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| gate.pass(|| stop.load(Ordering::SeqCst)));
            stop.store(true, Ordering::SeqCst);
            waiting.join().unwrap();
        });
    }
}
