//! `cargo xtask mutants`: what no test would notice if it were written otherwise.
//!
//! cargo-mutants changes the code, one place at a time, in a copy of the tree, and runs the
//! package's tests. A change that no test notices is a survivor: it wants a test, or a reason in
//! `docs/mutation-testing.md` and an exclusion in `.cargo/mutants.toml`.

use crate::run::{Outcome, Result, cargo, command_of, output, root};
use crate::tools;
use serde_json::Value;
use std::process::Stdio;

/// What is tested so: the packages that decide what a proof says and whether it is accepted.
pub const PACKAGES: [&str; 3] = ["statement", "verifier", "claims"];
const CONFIGURATION: &str = ".cargo/mutants.toml";
const REASONS: &str = "docs/mutation-testing.md";

/// Tries every mutant of one package or of all; a shard `k/n` of them where one is asked for.
pub fn all(arguments: &[&str]) -> Result<Outcome> {
    let (packages, shard) = match arguments {
        [] => (PACKAGES.to_vec(), None),
        ["--shard", shard] => (PACKAGES.to_vec(), Some(*shard)),
        [package] => (vec![*package], None),
        [package, "--shard", shard] => (vec![*package], Some(*shard)),
        _ => return Err("usage: cargo xtask mutants [PACKAGE] [--shard K/N]".to_owned()),
    };
    if let Some(other) = packages.iter().find(|p| !PACKAGES.contains(p)) {
        return Err(format!(
            "no package {other} here: expected one of {}",
            PACKAGES.join(", ")
        ));
    }
    tools::ensure_cargo_mutants()?;
    check()?;
    let unexplained: Vec<String> = (packages.into_iter().map(|package| try_package(package, shard)))
        .collect::<Result<Vec<_>>>()?
        .concat();
    if unexplained.is_empty() {
        return Ok(Outcome::Passed);
    }
    Err(format!(
        "no test notices these. Each wants one, or a reason in {REASONS}:\n  {}",
        unexplained.join("\n  ")
    ))
}

/// That each exclusion has its reason, and, where cargo-mutants is installed, still has something
/// to exclude: a pattern that matches nothing hides nothing today and the wrong thing tomorrow.
pub fn check() -> Result<Outcome> {
    let read = |path: &str| std::fs::read_to_string(root().join(path)).map_err(|e| format!("cannot read {path}: {e}"));
    let (configuration, reasons) = (read(CONFIGURATION)?, read(REASONS)?);
    let patterns = patterns(&configuration);
    if let Some(pattern) = patterns.iter().find(|p| !reasons.contains(&format!("`{p}`"))) {
        return Err(format!(
            "{REASONS} has no reason for {pattern}, excluded in {CONFIGURATION}"
        ));
    }
    if output(&cargo(), &["mutants", "--version"]).is_none() {
        println!("cargo-mutants is not installed: not checked that each exclusion still matches something.");
        return Ok(Outcome::Passed);
    }
    // Some mutants are listed whatever the pattern.
    let matching = |pattern| count(&PACKAGES, &["--no-config", "--re", pattern]);
    let always = matching("$^");
    match patterns.iter().find(|p| matching(p) == always) {
        Some(pattern) => Err(format!("{pattern}, excluded in {CONFIGURATION}, matches no mutant")),
        None => {
            println!("mutation testing: {} exclusions, each with its reason", patterns.len());
            Ok(Outcome::Passed)
        }
    }
}

// One to a line, in single quotes: all that a regular expression needs of TOML.
fn patterns(configuration: &str) -> Vec<&str> {
    let quoted = |line: &'_ str| -> Option<(usize, usize)> {
        let inner = line.trim().strip_prefix('\'')?.strip_suffix("',")?;
        let start = line.find(inner)?;
        Some((start, start + inner.len()))
    };
    (configuration.lines())
        .filter_map(|line| quoted(line).and_then(|(start, end)| line.get(start..end)))
        .collect()
}

// How many mutants these packages have.
fn count(packages: &[&str], arguments: &[&str]) -> usize {
    let packages: Vec<String> = packages.iter().map(|p| format!("--package=medproof-{p}")).collect();
    let mut args = vec!["mutants", "--list"];
    args.extend(packages.iter().map(String::as_str));
    args.extend(arguments);
    output(&cargo(), &args).map_or(0, |list| list.lines().count())
}

