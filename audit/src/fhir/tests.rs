//! What R4 requires of the two resources, by their pages: cardinalities, value sets of required bindings,
//! invariants.

use super::*;
use crate::entry::Event;
use crate::entry::tests::{asked, consented, did, entry, events};
use serde_json::Map;

fn resource(event: Event) -> Map<String, Value> {
    let Value::Object(resource) = audit_event("prover.example/audit", 12, &entry(event, 0)) else {
        panic!("no object")
    };
    resource
}

fn is_coding(value: &Value) -> bool {
    value["system"].as_str().is_some_and(|system| system.contains(':')) && value["code"].is_string()
}

// Of Reference, one of reference, identifier and display.
fn is_reference(value: &Value) -> bool {
    value["display"].is_string()
        || (value["identifier"]["system"].is_string() && value["identifier"]["value"].is_string())
}

// FHIR's own names of the elements of an AuditEvent that are used.
const ELEMENTS: [&str; 12] = [
    "resourceType",
    "id",
    "type",
    "subtype",
    "action",
    "recorded",
    "outcome",
    "outcomeDesc",
    "purposeOfEvent",
    "agent",
    "source",
    "entity",
];

#[test]
fn every_event_is_an_audit_event() {
    for event in events() {
        let resource = resource(event);
        assert_eq!(resource["resourceType"], "AuditEvent");
        assert_eq!(resource["id"], "audit-12");
        assert!(resource.keys().all(|name| ELEMENTS.contains(&name.as_str())));
        assert!(is_coding(&resource["type"]) && is_coding(&resource["subtype"][0]));
        assert_eq!(resource["recorded"], "2021-04-01T09:00:00Z");
        assert!(["C", "R", "U", "D", "E"].contains(&resource["action"].as_str().unwrap()));
        assert!(["0", "4", "8", "12"].contains(&resource["outcome"].as_str().unwrap()));
        let agents = resource["agent"].as_array().unwrap();
        let began = agents.iter().filter(|agent| agent["requestor"].as_bool().unwrap());
        assert_eq!(began.count(), 1, "{}", event.name());
        assert!(agents.iter().all(|agent| is_reference(&agent["who"])));
        assert!(is_reference(&resource["source"]["observer"]));
        assert_eq!(resource["source"]["site"], "prover.example/audit");
        let entities = resource["entity"].as_array().unwrap();
        assert!(!entities.is_empty());
        for entity in entities {
            assert!(is_reference(&entity["what"]) && is_coding(&entity["type"]) && is_coding(&entity["role"]));
            // sev-1: a name or a query, not both; here neither.
            assert!(entity.get("name").is_none() && entity.get("query").is_none());
        }
        let purposes = resource
            .get("purposeOfEvent")
            .map(|all| all[0]["coding"][0]["code"].clone());
        assert_eq!(purposes, event.purpose().map(|purpose| purpose.code().into()));
    }
}

#[test]
fn an_audit_event_has_the_entrys_words() {
    let released = resource(events()[1]);
    assert_eq!(released["agent"][0]["who"]["identifier"]["value"], did(1).to_string());
    assert_eq!(released["agent"][0]["requestor"], true);
    assert_eq!(released["agent"][1]["who"]["display"], "General Hospital");
    let values: Vec<_> = released["entity"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["what"]["identifier"]["value"].clone())
        .collect();
    let asked = asked(1);
    assert_eq!(
        values,
        [
            asked.patient.to_string(),
            asked.claim.to_string(),
            asked.request.to_string(),
            format!("0x{}", "04".repeat(32))
        ]
    );
    assert_eq!(released["outcome"], "0");
    let failed = resource(events()[3]);
    assert_eq!(
        (&failed["outcome"], &failed["outcomeDesc"]),
        (&"8".into(), &"ledger".into())
    );
    let suspended = resource(events()[9]);
    assert_eq!(
        suspended["entity"][0]["what"]["identifier"]["value"],
        did(1).to_string()
    );
}

#[test]
fn a_refusal_says_no_reason_here_either() {
    let refused = resource(events()[2]);
    assert_eq!(refused["outcome"], "4");
    assert!(refused.get("outcomeDesc").is_none());
    assert_eq!(refused["entity"].as_array().unwrap().len(), 3);
}

fn record(purpose: Purpose, state: ConsentState) -> ConsentRecord {
    let time = |seconds| Time::new(seconds).unwrap();
    ConsentRecord {
        tenant: crate::Tenant::parse("General Hospital").unwrap(),
        terms: crate::Consented {
            purpose,
            ..consented(1)
        },
        state,
        given: time(1_617_267_600),
        not_before: time(1_617_235_200),
        not_after: time(1_648_771_199),
    }
}

#[test]
fn every_consent_is_a_consent() {
    let states = [
        (ConsentState::Active, "active"),
        (ConsentState::Expired, "inactive"),
        (ConsentState::Revoked, "inactive"),
    ];
    for purpose in Purpose::ALL {
        for (state, status) in states {
            let resource = consent(&record(purpose, state));
            assert_eq!(resource["resourceType"], "Consent");
            assert_eq!(resource["status"], status);
            let scope = resource["scope"]["coding"][0]["code"].as_str().unwrap();
            let expected = match purpose.code() {
                "HRESCH" => "research",
                "TREAT" | "ETREAT" => "treatment",
                _ => "patient-privacy",
            };
            assert_eq!(scope, expected);
            assert!(is_coding(&resource["category"][0]["coding"][0]));
            // ppc-1: a policy or its rule. ppc-2, 3, 5: the patient.
            assert!(is_coding(&resource["policyRule"]["coding"][0]));
            assert!(is_reference(&resource["patient"]));
            let provision = &resource["provision"];
            assert_eq!(provision["type"], "permit");
            assert_eq!(provision["period"]["start"], "2021-04-01T00:00:00Z");
            assert_eq!(provision["period"]["end"], "2022-03-31T23:59:59Z");
            assert!(is_coding(&provision["actor"][0]["role"]["coding"][0]));
            assert_eq!(
                provision["actor"][0]["reference"]["identifier"]["value"],
                did(1).to_string()
            );
            assert_eq!(provision["purpose"][0]["code"], purpose.code());
            // An id has 64 characters at most, of letters, digits, - and dots.
            let id = resource["id"].as_str().unwrap();
            assert!(id.len() == 64 && id.bytes().all(|c| c.is_ascii_alphanumeric()));
        }
    }
}

#[test]
fn a_resource_is_a_line() {
    let text = line(&consent(&record(Purpose::Research, ConsentState::Active)));
    assert!(text.ends_with("}\n") && text.matches('\n').count() == 1);
    let again: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(again["resourceType"], "Consent");
}

#[test]
fn instants_are_the_calendars() {
    let at = |seconds| instant(Time::new(seconds).unwrap());
    assert_eq!(at(0), "1970-01-01T00:00:00Z");
    assert_eq!(at(1_709_251_199), "2024-02-29T23:59:59Z");
    assert_eq!(at(crate::entry::LAST_SECOND), "9999-12-31T23:59:59Z");
}
