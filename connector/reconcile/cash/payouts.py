"""Which payout is which deposit at the bank, and which lines of the processor's balance it consists of.

A deposit is a payout when currency and amount are exactly its own, it came within days of the day it was to arrive, and
nothing else could be either. What an automatic payout consists of the processor says, and the sum of the nets must be
its amount. What was asked for by hand it never says: money leaves in the order in which it became available, so the
lines up to now come to all payouts up to now at one place, or nothing is said.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate
from typing import NamedTuple

ARRIVES_DAYS_MAX = 5
"""So long after the day on which it should arrive a deposit may still be a payout."""
PAYOUT_ITSELF = "payout"
"""The type of the line by which a payout itself leaves the balance."""

_WORD = re.compile(r"[0-9A-Z_]+")


class Deposit(NamedTuple):
    """Money at the bank. Days are ordinals, amounts minor units."""

    id: str
    on: int
    currency: str
    amount: int
    descriptor: str = ""


class Payout(NamedTuple):
    """What a processor sent to the bank; negative where it took. `created` is an ISO date, with a time or without."""

    id: str
    source: str
    created: str
    arrives: int
    currency: str
    amount: int
    by_hand: bool = False


class Transaction(NamedTuple):
    """A line of a processor's balance. `payout` is the processor's own word on where it went; `currency` may be ""."""

    id: str
    source: str
    type: str
    payment: str
    created: str
    available: int
    gross: int
    fee: int
    net: int
    payout: str = ""
    currency: str = ""


class Part(NamedTuple):
    """All lines of one type."""

    type: str
    lines: int
    gross: int
    fee: int
    net: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """What a payout consists of, by the places of the lines; none, and the reason, where it cannot be said."""

    payout: int
    lines: tuple[int, ...]
    parts: tuple[Part, ...] = ()
    reason: str = ""


def landed(payouts: Sequence[Payout], deposits: Sequence[Deposit]) -> list[tuple[int, int]]:
    """Deposit and payout, by their places, where neither could be another.

    A payout's id in the bank's text decides. What is certain is taken away, and what then is certain too, where as many
    payouts as deposits are left that could be each other: else one of them has no partner, and nobody knows which.
    """
    pairs = _traced(payouts, deposits)
    taken_deposits, taken = {deposit for deposit, _ in pairs}, {payout for _, payout in pairs}
    fitting = {
        deposit: left
        for deposit, found in _fitting(payouts, deposits).items()
        if deposit not in taken_deposits and (left := found - taken)
    }
    back: dict[int, set[int]] = defaultdict(set)
    for deposit, found in fitting.items():
        for payout in found:
            back[payout].add(deposit)
    for heap in _heaps(fitting, back):
        owed = {payout for deposit in heap for payout in fitting[deposit]}
        if len(heap) == len(owed):
            pairs += _only_way({deposit: set(fitting[deposit]) for deposit in heap})
    return sorted(pairs)


def composed(
    payouts: Sequence[Payout], lines: Sequence[Transaction], currencies: Mapping[str, str]
) -> list[Composition]:
    """What every payout consists of, in their order. `currencies` maps a payment to its currency: a line has none."""
    named: dict[str, list[int]] = defaultdict(list)
    loose: dict[tuple[str, str], list[int]] = defaultdict(list)
    spoken = _spoken(payouts)
    for place, line in enumerate(lines):
        if line.type == PAYOUT_ITSELF:
            continue
        if line.payout:
            named[line.payout].append(place)
        else:
            code = line.currency or currencies.get(line.payment) or spoken.get(line.source, "")
            loose[line.source, code].append(place)
    found: dict[int, Composition] = {}
    by_hand: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, payout in enumerate(payouts):
        if payout.id in named or not payout.by_hand:
            found[place] = _told(place, payout, named.get(payout.id, []), lines)
        else:
            by_hand[payout.source, payout.currency].append(place)
    for purse, asked in by_hand.items():
        ready = sorted(loose[purse], key=lambda at: _readiness(lines[at]))
        for composition in _run(sorted(asked, key=lambda at: _age(payouts[at])), payouts, ready, lines):
            found[composition.payout] = composition
    return [found[place] for place in range(len(payouts))]


def _told(place: int, payout: Payout, members: list[int], lines: Sequence[Transaction]) -> Composition:
    """What the processor names, if it comes to the amount."""
    if not members:
        return Composition(payout=place, lines=(), reason="No line of the balance names it.")
    foreign = next((lines[at] for at in members if lines[at].currency not in ("", payout.currency)), None)
    if foreign is not None:
        return Composition(payout=place, lines=(), reason=f"Its line {foreign.id} is in {foreign.currency}.")
    crooked = next((lines[at] for at in members if lines[at].gross - lines[at].fee != lines[at].net), None)
    if crooked is not None:
        return Composition(
            payout=place, lines=(), reason=f"The net of its line {crooked.id} is not its gross less its fee."
        )
    held = sum(lines[at].net for at in members)
    if held != payout.amount:
        return Composition(
            payout=place,
            lines=(),
            reason=f"Its lines come to {held}, and it is {payout.amount}: {payout.amount - held} apart.",
        )
    return Composition(payout=place, lines=tuple(members), parts=_parts(members, lines))


def _run(
    asked: list[int], payouts: Sequence[Payout], ready: list[int], lines: Sequence[Transaction]
) -> Iterable[Composition]:
    """Each payout takes the lines between two cuts: where the lines so far come to the payouts so far, once only.

    One that cannot be cut is left out with the one behind it, whose beginning is then unknown; the lines so far still
    come to the payouts so far at the end of that, so those after it can be told again.
    """
    begins: int | None = 0
    least, owed = 0, 0
    where: dict[int, list[int]] = defaultdict(list)
    for count, sum_minor in enumerate(accumulate(lines[at].net for at in ready), start=1):
        where[sum_minor].append(count)
    for place in asked:
        payout = payouts[place]
        owed += payout.amount
        went = date.fromisoformat(payout.created[:10]).toordinal()
        fits = [count for count in where.get(owed, ()) if count > least and lines[ready[count - 1]].available <= went]
        start, begins = begins, fits[0] if len(fits) == 1 else None
        if begins is None:
            how = "at no place" if not fits else f"at {len(fits)} places"
            yield Composition(payout=place, lines=(), reason=f"By the running balance it fits {how}.")
            continue
        if start is None:
            yield Composition(
                payout=place, lines=(), reason="The payout before it cannot be told, so nor where it begins."
            )
        else:
            members = ready[start:begins]
            yield Composition(payout=place, lines=tuple(members), parts=_parts(members, lines))
        least = begins


def _parts(members: Iterable[int], lines: Sequence[Transaction]) -> tuple[Part, ...]:
    found: dict[str, Part] = {}
    for at in members:
        line = lines[at]
        kept = found.get(line.type, Part(line.type, 0, 0, 0, 0))
        found[line.type] = Part(
            line.type, kept.lines + 1, kept.gross + line.gross, kept.fee + line.fee, kept.net + line.net
        )
    return tuple(found[type_] for type_ in sorted(found))


def _spoken(payouts: Sequence[Payout]) -> dict[str, str]:
    """The currency of a processor that pays out in one only."""
    codes: dict[str, set[str]] = defaultdict(set)
    for payout in payouts:
        codes[payout.source].add(payout.currency)
    return {source: next(iter(found)) for source, found in codes.items() if len(found) == 1}


def _readiness(line: Transaction) -> tuple[int, str, int, str]:
    return line.available, line.created, len(line.id), line.id


def _age(payout: Payout) -> tuple[str, int, str]:
    return payout.created, len(payout.id), payout.id


def _traced(payouts: Sequence[Payout], deposits: Sequence[Deposit]) -> list[tuple[int, int]]:
    """The deposits whose text names a payout of exactly their amount, and no other deposit's does."""
    by_id = {payout.id.upper(): place for place, payout in enumerate(payouts)}
    found: dict[int, list[int]] = defaultdict(list)
    for place, deposit in enumerate(deposits):
        named = _named(deposit, by_id)
        if len(named) == 1:
            found[next(iter(named))].append(place)
    return [
        (one[0], payout)
        for payout, one in found.items()
        if len(one) == 1
        and (deposits[one[0]].currency, deposits[one[0]].amount) == (payouts[payout].currency, payouts[payout].amount)
    ]


