"""What a refusal by QuickBooks means for us. Codes are Intuit's; the sentences are ours.

Intuit's own texts may hold names and amounts of the customer, so they are compared here and never passed on; the code
and Intuit's trace id travel with the error, and its support can read the rest from those.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from http import HTTPStatus

from adapters.quickbooks.wire import SYSTEM, Fault, FaultLine
from connector.errors import (
    Conflict,
    MalformedAnswer,
    NeedsReconnect,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unreachable,
    VendorError,
)

CONNECT_AGAIN = "Connect the company again: receivables connect quickbooks"
"""The next step wherever a grant is dead."""

PAUSE_SECONDS = 60
"""How long Intuit asks everybody of a company to wait after a throttle."""


class Meaning(Enum):
    """What kind of refusal it is. The order is that of gravity: of several errors the first of these is reported."""

    THROTTLED = auto()
    EXPIRED = auto()
    FORBIDDEN = auto()
    BROKEN = auto()
    STALE = auto()
    GONE = auto()
    REFUSED = auto()


@dataclass(frozen=True, slots=True)
class _Known:
    meaning: Meaning
    sentence: str
    next_step: str


_THROTTLED = _Known(Meaning.THROTTLED, "QuickBooks asks us to slow down.", "")
_EXPIRED = _Known(Meaning.EXPIRED, "QuickBooks does not accept this connection any more.", CONNECT_AGAIN)
_BROKEN = _Known(Meaning.BROKEN, "QuickBooks is out of order at the moment.", "Run it again in a few minutes.")
_STALE = _Known(
    Meaning.STALE, "Somebody changed the record in QuickBooks meanwhile.", "Sync, and look at the plan again."
)
_GONE = _Known(
    Meaning.GONE,
    "The record does not exist in QuickBooks any more, or is inactive.",
    "Sync, and look at the plan again.",
)
_OURS = _Known(
    Meaning.REFUSED,
    "QuickBooks found a field of the request missing or not allowed.",
    "Report this with the code; nothing was written.",
)
_DUPLICATE = _Known(
    Meaning.REFUSED,
    "QuickBooks already has a record with that number or name.",
    "Look it up in QuickBooks; nothing was written.",
)
_CLOSED = _Known(
    Meaning.REFUSED,
    "The date falls into a period that is closed in QuickBooks.",
    "Choose a later date or open the period in QuickBooks; nothing was written.",
)
_ACCOUNT = _Known(
    Meaning.REFUSED,
    "QuickBooks does not take that account for this kind of entry.",
    "Choose another account in the posting settings.",
)
_FORBIDDEN = _Known(
    Meaning.FORBIDDEN,
    "QuickBooks does not let this connection do that: rights are missing, or a sandbox key meets real books.",
    f"{CONNECT_AGAIN}, as an administrator of it, with keys of the right kind.",
)
_QUERY = _Known(Meaning.REFUSED, "QuickBooks did not understand a query.", "Report this with the code.")

CODES = {
    120: _FORBIDDEN,
    401: _EXPIRED,
    403: _FORBIDDEN,
    429: _THROTTLED,
    500: _BROKEN,
    501: _BROKEN,
    502: _BROKEN,
    503: _BROKEN,
    504: _BROKEN,
    610: _GONE,
    620: _Known(
        Meaning.REFUSED,
        "QuickBooks could not link the payment to the invoice: it is paid already, or of another customer or currency.",
        "Sync, and look at the plan again.",
    ),
    2010: _OURS,
    2020: _OURS,
    2050: _OURS,
    2080: _OURS,
    2180: _OURS,
    2390: _ACCOUNT,
    2500: _Known(
        Meaning.REFUSED,
        "QuickBooks does not know a customer, account or invoice that the entry names.",
        "Sync, and look at the plan again.",
    ),
    3001: _THROTTLED,
    3100: _FORBIDDEN,
    3200: _EXPIRED,
    4000: _QUERY,
    4001: _QUERY,
    5010: _STALE,
    6000: _Known(
        Meaning.REFUSED,
        "A business rule of QuickBooks forbids the entry.",
        "Try the entry by hand in QuickBooks; it says there which rule it is.",
    ),
    6140: _DUPLICATE,
    6190: _Known(
        Meaning.REFUSED,
        "The company's QuickBooks subscription has lapsed.",
        "Renew it in QuickBooks; syncing goes on by itself then.",
    ),
    6210: _CLOSED,
    6240: _DUPLICATE,
    6430: _ACCOUNT,
    6540: _Known(
        Meaning.REFUSED,
        "The payment is part of a deposit in QuickBooks and cannot be changed.",
        "Correct the deposit in QuickBooks first.",
    ),
    10000: _BROKEN,
}
"""Intuit's codes, from its pages "Error codes" and "Handling common errors"."""

