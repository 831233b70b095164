"""One company's turn, with nobody looking: read what changed, follow the money, write what is proved and within bounds.

A turn may begin at any moment, in any process, any number of times, and be killed at any line: it keeps no memory but
what reading, planning and posting keep anyway. What goes wrong is told as how the turn went; the next one tries again,
later and later while nothing helps.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from math import ceil

from connector import canonical, logs
from connector.app.approving import consent
from connector.app.books import Applied, apply_plan, latest_asked, new_plan, sync_all
from connector.app.bounds import beyond, refused_before, spent_today
from connector.app.collecting import push_later, unpushed
from connector.app.figures import proven
from connector.app.house import Desk, House
from connector.app.pacing import paced
from connector.app.parted import parted
from connector.app.shouting import FAILURES_MIN, shout
from connector.errors import (
    LeaseLost,
    NeedsReconnect,
    RateLimited,
    ReceivablesError,
    Refused,
    StoreLocked,
    TurnOver,
    VendorError,
)
from connector.model.autosync import Turn
from connector.model.finding import Finding
from connector.model.firm import Connection, NotesMode
from connector.model.source import ActorId, CompanyId, Ref
from connector.plan import Plan, PlanLine
from connector.reconcile.booked import Written
from connector.runtime import Ticked
from connector.store import OutboxRow, OutboxState

UNATTENDED = ActorId("autosync")
"""Who made what nobody looked at."""

BUSY_SECONDS = 5
"""Somebody works on the company by hand: the turn comes after him."""

PATIENCE = 2
"""So many times later than usual comes the turn after one that failed again: a fault nobody has mended yet costs less,
and all is quiet within so many of a company's intervals after it is over."""

_log = logging.getLogger(__name__)
_OPEN = (OutboxState.READY, OutboxState.SENDING, OutboxState.UNSURE)


def tick(house: House, company: CompanyId, budget_seconds: float, hold: Callable[[], None]) -> Ticked:
    """One turn of about so many seconds. Raises nothing: how it went is kept as the company's last turn."""
    desk = house.company(company)
    settings = desk.company.autosync
    if not settings.on:
        return Ticked(again_in_seconds=None)
    desk.actor = UNATTENDED
    before = desk.store.turn(company)
    began = desk.clock.now()
    still = _Slice(desk, budget_seconds, hold)
    again: int
    try:
        after = _worked(desk, before, still)
        every, why = paced(desk, settings.every_seconds)
        again = _pause(before, every) if after.failed else every
        after = replace(after, said=f"{after.said} {why}".rstrip())
    except LeaseLost:
        return Ticked(again_in_seconds=0)  # whoever has it now says how it went
    except ReceivablesError as fault:
        after, again = _ended_by(desk, desk.store.turn(company), fault)
    except Exception as fault:  # noqa: BLE001 - one company's trouble ends nobody else's turns
        _log.error(logs.where(fault))
        said = f"Something that should not happen did ({type(fault).__name__}); nothing that was stored is lost."
        step = "Run `receivables sync` by hand with RECEIVABLES_DEBUG=1 and report what it prints."
        after, again = _failed(desk.store.turn(company), said, step), _pause(before, settings.every_seconds)
    after = replace(after, began_at=began, ended_at=desk.clock.now())
    desk.store.save_turn(company, after)
    _tell(desk, after)
    house.mirrors.rest()
    return Ticked(again_in_seconds=again)


class _Slice:
    """The time a turn has: so much to read in, and as much again to write in, however long it took to decide. Else a
    company that takes long to read would write one entry in each turn."""

    def __init__(self, desk: Desk, seconds: float, hold: Callable[[], None]) -> None:
        self._clock = desk.clock
        self._seconds = seconds
        self._hold = hold
        self.begin()

    def begin(self) -> None:
        """From now on."""
        self._until = self._clock.monotonic() + self._seconds

    def __call__(self, _what: str, _done: int, _expected: int | None = None, /) -> None:
        """Asked now and then. TurnOver when it is used up; LeaseLost when the turn is somebody else's."""
        self._hold()
        if self._clock.monotonic() > self._until:
            raise TurnOver("The turn is over for now.")


def _tell(desk: Desk, turn: Turn) -> None:
    """What is wrong is told; that it could not be told must not end anything."""
    try:
        left = shout(desk, turn)
    except ReceivablesError as fault:
        _log.warning("What is wrong could not be told: %s.", type(fault).__name__)
        return
    if left:
        _log.warning("%s messages could not be delivered to anybody.", left)


def _failed(before: Turn, sentence: str, next_step: str) -> Turn:
    return replace(before, said=sentence, next_step=next_step, failed=True, failures=before.failures + 1)


def _ended_by(desk: Desk, before: Turn, fault: ReceivablesError) -> tuple[Turn, int]:
    """How a turn went that did not come to its end, and in how many seconds the next one is due."""
    every = desk.company.autosync.every_seconds
    # What went wrong last stays said until a turn has come to its end.
    if isinstance(fault, TurnOver):
        return before if before.failures else replace(before, said="It goes on in the next turn."), 0
    if isinstance(fault, StoreLocked):
        return before if before.failures else replace(before, said=fault.sentence), BUSY_SECONDS
    if isinstance(fault, Refused) and desk.store.company(desk.id).paused:
        # Somebody paused the company while its turn was under way, and nothing more was sent.
        said = "Writing was paused meanwhile; what waits goes on later."
        return _went_well(desk, Turn(said=said, unproven=before.unproven)), every
    if isinstance(fault, NeedsReconnect):  # no later turn mends that, so a person is told at once
        after = _failed(before, fault.sentence, fault.next_step or "")
        return replace(after, failures=max(after.failures, FAILURES_MIN)), _pause(before, every)
    pause = _pause(before, every)
    asked = ceil(fault.retry_after_seconds) if isinstance(fault, RateLimited) else 0
    return _failed(before, fault.sentence, fault.next_step or ""), max(pause, asked)


