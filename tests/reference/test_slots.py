"""The machine of section 6: each action where it may be, and a bad case for each of its rules."""

import unittest

from example import AS_OF, Chart, fact, policy, row
from policy import AT_LEAST, LATEST, NONE
from records import set_tree
from refusal import Refused
from slots import FACT, GAP, IDLE, MEMBER, PASS, SET_GAP, Slot, clauses_hold, held_criteria

MEASURED = (1 << 66) + (1 << 63)


class Machine(unittest.TestCase):
    def held(self, table, chart, *slots):
        """What the slots show, idle slots added up to the tier's number."""
        missing = {1: 2, 2: 7}[table.header.tier] - len(slots)
        return set(held_criteria(table, chart.tree.root(), (*slots, *[chart.idle()] * missing)))

    def shows(self, table, chart, *slots):
        self.assertEqual(self.held(table, chart, *slots), {0})

    def refuses(self, why, table, chart, *slots):
        with self.assertRaises(Refused) as refused:
            self.held(table, chart, *slots)
        self.assertIn(why, str(refused.exception))


class Facts(Machine):
    def one(self, one, **others):
        """The chart, table and slot of one fact that is to support one criterion."""
        chart = Chart([one])
        return policy(row(AT_LEAST, 500, 510, **others)), chart, chart.slot(FACT, 1, start=0, ends=True)

    def test_support(self):
        self.shows(*self.one(fact(500, 50)))
        self.shows(*self.one(fact(510, 50, contested=True)))
        self.shows(*self.one(fact(505, 50, since=40), date_lo=40, date_hi=50))
        self.shows(*self.one(fact(505, 50, until=AS_OF), active_on=AS_OF))
        self.shows(*self.one(fact(505, AS_OF), active_on=AS_OF))
        self.shows(*self.one(fact(505, 50, until=60), active_on=AS_OF, either=True, date_hi=60))
        self.shows(*self.one(fact(505, 50), active_on=AS_OF, either=True, date_lo=60))
        self.shows(*self.one(fact(505, 50, value=MEASURED), value_lo=MEASURED, value_hi=MEASURED))

    def test_no_support(self):
        for one, others in (
            (fact(499, 50), {}),
            (fact(511, 50), {}),
            (fact(505, 50, uncertain=True), {}),
            (fact(505, 50, since=39), {"date_lo": 40, "date_hi": 60}),
            (fact(505, 61), {"date_lo": 40, "date_hi": 60}),
            (fact(505, 50, until=AS_OF - 1), {"active_on": AS_OF}),
            (fact(505, AS_OF + 1, since=50), {"active_on": AS_OF}),
            (fact(505, AS_OF + 1, since=50), {"active_on": AS_OF, "either": True}),
            (fact(505, 50), {"active_on": AS_OF, "date_lo": 60}),
            (fact(505, 50, until=60), {"active_on": AS_OF, "either": True, "date_lo": 60}),
            (fact(505, 50), {"value_lo": MEASURED, "value_hi": MEASURED}),
            (fact(505, 50, value=MEASURED - 1), {"value_lo": MEASURED, "value_hi": MEASURED}),
            (fact(505, 50, value=MEASURED + 1), {"value_lo": MEASURED, "value_hi": MEASURED}),
        ):
            self.refuses("6 FACT that does not support", *self.one(one, **others))

    def test_count_and_order(self):
        chart = Chart([fact(500, 50, 1), fact(500, 50, 1, 1), fact(500, 50, 2), fact(501, 40)])
        table = policy(row(AT_LEAST, 500, 501, count=2))
        start, end = chart.slot(FACT, 1, start=0), chart.slot(FACT, 3, ends=True)
        self.shows(table, chart, start, end)
        self.shows(table, chart, chart.slot(FACT, 4, start=0), end)
        for place in (1, 2, 4):
            self.refuses("6 FACT not above", table, chart, start, chart.slot(FACT, place, ends=True))
        self.refuses("6 FACT ends at another count", table, chart, chart.slot(FACT, 1, start=0, ends=True))
        restarted = chart.slot(FACT, 3, start=0, ends=True)
        self.refuses("6 FACT ends at another count", table, chart, start, restarted)
        one = policy(row(AT_LEAST, 500, 501))
        self.refuses("6 FACT ends at another count", one, chart, start, end)

    def test_an_unended_group_shows_nothing(self):
        chart = Chart([fact(500, 50)])
        self.assertEqual(self.held(policy(row(AT_LEAST, 500)), chart, chart.slot(FACT, 1, start=0)), set())

    def test_idle_slots_between(self):
        chart = Chart([fact(500, 50), fact(500, 51)])
        table = policy(row(AT_LEAST, 500, count=2), tier=2)
        self.shows(table, chart, chart.slot(FACT, 1, start=0), chart.idle(), chart.slot(FACT, 2, ends=True))

    def test_spacing(self):
        chart = Chart([fact(500, 50), fact(500, 60), fact(500, 61, since=59), fact(501, 61, since=60)])
        table = policy(row(AT_LEAST, 500, 501, count=2, min_gap_days=10))
        start = chart.slot(FACT, 1, start=0)
        self.shows(table, chart, start, chart.slot(FACT, 2, ends=True))
        self.shows(table, chart, start, chart.slot(FACT, 4, ends=True))
        self.refuses("6 FACT too near", table, chart, start, chart.slot(FACT, 3, ends=True))
        self.refuses("6 FACT too near", table, chart, start, chart.slot(FACT, 1, ends=True))

    def test_latest(self):
        table = policy(row(LATEST, 500))
        chart = Chart([fact(500, 50), fact(500, 60), fact(501, 40)])
        self.shows(table, chart, chart.slot(FACT, 2, start=0, ends=True))
        self.refuses("6 LATEST that is not the last", table, chart, chart.slot(FACT, 1, start=0, ends=True))
        contested = Chart([fact(500, 60, contested=True)])
        self.refuses("6 LATEST that is contested", table, contested, contested.slot(FACT, 1, start=0, ends=True))
        self.refuses("6 FACT that does not support", table, chart, chart.slot(FACT, 3, start=0, ends=True))
        # No valid table: the page asks for the one concept on its own.
        wider = policy(row(LATEST, 500, 501))
        self.refuses("6 LATEST of another concept", wider, chart, chart.slot(FACT, 3, start=0, ends=True))


