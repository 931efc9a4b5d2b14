//! The same bundles through `haste-fhir-model` and through the import.

use haste_fhir_model::r4::datetime::DateTime;
use haste_fhir_model::r4::generated::resources::{
    Observation, ObservationComponentValueTypeChoice, ObservationEffectiveTypeChoice, ObservationValueTypeChoice,
    Resource,
};
use haste_fhir_model::r4::generated::types::{CodeableConcept, Quantity};
use medproof_records::import::{Importer, Manifest, Options, PatientChart};
use medproof_statement::concept::{Concept, Kind, System};
use medproof_statement::day::Day;
use medproof_statement::fact::Fact;
use medproof_statement::value::{Value as FactValue, ValueType};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read};

fn importer() -> Importer {
    let issued_on = Day::from_civil(2021, 4, 1).unwrap();
    Importer::new(Options::new(issued_on).with_manifest(Manifest::synthea()))
}

fn bundles() -> Vec<Vec<u8>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/synthea-30.tar.xz");
    let unpacked = lzma_rust2::XzReader::new(BufReader::new(File::open(path).unwrap()), false);
    let mut archive = tar::Archive::new(unpacked);
    let mut found = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        if entry.header().entry_type().is_file() {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            found.push(bytes);
        }
    }
    assert_eq!(found.len(), 30);
    found
}

// What both must say of a reading: the code, the day, and a quantity in 10^-6 if there is one.
type Reading = (Concept, Day, Option<i128>);

fn concept(code: &CodeableConcept) -> Concept {
    let coding = &code.coding.as_ref().unwrap()[0];
    let text = coding.code.as_ref().unwrap().value.as_ref().unwrap();
    Concept::parse(Kind::Observation, System::Loinc, text).unwrap()
}

// The data's offsets are all +00:00, so the model's UTC day is the written one.
fn day(o: &Observation) -> Day {
    let Some(ObservationEffectiveTypeChoice::DateTime(time)) = &o.effective else {
        panic!("the data has dateTimes alone");
    };
    match time.value.as_ref().unwrap() {
        DateTime::Iso8601(instant) => {
            let seconds = instant.timestamp();
            Day(u32::try_from(seconds.div_euclid(86_400) + 43_829).unwrap())
        }
        _ => panic!("the data has full times alone"),
    }
}

fn quantity(q: &Quantity) -> Option<i128> {
    q.code.as_ref()?.value.as_ref()?;
    let x = q.value.as_ref()?.value?;
    // A float, but of at most 17 digits and far from 2^53 · 10^-6.
    Some((x * 1e6).floor() as i128)
}

fn readings(o: &Observation) -> Vec<Reading> {
    let own = match &o.value {
        Some(ObservationValueTypeChoice::Quantity(q)) => quantity(q),
        _ => None,
    };
    let mut all = vec![(concept(&o.code), day(o), own)];
    for part in o.component.iter().flatten() {
        let value = match &part.value {
            Some(ObservationComponentValueTypeChoice::Quantity(q)) => quantity(q),
            _ => None,
        };
        all.push((concept(&part.code), day(o), value));
    }
    all
}

fn floor(f: &Fact) -> Option<i128> {
    (f.value.kind() == ValueType::QUANTITY).then(|| ((f.value.v() as i128) - (1 << 63)).div_euclid(2))
}

// How well a fact fits what the model says of a reading: 0 exactly, 1 as one whose unit does not
// convert and that has no value here.
fn fit(model: Option<i128>, fact: &Fact) -> Option<u8> {
    match (model, floor(fact)) {
        // The float's floor may be one off on the grid.
        (Some(a), Some(b)) => ((a - b).abs() <= 1).then_some(0),
        (Some(_), None) => (fact.uncertain && fact.value == FactValue::UNKNOWN).then_some(1),
        (None, value) => value.is_none().then_some(0),
    }
}

fn compare(chart: &PatientChart, resources: &[Resource]) -> usize {
    let mut theirs: Vec<Reading> = resources
        .iter()
        .filter_map(|r| match r {
            Resource::Observation(o) => Some(readings(o)),
            _ => None,
        })
        .flatten()
        .collect();
    let mut ours: Vec<&Fact> = chart
        .facts
        .iter()
        .filter(|f| f.concept.kind() == Some(Kind::Observation))
        .collect();
    assert_eq!(theirs.len(), ours.len());
    theirs.sort();
    ours.sort_by_key(|f| (f.concept, f.date, floor(f)));
    let mut loose: BTreeMap<(Concept, Day), Vec<&Fact>> = BTreeMap::new();
    for fact in ours {
        loose.entry((fact.concept, fact.date)).or_default().push(fact);
    }
    for (concept, date, value) in &theirs {
        let group = loose.get_mut(&(*concept, *date)).expect("a fact of this code and day");
        let fits = group.iter().enumerate().filter_map(|(i, f)| Some((fit(*value, f)?, i)));
        let (_, at) = fits.min().expect("a fact of this value");
        group.remove(at);
    }
    theirs.len()
}

