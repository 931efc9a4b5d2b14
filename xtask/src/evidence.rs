//! `cargo xtask evidence`: everything that speaks for the statement, at full depth, in one table.
//!
//! Tests and tools that are evidence print lines `evidence: WHAT | HOW MANY | RESULT`. Under
//! `cargo xtask test` they run bounded; here the variable MEDPROOF_EVIDENCE asks for full depth.

mod kept;

use crate::mutants;
use crate::run::{Outcome, Result, cargo, command_of, output, root};
use crate::tools;
use kept::Kept;
use std::fmt;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// One part: a name, and the commands of cargo that it runs.
struct Part {
    name: &'static str,
    commands: fn() -> Result<Vec<Vec<String>>>,
    /// Whether its commands take one core each, so that as many run as there are cores.
    at_once: bool,
}

const PARTS: &[Part] = &[
    Part {
        name: "soundness",
        commands: soundness_commands,
        at_once: false,
    },
    Part {
        name: "determinism",
        commands: || Ok(vec![words("xtask determinism")]),
        at_once: false,
    },
    Part {
        name: "documents",
        commands: || Ok(vec![words("xtask citations")]),
        at_once: false,
    },
    Part {
        name: "privacy",
        commands: || Ok(vec![words("test --release -p medproof-e2e --test privacy")]),
        at_once: false,
    },
    Part {
        name: "fuzzing",
        commands: fuzz_commands,
        at_once: true,
    },
    Part {
        name: "mutation",
        commands: || Ok(mutants::PACKAGES.map(|p| words(&format!("xtask mutants {p}"))).to_vec()),
        at_once: false,
    },
];

fn soundness_commands() -> Result<Vec<Vec<String>>> {
    Ok(vec![
        words("test --release -p medproof-statement --test small_worlds"),
        words("test --release -p medproof-soundness"),
    ])
}

fn fuzz_commands() -> Result<Vec<Vec<String>>> {
    let list = ["run", "--quiet", "--release", "-p", "medproof-fuzz", "--", "list"];
    let names = output(&cargo(), &list).ok_or("the fuzz targets cannot be built: cargo build -p medproof-fuzz")?;
    let run = |name| words(&format!("run --quiet --release -p medproof-fuzz -- run {name}"));
    Ok(names.lines().map(run).collect())
}

fn words(command: &str) -> Vec<String> {
    command.split(' ').map(str::to_owned).collect()
}

/// A line of the table.
#[derive(Debug, PartialEq, Eq)]
struct Line {
    part: &'static str,
    what: String,
    how_many: String,
    result: String,
}

/// Runs one part or all, and prints the table. What passed is kept in `target/evidence`; to resume
/// is to take it from there, where it was found for the very code that is here now.
pub fn all(only: Option<&str>, resume: bool) -> Result<Outcome> {
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
    let kept = Kept::of_this_code()?;
    let (mut lines, mut failed) = (Vec::new(), Vec::new());
    for part in parts {
        match (part.commands)() {
            Ok(commands) => {
                for ended in run_part(part, &commands, &kept, resume) {
                    match ended {
                        Ok(found) => lines.extend(found),
                        Err(error) => failed.push(error),
                    }
                }
            }
            Err(error) => failed.push(format!("{}: {error}", part.name)),
        }
    }
    println!("\n{}", table(&lines));
    if failed.is_empty() {
        let complete = tools.node && tools.python;
        Ok(if complete { Outcome::Passed } else { Outcome::Incomplete })
    } else {
        failed.push("To go on from here: cargo xtask evidence --resume".to_owned());
        Err(failed.join("\n  "))
    }
}

// In the order of the commands, whichever ended first.
fn run_part(part: &Part, commands: &[Vec<String>], kept: &Kept, resume: bool) -> Vec<Result<Vec<Line>>> {
    let next = AtomicUsize::new(0);
    let ended: Vec<OnceLock<Result<Vec<Line>>>> = commands.iter().map(|_| OnceLock::new()).collect();
    let work = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let (Some(command), Some(place)) = (commands.get(at), ended.get(at)) else {
                break;
            };
            let _ = place.set(one(part, command, kept, resume));
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..if part.at_once { cores } else { 1 } {
            scope.spawn(work);
        }
    });
    ended.into_iter().filter_map(OnceLock::into_inner).collect()
}

fn one(part: &Part, command: &[String], kept: &Kept, resume: bool) -> Result<Vec<Line>> {
    if let Some(text) = resume.then(|| kept.read(command)).flatten() {
        println!(
            "\n==> {}, kept from an earlier run\n    cargo {}",
            part.name,
            command.join(" ")
        );
        return Ok(text.lines().filter_map(|line| parse(part.name, line)).collect());
    }
    let lines = run(part.name, command, Depth::Full)?;
    let text: String = lines.iter().map(Line::to_string).collect();
    kept.write(command, &text)?;
    Ok(lines)
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
    let mut lines = Vec::new();
    for command in soundness_commands()? {
        lines.extend(run("soundness", &command, depth)?);
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
fn run(part: &'static str, command: &[String], depth: Depth) -> Result<Vec<Line>> {
    let mut args: Vec<&str> = command.iter().map(String::as_str).collect();
    if args.first() == Some(&"test") {
        args.extend(["--", "--nocapture"]);
        match depth {
            Depth::Bounded => args.retain(|argument| *argument != "--release"),
            Depth::Full => args.push("--include-ignored"),
        }
    }
    let mut lines = Vec::new();
    println!("\n==> {part}\n    cargo {}", args.join(" "));
    let start = Instant::now();
    let mut child = command_of(&cargo())
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
        Ok(lines)
    } else {
        Err(format!("{part} failed ({status}): cargo {}", args.join(" ")))
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "evidence: {} | {} | {}", self.what, self.how_many, self.result)
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
        assert_eq!(parse("p", &line.to_string()).as_ref(), Some(&line));
        assert!(table(&[line]).contains("| p | deleting | 7 constraints | 6 found \\| 1 not |"));
    }
}
