"""A stand-in of QuickBooks that is served, connections to it, and what the tests ask of both."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from adapters.quickbooks import standin
from adapters.quickbooks.client import QuickBooksOnline, connect
from adapters.quickbooks.settings import Settings
from connector.dates import business_date
from connector.model.intent import PostPayment
from connector.model.invoice import Invoice
from connector.model.mirror import Gone, Mirrored
from connector.model.party import Account
from connector.model.source import Ref
from connector.money import Money, from_text
from connector.ports import Surroundings
from connector.testing.standin import Answer, Call, Fault, Server
from connector.testing.worlds import parse
from tests.clocks import FakeClock
from tests.surroundings import Held, OpenBudget, OpenTurns
from tests.unit.quickbooks_ground import (
    BOOKS,
    USD,
    MemoryTokens,
    payment_intent,
)
from tests.vendor.quickbooks import answer_errors, request_errors

WORLD = """
company  Harbor Supply  home USD  zone America/New_York  country US  realm 9130001  closed 2025-12-31
account  Checking  bank USD
account  Stripe Clearing  bank USD
account  Stripe Fees  expense USD
customer  Acme  email ap@acme.example  phone +1 555 0100
customer  Acme North  parent Acme
customer  Borealis  currency CAD
2026-03-01  invoice  INV-7  Acme  120.00 USD  due 2026-03-31  sent ap@acme.example 2026-03-01
2026-03-02  invoice  INV-8  Acme North  80.00 USD  due 2026-04-01
2026-03-03  invoice  INV-9  Borealis  55.10 CAD
2026-03-04  invoice  INV-V  Acme  10.00 USD  status void
2026-03-05  credit  CM-1  Acme  20.00 USD  applied INV-7 20.00 USD
2026-03-30  payment  CHK-88  Acme  50.00 USD  by check  for INV-7 50.00 USD
2026-04-05  deposit  Checking  of CHK-88
"""
REALM = "9130001"


def inspect(call: Call, answer: Answer) -> list[str]:
    """Intuit's schema on what went over the wire; the token endpoint and refusals without JSON are not its business."""
    if not call.path.startswith("/v3/"):
        return []
    problems = request_errors(call.method, call.target, call.body)
    is_document = answer.content_type == "application/pdf"
    return problems + (answer_errors(call.target, answer.body) if answer.body and not is_document else [])


class Room:
    """A stand-in that is served, and connections to it."""

    def __init__(self, server: Server, clock: FakeClock) -> None:
        self.server = server
        self.clock = clock
        self.tokens = MemoryTokens()
        self.budget = OpenBudget()
        self.mirror = Held()

    def connect(self, **changed: str) -> QuickBooksOnline:
        values = {
            "client_id": "standin-client",
            "client_secret": "standin-secret",
            "realm_id": REALM,
            "refresh_token": f"refresh-{REALM}-1",
            "base_url": self.server.url,
            "token_url": f"{self.server.url}/oauth2/v1/tokens/bearer",
        }
        return connect(self.surroundings(Settings.parse(values | changed)))

    def surroundings(self, settings: object) -> Surroundings:
        return Surroundings(
            connection=BOOKS,
            settings=settings,
            zone="America/New_York",
            clock=self.clock,
            tokens=self.tokens,
            budget=self.budget,
            turns=OpenTurns(),
            mirror=self.mirror,
        )

    def fault(self, method: str, path: str, kind: str, argument: str = "", *, nth: int = 1) -> None:
        self.server.add_faults(Fault(method=method, path=path, nth=nth, kind=kind, argument=argument))

    def held(self, entity: str) -> list[dict[str, object]]:
        """What the books really hold, asked behind the adapter's back."""
        dump = json.loads(json.dumps(self.server.stand_in.dump(normalised=False), default=str))
        return list(_find(dump, entity))


def _find(dump: object, entity: str) -> Iterator[dict[str, object]]:
    if isinstance(dump, dict):
        for key, value in dump.items():
            if key == entity:
                yield from value.values() if isinstance(value, dict) else value
            else:
                yield from _find(value, entity)
    elif isinstance(dump, list):
        for value in dump:
            yield from _find(value, entity)


@contextmanager
def served() -> Iterator[Room]:
    """The world's books on a clock of their own; nothing that went over the wire may offend Intuit's schema."""
    clock = FakeClock("2026-04-06T12:00:00Z")
    with Server(standin.build(parse(WORLD), clock=clock), inspectors=(inspect,)) as server:
        yield Room(server, clock)
    if server.problems:
        raise AssertionError("\n".join(server.problems))


def everything(books: QuickBooksOnline) -> list[Mirrored]:
    return [record for stream in books.streams() for record in stream_of(books, stream)[0]]


def stream_of(books: QuickBooksOnline, stream: str, cursor: str | None = None) -> tuple[list[Mirrored], str]:
    """What a stream brings until it rests, and its cursor. The connection's mirror takes it in."""
    found: list[Mirrored] = []
    while True:
        page = books.pull(stream, cursor)
        found.extend(page.records)
        reflect(books, page.records)
        cursor = page.cursor
        if not page.more:
            return found, cursor


def reflect(books: QuickBooksOnline, records: Iterable[Mirrored]) -> None:
    """Let the connection's mirror hold these records as they are now."""
    mirror = books._surroundings.mirror
    assert isinstance(mirror, Held)
    for one in records:
        shelf = mirror.records.setdefault(one.ref.kind, {})
        if isinstance(one.record, Gone):
            shelf.pop(one.ref.vendor_id, None)
        else:
            shelf[one.ref.vendor_id] = one.version


def usd(text: str) -> Money:
    return from_text(text, USD)


def invoice_of(books: QuickBooksOnline, number: str) -> Mirrored:
    for one in stream_of(books, "invoice")[0]:
        if isinstance(one.record, Invoice) and one.record.number == number:
            return one
    raise AssertionError(number)


def account_of(books: QuickBooksOnline, name: str) -> Ref:
    for one in stream_of(books, "account")[0]:
        if isinstance(one.record, Account) and one.record.name == name:
            return one.ref
    raise AssertionError(name)


def room_payment(books: QuickBooksOnline, *, on: str = "2026-04-06", total: str = "80.00") -> PostPayment:
    """80.00 USD of Acme North for INV-8."""
    invoice = invoice_of(books, "INV-8")
    assert isinstance(invoice.record, Invoice)
    assert invoice.record.customer is not None
    return replace(
        payment_intent(total, ((invoice.ref.vendor_id, "80.00"),)),
        customer=invoice.record.customer,
        on=business_date(on),
        into=account_of(books, "Stripe Clearing"),
    )


def behind_our_back(room: Room, path: str, body: bytes) -> Call:
    """A call as QuickBooks' own screen would make it."""
    assert room.tokens.pair is not None
    return Call(
        method="POST",
        path=path,
        query={},
        headers={"authorization": f"Bearer {room.tokens.pair.access}", "content-type": "application/json"},
        body=body,
        target=path,
    )


def invoice_customer(books: QuickBooksOnline, number: str) -> Ref:
    record = invoice_of(books, number).record
    assert isinstance(record, Invoice)
    assert record.customer is not None
    return record.customer
