"""The page behind a payment link: what a payer sees in every state, and what never leaves the house."""

from __future__ import annotations

import logging
import re
import socket
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from connector.app.addresses import hash_of
from connector.app.house import House
from connector.app.paying import Visit, make_link
from connector.errors import (
    NeedsReconnect,
    OutcomeUnknown,
    ReceivablesError,
    Refused,
    SettingsError,
    StoreLocked,
    UnknownRecord,
)
from connector.model.paylink import LinkState
from connector.model.source import CompanyId
from connector.money import Currency, Money
from connector.paylinks import Offer, Showing
from connector.transport import VendorSession
from connector.web.faces import FAULT, face_of, fault_of
from connector.web.page import render
from connector.web.pay import HEADERS, pay_app, serve
from tests.journeys.firm import Firm, open_firm
from tests.proofs import PAYABLE, harbor, proof_of

MAIN = CompanyId("main")
STRANGER = "a" * 32


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firm]:
    """Both doubles and a firm that is connected to them. Every test takes an invoice of its own."""
    with open_firm(tmp_path_factory.mktemp("pay"), PAYABLE) as opened:
        opened.connect_quickly()
        yield opened


@pytest.fixture
def browser(firm: Firm) -> Iterator[TestClient]:
    with TestClient(pay_app(lambda: House(firm.config())), base_url="http://127.0.0.1:8765") as client:
        yield client


def address(firm: Firm, number: str) -> str:
    """The path of an invoice's link."""
    with House(firm.config()) as house:
        return make_link(house.company(None), number).url.removeprefix("http://127.0.0.1:8765")


def words(html: str) -> str:
    """What a person reads of a page."""
    return " ".join(re.sub(r"<[^>]+>", " ", html.partition("</style>")[2]).split())


def test_a_link_shows_who_asks_for_what_and_how_it_can_be_paid(firm: Firm, browser: TestClient) -> None:
    answer = browser.get(address(firm, "P-1"))
    assert answer.status_code == 200
    text = words(answer.text)
    assert text.startswith("Walkabout Tools Invoice P-1 Amount due 120.00 USD Ways to pay Card US bank account (ACH)")
    assert "Pay 120.00 USD" in text
    assert answer.text.count('<form method="post">') == 1


def test_looking_at_a_link_opens_nothing_at_the_processor(firm: Firm, browser: TestClient) -> None:
    before = len(firm.doubles["stripe"].calls)
    browser.get(address(firm, "P-2"))
    assert [method for method, _, _ in firm.doubles["stripe"].calls[before:] if method != "GET"] == []


def test_the_button_leads_to_one_page_of_the_processor_however_often_it_is_pressed(
    firm: Firm, browser: TestClient
) -> None:
    path = address(firm, "P-3")
    first = browser.post(path, follow_redirects=False)
    second = browser.post(path, follow_redirects=False)
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.headers["location"] == second.headers["location"]
    assert first.headers["location"].startswith(firm.doubles["stripe"].url)


def test_after_a_payment_the_link_says_not_to_pay_again(firm: Firm, browser: TestClient) -> None:
    path = address(firm, "P-4")
    page = browser.post(path, follow_redirects=False).headers["location"]
    VendorSession("payer").post(page, data={"method": "us_bank_account"})
    text = words(browser.get(path).text)
    assert "A payment is being processed. Do not pay again" in text
    assert "Pay 420.00 USD" not in text
    refused = browser.post(path, follow_redirects=False)
    assert refused.status_code == 409
    assert "This invoice cannot be paid right now. This click charged nothing." in words(refused.text)


def test_a_link_that_was_taken_back_offers_nothing(firm: Firm, browser: TestClient) -> None:
    path = address(firm, "P-5")
    with House(firm.config()) as house:
        found = house.store.link_by_token(hash_of(path.removeprefix("/pay/")))
        assert found is not None
        house.store.set_link_state(found[0], found[1].link_id, LinkState.REVOKED)
    answer = browser.get(path)
    assert "This payment link is closed. Nothing can be paid here." in words(answer.text)
    assert "<form" not in answer.text
    assert browser.post(path, follow_redirects=False).status_code == 409


@pytest.mark.parametrize("token", [STRANGER, "x", "A" * 32, "a" * 31, "a" * 4000, "%00", "..%2f..%2fetc", "a' or 1=1"])
def test_an_address_that_is_nobodys_is_told_nothing(browser: TestClient, token: str) -> None:
    look, press = browser.get(f"/pay/{token}"), browser.post(f"/pay/{token}")
    assert (look.status_code, press.status_code) == (404, 404)
    assert words(look.text) == words(press.text) == "Nothing here There is nothing to see at this address."


@pytest.mark.parametrize("path", ["/", "/docs", "/openapi.json", "/pay", "/pay/", "/favicon.ico", "/nothing"])
def test_no_other_address_exists(browser: TestClient, path: str) -> None:
    assert browser.get(path, follow_redirects=False).status_code == 404


