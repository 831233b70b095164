"""A firm whose two systems go wrong, made from a seed: the whole product in one process, from the commands' own doors
(`app`) to the adapters' sessions, beside stand-ins that lose, delay and refuse.

Everything goes by one clock. A worker dies by an exception that nothing of ours catches, at any boundary and in the
middle of any call; another one goes on where it stopped, and may do so while the first is still asleep in a call. What
is held against the laws is what the stand-ins' own books say.
"""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, bindparam

from adapters.quickbooks import standin as books_standin
from adapters.quickbooks.standin.conduct import Conduct, Limits
from adapters.quickbooks.standin.faults import Refusal
from adapters.quickbooks.standin.hooks import Delivering, HookSender
from adapters.quickbooks.standin.intuit import Intuit
from adapters.stripe import standin as stripe_standin
from adapters.stripe.standin.api import StripeStandIn
from adapters.stripe.standin.conduct import Conduct as StripeConduct
from adapters.stripe.standin.conduct import Limits as StripeLimits
from connector import registry
from connector.app import hints, setup
from connector.app.books import apply_plan, carry_on, make_plan, sync_all, unfinished
from connector.app.collecting import draft, log_contact, notes_for, push_later, unpushed
from connector.app.house import ALL_BOUNDARIES, Desk, House, pace_of
from connector.collect.contacts import Said
from connector.config import Config
from connector.dates import after
from connector.errors import ReceivablesError, UserError
from connector.model.contact import Channel, Direction, Outcome
from connector.model.firm import BookingPattern, Company
from connector.model.source import CompanyId, ConnectionId, OpId
from connector.ports import Adapter, AdapterSpec, RateBudget
from connector.post import SETTLE_SECONDS
from connector.store import Lease, OutboxRow, OutboxState
from connector.store.budget import SharedBudget, Spender
from connector.testing.deliveries import Delivery
from connector.testing.standin import Call
from connector.testing.worlds import World, parse
from tests.clocks import FakeClock
from tests.laws.wire import Skewed, Weather, Wire, mount

HOUR = 3600.0
TURNS_MAX = 60
INVOICES = 4
DEATHS_PERCENT = 3
TAKEN_OVER_PERCENT = 8
MEANWHILE_PERCENT = 4
GRACE_SECONDS = 90 * 86_400
"""How long a refresh token lives on after its successor was lost on the way: else a person would have to come."""
SKEW_SECONDS = (-600, -60, 0, 0, 60, 600)
PAUSES = (1, 60, 20 * 60, HOUR, 5 * HOUR, 7 * HOUR, 30 * HOUR)
BOOKS, STRIPE = "http://127.0.0.1:1", "http://127.0.0.1:2"
VERIFIER = "verifier-token-of-the-app"
POSTED = ("Payment", "Purchase", "Transfer", "Deposit", "JournalEntry")
"""Entities that we post into the books."""

WORLD = """
company  Harbor {seed}  home USD  zone America/New_York  country US  realm {realm}  stripe acct_{seed}
account  Checking  bank USD
account  Stripe Clearing  bank USD
account  Stripe Fees  expense USD
account  Stripe Suspense  expense USD
account  Undeposited Funds  undeposited USD
account  Accounts Receivable  receivable USD
customer  Acme  email ap@acme.example  in quickbooks and stripe as cus_acme_{seed}
customer  Bolt  email ap@bolt.example  in quickbooks and stripe as cus_bolt_{seed}
2026-03-02  invoice  A-1  Acme  {one} USD  due 2026-04-01
2026-03-02  invoice  A-2  Acme  {two} USD  due 2026-04-01
2026-03-02  invoice  B-1  Bolt  {three} USD  due 2026-04-01
2026-03-02  invoice  B-2  Bolt  {four} USD  due 2026-04-01
2026-03-10  payment  ch_{seed}_1  Acme  {one} USD  by card  fee 1.23 USD  key A-1
2026-03-11  payment  ch_{seed}_2  Acme  {two} USD  by card  fee 2.34 USD  key A-2
2026-03-12  payment  ch_{seed}_3  Bolt  {three} USD  by us_bank_account  fee 0.80 USD  key B-1
{more}
"""
MORE = (
    "2026-03-16  payout  po_{seed}_1  USD  of ch_{seed}_1, ch_{seed}_2",
    "2026-03-14  refund  re_{seed}_1  {two} USD  of ch_{seed}_2\n2026-03-16  payout  po_{seed}_1  USD  of ch_{seed}_1",
    "2026-03-14  credit  CM-1  Bolt  1.00 USD",
    "",
)


