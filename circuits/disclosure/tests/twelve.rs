//! The twelve tests to write first (docs/statements/v1.md), but for the contract's: each attack is
//! refused natively by the rule named and by the circuit, and an honest neighbour passes both.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{AdditiveGroup, BigInteger, Field, PrimeField};
use medproof_soundness::script::{At, Move, breaks, breaks_with, set_leaf, shows, slots, start, then};
use medproof_soundness::{accepted, refused};
use medproof_statement::Fr;
use medproof_statement::assign::{NotProvable, Slots, assign};
use medproof_statement::check::{Violation, Witness, public_inputs};
use medproof_statement::codeset::{CodeSet, SetLeaf};
use medproof_statement::concept::{Code, Concept, Kind, System};
use medproof_statement::consent::Bound;
use medproof_statement::coverage::Coverage;
use medproof_statement::day::Day;
use medproof_statement::eddsa::{EddsaError, EdwardsAffine, PublicKey, Scalar, Signature, challenge};
use medproof_statement::fact::{Fact, Key, Leaf, Seq};
use medproof_statement::machine::{
    Action::{Fact as Count, Idle, Member, Pass, RecordGap, SetGap},
    Opened, Rule, Slot, SlotError,
};
use medproof_statement::policy::{Criterion, Header, Policy, Table};
use medproof_statement::public::PublicInputs;
use medproof_statement::record::empty_record;
use medproof_statement::request::{Purpose, Time};
use medproof_statement::testing::{AS_OF, Case, concept, condition, fact, facts, has, header, latest, none};
use medproof_statement::tier::Tier;
use medproof_statement::tree::{REGISTRY_DEPTH, Tree};
use medproof_statement::value::{Value, ValueType};

const DAY: u32 = 50_000;

fn set(members: &[u32]) -> CodeSet {
    CodeSet::new(members.iter().map(|m| condition(*m))).unwrap()
}

/// A case of criteria with their sets, over these facts.
fn case(tier: Tier, rows: Vec<(Criterion, Option<CodeSet>)>, chart: &[Fact]) -> Case {
    with_header(header(tier), rows, chart)
}

fn with_header(header: Header, rows: Vec<(Criterion, Option<CodeSet>)>, chart: &[Fact]) -> Case {
    let (criteria, sets): (Vec<_>, Vec<_>) = rows
        .into_iter()
        .map(|(row, set)| {
            (
                Criterion {
                    set_root: set.as_ref().map(CodeSet::root),
                    ..row
                },
                set,
            )
        })
        .unzip();
    Case::new(
        Policy::new(Table::new(header, criteria).unwrap(), sets).unwrap(),
        facts(chart),
    )
}

/// One criterion in the smallest tier.
fn one(row: Criterion, chart: &[Fact]) -> Case {
    case(Tier::Xs, vec![(row, None)], chart)
}

fn interval(row: Criterion, lo: u32, hi: u32) -> Criterion {
    Criterion {
        concept_lo: condition(lo),
        concept_hi: condition(hi),
        ..row
    }
}

fn not_satisfied(case: &Case) {
    assert_eq!(
        assign(&case.policy, &case.facts).unwrap_err(),
        NotProvable::NotSatisfied
    );
}

fn violation(case: &Case, moves: &[Move]) -> Violation {
    let (public, witness) = case.with_slots(slots(case, moves));
    refused(public, &witness)
}

fn rule(slot: usize, rule: Rule) -> Violation {
    Violation::Slot(SlotError { slot, rule })
}

/// Over on a day, long before as_of.
fn over(fact: Fact, until: u32) -> Fact {
    Fact {
        until: Day(until),
        ..fact
    }
}

// 1. A set gap taken from a cursor inside a member's block.

const MEMBERS: [u32; 3] = [10, 20, 30];

/// NONE of the set's members active, in an interval.
fn none_active(lo: u32, hi: u32) -> (Criterion, Option<CodeSet>) {
    let row = Criterion {
        active_on: Some(AS_OF),
        ..none(condition(lo), condition(hi))
    };
    (row, Some(set(&MEMBERS)))
}

#[test]
fn t01_a_matching_member_is_not_jumped_by_a_set_gap() {
    for (i, m) in (1..).zip(MEMBERS) {
        // The member first, last, alone, and inside of the interval.
        for (lo, hi) in [(10, 30), (m, 30), (10, m), (m, m), (5, 35)] {
            let there = case(Tier::Xs, vec![none_active(lo, hi)], &[fact(condition(m), DAY, 1)]);
            not_satisfied(&there);
            let to_fact = start(0, RecordGap, At::Fact(0));
            for jump in [then(SetGap, At::Set(0, i)), then(SetGap, At::Set(0, i)).ends()] {
                assert_eq!(breaks(&there, &[to_fact, jump]), (1, Rule::GapStart));
            }
            // Nor from the block's own beginning.
            let before = start(0, SetGap, At::Set(0, i - 1));
            let jump = then(SetGap, At::Set(0, i)).ends();
            if lo == m || i == 1 || lo > MEMBERS[i - 2] {
                assert_eq!(breaks(&there, &[before, jump]), (1, Rule::GapStart));
            }
            if lo == m {
                assert_eq!(
                    breaks(&there, &[start(0, SetGap, At::Set(0, i)).ends()]),
                    (0, Rule::GapStart)
                );
            }
            // Nor by going back and around.
            let back = then(SetGap, At::Set(0, i - 1));
            assert_eq!(breaks(&there, &[to_fact, back]), (1, Rule::GapEnd));
            assert_eq!(breaks(&there, &[to_fact, back.ends()]), (1, Rule::NotCovered));
        }
    }
}

#[test]
fn t01_a_second_fact_of_a_member_is_not_jumped_behind_the_first() {
    for (i, m) in (1..).zip(MEMBERS) {
        let chart = [
            over(fact(condition(m), DAY, 1), DAY + 9),
            fact(condition(m), DAY + 100, 2),
        ];
        let there = case(Tier::S, vec![none_active(m, m + 5)], &chart);
        not_satisfied(&there);
        let walk = [start(0, RecordGap, At::Fact(0)), then(Pass, At::Fact(1))];
        let jump = then(SetGap, At::Set(0, i)).ends();
        assert_eq!(breaks(&there, &[walk[0], walk[1], jump]), (2, Rule::GapStart));
        assert_eq!(
            breaks(&there, &[walk[0], walk[1], then(Pass, At::Fact(2)).ends()]),
            (2, Rule::PassMatch)
        );
        // The same walk past a fact of the next concept, which is no member.
        let chart = [chart[0], fact(condition(m + 1), DAY + 100, 2)];
        let beside = case(Tier::S, vec![none_active(m, m + 5)], &chart);
        shows(&beside, &[walk[0], walk[1], jump]);
    }
}

// 2. Events counted twice.

fn at_least(count: u8, gap: u16) -> Criterion {
    Criterion {
        count,
        min_gap_days: gap,
        ..interval(has(condition(10)), 10, 11)
    }
}

#[test]
fn t02_two_codings_of_one_resource_are_one_event() {
    for second in [
        fact(condition(11), DAY, 7),
        Fact {
            seq: Seq { event: 7, sub: 1 },
            ..fact(condition(10), DAY, 7)
        },
    ] {
        let twice = one(at_least(2, 0), &[fact(condition(10), DAY, 7), second]);
        not_satisfied(&twice);
        let (first, second) = (start(0, Count, At::Fact(1)), then(Count, At::Fact(2)));
        assert_eq!(breaks(&twice, &[first, second.ends()]), (1, Rule::Spacing));
        assert_eq!(
            breaks(&twice, &[first, then(Count, At::Fact(1)).ends()]),
            (1, Rule::Spacing)
        );
        // A start forgets what was counted.
        assert_eq!(
            breaks(&twice, &[first, start(0, Count, At::Fact(2)).ends()]),
            (1, Rule::Count)
        );
        assert_eq!(breaks(&twice, &[first.ends()]), (0, Rule::Count));
    }
    let two = one(
        at_least(2, 0),
        &[fact(condition(10), DAY, 7), fact(condition(11), DAY, 8)],
    );
    shows(&two, &[start(0, Count, At::Fact(1)), then(Count, At::Fact(2)).ends()]);
    assert_eq!(
        breaks(&two, &[start(0, Count, At::Fact(2)), then(Count, At::Fact(1)).ends()]),
        (1, Rule::Spacing)
    );
}