class Members(Machine):
    def setUp(self):
        self.chart = Chart([fact(500, 50), fact(505, 55), fact(507, 60)], [500, 507])
        self.table = policy(row(AT_LEAST, 500, 510, set_root=self.chart.set_tree.root(), count=2), tier=2)
        self.start, self.end = self.chart.slot(FACT, 1, start=0), self.chart.slot(FACT, 3, ends=True)
        self.first, self.second = self.chart.set_slot(MEMBER, 1), self.chart.set_slot(MEMBER, 2)

    def test_each_fact_with_its_member(self):
        self.shows(self.table, self.chart, self.start, self.first, self.end, self.second)

    def test_exactly_after_facts(self):
        why = "6 MEMBER exactly after"
        self.refuses(why, self.table, self.chart, self.start, self.end, self.second)
        self.refuses(why, self.table, self.chart, self.start, self.chart.idle(), self.first)
        self.refuses(why, self.table, self.chart, self.start, self.first, self.first)
        self.refuses(why, self.table, self.chart, self.first)
        without = policy(row(AT_LEAST, 500, 510), tier=2)
        self.refuses(why, without, self.chart, self.start, self.first)

    def test_none_is_due_at_the_end(self):
        table = policy(row(AT_LEAST, 500, 510, set_root=self.chart.set_tree.root()))
        late = self.chart.slot(FACT, 1, start=0, ends=True)
        self.shows(table, self.chart, late, self.first)
        self.refuses("6 a MEMBER is due", table, self.chart, self.chart.idle(), late)

    def test_of_that_concept(self):
        self.refuses("6 MEMBER of another concept", self.table, self.chart, self.start, self.second)

    def test_of_that_set(self):
        other = Chart([], [500])
        self.refuses("6 MEMBER opens no leaf", self.table, self.chart, self.start, other.set_slot(MEMBER, 1))

    def test_neither_starts_nor_ends(self):
        for slot in (self.chart.set_slot(MEMBER, 1, ends=True), self.chart.set_slot(MEMBER, 1, start=0)):
            self.refuses("6 MEMBER neither", self.table, self.chart, self.start, slot)


