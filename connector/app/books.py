"""Sync, reconcile, plan, apply: one company's money from the vendors to the books and back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from connector import canonical
from connector.app.access import not_let_in
from connector.app.approving import require_approval
from connector.app.calling_off import end_unfinished, undo_rows
from connector.app.conflicting import look, remember_agreed
from connector.app.following import follow_links
from connector.app.freshness import freshness
from connector.app.hints import follow
from connector.app.holding import call_off_held, still_agreed
from connector.app.house import Desk, new_op_id
from connector.app.keeping import keep
from connector.app.marks import check_marks, may_write, standing_marks
from connector.app.on_invoices import on_invoices
from connector.app.parted import of_unknown, parted, passed_over
from connector.app.payouts import payout_findings
from connector.app.rechecks import NEW_PLAN, Stale, call_off, landed, still_true, with_live_profile
from connector.app.ties import check_ties
from connector.dates import BusinessDate
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
from connector.model.intent import ApplyCredit, GiveBack, Planned, PostJournal, PostPayment, VoidPosting
from connector.model.party import Profile
from connector.model.source import Kind, PlanId, Ref
from connector.plan import Frame, Plan, PlanLine, plan
from connector.plan.clean_up import PREFIX
from connector.plan.refunds import PREFIX as REFUND_PREFIX
from connector.post import Posted, connection_of, post
from connector.reconcile.booked import Written
from connector.reconcile.match import Reconciliation, reconcile
from connector.reconcile.postable import postable, torn, without
from connector.reconcile.snapshot import Snapshot
from connector.reconcile.tieout import TieOut, tie_out
from connector.store import Author, Lease, OutboxRow, OutboxState
from connector.sync import Progress, Synced, sync

LEASE_NAME = "books"
BY_NAME = (PREFIX, REFUND_PREFIX)
"""How the ids of plans begin that are applied by their names alone, and that no `plan` follows."""


def sync_all(desk: Desk, progress: Progress, only: str | None = None, *, again: bool = False) -> dict[str, Synced]:
    """Read every connection (or one system) to its end. The first fault ends it; what was read stays.

    One that is disconnected is passed over, and its finding says so; NeedsReconnect where there is no other. `again`
    reads everything from its beginning.
    """
    author = replace(desk.author("sync"), again=again)
    chosen = [each for each in desk.connections() if only in (None, each.system, each.connection_id)]
    if not chosen:
        missing = f"{only[:40]!r} is not connected." if only is not None else "No system is connected yet."
        raise UserError(missing, next_step="See: receivables status; connect it with: receivables connect --help")
    with desk.lease(LEASE_NAME) as lease:
        author, lost = replace(author, lease=lease), parted(desk, chosen)
        if len(lost) == len(chosen):
            raise not_let_in(chosen[0])
        done: dict[str, Synced] = {
            each.connection_id: _pass_over(desk, each, author)
            if each.connection_id in lost
            else _sync_one(desk, each, author, progress)
            for each in chosen
        }
    follow_links(desk, "reading")
    return done


def _pass_over(desk: Desk, connection: Connection, author: Author) -> Synced:
    """What an earlier reading failed of is over: nobody reads there until it is connected again."""
    desk.store.note_fault(author, connection.connection_id, None)
    return Synced(counts={}, findings=(passed_over(desk, connection),))


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
    keeps = desk.spec(connection).keeps_books
    twice = check_marks(desk.store, author, connection.connection_id) if keeps else ()
    untied = check_ties(desk, connection, author)
    desk.house.boundary("sync.connection-done")
    return replace(result, findings=(*result.findings, *found, *twice, *untied))


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
    remember_agreed(desk, seen)
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
    made = new_plan(desk, closed_today=closed_today)
    desk.store.save_plan(desk.id, made.plan_id, canonical.encode(made), desk.actor)
    return made


Withhold = Callable[[Sequence[PlanLine]], Mapping[Ref | Written, Finding]]
"""What of a plan is not to be written, each with its reason."""


def new_plan(desk: Desk, *, closed_today: bool = False, withhold: Withhold | None = None) -> Plan:
    """The same, and it is not stored yet. `withhold` looks at its lines once; what it names is left out. With it, as
    nobody has asked for a plan, the books are asked through when they are closed only if something would be written.
    """
    fresh = freshness(desk)
    fresh.whole("a plan")
    may_write(desk.store, desk.id)
    decided = reconcile_all(desk)
    seen = desk.snapshot()
    bent = Bent(instead_of_closed=desk.today if closed_today else None)
    if withhold is None:
        seen = with_live_profile(desk, seen)
    made = planned(desk, seen, decided, desk.processors(), bent)
    live = with_live_profile(desk, seen) if withhold is not None and made.lines else seen
    if live.profiles != seen.profiles:
        seen = live
        made = planned(desk, seen, decided, desk.processors(), bent)
    held = {**(withhold(made.lines) if withhold is not None else {}), **of_unknown(desk, made.lines)}
    if held:
        made = planned(desk, seen, decided, desk.processors(), replace(bent, withheld=held))
    number, chain = desk.store.head(desk.id)
    return replace(made, data_as_of=fresh.data_as_of, journal_head=f"{number}:{chain}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bent:
    """How a plan is to differ from what all decisions lead to: entries of closed days get that date, and what is
    withheld is left out, each with its reason."""

    instead_of_closed: BusinessDate | None = None
    withheld: Mapping[Ref | Written, Finding] = field(default_factory=dict)


def planned(
    desk: Desk,
    seen: Snapshot,
    decided: Decided,
    processors: Sequence[Connection],
    bent: Bent | None = None,
) -> Plan:
    """What would be planned of these decisions, with processors booked as these say. Stores nothing."""
    at_odds, wanted = look(desk, seen), bent or Bent()
    frame = Frame(
        plan_id=PlanId(f"plan-{new_op_id()[:8].lower()}"),
        company_id=desk.id,
        made_at=desk.clock.now(),
        made_by=desk.actor,
        new_op_id=new_op_id,
        instead_of_closed=wanted.instead_of_closed,
        today=desk.today,
        held={**at_odds.held, **wanted.withheld},
        conflicts=at_odds.found,
        links=on_invoices(desk),
    )
    outcome = postable(seen, decided.outcome)
    made = plan(seen, outcome, processors, frame, untied=decided.ties.findings)
    halves = torn(seen, outcome, {line.subject for line in made.lines})
    if halves:
        made = plan(seen, without(outcome, halves), processors, frame, untied=decided.ties.findings)
    return made


def stored_plan(desk: Desk, wanted: str | None) -> Plan:
    """A stored plan by its id; without one the latest that somebody asked for, which no undo, clean-up, refund or plan
    that only follows another is: those are applied by their names alone."""
    if wanted is not None:
        return read_plan(wanted, desk.store.plan(desk.id, PlanId(wanted)))
    found = latest_asked(desk)
    if found is None:
        raise UnknownRecord("There is no plan yet.", next_step="Run: receivables plan")
    return found


def latest_asked(desk: Desk) -> Plan | None:
    """The latest plan that somebody asked for by `plan`; None before the first."""
    stored = ((plan_id, body) for plan_id, body in desk.store.plans(desk.id) if not plan_id.startswith(BY_NAME))
    asked = (read_plan(plan_id, body) for plan_id, body in stored)
    return next((each for each in asked if each.follows is None and not each.undoes), None)


def read_plan(plan_id: str, body: bytes) -> Plan:
    """A plan as it was stored."""
    try:
        return canonical.decode(body, Plan)
    except canonical.DecodeError:
        raise StoreCorrupt(f"The stored plan {plan_id} cannot be read.", next_step="Make a new one.") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What became of a plan: rows done, waiting for certainty, refused, lines that were not right any more, and what
    was written and does not show in the books. `stale_lines` are those of `stale` that are lines of this plan,
    `taken_back` counts its lines that were taken out of the books since."""

    plan_id: PlanId | None
    posted: Posted
    stale: tuple[Finding, ...]
    already: int
    not_landed: tuple[Finding, ...] = ()
    stale_lines: tuple[Stale, ...] = ()
    taken_back: int = 0

    @property
    def refused(self) -> tuple[Finding, ...]:
        """The writes to which the other side said no, each with the next step."""
        return tuple(
            Finding(
                code=FindingCode.WRITE_REFUSED,
                sentence=f"{row.subject} was refused: {row.fault.rstrip('.')}.",
                next_step=NEW_PLAN,
                refs=(row.intent.about,) if isinstance(row.intent, Planned) else (),
            )
            for row in self.posted.dead
        )


