"""Connecting the books as a person does: in the browser, or by pasting; again in place; and every way it can end."""

from __future__ import annotations

import os
import pty
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from connector.app.house import House
from connector.dates import after
from connector.model.source import CompanyId, ConnectionId
from connector.ports import SecretPair
from tests.journeys import person
from tests.journeys.complaints import complains, head, typed
from tests.journeys.firm import COMMAND_SECONDS, Firm, Ran, open_firm

ANYWHERE = ("--redirect", "http://localhost:0/connected")
ELSEWHERE = "https://developer.intuit.com/v2/OAuth2Playground/RedirectUrl"
NO_BROWSER = "true"
BOOKS = ConnectionId("quickbooks")
MAIN = CompanyId("main")
CODE = "code-9140001"


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    with open_firm(tmp_path) as opened:
        yield opened


def app_of(firm: Firm) -> dict[str, str]:
    """The environment of somebody who has an app at Intuit, and no token."""
    double = firm.doubles["quickbooks"]
    known = double.stand_in.settings(firm.world, double.url)
    return {
        f"RECEIVABLES_QUICKBOOKS_{name.upper()}": value
        for name, value in known.items()
        if name not in ("realm_id", "refresh_token")
    }


def browser(act: str) -> dict[str, str]:
    """A browser in which a person does that."""
    return {"BROWSER": f"{sys.executable} -m tests.journeys.person {act} %s &", "PYTHONPATH": str(Path.cwd())}


