"""Section 1: EdDSA over Baby Jubjub with Poseidon2."""

from functools import lru_cache

from baby_jubjub import BASE8, ORDER, add, eightfold, is_neutral, multiply, negative, on_curve, projective
from poseidon2 import permute

DOMAIN = int.from_bytes(b"EdDSA Signature", "big")


def challenge(r, key, message):
    """c, the integer below p."""
    return permute((DOMAIN, *r, *key, message, 0, 0))[1]


@lru_cache(maxsize=1 << 14)
def refusal(key, message, r, s):
    """Why the signature (r, s) of the message is not valid under the key, or None if it is."""
    if s >= ORDER:
        return "s is not below the group's order"
    if not on_curve(r):
        return "R is not on the curve"
    if not on_curve(key):
        return "the key is not on the curve"
    if is_neutral(eightfold(projective(key))):
        return "the key is of small order"
    c_key = multiply(key, challenge(r, key, message))
    difference = add(multiply(BASE8, s), negative(add(projective(r), c_key)))
    return None if is_neutral(eightfold(difference)) else "the equation does not hold"
