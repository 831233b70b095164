"""A bank's file by a mapping that a person wrote, and the proposal of one that is never used unasked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connector.errors import UserError
from connector.exports.bank import BankLine, statement
from connector.exports.mapping import BankMapping, read_mapping
from connector.exports.suggest import suggestion
from tests.unit.exports_ground import FIXTURES, as_workbook

AMERICAN = FIXTURES / "bank" / "AccountHistory.csv"
GERMAN = FIXTURES / "bank" / "Umsaetze.csv"


def written(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "bank.csv"
    path.write_bytes(text.encode(encoding))
    return path


def mapped(folder: Path, toml: str) -> BankMapping:
    path = folder / "map.toml"
    path.write_text(toml)
    return read_mapping(path)


def came(path: Path, mapping: BankMapping) -> list[tuple[int, int]]:
    return [(line.line, line.amount) for line in statement(path, mapping).came]


def test_what_came_in_is_read_and_what_went_out_is_counted() -> None:
    told = statement(AMERICAN, read_mapping(AMERICAN.with_suffix(".toml")))
    assert (len(told.came), told.went, told.passed_over, told.checked) == (6, 1, 0, True)
    assert told.came[3] == BankLine(
        id="AccountHistory.csv:8",
        line=8,
        on=739932,
        currency="USD",
        amount=1285000,
        payer="BELLWEATHER SCHOOL DISTRICT 7",
        account="",
        text="WIRE IN BELLWEATHER SCHOOL DIST 7 INV 1047",
    )


def test_a_proposal_for_a_german_bank_reads_the_file_as_a_person_would(tmp_path: Path) -> None:
    proposed = suggestion(GERMAN)
    assert proposed.open_questions == ()
    told = statement(GERMAN, mapped(tmp_path, proposed.toml))
    assert [(line.payer, line.account, line.amount, line.currency) for line in told.came] == [
        ("Gärtnerei Möwe GmbH", "DE02120300000000202051", 125000, "EUR"),
        ("Café Süd", "DE21301204000000015228", 1248035, "EUR"),
    ]
    assert told.went == 1


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param(
            "Date,Details,Paid out,Paid in,Balance\n13/02/2026,CARD,10.00,,90.00\n14/02/2026,ACME LTD,,25.50,115.50\n",
            [(3, 2550)],
            id="English, two columns",
        ),
        pytest.param(
            "Date;Libellé;Débit euros;Crédit euros\n13/02/2026;PRLV;10,00;\n14/02/2026;VIR ACME;;25,50\n",
            [(3, 2550)],
            id="French",
        ),
        pytest.param(
            "Fecha operación;Concepto;Importe;Saldo;Divisa\n14/02/2026;TRANSF ACME;1.025,50;1.115,50;EUR\n",
            [(2, 102550)],
            id="Spanish",
        ),
        pytest.param(
            "Datum\tBedrag\tAf Bij\tNaam tegenpartij\n14-02-2026\t25,50\tBij\tAcme\n15-02-2026\t9,00\tAf\tX\n",
            [(2, 2550)],
            id="Dutch, tabs",
        ),
    ],
)
def test_proposals_for_banks_of_several_countries_read_what_came_in(
    tmp_path: Path, text: str, found: list[tuple[int, int]]
) -> None:
    path = written(tmp_path, text)
    assert came(path, mapped(tmp_path, suggestion(path, "EUR").toml)) == found


def test_a_proposal_says_what_it_does_not_know(tmp_path: Path) -> None:
    path = written(tmp_path, 'Date,Description,Amount\n03/04/2026,ACME,"1,234"\n')
    assert suggestion(path).open_questions == (
        'currency is not in the file: write its code, such as currency = "EUR"',
        'dates can be read in two ways: write dates = "dmy" (day first) or dates = "mdy"',
        'the decimal mark is not clear: write decimal = "." or decimal = ","',
    )
    with pytest.raises(UserError, match="no header with a date and an amount"):
        suggestion(written(tmp_path, "a,b\n1,2\n"))


def test_a_workbook_of_a_bank_is_read_by_the_same_mapping(tmp_path: Path) -> None:
    rows = [["Account 7"], ["Date", "Payee", "Amount"], ["2026-02-14", "Acme", "#25.5"], ["2026-02-15", "X", "#-3"]]
    path = as_workbook(tmp_path / "bank.xlsx", rows)
    assert came(path, BankMapping(date="Date", amount="Amount", payer="Payee", currency="USD")) == [(3, 2550)]


SHORT = "date = 'Date'\namount = 'Amount'\ncurrency = 'USD'\n"


@pytest.mark.parametrize(
    ("toml", "sentence"),
    [
        ("amount = 'A'\ncurrency = 'USD'", "map.toml: date is missing: the name of the column with the day."),
        ("date = 'D'\ncurrency = 'USD'", "map.toml: it must name either amount, or credit and debit."),
        ("date = 'D'\ncredit = 'C'\ncurrency = 'USD'", "map.toml: credit and debit go together."),
        (SHORT + "sign = 'S'", "map.toml: sign needs amount, and the words money_in and money_out."),
        ("date = 'D'\namount = 'A'", "map.toml: it must name either currency, such as EUR, or currency_column."),
        ("date = 'D'\namount = 'A'\ncurrency = 'USX'", "map.toml: 'USX' is no currency of ISO 4217."),
        (SHORT + "decimal = ';'", "map.toml: decimal is a point or a comma."),
        (SHORT + "dates = 'ymd'", "map.toml: dates is one of dmy, mdy."),
        (SHORT + "delimiter = '::'", "map.toml: delimiter is one character, or tab."),
        (SHORT + "id = 7", "map.toml: id must be a text in quotes."),
        (SHORT + "text = [7]", "map.toml: text must be a list of texts."),
        (SHORT + "date = 'x'", "map.toml is no readable TOML (Cannot overwrite a value (at end of document))."),
    ],
)
def test_a_mapping_that_is_not_clear_is_refused(tmp_path: Path, toml: str, sentence: str) -> None:
    with pytest.raises(UserError) as caught:
        mapped(tmp_path, toml)
    assert caught.value.sentence == sentence
    assert "--suggest-map" in caught.value.next_step


def test_a_mapping_with_a_word_that_it_does_not_hold_names_it(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="'colour' is nothing that a mapping holds; it holds date, amount"):
        mapped(tmp_path, SHORT + "colour = 'red'")


@pytest.mark.parametrize(
    ("text", "mapping", "sentence"),
    [
        ("Day,Amount\n2026-02-14,1.00\n", {}, "bank.csv has no header with the column 'Date'."),
        ("Date,Amount\nsoon,1.00\n", {}, "bank.csv, line 2, column Date: 'soon' is no date."),
        ("Date,Amount\n2026-02-14,\n", {}, "bank.csv holds no bookings."),
        ("Date,Amount\n2026-02-14,1.00,x\n", {}, "bank.csv, line 2: it has 3 columns, and the header 2."),
        (
            "Date,Amount,Amount\n2026-02-14,1.00,\n",
            {},
            "bank.csv, line 1, column Amount: the column stands there twice.",
        ),
        (
            "Date,Amount\n03/04/2026,1.00\n",
            {},
            "bank.csv, line 2, column Date: '03/04/2026' may have the day first or the month.",
        ),
        (
            "Date,Amount,W\n2026-02-14,1.00,?\n",
            {"sign": "W", "money_in": ("H",), "money_out": ("S",)},
            "bank.csv, line 2, column W: '?' is neither money in nor money out.",
        ),
        (
            "Date,Amount,B\n2026-02-13,1.00,5.00\n2026-02-14,2.00,8.00\n",
            {"balance": "B"},
            "bank.csv, line 3, column B: the balance 8.00 USD does not follow from the lines around it.",
        ),
        (
            "Date,Amount,No\n2026-02-13,1.00,7\n2026-02-14,2.00,7\n",
            {"id": "No"},
            "bank.csv, line 3, column No: line 2 has the same id.",
        ),
        (
            "Date,Amount,C\n2026-02-13,1.00,EURO\n",
            {"currency": "", "currency_column": "C"},
            "bank.csv, line 2, column C: 'EURO' is no currency of ISO 4217.",
        ),
    ],
)
def test_a_defect_of_a_banks_file_is_told_with_line_and_column(
    tmp_path: Path, text: str, mapping: dict[str, Any], sentence: str
) -> None:
    wanted: dict[str, Any] = {"date": "Date", "amount": "Amount", "currency": "USD", **mapping}
    with pytest.raises(UserError) as caught:
        statement(written(tmp_path, text), BankMapping(**wanted))
    assert caught.value.sentence == sentence
    assert caught.value.next_step


def test_money_in_and_out_on_one_line_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "Date,In,Out\n2026-02-13,1.00,2.00\n")
    with pytest.raises(UserError, match="line 2, column Out: it has money in and money out"):
        statement(path, BankMapping(date="Date", credit="In", debit="Out", currency="USD"))
