"""Every awkward case placed in the demo world is what its name says, in both companies, on every day tried."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from connector.testing.demo_world import CASES
from tests.unit.world_reader import FIRMS, TODAY, cents, every_firm, told


@pytest.mark.parametrize("firm", FIRMS)
@pytest.mark.parametrize("case", CASES)
def test_every_named_case_stands_in_each_company(firm: str, case: str) -> None:
    assert any(row.case == case for row in told(TODAY)[firm].rows)


def test_every_named_case_stands_in_each_company_on_every_day_tried() -> None:
    for _, firm in every_firm():
        assert set(CASES) == {row.case for row in firm.rows} - {""}


def test_no_two_invoices_of_a_company_are_equal_except_the_twins() -> None:
    for _, firm in every_firm():
        seen = Counter(row.plain[2] for row in firm.of("invoice"))
        twins = [row for row in firm.of("invoice") if seen[row.plain[2]] > 1]
        assert [row.case for row in twins] == ["two equal open invoices"] * 2


def test_a_payment_of_the_twins_amount_says_nothing_and_could_settle_either() -> None:
    for _, firm in every_firm():
        one, other = firm.case("two equal open invoices", "invoice")
        (payment,) = firm.case("two equal open invoices", "payment")
        assert one.plain[1:] == other.plain[1:] == payment.plain[1:]
        assert not {"memo", "key"} & set(payment.named)
        assert firm.open()[one.id] == firm.open()[other.id] == cents(payment.plain[2])[0]
        assert max(one.day, other.day) <= payment.day


@pytest.mark.parametrize(
    ("case", "least", "most"),
    [
        ("partial payment", -500_000, -5_000),
        ("over-payment", 2_500, 2_500),
        ("short payment by a few dollars", -900, -100),
    ],
)
def test_a_payment_differs_from_its_invoice_as_its_case_says(case: str, least: int, most: int) -> None:
    for _, firm in every_firm():
        (payment,) = firm.case(case, "payment")
        owed = firm.open()[payment.names[0]]
        assert least <= cents(payment.plain[2])[0] - owed <= most


def test_one_payment_is_refunded_whole_and_one_in_part() -> None:
    for _, firm in every_firm():
        payments = firm.by_id("payment")
        (whole,) = firm.case("fully refunded payment", "refund")
        (part,) = firm.case("partly refunded payment", "refund")
        assert whole.plain[1] == payments[whole.named["of"]].plain[2]
        assert 0 < cents(part.plain[1])[0] < cents(payments[part.named["of"]].plain[2])[0]
        assert len(firm.of("refund")) == 2


def test_one_dispute_is_lost_and_one_is_open_over_the_whole_payment() -> None:
    for _, firm in every_firm():
        payments = firm.by_id("payment")
        assert sorted(row.named["status"] for row in firm.of("dispute")) == ["lost", "open"]
        for row in firm.of("dispute"):
            assert row.case == f"dispute {row.named['status']}"
            assert row.plain[1] == payments[row.named["of"]].plain[2]
            assert payments[row.named["of"]].day < row.day


def test_bank_debits_and_a_card_end_in_every_unhappy_way() -> None:
    expected = {
        "ACH pending": ("py_", "pending"),
        "ACH returned after success": ("py_", "returned"),
        "failed card attempt": ("ch_", "failed"),
    }
    for _, firm in every_firm():
        unhappy = {row.case: (row.id[:3], row.named["status"]) for row in firm.stripe() if "status" in row.named}
        assert unhappy == expected
        for row in firm.stripe():
            assert ("fee" in row.named) == (row.named.get("status") not in ("pending", "failed"))
            assert (row.named["by"] == "us_bank_account") == row.id.startswith("py_")
            assert row.named["by"] == "card" or cents(row.plain[2])[1] == "USD"


def test_a_letter_o_stands_for_a_zero_in_a_number_that_is_nobodys() -> None:
    for _, firm in every_firm():
        (payment,) = firm.case("mistyped reference", "payment")
        typed = payment.named["memo"].removeprefix("Invoice ")
        invoices = firm.by_id("invoice")
        assert typed not in invoices
        meant = invoices[typed.replace("O", "0")]
        assert meant.plain[1:] == payment.plain[1:]


def test_swapped_digits_name_the_invoice_of_a_stranger() -> None:
    for _, firm in every_firm():
        (payment,) = firm.case("reference with swapped digits names another customer's invoice", "payment")
        (typed,) = payment.names
        invoices = firm.by_id("invoice")
        meant = invoices[typed[:-2] + typed[-1] + typed[-2]]
        assert meant.plain[1:] == payment.plain[1:]
        assert invoices[typed].plain[1] != payment.plain[1]
        assert firm.open()[typed] > 0


def test_a_payment_names_an_invoice_that_a_check_had_paid() -> None:
    for _, firm in every_firm():
        (payment,) = firm.case("payment names an invoice already paid", "payment")
        ((check, _, _, _),) = [share for share in firm.shares() if share[1] == payment.names[0]]
        assert firm.open()[payment.names[0]] == 0
        assert check.day < payment.day


def test_a_payment_without_reference_equals_one_open_invoice_of_its_payer() -> None:
    for _, firm in every_firm():
        (payment,) = firm.case("payment without any reference", "payment")
        assert not {"memo", "key"} & set(payment.named)
        left = firm.open()
        fitting = [row for row in firm.of("invoice") if row.plain[1:] == payment.plain[1:] and left[row.id]]
        assert len(fitting) == 1


def test_euro_and_yen_have_customers_invoices_charges_payouts_and_accounts_of_their_own() -> None:
    for _, firm in every_firm():
        accounts = [row.plain for row in firm.of("account")]
        for code, bank, clearing in (
            ("EUR", "Euro Bank", "Stripe Clearing EUR"),
            ("JPY", "Yen Bank", "Stripe Clearing JPY"),
        ):
            assert [bank, f"bank {code}"] in accounts
            assert [clearing, f"bank {code}"] in accounts
            billed = [row.plain[0] for row in firm.of("customer") if row.named.get("currency") == code]
            assert len(billed) == 1
            owed = {row.plain[1] for row in firm.of("invoice") if cents(row.plain[2])[1] == code}
            assert owed == set(billed)
            assert sum(cents(row.plain[2])[1] == code for row in firm.stripe()) >= 3
            assert any(row.plain[1] == code for row in firm.of("payout"))
            assert all(
                cents(row.named["fee"])[1] == cents(row.plain[2])[1] for row in firm.stripe() if "fee" in row.named
            )


def test_a_parent_pays_for_its_child() -> None:
    for _, firm in every_firm():
        customers, invoices = firm.by_id("customer"), firm.by_id("invoice")
        (payment,) = firm.case("parent pays for its child", "payment")
        assert customers[invoices[payment.names[0]].plain[1]].named["parent"] == payment.plain[1]


def test_credit_notes_are_used_and_unused() -> None:
    for _, firm in every_firm():
        (used,) = firm.case("credit note applied", "credit")
        assert firm.open()[used.named["applied"].split(" ")[0]] > 0
        assert all("applied" not in row.named for row in firm.case("credit note unused", "credit"))


def test_a_payment_names_its_invoice_and_keeps_a_credit_note_back() -> None:
    for _, firm in every_firm():
        (invoice,) = firm.case("payment less a credit note", "invoice")
        (credit,) = firm.case("payment less a credit note", "credit")
        (payment,) = firm.case("payment less a credit note", "payment")
        assert payment.names == [invoice.id]
        assert {row.plain[1] for row in (invoice, credit, payment)} == {payment.plain[1]}
        assert cents(payment.plain[2])[0] == cents(invoice.plain[2])[0] - cents(credit.plain[2])[0]
        assert invoice.day <= credit.day <= payment.day
        assert "applied" not in credit.named


def test_customers_and_invoices_live_in_the_books_in_stripe_and_in_both() -> None:
    for _, firm in every_firm():
        kinds = Counter(re.sub(r" as \S+", "", row.named["in"]) for row in firm.of("customer"))
        assert set(kinds) == {"quickbooks", "stripe", "quickbooks and stripe"}
        known = {row.id for row in firm.of("customer") if "stripe" in row.named["in"]}
        assert {row.plain[1] for row in firm.stripe()} <= known
        in_books = {row.id for row in firm.of("customer") if "quickbooks" in row.named["in"]}
        assert {row.plain[1] for row in firm.of("invoice") if "in" not in row.named} <= in_books
        (both,) = firm.case("invoice in both systems", "invoice")
        assert [row.names for row in firm.case("invoice in both systems", "payment")] == [[both.id]]
        assert len(firm.case("invoice in Stripe only", "invoice")) == 2
        (paid,) = firm.case("invoice in Stripe only", "payment")
        assert paid.names[0] in {row.id for row in firm.case("invoice in Stripe only", "invoice")}


def test_invoices_that_were_never_sent_say_so_by_silence() -> None:
    for _, firm in every_firm():
        silent = [row for row in firm.of("invoice") if "sent" not in row.named]
        assert len(silent) == 2
        assert {row.case for row in silent} == {"invoice never sent"}


def test_money_the_books_hold_unapplied_tells_in_its_memo_what_it_is() -> None:
    for _, firm in every_firm():
        left = firm.open()
        for case in ("unapplied check names its invoice", "unapplied wire names two invoices"):
            (row,) = firm.case(case, "payment")
            assert "for" not in row.named
            assert sum(left[number] for number in row.names) == cents(row.plain[2])[0]
        (row,) = firm.case("check with an unapplied rest", "payment")
        applied = sum(amount for owner, _, amount, _ in firm.shares() if owner is row)
        assert cents(row.plain[2])[0] - applied == 6_000
