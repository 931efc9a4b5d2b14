//! §6: the slot machine. One block per rule of [`medproof_statement::machine`].
//!
//! Comparisons share their range checks: a slot does one thing, so that the two wide checks serve
//! a fact's concept, a gap's ends or a group's end, whichever the action is about. Differences are
//! multiplied by the action's bit first; where no action asks, a zero is checked.

use crate::known::Known;
use crate::policy::{Policy, Row};
use ark_relations::gr1cs::SynthesisError;
use medproof_gadgets::bits::Bit;
use medproof_gadgets::wire::enforce_product;
use medproof_gadgets::{Cs, Wire, bits, compare, poseidon2, select, tree};
use medproof_statement::check::Witness;
use medproof_statement::fact::{DATE_BITS, Fact, KEY_BITS, SEQ_BITS, TAIL_BITS};
use medproof_statement::field::pow2;
use medproof_statement::hash::Tag;
use medproof_statement::machine::{self, Action, Opened, Slot};
use medproof_statement::policy::{Criterion, flags};
use medproof_statement::tier::Tier;
use medproof_statement::tree::FACT_DEPTH;
use medproof_statement::value::{V_BITS, type_weight};
use medproof_statement::{Fr, poseidon2 as native_poseidon2};

/// Bits of (date, event), in which facts of a group are ordered.
const ORDER_BITS: usize = DATE_BITS as usize + 16;

/// Constraints of one slot, for a table of so many rows.
pub(crate) fn cost(criteria: usize) -> usize {
    let days = DATE_BITS as usize;
    let actions = 11;
    let selection = 2 * criteria + 1 + 9 * criteria + bits::range_cost(flags::BITS as usize) + 1;
    let mode = 3;
    let fields = 8 + 16 + 2 + 2 * days + 5;
    let opening = poseidon2::cost::<8>() + tree::index_cost(FACT_DEPTH) + tree::cost(FACT_DEPTH) + 2;
    let cursor = 10 + 2 * bits::range_cost(KEY_BITS as usize);
    let time = 1 + 4 * compare::compare_cost(days) + 5;
    let value = 13 + 2 * bits::range_cost(V_BITS as usize);
    let spacing = 4 + bits::range_cost(ORDER_BITS);
    let (member, shape, fact, pass, count) = (1, 3, 4, 3, 3);
    let ends = criteria + 1;
    actions
        + selection
        + mode
        + fields
        + opening
        + member
        + shape
        + cursor
        + time
        + value
        + fact
        + pass
        + spacing
        + count
        + ends
}

/// Constraints after the last slot.
pub(crate) const fn end_cost(criteria: usize) -> usize {
    1 + criteria
}

/// Runs all slots over the record; returns for each criterion whether a group completed it.
pub(crate) fn run(
    cs: &Cs,
    known: Known<'_>,
    tier: Tier,
    policy: &Policy,
    facts_root: &Wire,
) -> Result<Vec<Bit>, SynthesisError> {
    let mut state = State::first(policy.rows.len());
    let mut holds = vec![Wire::zero(); policy.rows.len()];
    for index in 0..tier.slots() {
        let values = Values { known, index };
        state = step(cs, values, &policy.rows, facts_root, &state, &mut holds)?;
    }
    // The table's last slot cannot be a fact that still wants its member.
    state.member_due.wire().enforce_zero(cs)?;
    // One boolean a criterion, set by at most one group.
    holds.into_iter().map(|sum| Bit::enforce(cs, sum)).collect()
}

/// What is carried from slot to slot.
struct State {
    criterion: Vec<Bit>,
    concept: Wire,
    member_due: Bit,
    count: Wire,
    date: Wire,
    order: Wire,
    cursor: Wire,
}

impl State {
    fn first(criteria: usize) -> Self {
        State {
            criterion: vec![Bit::constant(false); criteria],
            concept: Wire::zero(),
            member_due: Bit::constant(false),
            count: Wire::zero(),
            date: Wire::zero(),
            order: Wire::zero(),
            cursor: Wire::zero(),
        }
    }
}

/// The slot's part of the witness.
#[derive(Clone, Copy)]
struct Values<'w> {
    known: Known<'w>,
    index: usize,
}

