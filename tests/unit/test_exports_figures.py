"""Amounts and dates as people's files write them: read by the whole column, refused where they can be read twice."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.exports.days import order_of, ordinals
from connector.exports.figures import amounts, decimal_mark
from connector.exports.grid import BadCell, Number
from connector.money import Currency

USD, EUR, JPY, KWD = Currency("USD"), Currency("EUR"), Currency("JPY"), Currency("KWD")


def read(*fields: str, code: Currency = USD, mark: str = "") -> list[int]:
    return amounts(fields, [code] * len(fields), mark)


def refused(*fields: str, code: Currency = USD) -> BadCell:
    with pytest.raises(BadCell) as caught:
        read(*fields, code=code)
    return caught.value


@pytest.mark.parametrize(
    ("fields", "code", "minor"),
    [
        pytest.param(("1,234.50", "12.00"), USD, [123450, 1200], id="English"),
        pytest.param(("1.234,50", "12,00", "1.234"), EUR, [123450, 1200, 123400], id="continental"),
        pytest.param(("1 234,50 €", "12,00 €"), EUR, [123450, 1200], id="French"),
        pytest.param(("1'234.50", "CHF 12"), Currency("CHF"), [123450, 1200], id="Swiss"),
        pytest.param(("12,34,567.00",), Currency("INR"), [123456700], id="Indian groups"),
        pytest.param(("$1,234.50", "-$12.00", "$(3.00)", "(4.00)", "5.00-", "$-6.00"), USD,
                     [123450, -1200, -300, -400, -500, -600], id="signs"),
        pytest.param(("1,234", "50"), JPY, [1234, 50], id="no decimals in the currency"),
        pytest.param(("1.234", "0.500", "1,000.000"), KWD, [1234, 500, 1000000], id="three decimals"),
        pytest.param(("100", "7"), USD, [10000, 700], id="whole"),
        pytest.param((Number("1234.5"), "1,234.50"), USD, [123450, 123450], id="a workbook's number beside a text"),
        pytest.param((Number("1.234"), "7"), KWD, [1234, 7000], id="a workbook's number is no riddle"),
        pytest.param((".50",), USD, [50], id="no whole"),
    ],
)  # fmt: skip
def test_a_column_of_amounts_is_read_in_the_way_that_all_its_fields_agree_on(
    fields: tuple[str, ...], code: Currency, minor: list[int]
) -> None:
    assert read(*fields, code=code) == minor


@pytest.mark.parametrize(
    ("fields", "code", "place", "why"),
    [
        (("1,234", "5,678"), USD, 1, "'5,678' can be read in two ways"),
        (("1.234",), KWD, 0, "'1.234' can be read in two ways"),
        (("1,234.50", "1.234,50"), USD, 1, "'1.234,50' is written otherwise than the amounts before it"),
        (("12.00", "1.234"), USD, 1, "'1.234' has more decimals than USD has"),
        (("12.00", "1,23.00"), USD, 1, "'1,23.00' is no amount whose decimal mark is '.'"),
        (("12.00", ""), USD, 1, "it has no amount"),
        (("12.00", "n/a"), USD, 1, "'n/a' is no amount"),
        (("12.00", "€5.00"), USD, 1, "'€5.00' is not in USD"),
        (("12.00", "5.00 EUR"), USD, 1, "'5.00 EUR' is not in USD"),
        (("-(5.00)",), USD, 0, "the sign of '-(5.00)' is not clear"),
        (("(5.00",), USD, 0, "the sign of '(5.00' is not clear"),
        (("12.345",), USD, 0, "'12.345' can be read in two ways"),
        ((Number("12.345"),), USD, 0, "'12.345' has more decimals than USD has"),
        (("1" * 50,), USD, 0, f"'{'1' * 40}' is no amount"),
    ],
)
def test_what_is_not_clear_is_refused_at_its_place(
    fields: tuple[str, ...], code: Currency, place: int, why: str
) -> None:
    bad = refused(*fields, code=code)
    assert (bad.place, str(bad)) == (place, why)


def test_a_mark_that_somebody_named_is_believed() -> None:
    assert read("1.234", code=EUR, mark=",") == [123400]
    assert decimal_mark(["1.234,50"], EUR) == ","


@given(
    minors=st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=8),
    style=st.sampled_from([(",", "."), (".", ","), (" ", ","), ("'", "."), ("", "."), ("", ",")]),
    less=st.sampled_from(["-{}", "({})", "{}-", "-${}"]),
)
def test_whatever_a_program_writes_with_cents_is_read_back(
    minors: list[int], style: tuple[str, str], less: str
) -> None:
    group, mark = style
    fields = []
    for minor in minors:
        whole, cents = divmod(abs(minor), 100)
        shown = f"{whole:,}".replace(",", group) + f"{mark}{cents:02d}"
        fields.append(less.format(shown) if minor < 0 else shown)
    assert read(*fields) == minors


@pytest.mark.parametrize(
    ("fields", "order", "days"),
    [
        pytest.param(("03/04/2026", "13/04/2026"), "", ["2026-04-03", "2026-04-13"], id="a thirteenth shows it"),
        pytest.param(("03/04/2026", "03/14/2026"), "", ["2026-03-04", "2026-03-14"], id="American"),
        pytest.param(("03.04.2026", "30.04.2026"), "", ["2026-04-03", "2026-04-30"], id="dots"),
        pytest.param(("05/05/2026",), "", ["2026-05-05"], id="the same either way"),
        pytest.param(("03/04/2026",), "dmy", ["2026-04-03"], id="said"),
        pytest.param(("03.04.26",), "dmy", ["2026-04-03"], id="short year, said"),
        pytest.param(("2026-04-03", "2026-04-03 10:22:01"), "", ["2026-04-03", "2026-04-03"], id="ISO"),
        pytest.param(("3 Apr 2026", "Apr 3, 2026", "03-Apr-2026"), "", ["2026-04-03"] * 3, id="named months"),
    ],
)
def test_dates_are_read_in_the_order_that_all_of_them_agree_on(
    fields: tuple[str, ...], order: str, days: list[str]
) -> None:
    assert [date.fromordinal(day).isoformat() for day in ordinals(fields, order)] == days


@pytest.mark.parametrize(
    ("fields", "place", "why"),
    [
        (("03/04/2026", "05/06/2026"), 1, "'05/06/2026' may have the day first or the month"),
        (("13/04/2026", "03/14/2026"), 1, "'03/14/2026' is written otherwise than the dates before it"),
        (("03/30/2026", "02/30/2026"), 1, "'02/30/2026' is no date"),
        (("03/30/26",), 0, "'03/30/26' is no date"),
        (("2026-03-30", ""), 1, "it has no date"),
        (("2026-03-30", "1899-12-31"), 1, "'1899-12-31' is no date from 1970 to 2199"),
        (("tomorrow",), 0, "'tomorrow' is no date"),
        (("31 Foo 2026",), 0, "'31 Foo 2026' is no date"),
    ],
)
def test_dates_that_are_not_clear_are_refused_at_their_place(fields: tuple[str, ...], place: int, why: str) -> None:
    with pytest.raises(BadCell) as caught:
        ordinals(fields)
    assert (caught.value.place, str(caught.value)) == (place, why)


@given(days=st.lists(st.dates(date(1970, 1, 1), date(2199, 12, 31)), min_size=1, max_size=12), first=st.booleans())
def test_dates_are_read_back_or_nobody_could_know(days: list[date], first: bool) -> None:  # noqa: FBT001 - drawn
    shown = [f"{day:%d/%m/%Y}" if first else f"{day:%m/%d/%Y}" for day in days]
    if any(day.day > 12 for day in days):
        assert ordinals(shown) == [day.toordinal() for day in days]
    elif all(day.day == day.month for day in days):
        assert order_of(shown) == ""
    else:
        with pytest.raises(BadCell):
            ordinals(shown)
