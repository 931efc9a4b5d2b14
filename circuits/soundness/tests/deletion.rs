//! Nearly every constraint alone refuses something: see `medproof_soundness::deletion`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs
)]

use medproof_soundness::circuit::Circuit;
use medproof_soundness::deletion::{Effort, Found, search};
use medproof_soundness::full_depth;
use medproof_statement::tier::Tier;
use std::collections::BTreeMap;

const BOUNDED: Effort = Effort {
    sample: 128,
    repeated: 8,
    honest: 2,
    adversarial: 4,
};

const ALL: Effort = Effort {
    sample: 1,
    repeated: 1,
    honest: 8,
    adversarial: 100,
};

const DISTINCT: Effort = Effort {
    sample: 512,
    repeated: 8,
    honest: 2,
    adversarial: 4,
};

fn tell(tier: Tier, effort: Effort, found: &Found) -> usize {
    let missed: usize = found.left.values().map(Vec::len).sum();
    println!(
        "evidence: delete one constraint, {tier} (of hashes one in {}, of other long blocks one in {}) | {} constraints | {} alone refuse a proof, {} a part of a signature, {missed} redundant or not found",
        effort.sample, effort.repeated, found.asked, found.alone, found.in_part
    );
    missed
}

/// See `docs/statements/redundant-constraints.md`.
fn explained(tier: Tier) -> BTreeMap<(&'static str, Option<usize>), Vec<usize>> {
    let last = tier.slots() - 1;
    let mut all = BTreeMap::from([
        (("actions", Some(0)), vec![0, 1, 2, 3, 4, 5, 7, 9, 10]),
        (("actions", Some(last / 2)), vec![0, 1, 2, 3, 4]),
        (("actions", Some(last)), vec![0, 1, 2, 3, 4, 7]),
        (("member", Some(0)), vec![0]),
    ]);
    if tier == Tier::Xs {
        all.extend([
            (("actions", Some(0)), vec![0, 1, 2, 3, 4, 5, 6, 7, 9, 10]),
            (("actions", Some(1)), vec![0, 1, 2, 3, 4, 6, 7]),
            (("criterion", Some(0)), vec![0, 2]),
            (("criterion", Some(1)), vec![0, 2]),
        ]);
    }
    all
}

#[test]
fn every_constraint_of_the_smallest_tier_alone_refuses_something_or_is_explained() {
    let effort = if full_depth() { ALL } else { BOUNDED };
    let found = search(&Circuit::new(Tier::Xs), effort);
    let missed = tell(Tier::Xs, effort, &found);
    assert!(missed * 20 <= found.asked);
    assert_eq!(found.left, explained(Tier::Xs));
}

// Of a larger tier the blocks of the first slot, one in the middle, the last, and those beside.
fn every_distinct_constraint(tier: Tier) {
    let found = search(&Circuit::new(tier), DISTINCT);
    let missed = tell(tier, DISTINCT, &found);
    assert!(missed * 20 <= found.asked, "{tier}: {:?}", found.left);
    assert_eq!(found.left, explained(tier), "{tier}");
}

#[test]
#[ignore = "minutes; `cargo xtask soundness`"]
fn every_distinct_constraint_of_tier_s_alone_refuses_something_or_is_explained() {
    every_distinct_constraint(Tier::S);
}

#[test]
#[ignore = "minutes; `cargo xtask soundness`"]
fn every_distinct_constraint_of_tier_m_alone_refuses_something_or_is_explained() {
    every_distinct_constraint(Tier::M);
}

#[test]
#[ignore = "up to an hour; `cargo xtask soundness`"]
fn every_distinct_constraint_of_tier_l_alone_refuses_something_or_is_explained() {
    every_distinct_constraint(Tier::L);
}
