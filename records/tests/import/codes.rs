//! Codings become facts; coverage says for which systems none is missing.

use crate::support::*;
use medproof_records::import::{ConceptMap, Importer, Manifest, Options, Unusable};
use medproof_statement::concept::{Kind, System};
use medproof_statement::coverage::Coverage;
use serde_json::{Value, json};

fn coded(codings: Value) -> Value {
    with(condition(), json!({"code": {"coding": codings}}))
}

fn covered(chart: &medproof_records::import::PatientChart, kind: Kind, system: System) -> bool {
    Coverage::pair(kind, system).unwrap().is_subset_of(chart.coverage)
}

#[test]
fn each_coding_is_a_fact_and_equal_ones_merge() {
    let chart = import(&[coded(json!([
        {"system": "http://snomed.info/sct", "code": "44054006"},
        {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "E11.9"},
        {"system": "http://snomed.info/sct", "code": "44054006", "display": "again"},
    ]))]);
    let facts = of(&chart, Kind::Condition);
    assert_eq!(facts.len(), 2);
    assert_eq!(facts[0].seq.event, facts[1].seq.event);
    assert!(covered(&chart, Kind::Condition, System::Snomed) && covered(&chart, Kind::Condition, System::Icd10Cm));
    assert!(!covered(&chart, Kind::Condition, System::Icd9Cm));
}

#[test]
fn unusable_codings_are_counted_and_cost_coverage() {
    for (codings, why) in [
        (json!([]), Unusable::NoCoding),
        (json!([{"code": "44054006"}]), Unusable::NoSystem),
        (json!([{"system": "http://snomed.info/sct"}]), Unusable::NoCode),
        (json!([{"system": "urn:local", "code": "D1"}]), Unusable::UnknownSystem),
        (
            json!([{"system": "http://snomed.info/sct", "code": "34552-0"}]),
            Unusable::Shape,
        ),
        (
            json!([{"system": "http://loinc.org", "code": "4548-5"}]),
            Unusable::Shape,
        ),
    ] {
        let chart = import(&[coded(codings), with(condition(), json!({"id": "good"}))]);
        assert_eq!(of(&chart, Kind::Condition).len(), 1);
        assert_eq!(chart.report.unusable["condition"][&why], 1);
        assert!(!covered(&chart, Kind::Condition, System::Snomed));
        assert!(!Coverage::kind(Kind::Condition).is_subset_of(chart.coverage));
        assert!(Coverage::kind(Kind::Allergy).is_subset_of(chart.coverage));
    }
}

#[test]
fn a_kind_is_covered_by_its_systems_together() {
    let icd = coded(json!([{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "E11.9"}]));
    let chart = import(&[with(icd, json!({"id": "icd"})), condition()]);
    assert!(Coverage::kind(Kind::Condition).is_subset_of(chart.coverage));
    assert!(!covered(&chart, Kind::Condition, System::Snomed));
    assert!(!covered(&chart, Kind::Condition, System::Icd10Cm));
    // A system that is none of the kind's is not a usable code of it.
    let odd = coded(json!([{"system": "http://loinc.org", "code": "4548-4"}]));
    let chart = import(&[odd]);
    assert_eq!(of(&chart, Kind::Condition).len(), 1);
    assert!(!Coverage::kind(Kind::Condition).is_subset_of(chart.coverage));
}

#[test]
fn one_component_without_a_code_costs_the_observations() {
    let panel = json!({"component": [{"code": {"text": "pulse"}, "valueQuantity": quantity("/min", 70)}]});
    let chart = import(&[with(observation(), panel)]);
    assert!(!covered(&chart, Kind::Observation, System::Loinc));
    let two = json!({"type": [snomed("185349003"), {"text": "checkup"}]});
    let chart = import(&[with(encounter(), two)]);
    assert!(!covered(&chart, Kind::Encounter, System::Snomed));
    let none = import(&[with(encounter(), json!({"type": null}))]);
    assert!(!Coverage::kind(Kind::Encounter).is_subset_of(none.coverage));
}

#[test]
fn only_what_was_exported_is_covered() {
    let text = bundle(&[condition()]).to_string();
    let with_manifest = |manifest| {
        let options = Options::new(issued_on()).with_manifest(manifest);
        Importer::new(options).bundle(text.as_bytes(), "test").unwrap().coverage
    };
    assert_eq!(with_manifest(Manifest::default()), Coverage::NONE);
    assert_eq!(with_manifest(Manifest::Files), Coverage::NONE);
    let some = with_manifest(Manifest::names(["condition", "allergy"]).unwrap());
    assert!(Coverage::kind(Kind::Condition).is_subset_of(some));
    assert!(
        Coverage::pair(Kind::Allergy, System::RxNorm)
            .unwrap()
            .is_subset_of(some)
    );
    assert!(!Coverage::kind(Kind::Observation).is_subset_of(some));
    assert_eq!(Manifest::names(["condition", "allergies"]).unwrap_err().place, 1);
    assert!(!Coverage::kind(Kind::Coverage).is_subset_of(with_manifest(Manifest::synthea())));
}

