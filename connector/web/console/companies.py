"""One list across companies: what a bookkeeper looks at in the morning, whoever needs help first."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from fastapi.responses import RedirectResponse, Response

from connector.app.figures import asked_count
from connector.app.founding import may_found
from connector.app.house import Desk
from connector.app.moving import may_move_in
from connector.app.shouting import conditions
from connector.app.staff import companies_of
from connector.app.standing import status
from connector.dates import Instant
from connector.model.autosync import Turn
from connector.model.firm import Company
from connector.model.person import Role
from connector.web.console.drawing import hall
from connector.web.console.ways import SEE_OTHER, Guest, address_of

SEARCH_FROM = 12
"""From so many companies on, the list has a field to find one by its name."""


class Need(IntEnum):
    """How much a company needs somebody: the list's order."""

    TROUBLE = 0
    QUESTIONS = 1
    BEGUN = 2
    NOTHING = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One company of the list. `questions` counts payments that wait, `alarms` what is wrong; `begun`: something is
    connected."""

    company: Company
    role: Role
    address: str
    data_as_of: Instant | None
    begun: bool
    stale: bool
    questions: int
    failed: int
    alarms: tuple[str, ...]
    turn: Turn

    @property
    def need(self) -> Need:
        if self.begun and (self.alarms or self.failed or self.stale):
            return Need.TROUBLE
        if not self.begun:
            return Need.BEGUN
        return Need.QUESTIONS if self.questions else Need.NOTHING


def companies(guest: Guest) -> Response:
    """The list, or those of it with words in their names; straight on where there is only one."""
    found = companies_of(guest.house, guest.person)
    if len(found) == 1:
        return RedirectResponse(address_of(found[0][0].company_id), status_code=SEE_OTHER)
    wanted = guest.asked("q").strip()
    chosen = [(company, role) for company, role in found if _is_meant(company, wanted)]
    lines = [_line(guest, Desk(guest.house, company), role) for company, role in chosen]
    lines.sort(key=lambda line: (line.need, -line.failed, -line.questions, line.company.name.casefold()))
    return hall(
        guest,
        "companies.html",
        "Companies",
        lines=lines,
        q=wanted,
        searches=len(found) >= SEARCH_FROM,
        may_found=may_found(guest.house, guest.person),
        may_move_in=may_move_in(guest.house),
        counts={need.name.casefold(): sum(line.need is need for line in lines) for need in Need},
    )


def _is_meant(company: Company, wanted: str) -> bool:
    words = wanted.casefold().split()
    return all(word in f"{company.name} {company.company_id}".casefold() for word in words)


def _line(guest: Guest, desk: Desk, role: Role) -> Line:
    stands, turn = status(desk), desk.store.turn(desk.id)
    moments = [each.data_as_of for each in stands.connections]
    known = guest.tools.glass.waiting_known(desk)
    return Line(
        company=desk.company,
        role=role,
        address=address_of(desk.id),
        data_as_of=min((each for each in moments if each is not None), default=None) if None not in moments else None,
        begun=bool(stands.connections),
        stale=any(each.stale for each in stands.connections),
        questions=known if known is not None else asked_count(desk) if stands.findings else 0,
        failed=stands.failed,
        alarms=tuple(each.sentence for each in conditions(desk, turn, stands)),
        turn=turn,
    )
