"""What one Stripe account holds: its objects, newest first, and the balance that follows from its transactions."""

from __future__ import annotations

import hashlib
import json
import re
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from heapq import heappop, heappush
from typing import Any

from adapters.stripe.standin.shapes import Document, filled
from connector.clock import Clock
from connector.dates import epoch_seconds

_DAY_SECONDS = 86_400
_FORGOTTEN_EVERY = 1000
"""So many events are told before those past the horizon are let go."""
HORIZON_SECONDS = 30 * _DAY_SECONDS
"""How long Stripe keeps what happened."""

_NOT_A_SLUG = re.compile(r"[^A-Za-z0-9]+")
_as_json = json.JSONEncoder(default=str).encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """One balance transaction to be: `amount` before and `fee` of it in the settlement currency (lower case)."""

    txn_id: str
    source: str | None
    kind: str
    category: str
    amount: int
    currency: str
    created: int
    available_on: int
    fee: int = 0
    fee_for: str = "Stripe processing fees"
    description: str | None = None
    rate: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that happened in the account. `snapshot` and `previous` are the object as JSON, as it was then."""

    id: str
    number: int
    """In the order in which things were told; of one second, the order in which they happened."""
    type: str
    about: str | None
    """The id of the object it is about; None where that has none."""
    created: int
    snapshot: str
    previous: str | None
    request: str | None
    idempotency_key: str | None

    def document(self) -> Document:
        """The object as it was, a copy of its own."""
        stored = json.loads(self.snapshot, parse_float=Decimal)
        return {name: value for name, value in stored.items() if not name.startswith("_")}


class Ledger:
    """One account's state.

    `members` holds which balance transactions a payout is made of, `unpaid` those that no payout has taken yet, by
    currency, and `ahead` the second up to which this account's own time has run, where that is later than the clock's.
    While it is `hushed`, nothing that happens is told of.
    """

    def __init__(self, account: Document, clock: Clock) -> None:
        self.account = account
        self.members: dict[str, list[str]] = {}
        self.unpaid: dict[str, dict[str, Document]] = {}
        self.ahead = 0
        self.hushed = False
        self.balance_shift: dict[str, int] = {}
        self.asked_by: tuple[str, str | None] | None = None
        """Id and idempotency key of the request that is being worked on; what happens meanwhile is its doing."""
        self._clock = clock
        self._objects: dict[str, dict[str, Document]] = {}
        self._entered: dict[str, int] = {}
        self._newest: dict[str, list[Document]] = {}
        self._gone: dict[str, Document] = {}
        self._made_by: dict[str | None, list[Document]] = {}
        self._nets: dict[str, int] = {}
        self._numbers: dict[str, int] = {}
        self._happened: list[Happening] = []
        self._by_id: dict[str, Happening] = {}
        self._ripening: list[int] = []
        self._in_order = True
        self.told = 0
        """How many things were told of in all."""

    def now(self) -> int:
        """This second, as Stripe counts."""
        return max(epoch_seconds(self._clock.now()), self.ahead)

    def put(self, document: Document) -> Document:
        """Keep a new object."""
        kind, vendor_id = document["object"], document["id"]
        self._objects.setdefault(kind, {})[vendor_id] = document
        self._entered[vendor_id] = len(self._entered)
        found = self._newest.setdefault(kind, [])
        if found and self.rank(document) > self.rank(found[0]):
            insort(found, document, key=self.rank)
        else:
            found.insert(0, document)
        return document

    def remove(self, document: Document, tombstone: Document | None = None) -> None:
        """Take an object out of every list. What a `find` of it still answers is the tombstone, if it has one."""
        kind, vendor_id = document["object"], document["id"]
        place = self.place(kind, vendor_id)
        if place is not None:
            del self._newest[kind][place]
        del self._objects[kind][vendor_id]
        if tombstone is not None:
            self._gone[vendor_id] = tombstone

    def find(self, kind: str, vendor_id: str) -> Document | None:
        """The stored object itself: what changes it changes the state."""
        found = self._objects.get(kind, {}).get(vendor_id)
        return found if found is not None else self._grave(kind, vendor_id)

    def _grave(self, kind: str, vendor_id: str) -> Document | None:
        tombstone = self._gone.get(vendor_id)
        return tombstone if tombstone is not None and tombstone["object"] == kind else None

    def tell(
        self, event_type: str, document: Document, *, at: int | None = None, previous: Mapping[str, Any] | None = None
    ) -> None:
        """Something happened, now or at that second: an event with the object as it stands, and what it changed from.

        Call it when the object has its new state. What is past the horizon already is counted and not kept.
        """
        if self.hushed:
            return
        created = self.now() if at is None else at
        self.told += 1
        if created < self.now() - HORIZON_SECONDS:
            return
        request, key = self.asked_by or (None, None)
        name = hashlib.sha256(f"{self.account['id']} {self.told}".encode()).hexdigest()
        told = Happening(
            id=f"evt_{name[:24]}",
            number=self.told,
            type=event_type,
            about=document.get("id"),
            created=created,
            snapshot=_as_json(document),
            previous=None if previous is None else _as_json(previous),
            request=request,
            idempotency_key=key,
        )
        self._in_order = self._in_order and not (self._happened and created < self._happened[-1].created)
        self._happened.append(told)
        self._by_id[told.id] = told
        if self.told % _FORGOTTEN_EVERY == 0:
            self.happened()

    def happened(self) -> list[Happening]:
        """What happened within the horizon and up to now, oldest first; of one second, as it was told."""
        if not self._in_order:
            self._happened.sort(key=lambda one: (one.created, one.number))
            self._in_order = True
        now = self.now()
        gone = bisect_left(self._happened, now - HORIZON_SECONDS, key=lambda one: one.created)
        if gone:
            for past in self._happened[:gone]:
                del self._by_id[past.id]
            self._happened = self._happened[gone:]
        if self._happened and self._happened[-1].created > now:
            return self._happened[: bisect_right(self._happened, now, key=lambda one: one.created)]
        return self._happened

    def happening(self, event_id: str) -> Happening | None:
        """The event of that id, as long as it is within the horizon and has happened."""
        found = self._by_id.get(event_id)
        now = self.now()
        return found if found is not None and now - HORIZON_SECONDS <= found.created <= now else None

    def ripened(self) -> list[int]:
        """Seconds since the last look at which funds became available: of each day the last."""
        days: dict[int, int] = {}
        now = self.now()
        while self._ripening and self._ripening[0] <= now:
            at = heappop(self._ripening)
            days[at // _DAY_SECONDS] = at
        return sorted(days.values())

    def get(self, kind: str, vendor_id: str) -> Document:
        """The same, of an object that is known to be there."""
        return self._objects[kind][vendor_id]

    def newest(self, kind: str) -> list[Document]:
        """All objects of a kind, newest first; of one second, the later entered first. Not to be changed."""
        return self._newest.setdefault(kind, [])

    def rank(self, document: Document) -> tuple[int, int]:
        """By what objects are ordered, the newest first."""
        return -int(document.get("created") or document["_created"]), -self._entered[document["id"]]

    def place(self, kind: str, vendor_id: str) -> int | None:
        """Where an object stands in `newest`."""
        found = self._objects.get(kind, {}).get(vendor_id)
        return None if found is None else bisect_left(self._newest[kind], self.rank(found), key=self.rank)

    def kinds(self) -> Iterable[str]:
        """The kinds of which there are objects."""
        return sorted(self._objects)

    def free_id(self, *wishes: str) -> str:
        """The first id that nothing has yet; of the last, numbered ones."""
        for wish in wishes:
            if wish not in self._entered:
                return wish
        number = 2
        while f"{wishes[-1]}{number}" in self._entered:
            number += 1
        return f"{wishes[-1]}{number}"

    def next_id(self, prefix: str) -> str:
        """A new id for what comes to be while the double runs; unique over accounts, the same in every run."""
        self._numbers[prefix] = self._numbers.get(prefix, 0) + 1
        slug = _NOT_A_SLUG.sub("", self.account["id"].removeprefix("acct_"))
        return self.free_id(f"{prefix}_{slug}{self._numbers[prefix]:04}")

    def book(self, booking: Booking) -> str:
        """Put a balance transaction into the books; says its id."""
        fee = {"amount": booking.fee, "application": None, "currency": booking.currency, "type": "stripe_fee"}
        entry = filled(
            "balance_transaction",
            id=booking.txn_id,
            amount=booking.amount,
            available_on=booking.available_on,
            created=booking.created,
            currency=booking.currency,
            description=booking.description,
            exchange_rate=booking.rate,
            fee=booking.fee,
            fee_details=[{**fee, "description": booking.fee_for}] if booking.fee else [],
            net=booking.amount - booking.fee,
            reporting_category=booking.category,
            source=booking.source,
            type=booking.kind,
        )
        self._nets[booking.currency] = self._nets.get(booking.currency, 0) + entry["net"]
        self.unpaid.setdefault(booking.currency, {})[booking.txn_id] = entry
        self._made_by.setdefault(booking.source, []).append(entry)
        heappush(self._ripening, booking.available_on)
        return str(self.put(entry)["id"])

    def entries_of(self, source: str) -> list[Document]:
        """The balance transactions a charge, refund or dispute has made, oldest first."""
        return sorted(self._made_by.get(source, ()), key=self.rank, reverse=True)

    def balance(self, at: int | None = None) -> Document:
        """What the account holds per currency: the sum of all nets, as far as funds are available, and the rest.

        Available now, or at that second.
        """
        now = self.now() if at is None else at
        available, pending = [], []
        for code in sorted({self.account["default_currency"], *self._nets}):
            waiting = [one for one in self.unpaid.get(code, {}).values() if one["available_on"] > now]
            later = sum(entry["net"] for entry in waiting)
            ready = self._nets.get(code, 0) - later + self.balance_shift.get(code, 0)
            available.append({"amount": ready, "currency": code, "source_types": {"card": ready}})
            pending.append({"amount": later, "currency": code, "source_types": {"card": later}})
        return {"object": "balance", "available": available, "livemode": False, "pending": pending}


def slug(name: str) -> str:
    """A name as part of an id."""
    return _NOT_A_SLUG.sub("_", name).strip("_").lower() or "x"
