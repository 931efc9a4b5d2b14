//! The JSON of an entry: RFC 8785, each field of an event there, and no other.

use super::{Asked, Consented, Entry, EntryError, Event, Failure, Tenant};
use crate::pseudonym::Pseudonym;
use medproof_messages::Did;
use medproof_messages::encoding::Hex;
use medproof_messages::json::{self, VERSION, Wire};
use medproof_statement::request::{Purpose, Time};
use serde::{Deserialize, Serialize};

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryWire {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    audience: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    claim: Option<Hex<32>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    consent: Option<Hex<32>>,
    event: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    patient: Option<Hex<32>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    purpose: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request: Option<Hex<32>>,
    tenant: String,
    time: u64,
    #[serde(rename = "type")]
    kind: String,
    version: u64,
}

impl Wire for EntryWire {
    const TYPE: &'static str = "medproof/audit-entry";
    const MAX_BYTES: usize = Entry::MAX_BYTES;
}

pub(super) fn write(entry: &Entry) -> Vec<u8> {
    let mut wire = EntryWire {
        event: entry.event.name().to_owned(),
        tenant: entry.tenant.as_str().to_owned(),
        time: entry.time.seconds(),
        kind: EntryWire::TYPE.to_owned(),
        version: VERSION,
        audience: entry.event.audience().map(Did::to_string),
        patient: entry.event.patient().map(|patient| patient.0),
        purpose: entry.event.purpose().map(|purpose| purpose.code().to_owned()),
        ..EntryWire::default()
    };
    match &entry.event {
        Event::DisclosureRequested(asked) | Event::DisclosureRefused(asked) | Event::DisclosureCancelled(asked) => {
            wire.ask(asked);
        }
        Event::DisclosureReleased(asked, consent) => {
            wire.ask(asked);
            wire.consent = Some(*consent);
        }
        Event::DisclosureFailed(asked, failure) => {
            wire.ask(asked);
            wire.failure = Some(failure.code().to_owned());
        }
        Event::ConsentGranted(consented) | Event::ConsentRevoked(consented) | Event::ConsentExpired(consented) => {
            wire.consent = Some(consented.consent);
        }
        Event::RecordErased(_) | Event::AskerSuspended(_) | Event::AskerRestored(_) => {}
    }
    json::write(&wire)
}

impl EntryWire {
    fn ask(&mut self, asked: &Asked) {
        (self.claim, self.request) = (Some(asked.claim), Some(asked.request));
    }
}

pub(super) fn read(bytes: &[u8]) -> Result<Entry, EntryError> {
    let wire: EntryWire = json::read(bytes)?;
    let (time, tenant) = (Time::new(wire.time)?, Tenant::parse(&wire.tenant)?);
    let entry = Entry::new(time, tenant, wire.event()?)?;
    // The wire was canonical: what the entry does not say again is a field of another event.
    if write(&entry) != bytes {
        return Err(EntryError::Surplus {
            event: entry.event.name(),
        });
    }
    Ok(entry)
}

impl EntryWire {
    fn event(&self) -> Result<Event, EntryError> {
        Ok(match self.event.as_str() {
            "disclosure-requested" => Event::DisclosureRequested(self.asked()?),
            "disclosure-released" => Event::DisclosureReleased(self.asked()?, have("consent", self.consent)?),
            "disclosure-refused" => Event::DisclosureRefused(self.asked()?),
            "disclosure-failed" => Event::DisclosureFailed(self.asked()?, self.failure()?),
            "disclosure-cancelled" => Event::DisclosureCancelled(self.asked()?),
            "consent-granted" => Event::ConsentGranted(self.consented()?),
            "consent-revoked" => Event::ConsentRevoked(self.consented()?),
            "consent-expired" => Event::ConsentExpired(self.consented()?),
            "record-erased" => Event::RecordErased(self.patient()?),
            "asker-suspended" => Event::AskerSuspended(self.audience()?),
            "asker-restored" => Event::AskerRestored(self.audience()?),
            _ => return Err(word("event", "an event's name")),
        })
    }

    fn asked(&self) -> Result<Asked, EntryError> {
        Ok(Asked {
            audience: self.audience()?,
            purpose: self.purpose()?,
            claim: have("claim", self.claim)?,
            request: have("request", self.request)?,
            patient: self.patient()?,
        })
    }

    fn consented(&self) -> Result<Consented, EntryError> {
        Ok(Consented {
            audience: self.audience()?,
            purpose: self.purpose()?,
            consent: have("consent", self.consent)?,
            patient: self.patient()?,
        })
    }

    fn audience(&self) -> Result<Did, EntryError> {
        Ok(Did::parse(have("audience", self.audience.as_deref())?)?)
    }

    fn purpose(&self) -> Result<Purpose, EntryError> {
        let purpose = Purpose::from_code(have("purpose", self.purpose.as_deref())?);
        purpose.ok_or(word("purpose", "an HL7 purpose of use"))
    }

    fn patient(&self) -> Result<Pseudonym, EntryError> {
        Ok(Pseudonym(have("patient", self.patient)?))
    }

    fn failure(&self) -> Result<Failure, EntryError> {
        let code = have("failure", self.failure.as_deref())?;
        let failure = Failure::ALL.into_iter().find(|failure| failure.code() == code);
        failure.ok_or(word("failure", "a failure's code"))
    }
}

fn have<T>(field: &'static str, value: Option<T>) -> Result<T, EntryError> {
    value.ok_or(EntryError::Missing { field })
}

const fn word(field: &'static str, expected: &'static str) -> EntryError {
    EntryError::Word { field, expected }
}
