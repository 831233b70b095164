"""The key to the stored secrets, as its owner meets it: made once, missed at once, changed, lost."""

from __future__ import annotations

import json
import shutil
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from connector.app.house import House
from connector.config import load
from connector.errors import ReceivablesError
from connector.model.source import CompanyId, ConnectionId
from tests.journeys.complaints import complains, typed
from tests.journeys.firm import KILLED, Ran, open_firm, run_command
from tests.keys import FIRST, SECOND
from tests.unit.store_ground import found

MAIN = CompanyId("main")
BOOKS = ConnectionId("quickbooks")
SECRETS = {"client_secret": "canary-c0ffee", "client_id": "known"}


def filled(home: Path, **environment: str) -> None:
    """A home in which something is sealed."""
    with House(load({"RECEIVABLES_HOME": str(home), **environment})) as house:
        found(house.store, MAIN)
        house.store.put_secrets(MAIN, BOOKS, SECRETS)


def kept(home: Path, **environment: str) -> Mapping[str, str]:
    with House(load({"RECEIVABLES_HOME": str(home), **environment})) as house:
        return house.store.secrets(MAIN, BOOKS)


def key_file(home: Path) -> Path:
    return home.with_name(f"{home.name}-key") / "receivables.key"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home in which something is sealed under a key beside it."""
    folder = tmp_path / "home"
    filled(folder)
    return folder


def say(home: Path, *arguments: str, **environment: str) -> Ran:
    return typed(home, arguments, environment)


def replaced(path: Path) -> None:
    path.write_text(SECOND)


def emptied(path: Path) -> None:
    path.write_text("")


def torn(path: Path) -> None:
    path.write_text(path.read_text()[:-12])


SPOILT: list[tuple[str, Callable[[Path], object], str, str]] = [
    ("missing", lambda path: path.unlink(), "The key to the secrets in the database is missing", "Put it back from"),
    ("wrong", replaced, "is not the one that the secrets in the database were sealed with", "Put the right one back"),
    ("readable by all", lambda path: path.chmod(0o644), "Others can read the key file", "Run: chmod 600 "),
    ("readable by a group", lambda path: path.chmod(0o640), "Others can read the key file", "Run: chmod 600 "),
    ("empty", emptied, "There is no key in the file", "Put it back from your copy"),
    ("torn", torn, "is not whole", "Put it back from your copy"),
    ("in a folder that is gone", lambda path: shutil.rmtree(path.parent), "is missing", "Put it back from your copy"),
]


@pytest.mark.req("E23")
@pytest.mark.parametrize(("spoil", "words", "step"), [row[1:] for row in SPOILT], ids=[row[0] for row in SPOILT])
def test_without_the_right_key_in_its_owners_hands_nothing_starts(
    home: Path, spoil: Callable[[Path], object], words: str, step: str
) -> None:
    spoil(key_file(home))
    there = key_file(home).exists()
    for command in (("status",), ("sync",), ("plan",), ("apply", "--yes"), ("keys",), ("verify",)):
        ran = say(home, *command)
        complains(ran, 3, words)
        assert ran.err.splitlines()[1].startswith(f"Next:  {step}")
    assert key_file(home).exists() is there


def test_a_key_that_is_put_back_opens_everything_again(home: Path) -> None:
    moved = key_file(home).rename(home.with_name("copy"))
    complains(say(home, "status"), 3, "is missing")
    moved.rename(key_file(home))
    assert say(home, "status").code == 0
    assert kept(home) == SECRETS


def test_the_key_is_made_beside_the_home_for_its_owner_alone_and_told_of_once(tmp_path: Path) -> None:
    with open_firm(tmp_path) as firm:
        settings = firm.doubles["stripe"].stand_in.settings(firm.world, firm.doubles["stripe"].url)
        given = {f"RECEIVABLES_STRIPE_{name.upper()}": value for name, value in settings.items()}
        assert say(firm.home, "keys").out.startswith("Nothing is stored yet that needs a key. It will be kept in")
        assert not key_file(firm.home).exists()
        first = say(firm.home, "connect", "stripe", "--zone", firm.world.zone, "--json", **given)
        again = say(firm.home, "connect", "stripe", "--json", **given)
    assert (first.code, again.code) == (0, 0)
    assert stat.S_IMODE(key_file(firm.home).stat().st_mode) == 0o600
    assert str(key_file(firm.home)) in first.err
    assert "Copy that file to a safe place" in first.err
    assert again.err == ""
    assert isinstance(json.loads(first.out), dict)


def test_a_command_that_fails_leaves_the_news_of_the_key_to_the_next_that_does_not(tmp_path: Path) -> None:
    home = tmp_path / "home"
    filled(home)
    complains(say(home, "connect", "nothing-like-it"), 2, "There is no adapter")
    rotated = say(home, "keys", "rotate")
    assert str(key_file(home)) in rotated.err
    assert say(home, "keys", "rotate").err == ""


def test_the_keys_are_listed_by_their_ids_and_never_shown(home: Path) -> None:
    written = key_file(home).read_text().split()[-1]
    listed = say(home, "keys", "--json").json
    assert listed["held"] == [listed["in_force"]]
    assert listed["rows"] == {listed["in_force"]: 2}
    assert listed["where"] == f"the file {key_file(home)}"
    shown = say(home, "keys")
    assert listed["in_force"] in shown.out
    assert written not in f"{shown} {listed}"


def test_a_rotated_key_seals_everything_and_the_old_one_goes_when_it_is_told_to(home: Path) -> None:
    before = say(home, "keys", "--json").json
    assert say(home, "keys", "rotate").code == 0
    after = say(home, "keys", "--json").json
    assert after["held"] == [before["in_force"], after["in_force"]]
    assert after["rows"] == {after["in_force"]: 2}
    assert say(home, "keys", "forget", "--yes").code == 0
    assert say(home, "keys", "--json").json["held"] == [after["in_force"]]
    assert kept(home) == SECRETS


@pytest.mark.parametrize("point", ["keys.added", "keys.in-force", "keys.batch-sealed"])
def test_a_rotation_killed_at_a_named_point_goes_on_when_it_is_run_again(home: Path, point: str) -> None:
    environment = {"RECEIVABLES_CRASH_AT": point}
    assert run_command(home, ("keys", "rotate"), environment).code == KILLED
    assert kept(home) == SECRETS
    assert say(home, "keys", "rotate").code == 0
    listed = say(home, "keys", "--json").json
    assert listed["rows"] == {listed["held"][-1]: 2}
    assert kept(home) == SECRETS


def test_a_lost_key_costs_the_secrets_and_nothing_else(home: Path) -> None:
    complains(say(home, "keys", "lost", "--yes"), 2, "The key is here and opens the secrets; nothing was thrown away.")
    assert kept(home) == SECRETS
    key_file(home).chmod(0o644)
    complains(say(home, "keys", "lost", "--yes"), 3, "Others can read the key file")
    key_file(home).unlink()
    assert say(home, "keys", "lost").code == 2
    gone = say(home, "keys", "lost", "--yes")
    assert gone.code == 0
    assert "Run: receivables connect quickbooks" in gone.out
    assert say(home, "verify").code == 0
    assert kept(home) == {}


def test_a_key_from_the_environment_or_from_a_command_needs_no_file(tmp_path: Path) -> None:
    home = tmp_path / "home"
    filled(home, RECEIVABLES_KEY=FIRST)
    assert kept(home, RECEIVABLES_KEY=FIRST) == SECRETS
    assert kept(home, RECEIVABLES_KEY_COMMAND=f"echo {FIRST}") == SECRETS
    assert not key_file(home).parent.exists()
    complains(say(home, "status"), 3, "is missing")
    complains(say(home, "status", RECEIVABLES_KEY=SECOND), 3, "The key in the setting RECEIVABLES_KEY is not the one")
    complains(say(home, "status", RECEIVABLES_KEY="hush"), 3, "A key in the setting RECEIVABLES_KEY is not whole")
    complains(say(home, "status", RECEIVABLES_KEY_COMMAND="false"), 3, "gave no key")
    both = {"RECEIVABLES_KEY": FIRST, "RECEIVABLES_KEY_COMMAND": "false"}
    complains(say(home, "status", **both), 3, "is named in several places: RECEIVABLES_KEY, RECEIVABLES_KEY_COMMAND.")
    moved = say(home, "keys", "rotate", RECEIVABLES_KEY=f"{FIRST},{SECOND}")
    assert moved.code == 0
    assert kept(home, RECEIVABLES_KEY=SECOND) == SECRETS


@pytest.mark.parametrize("place", ["home/receivables.key", "home/deeper/receivables.key", "data/receivables.key"])
def test_a_key_file_among_what_it_protects_is_refused(tmp_path: Path, place: str) -> None:
    (tmp_path / "data").mkdir()
    given = {
        "RECEIVABLES_KEY_FILE": str(tmp_path / place),
        "RECEIVABLES_DATABASE": str(tmp_path / "data" / "receivables.db"),
    }
    complains(say(tmp_path / "home", "status", **given), 3, "whoever copies the one would have the other")


def test_a_key_file_may_be_named_and_its_folder_is_made(tmp_path: Path) -> None:
    home, file = tmp_path / "home", tmp_path / "safe" / "deep" / "my.key"
    filled(home, RECEIVABLES_KEY_FILE=str(file))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert kept(home, RECEIVABLES_KEY_FILE=str(file)) == SECRETS
    with pytest.raises(ReceivablesError, match="is missing"):
        kept(home)
