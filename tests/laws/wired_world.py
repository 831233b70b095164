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
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from typing import Any

import requests

from connector.app.books import apply_plan, carry_on, make_plan, sync_all, unfinished
from connector.app.collecting import draft, log_contact, notes_for, push_later, unpushed
from connector.app.house import ALL_BOUNDARIES, Desk, House
from connector.dates import after
from connector.errors import ReceivablesError, UserError
from connector.model.firm import Company
from connector.model.source import OpId
from connector.post import SETTLE_SECONDS
from connector.store import Lease, OutboxRow, OutboxState
from connector.testing.standin import Answer, Call
from tests.callers import voicemail
from tests.laws.wire import LATE_SHARE, Weather, Wire
from tests.laws.wired_people import People
from tests.laws.wired_start import BOOKS, HARBOR, STRIPE, Stage

HOUR = 3600.0
TURNS_MAX = 60
DEATHS = {"boundary": 40, "write": 60, "read": 4}
"""So often of a thousand times does a process die there."""
TAKEN_OVER, MEANWHILE, FORBIDDEN, CONFLICT, REVOKED = 100, 20, 8, 400, 40
"""So often of a thousand does another process take over in a write; does somebody act during a read, or forbid us to
write, or change the very entry that was read; is our access taken away between two turns."""
SKEW_SECONDS = (-600, -60, 0, 0, 60, 600)
LAG_SECONDS = (0, 0, 30, 90)
FORGETS_KEYS = 300
"""So many of a thousand vendors take no notice of our keys."""
TARDY_LATE = 60
"""So often are writes late in a tardy world, and no vendor there takes notice of our keys: nothing but waiting helps.
"""
PAGE_SIZES = ("2", "3", "100")
PAUSES = (1, 1, 60, 20 * 60, HOUR, 5 * HOUR, 7 * HOUR, 30 * HOUR)
POSTED = ("Payment", "Purchase", "Transfer", "Deposit", "JournalEntry")
"""Entities that we post into the books."""


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