def apply_plan(
    desk: Desk, made: Plan, progress: Progress, on_row: Callable[[OutboxRow], None], *, look: bool = True
) -> Applied:
    """Write what the plan says, each line once, and read the books again, for whoever waits to be told what landed.
    Without `look` nothing is read after the first write: that is for whoever reads regularly, and soon.

    Lines that are not right any more (a record changed, a period was closed) are left out and named. Running it again
    after any interruption goes on where it stopped; rows already written are not written again. Refused while a second
    person has to approve it and has not.
    """
    books = desk.writable(desk.books())
    desk.unpaused()
    require_approval(desk, made)
    with desk.lease(LEASE_NAME) as lease:
        author = replace(desk.author("apply"), lease=lease)
        for each in (books, *_gives_back(desk, made)):
            _sync_one(desk, each, author, progress)
        desk.house.boundary("apply.synced")
        refused_before = {row.op_id for row in desk.store.outbox(desk.id, states=(OutboxState.DEAD,))}
        off = [*call_off(desk, lease), *call_off_held(desk, lease), *end_unfinished(desk, made, lease)]
        rows = desk.store.outbox(desk.id)
        known = {text for row in rows for text in _names(row)}
        fresh, stale = still_true(desk, made, known)
        fresh, decided_since = _still_said(desk, made, fresh, known)
        fresh, at_odds = still_agreed(desk, made, fresh, known)
        fresh, dead = _not_refused(fresh, rows)
        fresh_ids = {line.op_id for _, line in fresh} - set(known)
        there = standing_marks(desk.store, desk.id, books.connection_id) & fresh_ids if fresh_ids else frozenset()
        desk.store.outbox_add([_row(desk, made, number, line, adopt=line.op_id in there) for number, line in fresh])
        desk.house.boundary("apply.rows-stored")
        posted = post(desk.tools(on_row), desk.id, lease, only=undo_rows(desk, made))
        desk.house.boundary("apply.posted")
        for each in _written_to(desk, posted) if look else ():
            _sync_one(desk, each, author, progress)
    follow_links(desk, "posting")
    _tell_forbidden(posted)
    left = tuple(sorted((*stale, *decided_since, *at_odds, *dead), key=lambda each: each.number))
    told_already = {each.number for each in dead if each.line.op_id not in refused_before}
    return Applied(
        plan_id=made.plan_id,
        posted=posted,
        stale=(*off, *(each.finding for each in left if each.number not in told_already)),
        already=_written_before(fresh, rows),
        not_landed=landed(desk, posted.done) if look else (),
        stale_lines=left,
        taken_back=_taken_back(made, rows),
    )


