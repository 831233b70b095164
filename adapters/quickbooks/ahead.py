"""Pages of a walk fetched before they are asked for, because a serial reader waits for the network most of the time.

The pages after the next are asked for by counting rows, each beginning with the last row of the one before. If another
row stands there when it is its turn, something moved meanwhile: then all of them are thrown away, and the walk goes on
by the time of change, as if nobody had looked ahead. So looking ahead can cost calls and never a row. What is fetched
and not yet wanted is bounded by the number of pages in flight.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Generic, TypeVar

from adapters.quickbooks import keyset

Page = TypeVar("Page")
Fetch = Callable[[keyset.Bookmark], Page]


@dataclass(frozen=True, slots=True)
class _Leaf(Generic[Page]):
    """A page under way: where it begins, and what will come."""

    bookmark: keyset.Bookmark
    coming: Future[Page]


class Ahead(Generic[Page]):
    """The pages of one walk that follow one that was read. `open_fetch` makes what one thread fetches with.

    Made for pages of `size` rows, `count` of them, after the page that began at `base`.
    """

    def __init__(
        self, open_fetch: Callable[[], Fetch[Page]], base: keyset.Bookmark, *, size: int, count: int, in_flight: int
    ) -> None:
        self._base = base
        self._size = size
        self._left = count
        self._start = base.start
        self._leaves: deque[_Leaf[Page]] = deque()
        self._work: SimpleQueue[_Leaf[Page] | None] = SimpleQueue()
        self._closed = False
        self._workers = min(in_flight, count)
        for _ in range(self._workers):
            # Daemons: whoever interrupts the program does not wait for answers that nobody wants any more.
            threading.Thread(target=self._run, args=(open_fetch,), name="quickbooks-ahead", daemon=True).start()
            self._ask()

    def take(self) -> tuple[keyset.Bookmark, Page] | None:
        """The next page and where it begins; None when there is no more. Errors: whatever fetching it raised."""
        if not self._leaves:
            self.close()
            return None
        leaf = self._leaves.popleft()
        page = leaf.coming.result()
        self._ask()
        return leaf.bookmark, page

    def close(self) -> None:
        """Fetch nothing more. What is under way is thrown away when it comes."""
        self._closed = True
        self._leaves.clear()
        for _ in range(self._workers):
            self._work.put(None)
        self._workers = 0

    def _ask(self) -> None:
        if self._left <= 0:
            return
        self._left -= 1
        self._start += self._size - 1
        leaf: _Leaf[Page] = _Leaf(keyset.Bookmark(since=self._base.since, start=self._start), Future())
        self._leaves.append(leaf)
        self._work.put(leaf)

    def _run(self, open_fetch: Callable[[], Fetch[Page]]) -> None:
        fetch: Fetch[Page] | None = None
        while (leaf := self._work.get()) is not None:
            if self._closed:
                continue
            try:
                fetch = fetch or open_fetch()
                leaf.coming.set_result(fetch(leaf.bookmark))
            except BaseException as fault:  # noqa: BLE001 - carried to whoever takes the page
                leaf.coming.set_exception(fault)
