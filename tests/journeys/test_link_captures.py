"""Where a payer only approves and we take the money: it is taken once, for a debt that is still open, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from adapters.paypal.standin.books import Books
from adapters.paypal.standin.notary import event
from adapters.paypal.standin.ordering import Ordering
from adapters.paypal.standin.people import People
from connector.app.books import reconcile_all, sync_all
from connector.app.house import House
from connector.app.settling import BALANCE_GONE, settle
from connector.app.watching import Watcher
from connector.errors import Refused
from connector.model.finding import Decision, FindingCode
from connector.model.money_in import AttemptState
from connector.model.paylink import Flag, PaymentLink
from connector.money import grouped
from connector.paylinks import Offer
from connector.store import OutboxState
from connector.web.pay import pay_app
from tests.clocks import FakeClock
from tests.journeys.firm import KILLED, nothing
from tests.journeys.shop import FIRM, Shop, open_shop
from tests.journeys.till import payer

pytestmark = pytest.mark.gate

ACCOUNT = "SHXPS2345678A"
CAPTURE = "POST /v2/checkout/orders/*/capture"
WEBHOOK, DELIVERIES = "4JH86294D6297924G", 50
NUMBERS = 22
WORLD = FIRM + "".join(
    f"2026-03-02  invoice  C-{number}  Acme Bakery  {100 + number}.00 USD  due 2026-04-01\n"
    for number in range(1, NUMBERS + 1)
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Every test takes an invoice of its own."""
    with open_shop(tmp_path_factory.mktemp("captures"), WORLD) as opened:
        yield opened


def wallet(shop: Shop) -> Books:
    return shop.paypal.books[ACCOUNT]


def people(shop: Shop) -> People:
    return shop.paypal.people[ACCOUNT]


def ordering(shop: Shop) -> Ordering:
    return shop.paypal.ordering(ACCOUNT)


def approved(shop: Shop, number: str, funds: str = "balance") -> PaymentLink:
    """A payer who has agreed on the processor's page and has not come back."""
    link = shop.link(number)
    answer = payer(shop.click(link, "paypal"), do="approve", funds=funds)
    assert answer.headers["Location"].split("?")[0].endswith("/back")
    return link


def taken(shop: Shop, link: PaymentLink) -> int:
    """How often anybody asked for the money of that link's pages."""
    pages = {each.page_id for each in shop.attempts(link)}
    return sum(1 for order in ordering(shop).captured if order in pages)


def decisions(shop: Shop) -> tuple[Decision, ...]:
    """What the house would book now."""
    with shop.desk() as desk:
        return reconcile_all(desk).outcome.decisions


def state(shop: Shop, link: PaymentLink) -> AttemptState:
    return shop.attempts(link)[-1].state


def test_approved_money_is_taken_when_the_payer_comes_back_and_reaches_the_right_invoice(shop: Shop) -> None:
    link = approved(shop, "C-1")
    shop.back(link)
    shop.back(link)
    assert (state(shop, link), taken(shop, link), shop.offer(link)) == (AttemptState.SUCCEEDED, 1, Offer.PROCESSING)
    shop.sync()
    (decision,) = [each for each in decisions(shop) if each.payment == shop.receipts()[-1].payment]
    assert [each.target.vendor_id for each in decision.allocations] == [shop.firm.invoice("C-1")["Id"]]


@pytest.mark.req("A4")
@pytest.mark.parametrize("how", ["paid", "void"])
def test_what_was_paid_or_voided_after_the_payer_approved_it_is_never_taken(shop: Shop, how: str) -> None:
    number = {"paid": "C-2", "void": "C-3"}[how]
    link = approved(shop, number)
    if how == "paid":
        shop.part_paid(number, str(100 + int(number[2:])))
    else:
        shop.void(number)
    shop.back(link)
    shop.settle()
    shop.sync()
    assert taken(shop, link) == 0
    (attempt,) = shop.attempts(link)
    assert (attempt.state, attempt.fault) == (AttemptState.CANCELLED, BALANCE_GONE)
    assert [each for each in shop.receipts() if each.link_id == link.link_id] == []
    assert shop.offer(link) is (Offer.PAID if how == "paid" else Offer.CLOSED)


