"""What may still be asked of an account at its vendor: one pace, one pause, one month and so many calls on their way at
once, for all threads and processes.

A row per account and the database's own clock. Every call takes its place in one schedule by one UPDATE (the
generic cell rate algorithm): at most `burst` at once, then one every `60 / per minute` seconds, so that any stretch of
time, wherever it begins, sees at most `burst` calls and its share of the minute. Nothing of the database is held while
anybody waits for his turn. This room must never know a vendor.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Self

from sqlalchemy import BigInteger, ColumnElement, Connection, Row, bindparam, case, select, update

from connector.clock import Clock
from connector.dates import Instant
from connector.errors import BudgetSpent
from connector.model.firm import Connection as Connected
from connector.model.source import CompanyId, ConnectionId
from connector.ports import Pace
from connector.store import tables
from connector.store.database import Database, now_ms
from connector.store.journal import Desk, from_micros
from connector.store.slots import SHARE, SLOTS, Slots

BLOCKED_SECONDS = 3600
"""Refused for that long without one answer in between, it is a plan limit or a block, and a person must look."""

PATIENCE_SECONDS = 180
"""A pause that ends later than that is not waited for: whoever waits is told until when."""

PAUSES_MAX = 3
"""So many pauses in a row are waited for, each asked for while the last one was waited for; no more."""

PAUSE_SECONDS_MAX = 86_400
MINUTE_US = 60_000_000
MILLISECOND_US = 1_000

NEARLY_PERCENT = 80
"""From this share of the month's calls on, a person should know."""

_BUDGET = tables.budget.c


class _Place(NamedTuple):
    """A place in the schedule: when its turn is, and how long until then."""

    at_us: int
    wait_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What a connection has used. `allowed` is None where its vendor meters nothing; the others where nothing is."""

    month: str
    metered: int
    allowed: int | None
    paused_until: Instant | None
    throttled_since: Instant | None

    @property
    def nearly_spent(self) -> bool:
        """Whether four fifths of the month's share are used up."""
        return self.allowed is not None and self.metered * 100 >= self.allowed * NEARLY_PERCENT


EVERYBODY = CompanyId("")
"""Whose budget it is where several companies here may be connected to one account: the vendor counts the account."""


def account_key(connection: Connected) -> tuple[CompanyId, ConnectionId]:
    """Under which company and name an account's budget stands: every connection to it shares one."""
    mode = "live" if connection.live else "test"
    return EVERYBODY, ConnectionId(f"{connection.system} {connection.account} {mode}")


class Budgets(Desk):
    """The budgets of all accounts."""

    _slots: dict[tuple[CompanyId, ConnectionId], Slots]

    def budget(
        self, company: CompanyId, connection: ConnectionId, pace: Pace, title: str, *, share: int = SHARE
    ) -> SharedBudget:
        """What may be asked of the vendor that has this title, by whatever shares this company and name
        (`account_key`). `share`: so many calls of this process may be on their way at once."""
        spender = Spender(company, connection, title)
        return SharedBudget(self._database, self._clock, spender, pace).within(self.room(spender, share))

    def room(self, spender: Spender, share: int = SHARE) -> Room:
        """How many of an account's slots, and which: all that use one store in a process share what it has of them."""
        key = (spender.company, spender.connection)
        slots = self._slots.get(key)
        if slots is None:
            made = Slots(self._database, self._clock, spender.company, spender.connection, spender.title)
            slots = self._slots.setdefault(key, made)
        return Room(slots, min(share, SLOTS))

    def give_back_slots(self) -> None:
        """Nothing more is asked by this process; others may have its slots."""
        for slots in self._slots.values():
            slots.give_back()

    def spending(self, company: CompanyId, connection: ConnectionId, pace: Pace) -> Spending:
        """What it has used by now, for `doctor` and `status`. Only reads."""
        with self._database.read() as tx:
            now: int = tx.execute(select(now_ms())).scalar_one()
            row = tx.execute(
                select(tables.budget).where(_BUDGET.company_id == company, _BUDGET.connection_id == connection)
            ).one_or_none()
        month = _month(now)
        return Spending(
            month=month,
            metered=row.metered if row is not None and row.month == month else 0,
            allowed=pace.metered_per_month,
            paused_until=_moment(row.paused_until) if row is not None and row.paused_until > now else None,
            throttled_since=_moment(row.throttled_since) if row is not None and row.throttled_since else None,
        )


