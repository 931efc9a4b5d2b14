//! `cargo xtask limit`: how near the prover is to what its multiplier gives.

use crate::page;
use crate::run::{Outcome, Result, cargo, output, step};

const BEGIN: &str = "<!-- limit: written by cargo xtask limit --write -->\n";
const END: &str = "<!-- limit: end -->\n";

/// Prints the table of a tier, and writes it to the page if asked.
pub fn run(arguments: &[&str]) -> Result<Outcome> {
    let (mut tier, mut write) = ("M", false);
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match (*argument, rest.as_slice().first()) {
            ("--write", _) => write = true,
            ("--tier", Some(name)) => {
                tier = name;
                rest.next();
            }
            _ => return Err(format!("limit: expected --tier T or --write, found {argument}")),
        }
    }
    let build = ["build", "--release", "--package", "medproof-benches", "--bin", "limit"];
    step("the measurement", ".", &cargo(), &build)?;
    let run = [
        "run",
        "--release",
        "--quiet",
        "--package",
        "medproof-benches",
        "--bin",
        "limit",
        "--",
        tier,
    ];
    let table =
        output(&cargo(), &run).ok_or("the measurement failed: cargo run --release -p medproof-benches --bin limit")?;
    println!("\n{table}");
    if write {
        page::replace("docs/performance.md", BEGIN, END, &table)?;
    }
    Ok(Outcome::Passed)
}
