"""adapters.stripe.refusal: what each answer means, without a word of Stripe's own sentence."""

from __future__ import annotations

import pytest

from adapters.stripe.refusal import Heard, refusal
from connector.errors import (
    NeedsReconnect,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unreachable,
    VendorError,
)
from tests.stripe_rig import text

READ = [
    (302, Unreachable),
    (400, Rejected),
    (401, NeedsReconnect),
    (402, Rejected),
    (403, NeedsReconnect),
    (404, NotFound),
    (409, RateLimited),
    (429, RateLimited),
    (500, Unreachable),
    (503, Unreachable),
]
WRITE = [
    (302, OutcomeUnknown),
    (400, Rejected),
    (401, NeedsReconnect),
    (402, Rejected),
    (403, NeedsReconnect),
    (404, NotFound),
    (408, OutcomeUnknown),
    (409, RateLimited),
    (429, RateLimited),
    (500, OutcomeUnknown),
    (503, OutcomeUnknown),
]


def error_of(status: int, *, write: bool = False, path: str = "/v1/invoices", **said: str) -> VendorError:
    return refusal(
        Heard(status=status, body=text({"error": said}), headers={"Request-Id": "req_1"}), path=path, write=write
    )


@pytest.mark.parametrize(("status", "error"), READ)
def test_each_status_of_a_read_has_its_error(status: int, error: type[VendorError]) -> None:
    assert type(error_of(status)) is error


@pytest.mark.parametrize(("status", "error"), WRITE)
def test_each_status_of_a_write_has_its_error(status: int, error: type[VendorError]) -> None:
    assert type(error_of(status, write=True)) is error


def test_a_refusal_carries_stripes_code_and_request_id() -> None:
    error = error_of(400, code="amount_too_small", param="line_items[0]", message="Jenny owes 5")
    assert (error.code, error.trace, error.system) == ("amount_too_small", "req_1", "stripe")
    assert error.sentence == "Stripe refused it (code amount_too_small parameter line_items[0])."


def test_a_declined_card_is_refused_with_the_banks_code() -> None:
    assert error_of(402, code="card_declined", decline_code="insufficient_funds").code == "insufficient_funds"


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 429, 500])
def test_no_error_shows_stripes_own_sentence(status: int) -> None:
    error = error_of(
        status, code="Jenny Rosen said no", param="jenny@example.com is", message="Jenny Rosen, sk_live_42"
    )
    for secret in ("Jenny", "jenny", "sk_live"):
        assert secret not in str(error)
        assert secret not in error.code


@pytest.mark.req("S11")
def test_a_missing_permission_is_named_as_stripe_names_it() -> None:
    message = "The key 'rk_test_***' lacks it. Having the 'rak_charge_read' permission would allow this request."
    error = error_of(403, message=message)
    assert error.sentence == "The Stripe key lacks the permission rak_charge_read (Charges and Refunds: Read)."
    assert error.code == "rak_charge_read"
    assert "dashboard" in error.next_step


@pytest.mark.req("S11")
def test_a_permission_that_this_release_does_not_know_is_named_all_the_same() -> None:
    error = error_of(403, message="Having the 'rak_new_thing_read' permission would allow this request.")
    assert error.sentence == "The Stripe key lacks the permission rak_new_thing_read."


@pytest.mark.req("S11")
@pytest.mark.parametrize(
    ("path", "write", "named"),
    [
        ("/v1/balance", False, "rak_balance_read (Balance: Read)"),
        ("/v1/balance_transactions", False, "rak_balance_transaction_source_read (Balance Transaction Sources: Read)"),
        ("/v1/invoice_payments", False, "rak_invoice_read (Invoices: Read)"),
        ("/v1/customers/cus_1/cash_balance_transactions", False, "rak_customer_read (Customers: Read)"),
        ("/v1/checkout/sessions", True, "rak_checkout_session_write (Checkout Sessions: Write)"),
        ("/v1/customers/cus_1", True, "rak_customer_write (Customers: Write)"),
        ("/v1/webhook_endpoints/we_1", True, "rak_webhook_write (Webhook Endpoints: Write)"),
    ],
)
def test_a_missing_permission_is_named_even_when_stripe_does_not(
    path: str,
    write: bool,  # noqa: FBT001  a row of the table
    named: str,
) -> None:
    error = refusal(Heard(status=403, body=b"", headers={}), path=path, write=write)
    assert error.sentence == f"The Stripe key lacks the permission {named}."


def test_an_address_that_the_table_does_not_know_is_still_refused_in_words() -> None:
    assert refusal(Heard(status=403, body=b"", headers={}), path="/v1/new", write=False).sentence == (
        "The Stripe key lacks a permission for this record."
    )


@pytest.mark.req("S2")
def test_the_pause_is_the_one_stripe_asks_for() -> None:
    error = refusal(Heard(status=429, body=b"", headers={}), path="/v1/x", write=False, pause_seconds=75)
    assert isinstance(error, RateLimited)
    assert error.retry_after_seconds == 75


@pytest.mark.parametrize(("replayed", "spent"), [("true", True), ("false", False)])
def test_only_a_repeated_answer_spends_a_key(replayed: str, spent: bool) -> None:  # noqa: FBT001  a row of the table
    error = refusal(Heard(status=500, body=b"", headers={"Idempotent-Replayed": replayed}), path="/v1/x", write=True)
    assert isinstance(error, OutcomeUnknown)
    assert error.key_spent is spent
