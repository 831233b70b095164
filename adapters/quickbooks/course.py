"""Where the reading of a company stands, from the first page on: a small state machine that is the cursor itself.

    WALK    every entity by time of change, page after page (the first time, or from a moment on)
    CATCH   what changed while it was walked
    CHECK   are there as many records there as here?
    SWEEP   which ids are there: what is here and not there has vanished
    REST    everything is here; one question for changes brings what is new

    WALK ─► CATCH ─► CHECK ─► SWEEP ─► REST ─► REST ...
      ▲       │                          │
      └───────┴──── too much changed, ───┘  (CHECK skips SWEEP when the numbers agree; REST goes to SWEEP when the last
                    or too long ago          one was long ago)

A page and the cursor after it are stored together, so a reader that is killed goes on where it stood. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from adapters.quickbooks import keyset
from adapters.quickbooks.entities import NAMES
from connector import canonical
from connector.money import Currency

DAY_SECONDS = 86_400
LOOK_BACK_DAYS = 29
"""Intuit tells changes of the last thirty days; beyond that it refuses, or is silent. One day is left for clocks."""

CHANGES_MAX = 1000
"""An answer with so many changes is cut, and does not say so."""

SWEEP_DAYS = 30
"""So often the ids are compared although nothing seems to be missing: a deletion may have been told to nobody."""


class Phase(StrEnum):
    """What the next page is made of."""

    WALK = "walk"
    CATCH = "catch"
    CHECK = "check"
    SWEEP = "sweep"
    REST = "rest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """Where the reading stands.

    `name` is the entity being walked, `bookmark` the place in it, `begin` where every walk of this round begins (None:
    with the oldest). `since` is the moment, by Intuit's clock, before which everything is mirrored once this round is
    over; `seen` what was handed over around it. `rows` is how many rows an entity had that fitted one page. `left` are
    the entities still to be swept, `thorough` says that all will be. `final`: what changes during this walk is left
    to the next cycle, or a busy company would be walked for ever. `swept` is when that was last done. `home`, `foreign`
    (currencies of accounts that have another) and `receivable` are what rows do not say about themselves.
    """

    phase: Phase = Phase.WALK
    name: str = NAMES[0]
    bookmark: keyset.Bookmark = field(default_factory=keyset.Bookmark)
    begin: int | None = None
    since: int | None = None
    seen: tuple[keyset.Seen, ...] = ()
    rows: Mapping[str, int] = field(default_factory=dict)
    left: tuple[str, ...] = ()
    thorough: bool = False
    final: bool = False
    swept: int | None = None
    home: Currency | None = None
    foreign: Mapping[str, Currency] = field(default_factory=dict)
    receivable: tuple[str, ...] = ()


def read(cursor: str | None) -> Course:
    """The course in a cursor; the beginning when there is none or it cannot be read, which only costs time."""
    if cursor is None:
        return Course()
    try:
        course = canonical.decode(cursor.encode(), Course)
    except ValueError:
        return Course()
    return course if course.name in NAMES and set(course.left) <= set(NAMES) else Course()


def write(course: Course) -> str:
    """The cursor of a course."""
    return canonical.encode(course).decode()


def walked_on(course: Course, bookmark: keyset.Bookmark, *, more: bool, only_page: int | None) -> Course:
    """After a page of a walk. `only_page`: the number of its rows when the whole entity fitted it."""
    if more:
        return replace(course, bookmark=bookmark)
    rows = course.rows if only_page is None else {**course.rows, course.name: only_page}
    following = NAMES.index(course.name) + 1
    if following < len(NAMES):
        beginning = keyset.Bookmark(since=course.begin)
        return replace(course, name=NAMES[following], bookmark=beginning, rows=rows)
    then = Phase.CHECK if course.final else Phase.CATCH
    return replace(course, phase=then, name=NAMES[0], bookmark=keyset.Bookmark(), rows=rows, final=False)


def must_walk(course: Course, now: int) -> bool:
    """Whether what changed since cannot be told any more."""
    return course.since is None or now - course.since > LOOK_BACK_DAYS * DAY_SECONDS


def again_from(course: Course, mark: int | None) -> Course:
    """Walk everything that changed since the last round, and look at every id afterwards: changes were not told, and so
    deletions may not have been. `mark` is Intuit's time now, None where the first page will say it."""
    begin = None if course.since is None else course.since - keyset.OVERLAP_SECONDS
    return replace(
        course,
        phase=Phase.WALK,
        name=NAMES[0],
        bookmark=keyset.Bookmark(since=begin),
        begin=begin,
        since=mark,
        seen=(),
        rows={},
        thorough=True,
        final=course.phase is Phase.CATCH,
    )


def window(since: int | None) -> int:
    """The moment from which changes are asked for: some are shown late."""
    return (since or 0) - keyset.OVERLAP_SECONDS


def caught_up(course: Course, at: int, seen: Iterable[keyset.Seen], now: int) -> Course:
    """After the changes until `at` were handed over: what is to be done next."""
    recent = tuple(sorted(row for row in set(seen) if row.at >= window(at)))
    course = replace(course, since=at, seen=recent)
    if course.phase is Phase.CATCH:
        return replace(course, phase=Phase.CHECK)
    if course.swept is None or now - course.swept > SWEEP_DAYS * DAY_SECONDS:
        return replace(course, phase=Phase.SWEEP, left=NAMES)
    return replace(course, phase=Phase.REST)


def checked(course: Course, differing: tuple[str, ...], now: int) -> Course:
    """After the numbers were compared: sweep what differs, or everything where that was decided before."""
    left = NAMES if course.thorough else differing
    if left:
        return replace(course, phase=Phase.SWEEP, left=left, rows={})
    return replace(course, phase=Phase.REST, rows={}, swept=now)


def swept_on(course: Course, now: int) -> Course:
    """After the first of the entities that were left was compared to its last id."""
    left = course.left[1:]
    if left:
        return replace(course, left=left)
    return replace(course, phase=Phase.REST, left=(), thorough=False, swept=now)