class Died(BaseException):
    """The process ends here, without a farewell."""


class Worker(Desk):
    """A process at work for the company: whose leases it holds is known, so that they can run out."""

    def __init__(self, house: House, company: Company) -> None:
        super().__init__(house, company)
        self.held: list[Lease] = []

    @contextmanager
    def lease(self, name: str) -> Iterator[Lease]:
        with super().lease(name) as lease:
            self.held.append(lease)
            try:
                yield lease
            finally:
                self.held.remove(lease)


class WiredHouse(House):
    """The house, with the line of this process under every adapter, and budgets that go by its clock."""

    def __init__(self, config: Config, clock: FakeClock) -> None:
        super().__init__(config, clock)
        self.wires: dict[str, Wire] = {}

    def open_adapter(
        self, company: Company, spec: AdapterSpec, connection: ConnectionId, values: Any, *fence: Any
    ) -> Adapter:
        adapter = super().open_adapter(company, spec, connection, values, *fence)
        mount(adapter, self.wires)
        return adapter

    def budget(self, spec: AdapterSpec, company: CompanyId, connection: ConnectionId, settings: object) -> RateBudget:
        clock = self.clock
        now = bindparam("now", callable_=lambda: round(clock.now().timestamp() * 1000), type_=BigInteger())
        key = self._purse(company, connection)
        budget = SharedBudget(self.store._database, clock, Spender(*key, spec.title), pace_of(spec, settings), now=now)
        return budget.within(self.store.room(Spender(*key, spec.title)))


def opened(folder: Path, clock: FakeClock) -> WiredHouse:
    """A house whose settings are those of every user."""
    config = Config(home=folder, database=str(folder / "receivables.db"), actor="dana")
    return WiredHouse(config, clock)


