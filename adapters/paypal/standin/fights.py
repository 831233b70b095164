"""Disputes over the API: listed by when they changed, fifty at a time, and each with all that is known."""

from __future__ import annotations

from typing import Any

from adapters.paypal.standin.answers import Refusal, lacking, no, said
from adapters.paypal.standin.books import Books, Dispute, iso, money
from connector.dates import after, instant_from_iso
from connector.testing.standin import Answer, Call

ANSWER_SECONDS = 10 * 86_400


def listed(books: Books, call: Call, url: str) -> Answer:
    """Those that changed since a moment, the newest first."""
    _may(books)
    since = call.first("update_time_after")
    found = sorted(books.disputes.values(), key=lambda each: (each.updated, each.id), reverse=True)
    if since:
        found = [each for each in found if each.updated >= instant_from_iso(since)]
    size = int(call.first("page_size", "10"))
    begin = int(call.first("next_page_token", "0") or "0")
    shown = found[begin : begin + size]
    links = [{"href": f"{url}/v1/customer/disputes?page_size={size}", "rel": "self", "method": "GET"}]
    if begin + size < len(found):
        following = f"{url}/v1/customer/disputes?page_size={size}&next_page_token={begin + size}"
        links.append({"href": following, "rel": "next", "method": "GET"})
    body: dict[str, Any] = {"links": links}
    if shown:
        body["items"] = [_short(each) for each in shown]
    return said(200, body)


def shown(books: Books, dispute_id: str) -> Answer:
    """One of them."""
    _may(books)
    found = books.disputes.get(dispute_id)
    if found is None:
        raise no("INVALID_RESOURCE_ID", status=404)
    paid = books.row(found.payment)
    document = _short(found) | {
        "disputed_transactions": [
            {
                "seller_transaction_id": found.payment,
                "create_time": iso(paid.at),
                "transaction_status": "COMPLETED",
                "gross_amount": money(paid.amount, paid.currency),
            }
        ]
    }
    if found.outcome:
        document["dispute_outcome"] = {"outcome_code": found.outcome}
    return said(200, document)


def _short(found: Dispute) -> dict[str, Any]:
    short: dict[str, Any] = {
        "dispute_id": found.id,
        "create_time": iso(found.at),
        "update_time": iso(found.updated),
        "reason": found.reason,
        "status": found.status,
        "dispute_amount": money(found.amount, found.currency),
        "dispute_life_cycle_stage": found.stage,
        "dispute_channel": "INTERNAL",
    }
    if found.status != "RESOLVED":
        short["seller_response_due_date"] = iso(after(found.at, ANSWER_SECONDS))
    return short


def _may(books: Books) -> None:
    if not books.conduct.disputes:
        raise Refusal(lacking())
