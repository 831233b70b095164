"""The QuickBooks stand-in held against what Intuit really answered: its keys, its queries, its writes."""

# ruff: noqa: S608 - queries in Intuit's language, made of the tests' own words

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from functools import cache

import pytest

from adapters.quickbooks.standin import build
from connector.testing.worlds import parse
from tests.clocks import FakeClock
from tests.intuit_rig import Json, ask
from tests.vendor import where

WORLD = """
company  One  home USD  zone America/Los_Angeles  realm 9130001
account  Checking  bank USD
account  Savings  bank USD
customer  Acme  email ap@acme.example  phone (650) 555-0100
customer  Acme North  email north@acme.example  phone (650) 555-0101  parent Acme
2026-01-02  invoice  1001  Acme  9.00 USD  sent ap@acme.example 2026-01-02
2026-01-02  invoice  1002  Acme North  9.00 USD
2026-01-02  payment  P-1  Acme  9.00 USD  by check  for 1001 9.00 USD
2026-01-02  payment  P-2  Acme  1.00 USD  by check
2026-01-02  credit  1003  Acme  4.00 USD
2026-01-03  deposit  Checking  of P-2
2026-01-04  journal  JE-1  Acme  5.00 USD  memo "write-up"
2026-01-04  journal  JE-2  Acme North  -3.00 USD  against Checking  memo "goodwill"
"""

NOT_KEPT = {
    "Account": set[str](),
    "CreditMemo": {"ShipAddr", "ShipFromAddr"},
    "Customer": {"GivenName"},
    "Deposit": set[str](),
    "Invoice": {"ShipAddr"},
    "Item": set[str](),
    "JournalEntry": set[str](),
    "Payment": set[str](),
}
"""Per entity that is kept: keys of every recorded object that this double does without."""

WRITES = (
    "create-account",
    "create-credit-memo",
    "create-customer",
    "create-deposit",
    "create-invoice",
    "create-item",
    "create-journal-entry",
    "create-payment",
    "update-account",
    "update-credit-memo",
    "update-customer",
    "update-deposit",
    "update-invoice",
    "update-item",
    "update-journal-entry",
    "update-payment",
)
READS = (
    "get-account",
    "get-credit-memo",
    "get-customer",
    "get-deposit",
    "get-invoice",
    "get-item",
    "get-journal-entry",
    "get-payment",
)


def recordings(prefix: str) -> Iterator[Json]:
    for file in sorted((where.schemas("quickbooks") / "recorded").glob(f"{prefix}*.json")):
        yield from json.loads(file.read_text(), parse_float=Decimal)


@cache
def keys() -> dict[str, tuple[set[str], set[str]]]:
    """Per entity: the keys that every recorded object has, and those that any has."""
    found: dict[str, tuple[set[str], set[str]]] = {}
    for exchange in recordings(""):
        answer = exchange["response"]
        for entity, held in answer.get("QueryResponse", answer).items():
            for row in held if isinstance(held, list) else [held]:
                if entity in NOT_KEPT:
                    always, ever = found.get(entity, (set(row), set(row)))
                    found[entity] = (always & set(row), ever | set(row))
    return found


def test_the_recordings_hold_every_entity_compared_here() -> None:
    assert set(keys()) == set(NOT_KEPT)


@pytest.mark.parametrize("entity", sorted(NOT_KEPT))
def test_objects_have_the_keys_that_all_recorded_ones_have_and_none_that_none_has(entity: str) -> None:
    stand_in = build(parse(WORLD), clock=FakeClock())
    rows = ask(stand_in, "GET", "query", query=f"SELECT * FROM {entity}")["QueryResponse"][entity]
    always, ever = keys()[entity]
    for row in rows:
        assert always - set(row) == NOT_KEPT[entity] & always
        assert set(row) <= ever


LEFT_OUT = {
    "CreditMemo": {"ShipAddr", "ShipFromAddr"},  # this double ships nothing
    "CreditMemo.BillAddr": {"City", "CountrySubDivisionCode", "Lat", "Long", "PostalCode"},  # its addresses are a name
    "Customer": {"GivenName"},  # its customers are firms
    "Invoice.BillAddr": {"Lat", "Long"},
}
"""Per place: keys that every recorded object has there, and ours do not, with the reason."""

_DETAIL = "JournalEntry.Line[]<JournalEntryLineDetail>.JournalEntryLineDetail"
ADDED = {_DETAIL: {"Entity"}}
UNRECORDED = {f"{_DETAIL}.Entity", f"{_DETAIL}.Entity.EntityRef"}
"""No recorded journal entry names a customer; Intuit's schema says how it would."""


def places(value: object, path: str, found: dict[str, tuple[set[str], set[str]]]) -> None:
    """Per place in a document (lines apart by their DetailType): the keys that are always there, and those ever."""
    if isinstance(value, dict):
        place = f"{path}<{value['DetailType']}>" if "DetailType" in value else path
        always, ever = found.get(place, (set(value), set(value)))
        found[place] = (always & set(value), ever | set(value))
        for key, inner in value.items():
            places(inner, f"{place}.{key}", found)
    elif isinstance(value, list):
        for inner in value:
            places(inner, f"{path}[]", found)


