"""Which payout is which deposit at the bank, and of each that is not found why.

A deposit is a payout when currency and amount are exactly its own, it came within days of the day it was to arrive, and
nothing else could be either. A payout's id or trace in the bank's text decides; one that names somebody else forbids.
Among equal amounts a pair is told only when every other way leaves one alone. Where as many deposits as payouts of one
amount are left, all of them arrived, and which is which nobody can know: that is said, and no pair is made up.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from connector.reconcile.cash.payouts import ARRIVES_DAYS_MAX, PAYOUT_ITSELF, Deposit, Payout, Transaction

HEAP_MAX = 200
"""Among more deposits of one amount nothing is told."""
HABIT_MIN = 3
"""From so many deposits on it counts as a habit that the bank names the processor."""
HABIT_SHARE = 20
"""And at most one in so many that does not."""
CHARGE_SHARE = 20
"""A bank keeps at most one part in so many of a deposit."""
TOGETHER_MAX = 12

_WORD = re.compile(r"[0-9A-Z_]+")


class Why(StrEnum):
    """What a pair stands on: the bank's text, that neither could be another, or that any other way leaves one alone."""

    TRACED = "traced"
    ONLY = "only"
    FORCED = "forced"


class Landing(NamedTuple):
    """A deposit and the payout that it is, by their places. `payouts` and `deposits`: all of that amount and those days
    that came into question, itself among them."""

    deposit: int
    payout: int
    why: Why
    payouts: tuple[int, ...]
    deposits: tuple[int, ...]


class Lost(StrEnum):
    """Why the deposit of a payout was not found."""

    ONE_OF_SEVERAL = "one-of-several"
    SEVERAL = "several"
    TEXT_SAYS_OTHERWISE = "text-says-otherwise"
    TOGETHER = "together"
    LESS = "less"
    CAME_BACK = "came-back"
    NOT_THERE = "not-there"


class Missing(NamedTuple):
    """A payout without its deposit: why, which deposits it may have to do with, and which other payouts."""

    payout: int
    why: Lost
    deposits: tuple[int, ...] = ()
    payouts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """Every payout is in exactly one of both."""

    pairs: tuple[Landing, ...]
    missing: tuple[Missing, ...]


def landed(payouts: Sequence[Payout], deposits: Sequence[Deposit], lines: Sequence[Transaction] = ()) -> Landed:
    """Deposit and payout, where neither could be another, and the rest with its reasons. By a line of the balance it is
    known which payouts came back: they never arrived, unless the bank sent such an amount back itself."""
    desk = _Desk(payouts, deposits, _came_back(payouts, deposits, lines))
    pairs = list(desk.traced())
    taken_deposits, taken = {pair.deposit for pair in pairs}, {pair.payout for pair in pairs}
    fitting = {
        deposit: left
        for deposit, found in desk.fitting().items()
        if deposit not in taken_deposits and (left := found - taken)
    }
    missing: dict[int, Missing] = {}
    for heap in _heaps(fitting):
        owed = {payout for deposit in heap for payout in fitting[deposit]}
        matched = _matched(heap, owed, fitting)
        told = list(_decided(matched, fitting))
        pairs += told
        here = tuple(sorted(heap - {pair.deposit for pair in told}))
        rest = tuple(sorted(owed - {pair.payout for pair in told}))
        why = Lost.ONE_OF_SEVERAL if matched else Lost.SEVERAL
        missing |= {payout: Missing(payout, why, here, rest) for payout in rest}
    found = {pair.payout for pair in pairs}
    free = [place for place in range(len(deposits)) if place not in {pair.deposit for pair in pairs}]
    lost = [place for place in range(len(payouts)) if place not in found]
    away = [place for place in lost if place not in missing]
    missing |= {each.payout: each for each in desk.explained(away, free)}
    return Landed(pairs=tuple(sorted(pairs)), missing=tuple(missing[place] for place in lost))


