"""What people do at the console: decide, plan, approve, write, take back, log, link, switch; each written down as
theirs."""

from __future__ import annotations

import html
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest
from starlette.testclient import TestClient

from connector.app import reviewing, small
from connector.app.staff import add_colleague
from connector.model.person import Errand, ErrandKind, Role
from connector.model.ruling import RulingKind
from connector.model.source import PlanId
from connector.store.owners import this_process
from connector.web.console.steps import linked
from tests.unit.console_ground import MAIN, OTHER, Ground, console, form_of, send, words

OPTION = re.compile(
    r'name="payment" value="(?P<payment>[^"]+)"><input type="hidden" name="number" value="(?P<number>\d+)">'
    r'<input type="hidden" name="mark" value="(?P<mark>\w+)">'
)


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with console(tmp_path_factory.mktemp("rooms")) as made:
        yield made


@pytest.mark.req("N7")
def test_of_two_client_files_one_person_approves_here_and_only_looks_there(ground: Ground) -> None:
    """One list over both, a role for each, and four eyes above a bound."""
    with ground.house() as house:
        add_colleague(house.company(OTHER), "erin", None, Role.VIEW)
    erin = ground.signed_in("erin")
    assert option(ground)["payment"] == "stripe/payment/ch_walk_3"
    lines = re.findall(r'<tr role="row">\s*<th scope="row".*?</tr>', erin.get("/").text, re.DOTALL)
    told = [" ".join(re.sub(r"<[^>]+>", " ", line).split()) for line in lines]
    first = r"Walkabout Tools main, role: approve nothing 1 0 \w{3} \d+, \d{4}, \d\d:\d\d UTC off"
    assert re.fullmatch(first, told[0])
    assert told[1] == "Others Ltd other, role: view nothing connected yet 0 0 not all read yet off"
    # There she looks, and changes nothing; what is of the one file is not found in the other.
    assert erin.get(f"/c/{OTHER}").status_code == 200
    form = form_of(erin.get(f"/c/{OTHER}").text)
    for room in ("read", "plans/make", "plan/apply", "contact", "links", "review/say", "pause", "autosync", "people"):
        assert erin.post(f"/c/{OTHER}/{room}", data={"form": form}).status_code == 403, room
    assert erin.get(f"/c/{OTHER}/review/one?payment=ch_walk_3").status_code == 404
    assert ground.signed_in("paul").get(f"/c/{OTHER}").status_code == 404
    # Here she may write what another made, once it is approved by somebody who did not make it.
    paul, dana = ground.signed_in("paul"), ground.signed_in("dana")
    assert send(dana, "people/bound", above="100.00 USD").status_code == 303
    ground.finished(send(dana, "plans/make"))
    plan = last_plan(ground)
    mark = re.search(r"Hash (\w{12})", words(page(ground, f"plan?id={plan}")))
    assert mark is not None
    assert send(dana, "plan/approve", plan=plan, hash=mark[1]).status_code == 409
    assert send(paul, "plan/approve", plan=plan, hash=mark[1]).status_code == 403
    assert send(erin, "plan/apply", plan=plan).status_code == 409
    assert send(erin, "plan/approve", plan=plan, hash=mark[1]).status_code == 303
    assert _approvals(ground, plan) == [("erin", "erin")]
    assert "Write it into the books" in words(page(ground, f"plan?id={plan}", "erin"))
    assert send(dana, "people/bound", above="").status_code == 303


def page(ground: Ground, room: str, name: str = "dana") -> str:
    answer = ground.signed_in(name).get(f"/c/{MAIN}/{room}".rstrip("/"))
    assert answer.status_code == 200, words(answer.text)
    return str(answer.text)


def option(ground: Ground) -> dict[str, str]:
    """The first option that the review page shows."""
    found = OPTION.search(page(ground, "review"))
    assert found is not None
    return found.groupdict()


def last_plan(ground: Ground) -> str:
    """The plan made last, as the list has it."""
    found = re.search(r"plan\?id=((?:plan|undo)-\w+)", page(ground, "plans"))
    assert found is not None
    return found[1]


