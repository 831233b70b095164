"""One account's calls: when they may be made, and which may be made again.

`client` knows how one is made (`Line`). Here is decided how close together they come: the account's pace, the pace of
each of Stripe's operations, what is under way at once, and one write at a time to one customer.

What may be repeated here (S2):

* A read: whatever the house's retry table calls safe.
* A write, under the same stored key, only where Stripe's answer says that nothing was done and nothing was kept under
  the key: 429 (told to slow down, or the record is locked) and 409 (a twin with this key, or another writer, is at
  work); and where no connection was made at all. Stripe keeps an answer under a key from the moment an endpoint begins
  its work; a request that conflicts with another, or is turned away at the door, never gets that far.
* A write that met a 5xx, or whose answer was lost, never: it may have happened, and the 5xx may be what the key will
  answer for a day. It is an unknown outcome. The outbox looks it up first, repeats it under the same key while that
  can help, and under a new one when Stripe says that it only repeats what it said before (`Idempotent-Replayed`).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, Protocol, TypeVar

from adapters.stripe import wire
from adapters.stripe.guards import checked_id, checked_params
from adapters.stripe.refusal import LOCKED, OK, PAUSE_SECONDS, TOO_MANY, Heard, other_mode, refusal
from adapters.stripe.settings import ENDPOINT_PACE, Settings
from adapters.stripe.translate import Where
from connector.dates import epoch_seconds, zone
from connector.errors import MalformedAnswer, NotFound, OutcomeUnknown, RateLimited, VendorError
from connector.model.intent import WriteKey
from connector.ports import RateBudget, Surroundings
from connector.transport import retry_after_seconds, retrying

PAGES_MAX = 1_000
"""Longer lists than that are not gone through for one record."""


class Listable(Protocol):
    """A row that a list can go on after."""

    @property
    def id(self) -> str:
        """Stripe's own."""


T = TypeVar("T")
Row = TypeVar("Row", bound=Listable)
Query = Mapping[str, str | int]

TURN_MARGIN_SECONDS = 60
"""Beyond its time-outs and repeats, so long may a write wait for its place in the pace while it has the turn."""

# fmt: off
_WORDS = frozenset(
    {
        "v1", "v2", "core", "account", "accounts", "balance", "balance_transactions", "cash_balance",
        "cash_balance_transactions", "charges", "checkout", "credit_notes", "customers", "disputes",
        "event_destinations", "events", "expire", "invoice_payments", "invoices", "lines", "line_items",
        "payment_intents", "payment_links", "payment_records", "payouts", "preview_lines", "refunds", "search",
        "sessions", "webhook_endpoints",
    }
)
# fmt: on
"""The words of Stripe's addresses; whatever else stands in one is an id."""


_LIST = re.compile(rb'\s*\{\s*"object"\s*:\s*"list"')
"""The rows of a list are looked at one by one by whoever reads them, which a search through all their text would only
slow down; and what stands in the body of an event is believed in nothing, so nothing in it may stop us."""

_OTHER_MODE = {
    True: (b'"livemode": false', b'"livemode":false'),
    False: (b'"livemode": true', b'"livemode":true'),
}
"""By the key's mode, what no answer to it may hold, in whatever object, as JSON is written with and without a space.
Inside a text the quotes would have backslashes, so only a real field is found."""


def operation(method: str, path: str) -> str:
    """The named operation of an address, whatever the record: that is what Stripe counts by."""
    return f"{method} {'/'.join(part if part in _WORDS else '{id}' for part in path.strip('/').split('/'))}"


def _is_list(body: bytes) -> bool:
    return _LIST.match(body) is not None


class Line(Protocol):
    """How one call is made, by one thread at a time. Whatever Stripe answered is an answer."""

    def get(self, path: str, query: Query, /) -> Heard:
        """Errors: Unreachable when no answer came, MalformedAnswer when it was cut short."""

    def post(self, path: str, params: Mapping[str, Any], key: str | None, /) -> Heard:
        """Nested parameters and an idempotency key, None where a repeat changes nothing. Errors: OutcomeUnknown when
        no whole answer came, Unreachable when nothing was sent."""

    def delete(self, path: str, /) -> Heard:
        """As `post`, without parameters or a key: what is gone is gone."""


