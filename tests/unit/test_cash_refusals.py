"""Two explanations that are equally good always give silence; so does one that something contradicts."""

from __future__ import annotations

import pytest

from connector.reconcile.cash.case import Party
from connector.reconcile.cash.questions import question
from tests.unit.cash_ground import back, invoice, paid, rounds, told

ALIKE = [Party("a", "Bright Bakery Ltd"), Party("b", "Bright Bakery Inc")]


def test_two_equal_items_of_the_payer_are_not_chosen_between() -> None:
    done = rounds([invoice("R100", 5_011), invoice("R101", 5_011)], [paid("p", 5_011, account="DE1")])
    assert told(done) == {}
    assert set(question(done.at, 0).rivals) == {0, 1}


def test_two_sets_of_the_same_sum_are_not_chosen_between() -> None:
    amounts = (510_031, 299_977, 510_030, 299_978, 64_301)
    items = [invoice(f"R10{at}", amount) for at, amount in enumerate(amounts)]
    assert told(rounds(items, [paid("p", 810_008, account="DE1")])) == {}


def test_a_sum_that_sets_have_by_accident_proves_none_of_them() -> None:
    items = [invoice(f"R1{at:02}", 100 * (at + 1)) for at in range(12)]
    assert told(rounds(items, [paid("p", 7_700, account="DE1")])) == {}


def test_a_run_of_due_days_is_refused_when_an_equal_item_could_stand_in() -> None:
    items = [invoice(f"R1{at:02}", 100_003 + 7_919 * at * at, issued=at, due=10) for at in range(30)]
    items.append(invoice("R200", items[12].amount, issued=0, due=60))
    total = sum(item.amount for item in items[11:19])
    assert told(rounds(items, [paid("p", total, account="DE1", on=45)])) == {}


def test_two_customers_of_one_name_are_not_chosen_between() -> None:
    items = [invoice("R100", 5_011, "a"), invoice("R101", 5_011, "b")]
    done = rounds(items, [paid("p", 5_011, name="BRIGHT BAKERY")], parties=ALIKE)
    assert told(done) == {}
    assert done.at.payer[0].among == (0, 1)


def test_one_name_for_two_customers_is_settled_by_a_number_of_either() -> None:
    items = [invoice("R100", 5_011, "a"), invoice("R101", 5_011, "b")]
    done = rounds(items, [paid("p", 5_011, "R101", name="BRIGHT BAKERY")], parties=ALIKE)
    assert told(done) == {"p": ("reference", {"R101": 5_011})}


def test_a_key_that_two_different_receipts_use_is_neither_one_s() -> None:
    receipts = [paid("p", 5_000, "spring", key="R100"), paid("q", 5_000, "summer", key="R100")]
    assert told(rounds([invoice("R100", 5_000)], receipts)) == {}


def test_two_payers_who_name_one_item_both_stay_open() -> None:
    parties = [Party("acme", "Acme"), Party("kid", "Kid", parent="acme", account="DE8"), Party("x", "Bolt")]
    receipts = [paid("p", 5_000, "R100", name="ACME"), paid("q", 5_000, "R100", account="DE8")]
    assert told(rounds([invoice("R100", 5_000)], receipts, parties=parties)) == {}


def test_the_second_of_two_equal_silent_payments_in_a_week_is_not_applied() -> None:
    receipts = [paid("p", 5_011, account="DE1", on=10), paid("q", 5_011, account="DE1", on=13)]
    items = [invoice("R100", 5_011), invoice("R101", 5_011, issued=12)]
    assert "q" not in told(rounds(items, receipts))


def test_a_key_of_somebody_else_s_item_is_no_match() -> None:
    assert told(rounds([invoice("R100", 5_000, "bolt")], [paid("p", 5_000, key="R100", account="DE1")])) == {}


def test_a_key_and_a_text_that_name_different_items_are_no_match() -> None:
    items = [invoice("R100", 5_000), invoice("R101", 5_000)]
    assert told(rounds(items, [paid("p", 5_000, "R101", key="R100", account="DE1")])).get("p", ("",))[0] != "key"


