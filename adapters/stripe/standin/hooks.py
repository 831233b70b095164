"""Stripe's webhooks: what happened in an account, told to its endpoints and signed, with everything that may go wrong.

A snapshot event has its object in it, as it was, in the version of the endpoint or of the account; a thin one has none.
Deliveries go to this computer only, because this is a double.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

from adapters.stripe.standin import dumps
from adapters.stripe.standin.api import StripeStandIn
from adapters.stripe.standin.endpoints import THIN, Endpoint
from adapters.stripe.standin.events import rendered
from adapters.stripe.standin.ledger import Happening, Ledger
from adapters.stripe.standin.thin import has_thin, thin
from connector.testing.deliveries import Delivery, deliver

SIGNATURE = "Stripe-Signature"
STRANGER, TAMPERED, UNSIGNED = "stranger", "tampered", "unsigned"
_ORIGIN = "https://checkout.stripe.com"
_RECEIVED = range(200, 300)
_DRAWS = 100
_TRIED_SECONDS = 3 * 86_400
"""For so long Stripe tries again what was not received."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivering:
    """How events are delivered, and what goes wrong with them."""

    doubled: bool = False
    """Every delivery comes twice, with the same event id."""
    shuffle_seed: int | None = None
    """Events come in an order that this number decides."""
    keep_back: int = 0
    """So many of the latest come late: with the next sending."""
    dropped_percent: int = 0
    """So many of a hundred are never delivered; which ones, `seed` decides."""
    seed: int = 0
    clock_shift_seconds: int = 0
    """The signature's timestamp is that much later (or, below zero, earlier) than it is."""
    forged: str = ""
    """`stranger`: signed with a secret that is not the endpoint's; `tampered`: changed after it was signed;
    `unsigned`: without a signature."""
    version: str = ""
    """The version in which objects are said, instead of the endpoint's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One delivery, and where it goes."""

    url: str
    endpoint: Endpoint
    event: Happening
    delivery: Delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """An event that is to be told to an endpoint."""

    ledger: Ledger
    endpoint: Endpoint
    event: Happening


class HookSender:
    """Tells each endpoint what happened since it was registered, once, and again what was not received.

    While a `Server` serves the account, draw within `server.behind`, and post afterwards.
    """

    def __init__(self, stand_in: StripeStandIn, delivering: Delivering | None = None) -> None:
        self.delivering = delivering or Delivering()
        self._stand_in = stand_in
        self._handed: set[tuple[str, str]] = set()
        self._late: list[_Told] = []

    def parcels(self) -> list[Parcel]:
        """What is to be delivered now."""
        how = self.delivering
        told = self._late + list(self._drawn())
        cut = max(len(told) - how.keep_back, 0)
        told, self._late = told[:cut], told[cut:]
        if how.shuffle_seed is not None:
            random.Random(how.shuffle_seed).shuffle(told)  # noqa: S311 - a seed, so that a failure can be repeated
        parcels = [self._parcel(one) for one in told if not self._dropped(one)]
        return [parcel for parcel in parcels for _ in range(2)] if how.doubled else parcels

    def post(self, parcels: list[Parcel]) -> list[int]:
        """Deliver, and say with which status each was received (0: not at all); what was not comes again."""
        statuses = []
        for parcel in parcels:
            status = deliver(parcel.url, parcel.delivery)
            statuses.append(status)
            if status in _RECEIVED:
                parcel.endpoint.received.add(parcel.event.id)
            elif parcel.event.id not in parcel.endpoint.received:
                self._handed.discard((parcel.endpoint.document["id"], parcel.event.id))
        return statuses

    def send(self) -> list[int]:
        """Draw and deliver, where no server is serving the account meanwhile."""
        return self.post(self.parcels())

    def _drawn(self) -> Iterator[_Told]:
        for ledger, endpoints in self._stand_in.audiences():
            for event in ledger.happened():
                if event.created < ledger.now() - _TRIED_SECONDS or not self._stand_in.telling.tells(event):
                    continue
                for endpoint in endpoints:
                    handed = (endpoint.document["id"], event.id)
                    if handed in self._handed or not endpoint.wants(event):
                        continue
                    if endpoint.form == THIN and not has_thin(event):
                        continue
                    self._handed.add(handed)
                    yield _Told(ledger=ledger, endpoint=endpoint, event=event)

    def _dropped(self, one: _Told) -> bool:
        drawn = hashlib.sha256(f"{self.delivering.seed} {one.endpoint.document['id']} {one.event.id}".encode()).digest()
        return int.from_bytes(drawn[:8]) % _DRAWS < self.delivering.dropped_percent

    def _parcel(self, one: _Told) -> Parcel:
        how, endpoint = self.delivering, one.endpoint
        body = self._body(one)
        secrets = ["whsec_of_somebody_else"] if how.forged == STRANGER else endpoint.secrets
        headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "Stripe/1.0"}
        if how.forged != UNSIGNED:
            headers[SIGNATURE] = sign(body, one.ledger.now() + how.clock_shift_seconds, *secrets)
        if how.forged == TAMPERED:
            body = body.replace(b'"livemode": false', b'"livemode":  false', 1)
        delivery = Delivery(body=body, headers=headers)
        return Parcel(url=endpoint.document["url"], endpoint=endpoint, event=one.event, delivery=delivery)

    def _body(self, one: _Told) -> bytes:
        if one.endpoint.form == THIN:
            return json.dumps(thin(one.event)).encode()
        account = self._stand_in.telling
        version = self.delivering.version or one.endpoint.document["api_version"] or account.version
        pending = self._stand_in.owed(one.ledger, one.event)
        event = rendered(one.ledger, one.event, replace(account, version=version), _ORIGIN, pending)
        return dumps.encoded(event).encode()


def sign(body: bytes, second: int, *secrets: str) -> str:
    """The header: the time and an HMAC-SHA256 of time and body for each secret, as hex; v0 is a test's own."""
    signed = f"{second}.".encode() + body
    codes = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets]
    parts = [f"t={second}", *(f"v1={code}" for code in codes), f"v0={hashlib.sha256(signed).hexdigest()}"]
    return ",".join(parts)
