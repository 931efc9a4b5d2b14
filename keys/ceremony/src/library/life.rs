//! A key's life: active, then retiring, then revoked. There is no way back.

use serde::{Deserialize, Serialize};
use std::fmt;
use thiserror::Error;

/// Where a key is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// As active, for tests: no proof under it is evidence of anything.
    Development,
    /// For all requests.
    Active,
    /// For requests that were made before.
    Retiring,
    /// For none.
    Revoked,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            State::Development => "development",
            State::Active => "active",
            State::Retiring => "retiring",
            State::Revoked => "revoked",
        })
    }
}

/// A state, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Which.
    pub state: State,
    /// In seconds since 1970.
    pub since: u64,
}

/// All states that a key was in, the first when it was taken in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Step>", into = "Vec<Step>")]
pub struct Life(Vec<Step>);

/// What no key's life is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum LifeError {
    /// No state.
    #[error("expected a life that begins as active or development, found another or none")]
    Beginning,
    /// A state does not come after another.
    #[error("a key that is {from} does not become {to}")]
    Order {
        /// Where it is.
        from: State,
        /// Where it was to go.
        to: State,
    },
    /// Before it came to where it is.
    #[error("expected a time at or after {since}, when the key became {state}; found {found}: is the clock right?")]
    Time {
        /// Where it is.
        state: State,
        /// Since when.
        since: u64,
        /// Seconds since 1970.
        found: u64,
    },
}

impl Life {
    /// From now on.
    #[must_use]
    pub fn begin(development: bool, now: u64) -> Life {
        let state = if development { State::Development } else { State::Active };
        Life(vec![Step { state, since: now }])
    }

    /// Where it is, and since when.
    #[must_use]
    pub fn now(&self) -> Step {
        // There is always one.
        let revoked = Step {
            state: State::Revoked,
            since: 0,
        };
        self.0.last().copied().unwrap_or(revoked)
    }

    /// Whether it began as a key for development.
    #[must_use]
    pub fn is_development(&self) -> bool {
        self.0.first().is_some_and(|step| step.state == State::Development)
    }

    /// Its states in order.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// Goes on.
    ///
    /// # Errors
    /// [`LifeError`]; it then stays as it was.
    pub fn turn(&mut self, to: State, now: u64) -> Result<(), LifeError> {
        let Step { state, since } = self.now();
        let follows = matches!(
            (state, to),
            (State::Active | State::Development, State::Retiring | State::Revoked) | (State::Retiring, State::Revoked)
        );
        if !follows {
            return Err(LifeError::Order { from: state, to });
        }
        if now < since {
            let found = now;
            return Err(LifeError::Time { state, since, found });
        }
        self.0.push(Step { state: to, since: now });
        Ok(())
    }

    /// Whether proofs may be made for a request that was made at a time: as verifiers judge it.
    #[must_use]
    pub fn answers(&self, requested_at: u64) -> bool {
        match self.now() {
            Step {
                state: State::Development | State::Active,
                ..
            } => true,
            Step {
                state: State::Retiring,
                since,
            } => requested_at < since,
            Step {
                state: State::Revoked, ..
            } => false,
        }
    }
}

impl TryFrom<Vec<Step>> for Life {
    type Error = LifeError;

    fn try_from(steps: Vec<Step>) -> Result<Life, LifeError> {
        let (first, rest) = steps.split_first().ok_or(LifeError::Beginning)?;
        if !matches!(first.state, State::Development | State::Active) {
            return Err(LifeError::Beginning);
        }
        let mut life = Life(vec![*first]);
        for step in rest {
            life.turn(step.state, step.since)?;
        }
        Ok(life)
    }
}

impl From<Life> for Vec<Step> {
    fn from(life: Life) -> Vec<Step> {
        life.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_goes_one_way() {
        use State::{Active, Development, Retiring, Revoked};
        for (begun, to, good) in [
            (vec![Active], Retiring, true),
            (vec![Active], Revoked, true),
            (vec![Active, Retiring], Revoked, true),
            (vec![Development], Revoked, true),
            (vec![Active], Active, false),
            (vec![Active, Retiring], Active, false),
            (vec![Active, Revoked], Retiring, false),
            (vec![Active, Revoked], Revoked, false),
            (vec![Development], Active, false),
            (vec![Development], Retiring, true),
            (vec![Development, Retiring], Revoked, true),
        ] {
            let steps: Vec<Step> = begun
                .iter()
                .map(|state| Step {
                    state: *state,
                    since: 5,
                })
                .collect();
            let mut life = Life::try_from(steps).unwrap();
            let before = life.clone();
            let from = life.now().state;
            let refused = Err(LifeError::Order { from, to });
            assert_eq!(life.turn(to, 9), if good { Ok(()) } else { refused }, "{from} to {to}");
            assert_eq!(life == before, !good);
        }
    }

    #[test]
    fn time_does_not_run_back_and_nothing_begins_at_its_end() {
        let mut life = Life::begin(false, 5);
        let refused = LifeError::Time {
            state: State::Active,
            since: 5,
            found: 4,
        };
        assert_eq!(life.turn(State::Retiring, 4), Err(refused));
        for state in [State::Retiring, State::Revoked] {
            assert_eq!(
                Life::try_from(vec![Step { state, since: 0 }]),
                Err(LifeError::Beginning)
            );
        }
        assert_eq!(Life::try_from(Vec::new()), Err(LifeError::Beginning));
    }

    #[test]
    fn a_retiring_key_answers_what_was_asked_before() {
        let mut life = Life::begin(false, 5);
        assert!(life.answers(100));
        life.turn(State::Retiring, 10).unwrap();
        assert!(life.answers(9) && !life.answers(10));
        life.turn(State::Revoked, 11).unwrap();
        assert!(!life.answers(9));
    }
}
