"""Which processors could take money now, by which methods, and what is wrong with those that cannot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from connector.app.freshness import freshness
from connector.app.house import Desk
from connector.dates import Instant
from connector.model.finding import Finding, FindingCode
from connector.model.firm import Connection
from connector.model.invoice import Invoice
from connector.model.party import Profile
from connector.model.paylink import PaymentLink
from connector.model.source import ConnectionId, Kind
from connector.money import Money
from connector.paylinks import Counter, Offered, offered

OUTAGE = timedelta(hours=1)
"""A processor that could not be read so lately is taken to be away still."""


LATELY = timedelta(seconds=30)
"""So long, whoever only looks at a link sees what was known of the processors before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lately:
    """What was known of a company's processors at a moment, and when its connections were read last."""

    at: Instant
    counters: tuple[Counter, ...]
    read: Mapping[ConnectionId, Instant | None]


def about(connection: ConnectionId) -> ConnectionId:
    """The name under which it is kept that a processor refuses this seller's money, until a person has seen to it."""
    return ConnectionId(f"links/{connection}")


def counters(desk: Desk) -> tuple[Counter, ...]:
    """Every processor that has pay pages, the one with the most methods first. Asks nobody outside."""
    troubles = _troubles(desk)
    found = []
    for connection in desk.processors():
        spec = desk.spec(connection)
        if not spec.method_codes:
            continue
        trouble = troubles.get(connection.connection_id, "")
        if not connection.writes_allowed:
            trouble = f"{connection.connection_id} is connected read-only"
        found.append(
            Counter(
                connection=connection.connection_id,
                title=spec.title,
                codes=spec.method_codes,
                terms=spec.method_terms,
                titles=spec.method_titles,
                country=country_of(desk, connection),
                trouble=trouble,
            )
        )
    return tuple(sorted(found, key=lambda each: (-len(each.codes), each.connection)))


def country_of(desk: Desk, connection: Connection) -> str | None:
    """Where the seller is, as the processor has it."""
    for stored in desk.store.records(desk.id, Kind.PROFILE, connection=connection.connection_id):
        if isinstance(stored.record, Profile):
            return stored.record.country
    return None


def _troubles(desk: Desk) -> dict[ConnectionId, str]:
    now, found = desk.clock.now(), {}
    refused = {about(each.connection_id): each.connection_id for each in desk.connections()}
    for notice in desk.store.notices(desk.id):
        if notice.finding.code is FindingCode.READ_FAILED and now - notice.last_at < OUTAGE:
            found[notice.connection] = f"{notice.connection} could not be reached lately"
        if notice.connection in refused:
            found[refused[notice.connection]] = f"{refused[notice.connection]} takes no money for this account now"
    return found


def refused_for_us(desk: Desk, connection: Connection, why: str) -> None:
    """Keep that a processor takes no money because of the seller's own account: its methods are hidden until somebody
    dismisses this."""
    finding = Finding(
        code=FindingCode.WRITE_REFUSED,
        sentence=f"{desk.spec(connection).title} takes no money for this account: {why.rstrip('.')}.",
        next_step="Put it right there, then: receivables findings --dismiss NUMBER. Until then links do not offer it.",
        refs=(),
    )
    desk.store.note_standing(desk.author("settle"), about(connection.connection_id), [finding])


def _lately(desk: Desk) -> Lately:
    """The same as `counters`, at most half a minute old: a page that is opened a hundred times a second asks once."""
    now = desk.clock.now()
    held = desk.house.lately.get(desk.id)
    if held is None or now - held.at > LATELY:
        read = {each.connection.connection_id: each.data_as_of for each in freshness(desk).readings}
        held = desk.house.lately[desk.id] = Lately(at=now, counters=counters(desk), read=read)
    return held


def known_at(desk: Desk) -> Instant:
    """When that was known which a visitor sees of the processors."""
    return _lately(desk).at


def read_at(desk: Desk, connection: ConnectionId) -> Instant | None:
    """When a connection was read last, as far as a visitor needs to know."""
    return _lately(desk).read.get(connection)


def ways_of(desk: Desk, link: PaymentLink | None, invoice: Invoice, amount: Money, *, lately: bool = False) -> Offered:
    """The methods that a link offers for that amount, the payer's preferred first, and why not the others."""
    rules = desk.company.links
    own = rules.methods_of.get(str(invoice.customer), ()) if invoice.customer is not None else ()
    known = _lately(desk).counters if lately else counters(desk)
    return offered(known, amount, (rules.methods, link.methods if link is not None else (), own))
