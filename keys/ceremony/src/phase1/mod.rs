//! Powers of τ: `.ptau` files of snarkjs.
//!
//! ```text
//! 2  τ^i in G1, i < 2^(power+1) − 1     4  α·τ^i in G1, i < 2^power     6  β in G2
//! 3  τ^i in G2, i < 2^power             5  β·τ^i in G1, i < 2^power     7  contributions
//! 12 to 15, once prepared: of 2, 3, 4 and 5 the Lagrange forms of every power up to the file's, and of
//! 2 of one power more (its last coefficient is 0)
//! ```
//!
//! A file is [opened](Powers::open): its counts fit each other. It is then [verified](Verified::new), which
//! is what anything else takes.

mod contributions;
mod file;
mod local;
mod prepare;
#[cfg(test)]
mod tests;
mod verify;
mod writer;

pub use contributions::PowersContribution;
pub use file::{Powers, Section};
pub use local::make_insecure;
pub use prepare::{lagrange_of, prepare};
pub use verify::Verified;

use crate::encoding;
use crate::ratio::NoRandomness;
use medproof_keys::Cancelled;
use medproof_keys::circom::FormatError;
use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// Why powers of τ cannot be used.
#[derive(Debug, Error)]
pub enum PowersError {
    /// The file system refused.
    #[error("cannot {action} {path}: {source}", path = .path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// Not a file of its form.
    #[error("{path} is no file of powers of tau: {source}", path = .path.display())]
    Format {
        /// Which file.
        path: PathBuf,
        /// What is wrong, and where.
        source: FormatError,
    },
    /// Nobody took part: τ is 1.
    #[error("the powers of tau have no contribution: anyone knows tau; take a file of a finished ceremony")]
    NoContribution,
    /// A contribution does not follow from what was before it.
    #[error(
        "contribution {turn} to the powers of tau: {what} does not follow from what was before; do not use the file"
    )]
    Contribution {
        /// From 1.
        turn: usize,
        /// Which of its points.
        what: &'static str,
    },
    /// A beacon is not what it says.
    #[error(
        "contribution {turn} to the powers of tau says to be a beacon, and {what} is not what that gives; do not use the file"
    )]
    Beacon {
        /// From 1.
        turn: usize,
        /// Which of its points.
        what: &'static str,
    },
    /// Points are not what the last contribution says.
    #[error("{section}: {rule}; do not use the file")]
    Points {
        /// Where.
        section: Section,
        /// What should hold.
        rule: &'static str,
    },
    /// The last contribution is of other points.
    #[error(
        "the points' hash is not the one in the last contribution: the file was altered; take it again from where it is published"
    )]
    Hash,
    /// Lagrange forms that are not of the powers.
    #[error("{section}, 2^{power}: the Lagrange form is not that of the powers; prepare the file again")]
    Lagrange {
        /// Where.
        section: Section,
        /// Of how many points.
        power: u32,
    },
    /// Too few.
    #[error("the circuit takes 2^{needed} powers of tau, the file has 2^{found}: take a larger one")]
    TooFew {
        /// Of two, for the circuit.
        needed: u32,
        /// Of two, in the file.
        found: u32,
    },
    /// No randomness to verify with.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// Stopped as asked.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}
