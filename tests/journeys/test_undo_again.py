"""What was undone is posted again only by a person's word, once; or it stays out for good."""

from __future__ import annotations

import pytest

from connector.app.books import apply_plan, make_plan
from connector.app.undoing import plan_undo, say_again, say_leave
from connector.errors import Refused
from connector.model.finding import FindingCode
from tests.journeys.firm import Firm, nothing
from tests.journeys.test_undo import applied, dump, undone


def test_what_was_undone_is_posted_again_only_when_a_person_says_so_and_undone_again(firm: Firm) -> None:
    before = dump(firm)
    with firm.desk() as desk:
        first = applied(desk)
    after = dump(firm)
    with firm.desk() as desk:
        undone(desk, first.plan_id)
        waits = make_plan(desk)
        assert waits.lines == ()
        assert {each.refs[0].vendor_id for each in waits.left_out if each.code is FindingCode.POSTING_UNDONE} == {
            "ch_walk_1",
            "py_walk_2",
            "po_walk_1",
        }
    firm.do("review", "again", first.plan_id)
    with firm.desk() as desk:
        second, rival = make_plan(desk), make_plan(desk)
        assert [line.subject for line in second.lines][:2] == [
            "payment.2:stripe/payment/ch_walk_1",
            "payment.2:stripe/payment/py_walk_2",
        ]
        assert len(apply_plan(desk, second, nothing, nothing).posted.done) == 5
        assert dump(firm) == after
        for older in (first, rival):
            assert (apply_plan(desk, older, nothing, nothing).posted.done, dump(firm)) == ([], after)
        assert make_plan(desk).lines == ()
        _, done = undone(desk, second.plan_id)
        assert (len(done.posted.done), done.not_landed) == (5, ())
        assert dump(firm) == before
        assert make_plan(desk).lines == ()
        say_again(desk, "ch_walk_1")
        third = applied(desk)
        assert [line.subject for line in third.lines] == [
            "payment.3:stripe/payment/ch_walk_1",
            "expense.3:stripe/payment/ch_walk_1",
        ]
        undone(desk, third.plan_id)
    assert dump(firm) == before
    firm.do("verify")


def test_what_was_undone_stays_out_for_good_when_a_person_says_so_and_no_plan_tells_it_again(firm: Firm) -> None:
    with firm.desk() as desk:
        run = applied(desk)
        undone(desk, run.plan_id)
        say_leave(desk, "py_walk_2")
        rest = say_again(desk, run.plan_id)
        assert {each.payment.vendor_id for each in rest.rulings} == {"ch_walk_1", "po_walk_1"}
        assert len(make_plan(desk).lines) == 3
        said = say_leave(desk, run.plan_id)
        assert {each.payment.vendor_id for each in said.rulings} == {"ch_walk_1", "po_walk_1"}
        made = make_plan(desk)
        assert (made.lines, [str(each.code) for each in made.left_out]) == ((), ["proposed"])
        with pytest.raises(Refused, match="said already"):
            say_leave(desk, run.plan_id)
        say_again(desk, "py_walk_2")
        assert [str(line.kind) for line in make_plan(desk).lines] == ["payment", "expense"]
        say_leave(desk, "py_walk_2")
        assert make_plan(desk).lines == ()
    proof = firm.do("reconcile", "--json").json
    assert "kept-out" in {each["code"] for each in proof["findings"]}


def test_an_undo_is_not_undone_and_says_how_to_post_again(firm: Firm) -> None:
    with firm.desk() as desk:
        made, _ = undone(desk, applied(desk).plan_id)
        with pytest.raises(Refused, match="an undo is not undone") as refused:
            plan_undo(desk, made.plan_id, nothing)
    assert refused.value.next_step == f"To post what it took back again: receivables review again {made.plan_id}"
    firm.do("review", "again", made.plan_id)
    with firm.desk() as desk:
        assert len(make_plan(desk).lines) == 5
