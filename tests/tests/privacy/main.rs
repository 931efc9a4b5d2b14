//! Privacy of the statement: what a presentation, the ledger, a log or a stray file tells.
//!
//! Through the command and the libraries, as they are used. With `MEDPROOF_EVIDENCE=1` at full
//! depth. Every line that begins with `evidence:` says what was tried, how often, and how it ended.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs
)]

mod canaries;
mod charts;
mod dictionary;
mod fhir;
mod indistinguishable;
mod mint;
mod search;
mod service;
mod world;

/// Whether to go to the full depth.
fn full() -> bool {
    std::env::var("MEDPROOF_EVIDENCE").is_ok_and(|v| v == "1")
}

fn evidence(what: &str, how_many: impl std::fmt::Display, result: &str) {
    println!("evidence: {what} | {how_many} | {result}");
}
