"""Where the reading of an account stands, from the first page on: a small state machine that is the cursor itself.

    WALK      every list from its newest record to its oldest, in windows of time (the first time, or after a gap)
    FOLLOW    what events say has happened: each record they name is read as it stands now
    SWEEP     every so often, whatever the events say: what waits for something, and what was created lately
    CONFIRM   what is mirrored as unfinished and was not met on the way is read by its id
    LEDGER    the balance, and the ledger up to its very second
    REST      everything is here; the next reading begins with FOLLOW

    WALK ─► FOLLOW ─► LEDGER ─► REST ─► FOLLOW ...
      ▲       │  ▲
      └─ gap ─┤  └─────────┐
              └─► SWEEP ─► CONFIRM          (FOLLOW goes there when a sweep is due)

Before anything is walked, Stripe's time (the mark) and the newest event well before it (the anchor) are noted: what
happens while the lists are walked is followed from there. A page and the cursor after it are stored together, so a
reader that is killed goes on where it stood. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from connector import canonical

DAY_SECONDS = 86_400

OVERLAP_SECONDS = 600
"""Events are shown late and their times are whole seconds: so far back, they are asked for again at every poll."""

GAP_SECONDS = 29 * DAY_SECONDS
"""Stripe tells events of the last thirty days. One day is left for clocks."""

ANCHOR_SECONDS = 20 * DAY_SECONDS
"""An account where nothing happens outlives its newest event: before Stripe forgets it, the time takes its place."""

NIGHT_SECONDS = 20 * 3600
WEEK_SECONDS = 7 * DAY_SECONDS - 4 * 3600
"""A little less than a day and a week, so that a reading at the same hour of the day finds a sweep due."""

WEEKLY_SECONDS = 120 * DAY_SECONDS
"""A bank debit may come back so late; events are told for thirty days only."""

BEGINNING = 1_262_304_000
"""2010: nothing in Stripe is older. Only a guess at where to cut a window; what is older is read all the same."""

CUSTOMERS, INVOICES = "customer", "invoice"
STATUSES = ("draft", "open", "uncollectible")
"""Of invoices that still wait for something."""


class Phase(StrEnum):
    """What the next page is made of."""

    WALK = "walk"
    FOLLOW = "follow"
    SWEEP = "sweep"
    CONFIRM = "confirm"
    LEDGER = "ledger"
    REST = "rest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A part of one list: what was created from `since` until `until`, both included (None: without end).

    `after` is the last row that was read of it and `at` when that was created. `status`: only rows with that status.
    """

    name: str
    since: int | None = None
    until: int | None = None
    after: str | None = None
    at: int | None = None
    status: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Met:
    """An event that was handed over, and when it happened."""

    at: int
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """How far events were handed over.

    Everything before `anchor` is done with, and so are those in `seen`, which come after it. Without an anchor,
    everything before the time `since` is. `place`: while a poll is under way, the event its last page ended with.
    `polling` is Stripe's time when the poll under way began, `polled` when the last whole one did.
    """

    anchor: Met | None = None
    since: int = 0
    seen: tuple[Met, ...] = ()
    place: str | None = None
    polling: int | None = None
    polled: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """Where the reading stands.

    `mark` is Stripe's time when the walk or sweep under way began, None before; `windows` are what is left of it.
    `mirrored`: something was mirrored before the walk began, and may have vanished there since. `ledger` is when the
    newest ledger line was created. `swept` and `swept_wide` are when the last nightly and the last
    weekly sweep began; `wide`: the one under way is weekly. `turns`: where confirming went on to when there was too
    much for one night.
    """

    phase: Phase = Phase.WALK
    mark: int | None = None
    windows: tuple[Window, ...] = ()
    feed: Feed = field(default_factory=Feed)
    mirrored: bool = False
    ledger: int | None = None
    swept: int | None = None
    swept_wide: int | None = None
    wide: bool = False
    turns: Mapping[str, str] = field(default_factory=dict)


def read(cursor: str | None, names: Iterable[str]) -> Course:
    """The course in a cursor; the beginning when there is none or it cannot be read, which only costs time."""
    if cursor is None:
        return Course()
    try:
        course = canonical.decode(cursor.encode(), Course)
    except ValueError:
        return Course()
    return course if {window.name for window in course.windows} <= set(names) else Course()


def write(course: Course) -> str:
    """The cursor of a course."""
    return canonical.encode(course).decode()


def begun(names: Iterable[str], mark: int, anchor: Met | None, *, mirrored: bool) -> Course:
    """Walk everything. `anchor` is the newest event that is older than the overlap before the mark, None without.
    `mirrored`: there are records here already, because events were missed or the cursor was lost."""
    feed = _kept(Feed(anchor=anchor, since=mark - OVERLAP_SECONDS, polled=mark), mark)
    windows = tuple(Window(name=name, until=mark) for name in names)
    return Course(mark=mark, windows=windows, feed=feed, mirrored=mirrored)


def parts(window: Window, last: str, at: int, *, cut: bool) -> tuple[Window, ...]:
    """What is left of a window after a page that was not its last and ended with that row. `cut`: in two halves, so
    that they can be read side by side."""
    since = BEGINNING if window.since is None else window.since
    if not cut or at - since < 2:  # noqa: PLR2004 - two seconds, one for each half
        return (replace(window, after=last, at=at),)
    middle = (since + at) // 2
    return (
        replace(window, since=middle + 1, after=last, at=at),
        replace(window, until=middle, after=None, at=None),
    )


