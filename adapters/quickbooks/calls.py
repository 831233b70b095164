"""One company's calls: what is asked through our own session, and what is written through the SDK's client.

Pages are read as bytes through our own session: the SDK would turn them into floats and objects. Writes go through the
SDK's client with bodies of our own. A read may be repeated; a write never is here, because only whoever stored its key
may decide that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, TypeVar

from adapters.quickbooks import faults, translate, wire
from adapters.quickbooks.auth import Grant, IntuitSession
from adapters.quickbooks.settings import Settings
from connector.clock import Clock
from connector.dates import Instant, after
from connector.errors import MalformedAnswer
from connector.model.intent import WriteKey, Written
from connector.ports import Surroundings
from connector.transport import retrying

MINOR_VERSION = 75
JSON, PDF = "application/json", "application/pdf"
FOUND_MAX = 1000
"""Rows asked for at once when a single entry is looked for."""
PREFERENCES_SECONDS = 3600
"""How long a day on which the books were closed may go unnoticed here. QuickBooks itself refuses at once."""

Row = TypeVar("Row", bound=wire.Entity)
T = TypeVar("T")


class Sdk(Protocol):
    """What of the SDK's client is used. Any of its methods may raise what its `Writer` says."""

    def create_object(self, qbbo: str, request_body: Any, request_id: str | None = ..., params: Any = ...) -> Any:
        """One write, with its request id."""

    def update_object(self, qbbo: str, request_body: Any, request_id: str | None = ..., params: Any = ...) -> Any:
        """One write to what is there already, with its request id."""

    def delete_object(self, qbbo: str, request_body: Any, request_id: str | None = ...) -> Any:
        """One deletion, with its request id."""


class Writer(NamedTuple):
    """The SDK's client, and what it raises about an answer that it cannot read."""

    sdk: Sdk
    unreadable: type[Exception]


class Calls:
    """The calls of one company. One per worker thread. `writer` is asked for with each write, and for nothing else."""

    def __init__(self, settings: Settings, session: IntuitSession, writer: Callable[[], Writer], clock: Clock) -> None:
        self._settings = settings
        self._session = session
        self._writer = writer
        self._clock = clock

    def beside(self, session: IntuitSession) -> Calls:
        """The same calls over another session, for another thread. Only its reads may be used."""
        return Calls(self._settings, session, self._writer, self._clock)

    def one(self, shape: type[Row], vendor_id: str) -> wire.Received[Row]:
        """One record by its id. NotFound when it is gone."""
        path = "/".join(part for part in (shape.__name__.lower(), vendor_id) if part)
        return self.read(path, {}, lambda body: wire.single(body, shape))

    def rows(self, question: str, shape: type[Row]) -> tuple[wire.Received[Row], ...]:
        """One page of a query's answer."""
        return self.read("query", {"query": question}, lambda body: wire.rows(body, shape))

    def every(self, shape: type[Row], where: str) -> list[Row]:
        """All rows of a narrow question, page after page, whatever their number."""
        found: dict[str, Row] = {}
        start = 1
        while True:
            window = f"STARTPOSITION {start} MAXRESULTS {FOUND_MAX}"
            question = f"SELECT * FROM {shape.__name__} WHERE {where} {window}"  # noqa: S608 - literals are quoted()
            page = self.rows(question, shape)
            found.update((one.row.id, one.row) for one in page)
            if len(page) < FOUND_MAX:
                return list(found.values())
            start += FOUND_MAX

    def read(self, path: str, params: dict[str, str], decode: Callable[[bytes], T], *, accept: str = JSON) -> T:
        """One read, tried again while that may help."""
        url = f"{self._settings.base_url}/v3/company/{self._settings.realm_id}/{path}"
        wanted = {**params, "minorversion": str(MINOR_VERSION)}
        headers = {"Accept": accept}
        return retrying(
            lambda: decode(self._session.request("GET", url, metered=True, params=wanted, headers=headers).content),
            clock=self._clock,
            budget_seconds=self._settings.retry_seconds,
        )

    def create(
        self, entity: str, body: wire.Json, key: WriteKey, read: Callable[[bytes], Written], *, nth: int = 1
    ) -> Written:
        """One write through the SDK, never repeated here. An answer that does not say what was written says nothing.

        `nth` counts the times this very write was answered with a clear no and is made again with what was read since.
        """
        return self._written(
            lambda sdk: sdk.create_object(entity, wire.encode(body), request_id=request_id(key, nth)), read
        )

    def update(
        self, entity: str, body: wire.Json, key: WriteKey, read: Callable[[bytes], Written], *, nth: int = 1
    ) -> Written:
        """Change what is there already, as `create` writes what is not."""
        return self._written(
            lambda sdk: sdk.update_object(entity, wire.encode(body), request_id=request_id(key, nth)), read
        )

    def void(
        self, entity: str, body: wire.Json, key: WriteKey, read: Callable[[bytes], Written], *, nth: int = 1
    ) -> Written:
        """Void one entry, as `create` writes one."""
        how = {"operation": "update", "include": "void"}
        return self._written(
            lambda sdk: sdk.update_object(entity, wire.encode(body), request_id=request_id(key, nth), params=how),
            read,
        )

    def delete(
        self, entity: str, body: wire.Json, key: WriteKey, read: Callable[[bytes], Written], *, nth: int = 1
    ) -> Written:
        """Delete one entry, as `create` writes one."""
        return self._written(
            lambda sdk: sdk.delete_object(entity, wire.encode(body), request_id=request_id(key, nth)), read
        )

    def _written(self, send: Callable[[Sdk], Any], read: Callable[[bytes], Written]) -> Written:
        sdk, unreadable = self._writer()
        try:
            return read(wire.encode(send(sdk)))
        except (unreadable, MalformedAnswer):
            raise faults.lost(write=True) from None


def request_id(key: WriteKey, nth: int) -> str:
    """What QuickBooks knows a write by: from the outbox row alone, and another one after a clear no, because the first
    may be answered with the same no for ever. At most 50 characters; an outbox row's id has 20."""
    return key.text if nth == 1 else f"{key.text}-{nth}"


class Room:
    """What every capability of the adapter works with."""

    def __init__(self, surroundings: Surroundings, settings: Settings, grant: Grant, calls: Calls) -> None:
        self._surroundings = surroundings
        self._connection = surroundings.connection
        self._settings = settings
        self._clock = surroundings.clock
        self._grant = grant
        self._calls = calls
        self._frame: translate.Frame | None = None
        self._lately: tuple[Instant, wire.Preferences] | None = None

    def preferences(self) -> wire.Received[wire.Preferences]:
        """The company's preferences."""
        return self._calls.one(wire.Preferences, "")

    def _how_kept(self) -> wire.Preferences:
        """The preferences, not older than PREFERENCES_SECONDS."""
        now = self._clock.now()
        if self._lately is None or now > after(self._lately[0], PREFERENCES_SECONDS):
            self._lately = (now, self.preferences().row)
        return self._lately[1]

    def _known(self) -> translate.Frame:
        """Home currency, and the accounts' currencies where there are several; asked once per connection."""
        if self._frame is None:
            preferences = self._how_kept()
            home = translate.home_currency(preferences)
            several = preferences.currency_prefs.multi_currency_enabled
            bare = translate.Frame(connection=self._connection, home=home)
            accounts = self._calls.every(wire.Account, "Active IN (true, false)") if several else ()
            self._frame = translate.Frame(
                connection=self._connection,
                home=home,
                accounts={row.id: translate.account(row, bare).currency for row in accounts},
            )
        return self._frame
