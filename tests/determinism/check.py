#!/usr/bin/env python3
"""Whether gadgets and tiers are determined by their inputs: check.py DIR, the folder of `cargo xtask r1cs`.

Gadgets: every output follows from the inputs, by the rules of propagate.py; what does not is put to a solver, if there is
one. Circuits whose names begin with `broken-` must not be determined. Tiers: what is left for the prover to
choose is what choices.json says, block by block.
"""

import argparse
import json
import re
import sys
from collections import Counter
from os import environ
from pathlib import Path

import solve
from propagate import Propagation
from r1cs import read

EXPECTED = Path(__file__).with_name("choices.json")
# Beyond, the solver has never answered.
SOLVER_ROWS = 300
# Beyond, it is asked only about what the rules leave open.
SMALL_ROWS = 20
# Of the challenge's bound: docs/statements/free-variables.md.
FACTORS = 12


def gadget(path, seconds):
    """A line about a gadget, and whether its outputs are determined: yes, no, or None if nobody knows."""
    system = read(path)
    figures = f"{len(system.rows)} constraints, {len(system.inputs)} inputs, {len(system.outputs)} outputs"
    if not system.outputs:
        state = Propagation(system, choose=True)
        verdict = f"follows but for {len(state.choices)} factors, where {len(state.divided)} divisors are not 0"
        return figures, verdict, len(state.choices) == FACTORS
    plain, divided = Propagation(system, divisors=False), Propagation(system)
    missing = [wire for wire in system.outputs if wire not in divided.known]
    if all(wire in plain.known for wire in system.outputs):
        rules = ", ".join(f"{rule} {count}" for rule, count in plain.by.items())
        return figures, f"determined ({rules})", True
    if not missing:
        return figures, f"determined where {len(divided.divided)} divisors are not 0", True
    if not solve.available() or len(system.rows) > SOLVER_ROWS:
        return figures, f"{len(missing)} outputs do not follow", None
    for wire in missing:
        answer = solve.two_solutions(system, plain.known, wire, seconds)
        if isinstance(answer, list):
            return figures, f"not determined: two solutions differ in {system.name(wire)}", False
        if answer != "none":
            return figures, f"{len(missing)} outputs do not follow, the solver ran out of time", None
    return figures, "determined (solver)", True


def second_opinion(path, seconds):
    """What the solver says of a small gadget, asked without the rules."""
    system = read(path)
    answers = Counter()
    for wire in system.outputs:
        answer = solve.two_solutions(system, {0, *system.inputs}, wire, seconds)
        answers["two solutions" if isinstance(answer, list) else answer] += 1
    return answers


def gadgets(folder, seconds):
    """Checks every circuit that is no tier."""
    faults, sizes, opinions = [], Counter(), Counter()
    for path in sorted(folder.glob("*.r1cs")):
        if path.stem.startswith("tier-"):
            continue
        broken = path.stem.startswith("broken-")
        figures, verdict, determined = gadget(path, seconds)
        print(f"{path.stem:<16} {figures:<50} {verdict}")
        sizes["broken" if broken else "whole"] += 1
        if determined and solve.available() and len(read(path).rows) <= SMALL_ROWS:
            answers = second_opinion(path, seconds)
            print(f"{'':<16} the solver, of each output without the rules: {dict(answers)}")
            opinions += answers
        if broken == (determined is True):
            faults.append(f"{path.stem}: {verdict}")
    if not sizes["whole"] or not sizes["broken"]:
        faults.append(f"{folder} has no gadgets: write them with `cargo xtask r1cs`")
    if opinions["two solutions"]:
        faults.append("the solver differs from the rules")
    return faults, sizes, opinions


def choices(path):
    """What the prover chooses in a tier, by block and, of the slots, by the slot's number."""
    system = read(path)
    state = Propagation(system, choose=True)
    blocks = Counter(re.sub(r"\.w\d+$", "", system.name(wire)) for wire in state.choices)
    divided = Counter()
    for number in state.divided:
        names = {system.name(wire).split(".")[0] for terms in system.rows[number] for wire in terms if wire}
        divided["signature" if all(name.startswith("signature") for name in names) else "elsewhere"] += 1
    return system, blocks, divided


def tier(path, expected):
    """Holds a tier's choices to what is expected of them."""
    system, blocks, divided = choices(path)
    criteria, slots = expected["tiers"][path.stem]
    wanted = Counter(expected["once"])
    wanted["policy_hash"] = expected["policy"]["header"] + criteria * expected["policy"]["row"]
    for slot in range(slots):
        for block, count in expected["slot"].items():
            wanted[f"slot{slot}.{block}"] = count
        for block, count in expected["slot and criterion"].items():
            wanted[f"slot{slot}.{block}"] += count * criteria
    faults = [
        f"{path.stem}: {block} leaves {blocks[block]} to choose, {wanted[block]} expected"
        for block in sorted(blocks.keys() | wanted.keys())
        if blocks[block] != wanted[block]
    ]
    if divided["elsewhere"]:
        faults.append(f"{path.stem}: {divided['elsewhere']} quotients outside of the signature")
    print(f"evidence: wires of {path.stem} that follow from the prover's own choices | "
          f"{system.wires - 1 - len(system.inputs)} wires, {blocks.total()} choices, "
          f"{divided['signature']} divisors taken not to be 0 | {'as expected' if not faults else 'NOT as expected'}")
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=int, default=30, help="for one question to the solver")
    arguments = parser.parse_args()
    full = "MEDPROOF_EVIDENCE" in environ
    faults, sizes, opinions = gadgets(arguments.folder, arguments.seconds)
    print(f"evidence: gadgets whose outputs follow from their inputs | {sizes['whole']} gadgets | "
          f"{'each' if not faults else 'NOT each'}")
    if solve.available():
        print(f"evidence: outputs of small gadgets put to cvc5 | {opinions.total()} outputs | {opinions['none']} have one value, "
              f"{opinions['timeout']} no answer in {arguments.seconds} s, {opinions['two solutions']} have two")
    print(f"evidence: broken circuits, of recorded kinds, that are told | {sizes['broken']} | "
          f"{'each' if not faults else 'NOT each'}")
    expected = json.loads(EXPECTED.read_text())
    for name in expected["tiers"] if full else ["tier-xs"]:
        faults += tier(arguments.folder / f"{name}.r1cs", expected)
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
