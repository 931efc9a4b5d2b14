//! What the benches share: a witness for each tier.
//!
//! `cargo bench -p medproof-benches` runs all; a name after `--` picks some.

use medproof_statement::check::Witness;
use medproof_statement::concept::Kind;
use medproof_statement::public::PublicInputs;
use medproof_statement::testing::{Case, concept, condition, fact, facts, has, none, policy};
use medproof_statement::tier::Tier;

/// A chart of 64 conditions, and a policy that uses each of the tier's criteria that its slots allow.
///
/// # Panics
/// Never: the policy holds.
#[must_use]
#[allow(clippy::expect_used)]
pub fn witness(tier: Tier) -> (PublicInputs, Witness) {
    let chart: Vec<_> = (0..64).map(|i| fact(condition(10 + i), 1000 + i, i as u16)).collect();
    let wanted = tier.criteria().min(tier.slots());
    let mut criteria: Vec<_> = (1..wanted as u32).map(|i| has(condition(10 + i))).collect();
    let allergy = concept(Kind::Allergy, 7);
    criteria.push(none(allergy, allergy));
    Case::new(policy(tier, criteria), facts(&chart))
        .prove()
        .expect("a policy that holds")
}
