"""The scorer finds what was planted: each case is made by hand, and its figures are counted by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tests.bench.cash.payout_scoring import PayoutScore, score_payouts
from tests.bench.cash.records import Customer, Deposit, Item, Link, Payout, Receipt, Tenant, Txn
from tests.bench.cash.scoring import Score, read_answers, score, wilson_low

DAY = date(2025, 3, 1)


def item(name: str, amount: int, customer: str = "acme") -> Item:
    return Item(id=name, number=name, customer=customer, currency="USD", amount=amount, issued=DAY, due=DAY)


def receipt(name: str, amount: int, *truth: tuple[str, int, int]) -> Receipt:
    links = tuple(Link(*link) for link in truth)
    return Receipt(
        id=name, kind="payment", source="bank", on=DAY, currency="USD", amount=amount, truth=links, decidable=True,
        category="exact",
    )  # fmt: skip


PAID = receipt("paid", 100, ("i1", 100, 100))
BOTH = receipt("both", 300, ("i1", 100, 100), ("i2", 200, 200))


def world(*receipts: Receipt) -> list[Tenant]:
    people = [Customer(id="acme", name="Acme"), Customer(id="bolt", name="Bolt")]
    items = [item("i1", 100), item("i2", 200), item("i3", 100), item("x1", 100, "bolt"), item("c1", -50)]
    return [Tenant(id="t", customers=people, items=items, receipts=receipts)]


def judged(receipts: list[Receipt], **answers: list[tuple[str, int, int]]) -> Score:
    return score(world(*receipts), {name: [Link(*link) for link in links] for name, links in answers.items()})


def test_the_truth_itself_has_no_fault() -> None:
    found = judged([PAID, receipt("p2", 200, ("i2", 200, 200))], paid=[("i1", 100, 100)], p2=[("i2", 200, 200)])
    assert (found.decided, found.right, found.wrong, found.broken) == (2, 2, [], 0)
    assert (found.precision, found.straight_through, found.recall) == (1, 1, 1)
    assert (found.money_precision, found.customer_money_precision, found.link_recall) == (1, 1, 1)


def test_a_planted_wrong_invoice_is_found() -> None:
    found = judged([PAID, receipt("p2", 200, ("i2", 200, 200))], paid=[("i3", 100, 100)], p2=[("i2", 200, 200)])
    assert found.wrong == ["paid"]
    assert (found.precision, found.straight_through, found.link_precision) == (0.5, 0.5, 0.5)
    assert found.money_precision == pytest.approx(200 / 300)


def test_the_wrong_invoice_of_the_right_customer_is_right_in_customer_money_and_up_to_equal_invoices() -> None:
    same = judged([PAID], paid=[("i3", 100, 100)])
    other = judged([PAID], paid=[("x1", 100, 100)])
    assert (same.customer_money_precision, same.precision_up_to_equal, same.precision) == (1, 1, 0)
    assert (other.customer_money_precision, other.precision_up_to_equal, other.precision) == (0, 0, 0)


@pytest.mark.parametrize(
    ("what", "answer"),
    [
        ("one invoice is missing", [("i1", 100, 100)]),
        ("one too many", [("i1", 100, 100), ("i2", 150, 150), ("i3", 50, 50)]),
        ("amounts are exchanged", [("i1", 200, 200), ("i2", 100, 100)]),
        ("all of it stays on account", []),
        ("a part stays on account", [("i1", 100, 100), ("i2", 150, 150)]),
        ("the sign is wrong", [("i1", -100, -100), ("i2", 200, 200)]),
    ],
)
def test_an_allocation_is_right_only_as_a_whole(what: str, answer: list[tuple[str, int, int]]) -> None:
    assert judged([BOTH], both=answer).wrong == ["both"], what


def test_who_bears_a_fee_within_a_payment_does_not_matter_but_is_counted() -> None:
    paid = receipt("p", 290, ("i1", 90, 100), ("i2", 200, 200))
    found = judged([paid], p=[("i1", 100, 100), ("i2", 190, 200)])
    assert (found.right, found.split_otherwise) == (1, 1)
    assert judged([paid], p=[("i1", 90, 90), ("i2", 200, 200)]).wrong == ["p"]


def test_a_converted_share_may_differ_by_two_minor_units_and_no_more() -> None:
    paid = replace(receipt("p", 300, ("i1", 120, 100), ("i2", 180, 200)), category="converted")
    assert judged([paid], p=[("i1", 122, 100), ("i2", 178, 200)]).split_otherwise == 0
    assert judged([paid], p=[("i1", 122, 100), ("i2", 179, 200)]).right == 1
    assert judged([paid], p=[("i1", 123, 100), ("i2", 180, 200)]).wrong == ["p"]


def test_a_receipt_and_its_repetition_may_be_exchanged_but_not_both_applied() -> None:
    again = replace(PAID, id="again", truth=(), twin="paid", category="duplicate")
    exchanged = judged([PAID, again], paid=[], again=[("i1", 100, 100)])
    assert (exchanged.right, exchanged.false_applied, exchanged.must_not) == (2, 0, 1)
    alone = judged([PAID, again], again=[("i1", 100, 100)])
    assert (alone.right, alone.false_applied) == (1, 0)
    twice = judged([PAID, again], paid=[("i1", 100, 100)], again=[("i3", 100, 100)])
    assert (twice.wrong, twice.false_applied) == (["again"], 1)


def test_what_cannot_be_known_and_was_applied_is_a_guess_right_or_wrong() -> None:
    dark = replace(PAID, decidable=False)
    right, wrong, kept = (judged([dark], paid=answer) for answer in ([("i1", 100, 100)], [("i3", 100, 100)], []))
    assert (right.guess_rate, right.guessed_wrong) == (1, 0)
    assert (wrong.guess_rate, wrong.guessed_wrong, wrong.wrong_guesses) == (1, 1, 10_000)
    assert (kept.guess_rate, kept.wrong) == (0, ["paid"])
    assert judged([dark]).guess_rate == 0


def test_money_that_is_not_ours_is_not_to_be_applied() -> None:
    interest = replace(receipt("p", 100), ours=False, decidable=False, category="not ours")
    assert judged([interest], p=[("i1", 100, 100)]).false_apply == 1
    assert judged([interest], p=[]).false_apply == 0
    assert judged([interest]).false_apply == 0


def test_a_decidable_receipt_that_nobody_decided_is_missed() -> None:
    found = judged([PAID])
    assert (found.missed, found.recall, found.touchless, found.recall_by_category["exact"]) == (["paid"], 0, 0, [0, 1])


def test_each_broken_invariant_is_counted() -> None:
    assert judged([PAID], paid=[("i1", 100, 100), ("i2", 1, 1)]).over_receipts == ["paid"]
    assert judged([BOTH], both=[("i1", 300, 300)]).over_items == ["i1"]
    twice = judged([PAID, receipt("p2", 100)], paid=[("i1", 100, 100)], p2=[("i1", 100, 100)])
    assert twice.over_items == ["i1"]
    assert judged([PAID], paid=[("nowhere", 100, 100)]).unknown == ["nowhere"]
    assert judged([PAID], stranger=[]).unknown == ["stranger"]
    assert judged([PAID], paid=[("i1", 50, 50), ("i1", 50, 50)]).repeated == ["paid"]
    assert judged([PAID], paid=[("c1", -60, -60)]).over_items == ["c1"]
    assert judged([PAID], paid=[("i1", -10, -10)]).broken == 2


def test_an_item_of_another_company_is_unknown() -> None:
    one = world(PAID)[0]
    other = replace(one, id="u", items=[item("u1", 100)], receipts=[])
    found = score([one, other], {"paid": [Link("u1", 100, 100)]})
    assert found.unknown == ["u1"]


def test_money_that_went_back_counts_with_its_sign() -> None:
    back = replace(receipt("back", -100, ("i1", -100, -100)), kind="refund", category="refund")
    found = judged([PAID, back], paid=[("i1", 100, 100)], back=[("i1", -100, -100)])
    assert (found.right, found.broken, found.money_precision) == (2, 0, 1)
    assert judged([PAID, back], paid=[("i1", 100, 100)], back=[("i1", 100, 100)]).link_precision == 0.5


def test_classes_are_counted_each_for_itself() -> None:
    tenants = world(PAID, receipt("p2", 200, ("i2", 200, 200)))
    answers = {"paid": [Link("i1", 100, 100)], "p2": [Link("i3", 100, 100)]}
    found = score(tenants, answers, {"paid": "key", "p2": "amount"})
    assert {name: (tally.right, tally.wrong) for name, tally in found.by_class.items()} == {
        "key": (1, 0),
        "amount": (0, 1),
    }


@pytest.mark.parametrize(
    ("right", "all_", "low"),
    [(0, 0, 0.0), (10, 10, 0.72247), (6000, 6000, 0.99936), (9, 10, 0.59585), (9995, 10_000, 0.99883)],
)
def test_the_bound_is_wilsons(right: int, all_: int, low: float) -> None:
    """Known values: of n out of n it is n / (n + 3.8415), of 9 out of 10 what textbooks print."""
    assert wilson_low(right, all_) == pytest.approx(low, abs=2e-5)


def test_answers_are_read_as_match_writes_them(tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text(
        "payment_id,invoice_id,pay_minor,applied_minor\np1,i1,90,100\np1,i2,-5,-5\np2,,0,0\n"
    )
    assert read_answers(tmp_path / "out.csv") == {"p1": [Link("i1", 90, 100), Link("i2", -5, -5)], "p2": []}


def test_payouts_are_counted_by_what_landed_and_what_they_consist_of() -> None:
    sent = [
        Payout("po1", "stripe", DAY, DAY, "USD", 100, "automatic"),
        Payout("po2", "stripe", DAY, DAY, "USD", 50, "manual"),
    ]
    lines = [
        Txn(name, "stripe", "charge", "", DAY, DAY, 50, 0, "", really)
        for name, really in (("t1", "po1"), ("t2", "po1"), ("t3", "po2"))
    ]
    bank = [Deposit("d1", DAY, "USD", 100, "", "po1"), Deposit("d2", DAY, "USD", 50, "", "po2")]
    bank.append(Deposit("d3", DAY, "USD", 50, "", ""))
    tenants = [Tenant(id="t", customers=[], items=[], receipts=[], payouts=sent, txns=lines, deposits=bank)]
    right = score_payouts(tenants, {"d1": "po1", "d2": "po2"}, {"t1": "po1", "t2": "po1", "t3": "po2"})
    assert right == PayoutScore(deposits=2, deposits_right=2, automatic=1, automatic_right=1, manual=1, manual_right=1)
    wrong = score_payouts(tenants, {"d1": "po1", "d3": "po2"}, {"t1": "po1", "t3": "po1"})
    assert wrong == PayoutScore(deposits=2, deposits_right=1, deposits_wrong=1, automatic=1, manual=1, composed_wrong=1)
