"""The clearing invariant: what a processor holds is what the books hold of it, and every difference by its name.

At every step, per processor and currency: the sum of the nets of its ledger = the opening entry + what is booked + what
is not booked yet, by reason. The left side is counted line by line without looking at the books, the right side from
what stands in them, so neither can hide what the other lost.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from connector.dates import Instant
from connector.model.intent import IntentKind
from connector.model.party import AccountRole
from connector.model.settlement import BalanceEntry, EntryNature, PayoutState
from connector.model.source import ConnectionId, Kind, Ref
from connector.money import Currency, Money
from connector.reconcile.booked import Written, deposited, ever_posted, opened, posted_payments, standing, subject_of
from connector.reconcile.corrected import came_more
from connector.reconcile.returned import lines_back, lines_given
from connector.reconcile.snapshot import Snapshot

Purse = tuple[ConnectionId, Currency]
Accounts = Mapping[Purse, Ref]
"""The books' clearing account of each processor and currency."""
Starts = Mapping[ConnectionId, Instant]
"""The moment from which on a processor's money is booked, where a start was chosen."""


class Unbooked(StrEnum):
    """Why part of a processor's money is not in the books (yet)."""

    BEFORE_START = "before_start"
    PAYMENT = "payment"
    FEE = "fee"
    EXCHANGE = "exchange"
    REFUND = "refund"
    DISPUTE = "dispute"
    RETURN = "return"
    PAYOUT = "payout"
    PAYOUT_BACK = "payout_back"
    OTHER = "other"
    SUSPENSE = "suspense"


IN_WORDS: dict[Unbooked, str] = {
    Unbooked.BEFORE_START: "from before the start, waiting for the opening entry",
    Unbooked.PAYMENT: "payments that are not posted",
    Unbooked.FEE: "fees that are not posted",
    Unbooked.EXCHANGE: "money changed into another currency, whose exchange is not posted",
    Unbooked.REFUND: "refunds that are not posted",
    Unbooked.DISPUTE: "disputes that are not posted",
    Unbooked.RETURN: "payments that came back, which are not posted",
    Unbooked.PAYOUT: "payouts that are not posted",
    Unbooked.PAYOUT_BACK: "payouts that came back, which are not posted",
    Unbooked.OTHER: "other lines of the processor's ledger, which are not posted",
    Unbooked.SUSPENSE: "lines of a kind this release does not know",
}

_REASONS: dict[EntryNature, Unbooked] = {
    EntryNature.PAYMENT: Unbooked.PAYMENT,
    EntryNature.FEE: Unbooked.FEE,
    EntryNature.REFUND: Unbooked.REFUND,
    EntryNature.REFUND_BACK: Unbooked.REFUND,
    EntryNature.DISPUTE: Unbooked.DISPUTE,
    EntryNature.DISPUTE_BACK: Unbooked.DISPUTE,
    EntryNature.RETURN: Unbooked.RETURN,
    EntryNature.PAYOUT: Unbooked.PAYOUT,
    EntryNature.PAYOUT_BACK: Unbooked.PAYOUT_BACK,
    EntryNature.SUSPENSE: Unbooked.SUSPENSE,
}


_GOES_BACK = frozenset({EntryNature.REFUND, EntryNature.REFUND_BACK, EntryNature.DISPUTE, EntryNature.DISPUTE_BACK})
"""Lines about a refund or a dispute, which may come to nothing among themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """What is not booked for one reason: how much, and which lines."""

    reason: Unbooked
    amount: Money
    entries: tuple[Ref, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One purse of a processor: `ledger` is the sum of its lines, `said` the processor's own balance, `held` the books'
    own balance of the clearing account; both None where nobody says. `opening`, `booked` and the rest are its parts."""

    connection: ConnectionId
    currency: Currency
    ledger: Money
    opening: Money
    booked: Money
    rest: tuple[Rest, ...]
    said: Money | None = None
    account: Ref | None = None
    held: Money | None = None

    @property
    def unbooked(self) -> Money:
        return Money(sum(each.amount.minor for each in self.rest), self.currency)

    @property
    def explained(self) -> Money:
        return self.opening + self.booked + self.unbooked

    @property
    def holds(self) -> bool:
        """Every unit has its place, the processor agrees with its lines, and the books with what was booked."""
        mine = self.explained == self.ledger and self.said in (None, self.ledger)
        return mine and self.held in (None, self.opening + self.booked)


