"""The cash balance: a customer's own money, sent by bank transfer and held until it pays something.

It is real money that is not the merchant's yet: only what is applied to a payment enters the merchant's balance. An
invoice is never funded in part, a PaymentIntent is.
"""

from __future__ import annotations

from adapters.stripe.standin import moves
from adapters.stripe.standin.ledger import Ledger
from adapters.stripe.standin.refusals import Refusal
from adapters.stripe.standin.shapes import Document, filled

ENTRY = "customer_cash_balance_transaction"
_TRANSFERS: dict[str, Document] = {
    "usd": {"type": "us_bank_transfer", "us_bank_transfer": {"network": "ach", "sender_name": "Payer"}},
    "eur": {
        "type": "eu_bank_transfer",
        "eu_bank_transfer": {"bic": None, "iban_last4": "3000", "sender_name": "Payer"},
    },
    "gbp": {
        "type": "gb_bank_transfer",
        "gb_bank_transfer": {"account_number_last4": "2345", "sender_name": "Payer", "sort_code": "108800"},
    },
    "jpy": {
        "type": "jp_bank_transfer",
        "jp_bank_transfer": {"sender_bank": None, "sender_branch": None, "sender_name": "Payer"},
    },
}


def held(ledger: Ledger, customer_id: str) -> dict[str, int]:
    """What a customer has there, per currency."""
    found: dict[str, int] = ledger.get("customer", customer_id).setdefault("_cash", {})
    return found


def balance(customer: Document) -> Document:
    """The cash balance as the API shows it."""
    available = {code: amount for code, amount in sorted(customer.get("_cash", {}).items()) if amount}
    return {
        "object": "cash_balance",
        "available": available or None,
        "customer": customer["id"],
        "customer_account": None,
        "livemode": False,
        "settings": {"reconciliation_mode": "manual", "using_merchant_default": True},
    }


def fund(ledger: Ledger, customer_id: str, amount: int, currency: str, *, reference: str | None = None) -> Document:
    """A transfer arrives for a customer, now."""
    if currency not in _TRANSFERS:
        raise Refusal(f"Bank transfers are not available in {currency}.", param="currency")
    transfer = {**_TRANSFERS[currency], "reference": reference}
    entry = _enter(ledger, customer_id, amount, currency, "funded", funded={"bank_transfer": transfer})
    ledger.tell("cash_balance.funds_available", balance(ledger.get("customer", customer_id)))
    return entry


def ask(ledger: Ledger, sale: moves.Sale) -> Document:
    """A PaymentIntent to be paid by transfer, now: it waits for money (`requires_action`) and has no charge yet."""
    intent = moves.intent_of(ledger, sale, status="requires_action")
    intent["_funded"] = 0
    ledger.tell("payment_intent.created", intent)
    ledger.tell("payment_intent.requires_action", intent)
    return intent


def apply(
    ledger: Ledger,
    intent: Document,
    amount: int,
    *,
    fee: int | None = None,
    settled: tuple[int, str] | None = None,
) -> Document | None:
    """Use so much of the customer's cash for a PaymentIntent that waits for it, now.

    When all of it is there the payment succeeds, and its charge is answered; until then it is `partially_funded`.
    """
    wanting = intent["amount"] - intent["_funded"]
    cash = held(ledger, intent["customer"]).get(intent["currency"], 0)
    if intent["status"] != "requires_action" or not 0 < amount <= min(wanting, cash):
        raise Refusal("The amount cannot be applied to this PaymentIntent.", param="amount")
    about = {"payment_intent": intent["id"]}
    _enter(ledger, intent["customer"], -amount, intent["currency"], "applied_to_payment", applied_to_payment=about)
    intent["_funded"] += amount
    if amount < wanting:
        ledger.tell("payment_intent.partially_funded", intent)
        return None
    customer = ledger.get("customer", intent["customer"])
    charge = moves.charge_of(ledger, intent, ledger.next_id("py"), payer=customer["name"], at=ledger.now())
    moves.complete_sale(ledger, charge, at=ledger.now(), fee=fee, settled=settled)
    return charge


def release(ledger: Ledger, intent: Document) -> int:
    """A PaymentIntent that was funded in part is given up, now: canceled, and the money is the customer's again."""
    amount = int(intent["_funded"])
    intent.update(status="canceled", canceled_at=ledger.now(), cancellation_reason="abandoned")
    intent["_funded"] = 0
    if amount:
        about = {"payment_intent": intent["id"]}
        _enter(
            ledger,
            intent["customer"],
            amount,
            intent["currency"],
            "unapplied_from_payment",
            unapplied_from_payment=about,
        )
    ledger.tell("payment_intent.canceled", intent)
    return amount


def send_back(ledger: Ledger, customer_id: str, amount: int, currency: str) -> Document:
    """The merchant sends cash that pays nothing back to the customer's bank, now."""
    if amount > held(ledger, customer_id).get(currency, 0):
        raise Refusal("The customer's cash balance holds less than that.", param="amount")
    return _enter(ledger, customer_id, -amount, currency, "return_initiated")


def _enter(ledger: Ledger, customer_id: str, amount: int, currency: str, why: str, **about: object) -> Document:
    cash = held(ledger, customer_id)
    cash[currency] = cash.get(currency, 0) + amount
    entry = filled(
        ENTRY,
        id=ledger.next_id("ccsbtxn"),
        created=ledger.now(),
        currency=currency,
        customer=customer_id,
        ending_balance=cash[currency],
        net_amount=amount,
        type=why,
        **about,
    )
    ledger.put(entry)
    ledger.tell("customer_cash_balance_transaction.created", entry)
    return entry
