"""A house with companies whose books send webhooks, and deliveries to it, signed as Intuit signs them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from connector.app.house import House
from connector.config import Config
from connector.model.firm import Actor, Company, Connection
from connector.model.source import ActorId, CompanyId, ConnectionId
from connector.money import currency

BOOKS = ConnectionId("quickbooks")
VERIFIER = "5c1d1cd1-7f2b-4a55-9d7e-1f2f3a4b5c6d"
Json = dict[str, Any]


def config_of(home: Path, database: str = "") -> Config:
    """The settings of a house in that folder."""
    return Config(home=home, database=database or str(home / "receivables.db"), actor="dana", calls_per_minute=100_000)


def connect(house: House, company: str, realm: str, verifier: str = VERIFIER) -> CompanyId:
    """A company whose books are connected as that realm; "" for a connection that takes no webhooks."""
    company_id = CompanyId(company)
    usd = currency("USD")
    house.store.add_company(
        Company(company_id=company_id, name=company.title(), home_currency=usd, zone="America/New_York"),
        Actor(company_id=company_id, actor_id=ActorId("dana"), name="Dana"),
    )
    values = {"client_id": "c", "client_secret": "s", "realm_id": realm, "refresh_token": "r"}
    house.store.put_secrets(company_id, BOOKS, values | {"webhook_verifier": verifier})
    house.store.save_connection(
        Connection(company_id=company_id, connection_id=BOOKS, system="quickbooks", account=realm, live=False),
        ActorId("dana"),
    )
    return company_id


def event(key: str, vendor_id: str, realm: str, entity: str = "invoice", **within: object) -> Json:
    """One CloudEvent."""
    return {
        "specversion": "1.0",
        "id": key,
        "source": "intuit.dsnBgbseACLLRZNxo2dfc4evmEJdxde58xeeYcZliOU=",
        "type": f"qbo.{entity}.updated.v1",
        "time": "2026-03-07T19:59:07.034359333Z",
        "intuitentityid": vendor_id,
        "intuitaccountid": realm,
        "data": within,
    }


def delivery(events: Sequence[Json]) -> bytes:
    """The raw bytes of some events."""
    return json.dumps(list(events)).encode()


def signed(body: bytes, verifier: str = VERIFIER) -> Mapping[str, str]:
    """The header that goes with those bytes."""
    mac = hmac.new(verifier.encode(), body, hashlib.sha256).digest()
    return {"intuit-signature": base64.b64encode(mac).decode(), "content-type": "application/json"}
