"""Archives to carry off: the audit pack of a run or month, and everything of a company in open formats. Made in the
background, and given to whoever may make them."""

from __future__ import annotations

from fastapi.responses import FileResponse, Response

from connector.app.archives import ArchiveKind, chosen, ready
from connector.dates import later
from connector.errors import UserError
from connector.model.person import ErrandKind, Role
from connector.web.console.backups import sized
from connector.web.console.drawing import page
from connector.web.console.ways import Visit, act, look

FILE = "file"
TYPE = "application/zip"
ABOUT_MAX = 60


def packs(visit: Visit) -> Response:
    """What an audit pack may be of, and those that lie there."""
    today = visit.desk.today
    return page(
        visit,
        "audit.html",
        "Audit packs",
        room="proof",
        about=visit.guest.asked("about", ABOUT_MAX),
        last_month=f"{later(today, -today.day):%Y-%m}",
        archives=_listed(visit, ArchiveKind.AUDIT),
    )


def exports(visit: Visit) -> Response:
    """What everything of a company is, and those that lie there."""
    return page(visit, "export.html", "Export", room="setup", tab="export", archives=_listed(visit, ArchiveKind.EXPORT))


def _listed(visit: Visit, kind: ArchiveKind) -> list[tuple[str, object, str, str]]:
    """Name, moment, size and address of each."""
    return [
        (each.path.name, each.made_at, sized(each.size_bytes), visit.address(f"{kind}/{FILE}", name=each.path.name))
        for each in ready(visit.desk, kind)
    ]


def pack(visit: Visit) -> Response:
    """Make the pack of a month, a plan or a run."""
    about = visit.guest.given("about", ABOUT_MAX)
    if not about:
        raise UserError("No month and no plan is named.", next_step="Choose a month, or type the name of a plan.")
    return visit.send(ErrandKind.AUDIT, about)


def export(visit: Visit) -> Response:
    """Pack everything of the company."""
    return visit.send(ErrandKind.EXPORT)


def pack_file(visit: Visit) -> Response:
    """An audit pack, to be carried off."""
    return _given(visit, ArchiveKind.AUDIT)


def export_file(visit: Visit) -> Response:
    """Everything, to be carried off."""
    return _given(visit, ArchiveKind.EXPORT)


def _given(visit: Visit, kind: ArchiveKind) -> Response:
    found = chosen(visit.desk, kind, visit.guest.asked("name"))
    return FileResponse(found.path, media_type=TYPE, filename=found.path.name)


WAYS = (
    look("audit", packs, Role.PREPARE),
    look(f"audit/{FILE}", pack_file, Role.PREPARE),
    act("audit", Role.PREPARE, pack),
    look("export", exports, Role.ADMIN),
    look(f"export/{FILE}", export_file, Role.ADMIN),
    act("export", Role.ADMIN, export),
)
