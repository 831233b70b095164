"""Where reading a PayPal account stands, as a value that survives any interruption. Pure.

A round has four steps: disputes, the lines of the account window by window (the newest first), payments that something
was said of whose own lines lie further back, and what the account holds. A round reads on from the moment up to which
PayPal said that its reports were complete; one in a day, and every one while something is unfinished, reads the last 45
days again, because a line may change after it was first seen: an eCheck clears, a withdrawal comes back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from connector import canonical
from connector.dates import BusinessDate, Instant, after

DAY_SECONDS = 86_400
WINDOW_SECONDS = 31 * DAY_SECONDS - 1
AGAIN_SECONDS = 45 * DAY_SECONDS
OVERLAP_SECONDS = 6 * 3600
"""Lines are up to three hours late; so much before the mark is asked for once more."""

YEARS_SECONDS = (3 * 365 - 1) * DAY_SECONDS
"""PayPal's reports go back three years."""

LATE_MAX = 200
"""More payments than that are not looked up one by one: the next long round finds most of them."""


class Phase(StrEnum):
    """What comes next."""

    DISPUTES = "disputes"
    LINES = "lines"
    LATE = "late"
    BALANCE = "balance"
    REST = "rest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """From and to, both counted."""

    first: Instant
    last: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """A payment or withdrawal of which something was said, and what: on which day it went back, by which line."""

    vendor_id: str
    returned_on: BusinessDate | None = None
    back: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """`since` is the first moment that is read at all, `mark` how far everything was read, `head` how far PayPal's
    reports went when this round began; `windows` are still to be read, the newest first, the first one from `page` on.
    `late` are payments and withdrawals to be looked for further back. `long_on` is when all was last read again,
    `told_at` up to when disputes were read. `opened`: what was there before `since` has been read."""

    phase: Phase
    since: Instant
    windows: tuple[Window, ...] = ()
    page: int = 1
    mark: Instant | None = None
    head: Instant | None = None
    late: tuple[Late, ...] = ()
    long_at: Instant | None = None
    told_at: Instant | None = None
    begun_at: Instant | None = None
    opened: bool = False
    token: str = ""


def read(cursor: str | None) -> Course | None:
    """The course of a cursor; None for none, and for one that this release cannot read."""
    if cursor is None:
        return None
    try:
        return canonical.decode(cursor.encode(), Course)
    except canonical.DecodeError:
        return None


def written(at: Course) -> str:
    """The cursor of a course."""
    return canonical.encode(at).decode()


def earliest(now: Instant) -> Instant:
    """The first moment that PayPal's reports still know."""
    return after(now, -YEARS_SECONDS)


def begun(at: Course, now: Instant, *, long: bool) -> Course:
    """A new round: the windows that it reads, and whether it goes back far."""
    first = at.since
    if at.mark is not None:
        first = max(at.since, after(at.mark, -(AGAIN_SECONDS if long else OVERLAP_SECONDS)))
    # What PayPal has dropped by now cannot be asked for any more, and does not change.
    first = max(first, earliest(now))
    return replace(
        at,
        phase=Phase.DISPUTES,
        windows=windows(first, now),
        page=1,
        head=None,
        begun_at=now,
        long_at=now if long else at.long_at,
        token="",
    )


def windows(first: Instant, last: Instant) -> tuple[Window, ...]:
    """The time between in pieces that PayPal takes, the newest first."""
    pieces: list[Window] = []
    end = last
    while after(end, -WINDOW_SECONDS) > first:
        begin = after(end, -WINDOW_SECONDS)
        pieces.append(Window(first=begin, last=end))
        end = begin
    return (*pieces, Window(first=first, last=end))


def is_long(at: Course, now: Instant, *, unfinished: bool) -> bool:
    """Whether this round reads the last weeks again."""
    return unfinished or at.long_at is None or now >= after(at.long_at, DAY_SECONDS)


def read_on(at: Course, *, pages: int, refreshed: Instant) -> Course:
    """After a page of the first window. A round that rested for long has read only up to where it was begun."""
    head = at.head or (refreshed if at.begun_at is None else min(refreshed, at.begun_at))
    if at.page < pages:
        return replace(at, page=at.page + 1, head=head)
    left = at.windows[1:]
    phase = Phase.LINES if left else Phase.LATE
    return replace(at, windows=left, page=1, head=head, phase=phase)


def halved(at: Course, pieces: list[Window]) -> Course:
    """The first window in pieces, the newer one first."""
    return replace(at, windows=(*reversed(pieces), *at.windows[1:]), page=1)


def awaiting(at: Course, late: Iterable[Late], found: Collection[str]) -> Course:
    """With those to be looked for when the lines have been read, without those whose own lines were among them."""
    kept = {each.vendor_id: each for each in (*at.late, *late) if each.vendor_id not in found}
    return replace(at, late=tuple(kept.values())[:LATE_MAX])


def rested(at: Course) -> Course:
    """The round is over: everything is read up to where the reports went when it began."""
    return replace(at, phase=Phase.REST, mark=at.head or at.mark, late=(), windows=(), opened=True, told_at=at.begun_at)
