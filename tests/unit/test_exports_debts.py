"""Reports of open balances: what is read, that it comes to the report's own totals, and that two reports agree."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.app.exports.debts import debts, parties, together
from connector.app.exports.recognise import recognised, sound
from connector.errors import UserError
from connector.exports.grid import csv_grid
from connector.reconcile.cash.case import Party
from tests.unit.exports_ground import AGING, INVOICES, LAYOUTS, as_workbook, known, put


def open_in(folder: Path, **files: str) -> list[tuple[str, str, int, int]]:
    reports = [debts(known(path), "USD", "") for path in sorted(put(folder, **files).iterdir())]
    return [(entry.item.id, entry.item.party, entry.item.amount, entry.was) for entry in together(reports)]


def refused(folder: Path, **files: str) -> UserError:
    with pytest.raises(UserError) as caught:
        open_in(folder, **files)
    assert caught.value.next_step
    return caught.value


def test_a_list_of_invoices_gives_what_is_open_and_what_is_paid(tmp_path: Path) -> None:
    assert open_in(tmp_path, a=INVOICES) == [
        ("1042", "Okafor Dental PLLC", 0, 31000),
        ("1048", "Sable Ridge Winery:Cellar", 124235, 174235),
        ("1049", "Tern & Co Cafe", 9620, 9620),
    ]


def test_an_aging_gives_credit_memos_and_leaves_payments_aside(tmp_path: Path) -> None:
    report = debts(known(put(tmp_path, a=AGING) / "a.csv"), "USD", "")
    assert [entry.item.number for entry in report.entries] == ["CM-12", "1048", "1049"]
    assert [entry.item.amount for entry in report.entries] == [-8450, 124235, 9620]
    assert report.aside == {"Payment": (1, -5000)}
    assert report.checked


def test_both_together_are_each_document_once(tmp_path: Path) -> None:
    assert [each[0] for each in open_in(tmp_path, a=INVOICES, b=AGING)] == ["1042", "1048", "1049", "CM-12"]


def test_a_customer_below_another_is_its_part(tmp_path: Path) -> None:
    entries = together([debts(known(put(tmp_path, a=INVOICES) / "a.csv"), "USD", "")])
    assert parties(entry.item for entry in entries)[1:3] == [
        Party("Sable Ridge Winery", "Sable Ridge Winery"),
        Party("Sable Ridge Winery:Cellar", "Cellar", "Sable Ridge Winery"),
    ]


def test_a_number_that_two_customers_have_is_told_apart(tmp_path: Path) -> None:
    twice = INVOICES.replace(",1049,", ",1048,")
    assert [each[0] for each in open_in(tmp_path, a=twice)] == [
        "1042", "1048 Sable Ridge Winery:Cellar 2026-10-26", "1048 Tern & Co Cafe 2026-11-02",
    ]  # fmt: skip


def test_a_workbook_of_the_same_rows_reads_the_same(tmp_path: Path) -> None:
    rows = [list(row.cells) for row in csv_grid("a", INVOICES).rows]
    folder = tmp_path / "book"
    folder.mkdir()
    book = debts(known(as_workbook(folder / "a.xlsx", rows)), "USD", "")
    plain = debts(known(put(tmp_path / "plain", a=INVOICES) / "a.csv"), "USD", "")
    assert [entry.item for entry in book.entries] == [entry.item for entry in plain.entries]


@pytest.mark.parametrize(
    ("was", "becomes", "sentence"),
    [
        (
            '"1,242.35"',
            '"1,242.36"',
            "a.csv, line 9, column Open balance: the total is 1,338.55 USD, and its lines come to 1,338.56 USD.",
        ),
        (
            "310.00,0.00",
            "311.00,0.00",
            "a.csv, line 9, column Amount: the total is 2,148.55 USD, and its lines come to 2,149.55 USD.",
        ),
        ("96.20,96.20", "96.20,", "a.csv, line 8, column Open balance: it has no amount."),
        (
            "96.20,96.20",
            "96.20,-96.20",
            "a.csv, line 9, column Open balance: the total is 1,338.55 USD, and its lines come to 1,146.15 USD.",
        ),
        (
            "Invoice,1049",
            "Bill,1049",
            "a.csv, line 8, column Transaction type: 'Bill' is nothing that this report should hold.",
        ),
        ("11/02/2026,Invoice", "11/02/2026,", "a.csv, line 8: it is neither a document nor a total."),
        ("11/02/2026,Invoice", "11/32/2026,Invoice", "a.csv, line 8, column Date: '11/32/2026' is no date."),
        ("Tern & Co Cafe", "", "a.csv, line 8, column Name: it has no customer."),
        ("Tern & Co Cafe,,", "Tern, Cafe,,", "a.csv, line 8: it has 9 columns, and the header 8."),
        ("Name,", "Name,Name,", "a.csv, line 5, column Name: the column stands there twice."),
        ("Tern & Co", "Tern \udc80", "a.csv, line 8: it is not written in UTF-8."),
    ],
)
def test_a_defect_is_told_with_file_line_and_column(tmp_path: Path, was: str, becomes: str, sentence: str) -> None:
    assert INVOICES.count(was) == 1
    (tmp_path / "a.csv").write_bytes(INVOICES.replace(was, becomes).encode(errors="surrogateescape"))
    with pytest.raises(UserError) as caught:
        debts(known(tmp_path / "a.csv"), "USD", "")
    assert caught.value.sentence == sentence


RAISED = (
    AGING.replace("-84.50,-84.50\n", "84.50,84.50\n", 1)
    .replace("-$84.50,-$84.50", "84.50,84.50")
    .replace('"$1,704.05","$1,204.05"', '"$1,873.05","$1,373.05"')
)
"""A credit memo that is above nought, and adds up."""


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (AGING.rsplit("TOTAL", 1)[0], "a.csv ends without its total."),
        (
            AGING + ",11/02/2026,Invoice,1099,Tern,12/02/2026,1.00,1.00\n",
            "a.csv, line 15: a line stands below the total of all.",
        ),
        (RAISED, "a.csv, line 7, column Open balance: what is open of the credit memo is above nought."),
        (
            AGING.replace('"$1,788.55","$1,288.55"', '"$1,788.55","$1,288.56"'),
            "a.csv, line 13, column Open balance: the total is 1,288.56 USD, and its lines come to 1,288.55 USD.",
        ),
    ],
)
def test_an_aging_that_is_cut_short_or_added_to_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    assert refused(tmp_path, a=text).sentence == sentence


def test_the_first_document_on_which_two_reports_do_not_agree_is_named(tmp_path: Path) -> None:
    other = INVOICES.replace("96.20\nTOTAL", "46.20\nTOTAL").replace("$1,338.55", "$1,288.55")
    assert refused(tmp_path, a=other, b=AGING).sentence == (
        "a.csv, line 8: 1049 has 46.20 USD open, and b.csv has 96.20 USD (line 11)."
    )
    fewer = INVOICES.replace("11/02/2026,Invoice,1049,Tern & Co Cafe,,12/02/2026,96.20,96.20\n", "").replace(
        '"$2,148.55","$1,338.55"', '"$2,052.35","$1,242.35"'
    )
    assert refused(tmp_path, a=fewer, b=AGING).sentence == (
        "b.csv, line 11: 1049 has 96.20 USD open, and a.csv does not have it."
    )


def test_without_a_currency_nothing_is_read(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not say in which currency") as caught:
        debts(known(put(tmp_path, a=INVOICES) / "a.csv"), "", "")
    assert "--currency" in caught.value.next_step


def test_dates_that_show_no_order_need_one(tmp_path: Path) -> None:
    short = (
        INVOICES.replace("08/17", "08/07").replace("09/16", "09/06").replace("10/26", "10/06").replace("11/25", "11/05")
    )
    path = put(tmp_path, a=short) / "a.csv"
    with pytest.raises(UserError, match="may have the day first or the month") as caught:
        debts(known(path), "USD", "")
    assert caught.value.next_step == "Say which with --dates dmy or --dates mdy."
    assert (
        debts(known(path), "USD", "mdy").entries[0].item.issued
        != debts(known(path), "USD", "dmy").entries[0].item.issued
    )


def read_again(text: str) -> int:
    """The sum of what is open, as read."""
    found = sound(recognised([csv_grid("a.csv", text)], LAYOUTS))
    if found is None:
        raise UserError("It is no report.")
    report = debts(found, "USD", "")
    return sum(entry.item.amount for entry in report.entries) + sum(sum_ for _, sum_ in report.aside.values())


@settings(max_examples=400, deadline=None)
@given(
    text=st.sampled_from([INVOICES, AGING]),
    at=st.integers(0, min(len(INVOICES), len(AGING)) - 1),
    instead=st.sampled_from([*'0159,.-()$"; \n\tIT', "", "\r\n", "é", "\0"]),
    length=st.integers(0, 3),
)
def test_a_report_changed_anywhere_comes_to_its_total_or_is_refused(
    text: str, at: int, instead: str, length: int
) -> None:
    try:
        held = read_again(text[:at] + instead + text[at + length :])
    except UserError:
        return
    assert held == (133855 if text is INVOICES else 120405)