class Limits:
    """How close together the calls of one account may come; shared by all threads that call it."""

    def __init__(self, surroundings: Surroundings, settings: Settings) -> None:
        self._turns = surroundings.turns
        self._by_endpoint = settings.calls_per_second > ENDPOINT_PACE.calls_per_second
        self._doors: dict[str, RateBudget] = {}
        self._lock = threading.Lock()
        self._strange = _OTHER_MODE[settings.live]
        self.under_way = threading.BoundedSemaphore(settings.in_flight)

    def wait(self, method: str, path: str) -> None:
        """Wait until this operation may be called. An account that is called no faster than an endpoint may be needs
        no second count."""
        if not self._by_endpoint:
            return
        name = operation(method, path)
        with self._lock:
            if name not in self._doors:
                self._doors[name] = self._turns.lane(name, ENDPOINT_PACE)
            door = self._doors[name]
        door.take()

    def in_other_mode(self, body: bytes) -> bool:
        """Whether an answer holds live data although the key is a test key, or the reverse."""
        return any(field in body for field in self._strange)


class Calls:
    """The calls of one account. One per worker thread; `beside` makes another one."""

    def __init__(
        self,
        surroundings: Surroundings,
        settings: Settings,
        open_line: Callable[[], Line],
        limits: Limits | None = None,
    ) -> None:
        self._surroundings = surroundings
        self._clock = surroundings.clock
        self._budget = surroundings.budget
        self._turns = surroundings.turns
        self._settings = settings
        self._open_line = open_line
        self._line = open_line()
        self._limits = limits or Limits(surroundings, settings)

    def beside(self) -> Calls:
        """The same calls, in the same limits, over a line of their own: for another thread."""
        return Calls(self._surroundings, self._settings, self._open_line, self._limits)

    def read(self, path: str, query: Query, parse: Callable[[bytes], T]) -> T:
        """Ask, and ask again while that may help; `parse` is part of the try, so a broken page is asked for again."""
        return self._again(lambda: parse(self._ask(path, query).body))

    def read_dated(self, path: str, query: Query, parse: Callable[[bytes], T]) -> tuple[T, int]:
        """As `read`, and when Stripe answered, in seconds by Stripe's own clock."""

        def ask() -> tuple[T, int]:
            heard = self._ask(path, query)
            return parse(heard.body), self._answered_at(heard.headers)

        return self._again(ask)

    def write(self, path: str, params: Mapping[str, Any], key: WriteKey | None, *, about: str) -> bytes:
        """Make one write under its stored key (None where repeating it changes nothing); its answer as bytes.

        `about` is the customer that Stripe would lock for it, or the record itself where that is not known: no other
        write of ours about it is under way meanwhile. Errors: OutcomeUnknown when it may have happened.
        """
        checked_params(params)
        text = key.text if key is not None else None
        seconds = self._settings.connect_seconds + self._settings.read_seconds + self._settings.retry_seconds
        with self._turns.turn(about, seconds=seconds + TURN_MARGIN_SECONDS):
            return self._again(lambda: self._told(path, params, text))

    def remove(self, path: str) -> None:
        """Delete a record, unless it is gone already. Errors: OutcomeUnknown when it may be gone."""
        with suppress(NotFound):
            self._again(lambda: self._heard("DELETE", path, lambda: self._line.delete(path)))

    def probe(self, path: str) -> None:
        """Make one write that Stripe is bound to refuse (`permissions.WRITE_PROBES`): no parameter, no key, no turn."""
        self._again(lambda: self._told(path, {}, None))

    def _again(self, call: Callable[[], T]) -> T:
        return retrying(call, clock=self._clock, budget_seconds=self._settings.retry_seconds)

    def _ask(self, path: str, query: Query) -> Heard:
        checked_params(query)
        self._limits.wait("GET", path)
        with self._limits.under_way:
            heard = self._line.get(path, query)
        if heard.status != OK:
            raise self._refused(heard, path, write=False)
        self._budget.answered()
        if not _is_list(heard.body) and self._limits.in_other_mode(heard.body):
            raise other_mode(key_is_live=self._settings.live)
        if heard.headers.get("Stripe-Version", wire.VERSION) != wire.VERSION:
            raise MalformedAnswer(
                "Stripe answered in another API version than was asked for.",
                next_step=f"Install a release that speaks it; this one speaks {wire.VERSION}.",
                system=wire.SYSTEM,
            )
        return heard

    def _told(self, path: str, params: Mapping[str, Any], key: str | None) -> bytes:
        """Say it once."""
        return self._heard("POST", path, lambda: self._line.post(path, params, key))

    def _heard(self, method: str, path: str, call: Callable[[], Heard]) -> bytes:
        self._limits.wait(method, path)
        with self._limits.under_way:
            heard = call()
        if heard.status != OK:
            raise self._refused(heard, path, write=True)
        self._budget.answered()
        if self._limits.in_other_mode(heard.body):
            raise lost()  # it was done, and in the other mode: whoever looks it up is stopped and told
        return heard.body

    def _refused(self, heard: Heard, path: str, *, write: bool) -> VendorError:
        """The error of an answer. When Stripe wants less of us, everybody of this connection waits; a locked record or
        a twin of this very write holds up nobody else."""
        wish = retry_after_seconds(heard.headers)
        pause = PAUSE_SECONDS if wish is None else wish
        error = refusal(heard, path=path, write=write, pause_seconds=pause)
        if heard.status != TOO_MANY:
            self._budget.answered()
        elif isinstance(error, RateLimited) and error.code != LOCKED:
            self._budget.pause(error.retry_after_seconds)
        return error

    def _answered_at(self, headers: Mapping[str, str]) -> int:
        try:
            said = parsedate_to_datetime(headers.get("Date", ""))
        except ValueError:  # none, or none that can be read
            return epoch_seconds(self._clock.now())
        return int(said.replace(tzinfo=said.tzinfo or UTC).timestamp())


