//! A consent as a `Consent` (<https://hl7.org/fhir/R4/consent.html>).

use super::{CONSENTS, audience, coding, concept, instant, patient, purpose_of_use};
use crate::entry::{Consented, Tenant};
use medproof_statement::request::{Purpose, Time};
use serde_json::{Value, json};

const ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
const SCOPES: &str = "http://terminology.hl7.org/CodeSystem/consentscope";
const PARTICIPATION: &str = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";

/// How a consent stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsentState {
    /// It holds, whether anything was proved on it or not.
    Active,
    /// Its time is over.
    Expired,
    /// The holder ended it.
    Revoked,
}

/// A consent as a service keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentRecord {
    /// To whose records.
    pub tenant: Tenant,
    /// Whose, for whom, why, and its handle.
    pub terms: Consented,
    /// How it stands.
    pub state: ConsentState,
    /// When the service was given it.
    pub given: Time,
    /// From when it holds.
    pub not_before: Time,
    /// Until when it holds.
    pub not_after: Time,
}

/// A consent. R4 asks for status, scope, category, and a policy or its rule; and for the patient in every
/// scope that is used here (ppc-2, ppc-3, ppc-5). The handle is its id too, without what ids may not have.
pub fn consent(record: &ConsentRecord) -> Value {
    let terms = &record.terms;
    let handle = terms.consent.to_string();
    let reader = coding(PARTICIPATION, "IRCP");
    json!({
        "resourceType": "Consent",
        "id": handle.trim_start_matches("0x"),
        "identifier": [{ "system": CONSENTS, "value": handle }],
        "status": status(record.state),
        "scope": concept(scope(terms.purpose)),
        "category": [concept(coding(ACT_CODE, "IDSCL"))],
        "patient": patient(&terms.patient),
        "dateTime": instant(record.given),
        "organization": [{ "type": "Organization", "display": record.tenant.as_str() }],
        "policyRule": concept(coding(ACT_CODE, "OPTIN")),
        "provision": {
            "type": "permit",
            "period": { "start": instant(record.not_before), "end": instant(record.not_after) },
            "actor": [{ "role": concept(reader), "reference": audience(&terms.audience) }],
            "purpose": [purpose_of_use(terms.purpose)],
        },
    })
}

// R4 has one word for what is over, however it ended: a log's entry says how.
const fn status(state: ConsentState) -> &'static str {
    match state {
        ConsentState::Active => "active",
        ConsentState::Expired | ConsentState::Revoked => "inactive",
    }
}

fn scope(purpose: Purpose) -> Value {
    let code = match purpose {
        Purpose::Research => "research",
        Purpose::Treatment | Purpose::EmergencyTreatment => "treatment",
        Purpose::Payment | Purpose::PublicHealth | Purpose::Operations => "patient-privacy",
    };
    coding(SCOPES, code)
}
