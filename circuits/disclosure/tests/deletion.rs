//! What if a constraint of the slot machine were missing? For nearly every one there is an
//! assignment that it alone refuses: without it, that assignment would be a proof.
//!
//! The search starts from honest and from adversarial witnesses of tier XS. It changes one
//! variable, lets whatever is computed from it follow (products, selections, bits, hashes, roots,
//! the commitments and public inputs above them), except for the constraint in question, and asks
//! whether all others hold.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, BigInteger, Field, PrimeField, Zero};
use common::blocks::{Block, block_of, blocks};
use common::script::{At, Move, slots, start, then};
use common::worlds::World;
use common::{assigned, prepared};
use medproof_gadgets::testing::Prepared;
use medproof_statement::assign::Slots;
use medproof_statement::codeset::CodeSet;
use medproof_statement::consent::Bound;
use medproof_statement::day::Day;
use medproof_statement::fact::{Fact, Seq};
use medproof_statement::machine::Action;
use medproof_statement::policy::{Criterion, Policy, Table};
use medproof_statement::testing::{AS_OF, Case, condition, fact, facts, has, header, latest, none};
use medproof_statement::tier::Tier;
use medproof_statement::value::{Value, ValueType};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use std::collections::{BTreeMap, BTreeSet};

const TIER: Tier = Tier::Xs;
/// The constant and the public inputs come first.
const INPUTS: usize = 6;
/// The first witness variable.
const FACTS_ROOT: usize = INPUTS;
/// Constraints of a level of a tree: seven that the node is a child, then the hash.
const LEVEL: usize = 370;
const CHILD: usize = 6;
/// A search that runs longer leads nowhere.
const STEPS: usize = 20_000;

type Row = [(Fr, usize)];

/// How to make a constraint hold again by changing a variable.
#[derive(Clone, Debug)]
enum Repair {
    /// It defines this variable.
    Define(usize),
    /// It is the lowest bit of a number; these are the others, from 2^1 up.
    Bits(Vec<usize>),
    /// It says that the node is a child; the first constraint of its level and the first child.
    Child(usize, usize),
    /// It says that a leaf is under the root of the record or of the set; of which slot.
    Root(usize),
    /// It says that this public input is what was computed.
    Public(usize),
}

struct Circuit {
    prepared: &'static Prepared,
    blocks: Vec<Block>,
    repairs: BTreeMap<usize, Repair>,
}

impl Circuit {
    fn new() -> Circuit {
        let prepared = prepared(TIER);
        let mut circuit = Circuit {
            prepared,
            blocks: blocks(TIER),
            repairs: BTreeMap::new(),
        };
        let rows = 0..prepared.matrices().constraints();
        circuit.repairs = rows.filter_map(|row| Some((row, circuit.repair(row)?))).collect();
        circuit
    }

    fn row(&self, row: usize) -> [&'static Row; 3] {
        let [a, b, c] = self.prepared.matrices().abc() else {
            panic!("three matrices")
        };
        [&a[row], &b[row], &c[row]]
    }

    fn columns(&self, row: usize) -> BTreeSet<usize> {
        self.row(row).into_iter().flatten().map(|(_, column)| *column).collect()
    }

    fn first_of(&self, name: &str, slot: Option<usize>) -> usize {
        let block = self.blocks.iter().find(|b| b.name == name && b.slot == slot);
        block.expect("a block").rows.start
    }

    fn repair(&self, row: usize) -> Option<Repair> {
        let block = block_of(&self.blocks, row);
        let at = row - block.rows.start;
        let [a, b, c] = self.row(row);
        let newest = *self.columns(row).last()?;
        match block.name {
            "leaf: path" | "record: path" if at % LEVEL == CHILD => {
                return Some(Repair::Child(row - CHILD, newest - 13));
            }
            "leaf: root" if at == 1 => return Some(Repair::Root(block.slot?)),
            _ => {}
        }
        let public = a.iter().map(|(_, column)| *column).find(|c| (1..INPUTS).contains(c));
        if let (Some(input), true) = (public, c.is_empty() && b.len() == 1) {
            return Some(Repair::Public(input));
        }
        let fresh = self.prepared.rows_of(newest).first() == Some(&row);
        if fresh && coefficient(c, newest) != Fr::ZERO && coefficient(a, newest) + coefficient(b, newest) == Fr::ZERO {
            return Some(Repair::Define(newest));
        }
        self.bits(row).map(Repair::Bits)
    }