@dataclass
class Firm:
    """The company of that seed, connected and read once, its systems, and those who work for it. `broken` is what
    nobody may do, and somebody did."""

    stage: Stage
    seed: int
    tardy: bool = False
    """Whether writes are often late, and no key has an effect."""
    broken: list[str] = field(default_factory=list)
    contacts: dict[str, str] = field(default_factory=dict)
    """The words of each call, and the invoice it was about."""
    met: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)  # noqa: S311 - a seed, so that a failure can be looked into
        self.house, self.clock = self.stage.house, self.stage.clock
        self.outside = self.stage.begin(self.seed)
        self.world = self.outside.world
        self.intuit, self.stripe = self.outside.intuit, self.outside.stripe
        self.weather = Weather(over=True, writes=40, late=TARDY_LATE if self.tardy else LATE_SHARE)
        self.mortal = False
        self.worker: Worker | None = None
        for skew in self.outside.skews:
            skew.seconds = self.chance.choice(SKEW_SECONDS)
            self.met["a clock fast or slow"] += skew.seconds != 0
        self.intuit.conduct = replace(self.intuit.conduct, search_lag_seconds=self.chance.choice(LAG_SECONDS))
        make = partial(Wire, clock=self.clock, chance=self.chance, weather=self.weather, around=self._around)
        self.wires = {BOOKS: make(self.intuit), STRIPE: make(self.stripe)}
        for wire in self.wires.values():
            wire.forgets_keys = self._happens(FORGETS_KEYS) or self.tardy
            wire.blind, wire.unmarked = not self.stage.mutant.looks, not self.stage.mutant.marks
            self.met["keys without effect"] += wire.forgets_keys
        self.house.wires.clear()
        self.house.wires.update(self.wires)
        self.house.boundary = self._boundary
        self.people = People(self.house, self.clock, self.outside, self.wires, self.chance, self.met, self.broken)
        self._at_last: dict[str, list[dict[str, Any]]] = {}
        """All books, once nobody does anything any more."""
        self._forbidden: set[str] = set()
        """The keys of what was written after a person had forbidden it."""
        self._page_size(self.chance.choice(PAGE_SIZES))
        self.clock.pass_seconds(HOUR)  # so that a clock that was set back is past all that happened before

    def _page_size(self, size: str) -> None:
        store = self.house.store
        for each in store.connections(HARBOR):
            store.put_secrets(HARBOR, each.connection_id, {"page_size_max": size}, self.house.actor)

    def _new(self) -> Worker:
        """A process that begins now."""
        return Worker(self.house, next(iter(self.house.store.companies())))

    @property
    def desk(self) -> Worker:
        """Somebody who only looks."""
        return self._new()

    # What goes wrong

    def _boundary(self, name: str) -> None:
        if name not in ALL_BOUNDARIES:
            raise LookupError(name)
        self._die("boundary")

    def _happens(self, share: int) -> bool:
        return self.chance.randrange(1000) < share

    def _die(self, where: str) -> None:
        if self.mortal and self._happens(DEATHS[where]):
            raise Died

    def _around(self, call: Call, answer: Answer | None) -> None:
        """What happens beside a call: its caller dies, or sleeps so long that another one takes over; people work."""
        write = call.method == "POST" and "/oauth2/" not in call.path and not call.path.endswith("/query")
        if write and answer is None:
            self._may_be_written(call)
        reads_ours = call.method == "GET" and "/payment/" in call.path
        if reads_ours and answer is not None and answer.status == requests.codes.ok:
            self._conflict(call.path.rpartition("/")[2])
        if not self.mortal:
            return
        self._die("write" if write else "read")
        if answer is not None and call.method == "GET":
            self._meanwhile(call, answer)
        if answer is not None and write and self._happens(TAKEN_OVER):
            self._taken_over()

    def _may_be_written(self, call: Call) -> None:
        """No write without the lease; after a person has forbidden writing, at most the one that was under way."""
        if self.worker is not None and not self._holds(self.worker):
            self.broken.append(f"{call.path} was written to without the lease")
        if not self.people.allowed():
            self._forbidden.add(call.headers.get("idempotency-key") or call.first("requestid"))
            if len(self._forbidden) > 1:
                self.broken.append(f"{call.path} was written to after writing was forbidden")

    def _meanwhile(self, call: Call, answer: Answer) -> None:
        """Between a reading and what follows it: rows are added or struck out, or a person forbids us to write."""
        if self._happens(MEANWHILE):
            self.met["something happened between two pages"] += "limit" in call.query or "query" in call.query
            self.people.act()
        elif self.worker is not None and self.worker.held and self._happens(FORBIDDEN):
            self._forbid()
        if "query" in call.query and self.intuit.conduct.search_lag_seconds:
            self._search(call, answer)

    def _search(self, call: Call, answer: Answer) -> None:
        """Whether an entry of ours stands there that a look-up does not show yet."""
        entity = call.first("query").partition(" FROM ")[2].partition(" ")[0]
        rows = self.house.store.outbox(HARBOR, states=(OutboxState.UNSURE, OutboxState.SENDING))
        marked = self.marked() if rows else {}
        for mark in {row.op_id for row in rows} & marked.keys():
            there = any(found == entity for found, _ in marked[mark])
            self.met["a search did not show yet what was there"] += there and mark.encode() not in answer.body

    def _conflict(self, vendor_id: str) -> None:
        """Somebody changes the very entry that was read, before anything is done with it; once in quiet times."""
        if self._happens(CONFLICT) and (self.mortal or not self.met["edited in quiet times"]):
            self.met["edited in quiet times"] += not self.mortal
            self.people.change_payment(vendor_id)

    def _forbid(self) -> None:
        if self.people.allowed():
            self.people.may_write(False)
            self.met["writing forbidden"] += 1
            self._forbidden.clear()

    def _holds(self, worker: Worker) -> bool:
        """Whether it still has every lease it works under, as the store says."""
        with self.house.store._database.read() as tx:
            held = tx.exec_driver_sql("SELECT name, fence FROM lease WHERE company_id = ? AND owner != ''", (HARBOR,))
            return {(one.name, one.fence) for one in worker.held} <= {(name, fence) for name, fence in held.all()}

    def _taken_over(self) -> None:
        """The leases of whoever is in a call run out, and another process does what there is to do."""
        asleep = self.worker
        if asleep is None or not asleep.held:
            return
        self.met["taken over"] += 1
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
        for _ in range(self.chance.randint(2, 4)):
            self.people.deliver()
            self._work(self.chance.choice((book, book, book, carry, carry, note, note)))
            self.people.act()
            self._offend()
            self.clock.pass_seconds(self.chance.choice(PAUSES))
        self.weather.over, self.mortal = True, False
        self.people.let_in_again()
        self.people.may_write(True)
        self.quiet_from = self.clock.now()
        for _ in range(TURNS_MAX):
            self.clock.pass_seconds(7 * HOUR)
            for wire in self.wires.values():
                wire.settle()
            self.people.deliver()
            self._work(carry)
            self._work(push)
            if unfinished(self.desk) or any(wire.late for wire in self.wires.values()):
                self._overdue()
                continue
            self._work(book)
            if not unfinished(self.desk):
                break
        self.clock.pass_seconds(3 * 24 * HOUR)  # no search lags as long as that, and no delivery comes later
        self.people.deliver()
        self.met["edited in quiet times"] += 1  # nobody does anything any more
        self._work(read)
        self._at_last = self._all_books()

    def _offend(self) -> None:
        """A person takes away our access, or gives back our leave to write."""
        if self._happens(REVOKED):
            self.people.revoke(self.chance.choice(("quickbooks", "stripe")))
        elif not self.people.allowed() and self._happens(500):
            self.people.may_write(True)

    def _overdue(self) -> None:
        """In good weather nothing is unsure for longer than its settle time and two of our intervals."""
        for row in self.rows():
            if row.state is OutboxState.UNSURE and row.doubted_at is not None:
                most = SETTLE_SECONDS[row.kind] + 2 * 7 * HOUR
                if self.clock.now() > after(max(row.doubted_at, self.quiet_from), most):
                    self.broken.append(f"{row.subject} has been unsure since {row.doubted_at}")

    # What there is

    def rows(self) -> tuple[OutboxRow, ...]:
        return self.house.store.outbox(HARBOR)

    def books(self, entity: str) -> list[dict[str, Any]]:
        """The objects of one entity, as the stand-in of the books holds them."""
        return self._all_books()[entity]

    def _all_books(self) -> dict[str, list[dict[str, Any]]]:
        if self._at_last:
            return self._at_last
        held: Any = self.intuit.dump(normalised=False)
        found: dict[str, list[dict[str, Any]]] = json.loads(json.dumps(held[self.world.realm], default=str))
        return found

    def marked(self) -> Mapping[OpId, list[tuple[str, Decimal]]]:
        """Every object of the books that carries our mark, by that mark: its entity and amount."""
        found: dict[OpId, list[tuple[str, Decimal]]] = defaultdict(list)
        ledger = self.people.ledger
        for record in (*ledger.newest("invoice"), *ledger.newest("customer")):
            mark = record["metadata"].get("receivables_note_ref", "").rpartition(" ")[2]
            if mark:
                found[OpId(mark)].append(("metadata", Decimal()))
        held = self._all_books()
        for entity in (*POSTED, "Attachable"):
            for row in held[entity]:
                text = str(row.get("Note" if entity == "Attachable" else "PrivateNote") or "")
                for part in text.split("receivables op=")[1:]:
                    amount = Decimal(str(row.get("TotalAmt", row.get("Amount", 0)) or 0))
                    found[OpId(part.split()[0])].append((entity, amount))
        return found