def test_a_key_of_one_open_item_with_the_amount_of_another_is_for_a_person() -> None:
    done = rounds([invoice("R100", 5_000), invoice("R101", 7_013)], [paid("p", 7_013, key="R100", account="DE1")])
    assert told(done) == {}


def test_a_key_of_an_item_that_is_paid_leaves_the_amount_to_speak() -> None:
    items = [invoice("R100", 5_000), invoice("R101", 7_013)]
    receipts = [paid("o", 5_000, "R100", on=5), paid("p", 7_013, key="R100", account="DE1")]
    assert told(rounds(items, receipts))["p"] == ("amount", {"R101": 7_013})


def test_a_key_with_far_more_than_is_open_is_for_a_person() -> None:
    assert told(rounds([invoice("R100", 5_000)], [paid("p", 7_600, key="R100", account="DE1")])) == {}


@pytest.mark.parametrize(
    "text",
    [
        "prepayment", "Pre-payment spring", "ADVANCE", "payment in advance", "deposit for next order", "on account",
        "down payment", "Vorauszahlung", "Anzahlung Auftrag", "acompte", "pago anticipado", "depósito",
    ],
)  # fmt: skip
def test_money_for_what_is_not_invoiced_yet_settles_nothing_by_its_amount(text: str) -> None:
    assert told(rounds([invoice("R100", 5_011)], [paid("p", 5_011, text, account="DE1")])) == {}


@pytest.mark.parametrize("text", ["ACH deposit", "Direct Deposit", "monthly payment", "account 12", "advancement"])
def test_words_that_only_look_like_a_prepayment_hinder_nothing(text: str) -> None:
    assert "p" in told(rounds([invoice("R100", 5_011)], [paid("p", 5_011, text, account="DE1")]))


def test_two_silent_receipts_that_only_together_are_an_item_are_for_a_person() -> None:
    receipts = [paid("p", 200_417, account="DE1", on=10), paid("q", 310_209, account="DE1", on=40)]
    assert told(rounds([invoice("R100", 510_626), invoice("R101", 77_703)], receipts)) == {}


def test_a_sum_among_more_than_twenty_open_items_is_for_a_person() -> None:
    items = [
        invoice(f"R1{at:02}", 100_003 + 7_919_003 * (at + 3) ** 5 % 9_999_991, issued=at % 7, due=60)
        for at in range(21)
    ]
    total = items[3].amount + items[11].amount
    assert told(rounds(items, [paid("p", total, account="DE1")])) == {}
    assert told(rounds(items[:20], [paid("p", total, account="DE1")])) == {
        "p": ("subset", {"R103": items[3].amount, "R111": items[11].amount})
    }


def test_a_number_of_another_customer_is_no_match_however_well_the_amount_fits() -> None:
    assert told(rounds([invoice("R100", 5_000, "bolt")], [paid("p", 5_000, "R100", account="DE1")])) == {}


def test_a_text_that_does_not_explain_the_amount_forbids_the_amount_alone() -> None:
    items = [invoice("R100", 5_000, "bolt"), invoice("R345", 7_013)]
    assert told(rounds(items, [paid("p", 7_013, "R100", account="DE1")])) == {}


def test_two_slips_that_both_fit_are_not_chosen_between() -> None:
    items = [invoice("R4711", 5_001), invoice("R4772", 5_001)]
    assert told(rounds(items, [paid("p", 5_001, "R4771", account="DE1")])) == {}


def test_two_ways_to_complete_a_list_are_not_chosen_between() -> None:
    items = [invoice("R100", 5_000), invoice("R205", 2_513), invoice("R207", 2_513)]
    assert told(rounds(items, [paid("p", 7_513, "R100", account="DE1")])) == {}


