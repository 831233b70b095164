"""The clearing invariant: what a processor holds is what the books hold of it, and every difference by its name.

At every step, per processor and currency: the sum of the nets of its ledger = the opening entry + what is booked + what
is not booked yet, by reason. The left side is counted line by line without looking at the books, the right side from
what stands in them, so neither can hide what the other lost.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from connector.dates import Instant
from connector.model.intent import IntentKind
from connector.model.party import AccountRole
from connector.model.settlement import BalanceEntry, EntryNature
from connector.model.source import ConnectionId, Kind, Ref
from connector.money import Currency, Money
from connector.reconcile.booked import Written, ever_posted, opened, posted_payments, standing
from connector.reconcile.returned import lines_back
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
    Unbooked.REFUND: "refunds, which are not posted from here",
    Unbooked.DISPUTE: "disputes that are not posted",
    Unbooked.RETURN: "payments that came back, which are not posted",
    Unbooked.PAYOUT: "payouts that are not posted",
    Unbooked.PAYOUT_BACK: "payouts that came back, which are not posted from here",
    Unbooked.OTHER: "other lines of the processor's ledger, which are not posted from here",
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

    A payment that was taken back out of the books and the lines by which it came back are booked: they come to nothing.
    """
    code, about, nature = entry.net.currency, entry.about, entry.nature
    deposited = books.deposited(ref)
    if about is not None and nature is EntryNature.PAYMENT and about.kind is Kind.PAYMENT:
        if books.is_even(ref):
            yield Placed(currency=code, minor=entry.gross.minor)
        else:
            yield from _payment(entry, about, books)
        yield _fee(entry, booked=deposited or books.has(IntentKind.EXPENSE, about))
    elif about is not None and nature is EntryNature.PAYOUT:
        done = books.has(IntentKind.TRANSFER, about) or books.has(IntentKind.DEPOSIT, about)
        yield Placed(currency=code, minor=entry.gross.minor, reason=None if done else Unbooked.PAYOUT)
        yield _fee(entry, booked=False)
    else:
        reason = None if deposited or books.is_even(ref) else _REASONS.get(nature, Unbooked.OTHER)
        yield Placed(currency=code, minor=entry.gross.minor, reason=reason)
        yield _fee(entry, booked=deposited or books.has(IntentKind.EXPENSE, ref))
    off = entry.net.minor - entry.gross.minor + entry.fee.minor
    if off:
        yield Placed(currency=code, minor=off, reason=Unbooked.SUSPENSE)


def _payment(entry: BalanceEntry, about: Ref, books: Books) -> Iterator[Placed]:
    """A payment is posted in the payer's currency; what it became in another is an exchange."""
    code = entry.gross.currency
    posted = books.gross(about)
    if posted is None:
        yield Placed(currency=code, minor=entry.gross.minor, reason=Unbooked.PAYMENT)
    elif posted.currency == code:
        yield Placed(currency=code, minor=posted.minor)
        yield Placed(currency=code, minor=entry.gross.minor - posted.minor, reason=Unbooked.PAYMENT)
    else:
        yield Placed(currency=posted.currency, minor=posted.minor)
        yield Placed(currency=posted.currency, minor=-posted.minor, reason=Unbooked.EXCHANGE)
        yield Placed(currency=code, minor=entry.gross.minor, reason=Unbooked.EXCHANGE)


def _fee(entry: BalanceEntry, *, booked: bool) -> Placed:
    return Placed(currency=entry.fee.currency, minor=-entry.fee.minor, reason=None if booked else Unbooked.FEE)


class Books:
    """What the books hold of processors' money, known by our stamps."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._held: set[Written] = standing(snapshot)
        self._gross = {about: snapshot.payments[ref].gross for about, ref in posted_payments(snapshot).items()}
        self._deposited = {
            entry
            for kind, about in self._held
            if kind is IntentKind.DEPOSIT and about in snapshot.payouts
            for entry in snapshot.payouts[about].entries or ()
        }
        self.openings = opened(snapshot)
        self._even = self._find_even(snapshot)

    def _find_even(self, snapshot: Snapshot) -> frozenset[Ref]:
        """The lines of payments that we posted, that came back whole, and that the books hold no more. A payment from
        before a start is among them: it was posted before the start was chosen, so no opening entry holds it."""
        once = {about for about in ever_posted(snapshot) if about not in self._gross}
        back = lines_back(snapshot) if once else {}
        brought = {
            entry.about: ref
            for ref, entry in snapshot.balance_entries.items()
            if entry.nature is EntryNature.PAYMENT and entry.about in once and entry.about in back
        }
        found: set[Ref] = set()
        for about, came in brought.items():
            lines = (came, *back[about])
            moves = [snapshot.balance_entries[line].gross for line in lines]
            if len({each.currency for each in moves}) == 1 and not sum(each.minor for each in moves):
                found.update(lines)
        return frozenset(found)

    def is_even(self, entry: Ref) -> bool:
        """Whether a line and others come to nothing, and the books hold nothing of any of them."""
        return entry in self._even

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
    books, chosen, begins = Books(snapshot), accounts or {}, starts or {}
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
    books = Books(snapshot)
    sums: dict[Currency, int] = defaultdict(int)
    for ref, entry in snapshot.balance_entries.items():
        if ref.connection == connection and entry.created < start:
            for part in placed(ref, entry, books):
                sums[part.currency] += part.minor if part.reason is not None else 0
    return {code: Money(minor, code) for code, minor in sorted(sums.items())}
