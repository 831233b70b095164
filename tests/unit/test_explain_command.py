"""`receivables explain PAYMENT`: what a decision stands on in a person's words, why there is none, and that it is
computed again before it is shown."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from connector.__main__ import run

# ruff: noqa: E501  the files' own headers
CUSTOMERS = """tenant_id,customer_id,name,parent_id,currency,terms_days,discount_bp,discount_days,wht_bp,email,processor_customer,bank_account
t,c1,Acme Works,,USD,30,200,60,0,,,
t,c2,Borealis Paper,,USD,30,0,0,0,,,
"""
INVOICES = """tenant_id,invoice_id,kind,doc_number,customer_id,currency,amount_minor,issue_date,due_date
t,i1,invoice,INV-1001,c1,USD,5000000,2024-01-01,2024-01-31
t,i2,invoice,INV-1002,c2,USD,700,2024-01-01,2024-01-31
t,i3,invoice,INV-1003,c2,USD,700,2024-01-02,2024-02-01
"""
PAYMENTS = """tenant_id,payment_id,kind,source,date,currency,amount_minor,fee_minor,payer_name,payer_account,processor_customer,payer_email,remittance,metadata_invoice_id,related_payment_id
t,p1,payment,bank,2024-01-20,USD,4900000,0,Acme Works,,,,inv 1001 thank you,,
t,p2,payment,bank,2024-01-20,USD,700,0,Borealis Paper,,,,,,
"""


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    for name, body in (("customers", CUSTOMERS), ("invoices", INVOICES), ("payments", PAYMENTS)):
        (tmp_path / f"{name}.csv").write_text(body)
    path = tmp_path / "evidence"
    files = ["--out", str(tmp_path / "out"), "--findings", str(tmp_path / "findings"), "--evidence", str(path)]
    assert run(["match", "--in", str(tmp_path), *files, "--proposals", str(tmp_path / "proposals")]) == 0
    return path


def said(captured: pytest.CaptureFixture[str]) -> str:
    return " ".join(captured.readouterr().out.split())


def test_a_decision_is_told_with_its_text_its_equation_and_its_rule(
    evidence: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert run(["explain", "p1", "--evidence", str(evidence)]) == 0
    told = said(capsys)
    for part in (
        "Payment p1 of 49,000.00 USD on 2024-01-20: decided (reference-adjusted).",
        "Its text names INV-1001, and it is what was open of that less 1,000.00 USD of discount (2 % within 60 days).",
        "Payer: c1, by its name: Acme Works",
        "[inv 1001] thank you",
        "1,000.00 USD of discount on INV-1001: permitted, 2 % within 60 days.",
        "49,000.00 USD = 49,000.00 USD; with 1,000.00 USD permitted, 50,000.00 USD is settled",
        "Computed again from this evidence alone: it holds.",
    ):
        assert part in told


def test_what_was_not_decided_is_told_with_its_rivals_its_proposals_and_the_next_step(
    evidence: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert run(["explain", "p2", "--evidence", str(evidence)]) == 0
    told = said(capsys)
    for part in (
        "not decided (equal-items)",
        "It names no invoice, and its amount fits INV-1002 and INV-1003.",
        "Next: Choose one; or allow oldest first among identical invoices.",
        "Rival: INV-1002. It could be this.",
        "Rival: INV-1003. It could be this.",
        "It may be for INV-1002, which is of the same amount.",
        "It may be for INV-1003, which is of the same amount.",
    ):
        assert part in told


def test_a_program_gets_the_evidence_itself(evidence: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run(["explain", "p1", "--evidence", str(evidence), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["holds"], told["faults"], told["evidence"]["payment"]["id"]) == (True, [], "p1")


def test_a_payment_of_which_the_file_says_nothing_is_refused_in_one_sentence(
    evidence: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert run(["explain", "p9", "--evidence", str(evidence)]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "Error: evidence says nothing of a payment 'p9'.",
        "Next:  Use its id as it stands in payments.csv; the file must be of that run.",
    ]


def test_evidence_that_was_altered_is_told_and_ends_otherwise(
    evidence: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evidence.write_text(evidence.read_text().replace('"applied":5000000', '"applied":4999999'))
    capsys.readouterr()
    assert run(["explain", "p1", "--evidence", str(evidence)]) == 1
    assert "Does not hold: " in said(capsys)
    assert run(["explain", "p2", "--evidence", str(evidence)]) == 0


@pytest.mark.parametrize("words", [[], ["p1", "--check", "evidence"]])
def test_either_one_payment_is_explained_or_a_file_is_checked(words: list[str]) -> None:
    assert run(["explain", *words]) == 2


def test_the_findings_and_the_proposals_list_the_rivals(evidence: Path) -> None:
    finding, *others = csv.DictReader((evidence.parent / "findings").read_text().splitlines())
    assert not others
    assert (finding["payment_id"], finding["code"], finding["rivals"]) == ("p2", "equal-items", "i2 | i3")
    rows = list(csv.DictReader((evidence.parent / "proposals").read_text().splitlines()))
    assert [(row["rank"], row["invoice_id"], row["pay_minor"]) for row in rows[:2]] == [
        ("1", "i2", "700"),
        ("2", "i3", "700"),
    ]
