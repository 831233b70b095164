"""What payouts consist of, from plain files: which lines of a processor's balance.

What an automatic payout consists of the processor says, and the sum of the nets must be its amount. What was asked for
by hand it never says: then the running balance is cut (`cuts`), or nothing is said. Where a deposit at the bank is a
payout is told in `landings`.

The mirror's payouts are told in `connector.reconcile.payouts`. The cut is one and the same; the rest is not, because a
file has neither states nor chains of records, and the mirror's members come with the payout and not with the line.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import IntEnum
from typing import NamedTuple

from connector.reconcile.cuts import Came, Taken, cuts

ARRIVES_DAYS_MAX = 5
"""So long after the day on which it should arrive a deposit may still be a payout."""
PAYOUT_ITSELF = "payout"
"""The type of the line by which a payout itself leaves the balance."""


class Made(IntEnum):
    """What made a payout: the schedule, a person, or a person who would not wait until the money was available."""

    BY_SCHEDULE = 0
    BY_HAND = 1
    AT_ONCE = 2


class Deposit(NamedTuple):
    """Money at the bank. Days are ordinals, amounts minor units."""

    id: str
    on: int
    currency: str
    amount: int
    descriptor: str = ""


class Payout(NamedTuple):
    """What a processor sent to the bank; negative where it took. `created` is an ISO date, with a time or without.
    `by_hand` is a `Made`; `trace` the bank's own number of it, where the processor says."""

    id: str
    source: str
    created: str
    arrives: int
    currency: str
    amount: int
    by_hand: int = Made.BY_SCHEDULE
    trace: str = ""


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
    """What a payout consists of, by the places of the lines; none, and the reason, where it cannot be said. `taken` is
    what it took from the balance: its amount, and what it cost where its own line says so. `before`: what all lines and
    all payouts before it came to, both the same, where the balance was cut."""

    payout: int
    taken: int
    lines: tuple[int, ...] = ()
    parts: tuple[Part, ...] = ()
    reason: str = ""
    before: int | None = None


def composed(
    payouts: Sequence[Payout], lines: Sequence[Transaction], currencies: Mapping[str, str]
) -> list[Composition]:
    """What every payout consists of, in their order. `currencies` maps a payment to its currency: a line
    may have none, and be about a payment, or about a payout whose money came back."""
    named: dict[str, list[int]] = defaultdict(list)
    own: dict[str, list[int]] = defaultdict(list)
    loose: dict[tuple[str, str], list[int]] = defaultdict(list)
    spoken, sent_in = _spoken(payouts), {payout.id: payout.currency for payout in payouts}
    for place, line in enumerate(lines):
        if line.type == PAYOUT_ITSELF:
            own[line.payout or line.payment].append(place)
        elif line.payout:
            named[line.payout].append(place)
        else:
            code = line.currency or currencies.get(line.payment) or sent_in.get(line.payment)
            code = code or spoken.get(line.source, "")
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
        takings = [(at, _taken(payouts[at], own, lines)) for at in sorted(asked, key=lambda at: _age(payouts[at]))]
        for composition in _cut(takings, payouts, ready, lines):
            found[composition.payout] = composition
    return [found[place] for place in range(len(payouts))]


def _told(place: int, payout: Payout, members: list[int], lines: Sequence[Transaction]) -> Composition:
    """What the processor names, if it comes to the amount."""
    reason = "" if members else "No line of the balance names it."
    for at in members:
        line = lines[at]
        if line.source and payout.source and line.source != payout.source:
            reason = f"Its line {line.id} is of {line.source}."
        elif line.currency not in ("", payout.currency):
            reason = f"Its line {line.id} is in {line.currency}."
        elif line.gross - line.fee != line.net:
            reason = f"The net of its line {line.id} is not its gross less its fee."
        if reason:
            break
    held = sum(lines[at].net for at in members)
    if not reason and held != payout.amount:
        reason = f"Its lines come to {held}, and it is {payout.amount}: {payout.amount - held} apart."
    if reason:
        return Composition(payout=place, taken=payout.amount, reason=reason)
    return Composition(payout=place, taken=payout.amount, lines=tuple(members), parts=parts(members, lines))


def _cut(
    takings: list[tuple[int, int]], payouts: Sequence[Payout], ready: list[int], lines: Sequence[Transaction]
) -> Iterator[Composition]:
    """The payouts of one balance that were asked for by hand, in their order, with what each took."""
    came = [Came(lines[at].available, _day(lines[at].created), lines[at].net) for at in ready]
    asked = [
        Taken(_day(payouts[at].created, late=True), taken, at_once=payouts[at].by_hand == Made.AT_ONCE)
        for at, taken in takings
    ]
    before = 0
    for (place, taken), cut in zip(takings, cuts(came, asked), strict=True):
        if cut.end is None:
            how = "at no place" if not cut.places else f"at {cut.places} places"
            yield Composition(payout=place, taken=taken, reason=f"By the running balance it fits {how}.")
        elif cut.begin is None:
            why = "The payout before it cannot be told, so nor where it begins."
            yield Composition(payout=place, taken=taken, reason=why)
        else:
            members = ready[cut.begin : cut.end]
            yield Composition(
                payout=place, taken=taken, lines=tuple(members), parts=parts(members, lines), before=before
            )
        before += taken


def _taken(payout: Payout, own: Mapping[str, list[int]], lines: Sequence[Transaction]) -> int:
    """What a payout took from the balance: with its cost, where one line of the balance is the payout itself."""
    said = own.get(payout.id, [])
    return -lines[said[0]].net if len(said) == 1 and lines[said[0]].gross == -payout.amount else payout.amount


def parts(members: Iterable[int], lines: Sequence[Transaction]) -> tuple[Part, ...]:
    """The lines by their types, in the order of those."""
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
    return _moment(payout.created), len(payout.id), payout.id


def _moment(created: str) -> str:
    """A moment as text that sorts as time: in UTC where an offset is said."""
    try:
        at = datetime.fromisoformat(created)
    except ValueError:
        return created
    return at.astimezone(UTC).isoformat() if at.tzinfo is not None else created


def _day(created: str, *, late: bool = False) -> int:
    """The day of a moment, in UTC where an offset is said. `late`: where there is a time and no offset, it may be the
    next day already where the processor counts."""
    text = _moment(created)
    day = date.fromisoformat(text[:10]).toordinal()
    return day + 1 if late and text == created and len(created) > len("2026-03-01") else day
