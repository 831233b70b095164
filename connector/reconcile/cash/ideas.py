"""What a receipt that was not decided may be for: ideas for a person to confirm, never decisions.

Each idea spends the money exactly and applies no more than is open. How good ideas of its kind are is measured, not
felt: an idea says only what kind it is, how many of that kind there are and which place it has among them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connector.reconcile.cash.ahead import is_ahead
from connector.reconcile.cash.by_habit import ByHabit
from connector.reconcile.cash.by_text import ByText, named
from connector.reconcile.cash.exchanged import Exchanged
from connector.reconcile.cash.fitting import Fitting
from connector.reconcile.cash.hunches import Hunches
from connector.reconcile.cash.sorts import BY_PLACE, LOOSE, Idea, Sort
from connector.reconcile.cash.standing import Standing
from connector.reconcile.cash.verdict import Share

EACH_MAX = 6
"""So many ideas of one kind are worth comparing."""
ROUND_MINOR = 1_000
ROUND_PPM = 50_000
_KEY = (Sort.KEY, Sort.NAMED_FEE, Sort.KEY_PART, Sort.KEY_OVER)

_Found = dict[tuple[Share, ...], Idea]


class Ideas:
    """All ideas about the receipts of one case, in the state that is left."""

    def __init__(self, at: Standing) -> None:
        self._at = at
        self._hunches = Hunches(at)
        self._fit = Fitting(at)
        self._by_text = ByText(self._fit)
        self._by_habit = ByHabit(self._fit, self._hunches)
        self._exchanged = Exchanged(at, self._hunches)

    def of(self, place: int) -> Iterator[Idea]:
        """Everything that a payment may be for."""
        by_sort: dict[Sort, _Found] = {}
        for idea in self._all(place):
            by_sort.setdefault(idea.sort, {}).setdefault(tuple(sorted(idea.shares)), idea)
        exact = {shares for sort, found in by_sort.items() if sort not in LOOSE for shares in found}
        for sort, found in by_sort.items():
            ranked = list(self._ranked(place, sort, found))
            for shares, idea in ranked[:EACH_MAX]:
                yield idea._replace(many=len(ranked), rivals=len(exact) - (shares in exact))

    def _ranked(self, place: int, sort: Sort, found: _Found) -> Iterator[tuple[tuple[Share, ...], Idea]]:
        """Those of one sort in their order, with what each is ahead of the others."""
        ranked = list(found.items())
        if sort is Sort.ON_ACCOUNT:
            # That it is for nothing is the likelier where the payer says so.
            ahead = is_ahead(self._at.case.receipts[place].text)
            yield from ((shares, idea._replace(rank=0 if ahead else 1)) for shares, idea in ranked)
        elif sort in BY_PLACE or len(ranked) == 1:
            yield from ((shares, idea._replace(rank=rank)) for rank, (shares, idea) in enumerate(ranked))
        else:
            odd = {shares: self._oddity(place, idea) for shares, idea in ranked}
            best, next_ = sorted(odd.values())[:2]
            for shares, idea in sorted(ranked, key=lambda one: odd[one[0]]):
                yield shares, idea._replace(lead=(next_ if odd[shares] == best else best) - odd[shares])

    def _oddity(self, place: int, idea: Idea) -> int:
        items = [share.item for share in idea.shares]
        return self._hunches.oddity(self._at.group[items[0]], items, self._at.case.receipts[place].on)

    def _all(self, place: int) -> Iterator[Idea]:
        at, receipt = self._at, self._at.case.receipts[place]
        listed = named(at, place)
        groups = self._groups(place, listed)
        key = at.item_of.get(receipt.key, -1) if receipt.key else -1
        if key >= 0 and at.left[key] and at.case.items[key].currency == receipt.currency:
            yield from self._fit.some_of_it(place, [key], _KEY)
        if listed:
            group = at.group[listed[0]]
            beside = [item for item in self._usual_first(place, group) if item not in set(listed)]
            yield from self._by_text.ideas(place, listed, beside)
        for group in groups:
            others = self._usual_first(place, group)
            yield from self._by_text.slips(place, others, listed)
            yield from self._by_text.period(place, others)
            yield from self._by_habit.ideas(place, group, others)
        yield from self._exchanged.ideas(place, groups)
        yield from self._strangers(place, groups)
        yield Idea(Sort.ON_ACCOUNT, (), receipt.amount)

    def _groups(self, place: int, listed: Sequence[int]) -> list[int]:
        payer = self._at.payer[place]
        if payer.group >= 0:
            return [payer.group]
        return list(payer.among) or list(dict.fromkeys(self._at.group[item] for item in listed))[:1]

    def _usual_first(self, place: int, group: int) -> list[int]:
        """What a group has open, first what it should pay just then."""
        on = self._at.case.receipts[place].on
        opened = self._at.opened(place, group)
        return sorted(opened, key=lambda item: (self._hunches.oddity(group, [item], on), item))

    def _strangers(self, place: int, groups: Sequence[int]) -> Iterator[Idea]:
        """Anybody's item of the amount: somebody may pay for another, or under a name that nobody knows."""
        at, receipt, fit = self._at, self._at.case.receipts[place], self._fit
        for sort, terms, items in self._hunches.anybody(receipt):
            for item in (one for one in items if at.group[one] not in groups):
                if sort is Sort.STRANGER_FEE:
                    found = fit.less_fee(place, sort, [item])
                else:
                    found = fit.whole(place, sort, [item], terms)
                yield from (idea._replace(accidents_ppm=self._by_accident(item)) for idea in found)
        if at.payer[place].group >= 0:
            return
        for terms, chosen in self._hunches.anybodys_sets(receipt):
            yield from fit.whole(place, Sort.STRANGER_SET, chosen, terms)
        for item in self._hunches.halves_of_strangers(place):
            yield from fit.in_part(place, Sort.STRANGER_HALF, [item], item)

    def _by_accident(self, item: int) -> int:
        """How often a stranger's amount is an item's by accident, roughly: what others owe too tells nothing, and
        round amounts are everywhere."""
        if self._at.alike(item) > 1:
            return 10 * ROUND_PPM
        return ROUND_PPM if self._at.left[item] % ROUND_MINOR == 0 else 0