class Nones(Machine):
    def setUp(self):
        facts = [fact(499, 50), fact(505, 50), fact(506, 50, uncertain=True), fact(511, 50)]
        self.chart = Chart(facts, [500, 505, 509])
        self.table = policy(row(NONE, 500, 510, date_lo=60), tier=2)
        self.gap, self.passes = self.chart.slot(GAP, 1, start=0), self.chart.slot(PASS, 2)

    def test_gaps_and_passes(self):
        self.shows(self.table, self.chart, self.gap, self.passes, self.chart.slot(PASS, 3, ends=True))
        empty = policy(row(NONE, 507, 510), tier=2)
        self.shows(empty, self.chart, self.chart.slot(GAP, 3, start=0, ends=True))

    def test_gap_below_the_cursor(self):
        for place in (2, 3, 4):
            self.refuses("6 GAP above", self.table, self.chart, self.chart.slot(GAP, place, start=0))
        # The leaf of the fact at the cursor is no gap: k < k.
        self.refuses("6 GAP above", self.table, self.chart, self.gap, self.chart.slot(GAP, 2))

    def test_pass_at_the_cursor(self):
        self.refuses("6 PASS beside", self.table, self.chart, self.chart.slot(PASS, 2, start=0))
        self.refuses("6 PASS beside", self.table, self.chart, self.gap, self.chart.slot(PASS, 3))
        self.refuses("6 PASS beside", self.table, self.chart, self.gap, self.passes, self.passes)

    def test_cursor_does_not_move_back(self):
        back = self.chart.slot(GAP, 0)
        self.refuses("6 the cursor moves back", self.table, self.chart, self.gap, back)

    def test_end_beyond_the_last_concept(self):
        self.refuses("6 NONE ends", self.table, self.chart, self.chart.slot(GAP, 1, start=0, ends=True))
        self.refuses("6 NONE ends", self.table, self.chart, self.gap, self.chart.slot(PASS, 2, ends=True))

    def test_a_start_resets_the_cursor(self):
        whole = [self.gap, self.passes, self.chart.slot(PASS, 3)]
        self.refuses("6 PASS beside", self.table, self.chart, *whole[:2], self.chart.slot(PASS, 3, start=0, ends=True))

    def passing(self, one, **others):
        """The chart, table and slots that pass one fact of concept 500."""
        chart = Chart([one])
        table = policy(row(NONE, 500, **others))
        return table, chart, chart.slot(GAP, 0, start=0), chart.slot(PASS, 1, ends=True)

    def test_definite_failure(self):
        asked = {"value_lo": MEASURED, "value_hi": MEASURED}
        for one, others in (
            (fact(500, 50), {"date_lo": 51}),
            (fact(500, 50, since=45), {"date_hi": 44}),
            (fact(500, 50, uncertain=True), {"date_lo": 51}),
            (fact(500, 50, until=60), {"active_on": AS_OF}),
            (fact(500, 50), {"active_on": AS_OF, "date_lo": 51}),
            (fact(500, 50, until=60), {"active_on": AS_OF, "date_lo": 51, "either": True}),
            (fact(500, AS_OF + 2, since=AS_OF + 1), {"active_on": AS_OF}),
            (fact(500, 50, value=MEASURED + 1), asked),
            (fact(500, 50, value=MEASURED - 1), asked),
            (fact(500, 50, contested=True, value=MEASURED - 1), asked),
        ):
            self.shows(*self.passing(one, **others))

    def test_no_definite_failure(self):
        asked = {"value_lo": MEASURED, "value_hi": MEASURED}
        for one, others in (
            (fact(500, 50), {}),
            (fact(500, 50, since=45), {"date_lo": 46, "date_hi": 48}),
            (fact(500, 50, since=45), {"date_hi": 45}),
            (fact(500, 50), {"date_lo": 50}),
            (fact(500, 50, uncertain=True), {}),
            (fact(500, 50, uncertain=True, until=60), {"active_on": AS_OF, "date_lo": 51}),
            (fact(500, 50, until=AS_OF), {"active_on": AS_OF}),
            (fact(500, AS_OF + 2, since=AS_OF), {"active_on": AS_OF}),
            (fact(500, 50), {"active_on": AS_OF, "date_lo": 51, "either": True}),
            (fact(500, 50, until=60), {"active_on": AS_OF, "either": True}),
            (fact(500, 50), asked),
            (fact(500, 50, value=MEASURED), asked),
            (fact(500, 50, value=(2 << 66) + 1), asked),
            (fact(500, 50, value=MEASURED + 1, uncertain=True), asked),
        ):
            self.refuses("6 PASS of a fact that does not", *self.passing(one, **others))

    def test_set_gaps(self):
        # Members 500, 505, 509; the facts in between are no members.
        chart = Chart([fact(502, 50), fact(507, 50)], [500, 505, 509])
        table = policy(row(NONE, 501, 508, set_root=chart.set_tree.root()), tier=2)
        first = chart.set_slot(SET_GAP, 1, start=0)
        last = chart.set_slot(SET_GAP, 2, ends=True)
        # At 505 ‖ 0^56 the set's gap after 505 is not yet open: 505 ‖ 1^56 is above.
        self.refuses("6 SET GAP above", table, chart, first, last)
        # The record's gap leads from there to 507, and the set's on to 509.
        self.shows(table, chart, first, chart.slot(GAP, 1), last)
        self.refuses("6 SET GAP above", table, chart, chart.set_slot(SET_GAP, 3, start=0))
        without = policy(row(NONE, 501, 508), tier=2)
        self.refuses("6 SET GAP without", without, chart, first)
        self.refuses("6 SET GAP opens no leaf", table, chart, Chart([], [500, 506]).set_slot(SET_GAP, 1, start=0))


