"""Single cases of what is wrong in books already: what counts as evidence, and what only looks like it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from connector.dates import BusinessDate, business_date
from connector.model.finding import FindingCode
from connector.model.money_in import Payment
from connector.model.source import Kind, Ref
from connector.money import Money
from connector.reconcile.named import Names
from connector.reconcile.pairing import Held, Known, paired
from tests.builders import PROCESSOR, USD, Mirror, money, ref
from tests.laws.shadow_world import POLLUTIONS, Shop
from tests.unit.test_conflicts import Desk, fed, kinds

LONG = "ch_3QqRsTuVwXyZ0123456789AB"
DAY = business_date("2026-03-10")


def names(*ids: str) -> Names:
    mirror = Mirror()
    for each in ids:
        mirror.charge(each, "10.00")
    return Names(mirror.seen())


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (LONG, True),
        (f"Stripe charge {LONG}, card", True),
        (LONG[:21], True),
        (LONG[:15], False),
        (LONG.lower(), False),
        (f"{LONG}9", False),
        (None, False),
    ],
)
def test_an_id_is_known_whole_or_cut_off_by_a_short_field_and_never_by_a_few_letters(
    text: str | None, *, named: bool
) -> None:
    assert names(LONG).of((), text) == ((ref(Kind.PAYMENT, LONG, PROCESSOR),) if named else ())


def test_a_cut_id_that_could_be_two_is_none_and_plain_words_are_no_ids() -> None:
    assert names(f"{LONG}1", f"{LONG}2").of((), LONG) == ()
    assert names("1234567", "invoice").of((), "invoice 1234567") == ()


def entries(*days: int) -> Sequence[Held]:
    return [
        Held(ref(Kind.PAYMENT, str(each)), money("950.00"), BusinessDate(DAY + timedelta(days=each))) for each in days
    ]


def records(*days: int) -> Sequence[Known]:
    return [
        Known(ref(Kind.PAYMENT, f"ch_{each}", PROCESSOR), money("950.00"), BusinessDate(DAY + timedelta(days=each)))
        for each in days
    ]


def test_equal_sums_pair_one_to_one_and_only_what_is_more_is_left_over() -> None:
    assert paired(records(0, 7, 14), entries(1, 8, 15), 5).over == []
    found = paired(records(0, 7, 14), entries(1, 8, 15, 16), 5)
    assert [each.ref.vendor_id for each in found.over] == ["16"]
    assert paired(records(0, 5), entries(5, 10), 5).over == [], "as many pair as can"
    assert [each.ref.vendor_id for each in paired(records(0, 30), entries(0), 5).left] == ["ch_30"]


def test_the_entry_that_settles_something_is_the_first_of_two_that_name_one_payment() -> None:
    (known,) = records(0)
    idle, used = (each._replace(named=known.ref, settles=place == 1) for place, each in enumerate(entries(0, 1)))
    assert paired([known], [idle, used], 5).again == [(idle, used)]


@pytest.mark.req("F10")
def test_the_feeds_twin_is_listed_as_a_suspicion_with_its_reason_and_cards_are_posted_to_clearing_only() -> None:
    shop = Shop(3)
    (at,), _ = POLLUTIONS["fed"](shop)
    (row,) = shop.shadow().rows
    assert (row.finding.code, row.finding.refs[0]) == (FindingCode.BANK_FEED_TWIN, at)
    assert "may be the bank feed's own entry" in row.finding.sentence
    assert "match that line" in row.finding.next_step
    desk = Desk(posted=False)
    (payment,) = [line.payment for line in desk.plan().lines if line.payment is not None]
    assert payment.into == desk.clearing
    fed(desk)
    assert [kind for kind, _ in kinds(desk.plan())] == ["payment", "expense"]


@pytest.mark.parametrize("days", [6, 31])
def test_two_payments_of_one_sum_that_are_far_apart_are_two(days: int) -> None:
    shop = Shop(5)
    sums = [each.minor for each in shop.sales]
    sale = next(each for each in shop.sales if sums.count(each.minor) == 1)
    held = shop.payment(sale.entry)
    again = replace(
        held, memo=None, stamps=(), allocations=(), unapplied=held.gross, into=shop.bank,
        received_on=BusinessDate(held.received_on + timedelta(days=days)),
    )  # fmt: skip
    shop.put(ref(Kind.PAYMENT, "zz-extra"), again)
    assert shop.shadow().rows == ()


@pytest.mark.parametrize(("applied", "code"), [(True, FindingCode.PERHAPS_TWICE), (False, FindingCode.POSTED_TWICE)])
def test_one_check_number_for_two_equal_payments_is_a_duplicate_only_where_one_settles_nothing(
    code: FindingCode, *, applied: bool
) -> None:
    shop = Shop(1)
    shop.check("Cedar", 123_456, DAY)
    one = next(
        at for at, held in shop.records.items() if isinstance(held, Payment) and held.gross == Money(123_456, USD)
    )
    held = shop.payment(one)
    other = replace(held, received_on=BusinessDate(DAY + timedelta(days=1)))
    if not applied:
        other = replace(other, allocations=(), unapplied=held.gross)
    extra: Ref = shop.put(ref(Kind.PAYMENT, "zz-extra"), other)
    found = [row.finding for row in shop.shadow().rows if extra in row.finding.refs]
    assert code in [each.code for each in found]