fn map(target: Value) -> ConceptMap {
    let file = json!({"resourceType": "ConceptMap", "group": [{"source": "urn:local", "target": "http://snomed.info/sct",
        "element": [{"code": "D1", "target": [target]}]}]});
    ConceptMap::from_json(file.to_string().as_bytes(), "map").unwrap()
}

#[test]
fn local_codes_go_through_the_concept_map() {
    let local = bundle(&[coded(json!([{"system": "urn:local", "code": "D1"}]))]).to_string();
    let read = |concept_map| {
        let options = Options {
            concept_map,
            ..options()
        };
        Importer::new(options).bundle(local.as_bytes(), "test").unwrap()
    };
    let chart = read(map(json!({"code": "44054006", "equivalence": "equivalent"})));
    assert_eq!(
        of(&chart, Kind::Condition)[0].concept,
        concept(Kind::Condition, System::Snomed, "44054006")
    );
    assert!(covered(&chart, Kind::Condition, System::Snomed));
    // A wider or inexact target says nothing with certainty.
    for word in ["wider", "narrower", "inexact", "relatedto", "unmatched"] {
        let chart = read(map(json!({"code": "44054006", "equivalence": word})));
        assert!(of(&chart, Kind::Condition).is_empty());
    }
}

#[test]
fn concept_maps_that_cannot_be_followed_are_refused() {
    let read = |v: Value| ConceptMap::from_json(v.to_string().as_bytes(), "map");
    let group = |target: &str, t: Value| {
        json!({"resourceType": "ConceptMap", "group": [{"source": "urn:local", "target": target,
            "element": [{"code": "D1", "target": [t]}]}]})
    };
    let sct = "http://snomed.info/sct";
    assert!(read(json!({"resourceType": "ValueSet"})).is_err());
    assert!(read(group("urn:other", json!({"code": "1", "equivalence": "equal"}))).is_err());
    assert!(read(group(sct, json!({"code": "34552-0", "equivalence": "equal"}))).is_err());
    assert!(read(group(sct, json!({"equivalence": "equal"}))).is_err());
    assert!(read(group(sct, json!({"code": "44054006"}))).is_err());
    let depends = json!({"code": "44054006", "equivalence": "equal", "dependsOn": [{"property": "p", "value": "v"}]});
    assert!(read(group(sct, depends)).is_err());
    assert!(ConceptMap::from_json(b"{", "map").is_err());
    assert_ne!(ConceptMap::coverage_classes(), ConceptMap::empty());
}

#[test]
fn medications_are_found_by_reference() {
    let refer = |r: &str| {
        with(
            request(),
            json!({"medicationCodeableConcept": null, "medicationReference": {"reference": r}}),
        )
    };
    let medication = json!({"resourceType": "Medication", "id": "med", "code": rxnorm("855332")});
    for reference in [
        "urn:uuid:med",
        "Medication/med",
        "https://a.example/fhir/Medication/med/_history/2",
    ] {
        let chart = import(&[refer(reference), medication.clone()]);
        assert_eq!(of(&chart, Kind::Medication).len(), 1, "{reference}");
    }
    let inside = with(refer("#med"), json!({"contained": [medication]}));
    assert_eq!(of(&import(&[inside]), Kind::Medication).len(), 1);
    let lost = import(&[refer("Medication/other")]);
    assert!(of(&lost, Kind::Medication).is_empty());
    assert!(!Coverage::kind(Kind::Medication).is_subset_of(lost.coverage));
    let modified = with(
        json!({"resourceType": "Medication", "id": "med", "code": rxnorm("855332")}),
        json!({"modifierExtension": [{"url": "x"}]}),
    );
    assert!(of(&import(&[refer("Medication/med"), modified]), Kind::Medication).is_empty());
}

#[test]
fn contained_facts_are_not_lost_without_a_word() {
    let inner = json!({"contained": [{"resourceType": "Condition", "id": "inner", "code": snomed("44054006")}]});
    let chart = import(&[with(encounter(), inner)]);
    assert!(of(&chart, Kind::Condition).is_empty());
    assert_eq!(chart.report.unusable["condition"][&Unusable::Contained], 1);
    assert!(!Coverage::kind(Kind::Condition).is_subset_of(chart.coverage));
    assert!(Coverage::kind(Kind::Encounter).is_subset_of(chart.coverage));
}
