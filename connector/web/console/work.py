"""Long work: begun by a form, told of on a page that asks again by itself, whatever becomes of the server meanwhile."""

from __future__ import annotations

from fastapi.responses import Response

from connector.app.archives import ArchiveKind
from connector.app.errands import is_cut_off
from connector.errors import UserError
from connector.model.person import ErrandKind, ErrandState, Role
from connector.web.console.archives import FILE
from connector.web.console.drawing import page
from connector.web.console.ways import Visit, act, look

TITLES: dict[ErrandKind, str] = {
    ErrandKind.READ: "Read everything",
    ErrandKind.PLAN: "Make a plan",
    ErrandKind.APPLY: "Write into the books",
    ErrandKind.UNDO: "Plan the taking back",
    ErrandKind.NOTES: "Push notes",
    ErrandKind.BACKUP: "Make a backup",
    ErrandKind.PROVE: "Prove that all agree",
    ErrandKind.AUDIT: "Make an audit pack",
    ErrandKind.EXPORT: "Export everything",
    ErrandKind.SHADOW: "Look at a past period",
    ErrandKind.CLEAN_UP: "Plan a clean-up",
}

ROOM_OF: dict[ErrandKind, tuple[str, str]] = {
    ErrandKind.READ: ("", ""),
    ErrandKind.BACKUP: ("setup", "backup"),
    ErrandKind.PROVE: ("proof", ""),
    ErrandKind.AUDIT: ("proof", ""),
    ErrandKind.EXPORT: ("setup", "export"),
    ErrandKind.SHADOW: ("proof", ""),
}
"""Under which pages it stands, if not under plans."""

ARCHIVES = {ErrandKind.AUDIT: ArchiveKind.AUDIT, ErrandKind.EXPORT: ArchiveKind.EXPORT}
"""What leads to an archive, and not to a plan."""

NEEDED: dict[ErrandKind, Role] = {
    ErrandKind.READ: Role.PREPARE,
    ErrandKind.PLAN: Role.PREPARE,
    ErrandKind.APPLY: Role.APPROVE,
    ErrandKind.UNDO: Role.PREPARE,
    ErrandKind.NOTES: Role.PREPARE,
    ErrandKind.BACKUP: Role.ADMIN,
    ErrandKind.PROVE: Role.PREPARE,
    ErrandKind.AUDIT: Role.PREPARE,
    ErrandKind.EXPORT: Role.ADMIN,
    ErrandKind.SHADOW: Role.PREPARE,
    ErrandKind.CLEAN_UP: Role.PREPARE,
}


def show(visit: Visit) -> Response:
    """How far it is, or what came of it."""
    errand = visit.desk.store.errand(visit.desk.id, visit.guest.asked("id"))
    cut_off = is_cut_off(errand)
    working = errand.state is ErrandState.WORKING and not cut_off
    percent = errand.done * 100 // errand.total if errand.total else None
    room, tab = ROOM_OF.get(errand.kind, ("plans", ""))
    archive = ARCHIVES.get(errand.kind)
    return page(
        visit,
        "work.html",
        TITLES[errand.kind],
        room=room,
        tab=tab,
        errand=errand,
        of_a_period=errand.kind in (ErrandKind.SHADOW, ErrandKind.CLEAN_UP),
        cut_off=cut_off,
        working=working,
        again=working,
        percent=min(percent, 100) if percent is not None else None,
        may_again=visit.may(NEEDED[errand.kind]),
        archives=archive or "",
        download=visit.address(f"{archive}/{FILE}", name=errand.leads_to) if archive and errand.leads_to else "",
    )


def again(visit: Visit) -> Response:
    """Begin it anew: what was done is not done twice."""
    errand = visit.desk.store.errand(visit.desk.id, visit.guest.given("id"))
    if not visit.may(NEEDED[errand.kind]):
        raise UserError("Your role does not reach for that.", next_step="Ask somebody who may approve.")
    return visit.send(errand.kind, errand.about)


def read(visit: Visit) -> Response:
    """Read everything now, and decide."""
    return visit.send(ErrandKind.READ)


def push(visit: Visit) -> Response:
    """Push the notes of contacts that were logged without."""
    return visit.send(ErrandKind.NOTES)


WAYS = (
    look("work", show),
    act("work", Role.PREPARE, again),
    act("read", Role.PREPARE, read),
    act("notes", Role.PREPARE, push),
)
