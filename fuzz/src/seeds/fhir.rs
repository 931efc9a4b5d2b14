//! Seeds of FHIR: resources of every type that is read, one patient of the test data, maps.

use super::edges::respelt;
use super::{Seed, seed};
use crate::targets::fhir::{CANARY, NEXT_FILE};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

/// The import's own test resources.
#[allow(dead_code)]
#[path = "../../../records/tests/import/support.rs"]
mod resources;

/// How many resources of a type a seed of the test data has.
const OF_A_TYPE: usize = 2;
/// Longer ones say nothing more.
const LONGEST: usize = 4_000;

/// Seeds.
pub fn seeds() -> Vec<Seed> {
    let mut seeds = [bundles(), exports(), maps()].concat();
    let all = resources::bundle(&every()).to_string();
    seeds.extend(respelt("fhir_bundle", all.as_bytes()));
    seeds
}

fn every() -> Vec<Value> {
    use resources as r;
    let mut all = vec![
        r::immunization(),
        r::condition(),
        r::observation(),
        r::allergy(),
        r::request(),
        r::statement(),
        r::procedure(),
        r::encounter(),
        r::coverage(),
        r::explanation(),
        r::claim(),
    ];
    all[1]["code"]["text"] = json!(CANARY);
    all[2]["note"] = json!([{ "text": CANARY }]);
    all
}

// Values that are doubted, each in an observation of its own.
fn doubtful() -> Vec<Value> {
    let quantity = |value: &str, code: &str| -> Value {
        let raw = format!(r#"{{"value":{value},"system":"http://unitsofmeasure.org","code":"{code}"}}"#);
        serde_json::from_str(&raw).unwrap()
    };
    let values = [
        quantity("7.0", "%"),
        quantity("-0.0000005", "%"),
        quantity("9223372036854.775807", "%"),
        quantity("1e300", "%"),
        quantity("7", "mmol/mol"),
        json!({ "value": 7, "comparator": "<", "system": "http://unitsofmeasure.org", "code": "%" }),
    ];
    let dates = [
        "2021",
        "2021-04",
        "1850-01-01",
        "1849-12-31",
        "2021-04-01T00:00:00+14:00",
        "2022-01-01",
        "nonsense",
        "9999-12-31T23:59:60.9Z",
    ];
    let mut all = Vec::new();
    for (i, value) in values.into_iter().enumerate() {
        let changes = json!({ "id": format!("v{i}"), "valueQuantity": value });
        all.push(resources::with(resources::observation(), changes));
    }
    for (i, date) in dates.into_iter().enumerate() {
        let changes = json!({ "id": format!("d{i}"), "effectiveDateTime": date });
        all.push(resources::with(resources::observation(), changes));
    }
    for status in ["preliminary", "entered-in-error", "cancelled", CANARY] {
        all.push(resources::with(
            resources::observation(),
            json!({ "id": status, "status": status }),
        ));
    }
    all
}

fn bundles() -> Vec<Seed> {
    let name = "fhir_bundle";
    let mut seeds = vec![
        seed(name, "every", resources::bundle(&every()).to_string()),
        seed(name, "doubtful", resources::bundle(&doubtful()).to_string()),
        seed(name, "nobody", r#"{"resourceType":"Bundle","type":"collection"}"#),
    ];
    for (i, resource) in every().into_iter().enumerate() {
        seeds.push(seed(
            name,
            format!("one-{i:02}"),
            resources::bundle(&[resource]).to_string(),
        ));
    }
    seeds.extend(real().map(|bundle| seed(name, "synthea", bundle.to_string())));
    seeds
}

// A few resources of each type of the test data's first patient.
fn real() -> Option<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/synthea-30.tar.xz");
    let unpacked = lzma_rust2::XzReader::new(BufReader::new(File::open(path).ok()?), false);
    let mut archive = tar::Archive::new(unpacked);
    let mut text = Vec::new();
    let mut entries = archive.entries().ok()?.map(Result::unwrap);
    entries
        .find(|e| e.header().entry_type().is_file())?
        .read_to_end(&mut text)
        .ok()?;
    let mut bundle: Value = serde_json::from_slice(&text).ok()?;
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    bundle["entry"].as_array_mut()?.retain(|entry| {
        let kind = entry["resource"]["resourceType"].as_str().unwrap_or_default();
        let taken = taken.entry(kind.to_owned()).or_default();
        let keep = *taken < OF_A_TYPE && (kind == "Patient" || entry.to_string().len() < LONGEST);
        *taken += usize::from(keep);
        keep
    });
    Some(bundle)
}

// References as a bulk export has them.
fn exported(resource: &Value) -> String {
    resource
        .to_string()
        .replace("urn:uuid:p", "Patient/p")
        .replace("urn:uuid:b", "Claim/b")
}

fn exports() -> Vec<Seed> {
    let name = "fhir_ndjson";
    let patients = format!(
        "{}\n\n{}",
        resources::patient(),
        resources::with(resources::patient(), json!({ "id": "q" }))
    );
    let mut seeds = Vec::new();
    for (i, resource) in every().iter().enumerate() {
        let file = exported(resource);
        let export = [patients.as_bytes(), NEXT_FILE, file.as_bytes()].concat();
        seeds.push(seed(name, format!("one-{i:02}"), export));
    }
    let lines: Vec<String> = doubtful().iter().map(exported).collect();
    seeds.push(seed(
        name,
        "doubtful",
        [lines.join("\n").as_bytes(), NEXT_FILE, patients.as_bytes()].concat(),
    ));
    seeds.push(seed(name, "patients", patients));
    seeds
}

fn maps() -> Vec<Seed> {
    let target = |code: &str, equivalence: &str| json!({ "code": code, "equivalence": equivalence });
    let element = |code: &str, targets: &[Value]| json!({ "code": code, "target": targets });
    let map = json!({ "resourceType": "ConceptMap", "group": [{
        "source": "urn:local", "target": "http://snomed.info/sct",
        "element": [
            element("a", &[target("44054006", "equal"), target("38341003", "equivalent")]),
            element(CANARY, &[target("44054006", "wider")]),
        ] }] });
    let text = map.to_string();
    let mut seeds = respelt("concept_map", text.as_bytes());
    seeds.push(seed("concept_map", "honest", text));
    let classes = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../records/data/coverage-classes.json"));
    seeds.extend(classes.ok().map(|classes| seed("concept_map", "classes", classes)));
    seeds
}
