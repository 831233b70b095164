"""The page behind a payment link: what a payer sees in every state, and what never leaves the house."""

from __future__ import annotations

import logging
import re
import socket
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from connector.app.house import House
from connector.app.linking import make_link
from connector.config import Config
from connector.errors import SettingsError, StoreLocked
from connector.model.link_line import hash_of
from connector.model.paylink import LinkState
from connector.model.source import CompanyId
from connector.transport import VendorSession
from connector.web.faces import FAULT
from connector.web.page import render
from connector.web.pay import Front, pay_app, serve
from connector.web.sealed import HEADERS
from connector.web.turnstile import Limits
from tests.journeys.firm import Firm, open_firm
from tests.payers import fields, press, send
from tests.proofs import PAYABLE, harbor, proof_of

MAIN = CompanyId("main")
STRANGER = "a" * 52
HERE = "http://127.0.0.1:8765"
ROOMY = Front(limits=Limits(views_per_minute=10_000, misses_per_minute=10_000))


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firm]:
    """Both doubles and a firm that is connected to them. Every test takes an invoice of its own."""
    with open_firm(tmp_path_factory.mktemp("pay"), PAYABLE) as opened:
        opened.connect_quickly()
        yield opened


def config(firm: Firm) -> Config:
    """A firm that tells payers who it is."""
    seller = {
        "name": "Walkabout Tools Ltd",
        "address": "1 Harbour Street; Springfield",
        "email": "billing@walkabout.example",
        "phone": "+1 555 0100",
    }
    return firm.config().model_copy(update={"adapters": {"seller": seller}})


@pytest.fixture
def browser(firm: Firm) -> Iterator[TestClient]:
    with TestClient(pay_app(lambda: House(config(firm)), front=ROOMY), base_url=HERE) as client:
        yield client


def address(firm: Firm, number: str) -> str:
    """The path of an invoice's link."""
    with House(firm.config()) as house:
        return make_link(house.company(None), number).url.removeprefix(HERE)


def words(html: str) -> str:
    """What a person reads of a page."""
    return " ".join(re.sub(r"<[^>]+>", " ", html.partition("</style>")[2]).split())


def test_a_link_shows_who_asks_for_what_and_how_it_can_be_paid(firm: Firm, browser: TestClient) -> None:
    answer = browser.get(address(firm, "P-1"))
    assert answer.status_code == 200
    text = words(answer.text)
    assert text.startswith("Walkabout Tools Ltd Invoice P-1 Issued March 2, 2026 Due April 1, 2026 Amount due $120.00")
    assert "How would you like to pay? Card Confirmed right away US bank account (ACH)" in text
    assert "Walkabout Tools Ltd 1 Harbour Street Springfield +1 555 0100 billing@walkabout.example" in text
    assert re.findall(r'name="method" value="(\w+)"', answer.text) == ["card", "us_bank_account"]


@pytest.mark.req("P1")
def test_a_mail_scanner_that_looks_a_hundred_times_creates_nothing(firm: Firm, browser: TestClient) -> None:
    path = address(firm, "P-2")
    with House(firm.config()) as house:
        before, tries = house.store.head(MAIN), house.store.attempts(MAIN)
    stripe, books = firm.doubles["stripe"].calls, firm.doubles["quickbooks"].calls
    asked = len(stripe), len(books)
    for number in range(100):
        show = ("", "?show=transfer", "?show=question", "?show=state", "?lang=de")[number % 5]
        assert browser.get(path + show).status_code == 200
    assert browser.head(path).status_code == 200
    with House(firm.config()) as house:
        assert house.store.head(MAIN) == before
        assert house.store.attempts(MAIN) == tries
    # The live balance was read once, and nothing else was asked of anybody.
    assert len(stripe) == asked[0]
    assert {method for method, _, _ in books[asked[1] :]} == {"GET"}
    assert 1 <= len(books) - asked[1] <= 2
    # Nor does the way back that somebody guessed.
    for _ in range(3):
        assert browser.get(f"{path}/back", follow_redirects=False).status_code == 303
    with House(firm.config()) as house:
        assert house.store.attempts(MAIN) == tries
    assert browser.post(path, data={"do": "pay", "method": "card"}).status_code == 403


