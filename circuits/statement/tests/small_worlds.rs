//! Brute force over small worlds: whatever slots an adversary chooses, the machine shows a
//! criterion only where it is true; and where it is true, the prover's slots show it.
//!
//! All states that the machine can reach are visited, whatever the number of slots: from each,
//! every action on every leaf of the record and of the code set is tried, as a start or not, as an
//! end or not. What is true is worked out here from possible worlds, not with the machine's rules.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use medproof_statement::assign::{satisfied, slots_needed};
use medproof_statement::codeset::{CodeSet, SetLeaf};
use medproof_statement::concept::{Concept, System};
use medproof_statement::day::Day;
use medproof_statement::fact::{Fact, Seq};
use medproof_statement::machine::{Action, Machine, Opened, Slot};
use medproof_statement::policy::{Criterion, Header, Mode, Policy, Table};
use medproof_statement::record::Facts;
use medproof_statement::testing::{condition, fact, facts, has, header};
use medproof_statement::tier::Tier;
use medproof_statement::value::Value;
use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};
use std::collections::{BTreeMap, HashSet};

/// The day of the small worlds' claims; their days are 0 to 4.
const TODAY: Day = Day(3);
const FIRST: u32 = 10;

struct World {
    facts: Facts,
    policy: Policy,
}

fn pick(rng: &mut ChaCha8Rng, n: u32) -> u32 {
    rng.next_u32() % n
}

fn value(n: u32) -> Value {
    let code = medproof_statement::concept::Code::parse(System::Cvx, "1").unwrap();
    match n {
        0 => Value::NONE,
        1 => Value::coded(System::Cvx, code),
        n => Value::quantity(i128::from(n) * 10, n == 4).unwrap(),
    }
}

fn random_fact(rng: &mut ChaCha8Rng) -> Fact {
    let date = pick(rng, 4);
    let since = if pick(rng, 3) == 0 { pick(rng, date + 1) } else { date };
    let until = if pick(rng, 2) == 0 {
        Day::OPEN
    } else {
        Day(date + pick(rng, 3))
    };
    Fact {
        concept: condition(FIRST + pick(rng, 4)),
        since: Day(since),
        until,
        uncertain: pick(rng, 5) == 0,
        contested: pick(rng, 4) == 0,
        value: value(pick(rng, 6)),
        seq: Seq {
            event: pick(rng, 2) as u16,
            sub: pick(rng, 2) as u8,
        },
        ..fact(condition(FIRST), date, 0)
    }
}

fn random_row(rng: &mut ChaCha8Rng) -> (Criterion, Option<CodeSet>) {
    let lo = FIRST + pick(rng, 4);
    let hi = lo + pick(rng, 4 - (lo - FIRST));
    let date_hi = Day(1 + pick(rng, 3));
    let mut row = Criterion {
        concept_hi: condition(hi),
        date_lo: Day(pick(rng, date_hi.0 + 1)),
        date_hi,
        value: (pick(rng, 3) == 0).then(|| (value(3), value(3 + pick(rng, 2)))),
        ..has(condition(lo))
    };
    let mut set = None;
    match pick(rng, 4) {
        0 => {
            row = Criterion {
                mode: Mode::Latest,
                concept_hi: row.concept_lo,
                date_hi: TODAY,
                ..row
            }
        }
        1 => {
            row.count = 1 + pick(rng, 3) as u8;
            row.min_gap_days = if row.count > 1 { pick(rng, 3) as u16 } else { 0 };
        }
        _ => {
            row = Criterion {
                mode: Mode::None,
                count: 0,
                ..row
            }
        }
    }
    if row.mode != Mode::Latest {
        if pick(rng, 2) == 0 {
            row.active_on = Some(TODAY);
            row.either = pick(rng, 2) == 0;
        }
        if pick(rng, 2) == 0 {
            let members: Vec<Concept> = (FIRST - 1..=FIRST + 4)
                .filter(|_| pick(rng, 2) == 0)
                .map(condition)
                .collect();
            set = CodeSet::new(members).ok();
            row.set_root = set.as_ref().map(CodeSet::root);
        }
    }
    (row, set)
}

