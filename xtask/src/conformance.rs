//! `cargo xtask conformance`: the same vectors and mutations to every front end of the verifier, and one table of what they say.

use crate::c::{self, Build};
use crate::run::{Outcome, Result, cargo, command_of, root, step, target};
use crate::{python, wasm};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

const VECTORS: &str = "tests/vectors/v1/verification.json";

/// Makes a front end's program ready; none where what it needs cannot be had.
type Ready = fn(Build) -> Result<Option<FrontEnd>>;

/// Each with its name. The first is what the others are held to.
const FRONT_ENDS: &[(&str, Ready)] = &[
    ("Rust", rust),
    ("C", c::front_end),
    ("Python", python::front_end),
    ("JavaScript", wasm::front_end),
];

/// A program that prints an answer a line for a file of vectors.
pub struct FrontEnd {
    /// It, and its arguments before the file.
    pub command: Vec<String>,
    pub env: Vec<(String, String)>,
    pub reads: Reads,
}

/// What the file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// Vectors as they are kept.
    Json,
    /// The same as lengths and bytes, for programs without a reader of JSON.
    Stream,
}

/// Asks all of them, prints the table, and fails on any difference.
pub fn all(build: Build) -> Result<Outcome> {
    let examples = Examples::build()?;
    let questions = examples.questions()?;
    let mut rows = Vec::new();
    let mut missing = false;
    for (name, ready) in FRONT_ENDS {
        match ready(build)? {
            Some(front_end) => rows.push(Row::ask(name, &front_end, &questions)?),
            None => missing = true,
        }
    }
    let expected = rows.first().ok_or("no front end")?.clone();
    println!("\nConformance of the verifier's front ends:\n");
    println!("{HEAD}");
    let mut faults = expected.unanswered(&questions)?;
    faults.extend(expected.unexpected(&questions[0])?);
    for row in &rows {
        let found = row.found(&expected);
        println!("{}", row.line(&found));
        faults.extend(row.faults(&found));
    }
    match (faults.is_empty(), missing) {
        (true, false) => Ok(Outcome::Passed),
        (true, true) => Ok(Outcome::Incomplete),
        (false, _) => Err(format!("conformance:\n  {}", faults.join("\n  "))),
    }
}

fn rust(_: Build) -> Result<Option<FrontEnd>> {
    let command = vec![Examples::build()?.answers];
    Ok(Some(FrontEnd {
        command,
        env: Vec::new(),
        reads: Reads::Json,
    }))
}

// ---- what is asked ----

struct Examples {
    answers: String,
    mutations: String,
}

impl Examples {
    // With the features that all packages together have, so that tests and examples are built on the same crates.
    fn build() -> Result<Examples> {
        let args = ["--example", "answers", "--example", "mutations"];
        let args = [&["build", "--quiet", "--workspace"][..], &args].concat();
        step("conformance: what writes and answers vectors", ".", &cargo(), &args)?;
        let folder = target()?.join("debug/examples");
        let [answers, mutations] = ["answers", "mutations"].map(|name| folder.join(name).display().to_string());
        Ok(Examples { answers, mutations })
    }

    fn questions(&self) -> Result<[Question; 2]> {
        let folder = target()?.join("conformance");
        std::fs::create_dir_all(&folder).map_err(|e| e.to_string())?;
        let at = |name: &str| folder.join(name).display().to_string();
        let [mutations, vectors_stream, mutations_stream] =
            ["mutations.json", "vectors.stream", "mutations.stream"].map(at);
        step("conformance: mutations", ".", &self.mutations, &[VECTORS, &mutations])?;
        let vectors = root().join(VECTORS).display().to_string();
        for (json, stream) in [(&vectors, &vectors_stream), (&mutations, &mutations_stream)] {
            step("conformance: a stream", ".", &self.answers, &["--stream", json, stream])?;
        }
        Ok([
            Question {
                json: vectors,
                stream: vectors_stream,
            },
            Question {
                json: mutations,
                stream: mutations_stream,
            },
        ])
    }
}

struct Question {
    json: String,
    stream: String,
}

impl Question {
    fn vectors(&self) -> Result<Vec<Value>> {
        let file = read(Path::new(&self.json))?;
        Ok(file["vectors"].as_array().ok_or("no vectors")?.clone())
    }
}

/// The parts of a good answer as files, and its time: arguments of examples.
pub fn base_files() -> Result<Vec<String>> {
    let base = &read(&root().join(VECTORS))?["base"];
    let folder = target()?.join("conformance/base");
    std::fs::create_dir_all(&folder).map_err(|e| e.to_string())?;
    let mut arguments = Vec::new();
    for name in ["settings", "bundle", "request", "claim", "presentation"] {
        let kind = if base[name].is_string() { "json" } else { "bin" };
        let file: PathBuf = folder.join(format!("{name}.{kind}"));
        let bytes = match (base[name].as_str(), base[name]["hex"].as_str()) {
            (Some(text), _) => text.as_bytes().to_vec(),
            (_, Some(digits)) => unhex(digits).ok_or_else(|| format!("{name}: no hexadecimal"))?,
            _ => return Err(format!("{name} is no part")),
        };
        std::fs::write(&file, bytes).map_err(|e| format!("{}: {e}", file.display()))?;
        arguments.push(file.display().to_string());
    }
    arguments.push(base["now"].to_string());
    Ok(arguments)
}

