"""The JSON of README.md: readers return what they read, refuse what is out of range, call the rest malformed."""

import re

import facts
from facts import SENTINEL, Fact, RecordLeaf, SetLeaf
from field import P
from messages import ETREAT, TREAT, Consent, Request
from policy import AT_LEAST, LATEST, NONE, Header, Policy, Row
from records import Record
from refusal import Malformed, demand
from relation import Public, Witness
from slots import FACT, GAP, IDLE, MEMBER, PASS, SET_GAP, Slot
from tree import ARITY, Path

TIME = 40
COVERAGE = 64
# Widths that the page leaves open: wide enough for any writer.
OPEN = 64
ELEMENT = re.compile(r"0x[0-9a-fA-F]{64}")
BYTES = re.compile(r"0x(?:[0-9a-fA-F]{2})*")
DECIMAL = re.compile(r"0|[1-9][0-9]{0,99}")


def shaped(condition, what):
    """Calls the question malformed unless the condition holds."""
    if not condition:
        raise Malformed(f"malformed: {what}")


def entries(json, *names):
    """An object's entries, which are these and no others."""
    shaped(isinstance(json, dict), f"an object of {', '.join(names)}")
    shaped(set(json) == set(names), f"{', '.join(names)} and nothing else, not {', '.join(sorted(json))}")
    return [json[name] for name in names]


def items(json, read):
    """A list's items."""
    shaped(isinstance(json, list), "a list")
    return [read(item) for item in json]


def optional(json, read):
    """null, or what is read."""
    return None if json is None else read(json)


def boolean(json):
    """true or false."""
    shaped(isinstance(json, bool), "true or false")
    return json


def text(json):
    """A string."""
    shaped(isinstance(json, str), "a string")
    return json


def some_bytes(length, why):
    """The reader of 0x and so many bytes in hexadecimal digits."""

    def read(json):
        shaped(isinstance(json, str) and BYTES.fullmatch(json), f"0x and bytes ({why})")
        demand(len(json) == 2 + 2 * length, f"{why}: {length} bytes")
        return bytes.fromhex(json[2:])

    return read


def element(json):
    """A field element."""
    shaped(isinstance(json, str) and ELEMENT.fullmatch(json), "0x and 64 hexadecimal digits")
    value = int(json, 16)
    demand(value < P, "1 a field element not below p")
    return value


def written(value):
    """A field element as it is written."""
    return f"0x{value:064x}"


def number(bits, why):
    """The reader of a JSON number of so many bits at most."""

    def read(json):
        shaped(isinstance(json, int) and not isinstance(json, bool), f"a number ({why})")
        demand(0 <= json < 1 << bits, f"{why}: out of range")
        return json

    return read


def decimal(bits, why):
    """The reader of a decimal string of so many bits at most."""

    def read(json):
        shaped(isinstance(json, str) and DECIMAL.fullmatch(json), f"a decimal string ({why})")
        demand(int(json) < 1 << bits, f"{why}: out of range")
        return int(json)

    return read


def one_of(values, why):
    """The reader of one of some values."""

    def read(json):
        demand(any(json == value and type(json) is type(value) for value in values), f"{why}: none of those there are")
        return json

    return read


concept = decimal(facts.CONCEPT, "2 concept")
key = decimal(facts.KEY, "2 key")
value = decimal(facts.VALUE, "2 value")
day = number(facts.DATE, "2 day")
time = number(TIME, "5.5 time")
index = number(OPEN, "1 index")
coverage_bits = decimal(COVERAGE, "3 coverage")


def claim_id(json):
    """A claim's identifier: a number, or a field element."""
    return element(json) if isinstance(json, str) else number(OPEN, "4 claim_id")(json)


def point(json):
    """A curve point's coordinates."""
    coordinates = tuple(items(json, element))
    shaped(len(coordinates) == 2, "two coordinates")
    return coordinates


def read_path(json):
    """path"""
    place, siblings = entries(json, "index", "siblings")
    levels = tuple(tuple(items(level, element)) for level in items(siblings, lambda level: level))
    demand(all(len(level) == ARITY - 1 for level in levels), "1 seven siblings a level")
    return Path(index(place), levels)


def read_fact(json):
    """fact"""
    names = ("concept", "date", "event", "sub", "contested", "uncertain", "value", "until", "since")
    of, date, event, sub, contested, uncertain, content, until, since = entries(json, *names)
    return Fact(
        concept(of),
        day(date),
        number(facts.EVENT, "2 event")(event),
        number(facts.SUB, "2 sub")(sub),
        boolean(contested),
        boolean(uncertain),
        value(content),
        day(until),
        day(since),
    )


