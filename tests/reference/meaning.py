"""What the criteria mean, by enumeration of a chart's facts: no slots, no order of search, no trees.

This is what section 6 proves that slots can show, at best: an uncertain fact supports nothing, one that may be asked
about and does not definitely fail stands in the way of a NONE.
"""

from criteria import definitely_fails, in_concepts, supports
from facts import demand_order
from policy import AT_LEAST, LATEST
from refusal import demand
from slots import clauses_hold


def in_set(members, fact):
    """Whether the fact's concept is in the criterion's set, where it has one."""
    return members is None or fact.concept in members


def longest_spaced(facts, gap):
    """The most of these facts that can stand one after another, each beginning `gap` days after the one before."""
    ordered = sorted(facts, key=lambda fact: fact.date)
    longest = []
    for index, fact in enumerate(ordered):
        before = [longest[i] for i in range(index) if fact.since >= ordered[i].date + gap]
        longest.append(1 + max(before, default=0))
    return max(longest, default=0)


def at_least(row, members, facts):
    """Enough supporting facts of distinct events, or that lie apart as asked."""
    supporting = [fact for fact in facts if supports(row, fact) and in_set(members, fact)]
    if row.min_gap_days > 0:
        return longest_spaced(supporting, row.min_gap_days) >= row.count
    return len({(fact.date, fact.event) for fact in supporting}) >= row.count


def latest(row, members, facts):
    """The last fact of the concept supports, and is not contested."""
    of_concept = [fact for fact in facts if in_concepts(row, fact)]
    if not of_concept:
        return False
    last = max(of_concept, key=lambda fact: fact.key())
    return supports(row, last) and not last.contested


def none(row, members, facts):
    """Each fact that is asked about definitely fails."""
    return all(definitely_fails(row, fact) for fact in facts if in_concepts(row, fact) and in_set(members, fact))


def criterion(row, members, facts):
    """Whether the criterion is true of the facts."""
    means = {AT_LEAST: at_least, LATEST: latest}.get(row.mode, none)
    return means(row, members, facts)


def meaning(policy, sets, facts):
    """Which criteria are true of the facts, and whether the claim is."""
    policy.demand_valid()
    demand_order(facts)
    demand(len(sets) == len(policy.rows), "4 as many sets as rows")
    for row, members in zip(policy.rows, sets):
        demand((row.set_root is None) == (members is None), "4 a set and its root")
    criteria = [criterion(*pair, facts) for pair in zip(policy.rows, sets)]
    held = {index for index, holds in enumerate(criteria) if holds}
    return criteria, clauses_hold(policy.rows, held)
