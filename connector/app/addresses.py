"""The addresses of payment links: each ends in a secret that is worked out from the company's key and never stored.

What is stored of a link is the hash of its secret; what is stored of a write that must name the address (a pay page
sends the payer back to it) is the address with the link's id in place of the secret. The secret is put in at the moment
of sending.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import replace

from connector.model.intent import Intent, OpenPayPage, ShowLink, VoidPosting
from connector.model.link_line import ALPHABET, LENGTH, PAY, LinkLine
from connector.model.paylink import LinkId, PaymentLink
from connector.model.source import CompanyId, ConnectionId
from connector.store import Store

_KEY_HOLDER = ConnectionId("links")
_KEY_NAME = "link_key"
_SECRET = re.compile(f"[{ALPHABET}]{{{LENGTH}}}")
_STAND_IN = re.compile(rf"{PAY}(l-[a-z0-9-]+)\.(\d{{1,9}})(?![a-z0-9])")
"""An address with the link's id and generation in place of the secret."""
BACK = "back"
"""What the way back from a processor's page ends in, after the link's address."""


def make_key(store: Store, company: CompanyId) -> None:
    """Make the company's key, if it has none. The caller holds a lease, so that there is only ever one."""
    if _KEY_NAME not in store.secrets(company, _KEY_HOLDER):
        store.put_secrets(company, _KEY_HOLDER, {_KEY_NAME: secrets.token_hex(32)})


def secret_of(store: Store, company: CompanyId, link: PaymentLink) -> str:
    """The secret part of a link's address: 256 bits that only the company's key can work out.

    Another generation of the same link has another secret, and nothing of the one before leads to it.
    """
    key = bytes.fromhex(store.secrets(company, _KEY_HOLDER)[_KEY_NAME])
    about = link.link_id if not link.generation else f"{link.link_id}/{link.generation}"
    mac = hmac.new(key, about.encode(), hashlib.sha256).digest()
    return base64.b32encode(mac).decode("ascii").rstrip("=").lower()


def well_formed(text: str) -> bool:
    """Whether a text can be a link's secret at all."""
    return _SECRET.fullmatch(text) is not None


def address_of(link_base: str, last: str) -> str:
    """The address of a link, ending in its secret; or, to be stored, in its id."""
    return f"{link_base.rstrip('/')}{PAY}{last}"


def back_to(link_base: str, last: str) -> str:
    """Where a processor's page sends the payer back to."""
    return f"{address_of(link_base, last)}/{BACK}"


def with_secret(store: Store, company: CompanyId, intent: Intent) -> Intent:
    """An intent as it is sent: a pay page's way back, and the line on an invoice, hold the link's real address. Others
    are sent as stored."""
    if isinstance(intent, ShowLink):
        puts, out = (_written_out(store, company, line) for line in (intent.puts, intent.takes_out))
        return replace(intent, puts=puts, takes_out=out)
    if isinstance(intent, VoidPosting):
        return replace(intent, link=_written_out(store, company, intent.link)) if intent.link is not None else intent
    if not isinstance(intent, OpenPayPage) or not intent.return_url.endswith(f"/{BACK}"):
        return intent
    before, link_id, end = intent.return_url.rsplit("/", 2)
    link = store.link(company, LinkId(link_id))
    return replace(intent, return_url=f"{before}/{secret_of(store, company, link)}/{end}")


def _written_out(store: Store, company: CompanyId, line: LinkLine | None) -> LinkLine | None:
    if line is None:
        return None

    def secret(found: re.Match[str]) -> str:
        link = replace(store.link(company, LinkId(found[1])), generation=int(found[2]))
        return PAY + secret_of(store, company, link)

    return replace(line, text=_STAND_IN.sub(secret, line.text))
