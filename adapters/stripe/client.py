"""The only file that knows Stripe's SDK: one account, its sessions, and the calls that read and write it.

Lists and look-ups are asked for as bytes through our own session and decoded once (`wire`); writes go through the SDK,
over the same session, with an explicit API version, no retries of its own and no telemetry. Reads are repeated by the
house's retry table; a write is never repeated here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, TypeVar, cast

import requests
import stripe

from adapters.stripe import translate, wire
from adapters.stripe.currency import from_wire
from adapters.stripe.guards import checked_id, checked_params
from adapters.stripe.notes import CHARACTERS_MAX, NOTE, NOTE_REF, changes, reference
from adapters.stripe.paypages import BANK_TRANSFER, LISTED_SECONDS, OP_KEY, session_params
from adapters.stripe.reading import PATHS, Query, Reader
from adapters.stripe.refusal import OK, other_mode, refusal
from adapters.stripe.settings import Settings
from connector.dates import epoch_seconds, zone
from connector.errors import (
    MalformedAnswer,
    OutcomeUnknown,
    RateLimited,
    ReceivablesError,
    Refused,
    Rejected,
    SettingsError,
    Unreachable,
    VendorError,
)
from connector.model.intent import OpenPayPage, PushNote, WriteKey, Written
from connector.model.money_in import AttemptState
from connector.model.source import Kind, Ref
from connector.ports import Check, NoteLimits, Page, PageState, Surroundings
from connector.transport import VendorSession, retrying

T = TypeVar("T")

_SESSIONS = "/v1/checkout/sessions"
_PROBED = {**PATHS, "pay_page": _SESSIONS}
_PAGES_MAX = 1_000
_CHUNK_LOST = (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError)


def connect(surroundings: Surroundings) -> Stripe:
    """The adapter of one connection. Nothing is sent yet."""
    settings = surroundings.settings
    if not isinstance(settings, Settings):
        raise SettingsError("The settings of a Stripe connection were not parsed by the Stripe adapter.")
    stripe.enable_telemetry = False
    logging.getLogger("stripe").setLevel(logging.CRITICAL)  # it would log parameters, and sentences that quote them
    return Stripe(surroundings, settings)


class Stripe:
    """One Stripe account. Readable, Checkable, NoteBoard and PayPages."""

    def __init__(self, surroundings: Surroundings, settings: Settings) -> None:
        self._settings = settings
        self._clock = surroundings.clock
        self._budget = surroundings.budget
        self._where = translate.Where(
            connection=surroundings.connection, zone=zone(surroundings.zone), live=settings.live
        )
        self._session = VendorSession(
            wire.SYSTEM,
            surroundings.budget,
            connect_seconds=settings.connect_seconds,
            read_seconds=settings.read_seconds,
            trace_header="Request-Id",
        )
        self._sdk = stripe.StripeClient(
            settings.api_key.get_secret_value(),
            stripe_version=wire.VERSION,
            base_addresses={"api": settings.base_url},
            max_network_retries=0,
            http_client=stripe.RequestsClient(
                timeout=(settings.connect_seconds, settings.read_seconds), session=self._session
            ),
        )
        self._reader = Reader(self._read, self._where, settings.page_size_max)

    def streams(self) -> tuple[str, ...]:
        return tuple(PATHS)

    def pull(self, stream: str, cursor: str | None) -> Page:
        return self._reader.pull(stream, cursor)

    def check(self) -> tuple[Check, ...]:
        """One line for the key and its mode, and one for every permission to read."""
        mode = "live" if self._where.live else "test"
        checks = [Check(name="mode", ok=True, sentence=f"The key is for {mode} data.")]
        for name, path in _PROBED.items():
            single = path in ("/v1/account", "/v1/balance")
            try:
                self._read(path, {} if single else {"limit": 1}, bytes)
            except ReceivablesError as error:
                checks.append(Check(name=name, ok=False, sentence=error.sentence, next_step=error.next_step))
            else:
                checks.append(Check(name=name, ok=True, sentence=f"Stripe lets us read {path}."))
        return tuple(checks)

    def note_limits(self) -> NoteLimits:
        return NoteLimits(characters_max=CHARACTERS_MAX, parts=False)

    def note_targets(self, invoice: Ref, customer: Ref | None) -> tuple[Ref, ...]:
        """The invoice and its customer, when the invoice lives in this account; nothing otherwise."""
        if invoice.connection != self._where.connection or invoice.kind is not Kind.INVOICE:
            return ()
        if customer is None or customer.connection != self._where.connection or customer.kind is not Kind.CUSTOMER:
            return (invoice,)
        return (invoice, customer)

    def push_note(self, intent: PushNote, key: WriteKey) -> Written:
        """Write what changed of the four keys; nothing is sent when the note already stands."""
        held = self._metadata(intent.target)
        missing = changes(held, intent, key)
        if missing:
            held = self._write_metadata(intent.target, missing, key)
        return Written(ref=intent.target, version="", text=held.get(NOTE, ""))

    def find_notes(self, intent: PushNote, key: WriteKey) -> tuple[Written, ...]:
        """The note, if it is still the latest one there; an older one no longer stands in Stripe."""
        held = self._metadata(intent.target)
        if held.get(NOTE_REF) != reference(intent, key):
            return ()
        return (Written(ref=intent.target, version="", text=held.get(NOTE, "")),)

    def open_page(self, intent: OpenPayPage, key: WriteKey) -> Written:
        customer = self._payer(intent)
        params = session_params(intent, key, self._clock.now(), customer)
        body = self._write(_SESSIONS, params, key)
        return self._page_written(self._own(_written(body, wire.Session)))

    def find_pages(self, intent: OpenPayPage, key: WriteKey) -> tuple[Written, ...]:
        since = epoch_seconds(intent.expires_at) - LISTED_SECONDS
        query: dict[str, str | int] = {"limit": self._settings.page_size_max, "created[gte]": since}
        found: list[Written] = []
        for _ in range(_PAGES_MAX):
            page, rows = self._read(_SESSIONS, query, _sessions)
            found += [
                self._page_written(self._own(row)) for row in rows if (row.metadata or {}).get(OP_KEY) == key.op_id
            ]
            if not page.has_more or not rows:
                return tuple(found)
            query["starting_after"] = checked_id(rows[-1].id)
        raise MalformedAnswer("Stripe's list of pay pages does not end.", system=wire.SYSTEM)

    def page_state(self, page_id: str) -> PageState:
        path = f"{_SESSIONS}/{checked_id(page_id)}"
        row = self._own(self._read(path, {"expand[]": "payment_intent"}, lambda body: wire.decode(body, wire.Session)))
        intent = row.payment_intent
        if isinstance(intent, str):
            path = f"/v1/payment_intents/{checked_id(intent)}"
            intent = self._read(path, {}, lambda body: wire.decode(body, wire.PaymentIntent))
        state = translate.page_state(row.status, row.payment_status, intent)
        return PageState(
            state=state,
            url=row.url if state is AttemptState.OFFERED else None,
            payment=self._where.link(Kind.PAYMENT, intent.latest_charge) if intent else None,
        )

    def expire_page(self, page_id: str) -> PageState:
        """Only an open page can be closed; whatever Stripe says to that, the page's own state is what counts."""
        known = checked_id(page_id)
        with suppress(Rejected, OutcomeUnknown):
            self._write(f"{_SESSIONS}/{known}/expire", {}, None)
        return self.page_state(known)

    def _payer(self, intent: OpenPayPage) -> str | None:
        """The payer's Stripe id by exact e-mail address, looked for only when a bank transfer is to be offered."""
        if BANK_TRANSFER not in intent.methods or not intent.email:
            return None
        rows = self._read("/v1/customers", {"limit": 100, "email": intent.email}, _customers)
        known = [row.id for row in rows if (row.email or "").lower() == intent.email.lower()]
        return known[-1] if known else None

    def _page_written(self, row: wire.Session) -> Written:
        return Written(
            ref=self._where.ref(Kind.ATTEMPT, row.id),
            version="",
            amount=from_wire(row.amount_total, row.currency) if row.amount_total is not None and row.currency else None,
            url=row.url,
            methods=tuple(row.payment_method_types),
        )

    def _own(self, row: wire.Session) -> wire.Session:
        if row.livemode is not self._where.live:
            raise other_mode(key_is_live=self._where.live)
        return row

    def _metadata(self, target: Ref) -> Mapping[str, str]:
        path = f"{_collection(target)}/{checked_id(target.vendor_id)}"
        row = self._read(path, {}, lambda body: wire.decode(body, _SHAPES[target.kind]))
        if row.livemode is not None and row.livemode is not self._where.live:
            raise other_mode(key_is_live=self._where.live)
        return row.metadata or {}

    def _write_metadata(self, target: Ref, missing: Mapping[str, str], key: WriteKey) -> Mapping[str, str]:
        path = f"{_collection(target)}/{checked_id(target.vendor_id)}"
        body = self._write(path, {"metadata": dict(missing)}, key)
        return _written(body, _SHAPES[target.kind]).metadata or {}

    def _read(self, path: str, query: Query, parse: Callable[[bytes], T]) -> T:
        """Ask, and ask again while that may help; `parse` is part of the try, so a broken page is asked for again."""
        return retrying(
            lambda: parse(self._ask(path, query)), clock=self._clock, budget_seconds=self._settings.retry_seconds
        )

    def _ask(self, path: str, query: Query) -> bytes:
        answer = self._session.get(
            self._settings.base_url + path,
            params=query,
            headers={
                "Authorization": f"Bearer {self._settings.api_key.get_secret_value()}",
                "Stripe-Version": wire.VERSION,
            },
            stream=True,
        )
        with answer:
            try:
                body = answer.content
            except _CHUNK_LOST:
                raise MalformedAnswer(
                    "Stripe's answer was cut short.", next_step="Run it again in a few minutes.", system=wire.SYSTEM
                ) from None
            except requests.exceptions.RequestException:
                raise Unreachable(
                    "Stripe stopped in the middle of an answer.",
                    next_step="Check the network, then run it again.",
                    system=wire.SYSTEM,
                ) from None
        if answer.status_code != OK:
            raise self._paused(refusal(answer.status_code, body, answer.headers, path=path, write=False))
        if answer.headers.get("Stripe-Version", wire.VERSION) != wire.VERSION:
            raise MalformedAnswer(
                "Stripe answered in another API version than was asked for.",
                next_step=f"Install a release that speaks it; this one speaks {wire.VERSION}.",
                system=wire.SYSTEM,
            )
        return body

    def _write(self, path: str, params: Mapping[str, Any], key: WriteKey | None) -> bytes:
        """Make one write, once, under its stored key (None where repeating it changes nothing).

        The SDK is asked for the answer's bytes, not for its objects: it would stumble over one of an odd shape, and
        nobody could say what became of the write. OutcomeUnknown when it may have happened.
        """
        checked_params(params)
        options = {} if key is None else {"idempotency_key": key.text}
        try:
            answer = self._sdk.raw_request("post", path, **params, **options)
        except stripe.APIConnectionError as fault:
            if isinstance(fault.__cause__, VendorError):
                raise fault.__cause__ from None
            raise _lost() from None
        except stripe.StripeError as fault:
            if fault.http_status is None or fault.http_status == OK:
                raise _lost() from None
            body = fault.http_body or b""
            raw = body.encode() if isinstance(body, str) else body
            headers = cast("Mapping[str, str]", fault.headers or {})
            raise self._paused(refusal(fault.http_status, raw, headers, path=path, write=True)) from None
        return cast("stripe.StripeResponse", answer).body.encode()

    def _paused(self, error: VendorError) -> VendorError:
        """Lets everybody of this connection wait when Stripe asks for it."""
        if isinstance(error, RateLimited):
            self._budget.pause(error.retry_after_seconds)
        return error