def test_a_yes_is_a_yes_to_what_was_shown_and_is_written_down_as_its_authors(ground: Ground) -> None:
    paul, shown = ground.signed_in("paul"), option(ground)
    assert "80.00 USD to W-2" in words(page(ground, "review"))
    other = send(paul, "review/say", **{**shown, "mark": "0" * 32, "do": "confirm"})
    assert other.status_code == 409
    assert "What was shown is not what it may be now. Next: Look again: Review" in words(other.text)
    assert send(paul, "review/say", **{**shown, "number": "7", "do": "confirm"}).status_code == 409
    assert send(paul, "review/say", **{**shown, "payment": "ch_nobody", "do": "confirm"}).status_code == 404
    assert send(paul, "review/say", **shown, do="confirm").status_code == 303
    told = words(paul.get(f"/c/{MAIN}/review").text)
    assert "Decided: ch_walk_3 gives 80.00 USD to W-2. A plan writes it." in told
    assert "Nothing waits" in told
    with ground.desk() as desk:
        (ruling,) = desk.store.rulings(MAIN)
    assert (ruling.by, ruling.kind) == ("paul", RulingKind.HUMAN)
    # A word is told once, and taken back by anybody who may prepare.
    assert "Decided: ch_walk_3" not in words(paul.get(f"/c/{MAIN}/review").text)
    assert send(ground.signed_in("erin"), "review/undo", payment="ch_walk_3").status_code == 303
    assert option(ground) == shown


def test_a_rejected_option_is_not_proposed_again_until_that_is_taken_back(ground: Ground) -> None:
    shown = option(ground)
    assert send(ground.signed_in("paul"), "review/say", **shown, do="reject").status_code == 303
    assert OPTION.search(page(ground, "review")) is None
    assert send(ground.signed_in("paul"), "review/undo", payment="ch_walk_3").status_code == 303
    assert option(ground) == shown


def test_money_is_split_by_hand_and_what_was_typed_stays_where_it_cannot_be(ground: Ground) -> None:
    paul = ground.signed_in("paul")
    text = page(ground, "review/one?payment=ch_walk_3")
    assert re.findall(r'name="number" value="(W-\d)"', text) == ["W-1", "W-2"]
    assert "Computed again from this evidence alone: it holds." in text
    wrong = send(paul, "review/split", payment="ch_walk_3", number=["W-1", "W-2"], amount=["50.00", "40.00"])
    assert wrong.status_code == 400
    assert "10.00 USD more than the 80.00 USD that came" in words(wrong.text)
    assert re.findall(r'name="amount" value="([^"]+)"', wrong.text) == ["50.00", "40.00"]
    rest = send(paul, "review/split", payment="ch_walk_3", number=["W-2", ""], amount=["30.00", ""])
    assert "keep it as the customer's credit with the box “keep the rest on account”" in words(rest.text)
    done = send(paul, "review/split", payment="ch_walk_3", number="W-2", amount="30.00", on_account="yes")
    assert done.status_code == 303
    assert "30.00 USD to W-2, 50.00 USD on account" in words(page(ground, "review", "paul"))
    assert send(paul, "review/undo", payment="ch_walk_3").status_code == 303


