"""Files as people have them: what cannot be read is refused in one sentence that says file, line and column."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from connector.app import sheets
from connector.app.folder import read_cases, read_purses
from connector.errors import UserError
from connector.reconcile.cash.case import Case, Policy, ReceiptKind
from tests.unit.match_ground import (
    DEPOSITS,
    FILES,
    PAYMENTS,
    PAYOUTS,
    RATES,
    TRANSACTIONS,
    lay_out,
    spoilt,
)


def cases(folder: Path) -> dict[str, Case]:
    return dict(read_cases(folder, Policy()))


def refusal(folder: Path) -> str:
    with pytest.raises(UserError) as caught:
        cases(folder)
    assert caught.value.next_step
    return caught.value.sentence


def test_the_three_files_become_one_case(tmp_path: Path) -> None:
    case = cases(lay_out(tmp_path))["t"]
    assert [(each.id, each.name, each.parent, each.email, each.processor_id) for each in case.parties] == [
        ("c1", "Acme Works Inc", "", "pay@acme.example", "cus_1"),
        ("c2", "Borealis Paper Ltd", "c1", "", ""),
    ]
    assert [(each.id, each.number, each.amount, date.fromordinal(each.due)) for each in case.items] == [
        ("i1", "INV-1001", 12_000, date(2026, 3, 31)),
        ("i2", "INV-1002", 30_000, date(2026, 4, 1)),
        ("i3", "CM-2001", -2_000, date(2026, 3, 5)),
    ]
    assert [(each.id, each.kind, each.amount, each.text) for each in case.receipts] == [
        ("p1", ReceiptKind.PAYMENT, 12_000, "INV-1001 thank you"),
        ("p2", ReceiptKind.PAYMENT, 777, ""),
    ]


FAULTS: dict[str, tuple[dict[str, list[str]], str]] = {
    "a column is missing": (
        {"invoices": spoilt("invoices.csv", 1, "doc_number", "number")},
        "invoices.csv, line 1: the column doc_number is missing.",
    ),
    "a column stands there twice": (
        {"invoices": spoilt("invoices.csv", 1, "due_date", "kind")},
        "invoices.csv, line 1: the column 'kind' stands there twice.",
    ),
    "the file is empty": ({"payments": []}, "payments.csv, line 1: it has no header."),
    "an amount is written with a point": (
        {"payments": spoilt("payments.csv", 2, "12000", "120.00")},
        "payments.csv, line 2, column amount_minor: the value is no whole number of minor units (12050 is 120.50).",
    ),
    "an amount is empty": (
        {"invoices": spoilt("invoices.csv", 3, "30000", "")},
        "invoices.csv, line 3, column amount_minor: the value is no whole number of minor units (12050 is 120.50).",
    ),
    "an amount has a sign inside": (
        {"invoices": spoilt("invoices.csv", 3, "30000", "3-0")},
        "invoices.csv, line 3, column amount_minor: the value is no whole number of minor units (12050 is 120.50).",
    ),
    "an amount is longer than any": (
        {"invoices": spoilt("invoices.csv", 3, "30000", "9" * 30)},
        "invoices.csv, line 3, column amount_minor: the value is no whole number of minor units (12050 is 120.50).",
    ),
    "an amount is in digits of another script": (
        {"invoices": spoilt("invoices.csv", 3, "30000", "\u0663\u0660")},
        "invoices.csv, line 3, column amount_minor: the value is no whole number of minor units (12050 is 120.50).",
    ),
    "a currency is unknown": (
        {"payments": spoilt("payments.csv", 3, "USD", "USX")},
        "payments.csv, line 3, column currency: the value is no currency of ISO 4217, such as USD.",
    ),
    "a day is not in the calendar": (
        {"payments": spoilt("payments.csv", 3, "2026-03-21", "2026-02-30")},
        "payments.csv, line 3, column date: the value is no date such as 2026-03-31.",
    ),
    "a day is of another age": (
        {"invoices": spoilt("invoices.csv", 2, "2026-03-31", "0026-03-31")},
        "invoices.csv, line 2, column due_date: the value is no date such as 2026-03-31.",
    ),
    "a day is written another way": (
        {"invoices": spoilt("invoices.csv", 2, "2026-03-01", "03/01/2026")},
        "invoices.csv, line 2, column issue_date: the value is no date such as 2026-03-31.",
    ),
    "a rate is no number": (
        {"customers": spoilt("customers.csv", 2, "Inc,,", "Inc,,2%")},
        "customers.csv, line 2, column discount_bp: the value is no whole number from 0 to 10000.",
    ),
    "a rate is more than everything": (
        {"customers": spoilt("customers.csv", 2, "Inc,,", "Inc,,10001")},
        "customers.csv, line 2, column discount_bp: the value is no whole number from 0 to 10000.",
    ),
    "an id stands there twice": (
        {"payments": spoilt("payments.csv", 3, "p2", "p1")},
        "payments.csv, line 3, column payment_id: the value stands there twice.",
    ),
    "an id is empty": (
        {"payments": spoilt("payments.csv", 3, "p2", "")},
        "payments.csv, line 3, column payment_id: the value is empty.",
    ),
    "a kind is unknown": (
        {"payments": spoilt("payments.csv", 3, "t,p2,payment", "t,p2,donation")},
        "payments.csv, line 3, column kind: the value is none of payment, refund, chargeback.",
    ),
    "a credit memo is positive": (
        {"invoices": spoilt("invoices.csv", 4, "-2000", "2000")},
        "invoices.csv, line 4, column amount_minor: the value has the wrong sign: a credit memo is negative.",
    ),
    "a line has too few fields": (
        {"payments": spoilt("payments.csv", 2, "bank,", "")},
        "payments.csv, line 2: it has 14 fields, and the header 15.",
    ),
    "a line has too many fields": (
        {"payments": spoilt("payments.csv", 3, "bank,", "bank,,")},
        "payments.csv, line 3: it has 16 fields, and the header 15.",
    ),
    "a quote is not closed": (
        {"payments": spoilt("payments.csv", 3, "Somebody", '"Somebody')},
        "payments.csv, line 3: it is no readable CSV (unexpected end of data).",
    ),
    "a quote ends too early": (
        {"payments": spoilt("payments.csv", 3, "Somebody Else", '"Somebody" Else')},
        "payments.csv, line 3: it is no readable CSV (',' expected after '\"').",
    ),
    "an invoice's customer is unknown": (
        {"invoices": spoilt("invoices.csv", 3, "c1", "c9")},
        "invoices.csv, line 3, column customer_id: the value names no customer of customers.csv.",
    ),
    "a customer's parent is unknown": (
        {"customers": spoilt("customers.csv", 3, "c1", "c9")},
        "customers.csv, line 3, column parent_id: the value names no customer of this file.",
    ),
    "a customer is its own parent's parent": (
        {"customers": spoilt("customers.csv", 2, "Inc,,", "Inc,c2,")},
        "customers.csv, line 2, column parent_id: the value leads back to the customer itself.",
    ),
    "two companies have payments of one id": (
        {"payments": [*FILES["payments.csv"], *spoilt("payments.csv", 2, "t,p1", "u,p1")[1:2]]},
        "payments.csv, line 4, column payment_id: the value is another company's payment too.",
    ),
    "there are bytes of nothing": (
        {"payments": [*FILES["payments.csv"], "\0\0\0"]},
        "payments.csv, line 4: it is no text.",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_told_with_file_line_and_column_where(tmp_path: Path, name: str) -> None:
    files, sentence = FAULTS[name]
    assert refusal(lay_out(tmp_path, **files)) == sentence


def test_lines_are_counted_as_an_editor_counts_them_over_texts_of_several_lines(tmp_path: Path) -> None:
    lines = spoilt("payments.csv", 2, "INV-1001 thank you", '"INV-1001\nthank\nyou"')
    lines[2] = lines[2].replace("777", "7.77")
    assert refusal(lay_out(tmp_path, payments=["", *lines][1:])).startswith("payments.csv, line 5, column amount_minor")


def test_a_text_of_several_lines_is_read_whole(tmp_path: Path) -> None:
    lines = spoilt("payments.csv", 2, "INV-1001 thank you", '"INV-1001,\n""thank"" you"')
    assert cases(lay_out(tmp_path, payments=lines))["t"].receipts[0].text == 'INV-1001,\n"thank" you'


def test_an_encoding_that_is_not_utf8_is_told_where_it_begins(tmp_path: Path) -> None:
    folder = lay_out(tmp_path)
    path = folder / "customers.csv"
    path.write_bytes(path.read_text(encoding="utf-8").replace("Borealis", "Bor\u00e9alis").encode("latin-1"))
    assert refusal(folder) == "customers.csv, line 3, column name: it is not written in UTF-8."


def test_a_spreadsheets_unicode_text_is_refused(tmp_path: Path) -> None:
    folder = lay_out(tmp_path)
    path = folder / "customers.csv"
    path.write_bytes(path.read_text(encoding="utf-8").encode("utf-16"))
    assert refusal(folder) == "customers.csv, line 1, column 1: it is not written in UTF-8."


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_byte_order_marks_of_every_system_are_read(tmp_path: Path, ends: str, mark: bytes) -> None:
    folder = lay_out(tmp_path)
    plain = cases(folder)
    for path in folder.iterdir():
        path.write_bytes(mark + path.read_bytes().replace(b"\n", ends.encode()))
    assert cases(folder) == plain


def test_empty_lines_between_rows_are_passed_over(tmp_path: Path) -> None:
    plain = cases(lay_out(tmp_path / "plain"))
    gaps = {name.removesuffix(".csv"): [part for line in lines for part in (line, "")] for name, lines in FILES.items()}
    assert cases(lay_out(tmp_path / "gaps", **gaps)) == plain


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "nowhere") == f"{tmp_path / 'nowhere' / 'invoices.csv'} cannot be read."


@pytest.mark.parametrize("name", ["invoices.csv", "payments.csv"])
def test_invoices_and_payments_must_be_there(tmp_path: Path, name: str) -> None:
    folder = lay_out(tmp_path)
    (folder / name).unlink()
    assert refusal(folder) == f"{folder / name} cannot be read."


def test_without_a_file_of_customers_each_customer_of_an_invoice_stands_for_itself(tmp_path: Path) -> None:
    folder = lay_out(tmp_path)
    (folder / "customers.csv").unlink()
    assert [(each.id, each.name) for each in cases(folder)["t"].parties] == [("c1", "")]


def test_files_of_headers_alone_are_no_companies(tmp_path: Path) -> None:
    empty = {name.removesuffix(".csv"): lines[:1] for name, lines in FILES.items()}
    assert cases(lay_out(tmp_path, **empty)) == {}


def endless(folder: Path, line: str, write: Callable[[Path], None] | None = None) -> Path:
    path = lay_out(folder) / "payments.csv"
    path.write_text(f"{PAYMENTS}\n" + line * (sheets.PIECE_ROWS + 10), encoding="utf-8")
    return folder


def test_endless_empty_lines_are_refused_before_the_end_of_the_file(tmp_path: Path) -> None:
    assert refusal(endless(tmp_path, "\n")) == "payments.csv has 20,000 empty lines in a row."


def test_endless_empty_rows_are_refused_at_the_first(tmp_path: Path) -> None:
    assert refusal(endless(tmp_path, "," * 14 + "\n")) == "payments.csv, line 2, column payment_id: the value is empty."


def test_a_line_without_an_end_is_refused(tmp_path: Path) -> None:
    folder = lay_out(tmp_path)
    (folder / "payments.csv").write_text("x" * sheets.LINE_BYTES_MAX, encoding="utf-8")
    assert refusal(folder) == "payments.csv, line 1: the line does not end."


def test_a_field_larger_than_any_is_refused(tmp_path: Path) -> None:
    lines = spoilt("payments.csv", 3, "Somebody", "x" * 200_000)
    sentence = refusal(lay_out(tmp_path, payments=lines))
    assert sentence == "payments.csv, line 3: it is no readable CSV (field larger than field limit (131072))."


@pytest.mark.parametrize("coding", ["utf-16", "utf-32"])
def test_a_file_in_wide_characters_is_refused(tmp_path: Path, coding: str) -> None:
    folder = lay_out(tmp_path)
    path = folder / "payments.csv"
    path.write_bytes(path.read_text(encoding="utf-8").encode(coding))
    assert refusal(folder) == "payments.csv, line 1, column 1: it is not written in UTF-8."


@pytest.mark.parametrize("name", ["invoices.csv", "customers.csv", "fx.csv"])
def test_a_folder_in_the_place_of_a_file_is_refused(tmp_path: Path, name: str) -> None:
    folder = lay_out(tmp_path)
    (folder / name).unlink(missing_ok=True)
    (folder / name).mkdir()
    assert refusal(folder) == f"{folder / name} cannot be read."


def test_a_byte_of_nothing_deep_in_a_long_file_is_told_by_its_own_line(tmp_path: Path) -> None:
    rows = [f"t,p{n},payment,bank,2026-03-20,USD,100,0,,,,,{'x' * 60},," for n in range(sheets.PIECE_ROWS)]
    rows[-1] = rows[-1].replace("xxx,", "x\0x,")
    sentence = refusal(lay_out(tmp_path, payments=[PAYMENTS, *rows]))
    where = f"payments.csv, line {sheets.PIECE_ROWS + 1}, column remittance"
    assert sentence == f"{where}: the value holds a byte that is no text."


def test_a_fault_deep_in_a_long_file_is_told_by_its_own_line(tmp_path: Path) -> None:
    rows = [f"t,p{n},payment,bank,2026-03-20,USD,100,0,,,,,,," for n in range(sheets.PIECE_ROWS + 50)]
    rows[sheets.PIECE_ROWS + 7] = rows[sheets.PIECE_ROWS + 7].replace("USD", "usd")
    sentence = refusal(lay_out(tmp_path, payments=[PAYMENTS, *rows]))
    assert sentence.startswith(f"payments.csv, line {sheets.PIECE_ROWS + 9}, column currency")


def test_a_duplicate_far_from_the_first_is_found_at_the_second(tmp_path: Path) -> None:
    rows = [f"t,p{n},payment,bank,2026-03-20,USD,100,0,,,,,,," for n in range(sheets.PIECE_ROWS + 50)]
    rows[sheets.PIECE_ROWS + 7] = rows[3]
    sentence = refusal(lay_out(tmp_path, payments=[PAYMENTS, *rows]))
    assert sentence == f"payments.csv, line {sheets.PIECE_ROWS + 9}, column payment_id: the value stands there twice."


def test_two_companies_may_have_customers_and_invoices_of_one_id(tmp_path: Path) -> None:
    twice = {
        stem: [*FILES[f"{stem}.csv"], *(line.replace("t,", "u,", 1) for line in FILES[f"{stem}.csv"][1:])]
        for stem in ("customers", "invoices")
    }
    found = cases(lay_out(tmp_path, **twice))
    assert found["t"].items == found["u"].items


def test_the_order_of_rows_and_columns_and_unknown_columns_change_nothing(tmp_path: Path) -> None:
    plain = cases(lay_out(tmp_path / "plain"))
    drawn = random.Random(5)  # noqa: S311
    mixed: dict[str, list[str]] = {}
    for name, lines in FILES.items():
        rows = list(csv.reader(lines))
        table = [[*row, "note" if not at else "x"] for at, row in enumerate(rows)]
        columns = drawn.sample(range(len(table[0])), len(table[0]))
        body = drawn.sample(table[1:], len(table) - 1)
        mixed[name.removesuffix(".csv")] = [",".join(row[at] for at in columns) for row in (table[0], *body)]
    assert cases(lay_out(tmp_path / "mixed", **mixed)) == plain


@pytest.mark.parametrize("kind", ["refund", "chargeback"])
@pytest.mark.parametrize("amount", ["777", "-777"])
def test_money_that_went_back_is_negative_whatever_sign_the_file_has(tmp_path: Path, kind: str, amount: str) -> None:
    lines = spoilt("payments.csv", 3, "payment,bank,2026-03-21,USD,777", f"{kind},bank,2026-03-21,USD,{amount}")
    assert cases(lay_out(tmp_path, payments=lines))["t"].receipts[1].amount == -777


def test_an_invoice_without_a_due_day_is_due_when_it_was_issued(tmp_path: Path) -> None:
    lines = spoilt("invoices.csv", 2, "2026-03-31", "")
    item = cases(lay_out(tmp_path, invoices=lines))["t"].items[0]
    assert item.due == item.issued == date(2026, 3, 1).toordinal()


def test_purses_are_read_per_company(tmp_path: Path) -> None:
    lay_out(
        tmp_path,
        payouts=[
            PAYOUTS,
            "t,po1,psp,2026-03-01T10:00:00Z,2026-03-03,USD,970,automatic",
            "u,po1,psp,2026-03-01,2026-03-03,EUR,5,",
        ],
        bank_deposits=[DEPOSITS, "t,d1,2026-03-04,USD,970,PSP PAYOUT"],
        balance_txns=[TRANSACTIONS, "t,x1,psp,charge,p1,2026-02-27,2026-03-01,1000,30,970,po1"],
    )
    first, second = read_purses(tmp_path)
    assert (first.tenant, [each.id for each in first.deposits], first.transactions[0].net) == ("t", ["d1"], 970)
    assert (second.tenant, second.deposits, second.payouts[0].by_hand) == ("u", (), False)


@pytest.mark.parametrize(
    ("name", "lines", "sentence"),
    [
        (
            "payouts",
            [PAYOUTS, "t,po1,psp,yesterday,2026-03-03,USD,970,"],
            "line 2, column created: the value is no date",
        ),
        (
            "payouts",
            [PAYOUTS, "t,po1,psp,2026-03-01,2026-03-03,USD,970,often"],
            "line 2, column mode: the value is none",
        ),
        (
            "balance_txns",
            [TRANSACTIONS, "t,x,,,,2026-03-01,2026-03-01,1,,1,"],
            "line 2, column fee_minor: the value is",
        ),
        ("bank_deposits", [DEPOSITS, "t,d1,2026-03-01,,1,"], "line 2, column currency: the value is no currency"),
    ],
)
def test_a_fault_in_a_file_of_payouts_is_told_alike(tmp_path: Path, name: str, lines: list[str], sentence: str) -> None:
    lay_out(tmp_path, **{"payouts": [PAYOUTS], name: lines})
    with pytest.raises(UserError) as caught:
        read_purses(tmp_path)
    assert caught.value.sentence.startswith(f"{name}.csv, {sentence}")


def rates(folder: Path, *lines: str) -> dict[tuple[str, str, str], tuple[int, int]]:
    """The rates of the company t, by ISO dates."""
    held = cases(lay_out(folder, fx=[RATES, *lines]))["t"].rates
    return {(code, home, date.fromordinal(on).isoformat()): rate for (code, home, on), rate in held.items()}


def test_rates_of_exchange_are_exact_and_between_minor_units(tmp_path: Path) -> None:
    assert rates(
        tmp_path,
        "t,2026-03-01,EUR,USD,1.0865",
        "t,2026-03-02,EUR,USD,1.1",
        "t,2026-03-01,JPY,USD,0.0067",  # 0.67 cent for a yen, which has no smaller unit
        "t,2026-03-01,KWD,USD,3.25",  # a thousand fils
        "t,2026-03-01,EUR,JPY,162",
        "t,2026-03-01,VND,USD,3.9e-05",
        "u,2026-03-01,EUR,USD,9",
    ) == {
        ("EUR", "USD", "2026-03-01"): (2_173, 2_000),
        ("EUR", "USD", "2026-03-02"): (11, 10),
        ("JPY", "USD", "2026-03-01"): (67, 100),
        ("KWD", "USD", "2026-03-01"): (13, 40),
        ("EUR", "JPY", "2026-03-01"): (81, 50),
        ("VND", "USD", "2026-03-01"): (39, 10_000),
    }


def test_without_a_file_of_rates_there_are_none(tmp_path: Path) -> None:
    assert cases(lay_out(tmp_path))["t"].rates == {}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        *(
            (f"t,2026-03-01,EUR,USD,{written}", "mid: the value is no rate of exchange such as 1.0865.")
            for written in ("", "0", "0.000", "-1.1", "1;1", "1.", ".5", "nan", "1e999", "9" * 13, "1.0865 ", "\u0661")
        ),
        ("t,2026-03-32,EUR,USD,1", "date: the value is no date such as 2026-03-31."),
        ("t,2026-03-01,EURO,USD,1", "currency: the value is no currency of ISO 4217, such as USD."),
        ("t,2026-03-01,EUR,,1", "home: the value is no currency of ISO 4217, such as USD."),
        ("t,2026-02-28,EUR,USD,1.2", "date: the value has a rate of that currency already."),
    ],
)
def test_a_rate_that_cannot_be_read_is_told_where_it_stands(tmp_path: Path, line: str, told: str) -> None:
    before = ["t,2026-02-28,EUR,USD,1.1", "u,2026-02-28,EUR,USD,1.1"]
    assert refusal(lay_out(tmp_path, fx=[RATES, *before, line])) == f"fx.csv, line 4, column {told}"


def test_payouts_must_be_there_when_they_are_asked_for(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        read_purses(lay_out(tmp_path))
    assert caught.value.sentence == f"{tmp_path / 'payouts.csv'} cannot be read."


def test_a_header_needs_only_the_columns_without_which_nothing_can_be_decided(tmp_path: Path) -> None:
    short = ["tenant_id,payment_id,date,currency,amount_minor", "t,p1,2026-03-20,USD,12000"]
    assert cases(lay_out(tmp_path, payments=short))["t"].receipts[0].kind is ReceiptKind.PAYMENT
