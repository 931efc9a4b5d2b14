//! δ of one circuit: `.zkey` files of snarkjs.
//!
//! [`Initial`] is the key with δ = 1, as it follows from verified powers and the circuit: the same for
//! whoever computes it. Each contribution multiplies δ by a secret x, and divides by it what is over δ:
//! the L and the H query. A [`Verified`] key is one that was made so, and only to such a key can be
//! contributed.

mod beginning;
mod contribute;
mod initial;
#[cfg(test)]
mod tests;
mod verify;

pub use contribute::Entropy;
pub use initial::Initial;
pub(crate) use initial::require_circuit;
pub use verify::{Verified, check_delta, contribution_hash};

use crate::phase1::PowersError;
use crate::ratio::NoRandomness;
use medproof_keys::Cancelled;
use medproof_keys::circom::FormatError;
use medproof_keys::fit::Misfit;
use thiserror::Error;

/// Why there is no key, or none that can be used.
#[derive(Debug, Error)]
pub enum Phase2Error {
    /// Powers that cannot be used.
    #[error(transparent)]
    Powers(#[from] PowersError),
    /// Not a file of its form.
    #[error("not a .zkey of Groth16: {0}")]
    Format(#[from] FormatError),
    /// Queries that do not fit their circuit.
    #[error(transparent)]
    Misfit(#[from] Misfit),
    /// Another circuit's, or of other powers.
    #[error(
        "{part} is not that of this circuit and these powers of tau: the key is another ceremony's, or was altered"
    )]
    Other {
        /// Of the key.
        part: &'static str,
    },
    /// No key to begin with.
    #[error("{part} is not that of a key before any contribution: it is no initial key of this circuit")]
    NotInitial {
        /// Of the key.
        part: &'static str,
    },
    /// A contribution does not follow from what was before it.
    #[error("contribution {turn}: {what} does not follow from what was before: do not use the key")]
    Contribution {
        /// From 1.
        turn: usize,
        /// Which part of it.
        what: &'static str,
    },
    /// A beacon that is not what it says.
    #[error("contribution {turn} says to be a beacon, and {what} is not what that gives: do not use the key")]
    Beacon {
        /// From 1.
        turn: usize,
        /// Which part of it.
        what: &'static str,
    },
    /// A beacon is the end.
    #[error("contribution {turn} is a beacon, which ends a ceremony: nothing may come after it")]
    AfterBeacon {
        /// From 1.
        turn: usize,
    },
    /// The key is not what its contributions lead to.
    #[error("{part} is not what the contributions lead to: the key was altered")]
    Altered {
        /// Of the key.
        part: &'static str,
    },
    /// Hashed too seldom, or too often.
    #[error("expected a beacon that is hashed 2^{fewest} to 2^{most} times, found 2^{found}", fewest = crate::FEWEST_ITERATIONS, most = crate::MOST_ITERATIONS)]
    Iterations {
        /// Power of two.
        found: u8,
    },
    /// No randomness.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// Stopped as asked.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}
