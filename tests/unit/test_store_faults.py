"""Whatever the database says, a person reads one sentence and one next step: no SQL, no values, no traceback."""

from __future__ import annotations

import sqlite3

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from connector.errors import StoreCorrupt, StoreError, StoreLocked
from connector.store.database import in_plain_words
from connector.store.packs import Packer, Pattern, document_at, documents, restored, shrunk
from tests.clocks import FakeClock
from tests.databases import own_schema
from tests.unit.store_ground import ready


class Driver(Exception):
    """As psycopg's errors are: a SQLSTATE and a text that may hold anything."""

    def __init__(self, sqlstate: str | None) -> None:
        super().__init__("INSERT INTO secret VALUES ('canary')")
        self.sqlstate = sqlstate


def lite(code: int) -> sqlite3.OperationalError:
    fault = sqlite3.OperationalError("INSERT INTO secret VALUES ('canary')")
    fault.sqlite_errorcode = code
    return fault


FAULTS: dict[str, tuple[Exception, type[StoreError], str]] = {
    "SQLite busy": (lite(sqlite3.SQLITE_BUSY), StoreLocked, "busy"),
    "SQLite busy, extended": (lite(sqlite3.SQLITE_BUSY_SNAPSHOT), StoreLocked, "busy"),
    "SQLite damaged": (lite(sqlite3.SQLITE_CORRUPT), StoreCorrupt, "damaged"),
    "SQLite no database": (lite(sqlite3.SQLITE_NOTADB), StoreCorrupt, "not a database"),
    "SQLite disk full": (lite(sqlite3.SQLITE_FULL), StoreError, "disk is full"),
    "SQLite read only": (lite(sqlite3.SQLITE_READONLY), StoreError, "opened for writing"),
    "SQLite disk fault": (lite(sqlite3.SQLITE_IOERR), StoreError, "disk failed"),
    "SQLite unknown": (lite(sqlite3.SQLITE_INTERNAL), StoreError, "does not know"),
    "PostgreSQL lock": (Driver("55P03"), StoreLocked, "busy"),
    "PostgreSQL deadlock": (Driver("40P01"), StoreLocked, "busy"),
    "PostgreSQL shut down": (Driver("57P01"), StoreError, "cannot be reached"),
    "PostgreSQL away": (Driver(None), StoreError, "cannot be reached"),
    "PostgreSQL full": (Driver("53100"), StoreError, "disk is full"),
    "PostgreSQL password": (Driver("28P01"), StoreError, "refused the login"),
    "PostgreSQL damaged": (Driver("XX001"), StoreCorrupt, "damaged"),
    "PostgreSQL unknown": (Driver("42P01"), StoreError, "does not know (42P01)"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_told_in_plain_words_is(name: str) -> None:
    cause, kind, words = FAULTS[name]
    with pytest.raises(kind) as caught, in_plain_words():
        raise OperationalError("INSERT INTO secret", {"value": "canary"}, cause)
    assert words in caught.value.sentence
    assert caught.value.next_step
    assert "canary" not in str(caught.value)
    assert (caught.value.__cause__, caught.value.__suppress_context__) == (None, True)


def test_a_statement_the_database_does_not_understand_is_told_without_it(address: str, clock: FakeClock) -> None:
    with (
        ready(address, clock) as store,
        pytest.raises(StoreError, match="does not know") as caught,
        store._database.read() as tx,
    ):
        tx.execute(text("SELECT canary FROM nowhere"))
    assert "canary" not in str(caught.value)


def test_what_is_read_from_a_server_cannot_write(postgres: str, clock: FakeClock) -> None:
    with (
        ready(own_schema(postgres), clock) as store,
        pytest.raises(StoreError, match="opened for writing"),
        store._database.read() as tx,
    ):
        tx.execute(text("DELETE FROM head"))


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=20))
def test_every_document_of_a_pack_is_found_at_its_position(given_documents: list[bytes]) -> None:
    packer = Packer()
    positions = [packer.add(each) for each in given_documents]
    pack = packer.packed()
    assert pack is not None
    assert [document_at(pack, position) for position in positions] == given_documents
    assert list(documents(pack)) == list(zip(positions, given_documents, strict=True))


def test_no_documents_make_no_pack() -> None:
    assert Packer().packed() is None


@given(st.dictionaries(st.text(max_size=3), st.binary(max_size=3000), min_size=1, max_size=5), st.binary(max_size=3000))
def test_a_record_comes_back_by_the_pattern_it_was_made_small_with(first: dict[str, bytes], record: bytes) -> None:
    pattern = Pattern.of(first)
    small = pattern.compressor().compress(record)
    assert Pattern(pattern.body).restored(small) == record


@pytest.mark.parametrize("position", [-1, 3, 9, 100])
def test_a_position_that_is_none_is_refused_in_words(position: int) -> None:
    packer = Packer()
    packer.add(b"12345")
    pack = packer.packed()
    assert pack is not None
    with pytest.raises(StoreCorrupt, match="cannot be read back"):
        document_at(pack, position)


@pytest.mark.parametrize("frame", [b"", b"not a frame", zstandard.compress(b"x" * 100)[:-3]])
def test_a_frame_that_was_altered_is_refused_in_words(frame: bytes) -> None:
    with pytest.raises(StoreCorrupt, match="cannot be read back"):
        restored(frame)


def test_lengths_that_lead_nowhere_are_refused_in_words() -> None:
    with pytest.raises(StoreCorrupt):
        list(documents(shrunk(b"\x00\x00\x00\x09abc")))
    with pytest.raises(StoreCorrupt):
        list(documents(shrunk(b"\x00\x00")))
