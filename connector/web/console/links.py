"""Payment links: made, shown, taken back, and given another address."""

from __future__ import annotations

from fastapi.responses import Response

from connector.app import linking
from connector.app.link_rules import mode_in
from connector.app.linking import Wish, chosen_link, make_link, overview
from connector.errors import ReceivablesError, UserError
from connector.model.paylink import LinkState
from connector.model.person import Role
from connector.web.console.drawing import page
from connector.web.console.ways import Visit, act, look, shown_again
from connector.web.words import counted

SHOWN_MAX = 100


def show(visit: Visit, fault: ReceivablesError | None = None) -> Response:
    """The list, and the form that makes one."""
    guest, every = visit.guest, visit.guest.asked("all") == "yes"
    rows = overview(visit.desk, every=every)
    return page(
        visit,
        "links.html",
        "Links",
        wrong=fault,
        rows=rows[:SHOWN_MAX],
        count=len(rows),
        every=every,
        invoice=guest.given("invoice", 500) if guest.form is not None else guest.asked("invoice"),
        partial=guest.given("partial") == "yes",
    )


def create(visit: Visit) -> Response:
    """Make the link of an invoice, or of several of one payer."""
    guest, desk = visit.guest, visit.desk
    numbers = [each.strip() for each in guest.given("invoice", 500).split(",") if each.strip()]
    if not numbers:
        raise UserError("No invoice is named.", next_step="Type its number.")
    mode, minimum = mode_in("free" if guest.given("partial") == "yes" else "off", desk.company.home_currency)
    made = make_link(desk, *numbers, wish=Wish(mode=mode, minimum=minimum))
    return visit.to("link", id=made.link.link_id, said="Here is the link. It stays the same as long as it is open.")


def link(visit: Visit) -> Response:
    """Everything of one link."""
    found = linking.show(visit.desk, chosen_link(visit.desk, _id(visit.guest.asked("id"))))
    base = visit.guest.house.config.link_base
    return page(
        visit,
        "link.html",
        f"Link for {', '.join(found.numbers) or found.link.number or ''}",
        room="links",
        found=found,
        open=found.link.state in (LinkState.ACTIVE, LinkState.SETTLED),
        local=linking.opens_here_only(base),
        tries=counted(len(found.attempts), "try", "tries"),
    )


def _id(given: str) -> str:
    if not given.startswith("l-"):
        raise UserError("No link was named.", next_step="Choose one: receivables link list")
    return given


def revoke(visit: Visit) -> Response:
    """Take it back: its address shows nothing from now on."""
    gone = linking.revoke(visit.desk, chosen_link(visit.desk, _id(visit.guest.given("id"))))
    return visit.to("link", id=gone.link_id, said="The link was taken back.")


def rotate(visit: Visit) -> Response:
    """Another address; the old one shows nothing from now on."""
    moved, _ = linking.rotate(visit.desk, chosen_link(visit.desk, _id(visit.guest.given("id"))))
    return visit.to("link", id=moved.link_id, said="The link has another address. The old one shows nothing any more.")


WAYS = (
    look("links", show),
    look("link", link, Role.PREPARE),
    act("links", Role.PREPARE, shown_again(create, show)),
    act("link/revoke", Role.PREPARE, revoke),
    act("link/rotate", Role.PREPARE, rotate),
)
