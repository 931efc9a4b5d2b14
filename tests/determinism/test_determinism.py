"""Tests of the checker: each rule where it applies, and where it must not."""

import struct
import tempfile
import unittest
from pathlib import Path

import solve
from propagate import Propagation
from r1cs import Malformed, System, read

P = 21888242871839275222246405745257275088548364400416034343698204186575808495617


def system(wires, outputs, inputs, rows):
    """A system of outputs first, then inputs, then the rest; coefficients below p."""
    rows = [tuple({wire: k % P for wire, k in terms.items()} for terms in row) for row in rows]
    return System(P, wires, range(1, 1 + outputs), range(1 + outputs, 1 + outputs + inputs), rows)


def bit(wire):
    return ({wire: 1}, {0: 1, wire: -1}, {})


def is_(wire, terms):
    """wire = Σ terms"""
    return (terms, {0: 1}, {wire: 1})


def bounded(places):
    """254 bits spell wire 1 … in wires 2 … 255, most significant last; their bound by p − 1 from the top bit down."""
    rows = [bit(2 + i) for i in range(254)]
    rows.append(({2 + i: pow(2, i, P) for i in range(254)}, {0: 1}, {1: 1}))
    fresh, equal = 256, {0: 1}
    for i in reversed(range(254)):
        if (P - 1) >> i & 1:
            rows.append((equal, {2 + i: 1}, {fresh: 1}))
            equal, fresh = {fresh: 1}, fresh + 1
        elif i in places:
            rows.append((equal, {2 + i: 1}, {}))
    return System(P, fresh, range(2, 256), range(1, 2), rows)


