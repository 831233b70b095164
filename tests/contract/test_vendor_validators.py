"""The judges on trial: they accept what the vendors themselves sent, and reject what is known to be wrong.

Expected counts and the known errors come from the READMEs of the vendor schemas, not from these validators.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from quickbooks.objects.invoice import Invoice as LibraryInvoice

from tests.vendor import quickbooks, stripe, where

# ---- where the schemas are found


def test_missing_schemas_skip_a_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(where.VARIABLE, raising=False)
    with pytest.raises(pytest.skip.Exception, match="nowhere schemas are not beside the project"):
        where.schemas("nowhere")


def test_promised_but_missing_schemas_fail_a_test(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(where.VARIABLE, str(tmp_path))
    with pytest.raises(pytest.fail.Exception, match="no folder"):
        where.schemas("quickbooks")


# ---- QuickBooks


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One recorded request with its answer, amounts as Decimal."""

    file: str
    method: str
    path_and_query: str
    body: bytes
    answer: dict[str, Any]

    @property
    def is_write(self) -> bool:
        return self.body.startswith(b"{")

    def entities(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for name, held in self.answer.get("QueryResponse", self.answer).items():
            if isinstance(held, (dict, list)):
                yield from ((name, one) for one in (held if isinstance(held, list) else [held]))


def as_number(value: object) -> float:
    assert isinstance(value, Decimal)
    return float(value)


def wire(document: object) -> bytes:
    return json.dumps(document, default=as_number).encode()


@pytest.fixture(scope="module")
def recorded() -> list[Exchange]:
    found = []
    for file in sorted((where.schemas("quickbooks") / "recorded").glob("*.json")):
        for one in json.loads(file.read_text(), parse_float=Decimal):
            request = one["request"] or {}
            data = request.get("data", b"")
            exchange = Exchange(
                file=file.name,
                method=one["method"],
                path_and_query=one["path"] + "?" + urlencode(request.get("params", {})),
                body=data.encode() if isinstance(data, str) else wire(data) if data else b"",
                answer=one["response"],
            )
            found.append(exchange)
    return found


def test_every_recorded_quickbooks_entity_is_accepted(recorded: list[Exchange]) -> None:
    entities = [held for exchange in recorded for held in exchange.entities()]
    rejected = [errors for name, entity in entities if (errors := quickbooks.entity_errors(name, entity))]
    assert (len(entities), rejected) == (406, [])


def test_every_recorded_quickbooks_answer_is_accepted_with_its_envelope(recorded: list[Exchange]) -> None:
    errors = {one.file: quickbooks.answer_errors(one.path_and_query, wire(one.answer)) for one in recorded}
    assert errors == {one.file: [] for one in recorded}
    assert len(recorded) == 43


def test_every_recorded_quickbooks_request_is_accepted(recorded: list[Exchange]) -> None:
    errors = {
        one.file: found
        for one in recorded
        if (found := quickbooks.request_errors(one.method, one.path_and_query, one.body))
    }
    assert (sum(one.is_write for one in recorded), errors) == (16, {})


ACME = {"value": "1"}
LINKED = [{"TxnId": "130", "TxnType": "Invoice"}]
PAYMENT = {"CustomerRef": ACME, "TotalAmt": 100, "Line": [{"Amount": 100, "LinkedTxn": LINKED}]}
UPDATE = {"Id": "130", "SyncToken": "2", "sparse": True}
DEPOSIT_LINE = {"Amount": 100, "LinkedTxn": [{"TxnId": "9", "TxnType": "Payment", "TxnLineId": "0"}]}


@pytest.mark.parametrize(
    ("address", "body"),
    [
        pytest.param("payment?requestid=r1", PAYMENT, id="payment with a line per invoice"),
        pytest.param("attachable", {"Note": "called", "AttachableRef": []}, id="note"),
        pytest.param("deposit", {"DepositToAccountRef": ACME, "Line": [DEPOSIT_LINE]}, id="linked line"),
        pytest.param("invoice?operation=void", {"Id": "130", "SyncToken": "2"}, id="void of an invoice"),
        pytest.param("payment?operation=delete", {"Id": "130", "SyncToken": "2"}, id="delete"),
        pytest.param("payment?operation=update&include=void", UPDATE, id="void of a payment"),
    ],
)
def test_a_good_quickbooks_write_is_accepted(address: str, body: dict[str, Any]) -> None:
    assert quickbooks.request_errors("POST", f"/v3/company/1/{address}", wire(body)) == []


@pytest.mark.parametrize(
    ("address", "body", "complaint"),
    [
        pytest.param("attachable", {"Notes": "x"}, "Attachable.Notes: unknown", id="misspelt note"),
        pytest.param("payment", PAYMENT | {"TotalAmt": "100.00"}, "where a decimal", id="string amount"),
        pytest.param("invoice", UPDATE | {"EmailStatus": "Sent"}, "is none of", id="unknown e-mail status"),
        pytest.param(
            "invoice",
            UPDATE | {"AllowOnlinePaypalPayment": True},
            "unknown field",
            id="misspelt PayPal switch",
        ),
        pytest.param("invoice", UPDATE | {"AllowIPNPayment": False}, "deprecated", id="deprecated"),
        pytest.param("invoice", UPDATE | {"Balance": 0}, "read-only", id="read-only"),
        pytest.param("invoice", UPDATE | {"DueDate": "2026-02-30"}, "where a date", id="no such day"),
        pytest.param("invoice", UPDATE | {"DocNumber": "9" * 22}, "at most 21", id="too long"),
        pytest.param("invoice", {"Id": "130", "sparse": True}, "SyncToken: required", id="no sync token"),
        pytest.param("payment", {"CustomerRef": ACME}, "TotalAmt: required", id="no amount"),
        pytest.param("payment", PAYMENT | {"Line": {}}, "where an array", id="object for array"),
        pytest.param("payment", PAYMENT | {"CustomerRef": "1"}, 'object with "value"', id="bare reference"),
        pytest.param("payment", PAYMENT | {"SyncToken": "0"}, "announce an update", id="half an update"),
        pytest.param("payment?operation=void", UPDATE, "is for invoices", id="payment voided as invoice"),
        pytest.param("payment?requestId=1", PAYMENT, "'requestId' is unknown", id="misspelt parameter"),
        pytest.param("payment?requestid=" + "r" * 51, PAYMENT, "longer than 50", id="long request id"),
        pytest.param(
            "deposit",
            {"DepositToAccountRef": ACME, "Line": [DEPOSIT_LINE | {"DetailType": "DepositLineDetail"}]},
            "DepositLineDetail: required",
            id="linked deposit line with a detail type",
        ),
    ],
)
def test_a_wrong_quickbooks_write_is_rejected(address: str, body: dict[str, Any], complaint: str) -> None:
    errors = quickbooks.request_errors("POST", f"/v3/company/1/{address}", wire(body))
    assert [error for error in errors if complaint in error], errors


def test_the_librarys_own_sparse_invoice_is_rejected() -> None:
    invoice = LibraryInvoice()
    invoice.Id, invoice.SyncToken, invoice.sparse, invoice.PrivateNote = "130", "2", True, "note"
    body = invoice.to_json().encode()

    by_xsd = quickbooks.entity_errors("Invoice", json.loads(body, parse_float=Decimal))
    by_facts = quickbooks.request_errors("POST", "/v3/company/1/invoice", body)[len(by_xsd) :]

    assert [error.split(":")[0] for error in by_xsd] == [
        "Invoice.DueDate",
        "Invoice.ShipDate",
        "Invoice.TotalAmt",
        "Invoice.TxnDate",
    ]
    assert "Invoice.AllowIPNPayment: deprecated, must not be sent" in by_facts


def test_a_float_amount_is_rejected() -> None:
    assert quickbooks.entity_errors("Payment", {"TotalAmt": Decimal("460.4")}) == []
    assert "parse JSON with Decimal" in quickbooks.entity_errors("Payment", {"TotalAmt": 460.4})[0]


@pytest.mark.parametrize(
    ("address", "accepted"),
    [
        ("query?query=select+*+from+Invoice+startposition+1+maxresults+1000", True),
        ("query?query=SELECT+COUNT(*)+FROM+Payment", True),
        ("query?query=delete+from+Invoice", False),
        ("query?query=select+*+from+Invoices", False),
        ("cdc?entities=Invoice,Payment&changedSince=2026-11-01T00:30:00-07:00", True),
        ("cdc?entities=Invoices&changedSince=2026-11-01T00:30:00-07:00", False),
        ("cdc?entities=Invoice&changedSince=yesterday", False),
        ("invoice/130?include=invoiceLink", True),
        ("Invoice/130", False),
        ("invoice", False),
        ("preferences", True),
    ],
)
def test_a_quickbooks_read_is_judged_by_its_address(address: str, *, accepted: bool) -> None:
    assert (quickbooks.request_errors("GET", f"/v3/company/1/{address}", b"") == []) is accepted


def test_a_quickbooks_batch_is_judged_item_by_item() -> None:
    good = {"bId": "1", "operation": "create", "Payment": PAYMENT}
    batch = {"BatchItemRequest": [good, {"bId": "2", "Query": "select * from Invoice"}]}
    assert quickbooks.request_errors("POST", "/v3/company/1/batch?requestid=r", wire(batch)) == []

    bad = {"bId": "an id too long", "operation": "update", "Payment": PAYMENT}
    batch = {"BatchItemRequest": [bad]}
    errors = quickbooks.request_errors("POST", "/v3/company/1/batch?requestid=r", wire(batch))
    assert [error for error in errors if "at most 10" in error]
    assert [error for error in errors if "Payment.SyncToken: required" in error]


DELETED = {"Id": "1", "status": "Deleted", "MetaData": {"LastUpdatedTime": "2026-05-05T03:21:26-07:00"}}
FAULT = {"Error": [{"Message": "m", "Detail": "d", "code": "610", "element": ""}], "type": "ValidationFault"}


@pytest.mark.parametrize(
    ("address", "answer"),
    [
        (
            "cdc?entities=Invoice",
            {"CDCResponse": [{"QueryResponse": [{"Invoice": [DELETED], "maxResults": 1}, {}]}]},
        ),
        (
            "batch",
            {"BatchItemResponse": [{"bId": "1", "Payment": {"Id": "2"}}, {"bId": "2", "Fault": FAULT}]},
        ),
        ("query?query=select+count(*)+from+Invoice", {"QueryResponse": {"totalCount": 3}}),
        ("payment", {"Fault": FAULT, "time": "2026-05-05T03:21:26.571-07:00"}),
        ("payment", {"fault": {"error": [{"message": "m", "code": "3200"}], "type": "AUTHENTICATION"}}),
    ],
)
def test_a_good_quickbooks_answer_is_accepted(address: str, answer: dict[str, Any]) -> None:
    assert quickbooks.answer_errors(f"/v3/company/1/{address}", wire(answer)) == []


def captured(*invoices: dict[str, Any]) -> dict[str, Any]:
    """An answer of change data capture with these invoices."""
    return {"CDCResponse": [{"QueryResponse": [{"Invoice": list(invoices)}]}]}


@pytest.mark.parametrize(
    ("address", "answer", "complaint"),
    [
        ("payment/1", {"Invoice": {"Id": "1"}}, "payment was asked for, not ['Invoice']"),
        ("payment/1", {"Payment": {"Id": "1"}, "tiem": "x"}, "answer.tiem: unknown field"),
        ("payment/1", {"Payment": [{"Id": "1"}]}, "where an object belongs"),
        ("payment/1", {"Payment": {"Id": 1}}, "where a string belongs"),
        (
            "query?query=select+*+from+Invoice",
            {"QueryResponse": {"Payment": []}},
            "Payment was not asked for",
        ),
        ("cdc?entities=Invoice", {"QueryResponse": {}}, "CDCResponse: missing"),
        ("cdc?entities=Invoice", {"CDCResponse": {"QueryResponse": []}}, "where an array belongs"),
        ("payment", {"Fault": {"Error": [{"Message": "m", "code": 610}]}}, "where a string belongs"),
        ("cdc?entities=Invoice", captured(*[{"Id": "1"}] * 1001), "1001 objects, at most 1000 fit"),
        ("cdc?entities=Invoice", captured(DELETED | {"Balance": 0}), "of a deleted object an id and a time are left"),
        ("cdc?entities=Invoice", captured({"Id": "1", "status": "Deleted"}), "of a deleted object an id and a time"),
    ],
)
def test_a_wrong_quickbooks_answer_is_rejected(address: str, answer: dict[str, Any], complaint: str) -> None:
    errors = quickbooks.answer_errors(f"/v3/company/1/{address}", wire(answer))
    assert [error for error in errors if complaint in error], errors


# ---- Stripe


def test_stripes_own_fixtures_are_accepted_but_for_fields_newer_than_they_are() -> None:
    checked, rejected = 0, {}
    for name, example in stripe.fixtures().items():
        try:
            errors = stripe.object_errors(name, example)
        except KeyError:  # a resource the public description does not have
            continue
        checked += 1
        if errors:
            rejected[name] = errors
    assert (checked, checked - len(rejected)) == (170, 167)
    assert rejected.keys() == {"account_session", "customer_session", "invoice"}
    assert rejected["invoice"] == ['invoice: "amount_paid_off_stripe" is a required property']


@pytest.fixture
def invoice() -> dict[str, Any]:
    """Stripe's example invoice, with the one field added since."""
    return stripe.fixtures()["invoice"] | {"amount_paid_off_stripe": 0}


def test_a_good_stripe_invoice_is_accepted(invoice: dict[str, Any]) -> None:
    assert stripe.object_errors("invoice", invoice) == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        pytest.param({"status": "partially_paid"}, "invoice.status", id="a status Stripe does not have"),
        pytest.param({"amount_due": "1000"}, "invoice.amount_due", id="string amount"),
        pytest.param({"amount_remaining": None}, "invoice.amount_remaining", id="null amount"),
    ],
)
def test_a_wrong_invoice_is_rejected(invoice: dict[str, Any], change: dict[str, Any], complaint: str) -> None:
    assert [error.split(":")[0] for error in stripe.object_errors("invoice", invoice | change)] == [complaint]


