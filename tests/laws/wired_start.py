"""How every wired world begins: both systems connected, read once, the accounts chosen.

Connecting takes a third of the time of a whole world, so it is done once for each kind of beginning and kept: a world
begins as a copy of it, with clocks, both systems and the database as they were, in the one house there is.
"""

from __future__ import annotations

import pickle
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from sqlalchemy import BigInteger, bindparam

from adapters.quickbooks import standin as books_standin
from adapters.quickbooks.standin.conduct import Conduct, Limits
from adapters.quickbooks.standin.intuit import Intuit
from adapters.stripe import standin as stripe_standin
from adapters.stripe.standin.api import StripeStandIn
from adapters.stripe.standin.conduct import Conduct as StripeConduct
from adapters.stripe.standin.conduct import Limits as StripeLimits
from connector.app import setup
from connector.app.books import apply_plan, make_plan, sync_all
from connector.app.house import House, pace_of
from connector.app.keys import key_source
from connector.config import Config
from connector.dates import Instant
from connector.model.firm import BookingPattern, Company
from connector.model.source import CompanyId, ConnectionId
from connector.ports import Adapter, AdapterSpec, RateBudget
from connector.store import Store
from connector.store.budget import SharedBudget, Spender
from connector.testing.worlds import World, parse
from tests.clocks import FakeClock
from tests.laws.wire import Skewed, Wire, mount, plain_wires

BEGINS = "2026-03-20T12:00:00Z"
BOOKS, STRIPE = "http://127.0.0.1:1", "http://127.0.0.1:2"
VERIFIER = "verifier-token-of-the-app"
HARBOR = CompanyId("harbor")
GRACE_SECONDS = 90 * 86_400
"""How long a refresh token lives on after its successor was lost on the way: else a person would have to come."""

WORLD = """
company  Harbor  home USD  zone America/New_York  country US  realm 9000001  stripe acct_harbor
account  Checking  bank USD
account  Stripe Clearing  bank USD
account  Stripe Fees  expense USD
account  Stripe Suspense  expense USD
account  Undeposited Funds  undeposited USD
account  Accounts Receivable  receivable USD
customer  Acme  email ap@acme.example  in quickbooks and stripe as cus_acme
customer  Bolt  email ap@bolt.example  in quickbooks and stripe as cus_bolt
2026-03-02  invoice  A-1  Acme  612.34 USD  due 2026-04-01
2026-03-02  invoice  A-2  Acme  80.05 USD  due 2026-04-01
2026-03-02  invoice  B-1  Bolt  250.25 USD  due 2026-04-01
2026-03-02  invoice  B-2  Bolt  99.99 USD  due 2026-04-01
2026-03-02  invoice  S-1  Acme  33.00 USD  due 2026-04-01  in stripe as in_1
2026-03-10  payment  ch_1  Acme  612.34 USD  by card  fee 18.06 USD  key A-1
2026-03-11  payment  ch_2  Acme  80.05 USD  by card  fee 2.62 USD  key A-2
2026-03-12  payment  py_3  Bolt  250.25 USD  by us_bank_account  fee 2.00 USD  key B-1
"""
INVOICES = 4
MORE = (
    "2026-03-16  payout  po_1  USD  of ch_1, ch_2",
    "2026-03-14  refund  re_1  80.05 USD  of ch_2\n2026-03-16  payout  po_1  USD  of ch_1",
    "2026-03-14  credit  CM-1  Bolt  1.00 USD",
    "",
)


class WiredHouse(House):
    """The house, with the line of this process under every adapter, and budgets that go by its clock."""

    def __init__(self, config: Config, clock: FakeClock, store: type[Store] = Store) -> None:
        super().__init__(config, clock)
        if store is not Store:
            self.store.close()
            self.store = store.open(config.database, clock)
            self.store.unlock(key_source(config))
        self.wires: dict[str, Wire] = {}

    def open_adapter(
        self, company: Company, spec: AdapterSpec, connection: ConnectionId, values: Mapping[str, str], *fence: object
    ) -> Adapter:
        adapter = super().open_adapter(company, spec, connection, values, *fence)  # type: ignore[arg-type]
        mount(adapter, self.wires)
        return adapter

    def budget(self, spec: AdapterSpec, company: CompanyId, connection: ConnectionId, settings: object) -> RateBudget:
        clock = self.clock
        now = bindparam("now", callable_=lambda: round(clock.now().timestamp() * 1000), type_=BigInteger())
        key = self._purse(company, connection)
        budget = SharedBudget(self.store._database, clock, Spender(*key, spec.title), pace_of(spec, settings), now=now)
        return budget.within(self.store.room(Spender(*key, spec.title)))


