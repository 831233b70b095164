"""The adapter of bank statements beside its stand-in: connected, read, read again, and read from the beginning."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from adapters.bankfile.standin import BankStandIn
from adapters.bankfile.statement import Line, Nature
from connector import registry
from connector.app import setup
from connector.app.books import sync_all
from connector.app.house import Desk, House
from connector.clock import SystemClock
from connector.config import Config
from connector.errors import Unreachable
from connector.model.money_in import Payment
from connector.model.source import ConnectionId, Kind
from connector.ports import AtABank, Checkable, Readable, TakesFiles
from connector.testing.standin import Server
from connector.testing.worlds import World, parse

WORLD = """
company  Harbor Supply  home EUR  zone Europe/Berlin  country DE  realm 9130008  stripe acct_harbor
customer  Acme
2026-03-03  payment  B-1  Acme  120.00 EUR  by transfer  memo "INV-1"  in bankfile
2026-03-05  payment  B-2  Acme  80.00 EUR  by check  memo "INV-2"  in bankfile
"""
BANK = ConnectionId("bankfile")


def nothing(*_: object) -> None:
    """Nobody watches."""


@pytest.fixture
def bank() -> Iterator[tuple[BankStandIn, World, str]]:
    (world,) = parse(WORLD)
    assert world.is_in("bankfile")
    double: BankStandIn = registry.by_path(registry.spec_of("bankfile").standin)((world,), clock=SystemClock())
    with Server(double) as server:
        yield double, world, server.url


@pytest.fixture
def desk(bank: tuple[BankStandIn, World, str], tmp_path: Path) -> Iterator[Desk]:
    double, world, url = bank
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    with House(Config(home=home, database=str(home / "receivables.db"), actor="dana")) as house:
        values = double.settings(world, url)
        wish = setup.Wish(system="bankfile", company=None, zone=world.zone, values=values, allow_writes=False)
        setup.connect(house, wish)
        yield house.company(None)


def payments(desk: Desk) -> dict[str, str]:
    """The mirror: what is held under which id."""
    found = desk.store.records(desk.id, Kind.PAYMENT, connection=BANK)
    return {
        each.ref.vendor_id: f"{each.record.gross} {each.record.method} {each.record.memo}"
        for each in found
        if isinstance(each.record, Payment)
    }


def test_the_adapter_has_what_it_says_and_no_more(desk: Desk) -> None:
    adapter = desk.adapter(desk.store.connection(desk.id, BANK))
    assert all(isinstance(adapter, port) for port in (Readable, Checkable, TakesFiles, AtABank))
    spec = registry.spec_of("bankfile")
    assert (spec.is_bank, spec.keeps_books, spec.method_codes, spec.hooks) == (True, False, {}, None)


def test_what_is_on_the_account_is_mirrored_and_nothing_changes_when_it_is_read_again(desk: Desk) -> None:
    sync_all(desk, nothing)
    first = payments(desk)
    assert sorted(first.values()) == ["120.00 EUR transfer INV-1", "80.00 EUR cheque INV-2"]
    sync_all(desk, nothing)
    head = desk.store.head(desk.id)
    sync_all(desk, nothing, again=True)
    assert payments(desk) == first
    assert desk.store.head(desk.id) == head


def test_what_comes_later_is_added_and_keeps_what_was_there(desk: Desk, bank: tuple[BankStandIn, World, str]) -> None:
    double, world, _ = bank
    sync_all(desk, nothing)
    before = payments(desk)
    line = Line(on=date(2026, 3, 9), amount=60_00, nature=Nature.TRANSFER, other="Birch", text="INV-3", bank_ref="B-3")
    double.write(world, [line])
    sync_all(desk, nothing)
    after = payments(desk)
    assert before.items() < after.items()
    assert set(after.values()) - set(before.values()) == {"60.00 EUR transfer INV-3"}


def test_one_unit_more_in_a_later_statement_is_found(desk: Desk, bank: tuple[BankStandIn, World, str]) -> None:
    double, world, _ = bank
    sync_all(desk, nothing)
    assert "is of one unit more" in double.corrupt(0)
    double.write(world)
    sync_all(desk, nothing)
    assert "120.01 EUR transfer INV-1" in payments(desk).values()


def test_a_folder_that_has_vanished_is_a_fault_and_takes_nothing_away(
    desk: Desk, bank: tuple[BankStandIn, World, str]
) -> None:
    double, world, _ = bank
    sync_all(desk, nothing)
    before = payments(desk)
    folder = double.folder(world)
    folder.rename(folder.with_name(folder.name + "-away"))
    with pytest.raises(Unreachable, match="cannot be opened"):
        sync_all(desk, nothing)
    assert payments(desk) == before
