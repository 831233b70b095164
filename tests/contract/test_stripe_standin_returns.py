"""The double's money that comes back or goes on: debits, refunds, disputes, payouts, and lines without a payment.

Everything is read over HTTP, so that Stripe's own description judges each answer.
"""

from __future__ import annotations

import pytest

from adapters.stripe.standin import disputes, entries, moves, payouts, refunds
from adapters.stripe.standin.refusals import Refusal
from adapters.stripe.standin.returns import RETURNS
from tests.stripe_desk import Desk
from tests.stripe_moves import DAY, charge_of, desk, held, ledger_of, settled, told

__all__ = ("desk",)

# Bank debits


@pytest.mark.parametrize("method", sorted(RETURNS))
def test_a_bank_debit_is_processing_until_its_network_says_why_not(desk: Desk, method: str) -> None:
    code = {"sepa_debit": "eur", "bacs_debit": "gbp"}.get(method, "usd")
    for why in RETURNS[method]:
        charge = charge_of(desk, method=method, code=code)
        assert desk.one(f"payment_intents/{charge['payment_intent']}")["status"] == "processing"
        moves.fail_sale(ledger_of(desk), charge, code=why.network or why.failure)
        found = desk.one(f"charges/{charge['id']}")
        assert (found["status"], found["failure_message"]) == ("failed", why.words)
        assert found["outcome"]["network_decline_code"] == why.network
        assert desk.one(f"payment_intents/{charge['payment_intent']}")["status"] == "requires_payment_method"
    assert held(desk, code) == 0


@pytest.mark.parametrize(
    ("code", "failure", "reason"),
    [
        ("R01", "insufficient_funds", "insufficient_funds"),
        ("R02", "account_closed", "bank_cannot_process"),
        ("R03", "no_account", "incorrect_account_details"),
        ("R10", "debit_not_authorized", "debit_not_authorized"),
    ],
)
def test_a_debit_returned_on_day_59_is_a_lost_dispute_with_the_reason(
    desk: Desk, code: str, failure: str, reason: str
) -> None:
    charge = settled(desk, method="us_bank_account")
    desk.clock.pass_seconds(59 * DAY)
    fight = disputes.come_back(ledger_of(desk), charge, code, fee=400)
    found, returned = desk.one(f"disputes/{fight['id']}"), desk.one(f"charges/{charge['id']}")
    assert (found["status"], found["reason"]) == ("lost", reason)
    assert (returned["status"], returned["disputed"], returned["failure_code"]) == ("succeeded", True, failure)
    assert [entry["net"] for entry in found["balance_transactions"]] == [-10_400]
    assert held(desk) == -400
    assert told(desk)[-3:] == ["charge.dispute.created", "charge.dispute.funds_withdrawn", "charge.dispute.closed"]


def test_a_debit_that_fails_after_success_takes_the_money_by_a_transaction_of_its_own(desk: Desk) -> None:
    charge = settled(desk, method="bacs_debit", code="gbp")
    moves.fail_late(ledger_of(desk), charge, at=ledger_of(desk).now(), code="account_closed")
    found = desk.one(f"charges/{charge['id']}", **{"expand[]": "failure_balance_transaction"})
    entry = found["failure_balance_transaction"]
    assert (found["status"], entry["type"], entry["net"]) == ("failed", "payment_failure_refund", -10_000)
    assert (entry["reporting_category"], held(desk, "gbp")) == ("charge_failure", 0)


# Refunds


@pytest.mark.parametrize("waits", ["pending", "requires_action"])
def test_a_refund_that_waits_moves_money_only_when_it_goes_through(desk: Desk, waits: str) -> None:
    charge = settled(desk)
    back = refunds.asked(ledger_of(desk), charge, 4_000, status=waits)
    assert (desk.one(f"refunds/{back['id']}")["status"], held(desk)) == (waits, 10_000)
    desk.clock.pass_seconds(3 * DAY)
    refunds.succeed(ledger_of(desk), back)
    assert (desk.one(f"refunds/{back['id']}")["status"], held(desk)) == ("succeeded", 6_000)


