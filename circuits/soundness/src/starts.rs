//! Where the search for missing constraints starts: honest assignments and adversarial ones.

use crate::assigned;
use crate::circuit::Circuit;
use crate::script::{At, Move, slots, start, then};
use crate::signer::{sign_with_known_keys, sign_with_the_wrong_key};
use crate::worlds::World;
use ark_bn254::Fr;
use ark_ff::{BigInt, BigInteger, Field, PrimeField};
use medproof_statement::assign::{Slots, assign};
use medproof_statement::codeset::CodeSet;
use medproof_statement::consent::Bound;
use medproof_statement::coverage::Coverage;
use medproof_statement::day::Day;
use medproof_statement::fact::{Fact, Seq};
use medproof_statement::machine::Action;
use medproof_statement::policy::{Criterion, Header, Policy, Table};
use medproof_statement::record::Facts;
use medproof_statement::request::{Purpose, Time};
use medproof_statement::testing::{AS_OF, Case, condition, fact, facts, has, header, latest, none};
use medproof_statement::tier::Tier;
use medproof_statement::value::{Value, ValueType};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use std::collections::BTreeSet;
use std::ops::Range;

/// First, two slots of which one opens the record and one the set, either way around: no other slot
/// then holds the root that a forged path leads to. Then, idle slots before a group and after.
fn scripts(tier: Tier) -> Vec<(Case, Vec<Move>)> {
    let set = || CodeSet::new([10, 20, 30].map(condition)).expect("a case by hand");
    let chart = facts(&[fact(condition(15), 50_000, 1), fact(condition(20), 50_000, 2)]);
    let case = |row: Criterion| {
        let row = Criterion {
            set_root: Some(set().root()),
            ..row
        };
        let policy = Policy::new(
            Table::new(header(tier), vec![row]).expect("a case by hand"),
            vec![Some(set())],
        )
        .expect("a case by hand");
        Case::new(policy, chart.clone())
    };
    let counted = case(Criterion {
        concept_hi: condition(30),
        ..has(condition(10))
    });
    let absent = case(none(condition(12), condition(19)));
    let policy = Policy::new(
        Table::new(header(tier), vec![has(condition(20))]).expect("a case by hand"),
        vec![None],
    )
    .expect("a case by hand");
    let single = Case::new(policy, chart.clone());
    let policy = Policy::new(
        Table::new(header(tier), vec![latest(condition(19))]).expect("a case by hand"),
        vec![None],
    )
    .expect("a case by hand");
    let other = Case::new(policy, chart.clone());
    let alternatives = vec![
        Criterion {
            threshold: None,
            ..none(condition(20), condition(20))
        },
        none(condition(90), condition(90)),
    ];
    let policy = Policy::new(
        Table::new(header(tier), alternatives).expect("a case by hand"),
        vec![None, None],
    )
    .expect("a case by hand");
    let none_of = Case::new(policy, chart.clone());
    let gap = start(1, Action::RecordGap, At::Fact(2)).ends();
    let shown = start(0, Action::Fact, At::Fact(2)).ends();
    let idle = then(Action::Idle, At::Fact(2));
    let member = then(Action::Member, At::Set(0, 2));
    let jump = start(0, Action::SetGap, At::Set(0, 1));
    let table = Table::new(header(tier), vec![has(condition(20)), latest(condition(20))]);
    let policy = Policy::new(table.expect("a valid table"), vec![None, None]).expect("no sets");
    let two_rows = Case::new(policy, chart.clone());
    let beyond = start(0, Action::RecordGap, At::Fact(2)).ends();
    let table = Table::new(header(tier), vec![none(condition(90), condition(90))]).expect("a valid table");
    let nowhere = Case::new(Policy::new(table, vec![None]).expect("no sets"), chart.clone());
    let beyond_all = start(0, Action::RecordGap, At::Fact(2)).ends();
    let early = Criterion {
        date_hi: Day(100),
        ..none(condition(15), condition(15))
    };
    let table = Table::new(header(tier), vec![early]).expect("a valid table");
    let ahead = Case::new(Policy::new(table, vec![None]).expect("no sets"), chart.clone());
    let pass = start(0, Action::Pass, At::Fact(1)).ends();
    let table = Table::new(header(tier), vec![none(condition(20), condition(20))]).expect("a valid table");
    let present = Case::new(Policy::new(table, vec![None]).expect("no sets"), chart.clone());
    let mut cases = vec![
        (
            counted.clone(),
            vec![start(0, Action::Fact, At::Fact(2)).ends(), member],
        ),
        (absent.clone(), vec![jump, then(Action::RecordGap, At::Fact(1)).ends()]),
        (
            absent,
            vec![
                start(0, Action::RecordGap, At::Fact(0)),
                then(Action::SetGap, At::Set(0, 1)).ends(),
            ],
        ),
        // Without its member.
        (counted.clone(), vec![start(0, Action::Fact, At::Fact(2)).ends()]),
        (single.clone(), vec![idle, shown]),
        (single, vec![shown, idle]),
        // Its member wanted, and no slot left.
        (counted.clone(), vec![idle, start(0, Action::Fact, At::Fact(2)).ends()]),
        // Two rows taken for one: AT_LEAST and LATEST add up to NONE.
        (two_rows.clone(), vec![beyond]),
        (two_rows, vec![idle, beyond]),
        // Passed, but not where the cursor stands.
        (ahead.clone(), vec![pass]),
        (ahead, vec![idle, pass]),
        // Ended twice, the second criterion and the first.
        (none_of.clone(), vec![gap, gap]),
        (nowhere, vec![beyond_all, beyond_all]),
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
    let case = |row: Criterion, fact: Fact| {
        let table = Table::new(header(tier), vec![row]).expect("a valid table");
        Case::new(Policy::new(table, vec![None]).expect("no sets"), facts(&[fact]))
    };
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
    let case = |row: Criterion, fact: Fact| {
        let policy = Policy::new(Table::new(header(tier), vec![row]).expect("a case by hand"), vec![None])
            .expect("a case by hand");
        Case::new(policy, facts(&[fact]))
    };
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

/// The assignment of these slots, its consent bound to the claim, so that the table's digest can
/// change without it.
fn assignment(case: &mut Case, slots: Slots) -> Option<Vec<Fr>> {
    case.consent.bound = Bound::Claim(case.policy.table().header().claim_id);
    signed(case, slots)
}

fn signed(case: &Case, slots: Slots) -> Option<Vec<Fr>> {
    let (_, mut witness) = case.with_slots(slots);
    let public = sign_with_known_keys(&mut witness)?;
    assigned(public, &witness)
}

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
    let set = CodeSet::new([10, 20, 30].map(condition)).expect("a case by hand");
    let mut row = Criterion {
        set_root: Some(set.root()),
        threshold: None,
        ..none(condition(12), condition(19))
    };
    let table = case.policy.table();
    let mut rows = table.criteria().to_vec();
    let mut sets: Vec<_> = (0..rows.len()).map(|i| case.policy.set(i).cloned()).collect();
    let place = match spare {
        Spare::First => 0,
        Spare::Last => {
            row.threshold = rows.last_mut().and_then(|last| last.threshold.take());
            rows.len()
        }
    };
    rows.insert(place, row);
    sets.insert(place, Some(set));
    let table = Table::new(*table.header(), rows).expect("a case by hand");
    let policy = Policy::new(table, sets).expect("a case by hand");
    (Case::new(policy, case.facts.clone()), place)
}

/// What takes more criteria or slots than XS has.
fn of_many_rows(tier: Tier) -> Vec<Script> {
    let chart = facts(&[fact(condition(15), 50_000, 1), fact(condition(20), 50_000, 2)]);
    let all_but_the_spare = tier.criteria() - 1;
    let alike = |row: Criterion| {
        let mut rows = vec![Criterion { threshold: None, ..row }; all_but_the_spare];
        if let Some(last) = rows.last_mut() {
            *last = row;
        }
        let table = Table::new(header(tier), rows).expect("a case by hand");
        let policy = Policy::new(table, vec![None; all_but_the_spare]).expect("no sets");
        Case::new(policy, chart.clone())
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
    all.push((overshot(tier, chart), by_two_moves_at_once(), Spare::First));
    all
}

// Two moves at once, in the second slot, would take the cursor past the member 20, which is there.
fn overshot(tier: Tier, chart: Facts) -> Case {
    let set = CodeSet::new([10, 20, 30].map(condition)).expect("a case by hand");
    let row = Criterion {
        set_root: Some(set.root()),
        ..none(condition(12), condition(29))
    };
    let table = Table::new(header(tier), vec![row]).expect("a case by hand");
    Case::new(Policy::new(table, vec![Some(set)]).expect("a case by hand"), chart)
}

fn by_two_moves_at_once() -> Vec<Move> {
    vec![
        start(0, Action::RecordGap, At::Fact(0)),
        then(Action::SetGap, At::Set(0, 1)),
        then(Action::SetGap, At::Set(0, 2)).ends(),
    ]
}

/// Honest and adversarial slots at random, without end.
pub fn random(tier: Tier) -> impl Iterator<Item = Vec<Fr>> {
    (0..).flat_map(move |seed| {
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let mut world = World::random(rng, tier);
        let slots = [world.slots(rng), world.wander(rng, true), world.wander(rng, true)];
        slots
            .map(|slots| assignment(&mut world.case, slots))
            .into_iter()
            .flatten()
    })
}

/// Honest assignments of random cases without end, and whether each is for an emergency.
pub fn honest(tier: Tier) -> impl Iterator<Item = (Vec<Fr>, bool)> {
    (0..).filter_map(move |seed| {
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let case = World::random(rng, tier).case;
        let emergency = case.request.purpose == Purpose::EmergencyTreatment;
        Some((signed(&case, assign(&case.policy, &case.facts).ok()?)?, emergency))
    })
}

/// An honest assignment, then false records, consents and signers.
pub fn beside_the_slots(tier: Tier) -> Vec<Vec<Fr>> {
    let chart = facts(&[fact(condition(20), 50_000, 1)]);
    let policy = |header: Header| {
        let table = Table::new(header, vec![has(condition(20))]).expect("a valid table");
        Policy::new(table, vec![None]).expect("no sets")
    };
    let honest = || {
        let mut case = Case::new(policy(header(tier)), chart.clone());
        case.consent.bound = Bound::Claim(case.policy.table().header().claim_id);
        case
    };
    let time = |seconds| Time::new(seconds).expect("a time");
    type Change = fn(&mut Case, fn(u64) -> Time);
    let change: [Change; 8] = [
        |_, _| (),
        |case, _| case.consent.bound = Bound::Policy(Fr::from(123u64)),
        |case, time| case.consent.not_before = time(1_000_001),
        |case, time| case.consent.not_after = time(1_000_599),
        |case, _| case.record.issued_on = Day(AS_OF.0 + 1),
        |case, _| case.record.coverage = Coverage::NONE,
        |case, _| case.request.purpose = Purpose::EmergencyTreatment,
        |case, _| case.record.schema += 1,
    ];
    let time = time as fn(u64) -> Time;
    let mut cases: Vec<Case> = change
        .into_iter()
        .map(|change| {
            let mut case = honest();
            change(&mut case, time);
            case
        })
        .collect();
    cases.push(Case {
        policy: policy(Header {
            issued_min: Day(AS_OF.0),
            ..header(tier)
        }),
        ..honest()
    });
    cases.push(Case {
        policy: policy(Header {
            required_coverage: Coverage(1),
            ..header(tier)
        }),
        ..honest()
    });
    if let Some(uncovered) = cases.last_mut() {
        uncovered.record.coverage = Coverage(u64::MAX - 1);
    }
    if let Some(late) = cases.iter_mut().nth_back(1) {
        late.record.issued_on = Day(AS_OF.0 - 1);
    }
    let shown = [start(0, Action::Fact, At::Fact(1)).ends()];
    let mut all: Vec<Vec<Fr>> = cases
        .iter()
        .filter_map(|case| signed(case, slots(case, &shown)))
        .collect();
    for purpose in [Purpose::Research, Purpose::EmergencyTreatment] {
        let mut case = honest();
        case.request.purpose = purpose;
        let (_, mut witness) = case.with_slots(slots(&case, &shown));
        all.extend(sign_with_the_wrong_key(&mut witness).and_then(|public| assigned(public, &witness)));
    }
    all
}

/// For the parts of the signature: honest ones, then the challenge's bits at every place where a
/// number can depart from the modulus, above it and below.
pub fn of_parts(circuit: &Circuit) -> Vec<Vec<Fr>> {
    let honest: Vec<Vec<Fr>> = beside_the_slots(circuit.tier).into_iter().take(1).collect();
    let mut all = honest.clone();
    let mut most = Fr::MODULUS;
    most.sub_with_borrow(&BigInt::one());
    for end in (1..=254)
        .rev()
        .filter(|end| *end == 254 || most.get_bit(*end) != most.get_bit(*end - 1))
    {
        let kept = |from: usize| (most >> from as u32) << from as u32;
        let above = kept(end);
        let start = (0..end)
            .rev()
            .find(|i| most.get_bit(*i) != most.get_bit(end - 1))
            .map_or(0, |i| i + 1);
        // All that agree above the run: the run's bits turned at its lowest place, or kept.
        for mut number in [above, kept(start)] {
            if number == above {
                number.add_with_carry(&(BigInt::one() << start as u32));
            }
            all.extend(
                honest
                    .iter()
                    .map(|values| with_challenge(circuit, values.clone(), number)),
            );
        }
    }
    all
}

// Puts a number into the challenge's bits, and into the challenge what it is modulo p.
fn with_challenge(circuit: &Circuit, mut values: Vec<Fr>, number: BigInt<4>) -> Vec<Fr> {
    const BITS: usize = 254;
    let rows = circuit.rows_of("signature: challenge's bits", None);
    let lowest = rows.start + BITS - 1;
    for i in 1..BITS {
        let [bit, ..] = circuit.row(rows.start + i - 1);
        values[bit[0].1] = Fr::from(number.get_bit(i));
    }
    let [lowest_bit, ..] = circuit.row(lowest);
    let excess = crate::circuit::dot(lowest_bit, &values) - Fr::from(number.get_bit(0));
    let hash = circuit.rows_of("signature: challenge", None);
    let output = *circuit.mentioned(hash.end - 1).last().expect("an S-box's output");
    let slope = crate::circuit::coefficient(lowest_bit, output).inverse();
    values[output] -= excess * slope.expect("the last S-box reaches every lane");
    circuit.settle(&mut values, lowest + 1..rows.end);
    values
}