def read_leaf(json):
    """leaf"""
    if isinstance(json, dict) and "member" in json:
        member, following = entries(json, "member", "next")
        return SetLeaf(concept(member), concept(following))
    fact, following, salt = entries(json, "fact", "next", "salt")
    return RecordLeaf(SENTINEL if fact is None else read_fact(fact), key(following), element(salt))


def read_slot(json):
    """slot"""
    action, start, ends, criterion, leaf, path = entries(json, "action", "start", "ends", "criterion", "leaf", "path")
    starts = boolean(start)
    return Slot(
        one_of((IDLE, FACT, MEMBER, GAP, SET_GAP, PASS), "6 action")(action),
        starts,
        boolean(ends),
        number(OPEN, "6 criterion")(criterion) if starts else 0,
        read_leaf(leaf),
        read_path(path),
    )


def read_record(json, facts_root=None):
    """record, whose facts' root is not read where it is known"""
    given = dict(json, facts_root=written(facts_root)) if facts_root is not None and isinstance(json, dict) else json
    names = ("facts_root", "pk", "emergency_pk", "nk", "coverage", "schema", "issued_on", "salt")
    root, pk, emergency_pk, nk, coverage, schema, issued_on, salt = entries(given, *names)
    return Record(
        element(root),
        point(pk),
        point(emergency_pk),
        element(nk),
        coverage_bits(coverage),
        number(OPEN, "3 schema")(schema),
        day(issued_on),
        element(salt),
    )


def read_header(json):
    """header"""
    names = ("tier", "claim_id", "as_of", "schema", "issued_min", "required_coverage")
    tier, claim, as_of, schema, issued_min, required = entries(json, *names)
    return Header(
        number(OPEN, "4 tier")(tier),
        claim_id(claim),
        day(as_of),
        number(OPEN, "4 schema")(schema),
        day(issued_min),
        coverage_bits(required),
    )


def read_row(json):
    """row"""
    names = ("mode", "either", "concept_lo", "concept_hi", "set_root", "date_lo", "date_hi", "active_on", "value_lo")
    more = ("value_hi", "count", "min_gap_days", "threshold")
    mode, either, lo, hi, root, since, till, active_on, *rest = entries(json, *names, *more)
    value_lo, value_hi, count, min_gap_days, threshold = rest
    shaped((value_lo is None) == (value_hi is None), "value_lo with value_hi")
    return Row(
        one_of((AT_LEAST, LATEST, NONE), "4 mode")(mode),
        boolean(either),
        concept(lo),
        concept(hi),
        optional(root, element),
        day(since),
        day(till),
        optional(active_on, day),
        optional(value_lo, value),
        optional(value_hi, value),
        number(8, "4 count")(count),
        number(16, "4 min_gap_days")(min_gap_days),
        optional(threshold, number(OPEN, "4 threshold")),
    )


def read_policy(json):
    """policy, of a witness"""
    header, rows = entries(json, "header", "rows")
    return Policy(read_header(header), tuple(items(rows, read_row)))


def read_policy_with_sets(json):
    """policy, for a meaning: with the sets' members"""
    header, rows, sets = entries(json, "header", "rows", "sets")
    policy = Policy(read_header(header), tuple(items(rows, read_row)))
    return policy, items(sets, lambda members: optional(members, lambda some: frozenset(items(some, concept))))


def read_request(json):
    """request"""
    names = ("audience", "purpose", "subject", "scope", "requested_at", "expires_at", "rest")
    audience, purpose, subject, scope, requested_at, expires_at, rest = entries(json, *names)
    return Request(
        element(audience),
        one_of(range(TREAT, ETREAT + 1), "5.5 purpose")(purpose),
        element(subject),
        element(scope),
        time(requested_at),
        time(expires_at),
        element(rest),
    )


def read_consent(json):
    """consent"""
    names = ("bound_to", "bound", "not_before", "not_after", "grant_id", "signature")
    bound_to, bound, not_before, not_after, grant_id, signature = entries(json, *names)
    r, s = entries(signature, "R", "s")
    return Consent(
        one_of(("policy", "claim"), "5.6 bound_to")(bound_to),
        element(bound),
        time(not_before),
        time(not_after),
        element(grant_id),
        point(r),
        decimal(256, "1 s")(s),
    )


def read_public(json):
    """public"""
    names = ("registry_root", "policy_digest", "request_digest", "nullifier", "consent_handle")
    return Public(*(element(entry) for entry in entries(json, *names)))


def read_witness(json):
    """witness"""
    names = ("record", "position", "policy", "request", "consent", "slots")
    record, position, policy, request, consent, slots = entries(json, *names)
    return Witness(
        read_record(record),
        read_path(position),
        read_policy(policy),
        read_request(request),
        read_consent(consent),
        tuple(items(slots, read_slot)),
    )