def test_a_refund_that_fails_days_later_gives_the_money_back(desk: Desk) -> None:
    charge = settled(desk)
    back = refunds.asked(ledger_of(desk), charge, 4_000)
    assert held(desk) == 6_000
    desk.clock.pass_seconds(5 * DAY)
    refunds.fail(ledger_of(desk), back)
    found = desk.one(f"refunds/{back['id']}", **{"expand[]": "failure_balance_transaction"})
    assert (found["status"], found["failure_reason"]) == ("failed", "lost_or_stolen_card")
    assert found["failure_balance_transaction"]["net"] == 4_000
    assert (desk.one(f"charges/{charge['id']}")["amount_refunded"], held(desk)) == (0, 10_000)
    assert "refund.failed" in told(desk)


def test_a_refund_that_waits_for_the_payer_can_be_canceled(desk: Desk) -> None:
    back = refunds.asked(ledger_of(desk), settled(desk), 4_000, status="requires_action")
    refunds.cancel(ledger_of(desk), back)
    assert (desk.one(f"refunds/{back['id']}")["status"], held(desk)) == ("canceled", 10_000)


# Disputes


def test_a_dispute_takes_amount_and_fee_and_a_won_one_gives_back_the_amount(desk: Desk) -> None:
    charge = settled(desk)
    fight = disputes.opened(ledger_of(desk), charge, fee=1_500)
    assert held(desk) == -1_500
    disputes.respond(ledger_of(desk), fight)
    assert desk.one(f"disputes/{fight['id']}")["status"] == "under_review"
    disputes.win(ledger_of(desk), fight)
    found = desk.one(f"disputes/{fight['id']}")
    assert (found["status"], [entry["net"] for entry in found["balance_transactions"]]) == ("won", [-11_500, 10_000])
    assert held(desk) == 8_500
    assert told(desk)[-2:] == ["charge.dispute.funds_reinstated", "charge.dispute.closed"]


def test_a_lost_dispute_gives_nothing_back(desk: Desk) -> None:
    fight = disputes.opened(ledger_of(desk), settled(desk), fee=1_500)
    disputes.close(ledger_of(desk), fight)
    assert (desk.one(f"disputes/{fight['id']}")["status"], held(desk)) == ("lost", -1_500)


# Payouts


def test_a_scheduled_payout_takes_what_is_available_after_two_days_and_lists_it_when_it_is_reconciled(
    desk: Desk,
) -> None:
    ledger = ledger_of(desk)
    first, second = settled(desk, 6_000), settled(desk, 4_000)
    assert payouts.scheduled(ledger, "usd") is None
    desk.clock.pass_seconds(2 * DAY)
    later = settled(desk, 1_000)
    payout = payouts.scheduled(ledger, "usd")
    assert payout is not None
    found = desk.one(f"payouts/{payout['id']}")
    assert (found["amount"], found["status"], found["reconciliation_status"]) == (10_000, "in_transit", "in_progress")
    assert held(desk) == 1_000
    own = payout["balance_transaction"]
    members = [first["balance_transaction"], second["balance_transaction"]]
    assert set(desk.get("balance_transactions", payout=payout["id"]).ids) != {own, *members}
    payouts.reconciled(ledger, payout)
    assert set(desk.get("balance_transactions", payout=payout["id"]).ids) == {own, *members}
    payouts.arrive(ledger, payout)
    assert desk.one(f"payouts/{payout['id']}")["status"] == "paid"
    assert later["balance_transaction"] in ledger.unpaid["usd"]
    assert told(desk)[-3:] == ["payout.reconciliation_completed", "payout.updated", "payout.paid"]


def test_a_payout_that_was_paid_can_fail_and_is_part_of_the_next(desk: Desk) -> None:
    ledger = ledger_of(desk)
    settled(desk)
    desk.clock.pass_seconds(2 * DAY)
    payout = payouts.scheduled(ledger, "usd")
    assert payout is not None
    payouts.arrive(ledger, payout)
    desk.clock.pass_seconds(4 * DAY)
    entry = payouts.fail(ledger, payout)
    found = desk.one(f"payouts/{payout['id']}")
    assert (found["status"], found["failure_code"], found["failure_balance_transaction"]) == (
        "failed",
        "account_closed",
        entry,
    )
    assert held(desk) == 10_000
    again = payouts.scheduled(ledger, "usd")
    assert again is not None
    assert (again["amount"], again["_members"]) == (10_000, [entry])


