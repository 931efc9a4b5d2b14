//! Finds the slots that show a policy for a record, or says that there are none.

use crate::codeset::CodeSet;
use crate::fact::{Key, Leaf};
use crate::machine::{Action, Opened, Slot, certainly_matches, definitely_fails};
use crate::policy::{Criterion, Mode, Policy};
use crate::record::Facts;
use crate::tree::{FACT_DEPTH, Path};
use alloc::vec;
use alloc::vec::Vec;
use thiserror::Error;
use zeroize::Zeroizing;

/// Why there are no slots. To whoever asked, both look alike; the prover's operator may know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NotProvable {
    /// The record does not certainly satisfy the policy.
    #[error("the record does not satisfy the policy")]
    NotSatisfied,
    /// It does, but not within the tier.
    #[error("expected at most {available} slots, found {needed} needed: the claim's author must request a larger tier")]
    TooLarge {
        /// Slots that the record needs.
        needed: usize,
        /// Slots of the tier.
        available: usize,
    },
}

/// A record's slots, wiped when dropped.
pub type Slots = Zeroizing<Vec<Slot>>;

// A slot before its path is looked up.
#[derive(Clone, Copy)]
struct Move {
    action: Action,
    index: u64,
    opened: Opened,
}

/// The shortest slots that show the policy, filled up with idle ones to the tier's number.
///
/// # Errors
/// [`NotProvable`] where the record does not certainly satisfy it, or not within the tier.
pub fn assign(policy: &Policy, facts: &Facts) -> Result<Slots, NotProvable> {
    let groups = groups(policy, facts).ok_or(NotProvable::NotSatisfied)?;
    let available = policy.table().header().tier.slots();
    let needed = groups.iter().map(|(_, moves)| moves.len()).sum();
    if needed > available {
        return Err(NotProvable::TooLarge { needed, available });
    }
    let mut slots = Vec::with_capacity(available);
    for (criterion, moves) in &groups {
        let last = moves.iter().rposition(|m| m.action != Action::Member);
        for (i, m) in moves.iter().enumerate() {
            let path = path_of(policy.set(*criterion), facts, m).ok_or(NotProvable::NotSatisfied)?;
            let (start, ends) = (i == 0, Some(i) == last);
            slots.push(Slot {
                action: m.action,
                start,
                ends,
                criterion: *criterion,
                opened: m.opened,
                path,
            });
        }
    }
    let path = facts.path(0).ok_or(NotProvable::NotSatisfied)?;
    let idle = Slot {
        action: Action::Idle,
        start: false,
        ends: false,
        criterion: 0,
        opened: Opened::Record(facts.leaves()[0]),
        path,
    };
    slots.resize(available, idle);
    Ok(Zeroizing::new(slots))
}

/// How many slots the record needs for the policy, whatever the tier; `None` where it does not
/// certainly satisfy it.
pub fn slots_needed(policy: &Policy, facts: &Facts) -> Option<usize> {
    Some(groups(policy, facts)?.iter().map(|(_, moves)| moves.len()).sum())
}

/// Which criteria the record certainly satisfies.
pub fn satisfied(policy: &Policy, facts: &Facts) -> Vec<bool> {
    shown(policy, facts).iter().map(Option::is_some).collect()
}

fn path_of(set: Option<&CodeSet>, facts: &Facts, m: &Move) -> Option<Path<FACT_DEPTH>> {
    if m.action.opens_set() {
        set?.path(m.index)
    } else {
        facts.path(usize::try_from(m.index).ok()?)
    }
}

fn shown(policy: &Policy, facts: &Facts) -> Vec<Option<Vec<Move>>> {
    let rows = policy.table().criteria().iter().enumerate();
    rows.map(|(i, row)| match row.mode {
        Mode::AtLeast => at_least(row, policy.set(i), facts),
        Mode::Latest => latest(row, facts),
        Mode::None => none(row, policy.set(i), facts),
    })
    .collect()
}

// Of each clause the cheapest criteria that hold, as many as its threshold asks for.
fn groups(policy: &Policy, facts: &Facts) -> Option<Vec<(usize, Vec<Move>)>> {
    let mut groups = Vec::new();
    let mut clause: Vec<(usize, Vec<Move>)> = Vec::new();
    let shown = shown(policy, facts);
    for (criterion, (row, moves)) in policy.table().criteria().iter().zip(shown).enumerate() {
        clause.extend(moves.map(|moves| (criterion, moves)));
        if let Some(threshold) = row.threshold {
            clause.sort_by_key(|(_, moves)| moves.len());
            if clause.len() < usize::from(threshold) {
                return None;
            }
            groups.extend(clause.drain(..).take(usize::from(threshold)));
            clause.clear();
        }
    }
    Some(groups)
}