def opened(folder: Path, clock: FakeClock, mutant: Mutant | None = None) -> WiredHouse:
    """A house whose settings are those of every user. Its key lies beside it."""
    without = mutant or Mutant()
    home = folder / "home"
    home.mkdir(exist_ok=True)
    config = Config(home=home, database=str(home / "receivables.db"), actor="dana")
    if not without.settles:
        config = config.model_copy(update={"settle_payment_seconds": 0, "settle_note_seconds": 0})
    return WiredHouse(config, clock, without.store)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """The product with a part of its write protocol taken out, by what it works with."""

    looks: bool = True
    marks: bool = True
    settles: bool = True
    store: type[Store] = Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What one beginning has that others have not."""

    pattern: BookingPattern
    more: int

    @property
    def booked(self) -> bool:
        """Whether all of it is in our books already, so that what comes back has to be taken out again."""
        return self.more % 2 == 0


@dataclass(slots=True, kw_only=True)
class Outside:
    """What there is beside our own database: both systems, and how far their clocks are off."""

    world: World
    intuit: Intuit
    stripe: StripeStandIn
    skews: tuple[Skewed, Skewed]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """A beginning: our database, the outside, and the time."""

    database: sqlite3.Connection
    outside: bytes
    now: Instant
    ticks: float


class Stage:
    """The house in which world after world begins, one at a time."""

    def __init__(self, folder: Path, mutant: Mutant | None = None) -> None:
        self.folder = folder
        self.mutant = mutant or Mutant()
        self.clock = FakeClock(BEGINS)
        self.house = opened(folder, self.clock, mutant)
        self._empty = self._copied()
        self._kept: dict[Kind, _Kept] = {}

    def close(self) -> None:
        """No world begins here any more."""
        self.house.store.close()
        for each in (self._empty, *(kept.database for kept in self._kept.values())):
            each.close()

    def begin(self, seed: int) -> Outside:
        """Lay out the beginning of that seed's world."""
        pattern = BookingPattern.DEPOSIT if seed % 3 == 1 else BookingPattern.CLEARING
        kind = Kind(pattern=pattern, more=seed % len(MORE))
        if kind not in self._kept:
            self._kept[kind] = self._connected(kind)
        kept = self._kept[kind]
        self._restore(kept.database)
        self.clock._now, self.clock._ticks = kept.now, kept.ticks
        self.clock.slept.clear()
        found: Outside = _Reading(BytesIO(kept.outside), self.clock).load()
        return found

    @property
    def database(self) -> Path:
        """Where everything of ours is kept."""
        return self.folder / "home" / "receivables.db"

    def _connected(self, kind: Kind) -> _Kept:
        self._restore(self._empty)
        self.clock._now = FakeClock(BEGINS).now()
        (world,) = parse(WORLD + MORE[kind.more])
        skews = (Skewed(self.clock), Skewed(self.clock))
        conduct = Conduct(limits=Limits(), grace_seconds=GRACE_SECONDS)
        intuit = books_standin.build((world,), clock=skews[0], conduct=conduct)
        stripe = stripe_standin.build((world,), clock=skews[1])
        stripe.conduct = StripeConduct(limits=StripeLimits())
        self.house.boundary = lambda _: None
        self.house.wires.clear()
        self.house.wires.update(plain_wires({BOOKS: intuit, STRIPE: stripe}, self.clock))
        _connect(self.house, world, intuit, stripe, kind)
        outside = BytesIO()
        _Writing(outside, self.clock).dump(Outside(world=world, intuit=intuit, stripe=stripe, skews=skews))
        return _Kept(
            database=self._copied(),
            outside=outside.getvalue(),
            now=self.clock.now(),
            ticks=self.clock.monotonic(),
        )

    def _copied(self) -> sqlite3.Connection:
        made = sqlite3.connect(":memory:", check_same_thread=False)
        with closing(sqlite3.connect(self.database)) as held:
            held.backup(made)
        return made

    def _restore(self, kept: sqlite3.Connection) -> None:
        with closing(sqlite3.connect(self.database)) as held:
            kept.backup(held)
            # What is looked through for secrets at the end is what this world wrote, and not those before it too.
            held.execute("PRAGMA wal_checkpoint(TRUNCATE)")


class _Writing(pickle.Pickler):
    """Everything but the clock, of which there is one."""

    def __init__(self, file: BytesIO, clock: FakeClock) -> None:
        super().__init__(file)
        self._clock = clock

    def persistent_id(self, each: object) -> str | None:
        return "clock" if each is self._clock else None


class _Reading(pickle.Unpickler):
    """The same, beside the clock there is. What it reads was written by this very process."""

    def __init__(self, file: BytesIO, clock: FakeClock) -> None:
        super().__init__(file)
        self._clock = clock

    def persistent_load(self, _name: object) -> FakeClock:
        return self._clock


def _connect(house: House, world: World, intuit: Intuit, stripe: StripeStandIn, kind: Kind) -> None:
    hook = stripe.endpoints("acct_harbor").create({"url": "http://127.0.0.1:3/hooks", "enabled_events": ["*"]})
    secrets = {"quickbooks": {"webhook_verifier": VERIFIER}, "stripe": {"webhook_secret": hook["secret"]}}
    for system, stand_in, url in (("quickbooks", intuit, BOOKS), ("stripe", stripe, STRIPE)):
        own = stand_in.settings(world, url)
        values = {**own, **secrets[system], "in_flight": "1"}
        wish = setup.Wish(system=system, company=HARBOR, zone=world.zone, values=values, allow_writes=True)
        setup.connect(house, wish)
    desk = house.company(HARBOR)
    sync_all(desk, lambda *_: None)
    chosen = {"clearing": "Stripe Clearing", "bank": "Checking", "fees": "Stripe Fees", "suspense": "Stripe Suspense"}
    if kind.pattern is BookingPattern.DEPOSIT:
        del chosen["clearing"]
    setup.choose_accounts(desk, "stripe", chosen, kind.pattern)
    if kind.booked:
        apply_plan(desk, make_plan(desk), lambda *_: None, lambda _: None)
