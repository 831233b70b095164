"""Streams: which list of Stripe's each kind of record is read from, page by page.

Stripe lists newest first and cannot list by change, so most streams are read from the start at every sync; ledger lines
never change and go on from the newest one seen, payouts from the oldest one that may still change. Nothing here knows
HTTP: `Fetch` asks, with retries, and hands the body to a parser.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from adapters.stripe import translate, wire
from adapters.stripe.currency import Inexact
from adapters.stripe.guards import checked_id
from adapters.stripe.refusal import other_mode
from adapters.stripe.translate import Where
from connector import canonical
from connector.errors import MalformedAnswer, NotFound, Refused, Rejected, UnknownCurrency
from connector.model.finding import Finding
from connector.model.mirror import Gone, Mirrored, Noun
from connector.model.source import Kind, Ref
from connector.ports import Page

T = TypeVar("T")
Query = Mapping[str, str | int]

DAY_SECONDS = 86_400
PAYOUT_DAYS = 35
"""A payout may fail days after it was paid, or be reversed; older ones are left alone."""
PAYOUTS_MAX = 20
"""Payouts on one page, because each asks for its own members."""
MEMBER_PAGES_MAX = 1_000


class Fetch(Protocol):
    """Asks Stripe for a path and parses the answer, again if it comes back broken."""

    def __call__(self, path: str, query: Query, parse: Callable[[bytes], T], /) -> T: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """`after`: the last id of the page before, while a pass is under way. `since`: the pass begins there (seconds).
    `newest` and `unsettled` are gathered during the pass, to choose the next `since`."""

    after: str | None = None
    since: int | None = None
    newest: int | None = None
    unsettled: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One list of Stripe's and how its rows become records."""

    kind: Kind
    path: str
    shape: type[Any]
    translate: Callable[[Any, Where], tuple[Noun | Gone, translate.Findings]]
    name: str
    query: Query
    overlap_seconds: int | None = None


def _stream(
    kind: Kind, path: str, shape: type[T], to_noun: Callable[[T, Where], tuple[Noun | Gone, translate.Findings]]
) -> Stream:
    name = path.rpartition("/")[2].removesuffix("s")
    return Stream(kind=kind, path=path, shape=shape, translate=to_noun, name=name, query={})


_LISTS: tuple[Stream, ...] = (
    _stream(Kind.CUSTOMER, "/v1/customers", wire.Customer, translate.customer),
    _stream(Kind.INVOICE, "/v1/invoices", wire.Invoice, translate.invoice),
    _stream(Kind.ALLOCATION, "/v1/invoice_payments", wire.InvoicePayment, translate.allocation),
    _stream(Kind.ATTEMPT, "/v1/payment_intents", wire.PaymentIntent, translate.attempt),
    replace(
        _stream(Kind.PAYMENT, "/v1/charges", wire.Charge, translate.payment),
        query={"expand[]": "data.balance_transaction"},
    ),
    _stream(Kind.REFUND, "/v1/refunds", wire.Refund, translate.refund),
    _stream(Kind.DISPUTE, "/v1/disputes", wire.Dispute, translate.dispute),
    replace(
        _stream(Kind.BALANCE_ENTRY, "/v1/balance_transactions", wire.BalanceTransaction, translate.balance_entry),
        overlap_seconds=DAY_SECONDS,
    ),
)
LISTS = {str(stream.kind): stream for stream in _LISTS}
PATHS = {
    str(Kind.PROFILE): "/v1/account",
    str(Kind.ACCOUNT): "/v1/balance",
    **{name: stream.path for name, stream in LISTS.items()},
    str(Kind.PAYOUT): "/v1/payouts",
}
"""Every stream and where it is read, in the order in which they should be."""


