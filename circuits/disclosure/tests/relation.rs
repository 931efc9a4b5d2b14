//! The circuit accepts and refuses as the native relation does, equation by equation.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use ark_ff::Field;
use ark_relations::gr1cs::ConstraintSystemRef;
use medproof_gadgets::testing::free_variables;
use medproof_soundness::{accepted, refused, satisfied, synthesise};
use medproof_statement::Fr;
use medproof_statement::check::{Violation, Witness, check};
use medproof_statement::codeset::CodeSet;
use medproof_statement::concept::Kind;
use medproof_statement::consent::Bound;
use medproof_statement::coverage::Coverage;
use medproof_statement::day::Day;
use medproof_statement::eddsa::SigningKey;
use medproof_statement::fact::Fact;
use medproof_statement::holder::NullifierKey;
use medproof_statement::policy::{Criterion, Policy, Table};
use medproof_statement::public::PublicInputs;
use medproof_statement::record::Facts;
use medproof_statement::request::{Purpose, Time};
use medproof_statement::testing::{AS_OF, Case, concept, condition, fact, facts, has, header, latest, none, policy};
use medproof_statement::tier::Tier;
use medproof_statement::value::Value;

fn chart() -> Facts {
    let reading = concept(Kind::Observation, 5);
    let value = |v: i128| Value::quantity(v * 1_000_000, false).unwrap();
    facts(&[
        fact(condition(10), 50_000, 1),
        Fact {
            until: Day(50_200),
            ..fact(condition(20), 50_100, 2)
        },
        fact(condition(30), 50_100, 2),
        Fact {
            value: value(6),
            ..fact(reading, 59_000, 3)
        },
        Fact {
            value: value(8),
            ..fact(reading, 59_900, 4)
        },
    ])
}

fn set() -> CodeSet {
    CodeSet::new([10, 12, 20, 28].map(condition)).unwrap()
}

/// Every action, every mode, with and without a set: five criteria in two clauses.
fn every_rule() -> Case {
    let set = set();
    let reading = concept(Kind::Observation, 5);
    let range = (
        Value::quantity(7_000_000, false).unwrap(),
        Value::quantity(10_000_000, false).unwrap(),
    );
    let of_set = Criterion {
        set_root: Some(set.root()),
        concept_hi: condition(28),
        ..has(condition(10))
    };
    let criteria = vec![
        Criterion {
            count: 2,
            min_gap_days: 21,
            ..of_set
        },
        Criterion {
            value: Some(range),
            date_lo: Day(AS_OF.0 - 365),
            ..latest(reading)
        },
        // Passes 20, which is over, and jumps 30, which is no member.
        Criterion {
            set_root: Some(set.root()),
            active_on: Some(AS_OF),
            either: true,
            date_lo: Day(AS_OF.0 - 100),
            concept_hi: condition(28),
            ..none(condition(11), condition(28))
        },
        // Passes the first reading for its value, and is met by the gap after the second.
        Criterion {
            value: Some(range),
            date_hi: Day(59_500),
            ..none(reading, reading)
        },
        Criterion {
            threshold: None,
            ..has(condition(99))
        },
        Criterion {
            threshold: Some(1),
            active_on: Some(AS_OF),
            ..has(condition(30))
        },
    ];
    let sets = vec![Some(set.clone()), None, Some(set), None, None, None];
    let table = Table::new(header(Tier::M), criteria).unwrap();
    Case::new(Policy::new(table, sets).unwrap(), chart())
}

fn small() -> Case {
    Case::new(
        policy(Tier::Xs, vec![has(condition(10)), none(condition(11), condition(19))]),
        chart(),
    )
}

fn altered(alter: impl FnOnce(&mut PublicInputs, &mut Witness)) -> Violation {
    let (mut public, mut witness) = small().prove().unwrap();
    alter(&mut public, &mut witness);
    refused(public, &witness)
}

#[test]
fn every_rule_is_accepted_where_it_holds() {
    let (public, witness) = every_rule().prove().unwrap();
    accepted(public, &witness);
    let (public, witness) = small().prove().unwrap();
    accepted(public, &witness);
}

#[test]
fn every_public_input_is_bound() {
    let one = Fr::ONE;
    assert_eq!(altered(|p, _| p.registry_root += one), Violation::Membership);
    assert_eq!(altered(|p, _| p.policy_digest += one), Violation::PolicyDigest);
    assert_eq!(altered(|p, _| p.request_digest += one), Violation::RequestDigest);
    assert_eq!(altered(|p, _| p.nullifier += one), Violation::Nullifier);
    assert_eq!(altered(|p, _| p.consent_handle += one), Violation::Handle);
}

#[test]
fn the_record_and_its_place_are_bound() {
    let one = Fr::ONE;
    assert_eq!(altered(|_, w| w.record.salt += one), Violation::Membership);
    assert_eq!(altered(|_, w| w.record.coverage = Coverage(1)), Violation::Membership);
    assert_eq!(altered(|_, w| w.record.issued_on = Day(1)), Violation::Membership);
    assert_eq!(
        altered(|_, w| w.record.holder.nk = NullifierKey::from_bytes(&[9; 31])),
        Violation::Membership
    );
    let stranger = SigningKey::from_bytes([9; 32]).public();
    assert_eq!(altered(|_, w| w.record.holder.pk = stranger), Violation::Membership);
    assert_eq!(altered(|_, w| w.position.index = 8), Violation::Membership);
    assert_eq!(altered(|_, w| w.position.siblings[8][0] += one), Violation::Membership);
}

