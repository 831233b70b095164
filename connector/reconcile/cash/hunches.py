"""What a case's decisions teach about its payers: how long after the due day each of them pays. It decides nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from statistics import median_low

from connector.reconcile.cash import bundles, sums
from connector.reconcile.cash.adjust import DISCOUNT, WITHHOLDING, net, terms_of
from connector.reconcile.cash.case import Receipt, ReceiptKind
from connector.reconcile.cash.standing import Standing

HABIT_MIN = 2
ANYBODY_MAX = 60
EVERYBODYS_MAX = 6_000
TERMS_MAX = 40
"""So many different rates are tried at most."""


class Hunches:
    """Built once over a state in which nothing more follows."""

    def __init__(self, at: Standing) -> None:
        self._at = at
        self._lags = self._learned()
        everybody = sorted(lag for lags in self._lags.values() for lag in lags)
        self._usual = median_low(everybody) if everybody else 0
        self._habit = {group: median_low(lags) for group, lags in self._lags.items() if len(lags) >= HABIT_MIN}
        self._by_amount: dict[tuple[str, int], list[int]] = defaultdict(list)
        for item, left in enumerate(at.left):
            if left > 0:
                self._by_amount[at.case.items[item].currency, left].append(item)
        self._open = self._heaps()
        self._waiting: dict[tuple[int, str], dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
        for place in at.waiting:
            receipt = at.case.receipts[place]
            self._waiting[at.payer[place].group, receipt.currency][receipt.amount].append(place)
        parties = at.case.parties if at.case.policy.terms else ()
        self._rates = sorted(
            {(DISCOUNT, one.discount_bp) for one in parties if one.discount_bp}
            | {(WITHHOLDING, one.withholding_bp) for one in parties if one.withholding_bp}
        )[:TERMS_MAX]

    def _heaps(self) -> dict[tuple[int, str], list[int]]:
        """The open items of all groups as they fall due, where they are few enough to look through for everybody."""
        items, left = self._at.case.items, self._at.left
        open_ = [item for item in range(len(items)) if left[item]]
        found: dict[tuple[int, str], list[int]] = defaultdict(list)
        for item in sorted(open_, key=lambda one: items[one].due) if len(open_) <= EVERYBODYS_MAX else ():
            found[self._at.group[item], items[item].currency].append(item)
        return found

    def _learned(self) -> dict[int, list[int]]:
        """The days from due to paid of every group's decided payments."""
        at = self._at
        found: dict[int, list[int]] = defaultdict(list)
        for place, verdict in at.verdicts.items():
            receipt = at.case.receipts[place]
            if receipt.kind is ReceiptKind.PAYMENT and verdict.shares:
                item = verdict.shares[0].item
                found[at.group[item]].append(receipt.on - at.case.items[item].due)
        return found

    def surprise(self, group: int, item: int, on: int) -> int:
        """How many days off its group's habit a payment on that day would be."""
        return abs(on - self._at.case.items[item].due - self._habit.get(group, self._usual))

    def waiting(self, group: int, currency: str) -> dict[int, list[int]]:
        """The undecided receipts of a group by their amounts."""
        return self._waiting.get((group, currency), {})

    def anybody(self, receipt: Receipt) -> Iterator[tuple[str, list[int]]]:
        """Everybody's open items of an amount: as they are, then under each agreed cut."""
        yield "", self._there(receipt, receipt.amount)
        for terms, rate in self._rates:
            if rate >= 10_000 or receipt.amount <= 0:  # noqa: PLR2004 - all of it
                continue
            base = receipt.amount * 10_000 // (10_000 - rate)
            found = [item for left in range(base - 1, base + 3) for item in self._there(receipt, left)]
            yield terms, [item for item in found if self._at.left[item] - net(self._at, receipt, item, terms) > 0]

    def anybodys_sets(self, receipt: Receipt) -> Iterator[tuple[str, list[int]]]:
        """Several open items of one customer, whoever it is, that are an amount: all of them, two of them, some due
        one after the other."""
        at = self._at
        for (group, code), places in self._open.items():
            if code != receipt.currency:
                continue
            there = [item for item in places if at.since[item] <= receipt.on]
            for terms in terms_of(at, group) if len(there) > 1 else ():
                nets = [net(at, receipt, item, terms) for item in there]
                for chosen in (*sums.pairs(nets, receipt.amount, 1), *bundles.unbroken(nets, receipt.amount)):
                    yield terms, [there[one] for one in chosen]

    def _there(self, receipt: Receipt, amount: int) -> list[int]:
        since = self._at.since
        found = self._by_amount.get((receipt.currency, amount), [])
        return [item for item in found[:ANYBODY_MAX] if since[item] <= receipt.on]
