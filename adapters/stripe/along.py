"""What is read together with a record because no list, or no event, would bring it: a payout's members, and what is
kept for a customer. And how single records are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from adapters.stripe import ledger, pointers, translate, wire
from adapters.stripe.ahead import Calls
from adapters.stripe.guards import checked_id
from adapters.stripe.lists import CASH, CREDIT, ELSEWHERE, SHELVES, Shelf
from adapters.stripe.pointers import Document
from connector.errors import MalformedAnswer, NotFound, Rejected
from connector.model.source import Kind

T = TypeVar("T")

LIMIT = 100
PAGES_MAX = 1_000
MISSING = "resource_missing"
_RECORD = b'"payment_record"'


def still(ask: Callable[[], T]) -> T | None:
    """What Stripe answers, None when it says that a record which the question names is gone."""
    try:
        return ask()
    except NotFound:
        return None
    except Rejected as error:
        if error.code != MISSING:
            raise
        return None


def single(calls: Calls, shelf: Shelf, vendor_id: str, customer: str = "") -> Document | None:
    """One record as it stands now, None when it is gone."""
    return still(lambda: calls.read(shelf.one(vendor_id, customer), shelf.reading, pointers.whole))


def every(calls: Calls, path: str, query: Mapping[str, str | int]) -> list[Document]:
    """All rows of a list that belongs to one record; nothing when that record is gone."""
    rows: list[Document] = []
    asked: dict[str, str | int] = {"limit": LIMIT, **query}
    for _ in range(PAGES_MAX):
        page = still(lambda: calls.read(path, asked, pointers.listed))
        if page is None:
            return rows
        rows += page.data
        if not page.has_more:
            return rows
        asked["starting_after"] = checked_id(wire.decode(page.data[-1], pointers.Placed).id)
    raise MalformedAnswer(f"Stripe's list of {path.rpartition('/')[2]} of one record does not end.", system=wire.SYSTEM)


def members(calls: Calls, payouts: Iterable[Document]) -> dict[str, tuple[str, ...]]:
    """The ledger lines that payouts consist of, where Stripe can name them. The line of the payout itself, which Stripe
    lists too, is not one."""
    found: dict[str, tuple[str, ...]] = {}
    for raw in payouts:
        row = wire.decode(raw, wire.Payout)
        if not ledger.composed(row):
            continue
        own = wire.link_id(row.balance_transaction)
        rows = every(calls, SHELVES[Kind.BALANCE_ENTRY].path, {"payout": checked_id(row.id)})
        lines = [wire.decode(line, wire.BalanceTransaction) for line in rows]
        found[row.id] = tuple(line.id for line in lines if line.id != own and wire.link_id(line.source) != row.id)
    return found


def kept(calls: Calls, customers: Sequence[Document], *, always: bool) -> list[tuple[Shelf, Document]]:
    """What is kept for customers: their credit and their own money. `always`: also where none is left now."""
    found: list[tuple[Shelf, Document]] = []
    for raw in customers:
        row = wire.decode(raw, wire.Customer)
        if row.deleted:
            continue
        if always or translate.keeps_credit(row):
            found += [(CREDIT, line) for line in every(calls, CREDIT.all(row.id), CREDIT.listing)]
        if translate.keeps_cash(row) or (always and row.cash_balance is not None):
            found += [(CASH, line) for line in every(calls, CASH.all(row.id), CASH.listing)]
    return found


def elsewhere(calls: Calls, allocations: Iterable[Document]) -> list[tuple[Shelf, Document]]:
    """The payments made elsewhere that invoices were paid with."""
    found: list[tuple[Shelf, Document]] = []
    for raw in allocations:
        if _RECORD in bytes(raw):  # most are not, and need not be decoded twice
            paid_with = wire.decode(raw, wire.InvoicePayment).payment.payment_record
            vendor_id = wire.link_id(paid_with)
            record = single(calls, ELSEWHERE, vendor_id) if vendor_id else None
            if record is not None:
                found.append((ELSEWHERE, record))
    return found
