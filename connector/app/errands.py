"""Long work that somebody asks for at the console, done in the background by what commands do: read, plan, write, take
back, push notes.

An errand is stored before it begins. It holds the same leases as the command, writes by the same outbox, and may be
killed at any line: whoever looks then is told that nobody works on it any more, and can begin it again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from threading import Lock

from connector import logs
from connector.app.approving import require_approval
from connector.app.books import (
    Applied,
    apply_plan,
    carry_on,
    make_plan,
    reconcile_all,
    stored_plan,
    sync_all,
    unfinished,
)
from connector.app.cleaning import propose
from connector.app.collecting import push_later, unpushed
from connector.app.copies import back_up
from connector.app.figures import keep_all, proven
from connector.app.house import Desk, House, new_op_id
from connector.app.looking import days_of, look_and_keep
from connector.app.parked import how_it_ends
from connector.app.replanning import follow_up
from connector.app.undoing import plan_undo
from connector.errors import ReceivablesError, Refused
from connector.model.person import Errand, ErrandKind, ErrandState
from connector.model.source import CompanyId
from connector.store.owners import is_dead, this_process
from connector.sync import Progress

TOLD_SECONDS = 0.5
"""How far an errand is, is written down no more often than that."""

SAID_MAX = 20
_MOVES = frozenset({ErrandKind.READ, ErrandKind.APPLY})
"""After these, everything that pages show is another."""

_log = logging.getLogger(__name__)
_BEGINNING = Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of an errand: sentences, the plan that it leads to, and whether something waits for a person."""

    said: tuple[str, ...]
    leads_to: str = ""
    left: bool = False


Work = Callable[[Desk, str, Progress], Outcome]
"""What an errand is about, and where it tells how far it is."""


def is_cut_off(errand: Errand) -> bool:
    """Whether it never came to its end, and nobody works on it any more."""
    return errand.state is ErrandState.WORKING and is_dead(errand.owner)


def under_way(desk: Desk) -> Errand | None:
    """What somebody works on now for the company; None when nobody does."""
    return next((each for each in desk.store.errands(desk.id, working=True) if not is_cut_off(each)), None)


def begin(desk: Desk, kind: ErrandKind, about: str = "") -> Errand:
    """Store an errand that is to be done now; `carry_out` does it. Refused while another is under way, and where it
    could not even begin: the company is paused, or a plan lacks its approval."""
    _refuse_hopeless(desk, kind, about)
    with _BEGINNING:
        busy = under_way(desk)
        if busy is not None:
            raise Refused(f"{busy.by} has something under way for {desk.company.name}.", next_step="Wait for its end.")
        errand = Errand(
            errand_id=f"w-{new_op_id()[:12].lower()}",
            company_id=desk.id,
            kind=kind,
            by=desk.actor,
            owner=this_process(),
            made_at=desk.clock.now(),
            about=about,
        )
        desk.store.save_errand(errand)
    return errand


def _refuse_hopeless(desk: Desk, kind: ErrandKind, about: str) -> None:
    if kind is ErrandKind.APPLY:
        desk.writable(desk.books())
        desk.unpaused()
        if about:
            require_approval(desk, stored_plan(desk, about))
    if kind is ErrandKind.UNDO:
        stored_plan(desk, about)


def carry_out(
    open_house: Callable[[], House], company: CompanyId, errand_id: str, more: Mapping[ErrandKind, Work] | None = None
) -> None:
    """Do it, to its end; `more` is how the kinds are done that need what stands above this room. Raises nothing: what
    became of it stands in its row."""
    try:
        with open_house() as house:
            _carried(house.company(company), errand_id, {**_WORK, **(more or {})})
    except ReceivablesError as fault:
        _log.warning("What became of an errand could not be kept: %s.", type(fault).__name__)


