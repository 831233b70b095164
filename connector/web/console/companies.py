"""One list across companies: what a bookkeeper looks at in the morning."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi.responses import RedirectResponse, Response

from connector.app.freshness import freshness
from connector.app.house import Desk
from connector.app.shouting import conditions
from connector.app.staff import companies_of
from connector.app.standing import status
from connector.dates import Instant
from connector.model.autosync import Turn
from connector.model.firm import Company
from connector.model.person import Role
from connector.web.console.drawing import hall
from connector.web.console.ways import SEE_OTHER, Guest, address_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One company of the list. `questions` counts payments that wait, `alarms` what is wrong."""

    company: Company
    role: Role
    address: str
    data_as_of: Instant | None
    stale: bool
    questions: int
    failed: int
    alarms: tuple[str, ...]
    turn: Turn

    @property
    def well(self) -> bool:
        return not (self.alarms or self.failed or self.stale)


def companies(guest: Guest) -> Response:
    """The list; straight on where there is only one."""
    found = companies_of(guest.house, guest.person)
    if len(found) == 1:
        return RedirectResponse(address_of(found[0][0].company_id), status_code=SEE_OTHER)
    lines = [_line(guest, guest.house.company(company.company_id), role) for company, role in found]
    lines.sort(key=lambda line: (line.well, line.company.name.casefold()))
    return hall(guest, "companies.html", "Companies", lines=lines)


def _line(guest: Guest, desk: Desk, role: Role) -> Line:
    stands, turn, fresh = status(desk), desk.store.turn(desk.id), freshness(desk)
    return Line(
        company=desk.company,
        role=role,
        address=address_of(desk.id),
        data_as_of=fresh.data_as_of,
        stale=fresh.stale,
        questions=guest.tools.glass.waiting_count(desk),
        failed=stands.failed,
        alarms=tuple(each.sentence for each in conditions(desk, turn)),
        turn=turn,
    )