def _gives_back(desk: Desk, made: Plan) -> tuple[Connection, ...]:
    """The processors at which a plan gives money back: what they say at this moment decides whether it still may."""
    at = {line.refund.connection for line in made.lines if line.refund is not None}
    return tuple(desk.writable(each) for each in desk.processors() if each.connection_id in at)


def _written_to(desk: Desk, posted: Posted) -> tuple[Connection, ...]:
    """What is read again after a run wrote: the books, and where money was given back."""
    if not posted.done:
        return ()
    at = {row.connection_id for row in posted.done if isinstance(row.intent, GiveBack)}
    return (desk.books(), *(each for each in desk.processors() if each.connection_id in at))


def _tell_forbidden(posted: Posted) -> None:
    """A person forbade writing meanwhile: what was written by then is read back, and the rest waits."""
    if posted.forbidden is not None:
        raise posted.forbidden


def _written_before(lines: list[tuple[int, PlanLine]], rows: Sequence[OutboxRow]) -> int:
    """How many of the lines stood in the books already; what was begun and not finished did not."""
    done = {text for row in rows if row.state is OutboxState.DONE for text in _names(row)}
    return sum(line.op_id in done or line.subject in done for _, line in lines)


def _taken_back(made: Plan, rows: Sequence[OutboxRow]) -> int:
    """How many lines of the plan were written, and were taken back since or are being so."""
    voids = (row.intent for row in rows if row.state is not OutboxState.DEAD and isinstance(row.intent, VoidPosting))
    gone = {intent.stamp for intent in voids}
    return sum(line.op_id in gone for line in made.lines)