def test_documents_are_recorded_ones_at_every_depth_but_for_the_listed_exceptions() -> None:
    recorded: dict[str, tuple[set[str], set[str]]] = {}
    for exchange in recordings(""):
        answer = exchange["response"]
        for entity in answer.get("QueryResponse", answer).keys() & NOT_KEPT.keys():
            held = answer.get("QueryResponse", answer)[entity]
            for row in held if isinstance(held, list) else [held]:
                places(row, entity, recorded)
    ours: dict[str, tuple[set[str], set[str]]] = {}
    stand_in = build(parse(WORLD), clock=FakeClock())
    for entity in NOT_KEPT:
        for row in ask(stand_in, "GET", "query", query=f"SELECT * FROM {entity}")["QueryResponse"][entity]:
            places(row, entity, ours)
    assert ours.keys() - recorded.keys() == UNRECORDED
    known = ours.keys() & recorded.keys()
    added = {place: ours[place][1] - recorded[place][1] for place in known}
    left_out = {place: recorded[place][0] - ours[place][0] for place in known}
    assert {place: names for place, names in added.items() if names} == ADDED
    assert {place: names for place, names in left_out.items() if names} == LEFT_OUT


def test_envelopes_of_queries_have_the_recorded_keys() -> None:
    stand_in = build(parse(WORLD), clock=FakeClock())
    seen = set()
    for exchange in recordings(""):
        response = exchange["response"].get("QueryResponse", {})
        for entity in response.keys() & NOT_KEPT.keys():
            answer = ask(stand_in, "GET", "query", query=f"SELECT * FROM {entity}")
            assert set(answer) == set(exchange["response"])
            assert set(answer["QueryResponse"]) == set(response), entity
            seen.add(entity)
    assert seen == NOT_KEPT.keys()


@pytest.mark.req("Q38")
def test_the_recorded_queries_are_understood() -> None:
    stand_in = build(parse(WORLD), clock=FakeClock())
    asked = [
        exchange["request"].get("params", {}).get("query") or exchange["request"]["data"]
        for exchange in recordings("")
        if exchange["path"].endswith("/query")
    ]
    assert len(asked) == 18
    for query in asked:
        assert "QueryResponse" in ask(stand_in, "GET", "query", query=query), query


@pytest.mark.req("Q38")
@pytest.mark.parametrize("name", WRITES)
def test_a_recorded_write_is_accepted_and_answered_as_recorded(name: str) -> None:
    [exchange] = recordings(name)
    [entity] = [key for key in exchange["response"] if key != "time"]
    stand_in = build(parse(WORLD), clock=FakeClock())
    body = with_our_account(dict(exchange["request"]["data"]))
    if "DepositToAccountRef" in body:
        body["DepositToAccountRef"] = {"value": "1"}
    if "Id" in body:
        body |= {"Id": "1", "SyncToken": ask(stand_in, "GET", f"{entity.lower()}/1")[entity]["SyncToken"]}
    answer, recorded = ask(stand_in, "POST", entity.lower(), body)[entity], exchange["response"][entity]
    always, _ = keys()[entity]
    assert always & set(recorded) - set(answer) <= NOT_KEPT[entity]
    assert set(answer) <= keys()[entity][1]
    for key in ("TotalAmt", "UnappliedAmt", "PrivateNote", "DisplayName", "Name", "AccountType"):
        if key in body:
            assert answer[key] == recorded[key]


def with_our_account(body: Json) -> Json:
    """A recorded body whose income account is one of this double's."""
    return body | {"IncomeAccountRef": {"value": "1"}} if "IncomeAccountRef" in body else body


@pytest.mark.req("Q38")
@pytest.mark.parametrize("name", READS)
def test_a_recorded_read_by_id_is_answered_with_the_recorded_envelope(name: str) -> None:
    for exchange in recordings(name):
        [entity] = [key for key in exchange["response"] if key != "time"]
        assert exchange["path"].split("/")[-2] == entity.lower()
        answer = ask(build(parse(WORLD), clock=FakeClock()), "GET", f"{entity.lower()}/1")
        assert set(answer) == set(exchange["response"])
        assert set(answer[entity]) <= keys()[entity][1]


@pytest.mark.req("Q38")
def test_a_recorded_sending_is_answered_as_recorded() -> None:
    [exchange] = recordings("send-invoice")
    assert exchange["path"].endswith("/send")
    stand_in = build(parse(WORLD), clock=FakeClock())
    before = ask(stand_in, "GET", "invoice/2")["Invoice"]
    sent = ask(stand_in, "POST", "invoice/2/send", sendTo="ap@else.example")["Invoice"]
    recorded = exchange["response"]["Invoice"]
    for key in ("EmailStatus", "BillEmail", "DeliveryInfo"):
        assert set(sent[key]) == set(recorded[key])
    assert (sent["EmailStatus"], sent["BillEmail"]["Address"]) == (recorded["EmailStatus"], "ap@else.example")
    assert int(sent["SyncToken"]) == int(before["SyncToken"]) + 1


@pytest.mark.req("Q38")
def test_every_recorded_exchange_is_replayed_by_a_test_of_this_file() -> None:
    queries = {"query"}
    replayed = {*WRITES, *READS, "send-invoice"}
    for file in sorted((where.schemas("quickbooks") / "recorded").glob("*.json")):
        for exchange in json.loads(file.read_text()):
            assert file.stem in replayed or exchange["path"].rpartition("/")[2] in queries, file.stem
