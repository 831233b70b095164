"""A company whose Stripe account is connected, its double, and the door its webhooks come to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from starlette.testclient import TestClient

from adapters.stripe import standin
from adapters.stripe.standin.api import StripeStandIn
from adapters.stripe.standin.hooks import HookSender, Parcel
from connector.app import setup
from connector.app.books import sync_all
from connector.app.hooks import Opened, open_hook
from connector.app.house import Desk, House
from connector.model.mirror import Gone, Noun
from connector.model.party import Customer
from connector.model.source import ConnectionId, Kind, Ref
from connector.ports import Hint
from connector.testing.standin import Server
from connector.testing.worlds import parse
from connector.web.pay import pay_app
from tests.clocks import FakeClock
from tests.journeys.firm import Ran, run_command
from tests.stripe_desk import judged
from tests.unit.hooks_ground import config_of

STRIPE, ACCOUNT = ConnectionId("stripe"), "acct_harbor"
WORLD = """
company  Harbor Supply  home USD  zone America/New_York  country US  stripe acct_harbor
customer  Acme  email ap@acme.example  in stripe as cus_acme
2026-03-01  invoice  S-1  Acme  120.00 USD  due 2026-03-31  in stripe as in_1
2026-03-10  payment  ch_1  Acme  120.00 USD  fee 3.78 USD  for S-1 120.00 USD
"""
URL = "http://127.0.0.1:8765/hooks/stripe"
ELSEWHERE = "http://127.0.0.1:9999/hooks/stripe"
PAUSE_SECONDS = 900
"""Between two readings: the interval of polling."""

MirrorOf = dict[Ref, tuple[str, Noun | Gone]]


@dataclass
class Firm:
    """A company whose Stripe account is connected, its double, and the door its webhooks come to."""

    server: Server
    stripe: StripeStandIn
    house: House
    client: TestClient
    clock: FakeClock

    @property
    def desk(self) -> Desk:
        return self.house.company(None)

    def parcels(self, sender: HookSender) -> list[Parcel]:
        return self.server.behind(sender.parcels)

    def knock(self, parcels: list[Parcel]) -> list[int]:
        """Bring them to the door; the statuses they get."""
        statuses = []
        for each in parcels:
            answer = self.client.post("/hooks/stripe", content=each.delivery.body, headers=dict(each.delivery.headers))
            statuses.append(answer.status_code)
        return statuses

    def sync(self) -> None:
        sync_all(self.desk, lambda *_: None)

    def hints(self) -> tuple[Hint, ...]:
        return self.house.store.open_hints(self.desk.id, STRIPE)

    def mirror(self) -> MirrorOf:
        held = (one for kind in Kind for one in self.house.store.records(self.desk.id, kind, include_gone=True))
        return {one.ref: (one.version, one.record) for one in held}

    def rename(self, name: str) -> None:
        """Somebody changes the customer in Stripe."""

        def change() -> None:
            ledger = self.stripe.ledger(ACCOUNT)
            customer = ledger.get("customer", "cus_acme")
            customer["name"] = name
            ledger.tell("customer.updated", customer, previous={"name": "Acme"})

        self.server.behind(change)

    def name(self) -> str:
        held = self.house.store.record(self.desk.id, Ref(STRIPE, Kind.CUSTOMER, "cus_acme"))
        assert held is not None
        assert isinstance(held.record, Customer)
        return held.record.name

    def ask(self, url: str = URL) -> Opened:
        return open_hook(self.desk, "stripe", url)

    def endpoints(self) -> list[str]:
        """Where Stripe sends to now."""
        return self.server.behind(lambda: [one.document["url"] for one in self.stripe.endpoints(ACCOUNT)])

    def others(self, url: str) -> None:
        """Somebody else registers an endpoint."""
        self.server.behind(lambda: self.stripe.endpoints(ACCOUNT).create({"url": url, "enabled_events": ["*"]}))

    def secret(self) -> str:
        return self.house.store.secrets(self.desk.id, STRIPE).get("webhook_secret", "")

    def works(self) -> bool:
        """Whether what Stripe sends from now on is believed."""
        sender = HookSender(self.stripe)
        self.parcels(sender)
        self.rename(f"Acme {len(self.server.calls)}")
        found = self.parcels(sender)
        return bool(found) and set(self.knock(found)) == {200}

    def writes(self) -> list[tuple[str, str]]:
        """What was done to endpoints; connecting tries what else the key may write."""
        calls = [(method, path.removeprefix("/v1/")) for method, path, _ in self.server.calls if method != "GET"]
        return [(method, path) for method, path in calls if path.startswith("webhook_endpoints")]

    def looks(self) -> int:
        """How often the customer alone was asked for."""
        return sum(path == "/v1/customers/cus_acme" for _, path, _ in self.server.calls)

    def run(self, *arguments: str) -> Ran:
        """`receivables hooks ...` as its user runs it."""
        return run_command(self.house.config.home, ("hooks", *arguments), {"RECEIVABLES_CALLS_PER_MINUTE": "100000"})


@contextmanager
def connected(folder: Path) -> Iterator[Firm]:
    """Connected, and nothing may be written; nothing that went over the wire offends Stripe's description."""
    folder.mkdir(mode=0o700)
    clock = FakeClock("2026-04-06T12:00:00Z")
    stripe = standin.build(parse(WORLD), clock=clock)
    (world,) = parse(WORLD)
    with Server(stripe, inspectors=(judged,)) as server, House(config_of(folder), clock) as house:
        values = stripe.settings(world, server.url)
        wish = setup.Wish(system="stripe", company=None, zone=world.zone, values=values, allow_writes=False)
        setup.connect(house, wish)
        app = pay_app(lambda: house, hooks=lambda: House(house.config, clock))
        with TestClient(app) as client:
            yield Firm(server, stripe, house, client, clock)
    assert server.problems == []
