"""Lists as Stripe serves them: filtered, newest first, a page at a time."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
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
    """The stored objects of one page, and whether there are more in the direction that was asked for."""
    limit = params.get("limit", _LIMIT)
    if not 1 <= limit <= _LIMIT_MAX:
        message = f"This value must be between 1 and {_LIMIT_MAX}."
        raise Refusal(message, code="parameter_invalid_integer", param="limit")
    if "starting_after" in params and "ending_before" in params:
        raise Refusal("Received both ending_before and starting_after parameters. Please pass in only one.")
    wanted = {name: value for name, value in params.items() if name in resource.filters}
    found = _filtered(ledger, resource, wanted)
    if "ending_before" in params:
        place = _cursor(ledger, resource, params, "ending_before", found)
        return found[max(place - limit, 0) : place], place > limit
    start = _cursor(ledger, resource, params, "starting_after", found) + 1 if "starting_after" in params else 0
    return found[start : start + limit], len(found) > start + limit


def _cursor(ledger: Ledger, resource: Resource, params: Mapping[str, Any], name: str, found: list[Document]) -> int:
    """Where the object named by a cursor stands in the list; it must be on it."""
    vendor_id = params[name]
    place = ledger.place(resource.kind, vendor_id)
    if place is None:
        raise missing(resource.noun, vendor_id, param=name, status=400)
    if found is ledger.newest(resource.kind):
        return place
    places = [ledger.place(resource.kind, one["id"]) or 0 for one in found]
    newer = bisect_left(places, place)
    listed = newer < len(places) and places[newer] == place
    return newer if listed else newer - (name == "starting_after")


def _filtered(ledger: Ledger, resource: Resource, wanted: Mapping[str, Any]) -> list[Document]:
    found = ledger.newest(resource.kind)
    for name, value in wanted.items():
        if name in _NAMES_AN_OBJECT and ledger.find(name, value) is None:
            raise missing(BY_KIND[name].noun, value, param=name, status=400)
        if name == "payout":
            found = _in_payout(ledger, found, value)
        else:
            found = [one for one in found if _fits(one, name, value)]
    return found


def _in_payout(ledger: Ledger, found: list[Document], payout_id: str) -> list[Document]:
    """The payout's own transaction and those it is made of; Stripe knows that of automatic payouts only."""
    payout = ledger.get("payout", payout_id)
    if not payout["automatic"]:
        message = "Balance transaction history can only be filtered on automatic payouts, not manual."
        raise Refusal(message, param="payout")
    members = {payout["balance_transaction"], *ledger.members[payout_id]}
    return [one for one in found if one["id"] in members]


def _fits(document: Document, name: str, value: Any) -> bool:
    match name, value:
        case (("created" | "arrival_date" | "due_date"), dict()):
            found = document[name]
            return found is not None and all(_COMPARED[bound](found, at) for bound, at in value.items())
        case "payment", dict():
            return all(document["payment"].get(part) == one for part, one in value.items())
        case "customer_details", dict():
            return (document["customer_details"] or {}).get("email") == value.get("email")
    return bool(document[name] == value)
