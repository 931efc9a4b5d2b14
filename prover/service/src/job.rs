//! A proof on its way: what its callers may know of it.

use medproof_statement::tier::Tier;
use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use thiserror::Error;

/// A job's name, drawn at random: it tells nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId([u8; 16]);

const PREFIX: &str = "job:";

/// Text that names no job.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("expected `job:` and 32 lower-case hexadecimal digits")]
pub struct NoJobId;

impl JobId {
    /// A fresh one.
    ///
    /// # Errors
    /// Where the operating system gives no randomness.
    pub fn random() -> Result<JobId, getrandom::Error> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)?;
        Ok(JobId(bytes))
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", hex::encode(self.0))
    }
}

impl FromStr for JobId {
    type Err = NoJobId;

    fn from_str(text: &str) -> Result<JobId, NoJobId> {
        let mut bytes = [0; 16];
        let digits = text.strip_prefix(PREFIX).ok_or(NoJobId)?;
        hex::decode_to_slice(digits, &mut bytes).map_err(|_| NoJobId)?;
        // One spelling: hexadecimal digits have two.
        (hex::encode(bytes) == digits).then_some(JobId(bytes)).ok_or(NoJobId)
    }
}

/// A cohort's name, drawn at random as a job's, and no job's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CohortId(JobId);

const COHORT: &str = "cohort:";

/// Text that names no cohort.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("expected `cohort:` and 32 lower-case hexadecimal digits")]
pub struct NoCohortId;

impl CohortId {
    /// A fresh one.
    ///
    /// # Errors
    /// Where the operating system gives no randomness.
    pub fn random() -> Result<CohortId, getrandom::Error> {
        JobId::random().map(CohortId)
    }

    /// What it is followed by, its pages begin at and its request is sealed for.
    #[must_use]
    pub const fn key(&self) -> JobId {
        self.0
    }
}

impl From<JobId> for CohortId {
    fn from(key: JobId) -> CohortId {
        CohortId(key)
    }
}

impl fmt::Display for CohortId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{COHORT}{}", hex::encode(self.0.0))
    }
}

impl FromStr for CohortId {
    type Err = NoCohortId;

    fn from_str(text: &str) -> Result<CohortId, NoCohortId> {
        let digits = text.strip_prefix(COHORT).ok_or(NoCohortId)?;
        let key = format!("{PREFIX}{digits}").parse();
        key.map(CohortId).map_err(|_| NoCohortId)
    }
}

/// How a job stands. A job that has ended stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// Waits its turn.
    Queued = 1,
    /// Is worked on.
    Running = 2,
    /// There is a presentation.
    Succeeded = 3,
    /// There is none, and will be none.
    Refused = 4,
    /// It could not be worked on.
    Failed = 5,
    /// Somebody ended it.
    Cancelled = 6,
}

impl State {
    /// All of them, in the order of their numbers.
    pub const ALL: [State; 6] = [
        State::Queued,
        State::Running,
        State::Succeeded,
        State::Refused,
        State::Failed,
        State::Cancelled,
    ];

    /// From its number.
    #[must_use]
    pub fn of(number: i64) -> Option<State> {
        State::ALL.into_iter().find(|state| *state as i64 == number)
    }

    /// Whether nothing will change it.
    #[must_use]
    pub const fn has_ended(self) -> bool {
        !matches!(self, State::Queued | State::Running)
    }
}

/// Microseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(pub i64);

impl Instant {
    /// By the system's clock.
    #[must_use]
    pub fn now() -> Instant {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Instant(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }

    /// Whole seconds.
    #[must_use]
    pub fn seconds(self) -> u64 {
        u64::try_from(self.0 / 1_000_000).unwrap_or_default()
    }

    /// So long after.
    #[must_use]
    pub fn after(self, time: Duration) -> Instant {
        Instant(
            self.0
                .saturating_add(i64::try_from(time.as_micros()).unwrap_or(i64::MAX)),
        )
    }

    /// So long before.
    #[must_use]
    pub fn before(self, time: Duration) -> Instant {
        Instant(
            self.0
                .saturating_sub(i64::try_from(time.as_micros()).unwrap_or(i64::MAX)),
        )
    }

    /// From an earlier one to this; zero where it is later.
    #[must_use]
    pub fn since(self, earlier: Instant) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or_default())
    }
}

/// What there is to know of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its name.
    pub id: JobId,
    /// The size of its circuit.
    pub tier: Tier,
    /// How it stands.
    pub state: State,
    /// When it was submitted.
    pub submitted: Instant,
    /// When work on it was begun, the last time.
    pub begun: Option<Instant>,
    /// When it ended.
    pub ended: Option<Instant>,
    /// How often work on it was begun.
    pub attempts: u32,
    /// Of [`State::Failed`], why: a stable code.
    pub error: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_one_spelling() {
        let id = JobId::random().unwrap();
        assert_eq!(id.to_string().parse(), Ok(id));
        let text = "job:00112233445566778899aabbccddeeff";
        assert!(text.parse::<JobId>().is_ok());
        for wrong in [
            "",
            "job:",
            "00112233445566778899aabbccddeeff",
            "job:00112233445566778899AABBCCDDEEFF",
            "job:00112233445566778899aabbccddeef",
            "job:00112233445566778899aabbccddeeff0",
        ] {
            assert_eq!(wrong.parse::<JobId>(), Err(NoJobId), "{wrong}");
        }
    }

    #[test]
    fn a_cohorts_name_is_no_jobs() {
        let id = CohortId::random().unwrap();
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!(id.to_string().parse::<JobId>().is_err() && id.key().to_string().parse::<CohortId>().is_err());
        assert_eq!(
            "cohort:00112233445566778899AABBCCDDEEFF".parse::<CohortId>(),
            Err(NoCohortId)
        );
    }

    #[test]
    fn states_have_their_numbers_and_some_are_ends() {
        for state in State::ALL {
            assert_eq!(State::of(state as i64), Some(state));
        }
        assert_eq!((State::of(0), State::of(7)), (None, None));
        let ends = State::ALL.map(State::has_ended);
        assert_eq!(ends, [false, false, true, true, true, true]);
    }
}
