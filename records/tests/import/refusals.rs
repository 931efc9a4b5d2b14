//! What is malformed is refused, with its place and without its content.

use crate::support::*;
use medproof_records::import::Problem;
use serde_json::{Value, json};

fn refusal(text: &str) -> (Problem, String, usize) {
    let error = try_text(text).unwrap_err();
    let said = error.to_string();
    assert!(!said.contains("SECRET"), "{said}");
    (error.problem, error.at.path, error.at.line)
}

fn refused(resources: &[Value]) -> Problem {
    refusal(&bundle(resources).to_string()).0
}

#[test]
fn json_that_is_none() {
    for text in [
        "",
        "{",
        "[]",
        "{\"resourceType\": \"Bundle\"",
        "\u{feff}{}",
        "null",
        "{} {}",
        "{'a': 1}",
    ] {
        assert!(
            matches!(refusal(text).0, Problem::Json(_) | Problem::NotABundle),
            "{text}"
        );
    }
    let whole = bundle(&[condition()]).to_string();
    for cut in [10, 100, whole.len() / 2, whole.len() - 1] {
        assert!(try_text(&whole[..cut]).is_err());
    }
    assert!(try_text(&format!("{whole}x")).is_err());
    assert!(try_text(&whole).is_ok());
}

#[test]
fn wrong_types_have_a_path_and_a_line() {
    let r = with(condition(), json!({"onsetDateTime": ["SECRET"]}));
    let text = serde_json::to_string_pretty(&bundle(&[r])).unwrap();
    let (problem, path, line) = refusal(&text);
    assert!(matches!(problem, Problem::Json(_)));
    assert_eq!(path, "entry[1].resource.onsetDateTime");
    let expected = 1 + text.lines().position(|l| l.contains("onsetDateTime")).unwrap();
    assert_eq!(line, expected);
    let deep = with(
        condition(),
        json!({"code": {"coding": [{"system": 5, "code": "SECRET"}]}}),
    );
    assert_eq!(
        refusal(&bundle(&[deep]).to_string()).1,
        "entry[1].resource.code.coding[0].system"
    );
    for bad in [
        json!({"status": {"SECRET": 1}}),
        json!({"component": {"code": "SECRET"}}),
        json!({"valueQuantity": "SECRET"}),
        json!({"valueBoolean": "SECRET"}),
        json!({"contained": [{"resourceType": ["SECRET"]}]}),
        json!({"id": 17}),
    ] {
        assert!(matches!(
            refused(&[with(with(observation(), json!({"valueQuantity": null})), bad)]),
            Problem::Json(_)
        ));
    }
}

#[test]
fn null_is_no_absence() {
    let text = bundle(&[observation()]).to_string().replace("\"final\"", "null");
    assert!(matches!(refusal(&text).0, Problem::Json(_)));
}

#[test]
fn duplicate_keys_are_refused() {
    let whole = bundle(&[observation()]).to_string();
    for (once, twice) in [
        (
            "\"status\":\"final\"",
            "\"status\":\"final\",\"status\":\"entered-in-error\"",
        ),
        ("\"value\":7", "\"value\":7,\"value\":8"),
        (
            "\"type\":\"collection\"",
            "\"type\":\"collection\",\"type\":\"collection\"",
        ),
        ("\"code\":\"4548-4\"", "\"code\":\"4548-4\",\"code\":\"4548-4\""),
    ] {
        assert!(whole.contains(once), "{once}");
        let (problem, ..) = refusal(&whole.replace(once, twice));
        assert!(
            matches!(problem, Problem::Json(text) if text.contains("duplicate field")),
            "{once}"
        );
    }
}

#[test]
fn bundles_that_are_not_one_patients_whole_chart() {
    let base = bundle(&[condition()]);
    let of = |changes: Value| refusal(&with(base.clone(), changes).to_string()).0;
    assert!(matches!(of(json!({"resourceType": "Patient"})), Problem::NotABundle));
    assert!(matches!(of(json!({"resourceType": null})), Problem::NotABundle));
    assert!(matches!(of(json!({"type": "history"})), Problem::BundleType));
    assert!(matches!(of(json!({"type": null})), Problem::BundleType));
    assert!(matches!(
        of(json!({"link": [{"relation": "next", "url": "x"}]})),
        Problem::Page
    ));
    assert!(matches!(of(json!({"entry": []})), Problem::NoPatient));
    assert!(matches!(
        of(json!({"entry": [{"resource": condition()}]})),
        Problem::NoPatient
    ));
    assert!(matches!(of(json!({"entry": [{"fullUrl": "x"}]})), Problem::Entry));
    let deletion = json!({"entry": [{"resource": patient(), "request": {"method": "DELETE", "url": "x"}}]});
    assert!(matches!(of(deletion), Problem::Entry));
    assert!(matches!(
        of(json!({"entry": [{"resource": {"id": "x"}}]})),
        Problem::Entry
    ));
    assert!(matches!(
        refused(&[with(patient(), json!({"id": "q"}))]),
        Problem::TwoPatients
    ));
}

