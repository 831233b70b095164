"""The demo as a newcomer runs it: from nothing to a page, with no key, no account and no network."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DEMO_SECONDS_MAX = 60

WATCH = """
import sys

def watch(event, arguments):
    if event == "socket.connect":
        address = arguments[1]
        if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1"):
            raise SystemExit(f"the demo reached for {address[0]}")
    if event == "socket.getaddrinfo" and arguments[0] not in ("127.0.0.1", "localhost", "::1", None):
        raise SystemExit(f"the demo asked for {arguments[0]}")

sys.addaudithook(watch)
"""
"""Laid beside the demo's processes as their sitecustomize: the interpreter itself reports every connection."""


def demo(folder: Path, *arguments: str) -> tuple[subprocess.CompletedProcess[str], str]:
    """Run it in an empty home, watched; its result and its page."""
    (folder / "sitecustomize.py").write_text(WATCH, encoding="utf-8")
    home = folder / "home"
    home.mkdir(exist_ok=True)
    page = folder / "demo.html"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RECEIVABLES_")}
    problems = folder / "problems.txt"
    judged = {"RECEIVABLES_STANDIN_JUDGE": "tests.judges", "RECEIVABLES_STANDIN_PROBLEMS": str(problems)}
    ran = subprocess.run(
        [sys.executable, "-m", "connector", "demo", "--once", "--out", str(page), *arguments],
        env={**kept, **judged, "HOME": str(home), "PYTHONPATH": f"{folder}{os.pathsep}{Path.cwd()}"},
        capture_output=True,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=DEMO_SECONDS_MAX,
        check=False,
    )
    assert not problems.exists(), problems.read_text(encoding="utf-8")
    return ran, page.read_text(encoding="utf-8") if page.exists() else ""


@pytest.mark.req("M1")
def test_the_demo_ends_well_with_a_page_that_loads_nothing(tmp_path: Path) -> None:
    ran, page = demo(tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert "Traceback" not in ran.stderr
    assert [int(number) for number in re.findall(r"(?m)^(\d+)\. ", ran.stdout)] == list(range(1, 10))
    assert str(tmp_path / "demo.html") in ran.stdout
    assert "Harbor Supply" in page
    assert "Maple &amp; Pine Studio" in page
    assert len(re.findall(r"never guessed: .* names no invoice, and its amount fits \S+ and \S+\.", ran.stdout)) == 2
    assert len(re.findall(r"Dana says yes: Its text names \S+, and .* less the credit CM-", ran.stdout)) == 2
    # The evidence of what was decided: the sentence, and the sum that has to hold.
    assert len(re.findall(r"[\d,.]+ USD = \S+ [\d,.]+\.", page)) > 50
    assert len(re.findall(r"Dana decided it on .* less the credit CM-\S+ [\d,.]+ USD = \S+ [\d,.]+ - CM-", page)) == 2
    assert not re.search(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//|@import|url\(\s*["']?https?:""", page)
    for line in re.findall(r"Accounts receivable \w{3}: ([\d,.]+ \w{3}), equal to the cent", ran.stdout):
        assert line in page
    assert list((tmp_path / "home").iterdir()) == []


def test_a_cent_shifted_in_the_doubles_ends_the_demo_badly_and_names_its_row(tmp_path: Path) -> None:
    ran, page = demo(tmp_path, "--corrupt", "1")
    assert ran.returncode == 1
    told = re.search(r"On purpose: (.+)", ran.stdout)
    assert told is not None
    names = [
        name for name in re.findall(r"\b(?:[A-Z]{1,4}-\d+|[a-z]{2,4}_\w+)\b", told.group(1)) if "acct_" not in name
    ]
    assert names
    assert any(name in ran.stderr for name in names)
    assert any(name in page for name in names)
