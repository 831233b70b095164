"""Invoices that live in Stripe, and InvoicePayments: the only link between an invoice and the money that settles it.

An invoice may have several payments, of Stripe's (a PaymentIntent or a Charge) or none of its (a payment record). A
payment taken off an invoice again leaves it as open as before. What is paid too much becomes the customer's credit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from adapters.stripe.standin import balances
from adapters.stripe.standin.ledger import Ledger
from adapters.stripe.standin.moves import DAY_SECONDS, suffix
from adapters.stripe.standin.refusals import Refusal
from adapters.stripe.standin.shapes import Document, filled

_TOTALS = ("amount_due", "amount_remaining", "subtotal", "subtotal_excluding_tax", "total", "total_excluding_tax")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """An invoice to be: `amount` in the API's integer, `currency` lower case."""

    customer: str
    amount: int
    currency: str
    number: str
    due_days: int = 30
    metadata: Mapping[str, str] = field(default_factory=dict)


def draft(ledger: Ledger, bill: Bill) -> Document:
    """A draft, now."""
    vendor_id, now = ledger.next_id("in"), ledger.now()
    customer = ledger.get("customer", bill.customer)
    line = filled(
        "line_item",
        id=f"il_{suffix(vendor_id)}",
        amount=bill.amount,
        currency=bill.currency,
        description=f"Invoice {bill.number}",
        invoice=vendor_id,
        period={"start": now, "end": now},
        subtotal=bill.amount,
    )
    invoice = filled(
        "invoice",
        id=vendor_id,
        account_country=ledger.account["country"],
        account_name=ledger.account["business_profile"]["name"],
        **dict.fromkeys(_TOTALS, bill.amount),
        created=now,
        currency=bill.currency,
        customer=bill.customer,
        customer_email=customer["email"],
        customer_name=customer["name"],
        due_date=now + bill.due_days * DAY_SECONDS,
        lines={"object": "list", "data": [line], "has_more": False, "url": f"/v1/invoices/{vendor_id}/lines"},
        metadata=dict(bill.metadata),
        number=bill.number,
        period_end=now,
        period_start=now,
        status="draft",
    )
    ledger.put(invoice)
    ledger.tell("invoice.created", invoice)
    return invoice


def finalize(ledger: Ledger, invoice: Document) -> None:
    """It becomes open and is sent, now; the customer's credit pays what it can of it."""
    now = ledger.now()
    invoice.update(status="open", effective_at=now)
    invoice["status_transitions"]["finalized_at"] = now
    invoice["hosted_invoice_url"] = f"https://invoice.stripe.com/i/{ledger.account['id']}/{invoice['id']}"
    balances.spend(ledger, invoice)
    ledger.tell("invoice.finalized", invoice)
    ledger.tell("invoice.sent", invoice)
    _reckon(ledger, invoice, {"status": "draft"})


def issue(ledger: Ledger, bill: Bill) -> Document:
    """Draft and finalize in one."""
    invoice = draft(ledger, bill)
    finalize(ledger, invoice)
    return invoice


def delete(ledger: Ledger, invoice: Document) -> None:
    """A draft is gone, now, and reads as 404; Refusal for one that is no draft."""
    if invoice["status"] != "draft":
        message = "You can only delete draft invoices. Use the void endpoint instead."
        raise Refusal(message, param="invoice")
    ledger.remove(invoice)
    ledger.tell("invoice.deleted", invoice)


def void(ledger: Ledger, invoice: Document) -> None:
    """It was never owed, now; Refusal when something was paid or it is not open."""
    _in_state(invoice, "open", "uncollectible")
    if invoice["amount_paid"]:
        raise Refusal("You cannot void an invoice that has been partially paid.", param="invoice")
    before = invoice["status"]
    for link in _links(ledger, invoice):
        if link["status"] == "open":
            cancel(ledger, link)
    spent = (invoice["ending_balance"] or 0) - invoice["starting_balance"]
    if spent:
        balances.give(ledger, invoice["customer"], spent, "unapplied_from_invoice", invoice=invoice["id"])
    invoice["status"] = "void"
    invoice["status_transitions"]["voided_at"] = ledger.now()
    ledger.tell("invoice.voided", invoice, previous={"status": before})
    ledger.tell("invoice.updated", invoice, previous={"status": before})


def give_up(ledger: Ledger, invoice: Document) -> None:
    """It will not be paid, the merchant thinks, now: uncollectible. It can be paid all the same."""
    _in_state(invoice, "open")
    invoice["status"] = "uncollectible"
    invoice["status_transitions"]["marked_uncollectible_at"] = ledger.now()
    ledger.tell("invoice.marked_uncollectible", invoice, previous={"status": "open"})
    ledger.tell("invoice.updated", invoice, previous={"status": "open"})


def pay_out_of_band(ledger: Ledger, invoice: Document) -> None:
    """The merchant says it was paid outside of Stripe, now: no payment is attached, and nothing is in the balance."""
    _in_state(invoice, "open", "uncollectible")
    before = invoice["status"]
    rest = invoice["amount_remaining"]
    invoice["amount_paid"] += rest
    invoice["amount_paid_off_stripe"] += rest
    invoice["_out_of_band"] = rest
    _reckon(ledger, invoice, {"status": before})