class _Desk:
    """The payouts and deposits of one company, and what the bank's texts say of them."""

    def __init__(self, payouts: Sequence[Payout], deposits: Sequence[Deposit], back: Collection[int]) -> None:
        self._payouts = payouts
        self._deposits = deposits
        by_name: dict[str, set[int]] = defaultdict(set)
        for place, payout in enumerate(payouts):
            for name in {payout.id.upper(), payout.trace.upper()} - {""}:
                by_name[name].add(place)
        self._named = [_named(deposit, by_name) for deposit in deposits]
        self._sources = sorted({payout.source.upper() for payout in payouts} - {""})
        self._told = [
            [source for source in self._sources if source in deposit.descriptor.upper()] for deposit in deposits
        ]
        self._by_amount: dict[tuple[str, int], list[int]] = defaultdict(list)
        for place, payout in enumerate(payouts):
            if place not in back:
                self._by_amount[payout.currency, payout.amount].append(place)
        self._back = back
        self._habits = self._find_habits()

    def traced(self) -> Iterator[Landing]:
        """The deposits whose text names a payout of exactly their amount, and no other deposit's does."""
        found: dict[int, list[int]] = defaultdict(list)
        for place, named in enumerate(self._named):
            if len(named) == 1:
                found[next(iter(named))].append(place)
        for payout, one in found.items():
            same = [at for at in one if self._same(at, payout)]
            if len(one) == len(same) == 1:
                yield Landing(one[0], payout, Why.TRACED, (payout,), (one[0],))

    def fitting(self) -> dict[int, set[int]]:
        """Per deposit the payouts that it could be. One whose text names a payout can be no other."""
        found: dict[int, set[int]] = {}
        for place, deposit in enumerate(self._deposits):
            fitting = {
                each
                for each in self._by_amount.get((deposit.currency, deposit.amount), ())
                if self._in_time(place, each) and self._may_be(place, each)
            }
            if fitting:
                found[place] = fitting
        return found

    def _same(self, deposit: int, payout: int) -> bool:
        one, other = self._deposits[deposit], self._payouts[payout]
        return (one.currency, one.amount) == (other.currency, other.amount)

    def _in_time(self, deposit: int, payout: int) -> bool:
        return 0 <= self._deposits[deposit].on - self._payouts[payout].arrives <= ARRIVES_DAYS_MAX

    def _may_be(self, deposit: int, payout: int) -> bool:
        """Whether the bank's text permits it: it names this payout or none, this processor or, where the bank has no
        habit of naming it, none."""
        named, source = self._named[deposit], self._payouts[payout].source.upper()
        if (named and payout not in named) or not source:
            return not named or payout in named
        if self._told[deposit] or payout in named:
            return source in self._told[deposit] or payout in named
        return source not in self._habits or not self._deposits[deposit].descriptor.strip()

    def _find_habits(self) -> set[str]:
        """The processors that the bank names nearly always. A text without any name then is somebody else's."""
        naming: dict[str, list[int]] = {source: [0, 0] for source in self._sources}
        for place, deposit in enumerate(self._deposits):
            near = {
                self._payouts[each].source.upper()
                for each in self._by_amount.get((deposit.currency, deposit.amount), ())
                if self._in_time(place, each)
            }
            for source in near & naming.keys():
                if deposit.descriptor.strip():
                    naming[source][source not in self._told[place]] += 1
        # One may be the very deposit that is somebody else's.
        return {
            source
            for source, (named, silent) in naming.items()
            if named >= HABIT_MIN and (silent - 1) * HABIT_SHARE <= named
        }

    def explained(self, lost: Sequence[int], free: Sequence[int]) -> Iterator[Missing]:
        """Why no deposit is each of these. What a sum or a smaller amount suggests is told, and never acted on."""
        naming: dict[int, list[int]] = defaultdict(list)
        for place in free:
            for payout in self._named[place]:
                naming[payout].append(place)
        sums = self._sums([payout for payout in lost if payout not in self._back])
        for payout in lost:
            if payout in self._back:
                yield Missing(payout, Lost.CAME_BACK)
                continue
            near = [place for place in free if self._in_time(place, payout) and self._may_be(place, payout)]
            together = [(place, pair) for place in near for pair in sums.get(self._money(place), ()) if payout in pair]
            less = [place for place in near if self._is_less(place, payout)]
            if len(together) == 1:
                place, pair = together[0]
                yield Missing(payout, Lost.TOGETHER, (place,), tuple(each for each in pair if each != payout))
            elif less:
                yield Missing(payout, Lost.LESS, tuple(less))
            elif naming[payout]:
                yield Missing(payout, Lost.TEXT_SAYS_OTHERWISE, tuple(naming[payout]))
            else:
                yield Missing(payout, Lost.NOT_THERE)

    def _money(self, deposit: int) -> tuple[str, int]:
        return self._deposits[deposit].currency, self._deposits[deposit].amount

    def _is_less(self, deposit: int, payout: int) -> bool:
        one, other = self._deposits[deposit], self._payouts[payout]
        kept = other.amount - one.amount
        named = payout in self._named[deposit] or other.source.upper() in self._told[deposit]
        return named and one.currency == other.currency and 0 < kept * CHARGE_SHARE <= other.amount

    def _sums(self, lost: Sequence[int]) -> Mapping[tuple[str, int], list[tuple[int, int]]]:
        """Two payouts of one processor that should arrive within days of each other, by what they come to."""
        found: dict[tuple[str, int], list[tuple[int, int]]] = defaultdict(list)
        order = sorted(lost, key=lambda at: (self._payouts[at].arrives, at))
        for start, first in enumerate(order):
            for second in order[start + 1 : start + 1 + TOGETHER_MAX]:
                one, other = self._payouts[first], self._payouts[second]
                if (one.currency, one.source) == (other.currency, other.source) and (
                    other.arrives - one.arrives <= ARRIVES_DAYS_MAX
                ):
                    found[one.currency, one.amount + other.amount].append((first, second))
        return found


