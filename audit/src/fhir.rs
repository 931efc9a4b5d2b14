//! The log and the consents for other systems of a hospital: FHIR R4 `AuditEvent` and `Consent`, a resource a
//! line (NDJSON).
//!
//! A patient is the log's pseudonym here too: an identifier in a system of its own, which no master patient index
//! knows.

mod audit_event;
mod consent;

pub use audit_event::audit_event;
pub use consent::{ConsentRecord, ConsentState, consent};

use crate::pseudonym::Pseudonym;
use medproof_messages::Did;
use medproof_statement::day::Day;
use medproof_statement::request::{Purpose, Time};
use serde_json::{Value, json};

/// The system of pseudonyms, as identifiers.
pub const PSEUDONYMS: &str = "urn:x-medproof:pseudonym";
/// The system of the log's events, as codes.
pub const EVENTS: &str = "urn:x-medproof:audit-event";
/// The system of consents' handles, as identifiers.
pub const CONSENTS: &str = "urn:x-medproof:consent-handle";

const URI: &str = "urn:ietf:rfc:3986";
const ACT_REASON: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";

const DAYS_TO_1970: u64 = 43_829;

/// A resource as a line.
pub fn line(resource: &Value) -> String {
    format!("{resource}\n")
}

fn coding(system: &str, code: &str) -> Value {
    json!({ "system": system, "code": code })
}

fn concept(coding: Value) -> Value {
    json!({ "coding": [coding] })
}

fn identified(system: &str, value: impl ToString) -> Value {
    json!({ "identifier": { "system": system, "value": value.to_string() } })
}

fn patient(pseudonym: &Pseudonym) -> Value {
    typed("Patient", identified(PSEUDONYMS, pseudonym))
}

// An organisation, as far as anybody knows: a DID names a key.
fn audience(did: &Did) -> Value {
    typed("Organization", identified(URI, did))
}

fn typed(kind: &str, mut reference: Value) -> Value {
    if let Some(reference) = reference.as_object_mut() {
        reference.insert("type".to_owned(), kind.into());
    }
    reference
}

fn purpose_of_use(purpose: Purpose) -> Value {
    coding(ACT_REASON, purpose.code())
}

// FHIR's instant, in UTC.
fn instant(time: Time) -> String {
    let (days, second) = (time.seconds() / 86_400, time.seconds() % 86_400);
    let day = Day(u32::try_from(days + DAYS_TO_1970).unwrap_or(u32::MAX));
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{day}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests;
