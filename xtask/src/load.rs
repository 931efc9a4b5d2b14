//! `cargo xtask load`: the service under load, part by part, against its targets.

use crate::page;
use crate::postgres::{self, Postgres};
use crate::run::{Outcome, Result, cargo, root, step, target};
use std::process::{Command, Stdio};

const PAGE: &str = "docs/performance.md";

/// The parts, and whether they need a PostgreSQL.
const PARTS: [(&str, bool); 6] = [
    ("overhead", false),
    ("overload", false),
    ("streams", false),
    ("hostile", false),
    ("workers", true),
    ("model", true),
];

#[derive(Debug, PartialEq, Eq)]
struct Options<'a> {
    part: Option<&'a str>,
    // For the program.
    passed: Vec<&'a str>,
    json: bool,
    write: bool,
}

fn options<'a>(arguments: &[&'a str]) -> Result<Options<'a>> {
    let mut options = Options {
        part: None,
        passed: Vec::new(),
        json: false,
        write: false,
    };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match (*argument, rest.as_slice().first()) {
            ("--write", _) => options.write = true,
            ("--json", _) => options.json = true,
            ("--tier" | "--minutes", Some(value)) => {
                options.passed.extend([*argument, *value]);
                rest.next();
            }
            (name, _) if options.part.is_none() && PARTS.iter().any(|(part, _)| *part == name) => {
                options.part = Some(name);
            }
            _ => {
                let parts = PARTS.map(|(part, _)| part).join(", ");
                return Err(format!(
                    "load: expected one of {parts}, --tier T, --minutes N, --json or --write, found {argument}"
                ));
            }
        }
    }
    if options.json && options.write {
        return Err("load: expected --json or --write, found both".to_owned());
    }
    if options.json {
        options.passed.push("--json");
    }
    Ok(options)
}

/// Measures the parts, prints what was found, and writes it if asked. Where a target was missed it fails, after all
/// was measured and written.
pub fn run(arguments: &[&str]) -> Result<Outcome> {
    let options = options(arguments)?;
    for package in [["medproof-cli", "medproof"], ["medproof-benches", "load"]] {
        let build = ["build", "--release", "--package", package[0], "--bin", package[1]];
        step("the release", ".", &cargo(), &build)?;
    }
    let mut server: Option<Option<Postgres>> = None;
    let (mut missed, mut left_out) = (Vec::new(), false);
    for (part, needs_server) in PARTS {
        if options.part.is_some_and(|only| only != part) {
            continue;
        }
        let mut url = None;
        if needs_server {
            if server.is_none() {
                server = Some(postgres::start()?);
            }
            let Some(Some(running)) = &server else {
                println!("{part}: SKIPPED: no PostgreSQL");
                left_out = true;
                continue;
            };
            url = Some(running.url());
        }
        let found = measure(part, &options, url.as_deref())?;
        println!("\n{found}");
        if options.write {
            let begin = format!("<!-- load {part}: written by cargo xtask load --write -->\n");
            page::replace(PAGE, &begin, &format!("<!-- load {part}: end -->\n"), &found)?;
        }
        missed.extend(misses(&found).map(|line| format!("{part}: {line}")));
    }
    if !missed.is_empty() {
        return Err(format!("targets that were missed:\n  {}", missed.join("\n  ")));
    }
    Ok(if left_out { Outcome::Incomplete } else { Outcome::Passed })
}

// What the program finds; how far it is goes to standard error.
fn measure(part: &str, options: &Options, server: Option<&str>) -> Result<String> {
    let release = target()?.join("release");
    let mut command = Command::new(release.join("load"));
    command.arg(part).arg("--program").arg(release.join("medproof"));
    command.args(&options.passed);
    if let Some(url) = server {
        command.args(["--postgres", url]);
    }
    let output = command
        .current_dir(root())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|e| format!("{part}: {e}"))?;
    if !output.status.success() {
        return Err(format!("{part}: the measurement failed ({})", output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

// In a table, or in JSON.
fn misses(found: &str) -> impl Iterator<Item = &str> {
    let lines = found.lines();
    lines.filter_map(|line| {
        if line.starts_with('{') && line.contains("\"met\":false") {
            return Some("see its JSON");
        }
        line.strip_prefix("- missed: ")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_and_what_is_passed_on_are_told_apart() {
        let all = options(&["overload", "--minutes", "0.5", "--tier", "XS", "--write"]).unwrap();
        assert_eq!((all.part, all.write, all.json), (Some("overload"), true, false));
        assert_eq!(all.passed, ["--minutes", "0.5", "--tier", "XS"]);
        assert_eq!(options(&["--json"]).unwrap().passed, ["--json"]);
        for wrong in [
            &["overlode"][..],
            &["overload", "streams"],
            &["--tier"],
            &["--json", "--write"],
        ] {
            assert!(options(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn what_was_missed_is_found_in_both_forms() {
        let text = "| a | 1 | |\n- met: latency, at most 1 ms, found 0.5\n- missed: memory, at most 1 MB, found 2\n";
        assert_eq!(misses(text).collect::<Vec<_>>(), ["memory, at most 1 MB, found 2"]);
        assert_eq!(misses("{\"a\":{\"targets\":[{\"met\":true}]}}").count(), 0);
        assert_eq!(misses("{\"a\":{\"targets\":[{\"met\":false}]}}").count(), 1);
    }
}
