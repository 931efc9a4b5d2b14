//! Charts of real shape with a canary in every place, and files that are broken around them.

use crate::fhir::{LOINC, SNOMED, bundle};
use crate::mint::Mint;
use serde_json::{Value, json};

fn coded(m: &mut Mint, system: &str, code: &str) -> Value {
    json!({"coding": [{"system": system, "code": code, "display": m.name()}], "text": m.word()})
}

fn status(name: &str, code: &str) -> Value {
    json!({"coding": [{"system": format!("http://terminology.hl7.org/CodeSystem/{name}"), "code": code}]})
}

fn quantity(m: &mut Mint) -> Value {
    // Exactly as it is written: a float would round it.
    let value: Value = serde_json::from_str(&m.number()).unwrap();
    json!({"value": value, "unit": m.word(), "system": "http://unitsofmeasure.org", "code": "mg/dL"})
}

fn patient(m: &mut Mint) -> Value {
    let id = m.uuid();
    let (mut odd, key) = (serde_json::Map::new(), m.word());
    odd.insert(key, m.word().into());
    json!({
        "resourceType": "Patient", "id": id, "gender": "female", "birthDate": m.day(), "deceasedBoolean": false,
        "meta": {"source": m.word()},
        "text": {"status": "generated", "div": m.sentence()},
        "identifier": [{"system": "urn:mrn", "value": m.member()}, {"system": "urn:ssn", "value": m.phone()}],
        "name": [{"family": m.name(), "given": [m.unicode(), m.word()], "text": m.name()}],
        "telecom": [{"system": "phone", "value": m.phone()}, {"system": "email", "value": m.email()}],
        "address": [{"line": [m.name()], "city": m.word(), "postalCode": m.word()}],
        "contact": [{"name": {"text": m.name()}}],
        "extension": [{"url": "urn:mothers-name", "valueString": m.unicode()}, odd],
    })
}

/// One resource of each type that is read, and one that is not.
fn resources(m: &mut Mint) -> Vec<Value> {
    let loinc = |m: &mut Mint| coded(m, LOINC, "2339-0");
    let snomed = |m: &mut Mint| {
        let code = m.code();
        coded(m, SNOMED, &code)
    };
    let cover = m.uuid();
    let claim = m.uuid();
    vec![
        json!({
            "resourceType": "Condition", "id": m.uuid(), "code": snomed(m), "onsetDateTime": m.moment(),
            "recordedDate": m.moment(), "note": [{"text": m.sentence()}], "recorder": {"display": m.name()},
            "clinicalStatus": status("condition-clinical", "active"),
            "verificationStatus": status("condition-ver-status", "confirmed"),
        }),
        json!({
            "resourceType": "Observation", "id": m.uuid(), "status": "final", "code": loinc(m),
            "effectiveDateTime": m.moment(), "valueQuantity": quantity(m), "note": [{"text": m.unicode()}],
            "performer": [{"display": m.name()}],
        }),
        json!({
            "resourceType": "Observation", "id": m.uuid(), "status": "final", "code": loinc(m),
            "effectiveDateTime": m.moment(), "valueString": m.sentence(),
        }),
        json!({
            "resourceType": "AllergyIntolerance", "id": m.uuid(), "code": snomed(m), "recordedDate": m.moment(),
            "clinicalStatus": status("allergyintolerance-clinical", "active"),
            "verificationStatus": status("allergyintolerance-verification", "confirmed"),
            "reaction": [{"description": m.sentence()}],
        }),
        json!({
            "resourceType": "MedicationRequest", "id": m.uuid(), "status": "active", "intent": "order",
            "medicationCodeableConcept": coded(m, "http://www.nlm.nih.gov/research/umls/rxnorm", "855332"),
            "authoredOn": m.moment(), "dosageInstruction": [{"text": m.unicode()}], "requester": {"display": m.name()},
        }),
        json!({
            "resourceType": "Procedure", "id": m.uuid(), "status": "completed", "code": snomed(m),
            "performedDateTime": m.moment(), "note": [{"text": m.sentence()}],
        }),
        json!({
            "resourceType": "Encounter", "id": m.uuid(), "status": "finished", "type": [snomed(m)],
            "period": {"start": m.moment(), "end": m.moment()}, "location": [{"location": {"display": m.name()}}],
        }),
        json!({
            "resourceType": "Immunization", "id": m.uuid(), "status": "completed",
            "vaccineCode": coded(m, "http://hl7.org/fhir/sid/cvx", "140"), "occurrenceDateTime": m.moment(),
            "lotNumber": m.member(),
        }),
        json!({
            "resourceType": "Coverage", "id": cover, "status": "active", "period": {"start": m.day()},
            "subscriberId": m.member(), "type": {"text": m.word()}, "payor": [{"display": m.name()}],
            "identifier": [{"system": "urn:medproof:member-pseudonym", "value": m.pseudonym()}],
        }),
        json!({
            "resourceType": "Claim", "id": claim, "status": "active", "use": "claim",
            "insurance": [{"focal": true, "coverage": {"reference": format!("urn:uuid:{cover}")}}],
            "item": [{"productOrService": snomed(m), "servicedDate": m.day()}],
        }),
        json!({
            "resourceType": "ExplanationOfBenefit", "id": m.uuid(), "status": "active", "use": "claim",
            "outcome": "complete", "claim": {"reference": format!("urn:uuid:{claim}")},
            "insurance": [{"focal": true, "coverage": {"reference": format!("urn:uuid:{cover}")}}],
            "item": [{"productOrService": snomed(m), "servicedDate": m.day()}], "disposition": m.sentence(),
        }),
        json!({
            "resourceType": "DocumentReference", "id": m.uuid(), "description": m.unicode(),
            "content": [{"attachment": {"title": m.name(), "data": m.word()}}],
        }),
    ]
}

