"""The first steps of a company with nothing yet, each with how it stands and its button; and a company made anew."""

from __future__ import annotations

from fastapi.responses import RedirectResponse, Response

from connector.app.first_steps import StepKey, StepState, first_steps
from connector.app.founding import found_company, may_found, zones
from connector.app.freshness import freshness
from connector.app.moving import may_move_in
from connector.errors import ReceivablesError, UserError
from connector.model.person import ErrandKind, Role
from connector.web.console.drawing import hall, page
from connector.web.console.ways import SEE_OTHER, Guest, Visit, act, address_of, look

LEADS: dict[StepKey, tuple[str, str, str]] = {
    StepKey.BOOKS: ("connections", "Connect", "Connections"),
    StepKey.MONEY: ("connections", "Connect", "Connections"),
    StepKey.READ: ("read", "Read everything now", "Read everything again"),
    StepKey.ACCOUNTS: ("accounts", "Choose accounts", "Accounts"),
    StepKey.PLAN: ("plans/make", "Make a plan", "Look at the plan"),
    StepKey.WRITES: ("connections", "Connections", "Connections"),
    StepKey.APPLY: ("plans", "Plans", "Plans"),
    StepKey.PROVE: ("proof", "Proof", "Proof"),
    StepKey.AUTOSYNC: ("autosync", "Auto-sync", "Auto-sync"),
}
"""Where each step is done, what its button says until it is, and what it says then."""

FORMS: dict[StepKey, Role] = {StepKey.READ: Role.PREPARE, StepKey.PLAN: Role.PREPARE}
"""Steps that a button does by itself, with the role that it needs."""


def show(visit: Visit) -> Response:
    """The list."""
    known = freshness(visit.desk)
    steps = first_steps(visit.desk, known)
    done = sum(each.state is StepState.DONE for each in steps)
    return page(
        visit,
        "setup.html",
        "First steps",
        room="setup",
        tab="setup",
        known=known,
        steps_shown=[(each, *_button(visit, each.key, each.state, each.leads_to)) for each in steps],
        done=done,
        count=len(steps),
    )


def _button(visit: Visit, key: StepKey, state: StepState, leads_to: str) -> tuple[str, str, bool]:
    """Where it leads, what it says, and whether it is a form's."""
    to, first, after = LEADS[key]
    done = state is StepState.DONE
    if key is StepKey.PLAN and done:
        return visit.address("plan", id=leads_to), after, False
    if key in FORMS:
        return (visit.address(to), after if done else first, True) if visit.may(FORMS[key]) else ("", "", False)
    return visit.address(to), after if done else first, False


def prove(visit: Visit) -> Response:
    """Prove it now, and show what came of it."""
    return visit.send(ErrandKind.PROVE)


def new_company(guest: Guest) -> Response:
    """The form for a company of its own."""
    return _new_company(guest)


def _new_company(guest: Guest, fault: ReceivablesError | None = None) -> Response:
    if not may_found(guest.house, guest.person):
        return hall(guest, "nothing.html", "Nothing here", status=404)
    sent = {name: guest.given(name, 100) if guest.form is not None else "" for name in ("name", "id", "zone")}
    return hall(
        guest,
        "new_company.html",
        "A new company",
        wrong=fault,
        given=sent,
        zones=zones(),
        may_move_in=may_move_in(guest.house),
    )


def make_company(guest: Guest) -> Response:
    """Make it; whoever does is its admin, and goes on with its first steps."""
    if not may_found(guest.house, guest.person):
        return hall(guest, "nothing.html", "Nothing here", status=404)
    try:
        made = found_company(
            guest.house, guest.person, guest.given("id", 100), guest.given("name", 100), guest.given("zone", 100)
        )
    except UserError as fault:
        return _new_company(guest, fault)
    return RedirectResponse(address_of(made.company_id, "setup"), status_code=SEE_OTHER)


WAYS = (
    look("setup", show),
    act("prove", Role.PREPARE, prove),
)