fn record_move(action: Action, index: usize, leaf: &Leaf) -> Move {
    Move {
        action,
        index: index as u64,
        opened: Opened::Record(*leaf),
    }
}

// Earliest-ending facts first: no other choice leaves more room for those after.
fn at_least(row: &Criterion, set: Option<&CodeSet>, facts: &Facts) -> Option<Vec<Move>> {
    let first = facts.first_at_or_after(Key::first_of(row.concept_lo));
    let mut candidates: Vec<(usize, &Leaf)> = facts
        .leaves()
        .iter()
        .enumerate()
        .skip(first)
        .take_while(|(_, l)| l.fact.concept <= row.concept_hi)
        .filter(|(_, l)| set.is_none_or(|s| s.contains(l.fact.concept)) && certainly_matches(row, &l.fact))
        .collect();
    candidates.sort_by_key(|(_, l)| (l.fact.date, l.fact.seq.event));
    let mut chosen: Vec<(usize, &Leaf)> = Vec::new();
    for (index, leaf) in candidates {
        if chosen.len() == usize::from(row.count) {
            break;
        }
        let follows = chosen.last().is_none_or(|(_, last)| {
            if row.min_gap_days > 0 {
                u64::from(leaf.fact.since.0) >= u64::from(last.fact.date.0) + u64::from(row.min_gap_days)
            } else {
                (leaf.fact.date, leaf.fact.seq.event) > (last.fact.date, last.fact.seq.event)
            }
        });
        if follows {
            chosen.push((index, leaf));
        }
    }
    (chosen.len() == usize::from(row.count)).then_some(())?;
    let mut moves = Vec::new();
    for (index, leaf) in chosen {
        moves.push(record_move(Action::Fact, index, leaf));
        if let Some(set) = set {
            let (index, member) = set.at_or_before(leaf.fact.concept);
            moves.push(Move {
                action: Action::Member,
                index,
                opened: Opened::Set(member),
            });
        }
    }
    Some(moves)
}

fn latest(row: &Criterion, facts: &Facts) -> Option<Vec<Move>> {
    let after = facts
        .leaves()
        .partition_point(|l| l.fact.key() <= Key::last_of(row.concept_hi));
    let index = after.checked_sub(1)?;
    let leaf = &facts.leaves()[index];
    let shows = leaf.fact.concept == row.concept_lo && !leaf.fact.contested && certainly_matches(row, &leaf.fact);
    shows.then(|| vec![record_move(Action::Fact, index, leaf)])
}

// Always the move that goes farthest: from a greater cursor one never reaches less.
fn none(row: &Criterion, set: Option<&CodeSet>, facts: &Facts) -> Option<Vec<Move>> {
    let end = Key::last_of(row.concept_hi);
    let mut cursor = Key::first_of(row.concept_lo);
    let mut moves = Vec::new();
    while cursor <= end {
        let (next, best) = moves_from(row, set, facts, cursor).max_by_key(|(next, _)| *next)?;
        if next <= cursor {
            return None;
        }
        moves.push(best);
        cursor = next;
    }
    Some(moves)
}

fn moves_from<'a>(
    row: &'a Criterion,
    set: Option<&'a CodeSet>,
    facts: &'a Facts,
    cursor: Key,
) -> impl Iterator<Item = (Key, Move)> + 'a {
    let leaves = facts.leaves();
    let at = facts.first_at_or_after(cursor);
    let pass = leaves
        .get(at)
        .filter(|l| l.fact.key() == cursor && definitely_fails(row, &l.fact))
        .map(|l| (l.next, record_move(Action::Pass, at, l)));
    let gap = at
        .checked_sub(1)
        .map(|i| (leaves[i].next, record_move(Action::RecordGap, i, &leaves[i])));
    let set_gap = set.and_then(|set| {
        let (index, leaf) = set.at_or_before(cursor.concept);
        // A member's whole block lies before a gap after it; one before it leads no farther.
        let begun = Key::last_of(leaf.member) < cursor;
        begun.then_some((
            Key::first_of(leaf.next),
            Move {
                action: Action::SetGap,
                index,
                opened: Opened::Set(leaf),
            },
        ))
    });
    pass.into_iter().chain(gap).chain(set_gap)
}
