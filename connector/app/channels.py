"""Where messages go, made of what a person knows of it: a mail server and an account there, a chat's address for
incoming messages, a receiver of signed webhooks. An address made here holds a password, and is kept sealed.
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlencode, urlsplit

from connector import logs
from connector.errors import UserError

SECRET_PREFIX = "whsec_"  # noqa: S105 - how such a secret begins, not one
SECRET_BYTES = 32
SECRET_BYTES_MIN = 16
PORT_MAX = 65_535
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_HERE = tuple(("http", name) for name in _LOOPBACK)
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")
_MAIL = re.compile(r"[^\s@<>,;:\"]{1,64}@[^\s@<>,;:\"]{1,250}")


class MailSecurity(StrEnum):
    """How the way to a mail server is closed to others. NONE is for a server on this computer alone."""

    STARTTLS = "starttls"
    SSL = "ssl"
    NONE = "insecure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail server, an account there, and who is written to: addresses by commas. `port` is what was typed."""

    server: str
    port: str
    security: str
    user: str = ""
    password: str = field(default="", repr=False)
    sender: str
    to: str


def mail_address(mail: Mail) -> str:
    """The address that messages are mailed by. UserError says what of it is wrong."""
    if not _HOST.fullmatch(mail.server):
        raise UserError("The mail server is no name of a computer.", next_step="For example smtp.example.com.")
    if not mail.port.isdecimal() or not 0 < int(mail.port) <= PORT_MAX:
        raise UserError("The mail server's port is a number.", next_step="Often it is 587; with SSL it is 465.")
    if mail.security not in tuple(MailSecurity):
        raise UserError("How the way to the mail server is closed is not chosen.", next_step="Often it is STARTTLS.")
    if mail.security == MailSecurity.NONE and mail.server not in _LOOPBACK:
        raise UserError("A mail server elsewhere is not written to in the open.", next_step="Choose STARTTLS or SSL.")
    to = [each.strip() for each in mail.to.split(",") if each.strip()]
    for each in (mail.sender, *(to or [""])):
        if not _MAIL.fullmatch(each):
            raise UserError(f"{each[:60]!r} is no e-mail address.", next_step="For example me@example.com.")
    logs.hide(mail.password)
    asked = {"from": mail.sender, "to": ",".join(to), "mode": mail.security}
    if mail.user:
        asked = {"user": mail.user, "pass": mail.password, **asked}
    scheme = "mailto" if mail.security == MailSecurity.NONE else "mailtos"
    return f"{scheme}://{mail.server}:{mail.port}?{urlencode(asked)}"


def chat_address(given: str) -> str:
    """A chat's own address for incoming messages, if messages can be sent there. UserError otherwise."""
    from apprise import Apprise  # takes longer to import than everything else here together

    logs.hide(given)
    if not given.startswith("https://") or not Apprise().add(given):
        raise UserError(
            "That is no address of a chat that we know.",
            next_step="Copy it whole from the chat's settings: it begins with https:// and ends in a long secret.",
        )
    return given


def webhook(address: str, secret: str) -> tuple[str, str]:
    """A receiver of signed webhooks and the secret they are signed with, checked. UserError otherwise."""
    try:
        parts = urlsplit(address)
        good = bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme, parts.hostname) in _HERE)
    except ValueError:  # no host that there could be
        good = False
    if not good:
        raise UserError("A webhook's address begins with https://.", next_step="Copy it from its receiver.")
    try:
        signing = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        signing = b""
    if len(signing) < SECRET_BYTES_MIN:
        raise UserError(
            f"The signing secret is none: it is {SECRET_PREFIX} and {SECRET_BYTES_MIN} or more bytes in base64.",
            next_step="Copy it whole from the receiver, or have one made on the page Notifications.",
        )
    return address, secret


def new_secret() -> str:
    """A secret to sign with, for a receiver that has none yet."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode("ascii")