@dataclass
class Firm:
    """One company, its systems, and those who work for it. `broken` is what nobody may do, and somebody did."""

    house: WiredHouse
    clock: FakeClock
    seed: int
    broken: list[str] = field(default_factory=list)
    contacts: list[str] = field(default_factory=list)
    met: Counter[str] = field(default_factory=Counter)
    deaths: int = 0
    takeovers: int = 0

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)  # noqa: S311 - a seed, so that a failure can be looked into
        self.world = _world(self.seed, self.chance)
        self.id = CompanyId(f"c{self.seed}")
        self.weather = Weather(over=True)
        self.mortal = False
        self.worker: Worker | None = None
        theirs = Skewed(self.clock, self.chance.choice(SKEW_SECONDS))
        conduct = Conduct(
            limits=Limits(), grace_seconds=GRACE_SECONDS, search_lag_seconds=self.chance.choice((0, 0, 5, 30))
        )
        self.intuit: Intuit = books_standin.build((self.world,), clock=theirs, conduct=conduct)
        self.stripe: StripeStandIn = stripe_standin.build((self.world,), clock=theirs)
        self.stripe.conduct = StripeConduct(limits=StripeLimits())
        make = partial(Wire, clock=self.clock, chance=self.chance, weather=self.weather)
        self.wires = {
            BOOKS: make(self.intuit, around=partial(self._around, "books")),
            STRIPE: make(self.stripe, around=partial(self._around, "stripe")),
        }
        self.house.wires.clear()
        self.house.wires.update(self.wires)
        self.house.boundary = self._boundary
        self.pages = self.chance.choice(("2", "3", "100", "100"))
        self._connect()
        self.sender = HookSender(self.intuit, VERIFIER, Delivering())
        self.parcels: list[tuple[float, Delivery]] = []

    def _connect(self) -> None:
        for system, stand_in, url in (("quickbooks", self.intuit, BOOKS), ("stripe", self.stripe, STRIPE)):
            values = {**stand_in.settings(self.world, url), "in_flight": "1", "page_size_max": self.pages}
            if system == "quickbooks":
                values |= {"webhook_verifier": VERIFIER}
            wish = setup.Wish(system=system, company=self.id, zone=self.world.zone, values=values, allow_writes=True)
            setup.connect(self.house, wish)
        desk = self._new()
        sync_all(desk, _unheard)
        chosen = {"clearing": "Stripe Clearing", "bank": "Checking", "fees": "Stripe Fees"}
        pattern = BookingPattern.DEPOSIT if self.seed % 3 == 1 else BookingPattern.CLEARING
        if pattern is BookingPattern.DEPOSIT:
            del chosen["clearing"]
        setup.choose_accounts(desk, "stripe", {**chosen, "suspense": "Stripe Suspense"}, pattern)

    def _new(self) -> Worker:
        """A process that begins now."""
        company = next(one for one in self.house.store.companies() if one.company_id == self.id)
        return Worker(self.house, company)

    @property
    def desk(self) -> Worker:
        """Somebody who only looks."""
        return self._new()

    # What goes wrong

    def _boundary(self, name: str) -> None:
        if name not in ALL_BOUNDARIES:
            raise LookupError(name)
        self._die()

    def _die(self) -> None:
        if self.mortal and self.chance.randrange(100) < DEATHS_PERCENT:
            self.deaths += 1
            raise Died

    def _around(self, _side: str, when: str, call: Call) -> None:
        """What happens beside a call: its caller dies, or sleeps so long that another one takes over; people work."""
        write = call.method == "POST" and "/oauth2/" not in call.path and not call.path.endswith("/query")
        if write and when == "before" and self.worker is not None and not self._holds(self.worker):
            self.broken.append(f"{call.path} was written to without the lease")
        if not self.mortal:
            return
        self._die()
        if call.method == "GET" and when == "after" and self.chance.randrange(100) < MEANWHILE_PERCENT:
            self._people()
        if write and when == "after" and self.chance.randrange(100) < TAKEN_OVER_PERCENT:
            self._taken_over()

    def _holds(self, worker: Worker) -> bool:
        """Whether it still has every lease it works under, as the store says."""
        with self.house.store._database.read() as tx:
            held = tx.exec_driver_sql(
                "SELECT name, fence FROM lease WHERE company_id = ? AND owner != ''", (self.id,)
            ).all()
        return {(one.name, one.fence) for one in worker.held} <= {(name, fence) for name, fence in held}

    def _taken_over(self) -> None:
        """The leases of whoever is in a call run out, and another process does what there is to do."""
        asleep = self.worker
        if asleep is None or not asleep.held:
            return
        self.takeovers += 1
        for lease in asleep.held:
            self.house.store.release(lease)
        self.clock.pass_seconds(self.chance.choice((0, 61, 600)))
        mortal, self.mortal = self.mortal, False  # it does not fall asleep itself
        self._work(carry)
        self.worker, self.mortal = asleep, mortal

    # What is done

    def _work(self, act: Callable[[Firm, Worker], None]) -> None:
        """One process does one thing, and ends."""
        self.worker = self._new()
        try:
            act(self, self.worker)
        except Died:
            self.met["died"] += 1
        except ReceivablesError as fault:
            self.met[type(fault).__name__] += 1
        finally:
            self.worker = None

    def live(self) -> None:
        """Some turns in bad weather, with people at work in the books; then the weather is over, and it goes on until
        nothing is left to be done."""
        self.weather.over, self.mortal = False, True
        for _ in range(self.chance.randint(4, 8)):
            self._deliver()
            self._work(self.chance.choice((read, book, book, carry, note)))
            self._people()
            self.clock.pass_seconds(self.chance.choice(PAUSES))
        self.weather.over, self.mortal = True, False
        self.quiet_from = self.clock.now()
        for _ in range(TURNS_MAX):
            self.clock.pass_seconds(7 * HOUR)
            for wire in self.wires.values():
                wire.settle()
            for act in (read, book, carry, push):
                self._work(act)
            self._overdue()
            if not unfinished(self.desk) and not any(wire.late for wire in self.wires.values()):
                break
        self.clock.pass_seconds(HOUR)  # no search lags as long as that
        self._work(read)

    def _overdue(self) -> None:
        """In good weather nothing is unsure for longer than its settle time and two of our intervals."""
        for row in self.rows():
            if row.state is OutboxState.UNSURE and row.doubted_at is not None:
                most = SETTLE_SECONDS[row.kind] + 2 * 7 * HOUR
                if self.clock.now() > after(max(row.doubted_at, self.quiet_from), most):
                    self.broken.append(f"{row.subject} has been unsure since {row.doubted_at}")

    def _people(self) -> None:
        """Somebody works in the books, and QuickBooks tells of it: late, twice, out of order, or not at all."""
        office = self.intuit.office()
        with suppress(Refusal):
            match self.chance.randrange(6):
                case 0:
                    office.edit("Invoice", self.chance.choice(office.ids("Invoice")), PrivateNote="Looked at.")
                case 1:
                    office.edit("Customer", self.chance.choice(office.ids("Customer")), Notes="Pays late.")
                case 2:
                    office.invoice(office.ids("Customer")[0], "10.00", f"P-{self.chance.randrange(10**6)}")
                case 3 if len(office.ids("Invoice")) > INVOICES:
                    office.delete("Invoice", office.ids("Invoice")[-1])
        self.sender.delivering = Delivering(doubled=self.chance.random() < 0.5, shuffle_seed=self.seed)
        for parcel in self.sender.deliveries():
            if self.chance.random() < 0.8:
                when = self.clock.monotonic() + self.chance.choice((0, 60, 3 * 24 * HOUR))
                self.parcels.append((when, parcel))

    def _deliver(self) -> None:
        """What QuickBooks and somebody who is not QuickBooks send us by now."""
        door = hints.doors()["quickbooks"]
        due = [each for each in self.parcels if each[0] <= self.clock.monotonic()]
        self.parcels = [each for each in self.parcels if each not in due]
        for _, parcel in due:
            headers = {name.lower(): value for name, value in parcel.headers.items()}
            hints.take(self.house, door, parcel.body, headers)
            if hints.take(self.house, door, parcel.body + b" ", headers) is not None:
                self.broken.append("a forged delivery was believed")

    # What there is

    def rows(self) -> tuple[OutboxRow, ...]:
        return self.house.store.outbox(self.id)

    def books(self, entity: str) -> list[dict[str, Any]]:
        """The objects of one entity, as the stand-in of the books holds them."""
        held: Any = self.intuit.dump(normalised=False)
        found: list[dict[str, Any]] = json.loads(json.dumps(held[self.world.realm][entity], default=str))
        return found

    def marked(self) -> dict[OpId, list[tuple[str, Decimal]]]:
        """Every object of the books that carries our mark, by that mark: its entity and amount."""
        found: dict[OpId, list[tuple[str, Decimal]]] = defaultdict(list)
        for entity in (*POSTED, "Attachable"):
            for row in self.books(entity):
                text = str(row.get("Note" if entity == "Attachable" else "PrivateNote") or "")
                for part in text.split("receivables op=")[1:]:
                    amount = Decimal(str(row.get("TotalAmt", row.get("Amount", 0)) or 0))
                    found[OpId(part.split()[0])].append((entity, amount))
        return found


