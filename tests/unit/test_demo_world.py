"""The demo's world as a whole, read again by a reader of its own: counts, sums, days, and that chance plays no part."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, timedelta

import pytest

from connector.dates import BusinessDate
from connector.testing.demo_world import CASES, demo_world
from connector.testing.worlds import parse
from tests.unit.world_reader import DAYS, FIRMS, TODAY, cents, every_firm, net, told


def test_two_companies_have_forty_customers_about_250_invoices_and_about_200_payments() -> None:
    for today in DAYS:
        firms = told(today)
        assert tuple(firms) == FIRMS
        assert sum(len(firm.of("customer")) for firm in firms.values()) == 40
        assert 245 <= sum(len(firm.of("invoice")) for firm in firms.values()) <= 258
        assert 185 <= sum(len(firm.of("payment")) for firm in firms.values()) <= 212


def test_about_110_of_some_125_stripe_payments_name_their_invoice_exactly_and_none_of_those_is_in_the_books() -> None:
    for today in DAYS:
        exact = every = 0
        for firm in told(today).values():
            invoices = firm.by_id("invoice")
            in_books = {number for _, number, _, _ in firm.shares()}
            for row in firm.stripe():
                every += 1
                if not row.names or "swapped" in row.case:
                    continue
                (number,) = row.names
                exact += 1
                assert cents(invoices[number].plain[2])[1] == cents(row.plain[2])[1]
                assert row.plain[1] == invoices[number].plain[1] or row.case == "parent pays for its child"
                assert number not in in_books or row.case == "payment names an invoice already paid"
        assert 105 <= exact <= 120
        assert 118 <= every <= 135


def test_regular_stripe_payments_pay_their_invoice_to_the_cent() -> None:
    for _, firm in every_firm():
        invoices = firm.by_id("invoice")
        regular = [row for row in firm.stripe() if not row.case]
        assert len(regular) > 30
        for row in regular:
            assert row.plain[2] == invoices[row.names[0]].plain[2]


def test_the_books_are_never_over_applied() -> None:
    for _, firm in every_firm():
        invoices, given = firm.by_id("invoice"), Counter[str]()
        for row, number, amount, code in firm.shares():
            size, paid_in = cents(row.plain[2])
            given[row.id] += amount
            assert given[row.id] <= size
            assert code == paid_in == cents(invoices[number].plain[2])[1]
            assert invoices[number].plain[1] == row.plain[1]
            assert invoices[number].day <= row.day
            assert "stripe" not in invoices[number].named.get("in", "")
        assert min(firm.open().values()) == 0


def bucket(days_overdue: int) -> str:
    for least, word in ((91, "91+"), (61, "61-90"), (31, "31-60"), (1, "1-30")):
        if days_overdue >= least:
            return word
    return "current"


def test_about_forty_invoices_that_nobody_paid_are_past_due_in_every_bucket() -> None:
    for today in DAYS:
        buckets = Counter[str]()
        for firm in told(today).values():
            named = {number for row in firm.of("payment") for number in row.names}
            left = firm.open()
            for number, row in firm.by_id("invoice").items():
                days = (today - date.fromisoformat(row.named["due"])).days
                if left[number] and number not in named:
                    buckets[bucket(days)] += 1
        assert 35 <= sum(buckets.values()) - buckets["current"] <= 45
        assert set(buckets) == {"current", "1-30", "31-60", "61-90", "91+"}
        assert min(buckets.values()) >= 5


def test_payouts_hold_each_settled_movement_once_and_pay_out_something() -> None:
    for _, firm in every_firm():
        seen = Counter[str]()
        rows = {row.id: row for row in firm.rows if row.on}
        for payout in firm.of("payout"):
            members = payout.named["of"].split(", ")
            seen.update(members)
            assert all(rows[member].day < payout.day for member in members)
            assert {net(firm, member)[1] for member in members} == {payout.plain[1]}
            assert sum(net(firm, member)[0] for member in members) > 0
            assert payout.day.weekday() < 5
        assert set(seen.values()) == {1}
        for refund in firm.of("refund") + firm.of("dispute"):
            if refund.id in seen:
                assert refund.named["of"] in seen


def test_payouts_leave_only_recent_money_in_the_balance() -> None:
    for today, firm in every_firm():
        paid_out = {member for row in firm.of("payout") for member in row.named["of"].split(", ")}
        moved = firm.stripe() + firm.of("refund") + firm.of("dispute")
        rest = [row for row in moved if row.id not in paid_out and row.named.get("status") in (None, "open", "lost")]
        assert rest
        assert all(row.day >= today - timedelta(days=16) for row in rest)
        assert "returned" not in {row.named.get("status") for row in firm.stripe() if row.id in paid_out}
        assert max(row.day for row in firm.of("payout")) >= today - timedelta(days=7)


def test_one_payout_holds_a_refund_beside_a_charge_with_a_fee() -> None:
    for _, firm in every_firm():
        for payout in firm.case("payout with a refund and a fee", "payout"):
            members = payout.named["of"].split(", ")
            assert any(member.startswith("re_") for member in members)
            assert any(member.startswith(("ch_", "py_")) and net(firm, member)[0] > 0 for member in members)


def test_paypal_takes_its_fee_of_each_payment_and_what_is_older_was_moved_to_the_bank() -> None:
    for today, firm in every_firm():
        payments, invoices = {row.id: row for row in firm.paypal()}, firm.by_id("invoice")
        (withdrawal,) = firm.case("withdrawal from PayPal", "payout")
        (waiting,) = firm.case("PayPal eCheck on its way", "payment")
        assert firm.case("payment by PayPal", "payment")
        moved = withdrawal.named["of"].split(", ")
        assert len(payments) - 1 > len(moved) > 1
        assert all(payments[member].day < withdrawal.day <= today for member in moved)
        for row in payments.values():
            assert row.plain[2] == invoices[row.names[0]].plain[2]
            if row is waiting:
                assert ("fee" in row.named, row.named["status"], row.day) == (
                    False,
                    "pending",
                    max(p.day for p in payments.values()),
                )
                continue
            (amount, code), (fee, _) = cents(row.plain[2]), cents(row.named["fee"])
            assert code == "USD"
            assert abs((fee - 49) * 10_000 - amount * 349) <= 5_000


def test_deposits_bank_checks_and_wires_once_in_their_own_currency() -> None:
    banks = {"Checking": "USD", "Euro Bank": "EUR", "Yen Bank": "JPY"}
    for today, firm in every_firm():
        payments, banked = {row.id: row for row in firm.books()}, Counter[str]()
        for deposit in firm.of("deposit"):
            for member in deposit.named["of"].split(", "):
                banked[member] += 1
                assert payments[member].day <= deposit.day <= today
                assert cents(payments[member].plain[2])[1] == banks[deposit.plain[0]]
        assert set(banked.values()) == {1}
        assert {banks[row.plain[0]] for row in firm.of("deposit")} == set(banks.values())


def test_nothing_has_happened_after_today_or_before_its_cause() -> None:
    for today, firm in every_firm():
        invoices = firm.by_id("invoice")
        assert all(row.day <= today for row in firm.rows if row.on)
        assert min(row.day for row in firm.of("invoice")) >= today - timedelta(days=280)
        assert today - timedelta(days=90) <= min(row.day for row in firm.stripe()) <= today - timedelta(days=60)
        for row in firm.of("payment"):
            assert all(invoices[n].day <= row.day for n in row.names if "swapped" not in row.case)
        for row in firm.of("invoice"):
            assert (date.fromisoformat(row.named["due"]) - row.day).days in (15, 30, 45)
            assert "sent" not in row.named or row.day <= date.fromisoformat(row.named["sent"][-10:]) <= today


def test_amounts_and_addresses_are_of_the_size_and_kind_agreed() -> None:
    for _, firm in every_firm():
        for row in firm.of("invoice"):
            amount, code = cents(row.plain[2])
            assert code == "JPY" or 8_000 <= amount <= 900_000
            assert code != "JPY" or 12_000 <= amount <= 900_000
        for row in firm.of("customer"):
            assert row.named["email"].endswith(".example")
            assert " 555 01" in row.named["phone"]


def test_the_same_day_and_seed_give_the_same_text_whatever_else_was_drawn() -> None:
    day = BusinessDate(TODAY)
    first = demo_world(day)
    random.seed(1)
    assert demo_world(day) == first
    assert demo_world(day, seed=8) != first
    assert demo_world(BusinessDate(TODAY + timedelta(days=1))) != first


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_world_can_be_told_on_any_day_of_a_leap_year(seed: int) -> None:
    for step in range(0, 366, 5):
        firms = told(date(2023, 12, 28) + timedelta(days=step), seed)
        for firm in firms.values():
            assert {row.case for row in firm.rows} >= set(CASES)
            assert min(firm.open().values()) == 0


def test_the_notation_reads_the_whole_world_as_it_was_written() -> None:
    for today in DAYS:
        firms = told(today)
        worlds = parse(demo_world(BusinessDate(today)))
        assert [(w.name, w.realm, w.stripe_account) for w in worlds] == [
            ("Harbor Supply", "9130001", "acct_harbor"),
            ("Maple & Pine Studio", "9130002", "acct_maple"),
        ]
        for world in worlds:
            firm = firms[world.name]
            assert len(world.accounts) == len(firm.of("account"))
            assert {i.number: i.amount.minor for i in world.invoices} == {
                row.id: cents(row.plain[2])[0] for row in firm.of("invoice")
            }
            assert {p.id: (p.system, p.status, p.key, p.memo) for p in world.payments} == {
                row.id: (
                    row.named.get("in") or ("stripe" if row.id.startswith(("ch_", "py_")) else "quickbooks"),
                    row.named.get("status", "succeeded"),
                    row.named.get("key"),
                    row.named.get("memo"),
                )
                for row in firm.of("payment")
            }
            assert [p.members for p in world.payouts] == [
                tuple(row.named["of"].split(", ")) for row in firm.of("payout")
            ]
            assert len(world.contacts) == len(firm.of("contact")) == 4
            assert len(world.notes) == len(firm.of("note")) == 1
