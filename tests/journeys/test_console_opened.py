"""`receivables open` as its user runs it: the first link, the people, and a console that is killed while it writes."""

from __future__ import annotations

import re
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.journeys import warm
from tests.journeys.firm import KILLED, Firm, open_firm
from tests.journeys.till import free_port
from tests.unit.console_ground import PASSWORD, form_of, words

SECONDS_MAX = 60
POLL_SECONDS = 0.02


@dataclass
class Opened:
    """A running console, and one browser."""

    base: str
    process: warm.Fork
    browser: requests.Session

    def get(self, path: str) -> requests.Response:
        return self.browser.get(self.base + path, timeout=SECONDS_MAX)

    def post(self, path: str, shown_at: str, **fields: str) -> requests.Response:
        form = form_of(self.get(shown_at).text)
        return self.browser.post(self.base + path, data={"form": form, **fields}, timeout=SECONDS_MAX)

    def ended(self, answer: requests.Response) -> str:
        """What a piece of work came to, on the page it led to."""
        until = time.monotonic() + SECONDS_MAX
        path = answer.url.removeprefix(self.base)
        while "under way" in words(answer.text):
            assert time.monotonic() < until
            time.sleep(POLL_SECONDS)
            answer = self.get(path)
        return words(answer.text)


@contextmanager
def opened(firm: Firm, browser: requests.Session, port: int, crash_at: str = "") -> Iterator[Opened]:
    given = {
        **firm.environment,
        "RECEIVABLES_HOME": str(firm.home),
        "RECEIVABLES_ACTOR": "dana",
        "RECEIVABLES_CRASH_AT": crash_at,
    }
    with closing(warm.begin(("open", "--no-browser", "--port", str(port)), given)) as process:
        until = time.monotonic() + SECONDS_MAX
        while "Stop with Ctrl-C" not in process.said()[0]:
            assert time.monotonic() < until
            assert not process.ended(), process.said()
            time.sleep(POLL_SECONDS)
        yield Opened(f"http://127.0.0.1:{port}", process, browser)
        process.send_signal(signal.SIGINT)
        process.wait(SECONDS_MAX)


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    with open_firm(tmp_path) as made:
        made.connect_quickly()
        yield made


@pytest.mark.gate
def test_a_console_that_is_killed_while_it_writes_goes_on_where_it_was_and_writes_nothing_twice(firm: Firm) -> None:
    port, browser = free_port(), requests.Session()
    with opened(firm, browser, port, "apply.rows-stored") as console:
        told = process_said(console)
        found = re.search(r"(/welcome/[\w-]+)", told)
        assert found is not None
        page = console.post(found[1], found[1], password=PASSWORD, again=PASSWORD)
        assert page.url == f"{console.base}/c/main"
        planned = console.ended(console.post("/c/main/plans/make", "/c/main"))
        plan = re.search(r"plan-\w+", planned)
        assert plan is not None
        console.post("/c/main/plan/apply", "/c/main/plans", plan=plan[0])
        assert console.process.wait(SECONDS_MAX) == KILLED
    assert firm.marked("Payment", "PrivateNote") == []
    with opened(firm, browser, port) as console:
        assert "/welcome/" not in process_said(console)
        home = console.get("/c/main").text
        left = re.search(r"/c/main/work\?id=(w-\w+)", home)
        assert left is not None
        assert "Work of dana was cut off; it can go on" in words(home)
        shown = f"/c/main/work?id={left[1]}"
        assert "written and read back" in console.ended(console.post("/c/main/work", shown, id=left[1]))
        assert "were written before" in console.ended(console.post("/c/main/plan/apply", "/c/main", plan=plan[0]))
    assert len(firm.marked("Payment", "PrivateNote")) == 2
    assert firm.run("prove", "--json").json["problems"] == []


def process_said(console: Opened) -> str:
    return console.process.said()[0]


def test_people_are_added_given_other_roles_and_removed_at_the_command_line(firm: Firm) -> None:
    added = firm.do("users", "add", "erin", "--role", "approve", "--name", "Erin E.").out
    assert re.search(r"erin may approve in Walkabout Tools.\n.*http://127.0.0.1:8766/welcome/[\w-]{43}\n", added)
    assert firm.run("users", "add", "Erin", "--role", "view").code == 2
    assert firm.run("users", "add", "tom", "--role", "king").code == 2
    assert firm.run("users", "role", "nobody", "view").code == 2
    told = firm.do("users", "add", "dana", "--role", "admin", "--address", "https://books.example.com", "--json").json
    assert told["url"].startswith("https://books.example.com/welcome/")
    firm.do("users", "role", "erin", "prepare")
    listed = firm.do("users", "list", "--json").json
    assert {(each["person"], each["role"], each["pending"]) for each in listed} == {
        ("dana", "admin", True),
        ("erin", "prepare", True),
    }
    assert "/welcome/" in firm.do("users", "link", "erin").out
    assert firm.run("users", "remove", "dana", "--yes").code == 2
    firm.do("users", "remove", "erin", "--yes")
    assert firm.run("users", "remove", "erin", "--yes").code == 2
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        refused = firm.run("open", "--no-browser", "--port", str(taken.getsockname()[1]))
    assert refused.code == 3
    assert "is in use" in refused.err
    assert firm.run("open", "--no-browser", "--address", "books.example.com").code == 2
