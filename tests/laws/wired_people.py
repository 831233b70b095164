"""What happens around a firm while it is worked for: people in its books, payers and a bank at its processor, what both
vendors tell of that by webhook, and a person who takes away our access, or our leave to write, and gives it back.

Each vendor tells late, twice, out of order, days later, or not at all; and somebody who is neither tells too.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial

from adapters.quickbooks.standin import hooks as books_hooks
from adapters.quickbooks.standin.faults import Refusal
from adapters.stripe.standin import disputes, moves, payouts, refunds
from adapters.stripe.standin import hooks as stripe_hooks
from adapters.stripe.standin.ledger import Ledger
from adapters.stripe.standin.refusals import Refusal as StripeRefusal
from connector.app import hints, setup
from connector.app.house import House
from connector.testing.deliveries import Delivery
from tests.clocks import FakeClock
from tests.laws.wire import Wire
from tests.laws.wired_start import HARBOR, INVOICES, STRIPE, VERIFIER, Outside

LATE_SECONDS = (0, 0, 60, 7_200, 3 * 86_400)
ACCOUNT = "acct_harbor"
DEBIT = "py_3"
"""The payment that a bank may take back."""


@dataclass(slots=True, kw_only=True)
class Parcel:
    """A delivery under way, and when it comes."""

    at: float
    late: float
    system: str
    body: bytes
    headers: dict[str, str]
    signed: Callable[[], dict[str, str]] | None = None
    """What signs it anew at its coming, as Stripe does with each try."""


@dataclass
class People:
    """Everybody but us. `met` counts what they did, `broken` what was believed and must not be."""

    house: House
    clock: FakeClock
    outside: Outside
    wires: dict[str, Wire]
    chance: random.Random
    met: Counter[str]
    broken: list[str]
    parcels: list[Parcel] = field(default_factory=list)
    returned: set[str] = field(default_factory=set)
    paid: int = 3

    def __post_init__(self) -> None:
        self._books = books_hooks.HookSender(self.outside.intuit, VERIFIER)
        self._stripe = stripe_hooks.HookSender(self.outside.stripe)

    @property
    def ledger(self) -> Ledger:
        return self.outside.stripe.ledger(ACCOUNT)

    def act(self) -> None:
        """Somebody does something in one of the systems; both tell of it."""
        chance = self.chance
        with suppress(Refusal, StripeRefusal):
            name, deed = chance.choice((*_OFFICE, *_TRADE))
            if deed(self):
                self.met[name] += 1
        self._tell()

    def change_payment(self, vendor_id: str) -> None:
        """Somebody writes a word into an entry of ours, in this very moment."""
        with suppress(Refusal):
            self.outside.intuit.office().edit("Payment", vendor_id, PaymentRefNum=f"seen {self.chance.randrange(1000)}")
            self.met["edited between read and write"] += 1

    # Our access, and our leave to write

    def may_write(self, allowed: bool) -> None:  # noqa: FBT001 - a switch
        """A person allows us to write anywhere, or forbids it."""
        for each in self.house.store.connections(HARBOR):
            self.house.store.save_connection(replace(each, writes_allowed=allowed), self.house.actor)

    def allowed(self) -> bool:
        return all(each.writes_allowed for each in self.house.store.connections(HARBOR))

    def revoke(self, system: str) -> None:
        """A person ends our access over there."""
        self.met[f"revoked in {system}"] += 1
        if system == "stripe":
            self.wires[STRIPE].revoked = True
            return
        grants, realm = self.outside.intuit._grants, self.outside.world.realm
        grants._kill(realm)
        grants.expire(realm)

    def let_in_again(self) -> None:
        """A person connects both anew."""
        self.wires[STRIPE].revoked = False
        if not self.met["revoked in quickbooks"]:
            return
        realm = self.outside.world.realm
        token = f"refresh-{realm}-{self.outside.intuit._grants._number[realm]}"
        wish = setup.Wish(
            system="quickbooks", company=HARBOR, zone=None, values={"refresh_token": token}, allow_writes=True
        )
        setup.connect(self.house, wish)

    # What is told

    def _tell(self) -> None:
        chance, now = self.chance, self.clock.monotonic()
        doubled, seed = chance.random() < 0.4, chance.randrange(1000)
        self.met["told twice"] += doubled
        self._books.delivering = books_hooks.Delivering(doubled=doubled, shuffle_seed=seed)
        self._stripe.delivering = stripe_hooks.Delivering(doubled=doubled, shuffle_seed=seed)
        for one in self._books.deliveries():
            self._send("quickbooks", now, one)
        for parcel in self._stripe.parcels():
            signed = partial(self._anew, parcel.delivery.body, parcel.endpoint.secrets)
            self._send("stripe", now, parcel.delivery, signed)

    def _anew(self, body: bytes, secrets: list[str]) -> dict[str, str]:
        return {stripe_hooks.SIGNATURE.lower(): stripe_hooks.sign(body, self.ledger.now(), *secrets)}

    def _send(
        self, system: str, now: float, delivery: Delivery, signed: Callable[[], dict[str, str]] | None = None
    ) -> None:
        """Four of five are delivered at all."""
        if self.chance.random() < 0.2:
            self.met[f"{system} never told"] += 1
            return
        late = self.chance.choice(LATE_SECONDS)
        headers = {name.lower(): value for name, value in delivery.headers.items()}
        self.parcels.append(
            Parcel(at=now + late, late=late, system=system, body=delivery.body, headers=headers, signed=signed)
        )

    def deliver(self) -> None:
        """What both, and somebody who is neither, send us by now, in any order."""
        now = self.clock.monotonic()
        due = [each for each in self.parcels if each.at <= now]
        self.parcels = [each for each in self.parcels if each.at > now]
        if [each.at for each in due] != sorted(each.at for each in due):
            self.met["told out of order"] += 1
        self.chance.shuffle(due)
        for parcel in due:
            door = hints.doors()[parcel.system]
            fresh = parcel.signed() if parcel.signed is not None else {}
            taken = hints.take(self.house, door, parcel.body, {**parcel.headers, **fresh})
            self.met[f"told by {parcel.system}"] += taken is not None
            self.met["told three days later"] += taken is not None and parcel.late == LATE_SECONDS[-1]
            if hints.take(self.house, door, parcel.body + b" ", {**parcel.headers, **fresh}) is not None:
                self.broken.append(f"a forged delivery of {parcel.system} was believed")
            self.met["forged"] += 1


def _edits_invoice(people: People) -> bool:
    office = people.outside.intuit.office()
    office.edit("Invoice", people.chance.choice(office.ids("Invoice")), PrivateNote="Looked at.")
    return True


def _edits_customer(people: People) -> bool:
    office = people.outside.intuit.office()
    office.edit("Customer", people.chance.choice(office.ids("Customer")), Notes="Pays late.")
    return True


def _bills(people: People) -> bool:
    office = people.outside.intuit.office()
    office.invoice(people.chance.choice(office.ids("Customer")), "10.00", f"P-{people.chance.randrange(10**6)}")
    return True


def _strikes_out(people: People) -> bool:
    office = people.outside.intuit.office()
    if len(office.ids("Invoice")) <= INVOICES:
        return False
    office.delete("Invoice", office.ids("Invoice")[-1])
    return True


def _pays(people: People) -> bool:
    """Somebody pays what is open for the fourth customer's invoice, or something nobody knows of."""
    people.paid += 1
    amount, key = people.chance.choice(((9_999, "B-2"), (1_000, ""), (4_321, "Z-9")))
    sale = moves.Sale(
        charge_id=f"ch_{people.paid}", intent_id=f"pi_late_{people.paid}", amount=amount, currency="usd", method="card",
        created=people.ledger.now(), customer="cus_bolt", metadata={"invoice_number": key} if key else {},
    )  # fmt: skip
    moves.complete_sale(people.ledger, moves.begin_sale(people.ledger, sale), at=people.ledger.now())
    return True


