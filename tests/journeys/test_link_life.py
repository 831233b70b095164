"""The life of a payment link: one per debt, true to its debt, closed when it should be, and never in a hurry."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connector.app import paying
from connector.app.addresses import well_formed
from connector.app.hosting import RISK, hosted
from connector.app.house import House
from connector.app.inviting import message, picture
from connector.app.link_rules import Change, set_rules
from connector.app.linking import Wish, chosen_link, make_link, overview, revoke, rotate, show, trail
from connector.app.reaching import public_address
from connector.app.watching import Watcher
from connector.errors import Refused, TooManyTries, UserError, VendorError
from connector.model.money_in import AttemptState
from connector.model.paylink import AmountMode, LinkState
from connector.model.source import ConnectionId, Kind
from connector.paylinks import Offer
from connector.ports import Hint
from connector.store.inbox import Addressed
from tests.builders import money
from tests.clocks import FakeClock
from tests.journeys.shop import FIRM, Shop, open_shop
from tests.journeys.till import payer

NUMBERS = 21
WORLD = (
    FIRM
    + "".join(
        f"2026-03-02  invoice  L-{number}  Acme Bakery  {100 + number}.00 USD  due 2026-04-01\n"
        for number in range(1, NUMBERS + 1)
    )
    + "2026-03-05  credit  CM-1  Acme Bakery  18.00 USD\n"
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Every test takes an invoice of its own."""
    with open_shop(tmp_path_factory.mktemp("life"), WORLD) as opened:
        yield opened


def token_of(url: str) -> str:
    return url.rpartition("/")[2]


def leads_somewhere(shop: Shop, token: str) -> bool:
    with House(shop.firm.config()) as house:
        return paying.find(house, token) is not None


@pytest.mark.req("L2")
def test_the_same_debts_and_amount_mode_have_one_link_and_taking_back_and_a_new_address_work_at_once(
    shop: Shop,
) -> None:
    first = shop.made("L-1", "L-2")
    assert shop.made("L-2", "L-1").url == first.url
    assert shop.made("L-1").url != first.url
    assert shop.made("L-1", "L-2", mode=AmountMode.FREE).url != first.url
    page = shop.click(first.link)
    with shop.desk() as desk:
        moved, url = rotate(desk, first.link)
    assert (leads_somewhere(shop, token_of(first.url)), leads_somewhere(shop, token_of(url))) == (False, True)
    assert payer(page, method="card").status_code == 409
    with shop.desk() as desk:
        revoke(desk, moved)
    assert not leads_somewhere(shop, token_of(url))
    anew = shop.made("L-1", "L-2")
    assert anew.link.link_id != first.link.link_id
    assert leads_somewhere(shop, token_of(anew.url))


def test_an_address_has_256_bits_and_only_its_hash_is_stored(shop: Shop) -> None:
    made = shop.made("L-3")
    secret = token_of(made.url)
    assert re.fullmatch("[a-z2-7]{52}", secret)
    assert well_formed(secret)
    assert not any(well_formed(wrong) for wrong in (secret[:-1], secret + "a", secret.upper(), "../" + secret[3:]))
    stored = [path.read_bytes() for path in shop.firm.home.iterdir() if path.is_file()]
    assert not any(secret.encode() in each for each in stored)
    assert any(hashlib.sha256(secret.encode()).hexdigest().encode() in each for each in stored)


@pytest.mark.req("L3")
def test_a_link_lives_as_long_as_its_debt_and_shows_for_eighteen_months_that_it_was_paid(shop: Shop) -> None:
    made = shop.made("L-4")
    token = token_of(made.url)
    now = datetime.now(UTC)

    def found_after(days: int) -> bool:
        with House(shop.firm.config(), FakeClock((now + timedelta(days=days)).isoformat())) as house:
            return paying.find(house, token) is not None

    assert found_after(4_000)
    shop.part_paid("L-4", "104")
    shop.sync()
    assert shop.state(made.link) == "settled"
    assert (found_after(547), found_after(550)) == (True, False)


@pytest.mark.req("L3")
def test_a_link_may_end_by_a_rule_which_is_off_by_default_and_money_that_lands_later_still_counts(shop: Shop) -> None:
    assert shop.made("L-5").link.expires_at is None
    with shop.desk() as desk:
        revoke(desk, chosen_link(desk, "L-5"))
        set_rules(desk, Change(expire_days=3))
    made = shop.made("L-5")
    page = shop.click(made.link)
    with shop.desk() as desk:
        set_rules(desk, Change(expire_days=0))
        held = desk.store.link(desk.id, made.link.link_id)
        assert held.expires_at is not None
        desk.store.change_link(desk.id, replace(held, expires_at=held.created_at))
    assert not leads_somewhere(shop, token_of(made.url))
    payer(page, method="card")
    shop.settle()
    assert [each.link_id for each in shop.receipts()].count(made.link.link_id) == 1


