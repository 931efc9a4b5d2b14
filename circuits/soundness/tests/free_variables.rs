//! Variables that can be changed alone: none but those of `docs/statements/free-variables.md`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use medproof_gadgets::testing::Change;
use medproof_soundness::blocks::{block_of, blocks};
use medproof_soundness::worlds::random_case;
use medproof_soundness::{assigned, prepared};
use medproof_statement::assign::assign;
use medproof_statement::codeset::CodeSet;
use medproof_statement::concept::Kind;
use medproof_statement::day::Day;
use medproof_statement::fact::Fact;
use medproof_statement::policy::{Criterion, Policy, Table};
use medproof_statement::request::Purpose;
use medproof_statement::testing::{AS_OF, Case, concept, condition, fact, facts, has, header, latest, none};
use medproof_statement::tier::Tier;
use medproof_statement::value::Value;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

/// The blocks of the free variables of an honest witness, with whether any value will do.
fn free(case: &Case) -> Vec<(&'static str, Option<usize>, bool)> {
    let (public, witness) = case.prove().unwrap();
    let tier = case.policy.table().header().tier;
    let values = assigned(public, &witness).unwrap();
    let blocks = blocks(tier);
    assert_eq!(blocks.last().unwrap().rows.end, prepared(tier).matrices().constraints());
    prepared(tier)
        .free_variables(&values)
        .unwrap()
        .into_iter()
        .map(|free| {
            let block = block_of(&blocks, free.first_constraint.expect("a constraint"));
            (block.name, block.slot, free.change == Change::Any)
        })
        .collect()
}

/// The inverse of `purpose − ETREAT`, which is 0.
const EMERGENCY: (&str, Option<usize>, bool) = ("consent: signer", None, true);

fn assert_free(case: &Case) {
    let expected: &[_] = match case.request.purpose {
        Purpose::EmergencyTreatment => &[EMERGENCY],
        _ => &[],
    };
    assert_eq!(free(case), expected);
}

/// Counts with a set and spacing, a latest value, absence with and without a set, alternatives:
/// as many criteria and slots as the tier has.
fn full(tier: Tier) -> Case {
    let reading = concept(Kind::Observation, 5);
    let quantity = |x: i128| Value::quantity(x * 1_000_000, false).unwrap();
    let range = Some((quantity(7), quantity(10)));
    let set = CodeSet::new([10, 12, 20, 28].map(condition)).unwrap();
    let of_set = |row| Criterion {
        set_root: Some(set.root()),
        concept_hi: condition(28),
        ..row
    };
    let rows = [
        (none(condition(90), condition(99)), None),
        (
            Criterion {
                count: 2,
                min_gap_days: 21,
                ..of_set(has(condition(10)))
            },
            Some(&set),
        ),
        (
            Criterion {
                value: range,
                date_lo: Day(AS_OF.0 - 365),
                ..latest(reading)
            },
            None,
        ),
        (
            Criterion {
                active_on: Some(AS_OF),
                either: true,
                date_lo: Day(AS_OF.0 - 100),
                ..of_set(none(condition(11), condition(28)))
            },
            Some(&set),
        ),
        (
            Criterion {
                value: range,
                date_hi: Day(59_500),
                ..none(reading, reading)
            },
            None,
        ),
        (
            Criterion {
                threshold: None,
                ..has(condition(77))
            },
            None,
        ),
        (
            Criterion {
                active_on: Some(AS_OF),
                ..has(condition(30))
            },
            None,
        ),
        (latest(condition(30)), None),
    ];
    // Tier S has not enough slots for the first four.
    let first = if tier == Tier::S { 3 } else { 0 };
    let (criteria, sets) = rows
        .iter()
        .cycle()
        .skip(first)
        .take(tier.criteria())
        .map(|(row, set)| (*row, set.cloned()))
        .unzip();
    let chart = [
        fact(condition(10), 50_000, 1),
        Fact {
            until: Day(50_200),
            ..fact(condition(20), 50_100, 2)
        },
        fact(condition(30), 50_100, 2),
        Fact {
            value: quantity(6),
            ..fact(reading, 59_000, 3)
        },
        Fact {
            value: quantity(8),
            ..fact(reading, 59_900, 4)
        },
    ];
    let policy = Policy::new(Table::new(header(tier), criteria).unwrap(), sets).unwrap();
    Case::new(policy, facts(&chart))
}

#[test]
fn no_variable_beside_idle_slots_is_free() {
    let mut xs = Case::new(
        Policy::new(
            Table::new(header(Tier::Xs), vec![has(condition(10))]).unwrap(),
            vec![None],
        )
        .unwrap(),
        facts(&[fact(condition(10), 50_000, 1)]),
    );
    assert_free(&xs);
    xs.request.purpose = Purpose::EmergencyTreatment;
    assert_free(&xs);
}

#[test]
fn no_variable_of_random_witnesses_is_free() {
    let rng = &mut ChaCha8Rng::seed_from_u64(11);
    for tier in [Tier::Xs, Tier::S] {
        let mut seen = 0;
        while seen < 25 {
            let case = random_case(rng, tier);
            if assign(&case.policy, &case.facts).is_ok() {
                assert_free(&case);
                seen += 1;
            }
        }
    }
}

#[test]
fn no_variable_of_a_tier_put_to_full_use_is_free() {
    for tier in [Tier::S, Tier::M, Tier::L] {
        for purpose in [Purpose::Research, Purpose::EmergencyTreatment] {
            let mut case = full(tier);
            case.request.purpose = purpose;
            assert_free(&case);
        }
    }
}
