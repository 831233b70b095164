"""What left a processor and is not at the bank yet: the books' accounts for it against the processor's own payouts.

A payout comes in when it is set aside by its line of the ledger. It goes out when the transfer to the bank is booked,
which is when it has arrived and is explained; or when it comes back, if it never got so far.
"""

from __future__ import annotations

from collections.abc import Iterator

from connector.dates import BusinessDate, day_of
from connector.model.settlement import BalanceEntry, BookEntry, Membership, Payout, PayoutState
from connector.model.source import ConnectionId, Kind, Ref
from connector.money import Money
from connector.reconcile.agreement import Entry, agree
from connector.reconcile.sheet import Ground, Sheet


def in_transit(ground: Ground, connection: ConnectionId) -> tuple[Sheet, list[Entry]] | None:
    """The comparison, and the entries of the books; None where no such account is chosen for that processor."""
    accounts = frozenset(ref for (at, _), ref in ground.transit.items() if at == connection)
    if not accounts:
        return None
    here = list(_entries(ground, connection, accounts))
    there = list(_Payouts(ground, connection, {entry.key: entry.on for entry in here}).entries())
    agreement = agree(here, there, ground.as_of)
    sheet = Sheet(
        name=f"On the way from {connection}",
        here="the books",
        there=str(connection),
        agreement=agreement,
        may_wait=True,
        of=connection,
    )
    return sheet, here


def _entries(ground: Ground, connection: ConnectionId, accounts: frozenset[Ref]) -> Iterator[Entry]:
    """Everything of the books that touches those accounts."""
    seen = ground.snapshot
    for ref, entry in seen.book_entries.items():
        if seen.in_books(ref):
            key = _key(ground, connection, entry)
            for amount in _touching(entry, accounts):
                yield Entry(key, entry.on, amount, str(ref), "payout" if key else "entry without our stamp")
    for ref, deposit in seen.deposits.items():
        if seen.in_books(ref) and deposit.into in accounts:
            yield Entry("", deposit.on, deposit.total, str(ref), "deposit")
    for ref, payment in seen.payments.items():
        if seen.in_books(ref) and payment.into in accounts and payment.gross:
            yield Entry("", payment.received_on, payment.gross, str(ref), "payment")


def _touching(entry: BookEntry, accounts: frozenset[Ref]) -> Iterator[Money]:
    yield from (amount for account, amount in entry.moves if account in accounts)
    if entry.paid_to in accounts:
        yield entry.amount
    if entry.paid_from in accounts:
        yield -entry.amount


def _key(ground: Ground, connection: ConnectionId, entry: BookEntry) -> str:
    about = next((each.about for each in entry.stamps if each.about and each.about.connection == connection), None)
    if about is None:
        return ""
    if about.kind is Kind.PAYOUT:
        return _arrived(about)
    line = ground.snapshot.balance_entries.get(about)
    return _left(about) if line is not None else ""


def _left(line: Ref) -> str:
    return f"moved by {line}"


def _arrived(payout: Ref) -> str:
    return f"arrived {payout}"


class _Payouts:
    """A processor's payouts as what should stand there."""

    def __init__(self, ground: Ground, connection: ConnectionId, booked: dict[str, BusinessDate]) -> None:
        self._ground, self._connection, self._booked = ground, connection, booked
        profile = ground.snapshot.books_profile()
        self._closed_through = profile.closed_through if profile is not None else None

    def entries(self) -> Iterator[Entry]:
        seen = self._ground.snapshot
        start = self._ground.starts.get(self._connection)
        for ref, payout in seen.payouts.items():
            own = seen.balance_entries.get(payout.entry) if payout.entry is not None else None
            if ref.connection != self._connection or own is None or payout.entry is None:
                continue
            early = start is not None and own.created < start
            waits = payout.state is PayoutState.PENDING or (payout.state is PayoutState.PAID and not _told(payout))
            if _left(payout.entry) in self._booked or (waits and not early):
                yield from self._of(ref, payout, payout.entry, own)

    def _of(self, ref: Ref, payout: Payout, line: Ref, own: BalanceEntry) -> Iterator[Entry]:
        yield self._entry(_left(line), self._clocks(own), -own.gross, line, f"payout {ref.vendor_id} that left")
        back = self._ground.snapshot.balance_entries.get(payout.back) if payout.back is not None else None
        if (payout.state is PayoutState.PAID and _told(payout)) or (
            payout.state is PayoutState.FAILED and _arrived(ref) in self._booked
        ):
            yield self._entry(_arrived(ref), (payout.arrives_on,), -payout.amount, ref, f"payout {ref.vendor_id}")
        elif payout.state is PayoutState.FAILED and back is not None and payout.back is not None:
            said = f"payout {ref.vendor_id} that came back"
            yield self._entry(_left(payout.back), self._clocks(back), -back.gross, payout.back, said)

    def _clocks(self, line: BalanceEntry) -> tuple[BusinessDate, ...]:
        return BusinessDate(line.created.date()), day_of(line.created, self._ground.zone)

    def _entry(self, key: str, days: tuple[BusinessDate, ...], amount: Money, ref: Ref, says: str) -> Entry:
        """On the day of the books where that is another right one, or one that was chosen because they were closed."""
        on, closed = self._booked.get(key, days[0]), self._closed_through
        redated = closed is not None and days[0] <= closed < on
        return Entry(key, on if redated or on in days else days[0], amount, str(ref), says)


def _told(payout: Payout) -> bool:
    """Whether it is known what a payout consists of, or that nobody will ever say it."""
    return payout.entries is not None or payout.membership is Membership.NEVER
