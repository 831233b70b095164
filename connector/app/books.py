"""Sync, reconcile, plan, apply: one company's money from the vendors to the books and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from connector import canonical
from connector.app.house import Desk, new_op_id
from connector.errors import Disagreement, StoreCorrupt, UnknownRecord, UserError
from connector.model.finding import Finding, FindingCode
from connector.model.firm import Connection
from connector.model.party import Profile
from connector.model.source import Kind, PlanId
from connector.plan import Frame, Plan, PlanLine, plan
from connector.post import Posted, connection_of, post
from connector.reconcile.match import Reconciliation, reconcile
from connector.reconcile.tieout import TieOut, tie_out
from connector.store import Lease, OutboxRow
from connector.sync import Progress, Purpose, Synced, sync

LEASE_NAME = "books"


def sync_all(desk: Desk, progress: Progress, only: str | None = None) -> dict[str, Synced]:
    """Read every connection (or one system) to its end. The first fault ends it; what was read stays."""
    purpose = desk.purpose("sync")
    chosen = [each for each in desk.connections() if only in (None, each.system, each.connection_id)]
    if not chosen:
        raise UserError(f"{only or 'Nothing'} is not connected.", next_step="See: receivables status")
    with desk.lease(LEASE_NAME) as lease:
        return {each.connection_id: _sync_one(desk, each, purpose, lease, progress) for each in chosen}


def _sync_one(desk: Desk, connection: Connection, purpose: Purpose, lease: Lease, progress: Progress) -> Synced:
    result = sync(desk.store, desk.adapter(connection), connection.connection_id, purpose, lease, progress)
    _same_account(desk, connection)
    desk.house.boundary("sync.connection-done")
    return result


def _same_account(desk: Desk, connection: Connection) -> None:
    """The mirror must hold the account that was connected; another company's books are never mixed in."""
    for stored in desk.store.records(desk.id, Kind.PROFILE, connection=connection.connection_id):
        if isinstance(stored.record, Profile) and stored.ref.vendor_id != connection.account:
            raise Disagreement(
                f"{connection.connection_id} answered as account {stored.ref.vendor_id}, "
                f"and {connection.account} is the one that was connected.",
                next_step="Check the keys; connect the other account as a company of its own.",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What reconciling found: decisions and findings about payments, and whether all sums hold."""

    outcome: Reconciliation
    ties: TieOut


def reconcile_all(desk: Desk) -> Decided:
    """Decide about every payment of the mirror, and keep the decisions with their evidence."""
    seen = desk.snapshot()
    decided = Decided(outcome=reconcile(seen), ties=tie_out(seen))
    purpose = desk.purpose("reconcile")
    desk.store.save_reconciliation(
        desk.id,
        purpose.run,
        decided.outcome.decisions,
        (*decided.ties.findings, *decided.outcome.findings),
        desk.actor,
    )
    return decided


def make_plan(desk: Desk) -> Plan:
    """What would change in the books now. It is stored, and `apply` executes exactly it."""
    decided = reconcile_all(desk)
    seen = desk.snapshot()
    frame = Frame(
        plan_id=PlanId(f"plan-{new_op_id()[:8].lower()}"),
        company_id=desk.id,
        made_at=desk.clock.now(),
        made_by=desk.actor,
        new_op_id=new_op_id,
    )
    made = plan(seen, decided.outcome, desk.processors(), frame, untied=decided.ties.findings)
    desk.store.save_plan(desk.id, made.plan_id, canonical.encode(made), desk.actor)
    return made


def stored_plan(desk: Desk, wanted: str | None) -> Plan:
    """A stored plan by its id, or the latest."""
    plan_id = PlanId(wanted) if wanted is not None else desk.store.latest_plan(desk.id)
    if plan_id is None:
        raise UnknownRecord("There is no plan yet.", next_step="Run: receivables plan")
    try:
        return canonical.decode(desk.store.plan(desk.id, plan_id), Plan)
    except msgspec.MsgspecError:
        raise StoreCorrupt(f"The stored plan {plan_id} cannot be read.", next_step="Make a new one.") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What became of a plan: rows done, waiting for certainty, refused, and lines whose records changed since."""

    plan_id: PlanId
    posted: Posted
    stale: tuple[Finding, ...]
    already: int


def apply_plan(desk: Desk, made: Plan, progress: Progress, on_row: Callable[[OutboxRow], None]) -> Applied:
    """Write what the plan says, each line once, and read the books again.

    Lines whose records changed since the plan was made are left out and named. Running it again after any
    interruption goes on where it stopped; rows already written are not written again.
    """
    books = desk.writable(desk.books())
    purpose = desk.purpose("apply")
    with desk.lease(LEASE_NAME) as lease:
        _sync_one(desk, books, purpose, lease, progress)
        desk.house.boundary("apply.synced")
        known = {row.op_id for row in desk.store.outbox(desk.id)}
        fresh, stale = _still_true(desk, made, known)
        added = desk.store.outbox_add([_row(desk, made, number, line) for number, line in fresh])
        desk.house.boundary("apply.rows-stored")
        posted = post(desk.tools(on_row), desk.id, lease)
        desk.house.boundary("apply.posted")
        if posted.done:
            _sync_one(desk, books, purpose, lease, progress)
    return Applied(plan_id=made.plan_id, posted=posted, stale=tuple(stale), already=len(fresh) - len(added))


def _row(desk: Desk, made: Plan, number: int, line: PlanLine) -> OutboxRow:
    return OutboxRow(
        op_id=line.op_id,
        company_id=desk.id,
        connection_id=connection_of(line.intent),
        kind=line.kind,
        subject=line.subject,
        intent=line.intent,
        plan_id=made.plan_id,
        line=number,
        actor=desk.actor,
    )


def _still_true(desk: Desk, made: Plan, known: set[str]) -> tuple[list[tuple[int, PlanLine]], list[Finding]]:
    """The plan's lines whose records still have the versions they were decided on. Lines already stored stay."""
    versions: dict[object, str] = {}
    fresh: list[tuple[int, PlanLine]] = []
    stale: list[Finding] = []
    for number, line in enumerate(made.lines, start=1):
        for ref, _ in line.expects:
            if ref not in versions:
                held = desk.store.record(desk.id, ref)
                versions[ref] = held.version if held is not None and held.gone is None else "gone"
        changed = [ref for ref, version in line.expects if versions[ref] != version]
        if not changed or line.op_id in known:
            fresh.append((number, line))
            continue
        stale.append(
            Finding(
                code=FindingCode.WRITE_REFUSED,
                sentence=f"Line {number} was not written: {changed[0]} changed since the plan was made.",
                next_step="Make a new plan: receivables plan",
                refs=tuple(changed),
            )
        )
    return fresh, stale
