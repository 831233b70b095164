"""Every shape in which Stripe fails, as it was recorded or is told by its documents; the server around sends them.

A shape is what is said, not what is done: `answer-before SHAPE` in a faults file says it instead of acting,
`answer-after SHAPE` says it although the request was carried out. Stripe keeps the answer to a write whose work had
begun, a 500 too: shapes in `KEPT` are what the same idempotency key hears from then on.
"""

from __future__ import annotations

from collections.abc import Mapping

from adapters.stripe.standin.refusals import Refusal
from connector.testing.standin import Answer

SHOULD_RETRY = "Stripe-Should-Retry"
REASON = "Stripe-Rate-Limited-Reason"
RETRY_AFTER_SECONDS = 2
_PAGE = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
_DECLINED = "Your card was declined."


def rate_limited(reason: str = "global-rate") -> Refusal:
    """Too many requests, for the account (`global-rate`) or for one endpoint (`endpoint-rate`)."""
    message = "Request rate limit exceeded. Learn more about rate limits here: https://docs.stripe.com/rate-limits."
    return Refusal(message, code="rate_limit", status=429, headers={REASON: reason})


def locked() -> Refusal:
    """Something else is writing to the same object."""
    return Refusal(
        "This object cannot be accessed right now because another API request or Stripe process is currently accessing "
        "it. If you see this error intermittently, retry the request. If you see this error frequently and are making "
        "multiple concurrent requests to a single object, make your requests serially or at a lower rate.",
        code="lock_timeout",
        status=429,
    )


def key_in_use(key: str) -> Refusal:
    """The same write is being worked on under that idempotency key."""
    return Refusal(
        f"There is currently another in-progress request using this Idempotent Key: {key}. (That probably means you "
        "submitted twice, and the other request is still going through.) Try again later.",
        code="idempotency_key_in_use",
        status=409,
        kind="idempotency_error",
    )


def not_permitted(key: str, account: str, permission: str) -> Refusal:
    """A restricted key that lacks a permission; Stripe names it."""
    return Refusal(
        f"The provided key '{masked(key)}' does not have the required permissions for this endpoint on account "
        f"'{account}'. Having the '{permission}' permission would allow this request to continue.",
        status=403,
    )


def unknown_key(key: str) -> Refusal:
    """No such key, or one that was revoked."""
    return Refusal(f"Invalid API Key provided: {masked(key)}", status=401)


def masked(key: str) -> str:
    """A key as Stripe repeats it: its kind, and nothing of the rest."""
    return f"{key[:8]}{'*' * 8}"


def _with(answer: Answer, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status=answer.status, body=answer.body, headers={**answer.headers, **named})


_SERVER = Refusal("An unknown error occurred. (The stand-in was told to break.)", status=500, kind="api_error").answer()
_CARD = Refusal(_DECLINED, code="card_declined", status=402, kind="card_error")

SHAPES: Mapping[str, Answer] = {
    "rate-limit": rate_limited().answer(),
    "rate-limit-endpoint": rate_limited("endpoint-rate").answer(),
    "rate-limit-after": _with(rate_limited().answer(), Retry_After=str(RETRY_AFTER_SECONDS)),
    "rate-limit-bare": Answer(status=429),
    "lock-timeout": locked().answer(),
    "lock-timeout-retry": _with(locked().answer(), Stripe_Should_Retry="true"),
    "server-error": _SERVER,
    "server-error-kept": _SERVER,
    "server-error-retry": _with(_SERVER, Stripe_Should_Retry="true"),
    "server-error-no-retry": _with(_SERVER, Stripe_Should_Retry="false"),
    "html-502": Answer(status=502, body=_PAGE, content_type="text/html"),
    "html-503": Answer(status=503, body=_PAGE.replace(b"502 Bad Gateway", b"503"), content_type="text/html"),
    "empty-504": Answer(status=504, content_type="text/html"),
    "html-in-200": Answer(body=_PAGE, content_type="text/html"),
    "key-in-use": key_in_use("its-key").answer(),
    "unauthorized": unknown_key("rk_test_gone").answer(),
    "forbidden": not_permitted("rk_test_some", "acct_some", "rak_charge_read").answer(),
    "forbidden-unnamed": Refusal("This API key cannot be used here.", status=403).answer(),
    "card-declined": _CARD.answer(),
}
"""By name: what is said."""

KEPT = frozenset({"server-error-kept"})
"""Said once, they are the answer to the same key for a day."""
