"""A system that somebody disconnected is told of as that; the others are read and written on, and nothing is called
equal to what nobody can see any more."""

from __future__ import annotations

import json

import pytest

from connector.app.authorise import part
from connector.app.first_steps import StepKey, StepState, first_steps
from connector.app.freshness import freshness
from connector.app.parted import parted
from connector.app.shouting import conditions
from connector.app.ticking import tick
from connector.model.autosync import Turn
from connector.model.finding import FindingCode
from tests.journeys.firm import Firm


def disconnected(firm: Firm, system: str) -> None:
    with firm.desk() as desk:
        part(desk, system)


def turn(firm: Firm) -> tuple[Turn, dict[str, str]]:
    """One turn, and what is told of by its key after it."""
    with firm.desk() as desk:
        tick(desk.house, desk.id, 60, lambda: None)
        made = desk.store.turn(desk.id)
        return made, {each.key: each.sentence for each in conditions(desk, made)}


def test_it_is_passed_over_by_a_reading_that_says_so_and_reads_the_rest(firm: Firm) -> None:
    disconnected(firm, "quickbooks")
    before = len(firm.heard)
    ran = firm.do("sync", "--json")
    assert {call.path.split("/")[1] for call in firm.heard[before:]} == {"v1"}, "Stripe was read, and nobody else asked"
    assert ran.json["quickbooks"]["counts"] == {}
    assert [each["code"] for each in ran.json["quickbooks"]["findings"]] == ["disconnected"]
    assert ran.json["stripe"]["counts"]
    alone = firm.run("sync", "quickbooks")
    assert (alone.code, "QuickBooks Online is disconnected" in alone.err) == (3, True)
    assert "receivables connect quickbooks" in alone.err
    disconnected(firm, "stripe")
    with firm.desk() as desk:
        assert parted(desk) == {each.connection_id for each in desk.connections()}
    assert firm.run("sync").code == 3
    assert firm.do("status").out.count("DISCONNECTED") == 2


def test_a_turn_goes_on_without_it_writes_nothing_of_its_money_and_tells_of_it_once(firm: Firm) -> None:
    firm.do("plan")
    firm.do("apply", "--yes")
    firm.do("review", "confirm", "ch_walk_3")
    firm.do("autosync", "on", "--yes")
    disconnected(firm, "stripe")
    made, told = turn(firm)
    assert (made.failed, list(told)) == (False, ["disconnected stripe"])
    assert "Stripe is disconnected: what is shown of it is as of" in told["disconnected stripe"]
    assert firm.open_balances()["W-2"] == 80, "it may have been given back since, and nobody can ask"
    with firm.desk() as desk:
        read = {each.title: each.data_as_of for each in freshness(desk).readings}
        later = desk.house.clock.now()
        assert read["QuickBooks Online"] is not None
        assert (later - read["QuickBooks Online"]).total_seconds() < 60
    plan = firm.do("plan", "--json").json
    assert not plan["lines"]
    assert FindingCode.DISCONNECTED in {each["code"] for each in plan["left_out"]}
    # Connected again, everything goes on by itself.
    stripe = firm.doubles["stripe"]
    given = stripe.stand_in.settings(firm.world, stripe.url)
    firm.do("connect", "stripe", **{f"RECEIVABLES_STRIPE_{name.upper()}": value for name, value in given.items()})
    made, told = turn(firm)
    assert (made.failed, told) == (False, {})
    assert firm.open_balances()["W-2"] == 0


@pytest.mark.gate
def test_without_the_books_a_turn_reads_the_others_and_fails_of_nothing(firm: Firm) -> None:
    firm.do("autosync", "on", "--dry-run")
    disconnected(firm, "quickbooks")
    made, told = turn(firm)
    assert (made.failed, made.said) == (False, "Read; the books are disconnected, so nothing is written.")
    assert list(told) == ["disconnected quickbooks"]
    with firm.desk() as desk:
        steps = {each.key: each.state for each in first_steps(desk, freshness(desk))}
        assert steps[StepKey.BOOKS] is StepState.NEXT
        assert steps[StepKey.MONEY] is StepState.DONE


@pytest.mark.gate
def test_what_failed_of_it_before_is_over_once_it_is_disconnected(firm: Firm) -> None:
    firm.faults("stripe", "GET /v1/* 0 status-before 403")
    assert firm.run("sync").code != 0
    with firm.desk() as desk:
        assert {each.finding.code for each in desk.store.notices(desk.id)} == {FindingCode.READ_FAILED}
    disconnected(firm, "stripe")
    firm.do("sync")
    with firm.desk() as desk:
        assert desk.store.notices(desk.id) == ()


@pytest.mark.gate
def test_a_proof_calls_it_unknown_and_not_equal(firm: Firm) -> None:
    firm.do("plan")
    firm.do("apply", "--yes")
    firm.do("review", "confirm", "ch_walk_3")
    firm.do("plan")
    firm.do("apply", "--yes")
    before = json.loads(firm.do("prove", "--json").out)
    assert before["proven"]
    disconnected(firm, "stripe")
    ran = firm.run("prove", "--json")
    told = ran.json
    assert (ran.code, told["proven"], told["agrees"], told["problems"]) == (1, False, False, [])
    assert "what is there now is unknown" in told["unknown"][0]
    known = {each["name"]: each["unknown"] for each in told["sheets"]}
    assert known["Clearing of stripe"]
    assert not known["Open items"]
    page = firm.home.parent / "proof.html"
    shown = firm.run("prove", "--out", str(page)).out
    forwarded = page.read_text(encoding="utf-8")
    assert "Nothing contradicts, and not all is known" in forwarded
    assert "Books and connector agree to the cent" not in forwarded
    assert "Not proven" in shown
    assert "Proven:" not in shown


@pytest.mark.gate
def test_what_waits_for_it_holds_up_nothing_that_is_written_elsewhere(firm: Firm) -> None:
    firm.do("plan")
    disconnected(firm, "stripe")
    firm.do("apply", "--yes")
    assert firm.open_balances()["W-1"] == 0, "a person has approved it before"
    assert firm.do("verify").code == 0