#[test]
fn resources_of_others_are_refused() {
    for reference in ["urn:uuid:other", "Patient/other", "Group/p", "#p", "p"] {
        let r = with(condition(), json!({"subject": {"reference": reference}}));
        assert!(matches!(refused(&[r]), Problem::ForeignSubject), "{reference}");
    }
    for reference in ["Patient/p", "https://a.example/fhir/Patient/p", "Patient/p/_history/3"] {
        let r = with(condition(), json!({"subject": {"reference": reference}}));
        assert!(try_import(&[r]).is_ok(), "{reference}");
    }
}

#[test]
fn resources_without_an_id_or_with_anothers() {
    let twice = with(condition(), json!({"code": snomed("38341003")}));
    assert!(matches!(refused(&[condition(), twice]), Problem::DuplicateId));
    let medication = json!({"resourceType": "Medication", "id": "med", "code": rxnorm("855332")});
    assert!(matches!(
        refused(&[medication.clone(), medication]),
        Problem::DuplicateId
    ));
    let b = json!({"resourceType": "Bundle", "type": "collection", "entry": [{"resource": patient()},
        {"resource": with(with(condition(), json!({"id": null})), json!({"subject": {"reference": "Patient/p"}}))}]});
    assert!(matches!(refusal(&b.to_string()).0, Problem::NoId));
    assert!(matches!(
        refused(&[with(condition(), json!({"id": ""}))]),
        Problem::NoId
    ));
}

#[test]
fn two_forms_of_one_choice() {
    for (r, more) in [
        (immunization(), json!({"occurrenceString": "x"})),
        (condition(), json!({"onsetString": "x"})),
        (
            condition(),
            json!({"abatementString": "x", "abatementDateTime": "2020"}),
        ),
        (allergy(), json!({"onsetDateTime": "2020", "onsetAge": {}})),
        (observation(), json!({"effectiveInstant": "2020-01-01T00:00:00Z"})),
        (observation(), json!({"valueString": "x"})),
        (request(), json!({"medicationReference": {"reference": "Medication/x"}})),
        (statement(), json!({"effectiveDateTime": "2020"})),
        (procedure(), json!({"performedDateTime": "2020"})),
        (
            explanation(),
            json!({"item": [{"servicedDate": "2020", "servicedPeriod": {}}]}),
        ),
    ] {
        assert!(try_import(std::slice::from_ref(&r)).is_ok());
        assert!(
            matches!(refused(&[with(r, more.clone())]), Problem::TwoForms(_)),
            "{more}"
        );
    }
    let both = json!({"deceasedBoolean": true, "deceasedDateTime": "2020"});
    let b = json!({"resourceType": "Bundle", "type": "collection", "entry": [{"resource": with(patient(), both)}]});
    assert!(matches!(refusal(&b.to_string()).0, Problem::TwoForms("deceased")));
}

#[test]
fn other_types_are_passed_over_and_counted() {
    let chart = import(&[
        json!({"resourceType": "Organization", "id": "org", "name": "x"}),
        json!({"resourceType": "DiagnosticReport", "id": "dr"}),
    ]);
    assert_eq!(chart.report.ignored, 2);
}

#[test]
fn a_name_that_nobody_knows_does_not_steer_a_terminal() {
    let text = bundle(&[]).to_string();
    for name in ["\u{7f}", "\u{9b}2J", &"n".repeat(100_000)] {
        let text = text.replacen("{", &format!("{{\"{name}\": \u{1},"), 1);
        let said = try_text(&text).unwrap_err().to_string();
        assert!(said.len() < 1_000 && !said.chars().any(char::is_control), "{said:?}");
    }
}