def test_every_answer_carries_the_headers_that_keep_it_private(firm: Firm, browser: TestClient) -> None:
    path = address(firm, "P-6")
    answers = [
        browser.get(path),
        browser.post(path, follow_redirects=False),
        browser.get(f"/pay/{STRANGER}"),
        browser.get("/healthz"),
        browser.get("/nothing"),
        browser.delete(path),
    ]
    assert [answer.status_code for answer in answers] == [200, 303, 404, 200, 404, 405]
    for answer in answers:
        for name in HEADERS:
            assert name in answer.headers
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; ")
        assert "frame-ancestors 'none'" in policy
        assert "script" not in policy
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert "form-action 'self' https: http://127.0.0.1:*" in answers[0].headers["content-security-policy"]


def test_only_a_house_on_this_computer_admits_a_processor_without_tls(firm: Firm) -> None:
    path = address(firm, "P-1")
    public = firm.config().model_copy(update={"link_base": "https://pay.walkabout.example"})
    with TestClient(pay_app(lambda: House(public))) as client:
        policy = client.get(path).headers["content-security-policy"]
    assert "form-action 'self' https:; " in policy


def test_a_lost_answer_is_told_in_one_sentence_and_the_next_click_looks_first(
    firm: Firm, browser: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    path = address(firm, "P-2")
    before = len(firm.doubles["stripe"].calls)
    firm.faults("stripe", "POST  /v1/checkout/sessions  1  drop-after")
    answer = browser.post(path, follow_redirects=False)
    assert answer.status_code == 503
    assert "The payment processor did not answer. Nothing was charged." in words(answer.text)
    assert path.removeprefix("/pay/") not in caplog.text
    again = browser.post(path, follow_redirects=False)
    assert again.status_code == 303
    opened = [each for each in firm.doubles["stripe"].calls[before:] if each[:2] == ("POST", "/v1/checkout/sessions")]
    assert len(opened) == 1


FAULTS: tuple[tuple[ReceivablesError, int], ...] = (
    (Refused("The processor refused: acct_1 sk_live_x.", next_step="SECRET"), 409),
    (OutcomeUnknown("No answer from SECRET.", next_step="SECRET"), 503),
    (NeedsReconnect("SECRET lacks rights.", next_step="Run: receivables connect"), 503),
    (StoreLocked("SECRET is busy.", next_step="SECRET"), 503),
    (UnknownRecord("SECRET is gone.", next_step="Run: receivables sync"), 500),
)


@pytest.mark.parametrize(("fault", "status"), FAULTS, ids=[type(fault).__name__ for fault, _ in FAULTS])
def test_a_payer_never_reads_what_is_written_for_the_seller(fault: ReceivablesError, status: int) -> None:
    face = fault_of(fault, "Walkabout Tools", "W-1")
    told = f"{face.title} {face.headline} {face.said}"
    assert face.status == status
    assert "charged" in face.said
    assert not re.search(r"SECRET|receivables|sk_live|acct_1", told)


@pytest.mark.parametrize(
    ("offer", "said"),
    [
        (Offer.PAID, "This invoice is paid."),
        (Offer.PROCESSING, "A payment is being processed."),
        (Offer.CLOSED, "This payment link is closed."),
    ],
)
def test_only_an_invoice_that_is_open_shows_an_amount_and_a_button(offer: Offer, said: str) -> None:
    showing = Showing(offer=offer, amount=Money(12_345, Currency("KWD")))
    face = face_of(Visit(company="Acme", number=None, showing=showing, methods=("card",)), {})
    assert (face.headline, face.amount, face.methods) == (said, None, ())


def test_a_method_without_a_title_is_still_readable() -> None:
    showing = Showing(offer=Offer.PAY, amount=Money(5_000, Currency("JPY")))
    visit = Visit(company="Acme", number="J-1", showing=showing, methods=("card", "konbini_slip"))
    assert face_of(visit, {"card": "Card"}).methods == ("Card", "Konbini slip")


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
    assert (answer.status_code, answer.json()) == (503, {"ok": False})


def test_the_proof_is_shown_to_this_computer_and_to_no_other_name(firm: Firm) -> None:
    html = render([proof_of(harbor())], steps=())
    app = pay_app(lambda: House(firm.config()), proof_page=lambda: html)
    with TestClient(app, base_url="http://127.0.0.1:8765") as here:
        answer = here.get("/")
    assert answer.text == html
    assert "style-src 'sha256-" in answer.headers["content-security-policy"]
    with TestClient(app, base_url="http://pay.walkabout.example") as elsewhere:
        assert elsewhere.get("/").status_code == 404


def test_a_port_that_is_taken_is_said_in_words(firm: Firm) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(SettingsError, match="is in use"):
            serve(lambda: House(firm.config()), other.getsockname()[1])