class Reader:
    """Reads one connection. Remembers which unknown fields it has already told of."""

    def __init__(self, fetch: Fetch, where: Where, page_size: int) -> None:
        self._fetch = fetch
        self._where = where
        self._page_size = page_size
        self._told: set[str] = set()

    def pull(self, stream: str, cursor: str | None) -> Page:
        """The next page of a stream; Refused for a stream that Stripe does not have."""
        page = self._pull(stream, _cursor(cursor))
        self._told.update(finding.sentence for finding in page.findings)
        return page

    def _pull(self, stream: str, at: Cursor) -> Page:
        match stream:
            case Kind.PROFILE:
                return self._fetch(PATHS[stream], {}, self._profile)
            case Kind.ACCOUNT:
                return self._fetch(PATHS[stream], {}, self._accounts)
            case Kind.PAYOUT:
                return self._pass(stream, at, self._payouts)
            case _ if stream in LISTS:
                return self._pass(stream, at, lambda page, cursor: self._rows(LISTS[stream], page, cursor))
        raise Refused(f"Stripe has no stream {stream[:40]!r}.", next_step=f"It has {', '.join(PATHS)}.")

    def _pass(self, stream: str, at: Cursor, rows: Callable[[wire.Listed, Cursor], Page]) -> Page:
        """One page of a pass. If the record that the last page ended with is gone, the pass begins again."""
        size = min(self._page_size, PAYOUTS_MAX) if stream == Kind.PAYOUT else self._page_size
        query: dict[str, str | int] = {"limit": size}
        if stream in LISTS:
            query |= LISTS[stream].query
        if at.since is not None:
            query["created[gte]"] = at.since
        if at.after is None:
            return self._fetch(PATHS[stream], query, lambda body: rows(_listed(body), at))
        query["starting_after"] = checked_id(at.after)
        try:
            return self._fetch(PATHS[stream], query, lambda body: rows(_listed(body), at))
        except NotFound:
            pass
        except Rejected as error:
            if error.code != "resource_missing":
                raise
        return self._pass(stream, replace(at, after=None), rows)

    def _rows(self, stream: Stream, page: wire.Listed, at: Cursor) -> Page:
        where, to_noun, kind, shape = self._where, stream.translate, stream.kind, stream.shape
        records: list[Mirrored] = []
        found: list[Finding] = []
        newest = at.newest
        row_id = at.after
        for index, raw in enumerate(page.data):
            row = wire.decode(raw, shape)
            row_id = row.id
            ref = Ref(where.connection, kind, row.id)
            if row.livemode is not None and row.livemode is not where.live:
                raise other_mode(key_is_live=where.live)
            if index == 0 or at.after is None:
                found += self._unheard(raw, stream.name, ref, found)
            if stream.overlap_seconds is not None:
                newest = max(newest or 0, row.created)
            try:
                record, seen = to_noun(row, where)
            except (UnknownCurrency, Inexact) as error:
                found.append(translate.unheld(ref, error.code))
                continue
            found += seen
            records.append(Mirrored(ref=ref, version="", raw=bytes(raw), record=record))
        if page.has_more and row_id is not None and page.data:
            following = replace(at, after=row_id, newest=newest)
        else:
            following = _after_pass(at, newest, stream.overlap_seconds)
        return _page(records, found, following)

    def _payouts(self, page: wire.Listed, at: Cursor) -> Page:
        records: list[Mirrored] = []
        found: list[Finding] = []
        newest, unsettled, row_id = at.newest, at.unsettled, None
        for raw in page.data:
            row = wire.decode(raw, wire.Payout)
            row_id = row.id
            ref = self._where.ref(Kind.PAYOUT, row.id)
            if row.livemode is not self._where.live:
                raise other_mode(key_is_live=self._where.live)
            found += self._unheard(raw, "payout", ref, found)
            newest = max(newest or 0, row.created)
            if not translate.settled(row):
                unsettled = row.created if unsettled is None else min(unsettled, row.created)
            members = self._members(row) if translate.composed(row) else None
            try:
                record, seen = translate.payout(row, self._where, members)
            except (UnknownCurrency, Inexact) as error:
                found.append(translate.unheld(ref, error.code))
                continue
            found += seen
            document = wire.payout_document(bytes(raw), members or ())
            records.append(Mirrored(ref=ref, version="", raw=document, record=record))
        if page.has_more and row_id is not None:
            following = replace(at, after=row_id, newest=newest, unsettled=unsettled)
        else:
            following = _after_pass(at, newest, PAYOUT_DAYS * DAY_SECONDS, unsettled)
        return _page(records, found, following)

    def _members(self, row: wire.Payout) -> tuple[str, ...]:
        """The ledger lines a payout consists of; the line of the payout itself, which Stripe lists too, is not one."""
        own = wire.link_id(row.balance_transaction)
        ids: list[str] = []
        query: dict[str, str | int] = {"limit": 100, "payout": checked_id(row.id)}
        for _ in range(MEMBER_PAGES_MAX):
            page, lines = self._fetch(LISTS[Kind.BALANCE_ENTRY].path, query, _ledger)
            ids += [line.id for line in lines if line.id != own and wire.link_id(line.source) != row.id]
            if not page.has_more or not lines:
                return tuple(ids)
            query["starting_after"] = checked_id(lines[-1].id)
        raise MalformedAnswer(f"Stripe's list of what payout {row.id} consists of does not end.", system=wire.SYSTEM)

    def _profile(self, body: bytes) -> Page:
        row = wire.decode(body, wire.Account)
        ref = self._where.ref(Kind.PROFILE, row.id)
        record, seen = translate.profile(row, self._where)
        found = [*self._unheard(body, "account", ref, []), *seen]
        return _page([Mirrored(ref=ref, version="", raw=body, record=record)], found, Cursor())

    def _accounts(self, body: bytes) -> Page:
        row = wire.decode(body, wire.Balance)
        if row.livemode is not self._where.live:
            raise other_mode(key_is_live=self._where.live)
        found: list[Finding] = []
        records: list[Mirrored] = []
        for code in sorted({part.currency for part in (*row.available, *row.pending)}):
            ref = self._where.ref(Kind.ACCOUNT, code)
            found += self._unheard(body, "balance", ref, found)
            try:
                record = translate.account(row, code)
            except (UnknownCurrency, Inexact) as error:
                found.append(translate.unheld(ref, error.code))
                continue
            records.append(Mirrored(ref=ref, version="", raw=body, record=record))
        return _page(records, found, Cursor())

    def _unheard(self, raw: Any, name: str, ref: Ref, found: Sequence[Finding]) -> list[Finding]:
        """Findings for fields never heard of, each told once. Stripe adds a field to all objects of a kind at once, so
        long passes look at the first record of each page only."""
        new = sorted(wire.unknown_fields(raw, name))
        if not new:
            return []
        told = self._told | {finding.sentence for finding in found}
        findings = [translate.unknown_field(field, ref.kind, ref) for field in new]
        return [finding for finding in findings if finding.sentence not in told]


