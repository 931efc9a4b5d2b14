//! What every command needs beside its arguments: output, mode, clock, keys.

use crate::error::CliError;
use crate::keyring::{Keyring, Own};
use crate::ui::Ui;
use medproof_engine::Cpu;
use medproof_keys::{CircuitKey, KeyStore, Mode};
use medproof_ledger::{Clock, SystemClock};
use medproof_messages::KeyId;
use medproof_statement::day::Day;
use medproof_statement::request::Time;
use medproof_statement::tier::Tier;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Days from 1850-01-01 to 1970-01-01.
const DAYS_TO_1970: u64 = 43_829;
const SECONDS_A_DAY: u64 = 86_400;

/// The surroundings of a command. Keys are loaded once and kept for the next.
pub struct Context {
    /// Output.
    pub ui: Ui,
    /// Whether development keys and development ledgers are taken.
    pub mode: Mode,
    clock: Box<dyn Clock>,
    keys: Mutex<BTreeMap<Tier, Arc<CircuitKey>>>,
    engines: Mutex<BTreeMap<KeyId, Arc<Cpu>>>,
}

impl Context {
    /// On the machine's clock.
    #[must_use]
    pub fn new(ui: Ui, mode: Mode) -> Context {
        Context::with_clock(ui, mode, SystemClock)
    }

    /// On this clock.
    pub fn with_clock(ui: Ui, mode: Mode, clock: impl Clock + 'static) -> Context {
        Context {
            ui,
            mode,
            clock: Box::new(clock),
            keys: Mutex::default(),
            engines: Mutex::default(),
        }
    }

    /// Whether development mode was asked for.
    #[must_use]
    pub fn development(&self) -> bool {
        self.mode == Mode::Development
    }

    /// Requires development mode for what is insecure.
    ///
    /// # Errors
    /// With what to do instead.
    pub fn require_development(&self, what: &str) -> Result<(), CliError> {
        if self.development() {
            return Ok(());
        }
        let message = format!("{what} is insecure: it is for development mode only, which was not asked for");
        Err(CliError::refused("development.not_asked_for", message).with_help(
            "to try things out, add --development or set MEDPROOF_DEVELOPMENT=1; \
             nothing proved or verified so is evidence of anything",
        ))
    }

    /// Seconds since 1970.
    pub fn seconds(&self) -> u64 {
        self.clock.now()
    }

    /// The time now.
    ///
    /// # Errors
    /// Where the machine's clock is past 2^40 seconds.
    pub fn now(&self) -> Result<Time, CliError> {
        Time::new(self.seconds()).map_err(|e| CliError::system("clock", e))
    }

    /// The day now, in UTC.
    ///
    /// # Errors
    /// Where the machine's clock is out of range.
    pub fn today(&self) -> Result<Day, CliError> {
        let days = self.seconds() / SECONDS_A_DAY + DAYS_TO_1970;
        let days = u32::try_from(days).map_err(|e| CliError::system("clock", e))?;
        Ok(Day(days))
    }

    /// The development key of a tier: made at first use, kept in the user's cache.
    ///
    /// # Errors
    /// Outside development mode, or where it cannot be made, kept or read.
    pub fn development_key(&self, tier: Tier) -> Result<Arc<CircuitKey>, CliError> {
        self.require_development(&format!("the development key of tier {tier}"))?;
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = keys.get(&tier) {
            return Ok(Arc::clone(key));
        }
        let bar = self.ui.bar(&format!("development key {tier}"));
        let key = Arc::new(KeyStore::of_user()?.development(tier, &bar)?);
        keys.insert(tier, Arc::clone(&key));
        Ok(key)
    }

    /// The keys that this machine proves under.
    #[must_use]
    pub const fn keyring(&self) -> Keyring {
        Keyring {
            ui: self.ui,
            mode: self.mode,
        }
    }

    /// An engine that proves under a key, made ready at first use and found so again.
    ///
    /// # Errors
    /// As [`Keyring::engine`].
    pub fn engine(&self, key: &Own) -> Result<Arc<Cpu>, CliError> {
        let id = key.pinned().id();
        let mut engines = self.engines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(engine) = engines.get(&id) {
            return Ok(Arc::clone(engine));
        }
        let engine = Arc::new(self.keyring().engine(key)?);
        engines.insert(id, Arc::clone(&engine));
        Ok(engine)
    }
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context")
            .field("ui", &self.ui)
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use medproof_ledger::ManualClock;

    #[test]
    fn today_is_the_clocks_day() {
        let context = Context::with_clock(Ui::silent(), Mode::Production, ManualClock::at(1_617_235_200));
        assert_eq!(context.today().unwrap().to_string(), "2021-04-01");
        let context = Context::with_clock(Ui::silent(), Mode::Production, ManualClock::at(1_617_235_199));
        assert_eq!(context.today().unwrap().to_string(), "2021-03-31");
    }

    #[test]
    fn development_keys_need_development_mode() {
        let context = Context::new(Ui::silent(), Mode::Production);
        let refused = context.development_key(Tier::Xs).unwrap_err();
        assert_eq!(refused.code, "development.not_asked_for");
    }
}
