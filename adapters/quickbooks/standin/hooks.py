"""Intuit's webhooks: what happened in the books, told in either form and signed, with everything that may go wrong.

An event names an id and no more. Deliveries go to loopback only, because this is a double.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from adapters.quickbooks.standin.intuit import Intuit
from adapters.quickbooks.standin.ledger import MERGED, Happening
from connector.dates import Instant
from connector.testing.deliveries import Delivery, deliver

SIGNATURE = "intuit-signature"
CLOUDEVENTS, CLASSIC = "cloudevents", "classic"
SILENT = frozenset({"Attachable"})
"""Entities of which Intuit sends no events."""

_PAST = {"Create": "created", "Update": "updated", "Delete": "deleted", "Merge": "merged", "Void": "voided"}
_ALIEN_DIGITS = "333"
"""Intuit writes nine digits of a second, more than most clocks and readers have."""
_NAMESPACE = uuid.UUID("d1a3aedd-9670-41bf-a4f9-c148a1cc4e03")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivering:
    """How events are delivered, and what goes wrong with them."""

    form: str = CLOUDEVENTS
    together: bool = False
    """Events of several companies in one delivery; otherwise each company has its own."""
    doubled: bool = False
    """Every delivery comes twice, with the same event ids."""
    shuffle_seed: int | None = None
    """Events come in an order that this number decides."""
    keep_back: int = 0
    """So many of the latest events come late: with the next sending."""
    events_max: int = 50
    """So many events in one delivery."""
    stranger: str = ""
    """A company that is not served here, of which an event comes in every delivery."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened in a company."""

    realm: str
    number: int
    happened: Happening


class HookSender:
    """Tells what happened since it last told. While a `Server` serves the books, draw within `server.behind`."""

    def __init__(self, intuit: Intuit, token: str, delivering: Delivering | None = None) -> None:
        self.delivering = delivering or Delivering()
        self._intuit = intuit
        self._token = token
        self._kept: list[Event] = []
        self._count = 0

    def deliveries(self) -> list[Delivery]:
        """What is to be delivered now."""
        how = self.delivering
        events = self._kept + self._drawn()
        cut = max(len(events) - how.keep_back, 0)
        events, self._kept = events[:cut], events[cut:]
        if how.shuffle_seed is not None:
            random.Random(how.shuffle_seed).shuffle(events)  # noqa: S311 - a seed, so that a failure can be repeated
        bodies = [_FORMS[how.form](one) for one in _parcels(events, how)]
        twice = [body for body in bodies for _ in range(2)] if how.doubled else bodies
        return [self._signed(body) for body in twice]

    def send(self, url: str) -> list[int]:
        """Deliver, and say with which status each delivery was received (0: not at all)."""
        return [deliver(url, one) for one in self.deliveries()]

    def _drawn(self) -> list[Event]:
        events = []
        for realm, happened in self._intuit.draw_happenings():
            if happened.entity not in SILENT:
                self._count += 1
                events.append(Event(realm=realm, number=self._count, happened=happened))
        return events

    def _signed(self, body: bytes) -> Delivery:
        headers = {"Content-Type": "application/json", SIGNATURE: sign(body, self._token)}
        return Delivery(body=body, headers=headers)


def sign(body: bytes, token: str) -> str:
    """base64 of HMAC-SHA256 over the raw bytes, with the app's verifier token as key."""
    return base64.b64encode(hmac.new(token.encode(), body, hashlib.sha256).digest()).decode()


def _parcels(events: Sequence[Event], how: Delivering) -> list[list[Event]]:
    groups: dict[str, list[Event]] = {}
    for event in events:
        groups.setdefault("" if how.together else event.realm, []).append(event)
    parcels = [
        group[start : start + how.events_max]
        for group in groups.values()
        for start in range(0, len(group), how.events_max)
    ]
    if how.stranger:
        parcels = [
            [replace(parcel[0], realm=how.stranger, number=-index), *parcel] for index, parcel in enumerate(parcels, 1)
        ]
    return parcels


def _cloud(events: Sequence[Event]) -> bytes:
    return json.dumps([_cloud_event(event) for event in events]).encode()


def _cloud_event(event: Event) -> dict[str, object]:
    happened = event.happened
    data: dict[str, object] = {"deletedid": happened.other} if happened.what == MERGED else {}
    return {
        "specversion": "1.0",
        "id": str(uuid.uuid5(_NAMESPACE, f"{event.realm} {event.number}")),
        "source": "intuit.standin",
        "type": f"qbo.{happened.entity.lower()}.{_PAST[happened.what]}.v1",
        "time": happened.at.strftime("%Y-%m-%dT%H:%M:%S.%f") + f"{_ALIEN_DIGITS}Z",
        "intuitentityid": happened.id,
        "intuitaccountid": event.realm,
        "data": data,
    }


def _classic(events: Sequence[Event]) -> bytes:
    companies: dict[str, list[dict[str, str]]] = {}
    for event in events:
        companies.setdefault(event.realm, []).append(_classic_entity(event.happened))
    notifications = [
        {"realmId": realm, "dataChangeEvent": {"entities": entities}} for realm, entities in companies.items()
    ]
    return json.dumps({"eventNotifications": notifications}).encode()


def _classic_entity(happened: Happening) -> dict[str, str]:
    entity = {
        "name": happened.entity,
        "id": happened.id,
        "operation": happened.what,
        "lastUpdated": _milliseconds(happened.at),
    }
    return entity | ({"deletedId": happened.other} if happened.what == MERGED else {})


def _milliseconds(moment: Instant) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


_FORMS: Mapping[str, Callable[[Sequence[Event]], bytes]] = {CLOUDEVENTS: _cloud, CLASSIC: _classic}
