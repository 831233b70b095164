"""Paging by the time of change: nothing is skipped, however people work in the books meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.quickbooks import keyset
from connector.dates import instant_from_iso
from connector.errors import MalformedAnswer

NEW_YORK_SUMMER, NEW_YORK_WINTER = "-04:00", "-05:00"
BEGINNING = 1_775_000_000


def seen(at: int, vendor_id: str = "1") -> keyset.Seen:
    return keyset.Seen(at, vendor_id, "0")


def at_time(text: str, vendor_id: str) -> keyset.Seen:
    [row] = keyset.seen(keyset.Bookmark(), [(instant_from_iso(text), vendor_id, "0")])
    return row


@dataclass
class Books:
    """Rows as the vendor keeps them: ordered by the time of change, equal times by id."""

    rows: dict[str, keyset.Seen]
    clock: int = BEGINNING + 1000
    mirror: dict[str, keyset.Seen] = field(default_factory=dict)

    def page(self, bookmark: keyset.Bookmark, size: int) -> list[keyset.Seen]:
        since = bookmark.since if bookmark.since is not None else 0
        ordered = sorted(row for row in self.rows.values() if row.at >= since)
        return ordered[bookmark.start - 1 : bookmark.start - 1 + size]

    def edit(self, vendor_id: str) -> None:
        if vendor_id in self.rows:
            self.clock += 1
            self.rows[vendor_id] = keyset.Seen(self.clock, vendor_id, str(int(self.rows[vendor_id].token) + 1))

    def read(self, cursor: str | None, size: int, happenings: list[tuple[str, bool]]) -> str:
        """One sync: page after page, something happening after each."""
        for _ in range(500):
            page = self.page(keyset.read(cursor), size)
            fresh, after, more = keyset.turn(keyset.read(cursor), page, size)
            cursor = keyset.write(after)
            self.mirror.update((page[position].id, page[position]) for position in fresh)
            if not more:
                return cursor
            if happenings:
                vendor_id, deleted = happenings.pop()
                if deleted:
                    self.rows.pop(vendor_id, None)
                else:
                    self.edit(vendor_id)
        raise AssertionError("the walk does not end")

    def check(self) -> None:
        assert {vendor_id: self.mirror.get(vendor_id) for vendor_id in self.rows} == self.rows


ids = st.integers(min_value=0, max_value=14).map(str)


@settings(max_examples=400)
@given(
    st.lists(st.integers(min_value=0, max_value=3), min_size=1, max_size=15),
    st.integers(min_value=2, max_value=5),
    st.lists(st.tuples(ids, st.booleans()), max_size=3),
)
def test_edits_and_deletions_between_pages_let_no_row_slip_past(
    times: list[int], size: int, happenings: list[tuple[str, bool]]
) -> None:
    books = Books({str(n): seen(BEGINNING + at, str(n)) for n, at in enumerate(times)})
    cursor = books.read(None, size, happenings)
    books.check()
    books.edit("0")
    books.read(cursor, size, [])
    books.check()


def test_a_moment_with_more_rows_than_a_page_is_read_to_its_end() -> None:
    books = Books({str(n): seen(BEGINNING, str(n)) for n in range(20)})
    books.read(None, 3, [])
    books.check()


def test_a_row_edited_away_inside_one_moment_makes_it_read_anew() -> None:
    books = Books({f"{n:02}": seen(BEGINNING, f"{n:02}") for n in range(12)})
    books.read(None, 3, [("01", True), ("00", False), ("02", True)])
    books.check()


def test_a_vendor_that_orders_equal_rows_at_random_does_not_keep_us_for_ever() -> None:
    bookmark = keyset.Bookmark(since=BEGINNING, start=2, last=seen(BEGINNING, "9"))
    for _ in range(keyset.RESTARTS_MAX):
        _, again, more = keyset.turn(bookmark, [seen(BEGINNING, "5"), seen(BEGINNING, "6")], 2)
        assert (again.start, more) == (1, True)
        bookmark = keyset.Bookmark(since=BEGINNING, start=2, last=seen(BEGINNING, "9"), restarts=again.restarts)
    _, after, _ = keyset.turn(bookmark, [seen(BEGINNING, "5"), seen(BEGINNING, "6")], 2)
    assert after.start == 3


def test_a_second_sync_without_changes_has_nothing_new_and_keeps_its_cursor() -> None:
    books = Books({str(n): seen(BEGINNING + n, str(n)) for n in range(7)})
    cursor = books.read(None, 3, [])
    books.mirror.clear()
    assert books.read(cursor, 3, []) == cursor
    assert books.mirror == {}


def test_a_change_that_shows_up_late_is_still_found_within_the_overlap() -> None:
    books = Books({"1": seen(BEGINNING, "1"), "2": seen(BEGINNING + 400, "2")})
    cursor = books.read(None, 10, [])
    books.rows["3"] = seen(BEGINNING + 101, "3")
    books.read(cursor, 10, [])
    books.check()


def test_a_changed_time_under_the_same_version_is_a_change() -> None:
    """Intuit's recorded customers change balance and time and keep SyncToken 0."""
    bookmark = keyset.Bookmark(since=BEGINNING, seen=(seen(BEGINNING, "1"),))
    assert keyset.turn(bookmark, [seen(BEGINNING + 5, "1")], 10)[0] == (0,)