impl<'w> Values<'w> {
    fn slot<T>(self, read: impl FnOnce(&'w Slot) -> T) -> Result<T, SynthesisError> {
        let slot: Option<&'w Slot> = self.known.get(|w: &'w Witness| w.slots.get(self.index))?;
        slot.map(read).ok_or(SynthesisError::AssignmentMissing)
    }

    fn fact(self) -> Result<Option<&'w Fact>, SynthesisError> {
        self.slot(|s| match &s.opened {
            Opened::Record(leaf) => Some(&leaf.fact),
            Opened::Set(_) => None,
        })
    }

    // A field of the record leaf; 0 in a set leaf.
    fn of_fact(self, cs: &Cs, read: impl FnOnce(&Fact) -> Fr) -> Result<Wire, SynthesisError> {
        Wire::witness(cs, || Ok(self.fact()?.map(read).unwrap_or_default()))
    }

    fn bits_of_fact(self, cs: &Cs, n: u32, read: impl FnOnce(&Fact) -> u64) -> Result<Vec<Bit>, SynthesisError> {
        let value = self.fact().map(|fact| fact.map(read).unwrap_or_default());
        let bit = |i: u32| {
            move || {
                value
                    .map(|v| v >> i & 1 == 1)
                    .map_err(|_| SynthesisError::AssignmentMissing)
            }
        };
        (0..n).map(|i| Bit::witness(cs, bit(i))).collect()
    }

    // The criterion of the last group that was opened at or before this slot.
    fn criterion(self) -> Result<Option<usize>, SynthesisError> {
        let up_to = self
            .known
            .get(|w| w.slots.get(..=self.index))?
            .ok_or(SynthesisError::AssignmentMissing)?;
        Ok(up_to.iter().rev().find(|s| s.start).map(|s| s.criterion))
    }

    fn row(self) -> Result<Option<&'w Criterion>, SynthesisError> {
        let criterion = self.criterion()?;
        self.known.get(|w| criterion.and_then(|c| w.table.criteria().get(c)))
    }
}

/// The slot's action as bits of which exactly one is set.
struct Actions {
    fact: Bit,
    member: Bit,
    record_gap: Bit,
    set_gap: Bit,
    pass: Bit,
    // Moves of the cursor: record_gap, set_gap or pass.
    moves: Bit,
    start: Bit,
    ends: Bit,
}

impl Actions {
    fn allocate(cs: &Cs, values: Values<'_>, member_due: &Bit) -> Result<Self, SynthesisError> {
        let is = |action: Action| Bit::witness(cs, || values.slot(|s| s.action == action));
        let fact = is(Action::Fact)?;
        let member = is(Action::Member)?;
        let record_gap = is(Action::RecordGap)?;
        let set_gap = is(Action::SetGap)?;
        let pass = is(Action::Pass)?;
        let start = Bit::witness(cs, || values.slot(|s| s.start))?;
        let ends = Bit::witness(cs, || values.slot(|s| s.ends))?;
        // At most one action: what is left over is idle, and a bit. So `moves` is one, too.
        let moves = Wire::sum([record_gap.wire(), set_gap.wire(), pass.wire()]);
        let idle = Wire::from(1) - fact.wire() - member.wire() - &moves;
        let idle = Bit::enforce(cs, idle)?;
        // Idle slots and members neither open nor end a group: they would claim it for nothing.
        let bystander = idle.wire() + member.wire();
        enforce_product(cs, start.wire(), &bystander, &Wire::zero())?;
        enforce_product(cs, ends.wire(), &bystander, &Wire::zero())?;
        // A fact of a criterion with a set is followed by its member at once, and nothing else is.
        member.wire().enforce_equal(cs, member_due.wire())?;
        Ok(Actions {
            fact,
            member,
            record_gap,
            set_gap,
            pass,
            moves: Bit::assume(moves),
            start,
            ends,
        })
    }

    fn opens_set(&self) -> Bit {
        Bit::assume(self.member.wire() + self.set_gap.wire())
    }
}

