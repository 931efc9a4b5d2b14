//! The slot machine: how openings show that a policy's criteria hold.
//!
//! `docs/statements/v1.md` §6 states each rule and argues soundness. This module is the rules,
//! one function each; the circuit has one block for each of them.

use crate::Fr;
use crate::codeset::SetLeaf;
use crate::concept::Concept;
use crate::fact::{Fact, Key, Leaf};
use crate::policy::{Criterion, Mode, Table};
use crate::tree::{FACT_DEPTH, Path};
use crate::value::Value;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use thiserror::Error;
use zeroize::Zeroize;

/// What a slot does with the leaf that it opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Opens a real leaf and changes nothing.
    Idle,
    /// Counts a fact that matches.
    Fact,
    /// Shows that the fact before is of the criterion's set.
    Member,
    /// Moves the cursor over a gap between facts.
    RecordGap,
    /// Moves the cursor over a gap between members.
    SetGap,
    /// Moves the cursor past a fact that definitely does not match.
    Pass,
}

impl Action {
    /// All, in the circuit's order.
    pub const ALL: [Action; 6] = [
        Action::Idle,
        Action::Fact,
        Action::Member,
        Action::RecordGap,
        Action::SetGap,
        Action::Pass,
    ];

    /// Whether the leaf is one of the criterion's code set, not of the record.
    pub const fn opens_set(self) -> bool {
        matches!(self, Action::Member | Action::SetGap)
    }
}

/// An opened leaf.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Opened {
    /// Of the record.
    Record(Leaf),
    /// Of the criterion's code set.
    Set(SetLeaf),
}

impl Opened {
    /// The leaf's hash.
    pub fn hash(&self) -> Fr {
        match self {
            Opened::Record(leaf) => leaf.hash(),
            Opened::Set(leaf) => leaf.hash(),
        }
    }
}

/// One opening and what is made of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Slot {
    /// What it does.
    pub action: Action,
    /// Whether it opens a criterion's group; else it goes on with the group before.
    pub start: bool,
    /// Whether it claims that the group is complete and the criterion holds.
    pub ends: bool,
    /// The criterion whose group it opens. Ignored where `start` is not set.
    pub criterion: usize,
    /// The leaf.
    pub opened: Opened,
    /// From the leaf to facts_root, or to the set's root.
    pub path: Path<FACT_DEPTH>,
}

/// Shows nothing: a member says what the fact beside it is.
impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opened(…)")
    }
}

/// Shows nothing: which fact serves which criterion tells of the patient, too.
impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Slot(…)")
    }
}

impl Zeroize for Slot {
    fn zeroize(&mut self) {
        self.criterion.zeroize();
        if let Opened::Record(leaf) = &mut self.opened {
            leaf.zeroize();
        }
        self.path.zeroize();
    }
}

