"""connector.testing.worlds: the notation in its README is the notation that is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.dates import business_date
from connector.errors import UserError
from connector.money import currency as code_of
from connector.money import from_text
from connector.testing import worlds
from connector.testing.worlds import World, parse

README = Path(worlds.__file__).with_name("README.md")


def usd(text: str) -> object:
    return from_text(text, code_of("USD"))


def the_world(text: str) -> World:
    (world,) = parse(text)
    return world


def readme_example() -> str:
    """The first fenced block of the README."""
    return README.read_text(encoding="utf-8").split("```")[1]


def test_the_example_of_the_readme_is_read_whole() -> None:
    world = the_world(readme_example())
    assert (world.name, world.home, world.zone, world.country) == (
        "Harbor Supply",
        "USD",
        "America/New_York",
        "US",
    )
    assert (world.realm, world.stripe_account, world.closed_through) == ("9130001", "acct_harbor", None)
    assert [(account.name, account.role) for account in world.accounts] == [
        ("Checking", "bank"),
        ("Stripe Clearing", "bank"),
        ("Stripe Fees", "expense"),
    ]
    assert [(customer.name, customer.parent) for customer in world.customers] == [
        ("Acme", None),
        ("Acme North", "Acme"),
    ]
    assert [invoice.number for invoice in world.invoices] == ["INV-7", "S-1"]
    assert [payment.id for payment in world.payments] == ["ch_1", "CHK-88"]
    assert [credit.number for credit in world.credits] == ["CM-1"]
    assert [refund.payment for refund in world.refunds] == ["ch_1"]
    assert [payout.members for payout in world.payouts] == [("ch_1", "re_1", "dp_1")]
    assert [deposit.payments for deposit in world.deposits] == [("CHK-88",)]
    assert world.expect == ("INV-7 open 0.00 USD", "ch_1 -> INV-7 because stored-key", "finding refunded")


def test_an_invoice_tells_what_is_owed_by_when_and_to_whom_it_went() -> None:
    invoice = the_world(readme_example()).invoices[0]
    assert (invoice.customer, invoice.amount) == ("Acme", usd("120.00"))
    assert (invoice.on, invoice.due) == (business_date("2026-03-01"), business_date("2026-03-31"))
    assert (invoice.sent_to, invoice.sent_on) == ("ap@acme.example", business_date("2026-03-01"))
    assert (invoice.systems, invoice.state) == ({"quickbooks": ""}, "open")


def test_what_is_left_out_of_an_invoice_has_its_stated_default() -> None:
    invoice = the_world("2026-03-01  invoice  7  Acme  1.00 USD").invoices[0]
    assert invoice.due == invoice.on
    assert (invoice.sent_to, invoice.sent_on) == (None, None)


def test_an_invoice_sent_without_a_day_was_sent_on_its_own() -> None:
    invoice = the_world("2026-03-01  invoice  7  Acme  1.00 USD  sent ap@acme.example").invoices[0]
    assert invoice.sent_on == business_date("2026-03-01")


def test_one_debt_may_stand_in_two_systems_under_two_ids() -> None:
    text = "2026-03-01  invoice  7  Acme  1.00 USD  in quickbooks as 145 and stripe as in_1"
    assert the_world(text).invoices[0].systems == {"quickbooks": "145", "stripe": "in_1"}


def test_a_payment_tells_its_method_fee_key_and_words() -> None:
    payment = the_world(readme_example()).payments[0]
    assert (payment.method, payment.system, payment.status) == ("card", "stripe", "succeeded")
    assert (payment.fee, payment.memo, payment.key) == (usd("3.20"), "inv 7", "INV-7")


def test_a_payment_in_the_books_tells_what_it_settles() -> None:
    text = "2026-03-01  payment  CHK-1  Acme  70.00 USD  for INV-7 50.00 USD, INV-8 20.00 USD"
    payment = the_world(text).payments[0]
    assert (payment.method, payment.system) == ("check", "quickbooks")
    assert payment.applied == (("INV-7", usd("50.00")), ("INV-8", usd("20.00")))


def test_a_payment_may_settle_in_another_currency() -> None:
    text = "2026-03-01  payment  ch_1  Acme  100.00 EUR  settled 108.50 USD  fee 3.45 USD  status pending"
    payment = the_world(text).payments[0]
    assert (str(payment.amount), payment.settled, payment.status) == ("100.00 EUR", usd("108.50"), "pending")


def test_a_dispute_tells_its_reason_fee_and_end() -> None:
    dispute = the_world(readme_example()).disputes[0]
    assert (dispute.payment, dispute.amount) == ("ch_1", usd("80.00"))
    assert (dispute.reason, dispute.fee, dispute.status) == ("fraudulent", usd("15.00"), "lost")


def test_amounts_keep_the_digits_of_their_currency() -> None:
    text = "2026-03-01  invoice  1  A  5000 JPY\n2026-03-01  invoice  2  A  1.234 KWD\n"
    assert [invoice.amount.minor for invoice in the_world(text).invoices] == [5000, 1234]


def test_customers_pay_in_the_home_currency_unless_told_otherwise() -> None:
    text = "company  C  home EUR\ncustomer  A\ncustomer  B  currency JPY\n"
    assert [customer.currency for customer in the_world(text).customers] == ["EUR", "JPY"]


def test_books_may_be_closed_through_a_day() -> None:
    assert the_world("company  C  closed 2026-02-28").closed_through == business_date("2026-02-28")


def test_a_text_may_tell_of_several_companies() -> None:
    first, second = parse("company  One\ncustomer  A\n\ncompany  Two\n# a comment\ncustomer  B\ncustomer  C\n")
    assert [customer.name for customer in first.customers] == ["A"]
    assert [customer.name for customer in second.customers] == ["B", "C"]


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("gift  Acme  1.00 USD", "(gift) is of no known kind"),
        ("invoice  7  Acme  1.00 USD", "(invoice) needs a date in front"),
        ("2026-03-01  invoice  7  Acme", "(invoice) needs an amount such as 120.00 USD"),
        ("2026-03-01  invoice", "(invoice) needs a number"),
        ("2026-03-01  refund  re_1  1.00 USD", "(refund) needs `of`"),
        ("2026-03-01  deposit  Checking", "(deposit) needs `of`"),
        ("customer", "(customer) needs a name"),
    ],
)
def test_a_line_that_cannot_be_read_is_named_by_its_number_and_its_want(line: str, wrong: str) -> None:
    with pytest.raises(UserError) as caught:
        parse(f"company  C\n\n{line}\n")
    assert caught.value.sentence.startswith("Line 3 of the world (")
    assert wrong in caught.value.sentence
    assert "README.md" in caught.value.next_step


@pytest.mark.parametrize("amount", ["1.005 USD", "12,00 USD", "1.00 QQQ", "USD 1.00"])
def test_an_amount_that_is_none_is_refused(amount: str) -> None:
    with pytest.raises(Exception, match=r"decimal places|is not an amount|not in ISO 4217"):
        parse(f"2026-03-01  invoice  7  Acme  {amount}")