def _named(deposit: Deposit, by_id: Mapping[str, int]) -> set[int]:
    """The payouts whose ids stand in the bank's text."""
    told = deposit.descriptor.upper()
    return {by_id[word] for word in (*_WORD.findall(told), *told.split()) if word in by_id}


def _fitting(payouts: Sequence[Payout], deposits: Sequence[Deposit]) -> dict[int, set[int]]:
    """Per deposit the payouts that it could be. One whose text names a payout can be no other."""
    by_amount: dict[tuple[str, int], list[int]] = defaultdict(list)
    for place, payout in enumerate(payouts):
        by_amount[payout.currency, payout.amount].append(place)
    by_id = {payout.id.upper(): place for place, payout in enumerate(payouts)}
    sources = sorted({payout.source.upper() for payout in payouts} - {""})
    found: dict[int, set[int]] = {}
    for place, deposit in enumerate(deposits):
        told, traced = deposit.descriptor.upper(), _named(deposit, by_id)
        named = [source for source in sources if source in told]
        fitting = {
            each
            for each in by_amount.get((deposit.currency, deposit.amount), ())
            if (not traced or each in traced)
            and 0 <= deposit.on - payouts[each].arrives <= ARRIVES_DAYS_MAX
            and (not named or not payouts[each].source or payouts[each].source.upper() in named)
        }
        if fitting:
            found[place] = fitting
    return found


def _heaps(fitting: Mapping[int, set[int]], back: Mapping[int, set[int]]) -> Iterable[set[int]]:
    """The deposits that hang together by the payouts they could be."""
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


def _only_way(fitting: dict[int, set[int]]) -> list[tuple[int, int]]:
    """The pairs that follow when every deposit is a payout and every payout a deposit; none when that cannot be."""
    pairs: list[tuple[int, int]] = []
    while True:
        back: dict[int, set[int]] = defaultdict(set)
        for deposit, found in fitting.items():
            for payout in found:
                back[payout].add(deposit)
        certain = {(deposit, next(iter(found))) for deposit, found in fitting.items() if len(found) == 1}
        certain |= {(next(iter(found)), payout) for payout, found in back.items() if len(found) == 1}
        if not certain:
            return pairs
        if len({deposit for deposit, _ in certain}) != len(certain) or len({payout for _, payout in certain}) != len(
            certain
        ):
            return []
        pairs += sorted(certain)
        taken = {payout for _, payout in certain}
        for deposit, _ in certain:
            del fitting[deposit]
        fitting = {deposit: found - taken for deposit, found in fitting.items()}
        if not all(fitting.values()):
            return []