def test_a_stripe_list_is_judged_with_its_rows_and_what_is_expanded_in_them(invoice: dict[str, Any]) -> None:
    address = "/v1/invoices?limit=1&expand[]=data.customer"
    customer = stripe.fixtures()["customer"]
    invoice["customer"] = customer
    rows = {"object": "list", "url": "/v1/invoices", "has_more": False, "data": [invoice]}
    assert stripe.answer_errors("GET", address, 200, wire(rows)) == []

    invoice["customer"] = {key: value for key, value in customer.items() if key != "id"}
    del rows["has_more"]
    assert set(stripe.answer_errors("GET", address, 200, wire(rows))) == {
        'answer: "has_more" is a required property',
        'answer.data.0.customer: "id" is a required property',
    }


def test_a_stripe_error_is_judged_as_an_error() -> None:
    good, bad = {"error": {"type": "card_error"}}, {"error": {"type": "nonsense"}}
    assert stripe.answer_errors("POST", "/v1/payment_intents", 402, wire(good)) == []
    assert stripe.answer_errors("POST", "/v1/payment_intents", 402, wire(bad)) != []


SESSION = {
    "mode": "payment",
    "success_url": "https://books.example/paid",
    "client_reference_id": "INV-7",
    "expires_at": "1790000000",
    "allowed_payment_method_types[0]": "card",
    "allowed_payment_method_types[1]": "us_bank_account",
    "line_items[0][quantity]": "1",
    "line_items[0][price_data][currency]": "usd",
    "line_items[0][price_data][unit_amount]": "12000",
    "line_items[0][price_data][product_data][name]": "Invoice INV-7",
    "metadata[7]": "digits are a key here, not an index",
    "payment_intent_data[metadata][invoice]": "INV-7",
}


