"""Money that stays where it should only pass: on a clearing account, among undeposited funds, unapplied; and how long.

What a processor sends through a clearing account leaves nothing there but what the processor still holds. An entry that
no line of the processor stands behind, a payout that nobody took out and a fee that nobody took out each leave a rest
for good. The rest is counted from the entries that do not pair, so that money which is merely not posted yet is none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from connector.dates import BusinessDate, day_of, days_between
from connector.model.finding import Finding, FindingCode
from connector.model.intent import IntentKind
from connector.model.money_in import PaymentState
from connector.model.party import AccountRole
from connector.model.settlement import BookEntry
from connector.model.source import ConnectionId, Kind, Ref
from connector.money import Currency, Money, grouped, total
from connector.reconcile.banked import Fees, PaidOut, is_on_clearing
from connector.reconcile.booked import standing
from connector.reconcile.polluted import Posted, Row, called, living
from connector.reconcile.snapshot import Snapshot

STUCK_DAYS = 14
"""A payout or fee that is missing so long is not on its way any more."""
UNDEPOSITED_DAYS = 30
"""Money on hand is taken to the bank within that."""
NAMED_MAX = 5
Part = tuple[BusinessDate, Ref, Money]
"""What leaves a rest: since when, which record, how much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Residue:
    """What stood on the clearing accounts of one purse at the end of a day, and nobody can say why."""

    connection: ConnectionId
    on: BusinessDate
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Waited:
    """How long money of one currency that others posted waited between its coming and its posting."""

    payments: int
    amount: Money
    days: int
    longest: int


class Rest:
    """What is left on one processor's clearing accounts: per day and currency, and the records that leave it.
    `told` are entries of which something else was said already."""

    def __init__(self, posted: Posted, payouts: PaidOut, fees: Fees, told: Collection[Ref]) -> None:
        self._posted, self._connection = posted, payouts.connection
        connection = payouts.connection
        self._seen = posted.ground.snapshot
        self._clearing = posted.ground.clearing(connection)
        self._as_of = posted.ground.as_of
        known = [*posted.first.values(), *payouts.pairs.first.values(), *fees.pairs.first.values()]
        self._sound = {held.ref for held in known} | {held.ref for held in posted.netted.values()} | set(told)
        self.parts = sorted([*self._strange(), *self._missing(payouts, fees, told)] if self._clearing else [])

    def _strange(self) -> Iterator[Part]:
        """Entries on the clearing account behind which nothing stands. What carries our stamp is proved elsewhere."""
        for ref, on, amount in on_accounts(self._seen, self._clearing):
            if ref not in self._sound:
                yield on, ref, amount

    def _missing(self, payouts: PaidOut, fees: Fees, told: Collection[Ref]) -> Iterator[Part]:
        """Payouts and fees of payments that stand there, which nobody has taken out."""
        there = {ref for ref, held in self._posted.first.items() if is_on_clearing(self._posted, held.ref)}
        done = {about for kind, about in standing(self._seen) if kind is not IntentKind.PAYMENT}
        done |= {ref for ref, payout in self._seen.payouts.items() if payout.entry in done}
        for known in payouts.pairs.left:
            entries = self._seen.payouts[known.ref].entries
            lines = (self._seen.balance_entries.get(each) for each in entries or ())
            carried = {line.about for line in lines if line is not None} if entries is not None else there
            if carried & there and not {known.ref} & {*told, *done} and self._is_old(known.on):
                yield known.on, known.ref, known.amount
        for known in fees.pairs.left:
            if known.ref in there - self._posted.netted.keys() - done and self._is_old(known.on):
                yield known.on, known.ref, known.amount

    def _is_old(self, on: BusinessDate) -> bool:
        return days_between(on, self._as_of) > STUCK_DAYS

    def days(self) -> Iterator[Residue]:
        """The rest at the end of each day on which it changed."""
        sums: dict[Currency, int] = defaultdict(int)
        for place, (on, _, amount) in enumerate(self.parts):
            sums[amount.currency] += amount.minor
            after = self.parts[place + 1] if place + 1 < len(self.parts) else None
            if after is None or after[0] != on:
                for code in sorted(sums):
                    yield Residue(connection=self._connection, on=on, amount=Money(sums[code], code))

    def wrong(self) -> Iterator[Row]:
        """One row a currency."""
        for code in sorted({amount.currency for _, _, amount in self.parts}):
            parts = [part for part in self.parts if part[2].currency == code]
            rest, first = total((amount for _, _, amount in parts), code), parts[0][0]
            named = ", ".join(f"{_what(ref)} ({grouped(amount)})" for _, ref, amount in parts[:NAMED_MAX])
            more = f" and {len(parts) - NAMED_MAX} more" if len(parts) > NAMED_MAX else ""
            age = days_between(first, self._as_of)
            yield Row(
                Finding(
                    code=FindingCode.NOT_CLEARING,
                    sentence=f"{grouped(rest)} stays on the clearing account of {self._connection} beside what "
                    f"{self._connection} holds, since {first} ({age} days): {named}{more}.",
                    next_step="Look at each beside the processor's statement: a payout or fee that nobody took out is "
                    "booked out of the clearing account; an entry that nothing stands behind is deleted, or moved to "
                    "where it belongs.",
                    refs=tuple(ref for _, ref, _ in parts),
                    amount=rest,
                ),
                first,
                age,
            )