def test_a_part_is_refused_when_another_item_is_exactly_the_amount() -> None:
    items = [invoice("R100", 50_000), invoice("R101", 20_000)]
    assert told(rounds(items, [paid("p", 20_000, "R100", account="DE1")])) == {}


def test_a_part_is_refused_when_nobody_knows_who_paid() -> None:
    assert told(rounds([invoice("R100", 50_000)], [paid("p", 20_000, "R100")])) == {}


def test_too_much_is_refused_when_the_rest_may_be_another_item() -> None:
    items = [invoice("R100", 50_000), invoice("R101", 5_000)]
    assert told(rounds(items, [paid("p", 55_500, "R100", account="DE1")])) == {}


@pytest.mark.parametrize(
    ("amount", "text"), [(56_300, "R100"), (53_100, "R100 R999"), (53_100, "R100 4711"), (53_100, "R100 R101")]
)
def test_far_too_much_or_another_number_beside_is_for_a_person(amount: int, text: str) -> None:
    items = [invoice("R100", 50_000), invoice("R101", 900_000)]
    assert told(rounds(items, [paid("p", amount, text, account="DE1")])) == {}


@pytest.mark.parametrize("amount", [4_900, 45_100, 48_500, 49_996])
def test_a_sliver_or_nearly_all_of_an_item_is_no_part_of_it(amount: int) -> None:
    assert "partial" not in str(told(rounds([invoice("R100", 50_000)], [paid("p", amount, "R100", account="DE1")])))


def test_a_part_is_refused_when_the_item_with_another_less_a_credit_memo_is_the_amount() -> None:
    items = [invoice("R100", 50_000), invoice("R101", 20_000), invoice("R102", -30_000)]
    assert told(rounds(items, [paid("p", 40_000, "R100", account="DE1")])).get("p", ("",))[0] != "partial"


def test_a_part_is_refused_when_two_others_less_a_bank_s_fee_are_the_amount() -> None:
    items = [invoice("R100", 900_000), invoice("R101", 301_017), invoice("R102", 105_003)]
    assert told(rounds(items, [paid("p", 405_020, "R100", account="DE1")])) == {}


def test_the_part_that_came_first_is_taken_first() -> None:
    receipts = [paid("p", 30_000, "R100", account="DE1", on=10), paid("q", 20_058, key="R100", on=40)]
    assert told(rounds([invoice("R100", 50_000)], receipts))["p"] == ("partial", {"R100": 30_000})


def test_another_currency_is_never_converted() -> None:
    items = [invoice("R100", 5_000, currency="EUR"), invoice("R101", 5_000)]
    receipts = [paid("p", 5_000, "R100", account="DE1"), paid("q", 5_000, key="R100", account="DE1", on=60)]
    done = rounds(items, receipts)
    assert all("R100" not in applied for _, applied in told(done).values())


def test_each_currency_is_settled_in_itself() -> None:
    items = [invoice("R100", 5_011, currency="EUR"), invoice("R101", 5_011)]
    done = rounds(items, [paid("p", 5_011, account="DE1"), paid("q", 5_011, account="DE1", currency="EUR")])
    assert told(done) == {"p": ("amount", {"R101": 5_011}), "q": ("amount", {"R100": 5_011})}


def test_what_is_no_exact_repetition_is_no_second_time() -> None:
    receipts = [paid("p", 5_000, "R100", account="DE1", on=10), paid("q", 5_000, "R100 (2)", account="DE1", on=12)]
    assert "q" not in told(rounds([invoice("R100", 5_000)], receipts))


def test_more_than_came_cannot_go_back() -> None:
    receipts = [paid("p", 5_000, "R100"), back("b", 3_000, "p"), back("c", 3_000, "p", on=41)]
    done = rounds([invoice("R100", 5_000)], receipts)
    assert set(told(done)) == {"p", "b"}
    assert done.at.left == [3_000]


def test_money_that_went_back_from_what_nobody_decided_stays_open() -> None:
    done = rounds(
        [invoice("R100", 5_011), invoice("R101", 5_011)], [paid("p", 5_011, account="DE1"), back("b", 5_011, "p")]
    )
    assert told(done) == {}


