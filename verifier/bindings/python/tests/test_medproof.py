"""The installed package. usage: test_medproof.py SETTINGS BUNDLE REQUEST CLAIM PRESENTATION NOW, all of which make a good
answer, and lie in one folder."""

from __future__ import annotations

import dataclasses
import doctest
import json
import os
import pickle
import sys
import threading
import time
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

import medproof

README = Path(__file__).resolve().parent.parent / "README.md"
SETTINGS, BUNDLE, REQUEST, CLAIM, PRESENTATION = (Path(file).read_bytes() for file in sys.argv[1:6])
NOW = int(sys.argv[6])


def opened() -> medproof.Verifier:
    return medproof.Verifier(SETTINGS, BUNDLE)


def verified() -> medproof.Verified:
    return opened().verify(REQUEST, CLAIM, PRESENTATION, NOW)


class Answers(unittest.TestCase):
    def test_fields_are_those_of_the_json(self) -> None:
        answer = verified()
        found = dataclasses.asdict(answer)
        found.pop("_json")
        # Lists are tuples here.
        self.assertEqual(json.loads(json.dumps(found)), json.loads(answer.to_json())["verified"])
        self.assertEqual(answer.to_json(), opened().answer(REQUEST, CLAIM, PRESENTATION, NOW))

    def test_they_do_not_change_and_are_equal_and_pickled(self) -> None:
        answer = verified()
        self.assertEqual(answer, verified())
        self.assertEqual(hash(answer), hash(verified()))
        self.assertEqual(pickle.loads(pickle.dumps(answer)).to_json(), answer.to_json())
        with self.assertRaises(dataclasses.FrozenInstanceError):
            answer.nullifier = "0x00"  # type: ignore[misc]

    def test_they_are_shown_in_words(self) -> None:
        answer = verified()
        self.assertIn(answer.nullifier, repr(answer))
        self.assertNotIn("evidence of nothing", repr(answer) + answer._repr_html_())
        self.assertIn(answer.shown.clauses[0].criteria[0].sentence, answer._repr_html_())

    def test_what_an_author_wrote_is_no_html(self) -> None:
        answer = verified()
        shown = dataclasses.replace(answer.shown, title="<script>alert(1)</script>")
        self.assertNotIn("<script>", dataclasses.replace(answer, shown=shown)._repr_html_())

    def test_an_answer_under_a_development_key_says_so(self) -> None:
        answer = dataclasses.replace(verified(), development=True)
        self.assertIn("evidence of nothing", repr(answer))
        self.assertIn("evidence of nothing", answer._repr_html_())


class Refusals(unittest.TestCase):
    def test_they_have_code_and_message(self) -> None:
        with self.assertRaises(medproof.Refused) as caught:
            opened().verify(REQUEST, CLAIM, PRESENTATION[:-1], NOW)
        refused = caught.exception
        self.assertEqual(refused.code, "presentation.length")
        self.assertEqual(str(refused), f"{refused.code}: {refused.message}")
        said = json.loads(refused.to_json())
        self.assertEqual(said, {"refused": {"code": refused.code, "message": refused.message}})
        self.assertEqual(str(pickle.loads(pickle.dumps(refused))), str(refused))

    def test_a_verifier_that_does_not_open_says_why(self) -> None:
        for settings, bundle, code in [(b"", BUNDLE, "json.syntax"), (SETTINGS, b"{", "json.syntax")]:
            with self.assertRaises(medproof.Refused) as caught:
                medproof.Verifier(settings, bundle)
            self.assertEqual(caught.exception.code, code)

    def test_the_clock_is_asked_where_no_time_is_given(self) -> None:
        with self.assertRaises(medproof.Refused) as caught:
            opened().verify(REQUEST, CLAIM, PRESENTATION)
        self.assertIn("expired", caught.exception.code)
        with mock.patch("time.time", return_value=NOW + 0.9):
            self.assertEqual(opened().verify(REQUEST, CLAIM, PRESENTATION).verified_at, NOW)


class Arguments(unittest.TestCase):
    def test_text_and_mappings_are_read_as_bytes_are(self) -> None:
        settings: dict[str, Any] = json.loads(SETTINGS)
        for given in (settings, SETTINGS.decode(), SETTINGS):
            verifier = medproof.Verifier(given, BUNDLE.decode())
            answer = verifier.verify(REQUEST.decode(), CLAIM.decode(), PRESENTATION, NOW)
            self.assertEqual(answer, verified())

    def test_what_is_neither_is_an_error_of_types(self) -> None:
        for wrong in (7, None):
            with self.assertRaises(TypeError):
                opened().verify(wrong, CLAIM, PRESENTATION, NOW)  # type: ignore[arg-type]

    def test_a_time_that_is_none_is_an_error_of_values(self) -> None:
        for wrong in (-1, 1 << 64):
            with self.assertRaises(OverflowError):
                opened().verify(REQUEST, CLAIM, PRESENTATION, wrong)


class Threads(unittest.TestCase):
    def test_they_share_a_verifier(self) -> None:
        verifier = opened()
        expected = verifier.answer(REQUEST, CLAIM, PRESENTATION, NOW)
        found: list[str] = []

        def ask() -> None:
            found.extend(verifier.answer(REQUEST, CLAIM, PRESENTATION, NOW) for _ in range(5))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(found, [expected] * 20)

    def test_others_run_while_one_verifies(self) -> None:
        verifier = opened()
        done = threading.Event()

        def ask() -> None:
            for _ in range(50):
                verifier.answer(REQUEST, CLAIM, PRESENTATION, NOW)
            done.set()

        asking = threading.Thread(target=ask)
        ran = 0
        interval = sys.getswitchinterval()
        # Longer than all of it: nobody runs meanwhile unless they are let.
        sys.setswitchinterval(60)
        try:
            asking.start()
            while not done.is_set():
                ran += 1
                time.sleep(0)
        finally:
            sys.setswitchinterval(interval)
            asking.join()
        self.assertGreater(ran, 25)


class Readme(unittest.TestCase):
    def test_its_example_runs(self) -> None:
        folder = os.getcwd()
        os.chdir(Path(sys.argv[1]).parent)
        try:
            found = doctest.testfile(str(README), module_relative=False)
        finally:
            os.chdir(folder)
        self.assertGreater(found.attempted, 5)
        self.assertEqual(found.failed, 0)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
