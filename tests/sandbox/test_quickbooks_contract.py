"""What the adapter relies on, held against the stand-in and against Intuit's own sandbox: the same tests for both."""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal

import pytest

from adapters.quickbooks import status
from connector.dates import later
from connector.errors import Conflict, NotFound, Refused
from connector.model.intent import (
    ApplyCredit,
    PushNote,
    VoidPosting,
    Written,
)
from connector.model.mirror import Gone, GoneState, Mirrored
from connector.model.money_in import Payment, PaymentState
from connector.model.source import Kind, Ref
from connector.ports import Page
from tests.contract.quickbooks_room import reflect, stream_of
from tests.intuit_rig import Json, read
from tests.sandbox.desk import new_key
from tests.sandbox.quickbooks_desk import CHARGE, Desk
from tests.unit.quickbooks_ground import BOOKS, books

NOBODY = "999999999"
_MOVING = ("SyncToken", "MetaData", "Notes")


def documents(records: dict[Ref, Mirrored], kind: Kind) -> list[Json]:
    """The documents of a kind as they were received."""
    live = [one for ref, one in records.items() if ref.kind is kind and not isinstance(one.record, Gone)]
    return [read(one.raw) for one in live]


def untied(invoices: list[Json], payments: list[Json]) -> tuple[list[str], int]:
    """Every invoice and payment whose figures do not follow from the payments' lines; and how many payments also have
    lines of other kinds, of which Intuit does not say with which sign they count."""
    problems, others = [], 0
    taken: Counter[str] = Counter()
    for one in payments:
        shares: Counter[str] = Counter()
        for line in one.get("Line", []):
            for link in line.get("LinkedTxn", []):
                shares[link["TxnType"]] += line["Amount"]
                if link["TxnType"] == "Invoice":
                    taken[link["TxnId"]] += line["Amount"]
        if shares.keys() - {"Invoice", "CreditMemo"}:
            others += 1
        elif one["TotalAmt"] != shares["Invoice"] - shares["CreditMemo"] + one.get("UnappliedAmt", 0):
            problems.append(f"payment {one['Id']} is not its lines and its unapplied rest")
    for one in invoices:
        paid = one["TotalAmt"] - one["Balance"] - one.get("Deposit", 0)
        if paid != taken.pop(one["Id"], 0):
            problems.append(f"invoice {one['Id']} is not what was taken of it and what is open")
    return problems + [f"payments take of invoice {each}, which was not read" for each in taken], others


@pytest.mark.parametrize(
    ("entity", "figure"), [("Invoice", "Balance"), ("Invoice", "TotalAmt"), ("Payment", "UnappliedAmt")]
)
def test_a_figure_that_is_a_cent_off_would_be_seen(entity: str, figure: str) -> None:
    line: Json = {"Amount": Decimal("5.50"), "LinkedTxn": [{"TxnId": "1", "TxnType": "Invoice"}]}
    rows: dict[str, Json] = {
        "Invoice": {"Id": "1", "TotalAmt": Decimal(20), "Balance": Decimal("14.50")},
        "Payment": {"Id": "2", "TotalAmt": Decimal(6), "UnappliedAmt": Decimal("0.50"), "Line": [line]},
    }
    assert untied([rows["Invoice"]], [rows["Payment"]]) == ([], 0)
    rows[entity][figure] += Decimal("0.01")
    problems, _ = untied([rows["Invoice"]], [rows["Payment"]])
    assert len(problems) == 1


def untouched(desk: Desk, entity: str, vendor_id: str) -> tuple[str, str]:
    """Its token and the time of its last change."""
    row = desk.raw.one(entity, vendor_id)
    return row["SyncToken"], row["MetaData"]["LastUpdatedTime"]


def balance(desk: Desk, invoice: Json) -> Decimal:
    return Decimal(desk.raw.one("Invoice", invoice["Id"])["Balance"])


def by_hand_only(desk: Desk) -> None:
    """Skip where QuickBooks applies credits by itself: then nothing is left to apply."""
    if desk.preferences()["SalesFormsPrefs"].get("AutoApplyCredit") is True:
        pytest.skip("This company applies credits by itself; switch that off under Account and settings, Advanced.")


# ---- reading


def test_the_whole_company_is_read_its_figures_tie_and_then_one_call_brings_nothing(desk: Desk) -> None:
    pages, cursor = stream_of(desk.connection, "books")
    records = {one.ref: one for one in pages}
    invoices, payments = (documents(records, kind) for kind in (Kind.INVOICE, Kind.PAYMENT))
    assert invoices
    assert payments
    problems, others = untied(invoices, payments)
    assert problems == []
    desk.report("Do the books tie?", f"{len(invoices)} invoices and {len(payments)} payments do; {others} not judged.")
    if not desk.stand_in:
        _, cursor = stream_of(desk.connection, "books", cursor)  # what changed while all was read
    before = desk.budget.metered
    page = desk.connection.pull("books", cursor)
    assert (page.records, page.more, desk.budget.metered - before) == ((), False, 1)


