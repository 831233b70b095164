"""Recorded answers of Stripe for a reader that asks one question at a time, and rows of its lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from adapters.stripe.ahead import Calls, Lines
from adapters.stripe.calls import Query
from adapters.stripe.lists import SHELVES
from adapters.stripe.reading import Reader
from connector.errors import NotFound, VendorError
from connector.model.source import Kind
from connector.ports import Page
from tests.clocks import FakeClock
from tests.stripe_rig import NOON, WHERE, example, listed, text
from tests.surroundings import Held

T = TypeVar("T")
DAY = 86_400


class Recorded:
    """Calls that answer each address with its recorded answers in turn; an error among them is raised. A list that
    nothing was recorded for is empty, and so is the balance. `now` is the vendor's time."""

    def __init__(self, **answers: Sequence[bytes | VendorError]) -> None:
        self._answers = {f"/v1/{name.replace('__', '/')}": list(pages) for name, pages in answers.items()}
        self.asked: list[tuple[str, dict[str, str | int]]] = []
        self.now = NOON

    def record(self, path: str, *answers: bytes | VendorError) -> None:
        """More answers of an address."""
        self._answers.setdefault(f"/v1/{path}", []).extend(answers)

    def read(self, path: str, query: Query, parse: Callable[[bytes], T], /) -> T:
        self.asked.append((path, dict(query)))
        left = self._answers.get(path, [])
        answer = left.pop(0) if left else _nothing(path)
        if isinstance(answer, VendorError):
            raise answer
        return parse(answer)

    def read_dated(self, path: str, query: Query, parse: Callable[[bytes], T], /) -> tuple[T, int]:
        return self.read(path, query, parse), self.now

    def beside(self) -> Calls:
        return self

    def queries(self, path: str) -> list[dict[str, str | int]]:
        """What was asked of one address, in order."""
        return [query for asked, query in self.asked if asked == f"/v1/{path}"]


def _nothing(path: str) -> bytes:
    if path == "/v1/balance":
        return text(example("balance", available=[], pending=[]))
    if path in {shelf.path for shelf in SHELVES.values()} | {"/v1/events"} or path.endswith("_transactions"):
        return listed()
    raise NotFound("Nothing was recorded.")


def reader(vendor: Recorded, *, size: int = 100, held: Held | None = None, clock: FakeClock | None = None) -> Reader:
    """Reads one page at a time, so that the order of what is asked is known."""
    return Reader(Lines(vendor, 1), WHERE, held or Held(), clock or FakeClock(), page_size=size)


def whole(reading: Reader, cursor: str | None = None) -> list[Page]:
    """Every page of one reading of the books."""
    pages = [reading.pull("books", cursor)]
    while pages[-1].more:
        pages.append(reading.pull("books", pages[-1].cursor))
    return pages


def ids(pages: Sequence[Page], kind: Kind) -> list[str]:
    return [record.ref.vendor_id for page in pages for record in page.records if record.ref.kind is kind]


def found(pages: Sequence[Page]) -> list[Any]:
    return [finding for page in pages for finding in page.findings]


def line(vendor_id: str, created: int, **changed: object) -> dict[str, Any]:
    return example("balance_transaction", **{"id": vendor_id, "created": created, **changed})


def payout(vendor_id: str, created: int, **changed: object) -> dict[str, Any]:
    settled = {"id": vendor_id, "created": created, "status": "paid", "automatic": False}
    return example("payout", **{**settled, "reconciliation_status": "not_applicable", **changed})


def event(vendor_id: str, created: int, about: dict[str, Any], type_: str = "invoice.updated") -> dict[str, Any]:
    shown = {"object": "event", "pending_webhooks": 0, "request": None, "livemode": False}
    return {**shown, "id": vendor_id, "created": created, "type": type_, "data": {"object": about}}


def customer(vendor_id: str, **changed: object) -> dict[str, Any]:
    return example("customer", **{"id": vendor_id, "balance": 0, "invoice_credit_balance": {}, **changed})


def started(vendor: Recorded, **more: Any) -> tuple[Reader, str]:
    """A reader that has read an account once, and the cursor after it; what was asked so far is forgotten."""
    vendor.record("events", listed(), listed(event("evt_0", NOON - 5_000, {})))
    reading = reader(vendor, **more)
    cursor = whole(reading)[-1].cursor
    vendor.asked.clear()
    return reading, cursor
