"""What an order asks for, and what one that was read says: as values. Pure.

A pay page is an order that we capture ourselves. Where it stands is said by its captures, never by its own status: a
completed order may hold a capture that is pending, or was declined.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from adapters.paypal import marks, wire
from adapters.paypal.amounts import to_wire
from adapters.paypal.translate import Where, amount, waits_for
from connector.errors import Refused
from connector.model.intent import OpenPayPage
from connector.model.money_in import AttemptState, Taking
from connector.model.source import Kind
from connector.ports import PageState

PAYER_LINKS = ("payer-action", "approve", "redirect")
UNRESTRICTED = "UNRESTRICTED"
INSTANT = "IMMEDIATE_PAYMENT_REQUIRED"

_CAPTURES: dict[str, AttemptState] = {
    "COMPLETED": AttemptState.SUCCEEDED,
    "PARTIALLY_REFUNDED": AttemptState.SUCCEEDED,
    "REFUNDED": AttemptState.SUCCEEDED,
    "PENDING": AttemptState.PROCESSING,
    "DECLINED": AttemptState.FAILED,
    "FAILED": AttemptState.FAILED,
}
_ORDERS: dict[str, AttemptState] = {
    "CREATED": AttemptState.OFFERED,
    "SAVED": AttemptState.OFFERED,
    "PAYER_ACTION_REQUIRED": AttemptState.OFFERED,
    "APPROVED": AttemptState.APPROVED,
    "VOIDED": AttemptState.EXPIRED,
}
"""Of an order without a capture. One that says it is complete and shows no money is unknown."""

_TAKINGS: dict[AttemptState, Taking] = {
    AttemptState.SUCCEEDED: Taking.TAKEN,
    AttemptState.PROCESSING: Taking.ON_ITS_WAY,
    AttemptState.FAILED: Taking.DECLINED,
    AttemptState.EXPIRED: Taking.LAPSED,
}


def body_of(intent: OpenPayPage, *, instant_only: bool, site: str = "") -> dict[str, Any]:
    """The JSON of `POST /v2/checkout/orders`. Errors: Refused when the intent cannot be an order.

    `site` is where a payer goes from PayPal's page where no page of ours can be reached; without one the order names no
    such place, which its description allows, and the payer stays at PayPal."""
    if intent.amount.minor <= 0:
        raise Refused("A pay page asks for more than nothing.")
    back = intent.return_url or site
    return {
        "intent": "CAPTURE",
        "purchase_units": [
            {
                "amount": to_wire(intent.amount),
                "custom_id": marks.custom_id(intent.attempt, intent.debt),
                "invoice_id": marks.invoice_id(intent.number, intent.attempt),
            }
        ],
        "payment_source": {
            "paypal": {
                "experience_context": {
                    **({"return_url": back, "cancel_url": back} if back else {}),
                    "shipping_preference": "NO_SHIPPING",
                    "user_action": "PAY_NOW",
                    "payment_method_preference": INSTANT if instant_only else UNRESTRICTED,
                }
            }
        },
    }


def renamed(invoice_id: str) -> list[dict[str, str]]:
    """The JSON of a patch that gives the order another invoice id."""
    return [{"op": "replace", "path": "/purchase_units/@reference_id=='default'/invoice_id", "value": invoice_id}]


def payer_link(links: tuple[wire.Link, ...], hosts: frozenset[str]) -> str | None:
    """Where the payer goes on; None where there is no such link to one of PayPal's own pages."""
    found = (link.href for rel in PAYER_LINKS for link in links if link.rel == rel)
    return next((href for href in found if _is_of(href, hosts)), None)


def _is_of(href: str, hosts: frozenset[str]) -> bool:
    parts = urlsplit(href)
    return parts.netloc in hosts and parts.scheme in ("https", "http")


def capture_of(order: wire.Order) -> wire.Capture | None:
    """The money of an order: the capture that stands best, where there are several."""
    found = [each for unit in order.purchase_units if unit.payments is not None for each in unit.payments.captures]
    ranks: Mapping[AttemptState, int] = {AttemptState.SUCCEEDED: 2, AttemptState.PROCESSING: 1, AttemptState.UNKNOWN: 1}
    return max(found, key=lambda each: ranks.get(_stands(each), 0), default=None)


def _stands(capture: wire.Capture) -> AttemptState:
    return _CAPTURES.get(capture.status, AttemptState.UNKNOWN)


def state_of(order: wire.Order, where: Where, hosts: frozenset[str]) -> PageState:
    """Where the page stands. Errors: MalformedAnswer for money without an amount."""
    capture = capture_of(order)
    payee = payee_of(order, capture)
    if capture is None:
        state = _ORDERS.get(order.status, AttemptState.UNKNOWN)
        url = payer_link(order.links, hosts) if state is AttemptState.OFFERED else None
        return PageState(state=state, url=url, payment=None, payee=payee)
    why = capture.status_details.reason if capture.status_details is not None else ""
    state = _stands(capture)
    came = state in (AttemptState.SUCCEEDED, AttemptState.PROCESSING)
    return PageState(
        state=state,
        url=None,
        payment=where.ref(Kind.PAYMENT, capture.id),
        taken=amount(capture.amount) if came else None,
        payee=payee,
        waits_for=waits_for(why) if state is AttemptState.PROCESSING else "",
    )


def payee_of(order: wire.Order, capture: wire.Capture | None) -> str:
    """Who gets the money: what the capture says goes before what the order says."""
    if capture is not None and capture.payee is not None and capture.payee.merchant_id:
        return capture.payee.merchant_id
    return next((unit.payee.merchant_id for unit in order.purchase_units if unit.payee is not None), "")


def taking_of(state: PageState) -> Taking | None:
    """What became of the money for good, by where the page stands; None while it may still be captured."""
    return _TAKINGS.get(state.state)
