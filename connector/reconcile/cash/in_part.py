"""One item that a key or a clean number means, with another amount than is open: a part of it, or somewhat too much.

Taken only after a pass in which nothing else followed, by then what else could explain the amount has been decided;
and only where no other item, two of them, or the named one with others explains it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connector.reconcile.cash import sums
from connector.reconcile.cash.adjust import (
    FEE_ROUND,
    FEE_SHARE_MAX,
    is_late_discount,
    may_be_withheld,
    single_under_terms,
)
from connector.reconcile.cash.heaps import Heap
from connector.reconcile.cash.stale import is_claimed_whole, may_be_the_last, may_have_been_paid
from connector.reconcile.cash.standing import Standing
from connector.reconcile.cash.verdict import Class, Share, Verdict

ACCIDENTS_TELLING_PPM_MAX = 100_000
"""A rival that would turn up by accident so often tells nothing."""
NEAR_MAX = 50
OVERDUE_DAYS_MAX = 90
"""Who names an older item, and brings another sum, has rather taken its number by mistake."""
CREDITS_MAX = 8
TENTH = 10
"""A part is at least the tenth part of what is open, and leaves as much: else it is a slip or a reduction."""
OVER_SHARE_MAX = 8
"""So much is over at most: the eighth part of what is open, or of a small item a little sum up to its fourth part."""
OVER_SMALL_SHARE_MAX = 4
OVER_SMALL = 5_000
KEY_OVER_SHARE_MAX = 2
"""By a stored key, the half."""


def keyed(at: Standing, place: int) -> Verdict | None:
    """The item that a stored key means, with another amount than is open."""
    item = at.keyed(place)
    if item < 0:
        return None
    receipt, left = at.case.receipts[place], at.left[item]
    others = at.heap(place, at.group[item])
    if others is not None and others.exact(receipt.amount, receipt.on, 1):
        return None
    if at.is_echo(place, at.payer[place].group) or not at.is_first_to_mean(place, item):
        return None
    if is_claimed_whole(at, place, item) or may_have_been_paid(at, place, item) or may_be_the_last(at, place, item):
        return None
    over = receipt.amount - left
    if over > 0 and (left != at.case.items[item].amount or over * KEY_OVER_SHARE_MAX > left):
        return None
    return part_of(at, place, Class.KEY, item)


def less(at: Standing, place: int) -> Verdict | None:
    """One clean number of a known payer, less than is open, and no other explanation: a part of it, if the company lets
    that be decided."""
    item = _only_named(at, place) if at.case.policy.partial else None
    if item is None:
        return None
    left, amount = at.left[item], at.case.receipts[place].amount
    if amount >= left or _is_reduction(at, place, item, left - amount):
        return None
    if at.case.receipts[place].on > max(at.case.items[item].due, at.since[item]) + OVERDUE_DAYS_MAX:
        return None
    heap = at.heap(place, at.group[item])
    if heap is not None and heap.credits(at.case.receipts[place].on, CREDITS_MAX) != []:
        return None
    return None if _has_rival(at, place, item) else part_of(at, place, Class.PARTIAL, item)


def _is_reduction(at: Standing, place: int, item: int, short: int) -> bool:
    """Whether what is missing is rather a tax, a fee, a rounding or a discount than still owed."""
    left, policy = at.left[item], at.case.policy
    if short <= policy.rounding or may_be_withheld(at.party_of(item), left, short):
        return True
    if is_late_discount(at, [item], short):
        return not _is_too_late(at, place, item)
    if short <= policy.bank_fee and (short * FEE_SHARE_MAX <= left or short % FEE_ROUND == 0):
        return True
    return (left - short) * TENTH < left or short * TENTH < left


def more(at: Standing, place: int) -> Verdict | None:
    """The same with somewhat more than is open, and nothing else that the rest may be for: it stays unapplied."""
    item = _only_named(at, place)
    if item is None or at.reading[place].loose or at.case.receipts[place].key:
        return None
    left = at.left[item]
    over = at.case.receipts[place].amount - left
    small = over <= OVER_SMALL and over * OVER_SMALL_SHARE_MAX <= left
    if over <= 0 or not (small or over * OVER_SHARE_MAX <= left) or left != at.case.items[item].amount:
        return None
    if _has_rival(at, place, item) or _may_hold_more(at, place, item, over):
        return None
    return part_of(at, place, Class.OVER, item)


def part_of(at: Standing, place: int, kind: Class, item: int) -> Verdict:
    """As much of one item as came."""
    amount, left = at.case.receipts[place].amount, at.left[item]
    paid = min(amount, left)
    shares = (Share(item, paid, paid, left),)
    return at.with_rivals(Verdict(place, kind, shares, amount - paid, payer=at.payer[place]))


def _only_named(at: Standing, place: int) -> int | None:
    """The one open item that a clean text of a known payer names, if it is the first to do so."""
    named = at.named(place)
    if len(named) != 1 or not at.is_clean(place) or at.left[named[0]] <= 0 or at.is_keyed_beside(place, named):
        return None
    payer, group = at.payer[place], at.group[named[0]]
    known = payer.group == group or group in payer.among
    if not known or at.is_echo(place, payer.group) or at.is_shared(place, named):
        return None
    if is_claimed_whole(at, place, named[0]):
        return None
    return named[0]


def _has_rival(at: Standing, place: int, item: int) -> bool:
    """Whether other items of the payer are the amount, or the named one with others is."""
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
    if any(one != item for sum_ in _with_credits(at, heap, place, rest) for one in heap.exact(sum_, receipt.on)):
        return True
    others = heap.few(receipt.on, sums.PAIRS_AMONG_MAX) or ()
    amounts = [at.left[one] for one in others if one != item]
    return _is_sum(amounts, receipt.amount) or _is_pair_less_fee(amounts, receipt.amount, fee)


def _with_credits(at: Standing, heap: Heap, place: int, rest: int) -> Iterator[int]:
    """What another item beside the named one would come to, less one of the payer's credit memos."""
    credits_ = heap.credits(at.case.receipts[place].on, CREDITS_MAX) or ()
    return (rest - at.left[one] for one in credits_)


