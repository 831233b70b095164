"""What can become of money that is paid by a link: each story ends with books that equal the processor, to the cent."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
import requests

from adapters.stripe.standin import disputes, refunds
from connector.app.following import follow_links
from connector.app.hosting import hosted
from connector.app.linking import Wish
from connector.app.settling import settle
from connector.errors import Refused
from connector.model.finding import FindingCode
from connector.model.money_in import AttemptState
from connector.model.paylink import AmountMode, Flag, PaymentLink, ReceiptState
from connector.money import grouped
from connector.paylinks import Offer
from tests.builders import money
from tests.journeys.shop import Shop, open_shop
from tests.journeys.till import payer

pytestmark = pytest.mark.gate

AT_ONCE = 50


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with open_shop(tmp_path) as opened:
        yield opened


def in_books(shop: Shop) -> list[tuple[str, str]]:
    """The payments of the books with our mark: amount, and what of it is unapplied."""
    found = shop.firm.marked("Payment", "PrivateNote")
    return [(str(each["TotalAmt"]), str(each["UnappliedAmt"])) for each in found]


def amounts(shop: Shop) -> list[tuple[int, int]]:
    """The same in whole dollars."""
    return sorted((int(Decimal(whole)), int(Decimal(rest))) for whole, rest in in_books(shop))


def the_charge(shop: Shop) -> dict[str, Any]:
    """The one payment, as the double itself holds it."""
    (charge,) = shop.charges()
    found: dict[str, Any] = shop.ledger().get("charge", charge["id"])
    return found


@pytest.mark.req("A6")
def test_less_than_the_whole_is_recorded_and_the_rest_can_still_be_paid(shop: Shop) -> None:
    link = shop.link("P-1", mode=AmountMode.MINIMUM, minimum=money("50.00"))
    shop.pays(link, amount=money("50.00"))
    assert (shop.offer(link), shop.visit(link).showing.amount) == (Offer.PAY, money("70.00"))
    shop.book()
    assert (shop.offer(link), shop.state(link), shop.open()["P-1"]) == (Offer.PAY, "active", 70)
    shop.even()
    shop.pays(link)
    shop.book()
    assert (shop.offer(link), shop.state(link), shop.open()["P-1"]) == (Offer.PAID, "settled", 0)
    shop.even()
    assert amounts(shop) == [(50, 0), (70, 0)]


@pytest.mark.req("A6")
def test_more_than_was_open_is_recorded_and_the_rest_is_the_customers_credit(shop: Shop) -> None:
    link = shop.link("P-1")
    page = shop.click(link)
    shop.part_paid("P-1", "50")
    payer(page, method="card")
    shop.back(link)
    shop.book()
    assert amounts(shop) == [(120, 50)]
    (told,) = [each for each in shop.findings() if each.code is FindingCode.OVER_PAYMENT]
    assert "More came by link than was open on P-1: 120.00 USD" in told.sentence
    assert shop.firm.stripe("refund") == []
    shop.even()


@pytest.mark.req("A6")
def test_money_that_comes_after_its_page_was_given_up_is_accepted_and_marked_late(shop: Shop) -> None:
    link = shop.link("P-1")
    page = shop.click(link)
    (session,) = shop.sessions()
    shop.firm.in_stripe(f"checkout/sessions/{session['id']}/expire")
    shop.settle()
    assert [each.state for each in shop.attempts()] == [AttemptState.EXPIRED]
    shop.behind(lambda: session_opens_again(shop, session["id"]))
    payer(page, method="card")
    shop.settle()
    (receipt,) = shop.receipts()
    assert (receipt.flags, shop.attempts()[0].late) == ((Flag.LATE,), True)
    shop.book()
    assert (shop.offer(link), shop.open()["P-1"], amounts(shop)) == (Offer.PAID, 0, [(120, 0)])
    shop.even()


def session_opens_again(shop: Shop, session_id: str) -> None:
    """What must not happen: a page that was closed takes money."""
    shop.ledger().get("checkout.session", session_id).update(status="open", url=f"/c/pay/{session_id}")


def paid_twice(shop: Shop, number: str = "P-1") -> PaymentLink:
    """Two payers follow an address that stays before the first of them has paid, and both pay."""
    with shop.desk() as desk:
        made = hosted(desk, number, wish=Wish())
    pages = [payer_follows(made.url) for _ in range(2)]
    for page in pages:
        payer(page, method="card")
    assert made.link is not None
    return made.link


def payer_follows(url: str) -> str:
    """Opens the processor's address, which leads to a page of their own."""
    answer = requests.get(url, allow_redirects=False, timeout=30)
    assert answer.status_code == 303, answer.text
    return urljoin(url, answer.headers["Location"])


