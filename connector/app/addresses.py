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

from connector.model.intent import Intent, OpenPayPage
from connector.model.paylink import LinkId, PaymentLink
from connector.model.source import CompanyId, ConnectionId
from connector.store import Store

_KEY_HOLDER = ConnectionId("links")
_KEY_NAME = "link_key"
_SECRET = re.compile("[a-z2-7]{52}")
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


def hash_of(secret: str) -> str:
    """What is stored of a link's secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def address_of(link_base: str, last: str) -> str:
    """The address of a link, ending in its secret; or, to be stored, in its id."""
    return f"{link_base.rstrip('/')}/pay/{last}"


def back_to(link_base: str, last: str) -> str:
    """Where a processor's page sends the payer back to."""
    return f"{address_of(link_base, last)}/{BACK}"


def with_secret(store: Store, company: CompanyId, intent: Intent) -> Intent:
    """An intent as it is sent: a pay page's way back leads to the link's real address. Others are sent as stored."""
    if not isinstance(intent, OpenPayPage) or not intent.return_url.endswith(f"/{BACK}"):
        return intent
    before, link_id, end = intent.return_url.rsplit("/", 2)
    link = store.link(company, LinkId(link_id))
    return replace(intent, return_url=f"{before}/{secret_of(store, company, link)}/{end}")
