"""Section 1: trees of eight children a node, of a fixed depth."""

from dataclasses import dataclass
from functools import lru_cache

from field import P
from poseidon2 import permute
from refusal import demand

ARITY = 8


def node(children):
    """The hash of eight children."""
    return (permute(tuple(children))[0] + children[0]) % P


@dataclass(frozen=True)
class Path:
    """A leaf's place and, per level from the leaf up, the seven other children in order."""

    index: int
    siblings: tuple

    def root(self, leaf, depth, section):
        """The root that the leaf hashes up to."""
        demand(len(self.siblings) == depth, f"{section} length of the path")
        demand(self.index < ARITY**depth, f"{section} index outside of the tree")
        current = leaf
        for level, others in enumerate(self.siblings):
            child = self.index // ARITY**level % ARITY
            current = node((*others[:child], current, *others[child:]))
        return current


@lru_cache(maxsize=None)
def empty_root(padding, depth):
    """The root of a tree in which every leaf is the padding."""
    below = padding if depth == 0 else empty_root(padding, depth - 1)
    return padding if depth == 0 else node((below,) * ARITY)


class Tree:
    """A tree with some leaves set (by index) and all others the padding."""

    def __init__(self, leaves, padding, depth):
        demand(all(0 <= index < ARITY**depth for index in leaves), "1 index outside of the tree")
        self.depth = depth
        self.levels = [dict(leaves)]
        self.empty = [empty_root(padding, height) for height in range(depth + 1)]
        for height in range(depth):
            parents = {index // ARITY for index in self.levels[height]}
            self.levels.append({parent: node(self.children(height, parent)) for parent in parents})

    def at(self, height, index):
        """The hash of a node."""
        return self.levels[height].get(index, self.empty[height])

    def children(self, height, parent):
        """The eight nodes of a height under one parent."""
        return tuple(self.at(height, parent * ARITY + child) for child in range(ARITY))

    def root(self):
        """The root."""
        return self.at(self.depth, 0)

    def path(self, index):
        """The path of a leaf, padding included."""
        siblings = []
        for height in range(self.depth):
            place = index // ARITY**height
            children = self.children(height, place // ARITY)
            siblings.append(children[: place % ARITY] + children[place % ARITY + 1 :])
        return Path(index, tuple(siblings))
