//! The circuit and the native check accept the same witnesses: random policies over random charts,
//! with honest slots, legal ones that no honest prover would take, and altered ones.
//!
//! Not compared: a witness with more slots than the tier has. The check refuses it, the circuit
//! never reads what is too much.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use medproof_soundness::trial::{Extent, Tally, trials};
use medproof_statement::tier::Tier;

/// Each verdict was met often enough to mean something.
fn assert_met(tally: &Tally, verdicts: &[&str], times: usize) {
    for verdict in verdicts {
        let met = tally.get(*verdict).copied().unwrap_or(0);
        assert!(met >= times, "{verdict} was met {met} times: {tally:?}");
    }
}

fn two_verdicts(tier: Tier) -> Tally {
    let extent = Extent {
        tier,
        first: 0,
        worlds: 180,
        alterations: 8,
    };
    trials(extent, false)
}

const RULES: [&str; 21] = [
    "accepted",
    "Boundary",
    "Clause",
    "Concept",
    "Contested",
    "Count",
    "GapEnd",
    "GapStart",
    "LeafKind",
    "Member",
    "MemberDue",
    "Mode",
    "NotCovered",
    "NotLatest",
    "Opening",
    "PassKey",
    "PassMatch",
    "Time",
    "Twice",
    "Uncertain",
    "Value",
];

#[test]
fn the_circuit_accepts_what_the_check_accepts_in_tier_xs() {
    let tally = two_verdicts(Tier::Xs);
    assert_met(&tally, &RULES, 5);
    assert_met(&tally, &["Membership", "PolicyDigest", "RequestDigest", "Signature"], 5);
}

#[test]
fn the_circuit_accepts_what_the_check_accepts_in_tier_s() {
    let tally = two_verdicts(Tier::S);
    assert_met(&tally, &RULES, 5);
    assert_met(&tally, &["Spacing", "NoGroup"], 5);
}
