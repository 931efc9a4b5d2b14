//! Fuzz targets: one function on bytes for everything that reads what others wrote.
//!
//! A target panics where its property is broken: the code under test panicked, accepted what it
//! has to refuse, or does not write again what it read. Three things drive the same functions: the
//! tests (all corpora, and mutations of them by number), `cargo run -p medproof-fuzz -- run`
//! (as many executions as asked for), and the coverage-guided workspace in `coverage/`.
//! `docs/fuzzing.md` has the table.
// A broken property is a panic: that is how every driver learns of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod corpus;
pub mod evidence;
mod honest;
mod json;
mod mutate;
mod oracle;
mod rng;
pub mod runner;
pub mod seeds;
mod target;
mod targets;

pub use mutate::mutate;
pub use rng::Rng;
pub use target::{Form, Target, Verdict};
pub use targets::TARGETS;

/// The target of this name.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