_REFUSED = _Known(
    Meaning.REFUSED, "QuickBooks refused the request.", "Look the code up at Intuit, or try it there by hand."
)
_TYPES = {
    "authentication": _EXPIRED,
    "authorization": _FORBIDDEN,
    "system": _BROKEN,
    "service": _BROKEN,
    "validation": _REFUSED,
}
_CLOSED_WORDS = ("account period closed", "period is closed", "books are closed")


def judge(
    status: int, found: Sequence[Fault], *, write: bool, trace: str = "", pause_seconds: int = PAUSE_SECONDS
) -> VendorError | None:
    """The error an answer means, None when it is none. `write`: the request may have changed something.

    Of several errors the gravest counts. An error without a code that is known is judged by the HTTP status, or where
    that is 200 or 400 by Intuit's class of it; an answer of success with a fault in it is a fault.
    """
    verdicts = [(_known(line, fault, status), _code(line)) for fault in found for line in fault.lines or (FaultLine(),)]
    if not verdicts:
        if status < HTTPStatus.MULTIPLE_CHOICES:
            return None
        verdicts = [(_by_status(status), "")]
    known, code = min(verdicts, key=lambda verdict: verdict[0].meaning.value)
    if known.meaning is Meaning.THROTTLED:
        return RateLimited(
            known.sentence, retry_after_seconds=pause_seconds, system=SYSTEM, code=code or str(status), trace=trace
        )
    return _error(known, code or str(status), write=write, trace=trace)


def lost(*, write: bool, trace: str = "") -> VendorError:
    """The error of an answer that came and cannot be read: unknown for a write, to be repeated for a read."""
    if write:
        return _unknown("", trace)
    return MalformedAnswer(
        "QuickBooks answered with half a page, or with something that is not data.",
        next_step="Nothing of it was kept; run it again in a few minutes.",
        system=SYSTEM,
        trace=trace,
    )


def _code(line: FaultLine) -> str:
    """The code without padding (003001 is 3001), "" where there is none."""
    text = str(line.code or "").strip()
    return str(int(text)) if text.isdecimal() else text[:40]


def _known(line: FaultLine, fault: Fault, status: int) -> _Known:
    code = _code(line)
    texts = (line.detail, line.gateway_detail, line.message, line.gateway_message)
    said = " ".join(text for text in texts if text).lower()
    if any(words in said for words in _CLOSED_WORDS):
        return _CLOSED  # one company got the code of a stale record (5010) with this text
    if "throttleexceeded" in said:
        return CODES[3001]
    if code.isdecimal() and int(code) in CODES:
        return CODES[int(code)]
    if status in (HTTPStatus.OK, HTTPStatus.BAD_REQUEST):  # these two say nothing about the kind of fault
        kind = (fault.type or "").lower()
        return next((known for beginning, known in _TYPES.items() if kind.startswith(beginning)), _REFUSED)
    return _by_status(status)


def _by_status(status: int) -> _Known:
    if status in CODES:
        return CODES[status]
    if status == HTTPStatus.NOT_FOUND:
        return CODES[610]
    if status == HTTPStatus.REQUEST_TIMEOUT or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return CODES[500]
    return _REFUSED


def _unknown(code: str, trace: str) -> OutcomeUnknown:
    return OutcomeUnknown(
        "QuickBooks broke off while it was writing, so the entry may or may not exist.",
        next_step="It will be looked up there before anything is repeated.",
        system=SYSTEM,
        code=code,
        trace=trace,
    )


_CLASSES = {
    Meaning.EXPIRED: NeedsReconnect,
    Meaning.FORBIDDEN: NeedsReconnect,
    Meaning.BROKEN: Unreachable,
    Meaning.STALE: Conflict,
    Meaning.GONE: NotFound,
    Meaning.REFUSED: Rejected,
}


def _error(known: _Known, code: str, *, write: bool, trace: str) -> VendorError:
    if known.meaning is Meaning.BROKEN and write:
        return _unknown(code, trace)
    make = _CLASSES[known.meaning]
    return make(known.sentence, next_step=known.next_step, system=SYSTEM, code=code, trace=trace)
