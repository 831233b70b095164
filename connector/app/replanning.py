"""Planning anew, and only what has to be: lines that were not right any more when they were to be written, and what
another setting would make different, shown before it is stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from connector import canonical
from connector.app.books import BY_NAME, Applied, Decided, latest_asked, new_plan, planned, read_plan
from connector.app.house import Desk
from connector.app.keeping import kept
from connector.app.rechecks import Stale, accounts_of, chosen_accounts
from connector.model.finding import Finding
from connector.model.firm import Connection, MatchingRules
from connector.model.intent import Planned, Posting, PostPayment, VoidPosting
from connector.model.party import Account
from connector.model.source import Kind, PlanId, Ref
from connector.plan import InPlaceOf, Plan, PlanLine
from connector.reconcile.match import reconcile
from connector.reconcile.snapshot import Snapshot
from connector.reconcile.tieout import tie_out
from connector.store import OutboxRow, OutboxState

LOOKED_BACK_MAX = 20
"""How many of the latest plans are looked through for the same follow-up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """What takes the place of lines that were not written: a plan of its own, None where nothing does; and what is
    said about their money now."""

    plan: Plan | None
    left_out: tuple[Finding, ...]


def follow_up(desk: Desk, made: Plan, applied: Applied) -> FollowUp | None:
    """Plan again what `apply` did not write because it was not right any more, and nothing else. None: there is none.

    It is stored and waits for a person: `apply` takes it by its name alone.
    """
    stale = applied.stale_lines
    # The next one of its kind plans that anew; and money is given back only where a person asks for it.
    if not stale or made.undoes or made.plan_id.startswith(BY_NAME):
        return None
    again = new_plan(desk)
    of = {each.line.subject: each for each in stale}
    about: dict[Ref, Stale] = {}
    for each in stale:
        about.setdefault(each.line.intent.about, each)
    lines = tuple(
        replace(line, instead=InPlaceOf(plan_id=made.plan_id, line=first.number, why=first.why))
        for line in again.lines
        if (first := of.get(line.subject) or about.get(line.intent.about)) is not None
    )
    left_out = tuple(each for each in again.left_out if any(ref in about for ref in each.refs))
    if not lines:
        return FollowUp(plan=None, left_out=left_out)
    moved = {effect.account for line in lines for effect in line.effects}
    balances = tuple(each for each in again.balances if _is_moved(each.account, moved))
    fresh = replace(again, lines=lines, left_out=left_out, balances=balances, follows=made.plan_id)
    before = _same_before(desk, fresh)
    if before is None:
        desk.store.save_plan(desk.id, fresh.plan_id, canonical.encode(fresh), desk.actor)
    return FollowUp(plan=before or fresh, left_out=left_out)


def _is_moved(account: str, moved: set[str]) -> bool:
    return account in moved or any(each.startswith(f"{account}: ") for each in moved)