/// The selected criterion's row.
struct Selected {
    is_at_least_or_latest: Wire,
    is_latest: Wire,
    is_none: Bit,
    either: Bit,
    has_active: Bit,
    has_value: Bit,
    has_set: Bit,
    spaced: Bit,
    count: Wire,
    gap: Wire,
    type_base: Wire,
    concept_lo: Wire,
    concept_hi: Wire,
    set_root: Wire,
    date_lo: Wire,
    date_hi: Wire,
    active_on: Wire,
    value_lo: Wire,
    value_hi: Wire,
}

impl Selected {
    fn new(cs: &Cs, criterion: &[Bit], rows: &[Row]) -> Result<Self, SynthesisError> {
        let mut fields: Vec<Wire> = Vec::new();
        for column in 0..rows.first().map_or(0, |row| row.of_slot().len()) {
            let column: Vec<Wire> = rows.iter().map(|row| row.of_slot()[column].clone()).collect();
            fields.push(selected(cs, criterion, &column)?);
        }
        let [
            small,
            concept_lo,
            concept_hi,
            set_root,
            date_lo,
            date_hi,
            active_on,
            value_lo,
            value_hi,
        ] = <[Wire; 9]>::try_from(fields).map_err(|_| SynthesisError::Unsatisfiable)?;
        let small = bits::decompose(cs, &small, flags::BITS as usize)?;
        let bit = |at: u32| small[at as usize].clone();
        let number = |from: u32, to: u32| bits::pack(&small[from as usize..to as usize]);
        // mode is 0 (none selected), 1 AT_LEAST, 2 LATEST, 3 NONE.
        let is_none = bit(flags::MODE).and(cs, &bit(flags::MODE + 1))?;
        let is_latest = bit(flags::MODE + 1).wire() - is_none.wire();
        let is_at_least = bit(flags::MODE).wire() - is_none.wire();
        Ok(Selected {
            is_at_least_or_latest: is_at_least + &is_latest,
            is_latest,
            is_none,
            either: bit(flags::EITHER),
            has_active: bit(flags::HAS_ACTIVE),
            has_value: bit(flags::HAS_VALUE),
            has_set: bit(flags::HAS_SET),
            spaced: bit(flags::SPACED),
            count: number(flags::COUNT, flags::GAP),
            gap: number(flags::GAP, flags::VALUE_TYPE),
            type_base: number(flags::VALUE_TYPE, flags::BITS) * type_weight(),
            concept_lo,
            concept_hi,
            set_root,
            date_lo,
            date_hi,
            active_on,
            value_lo,
            value_hi,
        })
    }
}

/// The opened leaf. In a set's leaf, all but `concept` (the member) and `next` are 0.
struct Leaf {
    concept: Wire,
    date: Wire,
    event: Wire,
    contested: Bit,
    uncertain: Bit,
    value: Wire,
    until: Wire,
    since: Wire,
    // A key of 136 bits; in a set's leaf a concept of 80.
    next: Wire,
    // concept ‖ date ‖ seq.
    key: Wire,
}

fn step(
    cs: &Cs,
    values: Values<'_>,
    rows: &[Row],
    facts_root: &Wire,
    before: &State,
    holds: &mut [Wire],
) -> Result<State, SynthesisError> {
    let actions = Actions::allocate(cs, values, &before.member_due)?;
    let criterion = select_criterion(cs, values, &actions, &before.criterion)?;
    let row = Selected::new(cs, &criterion, rows)?;
    enforce_mode(cs, &actions, &row)?;
    let leaf = open_leaf(cs, values, &actions, &row, facts_root)?;
    // The member is the concept of the fact before.
    enforce_product(
        cs,
        actions.member.wire(),
        &(&leaf.concept - &before.concept),
        &Wire::zero(),
    )?;

    let shape = Shape::new(cs, &actions, &row)?;
    let cursor = move_cursor(cs, &actions, &shape, &row, &leaf, &before.cursor)?;
    let time = Time::new(cs, &actions, &row, &leaf)?;
    let value_fails = enforce_value(cs, values, &actions, &row, &leaf)?;
    enforce_fact(cs, &actions, &shape, &row, &leaf, &time)?;
    enforce_pass(cs, &actions, &row, &leaf, &time, &value_fails)?;
    let (date, order) = enforce_spacing(cs, &actions, &shape, &row, &leaf, before)?;
    let count = enforce_count(cs, &actions, &shape, &row, &before.count)?;

    for (sum, selected) in holds.iter_mut().zip(&criterion) {
        *sum = &*sum + actions.ends.and(cs, selected)?.wire();
    }
    let member_due = actions.fact.and(cs, &row.has_set)?;
    Ok(State {
        criterion,
        concept: leaf.concept,
        member_due,
        count,
        date,
        order,
        cursor,
    })
}

