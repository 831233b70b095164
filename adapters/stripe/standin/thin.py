"""Thin events: that something happened, to which object, and where to read it. They have no body and no version.

`/v2/core/events` serves them, a page at a time towards the older ones; there is no way back to newer pages here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from adapters.stripe.standin import form
from adapters.stripe.standin.events import THIN_ONLY, Telling
from adapters.stripe.standin.form import INTEGER, TEXT, Rule
from adapters.stripe.standin.ledger import Happening, Ledger
from adapters.stripe.standin.refusals import Refusal
from adapters.stripe.standin.resources import RESOURCES
from adapters.stripe.standin.shapes import Document

ADDRESS = "/v2/core/events"
_LIMIT, _LIMIT_MAX = 20, 100
_BOUNDS = ("gt", "gte", "lt", "lte")
_LISTED: dict[str, Rule] = {
    "created": dict.fromkeys(_BOUNDS, TEXT),
    "limit": INTEGER,
    "object_id": TEXT,
    "page": TEXT,
    "types": [TEXT],
}
_PATHS = {resource.kind: path for path, resource in RESOURCES.items()}


def has_thin(event: Happening) -> bool:
    """Whether there is a thin event of it: not of an object without an id."""
    return event.about is not None


def thin_id(event: Happening) -> str:
    """A thin event is not the snapshot event: it has an id of its own."""
    return f"evt_test_{hashlib.sha256(f'thin {event.id}'.encode()).hexdigest()[:40]}"


def thin(event: Happening) -> Document:
    """The notification of it."""
    document = event.document()
    kind = document["object"]
    body: Document = {
        "id": thin_id(event),
        "object": "v2.core.event",
        "type": f"v1.{event.type}",
        "created": moment(event.created),
        "livemode": bool(document.get("livemode", False)),
        "related_object": {
            "id": event.about,
            "type": kind,
            "url": f"/v1/{_PATHS.get(kind, f'{kind}s')}/{event.about}",
        },
    }
    if event.type not in THIN_ONLY:
        body["snapshot_event"] = event.id
    if event.request:
        asked = {"id": event.request, "idempotency_key": event.idempotency_key or ""}
        body["reason"] = {"type": "request", "request": asked}
    return body


def read(ledger: Ledger, telling: Telling, path: str, given: Mapping[str, Any]) -> Document:
    """A page of thin events or one of them; Refusal (404) for one that never was, is not shown or is too long ago."""
    event_id = path.removeprefix(ADDRESS).strip("/")
    if not event_id:
        return _page(ledger, telling, form.read(given, _LISTED))
    form.read(given, {})
    for event in _shown(ledger, telling):
        if thin_id(event) == event_id:
            return thin(event)
    raise Refusal(f"No such event: {event_id}", code="not_found", status=404, kind="not_found")


def _page(ledger: Ledger, telling: Telling, params: Mapping[str, Any]) -> Document:
    limit = params.get("limit", _LIMIT)
    if not 1 <= limit <= _LIMIT_MAX:
        raise Refusal(f"limit must be between 1 and {_LIMIT_MAX}.", code="invalid_fields")
    events = [event for event in _shown(ledger, telling) if _fits(event, params)]
    if "page" in params:
        events = events[next((place for place, one in enumerate(events) if one.id == params["page"]), len(events)) :]
    found = list(islice(events, limit + 1))
    following = None
    if len(found) > limit:
        asked = [(f"types[{place}]", name) for place, name in enumerate(params.get("types", []))]
        asked += [(f"created[{bound}]", text) for bound, text in params.get("created", {}).items()]
        asked += [(name, params[name]) for name in ("limit", "object_id") if name in params]
        following = f"{ADDRESS}?{urlencode([*asked, ('page', found[limit].id)])}"
    return {"data": [thin(one) for one in found[:limit]], "next_page_url": following, "previous_page_url": None}


def _shown(ledger: Ledger, telling: Telling) -> list[Happening]:
    """The newest first."""
    now = ledger.now()
    events = telling.ordered(ledger.happened())
    return [event for event in reversed(events) if has_thin(event) and telling.shows(event, now)]


def _fits(event: Happening, params: Mapping[str, Any]) -> bool:
    if "types" in params and f"v1.{event.type}" not in params["types"]:
        return False
    if "object_id" in params and event.about != params["object_id"]:
        return False
    at = datetime.fromtimestamp(event.created, UTC)
    bounds = {bound: _instant(text) for bound, text in params.get("created", {}).items()}
    return (
        ("gt" not in bounds or at > bounds["gt"])
        and ("gte" not in bounds or at >= bounds["gte"])
        and ("lt" not in bounds or at < bounds["lt"])
        and ("lte" not in bounds or at <= bounds["lte"])
    )


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Refusal(f"Invalid timestamp: {text}", code="invalid_fields") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def moment(second: int) -> str:
    """A second as the second version of the API writes it."""
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