def test_what_is_made_and_then_deleted_is_told_by_the_changes_and_the_deletion_is_confirmed(desk: Desk) -> None:
    _, cursor = stream_of(desk.connection, "books")
    kept, struck = (desk.invoice(desk.customer(), amount) for amount in ("10.00", "11.00"))
    kept_ref, struck_ref = (books(Kind.INVOICE, one["Id"]) for one in (kept, struck))

    def more() -> Page:
        nonlocal cursor
        page = desk.connection.pull("books", cursor)
        reflect(desk.connection, page.records)
        cursor = page.cursor
        return page

    def until(*wanted: Ref) -> dict[Ref, Mirrored]:
        met: dict[Ref, Mirrored] = {}

        def ask() -> dict[Ref, Mirrored]:
            met.update((one.ref, one) for one in more().records)
            return met

        return desk.eventually(ask, lambda found: set(wanted) <= found.keys())

    assert {kept_ref, struck_ref} <= until(kept_ref, struck_ref).keys()
    names = {"Id": struck["Id"], "SyncToken": struck["SyncToken"]}
    assert desk.raw.post("Invoice", names, operation="delete").status == 200
    assert until(struck_ref)[struck_ref].record == Gone(state=GoneState.DELETED)
    [looked] = desk.connection.look([struck_ref]).records
    assert looked.record == Gone(state=GoneState.DELETED)


# ---- writing


def test_a_payment_is_posted_found_read_back_and_takes_exactly_its_share_of_the_invoice(desk: Desk) -> None:
    customer = desk.customer()
    invoice = desk.invoice(customer, "120.00")
    intent, key = desk.payment(customer, "100.01", (invoice, "80.01")), new_key()
    assert desk.connection.find_posted(intent, key) == ()
    posted = desk.post(intent, key)
    assert posted.amount == intent.total
    assert desk.eventually(lambda: desk.connect().find_posted(intent, key), bool) == (posted,)
    assert desk.connect().read_posted(posted.ref) == posted
    assert balance(desk, invoice) == invoice["Balance"] - Decimal("80.01")
    held = desk.raw.one("Payment", posted.ref.vendor_id)
    assert (held["PaymentRefNum"], held["UnappliedAmt"]) == (key.op_id, 20)
    assert f"receivables op={key.op_id}" in held["PrivateNote"]


def test_the_same_request_id_again_is_answered_with_the_same_object_and_does_nothing(desk: Desk) -> None:
    customer = desk.customer()
    invoice = desk.invoice(customer, "50.00")
    key = new_key()
    entity, body = desk.body(desk.payment(customer, "30.00", (invoice, "30.00")), key)
    first = desk.make(entity, body, requestid=key.text)
    again = desk.raw.made(entity, body, requestid=key.text)
    assert again["Id"] == first["Id"]
    assert balance(desk, invoice) == invoice["Balance"] - 30
    assert [link["TxnId"] for link in desk.raw.one("Invoice", invoice["Id"])["LinkedTxn"]] == [first["Id"]]


def test_a_credit_is_applied_by_a_payment_of_nothing(desk: Desk) -> None:
    by_hand_only(desk)
    customer = desk.customer()
    invoice, memo = desk.invoice(customer, "50.00"), desk.credit(customer, "20.00")
    intent = ApplyCredit(
        books=BOOKS,
        customer=books(Kind.CUSTOMER, customer["Id"]),
        on=desk.today,
        allocations=(desk.share(Kind.INVOICE, invoice, "15.00"), desk.share(Kind.CREDIT_NOTE, memo, "15.00")),
        about=books(Kind.CREDIT_NOTE, memo["Id"]),
        memo=desk.mark,
    )
    posted = desk.post(intent, new_key())
    assert desk.raw.one("Payment", posted.ref.vendor_id)["TotalAmt"] == 0
    assert balance(desk, invoice) == invoice["Balance"] - 15
    held = desk.raw.one("CreditMemo", memo["Id"])
    assert held.get("RemainingCredit", held["Balance"]) == memo["TotalAmt"] - 15
    [record] = [one.record for one in desk.connection.look([posted.ref]).records if one.ref == posted.ref]
    assert isinstance(record, Payment)
    assert not record.is_cash


def test_a_deposit_banks_payments_less_a_fee_and_does_not_touch_them(desk: Desk) -> None:
    customer = desk.customer()
    payment = desk.post(desk.payment(customer, "60.00"), new_key())
    before = untouched(desk, "Payment", payment.ref.vendor_id)
    desk.clock.sleep(2)  # so that a change would show in the second
    intent = desk.deposit(payment.ref, "60.00", "2.05")
    key = new_key()
    banked = desk.post(intent, key)
    assert banked.amount == intent.total
    assert desk.eventually(lambda: desk.connect().find_posted(intent, key), bool) == (banked,)
    assert untouched(desk, "Payment", payment.ref.vendor_id) == before
    links = desk.raw.one("Payment", payment.ref.vendor_id).get("LinkedTxn", [])
    assert [link["TxnId"] for link in links if link["TxnType"] == "Deposit"] == [banked.ref.vendor_id]


