"""What is said of payouts can be computed again from its evidence, and nothing else passes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest

from connector.reconcile.cash.landings import landed
from connector.reconcile.cash.payout_recheck import PayoutCourse
from connector.reconcile.cash.payout_record import Arrived, Consists, Open, PayoutRecord, records
from connector.reconcile.cash.payouts import Made, composed
from tests.unit.test_cash_payouts import at_bank, line, sent

PAYOUTS = [
    sent("po1", 970, 0),
    sent("po2", 970, 3),
    sent("po3", 500, 4)._replace(trace="ST-9"),
    sent("po4", 300, 5, by_hand=True),
    sent("po5", 60, 7)._replace(by_hand=Made.AT_ONCE),
    sent("po6", 41, 8),
]
DEPOSITS = [
    at_bank("d1", 970, 3, "PSP"),
    at_bank("d2", 970, 6, "PSP"),
    at_bank("d3", 500, 16, "psp ST-9"),
    at_bank("d4", 300, 8, "PSP"),
]
LINES = [
    line("x1", 970, 0, "po1", fee=30),
    line("x2", 1_170, 2, "po2"),
    line("x3", -200, 2, "po2", type_="refund"),
    line("x4", 500, 3, "po3"),
    line("x5", 300, 4),
    line("x6", 61, 6),
    line("x7", -61, 7, "po5", fee=1, type_="payout"),
]


def written() -> list[PayoutRecord]:
    found = landed(PAYOUTS, DEPOSITS, LINES), composed(PAYOUTS, LINES, {})
    return list(records("firm", PAYOUTS, DEPOSITS, LINES, found))


def faults(lines: list[PayoutRecord]) -> list[str]:
    course = PayoutCourse()
    return [fault for record in lines for fault in course.take(record)]


def test_everything_that_is_said_holds_and_says_what_it_stands_on() -> None:
    course = PayoutCourse()
    told = written()
    assert [fault for record in told for fault in course.take(record)] == []
    assert (course.decisions, course.abstentions) == (9, 3)
    assert {(each.deposit, each.payout, each.why) for each in told if isinstance(each, Arrived)} == {
        ("d1", "po1", "forced"),
        ("d2", "po2", "forced"),
        ("d3", "po3", "traced"),
        ("d4", "po4", "only"),
    }
    assert {each.payout: [held.id for held in each.lines] for each in told if isinstance(each, Consists)} == {
        "po1": ["x1"],
        "po2": ["x2", "x3"],
        "po3": ["x4"],
        "po4": ["x5"],
        "po5": ["x6"],
    }
    assert {(each.payout, each.of) for each in told if isinstance(each, Open)} == {
        ("po5", "deposit"),
        ("po6", "deposit"),
        ("po6", "lines"),
    }


def arrived(payout: str, change: Callable[[Arrived], Arrived]) -> Callable[[PayoutRecord], PayoutRecord]:
    return lambda each: change(each) if isinstance(each, Arrived) and each.payout == payout else each


def consists(payout: str, change: Callable[[Consists], Consists]) -> Callable[[PayoutRecord], PayoutRecord]:
    return lambda each: change(each) if isinstance(each, Consists) and each.payout == payout else each


def later(each: Arrived, days: int) -> Arrived:
    first, *rest = each.deposits
    return replace(each, deposits=(replace(first, on=first.on + timedelta(days=days)), *rest))


CHANGES: dict[str, tuple[Callable[[PayoutRecord], PayoutRecord], str]] = {
    "another amount": (
        arrived("po4", lambda each: replace(each, deposits=(replace(each.deposits[0], amount=301),))),
        "it is 301 USD, and the payout 300 USD",
    ),
    "another currency": (
        arrived("po4", lambda each: replace(each, payouts=(replace(each.payouts[0], currency="EUR"),))),
        "and the payout 300 EUR",
    ),
    "a day too late": (arrived("po4", lambda each: later(each, 5)), "its day or its text is not the payout's"),
    "a text that names nobody": (
        arrived("po3", lambda each: replace(each, deposits=(replace(each.deposits[0], text="PSP ST-90"),))),
        "its text does not name the payout",
    ),
    "a rival that was there": (arrived("po1", lambda each: replace(each, why="only")), "it was not the only one"),
    "another way": (arrived("po1", lambda each: later(each, 2)), "another way leaves nobody alone"),
    "a rival without a partner": (
        arrived("po1", lambda each: replace(each, deposits=each.deposits[:1])),
        "not every one of that amount has a partner",
    ),
    "no such reason": (arrived("po4", lambda each: replace(each, why="felt")), "nobody knows what it stands on"),
    "a deposit told twice": (arrived("po2", lambda each: replace(each, deposit="d1")), "deposit d1 stands there twice"),
    "a deposit that is not there": (
        arrived("po4", lambda each: replace(each, deposits=())), "it does not say what it is about",
    ),
    "a sum a cent off": (
        consists("po1", lambda each: replace(each, amount=971, taken=971)), "its lines come to 970, and it took 971",
    ),
    "a line missing": (
        consists("po2", lambda each: replace(each, lines=each.lines[1:])), "its lines come to -200, and it took 970",
    ),
    "a net that is none": (
        consists("po1", lambda each: replace(each, lines=(replace(each.lines[0], fee=29),))),
        "the net of line x1 is not its gross less its fee",
    ),
    "a line of another payout": (
        consists("po4", lambda each: replace(each, lines=(replace(each.lines[0], id="x1"),))),
        "line of psp x1 stands there twice",
    ),
    "more taken than it is": (consists("po1", lambda each: replace(each, amount=969)), "it took 970, and is 969"),
    "no beginning": (consists("po4", lambda each: replace(each, before=None)), "it does not say where it begins"),
    "an earlier line": (
        consists(
            "po5",
            lambda each: replace(each, lines=(replace(each.lines[0], available=date(2026, 3, 2)),)),
        ),
        "ready before those of the payout before it",
    ),
    "nothing in it": (consists("po4", lambda each: replace(each, lines=(), taken=0)), "it consists of nothing"),
    "no reason": (
        lambda each: replace(each, sentence="") if isinstance(each, Open) else each, "it says not why it is open",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_whatever_is_changed_in_the_evidence_does_not_hold(name: str) -> None:
    change, expected = CHANGES[name]
    found = faults([change(record) for record in written()])
    assert any(expected in fault for fault in found), found


def test_a_line_that_is_told_twice_does_not_hold() -> None:
    def twice() -> Iterator[PayoutRecord]:
        for record in written():
            yield record
            yield record

    assert len(faults(list(twice()))) >= len(written())