@dataclass(slots=True)
class _Sums:
    ledger: int = 0
    opening: int = 0
    booked: int = 0
    rest: dict[Unbooked, tuple[int, list[Ref]]] = field(default_factory=lambda: defaultdict(lambda: (0, [])))

    def leave(self, reason: Unbooked, minor: int, ref: Ref) -> None:
        if minor:
            before, refs = self.rest[reason]
            self.rest[reason] = (before + minor, refs)
            refs.append(ref)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Where the parts of one line of the ledger are: booked in a currency, or not booked there for a reason."""

    currency: Currency
    minor: int
    reason: Unbooked | None = None


def placed(ref: Ref, entry: BalanceEntry, books: Books) -> Iterator[Placed]:
    """The parts of a line: together its net in its own currency, and nothing in any other.

    Lines that come to nothing together, while the books hold nothing of any of them, are booked: `Books.is_nothing`.
    """
    code, about, nature = entry.net.currency, entry.about, entry.nature
    banked = books.deposited(ref)
    if about is not None and nature is EntryNature.PAYMENT and about.kind is Kind.PAYMENT:
        if books.is_nothing(ref):
            yield Placed(currency=code, minor=entry.gross.minor)
        else:
            yield from _payment(entry, about, books, banked=banked and about not in books.gone_out)
        yield _fee(entry, booked=banked or books.has(IntentKind.EXPENSE, about))
    elif about is not None and (nature is EntryNature.PAYOUT or books.is_own(ref)):
        done = books.left(about, ref) or books.is_nothing(ref)
        if done or entry.gross.minor < 0 or ref not in books.apart:
            done = done or books.paid_out(about, entry)
            yield Placed(currency=code, minor=entry.gross.minor, reason=None if done else Unbooked.PAYOUT)
        else:
            yield from _taken(entry, about, ref, books)
        yield _fee(entry, booked=books.has(IntentKind.EXPENSE, ref))
    else:
        moved = books.moved(ref)
        reason = None if moved or books.is_nothing(ref) else _REASONS.get(nature, Unbooked.OTHER)
        yield Placed(currency=code, minor=entry.gross.minor, reason=reason)
        given_back = about is not None and nature is EntryNature.DISPUTE_BACK and books.has(IntentKind.JOURNAL, about)
        with_it = banked or (moved and entry.fee.minor < 0 and not books.is_fee_apart(ref))
        yield _fee(entry, booked=with_it or given_back or books.has(IntentKind.EXPENSE, ref))
    off = entry.net.minor - entry.gross.minor + entry.fee.minor
    if off:
        yield Placed(currency=code, minor=off, reason=Unbooked.SUSPENSE)


def _payment(entry: BalanceEntry, about: Ref, books: Books, *, banked: bool) -> Iterator[Placed]:
    """A payment is posted in the payer's currency; what it became in another is an exchange. One that is never posted,
    because it came to nothing, may have gone into a deposit all the same."""
    code = entry.gross.currency
    posted = books.gross(about)
    if posted is None:
        yield Placed(currency=code, minor=entry.gross.minor, reason=None if banked else Unbooked.PAYMENT)
    elif posted.currency == code:
        yield Placed(currency=code, minor=posted.minor)
        yield Placed(currency=code, minor=entry.gross.minor - posted.minor, reason=Unbooked.PAYMENT)
    else:
        yield Placed(currency=posted.currency, minor=posted.minor)
        yield Placed(currency=posted.currency, minor=-posted.minor, reason=Unbooked.EXCHANGE)
        yield Placed(currency=code, minor=entry.gross.minor, reason=Unbooked.EXCHANGE)


def _taken(entry: BalanceEntry, about: Ref, ref: Ref, books: Books) -> Iterator[Placed]:
    """A payout that took money is a deposit of the payments it carried, and a journal entry of the rest beside it: each
    may stand without the other, when a person took that out."""
    code, gross = entry.net.currency, books.apart[ref]
    for kind, minor in ((IntentKind.DEPOSIT, -gross), (IntentKind.JOURNAL, entry.gross.minor + gross)):
        yield Placed(currency=code, minor=minor, reason=None if books.has(kind, about) else Unbooked.PAYOUT)


def _fee(entry: BalanceEntry, *, booked: bool) -> Placed:
    return Placed(currency=entry.fee.currency, minor=-entry.fee.minor, reason=None if booked else Unbooked.FEE)


class Books:
    """What the books hold of processors' money, known by our stamps."""

    def __init__(self, snapshot: Snapshot, starts: Starts | None = None) -> None:
        self._held: set[Written] = standing(snapshot)
        posted = {about: snapshot.payments[ref] for about, ref in posted_payments(snapshot).items()}
        self._gross = {about: payment.changed_into or payment.gross for about, payment in posted.items()}
        more = came_more(snapshot)
        for about, ref in posted_payments(snapshot).items() if more else ():
            self._gross[about] += Money(more.get(ref, 0), self._gross[about].currency)
        self._starts = starts or {}
        self._deposited = deposited(snapshot)
        self._own = {payout.entry for payout in snapshot.payouts.values() if payout.entry is not None}
        self._put_back = {line for line in self._own if subject_of(IntentKind.JOURNAL, line) in snapshot.written} - {
            line for kind, line in self._held if kind is IntentKind.JOURNAL
        }
        """Lines of payouts that were set aside until somebody took the entry out."""
        self._fee_apart = frozenset(self._find_fees_apart(snapshot))
        self.openings = opened(snapshot)
        groups = list(self._find_even(snapshot))
        self._even = frozenset(line for lines in groups for line in lines)
        self.apart = dict(self._find_apart(snapshot))
        """Payouts that took money although they carried payments, by their own line: what those come to."""
        self.gone_out = frozenset(self._find_gone_out(snapshot))
        """Payments that stood in such a payout's deposit: a person took out that, and then them. The entry beside it,
        which stands, has none of them."""
        self._halved = frozenset(
            line
            for lines in groups
            if any(each in self._deposited for each in lines)
            for line in lines
            if line not in self._deposited
        )

    def _find_even(self, snapshot: Snapshot) -> Iterator[list[Ref]]:
        """Lines that come to nothing together, and of none of which the books hold anything: a refund that failed, a
        dispute that was won, a payout that never arrived, a payment that came back and is not posted (any more)."""
        entries, away, given = snapshot.balance_entries, lines_back(snapshot), lines_given(snapshot)
        came = {
            entry.about: ref
            for ref, entry in entries.items()
            if entry.nature is EntryNature.PAYMENT and entry.about is not None
        }
        out = came.keys() - self._gross.keys()
        taken_out: set[Ref] = set()
        for about in sorted(out & ever_posted(snapshot).keys() & (away.keys() | given.keys())):
            lines = [came[about], *self._loose(away.get(about, ())), *self._loose(given.get(about, ()))]
            nothing = self._first_to_nothing(entries, lines)
            taken_out.update(nothing)
            yield nothing
        for lines in self._groups(snapshot, taken_out):
            if self._come_to_nothing(entries, lines):
                yield lines
        for about in out & (away.keys() | given.keys()):
            loose = [*self._loose(away.get(about, ())), *self._loose(given.get(about, ()))]
            if loose and came[about] not in taken_out and self._come_to_nothing(entries, [came[about], *loose]):
                yield [came[about], *loose]

    @staticmethod
    def _find_apart(snapshot: Snapshot) -> Iterator[tuple[Ref, int]]:
        """By the deposit itself; where a person took that out, by what the entry beside it left for it at the bank."""
        banked = {
            stamp.about: sum(line.amount.minor for line in deposit.lines if line.payment is not None)
            for ref, deposit in snapshot.deposits.items()
            if snapshot.in_books(ref)
            for stamp in deposit.stamps
        }
        beside = {
            stamp.about: amount.minor
            for ref, entry in snapshot.book_entries.items()
            if snapshot.in_books(ref)
            for stamp in entry.stamps
            for account, amount in entry.moves
            if account in snapshot.accounts and snapshot.accounts[account].role is AccountRole.BANK
        }
        for about, payout in snapshot.payouts.items():
            if payout.entry is None or payout.amount.minor > 0:
                continue
            if about in banked:
                yield payout.entry, banked[about]
            elif about in beside and subject_of(IntentKind.DEPOSIT, about) in snapshot.written:
                yield payout.entry, payout.amount.minor - beside[about]

    def _find_gone_out(self, snapshot: Snapshot) -> Iterator[Ref]:
        ever = ever_posted(snapshot) if self.apart else {}
        for about, payout in snapshot.payouts.items():
            if payout.entry not in self.apart or self.has(IntentKind.DEPOSIT, about):
                continue
            lines = [snapshot.balance_entries[ref] for ref in payout.entries or () if ref in snapshot.balance_entries]
            ours = {each.about: each.gross.minor for each in lines if each.nature is EntryNature.PAYMENT}
            held = {each: minor for each, minor in ours.items() if each in ever}
            # Others may have been out of the books before, and are in the entry: then the deposit came to less.
            if sum(held.values()) == self.apart[payout.entry]:
                yield from (each for each in held if each is not None and each not in self._gross)

    @staticmethod
    def _find_fees_apart(snapshot: Snapshot) -> Iterator[Ref]:
        for ref, entry in snapshot.balance_entries.items():
            if entry.nature is EntryNature.DISPUTE_BACK and entry.fee.minor < 0 and entry.about is not None:
                fight = snapshot.disputes.get(entry.about)
                paid = snapshot.payments.get(fight.payment) if fight is not None and fight.payment is not None else None
                if paid is not None and paid.gross.currency != entry.gross.currency:
                    yield ref

    def _loose(self, lines: Iterable[Ref]) -> list[Ref]:
        return [each for each in lines if not self.moved(each)]

    def _groups(self, snapshot: Snapshot, taken_out: set[Ref]) -> Iterator[list[Ref]]:
        """The lines of each refund, of each dispute, and of each payout that failed before it was booked."""
        entries = snapshot.balance_entries
        by_about: dict[Ref, list[Ref]] = defaultdict(list)
        for ref, entry in entries.items():
            if entry.about is not None and entry.nature in _GOES_BACK and ref not in taken_out:
                by_about[entry.about].append(ref)
        yield from (self._loose(lines) for lines in by_about.values())
        for about, payout in snapshot.payouts.items():
            kinds = (IntentKind.TRANSFER, IntentKind.DEPOSIT, IntentKind.JOURNAL)
            booked = any(self.has(kind, about) for kind in kinds)
            own = [each for each in (payout.entry, payout.back) if each is not None and each in entries]
            if payout.state is PayoutState.FAILED and len(own) > 1 and not booked:
                yield self._loose(own)

    @staticmethod
    def _first_to_nothing(entries: Mapping[Ref, BalanceEntry], lines: list[Ref]) -> list[Ref]:
        """Of a payment that was posted and taken out of the books: the lines by which it first came to nothing. It was
        posted before a start was chosen, if it lies before it, so that no opening entry holds it."""
        whole, in_order = 0, sorted(lines, key=lambda line: (entries[line].created, line))
        if len({entries[line].gross.currency for line in lines}) != 1:
            return []
        for count, line in enumerate(in_order, start=1):
            whole += entries[line].gross.minor
            if not whole and count > 1:
                return in_order[:count]
        return []

    def _come_to_nothing(self, entries: Mapping[Ref, BalanceEntry], lines: list[Ref]) -> bool:
        """Whether their amounts do. None may lie before a start and another after it: then the opening entry has the
        one and not the other."""
        moves = [entries[line].gross for line in lines]
        sides = {self._is_early(line, entries[line]) for line in lines}
        return len(sides) == len({each.currency for each in moves}) == 1 and not sum(each.minor for each in moves)

    def _is_early(self, line: Ref, entry: BalanceEntry) -> bool:
        start = self._starts.get(line.connection)
        return start is not None and entry.created < start

    def moved(self, entry: Ref) -> bool:
        """Whether a line went into the books as a journal entry, or as part of a payout's deposit."""
        return (IntentKind.JOURNAL, entry) in self._held or entry in self._deposited

    def is_own(self, entry: Ref) -> bool:
        """Whether a line is a payout's own, whatever its kind: one that reverses another goes the other way."""
        return entry in self._own

    def left(self, about: Ref, entry: Ref) -> bool:
        """Whether a payout was taken out of the clearing account: set aside by its own line, or straight to the bank.
        What was ever set aside goes to the bank from there, so that its transfer says nothing of the clearing account.
        """
        if self.has(IntentKind.JOURNAL, entry):
            return True
        return entry not in self._put_back and self.has(IntentKind.TRANSFER, about)

    def paid_out(self, about: Ref, entry: BalanceEntry) -> bool:
        """Whether a payout stands as a deposit; one that brings nothing does as a journal entry."""
        return self.has(IntentKind.DEPOSIT if entry.gross.minor < 0 else IntentKind.JOURNAL, about)

    def is_fee_apart(self, entry: Ref) -> bool:
        """Whether a line's fee came back in another currency than its amount is booked in: by an entry of its own."""
        return entry in self._fee_apart

    def is_even(self, entry: Ref) -> bool:
        """Whether a line and others come to nothing, and the books hold nothing of any of them."""
        return entry in self._even

    def is_nothing(self, entry: Ref) -> bool:
        """The same, and none of the others went into a payout's deposit, where this one is still to follow it."""
        return entry in self._even and entry not in self._halved

    def deposited(self, entry: Ref) -> bool:
        """Whether a line went into the books as part of a payout's deposit."""
        return entry in self._deposited

    def has(self, kind: IntentKind, about: Ref) -> bool:
        return (kind, about) in self._held

    def gross(self, about: Ref) -> Money | None:
        """What a payment was posted at."""
        return self._gross.get(about)


