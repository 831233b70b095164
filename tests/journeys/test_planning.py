"""A plan from its making to its end: shown, approved by a second person, written, and planned again where it has to."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer

from connector.app import reviewing, setup
from connector.app.approving import add_person, approve, consent, set_approve_above
from connector.app.books import Applied, apply_plan, latest_asked, make_plan, stored_plan
from connector.app.house import Desk
from connector.app.plans import Plans, PlanState
from connector.app.replanning import follow_up, under
from connector.cli.books import _report
from connector.errors import Refused, StoreCorrupt, UnknownRecord
from connector.model.firm import BookingPattern
from connector.model.source import ActorId
from connector.plan import Plan
from tests.journeys.firm import Firm, nothing, open_firm


def apply(desk: Desk, made: Plan) -> Applied:
    return apply_plan(desk, made, nothing, nothing)


def office(firm: Firm, act: Callable[[Any], object]) -> None:
    """What the company's people do on the screens of their books."""
    double = firm.doubles["quickbooks"]
    stand_in: Any = double.stand_in
    double.behind(lambda: act(stand_in.office()))


def as_actor(desk: Desk, name: str) -> Desk:
    desk.actor = ActorId(name)
    return desk


def looked_at(firm: Firm, number: str) -> None:
    invoice = firm.invoice(number)["Id"]
    office(firm, lambda people: people.edit("Invoice", invoice, PrivateNote="looked at"))


def voided(firm: Firm, number: str) -> None:
    invoice = firm.invoice(number)["Id"]
    office(firm, lambda people: people.void("Invoice", invoice))


def shut(firm: Firm, name: str) -> None:
    office(firm, lambda people: people.deactivate(people.find("Customer", name), balancing=False))
    office(firm, lambda people: people.wait(1))


def test_a_plan_shows_its_groups_its_lines_its_effects_and_what_is_left_out(firm: Firm) -> None:
    told = firm.do("plan").out
    for words in ("customer payments received", "370.50 USD", "Record 120.00 USD received from Acme Bakery for W-1."):
        assert words in told
    (owed,) = [line for line in told.splitlines() if "Accounts receivable (2 customers)" in line]
    assert [part.strip() for part in owed.split("│")[2:5]] == ["450.50 USD", "-370.50 USD", "80.00 USD"]
    assert "proposed" in told
    why = firm.do("plan", "show", "--line", "1").out
    assert "stripe/payment/ch_walk_1" in why
    assert "metadata.invoice_number" in why
    assert "quickbooks/invoice/" in why


def test_what_plan_show_says_as_json_adds_up(firm: Firm) -> None:
    plan_id = firm.do("plan", "--json").json["plan_id"]
    shown = firm.do("plan", "show", "--json").json
    assert (shown["plan"]["plan_id"], shown["state"]) == (plan_id, "made")
    assert [(each["kind"], len(each["lines"]), each["sums"][0]["minor"]) for each in shown["groups"]] == [
        ("payment", 2, 37050),
        ("expense", 2, 578),
        ("transfer", 1, 36472),
    ]
    assert [number for each in shown["groups"] for number in each["lines"]] == [1, 2, 3, 4, 5]
    for each in shown["effects"]:
        if each["before"] is not None:
            assert each["before"]["minor"] + each["change"]["minor"] == each["after"]["minor"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("plan", "show", "plan-none"), "There is no plan plan-none."),
        (("plan", "show", "--line", "6"), "has 5 lines, so there is no line 6"),
        (("plan", "approve", "plan-none", "--by", "dana"), "There is no plan plan-none."),
        (("apply", "plan-none", "--yes"), "There is no plan plan-none."),
        (("people", "add", "two words"), "one word"),
        (("rules", "--approve-above", "much"), "is not an amount"),
        (("rules", "--approve-above", "1.001 USD"), "USD"),
        (("rules", "--approve-above", "-1 USD"), "below zero"),
        (("rules", "--approve-above", "1 USD,2 USD"), "second amount"),
        (("rules", "--approve-above", "5 XXZ"), "ISO 4217"),
    ],
)
def test_what_is_not_there_or_makes_no_sense_is_refused_in_one_sentence(
    planned: Firm, words: tuple[str, ...], sentence: str
) -> None:
    ran = planned.run(*words)
    assert ran.code == 2
    assert sentence in ran.err
    assert "Traceback" not in ran.err


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firm]:
    with open_firm(tmp_path_factory.mktemp("planned")) as opened:
        opened.connect_quickly()
        opened.do("plan")
        yield opened


