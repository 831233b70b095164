"""Where a payer sends money without a processor: wrong details are refused, right ones are shown to the letter."""

from __future__ import annotations

import pytest
import zxingcpp
from segno import helpers
from stdnum import iso11649

from connector.errors import SettingsError
from connector.money import Currency, Money, from_text, to_decimal
from connector.reconcile.cash.noise import without_check_digits
from connector.remit import (
    BankAccount,
    EpcTransfer,
    Region,
    account_of,
    cheque_of,
    creditor_reference,
    epc_transfer,
    in_groups,
)
from connector.web.codes import epc_picture

EUR, USD, CAD, GBP = Currency("EUR"), Currency("USD"), Currency("CAD"), Currency("GBP")
GERMAN = {"holder": "Wanderwerk GmbH", "bank": "Commerzbank", "iban": "DE89 3704 0044 0532 0130 00"}
AMERICAN = {"holder": "Walkabout Tools Inc", "routing": "021000021", "account": "000123456789"}
CANADIAN = {"holder": "Walkabout Tools", "institution": "003", "transit": "00012", "account": "1234567"}
BRITISH = {"holder": "Walkabout Tools Ltd", "sort_code": "20-00-00", "account": "55779911"}


def shown(account: BankAccount) -> dict[str, str]:
    return {detail.code: detail.shown for detail in account.details}


def test_each_region_names_its_accounts_in_its_own_way() -> None:
    german = account_of(EUR, {**GERMAN, "bic": "COBADEFFXXX"})
    assert german.region is Region.IBAN
    assert shown(german) == {
        "holder": "Wanderwerk GmbH",
        "bank": "Commerzbank",
        "iban": "DE89 3704 0044 0532 0130 00",
        "bic": "COBADEFFXXX",
    }
    assert german.iban == "DE89370400440532013000"
    american = account_of(USD, {**AMERICAN, "account_type": "checking", "takes": "ACH, wire"})
    assert american.region is Region.US
    assert list(shown(american)) == ["holder", "routing", "account", "account_type"]
    assert list(shown(account_of(CAD, CANADIAN))) == ["holder", "institution", "transit", "account"]
    assert shown(account_of(GBP, BRITISH))["sort_code"] == "20-00-00"
    copied = {each.code: each.copied for each in account_of(GBP, BRITISH).details}
    assert copied["sort_code"] == "200000"
    assert account_of(USD, {"holder": "W", "account": "12/34-5"}).region is Region.OTHER


WRONG: tuple[tuple[str, Currency, dict[str, str], str], ...] = (
    ("a mistyped routing number", USD, {**AMERICAN, "routing": "021000012"}, "check digit"),
    ("a short routing number", USD, {**AMERICAN, "routing": "02100002"}, "9 digits"),
    ("letters in an account", USD, {**AMERICAN, "account": "12AB5678"}, "4 to 17 digits"),
    ("digits that are not plain", USD, {**AMERICAN, "account": "١٢٣٤٥٦"}, "4 to 17 digits"),
    ("a mistyped IBAN", EUR, {**GERMAN, "iban": "DE89 3704 0044 0532 0130 01"}, "IBAN"),
    ("an IBAN that is too short", EUR, {**GERMAN, "iban": "DE8937040044053201300"}, "IBAN"),
    ("no BIC", EUR, {**GERMAN, "bic": "COBADEFF1"}, "BIC"),
    ("a transit number of six digits", CAD, {**CANADIAN, "transit": "000123"}, "5 digits"),
    ("no institution", CAD, {**CANADIAN, "institution": ""}, "3 digits"),
    ("a sort code of five digits", GBP, {**BRITISH, "sort_code": "20-00-0"}, "6 digits"),
    ("an account of seven digits", GBP, {**BRITISH, "account": "5577991"}, "8 digits"),
    ("numbers of two regions", USD, {**AMERICAN, "sort_code": "200000"}, "beside"),
    ("no holder", EUR, {"iban": "DE89370400440532013000"}, "holder"),
    ("no account", EUR, {"holder": "W"}, "missing"),
    ("a line break in the name", EUR, {**GERMAN, "holder": "W\nDE02120300000000202051"}, "control"),
    ("a null in the bank", EUR, {**GERMAN, "bank": "x\0y"}, "control"),
    ("text that turns around", EUR, {**GERMAN, "holder": "W\u202eX"}, "control"),
    ("a name without end", EUR, {**GERMAN, "holder": "W" * 141}, "140"),
    ("a setting nobody knows", EUR, {**GERMAN, "swift": "X"}, "no setting"),
)


