"""What may be written with nobody looking: bounds per entry and day, whole pieces of money, and no refusal twice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.app.bounds import beyond, refused_before
from connector.app.calling_off import CALLED_OFF
from connector.model.autosync import Autosync
from connector.model.finding import FindingCode
from connector.model.source import CompanyId, ConnectionId, Kind, OpId, Ref
from connector.money import Currency
from connector.post import connection_of
from connector.store import OutboxRow, OutboxState
from tests.builders import money
from tests.unit.test_plan import Books

USD = Currency("USD")
ONE, TWO = (Ref(ConnectionId("stripe"), Kind.PAYMENT, each) for each in ("ch_1", "ch_2"))


@pytest.fixture
def books() -> Books:
    """120.00 with a fee of 3.78, then 80.00 with one of 2.62."""
    made = Books()
    made.paid("ch_1", "INV-1", "120.00", "3.78")
    made.paid("ch_2", "INV-2", "80.00", "2.62")
    return made


def bounds(*, posting: str = "", day: str = "") -> Autosync:
    return Autosync(
        per_posting=(money(posting),) if posting else (),
        per_day=(money(day),) if day else (),
    )


@pytest.mark.parametrize(
    ("settings", "spent", "waits"),
    [
        (bounds(), 0, set()),
        (bounds(posting="120.00"), 0, set()),
        (bounds(posting="119.99"), 0, {ONE}),
        (bounds(posting="79.99"), 0, {ONE, TWO}),
        (bounds(day="206.40"), 0, set()),
        (bounds(day="206.39"), 0, {TWO}),
        (bounds(day="123.77"), 0, {ONE}),
        (bounds(day="206.40"), 1, {TWO}),
        (bounds(posting="120.00 EUR"), 0, {ONE, TWO}),
        (bounds(day="999.00 EUR"), 0, {ONE, TWO}),
    ],
)
def test_a_piece_of_money_is_within_its_bounds_with_all_its_lines_or_waits_with_all_of_them(
    books: Books, settings: Autosync, spent: int, waits: set[object]
) -> None:
    found = beyond(books.plan().lines, settings, {USD: spent})
    assert set(found) == waits
    assert {each.code for each in found.values()} <= {FindingCode.ABOVE_BOUND}
    assert all("receivables plan" in each.next_step for each in found.values())


def test_exactly_what_was_refused_waits_and_anything_else_of_it_is_tried(books: Books) -> None:
    lines = books.plan().lines
    first = lines[0]
    row = OutboxRow(
        op_id=first.op_id,
        company_id=CompanyId("acme"),
        connection_id=connection_of(first.intent),
        kind=first.kind,
        subject=first.subject,
        intent=first.intent,
        state=OutboxState.DEAD,
        fault="The period is closed.",
    )
    assert set(refused_before([row], lines)) == {first.intent.about}
    assert refused_before([replace(row, state=OutboxState.DONE)], lines) == {}
    assert refused_before([replace(row, intent=lines[1].intent)], lines) == {}
    retried = replace(row, op_id=OpId("R" * 20), fault=f"{CALLED_OFF}dana wants it tried again.")
    assert refused_before([row, retried], lines) == {}, "refused twice, and the later one shall be tried again"
