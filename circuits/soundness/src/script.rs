//! Slots written by hand: what an adversary would hand in.

use crate::{accepted, refused};
use medproof_statement::assign::Slots;
use medproof_statement::check::Violation;
use medproof_statement::codeset::{CodeSet, SetLeaf};
use medproof_statement::concept::Concept;
use medproof_statement::machine::{Action, Opened, Rule, Slot, SlotError};
use medproof_statement::testing::Case;
use medproof_statement::tree::{FACT_DEPTH, Path};

/// What a slot opens.
#[derive(Clone, Copy, Debug)]
pub enum At {
    /// The record's leaf at this index; 0 is the sentinel.
    Fact(usize),
    /// The leaf at this index of this criterion's set; 0 is the sentinel.
    Set(usize, usize),
}

/// A slot before its leaf is looked up.
#[derive(Clone, Copy, Debug)]
pub struct Move {
    /// What it does.
    pub action: Action,
    /// With which leaf.
    pub at: At,
    /// The criterion whose group it opens; else it goes on with the one before.
    pub start: Option<usize>,
    /// Whether it claims that the group is complete.
    pub ends: bool,
}

/// Goes on with the group before.
pub fn then(action: Action, at: At) -> Move {
    Move {
        action,
        at,
        start: None,
        ends: false,
    }
}

/// Opens a criterion's group.
pub fn start(criterion: usize, action: Action, at: At) -> Move {
    Move {
        start: Some(criterion),
        ..then(action, at)
    }
}

impl Move {
    /// The same, ending its group.
    pub fn ends(self) -> Move {
        Move { ends: true, ..self }
    }

    /// The same about the next criterion.
    pub fn of_the_next_criterion(self) -> Move {
        let at = match self.at {
            At::Set(criterion, i) => At::Set(criterion + 1, i),
            of_the_record @ At::Fact(_) => of_the_record,
        };
        let start = self.start.map(|criterion| criterion + 1);
        Move { at, start, ..self }
    }

    /// The slot.
    pub fn slot(self, case: &Case) -> Slot {
        let (opened, path) = open(case, self.at);
        Slot {
            action: self.action,
            start: self.start.is_some(),
            ends: self.ends,
            criterion: self.start.unwrap_or(0),
            opened,
            path,
        }
    }
}

/// The leaf of a set at an index.
pub fn set_leaf(set: &CodeSet, index: usize) -> (SetLeaf, Path<FACT_DEPTH>) {
    let member = match index.checked_sub(1) {
        None => Concept::ZERO,
        Some(i) => set.members().nth(i).expect("a member"),
    };
    let (index, leaf) = set.at_or_before(member);
    (leaf, set.path(index).expect("within the tree"))
}

fn open(case: &Case, at: At) -> (Opened, Path<FACT_DEPTH>) {
    match at {
        At::Fact(i) => (
            Opened::Record(case.facts.leaves()[i]),
            case.facts.path(i).expect("within the tree"),
        ),
        At::Set(criterion, i) => {
            let (leaf, path) = set_leaf(case.policy.set(criterion).expect("a set"), i);
            (Opened::Set(leaf), path)
        }
    }
}

/// The slots of these moves, filled up with idle ones to the tier's number.
pub fn slots(case: &Case, moves: &[Move]) -> Slots {
    let mut slots: Vec<Slot> = moves.iter().map(|m| m.slot(case)).collect();
    let idle = then(Action::Idle, At::Fact(0)).slot(case);
    let room = case.policy.table().header().tier.slots();
    assert!(slots.len() <= room, "{} moves in {room} slots", slots.len());
    slots.resize(room, idle);
    Slots::from(slots)
}

/// Both accept the moves.
pub fn shows(case: &Case, moves: &[Move]) {
    let (public, witness) = case.with_slots(slots(case, moves));
    accepted(public, &witness);
}

/// Both refuse the slots; the rule and the slot that breaks it.
pub fn breaks_with(case: &Case, slots: Slots) -> (usize, Rule) {
    let (public, witness) = case.with_slots(slots);
    match refused(public, &witness) {
        Violation::Slot(SlotError { slot, rule }) => (slot, rule),
        other => panic!("expected a slot's rule to be broken, found: {other}"),
    }
}

/// Both refuse the moves; the rule and the slot that breaks it.
pub fn breaks(case: &Case, moves: &[Move]) -> (usize, Rule) {
    breaks_with(case, slots(case, moves))
}