def test_a_payment_of_ours_that_is_taken_back_leaves_the_invoice_as_open_as_before(desk: Desk) -> None:
    customer = desk.customer()
    invoice = desk.invoice(customer, "70.00")
    key = new_key()
    posted = desk.post(desk.payment(customer, "70.00", (invoice, "70.00")), key)
    assert balance(desk, invoice) == invoice["Balance"] - 70
    undo = VoidPosting(
        books=BOOKS,
        target=posted.ref,
        stamp=key.op_id,
        version=posted.version,
        on=desk.today,
        about=CHARGE,
        memo=desk.mark,
    )
    desk.connection.post(undo, new_key())
    assert balance(desk, invoice) == invoice["Balance"]
    [record] = [one.record for one in desk.connection.look([posted.ref]).records if one.ref == posted.ref]
    assert isinstance(record, Payment)
    assert record.state is PaymentState.VOID


# ---- notes


def note(desk: Desk, target: Ref, text: str, count: int = 1) -> PushNote:
    return PushNote(
        target=target, text=text, part=1, parts=1, reference="contact-1", written_at=desk.clock.now(), count=count
    )


def test_a_note_hangs_on_the_invoice_unsent_and_moves_neither_its_token_nor_its_time(desk: Desk) -> None:
    invoice = desk.invoice(desk.customer(), "25.00")
    before = untouched(desk, "Invoice", invoice["Id"])
    desk.clock.sleep(2)  # so that a change would show in the second
    key = new_key()
    intent = note(desk, books(Kind.INVOICE, invoice["Id"]), f"{desk.mark}\nPromised 25.00, “by Friday” 😀")
    pushed = desk.connection.push_note(intent, key)
    [held] = desk.eventually(lambda: desk.notes_on(invoice), bool)
    assert [about["IncludeOnSend"] for about in held["AttachableRef"]] == [False]
    assert pushed.text == intent.text
    assert desk.connect().find_notes(intent, key) == (pushed,)
    assert untouched(desk, "Invoice", invoice["Id"]) == before


def test_a_status_in_a_customers_notes_leaves_what_people_wrote_and_is_replaced_by_the_next(desk: Desk) -> None:
    human = f"{desk.mark}: prefers e-mail.\nClosed on Mondays, “as always” <&>"
    customer = desk.raw.one("Customer", desk.customer(Notes=human)["Id"])
    target = books(Kind.CUSTOMER, customer["Id"])
    for count, says in ((1, "Promised to pay on Friday."), (2, "Paid.")):
        intent, key = note(desk, target, says, count), new_key()
        assert desk.connection.push_note(intent, key).text == says
        assert [one.text for one in desk.connect().find_notes(intent, key)] == [says]
    row = desk.raw.one("Customer", customer["Id"])
    block = re.escape(status.BEGIN) + r"\nPaid\.\nreceivables op=.+\n" + re.escape(status.END)
    assert row["Notes"].startswith(f"{human}\n")
    assert re.fullmatch(block, row["Notes"].removeprefix(f"{human}\n"))
    rest = [{name: value for name, value in one.items() if name not in _MOVING} for one in (customer, row)]
    assert rest[0] == rest[1]


# ---- what it refuses


def test_a_version_that_is_no_longer_there_is_a_conflict_and_changes_nothing(desk: Desk) -> None:
    customer = desk.customer()
    stale = {"Id": customer["Id"], "SyncToken": customer["SyncToken"], "sparse": True}
    changed = desk.raw.made("Customer", {**stale, "Notes": "somebody was quicker"})

    def accepted(answer: bytes) -> Written:
        raise AssertionError(answer)

    with pytest.raises(Conflict) as no:
        desk.connection._calls.update("Customer", {**stale, "Notes": "too late"}, new_key(), accepted)
    assert no.value.code == "5010"
    held = desk.raw.one("Customer", customer["Id"])
    assert (held["Notes"], held["SyncToken"]) == (changed["Notes"], changed["SyncToken"])


def test_an_id_that_nobody_has_is_not_found_and_looks_gone(desk: Desk) -> None:
    with pytest.raises(NotFound):
        desk.connection.read_posted(books(Kind.PAYMENT, NOBODY))
    [looked] = desk.connection.look([books(Kind.INVOICE, NOBODY)]).records
    assert looked.record == Gone(state=GoneState.DELETED)


def test_nothing_is_dated_into_a_closed_period_by_us_nor_by_quickbooks(desk: Desk) -> None:
    closed = desk.closed_through()
    if closed is None:
        pytest.skip("This company has closed no period; set a closing date under Account and settings, Advanced.")
    customer = desk.customer()
    intent, key = desk.payment(customer, "5.00", on=later(closed, -1)), new_key()
    with pytest.raises(Refused):
        desk.connection.post(intent, key)
    entity, body = desk.body(intent, key)
    refused = desk.raw.post(entity, body, requestid=key.text)
    if refused.status == 200:
        desk.keep_in_mind(entity, refused.json[entity]["Id"])
    assert refused.code == "6210"
