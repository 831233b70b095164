"""What an answer other than 200 means, in the house's errors. Pure.

Stripe's own sentence may quote the request, so only its codes are shown. A write that met a fault on Stripe's side may
have happened, and so may one whose twin with the same key is still under way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from adapters.stripe import wire
from connector.errors import (
    NeedsReconnect,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unreachable,
    VendorError,
)

PAUSE_SECONDS = 2.0
PAUSE_SECONDS_MAX = 60.0

UNAUTHORIZED = 401
FORBIDDEN = 403
NOT_FOUND = 404
CONFLICT = 409
TOO_MANY = 429
OK = 200
_BAD_REQUEST = 400
_FAULT = 500

_PERMISSION = re.compile(r"\brak_[a-z_]{1,60}\b")
_WORD = re.compile(r"[A-Za-z0-9_.\[\]-]{1,80}")
_AREAS = (
    ("/v1/checkout/sessions", "Checkout Sessions"),
    ("/v1/balance_transactions", "Balance transactions"),
    ("/v1/balance", "Balance"),
    ("/v1/invoice_payments", "Invoices"),
    ("/v1/invoices", "Invoices"),
    ("/v1/payment_intents", "Payment Intents"),
    ("/v1/charges", "Charges"),
    ("/v1/refunds", "Refunds"),
    ("/v1/disputes", "Disputes"),
    ("/v1/payouts", "Payouts"),
    ("/v1/customers", "Customers"),
    ("/v1/account", "Account"),
)


def refusal(status: int, body: bytes, headers: Mapping[str, str], *, path: str, write: bool) -> VendorError:
    """The error of one answer. `path` is the path asked for, `write` whether it may have changed something."""
    said = wire.fault(body)
    code = _word(said.decline_code or said.code or "")
    named = {"system": wire.SYSTEM, "code": code, "trace": _word(headers.get("Request-Id", ""))}
    if status == TOO_MANY:
        return RateLimited("Stripe asks for a pause.", retry_after_seconds=_pause(headers), **named)
    if status == UNAUTHORIZED:
        return NeedsReconnect(
            "Stripe does not accept the key.", next_step="Make a new restricted key in Stripe and store it.", **named
        )
    if status == FORBIDDEN:
        return NeedsReconnect(
            f"The Stripe key lacks the permission {_permission(said.message or '', path, write=write)}.",
            next_step="Add it to the key in Stripe's dashboard (Developers, API keys), then run it again.",
            **named,
        )
    if status == NOT_FOUND:
        return NotFound(
            "Stripe has no such record, or it was deleted.", next_step="Sync, then look at it again.", **named
        )
    if _BAD_REQUEST <= status < _FAULT and status != CONFLICT:
        param = _word(said.param or "")
        about = " ".join(part for part in (code and f"code {code}", param and f"parameter {param}") if part)
        return Rejected(
            f"Stripe refused it ({about or f'status {status}'}).",
            next_step="Put right what the code names; trying again unchanged will not help.",
            **named,
        )
    return _unsure(status, named, write=write)


def _unsure(status: int, named: dict[str, str], *, write: bool) -> VendorError:
    if write:
        return OutcomeUnknown(
            f"Stripe answered a write with {status}, so it may or may not have happened.",
            next_step="It will be looked up there before anything is repeated.",
            **named,
        )
    if status == CONFLICT:
        return RateLimited("Stripe is busy with this record.", retry_after_seconds=PAUSE_SECONDS, **named)
    return Unreachable(f"Stripe answered with {status}.", next_step="Run it again in a few minutes.", **named)


def other_mode(*, key_is_live: bool) -> NeedsReconnect:
    """Test data to a live key, or the reverse: nothing of it may be kept."""
    key, other = ("live", "test") if key_is_live else ("test", "live")
    return NeedsReconnect(
        f"Stripe answered a {key} key with {other} data.",
        next_step=f"Connect {other} data as a connection of its own, with its own key.",
        system=wire.SYSTEM,
    )


def _pause(headers: Mapping[str, str]) -> float:
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return min(int(text), PAUSE_SECONDS_MAX)
    return PAUSE_SECONDS


def _permission(message: str, path: str, *, write: bool) -> str:
    """The permission Stripe's sentence names, or else the one that the path needs."""
    found = _PERMISSION.search(message)
    if found:
        return found[0]
    area = next((area for start, area in _AREAS if path.startswith(start)), "for this record")
    return f"{'write' if write else 'read'} on {area}"


def _word(text: str) -> str:
    """Codes and ids only; anything that could be a sentence is left out."""
    return text if _WORD.fullmatch(text) else ""
