"""The live balance behind a link: read when somebody looks, once for all who look, and never waited for long."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.testclient import TestClient

from connector.app.house import House
from connector.app.linking import make_link
from connector.web.live import LIVE_SECONDS
from connector.web.pay import Front, pay_app
from connector.web.turnstile import Limits
from tests.clocks import FakeClock
from tests.journeys.shop import WORLD, Shop, open_shop
from tests.journeys.till import payer
from tests.payers import press

HERE = "http://127.0.0.1:8765"
LOOKERS = 20
BUTTON = 'name="method"'
INVOICES = "".join(f"2026-03-0{day}  invoice  V-{day}  Acme Bakery  90.00 USD  due 2026-04-01\n" for day in range(1, 8))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with open_shop(tmp_path_factory.mktemp("live"), WORLD + INVOICES) as opened:
        yield opened


@pytest.fixture
def clock() -> FakeClock:
    """By which the server counts how long ago it read; it stands still until it is moved."""
    return FakeClock()


@pytest.fixture
def browser(shop: Shop, clock: FakeClock) -> Iterator[TestClient]:
    front = Front(limits=Limits(views_per_minute=10_000), clock=clock)
    with TestClient(pay_app(lambda: House(shop.firm.config()), front=front), base_url=HERE) as client:
        yield client


def path(shop: Shop, number: str) -> str:
    return shop.made(number).url.removeprefix(HERE)


def readings(shop: Shop, number: str) -> int:
    """How often the books were asked for that invoice alone."""
    own = f"/invoice/{shop.firm.invoice(number)['Id']}"
    return sum(each.method == "GET" and each.path.endswith(own) for each in shop.firm.heard)


@pytest.mark.req("S18")
def test_the_one_address_shows_the_live_balance_and_never_offers_what_is_paid_void_or_under_way(
    shop: Shop, browser: TestClient, clock: FakeClock
) -> None:
    first = path(shop, "V-1")
    assert re.fullmatch("/pay/[a-z2-7]{52}", first)
    assert "90.00" in browser.get(first).text
    shop.part_paid("V-1", "30")
    clock.pass_seconds(LIVE_SECONDS)
    shown = browser.get(first).text
    assert ("60.00" in shown, BUTTON in shown, path(shop, "V-1") == first) == (True, True, True)
    shop.part_paid("V-1", "60")
    clock.pass_seconds(LIVE_SECONDS)
    assert BUTTON not in browser.get(first).text
    voided = path(shop, "V-2")
    assert BUTTON in browser.get(voided).text
    shop.void("V-2")
    clock.pass_seconds(LIVE_SECONDS)
    assert BUTTON not in browser.get(voided).text
    under_way = path(shop, "V-3")
    page = press(browser, under_way, "us_bank_account").headers["Location"]
    payer(page, method="us_bank_account")
    browser.get(f"{under_way}/back", follow_redirects=False)
    assert BUTTON not in browser.get(under_way).text


def test_whoever_looks_at_once_or_soon_after_asks_the_books_once(
    shop: Shop, browser: TestClient, clock: FakeClock
) -> None:
    link, before = path(shop, "V-4"), readings(shop, "V-4")
    with ThreadPoolExecutor(LOOKERS) as crowd:
        answers = list(crowd.map(browser.get, [link] * LOOKERS))
    assert {answer.status_code for answer in answers} == {200}
    assert readings(shop, "V-4") == before + 1
    clock.pass_seconds(LIVE_SECONDS - 1)
    browser.get(link)
    assert readings(shop, "V-4") == before + 1
    clock.pass_seconds(1)
    browser.get(link)
    assert readings(shop, "V-4") == before + 2


def test_what_only_polls_or_asks_for_a_picture_reads_nothing(shop: Shop, browser: TestClient) -> None:
    link, before = path(shop, "V-5"), readings(shop, "V-5")
    for shown in ("state", "question", "thanks", "logo"):
        browser.get(f"{link}?show={shown}")
    browser.get("/pay/" + "a" * 52)
    assert readings(shop, "V-5") == before


def test_while_the_books_are_away_the_stored_balance_is_shown_with_its_moment(shop: Shop, browser: TestClient) -> None:
    link, vendor_id = path(shop, "V-6"), shop.firm.invoice("V-6")["Id"]
    shop.firm.faults("quickbooks", f"GET */invoice/{vendor_id} 1 status-before 403")
    shown = browser.get(link)
    assert (shown.status_code, "90.00" in shown.text, BUTTON in shown.text) == (200, True, True)
    assert "UTC" in shown.text or re.search(r"\d{1,2}:\d{2}", shown.text)


def test_once_the_months_reads_are_nearly_used_up_nobody_who_looks_uses_more(shop: Shop, clock: FakeClock) -> None:
    counted = shop.firm.config().model_copy(update={"calls_per_minute": 0})
    with shop.desk() as desk:
        link = make_link(desk, "V-7").url.removeprefix(HERE)
        books = desk.books().connection_id
        desk.store.put_secrets(desk.id, books, {"monthly_calls": "2"})
    front = Front(limits=Limits(views_per_minute=10_000), clock=clock)
    with TestClient(pay_app(lambda: House(counted), front=front), base_url=HERE) as browser:
        browser.get(link)
        asked = readings(shop, "V-7")
        clock.pass_seconds(LIVE_SECONDS)
        assert "90.00" in browser.get(link).text
    assert readings(shop, "V-7") == asked == 1