@pytest.mark.req("L4")
def test_the_amount_is_read_from_the_books_at_the_click_and_without_them_nobody_is_sent_away(shop: Shop) -> None:
    link = shop.link("L-6")
    shop.part_paid("L-6", "6")
    shop.click(link)
    assert shop.attempts(link)[-1].amount == money("100.00")
    shop.sync()
    later = FakeClock((datetime.now(UTC) + timedelta(seconds=61)).isoformat())
    shop.firm.faults("quickbooks", "* /v3/* 1 status-before 403\n* /v3/* 2 status-before 403")
    with House(shop.firm.config(), later) as house, pytest.raises(VendorError):
        paying.click(house.company(None), link, "card")
    assert shop.click(link)


def credited(shop: Shop, number: str, amount: int) -> None:
    """A person uses up a credit note on an invoice: a payment of nothing."""
    invoice, (credit,) = shop.firm.invoice(number), shop.firm.books("CreditMemo")
    lines = [
        {"Amount": amount, "LinkedTxn": [{"TxnId": held["Id"], "TxnType": kind}]}
        for held, kind in ((invoice, "Invoice"), (credit, "CreditMemo"))
    ]
    customer = {"value": invoice["CustomerRef"]["value"]}
    shop.firm.in_books("Payment", {"CustomerRef": customer, "TotalAmt": 0, "Line": lines})


def edited(shop: Shop, number: str, amount: int) -> None:
    """A person changes what the invoice asks for."""
    held = shop.firm.invoice(number)
    line = {**held["Line"][0], "Amount": amount}
    detail = {
        name: each for name, each in line.get("SalesItemLineDetail", {}).items() if name not in ("UnitPrice", "Qty")
    }
    key = {"Id": held["Id"], "SyncToken": held["SyncToken"], "sparse": True}
    shop.firm.in_books("Invoice", {**key, "Line": [{**line, "SalesItemLineDetail": detail}]})


@pytest.mark.req("L7")
@pytest.mark.parametrize(
    ("number", "what", "state", "offer"),
    [
        ("L-7", "void", "superseded", Offer.CLOSED),
        ("L-8", "paid", "settled", Offer.PAID),
        ("L-9", "part paid", "active", Offer.PAY),
        ("L-18", "credited", "active", Offer.PAY),
        ("L-19", "edited", "active", Offer.PAY),
    ],
)
def test_what_happens_to_a_debt_in_its_books_reaches_its_link_at_the_next_reading_and_closes_its_pages(
    shop: Shop, number: str, what: str, state: str, offer: Offer
) -> None:
    link = shop.link(number)
    page = shop.click(link)
    whole = str(100 + int(number[2:]))
    match what:
        case "void":
            shop.void(number)
        case "credited":
            credited(shop, number, 18)
        case "edited":
            edited(shop, number, 99)
        case _:
            shop.part_paid(number, whole if what == "paid" else "1")
    shop.sync()
    assert (shop.state(link), shop.offer(link)) == (state, offer)
    assert [each.state for each in shop.attempts(link)] == [AttemptState.EXPIRED]
    assert payer(page, method="card").status_code == 409


def test_a_method_is_chosen_on_our_page_and_another_choice_closes_the_page_of_the_first(shop: Shop) -> None:
    link = shop.link("L-10")
    card = shop.click(link, "card")
    assert shop.click(link, "card") == card
    bank = shop.click(link, "us_bank_account")
    assert bank != card
    assert [each["payment_method_types"] for each in shop.sessions("open")][-1:] == [["us_bank_account"]]
    wallet = shop.click(link, "paypal")
    assert [each for each in shop.sessions("open") if bank.endswith(each["url"])] == []
    assert shop.click(link, "paypal") == wallet
    shop.click(link, "card")
    shop.click(link, "us_bank_account")
    with pytest.raises(TooManyTries) as caught:
        shop.click(link, "paypal")
    assert 0 < caught.value.retry_after_seconds <= 3_600
    assert len(shop.attempts(link)) == 5


