//! The stages of a proof, and how long each took.

use crate::error::ProveError;
use medproof_keys::{Cancelled, Progress};
use std::fmt;
use std::time::{Duration, Instant};

/// What the engine is busy with. Each stage is reported as 0 of 1 and as 1 of 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProveStage {
    /// The relation, natively.
    Check,
    /// The circuit's assignment.
    Synthesis,
    /// The assignment against every row.
    Satisfaction,
    /// The proof itself.
    Prove,
    /// The proof against the verifying key.
    Verify,
}

impl fmt::Display for ProveStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Check => "checking the statement",
            Self::Synthesis => "computing the witness",
            Self::Satisfaction => "checking every constraint",
            Self::Prove => "proving",
            Self::Verify => "verifying the proof",
        })
    }
}

/// How long each stage took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timings {
    /// [`ProveStage::Check`].
    pub check: Duration,
    /// [`ProveStage::Synthesis`].
    pub synthesis: Duration,
    /// [`ProveStage::Satisfaction`].
    pub satisfaction: Duration,
    /// [`ProveStage::Prove`].
    pub prove: Duration,
    /// [`ProveStage::Verify`].
    pub verify: Duration,
}

impl Timings {
    /// Of all stages.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.check + self.synthesis + self.satisfaction + self.prove + self.verify
    }

    const fn of(&mut self, stage: ProveStage) -> &mut Duration {
        match stage {
            ProveStage::Check => &mut self.check,
            ProveStage::Synthesis => &mut self.synthesis,
            ProveStage::Satisfaction => &mut self.satisfaction,
            ProveStage::Prove => &mut self.prove,
            ProveStage::Verify => &mut self.verify,
        }
    }
}

/// Runs stages one after another, reporting and timing each, until one fails or the caller stops.
pub(crate) struct Stages<'a> {
    progress: &'a dyn Progress<ProveStage>,
    timings: Timings,
}

impl<'a> Stages<'a> {
    pub(crate) fn new(progress: &'a dyn Progress<ProveStage>) -> Self {
        Self {
            progress,
            timings: Timings::default(),
        }
    }

    pub(crate) fn run<T>(
        &mut self,
        stage: ProveStage,
        work: impl FnOnce() -> Result<T, ProveError>,
    ) -> Result<T, ProveError> {
        if self.progress.cancelled() {
            return Err(ProveError::Cancelled(Cancelled));
        }
        self.progress.advance(stage, 0, 1);
        let start = Instant::now();
        let result = work()?;
        *self.timings.of(stage) = start.elapsed();
        self.progress.advance(stage, 1, 1);
        Ok(result)
    }

    pub(crate) const fn timings(&self) -> Timings {
        self.timings
    }
}