def both_judges(path: str, form: dict[str, str]) -> tuple[list[str], list[str]]:
    """What the description and what the SDK's types have against a form."""
    body = urlencode(form).encode()
    params = stripe.request_params("POST", path, body)
    return stripe.request_errors("POST", path, body), stripe.sdk_param_errors("POST", path, params)


def test_both_judges_accept_a_good_checkout_session() -> None:
    assert both_judges("/v1/checkout/sessions", SESSION) == ([], [])


@pytest.mark.parametrize(
    ("planted", "where_it_is"),
    [
        pytest.param({"paymnet_intent_data[description]": "x"}, "paymnet_intent_data", id="misspelt key"),
        pytest.param({"line_items[0][qty]": "1"}, "qty", id="misspelt nested key"),
        pytest.param({"line_items[0][price_data][unit_amount]": "100.00"}, "unit_amount", id="decimal"),
        pytest.param({"payment_method_types[0]": "card"}, "payment_method_types", id="removed in endive"),
    ],
)
def test_both_judges_reject_a_planted_error(planted: dict[str, str], where_it_is: str) -> None:
    by_description, by_types = both_judges("/v1/checkout/sessions", SESSION | planted)
    assert [where_it_is in error for error in by_description] == [True]
    assert [where_it_is in error for error in by_types] == [True]


