"""Poseidon2's published parameters, made again by the generator that HorizenLabs published them with.

The constants are the output of a linear feedback shift register of 80 bits (Grain) in self-shrinking mode, started with
a description of the instance. Nothing here is a table: the known answers in test_poseidon2.py hold the result.
"""

from collections import deque

from field import P

FIELD_BITS = 254
TAPS = (62, 51, 38, 23, 13, 0)

# The generator draws diagonals until one makes an internal matrix whose first 2t powers have irreducible minimal
# polynomials of full degree. So many it draws in vain; test_poseidon2.py finds them again.
DIAGONALS_REFUSED = {4: 4, 8: 30, 12: 6, 16: 6}


def grain_bits(width, external_rounds, internal_rounds):
    """The generator's bits for one instance: a prime field, the S-box x^alpha."""
    description = (
        f"{1:02b}{0:04b}{FIELD_BITS:012b}{width:012b}{external_rounds:010b}{internal_rounds:010b}" + "1" * 30
    )
    register = deque(int(bit) for bit in description)

    def step():
        bit = 0
        for tap in TAPS:
            bit ^= register[tap]
        register.popleft()
        register.append(bit)
        return bit

    for _ in range(160):
        step()
    while True:
        # Self-shrinking: of each pair of bits the first says whether the second counts.
        selects, bit = step(), step()
        if selects:
            yield bit


def draw(bits):
    """The next number of the field's bit length, the first bit the most significant."""
    number = 0
    for _ in range(FIELD_BITS):
        number = number << 1 | next(bits)
    return number


def draw_below_p(bits):
    """The next such number that is below p."""
    while (number := draw(bits)) >= P:
        pass
    return number


def parameters(width, external_rounds, internal_rounds):
    """The rounds' constants (one row for each external round, one number for each internal one) and then, without
    end, candidates for the diagonal of the internal matrix: here numbers are reduced, not drawn again."""
    bits = grain_bits(width, external_rounds, internal_rounds)
    half = external_rounds // 2

    def row():
        return tuple(draw_below_p(bits) for _ in range(width))

    before = [row() for _ in range(half)]
    internal = tuple(draw_below_p(bits) for _ in range(internal_rounds))
    after = [row() for _ in range(half)]

    def diagonals():
        while True:
            yield tuple(draw(bits) % P for _ in range(width))

    return tuple(before), internal, tuple(after), diagonals()
