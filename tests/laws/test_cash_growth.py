"""What grows little by little ends as what was built at once; and no look that is left out would have said anything."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.app.folder import read_cases
from connector.reconcile.cash.case import Policy
from connector.reconcile.cash.numbers import Mention, Numbers, Reading
from connector.reconcile.cash.rounds import LAST, NEEDS, STRONGEST, WEAKER, Rounds, Says
from tests.bench.cash import files
from tests.bench.cash.settings import PROFILES
from tests.bench.cash.world import world

FORMS = (
    "INV-{:05}",
    "{}",
    "2026-{:04}",
    "2025/{:03}",
    "A{:04}",
    "INV-{}",
    "9-{:03}-26",
    "R{:02}/{:03}",
    "SI 0012{:03}",
    "",
)
"""How companies number, among them numbers of several parts, with a year, without letters; and no number at all."""
TEXTS = (
    "Invoice {}", "{} {}", "inv {}/{}", "{}, {} and {}", "pmt {} - {}", "thanks", "RE {} PO 4711", "INV{}", "00{}",
    "payment for our orders of last month {}",
)  # fmt: skip


@st.composite
def companies(draw: st.DrawFn) -> tuple[list[str], list[str], list[int]]:
    """Numbers, texts that quote some of them in whatever way, and how many of both come at a time."""
    luck = random.Random(draw(st.integers(0, 2**32)))  # noqa: S311 - numbers for a test
    forms = luck.sample(FORMS, luck.randint(1, 3))
    start = luck.choice([1, 90, 990, 9_990])
    numbers = [luck.choice(forms).format(start + at, at % 7) for at in range(luck.randint(1, 60))]
    quoted = [luck.choice(numbers).replace("INV-", luck.choice(["INV-", "", "inv "])) for _ in range(90)]
    texts = [luck.choice(TEXTS).format(*luck.sample(quoted, 3)) for _ in range(40)]
    return numbers, texts, [luck.randint(0, 12) for _ in range(12)]


def plain(reading: Reading) -> tuple[object, ...]:
    """A reading without the order of the items that one number may mean."""

    def told(one: Mention) -> tuple[object, ...]:
        return sorted(one.items), one.start, one.end, one.how

    return [told(one) for one in reading.mentions], reading.cut, reading.strange, reading.loose, reading.full


@given(companies())
def test_numbers_that_come_little_by_little_are_read_as_those_that_are_known_at_once(
    company: tuple[list[str], list[str], list[int]],
) -> None:
    numbers, texts, portions = company
    grown, at = Numbers(()), 0
    for count in portions:
        grown.add(numbers[at : at + count], texts[at : at + count])
        at += count
    grown.add(numbers[at:], texts[at:])
    whole = Numbers(numbers, texts)
    for text in texts:
        assert plain(grown.read(text)) == plain(whole.read(text))
    for place in range(len(numbers)):
        assert (grown.digits_of(place), grown.end_of(place)) == (whole.digits_of(place), whole.end_of(place))


def test_a_ledger_that_runs_on_is_not_learned_again_with_every_number() -> None:
    numbers = Numbers([f"INV-{at:06}" for at in range(200_100, 200_200)])
    for at in range(200_200, 200_900):
        numbers.add([f"INV-{at:06}"])
    assert numbers.times_learned <= 2


@pytest.mark.parametrize("name", ["smb", "long"])
def test_a_look_that_is_left_out_would_have_said_nothing(name: str) -> None:
    """`rounds` asks a receipt only for what it may say. The others are asked here all the same."""
    asked: Counter[Says] = Counter()
    with TemporaryDirectory() as folder:
        files.write(Path(folder), world(PROFILES[name], 300, 3))
        cases = [case for _, case in read_cases(Path(folder), Policy(bank_fee=2_500, terms=True, partial=True))]
    for case in cases:
        rounds = Rounds(case)
        places = list(rounds.at.waiting)
        saying = rounds.saying(places)
        for look in (*STRONGEST, *WEAKER, *LAST):
            for place in sorted(set(places).difference(saying[NEEDS[look]])):
                asked[NEEDS[look]] += 1
                assert look(rounds.at, place) is None
    assert asked.keys() == set(Says)
