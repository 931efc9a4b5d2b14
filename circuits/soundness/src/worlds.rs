//! Random charts and policies, small enough that every rule is met often.

use super::script::{At, set_leaf, start, then};
use medproof_statement::assign::{Slots, assign};
use medproof_statement::codeset::CodeSet;
use medproof_statement::concept::{Code, Concept, System};
use medproof_statement::consent::Bound;
use medproof_statement::coverage::Coverage;
use medproof_statement::day::Day;
use medproof_statement::fact::{Fact, Seq};
use medproof_statement::machine::{Action, Machine, Opened, Slot};
use medproof_statement::policy::{Criterion, Header, Mode, Policy, Table};
use medproof_statement::record::Facts;
use medproof_statement::request::Purpose;
use medproof_statement::testing::{Case, condition, fact, facts, has, header, none};
use medproof_statement::tier::Tier;
use medproof_statement::value::Value;
use rand_chacha::ChaCha8Rng;
use rand_core::RngCore;
use std::collections::BTreeMap;

/// The day of the claims; facts lie on days 0 to 4.
pub const TODAY: Day = Day(3);
const FIRST: u32 = 10;
const CONCEPTS: u32 = 4;
/// A concept that is in no chart.
const ABSENT: u32 = 90;

/// One of 0 … n − 1.
pub fn pick(rng: &mut ChaCha8Rng, n: u32) -> u32 {
    rng.next_u32() % n
}

/// One of these.
pub fn one_of<'a, T>(rng: &mut ChaCha8Rng, of: &'a [T]) -> &'a T {
    &of[pick(rng, of.len() as u32) as usize]
}

fn chance(rng: &mut ChaCha8Rng, one_in: u32) -> bool {
    pick(rng, one_in) == 0
}

/// None, a code, or a quantity around 20 to 50.
pub fn value(n: u32) -> Value {
    let code = Code::parse(System::Cvx, "1").expect("a code");
    match n {
        0 => Value::NONE,
        1 => Value::coded(System::Cvx, code),
        n => Value::quantity(i128::from(n) * 10, n == 4).expect("in range"),
    }
}

fn random_fact(rng: &mut ChaCha8Rng) -> Fact {
    let date = pick(rng, 5);
    let since = if chance(rng, 3) { pick(rng, date + 1) } else { date };
    let until = if chance(rng, 2) {
        Day::OPEN
    } else {
        Day(date + pick(rng, 3))
    };
    Fact {
        concept: condition(FIRST + pick(rng, CONCEPTS)),
        since: Day(since),
        until,
        uncertain: chance(rng, 5),
        contested: chance(rng, 4),
        value: value(pick(rng, 6)),
        seq: Seq {
            event: pick(rng, 3) as u16,
            sub: pick(rng, 2) as u8,
        },
        ..fact(condition(FIRST), date, 0)
    }
}

/// Up to seven facts.
pub fn random_chart(rng: &mut ChaCha8Rng) -> Facts {
    let mut by_key = BTreeMap::new();
    for _ in 0..pick(rng, 8) {
        let fact = random_fact(rng);
        by_key.insert(fact.key(), fact);
    }
    facts(&by_key.into_values().collect::<Vec<_>>())
}

fn random_set(rng: &mut ChaCha8Rng) -> Option<CodeSet> {
    let members: Vec<Concept> = (FIRST - 1..=FIRST + CONCEPTS)
        .filter(|_| chance(rng, 2))
        .map(condition)
        .collect();
    CodeSet::new(members).ok()
}

fn random_row(rng: &mut ChaCha8Rng) -> (Criterion, Option<CodeSet>) {
    let lo = FIRST + pick(rng, CONCEPTS);
    let hi = lo + pick(rng, CONCEPTS - (lo - FIRST));
    let date_hi = Day(1 + pick(rng, 3));
    let mut row = Criterion {
        concept_hi: condition(hi),
        date_lo: Day(pick(rng, date_hi.0 + 1)),
        date_hi,
        value: chance(rng, 3).then(|| (value(3), value(3 + pick(rng, 2)))),
        threshold: None,
        ..has(condition(lo))
    };
    match pick(rng, 4) {
        0 => {
            row.mode = Mode::Latest;
            row.concept_hi = row.concept_lo;
            row.date_hi = TODAY;
            return (row, None);
        }
        1 => {
            row.count = 1 + pick(rng, 3) as u8;
            row.min_gap_days = if row.count > 1 { pick(rng, 3) as u16 } else { 0 };
        }
        _ => {
            row.mode = Mode::None;
            row.count = 0;
        }
    }
    if chance(rng, 2) {
        row.active_on = Some(TODAY);
        row.either = chance(rng, 2);
    }
    let set = if chance(rng, 2) { random_set(rng) } else { None };
    row.set_root = set.as_ref().map(CodeSet::root);
    (row, set)
}

