"""The time in which all of it happens: the books, what is to be written, the people, the processes, the quiet after."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Self

from adapters.quickbooks import standin
from adapters.quickbooks.standin.churn import Churn
from adapters.quickbooks.standin.conduct import Conduct, Limits
from adapters.quickbooks.standin.faults import Refusal
from adapters.quickbooks.standin.intuit import Intuit
from adapters.quickbooks.standin.office import Office
from adapters.quickbooks.standin.records import Invoice
from connector.app.books import carry_on, sync_all
from connector.app.house import Desk
from connector.app.setup import Wish, connect
from connector.dates import Instant, business_date
from connector.model.allocation import Allocation
from connector.model.intent import PostExpense, PostPayment, PostTransfer, intent_kind
from connector.model.source import ConnectionId, Kind, OpId, Ref
from connector.model.stamp import read_stamps
from connector.money import Money, currency, from_text
from connector.store import OutboxRow
from connector.testing.standin import Server
from connector.testing.worlds import World, parse
from tests.journeys.sandglass import Onlooker, SandClock, Sandglass
from tests.journeys.soak import PAYMENT_SETTLE_SECONDS, SandHouse, opened
from tests.journeys.soak_mishaps import Witness, mishaps

REALM = "9130001"
USD = currency("USD")
BOOKS = ConnectionId("quickbooks")
STRIPE = ConnectionId("stripe")
ACCOUNTS = ("Stripe Clearing", "Stripe Fees", "Checking")
PROCESSES = 2
PER_MINUTE = 450
"""The highest pace that can be set: nearest to Intuit's own limits."""
ENTITIES_WRITTEN = ("Payment", "Purchase", "Transfer", "Attachable")
LATE_SECONDS = 20
"""How often what was to be done late is done."""
EDIT_SECONDS = 4
GRACE_SECONDS = 86_400
"""How long a refresh token lives on after its successor was lost on the way."""
SEARCH_LAG_SECONDS = 5
WAIT_SECONDS = 1200
"""Real seconds after which something hangs."""

CREATIVE = (
    "invoice", "reprice", "pay", "credit", "apply", "bank", "journal", "customer", "rename", "delete deposit",
    "delete journal",
)  # fmt: skip
"""What people do to anything here. Striking out and voiding they keep to what is theirs: `Person`."""


@dataclass(slots=True, kw_only=True)
class Soak:
    """What is left when it is over."""

    server: Witness
    intuit: Intuit
    desk: Desk
    clock: SandClock
    entries: Mapping[OpId, Entry]
    access_seconds: int
    contacts: dict[str, bool] = field(default_factory=dict)
    did: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    edits: Counter[str] = field(default_factory=Counter)
    late: int = 0
    began: Instant | None = None
    at_end: int = 0
    forced: int = 0

    def books(self, entity: str) -> list[dict[str, Any]]:
        """Every object of an entity, from the stand-in's dump."""
        dump: Any = self.server.behind(lambda: self.intuit.dump(normalised=False))
        return list(json.loads(json.dumps(dump[REALM][entity], default=str)))


class Person:
    """Somebody who works in the books meanwhile, and at whose pace late requests are carried out."""

    def __init__(self, server: Server, office: Office, clock: SandClock, *, seconds: float, seed: int) -> None:
        self._until = clock.monotonic() + seconds
        self._server = server
        self._office = office
        self._clock = clock
        self._churn = Churn(office, seed=seed, acts=CREATIVE, wait=False)
        self._chance = random.Random(seed)  # noqa: S311 - a seed, so that a failure can be looked into
        self._own: dict[str, list[str]] = {"Invoice": [], "Payment": []}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self.done: Counter[str] = Counter()
        self.late = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(timeout=60)

    def _work(self) -> None:
        for turn in range(1, sys.maxsize):
            self._clock.sleep(EDIT_SECONDS)
            if self._over.is_set() or self._clock.monotonic() > self._until:
                return
            with suppress(Refusal):
                act = self._churn.one if turn % 2 else self._keep_house
                self.done[self._server.behind(act).rsplit(" ", 1)[0]] += 1
            if turn * EDIT_SECONDS % LATE_SECONDS == 0:
                self.late += self._server.commit_late()

    def _keep_house(self) -> str:
        """Make an invoice or a payment of our own, or strike one out or void it; or leave a word on any invoice."""
        office, entity = self._office, self._chance.choice(("Invoice", "Payment"))
        own = self._own[entity]
        what = self._chance.choice(("make", "void", "delete", "edit"))
        if what == "edit":
            chosen = self._chance.choice(office.ids("Invoice"))
            return f"edit {office.edit('Invoice', chosen, PrivateNote=f'Looked at {self._chance.random()}')}"
        if what == "make" or not own:
            customer = self._chance.choice(office.ids("Customer"))
            make = office.invoice if entity == "Invoice" else lambda payer, amount: office.pay(payer, amount, {})
            own.append(make(customer, f"{self._chance.randrange(100, 99_999) / 100:.2f}"))
            return f"make {entity} {own[-1]}"
        chosen = own.pop(self._chance.randrange(len(own)))
        act = office.void if what == "void" else office.delete
        return f"{what} {entity} {act(entity, chosen)}"


