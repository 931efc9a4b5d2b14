//! The relation natively: an honest witness is accepted, and each equation refuses what it is for.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use medproof_statement::Fr;
use medproof_statement::assign::{NotProvable, assign};
use medproof_statement::check::{Violation, Witness, check};
use medproof_statement::codeset::CodeSet;
use medproof_statement::consent::Bound;
use medproof_statement::coverage::Coverage;
use medproof_statement::day::Day;
use medproof_statement::eddsa::SigningKey;
use medproof_statement::holder::NullifierKey;
use medproof_statement::machine::{Action, Opened, Rule, Slot, SlotError};
use medproof_statement::policy::{Criterion, Policy, Table};
use medproof_statement::public::PublicInputs;
use medproof_statement::request::{Purpose, Time};
use medproof_statement::testing::{AS_OF, Case, condition, fact, facts, has, header, none, policy};
use medproof_statement::tier::Tier;

fn case() -> Case {
    let chart = facts(&[fact(condition(10), 50_000, 1), fact(condition(30), 50_100, 2)]);
    Case::new(
        policy(Tier::S, vec![has(condition(10)), none(condition(11), condition(29))]),
        chart,
    )
}

fn refused(case: &Case) -> Violation {
    let (public, witness) = case.prove().unwrap();
    check(&public, &witness).expect_err("must be refused")
}

fn altered(alter: impl FnOnce(&mut PublicInputs, &mut Witness)) -> Violation {
    let (mut public, mut witness) = case().prove().unwrap();
    assert_eq!(check(&public, &witness), Ok(()));
    alter(&mut public, &mut witness);
    check(&public, &witness).expect_err("must be refused")
}

#[test]
fn a_tier_is_filled_to_its_last_slot_and_no_further() {
    let days = |n: u32| -> Vec<_> { (0..n).map(|i| fact(condition(10), 50_000 + i, i as u16 + 1)).collect() };
    for tier in Tier::ALL {
        let needed = |count: usize| {
            let row = Criterion {
                count: count as u8,
                ..has(condition(10))
            };
            Case::new(policy(tier, vec![row]), facts(&days(41)))
        };
        let full = needed(tier.slots());
        let slots = assign(&full.policy, &full.facts).unwrap();
        assert!(slots.iter().all(|slot| slot.action == Action::Fact));
        let (public, witness) = full.prove().unwrap();
        assert_eq!(check(&public, &witness), Ok(()));
        let more = needed(tier.slots() + 1);
        assert!(matches!(
            assign(&more.policy, &more.facts),
            Err(NotProvable::TooLarge { needed, available })
                if needed == tier.slots() + 1 && available == tier.slots()
        ));
    }
}

#[test]
fn an_honest_witness_is_accepted_in_every_tier() {
    for tier in [Tier::S, Tier::M, Tier::L] {
        let case = Case::new(
            policy(tier, vec![has(condition(10)), none(condition(11), condition(29))]),
            case().facts,
        );
        let (public, witness) = case.prove().unwrap();
        assert_eq!(check(&public, &witness), Ok(()));
    }
    let one = Case::new(policy(Tier::Xs, vec![has(condition(10))]), case().facts);
    let (public, witness) = one.prove().unwrap();
    assert_eq!(check(&public, &witness), Ok(()));
}

#[test]
fn every_public_input_is_bound() {
    let one = Fr::from(1u64);
    assert_eq!(altered(|p, _| p.registry_root += one), Violation::Membership);
    assert_eq!(altered(|p, _| p.policy_digest += one), Violation::PolicyDigest);
    assert_eq!(altered(|p, _| p.request_digest += one), Violation::RequestDigest);
    assert_eq!(altered(|p, _| p.nullifier += one), Violation::Nullifier);
    assert_eq!(altered(|p, _| p.consent_handle += one), Violation::Handle);
}

