"""The adapter against Stripe's double over loopback: a full reading, notes, and the life of pay pages.

Every exchange is judged by Stripe's own description, requests also by the types of its SDK.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from adapters.stripe.client import Stripe
from adapters.stripe.notes import NOTE_KEYS
from connector.dates import after
from connector.errors import NeedsReconnect, OutcomeUnknown, Rejected
from connector.model.finding import Finding
from connector.model.intent import OpenPayPage, PushNote, WriteKey
from connector.model.invoice import Invoice, InvoiceState
from connector.model.mirror import Mirrored
from connector.model.money_in import AttemptState, Dispute, DisputeState, Payment, PaymentState, Refund
from connector.model.party import Account, Customer, Profile
from connector.model.settlement import BalanceEntry, Payout
from connector.model.source import ConnectionId, Kind, OpId, Ref
from connector.money import currency, from_text, total
from connector.testing.standin import Fault
from tests.stripe_desk import Desk, open_desk
from tests.stripe_rig import CONNECTION, OP, connected, ref

WORLD = """
company  Harbor Supply  home USD  zone America/New_York  country US  stripe acct_harbor
customer  Acme  email ap@acme.example  in quickbooks and stripe as cus_acme
customer  Bolt  email pay@bolt.example  in stripe as cus_bolt
2026-03-01  invoice  INV-7  Acme  120.00 USD  due 2026-03-31  in quickbooks and stripe as in_7
2026-03-02  invoice  S-1  Bolt  80.00 USD  due 2026-04-01  sent ap@bolt.example 2026-03-03  in stripe as in_1
2026-03-10  payment  ch_1  Acme  120.00 USD  fee 3.78 USD  key INV-7  memo "inv 7"  for INV-7 120.00 USD
2026-03-11  payment  ch_2  Bolt  30.00 USD  for S-1 30.00 USD
2026-03-11  payment  ch_3  Acme  55.00 USD
2026-03-12  payment  py_4  Bolt  40.00 USD  by us_bank_account  status pending  for S-1 40.00 USD
2026-03-12  payment  py_5  Bolt  25.00 USD  by us_bank_account  status returned
2026-03-13  payment  ch_6  Acme  10.00 USD  status failed
2026-03-13  payment  ch_7  Acme  70.00 CAD  settled 50.00 USD  fee 1.75 USD
2026-03-14  payment  ch_8  Bolt  20.00 USD  for S-1 20.00 USD
2026-03-15  refund  re_1  20.00 USD  of ch_1
2026-03-16  refund  re_2  20.00 USD  of ch_8
2026-03-21  dispute  dp_1  55.00 USD  of ch_3  reason fraudulent  fee 15.00 USD
2026-03-25  payout  po_1  USD  of ch_1, ch_2, re_1
2026-03-26  payout  po_2  USD  of ch_3  status manual
"""
USD = currency("USD")
KEY = WriteKey(op_id=OP)


@pytest.fixture
def desk() -> Iterator[Desk]:
    with open_desk(WORLD) as opened:
        yield opened


@pytest.fixture
def adapter(desk: Desk) -> Stripe:
    return connected(desk.server.url, desk.clock)


def read(adapter: Stripe, stream: str = "books") -> tuple[dict[Ref, Mirrored], list[Finding]]:
    """Every record of a stream by its name, over all pages, and what was found on the way."""
    records: dict[Ref, Mirrored] = {}
    found: list[Finding] = []
    cursor, more = None, True
    while more:
        page = adapter.pull(stream, cursor)
        records |= {record.ref: record for record in page.records}
        found += page.findings
        cursor, more = page.cursor, page.more
    return records, found


def nouns(adapter: Stripe, kind: str) -> dict[str, Any]:
    """The records of one kind by their vendor ids."""
    stream = kind if kind == "profile" else "books"
    return {one.vendor_id: record.record for one, record in read(adapter, stream)[0].items() if one.kind == kind}


def intent_for(desk: Desk, **changed: Any) -> OpenPayPage:
    asked = OpenPayPage(
        connection=CONNECTION,
        debt=Ref(ConnectionId("quickbooks"), Kind.INVOICE, "130"),
        number="INV-9",
        amount=from_text("45.00", USD),
        methods=("card", "us_bank_account"),
        expires_at=after(desk.clock.now(), 3600),
        return_url="https://pay.example/r/1",
        attempt="attempt-1",
        email="ap@acme.example",
    )
    return replace(asked, **changed)


def note_on(target: Ref, desk: Desk, **changed: Any) -> PushNote:
    said = PushNote(
        target=target,
        text="Called Jane Roe: pays on Friday.",
        part=1,
        parts=1,
        reference="contact-7",
        written_at=desk.clock.now(),
        count=1,
    )
    return replace(said, **changed)


@pytest.mark.parametrize("page_size", ["1", "2", "100"])
def test_a_full_reading_finds_every_record_once_whatever_the_size_of_the_page(desk: Desk, page_size: str) -> None:
    adapter = connected(desk.server.url, desk.clock, page_size_max=page_size)
    found: list[Finding] = []
    counts: Counter[str] = Counter()
    for stream in adapter.streams():
        records, seen = read(adapter, stream)
        found += seen
        counts.update(one.kind for one in records)
        assert all(record.raw for record in records.values())
        assert {one.connection for one in records} <= {CONNECTION}
    assert found == []
    assert counts["customer"] == len(desk.get("customers").rows)
    assert counts["payment"] == len(desk.get("charges").rows) == 8
    assert counts["attempt"] == len(desk.get("payment_intents").rows)
    assert counts["balance_entry"] == len(desk.entries())
    assert counts["payout"] == 2
    assert (counts["invoice"], counts["refund"], counts["dispute"]) == (2, 2, 2)


@pytest.mark.req("S12")
def test_every_way_a_payment_can_stand_arrives_as_itself(adapter: Stripe) -> None:
    states = {vendor_id: payment.state for vendor_id, payment in nouns(adapter, "payment").items()}
    assert states == {
        "ch_1": PaymentState.SUCCEEDED,
        "ch_2": PaymentState.SUCCEEDED,
        "ch_3": PaymentState.DISPUTED,
        "py_4": PaymentState.PENDING,
        "py_5": PaymentState.RETURNED,
        "ch_6": PaymentState.FAILED,
        "ch_7": PaymentState.SUCCEEDED,
        "ch_8": PaymentState.REFUNDED,
    }


@pytest.mark.req("S12")
def test_an_invoice_paid_in_parts_has_an_allocation_per_payment_through_its_payment_intent(adapter: Stripe) -> None:
    payments: dict[str, Payment] = nouns(adapter, "payment")
    tries = {payment.attempt: vendor_id for vendor_id, payment in payments.items()}
    settled = [
        (tries[one.payment], one.amount)
        for one in nouns(adapter, "allocation").values()
        if one.target == ref(Kind.INVOICE, "in_1")
    ]
    assert sorted((by, str(amount)) for by, amount in settled) == [
        ("ch_2", "30.00 USD"),
        ("ch_8", "20.00 USD"),
        ("py_4", "0.00 USD"),
    ]


def test_fee_and_net_come_in_the_currency_that_stripe_settles_in(adapter: Stripe) -> None:
    payments = nouns(adapter, "payment")
    assert [str(payments["ch_1"].gross), str(payments["ch_1"].fee), str(payments["ch_1"].net)] == [
        "120.00 USD",
        "3.78 USD",
        "116.22 USD",
    ]
    assert [str(payments["ch_7"].gross), str(payments["ch_7"].fee), str(payments["ch_7"].net)] == [
        "70.00 CAD",
        "1.75 USD",
        "48.25 USD",
    ]
    assert (payments["py_4"].fee, payments["py_4"].net) == (None, None)
    assert str(payments["ch_1"].refunded) == "20.00 USD"


def test_who_paid_when_and_for_what_arrives(adapter: Stripe) -> None:
    payment: Payment = nouns(adapter, "payment")["ch_1"]
    assert (payment.received_on, payment.memo, payment.method) == (date(2026, 3, 10), "inv 7", "card")
    assert payment.customer == ref(Kind.CUSTOMER, "cus_acme")
    assert ("invoice_number", "INV-7") in payment.tags
    customers: dict[str, Customer] = nouns(adapter, "customer")
    assert (customers["cus_acme"].name, customers["cus_acme"].email) == ("Acme", "ap@acme.example")


def test_an_invoice_arrives_with_its_dates_its_open_amount_and_whom_it_went_to(adapter: Stripe) -> None:
    invoice: Invoice = nouns(adapter, "invoice")["in_1"]
    assert (invoice.number, invoice.state, str(invoice.total)) == ("S-1", InvoiceState.OPEN, "80.00 USD")
    assert (invoice.issued_on, invoice.due_on) == (date(2026, 3, 3), date(2026, 4, 1))
    assert invoice.issued.to == "ap@bolt.example"
    assert invoice.open == from_text("30.00", USD)


def test_a_dispute_and_a_return_arrive_with_their_reasons(adapter: Stripe) -> None:
    disputes: dict[str, Dispute] = nouns(adapter, "dispute")
    assert (disputes["dp_1"].state, disputes["dp_1"].reason) == (DisputeState.OPEN, "fraudulent")
    (returned,) = (one for one in disputes.values() if one.payment == ref(Kind.PAYMENT, "py_5"))
    assert returned.state is DisputeState.LOST
    refunds: dict[str, Refund] = nouns(adapter, "refund")
    assert refunds["re_1"].payment == ref(Kind.PAYMENT, "ch_1")


def test_a_reconciled_payout_is_the_sum_of_its_members_and_a_manual_one_has_none_to_name(adapter: Stripe) -> None:
    payouts: dict[str, Payout] = nouns(adapter, "payout")
    entries: dict[str, BalanceEntry] = nouns(adapter, "balance_entry")
    members = payouts["po_1"].entries
    assert members is not None
    assert total((entries[member.vendor_id].net for member in members), USD) == payouts["po_1"].amount
    assert payouts["po_1"].arrives_on == date(2026, 3, 25)
    assert payouts["po_2"].entries is None


def test_the_balance_is_the_sum_of_the_ledger(adapter: Stripe) -> None:
    accounts: dict[str, Account] = nouns(adapter, "account")
    nets = (entry.net for entry in nouns(adapter, "balance_entry").values())
    assert accounts["usd"].balance == total(nets, USD)


def test_the_account_is_the_companys_and_not_live(adapter: Stripe) -> None:
    (profile,) = nouns(adapter, "profile").values()
    assert isinstance(profile, Profile)
    assert (profile.name, profile.home_currency, profile.country, profile.live) == ("Harbor Supply", "USD", "US", False)


def test_a_second_sync_without_news_brings_the_same_documents_byte_for_byte(adapter: Stripe) -> None:
    for stream in adapter.streams():
        first, second = read(adapter, stream)[0], read(adapter, stream)[0]
        assert {key: one.raw for key, one in first.items()} == {key: one.raw for key, one in second.items()}


def test_the_check_finds_a_good_connection_good(adapter: Stripe) -> None:
    assert [check.name for check in adapter.check() if not check.ok] == []


def test_an_unknown_key_asks_to_be_connected_anew(desk: Desk) -> None:
    stranger = connected(desk.server.url, desk.clock, api_key="rk_test_nobody")
    with pytest.raises(NeedsReconnect):
        stranger.pull("books", None)
    assert all(not check.ok for check in stranger.check() if check.name != "mode")


@pytest.mark.req("S28")
@pytest.mark.parametrize(
    ("target", "path"), [("invoice/in_1", "invoices/in_1"), ("customer/cus_bolt", "customers/cus_bolt")]
)
def test_a_note_changes_four_metadata_keys_and_nothing_that_a_customer_sees(
    desk: Desk, adapter: Stripe, target: str, path: str
) -> None:
    kind, _, vendor_id = target.partition("/")
    desk.post(path, {"metadata[theirs]": "kept"})
    before = desk.one(path)
    intent = note_on(ref(Kind(kind), vendor_id), desk, text="ü" * 600)
    written = adapter.push_note(intent, KEY)
    after_it = desk.one(path)
    assert {name for name in after_it if after_it[name] != before[name]} == {"metadata"}
    assert after_it["metadata"].keys() == before["metadata"].keys() | NOTE_KEYS
    assert after_it["metadata"]["theirs"] == "kept"
    assert after_it["metadata"]["receivables_note"] == "ü" * 499 + "…" == written.text
    assert after_it["metadata"]["receivables_note_ref"] == f"contact-7 {OP}"


@pytest.mark.req("S28")
def test_the_same_note_is_written_once_found_again_and_does_not_come_back_as_news(desk: Desk, adapter: Stripe) -> None:
    before = nouns(adapter, "invoice")["in_1"]
    intent = note_on(ref(Kind.INVOICE, "in_1"), desk)
    assert adapter.find_notes(intent, KEY) == ()
    adapter.push_note(intent, KEY)
    adapter.push_note(intent, KEY)
    assert [method for method, path, _ in desk.server.calls if path == "/v1/invoices/in_1"].count("POST") == 1
    assert [found.text for found in adapter.find_notes(intent, KEY)] == [intent.text]
    assert nouns(adapter, "invoice")["in_1"] == before


@pytest.mark.req("S28")
def test_the_next_note_takes_the_place_of_the_one_before(desk: Desk, adapter: Stripe) -> None:
    target = ref(Kind.CUSTOMER, "cus_bolt")
    first = note_on(target, desk)
    adapter.push_note(first, KEY)
    following = note_on(target, desk, text="No answer.", reference="contact-8", count=2)
    second_key = WriteKey(op_id=OpId("ZZZZZZZZZZZZZZZZZZZZ"))
    adapter.push_note(following, second_key)
    held = desk.one("customers/cus_bolt")["metadata"]
    assert (held["receivables_note"], held["receivables_note_count"]) == ("No answer.", "2")
    assert adapter.find_notes(first, KEY) == ()
    assert len(adapter.find_notes(following, second_key)) == 1


def test_a_pay_page_is_for_the_amount_and_says_which_methods_it_really_offers(desk: Desk, adapter: Stripe) -> None:
    intent = intent_for(desk, methods=("card", "us_bank_account", "sepa_debit"))
    written = adapter.open_page(intent, KEY)
    assert written.amount == intent.amount
    assert set(written.methods) == {"card", "us_bank_account"}
    assert written.url is not None
    state = adapter.page_state(written.ref.vendor_id)
    assert (state.state, state.url, state.payment) == (AttemptState.OFFERED, written.url, None)


def test_the_same_key_opens_one_page_and_a_lost_page_is_found_by_our_mark(desk: Desk, adapter: Stripe) -> None:
    intent = intent_for(desk)
    other = WriteKey(op_id=OpId("ZZZZZZZZZZZZZZZZZZZZ"))
    assert adapter.find_pages(intent, KEY) == ()
    first, again = adapter.open_page(intent, KEY), adapter.open_page(intent, KEY)
    adapter.open_page(intent_for(desk, attempt="attempt-2"), other)
    assert first.ref == again.ref
    assert [page.ref for page in adapter.find_pages(intent, KEY)] == [first.ref]


@pytest.mark.parametrize("kind", ["drop-after", "status-after", "truncate"])
def test_a_page_whose_answer_was_lost_has_an_unknown_outcome_and_is_found(
    desk: Desk, adapter: Stripe, kind: str
) -> None:
    desk.server.add_faults(Fault(method="POST", path="/v1/checkout/sessions", nth=1, kind=kind))
    intent = intent_for(desk)
    with pytest.raises(OutcomeUnknown):
        adapter.open_page(intent, KEY)
    assert len(adapter.find_pages(intent, KEY)) == 1


def test_a_card_payment_on_the_page_names_the_payment_that_carries_our_marks(desk: Desk, adapter: Stripe) -> None:
    written = adapter.open_page(intent_for(desk), KEY)
    page_id = written.ref.vendor_id
    desk.payer({"id": page_id}, method="card")
    state = adapter.page_state(page_id)
    assert (state.state, state.url) == (AttemptState.SUCCEEDED, None)
    assert state.payment is not None
    assert nouns(adapter, "payment")[state.payment.vendor_id].gross == from_text("45.00", USD)
    (marked,) = (one for one in nouns(adapter, "attempt").values() if one.payment == state.payment)
    assert ("receivables_op", OP) in marked.tags
    assert ("receivables_debt", "quickbooks/invoice/130") in marked.tags


def test_a_bank_debit_on_the_page_is_on_its_way_and_then_fails(desk: Desk, adapter: Stripe) -> None:
    page_id = adapter.open_page(intent_for(desk), KEY).ref.vendor_id
    desk.payer({"id": page_id}, method="us_bank_account")
    assert adapter.page_state(page_id).state is AttemptState.PROCESSING
    desk.payer({"id": page_id}, bank="refuses")
    assert adapter.page_state(page_id).state is AttemptState.FAILED


def test_a_bank_debit_on_the_page_is_on_its_way_and_then_arrives(desk: Desk, adapter: Stripe) -> None:
    page_id = adapter.open_page(intent_for(desk), KEY).ref.vendor_id
    desk.payer({"id": page_id}, method="us_bank_account")
    desk.payer({"id": page_id}, bank="pays")
    state = adapter.page_state(page_id)
    assert state.state is AttemptState.SUCCEEDED
    assert state.payment is not None


def test_a_page_is_closed_once_and_a_paid_one_stays_paid(desk: Desk, adapter: Stripe) -> None:
    open_page = adapter.open_page(intent_for(desk), KEY).ref.vendor_id
    assert adapter.expire_page(open_page).state is AttemptState.EXPIRED
    assert adapter.expire_page(open_page).state is AttemptState.EXPIRED
    second = WriteKey(op_id=OpId("ZZZZZZZZZZZZZZZZZZZZ"))
    paid_page = adapter.open_page(intent_for(desk, attempt="attempt-2"), second).ref.vendor_id
    desk.payer({"id": paid_page}, method="card")
    assert adapter.expire_page(paid_page).state is AttemptState.SUCCEEDED


def test_a_page_expires_by_itself(desk: Desk, adapter: Stripe) -> None:
    page_id = adapter.open_page(intent_for(desk), KEY).ref.vendor_id
    desk.clock.pass_seconds(3601)
    state = adapter.page_state(page_id)
    assert (state.state, state.url) == (AttemptState.EXPIRED, None)


def test_another_amount_under_the_same_key_is_refused_by_stripe(desk: Desk, adapter: Stripe) -> None:
    adapter.open_page(intent_for(desk), KEY)
    with pytest.raises(Rejected):
        adapter.open_page(intent_for(desk, amount=from_text("46.00", USD)), KEY)
