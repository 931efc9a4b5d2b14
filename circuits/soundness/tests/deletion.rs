//! Nearly every constraint alone refuses something: see `medproof_soundness::deletion`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use medproof_soundness::circuit::Circuit;
use medproof_soundness::deletion::{Effort, search};
use medproof_statement::tier::Tier;

const BOUNDED: Effort = Effort {
    sample: 64,
    honest: 4,
    adversarial: 12,
};

#[test]
fn nearly_every_constraint_of_the_smallest_tier_alone_refuses_something() {
    let found = search(&Circuit::new(Tier::Xs), BOUNDED);
    let missed: usize = found.left.values().map(Vec::len).sum();
    println!(
        "evidence: delete one constraint, XS (hashes: one in {}) | {} constraints | {} alone refuse a proof, {} a part of a signature, {missed} not found {:?}",
        BOUNDED.sample, found.asked, found.alone, found.in_part, found.left
    );
    assert!(missed * 20 <= found.asked, "not found: {:?}", found.left);
}
