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
customer  Acme  email ap@acme.example  phone (650) 555-0100
customer  Acme North  email north@acme.example  phone (650) 555-0101  parent Acme
2026-01-02  invoice  1001  Acme  9.00 USD  sent ap@acme.example 2026-01-02
2026-01-02  invoice  1002  Acme North  9.00 USD
2026-01-02  payment  P-1  Acme  9.00 USD  by check  for 1001 9.00 USD
2026-01-02  payment  P-2  Acme  1.00 USD  by check
2026-01-02  credit  1003  Acme  4.00 USD
2026-01-03  deposit  Checking  of P-2
"""

NOT_KEPT = {
    "Account": set[str](),
    "CreditMemo": {"ShipAddr", "ShipFromAddr"},
    "Customer": {"GivenName"},
    "Deposit": set[str](),
    "Invoice": {"ShipAddr"},
    "Item": set[str](),
    "Payment": set[str](),
}
"""Per entity that is kept: keys of every recorded object that this double does without."""

WRITES = (
    "create-account",
    "create-credit-memo",
    "create-customer",
    "create-deposit",
    "create-invoice",
    "create-payment",
    "update-account",
    "update-customer",
    "update-deposit",
    "update-invoice",
    "update-payment",
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


@pytest.mark.parametrize("name", WRITES)
def test_a_recorded_write_is_accepted_and_answered_as_recorded(name: str) -> None:
    [exchange] = recordings(name)
    [entity] = [key for key in exchange["response"] if key != "time"]
    stand_in = build(parse(WORLD), clock=FakeClock())
    body = dict(exchange["request"]["data"])
    if "DepositToAccountRef" in body:
        body["DepositToAccountRef"] = {"value": "1"}
    if "Id" in body:
        body |= {"Id": "1", "SyncToken": ask(stand_in, "GET", f"{entity.lower()}/1")[entity]["SyncToken"]}
    answer, recorded = ask(stand_in, "POST", entity.lower(), body)[entity], exchange["response"][entity]
    always, _ = keys()[entity]
    assert always & set(recorded) - set(answer) <= NOT_KEPT[entity]
    for key in ("TotalAmt", "UnappliedAmt", "PrivateNote", "DisplayName", "Name", "AccountType"):
        if key in body:
            assert answer[key] == recorded[key]
