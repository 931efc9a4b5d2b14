"""Answers questions about the statement: one JSON question a line, one answer a line. README.md says which."""

import json
import sys
from dataclasses import asdict

import messages
import wire
from meaning import meaning
from poseidon2 import permute
from records import record_leaves, record_tree, registry_tree, set_leaves, set_tree
from refusal import Refused, demand
from relation import demand_relation, public_inputs


def relation(public, witness):
    """Whether the relation holds."""
    try:
        demand_relation(wire.read_public(public), wire.read_witness(witness))
    except Refused as refused:
        return {"holds": False, "why": str(refused)}
    return {"holds": True}


def means(facts, policy):
    """What is true of a chart."""
    criteria, claim = meaning(*wire.read_policy_with_sets(policy), wire.items(facts, wire.read_fact))
    return {"criteria": criteria, "claim": claim}


def record(facts, salts, record):
    """The commitments of a record."""
    leaves = record_leaves(wire.items(facts, wire.read_fact), wire.items(salts, wire.element))
    opening = wire.read_record(record, facts_root=record_tree(leaves).root())
    return written(facts_root=opening.facts_root, holder=opening.holder(), record=opening.commitment())


def code_set(members):
    """The root of a code set."""
    return written(root=set_tree(set_leaves(wire.items(members, wire.concept))).root())


def registry(leaves):
    """The root of a registry."""
    places = wire.items(leaves, lambda pair: tuple(wire.items(pair, lambda entry: entry)))
    wire.shaped(all(len(pair) == 2 for pair in places), "pairs of an index and a leaf")
    records = {wire.index(place): wire.element(leaf) for place, leaf in places}
    demand(len(records) == len(places), "3 a place twice")
    return written(root=registry_tree(records).root())


def digests(witness):
    """The public inputs of a witness."""
    return written(**asdict(public_inputs(wire.read_witness(witness))))


def request(audience, chain_id, registry, label, nonce, key_id):
    """What a request hashes beyond the statement."""
    to = messages.audience_of(wire.text(audience))
    address = wire.some_bytes(20, "5.5 registry")(registry)
    ledger = messages.ledger_of(wire.number(64, "5.5 chain_id")(chain_id), address)
    scope = messages.scope_of(ledger, to, wire.text(label))
    once, proven_with = wire.some_bytes(32, "5.5 nonce")(nonce), wire.some_bytes(32, "5.5 key_id")(key_id)
    rest = messages.rest_of(once, ledger, proven_with)
    return written(audience=to, ledger_id=ledger, scope=scope, rest=rest)


def permutation(state):
    """Poseidon2."""
    return {"state": [wire.written(lane) for lane in permute(tuple(wire.items(state, wire.element)))]}


def written(**elements):
    """An answer of field elements."""
    return {name: wire.written(value) for name, value in elements.items()}


QUESTIONS = {
    "relation": (relation, ("public", "witness")),
    "meaning": (means, ("facts", "policy")),
    "record": (record, ("facts", "salts", "record")),
    "set": (code_set, ("members",)),
    "registry": (registry, ("leaves",)),
    "digests": (digests, ("witness",)),
    "request": (request, ("audience", "chain_id", "registry", "label", "nonce", "key_id")),
    "permutation": (permutation, ("state",)),
}


def answer(line):
    """The answer to one line."""
    try:
        question = json.loads(line)
        wire.shaped(isinstance(question, dict), "an object")
        ask = question.pop("ask", None)
        wire.shaped(isinstance(ask, str) and ask in QUESTIONS, "no such question")
        reply, names = QUESTIONS[ask]
        return reply(*wire.entries(question, *names))
    except (ValueError, RecursionError) as error:
        return {"error": str(error)}


def main():
    """Answers until the input ends."""
    for line in sys.stdin.buffer:
        print(json.dumps(answer(line)), flush=True)


if __name__ == "__main__":
    main()
