"""The double itself: who asks, what for, and the answer in Stripe's words. State machine only; it sees no socket."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from adapters.stripe.standin import dumps, expansion, form, listing, paypage, sessions
from adapters.stripe.standin.idempotency import Memory
from adapters.stripe.standin.ledger import Ledger
from adapters.stripe.standin.refusals import Refusal, missing, unknown_address
from adapters.stripe.standin.resources import EXPAND, PAGING, RESOURCES, UPDATE, Resource
from adapters.stripe.standin.shapes import Document
from connector.testing.standin import Answer, Call
from connector.testing.worlds import World

API_VERSION = "2026-10-28.endive"
KEY_PREFIX = "rk_test_"

Work = Callable[[], Document]


class StripeStandIn:
    """Several accounts, each opened by its own key."""

    system = "stripe"

    def __init__(self, ledgers: Mapping[str, Ledger]) -> None:
        self._ledgers = dict(ledgers)
        self._memories = {account: Memory() for account in ledgers}
        self._requests = 0
        self._broken: list[bool] = []

    def answer(self, call: Call) -> Answer:
        if call.path.startswith(sessions.PAGE):
            return paypage.visit(self._ledger_of_page(call.path.removeprefix(sessions.PAGE)), call)
        self._requests += 1
        try:
            answer = self._answer(call)
        except Refusal as refusal:
            answer = refusal.answer()
        headers = {"Request-Id": f"req_{self._requests:08}", "Stripe-Version": API_VERSION, **answer.headers}
        return replace(answer, headers=headers)

    def settings(self, world: World, url: str) -> dict[str, str]:
        """The settings that connect to one company's account: its test key."""
        return {"base_url": url, "api_key": f"rk_test_{world.stripe_account.removeprefix('acct_')}"}

    def dump(self, *, normalised: bool) -> object:
        self._lapse()
        return {name: dumps.dumped(ledger, normalised=normalised) for name, ledger in self._ledgers.items()}

    def corrupt(self, seed: int) -> str:
        return dumps.corrupt(self._ledgers, seed)

    def break_next_write(self, *, acted: bool) -> None:
        """Answer the next write with 500, its work done or not; the answer is kept under its idempotency key."""
        self._broken.append(acted)

    def ledger(self, account: str) -> Ledger:
        """The state of one account, for tests that must change what no API call can."""
        return self._ledgers[account]

    def _answer(self, call: Call) -> Answer:
        ledger = self._authenticated(call)
        _check_version(call)
        self._lapse()
        parts = tuple(call.path.removeprefix("/v1/").split("/"))
        origin = f"http://{call.headers.get('host', '127.0.0.1')}"
        if call.method == "GET":
            given = form.decode(call.target.partition("?")[2])
            return _ok(_read(ledger, parts, given, origin))
        if call.method == "POST":
            if call.body and "json" in call.headers.get("content-type", ""):
                message = "Invalid request (check that your POST content type is application/x-www-form-urlencoded)."
                raise Refusal(message)
            return self._write(ledger, call, parts, origin)
        raise unknown_address(call.method, call.path)

    def _write(self, ledger: Ledger, call: Call, parts: tuple[str, ...], origin: str) -> Answer:
        given = form.decode(call.body.decode())
        key = call.headers.get("idempotency-key")

        def work() -> tuple[Answer, bool]:
            try:
                return self._worked(_writing(ledger, parts, given, origin)), True
            except Refusal as refusal:
                return refusal.answer(), refusal.stored

        if not key:
            return work()[0]
        memory = self._memories[ledger.account["id"]]
        return memory.answer(key, (call.path, given), ledger.now(), work)

    def _worked(self, writing: Work) -> Answer:
        """Do the work, or break as was asked; what breaks after its checks is a 500 that stays."""
        if not self._broken:
            return _ok(writing())
        if self._broken.pop(0):
            writing()
        message = "An unknown error occurred. (The stand-in was told to break.)"
        return Refusal(message, status=500, kind="api_error").answer()

    def _authenticated(self, call: Call) -> Ledger:
        kind, _, key = call.headers.get("authorization", "").partition(" ")
        if kind != "Bearer" or not key:
            message = "You did not provide an API key. You need to provide your API key in the Authorization header,"
            raise Refusal(f"{message} using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').", status=401)
        account = f"acct_{key.removeprefix(KEY_PREFIX)}"
        if not key.startswith(KEY_PREFIX) or account not in self._ledgers:
            raise Refusal(f"Invalid API Key provided: {key[:8]}{'*' * 8}", status=401)
        return self._ledgers[account]

    def _ledger_of_page(self, session_id: str) -> Ledger | None:
        self._lapse()
        return next((one for one in self._ledgers.values() if one.find(sessions.KIND, session_id)), None)

    def _lapse(self) -> None:
        for ledger in self._ledgers.values():
            sessions.lapse(ledger)