def test_what_a_payment_leaves_open_is_written_off_or_kept_open_by_a_button_as_the_rule_allows(ground: Ground) -> None:
    paul, shown = ground.signed_in("paul"), "review/one?payment=ch_walk_3"
    assert "What it left open" not in page(ground, shown)
    assert (
        send(paul, "review/split", payment="ch_walk_3", number="W-2", amount="79.50", on_account="").status_code == 400
    )
    assert 'data-open="80.00"' in page(ground, shown), "what is open of each is held against what is typed"
    done = send(paul, "review/split", payment="ch_walk_3", number="W-2", amount="30.00", on_account="yes")
    assert done.status_code == 303
    told = words(page(ground, shown, "paul"))
    assert "What it left open 50.00 USD of W-2" in told
    assert "Nothing in USD is written off in this company." in told
    assert "Write it off" not in told
    assert send(paul, "review/rest", payment="ch_walk_3", do="off").status_code == 409
    with ground.house() as house:
        desk = house.company(MAIN)
        rule = small.rule_with(desk, account="Stripe Fees", largest="50.00 USD")
        reviewing.set_rules(desk, replace(desk.company.matching, write_offs=rule))
    assert "Write it off" in words(page(ground, shown, "paul"))
    assert send(paul, "review/rest", payment="ch_walk_3", do="off").status_code == 303
    assert "50.00 USD of W-2 is written off." in words(page(ground, shown, "paul"))
    assert send(paul, "review/rest", payment="ch_walk_3", do="open").status_code == 303
    with ground.house() as house:
        desk = house.company(MAIN)
        assert desk.store.rulings(desk.id)[-1].kind is RulingKind.KEEP_OPEN
        rule = small.rule_with(desk, largest="off")
        reviewing.set_rules(desk, replace(desk.company.matching, write_offs=rule))
    assert send(paul, "review/undo", payment="ch_walk_3").status_code == 303


def test_a_plan_is_made_approved_by_another_written_once_and_taken_back(ground: Ground) -> None:
    paul, erin, dana = (ground.signed_in(name) for name in ("paul", "erin", "dana"))
    assert send(dana, "people/bound", above="100.00 USD").status_code == 303
    assert send(dana, "people/bound", above="many").status_code == 400
    said = ground.finished(send(erin, "plans/make"))
    plan = last_plan(ground)
    assert f"Look at {plan}" in said
    own = words(page(ground, f"plan?id={plan}", "erin"))
    assert "It needs the approval of somebody other than erin" in own
    assert "Write it into the books" not in own
    # Whoever made it can neither approve nor write it, also past the page.
    mark = re.search(r"Hash (\w{12})", own)
    assert mark is not None
    assert send(erin, "plan/approve", plan=plan, hash=mark[1]).status_code == 409
    assert send(erin, "plan/apply", plan=plan).status_code == 409
    assert send(dana, "plan/approve", plan=plan, hash="0" * 12).status_code == 409
    assert ground.firm.marked("Payment", "PrivateNote") == []
    assert send(dana, "plan/approve", plan=plan, hash=mark[1]).status_code == 303
    assert _approvals(ground, plan) == [("dana", "dana")]
    written = ground.finished(send(erin, "plan/apply", plan=plan))
    assert "written and read back" in written
    posted = ground.firm.marked("Payment", "PrivateNote")
    assert len(posted) == 2
    again = ground.finished(send(dana, "plan/apply", plan=plan))
    assert "were written before" in again
    assert len(ground.firm.marked("Payment", "PrivateNote")) == 2
    with ground.desk() as desk:
        assert {row.actor for row in desk.store.outbox(MAIN) if row.plan_id == plan} == {"erin"}
    assert "Customer payments received" in words(page(ground, ""))
    assert send(dana, "people/bound", above="").status_code == 303
    taken = ground.finished(send(paul, "plan/undo", plan=plan))
    assert "would be taken back" in taken
    undo = last_plan(ground)
    assert "Take them back" in words(page(ground, f"plan?id={undo}"))
    ground.finished(send(erin, "plan/apply", plan=undo))
    assert [each for each in ground.firm.marked("Payment", "PrivateNote") if Decimal(each["TotalAmt"])] == []


def _approvals(ground: Ground, plan: str) -> list[tuple[str, str]]:
    with ground.desk() as desk:
        return [(each.by, each.entered_by) for each in desk.store.approvals(MAIN, PlanId(plan))]


