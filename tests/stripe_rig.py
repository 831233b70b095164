"""What tests of the Stripe adapter stand on: a connection to a loopback address, and Stripe's own example objects."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from adapters.stripe.client import Stripe, connect
from adapters.stripe.settings import Settings
from adapters.stripe.translate import Where
from connector.clock import Clock
from connector.dates import instant_from_epoch
from connector.model.intent import OpenPayPage, PushNote
from connector.model.source import ConnectionId, Kind, OpId, Ref
from connector.money import currency, from_text
from connector.ports import Mirror, RateBudget, SecretPair, Surroundings
from connector.testing.standin import Answer, Call
from connector.testing.worlds import World
from tests.surroundings import Held, OpenBudget, OpenTurns
from tests.vendor import stripe as judge
from tests.vendor import where

KEY = "rk_test_harbor"
CONNECTION = ConnectionId("stripe")
WHERE = Where(connection=CONNECTION, zone=ZoneInfo("America/New_York"), live=False)
OP = OpId("ABCDEFGHIJKLMNOPQRST")
NOON = 1_772_366_400
"""2026-03-01 12:00 UTC, when the tests' clock begins."""
PAGE = OpenPayPage(
    connection=CONNECTION,
    debt=Ref(ConnectionId("quickbooks"), Kind.INVOICE, "130"),
    number="INV-7",
    amount=from_text("120.00", currency("USD")),
    methods=("card",),
    expires_at=instant_from_epoch(NOON + 3600),
    return_url="https://pay.example/r/1",
    attempt="attempt-1",
    email="ap@acme.example",
)
NOTE = PushNote(
    target=Ref(CONNECTION, Kind.INVOICE, "in_1"),
    text="Called Jane Roe: pays on Friday.",
    part=1,
    parts=1,
    reference="contact-7",
    written_at=instant_from_epoch(NOON),
    count=3,
)
NOTE_METADATA = {
    "receivables_note": "Called Jane Roe: pays on Friday.",
    "receivables_note_at": "2026-03-01T12:00:00+00:00",
    "receivables_note_ref": f"contact-7 {OP}",
    "receivables_note_count": "3",
}
"""How that note must stand in Stripe."""


class NoTokens:
    """A TokenStore for a system whose key never changes."""

    def read(self) -> SecretPair | None:
        return None

    def replace(self, pair: SecretPair) -> SecretPair:
        return pair

    def locked(self, action: Callable[[], SecretPair]) -> SecretPair:
        return action()


def connected(url: str, clock: Clock, budget: OpenBudget | None = None, **settings: str) -> Stripe:
    """The adapter as the product would build it, talking to that address."""
    return connect(surrounded(url, clock, budget=budget or OpenBudget(), mirror=Held(), **settings))


def surrounded(url: str, clock: Clock, *, budget: RateBudget, mirror: Mirror, **settings: str) -> Surroundings:
    """What the adapter is given to live in, at that address."""
    return Surroundings(
        connection=CONNECTION,
        settings=Settings.parse({"base_url": url, "api_key": KEY, **settings}),
        zone="America/New_York",
        clock=clock,
        tokens=NoTokens(),
        budget=budget,
        turns=OpenTurns(),
        mirror=mirror,
    )


class Scripted:
    """A vendor that gives the recorded answers of one path in their order, the last one for ever."""

    system = "stripe"

    def settings(self, world: World, url: str) -> dict[str, str]:
        return {"base_url": url, "api_key": f"rk_test_{world.stripe_account}"}

    def __init__(self, script: Mapping[str, list[Answer]]) -> None:
        self._script = {at: list(answers) for at, answers in script.items()}
        self.heard: list[Call] = []

    def answer(self, call: Call) -> Answer:
        self.heard.append(call)
        answers = self._script[f"{call.method} {call.path}"]
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def dump(self, *, normalised: bool) -> object:
        return {"heard": len(self.heard), "normalised": normalised}

    def corrupt(self, seed: int) -> str:
        return f"Nothing to corrupt with {seed}."

    def sent(self, index: int = -1) -> dict[str, Any]:
        """The parameters of one request, nested as they were meant."""
        call = self.heard[index]
        return judge.request_params(call.method, call.target, call.body)


def judged_request(call: Call, answer: Answer) -> list[str]:
    """An inspector for answers that are broken on purpose: it judges only what was asked."""
    del answer
    if not where.available("stripe"):
        return []
    params = judge.request_params(call.method, call.target, call.body)
    return [
        *judge.request_errors(call.method, call.target, call.body),
        *judge.sdk_param_errors(call.method, call.path, params),
    ]


def example(schema: str, /, **changed: object) -> dict[str, Any]:
    """Stripe's own example of an object, with some fields changed."""
    return {**copy.deepcopy(dict(judge.fixtures()[schema])), **changed}


def text(value: object) -> bytes:
    """A value as Stripe would send it."""
    return json.dumps(value).encode()


def listed(*rows: Mapping[str, object], more: bool = False, url: str = "/v1/x") -> bytes:
    """A page of a list."""
    return text({"object": "list", "data": list(rows), "has_more": more, "url": url})


def invoice_page(*, first: int, rows: int, more: bool = False) -> bytes:
    """A page of different invoices in the shape Stripe's example has."""
    return listed(
        *(
            example(
                "invoice",
                id=f"in_{number}",
                number=f"INV-{number}",
                status="open",
                amount_paid_off_stripe=0,
                customer_email="ap@acme.example",
                collection_method="send_invoice",
                metadata={"order": str(number)},
            )
            for number in range(first, first + rows)
        ),
        more=more,
        url="/v1/invoices",
    )


def ref(kind: Kind, vendor_id: str) -> Ref:
    """A record of the tests' connection."""
    return Ref(CONNECTION, kind, vendor_id)
