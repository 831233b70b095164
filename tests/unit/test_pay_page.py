"""The pay page over HTTP: remit-to details, the payer's form, the invoice's document, limits, what is never said."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pytest
from starlette.testclient import TestClient

from connector.app.house import House
from connector.app.linking import Wish, make_link
from connector.config import Config
from connector.model.contact import Channel, Direction, Outcome
from connector.model.firm import NotesMode
from connector.model.paylink import AmountMode
from connector.model.source import CompanyId
from connector.money import Currency, Money
from connector.web.pay import Front, pay_app
from connector.web.turnstile import Limits
from tests.clocks import FakeClock
from tests.journeys.firm import Firm, open_firm
from tests.payers import fields, press, send

HERE = "http://127.0.0.1:8765"
MAIN = CompanyId("main")
ROOMY = Front(limits=Limits(views_per_minute=10_000, questions_per_hour=100))
CARD = "4242 4242 4242 4242"
WORLD = """\
company  Walkabout Tools  home EUR  zone Europe/Berlin  country DE  realm 9140003  stripe acct_walk3
account  Girokonto  bank EUR
account  Stripe Clearing  bank EUR
account  Stripe Fees  expense EUR
account  Undeposited Funds  undeposited EUR
account  Accounts Receivable  receivable EUR
customer  Acme Baker  email ap@acme.example  phone +49 30 901820  in quickbooks and stripe as cus_walk_acme
2026-03-02  invoice  E-1  Acme Baker  120.10 EUR  due 2026-04-01
2026-03-02  invoice  E-2  Acme Baker  220.00 EUR  due 2026-04-02
2026-03-02  invoice  E-3  Acme Baker  320.00 EUR  due 2026-04-03
2026-03-02  invoice  E-4  Acme Baker  420.00 EUR  due 2026-04-04
2026-03-02  invoice  E-5  Acme Baker  520.00 EUR  due 2026-04-05
"""
TABLES = {
    "seller": {"name": "Wanderwerk GmbH", "address": "Hafenstr. 1; Hamburg", "phone": "+49 40 123456"},
    "transfer_eur": {
        "holder": "Wanderwerk GmbH",
        "iban": "DE89370400440532013000",
        "bic": "COBADEFFXXX",
        "takes": "SEPA, SEPA Instant",
    },
    "cheque": {"payee": "Wanderwerk GmbH", "address": "Postfach 7; Hamburg"},
}


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firm]:
    with open_firm(tmp_path_factory.mktemp("pay"), WORLD) as opened:
        opened.connect_quickly()
        yield opened


def config(firm: Firm) -> Config:
    return firm.config().model_copy(update={"adapters": TABLES})


@pytest.fixture
def browser(firm: Firm) -> Iterator[TestClient]:
    with TestClient(pay_app(lambda: House(config(firm)), front=ROOMY), base_url=HERE) as client:
        yield client


def address(firm: Firm, *numbers: str, wish: Wish | None = None) -> str:
    with House(firm.config()) as house:
        return make_link(house.company(None), *numbers, wish=wish).url.removeprefix(HERE)


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html.partition("</style>")[2]).split())


def test_remit_to_details_are_shown_after_a_click_and_not_before(firm: Firm, browser: TestClient) -> None:
    path = address(firm, "E-1")
    before = browser.get(path).text
    assert "DE89" not in before
    assert "?show=transfer" in before
    panel = browser.get(f"{path}?show=transfer")
    text = words(panel.text)
    assert re.search(r"Amount €120.10 Copy Reference RF\d\d E1 Copy", text)
    assert "IBAN DE89 3704 0044 0532 0130 00 Copy BIC COBADEFFXXX" in text
    assert 'data-copy="120.10" data-done="Copied: Amount"' in panel.text
    assert 'data-copy="DE89370400440532013000" data-done="Copied: IBAN"' in panel.text
    assert "Our bank details never change by e-mail. If in doubt, call us on +49 40 123456." in text
    assert "This account takes: SEPA, SEPA Instant." in text
    assert "do not pay by card or debit too" in text
    assert re.search(r"As of \d+ \w+ \d{4}, \d\d:\d\d", text)
    assert panel.text.count("<svg") == 1
    assert "Pay" not in re.findall(r"<button[^>]*>([^<]*)</button>", panel.text)


def test_a_cheques_slip_says_to_whom_how_much_and_where_to(firm: Firm, browser: TestClient) -> None:
    text = words(browser.get(f"{address(firm, 'E-1')}?show=cheque&lang=de").text)
    assert "Zahlbar an Wanderwerk GmbH Betrag 120,10 € Auf den Scheck schreiben E-1" in text
    assert "Senden an Postfach 7 Hamburg" in text


def test_what_is_not_set_up_is_not_offered(firm: Firm) -> None:
    path = address(firm, "E-1")
    with TestClient(pay_app(lambda: House(firm.config())), base_url=HERE) as client:
        shown = client.get(path).text
        assert "?show=transfer" not in shown
        assert "?show=cheque" not in shown
        assert words(client.get(f"{path}?show=transfer").text) == words(shown)


def test_the_invoice_comes_as_its_document_through_us(firm: Firm, browser: TestClient) -> None:
    path = address(firm, "E-1")
    assert 'href="?show=invoice"' in browser.get(path).text
    answer = browser.get(f"{path}?show=invoice")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == 'attachment; filename="invoice-E-1.pdf"'
    assert answer.headers["cache-control"] == "no-store"
    assert answer.content.startswith(b"%PDF-")
    assert b"(Invoice E-1)" in answer.content


def test_a_document_that_cannot_be_had_is_said_in_the_payers_words(firm: Firm, browser: TestClient) -> None:
    path = address(firm, "E-1")
    firm.faults("quickbooks", "GET  /v3/company/*/invoice/*/pdf  1  status-before 403")
    answer = browser.get(f"{path}?show=invoice")
    assert answer.status_code == 503
    assert "The invoice cannot be fetched right now. Nothing was charged." in words(answer.text)
    assert browser.get(f"{path}?show=invoice").status_code == 200


def test_every_page_speaks_the_payers_language(firm: Firm, browser: TestClient) -> None:
    path = address(firm, "E-2")
    german = browser.get(path, headers={"accept-language": "de-AT,de;q=0.9"})
    assert '<html lang="de" dir="ltr">' in german.text
    assert "Rechnung E-2 Ausgestellt am 2. März 2026 Fällig am 2. April 2026 Zu zahlen 220,00 €" in words(german.text)
    assert "Kredit- oder Debitkarte Sofort bestätigt" in words(german.text)
    assert german.headers["content-language"] == "de"
    french = browser.get(f"{path}?lang=fr&show=question", headers={"accept-language": "de"})
    assert "Je n&#39;ai jamais reçu cette facture" in french.text
    assert 'action="?lang=fr&amp;show=question"' in french.text
    assert 'href="?lang=es&amp;show=question"' in french.text
    assert browser.get(f"/pay/{'a' * 52}?lang=es").text.count("Este enlace de pago no funciona") == 2


ASKED = [
    ("question", {"words": "Which order is this for?"}, Outcome.REACHED, "Asks on the payment page: Which order"),
    ("never-received", {}, Outcome.NEVER_RECEIVED, "the invoice never came."),
    ("wrong-person", {"words": "Ask Bo", "person": "Al"}, Outcome.WRONG_PERSON, "the wrong person: Ask Bo"),
    ("paid-already", {"words": "By wire on Monday"}, Outcome.REACHED, "paid already: By wire on Monday"),
]


@pytest.mark.parametrize(("about", "typed", "outcome", "kept"), ASKED, ids=[row[0] for row in ASKED])
def test_what_a_payer_writes_becomes_a_contact_about_the_invoice(
    firm: Firm, browser: TestClient, about: str, typed: dict[str, str], outcome: Outcome, kept: str
) -> None:
    path = f"{address(firm, 'E-3')}?show=question"
    form = fields(browser.get(path).text)
    answer = send(browser, path, form, about=about, **typed)
    assert (answer.status_code, answer.headers["location"]) == (303, "?show=thanks")
    assert send(browser, path, form, about=about, **typed).status_code == 303
    assert "Wanderwerk GmbH has your message. Nothing was charged" in words(browser.get(f"{path[:-8]}thanks").text)
    with House(firm.config()) as house:
        desk = house.company(None)
        contacts = desk.store.contacts(MAIN, invoice=desk.invoice("E-3"))
    found = [each for each in contacts if kept in each.said]
    assert len(found) == 1
    assert (found[0].outcome, found[0].channel, found[0].direction) == (outcome, Channel.PORTAL, Direction.IN)
    assert (found[0].by, found[0].person) == ("payer", typed.get("person"))


def test_a_promise_of_a_payer_is_a_promise_of_what_is_open_and_its_note_reaches_the_books(
    firm: Firm, browser: TestClient
) -> None:
    path = f"{address(firm, 'E-4')}?show=question"
    with firm.desk() as desk:
        desk.store.set_company(replace(desk.company, notes=NotesMode.AUTO), desk.actor)
        day = desk.today.replace(day=28)
    answer = press(browser, path, about="will-pay", day=day.isoformat(), words="After our pay run")
    assert answer.status_code == 303
    with firm.desk() as desk:
        (contact,) = desk.store.contacts(MAIN, invoice=desk.invoice("E-4"))
        desk.store.set_company(replace(desk.company, notes=NotesMode.ASK), desk.actor)
    assert contact.promise is not None
    assert (contact.promise.amount, contact.promise.by) == (Money(42_000, Currency("EUR")), day)
    notes = [each["Note"] for each in firm.books("Attachable")]
    assert [note for note in notes if "After our pay run" in note and "by payer" not in note] != []


WRONG = [
    ("nothing chosen", {"words": "x"}, "Please say what it is about."),
    ("no words", {"about": "question"}, "Please write your message."),
    ("no day", {"about": "will-pay"}, "Please give a day from today on"),
    ("a day gone by", {"about": "will-pay", "day": "2020-01-01"}, "Please give a day from today on"),
    ("a day far off", {"about": "will-pay", "day": "2999-01-01"}, "Please give a day from today on"),
    ("a card number", {"about": "question", "words": f"use {CARD}"}, "That looks like a card number."),
    ("a card number as a name", {"about": "question", "words": "x", "person": CARD}, "That looks like a card number."),
    ("a novel", {"about": "question", "words": "x" * 2_001}, "Please write at most 2000 characters."),
]


@pytest.mark.parametrize(("typed", "says"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_what_cannot_be_kept_is_said_and_a_card_number_is_neither_kept_nor_shown_nor_logged(
    firm: Firm, browser: TestClient, caplog: pytest.LogCaptureFixture, typed: dict[str, str], says: str
) -> None:
    path = f"{address(firm, 'E-5')}?show=question"
    with caplog.at_level(logging.DEBUG):
        answer = press(browser, path, **typed)
    assert answer.status_code == 400
    assert says in words(answer.text)
    assert 'role="alert"' in answer.text
    assert "4242" not in answer.text + caplog.text
    with firm.desk() as desk:
        assert desk.store.contacts(MAIN, invoice=desk.invoice("E-5")) == ()
    assert b"4242" not in (firm.home / "receivables.db").read_bytes()


def test_a_form_without_its_cookie_or_of_another_link_does_nothing(firm: Firm, browser: TestClient) -> None:
    path, other = address(firm, "E-1"), address(firm, "E-2")
    form = fields(browser.get(path).text)
    before = len(firm.doubles["stripe"].calls)
    with TestClient(pay_app(lambda: House(config(firm)), front=ROOMY), base_url=HERE) as stranger:
        assert send(stranger, path, form, "card").status_code == 403
        stranger.get(path)
        assert send(stranger, path, form, "card").status_code == 403
    assert send(browser, other, form, "card").status_code == 403
    assert send(browser, path, {**form, "form": "x"}, "card").status_code == 403
    as_json = browser.post(path, json={**form, "method": "card"})
    assert as_json.status_code == 403
    assert browser.post(path, content=b"x" * 40_000, headers={"content-type": "application/x-www-form-urlencoded"})
    assert [call for call in firm.doubles["stripe"].calls[before:] if call[0] == "POST"] == []
    assert "This page was open for too long" in words(as_json.text)


def test_a_method_that_is_not_offered_opens_nothing(firm: Firm, browser: TestClient) -> None:
    path = address(firm, "E-1")
    before = len(firm.doubles["stripe"].calls)
    assert press(browser, path, "us_bank_account").status_code == 409
    assert [call for call in firm.doubles["stripe"].calls[before:] if call[0] == "POST"] == []


def test_part_of_a_debt_is_paid_in_the_payers_own_digits_and_never_more_than_is_due(
    firm: Firm, browser: TestClient
) -> None:
    path = address(firm, "E-5", wish=Wish(mode=AmountMode.MINIMUM, minimum=Money(10_000, Currency("EUR"))))
    shown = browser.get(f"{path}?lang=de").text
    assert "Zwischen 100,00\xa0€ und 520,00\xa0€." in shown
    assert 'name="amount" inputmode="decimal"' in shown
    for typed in ("520,01", "99,99", "", "viel", "0"):
        refused = press(browser, f"{path}?lang=de", "card", amount=typed)
        assert refused.status_code == 400
        assert "Bitte geben Sie einen Betrag zwischen" in words(refused.text)
    paid = press(browser, f"{path}?lang=de", "card", amount="150,50")
    assert paid.status_code == 303
    (session,) = [each for each in firm.stripe("checkout.session") if each["status"] == "open"]
    assert session["amount_total"] == 15_050


def test_a_link_for_several_invoices_shows_each_and_one_sum(firm: Firm, browser: TestClient) -> None:
    path = address(firm, "E-2", "E-3")
    text = words(browser.get(path).text)
    assert "2 invoices Amount due €540.00" in text
    assert "E-2 Apr 2, 2026 €220.00 E-3 Apr 3, 2026 €320.00" in text
    second = browser.get(f"{path}?show=invoice&nth=2")
    assert second.headers["content-disposition"] == 'attachment; filename="invoice-E-3.pdf"'
    assert "2 invoices" in words(browser.get(f"{path}?show=invoice&nth=3").text)
    panel = browser.get(f"{path}?show=transfer").text
    assert "Reference E-2 E-3" in words(panel)
    assert "<svg" not in panel


@pytest.mark.req("P3")
def test_no_page_no_log_and_no_fault_holds_a_secret_or_anything_of_the_payers(
    firm: Firm, browser: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    path = address(firm, "E-2")
    token = path.removeprefix("/pay/")
    shows = ("", "?show=transfer", "?show=cheque", "?show=question", "?show=thanks", "?show=state", "?lang=fr")
    with caplog.at_level(logging.DEBUG):
        pages = [browser.get(path + show) for show in shows]
        pages.append(press(browser, path, "card"))
        firm.faults("stripe", "POST  /v1/checkout/sessions/*/expire  1  status-before 500")
        pages.append(press(browser, path, "sepa_debit"))
        pages += [browser.get(f"{path}/back"), browser.post(path), browser.get(f"{path}x"), browser.delete(path)]
        pages.append(press(browser, f"{path}?show=question", about="question", words="ring +49 30 901820"))
    # What the test's own browser says about where it went is not the product's.
    logged = " ".join(each.getMessage() for each in caplog.records if not each.name.startswith("httpx"))
    said = "".join(page.text for page in pages) + logged
    for private in (token, "ap@acme.example", "901820", "Acme", "cus_walk", "DE89370400440532013000 "):
        assert private not in said, private
    # The seller's own account stands in the panel that was asked for, and nowhere else.
    assert sum("DE89" in page.text for page in pages) == 1
    assert "DE89" not in logged


@pytest.mark.req("P4")
def test_views_and_guesses_are_counted_per_visitor_and_who_has_too_many_is_told_when_to_come_again(firm: Firm) -> None:
    clock = FakeClock()
    path = address(firm, "E-1")
    front = Front(clock=clock, proxies=("testclient",))
    with TestClient(pay_app(lambda: House(config(firm)), front=front), base_url=HERE) as client:
        first = [client.get(path, headers={"x-forwarded-for": "192.0.2.1"}).status_code for _ in range(61)]
        assert first == [200] * 60 + [429]
        told = client.get(path, headers={"x-forwarded-for": "192.0.2.1"})
        assert told.headers["retry-after"] == "60"
        assert "Too many tries Nothing was charged." in words(told.text)
        other = {"x-forwarded-for": "192.0.2.2"}
        guesses = [client.get(f"/pay/{'b' * 52}", headers=other).status_code for _ in range(11)]
        assert guesses == [404] * 10 + [429]
        # Whoever guesses learns nothing about good ones either.
        assert client.get(path, headers=other).status_code == 429
        clock.pass_seconds(60)
        assert client.get(path, headers={"x-forwarded-for": "192.0.2.1"}).status_code == 200
        assert client.get(path, headers=other).status_code == 200
    # Pages at the processor are counted where they are stored: per link, and per company.
    for update, tries in (({}, 5), ({"link_tries_per_hour": 50, "company_tries_per_hour": 6}, 1)):
        told_config = config(firm).model_copy(update=update)
        with TestClient(pay_app(partial(House, told_config), front=ROOMY), base_url=HERE) as client:
            url = address(firm, "E-4") if tries == 5 else address(firm, "E-1")
            methods = ("card", "sepa_debit") * 4
            statuses = [press(client, url, method).status_code for method in methods]
            assert 429 in statuses
            assert statuses.index(429) <= tries


def test_only_a_proxy_that_was_named_is_believed_about_who_asks(firm: Firm) -> None:
    path = address(firm, "E-1")
    front = Front(limits=Limits(views_per_minute=5))
    with TestClient(pay_app(lambda: House(config(firm)), front=front), base_url=HERE) as client:
        forged = [client.get(path, headers={"x-forwarded-for": f"192.0.2.{n}"}).status_code for n in range(6)]
    assert forged == [200] * 5 + [429]
    front = Front(limits=Limits(views_per_minute=5), proxies=("testclient", "10.0.0.0/8"))
    with TestClient(pay_app(lambda: House(config(firm)), front=front), base_url=HERE) as client:
        # What a visitor claims stands before what the proxy adds; the last that is no proxy counts.
        claims = [{"x-forwarded-for": f"203.0.113.{n}, 192.0.2.7, 10.1.1.1"} for n in range(6)]
        assert [client.get(path, headers=claim).status_code for claim in claims] == [200] * 5 + [429]


@pytest.mark.req("P9")
def test_the_name_by_which_we_were_called_changes_nothing_on_the_page(firm: Firm, browser: TestClient) -> None:
    path = address(firm, "E-1")
    hosts: tuple[dict[str, str], ...] = (
        {},
        {"host": "evil.example"},
        {"x-forwarded-host": "evil.example", "x-forwarded-proto": "https"},
    )
    for headers in hosts:
        shown = browser.get(path, headers=headers)
        assert "evil" not in shown.text + str(shown.headers)
        assert "Wanderwerk GmbH" in shown.text
        went = browser.get(f"{path}/back", headers=headers, follow_redirects=False)
        assert went.headers["location"].startswith("../")
    for session in firm.stripe("checkout.session"):
        assert session["success_url"].startswith(f"{HERE}/pay/")
