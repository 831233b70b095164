"""The double's objects beside payments: notes, both balances, links, InvoicePayments, and what is deleted.

Everything is read over HTTP, so that Stripe's own description judges each answer.
"""

from __future__ import annotations

from typing import Any

import pytest

from adapters.stripe.standin import balances, cash, customers, invoicing, moves, records
from adapters.stripe.standin import credits as notes
from adapters.stripe.standin.invoicing import Bill
from adapters.stripe.standin.refusals import Refusal
from adapters.stripe.standin.shapes import Document
from tests.stripe_desk import Desk
from tests.stripe_moves import charge_of, customer_of, desk, held, invoice_of, ledger_of, paid, told

__all__ = ("desk",)

# Credit notes


def test_a_credit_note_of_an_open_invoice_lowers_what_is_open(desk: Desk) -> None:
    invoice = invoice_of(desk)
    made = notes.grant(ledger_of(desk), invoice, 2_500)
    note, found = desk.one(f"credit_notes/{made['id']}"), desk.one(f"invoices/{invoice['id']}")
    assert (note["type"], note["pre_payment_amount"], note["post_payment_amount"]) == ("pre_payment", 2_500, 0)
    assert (found["total"], found["amount_due"], found["amount_remaining"]) == (10_000, 7_500, 7_500)
    assert (found["pre_payment_credit_notes_amount"], found["status"]) == (2_500, "open")
    assert "credit_note.created" in told(desk)


def test_a_credit_note_over_all_that_is_open_pays_the_invoice(desk: Desk) -> None:
    invoice = invoice_of(desk)
    notes.grant(ledger_of(desk), invoice, 10_000)
    assert desk.one(f"invoices/{invoice['id']}")["status"] == "paid"


def test_a_credit_note_of_a_paid_invoice_goes_the_three_ways_it_is_told_to(desk: Desk) -> None:
    invoice = invoice_of(desk)
    charge, _ = paid(desk, invoice, 10_000)
    how = notes.Grant(refund=1_000, credit=600, out_of_band=400)
    made = notes.grant(ledger_of(desk), invoice, 2_000, how, charge=charge)
    note = desk.one(f"credit_notes/{made['id']}", **{"expand[]": "customer_balance_transaction"})
    assert (note["type"], note["post_payment_amount"], note["out_of_band_amount"]) == ("post_payment", 2_000, 400)
    assert note["customer_balance_transaction"]["amount"] == -600
    assert desk.one(f"refunds/{note['refunds'][0]['refund']}")["amount"] == 1_000
    assert held(desk) == 9_000
    assert desk.one(f"customers/{invoice['customer']}")["balance"] == -600


def test_a_credit_note_larger_than_what_is_open_is_mixed(desk: Desk) -> None:
    invoice = invoice_of(desk)
    charge, _ = paid(desk, invoice, 8_000)
    made = notes.grant(ledger_of(desk), invoice, 3_000, notes.Grant(refund=1_000), charge=charge)
    note = desk.one(f"credit_notes/{made['id']}")
    assert (note["type"], note["pre_payment_amount"], note["post_payment_amount"]) == ("mixed", 2_000, 1_000)
    assert desk.one(f"invoices/{invoice['id']}")["status"] == "paid"


def test_a_credit_note_whose_ways_do_not_sum_up_is_refused(desk: Desk) -> None:
    invoice = invoice_of(desk)
    paid(desk, invoice, 10_000)
    with pytest.raises(Refusal, match="must equal"):
        notes.grant(ledger_of(desk), invoice, 2_000, notes.Grant(credit=1_999))


def test_a_void_credit_note_puts_its_amount_on_the_invoice_again(desk: Desk) -> None:
    invoice = invoice_of(desk)
    made = notes.grant(ledger_of(desk), invoice, 2_500)
    notes.void(ledger_of(desk), made)
    assert desk.one(f"credit_notes/{made['id']}")["status"] == "void"
    assert desk.one(f"invoices/{invoice['id']}")["amount_remaining"] == 10_000
    assert "credit_note.voided" in told(desk)


