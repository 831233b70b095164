"""A processor's reports: what is a receipt and what is none, each line once, and the net of each its gross less fee."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.app.exports.recognise import recognised, sound
from connector.app.exports.takings import Takings, takings
from connector.errors import UserError
from connector.exports.grid import csv_grid
from connector.model.export import Tells
from connector.reconcile.cash.case import ReceiptKind
from tests.unit.exports_ground import BALANCE_HEADER, CHARGE, LAYOUTS, known, put, table

FEE = "txn_2,2026-11-05 00:00:00,2026-11-05 00:00:00,usd,0.00,2.00,-2.00,fee,,Billing,,,,,,po_1,2026-11-10 00:00:00,"


def line(id_: str, category: str, gross: str, source: str, charge: str = "ch_1", paid: str = ",") -> str:
    """A line of a balance without a fee; `paid` is what the customer paid, and in which currency."""
    return (
        f"{id_},2026-11-06 11:31:40,2026-11-06 00:00:00,usd,{gross},0.00,{gross},{category},{source},x,{paid},"
        f"Tern & Co Cafe,,{charge},po_1,2026-11-10 00:00:00,"
    )


def told(folder: Path, **files: str) -> Takings:
    found = [known(path) for path in sorted(put(folder, **files).iterdir())]
    kinds = {kind: [each for each in found if each.layout.tells is kind] for kind in Tells}
    return takings(kinds[Tells.BALANCE], kinds[Tells.PAYOUTS], kinds[Tells.PAYMENTS], "")


def refused(folder: Path, **files: str) -> str:
    with pytest.raises(UserError) as caught:
        told(folder, **files)
    assert caught.value.next_step
    return caught.value.sentence


def test_a_charge_is_a_receipt_at_its_gross_and_a_fee_is_none(tmp_path: Path) -> None:
    found = told(tmp_path, a=table(BALANCE_HEADER, CHARGE, FEE))
    (receipt,) = found.receipts.values()
    assert (receipt.id, receipt.kind, receipt.currency, receipt.amount) == ("ch_1", ReceiptKind.PAYMENT, "USD", 9620)
    assert (receipt.payer_name, receipt.email) == ("Tern & Co Cafe", "hello@terncafe.example")
    assert receipt.text == "Garden care / 1049"
    assert found.keys["ch_1"] == ("1049",)
    assert found.aside == {"fee": 1}
    assert [(each.id, each.gross, each.fee, each.net, each.payout) for each in found.lines.values()] == [
        ("txn_1", 9620, 309, 9311, "po_1"),
        ("txn_2", 0, 200, -200, "po_1"),
    ]


@pytest.mark.parametrize(
    ("category", "gross", "source", "id_", "kind"),
    [
        ("refund", "-20.00", "re_1", "re_1", ReceiptKind.REFUND),
        ("dispute", "-96.20", "dp_1", "dp_1", ReceiptKind.CHARGEBACK),
        ("charge_failure", "-96.20", "ch_1", "txn_3", ReceiptKind.REFUND),
    ],
)
def test_money_that_went_back_names_the_charge_it_came_with(
    tmp_path: Path, category: str, gross: str, source: str, id_: str, kind: ReceiptKind
) -> None:
    found = told(tmp_path, a=table(BALANCE_HEADER, line("txn_3", category, gross, source), CHARGE))
    assert set(found.receipts) == {"ch_1", id_}
    back = found.receipts[id_]
    assert (back.kind, back.amount, back.related) == (kind, -int(gross.strip("-").replace(".", "")), "ch_1")


def test_what_was_never_captured_never_came(tmp_path: Path) -> None:
    found = told(tmp_path, a=table(BALANCE_HEADER, CHARGE, line("txn_3", "partial_capture_reversal", "-36.20", "ch_1")))
    assert found.receipts["ch_1"].amount == 6000


def test_won_disputes_and_failed_refunds_are_left_to_a_person(tmp_path: Path) -> None:
    more = (line("txn_3", "dispute_reversal", "96.20", "dp_1"), line("txn_4", "refund_failure", "20.00", "re_1"))
    found = told(tmp_path, a=table(BALANCE_HEADER, CHARGE, *more))
    assert set(found.receipts) == {"ch_1"}
    assert found.aside == {"dispute_reversal": 1, "refund_failure": 1}


def test_what_a_customer_paid_in_another_currency_is_what_settles(tmp_path: Path) -> None:
    found = told(tmp_path, a=table(BALANCE_HEADER, line("txn_3", "charge", "100.00", "ch_9", "ch_9", "11000,jpy")))
    assert (found.receipts["ch_9"].currency, found.receipts["ch_9"].amount) == ("JPY", 11000)
    assert (found.lines["txn_3"].currency, found.lines["txn_3"].gross) == ("USD", 10000)


def test_a_line_in_two_reports_is_one_and_says_what_both_say(tmp_path: Path) -> None:
    bare = BALANCE_HEADER.replace("payment_metadata[invoice_id]", "payment_metadata[order_ref]")
    one, other = table(bare, CHARGE.replace("1049", "PO 7")), table(BALANCE_HEADER, CHARGE, FEE)
    found = told(tmp_path, a=one, b=other)
    assert list(found.receipts) == ["ch_1"]
    assert found.keys["ch_1"] == ("1049",)
    assert found.receipts["ch_1"].text == "Garden care / PO 7 / 1049"
    assert found.again == {"b.csv": 1}
    assert len(found.lines) == 2


def test_two_reports_that_tell_a_line_differently_are_refused(tmp_path: Path) -> None:
    other = CHARGE.replace("96.20,3.09,93.11", "96.21,3.09,93.12")
    assert refused(tmp_path, a=table(BALANCE_HEADER, CHARGE), b=table(BALANCE_HEADER, other)) == (
        "b.csv, line 2, column balance_transaction_id: txn_1 stands in a.csv, line 2, with other contents."
    )


PAYOUTS = (
    "payout_id,effective_at_utc,currency,gross,fee,net,reporting_category,payout_expected_arrival_date,payout_status,"
    "trace_id"
)


def test_payouts_are_what_left_and_one_that_came_back_is_none(tmp_path: Path) -> None:
    found = told(
        tmp_path,
        a=table(
            PAYOUTS,
            "po_1,2026-11-10 00:00:00,usd,-91.11,0.00,-91.11,payout,2026-11-12 00:00:00,paid,0910",
            "po_2,2026-11-11 00:00:00,usd,-5.00,0.00,-5.00,payout,,failed,",
            "po_3,2026-11-11 00:00:00,usd,-6.00,0.00,-6.00,payout,,paid,",
            "po_3,2026-11-12 00:00:00,usd,6.00,0.00,6.00,payout_reversal,,paid,",
        ),
    )
    (payout,) = found.payouts.values()
    assert (payout.id, payout.amount, payout.trace, payout.source) == ("po_1", 9111, "0910", "stripe")
    assert payout.created == "2026-11-10 00:00:00"
    assert found.aside == {"payout that came back": 3}


PAYMENTS = (
    "id,Created date (UTC),Amount,Amount Refunded,Currency,Customer Email,Status,Description,Refunded date (UTC),"
    "invoice_id (metadata)"
)


def test_a_list_of_payments_adds_what_no_balance_told(tmp_path: Path) -> None:
    found = told(
        tmp_path,
        a=table(BALANCE_HEADER, CHARGE),
        b=table(
            PAYMENTS,
            "ch_1,2026-11-04 17:40:51,96.20,0.00,usd,a@b.example,Paid,Garden care,,1049",
            "ch_2,2026-11-05 17:40:51,50.00,20.00,usd,c@d.example,Partially refunded,Mowing,2026-11-09 08:00:00,1051",
            "ch_3,2026-11-05 17:40:51,70.00,0.00,usd,c@d.example,Failed,Mowing,,1052",
        ),
    )
    assert {id_: (each.amount, each.related) for id_, each in found.receipts.items()} == {
        "ch_1": (9620, ""), "ch_2": (5000, ""), "ch_2 refunded": (-2000, "ch_2"),
    }  # fmt: skip
    assert found.keys["ch_2"] == ("1051",)
    assert (found.again, found.aside) == ({"b.csv": 1}, {"Failed": 1})


@pytest.mark.parametrize(
    ("was", "becomes", "sentence"),
    [
        ("93.11", "93.10", "a.csv, line 2, column net: the net is not the gross less the fee."),
        ("usd,96.20,3", "usx,96.20,3", "a.csv, line 2, column currency: 'USX' is no currency of ISO 4217."),
        ("2026-11-04 17", "soon", "a.csv, line 2, column created_utc: 'soon:40:51' is no date."),
        ("txn_1,", ",", "a.csv, line 2, column balance_transaction_id: it has no id."),
        ("Garden care", "Garden, care", "a.csv, line 2: it has 19 columns, and the header 18."),
        (",1049", "", "a.csv, line 2: it has 17 columns, and the header 18."),
        ("3.09", "free", "a.csv, line 2, column fee: 'free' is no amount."),
        ("Garden", '"Garden', "a.csv, line 2: it is no readable CSV (unexpected end of data)."),
    ],
)
def test_a_defect_is_told_with_file_line_and_column(tmp_path: Path, was: str, becomes: str, sentence: str) -> None:
    assert refused(tmp_path, a=table(BALANCE_HEADER, CHARGE.replace(was, becomes, 1))) == sentence


REPORT = table(BALANCE_HEADER, CHARGE, FEE, line("txn_3", "refund", "-20.00", "re_1"))


@settings(max_examples=300, deadline=None)
@given(
    at=st.integers(len(BALANCE_HEADER) + 1, len(REPORT) - 1),
    instead=st.sampled_from([*'0159,.-()$"; \n\tIT', "é", "\0"]),
)
def test_a_report_changed_in_one_place_has_the_same_money_or_is_refused(at: int, instead: str) -> None:
    try:
        found = sound(recognised([csv_grid("a.csv", REPORT[:at] + instead + REPORT[at + 1 :])], LAYOUTS))
        assert found is not None
        read = takings([found], [], [], "")
    except UserError:
        return
    assert sum(each.net for each in read.lines.values()) == 9311 - 200 - 2000
