"""One clean number of a known payer with another amount than is open: a part of it, or too much, and only where nothing
else explains the amount.
"""

from __future__ import annotations

from collections.abc import Sequence

from connector.reconcile.cash import sums
from connector.reconcile.cash.adjust import (
    FEE_ROUND,
    FEE_SHARE_MAX,
    is_late_discount,
    may_be_withheld,
    single_under_terms,
)
from connector.reconcile.cash.by_number import NEAR_MAX, part_of
from connector.reconcile.cash.standing import Standing
from connector.reconcile.cash.verdict import Class, Verdict

ACCIDENTS_TELLING_PPM_MAX = 100_000
"""A rival that would turn up by accident so often tells nothing."""


def less(at: Standing, place: int) -> Verdict | None:
    """One clean number of a known payer, less than is open, and no other explanation: a part of it."""
    item = _only_named(at, place)
    if item is None:
        return None
    left = at.left[item]
    short = left - at.case.receipts[place].amount
    if short <= 0 or may_be_withheld(at.party_of(item), left, short) or _has_rival(at, place, item):
        return None
    small = short <= at.case.policy.bank_fee and short * FEE_SHARE_MAX <= left
    if small and not is_late_discount(at, [item], short):
        return None
    return part_of(at, place, Class.PARTIAL, item)


def more(at: Standing, place: int) -> Verdict | None:
    """The same with more than is open, and nothing else that the rest may be for: it stays unapplied."""
    item = _only_named(at, place)
    if item is None:
        return None
    over = at.case.receipts[place].amount - at.left[item]
    if not 0 < over <= at.left[item] or _has_rival(at, place, item) or _may_hold_more(at, place, item, over):
        return None
    return part_of(at, place, Class.OVER, item)


def _only_named(at: Standing, place: int) -> int | None:
    """The one open item that a clean text of a known payer names, if it is the first to do so."""
    named = at.named(place)
    if len(named) != 1 or not at.is_clean(place) or at.left[named[0]] <= 0:
        return None
    payer, group = at.payer[place], at.group[named[0]]
    known = payer.group == group or group in payer.among
    if not known or at.is_echo(place, payer.group) or not at.is_first_to_name(place, named):
        return None
    return named[0]


def _has_rival(at: Standing, place: int, item: int) -> bool:
    """Whether other items of the payer are the amount, or the named one with another is."""
    receipt = at.case.receipts[place]
    heap = at.heap(place, at.group[item])
    if heap is None:
        return False
    rest, fee = receipt.amount - at.left[item], at.case.policy.bank_fee
    alone = [
        *heap.exact(receipt.amount, receipt.on),
        *heap.exact(rest, receipt.on),
        *single_under_terms(at, place, at.group[item], receipt.amount),
    ]
    close = heap.between(receipt.amount + 1, receipt.amount + fee, receipt.on, NEAR_MAX) if fee else []
    credits_ = heap.between(rest, min(rest + fee, -1), receipt.on, NEAR_MAX) if rest < 0 else []
    if close is None or credits_ != [] or any(one != item for one in alone):
        return True
    if any(one != item and (at.left[one] - receipt.amount) % FEE_ROUND == 0 for one in close):
        return True
    others = heap.few(receipt.on, sums.PAIRS_AMONG_MAX) or ()
    return _is_sum([at.left[one] for one in others if one != item], receipt.amount)


def _is_sum(amounts: Sequence[int], wanted: int) -> bool:
    """Whether several of these are the amount, and would hardly be by accident."""
    telling = ACCIDENTS_TELLING_PPM_MAX
    if sums.pairs(amounts, wanted, 1) and sums.accidents(amounts, wanted, range(2, 3)) <= telling:
        return True
    if len(amounts) > sums.SEARCHED_MAX:
        return False
    expected = sums.accidents(amounts, wanted, range(3, len(amounts) + 1))
    return expected <= telling and bool(sums.subsets(amounts, wanted, 1))


def _may_hold_more(at: Standing, place: int, item: int, rest: int) -> bool:
    """Whether what is over may be other items of the payer that the text leaves out."""
    receipt = at.case.receipts[place]
    heap = at.heap(place, at.group[item])
    fee = at.case.policy.bank_fee
    found = heap.between(1, rest + fee, receipt.on, NEAR_MAX) if heap is not None else []
    return found is None or any(one != item for one in found)
