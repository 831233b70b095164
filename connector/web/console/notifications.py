"""Who is told, without asking, when something is wrong: seen, added, tried and removed; and what was told lately.

Where messages go is a secret once it was typed: it holds a password, or is one.
"""

from __future__ import annotations

from dataclasses import dataclass

from fastapi.responses import Response

from connector.app.channels import Mail, MailSecurity, chat_address, mail_address, new_secret
from connector.app.shouting import add_channel, channel_named, remove_channel, try_channel
from connector.errors import ReceivablesError, Refused, UserError
from connector.model.alarm import ChannelKind
from connector.model.person import Role
from connector.web.console.drawing import page
from connector.web.console.ways import Visit, act, look, shown_again

SHOWN_MAX = 50
ADDRESS_MAX = 2_000
KINDS: dict[ChannelKind, str] = {
    ChannelKind.ADDRESS: "e-mail or chat",
    ChannelKind.WEBHOOK: "signed webhook",
    ChannelKind.FILE: "a file",
}
SECURITY: tuple[tuple[MailSecurity, str], ...] = (
    (MailSecurity.STARTTLS, "STARTTLS (port 587)"),
    (MailSecurity.SSL, "SSL (port 465)"),
    (MailSecurity.NONE, "None: a server on this computer"),
)
_SHOWN_AGAIN = ("name", "server", "port", "security", "user", "sender", "to")
"""What of a form is shown again when it was not taken; never a password, an address of a chat, or a secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A signing secret that was just made for somebody's receiver, shown on this one page."""

    name: str
    secret: str


def show(visit: Visit, fault: ReceivablesError | None = None, made: Made | None = None) -> Response:
    """How it stands."""
    desk, guest = visit.desk, visit.guest
    sent = guest.form is not None and fault is not None
    channels = desk.store.company(desk.id).channels
    return page(
        visit,
        "notifications.html",
        "Notifications",
        room="setup",
        tab="notifications",
        wrong=fault,
        channels=[(each.name, KINDS[each.kind]) for each in channels],
        kind=guest.given("kind", 20) if sent else "",
        given={name: guest.given(name, 500) if sent else "" for name in _SHOWN_AGAIN},
        security=SECURITY,
        alarms=[each for each in desk.store.alarms(desk.id) if not each.over],
        messages=desk.store.messages(desk.id)[:SHOWN_MAX],
        made=made,
    )


def add(visit: Visit) -> Response:
    """A way to a person. A test message is sent first; only what arrives is kept."""
    guest = visit.guest
    name = guest.given("name", 100)
    kind, address, secret, is_new = _typed(visit)
    add_channel(visit.desk, name, kind, address, secret)
    if is_new:
        return show(visit, made=Made(name=name, secret=secret))
    return visit.to("notifications", said=f"{name} works: a test message is on its way.")


def _typed(visit: Visit) -> tuple[ChannelKind, str, str, bool]:
    """What the form says: the kind, the address, the signing secret, and whether that was made just now."""
    given = visit.guest.given
    match given("kind", 20):
        case "mail":
            mail = Mail(
                server=given("server", 253),
                port=given("port", 5),
                security=given("security", 20),
                user=given("user", 320),
                password=given("password", 500),
                sender=given("sender", 320),
                to=given("to", 1_000),
            )
            return ChannelKind.ADDRESS, mail_address(mail), "", False
        case "chat":
            return ChannelKind.ADDRESS, chat_address(given("address", ADDRESS_MAX)), "", False
        case "webhook":
            typed = given("secret", 500)
            return ChannelKind.WEBHOOK, given("address", ADDRESS_MAX), typed or new_secret(), not typed
    raise UserError("How the message travels is not chosen.", next_step="Choose e-mail, chat or webhook.")


def change(visit: Visit) -> Response:
    """Send a test message to one of them, or remove it."""
    guest, name = visit.guest, visit.guest.given("name", 100)
    channel = channel_named(visit.desk, name)
    if guest.given("do", 20) == "remove":
        remove_channel(visit.desk, name)
        return visit.to("notifications", said=f"{name} is removed: nobody is told that way any more.")
    if not try_channel(visit.desk, channel):
        fault = Refused(
            f"The test message to {name} was not taken.",
            next_step="Look at it there; or add it anew under another name, and remove this one.",
        )
        return show(visit, fault)
    return visit.to("notifications", said=f"The test message was taken by {name}.")


WAYS = (
    look("notifications", show),
    act("notifications", Role.ADMIN, shown_again(add, show)),
    act("notifications/change", Role.ADMIN, change),
)
