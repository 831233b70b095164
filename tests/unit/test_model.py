"""connector.model: references and stamps survive the texts they are written into; every shape has its kind."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.dates import business_date
from connector.model import intent, mirror
from connector.model.intent import IntentKind, PostTransfer, WriteKey, intent_kind
from connector.model.money_in import Payment, PaymentState
from connector.model.source import ConnectionId, Kind, OpId, Ref, ref_from_text
from connector.model.stamp import Stamp, read_stamps, stamp_line
from connector.money import Money, currency

OP = OpId("ABCDEFGHIJKLMNOP2345")
CHARGE = Ref(ConnectionId("cards"), Kind.PAYMENT, "ch_1")
USD = currency("USD")

OP_IDS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", min_size=20, max_size=20).map(OpId)
REFS = st.builds(
    Ref,
    st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True).map(ConnectionId),
    st.sampled_from(Kind),
    st.from_regex(r"[A-Za-z0-9_:/.-]{1,40}", fullmatch=True),
)


@given(REFS)
def test_a_reference_is_read_back_from_its_text(ref: Ref) -> None:
    assert ref_from_text(str(ref)) == ref


def test_a_vendor_id_may_hold_a_slash() -> None:
    assert ref_from_text("books/deposit/2026/7") == Ref(ConnectionId("books"), Kind.DEPOSIT, "2026/7")


@pytest.mark.parametrize("text", ["", "books", "books/invoice", "books/invoice/", "books/INVOICE/7", "books/thing/7"])
def test_a_text_that_is_no_reference_gives_none(text: str) -> None:
    assert ref_from_text(text) is None


@given(OP_IDS, st.none() | REFS)
def test_a_stamp_is_read_back_from_its_line(op_id: OpId, about: Ref | None) -> None:
    assert read_stamps(stamp_line(op_id, about)) == (Stamp(op_id, about),)


@pytest.mark.parametrize(
    "written",
    [
        "Paid by wire, thanks!\n{line}",
        "{line}\nbooked twice? - Ann",
        "see mail of 3 March {line} and call back",
        "({line} )",
        "\t{line}\r\n\r\nKind regards",
        "für Müller \N{EM DASH} {line} \N{SMILING FACE WITH OPEN MOUTH}",
    ],
    ids=["after", "before", "amid", "bracketed", "blank lines", "other scripts"],
)
def test_a_stamp_is_found_in_a_text_people_wrote_around(written: str) -> None:
    line = stamp_line(OP, CHARGE)
    assert read_stamps(written.format(line=line)) == (Stamp(OP, CHARGE),)


def test_every_stamp_of_a_text_is_found_in_order() -> None:
    other = OpId("22222222222222222222")
    text = f"{stamp_line(OP, CHARGE)}\ncorrected:\n{stamp_line(other, None)}\nthe end"
    assert read_stamps(text) == (Stamp(OP, CHARGE), Stamp(other, None))


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "receivables",
        "receivables op=",
        "receivables op=SHORT",
        "receivables op=abcdefghijklmnop2345",
        "receivables op=ABCDEFGHIJKLMNOP0189 src=cards/payment/ch_1",
    ],
)
def test_what_only_looks_like_a_stamp_is_none(text: str | None) -> None:
    assert read_stamps(text) == ()


def test_a_stamp_about_something_unreadable_still_names_the_operation() -> None:
    assert read_stamps(f"receivables op={OP} src=what?") == (Stamp(OP, None),)


def test_every_kind_of_record_has_a_shape_and_no_shape_has_two_kinds() -> None:
    assert set(mirror.SHAPES) == set(Kind)
    assert len(set(mirror.SHAPES.values())) == len(Kind)


def test_every_kind_of_write_has_a_shape_and_no_shape_has_two_kinds() -> None:
    assert set(intent.SHAPES) == set(IntentKind)
    assert len(set(intent.SHAPES.values())) == len(IntentKind)


def test_an_intent_knows_the_kind_it_is_stored_under() -> None:
    books = ConnectionId("books")
    clearing, bank = Ref(books, Kind.ACCOUNT, "1"), Ref(books, Kind.ACCOUNT, "2")
    transfer = PostTransfer(
        books=books,
        paid_from=clearing,
        paid_to=bank,
        on=business_date("2026-03-01"),
        amount=Money(100, USD),
        about=CHARGE,
        memo="",
    )
    assert intent_kind(transfer) is IntentKind.TRANSFER


def test_what_is_no_intent_has_no_kind() -> None:
    with pytest.raises(TypeError, match="str"):
        intent_kind("transfer")  # type: ignore[arg-type]


def test_a_repeat_changes_the_key_and_never_the_operation() -> None:
    first, second = WriteKey(op_id=OP), WriteKey(op_id=OP, repeat=2)
    assert first.text == OP
    assert second.text == f"{OP}.2"
    assert first.op_id == second.op_id


@pytest.mark.parametrize(("minor", "cash"), [(100, True), (-100, True), (0, False)])
def test_a_payment_of_nothing_is_a_credit_being_applied(minor: int, *, cash: bool) -> None:
    payment = Payment(
        customer=None,
        received_on=business_date("2026-03-01"),
        gross=Money(minor, USD),
        state=PaymentState.SUCCEEDED,
        method="check",
    )
    assert payment.is_cash is cash
