"""The sponge, the trees, and the codings of facts, tables and messages, spelled out by hand."""

import hashlib
import unittest
from dataclasses import replace

from example import AS_OF, Chart, consented, fact, policy, record_of, row
from facts import RecordLeaf, highest_key, lowest_key
from field import P
from messages import Request, audience_of, ledger_of, rest_of, scope_of
from policy import AT_LEAST, LATEST, NONE
from poseidon2 import permute
from records import record_leaves, registry_tree, set_leaves
from refusal import Refused
from sponge import RECORD_LEAF, RECORD_PADDING, SET_PADDING, hash_of
from tree import ARITY, Tree, node

QUANTITY = 1 << 66


class Sponge(unittest.TestCase):
    def test_no_input_permutes_once(self):
        self.assertEqual(hash_of(RECORD_PADDING), permute((2, 0, 0, 0))[1])

    def test_a_full_block_permutes_once(self):
        self.assertEqual(hash_of(RECORD_LEAF, *range(1, 8)), permute((1 + (7 << 64), 1, 2, 3, 4, 5, 6, 7))[1])

    def test_later_blocks_are_added(self):
        first = permute((4 + (5 << 64), 1, 2, 3))
        second = permute((first[0], (first[1] + 4) % P, (first[2] + P - 1) % P, first[3]))
        self.assertEqual(hash_of(SET_PADDING, 1, 2, 3, 4, P - 1), second[1])

    def test_trailing_zeroes_count(self):
        self.assertNotEqual(hash_of(SET_PADDING, 1), hash_of(SET_PADDING, 1, 0))


class Trees(unittest.TestCase):
    def test_node_feeds_its_first_child_forward(self):
        children = tuple(range(3, 11))
        self.assertEqual(node(children), (permute(children)[0] + 3) % P)

    def test_paths_lead_to_the_root(self):
        tree = Tree({0: 10, 9: 11, 511: 12}, 99, 3)
        for index, leaf in ((0, 10), (9, 11), (511, 12), (100, 99)):
            path = tree.path(index)
            self.assertEqual(path.root(leaf, 3, ""), tree.root())
            self.assertNotEqual(path.root(leaf + 1, 3, ""), tree.root())
        moved = replace(tree.path(9), index=10)
        self.assertNotEqual(moved.root(11, 3, ""), tree.root())

    def test_a_tree_by_hand(self):
        low = node((5, 7, 7, 7, 7, 7, 7, 7))
        rest = node((7,) * 8)
        self.assertEqual(Tree({8: 5}, 7, 2).root(), node((rest, low, *[rest] * 6)))

    def test_no_place_outside(self):
        path = Tree({0: 1}, 0, 2).path(0)
        with self.assertRaises(Refused):
            replace(path, index=64).root(1, 2, "")
        with self.assertRaises(Refused):
            path.root(1, 3, "")
        with self.assertRaises(Refused):
            Tree({ARITY**2: 1}, 0, 2)


