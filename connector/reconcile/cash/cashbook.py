"""A company's case that goes on: what came since is entered, and only what that touches is decided again.

What somebody said, what was posted, and what only the company's policy decided stays as it is whatever comes. All
else that was decided about a customer is decided anew when something about that customer comes, with all that is known
now: so it makes no difference in how many portions it came. A book is kept in memory between runs; whoever has none
begins one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from connector.reconcile.cash.case import Case, Item, Party, Receipt
from connector.reconcile.cash.payers import NOBODY
from connector.reconcile.cash.rounds import Rounds
from connector.reconcile.cash.standing import Standing
from connector.reconcile.cash.verdict import Class, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a run decided that was not decided so before, by the places of the receipts, in the order of deciding;
    which receipts are undecided now and were not; at how many of how many it looked."""

    decided: Mapping[int, Verdict]
    withdrawn: tuple[int, ...]
    looked_at: int
    receipts: int


class CashBook:
    """One company's. Everything goes by the places of receipts and items in `at`."""

    def __init__(self, case: Case) -> None:
        self._rounds = Rounds(case)
        self._said: Mapping[str, Mapping[str, int]] = {}
        self._kept: set[int] = set()
        self._before: dict[int, Verdict] = {}
        self._wanted: set[int] = set(self.at.waiting)
        self._about: dict[int, list[int]] = defaultdict(list)
        self._register(range(len(self.at.receipts)))

    @property
    def at(self) -> Standing:
        """How everything stands now."""
        return self._rounds.at

    def enter(
        self, *, parties: Sequence[Party] = (), items: Sequence[Item] = (), receipts: Sequence[Receipt] = ()
    ) -> None:
        """What came since, and what has changed: an item or a customer whose id is known replaces the one before.
        `amount` of an item is what would be open of it without the decisions taken here.

        ValueError, and nothing is entered, for a receipt that is here already, and for an item of which more was
        posted than it comes to now.
        """
        if any(receipt.id in self.at.receipt_at for receipt in receipts):
            raise ValueError("a receipt is entered once")
        new = [item for item in items if item.id not in self.at.item_of]
        changed = [item for item in items if self._is_other(item)]
        self._reopen((), [self.at.group[self.at.item_of[item.id]] for item in changed])
        self._refuse_too_small(changed)
        if self._is_regrouped(parties, changed):
            self._begin_again(self._said, parties, changed)
        for item in filter(self._is_other, changed):
            self.at.change(item)
        known, first = {party.id for party in self.at.parties}, len(self.at.receipts)
        news = self.at.enter(
            parties=[one for one in parties if one.id not in known],
            items=new,
            receipts=receipts,
            decided=self.at.verdicts.keys() - self._kept,
        )
        self._register(range(first, len(self.at.receipts)))
        self._reopen(news.places, news.groups)

    def run(self) -> Ran:
        """Decide what can be proved now."""
        at, before, count = self.at, self._before, len(self.at.verdicts)
        self._rounds.run([place for place in at.waiting if place in self._wanted])
        self._register(())
        self._before, self._wanted = {}, set()
        now = dict(islice(at.verdicts.items(), count, None))
        self._kept.update(place for place, one in now.items() if one.kind is Class.IDENTICAL)
        return Ran(
            decided={place: one for place, one in now.items() if not _is_same(before.get(place), one)},
            withdrawn=tuple(place for place in before if place not in now),
            looked_at=self._rounds.looked_at,
            receipts=len(at.receipts),
        )

    def keep(self, receipts: Iterable[str]) -> None:
        """What was decided about these was posted: it is not decided again. ValueError for one that is undecided."""
        places = {self.at.receipt_at[one] for one in receipts}
        if not places <= self.at.verdicts.keys():
            raise ValueError("only what was decided is kept")
        self._kept |= places

    def say(self, receipt: str, applied: Mapping[str, int]) -> None:
        """A person's word about a receipt: what it gives to which items, by their ids; nothing where it is to be left
        alone. ValueError for more than came or than is open, and for one that was posted."""
        place = self.at.receipt_at[receipt]
        if place in self._kept:
            raise ValueError("what was posted is taken back first")
        groups = [self.at.group[self.at.item_of[item]] for item in applied]
        self._reopen([place], groups)
        self._begin_again({**self._said, receipt: dict(applied)})

    def _register(self, places: Iterable[int]) -> None:
        """By which groups these are found, and those about which something else is known."""
        for place in (*places, *self.at.known_anew):
            for group in self.at.ties(place):
                held = self._about[group]
                if not held or held[-1] != place:
                    held.append(place)
        self.at.known_anew.clear()

    def _reopen(self, places: Iterable[int], groups: Iterable[int]) -> None:
        """Decide again about these, and about all that hangs together with them by customers that it may be about."""
        at, seen, found = self.at, {NOBODY.group}, set(places)
        self._register(())
        pending = [*groups, *(group for place in found for group in self._concerns(place))]
        while pending:
            group = pending.pop()
            if group in seen:
                continue
            seen.add(group)
            new = {place for place in self._about.get(group, ()) if place not in found} - self._kept
            found |= new
            pending += [other for place in new for other in self._concerns(place)]
        found.update([back for place in found for back in at.backs_of(place)])
        again = {place: at.verdicts[place] for place in found - self._kept if place in at.verdicts}
        self._before = again | self._before
        at.take_back(again)
        self._wanted |= found

    def _concerns(self, place: int) -> Iterator[int]:
        """The groups that a receipt is about, and those whose items it settles."""
        yield from self.at.ties(place)
        if (verdict := self.at.verdicts.get(place)) is not None:
            yield from (self.at.group[share.item] for share in verdict.shares)

    def _is_other(self, item: Item) -> bool:
        place = self.at.item_of.get(item.id)
        return place is not None and self.at.items[place] != item

    def _refuse_too_small(self, changed: Iterable[Item]) -> None:
        for item in changed:
            place = self.at.item_of[item.id]
            applied = self.at.items[place].amount - self.at.left[place]
            if not min(item.amount, 0) <= applied <= max(item.amount, 0):
                raise ValueError("more was posted to an item than it comes to now")

    def _is_regrouped(self, parties: Sequence[Party], changed: Sequence[Item]) -> bool:
        """Whether something has changed that stands in more places than its own."""
        before = {party.id: party for party in self.at.parties}
        new = {party.id for party in parties} - before.keys()
        if any(before.get(party.id, party) != party for party in parties):
            return True
        if new and any(party.parent in new for party in (*before.values(), *parties)):
            return True
        if new and any(item.party in new for item in self.at.items):
            return True
        olds = [self.at.items[self.at.item_of[item.id]] for item in changed]
        return any(
            (one.number, one.party, one.currency) != (old.number, old.party, old.currency)
            for one, old in zip(changed, olds, strict=True)
        )

    def _begin_again(
        self, said: Mapping[str, Mapping[str, int]], parties: Sequence[Party] = (), changed: Sequence[Item] = ()
    ) -> None:
        """Read everything anew, decide as before, and again about whatever is known otherwise now."""
        before = self.at
        who = {party.id: party for party in (*before.parties, *parties)}
        what = {item.id: item for item in (*before.items, *changed)}
        rounds = Rounds(
            replace(before.case, parties=tuple(who.values()), items=tuple(what.values()), receipts=before.receipts)
        )
        at = rounds.at
        at.follow(before, {at.receipt_at[one] for one in said})
        for one, applied in said.items():
            at.give(at.receipt_at[one], {at.item_of[item]: amount for item, amount in applied.items()})
        self._rounds, self._said = rounds, said
        self._about.clear()
        self._register(range(len(at.receipts)))
        otherwise = [
            place
            for place in range(len(at.receipts))
            if (at.payer[place], at.reading[place]) != (before.payer[place], before.reading[place])
        ]
        groups = {at.group[at.item_of[item.id]] for item in changed}
        groups.update(one for one, other in zip(at.group, before.group, strict=True) if one != other)
        self._reopen(otherwise, groups)


def _is_same(one: Verdict | None, other: Verdict) -> bool:
    """Whether two decisions come to the same, whatever else was open when they were taken."""
    return one is not None and (one.kind, one.unapplied, [share[:3] for share in one.shares]) == (
        other.kind, other.unapplied, [share[:3] for share in other.shares],
    )  # fmt: skip
