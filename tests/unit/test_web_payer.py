"""What the pay page says in each state, decided from values alone."""

from __future__ import annotations

import re
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from connector.app.paying import Debt, Paid, Visit
from connector.app.selling import Seller
from connector.dates import business_date, instant_from_iso
from connector.errors import (
    LeaseLost,
    NeedsReconnect,
    OutcomeUnknown,
    ReceivablesError,
    Refused,
    StoreLocked,
    UnknownRecord,
)
from connector.model.paylink import AmountMode, LinkId, LinkState, PaymentLink
from connector.model.source import ConnectionId, Kind, Ref
from connector.money import Currency, Money
from connector.paylinks import Amounts, Offer, Setback, Settled, Settlement, Showing, Way
from connector.remit import account_of, cheque_of
from connector.web.payer import Reader, fault_of, page_of
from connector.web.phrases import LANGUAGES
from connector.web.slips import transfer_page
from connector.web.tongues import tongue

USD = Currency("USD")
DUE = Money(12_000, USD)
DEBT = Ref(connection=ConnectionId("books"), kind=Kind.INVOICE, vendor_id="130")
AT = instant_from_iso("2026-04-10T12:00:00Z")
CARD = Way(code="card", title="Card", connection=ConnectionId("p"))
SLOW = Way(code="bank", title="Bank debit", connection=ConnectionId("p"), days="up to 4 business days")
PAID = Paid(amount=DUE, on=business_date("2026-04-09"), method="card", reference="ch_7", clearing=False)


def settled(state: Settled) -> Settlement:
    nothing = Money(0, USD)
    return Settlement(state=state, due=DUE, received=nothing, clearing=nothing, excess=nothing, flags=frozenset())


def visit(offer: Offer, **more: object) -> Visit:
    link = PaymentLink(link_id=LinkId("l-1"), debt=DEBT, number="P-1", state=LinkState.ACTIVE, created_at=AT)
    debt = Debt(
        ref=DEBT,
        number="P-1",
        issued_on=business_date("2026-03-02"),
        due_on=business_date("2026-04-01"),
        total=Money(15_000, USD),
        open=DUE,
        share=DUE,
    )
    plain = Visit(
        company="Acme Inc",
        link=link,
        number="P-1",
        showing=Showing(offer=offer, amount=DUE),
        settlement=settled(Settled.UNPAID),
        amounts=Amounts(mode=AmountMode.WHOLE, least=DUE, most=DUE),
        debts=(debt,),
        ways=(SLOW, CARD) if offer is Offer.PAY else (),
        receipts=(),
        pending=None,
        customer=None,
        as_of=AT,
        language="",
    )
    changed: Visit = replace(plain, **more)  # type: ignore[arg-type]
    return changed


def reader(language: str = "en", **seller: object) -> Reader:
    told = Seller(name="Walkabout Tools", **seller)  # type: ignore[arg-type]
    return Reader(tongue=tongue(language), zone=ZoneInfo("UTC"), seller=told)


def test_the_ways_stand_in_the_order_they_are_given_and_say_how_long_they_take() -> None:
    page = page_of(visit(Offer.PAY), reader(), {"bank": "Bank account"})
    assert [(button.title, button.hint) for button in page.buttons] == [
        ("Bank account", "Takes several business days to arrive"),
        ("Card", "Confirmed right away"),
    ]
    assert (page.due, page.title) == ("$120.00 USD", "Invoice P-1 from Walkabout Tools")
    assert page.facts[-1] == ("Invoice total", "$150.00 USD")
    assert (page.notice, page.panels, page.amount_hint) == ("", (), "")
    partial = visit(Offer.PAY, amounts=Amounts(mode=AmountMode.FREE, least=Money(1, USD), most=DUE))
    page = page_of(partial, reader("de"), {})
    assert (page.amount_given, page.amount_hint) == ("120,00", "Zwischen 0,01\xa0USD und 120,00\xa0USD.")


@pytest.mark.parametrize("language", LANGUAGES)
def test_whoever_tried_before_is_told_what_became_of_it_and_is_offered_every_way(language: str) -> None:
    said = reader(language).tongue.said
    plain = page_of(visit(Offer.PAY), reader(language), {})
    failed = page_of(visit(Offer.PAY, setback=Setback.FAILED), reader(language), {})
    returned = page_of(visit(Offer.PAY, setback=Setback.RETURNED), reader(language), {})
    assert (failed.notice, failed.mood) == (said.failed, "fault")
    assert "Walkabout Tools" in returned.notice_said
    assert len({plain.notice, failed.notice, returned.notice}) == 3
    assert failed.buttons == returned.buttons == plain.buttons != ()


@pytest.mark.parametrize("language", LANGUAGES)
def test_whoever_got_money_back_is_told_how_much_in_a_kind_word(language: str) -> None:
    page = page_of(visit(Offer.PAID, given_back=(Money(4_250, USD),)), reader(language), {})
    (told,) = page.given_back
    assert reader(language).tongue.money(Money(4_250, USD)) in told
    assert page_of(visit(Offer.PAID), reader(language), {}).given_back == ()


