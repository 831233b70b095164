"""A difference is closed only by a rule that permits it; what no rule permits stays open."""

from __future__ import annotations

import pytest

from connector.reconcile.cash.case import Item, Party, Policy, Receipt
from tests.unit.cash_ground import OPEN_HANDED, invoice, paid, rounds, told, verdicts

TERMS = Party("acme", "Acme Roofing Ltd", discount_bp=200, discount_days=10, account="DE1")
TAXED = Party("acme", "Acme Roofing Ltd", withholding_bp=500, account="DE1")
PLAIN = Party("acme", "Acme Roofing Ltd", account="DE1")


def decided(
    party: Party, amount: int, text: str = "R100", *, opened: int = 100_000, on: int = 8, policy: Policy = OPEN_HANDED
) -> tuple[str, str]:
    """Class and adjustment of one payment of one item; ("", "") when nothing was decided."""
    receipt = paid("p", amount, text, account="DE1", on=on)
    found = verdicts(rounds([invoice("R100", opened)], [receipt], parties=[party], policy=policy)).get("p")
    return (found.kind.value, found.adjustment) if found else ("", "")


@pytest.mark.parametrize(
    ("party", "amount", "text", "expected"),
    [
        (TERMS, 98_000, "R100", ("reference-adjusted", "discount")),
        (TERMS, 98_000, "", ("amount-terms", "discount")),
        (TAXED, 95_000, "R100", ("reference-adjusted", "withholding")),
        (TAXED, 95_000, "", ("amount-terms", "withholding")),
        (PLAIN, 98_500, "R100", ("reference-adjusted", "bank fee")),
        (PLAIN, 99_996, "R100", ("reference-adjusted", "rounding")),
        (PLAIN, 98_500, "", ("", "")),
        (PLAIN, 99_996, "", ("", "")),
    ],
)
def test_each_kind_of_difference_has_its_own_rule(
    party: Party, amount: int, text: str, expected: tuple[str, str]
) -> None:
    assert decided(party, amount, text) == expected


@pytest.mark.parametrize(
    ("party", "amount", "policy"),
    [
        (TERMS, 98_000, Policy()),
        (TAXED, 95_000, Policy()),
        (PLAIN, 98_500, Policy()),
        (PLAIN, 99_994, Policy()),
        (TERMS, 98_000, Policy(terms=True, discount_bp_max=100)),
        (TAXED, 95_000, Policy(terms=True, withholding_bp_max=400)),
        (PLAIN, 98_500, Policy(bank_fee=1_000)),
        (PLAIN, 98_500 - 37, OPEN_HANDED),
        (PLAIN, 99_994, Policy(terms=True, bank_fee=2_500, rounding=5)),
    ],
)
def test_what_the_company_does_not_permit_is_not_written_off(party: Party, amount: int, policy: Policy) -> None:
    assert decided(party, amount, policy=policy)[1] == ""


def test_nothing_but_rounding_is_permitted_from_the_beginning() -> None:
    assert Policy() == Policy(rounding=5, bank_fee=0, terms=False, oldest_first=False)


def test_a_discount_that_was_taken_too_late_stays_open_on_the_item() -> None:
    assert decided(TERMS, 98_000, on=16) == ("partial", "")


def test_a_discount_that_was_taken_a_few_days_late_is_for_a_person() -> None:
    assert decided(TERMS, 98_000, on=11) == ("", "")


def test_a_late_discount_is_not_taken_for_a_bank_s_fee() -> None:
    assert decided(TERMS, 24_500, opened=25_000, on=11)[1] == ""


def test_a_large_fee_on_a_small_item_is_none() -> None:
    assert decided(PLAIN, 8_500, opened=10_000)[1] == ""


def test_an_uneven_fee_counts_when_the_bank_kept_it_before() -> None:
    items = [invoice(f"R10{at}", 100_000 + 7_001 * at) for at in range(3)]
    receipts = [paid(item.id, item.amount - 1_237, item.number, account="DE1") for item in items]
    done = rounds(items, receipts, parties=[PLAIN])
    assert [verdict.adjustment for verdict in verdicts(done).values()] == ["bank fee"] * 3


