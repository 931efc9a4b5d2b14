//! What callers are told of what happened: rows in the store ([`crate::store`]) that are written together with what
//! they tell of, and handed out over a stream ([`service`]) and webhooks ([`webhook`]).
//!
//! An event says that there is something to look at, and to whom it matters. It names no patient and no fact, and
//! not why something was refused. See docs/adr/0011-events.md.

pub mod address;
pub mod ledger;
pub mod sender;
pub mod service;
pub mod signature;
pub mod webhook;

use crate::job::{Instant, JobId};
use crate::store::{EVENTS_KEPT, Store};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;
use thiserror::Error;

/// An event's name, drawn at random: its receivers tell by it what comes twice, and resume from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId([u8; 16]);

const PREFIX: &str = "event:";

/// Text that names no event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("expected `event:` and 32 lower-case hexadecimal digits")]
pub struct NoEventId;

impl EventId {
    /// A fresh one.
    ///
    /// # Errors
    /// Where the operating system gives no randomness.
    pub fn random() -> Result<EventId, getrandom::Error> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)?;
        Ok(EventId(bytes))
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", hex::encode(self.0))
    }
}

impl FromStr for EventId {
    type Err = NoEventId;

    fn from_str(text: &str) -> Result<EventId, NoEventId> {
        let mut bytes = [0; 16];
        let digits = text.strip_prefix(PREFIX).ok_or(NoEventId)?;
        hex::decode_to_slice(digits, &mut bytes).map_err(|_| NoEventId)?;
        // One spelling: hexadecimal digits have two.
        (hex::encode(bytes) == digits)
            .then_some(EventId(bytes))
            .ok_or(NoEventId)
    }
}

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $kind:ident = $number:literal $name:literal,)*) => {
        /// What happened. `proto/medproof/v1/event_service.proto` has the same numbers.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Kind {
            $($(#[doc = $doc])+ $kind = $number,)*
        }

        impl Kind {
            /// All of them, in the order of their numbers.
            pub const ALL: &[Kind] = &[$(Kind::$kind),*];

            /// As webhooks have it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Kind::$kind => $name,)*
                }
            }
        }
    };
}

kinds! {
    /// To a sponsor: a job of its request ended.
    JobEnded = 1 "job.ended",
    /// To a sponsor: the consent that a presentation was made under was revoked on the ledger.
    ConsentRevoked = 2 "consent.revoked",
    /// To a sponsor: the root that a presentation is under was superseded on the ledger.
    RootSuperseded = 3 "root.superseded",
    /// To a sponsor: it may not ask any more.
    AskerSuspended = 4 "asker.suspended",
    /// To sponsors with presentations: their issuer's roots count no longer.
    IssuerSuspended = 5 "issuer.suspended",
    /// To sponsors with presentations: they count again.
    IssuerReinstated = 6 "issuer.reinstated",
    /// To sponsors with presentations under a key: it answers open requests only.
    KeyRetiring = 7 "key.retiring",
    /// To sponsors with presentations under a key: it answers nothing any more.
    KeyRevoked = 8 "key.revoked",
    /// To sponsors with presentations: no root counts.
    LedgerPaused = 9 "ledger.paused",
    /// To sponsors with presentations: roots count again.
    LedgerResumed = 10 "ledger.resumed",
    /// To sponsors with presentations: the ledger has other blocks than it had.
    LedgerReorganised = 11 "ledger.reorganised",
    /// To who submitted: the presentation was handed to the sponsor.
    DisclosureReleased = 12 "disclosure.released",
    /// To who submitted: a presentation was made under the consent.
    ConsentUsed = 13 "consent.used",
    /// To who submitted: a consent's time is over.
    ConsentExpired = 14 "consent.expired",
    /// To who submitted: a presentation was made for an emergency.
    EmergencyDisclosure = 15 "disclosure.emergency",
}

impl Kind {
    /// From its number.
    #[must_use]
    pub fn of(number: i64) -> Option<Kind> {
        Kind::ALL.iter().copied().find(|kind| *kind as i64 == number)
    }
}

/// Whom an event concerns, within a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Addressee {
    /// A caller, by its name: who submitted.
    Caller(String),
    /// An audience, by its DID: whose request it is.
    Audience(String),
}

/// An event that is to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// Whose callers.
    pub tenant: String,
    /// Which of them.
    pub to: Addressee,
    /// What happened.
    pub kind: Kind,
    /// What it is about: nobody is told the same of the same subject twice. A job's name where there is a job.
    pub subject: String,
    /// Which job.
    pub job: Option<JobId>,
    /// For a sponsor, its request's digest.
    pub request: Option<[u8; 32]>,
}

/// An event as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its name.
    pub id: EventId,
    /// What happened.
    pub kind: Kind,
    /// Which job.
    pub job: Option<JobId>,
    /// For a sponsor, its request's digest.
    pub request: Option<[u8; 32]>,
    /// When it was written.
    pub made: Instant,
}

// Between two looks for events that are kept no longer.
const TIDY: Duration = Duration::from_secs(3600);

/// Deletes events that are kept no longer, now and then.
pub async fn forget(store: Store) {
    loop {
        let kept = i64::try_from(EVENTS_KEPT.as_micros()).unwrap_or(i64::MAX);
        match store
            .forget_events(Instant(Instant::now().0.saturating_sub(kept)))
            .await
        {
            Ok(count) => tracing::debug!(count, "events are kept no longer"),
            Err(error) => tracing::error!(%error, "events that are kept no longer were not deleted: it is tried again"),
        }
        tokio::time::sleep(TIDY).await;
    }
}

/// In seconds and nanoseconds since 1970.
pub(crate) fn timestamp(instant: Instant) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: instant.0.div_euclid(1_000_000),
        nanos: i32::try_from(instant.0.rem_euclid(1_000_000) * 1000).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use medproof_proto::v1::event;

    #[test]
    fn kinds_have_the_interfaces_numbers_and_names_of_their_own() {
        for (place, kind) in Kind::ALL.iter().enumerate() {
            assert_eq!(*kind as usize, place + 1);
            assert_eq!(Kind::of(*kind as i64), Some(*kind));
            let form = event::Kind::try_from(*kind as i32).unwrap();
            assert_eq!(form.as_str_name(), format!("KIND_{}", screaming(&format!("{kind:?}"))));
            assert!(Kind::ALL.iter().filter(|other| other.name() == kind.name()).count() == 1);
        }
        assert_eq!((Kind::of(0), Kind::of(16)), (None, None));
        assert!(event::Kind::try_from(16).is_err());
    }

    fn screaming(name: &str) -> String {
        let spaced = name.char_indices().map(|(place, c)| {
            let gap = if place > 0 && c.is_uppercase() { "_" } else { "" };
            format!("{gap}{}", c.to_ascii_uppercase())
        });
        spaced.collect()
    }

    #[test]
    fn ids_have_one_spelling() {
        let id = EventId::random().unwrap();
        assert_eq!(id.to_string().parse(), Ok(id));
        for wrong in [
            "",
            "event:",
            "job:00112233445566778899aabbccddeeff",
            "event:00112233445566778899AABBCCDDEEFF",
        ] {
            assert_eq!(wrong.parse::<EventId>(), Err(NoEventId), "{wrong}");
        }
    }
}
