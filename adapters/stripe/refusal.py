"""What an answer other than 200 means, in the house's errors. Pure.

Stripe's own sentence may quote the request, so only its codes are shown. A write that met a fault on Stripe's side may
have happened. One that Stripe turned away with 429 or 409 has not: no endpoint had begun its work, and nothing is kept
under its key, unless the answer says itself that it is only repeated.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from adapters.stripe import wire
from adapters.stripe.permissions import named, needed
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
"""Where Stripe does not say how long."""

LOCKED = "lock_timeout"
"""Somebody else is writing to the same record; the account as a whole need not wait."""

MISSING = "resource_missing"
"""Stripe's code for a record that is not there."""

NO_KEY = "key_not_accepted"
"""Our code of a 401, which has none of Stripe's."""

SHOULD_RETRY = "Stripe-Should-Retry"
UNAUTHORIZED = 401
FORBIDDEN = 403
NOT_FOUND = 404
CONFLICT = 409
TOO_MANY = 429
OK = 200
_BAD_REQUEST = 400
_PAYMENT_REQUIRED = 402
_TIMED_OUT = 408
_FAULT = 500

_PERMISSION = re.compile(r"\brak_[a-z_]{1,60}\b")
_WORD = re.compile(r"[A-Za-z0-9_.\[\]-]{1,80}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One answer. `headers` compare without regard to case."""

    status: int
    body: bytes
    headers: Mapping[str, str]


def refusal(heard: Heard, *, path: str, write: bool, pause_seconds: float = PAUSE_SECONDS) -> VendorError:
    """The error of one answer. `path` is the path asked for, `write` whether it may have changed something,
    `pause_seconds` how long Stripe asks us to wait."""
    status, headers = heard.status, heard.headers
    said = wire.fault(heard.body)
    code = _word(said.decline_code or said.code or "")
    told = {"system": wire.SYSTEM, "code": code, "trace": _word(headers.get("Request-Id", ""))}
    if write and (_may_have_happened(status) or (status in (TOO_MANY, CONFLICT) and _replayed(headers))):
        return _unsure(status, told, replayed=_replayed(headers))
    if status in (TOO_MANY, CONFLICT):
        sentence = "Stripe asks for a pause." if status == TOO_MANY else "Stripe is busy with this record."
        return RateLimited(sentence, retry_after_seconds=pause_seconds, **told)
    if status in (UNAUTHORIZED, FORBIDDEN):
        return _shut_out(status, _permission(said.message or "", path, write=write), told)
    if status == NOT_FOUND:
        return NotFound(
            "Stripe has no such record, or it was deleted.", next_step="Sync, then look at it again.", **told
        )
    if _final(status, headers, write=write):
        return _no(status, _about(code, said.param, status), told)
    return Unreachable(f"Stripe answered with {status}.", next_step="Run it again in a few minutes.", **told)


def _shut_out(status: int, permission: str, told: dict[str, str]) -> NeedsReconnect:
    """The key is not accepted, or lacks a permission: whose name is the error's code then."""
    if status == UNAUTHORIZED:
        return NeedsReconnect(
            "Stripe does not accept the key.",
            next_step="Make a new restricted key in Stripe, and give it to: receivables connect stripe",
            **{**told, "code": NO_KEY},
        )
    lacking = f"the permission {named(permission)}" if permission else "a permission for this record"
    return NeedsReconnect(
        f"The Stripe key lacks {lacking}.",
        next_step="Add it to the key in Stripe's dashboard (Developers, API keys), then run it again.",
        **{**told, "code": permission or told["code"]},
    )


def _no(status: int, about: str, told: dict[str, str]) -> Rejected:
    if status >= _FAULT:
        return Rejected(
            f"Stripe answered with {status}, and that asking again will not help.",
            next_step="Look at Stripe's status page, and run it again later.",
            **told,
        )
    return Rejected(
        f"Stripe refused it ({about}).",
        next_step="Put right what the code names; trying again unchanged will not help.",
        **told,
    )


def _about(code: str, param: str | None, status: int) -> str:
    which = _word(param or "")
    parts = [part for part in (code and f"code {code}", which and f"parameter {which}") if part]
    return " ".join(parts) or f"status {status}"


def _unsure(status: int, told: dict[str, str], *, replayed: bool) -> OutcomeUnknown:
    error = OutcomeUnknown(
        f"Stripe answered a write with {status}, so it may or may not have happened.",
        next_step="It will be looked up there before anything is repeated.",
        **told,
    )
    error.key_spent = replayed
    return error


def _may_have_happened(status: int) -> bool:
    return status == _TIMED_OUT or not _BAD_REQUEST <= status < _FAULT


def _final(status: int, headers: Mapping[str, str], *, write: bool) -> bool:
    """Whether it would be refused again. Stripe may say so of its own faults, and that a refused read is worth another
    try; but what is wrong with a request itself stays wrong, whatever it says."""
    word = headers.get(SHOULD_RETRY)
    if _BAD_REQUEST <= status < _FAULT:
        return write or word != "true" or status in (_BAD_REQUEST, _PAYMENT_REQUIRED)
    return word == "false"


def _replayed(headers: Mapping[str, str]) -> bool:
    """Whether Stripe only repeats what it answered to the same key before."""
    return headers.get("Idempotent-Replayed") == "true"


def other_mode(*, key_is_live: bool) -> NeedsReconnect:
    """Test data to a live key, or the reverse: nothing of it may be kept."""
    key, other = ("live", "test") if key_is_live else ("test", "live")
    return NeedsReconnect(
        f"Stripe answered a {key} key with {other} data.",
        next_step=f"Connect {other} data as a connection of its own, with its own key.",
        system=wire.SYSTEM,
    )


def _permission(message: str, path: str, *, write: bool) -> str:
    """The permission that Stripe's sentence names, or else the one that the address needs; "" where none is known."""
    found = _PERMISSION.search(message)
    if found:
        return found[0]
    one = needed(path, write=write)
    return one.name if one is not None else ""


def _word(text: str) -> str:
    """Codes and ids only; anything that could be a sentence is left out."""
    return text if _WORD.fullmatch(text) else ""
