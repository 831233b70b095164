"""What was worked out of a company's mirror, kept for whoever looks next, with the end of the journal and the day that
it is good for; counts of the outbox that need no row read; and how often a password was tried.

A figure is a working note: nothing is decided by it, and whoever shows one says of when it is.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, func, select, update

from connector.dates import BusinessDate, Instant, business_date
from connector.model.intent import IntentKind
from connector.model.source import ActorId, CompanyId, PlanId
from connector.store import tables
from connector.store.journal import Desk, from_micros, micros
from connector.store.rows import OutboxState

_FIGURE, _OUTBOX, _TRIED = tables.figure.c, tables.outbox.c, tables.tried.c
MICROS = 1_000_000
_NO_COMPANY = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """Something that was worked out at `at`, when the journal ended at `head`, for that day. `body` is its maker's."""

    head: int
    day: BusinessDate
    at: Instant
    body: str


class Figures(Desk):
    """What pages show at once."""

    def keep_figure(self, company: CompanyId, name: str, *, head: int, day: BusinessDate, body: str) -> None:
        """In place of the one of that name."""
        row = {
            "company_id": company,
            "name": name,
            "head": head,
            "day": day.isoformat(),
            "at": micros(self._clock.now()),
            "body": body,
        }
        with self._database.write() as tx:
            tx.execute(self._database.upsert(tables.figure), [row])

    def figure(self, company: CompanyId, name: str) -> Figure | None:
        """What was kept under that name; None where nothing was."""
        wanted = select(tables.figure).where(_FIGURE.company_id == company, _FIGURE.name == name)
        with self._database.read() as tx:
            row = tx.execute(wanted).one_or_none()
        if row is None:
            return None
        return Figure(head=row.head, day=business_date(row.day), at=from_micros(row.at), body=row.body)

    def written_since(self, company: CompanyId, begun: Instant) -> dict[IntentKind, int]:
        """How many writes of each kind arrived, of those that were sent since then."""
        wanted = (
            select(_OUTBOX.kind, func.count())
            .where(
                _OUTBOX.company_id == company,
                _OUTBOX.state == OutboxState.DONE.value,
                _OUTBOX.tried_at >= micros(begun),
            )
            .group_by(_OUTBOX.kind)
        )
        with self._database.read() as tx:
            return {IntentKind(kind): number for kind, number in tx.execute(wanted)}

    def was_applied(self, company: CompanyId, *, but_by: ActorId) -> bool:
        """Whether anything of a plan was written by somebody else than that one."""
        wanted = select(_OUTBOX.op_id).where(
            _OUTBOX.company_id == company,
            _OUTBOX.state == OutboxState.DONE.value,
            _OUTBOX.plan_id.is_not(None),
            _OUTBOX.actor_id != but_by,
        )
        with self._database.read() as tx:
            return tx.execute(wanted.limit(1)).first() is not None

    def findings_count(self, company: CompanyId) -> int:
        """How many findings stand now."""
        wanted = select(func.count()).select_from(tables.finding).where(tables.finding.c.company_id == company)
        with self._database.read() as tx:
            return int(tx.execute(wanted).scalar_one())

    def plans_begun(self, company: CompanyId) -> frozenset[PlanId]:
        """Plans of which some line was stored to be sent."""
        wanted = select(_OUTBOX.plan_id).where(_OUTBOX.company_id == company, _OUTBOX.plan_id.is_not(None)).distinct()
        with self._database.read() as tx:
            return frozenset(PlanId(each) for each in tx.execute(wanted).scalars())

    def plan_names(self, company: CompanyId, *, most: int) -> tuple[PlanId, ...]:
        """The names of the plans there are, the last one saved first."""
        wanted = select(tables.plan.c.plan_id).where(tables.plan.c.company_id == company)
        with self._database.read() as tx:
            found = tx.execute(wanted.order_by(tables.plan.c.number.desc()).limit(most)).scalars()
            return tuple(PlanId(each) for each in found)

    def tried(self, name: str, *, most: int, seconds: int) -> int:
        """Count one more try under that name, of all processes; how many seconds it has to wait, 0 when it may go on.

        So many may go on in each span of that many seconds, the first of which begins with the first try.
        """
        now = micros(self._clock.now())
        span, own = seconds * MICROS, _TRIED.name == name
        fresh = {"company_id": _NO_COMPANY, "name": name, "since": now, "times": 0}
        with self._database.write() as tx:
            tx.execute(delete(tables.tried).where(_TRIED.since <= now - span))
            tx.execute(self._database.insert(tables.tried).on_conflict_do_nothing(), [fresh])
            if tx.execute(update(tables.tried).where(own, _TRIED.times < most).values(times=_TRIED.times + 1)).rowcount:
                return 0
            since = int(tx.execute(select(_TRIED.since).where(own)).scalar_one())
        return max(1, -(-(since + span - now) // MICROS))
