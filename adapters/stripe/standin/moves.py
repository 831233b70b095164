"""How money comes into an account: a payment begins, settles, is refused, or fails after it had settled.

The loader of worlds, the pay page and the simulated merchant all book through here and its neighbours (`refunds`,
`disputes`, `payouts`, `entries`), so that a payment made on a page looks like one of a world.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from adapters.stripe.standin.amounts import BANK_DEBITS, code_of, fee_of, priced, rate
from adapters.stripe.standin.ledger import Booking, Ledger
from adapters.stripe.standin.returns import CARD_DECLINED, Return, returned
from adapters.stripe.standin.shapes import Document, filled

DAY_SECONDS = 86_400
_FUNDS_READY_DAYS = 2
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
    intent = intent_of(ledger, sale)
    ledger.tell("payment_intent.created", intent, at=sale.created)
    charge = charge_of(ledger, intent, sale.charge_id, payer=sale.payer, at=sale.created)
    if sale.method != "card":
        tell_pending(ledger, charge)
    return charge


def intent_of(ledger: Ledger, sale: Sale, *, status: str = "requires_payment_method") -> Document:
    """The PaymentIntent alone; nobody has tried to pay it yet."""
    return ledger.put(
        filled(
            "payment_intent",
            id=sale.intent_id,
            amount=sale.amount,
            client_secret=f"{sale.intent_id}_secret_standin",
            created=sale.created,
            currency=sale.currency,
            customer=sale.customer,
            description=sale.description,
            metadata=dict(sale.metadata),
            payment_method_types=[sale.method],
            receipt_email=sale.email,
            status=status,
        )
    )


def charge_of(ledger: Ledger, intent: Document, charge_id: str, *, payer: str | None, at: int) -> Document:
    """An attempt to pay a PaymentIntent by the first of its methods, at that second: its Charge, pending."""
    [method, *_] = intent["payment_method_types"]
    charge = filled(
        "charge",
        id=charge_id,
        **{name: intent[name] for name in ("amount", "currency", "customer", "description", "receipt_email")},
        amount_captured=intent["amount"],
        created=at,
        metadata=dict(intent["metadata"]),
        outcome=_outcome(_APPROVED, "authorized"),
        paid=False,
        payment_intent=intent["id"],
        payment_method_details={"type": method, method: dict(_DETAILS.get(method, {}))},
        status="pending",
    )
    charge["billing_details"].update(name=payer, email=intent["receipt_email"])
    intent.update(status="processing", latest_charge=charge_id)
    return ledger.put(charge)


def tell_pending(ledger: Ledger, charge: Document) -> None:
    """A charge waits for its bank. Of a card nobody is told that, as it is decided at once."""
    intent = ledger.get("payment_intent", charge["payment_intent"])
    ledger.tell("payment_intent.processing", intent, at=charge["created"])
    ledger.tell("charge.pending", charge, at=charge["created"])


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
    ledger.tell("charge.succeeded", charge, at=at)
    ledger.tell("payment_intent.succeeded", intent, at=at)
    ledger.tell("charge.updated", charge, at=at, previous={"balance_transaction": None})


def fail_sale(ledger: Ledger, charge: Document, *, at: int | None = None, code: str = "") -> None:
    """The money will not come; nothing was ever booked. Told of now, or `at` that second.

    `code` is why: the network's code or Stripe's word (`returns`); the commonest without one.
    """
    why = _why(charge, code)
    charge.update(captured=False, amount_captured=0)
    _refused(ledger, charge, why)
    ledger.tell("charge.failed", charge, at=at)
    ledger.tell("payment_intent.payment_failed", ledger.get("payment_intent", charge["payment_intent"]), at=at)


def fail_late(ledger: Ledger, charge: Document, *, at: int, code: str = "", taken: int | None = None) -> str:
    """A debit that had settled fails after all, without a dispute: the money leaves by a transaction of its own.

    `taken` is what leaves, where a settlement in another currency says more than the charge; the fee stays. Says the
    transaction's id.
    """
    entry = ledger.get("balance_transaction", charge["balance_transaction"])
    _refused(ledger, charge, _why(charge, code))
    charge["failure_balance_transaction"] = ledger.book(
        Booking(
            txn_id=f"{entry['id']}_failed",
            source=charge["id"],
            kind="payment_failure_refund",
            category="charge_failure",
            amount=-(entry["amount"] if taken is None else taken),
            currency=entry["currency"],
            created=at,
            available_on=at,
            description=f"PAYMENT FAILURE REFUND ({charge['id']})",
            rate=entry["exchange_rate"] if taken is None else priced(entry, taken, charge["amount"]),
        )
    )
    intent = ledger.get("payment_intent", charge["payment_intent"])
    intent["amount_received"] = 0
    ledger.tell("charge.failed", charge, at=at, previous={"status": "succeeded"})
    ledger.tell("payment_intent.payment_failed", intent, at=at)
    return str(charge["failure_balance_transaction"])


def _why(charge: Document, code: str) -> Return:
    method = charge["payment_method_details"]["type"]
    return returned(method, code) if method in BANK_DEBITS else CARD_DECLINED


def _refused(ledger: Ledger, charge: Document, why: Return) -> None:
    """What charge and PaymentIntent say of a payment that was refused."""
    charge.update(
        status="failed",
        paid=False,
        failure_code=why.failure,
        failure_message=why.words,
        outcome=_outcome(_DECLINED, "issuer_declined") | {"network_decline_code": why.network},
    )
    error = {"charge": charge["id"], "code": why.failure, "message": why.words, "type": "card_error"}
    intent = ledger.get("payment_intent", charge["payment_intent"])
    intent.update(status="requires_payment_method", last_payment_error=error)


def suffix(vendor_id: str) -> str:
    """What follows the prefix of an id: 7 of ch_7."""
    return vendor_id.partition("_")[2] or vendor_id


def _outcome(words: Document, kind: str) -> Document:
    codes = dict.fromkeys(("advice_code", "network_advice_code", "network_decline_code"))
    return {**codes, **words, "risk_level": "normal", "type": kind}
