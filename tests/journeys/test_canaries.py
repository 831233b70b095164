"""Where secrets do not turn up: logs, tracebacks, the terminal, stand-ins' logs, the database outside ciphertext."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from connector import registry
from connector.app.keys import KEY_FOLDER
from connector.clock import SystemClock
from connector.model.source import Kind
from connector.store import Store, tables
from connector.store.packs import restored
from connector.testing.standin import Server
from connector.testing.worlds import parse
from tests.journeys.firm import WALK, Firm
from tests.judges import JUDGES
from tests.unit.strangers import installed

STRANGERS_KEY = "canary-c0ffee-of-a-stranger"
READING = {
    "quickbooks": """
        GET /v3/company/*/query 2 status-before 401
        GET /v3/company/*/query 4 status-before 500
        GET /v3/company/*/query 6 truncate
        POST /oauth2/* 1 status-before 503
        """,
    "stripe": """
        GET /v1/* 2 status-before 401
        GET /v1/* 4 drop-before
        """,
}
"""What goes wrong while everything is read."""

POSTING = "POST /v3/company/*/payment 1 drop-after\nPOST /v3/company/*/purchase 1 truncate\n"
"""What goes wrong while the plan is carried out."""


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    """A firm whose doubles keep logs, and whose commands say all they can."""
    (world,) = parse(WALK.read_text(encoding="utf-8"))
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    firm = Firm(world=world, home=home)
    firm.environment = {
        "RECEIVABLES_SETTLE_PAYMENT": "0",
        "RECEIVABLES_SETTLE_NOTE": "0",
        "RECEIVABLES_CALLS_PER_MINUTE": "100000",
        "RECEIVABLES_DEBUG": "1",
    }
    with ExitStack() as stack:
        for name, spec in registry.specs().items():
            if not world.is_in(name):
                continue
            double = registry.by_path(spec.standin)((world,), clock=SystemClock())
            server = Server(double, log=tmp_path / f"{name}.log", inspectors=(JUDGES[name],))
            firm.doubles[name] = stack.enter_context(server)
        yield firm


def canaries(firm: Firm) -> tuple[bytes, ...]:
    """What opens the doubles: client secret, refresh tokens, access tokens, API key; and the key to a stranger's."""
    given = {system: double.stand_in.settings(firm.world, double.url) for system, double in firm.doubles.items()}
    texts = (
        given["quickbooks"]["client_secret"],
        f"refresh-{firm.world.realm}-",
        f"access-{firm.world.realm}-",
        given["stripe"]["api_key"],
        STRANGERS_KEY,
    )
    return tuple(text.encode() for text in texts)


class Everything:
    """All that was said and stored, by where."""

    def __init__(self, firm: Firm) -> None:
        self.firm = firm
        self.found: dict[str, bytes] = {}

    def run(self, *arguments: str, crash_at: str = "", **environment: str) -> int:
        ran = self.firm.run(*arguments, crash_at=crash_at, **environment)
        self.found[f"{len(self.found)} {' '.join(arguments)}"] = f"{ran.out}\n{ran.err}".encode()
        return ran.code

    def read_files(self, *folders: Path) -> None:
        for folder in folders:
            for path in folder.rglob("*"):
                if path.is_file():
                    self.found[str(path)] = path.read_bytes()

    def read_tables(self) -> None:
        """Every column of every row but the sealed values; what is compressed is unpacked."""
        database = self.firm.config().database
        with Store.open(database, SystemClock()) as store, store._database.read() as tx:
            for table in tables.metadata.sorted_tables:
                for number, row in enumerate(tx.execute(select(table)).mappings()):
                    for column, value in row.items():
                        self.found[f"{table.name} {number} {column}"] = unpacked(value)
        with self.firm.desk() as desk:
            for kind in Kind:
                for stored in desk.store.records(desk.id, kind):
                    self.found[f"record {stored.ref}"] = repr(stored.record).encode()
                    self.found[f"document {stored.ref}"] = desk.store.raw(desk.id, stored.ref) or b""

    def with_any_of(self, words: tuple[bytes, ...]) -> list[str]:
        return [where for where, what in self.found.items() if any(word in what for word in words)]


def unpacked(value: Any) -> bytes:
    if not isinstance(value, bytes):
        return str(value).encode()
    return restored(value) if value.startswith(b"\x28\xb5\x2f\xfd") else value


@contextmanager
def stranger(folder: Path) -> Iterator[dict[str, str]]:
    """An adapter that ends in an exception which tells all it knows; the environment that finds it."""
    fault = "ValueError('it was ' + str(surroundings.settings))"
    with installed(folder, "ledgerly", fault=fault):
        yield {"PYTHONPATH": str(folder / "ledgerly"), "RECEIVABLES_LEDGERLY_KEY": STRANGERS_KEY}


@pytest.mark.req("E22")
def test_no_secret_is_in_a_log_a_traceback_or_the_store_outside_ciphertext(firm: Firm, tmp_path: Path) -> None:
    told = Everything(firm)
    for system, double in firm.doubles.items():
        settings = double.stand_in.settings(firm.world, double.url)
        given = {f"RECEIVABLES_{system.upper()}_{name.upper()}": value for name, value in settings.items()}
        assert told.run("connect", system, "--zone", firm.world.zone, "--allow-writes", **given) == 0
    for system, lines in READING.items():
        firm.faults(system, lines)
    while told.run("sync") != 0:
        assert len(told.found) < 8
    chosen = firm.chosen_accounts()
    assert told.run("accounts", "stripe", *(part for role in chosen for part in (f"--{role}", chosen[role]))) == 0
    firm.faults("quickbooks", POSTING)
    told.run("plan")
    told.run("apply", "--yes")
    told.run("apply", "--yes", "--json")
    told.run("log", "W-2", "--outcome", "no-answer", "--said", "rang out", "--yes")
    told.run("link", "W-2", "--yes")
    assert told.run("keys", "rotate") == 0
    told.run("doctor")
    with stranger(tmp_path) as environment:
        assert told.run("connect", "ledgerly", **environment) == 1
    told.read_files(firm.home, firm.home.with_name(f"{firm.home.name}{KEY_FOLDER}"))
    told.found |= {f"{name}.log": (tmp_path / f"{name}.log").read_bytes() for name in firm.doubles}
    told.read_tables()

    assert told.with_any_of(canaries(firm)) == []

    # Neither was the search blind, nor was there nothing to find.
    assert len(told.with_any_of((b"urllib3.connectionpool", b"receivables.http call"))) > 8
    assert len(told.with_any_of((b"Traceback (most recent call last)",))) == 1
    assert len(told.with_any_of((b"it was {'key': '***'}",))) == 1
    assert {where.split()[0] for where in told.with_any_of((b"W-2",))} >= {"document", "journal", "record"}
    assert any(where.endswith("quickbooks.log") for where in told.with_any_of((b"/v3/company",)))
    with firm.desk() as desk:
        kept = {each.connection_id: desk.store.secrets(desk.id, each.connection_id) for each in desk.connections()}
        grant = desk.store.tokens(desk.id, desk.books().connection_id).read()
    assert grant is not None
    opened = json.dumps([kept, grant.access, grant.refresh]).encode()
    assert [canary for canary in canaries(firm) if canary not in opened] == [STRANGERS_KEY.encode()]
