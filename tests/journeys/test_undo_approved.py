"""An undo that a second person approved is the one that is written, as long as it takes back what it said."""

from __future__ import annotations

from typing import Any

from connector.app.approving import add_person, approve, set_approve_above
from connector.app.books import apply_plan, make_plan
from connector.app.undoing import plan_undo
from tests.journeys.firm import Firm, nothing


def written(firm: Firm) -> str:
    """A plan that was written, before a second person came to have to approve."""
    with firm.desk() as desk:
        made = make_plan(desk)
        apply_plan(desk, made, nothing, nothing)
        add_person(desk, "erin", None)
        set_approve_above(desk, "1")
    return made.plan_id


def move_first_payment(firm: Firm) -> None:
    """Somebody gives an entry of the run another day, on the screens of the books."""
    entry = firm.marked("Payment", "PrivateNote")[0]["Id"]
    double = firm.doubles["quickbooks"]
    stand_in: Any = double.stand_in
    double.behind(lambda: stand_in.office().edit("Payment", entry, TxnDate="2026-03-01"))


def test_an_undo_waits_for_a_second_person_and_is_then_written_by_its_own_command(firm: Firm) -> None:
    run = written(firm)
    refused = firm.run("undo", run, "--yes")
    assert refused.code == 2
    assert "needs somebody other than dana to approve it" in refused.out
    (undo,) = (each for each in firm.do("plans", "--json").json if each["plan_id"] != run)
    assert f"receivables plan approve {undo['plan_id']} --by NAME" in refused.err
    firm.do("plan", "approve", undo["plan_id"], "--by", "erin", RECEIVABLES_ACTOR="erin")
    ran = firm.do("undo", run, "--yes")
    assert "Approved by erin" in ran.out
    assert "5 taken back and looked at again" in ran.out
    stored = {each["plan_id"]: each["state"] for each in firm.do("plans", "--json").json}
    assert stored == {undo["plan_id"]: "applied", run: "undone"}


def test_an_undo_that_takes_back_something_else_than_the_approved_one_is_another(firm: Firm) -> None:
    run = written(firm)
    with firm.desk() as desk:
        first, second = plan_undo(desk, run, nothing), plan_undo(desk, run, nothing)
        assert first.plan_id != second.plan_id, "nobody has approved either"
        approve(desk, first, "erin")
        assert plan_undo(desk, run, nothing) == first
        part = plan_undo(desk, run, nothing, [1])
        assert (part.plan_id != first.plan_id, len(part.lines), len(first.lines)) == (True, 1, 5)
        move_first_payment(firm)
        anew = plan_undo(desk, run, nothing)
        assert (anew.plan_id != first.plan_id, len(anew.lines)) == (True, 4)
