"""The simulated merchant: the same for the same seed, and right about its own money."""

from __future__ import annotations

import json

import pytest

from adapters.stripe.standin import build
from adapters.stripe.standin.ledger import Ledger
from adapters.stripe.standin.life import ACTS, YEAR_SECONDS, Merchant, unseen
from adapters.stripe.standin.shapes import Document
from adapters.stripe.standin.trade import LAST_RETURN_DAY
from connector.dates import epoch_seconds
from connector.testing.worlds import parse
from tests.clocks import FakeClock

WORLD = "company  Harbor Supply  home USD  zone America/New_York  country US  stripe acct_harbor\n"
DAY = 86_400
FEW = 1_200
"""Charges of a year in which everything occurs."""


def opened(clock: FakeClock | None = None) -> Ledger:
    """An account in which nothing has happened."""
    return build(parse(WORLD), clock=clock or FakeClock("2026-01-01T12:00:00Z")).ledger("acct_harbor")


def state(ledger: Ledger) -> str:
    """Everything that is stored and was told, as text."""
    stored = {kind: ledger.newest(kind) for kind in ledger.kinds()}
    told = [(one.id, one.type, one.created, one.snapshot) for one in ledger.happened()]
    return json.dumps([stored, ledger.members, told, ledger.told], default=str)


def held(ledger: Ledger) -> dict[str, int]:
    """The balance per currency, available and pending together, where there is any."""
    balance = ledger.balance()
    sums: dict[str, int] = {}
    for row in [*balance["available"], *balance["pending"]]:
        sums[row["currency"]] = sums.get(row["currency"], 0) + row["amount"]
    return {code: amount for code, amount in sums.items() if amount}


def known(merchant: Merchant) -> dict[str, int]:
    return {code: amount for code, amount in merchant.truth.balance.items() if amount}


@pytest.fixture(scope="module")
def year() -> Merchant:
    merchant = Merchant(opened(), 7)
    merchant.year(FEW)
    return merchant


def test_the_same_seed_lives_the_same_year() -> None:
    one, other = Merchant(opened(), 3), Merchant(opened(), 3)
    assert [one.step() for _ in range(900)] == [other.step() for _ in range(900)]
    assert state(one.ledger) == state(other.ledger)


def test_another_seed_lives_another() -> None:
    one, other = Merchant(opened(), 3), Merchant(opened(), 4)
    one.days(20)
    other.days(20)
    assert state(one.ledger) != state(other.ledger)


def test_the_balance_is_what_the_merchant_knows_after_every_single_act() -> None:
    merchant = Merchant(opened(), 11, charges_a_year=2_500)
    for _ in range(2_500):
        done = merchant.step()
        assert held(merchant.ledger) == known(merchant), done


def test_every_kind_of_act_occurs_in_a_year(year: Merchant) -> None:
    assert set(year.done) == ACTS


def test_a_year_has_at_least_the_charges_that_were_asked_for_in_four_currencies(year: Merchant) -> None:
    charges = year.ledger.newest("charge")
    assert len(charges) >= FEW
    assert {charge["currency"] for charge in charges} == {"usd", "eur", "gbp", "jpy"}
    span = charges[0]["created"] - charges[-1]["created"]
    assert YEAR_SECONDS - 7 * DAY < span <= YEAR_SECONDS


def test_money_of_every_currency_settles_in_its_own_and_in_dollars(year: Merchant) -> None:
    entries = {one["id"]: one for one in year.ledger.newest("balance_transaction")}
    ways = {
        (charge["currency"], entries[charge["balance_transaction"]]["currency"])
        for charge in year.ledger.newest("charge")
        if charge["balance_transaction"]
    }
    own = {(code, code) for code in ("usd", "eur", "gbp", "jpy")}
    assert ways == own | {(code, "usd") for code in ("eur", "gbp", "jpy")}


def test_every_scheduled_payout_has_the_members_it_must_have_and_is_their_sum(year: Merchant) -> None:
    ledger, truth = year.ledger, year.truth
    scheduled = [one for one in ledger.newest("payout") if one["automatic"]]
    assert {one["id"] for one in scheduled} == set(truth.members)
    for payout in scheduled:
        members = payout.get("_members") or ledger.members[payout["id"]]
        assert set(members) == truth.members[payout["id"]], payout["id"]
        assert sum(ledger.get("balance_transaction", one)["net"] for one in members) == payout["amount"]


def test_no_balance_transaction_is_in_two_payouts(year: Merchant) -> None:
    members = [one for payout in year.truth.members.values() for one in payout]
    assert len(members) == len(set(members))


def test_every_payout_has_the_amount_the_merchant_knows_and_some_are_below_zero(year: Merchant) -> None:
    payouts = year.ledger.newest("payout")
    assert {one["id"]: one["amount"] for one in payouts} == year.truth.payouts
    assert any(one["automatic"] and one["amount"] < 0 for one in payouts)
    assert {one["status"] for one in payouts} >= {"paid", "failed", "canceled"}
    assert any(one["original_payout"] for one in payouts)


def test_every_invoice_is_as_open_as_the_merchant_knows(year: Merchant) -> None:
    found = {one["id"]: one for one in year.ledger.newest("invoice")}
    assert set(found) == set(year.truth.invoices)
    for vendor_id, owed in year.truth.invoices.items():
        invoice = found[vendor_id]
        assert invoice["status"] == owed.status, vendor_id
        assert invoice["amount_paid"] == owed.paid, vendor_id
        assert invoice["amount_overpaid"] == owed.over, vendor_id
        assert invoice["amount_paid_off_stripe"] == owed.off_stripe, vendor_id
        if owed.status != "void":
            assert invoice["amount_remaining"] == owed.rest, vendor_id