#[test]
fn t02_three_events_are_not_made_of_two() {
    let chart = [
        fact(condition(10), DAY, 1),
        fact(condition(10), DAY + 30, 2),
        fact(condition(11), DAY, 3),
        fact(condition(11), DAY + 60, 4),
    ];
    for gap in [0, 21, 30] {
        let three = case(Tier::S, vec![(at_least(3, gap), None)], &chart);
        let order = |c: usize| {
            [
                start(0, Count, At::Fact(1)),
                then(Count, At::Fact(2)),
                then(Count, At::Fact(c)).ends(),
            ]
        };
        for again in 1..=3 {
            assert_eq!(breaks(&three, &order(again)), (2, Rule::Spacing));
        }
        shows(&three, &order(4));
        // Idle slots between change nothing.
        let [a, b, c] = order(4);
        let idle = then(Idle, At::Fact(3));
        shows(&three, &[idle, a, idle, b, idle, c]);
        assert_eq!(breaks(&three, &[a, idle, c]), (2, Rule::Count));
    }
}

#[test]
fn t02_spacing_runs_from_the_last_possible_day_to_the_first() {
    let second = |since: u32| Fact {
        since: Day(since),
        ..fact(condition(10), DAY + 40, 2)
    };
    let moves = [start(0, Count, At::Fact(1)), then(Count, At::Fact(2)).ends()];
    let spaced = |since| one(at_least(2, 21), &[fact(condition(10), DAY, 1), second(since)]);
    assert_eq!(breaks(&spaced(DAY + 20), &moves), (1, Rule::Spacing));
    shows(&spaced(DAY + 21), &moves);
}

// 3. Facts of a criterion with a set, and their members.

fn of_set(tier: Tier, members: &[u32], chart: &[Fact]) -> Case {
    let row = interval(has(condition(10)), 5, 35);
    case(
        tier,
        vec![(row, Some(set(members))), (row, Some(set(&[15, 25])))],
        chart,
    )
}

#[test]
fn t03_a_fact_of_a_set_needs_its_member_at_once() {
    let row = (interval(has(condition(10)), 5, 35), Some(set(&MEMBERS)));
    let case = case(Tier::Xs, vec![row], &[fact(condition(20), DAY, 1)]);
    let counted = start(0, Count, At::Fact(1)).ends();
    let member = then(Member, At::Set(0, 2));
    shows(&case, &[counted, member]);
    assert_eq!(breaks(&case, &[then(Idle, At::Fact(0)), counted]), (2, Rule::MemberDue));
    assert_eq!(breaks(&case, &[counted]), (1, Rule::MemberDue));
    assert_eq!(breaks(&case, &[counted, counted]), (1, Rule::MemberDue));
    // Before any group there is no set to be a member of.
    assert_eq!(breaks(&case, &[member, counted]), (0, Rule::Mode));
    assert_eq!(
        breaks(&case, &[start(0, Member, At::Set(0, 2)).ends()]),
        (0, Rule::MemberDue)
    );
    // A member neither opens nor ends a group.
    assert_eq!(breaks(&case, &[counted, member.ends()]), (1, Rule::Boundary));
    assert_eq!(
        breaks(&case, &[counted, start(0, Member, At::Set(0, 2))]),
        (1, Rule::Boundary)
    );
    let begun = start(0, Count, At::Fact(1));
    assert_eq!(breaks(&case, &[begun, member.ends()]), (1, Rule::Boundary));
}

#[test]
fn t03_only_the_criterions_own_set_counts() {
    let chart = [fact(condition(15), DAY, 1), fact(condition(20), DAY, 2)];
    let case = of_set(Tier::S, &MEMBERS, &chart);
    shows(
        &case,
        &[
            start(0, Count, At::Fact(2)).ends(),
            then(Member, At::Set(0, 2)),
            start(1, Count, At::Fact(1)).ends(),
            then(Member, At::Set(1, 1)),
        ],
    );
    // 15 is of the second set only.
    let foreign = start(0, Count, At::Fact(1)).ends();
    assert_eq!(
        breaks(&case, &[foreign, then(Member, At::Set(1, 1))]),
        (1, Rule::Opening)
    );
    for leaf in 0..=3 {
        assert_eq!(
            breaks(&case, &[foreign, then(Member, At::Set(0, leaf))]),
            (1, Rule::Member)
        );
    }
    let second = start(1, Member, At::Set(1, 1));
    assert_eq!(breaks(&case, &[foreign, second]), (1, Rule::Boundary));
    assert_eq!(
        breaks(&case, &[foreign, then(Idle, At::Fact(0)), then(Member, At::Set(0, 2))]),
        (1, Rule::MemberDue)
    );
    assert_eq!(
        breaks(&case, &[foreign, then(SetGap, At::Set(0, 2))]),
        (1, Rule::MemberDue)
    );
}

#[test]
fn t03_each_fact_needs_a_member_of_its_own() {
    let chart = [fact(condition(10), DAY, 1), fact(condition(20), DAY, 2)];
    let row = Criterion {
        count: 2,
        ..interval(has(condition(10)), 5, 35)
    };
    let case = case(Tier::S, vec![(row, Some(set(&MEMBERS)))], &chart);
    let (first, second) = (start(0, Count, At::Fact(1)), then(Count, At::Fact(2)).ends());
    let (ten, twenty) = (then(Member, At::Set(0, 1)), then(Member, At::Set(0, 2)));
    shows(&case, &[first, ten, second, twenty]);
    assert_eq!(breaks(&case, &[first, second, twenty]), (1, Rule::MemberDue));
    assert_eq!(breaks(&case, &[first, ten, twenty, second]), (2, Rule::MemberDue));
    assert_eq!(breaks(&case, &[first, ten, second, ten]), (3, Rule::Member));
}

// 4. Groups.

#[test]
fn t04_a_criterion_is_completed_once_and_groups_do_not_interleave() {
    let chart = [
        fact(condition(10), DAY, 1),
        fact(condition(10), DAY + 100, 3),
        fact(condition(11), DAY, 2),
    ];
    let (ten, any) = (has(condition(10)), interval(has(condition(10)), 10, 11));
    let single = case(Tier::S, vec![(ten, None), (any, None)], &chart);
    let first = start(0, Count, At::Fact(1)).ends();
    shows(&single, &[first, start(1, Count, At::Fact(3)).ends()]);
    assert_eq!(
        breaks(&single, &[first, start(0, Count, At::Fact(2)).ends()]),
        (1, Rule::Twice)
    );
    assert_eq!(
        violation(&single, &[first, start(0, Count, At::Fact(2))]),
        Violation::Clause
    );
    assert_eq!(violation(&single, &[first]), Violation::Clause);

    let double = case(
        Tier::S,
        vec![(Criterion { count: 2, ..ten }, None), (any, None)],
        &chart,
    );
    let (begun, between) = (start(0, Count, At::Fact(1)), start(1, Count, At::Fact(3)).ends());
    let rest = then(Count, At::Fact(2));
    shows(&double, &[begun, rest.ends(), between]);
    // What goes on after the second group is the second group.
    assert_eq!(breaks(&double, &[begun, between, rest.ends()]), (2, Rule::Count));
    assert_eq!(violation(&double, &[begun, between, rest]), Violation::Clause);
    let first_only = case(
        Tier::S,
        vec![(Criterion { count: 2, ..ten }, None), (has(condition(11)), None)],
        &chart,
    );
    assert_eq!(breaks(&first_only, &[begun, between, rest.ends()]), (2, Rule::Concept));
}

