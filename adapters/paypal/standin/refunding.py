"""Refunds over the API: of a capture, in parts or whole, under the keys that PayPal remembers for 45 days."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from adapters.paypal.standin.answers import no, said
from adapters.paypal.standin.books import Books, Capture, Refund, iso, minor, money
from adapters.paypal.standin.people import People
from connector.dates import Instant, after
from connector.testing.standin import Answer

KEY_SECONDS = 45 * 86_400
_MARK = re.compile(r"[A-Za-z0-9-_.,]{1,127}")


class Refunding:
    """What is given back in one account over the API."""

    def __init__(self, books: Books, url: str) -> None:
        self._books = books
        self._people = People(books)
        self._url = url
        self.keys: dict[tuple[str, str], tuple[Instant, Answer]] = {}
        self.asked: list[str] = []
        """Every capture of which money was asked back, each time, under whatever key."""

    def refund(self, capture_id: str, body: Mapping[str, Any], key: str) -> Answer:
        """Give back, once; the same answer again for the same key."""
        self.asked.append(capture_id)
        at, known = self.keys.get((capture_id, key), (None, None))
        if key and known is not None and at is not None and self._books.now() < after(at, KEY_SECONDS):
            return known
        capture = self._books.captures.get(capture_id)
        if capture is None:
            raise no("INVALID_RESOURCE_ID", status=404)
        back = self._people.refund(
            capture_id, self._amount(capture, body), custom=_mark(body), status=self._books.conduct.refunds_are
        )
        answer = said(201, self.document(back))
        if key:
            self.keys[capture_id, key] = (self._books.now(), answer)
        return answer

    def document(self, found: Refund) -> dict[str, Any]:
        """A refund as PayPal shows it."""
        total = sum(each.amount for each in self._books.refunds.values() if each.capture == found.capture)
        shown: dict[str, Any] = {
            "id": found.id,
            "status": found.status,
            "amount": money(found.amount, found.currency),
            "seller_payable_breakdown": {
                "gross_amount": money(found.amount, found.currency),
                "paypal_fee": money(0, found.currency),
                "net_amount": money(found.amount, found.currency),
                "total_refunded_amount": money(total, found.currency),
            },
            "create_time": iso(found.at),
            "update_time": iso(found.at),
            "links": [{"href": f"{self._url}/v2/payments/captures/{found.capture}", "rel": "up", "method": "GET"}],
        }
        if found.custom:
            shown["custom_id"] = found.custom
        return shown

    def of(self, captures: list[Capture]) -> list[dict[str, Any]]:
        """All refunds of these captures, as their order shows them."""
        ids = {each.id for each in captures}
        return [self.document(each) for each in self._books.refunds.values() if each.capture in ids]

    def _amount(self, capture: Capture, body: Mapping[str, Any]) -> str:
        """How much is to go back, where that may be."""
        conduct, books = self._books.conduct, self._books
        if conduct.refund_refusals:
            raise no(conduct.refund_refusals.pop(0))
        if capture.status == "PENDING":
            raise no("PENDING_CAPTURE")
        if any(each.payment == capture.id and each.status != "RESOLVED" for each in books.disputes.values()):
            raise no("TRANSACTION_DISPUTED")
        given = sum(each.amount for each in books.refunds.values() if each.capture == capture.id)
        if given >= capture.amount or capture.status not in ("COMPLETED", "PARTIALLY_REFUNDED"):
            raise no("CAPTURE_FULLY_REFUNDED")
        asked = body.get("amount") or money(capture.amount - given, capture.currency)
        value = asked.get("value")
        if not isinstance(value, str):
            raise no("INVALID_PARAMETER_SYNTAX", status=400)
        if asked.get("currency_code") != capture.currency:
            raise no("REFUND_CAPTURE_CURRENCY_MISMATCH")
        if minor(value, capture.currency) <= 0:
            raise no("REFUND_AMOUNT_TOO_LOW")
        if minor(value, capture.currency) > capture.amount - given:
            raise no("REFUND_AMOUNT_EXCEEDED")
        return value


def _mark(body: Mapping[str, Any]) -> str:
    custom = body.get("custom_id", "")
    if custom and not (isinstance(custom, str) and _MARK.fullmatch(custom)):
        raise no("INVALID_PARAMETER_SYNTAX", status=400)
    return str(custom)