/// The rule that a slot breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Rule {
    /// The leaf is not under the root that the action names.
    #[error("the opened leaf is not in the tree")]
    Opening,
    /// A record leaf where a set's is due, or the reverse.
    #[error("the wrong kind of leaf is opened")]
    LeafKind,
    /// No group was opened, or the criterion does not exist.
    #[error("no criterion is being shown")]
    NoGroup,
    /// This action cannot open or end a group.
    #[error("this action can neither open nor end a group")]
    Boundary,
    /// The action does not fit the criterion's mode.
    #[error("the action does not fit the criterion's mode")]
    Mode,
    /// A fact of a criterion with a set is followed by its member at once, and nothing else is.
    #[error("a fact wants its member next, and only then")]
    MemberDue,
    /// The set leaf is not the fact's concept.
    #[error("the member is not the fact's concept")]
    Member,
    /// The fact's concept is outside of the interval.
    #[error("the concept is outside of the criterion's interval")]
    Concept,
    /// The fact is uncertain.
    #[error("an uncertain fact supports nothing")]
    Uncertain,
    /// The fact is neither in the window nor active as asked.
    #[error("the fact does not hold at the time asked for")]
    Time,
    /// The value is not as asked.
    #[error("the value is not as asked")]
    Value,
    /// The fact is not later than the one before in its group, or too close.
    #[error("the fact does not follow the one before as asked")]
    Spacing,
    /// The group is said to be complete, but it does not have exactly `count` facts.
    #[error("the group does not have as many facts as asked")]
    Count,
    /// Another fact could lie at the same instant.
    #[error("the latest fact is contested")]
    Contested,
    /// There is a later fact of the concept.
    #[error("the fact is not the latest")]
    NotLatest,
    /// The gap does not begin before the cursor.
    #[error("the gap does not begin before the cursor")]
    GapStart,
    /// The gap ends before the cursor.
    #[error("the gap ends before the cursor")]
    GapEnd,
    /// The fact passed is not at the cursor.
    #[error("the passed fact is not at the cursor")]
    PassKey,
    /// The fact passed could match.
    #[error("a fact that could match cannot be passed")]
    PassMatch,
    /// The group is said to be complete, but the cursor has not left the interval.
    #[error("the interval is not covered to its end")]
    NotCovered,
    /// Two groups complete one criterion.
    #[error("a criterion is completed twice")]
    Twice,
}

/// A slot that breaks a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("slot {slot}: {rule}")]
pub struct SlotError {
    /// Counted from 0; the number of slots where the end of the table is at fault.
    pub slot: usize,
    /// Which rule.
    pub rule: Rule,
}

/// What is carried from slot to slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct State {
    criterion: Option<usize>,
    count: u32,
    // The group's last fact, as (date, event).
    last: (u32, u16),
    cursor: Key,
    // The concept of a fact that wants its member next.
    member_due: Option<Concept>,
}

/// The machine between two slots. Two machines that are equal go on alike.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Machine {
    state: State,
    holds: Vec<bool>,
}

/// Runs the slots and says which criteria they show. Verifies every opening.
///
/// # Errors
/// The first slot that breaks a rule, and which.
pub fn run(table: &Table, facts_root: Fr, slots: &[Slot]) -> Result<Vec<bool>, SlotError> {
    for (slot, opened) in slots.iter().enumerate() {
        // Whether the leaf is in its tree. Which tree depends on the group: see `rows`.
        let row = rows(table, slots, slot);
        verify_opening(row, facts_root, opened).map_err(|rule| SlotError { slot, rule })?;
    }
    run_opened(table, slots)
}

// The criterion that a slot is about: that of the last slot at or before it that opens a group.
fn rows<'a>(table: &'a Table, slots: &[Slot], slot: usize) -> Option<&'a Criterion> {
    let start = slots[..=slot].iter().rev().find(|s| s.start)?;
    table.criteria().get(start.criterion)
}

fn verify_opening(row: Option<&Criterion>, facts_root: Fr, slot: &Slot) -> Result<(), Rule> {
    if slot.action.opens_set() != matches!(slot.opened, Opened::Set(_)) {
        return Err(Rule::LeafKind);
    }
    let root = match slot.opened {
        Opened::Record(_) => facts_root,
        Opened::Set(_) => row.and_then(|r| r.set_root).ok_or(Rule::Mode)?,
    };
    if slot.path.root(slot.opened.hash()) == Some(root) {
        Ok(())
    } else {
        Err(Rule::Opening)
    }
}

/// As [`run`], for slots whose openings are known to be true: the rules alone.
///
/// # Errors
/// The first slot that breaks a rule, and which.
pub fn run_opened(table: &Table, slots: &[Slot]) -> Result<Vec<bool>, SlotError> {
    let mut machine = Machine::new(table);
    for (slot, opened) in slots.iter().enumerate() {
        machine.step(table, opened).map_err(|rule| SlotError { slot, rule })?;
    }
    machine.finish().map_err(|rule| SlotError {
        slot: slots.len(),
        rule,
    })
}

