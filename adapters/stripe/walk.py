"""Walking lists in windows of time, several pages under way at once, of several lists and several windows of one.

Within a window one page asks for the next, so only windows can be read side by side. When fewer are left than could be
under way, what remains of one is cut in halves. The windows that are left are all that is needed to go on, in this
process or another; what was under way is asked for again then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from adapters.stripe import along, course, pointers, wire
from adapters.stripe.ahead import Ahead, Ask, Calls, Lines
from adapters.stripe.course import Window
from adapters.stripe.guards import checked_id
from adapters.stripe.lists import SHELVES, Shelf
from adapters.stripe.pointers import Document
from connector.model.source import Kind

PAYOUTS_MAX = 20
"""Payouts on one page, because each asks for its own members."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """One page. `last` is its last row, None when it has none; `members` and `beside` are what was read along."""

    rows: Sequence[Document]
    more: bool
    last: pointers.Placed | None
    members: dict[str, tuple[str, ...]]
    beside: Sequence[tuple[Shelf, Document]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A page of some window, and the windows that are left after it."""

    window: Window
    page: Fetched
    left: tuple[Window, ...]


class Walk:
    """The walk of one connection that is under way."""

    def __init__(self, lines: Lines, page_size: int) -> None:
        self._lines = lines
        self._size = page_size
        self._left: tuple[Window, ...] = ()
        self._ahead: Ahead[Window, Fetched | None] | None = None
        self._asked: set[Window] = set()

    def step(self, windows: tuple[Window, ...]) -> Step:
        """The next page that comes of these windows. Errors: VendorError; then the same windows may be tried again."""
        ahead = self._ahead
        if ahead is None or windows != self._left:
            self.leave()
            ahead = self._ahead = Ahead(self._lines)
            self._left = windows
        try:
            return self._step(ahead)
        except BaseException:
            self.leave()
            raise

    def leave(self) -> None:
        """Forget the walk under way, and whatever was asked ahead."""
        if self._ahead is not None:
            self._ahead.close()
        self._ahead = None
        self._asked = set()
        self._left = ()

    def _step(self, ahead: Ahead[Window, Fetched | None]) -> Step:
        while True:
            self._ask(ahead)
            window, page = ahead.take()
            self._asked.discard(window)
            if page is None:
                self._put(window, (course.restarted(window),))
                continue
            self._put(window, self._rest(window, page))
            self._ask(ahead)
            left = self._left
            if not left:
                self.leave()
            return Step(window=window, page=page, left=left)

    def _rest(self, window: Window, page: Fetched) -> tuple[Window, ...]:
        if not page.more or page.last is None:
            return ()
        cut = len(self._left) < self._lines.in_flight
        return course.parts(window, page.last.id, page.last.created, cut=cut)

    def _put(self, window: Window, rest: tuple[Window, ...]) -> None:
        """What remains of a window takes its place: what was begun is finished first."""
        place = self._left.index(window)
        self._left = (*self._left[:place], *rest, *self._left[place + 1 :])

    def _ask(self, ahead: Ahead[Window, Fetched | None]) -> None:
        for window in self._left:
            if ahead.under_way >= self._lines.in_flight:
                return
            if window not in self._asked:
                self._asked.add(window)
                ahead.ask(window, question(window, self._size))


def question(window: Window, size: int) -> Ask[Fetched | None]:
    """Asks for the next page of a window; None when the row that it stands at is gone."""
    shelf = SHELVES[window.name]
    query: dict[str, str | int] = {"limit": min(size, PAYOUTS_MAX) if shelf.kind is Kind.PAYOUT else size}
    query |= shelf.listing
    if window.since is not None:
        query["created[gte]"] = window.since
    if window.until is not None:
        query["created[lte]"] = window.until
    if window.status:
        query["status"] = window.status
    if window.after is not None:
        query["starting_after"] = checked_id(window.after)

    def ask(calls: Calls) -> Fetched | None:
        if window.after is None:
            page = calls.read(shelf.path, query, pointers.listed)
        else:
            found = along.still(lambda: calls.read(shelf.path, query, pointers.listed))
            if found is None:
                return None
            page = found
        return Fetched(
            rows=page.data,
            more=page.has_more,
            last=wire.decode(page.data[-1], pointers.Placed) if page.data else None,
            members=along.members(calls, page.data) if shelf.kind is Kind.PAYOUT else {},
            beside=_beside(calls, shelf, page.data),
        )

    return ask


def _beside(calls: Calls, shelf: Shelf, rows: Sequence[Document]) -> Sequence[tuple[Shelf, Document]]:
    """What no list holds and these rows name."""
    if shelf.kind is Kind.CUSTOMER:
        return along.kept(calls, rows, always=False)
    if shelf.kind is Kind.ALLOCATION:
        return along.elsewhere(calls, rows)
    return ()
