"""Writing where only exact answers will do: what Intuit says no to, in which words, and how often it is asked again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses

from adapters.quickbooks.client import QuickBooksOnline, connect
from adapters.quickbooks.posting import ASKED_MAX, TRIES_MAX
from connector.dates import business_date
from connector.errors import Conflict, OutcomeUnknown, Refused, Rejected, Unreachable, VendorError
from connector.model.intent import Posting, PostPayment, VoidPosting, WriteKey
from connector.model.source import Kind, OpId, Ref
from connector.ports import Surroundings
from tests.surroundings import Held, OpenBudget, OpenTurns
from tests.unit.quickbooks_ground import (
    BOOKS,
    CHARGE,
    COMPANY,
    KEY,
    REALM,
    MemoryTokens,
    expense_intent,
    good_pair,
    payment_intent,
    settings,
    still_clock,
    transfer_intent,
)

STALE = b'{"Fault":{"Error":[{"Message":"Stale Object Error","code":"5010"}],"type":"ValidationFault"}}'
CLOSED = b'{"Fault":{"Error":[{"Message":"Account Period Closed","code":"5010"}],"type":"ValidationFault"}}'
NOT_LINKED = (
    b'{"Fault":{"Error":[{"Message":"Transaction could not be linked","code":"620"}],"type":"ValidationFault"}}'
)
RULE = b'{"Fault":{"Error":[{"Message":"A business validation error","code":"6000"}],"type":"ValidationFault"}}'


class Said:
    """Intuit's answers to writes, one after the other, and what it was sent."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.ids: list[str] = []
        self.bodies: list[Mapping[str, Any]] = []

    def __call__(self, request: requests.PreparedRequest) -> tuple[int, Mapping[str, str], bytes]:
        self.ids += parse_qs(urlsplit(str(request.url)).query)["requestid"]
        body = json.loads(request.body or b"{}", parse_float=Decimal)
        self.bodies.append(body)
        answer = self.answers.pop(0) if self.answers else b""
        if answer:
            return 400, {}, answer
        written = {"Id": "180", "SyncToken": "0", "Amount": body.get("Amount"), "TotalAmt": body.get("TotalAmt")}
        held = {**body, **{name: value for name, value in written.items() if value is not None}}
        entity = urlsplit(str(request.url)).path.rpartition("/")[2].capitalize()
        if entity == "Purchase":
            held["TotalAmt"] = held["Line"][0]["Amount"]
        return 200, {}, json.dumps({entity: held}, default=float).encode()


class Owed:
    """What is open on the invoices: another figure at each question, the last one for good."""

    def __init__(self, *balances: str) -> None:
        self.balances = list(balances)
        self.asked: list[str] = []

    def __call__(self, request: requests.PreparedRequest) -> tuple[int, Mapping[str, str], bytes]:
        question = parse_qs(urlsplit(str(request.url)).query)["query"][0]
        if "FROM Invoice" not in question:
            return 200, {}, b'{"QueryResponse":{}}'
        self.asked.append(question)
        balance = self.balances.pop(0) if len(self.balances) > 1 else self.balances[0]
        ids = question.partition("IN (")[2].partition(")")[0].replace("'", "").split(", ")
        rows = [f'{{"Id":"{each}","TxnDate":"2026-03-01","TotalAmt":500,"Balance":{balance}}}' for each in ids]
        return 200, {}, f'{{"QueryResponse":{{"Invoice":[{",".join(rows)}]}}}}'.encode()


@pytest.fixture
def intuit() -> Iterator[responses.RequestsMock]:
    preferences = {"Id": "1", "CurrencyPrefs": {"HomeCurrency": {"value": "USD"}}}
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.get(f"{COMPANY}/preferences", json={"Preferences": preferences})
        yield mock


def books() -> QuickBooksOnline:
    clock = still_clock()
    return connect(
        Surroundings(
            connection=BOOKS,
            settings=settings(retry_seconds="0"),
            zone="America/New_York",
            clock=clock,
            tokens=MemoryTokens(good_pair(clock)),
            budget=OpenBudget(),
            turns=OpenTurns(),
            mirror=Held(),
        )
    )


def ground(intuit: responses.RequestsMock, said: Said, owed: Owed) -> QuickBooksOnline:
    intuit.add_callback(responses.GET, f"{COMPANY}/query", owed)
    for entity in ("payment", "purchase", "transfer"):
        intuit.add_callback(responses.POST, f"{COMPANY}/{entity}", said)
    return books()


