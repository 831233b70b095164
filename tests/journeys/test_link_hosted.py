"""Where no payer can reach an address of ours: the processors' own pages for one debt, and nothing is paid twice by the
one on which the payer only agrees."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.paypal.standin.ordering import Ordering
from connector.app.hosting import RISK, TAKEN_BY_US, Hosted, HostedPage, hosted
from connector.app.linking import Wish
from connector.app.settling import BALANCE_GONE
from connector.model.money_in import AttemptState
from connector.model.paylink import PaymentLink
from connector.paylinks import Offer
from tests.journeys.shop import Shop, open_shop
from tests.journeys.test_link_captures import ACCOUNT, CAPTURE, WORLD
from tests.journeys.test_link_money import payer_follows
from tests.journeys.till import payer

pytestmark = pytest.mark.gate


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Every test takes an invoice of its own."""
    with open_shop(tmp_path_factory.mktemp("hosted"), WORLD) as opened:
        yield opened


def made(shop: Shop, number: str) -> Hosted:
    with shop.desk() as desk:
        return hosted(desk, number, wish=Wish())


def pages(shop: Shop, number: str) -> tuple[PaymentLink, HostedPage, HostedPage]:
    """The link, the address that stays, and the page on which a payer only agrees."""
    found = made(shop, number)
    assert found.link is not None
    stays, agrees = found.pages
    return found.link, stays, agrees


def ordering(shop: Shop) -> Ordering:
    return shop.paypal.ordering(ACCOUNT)


def taken(shop: Shop, link: PaymentLink) -> int:
    """How often anybody asked for the money that a payer had agreed to."""
    own = {each.page_id for each in shop.attempts(link)}
    return sum(1 for order in ordering(shop).captured if order in own)


def states(shop: Shop, link: PaymentLink) -> dict[str, AttemptState]:
    return {each.connection: each.state for each in shop.attempts(link)}


def test_both_processors_own_pages_are_offered_as_tries_of_one_debt_and_the_same_ones_again(shop: Shop) -> None:
    link, stays, agrees = pages(shop, "C-1")
    assert (stays.processor, stays.until, stays.risk) == ("Stripe", None, RISK)
    assert (agrees.processor, agrees.methods, agrees.risk) == ("PayPal", ("paypal",), TAKEN_BY_US)
    assert agrees.until is not None
    assert [page.url for page in made(shop, "C-1").pages] == [stays.url, agrees.url]
    assert {each.debt for each in shop.attempts(link)} == {link.debt}
    assert states(shop, link) == {"stripe": AttemptState.OFFERED, "paypal": AttemptState.OFFERED}


def test_the_order_names_no_address_of_ours(shop: Shop) -> None:
    pages(shop, "C-2")
    sent = [call for call in shop.firm.heard if call.path == "/v2/checkout/orders" and call.method == "POST"]
    context = json.loads(sent[-1].body)["payment_source"]["paypal"]["experience_context"]
    assert "return_url" not in context
    assert "cancel_url" not in context


def test_what_was_agreed_to_is_taken_when_it_is_seen_and_only_after_the_other_address_was_closed(shop: Shop) -> None:
    link, stays, agrees = pages(shop, "C-3")
    payer(agrees.url, do="approve", funds="balance")
    assert taken(shop, link) == 0
    shop.sync()
    assert (taken(shop, link), states(shop, link)["paypal"]) == (1, AttemptState.SUCCEEDED)
    (held,) = [each for each in shop.firm.stripe("payment_link") if stays.url.endswith(each["url"])]
    assert held["active"] is False
    assert states(shop, link)["stripe"] is AttemptState.EXPIRED
    assert shop.offer(link) is Offer.PROCESSING
    shop.sync()
    assert taken(shop, link) == 1


@pytest.mark.req("A4")
def test_of_a_debt_that_was_paid_at_the_other_address_nothing_is_taken(shop: Shop) -> None:
    link, stays, agrees = pages(shop, "C-4")
    payer(agrees.url, do="approve", funds="balance")
    payer(payer_follows(stays.url), method="card")
    shop.sync()
    assert taken(shop, link) == 0
    assert states(shop, link) == {"stripe": AttemptState.SUCCEEDED, "paypal": AttemptState.CANCELLED}
    assert len([each for each in shop.receipts() if each.link_id == link.link_id]) == 1


@pytest.mark.req("A4")
def test_of_a_debt_that_was_paid_another_way_nothing_is_taken(shop: Shop) -> None:
    link, _, agrees = pages(shop, "C-5")
    payer(agrees.url, do="approve", funds="balance")
    shop.part_paid("C-5", "105")
    shop.sync()
    assert taken(shop, link) == 0
    assert {each.fault for each in shop.attempts(link) if each.connection == "paypal"} <= {
        BALANCE_GONE,
        "the debt changed, reading",
    }


def test_while_a_debit_at_the_other_address_is_on_its_way_nothing_is_taken(shop: Shop) -> None:
    link, stays, agrees = pages(shop, "C-6")
    payer(payer_follows(stays.url), method="us_bank_account")
    payer(agrees.url, do="approve", funds="balance")
    shop.sync()
    shop.sync()
    assert (taken(shop, link), shop.offer(link)) == (0, Offer.PROCESSING)


def test_where_the_other_address_cannot_be_closed_nothing_is_taken_until_it_is(shop: Shop) -> None:
    link, stays, agrees = pages(shop, "C-7")
    payer(agrees.url, do="approve", funds="balance")
    closing = "POST /v1/payment_links/*"
    shop.firm.faults("stripe", f"{closing} 1 drop-before")
    shop.settle()
    first = taken(shop, link)
    shop.settle()
    (held,) = [each for each in shop.firm.stripe("payment_link") if stays.url.endswith(each["url"])]
    assert (first, taken(shop, link), held["active"]) == (0, 1, False)


def test_a_lost_answer_to_the_taking_is_looked_up_and_the_money_comes_once(shop: Shop) -> None:
    link, _, agrees = pages(shop, "C-8")
    payer(agrees.url, do="approve", funds="balance")
    shop.firm.faults("paypal", f"{CAPTURE} 1 drop-after")
    shop.settle()
    shop.settle()
    assert states(shop, link)["paypal"] is AttemptState.SUCCEEDED
    order = next(each for each in shop.attempts(link) if each.connection == "paypal").page_id
    assert len(shop.paypal.books[ACCOUNT].orders[str(order)].captures) == 1


def test_a_page_that_lapsed_is_made_anew_by_the_same_command(shop: Shop) -> None:
    link, stays, agrees = pages(shop, "C-9")
    order = next(each for each in shop.attempts(link) if each.connection == "paypal").page_id
    shop.firm.doubles["paypal"].behind(lambda: shop.paypal.books[ACCOUNT].orders.pop(str(order)))
    again_link, again_stays, again_agrees = pages(shop, "C-9")
    assert (again_link.link_id, again_stays.url) == (link.link_id, stays.url)
    assert again_agrees.url != agrees.url


def test_killed_between_the_two_pages_the_command_goes_on_where_it_was(tmp_path: Path) -> None:
    with open_shop(tmp_path, WORLD) as shop:
        shop.firm.run("link", "create", "C-1", "--hosted", "--yes", crash_at="link.page-opened:2")
        found = made(shop, "C-1")
        assert len(found.pages) == len({page.url for page in found.pages}) == 2
        assert [each["active"] for each in shop.firm.stripe("payment_link")] == [True]
        assert len(shop.paypal.books[ACCOUNT].orders) == 1