    // The variables of weight −2, −4, … in a constraint L·(1 − L) = 0, each a boolean of its own.
    fn bits(&self, row: usize) -> Option<Vec<usize>> {
        let [a, b, c] = self.row(row);
        let complement = c.is_empty() && {
            let mut sum = BTreeMap::new();
            a.iter()
                .chain(b)
                .for_each(|(k, column)| *sum.entry(*column).or_insert(Fr::ZERO) += k);
            sum.retain(|_, k| !k.is_zero());
            sum == BTreeMap::from([(0, Fr::ONE)])
        };
        let own = |column: usize| {
            let first = self.prepared.rows_of(column).first();
            first.is_some_and(|first| *first < row && self.row(*first)[0] == [(Fr::ONE, column)])
        };
        let mut bits = Vec::new();
        let mut weight = -Fr::from(2u64);
        while complement {
            let Some(bit) = a
                .iter()
                .filter(|(k, column)| *k == weight && own(*column))
                .map(|(_, c)| *c)
                .max()
            else {
                break;
            };
            bits.push(bit);
            weight.double_in_place();
        }
        (!bits.is_empty()).then_some(bits)
    }
}

fn coefficient(row: &Row, column: usize) -> Fr {
    row.iter().find(|(_, c)| *c == column).map_or(Fr::ZERO, |(k, _)| *k)
}

fn dot(row: &Row, values: &[Fr]) -> Fr {
    row.iter().map(|(k, column)| *k * values[*column]).sum()
}

/// An assignment with what it breaks, and the way back.
struct Attempt<'c> {
    circuit: &'c Circuit,
    values: Vec<Fr>,
    broken: BTreeSet<usize>,
    undo: Vec<(usize, Fr)>,
}

impl<'c> Attempt<'c> {
    fn new(circuit: &'c Circuit, values: Vec<Fr>) -> Self {
        let broken = circuit.prepared.violated(&values).into_iter().collect();
        Attempt {
            circuit,
            values,
            broken,
            undo: Vec::new(),
        }
    }

    fn set(&mut self, column: usize, value: Fr, work: &mut BTreeSet<usize>) {
        if self.values[column] != value {
            self.undo.push((column, self.values[column]));
            self.values[column] = value;
            work.extend(self.circuit.prepared.rows_of(column));
        }
    }

    /// Whether only the constraint in question is broken once the variable has this value and all
    /// that is computed from it has followed. Leaves everything as it was.
    fn alone_refuses(&mut self, question: usize, change: Option<(usize, Fr)>) -> bool {
        let before = self.broken.clone();
        let mut work = before.clone();
        self.broken.clear();
        if let Some((column, value)) = change {
            self.set(column, value, &mut work);
        }
        let mut alone = false;
        let mut steps = 0;
        // In the order of the constraints, which is that of computation: one that still fails when
        // its turn has come and that cannot be mended stays broken.
        while let Some(row) = work.pop_first() {
            steps += 1;
            let holds = row == question || self.follows(row, question, &mut work);
            if !holds || steps > STEPS {
                if std::env::var_os("TRACE2").is_some() && block_of(&self.circuit.blocks, question).name == "value: ways to fail" {
                    println!("q {question} +{} {change:?}: row {row} {:?} +{} steps {steps}", question - block_of(&self.circuit.blocks, question).rows.start, block_of(&self.circuit.blocks, row), row - block_of(&self.circuit.blocks, row).rows.start);
                }
                break;
            }
            if work.is_empty() {
                alone = !self.circuit.prepared.holds(question, &self.values);
            }
        }
        for (column, value) in self.undo.drain(..).rev() {
            self.values[column] = value;
        }
        self.broken = before;
        alone
    }

    // Whether the constraint holds, or was made to.
    fn follows(&mut self, row: usize, question: usize, work: &mut BTreeSet<usize>) -> bool {
        if let Some(Repair::Define(column)) = self.circuit.repairs.get(&row) {
            let value = self.defined(row, *column);
            self.set(*column, value, work);
            work.remove(&row);
            return true;
        }
        if self.circuit.prepared.holds(row, &self.values) {
            return true;
        }
        let changed = self.undo.len();
        self.mend(row, question, work);
        self.undo.len() > changed
    }