def test_credit_notes_are_listed_by_invoice_and_their_lines_below_them(desk: Desk) -> None:
    first = invoice_of(desk)
    one = notes.grant(ledger_of(desk), first, 100)
    other = notes.grant(ledger_of(desk), invoice_of(desk), 200)
    assert desk.get("credit_notes").ids == [other["id"], one["id"]]
    assert desk.get("credit_notes", invoice=first["id"]).ids == [one["id"]]
    assert [line["amount"] for line in desk.get(f"credit_notes/{one['id']}/lines").rows] == [100]


# The credit balance


def test_the_credit_balance_is_a_ledger_of_which_no_event_tells(desk: Desk) -> None:
    owner = customer_of(desk)
    before = told(desk)
    balances.give(ledger_of(desk), owner["id"], 700)
    balances.give(ledger_of(desk), owner["id"], -200)
    lines = desk.get(f"customers/{owner['id']}/balance_transactions").rows
    assert [(line["amount"], line["ending_balance"]) for line in lines] == [(200, -500), (-700, -700)]
    assert desk.one(f"customers/{owner['id']}")["balance"] == -500
    assert told(desk) == before


def test_credit_pays_what_it_can_of_the_next_invoice_and_comes_back_when_that_is_void(desk: Desk) -> None:
    ledger, owner = ledger_of(desk), customer_of(desk)
    balances.give(ledger, owner["id"], 3_000)
    invoice = invoicing.issue(ledger, Bill(customer=owner["id"], amount=10_000, currency="usd", number="INV-1"))
    found = desk.one(f"invoices/{invoice['id']}")
    assert (found["starting_balance"], found["ending_balance"], found["amount_remaining"]) == (-3_000, 0, 7_000)
    invoicing.void(ledger, invoice)
    kinds = [line["type"] for line in desk.get(f"customers/{owner['id']}/balance_transactions").rows]
    assert kinds == ["unapplied_from_invoice", "applied_to_invoice", "adjustment"]
    assert desk.one(f"customers/{owner['id']}")["balance"] == -3_000


def test_one_line_of_the_credit_balance_is_read_only_below_its_own_customer(desk: Desk) -> None:
    owner, other = customer_of(desk), customer_of(desk)
    line = balances.give(ledger_of(desk), owner["id"], 700)
    assert desk.one(f"customers/{owner['id']}/balance_transactions/{line['id']}")["type"] == "adjustment"
    assert desk.get(f"customers/{other['id']}/balance_transactions/{line['id']}").status == 404


# The cash balance


def test_a_transfer_waits_in_the_cash_balance_and_is_none_of_the_merchants_money_yet(desk: Desk) -> None:
    owner = customer_of(desk)
    cash.fund(ledger_of(desk), owner["id"], 5_000, "usd", reference="INV-1")
    assert desk.one(f"customers/{owner['id']}/cash_balance")["available"] == {"usd": 5_000}
    [line] = desk.get(f"customers/{owner['id']}/cash_balance_transactions").rows
    assert (line["type"], line["net_amount"], line["funded"]["bank_transfer"]["reference"]) == (
        "funded",
        5_000,
        "INV-1",
    )
    assert (held(desk), desk.one(f"customers/{owner['id']}")["balance"]) == (0, 0)
    assert "customer_cash_balance_transaction.created" in told(desk)


def asked(desk: Desk, owner: Document, amount: int) -> Document:
    """A PaymentIntent that waits for a transfer."""
    ledger = ledger_of(desk)
    sale = moves.Sale(
        charge_id="",
        intent_id=ledger.next_id("pi"),
        amount=amount,
        currency=owner["currency"],
        method="customer_balance",
        created=ledger.now(),
        customer=owner["id"],
    )
    return cash.ask(ledger, sale)