def test_a_part_of_an_item_that_is_long_overdue_is_for_a_person() -> None:
    item = invoice("R100", 50_000, due=30)
    assert told(rounds([item], [paid("p", 20_000, "R100", account="DE1", on=121)])) == {}
    assert told(rounds([item], [paid("p", 20_000, "R100", account="DE1", on=120)])) == {
        "p": ("partial", {"R100": 20_000})
    }


def test_a_number_beside_the_key_of_another_open_item_is_for_a_person() -> None:
    items = [invoice("R100", 50_000), invoice("R101", 5_000)]
    assert told(rounds(items, [paid("p", 5_000, "R101", key="R100", account="DE1")])) == {}
    assert told(rounds(items, [paid("p", 2_500, "R101", key="R100", account="DE1")])) == {}


def test_the_number_of_its_own_paid_item_of_that_amount_is_no_slip_of_another() -> None:
    items = [invoice("R4711", 5_001), invoice("R4771", 5_001)]
    receipts = [paid("p", 5_001, "R4771", account="DE1"), paid("q", 5_001, "R4771", account="DE1", on=22)]
    assert told(rounds(items, receipts)) == {"p": ("reference", {"R4771": 5_001}), "q": ("duplicate", {})}


def test_a_part_by_a_stored_key_is_left_where_a_silent_receipt_nearly_brings_the_rest() -> None:
    part = paid("q", 9_900, key="R100", on=40)
    assert told(rounds([invoice("R100", 19_000)], [part]))["q"] == ("key", {"R100": 9_900})
    assert told(rounds([invoice("R100", 19_000)], [paid("p", 10_000, "thanks", on=15), part])) == {}


def test_one_item_is_not_chosen_before_several_of_one_due_day_that_come_to_its_amount() -> None:
    items = [invoice("R100", 6_000, due=10), invoice("R101", 4_000), invoice("R102", 2_000), invoice("R103", 9_000)]
    assert told(rounds(items, [paid("p", 6_000, account="DE1")])) == {}
    apart = [*items[:2], items[2]._replace(due=items[2].due + 60), items[3]]
    assert told(rounds(apart, [paid("p", 6_000, account="DE1")])) == {"p": ("amount", {"R100": 6_000})}


@pytest.mark.parametrize(("on", "taken"), [(20, True), (1, False), (80, False)])
def test_a_number_from_nobody_known_with_a_common_amount_counts_only_about_its_due_day(on: int, *, taken: bool) -> None:
    items = [invoice("R100", 4_900), invoice("R101", 4_900, "bolt")]
    found = told(rounds(items, [paid("p", 4_900, "R100", name="Zenith", on=on)]))
    assert found == ({"p": ("reference", {"R100": 4_900})} if taken else {})


def test_nobody_known_pays_an_invoice_long_before_it_is_made() -> None:
    items = [invoice("R100", 4_913, issued=60), invoice("R101", 7_000)]
    assert told(rounds(items, [paid("p", 4_913, "R100", name="Zenith")])) == {}


def test_what_was_settled_for_nobody_known_may_still_be_what_a_silent_payer_of_that_amount_pays() -> None:
    items = [invoice("R100", 4_900), invoice("R101", 4_900, due=45)]
    stranger = paid("p", 4_900, "R100", name="Zenith", on=25)
    assert set(told(rounds(items, [stranger, paid("q", 4_900, account="DE1", on=40)]))) == {"p"}


def test_a_cut_list_goes_on_with_no_run_that_round_amounts_come_to_by_accident() -> None:
    items = [invoice(f"R10{at}", 1_000 * (1 + at * 7 % 5)) for at in range(8)]
    text = "Payment R100 R101 R102 R103 R104 R1"
    total = sum(item.amount for item in items[:7])
    assert told(rounds(items, [paid("p", total, text, account="DE1")])) == {}
