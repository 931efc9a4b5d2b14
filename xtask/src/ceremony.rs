//! `cargo xtask ceremony`: powers prepared and ceremonies verified beside snarkjs, on the same files and in one run,
//! and the memory that large powers take.
//!
//! A time is a whole command's, from its start to its end. Both take turns, and who begins changes from round to
//! round. No time is believed before both have found the same.

mod lab;
mod parts;
mod table;

use crate::machine::Machine;
use crate::page;
use crate::run::{Outcome, Result, cargo, step};
use crate::tools;
use lab::Lab;

const PAGE: &str = "docs/performance.md";

/// The parts, and whether they are measured without being named.
const PARTS: [(&str, bool); 3] = [("prepare", true), ("verify", true), ("memory", false)];

#[derive(Debug, PartialEq, Eq)]
struct Options<'a> {
    part: Option<&'a str>,
    power: Option<u32>,
    tier: Option<&'a str>,
    rounds: usize,
    write: bool,
}

fn options<'a>(arguments: &[&'a str]) -> Result<Options<'a>> {
    let mut options = Options {
        part: None,
        power: None,
        tier: None,
        rounds: 3,
        write: false,
    };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut value = || {
            rest.next()
                .copied()
                .ok_or(format!("{argument}: expected a value after it"))
        };
        match *argument {
            "--write" => options.write = true,
            "--power" => options.power = Some(number(value()?, 1, 20)? as u32),
            "--rounds" => options.rounds = number(value()?, 1, 99)?,
            "--tier" => options.tier = Some(value()?),
            name if options.part.is_none() && PARTS.iter().any(|(part, _)| *part == name) => options.part = Some(name),
            _ => {
                let parts = PARTS.map(|(part, _)| part).join(", ");
                return Err(format!(
                    "ceremony: expected one of {parts}, --power N, --tier T, --rounds N or --write, found {argument}"
                ));
            }
        }
    }
    Ok(options)
}

fn number(text: &str, least: usize, most: usize) -> Result<usize> {
    let number = text.parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("expected a number from {least} to {most}, found {text}"))
}

/// Measures, prints what was found, and writes it if asked. Where a target was missed it fails, after all was measured
/// and written.
pub fn run(arguments: &[&str]) -> Result<Outcome> {
    let options = options(arguments)?;
    if !tools::ensure_node()? {
        println!("ceremony: SKIPPED: there is no snarkjs without Node");
        return Ok(Outcome::Incomplete);
    }
    tools::ensure_packages("tests/circom", "circom2, snarkjs")?;
    let build = ["build", "--release", "--package", "medproof-cli", "--bin", "medproof"];
    step("the release", ".", &cargo(), &build)?;
    let lab = Lab::new()?;
    let machine = Machine::of_this(options.rounds)?;
    println!("\n{machine}");
    let mut missed = Vec::new();
    for (part, unasked) in PARTS {
        if !options.part.map_or(unasked, |only| only == part) {
            continue;
        }
        println!("\n==> {part}");
        let found = match part {
            "prepare" => parts::prepare(&lab, options.power.unwrap_or(12), options.rounds)?,
            "verify" => parts::verify(&lab, options.tier, options.rounds)?,
            _ => parts::memory(&lab, options.power.unwrap_or(20))?,
        };
        println!("\n{found}");
        if options.write {
            let begin = format!("<!-- ceremony {part}: written by cargo xtask ceremony --write -->\n");
            let text = format!("{found}\n{machine}.\n");
            page::replace(PAGE, &begin, &format!("<!-- ceremony {part}: end -->\n"), &text)?;
        }
        missed.extend(found.misses().map(|line| format!("{part}: {line}")));
    }
    if missed.is_empty() {
        return Ok(Outcome::Passed);
    }
    Err(format!("targets that were missed:\n  {}", missed.join("\n  ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_and_what_makes_no_measurement_is_refused() {
        let all = options(&["verify", "--tier", "XS", "--rounds", "5", "--write"]).unwrap();
        assert_eq!(
            (all.part, all.tier, all.rounds, all.write),
            (Some("verify"), Some("XS"), 5, true)
        );
        assert_eq!(options(&["--power", "16"]).unwrap().power, Some(16));
        for wrong in [
            &["verefy"][..],
            &["prepare", "verify"],
            &["--power"],
            &["--power", "21"],
            &["--rounds", "0"],
        ] {
            assert!(options(wrong).is_err(), "{wrong:?}");
        }
    }
}