/// A chart that imports: its bundle's text.
pub fn good(m: &mut Mint) -> Value {
    let patient = patient(m);
    bundle(patient, resources(m))
}

/// How a file is broken.
pub struct Broken {
    pub how: String,
    pub bytes: Vec<u8>,
}

/// Every way to break a bundle here, around canaries of its own.
pub fn broken(m: &mut Mint) -> Vec<Broken> {
    let mut out = Vec::new();
    let mut push = |how: String, bytes: Vec<u8>| out.push(Broken { how, bytes });
    let entries = good(m)["entry"].as_array().unwrap().len();
    for place in 0..entries {
        let whole = good(m);
        let resource = &whole["entry"][place]["resource"];
        for field in resource.as_object().unwrap().keys() {
            for kind in 0..4 {
                let mut bad = whole.clone();
                bad["entry"][place]["resource"][field] = match kind {
                    0 => json!(m.sentence()),
                    1 => json!([m.unicode()]),
                    2 => json!({m.word(): m.sentence()}),
                    _ => serde_json::from_str(&m.number()).unwrap(),
                };
                push(format!("entry {place}: {field}, {kind}"), bad.to_string().into_bytes());
            }
        }
        // The same id again.
        let mut bad = whole.clone();
        let again = resource.clone();
        bad["entry"].as_array_mut().unwrap().push(json!({"resource": again}));
        push(format!("entry {place} twice"), bad.to_string().into_bytes());
    }
    for (how, edit) in texts() {
        let text = good(m).to_string();
        let marks = [m.word(), m.sentence(), m.unicode()];
        push(how.to_owned(), edit(&text, &marks));
    }
    out
}

type Edit = fn(&str, &[String; 3]) -> Vec<u8>;

fn texts() -> Vec<(&'static str, Edit)> {
    vec![
        ("cut in the middle", |t, _| t.as_bytes()[..t.len() / 2].to_vec()),
        ("cut inside of a name", |t, _| {
            t.as_bytes()[..t.find("family").unwrap_or(99) + 14].to_vec()
        }),
        ("text alone", |_, m| m[0].clone().into_bytes()),
        ("a string alone", |_, m| {
            Value::from(m[1].clone()).to_string().into_bytes()
        }),
        ("something behind", |t, m| format!("{t}{}", m[0]).into_bytes()),
        ("a key twice", |t, m| {
            t.replacen(
                "\"birthDate\":",
                &format!("\"birthDate\":\"{}\",\"birthDate\":", m[0]),
                1,
            )
            .into_bytes()
        }),
        ("another type of bundle", |t, m| {
            t.replacen("\"collection\"", &format!("\"{}\"", m[0]), 1).into_bytes()
        }),
        ("another resource", |t, m| {
            t.replacen("\"Bundle\"", &format!("\"{}\"", m[0]), 1).into_bytes()
        }),
        ("another method", |t, m| {
            t.replacen(
                "\"resource\":",
                &format!("\"request\":{{\"method\":\"{}\"}},\"resource\":", m[0]),
                1,
            )
            .into_bytes()
        }),
        ("half a surrogate", |t, m| {
            t.replacen("\"birthDate\":\"", &format!("\"birthDate\":\"{}\\ud800", m[0]), 1)
                .into_bytes()
        }),
        ("a control character", |t, m| {
            t.replacen("\"birthDate\":\"", &format!("\"birthDate\":\"{}\n", m[0]), 1)
                .into_bytes()
        }),
        ("no UTF-8", |t, m| {
            let mut bytes = t
                .replacen("\"birthDate\":\"", &format!("\"birthDate\":\"{}", m[0]), 1)
                .into_bytes();
            let at = bytes.windows(16).position(|w| w == m[0].as_bytes()).unwrap_or(0);
            bytes[at + 15] = 0xff;
            bytes
        }),
        ("a bad value under an unknown key", |t, m| {
            format!("{{\"{}\":{{]}},{}", m[0], &t[1..]).into_bytes()
        }),
        ("a bad key", |t, m| {
            format!("{{\"{}\\ud800\":1,{}", m[0], &t[1..]).into_bytes()
        }),
        ("an unknown key cut off", |_, m| format!("{{\"{}", m[0]).into_bytes()),
        ("too deep", |t, m| {
            format!("{{\"{}\":{}{}", m[0], "[".repeat(200_000), &t[1..]).into_bytes()
        }),
        ("somebody else's", |t, m| {
            t.replacen(
                "\"subject\":{\"reference\":\"",
                &format!("\"subject\":{{\"reference\":\"Patient/{}", m[0]),
                1,
            )
            .into_bytes()
        }),
        ("no patient", |t, m| {
            t.replacen("\"Patient\"", &format!("\"{}\"", m[0]), 1).into_bytes()
        }),
        ("a number beyond all bounds", |t, m| {
            t.replacen("\"value\":", &format!("\"value\":{}e999999999,\"x\":", m[0].len()), 1)
                .into_bytes()
        }),
    ]
}
