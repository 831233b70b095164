"""What an idea about an undecided receipt is: an allocation, what it stands on, and its place among others."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from connector.reconcile.cash.verdict import Share


class Sort(StrEnum):
    """What an idea stands on."""

    KEY = "key"
    KEY_PART = "key-part"
    KEY_OVER = "key-over"
    NAMED = "named"
    NAMED_FEE = "named-fee"
    NAMED_SOME = "named-some"
    NAMED_CREDIT = "named-credit"
    NAMED_MORE = "named-more"
    NAMED_RUN = "named-run"
    NAMED_RUN_GAP = "named-run-gap"
    NAMED_RUN_GAPS = "named-run-gaps"
    NAMED_RUN_FEE = "named-run-fee"
    NAMED_RUN_OVER = "named-run-over"
    NAMED_RUN_PART = "named-run-part"
    NAMED_RUN_REST = "named-run-rest"
    NAMED_REST = "named-rest"
    NAMED_LAST = "named-last"
    NAMED_LAST_RUN = "named-last-run"
    NAMED_LAST_OVER = "named-last-over"
    NAMED_SHARED = "named-shared"
    NAMED_PART = "named-part"
    NAMED_OVER = "named-over"
    PERIOD = "period"
    SLIP = "slip"
    SLIP_PART = "slip-part"
    AMOUNT = "amount"
    TERMS = "terms"
    FEE = "fee"
    LATE = "late"
    EVERYTHING = "everything"
    DUE_RUN = "due-run"
    DUE_GAP = "due-gap"
    DUE_GAPS = "due-gaps"
    SET = "set"
    ALMOST_RUN = "almost-run"
    RUN_FEE = "run-fee"
    RUN_OVER = "run-over"
    HALF = "half"
    PART = "part"
    OVER = "over"
    STRANGER = "stranger"
    STRANGER_TERMS = "stranger-terms"
    STRANGER_FEE = "stranger-fee"
    STRANGER_SET = "stranger-set"
    STRANGER_HALF = "stranger-half"
    CHANGED_NAMED = "changed-named"
    CHANGED_DUE = "changed-due"
    CHANGED = "changed"
    ON_ACCOUNT = "on-account"
    TAKEN_BACK = "taken-back"


LOOSE = frozenset({
    Sort.PART, Sort.OVER, Sort.NAMED_PART, Sort.NAMED_OVER, Sort.KEY_PART, Sort.KEY_OVER, Sort.SLIP_PART,
    Sort.NAMED_RUN_PART, Sort.NAMED_RUN_REST, Sort.NAMED_RUN_OVER, Sort.RUN_OVER, Sort.NAMED_LAST_OVER,
    Sort.NAMED_SHARED, Sort.ON_ACCOUNT,
})  # fmt: skip
"""Ideas that there always are some of."""
BY_PLACE = frozenset({
    Sort.NAMED_PART, Sort.NAMED_SHARED, Sort.KEY_PART, Sort.NAMED_RUN_PART, Sort.NAMED_RUN_REST, Sort.ON_ACCOUNT,
    Sort.TAKEN_BACK,
})  # fmt: skip
"""Ideas whose place among their like says something; of the others it is how well they fit the payer's habit."""


class Idea(NamedTuple):
    """An allocation that may be meant: of `many` of its sort it is the one at `rank`, from 0. `lead`: so many days it
    is nearer to what the payer usually does than the next of its sort, below 0 where another is nearer. `rivals`: so
    many other allocations fit as exactly. `accidents_ppm`: so many like it were to be expected by accident, in
    millionths."""

    sort: Sort
    shares: tuple[Share, ...]
    unapplied: int
    adjustment: str = ""
    of: int = -1
    many: int = 1
    rank: int = 0
    lead: int = 0
    rivals: int = 0
    accidents_ppm: int = 0