def test_a_plan_with_nothing_to_write_says_so(firm: Firm) -> None:
    firm.do("plan")
    firm.do("apply", "--yes")
    told = firm.do("plan").out
    assert "there is nothing to write; 1 left out" in told
    assert "Line by line" not in told
    assert "To write it" not in told


def test_the_list_of_plans_tells_what_became_of_each_and_who_made_it(firm: Firm) -> None:
    assert "There is no plan yet." in firm.do("plans").out
    firm.do("plan")
    firm.do("plan", RECEIVABLES_ACTOR="erin")
    firm.do("apply", "--yes")
    rows = firm.do("plans", "--json").json
    assert [(each["state"], each["made_by"], each["lines"]) for each in rows] == [
        ("applied", "erin", 5),
        ("made", "dana", 5),
    ]
    told = firm.do("plan", "show", rows[1]["plan_id"]).out
    assert "Of 5 lines: 5 written by another plan." in told


@pytest.mark.parametrize("above", ["740.99 USD", "0 USD", "900 EUR"])
def test_a_plan_above_the_amount_waits_for_a_second_person(firm: Firm, above: str) -> None:
    with firm.desk() as desk:
        set_approve_above(desk, above)
        made = make_plan(desk)
        with pytest.raises(Refused, match="needs the approval of somebody other than dana"):
            apply(desk, made)
        assert desk.store.outbox(desk.id) == ()
        with pytest.raises(Refused, match="dana made"):
            approve(desk, made, "dana")
        with pytest.raises(UnknownRecord, match="nobody called 'erin'"):
            approve(desk, made, "erin")
        add_person(desk, "erin", "Erin Ode")
        given = approve(as_actor(desk, "erin"), made, "erin")
        with pytest.raises(Refused, match=r"approved .* already"):
            approve(desk, made, "erin")
        assert len(apply(as_actor(desk, "dana"), made).posted.done) == 5
        assert consent(desk, made).given == (given,)
        entry = next(desk.store.journal(desk.id, "approval"))
        body: Any = entry.body
        assert (entry.actor, body["by"], body["plan_id"]) == ("erin", "erin", made.plan_id)
        assert desk.store.verify(desk.id) == ()


@pytest.mark.parametrize("above", ["741.00 USD", "off"])
def test_a_plan_that_is_not_above_the_amount_needs_nobody(firm: Firm, above: str) -> None:
    with firm.desk() as desk:
        set_approve_above(desk, "1")
        set_approve_above(desk, above)
        assert len(apply(desk, make_plan(desk)).posted.done) == 5


def test_nobody_becomes_a_second_person_by_another_way_of_writing_the_name(firm: Firm) -> None:
    with firm.desk() as desk:
        with pytest.raises(Refused, match="dana is there already"):
            add_person(desk, " DANA", None)
        set_approve_above(desk, "1")
        made = make_plan(as_actor(desk, "Dana"))
        with pytest.raises(Refused, match="Dana made"):
            approve(desk, made, "dana")


def test_an_approval_is_good_for_the_plan_that_was_seen_and_for_no_other(firm: Firm) -> None:
    with firm.desk() as desk:
        set_approve_above(desk, "1")
        add_person(desk, "erin", None)
        first, second = make_plan(desk), make_plan(desk)
        approve(desk, first, "erin", seen=consent(desk, first).plan_hash[:12])
        for hash_of_other in (consent(desk, first).plan_hash, "", "0"):
            with pytest.raises(Refused, match="another than was seen"):
                approve(desk, second, "erin", seen=hash_of_other)
        with pytest.raises(Refused, match="is not the one that was looked at"):
            approve(desk, replace(second, lines=second.lines[:1]), "erin")
        with pytest.raises(Refused, match="needs the approval"):
            apply(desk, replace(first, lines=first.lines[:1], left_out=()))
        with pytest.raises(Refused, match="needs the approval"):
            apply(desk, second)


def test_a_stored_plan_that_somebody_altered_is_not_used(firm: Firm) -> None:
    with firm.desk() as desk:
        first, second = make_plan(desk), make_plan(desk)
        with sqlite3.connect(firm.home / "receivables.db") as tampered:
            tampered.execute(
                "UPDATE plan SET body = (SELECT body FROM plan WHERE plan_id = ?) WHERE plan_id = ?",
                (first.plan_id, second.plan_id),
            )
        with pytest.raises(StoreCorrupt, match="was altered"):
            stored_plan(desk, second.plan_id)
        assert stored_plan(desk, first.plan_id) == first


