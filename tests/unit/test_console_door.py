"""Who is let in to the console, as what, and whose forms are taken."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from connector.app.sessions import IDLE_SECONDS, LIFE_SECONDS, invite, person_named
from connector.app.staff import add_colleague, is_new
from connector.errors import UserError
from connector.model.link_line import hash_of
from connector.model.person import Role
from connector.model.source import ActorId
from connector.web.console.door import TRIES_PER_MINUTE, Address
from connector.web.console.rooms import WAYS, console_app
from connector.web.console.ways import Way
from connector.web.sealed import HEADERS
from tests.unit.console_ground import (
    COOKIE,
    MAIN,
    NAMES,
    OTHER,
    PASSWORD,
    Ground,
    console,
    form_of,
    send,
    sign_in,
    words,
)

QUERIES = {
    "contact": "?invoice=W-1",
    "review/one": "?payment=ch_walk_3",
    "why": "?amount=22.17",
    "aging": "?bucket=2",
    "said": "?q=x",
    "payout": "?id=po_walk_1",
    "connection": "?system=stripe",
    "disconnect": "?system=stripe",
}
"""What a page needs to be shown at all."""

ABSENT = frozenset({"plan", "link", "customer", "work", "connection/consent", "audit/file", "export/file", "foreseen"})
"""Pages of a record; here nobody names one that is there."""


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with console(tmp_path_factory.mktemp("door")) as made:
        yield made


def named(way: Way) -> str:
    return f"{way.method} {way.room or 'home'}"


def looks() -> list[Way]:
    return [way for way in WAYS if way.method == "GET"]


def acts() -> list[Way]:
    return [way for way in WAYS if way.method == "POST"]


def head(ground: Ground) -> object:
    with ground.house() as house:
        return house.store.head(MAIN)


@pytest.mark.parametrize("way", looks(), ids=named)
def test_each_page_is_shown_to_its_roles_and_to_no_other(ground: Ground, way: Way) -> None:
    for role, name in NAMES.items():
        answer = ground.signed_in(name).get(path_of(way) + QUERIES.get(way.room, ""))
        if role.may(way.needs):
            assert answer.status_code == (
                404 if way.room in ABSENT - {"plan", "link"} else 400 if way.room in ABSENT else 200
            )
        else:
            assert answer.status_code == 403
            assert "Your role does not reach for that" in words(answer.text)


def test_whoever_only_looks_is_written_down_nowhere(ground: Ground) -> None:
    vera = ground.signed_in("vera")
    for way in looks():
        vera.get(path_of(way) + QUERIES.get(way.room, ""))
    with ground.house() as house:
        assert "vera" not in {entry.actor for entry in house.store.journal(MAIN)}


@pytest.mark.parametrize("way", acts(), ids=named)
def test_each_form_is_refused_to_lesser_roles_and_changes_nothing(ground: Ground, way: Way) -> None:
    before = head(ground)
    for role, name in NAMES.items():
        if not role.may(way.needs):
            assert send(ground.signed_in(name), way.room).status_code == 403
    assert head(ground) == before


@pytest.mark.parametrize("way", acts(), ids=named)
def test_no_form_is_taken_that_this_browser_was_not_shown(ground: Ground, way: Way) -> None:
    browser, path = ground.signed_in("dana"), f"/c/{MAIN}/{way.room}"
    form = form_of(browser.get(f"/c/{MAIN}").text)
    others = form_of(ground.signed_in("erin").get(f"/c/{MAIN}").text)
    before = head(ground)
    refused = [
        browser.post(path),
        browser.post(path, data={"form": ""}),
        browser.post(path, data={"form": form[:-1]}),
        browser.post(path, data={"form": others}),
        browser.post(path, data={"form": form}, headers={"Sec-Fetch-Site": "cross-site"}),
        browser.post(path, json={"form": form}),
    ]
    assert {answer.status_code for answer in refused} == {403}
    assert head(ground) == before


def path_of(way: Way, company: str = MAIN) -> str:
    return f"/c/{company}/{way.room}".rstrip("/")


def test_whoever_is_not_signed_in_is_sent_to_sign_in(ground: Ground) -> None:
    browser = ground.browser()
    for way in WAYS:
        answer = browser.request(way.method, path_of(way))
        assert answer.status_code == 303, named(way)
        assert answer.headers["location"].startswith("/sign-in?then=")


def test_a_company_of_others_is_not_there_to_the_byte(ground: Ground) -> None:
    browser = ground.signed_in("dana")
    form = form_of(browser.get(f"/c/{MAIN}/links").text)
    told = set()
    for way in WAYS:
        data = {"form": form} if way.method == "POST" else None
        for company in (OTHER, "never-was"):
            answer = browser.request(way.method, path_of(way, company), data=data)
            assert answer.status_code == 404, named(way)
            told.add(answer.text.replace(form_of(answer.text), ""))
    assert len(told) == 1
    assert "Others Ltd" not in told.pop()


def test_records_of_another_company_are_not_found_under_ones_own(ground: Ground) -> None:
    """Olga's company knows nothing of the first one's payments, invoices, customers and work."""
    olga = ground.signed_in("olga")
    for path in ("review/one?payment=ch_walk_3", "contact?invoice=W-1", "customer?ref=quickbooks/customer/1"):
        answer = olga.get(f"/c/{OTHER}/{path}")
        assert answer.status_code in (404, 409), words(answer.text)
        assert "Acme" not in answer.text
    ground.finished(send(ground.signed_in("dana"), "plans/make"))
    with ground.desk() as desk:
        errand = desk.store.errands(MAIN)[0]
    assert olga.get(f"/c/{OTHER}/work?id={errand.errand_id}").status_code == 404
    assert olga.get(f"/c/{OTHER}/plan?id={errand.leads_to}").status_code == 404


def test_signing_in_gives_a_new_secret_whatever_the_browser_had(ground: Ground) -> None:
    browser = ground.browser()
    planted = secrets.token_urlsafe(32)
    browser.cookies.set(COOKIE, planted, domain="127.0.0.1", path="/")
    assert browser.get("/").status_code == 303
    answer = sign_in(browser, "vera", then=f"/c/{MAIN}/review")
    assert answer.headers["location"] == f"/c/{MAIN}/review"
    first = re.search(rf"{COOKIE}=([^;]+); HttpOnly; Path=/; SameSite=strict", answer.headers["set-cookie"])
    assert first is not None
    assert first[1] != planted
    with ground.house() as house:
        assert house.store.session(hash_of(planted)) is None
        assert house.store.session(hash_of(first[1])) is not None
    # A form of another browser is not taken; one of this browser is, and the session before is over.
    form = form_of(ground.browser().get("/sign-in").text)
    assert browser.post("/sign-in", data={"form": form, "name": "vera", "password": PASSWORD}).status_code == 403
    again = ground.browser()
    page = again.get("/sign-in").text
    again.cookies.set(COOKIE, first[1], domain="127.0.0.1", path="/")
    assert again.post("/sign-in", data={"form": form_of(page), "name": "vera", "password": PASSWORD}).status_code == 303
    with ground.house() as house:
        assert house.store.session(hash_of(first[1])) is None


def fresh(ground: Ground) -> TestClient:
    """Vera's browser, with a new session."""
    ground.browsers.clear()
    return ground.signed_in("vera")