class Spender(NamedTuple):
    """Whose budget it is, and the vendor's name in sentences."""

    company: CompanyId
    connection: ConnectionId
    title: str


class Room(NamedTuple):
    """The slots of an account that a process uses, and how many of them one of its budgets may use."""

    slots: Slots
    share: int


class SharedBudget:
    """`ports.RateBudget` and `ports.Flights` of one account, kept in the database. Safe to share between threads.

    `burst` calls may go at once, and then one every `gap_us` microseconds. It is kept in microseconds, so that a
    share of the minute that no number of milliseconds divides is used up whole; the time is known to the millisecond.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        spender: Spender,
        pace: Pace,
        *,
        now: ColumnElement[int] | None = None,
    ) -> None:
        """`now`: milliseconds since 1970 as an SQL expression; the database's own clock unless a test sets the time."""
        self._database = database
        self._clock = clock
        self._title = spender.title
        self._allowed = pace.metered_per_month
        # Rounded up, with a millisecond in every second on top, by which the first of a second's calls may be late: no
        # second and no minute, from wherever it is counted, sees more than was said.
        self.gap_us = -(-(MINUTE_US + 60 * MILLISECOND_US) // pace.calls_per_minute)
        self.burst = pace.calls_burst
        self._now: ColumnElement[int] = now if now is not None else now_ms()
        self._key = {"company_id": spender.company, "connection_id": spender.connection}
        self._mine = (_BUDGET.company_id == spender.company, _BUDGET.connection_id == spender.connection)
        start = _later(_BUDGET.next_at, _later(_BUDGET.paused_until, self._now) * MILLISECOND_US)
        self._place = (
            update(tables.budget)
            .where(*self._mine)
            .values(next_at=start + bindparam("share_us", type_=BigInteger))
            .returning(_BUDGET.next_at, _BUDGET.paused_until, _BUDGET.throttled_since, self._now.label("now"))
        )
        self._pause = select(_BUDGET.paused_until, self._now.label("now")).where(*self._mine)
        self._throttled = False
        self._room = Room(Slots(database, clock, spender.company, spender.connection, spender.title), SHARE)

    def within(self, room: Room) -> Self:
        """With these slots in the place of its own: those that this process uses together."""
        self._room = room
        return self

    @contextmanager
    def flight(self, *, metered: bool = False) -> Iterator[None]:
        # The slot first: whoever waits for one has taken no place in the schedule, so none is taken late.
        with self._room.slots.one(self._room.share) as slot:
            self.take(metered=metered)
            self._room.slots.still(slot)
            yield

    def take(self, tokens: int = 1, *, metered: bool = False) -> None:
        place = self._reserve(tokens, metered=metered)
        pauses = 0
        while place.wait_us > 0:
            self._clock.sleep(place.wait_us / 1_000_000)
            paused, late = self._missed(place)
            if not (paused or late):
                return
            pauses += paused
            if pauses > PAUSES_MAX:
                raise self._refused(
                    f"{self._title} keeps asking us to slow down; nothing was sent.", "Run it again in a few minutes."
                )
            place = self._reserve(tokens, metered=False)  # counted already

    def pause(self, seconds: float) -> None:
        until = self._now + int(min(max(seconds, 0), PAUSE_SECONDS_MAX) * 1000)
        statement = (
            update(tables.budget)
            .where(*self._mine)
            .values(
                paused_until=_later(_BUDGET.paused_until, until),
                throttled_since=case((_BUDGET.throttled_since == 0, self._now), else_=_BUDGET.throttled_since),
            )
            .returning(_BUDGET.throttled_since, self._now.label("now"))
        )
        with self._database.write() as tx:
            row = tx.execute(statement).one_or_none()
            if row is None:
                self._begin(tx)
                row = tx.execute(statement).one()
        self._throttled = True
        if row.now - row.throttled_since > BLOCKED_SECONDS * 1000:
            raise self._refused(
                f"{self._title} has refused every call since {_words(row.throttled_since)}: "
                "that is a plan limit or a block, not a moment's throttle.",
                "Look in the vendor's developer portal whether the app has used up its plan or was blocked; "
                "then run it again.",
            )

    def answered(self) -> None:
        if not self._throttled:
            return
        self._throttled = False
        with self._database.write() as tx:
            tx.execute(update(tables.budget).where(*self._mine, _BUDGET.throttled_since != 0).values(throttled_since=0))

    def _reserve(self, tokens: int, *, metered: bool) -> _Place:
        """Take the next place in the schedule, and count it against the month if it is metered."""
        with self._database.write() as tx:
            row = self._placed(tx, tokens)
            if row.throttled_since:
                self._throttled = True
            if row.paused_until - row.now > PATIENCE_SECONDS * 1000:
                raise self._refused(
                    f"{self._title} has asked us to wait until {_words(row.paused_until)}; nothing was sent.",
                    "Run it again after that time.",
                )
            if metered and self._allowed is not None:
                self._count(tx, tokens, row.now, self._allowed)
        at_us = max(row.next_at - self.gap_us * self.burst, row.paused_until * MILLISECOND_US)
        return _Place(at_us, at_us - row.now * MILLISECOND_US)

    def _placed(self, tx: Connection, tokens: int) -> Row[tuple[int, int, int, int]]:
        share = {"share_us": tokens * self.gap_us}
        row = tx.execute(self._place, share).one_or_none()
        if row is None:
            self._begin(tx)
            row = tx.execute(self._place, share).one()
        return row

    def _count(self, tx: Connection, tokens: int, now: int, allowed: int) -> None:
        month = _month(now)
        used: int = tx.execute(
            update(tables.budget)
            .where(*self._mine)
            .values(month=month, metered=case((_BUDGET.month == month, _BUDGET.metered), else_=0) + tokens)
            .returning(_BUDGET.metered)
        ).scalar_one()
        if used > allowed:
            raise self._refused(
                f"The {allowed} reads of {self._title} that this connection may make in {month} are used up; "
                "nothing was sent.",
                f"They begin anew on {_next_month(now)}; if your plan there allows more, connect it again with a "
                "higher limit.",
            )

    def _missed(self, place: _Place) -> tuple[bool, bool]:
        """Whether a turn was lost: to a pause, or because this computer slept too long. Whoever is late takes another
        place, or several late ones would go together with those whose turn it is."""
        with self._database.read() as tx:
            row = tx.execute(self._pause).one_or_none()
        if row is None:
            return False, False
        return row.paused_until > row.now, row.now * MILLISECOND_US - place.at_us > self.gap_us

    def _begin(self, tx: Connection) -> None:
        """The first call of all. Two processes may both come here; one row is made."""
        never = {"next_at": 0, "paused_until": 0, "throttled_since": 0, "month": "", "metered": 0}
        tx.execute(self._database.insert(tables.budget).values({**self._key, **never}).on_conflict_do_nothing())

    def _refused(self, sentence: str, next_step: str) -> BudgetSpent:
        return BudgetSpent(sentence, next_step=next_step, system=self._title)


def _later(one: ColumnElement[int], other: ColumnElement[int]) -> ColumnElement[int]:
    return case((one > other, one), else_=other)


def _moment(milliseconds: int) -> Instant:
    return from_micros(milliseconds * 1000)


def _words(milliseconds: int) -> str:
    return f"{_moment(milliseconds):%Y-%m-%d %H:%M} UTC"


def _month(milliseconds: int) -> str:
    """The month in UTC: vendors do not say in which zone theirs begins."""
    return f"{_moment(milliseconds):%Y-%m}"


def _next_month(milliseconds: int) -> str:
    first = datetime(*_moment(milliseconds).timetuple()[:2], 1, tzinfo=UTC)
    return f"{(first + timedelta(days=32)).replace(day=1):%Y-%m-%d}"
