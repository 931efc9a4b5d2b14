//! What if a constraint were missing? For nearly every one there is an assignment that it alone
//! refuses: without it, that assignment would be a proof.
//!
//! The search starts from honest and from adversarial witnesses, changes one variable, lets all
//! that is computed from it follow ([`crate::resolve`]), and asks whether every constraint holds
//! but the one in question. Commitments, keys, signatures and public inputs follow too. The parts of
//! a signature cannot be followed past its equation, so there the question is put to the part: with
//! the constraint missing, does it give a wrong result for what it is given?

use crate::blocks::Block;
use crate::by_hand;
use crate::circuit::{CHILD, Circuit, INPUTS, Repair};
use crate::resolve::{Attempt, Freedom};
use crate::signer::Signer;
use crate::starts;
use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field, Zero};
use medproof_gadgets::tree;
use medproof_statement::field::pow2;
use medproof_statement::policy::flags;
use medproof_statement::tier::Tier;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// How far to search.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// One in so many constraints of the hashes, which are the same gadget over and over.
    pub sample: usize,
    /// One in so many of other long blocks, bit after bit alike.
    pub repeated: usize,
    /// Random honest witnesses to start from, beside those by hand.
    pub honest: usize,
    /// Random adversarial ones.
    pub adversarial: usize,
}