class Room:
    """What every capability of the adapter works with."""

    def __init__(self, surroundings: Surroundings, settings: Settings, calls: Calls) -> None:
        self._settings = settings
        self._clock = surroundings.clock
        self._calls = calls
        self._where = Where(connection=surroundings.connection, zone=zone(surroundings.zone), live=settings.live)

    def _every(self, path: str, query: Query, shape: type[Row]) -> Iterator[Row]:
        """All rows of a list, page after page. Errors: VendorError; MalformedAnswer for a list without an end."""

        def listed(body: bytes) -> tuple[bool, list[Row]]:
            page = wire.decode(body, wire.Listed)
            return page.has_more, [wire.decode(raw, shape) for raw in page.data]

        asked: dict[str, str | int] = {"limit": self._settings.page_size_max, **query}
        for _ in range(PAGES_MAX):
            more, rows = self._calls.read(path, asked, listed)
            yield from rows
            if not more:
                return
            asked["starting_after"] = checked_id(rows[-1].id)
        raise MalformedAnswer(f"Stripe's list of {path.removeprefix('/v1/')} does not end.", system=wire.SYSTEM)


def written(body: bytes, shape: type[T]) -> T:
    """What a write answered. One that cannot be read is no reason to write again, so its outcome is unknown."""
    try:
        return wire.decode(body, shape)
    except MalformedAnswer:
        raise lost() from None


def lost() -> OutcomeUnknown:
    """The answer to a write did not come, or says nothing."""
    return OutcomeUnknown(
        "Stripe's answer to a write was lost, so it may or may not have happened.",
        next_step="It will be looked up there before anything is repeated.",
        system=wire.SYSTEM,
    )
