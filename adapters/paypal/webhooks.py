"""Asking PayPal for webhooks, by its API: one address, and the events that this release reads.

A webhook at PayPal has no place for a mark of ours, and one address can only be asked for once. So which asking made
ours stands in the settings, beside the webhook's ID; and one that turns out to be there already is taken as it is:
there is no secret to lose, since PayPal signs with its own certificate.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from adapters.paypal import refusal, wire
from adapters.paypal.checkout import Room
from adapters.paypal.hooks import EVENTS
from adapters.paypal.refusal import OK
from connector.errors import NotFound, ReceivablesError
from connector.model.intent import OpenHook, WriteKey, Written
from connector.model.source import Kind, OpId
from connector.ports import Hook, OpenedHook

THERE_ALREADY = "WEBHOOK_URL_ALREADY_EXISTS"
ID, STAMP = "webhook_id", "webhook_stamp"


class Webhooks(Room):
    """HookDesk."""

    def hooks(self) -> tuple[Hook, ...]:
        """Every webhook of the app."""
        return tuple(self._hook(each) for each in self._listed())

    def open_hook(self, intent: OpenHook, key: WriteKey) -> OpenedHook:
        """Ask for webhooks to that address. One that is there is told of the events that this release reads, by being
        made anew. Errors: VendorError."""
        body = {"url": intent.url, "event_types": [{"name": name} for name in EVENTS]}
        heard = self._calls.write("POST", wire.WEBHOOKS, body, None)
        if heard.status not in OK and heard.issue == THERE_ALREADY:
            held = next((each for each in self._listed() if each.url == intent.url), None)
            if held is not None and _is_current(held):
                return self._opened(held, key)
            if held is not None:
                self.close_hook(held.id)
            heard = self._calls.write("POST", wire.WEBHOOKS, body, None)
        if heard.status not in OK:
            raise refusal.of_write(heard)
        try:
            return self._opened(wire.decode(heard.body, wire.Webhook), key)
        except ReceivablesError:
            raise refusal.lost(heard) from None

    def close_hook(self, hook_id: str) -> Mapping[str, str]:
        """Ask for no more; one that is gone is closed. Its ID is forgotten where it is the one that is listened to."""
        heard = self._calls.write("DELETE", f"{wire.WEBHOOKS}/{quote(hook_id, safe='')}", None, None)
        if heard.status not in OK and not isinstance(refusal.of_write(heard), NotFound):
            raise refusal.of_write(heard)
        return {ID: "", STAMP: ""} if hook_id == self._settings.webhook_id else {}

    def _opened(self, held: wire.Webhook, key: WriteKey) -> OpenedHook:
        ref = self._where.ref(Kind.PROFILE, held.id)
        return OpenedHook(written=Written(ref=ref, version="", url=held.url), settings={ID: held.id, STAMP: key.op_id})

    def _listed(self) -> tuple[wire.Webhook, ...]:
        listed = self._calls.read(wire.WEBHOOKS, {}, lambda body: wire.decode(body, wire.WebhookList))
        return listed.webhooks

    def _hook(self, held: wire.Webhook) -> Hook:
        ours = held.id == self._settings.webhook_id and self._settings.webhook_stamp
        return Hook(
            hook_id=held.id,
            url=held.url,
            stamp=OpId(self._settings.webhook_stamp) if ours else None,
            current=_is_current(held),
        )


def _is_current(held: wire.Webhook) -> bool:
    """Whether it sends all that this release reads; one that sends everything does."""
    names = {each.name for each in held.event_types}
    return names >= set(EVENTS) or names == {"*"}