/// Conjunctions that several rules need.
struct Shape {
    // A fact that continues its group.
    continues: Bit,
    // A fact that completes its group.
    fact_ends: Bit,
    // A fact under LATEST.
    latest: Bit,
    // A move of the cursor that completes its group.
    move_ends: Bit,
}

impl Shape {
    fn new(cs: &Cs, actions: &Actions, row: &Selected) -> Result<Self, SynthesisError> {
        let fact_ends = actions.fact.and(cs, &actions.ends)?;
        // Only facts and moves end groups.
        let move_ends = Bit::assume(actions.ends.wire() - fact_ends.wire());
        Ok(Shape {
            continues: actions.fact.and(cs, &actions.start.not())?,
            fact_ends,
            latest: Bit::assume(actions.fact.wire().times(cs, &row.is_latest)?),
            move_ends,
        })
    }
}

// A slot that opens a group picks one criterion; any other stays with the one before. So the bits
// are one-hot, or all 0 until the first group.
fn select_criterion(
    cs: &Cs,
    values: Values<'_>,
    actions: &Actions,
    before: &[Bit],
) -> Result<Vec<Bit>, SynthesisError> {
    let mut bits = Vec::with_capacity(before.len());
    for (i, before) in before.iter().enumerate() {
        let bit = Bit::witness(cs, || Ok(values.criterion()? == Some(i)))?;
        enforce_product(
            cs,
            actions.start.not().wire(),
            &(bit.wire() - before.wire()),
            &Wire::zero(),
        )?;
        bits.push(bit);
    }
    let chosen = Wire::sum(bits.iter().map(Bit::wire));
    enforce_product(cs, actions.start.wire(), &(chosen - Fr::from(1u64)), &Wire::zero())?;
    Ok(bits)
}

// Σ bit·value: the value of the one bit that is set, or 0.
fn selected(cs: &Cs, bits: &[Bit], values: &[Wire]) -> Result<Wire, SynthesisError> {
    let terms: Vec<Wire> = bits
        .iter()
        .zip(values)
        .map(|(bit, value)| bit.wire().times(cs, value))
        .collect::<Result<_, _>>()?;
    Ok(Wire::sum(&terms))
}

// Facts show AT_LEAST and LATEST, moves show NONE, and set gaps need a set. With no criterion
// selected the mode is 0, and neither fact nor move is possible.
fn enforce_mode(cs: &Cs, actions: &Actions, row: &Selected) -> Result<(), SynthesisError> {
    enforce_product(
        cs,
        actions.fact.wire(),
        &(Wire::from(1) - &row.is_at_least_or_latest),
        &Wire::zero(),
    )?;
    actions.moves.enforce_implies(cs, &row.is_none)?;
    actions.set_gap.enforce_implies(cs, &row.has_set)
}

