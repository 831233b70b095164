"""What a case's decisions teach about its payers: how long after the due day each of them pays. It decides nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from statistics import median_low

from connector.reconcile.cash import bundles, sums
from connector.reconcile.cash.adjust import DISCOUNT, WITHHOLDING, net, terms_of
from connector.reconcile.cash.case import Receipt, ReceiptKind
from connector.reconcile.cash.sorts import Sort
from connector.reconcile.cash.standing import Standing
from connector.reconcile.cash.stretches import backwards, until

HABIT_MIN = 2
USUAL_MIN = 5
"""Of fewer payments nothing is learned about those who did not make them."""
WAITING_MAX = 12
FEES_MAX = 6
NEAR_DAYS = 90
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
        self._usual = median_low(everybody) if len(everybody) >= USUAL_MIN else None
        self._habit = {group: median_low(lags) for group, lags in self._lags.items() if len(lags) >= HABIT_MIN}
        self._by_amount: dict[tuple[str, int], list[int]] = defaultdict(list)
        for item, left in enumerate(at.left):
            if left > 0:
                self._by_amount[at.case.items[item].currency, left].append(item)
        self._open = self._heaps()
        self._waiting: dict[tuple[int, str], list[int]] = defaultdict(list)
        self._coming: dict[str, list[int]] = defaultdict(list)
        for place in at.waiting:
            receipt = at.case.receipts[place]
            self._waiting[at.payer[place].group, receipt.currency].append(place)
            self._coming[receipt.currency].append(place)
        self._fees = [fee for fee, seen in at.tariff.most_common(FEES_MAX) if seen > 1]
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

    def oddity(self, group: int, items: Sequence[int], on: int) -> int:
        """How many days off its group's habit a payment of these on that day would be, on average; 0 where nobody's
        habits are known."""
        habit = self._habit.get(group, self._usual)
        if habit is None or not items:
            return 0
        return sum(abs(on - self._at.case.items[item].due - habit) for item in items) // len(items)

    def halves(self, place: int, group: int) -> Iterator[tuple[Sequence[int], int]]:
        """Items of a group, and one of them of which another undecided receipt of the same payer brings the rest."""
        at, mine = self._at, self._at.case.receipts[place]
        open_ = at.opened(place, group)
        lefts = [at.left[item] for item in open_]
        for other in self._others(place, self._waiting.get((group, mine.currency), ())):
            wanted = mine.amount + at.case.receipts[other].amount
            is_first = at.case.receipts[other].on >= mine.on
            for chosen in (*sums.singles(lefts, wanted)[:2], *bundles.sets(lefts, wanted, 2)[:2]):
                found = [open_[one] for one in (chosen if is_first else chosen[::-1])]
                yield from self._cut(found, mine.amount)
        for other in self._others(place, self._waiting.get((-1, mine.currency), ())):
            for one in sums.singles(lefts, mine.amount + at.case.receipts[other].amount)[:2]:
                yield [open_[one[0]]], open_[one[0]]

    def _cut(self, found: Sequence[int], amount: int) -> Iterator[tuple[Sequence[int], int]]:
        """The first of these that an amount pays, and the one that it pays in part."""
        total = 0
        for end, item in enumerate(found, start=1):
            total += self._at.left[item]
            if total > amount:
                yield found[:end], item
                return

    def halves_of_strangers(self, place: int) -> Iterator[int]:
        """Items of which this receipt, of a payer nobody knows, and another undecided one are the two parts."""
        at, mine = self._at, self._at.case.receipts[place]
        for other in self._others(place, self._coming.get(mine.currency, ()), 10 * WAITING_MAX):
            payer = at.payer[other].group
            for item in self._there(mine, mine.amount + at.case.receipts[other].amount):
                if payer in (-1, at.group[item]):
                    yield item

    def _others(self, place: int, waiting: Sequence[int], most: int = WAITING_MAX) -> list[int]:
        """The undecided receipts of about the same time, the nearest first."""
        receipts, mine = self._at.case.receipts, self._at.case.receipts[place].on
        near = [
            other
            for other in waiting
            if other != place and other in self._at.waiting and abs(receipts[other].on - mine) <= NEAR_DAYS
        ]
        return sorted(near, key=lambda other: (abs(receipts[other].on - mine), other))[:most]

    def anybody(self, receipt: Receipt) -> Iterator[tuple[Sort, str, list[int]]]:
        """Everybody's open items of an amount: as they are, then under each agreed cut, then less a usual fee."""
        yield Sort.STRANGER, "", self._there(receipt, receipt.amount)
        for terms, rate in self._rates if receipt.amount > 0 else ():
            if rate >= 10_000:  # noqa: PLR2004 - all of it
                continue
            base = receipt.amount * 10_000 // (10_000 - rate)
            found = [item for left in range(base - 1, base + 3) for item in self._there(receipt, left)]
            cut = [item for item in found if self._at.left[item] - net(self._at, receipt, item, terms) > 0]
            yield Sort.STRANGER_TERMS, terms, cut
        for fee in self._fees:
            yield Sort.STRANGER_FEE, "", self._there(receipt, receipt.amount + fee)

    def anybodys_sets(self, receipt: Receipt) -> Iterator[tuple[str, list[int]]]:
        """Several open items of one customer, whoever it is, that are an amount: all of them, two of them, some due
        one after the other, some that end with what is due just then, less credit."""
        at = self._at
        for (group, code), places in self._open.items():
            if code != receipt.currency:
                continue
            there = [item for item in places if at.since[item] <= receipt.on]
            for terms in terms_of(at, group) if len(there) > 1 else ():
                nets = [net(at, receipt, item, terms) for item in there]
                for chosen in (*sums.pairs(nets, receipt.amount, 1), *bundles.unbroken(nets, receipt.amount)):
                    yield terms, [there[one] for one in chosen]
                worth = dict(zip(there, nets, strict=True))
                wanted = range(receipt.amount, receipt.amount + 1)
                for run in backwards(until(at, there, receipt.on), worth, wanted):
                    yield terms, run

    def _there(self, receipt: Receipt, amount: int) -> list[int]:
        since = self._at.since
        found = self._by_amount.get((receipt.currency, amount), [])
        return [item for item in found[:ANYBODY_MAX] if since[item] <= receipt.on]
