"""What Intuit tells us to look at: its webhooks, in the old form and as CloudEvents.

Both carry ids only, may be late, repeated or out of order, and are taken for hints, never for data. A delivery is read
when the signature over its raw bytes fits, and then nothing in it can raise: what cannot be read is left out, and the
regular reading finds it anyway. One delivery may hold events of several companies. (Intuit: "Webhooks", "Understanding
the data object", and its announcement of CloudEvents of November 2025.)
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from adapters.quickbooks.entities import ENTITIES, Entity
from adapters.quickbooks.settings import Settings
from connector import canonical
from connector.dates import Instant, instant_from_iso
from connector.errors import UserError
from connector.model.source import ConnectionId, Ref
from connector.ports import Hint

SIGNATURE = "intuit-signature"
"""base64 of HMAC-SHA256 over the raw bytes, with the app's verifier token; the same for both forms."""

MIRRORED: Mapping[str, Entity] = {one.shape.__name__.lower(): one for one in ENTITIES.values()}
"""The entities that are worth a look, as both forms name them when written small."""

_ID = re.compile(r"[A-Za-z0-9-]{1,50}")
_TYPE = re.compile(r"qbo\.([a-z_]{1,60})\.[a-z_]{1,60}(?:\.v\d{1,3})?")

_Event = dict[str, object]


def listens(settings: object) -> bool:
    """Whether a verifier token is set; without one nothing is taken."""
    return isinstance(settings, Settings) and bool(_verifier(settings))


def read(
    body: bytes, headers: Mapping[str, str], settings: Sequence[object], now: Instant | None = None
) -> tuple[Hint, ...] | None:
    """The hints in a delivery; None when no verifier token of these settings made its signature, which has no time."""
    del now
    signature = headers.get(SIGNATURE, "").strip().encode(errors="replace")
    verifiers = [_verifier(each) for each in settings if isinstance(each, Settings)]
    if not any(hmac.compare_digest(_signed(body, verifier), signature) for verifier in verifiers if verifier):
        return None
    try:
        document = json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError):
        return ()
    return tuple(_hints(document))


def _verifier(settings: Settings) -> bytes:
    return settings.webhook_verifier.get_secret_value().strip().encode()


def _signed(body: bytes, verifier: bytes) -> bytes:
    return base64.b64encode(hmac.digest(verifier, body, hashlib.sha256))


def _hints(document: object) -> Iterator[Hint]:
    """By its shape: a list is CloudEvents, an object with `eventNotifications` is the old form."""
    if isinstance(document, list):
        for event in document:
            if isinstance(event, dict):
                yield from _of_cloud_event(event)
    elif isinstance(document, dict):
        for company in _listed(document.get("eventNotifications")):
            change = company.get("dataChangeEvent")
            for entity in _listed(change.get("entities") if isinstance(change, dict) else None):
                yield from _of_entity(_text(company, "realmId"), entity)


def _of_cloud_event(event: _Event) -> Iterator[Hint]:
    named = _TYPE.fullmatch(_text(event, "type").lower())
    within = event.get("data")
    inner: _Event = within if isinstance(within, dict) else {}
    if named is not None:
        yield from _about(
            account=_text(event, "intuitaccountid"),
            entity=named[1],
            vendor_id=_text(event, "intuitentityid"),
            merged=_text(inner, "deletedid"),
            event=(_text(event, "id"), _text(event, "time")),
        )


def _of_entity(account: str, entity: _Event) -> Iterator[Hint]:
    """One entry of the old form. It has no id of its own: what happened to what and when names the event."""
    name, vendor_id, at = _text(entity, "name"), _text(entity, "id"), _text(entity, "lastUpdated")
    happened = f"{account} {name} {vendor_id} {_text(entity, 'operation')} {at}"
    merged = _text(entity, "deletedId") or _text(entity, "deletedID")
    yield from _about(account=account, entity=name, vendor_id=vendor_id, merged=merged, event=(happened, at))


def _about(*, account: str, entity: str, vendor_id: str, merged: str, event: tuple[str, str]) -> Iterator[Hint]:
    """Look at the record; and after a merge also at the one that went into it. Nothing where we mirror no such kind."""
    name, at = event
    kept = _mirrored(entity, vendor_id)
    if kept is None or not name or not _ID.fullmatch(account):
        return
    key = name if _ID.fullmatch(name) else canonical.digest(name.encode(errors="replace"))
    hint = Hint(account=account, key=key, kind=kept.kind, vendor_id=kept.vendor_id, at=_moment(at))
    yield hint
    lost = _mirrored(entity, merged)
    if lost is not None and lost != kept:
        yield replace(hint, key=f"{key}.merged", vendor_id=lost.vendor_id, merged_into=kept.vendor_id)


def _mirrored(entity: str, vendor_id: str) -> Ref | None:
    """How the mirror names that record, whose connection is not known here; None when it mirrors no such thing."""
    mirrored = MIRRORED.get(entity.lower())
    if mirrored is None or not _ID.fullmatch(vendor_id):
        return None
    return mirrored.ref(vendor_id, ConnectionId(""))


def _listed(value: object) -> Iterator[_Event]:
    if isinstance(value, list):
        yield from (each for each in value if isinstance(each, dict))


def _text(event: _Event, name: str) -> str:
    """A field as text; "" when it is not there or is anything but a text or a whole number."""
    value = event.get(name)
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _moment(text: str) -> str:
    try:
        return instant_from_iso(text).isoformat()
    except UserError:
        return ""
