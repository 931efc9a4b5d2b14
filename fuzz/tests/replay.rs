//! Every corpus, and mutations of it by number, keep every property.
//!
//! With MEDPROOF_EVIDENCE=1 at full depth, which takes hours.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use medproof_fuzz::runner::{Depth, run};
use medproof_fuzz::{TARGETS, corpus, evidence, seeds};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many run at a time.
const THREADS: usize = 2;

#[test]
fn every_target_keeps_its_properties() {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut broken = Vec::new();
        while let Some(target) = TARGETS.get(next.fetch_add(1, Ordering::Relaxed)) {
            let executions = if evidence::full_depth() {
                target.full
            } else {
                target.quick
            };
            match run(target, Depth::of(executions), |_| {}) {
                Ok(tally) => println!("evidence: fuzz {} | {tally}", target.name),
                Err(error) => broken.push(format!("{}: {error}", target.name)),
            }
        }
        broken
    };
    let broken: Vec<String> = std::thread::scope(|scope| {
        let threads = [(); THREADS].map(|()| scope.spawn(work));
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// A target that accepts nothing of its corpus tests nothing behind its first refusal.
#[test]
fn every_corpus_has_what_is_accepted_and_what_is_refused() {
    for target in TARGETS {
        let inputs = corpus::read(target).unwrap();
        assert!(inputs.len() >= 2, "{}", target.name);
        assert!(
            inputs.iter().all(|input| input.len() <= target.max_bytes),
            "{}",
            target.name
        );
        let tally = medproof_fuzz::runner::replay(target, &inputs).unwrap();
        assert!(0 < tally.accepted, "{} accepts nothing", target.name);
        assert!(tally.accepted < tally.executions, "{} refuses nothing", target.name);
    }
}

/// A seed of the same name would be written over the other.
#[test]
fn every_seed_has_a_name_of_its_own() {
    let mut names = BTreeSet::new();
    for (target, name, _) in seeds::all() {
        assert!(names.insert((target, name.clone())), "{target}/{name}");
    }
}

/// What honest parties write today is in the corpora: after a change of a message, run
/// `cargo run -p medproof-fuzz -- seeds`.
#[test]
fn the_seeds_are_what_honest_parties_write() {
    for (target, name, bytes) in seeds::all() {
        let path = corpus::root().join(target).join(&name);
        let kept = std::fs::read(&path).unwrap_or_else(|_| panic!("{} is missing", path.display()));
        assert!(
            seeds::are_by_chance(target) || kept == bytes,
            "{} is another now",
            path.display()
        );
    }
}
