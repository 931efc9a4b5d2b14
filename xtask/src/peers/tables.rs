//! The tables, on the screen and in `docs/performance.md`.

use super::rounds::{Results, Series, Times};
use crate::machine::Machine;
use crate::page;
use crate::run::Result;

const PAGE: &str = "docs/performance.md";
const BEGIN: &str = "<!-- peers: written by cargo xtask bench-peers --write -->\n";
const END: &str = "<!-- peers: end -->\n";

/// A line for each peer.
pub fn table(results: &Results) -> String {
    let columns = |threads: &usize| {
        format!(
            " {threads} thread{}, ms | times ours |",
            if *threads == 1 { "" } else { "s" }
        )
    };
    let head: String = results.threads.iter().map(columns).collect();
    let rules = "---:|".repeat(2 * results.threads.len());
    let lines: String = results.peers.iter().map(|peer| line(results, peer)).collect();
    format!("| prover | key ready, ms |{head}\n|---|---:|{rules}\n{lines}")
}

fn line(results: &Results, peer: &Times) -> String {
    let ready = peer.by_threads.last().and_then(|series| series.ready);
    let ready = ready.map_or("in each proof".to_owned(), |ms| format!("{ms:.0}"));
    let cells = peer.by_threads.iter().enumerate().map(|(at, series)| {
        let (median, ratio) = (series.median(), results.ratio(peer, at));
        format!(" {median:.*} | {ratio:.2} |", usize::from(median < 100.0))
    });
    format!("| {} | {ready} |{}\n", peer.name, cells.collect::<String>())
}

/// What the peers are, and what they said of themselves.
fn notes(results: &Results) -> String {
    let note = |peer: &Times| {
        let said = |series: &Series| (!series.note.is_empty()).then(|| series.note.clone());
        let said = peer
            .by_threads
            .last()
            .and_then(said)
            .map_or(String::new(), |note| format!("; {note}"));
        let proofs = peer
            .by_threads
            .iter()
            .map(|series| series.proofs.len())
            .min()
            .unwrap_or_default();
        format!("- {}: {}{said}; median of {proofs}.\n", peer.name, peer.about)
    };
    results.peers.iter().map(note).collect()
}

/// Rewrites what is between the marks.
pub fn write(machine: &Machine, results: &[Results]) -> Result<()> {
    let circuit = |results: &Results| {
        format!(
            "\n### {}\n{}.\n\n{}\n{}",
            results.circuit,
            results.about,
            table(results),
            notes(results)
        )
    };
    let written: String = results.iter().map(circuit).collect();
    page::replace(PAGE, BEGIN, END, &format!("{machine}.\n{written}"))
}
