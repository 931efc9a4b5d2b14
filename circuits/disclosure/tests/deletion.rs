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
use common::worlds::World;
use common::{assigned, prepared};
use medproof_gadgets::testing::Prepared;
use medproof_statement::consent::Bound;
use medproof_statement::tier::Tier;
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
    fn alone_refuses(&mut self, question: usize, column: usize, value: Fr) -> bool {
        let before = self.broken.clone();
        let mut work = BTreeSet::new();
        self.set(column, value, &mut work);
        work.extend(before.iter());
        let mut steps = 0;
        while let Some(row) = work.pop_first() {
            steps += 1;
            let changed = self.undo.len();
            self.broken.remove(&row);
            if !self.circuit.prepared.holds(row, &self.values) {
                if row != question {
                    self.mend(row, question, &mut work);
                }
                if self.undo.len() == changed {
                    self.broken.insert(row);
                }
            }
            if steps > STEPS || self.broken.len() > 3 {
                break;
            }
        }
        let alone = work.is_empty() && self.broken.len() == 1 && self.broken.contains(&question);
        for (column, value) in self.undo.drain(..).rev() {
            self.values[column] = value;
        }
        self.broken = before;
        alone
    }

    fn mend(&mut self, row: usize, question: usize, work: &mut BTreeSet<usize>) {
        let circuit = self.circuit;
        let [a, b, c] = circuit.row(row);
        match circuit.repairs.get(&row) {
            Some(Repair::Define(column)) => {
                let value = self.defined(row, *column);
                self.set(*column, value, work);
            }
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
                if let Some(column) = column {
                    self.set(column, root, work);
                }
            }
            Some(Repair::Public(input)) => {
                let excess = dot(a, &self.values) * dot(b, &self.values) - dot(c, &self.values);
                let value = self.values[*input] - excess * coefficient(a, *input).inverse().unwrap();
                self.set(*input, value, work);
            }
            None => {}
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

    /// Values of a variable worth a try: 0, 1, another, and those that make some constraint hold.
    fn values_of(&self, column: usize, question: usize) -> Vec<Fr> {
        let old = self.values[column];
        let mut values = vec![Fr::ZERO, Fr::ONE, old + Fr::ONE];
        for row in self
            .circuit
            .prepared
            .rows_of(column)
            .iter()
            .filter(|row| **row != question)
            .take(6)
        {
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
        values.retain(|value| *value != old);
        values.sort_unstable();
        values.dedup();
        values
    }

    fn finds(&mut self, question: usize) -> bool {
        let mut columns: Vec<usize> = self
            .circuit
            .columns(question)
            .into_iter()
            .filter(|c| *c >= INPUTS)
            .collect();
        if columns.len() > 8 {
            columns.drain(..columns.len() - 2);
        }
        if let Some(Repair::Child(_, children)) = self.circuit.repairs.get(&question) {
            columns.extend(*children..*children + 8);
        }
        columns.into_iter().rev().any(|column| {
            let values = self.values_of(column, question);
            values
                .into_iter()
                .any(|value| self.alone_refuses(question, column, value))
        })
    }
}

/// Honest assignments, and adversarial ones that break few constraints.
fn assignments() -> impl Iterator<Item = Vec<Fr>> {
    (0..).flat_map(|seed| {
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let mut world = World::random(rng, TIER);
        // So that a table's digest can change without the consent.
        world.case.consent.bound = Bound::Claim(world.case.policy.table().header().claim_id);
        let slots = [world.slots(rng), world.wander(rng, true), world.wander(rng, true)];
        slots.map(|slots| {
            let (public, witness) = world.case.with_slots(slots);
            assigned(public, &witness).unwrap_or_default()
        })
    })
}

fn is_hash(name: &str) -> bool {
    name.starts_with("leaf: ")
}

#[test]
fn nearly_every_constraint_of_the_slot_machine_alone_refuses_something() {
    let circuit = Circuit::new();
    let of_slots = circuit.blocks.iter().filter(|block| block.slot.is_some());
    let mut left: BTreeSet<usize> = of_slots.clone().flat_map(|block| block.rows.clone()).collect();
    let all = left.len();
    for (tried, values) in assignments()
        .filter(|values| !values.is_empty())
        .take(TRIED)
        .enumerate()
    {
        let mut attempt = Attempt::new(&circuit, values);
        if attempt.broken.len() > 3 {
            continue;
        }
        if attempt.broken.len() == 1 {
            left.retain(|row| !attempt.broken.contains(row));
        }
        let honest = attempt.broken.is_empty();
        let questions: Vec<usize> = left
            .iter()
            .copied()
            // Hashes are long to follow: only from honest assignments, the first of them.
            .filter(|row| !is_hash(block_of(&circuit.blocks, *row).name) || (honest && tried < 60))
            .collect();
        for question in questions {
            if attempt.finds(question) {
                left.remove(&question);
            }
        }
        if std::env::var_os("TRACE").is_some() {
            println!("{tried}: honest {honest}, {} left", left.len());
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

const TRIED: usize = 150;
