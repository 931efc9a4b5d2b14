//! Bulk Data: several NDJSON files, many patients.

use crate::support::*;
use medproof_records::import::{ImportError, Importer, Manifest, Options, PatientChart, Problem};
use medproof_statement::concept::Kind;
use medproof_statement::coverage::Coverage;
use serde_json::{Value, json};
use std::path::PathBuf;

fn of_patient(mut r: Value, who: &str) -> Value {
    let key = if r.get("subject").is_some() {
        "subject"
    } else {
        "patient"
    };
    r[key] = json!({"reference": format!("Patient/{who}")});
    r
}

fn export(files: &[(&str, Vec<Value>)]) -> Result<Vec<PatientChart>, ImportError> {
    let text: Vec<(String, String)> = files
        .iter()
        .map(|(name, lines)| {
            let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
            ((*name).to_owned(), lines.join("\n"))
        })
        .collect();
    export_text(&text)
}

fn export_text(files: &[(String, String)]) -> Result<Vec<PatientChart>, ImportError> {
    let dir = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> = files.iter().map(|(name, _)| dir.path().join(name)).collect();
    for (path, (_, text)) in paths.iter().zip(files) {
        std::fs::write(path, text).unwrap();
    }
    let options = Options::new(issued_on()).with_manifest(Manifest::Files);
    Ok(Importer::new(options).ndjson(&paths)?.collect())
}

fn patients() -> Vec<Value> {
    vec![with(patient(), json!({"id": "q"})), patient()]
}

#[test]
fn resources_find_their_patients_in_any_order_of_files() {
    let doses = [
        of_patient(immunization(), "q"),
        of_patient(with(immunization(), json!({"id": "i2"})), "p"),
        of_patient(with(immunization(), json!({"id": "i3"})), "q"),
    ];
    let charts = export(&[
        ("Immunization.000.ndjson", doses[..1].to_vec()),
        ("Patient.ndjson", patients()),
        ("Immunization.001.ndjson", doses[1..].to_vec()),
        (
            "Practitioner.ndjson",
            vec![json!({"resourceType": "Practitioner", "id": "d"})],
        ),
    ])
    .unwrap();
    let ids: Vec<&str> = charts.iter().map(|c| c.patient_id.as_str()).collect();
    assert_eq!(ids, ["p", "q"]);
    let counts: Vec<usize> = charts.iter().map(|c| of(c, Kind::Immunization).len()).collect();
    assert_eq!(counts, [1, 2]);
    // A kind is covered where each of its types has a file.
    for chart in &charts {
        assert!(Coverage::kind(Kind::Immunization).is_subset_of(chart.coverage));
        assert!(!Coverage::kind(Kind::Condition).is_subset_of(chart.coverage));
    }
}

#[test]
fn a_kind_of_two_types_needs_both_files() {
    let medications = |files: &[(&str, Vec<Value>)]| {
        let charts = export(files).unwrap();
        Coverage::kind(Kind::Medication).is_subset_of(charts[0].coverage)
    };
    let one = ("Patient.ndjson", vec![patient()]);
    let requests = ("MedicationRequest.ndjson", vec![of_patient(request(), "p")]);
    let statements = ("MedicationStatement.ndjson", vec![of_patient(statement(), "p")]);
    assert!(!medications(&[one.clone(), requests.clone()]));
    assert!(medications(&[one, requests, statements]));
}

#[test]
fn a_bundle_and_an_export_of_one_patient_agree() {
    let resources = [
        condition(),
        observation(),
        procedure(),
        encounter(),
        allergy(),
        immunization(),
    ];
    let own = resources.map(|r| of_patient(r, "p"));
    let whole = import(&own);
    let files: Vec<(String, Vec<Value>)> = std::iter::once(patient())
        .chain(own)
        .map(|r| (format!("{}.ndjson", r["resourceType"].as_str().unwrap()), vec![r]))
        .collect();
    let named: Vec<(&str, Vec<Value>)> = files.iter().map(|(n, l)| (n.as_str(), l.clone())).collect();
    assert_eq!(export(&named).unwrap()[0].facts, whole.facts);
}

#[test]
fn references_between_files_are_followed() {
    let medication = json!({"resourceType": "Medication", "id": "med", "code": rxnorm("855332")});
    let refer = json!({"medicationCodeableConcept": null, "medicationReference": {"reference": "Medication/med"}});
    let bill = json!({"insurance": [{"focal": true, "coverage": {"reference": "Coverage/v"}}]});
    let cover = with(coverage(), json!({"beneficiary": {"reference": "Patient/p"}}));
    let charts = export(&[
        (
            "MedicationRequest.ndjson",
            vec![of_patient(with(request(), refer), "p")],
        ),
        (
            "ExplanationOfBenefit.ndjson",
            vec![of_patient(with(explanation(), bill), "p")],
        ),
        ("Coverage.ndjson", vec![cover]),
        ("Medication.ndjson", vec![medication]),
        ("Patient.ndjson", vec![patient()]),
    ])
    .unwrap();
    assert_eq!(of(&charts[0], Kind::Medication).len(), 1);
    assert_eq!(of(&charts[0], Kind::Claim)[0].value, internal("MEDICARE"));
}

#[test]
fn what_is_malformed_is_refused_with_file_and_line() {
    let file = |name: &str, text: String| (name.to_owned(), text);
    let first = file("Patient.ndjson", patient().to_string());
    let dose = of_patient(immunization(), "p").to_string();
    let bad = dose.replace("\"completed\"", "[\"SECRET\"]");
    let error = export_text(&[first.clone(), file("Immunization.ndjson", format!("{dose}\n\n{bad}\n"))]).unwrap_err();
    assert_eq!(
        (error.at.source.as_str(), error.at.line, error.at.path.as_str()),
        ("Immunization.ndjson", 3, "status")
    );
    assert!(!error.to_string().contains("SECRET"));

    let problem = |files: &[(String, String)]| export_text(files).unwrap_err().problem;
    let mixed = file(
        "Immunization.ndjson",
        format!("{dose}\n{}", of_patient(condition(), "p")),
    );
    assert!(matches!(problem(&[first.clone(), mixed]), Problem::MixedTypes));
    let twice = file("Immunization.ndjson", format!("{dose}\n{dose}"));
    assert!(matches!(problem(&[first.clone(), twice]), Problem::DuplicateId));
    let orphan = file("Immunization.ndjson", of_patient(immunization(), "z").to_string());
    assert!(matches!(problem(&[first.clone(), orphan]), Problem::ForeignSubject));
    let nobody = file(
        "Immunization.ndjson",
        with(immunization(), json!({"patient": null})).to_string(),
    );
    assert!(matches!(problem(&[first.clone(), nobody]), Problem::NoSubject));
    let group = json!({"patient": {"reference": "Group/p"}});
    let group = file("Immunization.ndjson", with(immunization(), group).to_string());
    assert!(matches!(problem(&[first.clone(), group]), Problem::NoSubject));
    let pretty = file(
        "Immunization.ndjson",
        serde_json::to_string_pretty(&immunization()).unwrap(),
    );
    assert!(matches!(problem(&[first.clone(), pretty]), Problem::Json(_)));
    let again = file("Patient2.ndjson", patient().to_string());
    assert!(matches!(problem(&[first, again]), Problem::DuplicateId));
    assert!(matches!(problem(&[]), Problem::NoPatient));
    let missing = Importer::new(options()).ndjson(&[PathBuf::from("does-not-exist.ndjson")]);
    assert!(matches!(missing.unwrap_err().problem, Problem::Read(_)));
}