// The leaf hashes up to facts_root, or to the criterion's set_root where the action opens the set.
// The tag differs, so that neither kind of leaf can stand for the other.
fn open_leaf(
    cs: &Cs,
    values: Values<'_>,
    actions: &Actions,
    row: &Selected,
    facts_root: &Wire,
) -> Result<Leaf, SynthesisError> {
    let concept = Wire::witness(cs, || {
        values.slot(|s| match &s.opened {
            Opened::Record(leaf) => leaf.fact.concept.to_field(),
            Opened::Set(leaf) => leaf.member.to_field(),
        })
    })?;
    let next = Wire::witness(cs, || {
        values.slot(|s| match &s.opened {
            Opened::Record(leaf) => leaf.next.to_field(),
            Opened::Set(leaf) => leaf.next.to_field(),
        })
    })?;
    let date = values.of_fact(cs, |f| Fr::from(f.date.0))?;
    let value = values.of_fact(cs, |f| f.value.to_field())?;
    let salt = Wire::witness(cs, || {
        values.slot(|s| match &s.opened {
            Opened::Record(leaf) => leaf.salt,
            Opened::Set(_) => Fr::default(),
        })
    })?;
    let sub = values.bits_of_fact(cs, 8, |f| u64::from(f.seq.sub))?;
    let event = values.bits_of_fact(cs, 16, |f| u64::from(f.seq.event))?;
    let contested = Bit::witness(cs, || Ok(values.fact()?.is_some_and(|f| f.contested)))?;
    let uncertain = Bit::witness(cs, || Ok(values.fact()?.is_some_and(|f| f.uncertain)))?;
    let until = bits::pack(&values.bits_of_fact(cs, DATE_BITS, |f| f.until.0.into())?);
    let since = bits::pack(&values.bits_of_fact(cs, DATE_BITS, |f| f.since.0.into())?);

    let event = bits::pack(&event);
    let seq = &event * pow2(8) + bits::pack(&sub);
    let small = &seq * pow2(2) + contested.wire() * pow2(1) + uncertain.wire();
    let ends = &until * pow2(DATE_BITS) + &since;
    let opens_set = actions.opens_set();
    for unused in [&date, &small, &value, &ends, &salt] {
        enforce_product(cs, opens_set.wire(), unused, &Wire::zero())?;
    }
    let record_tag = native_poseidon2::domain(Tag::Leaf as u64, 7);
    let set_tag = native_poseidon2::domain(Tag::SetLeaf as u64, 7);
    let tag = opens_set.wire() * (set_tag - record_tag) + record_tag;
    let state = [
        tag,
        concept.clone(),
        date.clone(),
        small,
        value.clone(),
        ends,
        next.clone(),
        salt,
    ];
    let hash = poseidon2::permute::<8>(cs, &state)?[1].clone();
    let index = tree::Index::<FACT_DEPTH>::witness(cs, || values.slot(|s| s.path.index))?;
    let root = tree::root(cs, &hash, &index, || {
        values.slot(|s| s.path.all_children(s.opened.hash()))
    })?;
    let expected = select::select(cs, &opens_set, &row.set_root, facts_root)?;
    root.enforce_equal(cs, &expected)?;
    let key = &concept * pow2(TAIL_BITS) + &date * pow2(SEQ_BITS) + seq;
    Ok(Leaf {
        concept,
        date,
        event,
        contested,
        uncertain,
        value,
        until,
        since,
        next,
        key,
    })
}

// The interval, the cursor and the ends of NONE and LATEST. Returns the cursor after the slot.
fn move_cursor(
    cs: &Cs,
    actions: &Actions,
    shape: &Shape,
    row: &Selected,
    leaf: &Leaf,
    before: &Wire,
) -> Result<Wire, SynthesisError> {
    let tail = pow2(TAIL_BITS);
    let cursor = select::select(cs, &actions.start, &(&row.concept_lo * tail), before)?;
    // Where the slot would move to: m'‖0^56 after a set gap, else the leaf's successor.
    let target = select::select(cs, &actions.set_gap, &(&leaf.next * tail), &leaf.next)?;
    // Just above concept_hi ‖ 1^56.
    let beyond = (&row.concept_hi + Fr::from(1u64)) * tail;

    // From below: the fact's concept is in the interval; a gap begins before the cursor.
    // k < cursor, and m ‖ 1^56 < cursor: with 0^56 there a matching fact could be jumped.
    let in_interval = (&leaf.concept - &row.concept_lo).times(cs, actions.fact.wire())?;
    let record_gap = (&cursor - &leaf.key - Fr::from(1u64)).times(cs, actions.record_gap.wire())?;
    let set_gap = (&cursor - (&leaf.concept + Fr::from(1u64)) * tail).times(cs, actions.set_gap.wire())?;
    bits::enforce_range(cs, &(in_interval + record_gap + set_gap), KEY_BITS as usize)?;

    // From above: the fact's concept is in the interval; under LATEST, and at the end of NONE, the
    // successor is beyond it; any other gap ends at or after the cursor.
    let counted = actions.fact.wire() - shape.latest.wire();
    let in_interval = (&row.concept_hi - &leaf.concept).times(cs, &counted)?;
    let covered = (&target - beyond).times(cs, &(shape.latest.wire() + shape.move_ends.wire()))?;
    let onward = (&target - &cursor).times(cs, &(actions.moves.wire() - shape.move_ends.wire()))?;
    bits::enforce_range(cs, &(in_interval + covered + onward), KEY_BITS as usize)?;

    // A fact is passed only where the cursor stands: else what lies between were skipped.
    enforce_product(cs, actions.pass.wire(), &(&leaf.key - &cursor), &Wire::zero())?;
    select::select(cs, &actions.moves, &target, before)
}

