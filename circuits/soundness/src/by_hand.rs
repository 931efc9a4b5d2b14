//! Slots by hand, honest and adversarial: where the search for missing constraints starts.

use crate::script::{At, Move, slots, start, then};
use crate::starts::assignment;
use ark_bn254::Fr;
use medproof_statement::codeset::CodeSet;
use medproof_statement::day::Day;
use medproof_statement::fact::{Fact, Seq};
use medproof_statement::machine::Action;
use medproof_statement::policy::{Criterion, Policy, Table};
use medproof_statement::record::Facts;
use medproof_statement::testing::{AS_OF, Case, condition, fact, facts, has, header, latest, none};
use medproof_statement::tier::Tier;
use medproof_statement::value::{Value, ValueType};
use std::collections::BTreeSet;
use std::ops::Range;

/// An assignment by hand, and what to ask of it.
pub struct ByHand {
    /// The assignment.
    pub values: Vec<Fr>,
    /// The slots that it is about.
    pub slots: Range<usize>,
    /// The first of these slots, which is enough for the hashes: they do not depend on what a slot
    /// does.
    pub is_first: bool,
}

/// Honest and adversarial slots by hand: in XS its two; in a larger tier wherever they touch one of
/// the slots that are asked about.
pub fn by_hand(tier: Tier, asked: &[usize]) -> impl Iterator<Item = ByHand> {
    let starts: Vec<_> = match tier {
        Tier::Xs => scripts(tier)
            .into_iter()
            .map(|(case, moves)| (case, moves, 0..2))
            .collect(),
        _ => {
            let few = scripts(tier)
                .into_iter()
                .map(|(case, moves)| (case, moves, Spare::First));
            let many = of_many_rows(tier);
            few.chain(many).flat_map(|script| placed(&script, asked)).collect()
        }
    };
    let mut seen = BTreeSet::new();
    starts.into_iter().filter_map(move |(mut case, moves, covered)| {
        let is_first = covered.clone().any(|slot| seen.insert(slot));
        let slots = slots(&case, &moves);
        Some(ByHand {
            values: assignment(&mut case, slots)?,
            slots: covered,
            is_first,
        })
    })
}

/// Where a table has the criterion of the slots that a script says nothing about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spare {
    First,
    Last,
}

type Script = (Case, Vec<Move>, Spare);

/// A script with one of its moves in each of the slots that are asked about, the other slots opening
/// the set of a criterion of their own: no other slot then holds the root that a forged path leads
/// to.
fn placed((case, moves, spare): &Script, asked: &[usize]) -> Vec<(Case, Vec<Move>, Range<usize>)> {
    let room = case.policy.table().header().tier.slots();
    let (case, criterion) = with_a_spare_criterion(case, *spare);
    let elsewhere = start(criterion, Action::SetGap, At::Set(criterion, 1));
    let firsts: BTreeSet<usize> = asked
        .iter()
        .flat_map(|slot| (0..moves.len()).filter_map(|i| slot.checked_sub(i)))
        .filter(|first| first + moves.len() <= room)
        .collect();
    let at = |first: usize| {
        let mut all = vec![elsewhere; room];
        for (slot, one) in all[first..].iter_mut().zip(moves) {
            *slot = if criterion == 0 {
                one.of_the_next_criterion()
            } else {
                *one
            };
        }
        (case.clone(), all, first..first + moves.len())
    };
    firsts.into_iter().map(at).collect()
}

// With one more alternative in the first clause, before all others, or in the last, after them; and
// where it is.
fn with_a_spare_criterion(case: &Case, spare: Spare) -> (Case, usize) {
    let mut row = Criterion {
        threshold: None,
        ..none(condition(12), condition(19))
    };
    let criteria = case.policy.table().criteria().iter().enumerate();
    let mut rows: Vec<_> = criteria.map(|(i, row)| (*row, case.policy.set(i).cloned())).collect();
    let place = match spare {
        Spare::First => 0,
        Spare::Last => {
            row.threshold = rows.last_mut().and_then(|(last, _)| last.threshold.take());
            rows.len()
        }
    };
    rows.insert(place, (row, Some(tens())));
    let tier = case.policy.table().header().tier;
    (self::case(tier, rows, case.facts.clone()), place)
}