#[test]
fn another_record_holder_or_place_is_no_member() {
    let one = Fr::from(1u64);
    assert_eq!(altered(|_, w| w.record.salt += one), Violation::Membership);
    assert_eq!(altered(|_, w| w.record.facts_root += one), Violation::Membership);
    assert_eq!(
        altered(|_, w| w.record.coverage = Coverage::NONE),
        Violation::Membership
    );
    assert_eq!(altered(|_, w| w.record.issued_on = Day(1)), Violation::Membership);
    assert_eq!(altered(|_, w| w.record.schema = 2), Violation::Membership);
    assert_eq!(
        altered(|_, w| w.record.holder.nk = NullifierKey::from_bytes(&[9; 31])),
        Violation::Membership
    );
    let stranger = SigningKey::from_bytes([9; 32]).public();
    assert_eq!(altered(|_, w| w.record.holder.pk = stranger), Violation::Membership);
    assert_eq!(
        altered(|_, w| w.record.holder.emergency_pk = stranger),
        Violation::Membership
    );
    assert_eq!(altered(|_, w| w.position.index = 8), Violation::Membership);
    assert_eq!(altered(|_, w| w.position.index += 1 << 27), Violation::Membership);
    assert_eq!(altered(|_, w| w.position.siblings[8][0] += one), Violation::Membership);
}

#[test]
fn the_header_is_held_against_the_record() {
    let with_header = |edit: fn(&mut medproof_statement::policy::Header)| {
        let mut header = header(Tier::S);
        edit(&mut header);
        let table = Table::new(header, vec![has(condition(10))]).unwrap();
        Case::new(Policy::new(table, vec![None]).unwrap(), case().facts)
    };
    assert_eq!(refused(&with_header(|h| h.schema = 2)), Violation::Schema);
    let mut early = with_header(|h| h.issued_min = Day(AS_OF.0 - 10));
    early.record.issued_on = Day(AS_OF.0 - 11);
    assert_eq!(refused(&early), Violation::IssuedOn);
    early.record.issued_on = Day(AS_OF.0 - 10);
    let (public, witness) = early.prove().unwrap();
    assert_eq!(check(&public, &witness), Ok(()));
    let mut late = with_header(|_| ());
    late.record.issued_on = Day(AS_OF.0 + 1);
    assert_eq!(refused(&late), Violation::IssuedOn);
    let mut uncovered = with_header(|h| h.required_coverage = Coverage(0b101));
    uncovered.record.coverage = Coverage(0b110);
    assert_eq!(refused(&uncovered), Violation::Coverage);
}

#[test]
fn a_consent_is_for_one_table_or_claim_within_its_time() {
    let mut other = case();
    other.consent.bound = Bound::Policy(Fr::from(1u64));
    assert_eq!(refused(&other), Violation::Bound);
    other.consent.bound = Bound::Claim(Fr::from(1u64));
    assert_eq!(refused(&other), Violation::Bound);
    // A standing consent holds whatever the table says of the claim.
    other.consent.bound = Bound::Claim(header(Tier::S).claim_id);
    let (public, witness) = other.prove().unwrap();
    assert_eq!(check(&public, &witness), Ok(()));

    let at = |s| Time::new(s).unwrap();
    let mut late = case();
    late.consent.not_after = at(late.request.expires_at.seconds() - 1);
    assert_eq!(refused(&late), Violation::ConsentTime);
    let mut early = case();
    early.consent.not_before = at(early.request.requested_at.seconds() + 1);
    assert_eq!(refused(&early), Violation::ConsentTime);
}

#[test]
fn an_altered_request_breaks_the_signature_or_the_digest() {
    let one = Fr::from(1u64);
    assert_eq!(altered(|_, w| w.request.audience += one), Violation::RequestDigest);
    assert_eq!(
        altered(|_, w| w.request.purpose = Purpose::Payment),
        Violation::RequestDigest
    );
    assert_eq!(altered(|_, w| w.request.subject += one), Violation::RequestDigest);
    assert_eq!(altered(|_, w| w.request.scope += one), Violation::RequestDigest);
    assert_eq!(altered(|_, w| w.request.rest += one), Violation::RequestDigest);
    // Even with a digest of its own, the request is not what was consented to.
    let redigested = |alter: fn(&mut Witness)| {
        altered(move |p, w| {
            alter(w);
            p.request_digest = w.request.digest(w.table.header().claim_id, w.table.header().as_of);
        })
    };
    assert_eq!(
        redigested(|w| w.request.audience += Fr::from(1u64)),
        Violation::Signature
    );
    assert_eq!(
        redigested(|w| w.request.subject += Fr::from(1u64)),
        Violation::Signature
    );
    assert_eq!(redigested(|w| w.request.scope += Fr::from(1u64)), Violation::Signature);
    assert_eq!(
        redigested(|w| w.request.purpose = Purpose::Payment),
        Violation::Signature
    );
}

