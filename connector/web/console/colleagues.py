"""Who may use a company's console: added by a link, given another role, removed."""

from __future__ import annotations

from fastapi.responses import Response

from connector.app.approving import set_approve_above
from connector.app.staff import add_colleague, colleagues, new_link, remove, role_named, set_role
from connector.errors import ReceivablesError
from connector.model.person import Role
from connector.money import grouped, plain
from connector.web.console.drawing import page
from connector.web.console.ways import Visit, act, look, shown_again


def show(visit: Visit, fault: ReceivablesError | None = None, *, secret: str = "", whose: str = "") -> Response:
    """The list, and the form that adds somebody."""
    guest = visit.guest
    sent = guest.form is not None and fault is not None
    limits = visit.desk.company.approve_above
    return page(
        visit,
        "people.html",
        "People",
        room="setup",
        tab="people",
        wrong=fault,
        people=colleagues(visit.desk),
        roles=tuple(Role),
        secret=secret,
        whose=whose,
        given={name: guest.given(name, 100) if sent else "" for name in ("name", "full", "role")},
        limits=limits,
        above=guest.given("above", 200) if sent else ", ".join(f"{plain(each)} {each.currency}" for each in limits),
    )


def add(visit: Visit) -> Response:
    """Add somebody; the link by which they choose a password is shown on this page alone."""
    guest = visit.guest
    role = role_named(guest.given("role", 20))
    person, secret = add_colleague(visit.desk, guest.given("name", 100), guest.given("full", 100), role)
    return show(visit, secret=secret, whose=person.name)


def change(visit: Visit) -> Response:
    """Another role, a new link, or none at all."""
    guest, wanted = visit.guest, visit.guest.given("person", 100)
    match guest.given("do", 20):
        case "remove":
            gone = remove(visit.desk, wanted)
            said = f"{gone.name} does not use this console any more."
        case "link":
            return show(visit, secret=new_link(visit.desk, wanted), whose=wanted)
        case _:
            held = set_role(visit.desk, wanted, role_named(guest.given("role", 20)))
            said = f"{held.person.name} has the role {held.role} now."
    return visit.to("people", said=said)


def bound(visit: Visit) -> Response:
    """From which sum on a plan needs a second person."""
    limits = set_approve_above(visit.desk, visit.guest.given("above", 200) or "off")
    above = " or ".join(grouped(each) for each in limits)
    said = f"Plans that write more than {above} need a second person." if limits else "No plan needs a second person."
    return visit.to("people", said=said)


WAYS = (
    look("people", show, Role.ADMIN),
    act("people", Role.ADMIN, shown_again(add, show)),
    act("people/change", Role.ADMIN, shown_again(change, show)),
    act("people/bound", Role.ADMIN, shown_again(bound, show)),
)
