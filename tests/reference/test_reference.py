"""The server: each question once, and what it answers to what is no question."""

import json
import subprocess
import sys
import unittest
from copy import deepcopy
from dataclasses import asdict
from pathlib import Path

from as_json import of_witness, plain
from example import Chart, fact, policy, row, witness
from field import P
from messages import audience_of, ledger_of, rest_of, scope_of
from policy import AT_LEAST, NONE
from poseidon2 import permute
from records import set_leaves, set_tree
from reference import answer
from relation import public_inputs
from wire import written

ZERO = written(0)


def ask(**question):
    """The answer to a question."""
    return answer(json.dumps(question))


class Questions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.witness = witness()
        cls.public = {name: written(value) for name, value in asdict(public_inputs(cls.witness)).items()}
        cls.chart = Chart([fact(500, 59_000, value=(1 << 66) + (1 << 63))])

    def test_relation(self):
        json_witness = of_witness(self.witness)
        self.assertEqual(ask(ask="digests", witness=json_witness), self.public)
        self.assertEqual(ask(ask="relation", public=self.public, witness=json_witness), {"holds": True})
        answered = ask(ask="relation", public=self.public | {"nullifier": ZERO}, witness=json_witness)
        self.assertEqual(answered, {"holds": False, "why": "5.7 nullifier"})

    def test_what_is_out_of_range_does_not_hold(self):
        def put(value, *place):
            changed = deepcopy(of_witness(self.witness))
            inner = changed
            for name in place[:-1]:
                inner = inner[name]
            inner[place[-1]] = value
            return ask(ask="relation", public=self.public, witness=changed)

        for value, *place in (
            (f"0x{P:064x}", "record", "nk"),
            (f"0x{self.witness.record.nk + P:064x}", "record", "nk"),
            (1 << 32, "record", "issued_on"),
            (str(1 << 64), "record", "coverage"),
            (-1, "position", "index"),
            (8**9, "position", "index"),
            ([], "position", "siblings", 0),
            (5, "policy", "header", "tier"),
            (0, "policy", "rows", 0, "mode"),
            (256, "policy", "rows", 0, "count"),
            (1 << 16, "policy", "rows", 0, "min_gap_days"),
            (str(1 << 80), "policy", "rows", 0, "concept_hi"),
            (1 << 40, "request", "expires_at"),
            (7, "request", "purpose"),
            (1 << 40, "consent", "not_after"),
            ("both", "consent", "bound_to"),
            (str(1 << 256), "consent", "signature", "s"),
            ("JUMP", "slots", 0, "action"),
            (2, "slots", 0, "criterion"),
            (8**4, "slots", 0, "path", "index"),
            (1 << 32, "slots", 0, "leaf", "fact", "date"),
            (1 << 16, "slots", 0, "leaf", "fact", "event"),
            (256, "slots", 0, "leaf", "fact", "sub"),
            (str(1 << 74), "slots", 0, "leaf", "fact", "value"),
            (str(1 << 136), "slots", 0, "leaf", "next"),
        ):
            answered = put(value, *place)
            self.assertEqual(answered.get("holds"), False, (place, value, answered))

    def test_meaning(self):
        members = set_leaves([610, 620])
        rows = [row(AT_LEAST, 500), row(NONE, 600, 700, set_root=set_tree(members).root())]
        question = plain(policy(*rows)) | {"sets": [None, ["610", "620"]]}
        facts = [plain(one) for one in (fact(500, 50), fact(611, 50))]
        self.assertEqual(ask(ask="meaning", facts=facts, policy=question), {"criteria": [True, True], "claim": True})
        facts[1]["concept"] = "610"
        self.assertEqual(ask(ask="meaning", facts=facts, policy=question), {"criteria": [True, False], "claim": False})

    def test_record(self):
        record = self.witness.record
        opening = of_witness(self.witness)["record"]
        facts = [plain(leaf.fact) for leaf in self.chart.leaves[1:]]
        salts = [written(leaf.salt) for leaf in self.chart.leaves]
        expected = {"facts_root": record.facts_root, "holder": record.holder(), "record": record.commitment()}
        expected = {name: written(value) for name, value in expected.items()}
        self.assertEqual(ask(ask="record", facts=facts, salts=salts, record=opening), expected)
        # The facts' root is the answer's: the question may do without.
        opening["facts_root"] = ZERO
        self.assertEqual(ask(ask="record", facts=facts, salts=salts, record=opening), expected)
        del opening["facts_root"]
        self.assertEqual(ask(ask="record", facts=facts, salts=salts, record=opening), expected)

    def test_roots(self):
        self.assertEqual(ask(ask="set", members=["5", "9"]), {"root": written(set_tree(set_leaves([5, 9])).root())})
        commitment = written(self.witness.record.commitment())
        self.assertEqual(ask(ask="registry", leaves=[[12_345, commitment]]), {"root": self.public["registry_root"]})

    def test_permutation(self):
        expected = [written(lane) for lane in permute((0, 1, 2, 3))]
        self.assertEqual(ask(ask="permutation", state=[written(lane) for lane in range(4)]), {"state": expected})

    def test_request(self):
        question = {"ask": "request", "audience": "a", "chain_id": 1, "label": "l", "registry": "0x" + "00" * 20}
        question |= {"nonce": ZERO, "key_id": ZERO}
        ledger = ledger_of(1, bytes(20))
        scope = scope_of(ledger, audience_of("a"), "l")
        expected = {"audience": audience_of("a"), "ledger_id": ledger, "scope": scope}
        expected["rest"] = rest_of(bytes(32), ledger, bytes(32))
        self.assertEqual(ask(**question), {name: written(value) for name, value in expected.items()})
        for change in ({"registry": "0x00"}, {"nonce": "0x"}, {"key_id": "0x0"}, {"chain_id": 1 << 64}, {"label": 1}):
            self.assertEqual(list(ask(**question | change)), ["error"])

    def test_no_questions(self):
        sentinel = {"fact": None, "next": "1", "salt": ZERO}
        for line in (
            b"",
            b"x",
            b"\xff",
            b"[]",
            b"{}",
            b'{"ask": []}',
            b'{"ask": "relation"}',
            b'{"ask": "permutation", "state": []}',
            b'{"ask": "permutation", "state": ["0x0"]}',
            b'{"ask": "permutation", "state": [], "more": 1}',
            b'{"ask": "set", "members": [1]}',
            b'{"ask": "set", "members": ["01"]}',
            b'{"ask": "set", "members": ["5", "5"]}',
            b'{"ask": "registry", "leaves": [[1]]}',
            b"[" * 100_000,
            b'{"ask": "registry", "leaves": [[' + b"1" * 10_000 + b', "0x"]]}',
            json.dumps({"ask": "meaning", "facts": [sentinel], "policy": None}).encode(),
        ):
            self.assertEqual(list(answer(line)), ["error"], line[:80])


class Server(unittest.TestCase):
    def test_goes_on_after_what_is_no_question(self):
        lines = b'{"ask": "set", "members": ["5"]}\nx\n{"ask": "set", "members": ["5"]}\n'
        script = Path(__file__).with_name("reference.py")
        served = subprocess.run([sys.executable, script], input=lines, capture_output=True, check=True, timeout=60)
        first, second, third = served.stdout.splitlines()
        self.assertEqual(first, third)
        self.assertIn(b'"root"', first)
        self.assertIn(b'"error"', second)


if __name__ == "__main__":
    unittest.main()