#[test]
fn t04_a_cursor_belongs_to_one_group() {
    let rows = vec![
        (none(condition(10), condition(20)), None),
        (none(condition(15), condition(40)), None),
    ];
    let chart = [fact(condition(12), DAY, 1)];
    let there = case(Tier::S, rows.clone(), &chart);
    let second = start(1, RecordGap, At::Fact(1)).ends();
    // The second criterion is true, and its cursor beyond the first interval.
    assert_eq!(violation(&there, &[second]), Violation::Clause);
    assert_eq!(
        breaks(&there, &[second, start(0, RecordGap, At::Fact(1)).ends()]),
        (1, Rule::GapStart)
    );
    assert_eq!(
        breaks(&there, &[second, then(RecordGap, At::Fact(0)).ends()]),
        (1, Rule::NotCovered)
    );
    assert_eq!(
        breaks(&there, &[second, then(RecordGap, At::Fact(1)).ends()]),
        (1, Rule::Twice)
    );
    let away = case(Tier::S, rows, &[fact(condition(9), DAY, 1)]);
    shows(&away, &[second, start(0, RecordGap, At::Fact(1)).ends()]);
}

#[test]
fn t04_rows_that_are_not_in_use_show_nothing() {
    let case = one(has(condition(10)), &[fact(condition(10), DAY, 1)]);
    let shown = start(0, Count, At::Fact(1)).ends();
    shows(&case, &[shown]);
    // A zero row of the tier, and a row beyond it.
    for row in [1, 2, 100] {
        for (action, at) in [(Count, At::Fact(1)), (RecordGap, At::Fact(0)), (Pass, At::Fact(0))] {
            assert_eq!(
                breaks(&case, &[shown, start(row, action, at).ends()]),
                (1, Rule::NoGroup)
            );
            assert_eq!(breaks(&case, &[start(row, action, at), shown]), (0, Rule::NoGroup));
        }
        assert_eq!(
            breaks(&case, &[shown, start(row, Idle, At::Fact(0))]),
            (1, Rule::Boundary)
        );
    }
    // No group at all.
    for (action, at) in [(Count, At::Fact(1)), (RecordGap, At::Fact(0)), (Pass, At::Fact(1))] {
        assert_eq!(breaks(&case, &[then(action, at).ends(), shown]), (0, Rule::NoGroup));
    }
}

#[test]
fn t04_idle_slots_claim_nothing() {
    let case = one(has(condition(99)), &[fact(condition(10), DAY, 1)]);
    for idle in [
        start(0, Idle, At::Fact(1)).ends(),
        start(0, Idle, At::Fact(1)),
        then(Idle, At::Fact(1)).ends(),
    ] {
        assert_eq!(breaks(&case, &[idle]), (0, Rule::Boundary));
    }
    assert_eq!(violation(&case, &[]), Violation::Clause);
    let gaps = one(none(condition(5), condition(20)), &[fact(condition(10), DAY, 1)]);
    let begun = start(0, RecordGap, At::Fact(0));
    assert_eq!(
        breaks(&gaps, &[begun, then(Idle, At::Fact(1)).ends()]),
        (1, Rule::Boundary)
    );
}

#[test]
fn t04_actions_fit_their_modes() {
    let chart = [fact(condition(10), DAY, 1)];
    let present = one(has(condition(10)), &chart);
    for (action, at) in [(RecordGap, At::Fact(0)), (Pass, At::Fact(1))] {
        assert_eq!(breaks(&present, &[start(0, action, at).ends()]), (0, Rule::Mode));
    }
    let absent = one(none(condition(10), condition(10)), &chart);
    assert_eq!(breaks(&absent, &[start(0, Count, At::Fact(1)).ends()]), (0, Rule::Mode));
    let recent = one(latest(condition(10)), &chart);
    assert_eq!(
        breaks(&recent, &[start(0, RecordGap, At::Fact(1)).ends()]),
        (0, Rule::Mode)
    );
    shows(&recent, &[start(0, Count, At::Fact(1)).ends()]);
    shows(&present, &[start(0, Count, At::Fact(1)).ends()]);
}

// 5. LATEST.

fn reading() -> Concept {
    concept(Kind::Observation, 5)
}

fn recent(days: u32) -> Criterion {
    Criterion {
        date_lo: Day(AS_OF.0 - days),
        ..latest(reading())
    }
}

#[test]
fn t05_latest_refuses_a_rival_at_the_same_instant() {
    // Whichever has the greater id: both are marked.
    let rivals = |contested| {
        [1, 2].map(|event| Fact {
            contested,
            ..fact(reading(), AS_OF.0 - 5, event)
        })
    };
    let contested = one(recent(90), &rivals(true));
    not_satisfied(&contested);
    assert_eq!(
        breaks(&contested, &[start(0, Count, At::Fact(2)).ends()]),
        (0, Rule::Contested)
    );
    let first_only = one(recent(90), &[rivals(true)[0], rivals(false)[1]]);
    assert_eq!(
        breaks(&first_only, &[start(0, Count, At::Fact(1)).ends()]),
        (0, Rule::Contested)
    );
    shows(&first_only, &[start(0, Count, At::Fact(2)).ends()]);
    // The mark is committed to.
    let mut unmarked = slots(&contested, &[start(0, Count, At::Fact(2)).ends()]);
    edit_fact(&mut unmarked[0], |fact| fact.contested = false);
    assert_eq!(breaks_with(&contested, unmarked), (0, Rule::Opening));
    // AT_LEAST does not mind.
    let any = one(has(reading()), &rivals(true));
    shows(&any, &[start(0, Count, At::Fact(2)).ends()]);
}

#[test]
fn t05_latest_refuses_all_but_the_last() {
    let chart = [
        fact(concept(Kind::Observation, 4), AS_OF.0, 9),
        fact(reading(), AS_OF.0 - 5, 1),
        fact(reading(), AS_OF.0 - 5, 2),
        fact(concept(Kind::Observation, 6), AS_OF.0, 3),
    ];
    for chart in [&chart[..], &chart[..3]] {
        let case = one(recent(90), chart);
        assert_eq!(
            breaks(&case, &[start(0, Count, At::Fact(2)).ends()]),
            (0, Rule::NotLatest)
        );
        assert_eq!(
            breaks(&case, &[start(0, Count, At::Fact(1)).ends()]),
            (0, Rule::Concept)
        );
        shows(&case, &[start(0, Count, At::Fact(3)).ends()]);
    }
    let case = one(recent(90), &chart);
    assert_eq!(
        breaks(&case, &[start(0, Count, At::Fact(4)).ends()]),
        (0, Rule::Concept)
    );
    // Codings of one resource on one day: sub tells them apart, and only the last is.
    let codings = [0, 1].map(|sub| Fact {
        seq: Seq { event: 1, sub },
        ..fact(reading(), AS_OF.0, 1)
    });
    let case = one(recent(90), &codings);
    assert_eq!(
        breaks(&case, &[start(0, Count, At::Fact(1)).ends()]),
        (0, Rule::NotLatest)
    );
    shows(&case, &[start(0, Count, At::Fact(2)).ends()]);
    // Two at once do not make one.
    assert_eq!(
        breaks(&case, &[start(0, Count, At::Fact(1)), then(Count, At::Fact(2)).ends()]),
        (0, Rule::NotLatest)
    );
}

#[test]
fn t05_latest_refuses_dates_that_may_be_older() {
    let latest_of = |fact: Fact| {
        one(
            recent(90),
            &[Fact {
                concept: reading(),
                ..fact
            }],
        )
    };
    let shown = [start(0, Count, At::Fact(1)).ends()];
    let since = |since: u32, date: u32| Fact {
        since: Day(since),
        ..fact(reading(), date, 1)
    };
    // Only the year is known, and it is the current one: the first of January to as_of.
    assert_eq!(
        breaks(&latest_of(since(AS_OF.0 - 200, AS_OF.0)), &shown),
        (0, Rule::Time)
    );
    assert_eq!(
        breaks(&latest_of(since(AS_OF.0 - 91, AS_OF.0 - 60)), &shown),
        (0, Rule::Time)
    );
    shows(&latest_of(since(AS_OF.0 - 90, AS_OF.0 - 60)), &shown);
    assert_eq!(
        breaks(&latest_of(fact(reading(), AS_OF.0 - 91, 1)), &shown),
        (0, Rule::Time)
    );
    assert_eq!(
        breaks(&latest_of(fact(reading(), AS_OF.0 + 1, 1)), &shown),
        (0, Rule::Time)
    );
    let uncertain = Fact {
        uncertain: true,
        ..fact(reading(), AS_OF.0, 1)
    };
    assert_eq!(breaks(&latest_of(uncertain), &shown), (0, Rule::Uncertain));
}

