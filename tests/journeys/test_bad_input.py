"""What is typed wrong: one clear sentence, a next step, an exit code, and nothing stored."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.complaints import TOKEN, complains, connect_and_read, head, typed
from tests.journeys.firm import WALK, Firm, Ran, open_firm, run_command

CARD = "4242 4242 4242 4242"
LOG = ("log", "W-2", "--outcome")
PROMISE = (*LOG, "promise", "--promise")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firm]:
    """A firm that has read everything, for commands that must not change it."""
    with open_firm(tmp_path_factory.mktemp("firm")) as opened:
        connect_and_read(opened)
        yield opened
        opened.do("log", "W-2", "--outcome", "no-answer")
        opened.do("verify")


@pytest.fixture
def firm(shared: Firm) -> Iterator[Firm]:
    """The same, and a look at its journal before and after."""
    before = head(shared)
    yield shared
    assert head(shared) == before


COMMAND_LINES = [
    (("frobnicate",), "No such command 'frobnicate'"),
    (("sync", "--frobnicate"), "No such option: --frobnicate"),
    (("connect", "stripe", TOKEN), "There are more words than the command takes"),
    (("log", "W-2"), "Missing option '--outcome'"),
    (("standin", "stripe"), "Missing option '--world'"),
    (("serve", "--port", "99999"), "Invalid value for '--port'"),
    (("serve", "--port", "eight"), "Invalid value for '--port'"),
    (("aging", "--company", b"\xff".decode("utf-8", "surrogateescape")), "not UTF-8 text"),
]

NAMES = [
    (("log", "W-99", "--outcome", "no-answer", "--yes"), "There is no invoice 'W-99'"),
    (("link", "W-99", "--yes"), "There is no invoice 'W-99'"),
    (("contacts", "W-99"), "There is no invoice 'W-99'"),
    (("apply", "--yes"), "There is no plan yet"),
    (("apply", "plan-nowhere", "--yes"), "There is no plan plan-nowhere"),
    (("sync", "paypal"), "'paypal' is not connected"),
    (("connect", "xero"), "There is no adapter for 'xero'"),
    (("standin", "xero", "--world", str(WALK)), "There is no adapter for 'xero'"),
    (("status", "--company", "harbor"), "There is no company 'harbor'"),
    (("accounts", "stripe", "--bank", "Chequing"), "The books have no account named 'Chequing'"),
    (("accounts", "stripe", "--clearing", ""), "The books have no account named ''"),
    (("accounts", "paypal"), "has no connection 'paypal'"),
]

VALUES = [
    (("aging", "--by", "size"), "Aging goes by due or issue, not by 'size'"),
    (("notes", "loud"), "Notes can be off, ask or auto, not 'loud'"),
    (("today", "--on", "soon"), "'soon' is not a date"),
    ((*LOG, "happy"), "'happy' is no outcome"),
    ((*LOG, "no-answer", "--channel", "pigeon"), "'pigeon' is no channel"),
    ((*LOG, "no-answer", "--at", "yesterday"), "'yesterday' is not a time"),
    ((*LOG, "no-answer", "--at", "9999-12-31T23:59:59-10:00"), "is not a time"),
    ((*LOG, "no-answer", "--at", "2999-01-01T10:00"), "cannot be written down before it is made"),
    ((*LOG, "no-answer", "--next", "2026-13-01"), "'2026-13-01' is not a date"),
    ((*LOG, "no-answer", "--corrects", "c-nowhere"), "There is no contact c-nowhere"),
    ((*LOG, "dispute"), "A dispute needs its reason"),
    ((*LOG, "reached"), "the contact needs a promise, a dispute or a next date"),
    ((*LOG, "promise"), "A promise needs its amount and its day"),
    ((*PROMISE, "20"), "A promise needs its amount and its day"),
    ((*PROMISE, "20", "--by", "friday"), "'friday' is not a date"),
    ((*PROMISE, "some", "--by", "2027-01-04"), "'some' is not an amount"),
    ((*PROMISE, "NaN", "--by", "2027-01-04"), "not a number"),
    ((*PROMISE, "20.001", "--by", "2027-01-04"), "more than 2 decimal places"),
    ((*PROMISE, "-20", "--by", "2027-01-04"), "'-20' cannot be promised"),
    ((*PROMISE, "1e30", "--by", "2027-01-04"), "'1e30' cannot be promised"),
    ((*LOG, "no-answer", "--said", "x" * 8001), "at most 8000 characters"),
]


def named(rows: list[tuple[tuple[str, ...], str]]) -> list[str]:
    return [" ".join(arguments)[:40].encode("ascii", "replace").decode() for arguments, _ in rows]


@pytest.mark.parametrize(("arguments", "words"), COMMAND_LINES, ids=named(COMMAND_LINES))
def test_a_command_line_that_cannot_be_read(firm: Firm, arguments: tuple[str, ...], words: str) -> None:
    complains(firm.run(*arguments), 2, words)


@pytest.mark.parametrize(("arguments", "words"), NAMES, ids=named(NAMES))
def test_a_name_nobody_knows(firm: Firm, arguments: tuple[str, ...], words: str) -> None:
    complains(firm.run(*arguments), 2, words)


@pytest.mark.parametrize(("arguments", "words"), VALUES, ids=named(VALUES))
def test_a_value_that_cannot_be(firm: Firm, arguments: tuple[str, ...], words: str) -> None:
    yes = ("--yes",) if arguments[0] == "log" else ()
    complains(typed(firm.home, (*arguments, *yes), firm.environment), 2, words)


@pytest.mark.parametrize(("arguments", "words"), VALUES[3:7], ids=named(VALUES[3:7]))
def test_the_same_in_a_process_of_its_own(firm: Firm, arguments: tuple[str, ...], words: str) -> None:
    complains(firm.run(*arguments, "--yes"), 2, words)


@pytest.mark.parametrize("option", ["--said", "--person", "--role", "--to", "--reason"])
def test_a_card_number_in_any_word_of_a_contact(firm: Firm, option: str) -> None:
    ran = typed(firm.home, (*LOG, "no-answer", option, f"pay with {CARD}", "--yes"), firm.environment)
    complains(ran, 2, "looks like a card number")
    assert CARD not in ran.out + ran.err


@pytest.mark.parametrize(
    ("point", "words"),
    [
        ("post.nowhere", "There is no boundary 'post.nowhere'"),
        ("post.sent:soon", "'soon' does not say at which passing"),
    ],
)
def test_a_boundary_that_is_none(firm: Firm, point: str, words: str) -> None:
    complains(firm.run("aging", crash_at=point), 3, words)


@pytest.mark.parametrize(
    ("option", "text", "words"),
    [
        ("--world", None, "cannot be read"),
        ("--world", b"\xff\xfe", "cannot be read"),
        ("--world", b"# nothing yet\n", "tells of no company"),
        ("--world", b"company  Harbor  home USD\ninvoice  W-1  Nobody  12 USD\n", "Line 2"),
        ("--world", b"company  Harbor  home QQQ\n", "The currency 'QQQ'"),
        ("--faults", None, "cannot be read"),
        ("--faults", b"GET everything\n", "Line 1 of the faults file"),
        ("--faults", b"GET /v1/* 1 status-before soon\n", "Line 1 of the faults file"),
        ("--dump", None, "cannot be written"),
        ("--log", None, "cannot be written"),
    ],
)
def test_a_file_for_a_double_that_cannot_be_used(tmp_path: Path, option: str, text: bytes | None, words: str) -> None:
    file = tmp_path / "nowhere" / "given" if text is None else tmp_path / "given"
    if text is not None:
        file.write_bytes(text)
    world = () if option == "--world" else ("--world", str(WALK))
    (tmp_path / "home").mkdir(mode=0o700)
    complains(typed(tmp_path / "home", ("standin", "stripe", *world, option, str(file)), {}), 2, words)


def test_a_page_of_the_demo_that_cannot_be_written_is_told_before_the_story_begins(tmp_path: Path) -> None:
    ran = run_command(tmp_path, ("demo", "--once", "--out", str(tmp_path)), {})
    complains(ran, 2, "cannot be written")
    assert ran.out == ""


def test_a_taken_port(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        complains(run_command(home, ("standin", "stripe", "--world", str(WALK), "--port", port), {}), 2, f"Port {port}")
        ran = run_command(home, ("serve", "--port", port), {})
        complains(Ran(ran.code, "", ran.err), 3, f"Port {port}")


def test_ctrl_c_says_that_the_same_command_goes_on(tmp_path: Path) -> None:
    with open_firm(tmp_path) as firm:
        connect_and_read(firm)
        firm.faults("stripe", "GET /v1/balance 1 slow 5")
        calls = firm.doubles["stripe"].calls
        del calls[:]
        environment = {**os.environ, "RECEIVABLES_HOME": str(firm.home), **firm.environment}
        process = subprocess.Popen(
            [sys.executable, "-m", "connector", "sync", "stripe"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        while all(path != "/v1/events" for _, path, _ in calls) and process.poll() is None:
            time.sleep(0.05)
        time.sleep(0.2)  # what it asks for next is answered slowly
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        complains(Ran(process.returncode, out, err), 130, "Interrupted.")
        firm.do("sync")