/// Window and activity. For a fact: whether it certainly is so; else: whether it could be.
struct Time {
    in_window: Bit,
    holds: Wire,
}

impl Time {
    // A fact must be inside with every day that it allows: since ≥ date_lo, date ≤ date_hi. What is
    // passed must be outside with every day: date < date_lo or since > date_hi. So the two ends
    // swap their places, and the comparisons are the same four. Activity likewise.
    fn new(cs: &Cs, actions: &Actions, row: &Selected, leaf: &Leaf) -> Result<Self, SynthesisError> {
        let days = DATE_BITS as usize;
        let early = select::select(cs, &actions.fact, &leaf.since, &leaf.date)?;
        let late = &leaf.since + &leaf.date - &early;
        let after_start = compare::is_le(cs, &row.date_lo, &early, days)?;
        let before_end = compare::is_le(cs, &late, &row.date_hi, days)?;
        let begun = compare::is_le(cs, &late, &row.active_on, days)?;
        let not_over = compare::is_le(cs, &row.active_on, &leaf.until, days)?;
        let in_window = after_start.and(cs, &before_end)?;
        let active = begun.and(cs, &not_over)?;
        let both = in_window.and(cs, &active)?;
        // either: window ∨ active; active_on alone: window ∧ active; else: window.
        let or_active =
            (in_window.wire() + active.wire() - both.wire() * Fr::from(2u64)).times(cs, row.either.wire())?;
        let and_active = (both.wire() - in_window.wire()).times(cs, row.has_active.wire())?;
        let holds = in_window.wire() + or_active + and_active;
        Ok(Time { in_window, holds })
    }
}

// A fact's value lies in the range asked for. What is passed for its value has one of the same
// type below the range or above it: in [least of the type, lo − 1] or [hi + 1, greatest of the
// type]. Returns whether the slot passes a fact for its value.
fn enforce_value(
    cs: &Cs,
    values: Values<'_>,
    actions: &Actions,
    row: &Selected,
    leaf: &Leaf,
) -> Result<Bit, SynthesisError> {
    let one = Fr::from(1u64);
    let below = Bit::witness(cs, || Ok(passed_by_value(values)? == Some(core::cmp::Ordering::Less)))?;
    let above = Bit::witness(
        cs,
        || Ok(passed_by_value(values)? == Some(core::cmp::Ordering::Greater)),
    )?;
    enforce_product(cs, below.wire(), above.wire(), &Wire::zero())?;
    let fails = Bit::assume(below.wire() + above.wire());
    fails.enforce_implies(cs, &actions.pass)?;
    fails.enforce_implies(cs, &row.has_value)?;
    fails.enforce_implies(cs, &leaf.uncertain.not())?;

    let asked = actions.fact.and(cs, &row.has_value)?;
    let greatest = &row.type_base + (type_weight() - one);
    let from_below = (&leaf.value - &row.value_lo).times(cs, asked.wire())?
        + (&leaf.value - &row.type_base).times(cs, below.wire())?
        + (&leaf.value - &row.value_hi - one).times(cs, above.wire())?;
    bits::enforce_range(cs, &from_below, V_BITS as usize)?;
    let from_above = (&row.value_hi - &leaf.value).times(cs, asked.wire())?
        + (&row.value_lo - &leaf.value - one).times(cs, below.wire())?
        + (greatest - &leaf.value).times(cs, above.wire())?;
    bits::enforce_range(cs, &from_above, V_BITS as usize)?;
    Ok(fails)
}