def test_work_that_was_cut_off_is_told_of_and_can_go_on(ground: Ground) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    owner = f"{this_process().rpartition(':')[0]}:{dead.pid}"
    with ground.desk() as desk:
        left = Errand(
            errand_id="w-left",
            company_id=MAIN,
            kind=ErrandKind.READ,
            by=desk.actor,
            owner=owner,
            made_at=desk.clock.now(),
            doing="invoices",
            done=3,
        )
        desk.store.save_errand(left)
    assert "Work of dana was cut off; it can go on" in words(page(ground, ""))
    assert "cut off" in words(page(ground, "work?id=w-left"))
    assert "records are new" in ground.finished(send(ground.signed_in("paul"), "work", id="w-left"))
    # Going on needs the role that beginning it needed.
    with ground.desk() as desk:
        desk.store.save_errand(replace(left, errand_id="w-write", kind=ErrandKind.APPLY, about="plan-x"))
    assert "Your role does not reach" in words(send(ground.signed_in("paul"), "work", id="w-write").text)
    assert send(ground.signed_in("erin"), "work", id="w-write").status_code == 404
    with ground.desk() as desk:
        desk.store.save_errand(replace(left, errand_id="w-busy", owner=this_process()))
    busy = ground.signed_in("dana").get(f"/c/{MAIN}/work?id=w-busy")
    assert busy.headers["refresh"] == "2"
    assert "under way Invoices: 3" in words(busy.text)
    refused = send(ground.signed_in("paul"), "read")
    assert refused.status_code == 409
    assert "dana has something under way" in words(refused.text)
    with ground.desk() as desk:
        desk.store.save_errand(replace(left, errand_id="w-busy", owner=owner))


def test_a_contact_is_logged_by_one_form_and_what_was_typed_stays_where_it_lacks_something(ground: Ground) -> None:
    paul = ground.signed_in("paul")
    assert "+1 212 555 0100" in page(ground, "contact?invoice=W-2", "paul")
    lacking = send(paul, "contact", invoice="W-2", outcome="promise", words="They pay soon", amount="80.00")
    assert lacking.status_code == 400
    assert "A promise needs its amount and its day. Fill in both." in words(lacking.text)
    assert "They pay soon" in lacking.text
    assert 'value="promise" required checked' in lacking.text
    card = send(paul, "contact", invoice="W-2", outcome="reached", words="4242 4242 4242 4242", next="2027-01-04")
    assert card.status_code == 409
    assert send(paul, "contact", invoice="W-9", outcome="reached").status_code == 404
    done = send(paul, "contact", invoice="W-2", outcome="promise", words="<b>soon</b>", amount="80", by="2027-01-04")
    assert done.status_code == 303
    with ground.desk() as desk:
        (contact,) = desk.store.contacts(MAIN)
    assert (contact.by, contact.person, str(contact.promise.amount if contact.promise else "")) == (
        "paul",
        None,
        "80.00 USD",
    )
    found = page(ground, "said?q=soon")
    assert "&lt;b&gt;soon&lt;/b&gt;" in found
    assert "Promised by payers" in words(page(ground, ""))
    assert "Promised 80.00 USD" in words(page(ground, "customer?ref=quickbooks/customer/1"))


def test_how_a_payer_pays_is_kept_with_its_author(ground: Ground) -> None:
    paul, ref = ground.signed_in("paul"), "quickbooks/customer/1"
    said = {"approver": "Ms <i>Green</i>", "purchase_order": "yes", "pay_run_days": "Thursdays", "remarks": "By post."}
    assert send(paul, "customer", ref=ref, **said).status_code == 303
    text = page(ground, f"customer?ref={ref}", "vera")
    assert "Ms &lt;i&gt;Green&lt;/i&gt;" in text
    assert "Purchase order needed When they pay Thursdays Remarks By post." in words(text)
    assert re.search(r"Keep paul, \w{3} \d+", words(page(ground, f"customer?ref={ref}", "paul")))
    card = send(paul, "customer", ref=ref, remarks="4242 4242 4242 4242")
    assert card.status_code == 409
    assert send(paul, "customer", ref="quickbooks/customer/999", remarks="x").status_code == 404
    assert send(paul, "customer", ref="nobody", remarks="x").status_code == 404
    assert "By post." in page(ground, f"customer?ref={ref}", "vera")


def test_on_a_customers_page_one_says_that_nobody_contacts_them_and_that_contacting_goes_on(ground: Ground) -> None:
    paul, ref = ground.signed_in("paul"), "quickbooks/customer/1"
    assert send(paul, "customer", ref=ref, stopped="with the lawyers").status_code == 303
    assert "Not to be contacted with the lawyers" in words(page(ground, f"customer?ref={ref}", "vera"))
    assert send(paul, "customer", ref=ref, stopped="with the lawyers", go_on="yes").status_code == 303
    assert "with the lawyers" not in page(ground, f"customer?ref={ref}", "vera")


