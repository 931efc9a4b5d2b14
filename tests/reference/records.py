"""Sections 2 and 3: the trees of a record and of a code set, and the commitments to a record."""

from dataclasses import dataclass

from facts import LAST_KEY, LAST_MEMBER, SENTINEL, RecordLeaf, SetLeaf, demand_order
from refusal import demand
from sponge import EMPTY_REGISTRY_LEAF, HOLDER, RECORD, RECORD_PADDING, SET_PADDING, hash_of
from tree import ARITY, Tree

RECORD_DEPTH = 4
SET_DEPTH = 4
REGISTRY_DEPTH = 9


@dataclass(frozen=True)
class Record:
    """What a record's commitment opens to."""

    facts_root: int
    pk: tuple
    emergency_pk: tuple
    nk: int
    coverage: int
    schema: int
    issued_on: int
    salt: int

    def holder(self):
        """H_5."""
        return hash_of(HOLDER, *self.pk, *self.emergency_pk, self.nk)

    def commitment(self):
        """H_6."""
        return hash_of(
            RECORD, self.facts_root, self.holder(), self.coverage, self.schema, self.issued_on, self.salt
        )


def record_leaves(facts, salts):
    """The sentinel's leaf, then the facts', each with its successor's key."""
    demand(len(salts) == len(facts) + 1, "2 one salt more than facts")
    demand(len(facts) < ARITY**RECORD_DEPTH, "2 more facts than leaves")
    demand_order(facts)
    nexts = [fact.key() for fact in facts] + [LAST_KEY]
    return [RecordLeaf(*fields) for fields in zip([SENTINEL, *facts], nexts, salts)]


def set_leaves(members):
    """The leaf of 0, then the members', each with the next one."""
    ordered = sorted(members)
    demand(len(ordered) == len(set(ordered)), "2 a member twice")
    demand(len(ordered) < ARITY**SET_DEPTH, "2 more members than leaves")
    demand(all(1 <= member <= LAST_MEMBER - 1 for member in ordered), "2 member")
    return [SetLeaf(*pair) for pair in zip([0, *ordered], [*ordered, LAST_MEMBER])]


def tree_of(leaves, padding, depth):
    """The tree whose first leaves are these."""
    return Tree({index: leaf.hash() for index, leaf in enumerate(leaves)}, hash_of(padding), depth)


def record_tree(leaves):
    """The record's tree."""
    return tree_of(leaves, RECORD_PADDING, RECORD_DEPTH)


def set_tree(leaves):
    """The code set's tree."""
    return tree_of(leaves, SET_PADDING, SET_DEPTH)


def registry_tree(commitments):
    """The registry with records at some indices."""
    return Tree(commitments, hash_of(EMPTY_REGISTRY_LEAF), REGISTRY_DEPTH)
