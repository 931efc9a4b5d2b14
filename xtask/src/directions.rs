//! The plan of the house, held: which of our crates may depend on which.

use crate::run::{Outcome, Result, cargo, output};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Each crate with those of ours that it may name as a dependency (development aside).
const MAY_USE: &[(&str, &[&str])] = &[
    ("medproof-statement", &[]),
    ("medproof-claims", &["medproof-statement"]),
    ("medproof-claim-readers", &["medproof-claims", "medproof-statement"]),
    ("medproof-messages", &["medproof-claims", "medproof-statement"]),
    (
        "medproof-verifier",
        &["medproof-messages", "medproof-claims", "medproof-statement"],
    ),
    ("medproof-c", &["medproof-messages", "medproof-verifier"]),
    ("medproof-python", &["medproof-verifier"]),
    ("medproof-wasm", &["medproof-claims", "medproof-verifier"]),
    ("medproof-gadgets", &["medproof-statement"]),
    ("medproof-disclosure", &["medproof-gadgets", "medproof-statement"]),
    (
        "medproof-keys",
        &[
            "medproof-disclosure",
            "medproof-gadgets",
            "medproof-messages",
            "medproof-statement",
        ],
    ),
    (
        "medproof-engine",
        &[
            "medproof-cuda",
            "medproof-disclosure",
            "medproof-gadgets",
            "medproof-keys",
            "medproof-lanes",
            "medproof-messages",
            "medproof-statement",
        ],
    ),
    (
        "medproof-ceremony",
        &[
            "medproof-gadgets",
            "medproof-keys",
            "medproof-lanes",
            "medproof-messages",
            "medproof-statement",
        ],
    ),
    ("medproof-proto", &[]),
    (
        "medproof-service",
        &[
            "medproof-audit",
            "medproof-audit",
            "medproof-engine",
            "medproof-keys",
            "medproof-ledger",
            "medproof-messages",
            "medproof-proto",
            "medproof-records",
            "medproof-statement",
            "medproof-verifier",
        ],
    ),
    ("medproof-lanes", &["medproof-statement"]),
    ("medproof-cuda", &["medproof-lanes"]),
    ("medproof-records", &["medproof-lanes", "medproof-statement"]),
    ("medproof-custody", &["medproof-messages", "medproof-statement"]),
    ("medproof-ledger", &["medproof-statement", "medproof-messages"]),
    ("medproof-audit", &["medproof-statement", "medproof-messages"]),
];

/// Crates at the top may use anything but each other and the tests.
const TOP: &[&str] = &[
    "medproof-cli",
    "medproof-e2e",
    "medproof-benches",
    "medproof-soundness",
    "medproof-fuzz",
    "xtask",
];

/// What the embeddable verifier must never reach, however far down.
const NOT_IN_VERIFIER: &[&str] = &[
    "ark-r1cs-std",
    "ark-relations",
    "ark-groth16",
    "tokio",
    "tonic",
    "alloy",
    "revm",
    "rayon",
    "ureq",
];

/// How many packages the verifier may pull in.
const VERIFIER_DEPENDENCIES: usize = 60;

/// Checks directions, the verifier's reach and its number of dependencies.
pub fn check() -> Result<Outcome> {
    let metadata =
        output(&cargo(), &["metadata", "--format-version", "1", "--no-deps"]).ok_or("cargo metadata failed")?;
    let metadata: Value = serde_json::from_str(&metadata).map_err(|e| e.to_string())?;
    let used = dependencies(&metadata);
    let mut faults = Vec::new();
    for (name, uses) in &used {
        if TOP.contains(&name.as_str()) {
            let tops = uses
                .iter()
                .filter(|u| TOP.contains(&u.as_str()) && *u != "medproof-cli");
            faults.extend(tops.map(|u| format!("{name} depends on {u}")));
            continue;
        }
        let Some((_, allowed)) = MAY_USE.iter().find(|(n, _)| n == name) else {
            faults.push(format!("{name} has no place in the plan: xtask/src/directions.rs"));
            continue;
        };
        faults.extend(
            uses.iter()
                .filter(|u| !allowed.contains(&u.as_str()))
                .map(|u| format!("{name} depends on {u}")),
        );
    }
    faults.extend(verifier()?);
    if faults.is_empty() {
        println!("directions: {} crates as planned", used.len());
        Ok(Outcome::Passed)
    } else {
        Err(format!("directions:\n  {}", faults.join("\n  ")))
    }
}

// Normal and build dependencies of ours among the workspace's packages.
fn dependencies(metadata: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let packages = metadata["packages"].as_array().cloned().unwrap_or_default();
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let ours: BTreeSet<String> = packages.iter().map(|p| text(&p["name"])).collect();
    let mut used = BTreeMap::new();
    for package in &packages {
        let of = package["dependencies"].as_array().cloned().unwrap_or_default();
        let names = of
            .iter()
            .filter(|d| d["kind"] != "dev")
            .map(|d| text(&d["name"]))
            .filter(|n| ours.contains(n));
        used.insert(text(&package["name"]), names.collect());
    }
    used
}

fn verifier() -> Result<Vec<String>> {
    let args = [
        "tree",
        "-p",
        "medproof-verifier",
        "-e",
        "normal",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ];
    let tree = output(&cargo(), &args).ok_or("cargo tree failed")?;
    let packages: BTreeSet<&str> = tree.lines().filter_map(|l| l.split_whitespace().next()).collect();
    let reached = NOT_IN_VERIFIER.iter().filter(|n| packages.contains(*n));
    let mut faults: Vec<String> = reached.map(|n| format!("medproof-verifier reaches {n}")).collect();
    let count = packages.iter().filter(|p| !p.starts_with("medproof-")).count();
    println!("medproof-verifier: {count} dependencies of at most {VERIFIER_DEPENDENCIES}");
    if count > VERIFIER_DEPENDENCIES {
        faults.push(format!(
            "medproof-verifier has {count} dependencies, expected at most {VERIFIER_DEPENDENCIES}"
        ));
    }
    Ok(faults)
}
