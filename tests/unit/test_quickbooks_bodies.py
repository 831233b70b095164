"""What is sent to QuickBooks, byte for byte: golden bodies, and every entry that contradicts itself refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.quickbooks import bodies, wire
from adapters.quickbooks.calls import request_id
from connector.dates import business_date
from connector.errors import Refused
from connector.model.allocation import Adjustment, AdjustmentKind, Allocation
from connector.model.intent import (
    ApplyCredit,
    DepositPart,
    PostDeposit,
    PostExpense,
    Posting,
    PostPayment,
    PostTransfer,
    VoidPosting,
    WriteKey,
)
from connector.model.source import ConnectionId, Kind, OpId, Ref
from connector.model.stamp import read_stamps
from connector.money import Money, currency, from_text
from tests.unit.quickbooks_ground import (
    BOOKS,
    CHARGE,
    KEY,
    USD,
    books,
    expense_intent,
    note_intent,
    payment_intent,
    transfer_intent,
)
from tests.vendor.quickbooks import REQUEST_ID_CHARS_MAX, request_errors


def usd(text: str) -> Money:
    return from_text(text, USD)


PAYOUT = Ref(ConnectionId("stripe"), Kind.PAYOUT, "po_1")
FEES = books(Kind.ACCOUNT, "91")


def credit_intent(settles: str = "20.00", uses: str = "20.00") -> ApplyCredit:
    targets = ((books(Kind.INVOICE, "130"), settles), (books(Kind.CREDIT_NOTE, "73"), uses))
    return ApplyCredit(
        books=BOOKS,
        customer=books(Kind.CUSTOMER, "24"),
        on=business_date("2026-04-01"),
        allocations=tuple(Allocation(payment=CHARGE, target=target, amount=usd(amount)) for target, amount in targets),
        about=books(Kind.CREDIT_NOTE, "73"),
        memo="Credit CM-73",
    )


def deposit_intent(total: str = "216.50", *parts: str) -> PostDeposit:
    kept = parts or ("-3.50",)
    return PostDeposit(
        books=BOOKS,
        into=books(Kind.ACCOUNT, "35"),
        on=business_date("2026-04-05"),
        payments=((books(Kind.PAYMENT, "180"), usd("120.00")), (books(Kind.PAYMENT, "181"), usd("100.00"))),
        parts=tuple(DepositPart(account=FEES, amount=usd(amount), memo="Stripe fees") for amount in kept),
        total=usd(total),
        about=PAYOUT,
        memo="Stripe payout",
    )


GOLDEN_PAYMENT = {
    "CustomerRef": {"value": "24"},
    "TotalAmt": Decimal("120.00"),
    "TxnDate": "2026-04-01",
    "CurrencyRef": {"value": "USD"},
    "DepositToAccountRef": {"value": "90"},
    "PaymentRefNum": "ABCDEFGHIJKLMNOPQRST",
    "PrivateNote": "Stripe ch_3\nreceivables op=ABCDEFGHIJKLMNOPQRST src=stripe/payment/ch_3PqLhT2eZvKYlo2C0jqrKzfE",
    "Line": [{"Amount": Decimal("100.00"), "LinkedTxn": [{"TxnId": "130", "TxnType": "Invoice"}]}],
}
GOLDEN_PURCHASE = {
    "PaymentType": "Cash",
    "AccountRef": {"value": "90"},
    "TxnDate": "2026-04-01",
    "CurrencyRef": {"value": "USD"},
    "DocNumber": "ABCDEFGHIJKLMNOPQRST",
    "PrivateNote": "Stripe fee\nreceivables op=ABCDEFGHIJKLMNOPQRST src=stripe/payment/ch_3PqLhT2eZvKYlo2C0jqrKzfE",
    "Line": [
        {
            "Amount": Decimal("3.20"),
            "DetailType": "AccountBasedExpenseLineDetail",
            "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "91"}},
        }
    ],
}
GOLDEN_TRANSFER = {
    "FromAccountRef": {"value": "90"},
    "ToAccountRef": {"value": "35"},
    "Amount": Decimal("116.80"),
    "TxnDate": "2026-04-05",
    "CurrencyRef": {"value": "USD"},
    "PrivateNote": "Stripe payout\nreceivables op=ABCDEFGHIJKLMNOPQRST src=stripe/payout/po_1",
}
GOLDEN_NOTE = {
    "AttachableRef": [{"EntityRef": {"type": "Invoice", "value": "130"}, "IncludeOnSend": False}],
    "Note": "2026-04-01 - Dana - call\nWill pay on Friday.\n"
    "receivables op=ABCDEFGHIJKLMNOPQRST src=quickbooks/invoice/130",
}


GOLDEN_CREDIT = {
    "CustomerRef": {"value": "24"},
    "TotalAmt": Decimal("0.00"),
    "TxnDate": "2026-04-01",
    "CurrencyRef": {"value": "USD"},
    "PaymentRefNum": "ABCDEFGHIJKLMNOPQRST",
    "PrivateNote": "Credit CM-73\nreceivables op=ABCDEFGHIJKLMNOPQRST src=quickbooks/credit_note/73",
    "Line": [
        {"Amount": Decimal("20.00"), "LinkedTxn": [{"TxnId": "130", "TxnType": "Invoice"}]},
        {"Amount": Decimal("20.00"), "LinkedTxn": [{"TxnId": "73", "TxnType": "CreditMemo"}]},
    ],
}
GOLDEN_DEPOSIT = {
    "DepositToAccountRef": {"value": "35"},
    "TxnDate": "2026-04-05",
    "CurrencyRef": {"value": "USD"},
    "PrivateNote": "Stripe payout\nreceivables op=ABCDEFGHIJKLMNOPQRST src=stripe/payout/po_1",
    "Line": [
        {"Amount": Decimal("120.00"), "LinkedTxn": [{"TxnId": "180", "TxnType": "Payment", "TxnLineId": "0"}]},
        {"Amount": Decimal("100.00"), "LinkedTxn": [{"TxnId": "181", "TxnType": "Payment", "TxnLineId": "0"}]},
        {
            "Amount": Decimal("-3.50"),
            "DetailType": "DepositLineDetail",
            "Description": "Stripe fees",
            "DepositLineDetail": {"AccountRef": {"value": "91"}},
        },
    ],
}


@pytest.mark.req("Q24")
@pytest.mark.parametrize(
    ("entity", "body", "golden"),
    [
        pytest.param(*bodies.posting(payment_intent(), KEY), GOLDEN_PAYMENT, id="payment"),
        pytest.param(*bodies.posting(expense_intent(), KEY), GOLDEN_PURCHASE, id="fee"),
        pytest.param(*bodies.posting(transfer_intent(), KEY), GOLDEN_TRANSFER, id="payout"),
        pytest.param(*bodies.posting(credit_intent(), KEY), GOLDEN_CREDIT, id="credit"),
        pytest.param(*bodies.posting(deposit_intent(), KEY), GOLDEN_DEPOSIT, id="deposit"),
        pytest.param("Attachable", bodies.note(note_intent(), KEY), GOLDEN_NOTE, id="note"),
    ],
)
def test_a_body_holds_exactly_what_is_meant_and_passes_intuits_schema(
    entity: str, body: wire.Json, golden: object
) -> None:
    assert body == golden
    address = f"/v3/company/1/{entity.lower()}?minorversion=75&requestid={KEY.text}"
    assert request_errors("POST", address, wire.encode(body)) == []


@pytest.mark.req("Q24")
@pytest.mark.parametrize(
    ("entity", "parameters", "body", "golden"),
    [
        pytest.param(
            "Payment",
            "operation=update&include=void",
            bodies.void("180", "0"),
            {"Id": "180", "SyncToken": "0", "sparse": True},
            id="void",
        ),
        *(
            pytest.param(entity, "operation=delete", bodies.delete("9", "0"), {"Id": "9", "SyncToken": "0"}, id=entity)
            for entity in ("Purchase", "Transfer", "Deposit")
        ),
    ],
)
def test_taking_an_entry_back_names_it_and_its_version_only(
    entity: str, parameters: str, body: wire.Json, golden: object
) -> None:
    assert body == golden
    address = f"/v3/company/1/{entity.lower()}?minorversion=75&requestid={KEY.text}&{parameters}"
    assert request_errors("POST", address, wire.encode(body)) == []


FORBIDDEN = {
    "Balance",
    "AllowIPNPayment",
    "AllowOnlinePayment",
    "AllowOnlineACHPayment",
    "AllowOnlineCreditCardPayment",
    "AllowOnlinePayPalPayment",
    "ProcessPayment",
    "CreditCardPayment",
    "ExchangeRate",
    "UnappliedAmt",
    "HomeTotalAmt",
    "EmailStatus",
}
AMOUNTS = st.integers(min_value=1, max_value=10**9)
TEXTS = st.text(max_size=200)
IDS = st.integers(min_value=1, max_value=10**18).map(str)


@st.composite
def intents(draw: st.DrawFn) -> Posting:
    """Any entry that does not contradict itself, in a currency with any number of digits."""
    code = currency(draw(st.sampled_from(("USD", "JPY", "KWD", "EUR"))))
    names = draw(st.lists(IDS, min_size=4, max_size=4, unique=True))
    amounts = [Money(minor, code) for minor in draw(st.lists(AMOUNTS, min_size=2, max_size=2))]
    memo, on = draw(TEXTS), business_date("2026-04-01")
    one, other = amounts
    account, second = books(Kind.ACCOUNT, names[0]), books(Kind.ACCOUNT, names[1])
    customer = books(Kind.CUSTOMER, names[2])

    def settling(kind: Kind, money: Money) -> Allocation:
        return Allocation(payment=CHARGE, target=books(kind, names[3]), amount=money)

    made: tuple[Posting, ...] = (
        PostPayment(
            books=BOOKS,
            customer=customer,
            on=on,
            total=one + other,
            allocations=(settling(Kind.INVOICE, other),),
            into=account,
            about=CHARGE,
            memo=memo,
        ),
        PostExpense(books=BOOKS, paid_from=account, account=second, on=on, amount=one, about=CHARGE, memo=memo),
        PostTransfer(books=BOOKS, paid_from=account, paid_to=second, on=on, amount=one, about=PAYOUT, memo=memo),
        ApplyCredit(
            books=BOOKS,
            customer=customer,
            on=on,
            allocations=(settling(Kind.INVOICE, one), settling(Kind.CREDIT_NOTE, one)),
            about=CHARGE,
            memo=memo,
        ),
        PostDeposit(
            books=BOOKS,
            into=account,
            on=on,
            payments=((books(Kind.PAYMENT, names[3]), one + other),),
            parts=(DepositPart(account=second, amount=-other, memo=memo),),
            total=one,
            about=PAYOUT,
            memo=memo,
        ),
    )
    return draw(st.sampled_from(made))


@pytest.mark.req("Q24", "Q29")
@settings(max_examples=60)
@given(intent=intents())
def test_no_body_ever_carries_what_is_not_ours_to_say(intent: Posting) -> None:
    entity, body = bodies.posting(intent, KEY)
    assert FORBIDDEN.isdisjoint(_names(body))
    assert "sparse" not in _names(body)  # a create; an update of ours says so with `sparse: true`
    held = cast("Mapping[str, Mapping[str, str]]", body)
    assert held["CurrencyRef"]["value"] in ("USD", "JPY", "KWD", "EUR")
    assert request_errors("POST", f"/v3/company/1/{entity.lower()}?minorversion=75", wire.encode(body)) == []


def _names(body: wire.Json) -> Iterator[str]:
    if isinstance(body, Mapping):
        for name, inner in body.items():
            yield name
            yield from _names(inner)
    elif isinstance(body, Sequence) and not isinstance(body, str):
        for inner in body:
            yield from _names(inner)


@pytest.mark.req("Q21")
@settings(max_examples=30)
@given(op_id=st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", min_size=20, max_size=20), repeat=st.integers(1, 10**6))
def test_a_request_id_follows_from_its_outbox_row_alone_and_is_short(op_id: str, repeat: int) -> None:
    key = WriteKey(op_id=OpId(op_id), repeat=repeat)
    made = [request_id(key, nth) for nth in (1, 2, 3)]
    assert made == [request_id(replace(key), nth) for nth in (1, 2, 3)]
    assert len({*made, request_id(replace(key, repeat=repeat + 1), 1)}) == 4
    assert all(len(each) <= REQUEST_ID_CHARS_MAX for each in made)


@pytest.mark.req("Q30")
@settings(max_examples=50)
@given(gross=st.lists(AMOUNTS, min_size=1, max_size=5), fee=AMOUNTS)
def test_the_lines_of_a_deposit_come_to_what_arrived(gross: list[int], fee: int) -> None:
    arrived = sum(gross) - fee
    payments = tuple((books(Kind.PAYMENT, str(index)), Money(minor, USD)) for index, minor in enumerate(gross))
    part = DepositPart(account=FEES, amount=Money(-fee, USD), memo="fees")
    intent = replace(deposit_intent(), payments=payments, parts=(part,), total=Money(arrived, USD))
    if arrived <= 0:
        with pytest.raises(Refused):
            bodies.posting(intent, KEY)
        return
    lines = cast("Mapping[str, Sequence[Mapping[str, Decimal]]]", bodies.posting(intent, KEY)[1])["Line"]
    assert sum(line["Amount"] for line in lines) == Decimal(arrived) / 100
    for off in (1, -1):
        with pytest.raises(Refused, match="come to"):
            bodies.posting(replace(intent, total=Money(arrived + off, USD)), KEY)


def banking(payments: tuple[Ref, ...]) -> PostDeposit:
    """A deposit of one dollar of each."""
    return replace(deposit_intent(), payments=tuple((ref, usd("1.00")) for ref in payments))


@pytest.mark.parametrize(
    ("intent", "says"),
    [
        pytest.param(deposit_intent("-30.00", "-250.00"), "takes money from the bank", id="below zero"),
        pytest.param(deposit_intent("0.00", "-220.00"), "of nothing", id="nothing"),
        pytest.param(deposit_intent("216.49"), "come to 216.50", id="a cent less than arrived"),
        pytest.param(deposit_intent("216.50", "-3.50", "0.00"), "is nothing", id="a part of nothing"),
        pytest.param(replace(deposit_intent(), payments=(), parts=()), "banks no payment", id="nothing at all"),
        pytest.param(banking((books(Kind.PAYMENT, "1"),) * 2), "twice", id="one payment twice"),
        pytest.param(banking((books(Kind.INVOICE, "1"),)), "other than payments", id="no payments"),
        pytest.param(banking((CHARGE,)), "another system", id="a payment that is not booked"),
        pytest.param(
            replace(deposit_intent(), total=from_text("216.50", currency("CAD"))), "another currency", id="currencies"
        ),
    ],
)
def test_a_deposit_that_contradicts_itself_is_not_sent(intent: PostDeposit, says: str) -> None:
    with pytest.raises(Refused, match=says):
        bodies.posting(intent, KEY)


@pytest.mark.req("Q30")
def test_a_linked_line_of_a_deposit_has_no_detail_type() -> None:
    body = cast("Mapping[str, Sequence[Mapping[str, object]]]", bodies.posting(deposit_intent(), KEY)[1])
    linked = [line for line in body["Line"] if "LinkedTxn" in line]
    assert [set(line) for line in linked] == [{"Amount", "LinkedTxn"}] * 2


@pytest.mark.parametrize(
    ("intent", "says"),
    [
        pytest.param(credit_intent("20.00", "19.99"), "20.00", id="sums that differ"),
        pytest.param(replace(credit_intent(), allocations=()), "nothing to apply", id="nothing"),
        pytest.param(
            replace(
                credit_intent(),
                allocations=(Allocation(payment=CHARGE, target=books(Kind.PAYMENT, "1"), amount=usd("1")),),
            ),
            "other than invoices",
            id="a payment as a credit",
        ),
    ],
)
def test_a_credit_that_contradicts_itself_is_not_sent(intent: ApplyCredit, says: str) -> None:
    with pytest.raises(Refused, match=says):
        bodies.posting(intent, KEY)


@pytest.mark.parametrize("amount", ["9999999999.99", "10000000000.00"])
def test_an_amount_beyond_intuits_ten_digits_is_not_sent(amount: str) -> None:
    intent = transfer_intent(amount)
    if len(amount) > len("9999999999.99"):
        with pytest.raises(Refused, match="as large as"):
            bodies.posting(intent, KEY)
    else:
        assert bodies.posting(intent, KEY)[0] == "Transfer"


def test_taking_back_creates_no_entry() -> None:
    intent = VoidPosting(
        books=BOOKS,
        target=books(Kind.PAYMENT, "180"),
        stamp=KEY.op_id,
        version="0",
        on=business_date("2026-04-01"),
        about=CHARGE,
        memo="",
    )
    with pytest.raises(Refused):
        bodies.posting(intent, KEY)


ELSEWHERE = Ref(ConnectionId("stripe"), Kind.INVOICE, "in_1")


def _share(target: Ref, amount: str = "1.00", *adjustments: Adjustment) -> Allocation:
    return Allocation(payment=CHARGE, target=target, amount=usd(amount), adjustments=adjustments)


@pytest.mark.parametrize(
    ("total", "shares"),
    [
        pytest.param("120.00", (_share(books(Kind.INVOICE, "1"), "120.01"),), id="more than the payment"),
        pytest.param("120.00", (_share(books(Kind.INVOICE, "1"), "0.00"),), id="nothing"),
        pytest.param("120.00", (_share(books(Kind.INVOICE, "1"), "-1.00"),), id="less than nothing"),
        pytest.param("120.00", (_share(books(Kind.CREDIT_NOTE, "1")),), id="a credit memo"),
        pytest.param("120.00", (_share(ELSEWHERE),), id="another system's invoice"),
        pytest.param(
            "120.00",
            (_share(books(Kind.INVOICE, "1"), "1.00", Adjustment(kind=AdjustmentKind.DISCOUNT, amount=usd("1"))),),
            id="part without cash",
        ),
        pytest.param("0.00", (), id="a payment of nothing"),
    ],
)
def test_a_payment_that_contradicts_itself_is_not_sent(total: str, shares: tuple[Allocation, ...]) -> None:
    intent = payment_intent(total, ())
    with pytest.raises(Refused):
        bodies.posting(
            type(intent)(
                books=intent.books,
                customer=intent.customer,
                on=intent.on,
                total=intent.total,
                allocations=shares,
                into=intent.into,
                about=intent.about,
                memo=intent.memo,
            ),
            KEY,
        )


def test_a_long_memo_is_cut_and_the_stamp_is_not() -> None:
    body = cast("dict[str, str]", bodies.posting(payment_intent(memo="x" * 5000), KEY)[1])
    assert len(body["PrivateNote"]) == 4000
    assert [stamp.about for stamp in read_stamps(body["PrivateNote"])] == [CHARGE]


@pytest.mark.req("Q32")
def test_a_note_is_never_sent_to_the_customer() -> None:
    body = cast("dict[str, list[dict[str, object]]]", bodies.note(note_intent(), KEY))
    assert [about["IncludeOnSend"] for about in body["AttachableRef"]] == [False]


def test_a_note_of_the_greatest_length_fits_with_its_stamp_and_a_longer_one_is_refused() -> None:
    longest = bodies.NOTE_CHARACTERS_MAX - bodies.NOTE_ROOM_FOR_STAMP
    body = bodies.note(note_intent("é" * (longest - 1) + "😀"), KEY)
    assert request_errors("POST", "/v3/company/1/attachable?minorversion=75", wire.encode(body)) == []
    with pytest.raises(Refused):
        bodies.note(note_intent("x" * 1999), KEY)


def test_an_opening_entry_is_a_deposit_of_no_payment_against_one_account() -> None:
    opening = replace(
        deposit_intent(),
        payments=(),
        parts=(DepositPart(account=books(Kind.ACCOUNT, "34"), amount=usd("116.22"), memo="before the start"),),
        total=usd("116.22"),
        about=Ref(ConnectionId("stripe"), Kind.ACCOUNT, "usd"),
    )
    entity, written = bodies.posting(opening, KEY)
    assert entity == "Deposit"
    (line,) = cast("Mapping[str, Sequence[Mapping[str, object]]]", written)["Line"]
    assert (line["Amount"], line["DepositLineDetail"]) == (Decimal("116.22"), {"AccountRef": {"value": "34"}})
