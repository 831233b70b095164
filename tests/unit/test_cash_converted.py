"""Money in another currency than its items: by key or clean numbers, at the day's rate, or not at all."""

from __future__ import annotations

import pytest

from connector.reconcile.cash.case import Item, Policy, Receipt
from connector.reconcile.cash.rounds import Rounds
from tests.unit.cash_ground import DAY, back, invoice, paid, rounds, told, verdicts

EURO, YEN = "EUR", "JPY"
RATES = {(EURO, "USD", DAY + 20): (108, 100), (YEN, "USD", DAY + 20): (67, 100)}
MARGIN = Policy(terms=True, bank_fee=2_500, fx_margin_bp=100)


def euro(number: str, amount: int, party: str = "acme", *, currency: str = EURO) -> Item:
    return invoice(number, amount, party, currency=currency)


def exchanged(items: list[Item], *receipts: Receipt, policy: Policy = MARGIN) -> Rounds:
    return rounds(items, receipts, policy=policy, rates=RATES)


def test_a_key_settles_an_item_in_another_currency_whole() -> None:
    done = exchanged([euro("R100", 10_000)], paid("p", 10_750, key="R100"))
    assert told(done) == {"p": ("converted", {"R100": 10_000})}
    assert [(share.pay, share.applied) for share in verdicts(done)["p"].shares] == [(10_750, 10_000)]
    assert verdicts(done)["p"].rate == (108, 100, DAY + 20)


def test_numbers_settle_items_in_another_currency_and_spend_every_cent() -> None:
    items = [euro("R100", 3_333), euro("R101", 3_333), euro("R102", 3_334)]
    done = exchanged(items, paid("p", 10_795, "R100, R101, R102"))
    shares = verdicts(done)["p"].shares
    assert [share.applied for share in shares] == [3_333, 3_333, 3_334]
    assert [share.pay for share in shares] == [3_598, 3_598, 3_599]


def test_a_currency_without_minor_units_is_converted_by_its_own_rate() -> None:
    done = exchanged([euro("R100", 50_000, currency=YEN)], paid("p", 33_300, "R100"))
    assert told(done) == {"p": ("converted", {"R100": 50_000})}


def test_a_rate_that_is_written_the_other_way_round_serves_as_well() -> None:
    items = [invoice("R100", 10_800)]
    done = rounds(items, [paid("p", 10_000, "R100", currency=EURO)], policy=MARGIN, rates=RATES)
    assert told(done) == {"p": ("converted", {"R100": 10_800})}


def test_a_credit_memo_that_is_named_is_taken_off() -> None:
    items = [euro("R100", 10_000), euro("R101", -1_000)]
    done = exchanged(items, paid("p", 9_720, "R100 R101"))
    assert [(share.pay, share.applied) for share in verdicts(done)["p"].shares] == [(10_800, 10_000), (-1_080, -1_000)]


def test_what_went_back_opens_the_item_in_its_own_currency() -> None:
    done = exchanged([euro("R100", 10_000)], paid("p", 10_750, key="R100"), back("b", 10_750, "p"))
    assert told(done)["b"] == ("reversal", {"R100": -10_000})
    assert done.at.left == [10_000]


def test_a_part_that_went_back_is_for_a_person() -> None:
    assert "b" not in told(exchanged([euro("R100", 10_000)], paid("p", 10_750, key="R100"), back("b", 750, "p")))


@pytest.mark.parametrize("amount", [10_691, 10_909])
def test_the_bank_s_margin_is_never_more_than_the_company_permits(amount: int) -> None:
    policy = Policy(fx_margin_bp=100, rounding=0)
    assert told(exchanged([euro("R100", 10_000)], paid("p", amount, "R100"), policy=policy)) == {}


@pytest.mark.parametrize(("amount", "settled"), [(10_795, 1), (10_800, 1), (10_794, 0), (10_750, 0)])
def test_from_the_beginning_nothing_but_rounding_is_permitted(amount: int, settled: int) -> None:
    done = exchanged([euro("R100", 10_000)], paid("p", amount, key="R100"), policy=Policy())
    assert len(told(done)) == settled


def test_an_amount_alone_is_never_converted() -> None:
    assert told(exchanged([euro("R100", 10_000)], paid("p", 10_800, account="DE1"))) == {}


def test_a_rate_of_another_week_is_none() -> None:
    assert told(exchanged([euro("R100", 10_000)], paid("p", 10_800, "R100", on=26))) == {}


def test_the_last_rate_before_a_holiday_serves() -> None:
    assert "p" in told(exchanged([euro("R100", 10_000)], paid("p", 10_800, "R100", on=23)))


def test_a_credit_memo_that_the_margin_would_hide_is_a_rival() -> None:
    items = [euro("R100", 10_000), euro("R101", -50)]
    assert told(exchanged(items, paid("p", 10_740, "R100"))) == {}


def test_a_rival_for_which_the_bank_would_have_to_give_is_none() -> None:
    items = [euro("R100", 10_000), euro("R101", -50)]
    assert "p" in told(exchanged(items, paid("p", 10_800, "R100")))


@pytest.mark.parametrize("text", ["R100 R200", "R100, R10", "R100 R300"])
def test_a_text_that_names_anything_else_is_for_a_person(text: str) -> None:
    items = [euro("R100", 10_000), invoice("R200", 5_000), euro("R300", 5_000, "bolt", currency=YEN)]
    assert told(exchanged(items, paid("p", 10_800, text, account="DE1"))) == {}


def test_a_key_of_another_customer_s_item_is_no_match_in_any_currency() -> None:
    assert told(exchanged([euro("R100", 10_000, "bolt")], paid("p", 10_800, key="R100", account="DE1"))) == {}


def test_the_same_money_twice_settles_an_item_once() -> None:
    receipts = paid("p", 10_800, "R100", account="DE1"), paid("q", 10_800, "R100", account="DE1", on=21)
    done = told(exchanged([euro("R100", 10_000)], *receipts))
    assert sum(applied.get("R100", 0) for _, applied in done.values()) in (0, 10_000)