def test_a_way_that_is_not_offered_is_refused_and_no_page_is_opened(shop: Shop) -> None:
    link = shop.link("L-11")
    with pytest.raises(Refused, match="not offered"):
        shop.click(link, "sepa_debit")
    assert shop.attempts(link) == ()


@pytest.mark.req("W10")
def test_what_each_method_would_cost_is_shown_before_anything_is_sent_and_the_payers_own_comes_first(
    shop: Shop,
) -> None:
    made = shop.made("L-12")
    listed = {each.way.code: str(each.listed) for each in made.costs}
    assert (listed["card"], listed["us_bank_account"], listed["paypal"]) == ("3.55 USD", "0.90 USD", "4.40 USD")
    with shop.desk() as desk:
        set_rules(desk, Change(cost="us_bank_account=0.5%<=1.00"))
        set_rules(desk, Change(methods="us_bank_account,card", customer="Acme Bakery"))
    try:
        again = shop.made("L-12")
        assert again.methods == ("us_bank_account", "card")
        assert [(str(each.listed), each.own) for each in again.costs] == [("0.56 USD", True), ("3.55 USD", False)]
        assert [way.code for way in shop.visit(again.link).ways] == ["us_bank_account", "card"]
    finally:
        with shop.desk() as desk:
            set_rules(desk, Change(methods="none", customer="Acme Bakery"))
            set_rules(desk, Change(cost="us_bank_account=none"))


@pytest.mark.req("S23")
def test_a_method_that_this_seller_cannot_have_is_refused_when_it_is_chosen_with_what_to_do_instead(
    shop: Shop,
) -> None:
    with shop.desk() as desk:
        wallet = desk.store.connection(desk.id, ConnectionId("paypal"))
        desk.store.save_connection(replace(wallet, writes_allowed=False), desk.actor)
        made = make_link(desk, "L-12")
        why = {(each.connection, each.code): each.why for each in made.left_out}
        assert "connect PayPal itself" in why[ConnectionId("stripe"), "paypal"]
        assert "read-only" in why[ConnectionId("paypal"), "paypal"]
        desk.store.save_connection(replace(wallet, writes_allowed=True), desk.actor)
        with pytest.raises(Refused, match="not for sellers in US"):
            set_rules(desk, Change(methods="bacs_debit"))
        with pytest.raises(UserError, match="no payment method"):
            set_rules(desk, Change(methods="shells"))


@pytest.mark.req("S23")
def test_what_a_page_does_not_show_of_what_was_asked_is_told_with_its_cause(shop: Shop) -> None:
    link = shop.link("L-13")
    shop.click(link, None)
    (attempt,) = shop.attempts(link)
    with shop.desk() as desk:
        desk.store.save_attempt(desk.id, replace(attempt, offered=("card",)))
        (gap,) = show(desk, link).gaps
    assert (gap.code, "not switched on" in gap.why) == ("us_bank_account", True)


def test_the_words_and_the_picture_of_a_link_lead_to_it(shop: Shop, tmp_path: Path) -> None:
    made = shop.made("L-13")
    with shop.desk() as desk:
        subject, text = message(desk, made.link, made.url, "de")
        with pytest.raises(UserError, match="no words in"):
            message(desk, made.link, made.url, "tlh")
    assert subject == "Rechnung L-13 von Walkabout Tools"
    assert all(said in text for said in (made.url, "113,00 USD", "1. April 2026", "Acme Bakery"))
    picture(made.url, tmp_path / "link.svg")
    assert (tmp_path / "link.svg").read_text(encoding="utf-8").lstrip().startswith("<?xml")
    with pytest.raises(UserError, match="cannot be written as"):
        picture(made.url, tmp_path / "link.doc")


def test_an_address_that_payers_cannot_reach_is_refused_for_live_accounts_and_the_other_way_is_named(
    shop: Shop,
) -> None:
    with shop.desk() as desk:
        connection = desk.store.connection(desk.id, ConnectionId("stripe"))
        assert make_link(desk, "L-13").local
        assert [each.ok for each in public_address(desk)] == [True]
        desk.store.save_connection(replace(connection, live=True), desk.actor)
        try:
            with pytest.raises(Refused, match="only on this computer") as caught:
                make_link(desk, "L-13")
            (check,) = public_address(desk)
        finally:
            desk.store.save_connection(connection, desk.actor)
    assert "--hosted" in caught.value.next_step
    assert (check.ok, "this computer only" in check.sentence) == (False, True)


