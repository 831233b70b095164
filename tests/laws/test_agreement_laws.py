"""Laws of the agreement report: whatever single thing is wrong with an entry, it is found, named and counted."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.dates import BusinessDate, business_date
from connector.money import Currency, Money
from connector.reconcile.agreement import Agreement, DifferenceKind, Entry, agree, next_step, told

BEGINNING = business_date("2026-03-01")
PRICES = (990, 1_900, 1_900, 4_900, -990)
CODES = ("EUR", "JPY", "USD")
CORRUPTIONS = 1_000


def later(day: BusinessDate, days: int) -> BusinessDate:
    return BusinessDate(day + timedelta(days=days))


def world(drawn: random.Random, size: int) -> tuple[list[Entry], list[Entry]]:
    """Two sides that agree, with a price list, so that many amounts and days are equal; some entries have no key."""
    here, there = [], []
    for number in range(size):
        code = Currency(drawn.choice(CODES))
        on = later(BEGINNING, drawn.randrange(12))
        amount = Money(drawn.choice(PRICES), code)
        key = f"payment {number}" if number else ""
        here.append(Entry(key, on, amount, f"books/{number}"))
        there.append(Entry(key, on, amount, f"processor/{number}"))
    drawn.shuffle(here)
    drawn.shuffle(there)
    return here, there


def corrupt(drawn: random.Random, side: list[Entry], *, books: bool) -> tuple[str, Entry, DifferenceKind]:
    """Change one thing of one side; say what, of which entry, and by which name it has to be found."""
    place = drawn.choice([at for at, entry in enumerate(side) if entry.key])
    entry = side[place]
    amount = entry.amount
    what = drawn.choice(("delete", "up", "down", "sign", "day before", "day after", "currency", "duplicate"))
    changed = {
        "up": entry._replace(amount=Money(amount.minor + 1, amount.currency)),
        "down": entry._replace(amount=Money(amount.minor - 1, amount.currency)),
        "sign": entry._replace(amount=-amount),
        "day before": entry._replace(on=later(entry.on, -1)),
        "day after": entry._replace(on=later(entry.on, 1)),
        "currency": entry._replace(
            amount=Money(amount.minor, Currency(drawn.choice([code for code in CODES if code != amount.currency])))
        ),
    }
    if what == "delete":
        del side[place]
        return what, entry, DifferenceKind.MISSING_HERE if books else DifferenceKind.MISSING_THERE
    if what == "duplicate":
        side.insert(drawn.randrange(len(side)), entry._replace(ref=f"{entry.ref}-again"))
        return what, entry, DifferenceKind.DUPLICATED
    side[place] = changed[what]
    kind = {"day before": DifferenceKind.DATE, "day after": DifferenceKind.DATE, "currency": DifferenceKind.CURRENCY}
    return what, side[place], kind.get(what, DifferenceKind.AMOUNT)


def totals(side: list[Entry]) -> Counter[tuple[str, BusinessDate]]:
    found: Counter[tuple[str, BusinessDate]] = Counter()
    for entry in side:
        found[entry.amount.currency, entry.on] += entry.amount.minor
    return found


def adds_up(found: Agreement, here: list[Entry], there: list[Entry]) -> bool:
    """Whether the differences are, day by day, all that the sides are apart; reckoned from the sides alone."""
    apart = totals(here)
    apart.subtract(totals(there))
    for difference in found.differences:
        for effect in difference.effects:
            apart[effect.currency, effect.on] -= effect.minor
    return not any(apart.values())


@pytest.mark.parametrize("seed", range(4))
def test_each_of_1000_single_corruptions_is_found_alone_and_named_rightly(seed: int) -> None:
    drawn = random.Random(seed)  # noqa: S311
    seen: Counter[tuple[str, bool]] = Counter()
    for _ in range(CORRUPTIONS // 4):
        here, there = world(drawn, drawn.randrange(2, 80))
        books = drawn.random() < 0.5
        what, entry, kind = corrupt(drawn, here if books else there, books=books)
        seen[what, books] += 1
        found = agree(here, there)
        (difference,) = found.differences
        assert difference.kind is kind
        assert entry.key == difference.entry.key
        held = {each.ref for each in (difference.here, difference.there, difference.twin) if each is not None}
        number = entry.ref.partition("/")[2]
        expected = {f"books/{number}", f"processor/{number}"}
        if what == "delete":
            expected = {f"{'processor' if books else 'books'}/{number}"}
        if what == "duplicate":
            expected = {entry.ref, f"{entry.ref}-again"}
        assert held == expected
        assert entry.ref in told(difference) or what == "delete"
        assert next_step(difference)
        assert adds_up(found, here, there)
        assert found.unexplained == ()
    assert len(seen) == 16


def test_two_sides_that_agree_have_no_difference_whatever_order_they_are_in() -> None:
    drawn = random.Random(5)  # noqa: S311
    here, there = world(drawn, 400)
    found = agree(here, there)
    assert found.holds
    assert (found.days, found.unexplained, found.agreeing) == ((), (), 400)
    assert all(not total.difference for total in found.totals)


ENTRIES = st.lists(
    st.builds(
        lambda key, day, code, minor, ref: Entry(key, later(BEGINNING, day), Money(minor, Currency(code)), str(ref)),
        st.sampled_from(["", "a", "b", "c", "d"]),
        st.integers(0, 2),
        st.sampled_from(CODES),
        st.integers(-2, 2),
        st.integers(0, 9),
    ),
    max_size=12,
)


@given(ENTRIES, ENTRIES, st.randoms(use_true_random=False))
def test_whatever_is_wrong_the_differences_are_all_that_the_sides_are_apart_in_any_order(
    here: list[Entry], there: list[Entry], drawn: random.Random
) -> None:
    found = agree(here, there)
    assert adds_up(found, here, there)
    assert found.unexplained == ()
    both = 2 * len(found.differences) + 2 * found.agreeing
    assert both >= len(here) + len(there)
    drawn.shuffle(here)
    drawn.shuffle(there)
    assert agree(here, there) == found


@given(ENTRIES, ENTRIES)
def test_seen_from_the_other_side_missing_here_is_missing_there_and_the_rest_keeps_its_name(
    here: list[Entry], there: list[Entry]
) -> None:
    turned = {
        DifferenceKind.MISSING_HERE: DifferenceKind.MISSING_THERE,
        DifferenceKind.MISSING_THERE: DifferenceKind.MISSING_HERE,
    }
    one, other = agree(here, there), agree(there, here)
    assert Counter(turned.get(each.kind, each.kind) for each in one.differences) == Counter(
        each.kind for each in other.differences
    )
