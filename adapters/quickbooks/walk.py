"""Walking one entity by time of change, page after page, with pages fetched ahead where there are many.

What is fetched ahead is only used while it continues exactly where the walk stands (see `ahead`); a bookmark is all
that is needed to go on, in this process or another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil
from typing import TypeVar

from adapters.quickbooks import keyset, translate, wire
from adapters.quickbooks.ahead import Ahead
from adapters.quickbooks.calls import Calls
from adapters.quickbooks.entities import Entity
from connector.errors import MalformedAnswer

TRIES_MAX = 4
"""So often a page that holds fewer rows than there are is asked for."""

_Listed = wire.Listed[wire.Entity]
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One page of a walk: its new rows, where to go on, and whether there is more.

    `time` is Intuit's when it answered. `only_page` is the number of rows when everything fitted one page. `expected`
    is how many rows there are in all where that was asked for.
    """

    rows: tuple[wire.Received[wire.Entity], ...]
    after: keyset.Bookmark
    more: bool
    time: str | None
    only_page: int | None
    expected: int | None


class Walk:
    """The walks of one connection, one at a time. `beside` opens calls for another thread."""

    def __init__(self, calls: Calls, beside: Callable[[], Calls], *, page_size: int, in_flight: int) -> None:
        self._calls = calls
        self._beside = beside
        self._size = page_size
        self._in_flight_max = in_flight
        self._width = in_flight
        self._ahead: Ahead[bytes] | None = None
        self._stands: tuple[str, keyset.Bookmark] | None = None
        self._expected: int | None = None
        self._behind = 0
        self._last: keyset.Seen | None = None

    def step(self, entity: Entity, bookmark: keyset.Bookmark) -> Step:
        """The page at a bookmark. Errors: VendorError; then the same bookmark may be tried again."""
        if self._stands != (entity.name, bookmark):
            self.leave()
        try:
            base, listed, page, (fresh, after, more) = self._turned(entity, bookmark)
        except BaseException:
            self.leave()
            raise
        whole = bookmark == keyset.Bookmark() and not more
        self._behind += len(fresh)
        if more:
            self._look_ahead(entity, base)
            self._stands = (entity.name, after)
        else:
            expected = self._expected
            self.leave()
            self._expected = expected
        return Step(
            rows=tuple([listed.rows[position] for position in fresh]),
            after=after,
            more=more,
            time=listed.time,
            only_page=len(page) if whole else None,
            expected=self._expected,
        )

    def leave(self) -> None:
        """Forget the walk under way, and whatever was fetched ahead of it."""
        self._drop()
        self._stands = None
        self._expected = None
        self._behind = 0

    def count(self, entity: Entity, since: int | None = None) -> int:
        """How many rows there are, or were changed at or after a moment."""
        question = keyset.count(entity.shape.__name__, since, name_list=entity.lists_names)
        return self._calls.read("query", {"query": question}, wire.count)

    def _turned(
        self, entity: Entity, bookmark: keyset.Bookmark
    ) -> tuple[keyset.Bookmark, _Listed, list[keyset.Seen], tuple[tuple[int, ...], keyset.Bookmark, bool]]:
        """The page at a bookmark, and what it turned out to hold. No answer says that nothing follows a page which is
        not full, so Intuit is asked for the number of rows; a page that holds fewer is asked for again, and is whole
        when it holds as many as there were before it was asked for. Errors: MalformedAnswer where it never does."""
        since, there = bookmark.since, -1
        for _ in range(TRIES_MAX):
            base, listed, page = self._fetched(entity, bookmark)
            turned = keyset.turn(base, page, self._size)
            here = base.start - 1 + len(page)
            if not turned[2] and (there < 0 or here < there or base.since != since):
                since, there = base.since, self.count(entity, base.since)
            if turned[2] or here >= there:
                return base, listed, page, turned
            self._drop()
        raise fewer(entity)

    def _fetched(self, entity: Entity, bookmark: keyset.Bookmark) -> tuple[keyset.Bookmark, _Listed, list[keyset.Seen]]:
        """The next page: the one that was fetched ahead if it continues what was read, else the one at the bookmark."""
        found = self._continued(entity, bookmark) if self._ahead is not None else None
        if found is None:
            self._drop()
            listed = self._asked(self._calls, entity, bookmark, lambda body: wire.page(body, entity.shape))
            found = bookmark, listed, _seen(bookmark, listed)
        self._last = found[2][-1] if found[2] else None
        return found

    def _continued(
        self, entity: Entity, bookmark: keyset.Bookmark
    ) -> tuple[keyset.Bookmark, _Listed, list[keyset.Seen]] | None:
        """The next of the pages fetched ahead, None when there is none or it continues something else."""
        taken = self._ahead.take() if self._ahead is not None else None
        if taken is None:
            return None
        place, body = taken
        base = replace(place, last=self._last, restarts=bookmark.restarts, seen=bookmark.seen)
        # Decoded here and not by the thread that fetched it: bodies are smaller to keep, and threads that decode at the
        # same time only fight for the interpreter.
        try:
            listed = wire.page(body, entity.shape)
        except MalformedAnswer:
            return None  # it is asked for again, as often as that may help
        page = _seen(base, listed)
        if page[:1] != [self._last]:
            self._width = max(self._width // 2, 1)
            return None
        self._width = min(self._width + 1, self._in_flight_max)
        return base, listed, page

    def _look_ahead(self, entity: Entity, base: keyset.Bookmark) -> None:
        """Begin to fetch the pages after the one at `base`, unless that is under way."""
        if self._in_flight_max <= 1:
            return
        if self._expected is None:
            self._expected = self._behind + max(self.count(entity, base.since) - base.start + 1 - self._size, 0)
        left = self._expected - self._behind
        if self._ahead is not None or left <= 0:
            return
        self._ahead = Ahead(
            lambda: self._fetching(entity),
            base,
            size=self._size,
            count=ceil(left / (self._size - 1)),
            in_flight=self._width,
        )

    def _fetching(self, entity: Entity) -> Callable[[keyset.Bookmark], bytes]:
        calls = self._beside()
        return lambda bookmark: self._asked(calls, entity, bookmark, bytes)

    def _asked(
        self, calls: Calls, entity: Entity, bookmark: keyset.Bookmark, decode: Callable[[bytes], Answer]
    ) -> Answer:
        name = entity.shape.__name__
        question = keyset.query(name, bookmark, page_size=self._size, name_list=entity.lists_names)
        return calls.read("query", {"query": question}, decode)

    def _drop(self) -> None:
        if self._ahead is not None:
            self._ahead.close()
            self._ahead = None


def _seen(bookmark: keyset.Bookmark, listed: _Listed) -> list[keyset.Seen]:
    rows = ((translate.last_updated(one.row), one.row.id, one.row.sync_token) for one in listed.rows)
    return keyset.seen(bookmark, rows)


def fewer(entity: Entity) -> MalformedAnswer:
    """What is raised for an entity of which fewer rows go on coming than there are."""
    return MalformedAnswer(
        f"QuickBooks sent fewer rows of {entity.shape.__name__} than it counts.",
        next_step="Nothing of them was kept; run it again in a few minutes.",
        system=wire.SYSTEM,
    )