fn unhex(digits: &str) -> Option<Vec<u8>> {
    let pairs = (0..digits.len()).step_by(2);
    pairs
        .map(|at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok())
        .collect()
}

fn read(file: &Path) -> Result<Value> {
    let bytes = std::fs::read(file).map_err(|e| format!("{}: {e}", file.display()))?;
    serde_json::from_slice(&bytes).map_err(|e| format!("{}: {e}", file.display()))
}

// ---- what is answered ----

const HEAD: &str = "front end    vectors  equal   mutations   equal  accepted  crashed  seconds";

/// What a front end said, vectors first, then mutations.
#[derive(Clone)]
struct Row {
    name: &'static str,
    lines: [Vec<String>; 2],
    crashed: Vec<String>,
    seconds: f64,
}

struct Found {
    equal: [usize; 2],
    accepted: usize,
    first: Vec<String>,
}

impl Row {
    fn ask(name: &'static str, front_end: &FrontEnd, questions: &[Question; 2]) -> Result<Row> {
        let mut row = Row {
            name,
            lines: Default::default(),
            crashed: Vec::new(),
            seconds: 0.0,
        };
        let start = Instant::now();
        for (lines, question) in row.lines.iter_mut().zip(questions) {
            let (said, fault) = front_end.ask(question)?;
            *lines = said;
            row.crashed.extend(fault);
        }
        row.seconds = start.elapsed().as_secs_f64();
        Ok(row)
    }

    // The others are held to its answers, and to as many.
    fn unanswered(&self, questions: &[Question; 2]) -> Result<Vec<String>> {
        let mut faults = Vec::new();
        for (lines, question) in self.lines.iter().zip(questions) {
            let (asked, answered) = (question.vectors()?.len(), lines.len());
            if asked == 0 || asked != answered {
                faults.push(format!(
                    "{}: expected {asked} answers and some, found {answered}",
                    self.name
                ));
            }
        }
        Ok(faults)
    }

    // Vectors say what is expected; nobody knows it of mutations, but that they are refused.
    fn unexpected(&self, vectors: &Question) -> Result<Vec<String>> {
        let mut faults = Vec::new();
        for (vector, line) in vectors.vectors()?.iter().zip(&self.lines[0]) {
            let answer: Value = serde_json::from_str(line).map_err(|e| format!("{line}: {e}"))?;
            let found = answer["refused"]["code"].as_str().unwrap_or("ok");
            if vector["expect"] != found {
                faults.push(format!(
                    "{}: expected {}, found {found}",
                    vector["name"], vector["expect"]
                ));
            }
        }
        Ok(faults)
    }

    fn found(&self, expected: &Row) -> Found {
        let mut first = Vec::new();
        let mut equal = [0; 2];
        for (i, what) in ["vector", "mutation"].iter().enumerate() {
            let pairs = expected.lines[i].iter().zip(&self.lines[i]);
            equal[i] = pairs.clone().filter(|(expected, found)| expected == found).count();
            let differs = pairs.enumerate().find(|(_, (expected, found))| expected != found);
            first.extend(differs.map(|(at, (expected, found))| {
                format!("{}, {what} {at}: expected {expected}, found {found}", self.name)
            }));
            if expected.lines[i].len() != self.lines[i].len() {
                let (expected, found) = (expected.lines[i].len(), self.lines[i].len());
                first.push(format!(
                    "{}: expected {expected} answers to {what}s, found {found}",
                    self.name
                ));
            }
        }
        let accepted = self.lines[1]
            .iter()
            .filter(|line| !line.starts_with(r#"{"refused""#))
            .count();
        Found { equal, accepted, first }
    }

    fn line(&self, found: &Found) -> String {
        format!(
            "{:<12} {:>7} {:>6} {:>11} {:>7} {:>9} {:>8} {:>8.1}",
            self.name,
            self.lines[0].len(),
            found.equal[0],
            self.lines[1].len(),
            found.equal[1],
            found.accepted,
            self.crashed.len(),
            self.seconds,
        )
    }

    fn faults(&self, found: &Found) -> Vec<String> {
        let mut faults = found.first.clone();
        faults.extend(self.crashed.iter().map(|fault| format!("{}: {fault}", self.name)));
        if found.accepted > 0 {
            faults.push(format!("{}: {} mutations are accepted", self.name, found.accepted));
        }
        faults
    }
}

impl FrontEnd {
    // Its lines, and how it ended if not well.
    fn ask(&self, question: &Question) -> Result<(Vec<String>, Option<String>)> {
        let (program, args) = self.command.split_first().ok_or("a front end without a program")?;
        let file = match self.reads {
            Reads::Json => &question.json,
            Reads::Stream => &question.stream,
        };
        let output = command_of(program)
            .args(args)
            .arg(file)
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .current_dir(root())
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .map_err(|e| format!("cannot start {program}: {e}"))?;
        let lines = String::from_utf8_lossy(&output.stdout)
            .lines()
            .map(str::to_owned)
            .collect();
        let fault = (!output.status.success()).then(|| format!("{} on {file}", output.status));
        Ok((lines, fault))
    }
}