// 6. NONE past what cannot be read.

/// The gap up to the first fact, and the fact passed.
fn passed() -> [Move; 2] {
    [start(0, RecordGap, At::Fact(0)), then(Pass, At::Fact(1)).ends()]
}

#[test]
fn t06_none_does_not_pass_what_could_match() {
    let range = (
        Value::quantity(7_000_000, false).unwrap(),
        Value::quantity(10_000_000, false).unwrap(),
    );
    let window = (AS_OF.0 - 365, AS_OF.0 - 30);
    let row = Criterion {
        value: Some(range),
        date_lo: Day(window.0),
        date_hi: Day(window.1),
        ..none(reading(), reading())
    };
    let inside = fact(reading(), window.1, 1);
    let low = Value::quantity(1, false).unwrap();
    let could_match = [
        // An unknown unit.
        Fact {
            value: Value::UNKNOWN,
            uncertain: true,
            ..inside
        },
        Fact {
            value: Value::UNKNOWN,
            ..inside
        },
        // `< 5`: the number itself would be out of range.
        Fact {
            value: low,
            uncertain: true,
            ..inside
        },
        // No value, or one of another type.
        Fact {
            value: Value::NONE,
            ..inside
        },
        Fact {
            value: Value::boolean(true),
            ..inside
        },
        // A date known in part: some of its days lie in the window.
        Fact {
            value: range.0,
            since: Day(window.1),
            ..fact(reading(), AS_OF.0, 1)
        },
        Fact {
            value: range.0,
            since: Day(0),
            ..fact(reading(), window.0, 1)
        },
        Fact {
            value: range.0,
            since: Day(0),
            ..fact(reading(), AS_OF.0, 1)
        },
    ];
    for fact in could_match {
        let case = one(row, &[fact]);
        not_satisfied(&case);
        assert_eq!(breaks(&case, &passed()), (1, Rule::PassMatch));
        // Nor does it support a presence.
        let present = Criterion {
            value: Some(range),
            date_lo: row.date_lo,
            date_hi: row.date_hi,
            ..has(reading())
        };
        not_satisfied(&one(present, &[fact]));
    }
    let fails = [
        Fact { value: low, ..inside },
        Fact {
            value: range.0,
            since: Day(window.1 + 1),
            ..fact(reading(), AS_OF.0, 1)
        },
        Fact {
            value: range.0,
            since: Day(0),
            ..fact(reading(), window.0 - 1, 1)
        },
        Fact {
            value: Value::UNKNOWN,
            uncertain: true,
            ..fact(reading(), window.0 - 1, 1)
        },
        Fact {
            value: Value::UNKNOWN,
            uncertain: true,
            ..fact(reading(), window.1 + 1, 1)
        },
    ];
    for fact in fails {
        shows(&one(row, &[fact]), &passed());
    }
}

#[test]
fn t06_none_active_does_not_pass_an_uncertain_status() {
    for either in [false, true] {
        let row = Criterion {
            active_on: Some(AS_OF),
            either,
            date_lo: Day(AS_OF.0 - 100),
            ..none(condition(10), condition(10))
        };
        let long_over = over(fact(condition(10), DAY, 1), DAY + 10);
        shows(&one(row, &[long_over]), &passed());
        // Provisional: whatever its days say.
        let provisional = one(
            row,
            &[Fact {
                uncertain: true,
                ..long_over
            }],
        );
        not_satisfied(&provisional);
        assert_eq!(breaks(&provisional, &passed()), (1, Rule::PassMatch));
        // Over on the day before as_of, and on as_of.
        let ends = |until: u32| one(row, &[over(fact(condition(10), AS_OF.0 - 200, 1), until)]);
        shows(&ends(AS_OF.0 - 1), &passed());
        if either {
            assert_eq!(breaks(&ends(AS_OF.0), &passed()), (1, Rule::PassMatch));
        } else {
            // Active, but begun before the window: with active_on alone both are asked for.
            shows(&ends(AS_OF.0), &passed());
        }
    }
}

#[test]
fn t06_none_needs_a_chart_that_is_complete() {
    let icd = |code| Concept::parse(Kind::Condition, System::Icd10Cm, code).unwrap();
    let pair = |system| Coverage::pair(Kind::Condition, system).unwrap();
    let required = Header {
        required_coverage: pair(System::Icd10Cm),
        ..header(Tier::Xs)
    };
    // Coded in SNOMED CT only: nothing lies in the ICD interval, and nothing is known of it.
    let mut case = with_header(
        required,
        vec![(none(icd("C00"), icd("C97")), None)],
        &[fact(condition(363_346), DAY, 1)],
    );
    let gap = [start(0, RecordGap, At::Fact(1)).ends()];
    for cut in [pair(System::Snomed), Coverage::NONE, Coverage(!pair(System::Icd10Cm).0)] {
        case.record.coverage = cut;
        assert_eq!(violation(&case, &gap), Violation::Coverage);
    }
    for complete in [pair(System::Icd10Cm), Coverage(u64::MAX)] {
        case.record.coverage = complete;
        shows(&case, &gap);
    }
    // The bit that a cut chart lost is committed to.
    case.record.coverage = pair(System::Snomed);
    let (public, mut witness) = case.with_slots(slots(&case, &gap));
    witness.record.coverage = Coverage(u64::MAX);
    assert_eq!(refused(public, &witness), Violation::Membership);
}

// 7. The walk's ends and steps.

#[test]
fn t07_none_walks_to_the_very_end() {
    let last = Fact {
        date: Day(u32::MAX),
        seq: Seq::MAX,
        since: Day(0),
        ..fact(condition(20), 0, 0)
    };
    assert_eq!(last.key(), Key::last_of(condition(20)));
    let to_first = [start(0, RecordGap, At::Fact(0)).ends()];
    for there in [
        fact(condition(10), 0, 0),
        fact(condition(15), DAY, 1),
        fact(condition(20), 0, 0),
        last,
    ] {
        let case = one(
            none(condition(10), condition(20)),
            &[there, fact(condition(21), DAY, 1)],
        );
        assert_eq!(breaks(&case, &to_first), (0, Rule::NotCovered));
        assert_eq!(violation(&case, &[start(0, RecordGap, At::Fact(0))]), Violation::Clause);
        let jump = [start(0, RecordGap, At::Fact(1)).ends()];
        assert_eq!(breaks(&case, &jump), (0, Rule::GapStart));
    }
    // The first key that lies beyond.
    let beyond = Fact {
        date: Day(0),
        since: Day(0),
        seq: Seq::MIN,
        ..fact(condition(21), 0, 0)
    };
    assert_eq!(beyond.key(), Key::first_of(condition(21)));
    shows(&one(none(condition(10), condition(20)), &[beyond]), &to_first);
    shows(&one(none(condition(10), condition(20)), &[]), &to_first);
}

#[test]
fn t07_a_gap_begins_before_the_cursor() {
    let first = Fact {
        date: Day(0),
        since: Day(0),
        seq: Seq::MIN,
        ..fact(condition(10), 0, 0)
    };
    assert_eq!(first.key(), Key::first_of(condition(10)));
    let case = one(none(condition(10), condition(20)), &[fact(condition(9), DAY, 1), first]);
    // k is the cursor itself: the fact at the cursor would be skipped.
    assert_eq!(
        breaks(&case, &[start(0, RecordGap, At::Fact(2)).ends()]),
        (0, Rule::GapStart)
    );
    let to_first = start(0, RecordGap, At::Fact(1));
    assert_eq!(
        breaks(&case, &[to_first, then(RecordGap, At::Fact(2)).ends()]),
        (1, Rule::GapStart)
    );
    // Nor does a gap lead back.
    assert_eq!(
        breaks(&case, &[to_first, then(RecordGap, At::Fact(0))]),
        (1, Rule::GapEnd)
    );
    let away = one(none(condition(10), condition(20)), &[fact(condition(9), DAY, 1)]);
    shows(&away, &[start(0, RecordGap, At::Fact(1)).ends()]);
}

