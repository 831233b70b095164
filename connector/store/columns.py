"""The columns of the mirror, computed from a record. They exist for views and look-ups; the record is the truth.

Pure: `rebuild` computes them again and says how many differ, which should be none.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from connector.dates import DAYS_REMEMBERED, BusinessDate
from connector.model.allocation import Allocation
from connector.model.invoice import CreditNote, Invoice
from connector.model.mirror import Gone, Noun
from connector.model.money_in import Attempt, Dispute, Payment, Refund
from connector.model.party import Account, Customer, Profile
from connector.model.settlement import BalanceEntry, BookEntry, CashEntry, CreditEntry, Deposit, HeldEntry, Payout
from connector.model.source import Ref
from connector.money import Money


class Columns(NamedTuple):
    """What a view may group, sum or look up by; None where the kind of record has no such thing."""

    number: str | None = None
    party: str | None = None
    currency: str | None = None
    amount_minor: int | None = None
    open_minor: int | None = None
    on_date: int | None = None
    due_date: int | None = None
    state: str | None = None


def columns(record: Noun | Gone) -> Columns:
    """The columns of a record; all None for a tombstone."""
    if isinstance(record, Gone):
        return _NOTHING
    return _OF[type(record)](record)


_NOTHING = Columns()


def _party(ref: Ref | None) -> str | None:
    return None if ref is None else ref.vendor_id


@lru_cache(DAYS_REMEMBERED)
def _day(day: BusinessDate | None) -> int | None:
    """20260331: half as long as the ISO text, and as easy to read and to sort."""
    return None if day is None else day.year * 10_000 + day.month * 100 + day.day


def _text(text: str | None) -> str | None:
    # PostgreSQL takes no NUL in a text; the record keeps it, escaped.
    return text if text is None or "\0" not in text else text.replace("\0", "")


def _invoice(record: Invoice) -> Columns:
    total = record.total
    return Columns(
        _text(record.number), _party(record.customer), total.currency, total.minor, record.open.minor,
        _day(record.issued_on), _day(record.due_on), record.state.value,
    )  # fmt: skip


def _credit_note(record: CreditNote) -> Columns:
    total = record.total
    return Columns(
        _text(record.number), _party(record.customer), total.currency, total.minor, record.open.minor,
        _day(record.issued_on), None, record.state.value,
    )  # fmt: skip


def _payment(record: Payment) -> Columns:
    gross = record.gross
    unapplied = None if record.unapplied is None else record.unapplied.minor
    return Columns(
        _text(record.reference), _party(record.customer), gross.currency, gross.minor, unapplied,
        _day(record.received_on), None, record.state.value,
    )  # fmt: skip


def _money(amount: Money | None, *, party: str | None = None, on: BusinessDate | None = None, state: str) -> Columns:
    if amount is None:
        return Columns(party=party, on_date=_day(on), state=state)
    return Columns(
        party=party, currency=amount.currency, amount_minor=amount.minor, on_date=_day(on), state=state or None
    )


def _account(record: Account) -> Columns:
    return _money(record.balance, state=record.role.value)._replace(currency=record.currency)


def _held(record: HeldEntry) -> Columns:
    return _money(record.amount, party=_party(record.customer), state=_text(record.category) or "")


_OF: dict[type[Noun], Callable[..., Columns]] = {
    Invoice: _invoice,
    CreditNote: _credit_note,
    Payment: _payment,
    Customer: lambda record: Columns(party=_party(record.parent), currency=record.currency),
    Profile: lambda record: Columns(currency=record.home_currency),
    Account: _account,
    Allocation: lambda record: _money(record.amount, state=""),
    Attempt: lambda record: _money(record.amount, party=_party(record.customer), state=record.state.value),
    Refund: lambda record: _money(record.amount, on=record.on, state=record.state.value),
    Dispute: lambda record: _money(record.amount, on=record.on, state=record.state.value),
    BalanceEntry: lambda record: _money(record.net, state=_text(record.category) or ""),
    Payout: lambda record: _money(record.amount, on=record.arrives_on, state=record.state.value),
    Deposit: lambda record: _money(record.total, on=record.on, state=""),
    BookEntry: lambda record: _money(record.amount, on=record.on, state=""),
    CreditEntry: _held,
    CashEntry: _held,
}
