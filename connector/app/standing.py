"""How a company stands: what was read when, which writes failed, what waits for a person, what is set up wrongly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connector.app.house import Desk
from connector.dates import Instant, after, instant_from_iso
from connector.errors import ReceivablesError
from connector.model.finding import Finding
from connector.model.firm import BookingPattern, Company, Connection
from connector.model.source import ConnectionId
from connector.ports import Check
from connector.store import OutboxState
from connector.store.budget import Spending

ENDING_DAYS = 30
"""An access that ends sooner is told of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionStatus:
    """How one connection stands. `data_as_of` is when the part of it that was read least lately was read; `stale`:
    that is longer ago than the setting allows, or never. `access_ends` is when a rotating grant ends unless it is used
    before (None: there is none); `ending`: that is soon. `spending` is what it used of its month's metered reads, None
    where nothing is metered."""

    connection: Connection
    title: str
    data_as_of: Instant | None
    records: int
    stale: bool = False
    access_ends: Instant | None = None
    ending: bool = False
    spending: Spending | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How the company stands: connections, writes under way, findings. `quarantined` are rows of the books whose sums
    did not hold at the last sync."""

    company: Company
    connections: tuple[ConnectionStatus, ...]
    outbox: dict[str, int]
    unsure_age_seconds: int | None
    findings: int
    quarantined: tuple[Finding, ...] = ()

    @property
    def failed(self) -> int:
        """Writes refused, writes of which nobody knows whether they happened, rows in quarantine."""
        return self.outbox[OutboxState.DEAD] + self.outbox[OutboxState.UNSURE] + len(self.quarantined)

    @property
    def well(self) -> bool:
        """Whether nothing failed and everything was read lately."""
        return not self.failed and not any(each.stale for each in self.connections)


def status(desk: Desk) -> Status:
    """How everything stands, from our own store alone."""
    fresh = desk.store.freshness(desk.id)
    rows = desk.store.outbox(desk.id)
    held = desk.store.sizes(desk.id)
    unsure = [row.tried_at for row in rows if row.state is OutboxState.UNSURE and row.tried_at is not None]
    now = desk.clock.now()
    read = {each.connection_id: data_as_of(fresh, each.connection_id) for each in desk.connections()}
    ends = {each.connection_id: _access_ends(desk, each.connection_id) for each in desk.connections()}
    return Status(
        company=desk.company,
        connections=tuple(
            ConnectionStatus(
                connection=each,
                title=desk.spec(each).title,
                data_as_of=read[each.connection_id],
                stale=is_stale(desk, read[each.connection_id]),
                access_ends=ends[each.connection_id],
                ending=_is_soon(desk, ends[each.connection_id]),
                spending=desk.spending(each),
                records=held.get(each.connection_id, 0),
            )
            for each in desk.connections()
        ),
        outbox={str(state): sum(row.state is state for row in rows) for state in OutboxState},
        unsure_age_seconds=int((now - min(unsure)).total_seconds()) if unsure else None,
        findings=len(tuple(desk.store.findings(desk.id))),
        quarantined=desk.store.quarantined(desk.id),
    )


def _access_ends(desk: Desk, connection: ConnectionId) -> Instant | None:
    grant = desk.store.read_grant(desk.id, connection)
    return instant_from_iso(grant.refresh_expires_at) if grant is not None else None


def _is_soon(desk: Desk, ends: Instant | None) -> bool:
    return ends is not None and ends < after(desk.clock.now(), ENDING_DAYS * 86_400)


def data_as_of(fresh: Mapping[tuple[ConnectionId, str], Instant], connection: ConnectionId | None) -> Instant | None:
    """When the stream that was read least lately was read, of one connection or (None) of all; None before any."""
    return min((at for (of, _), at in fresh.items() if connection in (None, of)), default=None)


def is_stale(desk: Desk, read_at: Instant | None) -> bool:
    """Whether what was read then is too old to be relied on."""
    hours = desk.house.config.stale_after_hours
    return read_at is None or desk.clock.now() > after(read_at, hours * 3600)


def doctor(desk: Desk) -> tuple[Check, ...]:
    """Look at everything that could be wrong, in the order in which it should be put right."""
    checks = [_chain(desk)]
    for connection in desk.connections():
        try:
            checks += desk.adapter(connection).check()
        except ReceivablesError as fault:
            checks.append(
                Check(name=connection.connection_id, ok=False, sentence=fault.sentence, next_step=fault.next_step)
            )
    fresh = desk.store.freshness(desk.id)
    for connection in desk.connections():
        checks.append(_freshness(desk, connection, data_as_of(fresh, connection.connection_id)))
    checks += [_reads(desk, each, spent) for each in desk.connections() if (spent := desk.spending(each)) is not None]
    checks += [_accounts(each) for each in desk.processors()]
    return tuple(checks)


def _freshness(desk: Desk, connection: Connection, read_at: Instant | None) -> Check:
    said = f"It was read last on {read_at:%Y-%m-%d at %H:%M} UTC." if read_at is not None else "It was never read."
    stale = is_stale(desk, read_at)
    return Check(
        name=f"{connection.connection_id} data",
        ok=not stale,
        sentence=said,
        next_step=f"Run: receivables sync {connection.system}" if stale else "",
    )


def _reads(desk: Desk, connection: Connection, spent: Spending) -> Check:
    step = (
        f"Sync less often until the month ends; if your plan with {desk.spec(connection).title} allows more, "
        "connect it again with a higher limit."
    )
    return Check(
        name=f"{connection.connection_id} reads",
        ok=not spent.nearly_spent,
        sentence=f"{spent.metered:,} of {spent.allowed:,} reads of this month ({spent.month}) are used.",
        next_step=step if spent.nearly_spent else "",
    )


def _chain(desk: Desk) -> Check:
    problems = desk.store.verify(desk.id)
    return Check(
        name="journal",
        ok=not problems,
        sentence=problems[0] if problems else "The journal's chain is whole.",
        next_step="Restore the last backup." if problems else "",
    )


def _accounts(connection: Connection) -> Check:
    missing = [
        role
        for role, chosen in (
            ("clearing", connection.posting.clearing or connection.pattern is BookingPattern.DEPOSIT),
            ("bank", connection.posting.bank),
            ("fees", connection.posting.fees),
        )
        if not chosen
    ]
    return Check(
        name=f"{connection.connection_id} accounts",
        ok=not missing,
        sentence=f"No account is chosen for: {', '.join(missing)}." if missing else "Accounts are chosen.",
        next_step=f"Run: receivables accounts {connection.system} --help" if missing else "",
    )
