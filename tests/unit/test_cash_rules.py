"""Each rule of cash application decides what it is for, and says on what it stood."""

from __future__ import annotations

import pytest

from connector.reconcile.cash.case import Party, ReceiptKind
from connector.reconcile.cash.verdict import Class, Share, Verdict
from tests.unit.cash_ground import back, invoice, paid, rounds, told, verdicts


def test_a_stored_key_settles_its_item() -> None:
    done = rounds([invoice("R100", 5_000)], [paid("p", 5_000, key="R100")])
    assert told(done) == {"p": ("key", {"R100": 5_000})}


def test_a_key_with_more_than_is_open_leaves_the_rest_unapplied() -> None:
    done = rounds([invoice("R100", 5_000)], [paid("p", 5_700, key="R100")])
    assert told(done) == {"p": ("key", {"R100": 5_000})}
    assert verdicts(done)["p"].unapplied == 700


def test_numbers_and_amount_that_agree_are_a_reference() -> None:
    done = rounds([invoice("R100", 5_000), invoice("R101", 2_500)], [paid("p", 7_500, "R100, R101")])
    assert told(done) == {"p": ("reference", {"R100": 5_000, "R101": 2_500})}


def test_a_credit_memo_that_the_text_leaves_out_completes_a_reference() -> None:
    items = [invoice("R100", 5_000), invoice("R101", -700), invoice("R102", -900)]
    assert told(rounds(items, [paid("p", 4_100, "R100", account="DE1")])) == {
        "p": ("reference-credit", {"R100": 5_000, "R102": -900})
    }


def test_several_credit_memos_complete_a_reference_when_all_of_them_do() -> None:
    items = [invoice("R100", 5_000), invoice("R101", -711), invoice("R102", -913)]
    assert told(rounds(items, [paid("p", 3_376, "R100", account="DE1")])) == {
        "p": ("reference-credit", {"R100": 5_000, "R101": -711, "R102": -913})
    }


def test_of_named_items_the_only_set_that_is_the_amount_is_taken() -> None:
    items = [invoice("R100", 510_031), invoice("R101", 299_977), invoice("R102", 1_200_019)]
    done = rounds(items, [paid("p", 810_008, "R100 R101 R102")])
    assert told(done) == {"p": ("reference-subset", {"R100": 510_031, "R101": 299_977})}


def test_a_missing_number_is_completed_by_the_one_item_that_is_the_rest() -> None:
    items = [invoice("R100", 5_000), invoice("R205", 2_513), invoice("R207", 9_111)]
    done = rounds(items, [paid("p", 7_513, "R100", account="DE1")])
    assert told(done) == {"p": ("completion", {"R100": 5_000, "R205": 2_513})}
    verdict = verdicts(done)["p"]
    assert [done.at.case.items[item].id for item in verdict.considered] == ["R100", "R205", "R207"]
    assert verdict.opens == (5_000, 2_513, 9_111)


def test_a_list_that_the_bank_cut_goes_on_in_the_order_of_the_numbers() -> None:
    items = [invoice(f"R10{at}", 10_000 + 3_701 * at) for at in range(8)]
    text = "Payment R100 R101 R102 R103 R104 R1"
    assert len(text) == 35
    total = sum(item.amount for item in items[:7])
    assert told(rounds(items, [paid("p", total, text, account="DE1")])) == {
        "p": ("completion", {item.id: item.amount for item in items[:7]})
    }


def test_a_slip_in_a_number_is_mended_when_payer_and_amount_agree() -> None:
    items = [invoice("R4711", 5_001), invoice("R9820", 7_003), invoice("R4117", 5_001, "bolt")]
    done = rounds(items, [paid("p", 5_001, "R4771", account="DE1")])
    assert told(done) == {"p": ("near-miss", {"R4711": 5_001})}


def test_the_end_of_a_long_number_is_enough_when_payer_and_amount_agree() -> None:
    items = [invoice("8842001733", 5_001), invoice("8855001812", 7_003)]
    assert told(rounds(items, [paid("p", 7_003, "invoice 1812", account="DE1")])) == {
        "p": ("near-miss", {"8855001812": 7_003})
    }


