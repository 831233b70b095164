"""What is wrong in the books already, whoever wrote it: money posted twice, posted net, or never applied. Reads only.

A firm comes with books that another connector, the bank's feed or people have worked in. Nothing here is taken from an
equal amount alone: a duplicate is two entries that name the same outside record, or one more entry on a processor's
clearing account than the processor has payments. What only looks alike is put to a person as that.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from zoneinfo import ZoneInfo

from connector.dates import BusinessDate
from connector.model.finding import Finding, FindingCode
from connector.model.money_in import Payment, PaymentState
from connector.model.party import AccountRole
from connector.model.source import ConnectionId, Kind, Ref
from connector.money import Money, grouped
from connector.reconcile.arrivals import arrivals, banks
from connector.reconcile.clearing import Accounts
from connector.reconcile.named import Names
from connector.reconcile.pairing import Held, Known, Paired, paired
from connector.reconcile.payer import Payers
from connector.reconcile.snapshot import Snapshot

NEAR_DAYS = 5
"""Entries of the same money are dated no further apart than that."""
NO_MONEY = frozenset({PaymentState.FAILED, PaymentState.VOID})
_TAKE_BACK = "Look at both. If they are one payment, void {it} in the books, as long as no deposit holds it, and sync."


class Row(NamedTuple):
    """Something wrong: the finding, its day, and for how many days it has stood so (0: that says nothing)."""

    finding: Finding
    on: BusinessDate
    days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What is looked at: the mirror, the books' clearing accounts as far as they were chosen, the company's zone, the
    last day that counts, and per processor the words by which a bank's text shows that money came from it."""

    snapshot: Snapshot
    accounts: Accounts
    zone: ZoneInfo
    as_of: BusinessDate
    words: Mapping[ConnectionId, tuple[str, ...]] = field(default_factory=dict)
    transit: Accounts = field(default_factory=dict)
    """The accounts for payouts on their way: neither the processor's nor the bank's."""
    banks: Accounts = field(default_factory=dict)
    """The bank accounts whose statements are read, by the connection that reads them."""

    def clearing(self, connection: ConnectionId) -> frozenset[Ref]:
        """The clearing accounts of one processor."""
        return frozenset(ref for (each, _), ref in self.accounts.items() if each == connection)

    def bank(self, connection: ConnectionId) -> frozenset[Ref]:
        """The bank accounts that a connection reads the statements of."""
        return frozenset(ref for (each, _), ref in self.banks.items() if each == connection)

    def every_clearing(self) -> frozenset[Ref]:
        """Those of all of them."""
        return frozenset(self.accounts.values())

    def of_role(self, role: AccountRole) -> frozenset[Ref]:
        """The books' accounts of a role."""
        snapshot = self.snapshot
        return frozenset(ref for ref, each in snapshot.accounts.items() if snapshot.in_books(ref) and each.role is role)

    def processors(self) -> tuple[ConnectionId, ...]:
        """Every connection that has a ledger or payments, keeps no books and is no bank."""
        snapshot = self.snapshot
        refs = (*snapshot.payments, *snapshot.payouts, *snapshot.balance_entries)
        reading = banks(snapshot)
        return tuple(
            sorted({ref.connection for ref in refs if not snapshot.in_books(ref) and ref.connection not in reading})
        )


