"""Shadow over random books: nothing is said of sound ones, and one wrong thing is named as what it is, and alone."""

from __future__ import annotations

import pytest

from connector.money import Money
from tests.laws.shadow_world import POLLUTIONS, USD, Shop

SOUND = 120
SEEDS = 16
AT_THE_GATE = 60


@pytest.mark.parametrize("part", range(2))
def test_of_sound_books_nothing_is_said_whoever_posted_them(part: int) -> None:
    _says_nothing(range(part * SOUND // 2, (part + 1) * SOUND // 2))


@pytest.mark.gate
def test_of_many_more_sound_books_nothing_is_said() -> None:
    _says_nothing(range(SOUND, SOUND + 10 * AT_THE_GATE))


def _says_nothing(seeds: range) -> None:
    posters = set()
    for seed in seeds:
        shop = Shop(seed)
        posters.add(shop.by)
        found = shop.shadow()
        assert [row.finding.sentence for row in found.rows] == [], (seed, shop.by)
        assert (found.decided, found.asked, found.residues) == ((), 0, ()), (seed, shop.by)
    assert posters == {"us", "program", "person"}


@pytest.mark.parametrize("kind", POLLUTIONS)
def test_one_wrong_thing_in_sound_books_is_named_as_what_it_is_and_nothing_else_is(kind: str) -> None:
    _names(kind, range(SEEDS))


@pytest.mark.gate
@pytest.mark.parametrize("kind", POLLUTIONS)
def test_one_wrong_thing_is_named_in_many_more_books(kind: str) -> None:
    _names(kind, range(SEEDS, SEEDS + AT_THE_GATE))


def _names(kind: str, seeds: range) -> None:
    for seed in seeds:
        shop = Shop(seed)
        at, code = POLLUTIONS[kind](shop)
        rows = shop.shadow().rows
        assert [row.finding.code for row in rows] == [code], (seed, [row.finding.sentence for row in rows])
        (row,) = rows
        assert row.finding.refs[0] in at, (seed, shop.by, row.finding.sentence)
        assert row.finding.amount not in (None, Money(0, USD))
        assert row.finding.next_step
