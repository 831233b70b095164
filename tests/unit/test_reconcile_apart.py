"""Why two figures are apart by so much: what differs by exactly it, sums of that, rows of that amount; or nothing."""

from __future__ import annotations

from typing import Any

import pytest

from connector.dates import BusinessDate, business_date
from connector.money import Money
from connector.reconcile.agreement import Entry, agree
from connector.reconcile.apart import SHOWN_MAX, Search, Strength, search
from connector.reconcile.rowed import Row
from connector.reconcile.sides import Sheet
from tests.builders import USD, money

FIRST = business_date("2026-03-01")


def day(number: int) -> BusinessDate:
    return BusinessDate(FIRST.replace(day=number))


def entry(key: str, amount: str, on: int = 1, ref: str = "") -> Entry:
    return Entry(key, day(on), money(amount), ref or key)


def sheet(here: list[Entry], there: list[Entry], **more: Any) -> Sheet:
    return Sheet(name="Clearing", here="the books", there="stripe", agreement=agree(here, there), **more)


def missing(*amounts: str) -> Sheet:
    """Entries of the processor, one a day, of which the books have none."""
    return sheet([], [entry(f"e{place}", amount, place) for place, amount in enumerate(amounts, start=1)])


def row(what: str, amount: str, ref: str, **more: Any) -> Row:
    return Row(what, more.pop("on", day(1)), money(amount), ref, **more)


def asked(amount: str, *sheets: Sheet, rows: tuple[Row, ...] = (), on: BusinessDate | None = None) -> Search:
    return search(sheets, rows, money(amount), on)


def refs(found: Search, strength: Strength) -> list[tuple[str, ...]]:
    return [each.refs for each in found.answers if each.strength is strength]


def test_the_one_difference_of_that_amount_explains_it() -> None:
    found = asked("22.17", missing("10.00", "22.17", "5.00"))
    assert found.explained is not None
    assert found.explained.refs == ("e2",)


def test_an_amount_that_differs_by_it_on_one_row_names_both_sides_of_the_row() -> None:
    found = asked("0.01", sheet([entry("a", "9.99", ref="here")], [entry("a", "10.00", ref="there")]))
    assert found.explained is not None
    assert found.explained.refs == ("here", "there")
    assert "less by exactly this" in found.explained.sentence


def test_two_differences_of_the_same_amount_are_both_shown_and_neither_is_called_the_reason() -> None:
    found = asked("22.17", missing("22.17", "22.17"))
    assert found.explained is None
    assert refs(found, Strength.DIFFERS) == [("e1",), ("e2",)]


def test_one_row_that_is_wrong_on_several_sheets_is_one_reason() -> None:
    first = sheet([entry("a", "9.99", ref="p-1")], [entry("a", "10.00", ref="txn_1")])
    second = sheet([entry("b", "9.99", ref="txn_1")], [entry("b", "10.00", ref="the parts of txn_1")])
    found = asked("0.01", first, second)
    assert found.counts[Strength.DIFFERS] == 2
    assert found.explained is not None


def test_a_total_that_is_off_counts_only_where_no_row_is() -> None:
    total = sheet([entry("t", "0.01")], [entry("t", "0.00")], is_sum=True)
    alone = asked("0.01", total)
    assert alone.explained is not None
    assert alone.explained.strength is Strength.TOTAL
    with_row = asked("0.01", total, sheet([entry("a", "9.99")], [entry("a", "10.00")]))
    assert with_row.explained is not None
    assert with_row.explained.refs == ("a",)


SUMS = {
    "two differences, not neighbours": (("10.00", "3.00", "12.17"), "22.17", ("e1", "e3")),
    "two differences against each other": (("30.00", "3.00", "-7.83"), "22.17", ("e1", "e3")),
    "a run of days": (("1.00", "10.00", "5.00", "7.17", "2.00"), "22.17", ("e2", "e3", "e4")),
    "everything together": (("10.00", "5.00", "7.17"), "22.17", ("e1", "e2", "e3")),
}


@pytest.mark.parametrize("name", SUMS)
def test_sums_of_differences_are_found(name: str) -> None:
    amounts, wanted, expected = SUMS[name]
    found = asked(wanted, missing(*amounts))
    assert found.explained is not None
    assert found.explained.strength is Strength.SUM
    assert tuple(sorted(found.explained.refs)) == expected


def test_several_sums_that_equal_it_are_no_proof() -> None:
    found = asked("22.17", missing("10.00", "12.17", "20.00", "2.17"))
    assert refs(found, Strength.SUM) == [("e1", "e2"), ("e3", "e4")]
    assert found.explained is None


