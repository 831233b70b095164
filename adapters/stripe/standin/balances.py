"""What Stripe owes customers on the merchant's behalf: the credit balance, an account that no event tells of.

Its lines never change, and `customer.balance` is their sum: below zero is the customer's credit. It is no money; the
cash balance (`cash`) is.
"""

from __future__ import annotations

from adapters.stripe.standin.ledger import Ledger
from adapters.stripe.standin.refusals import Refusal
from adapters.stripe.standin.shapes import Document, filled

ENTRY = "customer_balance_transaction"


def give(
    ledger: Ledger,
    customer_id: str,
    amount: int,
    why: str = "adjustment",
    *,
    invoice: str | None = None,
) -> Document:
    """Credit a customer with so much, now; below zero, take credit away. No event tells of it.

    A customer whose credit is in another currency is refused, as there.
    """
    customer = ledger.get("customer", customer_id)
    home = customer["currency"] or ledger.account["default_currency"]
    code = ledger.get("invoice", invoice)["currency"] if invoice else home
    if customer["currency"] is None:
        customer["currency"] = code
    if customer["currency"] != code:
        message = f"The customer's balance is in {customer['currency']}, not in {code}."
        raise Refusal(message, code="customer_balance_currency_mismatch", param="currency")
    customer["balance"] -= amount
    entry = filled(
        ENTRY,
        id=ledger.next_id("cbtxn"),
        amount=-amount,
        created=ledger.now(),
        currency=code,
        customer=customer_id,
        ending_balance=customer["balance"],
        invoice=invoice,
        type=why,
    )
    return ledger.put(entry)


def spend(ledger: Ledger, invoice: Document) -> None:
    """Let the customer's credit pay what it can of an invoice that is just becoming open."""
    customer = ledger.get("customer", invoice["customer"])
    invoice["starting_balance"] = invoice["ending_balance"] = 0
    credit = -customer["balance"] if customer["currency"] == invoice["currency"] else 0
    used = min(credit, invoice["total"])
    if used <= 0:
        return
    invoice["starting_balance"] = customer["balance"]
    give(ledger, customer["id"], -used, "applied_to_invoice", invoice=invoice["id"])
    invoice["ending_balance"] = customer["balance"]
    invoice["amount_due"] -= used
    invoice["amount_remaining"] -= used