// One to four criteria. Half of the time they are alternatives of one clause and the last of them
// is true of every chart, so that whatever the others' slots do is all that can be refused; else
// they are cut into clauses at random, each with a threshold that it can meet.
fn random_policy(rng: &mut ChaCha8Rng, tier: Tier) -> Policy {
    let n = 1 + pick(rng, tier.criteria().min(4) as u32) as usize;
    let (mut criteria, mut sets): (Vec<_>, Vec<_>) = (0..n).map(|_| random_row(rng)).unzip();
    if chance(rng, 2) {
        criteria.truncate(n.max(2) - 1);
        sets.truncate(n.max(2) - 1);
        criteria.push(none(condition(ABSENT), condition(ABSENT)));
        sets.push(None);
    } else {
        let mut in_clause = 0;
        for row in &mut criteria[..n - 1] {
            in_clause += 1;
            if chance(rng, 2) {
                row.threshold = Some(1 + pick(rng, in_clause) as u8);
                in_clause = 0;
            }
        }
    }
    criteria.iter_mut().for_each(|row| row.date_hi = row.date_hi.min(TODAY));
    criteria.last_mut().expect("one at least").threshold = Some(1);
    let required = Coverage(1 << pick(rng, 64) | 1 << pick(rng, 64));
    let header = Header {
        as_of: TODAY,
        required_coverage: required,
        issued_min: Day(pick(rng, 3)),
        ..header(tier)
    };
    Policy::new(Table::new(header, criteria).expect("a valid table"), sets).expect("the sets")
}

/// A random policy over a random chart.
pub fn random_case(rng: &mut ChaCha8Rng, tier: Tier) -> Case {
    let policy = random_policy(rng, tier);
    let mut case = Case::new(policy, random_chart(rng));
    case.record.issued_on = TODAY;
    case.request.purpose = *one_of(rng, &Purpose::ALL);
    if chance(rng, 2) {
        case.consent.bound = Bound::Claim(case.policy.table().header().claim_id);
    }
    case
}

/// A case with all that may be opened in it, and a stranger's record.
pub struct World {
    /// The case.
    pub case: Case,
    /// Another's facts.
    pub stranger: Facts,
    /// Every leaf with every action that fits it; a set's leaf with its criterion.
    pub pool: Vec<Slot>,
}

impl World {
    /// A random one.
    pub fn random(rng: &mut ChaCha8Rng, tier: Tier) -> World {
        let case = random_case(rng, tier);
        let pool = pool(&case);
        World {
            case,
            stranger: random_chart(rng),
            pool,
        }
    }

    /// The policy's tier.
    pub fn tier(&self) -> Tier {
        self.case.policy.table().header().tier
    }

    /// A slot that does nothing.
    pub fn idle(&self) -> Slot {
        then(Action::Idle, At::Fact(0)).slot(&self.case)
    }

    /// Any leaf of the record or of a set, with any action, as any part of a group.
    pub fn any_slot(&self, rng: &mut ChaCha8Rng) -> Slot {
        let mut slot = one_of(rng, &self.pool).clone();
        slot.start = pick(rng, 3) == 0;
        slot.ends = pick(rng, 3) == 0;
        if !slot.action.opens_set() {
            let beyond = u32::from(pick(rng, 10) == 0);
            slot.criterion = pick(rng, self.case.policy.table().criteria().len() as u32 + beyond) as usize;
        }
        slot
    }

    /// Every slot that could follow, and what the machine says to it, gathered by its answer.
    fn followers(&self, machine: &Machine) -> BTreeMap<String, Vec<Slot>> {
        let table = self.case.policy.table();
        let criteria = table.criteria().len();
        let mut by_answer: BTreeMap<String, Vec<Slot>> = BTreeMap::new();
        for slot in &self.pool {
            let groups = (0..criteria).filter(|c| !slot.action.opens_set() || *c == slot.criterion);
            for group in std::iter::once(None).chain(groups.map(Some)) {
                for ends in [false, true] {
                    let slot = Slot {
                        start: group.is_some(),
                        criterion: group.unwrap_or(slot.criterion),
                        ends,
                        ..slot.clone()
                    };
                    let answer = match machine.clone().step(table, &slot) {
                        Ok(()) => format!("legal {:?}", slot.action),
                        Err(rule) => format!("{rule:?}"),
                    };
                    by_answer.entry(answer).or_default().push(slot);
                }
            }
        }
        by_answer
    }

