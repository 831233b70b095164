"""One process's view of one company: its settings, its store, its adapters, and who is acting."""

from __future__ import annotations

import base64
import os
import secrets
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self, runtime_checkable

from connector import logs, registry
from connector.app.access import not_let_in, shut_out
from connector.app.addresses import with_secret
from connector.app.fenced import Fenced, no_fence
from connector.app.keys import key_source
from connector.app.marks import may_write
from connector.app.mirrored import Mirrors
from connector.app.resting import with_entry
from connector.app.turns import StoreTurns
from connector.app.written import own_writes
from connector.clock import Clock, SystemClock
from connector.config import Config
from connector.dates import BusinessDate, Instant, day_of, zone
from connector.errors import ReceivablesError, Refused, SettingsError, StoreLocked, UnknownRecord, UserError
from connector.model.firm import BookingPattern, Company, Connection
from connector.model.intent import Intent, IntentKind, OpenHook, Planned, PushNote
from connector.model.source import ActorId, CompanyId, ConnectionId, Kind, OpId, Ref, RunId
from connector.money import Currency
from connector.ports import Adapter, AdapterSpec, Pace, RateBudget, Surroundings
from connector.post import BOUNDARIES, Tools, connection_of
from connector.reconcile.snapshot import Snapshot
from connector.store import Author, Lease, OutboxRow, Store
from connector.store.budget import Spending, account_key
from connector.store.owners import is_dead, this_process
from connector.store.rotation import KEY_BOUNDARIES
from connector.store.slots import SHARE, SLOTS
from connector.transport import TokenBucket

LEASE_SECONDS = 60.0
DESKS_MAX = 32
"""So many desks wait for work, each with connections of its own to the outside systems."""

ALL_BOUNDARIES: dict[str, str] = {
    "apply.synced": "the books were read again; no row is stored",
    "apply.rows-stored": "the plan's rows are stored as ready; nothing has been sent",
    **BOUNDARIES,
    "apply.posted": "every row was carried out; the books were not read again",
    "review.ruling-stored": "a person's decision is stored; nothing was decided anew after it",
    "log.contact-stored": "the contact and the rows of its note are stored; nothing has been sent",
    "link.attempt-stored": "the try to pay and its row are stored; no page has been opened",
    "link.page-opened": "the page is open and its row done; the try does not know it yet",
    "link.receipt-stored": "the receipt of money that came by a link is stored; its other pages are still open",
    "link.capture-stored": "the write that takes approved money is stored; nothing has been sent",
    "link.captured": "the approved money is taken or not, and its row says so; the try does not know it yet",
    **KEY_BOUNDARIES,
    "sync.connection-done": "one connection was read to the end; the next has not begun",
}
"""Every named point at which the process may be killed, with what is true there."""


class Crash:
    """The boundary of tests: dies by SIGKILL at the nth passing of one point. The product's own does nothing."""

    def __init__(self, at: str) -> None:
        name, colon, nth = at.partition(":")
        if name not in ALL_BOUNDARIES:
            raise SettingsError(f"There is no boundary {name[:40]!r}.", next_step="See: receivables boundaries")
        if colon and not (nth.isdecimal() and int(nth)):
            raise SettingsError(
                f"{nth[:20]!r} does not say at which passing of {name} to die.", next_step=f"For example {name}:2."
            )
        self._name = name
        self._left = int(nth) if colon else 1

    def __call__(self, name: str) -> None:
        if name == self._name:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def _pass(name: str) -> None:
    """What a boundary does in the product: nothing."""


@runtime_checkable
class _Aimed(Protocol):
    """Settings that say whether a real company is at their other end."""

    @property
    def live(self) -> bool: ...