class Groups(Machine):
    def setUp(self):
        self.chart = Chart([fact(500, 50)], [500])
        self.both = policy(row(AT_LEAST, 500), row(NONE, 600), tier=2)

    def test_two_groups(self):
        slots = self.chart.slot(FACT, 1, start=0, ends=True), self.chart.slot(GAP, 1, start=1, ends=True)
        self.assertEqual(self.held(self.both, self.chart, *slots), {0, 1})
        self.assertEqual(self.held(self.both, self.chart, *reversed(slots)), {0, 1})

    def test_no_group_to_go_on_with(self):
        for slot in (self.chart.slot(FACT, 1), self.chart.slot(GAP, 1), self.chart.slot(PASS, 1)):
            self.refuses("6 no group", self.both, self.chart, slot)

    def test_no_such_criterion(self):
        self.refuses("6 no such criterion", self.both, self.chart, self.chart.slot(FACT, 1, start=2))

    def test_actions_of_the_other_mode(self):
        self.refuses("6 FACT of a NONE", self.both, self.chart, self.chart.slot(FACT, 1, start=1))
        for action in (GAP, PASS):
            self.refuses("of no NONE", self.both, self.chart, self.chart.slot(action, 1, start=0))
        self.refuses("of no NONE", self.both, self.chart, self.chart.set_slot(SET_GAP, 0, start=0))

    def test_ended_once(self):
        slot = self.chart.slot(FACT, 1, start=0, ends=True)
        self.refuses("6 a criterion ends twice", self.both, self.chart, slot, slot)

    def test_idle_neither_starts_nor_ends(self):
        self.refuses("6 IDLE neither", self.both, self.chart, self.chart.slot(IDLE, 1, start=0))
        self.refuses("6 IDLE neither", self.both, self.chart, self.chart.slot(IDLE, 1, ends=True))

    def test_leaves_of_their_trees(self):
        other = Chart([fact(500, 51)])
        why = "opens no leaf of its tree"
        self.refuses("6 FACT " + why, self.both, self.chart, other.slot(FACT, 1, start=0, ends=True))
        self.refuses("6 IDLE " + why, self.both, self.chart, other.idle())
        leaf = self.chart.leaves[1]
        misplaced = Slot(FACT, True, True, 0, leaf, self.chart.tree.path(2))
        self.refuses("6 FACT " + why, self.both, self.chart, misplaced)
        short = Slot(FACT, True, True, 0, leaf, type(misplaced.path)(1, misplaced.path.siblings[:3]))
        self.refuses("6 length of the path", self.both, self.chart, short)

    def test_leaves_of_the_right_kind(self):
        wrong = "of the wrong kind"
        self.refuses("6 FACT opens a leaf " + wrong, self.both, self.chart, self.chart.set_slot(FACT, 1, start=0))
        self.refuses("6 IDLE opens a leaf " + wrong, self.both, self.chart, self.chart.set_slot(IDLE, 1))
        table = policy(row(AT_LEAST, 500, set_root=set_tree(self.chart.set_leaves).root()))
        member = self.chart.slot(MEMBER, 1)
        start = self.chart.slot(FACT, 1, start=0, ends=True)
        self.refuses("6 MEMBER opens a leaf " + wrong, table, self.chart, start, member)

    def test_number_of_slots(self):
        idle = self.chart.idle()
        for slots in ([idle] * 6, [idle] * 8):
            with self.assertRaises(Refused):
                held_criteria(self.both, self.chart.tree.root(), slots)


class Clauses(unittest.TestCase):
    def test_thresholds(self):
        rows = [row(NONE, 1, threshold=threshold) for threshold in (None, None, 2, 1)]
        for held, holds in (({0, 1, 3}, True), ({0, 2, 3}, True), ({0, 1, 2}, False), ({2, 3}, False), (set(), False)):
            self.assertEqual(clauses_hold(rows, held), holds)


if __name__ == "__main__":
    unittest.main()