def _gives_back(people: People) -> bool:
    charge = people.ledger.get("charge", people.chance.choice(("ch_1", "ch_2")))
    left = charge["amount"] - charge["amount_refunded"]
    if left < 2 or charge["disputed"]:
        return False
    refunds.asked(people.ledger, charge, left // 2)
    return True


def _comes_back(people: People) -> bool:
    """The bank takes back the debit: our payment in the books has to be taken back too."""
    if DEBIT in people.returned or not people.outside.intuit.office().ids("Payment"):
        return False
    people.returned.add(DEBIT)
    disputes.come_back(people.ledger, people.ledger.get("charge", DEBIT), "R01", fee=400)
    return True


def _pays_out(people: People) -> bool:
    made = payouts.scheduled(people.ledger, "usd")
    if made is None:
        return False
    payouts.reconciled(people.ledger, made)
    payouts.arrive(people.ledger, made)
    return True


_OFFICE: tuple[tuple[str, Callable[[People], bool]], ...] = (
    ("an invoice edited", _edits_invoice),
    ("a customer edited", _edits_customer),
    ("an invoice written", _bills),
    ("an invoice struck out", _strikes_out),
)
_TRADE: tuple[tuple[str, Callable[[People], bool]], ...] = (
    ("paid", _pays),
    ("given back", _gives_back),
    ("a debit came back", _comes_back),
    ("paid out", _pays_out),
)
