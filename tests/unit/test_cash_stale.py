"""A key or a number that may be another receipt's decides nothing: a key lives on after its item is paid."""

from __future__ import annotations

from connector.reconcile.cash.case import Policy, ReceiptKind
from tests.unit.cash_ground import back, invoice, paid, rounds, told

JANUARY = invoice("R100", 9_900)
FEBRUARY = invoice("R101", 9_900, issued=30)


def test_a_key_whose_item_an_earlier_silent_payment_may_have_paid_proves_nothing() -> None:
    receipts = [paid("p", 9_900, account="DE1", on=20), paid("q", 9_900, key="R100", account="DE1", on=50)]
    assert told(rounds([JANUARY, FEBRUARY], receipts)) == {}


def test_what_pays_two_months_at_once_has_paid_the_item_of_a_later_key_too() -> None:
    items = [JANUARY, FEBRUARY, invoice("R102", 9_900, issued=60)]
    receipts = [paid("p", 19_800, account="DE1", on=55), paid("q", 9_900, key="R101", account="DE1", on=70)]
    assert told(rounds(items, receipts)) == {
        "p": ("all-due", {"R100": 9_900, "R101": 9_900}),
        "q": ("amount", {"R102": 9_900}),
    }


def test_a_silent_payment_that_an_older_item_explains_leaves_the_key_alone() -> None:
    older = invoice("R099", 9_900, issued=-10)
    receipts = [paid("p", 9_900, account="DE1", on=20), paid("q", 9_900, key="R100", account="DE1", on=50)]
    done = told(rounds([older, JANUARY, FEBRUARY], receipts))
    assert done["q"] == ("key", {"R100": 9_900})


def test_a_silent_payment_before_the_item_was_issued_leaves_the_key_alone() -> None:
    receipts = [paid("p", 9_900, account="DE1", on=20), paid("q", 9_900, key="R101", account="DE1", on=50)]
    items = [FEBRUARY, invoice("R102", 9_900, issued=45)]
    assert told(rounds(items, receipts))["q"] == ("key", {"R101": 9_900})


def test_a_key_that_an_earlier_payment_of_a_part_has_already_used_is_not_the_whole_item_s() -> None:
    receipts = [
        paid("p", 4_000, key="R100", account="DE1", on=20), paid("q", 9_900, key="R100", account="DE1", on=50),
    ]  # fmt: skip
    assert "q" not in told(rounds([JANUARY, FEBRUARY], receipts))


def test_two_parts_with_the_key_of_one_item_settle_it_together() -> None:
    receipts = [
        paid("p", 4_000, key="R100", account="DE1", on=20), paid("q", 5_900, key="R100", account="DE1", on=40),
        paid("r", 9_900, key="R100", account="DE1", on=50),
    ]  # fmt: skip
    done = told(rounds([JANUARY, FEBRUARY], receipts))
    assert done["p"] == ("instalment", {"R100": 4_000})
    assert done["q"] == ("instalment", {"R100": 5_900})
    assert done["r"] == ("amount", {"R101": 9_900})


def test_parts_with_the_key_of_somebody_else_s_item_are_none_of_it() -> None:
    item = invoice("R100", 9_900, "bolt")
    receipts = [
        paid("p", 4_000, key="R100", account="DE1", on=20), paid("q", 5_900, key="R100", account="DE1", on=40),
    ]  # fmt: skip
    assert told(rounds([item], receipts)) == {}


def test_the_key_of_an_item_that_went_back_is_not_fresh_any_more() -> None:
    receipts = [
        paid("p", 9_900, key="R100", account="DE1", on=20),
        back("b", 9_900, "p", on=35, kind=ReceiptKind.CHARGEBACK),
        paid("q", 9_900, "as agreed", key="R100", account="DE1", on=50),
        paid("r", 9_900, key="R100", account="DE1", on=60),
    ]
    done = told(rounds([JANUARY, FEBRUARY], receipts))
    assert done.keys() == {"p", "b"}


def test_an_amount_settles_no_item_that_a_later_key_names() -> None:
    receipts = [paid("p", 9_900, account="DE1", on=40), paid("q", 9_900, "x", key="R100", account="DE1", on=55)]
    done = told(rounds([JANUARY], receipts))
    assert "p" not in done


def test_a_number_that_two_payments_name_is_neither_s_while_an_equal_item_goes_unnamed() -> None:
    receipts = [paid("p", 9_900, "R101", account="DE1", on=50), paid("q", 10_900, "R101 as agreed", on=80)]
    assert told(rounds([JANUARY, FEBRUARY], receipts)) == {}
    assert told(rounds([FEBRUARY], receipts))["p"] == ("reference", {"R101": 9_900})


def test_what_a_bank_kept_is_not_assumed_where_another_item_is_exactly_the_amount() -> None:
    items = [invoice("R100", 20_000), invoice("R101", 19_500)]
    assert told(rounds(items, [paid("p", 19_500, "R100", account="DE1")])) == {}
    assert told(rounds(items[:1], [paid("p", 19_500, "R100", account="DE1")]))["p"][0] == "reference-adjusted"


def test_a_part_is_decided_only_where_the_company_permits_parts() -> None:
    receipt = paid("p", 20_000, "R100", account="DE1")
    assert told(rounds([invoice("R100", 50_000)], [receipt], policy=Policy())) == {}
    assert told(rounds([invoice("R100", 50_000)], [receipt], policy=Policy(partial=True))) == {
        "p": ("partial", {"R100": 20_000})
    }


def test_the_end_of_a_number_behind_another_year_names_nothing() -> None:
    items = [invoice("RE2024/00477", 19_900), *(invoice(f"RE2025/{at:05d}", 500 + at) for at in range(477, 479))]
    receipts = [paid("p", 19_900, "RE2024/00477"), paid("q", 978, "RE2025/00478"), paid("r", 19_900, "RE2025/0477 x")]
    done = told(rounds(items, receipts))
    assert done["q"] == ("reference", {"RE2025/00478": 978})
    assert "r" not in done
    cut = told(rounds(items, [paid("r", 19_900, "RE2025/0477 x")]))
    assert cut == {}
