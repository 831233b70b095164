"""Whose turn it is: when each company is due, who works on it until when, and how its last turn went.

A row per company, by the database's own clock. It decides *when* somebody begins; *whether* anything may be done is
decided by the leases, the outbox and the mirror, so that a row that is wrong costs time and nothing else. Being due is
no business event, so nothing of it stands in the journal.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, case, func, literal, or_, select, update

from connector.errors import LeaseLost
from connector.model.autosync import Turn
from connector.model.source import CompanyId
from connector.store import tables
from connector.store.database import now_ms
from connector.store.journal import Desk, read_back, text_of

NEVER_MS = 2**62
"""Due when somebody wakes it, and not by itself."""

_NOBODY = ""
_DUE = tables.due.c
_SINCE = case((_DUE.owner != _NOBODY, _DUE.until_ms), else_=_DUE.due_ms)
"""Since when it is due; one whose worker died, since his time was up, or those that are due always would go before."""

_FREE = (_DUE.until_ms <= now_ms(), or_(_DUE.due_ms <= now_ms(), _DUE.owner != _NOBODY))
"""Nobody has it now, and it is due, or whoever had it has died."""


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
    next_ms: int | None
    """Milliseconds until the next one is due, or may be taken from a worker that has died; None: nothing is to come."""


class Due(Desk):
    """Taking turns with companies."""

    def wake(self, company: CompanyId, reason: str, *, in_ms: int = 0) -> None:
        """It is due in so many milliseconds, unless it is due sooner. A turn that runs now is followed by another."""
        at = now_ms() + literal(in_ms)
        fresh = {
            "company_id": company, "due_ms": at, "reason": reason, "owner": _NOBODY, "fence": 0, "until_ms": 0,
            "turn": text_of(Turn()),
        }  # fmt: skip
        insert = self._database.insert(tables.due).values(fresh)
        sooner = insert.excluded.due_ms < _DUE.due_ms
        with self._database.write() as tx:
            tx.execute(
                insert.on_conflict_do_update(
                    index_elements=[_DUE.company_id],
                    set_={
                        "due_ms": case((sooner, insert.excluded.due_ms), else_=_DUE.due_ms),
                        "reason": case((sooner, insert.excluded.reason), else_=_DUE.reason),
                    },
                )
            )

    def forget_due(self, company: CompanyId) -> None:
        """It is not due by itself any more. A turn that runs now comes to its end."""
        with self._database.write() as tx:
            tx.execute(update(tables.due).where(_DUE.company_id == company).values(due_ms=NEVER_MS, reason=""))

    def due_now(self, most: int, slot_seconds: int) -> tuple[tuple[CompanyId, str], ...]:
        """The companies that are due, those that have been so longest first, each with a name of that turn: the same
        for whoever asks within so many seconds, and another once somebody has taken it."""
        now = now_ms()
        wanted = select(_DUE.company_id, _DUE.fence, now.label("now")).where(*_FREE).order_by(_SINCE).limit(most)
        with self._database.read() as tx:
            rows = tx.execute(wanted).all()
        return tuple(
            (CompanyId(row.company_id), f"{row.company_id}:{row.fence}:{row.now // (slot_seconds * 1000)}")
            for row in rows
        )

    def claim(self, owner: str, seconds: float, *, only: CompanyId | None = None) -> Claim | None:
        """The turn of the company that has been due longest (of that one alone); None when none is. It is this worker's
        for so long, and longer by `hold`. One whose worker has died is due at once."""
        now = now_ms()
        one = (
            select(_DUE.company_id)
            .where(*_FREE, *(() if only is None else (_DUE.company_id == only,)))
            .order_by(_SINCE, _DUE.company_id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        with self._database.write() as tx:
            found = tx.execute(one.add_columns(_SINCE.label("since"), _DUE.reason, now.label("now"))).one_or_none()
            if found is None:
                return None
            fence: int = tx.execute(
                update(tables.due)
                .where(_DUE.company_id == found.company_id)
                # Whoever wakes it from now on wants another turn after this one.
                .values(owner=owner, fence=_DUE.fence + 1, until_ms=_in(seconds), due_ms=NEVER_MS, reason="")
                .returning(_DUE.fence)
            ).scalar_one()
        return Claim(
            company=CompanyId(found.company_id),
            owner=owner,
            fence=fence,
            reason=found.reason,
            late_ms=max(found.now - found.since, 0),
        )

    def hold(self, claim: Claim, seconds: float) -> None:
        """It is this worker's for so long from now. LeaseLost when another one has it."""
        with self._database.write() as tx:
            held = tx.execute(update(tables.due).where(*_mine(claim)).values(until_ms=_in(seconds)))
        if not held.rowcount:
            raise lost(claim)

    def done(self, claim: Claim, *, in_ms: int | None) -> None:
        """The turn is over; the next one is due in so many milliseconds (None: when woken), or sooner where somebody
        woke it meanwhile. Nothing happens when another worker has it by now."""
        at: ColumnElement[int] = literal(NEVER_MS) if in_ms is None else now_ms() + literal(in_ms)
        following = case((_DUE.due_ms < at, _DUE.due_ms), else_=at)
        over = {"owner": _NOBODY, "until_ms": 0, "due_ms": following}
        with self._database.write() as tx:
            tx.execute(update(tables.due).where(*_mine(claim)).values(over))

    def free(self, owner: str) -> None:
        """A worker is known to be dead: what it had is due at once."""
        with self._database.write() as tx:
            tx.execute(update(tables.due).where(_DUE.owner == owner).values(until_ms=0))

    def save_turn(self, company: CompanyId, turn: Turn) -> None:
        """How its last turn went, for whoever asks."""
        with self._database.write() as tx:
            tx.execute(update(tables.due).where(_DUE.company_id == company).values(turn=text_of(turn)))

    def turn(self, company: CompanyId) -> Turn:
        """How its last turn went; an empty one before the first."""
        with self._database.read() as tx:
            body = tx.execute(select(_DUE.turn).where(_DUE.company_id == company)).scalar_one_or_none()
        return Turn() if body is None else read_back(body, Turn)

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
            func.min(case((_SINCE < NEVER_MS, _SINCE))).label("coming"),
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
            next_ms=max(row.coming - row.now, 0) if row.coming is not None else None,
        )


def lost(claim: Claim) -> LeaseLost:
    """The error of a worker whose turn was given to another."""
    return LeaseLost(f"Another process works on {claim.company} now.", next_step="Nothing more was written.")


def _mine(claim: Claim) -> tuple[ColumnElement[bool], ...]:
    return (_DUE.company_id == claim.company, _DUE.owner == claim.owner, _DUE.fence == claim.fence)


def _in(seconds: float) -> ColumnElement[int]:
    return now_ms() + literal(int(seconds * 1000))
