"""adapters.stripe.reading: which page comes next, what was seen on the way, and what is never mirrored by mistake."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from adapters.stripe import course
from adapters.stripe.course import Phase
from adapters.stripe.lists import NAMES, SHELVES
from connector.errors import MalformedAnswer, NeedsReconnect, NotFound, Rejected, UnknownRecord, VendorError
from connector.model.finding import FindingCode
from connector.model.invoice import Invoice
from connector.model.mirror import Gone, GoneState
from connector.model.money_in import Payment
from connector.model.party import Account
from connector.model.settlement import BalanceEntry, Payout
from connector.model.source import ConnectionId, Kind, Ref
from tests.clocks import FakeClock
from tests.stripe_recorded import (
    DAY,
    Recorded,
    customer,
    event,
    found,
    ids,
    line,
    payout,
    reader,
    started,
    whole,
)
from tests.stripe_rig import NOON, example, listed, ref, text
from tests.surroundings import Held


def test_there_are_two_streams_and_another_one_is_refused() -> None:
    assert reader(Recorded()).streams() == ("profile", "books")
    with pytest.raises(UnknownRecord):
        reader(Recorded()).pull("invoice", None)


def test_the_anchor_and_the_mark_are_noted_before_anything_is_listed() -> None:
    vendor = Recorded(events=[listed(), listed(event("evt_0", NOON - 700, {}))])
    page = reader(vendor).pull("books", None)
    assert [path for path, _ in vendor.asked] == ["/v1/events", "/v1/events", "/v1/customers"]
    assert vendor.asked[1][1] == {"limit": 1, "created[lte]": NOON - 600}
    at = course.read(page.cursor, NAMES)
    assert at.feed.anchor is not None
    assert (at.feed.anchor.id, at.mark) == ("evt_0", NOON)


def test_every_list_is_walked_up_to_the_mark() -> None:
    vendor = Recorded()
    whole(reader(vendor))
    lists = [path for path, query in vendor.asked if query.get("created[lte]") == NOON]
    assert lists == [SHELVES[name].path for name in NAMES]


def test_a_window_goes_on_after_the_last_record_of_the_page_before_and_ends_where_stripe_says() -> None:
    pages = [listed(customer("cus_3"), customer("cus_2"), more=True), listed(customer("cus_1"))]
    vendor = Recorded(customers=pages)
    assert ids(whole(reader(vendor, size=2)), Kind.CUSTOMER) == ["cus_3", "cus_2", "cus_1"]
    asked = vendor.queries("customers")
    assert [query.get("starting_after") for query in asked] == [None, "cus_2"]
    assert {query["limit"] for query in asked} == {2}


@pytest.mark.parametrize(
    "gone", [NotFound("Gone."), Rejected("Stripe refused it.", code="resource_missing")], ids=["404", "400"]
)
def test_a_window_whose_last_record_was_deleted_meanwhile_goes_on_with_its_second(gone: VendorError) -> None:
    first = listed(customer("cus_2", created=5_000), more=True)
    vendor = Recorded(customers=[first, gone, listed(customer("cus_1", created=5_000))])
    assert ids(whole(reader(vendor, size=1)), Kind.CUSTOMER) == ["cus_2", "cus_1"]
    last = vendor.queries("customers")[-1]
    assert (last["created[lte]"], "starting_after" in last) == (5_000, False)


def test_another_refusal_is_not_taken_for_a_record_that_is_gone() -> None:
    refused = Rejected("Stripe refused it.", code="parameter_unknown")
    vendor = Recorded(customers=[listed(customer("cus_2"), more=True), refused])
    with pytest.raises(Rejected):
        whole(reader(vendor, size=1))


def test_a_reader_that_was_killed_goes_on_at_the_windows_that_were_left() -> None:
    pages = [listed(customer("cus_3"), customer("cus_2"), more=True), listed(customer("cus_1"))]
    vendor = Recorded(customers=pages)
    cursor = reader(vendor, size=2).pull("books", None).cursor
    assert ids(whole(reader(vendor, size=2), cursor), Kind.CUSTOMER) == ["cus_1"]
    assert len(vendor.queries("customers")) == 2


@pytest.mark.parametrize("cursor", ["", "{", "[]", '{"mark": "x"}'])
def test_a_cursor_that_cannot_be_read_skips_nothing(cursor: str) -> None:
    vendor = Recorded(customers=[listed(customer("cus_1"))])
    assert ids(whole(reader(vendor), cursor), Kind.CUSTOMER) == ["cus_1"]


def test_the_raw_document_of_each_record_is_its_own_row_as_it_came() -> None:
    row = text(example("refund", id="re_1", metadata={"  spaced ": "é"}))
    body = b'{"object":"list","has_more":false,"url":"/v1/refunds","data":[ ' + row + b" ]}"
    pages = whole(reader(Recorded(refunds=[body])))
    assert [record.raw for page in pages for record in page.records] == [row]


@pytest.mark.req("S12")
def test_an_invoice_paid_in_three_parts_has_three_allocations_over_two_pages() -> None:
    def part(number: int) -> dict[str, Any]:
        paid = {"amount_paid": 100 * number, "status": "paid", "currency": "usd", "livemode": False}
        by = {"type": "payment_intent", "payment_intent": f"pi_{number}"}
        return example("invoice_payment", id=f"inpay_{number}", invoice="in_1", payment=by, **paid)

    vendor = Recorded(invoice_payments=[listed(part(3), part(2), more=True), listed(part(1))])
    pages = whole(reader(vendor, size=2))
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
    (record,) = [one for page in whole(reader(vendor)) for one in page.records]
    (asked,) = vendor.queries("charges")
    assert asked["expand[0]"] == "data.balance_transaction"
    assert isinstance(record.record, Payment)
    assert record.record.fee is not None
    assert record.record.fee.minor == 33


def test_a_reconciled_payout_has_its_members_over_all_pages_and_without_its_own_line() -> None:
    own = line("txn_9", 9, amount=-300, net=-300, source="po_1", reporting_category="payout")
    members = [listed(own, line("txn_2", 2), more=True), listed(line("txn_1", 1))]
    reconciled = payout("po_1", 9, automatic=True, reconciliation_status="completed", balance_transaction="txn_9")
    vendor = Recorded(payouts=[listed(reconciled)], balance_transactions=[listed(), *members])
    (record,) = [one for page in whole(reader(vendor)) for one in page.records]
    assert isinstance(record.record, Payout)
    assert record.record.entries == (ref(Kind.BALANCE_ENTRY, "txn_2"), ref(Kind.BALANCE_ENTRY, "txn_1"))
    document = json.loads(record.raw)
    assert (document["entries"], document["payout"]["id"]) == (["txn_2", "txn_1"], "po_1")
    assert [query for query in vendor.queries("balance_transactions") if "payout" in query] == [
        {"limit": 100, "payout": "po_1"},
        {"limit": 100, "payout": "po_1", "starting_after": "txn_2"},
    ]


def test_a_manual_payout_has_members_that_stripe_cannot_name() -> None:
    (record,) = [one for page in whole(reader(Recorded(payouts=[listed(payout("po_1", 9))]))) for one in page.records]
    assert isinstance(record.record, Payout)
    assert record.record.entries is None


def test_what_is_kept_for_a_customer_is_listed_only_where_something_is() -> None:
    credit = example("customer_balance_transaction", id="cbtxn_1", customer="cus_2", created=5, amount=-100)
    vendor = Recorded(customers=[listed(customer("cus_2", balance=-100), customer("cus_1"))])
    vendor.record("customers/cus_2/balance_transactions", listed(credit))
    assert ids(whole(reader(vendor)), Kind.CREDIT_ENTRY) == ["cbtxn_1"]
    assert vendor.queries("customers/cus_1/balance_transactions") == []


def test_a_balance_is_one_account_per_currency_and_a_stablecoin_is_shown_instead_of_mirrored() -> None:
    amounts = [{"amount": 500, "currency": "usd"}, {"amount": 70, "currency": "cad"}, {"amount": 9, "currency": "usdc"}]
    pages = whole(reader(Recorded(balance=[text(example("balance", available=amounts, pending=[]))])))
    assert ids(pages, Kind.ACCOUNT) == ["cad", "usd"]
    assert all(isinstance(one.record, Account) for page in pages for one in page.records)
    assert [(one.code, one.refs) for one in found(pages)] == [(FindingCode.NOT_MIRRORED, (ref(Kind.ACCOUNT, "usdc"),))]


def test_an_amount_that_cannot_be_held_exactly_is_shown_and_the_rest_of_the_page_is_mirrored() -> None:
    fraction = line("txn_2", 2, amount=4010, fee=0, net=4010, currency="isk")
    pages = whole(reader(Recorded(balance_transactions=[listed(fraction, line("txn_1", 1))])))
    assert ids(pages, Kind.BALANCE_ENTRY) == ["txn_1"]
    assert [one.refs for one in found(pages)] == [(ref(Kind.BALANCE_ENTRY, "txn_2"),)]
    assert "ISK" in found(pages)[0].sentence


def test_an_unknown_status_category_or_field_is_mirrored_with_its_document_and_told() -> None:
    vendor = Recorded(
        invoices=[listed(example("invoice", id="in_1", status="levitating", brand_new={"deep": 1}))],
        balance_transactions=[listed(line("txn_1", 1, reporting_category="levitating", brand_new=1))],
    )
    told = {page.about: page for page in whole(reader(vendor)) if page.records}
    assert isinstance(told["invoice"].records[0].record, Invoice)
    assert isinstance(told["balance_entry"].records[0].record, BalanceEntry)
    for page in told.values():
        assert b"brand_new" in page.records[0].raw
        assert b"levitating" in page.records[0].raw
        unknown = [one.sentence for one in page.findings if one.code is FindingCode.UNKNOWN_VALUE]
        assert any("'brand_new'" in sentence for sentence in unknown)
        assert any("'levitating'" in sentence for sentence in unknown)


def test_an_unknown_field_is_told_once_per_kind_and_not_once_per_record() -> None:
    rows = [example("refund", id=f"re_{number}", brand_new=1) for number in range(5)]
    vendor = Recorded(
        refunds=[listed(*rows[:3], more=True), listed(*rows[3:])], disputes=[listed(example("dispute", brand_new=1))]
    )
    told = [one.sentence for one in found(whole(reader(vendor))) if "'brand_new'" in one.sentence]
    assert sorted(sentence.split(" on a ")[1].split()[0] for sentence in told) == ["dispute", "refund"]


def test_an_unknown_field_on_one_record_in_the_middle_of_a_first_page_is_told() -> None:
    rows = [example("refund", id=f"re_{number}") for number in range(5)]
    rows[3]["brand_new"] = 1
    assert [one.refs for one in found(whole(reader(Recorded(refunds=[listed(*rows)]))))] == [
        (ref(Kind.REFUND, "re_3"),)
    ]


@pytest.mark.req("S11")
@pytest.mark.parametrize(
    ("path", "row"),
    [
        ("customers", "customer"),
        ("invoices", "invoice"),
        ("invoice_payments", "invoice_payment"),
        ("payment_intents", "payment_intent"),
        ("charges", "charge"),
        ("disputes", "dispute"),
        ("credit_notes", "credit_note"),
        ("payouts", "payout"),
        ("events", "event"),
    ],
)
def test_live_data_under_a_test_key_stops_the_sync(path: str, row: str) -> None:
    live = {**event("evt_1", NOON, {}), "livemode": True} if row == "event" else example(row, livemode=True)
    vendor = Recorded(**{path: [listed(), listed(), listed(live)] if row == "event" else [listed(live)]})
    with pytest.raises(NeedsReconnect) as caught:
        whole(reader(vendor))
    assert caught.value.sentence == "Stripe answered a test key with live data."


@pytest.mark.req("S11")
def test_a_live_balance_under_a_test_key_stops_the_sync() -> None:
    vendor = Recorded(balance=[text(example("balance", livemode=True))])
    with pytest.raises(NeedsReconnect):
        whole(reader(vendor))


def test_a_page_with_one_broken_row_is_not_kept_in_part() -> None:
    vendor = Recorded(refunds=[listed(example("refund"), example("refund", amount=1.5))])
    with pytest.raises(MalformedAnswer):
        whole(reader(vendor))


def test_the_profile_is_asked_for_once_a_day_and_always_without_a_cursor() -> None:
    account = text(example("account"))
    vendor, clock = Recorded(account=[account, account, account]), FakeClock()
    reading = reader(vendor, clock=clock)
    first = reading.pull("profile", None)
    clock.pass_seconds(DAY - 1)
    assert reading.pull("profile", first.cursor).records == ()
    assert len(reading.pull("profile", None).records) == 1
    clock.pass_seconds(1)
    assert len(reading.pull("profile", first.cursor).records) == 1
    assert len(vendor.queries("account")) == 3


def test_a_reading_without_news_takes_three_calls() -> None:
    vendor = Recorded()
    reading, cursor = started(vendor)
    pages = whole(reading, cursor)
    assert [path for path, _ in vendor.asked] == ["/v1/events", "/v1/balance", "/v1/balance_transactions"]
    assert vendor.queries("events") == [{"limit": 100, "ending_before": "evt_0"}]
    assert [len(page.records) for page in pages] == [0, 0]


def test_events_are_reduced_to_the_records_they_name_and_each_is_read_once() -> None:
    vendor = Recorded()
    reading, cursor = started(vendor)
    stale = {"id": "in_1", "object": "invoice", "status": "open", "paid": False, "charge": "ch_old"}
    types = ("invoice.updated", "invoice.payment_succeeded", "invoice.paid")
    vendor.record("events", listed(*(event(f"evt_{one}", NOON, stale, one) for one in types)))
    vendor.record(
        "invoices/in_1", text(example("invoice", id="in_1", status="paid", amount_remaining=0, amount_overpaid=0))
    )
    pages = whole(reading, cursor)
    assert len(vendor.queries("invoices/in_1")) == 1
    (record,) = [one.record for page in pages for one in page.records]
    assert isinstance(record, Invoice)
    assert record.state == "paid"
    vendor.record("events", listed(*(event(f"evt_{one}", NOON, stale, one) for one in types)))
    whole(reading, pages[-1].cursor)
    assert len(vendor.queries("invoices/in_1")) == 1


def test_a_record_that_an_event_names_and_that_is_gone_is_a_tombstone() -> None:
    vendor = Recorded()
    reading, cursor = started(vendor)
    vendor.record("events", listed(event("evt_1", NOON, {"id": "in_1", "object": "invoice"}, "invoice.deleted")))
    vendor.record("invoices/in_1", NotFound("Gone."))
    (record,) = [one for page in whole(reading, cursor) for one in page.records]
    assert (record.ref, record.record) == (ref(Kind.INVOICE, "in_1"), Gone(state=GoneState.DELETED))


def test_what_belongs_to_a_record_is_read_with_it() -> None:
    vendor = Recorded()
    reading, cursor = started(vendor)
    about = [
        {"id": "in_1", "object": "invoice"},
        {"id": "pi_1", "object": "payment_intent"},
        {"id": "re_1", "object": "refund"},
        {"id": "dp_1", "object": "dispute"},
    ]
    vendor.record("events", listed(*(event(f"evt_{one['id']}", NOON, one) for one in about)))
    vendor.record("invoices/in_1", text(example("invoice", id="in_1", starting_balance=0, ending_balance=0)))
    vendor.record("payment_intents/pi_1", text(example("payment_intent", id="pi_1", latest_charge="ch_1")))
    vendor.record("refunds/re_1", text(example("refund", id="re_1", charge="ch_1")))
    vendor.record("disputes/dp_1", text(example("dispute", id="dp_1", charge="ch_2")))
    for vendor_id in ("ch_1", "ch_2"):
        vendor.record(f"charges/{vendor_id}", text(example("charge", id=vendor_id)))
    pages = whole(reading, cursor)
    assert sorted(ids(pages, Kind.PAYMENT)) == ["ch_1", "ch_2"]
    assert vendor.queries("invoice_payments") == [
        {"limit": 100, "invoice": "in_1"},
        {"limit": 100, "payment[type]": "payment_intent", "payment[payment_intent]": "pi_1"},
    ]


def test_events_about_nothing_that_is_mirrored_or_without_an_id_cost_nothing() -> None:
    vendor = Recorded()
    reading, cursor = started(vendor)
    vendor.record(
        "events",
        listed(
            event("evt_2", NOON, {"id": "prod_1", "object": "product"}, "product.created"),
            event("evt_1", NOON, {"object": "invoice"}, "invoice.upcoming"),
        ),
    )
    pages = whole(reading, cursor)
    assert len(vendor.asked) == 3
    assert found(pages) == []


def test_an_unknown_type_of_event_is_told_by_name_and_its_record_is_read_all_the_same() -> None:
    vendor = Recorded()
    reading, cursor = started(vendor)
    about = {"id": "re_1", "object": "refund"}
    vendor.record("events", listed(event("evt_1", NOON, about, "refund.levitated")))
    vendor.record("refunds/re_1", text(example("refund", id="re_1", charge=None)))
    pages = whole(reading, cursor)
    assert ids(pages, Kind.REFUND) == ["re_1"]
    (told,) = found(pages)
    assert told.code is FindingCode.UNKNOWN_VALUE
    assert "refund.levitated" in told.sentence
    assert "evt_1" in told.sentence


@pytest.mark.req("S10")
def test_unknown_event_types_statuses_categories_and_fields_are_stored_and_told_and_their_money_counts() -> None:
    vendor = Recorded()
    reading, cursor = started(vendor)
    odd = example("invoice", id="in_1", status="levitating", brand_new={"deep": 1}, amount_remaining=700)
    about = {"id": "in_1", "object": "invoice"}
    vendor.record("events", listed(event("evt_1", NOON, about, "invoice.levitated")))
    vendor.record("invoices/in_1", text(odd))
    money = {"amount": 900, "fee": 0, "net": 900, "currency": "usd"}
    vendor.record("balance_transactions", listed(line("txn_1", NOON - 5, reporting_category="levitating", **money)))
    pages = whole(reading, cursor)
    stored = {one.ref.vendor_id: one for page in pages for one in page.records}
    invoice, entry = stored["in_1"].record, stored["txn_1"].record
    assert isinstance(invoice, Invoice)
    assert isinstance(entry, BalanceEntry)
    assert (invoice.open.minor, entry.net.minor, entry.category) == (700, 900, "levitating")
    assert b"brand_new" in stored["in_1"].raw
    told = [one.sentence for one in found(pages) if one.code is FindingCode.UNKNOWN_VALUE]
    for word in ("invoice.levitated", "status", "'brand_new'", "category"):
        assert any(word in sentence for sentence in told)


@pytest.mark.parametrize("why", ["days", "anchor"])
def test_missed_events_are_told_and_everything_is_walked_again(why: str) -> None:
    vendor = Recorded()
    reading, cursor = started(vendor)
    if why == "days":
        vendor.now += 30 * DAY
    else:
        vendor.record("events", Rejected("No such event.", code="resource_missing"))
    pages = whole(reading, cursor)
    assert [one.code for one in found(pages)] == [FindingCode.READ_AGAIN]
    walked = [path for path, query in vendor.asked if query.get("created[lte]") == vendor.now]
    assert walked[: len(NAMES)] == [SHELVES[name].path for name in NAMES]


def test_after_missed_events_customers_and_drafts_that_vanished_become_tombstones() -> None:
    held = Held()
    held.records = {Kind.CUSTOMER: {"cus_1": "", "cus_2": ""}, Kind.INVOICE: {"in_1": ""}}
    held.waiting = {Kind.INVOICE: {"in_1"}}
    vendor = Recorded(customers=[listed(customer("cus_2")), listed(customer("cus_2"))])
    vendor.record("customers/cus_1", text({"id": "cus_1", "object": "customer", "deleted": True}))
    pages = whole(reader(vendor, held=held))
    gone = [one.ref for page in pages for one in page.records if isinstance(one.record, Gone)]
    assert sorted(gone) == [ref(Kind.CUSTOMER, "cus_1"), ref(Kind.INVOICE, "in_1")]


def test_what_is_compared_with_the_mirror_is_stored_before() -> None:
    held = Held()
    held.records = {Kind.CUSTOMER: {"cus_1": ""}}
    pages = whole(reader(Recorded(customers=[listed(customer("cus_1")), listed(customer("cus_1"))]), held=held))
    before = [page for page, after in pairwise(pages) if after.about == "unfinished"]
    assert [page.store_first for page in before] == [True]


def test_a_sweep_that_was_killed_is_begun_again_because_nobody_knows_what_it_met() -> None:
    held = Held()
    held.records = {Kind.CUSTOMER: {"cus_1": ""}}
    there = listed(customer("cus_1"))
    vendor = Recorded(customers=[there, there, there])
    reading = reader(vendor, held=held)
    page = reading.pull("books", None)
    while course.read(page.cursor, NAMES).phase is not Phase.CONFIRM:
        page = reading.pull("books", page.cursor)
    pages = whole(reader(vendor, held=held), page.cursor)
    assert vendor.queries("customers/cus_1") == []
    assert ids(pages, Kind.CUSTOMER) == ["cus_1"]


def test_a_balance_is_asked_for_again_while_a_ledger_line_is_as_young_as_it_is() -> None:
    vendor, clock = Recorded(), FakeClock()
    reading, cursor = started(vendor, clock=clock)
    vendor.record("balance_transactions", listed(line("txn_1", NOON)), listed(line("txn_1", NOON - 1)))
    pages = whole(reading, cursor)
    assert len(vendor.queries("balance")) == 2
    assert ids(pages, Kind.BALANCE_ENTRY) == ["txn_1"]
    assert clock.slept == [1.0]


def test_a_balance_that_never_settles_is_taken_after_five_tries() -> None:
    vendor = Recorded()
    reading, cursor = started(vendor)
    vendor.record("balance_transactions", *[listed(line("txn_1", NOON + 9)) for _ in range(9)])
    whole(reading, cursor)
    assert len(vendor.queries("balance")) == 5


def test_the_ledger_goes_on_ten_minutes_before_its_newest_line() -> None:
    vendor = Recorded()
    reading, cursor = started(vendor)
    vendor.now += 7_000
    vendor.record("balance_transactions", listed(line("txn_1", NOON + 6_000)))
    cursor = whole(reading, cursor)[-1].cursor
    whole(reading, cursor)
    assert vendor.queries("balance_transactions")[-1] == {"limit": 100, "created[gte]": NOON + 6_000 - 600}


def test_a_look_brings_the_records_as_they_stand_and_their_ledger_lines() -> None:
    vendor = Recorded(charges__ch_1=[text(example("charge", id="ch_1"))])
    vendor.record("balance_transactions", listed(line("txn_1", 1, source="ch_1")))
    page = reader(vendor).look([ref(Kind.PAYMENT, "ch_1"), ref(Kind.INVOICE, "in_gone"), ref(Kind.PAYMENT, "ch_1")])
    assert [(one.ref.kind, one.ref.vendor_id) for one in page.records] == [
        (Kind.PAYMENT, "ch_1"),
        (Kind.BALANCE_ENTRY, "txn_1"),
        (Kind.INVOICE, "in_gone"),
    ]
    assert isinstance(page.records[-1].record, Gone)
    assert vendor.queries("balance_transactions") == [{"limit": 100, "source": "ch_1"}]


@pytest.mark.parametrize(
    "stranger",
    [ref(Kind.DEPOSIT, "1"), ref(Kind.CASH_ENTRY, "ccsbtxn_1"), Ref(ConnectionId("other"), Kind.INVOICE, "in_1")],
    ids=str,
)
def test_a_look_at_what_stripe_does_not_keep_by_itself_is_refused(stranger: Ref) -> None:
    with pytest.raises(UnknownRecord):
        reader(Recorded()).look([stranger])