def _what(ref: Ref) -> str:
    words = {Kind.PAYOUT: "payout", Kind.BALANCE_ENTRY: "line"}
    if ref.kind in words:
        return f"{words[ref.kind]} {ref.vendor_id}"
    return called(ref)


def on_accounts(seen: Snapshot, accounts: Collection[Ref]) -> Iterator[tuple[Ref, BusinessDate, Money]]:
    """Everything of the books without our stamp that moves these accounts: what, when, how much."""
    for ref, payment in living(seen):
        if payment.into in accounts and not payment.stamps:
            yield ref, payment.received_on, payment.changed_into or payment.gross
    for ref, entry in seen.book_entries.items():
        if seen.in_books(ref) and not entry.stamps:
            yield from ((ref, entry.on, amount) for amount in _moved(entry, accounts) if amount)
    for ref, deposit in seen.deposits.items():
        if seen.in_books(ref) and not deposit.stamps and deposit.into in accounts:
            yield ref, deposit.on, deposit.total


def _moved(entry: BookEntry, accounts: Collection[Ref]) -> Iterator[Money]:
    yield from (amount for account, amount in entry.moves if account in accounts)
    if entry.paid_to in accounts:
        yield entry.amount
    if entry.paid_from in accounts:
        yield -entry.amount


def undeposited(posted: Posted, told: Collection[Ref]) -> Iterator[Row]:
    """Money on hand that nobody has taken to the bank for long: the account that holds it only grows."""
    seen, as_of = posted.ground.snapshot, posted.ground.as_of
    holding = posted.ground.of_role(AccountRole.UNDEPOSITED)
    waiting: dict[Currency, list[tuple[BusinessDate, Ref, Money]]] = defaultdict(list)
    for ref, payment in living(seen):
        on_hand = payment.into is None or payment.into in holding
        if on_hand and ref not in told and not posted.is_banked(ref):
            waiting[payment.gross.currency].append((payment.received_on, ref, payment.gross))
    for code, parts in sorted(waiting.items()):
        old = sorted(part for part in parts if days_between(part[0], as_of) > UNDEPOSITED_DAYS)
        if not old:
            continue
        amount, age = total((each for _, _, each in old), code), days_between(old[0][0], as_of)
        yield Row(
            Finding(
                code=FindingCode.UNDEPOSITED_GROWS,
                sentence=f"{grouped(amount)} of {len(old)} payments is among undeposited funds for more "
                f"than {UNDEPOSITED_DAYS} days, the oldest for {age}: no deposit ever took it to a bank account.",
                next_step="If the bank has it, record the deposits in the books, with these payments in them; a "
                "deposit that was entered straight as income is the same money a second time.",
                refs=tuple(ref for _, ref, _ in old),
                amount=amount,
            ),
            old[0][0],
            age,
        )


def waited(posted: Posted, start: BusinessDate, end: BusinessDate) -> Iterator[Waited]:
    """Per currency, how long the processors' payments of a period waited until somebody posted them; what stands
    nowhere yet waits until the last day."""
    seen, zone = posted.ground.snapshot, posted.ground.zone
    first = {**posted.first, **posted.netted}
    days: dict[Currency, list[tuple[int, Money]]] = defaultdict(list)
    for pairs in posted.pairs.values():
        for ref in (*pairs.first, *(known.ref for known in pairs.left)):
            payment, held = seen.payments[ref], first.get(ref)
            entry = seen.payments.get(held.ref) if held is not None else None
            if not start <= payment.received_on <= end or (held is not None and held.ours):
                continue
            if held is None and payment.state is not PaymentState.SUCCEEDED:
                continue
            made = entry.created if entry is not None else None
            on = day_of(made, zone) if made is not None else held.on if held is not None else end
            days[payment.gross.currency].append((max(days_between(payment.received_on, on), 0), payment.gross))
    for code, each in sorted(days.items()):
        yield Waited(
            payments=len(each),
            amount=total((amount for _, amount in each), code),
            days=sum(count for count, _ in each),
            longest=max(count for count, _ in each),
        )
