"""adapters.stripe.reading: which page comes next, what was seen on the way, and what is never mirrored by mistake."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import pytest

from adapters.stripe.reading import PATHS, Query, Reader
from connector.errors import MalformedAnswer, NeedsReconnect, NotFound, Refused, Rejected, VendorError
from connector.model.finding import FindingCode
from connector.model.invoice import Invoice
from connector.model.money_in import Payment
from connector.model.party import Account
from connector.model.settlement import BalanceEntry, Payout
from connector.model.source import Kind
from connector.ports import Page
from tests.stripe_rig import WHERE, example, listed, ref, text

T = TypeVar("T")


class Recorded:
    """Answers each path with its recorded pages in turn; an error among them is raised."""

    def __init__(self, **answers: Sequence[bytes | VendorError]) -> None:
        self._answers = {f"/v1/{name}": list(pages) for name, pages in answers.items()}
        self.asked: list[tuple[str, dict[str, str | int]]] = []

    def __call__(self, path: str, query: Query, parse: Callable[[bytes], T]) -> T:
        self.asked.append((path, dict(query)))
        answer = self._answers[path].pop(0)
        if isinstance(answer, VendorError):
            raise answer
        return parse(answer)


def all_pages(reader: Reader, stream: str, cursor: str | None = None) -> list[Page]:
    pages = [reader.pull(stream, cursor)]
    while pages[-1].more:
        pages.append(reader.pull(stream, pages[-1].cursor))
    return pages


def ids(pages: list[Page]) -> list[str]:
    return [record.ref.vendor_id for page in pages for record in page.records]


def line(vendor_id: str, created: int, **changed: object) -> dict[str, Any]:
    return example("balance_transaction", **{"id": vendor_id, "created": created, **changed})


def payout(vendor_id: str, created: int, **changed: object) -> dict[str, Any]:
    settled = {"id": vendor_id, "created": created, "status": "paid", "automatic": False}
    return example("payout", **{**settled, "reconciliation_status": "not_applicable", **changed})


def test_every_stream_is_the_name_of_a_kind() -> None:
    assert list(PATHS) == [
        "profile",
        "account",
        "customer",
        "invoice",
        "allocation",
        "attempt",
        "payment",
        "refund",
        "dispute",
        "balance_entry",
        "payout",
    ]


def test_a_pass_goes_on_after_the_last_record_of_the_page_before_and_ends_where_stripe_says() -> None:
    vendor = Recorded(
        customers=[
            listed(example("customer", id="cus_3"), example("customer", id="cus_2"), more=True),
            listed(example("customer", id="cus_1")),
        ]
    )
    pages = all_pages(Reader(vendor, WHERE, 2), "customer")
    assert ids(pages) == ["cus_3", "cus_2", "cus_1"]
    assert vendor.asked == [
        ("/v1/customers", {"limit": 2}),
        ("/v1/customers", {"limit": 2, "starting_after": "cus_2"}),
    ]


def test_the_next_sync_of_a_stream_that_can_change_begins_at_its_start() -> None:
    vendor = Recorded(invoices=[listed(example("invoice", id="in_1")), listed()])
    reader = Reader(vendor, WHERE, 100)
    reader.pull("invoice", reader.pull("invoice", None).cursor)
    assert vendor.asked[1] == ("/v1/invoices", {"limit": 100})


def test_the_ledger_goes_on_a_day_before_its_newest_line() -> None:
    vendor = Recorded(
        balance_transactions=[
            listed(line("txn_3", 2_000_000), line("txn_2", 1_900_000), more=True),
            listed(line("txn_1", 1_000_000)),
            listed(),
            listed(),
        ]
    )
    reader = Reader(vendor, WHERE, 2)
    cursor = all_pages(reader, "balance_entry")[-1].cursor
    cursor = reader.pull("balance_entry", cursor).cursor
    reader.pull("balance_entry", cursor)
    assert [query.get("created[gte]") for _, query in vendor.asked] == [None, None, 1_913_600, 1_913_600]


@pytest.mark.parametrize(
    "gone", [NotFound("Gone."), Rejected("Stripe refused it.", code="resource_missing")], ids=["404", "400"]
)
def test_a_pass_whose_last_record_was_deleted_meanwhile_begins_again(gone: VendorError) -> None:
    vendor = Recorded(customers=[listed(example("customer", id="cus_2"), more=True), gone, listed()])
    reader = Reader(vendor, WHERE, 1)
    page = reader.pull("customer", reader.pull("customer", None).cursor)
    assert vendor.asked[-1] == ("/v1/customers", {"limit": 1})
    assert not page.more


def test_another_refusal_does_not_start_a_pass_anew() -> None:
    refused = Rejected("Stripe refused it.", code="parameter_unknown")
    vendor = Recorded(customers=[listed(example("customer", id="cus_2"), more=True), refused])
    reader = Reader(vendor, WHERE, 1)
    cursor = reader.pull("customer", None).cursor
    with pytest.raises(Rejected):
        reader.pull("customer", cursor)


@pytest.mark.parametrize("cursor", ["", "{", "[]", '{"after": 5}'])
def test_a_cursor_that_cannot_be_read_skips_nothing(cursor: str) -> None:
    vendor = Recorded(customers=[listed(example("customer", id="cus_1"))])
    assert ids([Reader(vendor, WHERE, 100).pull("customer", cursor)]) == ["cus_1"]
    assert vendor.asked == [("/v1/customers", {"limit": 100})]


def test_the_raw_document_of_each_record_is_its_own_row_as_it_came() -> None:
    row = text(example("refund", id="re_1", metadata={"  spaced ": "é"}))
    body = b'{"object":"list","has_more":false,"url":"/v1/refunds","data":[ ' + row + b" ]}"
    (record,) = Reader(Recorded(refunds=[body]), WHERE, 100).pull("refund", None).records
    assert record.raw == row


@pytest.mark.req("S12")
def test_an_invoice_paid_in_three_parts_has_three_allocations_over_two_pages() -> None:
    def part(number: int) -> dict[str, Any]:
        paid = {"amount_paid": 100 * number, "status": "paid", "currency": "usd", "livemode": False}
        by = {"type": "payment_intent", "payment_intent": f"pi_{number}"}
        return example("invoice_payment", id=f"inpay_{number}", invoice="in_1", payment=by, **paid)

    vendor = Recorded(invoice_payments=[listed(part(3), part(2), more=True), listed(part(1))])
    pages = all_pages(Reader(vendor, WHERE, 2), "allocation")
    records: list[Any] = [mirrored.record for page in pages for mirrored in page.records]
    assert [(one.payment.vendor_id, one.target.vendor_id, one.amount.minor) for one in records] == [
        ("pi_3", "in_1", 300),
        ("pi_2", "in_1", 200),
        ("pi_1", "in_1", 100),
    ]


def test_charges_are_asked_for_with_their_ledger_lines() -> None:
    charge = example(
        "charge", id="ch_1", balance_transaction=line("txn_1", 1, amount=100, fee=33, net=67), captured=True
    )
    vendor = Recorded(charges=[listed(charge)])
    (record,) = Reader(vendor, WHERE, 100).pull("payment", None).records
    assert vendor.asked == [("/v1/charges", {"limit": 100, "expand[]": "data.balance_transaction"})]
    assert isinstance(record.record, Payment)
    assert record.record.fee is not None
    assert record.record.fee.minor == 33


def test_a_reconciled_payout_has_its_members_over_all_pages_and_without_its_own_line() -> None:
    own = line("txn_9", 9, amount=-300, net=-300, source="po_1", reporting_category="payout")
    vendor = Recorded(
        payouts=[
            listed(
                payout("po_1", 9, automatic=True, reconciliation_status="completed", balance_transaction="txn_9"),
            )
        ],
        balance_transactions=[listed(own, line("txn_2", 2), more=True), listed(line("txn_1", 1))],
    )
    (record,) = Reader(vendor, WHERE, 100).pull("payout", None).records
    assert isinstance(record.record, Payout)
    assert record.record.entries == (ref(Kind.BALANCE_ENTRY, "txn_2"), ref(Kind.BALANCE_ENTRY, "txn_1"))
    document = json.loads(record.raw)
    assert (document["entries"], document["payout"]["id"]) == (["txn_2", "txn_1"], "po_1")
    assert vendor.asked[1:] == [
        ("/v1/balance_transactions", {"limit": 100, "payout": "po_1"}),
        ("/v1/balance_transactions", {"limit": 100, "payout": "po_1", "starting_after": "txn_2"}),
    ]


def test_a_manual_payout_has_members_that_stripe_cannot_name() -> None:
    vendor = Recorded(payouts=[listed(payout("po_1", 9))])
    (record,) = Reader(vendor, WHERE, 100).pull("payout", None).records
    assert isinstance(record.record, Payout)
    assert record.record.entries is None


def test_payouts_go_on_where_one_may_still_change() -> None:
    day = 86_400
    vendor = Recorded(
        payouts=[
            listed(payout("po_3", 100 * day), payout("po_2", 40 * day, status="in_transit"), more=True),
            listed(payout("po_1", 10 * day)),
            listed(payout("po_3", 100 * day), payout("po_2", 40 * day)),
            listed(),
        ]
    )
    reader = Reader(vendor, WHERE, 100)
    cursor = all_pages(reader, "payout")[-1].cursor
    cursor = reader.pull("payout", cursor).cursor
    reader.pull("payout", cursor)
    assert [query.get("created[gte]") for _, query in vendor.asked] == [None, None, 40 * day, 65 * day]


def test_a_balance_is_one_account_per_currency_and_a_stablecoin_is_shown_instead_of_mirrored() -> None:
    amounts = [{"amount": 500, "currency": "usd"}, {"amount": 70, "currency": "cad"}, {"amount": 9, "currency": "usdc"}]
    page = Reader(Recorded(balance=[text(example("balance", available=amounts, pending=[]))]), WHERE, 9).pull(
        "account", None
    )
    assert ids([page]) == ["cad", "usd"]
    assert [isinstance(one.record, Account) for one in page.records] == [True, True]
    assert [(one.code, one.refs) for one in page.findings] == [(FindingCode.NOT_MIRRORED, (ref(Kind.ACCOUNT, "usdc"),))]


def test_an_amount_that_cannot_be_held_exactly_is_shown_and_the_rest_of_the_page_is_mirrored() -> None:
    fraction = line("txn_2", 2, amount=4010, fee=0, net=4010, currency="isk")
    vendor = Recorded(balance_transactions=[listed(fraction, line("txn_1", 1))])
    page = Reader(vendor, WHERE, 100).pull("balance_entry", None)
    assert ids([page]) == ["txn_1"]
    assert [one.refs for one in page.findings] == [(ref(Kind.BALANCE_ENTRY, "txn_2"),)]
    assert "ISK" in page.findings[0].sentence


def test_an_unknown_status_category_or_field_is_mirrored_with_its_document_and_told() -> None:
    vendor = Recorded(
        invoices=[listed(example("invoice", id="in_1", status="levitating", brand_new={"deep": 1}))],
        balance_transactions=[listed(line("txn_1", 1, reporting_category="levitating", brand_new=1))],
    )
    reader = Reader(vendor, WHERE, 100)
    invoices, ledger = reader.pull("invoice", None), reader.pull("balance_entry", None)
    assert isinstance(invoices.records[0].record, Invoice)
    assert isinstance(ledger.records[0].record, BalanceEntry)
    for page in (invoices, ledger):
        assert b"brand_new" in page.records[0].raw
        assert b"levitating" in page.records[0].raw
        assert [one.code for one in page.findings] == [FindingCode.UNKNOWN_VALUE, FindingCode.UNKNOWN_VALUE]
        assert any("'brand_new'" in one.sentence for one in page.findings)
        assert any("'levitating'" in one.sentence for one in page.findings)


def test_an_unknown_field_is_told_once_per_kind_and_not_once_per_record() -> None:
    page = listed(*(example("refund", id=f"re_{number}", brand_new=1) for number in range(5)))
    vendor = Recorded(refunds=[page, page], disputes=[listed(example("dispute", brand_new=1))])
    reader = Reader(vendor, WHERE, 100)
    assert len(reader.pull("refund", None).findings) == 1
    assert reader.pull("refund", None).findings == ()
    assert len(reader.pull("dispute", None).findings) == 1


def test_an_unknown_field_on_one_record_in_the_middle_of_a_first_page_is_told() -> None:
    rows = [example("refund", id=f"re_{number}") for number in range(5)]
    rows[3]["brand_new"] = 1
    page = Reader(Recorded(refunds=[listed(*rows)]), WHERE, 100).pull("refund", None)
    assert [one.refs for one in page.findings] == [(ref(Kind.REFUND, "re_3"),)]


@pytest.mark.req("S11")
@pytest.mark.parametrize(
    ("stream", "path", "row"),
    [
        ("customer", "customers", "customer"),
        ("invoice", "invoices", "invoice"),
        ("allocation", "invoice_payments", "invoice_payment"),
        ("attempt", "payment_intents", "payment_intent"),
        ("payment", "charges", "charge"),
        ("dispute", "disputes", "dispute"),
        ("payout", "payouts", "payout"),
    ],
)
def test_live_data_under_a_test_key_stops_the_sync(stream: str, path: str, row: str) -> None:
    vendor = Recorded(**{path: [listed(example(row, livemode=True))]})
    with pytest.raises(NeedsReconnect) as caught:
        Reader(vendor, WHERE, 100).pull(stream, None)
    assert caught.value.sentence == "Stripe answered a test key with live data."


@pytest.mark.req("S11")
def test_a_live_balance_under_a_test_key_stops_the_sync() -> None:
    vendor = Recorded(balance=[text(example("balance", livemode=True))])
    with pytest.raises(NeedsReconnect):
        Reader(vendor, WHERE, 100).pull("account", None)


def test_a_page_with_one_broken_row_is_not_kept_in_part() -> None:
    vendor = Recorded(refunds=[listed(example("refund"), example("refund", amount=1.5))])
    with pytest.raises(MalformedAnswer):
        Reader(vendor, WHERE, 100).pull("refund", None)


def test_a_stream_that_stripe_does_not_have_is_refused() -> None:
    with pytest.raises(Refused):
        Reader(Recorded(), WHERE, 100).pull("deposit", None)
