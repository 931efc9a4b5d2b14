//! Imports a directory of bundles and prints the report of all of them, with the time it took.
//!
//! `cargo run --release -p medproof-records --example import_report -- DIR 2021-04-01`
#![allow(clippy::print_stdout)]

use medproof_records::import::{ImportReport, Importer, Manifest, Options};
use medproof_statement::day::Day;
use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

fn day(text: &str) -> Option<Day> {
    let mut parts = text.split('-');
    let (y, m, d) = (parts.next()?, parts.next()?, parts.next()?);
    Day::from_civil(y.parse().ok()?, m.parse().ok()?, d.parse().ok()?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(dir), Some(issued_on)) = (args.next(), args.next().as_deref().and_then(day)) else {
        return Err("expected a directory of bundles and a day such as 2021-04-01".into());
    };
    let importer = Importer::new(Options::new(issued_on).with_manifest(Manifest::synthea()));
    let mut files: Vec<PathBuf> = std::fs::read_dir(dir)?
        .map(|e| e.map(|e| e.path()))
        .collect::<Result<_, _>>()?;
    files.sort();
    let start = Instant::now();
    let mut report = ImportReport::default();
    let mut sizes = Vec::new();
    for (i, file) in files.iter().enumerate() {
        let chart = importer.bundle(&std::fs::read(file)?, &format!("bundle {}", i + 1))?;
        sizes.push(chart.facts.len());
        report.merge(&chart.report);
    }
    let took = start.elapsed();
    sizes.sort_unstable();
    println!("{}", serde_json::to_string_pretty(&report)?);
    let at = |q: usize| sizes.get(sizes.len() * q / 100).copied().unwrap_or(0);
    println!(
        "{} bundles in {took:.1?}: facts median {}, p95 {}, max {}",
        files.len(),
        at(50),
        at(95),
        sizes.last().copied().unwrap_or(0)
    );
    Ok(())
}