_SHAPES: dict[Kind, type[wire.Invoice | wire.Customer]] = {
    Kind.INVOICE: wire.Invoice,
    Kind.CUSTOMER: wire.Customer,
}


def _collection(target: Ref) -> str:
    if target.kind not in _SHAPES:
        raise Refused(
            f"A note cannot stand on a Stripe {target.kind}.", next_step="Put it on the invoice or the customer."
        )
    return PATHS[target.kind]


def _sessions(body: bytes) -> tuple[wire.Listed, list[wire.Session]]:
    page = wire.decode(body, wire.Listed)
    return page, [wire.decode(raw, wire.Session) for raw in page.data]


def _customers(body: bytes) -> list[wire.Customer]:
    return [wire.decode(raw, wire.Customer) for raw in wire.decode(body, wire.Listed).data]


def _written(body: bytes, shape: type[T]) -> T:
    """What a write answered. One that cannot be read is no reason to write again, so its outcome is unknown."""
    try:
        return wire.decode(body, shape)
    except MalformedAnswer:
        raise _lost() from None


def _lost() -> OutcomeUnknown:
    return OutcomeUnknown(
        "Stripe's answer to a write was lost, so it may or may not have happened.",
        next_step="It will be looked up there before anything is repeated.",
        system=wire.SYSTEM,
    )