class Posted:
    """Each processor's payments beside the entries of the books that stand for them."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.names = Names(ground.snapshot)
        self.payers = Payers(ground.snapshot)
        self._banked = _banked(ground.snapshot)
        self.made_whole = frozenset(
            mark.about for _, payment in living(ground.snapshot) for mark in payment.stamps if mark.about is not None
        )
        """The entries of other hands to which an entry of ours added what they were posted without."""
        self.held = self._find_held()
        self.pairs = {each: self._pairs(each) for each in ground.processors()}
        self.pairs |= {each: self._at_the_bank(each) for each in sorted(banks(ground.snapshot))}
        netted = [pair for pairs in self.pairs.values() for pair in _netted(ground.snapshot, pairs)]
        self.netted = {ref: held for held, ref in netted if held.ref not in self.made_whole}
        """The entries that stand at the net of a processor's payment."""

    @property
    def first(self) -> dict[Ref, Held]:
        """The entry of each processor's payment that the books hold."""
        return {ref: held for pairs in self.pairs.values() for ref, held in pairs.first.items()}

    def is_banked(self, payment: Ref) -> bool:
        """Whether a deposit of the books holds a payment."""
        return payment in self._banked

    def _pairs(self, connection: ConnectionId) -> Paired:
        clearing = self.ground.clearing(connection)
        known = [
            Known(ref, each.gross, each.received_on, self.payers.of(each))
            for ref, each in self.ground.snapshot.payments.items()
            if ref.connection == connection and each.is_cash and not each.elsewhere and each.state not in NO_MONEY
        ]
        mine = [
            held
            for held, into in self.held
            if (held.named.connection == connection if held.named is not None else into in clearing)
        ]
        return paired(known, mine, NEAR_DAYS)

    def _at_the_bank(self, connection: ConnectionId) -> Paired:
        """Money that a bank shows, beside whatever the books brought to that account by another hand: a payment, or
        a deposit of several, or any other entry. There only sum and day can tell, and what is ours is known by name."""
        snapshot, own = self.ground.snapshot, self.ground.bank(connection)
        payouts = arrivals(snapshot).payouts
        known = [
            Known(ref, each.gross, each.received_on, self.payers.of(each))
            for ref, each in snapshot.payments.items()
            if ref.connection == connection and each.state not in NO_MONEY and ref not in payouts
        ]
        mine = [held for held, into in self.held if held.named is not None and held.named.connection == connection]
        mine += [held for held, into in self.held if held.named is None and into in own]
        known_refs = {held.ref for held in mine}
        mine += [
            Held(ref, deposit.total, deposit.on)
            for ref, deposit in snapshot.deposits.items()
            if snapshot.in_books(ref) and deposit.into in own and not deposit.stamps and ref not in known_refs
        ]
        mine += [
            Held(ref, entry.amount, entry.on)
            for ref, entry in snapshot.book_entries.items()
            if snapshot.in_books(ref) and entry.paid_to in own and not entry.stamps and ref not in known_refs
        ]
        return paired(known, mine, NEAR_DAYS)

    def _find_held(self) -> list[tuple[Held, Ref | None]]:
        """Every entry that brings a payment in, with the account it brings it to."""
        snapshot = self.ground.snapshot
        found: list[tuple[Held, Ref | None]] = []
        for ref, payment in living(snapshot):
            named = self._named(self.names.of(payment.stamps, payment.reference, payment.memo))
            held = Held(
                ref,
                payment.gross,
                payment.received_on,
                named,
                snapshot.survivor(payment.customer),
                ours=bool(payment.stamps),
                settles=not payment.unapplied,
            )
            found.append((held, payment.into))
        clearing = self.ground.every_clearing()
        for ref, entry in snapshot.book_entries.items():
            sale = snapshot.in_books(ref) and not entry.stamps and not entry.moves and entry.paid_from is None
            if sale and entry.paid_to is not None and entry.amount:
                named = self._named(self.names.of((), entry.memo))
                if named is not None or entry.paid_to in clearing:
                    found.append((Held(ref, entry.amount, entry.on, named), entry.paid_to))
        for ref, deposit in snapshot.deposits.items():
            if snapshot.in_books(ref) and not deposit.stamps and not any(line.payment for line in deposit.lines):
                named = self._named(self.names.of((), deposit.memo))
                if named is not None:
                    found.append((Held(ref, deposit.total, deposit.on, named), deposit.into))
        return found

    def _named(self, refs: Iterable[Ref]) -> Ref | None:
        """The one payment that is named; of several nobody knows which is meant."""
        found = [ref for ref in refs if ref.kind is Kind.PAYMENT]
        return found[0] if len(found) == 1 else None


def living(snapshot: Snapshot) -> Iterator[tuple[Ref, Payment]]:
    """The payments of the books that are money and not void."""
    for ref, payment in snapshot.payments.items():
        if snapshot.in_books(ref) and payment.is_cash and payment.state not in NO_MONEY:
            yield ref, payment


def _banked(snapshot: Snapshot) -> frozenset[Ref]:
    return frozenset(
        line.payment
        for ref, deposit in snapshot.deposits.items()
        if snapshot.in_books(ref)
        for line in deposit.lines
        if line.payment is not None
    )


def payments_wrong(posted: Posted) -> Iterator[Row]:
    """Payments of the books that stand there twice."""
    named = {held.ref for held in posted.netted.values()}
    for connection, pairs in sorted(posted.pairs.items()):
        for row in (*_again(connection, pairs), *_over(posted, connection, pairs)):
            named.update(row.finding.refs[:1])
            yield row
    yield from _by_hand(posted, named)


def _again(connection: ConnectionId, pairs: Paired) -> Iterator[Row]:
    for extra, kept in pairs.again:
        named = extra.named.vendor_id if extra.named is not None else ""
        yield _twice(extra, kept, f"both are {connection}'s payment {named}")


def _over(posted: Posted, connection: ConnectionId, pairs: Paired) -> Iterator[Row]:
    """On the clearing account stands one more than the processor has."""
    same = defaultdict(list)
    for each in pairs.first.values():
        same[each.who, each.amount].append(each)
    net = {entry.ref for entry in posted.netted.values()}
    for extra in pairs.over:
        twins = [each for each in same[extra.who, extra.amount] if _near(each.on, extra.on)]
        if twins and extra.ref not in net and extra.named is None:
            count = f"the books hold {len(twins) + 1} of that customer and sum, {connection} knows {len(twins)}"
            yield _twice(extra, twins[0], count)


def _twice(extra: Held, kept: Held, why: str) -> Row:
    return Row(
        Finding(
            code=FindingCode.POSTED_TWICE,
            sentence=f"{told(extra)} of {extra.on} repeats {told(kept, bare=True)} of {kept.on}: {why}.",
            next_step=_TAKE_BACK.format(it=called(extra.ref)),
            refs=(extra.ref, kept.ref),
            amount=extra.amount,
        ),
        extra.on,
    )