def world_text(entries: int) -> str:
    """As many invoices as entries are to be posted, and some that are nobody's."""
    lines = (
        f"company  Harbor Supply  home USD  zone America/New_York  country US  realm {REALM}",
        "account  Checking  bank USD",
        "account  Stripe Clearing  bank USD",
        "account  Stripe Fees  expense USD",
        *(f"customer  Customer {number}  email ap{number}@harbor.example" for number in range(12)),
        *(
            f"2026-03-{number % 28 + 1:02}  invoice  S-{number}  Customer {number % 12}  {cost(number)} USD"
            for number in range(entries)
        ),
        *(f"2026-03-02  invoice  N-{number}  Customer {number % 12}  {number + 1}.50 USD" for number in range(20)),
    )
    return "\n".join(lines)


def cost(number: int) -> str:
    return f"{(number * 7919) % 90_000 / 100 + 10:.2f}"


Entry = PostPayment | PostExpense | PostTransfer


def op_id(number: int) -> OpId:
    """An op id that tells its number."""
    return OpId("SOAK" + "".join("ABCDEFGHIJ"[int(digit)] for digit in f"{number:016}"))


def planned(office: Office, entries: int) -> dict[OpId, Entry]:
    """A payment of every invoice of ours, for every third its fee, for every tenth a payout."""
    found: dict[OpId, Entry] = {}
    clearing, fees, bank = (_ref(Kind.ACCOUNT, office.find("Account", name)) for name in ACCOUNTS)
    for number in range(entries):
        invoice = office.company.get(Invoice, office.find("Invoice", f"S-{number}"))
        amount, charge = from_text(cost(number), USD), Ref(STRIPE, Kind.PAYMENT, f"ch_{number}")
        common: dict[str, Any] = {"books": BOOKS, "on": business_date("2026-04-05"), "about": charge}
        target = _ref(Kind.INVOICE, invoice.id)
        entry: Entry = PostPayment(
            customer=_ref(Kind.CUSTOMER, invoice.customer),
            total=amount,
            allocations=(Allocation(payment=charge, target=target, amount=amount),),
            into=clearing,
            memo=f"Stripe {charge.vendor_id}",
            **common,
        )
        found[op_id(number * 10)] = entry
        part = Money(max(amount.minor // 30, 1), USD)
        if number % 3 == 0:
            found[op_id(number * 10 + 1)] = PostExpense(
                paid_from=clearing, account=fees, amount=part, memo="Stripe fee", **common
            )
        if number % 10 == 0:
            found[op_id(number * 10 + 2)] = PostTransfer(
                paid_from=clearing, paid_to=bank, amount=part, memo="Stripe payout", **common
            )
    return found


def _ref(kind: Kind, vendor_id: str) -> Ref:
    return Ref(BOOKS, kind, vendor_id)


def stored(desk: Desk, entries: Mapping[OpId, Entry]) -> None:
    """The entries as rows of the outbox, as `apply` stores a plan's lines."""
    desk.store.outbox_add(
        [
            OutboxRow(
                op_id=one,
                company_id=desk.id,
                connection_id=BOOKS,
                kind=intent_kind(entry),
                subject=f"{intent_kind(entry)}:{entry.about}",
                intent=entry,
                actor=desk.actor,
            )
            for one, entry in entries.items()
        ]
    )


@contextmanager
def soaked(folder: Path, *, seconds: int, entries: int, access_seconds: int, seed: int) -> Iterator[Soak]:
    """The time has passed, faults are off, and what was left over has been carried out in quiet."""
    home = folder / "home"
    home.mkdir(mode=0o700)
    (world,) = parse(world_text(entries))
    with Sandglass(folder / "glass", "2026-04-06T12:00:00Z") as glass:
        conduct = Conduct(
            limits=Limits(),
            access_seconds=access_seconds,
            grace_seconds=GRACE_SECONDS,
            search_lag_seconds=SEARCH_LAG_SECONDS,
        )
        intuit = standin.build((world,), clock=Onlooker(glass.path), conduct=conduct)
        clock = glass.clock(counted=False)
        with Witness(intuit, glass) as server, opened(home, clock) as house:
            desk = connected(house, server, world)
            found = planned(intuit.office(), entries)
            stored(desk, found)
            soak = Soak(
                server=server, intuit=intuit, desk=desk, clock=clock, entries=found, access_seconds=access_seconds
            )
            soak.began = clock.now()
            server.add_faults(*mishaps(seed))
            worked(soak, home, glass, seconds=seconds, seed=seed)
            server.peace = True
            settled(soak)
            soak.forced = glass.forced
            yield soak
    assert server.problems == []


def connected(house: SandHouse, server: Server, world: World) -> Desk:
    """The company, connected and read once, in quiet."""
    values = {"calls_per_minute": str(PER_MINUTE), "in_flight": "1", "monthly_calls": "0"}
    wish = Wish(
        system="quickbooks",
        company=None,
        zone="America/New_York",
        values=server.stand_in.settings(world, server.url) | values,
        allow_writes=True,
    )
    connect(house, wish)
    desk = house.company(None)
    sync_all(desk, _unheard)
    return desk


def worked(soak: Soak, home: Path, glass: Sandglass, *, seconds: int, seed: int) -> None:
    """Let the processes work that long."""
    command = [sys.executable, "-m", "tests.journeys.soak", str(home), str(glass.path), str(glass.port)]
    processes = [
        subprocess.Popen(
            [*command, str(number), str(seconds), str(seed)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for number in range(PROCESSES)
    ]
    try:
        for process in processes:
            assert _pipe(process.stdout).readline() == "ready\n"
        with Person(soak.server, soak.intuit.office(), glass.clock(), seconds=seconds, seed=seed) as person:
            for process in processes:
                _pipe(process.stdin).write("go\n")
                _pipe(process.stdin).flush()
            for process in processes:
                hear(soak, process)
    finally:
        for process in processes:
            process.kill()
    soak.edits, soak.late = person.done, person.late
    soak.at_end = sum(1 for entity in ENTITIES_WRITTEN for row in soak.books(entity) if stamps_of(row))


def hear(soak: Soak, process: subprocess.Popen[str]) -> None:
    """What a process says when it is done."""
    said, _ = process.communicate(timeout=WAIT_SECONDS)
    assert process.returncode == 0
    told = json.loads(said)
    assert told["broken"] == [], "\n".join(told["broken"])
    soak.contacts |= told["contacts"]
    soak.did.update(told["did"])
    soak.faults.update(told["faults"])


def settled(soak: Soak) -> None:
    """Carry out what is left, and read to the end."""
    soak.late += soak.server.commit_late()
    for _ in range(3):
        soak.clock.sleep(PAYMENT_SETTLE_SECONDS + SEARCH_LAG_SECONDS)
        carry_on(soak.desk, _unheard, _unseen)
    sync_all(soak.desk, _unheard)


def _pipe(end: IO[str] | None) -> IO[str]:
    assert end is not None
    return end


def _unheard(what: str, done: int, expected: int | None = None, /) -> None:
    """Nobody is shown the progress."""


def _unseen(row: OutboxRow) -> None:
    """Nobody is shown a row."""


def stamps_of(row: Mapping[str, Any]) -> list[OpId]:
    """The marks that an object carries."""
    text = str(row.get("PrivateNote", "")) + "\n" + str(row.get("Note", ""))
    return [stamp.op_id for stamp in read_stamps(text)]