def read(_firm: Firm, desk: Worker) -> None:
    """Read both systems."""
    sync_all(desk, _unheard)


def book(_firm: Firm, desk: Worker) -> None:
    """Read, plan, apply."""
    sync_all(desk, _unheard)
    apply_plan(desk, make_plan(desk), _unheard, _unseen)


def carry(_firm: Firm, desk: Worker) -> None:
    """Carry on what was begun."""
    carry_on(desk, _unheard, _unseen)


def note(firm: Firm, desk: Worker) -> None:
    """Write down a call, and push its note."""
    words = f"Call {len(firm.contacts)} was not answered."
    said = Said(
        by=desk.actor,
        at=desk.clock.now(),
        zone="America/New_York",
        direction=Direction.OUT,
        channel=Channel.PHONE,
        outcome=Outcome.VOICEMAIL,
        words=words,
    )
    with suppress(UserError):
        contact = draft(desk, firm.chance.choice(("A-1", "B-2")), said)
        firm.contacts.append(words)
        log_contact(desk, contact, notes_for(desk, contact), _unseen)


def push(_firm: Firm, desk: Worker) -> None:
    """Push what was written down and not pushed."""
    push_later(desk, unpushed(desk), _unseen)


def _world(seed: int, chance: random.Random) -> World:
    amounts = {name: f"{chance.randint(500, 99_999) / 100:.2f}" for name in ("one", "two", "three", "four")}
    more = chance.choice(MORE).format(seed=seed, **amounts)
    (world,) = parse(WORLD.format(seed=seed, realm=9_000_000 + seed, more=more, **amounts))
    return world


def _unseen(_row: OutboxRow) -> None:
    """Nobody is shown a row's progress."""


def _unheard(_what: str, _done: int, _expected: int | None = None, /) -> None:
    """Nobody is shown the reading's progress."""


FINISHED = frozenset({OutboxState.DONE, OutboxState.DEAD})
__all__ = ["Firm", "WiredHouse", "opened", "registry"]
