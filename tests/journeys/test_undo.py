"""A run is taken back: the books are as they were before it, and what people did since is left alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connector.app import setup
from connector.app.books import Applied, apply_plan, make_plan, sync_all
from connector.app.house import Desk
from connector.app.undoing import plan_undo, say_again
from connector.errors import UserError
from connector.model.finding import FindingCode
from connector.model.firm import BookingPattern
from connector.plan import Plan
from tests.journeys.firm import KILLED, Firm, nothing, open_firm
from tests.journeys.test_payouts import GOLDEN

RUNS_MAX = 4
FIRST_PAYMENT, SECOND_PAYMENT = "2", "3"
"""Their ids in the double of the books: those of 120.00 and of 250.50."""


def dump(firm: Firm) -> str:
    """The books of the double without ids, tokens, times and traces of what is void."""
    double = firm.doubles["quickbooks"]
    held = double.behind(lambda: double.stand_in.dump(normalised=True))
    return json.dumps(held, sort_keys=True, indent=1, default=str)


def people(firm: Firm, act: Callable[[Any], object]) -> None:
    """What somebody does on the screens of the books, behind our back."""
    double = firm.doubles["quickbooks"]
    double.behind(lambda: act(double.stand_in.office()))  # type: ignore[attr-defined]


def applied(desk: Desk) -> Plan:
    """A new plan, written whole."""
    made = make_plan(desk)
    done = apply_plan(desk, made, nothing, nothing)
    assert (len(done.posted.done), done.stale, done.not_landed) == (len(made.lines), (), ())
    return made


def planned(firm: Firm) -> str:
    """The id of a new plan."""
    with firm.desk() as desk:
        return make_plan(desk).plan_id


def undone(desk: Desk, run: str, *only: int) -> tuple[Plan, Applied]:
    """The plan that takes a run back, and what became of it."""
    made = plan_undo(desk, run, nothing, only)
    return made, apply_plan(desk, made, nothing, nothing)


def kinds(made: Plan) -> list[str]:
    """What a plan takes back, by the kind of its entries."""
    return [line.sentence.partition(", ")[2].partition(" ")[0] for line in made.lines]


def told(made: Plan) -> dict[str, str]:
    """What it leaves, by the entry, with the reason."""
    return {each.refs[0].vendor_id: f"{each.code}: {each.sentence} {each.next_step}" for each in made.left_out}


def until_quiet(firm: Firm, *command: str) -> None:
    for _ in range(RUNS_MAX):
        if firm.run(*command).code == 0:
            return
    raise AssertionError(f"{command} is not quiet after {RUNS_MAX} runs")


def test_a_run_is_shown_and_taken_back_whole_and_the_books_are_as_before(firm: Firm) -> None:
    before = dump(firm)
    with firm.desk() as desk:
        made = applied(desk)
    after = dump(firm)
    shown = firm.do("undo", made.plan_id, "--show").out
    assert "5 entries" in shown
    assert "payment 2 of 120.00 USD from Acme Bakery, so that W-1 is open again" in shown
    assert (firm.run("undo", made.plan_id).code, dump(firm)) == (2, after), "nobody could be asked"
    ran = firm.do("undo", made.plan_id, "--yes")
    assert "5 taken back and looked at again, 0 were out already" in ran.out
    assert dump(firm) == before != after
    assert [each["PrivateNote"][:6] for each in firm.marked("Payment", "PrivateNote")] == ["Voided", "Voided"]
    posts = len(firm.heard)
    again = firm.do("undo", made.plan_id, "--yes")
    assert f"Nothing is to be taken back: all that {made.plan_id} wrote is out of the books already." in again.out
    assert [call for call in firm.heard[posts:] if call.method == "POST"] == []
    assert firm.do("undo", made.plan_id, "--yes", "--json").json["done"] == []
    anew = firm.do("apply", made.plan_id, "--yes").out
    assert "0 written and read back, 5 were written before" in anew
    assert "5 of them were taken back since, and are not written again by themselves. To post them again: " in anew
    assert dump(firm) == before
    firm.do("verify")


@pytest.mark.req("M5", "F28")
def test_an_undo_restores_the_books_through_a_kill_and_leaves_what_people_edited_closed_or_banked(firm: Firm) -> None:
    with firm.desk() as desk:
        setup.choose_accounts(desk, "stripe", {}, BookingPattern.DEPOSIT)
    firm.do("review", "allocate", "ch_walk_3", "W-2=80.00")
    before = dump(firm)
    with firm.desk() as desk:
        run = applied(desk)
    assert firm.run("undo", run.plan_id, "--yes", crash_at="post.sent:2").code == KILLED
    assert dump(firm) != before
    until_quiet(firm, "undo", run.plan_id, "--yes")
    assert dump(firm) == before
    with firm.desk() as desk:
        say_again(desk, run.plan_id)
        second = applied(desk)
        early, edited, banked = sorted(
            (each["TxnDate"], each["Id"]) for each in firm.marked("Payment", "PrivateNote") if each["TotalAmt"] != "0"
        )
        people(firm, lambda office: office.close_through(early[0]))
        people(firm, lambda office: office.edit("Payment", edited[1], TotalAmt=260))
        people(firm, lambda office: office.bank([banked[1]]))
        held = dump(firm)
        made, done = undone(desk, second.plan_id)
    assert (made.lines, done.posted.done, dump(firm)) == ((), [], held)
    reasons = told(made)
    assert "the books are closed through 2026-03-16" in reasons[early[1]]
    assert "amount: asked 250.50 USD, written 250.50 USD, now 260.00 USD" in reasons[edited[1]]
    assert "banks it, which is not ours" in reasons[banked[1]]


def test_it_is_taken_back_in_the_order_in_which_one_rests_upon_the_other(firm: Firm) -> None:
    with firm.desk() as desk:
        made, done = undone(desk, applied(desk).plan_id)
    assert kinds(made) == ["transfer", "expense", "expense", "payment", "payment"]
    assert [str(row.kind) for row in done.posted.done] == ["void"] * 5
    assert {effect.account: effect.amount.minor for effect in made.effects()} == {
        "Accounts receivable: Acme Bakery": 12_000,
        "Accounts receivable: Bolt Bikes": 25_050,
        "Checking": -36_472,
        "Stripe Clearing": 0,
        "Stripe Fees": -578,
    }


def test_in_the_deposit_pattern_the_deposit_goes_first_and_its_run_before_that_of_its_payments(firm: Firm) -> None:
    with firm.desk() as desk:
        setup.choose_accounts(desk, "stripe", {}, BookingPattern.DEPOSIT)
        before = dump(firm)
        payments, deposit = applied(desk), applied(desk)
        held, nothing_done = undone(desk, payments.plan_id)
        assert (held.lines, nothing_done.posted.done) == ((), [])
        assert [each.code for each in held.left_out] == [FindingCode.NOT_UNDONE] * 2
        assert held.left_out[0].next_step == f"First: receivables undo {deposit.plan_id}"
        first, _ = undone(desk, deposit.plan_id)
        assert kinds(first) == ["deposit"]
        second, done = undone(desk, payments.plan_id)
        assert (kinds(second), done.not_landed) == (["payment", "payment"], ())
        assert make_plan(desk).lines == ()
    assert dump(firm) == before


def test_refunds_disputes_and_failed_payouts_are_taken_back_to_the_cent_what_rests_upon_others_first(
    tmp_path: Path,
) -> None:
    with open_firm(tmp_path, GOLDEN) as firm:
        firm.connect_quickly()
        before = dump(firm)
        with firm.desk() as desk:
            runs = [applied(desk)]
            while runs[-1].lines:
                runs.append(applied(desk))
            waits = [each for each in plan_undo(desk, runs[0].plan_id, nothing).left_out if each.next_step]
            assert {each.next_step for each in waits} == {f"First: receivables undo {runs[1].plan_id}"}
            assert all("books what went back of it" in each.sentence for each in waits)
            made = [undone(desk, run.plan_id) for run in reversed(runs) if run.lines]
            assert {kind for each, _ in made for kind in kinds(each)} == {"transfer", "journal", "expense", "payment"}
            assert [(each.left_out, done.stale, done.not_landed) for each, done in made] == [((), (), ())] * len(made)
            assert make_plan(desk).lines == ()
        assert dump(firm) == before


def test_what_lies_in_a_closed_period_stays_and_is_named(firm: Firm) -> None:
    with firm.desk() as desk:
        run = applied(desk)
        people(firm, lambda office: office.close_through("2026-03-16"))
        made, done = undone(desk, run.plan_id)
    assert len(done.posted.done) == 3
    closed = [each for each in made.left_out if each.code is FindingCode.CLOSED_PERIOD]
    assert len(closed) == len(made.left_out) == 2
    assert "it lies on 2026-03-16, and the books are closed through 2026-03-16" in closed[0].sentence


def test_a_period_that_is_closed_between_the_question_and_the_answer_is_not_written_into(firm: Firm) -> None:
    with firm.desk() as desk:
        made = plan_undo(desk, applied(desk).plan_id, nothing)
        people(firm, lambda office: office.close_through("2026-12-31"))
        done = apply_plan(desk, made, nothing, nothing)
    assert done.posted.done == []
    assert [each.code for each in done.stale] == [FindingCode.CLOSED_PERIOD] * 5


EDITS: tuple[tuple[Callable[[Any], object], str], ...] = (
    (
        lambda office: office.edit("Payment", FIRST_PAYMENT, TotalAmt=130),
        "amount: asked 120.00 USD, written 120.00 USD, now 130.00 USD",
    ),
    (
        lambda office: office.edit("Payment", FIRST_PAYMENT, TxnDate="2026-03-20"),
        "day: asked 2026-03-16, written 2026-03-16, now 2026-03-20",
    ),
    (
        lambda office: office.edit(
            "Payment", FIRST_PAYMENT, DepositToAccountRef={"value": office.find("Account", "Checking")}
        ),
        "account: asked Stripe Clearing, written Stripe Clearing, now Checking",
    ),
    (
        lambda office: office.unapply(FIRST_PAYMENT),
        "settles: asked W-1 120.00 USD, written W-1 120.00 USD, now nothing",
    ),
    (lambda office: office.edit("Payment", FIRST_PAYMENT, PaymentRefNum="cheque 88"), "now cheque 88"),
    (lambda office: office.edit("Payment", FIRST_PAYMENT, PrivateNote="mine"), "our mark: asked"),
)


def test_what_a_person_edited_since_stays_with_what_was_asked_written_and_is_now(firm: Firm) -> None:
    with firm.desk() as desk:
        run = applied(desk)
        for count, (edit, said) in enumerate(EDITS, start=1):
            people(firm, edit)
            made = plan_undo(desk, run.plan_id, nothing, [1])
            (left,) = made.left_out
            assert (made.lines, left.code) == ((), FindingCode.NOT_UNDONE)
            assert [words in left.sentence for _, words in EDITS[:count]] == [True] * count, said
        whole, done = undone(desk, run.plan_id)
    assert kinds(whole) == ["transfer", "expense", "expense", "payment"]
    assert len(done.posted.done) == 4
    (theirs,) = [each for each in firm.books("Payment") if each["Id"] == FIRST_PAYMENT]
    assert (theirs["TotalAmt"], theirs["PrivateNote"]) == ("130", "mine")


def test_an_edit_that_changes_nothing_we_wrote_does_not_keep_an_entry(firm: Firm) -> None:
    before = dump(firm)
    with firm.desk() as desk:
        run = applied(desk)
        people(firm, lambda office: office.edit("Payment", FIRST_PAYMENT, TxnDate="2026-03-20"))
        people(firm, lambda office: office.edit("Payment", FIRST_PAYMENT, TxnDate="2026-03-16"))
        _, done = undone(desk, run.plan_id)
    assert (len(done.posted.done), done.posted.dead, done.stale) == (5, [], ())
    assert dump(firm) == before


def test_what_is_edited_between_the_question_and_the_answer_stays(firm: Firm) -> None:
    with firm.desk() as desk:
        made = plan_undo(desk, applied(desk).plan_id, nothing)
        people(firm, lambda office: office.edit("Payment", FIRST_PAYMENT, TotalAmt=130))
        done = apply_plan(desk, made, nothing, nothing)
    assert len(done.posted.done) == 4
    (stale,) = done.stale
    assert "changed since the plan was made" in stale.sentence
    assert firm.open_balances()["W-1"] == 0


def test_a_payment_that_somebody_banked_stays_whenever_that_was_and_goes_once_it_is_free(firm: Firm) -> None:
    with firm.desk() as desk:
        setup.choose_accounts(desk, "stripe", {}, BookingPattern.DEPOSIT)
        made = plan_undo(desk, applied(desk).plan_id, nothing)
        people(firm, lambda office: office.bank([FIRST_PAYMENT]))
        done = apply_plan(desk, made, nothing, nothing)
        (dead,) = done.posted.dead
        assert "is part of deposit" in dead.fault
        assert len(done.posted.done) == 1
        held = plan_undo(desk, made.undoes, nothing)
        (left,) = [each for each in held.left_out if each.code is FindingCode.NOT_UNDONE]
        assert "banks it, which is not ours" in left.sentence
        people(firm, lambda office: office.delete("Deposit", firm.books("Deposit")[-1]["Id"]))
        again, last = undone(desk, made.undoes)
    assert (kinds(again), len(last.posted.done)) == (["payment"], 1)


def test_what_people_voided_or_deleted_already_counts_as_undone_and_is_listed_so(firm: Firm) -> None:
    before = dump(firm)
    with firm.desk() as desk:
        run = applied(desk)
    people(firm, lambda office: office.void("Payment", FIRST_PAYMENT))
    people(firm, lambda office: office.delete("Payment", SECOND_PAYMENT))
    people(firm, lambda office: office.delete("Transfer", firm.books("Transfer")[0]["Id"]))
    ran = firm.do("undo", run.plan_id, "--yes")
    words = " ".join(ran.out.replace("│", " ").split())
    assert "payment 2 of 120.00 USD, was voided in the books by a person already; it counts as undone" in words
    assert "was deleted in the books by a person already; it counts as undone" in words
    assert "2 taken back and looked at again, 3 were out already, 0 waiting, 0 refused, 0 not taken back" in words
    assert dump(firm) == before


def test_what_is_deleted_between_the_question_and_the_answer_counts_as_undone_too(firm: Firm) -> None:
    before = dump(firm)
    with firm.desk() as desk:
        made = plan_undo(desk, applied(desk).plan_id, nothing)
        for entity in ("Transfer", "Purchase"):
            for each in firm.books(entity):
                people(firm, lambda office, e=entity, i=each["Id"]: office.delete(e, i))  # type: ignore[misc]
        done = apply_plan(desk, made, nothing, nothing)
        rest, last = undone(desk, made.undoes)
    assert len(done.posted.done) == 2
    assert (rest.lines, last.stale) == ((), ())
    assert dump(firm) == before


def lost_answers(firm: Firm, kind: str) -> None:
    name, _, argument = kind.partition(" ")
    before = dump(firm)
    with firm.desk() as desk:
        run = applied(desk)
    for entity in ("payment", "purchase", "transfer"):
        firm.faults("quickbooks", f"POST /v3/company/*/{entity} 1 {name} {argument}")
    until_quiet(firm, "undo", run.plan_id, "--yes")
    assert dump(firm) == before
    firm.do("verify")


def test_a_lost_answer_to_taking_back_leaves_the_books_as_before(firm: Firm) -> None:
    lost_answers(firm, "drop-after")


@pytest.mark.gate
@pytest.mark.parametrize("kind", ["drop-before", "truncate", "status-after 502", "status-before 503"])
def test_a_broken_answer_to_taking_back_leaves_the_books_as_before(firm: Firm, kind: str) -> None:
    lost_answers(firm, kind)


POINTS = ("apply.rows-stored", "post.sent:4")
EVERY = (
    "apply.synced",
    "apply.posted",
    *(f"post.{at}:{nth}" for at in ("before-sending", "sending", "sent", "read-back", "done") for nth in range(1, 6)),
)


def killed_and_resumed(firm: Firm, point: str) -> None:
    before = dump(firm)
    with firm.desk() as desk:
        run = applied(desk)
    assert firm.run("undo", run.plan_id, "--yes", crash_at=point).code == KILLED
    until_quiet(firm, "undo", run.plan_id, "--yes")
    assert dump(firm) == before
    with firm.desk() as desk:
        assert make_plan(desk).lines == ()
    firm.do("verify")


@pytest.mark.parametrize("point", POINTS)
def test_an_undo_killed_anywhere_goes_on_and_leaves_the_books_as_before(firm: Firm, point: str) -> None:
    killed_and_resumed(firm, point)


@pytest.mark.gate
@pytest.mark.parametrize("point", [each for each in EVERY if each not in POINTS])
def test_an_undo_killed_at_any_other_point_goes_on_and_leaves_the_books_as_before(firm: Firm, point: str) -> None:
    killed_and_resumed(firm, point)


@pytest.mark.gate
def test_an_undo_that_was_killed_is_carried_on_by_apply_as_well(firm: Firm) -> None:
    before = dump(firm)
    with firm.desk() as desk:
        run = applied(desk)
    assert firm.run("undo", run.plan_id, "--yes", crash_at="post.sent:2").code == KILLED
    until_quiet(firm, "apply", "--yes")
    assert dump(firm) == before


def test_what_an_unfinished_run_never_sent_is_called_off_and_the_rest_is_taken_back(firm: Firm) -> None:
    before = dump(firm)
    made = planned(firm)
    assert firm.run("apply", "--yes", crash_at="post.before-sending:3").code == KILLED
    shown = firm.do("undo", made, "--show").out
    assert f"3 writes of {made} are unfinished" in shown
    firm.do("undo", made, "--yes")
    assert dump(firm) == before
    firm.run("apply", made, "--yes")
    assert dump(firm) == before, "what was called off is not written by applying the run again"


def test_what_may_have_arrived_is_looked_up_and_taken_back_where_it_did(firm: Firm) -> None:
    before = dump(firm)
    made = planned(firm)
    assert firm.run("apply", "--yes", crash_at="post.sent:2", RECEIVABLES_SETTLE_PAYMENT="3600").code == KILLED
    firm.do("undo", made, "--yes", RECEIVABLES_SETTLE_PAYMENT="3600")
    assert dump(firm) == before


def test_what_may_still_arrive_is_neither_taken_back_nor_sent_again_and_the_rest_goes(firm: Firm) -> None:
    before = dump(firm)
    made = planned(firm)
    firm.faults("quickbooks", "POST /v3/company/*/payment 1 drop-before")
    slow = {"RECEIVABLES_SETTLE_PAYMENT": "3600"}
    assert firm.run("apply", "--yes", **slow).code == 1
    ran = firm.run("undo", made, "--yes", **slow)
    assert ran.code == 1
    assert "It is not sent again." in " ".join(ran.out.replace("│", " ").split())
    assert dump(firm) == before
    firm.run("apply", made, "--yes")
    assert dump(firm) == before, "long after it could have arrived it is still not sent again"
    firm.do("undo", made, "--yes")
    with firm.desk() as desk:
        assert {row.state.value for row in desk.store.outbox(desk.id)} == {"done", "dead"}


def test_only_some_lines_are_taken_back_and_the_rest_later(firm: Firm) -> None:
    before = dump(firm)
    with firm.desk() as desk:
        run = applied(desk)
        some, _ = undone(desk, run.plan_id, 2, 4)
        assert kinds(some) == ["expense", "payment"]
        assert firm.open_balances()["W-3"] > firm.open_balances()["W-1"] == 0
        with pytest.raises(UserError, match="no line 9"):
            plan_undo(desk, run.plan_id, nothing, [9])
        rest, _ = undone(desk, run.plan_id)
    assert kinds(rest) == ["transfer", "expense", "payment"]
    assert dump(firm) == before


def test_a_plan_of_which_nothing_was_written_has_nothing_to_undo(firm: Firm) -> None:
    made = planned(firm)
    ran = firm.run("undo", made, "--yes")
    assert (ran.code, f"Nothing of {made} was written." in ran.err) == (2, True)


def test_apply_without_a_name_never_takes_an_undo_that_was_only_shown(firm: Firm) -> None:
    with firm.desk() as desk:
        run = applied(desk)
        after = dump(firm)
        plan_undo(desk, run.plan_id, nothing)
    firm.run("apply", "--yes")
    assert dump(firm) == after


def test_notes_stay_where_they_were_said(firm: Firm) -> None:
    firm.do("log", "W-2", "--outcome", "no-answer", "--said", "rang out", "--yes")
    with firm.desk() as desk:
        sync_all(desk, nothing)
        undone(desk, applied(desk).plan_id)
    assert len(firm.marked("Attachable", "Note")) == 1