def _listed(body: bytes) -> wire.Listed:
    return wire.decode(body, wire.Listed)


def _ledger(body: bytes) -> tuple[wire.Listed, list[wire.BalanceTransaction]]:
    page = _listed(body)
    return page, [wire.decode(raw, wire.BalanceTransaction) for raw in page.data]


def _page(records: list[Mirrored], found: list[Finding], following: Cursor) -> Page:
    return Page(
        records=tuple(records),
        cursor=canonical.encode(following).decode(),
        more=following.after is not None,
        findings=tuple(found),
    )


def _after_pass(at: Cursor, newest: int | None, overlap_seconds: int | None, unsettled: int | None = None) -> Cursor:
    """Where the next pass begins: before the newest record seen, and before any that may still change."""
    if overlap_seconds is None:
        return Cursor()
    starts = [newest - overlap_seconds] if newest is not None else [at.since] if at.since is not None else []
    if unsettled is not None:
        starts.append(unsettled)
    return Cursor(since=max(0, min(starts)) if starts else None)


def _cursor(text: str | None) -> Cursor:
    """A cursor that we wrote; one that cannot be read is no reason to skip anything, so the stream starts anew."""
    if not text:
        return Cursor()
    try:
        return canonical.decode(text.encode(), Cursor)
    except ValueError:
        return Cursor()
