"""The double's pay pages: sessions as Stripe makes them, and what a payer and the payer's bank then do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
import stripe

from connector.dates import epoch_seconds
from tests.stripe_desk import PAGES, Desk, open_desk

WORLD = """
company  Harbor Supply  home USD  zone America/New_York  country US  stripe acct_harbor
customer  Acme  email ap@acme.example  in stripe as cus_acme
"""
FORM = {
    "mode": "payment",
    "line_items[0][quantity]": "1",
    "line_items[0][price_data][currency]": "usd",
    "line_items[0][price_data][unit_amount]": "12000",
    "line_items[0][price_data][product_data][name]": "Invoice INV-7",
    "success_url": "http://127.0.0.1:9/back?session={CHECKOUT_SESSION_ID}",
    "metadata[receivables_op]": "ABCDEFGHIJKLMNOPQRST",
    "payment_intent_data[metadata][receivables_op]": "ABCDEFGHIJKLMNOPQRST",
    "client_reference_id": "attempt-1",
    "customer_email": "ap@acme.example",
}


@pytest.fixture
def desk() -> Iterator[Desk]:
    with open_desk(WORLD) as opened:
        yield opened


def methods(*codes: str) -> dict[str, str]:
    return {f"allowed_payment_method_types[{place}]": code for place, code in enumerate(codes)}


def opened(desk: Desk, *codes: str, **changed: str) -> dict[str, Any]:
    """A new session that must have been made."""
    reply = desk.post("checkout/sessions", {**FORM, **methods(*codes), **changed})
    assert reply.status == 200, reply.body
    return reply.body


def in_world(country: str) -> str:
    return WORLD.replace("country US", f"country {country}")


# What is made


def test_a_session_is_open_unpaid_and_without_a_payment_intent(desk: Desk) -> None:
    session = opened(desk, "card")
    assert (session["status"], session["payment_status"], session["payment_intent"]) == ("open", "unpaid", None)
    assert (session["amount_total"], session["currency"], session["client_reference_id"]) == (12000, "usd", "attempt-1")
    assert session["url"] == f"{desk.server.url}{PAGES}{session['id']}"


def test_the_lines_of_a_session_are_listed(desk: Desk) -> None:
    session = opened(desk, "card")
    (line,) = desk.get(f"checkout/sessions/{session['id']}/line_items").rows
    assert (line["description"], line["amount_total"], line["price"]["unit_amount"]) == ("Invoice INV-7", 12000, 12000)
    expanded = desk.one(f"checkout/sessions/{session['id']}", flat={"expand[]": "line_items"})
    assert expanded["line_items"]["data"] == [line]


def test_payment_method_types_may_not_be_sent(desk: Desk) -> None:
    reply = desk.post("checkout/sessions", {**FORM, "payment_method_types[0]": "card"})
    assert (reply.status, reply.code) == (400, "payment_method_types_no_longer_supported")


@pytest.mark.parametrize(
    ("country", "currency", "offered"),
    [
        ("US", "usd", ["card", "us_bank_account", "acss_debit"]),
        ("US", "cad", ["card", "acss_debit"]),
        ("US", "eur", ["card", "sepa_debit"]),
        ("CA", "cad", ["card", "acss_debit"]),
        ("CA", "usd", ["card", "acss_debit"]),
        ("GB", "gbp", ["card", "bacs_debit", "paypal"]),
        ("DE", "eur", ["card", "sepa_debit", "paypal"]),
        ("US", "jpy", ["card"]),
    ],
)
def test_methods_that_do_not_fit_are_dropped_without_a_word(country: str, currency: str, offered: list[str]) -> None:
    asked = ("card", "us_bank_account", "acss_debit", "sepa_debit", "bacs_debit", "paypal", "klarna")
    with open_desk(in_world(country)) as desk:
        session = opened(desk, *asked, **{"line_items[0][price_data][currency]": currency})
    assert session["payment_method_types"] == offered
    assert session["allowed_payment_method_types"] == list(asked)


def test_a_bank_transfer_is_offered_only_to_a_customer(desk: Desk) -> None:
    assert opened(desk, "card", "customer_balance")["payment_method_types"] == ["card"]
    form = {**FORM, **methods("card", "customer_balance"), "customer": "cus_acme"}
    del form["customer_email"]
    known = desk.post("checkout/sessions", form)
    assert known.body["payment_method_types"] == ["card", "customer_balance"]


def test_without_a_wish_every_fitting_method_is_offered(desk: Desk) -> None:
    assert opened(desk)["payment_method_types"] == ["card", "us_bank_account", "acss_debit"]


@pytest.mark.parametrize(
    ("changed", "param"),
    [
        ({"allowed_payment_method_types[0]": "bacs_debit"}, "allowed_payment_method_types"),
        ({"allowed_payment_method_types[0]": "cash"}, "allowed_payment_method_types[0]"),
        ({"success_url": "/back"}, "success_url"),
        ({"customer": "cus_acme"}, "customer"),
        ({"client_reference_id": "x" * 201}, "client_reference_id"),
        ({"line_items[0][price_data][unit_amount]": "49"}, "line_items"),
        ({"line_items[0][price_data][unit_amount]": "100000000"}, "line_items"),
        ({"line_items[0][price_data][unit_amount]": "100.00"}, "line_items[0][price_data][unit_amount]"),
        ({"line_items[0][price_data][currency]": "xyz"}, "line_items[0][price_data][currency]"),
        ({"line_items[0][qty]": "1"}, "line_items[0][qty]"),
        ({"line_items[1][quantity]": "1"}, "line_items[1][price_data][currency]"),
        ({"mode": "subscription"}, "mode"),
        ({"ui_mode": "hosted"}, "ui_mode"),
        ({"after_expiration[recovery][enabled]": "true"}, "after_expiration"),
        ({"payment_intent_data[metadata][k]": "x" * 501}, "payment_intent_data[metadata][k]"),
    ],
)
def test_a_session_that_cannot_be_is_refused_by_parameter(desk: Desk, changed: dict[str, str], param: str) -> None:
    reply = desk.post("checkout/sessions", {**FORM, **changed})
    assert (reply.status, reply.body["error"]["param"]) == (400, param)
    assert desk.get("checkout/sessions").rows == []


@pytest.mark.parametrize(
    ("currency", "amount", "status"),
    [("jpy", "50", 200), ("kwd", "1230", 200), ("kwd", "1235", 400), ("isk", "50000", 200), ("isk", "50050", 400)],
)
def test_amounts_are_counted_in_the_units_of_their_currency(
    desk: Desk, currency: str, amount: str, status: int
) -> None:
    price = {"line_items[0][price_data][currency]": currency, "line_items[0][price_data][unit_amount]": amount}
    assert desk.post("checkout/sessions", {**FORM, **price}).status == status


@pytest.mark.parametrize(("minutes", "status"), [(29, 400), (30, 200), (24 * 60 - 1, 200), (24 * 60, 400)])
def test_a_session_lives_from_half_an_hour_to_under_a_day(desk: Desk, minutes: int, status: int) -> None:
    at = epoch_seconds(desk.clock.now()) + minutes * 60
    assert desk.post("checkout/sessions", {**FORM, "expires_at": str(at)}).status == status


def test_the_sdk_makes_a_session_from_nested_parameters(desk: Desk) -> None:
    made = desk.sdk().v1.checkout.sessions.create(
        {
            "mode": "payment",
            "allowed_payment_method_types": ["card", "us_bank_account", "bacs_debit"],
            "line_items": [
                {"quantity": 2, "price_data": {"currency": "usd", "unit_amount": 500, "product_data": {"name": "x"}}}
            ],
            "payment_intent_data": {"metadata": {"receivables_debt": "quickbooks/invoice/7"}},
            "success_url": "https://example.com/back",
        },
        {"idempotency_key": "k1"},
    )
    assert (made.amount_total, made.payment_method_types) == (1000, ["card", "us_bank_account"])
    with pytest.raises(stripe.InvalidRequestError) as refused:
        desk.sdk().v1.checkout.sessions.expire("cs_none")
    assert refused.value.code == "resource_missing"


# Finding them again


def test_sessions_are_listed_by_every_filter(desk: Desk) -> None:
    first = opened(desk, "card")
    desk.clock.pass_seconds(60)
    second = opened(desk, "card")
    desk.payer(second, method="card")
    paid = desk.one(f"checkout/sessions/{second['id']}")
    assert desk.get("checkout/sessions").ids == [second["id"], first["id"]]
    assert desk.get("checkout/sessions", status="open").ids == [first["id"]]
    assert desk.get("checkout/sessions", payment_intent=paid["payment_intent"]).ids == [second["id"]]
    assert desk.get("checkout/sessions", flat={"created[gt]": first["created"]}).ids == [second["id"]]
    assert desk.get("checkout/sessions", customer="cus_acme").ids == []
    assert desk.get("checkout/sessions", flat={"customer_details[email]": "ap@acme.example"}).ids == [second["id"]]


# Closing them


def test_an_open_session_expires_by_hand_and_only_once(desk: Desk) -> None:
    path = f"checkout/sessions/{opened(desk, 'card')['id']}/expire"
    closed = desk.post(path)
    assert (closed.body["status"], closed.body["url"]) == ("expired", None)
    assert desk.post(path).status == 400


def test_an_open_session_expires_with_time(desk: Desk) -> None:
    session = opened(desk, "card", expires_at=str(epoch_seconds(desk.clock.now()) + 1800))
    desk.clock.pass_seconds(1799)
    assert desk.one(f"checkout/sessions/{session['id']}")["status"] == "open"
    desk.clock.pass_seconds(1)
    assert desk.one(f"checkout/sessions/{session['id']}")["status"] == "expired"


def test_a_complete_session_cannot_be_expired(desk: Desk) -> None:
    session = opened(desk, "card")
    desk.payer(session, method="card")
    reply = desk.post(f"checkout/sessions/{session['id']}/expire")
    assert (reply.status, "complete" in reply.refusal) == (400, True)


# Paying


def test_the_page_has_one_button_per_method_offered(desk: Desk) -> None:
    page = requests.get(opened(desk, "card", "us_bank_account", "bacs_debit")["url"], timeout=10)
    assert page.status_code == 200
    assert "Pay 120.00 USD" in page.text
    assert page.text.count("<button") == 2


def test_what_a_merchant_wrote_is_shown_as_text(desk: Desk) -> None:
    named = {"line_items[0][price_data][product_data][name]": "<script>alert(1)</script>"}
    assert "<script>" not in requests.get(opened(desk, "card", **named)["url"], timeout=10).text


def test_a_card_pays_at_once_and_sends_the_payer_back(desk: Desk) -> None:
    session = opened(desk, "card")
    answer = desk.payer(session, method="card")
    assert (answer.status_code, answer.headers["Location"]) == (
        303,
        f"http://127.0.0.1:9/back?session={session['id']}",
    )
    path = f"checkout/sessions/{session['id']}"
    paid = desk.one(path, flat={"expand[]": "payment_intent.latest_charge.balance_transaction"})
    intent = paid["payment_intent"]
    assert (paid["status"], paid["payment_status"], paid["url"], intent["status"]) == (
        "complete",
        "paid",
        None,
        "succeeded",
    )
    assert intent["metadata"] == {"receivables_op": "ABCDEFGHIJKLMNOPQRST"} == intent["latest_charge"]["metadata"]
    assert intent["latest_charge"]["balance_transaction"]["net"] == 12000 - 378
    assert intent["latest_charge"]["billing_details"]["email"] == "ap@acme.example"
    assert desk.one("balance")["pending"][0]["amount"] == 12000 - 378


@pytest.mark.parametrize(
    ("country", "currency", "method"),
    [
        ("US", "usd", "us_bank_account"),
        ("CA", "cad", "acss_debit"),
        ("DE", "eur", "sepa_debit"),
        ("GB", "gbp", "bacs_debit"),
    ],
)
def test_a_bank_debit_completes_the_session_unpaid_until_the_bank_pays(
    country: str, currency: str, method: str
) -> None:
    with open_desk(in_world(country)) as desk:
        session = opened(desk, method, **{"line_items[0][price_data][currency]": currency})
        desk.payer(session, method=method)
        assert _standing(desk, session) == ("complete", "unpaid", "processing", "pending", None)
        desk.payer(session, bank="pays")
        assert _standing(desk, session)[:4] == ("complete", "paid", "succeeded", "succeeded")
        assert desk.one("balance")["pending"][0]["amount"] == 12000 - 96


def test_a_bank_debit_that_is_refused_fails_without_moving_money(desk: Desk) -> None:
    session = opened(desk, "us_bank_account")
    desk.payer(session, method="us_bank_account")
    desk.payer(session, bank="refuses")
    assert _standing(desk, session) == ("complete", "unpaid", "requires_payment_method", "failed", None)
    assert desk.entries() == []


def test_a_bank_debit_may_come_back_after_it_was_paid(desk: Desk) -> None:
    session = opened(desk, "us_bank_account")
    for form in ({"method": "us_bank_account"}, {"bank": "pays"}, {"bank": "returns"}):
        desk.payer(session, **form)
    (fight,) = desk.get("disputes").rows
    assert (fight["status"], fight["reason"], fight["amount"]) == ("lost", "debit_not_authorized", 12000)
    assert [entry["net"] for entry in desk.entries()] == [-12000 - 1500, 12000 - 96]


def test_the_bank_cannot_do_what_does_not_come_next(desk: Desk) -> None:
    session = opened(desk, "us_bank_account")
    assert desk.payer(session, bank="pays").status_code == 409
    desk.payer(session, method="us_bank_account")
    assert desk.payer(session, bank="returns").status_code == 409
    desk.payer(session, bank="pays")
    assert desk.payer(session, bank="refuses").status_code == 409


@pytest.mark.parametrize("ended", ["paid", "expired"])
def test_a_page_that_has_ended_takes_no_payment(desk: Desk, ended: str) -> None:
    session = opened(desk, "card")
    if ended == "paid":
        desk.payer(session, method="card")
    else:
        desk.post(f"checkout/sessions/{session['id']}/expire")
    before = desk.get("charges").ids
    assert desk.payer(session, method="card").status_code == 409
    assert desk.get("charges").ids == before
    assert 'name="method"' not in requests.get(f"{desk.server.url}{PAGES}{session['id']}", timeout=10).text


def test_a_method_that_is_not_offered_is_not_taken(desk: Desk) -> None:
    session = opened(desk, "card")
    assert desk.payer(session, method="us_bank_account").status_code == 409


def test_a_page_that_never_was_is_not_found(desk: Desk) -> None:
    assert requests.get(f"{desk.server.url}{PAGES}cs_none", timeout=10).status_code == 404


def _standing(desk: Desk, session: dict[str, Any]) -> tuple[str, str, str, str, str | None]:
    """Session, its payment status, its payment intent, its charge, and the charge's balance transaction."""
    path = f"checkout/sessions/{session['id']}"
    now = desk.one(path, flat={"expand[]": "payment_intent.latest_charge"})
    intent = now["payment_intent"]
    charge = intent["latest_charge"]
    return now["status"], now["payment_status"], intent["status"], charge["status"], charge["balance_transaction"]
