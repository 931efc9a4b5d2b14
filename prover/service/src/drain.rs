//! How the service stops: it says so, takes no new calls, gives streams some time, and ends.

use crate::error::Refusal;
use serde::Deserialize;
use std::time::Duration;
use tokio::sync::watch;
use tonic::Code;

/// How long what was begun may take, as the service's file has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DrainConfig {
    /// Calls and streams that are open.
    pub calls_seconds: u64,
    /// Jobs that are worked on.
    pub jobs_seconds: u64,
}

impl Default for DrainConfig {
    fn default() -> DrainConfig {
        DrainConfig {
            calls_seconds: 10,
            jobs_seconds: 60,
        }
    }
}

impl DrainConfig {
    /// For calls and streams that are open.
    #[must_use]
    pub fn calls(&self) -> Duration {
        Duration::from_secs(self.calls_seconds)
    }

    /// For jobs that are worked on.
    #[must_use]
    pub fn jobs(&self) -> Duration {
        Duration::from_secs(self.jobs_seconds)
    }
}

/// How far the service has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Serving,
    // No new calls.
    Stopping,
    // Streams end.
    Ending,
}

/// How far the service has come, told to all calls.
#[derive(Clone, Debug)]
pub struct Drain(watch::Sender<Phase>);

impl Default for Drain {
    fn default() -> Drain {
        Drain(watch::Sender::new(Phase::Serving))
    }
}

impl Drain {
    /// No new calls from now on.
    pub fn stop(&self) {
        self.0.send_replace(Phase::Stopping);
    }

    /// What is open ends now.
    pub fn end(&self) {
        self.0.send_replace(Phase::Ending);
    }

    /// That a call may begin.
    ///
    /// # Errors
    /// `service.stopping`.
    pub fn begin(&self) -> Result<(), Refusal> {
        match *self.0.borrow() {
            Phase::Serving => Ok(()),
            Phase::Stopping | Phase::Ending => Err(stopping()),
        }
    }

    /// Until what is open must end.
    pub fn ended(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut phase = self.0.subscribe();
        let drain = self.clone();
        async move {
            // It lives as long as this.
            let _ = phase.wait_for(|phase| *phase == Phase::Ending).await;
            drop(drain);
        }
    }
}

/// That the service stops.
#[must_use]
pub fn stopping() -> Refusal {
    let message = "the service stops";
    let help = "call again: another answers, or this one when it is back; nothing that was acknowledged is lost";
    Refusal::new(Code::Unavailable, "service.stopping", message, help).after(Duration::from_secs(1))
}
