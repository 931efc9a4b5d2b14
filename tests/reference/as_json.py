"""Witnesses and charts in the JSON of README.md: what wire.py reads, for the tests and cost.py."""

from dataclasses import asdict

from facts import SetLeaf
from wire import written

DECIMALS = {"concept", "concept_lo", "concept_hi", "value", "value_lo", "value_hi", "coverage", "required_coverage"}
DECIMALS |= {"member", "next", "s"}
ELEMENTS = {"facts_root", "nk", "set_root", "audience", "subject", "scope", "rest", "bound", "grant_id", "salt"}
ELEMENTS |= {"registry_root", "policy_digest", "request_digest", "nullifier", "consent_handle", "R"}
ELEMENTS |= {"pk", "emergency_pk", "siblings"}


def spelled(name, value):
    """A value as the entry of this name has it."""
    if isinstance(value, dict):
        return {inner: spelled(inner, entry) for inner, entry in value.items()}
    if isinstance(value, (tuple, list)):
        return [spelled(name, entry) for entry in value]
    if value is None or name not in DECIMALS | ELEMENTS:
        return value
    return str(value) if name in DECIMALS else written(value)


def plain(value):
    """A dataclass in JSON."""
    return spelled("", asdict(value))


def of_consent(consent):
    """consent"""
    fields = asdict(consent)
    fields["signature"] = {"R": fields.pop("r"), "s": fields.pop("s")}
    return spelled("", fields)


def of_leaf(leaf):
    """leaf"""
    if isinstance(leaf, SetLeaf):
        return plain(leaf)
    return {"fact": plain(leaf.fact), "next": str(leaf.next), "salt": written(leaf.salt)}


def of_witness(witness):
    """witness"""
    json = plain(witness)
    json["consent"] = of_consent(witness.consent)
    for slot, opened in zip(json["slots"], witness.slots):
        slot["leaf"] = of_leaf(opened.leaf)
    return json