fn with_header(edit: impl FnOnce(&mut medproof_statement::policy::Header)) -> Case {
    let mut header = header(Tier::Xs);
    edit(&mut header);
    let table = Table::new(header, vec![has(condition(10))]).unwrap();
    Case::new(Policy::new(table, vec![None]).unwrap(), chart())
}

fn refusal_of(case: &Case) -> Violation {
    let (public, witness) = case.prove().unwrap();
    refused(public, &witness)
}

#[test]
fn the_header_is_held_against_the_record() {
    assert_eq!(refusal_of(&with_header(|h| h.schema = 2)), Violation::Schema);
    let mut early = with_header(|h| h.issued_min = Day(AS_OF.0 - 10));
    early.record.issued_on = Day(AS_OF.0 - 11);
    assert_eq!(refusal_of(&early), Violation::IssuedOn);
    early.record.issued_on = Day(AS_OF.0 - 10);
    let (public, witness) = early.prove().unwrap();
    accepted(public, &witness);
    let mut late = with_header(|_| ());
    late.record.issued_on = Day(AS_OF.0 + 1);
    assert_eq!(refusal_of(&late), Violation::IssuedOn);
    for bit in [0, 1, 31, 62, 63] {
        let mut uncovered = with_header(|h| h.required_coverage = Coverage(1 << bit));
        uncovered.record.coverage = Coverage(!(1 << bit));
        assert_eq!(refusal_of(&uncovered), Violation::Coverage);
    }
}

#[test]
fn the_consent_is_bound_and_timely_and_signed_by_the_right_key() {
    let mut other = small();
    other.consent.bound = Bound::Policy(Fr::ONE);
    assert_eq!(refusal_of(&other), Violation::Bound);
    other.consent.bound = Bound::Claim(header(Tier::Xs).claim_id);
    let (public, witness) = other.prove().unwrap();
    accepted(public, &witness);

    let at = |s| Time::new(s).unwrap();
    let mut late = small();
    late.consent.not_after = at(late.request.expires_at.seconds() - 1);
    assert_eq!(refusal_of(&late), Violation::ConsentTime);
    let mut early = small();
    early.consent.not_before = at(early.request.requested_at.seconds() + 1);
    assert_eq!(refusal_of(&early), Violation::ConsentTime);

    let mut emergency = small();
    emergency.request.purpose = Purpose::EmergencyTreatment;
    let (public, mut witness) = emergency.prove().unwrap();
    accepted(public, &witness);
    let message = witness.consent.consent.message(&witness.request);
    witness.consent.signature = emergency.signing.sign(message);
    assert_eq!(refused(public, &witness), Violation::Signature);
    let (public, mut witness) = small().prove().unwrap();
    witness.consent.signature = small()
        .emergency
        .sign(witness.consent.consent.message(&witness.request));
    assert_eq!(refused(public, &witness), Violation::Signature);
}

#[test]
fn a_request_of_anothers_is_not_what_was_consented_to() {
    let redigested = |alter: fn(&mut Witness)| {
        altered(move |p, w| {
            alter(w);
            p.request_digest = w.request.digest(w.table.header().claim_id, w.table.header().as_of);
        })
    };
    assert_eq!(redigested(|w| w.request.audience += Fr::ONE), Violation::Signature);
    assert_eq!(redigested(|w| w.request.subject += Fr::ONE), Violation::Signature);
    assert_eq!(redigested(|w| w.request.scope += Fr::ONE), Violation::Signature);
    assert_eq!(
        redigested(|w| w.request.purpose = Purpose::Payment),
        Violation::Signature
    );
    assert_eq!(altered(|_, w| w.request.rest += Fr::ONE), Violation::RequestDigest);
}

/// Variables whose change alone leaves all constraints satisfied. The list is short and known: an
/// inverse of a zero that nothing asks about.
fn free(cs: &ConstraintSystemRef<Fr>) -> usize {
    free_variables(cs).unwrap().len()
}

#[test]
fn no_witness_variable_is_free_but_the_known_ones() {
    for (case, expected) in [(small(), FREE_SMALL), (every_rule(), FREE_EVERY_RULE)] {
        let (public, witness) = case.prove().unwrap();
        let cs = synthesise(public, &witness).unwrap();
        assert_eq!(free(&cs), expected);
    }
}

const FREE_SMALL: usize = 0;
const FREE_EVERY_RULE: usize = 0;

#[test]
fn an_unsatisfied_system_stays_so_for_random_records() {
    // A chart that does not satisfy the policy, with the slots of one that does.
    let (public, mut witness) = small().prove().unwrap();
    let other = Case::new(small().policy, facts(&[fact(condition(11), 50_000, 1)]));
    let (_, foreign) = other.with_slots(witness.slots.clone());
    witness.record = foreign.record.clone();
    witness.position = foreign.position.clone();
    assert!(check(&public, &witness).is_err());
    assert!(!satisfied(public, &witness));
}
