//! Entries: what happened, as it is hashed.
//!
//! An entry says who asked what for which purpose, on what consent, and how it ended. Of the patient it has a
//! keyed pseudonym, and of a refusal nothing but that it was one: not eligible, too large, not
//! enrolled and revoked are one event, and a consent's handle is in an entry only where an answer has it too.

mod json;

use crate::pseudonym::Pseudonym;
use medproof_messages::encoding::Hex;
use medproof_messages::json::JsonError;
use medproof_messages::{Did, DidError};
use medproof_statement::request::{Purpose, Time, TimeError};
use thiserror::Error;

/// 9999-12-31T23:59:59Z, the last second that FHIR's instants and RFC 3339 have, in seconds since 1970.
pub const LAST_SECOND: u64 = 253_402_300_799;

/// Why something is no entry.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EntryError {
    /// The JSON is not an entry's.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A tenant's name that is none.
    #[error(
        "expected a tenant's name of 1 to 128 bytes without control characters and without space at either end, found {found} bytes: give the issuer's name"
    )]
    Tenant {
        /// How many bytes it has.
        found: usize,
    },
    /// A time beyond all calendars.
    #[error("expected a time of at most {LAST_SECOND} seconds since 1970, found {found}: check the machine's clock")]
    Time {
        /// The seconds.
        found: u64,
    },
    /// An audience that is none.
    #[error(transparent)]
    Audience(#[from] DidError),
    /// A word that this version has not.
    #[error("expected {expected} as {field}, found another word: upgrade, or take the file as the log wrote it")]
    Word {
        /// Which field.
        field: &'static str,
        /// What it takes.
        expected: &'static str,
    },
    /// A field that the event needs.
    #[error("expected {field} in an entry of this event, found none: take the file as the log wrote it")]
    Missing {
        /// The field.
        field: &'static str,
    },
    /// A field that the event has not.
    #[error("expected the fields of {event} alone, found another one's: take the file as the log wrote it")]
    Surplus {
        /// The event.
        event: &'static str,
    },
}

impl From<TimeError> for EntryError {
    fn from(error: TimeError) -> EntryError {
        EntryError::Time { found: error.0 }
    }
}

/// Whose log it is, of those that share a service: the issuer's name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tenant(String);

impl Tenant {
    /// The most bytes.
    pub const MAX: usize = 128;

    /// Takes 1 to 128 bytes without control characters and without space at either end.
    ///
    /// # Errors
    /// [`EntryError::Tenant`].
    pub fn parse(text: &str) -> Result<Tenant, EntryError> {
        let fits = (1..=Self::MAX).contains(&text.len()) && !text.contains(char::is_control) && text.trim() == text;
        if fits {
            Ok(Tenant(text.to_owned()))
        } else {
            Err(EntryError::Tenant { found: text.len() })
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a disclosure is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Who asked.
    pub audience: Did,
    /// Why. [`Purpose::EmergencyTreatment`] is what a custodian consented to in the patient's place.
    pub purpose: Purpose,
    /// The claim: claim_id of §5, 32 bytes, the highest first.
    pub claim: Hex<32>,
    /// The request: request_digest of §5, likewise. It ties the entries of one disclosure together.
    pub request: Hex<32>,
    /// Of whom.
    pub patient: Pseudonym,
}

/// What a consent is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Consented {
    /// Who may ask.
    pub audience: Did,
    /// Why.
    pub purpose: Purpose,
    /// The consent: its handle of §5, 32 bytes, the highest first.
    pub consent: Hex<32>,
    /// By whom.
    pub patient: Pseudonym,
}

/// What a disclosure failed of: of the service, never of the record. A finer reason stays in the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Failure {
    /// Workers died of it.
    Job,
    /// There is no key for it.
    Key,
    /// The ledger could not be read.
    Ledger,
    /// The prover.
    Prover,
    /// The request's time was over.
    Request,
    /// The registry has another root since.
    Root,
    /// The worker is of another version, or has another key.
    Worker,
}

impl Failure {
    /// All failures.
    pub const ALL: [Failure; 7] = [
        Failure::Job,
        Failure::Key,
        Failure::Ledger,
        Failure::Prover,
        Failure::Request,
        Failure::Root,
        Failure::Worker,
    ];

    /// The outcome code: the first word of the service's own.
    pub const fn code(self) -> &'static str {
        match self {
            Failure::Job => "job",
            Failure::Key => "key",
            Failure::Ledger => "ledger",
            Failure::Prover => "prover",
            Failure::Request => "request",
            Failure::Root => "root",
            Failure::Worker => "worker",
        }
    }

    /// From a code of the service, such as `ledger.unavailable`: what stands before the first dot.
    pub fn of_code(code: &str) -> Option<Failure> {
        let word = code.split('.').next().unwrap_or(code);
        Failure::ALL.into_iter().find(|failure| failure.code() == word)
    }
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A disclosure was asked for.
    DisclosureRequested(Asked),
    /// A presentation was handed out, on this consent: the handle of §5, as the presentation has it.
    DisclosureReleased(Asked, Hex<32>),
    /// There was none to hand out, for whatever reason.
    DisclosureRefused(Asked),
    /// It could not be worked on.
    DisclosureFailed(Asked, Failure),
    /// Somebody ended it.
    DisclosureCancelled(Asked),
    /// A holder consented.
    ConsentGranted(Consented),
    /// The holder ended the consent.
    ConsentRevoked(Consented),
    /// The consent's time was over.
    ConsentExpired(Consented),
    /// A record was erased: its keys were destroyed.
    RecordErased(Pseudonym),
    /// Nothing is answered to this audience any more.
    AskerSuspended(Did),
    /// It is answered again.
    AskerRestored(Did),
}

