//! `cargo xtask msrv`: that what others embed compiles with the Rust that it states, and with an older one.

use crate::run::{Outcome, Result, cargo, output, step_with};
use crate::tools;
use serde_json::Value;
use std::collections::BTreeMap;

/// What is embedded. A Rust that is older than stated compiles it; the store of answers and the rest of the workspace are newer.
const EMBEDDED: &str = "medproof-c";

/// The packages that state one version.
const ALIKE: &[&str] = &[
    "medproof-statement",
    "medproof-claims",
    "medproof-messages",
    "medproof-verifier",
    "medproof-c",
    "medproof-python",
];

/// Its parts.
pub type Version = Vec<u32>;

/// Checks what is stated, then compiles by an older Rust.
pub fn all() -> Result<Outcome> {
    let stated = check()?;
    let (text, version) = &stated;
    let Some(old) = tools::ensure_old_rustc()? else {
        return Ok(Outcome::Incomplete);
    };
    if read(old.version) > *version {
        println!(
            "Rust {} is newer than {text}, which is stated: nothing older is here.",
            old.version
        );
        return Ok(Outcome::Incomplete);
    }
    compile(&old)?;
    Ok(Outcome::Passed)
}

/// Checks that all of ours state the same, and no dependency a later one. What they state.
///
/// That nothing newer than stated is used from the standard library is clippy's `incompatible_msrv`, which `cargo xtask lint` has.
pub fn check() -> Result<(String, Version)> {
    let stated = stated()?;
    let (text, version) = &stated;
    let newer: Vec<String> = needed()?
        .into_iter()
        .filter(|(_, needs)| needs > version)
        .map(|(package, needs)| format!("{package} needs Rust {}, and {text} is stated", join(&needs)))
        .collect();
    if !newer.is_empty() {
        return Err(format!("msrv:\n  {}", newer.join("\n  ")));
    }
    println!("msrv: {text}, and no dependency states a later one");
    Ok(stated)
}

// Dependencies that ask for a later one are compiled too: if they can be, then by the later one as well.
fn compile(old: &tools::OldRustc) -> Result<()> {
    let args = [
        "check",
        "--quiet",
        "--locked",
        "--ignore-rust-version",
        "--package",
        EMBEDDED,
    ];
    // As it is released: then nothing is optimised that runs in the compiler alone.
    let args = [&args[..], &["--release"]].concat();
    let env = [
        ("RUSTC", old.program.as_str()),
        ("LD_LIBRARY_PATH", &old.libraries),
        // Lints are those of the compiler that lints.
        ("RUSTFLAGS", "--cap-lints allow"),
    ];
    let name = format!("what is embedded, by Rust {}", old.version);
    step_with(&name, ".", &cargo(), &args, &env)
}

// The version that all of ours state.
fn stated() -> Result<(String, Version)> {
    let packages = packages()?;
    let mut all = ALIKE
        .iter()
        .map(|name| packages.get(*name).ok_or(format!("no package {name}")));
    let first = all.next().ok_or("no packages")??.clone();
    for (name, other) in ALIKE.iter().skip(1).zip(all) {
        if *other? != first {
            return Err(format!(
                "msrv: {name} states another version than {first}, as {} does",
                ALIKE[0]
            ));
        }
    }
    let version = read(&first);
    Ok((first, version))
}

// What the embedded package's dependencies state, those of all platforms and features of its own.
fn needed() -> Result<BTreeMap<String, Version>> {
    let packages = packages()?;
    let args = [
        "tree",
        "--locked",
        "--package",
        EMBEDDED,
        "--edges",
        "normal,build",
        "--prefix",
        "none",
    ];
    let args = [&args[..], &["--target", "all", "--format", "{p}"]].concat();
    let tree = output(&cargo(), &args).ok_or("cargo tree failed")?;
    let mut needed = BTreeMap::new();
    for line in tree.lines() {
        let mut words = line.split_whitespace();
        let (Some(name), Some(version)) = (words.next(), words.next()) else {
            continue;
        };
        let package = format!("{name} {}", version.trim_start_matches('v'));
        if let Some(needs) = packages.get(&package) {
            needed.insert(package, read(needs));
        }
    }
    Ok(needed)
}

// By name and by name and version: what each states.
fn packages() -> Result<BTreeMap<String, String>> {
    let metadata =
        output(&cargo(), &["metadata", "--format-version", "1", "--locked"]).ok_or("cargo metadata failed")?;
    let metadata: Value = serde_json::from_str(&metadata).map_err(|e| e.to_string())?;
    let mut stated = BTreeMap::new();
    for package in metadata["packages"]
        .as_array()
        .ok_or("cargo metadata without packages")?
    {
        let text = |field: &str| package[field].as_str();
        if let (Some(name), Some(version), Some(rust)) = (text("name"), text("version"), text("rust_version")) {
            stated.insert(name.to_owned(), rust.to_owned());
            stated.insert(format!("{name} {version}"), rust.to_owned());
        }
    }
    Ok(stated)
}

fn read(version: &str) -> Version {
    let mut numbers: Version = version.split('.').filter_map(|number| number.parse().ok()).collect();
    // "1.85" is "1.85.0".
    numbers.resize(3, 0);
    numbers
}

fn join(version: &Version) -> String {
    let numbers: Vec<String> = version.iter().map(u32::to_string).collect();
    numbers.join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(read("1.9") < read("1.85.0"));
        assert_eq!(read("1.85"), read("1.85.0"));
    }
}
