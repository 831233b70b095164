"""Payouts and fees beside what the books hold of them, whoever wrote it; a payout that the bank account has already.

A payout is booked once: out of the clearing account, or as a deposit of its payments. What the bank's feed or another
program put into the bank account beside that is the same money a second time, and what is there before is a reason not
to book it at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from connector.dates import day_of
from connector.model.finding import Finding, FindingCode
from connector.model.party import AccountRole
from connector.model.settlement import BookEntry, Deposit, EntryNature, PayoutState
from connector.model.source import ConnectionId, Kind, Ref
from connector.money import Money, grouped
from connector.reconcile.named import Names
from connector.reconcile.pairing import Held, Known, Paired, paired
from connector.reconcile.polluted import NEAR_DAYS, Posted, Row, called, told

PAYOUT_DAYS = 7
"""A payout is in the books no further from the day of its arrival than that."""


class Taken(NamedTuple):
    """What the books' bank accounts hold that may be a processor's payout. `out_of_clearing`: it is booked as one."""

    held: Held
    into: Ref
    out_of_clearing: bool


class PaidOut:
    """One processor's payouts beside what the bank accounts of the books hold."""

    def __init__(self, posted: Posted, connection: ConnectionId) -> None:
        self._ground, self._posted = posted.ground, posted
        self.connection = connection
        transit = posted.ground.transit
        self._clearing = posted.ground.clearing(connection) | {
            transit[each] for each in transit if each[0] == connection
        }
        every = posted.ground.every_clearing() | frozenset(transit.values())
        self._banks = posted.ground.of_role(AccountRole.BANK) - every
        self._own = {each.ref for each in posted.pairs[connection].first.values()}
        words = (str(connection), *posted.ground.words.get(connection, ()))
        self._words = tuple(word.casefold() for word in words)
        self.taken = {each.held.ref: each for each in self._find()}
        known = [
            Known(ref, payout.amount, payout.arrives_on)
            for ref, payout in posted.ground.snapshot.payouts.items()
            if ref.connection == connection and payout.state is not PayoutState.FAILED and payout.amount.minor > 0
        ]
        self.pairs: Paired = paired(known, [each.held for each in self.taken.values()], PAYOUT_DAYS)

    def _find(self) -> Iterator[Taken]:
        seen, names = self._ground.snapshot, self._posted.names
        for ref, entry in seen.book_entries.items():
            if seen.in_books(ref) and entry.amount:
                yield from self._entry(ref, entry, names)
        for ref, deposit in seen.deposits.items():
            if seen.in_books(ref) and deposit.into in self._banks and deposit.into is not None:
                yield from self._deposit(ref, deposit, names)

    def _entry(self, ref: Ref, entry: BookEntry, names: Names) -> Iterator[Taken]:
        named, foreign = self._named(names.of(entry.stamps, entry.memo))
        into, amount = entry.paid_to, entry.amount
        out = entry.paid_from in self._clearing
        if entry.moves:
            brought = [(account, each) for account, each in entry.moves if account in self._banks and each.minor > 0]
            out = any(account in self._clearing and each.minor < 0 for account, each in entry.moves)
            into, amount = brought[0] if len(brought) == 1 else (None, amount)
        if into is None or into not in self._banks or foreign:
            return
        if not out and named is None and (entry.paid_from in self._banks or entry.moves):
            return  # between bank accounts, or by hand against something else
        yield self._taken(Held(ref, amount, entry.on, named, ours=bool(entry.stamps)), into, entry.memo, out=out)

    def _deposit(self, ref: Ref, deposit: Deposit, names: Names) -> Iterator[Taken]:
        """A deposit of nothing but other people's payments is no payout, whatever its sum."""
        named, foreign = self._named(names.of(deposit.stamps, deposit.memo))
        members = {line.payment for line in deposit.lines if line.payment is not None}
        all_others = bool(members) and not members & self._own
        if deposit.into is None or foreign or (named is None and all_others):
            return
        out = bool(members & self._own)
        held = Held(ref, deposit.total, deposit.on, named, ours=bool(deposit.stamps))
        yield self._taken(held, deposit.into, deposit.memo, out=out)

    def _taken(self, held: Held, into: Ref, text: str | None, *, out: bool) -> Taken:
        says = held.named is not None or any(word in (text or "").casefold() for word in self._words)
        return Taken(held._replace(weak=not (says or out)), into, out)

    def _named(self, refs: tuple[Ref, ...]) -> tuple[Ref | None, bool]:
        """The payout that an entry names, and whether it names something else instead."""
        payouts = [ref for ref in refs if ref.kind is Kind.PAYOUT and ref.connection == self.connection]
        held = self._ground.snapshot.payouts.get(payouts[0]) if len(payouts) == 1 else None
        if len(payouts) == 1 and (held is None or held.state is not PayoutState.FAILED):
            return payouts[0], False
        return None, bool(refs)

    def wrong(self) -> Iterator[Row]:
        """Payouts that the books hold twice."""
        seen = self._ground.snapshot
        for extra, kept in self.pairs.again:
            yield self._twice(extra, kept, f"both name payout {extra.named.vendor_id if extra.named else ''}")
        known = {ref: seen.payouts[ref] for ref in self.pairs.first}
        for extra in self.pairs.over:
            twins = [
                (ref, self.pairs.first[ref])
                for ref, payout in known.items()
                if payout.amount == extra.amount and abs((payout.arrives_on - extra.on).days) <= PAYOUT_DAYS
            ]
            if twins:
                ref, kept = min(twins, key=lambda pair: abs((pair[1].on - extra.on).days))
                why = f"{self.connection} made one payout of that sum then, {ref.vendor_id}"
                yield self._feed(extra, kept, why) if extra.weak else self._twice(extra, kept, why)

    def elsewhere(self) -> Iterator[tuple[Ref, Taken]]:
        """Payouts that a bank account has and no clearing account gave, by no hand of ours."""
        for ref, held in sorted(self.pairs.first.items()):
            taken = self.taken[held.ref]
            if not held.ours and not taken.out_of_clearing:
                yield ref, taken

    def _twice(self, extra: Held, kept: Held, why: str) -> Row:
        return Row(
            Finding(
                code=FindingCode.PAYOUT_TWICE,
                sentence=f"{told(extra)} brings the payout of {told(kept, bare=True)} into the bank account a second "
                f"time: {why}.",
                next_step=f"Compare with the bank's statement; if it shows one, delete {called(extra.ref)} and sync.",
                refs=(extra.ref, kept.ref),
                amount=extra.amount,
            ),
            extra.on,
        )

    def _feed(self, extra: Held, kept: Held, why: str) -> Row:
        return Row(
            Finding(
                code=FindingCode.BANK_FEED_TWIN,
                sentence=f"{told(extra)} may be the bank feed's own entry of what {told(kept, bare=True)} has "
                f"already: {why}. A feed adds the money that the bank shows, and does not look whether it is there.",
                next_step=f"In the bank feed, match that line to {called(kept.ref)} instead of adding it; then delete "
                f"{called(extra.ref)}. Leave it if the bank's statement shows the sum twice.",
                refs=(extra.ref, kept.ref),
                amount=extra.amount,
            ),
            extra.on,
        )