@pytest.mark.req("S24")
def test_an_address_of_the_processor_is_limited_to_one_payment_and_closed_when_the_debt_changes(shop: Shop) -> None:
    with shop.desk() as desk:
        made = hosted(desk, "L-14", wish=Wish())
        assert hosted(desk, "L-14", wish=Wish()).url == made.url
    assert made.risk == RISK
    (held,) = shop.firm.stripe("payment_link")
    assert held["restrictions"]["completed_sessions"]["limit"] == 1
    assert set(made.methods) == {"card", "us_bank_account", "paypal"}
    shop.part_paid("L-14", "14")
    shop.sync()
    assert [each["active"] for each in shop.firm.stripe("payment_link")] == [False]
    with shop.desk() as desk:
        again = hosted(desk, "L-14", wish=Wish())
    assert (again.url != made.url, again.amount) == (True, "100.00 USD")
    assert made.link is not None
    shop.void("L-14")
    shop.sync()
    assert [each["active"] for each in shop.firm.stripe("payment_link")] == [False, False]


def test_the_list_and_the_trail_of_links_say_what_happened_and_who_told_it(shop: Shop) -> None:
    paid, chosen = shop.link("L-20"), shop.link("L-21")
    shop.part_paid("L-20", "120")
    for method in ("card", "us_bank_account"):
        shop.click(chosen, method)
    shop.sync()
    with shop.desk() as desk:
        lines = {each.number: each for each in overview(desk, every=True)}
        steps = [(each.after, each.cause) for each in trail(desk, chosen_link(desk, "L-21"))]
    assert (lines["L-20"].state, lines["L-20"].link_id) == (LinkState.SETTLED, paid.link_id)
    assert lines["L-21"].state is LinkState.ACTIVE
    assert steps[:2] == [("created", "click"), ("offered", "page opened")]
    assert ("expired", "another page is opened") in steps


def test_a_server_that_runs_finds_a_payment_by_itself_and_looks_no_more_than_it_must(shop: Shop) -> None:
    link = shop.link("L-3")
    payer(shop.click(link), method="card")
    watcher = Watcher(lambda: House(shop.firm.config()))
    before = len(shop.firm.heard)
    assert watcher.tick() > 0
    assert shop.offer(link) is Offer.PROCESSING
    asked = len(shop.firm.heard) - before
    assert watcher.tick() == 0
    assert len(shop.firm.heard) - before == asked


@pytest.mark.req("A7")
def test_every_change_of_a_try_is_on_its_trail_with_the_event_that_told_of_it(shop: Shop) -> None:
    link = shop.link("L-15")
    payer(shop.click(link), method="card")
    (attempt,) = shop.attempts(link)
    (charge,) = [each for each in shop.charges() if each["amount"] == 11_500]
    hint = Hint(account="acct_shop", key="evt_77", kind=Kind.PAYMENT, vendor_id=charge["id"], at="")
    with shop.desk() as desk:
        desk.store.add_hints([Addressed(desk.id, ConnectionId("stripe"), hint)])
    watcher = Watcher(lambda: House(shop.firm.config()))
    assert watcher.tick() > 0
    assert shop.trail(link) == [
        ("created", "click"),
        ("offered", "page opened"),
        ("succeeded", "poll, event evt_77"),
    ]
    shop.settle("asked again")
    assert len(shop.trail(link)) == 3
    with shop.desk() as desk:
        assert desk.store.verify(desk.id) == ()
        assert desk.store.attempt(desk.id, attempt.attempt_id) != attempt


@pytest.mark.req("S21")
@pytest.mark.parametrize("number", ["L-16", "L-17"])
def test_the_page_of_an_old_amount_is_closed_before_another_exists_and_one_just_paid_is_taken_for_paid(
    shop: Shop, number: str
) -> None:
    link = shop.link(number)
    old = shop.click(link)
    shop.part_paid(number, "7")
    if number == "L-16":
        shop.click(link)
        asked = [call.path for call in shop.firm.heard if call.method == "POST" and "/checkout/sessions" in call.path]
        assert [path.endswith("/expire") for path in asked[-2:]] == [True, False]
        assert payer(old, method="card").status_code == 409
        assert [each.amount for each in shop.attempts(link)] == [money("116.00"), money("109.00")]
        return
    payer(old, method="card")
    with pytest.raises(Refused):
        shop.click(link)
    assert len([each for each in shop.receipts() if each.link_id == link.link_id]) == 1
    assert len(shop.attempts(link)) == 1
