"""The clearing invariant: what a processor holds is what the books hold, and every difference has its name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.model.party import AccountRole
from connector.model.settlement import EntryNature
from connector.model.source import Kind
from connector.money import currency, grouped
from connector.reconcile.clearing import Standing, standings
from tests.builders import PROCESSOR, USD, Mirror, ref

MARK = f"receivables op={'A' * 20} src="


@pytest.fixture
def world() -> Mirror:
    mirror = Mirror()
    mirror.customer("Acme")
    return mirror


def purses(world: Mirror) -> dict[str, Standing]:
    return {each.currency: each for each in standings(world.seen())}


def rest(standing: Standing) -> dict[str, str]:
    return {str(each.reason): grouped(each.amount) for each in standing.rest}


@pytest.mark.parametrize(
    ("nature", "reason"),
    [
        (EntryNature.REFUND, "refund"),
        (EntryNature.REFUND_BACK, "refund"),
        (EntryNature.DISPUTE, "dispute"),
        (EntryNature.DISPUTE_BACK, "dispute"),
        (EntryNature.RETURN, "return"),
        (EntryNature.PAYOUT_BACK, "payout_back"),
        (EntryNature.SUSPENSE, "suspense"),
        (EntryNature.TOPUP, "other"),
        (EntryNature.RESERVE, "other"),
        (EntryNature.ADJUSTMENT, "other"),
    ],
)
def test_what_nobody_posts_is_named_with_its_amount_and_never_hidden(
    world: Mirror, nature: EntryNature, reason: str
) -> None:
    world.entry("txn_1", None, "-50.00", "15.00", nature)
    got = purses(world)["USD"]
    assert rest(got) == {"fee": "-15.00 USD", reason: "-50.00 USD"}
    assert got.explained == got.ledger


def test_a_payment_in_another_currency_is_an_exchange_in_both_and_leaves_no_hole(world: Mirror) -> None:
    charge = world.charge("ch_1", "100.00 EUR")
    world.entry("txn_1", charge, "108.35", "3.44", rate="1.0835")
    invoice = world.invoice("INV-1", "Acme", "100.00 EUR", still_open="0.00 EUR")
    world.received("p-1", "Acme", "100.00 EUR", {invoice: "100.00 EUR"}, unapplied="0.00 EUR", memo=f"{MARK}{charge}")
    found = purses(world)
    assert (grouped(found["EUR"].booked), rest(found["EUR"])) == ("100.00 EUR", {"exchange": "-100.00 EUR"})
    assert (grouped(found["USD"].booked), rest(found["USD"])) == (
        "0.00 USD",
        {"exchange": "108.35 USD", "fee": "-3.44 USD"},
    )
    assert all(each.explained == each.ledger for each in found.values())


def test_a_deposited_payout_books_its_fees_and_the_payout_in_one(world: Mirror) -> None:
    hand = world.account("Payments to deposit", AccountRole.UNDEPOSITED)
    charge = world.charge("ch_1", "50.00", fee="1.75")
    line, monthly = (
        world.entry("txn_1", charge, "50.00", "1.75"),
        world.entry("f", None, "-2.00", "0.00", EntryNature.FEE),
    )
    world.entry("txn_po", ref(Kind.PAYOUT, "po_1", PROCESSOR), "-46.25", "0.00", EntryNature.PAYOUT)
    world.payout("po_1", "46.25", line, monthly)
    invoice = world.invoice("INV-1", "Acme", "50.00", still_open="0.00")
    paid = world.received("p-1", "Acme", "50.00", {invoice: "50.00"}, memo=f"{MARK}{charge}", into=hand)
    assert rest(purses(world)["USD"]) == {"fee": "-3.75 USD", "payout": "-46.25 USD"}
    world.deposit("d-1", ref(Kind.ACCOUNT, "bank"), {paid: "50.00"}, memo=f"{MARK}stripe/payout/po_1")
    got = purses(world)["USD"]
    assert (grouped(got.booked), got.rest, got.holds) == ("0.00 USD", (), True)


def test_a_payment_that_the_books_hold_with_another_amount_shows_the_difference(world: Mirror) -> None:
    charge = world.charge("ch_1", "50.00", fee="1.75")
    world.entry("txn_1", charge, "50.00", "1.75")
    world.received("p-1", "Acme", "49.00", unapplied="49.00", memo=f"{MARK}{charge}")
    got = purses(world)["USD"]
    assert (grouped(got.booked), rest(got)["payment"]) == ("49.00 USD", "1.00 USD")
    assert got.explained == got.ledger


def test_a_line_whose_net_is_not_its_gross_less_its_fee_stands_in_suspense_and_the_sum_holds(world: Mirror) -> None:
    at = world.entry("txn_1", None, "50.00", "1.75", EntryNature.TOPUP)
    entry = world.seen().balance_entries[at]
    world.put(at, replace(entry, net=entry.gross))
    got = purses(world)["USD"]
    assert rest(got)["suspense"] == "1.75 USD"
    assert got.explained == got.ledger


def test_a_clearing_account_that_says_something_else_than_what_was_booked_does_not_hold(world: Mirror) -> None:
    charge = world.charge("ch_1", "50.00", fee="1.75")
    world.entry("txn_1", charge, "50.00", "1.75")
    world.received("p-1", "Acme", "50.00", unapplied="50.00", memo=f"{MARK}{charge}")
    account = world.account("Stripe Clearing", AccountRole.BANK, "50.00")
    (got,) = standings(world.seen(), {(PROCESSOR, USD): account})
    assert (got.held, got.holds) == (got.booked, True)
    world.account("Stripe Clearing", AccountRole.BANK, "49.99")
    assert not standings(world.seen(), {(PROCESSOR, USD): account})[0].holds


def test_a_processor_whose_balance_says_something_else_than_its_lines_does_not_hold(world: Mirror) -> None:
    world.entry("txn_1", None, "50.00", "0.00", EntryNature.TOPUP)
    world.account("Balance", AccountRole.PROCESSOR, "50.01", at=PROCESSOR)
    assert not purses(world)["USD"].holds


def test_every_currency_is_a_purse_of_its_own(world: Mirror) -> None:
    world.entry("txn_1", None, "50.00", "0.00", EntryNature.TOPUP)
    world.entry("txn_2", None, "700 JPY", "0 JPY", EntryNature.TOPUP)
    assert {code: grouped(each.ledger) for code, each in purses(world).items()} == {
        currency("JPY"): "700 JPY",
        "USD": "50.00 USD",
    }
