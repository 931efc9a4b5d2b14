"""Section 6: the machine that walks the slots."""

from dataclasses import dataclass, replace

from criteria import definitely_fails, supports
from facts import RecordLeaf, SetLeaf, highest_key, lowest_key
from policy import AT_LEAST, LATEST, NONE, TIERS
from records import RECORD_DEPTH, SET_DEPTH
from refusal import demand
from tree import Path

IDLE, FACT, MEMBER, GAP, SET_GAP, PASS = "IDLE", "FACT", "MEMBER", "GAP", "SET GAP", "PASS"
OF_A_SET = (MEMBER, SET_GAP)


@dataclass(frozen=True)
class Slot:
    """One slot: what it does, and the leaf that it opens."""

    action: str
    start: bool
    ends: bool
    criterion: int
    leaf: RecordLeaf | SetLeaf
    path: Path


@dataclass(frozen=True)
class State:
    """What one slot leaves to the next."""

    # The criterion whose group it is; None before the first start.
    criterion: int | None = None
    # AT_LEAST and LATEST: the group's FACTs so far, and the last one.
    count: int = 0
    previous: object = None
    # The concept of which the next slot has to show that it is a member.
    due: int | None = None
    # NONE: what is below it is settled.
    cursor: int = 0
    # The criteria that have been ended.
    held: frozenset = frozenset()


def step(rows, state, slot):
    """The state after the slot, or a refusal. What the slot opens is looked at elsewhere: `demand_opened`."""
    kind = SetLeaf if slot.action in OF_A_SET else RecordLeaf
    demand(isinstance(slot.leaf, kind), f"6 {slot.action} opens a leaf of the wrong kind")
    demand((slot.action == MEMBER) == (state.due is not None), "6 MEMBER exactly after a FACT of a set's criterion")
    if slot.action in (IDLE, MEMBER):
        demand(not slot.start and not slot.ends, f"6 {slot.action} neither starts nor ends")
        if slot.action == IDLE:
            return state
        demand(slot.leaf.member == state.due, "6 MEMBER of another concept")
        return replace(state, due=None)
    if slot.start:
        state = started(rows, state, slot.criterion)
    demand(state.criterion is not None, "6 no group to go on with")
    row = rows[state.criterion]
    moved = fact_step(row, state, slot) if slot.action == FACT else none_step(row, state, slot)
    return ended(moved) if slot.ends else moved


def started(rows, state, criterion):
    """The state at the start of a criterion's group."""
    demand(criterion < len(rows), "6 no such criterion")
    return State(criterion=criterion, cursor=lowest_key(rows[criterion].concept_lo), held=state.held)


def ended(state):
    """The state after the end of its criterion's group."""
    demand(state.criterion not in state.held, "6 a criterion ends twice")
    return replace(state, held=state.held | {state.criterion})


def fact_step(row, state, slot):
    """FACT."""
    demand(row.mode in (AT_LEAST, LATEST), "6 FACT of a NONE criterion")
    fact, previous = slot.leaf.fact, state.previous
    demand(supports(row, fact), "6 FACT that does not support the criterion")
    if row.mode == LATEST:
        demand(fact.concept == row.concept_lo, "6 LATEST of another concept")
        demand(not fact.contested, "6 LATEST that is contested")
        demand(slot.leaf.next > highest_key(row.concept_hi), "6 LATEST that is not the last")
    if previous is not None:
        if row.min_gap_days > 0:
            demand(fact.since >= previous.date + row.min_gap_days, "6 FACT too near to the one before")
        else:
            demand((fact.date, fact.event) > (previous.date, previous.event), "6 FACT not above the one before")
    count = state.count + 1
    demand(not slot.ends or count == row.count, "6 FACT ends at another count")
    due = None if row.set_root is None else fact.concept
    return replace(state, count=count, previous=fact, due=due)


def none_step(row, state, slot):
    """GAP, SET GAP and PASS."""
    demand(row.mode == NONE, f"6 {slot.action} of no NONE criterion")
    leaf = slot.leaf
    if slot.action == GAP:
        demand(leaf.fact.key() < state.cursor, "6 GAP above the cursor")
        cursor = leaf.next
    elif slot.action == SET_GAP:
        demand(row.set_root is not None, "6 SET GAP without a set")
        demand(highest_key(leaf.member) < state.cursor, "6 SET GAP above the cursor")
        cursor = lowest_key(leaf.next)
    else:
        demand(leaf.fact.key() == state.cursor, "6 PASS beside the cursor")
        demand(definitely_fails(row, leaf.fact), "6 PASS of a fact that does not definitely fail")
        cursor = leaf.next
    if slot.ends:
        demand(cursor > highest_key(row.concept_hi), "6 NONE ends before the last concept")
    else:
        demand(cursor >= state.cursor, "6 the cursor moves back")
    return replace(state, cursor=cursor)


def demand_opened(slot, facts_root, set_root):
    """Refuses a slot whose leaf is not in its tree; `set_root` is that of the group's criterion, None for none."""
    of_a_set = slot.action in OF_A_SET
    root, depth = (set_root, SET_DEPTH) if of_a_set else (facts_root, RECORD_DEPTH)
    demand(slot.path.root(slot.leaf.hash(), depth, "6") == root, f"6 {slot.action} opens no leaf of its tree")


def held_criteria(policy, facts_root, slots):
    """The criteria that the slots show."""
    policy.demand_tier()
    demand(len(slots) == TIERS[policy.header.tier][1], "4 another number of slots than the tier's")
    state = State()
    for slot in slots:
        state = step(policy.rows, state, slot)
        set_root = None if state.criterion is None else policy.rows[state.criterion].set_root
        demand_opened(slot, facts_root, set_root)
    demand(state.due is None, "6 a MEMBER is due after the last slot")
    return state.held


def clauses_hold(rows, held):
    """Whether in each clause at least as many criteria hold as its threshold says."""
    holding = 0
    for index, row in enumerate(rows):
        holding += index in held
        if row.threshold is not None:
            if holding < row.threshold:
                return False
            holding = 0
    return True