@pytest.mark.req("A6", "S20")
def test_of_two_payments_the_first_is_applied_and_the_second_kept_as_credit_with_a_task_and_nothing_refunded(
    shop: Shop,
) -> None:
    link = paid_twice(shop)
    shop.settle()
    first, second = shop.receipts()
    assert (first.flags, second.flags) == ((), (Flag.OVER, Flag.DOUBLE))
    shop.book()
    assert amounts(shop) == [(120, 0), (120, 120)]
    assert shop.open()["P-1"] == 0
    (told,) = [each for each in shop.findings() if each.code is FindingCode.OVER_PAYMENT]
    assert "P-1 was paid a second time by link: 120.00 USD" in told.sentence
    second_payment = shop.receipts()[1].payment.vendor_id
    assert told.next_step == f"Give it back (receivables refund {second_payment}), or keep it as the customer's credit."
    assert shop.firm.stripe("refund") == []
    shop.even()
    assert sum(each["amount"] for each in shop.charges()) == sum(whole * 100 for whole, _ in amounts(shop))
    assert shop.offer(link) is Offer.PAID


@pytest.mark.req("A6")
def test_money_in_another_currency_is_kept_and_told_and_settles_nothing(shop: Shop) -> None:
    link = shop.link("P-1")
    page = shop.click(link)
    (session,) = shop.sessions()
    shop.behind(lambda: shop.ledger().get("checkout.session", session["id"]).update(currency="eur"))
    payer(page, method="card")
    shop.back(link)
    (receipt,) = shop.receipts()
    assert (grouped(receipt.amount), receipt.flags) == ("120.00 EUR", (Flag.CURRENCY_MISMATCH,))
    shop.sync()
    assert shop.open()["P-1"] == 120
    assert shop.firm.marked("Payment", "PrivateNote") == []
    (told,) = [each for each in shop.findings() if each.code is FindingCode.WRONG_CURRENCY]
    assert "120.00 USD was asked for P-1, and 120.00 EUR came" in told.sentence


@pytest.mark.req("A6")
def test_a_refund_made_at_the_processor_is_mirrored_and_booked_and_the_link_shows_it(shop: Shop) -> None:
    link = shop.link("P-1")
    shop.pays(link)
    shop.book()
    charge = the_charge(shop)
    shop.behind(lambda: refunds.asked(shop.ledger(), charge, 5000, status="succeeded"))
    shop.book()
    shop.even()
    (receipt,) = shop.receipts()
    assert (receipt.state, receipt.kept) == (ReceiptState.PARTLY_REFUNDED, money("70.00"))
    visit = shop.visit(link)
    assert visit.settlement is not None
    assert Flag.REFUNDED in visit.settlement.flags
    assert [each.amount for each in visit.receipts] == [money("70.00")]


@pytest.mark.req("A6")
def test_a_chargeback_takes_the_payment_out_of_the_books_and_the_link_offers_to_pay_again(shop: Shop) -> None:
    link = shop.link("P-1")
    shop.pays(link)
    shop.book()
    charge = the_charge(shop)
    fight = shop.behind(lambda: disputes.opened(shop.ledger(), charge))
    shop.sync()
    assert shop.receipts()[0].state is ReceiptState.DISPUTED
    shop.behind(lambda: disputes.close(shop.ledger(), fight))
    shop.book()
    assert (shop.receipts()[0].state, shop.open()["P-1"]) == (ReceiptState.LOST, 120)
    assert (shop.state(link), shop.offer(link)) == ("active", Offer.PAY)
    shop.even()


