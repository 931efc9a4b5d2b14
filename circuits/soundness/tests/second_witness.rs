//! For one set of public inputs no two witnesses that differ in more than what is documented.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs
)]

use medproof_soundness::circuit::Circuit;
use medproof_soundness::edges::{Survey, survey, with_scalar_less_the_order};
use medproof_soundness::{full_depth, starts};
use medproof_statement::tier::Tier;

/// See `docs/statements/free-variables.md`.
const DOCUMENTED: [&str; 2] = ["consent: signer", "signature: challenge's bits"];

fn edges(tier: Tier, witnesses: usize, every: usize) {
    let circuit = Circuit::new(tier);
    let mut all = Survey::default();
    for (i, (values, _)) in starts::honest(tier).take(witnesses).enumerate() {
        all.add(survey(&circuit, values, i % every, every));
    }
    println!(
        "evidence: second witness by edge values, {tier} | {witnesses} witnesses, {} variables, {} values | {} other courses of the slots; beside these passed {:?}, as documented",
        all.variables, all.tries, all.courses, all.passed
    );
    for block in all.passed.keys() {
        assert!(DOCUMENTED.contains(block), "{tier}: {all:?}");
    }
}

#[test]
fn no_edge_value_of_one_variable_gives_a_second_witness() {
    if full_depth() {
        edges(Tier::Xs, 6, 1);
        edges(Tier::S, 2, 1);
        edges(Tier::M, 1, 4);
        edges(Tier::L, 1, 16);
    } else {
        edges(Tier::Xs, 3, 24);
        edges(Tier::S, 1, 48);
    }
}

/// What is signed has more than one spelling of s, and each signs the same.
#[test]
fn the_scalar_less_the_order_is_a_second_witness_of_the_same_signature() {
    let circuit = Circuit::new(Tier::Xs);
    let (values, _) = starts::honest(Tier::Xs).next().unwrap();
    let other = with_scalar_less_the_order(&circuit, values.clone());
    let differ = (0..values.len()).filter(|c| values[*c] != other[*c]);
    let blocks: std::collections::BTreeSet<&str> = differ
        .map(|column| circuit.block(circuit.prepared.rows_of(column)[0]).name)
        .collect();
    assert!(circuit.prepared.violated(&other).is_empty());
    assert_eq!(blocks, ["signature: right side", "signature: scalar"].into());
}