def test_a_reversed_payout_names_the_one_that_reverses_it(desk: Desk) -> None:
    ledger = ledger_of(desk)
    settled(desk)
    desk.clock.pass_seconds(2 * DAY)
    payout = payouts.by_hand(ledger, "usd")
    payouts.arrive(ledger, payout)
    back = payouts.reverse(ledger, payout)
    assert desk.one(f"payouts/{payout['id']}")["reversed_by"] == back["id"]
    found = desk.one(f"payouts/{back['id']}", **{"expand[]": "balance_transaction"})
    assert (found["original_payout"], found["amount"], found["balance_transaction"]["net"]) == (
        payout["id"],
        -10_000,
        10_000,
    )
    assert held(desk) == 10_000


def test_a_balance_below_zero_is_taken_from_the_bank(desk: Desk) -> None:
    ledger = ledger_of(desk)
    entries.enter(ledger, "adjustment", -2_000, "usd")
    payout = payouts.scheduled(ledger, "usd")
    assert payout is not None
    assert (desk.one(f"payouts/{payout['id']}")["amount"], held(desk)) == (-2_000, 0)


def test_a_manual_payout_of_a_part_cannot_be_listed_and_is_a_line_of_the_next(desk: Desk) -> None:
    ledger = ledger_of(desk)
    settled(desk)
    desk.clock.pass_seconds(2 * DAY)
    by_hand = payouts.by_hand(ledger, "usd", 3_000, instant=True)
    found = desk.one(f"payouts/{by_hand['id']}")
    assert (found["automatic"], found["method"], found["reconciliation_status"]) == (False, "instant", "not_applicable")
    assert desk.get("balance_transactions", payout=by_hand["id"]).status == 400
    payout = payouts.scheduled(ledger, "usd")
    assert payout is not None
    assert payout["amount"] == 7_000
    assert by_hand["balance_transaction"] in payout["_members"]


def test_more_than_is_available_cannot_be_paid_out(desk: Desk) -> None:
    settled(desk)
    with pytest.raises(Refusal, match="insufficient funds"):
        payouts.by_hand(ledger_of(desk), "usd", 1)


def test_a_payout_can_be_canceled_before_the_bank_has_it(desk: Desk) -> None:
    ledger = ledger_of(desk)
    settled(desk)
    desk.clock.pass_seconds(2 * DAY)
    payout = payouts.by_hand(ledger, "usd")
    payouts.cancel(ledger, payout)
    assert (desk.one(f"payouts/{payout['id']}")["status"], held(desk)) == ("canceled", 10_000)


# Other lines, other currencies


@pytest.mark.parametrize(
    ("what", "category"),
    [
        ("fee", "fee"),
        ("fx_fee", "fee"),
        ("tax_fee", "tax"),
        ("adjustment", "other_adjustment"),
        ("reserve", "risk_reserved_funds"),
        ("topup", "topup"),
        ("topup_reversal", "topup_reversal"),
        ("unknown", "lunar_settlement"),
    ],
)
def test_a_line_without_a_payment_has_its_category_and_is_in_the_balance(desk: Desk, what: str, category: str) -> None:
    txn_id = entries.enter(ledger_of(desk), what, -321, "usd")
    found = desk.one(f"balance_transactions/{txn_id}", **{"expand[]": "source"})
    assert (found["reporting_category"], found["net"], held(desk)) == (category, -321, -321)


def test_money_settled_in_another_currency_goes_back_at_the_price_of_its_day(desk: Desk) -> None:
    ledger, charge = ledger_of(desk), charge_of(desk, code="eur")
    moves.complete_sale(ledger, charge, at=ledger.now(), fee=300, settled=(10_800, "usd"))
    back = refunds.asked(ledger, charge, 10_000, taken=11_000)
    came = desk.one(f"balance_transactions/{charge['balance_transaction']}")
    left = desk.one(f"balance_transactions/{back['balance_transaction']}")
    assert (came["currency"], str(came["exchange_rate"])) == ("usd", "1.08")
    assert (left["net"], str(left["exchange_rate"])) == (-11_000, "1.1")
    assert (held(desk), held(desk, "eur")) == (-500, 0)
