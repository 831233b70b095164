"""Money given back: at once, or days later, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.stripe.standin import form
from adapters.stripe.standin.amounts import code_of, priced, share
from adapters.stripe.standin.ledger import Booking, Ledger
from adapters.stripe.standin.refusals import Refusal, missing
from adapters.stripe.standin.resources import EXPAND
from adapters.stripe.standin.shapes import Document, filled

_WAITING = frozenset({"pending", "requires_action"})
CREATE: dict[str, form.Rule] = {
    "amount": form.INTEGER,
    "charge": form.TEXT,
    "metadata": form.METADATA,
    "reason": frozenset({"duplicate", "fraudulent", "requested_by_customer"}),
    **EXPAND,
}
"""What a refund may be asked with."""

_DEBITS = frozenset({"acss_debit", "au_becs_debit", "bacs_debit", "sepa_debit", "us_bank_account"})
_MAIL = {"type": "display_details", "display_details": {"email_sent": {"email_sent_at": 0, "email_sent_to": ""}}}


def refund(ledger: Ledger, charge: Document, back: Document, *, taken: int | None = None) -> None:
    """Give `back` (a refund with id, amount, created and status) of a charge that has settled.

    One that is pending or waits for the payer has moved nothing; a failed one has moved money there and back again.
    `taken` is what leaves the balance, where the price in another currency is not that of the charge.
    """
    back.update(charge=charge["id"], payment_intent=charge["payment_intent"], currency=charge["currency"])
    ledger.put(back)
    at, before = back["created"], charge["amount_refunded"]
    match back["status"]:
        case "pending":
            back["pending_reason"] = "insufficient_funds"
        case "requires_action":
            email = charge["billing_details"]["email"] or "payer@example.com"
            sent = {"email_sent_at": at, "email_sent_to": email}
            back["next_action"] = {**_MAIL, "display_details": {"email_sent": sent, "expires_at": at + 30 * 86_400}}
        case _:
            _leave(ledger, back, at, taken)
    if back["status"] == "failed":
        _return(ledger, back, at + 1, "")
        ledger.tell("refund.created", back, at=at)
        ledger.tell("refund.updated", back, at=at + 1)
        ledger.tell("refund.failed", back, at=at + 1)
        return
    charge["amount_refunded"] += back["amount"]
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    ledger.tell("refund.created", back, at=at)
    ledger.tell("charge.refunded", charge, at=at, previous={"amount_refunded": before})


def asked(
    ledger: Ledger, charge: Document, amount: int, *, status: str = "succeeded", taken: int | None = None
) -> Document:
    """The merchant gives back a part of a charge, now."""
    back = filled("refund", id=ledger.next_id("re"), amount=amount, created=ledger.now(), status=status)
    back["reason"] = "requested_by_customer"
    refund(ledger, charge, back, taken=taken)
    return back


def charge_of(ledger: Ledger, params: Mapping[str, Any]) -> Document:
    """The charge that is to be refunded, where that may be."""
    charge = ledger.find("charge", params.get("charge", ""))
    if charge is None:
        raise missing("charge", params.get("charge", ""), param="charge", status=400)
    amount, left = params.get("amount"), charge["amount"] - charge["amount_refunded"]
    fights = [each for each in ledger.newest("dispute") if each["charge"] == charge["id"]]
    if any(each["status"] not in ("won", "warning_closed") for each in fights):
        raise Refusal(f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed")
    if left == 0:
        raise Refusal(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    if charge["status"] != "succeeded":
        raise Refusal(f"Charge {charge['id']} does not have a successful charge to refund.")
    if amount is not None and not 0 < amount <= left:
        message = f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})"
        raise Refusal(message, param="amount")
    return charge


def wanted(ledger: Ledger, charge: Document, params: Mapping[str, Any]) -> Document:
    """A refund over the API, now. One of a bank debit is on its way for days."""
    slow = (charge["payment_method_details"] or {}).get("type") in _DEBITS
    amount = params.get("amount", charge["amount"] - charge["amount_refunded"])
    back = filled("refund", id=ledger.next_id("re"), amount=amount, created=ledger.now(), status="succeeded")
    back.update(reason=params.get("reason"), metadata=form.merge_metadata({}, params.get("metadata", {})))
    back["status"] = "pending" if slow else "succeeded"
    refund(ledger, charge, back)
    return back


def succeed(ledger: Ledger, back: Document, *, taken: int | None = None) -> None:
    """A refund that waited goes through, now."""
    before = back["status"]
    back["status"] = "succeeded"
    back.pop("pending_reason", None)
    back.pop("next_action", None)
    _leave(ledger, back, ledger.now(), taken)
    ledger.tell("refund.updated", back, previous={"status": before})
    ledger.tell("charge.refund.updated", back, previous={"status": before})


def fail(ledger: Ledger, back: Document, reason: str = "") -> None:
    """A refund fails, now: what had left comes back, and the charge is refunded by so much less."""
    before, back["status"] = back["status"], "failed"
    charge = ledger.get("charge", back["charge"])
    charge["amount_refunded"] -= back["amount"]
    charge["refunded"] = False
    if before in _WAITING:
        back["failure_reason"] = reason or "insufficient_funds"
        back.pop("pending_reason", None)
        back.pop("next_action", None)
    else:
        _return(ledger, back, ledger.now(), reason)
    ledger.tell("refund.updated", back, previous={"status": before})
    ledger.tell("charge.refund.updated", back, previous={"status": before})
    ledger.tell("refund.failed", back, previous={"status": before})
    ledger.tell("charge.updated", charge, previous={"amount_refunded": charge["amount_refunded"] + back["amount"]})


def cancel(ledger: Ledger, back: Document) -> None:
    """A refund that waits for the payer is taken back by the merchant, now."""
    before, back["status"] = back["status"], "canceled"
    back.pop("pending_reason", None)
    back.pop("next_action", None)
    charge = ledger.get("charge", back["charge"])
    charge["amount_refunded"] -= back["amount"]
    charge["refunded"] = False
    ledger.tell("refund.updated", back, previous={"status": before})
    ledger.tell("charge.refund.updated", back, previous={"status": before})


def _leave(ledger: Ledger, back: Document, at: int, taken: int | None) -> None:
    charge = ledger.get("charge", back["charge"])
    entry = ledger.get("balance_transaction", charge["balance_transaction"])
    listed = share(entry["amount"], back["amount"], charge["amount"], code_of(entry["currency"]))
    back["balance_transaction"] = ledger.book(
        Booking(
            txn_id=f"txn_{back['id']}",
            source=back["id"],
            kind="refund" if entry["type"] == "charge" else "payment_refund",
            category="refund",
            amount=-(listed if taken is None else taken),
            currency=entry["currency"],
            created=at,
            available_on=at,
            description=f"REFUND FOR {charge['description'] or 'CHARGE'}",
            rate=entry["exchange_rate"] if taken is None else priced(entry, taken, back["amount"]),
        )
    )


def _return(ledger: Ledger, back: Document, at: int, reason: str) -> None:
    left = ledger.get("balance_transaction", back["balance_transaction"])
    by_card = left["type"] == "refund"
    back["failure_reason"] = reason or ("lost_or_stolen_card" if by_card else "unknown")
    back["failure_balance_transaction"] = ledger.book(
        Booking(
            txn_id=f"txn_{back['id']}_failed",
            source=back["id"],
            kind="refund_failure",
            category="refund_failure",
            amount=-left["amount"],
            currency=left["currency"],
            created=at,
            available_on=at,
            description="REFUND FAILURE",
            rate=left["exchange_rate"],
        )
    )
