"""Writes that did not go through: what is only delayed goes on by itself, the rest waits with its cause and remedy."""

from __future__ import annotations

import pytest

from connector.app.books import apply_plan, make_plan
from connector.app.calling_off import NEVER
from connector.app.parked import Parked, parked
from connector.app.proof import prove
from connector.app.standing import Status, status
from connector.store import OutboxState
from tests.journeys.firm import KILLED, Firm, nothing
from tests.journeys.test_undo import people, planned


def standing(firm: Firm) -> Status:
    with firm.desk() as desk:
        return status(desk)


def lot(firm: Firm) -> list[Parked]:
    with firm.desk() as desk:
        return list(parked(desk.store.outbox(desk.id)))


@pytest.mark.gate
@pytest.mark.req("F32")
def test_a_passing_fault_is_waited_out_and_a_refusal_is_parked_with_cause_and_remedy_until_it_is_done(
    firm: Firm,
) -> None:
    firm.faults(
        "quickbooks", "GET /v3/company/*/query 1 status-before 503\nGET /v3/company/*/query 2 status-before 503"
    )
    firm.faults("quickbooks", "POST /v3/company/*/purchase 1 answer-before gone")
    with firm.desk() as desk:
        done = apply_plan(desk, make_plan(desk), nothing, nothing)
        assert len(done.posted.dead) == 1
    (waits,) = lot(firm)
    assert (waits.state, waits.plan_id is not None, waits.line > 0) == ("refused", True, True)
    assert waits.cause
    assert waits.next_step
    told = firm.do("findings")
    assert waits.subject in told.out.replace("\n", "")
    assert firm.do("findings", "--json").json["parked"][0]["cause"] == waits.cause
    shown = firm.run("status")
    assert shown.code == 1
    assert "1 writes refused" in shown.out
    with firm.desk() as desk:
        again = apply_plan(desk, make_plan(desk), nothing, nothing)
        assert len(again.posted.done) == 1
        assert prove(desk).failed == 0
    assert lot(firm) == []
    assert standing(firm).over == 1, "what another write stands for is no failure any more"


def test_what_was_called_off_is_neither_refused_nor_a_failure(firm: Firm) -> None:
    made = planned(firm)
    assert firm.run("apply", "--yes", crash_at="post.before-sending:3").code == KILLED
    firm.do("undo", made, "--yes")
    found = standing(firm)
    assert (found.outbox["dead"], found.called_off, found.failed, found.parked) == (0, 3, 0, ())


def test_a_write_in_doubt_of_an_undone_run_is_held_until_a_person_decides_and_nobody_reads_of_the_year_9999(
    firm: Firm,
) -> None:
    made = planned(firm)
    firm.faults("quickbooks", "POST /v3/company/*/payment 1 drop-after")
    assert firm.run("apply", "--yes", RECEIVABLES_SETTLE_PAYMENT="86400").code == 1
    with firm.desk() as desk:
        (row,) = [each for each in desk.store.outbox(desk.id) if each.state is OutboxState.UNSURE]
        with desk.lease("books") as lease:
            desk.store.outbox_unsure(desk.id, row.op_id, f"{made} is undone; it is not sent again.", NEVER, lease)
    (waits,) = lot(firm)
    assert (waits.state, waits.until) == ("held", None)
    assert "held until you decide" in waits.next_step
    for words in (("status",), ("findings",)):
        assert "9999" not in firm.run(*words).out


def test_a_customer_who_went_meanwhile_is_named_with_what_to_do(firm: Firm) -> None:
    with firm.desk() as desk:
        made = make_plan(desk)
    people(firm, lambda office: office.deactivate(office.find("Customer", "Acme Bakery"), balancing=False))
    with firm.desk() as desk:
        done = apply_plan(desk, made, nothing, nothing)
    assert done.stale
    assert all(each.sentence and each.next_step for each in (*done.stale, *done.refused))
