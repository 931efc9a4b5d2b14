//! `cargo xtask fuzz`: the fuzz targets under libFuzzer, guided by coverage, on stable Rust.

use crate::run::{Outcome, Result, cargo, output, root, step, step_with};
use std::fs;
use std::path::Path;

/// Of one input: the corpora are shared with quick tests.
const MOST_SECONDS: &str = "-timeout=20";
const MOST_MEMORY: &str = "-rss_limit_mb=3000";

/// Fuzzes a target, or each in turn, for so many minutes; what is new joins its corpus.
pub fn run(options: &[&str]) -> Result<Outcome> {
    let (name, minutes) = parse(options)?;
    ensure()?;
    let names = match name {
        Some(name) => vec![name.to_owned()],
        None => list()?,
    };
    for name in &names {
        one(name, minutes)?;
    }
    Ok(Outcome::Passed)
}

fn parse<'a>(options: &[&'a str]) -> Result<(Option<&'a str>, u64)> {
    let (name, rest) = match options {
        [name, rest @ ..] if !name.starts_with('-') => (Some(*name), rest),
        rest => (None, rest),
    };
    match rest {
        [] => Ok((name, 1)),
        ["--minutes", n] => match n.parse() {
            Ok(minutes) => Ok((name, minutes)),
            Err(_) => Err(format!("expected a number of minutes, found {n}")),
        },
        _ => Err("expected cargo xtask fuzz [TARGET] [--minutes N]".to_owned()),
    }
}

fn ensure() -> Result<()> {
    if output(&cargo(), &["fuzz", "--version"]).is_some() {
        return Ok(());
    }
    let install = ["install", "--quiet", "--locked", "cargo-fuzz"];
    step("install cargo-fuzz from crates.io", ".", &cargo(), &install)
}

fn list() -> Result<Vec<String>> {
    let args = [
        "run",
        "--quiet",
        "--release",
        "--package",
        "medproof-fuzz",
        "--",
        "list",
    ];
    let names = output(&cargo(), &args).ok_or("the list of fuzz targets cannot be had")?;
    Ok(names.lines().map(str::to_owned).collect())
}

fn fuzz(what: &str, name: &str, libfuzzer: &[&str]) -> Result<()> {
    // Without a sanitizer no nightly compiler is needed; unsafe code is forbidden in the targets.
    let mut args = vec![
        "fuzz",
        "run",
        "--fuzz-dir",
        "fuzz/coverage",
        "--target-dir",
        "target/fuzz",
    ];
    args.extend(["--sanitizer", "none", "target"]);
    args.extend(libfuzzer);
    let target = [("MEDPROOF_FUZZ_TARGET", name)];
    step_with(&format!("{what} {name}"), ".", &cargo(), &args, &target)
}

fn one(name: &str, minutes: u64) -> Result<()> {
    let found = root().join("target/fuzz/found").join(name);
    fs::create_dir_all(&found).map_err(|e| format!("{}: {e}", found.display()))?;
    let found = text(&found);
    let corpus = text(&root().join("fuzz/corpora").join(name));
    let longest = format!("-max_len={}", longest(&corpus)?);
    let seconds = format!("-max_total_time={}", minutes * 60);
    let limits = ["--", MOST_SECONDS, MOST_MEMORY, &longest];
    let run = [&[&*found, &corpus], &limits[..], &[&seconds, "-print_final_stats=1"]].concat();
    fuzz("fuzz", name, &run)?;
    let keep = [&[&*corpus, &found], &limits[..], &["-merge=1"]].concat();
    fuzz("keep what is new of", name, &keep)
}

// Twice the longest input of the corpus, 64 kB at most: larger ones run slower and say no more.
fn longest(corpus: &str) -> Result<u64> {
    let files = fs::read_dir(corpus).map_err(|e| format!("{corpus}: {e}"))?;
    let lengths = files.filter_map(|file| Some(file.ok()?.metadata().ok()?.len()));
    Ok((2 * lengths.max().unwrap_or(512)).min(1 << 16))
}

fn text(path: &Path) -> String {
    path.display().to_string()
}
