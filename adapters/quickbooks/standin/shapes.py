"""Every shape in which Intuit fails, as it was recorded or is told by its documents; the server around sends them.

A shape is what is said, not what is done: `answer-before SHAPE` in a faults file says it instead of acting,
`answer-after SHAPE` says it although the request was carried out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal

from adapters.quickbooks.standin import faults
from adapters.quickbooks.standin.faults import Refusal, Words
from adapters.quickbooks.standin.wording import render
from connector.testing.standin import Answer

_LIMIT = "The request limit was reached.  Try again later"
_XML = "application/xml;charset=UTF-8"
_HTML = "text/html"
_PAGE = b"<html><head><title>503 Service Unavailable</title></head><body><h1>Service Unavailable</h1></body></html>"
_OAUTH = {"error": "invalid_grant", "error_description": "Incorrect or invalid refresh token"}


def _throttle(code: str, status: int = 429) -> Refusal:
    message = f"message=ThrottleExceeded; errorCode=003001; statusCode={status}"
    return Refusal(Words(code=code, message=message, detail=_LIMIT), status=status, kind="SERVICE")


def _throttle_xml(status: int) -> Callable[[str], Answer]:
    def said(time: str) -> Answer:
        body = (
            '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
            f'<IntuitResponse time="{time}" xmlns="http://schema.intuit.com/finance/v3">'
            '<Fault type="SERVICE"><Error code="3001">'
            f"<Message>message=ThrottleExceeded; errorCode=003001; statusCode={status}</Message>"
            f"<Detail>{_LIMIT}</Detail></Error></Fault></IntuitResponse>"
        )
        return Answer(status=status, body=body.encode(), content_type=_XML)

    return said


def _refused(refusal: Refusal, status: int | None = None) -> Callable[[str], Answer]:
    def said(time: str) -> Answer:
        body = json.dumps(refusal.document(time)).encode()
        return Answer(status=refusal.status if status is None else status, body=body)

    return said


def _two_faults(time: str) -> Answer:
    errors = [
        {"Message": "Length exceeds limit", "Detail": "Length of the field exceeds 21 chars", "code": "2050"},
        {"Message": "Illegal number format", "Detail": "ZipCode should be a number", "code": "2080"},
    ]
    return _json(400, {"Fault": {"Error": errors, "type": "ValidationFault"}, "time": time})


def _without_code(time: str) -> Answer:
    error = {"Message": "An application error has occurred while processing your request"}
    return _json(500, {"Fault": {"Error": [error], "type": "SystemFault"}, "time": time})


def _json(status: int, document: Mapping[str, object]) -> Answer:
    return Answer(status=status, body=json.dumps(document).encode())


def _plain(status: int, body: bytes = b"", content_type: str = _HTML) -> Callable[[str], Answer]:
    return lambda _: Answer(status=status, body=body, content_type=content_type)


_SYSTEM = Refusal(
    Words(
        code="10000",
        message="An application error has occurred while processing your request",
        detail="System Failure Error",
    ),
    status=500,
    kind="SystemFault",
)
_SUSPENDED = Refusal(
    Words(
        code="6190",
        message="Invalid Company Status",
        detail="Subscription period has ended or canceled or there was a billing problem",
    ),
    status=403,
)
_CLOSED_AS_STALE = Refusal(
    Words(code="5010", message="Stale Object Error", detail="Account Period Closed, Cannot Update Through Services API")
)

SHAPES: Mapping[str, Callable[[str], Answer]] = {
    "throttle-json": _refused(_throttle("3001")),
    "throttle-padded": _refused(_throttle("003001")),
    "throttle-xml": _throttle_xml(429),
    "throttle-xml-403": _throttle_xml(403),
    "throttle-empty": _plain(429, content_type="application/json"),
    "expired": _refused(faults.not_authenticated("Token expired")),
    "forbidden": _refused(faults.not_authorised()),
    "stale": _refused(faults.stale()),
    "closed-as-stale": _refused(_CLOSED_AS_STALE),
    "closed": _refused(faults.closed_period()),
    "gone": _refused(faults.not_found("Id")),
    "suspended": _refused(_SUSPENDED),
    "fault-in-200": _refused(_SYSTEM, 200),
    "stale-in-200": _refused(faults.stale(), 200),
    "throttle-in-200": _refused(_throttle("3001"), 200),
    "fault-without-code": _without_code,
    "two-faults": _two_faults,
    "system": _refused(_SYSTEM),
    "html-502": _plain(502, _PAGE.replace(b"503 Service Unavailable", b"502 Bad Gateway")),
    "html-503": _plain(503, _PAGE),
    "html-in-200": _plain(200, _PAGE),
    "empty-500": _plain(500),
    "empty-504": _plain(504),
    "empty-200": _plain(200, content_type="application/json"),
    "invalid-grant": lambda _: _json(400, _OAUTH),
    "invalid-client": lambda _: _json(401, {"error": "invalid_client"}),
}
"""By name: what is said at a given time (the company's own, as text)."""

SHORTENED = ("empty-page", "short-page", "cut-page")
"""Answers to a query that bring no row, or one too few. `cut-page` counts the rows that it should have brought."""


def shortened(name: str, page: Answer) -> Answer:
    """That answer to a query, with fewer rows."""
    document = json.loads(page.body, parse_float=Decimal)
    group = document.get("QueryResponse", {})
    if name == "empty-page":
        group.clear()
    for entity, rows in group.items():
        if isinstance(rows, list):
            group[entity] = rows[:-1]
            group["maxResults"] -= 1 if name == "short-page" else 0
    return replace(page, body=render(document).encode())
