"""Section 6: what one criterion says of one fact, its code set left aside."""

from facts import value_type


def in_concepts(row, fact):
    """Whether the fact's concept is in the criterion's range."""
    return row.concept_lo <= fact.concept <= row.concept_hi


def in_window(row, fact):
    """in(f): every day that the fact allows lies in the window."""
    return fact.since >= row.date_lo and fact.date <= row.date_hi


def out_of_window(row, fact):
    """out(f): none does."""
    return fact.date < row.date_lo or fact.since > row.date_hi


def active(row, fact):
    """act(f): the fact holds on the day asked for."""
    return fact.date <= row.active_on <= fact.until


def over(row, fact):
    """over(f): it does not."""
    return fact.since > row.active_on or fact.until < row.active_on


def in_time(row, fact):
    """time(in, act)."""
    if row.active_on is None:
        return in_window(row, fact)
    if row.either:
        return in_window(row, fact) or active(row, fact)
    return in_window(row, fact) and active(row, fact)


def maybe_in_time(row, fact):
    """time(¬out, ¬over)."""
    if row.active_on is None:
        return not out_of_window(row, fact)
    if row.either:
        return not out_of_window(row, fact) or not over(row, fact)
    return not out_of_window(row, fact) and not over(row, fact)


def supports(row, fact):
    """Whether the fact counts for the criterion: what FACT asks of a fact by itself."""
    in_values = row.value_lo is None or row.value_lo <= fact.value <= row.value_hi
    return in_concepts(row, fact) and not fact.uncertain and in_time(row, fact) and in_values


def definitely_fails(row, fact):
    """Whether the fact cannot be what NONE rules out: what PASS asks of a fact."""
    if fact.uncertain:
        return out_of_window(row, fact) and row.active_on is None
    if not maybe_in_time(row, fact):
        return True
    if row.value_lo is None or value_type(fact.value) != value_type(row.value_lo):
        return False
    return not row.value_lo <= fact.value <= row.value_hi
