"""A folder of exports as one case: which file is which, what is money from customers, and what the books may hold."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.app.exports.gathered import Asked, gathered
from connector.errors import UserError
from connector.exports.mapping import BankMapping
from connector.reconcile.cash.case import Policy
from connector.reconcile.cash.payouts import Made
from tests.unit.exports_ground import AGING, BALANCE_HEADER, CHARGE, EXPORTS, INVOICES, put, read, table
from tests.unit.match_ground import FILES, lay_out

BANK = "Date,Payee,Text,Amount\n"
MAPPING = BankMapping(date="Date", amount="Amount", payer="Payee", text=("Text",), currency="USD")
BALANCE = table(BALANCE_HEADER, CHARGE)
PAYOUTS = table(
    "payout_id,effective_at_utc,currency,net,reporting_category,payout_expected_arrival_date,trace_id",
    "po_1,2026-11-10 00:00:00,usd,-93.11,payout,2026-11-12 00:00:00,0910",
)


def bank(folder: Path, *lines: str) -> Path:
    path = folder / "bank.csv"
    path.write_text(BANK + "".join(f"{line}\n" for line in lines))
    return path


def test_files_are_known_by_their_headers_whatever_they_are_called(tmp_path: Path) -> None:
    found = read(put(tmp_path, x1=AGING, x2=INVOICES, x3=BALANCE, payouts=PAYOUTS))
    assert [(seen.file, seen.taken_for) for seen in found.seen] == [
        ("x1.csv", "QuickBooks, A/R Aging Detail"),
        ("x2.csv", "QuickBooks, Invoice List"),
        ("payouts.csv", "Stripe, payouts"),
        ("x3.csv", "Stripe, payout reconciliation"),
    ]
    ((tenant, case),) = found.cases
    assert tenant == ""
    assert [item.id for item in case.items] == ["1042", "1048", "1049", "CM-12"]
    assert [(receipt.id, receipt.key) for receipt in case.receipts] == [("ch_1", "1049")]


def test_a_file_that_is_not_known_is_named_with_what_to_do(tmp_path: Path) -> None:
    folder = put(tmp_path, a=INVOICES, b=BALANCE, z="one,two\n1,2\n")
    (folder / "scan.pdf").write_bytes(b"%PDF-1.7\n\xff\xfe")
    (folder / ".hidden").write_text("")
    strange = [seen for seen in read(folder).seen if seen.taken_for == "not known, left out"]
    assert [seen.file for seen in strange] == ["scan.pdf", "z.csv"]
    assert all("--suggest-map" in seen.told for seen in strange)


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"a": INVOICES}, "tells what customers paid"),
        ({"b": BALANCE}, "tells what customers owe"),
        ({"z": "one,two\n"}, "tells what customers owe. Not known were: z.csv"),
    ],
)
def test_a_folder_that_lacks_one_side_says_which(tmp_path: Path, files: dict[str, str], sentence: str) -> None:
    with pytest.raises(UserError) as caught:
        read(put(tmp_path, **files))
    assert sentence in caught.value.sentence
    assert caught.value.next_step


def test_our_own_plain_files_alone_are_no_exports(tmp_path: Path) -> None:
    folder = lay_out(tmp_path / "in")
    (folder / "notes.txt").write_text("hello")
    assert gathered(Asked(folder=folder, policy=Policy()), EXPORTS) is None


def test_our_own_plain_files_add_to_exports_of_one_company(tmp_path: Path) -> None:
    folder = lay_out(tmp_path / "in", invoices=["remove"], customers=["remove"])
    (folder / "invoices.csv").unlink()
    (folder / "customers.csv").write_text(
        "tenant_id,customer_id,name,email\nt,c7,Tern & Co Cafe,hello@terncafe.example\n"
    )
    put(folder, list=INVOICES)
    found = read(folder)
    ((tenant, case),) = found.cases
    assert tenant == "t"
    assert [item.party for item in case.items if item.id == "1049"] == ["c7"]
    assert {receipt.id for receipt in case.receipts} == {line.split(",")[1] for line in FILES["payments.csv"][1:]}


def test_a_payout_at_the_bank_is_never_a_customers_payment(tmp_path: Path) -> None:
    folder = put(tmp_path / "in", a=INVOICES, b=BALANCE, payouts=PAYOUTS)
    path = bank(
        tmp_path,
        "2026-11-12,,TRANSFER 0910,93.11",
        "2026-11-13,,EBANKING CREDIT,93.11",
        "2026-11-13,STRIPE,whatever,7.00",
        "2026-11-13,Intuit,DEPOSIT,8.00",
        "2026-11-13,Stripes Unlimited Ltd,INV 1049,9.00",
        "2026-11-30,,EBANKING CREDIT,93.11",
    )
    found = read(folder, bank=path, mapping=MAPPING)
    ((_, case),) = found.cases
    assert [receipt.id for receipt in case.receipts if receipt.id.startswith("bank")] == ["bank.csv:6", "bank.csv:7"]
    (purse,) = found.purses
    assert [deposit.id for deposit in purse.deposits] == ["bank.csv:2", "bank.csv:3", "bank.csv:4", "bank.csv:5"]


def test_a_payout_that_only_lines_tell_of_is_believed_when_the_bank_has_its_sum(tmp_path: Path) -> None:
    folder = put(tmp_path / "in", a=INVOICES, b=BALANCE)
    found = read(folder, bank=bank(tmp_path, "2026-11-11,,CREDIT,93.11"), mapping=MAPPING)
    assert [(payout.id, payout.amount, payout.by_hand) for payout in found.purses[0].payouts] == [
        ("po_1", 9311, Made.BY_SCHEDULE)
    ]
    found = read(folder, bank=bank(tmp_path, "2026-11-11,,CREDIT,93.12"), mapping=MAPPING)
    assert found.purses[0].payouts == []


def test_payouts_that_no_line_names_were_asked_for_by_hand(tmp_path: Path) -> None:
    loose = BALANCE.replace(",po_1,2026-11-10 00:00:00,", ",,,")
    found = read(put(tmp_path, a=INVOICES, b=loose, c=PAYOUTS))
    assert [payout.by_hand for payout in found.purses[0].payouts] == [Made.BY_HAND]


def test_what_may_have_paid_a_paid_invoice_is_left_out_and_told(tmp_path: Path) -> None:
    folder = put(tmp_path / "in", a=INVOICES)
    path = bank(
        tmp_path,
        "2026-09-15,Okafor Dental,THANK YOU,310.00",
        "2026-09-15,Okafor Dental,for 1049,310.00",
        "2026-08-01,Okafor Dental,THANK YOU,310.00",
        "2026-09-15,Somebody Else,THANK YOU,310.00",
        "2026-10-30,Sable Ridge Winery,part,500.00",
    )
    found = read(folder, bank=path, mapping=MAPPING)
    ((_, case),) = found.cases
    assert [receipt.id for receipt in case.receipts] == ["bank.csv:3", "bank.csv:4", "bank.csv:5"]
    assert found.remarks[-1].endswith("bank.csv:2 (as 1042), bank.csv:6 (as 1048).")


def test_without_paid_invoices_the_danger_is_told(tmp_path: Path) -> None:
    found = read(put(tmp_path, a=AGING, b=BALANCE))
    assert found.remarks[0].startswith("No report lists paid invoices")
    assert found.remarks[1].startswith("The books hold money that is applied to nothing (1 line)")


def test_what_is_stored_with_a_payment_is_a_key_only_where_one_document_has_it(tmp_path: Path) -> None:
    twice = INVOICES.replace(",1048,", ",1049,")
    ((_, case),) = read(put(tmp_path, a=twice, b=BALANCE)).cases
    assert [(receipt.key, receipt.text) for receipt in case.receipts] == [("", "Garden care / 1049")]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(held=st.binary(max_size=300), begins=st.sampled_from([b"", INVOICES.encode(), b"PK\x03\x04", b"\xff\xfe"]))
def test_whatever_bytes_lie_in_the_folder_nothing_but_a_sentence_comes_of_it(
    tmp_path: Path, held: bytes, begins: bytes
) -> None:
    folder = put(tmp_path / "in", a=AGING, b=BALANCE)
    (folder / "c.csv").write_bytes(begins + held)
    try:
        found = read(folder)
    except UserError as fault:
        told = fault
    else:
        told = UserError("c.csv is left out.", next_step="Take it out.")
        assert [item.amount for item in found.cases[0][1].items if item.amount] == [124235, 9620, -8450]
    assert "c.csv" in told.sentence
    assert told.next_step


def test_a_file_that_stands_there_twice_adds_nothing(tmp_path: Path) -> None:
    once = read(put(tmp_path / "one", a=INVOICES, b=BALANCE))
    twice = read(put(tmp_path / "two", a=INVOICES, b=BALANCE, c=INVOICES, d=BALANCE))
    assert twice.cases == once.cases
    assert twice.purses == once.purses