def test_the_switch_refuses_with_its_reason_keeps_its_bounds_and_a_pause_stops_writing(ground: Ground) -> None:
    dana, erin = ground.signed_in("dana"), ground.signed_in("erin")
    assert send(dana, "autosync", do="on", every="5", per_posting="lots").status_code == 400
    assert send(dana, "autosync", do="on", every="0").status_code == 400
    refused = send(dana, "autosync", do="on", every="7", per_posting="500.00 USD")
    assert refused.status_code in (303, 409)
    if refused.status_code == 409:
        assert "The proof does not hold" in words(refused.text)
        assert 'value="500.00 USD"' in refused.text
    dry = send(dana, "autosync", do="dry", every="7", per_posting="500.00 USD", per_day="900 USD")
    assert dry.status_code == 303
    text = page(ground, "autosync")
    assert "Auto-sync is a dry run" in words(text)
    assert re.findall(r'value="([\d.]+ USD)"', text) == ["500.00 USD", "900.00 USD"]
    assert "it does not run now" in words(text)
    assert send(ground.signed_in("paul"), "pause").status_code == 303
    stopped = send(erin, "plan/apply", plan=last_plan(ground))
    assert stopped.status_code == 409
    assert "is paused, and nothing is written for it. Next: When writing may go on, run: Auto-sync" in words(
        stopped.text
    )
    assert send(erin, "resume").status_code == 303
    assert send(dana, "autosync", do="off", every="7").status_code == 303
    assert "Auto-sync is off" in words(page(ground, "autosync"))


def test_a_link_is_made_shown_given_another_address_and_taken_back(ground: Ground) -> None:
    paul = ground.signed_in("paul")
    assert "There is no invoice" in words(send(paul, "links", invoice="W-99").text)
    made = send(paul, "links", invoice="W-1")
    assert made.status_code == 303
    url = address_in(paul, made.headers["location"])
    assert address_in(paul, send(paul, "links", invoice="W-1").headers["location"]) == url
    link = re.search(r"id=(l-\w+)", made.headers["location"])
    assert link is not None
    other = address_in(paul, send(paul, "link/rotate", id=link[1]).headers["location"])
    assert other != url
    assert send(paul, "link/revoke", id=link[1]).status_code == 303
    assert 'id="url"' not in page(ground, f"link?id={link[1]}")
    assert "There is no link yet." in page(ground, "links")
    assert link[1] in page(ground, "links?all=yes")


def address_in(browser: TestClient, path: str) -> str:
    found = re.search(r'id="url" value="([^"]+)"', browser.get(path).text)
    assert found is not None
    return html.unescape(found[1])


def test_the_aging_opens_into_its_rows_and_equals_the_books(ground: Ground) -> None:
    text = words(page(ground, "aging"))
    owed = ground.firm.open_balances()
    assert f"overdue of {sum(owed.values()):,.2f} USD open" in text
    assert page(ground, "aging").count("<rect") >= 5
    rows = words(page(ground, "aging?bucket=4&currency=USD"))
    assert f"91+ days, USD: {sum(map(bool, owed.values()))} invoices" in rows
    assert ground.signed_in("dana").get(f"/c/{MAIN}/aging?by=moon").status_code == 400
    assert "Days since the invoice" in words(page(ground, "aging?by=issue"))


def test_the_proof_is_shown_and_says_why_something_is_off(ground: Ground) -> None:
    assert "The journal of everything done is unbroken." in words(page(ground, "proof"))
    assert "rows, differences and sums were looked at" in words(page(ground, "why?amount=3.78"))
    assert "is no amount in USD" in words(ground.signed_in("dana").get(f"/c/{MAIN}/why?amount=much").text)


