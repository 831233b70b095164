"""The first day with a processor that was there before us: from when on to book it, and what it held then."""

from __future__ import annotations

from connector.app.house import Desk
from connector.dates import BusinessDate, day_of, later, midnight, zone
from connector.model.finding import Finding, FindingCode
from connector.model.firm import BookingPattern, Connection
from connector.model.intent import Posting
from connector.money import grouped
from connector.reconcile.booked import opened
from connector.reconcile.clearing import before_start
from connector.reconcile.snapshot import Snapshot


def proposed_starts(desk: Desk) -> tuple[Finding, ...]:
    """One proposal per processor and currency, until a start was chosen or something of it was written from here."""
    rows = desk.store.outbox(desk.id)
    written = {row.intent.about.connection for row in rows if isinstance(row.intent, Posting)}
    fresh = [
        each
        for each in desk.processors()
        if each.pattern is not BookingPattern.DEPOSIT
        and each.posting.begins is None
        and each.connection_id not in written
    ]
    if not fresh:
        return ()
    seen = desk.snapshot()
    return tuple(finding for each in fresh for finding in _proposed(desk, seen, each)) if seen.books is not None else ()


def _proposed(desk: Desk, seen: Snapshot, connection: Connection) -> list[Finding]:
    if connection.pattern is BookingPattern.BANK:
        return _at_the_bank(desk, seen, connection)
    own, where = connection.connection_id, zone(desk.company.zone)
    lines = (line for ref, line in seen.balance_entries.items() if ref.connection == own)
    first = min((day_of(line.created, where) for line in lines), default=None)
    if first is None or any(at == own for at, _ in opened(seen)):
        return []
    profile = seen.books_profile()
    closed = profile.closed_through if profile is not None else None
    month = BusinessDate(desk.today.replace(day=1))
    start = later(closed, 1) if closed is not None and closed >= first else month
    if start <= first:
        return []
    # The entry lies on the day before, which is closed then.
    closing = "; then: receivables plan --closed today" if closed is not None and closed >= first else ""
    held = before_start(seen, midnight(start, where), own)
    return [
        Finding(
            code=FindingCode.BEFORE_START,
            sentence=f"{own} has been used since {first}, and nothing of it was booked from here. To begin with "
            f"{start}, its clearing account opens with {grouped(amount)}, what it held when that day began.",
            next_step=f"Choose: receivables accounts {own} --start {start} --opening NAME, of an equity "
            f"account{closing}. Without a start, plans book everything since {first} line by line.",
            refs=(),
            amount=amount,
        )
        for _, amount in sorted(held.items())
    ]


def _at_the_bank(desk: Desk, seen: Snapshot, connection: Connection) -> list[Finding]:
    """What a bank shows from before this month was mostly booked by somebody already, maybe as another sum or day."""
    own, start = connection.connection_id, BusinessDate(desk.today.replace(day=1))
    days = [payment.received_on for ref, payment in seen.payments.items() if ref.connection == own]
    if not days or min(days) >= start:
        return []
    return [
        Finding(
            code=FindingCode.BEFORE_START,
            sentence=f"The statements of {own} begin on {min(days)}, and nothing of them was booked from here. "
            "What stands in the books by another hand is known by its sum and day only.",
            next_step=f"Choose from when on they are booked from here: receivables accounts {own} --start {start}. "
            f"Without a start, plans book every line since {min(days)} that pays something open.",
            refs=(),
        )
    ]
