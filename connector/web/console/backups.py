"""Copies of everything: made and proved now, and those that lie there. Putting one back is for the command line, where
nobody works meanwhile, this console neither; on a new computer it is a page (`moving`)."""

from __future__ import annotations

from fastapi.responses import Response

from connector.app.copies import kept
from connector.model.person import ErrandKind, Role
from connector.web.console.drawing import page
from connector.web.console.ways import Visit, act, look

SHOWN_MAX = 50
_UNITS = ("bytes", "KB", "MB", "GB", "TB")
_STEP = 1_000


def show(visit: Visit) -> Response:
    """The list, and where it lies."""
    house = visit.desk.house
    found = kept(house.config)
    return page(
        visit,
        "backup.html",
        "Backup",
        room="setup",
        tab="backup",
        folder=house.config.backup_folder,
        chosen=house.config.backups is not None,
        is_file=house.store.is_one_file,
        copies=[(each, sized(each.size_bytes)) for each in found[:SHOWN_MAX]],
        count=len(found),
    )


def sized(size_bytes: int) -> str:
    """12 MB: as a file manager shows it, rounded down."""
    size, unit = size_bytes, 0
    while size >= _STEP and unit < len(_UNITS) - 1:
        size, unit = size // _STEP, unit + 1
    return f"{size:,} {_UNITS[unit]}"


def make(visit: Visit) -> Response:
    """Make one now, while work goes on."""
    return visit.send(ErrandKind.BACKUP)


WAYS = (look("backup", show, Role.ADMIN), act("backup", Role.ADMIN, make))
