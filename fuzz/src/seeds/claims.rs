//! Seeds of claims: the library's, in every form that is read.

use super::edges::respelt;
use super::{Seed, seed};
use medproof_claims::library::{CLAIMS, CRITERIA};
use serde_json::Value;

/// Larger ones say nothing more.
const SMALL: usize = 20_000;

/// Seeds.
pub fn seeds() -> Vec<Seed> {
    let mut seeds = Vec::new();
    for entry in CLAIMS.iter().chain(CRITERIA).filter(|entry| entry.json.len() < SMALL) {
        let value: Value = serde_json::from_str(entry.json).unwrap();
        let json = serde_json::to_vec(&value).unwrap();
        let name = entry.name.replace('/', "-");
        seeds.push(seed("claim_compile", &*name, [b"62545 \n", &json[..]].concat()));
        seeds.push(seed("claim_json", &*name, json));
        let mut yaml = String::new();
        block(&value, 0, &mut yaml);
        seeds.push(seed("claim_yaml", name, yaml));
    }
    let adult = br#"{"clauses":[{"age":{"at_least":18}}],"form":"medproof-claim/1","title":"Adult"}"#;
    seeds.extend(respelt("claim_json", adult));
    for (i, head) in ["0 XS", "2976683 L", "2976684 S", "4294967295 M", "21549 "]
        .iter()
        .enumerate()
    {
        seeds.push(seed(
            "claim_compile",
            format!("day-{i}"),
            [head.as_bytes(), b"\n", adult].concat(),
        ));
    }
    seeds.extend(
        YAML.iter()
            .enumerate()
            .map(|(i, text)| seed("claim_yaml", format!("text-{i}"), *text)),
    );
    seeds
}

// Blocks of mappings, flow within lists: both ways of writing YAML.
fn block(value: &Value, depth: usize, out: &mut String) {
    match value {
        Value::Object(members) if depth < 2 => {
            for (key, value) in members {
                out.push_str(&"  ".repeat(depth));
                out.push_str(key);
                out.push(':');
                match value {
                    Value::Object(_) if depth < 1 => {
                        out.push('\n');
                        block(value, depth + 1, out);
                    }
                    Value::Array(items) => {
                        out.push('\n');
                        for item in items {
                            out.push_str(&format!("{}- {item}\n", "  ".repeat(depth + 1)));
                        }
                    }
                    other => out.push_str(&format!(" {other}\n")),
                }
            }
        }
        other => out.push_str(&other.to_string()),
    }
}

const YAML: &[&str] = &[
    "form: medproof-claim/1\ntitle: Adults\nclauses:\n  - age: { at_least: 18, at_most: 75 }\n  - not_deceased: true\n",
    "form: medproof-claim/1\ntitle: A\ndescription: >\n  folded\n  text\nclauses:\n  - latest:\n      kind: observation\n      codes: { system: loinc, code: 4548-4, display: Hemoglobin A1c }\n      within: { days: 365 }\n      value: { unit: \"%\", at_least: \"7.0\", at_most: 10.5 }\n",
    "form: medproof-claim/1\ntitle: |-\n  A\nclauses:\n- any:\n  - has: {kind: condition, codes: {system: snomed, code: '44054006'}, active: true}\n  - none: {kind: medication, codes: {system: rxnorm, any_of: [\"855332\", {code: \"855333\", display: x}]}}\n",
    "a: &x [1]\nb: *x\n",
    "form: !!str medproof-claim/1\n",
    "<<: {a: 1}\ntitle: no\n",
    "? [a]\n: b\n",
    "{\"form\": \"medproof-claim/1\", \"title\": \"\\u00e9\\ud83d\\ude00\", \"clauses\": [{\"sex\": \"female\"}]}",
    "---\nform: medproof-claim/1\n...\n---\nsecond: document\n",
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    "a: b: c: d\n\t- e\n",
    "title: 012\nform: 1_000\n",
];