fn random_world(rng: &mut ChaCha8Rng) -> World {
    let mut by_key = BTreeMap::new();
    for _ in 0..pick(rng, 6) {
        let fact = random_fact(rng);
        by_key.insert(fact.key(), fact);
    }
    let all: Vec<Fact> = by_key.into_values().collect();
    let (row, set) = random_row(rng);
    let header = Header {
        as_of: TODAY,
        ..header(Tier::L)
    };
    let table = Table::new(header, vec![row]).unwrap();
    World {
        facts: facts(&all),
        policy: Policy::new(table, vec![set]).unwrap(),
    }
}

impl World {
    fn row(&self) -> &Criterion {
        &self.policy.table().criteria()[0]
    }

    fn chart(&self) -> impl Iterator<Item = &Fact> {
        self.facts.leaves()[1..].iter().map(|l| &l.fact)
    }

    fn asked_about(&self, fact: &Fact) -> bool {
        let row = self.row();
        let in_set = self
            .policy
            .set(0)
            .is_none_or(|set| set.members().any(|m| m == fact.concept));
        row.concept_lo <= fact.concept && fact.concept <= row.concept_hi && in_set
    }

    // In the world in which the fact happened on `day`.
    fn holds_on(&self, fact: &Fact, day: u32) -> bool {
        let row = self.row();
        let window = row.date_lo.0 <= day && day <= row.date_hi.0;
        let active = row.active_on.is_some_and(|t| day <= t.0 && t <= fact.until);
        match (row.active_on, row.either) {
            (None, _) => window,
            (Some(_), true) => window || active,
            (Some(_), false) => window && active,
        }
    }

    fn value_fits(&self, fact: &Fact) -> bool {
        self.row()
            .value
            .is_none_or(|(lo, hi)| (lo.bits()..=hi.bits()).contains(&fact.value.bits()))
    }

    // True in every world that the fact allows.
    fn certainly_matches(&self, fact: &Fact) -> bool {
        // Activity counts from the latest day that the date allows.
        let days = fact.since.0..=fact.date.0;
        let row = self.row();
        let active = row.active_on.is_some_and(|t| fact.date <= t && t <= fact.until);
        let window = days.clone().all(|d| row.date_lo.0 <= d && d <= row.date_hi.0);
        let time = match (row.active_on, row.either) {
            (None, _) => window,
            (Some(_), true) => window || active,
            (Some(_), false) => window && active,
        };
        // Stronger than needed in no world: holds on each of its days, unless activity and window
        // cover different ones, which the rules do not count.
        assert!(!time || days.clone().all(|d| self.holds_on(fact, d)));
        !fact.uncertain && time && self.value_fits(fact)
    }

    // True in some world that the fact allows. An uncertain fact may have any value, any end and
    // any status, but not any date.
    fn could_match(&self, fact: &Fact) -> bool {
        let row = self.row();
        let days = fact.since.0..=fact.date.0;
        if fact.uncertain {
            return row.active_on.is_some() || days.clone().any(|d| row.date_lo.0 <= d && d <= row.date_hi.0);
        }
        // A value of another type could be the same measurement in another form.
        let value = self.value_fits(fact) || row.value.is_some_and(|(lo, _)| lo.kind() != fact.value.kind());
        value && days.clone().any(|d| self.holds_on(fact, d))
    }

    fn is_true(&self) -> bool {
        match self.row().mode {
            Mode::None => !self.chart().any(|f| self.asked_about(f) && self.could_match(f)),
            Mode::Latest => {
                let latest = self.chart().filter(|f| self.asked_about(f)).last();
                latest.is_some_and(|f| !f.contested && self.certainly_matches(f))
            }
            Mode::AtLeast => {
                let matching: Vec<&Fact> = self
                    .chart()
                    .filter(|f| self.asked_about(f) && self.certainly_matches(f))
                    .collect();
                self.some_choice(&matching, &mut Vec::new())
            }
        }
    }