/// What takes more criteria or slots than XS has.
fn of_many_rows(tier: Tier) -> Vec<Script> {
    let all_but_the_spare = tier.criteria() - 1;
    let alike = |row: Criterion| {
        let mut rows = vec![(Criterion { threshold: None, ..row }, None); all_but_the_spare];
        if let Some((last, _)) = rows.last_mut() {
            *last = row;
        }
        case(tier, rows, two_facts())
    };
    let (present, absent) = (alike(has(condition(20))), alike(none(condition(90), condition(90))));
    let shown = |criterion| start(criterion, Action::Fact, At::Fact(2)).ends();
    let gap = |criterion| start(criterion, Action::RecordGap, At::Fact(2)).ends();
    let mut all = Vec::new();
    for criterion in 0..all_but_the_spare {
        let other = usize::from(criterion == 0);
        let spares = if criterion == 0 {
            vec![Spare::First, Spare::Last]
        } else {
            vec![Spare::First]
        };
        for spare in spares {
            // Shown twice.
            all.push((absent.clone(), vec![gap(criterion); 2], spare));
            // One row that several alike add up to, and the one that they take away.
            all.push((present.clone(), vec![shown(other), shown(criterion)], spare));
            all.push((present.clone(), vec![shown(criterion), shown(other)], spare));
        }
    }
    // Shown three times, of which one could count −1.
    all.push((absent, vec![gap(0); 3], Spare::First));
    // Two moves at once, in the second slot, would take the cursor past the member 20, which is there.
    let row = none(condition(12), condition(29));
    let overshot = case(tier, vec![(row, Some(tens()))], two_facts());
    all.push((overshot, by_two_moves_at_once(), Spare::First));
    all
}

fn by_two_moves_at_once() -> Vec<Move> {
    vec![
        start(0, Action::RecordGap, At::Fact(0)),
        then(Action::SetGap, At::Set(0, 1)),
        then(Action::SetGap, At::Set(0, 2)).ends(),
    ]
}

/// First, two slots of which one opens the record and one the set, either way around: no other slot
/// then holds the root that a forged path leads to. Then, idle slots before a group and after.
fn scripts(tier: Tier) -> Vec<(Case, Vec<Move>)> {
    let chart = two_facts();
    let case = |rows: Vec<Criterion>| case(tier, rows.into_iter().map(|row| (row, None)).collect(), chart.clone());
    let with_set = |row: Criterion| self::case(tier, vec![(row, Some(tens()))], chart.clone());
    let counted = with_set(Criterion {
        concept_hi: condition(30),
        ..has(condition(10))
    });
    let absent = with_set(none(condition(12), condition(19)));
    let single = case(vec![has(condition(20))]);
    let other = case(vec![latest(condition(19))]);
    let none_of = case(vec![
        Criterion {
            threshold: None,
            ..none(condition(20), condition(20))
        },
        none(condition(90), condition(90)),
    ]);
    let two_rows = case(vec![has(condition(20)), latest(condition(20))]);
    let nowhere = case(vec![none(condition(90), condition(90))]);
    let ahead = case(vec![Criterion {
        date_hi: Day(100),
        ..none(condition(15), condition(15))
    }]);
    let present = case(vec![none(condition(20), condition(20))]);
    let shown = start(0, Action::Fact, At::Fact(2)).ends();
    let gap = start(1, Action::RecordGap, At::Fact(2)).ends();
    let beyond = start(0, Action::RecordGap, At::Fact(2)).ends();
    let pass = start(0, Action::Pass, At::Fact(1)).ends();
    let jump = start(0, Action::SetGap, At::Set(0, 1));
    let idle = then(Action::Idle, At::Fact(2));
    let member = then(Action::Member, At::Set(0, 2));
    let mut cases = vec![
        (counted.clone(), vec![shown, member]),
        (absent.clone(), vec![jump, then(Action::RecordGap, At::Fact(1)).ends()]),
        (
            absent,
            vec![
                start(0, Action::RecordGap, At::Fact(0)),
                then(Action::SetGap, At::Set(0, 1)).ends(),
            ],
        ),
        // Without its member.
        (counted.clone(), vec![shown]),
        (single.clone(), vec![idle, shown]),
        (single, vec![shown, idle]),
        // Its member wanted, and no slot left.
        (counted, vec![idle, shown]),
        // Two rows taken for one: AT_LEAST and LATEST add up to NONE.
        (two_rows.clone(), vec![beyond]),
        (two_rows, vec![idle, beyond]),
        // Passed, but not where the cursor stands.
        (ahead.clone(), vec![pass]),
        (ahead, vec![idle, pass]),
        // Ended twice, the second criterion and the first.
        (none_of.clone(), vec![gap, gap]),
        (nowhere, vec![beyond, beyond]),
        // The matching fact jumped by a cursor that does not stand where it should.
        (
            present,
            vec![
                start(0, Action::RecordGap, At::Fact(1)),
                then(Action::RecordGap, At::Fact(2)).ends(),
            ],
        ),
        // The latest of another concept.
        (other.clone(), vec![shown]),
        (other, vec![idle, shown]),
        // A fact in a group of NONE, which claims nothing.
        (none_of.clone(), vec![start(0, Action::Fact, At::Fact(2)), gap]),
        (none_of, vec![gap, start(0, Action::Fact, At::Fact(2))]),
    ];
    cases.extend(values_passed(tier));
    cases.extend(facts_refused(tier));
    cases
}

