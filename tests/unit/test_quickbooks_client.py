"""The connection itself: what exactly it sends, and what it makes of answers no stand-in would give."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses

from adapters.quickbooks.client import QuickBooksOnline, connect
from connector.errors import MalformedAnswer, OutcomeUnknown, Rejected, VendorError
from connector.model.finding import FindingCode
from connector.model.money_in import Payment
from connector.model.source import Kind, Ref
from connector.money import from_text
from connector.ports import Surroundings
from tests.clocks import FakeClock
from tests.surroundings import Held, OpenBudget, OpenTurns
from tests.unit.quickbooks_ground import (
    BOOKS,
    COMPANY,
    KEY,
    REALM,
    USD,
    MemoryTokens,
    good_pair,
    note_intent,
    payment_intent,
    settings,
    still_clock,
)

PREFERENCES = {
    "Preferences": {
        "Id": "1",
        "SyncToken": "3",
        "CurrencyPrefs": {"MultiCurrencyEnabled": False, "HomeCurrency": {"value": "USD"}},
    },
    "time": "2026-04-01T05:00:00.000-07:00",
}
PAYMENT = (
    b'{"Payment":{"Id":"180","SyncToken":"0","TxnDate":"2026-04-01","CurrencyRef":{"value":"USD"},"TotalAmt":120,'
    b'"UnappliedAmt":20.00,"Line":[{"Amount":100.00,"LinkedTxn":[{"TxnId":"130","TxnType":"Invoice"}]}]},'
    b'"time":"2026-04-01T05:00:00.000-07:00"}'
)


@pytest.fixture
def intuit() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.get(f"{COMPANY}/preferences", json=PREFERENCES)
        yield mock


def books(clock: FakeClock | None = None, **changed: str) -> QuickBooksOnline:
    clock = clock or still_clock()
    return connect(
        Surroundings(
            connection=BOOKS,
            settings=settings(**changed),
            zone="America/New_York",
            clock=clock,
            tokens=MemoryTokens(good_pair(clock)),
            budget=OpenBudget(),
            turns=OpenTurns(),
            mirror=Held(),
        )
    )


def page(entity: str, *rows: str) -> bytes:
    return f'{{"QueryResponse":{{"{entity}":[{",".join(rows)}],"startPosition":1}},"time":"x"}}'.encode()


def payment_row(vendor_id: str, at: str = "2026-04-08T13:13:33-07:00", **fields: object) -> str:
    standing = {"Id": vendor_id, "SyncToken": "0", "MetaData": {"LastUpdatedTime": at}, "TxnDate": "2026-04-08"}
    return json.dumps(standing | {"TotalAmt": 10, "UnappliedAmt": 10} | fields)


INVOICE = (
    '{"Id":"130","SyncToken":"1","DocNumber":"1037","TxnDate":"2026-03-01","CurrencyRef":{"value":"USD"},'
    '"TotalAmt":150,"Balance":100.00}'
)


@pytest.fixture
def owing(intuit: responses.RequestsMock) -> responses.RequestsMock:
    """Intuit, with the invoice that the payment is for, open as far as was planned."""
    intuit.get(f"{COMPANY}/query", body=page("Invoice", INVOICE))
    return intuit


def serving(intuit: responses.RequestsMock, *pages: bytes) -> None:
    """Those pages, one after the other, of an entity of which no more rows are counted than come."""
    left = list(pages)

    def answer(request: requests.PreparedRequest) -> tuple[int, dict[str, str], bytes]:
        counts = "COUNT" in str(request.url)
        return 200, {}, b'{"QueryResponse":{"totalCount":1}}' if counts else left.pop(0) if left[1:] else left[0]

    intuit.add_callback(responses.GET, f"{COMPANY}/query", answer)


def asked(intuit: responses.RequestsMock) -> list[str]:
    """The query texts that were sent."""
    addresses = [urlsplit(str(call.request.url)) for call in intuit.calls]
    return [parse_qs(address.query)["query"][0] for address in addresses if address.path.endswith("/query")]


def test_a_payment_is_sent_as_exact_json_with_its_key_and_the_version_of_the_interface(
    owing: responses.RequestsMock,
) -> None:
    owing.post(f"{COMPANY}/payment", body=PAYMENT)
    posted = books().post(payment_intent(), KEY)
    sent = owing.calls[-1].request
    query = parse_qs(urlsplit(str(sent.url)).query)
    assert query == {"minorversion": ["75"], "requestid": ["ABCDEFGHIJKLMNOPQRST"]}
    assert isinstance(sent.body, bytes)
    assert b'"TotalAmt":120.00' in sent.body
    assert b'"Amount":100.00' in sent.body
    body = json.loads(sent.body, parse_float=Decimal)
    assert sorted(body) == [
        "CurrencyRef",
        "CustomerRef",
        "DepositToAccountRef",
        "Line",
        "PaymentRefNum",
        "PrivateNote",
        "TotalAmt",
        "TxnDate",
    ]
    assert sent.headers["Authorization"] == "Bearer access-1"
    assert posted.amount == from_text("120.00", USD)


def test_a_note_keeps_its_newlines_and_signs_on_the_way(intuit: responses.RequestsMock) -> None:
    answer = {"Attachable": {"Id": "9", "SyncToken": "0", "Note": "Called 😀\nTwice."}}
    intuit.post(f"{COMPANY}/attachable", json=answer)
    assert books().push_note(note_intent("Called 😀\nTwice."), KEY).text == "Called 😀\nTwice."
    body = intuit.calls[-1].request.body
    assert isinstance(body, bytes)
    assert json.loads(body)["Note"].startswith("Called 😀\nTwice.\nreceivables op=")


@pytest.mark.parametrize(
    ("status", "answer", "expected"),
    [
        pytest.param(200, b'{"Payment":{"Id":"180"', OutcomeUnknown, id="success cut short"),
        pytest.param(200, b"<html>ok</html>", OutcomeUnknown, id="success that is a web page"),
        pytest.param(200, b'{"time":"x"}', OutcomeUnknown, id="success without the payment"),
        pytest.param(200, PAYMENT.replace(b"120", b'"much"'), OutcomeUnknown, id="no amount"),
        pytest.param(500, b"", OutcomeUnknown, id="out of order"),
        pytest.param(200, b'{"Fault":{"Error":[{"code":"6000"}]}}', Rejected, id="fault in 200"),
        pytest.param(400, b'{"Fault":{"Error":[{"Message":"m"}],"type":"ValidationFault"}}', Rejected, id="no code"),
    ],
)
def test_a_write_is_sent_once_and_never_passes_as_done_without_its_answer(
    owing: responses.RequestsMock, status: int, answer: bytes, expected: type[VendorError]
) -> None:
    owing.post(f"{COMPANY}/payment", status=status, body=answer)
    with pytest.raises(expected) as error:
        books().post(payment_intent(), KEY)
    assert [call.request.method for call in owing.calls].count("POST") == 1
    assert "html" not in str(error.value)


def test_a_page_cut_short_is_asked_again_and_then_given_up(intuit: responses.RequestsMock) -> None:
    intuit.get(f"{COMPANY}/query", body=page("Payment", payment_row("1"))[:-20])
    clock = still_clock()
    with pytest.raises(MalformedAnswer):
        books(clock).pull("payment", None)
    assert len(asked(intuit)) == 5
    assert len(clock.slept) == 4


def test_the_next_page_begins_at_the_last_time_of_the_one_before(intuit: responses.RequestsMock) -> None:
    rows = [payment_row("1"), *(payment_row(str(n), f"2026-04-08T13:{n}0:00-07:00") for n in (2, 3))]
    serving(intuit, page("Payment", *rows[:2]), page("Payment", *rows[1:]), page("Payment", rows[2]))
    connection, cursor, seen = books(page_size_max="2", in_flight="1"), None, []
    for more in (True, True, False):
        got = connection.pull("payment", cursor)
        assert got.more is more
        cursor = got.cursor
        seen += [record.ref.vendor_id for record in got.records]
    assert seen == ["1", "2", "3"]
    assert [question.partition(" ORDERBY")[0] for question in asked(intuit)] == [
        "SELECT * FROM Payment",
        "SELECT * FROM Payment WHERE MetaData.LastUpdatedTime >= '2026-04-08T20:20:00Z'",
        "SELECT * FROM Payment WHERE MetaData.LastUpdatedTime >= '2026-04-08T20:30:00Z'",
        "SELECT COUNT(*) FROM Payment WHERE MetaData.LastUpdatedTime >= '2026-04-08T20:30:00Z'",
    ]


def test_a_currency_nobody_knows_is_told_and_names_the_record_and_the_rest_is_read(
    intuit: responses.RequestsMock,
) -> None:
    rows = (payment_row("77", CurrencyRef={"value": "XQX"}), payment_row("78"))
    serving(intuit, page("Payment", *rows))
    got = books().pull("payment", None)
    assert [record.ref.vendor_id for record in got.records] == ["78"]
    (told,) = got.findings
    assert (told.code, told.refs) == (FindingCode.NOT_MIRRORED, (Ref(BOOKS, Kind.PAYMENT, "77"),))
    assert "Payment 77 is in 'XQX', which is no currency" in told.sentence


def test_a_row_without_a_time_of_change_is_read_and_does_not_disturb_the_order(
    intuit: responses.RequestsMock,
) -> None:
    """As Intuit's sandbox sends an account that nobody has changed since it was made."""
    timeless = payment_row("2", MetaData={"CreateTime": "2026-05-05T02:05:37-07:00"})
    rows = [payment_row("1"), timeless, payment_row("3", "2026-04-08T14:00:00-07:00")]
    serving(intuit, page("Payment", *rows), page("Payment", timeless, rows[2]))
    connection = books()
    first = connection.pull("payment", None)
    assert [record.ref.vendor_id for record in first.records] == ["1", "2", "3"]
    second = connection.pull("payment", first.cursor)
    assert "3" not in [record.ref.vendor_id for record in second.records]


