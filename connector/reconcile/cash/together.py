"""What follows only when several receipts are looked at together: instalments, a second time, identical ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from heapq import heappop, heappush

from connector.reconcile.cash.adjust import single_under_terms
from connector.reconcile.cash.standing import ECHO_DAYS, Standing
from connector.reconcile.cash.verdict import Class, Share, Verdict

DUPLICATE_DAYS = 45
LISTED_MAX = 60
LAST_DAY = date.max.toordinal()


def instalments(at: Standing, wanted: Sequence[int]) -> None:
    """Receipts that all mean one item, one of them perhaps others beside it, and together are what is open of all."""
    parts: dict[int, list[int]] = defaultdict(list)
    lists: dict[int, list[int]] = defaultdict(list)
    for place in wanted:
        item = _meant(at, place) if place in at.waiting else -1
        if item >= 0 and at.case.receipts[place].amount < at.left[item]:
            parts[item].append(place)
    for place in at.waiting if parts else ():
        named = at.named(place)
        if 1 < len(named) <= LISTED_MAX and at.is_clean(place) and not parts.keys().isdisjoint(named):
            for item in named:
                lists[item].append(place)
    for item, places in parts.items():
        brought = sum(at.case.receipts[place].amount for place in places)
        if len(places) > 1 and brought == at.left[item]:
            for place in places:
                _take_part(at, place, item)
        elif len(lists[item]) == 1 and brought < at.left[item]:
            _with_list(at, places, lists[item][0], item)


def _meant(at: Standing, place: int) -> int:
    """The one item that a text names, or a stored key means where no text does; -1 when there is none."""
    named = at.named(place)
    if named:
        return named[0] if len(named) == 1 and not at.is_keyed_beside(place, named) else -1
    return at.keyed(place)


def _with_list(at: Standing, places: Sequence[int], first: int, item: int) -> None:
    """The parts of an item, and the rest of it in a receipt that pays others whole."""
    if first not in at.waiting or any(place not in at.waiting for place in places):
        return
    named, amount = at.named(first), at.case.receipts[first].amount
    rest = amount - sum(at.left[other] for other in named if other != item)
    brought = sum(at.case.receipts[place].amount for place in places)
    if rest <= 0 or rest + brought != at.left[item] or not at.is_one_group(named):
        return
    if any(at.left[other] <= 0 for other in named):
        return
    pays = [rest if other == item else at.left[other] for other in named]
    shares = tuple(Share(other, pay, pay, at.left[other]) for other, pay in zip(named, pays, strict=True))
    at.take(Verdict(first, Class.INSTALMENT, shares, 0, payer=at.payer[first]))
    for place in places:
        _take_part(at, place, item)


def _take_part(at: Standing, place: int, item: int) -> None:
    amount = at.case.receipts[place].amount
    at.take(Verdict(place, Class.INSTALMENT, (Share(item, amount, amount, at.left[item]),), 0, payer=at.payer[place]))


def duplicates(at: Standing, wanted: Sequence[int]) -> None:
    """A receipt that is an earlier one over again, when everything that one settled is closed: it stays on account."""
    for place in wanted:
        if place not in at.waiting:
            continue
        first = _first_of(at, place)
        if first >= 0:
            at.take(
                Verdict(place, Class.DUPLICATE, (), at.case.receipts[place].amount, payer=at.payer[place], of=first)
            )


def _first_of(at: Standing, place: int) -> int:
    """The decided receipt that this one repeats; -1 when there is none."""
    receipt = at.case.receipts[place]
    named = list(at.named(place))
    key = at.item_of.get(receipt.key, -1)
    if key >= 0 and key not in named:
        named.append(key)
    if not named or any(at.left[item] for item in named):
        return -1
    for other in at.settled_by.get(named[0], ()):
        first = at.case.receipts[other]
        if (
            0 <= receipt.on - first.on <= (DUPLICATE_DAYS if at.named(place) else ECHO_DAYS)
            and at.is_twin(place, other)
            and {share.item for share in at.verdicts[other].shares} == set(named)
        ):
            return other
    return -1


def identical(at: Standing) -> None:
    """Equal receipts and equal items of one customer, of which nobody says which is for which: where of all that were
    open by some day every one was paid by then, in whatever order, the oldest is taken for the one that was paid first.
    """
    receipts = at.case.receipts
    rows: dict[tuple[int, str, int], list[int]] = defaultdict(list)
    for place in at.waiting:
        if at.payer[place].group >= 0 and at.is_silent(place):
            rows[at.payer[place].group, receipts[place].currency, receipts[place].amount].append(place)
    for (group, currency, amount), places in rows.items():
        row = _ended(at, group, places, _alike(at, group, currency, amount))
        for item, place in row:
            last = row[-1][1]
            at.take(at.verdict(place, Class.IDENTICAL, [item])._replace(of=last if last != place else -1))


def _alike(at: Standing, group: int, currency: str, amount: int) -> list[int]:
    """All open items that are or were of that amount, the first that was open first; none where they are several
    customers'."""
    heap, items = at.heaps.get((group, currency)), at.case.items
    if heap is None or amount not in heap.view.by_amount:
        return []
    equal = [item for item in heap.view.open if amount in (at.left[item], items[item].amount)]
    if len({items[item].party for item in equal}) != 1:
        return []
    return sorted(equal, key=lambda item: (at.since[item], items[item].due, items[item].id))


def _is_free(at: Standing, item: int) -> bool:
    """Whether all of an item is open, and no receipt that is undecided means it."""
    whole = at.case.items[item].amount == at.left[item]
    return whole and not any(other in at.waiting for other in at.meaning(item))


def _ended(at: Standing, group: int, places: Sequence[int], equal: Sequence[int]) -> list[tuple[int, int]]:
    """Items and receipts, the oldest to the first, up to the last day on which none was open any more. What came twice
    in a few days may be one payment, what went back opens its item again, and what is open in part or meant by others
    is no more like the rest: all of that ends the row."""
    receipts, items = at.case.receipts, at.case.items
    row: list[tuple[int, int]] = []
    came, ended, back, is_free = 0, 0, LAST_DAY, True
    open_: list[tuple[int, int, str, int]] = []
    for place in places:
        on = receipts[place].on
        while came < len(equal) and at.since[equal[came]] <= on:
            item = equal[came]
            heappush(open_, (items[item].issued, items[item].due, items[item].id, item))
            is_free &= _is_free(at, item)
            came += 1
        if not (open_ and is_free and on < back) or at.is_echo(place, group):
            break
        if single_under_terms(at, place, group, receipts[place].amount):
            break
        row.append((heappop(open_)[-1], place))
        back = min([back, *(receipts[one].on for one in at.backs_of(place))])
        if not open_:
            ended = len(row)
    return row[:ended]