    fn mend(&mut self, row: usize, question: usize, work: &mut BTreeSet<usize>) {
        let circuit = self.circuit;
        let [a, b, c] = circuit.row(row);
        match circuit.repairs.get(&row) {
            Some(Repair::Bits(bits)) => {
                let mut weight = Fr::ONE;
                let high = bits.iter().map(|bit| {
                    weight.double_in_place();
                    weight * self.values[*bit]
                });
                let number = (dot(a, &self.values) + high.sum::<Fr>()).into_bigint();
                for (i, bit) in bits.iter().enumerate() {
                    self.set(*bit, Fr::from(number.get_bit(i + 1)), work);
                }
            }
            Some(Repair::Child(first, children)) => {
                if let Some((child, value)) = self.child(*first, *children, question) {
                    self.set(child, value, work);
                }
            }
            Some(Repair::Root(slot)) => {
                let select = row - 1;
                let Some(Repair::Define(expected)) = circuit.repairs.get(&select) else {
                    return;
                };
                if select == question {
                    return;
                }
                let root = dot(a, &self.values) + self.values[*expected];
                let opens_set = !dot(circuit.row(select)[0], &self.values).is_zero();
                let column = if opens_set {
                    self.set_root(*slot)
                } else {
                    Some(FACTS_ROOT)
                };
                // Not twice: two slots that open one tree would take turns.
                if let Some(column) = column.filter(|c| self.undo.iter().all(|(changed, _)| changed != c)) {
                    self.set(column, root, work);
                }
            }
            Some(Repair::Public(input)) => {
                let excess = dot(a, &self.values) * dot(b, &self.values) - dot(c, &self.values);
                let value = self.values[*input] - excess * coefficient(a, *input).inverse().unwrap();
                self.set(*input, value, work);
            }
            Some(Repair::Define(_)) | None => {}
        }
    }

    fn defined(&self, row: usize, column: usize) -> Fr {
        let [a, b, c] = self.circuit.row(row);
        let own = coefficient(c, column);
        let rest = dot(c, &self.values) - own * self.values[column];
        (dot(a, &self.values) * dot(b, &self.values) - rest) * own.inverse().unwrap()
    }

    // A child and the value by which the level's selections find the node: they are affine in it.
    fn child(&mut self, first: usize, children: usize, question: usize) -> Option<(usize, Fr)> {
        (children..children + 8).find_map(|child| {
            let at_zero = self.miss(first, child, Fr::ZERO, question);
            let slope = self.miss(first, child, Fr::ONE, question) - at_zero;
            Some((child, -at_zero * slope.inverse()?))
        })
    }

    fn miss(&mut self, first: usize, child: usize, value: Fr, question: usize) -> Fr {
        let mut undo = vec![(child, self.values[child])];
        self.values[child] = value;
        for row in first..first + CHILD {
            if let (Some(Repair::Define(column)), true) = (self.circuit.repairs.get(&row), row != question) {
                undo.push((*column, self.values[*column]));
                self.values[*column] = self.defined(row, *column);
            }
        }
        let [a, b, c] = self.circuit.row(first + CHILD);
        let miss = dot(a, &self.values) * dot(b, &self.values) - dot(c, &self.values);
        for (column, value) in undo.into_iter().rev() {
            self.values[column] = value;
        }
        miss
    }

    // The table's variable for the set of the criterion that the slot is about.
    fn set_root(&self, slot: usize) -> Option<usize> {
        const SET_ROOT: usize = 3;
        let first = self.circuit.first_of("row", Some(slot)) + SET_ROOT * TIER.criteria();
        (first..first + TIER.criteria())
            .map(|row| self.circuit.row(row))
            .find(|[bit, ..]| dot(bit, &self.values) == Fr::ONE)
            .map(|[_, field, _]| field[0].1)
    }