// How a passed fact's value misses the range, where its time alone does not clear it.
fn passed_by_value(values: Values<'_>) -> Result<Option<core::cmp::Ordering>, SynthesisError> {
    let pass = values.slot(|s| s.action == Action::Pass)?;
    let (Some(fact), Some(row)) = (values.fact()?, values.row()?) else {
        return Ok(None);
    };
    let Some((lo, hi)) = row
        .value
        .filter(|(lo, _)| pass && !fact.uncertain && fact.value.kind() == lo.kind())
    else {
        return Ok(None);
    };
    let by_time = machine::definitely_fails(&Criterion { value: None, ..*row }, fact);
    Ok(if by_time {
        None
    } else if fact.value < lo {
        Some(core::cmp::Ordering::Less)
    } else if fact.value > hi {
        Some(core::cmp::Ordering::Greater)
    } else {
        None
    })
}

// What is asked of a fact beside interval and value: certain, at the right time, and under LATEST
// of the one concept and without a rival at the same instant.
fn enforce_fact(
    cs: &Cs,
    actions: &Actions,
    shape: &Shape,
    row: &Selected,
    leaf: &Leaf,
    time: &Time,
) -> Result<(), SynthesisError> {
    actions.fact.enforce_implies(cs, &leaf.uncertain.not())?;
    enforce_product(cs, actions.fact.wire(), &(Wire::from(1) - &time.holds), &Wire::zero())?;
    enforce_product(
        cs,
        shape.latest.wire(),
        &(&leaf.concept - &row.concept_lo),
        &Wire::zero(),
    )?;
    shape.latest.enforce_implies(cs, &leaf.contested.not())
}

// What is passed definitely fails: by its value; or, if certain, by its time; or, if uncertain, by
// its window, and only where nothing active is asked for.
fn enforce_pass(
    cs: &Cs,
    actions: &Actions,
    row: &Selected,
    leaf: &Leaf,
    time: &Time,
    value_fails: &Bit,
) -> Result<(), SynthesisError> {
    let by_time = Bit::assume(actions.pass.wire() - value_fails.wire());
    let uncertain = by_time.and(cs, &leaf.uncertain)?;
    let certain = by_time.wire() - uncertain.wire();
    enforce_product(cs, &certain, &time.holds, &Wire::zero())?;
    // A sum of two bits: 0 only if both are.
    let open = row.has_active.wire() + time.in_window.wire();
    enforce_product(cs, uncertain.wire(), &open, &Wire::zero())
}

// A fact that continues a group comes after the one before: by min_gap_days from its last day to
// this one's first where spacing is asked for, else by (date, event): two codings of one resource
// are one event. Returns the date and the order of the group's last fact.
fn enforce_spacing(
    cs: &Cs,
    actions: &Actions,
    shape: &Shape,
    row: &Selected,
    leaf: &Leaf,
    before: &State,
) -> Result<(Wire, Wire), SynthesisError> {
    let order = &leaf.date * pow2(16) + &leaf.event;
    let by_days = &leaf.since - &before.date - &row.gap;
    let by_order = &order - &before.order - Fr::from(1u64);
    let apart = select::select(cs, &row.spaced, &by_days, &by_order)?.times(cs, shape.continues.wire())?;
    bits::enforce_range(cs, &apart, ORDER_BITS)?;
    let date = select::select(cs, &actions.fact, &leaf.date, &before.date)?;
    let order = select::select(cs, &actions.fact, &order, &before.order)?;
    Ok((date, order))
}

// Facts of the group so far. A group that ends with a fact has exactly as many as asked.
fn enforce_count(
    cs: &Cs,
    actions: &Actions,
    shape: &Shape,
    row: &Selected,
    before: &Wire,
) -> Result<Wire, SynthesisError> {
    let continued = before.times(cs, shape.continues.wire())?;
    let kept = before.times(cs, actions.fact.not().wire())?;
    let count = continued + kept + actions.fact.wire();
    enforce_product(cs, shape.fact_ends.wire(), &(&count - &row.count), &Wire::zero())?;
    Ok(count)
}