@pytest.mark.req("A6")
def test_a_bank_debit_that_comes_back_after_59_days_is_reversed_and_the_link_offers_to_pay_again(shop: Shop) -> None:
    link = shop.link("P-1")
    page = shop.pays(link, "us_bank_account")
    assert (shop.offer(link), shop.receipts()) == (Offer.PROCESSING, ())
    payer(page, bank="pays")
    shop.settle()
    shop.book()
    assert (shop.state(link), shop.open()["P-1"]) == ("settled", 0)
    charge = the_charge(shop)
    shop.behind(lambda: charge.update(created=charge["created"] - 59 * 86_400))
    shop.behind(lambda: disputes.come_back(shop.ledger(), charge, "R01"))
    shop.book()
    assert (shop.receipts()[0].state, shop.open()["P-1"]) == (ReceiptState.REVERSED, 120)
    assert (shop.state(link), shop.offer(link)) == ("active", Offer.PAY)
    shop.even()
    shop.pays(link)
    shop.book()
    assert (shop.state(link), shop.open()["P-1"]) == ("settled", 0)
    shop.even()


def test_money_for_an_invoice_that_was_voided_meanwhile_is_the_customers_credit(shop: Shop) -> None:
    link = shop.link("P-1")
    page = shop.click(link)
    shop.void("P-1")
    payer(page, method="card")
    shop.book()
    assert (shop.state(link), shop.offer(link)) == ("superseded", Offer.CLOSED)
    assert amounts(shop) == [(120, 120)]
    shop.even()


@pytest.mark.req("A1")
def test_fifty_deliveries_of_one_event_and_the_payers_return_and_a_poll_make_one_receipt(shop: Shop) -> None:
    link = shop.link("P-1")
    payer(shop.click(link), method="card")
    (attempt,) = shop.attempts()

    def hears(number: int) -> None:
        with shop.desk() as desk:
            if number == 0:
                follow_links(desk, "reading")
            elif number == 1:
                settle(desk, attempt.attempt_id, "the payer came back", payer_is_back=True)
            else:
                settle(desk, attempt.attempt_id, "webhook")

    with ThreadPoolExecutor(8) as callers:
        list(callers.map(hears, range(AT_ONCE + 2)))
    assert len(shop.receipts()) == 1
    assert [state for state, _ in shop.trail(link)].count("succeeded") == 1
    shop.book()
    assert amounts(shop) == [(120, 0)]


@pytest.mark.req("L6")
def test_a_link_for_several_invoices_pays_the_oldest_first_as_it_was_shown(shop: Shop) -> None:
    link = shop.link("P-2", "P-1", mode=AmountMode.FREE)
    visit = shop.visit(link)
    assert [(each.number, grouped(each.share)) for each in visit.debts] == [("P-1", "120.00 USD"), ("P-2", "80.00 USD")]
    assert grouped(visit.showing.amount) == "200.00 USD"
    shop.pays(link, amount=money("150.00"))
    assert [(each.number, grouped(each.share)) for each in shop.visit(link).debts] == [
        ("P-1", "0.00 USD"),
        ("P-2", "50.00 USD"),
    ]
    shop.book()
    assert (shop.open()["P-1"], shop.open()["P-2"], amounts(shop)) == (0, 50, [(150, 0)])
    shop.even()
    shop.pays(link)
    shop.book()
    assert (shop.open()["P-2"], shop.state(link)) == (0, "settled")
    shop.even()


def test_a_link_for_one_of_several_invoices_knows_what_the_other_link_brought(shop: Shop) -> None:
    both, one = shop.link("P-1", "P-2"), shop.link("P-1")
    shop.pays(both)
    assert (shop.offer(one), shop.offer(both)) == (Offer.PROCESSING, Offer.PROCESSING)
    assert not shop.receipts()[0].flags


def test_one_payers_invoices_and_one_currency_make_a_link(shop: Shop) -> None:
    with pytest.raises(Refused, match="one payer"):
        shop.link("P-1", "P-3")
