"""Whether payers can reach the address that links lead to."""

from __future__ import annotations

from urllib.parse import urlsplit

from connector.app.house import Desk
from connector.app.linking import opens_here_only
from connector.errors import VendorError
from connector.ports import Check
from connector.transport import VendorSession

NAME = "payment links"
OK = 200
SECONDS = 5.0


def public_address(desk: Desk) -> tuple[Check, ...]:
    """One line of `doctor`, where this company has a processor that may write: the address is asked for as a payer
    would."""
    if not any(each.writes_allowed and desk.spec(each).method_codes for each in desk.processors()):
        return ()
    base = desk.house.config.link_base.rstrip("/")
    live = any(each.live for each in desk.connections())
    if opens_here_only(base):
        said = f"Links lead to {base}, which opens on this computer only."
        step = "Set RECEIVABLES_LINK_BASE to an address payers can reach, or use: receivables link create --hosted"
        return (Check(name=NAME, ok=not live, sentence=said, next_step=step if live else ""),)
    if urlsplit(base).scheme != "https":
        said = f"Links lead to {base}, which is not encrypted: anybody on the way can read and change the page."
        return (Check(name=NAME, ok=False, sentence=said, next_step="Put TLS in front, as the README shows."),)
    return (_asked(base),)


def _asked(base: str) -> Check:
    step = "Start `receivables serve`, and check the name, the certificate and the web server in front of it."
    try:
        with VendorSession(NAME, connect_seconds=SECONDS, read_seconds=SECONDS) as session:
            answer = session.get(f"{base}/healthz")
    except VendorError:
        return Check(name=NAME, ok=False, sentence=f"Nothing answers at {base} from here.", next_step=step)
    well = answer.status_code == OK and answer.content == b'{"ok":true}'
    said = f"Links lead to {base}, which answers." if well else f"Something else answers at {base}."
    return Check(name=NAME, ok=well, sentence=said, next_step="" if well else step)
