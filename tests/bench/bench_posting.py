"""How long posting takes beside what QuickBooks allows: 10,000 payments, one by one, each with its look before it.

Run it by hand: `python -m tests.bench.bench_posting [INTENTS] [ANSWER_MILLISECONDS]`. The adapter, the outbox and the
budget are the real ones, at the pace that is set when nobody chooses; the other side is the stand-in, in this process.
The clock is simulated: it goes on by what our own work costs in CPU seconds, by how long each answer takes, and by what
the budget makes us wait. What the stand-in itself costs is not counted. No time of our own is idle where the whole
takes as long as the calls alone must take at that pace.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from adapters.quickbooks import spec, standin
from adapters.quickbooks.standin.conduct import Conduct, Limits
from adapters.quickbooks.standin.intuit import Intuit
from connector.app import setup
from connector.app.books import LEASE_NAME, sync_all
from connector.app.house import Desk, new_op_id
from connector.dates import business_date
from connector.model.allocation import Allocation
from connector.model.intent import IntentKind, PostPayment
from connector.model.invoice import Invoice
from connector.model.source import ConnectionId, Kind, Ref
from connector.post import post
from connector.store import OutboxRow, OutboxState
from connector.testing.standin import Answer, Call
from connector.testing.worlds import World, parse
from tests.clocks import FakeClock
from tests.laws.wire import Weather, Wire
from tests.laws.wired_start import BOOKS, WiredHouse, opened

INTENTS, ANSWER_MS = 10_000, 150
CUSTOMERS = 50
MINUTE, MS = 60, 1000
BEGINS = "2026-03-20T12:00:00Z"
QUICKBOOKS = ConnectionId("quickbooks")


@dataclass
class Vendor:
    """The stand-in, whose own cost does not count."""

    inner: Intuit
    cost: float = 0.0
    system: str = "quickbooks"
    calls: int = 0
    writes: int = 0

    def answer(self, call: Call) -> Answer:
        began = time.process_time()
        said = self.inner.answer(call)
        self.cost += time.process_time() - began
        self.calls += 1
        self.writes += call.method == "POST"
        return said

    def settings(self, world: World, url: str) -> dict[str, str]:
        return self.inner.settings(world, url)

    def dump(self, *, normalised: bool) -> object:
        return self.inner.dump(normalised=normalised)

    def corrupt(self, seed: int) -> str:
        return self.inner.corrupt(seed)


@dataclass
class Meter:
    """Moves the clock on by our own CPU seconds before each call, and by the time an answer takes after it."""

    clock: FakeClock
    vendor: Vendor
    answer_seconds: float
    own: float = 0.0
    _since: float = field(default_factory=time.process_time)

    def around(self, _call: Call, answer: Answer | None) -> None:
        """Before a call, and when it is answered."""
        if answer is None:
            spent = time.process_time() - self._since
            self.own += spent
            self.clock.pass_seconds(spent)
        else:
            self.clock.pass_seconds(self.answer_seconds)
            self.begin()

    def begin(self) -> None:
        """Our own work begins, or goes on."""
        self._since = time.process_time()


def world(intents: int) -> World:
    """So many open invoices."""
    lines = [
        "company  Harbor  home USD  zone America/New_York  country US  realm 9160001  stripe acct_bench",
        "account  Stripe Clearing  bank USD",
        *(f"customer  Customer {number}" for number in range(CUSTOMERS)),
        *(
            f"2026-03-02  invoice  INV-{number}  Customer {number % CUSTOMERS}  100.00 USD  due 2026-04-01"
            for number in range(intents)
        ),
    ]
    (made,) = parse("\n".join(lines))
    return made


def rows(desk: Desk) -> list[OutboxRow]:
    """A payment for every invoice."""
    into = next(stored.ref for stored in desk.store.records(desk.id, Kind.ACCOUNT))
    made = []
    for stored in desk.store.records(desk.id, Kind.INVOICE):
        record = stored.record
        if not isinstance(record, Invoice) or record.customer is None:
            continue
        about = Ref(ConnectionId("stripe"), Kind.PAYMENT, f"ch_{stored.ref.vendor_id}")
        intent = PostPayment(
            books=QUICKBOOKS,
            customer=record.customer,
            on=business_date("2026-03-19"),
            total=record.open,
            allocations=(Allocation(payment=about, target=stored.ref, amount=record.open),),
            into=into,
            about=about,
            memo="card payment",
        )
        made.append(
            OutboxRow(
                op_id=new_op_id(), company_id=desk.id, connection_id=QUICKBOOKS, kind=IntentKind.PAYMENT,
                subject=f"payment:{about}", intent=intent,
            )
        )  # fmt: skip
    return made


def measured(intents: int, answer_seconds: float) -> dict[str, float]:
    """Seconds of the simulated clock, and what was counted."""
    clock = FakeClock(BEGINS)
    limits = Limits()
    books = world(intents)
    vendor = Vendor(standin.build((books,), clock=clock, conduct=Conduct(limits=limits, access_seconds=10**8)))
    meter = Meter(clock, vendor, answer_seconds)
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder), clock) as house:
        desk = _connected(house, vendor, books, meter)
        desk.store.outbox_add(rows(desk))
        tools = desk.tools(lambda _: None)
        calls, writes, refused = vendor.calls, vendor.writes, vendor.inner.traffic().refused
        began, own = clock.monotonic(), meter.own
        meter.begin()
        with desk.lease(LEASE_NAME) as lease:
            done = len(post(tools, desk.id, lease).done)
        states = {row.state for row in desk.store.outbox(desk.id)}
    if done != intents or states != {OutboxState.DONE}:
        raise SystemExit(f"{done} of {intents} were posted: {states}")
    return {
        "seconds": clock.monotonic() - began,
        "calls": vendor.calls - calls,
        "writes": vendor.writes - writes,
        "refused": vendor.inner.traffic().refused - refused,
        "own": meter.own - own,
    }


def _connected(house: WiredHouse, vendor: Vendor, books: World, meter: Meter) -> Desk:
    chance = random.Random(0)  # noqa: S311 - nothing goes wrong here
    wire = Wire(vendor, meter.clock, chance, Weather(over=True), meter.around)
    house.wires[BOOKS] = wire
    values = vendor.settings(books, BOOKS) | {"in_flight": "1", "monthly_calls": "0"}
    wish = setup.Wish(system="quickbooks", company=None, zone=books.zone, values=values, allow_writes=True)
    setup.connect(house, wish)
    desk = house.company(None)
    sync_all(desk, lambda *_: None)
    return desk


def main() -> None:
    """Print how long it took, how long the limit alone makes it take, and what of it was ours."""
    intents = int(sys.argv[1]) if len(sys.argv) > 1 else INTENTS
    answer_ms = int(sys.argv[2]) if len(sys.argv) > 2 else ANSWER_MS
    said = measured(intents, answer_ms / MS)
    limit = said["calls"] * MINUTE / spec.calls_per_minute
    say = sys.stdout.write
    say(f"{intents} payments, {said['calls']:.0f} calls ({said['writes']:.0f} writes), {said['refused']:.0f} refused\n")
    say(f"{said['seconds'] / MINUTE:.1f} minutes with answers in {answer_ms} ms; ")
    say(f"the limit of {spec.calls_per_minute} a minute alone: {limit / MINUTE:.1f} minutes\n")
    own_ms = said["own"] * MS / intents
    say(f"as long as the limit's: {said['seconds'] / limit:.3f}; our own work: {own_ms:.1f} ms each\n")


if __name__ == "__main__":
    main()
