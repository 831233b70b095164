"""Sync, reconcile, plan, apply: one company's money from the vendors to the books and back."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from connector import canonical
from connector.app.freshness import freshness
from connector.app.hints import follow
from connector.app.house import Desk, new_op_id
from connector.app.keeping import keep
from connector.app.payouts import payout_findings
from connector.app.rechecks import NEW_PLAN, call_off, landed, still_true, with_live_profile
from connector.app.ties import check_ties
from connector.errors import (
    Disagreement,
    ReceivablesError,
    StoreCorrupt,
    StoreError,
    UnknownRecord,
    UserError,
    VendorError,
)
from connector.model.finding import Finding, FindingCode
from connector.model.firm import Connection
from connector.model.intent import ApplyCredit, PostPayment
from connector.model.party import Profile
from connector.model.source import Kind, OpId, PlanId
from connector.plan import Frame, Plan, PlanLine, plan
from connector.post import Posted, connection_of, post
from connector.reconcile.match import Reconciliation, reconcile
from connector.reconcile.postable import postable, torn, without
from connector.reconcile.tieout import TieOut, tie_out
from connector.store import Author, OutboxRow, OutboxState
from connector.sync import Progress, Synced, sync

LEASE_NAME = "books"


def sync_all(desk: Desk, progress: Progress, only: str | None = None, *, again: bool = False) -> dict[str, Synced]:
    """Read every connection (or one system) to its end. The first fault ends it; what was read stays.

    `again` reads everything from its beginning.
    """
    author = replace(desk.author("sync"), again=again)
    chosen = [each for each in desk.connections() if only in (None, each.system, each.connection_id)]
    if not chosen:
        missing = f"{only[:40]!r} is not connected." if only is not None else "No system is connected yet."
        raise UserError(missing, next_step="See: receivables status; connect it with: receivables connect --help")
    with desk.lease(LEASE_NAME) as lease:
        return {each.connection_id: _sync_one(desk, each, replace(author, lease=lease), progress) for each in chosen}


def _sync_one(desk: Desk, connection: Connection, author: Author, progress: Progress) -> Synced:
    hints, began = desk.store.open_hints(desk.id, connection.connection_id), desk.clock.now()
    try:
        result = sync(desk.store, desk.adapter(connection), connection.connection_id, author, progress)
        _same_account(desk, connection)
    except (VendorError, UserError) as fault:
        _keep_fault(desk, connection, author, fault)
        raise
    desk.store.note_fault(author, connection.connection_id, None)
    found = follow(desk, connection, author, hints, began)
    untied = check_ties(desk, connection, author)
    desk.house.boundary("sync.connection-done")
    return replace(result, findings=(*result.findings, *found, *untied))


def _keep_fault(desk: Desk, connection: Connection, author: Author, fault: ReceivablesError) -> None:
    """Whoever looks later must see that the last reading failed, until one goes well."""
    finding = Finding(
        code=FindingCode.READ_FAILED,
        sentence=f"{desk.spec(connection).title} could not be read: {fault.sentence}",
        next_step=fault.next_step or f"Run: receivables sync {connection.system}",
        refs=(),
    )
    with suppress(StoreError):  # the fault itself is what must be told
        desk.store.note_fault(author, connection.connection_id, finding)


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
    """What reconciling found: decisions and findings about payments, and whether all sums hold; what is wrong with
    payouts."""

    outcome: Reconciliation
    ties: TieOut
    payouts: tuple[Finding, ...] = ()


def reconcile_all(desk: Desk) -> Decided:
    """Decide about every payment of the mirror, and keep the decisions with their evidence."""
    seen = desk.snapshot()
    decided = Decided(outcome=reconcile(seen), ties=tie_out(seen, desk.clearing()), payouts=payout_findings(seen))
    author = desk.author("reconcile")
    # First, so that no decision is ever kept without it.
    keep(desk, seen, decided.outcome, author)
    desk.store.save_reconciliation(
        desk.id,
        author.run,
        decided.outcome.decisions,
        (*decided.ties.findings, *decided.payouts, *decided.outcome.findings),
        desk.actor,
    )
    return decided


def make_plan(desk: Desk, *, closed_today: bool = False) -> Plan:
    """What would change in the books now. It is stored, and `apply` executes exactly it.

    `closed_today`: entries whose own day lies in a closed period get today's date; else they are left out. Refused
    while some of what it would be made from was never read to its end.
    """
    fresh = freshness(desk)
    fresh.whole("a plan")
    decided = reconcile_all(desk)
    seen = with_live_profile(desk, desk.snapshot())
    frame = Frame(
        plan_id=PlanId(f"plan-{new_op_id()[:8].lower()}"),
        company_id=desk.id,
        made_at=desk.clock.now(),
        made_by=desk.actor,
        new_op_id=new_op_id,
        instead_of_closed=desk.today if closed_today else None,
    )
    outcome = postable(seen, decided.outcome)
    made = plan(seen, outcome, desk.processors(), frame, untied=decided.ties.findings)
    halves = torn(seen, outcome, [line.subject for line in made.lines])
    if halves:
        made = plan(seen, without(outcome, halves), desk.processors(), frame, untied=decided.ties.findings)
    made = replace(made, data_as_of=fresh.data_as_of)
    desk.store.save_plan(desk.id, made.plan_id, canonical.encode(made), desk.actor)
    return made


def stored_plan(desk: Desk, wanted: str | None) -> Plan:
    """A stored plan by its id, or the latest."""
    latest = desk.store.latest_plan(desk.id) if wanted is None else None
    if wanted is None and latest is None:
        raise UnknownRecord("There is no plan yet.", next_step="Run: receivables plan")
    plan_id, body = latest or (PlanId(wanted or ""), desk.store.plan(desk.id, PlanId(wanted or "")))
    try:
        return canonical.decode(body, Plan)
    except canonical.DecodeError:
        raise StoreCorrupt(f"The stored plan {plan_id} cannot be read.", next_step="Make a new one.") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What became of a plan: rows done, waiting for certainty, refused, lines that were not right any more, and what
    was written and does not show in the books."""

    plan_id: PlanId | None
    posted: Posted
    stale: tuple[Finding, ...]
    already: int
    not_landed: tuple[Finding, ...] = ()