#[test]
fn t07_a_pass_is_at_the_cursor() {
    let row = Criterion {
        date_hi: Day(DAY),
        ..none(condition(10), condition(20))
    };
    let chart = [
        fact(condition(11), DAY, 1),
        fact(condition(12), DAY + 1, 2),
        fact(condition(13), DAY + 1, 3),
    ];
    let case = case(Tier::S, vec![(row, None)], &chart);
    // 12 fails, but 11 before it does not.
    let (gap, late) = (start(0, RecordGap, At::Fact(0)), then(Pass, At::Fact(2)));
    assert_eq!(breaks(&case, &[gap, late]), (1, Rule::PassKey));
    assert_eq!(breaks(&case, &[start(0, Pass, At::Fact(2))]), (0, Rule::PassKey));
    assert_eq!(breaks(&case, &[gap, then(Pass, At::Fact(1))]), (1, Rule::PassMatch));
    // The sentinel is no fact to pass, to count or to be the latest.
    assert_eq!(breaks(&case, &[start(0, Pass, At::Fact(0)).ends()]), (0, Rule::PassKey));
    let present = one(has(condition(10)), &chart);
    assert_eq!(
        breaks(&present, &[start(0, Count, At::Fact(0)).ends()]),
        (0, Rule::Concept)
    );
    let recent = one(latest(condition(10)), &chart);
    assert_eq!(
        breaks(&recent, &[start(0, Count, At::Fact(0)).ends()]),
        (0, Rule::Concept)
    );
    let away = self::case(Tier::S, vec![(row, None)], &chart[1..]);
    shows(
        &away,
        &[
            gap,
            then(Pass, At::Fact(1)),
            then(Idle, At::Fact(0)),
            then(Pass, At::Fact(2)).ends(),
        ],
    );
    // Past one and not the next: an end too early.
    assert_eq!(
        breaks(&away, &[gap, then(Pass, At::Fact(1)).ends()]),
        (1, Rule::NotCovered)
    );
}

#[test]
fn t07_set_sentinels_bound_the_set_and_no_more() {
    let there = case(Tier::Xs, vec![none_active(5, 35)], &[fact(condition(20), DAY, 1)]);
    for (leaf, broken) in [(0, Rule::NotCovered), (1, Rule::GapStart), (3, Rule::GapStart)] {
        assert_eq!(
            breaks(&there, &[start(0, SetGap, At::Set(0, leaf)).ends()]),
            (0, broken)
        );
    }
    let beyond = case(Tier::Xs, vec![none_active(31, 35)], &[fact(condition(32), DAY, 1)]);
    shows(&beyond, &[start(0, SetGap, At::Set(0, 3)).ends()]);
    let before = case(Tier::Xs, vec![none_active(1, 9)], &[fact(condition(5), DAY, 1)]);
    shows(&before, &[start(0, SetGap, At::Set(0, 0)).ends()]);
    let touching = case(Tier::Xs, vec![none_active(1, 10)], &[fact(condition(10), DAY, 1)]);
    assert_eq!(
        breaks(&touching, &[start(0, SetGap, At::Set(0, 0)).ends()]),
        (0, Rule::NotCovered)
    );
}

// 8. Header, request and consent.

fn granted() -> Case {
    one(has(condition(10)), &[fact(condition(10), DAY, 1)])
}

fn refusal(case: &Case) -> Violation {
    let (public, witness) = case.prove().unwrap();
    refused(public, &witness)
}

fn acceptance(case: &Case) {
    let (public, witness) = case.prove().unwrap();
    accepted(public, &witness);
}

fn at(seconds: u64) -> Time {
    Time::new(seconds).unwrap()
}

/// The table of another header over the same rows.
fn retabled(witness: &Witness, edit: impl Fn(&mut Header)) -> Table {
    let mut header = *witness.table.header();
    edit(&mut header);
    Table::new(header, witness.table.criteria().to_vec()).unwrap()
}

#[test]
fn t08_a_consent_to_one_days_table_is_none_to_anothers() {
    let mut case = granted();
    let mut yesterday = header(Tier::Xs);
    yesterday.as_of = Day(AS_OF.0 - 1);
    let row = Criterion {
        date_hi: yesterday.as_of,
        ..has(condition(10))
    };
    case.consent.bound = Bound::Policy(Table::new(yesterday, vec![row]).unwrap().digest());
    assert_eq!(refusal(&case), Violation::Bound);
    // A standing one holds for the claim whatever the day, while it lasts.
    case.consent.bound = Bound::Claim(header(Tier::Xs).claim_id);
    acceptance(&case);
    case.consent.not_after = at(case.request.expires_at.seconds() - 1);
    assert_eq!(refusal(&case), Violation::ConsentTime);
    case.consent.not_after = case.request.expires_at;
    case.consent.not_before = case.request.requested_at;
    acceptance(&case);
    case.consent.not_before = at(case.request.requested_at.seconds() + 1);
    assert_eq!(refusal(&case), Violation::ConsentTime);
    case.consent.not_before = at(0);
    case.consent.bound = Bound::Claim(header(Tier::Xs).claim_id + Fr::ONE);
    assert_eq!(refusal(&case), Violation::Bound);
}

#[test]
fn t08_the_header_and_the_request_name_one_claim_and_day() {
    let edits: [fn(&mut Header); 2] = [|h| h.claim_id += Fr::ONE, |h| h.as_of = Day(AS_OF.0 + 1)];
    for edit in edits {
        let mut case = granted();
        case.consent.bound = Bound::Claim(header(Tier::Xs).claim_id);
        let (mut public, mut witness) = case.prove().unwrap();
        witness.table = retabled(&witness, edit);
        assert_eq!(refused(public, &witness), Violation::PolicyDigest);
        public.policy_digest = witness.table.digest();
        assert_eq!(refused(public, &witness), Violation::RequestDigest);
        let request = &witness.request;
        public.request_digest = request.digest(witness.table.header().claim_id, witness.table.header().as_of);
        // Another day of the claim is what a standing consent is for; another claim is not.
        if witness.table.header().claim_id == header(Tier::Xs).claim_id {
            accepted(public, &witness);
        } else {
            assert_eq!(refused(public, &witness), Violation::Bound);
        }
    }
}

#[test]
fn t08_the_consent_names_audience_purpose_subject_and_scope() {
    let edits: [fn(&mut Witness); 4] = [
        |w| w.request.audience += Fr::ONE,
        |w| w.request.purpose = Purpose::Payment,
        |w| w.request.subject += Fr::ONE,
        |w| w.request.scope += Fr::ONE,
    ];
    for edit in edits {
        let (public, mut witness) = granted().prove().unwrap();
        edit(&mut witness);
        assert_eq!(refused(public, &witness), Violation::RequestDigest);
        // Everything public made anew: the signature is to another consent.
        let public = public_inputs(&witness).unwrap();
        assert_eq!(refused(public, &witness), Violation::Signature);
        let message = witness.consent.consent.message(&witness.request);
        witness.consent.signature = granted().signing.sign(message);
        accepted(public, &witness);
    }
}

#[test]
fn t08_nullifier_and_handle_are_of_this_holder_scope_and_consent() {
    let (public, witness) = granted().prove().unwrap();
    let mut other = granted();
    other.request.scope += Fr::ONE;
    other.consent.grant_id += Fr::ONE;
    let (others, _) = other.prove().unwrap();
    assert_eq!(
        refused(
            PublicInputs {
                nullifier: others.nullifier,
                ..public
            },
            &witness
        ),
        Violation::Nullifier
    );
    let handle = others.consent_handle;
    assert_eq!(
        refused(
            PublicInputs {
                consent_handle: handle,
                ..public
            },
            &witness
        ),
        Violation::Handle
    );
    accepted(public, &witness);
}