@pytest.mark.req("P8")
@pytest.mark.parametrize(("code", "values", "says"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_wrong_details_are_refused_by_name_before_any_payer_sees_them(
    code: Currency, values: dict[str, str], says: str
) -> None:
    with pytest.raises(SettingsError, match=says) as caught:
        account_of(code, values)
    assert "DE89" not in str(caught.value)


def test_a_cheque_needs_a_payee_and_an_address() -> None:
    cheque = cheque_of({"payee": "Walkabout Tools", "address": "PO Box 7; Springfield ;", "currencies": "usd, cad"})
    assert cheque.address == ("PO Box 7", "Springfield")
    assert (cheque.takes(USD), cheque.takes(EUR)) == (True, False)
    assert cheque_of({"payee": "W", "address": "x"}).takes(EUR)
    for missing in ("payee", "address"):
        with pytest.raises(SettingsError, match=missing):
            cheque_of({"payee": "W", "address": "x", missing: ""})


@pytest.mark.parametrize("number", ["P-1", "INV-2026/0007", "1001", "a b c", "2026" * 5])
def test_a_reference_has_right_check_digits_and_the_matcher_reads_the_number_out_of_it(number: str) -> None:
    reference = creditor_reference(number)
    assert reference is not None
    body = "".join(each for each in number.upper() if each.isalnum())
    assert iso11649.is_valid(reference)
    assert reference[4:] == body
    assert without_check_digits(in_groups(reference)).split() == in_groups(reference)[4:].split()


def test_one_mistyped_character_names_nobody_elses_invoice() -> None:
    reference = creditor_reference("INV2026") or ""
    for at in range(4, len(reference)):
        for other in "ABC123":
            mistyped = reference[:at] + other + reference[at + 1 :]
            assert mistyped == reference or not iso11649.is_valid(mistyped)


@pytest.mark.parametrize("number", [None, "", "---", "1" * 22, "№"])
def test_a_number_that_fits_no_reference_has_none(number: str | None) -> None:
    assert creditor_reference(number) is None


@pytest.mark.req("P8")
def test_only_euros_to_an_iban_can_be_scanned() -> None:
    german = account_of(EUR, GERMAN)
    due = Money(12_010, EUR)
    assert epc_transfer(german, due, "P-1") is not None
    assert epc_transfer(german, Money(12_010, USD), "P-1") is None
    assert epc_transfer(account_of(USD, {**GERMAN}), Money(12_010, USD), "P-1") is None
    assert epc_transfer(german, Money(0, EUR), "P-1") is None
    assert epc_transfer(german, Money(100_000_000_000, EUR), "P-1") is None
    assert epc_transfer(german, due, None) is None
    assert epc_transfer(account_of(EUR, {**GERMAN, "holder": "W" * 71}), due, "P-1") is None


def decoded(transfer: EpcTransfer) -> list[str]:
    """What a banking app reads out of the very picture: its dark modules, drawn large."""
    path = epc_picture(transfer, "title").partition(' d="')[2].partition('"')[0]
    assert path
    code = helpers.make_epc_qr(
        name=transfer.name,
        iban=transfer.iban,
        amount=to_decimal(transfer.amount),
        reference=transfer.reference,
        bic=transfer.bic or None,
        encoding=1,
    )
    # The picture's path is the library's drawing of exactly these modules.
    assert path in code.svg_inline(scale=4)
    assert code.error == "M"
    rows = [bytes(0 if dark else 255 for dark in row) for row in code.matrix_iter(scale=4, border=4)]
    picture = memoryview(b"".join(rows)).cast("B", shape=(len(rows), len(rows[0])))
    (found,) = zxingcpp.read_barcodes(picture)
    assert len(found.bytes) <= 331
    return found.bytes.decode().split("\n")


@pytest.mark.req("P8")
@pytest.mark.parametrize("name", ["Wanderwerk GmbH", "Société Générale d'Étude", "Œuvre & Söhne <b>", "Ł" * 70])
@pytest.mark.parametrize("amount", ["0.01", "120.10", "1000.00", "999999999.99"])
def test_the_picture_says_exactly_the_fields_that_stand_beside_it(name: str, amount: str) -> None:
    account = account_of(EUR, {**GERMAN, "holder": name, "bic": "COBADEFFXXX"})
    transfer = epc_transfer(account, from_text(amount, EUR), "INV-2026-0007")
    assert transfer is not None
    said = decoded(transfer)
    assert said[:4] == ["BCD", "002", "1", "SCT"]
    assert said[4:7] == ["COBADEFFXXX", name, "DE89370400440532013000"]
    assert said[7].startswith("EUR")
    assert from_text(said[7].removeprefix("EUR"), EUR) == from_text(amount, EUR)
    assert said[8:] == ["", creditor_reference("INV-2026-0007")]