    /// Values of a variable worth a try: those that make a constraint hold again that cannot be
    /// mended otherwise, then small ones.
    fn values_of(&self, column: usize, question: usize) -> Vec<Fr> {
        let old = self.values[column];
        let defining = |row: &usize| matches!(self.circuit.repairs.get(row), Some(Repair::Define(_)));
        let rows = self.circuit.prepared.rows_of(column).iter();
        let mut values = Vec::new();
        for row in rows.filter(|row| **row != question && !defining(row)).take(6) {
            let [a, b, c] = self.circuit.row(*row);
            let [ka, kb, kc] = [a, b, c].map(|r| coefficient(r, column));
            let [va, vb, vc] = [a, b, c].map(|r| dot(r, &self.values));
            let (square, linear, excess) = (ka * kb, ka * vb + kb * va - kc, va * vb - vc);
            let delta = match square.inverse() {
                None => linear.inverse().map(|inverse| -excess * inverse),
                Some(inverse) => excess.is_zero().then(|| -linear * inverse),
            };
            values.extend(delta.map(|delta| old + delta));
        }
        values.extend([Fr::ZERO, Fr::ONE, old + Fr::ONE, Fr::from(2u64), -Fr::ONE]);
        values.retain(|value| *value != old);
        let mut seen = BTreeSet::new();
        values.retain(|value| seen.insert(*value));
        values
    }

    fn finds(&mut self, question: usize) -> bool {
        let circuit = self.circuit;
        let block = block_of(&circuit.blocks, question);
        let mut columns: Vec<usize> = circuit.columns(question).into_iter().filter(|c| *c >= INPUTS).collect();
        if columns.len() > 8 {
            columns.drain(..columns.len() - 2);
        }
        if let Some(Repair::Child(_, children)) = circuit.repairs.get(&question) {
            columns.extend(*children..*children + 8);
        }
        let leaf = self.circuit.first_of("leaf: hash", block.slot)..self.circuit.first_of("member", block.slot);
        if !self.broken.is_empty() {
            // A leaf's own fields are too long to follow where there is something to hide as well.
            columns.retain(|column| !circuit.prepared.rows_of(*column).iter().any(|row| leaf.contains(row)));
        }
        if self.broken.contains(&question) && self.alone_refuses(question, None) {
            return true;
        }
        columns.into_iter().rev().any(|column| {
            let mut values = self.values_of(column, question);
            if is_hash(block.name) && values.len() > 3 {
                values.drain(..values.len() - 3);
            }
            values
                .into_iter()
                .any(|value| self.alone_refuses(question, Some((column, value))))
        })
    }
}

/// First, two slots of which one opens the record and one the set, either way around: no other slot
/// then holds the root that a forged path leads to. Then, idle slots before a group and after.
fn by_hand() -> Vec<(Case, Vec<Move>)> {
    let set = || CodeSet::new([10, 20, 30].map(condition)).unwrap();
    let chart = facts(&[fact(condition(15), 50_000, 1), fact(condition(20), 50_000, 2)]);
    let case = |row: Criterion| {
        let row = Criterion {
            set_root: Some(set().root()),
            ..row
        };
        let policy = Policy::new(Table::new(header(TIER), vec![row]).unwrap(), vec![Some(set())]).unwrap();
        Case::new(policy, chart.clone())
    };
    let counted = case(Criterion {
        concept_hi: condition(30),
        ..has(condition(10))
    });
    let absent = case(none(condition(12), condition(19)));
    let policy = Policy::new(Table::new(header(TIER), vec![has(condition(20))]).unwrap(), vec![None]).unwrap();
    let single = Case::new(policy, chart.clone());
    let policy = Policy::new(
        Table::new(header(TIER), vec![latest(condition(19))]).unwrap(),
        vec![None],
    )
    .unwrap();
    let other = Case::new(policy, chart.clone());
    let alternatives = vec![
        Criterion {
            threshold: None,
            ..none(condition(20), condition(20))
        },
        none(condition(90), condition(90)),
    ];
    let policy = Policy::new(Table::new(header(TIER), alternatives).unwrap(), vec![None, None]).unwrap();
    let none_of = Case::new(policy, chart);
    let gap = start(1, Action::RecordGap, At::Fact(2)).ends();
    let shown = start(0, Action::Fact, At::Fact(2)).ends();
    let idle = then(Action::Idle, At::Fact(2));
    let member = then(Action::Member, At::Set(0, 2));
    let jump = start(0, Action::SetGap, At::Set(0, 1));
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
        (counted, vec![start(0, Action::Fact, At::Fact(2)).ends()]),
        (single.clone(), vec![idle, shown]),
        (single, vec![shown, idle]),
        // The latest of another concept.
        (other.clone(), vec![shown]),
        (other, vec![idle, shown]),
        // A fact in a group of NONE, which claims nothing.
        (none_of.clone(), vec![start(0, Action::Fact, At::Fact(2)), gap]),
        (none_of, vec![gap, start(0, Action::Fact, At::Fact(2))]),
    ];
    cases.extend(values_passed());
    cases
}

