//! `cargo xtask limit`, `tiers`, `vault` and `verifier`: tables that a program of the benches measures.

use crate::page;
use crate::run::{Outcome, Result, cargo, output, step};

const PAGE: &str = "docs/performance.md";

/// How near the prover is to what its multiplier gives, in one tier.
pub fn limit(arguments: &[&str]) -> Result<Outcome> {
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
    table("limit", &[tier], write)
}

/// What a hospital asks of the prover, tier by tier.
pub fn tiers(arguments: &[&str]) -> Result<Outcome> {
    let write = match arguments {
        [] => false,
        ["--write"] => true,
        _ => return Err(format!("tiers: expected --write, found {}", arguments.join(" "))),
    };
    table("tiers", &[], write)
}

/// What the issuer's vault costs, and how a large registry behaves.
pub fn vault(arguments: &[&str]) -> Result<Outcome> {
    let write = match arguments {
        [] => false,
        ["--write"] => true,
        _ => return Err(format!("vault: expected --write, found {}", arguments.join(" "))),
    };
    table("vault", &[], write)
}

/// What a verification takes beside arkworks' own.
pub fn verifier(arguments: &[&str]) -> Result<Outcome> {
    let write = match arguments {
        [] => false,
        ["--write"] => true,
        _ => return Err(format!("verifier: expected --write, found {}", arguments.join(" "))),
    };
    let bench = ["bench", "--package", "medproof-benches", "--bench", "verify"];
    step("the measurement", ".", &cargo(), &[&bench[..], &["--no-run"]].concat())?;
    shown("verifier", &[&bench[..], &["--quiet"]].concat(), write)
}

// Prints it, and writes it to the page, between its marks, if asked.
fn table(program: &str, arguments: &[&str], write: bool) -> Result<Outcome> {
    let package = ["--release", "--package", "medproof-benches", "--bin", program];
    step("the measurement", ".", &cargo(), &[&["build"], &package[..]].concat())?;
    let run = [&["run", "--quiet"], &package[..], &["--"], arguments].concat();
    shown(program, &run, write)
}

fn shown(program: &str, run: &[&str], write: bool) -> Result<Outcome> {
    let table = output(&cargo(), run).ok_or_else(|| format!("the measurement failed: cargo {}", run.join(" ")))?;
    println!("\n{table}");
    if write {
        let begin = format!("<!-- {program}: written by cargo xtask {program} --write -->\n");
        page::replace(PAGE, &begin, &format!("<!-- {program}: end -->\n"), &table)?;
    }
    Ok(Outcome::Passed)
}