def restarted(window: Window) -> Window:
    """The row a window stood at has vanished: it goes on with the second in which that was created."""
    return replace(window, until=window.at if window.at is not None else window.until, after=None, at=None)


def read_on(course: Course, windows: tuple[Window, ...]) -> Course:
    """After a page of a walk or sweep: these windows are left."""
    if windows:
        return replace(course, windows=windows)
    if course.phase is Phase.SWEEP:
        return replace(course, phase=Phase.CONFIRM, windows=())
    course = replace(course, phase=Phase.FOLLOW, windows=(), ledger=(course.mark or 0) - OVERLAP_SECONDS)
    if course.mirrored:
        return replace(course, swept=None, swept_wide=None)
    return replace(course, swept=course.mark, swept_wide=course.mark)


def gap(feed: Feed, now: int) -> bool:
    """Whether what happened since the last poll cannot be told any more."""
    return now - feed.polled > GAP_SECONDS


def fresh(feed: Feed, events: Iterable[Met]) -> tuple[Met, ...]:
    """Those events that were not handed over before."""
    known = {met.id for met in feed.seen}
    return tuple(met for met in events if met.id not in known)


def polled_on(feed: Feed, page: tuple[Met, ...], now: int, *, more: bool) -> Feed:
    """After the events of one page were handed over, newest first as Stripe gives them; `now` is Stripe's time."""
    began = now if feed.polling is None else feed.polling
    seen = feed.seen + tuple(reversed(fresh(feed, page)))
    if feed.anchor is None:
        feed = replace(feed, seen=tuple(sorted(seen, key=_when)))  # these pages go from the newest back
        if more:
            return replace(feed, polling=began, place=page[-1].id)
        return replace(_settled(feed, began), polling=None, place=None, polled=began)
    feed = _settled(replace(feed, seen=seen), began)
    if more:
        return replace(feed, polling=began, place=page[0].id)
    return replace(feed, polling=None, place=None, polled=began)


def _when(met: Met) -> int:
    return met.at


def _settled(feed: Feed, now: int) -> Feed:
    """Forget what is older than the overlap: the newest such event is the anchor."""
    horizon = now - OVERLAP_SECONDS
    old = [place for place, met in enumerate(feed.seen) if met.at <= horizon]
    if old:
        feed = replace(feed, anchor=feed.seen[old[-1]], seen=feed.seen[old[-1] + 1 :])
    return _kept(replace(feed, since=max(feed.since, horizon)), now)


def _kept(feed: Feed, now: int) -> Feed:
    """An anchor that Stripe will soon forget is no anchor."""
    if feed.anchor is not None and now - feed.anchor.at > ANCHOR_SECONDS:
        return replace(feed, anchor=None)
    return feed


def followed(course: Course, feed: Feed) -> Course:
    """After a page of events: what is next."""
    course = replace(course, phase=Phase.FOLLOW, feed=feed)
    if feed.place is not None:
        return course
    return replace(course, phase=Phase.SWEEP if due(course) else Phase.LEDGER)


def due(course: Course) -> bool:
    """Whether it is time to sweep. A first walk needs none after it; after a gap, something may have vanished."""
    return course.swept is None or course.feed.polled - course.swept > NIGHT_SECONDS


def sweeping(course: Course, names: Iterable[str], mark: int) -> Course:
    """Begin a sweep: every customer, and what was created since the last one and the day before it; weekly what was
    created in the last 120 days. Just after a walk, only what tells whether something has vanished."""
    wide = course.swept_wide is None or mark - course.swept_wide > WEEK_SECONDS
    windows = [Window(name=INVOICES, status=status) for status in STATUSES]
    windows.append(Window(name=CUSTOMERS))
    if course.swept is not None:
        lately = mark - WEEKLY_SECONDS if wide else course.swept - DAY_SECONDS
        windows += [Window(name=name, since=lately, until=mark) for name in names if name != CUSTOMERS]
    return replace(course, phase=Phase.SWEEP, mark=mark, wide=wide, windows=tuple(windows))


def swept(course: Course, turns: Mapping[str, str]) -> Course:
    """After everything was confirmed: one more look at the events, for a sweep takes time."""
    wide = course.mark if course.wide else course.swept_wide
    return replace(course, phase=Phase.FOLLOW, swept=course.mark, swept_wide=wide, wide=False, turns=turns)


def tied(course: Course, newest: int | None, now: int) -> Course:
    """After the balance and the ledger were read. A reading that was interrupted for long looks at events again."""
    ledger = max(newest or 0, course.ledger or 0)
    late = now - course.feed.polled > OVERLAP_SECONDS
    return replace(course, phase=Phase.FOLLOW if late else Phase.REST, ledger=ledger)


def behind(course: Course, name: str, until: int) -> Course:
    """There is more of the ledger than fits one look at the balance: it is read in windows first."""
    window = Window(name=name, since=(course.ledger or 0) - OVERLAP_SECONDS, until=until)
    return replace(course, windows=(window,), mark=until)


def caught_up(course: Course, windows: tuple[Window, ...]) -> Course:
    """After a page of such a window."""
    if windows:
        return replace(course, windows=windows)
    return replace(course, windows=(), ledger=(course.mark or 0))
