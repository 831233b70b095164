"""What the tests of the store stand on: one company, pages of invoices, a contact, a write."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from sqlalchemy import Engine, event, text

from connector.clock import Clock
from connector.dates import BusinessDate, instant_from_iso
from connector.model.contact import Channel, Contact, ContactId, Direction, Outcome, Promise
from connector.model.firm import Actor, Company
from connector.model.intent import IntentKind, PostExpense
from connector.model.invoice import Invoice, InvoiceState, Issued
from connector.model.mirror import Gone, GoneState, Mirrored
from connector.model.source import ActorId, CompanyId, ConnectionId, Kind, OpId, Ref, RunId
from connector.money import Money, currency
from connector.ports import Page
from connector.store import Author, Counts, Lease, OutboxRow, Store
from tests.keys import given, unlocked

ACME = CompanyId("acme")
OTHER = CompanyId("other")
ANN = ActorId("ann")
STRIPE = ConnectionId("stripe")
BOOKS = ConnectionId("quickbooks")
USD = currency("USD")
RUN = RunId("run-1")


def ready(address: str, clock: Clock, company: CompanyId = ACME) -> Store:
    """An open store with one company in it."""
    store = unlocked(address, clock, given())
    found(store, company)
    return store


def found(store: Store, company: CompanyId) -> None:
    """One more company in it."""
    store.add_company(
        Company(company_id=company, name=company.title(), home_currency=USD, zone="America/New_York"),
        Actor(company_id=company, actor_id=ANN, name="Ann"),
    )


def ref(number: int, kind: Kind = Kind.INVOICE, connection: ConnectionId = STRIPE) -> Ref:
    return Ref(connection, kind, f"{kind.value}_{number:06d}")


def invoice(number: int, still_open: int = 100, **more: Any) -> Invoice:
    values: dict[str, Any] = {
        "number": f"INV-{number}",
        "customer": ref(number % 3, Kind.CUSTOMER),
        "issued_on": BusinessDate(date(2026, 3, 1)),
        "due_on": BusinessDate(date(2026, 3, 31)),
        "total": Money(100, USD),
        "open": Money(still_open, USD),
        "state": InvoiceState.OPEN if still_open else InvoiceState.PAID,
    }
    return Invoice(**values | more)


def seen(number: int, still_open: int = 100, *, raw: bytes | None = None, version: str = "1") -> Mirrored:
    """An invoice as an adapter hands it over; its document says what the model says."""
    document = raw if raw is not None else json.dumps({"id": number, "open": still_open, "lines": ["x"] * 20}).encode()
    return Mirrored(ref=ref(number), version=version, raw=document, record=invoice(number, still_open))


def gone(number: int, state: GoneState = GoneState.DELETED) -> Mirrored:
    return Mirrored(ref=ref(number), version="2", raw=b'{"deleted":true}', record=Gone(state=state))


def page(*records: Mirrored, cursor: str = "c1", more: bool = False) -> Page:
    return Page(records=records, cursor=cursor, more=more)


def save(
    store: Store, *pages: Page, company: CompanyId = ACME, lease: Lease | None = None, again: bool = False
) -> Counts:
    return store.save_pages(Author(company, ANN, RUN, lease, again), STRIPE, "invoices", pages)


def contact(number: int, said: str = "will pay", **more: Any) -> Contact:
    values: dict[str, Any] = {
        "contact_id": ContactId(f"k{number:06d}"),
        "company_id": ACME,
        "invoice": ref(number % 5),
        "invoice_number": f"INV-{number % 5}",
        "customer": ref(number % 2, Kind.CUSTOMER),
        "customer_name": "Café Acme",
        "at": instant_from_iso("2026-04-01T10:00:00Z"),
        "zone": "America/New_York",
        "by": ANN,
        "direction": Direction.OUT,
        "channel": Channel.PHONE,
        "outcome": Outcome.PROMISE,
        "person": "Bob O'Neil",
        "role": "AP clerk",
        "address": "ap@acme.example",
        "said": said,
        "open_amount": Money(100, USD),
        "days_overdue": 1,
        "issued": Issued(),
        "promise": Promise(amount=Money(100, USD), by=BusinessDate(date(2026, 4, 9))),
    }
    return Contact(**values | more)


def write(number: int, subject: str = "", company: CompanyId = ACME) -> OutboxRow:
    """A fee to be booked."""
    return OutboxRow(
        op_id=OpId(f"{'A' * 16}{number:04d}".replace("0", "Q").replace("1", "R")),
        company_id=company,
        connection_id=BOOKS,
        kind=IntentKind.EXPENSE,
        subject=subject or f"expense:{number}",
        intent=PostExpense(
            books=BOOKS,
            paid_from=ref(1, Kind.ACCOUNT, BOOKS),
            account=ref(2, Kind.ACCOUNT, BOOKS),
            on=BusinessDate(date(2026, 4, 1)),
            amount=Money(320, USD),
            about=ref(number, Kind.PAYMENT),
            memo="fee",
        ),
        actor=ANN,
    )


@contextmanager
def statements(store: Store) -> Iterator[list[str]]:
    """Every statement that reaches the database meanwhile, as text."""
    heard: list[str] = []

    def hear(*values: Any) -> None:
        heard.append(values[2])

    engine: Engine = store._database.engine
    event.listen(engine, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        event.remove(engine, "before_cursor_execute", hear)


def by_hand(store: Store, *sql: str) -> None:
    """What somebody with the database's own tools would do, triggers switched off first."""
    with store._database.engine.connect() as tx, tx.begin():
        if store._database.is_sqlite:
            tx.execute(text("DROP TRIGGER IF EXISTS journal_keeps"))
            tx.execute(text("DROP TRIGGER IF EXISTS journal_stays"))
        else:
            tx.execute(text("ALTER TABLE journal DISABLE TRIGGER ALL"))
        for each in sql:
            tx.execute(text(each))
