"""One Stripe account, and the only file that knows Stripe's SDK.

Lists and look-ups are asked for as bytes through our own session and decoded once (`wire`); writes go through the SDK,
over the same session, with an explicit API version, no retries of its own and no telemetry. It is imported with the
first write: with what it brings along it takes more memory than all the rest of the adapter. When a call is made, and
whether again, is decided in `calls`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import requests
import urllib3

from adapters.stripe import checks, wire
from adapters.stripe.ahead import Lines
from adapters.stripe.board import Board
from adapters.stripe.calls import Calls, Query, lost
from adapters.stripe.checkout import Checkout
from adapters.stripe.endpoints import Endpoints
from adapters.stripe.reading import Reader
from adapters.stripe.refunds import Refunds
from adapters.stripe.refusal import OK, Heard
from adapters.stripe.settings import Settings
from connector.errors import MalformedAnswer, SettingsError, Unreachable, VendorError
from connector.model.source import Ref
from connector.ports import Check, Page, Surroundings
from connector.transport import VendorSession

if TYPE_CHECKING:
    import stripe

_CHUNK_LOST = (urllib3.exceptions.ProtocolError, urllib3.exceptions.DecodeError)


def connect(surroundings: Surroundings) -> Stripe:
    """The adapter of one connection. Nothing is sent yet."""
    settings = surroundings.settings
    if not isinstance(settings, Settings):
        raise SettingsError("The settings of a Stripe connection were not parsed by the Stripe adapter.")
    return Stripe(surroundings, settings)


class _SdkLine:
    """Calls of one thread: a session with our time-outs and pace, and the SDK over it."""

    def __init__(self, surroundings: Surroundings, settings: Settings) -> None:
        self._url = settings.base_url
        self._headers = {
            "Authorization": f"Bearer {settings.api_key.get_secret_value()}",
            "Stripe-Version": wire.VERSION,
        }
        self._session = VendorSession(
            wire.SYSTEM,
            surroundings.budget,
            connect_seconds=settings.connect_seconds,
            read_seconds=settings.read_seconds,
            trace_header="Request-Id",
        )
        self._settings = settings
        self._sdk: stripe.StripeClient | None = None

    def get(self, path: str, query: Query) -> Heard:
        """The body is read in one piece: in the small pieces of `content`, a page costs half as much again."""
        with (
            self._session.flight(),
            self._session.get(self._url + path, params=query, headers=self._headers, stream=True) as answer,
        ):
            try:
                body: bytes = answer.raw.read(decode_content=True)
            except _CHUNK_LOST:
                raise MalformedAnswer(
                    "Stripe's answer was cut short.", next_step="Run it again in a few minutes.", system=wire.SYSTEM
                ) from None
            except urllib3.exceptions.HTTPError:
                raise Unreachable(
                    "Stripe stopped in the middle of an answer.",
                    next_step="Check the network, then run it again.",
                    system=wire.SYSTEM,
                ) from None
            return Heard(status=answer.status_code, body=body, headers=answer.headers)

    def post(self, path: str, params: Mapping[str, Any], key: str | None) -> Heard:
        """The SDK is asked for the answer's bytes, not for its objects: it would stumble over one of an odd shape, and
        nobody could say what became of the write."""
        import stripe

        options = {} if key is None else {"idempotency_key": key}
        try:
            answer = self._writer().raw_request("post", path, **params, **options)
        except stripe.APIConnectionError as fault:
            if isinstance(fault.__cause__, VendorError):
                raise fault.__cause__ from None
            raise lost() from None
        except stripe.StripeError as fault:
            if fault.http_status is None or fault.http_status == OK:
                raise lost() from None
            body = fault.http_body or b""
            raw = body.encode() if isinstance(body, str) else body
            headers = requests.structures.CaseInsensitiveDict(cast("Mapping[str, str]", fault.headers or {}))
            return Heard(status=fault.http_status, body=raw, headers=headers)
        done = cast("stripe.StripeResponse", answer)
        return Heard(status=done.code, body=done.body.encode(), headers=done.headers)

    def _writer(self) -> stripe.StripeClient:
        """The SDK over our session."""
        if self._sdk is None:
            import stripe

            stripe.enable_telemetry = False
            # It would log parameters, and sentences that quote them.
            logging.getLogger("stripe").setLevel(logging.CRITICAL)
            self._sdk = stripe.StripeClient(
                self._settings.api_key.get_secret_value(),
                stripe_version=wire.VERSION,
                base_addresses={"api": self._settings.base_url},
                max_network_retries=0,
                http_client=stripe.RequestsClient(
                    timeout=(self._settings.connect_seconds, self._settings.read_seconds), session=self._session
                ),
            )
        return self._sdk

    def delete(self, path: str) -> Heard:
        answer = self._session.delete(self._url + path, headers=self._headers)
        return Heard(status=answer.status_code, body=answer.content, headers=answer.headers)


class Stripe(Board, Checkout, Refunds, Endpoints):
    """One Stripe account. Readable, Lookable, Checkable, Permitted, NoteBoard, PayPages, GivesBack and HookDesk."""

    def __init__(self, surroundings: Surroundings, settings: Settings) -> None:
        super().__init__(
            surroundings, settings, Calls(surroundings, settings, lambda: _SdkLine(surroundings, settings))
        )
        lines = Lines(self._calls, settings.in_flight)
        self._reader = Reader(
            lines, self._where, surroundings.mirror, surroundings.clock, page_size=settings.page_size_max
        )

    def streams(self) -> tuple[str, ...]:
        return self._reader.streams()

    def pull(self, stream: str, cursor: str | None) -> Page:
        return self._reader.pull(stream, cursor)

    def look(self, refs: Sequence[Ref]) -> Page:
        return self._reader.look(refs)

    def check(self) -> tuple[Check, ...]:
        return self.may_read()

    def may_read(self) -> tuple[Check, ...]:
        return checks.may_read(self._calls, live=self._where.live)

    def may_write(self) -> tuple[Check, ...]:
        return checks.may_write(self._calls)