    /// A slot that may follow, of any action alike.
    fn legal(&self, rng: &mut ChaCha8Rng, machine: &Machine) -> Option<Slot> {
        let answers = self.followers(machine);
        let legal: Vec<&Vec<Slot>> = answers
            .iter()
            .filter(|(answer, _)| answer.starts_with("legal"))
            .map(|(_, slots)| slots)
            .collect();
        if legal.is_empty() {
            return None;
        }
        let slots = *one_of(rng, &legal);
        Some(one_of(rng, slots).clone())
    }

    /// A slot that breaks a rule: of any rule alike, or of one that few slots come so far as to break.
    fn illegal(&self, rng: &mut ChaCha8Rng, machine: &Machine) -> Slot {
        let answers = self.followers(machine);
        let mut broken: Vec<(&String, &Vec<Slot>)> = answers
            .iter()
            .filter(|(answer, _)| !answer.starts_with("legal"))
            .collect();
        let rare = |answer: &str| {
            [
                "Contested",
                "Count",
                "Member",
                "NotLatest",
                "PassMatch",
                "Spacing",
                "Time",
                "Uncertain",
                "Value",
            ]
            .contains(&answer)
        };
        if pick(rng, 4) > 0 && broken.iter().any(|(answer, _)| rare(answer)) {
            broken.retain(|(answer, _)| rare(answer));
        }
        let (_, slots) = *one_of(rng, &broken);
        one_of(rng, slots).clone()
    }

    /// Slots of which each is legal after the ones before, wherever they lead; but for one. What is
    /// true of every chart, if the policy has it, is shown first or last, so that only the rest can
    /// be refused.
    pub fn wander(&self, rng: &mut ChaCha8Rng, astray: bool) -> Slots {
        let table = self.case.policy.table();
        let mut machine = Machine::new(table);
        let mut slots = Vec::new();
        let last = table.criteria().len() - 1;
        let beyond = At::Fact(self.case.facts.leaves().len() - 1);
        let absent = start(last, Action::RecordGap, beyond).ends().slot(&self.case);
        let always = machine.clone().step(table, &absent).is_ok();
        let at_the_end = always && chance(rng, 2);
        if always && !at_the_end {
            machine.step(table, &absent).expect("true of every chart");
            slots.push(absent.clone());
        }
        let room = self.tier().slots() - usize::from(at_the_end);
        let length = slots.len() + pick(rng, (room - slots.len()) as u32) as usize;
        while slots.len() < length {
            let Some(slot) = self.legal(rng, &machine) else {
                break;
            };
            machine.step(table, &slot).expect("a legal slot");
            slots.push(slot);
        }
        if astray {
            slots.push(self.illegal(rng, &machine));
        }
        self.settle(rng, &mut slots, room);
        slots.extend(at_the_end.then_some(absent));
        Slots::from(slots)
    }

    /// The slots with the member that the last one wants, and idle ones up to so many.
    fn settle(&self, rng: &mut ChaCha8Rng, slots: &mut Vec<Slot>, room: usize) {
        let group = slots.iter().rev().find(|s| s.start).map(|s| s.criterion);
        let set = group.and_then(|criterion| self.case.policy.set(criterion).map(|set| (criterion, set)));
        if let Some((criterion, set)) = set
            && slots.len() < room
            && slots.last().is_some_and(|s| s.action == Action::Fact)
            && let Opened::Record(leaf) = slots[slots.len() - 1].opened
        {
            let mut leaf = (0..=set.members().count()).find(|i| set_leaf(set, *i).0.member == leaf.fact.concept);
            if pick(rng, 8) == 0 {
                leaf = None;
            }
            slots.push(then(Action::Member, At::Set(criterion, leaf.unwrap_or(0))).slot(&self.case));
        }
        slots.resize(room, self.idle());
    }

    /// Honest slots where there are any, mostly; else ones that are legal.
    pub fn slots(&self, rng: &mut ChaCha8Rng) -> Slots {
        match assign(&self.case.policy, &self.case.facts) {
            Ok(slots) if pick(rng, 3) > 0 => slots,
            _ => self.wander(rng, false),
        }
    }
}

fn pool(case: &Case) -> Vec<Slot> {
    let mut pool = Vec::new();
    for leaf in 0..case.facts.leaves().len() {
        for action in [Action::Idle, Action::Fact, Action::RecordGap, Action::Pass] {
            pool.push(then(action, At::Fact(leaf)).slot(case));
        }
    }
    for criterion in 0..case.policy.table().criteria().len() {
        let Some(set) = case.policy.set(criterion) else {
            continue;
        };
        for leaf in 0..=set.members().count() {
            let (leaf, path) = set_leaf(set, leaf);
            for action in [Action::Member, Action::SetGap] {
                pool.push(Slot {
                    action,
                    criterion,
                    opened: Opened::Set(leaf),
                    path: path.clone(),
                    ..then(action, At::Fact(0)).slot(case)
                });
            }
        }
    }
    pool
}
