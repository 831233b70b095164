"""Switching a company's turns on and off, and pausing its writes. Off by default; on only after a plan that a person
applied, and books that were proved since."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import Event

from connector.app.approving import money_limits
from connector.app.freshness import freshness
from connector.app.house import Desk, House
from connector.app.proof import prove
from connector.app.standing import status
from connector.app.ticking import UNATTENDED
from connector.errors import Refused, SettingsError
from connector.model.autosync import Autosync, Turn
from connector.model.firm import Company
from connector.runtime import Runner, RunnerStatus
from connector.runtime.held import Held
from connector.runtime.loop import LEASE_SECONDS, POLL_SECONDS, Loop
from connector.store.budget import EVERYBODY
from connector.store.owners import is_dead, this_process

SWITCHED_ON = "switched on"
WOKEN = "somebody asked"
BEGIN_PER_SECOND = 20
"""So many companies become due in a second when a daemon begins: 5,000 within an interval of five minutes."""

DAEMON = "daemon"
"""The lease of the one daemon of a SQLite file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stands:
    """How one company stands with its turns. `failed` counts what waits for a person, as every output does."""

    company: Company
    turn: Turn
    stale: bool
    failed: int

    @property
    def well(self) -> bool:
        """Whether nobody has to look: it is off, or its turns go well and what they read is fresh."""
        return not self.company.autosync.on or not (self.turn.failed or self.stale or self.failed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a person says when switching on: None leaves a setting as it is. Amounts as in "1000.00 USD, 500 CAD"; "off"
    takes a bound away."""

    every_seconds: int | None = None
    per_posting: str | None = None
    per_day: str | None = None
    dry_run: bool = False


def switch_on(desk: Desk, wanted: Wanted) -> Autosync:
    """The company's turns come by themselves from now on. Refused until it was seen to work; a dry run always may."""
    if not wanted.dry_run:
        _seen_to_work(desk)
    held = desk.company.autosync
    chosen = replace(
        held,
        on=True,
        dry_run=wanted.dry_run,
        every_seconds=wanted.every_seconds or held.every_seconds,
        per_posting=held.per_posting if wanted.per_posting is None else money_limits(desk, wanted.per_posting),
        per_day=held.per_day if wanted.per_day is None else money_limits(desk, wanted.per_day),
    )
    _keep(desk, autosync=chosen)
    desk.store.wake(desk.id, SWITCHED_ON)
    return chosen


def _seen_to_work(desk: Desk) -> None:
    """A person has applied a plan, everything was read, writes are allowed, and books and processors agree."""
    desk.writable(desk.books())
    freshness(desk).whole("what is written unattended")
    if not desk.store.was_applied(desk.id, but_by=UNATTENDED):
        raise Refused(
            "No plan was applied for this company yet, so nobody has seen yet what would be written by itself.",
            next_step="First: receivables plan, then apply and prove; or watch it: receivables autosync on --dry-run",
        )
    proof = prove(desk)
    if not proof.holds:
        raise Refused(
            f"The proof does not hold: {proof.problems[0]}",
            next_step="Settle it first, then switch on: receivables prove",
        )


def switch_off(desk: Desk) -> None:
    """No turn comes by itself any more. What is being written now is written to its end."""
    _keep(desk, autosync=replace(desk.company.autosync, on=False))
    desk.store.forget_due(desk.id)


def pause(desk: Desk) -> None:
    """Nothing is written for the company from the next call on, by hand or by itself."""
    _keep(desk, paused=True)


def resume(desk: Desk) -> None:
    """Writing may go on, and a turn comes at once where they come by themselves."""
    _keep(desk, paused=False)
    if desk.company.autosync.on:
        desk.store.wake(desk.id, WOKEN)


def _keep(desk: Desk, *, autosync: Autosync | None = None, paused: bool | None = None) -> None:
    # As it stands now, and not as it stood when this process began.
    held = desk.store.company(desk.id)
    changed = replace(
        held,
        autosync=held.autosync if autosync is None else autosync,
        paused=held.paused if paused is None else paused,
    )
    if changed != held:
        desk.store.set_company(changed, desk.actor)
    desk.company = changed


def stands(house: House, companies: Iterable[Company] | None = None) -> tuple[Stands, ...]:
    """How every company stands, by id. From our own store alone."""
    return tuple(_stands(Desk(house, each)) for each in companies or house.store.companies())


def _stands(desk: Desk) -> Stands:
    said = status(desk)
    return Stands(
        company=desk.company,
        turn=desk.store.turn(desk.id),
        stale=any(each.stale for each in said.connections),
        failed=said.failed,
    )


def runner(house: House, *, workers: int = 1, cluster: bool = False) -> Runner:
    """Who calls the turns in this process: the embedded loop, or a cluster's dispatcher. Errors: SettingsError when
    there is no cluster to be part of."""
    loop = Loop(store=house.store, owner=this_process(), workers=workers)
    if not cluster:
        return loop
    if house.store.is_one_file:
        raise SettingsError(
            "A cluster needs one PostgreSQL database that all its machines reach.",
            next_step="Set RECEIVABLES_DATABASE to its URL, or leave --cluster out.",
        )
    try:
        from connector.runtime.cluster import Dispatcher
    except ImportError:
        raise SettingsError(
            "What hands out the turns of a cluster is not installed.",
            next_step="Install it: pip install 'receivables-connector[cluster]'",
        ) from None
    return Dispatcher(loop=loop, url=house.config.database, clock=house.clock, workers=workers)


@contextmanager
def alone(house: House, stop: Event, tell: Callable[[str], None]) -> Iterator[None]:
    """The one daemon of a SQLite file: a second one says so and waits until the first has ended. On PostgreSQL several
    work side by side."""
    if not house.store.is_one_file:
        yield
        return
    lease, told = None, False
    while lease is None and not stop.is_set():
        holder = house.store.holder(EVERYBODY, DAEMON)
        lease = house.store.acquire(
            EVERYBODY, DAEMON, this_process(), LEASE_SECONDS, after_dead=holder if holder and is_dead(holder) else None
        )
        if lease is None and not told:
            tell(f"Another daemon works on this database ({holder}); this one waits until it has ended.")
            told = True
        if lease is None:
            stop.wait(POLL_SECONDS)
    if lease is None:  # told to stop before it came
        yield
        return
    try:
        # Whoever lost it to another, because this computer slept too long, stops.
        with Held(lambda: house.store.renew(lease), LEASE_SECONDS, on_lost=stop.set):
            yield
    finally:
        house.store.release(lease)


def is_running(house: House) -> bool | None:
    """Whether a daemon works on this database. None where that is not known: on PostgreSQL any machine may run one."""
    if not house.store.is_one_file:
        return None
    holder = house.store.holder(EVERYBODY, DAEMON)
    return holder is not None and not is_dead(holder)


def wake_all(house: House, runs: Runner) -> int:
    """Make sure that whoever has turns is due: a restored backup has companies and no rows of when. How many.

    Not all in one moment: of thousands, the last would wait for minutes behind the others, and so at every turn after.
    """
    found = [each for each in house.store.companies() if each.autosync.on]
    for number, each in enumerate(found):
        runs.wake(each.company_id, reason="the daemon began", in_seconds=number / BEGIN_PER_SECOND)
    return len(found)


def queue(house: House) -> RunnerStatus:
    """How the turns of all companies stand."""
    return runner(house).status()