    // Whether some `count` of these, in some order, are spaced as asked. Tries all of them.
    fn some_choice<'a>(&self, matching: &[&'a Fact], chosen: &mut Vec<&'a Fact>) -> bool {
        let row = self.row();
        if chosen.len() == usize::from(row.count) {
            return true;
        }
        matching.iter().any(|next| {
            let follows = chosen.last().is_none_or(|last| {
                let later = (next.date, next.seq.event) > (last.date, last.seq.event);
                later && next.since.0 >= last.date.0 + u32::from(row.min_gap_days) || { row.min_gap_days == 0 && later }
            });
            follows && {
                chosen.push(next);
                let found = self.some_choice(matching, chosen);
                chosen.pop();
                found
            }
        })
    }

    // Every slot that could be tried, openings true.
    fn slots(&self) -> Vec<Slot> {
        let path = self.facts.path(0).unwrap();
        let mut set_leaves: Vec<SetLeaf> = Vec::new();
        if let Some(set) = self.policy.set(0) {
            let members: Vec<Concept> = set.members().collect();
            set_leaves.push(set.at_or_before(Concept::ZERO).1);
            set_leaves.extend(members.iter().map(|m| set.at_or_before(*m).1));
        }
        let opened =
            (self.facts.leaves().iter().map(|l| Opened::Record(*l))).chain(set_leaves.into_iter().map(Opened::Set));
        let mut slots = Vec::new();
        for opened in opened {
            for action in Action::ALL {
                for (start, ends) in [(false, false), (false, true), (true, false), (true, true)] {
                    slots.push(Slot {
                        action,
                        start,
                        ends,
                        criterion: 0,
                        opened,
                        path: path.clone(),
                    });
                }
            }
        }
        slots
    }

    /// Whether some course of slots shows the criterion, and how many states were visited.
    fn adversary_shows_it(&self) -> (bool, usize) {
        let (table, slots) = (self.policy.table(), self.slots());
        let first = Machine::new(table);
        let mut seen = HashSet::from([first.clone()]);
        let mut open = vec![first];
        while let Some(machine) = open.pop() {
            if machine.clone().finish().is_ok_and(|holds| holds[0]) {
                return (true, seen.len());
            }
            for slot in &slots {
                let mut next = machine.clone();
                if next.step(table, slot).is_ok() && !seen.contains(&next) {
                    seen.insert(next.clone());
                    open.push(next);
                }
            }
        }
        (false, seen.len())
    }
}

#[test]
fn no_false_statement_is_accepted_and_no_true_one_refused() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let worlds = if std::env::var_os("MEDPROOF_EVIDENCE").is_some() {
        500_000
    } else {
        15_000
    };
    let (mut truths, mut falsehoods, mut states) = ([0u32; 4], [0u32; 4], 0);
    for world in 0..worlds {
        let world = (world, random_world(&mut rng));
        let truth = world.1.is_true();
        let mode = world.1.row().mode as usize;
        if truth {
            truths[mode] += 1
        } else {
            falsehoods[mode] += 1
        }
        let (shown, visited) = world.1.adversary_shows_it();
        states += visited;
        assert_eq!(shown, truth, "an adversary in world {}: {:?}", world.0, world.1.row());
        assert_eq!(
            satisfied(&world.1.policy, &world.1.facts),
            [truth],
            "the prover in world {}",
            world.0
        );
        assert_eq!(slots_needed(&world.1.policy, &world.1.facts).is_some(), truth);
    }
    println!(
        "evidence: small worlds, every course of slots | {worlds} worlds, {states} states | shown exactly where true"
    );
    // The worlds are worth the name: each mode was both true and false often.
    for mode in [Mode::AtLeast, Mode::Latest, Mode::None] {
        assert!(
            truths[mode as usize] > 200 && falsehoods[mode as usize] > 200,
            "{truths:?} {falsehoods:?}"
        );
    }
}

#[test]
fn none_takes_no_more_slots_than_stated() {
    // 2·min(facts, members) + 1 steps plus those passed.
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    for _ in 0..5_000 {
        let world = random_world(&mut rng);
        let Some(needed) = slots_needed(&world.policy, &world.facts).filter(|_| world.row().mode == Mode::None) else {
            continue;
        };
        let facts = world.chart().count();
        let members = world.policy.set(0).map_or(0, |set| set.members().count());
        let steps = match world.policy.set(0) {
            Some(_) => 2 * facts.min(members) + 1,
            None => facts + 1,
        };
        let passed = world.chart().filter(|f| world.asked_about(f)).count();
        assert!(
            needed <= steps + passed,
            "{needed} slots for {facts} facts and {members} members"
        );
    }
}
