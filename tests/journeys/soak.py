"""One of the processes of the soak: eight threads that work in one company's books by the product's own ways.

`python -m tests.journeys.soak HOME GLASS PORT NUMBER SECONDS SEED` says `ready`, waits for a line, works until so many
seconds of the sandglass are over, and says as JSON what became of it. Three threads carry planned entries out, one
syncs, one logs contacts whose notes are pushed, three look at single invoices as a payer's click does; each has an
adapter of its own.
"""

from __future__ import annotations

import json
import random
import sys
import threading
import traceback
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import BigInteger, bindparam

from adapters.quickbooks.settings import Settings
from connector.app.books import LEASE_NAME, sync_all
from connector.app.collecting import draft, log_contact, notes_for
from connector.app.house import Desk, House
from connector.config import load
from connector.errors import ReceivablesError
from connector.model.intent import IntentKind
from connector.model.invoice import Invoice
from connector.model.source import CompanyId, ConnectionId, Kind, Ref
from connector.ports import AdapterSpec, Lookable, RateBudget
from connector.post import post
from connector.store import OutboxRow, OutboxState
from connector.store.budget import SharedBudget, Spender
from tests.callers import voicemail
from tests.journeys.sandglass import SandClock

PAYMENT_SETTLE_SECONDS = 240
NOTE_SETTLE_SECONDS = 120
ROWS_AT_ONCE = 3
PAUSES: Mapping[str, tuple[float, float]] = {
    "post": (2.0, 20.0),
    "sync": (1.0, 15.0),
    "log": (20.0, 60.0),
    "look": (0.2, 3.0),
}
"""How long a thread rests before it does that once more, from and to."""

ROLES = ("post", "post", "post", "sync", "log", "look", "look", "look")


class SandHouse(House):
    """The house, whose budget goes by the sandglass as its clock does: else the two would disagree about every wait."""

    def budget(self, spec: AdapterSpec, company: CompanyId, connection: ConnectionId, settings: object) -> RateBudget:
        if not isinstance(settings, Settings):
            raise TypeError(type(settings).__name__)
        clock = self.clock
        now = bindparam("glass", callable_=lambda: round(clock.monotonic() * 1000), type_=BigInteger())
        spender = Spender(company, connection, spec.title)
        room = self.store.room(spender)
        return SharedBudget(self.store._database, clock, spender, settings, now=now).within(room)


def opened(home: Path, clock: SandClock) -> SandHouse:
    """The house at that folder."""
    settings = {
        "RECEIVABLES_HOME": str(home),
        "RECEIVABLES_ACTOR": "dana",
        "RECEIVABLES_SETTLE_PAYMENT": str(PAYMENT_SETTLE_SECONDS),
        "RECEIVABLES_SETTLE_NOTE": str(NOTE_SETTLE_SECONDS),
    }
    return SandHouse(load(settings), clock)


class Hand:
    """One thread: a desk of its own, and what it does again and again."""

    def __init__(self, house: SandHouse, clock: SandClock, name: str, seed: int) -> None:
        self._desk: Desk = house.company(None)
        self._clock = clock
        self._name = name
        self._chance = random.Random(seed)  # noqa: S311 - a seed, so that a failure can be looked into
        self.did: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.contacts: dict[str, bool] = {}
        self.broken = ""

    def run(self, role: str, until: float) -> None:
        """Work until then."""
        work = {"post": self._post, "sync": self._sync, "log": self._log, "look": self._look}[role]
        try:
            while self._clock.monotonic() < until:
                self._clock.sleep(self._chance.uniform(*PAUSES[role]))
                try:
                    work()
                    self.did[role] += 1
                except ReceivablesError as fault:
                    self.faults[f"{role}: {type(fault).__name__}"] += 1
        except BaseException:  # noqa: BLE001 - told to whoever started us
            self.broken = traceback.format_exc()

    def _post(self) -> None:
        """Carry out some of the planned entries."""
        unfinished = self._desk.store.outbox(
            self._desk.id, states=(OutboxState.READY, OutboxState.SENDING, OutboxState.UNSURE)
        )
        planned = [row.op_id for row in unfinished if row.kind is not IntentKind.NOTE]
        chosen = self._chance.sample(planned, min(ROWS_AT_ONCE, len(planned)))
        with self._desk.lease(LEASE_NAME) as lease:
            post(self._desk.tools(_unseen), self._desk.id, lease, only=frozenset(chosen))

    def _sync(self) -> None:
        with self._clock.absent():  # a thread of its own pulls
            sync_all(self._desk, _unheard)

    def _log(self) -> None:
        """Write down a contact, and push its note. Its words are remembered: True once it was written down."""
        words = f"Call {len(self.contacts)} of {self._name} was answered."
        number = self._invoice()[1]
        said = voicemail(self._desk, words)
        contact = draft(self._desk, number, said)
        notes = notes_for(self._desk, contact)
        self.contacts[words] = False
        log_contact(self._desk, contact, notes, _unseen)
        self.contacts[words] = True

    def _look(self) -> None:
        """As before a pay page is shown: the debt as it stands now, kept."""
        books = self._desk.books()
        adapter = self._desk.adapter(books)
        if not isinstance(adapter, Lookable):
            raise TypeError(type(adapter).__name__)
        page = adapter.look([self._invoice()[0]])
        self._desk.store.save_pages(self._desk.author("click"), books.connection_id, None, [page])

    def _invoice(self) -> tuple[Ref, str]:
        """Some invoice of ours."""
        known = [
            (stored.ref, stored.record.number)
            for stored in self._desk.store.records(self._desk.id, Kind.INVOICE)
            if isinstance(stored.record, Invoice) and (stored.record.number or "").startswith("S-")
        ]
        ref, number = self._chance.choice(known)
        return ref, number or ""


def _unseen(row: OutboxRow) -> None:
    """Nobody is shown a row's progress."""


def _unheard(what: str, done: int, expected: int | None = None, /) -> None:
    """Nobody is shown the reading's progress."""


def told(hands: list[Hand]) -> Mapping[str, object]:
    """What became of them."""
    return {
        "did": dict(sum((hand.did for hand in hands), Counter())),
        "faults": dict(sum((hand.faults for hand in hands), Counter())),
        "contacts": {words: kept for hand in hands for words, kept in hand.contacts.items()},
        "broken": [hand.broken for hand in hands if hand.broken],
    }


def main(home: str, glass: str, port: str, number: str, seconds: str, seed: str) -> None:
    """Work, and tell."""
    clock = SandClock(Path(glass), int(port))
    with clock.absent(), opened(Path(home), clock) as house:  # this thread only waits for the others
        hands = [
            Hand(house, clock, f"{number}.{thread}", seed=int(seed) * 100 + int(number) * 10 + thread)
            for thread in range(len(ROLES))
        ]
        say("ready")
        sys.stdin.readline()
        until = clock.monotonic() + float(seconds)
        threads = [
            threading.Thread(target=hand.run, args=(role, until)) for role, hand in zip(ROLES, hands, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        say(json.dumps(told(hands)))


def say(line: str) -> None:
    """One line to whoever started us."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
