"""A merchant at work, an account that tells of it badly, and books that follow it: the ground of the laws of events.

The adapter and the store are the real ones. A killed process is an exception that nothing of ours catches: whatever was
read and not yet stored is lost with it.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from adapters.stripe.client import Stripe, connect
from adapters.stripe.standin import build, customers, invoicing
from adapters.stripe.standin.api import StripeStandIn
from adapters.stripe.standin.events import Telling
from adapters.stripe.standin.invoicing import Bill
from adapters.stripe.standin.ledger import Ledger
from adapters.stripe.standin.life import Merchant
from adapters.stripe.standin.shapes import Document
from connector.clock import Clock
from connector.model.finding import Finding
from connector.model.mirror import Gone, Noun
from connector.model.settlement import HeldEntry
from connector.model.source import Kind, Ref
from connector.ports import Page
from connector.store import Author, Counts, Store
from connector.store.mirror import MirrorOf
from connector.sync import sync
from connector.testing.standin import Server
from connector.testing.worlds import parse
from tests.clocks import FakeClock
from tests.keys import given
from tests.stripe_desk import judged
from tests.stripe_rig import CONNECTION, surrounded
from tests.surroundings import OpenBudget
from tests.unit.store_ground import ACME, ANN, found

WORLD = "company  Harbor Supply  home USD  zone America/New_York  country US  stripe acct_harbor\n"
BEGINS = "2026-03-02T12:00:00Z"
CHARGES_A_YEAR = 1_500
DAY = 86_400
BUSY_PAGES = 8
AUTHOR = Author(ACME, ANN)
Records = dict[Ref, Noun | Gone]


class Killed(BaseException):
    """The process is gone."""


class Interrupted(KeyboardInterrupt):
    """A person's Ctrl-C in the story, and not one at the keyboard of whoever runs the tests."""


def gone() -> None:
    """Nothing of the process goes on."""
    raise Killed


def interrupted() -> None:
    """Somebody presses Ctrl-C."""
    raise Interrupted


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What becomes of one reading. `page` and `save`: it ends when it asks for that page, or right after that
    transaction; `end` is how. `acts`: so much happens before each of its first pages."""

    page: int = 0
    save: int = 0
    acts: int = 0
    end: Callable[[], None] = gone


WELL = Fate()


class Mortal(Store):
    """A store whose process may be killed right after a transaction."""

    left = 0
    end: Callable[[], None] = staticmethod(gone)

    def save_kinds(self, *arguments: object, **named: object) -> dict[Kind, Counts]:
        saved = super().save_kinds(*arguments, **named)  # type: ignore[arg-type]
        self.left -= 1
        if self.left == 0:
            self.end()
        return saved


class Reading:
    """The adapter as a source whose process may be killed when it asks for a page; life goes on meanwhile."""

    def __init__(self, adapter: Stripe, fate: Fate, act: Callable[[], object]) -> None:
        self._adapter = adapter
        self._fate = fate
        self._act = act
        self._asked = 0
        self._over = False
        self._pulling = threading.Lock()

    def streams(self) -> tuple[str, ...]:
        return self._adapter.streams()

    def pull(self, stream: str, cursor: str | None) -> Page:
        with self._pulling:
            self._asked += 1
            if self._over:
                raise Killed
            if self._asked == self._fate.page:
                self._fate.end()
            if self._asked <= BUSY_PAGES:  # a reading that takes weeks is never done: there is always something new
                for _ in range(self._fate.acts):
                    self._act()
            return self._adapter.pull(stream, cursor)

    def end(self) -> None:
        """Nothing is asked any more; a page that was under way is here."""
        self._over = True
        with self._pulling:
            pass


@dataclass
class Books:
    """One company's store, and how it reads the account."""

    path: Path
    url: str
    clock: Clock
    in_flight: int
    page_size: int
    findings: list[Finding] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store = Mortal.open(self.path, self.clock)
        self.store.unlock(given())
        if not self.store.companies():
            found(self.store, ACME)

    def sync(self, fate: Fate = WELL, act: Callable[[], object] = str) -> bool:
        """Read on in a new process; False when it did not live to the end."""
        mirror = MirrorOf(self.store, ACME, CONNECTION)
        sizes = {"in_flight": str(self.in_flight), "page_size_max": str(self.page_size)}
        adapter = connect(surrounded(self.url, self.clock, budget=OpenBudget(), mirror=mirror, **sizes))
        reading = Reading(adapter, fate, act)
        self.store.left, self.store.end = fate.save, fate.end
        try:
            done = sync(self.store, reading, CONNECTION, AUTHOR, lambda *_: None)
        except (Killed, Interrupted):
            return False
        finally:
            reading.end()
            self.store.left = 0
        self.findings += done.findings
        return True

    def lose_cursor(self) -> None:
        """Nobody knows any more how far was read."""
        self.store.begin_reading(ACME, CONNECTION, ())

    def records(self) -> Records:
        """Everything in the mirror, tombstones too."""
        held = (one for kind in Kind for one in self.store.records(ACME, kind, include_gone=True))
        return {one.ref: one.record for one in held}