def _pause(before: Turn, every_seconds: int) -> int:
    """Until the turn after one that failed: the first fault is mostly over by then."""
    return every_seconds * PATIENCE if before.failures else every_seconds


def _worked(desk: Desk, before: Turn, still: _Slice) -> Turn:
    """A turn to its end. Errors: whatever reading and writing raise."""
    lost = _read(desk, still)
    if any(desk.spec(each).keeps_books for each in lost):
        return _idle(desk, before, "Read; the books are disconnected, so nothing is written.")
    if desk.store.company(desk.id).paused:
        return _idle(desk, before, "Read; writing is paused.")
    # What the turn before wrote is seen by this one's own reading: a reading of its own would cost it a metered call.
    problems: tuple[str, ...] = proven(desk).problems if before.unproven else ()
    rows = desk.store.outbox(desk.id, states=_OPEN)
    head = desk.store.head(desk.id)[0]
    if head == before.head and not before.unproven and not _ripe(desk, rows):
        return _went_well(desk, replace(before, said="Nothing new."))
    written, turn = _write(desk, before, rows, still)
    _push(desk)
    unproven = bool(written or problems)
    if problems:
        step = "Look at it: receivables prove"
        found = f"The books and the processors do not agree: {problems[0]}"
        return replace(_failed(before, found, step), unproven=unproven)
    return _went_well(desk, replace(turn, head=desk.store.head(desk.id)[0], unproven=unproven))


def _idle(desk: Desk, before: Turn, said: str) -> Turn:
    """A turn that may only read: what has not been decided or proved by then is so afterwards."""
    return _went_well(desk, replace(before, said=said, waits=""))


def _read(desk: Desk, still: _Slice) -> tuple[Connection, ...]:
    """Read what changed in every system; those that are disconnected, which are passed over. One that is away keeps
    nobody from reading the others; then nothing is written all the same, for what would be decided without it could be
    wrong."""
    away: VendorError | None = None
    every = desk.connections()
    lost = parted(desk, every)
    for connection in every:
        if connection.connection_id in lost:
            continue
        try:
            sync_all(desk, still, only=connection.connection_id)
        except VendorError as fault:
            away = away or fault
    if away is not None:
        raise away
    return tuple(each for each in every if each.connection_id in lost)


def _went_well(desk: Desk, turn: Turn) -> Turn:
    return replace(turn, next_step="", failed=False, failures=0, well_at=desk.clock.now())


def _ripe(desk: Desk, rows: Sequence[OutboxRow]) -> bool:
    """Whether a write is left that may be sent, or looked for, by now."""
    now = desk.clock.now()
    return any(row.not_before is None or row.not_before <= now for row in rows)


def _write(desk: Desk, before: Turn, rows: Sequence[OutboxRow], still: _Slice) -> tuple[int, Turn]:
    """Plan what is proved and within the bounds, and write it. How many entries were written, and how it went."""
    settings = desk.company.autosync
    made = new_plan(desk, withhold=lambda lines: _withheld(desk, lines))
    number = len([each for each in made.left_out if each.next_step])
    waits = f"{number} wait for a person." if number else ""
    if not made.lines and not _ripe(desk, rows):
        return 0, Turn(said="Nothing to write.", waits=waits)
    if settings.dry_run:
        _kept(desk, made)
        would = f"{len(made.lines)} entries would be written (a dry run)."
        return 0, Turn(said="Planned, and nothing written.", waits=f"{would} {waits}".rstrip())
    made = _kept(desk, made)
    if consent(desk, made).lacks:
        lacks = f"{made.plan_id} waits for the approval of a second person."
        return 0, Turn(said="Planned, and nothing written.", waits=f"{lacks} {waits}".rstrip())
    still.begin()
    # Stored first: a turn that is killed or cut off while it writes leaves something to prove as well.
    desk.store.save_turn(desk.id, replace(before, unproven=True))
    applied = apply_plan(desk, made, still, lambda _: still("writing", 0), look=False)
    return len(applied.posted.done), Turn(said=_told(applied), waits=waits)


def _told(applied: Applied) -> str:
    posted = applied.posted
    others = ((len(posted.dead), "refused"), (len(applied.stale), "left as not right any more"))
    parts = [f"{len(posted.done)} written", *(f"{number} {what}" for number, what in others if number)]
    return f"{', '.join(parts)}."


def _withheld(desk: Desk, lines: Sequence[PlanLine]) -> dict[Ref | Written, Finding]:
    rows = desk.store.outbox(desk.id)
    own = [row for row in rows if row.actor == UNATTENDED]
    found = beyond(lines, desk.company.autosync, spent_today(desk, own))
    for about, row in refused_before(rows, lines).items():
        found.setdefault(about, row)
    return found


def _kept(desk: Desk, made: Plan) -> Plan:
    """The plan as it is stored; the one before, where it says the same and nothing of it was written yet."""
    if not made.lines:
        return made
    held = latest_asked(desk)
    if held is not None and _says(held) == _says(made) and not desk.store.outbox(desk.id, plan_id=held.plan_id):
        return held
    desk.store.save_plan(desk.id, made.plan_id, canonical.encode(made), desk.actor)
    return made


def _says(made: Plan) -> list[tuple[object, ...]]:
    return [(line.subject, line.intent, line.expects) for line in made.lines]


def _push(desk: Desk) -> None:
    """Notes go where the firm wants them to go by themselves."""
    left = unpushed(desk)
    if desk.company.notes is NotesMode.AUTO and left:
        push_later(desk, left, lambda _: None)
