"""Prints what a question about the relation costs in the smallest tier: the first one, one about the same record with
another request, and one that was asked before."""

import json
import time
from dataclasses import asdict, replace

import baby_jubjub
import eddsa
import poseidon2
from as_json import of_witness
from example import consented, witness
from reference import answer
from relation import public_inputs
from wire import written


def question(some):
    """The line that asks about a witness and the public inputs that belong to it."""
    public = {name: written(value) for name, value in asdict(public_inputs(some)).items()}
    return json.dumps({"ask": "relation", "public": public, "witness": of_witness(some)})


def forget():
    """Empties what is kept from question to question, but for the permutations' constants."""
    for kept in (baby_jubjub.doublings, eddsa.refusal, poseidon2.permute):
        kept.cache_clear()


def milliseconds(line):
    """How long the answer takes."""
    start = time.perf_counter()
    holds = answer(line)
    assert holds == {"holds": True}, holds
    return 1000 * (time.perf_counter() - start)


def main():
    """Prints the three."""
    first = witness()
    request = replace(first.request, rest=15)
    second = replace(first, request=request, consent=consented(first.record, first.policy, request, grant_id=6))
    lines = question(first), question(second)
    forget()
    cold, near = (milliseconds(line) for line in lines)
    warm = milliseconds(lines[0])
    print(f"first: {cold:.1f} ms; same record, another request and consent: {near:.1f} ms; asked before: {warm:.2f} ms")


if __name__ == "__main__":
    main()
