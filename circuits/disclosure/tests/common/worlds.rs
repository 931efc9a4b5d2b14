//! Random charts and policies, small enough that every rule is met often.

use medproof_statement::codeset::CodeSet;
use medproof_statement::concept::{Code, Concept, System};
use medproof_statement::consent::Bound;
use medproof_statement::coverage::Coverage;
use medproof_statement::day::Day;
use medproof_statement::fact::{Fact, Seq};
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
