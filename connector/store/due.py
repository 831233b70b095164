"""Whose turn it is: when each company is due, who works on it until when, and how its last turn went.

A row per company, by the database's own clock. It decides *when* somebody begins; *whether* anything may be done is
decided by the leases, the outbox and the mirror, so that a row that is wrong costs time and nothing else. Being due is
no business event, so nothing of it stands in the journal.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Boolean, Integer, and_, bindparam, case, cast, func, or_, select, update

from connector.errors import LeaseLost
from connector.model.autosync import Turn
from connector.model.source import CompanyId
from connector.store import tables
from connector.store.database import insert_into, now_ms
from connector.store.journal import Desk, read_back, text_of

NEVER_MS = 2**62
"""Due when somebody wakes it, and not by itself."""

_NOBODY = ""
_DUE = tables.due.c
_SINCE = case((_DUE.owner != _NOBODY, _DUE.until_ms), else_=_DUE.due_ms)
"""Since when it is due; one whose worker died, since his time was up, or those that are due always would go before."""

_FREE = (_DUE.until_ms <= now_ms(), or_(_DUE.due_ms <= now_ms(), _DUE.owner != _NOBODY))
"""Nobody has it now, and it is due, or whoever had it has died."""

_IN = now_ms() + cast(bindparam("milliseconds"), BigInteger)
_MINE = (_DUE.company_id == bindparam("company"), _DUE.owner == bindparam("holder"), _DUE.fence == bindparam("number"))

# Statements are made once: making one costs more than carrying it out, and with thousands of companies a turn begins
# many times in a second. Each looks at a few rows only, by the index over owner and time, however many companies wait.
_FOUND = (_DUE.company_id, _DUE.reason, now_ms().label("now"))
_WAITING = (
    select(*_FOUND, _DUE.due_ms.label("since"))
    .where(_DUE.owner == _NOBODY, _DUE.due_ms <= now_ms())
    .order_by(_DUE.due_ms)
    .limit(1)
    .with_for_update(skip_locked=True)
)
_BEREFT = (
    select(*_FOUND, _DUE.until_ms.label("since"))
    .where(_DUE.owner > _NOBODY, _DUE.until_ms <= now_ms())
    .order_by(_DUE.until_ms)
    .limit(1)
    .with_for_update(skip_locked=True)
)
_ONE = (
    select(*_FOUND, _SINCE.label("since"))
    .where(*_FREE, _DUE.company_id == bindparam("company"))
    .with_for_update(skip_locked=True)
)
_TAKEN = (
    update(tables.due)
    .where(_DUE.company_id == bindparam("company"))
    # Whoever wakes it from now on wants another turn after this one.
    .values(owner=bindparam("holder"), fence=_DUE.fence + 1, until_ms=_IN, due_ms=NEVER_MS, reason="")
    .returning(_DUE.fence)
)
_HELD = update(tables.due).where(*_MINE).values(until_ms=_IN)
_AT = case((bindparam("by_itself", type_=Boolean), _IN), else_=NEVER_MS)
_DONE = (
    update(tables.due)
    .where(*_MINE)
    .values(owner=_NOBODY, until_ms=0, due_ms=case((_DUE.due_ms < _AT, _DUE.due_ms), else_=_AT))
)
_FREED = (
    update(tables.due)
    # Once: whoever is told again and again that it died would else be due later and later.
    .where(_DUE.owner == bindparam("holder"), _DUE.until_ms > now_ms())
    .values(until_ms=now_ms())
)
_SAID = update(tables.due).where(_DUE.company_id == bindparam("company")).values(turn=bindparam("said"))
_TURN = select(_DUE.turn).where(_DUE.company_id == bindparam("company"))
_NEXT = select(
    now_ms().label("now"),
    select(_DUE.due_ms).where(_DUE.owner == _NOBODY).order_by(_DUE.due_ms).limit(1).scalar_subquery().label("waiting"),
    select(func.min(_DUE.until_ms)).where(_DUE.owner > _NOBODY).scalar_subquery().label("held"),
)
_HOLDERS = select(_DUE.owner).where(_DUE.owner > _NOBODY).distinct()
_ALL_DUE = (
    select(_DUE.company_id, _DUE.fence, now_ms().label("now"))
    .where(*_FREE)
    .order_by(_SINCE)
    .limit(bindparam("most", type_=Integer))
)


@cache
def _woken(*, is_sqlite: bool) -> Any:
    new = insert_into(tables.due, is_sqlite=is_sqlite).values(
        company_id=bindparam("company"),
        due_ms=_IN,
        reason=bindparam("why"),
        owner=_NOBODY,
        fence=0,
        until_ms=0,
        turn=bindparam("said"),
    )
    sooner = new.excluded.due_ms < _DUE.due_ms
    return new.on_conflict_do_update(
        index_elements=[_DUE.company_id],
        set_={
            "due_ms": case((sooner, new.excluded.due_ms), else_=_DUE.due_ms),
            "reason": case((sooner, new.excluded.reason), else_=_DUE.reason),
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A company's turn, taken by one worker. `late_ms` is how long it was due when it began; `reason` why it is."""

    company: CompanyId
    owner: str
    fence: int
    reason: str
    late_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """How the turns stand: companies that are due, how long the oldest of them has been, and who works on how many."""

    companies: int
    due: int
    oldest_ms: int
    working: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """When somebody has a turn, or one may be taken from a worker that has died, and who is at work. `in_ms`: 0 when
    somebody is due now; None when nothing is to come."""

    in_ms: int | None
    at_work: tuple[str, ...]