@pytest.mark.req("A4")
def test_a_capture_that_never_arrived_is_not_sent_again_when_the_debt_was_paid_meanwhile(shop: Shop) -> None:
    link = approved(shop, "C-18")
    order = f"GET /v2/checkout/orders/{shop.attempts(link)[0].page_id}"
    shop.firm.faults("paypal", f"{CAPTURE} 1 drop-before\n{order} 2 status-before 403")
    shop.back(link)
    assert shop.offer(link) is Offer.CHECKING
    shop.part_paid("C-18", "118")
    shop.settle()
    shop.back(link)
    shop.sync()
    assert (taken(shop, link), shop.offer(link)) == (0, Offer.PAID)
    assert [each for each in shop.receipts() if each.link_id == link.link_id] == []


def test_less_than_was_approved_is_open_so_nothing_is_taken_and_the_payer_may_try_again(shop: Shop) -> None:
    link = approved(shop, "C-4")
    shop.part_paid("C-4", "4")
    shop.back(link)
    assert (taken(shop, link), shop.offer(link)) == (0, Offer.PAY)
    assert grouped(shop.visit(link).showing.amount) == "100.00 USD"


def test_a_page_that_another_way_to_pay_has_replaced_is_never_captured(shop: Shop) -> None:
    link = shop.link("C-5")
    wallet_page = shop.click(link, "paypal")
    card_page = shop.click(link, "card")
    payer(wallet_page, do="approve", funds="balance")
    shop.settle()
    assert taken(shop, link) == 0
    payer(card_page, method="card")
    shop.back(link)
    assert shop.offer(link) is Offer.PROCESSING
    assert sorted(each.state for each in shop.attempts(link)) == [AttemptState.CANCELLED, AttemptState.SUCCEEDED]


@pytest.mark.req("A3")
def test_an_order_that_is_completed_while_its_money_is_on_its_way_shows_so_and_books_nothing(shop: Shop) -> None:
    link = approved(shop, "C-6", "echeck")
    shop.back(link)
    (attempt,) = shop.attempts(link)
    assert (attempt.state, shop.offer(link)) == (AttemptState.PROCESSING, Offer.PROCESSING)
    assert attempt.waits_for
    assert [each for each in shop.receipts() if each.link_id == link.link_id] == []
    assert [(each.clearing, grouped(each.amount)) for each in shop.visit(link).receipts] == [(True, "106.00 USD")]
    with pytest.raises(Refused):
        shop.click(link, "card")
    shop.sync()
    debt = shop.firm.invoice("C-6")["Id"]
    assert [each for each in decisions(shop) if debt in {one.target.vendor_id for one in each.allocations}] == []
    (capture,) = [each for each in wallet(shop).captures.values() if each.amount == 10_600]
    people(shop).clear(capture.id)
    shop.settle()
    assert [grouped(each.kept) for each in shop.receipts() if each.link_id == link.link_id] == ["106.00 USD"]


def test_an_echeck_that_bounces_lets_the_payer_try_again(shop: Shop) -> None:
    link = approved(shop, "C-7", "echeck")
    shop.back(link)
    (capture,) = [each for each in wallet(shop).captures.values() if each.amount == 10_700]
    people(shop).deny(capture.id)
    shop.settle()
    assert (state(shop, link), shop.offer(link)) == (AttemptState.FAILED, Offer.PAY)


@pytest.mark.req("A5")
@pytest.mark.parametrize(
    ("number", "fault"),
    [("C-8", f"{CAPTURE} 1 drop-after"), ("C-9", f"{CAPTURE} 1 status-after 502"), ("C-10", f"{CAPTURE} 1 truncate")],
)
def test_after_a_lost_answer_there_is_one_charge_and_one_receipt_and_never_a_failure(
    shop: Shop, number: str, fault: str
) -> None:
    link = approved(shop, number)
    shop.firm.faults("paypal", fault)
    seen = set()
    for _ in range(4):
        shop.back(link)
        seen.add(state(shop, link))
    assert AttemptState.FAILED not in seen
    assert state(shop, link) is AttemptState.SUCCEEDED
    amount = 10_000 + 100 * int(number[2:])
    assert len([each for each in wallet(shop).captures.values() if each.amount == amount]) == 1
    assert len([each for each in shop.receipts() if each.link_id == link.link_id]) == 1
    (row,) = rows_of(shop, link)
    assert row is OutboxState.DONE


