"""What money in another currency than the items may be for: their worth at the day's rate, less what banks keep."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connector.reconcile.cash.converted import EXCHANGE, portions, rate_on
from connector.reconcile.cash.hunches import Hunches
from connector.reconcile.cash.sorts import Idea, Sort
from connector.reconcile.cash.standing import Standing
from connector.reconcile.cash.stretches import backwards, families, until
from connector.reconcile.cash.verdict import Share

MARGIN_BP = 110
"""So much banks keep of money that they change; they give nothing."""
GAIN_BP = 2
ALL_BP = 10_000
CREDITS_MAX = 4
AMONG_MAX = 200
NAMED_MAX = 80


class Exchanged:
    """Ideas about money that was changed on its way."""

    def __init__(self, at: Standing, hunches: Hunches) -> None:
        self._at = at
        self._hunches = hunches
        self._of: dict[int, list[str]] = {}
        for group, currency in at.heaps if at.case.rates else ():
            self._of.setdefault(group, []).append(currency)

    def ideas(self, place: int, groups: Sequence[int]) -> Iterator[Idea]:
        """What these payers have open in other currencies, and what the text names of it."""
        at, receipt = self._at, self._at.case.receipts[place]
        if not self._of:
            return
        listed = self._listed(place)
        for group in dict.fromkeys([*groups, *(at.group[item] for item in listed)]):
            for currency in self._of.get(group, ()):
                rate = rate_on(at, currency, receipt.currency, receipt.on) if currency != receipt.currency else None
                heap = at.heaps[group, currency]
                open_ = list(heap.open(receipt.on))[-AMONG_MAX:] if rate is not None else []
                if rate is None or not open_:
                    continue
                own = [item for item in listed if at.group[item] == group and at.case.items[item].currency == currency]
                worth = self._worth(receipt.amount, rate)
                for run in () if own else self._until(open_, receipt.on, worth):
                    yield from self._idea(place, Sort.CHANGED_DUE, run)
                for items in self._beside(own, open_) if own else self._unnamed(group, open_, receipt.on):
                    if sum(at.left[item] for item in items) in worth:
                        yield from self._idea(place, Sort.CHANGED_NAMED if own else Sort.CHANGED, items)

    def _until(self, open_: Sequence[int], on: int, worth: range) -> Iterator[list[int]]:
        """What fell due one after the other until then, of all or of one customer."""
        at = self._at
        for own in families(at, open_):
            yield from backwards(until(at, own, on), dict(zip(own, map(at.left.__getitem__, own), strict=True)), worth)

    def _worth(self, amount: int, rate: tuple[int, int, int]) -> range:
        """What may have been changed into an amount."""
        middle = amount * rate[1] // rate[0]
        return range(middle - middle * GAIN_BP // ALL_BP - 1, middle + middle * MARGIN_BP // ALL_BP + 2)

    def _listed(self, place: int) -> list[int]:
        at, receipt = self._at, self._at.case.receipts[place]
        key = at.item_of.get(receipt.key, -1) if receipt.key else -1
        named = [mention.items for mention in at.reading[place].mentions[:NAMED_MAX]]
        found = dict.fromkeys(items[0] for items in (*named, *([(key,)] if key >= 0 else [])) if len(items) == 1)
        return [
            item
            for item in found
            if at.left[item] and at.case.items[item].currency != receipt.currency and at.since[item] <= receipt.on
        ]

    def _beside(self, own: Sequence[int], open_: Sequence[int]) -> Iterator[list[int]]:
        """What is named, with credit, and with the numbers that follow."""
        at, numbers = self._at, self._at.numbers
        credits_ = [item for item in open_ if at.left[item] < 0 and item not in own][:CREDITS_MAX]
        last = max((len(numbers.digits_of(item)), numbers.digits_of(item)) for item in own)
        later = sorted(
            (len(numbers.digits_of(item)), numbers.digits_of(item), item) for item in open_ if at.left[item] > 0
        )
        run = [item for length, number, item in later if (length, number) > last]
        for less in ([], *([item] for item in credits_), *([credits_] if len(credits_) > 1 else [])):
            for end in range(len(run) + 1):
                yield [*own, *run[:end], *less]

    def _unnamed(self, group: int, open_: Sequence[int], on: int) -> Iterator[list[int]]:
        """One item, with and without credit; everything; everything due from one day to another."""
        at = self._at
        credits_ = [item for item in open_ if at.left[item] < 0][-CREDITS_MAX:]
        for item in sorted(open_, key=lambda item: self._hunches.oddity(group, [item], on)):
            yield [item]
            yield from ([item, credit] for credit in credits_ if credit != item)
        yield list(open_)
        owed = [item for item in open_ if at.left[item] > 0]
        for first in range(len(owed)):
            for last in range(first + 1, min(len(owed), first + NAMED_MAX)):
                if last + 1 == len(owed) or at.case.items[owed[last]].due != at.case.items[owed[last + 1]].due:
                    yield owed[first : last + 1]
                    yield from ([*owed[first : last + 1], credit] for credit in credits_)

    def _idea(self, place: int, sort: Sort, found: Sequence[int]) -> Iterator[Idea]:
        left = self._at.left
        pays = portions(self._at.case.receipts[place].amount, [left[item] for item in found])
        if all(pay * left[item] > 0 for pay, item in zip(pays, found, strict=True)):
            shares = tuple(Share(item, pay, left[item], left[item]) for pay, item in zip(pays, found, strict=True))
            yield Idea(sort, shares, 0, EXCHANGE)
