"""adapters.stripe.refusal: what each answer means, without a word of Stripe's own sentence."""

from __future__ import annotations

import pytest

from adapters.stripe.refusal import refusal
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
    (409, OutcomeUnknown),
    (429, RateLimited),
    (500, OutcomeUnknown),
    (503, OutcomeUnknown),
]


def error_of(status: int, *, write: bool = False, path: str = "/v1/invoices", **said: str) -> VendorError:
    return refusal(status, text({"error": said}), {"Request-Id": "req_1"}, path=path, write=write)


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
    assert error.sentence == "The Stripe key lacks the permission rak_charge_read."


@pytest.mark.req("S11")
@pytest.mark.parametrize(
    ("path", "write", "named"),
    [
        ("/v1/balance", False, "read on Balance"),
        ("/v1/balance_transactions", False, "read on Balance transactions"),
        ("/v1/invoice_payments", False, "read on Invoices"),
        ("/v1/checkout/sessions", True, "write on Checkout Sessions"),
        ("/v1/customers/cus_1", True, "write on Customers"),
    ],
)
def test_a_missing_permission_is_named_even_when_stripe_does_not(
    path: str,
    write: bool,  # noqa: FBT001  a row of the table
    named: str,
) -> None:
    error = refusal(403, b"", {}, path=path, write=write)
    assert error.sentence == f"The Stripe key lacks the permission {named}."


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({"Retry-After": "7"}, 7), ({"Retry-After": "9999"}, 60), ({"Retry-After": "soon"}, 2), ({}, 2)],
)
def test_the_pause_is_the_one_stripe_asks_for_within_reason(headers: dict[str, str], seconds: int) -> None:
    error = refusal(429, b"", headers, path="/v1/x", write=False)
    assert isinstance(error, RateLimited)
    assert error.retry_after_seconds == seconds