def test_an_underpayment_funds_in_part_and_the_rest_completes_it(desk: Desk) -> None:
    ledger, owner = ledger_of(desk), customer_of(desk)
    intent = asked(desk, owner, 8_000)
    cash.fund(ledger, owner["id"], 5_000, "usd")
    assert cash.apply(ledger, intent, 5_000) is None
    assert "payment_intent.partially_funded" in told(desk)
    assert (desk.one(f"payment_intents/{intent['id']}")["status"], held(desk)) == ("requires_action", 0)
    cash.fund(ledger, owner["id"], 3_000, "usd")
    charge = cash.apply(ledger, intent, 3_000, fee=100)
    assert charge is not None
    assert desk.one(f"charges/{charge['id']}")["payment_method_details"]["type"] == "customer_balance"
    assert (desk.one(f"payment_intents/{intent['id']}")["status"], held(desk)) == ("succeeded", 7_900)


def test_an_overpayment_stays_in_the_cash_balance_until_it_is_sent_back(desk: Desk) -> None:
    ledger, owner = ledger_of(desk), customer_of(desk)
    intent = asked(desk, owner, 8_000)
    cash.fund(ledger, owner["id"], 9_000, "usd")
    cash.apply(ledger, intent, 8_000)
    assert desk.one(f"customers/{owner['id']}/cash_balance")["available"] == {"usd": 1_000}
    cash.send_back(ledger, owner["id"], 1_000, "usd")
    assert desk.one(f"customers/{owner['id']}/cash_balance")["available"] is None
    kinds = [line["type"] for line in desk.get(f"customers/{owner['id']}/cash_balance_transactions").rows]
    assert kinds == ["return_initiated", "applied_to_payment", "funded"]


def test_what_funded_a_payment_that_is_given_up_is_the_customers_again(desk: Desk) -> None:
    ledger, owner = ledger_of(desk), customer_of(desk)
    intent = asked(desk, owner, 8_000)
    cash.fund(ledger, owner["id"], 5_000, "usd")
    cash.apply(ledger, intent, 5_000)
    assert cash.release(ledger, intent) == 5_000
    assert desk.one(f"payment_intents/{intent['id']}")["status"] == "canceled"
    assert desk.one(f"customers/{owner['id']}/cash_balance")["available"] == {"usd": 5_000}


# InvoicePayments


def test_an_invoice_is_paid_by_several_payments_one_of_them_outside_of_stripe(desk: Desk) -> None:
    ledger, invoice = ledger_of(desk), invoice_of(desk)
    paid(desk, invoice, 6_000)
    assert desk.one(f"invoices/{invoice['id']}")["status"] == "open"
    record = records.report(ledger, 4_000, "usd", customer=invoice["customer"], reference="CHQ-7")
    link = invoicing.attach(ledger, invoice, "payment_record", record["id"], 4_000)
    invoicing.pay(ledger, link)
    found = desk.one(f"invoices/{invoice['id']}")
    assert (found["status"], found["amount_paid"], found["amount_paid_off_stripe"]) == ("paid", 10_000, 4_000)
    listed = desk.get("invoice_payments", invoice=invoice["id"]).rows
    assert [(one["status"], one["amount_paid"], one["payment"]["type"]) for one in listed] == [
        ("paid", 4_000, "payment_record"),
        ("paid", 6_000, "payment_intent"),
    ]
    assert desk.one(f"payment_records/{record['id']}")["amount"] == {"currency": "usd", "value": 4_000}
    assert held(desk) == 6_000


def test_a_payment_that_is_detached_leaves_its_invoice_open_again(desk: Desk) -> None:
    invoice = invoice_of(desk)
    _, link = paid(desk, invoice, 10_000)
    assert desk.one(f"invoices/{invoice['id']}")["status"] == "paid"
    invoicing.detach(ledger_of(desk), link)
    found = desk.one(f"invoices/{invoice['id']}")
    assert (found["status"], found["amount_remaining"], found["amount_paid"]) == ("open", 10_000, 0)
    assert found["status_transitions"]["paid_at"] is None
    assert desk.one(f"invoice_payments/{link['id']}")["status"] == "canceled"
    assert told(desk)[-2:] == ["invoice_payment.detached", "invoice.updated"]