def test_who_approved_and_whose_command_it_was_stand_in_the_plan_and_in_the_file(firm: Firm, tmp_path: Path) -> None:
    firm.do("rules", "--approve-above", "100.00 USD")
    plan_id = firm.do("plan", "--json").json["plan_id"]
    refused = firm.run("apply", "--yes")
    assert (refused.code, f"receivables plan approve {plan_id} --by NAME" in refused.err) == (2, True)
    assert "--by NAME --hash" in firm.do("plan", "show").out
    firm.do("people", "add", "erin", "--name", "Erin Ode")
    firm.do("plan", "approve", plan_id, "--by", "erin")
    page = tmp_path / "plan.html"
    told = firm.do("plan", "show", "--html", str(page)).out
    assert "Approved by erin (entered by dana)" in told
    assert "State: approved." in told
    text = page.read_text(encoding="utf-8")
    assert "erin" in text
    assert "(entered by dana)" in text
    assert "<script" not in text
    firm.do("apply", "--yes")


def stale_by_edit(firm: Firm, _: Desk) -> None:
    looked_at(firm, "W-1")


def stale_by_void(firm: Firm, _: Desk) -> None:
    voided(firm, "W-1")


def stale_by_closing(firm: Firm, _: Desk) -> None:
    office(firm, lambda people: people.close_through("2026-03-16"))


def stale_by_customer(firm: Firm, _: Desk) -> None:
    shut(firm, "Acme Bakery")


def stale_by_account(_: Firm, desk: Desk) -> None:
    setup.choose_accounts(desk, "stripe", {"fees": "Undeposited Funds"})


def stale_by_pattern(_: Firm, desk: Desk) -> None:
    setup.choose_accounts(desk, "stripe", {}, BookingPattern.DEPOSIT)


@pytest.mark.req("M4")
@pytest.mark.parametrize(
    ("change", "stale", "again"),
    [
        (stale_by_edit, {1}, ["payment:stripe/payment/ch_walk_1"]),
        (stale_by_void, {1}, []),
        (stale_by_closing, {1, 3}, []),
        (stale_by_customer, {1}, []),
        (stale_by_account, {3, 4}, ["expense:stripe/payment/ch_walk_1", "expense:stripe/payment/py_walk_2"]),
        (stale_by_pattern, {1, 2, 3, 4, 5}, ["payment:stripe/payment/ch_walk_1", "payment:stripe/payment/py_walk_2"]),
    ],
    ids=["edited", "voided", "closed", "inactive", "other-account", "other-pattern"],
)
def test_lines_that_are_not_right_any_more_are_planned_again_and_nothing_else_is(
    firm: Firm, change: Callable[[Firm, Desk], None], stale: set[int], again: list[str]
) -> None:
    with firm.desk() as desk:
        made = make_plan(desk)
        change(firm, desk)
        applied = apply(desk, made)
        assert {each.number for each in applied.stale_lines} == stale
        written = {row.line for row in applied.posted.done}
        assert written == {1, 2, 3, 4, 5} - stale
        followed = follow_up(desk, made, applied)
        assert followed is not None
        if not again:
            assert followed.plan is None
            assert {ref.vendor_id for each in followed.left_out for ref in each.refs} >= {"ch_walk_1"}
            return
        assert followed.plan is not None
        assert [line.subject for line in followed.plan.lines] == again
        whys = {each.number: each.why for each in applied.stale_lines}
        for line in followed.plan.lines:
            assert line.instead is not None
            assert line.instead.plan_id == made.plan_id
            assert line.instead.why == whys[line.instead.line]
        assert stored_plan(desk, followed.plan.plan_id) == followed.plan


def test_a_follow_up_is_written_by_its_name_alone_and_made_once(firm: Firm) -> None:
    firm.do("plan")
    looked_at(firm, "W-1")
    first = firm.run("apply", "--yes", "--json")
    assert first.code == 1
    assert len(first.json["done"]) == 4
    follow = first.json["follow_up"]
    second = firm.run("apply", "--yes")
    assert (second.code, f"receivables apply {follow}" in second.out) == (1, True)
    assert firm.open_balances()["W-1"] == 120
    shown = firm.do("plan", "show", follow).out
    assert "In place of line 1, because quickbooks/invoice/" in shown
    firm.do("apply", follow, "--yes")
    assert firm.open_balances()["W-1"] == 0
    third = firm.do("apply", "--yes", "--json").json
    assert (third["done"], third["already"], third["follow_up"]) == ([], 5, None)
    rows = firm.do("plans", "--json").json
    assert [(each["follows"] is not None, each["state"]) for each in rows] == [
        (True, "applied"),
        (False, "applied in part"),
    ]


