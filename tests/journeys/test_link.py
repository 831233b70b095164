"""One stable link per debt: what the payer sees, what is opened at the processor, what of it reaches the books."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
import requests

from adapters.stripe.permissions import WRITE_PROBES
from connector.app.books import carry_on, unfinished
from connector.app.house import House
from connector.app.paying import find, visit
from connector.canonical import encode
from connector.model.source import ConnectionId
from connector.money import grouped
from connector.paylinks import Offer
from tests.clocks import FakeClock
from tests.journeys.firm import Firm, open_firm
from tests.journeys.till import SESSIONS, Till, link_quickly, link_to, open_sessions, open_till, opened, payer

WORLD = Path(__file__).parent / "worlds" / "till.world"
ON_ITS_WAY = "processing"
CLICKS_AT_ONCE = 50


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    with open_firm(tmp_path, WORLD.read_text(encoding="utf-8")) as opened_firm:
        opened_firm.connect_quickly()
        yield opened_firm


def part_paid_in_the_books(firm: Firm, number: str, amount: str) -> None:
    """A check that a person records in the books."""
    invoice = firm.invoice(number)
    firm.in_books(
        "Payment",
        {
            "CustomerRef": {"value": invoice["CustomerRef"]["value"]},
            "TotalAmt": int(amount),
            "Line": [{"Amount": int(amount), "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}],
        },
    )


def offers(firm: Firm, till: Till, link: str) -> str:
    """What a payer is shown on the link: the amount that can be paid, or in one word why nothing can."""
    assert till.look(link).status_code == 200
    with House(firm.config()) as house:
        found = find(house, link.rpartition("/")[2])
        assert found is not None
        shown = visit(found.desk, found.link).showing
    return grouped(shown.amount) if shown.offer is Offer.PAY else str(shown.offer)


def comes_back(till: Till, link: str) -> None:
    """The processor sends the payer back."""
    assert till.look(f"{link}/back").status_code == 303


def test_a_link_is_one_address_for_ever_and_nothing_that_is_stored_contains_its_secret(firm: Firm) -> None:
    link = link_to(firm, "T-1")
    assert link_to(firm, "T-1") == link
    assert firm.do("link", "T-1", "--json").json["url"].endswith(link)
    assert link_quickly(firm, "T-2") != link
    secret = link.rpartition("/")[2]
    assert re.fullmatch("[a-z2-7]{52}", secret)
    with open_till(firm) as till:
        till.pay_page(link)
    assert open_sessions(firm)[0]["success_url"].endswith(f"{link}/back")
    stored = [path.read_bytes() for path in firm.home.iterdir() if path.is_file()]
    with firm.desk() as desk:
        stored += [encode(entry.body) for entry in desk.store.journal(desk.id)]
        stored += [encode(row.intent) for row in desk.store.outbox(desk.id)]
    assert not any(secret.encode() in each for each in stored)
    assert any(hashlib.sha256(secret.encode()).hexdigest().encode() in each for each in stored)


def test_looking_opens_nothing_and_clicking_opens_one_page_for_exactly_what_is_open(firm: Firm) -> None:
    link = link_quickly(firm, "T-1")
    with open_till(firm) as till:
        assert till.look("/pay/" + "a" * 52).status_code == 404
        assert "Walkabout" not in till.look("/pay/" + "a" * 52).text
        assert offers(firm, till, link) == "120.00 USD"
        assert opened(firm) == 0
        page = till.pay_page(link)
        assert till.pay_page(link) == page
    assert opened(firm) == 1
    (session,) = open_sessions(firm)
    assert page.endswith(session["url"])
    assert (session["amount_total"], session["currency"]) == (12000, "usd")
    assert session["payment_method_types"] == ["card", "us_bank_account"]
    (asked,) = [dict(parse_qsl(each.body.decode())) for each in firm.heard if each.path == SESSIONS and each.body]
    debt = f"quickbooks/invoice/{firm.invoice('T-1')['Id']}"
    assert asked["metadata[receivables_debt]"] == asked["payment_intent_data[metadata][receivables_debt]"] == debt


@pytest.mark.req("S19")
def test_fifty_clicks_at_once_open_one_page_and_lead_to_no_other(firm: Firm) -> None:
    firm.environment["RECEIVABLES_VIEWS_PER_MINUTE"] = "100000"
    link = link_quickly(firm, "T-1")
    with open_till(firm) as till, ThreadPoolExecutor(CLICKS_AT_ONCE) as payers:
        answers = list(payers.map(till.click, [link] * CLICKS_AT_ONCE))
    (session,) = open_sessions(firm)
    assert opened(firm) == len(firm.stripe("checkout.session")) == 1
    # Whoever waited too long for the turn is asked to look again.
    assert {answer.status_code for answer in answers} <= {303, 503}
    (page,) = {answer.headers["Location"] for answer in answers if answer.status_code == 303}
    assert page.endswith(session["url"])
    payer(page, method="card")
    assert open_sessions(firm) == []


@pytest.mark.parametrize("fault", ["", "drop-before", "drop-after"])
def test_after_the_debt_changed_the_old_page_is_closed_before_one_for_the_new_amount_is_opened(
    firm: Firm, fault: str
) -> None:
    link = link_quickly(firm, "T-1")
    with open_till(firm) as till:
        old = till.pay_page(link)
        part_paid_in_the_books(firm, "T-1", "50")
        if fault:
            firm.faults("stripe", f"POST {SESSIONS}/*/expire 1 {fault}")
        if fault == "drop-before":
            assert till.click(link).status_code == 503
            assert opened(firm) == 1
        assert till.pay_page(link) != old
        assert offers(firm, till, link) == "70.00 USD"
    assert [session["amount_total"] for session in open_sessions(firm)] == [7000]
    writes = [call.path for call in firm.heard if call.method == "POST" and call.path.startswith(SESSIONS)]
    writes.remove(WRITE_PROBES["rak_checkout_session_write"])  # asked once, when it was connected
    assert [path.endswith("/expire") for path in writes[:2] + writes[-1:]] == [False, True, False]


def test_a_card_payment_is_never_asked_for_again_and_reaches_the_right_invoice_by_our_own_key(firm: Firm) -> None:
    link = link_quickly(firm, "T-1")
    with open_till(firm) as till:
        page = till.pay_page(link)
        assert payer(page, method="card").headers["Location"].endswith(f"{link}/back")
        comes_back(till, link)
        for step in ("at once", "synced", "planned"):
            assert offers(firm, till, link) == ON_ITS_WAY, step
            assert till.click(link).status_code == 409
            if step == "at once":
                firm.do("sync")
            elif step == "synced":
                plan = firm.do("plan", "--json").json
        (line,) = [each for each in plan["lines"] if each["kind"] == "payment" and "T-1" in each["sentence"]]
        assert [each["field"] for each in line["evidence"]] == ["metadata.receivables_debt"]
        firm.do("apply", "--yes")
        assert firm.open_balances()["T-1"] == 0
        assert offers(firm, till, link) == "paid"
        assert till.click(link).status_code == 409
    assert opened(firm) == 1
    assert firm.run("link", "T-1", "--yes").code == 2


def test_a_bank_debit_is_on_its_way_for_days_and_paid_only_when_the_bank_pays(firm: Firm) -> None:
    link = link_quickly(firm, "T-2")
    with open_till(firm) as till:
        page = till.pay_page(link)
        payer(page, method="us_bank_account")
        comes_back(till, link)
        assert offers(firm, till, link) == ON_ITS_WAY
        firm.sync_quickly()
        assert "not pay again" in till.look(link).text
        assert till.click(link).status_code == 409
        items = {each["item"]["invoice"]["number"]: each["item"] for each in firm.do("today", "--json").json["items"]}
        assert items["T-2"]["why"] == "money on its way"
        assert [each for each in firm.do("plan", "--json").json["lines"] if "T-2" in each["sentence"]] == []
        payer(page, bank="pays")
        firm.sync_quickly()
        assert offers(firm, till, link) == ON_ITS_WAY
        firm.do("plan")
        firm.do("apply", "--yes")
        assert firm.open_balances()["T-2"] == 0
        assert offers(firm, till, link) == "paid"


@pytest.mark.parametrize("words", [("refuses",), ("pays", "returns")], ids=" then ".join)
def test_after_the_bank_gave_no_money_the_payer_may_try_again(firm: Firm, words: tuple[str, ...]) -> None:
    link = link_quickly(firm, "T-2")
    with open_till(firm) as till:
        first = till.pay_page(link)
        payer(first, method="us_bank_account")
        firm.sync_quickly()
        for word in words:
            assert offers(firm, till, link) == ON_ITS_WAY
            assert payer(first, bank=word).status_code == 200
            firm.sync_quickly()
        assert offers(firm, till, link) == "80.00 USD"
        second = till.pay_page(link)
        assert second != first
        payer(second, method="card")
        comes_back(till, link)
        assert offers(firm, till, link) == ON_ITS_WAY
    assert len(open_sessions(firm)) == 0


def test_what_is_void_paid_on_its_way_to_the_books_or_lives_elsewhere_is_never_offered(firm: Firm) -> None:
    link, arrived = link_quickly(firm, "T-1"), link_quickly(firm, "T-4")
    invoice = firm.invoice("T-1")
    body = {"Id": invoice["Id"], "SyncToken": invoice["SyncToken"]}
    with open_till(firm) as till:
        assert offers(firm, till, arrived) == ON_ITS_WAY
        till.pay_page(link)
        firm.in_books("Invoice", body, operation="void")
        assert till.click(link).status_code == 409
        assert offers(firm, till, link) == "closed"
    paid = firm.run("link", "T-3", "--yes")
    assert (paid.code, "Nothing is open" in paid.err) == (2, True)
    elsewhere = firm.run("link", "S-1", "--yes")
    assert (elsewhere.code, "https://invoice.stripe.com/" in elsewhere.err) == (2, True)
    assert opened(firm) == 1


@pytest.mark.req("L5")
def test_a_connection_that_may_only_be_read_opens_nothing_even_for_a_link_that_is_out(firm: Firm) -> None:
    link = link_quickly(firm, "T-1")
    with firm.desk() as desk:
        connection = desk.store.connection(desk.id, ConnectionId("stripe"))
        desk.store.save_connection(replace(connection, writes_allowed=False), desk.actor)
    refused = firm.run("link", "T-2", "--yes")
    assert (refused.code, "--allow-writes" in refused.err) == (2, True)
    with open_till(firm) as till:
        assert till.click(link).status_code == 403, "there is no button to press"
        assert "Please contact Walkabout Tools." in till.look(link).text
    firm.sync_quickly()
    (told,) = [each for each in firm.do("findings", "--json").json["notices"] if each["connection"] == "links"]
    assert "finds no way to pay: stripe is connected read-only" in told["finding"]["sentence"]
    assert opened(firm) == 0


@pytest.mark.req("S26")
@pytest.mark.parametrize("point", ["link.attempt-stored", "post.sending", "post.sent", "post.done", "link.page-opened"])
def test_a_click_whose_process_is_killed_leaves_one_page_and_the_next_click_finds_it(firm: Firm, point: str) -> None:
    link = link_quickly(firm, "T-1")
    with open_till(firm, crash_at=point) as till:
        till.dies_of(link)
    asked = opened(firm)
    with open_till(firm) as till:
        assert offers(firm, till, link) == "120.00 USD"
        assert opened(firm) == asked
        page = till.pay_page(link)
        assert till.pay_page(link) == page
    (session,) = firm.stripe("checkout.session")
    assert (session["status"], page.endswith(session["url"])) == ("open", True)
    assert opened(firm) == 1


LOST = {
    "the answer": f"POST {SESSIONS} 1 drop-after",
    "the request": f"POST {SESSIONS} 1 drop-before",
    "half the answer": f"POST {SESSIONS} 1 truncate",
    "to a gateway that answers 502": f"POST {SESSIONS} 1 status-after 502",
    "the request and then the answer": f"POST {SESSIONS} 1 drop-before\nPOST {SESSIONS} 2 drop-after",
    "the answer, and the search was refused": f"POST {SESSIONS} 1 drop-after\nGET {SESSIONS} 1 status-before 403",
}


@pytest.mark.parametrize("what", LOST)
def test_of_a_click_whose_exchange_was_lost_there_is_never_more_than_one_open_page(firm: Firm, what: str) -> None:
    link = link_quickly(firm, "T-1")
    firm.faults("stripe", LOST[what])
    with open_till(firm) as till:
        answers: list[requests.Response] = []
        while not answers or (answers[-1].status_code != 303 and len(answers) < 4):
            answers.append(till.click(link))
            assert len(open_sessions(firm)) <= 1
    assert [each.status_code for each in answers[:-1]] == [503] * (len(answers) - 1)
    assert answers[-1].status_code == 303
    (session,) = firm.stripe("checkout.session")
    assert answers[-1].headers["Location"].endswith(session["url"])


def test_a_page_that_was_not_opened_in_time_is_given_up_and_stands_in_nobodys_way(firm: Firm) -> None:
    link = link_quickly(firm, "T-1")
    with open_till(firm, crash_at="link.attempt-stored") as till:
        till.dies_of(link)
    later = FakeClock((datetime.now(UTC) + timedelta(minutes=40)).isoformat())
    with House(firm.config(), clock=later) as house:
        desk = house.company(None)
        applied = carry_on(desk, lambda *_: None, lambda _row: None)
        assert [row.state for row in applied.posted.dead] == ["dead"]
        assert unfinished(desk) == ()
    with open_till(firm) as till:
        assert till.pay_page(link).endswith(open_sessions(firm)[0]["url"])
    assert opened(firm) == 1
