"""Credit notes: what is taken off an invoice, before it is paid or after, and the ways in which it is given back."""

from __future__ import annotations

from dataclasses import dataclass

from adapters.stripe.standin import invoicing, refunds
from adapters.stripe.standin.balances import give
from adapters.stripe.standin.ledger import Ledger
from adapters.stripe.standin.moves import suffix
from adapters.stripe.standin.refusals import Refusal
from adapters.stripe.standin.shapes import Document, filled


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """How a credit note's part of a paid invoice is given: the three together are that part."""

    refund: int = 0
    credit: int = 0
    out_of_band: int = 0
    refund_taken: int | None = None
    """What the refund takes from the balance, where it settled in another currency."""


_NOTHING = Grant()


def grant(
    ledger: Ledger, invoice: Document, amount: int, how: Grant = _NOTHING, *, charge: Document | None = None
) -> Document:
    """Issue a credit note over `amount` of an invoice, now.

    It lowers what is still open first (`pre_payment_amount`); the rest, which was paid, goes the ways `how` names.
    Refusal when those do not sum up to it. A refund is of `charge`.
    """
    if invoice["status"] not in ("open", "paid", "uncollectible"):
        raise Refusal(f"A credit note cannot be issued for an invoice that is {invoice['status']}.", param="invoice")
    before = min(amount, invoice["amount_remaining"])
    after = amount - before
    if how.refund + how.credit + how.out_of_band != after:
        message = "The sum of credit_amount, refund_amount and out_of_band_amount must equal the amount that was paid"
        raise Refusal(f"{message} ({after}).", param="amount")
    vendor_id, now = ledger.next_id("cn"), ledger.now()
    made = sum(1 for _ in invoice.setdefault("_notes", [])) + 1
    note = filled(
        "credit_note",
        id=vendor_id,
        **dict.fromkeys(("amount", "subtotal", "subtotal_excluding_tax", "total", "total_excluding_tax"), amount),
        created=now,
        currency=invoice["currency"],
        customer=invoice["customer"],
        effective_at=now,
        invoice=invoice["id"],
        lines=_lines(vendor_id, amount),
        number=f"{invoice['number']}-CN-{made:02}",
        out_of_band_amount=how.out_of_band or None,
        pdf=f"https://pay.stripe.com/credit_notes/{ledger.account['id']}/{vendor_id}/pdf",
        post_payment_amount=after,
        pre_payment_amount=before,
        type="mixed" if before and after else "pre_payment" if before else "post_payment",
    )
    invoice["_notes"].append(vendor_id)
    invoice["post_payment_credit_notes_amount"] += after
    if how.credit:
        entry = give(ledger, invoice["customer"], how.credit, "credit_note", invoice=invoice["id"])
        entry["credit_note"] = vendor_id
        note["customer_balance_transaction"] = entry["id"]
    if how.refund and charge is not None:
        back = refunds.asked(ledger, charge, how.refund, taken=how.refund_taken)
        note["refunds"] = [
            {"amount_refunded": how.refund, "payment_record_refund": None, "refund": back["id"], "type": "refund"}
        ]
    ledger.put(note)
    ledger.tell("credit_note.created", note)
    if before:
        invoicing.lower(ledger, invoice, before)
    else:
        ledger.tell("invoice.updated", invoice)
    return note


def void(ledger: Ledger, note: Document) -> None:
    """Take a credit note back, now; Refusal for one that gave anything away already."""
    if note["status"] == "void" or note["post_payment_amount"]:
        raise Refusal("You can only void a credit note that was issued before the invoice was paid.", param="id")
    invoice = ledger.get("invoice", note["invoice"])
    if invoice["status"] != "open":
        raise Refusal("You cannot void a credit note of an invoice that is no longer open.", param="id")
    note.update(status="void", voided_at=ledger.now())
    ledger.tell("credit_note.voided", note, previous={"status": "issued"})
    invoicing.lower(ledger, invoice, -note["pre_payment_amount"])


def _lines(vendor_id: str, amount: int) -> Document:
    line = filled(
        "credit_note_line_item",
        id=f"cnli_{suffix(vendor_id)}",
        amount=amount,
        description="Credit",
        quantity=1,
        unit_amount=amount,
        unit_amount_decimal=str(amount),
    )
    return {"object": "list", "data": [line], "has_more": False, "url": f"/v1/credit_notes/{vendor_id}/lines"}
