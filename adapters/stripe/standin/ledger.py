"""What one Stripe account holds: its objects, newest first, and the balance that follows from its transactions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from adapters.stripe.standin.shapes import Document, filled
from connector.clock import Clock
from connector.dates import epoch_seconds

_NOT_A_SLUG = re.compile(r"[^A-Za-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """One balance transaction to be: `amount` before and `fee` of it in the settlement currency (lower case)."""

    txn_id: str
    source: str
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


class Ledger:
    """One account's state. `members` holds which balance transactions a payout is made of."""

    def __init__(self, account: Document, clock: Clock) -> None:
        self.account = account
        self.members: dict[str, list[str]] = {}
        self.balance_shift: dict[str, int] = {}
        self._clock = clock
        self._objects: dict[str, dict[str, Document]] = {}
        self._entered: dict[str, int] = {}
        self._newest: dict[str, list[Document]] = {}
        self._places: dict[str, dict[str, int]] = {}
        self._numbers: dict[str, int] = {}

    def now(self) -> int:
        """This second, as Stripe counts."""
        return epoch_seconds(self._clock.now())

    def put(self, document: Document) -> Document:
        """Keep a new object."""
        kind, vendor_id = document["object"], document["id"]
        self._objects.setdefault(kind, {})[vendor_id] = document
        self._entered[vendor_id] = len(self._entered)
        self._newest.pop(kind, None)
        return document

    def find(self, kind: str, vendor_id: str) -> Document | None:
        """The stored object itself: what changes it changes the state."""
        return self._objects.get(kind, {}).get(vendor_id)

    def get(self, kind: str, vendor_id: str) -> Document:
        """The same, of an object that is known to be there."""
        return self._objects[kind][vendor_id]

    def newest(self, kind: str) -> list[Document]:
        """All objects of a kind, newest first; of one second, the later entered first."""
        if kind not in self._newest:
            stored = self._objects.get(kind, {}).values()
            ordered = sorted(stored, key=lambda one: (one["created"], self._entered[one["id"]]), reverse=True)
            self._newest[kind] = ordered
            self._places[kind] = {one["id"]: place for place, one in enumerate(ordered)}
        return self._newest[kind]

    def place(self, kind: str, vendor_id: str) -> int | None:
        """Where an object stands in `newest`."""
        self.newest(kind)
        return self._places[kind].get(vendor_id)

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
        return str(self.put(entry)["id"])

    def entries_of(self, source: str) -> list[Document]:
        """The balance transactions a charge, refund or dispute has made, oldest first."""
        return [one for one in reversed(self.newest("balance_transaction")) if one["source"] == source]

    def balance(self) -> Document:
        """What the account holds per currency: the sum of all nets, as far as funds are available, and the rest."""
        now = self.now()
        codes = {self.account["default_currency"]: None}
        sums: dict[tuple[str, bool], int] = {}
        for entry in reversed(self.newest("balance_transaction")):
            codes[entry["currency"]] = None
            key = (entry["currency"], entry["available_on"] <= now)
            sums[key] = sums.get(key, 0) + entry["net"]
        available, pending = (
            [
                {"amount": amount, "currency": code, "source_types": {"card": amount}}
                for code in sorted(codes)
                for amount in [sums.get((code, ready), 0) + (self.balance_shift.get(code, 0) if ready else 0)]
            ]
            for ready in (True, False)
        )
        return {"object": "balance", "available": available, "livemode": False, "pending": pending}


def slug(name: str) -> str:
    """A name as part of an id."""
    return _NOT_A_SLUG.sub("_", name).strip("_").lower() or "x"