def standings(
    snapshot: Snapshot, accounts: Accounts | None = None, starts: Starts | None = None
) -> tuple[Standing, ...]:
    """Every purse of every processor, in order."""
    books, chosen, begins = Books(snapshot, starts), accounts or {}, starts or {}
    sums: dict[Purse, _Sums] = defaultdict(_Sums)
    for ref, entry in snapshot.balance_entries.items():
        purse = (ref.connection, entry.net.currency)
        sums[purse].ledger += entry.net.minor
        start = begins.get(ref.connection)
        early = start is not None and entry.created < start
        covered = early and purse in books.openings
        for part in placed(ref, entry, books):
            each = sums[ref.connection, part.currency]
            if part.reason is None:
                each.booked += part.minor
            elif not covered:
                each.leave(Unbooked.BEFORE_START if early else part.reason, part.minor, ref)
    for purse, amount in books.openings.items():
        sums[purse].opening += amount.minor
    said = {
        (ref.connection, account.currency): account.balance
        for ref, account in snapshot.accounts.items()
        if account.role is AccountRole.PROCESSOR
    }
    return tuple(
        _standing(purse, sums[purse], snapshot, said.get(purse), chosen.get(purse))
        for purse in sorted({*sums, *said, *chosen})
    )


def _standing(purse: Purse, each: _Sums, snapshot: Snapshot, said: Money | None, account: Ref | None) -> Standing:
    connection, code = purse
    kept = snapshot.accounts.get(account) if account is not None else None
    return Standing(
        connection=connection,
        currency=code,
        ledger=Money(each.ledger, code),
        opening=Money(each.opening, code),
        booked=Money(each.booked, code),
        rest=tuple(
            Rest(reason=reason, amount=Money(each.rest[reason][0], code), entries=tuple(each.rest[reason][1]))
            for reason in Unbooked
            if reason in each.rest and each.rest[reason][1]
        ),
        said=said,
        account=account,
        held=kept.balance if kept is not None else None,
    )


def before_start(snapshot: Snapshot, start: Instant, connection: ConnectionId) -> dict[Currency, Money]:
    """Per currency, what the ledger held when the start day began and the books do not have line by line: the amount of
    the opening entry. The whole history has to be read for it; the tie of the processor's balance shows that it is."""
    books = Books(snapshot, {connection: start})
    sums: dict[Currency, int] = defaultdict(int)
    for ref, entry in snapshot.balance_entries.items():
        if ref.connection == connection and entry.created < start:
            for part in placed(ref, entry, books):
                sums[part.currency] += part.minor if part.reason is not None else 0
    return {code: Money(minor, code) for code, minor in sorted(sums.items())}