// The survivors' names. The tree is copied, so that it can be worked in meanwhile.
fn try_package(package: &str, shard: Option<&str>) -> Result<Vec<String>> {
    let (name, folder) = (
        format!("--package=medproof-{package}"),
        format!("target/mutants/{package}"),
    );
    let mut args = vec!["mutants", &name, "--output", &folder];
    args.extend(shard.iter().flat_map(|shard| ["--shard", shard]));
    std::fs::create_dir_all(root().join(&folder)).map_err(|e| format!("cannot make {folder}: {e}"))?;
    println!("\n==> mutants of {package}\n    cargo {}", args.join(" "));
    let status = command_of(&cargo())
        .args(&args)
        // One for all runs: dependencies are built once.
        .env("CARGO_TARGET_DIR", root().join("target/mutants/build"))
        .current_dir(root())
        .stdin(Stdio::null())
        .status()
        .map_err(|e| format!("cannot start cargo mutants: {e}"))?;
    // 2: some survived; 3: some ran too long, which is noticed too.
    if !matches!(status.code(), Some(0 | 2 | 3)) {
        return Err(format!("cargo mutants failed for {package} ({status})"));
    }
    let path = root().join(&folder).join("mutants.out/outcomes.json");
    let text = std::fs::read_to_string(&path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    let outcomes: Value = serde_json::from_str(&text).map_err(|e| format!("cannot read the outcomes: {e}"))?;
    let figures = Figures::read(&outcomes).ok_or("the outcomes lack a figure")?;
    let left_out = count(&[package], &["--no-config"]).saturating_sub(count(&[package], &[]));
    let part = shard.map(|shard| format!(" (shard {shard})")).unwrap_or_default();
    println!(
        "evidence: mutation: {package}{part} | {} mutants | {}",
        figures.tried,
        figures.result(left_out)
    );
    Ok(survivors(&outcomes))
}

#[derive(Debug, PartialEq, Eq)]
struct Figures {
    tried: u64,
    caught: u64,
    timed_out: u64,
    unviable: u64,
    survived: u64,
}

impl Figures {
    fn read(outcomes: &Value) -> Option<Figures> {
        let figure = |name: &str| outcomes.get(name)?.as_u64();
        Some(Figures {
            tried: figure("total_mutants")?,
            caught: figure("caught")?,
            timed_out: figure("timeout")?,
            unviable: figure("unviable")?,
            survived: figure("missed")?,
        })
    }

    fn result(&self, left_out: usize) -> String {
        let Figures {
            caught,
            timed_out,
            unviable,
            survived,
            ..
        } = self;
        format!(
            "{caught} caught, {timed_out} timed out, {unviable} do not compile, {survived} survivors without a reason; \
             {left_out} more left out, each for its reason"
        )
    }
}

fn survivors(outcomes: &Value) -> Vec<String> {
    let outcomes = outcomes.get("outcomes").and_then(Value::as_array);
    (outcomes.into_iter().flatten())
        .filter(|outcome| outcome.get("summary").and_then(Value::as_str) == Some("MissedMutant"))
        .filter_map(|outcome| outcome.pointer("/scenario/Mutant/name")?.as_str().map(str::to_owned))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn patterns_are_the_quoted_lines() {
        let configuration =
            "# it's\nprofile = 'p'\nexclude_re = [\n    # why\n    'replace . with \\^',\n    'b',\n]\n";
        assert_eq!(patterns(configuration), ["replace . with \\^", "b"]);
    }

    #[test]
    fn survivors_are_named_and_counted() {
        let outcome = |name: &str, summary: &str| json!({"scenario": {"Mutant": {"name": name}}, "summary": summary});
        let outcomes = json!({
            "outcomes": [
                {"scenario": "Baseline", "summary": "Success"},
                outcome("a.rs:1:1: replace f", "CaughtMutant"),
                outcome("a.rs:2:1: replace g", "MissedMutant"),
            ],
            "total_mutants": 2, "caught": 1, "missed": 1, "timeout": 0, "unviable": 0,
        });
        assert_eq!(survivors(&outcomes), ["a.rs:2:1: replace g"]);
        let figures = Figures {
            tried: 2,
            caught: 1,
            timed_out: 0,
            unviable: 0,
            survived: 1,
        };
        assert_eq!(Figures::read(&outcomes), Some(figures));
        assert_eq!(Figures::read(&json!({"caught": 1})), None);
    }
}
