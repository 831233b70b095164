"""What PayPal says when it does not do something, in its own shapes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal

from connector.testing.standin import Answer

DEBUG_ID = "f1d2d2f924e98"
NAMES = {
    400: ("INVALID_REQUEST", "Request is not well-formed, syntactically incorrect, or violates schema."),
    401: (
        "AUTHENTICATION_FAILURE",
        "Authentication failed due to missing authorization header, or invalid authentication credentials.",
    ),
    403: ("NOT_AUTHORIZED", "Authorization failed due to insufficient permissions."),
    404: ("RESOURCE_NOT_FOUND", "The specified resource does not exist."),
    409: ("RESOURCE_CONFLICT", "The server has detected a conflict while processing this request."),
    415: ("UNSUPPORTED_MEDIA_TYPE", "The server does not support the request payload's media type."),
    422: (
        "UNPROCESSABLE_ENTITY",
        "The requested action could not be performed, semantically incorrect, or failed business validation.",
    ),
    429: ("RATE_LIMIT_REACHED", "Too many requests. Blocked due to rate limiting."),
    500: ("INTERNAL_SERVER_ERROR", "An internal server error has occurred."),
}
STATUS_OF = {
    "PERMISSION_DENIED": 403,
    "CONSENT_NEEDED": 403,
    "RESOURCE_NOT_FOUND": 404,
    "INVALID_RESOURCE_ID": 404,
}
HTML = "<html><head><title>503 Service Unavailable</title></head><body><h1>Service Unavailable</h1></body></html>"


class Refusal(Exception):
    """An answer that is no success; whoever raises it has changed nothing."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


def said(status: int, document: object, headers: Mapping[str, str] | None = None) -> Answer:
    """A JSON answer with PayPal's own id of the exchange."""
    return Answer(
        status=status, body=json.dumps(document).encode(), headers={"Paypal-Debug-Id": DEBUG_ID, **(headers or {})}
    )


def refused(issue: str, *, status: int = 0, links: list[dict[str, str]] | None = None) -> Answer:
    """A refusal for one reason."""
    code = status or STATUS_OF.get(issue, 422)
    name, message = NAMES[code]
    detail = {"issue": issue}  # what stands beside it is for developers, and may change
    body: dict[str, object] = {"name": name, "message": message, "debug_id": DEBUG_ID, "details": [detail]}
    if links:
        body["links"] = links
    return said(code, body)


def no(issue: str, *, status: int = 0) -> Refusal:
    """The same, to be raised."""
    return Refusal(refused(issue, status=status))


def too_large(count: int) -> Answer:
    """More lines than the reports count."""
    name = "RESULTSET_TOO_LARGE"
    message = "Result set size is greater than the maximum limit. Change the filter criteria and try again."
    body = {"name": name, "message": message, "debug_id": DEBUG_ID, "maximum_items": count}
    return said(400, body)


def there_already() -> Answer:
    """That address is a webhook's already."""
    message = "Webhook URL already exists"
    return said(400, {"name": "WEBHOOK_URL_ALREADY_EXISTS", "message": message, "debug_id": DEBUG_ID})


def lacking() -> Answer:
    """The app may not do that."""
    name, message = NAMES[403]
    details = [{"issue": "PERMISSION_DENIED"}]
    return said(403, {"name": name, "message": message, "debug_id": DEBUG_ID, "details": details})


def unknown_client() -> Answer:
    """What the token call says to wrong credentials."""
    return said(401, {"error": "invalid_client", "error_description": "Client Authentication failed"})


def no_token() -> Answer:
    """What every other call says to a token that is none."""
    return _named(401)


def _named(status: int, headers: Mapping[str, str] | None = None) -> Answer:
    name, message = NAMES[status]
    return said(status, {"name": name, "message": message, "debug_id": DEBUG_ID}, headers)


SHORTENED = {"empty-page": 0, "short-page": 1}
"""Pages of lines that bring so many of them, and say of themselves what the whole page would."""


def shortened(name: str, page: Answer) -> Answer:
    """That page of lines, cut."""
    document = json.loads(page.body, parse_float=Decimal)
    kept = document.pop("transaction_details", [])[: SHORTENED[name]]
    return said(page.status, document | ({"transaction_details": kept} if kept else {}))


def shaped(name: str) -> Answer | None:
    """Answers that a fault can give in the place of the real one; None for a name that is none."""
    made: dict[str, Callable[[], Answer]] = {
        "throttled": lambda: _named(429, {"Retry-After": "2"}),
        "trouble": lambda: _named(500),
        "gateway": lambda: Answer(status=503, body=HTML.encode(), content_type="text/html"),
        "conflict": lambda: _named(409),
        "unauthorized": no_token,
        "in-progress": lambda: refused("ORDER_COMPLETION_IN_PROGRESS"),
        "nothing": Answer,
        "too-large": lambda: too_large(10_000),
    }
    return made[name]() if name in made else None