def test_what_somebody_decided_since_is_planned_as_they_decided(tmp_path: Path) -> None:
    world = (Path(__file__).parent / "worlds" / "review.world").read_text(encoding="utf-8")
    with open_firm(tmp_path, world) as firm:
        firm.connect_quickly()
        with firm.desk() as desk:
            reviewing.waiting(desk)
            reviewing.confirm(desk, "ch_review_1", 1)
            made = make_plan(desk)
            reviewing.undo(desk, "ch_review_1")
            applied = apply(desk, made)
            left = {each.line.intent.about.vendor_id for each in applied.stale_lines}
            assert "ch_review_1" in left
            followed = follow_up(desk, made, applied)
            assert followed is not None
            subjects = {line.subject for line in followed.plan.lines} if followed.plan is not None else set()
            assert "payment:stripe/payment/ch_review_1" not in subjects
            assert "ch_review_1" in {each.refs[0].vendor_id for each in followed.left_out}


def test_a_follow_up_above_the_amount_needs_its_own_approval(firm: Firm) -> None:
    with firm.desk() as desk:
        set_approve_above(desk, "100 USD")
        add_person(desk, "erin", None)
        made = make_plan(desk)
        approve(desk, made, "erin")
        looked_at(firm, "W-1")
        followed = follow_up(desk, made, apply(desk, made))
        assert followed is not None
        assert followed.plan is not None
        with pytest.raises(Refused, match="needs the approval"):
            apply(desk, followed.plan)
        assert latest_asked(desk) == made


@pytest.mark.req("N12", "F45")
def test_another_account_shows_the_lines_and_the_entries_it_concerns_before_it_is_stored(firm: Firm) -> None:
    before = firm.do("plan", "--json").json
    words = ("accounts", "stripe", "--fees", "Undeposited Funds")
    asked = firm.run(*words)
    assert asked.code == 2
    assert f"2 lines of {before['plan_id']} would be different" in asked.out
    assert "the same on Undeposited Funds and not on Stripe Fees" in asked.out
    assert "Nothing was changed" in asked.err
    assert "Stripe Fees" in firm.do("accounts", "stripe").out
    firm.do("apply", "--yes")
    posted = firm.run(*words)
    assert posted.code == 2
    assert "2 entries of the books would be others now" in posted.out
    assert f"They stay as they are. To take them back: receivables undo {before['plan_id']}" in posted.out
    assert "Undeposited Funds" in firm.do(*words, "--yes").out


@pytest.mark.req("N12")
def test_another_rule_shows_the_lines_that_go_and_those_that_come(firm: Firm) -> None:
    with firm.desk() as desk:
        made = make_plan(desk)
        fewer = under(desk, rules=reviewing.with_rules(desk, automatic=["key"]))
        more = under(desk, rules=reviewing.with_rules(desk, automatic=["key", "reference", "partial", "amount"]))
        assert (fewer.plan_id, [(each.number, each.after) for each in fewer.lines]) == (
            made.plan_id,
            [(2, None), (4, None)],
        )
        assert (more.lines, more.added, more.posted) == ((), 2, ())
        apply(desk, made)
        posted = under(desk, rules=reviewing.with_rules(desk, automatic=["key"]))
        assert [(each.row.line, "reference" in each.why) for each in posted.posted] == [(2, True)]
        assert posted.lines == ()


def test_a_setting_that_changes_nothing_is_stored_without_a_question(firm: Firm) -> None:
    firm.do("plan")
    firm.do("accounts", "stripe", "--fees", "Stripe Fees")
    firm.do("rules", "--bank-fee", "0")
    firm.do("rules", "--approve-above", "off")


def test_a_plan_stands_as_its_lines_stand(firm: Firm) -> None:
    with firm.desk() as desk:
        made = make_plan(desk)
        assert Plans(desk).of(made).state is PlanState.MADE
        looked_at(firm, "W-1")
        apply(desk, made)
        standing = Plans(desk).of(made)
        assert (standing.state, standing.written, standing.elsewhere) == (PlanState.PARTLY, 4, 0)
        follow_up(desk, made, apply(desk, made))
        again = make_plan(desk)
        apply(desk, again)
        assert (Plans(desk).of(made).elsewhere, Plans(desk).of(again).state) == (1, PlanState.APPLIED)


def test_lines_that_nothing_takes_the_place_of_are_told_so(firm: Firm, capsys: pytest.CaptureFixture[str]) -> None:
    with firm.desk() as desk:
        made = make_plan(desk)
        voided(firm, "W-1")
        applied = apply(desk, made)
        followed = follow_up(desk, made, applied)
    with pytest.raises(typer.Exit):
        _report(applied, followed, as_json=False)
    assert "nothing takes their place" in capsys.readouterr().out
