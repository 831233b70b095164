"""The addresses of payment links: each ends in a secret that is worked out from the company's key and never stored.

What is stored of a link is the hash of its secret; what is stored of a write that must name the address (a pay page
sends the payer back to it) is the address with the link's id in place of the secret. The secret is put in at the moment
of sending.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import replace

from connector.model.intent import Intent, OpenPayPage
from connector.model.paylink import LinkId
from connector.model.source import CompanyId, ConnectionId
from connector.store import Store

_KEY_HOLDER = ConnectionId("links")
_KEY_NAME = "link_key"


def make_key(store: Store, company: CompanyId) -> None:
    """Make the company's key, if it has none. The caller holds a lease, so that there is only ever one."""
    if _KEY_NAME not in store.secrets(company, _KEY_HOLDER):
        store.put_secrets(company, _KEY_HOLDER, {_KEY_NAME: secrets.token_hex(32)})


def secret_of(store: Store, company: CompanyId, link_id: LinkId) -> str:
    """The secret part of a link's address: 160 bits that only the company's key can work out."""
    key = bytes.fromhex(store.secrets(company, _KEY_HOLDER)[_KEY_NAME])
    mac = hmac.new(key, link_id.encode(), hashlib.sha256).digest()
    return base64.b32encode(mac[:20]).decode("ascii").lower()


def hash_of(secret: str) -> str:
    """What is stored of a link's secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def address_of(link_base: str, last: str) -> str:
    """The address of a link, ending in its secret; or, to be stored, in its id."""
    return f"{link_base.rstrip('/')}/pay/{last}"


def with_secret(store: Store, company: CompanyId, intent: Intent) -> Intent:
    """An intent as it is sent: a pay page's way back leads to the link's real address. Others are sent as stored."""
    if not isinstance(intent, OpenPayPage):
        return intent
    before, _, link_id = intent.return_url.rpartition("/")
    return replace(intent, return_url=f"{before}/{secret_of(store, company, LinkId(link_id))}")
