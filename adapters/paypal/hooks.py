"""What PayPal tells us to look at: its webhooks, which are hints and never evidence.

PayPal's signature covers only a CRC32 of the body, for which anybody who has seen one delivery can make another body.
So of a body no more is read than which object to ask for again; its amounts and statuses are never looked at. And
webhooks tell of one app only: whatever was paid another way is found by the regular reading.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping, Sequence

from adapters.paypal import wire
from adapters.paypal.certificates import is_signed
from adapters.paypal.settings import Settings
from connector.dates import Instant, instant_from_iso
from connector.errors import ReceivablesError
from connector.model.source import Kind
from connector.ports import Hint

BYTES_MAX = 1024 * 1024
LATE_SECONDS = 3 * 86_400 + 3_600
"""PayPal tries for three days; a delivery may bear the time of the first try."""

AHEAD_SECONDS = 300
ALGORITHM = "SHA256withRSA"
"""The only one that is taken, whatever a delivery says."""

EVENTS = (
    "CHECKOUT.ORDER.APPROVED",
    "CHECKOUT.ORDER.COMPLETED",
    "CHECKOUT.PAYMENT-APPROVAL.REVERSED",
    "PAYMENT.CAPTURE.COMPLETED",
    "PAYMENT.CAPTURE.PENDING",
    "PAYMENT.CAPTURE.DENIED",
    "PAYMENT.CAPTURE.DECLINED",
    "PAYMENT.CAPTURE.REFUNDED",
    "PAYMENT.CAPTURE.REVERSED",
    "PAYMENT.REFUND.PENDING",
    "PAYMENT.REFUND.FAILED",
    "CUSTOMER.DISPUTE.CREATED",
    "CUSTOMER.DISPUTE.UPDATED",
    "CUSTOMER.DISPUTE.RESOLVED",
)
"""What a webhook of the app should be told of."""

_KINDS = {"capture": Kind.PAYMENT, "refund": Kind.REFUND, "dispute": Kind.DISPUTE, "checkout-order": Kind.ATTEMPT}
_BY_NAME = {"CHECKOUT": Kind.ATTEMPT, "CUSTOMER": Kind.DISPUTE}
_ID = re.compile(r"[A-Za-z0-9-]{1,60}")
_FIELD = re.compile(r"[\x21-\x7e]{1,2000}")


def listens(settings: object) -> bool:
    """Whether the webhook's ID is known; without one nothing is taken."""
    return isinstance(settings, Settings) and bool(settings.webhook_id)


def read(body: bytes, headers: Mapping[str, str], settings: Sequence[object], now: Instant) -> tuple[Hint, ...] | None:
    """The hint in a delivery; None when no webhook of these settings fits its signature, or it is of another time."""
    if len(body) > BYTES_MAX or headers.get("paypal-auth-algo") != ALGORITHM:
        return None
    names = ("transmission-id", "transmission-time", "transmission-sig", "cert-url")
    transmission, at, signature, address = (headers.get(f"paypal-{name}", "") for name in names)
    if not all(_FIELD.fullmatch(each) for each in (transmission, at, signature, address)) or not _is_now(at, now):
        return None
    checksum = zlib.crc32(body)
    for each in settings:
        if isinstance(each, Settings) and each.webhook_id:
            message = f"{transmission}|{at}|{each.webhook_id}|{checksum}".encode()
            if is_signed(message, signature, address, each, now):
                return _hints(body)
    return None


def _is_now(text: str, now: Instant) -> bool:
    try:
        at = instant_from_iso(text)
    except (ReceivablesError, ValueError, OverflowError):
        return False
    return -AHEAD_SECONDS <= (now - at).total_seconds() <= LATE_SECONDS


def _hints(body: bytes) -> tuple[Hint, ...]:
    """What to look at; nothing for an event about something that is not mirrored, or that cannot be read."""
    try:
        event = wire.decode(body, wire.Event)
        about = wire.decode(bytes(event.resource), wire.Pointed)
    except ReceivablesError:
        return ()
    if event.event_type not in EVENTS or not _ID.fullmatch(event.id):
        return ()
    kind = _KINDS.get(event.resource_type) or _BY_NAME.get(event.event_type.partition(".")[0])
    vendor_id = (about.dispute_id if kind is Kind.DISPUTE else about.order_id) or about.id
    if kind is None or not _ID.fullmatch(vendor_id):
        return (Hint(account="", key=event.id, kind=None, vendor_id=None, at=_at(event.create_time)),)
    return (Hint(account="", key=event.id, kind=kind, vendor_id=vendor_id, at=_at(event.create_time)),)


def _at(text: str) -> str:
    try:
        return instant_from_iso(text).isoformat()
    except (ReceivablesError, ValueError, OverflowError):
        return ""
