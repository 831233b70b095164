"""Orders over the API: opening, reading, renaming and capturing them, under the keys that PayPal remembers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from adapters.paypal.amounts import TAKEN, WHOLE
from adapters.paypal.standin.answers import Refusal, no, refused, said
from adapters.paypal.standin.books import DONE, WAITING, Books, Capture, Order, Row, iso, minor, money
from adapters.paypal.standin.people import LAPSE_SECONDS, People, fee_of
from connector.dates import Instant, after
from connector.testing.standin import Answer

KEY_SECONDS = 6 * 3600
_VALUE = re.compile(r"[0-9]+(\.[0-9]{1,2})?")
_UNIT_PATH = re.compile(r"/purchase_units/@reference_id=='default'/invoice_id")
TEXT_MAX = 127


class Ordering:
    """The orders of one account. `keys` are the answers that PayPal gives again to a key it has seen."""

    def __init__(
        self, books: Books, url: str, given_back: Callable[[list[Capture]], list[dict[str, Any]]] = lambda _: []
    ) -> None:
        self._books = books
        self._people = People(books)
        self._url = url
        self._given_back = given_back
        self.keys: dict[tuple[str, str], tuple[Instant, Answer]] = {}
        self.captured: list[str] = []
        """Every order that a capture was asked for, each time."""

    def create(self, body: Mapping[str, Any], key: str) -> Answer:
        """Open an order; the same one again for the same key."""
        source = body.get("payment_source")
        if source is not None and not key:
            raise no("PAYPAL_REQUEST_ID_REQUIRED", status=400)
        known = self._known("create", key)
        if known is not None:
            return Answer(status=200, body=known.body, headers=known.headers)
        made = self._made(body)
        self._books.orders[made.id] = made
        status = 200 if made.with_source else 201
        return self._keep("create", key, said(status, self.document(made)))

    def read(self, order_id: str) -> Answer:
        """The order as it stands; 404 when it has lapsed."""
        return said(200, self.document(self._found(order_id)))

    def rename(self, order_id: str, operations: list[Mapping[str, Any]]) -> Answer:
        """Give an order another invoice id; nothing else is simulated."""
        found = self._found(order_id)
        for operation in operations:
            if operation.get("op") != "replace" or not _UNIT_PATH.fullmatch(str(operation.get("path"))):
                raise no("NOT_PATCHABLE")
        if found.captures:
            raise no("ORDER_ALREADY_COMPLETED")
        for operation in operations:
            found.unit["invoice_id"] = _text(operation.get("value"))
        return Answer(status=204)

    def capture(self, order_id: str, key: str) -> Answer:
        """Take the money of an approved order, once; the same answer again for the same key."""
        self.captured.append(order_id)
        place = f"capture {order_id}"
        known = self._known(place, key)
        if known is not None:
            again = HTTPStatus.OK if known.status == HTTPStatus.CREATED else known.status
            return Answer(status=again, body=known.body, headers=known.headers)
        found = self._found(order_id)
        issue = self._why_not(found)
        if issue == "ORDER_NOT_APPROVED":
            return refused(issue)
        if issue:
            return self._keep(place, key, self._refused(found, issue))
        self._take(found)
        return self._keep(place, key, said(201, self.document(found)))

    def _why_not(self, order: Order) -> str:
        """The reason for which PayPal refuses to take the money, "" for none."""
        conduct = self._books.conduct
        used = any(row.invoice_id == order.invoice_id for row in self._books.rows)
        if conduct.refusals:
            return conduct.refusals.pop(0)
        if order.captures:
            return "ORDER_ALREADY_CAPTURED"
        if order.status != "APPROVED":
            return "ORDER_NOT_APPROVED"
        if order.funding == "declined":
            return "INSTRUMENT_DECLINED"
        return "DUPLICATE_INVOICE_ID" if conduct.unique_invoice_ids and used else ""

    def document(self, order: Order) -> dict[str, Any]:
        """An order as PayPal shows it."""
        payee = {"merchant_id": self._books.conduct.other_payee or self._books.account}
        unit: dict[str, Any] = {
            "reference_id": "default",
            **{name: value for name, value in order.unit.items() if name != "payee"},
            "payee": payee,
        }
        if order.captures:
            unit["payments"] = {"captures": [self.captured_document(each) for each in order.captures]}
            back = self._given_back(order.captures)
            if back:
                unit["payments"]["refunds"] = back
        shown: dict[str, Any] = {
            "id": order.id,
            "intent": "CAPTURE",
            "status": order.status,
            "purchase_units": [unit],
            "create_time": iso(order.at),
            "links": self._links(order),
        }
        return shown

    def captured_document(self, capture: Capture, *, alone: bool = False) -> dict[str, Any]:
        """A capture; what it cost stands there when it is complete."""
        shown: dict[str, Any] = {
            "id": capture.id,
            "status": capture.status,
            "amount": money(capture.amount, capture.currency),
            "final_capture": True,
            "seller_protection": {"status": "NOT_ELIGIBLE"},
            "custom_id": capture.custom,
            "invoice_id": capture.invoice_id,
            "create_time": iso(capture.at),
            "update_time": iso(capture.updated or capture.at),
            "links": [
                {"href": f"{self._url}/v2/payments/captures/{capture.id}", "rel": "self", "method": "GET"},
                {"href": f"{self._url}/v2/payments/captures/{capture.id}/refund", "rel": "refund", "method": "POST"},
                {"href": f"{self._url}/v2/checkout/orders/{capture.order}", "rel": "up", "method": "GET"},
            ],
        }
        if capture.reason:
            shown["status_details"] = {"reason": capture.reason}
        if capture.status in ("COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED"):
            fee = fee_of(capture.amount)
            shown["seller_receivable_breakdown"] = {
                "gross_amount": money(capture.amount, capture.currency),
                "paypal_fee": money(fee, capture.currency),
                "net_amount": money(capture.amount - fee, capture.currency),
            }
        if alone:
            shown["payee"] = {"merchant_id": self._books.conduct.other_payee or self._books.account}
        return shown

    def _take(self, order: Order) -> None:
        """What the payer's funds make of it."""
        books, now = self._books, self._books.now()
        status, reason, code = "COMPLETED", "", books.conduct.other_currency or order.currency
        if order.funding == "refused":
            status = "DECLINED"
        elif code not in books.held:
            status, reason = "PENDING", "RECEIVING_PREFERENCE_MANDATES_MANUAL_ACTION"
        elif order.funding == "echeck":
            status, reason = "PENDING", "ECHECK"
        units = books.conduct.other_amount if books.conduct.other_amount is not None else order.amount
        taken = Capture(books.new_id(), order.id, units, code, status, now, order.invoice_id, order.custom, reason)
        order.captures.append(taken)
        order.status = "COMPLETED"
        books.captures[taken.id] = taken
        if status == "DECLINED":
            return
        row = Row(taken.id, "T0006", now, units, code, fee_of(units), order.id, "ODR")
        row.invoice_id, row.custom, row.payer = order.invoice_id, order.custom, "Pat Payer"
        books.add(row, WAITING if reason else DONE)

    def _refused(self, order: Order, issue: str) -> Answer:
        links = None
        if issue in ("INSTRUMENT_DECLINED", "PAYER_ACTION_REQUIRED", "REDIRECT_PAYER_FOR_ALTERNATE_FUNDING"):
            order.status, order.funding = "PAYER_ACTION_REQUIRED", ""
            links = [{"href": self._page(order), "rel": "redirect", "method": "GET"}]
        return refused(issue, links=links)

    def _made(self, body: Mapping[str, Any]) -> Order:
        units = body.get("purchase_units")
        if body.get("intent") != "CAPTURE" or not isinstance(units, list) or len(units) != 1:
            raise no("MISSING_REQUIRED_PARAMETER", status=400)
        unit = dict(units[0])
        asked = unit.get("amount") or {}
        code, value = asked.get("currency_code"), asked.get("value")
        if not isinstance(value, str) or not _VALUE.fullmatch(value):
            raise no("INVALID_PARAMETER_SYNTAX", status=400)
        if code not in TAKEN:
            raise no("INVALID_CURRENCY_CODE")
        if code in WHOLE and "." in value:
            raise no("DECIMAL_PRECISION")
        if minor(value, code) <= 0:
            raise no("CANNOT_BE_ZERO_OR_NEGATIVE")
        for name in ("custom_id", "invoice_id", "description"):
            if name in unit:
                unit[name] = _text(unit[name])
        source = (body.get("payment_source") or {}).get("paypal") or {}
        context = source.get("experience_context") or body.get("application_context") or {}
        return Order(
            id=self._books.new_id(),
            unit=unit,
            amount=minor(value, code),
            currency=code,
            at=self._books.now(),
            return_url=str(context.get("return_url", "")),
            cancel_url=str(context.get("cancel_url", "")),
            preference=str(context.get("payment_method_preference", "UNRESTRICTED")),
            with_source=bool(source),
            status="PAYER_ACTION_REQUIRED" if source else "CREATED",
        )

    def _found(self, order_id: str) -> Order:
        found = self._people.order(order_id)
        if found is None:
            raise no("INVALID_RESOURCE_ID", status=404)
        return found

    def _links(self, order: Order) -> list[dict[str, str]]:
        own = f"{self._url}/v2/checkout/orders/{order.id}"
        links = [{"href": own, "rel": "self", "method": "GET"}]
        if order.status in ("CREATED", "PAYER_ACTION_REQUIRED"):
            rel = "payer-action" if order.with_source else "approve"
            links.append({"href": self._page(order), "rel": rel, "method": "GET"})
        if order.status == "APPROVED":
            links.append({"href": f"{own}/capture", "rel": "capture", "method": "POST"})
        return links

    def _page(self, order: Order) -> str:
        return f"{self._url}/checkoutnow?token={order.id}"

    def _known(self, place: str, key: str) -> Answer | None:
        at, answer = self.keys.get((place, key), (None, None))
        fresh = at is not None and self._books.now() < after(at, KEY_SECONDS)
        return answer if key and fresh else None

    def _keep(self, place: str, key: str, answer: Answer) -> Answer:
        if key:
            self.keys[place, key] = (self._books.now(), answer)
        return answer


def _text(value: object) -> str:
    text = str(value)
    if not isinstance(value, str) or not 0 < len(text) <= TEXT_MAX:
        raise no("INVALID_STRING_LENGTH", status=400)
    return text


__all__ = ["LAPSE_SECONDS", "Ordering", "Refusal"]
