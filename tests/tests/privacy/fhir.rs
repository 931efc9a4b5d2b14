//! Bundles of made-up patients.

use serde_json::{Value, json};

pub const SNOMED: &str = "http://snomed.info/sct";
pub const LOINC: &str = "http://loinc.org";

/// A bundle of one patient and what the chart says.
pub fn bundle(patient: Value, resources: impl IntoIterator<Item = Value>) -> Value {
    let id = patient["id"].as_str().unwrap().to_owned();
    let entry = |resource: Value| json!({"fullUrl": format!("urn:uuid:{}", resource["id"].as_str().unwrap()), "resource": resource});
    let owned = resources.into_iter().map(|mut resource| {
        let field = match resource["resourceType"].as_str().unwrap() {
            "Immunization" | "AllergyIntolerance" | "Claim" | "ExplanationOfBenefit" => "patient",
            "Coverage" => "beneficiary",
            _ => "subject",
        };
        resource[field] = json!({"reference": format!("urn:uuid:{id}")});
        resource
    });
    let entries: Vec<Value> = std::iter::once(patient).chain(owned).map(entry).collect();
    json!({"resourceType": "Bundle", "type": "collection", "entry": entries})
}

pub fn patient(id: &str, born: &str) -> Value {
    json!({"resourceType": "Patient", "id": id, "birthDate": born, "gender": "female", "deceasedBoolean": false})
}

pub fn concept(system: &str, code: &str) -> Value {
    json!({"coding": [{"system": system, "code": code}]})
}

pub fn condition(id: &str, code: &str, onset: &str) -> Value {
    json!({
        "resourceType": "Condition", "id": id, "code": concept(SNOMED, code), "onsetDateTime": onset,
        "clinicalStatus": concept("http://terminology.hl7.org/CodeSystem/condition-clinical", "active"),
        "verificationStatus": concept("http://terminology.hl7.org/CodeSystem/condition-ver-status", "confirmed"),
    })
}

pub fn observation(id: &str, code: &str, at: &str, value: f64, unit: &str) -> Value {
    json!({
        "resourceType": "Observation", "id": id, "status": "final", "code": concept(LOINC, code),
        "effectiveDateTime": at,
        "valueQuantity": {"value": value, "system": "http://unitsofmeasure.org", "code": unit},
    })
}