def test_what_is_paid_too_much_becomes_credit(desk: Desk) -> None:
    invoice = invoice_of(desk)
    paid(desk, invoice, 10_500)
    found = desk.one(f"invoices/{invoice['id']}")
    assert (found["status"], found["amount_overpaid"], found["amount_remaining"]) == ("paid", 500, 0)
    assert desk.one(f"customers/{invoice['customer']}")["balance"] == -500


def test_an_invoice_payment_that_is_canceled_pays_nothing(desk: Desk) -> None:
    ledger, invoice = ledger_of(desk), invoice_of(desk)
    charge = charge_of(desk, method="us_bank_account")
    link = invoicing.attach(ledger, invoice, "payment_intent", charge["payment_intent"], 10_000)
    assert desk.one(f"invoice_payments/{link['id']}")["status"] == "open"
    moves.fail_sale(ledger, charge, code="R02")
    invoicing.refuse(ledger, link)
    invoicing.cancel(ledger, link)
    assert desk.one(f"invoice_payments/{link['id']}")["status"] == "canceled"
    assert desk.one(f"invoices/{invoice['id']}")["amount_remaining"] == 10_000


def test_an_invoice_paid_out_of_band_has_no_payment_and_moves_no_balance(desk: Desk) -> None:
    invoice = invoice_of(desk)
    invoicing.pay_out_of_band(ledger_of(desk), invoice)
    found = desk.one(f"invoices/{invoice['id']}")
    assert (found["status"], found["amount_paid"], found["amount_paid_off_stripe"]) == ("paid", 10_000, 10_000)
    assert (desk.get("invoice_payments", invoice=invoice["id"]).rows, held(desk)) == ([], 0)


def test_an_uncollectible_invoice_can_be_paid_all_the_same(desk: Desk) -> None:
    invoice = invoice_of(desk)
    invoicing.give_up(ledger_of(desk), invoice)
    assert desk.one(f"invoices/{invoice['id']}")["status"] == "uncollectible"
    paid(desk, invoice, 10_000)
    assert desk.one(f"invoices/{invoice['id']}")["status"] == "paid"


def test_an_invoice_that_is_partly_paid_cannot_be_made_void(desk: Desk) -> None:
    invoice = invoice_of(desk)
    paid(desk, invoice, 10)
    with pytest.raises(Refusal, match="partially paid"):
        invoicing.void(ledger_of(desk), invoice)


# What is deleted


def test_a_deleted_draft_is_404_and_on_no_list(desk: Desk) -> None:
    ledger = ledger_of(desk)
    kept, owner = invoice_of(desk), customer_of(desk)
    draft = invoicing.draft(ledger, Bill(customer=owner["id"], amount=100, currency="usd", number="INV-2"))
    assert desk.one(f"invoices/{draft['id']}")["status"] == "draft"
    invoicing.delete(ledger, draft)
    assert desk.get(f"invoices/{draft['id']}").status == 404
    assert desk.get("invoices").ids == [kept["id"]]
    assert told(desk)[-1] == "invoice.deleted"


def test_a_deleted_customer_reads_as_its_id_and_deleted_with_200(desk: Desk) -> None:
    invoice, kept = invoice_of(desk), customer_of(desk)
    owner = ledger_of(desk).get("customer", invoice["customer"])
    customers.delete(ledger_of(desk), owner)
    expected = {"id": owner["id"], "object": "customer", "deleted": True}
    assert desk.one(f"customers/{owner['id']}") == expected
    assert desk.get("customers").ids == [kept["id"]]
    assert desk.get("invoices", customer=owner["id"]).ids == [invoice["id"]]
    assert desk.one(f"invoices/{invoice['id']}", **{"expand[]": "customer"})["customer"] == expected
    assert desk.post(f"customers/{owner['id']}", {"metadata[a]": "b"}).status == 404
    assert desk.get(f"customers/{owner['id']}/cash_balance").status == 404


