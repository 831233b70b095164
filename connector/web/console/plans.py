"""Plans: made, looked at line by line, approved by a second person, written, and taken back by a plan of their own."""

from __future__ import annotations

from fastapi.responses import Response

from connector.app.approving import approve
from connector.app.books import stored_plan
from connector.app.plans import Plans, PlanStanding, PlanState
from connector.app.undoing import say_again, say_leave
from connector.errors import UserError
from connector.model.person import ErrandKind, Role
from connector.plan import Plan
from connector.plan.clean_up import PREFIX
from connector.plan.refunds import PREFIX as REFUND_PREFIX
from connector.web.console.drawing import page
from connector.web.console.ways import Visit, act, look
from connector.web.plan import plan_shown
from connector.web.words import counted

SHOWN_MAX = 40
WRITTEN = frozenset({PlanState.APPLIED, PlanState.PARTLY, PlanState.UNDONE_PARTLY})
"""Plans of which something may be in the books."""

OUT = frozenset({PlanState.UNDONE, PlanState.UNDONE_PARTLY})
"""Plans of which something was taken out of the books again."""


def plans(visit: Visit) -> Response:
    """The list, the latest first."""
    found = list(Plans(visit.desk).latest(SHOWN_MAX))
    rows = [(each, kind_of(each.plan)) for each in found]
    return page(visit, "plans.html", "Plans", rows=rows, shown_max=SHOWN_MAX)


def kind_of(made: Plan) -> str:
    """What a plan is, if it is no common one."""
    if made.undoes:
        return f"takes back {made.undoes}"
    if made.plan_id.startswith(PREFIX):
        return "clean-up"
    if made.plan_id.startswith(REFUND_PREFIX):
        return "refund"
    return f"in place of lines of {made.follows}" if made.follows is not None else ""


def plan(visit: Visit) -> Response:
    """One plan, and what this person may do with it now."""
    made = stored_plan(visit.desk, _id(visit.guest.asked("id")))
    standing = Plans(visit.desk).of(made)
    return page(
        visit,
        "plan.html",
        made.plan_id,
        room="plans",
        may_apply=_may_apply(standing),
        may_agree=not standing.consent.given and made.made_by.casefold() != visit.guest.person.person_id.casefold(),
        may_take_back=standing.state in WRITTEN and not made.undoes and not made.plan_id.startswith(REFUND_PREFIX),
        is_out=standing.state in OUT and not made.undoes,
        kind=kind_of(made),
        **plan_shown(standing),
    )


def _id(given: str) -> str:
    """The plan's id; without one a plan would be chosen that nobody looked at."""
    if not given:
        raise UserError("No plan was named.", next_step="Choose one: receivables plans")
    return given


def _may_apply(standing: PlanStanding) -> bool:
    """Whether something of it is still to be written, and nobody's word is lacking."""
    waits = standing.state in (PlanState.MADE, PlanState.APPROVED, PlanState.PARTLY)
    return waits and bool(standing.plan.lines) and not standing.consent.lacks


def make(visit: Visit) -> Response:
    """Make one of everything that is decided."""
    return visit.send(ErrandKind.PLAN)


def agree(visit: Visit) -> Response:
    """Approve exactly what was shown, by the hash on its page."""
    guest = visit.guest
    made = stored_plan(visit.desk, _id(guest.given("plan")))
    approve(visit.desk, made, guest.person.person_id, seen=guest.given("hash"))
    return visit.to("plan", id=made.plan_id, said=f"You approved {made.plan_id}.")


def write(visit: Visit) -> Response:
    """Write it into the books."""
    return visit.send(ErrandKind.APPLY, _id(visit.guest.given("plan")))


def take_back(visit: Visit) -> Response:
    """Plan what takes it back; that plan is looked at and written like any other."""
    return visit.send(ErrandKind.UNDO, _id(visit.guest.given("plan")))


def again(visit: Visit) -> Response:
    """What was taken out of the books may be posted again, as it was decided; the next plan has it."""
    said = say_again(visit.desk, _id(visit.guest.given("plan")))
    return visit.to("plans", said=f"{counted(len(said.rulings), 'record')} may be posted again: make a plan.")


def leave(visit: Visit) -> Response:
    """It stays out of the books, and no plan tells it again."""
    said = say_leave(visit.desk, _id(visit.guest.given("plan")))
    return visit.to("plans", said=f"{counted(len(said.rulings), 'record')} will stay out of the books.")


WAYS = (
    look("plans", plans),
    look("plan", plan),
    act("plans/make", Role.PREPARE, make),
    act("plan/approve", Role.APPROVE, agree),
    act("plan/apply", Role.APPROVE, write),
    act("plan/undo", Role.PREPARE, take_back),
    act("plan/again", Role.PREPARE, again),
    act("plan/leave", Role.PREPARE, leave),
)