def test_receipts_that_name_one_item_and_together_are_it_are_instalments() -> None:
    done = rounds([invoice("R100", 5_000)], [paid("p", 2_000, "R100", on=10), paid("q", 3_000, "R100", on=40)])
    assert told(done) == {"p": ("instalment", {"R100": 2_000}), "q": ("instalment", {"R100": 3_000})}


def test_a_list_and_the_rest_of_its_last_item_are_instalments() -> None:
    items = [invoice("R100", 5_000), invoice("R101", 7_000)]
    receipts = [paid("p", 8_000, "R100, R101", on=20), paid("q", 4_000, "R101", on=40)]
    assert told(rounds(items, receipts)) == {
        "p": ("instalment", {"R100": 5_000, "R101": 3_000}),
        "q": ("instalment", {"R101": 4_000}),
    }


def test_two_lists_that_share_an_item_are_no_instalments() -> None:
    items = [invoice("R100", 5_000), invoice("R101", 7_000), invoice("R102", 9_000)]
    receipts = [paid("p", 8_000, "R100, R101", on=20), paid("q", 13_000, "R101, R102", on=40)]
    assert told(rounds(items, receipts)) == {}


def test_one_clean_number_of_a_known_payer_is_paid_in_part() -> None:
    done = rounds([invoice("R100", 50_000)], [paid("p", 20_000, "R100", account="DE1")])
    assert told(done) == {"p": ("partial", {"R100": 20_000})}
    assert verdicts(done)["p"].shares == (Share(0, 20_000, 20_000, 50_000),)


def test_what_is_over_one_clean_number_stays_unapplied() -> None:
    done = rounds([invoice("R100", 50_000), invoice("R101", 90_000)], [paid("p", 53_100, "R100", account="DE1")])
    assert told(done) == {"p": ("over", {"R100": 50_000})}
    assert verdicts(done)["p"].unapplied == 3_100


def test_an_amount_that_only_one_item_of_the_payer_has_settles_it() -> None:
    items = [invoice("R100", 5_011), invoice("R101", 7_013), invoice("R102", 5_011, "bolt")]
    assert told(rounds(items, [paid("p", 5_011, account="DE1")])) == {"p": ("amount", {"R100": 5_011})}


def test_an_item_that_did_not_exist_yet_is_not_meant() -> None:
    items = [invoice("R100", 5_011), invoice("R101", 5_011, issued=21)]
    assert told(rounds(items, [paid("p", 5_011, account="DE1", on=20)])) == {"p": ("amount", {"R100": 5_011})}


def test_everything_that_is_open_is_paid_at_once() -> None:
    items = [invoice("R100", 5_000), invoice("R101", 5_000), invoice("R102", -1_000)]
    assert told(rounds(items, [paid("p", 9_000, account="DE1")])) == {
        "p": ("all-due", {"R100": 5_000, "R101": 5_000, "R102": -1_000})
    }


def test_everything_that_was_due_in_a_month_is_paid_at_once() -> None:
    items = [invoice(f"R1{at:02}", 100_003 + 7_919 * at * at, issued=at, due=10) for at in range(30)]
    month = items[11:19]
    total = sum(item.amount for item in month)
    done = rounds(items, [paid("p", total, account="DE1", on=45)])
    assert told(done) == {"p": ("all-due", {item.id: item.amount for item in month})}


def test_everything_that_is_due_may_leave_the_credit_memos_out() -> None:
    items = [invoice("R100", 5_000), invoice("R101", 5_000), invoice("R102", -1_000), invoice("R103", 7_000, due=60)]
    assert told(rounds(items, [paid("p", 10_000, account="DE1", on=40)])) == {
        "p": ("all-due", {"R100": 5_000, "R101": 5_000})
    }


def test_everything_of_one_customer_of_a_group_is_paid_at_once() -> None:
    parties = [Party("acme", "Acme", account="DE1"), Party("east", "Acme East", "acme")]
    items = [invoice("R100", 4_000), invoice("R101", 5_000, "east"), invoice("R102", 6_000, "east")]
    done = rounds(items, [paid("p", 11_000, account="DE1")], parties=parties)
    assert told(done) == {"p": ("all-due", {"R101": 5_000, "R102": 6_000})}