def _came_back(payouts: Sequence[Payout], deposits: Sequence[Deposit], lines: Sequence[Transaction]) -> frozenset[int]:
    """The payouts of which a line says that all of it came back into the balance."""
    by_id = {payout.id: place for place, payout in enumerate(payouts)}
    sent_back = {(deposit.currency, -deposit.amount) for deposit in deposits if deposit.amount < 0}
    return frozenset(
        place
        for line in lines
        if line.type != PAYOUT_ITSELF
        and (place := by_id.get(line.payment, -1)) >= 0
        and payouts[place].amount == line.gross > 0
        and (payouts[place].currency, line.gross) not in sent_back
    )


def _named(deposit: Deposit, by_name: Mapping[str, set[int]]) -> set[int]:
    """The payouts whose ids or traces stand in the bank's text."""
    told = deposit.descriptor.upper()
    return {place for word in (*_WORD.findall(told), *told.split()) for place in by_name.get(word, ())}


def _heaps(fitting: Mapping[int, set[int]]) -> Iterable[set[int]]:
    """The deposits that hang together by the payouts they could be."""
    back: dict[int, set[int]] = defaultdict(set)
    for deposit, found in fitting.items():
        for payout in found:
            back[payout].add(deposit)
    seen: set[int] = set()
    for first in sorted(fitting):
        if first in seen:
            continue
        heap, reached = set(), [first]
        while reached:
            deposit = reached.pop()
            if deposit not in heap:
                heap.add(deposit)
                reached += [other for payout in fitting[deposit] for other in back[payout]]
        seen |= heap
        yield heap


def _decided(matched: Mapping[int, int], fitting: Mapping[int, set[int]]) -> Iterator[Landing]:
    """The pairs of a heap that are the same whichever way every deposit is a payout and every payout a deposit."""
    payouts, deposits = tuple(sorted(matched.values())), tuple(sorted(matched))
    for deposit, payout in sorted(matched.items()):
        if not _could_swap(deposit, matched, fitting):
            yield Landing(deposit, payout, Why.ONLY if len(matched) == 1 else Why.FORCED, payouts, deposits)


def _matched(heap: set[int], owed: set[int], fitting: Mapping[int, set[int]]) -> dict[int, int]:
    """One way in which every deposit is a payout and every payout a deposit; nothing where there is none."""
    if len(heap) != len(owed) or len(heap) > HEAP_MAX:
        return {}
    holder: dict[int, int] = {}
    for deposit in sorted(heap):
        if not _seat(deposit, fitting, holder):
            return {}
    return {deposit: payout for payout, deposit in holder.items()}


def _seat(deposit: int, fitting: Mapping[int, set[int]], holder: dict[int, int]) -> bool:
    """Give a deposit a payout, moving others where that is needed: the way is found breadth first."""
    came: dict[int, int] = {}
    reached = [deposit]
    for at in reached:
        for payout in sorted(fitting[at]):
            if payout in came:
                continue
            came[payout] = at
            if payout in holder:
                reached.append(holder[payout])
                continue
            free: int | None = payout
            while free is not None:
                mover = came[free]
                left = next((each for each, held in holder.items() if held == mover), None)
                holder[free] = mover
                free = left if mover != deposit else None
            return True
    return False


def _could_swap(deposit: int, matched: Mapping[int, int], fitting: Mapping[int, set[int]]) -> bool:
    """Whether another way gives this deposit another payout: a circle of deposits that each take the next one's."""
    holder = {payout: each for each, payout in matched.items()}
    seen: set[int] = set()
    reached = [holder[payout] for payout in fitting[deposit] if payout != matched[deposit]]
    while reached:
        at = reached.pop()
        if at == deposit:
            return True
        if at not in seen:
            seen.add(at)
            reached += [holder[payout] for payout in fitting[at] if payout != matched[at]]
    return False
