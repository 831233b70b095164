"""What money does in an account: it comes, settles, fails, goes back, is fought over, and is paid out.

The loader of worlds and the pay page both book through here, so that a payment made on a page looks like one of a
world.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from adapters.stripe.standin.amounts import BANK_DEBITS, code_of, dispute_fee, fee_of, rate, share
from adapters.stripe.standin.ledger import Booking, Ledger
from adapters.stripe.standin.shapes import Document, filled

DAY_SECONDS = 86_400
_FUNDS_READY_DAYS = 2
_EVIDENCE_DAYS = 7
_DETAILS: dict[str, Document] = {
    "card": {"brand": "visa", "country": "US", "exp_month": 12, "exp_year": 2030, "funding": "credit", "last4": "4242"},
    "us_bank_account": {"account_holder_type": "company", "bank_name": "STRIPE TEST BANK", "last4": "6789"},
    "acss_debit": {"bank_name": "STRIPE TEST BANK", "institution_number": "000", "last4": "6789"},
    "sepa_debit": {"bank_code": "37040044", "country": "DE", "last4": "3000"},
    "bacs_debit": {"last4": "2345", "sort_code": "108800"},
}
_APPROVED = {"network_status": "approved_by_network", "reason": None, "seller_message": "Payment complete."}
_DECLINED = {"network_status": "declined_by_network", "reason": "generic_decline", "seller_message": "It was declined."}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """A payment to be entered as PaymentIntent and Charge; `amount` in the API's integer, `currency` lower case."""

    charge_id: str
    intent_id: str
    amount: int
    currency: str
    method: str
    created: int
    customer: str | None = None
    payer: str | None = None
    email: str | None = None
    description: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


def begin_sale(ledger: Ledger, sale: Sale) -> Document:
    """The PaymentIntent `processing` and its Charge `pending`; no money has moved. Returns the charge."""
    common = {
        "amount": sale.amount,
        "created": sale.created,
        "currency": sale.currency,
        "customer": sale.customer,
        "description": sale.description,
        "metadata": dict(sale.metadata),
    }
    ledger.put(
        filled(
            "payment_intent",
            id=sale.intent_id,
            **{**common, "metadata": dict(sale.metadata)},
            client_secret=f"{sale.intent_id}_secret_standin",
            latest_charge=sale.charge_id,
            payment_method_types=[sale.method],
            receipt_email=sale.email,
            status="processing",
        )
    )
    charge = filled(
        "charge",
        id=sale.charge_id,
        **common,
        amount_captured=sale.amount,
        outcome=_outcome(_APPROVED, "authorized"),
        paid=False,
        payment_intent=sale.intent_id,
        payment_method_details={"type": sale.method, sale.method: dict(_DETAILS.get(sale.method, {}))},
        receipt_email=sale.email,
        status="pending",
    )
    charge["billing_details"].update(name=sale.payer, email=sale.email)
    return ledger.put(charge)


def complete_sale(
    ledger: Ledger, charge: Document, *, at: int, fee: int | None = None, settled: tuple[int, str] | None = None
) -> None:
    """The money arrives. `settled` is amount and currency where it is another one; without `fee` the list decides."""
    amount, code = settled or (charge["amount"], charge["currency"])
    method = charge["payment_method_details"]["type"]
    by_card = charge["id"].startswith("ch_")
    charge["balance_transaction"] = ledger.book(
        Booking(
            txn_id=ledger.free_id(f"txn_{suffix(charge['id'])}", f"txn_{charge['id']}"),
            source=charge["id"],
            kind="charge" if by_card else "payment",
            category="charge",
            amount=amount,
            currency=code,
            created=at,
            available_on=at + _FUNDS_READY_DAYS * DAY_SECONDS,
            fee=fee_of(method, amount, code_of(code)) if fee is None else fee,
            description=charge["description"],
            rate=rate(amount, charge["amount"]) if settled else None,
        )
    )
    charge.update(status="succeeded", paid=True)
    intent = ledger.get("payment_intent", charge["payment_intent"])
    intent.update(status="succeeded", amount_received=charge["amount"])


def fail_sale(ledger: Ledger, charge: Document) -> None:
    """The money will not come; nothing was ever booked."""
    by_bank = charge["payment_method_details"]["type"] in BANK_DEBITS
    code = "insufficient_funds" if by_bank else "card_declined"
    words = "The customer's account has insufficient funds." if by_bank else "Your card was declined."
    charge.update(
        status="failed",
        paid=False,
        captured=False,
        amount_captured=0,
        failure_code=code,
        failure_message=words,
        outcome=_outcome(_DECLINED, "issuer_declined") | {"network_decline_code": "R01" if by_bank else "05"},
    )
    intent = ledger.get("payment_intent", charge["payment_intent"])
    error = {"charge": charge["id"], "code": code, "message": words, "type": "card_error"}
    intent.update(status="requires_payment_method", last_payment_error=error)