def _carried(desk: Desk, errand_id: str, work: Mapping[ErrandKind, Work]) -> None:
    errand = desk.store.errand(desk.id, errand_id)
    desk.actor = errand.by
    told = _Told(desk, errand)
    try:
        came = work[errand.kind](desk, errand.about, told.progress)
        if errand.kind in _MOVES:
            told.progress("adding up", 0)
            keep_all(desk)
        state = ErrandState.NEEDS_A_PERSON if came.left else ErrandState.DONE
        ended = replace(told.errand, state=state, said=came.said[:SAID_MAX], leads_to=came.leads_to)
    except ReceivablesError as fault:
        ended = replace(
            told.errand, state=ErrandState.FAILED, said=(fault.sentence,), next_step=fault.next_step or "Try again."
        )
    except Exception as fault:  # noqa: BLE001 - whoever waits for it must learn that it has ended
        _log.error(logs.where(fault))
        said = f"Something that should not happen did ({type(fault).__name__}); nothing that was stored is lost."
        ended = replace(told.errand, state=ErrandState.FAILED, said=(said,), next_step="Try again.")
    desk.store.save_errand(replace(ended, ended_at=desk.clock.now()))


class _Told:
    """Writes down now and then how far an errand is."""

    def __init__(self, desk: Desk, errand: Errand) -> None:
        self.errand = errand
        self._desk = desk
        self._told_at = desk.clock.monotonic()

    def progress(self, label: str, done: int, expected: int | None = None) -> None:
        self.errand = replace(self.errand, doing=label.replace("_", " "), done=done, total=expected)
        now = self._desk.clock.monotonic()
        if now - self._told_at >= TOLD_SECONDS:
            self._told_at = now
            self._desk.store.save_errand(self.errand)


def _read(desk: Desk, _about: str, progress: Progress) -> Outcome:
    results = sync_all(desk, progress)
    counts = [each for result in results.values() for each in result.counts.values()]
    fresh, changed = sum(each.new for each in counts), sum(each.changed for each in counts)
    progress("deciding", 0)
    decided = reconcile_all(desk)
    untied = desk.store.quarantined(desk.id)
    found = [finding.sentence for result in results.values() for finding in result.findings]
    return Outcome(
        said=(
            f"{fresh:,} records are new and {changed:,} changed.",
            f"{len(decided.outcome.decisions):,} payments are decided, {len(decided.outcome.findings):,} are not.",
            *found,
            *(each.sentence for each in untied),
        ),
        left=bool(untied),
    )


def _plan(desk: Desk, _about: str, progress: Progress) -> Outcome:
    progress("deciding", 0)
    made = make_plan(desk)
    if not made.lines:
        left = f"; {len(made.left_out)} left out, each with its reason" if made.left_out else ""
        return Outcome(said=(f"There is nothing to write{left}.",), leads_to=made.plan_id)
    return Outcome(said=(f"{len(made.lines):,} entries would be written.",), leads_to=made.plan_id)


def _apply(desk: Desk, about: str, progress: Progress) -> Outcome:
    count = 0

    def on_row(_row: object) -> None:
        nonlocal count
        count += 1
        progress("writing", count, total)

    if not about:
        total = len(unfinished(desk))
        return _told(carry_on(desk, progress, on_row))
    made = stored_plan(desk, about)
    total = len(made.lines)
    applied = apply_plan(desk, made, progress, on_row)
    came = _told(applied)
    followed = follow_up(desk, made, applied)
    if followed is None or followed.plan is None:
        return came
    more = f"{len(followed.plan.lines):,} lines were planned again in place of those that were not right any more."
    return replace(came, said=(*came.said, more), leads_to=followed.plan.plan_id)


def _told(applied: Applied) -> Outcome:
    posted = applied.posted
    parts = (
        (len(posted.done), "written and read back"),
        (applied.already, "were written before"),
        (len(posted.waiting), "waiting"),
        (len(posted.dead), "refused"),
        (len(applied.stale), "left out"),
        (applied.taken_back, "taken back since and not written again by themselves"),
    )
    first = ", ".join(f"{number:,} {what}" for number, what in parts if number) or "Nothing was to be written"
    found = (*applied.refused, *applied.stale, *applied.not_landed)
    return Outcome(
        said=(
            f"{first}.",
            *(f"{row.subject}: the answer was lost. {how_it_ends(row)}" for row in posted.waiting),
            *(f"{each.sentence} {each.next_step}".rstrip() for each in found),
        ),
        left=bool(posted.waiting or found),
    )


