"""What follows only when several receipts are looked at together: instalments, a second time, identical ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from connector.reconcile.cash import sums
from connector.reconcile.cash.standing import ECHO_DAYS, Standing
from connector.reconcile.cash.verdict import Class, Share, Verdict

DUPLICATE_DAYS = 45
PARTS_MAX = 30
ITEMS_MAX = 40


def instalments(at: Standing, wanted: Sequence[int]) -> None:
    """Receipts that all name one item and together are what is open of it."""
    parts: dict[int, list[int]] = defaultdict(list)
    for place in wanted:
        named = at.named(place) if place in at.waiting else ()
        if len(named) == 1 and at.case.receipts[place].amount < at.left[named[0]]:
            parts[named[0]].append(place)
    for item, places in parts.items():
        if len(places) > 1 and sum(at.case.receipts[place].amount for place in places) == at.left[item]:
            for place in places:
                _take_part(at, place, item)


def halves(at: Standing, wanted: Sequence[int]) -> None:
    """Two receipts of one payer, of which no text says otherwise, that together are one item: when no other two are,
    and hardly any would be by accident."""
    waiting: dict[tuple[int, str], list[int]] = defaultdict(list)
    for place in wanted:
        if place in at.waiting and at.payer[place].group >= 0 and (at.is_silent(place) or len(at.named(place)) == 1):
            waiting[at.payer[place].group, at.case.receipts[place].currency].append(place)
    for key, places in waiting.items():
        heap = at.heaps.get(key)
        items = [item for item in heap.view.open if at.left[item] > 0] if heap is not None else []
        if not items or len(items) > ITEMS_MAX or not 1 < len(places) <= PARTS_MAX:
            continue
        found = _pairs_of_receipts(at, places, items)
        for item, first, second in found:
            rivals = [other for other in found if other[0] == item or {first, second} & {*other[1:]}]
            if len(rivals) == 1:
                _take_part(at, first, item)
                _take_part(at, second, item)


def _pairs_of_receipts(at: Standing, places: Sequence[int], items: Sequence[int]) -> list[tuple[int, int, int]]:
    """Each item with two receipts that are what is open of it; none where some would be by accident."""
    amounts = [at.case.receipts[place].amount for place in places]
    if sum(sums.accidents(amounts, at.left[item], range(2, 3)) for item in items) > sums.ACCIDENTS_PPM_MAX:
        return []
    return [
        (item, places[first], places[second])
        for item in items
        for first, second in sums.pairs(amounts, at.left[item])
        if all(
            at.since[item] <= at.case.receipts[place].on and at.named(place) in ([], [item])
            for place in (places[first], places[second])
        )
    ]


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
    """Equal receipts and equal items of one customer: where at the time of a receipt as many items had been issued as
    receipts had come, in whatever order all are paid."""
    receipts, items = at.case.receipts, at.case.items
    heaps: dict[tuple[int, str, int], list[int]] = defaultdict(list)
    for place in at.waiting:
        if at.payer[place].group >= 0 and at.is_silent(place):
            heaps[at.payer[place].group, receipts[place].currency, receipts[place].amount].append(place)
    for (group, currency, amount), places in heaps.items():
        heap = at.heaps.get((group, currency))
        equal = heap.view.by_amount.get(amount, []) if heap is not None else []
        if len({items[item].party for item in equal}) != 1:
            continue
        equal = sorted(equal, key=lambda item: (items[item].issued, items[item].due, items[item].id))
        issued = [items[item].issued for item in equal]
        paid = 0
        for count, place in enumerate(places, 1):
            if count > len(equal) or issued[count - 1] > receipts[place].on:
                break
            if count == len(equal) or issued[count] > receipts[place].on:
                paid = count
        for item, place in zip(equal[:paid], places[:paid], strict=True):
            at.take(at.verdict(place, Class.IDENTICAL, [item]))
