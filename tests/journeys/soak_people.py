"""What goes on while the soak lasts, whoever is harmed: business, people who log their calls, vendors who tell."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol, Self

from adapters.quickbooks.standin.hooks import Delivering as IntuitDelivering
from adapters.quickbooks.standin.hooks import HookSender as IntuitSender
from adapters.quickbooks.standin.intuit import Intuit
from adapters.stripe.standin.api import StripeStandIn
from adapters.stripe.standin.hooks import Delivering as StripeDelivering
from adapters.stripe.standin.hooks import HookSender as StripeSender
from connector.app.collecting import draft, log_contact, notes_for
from connector.app.house import House
from connector.cli.simulated import Weather, day_in
from connector.errors import ReceivablesError
from connector.model.invoice import Invoice
from connector.model.source import CompanyId, ConnectionId, Kind
from connector.testing.deliveries import deliver
from connector.testing.worlds import World
from tests.callers import voicemail
from tests.unit.hooks_ground import VERIFIER

BOOKS = ConnectionId("quickbooks")
HEARD = (200, 202, 204)


class Firms(Protocol):
    """What there is of the soak's ground."""

    house: House
    doubles: dict[str, Weather]
    worlds: tuple[World, ...]
    chance: random.Random
    did: Counter[str]
    owed: int


def company_of(world: World) -> CompanyId:
    """Under which id it is here."""
    return CompanyId(world.name.split()[0].lower())


class Vendors:
    """Both tell what happened: doubled, out of order, some of it late; what is not received, Stripe tells again, and
    Intuit forgets."""

    def __init__(self, doubles: Mapping[str, Weather], url: str, did: Counter[str]) -> None:
        self._doubles = doubles
        self._url = url
        self._did = did
        intuit, stripe = doubles["quickbooks"].stand_in, doubles["stripe"].stand_in
        if not isinstance(intuit, Intuit) or not isinstance(stripe, StripeStandIn):
            raise TypeError(type(intuit).__name__)
        self._intuit = IntuitSender(intuit, VERIFIER, IntuitDelivering(doubled=True, shuffle_seed=7, keep_back=3))
        self._stripe = StripeSender(stripe, StripeDelivering(doubled=True, shuffle_seed=7, keep_back=3))

    def tell(self) -> list[int]:
        """All of it now; how each delivery was received."""
        told = [
            deliver(f"{self._url}/hooks/quickbooks", each)
            for each in self._doubles["quickbooks"].behind(self._intuit.deliveries)
        ]
        told += self._stripe.post(self._doubles["stripe"].behind(self._stripe.parcels))
        self._did["deliveries taken"] += sum(status in HEARD for status in told)
        self._did["deliveries lost"] += sum(status not in HEARD for status in told)
        return told


@dataclass(slots=True)
class Calls:
    """Contacts that people log, by their words: True once somebody was told that it is written down."""

    house: House
    did: Counter[str]
    said: dict[tuple[CompanyId, str], bool] = field(default_factory=dict)

    def log(self, company: CompanyId, chance: random.Random) -> None:
        """One call about one invoice of the books. Nobody does it again when it fails: it may have been kept."""
        words = f"Call {len(self.said)} was answered."
        try:
            desk = self.house.company(company)
            known = [stored.record for stored in desk.store.records(desk.id, Kind.INVOICE)]
            numbers = [one.number for one in known if isinstance(one, Invoice) and one.number]
            said = voicemail(desk, words)
            contact = draft(desk, chance.choice(numbers), said)
            notes = notes_for(desk, contact)
            self.said[company, words] = False
            log_contact(desk, contact, notes, lambda _: None)
            self.said[company, words] = True
            self.did["calls logged"] += 1
        except ReceivablesError as fault:
            self.did[f"calls not logged ({type(fault).__name__})"] += 1

    def problems(self, intuit: Weather, worlds: tuple[World, ...]) -> Iterator[str]:
        """Every call that was written down stands in the books once, as a note; no other does."""
        dump: Any = intuit.behind(partial(intuit.stand_in.dump, normalised=False))
        for world in worlds:
            company = company_of(world)
            notes = [str(row.get("Note", "")) for row in dump[world.realm]["Attachable"]]
            kept = {each.said for each in self.house.store.contacts(company)}
            for (of, words), told in self.said.items():
                if of != company:
                    continue
                number = sum(words in note for note in notes)
                if told and words not in kept:
                    yield f"{company}: {words!r} was written down, and is gone."
                if number != (words in kept):
                    yield f"{company}: {words!r} stands {number} times in the books."


class Life:
    """Half a day of every firm's life, again and again, as fast as is asked."""

    def __init__(self, firms: Firms, vendors: Vendors, calls: Calls, every_seconds: float) -> None:
        self._firms = firms
        self._vendors = vendors
        self._calls = calls
        self._every = every_seconds
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._broken: BaseException | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        if self._broken is not None:
            raise self._broken

    def _live(self) -> None:
        chance = random.Random(self._firms.chance.random())  # noqa: S311 - a seed, so that a failure can be looked into
        try:
            while not self._over.wait(self._every):
                for world in self._firms.worlds:
                    self._firms.owed = len(day_in(self._firms.doubles, world, chance))
                    self._firms.did["half days"] += 1
                self._calls.log(company_of(chance.choice(self._firms.worlds)), chance)
                self._vendors.tell()
        except BaseException as fault:  # noqa: BLE001 - told to whoever waits for us
            self._broken = fault
