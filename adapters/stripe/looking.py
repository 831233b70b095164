"""Single records as they stand now, each asked for once, and what belongs to them.

What something else said about them, an event or a hint, is never believed: only what Stripe answers here is. One that
is gone is a tombstone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from adapters.stripe import along, pointers, wire
from adapters.stripe.ahead import Ask, Calls, Lines
from adapters.stripe.calls import Query
from adapters.stripe.guards import checked_id
from adapters.stripe.lately import Lately, Made, listed
from adapters.stripe.lists import SHELVES, Shelf
from adapters.stripe.pointers import Document, Linking
from adapters.stripe.records import Found, Records
from connector.model.finding import Finding
from connector.model.mirror import Mirrored
from connector.model.source import Kind


@dataclass(frozen=True, slots=True)
class Pointer:
    """A record to look at. `name` is that of its shelf, `customer` whom it is kept for where Stripe lists such records
    by customer only, `made` when it is said to have been made, 0 where nobody says so."""

    name: str
    vendor_id: str
    customer: str = ""
    made: int = 0


@dataclass(slots=True)
class _Seen:
    """What one question brought: rows by their shelf, members of payouts, and what turned out to be gone."""

    rows: list[tuple[Shelf, Document]] = field(default_factory=list)
    members: dict[str, tuple[str, ...]] = field(default_factory=dict)
    gone: list[Pointer] = field(default_factory=list)
    further: list[Pointer] = field(default_factory=list)


class Looking:
    """Looks at records of one connection."""

    def __init__(self, lines: Lines, records: Records) -> None:
        self._lines = lines
        self._records = records

    def at(self, pointers: Iterable[Pointer], *, entries: bool = False, since: int | None = None) -> Found:
        """Those records and what belongs to them. `entries`: the ledger lines of payments, refunds and disputes too,
        which a regular reading gets from the ledger. `since`: what was made from then on may be listed together."""
        done: set[tuple[str, str]] = set()
        found: list[_Seen] = []
        wanted = list(pointers)
        made = [Made(one.name, one.vendor_id, one.made) for one in wanted if one.made]
        lately = listed(self._lines, made, since) if since is not None else Lately()
        while wanted:
            lot = list(_new(wanted, done))
            seen = self._lines.each([_question(one, lately, entries=entries) for one in lot])
            found += seen
            wanted = [one for each in seen for one in each.further]
        return self._told(found)

    def _told(self, seen: Sequence[_Seen]) -> Found:
        """The records of everything that was seen: of one that was met twice, the later sight of it."""
        rows: dict[str, dict[str, Document]] = defaultdict(dict)
        shelves: dict[str, Shelf] = {}
        members: dict[str, tuple[str, ...]] = {}
        for each in seen:
            members |= each.members
            for shelf, raw in each.rows:
                vendor_id = wire.decode(raw, pointers.Placed).id
                rows[shelf.name].pop(vendor_id, None)
                rows[shelf.name][vendor_id] = raw
                shelves[shelf.name] = shelf
        records: list[Mirrored] = []
        findings: list[Finding] = []
        for name, documents in rows.items():
            brought, told = self._records.rows(shelves[name], list(documents.values()), members=members)
            records += brought
            findings += told
        records += [
            self._records.tombstone(SHELVES[one.name].kind, one.vendor_id) for each in seen for one in each.gone
        ]
        return records, findings


def behind(name: str, rows: Iterable[Document]) -> Iterator[tuple[Kind, str]]:
    """What else has changed where such rows came about: the charge of a refund or a dispute, and the customer whose
    credit a credit note may be."""
    if name not in _BEHIND:
        return
    kind, field_name = _BEHIND[name]
    for raw in rows:
        vendor_id = wire.link_id(getattr(wire.decode(raw, Linking), field_name))
        if vendor_id:
            yield kind, vendor_id


_BEHIND: dict[str, tuple[Kind, str]] = {
    Kind.REFUND.value: (Kind.PAYMENT, "charge"),
    Kind.DISPUTE.value: (Kind.PAYMENT, "charge"),
    Kind.CREDIT_NOTE.value: (Kind.CUSTOMER, "customer"),
}


def _new(pointers: Iterable[Pointer], done: set[tuple[str, str]]) -> Iterator[Pointer]:
    for one in pointers:
        if (one.name, one.vendor_id) not in done:
            done.add((one.name, one.vendor_id))
            yield one


def _question(pointer: Pointer, lately: Lately, *, entries: bool) -> Ask[_Seen]:
    def ask(calls: Calls) -> _Seen:
        shelf = SHELVES[pointer.name]
        raw = lately.rows.get((pointer.name, pointer.vendor_id))
        if raw is None:
            raw = along.single(calls, shelf, pointer.vendor_id, pointer.customer)
        if raw is None:
            return _Seen(gone=[pointer])
        seen = _Seen(rows=[(shelf, raw)])
        if pointer.vendor_id in lately.settling:
            _settled(calls, raw, seen, lately.settled.get(pointer.vendor_id, []))
            return seen
        _ALONG.get(shelf.kind, _nothing)(calls, raw, seen)
        if entries and shelf.kind in _SOURCES:
            query = {"source": checked_id(pointer.vendor_id)}
            _list(seen, calls, Kind.BALANCE_ENTRY, query)
        return seen

    return ask


def _list(seen: _Seen, calls: Calls, kind: Kind, query: Query) -> None:
    shelf = SHELVES[kind]
    seen.rows += [(shelf, raw) for raw in along.every(calls, shelf.path, {**shelf.listing, **query})]


def _point(seen: _Seen, kind: Kind, link: wire.Link) -> None:
    vendor_id = wire.link_id(link)
    if vendor_id:
        seen.further.append(Pointer(kind.value, vendor_id))


def _nothing(calls: Calls, raw: Document, seen: _Seen) -> None:
    """Nothing belongs to it."""


def _of_customer(calls: Calls, raw: Document, seen: _Seen) -> None:
    seen.rows += along.kept(calls, (raw,), always=True)


def _of_invoice(calls: Calls, raw: Document, seen: _Seen) -> None:
    """What pays it; and its customer, when their credit has a part in it, or what was paid too much became credit:
    that has no event of its own."""
    row = wire.decode(raw, Linking)
    _allocations(seen, calls, {"invoice": checked_id(row.id)})
    if row.starting_balance or row.ending_balance or row.amount_overpaid:
        _point(seen, Kind.CUSTOMER, row.customer)


def _of_attempt(calls: Calls, raw: Document, seen: _Seen) -> None:
    row = wire.decode(raw, Linking)
    query = {"payment[type]": "payment_intent", "payment[payment_intent]": checked_id(row.id)}
    _allocations(seen, calls, query)
    _point(seen, Kind.PAYMENT, row.latest_charge)


def _settled(calls: Calls, raw: Document, seen: _Seen, allocations: Sequence[Document]) -> None:
    """The same as of an attempt, where what settles by it is here."""
    seen.rows += [(SHELVES[Kind.ALLOCATION], one) for one in allocations]
    seen.rows += along.elsewhere(calls, allocations)
    _point(seen, Kind.PAYMENT, wire.decode(raw, Linking).latest_charge)


def _allocations(seen: _Seen, calls: Calls, query: Query) -> None:
    """What settles an invoice or by a payment, and the payments among them that went past Stripe."""
    before = len(seen.rows)
    _list(seen, calls, Kind.ALLOCATION, query)
    seen.rows += along.elsewhere(calls, [raw for _, raw in seen.rows[before:]])


def _of_charge(calls: Calls, raw: Document, seen: _Seen) -> None:
    """Of a refund or dispute: the charge that it changes."""
    del calls
    _point(seen, Kind.PAYMENT, wire.decode(raw, Linking).charge)


def _of_allocation(calls: Calls, raw: Document, seen: _Seen) -> None:
    seen.rows += along.elsewhere(calls, (raw,))
    _point(seen, Kind.INVOICE, wire.decode(raw, Linking).invoice)


def _of_credit_note(calls: Calls, raw: Document, seen: _Seen) -> None:
    """The invoice that it reduces, and the customer whose credit the rest of it may be."""
    del calls
    row = wire.decode(raw, Linking)
    _point(seen, Kind.INVOICE, row.invoice)
    _point(seen, Kind.CUSTOMER, row.customer)


def _of_payout(calls: Calls, raw: Document, seen: _Seen) -> None:
    seen.members |= along.members(calls, (raw,))


_ALONG: dict[Kind, Callable[[Calls, Document, _Seen], None]] = {
    Kind.CUSTOMER: _of_customer,
    Kind.INVOICE: _of_invoice,
    Kind.ALLOCATION: _of_allocation,
    Kind.CREDIT_NOTE: _of_credit_note,
    Kind.ATTEMPT: _of_attempt,
    Kind.REFUND: _of_charge,
    Kind.DISPUTE: _of_charge,
    Kind.PAYOUT: _of_payout,
}
_SOURCES = frozenset({Kind.PAYMENT, Kind.REFUND, Kind.DISPUTE, Kind.PAYOUT})
