"""Lists as Stripe serves them: filtered, newest first, a page at a time."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping
from functools import partial
from itertools import islice
from typing import Any

from adapters.stripe.standin.ledger import Ledger
from adapters.stripe.standin.refusals import Refusal, missing
from adapters.stripe.standin.resources import BY_KIND, Resource
from adapters.stripe.standin.shapes import Document

_LIMIT = 10
_LIMIT_MAX = 100
_COMPARED: Mapping[str, Callable[[int, int], bool]] = {
    "gt": lambda found, bound: found > bound,
    "gte": lambda found, bound: found >= bound,
    "lt": lambda found, bound: found < bound,
    "lte": lambda found, bound: found <= bound,
}
_NAMES_AN_OBJECT = frozenset({"customer", "charge", "payment_intent", "invoice", "payout"})


def page(ledger: Ledger, resource: Resource, params: Mapping[str, Any]) -> tuple[list[Document], bool]:
    """The stored objects of one page, and whether there are more in the direction that was asked for.

    Only what lies on the page's way is looked at, so that a walk through a list of any length looks at each once.
    """
    limit = limit_of(params)
    wanted = {name: value for name, value in params.items() if name in resource.filters}
    stored = ledger.newest(resource.kind)
    start, end = _within(stored, wanted)
    fits = _tests(ledger, wanted)
    if "ending_before" in params:
        end = min(end, _cursor(ledger, resource, params, "ending_before"))
        way = range(end - 1, start - 1, -1)
    else:
        start = max(start, _cursor(ledger, resource, params, "starting_after") + 1 if "starting_after" in params else 0)
        way = range(start, end)
    hits = (stored[place] for place in way if all(fit(stored[place]) for fit in fits))
    found = list(islice(hits, limit + 1))
    rows = found[:limit]
    return rows[::-1] if "ending_before" in params else rows, len(found) > limit


def limit_of(params: Mapping[str, Any]) -> int:
    """How many objects a page may have; Refusal for a number out of range, and for two cursors."""
    limit: int = params.get("limit", _LIMIT)
    if not 1 <= limit <= _LIMIT_MAX:
        message = f"This value must be between 1 and {_LIMIT_MAX}."
        raise Refusal(message, code="parameter_invalid_integer", param="limit")
    if "starting_after" in params and "ending_before" in params:
        raise Refusal("Received both ending_before and starting_after parameters. Please pass in only one.")
    return limit


def _cursor(ledger: Ledger, resource: Resource, params: Mapping[str, Any], name: str) -> int:
    """Where the object named by a cursor stands among all of its kind; it must be there."""
    place = ledger.place(resource.kind, params[name])
    if place is None:
        raise missing(resource.noun, params[name], param=name, status=400)
    return place


def _tests(ledger: Ledger, wanted: Mapping[str, Any]) -> list[Callable[[Document], bool]]:
    """What an object must pass to be on the list; Refusal for a filter that names an object that is not there."""
    fits: list[Callable[[Document], bool]] = []
    for name, value in wanted.items():
        if name in _NAMES_AN_OBJECT and ledger.find(name, value) is None:
            raise missing(BY_KIND[name].noun, value, param=name, status=400)
        if name == "payout":
            fits.append(partial(_is_among, _members(ledger, value)))
        elif name != "created" or not isinstance(value, dict):
            fits.append(partial(_fits, name=name, value=value))
    return fits


def _within(stored: list[Document], wanted: Mapping[str, Any]) -> tuple[int, int]:
    """From where to where a list, newest first, was created within a range: cut out, not looked through."""
    bounds = wanted.get("created")
    if not isinstance(bounds, dict):
        return 0, len(stored)
    newest = min((at - (bound == "lt") for bound, at in bounds.items() if bound in ("lt", "lte")), default=None)
    oldest = max((at + (bound == "gt") for bound, at in bounds.items() if bound in ("gt", "gte")), default=None)
    start = 0 if newest is None else bisect_left(stored, -newest, key=_age)
    return start, len(stored) if oldest is None else bisect_right(stored, -oldest, key=_age)


def _age(document: Document) -> int:
    return -int(document["created"])


def _is_among(ids: set[str], document: Document) -> bool:
    return document["id"] in ids


def _members(ledger: Ledger, payout_id: str) -> set[str]:
    """The payout's own transaction and those it is made of; Stripe knows that of automatic payouts only."""
    payout = ledger.get("payout", payout_id)
    if not payout["automatic"]:
        message = "Balance transaction history can only be filtered on automatic payouts, not manual."
        raise Refusal(message, param="payout")
    return {payout["balance_transaction"], *ledger.members[payout_id]}


def _fits(document: Document, name: str, value: Any) -> bool:
    match name, value:
        case (("created" | "arrival_date" | "due_date"), dict()):
            found = document[name]
            return found is not None and all(_COMPARED[bound](found, at) for bound, at in value.items())
        case "payment", dict():
            return all(document["payment"].get(part) == one for part, one in value.items())
        case "active", str():
            return bool(document[name] == (value == "true"))
        case "customer_details", dict():
            return (document["customer_details"] or {}).get("email") == value.get("email")
    return bool(document[name] == value)
