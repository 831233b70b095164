"""Which accounts of the books a connection's money is booked to, and from which day on: chosen after somebody has seen
what that makes different."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fastapi.responses import Response

from connector.app.setup import ROLES, with_accounts
from connector.app.starting import proposed_starts
from connector.dates import BusinessDate, business_date
from connector.errors import ReceivablesError, Refused, UserError
from connector.model.firm import BookingPattern, Connection, PostingAccounts
from connector.model.party import Account, AccountRole
from connector.model.person import Role
from connector.model.source import ConnectionId, Ref
from connector.money import Currency
from connector.plan.patterns import IN_WORDS as PATTERN_IN_WORDS
from connector.reconcile.snapshot import Snapshot
from connector.web.console import replanned
from connector.web.console.drawing import page
from connector.web.console.foreseen import Choice
from connector.web.console.ways import Visit, act, look, shown_again
from connector.web.words import opening

OPENING = "opening"
FIELDS = ("system", "pattern", "start")
TITLES: dict[str, tuple[str, str]] = {
    "clearing": ("Clearing account", "Where a payment stands from the day it is made until its payout."),
    "transit": (
        "Payouts on their way",
        "An account of its own for payouts that left and have not arrived; may be left empty.",
    ),
    "bank": ("Bank account", "Where its payouts arrive."),
    "fees": ("Fees", "The expense account for what it keeps."),
    "suspense": ("Suspense", "For what is neither payment nor fee: reserves, corrections, top-ups."),
    OPENING: ("Opening", "Against which what it held before the first day is booked, in one entry."),
}
"""What the roles are called, and what each is for."""

PATTERNS: dict[BookingPattern, str] = {
    BookingPattern.CLEARING: "through a clearing account",
    BookingPattern.DEPOSIT: "payout by payout, each as one deposit",
    BookingPattern.BANK: "straight to the bank account",
}

_MONEY = (AccountRole.BANK, AccountRole.UNDEPOSITED)
_FITTING: dict[str, tuple[AccountRole, ...]] = {
    "clearing": _MONEY,
    "transit": _MONEY,
    "bank": (AccountRole.BANK,),
    "fees": (AccountRole.EXPENSE,),
    "suspense": (AccountRole.OTHER,),
    OPENING: (AccountRole.OTHER,),
}
_OF_PATTERN: dict[BookingPattern, tuple[str, ...]] = {
    BookingPattern.CLEARING: ROLES,
    BookingPattern.DEPOSIT: ("bank", "fees", "suspense"),
    BookingPattern.BANK: ("bank",),
}
"""Which roles a way of booking has accounts for."""

_PER_CURRENCY = frozenset({"clearing", "transit", "bank"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A place for one account. `fitting` and `others` are the accounts it may be, each with its id."""

    name: str
    title: str
    hint: str
    chosen: str
    needed: bool
    fitting: tuple[tuple[str, str], ...]
    others: tuple[tuple[str, str], ...]

    @property
    def words(self) -> str:
        """The account that is chosen, by its name; "" where none is."""
        return next((name for ref, name in (*self.fitting, *self.others) if ref == self.chosen), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """A connection, and how its money is booked."""

    connection: Connection
    title: str
    slots: tuple[Slot, ...]
    patterns: tuple[tuple[BookingPattern, str, str], ...]
    begins: BusinessDate | None

    @property
    def lacks(self) -> tuple[str, ...]:
        """What has to be chosen before a plan can book everything."""
        return tuple(each.title for each in self.slots if each.needed and not each.chosen)


def show(visit: Visit, fault: ReceivablesError | None = None) -> Response:
    """How everything is booked, and the forms that change it."""
    rows = booked(visit)
    return page(
        visit,
        "accounts.html",
        "Accounts",
        room="setup",
        tab="accounts",
        wrong=fault,
        rows=rows,
        starts=proposed_starts(visit.desk) if rows else (),
        has_books=any(visit.desk.spec(each).keeps_books for each in visit.desk.connections()),
    )


def booked(visit: Visit) -> list[Booked]:
    """Each connection whose money is booked, in the order of their names."""
    desk = visit.desk
    processors = desk.processors()
    if not processors or not any(desk.spec(each).keeps_books for each in desk.connections()):
        return []
    seen, books = visit.guest.tools.glass.snapshot(desk), desk.books().connection_id
    return [
        Booked(
            connection=each,
            title=desk.spec(each).title,
            slots=_slots(seen, books, each, desk.company.home_currency),
            patterns=tuple(
                (pattern, PATTERNS[pattern], PATTERN_IN_WORDS[pattern])
                for pattern in BookingPattern
                if (pattern is BookingPattern.BANK) is desk.spec(each).is_bank
            ),
            begins=each.posting.begins.on if each.posting.begins is not None else None,
        )
        for each in processors
    ]


def _slots(seen: Snapshot, books: ConnectionId, connection: Connection, home: Currency) -> tuple[Slot, ...]:
    known = {ref: each for ref, each in seen.accounts.items() if ref.connection == books and each.active}
    found = []
    for role in _OF_PATTERN[connection.pattern]:
        codes: Iterable[Currency | None] = _currencies(seen, connection, home) if role in _PER_CURRENCY else (None,)
        found += [_slot(known, connection, role, code) for code in codes]
    return tuple(found)


def _currencies(seen: Snapshot, connection: Connection, home: Currency) -> tuple[Currency, ...]:
    """Those in which it holds money, and those that an account was chosen for."""
    own = {each.currency for ref, each in seen.accounts.items() if ref.connection == connection.connection_id}
    chosen = {*connection.posting.clearing, *connection.posting.bank}
    return tuple(sorted(own | chosen)) or (home,)


def _slot(known: Mapping[Ref, Account], connection: Connection, role: str, code: Currency | None) -> Slot:
    title, hint = TITLES.get(role, (opening(role), ""))
    held = chosen_for(connection.posting, role, code)
    may_be = {ref: each for ref, each in known.items() if code is None or each.currency == code}
    fits = _FITTING.get(role, ())
    named = sorted((each.name.casefold(), each.name, str(ref), each.role in fits) for ref, each in may_be.items())
    at_bank = connection.pattern is BookingPattern.BANK
    return Slot(
        name=f"{role} {code}" if code is not None else role,
        title=f"{title}, {code}" if code is not None else title,
        hint="The account of the books that these statements are of." if at_bank else hint,
        chosen=str(held) if held is not None else "",
        needed=role in ("clearing", "bank", "fees") or (role == OPENING and connection.posting.begins is not None),
        fitting=tuple((ref, name) for _, name, ref, fitting in named if fitting),
        others=tuple((ref, name) for _, name, ref, fitting in named if not fitting),
    )


def chosen_for(posting: PostingAccounts, role: str, code: Currency | None) -> Ref | None:
    """The account that is chosen for a role; of one currency where it has one for each."""
    if role in _PER_CURRENCY and code is not None:
        held: dict[Currency, Ref] = getattr(posting, role)
        return held.get(code)
    if role == OPENING:
        return posting.begins.opening if posting.begins is not None else None
    found: Ref | None = getattr(posting, role, None)
    return found


def change(visit: Visit) -> Response:
    """Show what another choice makes different; store it once that was shown, or where nothing is different."""
    guest, desk = visit.guest, visit.desk
    row = next((each for each in booked(visit) if each.connection.connection_id == guest.given("system", 60)), None)
    if row is None:
        raise UserError("No connection was chosen.", next_step="Choose one of those on the page.")
    sent = {each.name: guest.given(each.name, 200) for each in row.slots}
    chosen: dict[str, list[str]] = {}
    for each in row.slots:
        if sent[each.name] and sent[each.name] != each.chosen:
            chosen.setdefault(each.name.partition(" ")[0], []).append(sent[each.name])
    changed = with_accounts(
        desk,
        row.connection.connection_id,
        {role: ",".join(refs) for role, refs in chosen.items()},
        _pattern(row, guest.given("pattern", 20)),
        start=_start(row, guest.given("start", 10)),
    )
    if changed == row.connection:
        return visit.to("accounts", said="Nothing is different, and nothing was changed.")
    mark = replanned.mark(row.connection, changed)
    shown = Choice(
        to="accounts",
        back="Accounts",
        title=f"How {row.title} is booked",
        what=_in_words(visit, row, changed),
        fields={name: guest.given(name, 60) for name in FIELDS} | sent,
        mark=mark,
    )
    if guest.given("mark", 40) != mark:
        answer = replanned.ask(visit, shown, connection=changed)
        if answer is not None:
            return answer
    desk.store.save_connection(changed, desk.actor)
    said = f"{row.title} is booked as you chose."
    return visit.to("accounts", said=f"{said} The next plan follows it." if row.connection.writes_allowed else said)


def _pattern(row: Booked, wanted: str) -> BookingPattern | None:
    if not wanted or wanted == row.connection.pattern:
        return None
    try:
        return BookingPattern(wanted)
    except ValueError:
        raise UserError("There is no such way of booking.", next_step="Choose one of those on the page.") from None


def _start(row: Booked, wanted: str) -> BusinessDate | None:
    day = business_date(wanted) if wanted else None
    if day is None and row.begins is not None:
        raise Refused("A first day stays once it was chosen.", next_step="Choose another day in its place.")
    return day if day != row.begins else None


def _in_words(visit: Visit, row: Booked, changed: Connection) -> list[tuple[str, str, str]]:
    """What is chosen anew: of what, what stood there, what is to stand there."""
    seen, books = visit.guest.tools.glass.snapshot(visit.desk), visit.desk.books().connection_id
    was = {each.name: each for each in row.slots}
    found: list[tuple[str, str, str]] = []
    if changed.pattern is not row.connection.pattern:
        found.append(("Its money goes", PATTERNS[row.connection.pattern], PATTERNS[changed.pattern]))
    begins = changed.posting.begins
    if begins is not None and begins.on != row.begins:
        found.append(("First day", str(row.begins or "its first"), str(begins.on)))
    for each in _slots(seen, books, changed, visit.desk.company.home_currency):
        before = was.get(each.name)
        if before is not None and each.chosen != before.chosen:
            found.append((each.title, before.words or "not chosen", each.words))
    return found


WAYS = (
    look("accounts", show),
    act("accounts", Role.ADMIN, shown_again(change, show)),
)
