"""Whether what a stored key or a number means may be another receipt's: paid before, or named by mistake.

A key is written once and lives on: the next payment may carry the key of the last one. Where both are of one price,
the amount does not tell. So neither key nor number proves anything while another receipt that is still undecided may
have been for the same item.
"""

from __future__ import annotations

from itertools import islice

from connector.reconcile.cash.standing import ECHO_DAYS, Standing

EQUAL_MAX = 50
COMMON = 50
"""Where more than one of so many items has an amount, its agreement tells little."""
LITTLE_SHARE = 8
"""An eighth of what is open is a little."""
LOOKED_AT_MAX = 200
"""Who has sent more that says nothing is not looked at further: it may have been for anything."""


def may_be_stale(at: Standing, place: int, item: int, *, at_last: bool) -> bool:
    """Whether an earlier receipt that is still undecided means the keyed item, or may have been for it, and this one
    for a later item of the same amount.

    Before the last look any earlier receipt that says nothing makes it doubtful. `at_last`, when all else is decided,
    older items of that amount may be what those were for.
    """
    if not at.is_first_to_mean(place, item) or _is_shared_key(at, place, item):
        return True
    if at.was_reopened(item) and is_contested(at, place, item):
        return True
    receipt = at.case.receipts[place]
    heap = at.heap(place, at.group[item])
    equal = heap.exact(receipt.amount, receipt.on, EQUAL_MAX) if heap is not None else []
    since = at.since[item]
    if all(at.since[one] <= since for one in equal):
        return False
    return may_have_been_paid(at, place, item, sum(at.since[one] < since for one in equal) if at_last else 0)


def _is_shared_key(at: Standing, place: int, item: int) -> bool:
    """Whether another receipt of the same amount, and not this one over again, has the key in the same days."""
    mine = at.case.receipts[place]
    return any(
        other != place
        and other in at.waiting
        and (yours := at.case.receipts[other]).key == mine.key
        and (yours.amount, yours.currency) == (mine.amount, mine.currency)
        and abs(yours.on - mine.on) <= ECHO_DAYS
        and not (at.is_twin(place, other) or at.was_back(place, other))
        for other in at.meaning(item)
    )


def may_have_been_paid(at: Standing, place: int, item: int, older: int = 0) -> bool:
    """Whether the earlier receipts of this payer that say nothing are for more than so many older items: one of them
    may then have been for this item, which was open when it came. What brings several times as much counts as often.
    """
    receipts, left, since = at.case.receipts, at.left[item], at.since[item]
    before = at.quiet_before(place, at.group[item])
    counted = 0
    for count, other in enumerate(before, 1):
        if counted <= older and not counted and receipts[other].on < since:
            return False
        counted += -(-receipts[other].amount // left) if receipts[other].amount >= left else 0
        if counted > older or count > LOOKED_AT_MAX:
            return True
    return False


def is_common(at: Standing, item: int) -> bool:
    """Whether so many items have an item's amount that a wrong number agrees with it easily."""
    return at.alike(item) > 1 and at.alike(item) * COMMON > len(at.case.items)


def may_be_the_last(at: Standing, place: int, item: int) -> bool:
    """Whether an earlier receipt that says nothing, and that this payer or nobody known sent, may have brought the rest
    of an item of which this one brings a part: then a little may be missing here, or too much."""
    receipts, left, mine = at.case.receipts, at.left[item], at.case.receipts[place].amount
    return any(
        receipts[other].on >= at.since[item] and 0 < abs(receipts[other].amount + mine - left) * LITTLE_SHARE <= left
        for group in (at.group[item], -1)
        for other in islice(at.quiet_before(place, group), LOOKED_AT_MAX)
    )


def is_contested(at: Standing, place: int, item: int) -> bool:
    """Whether another receipt that is still undecided means this item too, while another item of the same amount is
    there that nobody means, or nobody knows who paid: then one of the two means it by mistake."""
    if not any(
        other != place and other in at.waiting and not at.is_twin(place, other) and not at.was_back(place, other)
        for other in at.meaning(item)
    ):
        return False
    if at.payer[place].group < 0:
        return at.alike(item) > 1
    heap = at.heap(place, at.group[item])
    equal = heap.exact(at.left[item], at.case.receipts[place].on, EQUAL_MAX) if heap is not None else []
    return any(one != item and not at.meaning(one) for one in equal)


def is_claimed_whole(at: Standing, place: int, item: int) -> bool:
    """Whether another receipt that is still undecided means this item and brings exactly what is open of it."""
    return any(
        other != place and other in at.waiting and at.case.receipts[other].amount == at.left[item]
        for other in at.meaning(item)
    )
