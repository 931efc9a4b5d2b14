"""The relation at one honest witness, and a bad case for each of its equations."""

import unittest
from dataclasses import fields, replace

from baby_jubjub import ORDER
from example import EMERGENCY, HOLDER, PLACE, consented, sign, witness
from messages import ETREAT
from records import registry_tree
from refusal import Refused
from relation import Public, demand_relation, public_inputs
from sponge import hash_of


class Relation(unittest.TestCase):
    def setUp(self):
        self.good = witness()

    def holds(self, some):
        """The relation between a witness and the public inputs that belong to it."""
        demand_relation(public_inputs(some), some)

    def refuses(self, why, some, public=None):
        with self.assertRaises(Refused) as refused:
            demand_relation(public or public_inputs(some), some)
        self.assertTrue(str(refused.exception).startswith(why), refused.exception)

    def with_record(self, some, **others):
        """A witness of another record, registered in the same place."""
        record = replace(some.record, **others)
        return replace(some, record=record, position=registry_tree({PLACE: record.commitment()}).path(PLACE))

    def with_header(self, **others):
        """A witness of another header, to which the consent is given anew."""
        table = replace(self.good.policy, header=replace(self.good.policy.header, **others))
        return replace(self.good, policy=table, consent=consented(self.good.record, table, self.good.request))

    def with_consent(self, **others):
        """A witness whose consent is signed as it stands."""
        consent = replace(self.good.consent, **others)
        r, s = sign(HOLDER[0], consent.hash(self.good.request))
        return replace(self.good, consent=replace(consent, r=r, s=s))

    def test_honest(self):
        self.holds(self.good)
        self.holds(witness(bound_to="claim"))
        self.holds(witness(purpose=ETREAT))

    def test_each_public_input(self):
        sections = {"registry_root": "5.1", "policy_digest": "5.4", "request_digest": "5.5"}
        sections |= {"nullifier": "5.7", "consent_handle": "5.8"}
        public = public_inputs(self.good)
        for field in fields(Public):
            changed = replace(public, **{field.name: getattr(public, field.name) + 1})
            self.refuses(sections[field.name], self.good, changed)

    def test_public_inputs_by_hand(self):
        public, record = public_inputs(self.good), self.good.record
        self.assertEqual(public.nullifier, hash_of((11, 4), record.nk, 13))
        consent = self.good.consent.hash(self.good.request)
        self.assertEqual(public.consent_handle, hash_of((13, 4), hash_of((12, 4), record.nk, consent)))

    def test_membership(self):
        moved = replace(self.good, position=replace(self.good.position, index=PLACE + 1))
        self.refuses("5.1", moved, public_inputs(self.good))
        for place, siblings in ((8**9, self.good.position.siblings), (0, self.good.position.siblings[1:])):
            outside = replace(self.good, position=replace(self.good.position, index=place, siblings=siblings))
            self.refuses("5.1", outside, public_inputs(self.good))

    def test_opening(self):
        for change in ({"coverage": 1}, {"schema": 2}, {"nk": 1}, {"salt": 1}, {"issued_on": 1}, {"facts_root": 1}):
            changed = replace(self.good, record=replace(self.good.record, **change))
            self.refuses("5.1", changed, public_inputs(self.good))

    def test_schema(self):
        self.refuses("5.2 schema", self.with_record(self.good, schema=2))

    def test_issued_on(self):
        header = self.good.policy.header
        for day in (header.issued_min, header.as_of):
            self.holds(self.with_record(self.good, issued_on=day))
        for day in (header.issued_min - 1, header.as_of + 1):
            self.refuses("5.2 issued_on", self.with_record(self.good, issued_on=day))

    def test_coverage(self):
        self.holds(self.with_record(self.good, coverage=0b1110))
        for coverage in (0b010, 0b100, 0b1000):
            self.refuses("5.2 coverage", self.with_record(self.good, coverage=coverage))

    def test_holder(self):
        stranger = replace(self.good, record=replace(self.good.record, emergency_pk=HOLDER[1]))
        self.refuses("5.1", stranger, public_inputs(self.good))

    def test_slots(self):
        idle = replace(self.good.slots[0], action="IDLE", start=False, ends=False)
        self.refuses("5.4 clauses", replace(self.good, slots=(self.good.slots[0], idle)))
        self.refuses("5.4 clauses", replace(self.good, slots=(idle, self.good.slots[1])))
        self.refuses("4 another number", replace(self.good, slots=self.good.slots[:1]))
        passing = replace(self.good.slots[1], action="PASS")
        self.refuses("6 PASS", replace(self.good, slots=(self.good.slots[0], passing)))

    def test_bound(self):
        self.refuses("5.6 bound", self.with_consent(bound_to="claim"))
        self.refuses("5.6 bound", self.with_consent(bound=77))
        self.holds(self.with_consent(bound_to="claim", bound=77))

    def test_consent_of_another_table(self):
        self.refuses("5.6 bound", replace(self.with_header(issued_min=0), consent=self.good.consent))
        self.holds(self.with_header(issued_min=0))

    def test_times(self):
        self.holds(self.with_consent(not_before=1000, not_after=2000))
        self.refuses("5.6 not_before", self.with_consent(not_before=1001))
        self.refuses("5.6 not_after", self.with_consent(not_after=1999))

    def test_signature(self):
        consent = self.good.consent
        for change in ({"grant_id": 6}, {"s": consent.s + 1}, {"s": consent.s + ORDER}, {"r": HOLDER[1]}):
            self.refuses("5.6 signature", replace(self.good, consent=replace(consent, **change)))
        emergency = sign(EMERGENCY[0], consent.hash(self.good.request))
        by_the_other = replace(consent, r=emergency[0], s=emergency[1])
        self.refuses("5.6 signature", replace(self.good, consent=by_the_other))

    def test_signature_of_another_request(self):
        for change in ({"audience": 1}, {"purpose": 2}, {"subject": 1}, {"scope": 1}):
            self.refuses("5.6 signature", replace(self.good, request=replace(self.good.request, **change)))

    def test_purpose_says_whose_key(self):
        urgent = replace(self.good.request, purpose=ETREAT)
        r, s = sign(HOLDER[0], self.good.consent.hash(urgent))
        self.refuses("5.6 signature", replace(self.good, request=urgent, consent=replace(self.good.consent, r=r, s=s)))


if __name__ == "__main__":
    unittest.main()