def _undo(desk: Desk, about: str, progress: Progress) -> Outcome:
    """Only the plan that takes it back: it is looked at, approved and applied like any other."""
    made = plan_undo(desk, about, progress)
    if not (made.lines or made.calls_off):
        return Outcome(
            said=("Nothing can be taken back.", *(each.sentence for each in made.left_out)), leads_to=made.plan_id
        )
    return Outcome(said=(f"{len(made.lines):,} entries would be taken back.",), leads_to=made.plan_id)


def _notes(desk: Desk, _about: str, progress: Progress) -> Outcome:
    left = unpushed(desk)
    if not left:
        return Outcome(said=("There is no note to push.",))
    progress("pushing notes", 0, len(left))
    posted = push_later(desk, left, lambda _row: None)
    faults = tuple(f"{row.fault}" for row in (*posted.waiting, *posted.dead))
    return Outcome(said=(f"{len(posted.done)} notes pushed.", *faults), left=bool(faults))


def _backup(desk: Desk, _about: str, progress: Progress) -> Outcome:
    progress("copying, and proving the copy", 0)
    made = back_up(desk.house)
    return Outcome(
        said=(
            f"{made.path} holds everything, and was proved: opened, and its journal checked from end to end.",
            f"The head of {desk.company.name}'s journal in it: {made.heads[desk.id]}. Keep it elsewhere.",
        )
    )


def _prove(desk: Desk, _about: str, progress: Progress) -> Outcome:
    progress("proving", 0)
    held = proven(desk)
    if held.proven:
        return Outcome(said=("Proven: nothing differs.",))
    if held.holds and held.unknown:
        return Outcome(said=("Not proven: nothing contradicts, and not all is known.", *held.unknown), left=True)
    if held.holds:
        return Outcome(said=(f"Nothing contradicts; {held.waiting:,} entries are not in the books yet.",))
    return Outcome(said=("Not everything agrees.", *held.problems[:3]), left=True)


def _shadow(desk: Desk, about: str, progress: Progress) -> Outcome:
    progress("looking", 0)
    found = look_and_keep(desk, *days_of(about))
    period = f"{found.start} to {found.end}"
    if not found.count:
        return Outcome(said=(f"Nothing is wrong in {period}, as far as this can see.", *found.unset))
    return Outcome(said=(f"{found.count:,} things in {period} need a look.", *found.unset), left=True)


def _clean_up(desk: Desk, about: str, progress: Progress) -> Outcome:
    """Only the plan of what is ours to put right: it is looked at, approved and applied like any other. After the
    period, `about` names the entries of ours that are wrong of two."""
    progress("planning", 0)
    first, last, *wrong = about.split(" ")
    made = propose(desk, *days_of(f"{first} {last}"), take_back=wrong)
    left = f"{len(made.left_out):,} things are for a person, each with its steps."
    if not made.lines:
        return Outcome(said=("There is nothing of ours to put right.", left), leads_to=made.plan_id)
    return Outcome(said=(f"{len(made.lines):,} entries would be written.", left), leads_to=made.plan_id)


_WORK: dict[ErrandKind, Work] = {
    ErrandKind.READ: _read,
    ErrandKind.PLAN: _plan,
    ErrandKind.APPLY: _apply,
    ErrandKind.UNDO: _undo,
    ErrandKind.NOTES: _notes,
    ErrandKind.BACKUP: _backup,
    ErrandKind.PROVE: _prove,
    ErrandKind.SHADOW: _shadow,
    ErrandKind.CLEAN_UP: _clean_up,
}
