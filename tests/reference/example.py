"""What the tests are about: one small chart, a claim over it, and the holder's consent to prove it."""

from dataclasses import replace

from baby_jubjub import BASE8, ORDER, affine, multiply
from eddsa import challenge
from facts import Fact
from messages import ETREAT, TREAT, Consent, Request
from policy import AT_LEAST, NONE, Header, Policy, Row
from records import Record, record_leaves, record_tree, registry_tree, set_leaves, set_tree
from relation import Witness
from slots import FACT, GAP, IDLE, Slot

AS_OF = 60_000
OPEN_END = (1 << 32) - 1
PLACE = 12_345


def keypair(secret):
    """A secret and its public key."""
    return secret, affine(multiply(BASE8, secret))


def sign(secret, message, nonce=99, key=None):
    """A signature; one over another spelling of the key, where it is given."""
    r = affine(multiply(BASE8, nonce))
    c = challenge(r, key or keypair(secret)[1], message)
    return r, (nonce + c * secret) % ORDER


HOLDER, EMERGENCY = keypair(1_234_567), keypair(7_654_321)


def fact(concept, date, event=0, sub=0, **others):
    """A fact, certain and open unless said otherwise."""
    fields = {"contested": False, "uncertain": False, "value": 0, "until": OPEN_END, "since": date, **others}
    return Fact(concept, date, event, sub, **fields)


def row(mode, concept_lo, concept_hi=None, **others):
    """A criterion over all time, without value, set, activity or spacing, that ends a clause of its own."""
    fields = {
        "either": False,
        "set_root": None,
        "date_lo": 0,
        "date_hi": AS_OF,
        "active_on": None,
        "value_lo": None,
        "value_hi": None,
        "count": 0 if mode == NONE else 1,
        "min_gap_days": 0,
        "threshold": 1,
        **others,
    }
    return Row(mode, concept_lo=concept_lo, concept_hi=concept_hi or concept_lo, **fields)


def policy(*rows, tier=1):
    """A table of a tier."""
    return Policy(Header(tier, 77, AS_OF, 1, AS_OF - 400, 0b110), rows)


class Chart:
    """Facts as a record's tree, and the slots that open its leaves or a code set's."""

    def __init__(self, facts, members=()):
        self.leaves = record_leaves(facts, [1000 + i for i in range(len(facts) + 1)])
        self.tree = record_tree(self.leaves)
        self.set_leaves = set_leaves(members)
        self.set_tree = set_tree(self.set_leaves)

    def slot(self, action, place=0, start=None, ends=False):
        """A slot that opens a leaf of the record; `start` is the criterion that it starts."""
        leaf, path = self.leaves[place], self.tree.path(place)
        return Slot(action, start is not None, ends, start or 0, leaf, path)

    def set_slot(self, action, place, start=None, ends=False):
        """A slot that opens a leaf of the set."""
        leaf, path = self.set_leaves[place], self.set_tree.path(place)
        return Slot(action, start is not None, ends, start or 0, leaf, path)

    def idle(self):
        """A slot that does nothing."""
        return self.slot(IDLE)


def record_of(chart):
    """The record over a chart."""
    return Record(chart.tree.root(), HOLDER[1], EMERGENCY[1], 4242, 0b111, 1, AS_OF - 100, 31337)


def consented(record, table, request, bound_to="policy", **others):
    """A consent to the request, signed with the key that its purpose asks for."""
    fields = {"not_before": 900, "not_after": 2100, "grant_id": 5, **others}
    bound = table.digest() if bound_to == "policy" else table.header.claim_id
    unsigned = Consent(bound_to, bound, r=(0, 1), s=0, **fields)
    secret = (EMERGENCY if request.purpose == ETREAT else HOLDER)[0]
    r, s = sign(secret, unsigned.hash(request))
    return replace(unsigned, r=r, s=s)


def witness(bound_to="policy", purpose=TREAT):
    """A chart with one measurement and without an allergy, proven in the smallest tier."""
    chart = Chart([fact(500, 59_000, value=(1 << 66) + (1 << 63))])
    table = policy(row(AT_LEAST, 500), row(NONE, 600, 700))
    record = record_of(chart)
    request = Request(11, purpose, 12, 13, 1000, 2000, 14)
    position = registry_tree({PLACE: record.commitment()}).path(PLACE)
    consent = consented(record, table, request, bound_to)
    slots = (chart.slot(FACT, 1, start=0, ends=True), chart.slot(GAP, 1, start=1, ends=True))
    return Witness(record, position, table, request, consent, slots)