def _names(row: OutboxRow) -> tuple[str, ...]:
    """By what a line is known to be stored: its own id, and what it stands for as long as the row is not dead."""
    return (row.op_id,) if row.state is OutboxState.DEAD else (row.op_id, row.subject)


def _not_refused(
    lines: list[tuple[int, PlanLine]], rows: Sequence[OutboxRow]
) -> tuple[list[tuple[int, PlanLine]], list[Stale]]:
    """The lines that nobody has refused or called off; what was is written by another plan, or not at all."""
    refused = {row.op_id: row.fault for row in rows if row.state is OutboxState.DEAD}
    standing = {row.subject for row in rows if row.state is not OutboxState.DEAD}
    kept, dead = [], []
    for number, line in lines:
        if line.op_id not in refused or line.subject in standing:
            kept.append((number, line))
            continue
        why = f"it was refused before: {refused[line.op_id].rstrip('.')}"
        refs = (line.intent.about,)
        code = FindingCode.WRITE_REFUSED
        dead.append(Stale(number=number, line=line, why=why, code=code, next_step=NEW_PLAN, refs=refs))
    return kept, dead


def _still_said(
    desk: Desk, made: Plan, lines: list[tuple[int, PlanLine]], known: Collection[str]
) -> tuple[list[tuple[int, PlanLine]], list[Stale]]:
    """The lines about whose money nobody has said anything since the plan was made; the others are not written."""
    later = {ruling.payment for ruling in desk.store.rulings(desk.id) if ruling.at > made.made_at}
    later |= {
        each.target for ruling in desk.store.rulings(desk.id) if ruling.payment in later for each in ruling.allocations
    }
    kept, stale = [], []
    for number, line in lines:
        about = line.intent.about
        stored = line.op_id in known or line.subject in known
        written_off = isinstance(line.intent, PostJournal) and about.kind is Kind.INVOICE
        said_of = isinstance(line.intent, PostPayment | ApplyCredit) or written_off
        if about not in later or stored or not said_of:
            kept.append((number, line))
            continue
        why, code = f"somebody decided about {about.vendor_id} since", FindingCode.WRITE_REFUSED
        stale.append(Stale(number=number, line=line, why=why, code=code, next_step=NEW_PLAN, refs=(about,)))
    return kept, stale


def read_books(desk: Desk, books: Connection, lease: Lease, progress: Progress) -> None:
    """Read the books to their end, under the lease that somebody writes with."""
    _sync_one(desk, books, replace(desk.author("sync"), lease=lease), progress)


def unfinished(desk: Desk) -> tuple[OutboxRow, ...]:
    """Writes of earlier commands that were not carried to their end: an interrupted apply, a note not yet pushed."""
    return desk.store.outbox(desk.id, states=(OutboxState.READY, OutboxState.SENDING, OutboxState.UNSURE))


def carry_on(desk: Desk, progress: Progress, on_row: Callable[[OutboxRow], None]) -> Applied:
    """Carry out what earlier commands left unfinished, and nothing else."""
    desk.writable(desk.books())
    with desk.lease(LEASE_NAME) as lease:
        off = [*call_off(desk, lease), *call_off_held(desk, lease)]
        posted = post(desk.tools(on_row), desk.id, lease)
        for each in _written_to(desk, posted):
            _sync_one(desk, each, replace(desk.author("apply"), lease=lease), progress)
    follow_links(desk, "posting")
    _tell_forbidden(posted)
    return Applied(plan_id=None, posted=posted, stale=tuple(off), already=0, not_landed=landed(desk, posted.done))


def _row(desk: Desk, made: Plan, number: int, line: PlanLine, *, adopt: bool = False) -> OutboxRow:
    """The row of a line. `adopt`: its mark stands in the books, though we do not remember sending it (a backup from
    before was restored), so it is looked up like any other whose outcome is unknown."""
    return OutboxRow(
        state=OutboxState.UNSURE if adopt else OutboxState.READY,
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
