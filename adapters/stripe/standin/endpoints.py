"""Who wants to hear of an account by webhook: the addresses, what they want, and the secrets that sign what they get.

A secret is said once, in the answer that makes the endpoint, and is in no dump.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from adapters.stripe.standin import form
from adapters.stripe.standin.events import THIN_ONLY
from adapters.stripe.standin.form import METADATA, TEXT, Rule
from adapters.stripe.standin.ledger import Happening, Ledger
from adapters.stripe.standin.refusals import Refusal, missing
from adapters.stripe.standin.resources import EXPAND
from adapters.stripe.standin.shapes import Document, filled

COLLECTION, KIND = "webhook_endpoints", "webhook_endpoint"
SNAPSHOT, THIN = "snapshot", "thin"
_WORDS = frozenset({"true", "false"})

UPDATE: dict[str, Rule] = {
    "description": TEXT,
    "disabled": _WORDS,
    "enabled_events": [TEXT],
    "metadata": METADATA,
    "url": TEXT,
    **EXPAND,
}
CREATE: dict[str, Rule] = {**UPDATE, "api_version": TEXT, "connect": _WORDS}
del CREATE["disabled"]


@dataclass(slots=True, kw_only=True)
class Endpoint:
    """An address. `secrets` are those that sign, the newest first: two while one is rolled."""

    document: Document
    form: str
    since: int
    """So many things had been told of before it was there; it hears of later ones only."""
    secrets: list[str]
    received: set[str] = field(default_factory=set)
    """The events it has confirmed."""

    def wants(self, event: Happening) -> bool:
        """Whether this event is sent there at all."""
        if event.number <= self.since or self.document["status"] != "enabled":
            return False
        if self.form == SNAPSHOT and event.type in THIN_ONLY:
            return False
        name = f"v1.{event.type}" if self.form == THIN else event.type
        return "*" in self.document["enabled_events"] or name in self.document["enabled_events"]


class Endpoints:
    """The addresses of one account."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._kept: dict[str, Endpoint] = {}

    def __iter__(self) -> Iterator[Endpoint]:
        return iter(self._kept.values())

    def create(self, params: Mapping[str, Any], *, payload: str = SNAPSHOT) -> Document:
        """A new endpoint, its secret said this once; Refusal (400) without an address or events."""
        for name in ("url", "enabled_events"):
            if not params.get(name):
                raise Refusal(f"Missing required param: {name}.", code="parameter_missing", param=name)
        _check(params["url"])
        ledger = self._ledger
        document = filled(
            KIND,
            id=ledger.next_id("we"),
            api_version=params.get("api_version"),
            created=ledger.now(),
            description=params.get("description"),
            enabled_events=list(params["enabled_events"]),
            metadata=form.merge_metadata({}, params.get("metadata", {})),
            url=params["url"],
        )
        ledger.put(document)
        self._kept[document["id"]] = Endpoint(document=document, form=payload, since=ledger.told, secrets=[])
        return {**document, "secret": self.roll(document["id"])}

    def update(self, endpoint_id: str, params: Mapping[str, Any]) -> Document:
        """Change what is given; Refusal (404) when there is no such endpoint."""
        document = self.get(endpoint_id).document
        if "url" in params:
            _check(params["url"])
        for name in ("url", "enabled_events", "description"):
            if name in params:
                document[name] = params[name]
        if "metadata" in params:
            document["metadata"] = form.merge_metadata(document["metadata"], params["metadata"])
        if "disabled" in params:
            document["status"] = "disabled" if params["disabled"] == "true" else "enabled"
        return document

    def delete(self, endpoint_id: str) -> Document:
        """Forget it; Refusal (404) when there is none."""
        endpoint = self.get(endpoint_id)
        del self._kept[endpoint_id]
        self._ledger.remove(endpoint.document)
        return {"id": endpoint_id, "object": KIND, "deleted": True}

    def get(self, endpoint_id: str) -> Endpoint:
        """The endpoint of that id; Refusal (404) when there is none."""
        if endpoint_id not in self._kept:
            raise missing("webhook endpoint", endpoint_id, param="webhook_endpoint")
        return self._kept[endpoint_id]

    def roll(self, endpoint_id: str, *, keep_old: bool = True) -> str:
        """A new secret, which signs beside the old one, or instead of it."""
        endpoint = self.get(endpoint_id)
        drawn = f"{self._ledger.account['id']} {endpoint_id} {len(endpoint.secrets)} {keep_old}"
        secret = f"whsec_{hashlib.sha256(drawn.encode()).hexdigest()[:32]}"
        endpoint.secrets = [secret, *(endpoint.secrets if keep_old else [])]
        return secret

    def owed(self, event: Happening) -> int:
        """To how many of them an event has not yet been delivered."""
        return sum(1 for one in self._kept.values() if one.wants(event) and event.id not in one.received)


def writing(endpoints: Endpoints, parts: tuple[str, ...], given: Mapping[str, Any]) -> Callable[[], Document] | None:
    """The work of a write to these addresses, all its parameters read; None for another address."""
    match parts:
        case ("webhook_endpoints",):
            params = form.read(given, CREATE)
            return lambda: endpoints.create(params)
        case ("webhook_endpoints", endpoint_id):
            params = form.read(given, UPDATE)
            endpoints.get(endpoint_id)
            return lambda: endpoints.update(endpoint_id, params)
    return None


def _check(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise Refusal("Invalid URL: must be a publicly accessible address.", code="url_invalid", param="url")
