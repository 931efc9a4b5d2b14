//! `cargo xtask evidence`: everything that speaks for the statement, at full depth, in one table.
//!
//! Tests and tools that are evidence print lines `evidence: WHAT | HOW MANY | RESULT`. Under
//! `cargo xtask test` they run bounded; here the variable MEDPROOF_EVIDENCE asks for full depth.

use crate::run::{Outcome, Result, cargo, root};
use crate::tools;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

/// One part: a name, and the commands of cargo that it runs.
struct Part {
    name: &'static str,
    commands: &'static [&'static [&'static str]],
}

const PARTS: &[Part] = &[
    Part {
        name: "soundness",
        commands: &[
            &[
                "test",
                "--release",
                "-p",
                "medproof-statement",
                "--test",
                "small_worlds",
            ],
            &["test", "--release", "-p", "medproof-soundness"],
        ],
    },
    Part {
        name: "determinism",
        commands: &[&["xtask", "determinism"]],
    },
    Part {
        name: "documents",
        commands: &[&["xtask", "citations"]],
    },
    Part {
        name: "privacy",
        commands: &[&["test", "--release", "-p", "medproof-e2e", "--test", "privacy"]],
    },
    Part {
        name: "fuzzing",
        commands: &[&["test", "--release", "-p", "medproof-fuzz"]],
    },
    Part {
        name: "mutation",
        commands: &[&["xtask", "mutants"]],
    },
];

/// A line of the table.
struct Line {
    part: &'static str,
    what: String,
    how_many: String,
    result: String,
}

/// Runs one part or all, and prints the table.
pub fn all(only: Option<&str>) -> Result<Outcome> {
    let tools = tools::ensure()?;
    let parts: Vec<&Part> = PARTS
        .iter()
        .filter(|p| only.is_none_or(|only| only == p.name))
        .collect();
    if parts.is_empty() {
        let names: Vec<&str> = PARTS.iter().map(|p| p.name).collect();
        return Err(format!(
            "no part {}: expected one of {}",
            only.unwrap_or_default(),
            names.join(", ")
        ));
    }
    let mut lines = Vec::new();
    let mut failed = Vec::new();
    for part in parts {
        for command in part.commands {
            if let Err(error) = run(part.name, command, Depth::Full, &mut lines) {
                failed.push(error);
            }
        }
    }
    println!("\n{}", table(&lines));
    if failed.is_empty() {
        let complete = tools.node && tools.python;
        Ok(if complete { Outcome::Passed } else { Outcome::Incomplete })
    } else {
        Err(failed.join("\n  "))
    }
}

/// How far to search.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// As far as CI does: minutes.
    Bounded,
    /// Hours.
    Full,
}

/// Runs the soundness part and writes its table to `docs/soundness.md`.
pub fn soundness(depth: Depth) -> Result<Outcome> {
    let tools = tools::ensure()?;
    let part = &PARTS[0];
    let mut lines = Vec::new();
    for command in part.commands {
        run(part.name, command, depth, &mut lines)?;
    }
    let how = match depth {
        Depth::Bounded => "Last written by `cargo xtask soundness --bounded`: as far as every change is tested.",
        Depth::Full => "Last written by `cargo xtask soundness`, at full depth.",
    };
    let page = format!("{SOUNDNESS}\n{how}\n\n{}", table(&lines));
    let path = root().join("docs/soundness.md");
    let draft = path.with_extension("md.new");
    let written = std::fs::write(&draft, page).and_then(|()| std::fs::rename(&draft, &path));
    written.map_err(|e| format!("cannot write {}: {e}", path.display()))?;
    println!("\nwritten: docs/soundness.md");
    Ok(if tools.python {
        Outcome::Passed
    } else {
        Outcome::Incomplete
    })
}

const SOUNDNESS: &str = include_str!("soundness.md");

// Its output is shown as it comes, and its evidence kept.
fn run(part: &'static str, arguments: &[&str], depth: Depth, lines: &mut Vec<Line>) -> Result<()> {
    let mut args: Vec<&str> = arguments.to_vec();
    if arguments.first() == Some(&"test") {
        args.extend(["--", "--nocapture"]);
        match depth {
            Depth::Bounded => args.retain(|argument| *argument != "--release"),
            Depth::Full => args.push("--include-ignored"),
        }
    }
    println!("\n==> {part}\n    cargo {}", args.join(" "));
    let start = Instant::now();
    let mut child = Command::new(cargo())
        .args(&args)
        .envs((depth == Depth::Full).then_some(("MEDPROOF_EVIDENCE", "1")))
        .current_dir(root())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| format!("{part}: cannot start cargo: {e}"))?;
    let output = child.stdout.take().ok_or("no output to read")?;
    for text in BufReader::new(output).lines().map_while(std::result::Result::ok) {
        println!("{text}");
        lines.extend(parse(part, &text));
    }
    let status = child.wait().map_err(|e| e.to_string())?;
    println!("    {part}: {} s", start.elapsed().as_secs());
    if status.success() {
        Ok(())
    } else {
        Err(format!("{part} failed ({status}): cargo {}", args.join(" ")))
    }
}

// A test harness may have put a dot before it.
fn parse(part: &'static str, text: &str) -> Option<Line> {
    let (_, evidence) = text.split_once("evidence: ")?;
    let mut fields = evidence.splitn(3, " | ").map(|field| field.trim().to_owned());
    Some(Line {
        part,
        what: fields.next()?,
        how_many: fields.next()?,
        result: fields.next()?,
    })
}

fn table(lines: &[Line]) -> String {
    let mut table = String::from("| part | what | how many | result |\n|---|---|---|---|\n");
    for line in lines {
        let cells = [line.part, &line.what, &line.how_many, &line.result];
        table += &format!("| {} |\n", cells.map(|cell| cell.replace('|', "\\|")).join(" | "));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_is_read_from_a_line_and_nothing_else_is() {
        let line = parse("p", ".evidence: deleting | 7 constraints | 6 found | 1 not").unwrap();
        assert_eq!(
            (line.what.as_str(), line.how_many.as_str(), line.result.as_str()),
            ("deleting", "7 constraints", "6 found | 1 not")
        );
        assert!(parse("p", "test a ... ok").is_none());
        assert!(parse("p", "evidence: a | b").is_none());
        assert!(table(&[line]).contains("| p | deleting | 7 constraints | 6 found \\| 1 not |"));
    }
}
