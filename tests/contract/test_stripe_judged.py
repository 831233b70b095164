"""Who judges: every double of Stripe that any test asks, whatever the test is about.

The judges themselves stand trial in `test_vendor_validators`. Here: that no double is asked without one, also where it
is a process of its own or only repeats pages, and that a judge who is given to a process is heard.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.bench import stripe_pages
from tests.house.reading import ROOT, called, sources
from tests.journeys.firm import WALK
from tests.vendor import stripe as judge
from tests.vendor import where

NOT_STRIPE = {
    "tests/contract/test_stripe_standin_hooks.py": "the ear that hears what the double tells",
    "tests/journeys/test_bad_vendor.py": "what is spoiled on its way out is judged before",
}
ASKS_STRIPE = ("adapters.stripe", "tests.stripe_")
LISTS = ("invoices", "charges", "customers", "events", "refunds", "payouts", "balance_transactions")


def unjudged() -> list[str]:
    """Places where a test of Stripe starts a double without an inspector."""
    return [
        f"{file.name}:{node.lineno}"
        for file in sources("tests")
        if any(each in file.text for each in ASKS_STRIPE) and file.name not in NOT_STRIPE
        for node in ast.walk(file.tree)
        if isinstance(node, ast.Call)
        and called(node) == "Server"
        and "inspectors" not in {each.arg for each in node.keywords}
    ]


@pytest.mark.req("S5")
def test_no_double_of_stripe_is_asked_without_a_judge() -> None:
    assert unjudged() == []


@pytest.mark.req("S5")
@pytest.mark.parametrize("path", ["account", "balance", *LISTS])
def test_every_answer_that_is_rendered_beforehand_is_one_of_stripes(path: str) -> None:
    where.schemas("stripe")
    body = stripe_pages.Pages(3, 0).answer(f"/v1/{path}", {})
    assert judge.answer_errors("GET", f"/v1/{path}", 200, body) == []


@pytest.mark.req("S5")
def test_what_a_judge_finds_in_another_process_is_written_down(tmp_path: Path) -> None:
    where.schemas("stripe")
    problems = tmp_path / "problems.txt"
    command = [sys.executable, "-m", "connector", "standin", "stripe", "--world", str(WALK)]
    judged = ["--judge", "tests.judges", "--problems", str(problems)]
    with subprocess.Popen([*command, *judged], cwd=ROOT, stdout=subprocess.PIPE, text=True) as double:
        try:
            hello = json.loads(double.stdout.readline()) if double.stdout is not None else {}
            [settings] = hello["settings"].values()
            headers = {"Authorization": f"Bearer {settings['api_key']}", "Stripe-Version": "2026-10-28.endive"}
            asked = requests.get(f"{hello['url']}/v1/customers", headers=headers, timeout=10)
            assert asked.status_code == 200
            assert not problems.exists()
            requests.get(f"{hello['url']}/v1/customers?planted=1", headers=headers, timeout=10)
        finally:
            double.terminate()
    found = problems.read_text().splitlines()
    assert len(found) == 2, "by the description and by the types"
    assert all(each.startswith("GET /v1/customers: ") and "planted" in each for each in found)


def test_a_judge_that_is_not_there_is_named(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "connector", "standin", "stripe", "--world", str(WALK), "--judge", "nobody.here"]
    ran = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(ROOT)}
    )
    assert ran.returncode == 2
    assert "nobody.here" in ran.stderr
