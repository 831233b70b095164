"""How this Stripe behaves where the real one has limits and locks, who may ask for what, and what it counted."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from adapters.stripe.standin import failures
from adapters.stripe.standin.refusals import Refusal
from adapters.stripe.standin.resources import RESOURCES
from connector.dates import Instant, after
from connector.testing.standin import Call

LIVE_PER_SECOND = 100
TEST_PER_SECOND = 25
ENDPOINT_PER_SECOND = 25
_READ, _WRITE = "_read", "_write"

_ROWS: Mapping[str, str] = {
    "account": "rak_connected_account",
    "balance": "rak_balance",
    "balance_transactions": "rak_balance_transaction_source",
    "charges": "rak_charge",
    "checkout/sessions": "rak_checkout_session",
    "credit_notes": "rak_credit_note",
    "customers": "rak_customer",
    "disputes": "rak_dispute",
    "events": "rak_event",
    "invoice_payments": "rak_invoice",
    "invoices": "rak_invoice",
    "payment_intents": "rak_payment_intent",
    "payouts": "rak_payout",
    "refunds": "rak_charge",
    "webhook_endpoints": "rak_webhook",
}
"""The row of permissions an address belongs to. A second table on purpose: a double that shared the adapter's would
share its mistakes. Source: Stripe's "API permissions reference"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Requests above these in any second are refused with 429. Stripe's own are 25 in a sandbox and 100 live."""

    per_account: int = TEST_PER_SECOND
    per_endpoint: int = ENDPOINT_PER_SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Conduct:
    """The switches of a stand-in. Its `conduct` may be replaced while it runs."""

    limits: Limits | None = None
    """None counts and refuses nothing."""
    locks: bool = True
    """A write while another one to the same customer is under way is refused with `lock_timeout`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What opens an account: in which mode, and without which permissions."""

    text: str
    account: str
    live: bool = False
    lacking: frozenset[str] = frozenset()

    def check(self, method: str, parts: tuple[str, ...]) -> None:
        """Refusal (403) names the permission that this request wants and the key has not."""
        wanted = permission(method, parts)
        if wanted in self.lacking:
            raise failures.not_permitted(self.text, self.account, wanted)


@dataclass(slots=True)
class Traffic:
    """What one account's callers did; the maxima are of any second of the stand-in's clock."""

    calls: int = 0
    refused: int = 0
    """Answered 429 for being too many."""
    locked: int = 0
    """Answered 429 for writing beside another write."""
    second_max: int = 0
    endpoint_max: dict[str, int] = field(default_factory=dict)
    """By endpoint (`GET /v1/customers/{id}`): the most in any second."""
    writes_max: dict[str, int] = field(default_factory=dict)
    """By customer: the most writes under way at once."""
    _calls: deque[Instant] = field(default_factory=deque)
    _by_endpoint: dict[str, deque[Instant]] = field(default_factory=dict)

    def arrive(self, now: Instant, endpoint: str, limits: Limits | None) -> str:
        """Count a call. Empty, or why it is one too many; it counts all the same."""
        self.calls += 1
        second = _counted(self._calls, now)
        here = _counted(self._by_endpoint.setdefault(endpoint, deque()), now)
        self.second_max = max(self.second_max, second)
        self.endpoint_max[endpoint] = max(self.endpoint_max.get(endpoint, 0), here)
        if limits is None or (second <= limits.per_account and here <= limits.per_endpoint):
            return ""
        self.refused += 1
        return "global-rate" if second > limits.per_account else "endpoint-rate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flight:
    """A write under way: whose customer it touches, and under which idempotency key."""

    account: str
    customer: str
    key: str


class Flights:
    """The writes that are under way at this moment, in the order in which they came."""

    def __init__(self) -> None:
        self._under_way: dict[int, Flight] = {}

    def enter(self, call: Call, flight: Flight, traffic: Traffic) -> None:
        """A write has come."""
        self._under_way[id(call)] = flight
        if flight.customer:
            beside = sum(1 for one in self._under_way.values() if _same_customer(one, flight))
            traffic.writes_max[flight.customer] = max(traffic.writes_max.get(flight.customer, 0), beside)

    def leave(self, call: Call) -> None:
        """It is done, or was never under way."""
        self._under_way.pop(id(call), None)

    def check(self, call: Call, traffic: Traffic, *, locks: bool) -> None:
        """Refusal when an earlier write, still under way, has the same idempotency key (409) or customer (429)."""
        mine = self._under_way.get(id(call))
        if mine is None:
            return
        for place, other in self._under_way.items():
            if place == id(call):
                return
            if mine.key and (mine.account, mine.key) == (other.account, other.key):
                raise failures.key_in_use(mine.key)
            if locks and mine.customer and _same_customer(mine, other):
                traffic.locked += 1
                raise failures.locked()


def _same_customer(one: Flight, other: Flight) -> bool:
    return (one.account, one.customer) == (other.account, other.customer)


def permission(method: str, parts: tuple[str, ...]) -> str:
    """The permission a request wants, empty for an address nobody needs one for."""
    collection, _ = place(parts)
    row = _ROWS.get(collection, "")
    return row and row + (_READ if method == "GET" else _WRITE)


def endpoint(method: str, parts: tuple[str, ...]) -> str:
    """The operation a request is, whatever the id: `POST /v1/checkout/sessions/{id}/expire`."""
    collection, rest = place(parts)
    named = (collection, *("{id}" for _ in rest[:1]), *rest[1:])
    return f"{method} /v1/{'/'.join(named)}"


def place(parts: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """The collection an address is in, and what follows it."""
    for length in (2, 1):
        collection = "/".join(parts[:length])
        if collection in RESOURCES or collection in _ROWS:
            return collection, parts[length:]
    return "/".join(parts), ()


def check_rate(traffic: Traffic, now: Instant, name: str, limits: Limits | None) -> Refusal | None:
    """Count a call to an endpoint; the refusal, when it is one too many."""
    reason = traffic.arrive(now, name, limits)
    return failures.rate_limited(reason) if reason else None


def _counted(calls: deque[Instant], now: Instant) -> int:
    calls.append(now)
    while calls[0] <= after(now, -1):
        calls.popleft()
    return len(calls)