@runtime_checkable
class _Wide(Protocol):
    """Settings that say how many calls of one process may be on their way at once."""

    @property
    def in_flight(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Slower:
    """A pace that was lowered for this process."""

    calls_per_minute: int
    calls_burst: int
    metered_per_month: int | None


def pace_of(spec: AdapterSpec, settings: object) -> Pace:
    """How fast, and how much in a month: what a person chose, else what the adapter declares."""
    return settings if isinstance(settings, Pace) else spec


def other_mode(connection: Connection, *, live: bool) -> Refused:
    """Keys to real money for a connection that mirrors test data, or the reverse: the two must never mix."""
    had, got = ("test", "live") if live else ("live", "test")
    return Refused(
        f"{connection.connection_id} is connected to {had} data of account {connection.account}, and these keys are "
        f"for {got} data.",
        next_step=f"Connect {got} data under a company of its own, with --company.",
    )


def new_op_id() -> OpId:
    """100 random bits as 20 characters of base32."""
    return OpId(base64.b32encode(secrets.token_bytes(13)).decode("ascii")[:20])


class House:
    """The store, the settings and the clock; opens companies. Use it as a context manager."""

    def __init__(self, config: Config, clock: Clock | None = None) -> None:
        self.config = config
        self.clock = clock if clock is not None else SystemClock()
        self.boundary: Callable[[str], None] = Crash(config.crash_at) if config.crash_at else _pass
        keys = key_source(config)
        self.store = Store.open(config.database, self.clock, lock_wait_seconds=config.lock_wait_seconds)
        self.store.unlock(keys)
        self.actor = ActorId(config.actor)
        self.lately: dict[CompanyId, Any] = {}
        """What was known of each company's processors a moment ago (`connector.app.counters`)."""
        self._idle: list[Desk] = []
        self.mirrors = Mirrors()
        """What was read of each company's mirror before."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self.store.close()

    def budget(self, spec: AdapterSpec, company: CompanyId, connection: ConnectionId, settings: object) -> RateBudget:
        """The share of a vendor's limit that one account may use, in all processes and by all connections to it.

        `RECEIVABLES_CALLS_PER_MINUTE` can only lower it; beyond it, and beside the others, it counts where nothing is
        real: a test account or a stand-in.
        """
        pace = pace_of(spec, settings)
        wanted = self.config.calls_per_minute
        if wanted and isinstance(settings, _Aimed) and not settings.live:
            return TokenBucket(wanted, self.clock)
        if wanted and wanted < pace.calls_per_minute:
            pace = _Slower(
                calls_per_minute=wanted, calls_burst=pace.calls_burst, metered_per_month=pace.metered_per_month
            )
        share = min(settings.in_flight, SLOTS) if isinstance(settings, _Wide) else SHARE
        return self.store.budget(*self._purse(company, connection), pace, spec.title, share=share)

    def _purse(self, company: CompanyId, connection: ConnectionId) -> tuple[CompanyId, ConnectionId]:
        """Whose budget a connection uses: its account's. Its own while nobody knows yet which account that is."""
        held = (one for one in self.store.connections(company) if one.connection_id == connection)
        return next((account_key(one) for one in held), (company, connection))

    def open_adapter(
        self,
        company: Company,
        spec: AdapterSpec,
        connection: ConnectionId,
        values: Mapping[str, str],
        fence: Callable[[], None] = no_fence,
    ) -> Adapter:
        """A live adapter for those settings, in surroundings of that company. `fence` is asked before every call."""
        settings = registry.settings_of(spec, values)
        budget = self.budget(spec, company.company_id, connection, settings)
        return registry.connect(
            spec,
            Surroundings(
                connection=connection,
                settings=settings,
                zone=company.zone,
                clock=self.clock,
                tokens=self.store.tokens(company.company_id, connection),
                budget=Fenced(budget, fence),
                turns=StoreTurns(self.store, self.clock, company.company_id, connection, spec.title),
                mirror=self.store.mirrored(company.company_id, connection),
            ),
        )

    def lend(self, company: Company) -> Desk:
        """A desk of that company for one piece of work: one that was given back, whose adapters are connected still,
        or a new one. What a person has changed of the keys meanwhile, a desk learns when the house is opened anew."""
        # Each a single step of the interpreter, so threads need no lock: who looks second finds it gone, takes another.
        for _ in range(len(self._idle)):
            try:
                desk = self._idle.pop()
            except IndexError:
                break
            if desk.company == company:
                return desk
            self._idle.insert(0, desk)
        return Desk(self, company)

    def give_back(self, desk: Desk) -> None:
        """For the next one. Whoever gives it back must not use it any more."""
        if len(self._idle) < DESKS_MAX and not desk.is_at_work:
            self._idle.append(desk)

    def company(self, wanted: str | None) -> Desk:
        """The company of that id; the only one when none is named."""
        # Only that one is read: each turn asks for it, of thousands.
        if wanted is not None and wanted.isprintable():
            with suppress(UnknownRecord):
                return Desk(self, self.store.company(CompanyId(wanted)))
        companies = self.store.companies()
        names = ", ".join(company.company_id for company in companies)
        if wanted is not None:
            raise UnknownRecord(
                f"There is no company {wanted[:40]!r} here.", next_step=f"Those there are: {names or 'none yet'}."
            )
        if not companies:
            raise UserError(
                "No company is connected yet.",
                next_step="Try `receivables demo`, or connect your books: `receivables connect --help`.",
            )
        if len(companies) > 1:
            raise UserError("There are several companies.", next_step=f"Say which with --company: {names}.")
        return Desk(self, companies[0])


class Desk:
    """Everything one company's commands need."""

    def __init__(self, house: House, company: Company) -> None:
        self.house = house
        self.store = house.store
        self.clock = house.clock
        self.company = company
        self.id = company.company_id
        self.actor = house.actor
        self._adapters: dict[ConnectionId, Adapter] = {}
        self._leases: list[Lease] = []

    @property
    def is_at_work(self) -> bool:
        """Whether it holds a turn of anything."""
        return bool(self._leases)

    @property
    def today(self) -> BusinessDate:
        """The company's business date now."""
        return day_of(self.clock.now(), zone(self.company.zone))

    def author(self, verb: str) -> Author:
        """A new run's name, with who makes it."""
        run = RunId(f"{verb}-{new_op_id()[:10].lower()}")
        return Author(company=self.id, actor=self.actor, run=run)

    def connections(self) -> tuple[Connection, ...]:
        """Every connection of the company."""
        return tuple(self.store.connections(self.id))

    def spec(self, connection: Connection) -> AdapterSpec:
        """The declaration of a connection's adapter."""
        return registry.spec_of(connection.system)

    def books(self) -> Connection:
        """The connection whose open balances are the truth about what is owed."""
        found = self._books()
        if found is None:
            raise UserError(
                "No accounting software is connected.", next_step="Run: receivables connect, with the name of yours."
            )
        return found

    def _books(self) -> Connection | None:
        return next((each for each in self.connections() if self.spec(each).keeps_books), None)

    def processors(self) -> tuple[Connection, ...]:
        """The connections that are not the books."""
        return tuple(each for each in self.connections() if not self.spec(each).keeps_books)

    def adapter(self, connection: Connection) -> Adapter:
        """A live adapter, made once per process. NeedsReconnect: the system is disconnected."""
        if connection.connection_id not in self._adapters:
            self._adapters[connection.connection_id] = self._make(connection)
        return self._adapters[connection.connection_id]

    def spending(self, connection: Connection) -> Spending | None:
        """What a connection has used of its month's metered reads; None where its vendor meters nothing, or where its
        settings cannot be read, which `doctor` tells by itself."""
        spec = self.spec(connection)
        try:
            settings = registry.settings_of(spec, self.store.secrets(self.id, connection.connection_id))
        except ReceivablesError:
            return None
        spent = self.store.spending(*account_key(connection), pace_of(spec, settings))
        return spent if spent.allowed is not None else None

    def _make(self, connection: Connection) -> Adapter:
        if shut_out(self.store, self.id, (connection,)):
            raise not_let_in(connection)
        spec = self.spec(connection)
        values = self.store.secrets(self.id, connection.connection_id)
        settings = registry.settings_of(spec, values)
        if isinstance(settings, _Aimed) and settings.live is not connection.live:
            raise other_mode(connection, live=settings.live)
        return self.house.open_adapter(self.company, spec, connection.connection_id, values, self._still_holding)

    def writable(self, connection: Connection) -> Connection:
        """The connection, if writes are allowed on it, and nothing stands twice in the books by our mark; Refused
        otherwise. Every write passes here."""
        if not connection.writes_allowed:
            raise Refused(
                f"{connection.connection_id} is connected read-only.",
                next_step=f"To allow writes, run: receivables connect {connection.system} --allow-writes",
            )
        may_write(self.store, self.id)
        return connection

    def unpaused(self) -> None:
        """Refused while a person has paused the company. Payers may pay all the same: that is not ours to stop."""
        # Asked of the store each time: somebody may have said so since this process began.
        if self.store.company(self.id).paused:
            raise Refused(
                f"{self.company.name} is paused, and nothing is written for it.",
                next_step="When writing may go on, run: receivables resume",
            )

    @contextmanager
    def lease(self, name: str) -> Iterator[Lease]:
        """The right to act, held by this process alone; StoreLocked says when another one has it."""
        full_name = f"{name}:{self.id}"
        owner = this_process()
        lease = self.store.acquire(self.id, full_name, owner, LEASE_SECONDS)
        if lease is None:
            holder = self.store.holder(self.id, full_name)
            # Whoever was killed in the middle of its work holds its lease still; nobody has to wait for a dead process.
            after_dead = holder if holder is not None and is_dead(holder) else None
            lease = self.store.acquire(self.id, full_name, owner, LEASE_SECONDS, after_dead=after_dead)
        if lease is None:
            raise StoreLocked(
                f"Another process works on {self.company.name} now.",
                next_step="Wait until it is done, or stop it; if it was killed on another computer, wait a minute.",
            )
        self._leases.append(lease)
        try:
            yield lease
        finally:
            self._leases.remove(lease)
            self.store.release(lease)

    def _still_holding(self) -> None:
        """Before anything is sent: whoever waited so long for its turn that another took its place sends nothing."""
        for lease in tuple(self._leases):
            self.store.keep(lease)

    def snapshot(self) -> Snapshot:
        """The company's mirror as it is now, with the subjects our own writes already stand for."""
        books, held = self._books(), self.house.mirrors.now(self.store, self.id)
        rulings = self.store.rulings(self.id)
        ours = own_writes(self.store.outbox(self.id), rulings)
        return Snapshot(
            books=books.connection_id if books is not None else None,
            records=held.records,
            versions=held.versions,
            gone=held.gone,
            kept=held.kept,
            in_flight=ours.in_flight,
            written=ours.written,
            answered=ours.answered,
            taken_back=ours.taken_back,
            forgiven=ours.forgiven,
            generations=ours.generations,
            rules=self.company.matching,
            rulings=rulings,
            forgotten=self.store.forgotten(self.id),
        )

    def clearing(self) -> dict[tuple[ConnectionId, Currency], Ref]:
        """The books' clearing account of each processor that has one, and currency, as chosen."""
        return {
            (each.connection_id, code): ref
            for each in self.processors()
            if each.pattern is BookingPattern.CLEARING
            for code, ref in each.posting.clearing.items()
        }

    def transit(self) -> dict[tuple[ConnectionId, Currency], Ref]:
        """The same for payouts that are on their way to the bank."""
        return {
            (each.connection_id, code): ref
            for each in self.processors()
            if each.pattern is BookingPattern.CLEARING
            for code, ref in each.posting.transit.items()
        }

    def banks(self) -> dict[tuple[ConnectionId, Currency], Ref]:
        """The books' bank account that each connection reads the statements of, where it was chosen."""
        return {
            (each.connection_id, code): ref
            for each in self.processors()
            if each.pattern is BookingPattern.BANK
            for code, ref in each.posting.bank.items()
        }

    def starts(self) -> dict[ConnectionId, Instant]:
        """The moment from which on each processor's money is booked, where a start was chosen."""
        begun = {each.connection_id: each.posting.begins for each in self.processors()}
        return {connection: begins.at for connection, begins in begun.items() if begins is not None}

    def tools(self, progress: Callable[[OutboxRow], None]) -> Tools:
        """What posting works with. What waits for a system that is disconnected holds up no other."""
        settle: dict[IntentKind, int] = self.house.config.settle()
        every = self.connections()
        shut = shut_out(self.store, self.id, every)
        return Tools(
            store=self.store,
            clock=self.clock,
            adapters={each.connection_id: self.adapter(each) for each in every if each.connection_id not in shut},
            boundary=self.house.boundary,
            settle=settle,
            progress=progress,
            as_sent=lambda intent: with_secret(self.store, self.id, with_entry(self.store, self.id, intent)),
            keep=self._keep,
            permitted=self._permitted,
        )

    def _permitted(self, intent: Intent) -> None:
        """Before every single write: a person may have forbidden writing since the first one was sent."""
        if isinstance(intent, Planned | PushNote):
            self.unpaused()
        if not isinstance(intent, OpenHook):
            self.writable(self.store.connection(self.id, connection_of(intent)))

    def _keep(self, connection: ConnectionId, values: Mapping[str, str]) -> None:
        """Settings of a connection that came with an answer; empty ones are no secret to be hidden in logs."""
        logs.hide(*(value for value in values.values() if value))
        self.store.put_secrets(self.id, connection, values, self.actor)

    def invoice(self, wanted: str) -> Ref:
        """The invoice with that number or vendor id; UnknownRecord, or a question when there are several."""
        key = wanted.strip().casefold()
        found = [
            stored.ref
            for stored in self.store.records(self.id, Kind.INVOICE)
            if key in (str(stored.ref).casefold(), (getattr(stored.record, "number", None) or "").casefold())
        ]
        books = self._books()
        own = [ref for ref in found if books is not None and ref.connection == books.connection_id]
        chosen = own or found
        if not chosen:
            raise UnknownRecord(
                f"There is no invoice {wanted[:40]!r}.", next_step="Run `receivables sync`, or check the number."
            )
        if len(chosen) > 1:
            raise UserError(
                f"Several invoices have the number {wanted[:40]!r}.",
                next_step="Name one of: " + ", ".join(str(ref) for ref in chosen[:5]),
            )
        return chosen[0]


__all__ = ["ALL_BOUNDARIES", "Desk", "House", "StoreLocked", "new_op_id"]
