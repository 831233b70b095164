"""connector.dates: moments in UTC, days in the company's zone, and nothing in between."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from connector.dates import (
    after,
    business_date,
    day_of,
    days_between,
    epoch_seconds,
    instant,
    instant_from_epoch,
    instant_from_iso,
    later,
    midnight,
    next_business_day,
    zone,
)
from connector.errors import SettingsError, UserError

NEW_YORK = zone("America/New_York")
AUCKLAND = zone("Pacific/Auckland")


def test_a_moment_is_kept_in_utc() -> None:
    moment = instant(datetime(2026, 3, 1, 1, 30, tzinfo=timezone(timedelta(hours=5, minutes=30))))
    assert moment.isoformat() == "2026-02-28T20:00:00+00:00"
    assert moment.tzinfo is UTC


def test_a_time_without_an_offset_names_no_moment() -> None:
    with pytest.raises(UserError) as caught:
        instant(datetime(2026, 3, 1, 12))  # noqa: DTZ001  the very thing that is refused
    assert caught.value.sentence == "A time without an offset does not say which moment is meant."
    assert caught.value.next_step == "Add its zone."


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00+00:00"),
        ("2026-03-01T12:00:00-08:00", "2026-03-01T20:00:00+00:00"),
        ("2026-03-01T12:00:00.1234567Z", "2026-03-01T12:00:00.123456+00:00"),
    ],
)
def test_iso_texts_are_read_as_moments(text: str, meant: str) -> None:
    assert instant_from_iso(text).isoformat() == meant


def test_an_iso_text_without_an_offset_is_refused() -> None:
    with pytest.raises(UserError, match="without an offset"):
        instant_from_iso("2026-03-01T12:00:00")


def test_what_is_no_date_and_time_is_refused_and_cut() -> None:
    with pytest.raises(UserError) as caught:
        instant_from_iso("n" * 41)
    assert str(caught.value) == f"{'n' * 40!r} is not a date and time."


def test_whole_seconds_go_out_and_come_back() -> None:
    moment = instant_from_epoch(1_772_366_400)
    assert moment == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert moment.utcoffset() == timedelta(0)
    assert epoch_seconds(moment) == 1_772_366_400


@pytest.mark.parametrize(("text", "seconds"), [("1970-01-01T00:00:01.9Z", 1), ("1969-12-31T23:59:59.5Z", -1)])
def test_seconds_are_rounded_down(text: str, seconds: int) -> None:
    assert epoch_seconds(instant_from_iso(text)) == seconds


def test_a_day_is_read_as_written() -> None:
    assert business_date("2026-02-28") == date(2026, 2, 28)


@pytest.mark.parametrize("text", ["2026-02-30", "01/02/2026", "", "tomorrow"])
def test_what_is_no_day_is_refused_with_the_way_to_write_it(text: str) -> None:
    with pytest.raises(UserError) as caught:
        business_date(text)
    assert caught.value.sentence == f"{text!r} is not a date."
    assert caught.value.next_step == "Write it as YYYY-MM-DD."


def test_a_long_text_that_is_no_day_is_cut() -> None:
    with pytest.raises(UserError) as caught:
        business_date("9" * 41)
    assert caught.value.sentence == f"{'9' * 40!r} is not a date."


def test_a_zone_has_its_name() -> None:
    assert NEW_YORK.key == "America/New_York"


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc/passwd", "America"])
def test_a_zone_that_does_not_exist_is_a_wrong_setting(name: str) -> None:
    with pytest.raises(SettingsError) as caught:
        zone(name)
    assert caught.value.sentence == f"There is no time zone {name!r}."
    assert caught.value.next_step == "Use a name such as America/New_York."


def test_a_long_zone_that_does_not_exist_is_cut() -> None:
    with pytest.raises(SettingsError) as caught:
        zone("z" * 41)
    assert caught.value.sentence == f"There is no time zone {'z' * 40!r}."


def test_one_moment_is_two_days_in_two_zones() -> None:
    moment = instant_from_iso("2026-03-02T03:00:00Z")
    assert day_of(moment, NEW_YORK) == date(2026, 3, 1)
    assert day_of(moment, AUCKLAND) == date(2026, 3, 2)


@pytest.mark.parametrize(
    ("day", "begins"),
    [
        ("2026-03-08", "2026-03-08T05:00:00+00:00"),
        ("2026-03-09", "2026-03-09T04:00:00+00:00"),
        ("2026-11-02", "2026-11-02T05:00:00+00:00"),
    ],
)
def test_a_day_begins_at_midnight_of_its_zone_on_both_sides_of_a_clock_change(day: str, begins: str) -> None:
    assert midnight(business_date(day), NEW_YORK).isoformat() == begins
    assert midnight(business_date(day), NEW_YORK).tzinfo is UTC


def test_days_are_counted_on_the_calendar() -> None:
    assert later(business_date("2026-02-27"), 2) == date(2026, 3, 1)
    assert later(business_date("2026-03-01"), -1) == date(2026, 2, 28)
    assert days_between(business_date("2026-02-27"), business_date("2026-03-01")) == 2
    assert days_between(business_date("2026-03-01"), business_date("2026-02-27")) == -2


def test_seconds_are_added_to_moments() -> None:
    moment = instant_from_iso("2026-03-01T12:00:00Z")
    assert after(moment, 90).isoformat() == "2026-03-01T12:01:30+00:00"
    assert after(moment, -0.5).isoformat() == "2026-03-01T11:59:59.500000+00:00"


@pytest.mark.parametrize(
    ("day", "following"),
    [
        ("2026-03-05", "2026-03-06"),
        ("2026-03-06", "2026-03-09"),
        ("2026-03-07", "2026-03-09"),
        ("2026-03-08", "2026-03-09"),
        ("2026-03-09", "2026-03-10"),
    ],
)
def test_the_next_business_day_skips_saturday_and_sunday(day: str, following: str) -> None:
    assert next_business_day(business_date(day)) == business_date(following)
