//! `medproof cohort`: one request, many patients who consented to it.
//!
//! What is handed to the sponsor is a folder: a presentation each for who is eligible and consented, named by its
//! nullifier, and a summary. Neither their number nor their order or times tell who consented and is not eligible.

mod folder;
mod members;
mod run;
mod verify;

pub use run::{CohortReport, CohortRunArgs, Figures, run};
pub use verify::{CohortVerifyArgs, CohortVerifyReport, verify};

use clap::Subcommand;
use medproof_messages::CohortSummary;
use medproof_messages::cohort::{CROWD, hides};
use serde::Serialize;
use std::fmt;

/// What to do with a cohort.
#[derive(Debug, Subcommand)]
pub enum CohortCommand {
    /// Answer a request for all who are eligible and consented, from an issuer's records.
    Run(Box<CohortRunArgs>),
    /// Check the answers to your own request, and their summary.
    Verify(Box<CohortVerifyArgs>),
}

/// What is to be thought of before a cohort is handed on, or counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// A word that programs can rely on.
    pub code: &'static str,
    /// For people.
    pub message: String,
}

/// Whether the registry is too small to hide who of it answered: see [`hides`].
fn small(summary: &CohortSummary, registry_size: u64) -> Option<Warning> {
    let hidden = hides(registry_size, summary.count);
    (!hidden).then(|| Warning {
        code: "registry.small",
        message: format!(
            "{} of the {registry_size} patients in the registry answered: where fewer than {CROWD} of it did not, whoever \
             is known to be a patient there is all but known to be eligible",
            summary.count
        ),
    })
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "warning: {}", self.message)
    }
}
