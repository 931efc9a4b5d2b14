//! How work that takes seconds tells its caller how far it is, and learns that it should stop.

use thiserror::Error;

/// Follows work whose stages are named by `S`.
pub trait Progress<S>: Sync {
    /// `done` of `total` units of this stage are done. Called from several threads, and often.
    fn advance(&self, stage: S, done: u64, total: u64);

    /// Whether to stop. Asked between pieces of work.
    fn cancelled(&self) -> bool {
        false
    }
}

/// Follows nothing and never stops the work.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quiet;

impl<S> Progress<S> for Quiet {
    fn advance(&self, _: S, _: u64, _: u64) {}
}

/// The work was stopped as asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("cancelled")]
pub struct Cancelled;

/// Stops the work if that was asked.
pub(crate) fn check<S>(progress: &dyn Progress<S>) -> Result<(), Cancelled> {
    if progress.cancelled() { Err(Cancelled) } else { Ok(()) }
}
