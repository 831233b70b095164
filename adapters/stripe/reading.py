"""How an account is read: `profile`, and `books`, which is everything else under one cursor.

What comes next is decided in `course`; here it is asked for and becomes a page. Lists are walked the first time; then
events say what to read again; the balance and its ledger come in every reading; and a sweep finds what no event told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from adapters.stripe import course, follow, standing, wire
from adapters.stripe.ahead import Lines
from adapters.stripe.course import Course, Phase
from adapters.stripe.follow import Gap
from adapters.stripe.lists import ACCOUNT, CASH, CREDIT, NAMES, SHELVES, shelf_of
from adapters.stripe.looking import Looking, Pointer, behind
from adapters.stripe.pointers import Linking, Placed
from adapters.stripe.records import Found, Records
from adapters.stripe.sweep import Sweep
from adapters.stripe.translate import Where
from adapters.stripe.walk import Step, Walk
from connector import canonical
from connector.clock import Clock
from connector.dates import epoch_seconds
from connector.errors import UnknownRecord
from connector.model.finding import Finding
from connector.model.mirror import UNFINISHED, Mirrored
from connector.model.source import Kind, Ref
from connector.ports import Mirror, Page

PROFILE = "profile"
BOOKS = "books"
STREAMS = (PROFILE, BOOKS)
LEDGER = Kind.BALANCE_ENTRY.value


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """The cursor of the profile: when it was asked for, in seconds."""

    at: int


class Reader:
    """Readable and Lookable, for one connection. One thread pulls at a time; others are used beside it."""

    def __init__(self, lines: Lines, where: Where, mirror: Mirror, clock: Clock, *, page_size: int) -> None:
        self._calls = lines.calls
        self._lines = lines
        self._where = where
        self._mirror = mirror
        self._clock = clock
        self._size = page_size
        self._records = Records(where)
        self._looking = Looking(self._lines, self._records)
        self._walk = Walk(self._lines, page_size)
        self._sweep: Sweep | None = None

    def streams(self) -> tuple[str, ...]:
        """Their names, in the order in which they should be read."""
        return STREAMS

    def pull(self, stream: str, cursor: str | None) -> Page:
        """The next page of a stream. Errors: VendorError; UnknownRecord for a stream that Stripe does not have."""
        if stream == PROFILE:
            return self._profile(cursor)
        if stream != BOOKS:
            raise UnknownRecord(f"Stripe has no stream {stream[:40]!r}.", next_step=f"It has {' and '.join(STREAMS)}.")
        at = course.read(cursor, NAMES)
        if at.phase not in (Phase.SWEEP, Phase.CONFIRM):
            self._sweep = None
        match at.phase:
            case Phase.WALK:
                return self._walk_on(at) if at.mark is not None else self._begin(at)
            case Phase.FOLLOW | Phase.REST:
                return self._follow(at)
            case Phase.SWEEP:
                return self._sweep_on(at)
            case Phase.CONFIRM:
                return self._confirm(at)
            case Phase.LEDGER:
                return self._ledger(at)

    def look(self, refs: Sequence[Ref]) -> Page:
        """Those records, a tombstone for what is gone, and what belongs to them."""
        wanted: list[Pointer] = []
        for ref in dict.fromkeys(refs):
            name = shelf_of(ref.kind, ref.vendor_id)
            if ref.connection != self._where.connection or name is None:
                raise UnknownRecord(f"Stripe keeps no record under {ref} by itself.")
            wanted.append(Pointer(name, ref.vendor_id))
        records, findings = self._looking.at(wanted, entries=True)
        return Page(records=tuple(records), findings=tuple(findings), cursor="", more=False)

    def _profile(self, cursor: str | None) -> Page:
        """The account itself, asked for once a day."""
        now = epoch_seconds(self._clock.now())
        asked = _asked(cursor)
        if cursor is not None and asked is not None and 0 <= now - asked < course.DAY_SECONDS:
            return Page(records=(), cursor=cursor, more=False)
        records, findings = self._calls.read(ACCOUNT, {}, self._records.profile)
        following = canonical.encode(_Asked(at=now)).decode()
        return Page(records=tuple(records), findings=tuple(findings), cursor=following, more=False)

    def _begin(self, at: Course) -> Page:
        """The first page of a walk. What was missed is told already where the course says so; where there are records
        and no course, the cursor was lost, or somebody wants everything again."""
        mark, anchor = follow.begin(self._calls)
        mirrored = at.mirrored or any(self._mirror.number(kind) for kind in (Kind.CUSTOMER, Kind.INVOICE, Kind.PAYMENT))
        page = self._walk_on(course.begun(NAMES, mark, anchor, mirrored=mirrored))
        told = (follow.again(),) if mirrored and not at.mirrored else ()
        return replace(page, findings=(*told, *page.findings))

    def _walk_on(self, at: Course) -> Page:
        step = self._walk.step(at.windows)
        return _page(self._rows(step), course.read_on(at, step.left), about=step.window.name)

    def _follow(self, at: Course) -> Page:
        self._walk.leave()
        batch = follow.poll(self._calls, at.feed, self._size, live=self._where.live)
        if isinstance(batch, Gap):
            return _page(
                ([], [follow.missed(at.feed, max(batch.now, epoch_seconds(self._clock.now())))]),
                Course(mirrored=True),
                about="events",
            )
        records, findings = self._looking.at(batch.pointers, since=batch.since)
        after = course.followed(at, batch.feed)
        if after.phase is Phase.SWEEP:
            after = course.sweeping(after, NAMES, batch.now)
        return _page((records, [*batch.findings, *findings]), after, about="events")

    def _sweep_on(self, at: Course) -> Page:
        sweep = self._sweep
        if sweep is None or sweep.mark != at.mark:
            # Nobody knows any more what the first part of it met, so the whole of it is met again.
            at = course.sweeping(at, NAMES, at.mark or 0)
            sweep = self._sweep = Sweep(at.mark, at.turns)
        step = self._walk.step(at.windows)
        sweep.meet(step.window.name, (wire.decode(raw, Placed).id for raw in step.page.rows))
        for shelf, raw in step.page.beside:
            sweep.meet(shelf.name, filter(None, [wire.link_id(wire.decode(raw, Linking).customer)]))
        for kind, vendor_id in behind(step.window.name, step.page.rows):
            sweep.want(kind.value, [vendor_id])
        after = course.read_on(at, step.left)
        page = _page(self._rows(step), after, about=f"{step.window.name} again")
        return replace(page, store_first=after.phase is Phase.CONFIRM)

    def _confirm(self, at: Course) -> Page:
        sweep = self._sweep
        if sweep is None or sweep.mark != at.mark:
            return self._sweep_on(course.sweeping(at, NAMES, at.mark or 0))
        if not sweep.begun:
            here: dict[str, set[str]] = {kind.value: set(self._mirror.unfinished(kind)) for kind in UNFINISHED}
            here[course.CUSTOMERS] = set(self._mirror.known(Kind.CUSTOMER))
            doubted = self._emptied(sweep) & here[course.CUSTOMERS]
            sweep.compare(here, (course.CUSTOMERS,), {course.CUSTOMERS: doubted})
        lot = [(shelf_of(Kind(kind), vendor_id) or kind, vendor_id) for kind, vendor_id in sweep.lot()]
        found = self._looking.at(Pointer(name, vendor_id) for name, vendor_id in lot)
        return _page(found, course.swept(at, sweep.turns) if sweep.over else at, about="unfinished")

    def _emptied(self, sweep: Sweep) -> set[str]:
        """Customers for whom something is kept here and nothing there any more. Of such a customer the list of
        customers brings no lines, and so not the last ones, by which it went away."""
        return {
            one
            for shelf in (CREDIT, CASH)
            for one in self._mirror.kept_for(shelf.kind)
            if not sweep.has_met(shelf.name, one)
        }

    def _ledger(self, at: Course) -> Page:
        if at.windows:
            step = self._walk.step(at.windows)
            return _page(self._rows(step), course.caught_up(at, step.left), about=LEDGER)
        seen = standing.read(self._calls, self._clock, at.ledger or 0)
        if not seen.whole:
            return _page(([], []), course.behind(at, LEDGER, seen.at), about=LEDGER)
        accounts, told = self._records.accounts(seen.balance)
        lines, findings = self._records.rows(SHELVES[LEDGER], seen.lines)
        after = course.tied(at, seen.newest, seen.at)
        return _page(([*accounts, *lines], [*told, *findings]), after, about=LEDGER)

    def _rows(self, step: Step) -> Found:
        """The records of a page of a list, and of what was read along with it."""
        page = step.page
        first = step.window.after is None
        records, findings = self._records.rows(SHELVES[step.window.name], page.rows, members=page.members, first=first)
        for shelf, raw in page.beside:
            brought, told = self._records.rows(shelf, (raw,))
            records += brought
            findings += told
        return records, findings


def _page(found: tuple[list[Mirrored], list[Finding]], after: Course, *, about: str) -> Page:
    records, findings = found
    return Page(
        records=tuple(records),
        findings=tuple(findings),
        cursor=course.write(after),
        more=after.phase is not Phase.REST,
        about=about,
    )


def _asked(cursor: str | None) -> int | None:
    try:
        return canonical.decode((cursor or "").encode(), _Asked).at
    except ValueError:
        return None
