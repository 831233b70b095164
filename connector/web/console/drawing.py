"""Pages of the console as answers: the frame around them, one style sheet, one policy."""

from __future__ import annotations

from typing import Any

from fastapi.responses import HTMLResponse
from markupsafe import Markup

from connector.app.freshness import freshness
from connector.app.sessions import PASSWORD_MIN
from connector.errors import ReceivablesError, Refused, StoreLocked, UnknownRecord, UserError
from connector.model.person import Role
from connector.web.console.steps import linked
from connector.web.console.ways import Guest, Visit
from connector.web.drawn import policy
from connector.web.forgery import sign
from connector.web.sheets import sheets, style_source

STYLE = "console/console.css"
SCRIPT = "console.js"
FORM_OF = "console"
"""What the console's forms are signed for."""

OK, WRONG, FORBIDDEN, NOT_FOUND, CONFLICT, TOO_MANY, BROKEN = 200, 400, 403, 404, 409, 429, 502

ROOMS: tuple[tuple[str, str], ...] = (
    ("", "Home"),
    ("today", "Today"),
    ("review", "Review"),
    ("plans", "Plans"),
    ("aging", "Aging"),
    ("links", "Links"),
    ("findings", "Findings"),
    ("proof", "Proof"),
    ("autosync", "Auto-sync"),
    ("people", "People"),
)
"""The way through a company's pages."""


def form_of(guest: Guest) -> str:
    """What every form of a page carries, so that no other page can send it."""
    return sign(guest.session.form_key.encode(), FORM_OF, guest.session.token_hash)


def page(visit: Visit, template: str, title: str, *, status: int = OK, **shown: Any) -> HTMLResponse:
    """A page of a company."""
    room = shown.pop("room", template.removesuffix(".html"))

    def steps(text: str) -> Markup:
        return linked(text, visit.desk.id)

    frame = {
        "visit": visit,
        "at": visit.address,
        "rooms": ROOMS,
        "room": "" if room == "home" else room,
        "known": freshness(visit.desk),
        "failed": visit.guest.tools.glass.failed(visit.desk),
        "may_prepare": visit.may(Role.PREPARE),
        "may_approve": visit.may(Role.APPROVE),
        "may_admin": visit.may(Role.ADMIN),
        "steps": steps,
    }
    return _drawn(template, visit.guest, title=title, status=status, **frame, **shown)


def hall(guest: Guest, template: str, title: str, *, status: int = OK, **shown: Any) -> HTMLResponse:
    """A page that belongs to no company."""
    return _drawn(template, guest, title=title, status=status, visit=None, **shown)


def _drawn(template: str, guest: Guest, *, title: str, status: int, **shown: Any) -> HTMLResponse:
    said = guest.tools.words.take(guest.session)
    text = (
        sheets()
        .get_template(f"console/{template}")
        .render(guest=guest, form=form_of(guest), title=title, said=said, **{"wrong": None, **shown})
    )
    return HTMLResponse(text, status_code=status, headers=headers())


def outside(template: str, title: str, *, status: int = OK, **shown: Any) -> HTMLResponse:
    """A page for somebody who is not signed in."""
    text = (
        sheets()
        .get_template(f"console/{template}")
        .render(title=title, guest=None, visit=None, said="", password_min=PASSWORD_MIN, **{"wrong": None, **shown})
    )
    return HTMLResponse(text, status_code=status, headers=headers())


def headers() -> dict[str, str]:
    """A page's policy: its own style sheet, our one script, forms only to here."""
    return {"Content-Security-Policy": policy(style_source(STYLE), form_action="'self'", script=True)}


def status_of(fault: ReceivablesError) -> int:
    """What a fault is in the words of HTTP."""
    if isinstance(fault, UnknownRecord):
        return NOT_FOUND
    if isinstance(fault, Refused | StoreLocked):
        return CONFLICT
    return WRONG if isinstance(fault, UserError) else BROKEN


def not_done(visit: Visit, fault: ReceivablesError) -> HTMLResponse:
    """What was asked for was not done, and why."""
    return page(visit, "fault.html", "Not done", status=status_of(fault), fault=fault)
