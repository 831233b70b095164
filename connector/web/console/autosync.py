"""The switch of a company's turns, with its bounds; and the pause, which stops all writing at once."""

from __future__ import annotations

from dataclasses import replace

from fastapi.responses import Response

from connector.app.house import Desk, House
from connector.app.switching import DAEMON, Wanted, pause, resume, switch_off, switch_on
from connector.errors import ReceivablesError, UserError
from connector.model.person import Role
from connector.money import Money, plain
from connector.store.budget import EVERYBODY
from connector.web.console.drawing import page
from connector.web.console.ways import Visit, act, look, shown_again

EVERY_MINUTES_MAX = 1_440


def show(visit: Visit, fault: ReceivablesError | None = None) -> Response:
    """How it stands."""
    desk, guest = visit.desk, visit.guest
    company = desk.store.company(desk.id)
    held = company.autosync
    sent = guest.form is not None
    return page(
        visit,
        "autosync.html",
        "Auto-sync",
        wrong=fault,
        company=company,
        turn=desk.store.turn(desk.id),
        working=_daemon(guest.house),
        per_posting=guest.given("per_posting", 200) if sent else _amounts(held.per_posting),
        per_day=guest.given("per_day", 200) if sent else _amounts(held.per_day),
        every=guest.given("every", 10) if sent else str(held.every_seconds // 60),
    )


def _daemon(house: House) -> bool | None:
    """Whether the daemon of a SQLite file runs; None where many machines may share the turns."""
    return house.store.holder(EVERYBODY, DAEMON) is not None if house.store.is_one_file else None


def _amounts(bounds: tuple[Money, ...]) -> str:
    """As somebody types them."""
    return ", ".join(f"{plain(each)} {each.currency}" for each in bounds)


def switch(visit: Visit) -> Response:
    """On, on as a dry run, or off. Refused with the reason where it was not seen to work yet."""
    guest, desk = visit.guest, visit.desk
    if guest.given("do") == "off":
        switch_off(desk)
        return visit.to("autosync", said="Auto-sync is off. Everything it wrote stays; each run can be taken back.")
    dry = guest.given("do") == "dry"
    chosen = switch_on(desk, _wanted(visit, dry_run=dry))
    every = chosen.every_seconds // 60
    what = "watches, and nothing is written" if dry else "is on"
    return visit.to("autosync", said=f"Auto-sync {what}: every {every} minutes, while the daemon runs.")


def _wanted(visit: Visit, *, dry_run: bool) -> Wanted:
    every = visit.guest.given("every", 10)
    if not every.isdecimal() or not 1 <= int(every) <= EVERY_MINUTES_MAX:
        raise UserError("The minutes between two turns are a number from 1 to 1,440.", next_step="Often 5 is right.")
    return replace(
        Wanted(dry_run=dry_run),
        every_seconds=int(every) * 60,
        per_posting=visit.guest.given("per_posting", 200) or "off",
        per_day=visit.guest.given("per_day", 200) or "off",
    )


def stop(visit: Visit) -> Response:
    """Nothing more is written from the next call on."""
    pause(visit.desk)
    return visit.to("autosync", said=f"{_name(visit.desk)} is paused: nothing is written until somebody lets it go on.")


def go_on(visit: Visit) -> Response:
    """Writing may go on."""
    resume(visit.desk)
    return visit.to("autosync", said=f"{_name(visit.desk)} goes on.")


def _name(desk: Desk) -> str:
    return desk.company.name


WAYS = (
    look("autosync", show),
    act("autosync", Role.ADMIN, shown_again(switch, show)),
    act("pause", Role.PREPARE, stop),
    act("resume", Role.APPROVE, go_on),
)
