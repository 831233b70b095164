"""What follows from the amount alone, when it is known who paid and the text names nothing: one item of exactly that
amount, everything that was due, or the one set that the amount identifies.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from connector.reconcile.cash import sums
from connector.reconcile.cash.adjust import net, single_under_terms, terms_of, under_terms
from connector.reconcile.cash.explained import searched
from connector.reconcile.cash.heaps import Heap
from connector.reconcile.cash.stale import is_claimed_whole, is_common
from connector.reconcile.cash.standing import Standing
from connector.reconcile.cash.usual import may_be_several
from connector.reconcile.cash.verdict import Class, Verdict

DUE_GRACE_DAYS = 5
SEVERAL_MIN = 2
OWNERS_MAX = 12
SAME_DAY_MAX = 12
"""Among so many that fall due on one day, every set is looked for; among more, every pair."""


def amount(at: Standing, place: int) -> Verdict | None:
    """A known payer, no number, and one item of exactly that amount."""
    payer, receipt = at.payer[place], at.case.receipts[place]
    heap = at.heap(place, payer.group)
    if heap is None or not at.is_silent(place):
        return None
    fitting = heap.exact(receipt.amount, receipt.on)
    if len(fitting) != 1 or at.is_echo(place, payer.group):
        return None
    if at.is_awaited(place, payer.group, at.since[fitting[0]]) or is_claimed_whole(at, place, fitting[0]):
        return None
    if single_under_terms(at, place, payer.group, receipt.amount) or _may_be_another(at, heap, place, fitting[0]):
        return None
    return at.verdict(place, Class.AMOUNT, fitting)


def _may_be_another(at: Standing, heap: Heap, place: int, item: int) -> bool:
    """Whether it may as well be for other items than the only open one of its amount: for several of one day, or for
    one that was settled for somebody nobody knows, by its number alone. Where very many items have the amount, a wrong
    number agrees with it easily."""
    receipt = at.case.receipts[place]
    if at.came_back(place) and at.alike(item) > 1:
        return True
    if at.strangers[at.group[item], receipt.currency, receipt.amount] > 0 and is_common(at, item):
        return True
    return _is_of_one_day(at, heap, place) or may_be_several(at, heap, place, item)


def _is_of_one_day(at: Standing, heap: Heap, place: int) -> bool:
    """Whether several items that fall due on one day come to the amount too: what falls due together is mostly paid
    together, and where amounts are round one item is as easily that amount by accident."""
    wanted = at.case.receipts[place].amount
    by_day: dict[int, list[int]] = defaultdict(list)
    for item in heap.few(at.case.receipts[place].on, sums.RUNS_AMONG_MAX) or ():
        if 0 < at.left[item] < wanted:
            by_day[at.case.items[item].due].append(at.left[item])
    return any(
        sum(lefts) >= wanted
        and (sums.pairs(lefts, wanted, 1) or (len(lefts) <= SAME_DAY_MAX and sums.subsets(lefts, wanted, 1)))
        for lefts in by_day.values()
        if len(lefts) > 1
    )


def several(at: Standing, place: int) -> Verdict | None:
    """The same with everything that is due, or with the one set that the amount identifies."""
    payer, receipt = at.payer[place], at.case.receipts[place]
    heap = at.heap(place, payer.group)
    if heap is None or not at.is_silent(place) or heap.exact(receipt.amount, receipt.on, 1):
        return None
    count = heap.count(receipt.on)
    if count < SEVERAL_MIN or (count > sums.RUNS_AMONG_MAX and not _may_be_all(at, heap, place)):
        return None
    others = heap.open(receipt.on)
    found = [
        verdict
        for terms in terms_of(at, payer.group)
        for verdict in _sets(at, place, others, terms)
        if not terms or any(share.pay != share.applied for share in verdict.shares)
    ]
    return found[0] if len(found) == 1 else None


def _may_be_all(at: Standing, heap: Heap, place: int) -> bool:
    """Whether everything open, or everything due, is the amount: asked before very many items are walked through."""
    receipt = at.case.receipts[place]
    if at.payer[place].group in at.rates:
        return False
    return receipt.amount in (heap.total(receipt.on)[1], heap.due_by(receipt.on, DUE_GRACE_DAYS)[1])


def _sets(at: Standing, place: int, others: Sequence[int], terms: str) -> list[Verdict]:
    """The sets of items that are the amount under these terms; none where the amount does not identify one."""
    receipt = at.case.receipts[place]
    nets = [net(at, receipt, item, terms) for item in others]
    if terms and all(one == at.left[item] for one, item in zip(nets, others, strict=True)):
        return []

    def taken(kind: Class, chosen: Sequence[int], accidents: int = 0) -> Verdict:
        items = [others[one] for one in chosen]
        verdict = at.verdict(place, kind, items, pays=[nets[one] for one in chosen], adjustment=terms)
        return verdict._replace(accidents_ppm=accidents)

    whole = [all_of for all_of in _wholes(at, place, others) if sum(nets[one] for one in all_of) == receipt.amount]
    if whole:
        return [taken(Class.ALL_DUE, whole[0])] if len(whole) == 1 and _is_only(nets, whole[0]) else []
    if len(others) <= sums.SEARCHED_MAX and (found := searched(nets, receipt.amount)).answers:
        return [taken(Class.SUBSET, answer, found.accidents) for answer in found.answers]
    run = _only_run(at, nets, others, receipt.amount) if not terms and len(others) <= sums.RUNS_AMONG_MAX else ()
    return [taken(Class.ALL_DUE, run, sums.accidents_of_runs(nets, receipt.amount))] if run else []


def _only_run(at: Standing, nets: Sequence[int], others: Sequence[int], wanted: int) -> tuple[int, ...]:
    """Everything that was due from one day to another, when no other such run is the amount, hardly any would be by
    accident, and nothing that is left out could stand in for a part of it."""
    runs = sums.runs(nets, [at.case.items[item].due for item in others], wanted)
    if len(runs) != 1 or sums.accidents_of_runs(nets, wanted) > sums.ACCIDENTS_PPM_MAX:
        return ()
    return runs[0] if _is_only(nets, runs[0]) else ()


def _wholes(at: Standing, place: int, others: Sequence[int]) -> list[tuple[int, ...]]:
    """What one may call everything, as places among the others: all, or all that is due, with the credit memos or
    without them, of the whole group or of one customer."""
    items, on = at.case.items, at.case.receipts[place].on
    found: dict[tuple[int, ...], None] = {}
    owners = dict.fromkeys(items[item].party for item in others)
    for whose in ("", *owners) if 1 < len(owners) <= OWNERS_MAX else ("",):
        own = [one for one, item in enumerate(others) if not whose or items[item].party == whose]
        last = {items[others[one]].due for one in own if on < items[others[one]].due <= on + DUE_GRACE_DAYS}
        for by in (on, *sorted(last), max((items[others[one]].due for one in own), default=on)):
            all_of = [one for one in own if items[others[one]].due <= by]
            for chosen in (all_of, [one for one in all_of if at.left[others[one]] > 0]):
                if len(chosen) > 1:
                    found[tuple(chosen)] = None
    return list(found)


def _is_only(nets: Sequence[int], chosen: Sequence[int]) -> bool:
    """Whether no item that is left out could stand for one that is taken."""
    inside = set(chosen)
    outside = {amount for one, amount in enumerate(nets) if one not in inside}
    return all(nets[one] not in outside for one in chosen)


def agreed(at: Standing, place: int) -> Verdict | None:
    """One item with the discount or the tax that was agreed with the customer."""
    payer, receipt = at.payer[place], at.case.receipts[place]
    if payer.group < 0 or not at.case.policy.terms or not at.is_silent(place):
        return None
    found = [
        verdict
        for item in single_under_terms(at, place, payer.group, receipt.amount)
        if (verdict := under_terms(at, place, [item])) is not None
    ]
    heap = at.heap(place, payer.group)
    if len(found) != 1 or heap is None or heap.exact(receipt.amount, receipt.on, 1):
        return None
    if len(heap.exact(found[0].shares[0].open, receipt.on)) > 1:  # Of which the same is missing, too late perhaps.
        return None
    if _is_of_one_day(at, heap, place) or may_be_several(at, heap, place, found[0].shares[0].item):
        return None
    return at.with_rivals(found[0]._replace(kind=Class.AMOUNT_TERMS))