def rows_of(shop: Shop, link: PaymentLink) -> list[OutboxState]:
    """The writes that took money for a link."""
    wanted = {each.capture for each in shop.attempts(link)}
    with shop.desk() as desk:
        return [row.state for row in desk.store.outbox(desk.id) if row.op_id in wanted]


@pytest.mark.req("A5")
def test_where_nobody_says_what_became_of_it_the_page_says_so_and_it_is_asked_for_days(shop: Shop) -> None:
    link = approved(shop, "C-11")
    (attempt,) = shop.attempts(link)
    shop.firm.faults("paypal", f"{CAPTURE} 1 drop-after\nGET /v2/checkout/orders/{attempt.page_id} 2 status-before 403")
    shop.back(link)
    assert (state(shop, link), shop.offer(link)) == (AttemptState.UNKNOWN, Offer.CHECKING)
    with pytest.raises(Refused):
        shop.click(link, "card")
    later = FakeClock((datetime.now(UTC) + timedelta(hours=2)).isoformat())
    for _ in range(30):
        with House(shop.firm.config(), later) as house:
            found = settle(house.company(None), attempt.attempt_id, "poll")
        if found is not None and found.state is AttemptState.SUCCEEDED:
            break
    assert state(shop, link) is AttemptState.SUCCEEDED
    assert len([each for each in wallet(shop).captures.values() if each.amount == 11_100]) == 1
    assert len([each for each in shop.receipts() if each.link_id == link.link_id]) == 1


def test_other_funds_are_asked_for_on_the_same_page_and_the_poller_never_tries_by_itself(shop: Shop) -> None:
    link = shop.link("C-12")
    page = shop.click(link, "paypal")
    payer(page, do="approve", funds="declined")
    shop.back(link)
    asked = taken(shop, link)
    assert state(shop, link) in (AttemptState.OFFERED, AttemptState.APPROVED)
    shop.settle()
    shop.settle()
    assert taken(shop, link) == asked
    payer(page, do="approve", funds="balance")
    shop.back(link)
    assert (state(shop, link), len(shop.attempts(link))) == (AttemptState.SUCCEEDED, 1)


@pytest.mark.req("Y7")
@pytest.mark.parametrize(
    ("number", "otherwise", "flag", "code", "came"),
    [
        ("C-13", {"other_amount": 11_000}, Flag.AMOUNT_MISMATCH, FindingCode.OTHER_AMOUNT, "110.00 USD"),
        ("C-19", {"other_currency": "EUR"}, Flag.CURRENCY_MISMATCH, FindingCode.WRONG_CURRENCY, "119.00 EUR"),
        ("C-20", {"other_payee": "ANTHER2345678"}, Flag.PAYEE_MISMATCH, FindingCode.UNKNOWN_VALUE, "120.00 USD"),
    ],
)
def test_another_amount_currency_or_payee_than_was_asked_is_kept_flagged_and_told(
    shop: Shop, number: str, otherwise: dict[str, Any], flag: Flag, code: FindingCode, came: str
) -> None:
    conduct = wallet(shop).conduct
    before = {name: getattr(conduct, name) for name in otherwise}
    wallet(shop).held |= {"EUR"}
    link = approved(shop, number)
    try:
        for name, value in otherwise.items():
            setattr(conduct, name, value)
        shop.back(link)
    finally:
        for name, value in before.items():
            setattr(conduct, name, value)
    (receipt,) = [each for each in shop.receipts() if each.link_id == link.link_id]
    assert (grouped(receipt.amount), flag in receipt.flags) == (came, True)
    shop.sync()
    assert [each.code for each in shop.findings() if receipt.payment in each.refs] == [code]
    shown = shop.visit(link)
    assert shown.settlement is not None
    assert flag in shown.settlement.flags
    assert shown.showing.offer is not Offer.PAID


