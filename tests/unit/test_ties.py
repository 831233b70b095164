"""The check after every sync: what it finds, what it clears, and that looking at less never says more or less."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector import canonical
from connector.app.ties import check
from connector.model.finding import Finding
from connector.model.firm import Actor, Company
from connector.model.mirror import Mirrored, Noun
from connector.model.source import ActorId, CompanyId, Ref
from connector.ports import Page
from connector.reconcile.tieout import unsettled
from connector.store import Author, Store
from tests.builders import BOOKS, USD, Mirror
from tests.clocks import FakeClock

COMPANY = CompanyId("harbor")
AUTHOR = Author(COMPANY)


@dataclass
class Ledger:
    """A store whose mirror follows a small world, saving only what changed, as a sync does."""

    store: Store
    world: Mirror = field(default_factory=Mirror)
    saved: dict[Ref, Noun] = field(default_factory=dict)

    def sync(self) -> tuple[Finding, ...]:
        changed = tuple(
            Mirrored(ref=at, version="0", raw=canonical.encode(record), record=record)
            for at, record in self.world.records.items()
            if self.saved.get(at) != record
        )
        gone = tuple(
            Mirrored(ref=at, version="0", raw=b"", record=record)
            for at, record in self.world.gone.items()
            if at in self.saved
        )
        self.store.save_pages(AUTHOR, BOOKS, "books", [Page(records=(*changed, *gone), cursor="1", more=False)])
        self.saved = dict(self.world.records)
        return check(self.store, AUTHOR, BOOKS)


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Ledger]:
    clock = FakeClock()
    with Store.open(tmp_path / "x.db", clock) as store:
        company = Company(company_id=COMPANY, name="Harbor", home_currency=USD, zone="America/New_York")
        store.add_company(company, Actor(company_id=COMPANY, actor_id=ActorId("dana"), name="Dana"))
        yield Ledger(store)


def rows(findings: tuple[Finding, ...]) -> list[str]:
    return [finding.refs[0].vendor_id for finding in findings]


def test_what_stops_to_tie_is_found_kept_while_nothing_changes_and_released_when_it_ties(books: Ledger) -> None:
    world = books.world
    first = world.invoice("INV-1", "Acme", "120.00", still_open="20.00")
    world.received("p-1", "Acme", "100.00", {first: "100.00"})
    world.invoice("INV-2", "Birch", "50.00")
    assert books.sync() == ()
    world.invoice("INV-2", "Birch", "50.00", still_open="49.99")
    assert rows(books.sync()) == ["i-INV-2"]
    assert rows(books.sync()) == rows(books.store.quarantined(COMPANY)) == ["i-INV-2"]
    world.invoice("INV-1", "Acme", "121.00", still_open="20.00")
    assert rows(books.sync()) == ["i-INV-1", "i-INV-2"]
    world.invoice("INV-2", "Birch", "50.00")
    world.invoice("INV-1", "Acme", "120.00", still_open="20.00")
    assert books.sync() == books.store.quarantined(COMPANY) == ()
    moved = [entry.body for entry in books.store.journal(COMPANY) if entry.kind == "quarantine"]
    assert [(len(each["came"]), len(each["left"])) for each in moved] == [(1, 0), (1, 0), (0, 2)]  # type: ignore[index]


def test_a_payment_that_was_taken_off_an_invoice_which_was_not_read_again_is_found(books: Ledger) -> None:
    invoice = books.world.invoice("INV-1", "Acme", "120.00", still_open="20.00")
    books.world.received("p-1", "Acme", "100.00", {invoice: "100.00"})
    assert books.sync() == ()
    books.world.received("p-1", "Acme", "100.00", unapplied="100.00")
    assert rows(books.sync()) == ["i-INV-1"]


def test_a_payment_that_was_deleted_while_its_invoice_was_not_read_again_is_found(books: Ledger) -> None:
    invoice = books.world.invoice("INV-1", "Acme", "120.00", still_open="20.00")
    payment = books.world.received("p-1", "Acme", "100.00", {invoice: "100.00"})
    assert books.sync() == ()
    books.world.take(payment)
    assert rows(books.sync()) == ["i-INV-1"]


def test_a_parent_that_pays_for_its_child_is_no_cause_for_quarantine(books: Ledger) -> None:
    books.world.customer("Parent")
    books.world.customer("Child", parent="Parent")
    invoice = books.world.invoice("INV-1", "Child", "120.00")
    assert books.sync() == ()
    books.world.invoice("INV-1", "Child", "120.00", still_open="0")
    books.world.received("p-1", "Parent", "120.00", {invoice: "120.00"})
    assert books.sync() == ()
    books.world.invoice("INV-1", "Child", "130.00", still_open="10.00")
    assert books.sync() == ()
    books.world.received("p-1", "Parent", "120.00", unapplied="120.00")
    assert rows(books.sync()) == ["i-INV-1"]


def test_an_entry_by_hand_that_a_payment_uses_is_looked_up(books: Ledger) -> None:
    books.world.invoice("INV-1", "Acme", "120.00")
    entry = books.world.by_hand("JournalEntry:8", "Acme", "-10.00")
    assert books.sync() == ()
    invoice = books.world.invoice("INV-1", "Acme", "120.00", still_open="110.00")
    books.world.received("p-1", "Acme", "0.00", {invoice: "10.00", entry: "10.00"})
    assert books.sync() == ()


CUSTOMERS = ("Acme", "Birch")


@settings(max_examples=12, deadline=None)
@given(st.data())
def test_checking_what_changed_says_the_same_as_checking_everything(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Invoices and the payments on them change together or by mistake alone, and customers pay for each other."""
    path = tmp_path_factory.mktemp("ties") / "x.db"
    with Store.open(path, FakeClock()) as store:
        company = Company(company_id=COMPANY, name="Harbor", home_currency=USD, zone="America/New_York")
        store.add_company(company, Actor(company_id=COMPANY, actor_id=ActorId("dana"), name="Dana"))
        books = Ledger(store)
        books.world.customer("Parent")
        for name in CUSTOMERS:
            books.world.customer(name, parent="Parent")
        for _ in range(data.draw(st.integers(1, 6))):
            number = data.draw(st.integers(1, 4))
            paid, said = data.draw(st.sampled_from([(0, 0), (40, 40), (100, 100), (0, 40), (40, 0)]))
            owner = CUSTOMERS[number % 2]
            invoice = books.world.invoice(f"INV-{number}", owner, "100.00", still_open=f"{100 - said}.00")
            payer = data.draw(st.sampled_from([owner, owner, "Parent"]))
            books.world.received(f"p-{number}", payer, f"{paid}.00", {invoice: f"{paid}.00"} if paid else {})
            found = books.sync()
            assert rows(found) == rows(unsettled(books.world.seen()))