/// Facts passed that could match, and idle ones that are out of range.
fn values_passed() -> Vec<(Case, Vec<Move>)> {
    let quantity = |x: i128| Value::quantity(x, false).unwrap();
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
        let policy = Policy::new(Table::new(header(TIER), vec![row]).unwrap(), vec![None]).unwrap();
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
    let typeless = of_value(Value::new(ValueType::NONE, 5).unwrap());
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
    cases.push((case(asked, elsewhere), vec![gap, then(Action::Idle, At::Fact(1))]));
    cases
}

/// The assignment of these slots, its consent bound to the claim, so that the table's digest can
/// change without it.
fn assignment(case: &mut Case, slots: Slots) -> Option<Vec<Fr>> {
    case.consent.bound = Bound::Claim(case.policy.table().header().claim_id);
    let (public, witness) = case.with_slots(slots);
    assigned(public, &witness)
}

/// Honest assignments, and adversarial ones.
fn assignments() -> impl Iterator<Item = Vec<Fr>> {
    let by_hand = by_hand().into_iter().filter_map(|(mut case, moves)| {
        let slots = slots(&case, &moves);
        assignment(&mut case, slots)
    });
    by_hand.chain((0..).flat_map(|seed| {
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let mut world = World::random(rng, TIER);
        let slots = [world.slots(rng), world.wander(rng, true), world.wander(rng, true)];
        slots
            .map(|slots| assignment(&mut world.case, slots))
            .into_iter()
            .flatten()
    }))
}

fn is_hash(name: &str) -> bool {
    name.starts_with("leaf: ")
}

/// One in so many of the hashes' constraints: the same gadget five times a slot.
const SAMPLE: usize = 16;
const HONEST: usize = 16;
const ADVERSARIAL: usize = 500;

#[test]
fn nearly_every_constraint_of_the_slot_machine_alone_refuses_something() {
    let circuit = Circuit::new();
    let of_slots = circuit.blocks.iter().filter(|block| block.slot.is_some());
    let sampled = |block: &Block, row: usize| !is_hash(block.name) || row % SAMPLE == 0;
    let mut left: BTreeSet<usize> = of_slots
        .flat_map(|block| block.rows.clone().filter(|row| sampled(block, *row)))
        .collect();
    let all = left.len();
    let (mut honest, mut adversarial) = (0, 0);
    for values in assignments() {
        if honest >= HONEST && adversarial >= ADVERSARIAL {
            break;
        }
        let t0 = std::time::Instant::now();
        let mut attempt = Attempt::new(&circuit, values);
        match attempt.broken.len() {
            0 if honest < HONEST => honest += 1,
            1 | 2 if adversarial < ADVERSARIAL => adversarial += 1,
            _ => continue,
        }
        if attempt.broken.len() == 1 {
            left.retain(|row| !attempt.broken.contains(row));
        }
        let hashes = attempt.broken.is_empty() && honest <= 2;
        let questions: Vec<usize> = left
            .iter()
            .copied()
            .filter(|row| hashes || !is_hash(block_of(&circuit.blocks, *row).name))
            .collect();
        for question in questions {
            if attempt.finds(question) {
                left.remove(&question);
            }
        }
        if std::env::var_os("TRACE").is_some() {
            println!("{honest} {adversarial}: {} left {:?}", left.len(), t0.elapsed());
        }
    }
    let mut survivors: BTreeMap<(&str, Option<usize>), Vec<usize>> = BTreeMap::new();
    for row in &left {
        let block = block_of(&circuit.blocks, *row);
        survivors
            .entry((block.name, block.slot))
            .or_default()
            .push(row - block.rows.start);
    }
    println!("{} of {all} constraints; not found: {survivors:?}", all - left.len());
}
