"""Whether an amount that one item has is as well that of several others: by the days on which its payer usually pays.

Where amounts are round, sums meet by accident. What is due about now is likelier than what is not; so the one item is
meant only where no set of others fits the days as well, and an amount that is round by itself only about its time.
"""

from __future__ import annotations

from itertools import islice
from statistics import median_low

from connector.reconcile.cash import sums
from connector.reconcile.cash.heaps import Heap
from connector.reconcile.cash.standing import Standing

SEEN_MAX, SEEN_MIN = 9, 3
"""So many of a payer's last payments show when it usually pays, and so many at least."""
LOOKED_AT_MAX = 60
NEAR_DAYS = 10
"""A set that fits the days worse by more is no rival."""
SETS_AMONG_MAX = 12
"""Among so many every set is looked for; among more, every pair."""
ROUND_MINOR = 1_000
OFF_DAYS = 45
"""So far from its time, a round amount is any item's by accident."""


def may_be_several(at: Standing, heap: Heap, place: int, item: int) -> bool:
    """Whether several other items that fit the days about as well come to the amount too, or it is round and the item
    is far from its time."""
    wanted, on = at.receipts[place].amount, at.receipts[place].on
    usual = on - usual_lag(at, place, at.payer[place].group)
    off = abs(usual - _due(at, item))
    if off >= OFF_DAYS and wanted % ROUND_MINOR == 0:
        return True
    lefts = [
        at.left[one]
        for one in heap.few(on, sums.RUNS_AMONG_MAX) or ()
        if at.left[one] < wanted and one != item and abs(usual - _due(at, one)) <= off + NEAR_DAYS
    ]
    if len(lefts) <= 1 or sum(left for left in lefts if left > 0) < wanted:
        return False
    if len(lefts) <= sums.PAIRS_AMONG_MAX and sums.pairs(lefts, wanted, 1):
        return True
    return len(lefts) <= SETS_AMONG_MAX and bool(sums.subsets(lefts, wanted, 1))


def is_off_time(at: Standing, place: int, item: int) -> bool:
    """Whether an item is far from the time at which its payer usually pays."""
    lag = usual_lag(at, place, at.group[item])
    return abs(at.receipts[place].on - lag - _due(at, item)) >= OFF_DAYS


def usual_lag(at: Standing, place: int, group: int) -> int:
    """How many days after the due day this payer paid what it sent before and is decided; 0 where little is known."""
    lags = [
        at.receipts[other].on - _due(at, verdict.shares[0].item)
        for other in islice(at.sent_before(place, group), LOOKED_AT_MAX)
        if (verdict := at.verdicts.get(other)) is not None and verdict.shares
    ]
    return median_low(lags[:SEEN_MAX]) if len(lags) >= SEEN_MIN else 0


def _due(at: Standing, item: int) -> int:
    """The day on which an item is due; never before it is open."""
    return max(at.items[item].due, at.since[item])
