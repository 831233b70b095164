"""A database that is corrupt, locked, not ours or not there: told in one sentence, and the file is left as it is."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.journeys.complaints import TOKEN, closed_port, complains, connect_and_read, head
from tests.journeys.firm import Firm, open_firm, run_command

HOLDS_THE_LOCK = """
import sqlite3, sys
held = sqlite3.connect(sys.argv[1], isolation_level=None)
held.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.readline()
"""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firm]:
    with open_firm(tmp_path_factory.mktemp("firm")) as opened:
        connect_and_read(opened)
        yield opened


@pytest.fixture
def firm(shared: Firm) -> Iterator[Firm]:
    """A firm that has read everything; its database is put back as it was, and must serve again."""
    file = database(shared)
    whole = file.read_bytes()
    yield shared
    file.write_bytes(whole)
    shared.do("sync")
    shared.do("verify")


def database(firm: Firm) -> Path:
    return firm.home / "receivables.db"


def garbage(file: Path) -> None:
    file.write_bytes(b"Not a database. " * 4096)


def cut_short(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def overwritten(file: Path) -> None:
    whole = file.read_bytes()
    file.write_bytes(whole[:100] + b"\x55" * (len(whole) - 100))


def of_another_program(file: Path) -> None:
    file.unlink()
    with closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE recipe (name TEXT)")


def of_a_newer_release(file: Path) -> None:
    with closing(sqlite3.connect(file)) as newer:
        newer.execute("UPDATE alembic_version SET version_num = '9999'")
        newer.commit()


DAMAGES: list[tuple[Callable[[Path], None], str]] = [
    (garbage, "damaged"),
    (cut_short, "damaged"),
    (overwritten, "damaged"),
    (of_another_program, "belongs to another program"),
    (of_a_newer_release, "comes from a newer release"),
]


@pytest.mark.parametrize(("damage", "words"), DAMAGES, ids=[damage.__name__ for damage, _ in DAMAGES])
def test_a_file_that_is_not_a_whole_database_of_ours(firm: Firm, damage: Callable[[Path], None], words: str) -> None:
    damage(database(firm))
    damaged = database(firm).read_bytes()
    complains(firm.run("sync"), 5, words)
    complains(firm.run("aging"), 5, words)
    assert database(firm).read_bytes() == damaged


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Another process holds the database for writing."""
    command = [sys.executable, "-c", HOLDS_THE_LOCK, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        yield
        other.communicate("let go\n")


# `link` waits for its turn longer than for the database: as long as a payer may be kept waiting.
BUSY = [
    ("sync",),
    ("plan",),
    ("log", "W-2", "--outcome", "no-answer"),
    pytest.param(("link", "W-2", "--yes"), marks=pytest.mark.long),
]


@pytest.mark.parametrize("arguments", BUSY)
def test_a_database_that_another_process_keeps_busy(firm: Firm, arguments: tuple[str, ...]) -> None:
    before = head(firm)
    with locked(database(firm)):
        complains(firm.run(*arguments, RECEIVABLES_LOCK_WAIT="1"), 5, "kept the database busy for too long")
        firm.do("aging")
    assert head(firm) == before
    firm.do(*arguments)


def test_a_command_waits_for_a_database_that_is_busy_for_a_moment(firm: Firm) -> None:
    with locked(database(firm)):
        waiting = subprocess.Popen(
            [sys.executable, "-m", "connector", "sync"],
            env={**firm.environment, "RECEIVABLES_HOME": str(firm.home), "PATH": ""},
            stdout=subprocess.DEVNULL,
        )
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(3)
    assert waiting.wait(60) == 0


PLACES = [
    ("a folder", "", "There is no database at"),
    ("a folder that is not there", "nowhere/receivables.db", "There is no database at"),
    ("a file nobody may make", "/proc/receivables.db", "database"),
    ("another kind", "sqlite://", "Only SQLite and PostgreSQL"),
    ("no address", "://nowhere", "cannot be read"),
    ("a server that is away", f"postgresql://books:{TOKEN}@127.0.0.1:{closed_port()}/books", "cannot be reached"),
    ("a server with no name", f"postgresql://books:{TOKEN}@nowhere.invalid/books", "cannot be reached"),
]


@pytest.mark.parametrize(("place", "words"), [row[1:] for row in PLACES], ids=[row[0] for row in PLACES])
def test_a_place_where_no_database_can_be(tmp_path: Path, place: str, words: str) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    name = place if "://" in place else str(home / place)
    code = 3 if words.endswith(("PostgreSQL", "read")) else 5
    complains(run_command(home, ("status",), {"RECEIVABLES_DATABASE": name}), code, words)
    assert list(home.iterdir()) == []
