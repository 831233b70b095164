"""How an account is read: `profile`, and `books`, which is everything else under one cursor.

What comes next is decided in `course`; here it is asked for and becomes a page. PayPal's reports are the record: they
know every payment, whichever way it came, each fee, refund and withdrawal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, quote, urlsplit

from adapters.paypal import course, ledger, orders, refusal, tables, translate, wire
from adapters.paypal.calls import Calls
from adapters.paypal.course import Course, Late, Phase, Window
from adapters.paypal.fates import WITHOUT_LINE, Fates, dispute_version, is_waiting, payment_version
from adapters.paypal.records import Records
from adapters.paypal.reports import Lines, Read, Reports, halves
from adapters.paypal.settings import Settings
from adapters.paypal.translate import Where
from connector import canonical
from connector.dates import Instant, after, business_date, epoch_seconds, midnight
from connector.errors import NeedsReconnect, NotFound, Rejected, SettingsError, UnknownRecord
from connector.model.finding import Finding, FindingCode
from connector.model.mirror import Mirrored
from connector.model.money_in import Attempt, RefundState
from connector.model.source import Kind, Ref
from connector.ports import Page, Surroundings

PROFILE = "profile"
BOOKS = "books"
STREAMS = (PROFILE, BOOKS)
DISPUTES_SHOWN = 50
DISPUTES_SECONDS = 179 * course.DAY_SECONDS
"""PayPal lists disputes of the last 180 days."""

LOOKED_BACK = 2
"""So many windows are looked through for an id that a hint names: it may be forged, and should cost little."""

_HOUR_SECONDS = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """The cursor of the profile: when it was asked for, in seconds."""

    at: int


class Reader:
    """Readable and Lookable, for one connection. One thread pulls at a time."""

    def __init__(self, surroundings: Surroundings, settings: Settings, calls: Calls, where: Where) -> None:
        self._settings = settings
        self._clock = surroundings.clock
        self._mirror = surroundings.mirror
        self._calls = calls
        self._where = where
        self._reports = Reports(calls, page_size=settings.page_size_max, payers=settings.payer_details)
        self._records = Records(where)
        self._fates: Fates | None = None
        self._window_at = ""

    def pull(self, stream: str, cursor: str | None) -> Page:
        """The next page of a stream. Errors: VendorError; UnknownRecord for a stream that PayPal does not have."""
        if stream == PROFILE:
            return self._profile(cursor)
        if stream != BOOKS:
            raise UnknownRecord(f"PayPal has no stream {stream[:40]!r}.", next_step=f"It has {' and '.join(STREAMS)}.")
        at = course.read(cursor) or Course(phase=Phase.REST, since=self._since())
        if at.phase is Phase.REST:
            self._fates = None
            now = self._clock.now()
            waiting = self._waiting()
            at = course.begun(at, now, long=course.is_long(at, now, unfinished=bool(waiting)))
            at = course.awaiting(at, waiting, ())
        match at.phase:
            case Phase.DISPUTES:
                return self._disputes(at)
            case Phase.LINES:
                return self._lines(at)
            case Phase.LATE if at.late:
                return self._late(at)
            case _:
                return self._balance(at)

    def look(self, refs: Sequence[Ref]) -> Page:
        """Those records as they stand now. What PayPal does not show by its id is left as it is, and never called gone:
        a payment that came another way is known to the reports alone."""
        records: list[Mirrored] = []
        findings: list[Finding] = []
        fates = Fates(self._mirror, self._where)
        for ref in dict.fromkeys(refs):
            if ref.connection != self._where.connection or ref.kind not in _LOOKED_AT:
                raise UnknownRecord(f"PayPal keeps no record under {ref} by itself.")
            try:
                found, told = self._looked_at(ref, fates)
            except NotFound:
                continue
            records += found
            findings += told
        return Page(records=tuple(records), findings=tuple(findings), cursor="", more=False)

    def _since(self) -> Instant:
        """The first moment to be read. Errors: SettingsError for one that PayPal has dropped."""
        now, wanted = self._clock.now(), self._settings.read_from
        if not wanted:
            return course.earliest(now)
        since = midnight(business_date(wanted), self._where.zone)
        if since < course.earliest(now):
            raise SettingsError(
                f"PayPal's reports go back three years, to {self._where.day(course.earliest(now))}, and read_from says "
                f"{wanted}.",
                next_step="Set read_from to a later day, or leave it empty; what was before is one opening amount.",
            )
        return min(since, now)

    def _waiting(self) -> list[Late]:
        """What is mirrored and is to change yet, or has shown no line so far; it is looked for by itself where it lies
        further back than this round reads."""
        return [
            Late(vendor_id=vendor_id)
            for kind in (Kind.PAYMENT, Kind.PAYOUT, Kind.REFUND)
            for vendor_id, version in self._known().known(kind).items()
            if is_waiting(version)
        ]

    def _known(self) -> Fates:
        if self._fates is None:
            self._fates = Fates(self._mirror, self._where)
        return self._fates

    def _profile(self, cursor: str | None) -> Page:
        """The account itself, asked for once a day."""
        now = epoch_seconds(self._clock.now())
        asked = _asked(cursor)
        if cursor is not None and asked is not None and 0 <= now - asked < course.DAY_SECONDS:
            return Page(records=(), cursor=cursor, more=False)
        held = self._reports.balances()
        mirrored = Mirrored(
            ref=self._where.ref(Kind.PROFILE, held.account_id),
            version="",
            raw=canonical.encode({"account_id": held.account_id}),
            record=translate.profile(held, self._where),
        )
        following = canonical.encode(_Asked(at=now)).decode()
        return Page(records=(mirrored,), cursor=following, more=False)

    def _disputes(self, at: Course) -> Page:
        """A page of what changed about disputes. An app that may not read them reads the rest all the same."""
        onward = replace(at, phase=Phase.LINES, token="")
        since = (
            after(at.told_at, -course.DAY_SECONDS)
            if at.told_at is not None
            else after(self._clock.now(), -DISPUTES_SECONDS)
        )
        query: dict[str, str | int] = {"update_time_after": _written(since), "page_size": DISPUTES_SHOWN}
        if at.token:
            query["next_page_token"] = at.token
        try:
            listed = self._calls.read(wire.DISPUTES, query, lambda body: wire.decode(body, wire.DisputeList))
        except NeedsReconnect as fault:
            if fault.code not in refusal.DENIED:
                raise
            return _page([], course.written(onward), [_not_read(fault)], about=Kind.DISPUTE)
        records: list[Mirrored] = []
        findings: list[Finding] = []
        late: list[Late] = []
        for line in listed.items:
            known = self._known().known(Kind.DISPUTE).get(line.dispute_id, "")
            if line.update_time and known.startswith(f"{line.update_time}|"):
                continue
            found, told, payment = self._dispute(line.dispute_id)
            records.append(found)
            findings += told
            if payment:
                self._known().disputed(payment)
                late.append(Late(vendor_id=payment))
        token = next((_token(link.href) for link in listed.links if link.rel == "next"), "")
        following = replace(at, token=token) if token and token != at.token else onward
        return _page(records, course.written(course.awaiting(following, late, ())), findings, about=Kind.DISPUTE)

    def _dispute(self, vendor_id: str) -> tuple[Mirrored, list[Finding], str]:
        def parse(body: bytes) -> tuple[wire.Dispute, bytes]:
            return wire.decode(body, wire.Dispute), body

        row, raw = self._calls.read(f"{wire.DISPUTES}/{quote(vendor_id, safe='')}", {}, parse)
        record, told = translate.dispute(row, self._where)
        payment = translate.disputed_payment(row)
        ref = self._where.ref(Kind.DISPUTE, row.dispute_id)
        version = dispute_version(row, payment)
        return Mirrored(ref=ref, version=version, raw=raw, record=record), list(told), payment

    def _lines(self, at: Course) -> Page:
        """A page of the newest window that is left."""
        window = at.windows[0]
        page = self._reports.lines(window, at.page)
        if page is None:
            return _page([], course.written(course.halved(at, halves(window))), [])
        if at.page > 1 and page.refreshed != self._window_at:
            # PayPal's reports grew meanwhile, and what was on one page may stand on the next one now.
            self._window_at = page.refreshed
            return _page([], course.written(replace(at, page=1)), [])
        self._window_at = page.refreshed
        return self._of_lines(at, page)

    def _of_lines(self, at: Course, page: Lines) -> Page:
        for each in at.late:
            self._known().told(each)
        said = self._records.heard(page.lines, self._known())
        records, findings = self._records.of(page.lines, self._known())
        late = after(at.windows[0].last, -course.OVERLAP_SECONDS)  # where PayPal does not say how far its reports go
        refreshed = translate.moment(page.refreshed) if page.refreshed else late
        found = {each.ref.vendor_id for each in records if each.ref.kind in _OWNERS}
        following = course.awaiting(course.read_on(at, pages=page.pages, refreshed=refreshed), said, found)
        return _page(records, course.written(following), findings, about=Kind.BALANCE_ENTRY, expected=page.expected)

    def _late(self, at: Course) -> Page:
        """The line of a payment further back, read again with what was said of it."""
        late = at.late[0]
        self._known().told(late)
        line = self._found(late.vendor_id, self._capture(late.vendor_id))
        records, findings = self._records.of([line], self._known()) if line is not None else ([], [])
        return _page(records, course.written(replace(at, late=at.late[1:])), findings)

    def _found(self, vendor_id: str, capture: wire.Capture | None, *, windows_max: int | None = None) -> Read | None:
        """The line of a transaction: where its capture says when it was, else month by month backwards."""
        if capture is not None and capture.create_time:
            about = translate.moment(capture.create_time)
            near = Window(first=after(about, -_HOUR_SECONDS), last=after(about, _HOUR_SECONDS))
            found = self._in(near, vendor_id)
            if found is not None:
                return found
        now = self._clock.now()
        pieces = course.windows(course.earliest(now), now)[:windows_max]
        return next((hit for window in pieces if (hit := self._in(window, vendor_id))), None)

    def _in(self, window: Window, vendor_id: str) -> Read | None:
        lines = [each for each in self._reports.every(window, transaction_id=vendor_id) if _is_owner(each, vendor_id)]
        return max(lines, key=lambda each: each.row.transaction_updated_date, default=None)

    def _capture(self, vendor_id: str) -> wire.Capture | None:
        try:
            return self._calls.read(f"{wire.CAPTURES}/{quote(vendor_id, safe='')}", {}, _capture)
        except NotFound:
            return None

    def _balance(self, at: Course) -> Page:
        """What the account holds at the moment up to which its lines are complete; at first, what it held before."""
        records: list[Mirrored] = []
        if not at.opened:
            records += self._opening(at.since)
        for held in self._reports.balances(at.head).balances:
            account = translate.account(held)
            ref = self._where.ref(Kind.ACCOUNT, held.currency.lower())
            records.append(Mirrored(ref=ref, version="", raw=canonical.encode(held), record=account))
        return Page(records=tuple(records), cursor=course.written(course.rested(at)), more=False, about=Kind.ACCOUNT)

    def _opening(self, since: Instant) -> Iterator[Mirrored]:
        try:
            balances = self._reports.balances(since).balances
        except Rejected:
            return  # there was no account then, or PayPal does not say; what is missing shows when it is tied out
        for held in balances:
            entry = ledger.opening(held, since)
            if entry.gross:
                ref = self._where.ref(Kind.BALANCE_ENTRY, f"opening-{held.currency}")
                yield Mirrored(ref=ref, version="", raw=canonical.encode(held), record=entry)

    def _looked_at(self, ref: Ref, fates: Fates) -> tuple[list[Mirrored], list[Finding]]:
        vendor_id = quote(ref.vendor_id, safe="")
        if ref.kind is Kind.DISPUTE:
            found, told, payment = self._dispute(ref.vendor_id)
            fates.disputed(payment)
            dragged, more = self._dragged(payment, fates)
            return [found, *dragged], [*told, *more]
        if ref.kind is Kind.PAYMENT:
            return self._payment(ref, fates)
        if ref.kind is Kind.REFUND:
            row, raw = self._calls.read(f"{wire.REFUNDS}/{vendor_id}", {}, lambda body: (_refund(body), body))
            record, odd = translate.refunded(row, self._where)
            of = record.payment.vendor_id if record.payment is not None else ""
            version = f"{row.status}|{of}|{record.amount.minor}"
            fates.given(of, row.id, record.amount.minor if record.state is not RefundState.FAILED else 0)
            dragged, more = self._dragged(of, fates)
            return [Mirrored(ref=ref, version=version, raw=raw, record=record), *dragged], [*odd, *more]
        order, raw = self._calls.read(f"{wire.ORDERS}/{vendor_id}", {}, lambda body: (_order(body), body))
        stands = orders.state_of(order, self._where, self._settings.payer_hosts)
        asked = next(unit for unit in order.purchase_units)
        attempt = Attempt(
            customer=None,
            amount=translate.amount(asked.amount),
            state=stands.state,
            payment=stands.payment,
            tags=translate.tags(asked.custom_id, asked.invoice_id),
        )
        return [Mirrored(ref=ref, version=order.status, raw=raw, record=attempt)], []

    def _dragged(self, payment: str, fates: Fates) -> tuple[list[Mirrored], list[Finding]]:
        """The payment that a refund or dispute is about, which looks different by it."""
        try:
            return self._payment(self._where.ref(Kind.PAYMENT, payment), fates) if payment else ([], [])
        except NotFound:
            return [], []

    def _payment(self, ref: Ref, fates: Fates) -> tuple[list[Mirrored], list[Finding]]:
        """Its line, where the reports have it and know as much as its capture by now; else its capture."""
        capture = self._capture(ref.vendor_id)
        line = self._found(ref.vendor_id, capture, windows_max=LOOKED_BACK)
        if line is not None and not _is_behind(line, capture):
            self._records.heard([line], fates)
            records, findings = self._records.of([line], fates)
            return records, findings
        row, raw = self._calls.read(
            f"{wire.CAPTURES}/{quote(ref.vendor_id, safe='')}", {}, lambda body: (_capture(body), body)
        )
        fate = fates.of_payment(ref.vendor_id, "")
        record, odd = translate.captured(row, self._where, fate)
        version = WITHOUT_LINE + payment_version(row.status, row.update_time, fate)
        return [Mirrored(ref=ref, version=version, raw=raw, record=record)], list(odd)


_OWNERS = frozenset({Kind.PAYMENT, Kind.PAYOUT, Kind.REFUND})
_LOOKED_AT = frozenset({Kind.PAYMENT, Kind.REFUND, Kind.DISPUTE, Kind.ATTEMPT})


def _is_behind(line: Read, capture: wire.Capture | None) -> bool:
    """Whether a line still waits of which the capture knows the end: the reports are hours late."""
    return line.row.transaction_status == tables.WAITING and capture is not None and capture.status != "PENDING"


def _is_owner(line: Read, vendor_id: str) -> bool:
    """Whether a line is the payment or withdrawal of that id itself, and not one that only names it."""
    return line.row.transaction_id == vendor_id and line.row.transaction_event_code[:3] in ("T00", "T04", "T11", "T17")


def _capture(body: bytes) -> wire.Capture:
    return wire.decode(body, wire.Capture)


def _refund(body: bytes) -> wire.Refund:
    return wire.decode(body, wire.Refund)


def _order(body: bytes) -> wire.Order:
    return wire.decode(body, wire.Order)


def _asked(cursor: str | None) -> int | None:
    try:
        return canonical.decode(cursor.encode(), _Asked).at if cursor is not None else None
    except canonical.DecodeError:
        return None


def _page(
    records: Sequence[Mirrored],
    cursor: str,
    findings: Sequence[Finding],
    *,
    about: str = "",
    expected: int | None = None,
) -> Page:
    return Page(
        records=tuple(records), cursor=cursor, more=True, findings=tuple(findings), about=about, expected=expected
    )


def _token(href: str) -> str:
    return next(iter(parse_qs(urlsplit(href).query).get("next_page_token", [])), "")


def _written(moment: Instant) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _not_read(fault: NeedsReconnect) -> Finding:
    return Finding(
        code=FindingCode.READ_FAILED,
        sentence=f"Disputes were not read: {fault.sentence}",
        next_step=fault.next_step,
        refs=(),
    )