def refund(ledger: Ledger, charge: Document, back: Document) -> None:
    """Give `back` (a refund with id, amount, created and status) of a charge that has settled.

    A pending refund waits for funds and has moved nothing; a failed one has moved money there and back again.
    """
    entry = ledger.get("balance_transaction", charge["balance_transaction"])
    code = code_of(entry["currency"])
    amount = share(entry["amount"], back["amount"], charge["amount"], code)
    by_card = entry["type"] == "charge"
    about = {"source": back["id"], "currency": entry["currency"], "rate": entry["exchange_rate"]}
    back.update(charge=charge["id"], payment_intent=charge["payment_intent"], currency=charge["currency"])
    ledger.put(back)
    if back["status"] == "pending":
        back["pending_reason"] = "insufficient_funds"
    else:
        back["balance_transaction"] = ledger.book(
            Booking(
                txn_id=f"txn_{back['id']}",
                kind="refund" if by_card else "payment_refund",
                category="refund",
                amount=-amount,
                created=back["created"],
                available_on=back["created"],
                description=f"REFUND FOR {charge['description'] or 'CHARGE'}",
                **about,
            )
        )
    if back["status"] == "failed":
        back["failure_reason"] = "lost_or_stolen_card" if by_card else "unknown"
        back["failure_balance_transaction"] = ledger.book(
            Booking(
                txn_id=f"txn_{back['id']}_failed",
                kind="refund_failure",
                category="refund_failure",
                amount=amount,
                created=back["created"] + 1,
                available_on=back["created"] + 1,
                description="REFUND FAILURE",
                **about,
            )
        )
        return
    charge["amount_refunded"] += back["amount"]
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]


def dispute(ledger: Ledger, charge: Document, fight: Document, *, fee: int | None = None) -> None:
    """Take `fight` (a dispute with id, amount, created, reason and status) out of the balance, fee and all.

    The dispute of a bank debit is a return, and lost from the start. What is won comes back, the fee does not.
    """
    entry = ledger.get("balance_transaction", charge["balance_transaction"])
    code = code_of(entry["currency"])
    method = charge["payment_method_details"]["type"]
    if method in BANK_DEBITS and fight["status"] == "needs_response":
        fight["status"] = "lost"
    amount = share(entry["amount"], fight["amount"], charge["amount"], code)
    about = {"source": fight["id"], "currency": entry["currency"], "rate": entry["exchange_rate"], "kind": "adjustment"}
    fight.update(charge=charge["id"], payment_intent=charge["payment_intent"], currency=charge["currency"])
    if method == "card":
        details = {"brand": "visa", "case_type": "chargeback", "network": "visa", "network_reason_code": "10.4"}
        fight["payment_method_details"] = {"type": "card", "card": details}
    if fight["status"] == "needs_response":
        fight["evidence_details"]["due_by"] = fight["created"] + _EVIDENCE_DAYS * DAY_SECONDS
    ledger.put(fight)
    taken = Booking(
        txn_id=f"txn_{fight['id']}",
        category="dispute",
        amount=-amount,
        created=fight["created"],
        available_on=fight["created"],
        fee=dispute_fee(code) if fee is None else fee,
        fee_for="Dispute fee",
        description=f"Chargeback withdrawal for {charge['id']}",
        **about,
    )
    fight["balance_transactions"].append(ledger.book(taken))
    charge["disputed"] = True
    if fight["status"] == "won":
        given_back = Booking(
            txn_id=f"txn_{fight['id']}_reinstated",
            category="dispute_reversal",
            amount=amount,
            created=fight["created"] + 1,
            available_on=fight["created"] + 1,
            description=f"Chargeback reversal for {charge['id']}",
            **about,
        )
        fight["balance_transactions"].append(ledger.book(given_back))


def pay_out(ledger: Ledger, payout: Document, members: list[Document]) -> None:
    """Send the sum of these balance transactions to the bank; a failed payout comes back the day after it arrived."""
    payout["amount"] = sum(member["net"] for member in members)
    for member in members:
        member["available_on"] = min(member["available_on"], payout["created"])
    ledger.put(payout)
    ledger.members[payout["id"]] = [member["id"] for member in members]
    about = {"source": payout["id"], "currency": payout["currency"], "description": payout["description"]}
    payout["balance_transaction"] = ledger.book(
        Booking(
            txn_id=f"txn_{payout['id']}",
            kind="payout",
            category="payout",
            amount=-payout["amount"],
            created=payout["created"],
            available_on=payout["created"],
            **about,
        )
    )
    if payout["status"] == "failed":
        at = payout["created"] + DAY_SECONDS
        payout.update(failure_code="account_closed", failure_message="The bank account has been closed.")
        payout["failure_balance_transaction"] = ledger.book(
            Booking(
                txn_id=f"txn_{payout['id']}_failed",
                kind="payout_failure",
                category="payout_reversal",
                amount=payout["amount"],
                created=at,
                available_on=at,
                **about,
            )
        )


def suffix(vendor_id: str) -> str:
    """What follows the prefix of an id: 7 of ch_7."""
    return vendor_id.partition("_")[2] or vendor_id


def _outcome(words: Document, kind: str) -> Document:
    codes = dict.fromkeys(("advice_code", "network_advice_code", "network_decline_code"))
    return {**codes, **words, "risk_level": "normal", "type": kind}