class Due(Desk):
    """Taking turns with companies."""

    def wake(self, company: CompanyId, reason: str, *, in_ms: int = 0) -> None:
        """It is due in so many milliseconds, unless it is due sooner. A turn that runs now is followed by another."""
        wanted = {"company": company, "milliseconds": in_ms, "why": reason, "said": text_of(Turn())}
        with self._database.write() as tx:
            tx.execute(_woken(is_sqlite=self._database.is_sqlite), wanted)

    def forget_due(self, company: CompanyId) -> None:
        """It is not due by itself any more. A turn that runs now comes to its end."""
        with self._database.write() as tx:
            tx.execute(update(tables.due).where(_DUE.company_id == company).values(due_ms=NEVER_MS, reason=""))

    def due_now(self, most: int, slot_seconds: int) -> tuple[tuple[CompanyId, str], ...]:
        """The companies that are due, those that have been so longest first, each with a name of that turn: the same
        for whoever asks within so many seconds, and another once somebody has taken it."""
        with self._database.read() as tx:
            rows = tx.execute(_ALL_DUE, {"most": most}).all()
        return tuple(
            (CompanyId(row.company_id), f"{row.company_id}:{row.fence}:{row.now // (slot_seconds * 1000)}")
            for row in rows
        )

    def claim(self, owner: str, seconds: float, *, only: CompanyId | None = None) -> Claim | None:
        """The turn of the company that has been due longest (of that one alone); None when none is. It is this worker's
        for so long, and longer by `hold`. One whose worker has died is due from when his time was up."""
        with self._database.write_passing() as tx:
            if only is not None:
                found = tx.execute(_ONE, {"company": only}).one_or_none()
            else:
                rows = (tx.execute(_WAITING).one_or_none(), tx.execute(_BEREFT).one_or_none())
                found = min((row for row in rows if row is not None), key=lambda row: int(row.since), default=None)
            if found is None:
                return None
            taken = {"company": found.company_id, "holder": owner, "milliseconds": int(seconds * 1000)}
            fence: int = tx.execute(_TAKEN, taken).scalar_one()
        return Claim(
            company=CompanyId(found.company_id),
            owner=owner,
            fence=fence,
            reason=found.reason,
            late_ms=max(found.now - found.since, 0),
        )

    def hold(self, claim: Claim, seconds: float) -> None:
        """It is this worker's for so long from now. LeaseLost when another one has it."""
        with self._database.write_passing() as tx:
            held = tx.execute(_HELD, {**_whose(claim), "milliseconds": int(seconds * 1000)})
        if not held.rowcount:
            raise lost(claim)

    def done(self, claim: Claim, *, in_ms: int | None) -> None:
        """The turn is over; the next one is due in so many milliseconds (None: when woken), or sooner where somebody
        woke it meanwhile. Nothing happens when another worker has it by now."""
        over = {**_whose(claim), "by_itself": in_ms is not None, "milliseconds": in_ms or 0}
        with self._database.write_passing() as tx:
            tx.execute(_DONE, over)

    def free(self, owner: str) -> None:
        """A worker is known to be dead: what it had is due at once."""
        with self._database.write() as tx:
            tx.execute(_FREED, {"holder": owner})

    def save_turn(self, company: CompanyId, turn: Turn) -> None:
        """How its last turn went, for whoever asks."""
        with self._database.write() as tx:
            tx.execute(_SAID, {"company": company, "said": text_of(turn)})

    def turn(self, company: CompanyId) -> Turn:
        """How its last turn went; an empty one before the first."""
        with self._database.read() as tx:
            body = tx.execute(_TURN, {"company": company}).scalar_one_or_none()
        return Turn() if body is None else read_back(body, Turn)

    def coming(self) -> Coming:
        """When the next turn is. Only reads, and few rows: it is asked before each turn."""
        with self._database.read() as tx:
            row = tx.execute(_NEXT).one()
            at_work = () if row.held is None else tuple(tx.execute(_HOLDERS).scalars())
        next_at = min((at for at in (row.waiting, row.held) if at is not None), default=NEVER_MS)
        return Coming(in_ms=None if next_at >= NEVER_MS else max(next_at - row.now, 0), at_work=at_work)

    def queue(self) -> Queue:
        """How the turns of all companies stand. Only reads."""
        now = now_ms()
        held = and_(_DUE.owner != _NOBODY, _DUE.until_ms > now)
        ready = and_(or_(_DUE.owner == _NOBODY, _DUE.until_ms <= now), now >= _SINCE)
        wanted = select(
            now.label("now"),
            func.count().label("companies"),
            func.count(case((ready, 1))).label("due"),
            func.min(case((ready, _SINCE))).label("oldest"),
        )
        with self._database.read() as tx:
            row = tx.execute(wanted).one()
            busy = tx.execute(
                select(_DUE.owner, func.count()).where(held).group_by(_DUE.owner).order_by(_DUE.owner)
            ).all()
        return Queue(
            companies=row.companies,
            due=row.due,
            oldest_ms=row.now - row.oldest if row.due else 0,
            working=tuple((owner, number) for owner, number in busy),
        )


def lost(claim: Claim) -> LeaseLost:
    """The error of a worker whose turn was given to another."""
    return LeaseLost(f"Another process works on {claim.company} now.", next_step="Nothing more was written.")


def _whose(claim: Claim) -> dict[str, str | int]:
    return {"company": claim.company, "holder": claim.owner, "number": claim.fence}
