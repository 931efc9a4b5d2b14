#!/usr/bin/env python3
"""Reproduces the Poseidon2 tables of src/poseidon2/ from first principles.

The published BN254 instance (the HorizenLabs parameter script) draws everything
from one Grain LFSR in self-shrinking mode, seeded by the instance's shape:

* 8*t + R_P round constants, by rejection below the modulus: four external rounds,
  the internal rounds (one constant each), four external rounds;
* then, from the same stream, the internal matrix: all ones off the diagonal and t
  drawn entries (reduced, not rejected) on it, redrawn until the characteristic
  polynomials of M, M^2, ..., M^(2t) are all irreducible, so that no subspace
  survives the partial rounds.

Run without arguments it compares with the checked-in tables and exits 1 on a
difference; with --write it rewrites them. Standard library only.
"""

import pathlib
import sys

P = 21888242871839275222246405745257275088548364400416034343698204186575808495617
BITS = 254
FULL_ROUNDS = 8
PARTIAL_ROUNDS = {4: 56, 8: 57, 12: 57, 16: 57}


def grain(t, partial):
    """The self-shrinking Grain stream of the prime-field, x^5 instance of width t."""
    fields = [(1, 2), (0, 4), (BITS, 12), (t, 12), (FULL_ROUNDS, 10), (partial, 10), ((1 << 30) - 1, 30)]
    state = [int(bit) for value, width in fields for bit in format(value, f"0{width}b")]

    def step():
        bit = state[62] ^ state[51] ^ state[38] ^ state[23] ^ state[13] ^ state[0]
        state.pop(0)
        state.append(bit)
        return bit

    for _ in range(160):
        step()
    while True:
        if step():
            yield step()
        else:
            step()


def draw(stream):
    value = 0
    for _ in range(BITS):
        value = value << 1 | next(stream)
    return value


def matmul(a, b):
    columns = list(zip(*b))
    return [[sum(x * y for x, y in zip(row, col)) % P for col in columns] for row in a]


def characteristic_polynomial(m):
    """Faddeev-LeVerrier: coefficients from the constant term up, monic."""
    n = len(m)
    coefficients = [1]
    acc = [[0] * n for _ in range(n)]
    for k in range(1, n + 1):
        for i in range(n):
            acc[i][i] = (acc[i][i] + coefficients[-1]) % P
        acc = matmul(m, acc)
        trace = sum(acc[i][i] for i in range(n)) % P
        coefficients.append(-trace * pow(k, -1, P) % P)
    return coefficients[::-1]


def poly_reduce(a, f):
    """a modulo the monic f."""
    a = list(a)
    n = len(f) - 1
    for i in range(len(a) - 1, n - 1, -1):
        q = a[i] % P
        if q:
            for j in range(n):
                a[i - n + j] = (a[i - n + j] - q * f[j]) % P
    return [c % P for c in a[:n]] + [0] * (n - len(a))


def poly_mul(a, b, f):
    out = [0] * (len(a) + len(b) - 1)
    for i, x in enumerate(a):
        if x:
            for j, y in enumerate(b):
                out[i + j] += x * y
    return poly_reduce(out, f)


def coprime(a, b):
    def trim(p):
        while p and p[-1] == 0:
            p.pop()
        return p

    a, b = trim(list(a)), trim(list(b))
    while b:
        inverse = pow(b[-1], -1, P)
        monic = [c * inverse % P for c in b]
        a, b = b, trim(poly_reduce(a, monic)) if len(a) >= len(b) else a
    return len(a) == 1


def irreducible(f):
    """Rabin's test: x^(p^n) = x mod f, and x^(p^(n/q)) - x coprime to f for primes q | n."""
    n = len(f) - 1
    x = poly_reduce([0, 1], f)
    frobenius = [1] + [0] * (n - 1)
    for bit in format(P, "b"):
        frobenius = poly_mul(frobenius, frobenius, f)
        if bit == "1":
            frobenius = poly_mul(frobenius, x, f)
    # Powers of x^p turn "raise to p" into composition, by Horner's rule.
    checkpoints = {n // q for q in (2, 3, 5, 7, 11, 13) if n % q == 0}
    current = x
    for k in range(1, n + 1):
        composed = [0] * n
        for c in reversed(current):
            composed = poly_mul(composed, frobenius, f)
            composed[0] = (composed[0] + c) % P
        current = composed
        if k in checkpoints:
            difference = [(c - d) % P for c, d in zip(current, x)]
            if not any(difference) or not coprime(f, difference):
                return False
    return current == x


def sound(m):
    power = m
    for _ in range(2 * len(m)):
        if not irreducible(characteristic_polynomial(power)):
            return False
        power = matmul(power, m)
    return True


def instance(t):
    """(external round constants, internal round constants, diagonal minus one)."""
    partial = PARTIAL_ROUNDS[t]
    stream = grain(t, partial)

    def below_p():
        while True:
            value = draw(stream)
            if value < P:
                return value

    flat = [below_p() for _ in range(FULL_ROUNDS * t + partial)]
    half = FULL_ROUNDS // 2 * t
    outer = flat[:half] + flat[half + partial:]
    external = [outer[i * t:(i + 1) * t] for i in range(FULL_ROUNDS)]
    internal = flat[half:half + partial]
    while True:
        diagonal = [draw(stream) % P for _ in range(t)]
        m = [[diagonal[i] if i == j else 1 for j in range(t)] for i in range(t)]
        if sound(m):
            return external, internal, [(d - 1) % P for d in diagonal]


def render(t):
    external, internal, diagonal = instance(t)

    def element(value, indent):
        return " " * indent + f'MontFp!("0x{value:064x}"),\n'

    out = [f"//! Poseidon2 over BN254, width {t}. Written by `params/poseidon2.py`: change that, not this.\n\n"]
    out.append("use ark_bn254::Fr;\nuse ark_ff::MontFp;\n\nuse super::Table;\n\n")
    out.append(f"pub(super) static TABLE: Table<{t}> = Table {{\n")
    out.append("    external: [\n")
    for row in external:
        out.append("        [\n" + "".join(element(v, 12) for v in row) + "        ],\n")
    out.append("    ],\n    internal: &INTERNAL,\n    diagonal_minus_one: [\n")
    out.append("".join(element(v, 8) for v in diagonal))
    out.append("    ],\n};\n\n")
    out.append(f"static INTERNAL: [Fr; {len(internal)}] = [\n" + "".join(element(v, 4) for v in internal) + "];\n")
    return "".join(out)


def main():
    source = pathlib.Path(__file__).resolve().parent.parent / "src" / "poseidon2"
    failed = False
    for t in PARTIAL_ROUNDS:
        path, text = source / f"t{t}.rs", render(t)
        if "--write" in sys.argv[1:]:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            failed = True
            sys.stderr.write(f"{path.name} is not what the parameters say; run with --write\n")
    sys.exit(failed)


if __name__ == "__main__":
    main()