def read(_firm: Firm, desk: Worker) -> None:
    """Read both systems."""
    sync_all(desk, _unheard)


def book(_firm: Firm, desk: Worker) -> None:
    """Read, plan, apply; what was begun before is carried on."""
    sync_all(desk, _unheard)
    apply_plan(desk, make_plan(desk), _unheard, _unseen)


def carry(_firm: Firm, desk: Worker) -> None:
    """Carry on what was begun."""
    carry_on(desk, _unheard, _unseen)


def note(firm: Firm, desk: Worker) -> None:
    """Write down a call, and push its note."""
    words = f"Call {len(firm.contacts)} was not answered."
    at_processor = firm.chance.random() < 0.5 and "S-1" not in firm.contacts.values()  # which keeps the latest only
    said = voicemail(desk, words)
    with suppress(UserError):
        about = "S-1" if at_processor else firm.chance.choice(("A-1", "B-2"))
        contact = draft(desk, about, said)
        firm.contacts[words] = about
        log_contact(desk, contact, notes_for(desk, contact), _unseen)


def push(_firm: Firm, desk: Worker) -> None:
    """Push what was written down and not pushed."""
    push_later(desk, unpushed(desk), _unseen)


def _unseen(_row: OutboxRow) -> None:
    """Nobody is shown a row's progress."""


def _unheard(_what: str, _done: int, _expected: int | None = None, /) -> None:
    """Nobody is shown the reading's progress."""


FINISHED = frozenset({OutboxState.DONE, OutboxState.DEAD})
