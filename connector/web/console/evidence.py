"""A forwarded file of evidence, every decision of it computed again; and the same of everything that is kept here."""

from __future__ import annotations

from fastapi.responses import Response

from connector.app.explaining import check_store
from connector.app.proving import Report, check_file
from connector.errors import UserError
from connector.model.person import Role
from connector.web.console.bank import on_disk, one_chosen
from connector.web.console.door import FILES_BYTES_MAX
from connector.web.console.drawing import page
from connector.web.console.ways import Visit, act, look, shown_again


def show(visit: Visit, fault: UserError | None = None) -> Response:
    """What to choose."""
    return _show(visit, wrong=fault)


def _show(visit: Visit, *, wrong: UserError | None = None, report: Report | None = None, of: str = "") -> Response:
    return page(visit, "evidence.html", "Check evidence", room="proof", wrong=wrong, report=report, of=of)


def check(visit: Visit) -> Response:
    """Compute it again. Nothing is kept of what was sent."""
    if visit.guest.given("what", 10) == "kept":
        return _show(visit, report=check_store(visit.desk, lambda *_: None), of="Everything that is kept here")
    sent = one_chosen(visit, "Choose a file that `receivables match --evidence` wrote.", FILES_BYTES_MAX)
    with on_disk([sent]) as (path,):
        return _show(visit, report=check_file(path, lambda *_: None), of=path.name)


WAYS = (
    look("evidence", show),
    act("evidence", Role.VIEW, shown_again(check, show), takes_files=True),
)
