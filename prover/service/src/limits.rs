//! How much the service takes: of one caller, over one connection, in one message.

use crate::caller::Caller;
use crate::error::Refusal;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use serde::Deserialize;
use std::num::NonZeroU32;
use std::time::Duration;
use tonic::Code;

/// Bounds, as the service's file has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Of a message, in bytes.
    pub message_bytes: usize,
    /// Of a call's headers, in bytes.
    pub header_bytes: u32,
    /// Connections at a time.
    pub connections: usize,
    /// Calls at a time over one connection.
    pub streams: u32,
    /// Calls of one caller's in a second, over some time.
    pub calls_per_second: NonZeroU32,
    /// Calls of one caller's at once, after a pause.
    pub burst: NonZeroU32,
    /// How long a call may take that is no stream, where its caller does not say.
    pub deadline_seconds: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            // A batch of 1,000 with requests of a few kB each.
            message_bytes: 16 << 20,
            header_bytes: 16 << 10,
            connections: 1000,
            streams: 100,
            calls_per_second: NonZeroU32::MIN.saturating_add(99),
            burst: NonZeroU32::MIN.saturating_add(199),
            deadline_seconds: 30,
        }
    }
}

impl Limits {
    /// How long a call may take that is no stream, where its caller does not say.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        Duration::from_secs(self.deadline_seconds)
    }

    /// The first bound that would stop everything, with its name.
    #[must_use]
    pub fn none_at_all(&self) -> Option<&'static str> {
        let bounds = [
            ("limits.message_bytes", self.message_bytes == 0),
            ("limits.header_bytes", self.header_bytes < 1024),
            ("limits.connections", self.connections == 0),
            ("limits.streams", self.streams == 0),
            ("limits.deadline_seconds", self.deadline_seconds == 0),
        ];
        bounds.into_iter().find_map(|(name, is_none)| is_none.then_some(name))
    }
}

/// How often each caller may call: its calls leak out of a bucket (GCRA, ITU-T I.371).
#[derive(Debug)]
pub struct Rates(DefaultKeyedRateLimiter<(String, String)>);

// So many callers are remembered before those are forgotten that have not called for long.
const MOST_REMEMBERED: usize = 10_000;

impl Rates {
    /// Of these bounds.
    #[must_use]
    pub fn new(limits: &Limits) -> Rates {
        let quota = Quota::per_second(limits.calls_per_second).allow_burst(limits.burst);
        Rates(RateLimiter::keyed(quota))
    }

    /// That this caller may call now.
    ///
    /// # Errors
    /// `load.rate`, with the time to wait.
    pub fn call(&self, caller: &Caller) -> Result<(), Refusal> {
        if self.0.len() > MOST_REMEMBERED {
            self.0.retain_recent();
        }
        let key = (caller.tenant.clone(), caller.name.clone());
        self.0.check_key(&key).map_err(|until| {
            let wait = until.wait_time_from(DefaultClock::default().now());
            let message = "this caller calls more often than it may";
            let help = "wait as long as it says; batches and streams take fewer calls";
            Refusal::new(Code::ResourceExhausted, "load.rate", message, help).after(wait)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caller::Role;

    fn caller(tenant: &str, name: &str) -> Caller {
        Caller {
            tenant: tenant.into(),
            name: name.into(),
            role: Role::Holder,
            did: None,
        }
    }

    #[test]
    fn each_caller_has_a_burst_of_its_own() {
        let limits: Limits = toml::from_str("calls_per_second = 1\nburst = 3").unwrap();
        let rates = Rates::new(&limits);
        for _ in 0..3 {
            rates.call(&caller("one", "portal")).unwrap();
        }
        let refused = rates.call(&caller("one", "portal")).unwrap_err();
        assert_eq!(refused.code(), "load.rate");
        assert!(rates.call(&caller("other", "portal")).is_ok() && rates.call(&caller("one", "other")).is_ok());
    }

    #[test]
    fn bounds_of_nothing_are_named() {
        assert_eq!(Limits::default().none_at_all(), None);
        let none: Limits = toml::from_str("streams = 0").unwrap();
        assert_eq!(none.none_at_all(), Some("limits.streams"));
        assert!(toml::from_str::<Limits>("burst = 0").is_err() && toml::from_str::<Limits>("bursts = 1").is_err());
    }
}