def test_only_the_description_knows_the_payment_methods() -> None:
    crad = {"allowed_payment_method_types[2]": "crad"}
    by_description, by_types = both_judges("/v1/checkout/sessions", SESSION | crad)
    assert by_description[0].startswith('body.allowed_payment_method_types.2: "crad"')
    assert by_types == []


@pytest.mark.parametrize(
    ("path", "accepted"),
    [
        ("/v1/checkout/sessions", False),
        ("/v1/payment_intents", False),
        ("/v1/payment_intents/pi_1", False),
        ("/v1/payment_intents/pi_1/confirm", False),
        ("/v1/payment_links", True),
    ],
)
def test_overlay_and_sdk_agree_where_payment_method_types_may_be_sent(path: str, *, accepted: bool) -> None:
    for errors in both_judges(path, {"payment_method_types[0]": "card"}):
        complaints = [error for error in errors if "payment_method_types" in error]
        assert (complaints == []) is accepted


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/v1/customers", {"name": "Acme", "email": "ap@acme.example", "metadata[qbo]": "1"}),
        ("/v1/customers/cus_1", {"metadata[note]": ""}),
        ("/v1/customers/cus_1", {"metadata": ""}),
        ("/v1/invoices/in_1", {"metadata[note]": "promised for Friday", "auto_advance": "false"}),
    ],
)
def test_both_judges_accept_what_the_connector_writes_to_stripe(path: str, form: dict[str, str]) -> None:
    assert both_judges(path, form) == ([], [])


