"""One cent walks through the house, from end to end, as the user runs it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.firm import Firm, open_firm


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    with open_firm(tmp_path) as opened:
        yield opened


def test_from_the_first_sync_to_the_posted_payout(firm: Firm) -> None:
    firm.cold = True
    firm.connect()
    aging = firm.do("aging", "--json").json
    assert {row["total"]["minor"] for row in aging["totals"]} == {45050}
    decided = firm.do("reconcile", "--json").json
    assert {d["payment"][2]: d["allocations"][0]["target"][2] for d in decided["decisions"]}.keys() == {
        "ch_walk_1",
        "py_walk_2",
    }
    assert [finding["code"] for finding in decided["findings"]] == ["proposed"]
    plan = firm.do("plan", "--json").json
    assert [line["kind"] for line in plan["lines"]] == ["payment", "payment", "expense", "expense", "transfer"]
    firm.do("apply", "--yes")
    assert firm.open_balances() == {"W-1": 0, "W-2": 80, "W-3": 0, "W-4": 0}
    assert len(firm.marked("Payment", "PrivateNote")) == 2
    assert len(firm.marked("Purchase", "PrivateNote")) == 2
    assert len(firm.marked("Transfer", "PrivateNote")) == 1
    again = firm.do("apply", "--yes", "--json").json
    assert again["done"] == []
    assert firm.do("plan", "--json").json["lines"] == []
    firm.do("verify")
    firm.do("doctor")


def test_a_fresh_installation_writes_nothing(firm: Firm) -> None:
    firm.connect(allow_writes=False)
    firm.do("plan")
    refused = firm.run("apply", "--yes")
    assert refused.code == 2
    assert "read-only" in refused.err
    assert firm.run("link", "W-2", "--yes").code == 2
    logged = firm.do("log", "W-2", "--outcome", "no-answer", "--yes", "--json").json
    assert logged["notes"] == 0
    assert all(method == "GET" for method, path, _ in firm.doubles["quickbooks"].calls if "/v3/" in path)
    assert all(method == "GET" for method, _, _ in firm.doubles["stripe"].calls)


def test_without_an_answer_nothing_is_written(firm: Firm) -> None:
    firm.connect()
    firm.do("plan")
    asked = firm.run("apply")
    assert asked.code == 2
    assert "nobody could be asked" in asked.err
    assert firm.marked("Payment", "PrivateNote") == []
