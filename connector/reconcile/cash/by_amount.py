"""What follows from the amount alone, when it is known who paid and the text names nothing: one item of exactly that
amount, everything that was due, or the one set that the amount identifies.
"""

from __future__ import annotations

from collections.abc import Sequence

from connector.reconcile.cash import sums
from connector.reconcile.cash.adjust import net, single_under_terms, terms_of, under_terms
from connector.reconcile.cash.explained import searched
from connector.reconcile.cash.heaps import Heap
from connector.reconcile.cash.standing import Standing
from connector.reconcile.cash.verdict import Class, Verdict

DUE_GRACE_DAYS = 5
SEVERAL_MIN = 2


def amount(at: Standing, place: int) -> Verdict | None:
    """A known payer, no number, and one item of exactly that amount."""
    payer, receipt = at.payer[place], at.case.receipts[place]
    heap = at.heap(place, payer.group)
    if heap is None or not at.is_silent(place):
        return None
    fitting = heap.exact(receipt.amount, receipt.on)
    if len(fitting) != 1 or at.is_echo(place, payer.group):
        return None
    if single_under_terms(at, place, payer.group, receipt.amount):
        return None
    return at.verdict(place, Class.AMOUNT, fitting)


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
    found = [verdict for terms in terms_of(at, payer.group) for verdict in _sets(at, place, others, terms)]
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

    everything = range(len(others))
    due = [one for one in everything if at.case.items[others[one]].due <= receipt.on + DUE_GRACE_DAYS]
    for all_of in (everything, due):
        if len(all_of) > 1 and sum(nets[one] for one in all_of) == receipt.amount:
            return [taken(Class.ALL_DUE, all_of)] if _is_only(nets, all_of) else []
    if len(others) > sums.RUNS_AMONG_MAX:
        return []
    found = searched(nets, receipt.amount)
    if found.answers or terms:
        return [taken(Class.SUBSET, answer, found.accidents) for answer in found.answers]
    runs = sums.runs(nets, [at.case.items[item].due for item in others], receipt.amount)
    expected = sums.accidents_of_runs(nets, receipt.amount) if runs else 0
    if expected > sums.ACCIDENTS_PPM_MAX:
        return []
    return [taken(Class.ALL_DUE, run, expected) for run in runs if _is_only(nets, run)]


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
    return at.with_rivals(found[0]._replace(kind=Class.AMOUNT_TERMS))
