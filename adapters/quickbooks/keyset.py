"""Paging that loses nothing while people work in the books: by the time of the last change, never by counting rows.

A page is asked for as "changed at or after this moment, oldest first". The next one begins at the last moment seen, and
rows known from before are dropped by id, version and moment (a customer's balance changes its moment and not its
version). Counting rows (STARTPOSITION) is used only while a whole page has one and the same moment; then each page
begins with the last row of the one before, and if another row stands there, something moved and that moment is read
anew. Moments are compared as instants: Intuit writes the company's offset, which changes twice a year. This room is
pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from adapters.quickbooks.translate import quoted
from connector import canonical
from connector.dates import Instant, epoch_seconds, instant_from_epoch
from connector.errors import MalformedAnswer

OVERLAP_SECONDS = 300
"""A new sync begins that much before the last change seen: Intuit may show an older change late."""

RESTARTS_MAX = 3
"""So often one moment is read anew; more would mean that QuickBooks orders equal rows differently each time."""

REMEMBERED_MAX = 2000
"""Rows whose id and version a cursor remembers; a row forgotten is only handed over again."""


class Seen(NamedTuple):
    """A row that was handed over, in whole seconds as Intuit keeps them."""

    at: int
    id: str
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bookmark:
    """Where a walk stands: rows changed at or after `since` (seconds since 1970), from the `start`th of them.

    `last` is the row that must stand at `start` when that is not the first.
    """

    since: int | None = None
    start: int = 1
    last: Seen | None = None
    restarts: int = 0
    seen: tuple[Seen, ...] = ()


def read(cursor: str | None) -> Bookmark:
    """The bookmark in a cursor; the beginning when there is none or it cannot be read, which only costs time."""
    if cursor is None:
        return Bookmark()
    try:
        return canonical.decode(cursor.encode(), Bookmark)
    except ValueError:
        return Bookmark()


def write(bookmark: Bookmark) -> str:
    """The cursor of a bookmark."""
    return canonical.encode(bookmark).decode()


def query(entity: str, bookmark: Bookmark, *, page_size: int, name_list: bool) -> str:
    """The query of the next page. Name lists (customers, accounts) hide inactive rows unless they are asked for."""
    where = _where(bookmark.since, name_list=name_list)
    order = "ORDERBY MetaData.LastUpdatedTime"
    return f"SELECT * FROM {entity}{where} {order} STARTPOSITION {bookmark.start} MAXRESULTS {page_size}"  # noqa: S608 - no stranger wrote any of it


def count(entity: str, since: int | None, *, name_list: bool) -> str:
    """The question how many rows there are, or were changed at or after a moment."""
    return f"SELECT COUNT(*) FROM {entity}{_where(since, name_list=name_list)}"  # noqa: S608 - the same


def ids(entity: str, start: int, *, page_size: int, name_list: bool) -> str:
    """The query of the ids alone, in an order that no change of a row disturbs."""
    where = _where(None, name_list=name_list)
    return f"SELECT Id FROM {entity}{where} ORDERBY Id STARTPOSITION {start} MAXRESULTS {page_size}"  # noqa: S608 - the same


def of_ids(entity: str, wanted: Sequence[str], *, name_list: bool) -> str:
    """The query of the rows with those ids, all of them on one page."""
    hidden = "Active IN (true, false) AND " if name_list else ""
    listed = ", ".join(quoted(one) for one in wanted)
    return f"SELECT * FROM {entity} WHERE {hidden}Id IN ({listed}) STARTPOSITION 1 MAXRESULTS {len(wanted)}"  # noqa: S608 - quoted()


def _where(since: int | None, *, name_list: bool) -> str:
    conditions = ["Active IN (true, false)"] if name_list else []
    if since is not None:
        conditions.append(f"MetaData.LastUpdatedTime >= '{moment(since)}'")
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


def moment(seconds: int) -> str:
    """A moment as a query's literal, in UTC."""
    return instant_from_epoch(seconds).strftime("%Y-%m-%dT%H:%M:%SZ")


def seen(bookmark: Bookmark, rows: Iterable[tuple[Instant | None, str, str]]) -> list[Seen]:
    """The rows of a page from their time of change, id and version. One without a time stands where it was sent."""
    page: list[Seen] = []
    at = bookmark.since or 0
    for moment_of_change, vendor_id, token in rows:
        at = epoch_seconds(moment_of_change) if moment_of_change is not None else at
        page.append(Seen(at, vendor_id, token))
    return page


def turn(bookmark: Bookmark, page: Sequence[Seen], page_size: int) -> tuple[tuple[int, ...], Bookmark, bool]:
    """The page is read: which of its rows are new (by position), where to go on, and whether there is more.

    MalformedAnswer when the rows are not in the order asked for, because then rows between the pages would be lost.
    """
    if any(later.at < earlier.at for earlier, later in pairwise(page)):
        raise MalformedAnswer(
            "QuickBooks sent a page in another order than asked for.",
            next_step="Nothing of it was kept; run it again in a few minutes.",
            system="QuickBooks",
        )
    known = set(bookmark.seen)
    fresh = tuple(position for position, row in enumerate(page) if row not in known)
    remembered = bookmark.seen + tuple(page[position] for position in fresh)
    if bookmark.last is not None and bookmark.last not in page[:1] and bookmark.restarts < RESTARTS_MAX:
        again = Bookmark(since=bookmark.since, restarts=bookmark.restarts + 1, seen=_recent(remembered))
        return fresh, again, True
    if len(page) < page_size:
        return fresh, _rested(bookmark, remembered), False
    last = page[-1]
    start = bookmark.start + page_size - 1 if last.at == bookmark.since else 1
    return (
        fresh,
        Bookmark(
            since=last.at,
            start=start,
            last=last if start > 1 else None,
            restarts=bookmark.restarts if start > 1 else 0,
            seen=_recent(remembered),
        ),
        True,
    )


def _rested(bookmark: Bookmark, remembered: tuple[Seen, ...]) -> Bookmark:
    """The end of a walk, which is the next one's beginning."""
    recent = _recent(remembered)
    if not recent:
        return Bookmark(since=bookmark.since)
    overlap = recent[-1].at - OVERLAP_SECONDS
    return Bookmark(since=max(overlap, recent[0].at) if len(recent) == REMEMBERED_MAX else overlap, seen=recent)


def _recent(remembered: tuple[Seen, ...]) -> tuple[Seen, ...]:
    """What can be met again: the rows of the last minutes, the newest of them when they are too many."""
    newest = max((row.at for row in remembered), default=0)
    return tuple(sorted({row for row in remembered if row.at >= newest - OVERLAP_SECONDS})[-REMEMBERED_MAX:])