#[test]
fn the_emergency_key_signs_for_emergencies_and_nothing_else() {
    let mut emergency = case();
    emergency.request.purpose = Purpose::EmergencyTreatment;
    let (public, mut witness) = emergency.prove().unwrap();
    assert_eq!(check(&public, &witness), Ok(()));
    let message = witness.consent.consent.message(&witness.request);
    witness.consent.signature = emergency.signing.sign(message);
    assert_eq!(check(&public, &witness), Err(Violation::Signature));

    let (public, mut witness) = case().prove().unwrap();
    let message = witness.consent.consent.message(&witness.request);
    witness.consent.signature = case().emergency.sign(message);
    assert_eq!(check(&public, &witness), Err(Violation::Signature));
}

#[test]
fn slots_must_open_the_record_and_fill_the_tier() {
    let opening = |slot| {
        Violation::Slot(SlotError {
            slot,
            rule: Rule::Opening,
        })
    };
    assert_eq!(altered(|_, w| w.slots[0].path.index = 2), opening(0));
    assert_eq!(
        altered(|_, w| w.slots[6].path.siblings[0][0] += Fr::from(1u64)),
        opening(6)
    );
    let found = 6;
    assert_eq!(
        altered(|_, w| w.slots.truncate(6)),
        Violation::SlotCount { expected: 7, found }
    );
    assert_eq!(altered(|_, w| w.slots[0].ends = false), Violation::Clause);
}

/// A slot of a set opens the set of its own criterion, and no other.
#[test]
fn slots_of_a_set_open_the_set_of_their_criterion() {
    let set = |codes: [u32; 2]| CodeSet::new(codes.map(condition)).unwrap();
    let (ours, other) = (set([10, 12]), set([10, 13]));
    let row = |set: &CodeSet| Criterion {
        concept_hi: condition(20),
        set_root: Some(set.root()),
        ..has(condition(5))
    };
    let absent = Criterion {
        set_root: Some(other.root()),
        ..none(condition(11), condition(20))
    };
    let table = Table::new(header(Tier::S), vec![row(&ours), absent]).unwrap();
    let policy = Policy::new(table, vec![Some(ours.clone()), Some(other.clone())]).unwrap();
    // The fact in between is of no set: a gap between members passes it.
    let chart = facts(&[(10, 1), (15, 2), (30, 3)].map(|(code, event)| fact(condition(code), 50_000, event)));
    let (public, witness) = Case::new(policy, chart).prove().unwrap();
    assert_eq!(check(&public, &witness), Ok(()));

    let of_set: Vec<usize> = (0..witness.slots.len())
        .filter(|slot| witness.slots[*slot].action.opens_set())
        .collect();
    assert_eq!(witness.slots[of_set[0]].action, Action::Member);
    assert!(of_set.len() > 1, "one of each criterion");
    for slot in of_set {
        let refused = |alter: &dyn Fn(&mut Slot)| {
            let mut altered = witness.clone();
            alter(&mut altered.slots[slot]);
            check(&public, &altered).expect_err("must be refused")
        };
        let rule = Rule::Opening;
        let expected = Violation::Slot(SlotError { slot, rule });
        assert_eq!(refused(&|s| s.path.siblings[0][0] += Fr::from(1u64)), expected);
        let wrong = if witness.slots[slot].action == Action::Member {
            &other
        } else {
            &ours
        };
        let elsewhere = |s: &mut Slot| {
            let (index, leaf) = wrong.at_or_before(condition(13));
            s.opened = Opened::Set(leaf);
            s.path = wrong.path(index).unwrap();
        };
        assert_eq!(refused(&elsewhere), expected);
    }
}