def start(firm: Firm, arguments: tuple[str, ...], environment: Mapping[str, str], stdin: int) -> subprocess.Popen[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RECEIVABLES_")}
    return subprocess.Popen(
        [sys.executable, "-m", "connector", "connect", "quickbooks", *arguments],
        env={**kept, "RECEIVABLES_HOME": str(firm.home), "RECEIVABLES_ACTOR": "dana", **environment},
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def address_of(process: subprocess.Popen[str]) -> str:
    """The address that a command asks a person to open."""
    assert process.stdout is not None
    return next(line.strip() for line in process.stdout if line.startswith("http"))


def until(process: subprocess.Popen[str], words: str) -> str:
    """What a command says on standard error, up to these words. They come letter by letter, and no line ends there."""
    assert process.stderr is not None
    said = ""
    while not said.endswith(words) and (letter := process.stderr.read(1)):
        said += letter
    return said


def ended(process: subprocess.Popen[str]) -> Ran:
    out, err = process.communicate(timeout=COMMAND_SECONDS)
    return Ran(process.returncode, out, err)


def grant(firm: Firm) -> SecretPair | None:
    with House(firm.config()) as house:
        return house.store.read_grant(MAIN, BOOKS)


def companies(firm: Firm) -> int:
    with House(firm.config()) as house:
        return len(house.store.companies())


def do(firm: Firm, *arguments: str, **environment: str) -> Ran:
    """`receivables ...` in this process, which must succeed."""
    ran = typed(firm.home, arguments, {**firm.environment, **environment})
    assert ran.code == 0, f"{arguments}: {ran.code}\n{ran.out}\n{ran.err}"
    return ran


def status(firm: Firm) -> list[Any]:
    """How the connections stand; whether all is well is not asked."""
    found: list[Any] = typed(firm.home, ("status", "--json"), firm.environment).json["connections"]
    return found


def connect(firm: Firm, *arguments: str, act: str = "") -> Ran:
    zone = ("--zone", firm.world.zone)
    return firm.run(
        "connect", "quickbooks", *zone, *ANYWHERE, *arguments, **app_of(firm), **browser(act or firm.world.realm)
    )


def test_a_click_in_the_browser_connects_the_books_and_leaves_no_code_behind(firm: Firm) -> None:
    ran = connect(firm)
    assert ran.code == 0, ran.err
    steps = [line.split(".")[0].strip() for line in ran.out.splitlines() if line[:3].strip().isdecimal()]
    assert steps == ["1", "2", "3", "4", "5"]
    assert "Connected quickbooks: Walkabout Tools, account 9140001 (a test account)" in ran.out
    assert "read-only until --allow-writes" in ran.out
    stored = grant(firm)
    assert stored is not None
    assert stored.hard_expires_at > stored.refresh_expires_at > stored.access_expires_at
    assert CODE not in ran.out + ran.err
    kept = b"".join(file.read_bytes() for file in firm.home.parent.rglob("*") if file.is_file())
    assert CODE.encode() not in kept
    [connection] = status(firm)
    assert connection["access_ends"][:10] == stored.refresh_expires_at[:10]
    do(firm, "sync")


@pytest.mark.req("Q9")
@pytest.mark.parametrize("hard", [False, True], ids=["unless it is renewed", "however often it is renewed"])
def test_either_end_of_a_grant_is_asked_for_shown_and_warned_of_thirty_days_before(firm: Firm, *, hard: bool) -> None:
    firm.connect_quickly()
    tokens = [call for call in firm.heard if call.path == "/oauth2/v1/tokens/bearer"]
    assert {call.headers.get("x-include-refresh-token-hard-expires-in") for call in tokens} == {"true"}
    stored = grant(firm)
    assert stored is not None
    with House(firm.config()) as house:
        now = house.clock.now()
    for days, warned in ((31, False), (29, True)):
        ends, never = after(now, days * 86_400).isoformat(), after(now, 1_800 * 86_400).isoformat()
        changed = replace(stored, refresh_expires_at=ends, hard_expires_at=ends if hard else never)
        with House(firm.config()) as house:
            stored = house.store.replace_grant(MAIN, BOOKS, replace(changed, version=stored.version))
        said = typed(firm.home, ("status",), firm.environment).out
        told = "receivables connect quickbooks --again" if hard else "receivables sync quickbooks"
        assert (f"The access to QuickBooks Online ends {'for good ' if hard else ''}on {ends[:10]}" in said) is warned
        assert (told in said) is warned
        checks = typed(firm.home, ("doctor", "--json"), firm.environment).json
        [line] = [each for each in checks if each["name"] == "grant"]
        assert (line["ok"], bool(line["next_step"])) == (not warned, warned)
        assert ends[:10] in line["sentence"]


def test_the_address_a_browser_elsewhere_was_sent_to_can_be_pasted(firm: Firm) -> None:
    paste = ("--paste", "--redirect", ELSEWHERE, "--zone", firm.world.zone)
    process = start(firm, paste, {**app_of(firm), "BROWSER": "false"}, subprocess.PIPE)
    back = person.clicked(address_of(process), firm.world.realm)
    assert back.startswith(ELSEWHERE)
    out, err = process.communicate(f"{back}\n", timeout=COMMAND_SECONDS)
    assert process.returncode == 0, err
    assert "Connected quickbooks: Walkabout Tools" in out
    assert CODE not in out + err
    assert grant(firm) is not None


NOT_CONNECTED = [
    pytest.param(person.CANCEL, "declined in the browser", id="cancelled"),
    pytest.param(person.FORGE, "does not belong to this attempt", id="another state"),
]


@pytest.mark.parametrize(("act", "words"), NOT_CONNECTED)
def test_a_no_in_the_browser_is_one_sentence_and_changes_nothing(firm: Firm, act: str, words: str) -> None:
    ran = connect(firm, act=act)
    complains(replace(ran, out=""), 2, words)
    assert companies(firm) == 0


def test_a_browser_that_never_comes_back_is_not_waited_for(firm: Firm) -> None:
    waits = ("--zone", firm.world.zone, *ANYWHERE, "--wait", "1")
    ran = firm.run("connect", "quickbooks", *waits, **app_of(firm), BROWSER=NO_BROWSER)
    complains(replace(ran, out=""), 2, "Nobody came back from the browser within 1 seconds.")
    assert companies(firm) == 0


def test_ctrl_c_while_waiting_is_a_polite_end(firm: Firm) -> None:
    waits = ("--zone", firm.world.zone, *ANYWHERE)
    process = start(firm, waits, {**app_of(firm), "BROWSER": NO_BROWSER}, subprocess.DEVNULL)
    address_of(process)
    process.send_signal(signal.SIGINT)
    ran = ended(process)
    complains(replace(ran, out=""), 130, "Interrupted.")
    assert companies(firm) == 0


def test_what_is_wrong_on_this_side_is_told_before_anybody_opens_a_browser(firm: Firm) -> None:
    app, zone = app_of(firm), ("--zone", firm.world.zone)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = ("--redirect", f"http://localhost:{other.getsockname()[1]}/connected")
        ran = typed(firm.home, ("connect", "quickbooks", *zone, *taken), app)
    complains(replace(ran, out=""), 3, "that port is in use")
    guess = {**app, "RECEIVABLES_QUICKBOOKS_CLIENT_SECRET": "s3cret-canary"}
    ran = typed(firm.home, ("connect", "quickbooks", *zone, *ANYWHERE), guess)
    complains(replace(ran, out=""), 3, "client_id or client_secret is wrong")
    ran = typed(firm.home, ("connect", "quickbooks", *ANYWHERE), app)
    complains(ran, 3, "its time zone is not known")
    real = {**app, "RECEIVABLES_QUICKBOOKS_BASE_URL": "https://quickbooks.api.intuit.com"}
    ran = typed(firm.home, ("connect", "quickbooks", *zone, *ANYWHERE), real)
    complains(ran, 3, "only for development keys")
    ran = typed(firm.home, ("connect", "quickbooks", *zone), app)
    complains(ran, 3, "setting refresh_token is missing")
    ran = typed(firm.home, ("connect", "stripe", "--paste", *zone), {})
    complains(ran, 2, "is not connected by a browser")
    assert companies(firm) == 0


def test_a_grant_taken_back_is_made_again_in_place_and_keeps_everything(firm: Firm) -> None:
    firm.connect_quickly()
    before, stored = status(firm), grant(firm)
    assert stored is not None
    do(firm, "disconnect", "quickbooks", "--yes")
    ran = firm.run("connect", "quickbooks", "--again", "--allow-writes", *ANYWHERE, **browser(firm.world.realm))
    assert ran.code == 0, ran.err
    assert grant(firm) not in (None, stored)
    was, now = ([(each["connection"], each["records"]) for each in found] for found in (before, status(firm)))
    assert [(kept["posting"], kept["account"], records) for kept, records in now] == [
        (kept["posting"], kept["account"], records) for kept, records in was
    ]
    assert all(kept["writes_allowed"] for kept, _ in now)
    do(firm, "sync")


def test_another_company_in_the_browser_does_not_take_the_place_of_the_first(firm: Firm) -> None:
    firm.connect_quickly()
    stored, at = grant(firm), head(firm)
    process = start(firm, ("--again", *ANYWHERE), {**app_of(firm), "BROWSER": NO_BROWSER}, subprocess.DEVNULL)
    back = person.clicked(address_of(process), firm.world.realm)
    assert "realmId=9140001" in back
    requests.get(back.replace("realmId=9140001", "realmId=9140002"), timeout=COMMAND_SECONDS)
    complains(replace(ended(process), out=""), 2, "The company 9140002 was chosen in the browser")
    assert (grant(firm), head(firm)) == (stored, at)


def test_a_consent_whose_first_use_fails_is_not_asked_for_again(firm: Firm) -> None:
    firm.faults("quickbooks", "GET  /v3/company/*  1  status-before  503")
    broken = connect(firm, "--set", "retry_seconds=0")
    assert broken.code == 4
    assert "Error: QuickBooks is out of order at the moment." in broken.err
    stored = grant(firm)
    assert stored is not None
    do(firm, "connect", "quickbooks")
    assert grant(firm) == stored, "the pair that the browser brought was good all the time"


def test_disconnected_books_are_kept_and_neither_read_nor_written(firm: Firm) -> None:
    firm.connect_quickly()
    [before, _] = status(firm)
    do(firm, "disconnect", "quickbooks", "--yes")
    assert grant(firm) is None
    assert "QuickBooks Online is disconnected and was passed over" in do(firm, "sync").out
    [books, _] = status(firm)
    assert before["records"] > 0
    assert (books["records"], books["connection"]["writes_allowed"]) == (before["records"], False)
    assert "Delete the key at Stripe too" in do(firm, "disconnect", "stripe", "--yes").out
    with House(firm.config()) as house:
        assert "api_key" not in house.store.secrets(MAIN, ConnectionId("stripe"))
    complains(typed(firm.home, ("sync", "stripe"), firm.environment), 3, "Stripe is disconnected")


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="there are no terminals to be had here")
def test_at_a_terminal_the_secret_is_typed_unseen_and_a_dead_grant_leads_to_the_browser(firm: Firm) -> None:
    keys, terminal = pty.openpty()
    app = {name: value for name, value in app_of(firm).items() if "CLIENT" not in name}
    try:
        acts = browser(firm.world.realm)
        process = start(firm, ("--zone", firm.world.zone, *ANYWHERE), {**app, **acts}, terminal)
        os.write(keys, b"standin-client\n")
        asked = until(process, "the client secret of that app): ")
        os.write(keys, b"standin-secret\n")
        first = ended(process)
        assert first.code == 0, first.err
        assert "standin-secret" not in asked + first.out + first.err
        os.set_blocking(keys, False)
        assert b"standin-secret" not in os.read(keys, 4096), "what a terminal shows of what is typed"
        stored = grant(firm)
        assert stored is not None
        with House(firm.config()) as house:
            past = after(house.clock.now(), -60).isoformat()
            dead = replace(stored, refresh="refresh-dead", access="access-dead", access_expires_at=past, previous="")
            house.store.replace_grant(MAIN, BOOKS, dead)
        second = ended(start(firm, (), acts, terminal))
    finally:
        os.close(terminal)
        os.close(keys)
    assert second.code == 0, second.err
    assert "does not renew this connection any more" in second.out
    assert "Before QuickBooks Online can be connected" not in second.out, "the app was made once"
    assert grant(firm) != dead


def test_for_real_books_the_steps_are_told_and_a_paste_that_is_no_answer_is_refused(firm: Firm) -> None:
    real = {**app_of(firm), "RECEIVABLES_QUICKBOOKS_BASE_URL": "https://quickbooks.api.intuit.com"}
    paste = ("--paste", "--zone", firm.world.zone)
    process = start(firm, paste, real, subprocess.PIPE)
    out, err = process.communicate("https://developer.intuit.com/app/developer/playground\n", timeout=COMMAND_SECONDS)
    steps = [line.split(".")[0].strip() for line in out.splitlines() if line[:3].strip().isdecimal()]
    assert steps == list("12345678")
    assert ELSEWHERE in out
    assert process.returncode == 2
    assert "Error: What was pasted is not the address the browser was sent back to." in err
    assert companies(firm) == 0