impl Machine {
    /// Before the first slot.
    pub fn new(table: &Table) -> Machine {
        let state = State {
            criterion: None,
            count: 0,
            last: (0, 0),
            cursor: Key::ZERO,
            member_due: None,
        };
        Machine {
            state,
            holds: vec![false; table.criteria().len()],
        }
    }

    /// After the last slot: which criteria were shown.
    ///
    /// # Errors
    /// [`Rule::MemberDue`] where the last fact still wants its member.
    pub fn finish(self) -> Result<Vec<bool>, Rule> {
        if self.state.member_due.is_some() {
            Err(Rule::MemberDue)
        } else {
            Ok(self.holds)
        }
    }

    /// Takes a slot whose opening is true.
    ///
    /// # Errors
    /// The rule that it breaks; the machine is then of no further use.
    pub fn step(&mut self, table: &Table, slot: &Slot) -> Result<(), Rule> {
        let state = &mut self.state;
        let due = state.member_due.take();
        if due.is_some() != (slot.action == Action::Member) {
            return Err(Rule::MemberDue);
        }
        if matches!(slot.action, Action::Idle | Action::Member) && (slot.start || slot.ends) {
            return Err(Rule::Boundary);
        }
        if slot.start {
            state.criterion = Some(slot.criterion);
        }
        if slot.action == Action::Idle {
            return Ok(());
        }
        let criterion = state.criterion.ok_or(Rule::NoGroup)?;
        let row = table.criteria().get(criterion).ok_or(Rule::NoGroup)?;
        match (slot.action, slot.opened) {
            (Action::Fact, Opened::Record(leaf)) => take_fact(row, state, slot, &leaf)?,
            (Action::Member, Opened::Set(leaf)) => {
                if Some(leaf.member) != due {
                    return Err(Rule::Member);
                }
            }
            (Action::RecordGap | Action::SetGap | Action::Pass, opened) => move_cursor(row, state, slot, &opened)?,
            _ => return Err(Rule::LeafKind),
        }
        if slot.ends && core::mem::replace(&mut self.holds[criterion], true) {
            return Err(Rule::Twice);
        }
        Ok(())
    }
}

fn take_fact(row: &Criterion, state: &mut State, slot: &Slot, leaf: &Leaf) -> Result<(), Rule> {
    let fact = &leaf.fact;
    match row.mode {
        Mode::None => return Err(Rule::Mode),
        Mode::AtLeast => {
            if fact.concept < row.concept_lo || fact.concept > row.concept_hi {
                return Err(Rule::Concept);
            }
        }
        Mode::Latest => {
            if fact.concept != row.concept_lo {
                return Err(Rule::Concept);
            }
            if fact.contested {
                return Err(Rule::Contested);
            }
            if leaf.next <= Key::last_of(row.concept_hi) {
                return Err(Rule::NotLatest);
            }
        }
    }
    certainly_as_asked(row, fact)?;
    let here = (fact.date.0, fact.seq.event);
    if slot.start {
        state.count = 1;
    } else {
        follows(row, state.last, fact)?;
        state.count += 1;
    }
    state.last = here;
    if slot.ends && state.count != u32::from(row.count) {
        return Err(Rule::Count);
    }
    state.member_due = row.set_root.map(|_| fact.concept);
    Ok(())
}

// What AT_LEAST and LATEST ask of a fact beside its concept.
fn certainly_as_asked(row: &Criterion, fact: &Fact) -> Result<(), Rule> {
    if fact.uncertain {
        return Err(Rule::Uncertain);
    }
    if !time_holds(row, certainly_in_window(row, fact), certainly_active(row, fact)) {
        return Err(Rule::Time);
    }
    match row.value {
        Some((lo, hi)) if fact.value < lo || fact.value > hi => Err(Rule::Value),
        _ => Ok(()),
    }
}

