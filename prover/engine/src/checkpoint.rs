//! Where a proof may be stopped, or kept waiting, in the middle.

use medproof_keys::{Cancelled, Progress};

/// Passed between pieces of work of some milliseconds each, from several threads.
pub trait Checkpoint: Sync {
    /// Returns when the work may go on.
    ///
    /// # Errors
    /// [`Cancelled`] when it is to stop.
    fn pass(&self) -> Result<(), Cancelled>;
}

/// Stops when a progress says so.
pub(crate) struct Watched<'a, S>(pub(crate) &'a dyn Progress<S>);

impl<S> Checkpoint for Watched<'_, S> {
    fn pass(&self) -> Result<(), Cancelled> {
        if self.0.cancelled() { Err(Cancelled) } else { Ok(()) }
    }
}

/// Never stops.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unstoppable;

impl Checkpoint for Unstoppable {
    fn pass(&self) -> Result<(), Cancelled> {
        Ok(())
    }
}
