//! Small charts for the tests: resources of one patient, issued on 2021-04-01.

use medproof_records::import::{ImportError, Importer, Manifest, Options, PatientChart};
use medproof_statement::concept::{Code, Concept, Kind, System};
use medproof_statement::day::Day;
use medproof_statement::fact::Fact;
use medproof_statement::value::Value as FactValue;
use serde_json::{Value, json};

pub fn day(text: &str) -> Day {
    let mut parts = text.split('-');
    let mut next = || parts.next().unwrap();
    let (y, m, d) = (next(), next(), next());
    Day::from_civil(y.parse().unwrap(), m.parse().unwrap(), d.parse().unwrap()).unwrap()
}

pub fn issued_on() -> Day {
    day("2021-04-01")
}

/// Everything is exported, coverages too.
pub fn options() -> Options {
    Options::new(issued_on()).with_manifest(Manifest::kinds(Kind::ALL))
}

pub fn patient() -> Value {
    json!({"resourceType": "Patient", "id": "p", "birthDate": "1980-05-06", "gender": "female"})
}

pub fn bundle(resources: &[Value]) -> Value {
    let entries: Vec<Value> = std::iter::once(&patient())
        .chain(resources)
        .map(|r| json!({"fullUrl": format!("urn:uuid:{}", r["id"].as_str().unwrap_or("x")), "resource": r}))
        .collect();
    json!({"resourceType": "Bundle", "type": "collection", "entry": entries})
}

pub fn try_text(text: &str) -> Result<PatientChart, ImportError> {
    Importer::new(options()).bundle(text.as_bytes(), "test")
}

pub fn try_import(resources: &[Value]) -> Result<PatientChart, ImportError> {
    try_text(&bundle(resources).to_string())
}

pub fn import(resources: &[Value]) -> PatientChart {
    try_import(resources).unwrap()
}

pub fn of(chart: &PatientChart, kind: Kind) -> Vec<Fact> {
    chart
        .facts
        .iter()
        .filter(|f| f.concept.kind() == Some(kind))
        .copied()
        .collect()
}

/// The one fact of this kind.
pub fn one(resource: Value, kind: Kind) -> Fact {
    let facts = of(&import(&[resource]), kind);
    assert_eq!(facts.len(), 1);
    facts[0]
}

/// The same with some elements replaced; `null` removes one.
pub fn with(mut base: Value, changes: Value) -> Value {
    let object = base.as_object_mut().unwrap();
    for (key, value) in changes.as_object().unwrap() {
        if value.is_null() {
            object.remove(key);
        } else {
            object.insert(key.clone(), value.clone());
        }
    }
    base
}

pub fn snomed(code: &str) -> Value {
    json!({"coding": [{"system": "http://snomed.info/sct", "code": code}]})
}

pub fn loinc(code: &str) -> Value {
    json!({"coding": [{"system": "http://loinc.org", "code": code}]})
}

fn status(system: &str, code: &str) -> Value {
    json!({"coding": [{"system": format!("http://terminology.hl7.org/CodeSystem/{system}"), "code": code}]})
}

pub fn clinical(code: &str) -> Value {
    status("condition-clinical", code)
}

pub fn verified(code: &str) -> Value {
    status("condition-ver-status", code)
}

pub fn allergy_clinical(code: &str) -> Value {
    status("allergyintolerance-clinical", code)
}

pub fn allergy_verified(code: &str) -> Value {
    status("allergyintolerance-verification", code)
}

fn me() -> Value {
    json!({"reference": "urn:uuid:p"})
}

pub fn immunization() -> Value {
    json!({"resourceType": "Immunization", "id": "i", "status": "completed", "patient": me(),
        "vaccineCode": {"coding": [{"system": "http://hl7.org/fhir/sid/cvx", "code": "207"}]},
        "occurrenceDateTime": "2021-01-10T08:00:00+00:00"})
}

pub fn condition() -> Value {
    json!({"resourceType": "Condition", "id": "c", "subject": me(), "code": snomed("44054006"),
        "clinicalStatus": clinical("active"), "verificationStatus": verified("confirmed"),
        "onsetDateTime": "2015-03-04T10:00:00+00:00", "recordedDate": "2016-01-01"})
}

pub fn observation() -> Value {
    json!({"resourceType": "Observation", "id": "o", "status": "final", "subject": me(), "code": loinc("4548-4"),
        "effectiveDateTime": "2021-02-03T10:00:00+00:00", "valueQuantity": quantity("%", 7)})
}

pub fn quantity(unit: &str, value: i64) -> Value {
    json!({"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit})
}

pub fn allergy() -> Value {
    json!({"resourceType": "AllergyIntolerance", "id": "a", "patient": me(), "code": snomed("91935009"),
        "clinicalStatus": allergy_clinical("active"), "verificationStatus": allergy_verified("confirmed"),
        "recordedDate": "2010-06-07T00:30:00-05:00"})
}

pub fn rxnorm(code: &str) -> Value {
    json!({"coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": code}]})
}

pub fn request() -> Value {
    json!({"resourceType": "MedicationRequest", "id": "m", "status": "active", "intent": "order", "subject": me(),
        "medicationCodeableConcept": rxnorm("855332"), "authoredOn": "2020-05-05T01:00:00+00:00"})
}

pub fn statement() -> Value {
    json!({"resourceType": "MedicationStatement", "id": "s", "status": "active", "subject": me(),
        "medicationCodeableConcept": rxnorm("855332"), "effectivePeriod": {"start": "2020-05-05"}})
}

pub fn procedure() -> Value {
    json!({"resourceType": "Procedure", "id": "d", "status": "completed", "subject": me(), "code": snomed("430193006"),
        "performedPeriod": {"start": "2019-05-01T23:00:00+00:00", "end": "2019-05-02T00:15:00+00:00"}})
}

pub fn encounter() -> Value {
    json!({"resourceType": "Encounter", "id": "e", "status": "finished", "subject": me(), "type": [snomed("185349003")],
        "class": {"code": "AMB"}, "period": {"start": "2019-05-01T23:00:00+00:00", "end": "2019-05-02T00:15:00+00:00"}})
}

pub fn coverage() -> Value {
    json!({"resourceType": "Coverage", "id": "v", "status": "active", "beneficiary": me(), "type": {"text": "medicare"},
        "period": {"start": "2018-01-01", "end": "2022-12-31"}})
}

pub fn explanation() -> Value {
    json!({"resourceType": "ExplanationOfBenefit", "id": "x", "status": "active", "use": "claim", "outcome": "complete",
        "patient": me(), "claim": {"reference": "urn:uuid:b"},
        "contained": [{"resourceType": "Coverage", "id": "cov", "status": "active", "type": {"text": "private"},
            "beneficiary": me()}],
        "insurance": [{"focal": true, "coverage": {"reference": "#cov"}}],
        "item": [{"sequence": 1, "productOrService": snomed("430193006"),
            "servicedPeriod": {"start": "2019-05-01T22:00:00-05:00", "end": "2019-05-02T01:00:00-05:00"}}]})
}

pub fn claim() -> Value {
    json!({"resourceType": "Claim", "id": "b", "status": "active", "use": "claim", "patient": me(),
        "insurance": [{"focal": true, "coverage": {"display": "private"}}],
        "item": [{"sequence": 1, "productOrService": snomed("430193006")}]})
}

pub fn concept(kind: Kind, system: System, code: &str) -> Concept {
    Concept::parse(kind, system, code).unwrap()
}

pub fn internal(code: &str) -> FactValue {
    FactValue::coded(System::Internal, Code::parse(System::Internal, code).unwrap())
}
