//! An entry as an `AuditEvent` (<https://hl7.org/fhir/R4/auditevent.html>).

use super::{CONSENTS, EVENTS, URI, audience, coding, concept, identified, instant, patient, purpose_of_use};
use crate::entry::{Asked, Entry, Event};
use serde_json::{Value, json};

const LIFECYCLE: &str = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle";
const DICOM: &str = "http://dicom.nema.org/resources/ontology/DCM";
const ENTITY_TYPES: &str = "http://terminology.hl7.org/CodeSystem/audit-entity-type";
const OBJECT_ROLES: &str = "http://terminology.hl7.org/CodeSystem/object-role";
const CLAIMS: &str = "urn:x-medproof:claim-id";
const REQUESTS: &str = "urn:x-medproof:request-digest";

/// The entry at `index` of the log `origin`. Resources of one log have different ids, and a resource is the
/// same whenever it is exported.
pub fn audit_event(origin: &str, index: u64, entry: &Entry) -> Value {
    let event = entry.event();
    let mut resource = json!({
        "resourceType": "AuditEvent",
        "id": format!("audit-{index}"),
        "type": kind(event),
        "subtype": [coding(EVENTS, event.name())],
        "action": action(event),
        "recorded": instant(entry.time()),
        "outcome": outcome(event),
        "agent": agents(entry),
        "source": { "site": origin, "observer": { "type": "Device", "display": origin } },
        "entity": entities(event),
    });
    if let (Some(purpose), Some(resource)) = (event.purpose(), resource.as_object_mut()) {
        resource.insert("purposeOfEvent".to_owned(), json!([concept(purpose_of_use(purpose))]));
    }
    if let (Event::DisclosureFailed(_, failure), Some(resource)) = (event, resource.as_object_mut()) {
        resource.insert("outcomeDesc".to_owned(), failure.code().into());
    }
    resource
}

fn kind(event: &Event) -> Value {
    match event {
        Event::DisclosureRequested(_)
        | Event::DisclosureReleased(..)
        | Event::DisclosureRefused(_)
        | Event::DisclosureFailed(..)
        | Event::DisclosureCancelled(_) => coding(LIFECYCLE, "disclose"),
        Event::ConsentGranted(_) => coding(LIFECYCLE, "receive"),
        Event::ConsentRevoked(_) | Event::ConsentExpired(_) => coding(LIFECYCLE, "deprecate"),
        Event::RecordErased(_) => coding(LIFECYCLE, "destroy"),
        // User Security Attributes Changed.
        Event::AskerSuspended(_) | Event::AskerRestored(_) => coding(DICOM, "110137"),
    }
}

// Create, read, update, delete, execute.
const fn action(event: &Event) -> &'static str {
    match event {
        Event::DisclosureReleased(..) => "R",
        Event::DisclosureRequested(_)
        | Event::DisclosureRefused(_)
        | Event::DisclosureFailed(..)
        | Event::DisclosureCancelled(_) => "E",
        Event::ConsentGranted(_) => "C",
        Event::RecordErased(_) => "D",
        Event::ConsentRevoked(_) | Event::ConsentExpired(_) | Event::AskerSuspended(_) | Event::AskerRestored(_) => "U",
    }
}

// 0 success, 4 minor failure, 8 serious failure.
const fn outcome(event: &Event) -> &'static str {
    match event {
        Event::DisclosureRefused(_) => "4",
        Event::DisclosureFailed(..) => "8",
        _ => "0",
    }
}

// Who takes part; the one that began it is the requestor. The issuer keeps the records and the log.
fn agents(entry: &Entry) -> Value {
    // DICOM's Destination Role and Source Role.
    let (destination, source) = (concept(coding(DICOM, "110152")), concept(coding(DICOM, "110153")));
    let issuer = |began: bool| {
        let who = json!({ "type": "Organization", "display": entry.tenant().as_str() });
        json!({ "type": source, "who": who, "requestor": began })
    };
    let asker = |did, began: bool| json!({ "type": destination, "who": audience(did), "requestor": began });
    let agents = match entry.event() {
        Event::DisclosureRequested(asked)
        | Event::DisclosureReleased(asked, _)
        | Event::DisclosureRefused(asked)
        | Event::DisclosureFailed(asked, _)
        | Event::DisclosureCancelled(asked) => vec![asker(&asked.audience, true), issuer(false)],
        Event::ConsentGranted(consented) | Event::ConsentRevoked(consented) => {
            let holder = json!({ "who": patient(&consented.patient), "requestor": true });
            vec![holder, asker(&consented.audience, false), issuer(false)]
        }
        Event::ConsentExpired(consented) => vec![asker(&consented.audience, false), issuer(true)],
        Event::RecordErased(_) | Event::AskerSuspended(_) | Event::AskerRestored(_) => vec![issuer(true)],
    };
    Value::Array(agents)
}

// What it is about. Roles are object-role's: 1 patient, 3 report, 11 security user, 20 job, 24 query.
fn entities(event: &Event) -> Value {
    let entity = |what: Value, kind, role| json!({ "what": what, "type": coding(ENTITY_TYPES, kind), "role": coding(OBJECT_ROLES, role) });
    let (person, other) = ("1", "4");
    let query = |asked: &Asked| {
        [
            entity(identified(CLAIMS, asked.claim), other, "24"),
            entity(identified(REQUESTS, asked.request), other, "20"),
        ]
    };
    let mut entities = Vec::new();
    entities.extend(event.patient().map(|pseudonym| entity(patient(pseudonym), person, "1")));
    match event {
        Event::DisclosureReleased(asked, consent) => {
            entities.extend(query(asked));
            entities.push(entity(identified(CONSENTS, consent), other, "3"));
        }
        Event::DisclosureRequested(asked)
        | Event::DisclosureRefused(asked)
        | Event::DisclosureFailed(asked, _)
        | Event::DisclosureCancelled(asked) => entities.extend(query(asked)),
        Event::ConsentGranted(consented) | Event::ConsentRevoked(consented) | Event::ConsentExpired(consented) => {
            entities.push(entity(identified(CONSENTS, consented.consent), other, "3"));
        }
        Event::AskerSuspended(did) | Event::AskerRestored(did) => {
            entities.push(entity(identified(URI, did), other, "11"));
        }
        Event::RecordErased(_) => {}
    }
    Value::Array(entities)
}
