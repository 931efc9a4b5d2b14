//! `cargo xtask bench-peers`: our prover beside others, on the same files, in one run.
//!
//! Each peer is a process that reads the key once and then proves when it is told to, so that a time
//! is that of a proof alone. In every round each peer proves once, in an order that turns from round
//! to round: what slows the machine down for a while slows all.

mod circuits;
mod options;
mod picture;
mod process;
mod roster;
mod rounds;
mod tables;

use crate::machine::Machine;
use crate::page::write;
use crate::run::{Outcome, Result};
use options::Options;
pub use roster::folder;
use serde_json::{Value, json};

/// Runs everything, prints a table for each circuit, and writes the times.
pub fn run(arguments: &[&str]) -> Result<Outcome> {
    let options = Options::parse(arguments)?;
    let folder = folder()?;
    let (peers, outcome) = roster::ready(&options)?;
    let circuits = circuits::ready(&options.circuit, &folder)?;
    let machine = Machine::of_this(options.rounds)?;
    println!("\n{machine}");
    let mut results = Vec::new();
    for circuit in &circuits {
        println!("\n==> {}", circuit.name);
        let result = rounds::all(circuit, &peers, &options, &folder)?;
        println!("\n{}\n{}", result.about, tables::table(&result));
        results.push(result);
    }
    let all: Vec<Value> = results.iter().map(rounds::Results::json).collect();
    let text = format!("{:#}\n", json!({ "machine": machine.json(), "circuits": all }));
    let file = options.json.clone().unwrap_or_else(|| folder.join("peers.json"));
    write(&file, &text)?;
    if options.write {
        tables::write(&machine, &results)?;
        picture::write(&results)?;
    }
    Ok(outcome)
}
