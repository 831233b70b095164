"""The policy that the oldest of identical items is paid first: its evidence shows that the row ended paid."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connector.reconcile.cash.case import Case, Item, Party, Policy, Receipt, ReceiptKind
from tests.unit.test_cash_evidence import DAY, Document, checked, lines, of

ITEMS = [Item(f"i{at}", f"INV-100{at}", "c1", "USD", 5_000, DAY + at, DAY + at + 30) for at in range(3)]
OTHER = Item("x", "INV-2001", "c1", "USD", 7_777, DAY, DAY + 30)
RECEIPTS = [
    Receipt(f"p{at}", ReceiptKind.PAYMENT, DAY + 20 * (at + 1), "USD", 5_000, payer_name="Acme Works")
    for at in range(3)
]
CASE = Case(
    parties=[Party("c1", "Acme Works")], items=[*ITEMS, OTHER], receipts=RECEIPTS, policy=Policy(oldest_first=True)
)


@pytest.fixture(scope="module")
def row() -> list[Document]:
    return lines(CASE)


def test_each_line_of_a_row_names_the_receipt_that_ends_it_and_says_why_the_others_are_none(
    row: list[Document],
) -> None:
    found = [of(row, f"p{at}") for at in range(3)]
    assert [each["settled"][0]["item"] for each in found] == ["i0", "i1", "i2"]
    assert [[other["id"] for other in each["together"]] for each in found] == [["p2"], ["p2"], []]
    assert {rival["why"] for rival in found[0]["rivals"]} == {
        "It is the same, and the oldest is taken for the one that was paid first."
    }
    assert [rival["items"] for rival in found[0]["rivals"]] == [["i1"], ["i2"]]


def test_the_row_holds(tmp_path: Path, row: list[Document]) -> None:
    assert checked(tmp_path, row).faults == ()


def without_last(documents: list[Document]) -> None:
    """The row is cut short, and the item of its last receipt stays open."""
    last = of(documents, "p2")
    documents.remove(last)
    for one in (of(documents, "p0"), of(documents, "p1")):
        one["together"] = [] if one["payment"]["id"] == "p1" else [{**one["together"][0], "id": "p1"}]
        if one["together"]:
            one["together"][0].update(on=of(documents, "p1")["payment"]["on"])


def never_ended(documents: list[Document]) -> None:
    """The last receipt says that another one ends the row."""
    of(documents, "p2")["together"] = [{"id": "p9", "on": of(documents, "p2")["payment"]["on"], "amount": 5_000}]


def newest_first(documents: list[Document]) -> None:
    """The first receipt pays the second item, and the second the first."""
    first, second = of(documents, "p0"), of(documents, "p1")
    first["settled"][0]["item"], second["settled"][0]["item"] = "i1", "i0"


@pytest.mark.parametrize(
    ("change", "said"),
    [(without_last, "is the same and was left open"), (never_ended, "does not end its row"), (newest_first, "older")],
)
def test_a_row_that_does_not_end_paid_or_is_in_another_order_does_not_hold(
    tmp_path: Path, change: Callable[[list[Document]], None], said: str
) -> None:
    documents: list[Any] = lines(CASE)
    change(documents)
    assert any(said in fault for fault in checked(tmp_path, documents).faults)
