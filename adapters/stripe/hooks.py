"""What Stripe tells us to look at: its webhooks, as snapshot events and as thin event notifications.

Both are taken for hints, never for data: they may be late, repeated, out of order, or rendered in another API version,
and of a body only its event's id, time and account and its object's name and id are read. A delivery is read when one
of our secrets made a signature over its raw bytes, not longer ago than the tolerance and no further ahead; then nothing
in it can raise: what cannot be read is left out, and the regular reading finds it anyway. (Stripe: "Receive Stripe
events in your webhook endpoint", "Event destinations"; the scheme is that of its libraries' WebhookSignature.)
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

from adapters.stripe.events import NOT_ALONE, OBJECTS
from adapters.stripe.settings import Settings
from connector.dates import Instant, epoch_seconds, instant_from_epoch, instant_from_iso
from connector.errors import UserError
from connector.ports import Hint

SIGNATURE = "stripe-signature"
"""`t=1492774577,v1=5257a8...,v1=...`: when it was signed, and for each secret in force the hex of HMAC-SHA256 over
that time, a point, and the raw bytes. While a secret is being rolled there are two."""

TOLERANCE_SECONDS = 300
"""How far the time of signing may lie from ours, before or after. Vendors' libraries take any time to come."""

_SCHEME = "v1"
_ID = re.compile(r"[A-Za-z0-9_]{1,255}")
_MOMENT = re.compile(r"[0-9]{1,12}")

_Fields = dict[str, object]


def listens(settings: object) -> bool:
    """Whether the secret of an endpoint is set; without one nothing is taken."""
    return isinstance(settings, Settings) and bool(settings.webhook_secrets)


def read(body: bytes, headers: Mapping[str, str], settings: Sequence[object], now: Instant) -> tuple[Hint, ...] | None:
    """The hint in a delivery; None when no secret of these settings made its signature, or not about now."""
    stamped, signatures = _stamp(headers.get(SIGNATURE, ""))
    if not stamped or abs(epoch_seconds(now) - int(stamped)) > TOLERANCE_SECONDS:
        return None
    signed = stamped.encode() + b"." + body
    secrets = [secret for each in settings if isinstance(each, Settings) for secret in each.webhook_secrets]
    made = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest().encode() for secret in secrets]
    if not any(hmac.compare_digest(ours, theirs) for ours in made for theirs in signatures):
        return None
    try:
        document = json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError):
        return ()
    hint = _hint(document) if isinstance(document, dict) else None
    return () if hint is None else (hint,)


def _stamp(header: str) -> tuple[str, list[bytes]]:
    """The time of signing, "" when there is none that can be read, and the signatures of the scheme we know."""
    parts = [part.strip().partition("=") for part in header.split(",")]
    stamped = next((value for name, _, value in parts if name == "t"), "")
    signatures = [value.encode(errors="replace") for name, _, value in parts if name == _SCHEME]
    return (stamped if _MOMENT.fullmatch(stamped) else ""), signatures


def _hint(event: _Fields) -> Hint | None:
    """What to look at; None for an event about something that is not mirrored, or that cannot be read."""
    match event.get("object"):
        case "event":
            about = _inner(_inner(event, "data"), "object")
            name, key = _text(about, "object"), _text(event, "id")
            account, at = _text(event, "account"), _moment(event.get("created"))
        case "v2.core.event":
            about = _inner(event, "related_object")
            # A thin event has its snapshot's id beside its own, so that whoever gets both knows them for one.
            name, key = _text(about, "type"), _text(event, "snapshot_event") or _text(event, "id")
            account, at = _text(event, "context").rpartition("/")[2], _moment(event.get("created"))
        case _:
            return None
    kind, vendor_id = OBJECTS.get(name), _text(about, "id")
    if kind is None or not all(_ID.fullmatch(each) for each in (key, vendor_id, account or "_")):
        return None
    if kind in NOT_ALONE:
        return Hint(account=account, key=key, kind=None, vendor_id=None, at=at)
    return Hint(account=account, key=key, kind=kind, vendor_id=vendor_id, at=at)


def _inner(fields: _Fields, name: str) -> _Fields:
    value = fields.get(name)
    return value if isinstance(value, dict) else {}


def _text(fields: _Fields, name: str) -> str:
    """A field as text; "" when it is anything else or not there."""
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def _moment(value: object) -> str:
    """Seconds since 1970 of a snapshot, or the text of a thin event, as one of our instants; "" when it is neither."""
    try:
        if isinstance(value, int) and _MOMENT.fullmatch(str(value)):
            return instant_from_epoch(value).isoformat()
        return instant_from_iso(value).isoformat() if isinstance(value, str) else ""
    except (UserError, ValueError, OverflowError):
        return ""