def attach(ledger: Ledger, invoice: Document, kind: str, vendor_id: str, amount: int) -> Document:
    """A payment of that kind begins to pay so much of it, now: an InvoicePayment, open."""
    _in_state(invoice, "open", "uncollectible")
    link = filled(
        "invoice_payment",
        id=ledger.free_id(f"inpay_{suffix(vendor_id)}", f"inpay_{vendor_id}", ledger.next_id("inpay")),
        amount_requested=amount,
        created=ledger.now(),
        currency=invoice["currency"],
        invoice=invoice["id"],
        is_default=amount == invoice["amount_remaining"],
        payment={"type": kind, kind: vendor_id},
    )
    ledger.put(link)
    invoice.update(attempted=True, attempt_count=invoice["attempt_count"] + 1)
    invoice.setdefault("_links", []).append(link["id"])
    ledger.tell("invoice.updated", invoice, previous={"attempt_count": invoice["attempt_count"] - 1})
    return link


def pay(ledger: Ledger, link: Document) -> None:
    """The payment of an InvoicePayment has succeeded, now."""
    invoice, before = ledger.get("invoice", link["invoice"]), dict(link)
    link.update(status="paid", amount_paid=link["amount_requested"])
    link["status_transitions"]["paid_at"] = ledger.now()
    status = invoice["status"]
    invoice["amount_paid"] += link["amount_paid"]
    if link["payment"]["type"] == "payment_record":
        invoice["amount_paid_off_stripe"] += link["amount_paid"]
    over = invoice["amount_paid"] - invoice["amount_overpaid"] - invoice["amount_due"]
    if over > 0:
        invoice["amount_overpaid"] += over
        balances.give(ledger, invoice["customer"], over, "invoice_overpaid", invoice=invoice["id"])
    ledger.tell("invoice_payment.paid", link, previous={"status": before["status"]})
    _reckon(ledger, invoice, {"status": status})


def refuse(ledger: Ledger, link: Document) -> None:
    """The payment of an InvoicePayment has failed, now; it stays open for another try."""
    invoice = ledger.get("invoice", link["invoice"])
    ledger.tell("invoice.payment_failed", invoice)
    ledger.tell("invoice.updated", invoice)


def cancel(ledger: Ledger, link: Document) -> None:
    """An InvoicePayment that is open will not pay, now. Stripe tells of it by a thin event alone."""
    link["status"] = "canceled"
    link["status_transitions"]["canceled_at"] = ledger.now()
    ledger.tell("invoice_payment.canceled", link, previous={"status": "open"})


def detach(ledger: Ledger, link: Document) -> None:
    """A payment that had paid is taken off its invoice, now, and the invoice is open again by so much."""
    invoice = ledger.get("invoice", link["invoice"])
    status, paid = invoice["status"], link["amount_paid"]
    link.update(status="canceled", amount_paid=None)
    link["status_transitions"].update(canceled_at=ledger.now(), paid_at=None)
    invoice["amount_paid"] -= paid
    if link["payment"]["type"] == "payment_record":
        invoice["amount_paid_off_stripe"] -= paid
    back = min(invoice["amount_overpaid"], paid)
    if back:
        invoice["amount_overpaid"] -= back
        balances.give(ledger, invoice["customer"], -back, "unapplied_from_invoice", invoice=invoice["id"])
    ledger.tell("invoice_payment.detached", link, previous={"status": "paid"})
    _reckon(ledger, invoice, {"status": status})


def lower(ledger: Ledger, invoice: Document, amount: int) -> None:
    """A credit note takes that much off what is due of an open invoice; below zero it is put on again."""
    before = invoice["status"]
    invoice["pre_payment_credit_notes_amount"] += amount
    invoice["amount_due"] -= amount
    _reckon(ledger, invoice, {"status": before})


def _reckon(ledger: Ledger, invoice: Document, previous: Mapping[str, object]) -> None:
    """What follows for an invoice from what is due and paid: its rest, its status, and what is told."""
    was = invoice["amount_remaining"]
    due, paid = invoice["amount_due"], invoice["amount_paid"] - invoice["amount_overpaid"]
    invoice["amount_remaining"] = max(due - paid, 0)
    settled = invoice["status"] in ("open", "uncollectible") and not invoice["amount_remaining"]
    if settled:
        invoice["status"] = "paid"
        invoice["status_transitions"]["paid_at"] = ledger.now()
        ledger.tell("invoice.paid", invoice)
        ledger.tell("invoice.payment_succeeded", invoice)
    elif invoice["status"] == "paid" and invoice["amount_remaining"]:
        invoice["status"] = "open"
        invoice["status_transitions"]["paid_at"] = None
    ledger.tell("invoice.updated", invoice, previous={**previous, "amount_remaining": was})


def _links(ledger: Ledger, invoice: Document) -> list[Document]:
    return [ledger.get("invoice_payment", one) for one in invoice.get("_links", [])]


def _in_state(invoice: Document, *states: str) -> None:
    if invoice["status"] not in states:
        message = f"This invoice cannot be changed so: its status is {invoice['status']}."
        raise Refusal(message, code="invoice_not_editable", param="invoice")
