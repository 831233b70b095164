"""An amount that one item has and several others come to: the days say which, and where they do not, nobody does."""

from __future__ import annotations

import pytest

from connector.reconcile.cash.case import Item, Party, Policy, Receipt
from tests.unit.cash_ground import back, invoice, paid, rounds, told

SILENT = paid("p", 30_000, account="DE1", on=60)


def items(*dues: int) -> list[Item]:
    """One of the amount, and two that come to it together; due on these days."""
    return [
        invoice(number, amount, due=due)
        for number, amount, due in zip(("R100", "R101", "R102"), (30_000, 10_000, 20_000), dues, strict=True)
    ]


@pytest.mark.parametrize("dues", [(58, 55, 62), (50, 61, 59), (20, 61, 62)])
def test_one_item_is_not_chosen_before_several_that_fit_the_days_as_well(dues: tuple[int, int, int]) -> None:
    assert told(rounds(items(*dues), [SILENT])) == {}


def test_one_item_is_chosen_where_the_others_are_due_at_another_time() -> None:
    assert told(rounds(items(58, 20, 62), [SILENT])) == {"p": ("amount", {"R100": 30_000})}


def test_the_days_are_reckoned_from_when_the_payer_usually_pays() -> None:
    before = [invoice(f"R{at}", 111 * at, due=at - 40) for at in (41, 42, 43)]
    habit = [paid(f"b{at}", 111 * at, f"R{at}", account="DE1", on=at) for at in (41, 42, 43)]
    late = rounds([*before, *items(20, 58, 62)], [*habit, SILENT])
    assert told(late)["p"] == ("amount", {"R100": 30_000}), "it pays forty days after the day"
    assert "p" not in told(rounds(items(20, 58, 62), [SILENT]))


@pytest.mark.parametrize(("amount", "expected"), [(30_000, {}), (30_007, {"p": ("amount", {"R100": 30_007})})])
def test_a_round_amount_far_from_its_time_is_any_item_s_by_accident(
    amount: int, expected: dict[str, tuple[str, dict[str, int]]]
) -> None:
    receipt = paid("p", amount, account="DE1", on=90)
    assert told(rounds([invoice("R100", amount, due=30), invoice("R101", 700)], [receipt])) == expected


DISCOUNT = Party("acme", "Acme Roofing Ltd", discount_bp=200, discount_days=10, account="DE1")


def test_a_discount_in_time_and_the_same_too_late_are_not_chosen_between() -> None:
    new, old = invoice("R101", 50_000, issued=35), invoice("R100", 50_000)
    receipt = paid("p", 49_000, account="DE1", on=40)
    alone = rounds([new], [receipt], parties=[DISCOUNT])
    assert told(alone) == {"p": ("amount-terms", {"R101": 50_000})}
    assert told(rounds([new, old], [receipt], parties=[DISCOUNT])) == {}


def test_a_set_without_any_discount_in_it_is_not_found_by_the_discount_of_its_rival() -> None:
    credit = invoice("C1", -1_000)
    twins = [invoice("R100", 50_000), invoice("R101", 50_000, issued=35)]
    receipt = paid("p", 49_000, account="DE1", on=38)
    assert told(rounds([credit, *twins], [receipt], parties=[DISCOUNT._replace(discount_bp=300)])) == {}


def test_a_number_of_an_item_that_was_made_later_names_nothing_where_others_have_its_amount() -> None:
    early = paid("p", 5_000, "store R109", account="DE1", on=0)
    later = invoice("R109", 5_000, issued=40)
    assert told(rounds([later], [early])) == {"p": ("reference", {"R109": 5_000})}, "no other item has its amount"
    assert told(rounds([later, invoice("R108", 5_000, "bolt")], [early])) == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [("320", {}), ("INV-0320", {"p": ("near-miss", {"INV-0324": 5_000})})],
)
def test_a_short_number_of_anything_is_no_slip_where_two_items_have_the_amount(
    text: str, expected: dict[str, tuple[str, dict[str, int]]]
) -> None:
    twins = [invoice("INV-0324", 5_000, due=20), invoice("INV-0571", 5_000, due=22)]
    others = [invoice(f"INV-0{at}", 777, "bolt") for at in (801, 802)]
    assert told(rounds([*twins, *others], [paid("p", 5_000, text, account="DE1")])) == expected


def test_a_stored_key_less_a_fee_is_left_where_another_item_is_the_amount() -> None:
    receipt = paid("p", 24_500, account="DE1", key="R100")
    assert told(rounds([invoice("R100", 25_500)], [receipt])) == {"p": ("key", {"R100": 25_500})}
    assert told(rounds([invoice("R100", 25_500), invoice("R101", 24_500)], [receipt])) == {}


EQUAL = Policy(oldest_first=True)


def rows(found: list[Item], on: tuple[int, ...], *more: Receipt) -> dict[str, str]:
    """Equal receipts on these days, and what is decided of them by the policy: receipt to item."""
    receipts = [paid(f"p{at}", 5_000, account="DE1", on=day) for at, day in enumerate(on)]
    decided = told(rounds(found, [*receipts, *more], policy=EQUAL))
    return {name: next(iter(applied)) for name, (kind, applied) in decided.items() if kind == "identical"}


PAIR = [invoice("R100", 5_000), invoice("R101", 5_000, issued=5)]
LATER = [invoice("R102", 5_000, issued=50), invoice("R103", 5_000, issued=55)]


def test_what_went_back_is_open_again_and_is_one_of_those_that_must_end_paid() -> None:
    assert rows([*PAIR, *LATER], (20, 40, 70, 90)) == {"p0": "R100", "p1": "R101", "p2": "R102", "p3": "R103"}
    assert rows([*PAIR, *LATER], (20, 40, 70, 90), back("b", 5_000, "p0", on=45)) == {"p0": "R100", "p1": "R101"}
    paid_again = rows([*PAIR, *LATER], (20, 40, 70, 90, 110), back("b", 5_000, "p0", on=45))
    assert paid_again == {"p0": "R100", "p1": "R101", "p2": "R100", "p3": "R102", "p4": "R103"}


def test_an_item_of_which_a_part_is_open_or_that_another_receipt_means_keeps_the_others_from_being_identical() -> None:
    part = paid("q", 2_000, "R100", account="DE1", on=10)
    three = [*PAIR, invoice("R102", 5_000, issued=6)]
    assert rows(three, (20, 40, 60)) == {"p0": "R100", "p1": "R101", "p2": "R102"}
    partial = EQUAL.__class__(oldest_first=True, partial=True)
    receipts = [part, *(paid(f"p{at}", 5_000, account="DE1", on=day) for at, day in enumerate((20, 40)))]
    decided = told(rounds(three, receipts, policy=partial))
    assert {name for name, (kind, _) in decided.items() if kind == "identical"} == set()
    undecided = paid("q", 4_100, "R101", account="DE1", on=80)
    assert rows(three, (20, 40, 60), undecided) == {}


def test_the_policy_comes_after_every_evidence() -> None:
    keyed = paid("q", 5_000, account="DE1", on=60, key="R101")
    decided = told(rounds([*PAIR], [paid("p0", 5_000, account="DE1", on=40), keyed], policy=EQUAL))
    assert decided["q"] == ("key", {"R101": 5_000})
    assert decided["p0"][0] == "amount", "what is left is the only one of its amount"
