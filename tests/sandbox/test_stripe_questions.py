"""What Stripe leaves open, asked. Each test reports what it found and fails only when the question could not be asked.

On the stand-in they run so that they cannot rot; what it answers is our own guess, and is labelled so.
"""

from __future__ import annotations

import pytest

from connector.model.source import Kind
from tests.sandbox.desk import new_key
from tests.sandbox.stripe_desk import Desk, may_write
from tests.vendor import stripe as judge
from tests.vendor import where

LADDER = (1, 10, 30, 40, 50, 100, 1000)
"""Minor units, rising: the first that is taken bounds the smallest amount."""

CURRENCIES = ("usd", "cad", "eur", "gbp", "jpy", "aud")
SAMPLES = ("account", "balance", "customers", "invoices", "charges", "refunds", "disputes", "payouts", "events")


def session_form(amount: int, code: str, **more: str) -> dict[str, str]:
    return {
        "mode": "payment",
        "line_items[0][quantity]": "1",
        "line_items[0][price_data][currency]": code,
        "line_items[0][price_data][unit_amount]": str(amount),
        "line_items[0][price_data][product_data][name]": "Receivables test",
        "success_url": "https://pay.example/r/1",
        **more,
    }


@pytest.mark.parametrize("code", CURRENCIES)
def test_how_small_a_payment_may_be(account: Desk, code: str) -> None:
    may_write(account)
    refused = "nothing"
    for amount in LADDER:
        form = session_form(amount, code, **{"allowed_payment_method_types[0]": "card"})
        answer = account.send("POST", "checkout/sessions", form)
        if answer.status == 200:
            account.to_close(answer.json["id"])
            account.report(f"Of card payments in {code}", f"{refused} is refused, and {amount} minor units are taken.")
            return
        refused = f"{amount} ({answer.code})"
    account.report(f"Of card payments in {code}", f"{refused} is refused; no more was asked for.")


def test_whether_a_note_can_be_left_on_a_void_invoice(account: Desk) -> None:
    may_write(account)
    invoice = account.invoice(void=True)
    assert account.send("GET", f"invoices/{invoice}").json["status"] == "void"
    note = account.note(Kind.INVOICE, invoice, account.mark)
    written = account.send("POST", f"invoices/{invoice}", {"metadata[receivables_note]": note.text})
    account.report("Metadata on a void invoice", f"is {written.outcome}.")


def test_what_a_page_offers_to_a_customer_whose_saved_method_was_not_asked_for(account: Desk) -> None:
    may_write(account)
    customer = account.customer(email="ap@acme.example", payment_method="pm_card_visa")
    asked = {"customer": customer, "allowed_payment_method_types[0]": "us_bank_account"}
    answer = account.send("POST", "checkout/sessions", session_form(12_000, "usd", **asked))
    if answer.status == 200:
        account.to_close(answer.json["id"])
    offered = answer.json.get("payment_method_types")
    account.report("Asked for a bank debit alone, with a card saved, a page", f"is {answer.outcome}, offers {offered}.")


def test_how_a_key_may_be_asked_what_it_may_do(account: Desk) -> None:
    for path in ("customers/cus_nobodyatall", "invoices/in_nothingatall", "checkout/sessions/cs_test_nothing/expire"):
        answer = account.send("POST", path)
        account.report(f"A write to what is not there (POST {path})", f"is {answer.outcome}.")
        assert answer.status != 200


def test_what_a_repeated_write_says_of_itself(account: Desk) -> None:
    may_write(account)
    customer, key = account.customer(), new_key().text
    form = {"metadata[receivables_test]": account.mark}
    first = account.send("POST", f"customers/{customer}", form, key=key)
    again = account.send("POST", f"customers/{customer}", form, key=key)
    told = {name: text for name, text in again.headers.items() if name.lower().startswith("idempotent")}
    account.report("A write that is repeated under its key", f"is {first.outcome}, then {again.outcome} with {told}.")


def test_whether_a_refusal_is_kept_under_its_key(account: Desk) -> None:
    may_write(account)
    key = new_key().text
    bad = session_form(0, "usd")
    first, again = (account.send("POST", "checkout/sessions", bad, key=key) for _ in range(2))
    if first.status == 200:
        account.to_close(first.json["id"])
    told = {name: text for name, text in again.headers.items() if name.lower().startswith("idempotent")}
    account.report("A refused write under the same key", f"is {first.outcome}, then {again.outcome} with {told}.")


@pytest.mark.parametrize("path", SAMPLES)
def test_whether_what_stripe_answers_today_is_as_its_description_says(account: Desk, path: str) -> None:
    if not where.available("stripe"):
        pytest.skip("Stripe's description is not here.")
    query = {} if path in ("account", "balance") else {"limit": "3"}
    answer = account.send("GET", path, query)
    assert answer.status == 200, answer.outcome
    target = f"/v1/{path}" + ("?limit=3" if query else "")
    errors = judge.answer_errors("GET", target, answer.status, answer.raw)
    account.report(f"GET {path}:", "; ".join(errors[:5]) if errors else "as described.")


def test_how_soon_an_event_tells_of_a_change(account: Desk) -> None:
    may_write(account)
    customer = account.customer()
    began = account.clock.monotonic()
    account.made(f"customers/{customer}", {"metadata[receivables_test]": f"{account.mark} event"})

    def told() -> bool:
        rows = account.send("GET", "events", {"type": "customer.updated", "limit": "20"}).json["data"]
        return any(row["data"]["object"]["id"] == customer for row in rows)

    seen = account.eventually(told, bool)
    took = account.clock.monotonic() - began
    account.report("An event about a changed customer", f"was {'there' if seen else 'not there'} after {took:.1f} s.")


def test_what_an_invoice_says_after_its_bank_debit_was_disputed(account: Desk) -> None:
    may_write(account)
    invoice, paid = account.debited("dispute")

    def stands() -> tuple[str, int]:
        row = account.send("GET", f"invoices/{invoice}").json
        disputes = account.send("GET", "disputes", {"limit": "20"}).json["data"]
        return f"{row['status']}, {row['amount_remaining']} of {row['amount_due']} remaining", len(disputes)

    seen, disputes = account.eventually(stands, lambda found: found[1] > 0)
    account.report("An invoice whose bank debit", f"is {paid}, and then disputed ({disputes} disputes), says {seen}.")


def test_whether_an_invoice_can_be_paid_by_card_while_a_debit_is_under_way(account: Desk) -> None:
    may_write(account)
    invoice, paid = account.debited("processing")
    second = account.send("POST", f"invoices/{invoice}/pay", {"payment_method": "pm_card_visa"})
    account.report("With a debit of an invoice", f"{paid}, a second payment by card is {second.outcome}.")