def test_a_button_leads_to_one_page_of_the_processor_however_often_it_is_pressed(
    firm: Firm, browser: TestClient
) -> None:
    path = address(firm, "P-3")
    first = press(browser, path, "card")
    second = press(browser, path, "card")
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.headers["location"] == second.headers["location"]
    assert first.headers["location"].startswith(firm.doubles["stripe"].url)


def test_after_a_payment_the_link_says_not_to_pay_again(firm: Firm, browser: TestClient) -> None:
    path = address(firm, "P-4")
    form = fields(browser.get(path).text)
    page = send(browser, path, form, "us_bank_account").headers["location"]
    VendorSession("payer").post(page, data={"method": "us_bank_account"})
    assert browser.get(f"{path}/back", follow_redirects=False).headers["location"] == f"../{path[5:]}?"
    shown = browser.get(f"{path}/back")
    assert str(shown.url).removesuffix("?") == HERE + path
    assert "A payment is being processed. Do not pay again" in words(shown.text)
    assert 'name="method"' not in shown.text
    assert browser.get(f"{path}?show=state").json() == {"state": "processing"}
    refused = send(browser, path, form, "card")
    assert refused.status_code == 409
    assert "This invoice cannot be paid right now. This click charged nothing." in words(refused.text)


@pytest.mark.req("L1")
def test_wrong_malformed_revoked_and_expired_links_get_the_same_answer_to_the_byte(
    firm: Firm, browser: TestClient
) -> None:
    paths = {}
    for number, state in (("P-5", LinkState.REVOKED), ("P-6", LinkState.EXPIRED)):
        paths[state] = address(firm, number)
        with House(firm.config()) as house:
            found = house.store.visited(hash_of(paths[state].removeprefix("/pay/")))
            assert found is not None
            house.store.set_link_state(MAIN, found.link.link_id, state)
    tokens = [STRANGER, "x", "A" * 52, "a" * 51, "a" * 4000, "%00", "a' or 1=1", "%F0%9F%92%B6"]
    looks = [browser.get(path) for path in (*paths.values(), *(f"/pay/{token}" for token in tokens))]
    looks += [browser.post(path) for path in (*paths.values(), f"/pay/{STRANGER}")]
    looks += [browser.get(f"/pay/{STRANGER}/back"), browser.get(f"/pay/{STRANGER}?show=invoice")]
    assert {each.status_code for each in looks} == {404}
    assert len({each.content for each in looks}) == 1
    assert len({tuple(sorted(each.headers.items())) for each in looks}) == 1
    assert words(looks[0].text) == "This payment link does not work Please ask the sender for a new link."


@pytest.mark.parametrize("path", ["/", "/docs", "/openapi.json", "/pay", "/pay/", "/favicon.ico", "/pay/..%2f..%2fetc"])
def test_no_other_address_exists(browser: TestClient, path: str) -> None:
    assert browser.get(path, follow_redirects=False).status_code == 404


@pytest.mark.req("P2")
def test_every_answer_carries_the_headers_that_keep_it_private(firm: Firm, browser: TestClient) -> None:
    path = address(firm, "P-2")
    answers = [
        browser.get(path),
        browser.get(f"{path}?show=question"),
        press(browser, path, "card"),
        browser.get(f"{path}?show=state"),
        browser.get(f"{path}?show=logo"),
        browser.get(f"{path}/back", follow_redirects=False),
        browser.post(path),
        browser.get(f"/pay/{STRANGER}"),
        browser.get("/pay.js"),
        browser.get("/healthz"),
        browser.get("/nothing"),
        browser.delete(path),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 303, 200, 404, 303, 403, 404, 200, 200, 404, 405]
    for answer in answers:
        for name in HEADERS:
            assert name in answer.headers
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; ")
        assert "frame-ancestors 'none'" in policy
        assert "base-uri 'none'" in policy
        assert "unsafe" not in policy
        assert "https:;" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-robots-tag"] == "noindex"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert "form-action 'self' https://buy.stripe.com" in answers[0].headers["content-security-policy"]
    # Nothing on a page is fetched from anywhere else: every address in it is relative, or is followed by a click.
    for answer in answers[:2]:
        assert re.findall(r"(?:src|action)=\"([^\"]+)\"", answer.text) in (["/pay.js"], ["?show=question", "/pay.js"])
        assert "url(" not in answer.text


