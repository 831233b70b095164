"""adapters.bankfile: what cannot be read whole is refused with file and line, and nothing of it is taken in."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from adapters.bankfile.settings import Settings
from adapters.bankfile.standin.writer import MAPPING, as_camt, as_csv, as_ofx
from connector.errors import SettingsError, UserError
from tests.unit.bankfile_ground import FIXTURES, IBAN, Account, came, stretch

CAMT = (FIXTURES / "camt053_v2_batch.xml").read_text(encoding="utf-8")


@pytest.fixture
def account(tmp_path: Path) -> Account:
    return Account(tmp_path / "statements")


def refused(account: Account, held: str | bytes, name: str = "a.xml") -> str:
    """Why a file is refused, when it is brought and when it lies in the folder already."""
    path = account.folder.parent / name
    path.write_bytes(held.encode() if isinstance(held, str) else held)
    with pytest.raises(UserError) as caught:
        account.adapter.take(str(path), keep=True)
    assert list(account.folder.iterdir()) == []
    assert caught.value.next_step
    account.put(name, path.read_bytes())
    assert account.told() == [caught.value.sentence]
    assert account.payments() == {}
    return caught.value.sentence


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("120.00</Amt>", "121.00</Amt>", "a.xml, line 18: the 2 payments of this batch come to 201.00 EUR"),
        ("1273.20", "1273.21", "does not add up. 1,000.00 EUR before and its 5 lines come to 1,273.20 EUR"),
        ('<Amt Ccy="EUR">90.00</Amt>', '<Amt Ccy="USD">90.00</Amt>', "an amount is in 'USD', and the account in EUR"),
        ('<Amt Ccy="EUR">90.00</Amt>', '<Amt Ccy="EUR">90.001</Amt>', "'90.001' is no amount in EUR"),
        ('<Amt Ccy="EUR">90.00</Amt>', '<Amt Ccy="EUR">9e1</Amt>', "'9e1' is no amount in EUR"),
        ("2026-04-07T09:30:00+02:00", "7 April", "'7 April' is no day"),
        ("CLBD", "CLAV", "has no closing balance (CLBD)"),
        ("camt.053.001.02", "camt.052.001.02", "it is camt.052.001.02, and no camt.053 statement"),
        ("DE89370400440532013000", "DE02120300000000202051", "of the account ending in 2051, and this connection"),
        ("</Stmt>", "</Stm>", "line 75, column 7: it is no readable XML (mismatched tag)"),
    ],
)
def test_a_statement_in_xml_that_is_wrong_is_refused_with_its_line(
    account: Account, before: str, after: str, said: str
) -> None:
    assert before in CAMT
    assert said in refused(account, CAMT.replace(before, after, 1))


@pytest.mark.parametrize(
    "definition",
    [
        '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>',
        '<!DOCTYPE d SYSTEM "http://127.0.0.1:9/statement.dtd">',
    ],
)
def test_xml_that_defines_anything_is_refused_before_it_is_read(account: Account, definition: str) -> None:
    head, rest = CAMT.split("\n", 1)
    said = refused(account, f"{head}\n{definition}\n{rest.replace('Entgelt', '&x;')}")
    assert said == "a.xml, line 2: it has a document type, which no statement has, and is not read."


@pytest.mark.parametrize("encoding", ["x-unknown", "utf-7", "big5"])
def test_xml_in_an_encoding_that_is_not_known_is_refused(account: Account, encoding: str) -> None:
    held = CAMT.replace('encoding="UTF-8"', f'encoding="{encoding}"')
    assert "line 1" in refused(account, held)


def test_xml_nested_without_end_is_refused(account: Account) -> None:
    deep = '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02">' + "<a>" * 100_000
    assert "nested deeper than any statement's" in refused(account, deep)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("<TRNAMT>+1250.00", "<TRNAMT>1.250,00", "a.qfx, line 19: '1.250,00' is no amount in USD."),
        ("<TRNAMT>+1250.00", "<TRNAMT>1,230", "a.qfx, line 19: '1,230' is no amount in USD."),
        ("<TRNAMT>+1250.00", "<TRNAMT>1.230", "a.qfx, line 19: '1.230' is no amount in USD."),
        ("<DTPOSTED>20260403", "<DTPOSTED>20261303", "a.qfx, line 20: '20261303' is no day."),
        ("<CURDEF>USD", "<CURDEF>US$", "a.qfx, line 16: 'US$' is no currency of ISO 4217."),
        ("<CURDEF>USD", "<CURDEF>CAD", "a.qfx is in CAD, and the account in USD."),
        ("<MEMO>CHECK", "<!ENTITY x><MEMO>CHECK", "a.qfx, line 21: '<!ENTITY x' is nothing that OFX holds."),
        ("<BANKMSGSRSV1>", "<CREDITCARDMSGSRSV1>", "a.qfx holds no statement of a bank account."),
    ],
)
def test_ofx_that_is_wrong_is_refused_with_its_line(tmp_path: Path, before: str, after: str, said: str) -> None:
    account = Account(tmp_path / "statements", account="000123456789", currency="USD")
    held = (FIXTURES / "ofx1_sgml.qfx").read_text(encoding="utf-8")
    assert before in held
    assert refused(account, held.replace(before, after, 1), "a.qfx") == said


def test_a_csv_needs_a_mapping(account: Account) -> None:
    held = as_csv(stretch([came(3, 100)], 1, 5))
    assert refused(account, held, "a.csv") == "a.csv is read by a mapping, and this connection has none."


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (b"2026-03-03,1.00", b"2026-03-03,x", "a.csv, line 2, column Amount: 'x' is no amount."),
        (b"2026-03-03", b"2026-02-30", "a.csv, line 2, column Date: '2026-02-30' is no date."),
        (b"Amount,", b"Sum,", "a.csv has no header with the column 'Amount'."),
        (
            b",3.00\r\n",
            b",4.00\r\n",
            "a.csv, line 3, column Balance: the balance 4.00 EUR does not follow from the lines around it.",
        ),
    ],
)
def test_a_csv_that_is_wrong_is_refused_with_line_and_column(
    tmp_path: Path, before: bytes, after: bytes, said: str
) -> None:
    mapping = tmp_path / "map.toml"
    mapping.write_text(MAPPING.format(code="EUR"), encoding="utf-8")
    account = Account(tmp_path / "statements", mapping=str(mapping))
    held = as_csv(stretch([came(3, 100), came(4, 200)], 1, 5))
    assert before in held
    assert refused(account, held.replace(before, after, 1), "a.csv") == said


def test_a_bad_file_in_the_folder_leaves_the_others_to_be_read(account: Account) -> None:
    account.put("good.xml", as_camt(stretch([came(3, 100)], 3, 3)))
    account.put("bad.xml", b"<Document>")
    assert len(account.told()) == 1
    assert [each.gross.minor for each in account.payments().values()] == [100]


def test_an_archive_and_an_older_format_are_told_as_what_they_are(account: Account) -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("a.xml", CAMT)
        archive.writestr("b.xml", CAMT)
    assert refused(account, held.getvalue(), "a.zip") == "a.zip is an archive of 2 files."
    (account.folder / "a.zip").unlink()
    mt940 = ":20:STARTUMS\n:25:37040044/532013000\n:28C:0\n:60F:C260406EUR1000,00\n"
    assert refused(account, mt940, "a.sta") == "a.sta is MT940, which is not read here."


def test_what_is_neither_is_told_as_that(account: Account) -> None:
    assert refused(account, "<html></html>", "a.html") == "a.html is neither CAMT.053 nor OFX."


def test_a_file_is_kept_under_its_days_and_its_content_and_only_once(account: Account) -> None:
    path = account.folder.parent / "Download (3).OFX"
    path.write_bytes(as_ofx(stretch([came(3, 100, bank_ref="1")], 1, 5)))
    taken = account.adapter.take(str(path), keep=True)
    assert (taken.is_new, taken.lines, taken.came, taken.first, taken.last) == (True, 1, 1, "2026-03-01", "2026-03-05")
    (kept,) = account.folder.iterdir()
    assert kept.name.startswith("2026-03-01_2026-03-05_")
    assert kept.read_bytes() == path.read_bytes()
    assert account.adapter.take(str(path), keep=True).is_new is False
    assert list(account.folder.iterdir()) == [kept]


def test_nothing_is_read_again_while_nothing_changed(account: Account) -> None:
    account.put("a.xml", as_camt(stretch([came(3, 100)], 3, 3)))
    assert len(account.pull().records) == 2
    assert account.pull().records == ()
    account.put("copy of a.xml", (account.folder / "a.xml").read_bytes())
    assert account.pull().records == ()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("account", "DE89370400440532013001", "is not an IBAN: its length or its check digits do not fit"),
        ("account", "12", "must be the account's IBAN, or its number at the bank"),
        ("currency", "EURO", "must be a code of ISO 4217"),
        ("folder", "statements", "must be a whole path"),
        ("read_from", "1.1.2026", "must be a day"),
    ],
)
def test_a_wrong_setting_is_told_by_its_name(name: str, value: str, said: str) -> None:
    good = {"folder": "/tmp/x", "account": IBAN, "currency": "EUR"}  # noqa: S108 - only a name
    with pytest.raises(SettingsError, match=f"bank statement setting {name} is wrong") as caught:
        Settings.parse({**good, name: value})
    assert said in caught.value.sentence


def test_the_accounts_number_shows_in_no_check_and_no_name(account: Account) -> None:
    account.put("a.xml", as_camt(stretch([came(3, 100)], 3, 3)))
    said = [*account.adapter.check(), account.adapter.pull("profile", None).records, account.pull().records]
    assert IBAN not in repr(said)
    assert "3000" in repr(said)


def test_the_readme_has_a_row_for_every_setting() -> None:
    readme = (Path(__file__).resolve().parents[2] / "adapters" / "bankfile" / "README.md").read_text(encoding="utf-8")
    rows = [line for line in readme.splitlines() if line.startswith("| `")]
    for name in Settings.names():
        (row,) = [row for row in rows if f"`{name.name}`" in row.split("|")[1]]
        required, default, what = (cell.strip() for cell in row.split("|")[2:5])
        assert required == ("yes" if name.required else "no")
        if name.name not in {"connect_seconds", "read_seconds", "retry_seconds"}:
            assert (default.strip("`"), what) == (name.default, name.what)