class Records(unittest.TestCase):
    def test_keys_and_leaf(self):
        one = fact(3, 5, event=7, sub=9, contested=True, uncertain=True, value=11, until=13, since=4)
        self.assertEqual(one.key(), (3 << 56) + (5 << 24) + (7 << 8) + 9)
        expected = permute((1 + (7 << 64), 3, 5, 4 * (7 * 256 + 9) + 3, 11, (13 << 32) + 4, 17, 19))[1]
        self.assertEqual(RecordLeaf(one, 17, 19).hash(), expected)
        self.assertLess(lowest_key(3), one.key())
        self.assertLess(one.key(), highest_key(3))
        self.assertEqual(highest_key(3) + 1, lowest_key(4))

    def test_links(self):
        first, second = fact(3, 5), fact(3, 6)
        leaves = record_leaves([first, second], [1, 2, 3])
        self.assertEqual([leaf.next for leaf in leaves], [first.key(), second.key(), 2**136 - 1])
        self.assertEqual([leaf.fact.key() for leaf in leaves], [0, first.key(), second.key()])
        self.assertEqual(leaves[0].hash(), permute((1 + (7 << 64), 0, 0, 0, 0, 0, first.key(), 1))[1])

    def test_what_no_record_holds(self):
        for facts, salts in (
            ([fact(3, 6), fact(3, 5)], [1, 2, 3]),
            ([fact(3, 5), fact(3, 5)], [1, 2, 3]),
            ([fact(0, 5)], [1, 2]),
            ([fact(2**80 - 1, 5)], [1, 2]),
            ([fact(3, 5, since=6)], [1, 2]),
            ([fact(3, 5)], [1]),
        ):
            with self.assertRaises(Refused):
                record_leaves(facts, salts)

    def test_sets(self):
        leaves = set_leaves([9, 5])
        self.assertEqual([(leaf.member, leaf.next) for leaf in leaves], [(0, 5), (5, 9), (9, 2**80 - 1)])
        self.assertEqual(leaves[1].hash(), permute((3 + (7 << 64), 5, 0, 0, 0, 0, 9, 0))[1])
        for members in ([5, 5], [0], [2**80 - 1]):
            with self.assertRaises(Refused):
                set_leaves(members)

    def test_commitments(self):
        record = record_of(Chart([]))
        holder = permute((5 + (5 << 64), *record.pk, *record.emergency_pk, record.nk, 0, 0))[1]
        self.assertEqual(record.holder(), holder)
        opened = (record.facts_root, holder, 0b111, 1, AS_OF - 100, 31337, 0)
        self.assertEqual(record.commitment(), permute((6 + (6 << 64), *opened))[1])

    def test_registry(self):
        tree = registry_tree({3: 5})
        self.assertEqual(tree.depth, 9)
        self.assertEqual(tree.path(3).root(5, 9, ""), tree.root())
        self.assertEqual(tree.path(4).root(permute((7, 0, 0, 0))[1], 9, ""), tree.root())


