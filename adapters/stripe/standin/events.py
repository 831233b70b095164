"""The change feed: what happened, newest first, for thirty days, and everything that is bad about it.

An event holds its object as it was, in the version of the account. So what reads the feed must not believe the object:
`Telling` makes it old, wrong, late, absent or out of order, as the real one may be.
"""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any

from adapters.stripe.standin import expansion, form, listing
from adapters.stripe.standin.form import RANGE, TEXT, Rule
from adapters.stripe.standin.ledger import Happening, Ledger
from adapters.stripe.standin.refusals import Refusal, missing
from adapters.stripe.standin.resources import PAGING
from adapters.stripe.standin.shapes import Document
from adapters.stripe.standin.versions import API_VERSION, in_version

TYPES_MAX = 20
FILTERS: dict[str, Rule] = {
    "created": RANGE,
    "delivery_success": frozenset({"true", "false"}),
    "type": TEXT,
    "types": [TEXT],
}
Owed = Callable[[Happening], int]
THIN_ONLY = frozenset({"invoice_payment.canceled", "invoice_payment.open"})
"""What is told in thin events alone: the list of events and snapshot deliveries do not have it."""
_DRAWS = 10_000
_KEPT = frozenset({"id", "object"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """How an account's feed tells. Nothing here changes what happened; all that is drawn is drawn from `seed`."""

    version: str = API_VERSION
    """The account's own version, in which the objects in events are said."""
    misleading: bool = False
    """Figures and words of every object in an event are wrong; its id and kind are right."""
    withheld: frozenset[str] = frozenset()
    """Ids of events, or of objects, of which nothing is ever shown."""
    withheld_percent: int = 0
    """So many of a hundred events are never shown."""
    late_seconds: int = 0
    late_percent: int = 100
    """So many of a hundred events are shown only `late_seconds` after they happened, in their old place."""
    shuffled: bool = False
    """Events of one second stand in any order."""
    seed: int = 0

    def shows(self, event: Happening, now: int) -> bool:
        """Whether the event is to be seen in the feed at that second."""
        if not self.tells(event):
            return False
        late = self.late_seconds and self._draw("late", event) < self.late_percent
        return not late or event.created + self.late_seconds <= now

    def tells(self, event: Happening) -> bool:
        """Whether the event is ever to be heard of."""
        if self.withheld and (event.id in self.withheld or event.about in self.withheld):
            return False
        return not self.withheld_percent or self._draw("withheld", event) >= self.withheld_percent

    def ordered(self, events: Sequence[Happening]) -> Sequence[Happening]:
        """Oldest first."""
        if not self.shuffled:
            return events
        return sorted(events, key=lambda one: (one.created, self._draw("order", one), one.id))

    def _draw(self, what: str, event: Happening) -> float:
        """A number from 0 to 100, always the same for the same event."""
        drawn = hashlib.sha256(f"{self.seed} {what} {event.id}".encode()).digest()
        return int.from_bytes(drawn[:8]) % _DRAWS * 100 / _DRAWS


def page(ledger: Ledger, telling: Telling, given: Mapping[str, Any], owed: Owed) -> tuple[list[Happening], bool]:
    """The events of one page, newest first, and whether there are more in the direction that was asked for.

    `owed` says to how many endpoints an event is still to be delivered. A cursor that is past the horizon is no longer
    there: 400 `resource_missing`.
    """
    params = form.read(given, {**FILTERS, **PAGING})
    limit = listing.limit_of(params)
    wanted = _types(params)
    events, now = telling.ordered(ledger.happened()), ledger.now()
    low, high = _span(events, params.get("created"))

    def fitting(places: Sequence[int]) -> Iterator[Happening]:
        for place in places:
            event = events[place]
            shown = event.type not in THIN_ONLY and telling.shows(event, now)
            if shown and _fits(event.type, wanted) and _delivered(event, params, owed):
                yield event

    if "ending_before" in params:
        start = max(_place(ledger, telling, events, params, "ending_before") + 1, low)
        found = list(islice(fitting(range(start, high)), limit + 1))
        return found[:limit][::-1], len(found) > limit
    if "starting_after" in params:
        high = min(_place(ledger, telling, events, params, "starting_after"), high)
    found = list(islice(fitting(range(high - 1, low - 1, -1)), limit + 1))
    return found[:limit], len(found) > limit


def one(ledger: Ledger, telling: Telling, event_id: str) -> Happening:
    """The event of that id; Refusal (404) when it never was, is not shown, or is too long ago."""
    found = ledger.happening(event_id)
    if found is None or found.type in THIN_ONLY or not telling.shows(found, ledger.now()):
        raise missing("event", event_id)
    return found


def rendered(ledger: Ledger, event: Happening, telling: Telling, origin: str, pending: int = 0) -> Document:
    """The event as it is served: the object as it was when it happened, in the telling's version."""
    stored = event.document()
    served = expansion.dressed(ledger, stored, origin) if "id" in stored else stored
    told = in_version(ledger, served, telling.version)
    body: Document = {"object": _misled(told, telling.seed) if telling.misleading else told}
    if event.previous is not None:
        body["previous_attributes"] = json.loads(event.previous, parse_float=Decimal)
    return {
        "id": event.id,
        "object": "event",
        "api_version": telling.version,
        "created": event.created,
        "data": body,
        "livemode": bool(stored.get("livemode", False)),
        "pending_webhooks": pending,
        "request": {"id": event.request, "idempotency_key": event.idempotency_key},
        "type": event.type,
    }


def ripen(ledger: Ledger) -> None:
    """Tell of funds that became available since the last look, once for each day."""
    for at in ledger.ripened():
        ledger.tell("balance.available", ledger.balance(at), at=at)


def tell_upcoming(ledger: Ledger, invoice_id: str) -> None:
    """`invoice.upcoming`: a preview of an invoice that is not there yet, so its object has no id."""
    invoice = ledger.get("invoice", invoice_id)
    ledger.tell("invoice.upcoming", {name: value for name, value in invoice.items() if name != "id"})


def _delivered(event: Happening, params: Mapping[str, Any], owed: Owed) -> bool:
    asked = params.get("delivery_success")
    return asked is None or (owed(event) == 0) == (asked == "true")


def _types(params: Mapping[str, Any]) -> list[str]:
    """The names asked for, none for all; Refusal for both ways at once, and for more than Stripe takes."""
    if "type" in params and "types" in params:
        raise Refusal("You may only specify one of these parameters: type, types.", param="type")
    names: list[str] = params.get("types", [])
    if len(names) > TYPES_MAX:
        raise Refusal(f"Invalid array: types may have at most {TYPES_MAX} elements.", param="types")
    return [params["type"]] if "type" in params else names


def _fits(event_type: str, wanted: Sequence[str]) -> bool:
    if not wanted:
        return True
    return any(name in ("*", event_type) or (name[-2:] == ".*" and event_type.startswith(name[:-1])) for name in wanted)


def _span(events: Sequence[Happening], asked: Any) -> tuple[int, int]:
    """The places of the events of a range of seconds."""
    low, high = 0, len(events)
    bounds = {"gte": asked, "lte": asked} if isinstance(asked, int) else asked or {}
    for bound, second in bounds.items():
        before = bisect_left(events, second, key=_second)
        through = bisect_right(events, second, key=_second)
        match bound:
            case "gt":
                low = max(low, through)
            case "gte":
                low = max(low, before)
            case "lt":
                high = min(high, before)
            case "lte":
                high = min(high, through)
    return low, high


def _place(ledger: Ledger, telling: Telling, events: Sequence[Happening], params: Mapping[str, Any], name: str) -> int:
    """Where the event that a cursor names stands."""
    event = ledger.happening(params[name])
    if event is None or event.type in THIN_ONLY or not telling.shows(event, ledger.now()):
        raise missing("event", params[name], param=name, status=400)
    place = bisect_left(events, event.created, key=_second)
    while events[place].id != event.id:
        place += 1
    return place


def _second(event: Happening) -> int:
    return event.created


def _misled(value: Any, seed: int, *, top: bool = True) -> Any:
    """The same shape with other figures and words."""
    match value:
        case dict():
            kept = _KEPT if top else frozenset[str]()
            return {name: one if name in kept else _misled(one, seed, top=False) for name, one in value.items()}
        case list():
            return [_misled(one, seed, top=False) for one in value]
        case bool():
            return not value
        case int():
            return value + seed + 1
        case str():
            return value[::-1]
    return value
