"""What another setting would make different, shown before it is stored: lines of the plan that waits, and entries that
are in the books and stay as they are."""

from __future__ import annotations

from functools import partial

from fastapi.responses import Response

from connector import canonical
from connector.app.figures import takes_long
from connector.app.replanning import Changes, under
from connector.model.firm import Connection, MatchingRules
from connector.model.person import Role
from connector.web.console.drawing import page
from connector.web.console.foreseen import Choice
from connector.web.console.ways import Visit, look

SHOWN_MAX = 60
ROOM = "foreseen"
NONE = Changes(plan_id=None, lines=(), added=0, posted=())


def mark(before: object, after: object) -> str:
    """Exactly this change of exactly what stood there."""
    return canonical.digest(canonical.encode([before, after]))


def ask(
    visit: Visit, choice: Choice, *, connection: Connection | None = None, rules: MatchingRules | None = None
) -> Response | None:
    """The page that shows what would be different, with the button that stores it; None where nothing is. In a company
    in which that takes long, the way to it, and it is shown there that nothing is."""
    work = partial(under, connection=connection, rules=rules)
    if takes_long(visit.desk):
        tools = visit.guest.tools
        return visit.to(ROOM, id=tools.foresight.begin(tools.open_house, visit.desk, choice, work))
    changes = work(visit.desk)
    return shown(visit, choice, changes) if changes.any else None


def foreseen(visit: Visit) -> Response:
    """The same, once it is worked out; until then the browser asks again by itself."""
    held = visit.guest.tools.foresight.of(visit.desk, visit.guest.asked("id"))
    if held.fault is not None:
        raise held.fault
    return shown(visit, held.choice, held.changes)


def shown(visit: Visit, choice: Choice, changes: Changes | None = NONE) -> Response:
    """The page itself; `changes`: None while they are worked out."""
    found = changes if changes is not None else NONE
    return page(
        visit,
        "replanned.html",
        "What would be different",
        room=choice.room,
        tab=choice.to,
        again=changes is None,
        choice=choice,
        fields=[(name, each) for name, value in choice.fields.items() for each in _each(value)],
        ready=changes is not None,
        changes=found,
        lines=found.lines[:SHOWN_MAX],
        posted=found.posted[:SHOWN_MAX],
        runs=list(dict.fromkeys(str(each.row.plan_id) for each in found.posted)),
        shown_max=SHOWN_MAX,
    )


def _each(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value


WAYS = (look(ROOM, foreseen, Role.ADMIN),)