def test_a_day_that_is_off_by_it_names_what_differs_then() -> None:
    found = asked("22.17", sheet([], [entry("a", "20.00", 4), entry("b", "2.17", 4), entry("c", "1.00", 5)]))
    (told,) = [each for each in found.answers if each.strength is Strength.SUM]
    assert told.refs == ("a", "b")
    assert "2026-03-04" in told.sentence


def test_only_what_is_of_the_day_asked_for_counts() -> None:
    there = [entry("a", "22.17", 4), entry("b", "22.17", 5)]
    assert asked("22.17", sheet([], there)).explained is None
    found = asked("22.17", sheet([], there), rows=(row("invoice", "22.17", "i-1", on=day(6)),), on=day(5))
    assert found.explained is not None
    assert found.explained.refs == ("b",)
    assert Strength.AMOUNT not in found.counts


def test_another_currency_explains_nothing() -> None:
    found = asked("22.17", missing("22.17 EUR"), rows=(row("invoice", "22.17 EUR", "i-1"),))
    assert (found.answers, found.explained) == ((), None)


def test_nothing_is_nearly_it() -> None:
    found = asked("22.17", missing("22.16", "22.18"), rows=(row("invoice", "22.16", "i-1"),))
    assert found.answers == ()


LIKE = {
    "a row of that amount": ((row("invoice", "22.17", "i-1"),), [("i-1",)], Strength.AMOUNT),
    "the same entered twice": (
        (row("payment", "22.17", "p-1", party="acme"), row("payment", "22.17", "p-2", party="acme")),
        [("p-1", "p-2")],
        Strength.AMOUNT,
    ),
    "the fees of a payout": (
        (row("fee", "20.00", "t-1", payout="po_1"), row("fee", "2.17", "t-2", payout="po_1", on=day(2)),
         row("fee", "1.00", "t-3", payout="po_2")),
        [("t-1", "t-2")],
        Strength.AMOUNT,
    ),
    "what one customer paid": (
        (row("payment", "20.00", "p-1", party="acme"), row("payment", "2.17", "p-2", party="acme", on=day(9)),
         row("payment", "5.00", "p-3", party="birch")),
        [("p-1", "p-2")],
        Strength.AMOUNT,
    ),
    "what came on one day": (
        (row("payment", "20.00", "p-1", party="acme"), row("payment", "2.17", "p-2", party="birch"),
         row("payment", "5.00", "p-3", on=day(2))),
        [("p-1", "p-2")],
        Strength.AMOUNT,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LIKE)
def test_what_only_has_the_amount_is_shown_and_explains_nothing(name: str) -> None:
    rows, expected, strength = LIKE[name]
    found = asked("22.17", rows=rows)
    assert refs(found, strength) == expected
    assert found.explained is None


def test_half_of_it_on_the_wrong_side_is_a_slip() -> None:
    found = asked("22.18", rows=(row("entry in the books", "11.09", "j-1"),))
    (told,) = found.answers
    assert (told.strength, told.refs) == (Strength.SLIP, ("j-1",))


def test_two_digits_the_wrong_way_round_are_a_slip_and_say_which_amount_was_meant() -> None:
    found = asked("2.70", rows=(row("entry in the books", "14.70", "j-1"), row("entry in the books", "14.80", "j-2")))
    (told,) = found.answers
    assert told.refs == ("j-1",)
    assert "(17.40)" in told.sentence


def test_what_is_shown_is_bounded_and_what_there_is_is_counted() -> None:
    found = asked("22.17", missing(*["22.17"] * 28))
    assert found.counts[Strength.DIFFERS] == 28
    assert len(refs(found, Strength.DIFFERS)) == SHOWN_MAX
    assert found.explained is None


def test_the_work_grows_with_the_differences_and_not_with_their_pairs() -> None:
    def looked(count: int) -> int:
        there = [Entry(f"e{n}", day(1 + n % 28), Money(1_000_003 + 17 * n * n, USD), f"e{n}") for n in range(count)]
        return asked("0.01", sheet([], there)).looked_at

    assert looked(1_600) <= 2 * looked(800) + 100


def test_too_many_differences_are_not_searched_for_pairs_and_it_is_said() -> None:
    there = [Entry(f"e{n}", day(1), Money(100 + n, USD), f"e{n}") for n in range(2_001)]
    found = asked("2.01", sheet([], there))
    assert found.cut
    assert refs(found, Strength.DIFFERS) == [("e101",)]
    assert Strength.SUM not in found.counts
