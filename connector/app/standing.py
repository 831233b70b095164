"""How a company stands: what was read when, which writes failed, what waits for a person, what is set up wrongly."""

from __future__ import annotations

from dataclasses import dataclass

from connector.app.calling_off import was_called_off, was_dropped
from connector.app.freshness import Freshness, Reading, freshness
from connector.app.house import Desk
from connector.app.parked import Parked, parked, refused_count
from connector.dates import Instant, after, instant_from_iso
from connector.errors import ReceivablesError
from connector.model.finding import Finding
from connector.model.firm import BookingPattern, Company, Connection
from connector.ports import Check, Permitted, SecretPair
from connector.store import OutboxState
from connector.store.budget import Spending
from connector.store.notices import Notice

ENDING_DAYS = 30
"""An access that ends sooner is told of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionStatus:
    """How one connection stands. `data_as_of` is when the part of it that was read least lately was read to its end,
    None until that happened once (`begun`: some of it was read); `stale`: that is longer ago than the setting allows,
    or never. `access_ends` is when a rotating grant ends unless it is used before (None: there is none); `ending`: that
    is soon. `reconnect_by` is when it ends however often it is used, where the vendor says so; `reconnecting`: that is
    soon. `spending` is what it used of its month's metered reads, None where nothing is metered. `parted`: it is
    disconnected."""

    connection: Connection
    title: str
    data_as_of: Instant | None
    records: int
    begun: bool = False
    stale: bool = False
    warning: str = ""
    access_ends: Instant | None = None
    ending: bool = False
    reconnect_by: Instant | None = None
    reconnecting: bool = False
    spending: Spending | None = None
    parted: bool = False

    @property
    def access_warning(self) -> str:
        """What to do about access that ends soon; "" while it does not."""
        if self.reconnecting:
            day = f" on {self.reconnect_by:%Y-%m-%d}" if self.reconnect_by is not None else ""
            return (
                f"The access to {self.title} ends for good{day}, and a person must let us in again: "
                f"receivables connect {self.connection.system} --again"
            )
        if self.ending:
            return (
                f"The access to {self.title} ends on {self.access_ends:%Y-%m-%d} unless it is used before: "
                f"receivables sync {self.connection.system}"
            )
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How the company stands: connections, writes under way, findings. `quarantined` are rows of the books whose sums
    did not hold at the last sync, `notices` what was seen while reading and nobody has dismissed. `parked` are the
    writes that did not go through, each with cause and remedy; `outbox` counts as dead those of them that were refused.
    What we called off ourselves, and what was refused once and another write stands for by now (`over`), is apart."""

    company: Company
    connections: tuple[ConnectionStatus, ...]
    outbox: dict[str, int]
    unsure_age_seconds: int | None
    findings: int
    quarantined: tuple[Finding, ...] = ()
    notices: tuple[Notice, ...] = ()
    parked: tuple[Parked, ...] = ()
    called_off: int = 0
    over: int = 0

    @property
    def unread(self) -> tuple[Notice, ...]:
        """What could not be read, or not be relied on as it was read, until a person has looked at it."""
        return tuple(each for each in self.notices if each.needs_a_person)

    @property
    def failed(self) -> int:
        """Writes refused, writes of which nobody knows whether they happened, rows in quarantine, and what went wrong
        while reading."""
        writes = self.outbox[OutboxState.DEAD] + self.outbox[OutboxState.UNSURE]
        return writes + len(self.quarantined) + len(self.unread)

    @property
    def well(self) -> bool:
        """Whether nothing failed and everything was read lately."""
        return not self.failed and not any(each.stale for each in self.connections)


def status(desk: Desk, known: Freshness | None = None) -> Status:
    """How everything stands, from our own store alone. `known`: how fresh it is, where that was asked already."""
    rows = desk.store.outbox_left(desk.id)
    held = desk.store.sizes(desk.id)
    unsure = [row.tried_at for row in rows if row.state is OutboxState.UNSURE and row.tried_at is not None]
    now = desk.clock.now()
    counts = {str(state): number for state, number in desk.store.outbox_counts(desk.id).items()}
    refused, off = refused_count(rows), sum(was_called_off(row) or was_dropped(row) for row in rows)
    return Status(
        company=desk.company,
        connections=tuple(
            _connection(desk, each, held.get(each.connection.connection_id, 0))
            for each in (known or freshness(desk)).readings
        ),
        outbox={**counts, str(OutboxState.DEAD): refused},
        unsure_age_seconds=int((now - min(unsure)).total_seconds()) if unsure else None,
        findings=desk.store.findings_count(desk.id),
        quarantined=desk.store.quarantined(desk.id),
        notices=desk.store.notices(desk.id),
        parked=parked(rows),
        called_off=off,
        over=counts[OutboxState.DEAD] - refused - off,
    )