def test_rows_in_another_order_are_refused() -> None:
    with pytest.raises(MalformedAnswer, match="order"):
        keyset.turn(keyset.Bookmark(), [seen(BEGINNING + 1, "1"), seen(BEGINNING, "2")], 10)


@pytest.mark.req("Q18")
def test_a_run_across_the_end_of_summer_time_loses_nothing() -> None:
    """1 November 2026, 06:00 UTC: the hour from 01:00 to 02:00 happens twice in New York."""
    change = datetime(2026, 11, 1, 6, tzinfo=UTC)
    stamps = []
    for minutes in range(-90, 91, 10):
        moment = change + timedelta(minutes=minutes)
        offset = NEW_YORK_SUMMER if moment < change else NEW_YORK_WINTER
        local = moment + timedelta(hours=int(offset[:3]))
        stamps.append(local.strftime("%Y-%m-%dT%H:%M:%S") + offset)
    assert sorted(stamps) != stamps, "as texts they are out of order, or this test shows nothing"
    rows = {str(n): at_time(text, str(n)) for n, text in enumerate(stamps)}
    books = Books(rows, clock=max(row.at for row in rows.values()))
    cursor = books.read(None, 4, [("3", False), ("10", False)])
    books.check()
    books.rows["30"] = at_time("2026-11-01T02:29:00-05:00", "30")
    books.read(cursor, 4, [])
    books.check()


def test_a_moment_is_asked_for_in_utc() -> None:
    at = at_time("2026-11-01T01:30:00-05:00", "1").at
    question = keyset.query("Invoice", keyset.Bookmark(since=at), page_size=1000, name_list=False)
    assert question == (
        "SELECT * FROM Invoice WHERE MetaData.LastUpdatedTime >= '2026-11-01T06:30:00Z' "
        "ORDERBY MetaData.LastUpdatedTime STARTPOSITION 1 MAXRESULTS 1000"
    )


def test_name_lists_are_asked_for_their_inactive_rows_too() -> None:
    question = keyset.query("Customer", keyset.Bookmark(), page_size=10, name_list=True)
    assert question.startswith("SELECT * FROM Customer WHERE Active IN (true, false) ORDERBY")


def test_a_row_without_a_time_takes_the_place_it_was_sent_in() -> None:
    moment = instant_from_iso("2026-04-08T13:13:33-07:00")
    page = keyset.seen(keyset.Bookmark(since=5), [(None, "1", "0"), (moment, "2", "0"), (None, "3", "0")])
    assert [row.at for row in page] == [5, page[1].at, page[1].at]
    assert keyset.turn(keyset.Bookmark(since=5), page, 10)[0] == (0, 1, 2)


@pytest.mark.parametrize("cursor", [None, "", "nonsense", '{"since":"yesterday"}'])
def test_a_cursor_that_cannot_be_read_begins_anew(cursor: str | None) -> None:
    assert keyset.read(cursor) == keyset.Bookmark()


def test_a_cursor_remembers_no_more_rows_than_its_limit() -> None:
    page = [seen(BEGINNING, str(n)) for n in range(keyset.REMEMBERED_MAX + 500)]
    _, after, _ = keyset.turn(keyset.Bookmark(), page, 5000)
    assert len(after.seen) == keyset.REMEMBERED_MAX
    assert after.since == BEGINNING