@pytest.mark.parametrize(
    ("address", "accepted"),
    [
        ("/v1/invoices?created[gte]=1790000000&limit=100&expand[]=data.payments", True),
        ("/v1/invoices?updated[gte]=1790000000", False),
        ("/v1/invoices?created[after]=1790000000", False),
        ("/v1/invoices?limit=many", False),
        ("/v1/invoices/search?query=total>100", True),
        ("/v1/invoices/in_1", True),
        ("/v1/invoices/", False),
        ("/v1/invoces", False),
        ("/v1/events?types[0]=invoice.paid&types[1]=invoice.voided", True),
        ("/v2/core/events?types[0]=v1.invoice.paid&limit=20", True),
    ],
)
def test_a_stripe_read_is_judged_by_its_address(address: str, *, accepted: bool) -> None:
    assert (stripe.request_errors("GET", address, b"") == []) is accepted


@pytest.mark.parametrize("body", ["name=Acme&name=Bcme", "metadata[a]=1&metadata=", "name", "[name]=Acme"])
def test_a_form_that_contradicts_itself_is_rejected(body: str) -> None:
    errors = stripe.request_errors("POST", "/v1/customers", body.encode())
    assert errors
    assert errors[0].startswith("unreadable parameters")


def test_the_sdk_types_refuse_none_and_operations_they_do_not_know() -> None:
    assert stripe.sdk_param_errors("POST", "/v1/customers/cus_1", {"name": None}) != []
    assert stripe.sdk_param_errors("POST", "/v1/customers/cus_1", {"name": ""}) == []
    assert stripe.sdk_param_errors("POST", "/v1/custmers", {}) == [
        "POST /v1/custmers: the SDK has no parameters for it"
    ]