def _same_before(desk: Desk, fresh: Plan) -> Plan | None:
    """The follow-up that says the same already: applying a plan twice makes one, not two."""
    wanted = [(line.subject, line.intent, line.expects, line.instead) for line in fresh.lines]
    for plan_id, body in desk.store.plans(desk.id, most=LOOKED_BACK_MAX):
        held = read_plan(plan_id, body)
        if held.follows != fresh.follows:
            continue
        if [(line.subject, line.intent, line.expects, line.instead) for line in held.lines] == wanted:
            return held
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineChange:
    """A line of the latest plan that is not written yet, and what stands there under the new setting: None, nothing."""

    number: int
    before: PlanLine
    after: PlanLine | None

    @property
    def then(self) -> str:
        """The line as it would be; where it reads the same, which accounts it would move instead."""
        if self.after is None:
            return "nothing"
        if self.after.sentence != self.before.sentence:
            return self.after.sentence
        was, now = ([each.account for each in line.effects] for line in (self.before, self.after))
        gone, come = [each for each in was if each not in now], [each for each in now if each not in was]
        if not (come or gone):
            return "the same, otherwise made"
        return f"the same on {', '.join(come)} and not on {', '.join(gone)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedChange:
    """An entry that is in the books already and would be another under the new setting. It stays as it is."""

    row: OutboxRow
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What another setting would make different. `plan_id` is the latest plan with lines that are not written, `added`
    how many lines a new plan would have beside its own."""

    plan_id: PlanId | None
    lines: tuple[LineChange, ...]
    added: int
    posted: tuple[PostedChange, ...]

    @property
    def any(self) -> bool:
        return bool(self.lines or self.posted)


def under(desk: Desk, *, connection: Connection | None = None, rules: MatchingRules | None = None) -> Changes:
    """What would be different with a processor booked as that says, or with those rules. Stores nothing."""
    rows = desk.store.outbox(desk.id)
    standing = [row for row in rows if row.state is OutboxState.DONE and row.plan_id is not None]
    made = latest_asked(desk)
    open_lines = _open_lines(made, rows)
    posted = tuple(_posted_otherwise(desk, _standing(standing), connection, rules))
    if not open_lines:
        return Changes(plan_id=None, lines=(), added=0, posted=posted)
    now, then = _plans(desk, connection, rules)
    lines = tuple(
        LineChange(number=number, before=line, after=then.get(line.subject))
        for number, line in open_lines
        if line.subject in now and _entry(now[line.subject]) != _entry(then.get(line.subject))
    )
    added = len(then.keys() - now.keys())
    return Changes(plan_id=made.plan_id if made is not None else None, lines=lines, added=added, posted=posted)


def _open_lines(made: Plan | None, rows: Sequence[OutboxRow]) -> list[tuple[int, PlanLine]]:
    """The lines of a plan that nothing was stored for yet, with their numbers."""
    known = {row.op_id for row in rows} | {row.subject for row in rows if row.state is not OutboxState.DEAD}
    lines = enumerate(made.lines, start=1) if made is not None else ()
    return [(number, line) for number, line in lines if line.op_id not in known and line.subject not in known]


def _plans(
    desk: Desk, connection: Connection | None, rules: MatchingRules | None
) -> tuple[dict[str, PlanLine], dict[str, PlanLine]]:
    """By what they stand for: the lines that would be planned at this moment, and those under the new setting."""
    seen, processors = desk.snapshot(), desk.processors()
    decided = _decided(desk, seen)
    otherwise = replace(seen, rules=rules) if rules is not None else seen
    decided_then = _decided(desk, otherwise) if rules is not None else decided
    changed = [
        connection if connection is not None and each.connection_id == connection.connection_id else each
        for each in processors
    ]
    now = planned(desk, seen, decided, processors)
    then = planned(desk, otherwise, decided_then, changed)
    return {line.subject: line for line in now.lines}, {line.subject: line for line in then.lines}


def _decided(desk: Desk, seen: Snapshot) -> Decided:
    return Decided(outcome=reconcile(seen), ties=tie_out(seen, desk.clearing()))


def _entry(line: PlanLine | None) -> Planned | None:
    return line.intent if line is not None else None


def _standing(done: Sequence[OutboxRow]) -> Iterator[OutboxRow]:
    """What was written and not taken back by us since."""
    back = {row.intent.target for row in done if isinstance(row.intent, VoidPosting)}
    for row in done:
        if not isinstance(row.intent, VoidPosting) and row.answer is not None and row.answer.ref not in back:
            yield row


def _posted_otherwise(
    desk: Desk, rows: Iterator[OutboxRow], connection: Connection | None, rules: MatchingRules | None
) -> Iterator[PostedChange]:
    before = desk.store.connection(desk.id, connection.connection_id) if connection is not None else None
    dropped = chosen_accounts(before) - chosen_accounts(connection) if before and connection else frozenset()
    names = _account_names(desk) if dropped else {}
    chosen_for = connection.connection_id if connection is not None else None
    withdrawn = frozenset(desk.company.matching.automatic) - frozenset(rules.automatic) if rules is not None else ()
    for row in rows:
        intent = row.intent
        if not isinstance(intent, Posting):
            continue
        used = next((each for each in accounts_of(intent) if each in dropped), None)
        if used is not None and intent.about.connection == chosen_for:
            yield PostedChange(row=row, why=f"stands on {names.get(used, used.vendor_id)}")
        if withdrawn and isinstance(intent, PostPayment):
            held = kept(desk, intent.about)
            if held is not None and held.line.kind in withdrawn:
                yield PostedChange(row=row, why=f"posted by itself as {held.line.kind}, which would wait for a yes")


def _account_names(desk: Desk) -> dict[Ref, str]:
    return {
        stored.ref: stored.record.name
        for stored in desk.store.records(desk.id, Kind.ACCOUNT)
        if isinstance(stored.record, Account)
    }
