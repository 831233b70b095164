"""PayPal's reports: the lines of the account in a window of time, and what it held at a moment.

A window holds at most 31 days, and at most so many lines as PayPal is willing to count: one with more is halved, down
to a second; what still does not fit is told loudly, for lines that are left out are money that is lost sight of. So is
a page with fewer lines than its own numbers promise: it is asked for again, and never taken for all there is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC

from adapters.paypal import wire
from adapters.paypal.calls import Calls
from adapters.paypal.course import Window
from connector.dates import Instant
from connector.errors import MalformedAnswer, Rejected

TOO_LARGE = "RESULTSET_TOO_LARGE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A line with its document as received."""

    row: wire.Transaction
    payer: wire.Payer | None
    raw: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """A page of lines; `pages` and `expected` are how many pages and lines there are in the window."""

    account: str
    refreshed: str
    page: int
    pages: int
    expected: int
    lines: tuple[Read, ...]


class Reports:
    """The two reports of one account."""

    def __init__(self, calls: Calls, *, page_size: int, payers: bool) -> None:
        self._calls = calls
        self._size = page_size
        self._fields = "transaction_info,payer_info" if payers else "transaction_info"

    def lines(self, window: Window, page: int = 1, *, transaction_id: str = "") -> Lines | None:
        """A page of a window; None when the window holds more lines than PayPal counts. Errors: VendorError."""
        query: dict[str, str | int] = {
            "start_date": _written(window.first),
            "end_date": _written(window.last),
            "fields": self._fields,
            "page_size": self._size,
            "page": page,
        }
        if transaction_id:
            query["transaction_id"] = transaction_id
        try:
            return self._calls.read(wire.TRANSACTIONS, query, lambda body: _page(body, page, self._size))
        except Rejected as fault:
            if fault.code != TOO_LARGE:
                raise
            return None

    def every(self, window: Window, *, transaction_id: str = "") -> Iterator[Read]:
        """All lines of a window, halved where it must be. Errors: VendorError; Rejected for a second too full."""
        waiting = [window]
        while waiting:
            here = waiting.pop()
            page = self.lines(here, transaction_id=transaction_id)
            if page is None:
                waiting += halves(here)
                continue
            yield from page.lines
            for number in range(2, page.pages + 1):
                more = self.lines(here, number, transaction_id=transaction_id)
                if more is None:  # it has grown since its first page: some lines come twice, and none is left out
                    waiting += halves(here)
                    break
                yield from more.lines

    def first(
        self, since: Instant, until: Instant, fits: Callable[[wire.Transaction], bool]
    ) -> wire.Transaction | None:
        """The first line between those moments that fits."""
        return next((each.row for each in self.every(Window(first=since, last=until)) if fits(each.row)), None)

    def balances(self, at: Instant | None = None) -> wire.Balances:
        """What the account holds, or held at that moment. Errors: VendorError."""
        query: dict[str, str | int] = {"as_of_time": _written(at)} if at is not None else {}
        return self._calls.read(wire.BALANCES, query, lambda body: wire.decode(body, wire.Balances))


def halves(window: Window) -> list[Window]:
    """Both halves, the newer one last; they share a second, for whether PayPal counts the last one is not said.

    Errors: Rejected for a window of one second."""
    first, last = (_seconds(window.first), _seconds(window.last))
    if last - first <= 1:
        raise Rejected(
            f"PayPal has more transactions in the second after {_written(window.first)} than it hands out at once.",
            next_step="Nothing was left out silently: reading stops here. Ask PayPal's support to export that day.",
            system=wire.SYSTEM,
            code=TOO_LARGE,
        )
    middle = window.first.replace(microsecond=0) + (window.last - window.first) // 2
    middle = middle.replace(microsecond=0)
    return [replace(window, last=Instant(middle)), replace(window, first=Instant(middle))]


def _seconds(moment: Instant) -> int:
    return int(moment.timestamp())


def _written(moment: Instant) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _page(body: bytes, number: int, size: int) -> Lines:
    report = wire.decode(body, wire.Report)
    if len(report.transaction_details) < _promised(report, number, size):
        raise MalformedAnswer(
            "PayPal sent a page with fewer transactions than it says there are.",
            next_step="Nothing of it was kept; run it again in a few minutes.",
            system=wire.SYSTEM,
        )
    lines: list[Read] = []
    for raw in report.transaction_details:
        document = bytes(raw)
        line = wire.decode(document, wire.Line)
        lines.append(Read(row=line.transaction_info, payer=line.payer_info, raw=document))
    return Lines(
        account=report.account_number,
        refreshed=report.last_refreshed_datetime,
        page=report.page,
        pages=report.total_pages,
        expected=report.total_items,
        lines=tuple(lines),
    )


def _promised(report: wire.Report, number: int, size: int) -> int:
    """How many lines that page has at least, by the numbers on it; where its pages are of another size, one."""
    if report.total_pages == -(-report.total_items // size):
        return min(size, report.total_items - (number - 1) * size)
    return 1 if report.total_items and number <= report.total_pages else 0
