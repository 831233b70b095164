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


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the demo ran once, for tests that only look."""
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def told(home: Path) -> tuple[subprocess.CompletedProcess[str], str]:
    return demo(home)


@pytest.mark.req("M1")
def test_the_demo_ends_well_with_a_page_that_loads_nothing(
    home: Path, told: tuple[subprocess.CompletedProcess[str], str]
) -> None:
    ran, page = told
    assert ran.returncode == 0, ran.stderr
    assert "Traceback" not in ran.stderr
    assert [int(number) for number in re.findall(r"(?m)^(\d+)\. ", ran.stdout)] == list(range(1, 14))
    assert str(home / "demo.html") in ran.stdout
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
    assert list((home / "home").iterdir()) == []


@pytest.mark.req("W2")
def test_the_plug_is_pulled_in_the_middle_of_writing_and_the_whole_run_is_undone(
    told: tuple[subprocess.CompletedProcess[str], str],
) -> None:
    ran, page = told
    assert ran.returncode == 0, ran.stderr
    scenes = re.split(r"(?m)^\d+\. ", ran.stdout)
    (pulled,) = [scene for scene in scenes if scene.startswith("Pull the plug")]
    done, lines = figures(r"Outbox, done: (\d+) of (\d+)", pulled)
    (in_doubt,) = figures(r"sent and no answer stored: (\d+)", pulled)
    (waiting,) = figures(r"not sent yet: (\d+)", pulled)
    objects, unknown = figures(r"marked as ours: (\d+): (\d+) more than we know of", pulled)
    assert done + in_doubt + waiting == lines
    assert objects == done + unknown
    # The object of the write that was killed, and the one whose answer was lost, are both in the books.
    assert unknown == in_doubt == 2
    assert waiting > 0
    (resumed,) = [scene for scene in scenes if scene.startswith("Resume")]
    assert f"Planned: {lines} lines\n" in resumed
    assert f"In the books, marked as ours: {lines}, each once\n" in resumed
    assert "Proof: green\n" in resumed
    (undone,) = [scene for scene in scenes if scene.startswith("Undo")]
    back, of = figures(r"Taken back: (\d+) of (\d+)", undone)
    assert back == of > 100
    assert "Could not be taken back: 0\n" in undone
    assert "The books beside those before: equal, field by field\n" in undone
    for title in ("Pull the plug", "Resume", "Undo"):
        assert title in page


def figures(pattern: str, text: str) -> tuple[int, ...]:
    """The numbers that a pattern finds once."""
    found = re.search(pattern, text)
    assert found is not None, (pattern, text)
    return tuple(int(number) for number in found.groups())


def test_a_cent_shifted_in_the_doubles_ends_the_demo_badly_and_names_its_row(tmp_path: Path) -> None:
    ran, page = demo(tmp_path, "--corrupt", "2")
    assert ran.returncode == 1
    told = re.search(r"On purpose: (.+)", ran.stdout)
    assert told is not None
    names = [
        name for name in re.findall(r"\b(?:[A-Z]{1,4}-\d+|[a-z]{2,4}_\w+)\b", told.group(1)) if "acct_" not in name
    ]
    assert names
    assert any(name in ran.stderr for name in names)
    assert any(name in page for name in names)