@pytest.mark.parametrize("intent", [payment_intent(), expense_intent(), transfer_intent()], ids=lambda each: each.memo)
def test_a_stale_answer_is_met_with_a_new_look_and_another_request_id_twice_at_most(
    intuit: responses.RequestsMock, intent: Posting
) -> None:
    said, owed = Said(STALE, STALE), Owed("100")
    ground(intuit, said, owed).post(intent, KEY)
    assert said.ids == [KEY.text, f"{KEY.text}-2", f"{KEY.text}-3"]
    assert len(owed.asked) == (3 if isinstance(intent, PostPayment) else 0)
    assert said.bodies[0] == said.bodies[2]


def test_an_answer_that_stays_stale_is_a_conflict_after_two_more_tries(intuit: responses.RequestsMock) -> None:
    said = Said(*(STALE,) * 9)
    with pytest.raises(Conflict):
        ground(intuit, said, Owed("100")).post(payment_intent(), KEY)
    assert len(said.ids) == TRIES_MAX


@pytest.mark.parametrize(("answer", "error"), [(CLOSED, Rejected), (RULE, Rejected)], ids=["closed", "a rule"])
def test_a_no_that_another_look_would_not_change_is_asked_once(
    intuit: responses.RequestsMock, answer: bytes, error: type[VendorError]
) -> None:
    said = Said(answer)
    with pytest.raises(error):
        ground(intuit, said, Owed("100")).post(payment_intent(), KEY)
    assert said.ids == [KEY.text]


def test_a_link_that_is_refused_though_nothing_changed_is_not_tried_again(intuit: responses.RequestsMock) -> None:
    said = Said(NOT_LINKED)
    with pytest.raises(Rejected) as error:
        ground(intuit, said, Owed("100")).post(payment_intent(), KEY)
    assert (error.value.code, said.ids) == ("620", [KEY.text])


def test_a_link_that_is_refused_because_less_is_open_now_takes_less(intuit: responses.RequestsMock) -> None:
    said, owed = Said(NOT_LINKED), Owed("100", "40.00")
    posted = ground(intuit, said, owed).post(payment_intent(), KEY)
    assert [body["Line"][0]["Amount"] for body in said.bodies] == [Decimal("100.00"), Decimal("40.00")]
    assert [body["TotalAmt"] for body in said.bodies] == [Decimal("120.00")] * 2
    assert said.ids == [KEY.text, f"{KEY.text}-2"]
    assert "40.00 USD was open" in posted.notice


def test_a_second_try_of_a_spent_key_has_request_ids_of_its_own(intuit: responses.RequestsMock) -> None:
    said = Said(STALE)
    ground(intuit, said, Owed("100")).post(transfer_intent(), replace(KEY, repeat=2))
    assert said.ids == [f"{KEY.op_id}.2", f"{KEY.op_id}.2-2"]


def test_many_invoices_are_asked_for_in_few_questions(intuit: responses.RequestsMock) -> None:
    shares = tuple((str(number), "1.00") for number in range(1, ASKED_MAX + 2))
    said, owed = Said(), Owed("1.00")
    ground(intuit, said, owed).post(payment_intent("500.00", shares), KEY)
    assert len(owed.asked) == 2
    assert len(said.bodies[0]["Line"]) == ASKED_MAX + 1


def test_what_is_open_is_never_more_than_once_taken_by_two_lines_of_one_payment(
    intuit: responses.RequestsMock,
) -> None:
    said, owed = Said(), Owed("100")
    posted = ground(intuit, said, owed).post(payment_intent("160.00", (("130", "80.00"), ("130", "80.00"))), KEY)
    assert [line["Amount"] for line in said.bodies[0]["Line"]] == [Decimal("80.00"), Decimal("20.00")]
    assert posted.notice


@pytest.mark.parametrize(
    ("status", "body"),
    [
        pytest.param(429, b"", id="throttled"),
        pytest.param(503, b"", id="out of order"),
        pytest.param(200, b'{"QueryResponse":{"Invoice":[{"Id"', id="half an answer"),
    ],
)
def test_trouble_while_looking_before_a_write_is_no_doubt_about_the_write(
    intuit: responses.RequestsMock, status: int, body: bytes
) -> None:
    intuit.get(f"{COMPANY}/query", status=status, body=body)
    with pytest.raises(Unreachable):
        books().post(payment_intent(), KEY)
    assert [call.request.method for call in intuit.calls].count("POST") == 0


