"""Section 1: the permutation Poseidon2 of widths 4, 8, 12 and 16 (eprint 2023/323)."""

from functools import lru_cache
from itertools import islice

from field import P
from grain import DIAGONALS_REFUSED, parameters
from refusal import demand

EXTERNAL_ROUNDS = 8
INTERNAL_ROUNDS = {4: 56, 8: 57, 12: 57, 16: 57}


@lru_cache(maxsize=None)
def instance(width):
    """The constants of one width, and its internal matrix's diagonal less the one of the matrix of ones."""
    before, internal, after, diagonals = parameters(width, EXTERNAL_ROUNDS, INTERNAL_ROUNDS[width])
    diagonal = next(islice(diagonals, DIAGONALS_REFUSED[width], None))
    return before, internal, after, tuple((entry - 1) % P for entry in diagonal)


def mix_four(a, b, c, d):
    """The 4 by 4 matrix of the paper."""
    return 5 * a + 7 * b + c + 3 * d, 4 * a + 6 * b + c + d, a + 3 * b + 5 * c + 7 * d, a + b + 4 * c + 6 * d


def mix_external(state):
    """The matrix circ(2M, M, …, M), M that of `mix_four`; for width 4 M alone."""
    blocks = [mix_four(*state[i : i + 4]) for i in range(0, len(state), 4)]
    if len(blocks) == 1:
        return list(blocks[0])
    sums = [sum(column) for column in zip(*blocks)]
    return [(entry + total) % P for block in blocks for entry, total in zip(block, sums)]


def external_round(state, constants):
    """Constants, S-box in every lane, matrix."""
    return mix_external([pow(x + k, 5, P) for x, k in zip(state, constants)])


def internal_round(state, constant, diagonal):
    """Constant and S-box in lane 0, then the matrix of ones plus the diagonal."""
    state[0] = pow(state[0] + constant, 5, P)
    total = sum(state)
    return [(x * d + total) % P for x, d in zip(state, diagonal)]


# A question's hashes come again in the next question about the same record: what was permuted is kept for a while.
@lru_cache(maxsize=1 << 17)
def permute(state):
    """The permutation of a tuple of field elements."""
    demand(len(state) in INTERNAL_ROUNDS, "1 no Poseidon2 of this width")
    before, internal, after, diagonal = instance(len(state))
    lanes = mix_external(state)
    for constants in before:
        lanes = external_round(lanes, constants)
    for constant in internal:
        lanes = internal_round(lanes, constant, diagonal)
    for constants in after:
        lanes = external_round(lanes, constants)
    return tuple(lane % P for lane in lanes)