// With spacing, `since` is so many days after the last date (and so is date, as since ≤ date);
// without, (date, event) alone must grow.
fn follows(row: &Criterion, last: (u32, u16), fact: &Fact) -> Result<(), Rule> {
    let apart = if row.min_gap_days > 0 {
        u64::from(fact.since.0) >= u64::from(last.0) + u64::from(row.min_gap_days)
    } else {
        (fact.date.0, fact.seq.event) > last
    };
    if apart { Ok(()) } else { Err(Rule::Spacing) }
}

fn move_cursor(row: &Criterion, state: &mut State, slot: &Slot, opened: &Opened) -> Result<(), Rule> {
    if row.mode != Mode::None {
        return Err(Rule::Mode);
    }
    let cursor = if slot.start {
        Key::first_of(row.concept_lo)
    } else {
        state.cursor
    };
    let (begins_before, next) = match (slot.action, opened) {
        (Action::Pass, Opened::Record(leaf)) => {
            if leaf.fact.key() != cursor {
                return Err(Rule::PassKey);
            }
            if !definitely_fails(row, &leaf.fact) {
                return Err(Rule::PassMatch);
            }
            (true, leaf.next)
        }
        (Action::RecordGap, Opened::Record(leaf)) => (leaf.fact.key() < cursor, leaf.next),
        (Action::SetGap, Opened::Set(leaf)) if row.set_root.is_some() => {
            (Key::last_of(leaf.member) < cursor, Key::first_of(leaf.next))
        }
        (Action::SetGap, Opened::Set(_)) => return Err(Rule::Mode),
        _ => return Err(Rule::LeafKind),
    };
    if !begins_before {
        return Err(Rule::GapStart);
    }
    if slot.ends {
        if next <= Key::last_of(row.concept_hi) {
            return Err(Rule::NotCovered);
        }
    } else if next < cursor {
        return Err(Rule::GapEnd);
    }
    state.cursor = next;
    Ok(())
}

/// Whether every day that the fact's date allows lies in the window.
pub fn certainly_in_window(row: &Criterion, fact: &Fact) -> bool {
    fact.since >= row.date_lo && fact.date <= row.date_hi
}

/// Whether no day that the fact's date allows lies in the window.
pub fn certainly_out_of_window(row: &Criterion, fact: &Fact) -> bool {
    fact.date < row.date_lo || fact.since > row.date_hi
}

/// Whether the fact certainly holds on active_on: date ≤ T ≤ until.
pub fn certainly_active(row: &Criterion, fact: &Fact) -> bool {
    row.active_on.is_some_and(|day| fact.date <= day && day <= fact.until)
}

/// Whether the fact certainly does not hold on active_on: since > T or until < T.
pub fn certainly_inactive(row: &Criterion, fact: &Fact) -> bool {
    row.active_on.is_some_and(|day| fact.since > day || fact.until < day)
}

// What the window and active_on ask together.
fn time_holds(row: &Criterion, in_window: bool, active: bool) -> bool {
    if row.either {
        in_window || active
    } else {
        in_window && (row.active_on.is_none() || active)
    }
}

/// Whether a fact, whatever the truth behind its uncertainty, does not match a NONE.
///
/// A certain fact fails by its time or by a value of the type asked for that is out of range. An
/// uncertain one fails by its date only, and only without active_on.
pub fn definitely_fails(row: &Criterion, fact: &Fact) -> bool {
    let out = certainly_out_of_window(row, fact);
    if fact.uncertain {
        return out && row.active_on.is_none();
    }
    !time_holds(row, !out, !certainly_inactive(row, fact))
        || row.value.is_some_and(|range| value_fails(range, fact.value))
}

fn value_fails((lo, hi): (Value, Value), value: Value) -> bool {
    value.kind() == lo.kind() && (value < lo || value > hi)
}

