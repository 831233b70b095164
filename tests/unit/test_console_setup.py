"""What is set up at the console: accounts and rules with what they make different, first steps, companies, statements;
and pages that do not wait for what takes long."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from adapters.bankfile.standin.writer import as_camt
from connector.app import setup
from connector.app.figures import PROOF, RECORDS_AT_ONCE, is_current, kept_as, proven
from connector.app.figures import Proven as Shown
from connector.app.staff import add_colleague
from connector.model.mirror import Mirrored
from connector.model.party import Customer
from connector.model.person import Role, Seat
from connector.model.source import ActorId, CompanyId, ConnectionId, Kind, Ref, RunId
from connector.ports import Page
from connector.store import Author
from connector.web.console.companies import SEARCH_FROM
from connector.web.console.door import TRIES_PER_MINUTE, Address
from connector.web.console.rooms import console_app
from tests.unit.bankfile_ground import IBAN, came, stretch
from tests.unit.console_ground import COOKIE, MAIN, OTHER, Ground, console, form_of, send, sign_in, words
from tests.unit.store_ground import statements

SLOT = re.compile(r'<select id="[^"]+" name="([^"]+)"[^>]*>(.*?)</select>', re.DOTALL)
CHOSEN = re.compile(r'<option value="([^"]*)" selected>([^<]*)')
OPTION = re.compile(r'<option value="([^"]+)"[^>]*>([^<]+)')
MARK = re.compile(r'name="mark" value="(\w+)"')
WAIT_SECONDS_MAX = 60


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with console(tmp_path_factory.mktemp("setup")) as made:
        yield made


def page(ground: Ground, room: str, name: str = "dana", company: str = MAIN) -> str:
    answer = ground.signed_in(name).get(f"/c/{company}/{room}".rstrip("/"))
    assert answer.status_code == 200, words(answer.text)
    return str(answer.text)


def chosen_accounts(ground: Ground) -> dict[str, str]:
    """What the form of the accounts page would send as it is shown, by its fields."""
    slots = {name: CHOSEN.search(held) for name, held in SLOT.findall(page(ground, "accounts"))}
    return {name: found[1] if found is not None else "" for name, found in slots.items()}


def account(ground: Ground, slot: str, name: str) -> str:
    """The id under which an account may be chosen."""
    held = dict(SLOT.findall(page(ground, "accounts")))[slot]
    return next(str(ref) for ref, title in OPTION.findall(held) if title == name)


@pytest.mark.req("N12")
def test_another_account_shows_what_it_makes_different_and_is_stored_by_a_second_yes(ground: Ground) -> None:
    dana = ground.signed_in("dana")
    ground.finished(send(dana, "plans/make"))
    fields = {"system": "stripe", "pattern": "clearing", "start": "", **chosen_accounts(ground)}
    assert send(dana, "accounts", **fields).status_code == 303
    wanted = {**fields, "fees": account(ground, "fees", "Undeposited Funds")}
    shown = send(dana, "accounts", **wanted)
    text = words(shown.text)
    assert "Fees Stripe Fees → Undeposited Funds" in text
    assert re.search(r"2 lines of plan-\w+ would be different", text)
    assert "The same on Undeposited Funds and not on Stripe Fees" in text
    assert CHOSEN.search(dict(SLOT.findall(page(ground, "accounts")))["fees"])[2] == "Stripe Fees"  # type: ignore[index]
    mark = MARK.search(shown.text)
    assert mark is not None
    # A yes to something else than was shown is shown again, and stores nothing.
    assert send(dana, "accounts", **wanted, mark="0" * 32).status_code == 200
    assert send(dana, "accounts", **{**wanted, "fees": fields["bank USD"]}, mark=mark[1]).status_code == 200
    assert send(dana, "accounts", **wanted, mark=mark[1]).status_code == 303
    assert chosen_accounts(ground)["fees"] == wanted["fees"]
    back = send(dana, "accounts", **fields)
    again = MARK.search(back.text)
    assert again is not None
    assert send(dana, "accounts", **fields, mark=again[1]).status_code == 303
    assert send(dana, "accounts", **{**fields, "start": "2999-01-01"}).status_code == 400
    assert send(dana, "accounts", **{**fields, "system": "nobody"}).status_code == 400


@pytest.mark.req("N12")
def test_another_rule_shows_the_lines_that_go_before_it_is_stored(ground: Ground) -> None:
    dana = ground.signed_in("dana")
    ground.finished(send(dana, "plans/make"))
    shown = send(dana, "rules", automatic=["key"])
    text = words(shown.text)
    assert "Named, and the exact amount by itself → asks" in text
    assert re.search(r"2 lines of plan-\w+ would be different", text)
    assert text.count("Nothing") >= 2
    mark = MARK.search(shown.text)
    assert mark is not None
    assert send(dana, "rules", automatic=["key"], mark=mark[1]).status_code == 303
    with ground.desk() as desk:
        assert desk.company.matching.automatic == ("key",)
    # Two lines would come that the plan which waits does not have: nothing of it is different, so nobody is asked.
    every = ["key", "reference", "partial"]
    assert send(dana, "rules", automatic=every, rounding="0.02").status_code in (200, 303)
    assert send(dana, "rules", automatic=every, rounding="many").status_code == 400
    assert send(dana, "rules", automatic=["magic"]).status_code == 400
    assert send(dana, "rules", automatic=every, off_largest="1.00 USD").status_code == 400
    restored = send(dana, "rules", automatic=every)
    held = MARK.search(restored.text)
    if held is not None:
        assert send(dana, "rules", automatic=every, mark=held[1]).status_code == 303
    with ground.desk() as desk:
        assert desk.company.matching.automatic == tuple(every)


def test_whoever_is_no_admin_sees_the_rules_and_accounts_and_no_button_that_changes_them(ground: Ground) -> None:
    for room in ("accounts", "rules"):
        for name in ("vera", "paul", "erin"):
            text = words(page(ground, room, name))
            assert "Look what changes" not in text
            assert "An admin may change it." in text


def test_notes_are_pushed_as_an_admin_says(ground: Ground) -> None:
    dana = ground.signed_in("dana")
    assert send(dana, "rules/notes", mode="auto", on_customer="yes").status_code == 303
    with ground.desk() as desk:
        assert (desk.company.notes, desk.company.status_on_customer) == ("auto", True)
    assert send(dana, "rules/notes", mode="loud").status_code == 400
    assert send(dana, "rules/notes", mode="ask").status_code == 303


def test_a_company_with_nothing_is_made_and_its_first_step_leads_on(ground: Ground) -> None:
    dana, paul = ground.signed_in("dana"), ground.signed_in("paul")
    assert paul.get("/companies").status_code == 404
    form = form_of(dana.get("/companies").text)
    given = {"form": form, "name": "New & Sons", "zone": "Europe/Berlin", "id": ""}
    assert paul.post("/companies", data={**given, "form": form_of(page(ground, "", "paul"))}).status_code == 404
    for wrong in ({"name": " "}, {"zone": "Mars"}, {"id": "Two Words"}, {"id": MAIN}):
        refused = dana.post("/companies", data={**given, **wrong})
        assert refused.status_code in (400, 409), wrong
        assert words(refused.text).startswith(
            "There" if wrong.get("zone") or wrong.get("id") == MAIN else ("The", "'T")
        )
    made = dana.post("/companies", data=given)
    assert (made.status_code, made.headers["location"]) == (303, "/c/new-sons/setup")
    text = words(page(ground, "setup", company="new-sons"))
    assert "0 of 9 done" in text
    assert re.search(r"Connect your books next Read-only at first. Connect", text)
    assert "First steps: 0 of 9 done. Next: Connect your books." in words(page(ground, "", company="new-sons"))
    with ground.house() as house:
        company = house.company("new-sons")
        assert (company.company.name, company.company.zone) == ("New & Sons", "Europe/Berlin")
        assert [(each.person_id, each.role) for each in house.store.seats(company=company.id)] == [("dana", Role.ADMIN)]
        assert house.store.verify(company.id) == ()
        house.store.take_seat(company.id, ActorId("dana"), ActorId("dana"))


@pytest.mark.gate
def test_the_steps_are_done_one_after_the_other_until_nothing_is_left_but_the_switch(tmp_path: Path) -> None:
    with console(tmp_path) as own:
        dana = own.signed_in("dana")
        assert "First steps: 5 of 9 done. Next: Make a first plan" in words(page(own, ""))
        ground_plan = own.finished(send(dana, "plans/make"))
        plan = re.search(r"plan-\w+", ground_plan)
        assert plan is not None
        assert "Write the first plan next" in words(page(own, "setup"))
        own.finished(send(dana, "plan/apply", plan=plan[0]))
        assert "Prove that all agree next" in words(page(own, "setup"))
        assert "not in the books yet" in own.finished(send(dana, "prove"))
        assert "8 of 9 done" in words(page(own, "setup"))


def test_somebody_with_many_companies_finds_those_that_need_help_first_and_one_by_its_name(ground: Ground) -> None:
    with ground.house() as house:
        for number in range(SEARCH_FROM):
            held = CompanyId(f"client-{number}")
            company = house.company(OTHER).company
            house.store.add_company(
                type(company)(
                    company_id=held, name=f"Client {number}", home_currency=company.home_currency, zone="UTC"
                ),
                house.store.actors(OTHER)[0].__class__(company_id=held, actor_id=ActorId("erin"), name="Erin"),
            )
            house.store.give_seat(Seat(company_id=held, person_id=ActorId("erin"), role=Role.PREPARE), ActorId("erin"))
    erin = ground.signed_in("erin")
    listed = re.findall(r'<th scope="row" role="rowheader"><a href="[^"]+">([^<]+)', erin.get("/").text)
    assert listed[0] == "Walkabout Tools"
    assert len(listed) == SEARCH_FROM + 1
    found = re.findall(r'<th scope="row" role="rowheader"><a href="[^"]+">([^<]+)', erin.get("/?q=client+7").text)
    assert found == ["Client 7"]
    assert "No company has these words" in words(erin.get("/?q=nothing").text)
    # So much work for each company, however many there are.
    with ground.house() as house:
        counted = []
        for most in (1, SEARCH_FROM + 1):
            with statements(house.store) as heard:
                listing(house, most)
            counted.append(len(heard) / most)
    assert counted[1] <= counted[0]


def listing(house: object, most: int) -> None:
    """What the list asks of each company."""
    from connector.app.shouting import conditions
    from connector.app.standing import status

    for each in list(house.store.companies())[:most]:  # type: ignore[attr-defined]
        desk = house.company(each.company_id)  # type: ignore[attr-defined]
        conditions(desk, desk.store.turn(desk.id), status(desk))


def test_a_statement_is_taken_in_by_a_form_once_and_a_wrong_one_is_refused_whole(
    ground: Ground, tmp_path: Path
) -> None:
    values = {"folder": str(tmp_path / "statements"), "account": IBAN, "currency": "EUR", "live": "no"}
    with ground.house() as house:
        wish = setup.Wish(system="bankfile", company=MAIN, zone=None, values=values, allow_writes=False)
        setup.connect(house, wish)
    paul = ground.signed_in("paul")
    march = as_camt(stretch([came(3, 120_00, "Acme", "W-1 <b>"), came(4, -50_00, "Rent")], 3, 4))
    form = form_of(page(ground, "bank", "paul"))
    path = f"/c/{MAIN}/bank"

    def sent(*files: tuple[str, bytes], browser: TestClient = paul, signed: str = form) -> int:
        parts = [("files", (name, held, "application/octet-stream")) for name, held in files]
        return browser.post(path, data={"form": signed}, files=parts).status_code

    assert sent(("../../march.xml", march), ("wrong.xml", b"<nothing/>")) == 400
    assert "120.00 EUR" not in words(page(ground, "bank"))
    assert sent(("march.xml", march), signed="") == 403
    assert sent(("march.xml", march), browser=ground.signed_in("vera")) == 403
    assert sent(("empty.xml", b"")) == 400
    assert sent(("../../march.xml", march)) == 303
    text = page(ground, "bank", "paul")
    assert "1 statement taken in: 1 new payment." in words(text)
    assert "120.00 EUR" in words(text)
    assert "W-1 &lt;b&gt;" in text
    assert sent(("march again.xml", march)) == 303
    assert "0 new payments" in words(page(ground, "bank", "paul"))
    assert len([each for each in (tmp_path / "statements").rglob("*") if each.suffix == ".xml"]) == 1


def test_tries_of_passwords_are_counted_for_all_consoles_together(ground: Ground) -> None:
    """Two servers over one database: what one has counted, the other knows."""
    ground.clock.pass_seconds(61)
    other = TestClient(console_app(ground.house, Address()), base_url="http://127.0.0.1:8767", follow_redirects=False)
    with other:
        answers = [
            sign_in(ground.browser() if number % 2 else other, "Nobody", f"wrong {number}").status_code
            for number in range(TRIES_PER_MINUTE + 2)
        ]
    assert answers == [403] * TRIES_PER_MINUTE + [429] * 2
    ground.clock.pass_seconds(61)
    assert sign_in(ground.browser(), "Nobody", "wrong again").status_code == 403


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """A company with more records than a page works out by itself."""
    with console(tmp_path_factory.mktemp("large")) as made:
        add(made, RECORDS_AT_ONCE)
        yield made


def add(ground: Ground, count: int, begin: int = 0) -> None:
    """So many customers more, as a reading brings them."""
    stripe = ConnectionId("stripe")
    records = tuple(
        Mirrored(
            ref=Ref(stripe, Kind.CUSTOMER, f"cus_large_{number}"),
            version="1",
            raw=b"{}",
            record=Customer(name=f"Large {number}"),
        )
        for number in range(begin, begin + count)
    )
    with ground.desk() as desk:
        author = Author(MAIN, ActorId("dana"), RunId("run-large"))
        desk.store.save_pages(author, stripe, "customer", [Page(records=records, cursor="c1", more=False)])


def opened(ground: Ground) -> TestClient:
    """A console that was started just now: it remembers nothing."""
    browser = TestClient(console_app(ground.house, Address()), base_url="http://127.0.0.1:8766", follow_redirects=False)
    browser.cookies.set(COOKIE, ground.signed_in("dana").cookies[COOKIE], domain="127.0.0.1", path="/")
    return browser


def settled(browser: TestClient, room: str) -> str:
    """The page once it does not come again by itself."""
    began = time.monotonic()
    while True:
        answer = browser.get(f"/c/{MAIN}/{room}".rstrip("/"))
        assert answer.status_code == 200, words(answer.text)
        if "refresh" not in answer.headers:
            return str(answer.text)
        assert time.monotonic() - began < WAIT_SECONDS_MAX
        time.sleep(0.05)


def test_no_page_waits_for_a_proof_and_an_older_one_says_of_when_it_is(large: Ground) -> None:
    with opened(large) as browser:
        first = browser.get(f"/c/{MAIN}/proof")
        assert first.headers["refresh"] == "2"
        assert "The proof is being worked out" in words(first.text)
        text = words(settled(browser, "proof"))
        assert re.search(r"Nothing contradicts; \d entries are not in the books yet", text)
        assert "As of" not in text.partition("Data as of")[2].partition("Every entry")[0]
    add(large, 1, begin=RECORDS_AT_ONCE)
    with opened(large) as browser:
        older = browser.get(f"/c/{MAIN}/proof")
        assert re.search(r"As of \w{3} \d+, \d{4}, \d\d:\d\d UTC. Something has happened since", words(older.text))
        assert "Nothing contradicts" in words(older.text)
        assert "Something has happened since" not in words(settled(browser, "proof"))
    with large.desk() as desk:
        held = kept_as(desk, PROOF, Shown)
        assert held is not None
        assert is_current(desk, held[1])
        fresh = proven(desk)
        assert held[0] == fresh


def test_what_a_change_makes_different_in_a_large_company_is_worked_out_apart_and_stored_by_the_same_yes(
    large: Ground,
) -> None:
    dana = large.signed_in("dana")
    large.finished(send(dana, "plans/make"))
    fields = {"system": "stripe", "pattern": "clearing", "start": "", **chosen_accounts(large)}
    wanted = {**fields, "fees": account(large, "fees", "Undeposited Funds")}
    begun = send(dana, "accounts", **wanted)
    assert begun.status_code == 303
    room = begun.headers["location"].removeprefix(f"/c/{MAIN}/")
    assert room.startswith("foreseen?id=f-")
    shown = settled(dana, room)
    assert "Fees Stripe Fees → Undeposited Funds" in words(shown)
    assert re.search(r"2 lines of plan-\w+ would be different", words(shown))
    mark = MARK.search(shown)
    assert mark is not None
    with large.house() as house:
        add_colleague(house.company(MAIN), "adam", None, Role.ADMIN)
    assert large.signed_in("adam").get(f"/c/{MAIN}/{room}").status_code == 404, "another's choice is nobody else's"
    assert chosen_accounts(large) == {name: fields[name] for name in chosen_accounts(large)}, "nothing is stored yet"
    assert send(dana, "accounts", **wanted, mark=mark[1]).status_code == 303
    assert chosen_accounts(large)["fees"] == wanted["fees"]
    # Where nothing is different, that is said there, and the same button stores it.
    with large.desk() as desk:
        rules = {"automatic": list(desk.company.matching.automatic), "rounding": "0.01"}
    asked = send(dana, "rules", **rules)
    same = settled(dana, asked.headers["location"].removeprefix(f"/c/{MAIN}/"))
    assert "No line of a plan that waits and no entry of the books would be another." in words(same)
    mark = MARK.search(same)
    assert mark is not None
    assert send(dana, "rules", **rules, mark=mark[1]).status_code == 303
    with large.desk() as desk:
        assert desk.company.matching.rounding == 1


def test_a_first_page_reads_no_record_where_nothing_has_happened_since(large: Ground) -> None:
    """The work of a first load is counted in what is asked of the store: no record is read, and no plan."""
    with opened(large) as browser:
        assert "To contact today 1" in words(settled(browser, ""))
        settled(browser, "proof")
    with (
        large.house() as house,
        TestClient(
            console_app(lambda: house, Address()), base_url="http://127.0.0.1:8766", follow_redirects=False
        ) as browser,
    ):
        browser.cookies.set(COOKIE, large.signed_in("dana").cookies[COOKIE], domain="127.0.0.1", path="/")
        asked = {}
        for room in ("", "proof"):
            with statements(house.store) as heard:
                answer = browser.get(f"/c/{MAIN}/{room}".rstrip("/"))
            assert answer.status_code == 200
            assert "refresh" not in answer.headers
            asked[room] = heard
    for heard in asked.values():
        assert not [each for each in heard if re.search(r"\bmirror\.record\b|plan\.body", each)]
    assert len(asked[""]) <= 60
    assert len(asked["proof"]) <= 20


def test_a_payout_is_explained_line_by_line(ground: Ground) -> None:
    text = words(page(ground, "payouts"))
    assert "Stripe, USD agrees" in text
    assert re.search(r"po_walk_1 automatic, \w+ Mar 2\d, 2026 2 364.72 USD adds up", text)
    told = words(page(ground, "payout?id=po_walk_1"))
    assert "Together 370.50 USD, less 5.78 USD, is 364.72 USD" in told
    assert re.search(r"ch_walk_1 [^A]+ Acme Bakery W-1 120.00 USD 3.78 USD 116.22 USD", told)
    assert ground.signed_in("vera").get(f"/c/{MAIN}/payout?id=po_nobody").status_code == 404


def test_somebody_notes_why_a_payment_was_short(ground: Ground) -> None:
    paul = ground.signed_in("paul")
    split = send(paul, "review/split", payment="ch_walk_3", number="W-2", amount="30.00", on_account="yes")
    assert split.status_code == 303
    assert "50.00 USD of W-2" in words(page(ground, "review/one?payment=ch_walk_3", "paul"))
    assert send(paul, "review/short", payment="ch_walk_3", why="weather").status_code == 400
    assert send(paul, "review/short", payment="ch_walk_3", why="damaged").status_code == 303
    assert "Noted: damaged goods." in words(page(ground, "review/one?payment=ch_walk_3", "paul"))
    with ground.desk() as desk:
        word = desk.store.rulings(MAIN)[-1]
    assert (word.by, word.short) == ("paul", "damaged")
    assert send(paul, "review/undo", payment="ch_walk_3").status_code == 303
