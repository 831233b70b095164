"""What rests on a sum of several items: the only such set, hardly one by accident, and both can be counted again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from connector.app.folder import read_cases
from connector.reconcile.cash.case import Policy
from connector.reconcile.cash.evidence import payment_lines
from connector.reconcile.cash.record import Line
from connector.reconcile.cash.rounds import Rounds
from tests.bench.cash import files
from tests.bench.cash.settings import PROFILES
from tests.bench.cash.world import world
from tests.unit.cash_ground import invoice, paid, rounds, told

SIZE = {"smb": 1_500, "b2b": 500, "long": 900}
SEARCHED = 20
"""Among so many open items an amount alone may tell a set."""
BY_TEXT = frozenset({"completion", "reference-credit", "reference-subset"})
BY_AMOUNT = frozenset({"subset", "all-due"})


@cache
def lines() -> tuple[Line, ...]:
    """The evidence of everything in three worlds that settles several items."""
    found: list[Line] = []
    for name, size in SIZE.items():
        with TemporaryDirectory() as folder:
            files.write(Path(folder), world(PROFILES[name], size, 7))
            for _, case in read_cases(Path(folder), Policy(bank_fee=2_500, terms=True)):
                done = Rounds(case)
                done.run()
                found += (line for line in payment_lines("", done.at, {}) if line.kind in BY_TEXT | BY_AMOUNT)
    return tuple(found)


def sums(amounts: Sequence[int]) -> Counter[int]:
    """How many sets of two and more have which sum, one amount at a time."""
    every = Counter({0: 1})
    for amount in amounts:
        every.update({total + amount: count for total, count in list(every.items())})
    every[0] -= 1
    every.subtract(amounts)
    return every


def open_amounts(line: Line) -> Iterator[int]:
    known = {item.id: item.open for item in line.items}
    yield from (known[item] for item in line.considered)


@pytest.mark.req("R5")
def test_every_set_that_an_amount_alone_tells_is_the_only_one_among_twenty_at_most() -> None:
    alone = [line for line in lines() if line.kind == "subset" and not line.adjustments]
    for line in alone:
        amounts = list(open_amounts(line))
        assert len(amounts) == line.considered_all <= SEARCHED
        assert line.payment.amount not in amounts
        assert sums(amounts)[line.payment.amount] == 1
    assert len(alone) > len(SIZE)


@pytest.mark.req("R5")
def test_accidental_answers_are_counted_for_every_sum_and_never_more_than_one_in_a_thousand() -> None:
    counted = Counter(line.kind for line in lines() if line.accidents_ppm > 0)
    assert all(line.accidents_ppm <= 1_000 for line in lines())
    assert counted.keys() >= {"subset", "completion", "all-due"}


@pytest.mark.req("R5")
def test_beyond_twenty_open_items_a_set_needs_numbers_in_the_text_or_is_all_that_was_due() -> None:
    beyond = [line for line in lines() if line.considered_all > SEARCHED]
    for line in beyond:
        if line.kind in BY_TEXT:
            assert line.spans or any(sign.isdigit() for sign in line.payment.text)
            continue
        assert line.kind == "all-due"
        due = {item.id: item.due for item in line.items}
        settled = {each.item for each in line.settled}
        days = [due[one] for one in settled]
        known = {item.id: item.open for item in line.items}
        between = {one for one in line.considered if min(days) <= due[one] <= max(days) and known[one] > 0}
        assert between <= settled or not line.accidents_ppm
    assert {line.kind for line in beyond} >= {"completion", "all-due"}


@pytest.mark.req("R5")
@pytest.mark.parametrize(
    ("amounts", "paid_", "is_told"),
    [
        pytest.param([10_013, 23_057, 38_111, 51_007], 33_070, True, id="one pair"),
        pytest.param([10_013, 23_057, 13_070, 20_000], 33_070, False, id="two pairs"),
        pytest.param([10_013, 23_057, 11_035, 11_022, 11_013], 33_070, False, id="a pair and three others"),
        pytest.param([10_000, 20_000, 35_000, 50_000, 70_000, 110_000], 30_000, False, id="round ones on a price list"),
    ],
)
def test_two_sets_of_one_sum_or_many_by_accident_tell_nothing(amounts: list[int], paid_: int, *, is_told: bool) -> None:
    items = [invoice(f"R{at:03}", amount, due=60 + at) for at, amount in enumerate(amounts)]
    done = rounds(items, [paid("p", paid_, account="DE1")])
    assert bool(told(done)) is is_told


@pytest.mark.req("R5")
def test_of_numbers_in_a_text_only_a_set_that_is_hardly_an_accident_is_taken() -> None:
    few = [invoice(f"R{at}", 10_013 * at + at * at * 7, due=30) for at in range(101, 105)]
    text = " ".join(item.number for item in few)
    wanted = few[0].amount + few[2].amount
    assert told(rounds(few, [paid("p", wanted, text, account="DE1")])).keys() == {"p"}
    cheap = [invoice(f"R{at}", 1 + at % 7, due=30) for at in range(101, 115)]
    text = " ".join(item.number for item in cheap)
    assert told(rounds(cheap, [paid("p", 9, text, account="DE1")])) == {}
