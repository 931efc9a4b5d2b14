//! What must not outlive its use in memory.
#![allow(clippy::unwrap_used)]

use medproof_statement::Fr;
use medproof_statement::assign::{Slots, assign};
use medproof_statement::check::Witness;
use medproof_statement::concept::Concept;
use medproof_statement::coverage::Coverage;
use medproof_statement::day::Day;
use medproof_statement::eddsa::SigningKey;
use medproof_statement::holder::{Holder, NullifierKey};
use medproof_statement::machine::Opened;
use medproof_statement::record::RecordOpening;
use medproof_statement::testing::{condition, fact, facts, has, policy};
use medproof_statement::tier::Tier;
use zeroize::{Zeroize, ZeroizeOnDrop};

const fn wiped_when_dropped<T: ZeroizeOnDrop>() {}

/// Without the property this does not compile.
#[test]
fn keys_and_witnesses_are_wiped_when_dropped() {
    wiped_when_dropped::<NullifierKey>();
    wiped_when_dropped::<SigningKey>();
    wiped_when_dropped::<RecordOpening>();
    wiped_when_dropped::<Witness>();
    wiped_when_dropped::<Slots>();
}

#[test]
fn wiping_an_opening_leaves_none_of_its_secrets() {
    let pk = SigningKey::from_bytes([1; 32]).public();
    let mut opening = RecordOpening {
        facts_root: Fr::from(2u64),
        holder: Holder {
            pk,
            emergency_pk: pk,
            nk: NullifierKey::from_bytes(&[3; 31]),
        },
        coverage: Coverage(4),
        schema: 1,
        issued_on: Day(5),
        salt: Fr::from(6u64),
    };
    opening.zeroize();
    let zero = Fr::from(0u64);
    assert_eq!(
        (opening.facts_root, opening.salt, opening.holder.nk.expose()),
        (zero, zero, zero)
    );
    assert_eq!((opening.coverage, opening.issued_on), (Coverage::NONE, Day(0)));
}

#[test]
fn wiping_a_slot_leaves_nothing_of_its_fact() {
    let chart = facts(&[fact(condition(10), 50_000, 1)]);
    let slots = assign(&policy(Tier::S, vec![has(condition(10))]), &chart).unwrap();
    let mut slot = slots[0].clone();
    assert_eq!(slot.opened, Opened::Record(chart.leaves()[1]));
    slot.zeroize();
    let mut leaf = chart.leaves()[1];
    leaf.zeroize();
    assert_eq!(slot.opened, Opened::Record(leaf));
    assert_eq!(
        (leaf.fact.concept, leaf.fact.date, leaf.salt),
        (Concept::ZERO, Day(0), Fr::from(0u64))
    );
    assert_eq!(slot.path.index, 0);
    assert!(slot.path.siblings.as_flattened().iter().all(|s| *s == Fr::from(0u64)));
}

#[test]
fn neither_facts_nor_what_is_made_of_them_are_shown() {
    let chart = facts(&[fact(condition(10), 50_000, 1)]);
    let slots = assign(&policy(Tier::S, vec![has(condition(10))]), &chart).unwrap();
    let leaf = chart.leaves()[1];
    assert_eq!(format!("{:?}", leaf.fact), "Fact(…)");
    assert_eq!(format!("{leaf:?}"), "Leaf(…)");
    assert_eq!(format!("{:?}", slots[0].opened), "Opened(…)");
    assert_eq!(format!("{:?}", slots[0]), "Slot(…)");
    assert_eq!(format!("{:?}", slots[0].path), "Path(…)");
}