#[test]
fn t08_the_record_is_issued_in_time_and_of_the_schema() {
    let claimed = |edit: fn(&mut Header)| {
        let mut header = header(Tier::Xs);
        header.issued_min = Day(AS_OF.0 - 30);
        edit(&mut header);
        let rows = vec![(has(condition(10)), None)];
        with_header(header, rows, &[fact(condition(10), DAY, 1)])
    };
    let mut case = claimed(|_| ());
    for (issued_on, in_time) in [(31, false), (30, true), (0, true)] {
        case.record.issued_on = Day(AS_OF.0 - issued_on);
        if in_time {
            acceptance(&case);
        } else {
            assert_eq!(refusal(&case), Violation::IssuedOn);
        }
    }
    case.record.issued_on = Day(AS_OF.0 + 1);
    assert_eq!(refusal(&case), Violation::IssuedOn);
    assert_eq!(refusal(&claimed(|h| h.schema += 1)), Violation::Schema);
}

#[test]
fn t08_the_emergency_key_is_for_emergencies_alone() {
    for purpose in Purpose::ALL {
        let mut case = granted();
        case.request.purpose = purpose;
        acceptance(&case);
        let (public, mut witness) = case.prove().unwrap();
        let message = witness.consent.consent.message(&witness.request);
        let emergency = purpose == Purpose::EmergencyTreatment;
        let other = if emergency { &case.signing } else { &case.emergency };
        witness.consent.signature = other.sign(message);
        assert_eq!(refused(public, &witness), Violation::Signature);
    }
}

// 9. Signatures, as far as the relation's types can say them; the rest is the gadget's.

fn torsion() -> EdwardsAffine {
    (0u64..)
        .find_map(|y| {
            let (x, _) = EdwardsAffine::get_xs_from_y_unchecked(Fr::from(y))?;
            let part = EdwardsAffine::new_unchecked(x, Fr::from(y)).mul_bigint(Scalar::MODULUS);
            let four = (part + part) + (part + part);
            (!four.into_affine().is_zero()).then(|| part.into_affine())
        })
        .unwrap()
}

#[test]
fn t09_torsion_in_the_nonce_point_is_the_signers_own_choice() {
    let (secret, nonce) = (Scalar::from(4_321u64), Scalar::from(1_234u64));
    let base = EdwardsAffine::generator();
    let key = (base * secret).into_affine();
    let mut case = granted();
    case.record.holder.pk = PublicKey::from_point(key).unwrap();
    let (public, mut witness) = case.prove().unwrap();
    assert_eq!(refused(public, &witness), Violation::Signature);
    let message = witness.consent.consent.message(&witness.request);
    let sign = |r: EdwardsAffine| {
        let c = challenge(&r, &key, message).into_bigint();
        let c = Scalar::from_le_bytes_mod_order(&c.to_bytes_le());
        Signature::new(r, nonce + c * secret).unwrap()
    };
    let plain = (base * nonce).into_affine();
    let twisted = (base * nonce + torsion()).into_affine();
    for r in [plain, twisted] {
        witness.consent.signature = sign(r);
        accepted(public, &witness);
    }
    // Torsion put in afterwards changes the challenge.
    witness.consent.signature = Signature::new(twisted, *sign(plain).s()).unwrap();
    assert_eq!(refused(public, &witness), Violation::Signature);
}

#[test]
fn t09_anothers_signature_is_none() {
    let (public, witness) = granted().prove().unwrap();
    let good = witness.consent.signature;
    let base = EdwardsAffine::generator();
    let moved = (*good.r() + base).into_affine();
    let bad = [
        Signature::new(*good.r(), *good.s() + Scalar::ONE),
        Signature::new(*good.r(), -*good.s()),
        Signature::new(-*good.r(), *good.s()),
        Signature::new(moved, *good.s()),
        Signature::new(moved, *good.s() + Scalar::ONE),
        Signature::new(EdwardsAffine::zero(), Scalar::ZERO),
    ];
    for signature in bad {
        let mut forged = witness.clone();
        forged.consent.signature = signature.unwrap();
        assert_eq!(refused(public, &forged), Violation::Signature);
    }
    accepted(public, &witness);
}

/// What the types leave out: the equation never sees them.
#[test]
fn t09_points_that_are_no_keys_cannot_be_stated() {
    let key = *granted().signing.public().point();
    // The form with a = 1 scales x.
    let scaled = EdwardsAffine::new_unchecked(key.x * Fr::from(168_700u64).sqrt().unwrap(), key.y);
    let moved = EdwardsAffine::new_unchecked(key.x + Fr::ONE, key.y);
    for off in [scaled, moved] {
        assert_eq!(PublicKey::from_point(off), Err(EddsaError::OffCurve));
        assert_eq!(Signature::new(off, Scalar::ONE), Err(EddsaError::OffCurve));
    }
    assert_eq!(PublicKey::from_point(torsion()), Err(EddsaError::OutsideSubgroup));
    assert_eq!(
        PublicKey::from_point((key + torsion()).into_affine()),
        Err(EddsaError::OutsideSubgroup)
    );
    assert_eq!(PublicKey::from_point(EdwardsAffine::zero()), Err(EddsaError::Identity));
    // s and s + l encode alike only in more than is read.
    let (_, witness) = granted().prove().unwrap();
    let mut bytes = witness.consent.signature.to_bytes();
    let mut s = witness.consent.signature.s().into_bigint();
    s.add_with_carry(&Scalar::MODULUS);
    bytes[32..].copy_from_slice(&s.to_bytes_le());
    assert!(Signature::from_bytes(&bytes).is_err());
}

// 10. Openings of what is no leaf.

fn edit_fact(slot: &mut Slot, edit: impl FnOnce(&mut Fact)) {
    match &mut slot.opened {
        Opened::Record(leaf) => edit(&mut leaf.fact),
        Opened::Set(_) => panic!("a record's leaf"),
    }
}

#[test]
fn t10_an_empty_place_of_the_registry_is_no_record() {
    let (public, witness) = granted().prove().unwrap();
    let mut registry = Tree::<REGISTRY_DEPTH>::new(empty_record());
    registry
        .set_many(&[(3, Fr::from(99u64)), (9, witness.record.commit())])
        .unwrap();
    assert_eq!(registry.root(), public.registry_root);
    for index in [0, 3, 8, 10, (1 << 27) - 1] {
        let mut moved = witness.clone();
        moved.position = registry.path(index).unwrap();
        assert_eq!(refused(public, &moved), Violation::Membership);
    }
    // A record revoked: its place is empty, and the path no longer leads there.
    registry.set(9, empty_record()).unwrap();
    let revoked = PublicInputs {
        registry_root: registry.root(),
        ..public
    };
    assert_eq!(refused(revoked, &witness), Violation::Membership);
    accepted(public, &witness);
}

#[test]
fn t10_padding_and_nodes_are_no_leaves() {
    let chart: Vec<Fact> = (0..20).map(|i| fact(condition(10 + i), DAY, i as u16)).collect();
    let case = one(has(condition(15)), &chart);
    let shown = [start(0, Count, At::Fact(6)).ends()];
    shows(&case, &shown);
    let honest = slots(&case, &shown);
    for index in [21, 22, 4_095] {
        let mut padding = honest.clone();
        padding[0].path = case.facts.path(index).unwrap();
        assert_eq!(breaks_with(&case, padding), (0, Rule::Opening));
    }
    // A node for a leaf: one level less above it, and one more invented below the root or above it.
    for level in 0..4 {
        let mut node = honest.clone();
        node[0].path.siblings[level..].rotate_left(1);
        node[0].path.index = honest[0].path.index >> 3;
        assert_eq!(breaks_with(&case, node), (0, Rule::Opening));
    }
    // Another leaf's path, and an index outside of the tree.
    let mut other = honest.clone();
    other[0].path = case.facts.path(7).unwrap();
    assert_eq!(breaks_with(&case, other), (0, Rule::Opening));
    let mut outside = honest.clone();
    outside[0].path.index += 1 << 12;
    assert_eq!(breaks_with(&case, outside), (0, Rule::Opening));
    let mut sibling = honest;
    sibling[0].path.siblings[3][6] += Fr::ONE;
    assert_eq!(breaks_with(&case, sibling), (0, Rule::Opening));
}

