"""Pages of the console as answers: the frame around them, one style sheet, one policy."""

from __future__ import annotations

from typing import Any

from fastapi.responses import HTMLResponse
from markupsafe import Markup

from connector.app.freshness import Freshness, freshness
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

AGAIN_SECONDS = 2
"""How soon a page comes again of which something is under way."""

OK, WRONG, FORBIDDEN, NOT_FOUND, CONFLICT, TOO_MANY, BROKEN = 200, 400, 403, 404, 409, 429, 502

ROOMS: tuple[tuple[str, str], ...] = (
    ("", "Home"),
    ("today", "Today"),
    ("review", "Review"),
    ("bank", "Bank"),
    ("plans", "Plans"),
    ("aging", "Aging"),
    ("links", "Links"),
    ("findings", "Findings"),
    ("proof", "Proof"),
    ("autosync", "Auto-sync"),
    ("setup", "Setup"),
)
"""The way through a company's pages."""

BANK = "bank"
"""The page that only companies have that read statements."""

SETUP: tuple[tuple[str, str, Role], ...] = (
    ("setup", "First steps", Role.VIEW),
    ("connections", "Connections", Role.VIEW),
    ("accounts", "Accounts", Role.VIEW),
    ("rules", "Rules", Role.VIEW),
    ("notifications", "Notifications", Role.VIEW),
    ("backup", "Backup", Role.ADMIN),
    ("export", "Export", Role.ADMIN),
    ("people", "People", Role.ADMIN),
)
"""The way through what is set up once: the pages with the room `setup`, each with the role that it needs."""


def form_of(guest: Guest) -> str:
    """What every form of a page carries, so that no other page can send it."""
    return sign(guest.session.form_key.encode(), FORM_OF, guest.session.token_hash)


def page(
    visit: Visit, template: str, title: str, *, status: int | None = None, again: bool = False, **shown: Any
) -> HTMLResponse:
    """A page of a company. What is `wrong` is told on it and is its status, where no other is given. `again`: the
    browser asks for it again in a moment, by a header; a page that renews itself needs no script."""
    room, tab = shown.pop("room", template.removesuffix(".html")), shown.pop("tab", "")

    known: Freshness = shown.pop("known", None) or freshness(visit.desk)

    def steps(text: str) -> Markup:
        return linked(text, visit.desk.id)

    frame = {
        "visit": visit,
        "at": visit.address,
        "rooms": [each for each in ROOMS if each[0] != BANK or room == BANK or _has_bank(visit, known)],
        "room": "" if room == "home" else room,
        "tabs": [(path, name) for path, name, needs in SETUP if visit.may(needs)] if room == "setup" else [],
        "tab": tab,
        "known": known,
        "failed": visit.guest.tools.glass.failed(visit.desk),
        "may_prepare": visit.may(Role.PREPARE),
        "may_approve": visit.may(Role.APPROVE),
        "may_admin": visit.may(Role.ADMIN),
        "steps": steps,
    }
    answer = _drawn(template, visit.guest, title=title, status=status, **frame, **shown)
    if again:
        answer.headers["Refresh"] = str(AGAIN_SECONDS)
    return answer


def _has_bank(visit: Visit, known: Freshness) -> bool:
    return any(visit.desk.spec(each.connection).is_bank for each in known.readings)


def hall(guest: Guest, template: str, title: str, *, status: int | None = None, **shown: Any) -> HTMLResponse:
    """A page that belongs to no company."""
    return _drawn(template, guest, title=title, status=status, visit=None, **shown)


def _drawn(template: str, guest: Guest, *, title: str, status: int | None, **shown: Any) -> HTMLResponse:
    wrong: ReceivablesError | None = shown.setdefault("wrong", None)
    if status is None:
        status = OK if wrong is None else status_of(wrong)
    said = guest.tools.words.take(guest.session)
    text = (
        sheets()
        .get_template(f"console/{template}")
        .render(guest=guest, form=form_of(guest), title=title, said=said, **shown)
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