def apply_plan(desk: Desk, made: Plan, progress: Progress, on_row: Callable[[OutboxRow], None]) -> Applied:
    """Write what the plan says, each line once, and read the books again.

    Lines that are not right any more (a record changed, a period was closed) are left out and named. Running it again
    after any interruption goes on where it stopped; rows already written are not written again.
    """
    books = desk.writable(desk.books())
    with desk.lease(LEASE_NAME) as lease:
        author = replace(desk.author("apply"), lease=lease)
        _sync_one(desk, books, author, progress)
        desk.house.boundary("apply.synced")
        off = call_off(desk, lease)
        known = {row.op_id for row in desk.store.outbox(desk.id)}
        fresh, stale = still_true(desk, made, known)
        fresh, decided_since = _still_said(desk, made, fresh, known)
        added = desk.store.outbox_add([_row(desk, made, number, line) for number, line in fresh])
        desk.house.boundary("apply.rows-stored")
        posted = post(desk.tools(on_row), desk.id, lease)
        desk.house.boundary("apply.posted")
        if posted.done:
            _sync_one(desk, books, author, progress)
    return Applied(
        plan_id=made.plan_id,
        posted=posted,
        stale=(*off, *stale, *decided_since),
        already=len(fresh) - len(added),
        not_landed=landed(desk, posted.done),
    )


def _still_said(
    desk: Desk, made: Plan, lines: list[tuple[int, PlanLine]], known: set[OpId]
) -> tuple[list[tuple[int, PlanLine]], list[Finding]]:
    """The lines about whose money nobody has said anything since the plan was made; the others are not written."""
    later = {ruling.payment for ruling in desk.store.rulings(desk.id) if ruling.at > made.made_at}
    later |= {
        each.target for ruling in desk.store.rulings(desk.id) if ruling.payment in later for each in ruling.allocations
    }
    kept, stale = [], []
    for number, line in lines:
        about = line.intent.about
        if about not in later or line.op_id in known or not isinstance(line.intent, PostPayment | ApplyCredit):
            kept.append((number, line))
            continue
        stale.append(
            Finding(
                code=FindingCode.WRITE_REFUSED,
                sentence=f"Line {number} was not written: somebody decided about {about.vendor_id} since.",
                next_step=NEW_PLAN,
                refs=(about,),
            )
        )
    return kept, stale


def unfinished(desk: Desk) -> tuple[OutboxRow, ...]:
    """Writes of earlier commands that were not carried to their end: an interrupted apply, a note not yet pushed."""
    return desk.store.outbox(desk.id, states=(OutboxState.READY, OutboxState.SENDING, OutboxState.UNSURE))


def carry_on(desk: Desk, progress: Progress, on_row: Callable[[OutboxRow], None]) -> Applied:
    """Carry out what earlier commands left unfinished, and nothing else."""
    desk.writable(desk.books())
    with desk.lease(LEASE_NAME) as lease:
        off = call_off(desk, lease)
        posted = post(desk.tools(on_row), desk.id, lease)
        if posted.done:
            _sync_one(desk, desk.books(), replace(desk.author("apply"), lease=lease), progress)
    return Applied(plan_id=None, posted=posted, stale=tuple(off), already=0, not_landed=landed(desk, posted.done))


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
