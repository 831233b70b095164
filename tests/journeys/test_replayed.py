"""A year of both systems, read now and then while it happens, ends as the same records as one reading at its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from adapters.quickbooks.standin import build as build_books
from adapters.quickbooks.standin.churn import Churn
from adapters.quickbooks.standin.conduct import Conduct
from adapters.stripe.standin import build as build_processor
from adapters.stripe.standin.life import Merchant
from connector import canonical
from connector.app import setup
from connector.app.books import sync_all
from connector.app.house import Desk, House
from connector.config import Config
from connector.model.mirror import Gone
from connector.model.settlement import BalanceEntry, HeldEntry
from connector.model.source import Kind, Ref
from connector.testing.standin import Server
from connector.testing.worlds import World, parse
from tests.clocks import FakeClock
from tests.judges import JUDGES

DAY = 24 * 3600
A_YEAR = 365
ACCOUNT, REALM = "acct_harbor", "9130001"
WORLD = f"""
company  Harbor Supply  home USD  zone America/New_York  country US  realm {REALM}  stripe {ACCOUNT}
account  Checking  bank USD
account  Undeposited Funds  undeposited USD
account  Stripe Clearing  bank USD
account  Stripe Fees  expense USD
customer  Acme  email ap@acme.example
customer  Birch  email pay@birch.example
customer  Cedar
"""
OF_BOTH = {
    "quickbooks": {Kind.CUSTOMER, Kind.INVOICE, Kind.CREDIT_NOTE, Kind.PAYMENT, Kind.DEPOSIT, Kind.ACCOUNT},
    "stripe": {
        *(Kind.CUSTOMER, Kind.INVOICE, Kind.CREDIT_NOTE, Kind.PAYMENT),
        *(Kind.REFUND, Kind.DISPUTE, Kind.BALANCE_ENTRY, Kind.PAYOUT),
    },
}
"""What has to be there at the end for it to be a year of both."""

OF_CUSTOMERS = (Kind.CREDIT_ENTRY, Kind.CASH_ENTRY)
"""Lines of what is kept for a customer: a reading that comes late does not ask for them where nothing is kept now, and
those which were read before come to nothing."""

Held = dict[Ref, tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Outside:
    """Both systems, and who is at work in them."""

    world: World
    clock: FakeClock
    servers: dict[str, Server]
    merchant: Merchant
    people: Churn

    def days(self, days: int, edits: int) -> None:
        """So much happens in so many days."""
        self.servers["quickbooks"].behind(lambda: self.people.run(edits))
        self.servers["stripe"].behind(lambda: self.merchant.days(days))


@contextmanager
def outside(seed: int, charges: int) -> Iterator[Outside]:
    (world,) = parse(WORLD)
    clock = FakeClock("2026-01-01T12:00:00Z")
    books: Any = build_books((world,), clock=clock)
    books.conduct = Conduct(rotate_seconds=2 * A_YEAR * DAY)  # whoever connects at the end is let in as the first was
    processor: Any = build_processor((world,), clock=clock)
    merchant = Merchant(processor.ledger(ACCOUNT), seed, wait=clock.pass_seconds, charges_a_year=charges)
    people = Churn(books.office(REALM), seed, wait=False)
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(Server(double, inspectors=(JUDGES[name],)))
            for name, double in (("quickbooks", books), ("stripe", processor))
        }
        yield Outside(world, clock, servers, merchant, people)


@contextmanager
def reader(at: Outside, home: Path) -> Iterator[Desk]:
    """A firm that has just connected both, and has read nothing."""
    home.mkdir(mode=0o700)
    config = Config(home=home, database=str(home / "receivables.db"), actor="dana", calls_per_minute=1_000_000)
    with House(config, at.clock) as house:
        for system, server in at.servers.items():
            values = server.stand_in.settings(at.world, server.url)
            wish = setup.Wish(system=system, company=None, zone=at.world.zone, values=values, allow_writes=False)
            setup.connect(house, wish)
        yield house.company(None)


def held(desk: Desk) -> Held:
    """Every record that stands, as canonical bytes with its version."""
    return {
        each.ref: (each.version, canonical.encode(each.record))
        for each in desk.store.everything(desk.id)
        if not isinstance(each.record, Gone)
    }


def sums(desk: Desk, refs: Collection[Ref]) -> Counter[tuple[Ref | None, str]]:
    """What these lines come to, per customer and currency, where that is not nothing."""
    found: Counter[tuple[Ref | None, str]] = Counter()
    for ref in refs:
        stored = desk.store.record(desk.id, ref)
        assert stored is not None
        assert isinstance(stored.record, HeldEntry)
        found[stored.record.customer, stored.record.amount.currency] += stored.record.amount.minor
    return Counter({key: minor for key, minor in found.items() if minor})


@pytest.mark.parametrize(
    ("days", "charges", "seed"),
    [
        (28, 400, 3),
        pytest.param(A_YEAR, 300, 7, marks=[pytest.mark.gate, pytest.mark.req("M2")]),
        pytest.param(A_YEAR, 3_000, 11, marks=[pytest.mark.long, pytest.mark.req("M2")]),
    ],
)
def test_what_was_read_again_and_again_while_it_happened_is_byte_for_byte_what_is_read_at_once_at_the_end(
    tmp_path: Path, days: int, charges: int, seed: int
) -> None:
    with outside(seed, charges) as at, reader(at, tmp_path / "then") as then:
        sync_all(then, lambda *_: None)
        lived, cycles, moved = 0, 0, Counter[str]()
        while lived < days:
            pause = (1, 3, 7, 2, 40, 10)[cycles % 6]
            at.days(pause, 6 * pause)
            lived, cycles = lived + pause, cycles + 1
            for synced in sync_all(then, lambda *_: None).values():
                for what, counts in synced.counts.items():
                    moved[what] += counts.changed + counts.gone
        with reader(at, tmp_path / "now") as now:
            sync_all(now, lambda *_: None)
            fresh = held(now)
        incremental = held(then)
        assert {ref: incremental.get(ref) for ref in fresh} == fresh
        assert {ref.kind for ref in incremental.keys() - fresh.keys()} <= set(OF_CUSTOMERS)
        assert not sums(then, incremental.keys() - fresh.keys())
        again = sync_all(then, lambda *_: None, again=True)
        assert sum(c.new + c.changed + c.gone for each in again.values() for c in each.counts.values()) == 0
        assert held(then) == incremental
        assert then.store.verify(then.id) == ()
        assert then.store.rebuild(then.id) == 0
        everything_happened(then, incremental, moved, whole_year=days == A_YEAR)
    print(f"{cycles} cycles, {len(incremental)} records, changed or gone: {dict(moved)}")  # noqa: T201


def everything_happened(desk: Desk, records: Held, moved: Counter[str], *, whole_year: bool) -> None:
    """There is something of every kind, fees among it, and it was changed and deleted while it was read."""
    found = Counter((ref.connection, ref.kind) for ref in records)
    print(dict(found))  # noqa: T201
    assert sum(moved.values()) > 0
    if whole_year:
        for system, kinds in OF_BOTH.items():
            assert {kind for connection, kind in found if connection == system} >= kinds
    entries = [each.record for each in desk.store.records(desk.id, Kind.BALANCE_ENTRY)]
    assert any(isinstance(each, BalanceEntry) and each.fee for each in entries)
