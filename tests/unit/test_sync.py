"""Carrying pages in: stored with their cursors, the next one read meanwhile, and what an interruption leaves."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from connector.errors import StoreError, Unreachable
from connector.model.mirror import Mirrored
from connector.model.source import ConnectionId, Kind
from connector.ports import Page
from connector.store import Author, Counts, Store
from connector.sync import RECORDS_PER_TRANSACTION, sync
from tests.clocks import FakeClock
from tests.unit.store_ground import ACME, ANN, STRIPE, gone, ready, seen

WAIT_SECONDS = 10


class Vendor:
    """A system of one stream whose pages are written beforehand; `before` happens when that page is asked for."""

    def __init__(self, pages: Sequence[Page], before: Callable[[int], None] = lambda _: None) -> None:
        self.asked: list[str | None] = []
        self._pages = pages
        self._before = before

    def streams(self) -> tuple[str, ...]:
        return ("books",)

    def pull(self, stream: str, cursor: str | None) -> Page:
        assert stream == "books"
        self.asked.append(cursor)
        number = int(cursor or 0)
        self._before(number)
        return self._pages[number]


def pages(*lots: Sequence[Mirrored], about: str = "") -> list[Page]:
    """One page for each lot, the cursor of each being the number of the next."""
    last = len(lots) - 1
    return [
        Page(records=tuple(lot), cursor=str(min(at + 1, last)), more=at < last, about=about)
        for at, lot in enumerate(lots)
    ]


def shown(told: list[tuple[str, int, int | None]]) -> Callable[..., None]:
    return lambda what, done, expected=None: told.append((what, done, expected))


@pytest.fixture
def store(tmp_path: Path, clock: FakeClock) -> Store:
    return ready(str(tmp_path / "store.db"), clock)


AUTHOR = Author(ACME, ANN)


def test_what_came_is_counted_by_kind_and_a_stream_without_anything_stands_there_with_nothing(store: Store) -> None:
    assert sync(store, Vendor(pages([])), STRIPE, AUTHOR, shown([])).counts == {"books": Counts()}
    brought = sync(store, Vendor(pages([seen(1), seen(2)], [gone(1)])), STRIPE, replace(AUTHOR, again=True), shown([]))
    assert brought.counts == {Kind.INVOICE: Counts(new=2, gone=1)}


def test_the_next_page_is_read_while_one_is_stored(store: Store) -> None:
    lots = [[seen(number * 10_000 + one) for one in range(RECORDS_PER_TRANSACTION)] for number in range(2)]
    read = threading.Event()
    stored: list[bool] = []
    vendor = Vendor(pages(*lots), lambda number: read.set() if number == 1 else None)
    # The first page is told of when it is stored; the second was being read by then, or nobody would ever set this.
    sync(store, vendor, STRIPE, AUTHOR, lambda *_: stored.append(read.wait(WAIT_SECONDS)))
    assert stored == [True, True]


def test_a_page_that_must_be_stored_first_is_in_the_mirror_when_the_next_is_asked_for(store: Store) -> None:
    held: list[int] = []
    first, second = pages([seen(1)], [])
    vendor = Vendor(
        [replace(first, store_first=True), second],
        lambda _: held.append(len(store.known(ACME, STRIPE, Kind.INVOICE))),
    )
    sync(store, vendor, STRIPE, AUTHOR, shown([]))
    assert held == [0, 1]


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Unreachable("It cannot be reached."), id="the vendor is away"),
        pytest.param(KeyboardInterrupt(), id="the user interrupts"),
    ],
)
def test_what_was_read_before_an_interruption_is_kept_and_the_next_run_goes_on_there(
    store: Store, fault: BaseException
) -> None:
    def failing(number: int) -> None:
        if number == 2:
            raise fault

    lots = pages([seen(1)], [seen(2)], [seen(3)])
    with pytest.raises(type(fault)):
        sync(store, Vendor(lots, failing), STRIPE, AUTHOR, shown([]))
    assert len(store.known(ACME, STRIPE, Kind.INVOICE)) == 2
    vendor = Vendor(lots)
    sync(store, vendor, STRIPE, AUTHOR, shown([]))
    assert vendor.asked == ["2"]
    assert len(store.known(ACME, STRIPE, Kind.INVOICE)) == 3


def test_a_page_that_cannot_be_stored_ends_the_run_when_the_adapter_has_come_to_rest(store: Store) -> None:
    strange = [replace(seen(1), ref=seen(1).ref._replace(connection=ConnectionId("another")))]
    lots = pages([*strange, *(seen(number) for number in range(2, RECORDS_PER_TRANSACTION + 2))], [seen(1)])
    resting = threading.Event()

    def slowly(number: int) -> None:
        if number == 1:
            threading.Event().wait(0.05)
            resting.set()

    with pytest.raises(StoreError):
        sync(store, Vendor(lots, slowly), STRIPE, AUTHOR, shown([]))
    assert resting.is_set()
    assert store.cursor(ACME, STRIPE, "books") is None


def test_progress_says_what_is_read_how_much_of_it_and_of_how_many(store: Store) -> None:
    told: list[tuple[str, int, int | None]] = []
    invoices, changes = pages([seen(1), seen(2)], [seen(3)], about="invoice")
    sync(store, Vendor([replace(invoices, expected=3), replace(changes, about="")]), STRIPE, AUTHOR, shown(told))
    assert told == [("invoice", 2, 3), ("books", 1, None)]
