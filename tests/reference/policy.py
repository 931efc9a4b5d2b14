"""Section 4: the table of criteria, its digest, and when it is valid."""

from dataclasses import dataclass

from facts import LAST_MEMBER, NO_VALUE, UNKNOWN_VALUE, value_type
from refusal import demand
from sponge import POLICY, hash_of

VERSION = 1
AT_LEAST, LATEST, NONE = 1, 2, 3
# Tier: criteria, slots.
TIERS = {1: (2, 2), 2: (4, 7), 3: (8, 19), 4: (16, 40)}
ROW_INPUTS = 10


@dataclass(frozen=True)
class Header:
    """What holds for all criteria."""

    tier: int
    claim_id: int
    as_of: int
    schema: int
    issued_min: int
    required_coverage: int


@dataclass(frozen=True)
class Row:
    """One criterion; None is absence."""

    mode: int
    either: bool
    concept_lo: int
    concept_hi: int
    set_root: int | None
    date_lo: int
    date_hi: int
    active_on: int | None
    value_lo: int | None
    value_hi: int | None
    count: int
    min_gap_days: int
    threshold: int | None

    def flags(self):
        """The coding of what is not a field element of its own."""
        return (
            self.mode
            + (self.either << 2)
            + ((self.active_on is not None) << 3)
            + ((self.value_lo is not None) << 4)
            + ((self.set_root is not None) << 5)
            + ((self.min_gap_days > 0) << 6)
            + (self.count << 7)
            + (self.min_gap_days << 15)
            + (0 if self.value_lo is None else value_type(self.value_lo) << 31)
        )

    def inputs(self):
        """The row's ten inputs of the digest."""
        return (
            self.flags(),
            self.concept_lo,
            self.concept_hi,
            self.set_root or 0,
            self.date_lo,
            self.date_hi,
            self.active_on or 0,
            self.value_lo or 0,
            self.value_hi or 0,
            0 if self.threshold is None else 1 + 2 * self.threshold,
        )


@dataclass(frozen=True)
class Policy:
    """A header and its rows, the unused ones left out."""

    header: Header
    rows: tuple

    def demand_tier(self):
        """Refuses a tier that is not one of the four, and more rows than it has criteria."""
        demand(self.header.tier in TIERS, "4 tier")
        demand(len(self.rows) <= TIERS[self.header.tier][0], "4 more rows than the tier has criteria")

    def digest(self):
        """H_8."""
        self.demand_tier()
        header = self.header
        criteria = TIERS[header.tier][0]
        inputs = [
            VERSION,
            header.tier,
            header.claim_id,
            header.as_of,
            header.schema,
            header.issued_min,
            header.required_coverage,
        ]
        for row in self.rows:
            inputs.extend(row.inputs())
        inputs.extend([0] * ROW_INPUTS * (criteria - len(self.rows)))
        return hash_of(POLICY, *inputs)

    def demand_valid(self):
        """Refuses a table that the verifier would not compile."""
        self.demand_tier()
        demand(self.rows, "4 no criterion")
        for row in self.rows:
            demand_valid_row(row, self.header.as_of)
        size = 0
        for row in self.rows:
            size += 1
            if row.threshold is not None:
                demand(1 <= row.threshold <= size, "4 threshold")
                size = 0
        demand(size == 0, "4 the last criterion ends no clause")


def demand_valid_row(row, as_of):
    """Refuses a row that the verifier would not compile."""
    demand(1 <= row.concept_lo <= row.concept_hi <= LAST_MEMBER - 1, "4 concepts")
    demand(row.date_lo <= row.date_hi <= as_of, "4 dates")
    demand(row.active_on in (None, as_of), "4 active_on")
    demand(not row.either or row.active_on is not None, "4 either without active_on")
    if row.value_lo is not None:
        demand(row.value_lo <= row.value_hi, "4 values")
        demand(value_type(row.value_lo) == value_type(row.value_hi), "4 values of two types")
        demand(value_type(row.value_lo) not in (NO_VALUE, UNKNOWN_VALUE), "4 values of no type")
    if row.mode == AT_LEAST:
        demand(row.count >= 1, "4 count of AT_LEAST")
        demand(row.min_gap_days == 0 or row.count >= 2, "4 spacing of one fact")
    if row.mode == LATEST:
        demand(row.concept_lo == row.concept_hi, "4 LATEST of several concepts")
        demand(row.set_root is None, "4 LATEST with a set")
        demand(row.active_on is None, "4 LATEST with active_on")
        demand(row.min_gap_days == 0, "4 LATEST with spacing")
        demand(row.date_hi == as_of, "4 LATEST not up to as_of")
        demand(row.count == 1, "4 count of LATEST")
    if row.mode == NONE:
        demand(row.count == 0, "4 count of NONE")
        demand(row.min_gap_days == 0, "4 NONE with spacing")
