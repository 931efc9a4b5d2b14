//! The native check, the circuit and the reference in Python give one verdict, on thousands of
//! honest, adversarial and altered witnesses; and what slots can show is what the claim means.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs
)]

use medproof_soundness::full_depth;
use medproof_soundness::reference::Reference;
use medproof_soundness::trial::{Extent, FALSE_CLAIMS, Tally, trials};
use medproof_statement::tier::Tier;

/// `MEDPROOF_TRIALS` asks for more.
fn wanted() -> u64 {
    let asked = std::env::var("MEDPROOF_TRIALS").ok().and_then(|n| n.parse().ok());
    asked.unwrap_or(if full_depth() { 100_000 } else { 10_000 })
}

fn three_verdicts(tier: Tier, trials_wanted: u64) -> Tally {
    const ALTERATIONS: usize = 19;
    let extent = Extent {
        tier,
        first: 1_000_000,
        worlds: trials_wanted.div_ceil(ALTERATIONS as u64 + 1),
        alterations: ALTERATIONS,
    };
    trials(extent, true)
}

#[test]
fn three_implementations_agree() {
    if !Reference::is_available() {
        assert!(std::env::var_os("CI").is_none(), "python3 is missing");
        println!("!!! python3 is missing: the reference implementation is not asked");
        return;
    }
    let mut all = Tally::new();
    for (tier, share) in [(Tier::Xs, 2), (Tier::S, 2)] {
        for (verdict, times) in three_verdicts(tier, wanted() / share) {
            *all.entry(verdict).or_default() += times;
        }
    }
    let false_claims = all.remove(FALSE_CLAIMS).unwrap();
    println!(
        "evidence: two witnesses, equal public inputs, different meaning | {false_claims} witnesses of false claims | 0 accepted"
    );
    let relations: usize = all
        .iter()
        .filter(|(v, _)| !v.starts_with("meaning"))
        .map(|(_, n)| n)
        .sum();
    let meanings: usize = all.values().sum::<usize>() - relations;
    println!(
        "evidence: second implementation (Python) beside the check and the circuit | {relations} witnesses, {meanings} charts | 0 disagreements, {} accepted, {} reasons to refuse",
        all["accepted"],
        all.len() - 4
    );
    assert!(relations as u64 >= wanted());
    for verdict in [
        "accepted",
        "meaning: true",
        "meaning: false",
        "Clause",
        "Signature",
        "PassMatch",
        "Opening",
    ] {
        assert!(
            all.get(verdict).is_some_and(|n| *n >= 10),
            "{verdict} too seldom: {all:?}"
        );
    }
}