def test_the_one_set_that_an_amount_identifies_is_taken_and_its_odds_are_kept() -> None:
    amounts = (510_031, 299_977, 1_200_019, 777_713, 64_301)
    items = [invoice(f"R10{at}", amount, issued=at) for at, amount in enumerate(amounts)]
    done = rounds(items, [paid("p", 510_031 + 777_713, account="DE1")])
    assert told(done) == {"p": ("subset", {"R100": 510_031, "R103": 777_713})}
    assert verdicts(done)["p"].accidents_ppm <= 1_000
    assert verdicts(done)["p"].counted == 5


def test_a_parent_pays_for_its_children() -> None:
    parties = [Party("mother", "Mother Holding"), Party("child", "Child Bakery", parent="mother")]
    done = rounds([invoice("R100", 5_011, "child")], [paid("p", 5_011, name="MOTHER HOLDING")], parties=parties)
    assert told(done) == {"p": ("amount", {"R100": 5_011})}


def test_a_second_time_the_same_stays_on_account() -> None:
    receipts = [paid("p", 5_000, "R100", account="DE1", on=10), paid("q", 5_000, "R100", account="DE1", on=12)]
    done = rounds([invoice("R100", 5_000)], receipts)
    assert told(done) == {"p": ("reference", {"R100": 5_000}), "q": ("duplicate", {})}
    assert verdicts(done)["q"].unapplied == 5_000
    assert verdicts(done)["q"].of == 0


@pytest.mark.parametrize("kind", [ReceiptKind.REFUND, ReceiptKind.CHARGEBACK])
def test_money_that_went_back_opens_what_it_had_settled(kind: ReceiptKind) -> None:
    receipts = [paid("p", 7_500, "R100 R101"), back("b", 7_500, "p", kind=kind)]
    done = rounds([invoice("R100", 5_000), invoice("R101", 2_500)], receipts)
    assert told(done)["b"] == ("reversal", {"R100": -5_000, "R101": -2_500})
    assert done.at.left == [5_000, 2_500]


def test_a_part_that_went_back_opens_that_part_of_a_single_item() -> None:
    done = rounds([invoice("R100", 5_000)], [paid("p", 5_000, "R100"), back("b", 1_200, "p")])
    assert told(done)["b"] == ("reversal", {"R100": -1_200})
    assert done.at.left == [1_200]


def test_what_was_charged_back_can_be_paid_again_afterwards() -> None:
    receipts = [paid("p", 5_000, "R100", on=10), back("b", 5_000, "p", on=20), paid("q", 5_000, "again R100", on=30)]
    assert told(rounds([invoice("R100", 5_000)], receipts))["q"] == ("reference", {"R100": 5_000})


@pytest.mark.parametrize(
    ("verdict", "why"),
    [
        (Verdict(0, Class.KEY, (Share(0, 5_000, 6_000),), 0), "more than is open"),
        (Verdict(0, Class.KEY, (Share(0, 4_000, 4_000),), 0), "another sum"),
        (Verdict(0, Class.KEY, (Share(0, 5_100, 5_000),), -100), "more than came"),
        (Verdict(0, Class.KEY, (Share(0, 2_500, 2_500), Share(0, 2_500, 2_500)), 0), "twice"),
        (Verdict(0, Class.KEY, (Share(1, 5_000, 5_000),), 0), "currencies"),
        (Verdict(0, Class.KEY, (Share(0, 5_000, -5_000),), 0), "more than is open"),
    ],
)
def test_a_decision_that_breaks_the_books_is_not_kept(verdict: Verdict, why: str) -> None:
    done = rounds([invoice("R100", 5_000), invoice("R101", 5_000, currency="EUR")], [paid("p", 5_000)])
    with pytest.raises(ValueError, match=why):
        done.at.take(verdict)
    assert done.at.left == [5_000, 5_000]
    assert done.at.verdicts == {}


def test_a_receipt_is_decided_once() -> None:
    done = rounds([invoice("R100", 5_000)], [paid("p", 2_000, "R100", account="DE1")])
    with pytest.raises(ValueError, match="once"):
        done.at.take(Verdict(0, Class.KEY, (Share(0, 2_000, 2_000),), 0))