/// What was found.
#[derive(Debug)]
pub struct Found {
    /// Constraints asked about.
    pub asked: usize,
    /// Those that alone refuse an assignment of the whole circuit.
    pub alone: usize,
    /// Those that alone refuse one of their part of the signature.
    pub in_part: usize,
    /// The rest: per block and slot, their places in it.
    pub left: BTreeMap<(&'static str, Option<usize>), Vec<usize>>,
}

/// Whether a block is a hash's.
pub fn is_hash(name: &str) -> bool {
    name.ends_with("hash") || name.ends_with("path") || ["nullifier", "handle", "signature: challenge"].contains(&name)
}

/// The slots of which a tier is asked about: the first, one in the middle, the last.
fn asked_slots(tier: Tier) -> Vec<usize> {
    let last = tier.slots() - 1;
    let mut slots = vec![0, last / 2, last];
    slots.dedup();
    slots
}

const LONG: usize = 32;

fn questions(circuit: &Circuit, effort: Effort) -> BTreeSet<usize> {
    let slots = asked_slots(circuit.tier);
    let blocks = circuit.blocks.iter();
    let blocks = blocks.filter(|block| block.slot.is_none_or(|slot| slots.contains(&slot)));
    let rows = blocks.flat_map(|block| {
        let every = match block.rows.len() {
            _ if is_hash(block.name) => effort.sample,
            LONG.. => effort.repeated,
            _ => 1,
        };
        block.rows.clone().filter(move |row| row % every == 0)
    });
    rows.collect()
}

/// Asks about every constraint of the tier's distinct blocks.
pub fn search(circuit: &Circuit, effort: Effort) -> Found {
    let signer = Signer::new(circuit);
    let mut left = questions(circuit, effort);
    let asked = left.len();
    let parts: Vec<usize> = left
        .iter()
        .copied()
        .filter(|row| part(circuit, *row).is_some())
        .collect();
    for (first, values) in starts::of_parts(circuit).into_iter().enumerate() {
        let mut attempt = Attempt::new(circuit, values, None);
        for row in &parts {
            // Only the challenge's bits differ after the first.
            let concerned = first == 0 || circuit.block(*row).name == "signature: challenge's bits";
            if concerned && left.contains(row) && finds(&mut attempt, circuit, *row) {
                left.remove(row);
            }
        }
    }
    let in_part = asked - left.len();
    for values in starts::beside_the_slots(circuit.tier) {
        ask(&mut Attempt::new(circuit, values, Some(&signer)), &mut left, |block| {
            block.slot.is_none() && !block.name.starts_with("signature")
        });
    }
    let (mut honest, mut adversarial) = (0, 0);
    for start in by_hand::by_hand(circuit.tier, &asked_slots(circuit.tier)) {
        ask(
            &mut Attempt::new(circuit, start.values, Some(&signer)),
            &mut left,
            |block| {
                block.slot.is_some_and(|slot| start.slots.contains(&slot)) && (start.is_first || !is_hash(block.name))
            },
        );
    }
    for values in starts::random(circuit.tier) {
        if honest >= effort.honest && adversarial >= effort.adversarial {
            break;
        }
        let mut attempt = Attempt::new(circuit, values, Some(&signer));
        match attempt.broken.len() {
            0 if honest < effort.honest => honest += 1,
            1 | 2 if adversarial < effort.adversarial => adversarial += 1,
            _ => continue,
        }
        ask(&mut attempt, &mut left, |block| {
            block.slot.is_some() && !is_hash(block.name)
        });
    }
    let mut by_block: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for row in &left {
        let block = circuit.block(*row);
        by_block
            .entry((block.name, block.slot))
            .or_default()
            .push(row - block.rows.start);
    }
    Found {
        asked,
        alone: asked - in_part - left.len(),
        in_part,
        left: by_block,
    }
}

// Puts the questions that are left to one assignment.
fn ask(attempt: &mut Attempt<'_>, left: &mut BTreeSet<usize>, concerned: impl Fn(&Block) -> bool) {
    if attempt.broken.len() == 1 {
        left.retain(|row| !attempt.broken.contains(row));
    }
    let circuit = attempt.circuit();
    let questions = left.iter().copied().filter(|row| concerned(circuit.block(*row)));
    for row in questions.collect::<Vec<_>>() {
        if finds(attempt, circuit, row) || finds_jointly(attempt, circuit, row) {
            left.remove(&row);
        }
    }
}

// The part of the signature that a constraint belongs to.
fn part(circuit: &Circuit, row: usize) -> Option<Range<usize>> {
    let block = circuit.block(row);
    block.name.starts_with("signature").then(|| block.rows.clone())
}

fn finds(attempt: &mut Attempt<'_>, circuit: &Circuit, question: usize) -> bool {
    let block = circuit.block(question);
    let part = part(circuit, question);
    let freedom = Freedom {
        public: part.is_none(),
        scope: part.unwrap_or(0..circuit.constraints()),
    };
    let broken = attempt.broken.range(freedom.scope.clone()).next().is_some();
    if broken && attempt.broken.contains(&question) && attempt.passes(&[], Some(question), &freedom) {
        return true;
    }
    columns(circuit, question, broken).into_iter().any(|column| {
        let mut values = attempt.candidates(column, question);
        if block.name == "mode" {
            let one_flag = (flags::EITHER..=flags::SPACED).map(pow2);
            values.extend(one_flag.flat_map(|flag| [attempt.values[column] + flag, attempt.values[column] - flag]));
        }
        if is_hash(block.name) && values.len() > 3 {
            values.drain(..values.len() - 3);
        }
        let mut tries = values.into_iter().map(|value| (column, value));
        tries.any(|change: (usize, Fr)| attempt.passes(&[change], Some(question), &freedom))
    })
}

// The variables to change: those of the question, newest first; then those that they are computed
// from.
fn columns(circuit: &Circuit, question: usize, broken: bool) -> Vec<usize> {
    const MANY: usize = 8;
    let block = circuit.block(question);
    let mut columns: Vec<usize> = circuit.mentioned(question).into_iter().filter(|c| *c > 0).collect();
    if columns.len() > MANY {
        columns.drain(1..columns.len() - 2);
    }
    let computed = columns.clone();
    let sources = computed
        .iter()
        .filter_map(|column| circuit.prepared.rows_of(*column).first());
    let sources = sources.filter(|row| **row < question);
    let sources: BTreeSet<usize> = sources.flat_map(|row| circuit.mentioned(*row)).collect();
    if !broken && sources.len() <= 2 * MANY {
        columns.splice(
            0..0,
            sources.into_iter().filter(|c| *c >= INPUTS && !computed.contains(c)),
        );
    }
    if let Some(Repair::Child { children, .. }) = circuit.repair(question) {
        columns.extend(*children..*children + 8);
    }
    if block.name == "leaf: root" {
        // A sibling at the top leads to another root.
        let path = circuit.rows_of("leaf: path", block.slot);
        let top = path.end - tree::LEVEL_COST + CHILD;
        if let Some(Repair::Child { children, .. }) = circuit.repair(top) {
            columns.extend(*children..*children + 8);
        }
    }
    if block.name == "mode" {
        // A table that says otherwise.
        let fields = circuit.rows_of("row", block.slot);
        let flags = fields.take(circuit.tier.criteria());
        return columns
            .into_iter()
            .rev()
            .chain(flags.map(|row| circuit.row(row)[1][0].1))
            .collect();
    }
    if broken {
        // What is hashed is too long to follow where there is something to hide as well.
        let hashed = |column: &usize| {
            let mut rows = circuit.prepared.rows_of(*column).iter();
            rows.any(|row| is_hash(circuit.block(*row).name))
        };
        columns.retain(|column| !hashed(column));
    }
    columns.reverse();
    columns
}

// The same for a slot's choices all at once, booleans each, but for one if it is the question that
// holds it to that: with a single choice changed, others would give it away.
fn finds_jointly(attempt: &mut Attempt<'_>, circuit: &Circuit, question: usize) -> bool {
    let block = circuit.block(question);
    let (Some(slot), true) = (block.slot, JOINT.contains(&block.name)) else {
        return false;
    };
    let freedom = Freedom {
        public: true,
        scope: 0..circuit.constraints(),
    };
    let choices = choices(circuit, slot, Some(question));
    let actions = circuit.rows_of("actions", Some(slot));
    let among = ["actions", "criterion"].map(|name| circuit.rows_of(name, Some(slot)));
    let among: Vec<usize> = among.into_iter().flatten().filter(|row| *row != question).collect();
    let odd = odd_one(circuit, question).and_then(|column| choices.iter().position(|c| *c == column));
    let odd_values = odd.map_or(vec![Fr::ZERO], |odd| odd_values(attempt, slot, choices[odd]));
    (0u32..1 << choices.len()).any(|pattern| {
        odd_values.iter().any(|value| {
            let mut chosen: Vec<Fr> = (0..choices.len()).map(|i| Fr::from(pattern >> i & 1)).collect();
            if let Some(odd) = odd {
                chosen[odd] = *value;
            }
            let changes: Vec<(usize, Fr)> = choices.iter().copied().zip(chosen.iter().copied()).collect();
            // Most fail among themselves.
            plausible(&chosen, question.checked_sub(actions.start))
                && attempt.holds_with(&changes, &among)
                && attempt.passes(&changes, Some(question), &freedom)
        })
    })
}

// Values for a choice that is not held to be a bit: small ones, a half, and those by which something
// that the slot's rules compare comes out as 0.
fn odd_values(attempt: &Attempt<'_>, slot: usize, choice: usize) -> Vec<Fr> {
    let circuit = attempt.circuit();
    let two = Fr::from(2u64);
    let mut values = vec![two, -Fr::ONE, -two, Fr::from(3u64)];
    values.extend(two.inverse());
    let rules = circuit.rows_of("cursor: now and next", Some(slot)).start..circuit.rows_of("ends", Some(slot)).start;
    for block in ["cursor: from below", "cursor: from above", "spacing: difference"] {
        for row in circuit.rows_of(block, Some(slot)) {
            let Some(Repair::Define(column)) = circuit.repair(row) else {
                continue;
            };
            let at = |value: Fr| {
                let mut values = attempt.values.clone();
                values[choice] = value;
                circuit.settle(&mut values, rules.start..row + 1);
                values[*column]
            };
            let at_zero = at(Fr::ZERO);
            values.extend((at(Fr::ONE) - at_zero).inverse().map(|slope| -at_zero * slope));
        }
    }
    values
}

// The relations among a slot's choices (`slot.rs`, Actions), but for the one in question.
fn plausible(chosen: &[Fr], question: Option<usize>) -> bool {
    const IDLE: usize = 7;
    let [fact, member, record_gap, set_gap, pass, start, ends, ..] = chosen else {
        return true;
    };
    let idle = Fr::ONE - fact - member - record_gap - set_gap - pass;
    let bystander = idle + member;
    [
        (IDLE, idle.is_zero() || idle == Fr::ONE),
        (IDLE + 1, (bystander * start).is_zero()),
        (IDLE + 2, (bystander * ends).is_zero()),
    ]
    .iter()
    .all(|(row, holds)| *holds || question == Some(*row))
}

/// Blocks of constraints between a slot's choices.
const JOINT: [&str; 5] = ["actions", "criterion", "mode", "value: ways to fail", "ends"];

/// Variables of a slot that say what it does: actions, start, ends, criteria, how a value fails. Of
/// the criteria two, beside that of the question.
pub fn choices(circuit: &Circuit, slot: usize, question: Option<usize>) -> Vec<usize> {
    const FEW_CRITERIA: usize = 2;
    let booleans = |name: &str, rows: usize| {
        let first = circuit.rows_of(name, Some(slot)).start;
        (first..first + rows).filter_map(|row| odd_one(circuit, row))
    };
    let criteria: Vec<usize> = booleans("criterion", 2 * circuit.tier.criteria()).collect();
    let asked = question.and_then(|row| odd_one(circuit, row));
    let asked = asked.filter(|column| criteria.contains(column));
    // Those by hand that several rows alike add up to leave out the first.
    let skipped = usize::from(asked.is_some() && criteria.len() > FEW_CRITERIA);
    let others = criteria
        .iter()
        .copied()
        .skip(skipped)
        .filter(|column| Some(*column) != asked);
    let few = asked.into_iter().chain(others.take(FEW_CRITERIA));
    booleans("actions", 7)
        .chain(few)
        .chain(booleans("value: ways to fail", 2))
        .collect()
}

// The variable that a constraint v·(1 − v) = 0 holds to 0 or 1.
fn odd_one(circuit: &Circuit, row: usize) -> Option<usize> {
    let [a, b, c] = circuit.row(row);
    let [(_, column)] = a else { return None };
    (c.is_empty() && *column >= INPUTS && b.iter().any(|(_, c)| c == column)).then_some(*column)
}