impl Event {
    /// Its name in entries: stable.
    pub const fn name(&self) -> &'static str {
        match self {
            Event::DisclosureRequested(_) => "disclosure-requested",
            Event::DisclosureReleased(..) => "disclosure-released",
            Event::DisclosureRefused(_) => "disclosure-refused",
            Event::DisclosureFailed(..) => "disclosure-failed",
            Event::DisclosureCancelled(_) => "disclosure-cancelled",
            Event::ConsentGranted(_) => "consent-granted",
            Event::ConsentRevoked(_) => "consent-revoked",
            Event::ConsentExpired(_) => "consent-expired",
            Event::RecordErased(_) => "record-erased",
            Event::AskerSuspended(_) => "asker-suspended",
            Event::AskerRestored(_) => "asker-restored",
        }
    }

    /// Of whom, where it is of a patient.
    pub const fn patient(&self) -> Option<&Pseudonym> {
        match self {
            Event::DisclosureRequested(asked)
            | Event::DisclosureReleased(asked, _)
            | Event::DisclosureRefused(asked)
            | Event::DisclosureFailed(asked, _)
            | Event::DisclosureCancelled(asked) => Some(&asked.patient),
            Event::ConsentGranted(consented) | Event::ConsentRevoked(consented) | Event::ConsentExpired(consented) => {
                Some(&consented.patient)
            }
            Event::RecordErased(patient) => Some(patient),
            Event::AskerSuspended(_) | Event::AskerRestored(_) => None,
        }
    }

    /// Who asked, or may ask.
    pub const fn audience(&self) -> Option<&Did> {
        match self {
            Event::DisclosureRequested(asked)
            | Event::DisclosureReleased(asked, _)
            | Event::DisclosureRefused(asked)
            | Event::DisclosureFailed(asked, _)
            | Event::DisclosureCancelled(asked) => Some(&asked.audience),
            Event::ConsentGranted(consented) | Event::ConsentRevoked(consented) | Event::ConsentExpired(consented) => {
                Some(&consented.audience)
            }
            Event::RecordErased(_) => None,
            Event::AskerSuspended(audience) | Event::AskerRestored(audience) => Some(audience),
        }
    }

    /// Why somebody asked, or may ask.
    pub const fn purpose(&self) -> Option<Purpose> {
        match self {
            Event::DisclosureRequested(asked)
            | Event::DisclosureReleased(asked, _)
            | Event::DisclosureRefused(asked)
            | Event::DisclosureFailed(asked, _)
            | Event::DisclosureCancelled(asked) => Some(asked.purpose),
            Event::ConsentGranted(consented) | Event::ConsentRevoked(consented) | Event::ConsentExpired(consented) => {
                Some(consented.purpose)
            }
            Event::RecordErased(_) | Event::AskerSuspended(_) | Event::AskerRestored(_) => None,
        }
    }

    /// Whether the patient's own consent was not asked for.
    pub const fn is_emergency(&self) -> bool {
        matches!(self.purpose(), Some(Purpose::EmergencyTreatment))
    }
}

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    time: Time,
    tenant: Tenant,
    event: Event,
}

impl Entry {
    /// The most bytes of an entry.
    pub const MAX_BYTES: usize = 2048;

    /// What happened, and when. `time` is the service's clock, in UTC.
    ///
    /// # Errors
    /// [`EntryError::Time`] after the year 9999.
    pub fn new(time: Time, tenant: Tenant, event: Event) -> Result<Entry, EntryError> {
        if time.seconds() > LAST_SECOND {
            return Err(EntryError::Time { found: time.seconds() });
        }
        Ok(Entry { time, tenant, event })
    }

    /// When, by the service's clock.
    pub const fn time(&self) -> Time {
        self.time
    }

    /// Whose.
    pub const fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    /// What.
    pub const fn event(&self) -> &Event {
        &self.event
    }

    /// Reads the canonical JSON.
    ///
    /// # Errors
    /// [`EntryError`] names the first rule that it breaks.
    pub fn from_json(bytes: &[u8]) -> Result<Entry, EntryError> {
        json::read(bytes)
    }

    /// The canonical JSON: what is hashed as a leaf.
    pub fn to_json(&self) -> Vec<u8> {
        json::write(self)
    }
}

#[cfg(test)]
pub(crate) mod tests;
