"""Shadow: a past period looked at over the mirror, as if we had been there, and what is wrong in the books already.

It reads our own store and nothing else: no outside system is asked or told anything, and no permission to write is
needed. What is found is not kept; the next look finds it again, as long as it is so.
"""

from __future__ import annotations

from dataclasses import dataclass

from connector import registry
from connector.app.house import Desk
from connector.dates import BusinessDate, zone
from connector.errors import UserError
from connector.model.firm import BookingPattern
from connector.model.source import ConnectionId
from connector.reconcile.match import reconcile
from connector.reconcile.polluted import Ground
from connector.reconcile.shadowed import Shadow, shadowed
from connector.reconcile.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """The period, and what could not be looked at, in words."""

    company: str
    shadow: Shadow
    unset: tuple[str, ...]


def shadow(desk: Desk, start: BusinessDate | None = None, end: BusinessDate | None = None) -> Looked:
    """Look at a period; without a start from the first day that is known, without an end until today. UserError where
    it ends before it begins."""
    seen = desk.snapshot()
    first, last = period(desk, seen, start, end)
    ground = ground_of(desk, seen, last)
    return Looked(
        company=desk.company.name,
        shadow=shadowed(ground, reconcile(seen), first),
        unset=_unset(desk, {connection for connection, _ in ground.accounts}, seen),
    )


def period(
    desk: Desk, seen: Snapshot, start: BusinessDate | None, end: BusinessDate | None
) -> tuple[BusinessDate, BusinessDate]:
    """The first day and the last. UserError where it ends before it begins."""
    last, first = end or desk.today, start or _first_day(seen) or end or desk.today
    return in_order(first, last)


def in_order(first: BusinessDate, last: BusinessDate) -> tuple[BusinessDate, BusinessDate]:
    """Both days. UserError where the period ends before it begins: nothing could be found in it."""
    if first > last:
        raise UserError(
            f"The period ends on {last}, before it begins on {first}.", next_step="Turn the two days round."
        )
    return first, last


def ground_of(desk: Desk, seen: Snapshot, as_of: BusinessDate) -> Ground:
    """What the looks at other hands' entries go by."""
    return Ground(
        snapshot=seen,
        accounts=desk.clearing(),
        zone=zone(desk.company.zone),
        as_of=as_of,
        words=_words(desk),
        transit=desk.transit(),
        banks=desk.banks(),
    )


def _first_day(seen: Snapshot) -> BusinessDate | None:
    return min((payment.received_on for payment in seen.payments.values()), default=None)


def _words(desk: Desk) -> dict[ConnectionId, tuple[str, ...]]:
    """By what a bank's text shows that money came from each processor."""
    found: dict[ConnectionId, tuple[str, ...]] = {}
    for each in desk.processors():
        exports = desk.spec(each).exports
        if exports is not None:
            told = registry.by_path(exports)
            found[each.connection_id] = (told.name, *told.at_the_bank)
    return found


def _unset(desk: Desk, chosen: set[ConnectionId], seen: Snapshot) -> tuple[str, ...]:
    """What a person has to say before everything can be looked at."""
    said = [
        f"No clearing account of {each.connection_id} is chosen: entries on it that name no payment, its fees and what "
        f"stays on it were not looked at. Choose one: receivables accounts {each.connection_id} --clearing NAME"
        for each in desk.processors()
        if each.connection_id not in chosen and each.pattern is not BookingPattern.BANK
    ]
    return ("No books are connected: nothing in them could be looked at.",) if seen.books is None else tuple(said)