@pytest.mark.req("Q19")
def test_a_row_with_fields_and_values_nobody_knows_is_mirrored_with_its_document(
    intuit: responses.RequestsMock,
) -> None:
    strange = payment_row("1", Hologram={"on": True}, PaymentExtendedType="Teleport", invoiceStatus=["REVERSED"])
    serving(intuit, page("Payment", strange))
    [record] = books().pull("payment", None).records
    assert record.raw == strange.encode()
    assert isinstance(record.record, Payment)


def test_a_row_without_a_currency_is_in_the_companys_own(intuit: responses.RequestsMock) -> None:
    serving(intuit, page("Payment", payment_row("1")))
    [record] = books().pull("payment", None).records
    assert isinstance(record.record, Payment)
    assert record.record.gross == from_text("10", USD)


def test_the_profile_is_one_record_of_company_and_preferences(intuit: responses.RequestsMock) -> None:
    company = {"CompanyInfo": {"Id": "1", "SyncToken": "7", "CompanyName": "Harbor Supply", "Country": "US"}}
    intuit.get(f"{COMPANY}/companyinfo/{REALM}", json=company)
    [record] = books().pull("profile", None).records
    assert (record.ref.vendor_id, record.version) == (REALM, "7.3")
    assert json.loads(record.raw) == {**company, "Preferences": PREFERENCES["Preferences"]}


def test_preferences_are_asked_once_per_connection(intuit: responses.RequestsMock) -> None:
    serving(intuit, page("Payment", payment_row("1")))
    connection = books()
    for _ in range(3):
        connection.pull("payment", None)
    assert [str(call.request.url) for call in intuit.calls].count(f"{COMPANY}/preferences?minorversion=75") == 1


def test_no_body_reaches_the_log(owing: responses.RequestsMock, caplog: pytest.LogCaptureFixture) -> None:
    owing.post(f"{COMPANY}/payment", body=PAYMENT)
    with caplog.at_level(logging.DEBUG):
        books().post(payment_intent(memo="Dana Reyes called"), KEY)
    words = [vars(record).values() for record in caplog.records]
    logged = " ".join(word for each in words for word in each if isinstance(word, str))  # clocks may say 120 too
    assert "/payment" in logged
    assert "Dana" not in logged
    assert "120" not in logged


def test_looking_at_the_declaration_imports_no_sdk() -> None:
    code = "import sys, adapters.quickbooks; sys.exit('quickbooks' in sys.modules or 'requests' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