def test_the_closing_day_itself_is_closed_and_the_next_is_open(intuit: responses.RequestsMock) -> None:
    intuit.remove(responses.GET, f"{COMPANY}/preferences")
    closed = {
        "CurrencyPrefs": {"HomeCurrency": {"value": "USD"}},
        "AccountingInfoPrefs": {"BookCloseDate": "2026-04-05"},
    }
    intuit.get(f"{COMPANY}/preferences", json={"Preferences": {"Id": "1", **closed}})
    said = Said()
    connection = ground(intuit, said, Owed("100"))
    with pytest.raises(Refused, match="dated 2026-04-05 and QuickBooks is closed through 2026-04-05"):
        connection.post(transfer_intent(), KEY)
    connection.post(replace(transfer_intent(), on=business_date("2026-04-06")), KEY)
    assert len(said.ids) == 1


def test_half_an_answer_to_taking_back_is_an_unknown_outcome(intuit: responses.RequestsMock) -> None:
    note = f"Stripe payout\\nreceivables op={KEY.op_id}"
    held = f'{{"Transfer":{{"Id":"180","SyncToken":"0","TxnDate":"2026-04-05","Amount":1,"PrivateNote":"{note}"}}}}'
    intuit.get(f"{COMPANY}/transfer/180", body=held.encode())
    intuit.post(f"{COMPANY}/transfer", body=b'{"Transfer":{"Id":"180"')
    undo = VoidPosting(
        books=BOOKS,
        target=Ref(BOOKS, Kind.BOOK_ENTRY, "Transfer:180"),
        stamp=KEY.op_id,
        version="0",
        on=business_date("2026-04-06"),
        about=CHARGE,
        memo="",
    )
    with pytest.raises(OutcomeUnknown):
        books().post(undo, WriteKey(op_id=OpId("B" * 20)))
    sent = intuit.calls[-1].request
    assert parse_qs(urlsplit(str(sent.url)).query) == {
        "minorversion": ["75"],
        "operation": ["delete"],
        "requestid": ["B" * 20],
    }
    assert json.loads(sent.body or b"") == {"Id": "180", "SyncToken": "0"}


@pytest.mark.parametrize("applies", [True, False])
def test_a_company_that_applies_payments_by_itself_is_shown(intuit: responses.RequestsMock, *, applies: bool) -> None:
    intuit.remove(responses.GET, f"{COMPANY}/preferences")
    kept = {"CurrencyPrefs": {"HomeCurrency": {"value": "USD"}}, "SalesFormsPrefs": {"AutoApplyPayments": applies}}
    intuit.get(f"{COMPANY}/preferences", json={"Preferences": {"Id": "1", **kept}})
    intuit.get(f"{COMPANY}/companyinfo/{REALM}", json={"CompanyInfo": {"Id": "1", "CompanyName": "Harbor"}})
    intuit.get(f"{COMPANY}/query", body=b'{"QueryResponse":{}}')
    [shown] = [line for line in books().check() if line.name == "automatic payments"]
    assert shown.ok is not applies
    assert ("Switch off" in shown.next_step) is applies


@pytest.mark.req("Q26")
@pytest.mark.parametrize("applies", [True, False])
def test_a_company_that_applies_credits_by_itself_is_shown(intuit: responses.RequestsMock, *, applies: bool) -> None:
    intuit.remove(responses.GET, f"{COMPANY}/preferences")
    kept = {"CurrencyPrefs": {"HomeCurrency": {"value": "USD"}}, "SalesFormsPrefs": {"AutoApplyCredit": applies}}
    intuit.get(f"{COMPANY}/preferences", json={"Preferences": {"Id": "1", **kept}})
    intuit.get(f"{COMPANY}/companyinfo/{REALM}", json={"CompanyInfo": {"Id": "1", "CompanyName": "Harbor"}})
    intuit.get(f"{COMPANY}/query", body=b'{"QueryResponse":{}}')
    [shown] = [line for line in books().check() if line.name == "automatic credits"]
    assert shown.ok is not applies
    assert ("Switch off" in shown.next_step) is applies