def _is_sum(amounts: Sequence[int], wanted: int) -> bool:
    """Whether several of these are the amount, and would hardly be by accident."""
    telling = ACCIDENTS_TELLING_PPM_MAX
    if sums.pairs(amounts, wanted, 1) and sums.accidents(amounts, wanted, range(2, 3)) <= telling:
        return True
    if len(amounts) > sums.SEARCHED_MAX:
        return False
    expected = sums.accidents(amounts, wanted, range(3, len(amounts) + 1))
    return expected <= telling and bool(sums.subsets(amounts, wanted, 1))


def _is_pair_less_fee(amounts: Sequence[int], wanted: int, fee: int) -> bool:
    """Whether two of these are the amount and what a bank may have kept, and would hardly be by accident."""
    fees = range(FEE_ROUND, fee + 1, FEE_ROUND)
    if sums.accidents(amounts, wanted, range(2, 3)) * len(fees) > ACCIDENTS_TELLING_PPM_MAX:
        return False
    return any(sums.pairs(amounts, wanted + kept, 1) for kept in fees)


def _is_too_late(at: Standing, place: int, item: int) -> bool:
    """Whether a discount was taken so long after its time that nobody may still call it in time."""
    party = at.party_of(item)
    days = (party.discount_days if party is not None else 0) + at.case.policy.discount_grace_days
    return at.case.receipts[place].on > at.case.items[item].issued + days + LATE_DAYS


LATE_DAYS = 5


def _may_hold_more(at: Standing, place: int, item: int, rest: int) -> bool:
    """Whether what is over may be other items of the payer that the text leaves out."""
    receipt = at.case.receipts[place]
    heap = at.heap(place, at.group[item])
    fee = at.case.policy.bank_fee
    found = heap.between(1, rest + fee, receipt.on, NEAR_MAX) if heap is not None else []
    return found is None or any(one != item for one in found)