/// Whether a fact certainly matches what AT_LEAST or LATEST ask of it, but for the concept.
pub fn certainly_matches(row: &Criterion, fact: &Fact) -> bool {
    certainly_as_asked(row, fact).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::{Fact, Seq};
    use crate::testing::{condition, fact, has, header, none};
    use crate::tier::Tier;
    use std::vec;

    fn table(criterion: Criterion) -> Table {
        Table::new(header(Tier::S), vec![criterion]).unwrap()
    }

    fn slot(action: Action, start: bool, ends: bool, opened: Opened) -> Slot {
        let path = Path {
            index: 0,
            siblings: [[Fr::from(0u64); 7]; FACT_DEPTH],
        };
        Slot {
            action,
            start,
            ends,
            criterion: 0,
            opened,
            path,
        }
    }

    fn record(fact: Fact, next: Key) -> Opened {
        let salt = Fr::from(1u64);
        Opened::Record(Leaf { fact, next, salt })
    }

    fn ran(table: &Table, slots: &[Slot]) -> Result<Vec<bool>, Rule> {
        run_opened(table, slots).map_err(|error| error.rule)
    }

    /// Without a gap, (date, event) alone must grow from fact to fact.
    #[test]
    fn facts_of_a_count_are_taken_in_order() {
        let twice = table(Criterion {
            count: 2,
            ..has(condition(10))
        });
        let taken = |first: (u32, u16), second: (u32, u16)| {
            let opened = |(date, event)| record(fact(condition(10), date, event), Key::MAX);
            let first = slot(Action::Fact, true, false, opened(first));
            ran(&twice, &[first, slot(Action::Fact, false, true, opened(second))])
        };
        assert_eq!(taken((5, 1), (6, 0)), Ok(vec![true]));
        assert_eq!(taken((5, 1), (5, 2)), Ok(vec![true]));
        for second in [(5, 1), (5, 0), (4, 2)] {
            assert_eq!(taken((5, 1), second), Err(Rule::Spacing), "{second:?}");
        }
    }

    #[test]
    fn a_gap_between_members_is_for_criteria_with_a_set() {
        let member = Opened::Set(SetLeaf {
            member: Concept::ZERO,
            next: Concept::MAX,
        });
        let without = table(none(condition(10), condition(11)));
        assert_eq!(
            ran(&without, &[slot(Action::SetGap, true, true, member)]),
            Err(Rule::Mode)
        );
    }

    /// The last key that a fact can have is still the member's own: no gap passes over it.
    #[test]
    fn a_gap_between_members_begins_after_the_last_key_of_the_member() {
        let row = Criterion {
            set_root: Some(Fr::from(1u64)),
            ..none(condition(10), condition(12))
        };
        let gaps = |cursor| {
            let member = Opened::Set(SetLeaf {
                member: condition(10),
                next: Concept::MAX,
            });
            let first = slot(Action::RecordGap, true, false, record(Fact::SENTINEL, cursor));
            ran(&table(row), &[first, slot(Action::SetGap, false, true, member)])
        };
        let last = Key::last_of(condition(10));
        assert_eq!(last.seq, Seq::MAX);
        assert_eq!(gaps(last), Err(Rule::GapStart));
        assert_eq!(gaps(Key::first_of(condition(11))), Ok(vec![true]));
    }

    #[test]
    fn the_cursor_never_goes_back() {
        let table = table(none(condition(10), condition(12)));
        let cursor = Key::first_of(condition(11));
        let to = |next| {
            let gap = |start, next| slot(Action::RecordGap, start, false, record(Fact::SENTINEL, next));
            ran(&table, &[gap(true, cursor), gap(false, next)])
        };
        assert_eq!(to(Key::last_of(condition(10))), Err(Rule::GapEnd));
        assert_eq!(to(cursor), Ok(vec![false]));
        assert_eq!(to(Key::last_of(condition(11))), Ok(vec![false]));
    }

    #[test]
    fn members_and_their_gaps_open_the_set_and_nothing_else_does() {
        let opening = Action::ALL.map(Action::opens_set);
        assert_eq!(opening, [false, false, true, false, true, false]);
    }
}
