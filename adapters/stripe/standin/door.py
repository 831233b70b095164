"""The door of the double: who may come in with which key, how many in a second, and who writes beside whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from adapters.stripe.standin import conduct, failures, form, sessions, thin
from adapters.stripe.standin.conduct import Conduct, Flight, Flights, Key, Traffic
from adapters.stripe.standin.ledger import Ledger
from adapters.stripe.standin.refusals import Refusal
from adapters.stripe.standin.resources import RESOURCES
from connector.clock import Clock
from connector.testing.standin import Call


class Door:
    """Keeps the keys of all accounts, and counts those who come."""

    def __init__(self, ledgers: Mapping[str, Ledger], clock: Clock) -> None:
        self.conduct = Conduct()
        self._ledgers = ledgers
        self._clock = clock
        self._keys: dict[str, Key] = {}
        self._traffic = {account: Traffic() for account in ledgers}
        self._flights = Flights()
        for account in ledgers:
            self.issue(account)

    def issue(self, account: str, *, live: bool = False, lacking: Iterable[str] = ()) -> str:
        """The account's restricted key of that mode, from now on without the permissions named (`rak_charge_read`)."""
        text = f"rk_{'live' if live else 'test'}_{account.removeprefix('acct_')}"
        self._keys[text] = Key(text=text, account=account, live=live, lacking=frozenset(lacking))
        return text

    def key_of(self, call: Call) -> Key | None:
        """The key a call comes with; None for none, and for one that opens nothing."""
        return self._keys.get(_bearer(call))

    def traffic(self, account: str) -> Traffic:
        """What the account's callers did so far."""
        return self._traffic[account]

    def admit(self, call: Call) -> Key:
        """Let a call in; Refusal for an unknown key (401), too many calls (429), a permission that the key lacks (403),
        and a write beside another one (409, 429), in this order."""
        text = _bearer(call)
        if not text:
            message = "You did not provide an API key. You need to provide your API key in the Authorization header,"
            raise Refusal(f"{message} using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').", status=401)
        key = self._keys.get(text)
        if key is None:
            raise failures.unknown_key(text)
        crowded = self.arrive(call)
        if crowded is not None:
            raise crowded
        key.check(call.method, steps(call))
        self._flights.check(call, self._traffic[key.account], locks=self.conduct.locks)
        return key

    def arrive(self, call: Call) -> Refusal | None:
        """Count a call to an account, also one that a fault keeps away; the refusal when it is one too many."""
        key = self.key_of(call)
        if key is None or call.path.startswith(sessions.PAGE):
            return None
        name = conduct.endpoint(call.method, steps(call))
        return conduct.check_rate(self._traffic[key.account], self._clock.now(), name, self.conduct.limits)

    def enter(self, call: Call) -> None:
        """A call has come and is not yet answered."""
        key = self.key_of(call)
        if key is None or call.method == "GET":
            return
        given = form.decode(call.body.decode(errors="replace"))
        flight = Flight(
            account=key.account,
            customer=_customer_of(self._ledgers[key.account], steps(call), given),
            key=call.headers.get("idempotency-key", ""),
        )
        self._flights.enter(call, flight, self._traffic[key.account])

    def leave(self, call: Call) -> None:
        """Its answer is about to be sent."""
        self._flights.leave(call)


def steps(call: Call) -> tuple[str, ...]:
    """The steps of the address; a thin event is an event."""
    path = call.path.removeprefix("/v2/core/") if call.path.startswith(thin.ADDRESS) else call.path
    return tuple(path.removeprefix("/v1/").split("/"))


def _bearer(call: Call) -> str:
    """The key a call comes with, empty for none."""
    kind, _, key = call.headers.get("authorization", "").partition(" ")
    return key if kind == "Bearer" else ""


def _customer_of(ledger: Ledger, address: tuple[str, ...], given: Mapping[str, Any]) -> str:
    """The customer a write touches, empty for none."""
    match address:
        case ("customers", customer_id, *_):
            return customer_id
        case ("checkout", "sessions", session_id, *_):
            found = ledger.find(sessions.KIND, session_id)
        case (collection, vendor_id, *_) if collection in RESOURCES:
            found = ledger.find(RESOURCES[collection].kind, vendor_id)
        case _:
            found = dict(given)
    named = found.get("customer") if found else None
    return named if isinstance(named, str) else ""