# Payment Links

LINK = {
    "line_items[0][price_data][currency]": "usd",
    "line_items[0][price_data][product_data][name]": "Invoice INV-7",
    "line_items[0][price_data][unit_amount]": "12000",
    "line_items[0][quantity]": "1",
    "metadata[attempt]": "attempt-1",
    "payment_intent_data[metadata][attempt]": "attempt-1",
    "payment_method_types[0]": "card",
    "payment_method_types[1]": "us_bank_account",
    "restrictions[completed_sessions][limit]": "1",
}


def followed(desk: Desk, link: dict[str, Any]) -> Document:
    """The session that opens for somebody who follows a link."""
    answer = desk.payer(link)
    assert answer.status_code == 303, answer.text
    return desk.one(f"checkout/sessions/{answer.headers['Location'].rpartition('/')[2]}")


def test_a_payment_link_opens_a_session_with_its_metadata_for_everybody_who_follows_it(desk: Desk) -> None:
    link = desk.post("payment_links", LINK).body
    assert (link["active"], link["restrictions"]["completed_sessions"]) == (True, {"count": 0, "limit": 1})
    one, other = followed(desk, link), followed(desk, link)
    assert one["id"] != other["id"]
    assert (one["payment_link"], one["metadata"], one["amount_total"]) == (link["id"], {"attempt": "attempt-1"}, 12_000)
    assert one["payment_method_types"] == ["card", "us_bank_account"]
    assert desk.get("checkout/sessions", payment_link=link["id"]).ids == [other["id"], one["id"]]
    assert [line["amount_total"] for line in desk.get(f"payment_links/{link['id']}/line_items").rows] == [12_000]


def test_the_limit_counts_completed_sessions_so_one_that_was_open_can_still_be_paid(desk: Desk) -> None:
    link = desk.post("payment_links", LINK).body
    first, second = followed(desk, link), followed(desk, link)
    desk.payer(first, method="card")
    found = desk.one(f"payment_links/{link['id']}")
    assert (found["active"], found["restrictions"]["completed_sessions"]["count"]) == (False, 1)
    assert "no longer active" in desk.payer(link).text
    assert desk.payer(second, method="card").status_code == 303
    completed = desk.one(f"checkout/sessions/{first['id']}")
    assert desk.one(f"payment_intents/{completed['payment_intent']}")["metadata"] == {"attempt": "attempt-1"}
    assert desk.one(f"payment_links/{link['id']}")["restrictions"]["completed_sessions"]["count"] == 2


def test_a_payment_link_is_closed_and_listed_as_such(desk: Desk) -> None:
    closed, still = desk.post("payment_links", LINK).body, desk.post("payment_links", LINK).body
    answer = desk.post(f"payment_links/{closed['id']}", {"active": "false", "inactive_message": "Paid already"})
    assert (answer.status, answer.body["active"]) == (200, False)
    assert "Paid already" in desk.payer(closed).text
    assert desk.get("payment_links", active="true").ids == [still["id"]]
    assert desk.get("payment_links", active="false").ids == [closed["id"]]
    assert told(desk) == ["payment_link.created", "payment_link.created", "payment_link.updated"]


@pytest.mark.parametrize("method", ["acss_debit", "customer_balance"])
def test_a_payment_link_refuses_methods_that_only_a_session_can_offer(desk: Desk, method: str) -> None:
    answer = desk.post("payment_links", {**LINK, "payment_method_types[0]": method})
    assert (answer.status, desk.get("payment_links").rows) == (400, [])


def test_a_link_without_methods_of_its_own_never_offers_those_two(desk: Desk) -> None:
    link = desk.post("payment_links", {name: text for name, text in LINK.items() if "types" not in name}).body
    offered = followed(desk, link)["payment_method_types"]
    assert "card" in offered
    assert not {"acss_debit", "customer_balance"} & set(offered)