def test_in_french_no_sign_stands_alone_on_a_line() -> None:
    said = reader("fr").tongue.said
    assert said.on_its_way == "En cours d'acheminement\xa0: {amount}"
    texts = [getattr(said, each) for each in said.__slots__]
    assert [each for each in texts if re.search(" [:;?!»]|« ", each)] == []


def test_where_no_way_is_left_the_payer_is_told_whom_to_ask() -> None:
    page = page_of(visit(Offer.PAY, ways=()), reader(), {})
    assert page.notice_said == "This invoice cannot be paid online right now. Please contact Walkabout Tools."
    by_bank = reader(cheque=cheque_of({"payee": "W", "address": "x", "currencies": "USD"}))
    assert [panel.code for panel in page_of(visit(Offer.PAY, ways=()), by_bank, {}).panels] == ["cheque"]
    other_currency = reader(accounts={Currency("EUR"): account_of(Currency("EUR"), {"holder": "W", "account": "1"})})
    assert page_of(visit(Offer.PAY, ways=()), other_currency, {}).panels == ()


@pytest.mark.req("P7")
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("offer", [Offer.PROCESSING, Offer.CHECKING])
def test_while_money_is_on_its_way_or_may_be_the_page_says_not_to_pay_again_and_offers_no_way(
    offer: Offer, language: str
) -> None:
    cheque = cheque_of({"payee": "W", "address": "x"})
    page = page_of(visit(offer, pending=DUE, ways=(CARD,)), reader(language, cheque=cheque), {})
    again = {
        "en": "Do not pay again",
        "fr": "Ne payez pas une seconde fois",
        "de": "Bitte zahlen Sie nicht noch einmal",
    }
    assert again.get(language, "No vuelva a pagar") in page.notice_said
    assert (page.buttons, page.panels, page.due, page.receipts) == ((), (), "", ())
    assert page.again
    assert "120" in page.pending


def test_only_money_that_has_come_is_thanked_for_and_has_a_receipt() -> None:
    on_its_way = replace(PAID, clearing=True)
    page = page_of(visit(Offer.PROCESSING, receipts=(on_its_way,)), reader(), {})
    assert (page.receipts, "Thank" in page.notice + page.notice_said) == ((), False)
    here = visit(Offer.PROCESSING, receipts=(PAID,), settlement=settled(Settled.PAID))
    page = page_of(here, reader(), {"card": "Card"})
    assert page.notice == "We have received your payment. Thank you."
    assert [(each.amount, each.how, each.reference) for each in page.receipts] == [
        ("$120.00 USD", "Card, April 9, 2026", "ch_7")
    ]
    page = page_of(visit(Offer.PAID, receipts=(PAID,)), reader(), {})
    assert (page.notice, page.mood, len(page.receipts), page.again) == ("This invoice is paid.", "paid", 1, False)


def test_what_was_withdrawn_shows_no_amount_no_way_and_no_document() -> None:
    page = page_of(visit(Offer.CLOSED), reader(), {}, document=True)
    assert page.notice == "There is nothing to pay here."
    assert page.notice_said.endswith("please ask Walkabout Tools.")
    assert (page.due, page.buttons, page.panels, page.document) == ("", (), (), False)


def test_outside_the_lands_of_the_iban_the_reference_is_the_invoices_own_number() -> None:
    account = account_of(USD, {"holder": "W", "routing": "021000021", "account": "123456"})
    page = transfer_page(visit(Offer.PAY), reader(), account, "")
    assert [(line.name, line.shown, line.copied) for line in page.lines[:3]] == [
        ("Amount", "$120.00 USD", "120.00"),
        ("Reference", "P-1", "P-1"),
        ("Account holder", "W", "W"),
    ]
    assert page.call == ""
    assert "international" not in " ".join(page.notes)


FAULTS: tuple[tuple[ReceivablesError, int], ...] = (
    (Refused("The processor refused: acct_1 sk_live_x.", next_step="SECRET"), 409),
    (OutcomeUnknown("No answer from SECRET.", next_step="SECRET"), 503),
    (NeedsReconnect("SECRET lacks rights.", next_step="Run: receivables connect"), 503),
    (StoreLocked("SECRET is busy.", next_step="SECRET"), 503),
    (LeaseLost("SECRET took over.", next_step="SECRET"), 503),
    (UnknownRecord("SECRET is gone.", next_step="Run: receivables sync"), 500),
)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("fault", "status"), FAULTS, ids=[type(fault).__name__ for fault, _ in FAULTS])
def test_a_payer_never_reads_what_is_written_for_the_seller(
    fault: ReceivablesError, status: int, language: str
) -> None:
    page = fault_of(fault, reader(language), "W-1")
    told = f"{page.title} {page.headline} {page.notice} {page.notice_said} {page.onward}"
    assert page.status == status
    assert "W-1" in page.headline
    assert not re.search(r"SECRET|receivables|sk_live|acct_1|[{}]", told)
    charged = {"en": "charged", "fr": "débité", "de": "abgebucht", "es": "cobrado"}
    assert charged[language] in page.notice_said