@pytest.mark.parametrize(
    ("number", "point"),
    [
        ("C-14", "link.capture-stored"),
        ("C-15", "post.sent"),
        ("C-16", "link.captured"),
        ("C-17", "link.receipt-stored"),
    ],
)
def test_a_kill_while_approved_money_is_taken_leaves_one_charge_and_one_receipt(
    shop: Shop, number: str, point: str
) -> None:
    link = approved(shop, number)
    ran = shop.firm.run("link", "settle", crash_at=point)
    assert ran.code == KILLED, ran.out + ran.err
    with shop.desk() as desk:
        sync_all(desk, nothing)
    assert (state(shop, link), shop.offer(link)) == (AttemptState.SUCCEEDED, Offer.PROCESSING)
    amount = 10_000 + 100 * int(number[2:])
    assert len([each for each in wallet(shop).captures.values() if each.amount == amount]) == 1
    assert len([each for each in shop.receipts() if each.link_id == link.link_id]) == 1


@pytest.mark.req("A1")
def test_fifty_webhooks_of_one_event_with_the_payers_return_and_the_poller_take_the_money_once(shop: Shop) -> None:
    link = approved(shop, "C-22")
    (attempt,) = shop.attempts(link)
    with shop.desk() as desk:
        known = {"webhook_id": WEBHOOK, "webhook_roots": shop.paypal.notary.root}
        desk.store.put_secrets(desk.id, attempt.connection, known)
    body = event("CHECKOUT.ORDER.APPROVED", {"id": attempt.page_id})
    signed = shop.paypal.notary.sign(body, WEBHOOK, shop.firm.doubles["paypal"].url)
    back = shop.made("C-22").url.partition("8765")[2] + "/back"

    def house() -> House:
        return House(shop.firm.config())

    with TestClient(pay_app(house, hooks=house)) as client, ThreadPoolExecutor(DELIVERIES + 4) as crowd:
        told = [crowd.submit(client.post, "/hooks/paypal", content=body, headers=signed) for _ in range(DELIVERIES)]
        came = [crowd.submit(client.get, back, follow_redirects=False) for _ in range(2)]
        looked = [crowd.submit(Watcher(house).tick) for _ in range(2)]
        assert {each.result().status_code for each in told} == {200}
        assert {each.result().status_code for each in came} == {303}
        assert all(each.result() >= 0 for each in looked)
    Watcher(house).tick()
    assert (state(shop, link), taken(shop, link)) == (AttemptState.SUCCEEDED, 1)
    assert len([each for each in shop.receipts() if each.link_id == link.link_id]) == 1
    assert [after for after, _ in shop.trail(link)].count("succeeded") == 1
    with shop.desk() as desk:
        assert len(desk.store.open_hints(desk.id, attempt.connection)) <= 1


@pytest.mark.req("Y11")
def test_with_no_way_in_an_open_page_is_asked_for_by_itself_until_a_day_after_it_expired(shop: Shop) -> None:
    link = shop.link("C-21")
    page = shop.click(link, "paypal")
    (attempt,) = shop.attempts(link)
    clock = FakeClock((attempt.created_at or attempt.expires_at).isoformat())
    watcher, begun = Watcher(lambda: House(shop.firm.config(), clock)), clock.now()

    def looks(from_second: int, seconds: int, step: int) -> int:
        """How often the page is asked for in that stretch, with the watcher awake every so many seconds."""
        clock.pass_seconds(from_second - int((clock.now() - begun).total_seconds()))
        watcher.tick()
        before = asked()
        for _ in range(seconds // step):
            clock.pass_seconds(step)
            watcher.tick()
        return asked() - before

    def asked() -> int:
        return sum(each.path.endswith(f"/orders/{attempt.page_id}") for each in shop.firm.heard)

    end = int((attempt.expires_at - begun).total_seconds())
    day = 24 * 3600
    assert [looks(0, 30, 5), looks(150, 60, 5), looks(400, 120, 5), looks(700, 240, 20)] == [6, 4, 4, 4]
    assert [looks(3600, 900, 100), looks(end + day - 1500, 900, 100)] == [3, 3]
    payer(page, do="approve", funds="balance")
    assert looks(end + day - 300, 0, 1) == 0
    assert (state(shop, link), taken(shop, link), shop.offer(link)) == (AttemptState.SUCCEEDED, 1, Offer.PROCESSING)
    assert looks(end + day + 10, 3600, 600) == 0