def _connection(desk: Desk, reading: Reading, records: int) -> ConnectionStatus:
    pair = desk.store.read_grant(desk.id, reading.connection.connection_id)
    ends, hard = _ends(pair)
    return ConnectionStatus(
        connection=reading.connection,
        title=reading.title,
        data_as_of=reading.data_as_of,
        begun=reading.begun,
        stale=reading.stale,
        parted=reading.parted,
        warning=reading.warning,
        access_ends=ends,
        ending=_is_soon(desk, ends),
        reconnect_by=hard,
        reconnecting=_is_soon(desk, hard),
        spending=desk.spending(reading.connection),
        records=records,
    )


def _ends(pair: SecretPair | None) -> tuple[Instant | None, Instant | None]:
    """When a grant ends unless it is used, and when it ends for good; None where that is not known."""
    if pair is None:
        return None, None
    hard = instant_from_iso(pair.hard_expires_at) if pair.hard_expires_at else None
    ends = instant_from_iso(pair.refresh_expires_at) if pair.refresh_expires_at else None
    return ends, hard


def _is_soon(desk: Desk, ends: Instant | None) -> bool:
    return ends is not None and ends < after(desk.clock.now(), ENDING_DAYS * 86_400)


def doctor(desk: Desk) -> tuple[Check, ...]:
    """Look at everything that could be wrong, in the order in which it should be put right."""
    # What only a person asks for is not imported by whoever runs for weeks.
    from connector.app.reaching import public_address
    from connector.app.remitting import remit_to

    checks = [_chain(desk)]
    for connection in desk.connections():
        checks += asked(desk, connection)
    checks += [_freshness(each) for each in freshness(desk).readings]
    checks += [_reads(desk, each, spent) for each in desk.connections() if (spent := desk.spending(each)) is not None]
    checks += [accounts_of(each) for each in desk.processors()]
    checks += public_address(desk)
    checks += remit_to(desk)
    return tuple(checks)


def asked(desk: Desk, connection: Connection) -> tuple[Check, ...]:
    """What the other side itself says of a connection, and of what our keys may do there. A fault is a failed check."""
    try:
        adapter = desk.adapter(connection)
        writes = adapter.may_write() if connection.writes_allowed and isinstance(adapter, Permitted) else ()
        return (*adapter.check(), *writes)
    except ReceivablesError as fault:
        return (Check(name=connection.connection_id, ok=False, sentence=fault.sentence, next_step=fault.next_step),)


def _freshness(reading: Reading) -> Check:
    read_at = reading.data_as_of
    if read_at is not None:
        said = f"It was read last on {read_at:%Y-%m-%d at %H:%M} UTC."
    else:
        said = "Its first reading is not complete." if reading.begun else "It was never read."
    return Check(
        name=f"{reading.connection.connection_id} data",
        ok=not reading.stale,
        sentence=said,
        next_step=f"Run: receivables sync {reading.connection.system}" if reading.stale else "",
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


def accounts_of(connection: Connection) -> Check:
    """Whether every account that a processor's money is booked to is chosen."""
    missing = [
        role
        for role, chosen in (
            ("clearing", connection.posting.clearing or connection.pattern is not BookingPattern.CLEARING),
            ("bank", connection.posting.bank),
            ("fees", connection.posting.fees or connection.pattern is BookingPattern.BANK),
        )
        if not chosen
    ]
    return Check(
        name=f"{connection.connection_id} accounts",
        ok=not missing,
        sentence=f"No account is chosen for: {', '.join(missing)}." if missing else "Accounts are chosen.",
        next_step=f"Run: receivables accounts {connection.system} --help" if missing else "",
    )