class Tables(unittest.TestCase):
    def test_flags(self):
        full = row(
            AT_LEAST, 3, either=True, active_on=AS_OF, value_lo=QUANTITY, value_hi=QUANTITY, set_root=4, count=5,
            min_gap_days=6,
        )  # fmt: skip
        self.assertEqual(full.flags(), 0b1111101 + (5 << 7) + (6 << 15) + (1 << 31))
        self.assertEqual(row(NONE, 3).flags(), 3)
        self.assertEqual(row(LATEST, 3, value_lo=21 << 66, value_hi=21 << 66).flags(), 2 + 16 + (1 << 7) + (21 << 31))

    def test_row(self):
        given = row(AT_LEAST, 3, 4, set_root=5, date_lo=6, date_hi=7, active_on=8, value_lo=9, value_hi=10, threshold=2)
        self.assertEqual(given.inputs()[1:], (3, 4, 5, 6, 7, 8, 9, 10, 5))
        self.assertEqual(row(AT_LEAST, 3, threshold=None).inputs()[1:], (3, 3, 0, 0, AS_OF, 0, 0, 0, 0))

    def test_digest_by_hand(self):
        table = policy(row(AT_LEAST, 3))
        header = (1, 1, 77, AS_OF, 1, AS_OF - 400, 0b110)
        inputs = (*header, *table.rows[0].inputs(), *[0] * 10)
        state = permute((8 + (27 << 64), *inputs[:15]))
        state = permute((state[0], *((lane + more) % P for lane, more in zip(state[1:], (*inputs[15:], 0, 0, 0)))))
        self.assertEqual(table.digest(), state[1])

    def test_tiers(self):
        policy(row(AT_LEAST, 3), row(AT_LEAST, 3)).digest()
        for bad in (policy(row(AT_LEAST, 3), tier=0), policy(row(AT_LEAST, 3), tier=5), policy(*[row(NONE, 3)] * 3)):
            with self.assertRaises(Refused):
                bad.digest()

    def test_validity(self):
        code = 19 << 66
        good = [
            row(AT_LEAST, 3, 4, count=2, min_gap_days=3, set_root=5),
            row(AT_LEAST, 3, active_on=AS_OF, either=True),
            row(AT_LEAST, 1, 2**80 - 2, value_lo=code, value_hi=code + 1),
            row(LATEST, 3, date_lo=5),
            row(NONE, 3, 4, active_on=AS_OF, set_root=5),
        ]
        for one in good:
            policy(one).demand_valid()
        policy(row(NONE, 3, threshold=None), row(NONE, 3, threshold=2)).demand_valid()
        bad = [
            row(AT_LEAST, 0, 3),
            row(AT_LEAST, 4, 3),
            row(AT_LEAST, 3, 2**80 - 1),
            row(AT_LEAST, 3, date_lo=6, date_hi=5),
            row(AT_LEAST, 3, date_hi=AS_OF + 1),
            row(AT_LEAST, 3, active_on=AS_OF - 1),
            row(AT_LEAST, 3, either=True),
            row(AT_LEAST, 3, value_lo=code + 1, value_hi=code),
            row(AT_LEAST, 3, value_lo=code, value_hi=code + QUANTITY),
            row(AT_LEAST, 3, value_lo=0, value_hi=0),
            row(AT_LEAST, 3, value_lo=255 << 66, value_hi=255 << 66),
            row(AT_LEAST, 3, count=0),
            row(AT_LEAST, 3, min_gap_days=1),
            row(LATEST, 3, 4),
            row(LATEST, 3, set_root=5),
            row(LATEST, 3, active_on=AS_OF),
            row(LATEST, 3, count=2, min_gap_days=1),
            row(LATEST, 3, min_gap_days=1),
            row(LATEST, 3, date_hi=AS_OF - 1),
            row(LATEST, 3, count=2),
            row(NONE, 3, count=1),
            row(NONE, 3, min_gap_days=1),
            row(NONE, 3, threshold=0),
            row(NONE, 3, threshold=2),
            row(NONE, 3, threshold=None),
        ]
        for one in bad:
            with self.assertRaises(Refused, msg=one):
                policy(one).demand_valid()
        with self.assertRaises(Refused):
            policy().demand_valid()


class Messages(unittest.TestCase):
    def test_digests_by_hand(self):
        def by_hand(*parts):
            coded = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
            return int.from_bytes(hashlib.sha256(coded).digest()[:31], "big")

        registry = bytes(range(20))
        audience = by_hand(b"medproof/v1/audience", "did:example:ä".encode())
        ledger = by_hand(b"medproof/v1/ledger", b"\0\0\0\0\0\0\1\0", registry)
        labelled = (ledger.to_bytes(32, "big"), audience.to_bytes(32, "big"), b"label")
        self.assertEqual(audience_of("did:example:ä"), audience)
        self.assertEqual(ledger_of(256, registry), ledger)
        self.assertEqual(scope_of(ledger, audience, "label"), by_hand(b"medproof/v1/scope", *labelled))
        rest = by_hand(b"medproof/v1/rest", b"nonce", ledger.to_bytes(32, "big"), b"key")
        self.assertEqual(rest_of(b"nonce", ledger, b"key"), rest)

    def test_request_and_consent(self):
        request = Request(11, 1, 12, 13, 1000, 2000, 14)
        table = policy(row(AT_LEAST, 3))
        inputs = (11, 1, 12, 77, 13, AS_OF, 1000, 2000, 14)
        self.assertEqual(request.digest(table.header), permute((9 + (9 << 64), *inputs, 0, 0))[1])
        consent = consented(record_of(Chart([])), table, request)
        inputs = (11, 1, 12, table.digest(), 13, 900, 2100, 5)
        self.assertEqual(consent.hash(request), permute((10 + (8 << 64), *inputs, 0, 0, 0))[1])


if __name__ == "__main__":
    unittest.main()
