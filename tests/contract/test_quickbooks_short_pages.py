"""Pages of QuickBooks that bring fewer rows than there are: seen, asked for again, and never taken for the end."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from adapters.quickbooks.standin.office import Office
from connector.errors import MalformedAnswer
from connector.testing.standin import Server, parse_faults
from connector.testing.worlds import parse
from tests.clocks import FakeClock
from tests.contract.quickbooks_crowd import Reader, served_crowd

WORLD = parse(
    """
company  Harbor Supply  home USD  zone America/New_York  country US  realm 9130001
account  Checking  bank USD
customer  Acme  email ap@acme.example
"""
    + "".join(f"2026-03-{day:02}  invoice  INV-{day}  Acme  {day}.00 USD  due 2026-04-30\n" for day in range(1, 6))
)
QUERY = "/v3/company/*/query"
DAY_SECONDS = 86_400
STEPS = {"short-page": 1, "empty-page": 3, "cut-page": 3}
"""Which queries bring too few rows: every one, or every third."""

READ_LATER_DAYS = 40
"""Intuit tells no changes of so long ago: everything is walked again from the last one on."""


class Books:
    """A company with five invoices, read two rows at a time and one page after the other."""

    def __init__(self, server: Server, office: Office, clock: FakeClock) -> None:
        self.server, self.office, self.clock = server, office, clock
        self.reader = Reader(server, WORLD[0], clock, page_size_max="2", in_flight="1")

    def forget(self) -> None:
        """Everything is to be read from its beginning."""
        self.reader.records.clear()
        self.reader.held.records.clear()
        self.reader.cursor = None
        self.reader.reconnected()

    def strike(self, shape: str, nth: int) -> None:
        """That query is answered with fewer rows, 0: every one."""
        self.server.add_faults(*parse_faults(f"GET  {QUERY}  {nth}  answer-before  {shape}"))

    def change_every_invoice(self) -> None:
        def edit() -> None:
            for day in range(1, 6):
                self.office.edit("Invoice", self.office.find("Invoice", f"INV-{day}"), PrivateNote="seen")

        self.server.behind(edit)


@pytest.fixture
def books() -> Iterator[Books]:
    with served_crowd(WORLD, judged=False) as (server, office, clock):
        yield Books(server, office, clock)


@pytest.mark.gate
@pytest.mark.parametrize("shape", STEPS)
def test_whichever_query_of_the_first_reading_brings_too_few_rows_all_are_here_afterwards(
    books: Books, shape: str
) -> None:
    queries = books.reader.calls(books.reader.sync).count("query")
    assert queries > 10
    for nth in range(1, queries + 1, STEPS[shape]):
        books.server.clear_faults()
        books.strike(shape, nth)
        books.forget()
        books.reader.sync()
        assert (nth, books.reader.differences()) == (nth, [])


@pytest.mark.gate
@pytest.mark.parametrize("shape", STEPS)
def test_whichever_query_of_a_later_reading_brings_too_few_rows_every_change_is_here_afterwards(
    books: Books, shape: str
) -> None:
    """No comparison of ids would tell that a row is old."""
    books.reader.sync()
    for nth in count(1, STEPS[shape]):
        books.server.clear_faults()
        books.clock.pass_seconds(READ_LATER_DAYS * DAY_SECONDS)
        books.change_every_invoice()
        books.strike(shape, nth)
        queries = books.reader.calls(books.reader.sync).count("query")
        assert (nth, books.reader.differences()) == (nth, [])
        if nth > queries:
            break


def test_rows_that_go_on_lacking_end_the_reading_and_nothing_is_passed_over(books: Books) -> None:
    books.strike("empty-page", 0)
    with pytest.raises(MalformedAnswer):
        books.reader.sync()
    books.server.clear_faults()
    books.reader.sync()
    assert books.reader.differences() == []
