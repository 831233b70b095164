"""Two kinds of time that are never mixed: instants (UTC) and business dates (a day in the company's zone).

A due date is a day on somebody's calendar; a payment is a moment. Turning one into the other needs the company's zone
and happens only here. This room must never ask what time it is: that is `connector.clock`.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NewType
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from connector.errors import SettingsError, UserError

Instant = NewType("Instant", datetime)
"""A moment, always in UTC. Not a BusinessDate, although Python's datetime is a date."""

BusinessDate = NewType("BusinessDate", date)
"""A day on the company's calendar."""

_SATURDAY = 5

DAYS_REMEMBERED = 4096
"""A company's records name the same few days again and again; reading one takes longer than finding it."""


def instant(moment: datetime) -> Instant:
    """An aware datetime as an Instant; UserError when it has no offset, because then it names no moment."""
    if moment.tzinfo is None:
        raise UserError("A time without an offset does not say which moment is meant.", next_step="Add its zone.")
    return Instant(moment.astimezone(UTC))


def instant_from_iso(text: str) -> Instant:
    """ISO 8601 with an offset or Z (fractions of any length are cut to microseconds) to UTC."""
    try:
        return instant(datetime.fromisoformat(text))
    except ValueError:
        raise UserError(f"{text[:40]!r} is not a date and time.") from None


def instant_from_epoch(seconds: int) -> Instant:
    """Whole seconds since 1970, as Stripe writes them."""
    return Instant(datetime.fromtimestamp(seconds, UTC))


def epoch_seconds(moment: Instant) -> int:
    """Whole seconds since 1970, rounded down."""
    return int(moment.timestamp() // 1)


@lru_cache(DAYS_REMEMBERED)
def business_date(text: str) -> BusinessDate:
    """YYYY-MM-DD; UserError otherwise."""
    try:
        return BusinessDate(date.fromisoformat(text))
    except ValueError:
        raise UserError(f"{text[:40]!r} is not a date.", next_step="Write it as YYYY-MM-DD.") from None


def zone(name: str) -> ZoneInfo:
    """The zone of an IANA name; SettingsError when there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingsError(
            f"There is no time zone {name[:40]!r}.", next_step="Use a name such as America/New_York."
        ) from None


def day_of(moment: Instant, where: ZoneInfo) -> BusinessDate:
    """The calendar day on which a moment falls in that zone."""
    return BusinessDate(moment.astimezone(where).date())


def midnight(day: BusinessDate, where: ZoneInfo) -> Instant:
    """The moment a calendar day begins in that zone."""
    return Instant(datetime(day.year, day.month, day.day, tzinfo=where).astimezone(UTC))


def later(day: BusinessDate, days: int) -> BusinessDate:
    """That many calendar days on (or back, when negative)."""
    return BusinessDate(day + timedelta(days=days))


def after(moment: Instant, seconds: float) -> Instant:
    """That many seconds on (or back, when negative)."""
    return Instant(moment + timedelta(seconds=seconds))


def days_between(first: BusinessDate, second: BusinessDate) -> int:
    """Calendar days from `first` to `second`; negative when `second` is earlier."""
    return (second - first).days


def next_business_day(day: BusinessDate) -> BusinessDate:
    """The first day after `day` that is neither Saturday nor Sunday.

    Public holidays differ by firm and are not known here.
    """
    following = later(day, 1)
    while following.weekday() >= _SATURDAY:
        following = later(following, 1)
    return following