/// Rows with their sets, over a chart.
fn case(tier: Tier, rows: Vec<(Criterion, Option<CodeSet>)>, chart: Facts) -> Case {
    let (rows, sets): (Vec<Criterion>, Vec<Option<CodeSet>>) = rows
        .into_iter()
        .map(|(row, set)| {
            let set_root = set.as_ref().map(CodeSet::root);
            (Criterion { set_root, ..row }, set)
        })
        .unzip();
    let table = Table::new(header(tier), rows).expect("a case by hand");
    Case::new(Policy::new(table, sets).expect("a case by hand"), chart)
}

/// 15, and 20, which is a member of [`tens`].
fn two_facts() -> Facts {
    facts(&[fact(condition(15), 50_000, 1), fact(condition(20), 50_000, 2)])
}

fn tens() -> CodeSet {
    CodeSet::new([10, 20, 30].map(condition)).expect("a case by hand")
}

/// Facts that do not support what they are shown for, in the first slot and in the last.
fn facts_refused(tier: Tier) -> Vec<(Case, Vec<Move>)> {
    let quantity = |x: i128, inexact| Value::quantity(x, inexact).expect("in range");
    let shown = start(0, Action::Fact, At::Fact(1)).ends();
    let idle = then(Action::Idle, At::Fact(1));
    let plain = fact(condition(20), 50_000, 1);
    let asked = has(condition(20));
    let ranged = Criterion {
        value: Some((quantity(7, false), quantity(10, false))),
        ..asked
    };
    let low = Fact {
        value: quantity(1, false),
        ..plain
    };
    let rows = [
        (Criterion { count: 2, ..asked }, plain),
        (
            asked,
            Fact {
                uncertain: true,
                ..plain
            },
        ),
        (
            Criterion {
                date_hi: Day(100),
                ..asked
            },
            plain,
        ),
        (
            latest(condition(20)),
            Fact {
                contested: true,
                ..plain
            },
        ),
        (ranged, low),
    ];
    let case = |row: Criterion, fact: Fact| case(tier, vec![(row, None)], facts(&[fact]));
    let mut cases = Vec::new();
    for (row, fact) in rows {
        cases.push((case(row, fact), vec![shown]));
        cases.push((case(row, fact), vec![idle, shown]));
    }
    // Passed for its time, whatever its value: below the range, within it, above it.
    let first = start(0, Action::Pass, At::Fact(1)).ends();
    for (x, inexact) in [(1, false), (8, false), (1_000, true)] {
        let at_the_beginning = Fact {
            value: quantity(x, inexact),
            date: Day(0),
            since: Day(0),
            seq: Seq::MIN,
            ..plain
        };
        let late = Criterion {
            date_lo: Day(1),
            value: ranged.value,
            ..none(condition(20), condition(20))
        };
        cases.push((case(late, at_the_beginning), vec![first]));
        cases.push((case(late, at_the_beginning), vec![idle, first]));
    }
    cases
}

/// Facts passed that could match, and idle ones that are out of range.
fn values_passed(tier: Tier) -> Vec<(Case, Vec<Move>)> {
    let quantity = |x: i128| Value::quantity(x, false).expect("a case by hand");
    let all = none(condition(20), condition(20));
    let asked = Criterion {
        value: Some((quantity(7), quantity(10))),
        ..all
    };
    let active = Criterion {
        active_on: Some(AS_OF),
        ..all
    };
    let case = |row: Criterion, fact: Fact| case(tier, vec![(row, None)], facts(&[fact]));
    let of_value = |value| Fact {
        value,
        ..fact(condition(20), 50_000, 1)
    };
    // At the very beginning of the interval, so that the first slot can pass it.
    let first = |fact: Fact| Fact {
        date: Day(0),
        since: Day(0),
        seq: Seq::MIN,
        ..fact
    };
    let low = of_value(quantity(1));
    let uncertain = Fact { uncertain: true, ..low };
    let typeless = of_value(Value::new(ValueType::NONE, 5).expect("a case by hand"));
    let mut cases = Vec::new();
    for (row, fact) in [(asked, uncertain), (active, uncertain), (all, typeless), (asked, low)] {
        let to_fact = start(0, Action::RecordGap, At::Fact(0));
        cases.push((case(row, fact), vec![to_fact, then(Action::Pass, At::Fact(1)).ends()]));
        cases.push((case(row, first(fact)), vec![start(0, Action::Pass, At::Fact(1)).ends()]));
        // Out of the window, by which an uncertain fact is passed only where nothing active is asked.
        let late = Criterion { date_lo: Day(1), ..row };
        cases.push((
            case(late, first(fact)),
            vec![start(0, Action::Pass, At::Fact(1)).ends()],
        ));
    }
    let elsewhere = Fact {
        concept: condition(15),
        ..low
    };
    let gap = start(0, Action::RecordGap, At::Fact(1)).ends();
    let late = Criterion {
        date_lo: Day(59_000),
        ..asked
    };
    for row in [asked, late] {
        cases.push((case(row, elsewhere), vec![gap, then(Action::Idle, At::Fact(1))]));
    }
    cases
}