#[test]
fn the_same_readings_on_the_same_days() {
    let mut compared = 0;
    for bytes in bundles() {
        let chart = importer().bundle(&bytes, "bundle").unwrap();
        let bundle: Value = serde_json::from_slice(&bytes).unwrap();
        let resources: Vec<Resource> = bundle["entry"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| serde_json::from_str(&e["resource"].to_string()).unwrap())
            .collect();
        let count = |f: fn(&Resource) -> bool| resources.iter().filter(|r| f(r)).count() as u64;
        let ours = |name: &str| chart.report.resources.get(name).copied().unwrap_or(0);
        assert_eq!(ours("Condition"), count(|r| matches!(r, Resource::Condition(_))));
        assert_eq!(ours("Procedure"), count(|r| matches!(r, Resource::Procedure(_))));
        assert_eq!(ours("Encounter"), count(|r| matches!(r, Resource::Encounter(_))));
        assert_eq!(ours("Immunization"), count(|r| matches!(r, Resource::Immunization(_))));
        compared += compare(&chart, &resources);
    }
    assert!(compared > 1_000, "{compared}");
}

fn base() -> Value {
    json!({"resourceType": "Observation", "id": "o", "status": "final", "subject": {"reference": "Patient/p"},
        "code": {"coding": [{"system": "http://loinc.org", "code": "4548-4"}]},
        "effectiveDateTime": "2021-02-03T10:00:00+00:00",
        "valueQuantity": {"value": 7, "unit": "%", "system": "http://unitsofmeasure.org", "code": "%"}})
}

fn certain_here(resource: &Value) -> bool {
    let bundle = json!({"resourceType": "Bundle", "type": "collection", "entry": [
        {"resource": {"resourceType": "Patient", "id": "p", "birthDate": "1980-05-06", "gender": "female"}},
        {"resource": resource}]});
    importer()
        .bundle(bundle.to_string().as_bytes(), "bundle")
        .is_ok_and(|chart| {
            let mut facts = chart
                .facts
                .iter()
                .filter(|f| f.concept.kind() == Some(Kind::Observation));
            facts.next().is_some_and(|f| !f.uncertain)
        })
}

// What the model refuses is never a certain fact here.
#[test]
fn nothing_is_certain_that_the_model_refuses() {
    let accepted = |r: &Value| serde_json::from_str::<Resource>(&r.to_string()).is_ok();
    assert!(accepted(&base()) && certain_here(&base()));
    let mut refused = 0;
    for (pointer, value) in [
        ("/status", json!("done")),
        ("/status", json!(7)),
        ("/status", json!(null)),
        ("/code", json!("4548-4")),
        ("/code/coding", json!({"system": "http://loinc.org"})),
        ("/code/coding/0/code", json!(4548)),
        ("/effectiveDateTime", json!("2021-13-03")),
        ("/effectiveDateTime", json!("2021-02-30")),
        ("/effectiveDateTime", json!("2021-02-03T10:00:00")),
        ("/effectiveDateTime", json!("yesterday")),
        ("/effectiveDateTime", json!(20210203)),
        ("/valueQuantity", json!("7 %")),
        ("/valueQuantity/value", json!("7")),
        ("/valueQuantity/value", json!(true)),
        ("/valueQuantity/comparator", json!("~")),
        ("/valueQuantity/code", json!(["%"])),
        ("/subject", json!("Patient/p")),
        ("/component", json!({})),
    ] {
        let mut resource = base();
        match resource.pointer_mut(pointer) {
            Some(place) => *place = value.clone(),
            None => {
                let (parent, key) = pointer.rsplit_once('/').unwrap();
                let parent = if parent.is_empty() {
                    &mut resource
                } else {
                    resource.pointer_mut(parent).unwrap()
                };
                parent[key] = value.clone();
            }
        }
        if !accepted(&resource) {
            refused += 1;
            assert!(!certain_here(&resource), "{pointer} {value}");
        }
    }
    assert!(refused >= 14, "{refused}");
}
