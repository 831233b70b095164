"""What was decided and posted by itself is taken back in one step, in both systems, and why it was decided is kept."""

from __future__ import annotations

import json

import pytest

from connector.app.books import apply_plan, make_plan
from connector.app.keeping import kept
from connector.model.intent import PostPayment
from tests.journeys.firm import Firm, nothing


def dump(firm: Firm, system: str) -> str:
    """All that a double holds, without ids and times."""
    double = firm.doubles[system]
    return json.dumps(double.behind(lambda: double.stand_in.dump(normalised=True)), sort_keys=True, default=str)


@pytest.mark.req("R17")
def test_automatic_decisions_are_taken_back_in_one_step_in_both_systems_once_and_keep_their_evidence(
    firm: Firm,
) -> None:
    before = {system: dump(firm, system) for system in firm.doubles}
    with firm.desk() as desk:
        made = make_plan(desk)
        apply_plan(desk, made, nothing, nothing)
        payments = [line.intent.about for line in made.lines if isinstance(line.intent, PostPayment)]
        evidence = {payment: kept(desk, payment) for payment in payments}
    assert len(evidence) > 1
    assert None not in evidence.values()
    assert dump(firm, "quickbooks") != before["quickbooks"]
    assert dump(firm, "stripe") == before["stripe"], "a decision writes nothing to the processor"
    firm.do("undo", made.plan_id, "--yes")
    assert {system: dump(firm, system) for system in firm.doubles} == before
    writes = len([call for call in firm.heard if call.method == "POST"])
    assert firm.do("undo", made.plan_id, "--yes", "--json").json["done"] == []
    assert len([call for call in firm.heard if call.method == "POST"]) == writes
    with firm.desk() as desk:
        assert {payment: kept(desk, payment) for payment in payments} == evidence
        assert desk.store.verify(desk.id) == ()
    firm.do("explain", "--check-stored")