def test_an_invoice_s_amount_due_is_its_total_less_notes_and_credit(year: Merchant) -> None:
    for invoice in year.ledger.newest("invoice"):
        spent = (invoice["ending_balance"] or 0) - invoice["starting_balance"]
        less = invoice["pre_payment_credit_notes_amount"] + spent
        assert invoice["amount_due"] == invoice["total"] - less, invoice["id"]


def test_what_invoices_say_was_paid_by_stripe_s_payments_is_the_sum_of_those(year: Merchant) -> None:
    paid: dict[str, int] = {}
    for link in year.ledger.newest("invoice_payment"):
        if link["status"] == "paid" and link["payment"]["type"] != "payment_record":
            paid[link["invoice"]] = paid.get(link["invoice"], 0) + link["amount_paid"]
    for invoice in year.ledger.newest("invoice"):
        assert invoice["amount_paid"] - invoice["amount_paid_off_stripe"] == paid.get(invoice["id"], 0)


def living(merchant: Merchant) -> list[Document]:
    return merchant.ledger.newest("customer")


def test_credit_and_cash_of_every_customer_are_the_sums_of_their_lines_and_what_the_merchant_knows(
    year: Merchant,
) -> None:
    credit: dict[str, int] = {}
    for line in year.ledger.newest("customer_balance_transaction"):
        credit[line["customer"]] = credit.get(line["customer"], 0) - line["amount"]
    cash: dict[tuple[str, str], int] = {}
    for line in year.ledger.newest("customer_cash_balance_transaction"):
        key = (line["customer"], line["currency"])
        cash[key] = cash.get(key, 0) + line["net_amount"]
    for customer in living(year):
        own = customer["id"]
        assert -customer["balance"] == credit.get(own, 0) == year.truth.credit.get(own, 0)
        for (owner, code), amount in cash.items():
            if owner == own:
                assert amount == year.truth.cash[own, code]


def test_what_was_deleted_is_on_no_list(year: Merchant) -> None:
    shown = {one["id"] for kind in ("customer", "invoice") for one in year.ledger.newest(kind)}
    assert not shown & year.truth.deleted
    assert {vendor_id.partition("_")[0] for vendor_id in year.truth.deleted} == {"cus", "in"}


def test_debits_come_back_to_the_day_59_days_after_they_had_succeeded(year: Merchant) -> None:
    ledger = year.ledger
    late = []
    for fight in ledger.newest("dispute"):
        charge = ledger.get("charge", fight["charge"])
        if charge["payment_method_details"]["type"] == "us_bank_account":
            came = ledger.get("balance_transaction", charge["balance_transaction"])["created"]
            late.append(fight["created"] - came)
    assert late
    assert set(late) == {LAST_RETURN_DAY * DAY}


def test_charges_and_refunds_are_what_the_merchant_knows(year: Merchant) -> None:
    words = {"pending": "pending", "failed": "failed"}
    for charge in year.ledger.newest("charge"):
        state_known = year.truth.charges[charge["id"]]
        assert charge["status"] == words.get(state_known, "succeeded"), charge["id"]
        assert charge["disputed"] == (state_known in ("returned", "disputed", "reinstated")), charge["id"]
    assert {one["id"]: one["status"] for one in year.ledger.newest("refund")} == year.truth.refunds


def test_everything_that_is_told_is_told_of_something_that_was_there(year: Merchant) -> None:
    types = {one.type for one in year.ledger.happened()}
    for kind in ("invoice.updated", "payout.paid", "charge.succeeded", "customer_cash_balance_transaction.created"):
        assert kind in types
    assert not any(one.type.startswith("customer_balance_transaction") for one in year.ledger.happened())


def test_what_is_unseen_changes_the_account_and_is_told_by_no_event() -> None:
    merchant = Merchant(opened(), 5)
    merchant.days(3)
    told, before = merchant.ledger.told, state(merchant.ledger)
    with merchant.unseen():
        merchant.days(2)
    assert merchant.ledger.told == told
    assert state(merchant.ledger) != before
    merchant.rename(merchant.ledger.newest("customer")[0]["id"], "Seen again")
    assert merchant.ledger.told == told + 1


def test_one_unseen_change_within_another_does_not_end_it() -> None:
    ledger = opened()
    with unseen(ledger):
        with unseen(ledger):
            pass
        Merchant(ledger, 5).days(1)
    assert ledger.told == 0


def test_time_passes_for_everybody_when_the_clock_is_the_merchants() -> None:
    clock = FakeClock("2026-01-01T12:00:00Z")
    merchant = Merchant(opened(clock), 5, wait=clock.pass_seconds)
    merchant.days(3)
    assert epoch_seconds(clock.now()) == merchant.ledger.now()
    assert merchant.ledger.now() == epoch_seconds(FakeClock("2026-01-04T12:00:00Z").now())


def test_a_line_on_order_is_in_the_balance_and_known() -> None:
    merchant = Merchant(opened(), 5)
    txn_id = merchant.line("unknown", -321, "eur")
    assert merchant.ledger.get("balance_transaction", txn_id)["net"] == -321
    assert held(merchant.ledger) == known(merchant) == {"eur": -321}
