//! What a ceremony is busy with.

use medproof_keys::{Cancelled, Progress};
use std::fmt;

/// A part of the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The hash that a ceremony of so many powers begins with. Units: bytes.
    FirstHash,
    /// Powers read, hashed and compared. Units: points.
    Powers,
    /// Powers multiplied by a contributor's secrets, or by known ones. Units: points.
    Multiplying,
    /// The Lagrange form. Units: about a multiplication in G1 each.
    Lagrange,
    /// The Lagrange form compared with the powers. Units: points.
    Comparing,
    /// A beacon's value hashed again and again. Units: hashes.
    Beacon,
    /// A circuit's queries. Units: queries.
    Queries,
    /// Contributions, and the key they led to. Units: parts.
    Contributions,
    /// The quotient's query, from values to coefficients. Units: levels of the transform.
    Quotient,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FirstHash => "hashing what the powers of tau began with",
            Self::Powers => "verifying the powers of tau",
            Self::Multiplying => "multiplying points",
            Self::Lagrange => "computing the Lagrange form",
            Self::Comparing => "verifying the Lagrange form",
            Self::Beacon => "hashing the beacon",
            Self::Queries => "computing the circuit's queries",
            Self::Contributions => "verifying contributions",
            Self::Quotient => "preparing the quotient",
        })
    }
}

/// Units done of one stage.
pub(crate) struct Meter<'a> {
    progress: &'a dyn Progress<Stage>,
    stage: Stage,
    done: u64,
    total: u64,
}

impl<'a> Meter<'a> {
    pub(crate) fn new(progress: &'a dyn Progress<Stage>, stage: Stage, total: u64) -> Self {
        progress.advance(stage, 0, total);
        Meter {
            progress,
            stage,
            done: 0,
            total,
        }
    }

    /// So many units more are done; an error where the work is to stop.
    pub(crate) fn add(&mut self, units: u64) -> Result<(), Cancelled> {
        self.done += units;
        self.progress.advance(self.stage, self.done, self.total);
        if self.progress.cancelled() {
            Err(Cancelled)
        } else {
            Ok(())
        }
    }
}