#[test]
fn t10_every_field_of_a_leaf_is_committed_to() {
    let case = one(has(condition(10)), &[fact(condition(10), DAY, 1)]);
    let shown = [start(0, Count, At::Fact(1)).ends()];
    let edits: [fn(&mut Fact); 9] = [
        |f| f.concept = condition(11),
        |f| f.date = Day(DAY + 1),
        |f| f.seq.event += 1,
        |f| f.seq.sub += 1,
        |f| f.contested = true,
        |f| f.uncertain = true,
        |f| f.value = Value::boolean(false),
        |f| f.until = Day(u32::MAX - 1),
        |f| f.since = Day(DAY - 1),
    ];
    for edit in edits {
        let mut edited = slots(&case, &shown);
        edit_fact(&mut edited[0], edit);
        assert_eq!(breaks_with(&case, edited), (0, Rule::Opening));
    }
    let edit_leaf = |edit: fn(&mut Leaf)| {
        let mut edited = slots(&case, &shown);
        if let Opened::Record(leaf) = &mut edited[0].opened {
            edit(leaf);
        }
        breaks_with(&case, edited)
    };
    assert_eq!(edit_leaf(|l| l.next = Key::last_of(condition(10))), (0, Rule::Opening));
    assert_eq!(edit_leaf(|l| l.salt += Fr::ONE), (0, Rule::Opening));
    shows(&case, &shown);
}

/// A witness with any table and facts_root, everything public made to fit.
fn forged(case: &Case, table: Table, facts_root: Fr, slots: Slots) -> Violation {
    let mut case = case.clone();
    case.consent.bound = Bound::Claim(table.header().claim_id);
    let (_, mut witness) = case.with_slots(slots);
    witness.table = table;
    witness.record.facts_root = facts_root;
    let public = public_inputs(&witness).unwrap();
    refused(public, &witness)
}

/// The key that a set leaf's `next` would be, were it a record's.
fn as_key(concept: Concept) -> Key {
    let bits = concept.bits();
    Key {
        concept: Concept::from_bits(bits >> 56).unwrap(),
        date: Day((bits >> 24) as u32),
        seq: Seq {
            event: (bits >> 8) as u16,
            sub: bits as u8,
        },
    }
}

#[test]
fn t10_a_sets_leaf_is_no_records_leaf() {
    // The facts_root is the set's root, and a leaf of it is opened as a record's: field by field
    // the same element, but for the tag.
    let set = set(&MEMBERS);
    let case = one(has(condition(20)), &[fact(condition(20), DAY, 1)]);
    let (leaf, path) = set_leaf(&set, 2);
    let posing = Leaf {
        fact: Fact {
            concept: leaf.member,
            until: Day(0),
            ..Fact::SENTINEL
        },
        next: as_key(leaf.next),
        salt: Fr::ZERO,
    };
    assert_eq!(posing.next.to_field(), leaf.next.to_field());
    let mut slots = slots(&case, &[start(0, Count, At::Fact(1)).ends()]);
    slots[0].path = path;
    for opened in [Opened::Record(posing), Opened::Set(leaf)] {
        slots[0].opened = opened;
        let broken = if matches!(opened, Opened::Set(_)) {
            Rule::LeafKind
        } else {
            Rule::Opening
        };
        let table = case.policy.table().clone();
        assert_eq!(forged(&case, table, set.root(), slots.clone()), rule(0, broken));
    }
}

#[test]
fn t10_a_records_leaf_is_no_sets_leaf() {
    // The set's root is the record's, and a fact is opened as a member or as a set gap.
    let chart = [fact(condition(20), DAY, 1)];
    let counted = one(has(condition(20)), &chart);
    let with_root = |row: Criterion, root: Fr| {
        Table::new(
            header(Tier::Xs),
            vec![Criterion {
                set_root: Some(root),
                ..row
            }],
        )
        .unwrap()
    };
    let root = counted.facts.root();
    let leaf = SetLeaf {
        member: condition(20),
        next: Concept::MAX,
    };
    let mut member = slots(
        &counted,
        &[start(0, Count, At::Fact(1)).ends(), then(Idle, At::Fact(1))],
    );
    member[1].action = Member;
    assert_eq!(
        forged(&counted, with_root(has(condition(20)), root), root, member.clone()),
        rule(1, Rule::LeafKind)
    );
    member[1].opened = Opened::Set(leaf);
    assert_eq!(
        forged(&counted, with_root(has(condition(20)), root), root, member.clone()),
        rule(1, Rule::Opening)
    );
    // A root of 0 has no leaves.
    let zero = with_root(has(condition(20)), Fr::ZERO);
    assert_eq!(forged(&counted, zero, root, member.clone()), rule(1, Rule::Opening));

    let absent = one(none(condition(21), condition(30)), &chart);
    let mut gap = slots(&absent, &[start(0, RecordGap, At::Fact(1)).ends()]);
    shows(&absent, &[start(0, RecordGap, At::Fact(1)).ends()]);
    gap[0].action = SetGap;
    gap[0].opened = Opened::Set(leaf);
    for set_root in [root, Fr::ZERO] {
        let table = with_root(none(condition(21), condition(30)), set_root);
        assert_eq!(forged(&absent, table, root, gap.clone()), rule(0, Rule::Opening));
    }
    // No set at all: its root is 0 in the row, and no action may open it.
    assert_eq!(breaks_with(&absent, gap), (0, Rule::Mode));
    let bare = one(has(condition(20)), &chart);
    member[1].opened = Opened::Set(leaf);
    assert_eq!(breaks_with(&bare, member), (1, Rule::Mode));
}

#[test]
fn t10_another_records_leaf_is_not_this_ones() {
    let case = one(has(condition(10)), &[fact(condition(11), DAY, 1)]);
    let other = one(has(condition(10)), &[fact(condition(10), DAY, 1)]);
    let shown = [start(0, Count, At::Fact(1)).ends()];
    shows(&other, &shown);
    assert_eq!(breaks_with(&case, slots(&other, &shown)), (0, Rule::Opening));
}

// 12. Values at the thresholds.

/// At 6.999999, just above it, at 7, …: and whether it lies in 7 … 10.
fn around() -> Vec<(Value, bool)> {
    let q = |millionths: i128, inexact: bool| Value::quantity(millionths, inexact).unwrap();
    vec![
        (Value::least(ValueType::QUANTITY), false),
        (q(-1, true), false),
        (q(6_999_999, false), false),
        (q(6_999_999, true), false),
        (q(7_000_000, false), true),
        (q(7_000_000, true), true),
        (q(7_000_001, false), true),
        (q(9_999_999, true), true),
        (q(10_000_000, false), true),
        (q(10_000_000, true), false),
        (q(10_000_001, false), false),
        (Value::greatest(ValueType::QUANTITY), false),
    ]
}

fn seven_to_ten() -> Option<(Value, Value)> {
    let q = |x: i128| Value::quantity(x * 1_000_000, false).unwrap();
    Some((q(7), q(10)))
}

fn measured(value: Value) -> Fact {
    Fact {
        value,
        ..fact(reading(), AS_OF.0 - 1, 1)
    }
}

/// FACT under AT_LEAST and under LATEST, and PASS, over one fact.
fn outcomes(value: Option<(Value, Value)>, fact: Fact) -> [Option<Rule>; 3] {
    let counted = [start(0, Count, At::Fact(1)).ends()];
    let rows = [
        (
            Criterion {
                value,
                ..has(reading())
            },
            counted.to_vec(),
        ),
        (
            Criterion {
                value,
                ..latest(reading())
            },
            counted.to_vec(),
        ),
        (
            Criterion {
                value,
                ..none(reading(), reading())
            },
            passed().to_vec(),
        ),
    ];
    rows.map(|(row, moves)| {
        let case = one(row, &[fact]);
        if assign(&case.policy, &case.facts).is_ok() {
            shows(&case, &moves);
            None
        } else {
            Some(breaks(&case, &moves).1)
        }
    })
}