def _check_version(call: Call) -> None:
    """The real one falls back to the account's own version; this one knows only the pinned version, so it refuses."""
    version = call.headers.get("stripe-version")
    if version is None:
        raise Refusal(f"The stand-in wants the header Stripe-Version: {API_VERSION}.")
    if version != API_VERSION:
        raise Refusal(f"Invalid Stripe API version: {version}. The stand-in speaks {API_VERSION} only.")


def _read(ledger: Ledger, parts: tuple[str, ...], given: Mapping[str, Any], origin: str) -> Document:
    match parts:
        case ("account",):
            form.read(given, EXPAND)
            return ledger.account
        case ("balance",):
            form.read(given, EXPAND)
            return ledger.balance()
        case ("checkout", "sessions", vendor_id, "line_items"):
            params = form.read(given, PAGING)
            session = _found(ledger, RESOURCES["checkout/sessions"], vendor_id, "session")
            url = f"/v1/checkout/sessions/{vendor_id}/line_items"
            return expansion.expand(ledger, expansion.listed(session["_lines"], url), params.get("expand", []), origin)
    resource, vendor_id = _resource(parts)
    if not vendor_id:
        params = form.read(given, {**resource.filters, **PAGING})
        stored, more = listing.page(ledger, resource, params)
        documents = [expansion.served(ledger, one, origin) for one in stored]
        answer = expansion.listed(documents, f"/v1/{'/'.join(parts)}", more=more)
    else:
        params = form.read(given, EXPAND)
        answer = expansion.served(ledger, _found(ledger, resource, vendor_id, "id"), origin)
    return expansion.expand(ledger, answer, params.get("expand", []), origin)


def _writing(ledger: Ledger, parts: tuple[str, ...], given: Mapping[str, Any], origin: str) -> Work:
    """The work of a write, all its parameters read; Refusal when there is none at this address."""
    match parts:
        case ("checkout", "sessions"):
            sessions.refuse_method_types(given)
            params = form.read(given, sessions.CREATE)
            return lambda: _shown(ledger, sessions.create(ledger, params), params, origin)
        case ("checkout", "sessions", vendor_id, "expire"):
            params = form.read(given, EXPAND)
            session = _found(ledger, RESOURCES["checkout/sessions"], vendor_id, "session")
            return lambda: _expired(ledger, session, params, origin)
        case (("customers" | "invoices") as collection, vendor_id):
            params = form.read(given, UPDATE)
            stored = _found(ledger, RESOURCES[collection], vendor_id, "id")
            metadata = form.merge_metadata(stored["metadata"], params.get("metadata", {}))
            return lambda: _marked(ledger, stored, metadata, params, origin)
    raise unknown_address("POST", f"/v1/{'/'.join(parts)}")


def _expired(ledger: Ledger, session: Document, params: Mapping[str, Any], origin: str) -> Document:
    sessions.expire(session)
    return _shown(ledger, session, params, origin)


def _marked(
    ledger: Ledger, stored: Document, metadata: dict[str, str], params: Mapping[str, Any], origin: str
) -> Document:
    stored["metadata"] = metadata
    return _shown(ledger, stored, params, origin)


def _shown(ledger: Ledger, stored: Document, params: Mapping[str, Any], origin: str) -> Document:
    served = expansion.served(ledger, stored, origin)
    return expansion.expand(ledger, served, params.get("expand", []), origin)


def _resource(parts: tuple[str, ...]) -> tuple[Resource, str]:
    """The kind of object an address is about and the id in it, if there is one."""
    path = "/".join(parts)
    collection, _, vendor_id = path.rpartition("/")
    if path in RESOURCES:
        return RESOURCES[path], ""
    if collection in RESOURCES and vendor_id:
        return RESOURCES[collection], vendor_id
    raise unknown_address("GET", f"/v1/{path}")


def _found(ledger: Ledger, resource: Resource, vendor_id: str, param: str) -> Document:
    stored = ledger.find(resource.kind, vendor_id)
    if stored is None:
        raise missing(resource.noun, vendor_id, param=param)
    return stored


def _ok(document: Document) -> Answer:
    return Answer(body=dumps.encoded(document).encode())
