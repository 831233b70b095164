"""Webhook endpoints of one Stripe account: asked for once each, found again by our mark, given up.

Each is made for the API version and exactly the events of this release: without an explicit version its bodies would
come in the account's own. The secret that signs them stands in the answer to the creation and in no other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from adapters.stripe import wire
from adapters.stripe.calls import Room, lost, written
from adapters.stripe.events import EVENT_TYPES
from adapters.stripe.guards import checked_id
from adapters.stripe.paypages import OP_KEY
from adapters.stripe.refusal import other_mode
from connector.model.intent import OpenHook, WriteKey, Written
from connector.model.source import Kind, OpId
from connector.ports import Hook, OpenedHook

ENDPOINTS = "/v1/webhook_endpoints"
DESCRIPTION = "Tells the receivables connector what has changed. It only reads ids, and asks for the rest."
SECRET = "webhook_secret"  # noqa: S105  the name of the setting
"""The setting that what is signed is verified with."""

_ENABLED = "enabled"


def endpoint_params(intent: OpenHook, key: WriteKey) -> dict[str, Any]:
    """The parameters of `POST /v1/webhook_endpoints`."""
    return {
        "url": intent.url,
        "api_version": wire.VERSION,
        "enabled_events": list(EVENT_TYPES),
        "description": DESCRIPTION,
        "metadata": {OP_KEY: key.op_id},
    }


class Endpoints(Room):
    """HookDesk."""

    def hooks(self) -> tuple[Hook, ...]:
        return tuple(_hook(row) for row in self._listed())

    def open_hook(self, intent: OpenHook, key: WriteKey) -> OpenedHook:
        """The newest secret goes first, and the one before it stays: an endpoint that somebody else made, or that is
        being replaced, goes on being believed."""
        body = self._calls.write(ENDPOINTS, endpoint_params(intent, key), key, about=ENDPOINTS)
        row = self._of_our_mode(written(body, wire.WebhookEndpoint))
        if not row.secret:
            raise lost()
        before = [each for each in self._settings.webhook_secrets if each != row.secret]
        ref = self._where.ref(Kind.PROFILE, row.id)
        return OpenedHook(
            written=Written(ref=ref, version="", url=row.url), settings={SECRET: ",".join((row.secret, *before[:1]))}
        )

    def close_hook(self, hook_id: str) -> Mapping[str, str]:
        """The secret is forgotten with the last endpoint that leads to the same door."""
        held = self._listed()
        self._calls.remove(f"{ENDPOINTS}/{checked_id(hook_id)}")
        door = next((urlsplit(row.url).path for row in held if row.id == hook_id), None)
        others = [row for row in held if row.id != hook_id and urlsplit(row.url).path == door]
        return {} if others or door is None else {SECRET: ""}

    def _listed(self) -> list[wire.WebhookEndpoint]:
        return [self._of_our_mode(row) for row in self._every(ENDPOINTS, {}, wire.WebhookEndpoint)]

    def _of_our_mode(self, row: wire.WebhookEndpoint) -> wire.WebhookEndpoint:
        if row.livemode is not self._where.live:
            raise other_mode(key_is_live=self._where.live)
        return row


def _hook(row: wire.WebhookEndpoint) -> Hook:
    stamp = (row.metadata or {}).get(OP_KEY)
    return Hook(
        hook_id=row.id,
        url=row.url,
        stamp=OpId(stamp) if stamp else None,
        current=row.status == _ENABLED
        and row.api_version == wire.VERSION
        and set(row.enabled_events) == set(EVENT_TYPES),
    )