def _netted(seen: Snapshot, pairs: Paired) -> Iterator[tuple[Held, Ref]]:
    """Entries at the net of a processor's payment: those that name it, and those of its customer, or that leave exactly
    its fee open on the invoice they settle."""
    for ref, held in pairs.first.items():
        payment = seen.payments[ref]
        if payment.fee and payment.net == held.amount and held.amount != payment.gross:
            yield held, ref
    nets: dict[Money, list[Known]] = defaultdict(list)
    for known in pairs.left:
        net = seen.payments[known.ref].net
        if net is not None and net.currency == known.amount.currency and net.minor < known.amount.minor:
            nets[net].append(known)
    for held in pairs.over:
        near = [each for each in nets[held.amount] if _near(each.on, held.on)]
        sure = [each for each in near if (held.who is not None and each.who == held.who) or _leaves(seen, held, each)]
        if len(sure) == 1:
            nets[held.amount].remove(sure[0])
            yield held, sure[0].ref


def _leaves(seen: Snapshot, held: Held, known: Known) -> bool:
    """Whether an invoice that the entry settles was as much as the customer paid, and is open by the rest now."""
    payment = seen.payments.get(held.ref)
    invoices = [seen.invoices.get(each.target) for each in payment.allocations] if payment is not None else []
    rest = known.amount - held.amount
    return any(each is not None and (each.total, each.open) == (known.amount, rest) for each in invoices)


def posted_net(posted: Posted, fee_is_booked: Callable[[Ref], bool]) -> Iterator[Row]:
    """Payments that stand in the books at what was left of them, where their fee stands nowhere."""
    for ref, held in sorted(posted.netted.items()):
        if fee_is_booked(ref):
            continue
        payment = posted.ground.snapshot.payments[ref]
        fee = payment.gross - held.amount
        yield Row(
            Finding(
                code=FindingCode.POSTED_NET,
                sentence=f"{told(held)} of {held.on} is what {ref.connection} left of payment {ref.vendor_id}; the "
                f"customer paid {grouped(payment.gross)}, and the fee of {grouped(fee)} is nowhere.",
                next_step=f"Enter {called(held.ref)} at {grouped(payment.gross)}, and the fee as an expense out of the "
                "account it was paid to; else the customer seems to owe the fee.",
                refs=(held.ref, ref),
                amount=fee,
            ),
            held.on,
        )


def _by_hand(posted: Posted, named: set[Ref]) -> Iterator[Row]:
    """Payments that nothing outside is known of, and look like another one of their customer."""
    seen, clearing = posted.ground.snapshot, posted.ground.every_clearing()
    same: dict[tuple[Ref | None, Money], list[Held]] = defaultdict(list)
    taken = {held.ref for held in posted.first.values()}
    for held, into in sorted(posted.held, key=lambda pair: (pair[0].ref not in taken, pair[0].on, pair[0].ref)):
        if held.ref not in seen.payments or held.ref in named:
            continue
        others = same[held.who, held.amount]
        if held.ref not in taken and held.named is None and into not in clearing:
            twin = next((each for each in others if _near(each.on, held.on)), None)
            row = _alike(posted, held, twin) if twin is not None else None
            if row is not None:
                yield row
                continue
        others.append(held)


def _alike(posted: Posted, held: Held, twin: Held) -> Row | None:
    """What there is to say of two equal payments of one customer: that they are one, that a person should look, or
    nothing, where both have settled something of their own."""
    seen = posted.ground.snapshot
    one, other = seen.payments[held.ref], seen.payments[twin.ref]
    if held.settles and posted.is_banked(held.ref):
        return None
    whole = held.settles and twin.settles
    number = (one.reference or "").strip().casefold()
    same = bool(number) and number == (other.reference or "").strip().casefold() and any(map(str.isdigit, number))
    if same and not whole:
        return _twice(held, twin, f"both have the number {one.reference}, and one of them settles nothing or less")
    if whole and not same:
        return None
    why = "with the same number" if same else "and not all of the two settles something"
    return Row(
        Finding(
            code=FindingCode.PERHAPS_TWICE,
            sentence=f"{told(held)} of {held.on} looks like {told(twin, bare=True)} of {twin.on}: one customer, one "
            f"sum, {why}.",
            next_step=f"Ask whether the customer paid twice. {_TAKE_BACK.format(it=called(held.ref))}",
            refs=(held.ref, twin.ref),
            amount=held.amount,
        ),
        held.on,
    )


def _near(one: BusinessDate, other: BusinessDate) -> bool:
    return abs((one - other).days) <= NEAR_DAYS


_WORDS = {Kind.PAYMENT: "payment", Kind.DEPOSIT: "deposit", Kind.BOOK_ENTRY: "entry"}


def called(ref: Ref) -> str:
    """An entry of the books in words."""
    return f"{_WORDS.get(ref.kind, str(ref.kind))} {ref.vendor_id}"


def told(held: Held, *, bare: bool = False) -> str:
    """The same with its sum, as a sentence begins; `bare`: in the middle of one, without."""
    said = called(held.ref)
    return said if bare else f"{said[0].upper()}{said[1:]} of {grouped(held.amount)}"
