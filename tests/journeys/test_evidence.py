"""Every payment of the demo's firm ends with evidence that can be computed again, or with a reason and a next step."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.app import reviewing
from connector.app.books import apply_plan, make_plan, reconcile_all
from connector.app.keeping import all_kept
from connector.app.proof import money_rows
from connector.dates import business_date
from connector.model.finding import FindingCode, Ground
from connector.reconcile.cash.recheck import faults
from connector.reconcile.cash.record import Company
from connector.testing.demo_world import demo_world
from tests.journeys.firm import open_firm


@pytest.mark.req("M7")
def test_every_match_keeps_evidence_that_holds_and_everything_else_a_reason_and_a_next_step(tmp_path: Path) -> None:
    _, _, maple = demo_world(business_date("2026-03-31")).partition("\ncompany  Maple")
    with open_firm(tmp_path, "company  Maple" + maple) as firm:
        firm.connect_quickly()
        with firm.desk() as desk:
            waiting = reviewing.waiting(desk)
            outcome = reconcile_all(desk).outcome
            seen = desk.snapshot()
            made = make_plan(desk)
            apply_plan(desk, made, lambda *_: None, lambda _row: None)
            kept = all_kept(desk)
            rows = money_rows(desk.snapshot(), reconcile_all(desk).outcome, kept)
            assert desk.store.verify(desk.id) == ()
    listed = {finding.refs[0]: finding for finding in outcome.findings}
    decided = {decision.payment: decision for decision in outcome.decisions}
    assert set(decided) | set(listed) >= {ref for ref in seen.payments if not seen.in_books(ref)}
    by_engine = {ref for ref, each in decided.items() if each.ground is not Ground.SOURCE_LINK and each.beside is None}
    assert len(by_engine) > 30
    assert by_engine | {row.payment for row in waiting} <= set(kept)
    for ref, each in kept.items():
        head = Company(company="", policy=each.policy, customers=0, items=0, decided=0, undecided=0)
        assert list(faults(each.line, head)) == [], ref
    for finding in (*outcome.findings, *made.left_out):
        assert finding.code
        assert finding.sentence.endswith(".")
        assert finding.next_step.endswith((".", "plan", "apply", "sync")), finding.next_step
    posted = {row.ref: row.because for row in rows if row.fate == "applied" and row.ref in by_engine}
    assert len(posted) > 30
    assert all(" = " in because for because in posted.values())


@pytest.mark.req("M7")
def test_every_write_that_is_blocked_carries_a_code_a_sentence_and_a_next_step(tmp_path: Path) -> None:
    with open_firm(tmp_path) as firm:
        firm.connect_quickly()
        plan = firm.do("plan", "--json").json
        assert len(plan["lines"]) > 1
        firm.faults("quickbooks", "POST /v3/company/*/payment 1 status-before 400")
        ran = firm.run("apply", plan["plan_id"], "--yes", "--json")
        again = firm.run("apply", plan["plan_id"], "--yes", "--json")
        text = firm.run("apply", plan["plan_id"], "--yes").out
    refused = [each["finding"] for each in ran.json["refused"]]
    blocked = [*refused, *ran.json["changed_since"], *again.json["changed_since"], *plan["left_out"]]
    assert refused
    assert again.json["changed_since"]
    codes = {code.value for code in FindingCode}
    for each in blocked:
        assert each["code"] in codes
        assert each["sentence"].endswith(".")
        assert each["next_step"]
    assert "receivables plan" in text