def test_a_session_ends_when_nobody_uses_it_when_it_is_old_and_by_hand(ground: Ground) -> None:
    browser = fresh(ground)
    ground.clock.pass_seconds(IDLE_SECONDS - 1)
    assert browser.get(f"/c/{MAIN}/links").status_code == 200
    ground.clock.pass_seconds(IDLE_SECONDS - 1)
    assert browser.get(f"/c/{MAIN}/links").status_code == 200
    ground.clock.pass_seconds(IDLE_SECONDS)
    assert browser.get(f"/c/{MAIN}/links").status_code == 303
    used = fresh(ground)
    for _ in range(LIFE_SECONDS // (IDLE_SECONDS // 2) - 1):
        ground.clock.pass_seconds(IDLE_SECONDS // 2)
        assert used.get(f"/c/{MAIN}/links").status_code == 200
    ground.clock.pass_seconds(IDLE_SECONDS // 2)
    assert used.get(f"/c/{MAIN}/links").status_code == 303
    leaving = fresh(ground)
    form = form_of(leaving.get(f"/c/{MAIN}/links").text)
    held = leaving.cookies[COOKIE]
    assert leaving.post("/sign-out", data={"form": form}).status_code == 303
    back = ground.browser()
    back.cookies.set(COOKIE, held, domain="127.0.0.1", path="/")
    assert back.get(f"/c/{MAIN}/links").status_code == 303


@pytest.mark.gate
def test_passwords_cannot_be_tried_for_long(ground: Ground) -> None:
    browser = ground.browser()
    tries = [sign_in(browser, "Nobody", f"wrong password {number}") for number in range(TRIES_PER_MINUTE + 1)]
    assert [answer.status_code for answer in tries] == [403] * TRIES_PER_MINUTE + [429]
    assert 0 < int(tries[-1].headers["retry-after"]) <= 60
    assert "do not belong together" in words(tries[0].text)
    # The same words for somebody who is here; another name may still try, and time heals.
    assert words(sign_in(ground.browser(), "vera", "wrong password").text) == words(tries[0].text).replace(
        "Nobody", "vera"
    )
    ground.clock.pass_seconds(61)
    assert sign_in(ground.browser(), "VERA").status_code == 303


def test_a_link_of_welcome_works_once_and_looking_at_it_changes_nothing(ground: Ground) -> None:
    with ground.house() as house:
        vera = person_named(house, "vera")
        assert vera is not None
        token = invite(house, vera)
    browser, held = ground.browser(), fresh(ground)
    path = f"/welcome/{token}"
    for _ in range(3):
        page = browser.get(path)
        assert page.status_code == 200
    form = form_of(page.text)
    for first, second, said in (
        ("too short", "too short", "12 to 200 characters"),
        ("vera vera vera vera", "vera vera vera vera", "would be guessed"),
        ("another long one", "another long two", "not the same"),
    ):
        refused = browser.post(path, data={"form": form, "password": first, "again": second})
        assert refused.status_code == 400
        assert said in words(refused.text)
        assert first not in refused.text
    chosen = browser.post(path, data={"form": form, "password": "another long one", "again": "another long one"})
    assert chosen.status_code == 303
    assert browser.get(path).status_code == 404
    assert browser.post(path, data={"form": form, "password": PASSWORD, "again": PASSWORD}).status_code in (403, 404)
    assert held.get(f"/c/{MAIN}/links").status_code == 303
    assert sign_in(ground.browser(), "vera").status_code == 403
    with ground.house() as house:
        again = invite(house, vera)
    other = ground.browser()
    form = form_of(other.get(f"/welcome/{again}").text)
    assert other.post(f"/welcome/{again}", data={"form": form, "password": PASSWORD, "again": PASSWORD}).is_redirect
    ground.browsers.clear()


def test_the_first_start_makes_an_admin_and_a_session_is_no_invitation(ground: Ground) -> None:
    browser = ground.signed_in("vera")
    assert browser.get(f"/welcome/{browser.cookies[COOKIE]}").status_code == 404
    with ground.house() as house:
        assert not is_new(house)
        assert [seat.role for seat in house.store.seats(person=ActorId("dana"))] == [Role.ADMIN]
        assert house.store.verify(MAIN) == ()


@pytest.mark.parametrize(
    "then", ["//evil.example/x", "https://evil.example", "/%5Cevil.example", "/%0D%0ASet-Cookie:x", "javascript:1", ""]
)
def test_only_pages_of_our_own_follow_after_signing_in(ground: Ground, then: str) -> None:
    assert 'action="/sign-in?then=/"' in ground.browser().get(f"/sign-in?then={then}").text


def test_a_name_that_others_pointed_at_this_computer_is_answered_with_nothing(ground: Ground) -> None:
    for path in ("/", "/sign-in", f"/c/{MAIN}", "/welcome/x"):
        answer = ground.browser("http://rebound.example").get(path)
        assert answer.status_code == 404
        assert "set-cookie" not in answer.headers
        assert words(answer.text) == "Nothing here There is nothing to see at this address."


def test_behind_tls_the_cookies_are_sent_no_other_way(ground: Ground) -> None:
    app = console_app(ground.house, Address.of("https://books.example.com"))
    with TestClient(app, base_url="https://books.example.com", follow_redirects=False) as browser:
        answer = sign_in(browser, "vera")
        assert "__Host-receivables-console=" in answer.headers["set-cookie"]
        assert all(part in answer.headers["set-cookie"] for part in ("Secure", "HttpOnly", "SameSite=strict", "Path=/"))
        assert browser.get(f"/c/{MAIN}/links").status_code == 200
    for wrong in ("books.example.com", "ftp://x", "https://books.example.com/sub", "https://"):
        with pytest.raises(UserError):
            Address.of(wrong)


def test_every_answer_carries_the_headers_that_keep_it_private(ground: Ground) -> None:
    browser = ground.signed_in("dana")
    answers = [
        browser.get("/"),
        browser.get(f"/c/{MAIN}"),
        browser.post(f"/c/{MAIN}/read"),
        browser.get("/c/nothing"),
        browser.get("/nothing"),
        browser.get("/console.js"),
        browser.delete("/sign-in"),
        ground.browser().get("/sign-in"),
        ground.browser().get("/welcome/x"),
    ]
    for answer in answers:
        for name in HEADERS:
            assert name in answer.headers
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; ")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy


def test_no_secret_and_nobodys_words_are_logged(ground: Ground, caplog: pytest.LogCaptureFixture) -> None:
    said = "Vertraulich Weiss"
    with caplog.at_level(logging.DEBUG):
        browser = ground.browser()
        sign_in(browser, "paul", "a wrong password")
        browser = ground.signed_in("paul")
        held = browser.cookies[COOKIE]
        send(browser, "contact", invoice="W-1", outcome="reached", words=said, next="2027-01-05")
        send(browser, "contact", invoice="W-1", outcome="never heard of", words=said)
        browser.get(f"/c/{MAIN}/said?q={said}")
        browser.get(f"/welcome/{held}x")
    ours = "\n".join(record.getMessage() for record in caplog.records if not record.name.startswith("httpx"))
    for word in (PASSWORD, "a wrong password", held, said, "Vertraulich", "Acme"):
        assert word not in ours


@pytest.mark.gate
def test_the_last_admin_stays_and_whoever_is_removed_is_out_at_once(ground: Ground) -> None:
    dana = ground.signed_in("dana")
    refused = send(dana, "people/change", person="dana", do="remove")
    assert refused.status_code == 409
    assert "only admin" in words(refused.text)
    assert send(dana, "people/change", person="dana", do="role", role="view").status_code == 409
    added = send(dana, "people", name="tom", full="Tom Temp", role="view")
    link = re.search(r"/welcome/([\w-]+)", added.text)
    assert link is not None
    tom = ground.browser()
    page = tom.get(f"/welcome/{link[1]}").text
    tom.post(f"/welcome/{link[1]}", data={"form": form_of(page), "password": PASSWORD, "again": PASSWORD})
    assert tom.get(f"/c/{MAIN}/links").status_code == 200
    assert tom.get(f"/c/{MAIN}/contact?invoice=W-1").status_code == 403
    assert send(dana, "people/change", person="tom", do="role", role="prepare").status_code == 303
    assert tom.get(f"/c/{MAIN}/contact?invoice=W-1").status_code == 200
    assert send(dana, "people/change", person="tom", do="remove").status_code == 303
    assert tom.get(f"/c/{MAIN}/links").status_code == 303
    assert sign_in(ground.browser(), "tom").status_code == 403
    assert [each.status_code for each in _wrong_people(dana)] == [400, 400, 409, 404]
    with ground.house() as house:
        assert house.store.verify(MAIN) == ()


def _wrong_people(dana: TestClient) -> list[Any]:
    return [
        send(dana, "people", name="two words", role="view"),
        send(dana, "people", name="uma", role="king"),
        send(dana, "people", name="ERIN", role="view"),
        send(dana, "people/change", person="nobody", do="remove"),
    ]


def test_one_company_leads_straight_on_and_several_make_a_list(ground: Ground) -> None:
    answer = ground.signed_in("dana").get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/c/{MAIN}")
    with ground.house() as house:
        add_colleague(house.company(OTHER), "erin", None, Role.VIEW)
    text = words(ground.signed_in("erin").get("/").text)
    assert "Walkabout Tools" in text
    assert "Others Ltd" in text
    assert ground.signed_in("erin").get(f"/c/{OTHER}").status_code == 200
