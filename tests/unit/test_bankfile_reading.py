"""adapters.bankfile: what a bank's file says becomes the same lines whatever kind of file it is."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from adapters.bankfile import camt, ofx, table
from adapters.bankfile.marks import creditor_reference
from adapters.bankfile.statement import Statement
from connector.money import currency
from connector.remit import creditor_reference as made_of
from tests.unit.bankfile_ground import EUR, FIXTURES, Account

FILES = ("camt053_v2_batch.xml", "camt053_v8.xml", "ofx1_sgml.qfx", "ofx2_xml.ofx", "bank_de.csv")


def read(name: str) -> list[Statement]:
    path = FIXTURES / name
    held = path.read_bytes()
    if name.endswith(".xml"):
        return camt.statements(name, held)
    if name.endswith((".ofx", ".qfx")):
        return ofx.statements(name, held)
    return [table.statement(path, str(FIXTURES / "bank_de.toml"), EUR)]


def shown(statement: Statement) -> dict[str, Any]:
    """A statement as its expected file has it: what says nothing is left out."""
    said = {name: value for name, value in asdict(statement).items() if value not in ("", None, 0, False)}
    said["lines"] = [
        {name: value for name, value in asdict(line).items() if value not in ("", None)} for line in statement.lines
    ]
    found: dict[str, Any] = json.loads(json.dumps(said, default=str))
    return found


@pytest.mark.parametrize("name", FILES)
def test_a_file_says_what_its_expected_file_says(name: str) -> None:
    expected = json.loads((FIXTURES / f"{name}.expected.json").read_text(encoding="utf-8"))
    assert [shown(each) for each in read(name)] == expected


def test_only_what_customers_paid_is_kept_and_no_payers_account(tmp_path: Path) -> None:
    account = Account(tmp_path)
    for name in ("camt053_v2_batch.xml", "camt053_v8.xml"):
        account.put(name, (FIXTURES / name).read_bytes())
    told = account.told()
    assert sorted((each.payer, each.gross.minor) for each in account.payments().values()) == [
        ("Acme & Söhne", 80_00),
        ("Bäckerei Müller GmbH", 120_00),
        ("Rossi Holding", 53_60),
    ]
    assert [(each.gross.minor, each.fee.minor, each.net.minor) for each in account.back()] == [(-10_00, 3_00, -13_00)]
    assert told == ["On 2026-04-07 the bank took 13.00 EUR back, and it is not clear of which payment."]
    raw = b"".join(one.raw for one in account.kept.held.values())
    assert b"Dana Reyes" not in raw
    assert b"DE12500105170648489890" not in raw
    assert b"account_hash" in raw


def test_a_payment_carries_its_creditor_reference_method_day_and_text(tmp_path: Path) -> None:
    account = Account(tmp_path)
    account.put("a.xml", (FIXTURES / "camt053_v2_batch.xml").read_bytes())
    account.pull()
    first = next(each for each in account.payments().values() if each.gross.minor == 120_00)
    assert (first.reference, first.method, first.received_on) == ("RF06INV1001 E2E-4711", "transfer", date(2026, 4, 7))
    assert {tag.name: tag.value for tag in first.tags} == {
        "creditor_reference": "RF06INV1001",
        "payer_account": "9a4f10067d6be38a",
    }


def test_a_cheque_that_was_returned_is_told_with_its_day(tmp_path: Path) -> None:
    account = Account(tmp_path, account="000123456789", currency="USD")
    account.put("a.qfx", (FIXTURES / "ofx1_sgml.qfx").read_bytes())
    account.pull()
    cheque = next(each for each in account.payments().values() if each.gross.minor == 80_00)
    assert (cheque.method, cheque.state.value, cheque.returned_on) == ("cheque", "returned", date(2026, 4, 4))


@pytest.mark.parametrize(
    "text",
    [
        "RF06INV1001",
        "rf06inv1001",
        "RF06 INV1 001",
        "Rechnung RF06 INV1001 vielen Dank",
        "REF:RF06-INV-1001",
        "RF06INV1001, merci",
    ],
)
def test_a_creditor_reference_is_found_however_it_was_typed(text: str) -> None:
    assert creditor_reference("", text) == made_of("INV-1001") == "RF06INV1001"


@pytest.mark.parametrize("text", ["RF06INV1002", "RF00INV1001", "XRF06INV1001", "RF06", "", "RF06INV1001 RF76INV1002"])
def test_a_reference_with_a_slip_or_beside_another_is_none(text: str) -> None:
    assert creditor_reference("", text) == ""


def test_the_structured_reference_counts_before_words() -> None:
    assert creditor_reference("RF76 INV1002", "RF06INV1001") == "RF76INV1002"


def test_an_amount_in_a_currency_of_three_digits_is_exact() -> None:
    held = (FIXTURES / "camt053_v8.xml").read_text(encoding="utf-8")
    held = held.replace("EUR", "KWD").replace("53.60", "53.605").replace("73.20", "73.195")
    (found,) = camt.statements("a.xml", held.encode())
    assert (found.currency, found.lines[0].amount, found.opening) == (currency("KWD"), 53_605, 1_273_200)


def test_what_the_bank_kept_of_a_batch_is_a_line_of_its_own() -> None:
    held = (FIXTURES / "camt053_v2_batch.xml").read_text(encoding="utf-8")
    held = held.replace('<Amt Ccy="EUR">200.00</Amt>', '<Amt Ccy="EUR">199.60</Amt>', 1).replace("1273.20", "1272.80")
    charges = '<Chrgs><TtlChrgsAndTaxAmt Ccy="EUR">0.40</TtlChrgsAndTaxAmt></Chrgs>'
    held = held.replace("<NtryDtls>", f"{charges}<NtryDtls>", 1)
    (found,) = camt.statements("a.xml", held.encode())
    assert [(each.amount, each.nature.value) for each in found.lines[:3]] == [
        (-40, "fee"),
        (120_00, "transfer"),
        (80_00, "transfer"),
    ]