@dataclass
class Account:
    """The merchant's account, and the books that follow it. `hushed`: something happened that no event tells of."""

    server: Server
    stand_in: StripeStandIn
    clock: FakeClock
    folder: Path
    merchant: Merchant
    books: Books
    hushed: bool = False

    @property
    def ledger(self) -> Ledger:
        return self.merchant.ledger

    def step(self) -> None:
        """The merchant's next act, at its time."""
        self.server.behind(self.merchant.step)

    def steps(self, acts: int) -> None:
        for _ in range(acts):
            self.step()

    def unseen(self, acts: int) -> None:
        """So much happens, and no event is ever made of it."""
        self.hushed = True
        with self.merchant.unseen():
            self.steps(acts)

    def later(self, seconds: int) -> None:
        """Time passes; what the merchant had planned for it is late."""
        self.clock.pass_seconds(seconds)

    def vanish(self, *, told: bool) -> set[str]:
        """A draft and a customer that are in the mirror are deleted; their ids."""
        ledger = self.ledger

        def come() -> tuple[Document, Document]:
            owner = customers.enter(ledger, "Gone Soon")
            return owner, invoicing.draft(
                ledger, Bill(customer=owner["id"], amount=100, currency="usd", number=f"D-{owner['id']}")
            )

        owner, draft = self.server.behind(come)
        self.merchant.truth.deleted |= {owner["id"], draft["id"]}
        self.sync()
        self.hushed = self.hushed or not told
        with nullcontext() if told else self.merchant.unseen():
            self.server.behind(partial(invoicing.delete, ledger, draft))
            self.server.behind(partial(customers.delete, ledger, owner))
        return {owner["id"], draft["id"]}

    def sync(self, fate: Fate = WELL) -> bool:
        return self.books.sync(fate, self.step)

    def fresh(self) -> Records:
        """What books hold that are begun now and read everything from its beginning."""
        held, self.stand_in.telling = self.stand_in.telling, Telling()
        path = self.folder / "fresh.db"
        path.unlink(missing_ok=True)
        books = Books(path, self.server.url, self.clock, self.books.in_flight, 100)
        try:
            assert books.sync()
            return books.records()
        finally:
            books.store.close()
            self.stand_in.telling = held


def differing(mirror: Records, account: Records) -> dict[Ref, tuple[object, object]]:
    """What stands otherwise in the mirror than in the account.

    Books that begin now know no tombstones, and read what is kept for a customer only where anything is: so lines that
    come to nothing, or were kept for somebody who is gone, may be here and not there.
    """
    over = kept(mirror)
    found: dict[Ref, tuple[object, object]] = {}
    for ref in sorted(mirror.keys() | account.keys()):
        here, there = mirror.get(ref), account.get(ref)
        if here == there or (isinstance(here, Gone) and there is None):
            continue
        if (
            isinstance(here, HeldEntry)
            and there is None
            and not over.get((ref.kind, here.customer, here.amount.currency))
        ):
            continue
        found[ref] = here, there
    return found


def kept(records: Records) -> dict[tuple[Kind, Ref, str], int]:
    """What the lines of living customers come to, by whose they are."""
    sums: dict[tuple[Kind, Ref, str], int] = defaultdict(int)
    for ref, record in records.items():
        if isinstance(record, HeldEntry) and not isinstance(records[record.customer], Gone):
            sums[ref.kind, record.customer, record.amount.currency] += record.amount.minor
    return sums


@contextmanager
def opened(folder: Path, seed: int, *, days: int = 20, in_flight: int = 1, page_size: int = 100) -> Iterator[Account]:
    """An account whose merchant has lived so many days, and books that have read nothing yet."""
    clock = FakeClock(BEGINS)
    stand_in = build(parse(WORLD), clock=clock)
    merchant = Merchant(stand_in.ledger("acct_harbor"), seed, wait=clock.pass_seconds, charges_a_year=CHARGES_A_YEAR)
    merchant.days(days)
    with Server(stand_in, inspectors=(judged,)) as server:
        books = Books(folder / "books.db", server.url, clock, in_flight, page_size)
        try:
            yield Account(server, stand_in, clock, folder, merchant, books)
        finally:
            books.store.close()
        assert server.problems == [], server.problems
