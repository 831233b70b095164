"""What of ours stands in an order, and with the money for ever: the try to pay, and the debt it is for. Pure.

PayPal's reports let through letters, digits and little else, and what comes back is what went in. So our ids are made
of letters, digits and hyphens alone, and the invoice's own number is never read back from them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from connector.errors import Refused
from connector.model.source import ConnectionId, Kind, Ref

CHARACTERS_MAX = 127
_PLAIN = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*")
_ODD = re.compile(r"[^A-Za-z0-9]+")
_BETWEEN = "--"
_FIRST = "rcv"
_REFUND = "rcv-refund"
_NUMBER_CHARACTERS_MAX = 60
_PARTS = 5

DEBT_TAG = "receivables_debt"
ATTEMPT_TAG = "receivables_attempt"
NUMBER_TAG = "invoice_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Which try to pay an order or a payment is, and of which debt where that could be said."""

    attempt: str
    debt: Ref | None


def custom_id(attempt: str, debt: Ref) -> str:
    """`rcv--a-k3...--quickbooks--invoice--130`; without the debt where its name has other characters, or is too long.

    Errors: Refused when the attempt's own id does not fit: an order nobody can find again is not opened."""
    if not _PLAIN.fullmatch(attempt) or len(attempt) > CHARACTERS_MAX - len(_FIRST) - len(_BETWEEN):
        raise Refused("The id of this try to pay cannot stand in a PayPal order.")
    parts = (_FIRST, attempt, debt.connection, debt.kind, debt.vendor_id)
    whole = _BETWEEN.join(parts)
    if all(_PLAIN.fullmatch(part) for part in parts) and len(whole) <= CHARACTERS_MAX:
        return whole
    return _BETWEEN.join((_FIRST, attempt))


def mark_of(custom: str | None) -> Mark | None:
    """What a `custom_id` of ours says; None for anybody else's."""
    parts = (custom or "").split(_BETWEEN)
    if parts[0] != _FIRST or len(parts) not in (2, _PARTS):
        return None
    if len(parts) == 2:  # noqa: PLR2004 - the attempt alone
        return Mark(attempt=parts[1], debt=None)
    _, attempt, connection, kind, vendor_id = parts
    if kind not in Kind.__members__.values():
        return Mark(attempt=attempt, debt=None)
    return Mark(attempt=attempt, debt=Ref(ConnectionId(connection), Kind(kind), vendor_id))


def refund_id(op_id: str) -> str:
    """What a refund of ours carries: the stamp of its write, so that it is found again."""
    return f"{_REFUND}-{op_id}"


def invoice_id(number: str | None, attempt: str, repeat: int = 1) -> str:
    """`INV-7-k3...`: the invoice's number for whoever looks there, and what makes it the only one of its kind.

    `repeat` is more than 1 where PayPal says that it has seen the id, and no money is found under it."""
    shown = _ODD.sub("-", number or "").strip("-")[:_NUMBER_CHARACTERS_MAX].strip("-")
    own = _ODD.sub("-", attempt).strip("-")
    parts = [part for part in (shown, own, str(repeat) if repeat > 1 else "") if part]
    return "-".join(parts)[:CHARACTERS_MAX]
