"""What an answer that is no success means: for a read, and for a write under its stored key.

PayPal's texts are for developers and may change, so only its codes are read. Its debug id is kept with every failure:
it is what PayPal's support asks for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from adapters.paypal import wire
from connector.errors import (
    Conflict,
    NeedsReconnect,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unreachable,
    VendorError,
)
from connector.transport import retry_after_seconds

PAUSE_SECONDS = 5.0
REPORTS_PAUSE_SECONDS = 20.0
OK = (HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.NO_CONTENT)
SERVER_TROUBLE = 500

DENIED = frozenset({"PERMISSION_DENIED", "NOT_AUTHORIZED"})
HOURS_LATER = (
    "Switch it on for the app in PayPal's developer dashboard (Transaction Search, under the app's features), then run "
    "it again: PayPal may take up to 9 hours to let it through."
)
"""A permission that was just given works only when the tokens from before it have ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One answer, whatever it was."""

    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def trace(self) -> str:
        """PayPal's own id of the exchange."""
        return self.headers.get(wire.TRACE, "") or wire.refusal(self.body).debug_id

    @property
    def issue(self) -> str:
        """PayPal's word for why not, "" where it said none."""
        return wire.refusal(self.body).issue if self.status not in OK else ""


def may_pass(heard: Heard) -> bool:
    """Whether the same call under the same key may be made again: told to wait, at work on its twin, or in trouble."""
    waits = (HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.REQUEST_TIMEOUT)
    return heard.status in waits or heard.status >= SERVER_TROUBLE


def of_read(heard: Heard, path: str) -> VendorError:
    """The error of a read that brought nothing."""
    known = {"system": wire.SYSTEM, "code": heard.issue or str(heard.status), "trace": heard.trace}
    wish = retry_after_seconds(heard.headers)
    match heard.status:
        case HTTPStatus.TOO_MANY_REQUESTS:
            own = REPORTS_PAUSE_SECONDS if path.startswith("/v1/reporting") else PAUSE_SECONDS
            return RateLimited(
                "PayPal asks us to slow down.", retry_after_seconds=own if wish is None else wish, **known
            )
        case HTTPStatus.UNAUTHORIZED:
            return NeedsReconnect(
                "PayPal does not accept its own token.", next_step="Run: receivables connect paypal", **known
            )
        case HTTPStatus.FORBIDDEN:
            return lacking(path, **known)
        case HTTPStatus.NOT_FOUND:
            return NotFound("PayPal has no such record (any more).", **known)
        case status if status >= SERVER_TROUBLE or status in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT):
            return Unreachable(
                "PayPal cannot answer at the moment.", next_step="Run it again in a few minutes.", **known
            )
        case _:
            return Rejected(
                f"PayPal refused what it was asked for ({heard.issue or heard.status}).",
                next_step=f"If it happens again, ask PayPal's support about {heard.trace or 'it'}.",
                **known,
            )


def lacking(path: str, *, system: str, code: str, trace: str) -> NeedsReconnect:
    """The permission that is missing, by name."""
    if path.startswith("/v1/reporting"):
        what, step = "Transaction Search", HOURS_LATER
    elif path.startswith(wire.DISPUTES):
        what, step = "Disputes", HOURS_LATER.replace("Transaction Search", "Customer disputes")
    else:
        what, step = "what this needs", "Look at the app's features in PayPal's developer dashboard."
    return NeedsReconnect(
        f"This PayPal app lacks the permission for {what}.", next_step=step, system=system, code=code, trace=trace
    )


def of_write(heard: Heard) -> VendorError:
    """The error of a write that PayPal surely did not make; one that may have been made is `lost`."""
    known = {"system": wire.SYSTEM, "code": heard.issue or str(heard.status), "trace": heard.trace}
    if heard.status == HTTPStatus.NOT_FOUND:
        return NotFound("PayPal has no such record (any more).", **known)
    if heard.status == HTTPStatus.UNAUTHORIZED:
        return NeedsReconnect("PayPal does not accept its own token.", next_step="Run: receivables doctor", **known)
    if heard.status == HTTPStatus.FORBIDDEN:
        return lacking("", **known)
    if heard.status == HTTPStatus.PRECONDITION_FAILED:
        return Conflict("The record at PayPal changed meanwhile.", **known)
    return Rejected(
        f"PayPal refused it ({heard.issue or heard.status}).",
        next_step=f"If that is no help, ask PayPal's support about {heard.trace or 'it'}.",
        **known,
    )


def lost(heard: Heard | None = None) -> OutcomeUnknown:
    """No answer came that says what became of a write."""
    return OutcomeUnknown(
        "PayPal did not say what became of a write, so it may or may not have happened.",
        next_step="It will be looked up there before anything is repeated.",
        system=wire.SYSTEM,
        code=heard.issue if heard is not None else "",
        trace=heard.trace if heard is not None else "",
    )
