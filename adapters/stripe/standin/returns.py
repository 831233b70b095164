"""Why a bank refuses a debit or takes it back: each network's own code and the words Stripe has for it.

Sources: Stripe's pages "Network decline codes", "SEPA Direct Debit" and "Bacs Direct Debit" (failure codes), and the
description of a dispute's `reason`. Which reason goes with which failure is not said anywhere and is our choice; so are
the words of Canada's network. Own codes are given of the American network alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """`failure` is the charge's `failure_code`, `reason` what a dispute says, `network` the network's code if known."""

    failure: str
    words: str
    reason: str
    network: str | None = None


_NO_FUNDS = Return(
    failure="insufficient_funds",
    words="The customer's account has insufficient funds.",
    reason="insufficient_funds",
)
_CLOSED = Return(failure="account_closed", words="The bank account has been closed.", reason="bank_cannot_process")
_UNKNOWN = Return(
    failure="no_account", words="The bank account could not be located.", reason="incorrect_account_details"
)
_WRONG = Return(
    failure="invalid_account_number", words="The account number is not valid.", reason="incorrect_account_details"
)
_NOT_ALLOWED = Return(
    failure="debit_not_authorized",
    words="The customer told their bank that this payment was unauthorized.",
    reason="debit_not_authorized",
)
_RESTRICTED = Return(
    failure="bank_account_restricted", words="The bank has blocked debits.", reason="bank_cannot_process"
)
_ASKED_BACK = Return(
    failure="debit_disputed", words="The customer asked their bank for the money.", reason="customer_initiated"
)
_REVOKED = Return(
    failure="authorization_revoked", words="The customer revoked the mandate.", reason="debit_not_authorized"
)
_MOVED = Return(
    failure="bank_ownership_changed", words="The account is at another bank now.", reason="bank_cannot_process"
)
_ASK_THEM = Return(failure="refer_to_customer", words="The bank gave no reason.", reason="bank_cannot_process")
_COULD_NOT = Return(failure="generic_could_not_process", words="This payment could not be processed.", reason="general")


def _as(known: Return, network: str) -> Return:
    return replace(known, network=network)


RETURNS: Mapping[str, tuple[Return, ...]] = {
    "us_bank_account": (
        _as(_NO_FUNDS, "R01"),
        _as(_CLOSED, "R02"),
        _as(_UNKNOWN, "R03"),
        _as(_NOT_ALLOWED, "R10"),
        _as(_NO_FUNDS, "R09"),
        _as(_NOT_ALLOWED, "R05"),
        _as(_RESTRICTED, "R16"),
        _as(_NOT_ALLOWED, "R29"),
    ),
    "acss_debit": (_NO_FUNDS, _CLOSED, _WRONG, _NOT_ALLOWED, _RESTRICTED),
    "sepa_debit": (
        _NO_FUNDS,
        _ASK_THEM,
        _ASKED_BACK,
        _REVOKED,
        _NOT_ALLOWED,
        _CLOSED,
        _RESTRICTED,
        _WRONG,
        _COULD_NOT,
    ),
    "bacs_debit": (_NO_FUNDS, _CLOSED, _MOVED, _NOT_ALLOWED, _WRONG, _COULD_NOT),
}
"""Per network, the commonest first."""

CARD_DECLINED = Return(failure="card_declined", words="Your card was declined.", reason="fraudulent", network="05")


def returned(method: str, code: str = "") -> Return:
    """What a network says under that code: its own or Stripe's word; the commonest without one.

    KeyError for a code the network does not have.
    """
    known = RETURNS.get(method, (_NO_FUNDS,))
    if not code:
        return known[0]
    for one in known:
        if code in (one.network, one.failure):
            return one
    raise KeyError(f"{method} has no {code}")
