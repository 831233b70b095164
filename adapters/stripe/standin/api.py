"""The double itself: who asks, what for, and the answer in Stripe's words. State machine only; it sees no socket."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from email.utils import format_datetime
from typing import Any

from adapters.stripe.standin import (
    addresses,
    dumps,
    endpoints,
    events,
    expansion,
    failures,
    form,
    links,
    listing,
    paypage,
    sessions,
    thin,
)
from adapters.stripe.standin.conduct import Conduct, Traffic
from adapters.stripe.standin.daily import MISHAPS, Days
from adapters.stripe.standin.door import Door, steps
from adapters.stripe.standin.endpoints import Endpoints
from adapters.stripe.standin.idempotency import Memory
from adapters.stripe.standin.ledger import Happening, Ledger
from adapters.stripe.standin.refusals import Refusal, missing, unknown_address
from adapters.stripe.standin.resources import EXPAND, PAGING, RESOURCES, UPDATE, Resource
from adapters.stripe.standin.shapes import Document
from adapters.stripe.standin.versions import API_VERSION
from connector.clock import Clock
from connector.dates import instant_from_epoch
from connector.testing.days import Owed
from connector.testing.standin import Answer, Call
from connector.testing.worlds import World

Work = Callable[[], Document]


class StripeStandIn:
    """Several accounts, each opened by its own key."""

    system = "stripe"
    addresses = "/v1/*"
    mishaps = MISHAPS

    def __init__(self, ledgers: Mapping[str, Ledger], clock: Clock) -> None:
        self._ledgers = dict(ledgers)
        self._door = Door(self._ledgers, clock)
        self._memories = {account: Memory() for account in ledgers}
        self._endpoints = {account: Endpoints(ledger) for account, ledger in ledgers.items()}
        self._requests = 0
        self._broken: list[bool] = []
        self._days = {account: Days(ledger) for account, ledger in ledgers.items()}
        self.telling = events.Telling()
        """How the change feed tells; another may be put here while it runs."""

    def answer(self, call: Call) -> Answer:
        if call.path.startswith(sessions.PAGE):
            return paypage.visit(self._ledger_of_page(call.path.removeprefix(sessions.PAGE)), call)
        self._requests += 1
        try:
            answer = self._answer(call)
        except Refusal as refusal:
            answer = refusal.answer()
        key = self._door.key_of(call)
        if key is not None and key.live:
            answer = replace(answer, body=answer.body.replace(b'"livemode": false', b'"livemode": true'))
        headers = {
            "Date": format_datetime(instant_from_epoch(max(one.now() for one in self._ledgers.values())), usegmt=True),
            "Request-Id": self._request_id,
            "Stripe-Version": API_VERSION,
            **answer.headers,
        }
        return replace(answer, headers=headers)

    @property
    def _request_id(self) -> str:
        """Of the request that is being answered."""
        return f"req_{self._requests:08}"

    def settings(self, world: World, url: str) -> dict[str, str]:
        """The settings that connect to one company's account: its test key."""
        return {"base_url": url, "api_key": f"rk_test_{world.stripe_account.removeprefix('acct_')}"}

    def live_a_day(self, world: World, chance: random.Random, owed: Sequence[Owed]) -> tuple[Owed, ...]:
        """`daily`: payers pay some of what they owe, banks do what banks do."""
        self._days[world.stripe_account].live(chance, owed)
        return ()

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

    @property
    def conduct(self) -> Conduct:
        """What it limits and refuses; another may be put here while it runs."""
        return self._door.conduct

    @conduct.setter
    def conduct(self, new: Conduct) -> None:
        self._door.conduct = new

    def issue(self, account: str, *, live: bool = False, lacking: Iterable[str] = ()) -> str:
        """The account's restricted key of that mode, from now on without the permissions named (`rak_charge_read`).

        A live key shows the same objects as live ones.
        """
        return self._door.issue(account, live=live, lacking=lacking)

    def traffic(self, account: str) -> Traffic:
        """What the account's callers did so far."""
        return self._door.traffic(account)

    def arrived(self, call: Call) -> None:
        """Count somebody whom a fault keeps away."""
        self._door.arrive(call)

    def entered(self, call: Call) -> None:
        """A request has come and is not yet answered."""
        self._door.enter(call)

    def left(self, call: Call) -> None:
        """Its answer is about to be sent."""
        self._door.leave(call)

    def shape(self, name: str, call: Call) -> Answer | None:
        """What Stripe says when it fails in a certain way; None when it knows no such way."""
        said = failures.SHAPES.get(name)
        key, idempotency = self._door.key_of(call), call.headers.get("idempotency-key")
        if name in failures.KEPT and said is not None and key is not None and idempotency:
            request = (call.path, form.decode(call.body.decode()))
            self._memories[key.account].keep(idempotency, request, said, self._ledgers[key.account].now())
        return said

    def endpoints(self, account: str) -> Endpoints:
        """The webhook endpoints of one account, for tests that roll a secret or register what no call here can."""
        return self._endpoints[account]

    def audiences(self) -> Iterable[tuple[Ledger, Endpoints]]:
        """Every account with those who want to hear of it."""
        return [(ledger, self._endpoints[account]) for account, ledger in self._ledgers.items()]

    def owed(self, ledger: Ledger, event: Happening) -> int:
        """To how many endpoints an event is still to be delivered."""
        return self._endpoints[ledger.account["id"]].owed(event)

    def _answer(self, call: Call) -> Answer:
        key = self._door.admit(call)
        _check_version(call)
        ledger, parts = self._ledgers[key.account], steps(call)
        self._lapse()
        origin = f"http://{call.headers.get('host', '127.0.0.1')}"
        if call.method == "GET":
            given = form.decode(call.target.partition("?")[2])
            if call.path.startswith(thin.ADDRESS):
                return _ok(thin.read(ledger, self.telling, call.path, given))
            if parts[0] == "events":
                return _ok(self._events(ledger, parts[1:], given, origin))
            return _ok(_read(ledger, parts, given, origin))
        if call.method == "POST":
            if call.body and "json" in call.headers.get("content-type", ""):
                message = "Invalid request (check that your POST content type is application/x-www-form-urlencoded)."
                raise Refusal(message)
            return self._write(ledger, call, parts, origin)
        if call.method == "DELETE" and parts[:-1] == (endpoints.COLLECTION,):
            return _ok(self._endpoints[ledger.account["id"]].delete(parts[-1]))
        raise unknown_address(call.method, call.path)

    def _events(self, ledger: Ledger, rest: tuple[str, ...], given: Mapping[str, Any], origin: str) -> Document:
        """The change feed: a page of it, or one event."""
        match rest:
            case ():
                owed = self._endpoints[ledger.account["id"]].owed
                found, more = events.page(ledger, self.telling, given, owed)
                shown = [events.rendered(ledger, one, self.telling, origin, owed(one)) for one in found]
                return expansion.listed(shown, "/v1/events", more=more)
            case (event_id,):
                form.read(given, EXPAND)
                event = events.one(ledger, self.telling, event_id)
                return events.rendered(ledger, event, self.telling, origin, self.owed(ledger, event))
        raise unknown_address("GET", f"/v1/events/{'/'.join(rest)}")

    def _write(self, ledger: Ledger, call: Call, parts: tuple[str, ...], origin: str) -> Answer:
        given = form.decode(call.body.decode())
        key = call.headers.get("idempotency-key")

        def work() -> tuple[Answer, bool]:
            ledger.asked_by = (self._request_id, key)
            try:
                registering = endpoints.writing(self._endpoints[ledger.account["id"]], parts, given)
                return self._worked(registering or _writing(ledger, parts, given, origin)), True
            except Refusal as refusal:
                return refusal.answer(), refusal.stored
            finally:
                ledger.asked_by = None

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

    def _ledger_of_page(self, session_id: str) -> Ledger | None:
        self._lapse()
        kind = links.KIND if session_id.startswith(links.PREFIX) else sessions.KIND
        return next((one for one in self._ledgers.values() if one.find(kind, session_id)), None)

    def _lapse(self) -> None:
        for ledger in self._ledgers.values():
            sessions.lapse(ledger)
            events.ripen(ledger)


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
    below = addresses.read(ledger, parts, given, origin)
    if below is not None:
        return below
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
            if stored.get("deleted"):
                raise missing(RESOURCES[collection].noun, vendor_id)
            metadata = form.merge_metadata(stored["metadata"], params.get("metadata", {}))
            return lambda: _marked(ledger, stored, metadata, params, origin)
    below = addresses.write(ledger, parts, given, origin)
    if below is not None:
        return below
    raise unknown_address("POST", f"/v1/{'/'.join(parts)}")


def _expired(ledger: Ledger, session: Document, params: Mapping[str, Any], origin: str) -> Document:
    sessions.expire(ledger, session)
    return _shown(ledger, session, params, origin)


def _marked(
    ledger: Ledger, stored: Document, metadata: dict[str, str], params: Mapping[str, Any], origin: str
) -> Document:
    before, stored["metadata"] = stored["metadata"], metadata
    if before != metadata:
        changed = {name: before.get(name) for name in {**before, **metadata} if before.get(name) != metadata.get(name)}
        ledger.tell(f"{stored['object']}.updated", stored, previous={"metadata": changed})
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
