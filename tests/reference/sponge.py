"""Section 1: the sponge, its tags, and D over SHA-256."""

import hashlib

from field import P
from poseidon2 import permute

# What is hashed: the tag and the sponge's width.
RECORD_LEAF = (1, 8)
RECORD_PADDING = (2, 4)
SET_LEAF = (3, 8)
SET_PADDING = (4, 4)
HOLDER = (5, 8)
RECORD = (6, 8)
EMPTY_REGISTRY_LEAF = (7, 4)
POLICY = (8, 16)
REQUEST = (9, 12)
CONSENT = (10, 12)
NULLIFIER = (11, 4)
REVOKE = (12, 4)
HANDLE = (13, 4)


def hash_of(use, *inputs):
    """H_tag(inputs)."""
    tag, width = use
    rate = width - 1
    state = [tag + (len(inputs) << 64)] + [0] * rate
    for start in range(0, max(len(inputs), 1), rate):
        for lane, value in enumerate(inputs[start : start + rate], start=1):
            state[lane] = (state[lane] + value) % P
        state = list(permute(tuple(state)))
    return state[1]


def digest(domain, *parts):
    """D(domain; parts): the text of the domain, then byte strings."""
    hasher = hashlib.sha256()
    for part in (domain.encode(), *parts):
        hasher.update(len(part).to_bytes(8, "big"))
        hasher.update(part)
    return int.from_bytes(hasher.digest()[:31], "big")
