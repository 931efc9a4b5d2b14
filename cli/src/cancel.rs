//! Ctrl-C: the first asks the work to stop where it can stop cleanly, the second ends the process.
//!
//! Everything that is written appears whole by a rename, so even the second leaves no half file
//! under its name.

use crate::error::CliError;
use std::sync::atomic::{AtomicBool, Ordering};

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// Listens for Ctrl-C from now on.
pub(crate) fn listen() {
    // Where no handler can be set the system's own stands: the process ends at once.
    let _ = ctrlc::set_handler(ask);
}

/// Asks the work to stop; who asks a second time ends the process.
pub(crate) fn ask() {
    if REQUESTED.swap(true, Ordering::SeqCst) {
        std::process::exit(130);
    }
}

/// Whether it was asked.
#[must_use]
pub fn requested() -> bool {
    REQUESTED.load(Ordering::SeqCst)
}

/// Stops here if it was asked.
///
/// # Errors
/// [`CliError::cancelled`].
pub fn check() -> Result<(), CliError> {
    if requested() {
        Err(CliError::cancelled())
    } else {
        Ok(())
    }
}