def in_the_bank(posted: Posted, payouts: PaidOut) -> Iterator[Row]:
    """Payouts that went into the bank account as money from elsewhere, while their payments stand on the clearing
    account: nothing ever takes them out of it."""
    seen = posted.ground.snapshot
    on_clearing = {held.ref for held in posted.first.values() if is_on_clearing(posted, held.ref)}
    for ref, taken in payouts.elsewhere():
        if not on_clearing & set(_members(posted, ref)):
            continue
        payout = seen.payouts[ref]
        yield Row(in_bank(ref, payout.amount, taken), taken.held.on, (posted.ground.as_of - taken.held.on).days)


def in_bank(ref: Ref, amount: Money, taken: Taken) -> Finding:
    """A payout that is not booked, because the bank account has it by another hand than ours."""
    moved = f"make {called(taken.held.ref)} a transfer from the clearing account, or"
    how, what = (
        ("was not posted from here", "")
        if taken.out_of_clearing
        else ("was not taken out of the clearing account", f"{moved} ")
    )
    return Finding(
        code=FindingCode.PAYOUT_IN_BANK,
        sentence=f"Payout {ref.vendor_id} of {grouped(amount)} is in the bank account already, as "
        f"{told(taken.held, bare=True)} of {taken.held.on}, which {how}.",
        next_step=f"If it is that payout, {what}leave it: receivables conflicts keep {ref.vendor_id} books. If not: "
        f"receivables conflicts keep {ref.vendor_id} processor",
        refs=(ref, taken.held.ref),
        amount=amount,
    )


