"""The two reports: as late, as paged and as bounded as PayPal's own."""

from __future__ import annotations

import re
from typing import Any

from adapters.paypal.standin.answers import Refusal, lacking, no, said, too_large
from adapters.paypal.standin.books import Books, Row, code_of, iso, money, written
from connector.dates import Instant, after, instant_from_iso
from connector.errors import ReceivablesError
from connector.testing.standin import Answer, Call

WINDOW_SECONDS = 31 * 86_400
YEARS_SECONDS = 3 * 365 * 86_400
PAGE_SIZE = 100
PAGE_SIZE_MAX = 500
_NOT_SAID = re.compile(r"[^a-zA-Z0-9_'\-., \":;!?]")


def transactions(books: Books, call: Call) -> Answer:
    """Lines that began in a window, as far as the reports are by now."""
    _may(books)
    first, last = _moment(call, "start_date"), _moment(call, "end_date")
    if last < first or (last - first).total_seconds() > WINDOW_SECONDS:
        raise no("INVALID_REQUEST", status=400)
    if first < after(books.now(), -YEARS_SECONDS):
        raise no("INVALID_REQUEST", status=400)
    seen = books.refreshed()
    wanted = call.first("transaction_id")
    found = [row for row in books.rows if first <= row.at <= last and row.status(seen) and wanted in ("", row.id)]
    if len(found) > books.conduct.lines_max:
        return too_large(books.conduct.lines_max)
    size = min(int(call.first("page_size", str(PAGE_SIZE))), PAGE_SIZE_MAX)
    page = int(call.first("page", "1"))
    found.sort(key=lambda row: (row.at, row.id, row.code))
    shown = found[(page - 1) * size : page * size]
    fields = call.first("fields", "transaction_info").split(",")
    document: dict[str, Any] = {
        "account_number": books.account,
        "start_date": written(first),
        "end_date": written(min(last, seen)),
        "last_refreshed_datetime": written(seen),
        "page": page,
        "total_items": len(found),
        "total_pages": -(-len(found) // size),
        "links": [{"href": f"https://api.sandbox.paypal.com{call.target}"[:500], "rel": "self", "method": "GET"}],
    }
    if shown:
        document["transaction_details"] = [_line(row, seen, fields) for row in shown]
    return said(200, document)


def balances(books: Books, call: Call) -> Answer:
    """What the account holds, or held then."""
    _may(books)
    seen = books.refreshed()
    at = min(_moment(call, "as_of_time"), seen) if call.first("as_of_time") else seen
    shown = [
        {
            "currency": currency,
            **({"primary": True} if currency == books.primary else {}),
            "total_balance": money(total, currency),
            "available_balance": money(free, currency),
            "withheld_balance": money(total - free, currency),
        }
        for currency, (total, free) in sorted(books.balances(at).items())
    ]
    body = {"balances": shown, "account_id": books.account, "as_of_time": iso(at), "last_refresh_time": iso(seen)}
    return said(200, body)


def _may(books: Books) -> None:
    if not books.conduct.reports:
        raise Refusal(lacking())


def _moment(call: Call, name: str) -> Instant:
    text = call.first(name)
    try:
        return instant_from_iso(text)
    except (ReceivablesError, ValueError):
        raise no("INVALID_REQUEST", status=400) from None


def _line(row: Row, seen: Instant, fields: list[str]) -> dict[str, Any]:
    info: dict[str, Any] = {
        "transaction_id": row.id,
        "transaction_event_code": row.code,
        "transaction_initiation_date": written(row.at),
        "transaction_updated_date": written(row.updated(seen)),
        "transaction_amount": money(row.amount, row.currency),
        "transaction_status": row.status(seen),
        "protection_eligibility": "02",
    }
    if row.fee:
        info["fee_amount"] = money(-row.fee, row.currency)
    if row.of:
        info |= {"paypal_reference_id": row.of, "paypal_reference_id_type": row.of_type}
    for name, text in (("invoice_id", row.invoice_id), ("custom_field", row.custom), ("transaction_note", row.note)):
        if text:
            info[name] = _NOT_SAID.sub("", text)
    shown: dict[str, Any] = {"transaction_info": info}
    if "payer_info" in fields and row.payer:
        given, _, last = row.payer.partition(" ")
        shown["payer_info"] = {
            "account_id": code_of(row.payer, 13),
            "email_address": f"{given.lower()}@payer.example",
            "payer_name": {"given_name": given, "surname": last, "alternate_full_name": row.payer},
        }
    return shown


REPORTS = {"transactions": transactions, "balances": balances}
"""By the last word of their addresses."""