def test_a_payer_may_round_an_agreed_cut_its_own_way() -> None:
    assert decided(TERMS, 98_024, opened=100_025) == ("reference-adjusted", "discount")
    assert decided(TERMS, 98_025, opened=100_025) == ("reference-adjusted", "discount")
    assert decided(TERMS, 98_027, opened=100_025)[1] == ""


def test_an_adjustment_is_the_difference_between_what_was_applied_and_what_was_paid() -> None:
    items = [invoice("R100", 100_000), invoice("R101", 50_000)]
    done = rounds(items, [paid("p", 142_500, "R100 R101", account="DE1")], parties=[TAXED])
    (verdict,) = verdicts(done).values()
    assert [(share.applied, share.applied - share.pay, share.open) for share in verdict.shares] == [
        (100_000, 5_000, 100_000),
        (50_000, 2_500, 50_000),
    ]


def test_two_items_of_which_a_cut_leaves_the_same_are_not_chosen_between() -> None:
    items = [invoice("R100", 100_000), invoice("R101", 100_000)]
    assert told(rounds(items, [paid("p", 95_000, account="DE1")], parties=[TAXED])) == {}


def test_an_item_of_the_amount_and_one_of_which_a_cut_leaves_it_are_not_chosen_between() -> None:
    items = [invoice("R100", 100_000), invoice("R101", 95_000)]
    assert told(rounds(items, [paid("p", 95_000, account="DE1")], parties=[TAXED])) == {}


EQUAL = Policy(oldest_first=True)


def equal_case(policy: Policy, on: tuple[int, ...], issued: tuple[int, ...]) -> dict[str, tuple[str, dict[str, int]]]:
    items: list[Item] = [invoice(f"R10{at}", 5_000, issued=day) for at, day in enumerate(issued)]
    receipts: list[Receipt] = [paid(f"p{at}", 5_000, account="DE1", on=day) for at, day in enumerate(on)]
    return told(rounds(items, receipts, policy=policy))


def test_identical_items_are_paid_oldest_first_where_all_of_them_end_paid() -> None:
    assert equal_case(EQUAL, (20, 40), (0, 5)) == {
        "p0": ("identical", {"R100": 5_000}),
        "p1": ("identical", {"R101": 5_000}),
    }


def test_without_the_policy_identical_items_are_left_alone() -> None:
    assert equal_case(Policy(), (20, 40), (0, 5)) == {}


def test_identical_items_of_which_one_stays_open_are_left_alone() -> None:
    assert equal_case(EQUAL, (20, 40), (0, 5, 6)) == {}


def test_later_identical_items_do_not_hold_back_what_was_paid_before_they_existed() -> None:
    assert set(equal_case(EQUAL, (20, 40), (0, 5, 60))) == {"p0", "p1"}


def test_what_came_twice_in_a_few_days_ends_the_row_of_identical_items() -> None:
    assert set(equal_case(EQUAL, (20, 23, 40), (0, 5, 6))) == set()
    assert set(equal_case(EQUAL, (20, 40, 60), (0, 5, 6))) == {"p0", "p1", "p2"}


def test_a_payment_before_its_item_existed_pays_none_of_them() -> None:
    assert equal_case(EQUAL, (4, 8), (0, 5, 6)) == {"p0": ("amount", {"R100": 5_000})}


def test_equal_items_of_a_mother_and_a_daughter_are_not_identical() -> None:
    parties = [Party("acme", "Acme", account="DE1"), Party("kid", "Kid", parent="acme")]
    items = [invoice("R100", 5_000), invoice("R101", 5_000, "kid")]
    receipts = [paid("p", 5_000, account="DE1", on=20), paid("q", 5_000, account="DE1", on=40)]
    assert told(rounds(items, receipts, parties=parties, policy=EQUAL)) == {}
