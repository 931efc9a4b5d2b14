"""Section 2: facts, and the leaves that hold them or the members of a code set."""

from dataclasses import dataclass

from refusal import demand
from sponge import RECORD_LEAF, SET_LEAF, hash_of

# The widths of the page in bits.
CONCEPT = 80
DATE = 32
EVENT = 16
SUB = 8
SEQ = EVENT + SUB
KEY = CONCEPT + DATE + SEQ
VALUE = 74

LAST_KEY = (1 << KEY) - 1
LAST_MEMBER = (1 << CONCEPT) - 1
# What a value of these types is, no range of values can ask for.
NO_VALUE = 0
UNKNOWN_VALUE = 255


def value_type(value):
    """type(8) of type(8) ‖ v(66)."""
    return value >> 66


def lowest_key(concept):
    """concept ‖ 0^56."""
    return concept << (DATE + SEQ)


def highest_key(concept):
    """concept ‖ 1^56."""
    return lowest_key(concept + 1) - 1


@dataclass(frozen=True)
class Fact:
    """One fact; the sentinel is the fact whose fields are all 0."""

    concept: int
    date: int
    event: int
    sub: int
    contested: bool
    uncertain: bool
    value: int
    until: int
    since: int

    def key(self):
        """concept(80) ‖ date(32) ‖ event(16) ‖ sub(8)."""
        return lowest_key(self.concept) | self.date << SEQ | self.event << SUB | self.sub


SENTINEL = Fact(0, 0, 0, 0, False, False, 0, 0, 0)


@dataclass(frozen=True)
class RecordLeaf:
    """A fact, its successor's key, the leaf's salt."""

    fact: Fact
    next: int
    salt: int

    def hash(self):
        """H_1."""
        fact = self.fact
        seq = fact.event << SUB | fact.sub
        flagged = seq * 4 + fact.contested * 2 + fact.uncertain
        validity = (fact.until << DATE) + fact.since
        return hash_of(RECORD_LEAF, fact.concept, fact.date, flagged, fact.value, validity, self.next, self.salt)


@dataclass(frozen=True)
class SetLeaf:
    """A member of a code set and the next one."""

    member: int
    next: int

    def hash(self):
        """H_3."""
        return hash_of(SET_LEAF, self.member, 0, 0, 0, 0, self.next, 0)


def demand_order(facts):
    """Refuses facts that no record can hold: keys out of order, beyond the concepts, since after date."""
    demand(all(1 <= fact.concept <= LAST_MEMBER - 1 for fact in facts), "2 concept")
    demand(all(fact.since <= fact.date for fact in facts), "2 since after date")
    keys = [fact.key() for fact in facts]
    demand(all(key < later for key, later in zip(keys, keys[1:])), "2 keys are not strictly increasing")