def test_only_a_house_on_this_computer_admits_a_processor_without_tls(firm: Firm) -> None:
    path = address(firm, "P-1")
    public = firm.config().model_copy(update={"link_base": "https://pay.walkabout.example"})
    with TestClient(pay_app(lambda: House(public)), base_url="https://pay.walkabout.example") as client:
        looked = client.get(path)
        cookie = looked.headers["set-cookie"]
        refused = press(client, path, "card")
    assert "127.0.0.1" not in looked.headers["content-security-policy"]
    assert cookie.startswith("__Host-receivables=")
    assert {"HttpOnly", "Path=/", "SameSite=lax", "Secure"} <= set(cookie.split("; "))
    assert refused.status_code == 503
    assert "location" not in refused.headers


def test_a_lost_answer_is_told_in_one_sentence_and_the_next_click_looks_first(
    firm: Firm, browser: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    path = address(firm, "P-2")
    form = fields(browser.get(path).text)
    before = len(firm.doubles["stripe"].calls)
    firm.faults("stripe", "POST  /v1/checkout/sessions  1  drop-after")
    answer = send(browser, path, form, "us_bank_account")
    assert answer.status_code == 503
    assert "The payment processor did not answer. Nothing was charged." in words(answer.text)
    assert path.removeprefix("/pay/") not in caplog.text
    again = send(browser, path, form, "us_bank_account")
    assert again.status_code == 303
    opened = [each for each in firm.doubles["stripe"].calls[before:] if each[:2] == ("POST", "/v1/checkout/sessions")]
    assert len(opened) == 1


class Broken(Exception):
    """Something nobody thought of, with a secret in its message."""


def _breaks() -> House:
    raise Broken("sk_live_secret")


def test_a_fault_nobody_expected_is_one_plain_page_and_leaks_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR), TestClient(pay_app(_breaks)) as client:
        answer = client.get(f"/pay/{STRANGER}")
    assert answer.status_code == 500
    assert FAULT.said in words(answer.text)
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "Broken at " in caplog.text
    assert "sk_live_secret" not in caplog.text + answer.text


def _locked() -> House:
    raise StoreLocked("Another process kept the database busy.", next_step="Wait.")


def test_health_says_whether_the_store_can_be_read(browser: TestClient) -> None:
    assert browser.get("/healthz").json() == {"ok": True}
    with TestClient(pay_app(_locked)) as client:
        answer = client.get("/healthz")
        look = client.get(f"/pay/{STRANGER}")
    assert (answer.status_code, answer.json()) == (503, {"ok": False})
    assert look.status_code == 503


def test_the_proof_is_shown_to_this_computer_and_to_no_other_name(firm: Firm) -> None:
    html = render([proof_of(harbor())], steps=())
    app = pay_app(lambda: House(firm.config()), proof_page=lambda: html)
    with TestClient(app, base_url=HERE) as here:
        answer = here.get("/")
    assert answer.text == html
    assert "style-src 'sha256-" in answer.headers["content-security-policy"]
    with TestClient(app, base_url="http://pay.walkabout.example") as elsewhere:
        assert elsewhere.get("/").status_code == 404


def test_what_payers_would_see_wrong_is_said_before_the_first_of_them_comes(firm: Firm) -> None:
    wrong = firm.config().model_copy(update={"adapters": {"transfer_usd": {"holder": "W", "routing": "1"}}})
    with pytest.raises(SettingsError, match="routing of"):
        serve(lambda: House(wrong), 0)


def test_a_port_that_is_taken_is_said_in_words(firm: Firm) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(SettingsError, match="is in use"):
            serve(lambda: House(firm.config()), other.getsockname()[1])
