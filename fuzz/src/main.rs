//! Runs the fuzz targets in this process: `cargo run --release -p medproof-fuzz -- help`.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use medproof_fuzz::runner::{Depth, Tally, replay, run};
use medproof_fuzz::{TARGETS, Target, corpus, seeds, target};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

const HELP: &str = "\
Runs the fuzz targets in this process.

  list                                                      the targets
  run TARGET|all [--executions N] [--seconds N] [--seed N]  the corpus, then mutations of it; without N, the full depth
  replay TARGET FILE|FOLDER                                 these inputs alone
  seeds                                                     writes the seeds of all corpora from honest messages
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args.as_slice() {
        ["list"] => {
            TARGETS.iter().for_each(|target| println!("{}", target.name));
            Ok(())
        }
        ["run", name, options @ ..] => all(name, options),
        ["replay", name, path] => again(name, Path::new(path)),
        ["seeds"] => seeds::write().map_err(|e| e.to_string()),
        ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            Ok(())
        }
        _ => Err(HELP.to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn named(name: &str) -> Result<Vec<&'static Target>, String> {
    if name == "all" {
        return Ok(TARGETS.iter().collect());
    }
    let found = target(name).ok_or_else(|| format!("expected a target's name, found {name}: see `list`"))?;
    Ok(vec![found])
}

fn all(name: &str, options: &[&str]) -> Result<(), String> {
    let (mut executions, mut depth) = (None, Depth::of(0));
    for option in options.chunks(2) {
        let number = option.get(1).and_then(|text| text.parse::<u64>().ok());
        match (option[0], number) {
            ("--executions", Some(n)) => executions = Some(n),
            ("--seconds", Some(n)) => depth.time = Duration::from_secs(n),
            ("--seed", Some(n)) => depth.seed = n,
            _ => return Err(HELP.to_owned()),
        }
    }
    for target in named(name)? {
        let progress = |tally: &Tally| eprintln!("{}: {tally}", target.name);
        depth.executions = executions.unwrap_or(target.full);
        let tally = run(target, depth, progress).map_err(|e| e.to_string())?;
        println!("evidence: fuzz {} | {tally}", target.name);
    }
    println!("peak memory: {}", peak_memory());
    Ok(())
}

fn again(name: &str, path: &Path) -> Result<(), String> {
    let inputs = if path.is_dir() {
        corpus::read_from(path)
    } else {
        std::fs::read(path).map(|input| vec![input])
    };
    let inputs = inputs.map_err(|e| e.to_string())?;
    for target in named(name)? {
        let tally = replay(target, &inputs).map_err(|e| e.to_string())?;
        println!("{}: {tally}", target.name);
    }
    Ok(())
}

// What the system says, where it does.
fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.map_or("unknown".to_owned(), |kb| kb.trim().to_owned())
}