class Rules(unittest.TestCase):
    def left(self, system, **options):
        return Propagation(system, **options).unknown

    def test_a_product_is_known_and_a_factor_is_not(self):
        product = system(4, 1, 2, [({2: 1}, {3: 1}, {1: 1})])
        factor = system(4, 1, 2, [({1: 1}, {2: 1}, {3: 1})])
        square = system(3, 1, 1, [({1: 1}, {1: 1}, {2: 1})])
        self.assertEqual(self.left(product), [])
        self.assertEqual(self.left(factor), [1])
        self.assertEqual(self.left(square), [1])

    def test_an_inverse_of_a_constant_is_known(self):
        self.assertEqual(self.left(system(3, 1, 1, [({1: 1}, {2: 1}, {0: 5})])), [])
        self.assertEqual(self.left(system(3, 1, 1, [({1: 1}, {2: 1}, {})])), [1])

    def test_quotients_are_counted_and_can_be_refused(self):
        rows = [({1: 1}, {2: 1}, {3: 1}), ({4: 1}, {0: 1}, {1: 2})]
        quotient = system(5, 1, 2, rows)
        self.assertEqual(self.left(quotient), [])
        self.assertEqual(len(Propagation(quotient).divided), 1)
        self.assertEqual(self.left(quotient, divisors=False), [1, 4])

    def test_a_bit_is_no_quotient(self):
        rows = [bit(1), ({1: 1}, {2: 1}, {3: 1}), is_(4, {1: 2})]
        self.assertEqual(self.left(system(5, 1, 2, rows)), [1, 4])

    def test_bits_of_a_sum(self):
        weights = {1: 1, 2: 2, 3: 4}
        good = system(5, 3, 1, [bit(1), bit(2), bit(3), is_(4, weights)])
        no_bit = system(5, 3, 1, [bit(1), bit(2), is_(4, weights)])
        twice = system(5, 3, 1, [bit(1), bit(2), bit(3), is_(4, {1: 1, 2: 1, 3: 4})])
        self.assertEqual(self.left(good), [])
        self.assertEqual(self.left(no_bit), [1, 2, 3])
        self.assertEqual(self.left(twice), [1, 2, 3])

    def test_the_lowest_bit_is_what_remains(self):
        rest = {4: 1, 1: -2, 2: -4}
        rows = [bit(1), bit(2), (rest, {0: 1, 4: -1, 1: 2, 2: 4}, {}), is_(3, rest)]
        self.assertEqual(self.left(system(5, 3, 1, rows)), [])
        self.assertEqual(self.left(system(5, 3, 1, [*rows[:2], rows[3]])), [1, 2, 3])

    def test_an_alias_is_told_unless_the_rows_refuse_it(self):
        zeros = [i for i in range(254) if not (P - 1) >> i & 1]
        held = Propagation(bounded(set(zeros)))
        self.assertEqual([wire for wire in held.system.outputs if wire not in held.known], [])
        for leak in (zeros[0], zeros[len(zeros) // 2], zeros[-1]):
            loose = Propagation(bounded(set(zeros) - {leak}))
            self.assertEqual([w for w in loose.system.outputs if w not in loose.known], list(loose.system.outputs))

    def test_one_hot(self):
        hot = ({0: 1, 1: -1, 2: -1, 3: -1}, {1: 1, 2: 1, 3: 1}, {})
        bits = [bit(1), bit(2), bit(3)]
        place = is_(4, {1: 1, 2: 2, 3: 3})
        self.assertEqual(self.left(system(5, 3, 1, [*bits, hot, place])), [])
        self.assertEqual(self.left(system(5, 3, 1, [*bits, place])), [1, 2, 3])
        self.assertEqual(self.left(system(5, 3, 1, [*bits, hot, is_(4, {1: 1, 2: 2, 3: 2})])), [1, 2, 3])

    def test_is_zero_needs_both_halves(self):
        halves = [({2: 1}, {3: 1}, {0: 1, 1: -1}), ({2: 1}, {1: 1}, {})]
        self.assertEqual(self.left(system(4, 1, 1, halves)), [3])
        self.assertEqual(self.left(system(4, 1, 1, halves[:1])), [1, 3])
        self.assertEqual(self.left(system(4, 1, 1, halves[1:])), [1, 3])

    def test_choices_are_named(self):
        rows = [is_(3, {1: 1, 2: 1})]
        chosen = Propagation(system(4, 0, 0, rows), choose=True)
        self.assertEqual((chosen.choices, chosen.unknown), ([1, 2], []))


@unittest.skipUnless(solve.available(), "cvc5-gpl is not installed")
class Solver(unittest.TestCase):
    def test_a_solution_is_found_where_there_is_another(self):
        halves = [({2: 1}, {3: 1}, {0: 1, 1: -1}), ({2: 1}, {1: 1}, {})]
        whole, half = system(4, 1, 1, halves), system(4, 1, 1, halves[:1])
        self.assertEqual(solve.two_solutions(whole, {0, 2}, 1, 20), "none")
        first, second = solve.two_solutions(half, {0, 2}, 1, 20)
        self.assertNotEqual(first[1], second[1])


class Reader(unittest.TestCase):
    def write(self, rows, wires=3, tail=b""):
        def combination(terms):
            terms = [struct.pack("<I", wire) + k.to_bytes(32, "little") for wire, k in terms]
            return struct.pack("<I", len(terms)) + b"".join(terms)

        header = struct.pack("<I", 32) + P.to_bytes(32, "little") + struct.pack("<IIIIQI", wires, 1, 1, 0, wires, len(rows))
        body = b"".join(combination(terms) for row in rows for terms in row)
        sections = b"".join(struct.pack("<IQ", kind, len(part)) + part for kind, part in ((1, header), (2, body)))
        path = Path(self.folder) / "a.r1cs"
        path.write_bytes(b"r1cs" + struct.pack("<II", 1, 2) + sections + tail)
        return path

    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = holder.name

    def test_a_file_is_read_with_its_names(self):
        path = self.write([([(1, 2)], [(2, P - 1)], [])])
        path.with_suffix(".sym").write_text("1,1,0,main.out0\n2,2,0,main.in0\n")
        got = read(path)
        self.assertEqual((got.modulus, got.wires, got.outputs, got.inputs), (P, 3, range(1, 2), range(2, 3)))
        self.assertEqual((got.rows, got.name(2)), ([({1: 2}, {2: P - 1}, {})], "in0"))

    def test_what_is_no_file_of_the_format_is_refused(self):
        for path in (
            self.write([([(1, 2), (1, 3)], [], [])]),
            self.write([], tail=b"\0" * 12 + b"x"),
        ):
            with self.assertRaises((Malformed, struct.error)):
                read(path)


if __name__ == "__main__":
    unittest.main()