@pytest.mark.req("F31")
def test_a_refused_write_is_told_on_every_page_tried_again_and_let_be(ground: Ground) -> None:
    paul, erin = ground.signed_in("paul"), ground.signed_in("erin")
    undone = re.search(r'plan\?id=(plan-\w+)">[^<]*</a></th>.*?undone', page(ground, "plans"), re.DOTALL)
    assert undone is not None
    assert send(paul, "plan/again", plan=undone[1]).status_code == 303
    assert "may be posted again: make a plan." in words(page(ground, "plans", "paul"))
    assert send(paul, "plan/leave", plan="plan-never").status_code == 404
    ground.firm.faults("quickbooks", "POST /v3/company/*/payment 1 status-before 400")
    ground.finished(send(paul, "plans/make"))
    plan = last_plan(ground)
    said = ground.finished(send(erin, "plan/apply", plan=plan))
    assert "refused" in said
    _shown_on_every_page(ground, len(re.findall("findings/retry", page(ground, "findings"))))
    text = page(ground, "findings")
    ops = re.findall(r'findings/retry"><input[^>]+><input type="hidden" name="op" value="(\w+)"', text)
    assert ops
    assert send(paul, "findings/retry", op="never-was").status_code == 404
    assert send(paul, "findings/retry", op=ops[0]).status_code == 303
    assert "It stands in the next plan again: Plans" in words(page(ground, "findings", "paul"))
    assert send(paul, "findings/retry", op=ops[0]).status_code == 404
    for op in ops[1:]:
        assert send(erin, "findings/drop", op=op).status_code == 303
    assert "None: every write is known to be done." in words(page(ground, "findings"))


def test_a_write_whose_answer_was_lost_is_carried_on_by_a_button(ground: Ground) -> None:
    paul, erin = ground.signed_in("paul"), ground.signed_in("erin")
    ground.finished(send(paul, "plans/make"))
    ground.firm.faults("quickbooks", "POST /v3/company/*/payment 1 drop-after")
    before = len(ground.firm.marked("Payment", "PrivateNote"))
    said = ground.finished(send(erin, "plan/apply", plan=last_plan(ground)))
    assert "the answer was lost. It is looked up before it is repeated: Plans" in said
    assert "1 write or row needs a look" in words(page(ground, ""))
    assert "Carry on with 1 unfinished write" in words(page(ground, "findings", "erin"))
    assert "Carry on" not in words(page(ground, "findings", "paul"))
    assert "1 written and read back." in ground.finished(send(erin, "findings/carry-on"))
    assert len(ground.firm.marked("Payment", "PrivateNote")) == before + 1


def _shown_on_every_page(ground: Ground, count: int) -> None:
    """How much failed, and how old the data is; and the exit code of the command that tells the same."""
    assert count
    for room in ("", "today", "review", "plans", "aging", "links", "findings", "proof", "autosync", "people"):
        head = words_above(page(ground, room))
        assert f", {count} failed" in head, room
        assert "Data as of " in head, room
    assert ground.firm.run("status", "--company", MAIN).code == 1


def words_above(page: str) -> str:
    """What stands in the head of a page."""
    return " ".join(re.sub(r"<[^>]+>", " ", page.partition("<header")[2].partition("<main")[0]).split())


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("Run: receivables sync quickbooks", 'Run: <a href="/c/main">Home, “Read everything now”</a>'),
        ("See: receivables plans.", 'See: <a href="/c/main/plans">Plans</a>.'),
        ("it goes on: receivables apply plan-x1, or not", 'it goes on: <a href="/c/main/plans">Plans</a>, or not'),
        ("Run `receivables plan`, then wait", 'Run <a href="/c/main/plans">Plans</a>, then wait'),
        ("undo it (receivables undo), or <b>", 'undo it (<a href="/c/main/plans">Plans</a>), or &lt;b&gt;'),
        ("receivables keys rotate --again", "<code>receivables keys rotate --again</code>"),
        ("arrived; receivables apply looks: 3", 'arrived; <a href="/c/main/plans">Plans</a> looks: 3'),
        ("nothing to do", "nothing to do"),
    ],
)
def test_a_command_in_a_next_step_becomes_the_page_that_does_it(told: str, shown: str) -> None:
    assert str(linked(told, "main")) == shown