const IN_RANGE: [Option<Rule>; 3] = [None, None, Some(Rule::PassMatch)];
const OUT_OF_RANGE: [Option<Rule>; 3] = [Some(Rule::Value), Some(Rule::Value), None];
const NEITHER: [Option<Rule>; 3] = [Some(Rule::Value), Some(Rule::Value), Some(Rule::PassMatch)];
const UNCERTAIN: [Option<Rule>; 3] = [Some(Rule::Uncertain), Some(Rule::Uncertain), Some(Rule::PassMatch)];

#[test]
fn t12_values_are_compared_exactly_at_both_thresholds() {
    for (value, inside) in around() {
        let expected = if inside { IN_RANGE } else { OUT_OF_RANGE };
        assert_eq!(outcomes(seven_to_ten(), measured(value)), expected, "{value:?}");
        let uncertain = Fact {
            uncertain: true,
            ..measured(value)
        };
        assert_eq!(outcomes(seven_to_ten(), uncertain), UNCERTAIN, "{value:?}");
    }
}

#[test]
fn t12_a_range_open_to_one_side_ends_with_its_type() {
    let (seven, _) = seven_to_ten().unwrap();
    let at_least = Some((seven, Value::greatest(ValueType::QUANTITY)));
    let at_most = Some((Value::least(ValueType::QUANTITY), seven));
    for (value, _) in around() {
        let expected = |inside| if inside { IN_RANGE } else { OUT_OF_RANGE };
        assert_eq!(outcomes(at_least, measured(value)), expected(value >= seven));
        assert_eq!(outcomes(at_most, measured(value)), expected(value <= seven));
        let exactly = Some((value, value));
        assert_eq!(outcomes(exactly, measured(seven)), expected(value == seven));
    }
    // The neighbours of the type's ends are of other types.
    for foreign in [Value::least(ValueType::BOOLEAN), Value::greatest(ValueType::NONE)] {
        assert_eq!(outcomes(at_least, measured(foreign)), NEITHER);
        assert_eq!(outcomes(at_most, measured(foreign)), NEITHER);
    }
}

#[test]
fn t12_a_foreign_type_is_neither_in_range_nor_out_of_it() {
    let code = |text| Code::parse(System::Snomed, text).unwrap();
    let foreign = [
        Value::NONE,
        Value::boolean(false),
        Value::boolean(true),
        Value::pseudonym(u64::MAX),
        Value::coded(System::Snomed, code("260385009")),
        Value::UNKNOWN,
    ];
    for value in foreign {
        assert_eq!(outcomes(seven_to_ten(), measured(value)), NEITHER, "{value:?}");
    }
    // Codes are compared within their system.
    let (negative, positive) = (code("260385009"), code("10828004"));
    let asked = Value::coded(System::Snomed, negative);
    let asked = Some((asked, asked));
    assert_eq!(
        outcomes(asked, measured(Value::coded(System::Snomed, negative))),
        IN_RANGE
    );
    assert_eq!(
        outcomes(asked, measured(Value::coded(System::Snomed, positive))),
        OUT_OF_RANGE
    );
    let local = Value::new(ValueType::coded(System::Internal), negative.bits().into()).unwrap();
    assert_eq!(outcomes(asked, measured(local)), NEITHER);
}

#[test]
fn t12_days_are_compared_exactly_at_both_ends() {
    let dated = |since: u32, date: u32| Fact {
        since: Day(since),
        ..fact(reading(), date, 1)
    };
    let window = |row: Criterion| Criterion {
        date_lo: Day(DAY),
        date_hi: Day(DAY + 10),
        ..row
    };
    // (since, date), whether FACT takes it, whether PASS does.
    let cases = [
        (DAY - 1, DAY - 1, false, true),
        (DAY, DAY, true, false),
        (DAY + 10, DAY + 10, true, false),
        (DAY + 11, DAY + 11, false, true),
        (DAY, DAY + 10, true, false),
        (DAY - 1, DAY + 5, false, false),
        (DAY + 5, DAY + 11, false, false),
        (DAY - 1, DAY, false, false),
        (DAY + 10, DAY + 11, false, false),
        (DAY - 1, DAY + 11, false, false),
        (0, DAY - 1, false, true),
        (DAY + 11, u32::MAX, false, true),
    ];
    for (since, date, counts, passes) in cases {
        let fact = dated(since, date);
        let present = one(window(has(reading())), &[fact]);
        let counted = [start(0, Count, At::Fact(1)).ends()];
        if counts {
            shows(&present, &counted);
        } else {
            assert_eq!(breaks(&present, &counted), (0, Rule::Time));
        }
        for uncertain in [false, true] {
            let absent = one(window(none(reading(), reading())), &[Fact { uncertain, ..fact }]);
            if passes {
                shows(&absent, &passed());
            } else {
                assert_eq!(breaks(&absent, &passed()), (1, Rule::PassMatch));
            }
        }
        // Another `since` than was committed to.
        let mut moved = slots(&present, &counted);
        edit_fact(&mut moved[0], |f| f.since = Day(f.since.0 ^ 1));
        assert_eq!(breaks_with(&present, moved), (0, Rule::Opening));
    }
}

#[test]
fn t12_activity_is_compared_exactly_at_both_ends() {
    let today = AS_OF.0;
    let active = |row: Criterion| Criterion {
        active_on: Some(AS_OF),
        ..row
    };
    // (since, date, until), whether FACT takes it, whether PASS does.
    let cases = [
        (today - 5, today - 5, today - 1, false, true),
        (today - 5, today - 5, today, true, false),
        (today - 5, today - 5, u32::MAX, true, false),
        (today, today, today, true, false),
        (today - 5, today, today, true, false),
    ];
    for (since, date, until, counts, passes) in cases {
        let fact = Fact {
            since: Day(since),
            until: Day(until),
            ..fact(condition(10), date, 1)
        };
        let present = one(active(has(condition(10))), &[fact]);
        let counted = [start(0, Count, At::Fact(1)).ends()];
        let absent = one(active(none(condition(10), condition(10))), &[fact]);
        if counts {
            shows(&present, &counted);
        } else {
            assert_eq!(breaks(&present, &counted), (0, Rule::Time));
        }
        if passes {
            shows(&absent, &passed());
        } else {
            assert_eq!(breaks(&absent, &passed()), (1, Rule::PassMatch));
        }
    }
    // With `either`, a day of the window is enough for a fact, and both must fail for a pass.
    let either = |row| Criterion {
        either: true,
        date_lo: Day(today - 10),
        date_hi: Day(today - 10),
        ..active(row)
    };
    for (date, until, counts) in [
        (today - 10, today - 10, true),
        (today - 11, today - 1, false),
        (today - 9, today - 1, false),
        (today - 11, today, true),
        (today - 10, today, true),
    ] {
        let fact = over(fact(condition(10), date, 1), until);
        let present = one(either(has(condition(10))), &[fact]);
        let counted = [start(0, Count, At::Fact(1)).ends()];
        let absent = one(either(none(condition(10), condition(10))), &[fact]);
        if counts {
            shows(&present, &counted);
            assert_eq!(breaks(&absent, &passed()), (1, Rule::PassMatch));
        } else {
            assert_eq!(breaks(&present, &counted), (0, Rule::Time));
            shows(&absent, &passed());
        }
    }
}

#[test]
fn t12_concepts_are_compared_exactly_at_both_ends() {
    for (code, inside) in [(9, false), (10, true), (20, true), (21, false)] {
        let chart = [fact(condition(code), DAY, 1)];
        let present = one(interval(has(condition(10)), 10, 20), &chart);
        let counted = [start(0, Count, At::Fact(1)).ends()];
        let absent = one(none(condition(10), condition(20)), &chart);
        if inside {
            shows(&present, &counted);
            not_satisfied(&absent);
        } else {
            assert_eq!(breaks(&present, &counted), (0, Rule::Concept));
            assert!(assign(&absent.policy, &absent.facts).is_ok());
        }
    }
}