def is_on_clearing(posted: Posted, ref: Ref) -> bool:
    """Whether an entry brings its money to a clearing account."""
    seen, clearing = posted.ground.snapshot, posted.ground.every_clearing()
    if ref in seen.payments:
        return seen.payments[ref].into in clearing
    return ref in seen.book_entries and seen.book_entries[ref].paid_to in clearing


def _members(posted: Posted, payout: Ref) -> Iterator[Ref]:
    """The entries of the books that stand for what a payout carried; all of its processor's where nobody says."""
    seen, first = posted.ground.snapshot, posted.pairs[payout.connection].first
    entries = seen.payouts[payout].entries
    if entries is None:
        yield from (held.ref for held in first.values())
    for ref in entries or ():
        about = seen.balance_entries[ref].about if ref in seen.balance_entries else None
        if about in first:
            yield first[about].ref


class Fees:
    """One processor's fees beside the expenses out of its clearing account."""

    def __init__(self, posted: Posted, connection: ConnectionId) -> None:
        self._posted = posted
        self.connection = connection
        self._clearing = posted.ground.clearing(connection)
        self.pairs = paired(self._known(), self._held(), NEAR_DAYS) if self._clearing else Paired()

    def _known(self) -> Iterator[Known]:
        seen = self._posted.ground.snapshot
        for ref, payment in seen.payments.items():
            if ref.connection == self.connection and payment.fee and payment.fee.minor > 0:
                yield Known(ref, payment.fee, payment.received_on)
        for ref, line in seen.balance_entries.items():
            if ref.connection == self.connection and line.nature is not EntryNature.PAYMENT:
                cost = line.fee if line.fee.minor > 0 else -line.gross
                if cost.minor > 0 and (line.fee.minor > 0 or line.nature in (EntryNature.FEE, EntryNature.ADJUSTMENT)):
                    yield Known(ref, cost, day_of(line.created, self._posted.ground.zone))

    def _held(self) -> Iterator[Held]:
        seen, banks = self._posted.ground.snapshot, self._posted.ground.of_role(AccountRole.BANK)
        for ref, entry in seen.book_entries.items():
            spent = seen.in_books(ref) and entry.paid_from in self._clearing and entry.paid_to not in banks
            if spent and entry.amount:
                refs = [each for each in self._posted.names.of(entry.stamps, entry.memo) if each.kind in _FEE_KINDS]
                named = refs[0] if len(refs) == 1 else None
                yield Held(ref, entry.amount, entry.on, named, ours=bool(entry.stamps))

    def wrong(self) -> Iterator[Row]:
        """Fees that the books hold twice: by two expenses, or by one beside a payment that was posted net."""
        for extra, kept in self.pairs.again:
            yield _fee_twice(extra, kept.ref, told(kept, bare=True), "both are of the same payment")
        for extra in self.pairs.over:
            twins = [
                kept
                for kept in self.pairs.first.values()
                if kept.amount == extra.amount and abs((kept.on - extra.on).days) <= NEAR_DAYS
            ]
            if twins and extra.named is None:
                count = f"{self.connection} took {len(twins)} of that sum"
                yield _fee_twice(extra, twins[0].ref, told(twins[0], bare=True), count)
        for ref, entry in sorted(self._posted.netted.items()):
            if ref in self.pairs.first:
                why = f"the payment is posted at {grouped(entry.amount)}, which is less the fee already"
                yield _fee_twice(self.pairs.first[ref], None, called(entry.ref), why)


_FEE_KINDS = (Kind.PAYMENT, Kind.BALANCE_ENTRY, Kind.DISPUTE)


def _fee_twice(extra: Held, twin: Ref | None, kept: str, why: str) -> Row:
    return Row(
        Finding(
            code=FindingCode.FEE_TWICE,
            sentence=f"{told(extra)} of {extra.on} takes a fee a second time beside {kept}: {why}.",
            next_step=f"If the processor's statement shows it once, delete {called(extra.ref)} and sync.",
            refs=(extra.ref,) if twin is None else (extra.ref, twin),
            amount=extra.amount,
        ),
        extra.on,
    )
