"""The running balance of a processor: which lines were ready when a payout went, and which of them none holds.

What a processor does not say of a payout asked for by hand can sometimes be told: money leaves in the order in which it
became available, so the balance is cut by what was taken (`cuts`, as for payouts in files). That is a proposal. And
what was ready long before an automatic payout went, and is in none, was left behind: a payout before it is missing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise

from connector.dates import Instant, epoch_seconds, instant_from_epoch
from connector.model.settlement import BalanceEntry, EntryNature, Membership, Payout, PayoutMade
from connector.model.source import ConnectionId, Ref
from connector.money import Currency, Money, grouped
from connector.reconcile.cuts import Came, Cut, Taken, cuts
from connector.reconcile.snapshot import Snapshot

CYCLE_MIN = timedelta(days=1)
"""No schedule is quicker. A line may wait for the next payout; one that waited longer was left behind."""

_NEVER_PAID_OUT = frozenset(
    {EntryNature.PAYOUT, EntryNature.RESERVE, EntryNature.HELD, EntryNature.SPENDING, EntryNature.FINANCING}
)
"""Natures that say nothing about a gap: money out, and money that may rest in another compartment of the balance."""

_EARLIEST = instant_from_epoch(0)

Purse = tuple[ConnectionId, Currency]
Ready = tuple[Instant, Instant, Ref]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What the running balance makes of a payout: its lines if the sum fits once, else none and the reason. `ready` are
    the lines that became available since the payout before it, whatever they come to."""

    entries: tuple[Ref, ...]
    sentence: str
    ready: tuple[Ref, ...] = ()

    @property
    def fits(self) -> bool:
        return bool(self.entries)


class Running:
    """The lines of each purse in the order in which they became available, beside the payouts in theirs."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._holders: dict[Ref, list[Ref]] = defaultdict(list)
        self._payouts: dict[Purse, list[Ref]] = defaultdict(list)
        for ref, payout in snapshot.payouts.items():
            self._payouts[ref.connection, payout.amount.currency].append(ref)
            for member in payout.entries or ():
                self._holders[member].append(ref)
        self._loose: dict[Purse, list[Ready]] = defaultdict(list)
        for ref, entry in snapshot.balance_entries.items():
            if entry.nature is not EntryNature.PAYOUT and ref not in self._holders:
                ready = (entry.available_at or entry.created, entry.created, ref)
                self._loose[ref.connection, entry.net.currency].append(ready)
        for loose in self._loose.values():
            loose.sort()
        self._proposals: dict[Ref, Proposal] = {}
        for purse, payouts in self._payouts.items():
            payouts.sort(key=lambda ref: (self._went(ref), ref))
            self._walk(purse, payouts)
            self._tell_ready(purse, payouts)

    def holders(self, entry: Ref) -> tuple[Ref, ...]:
        """The payouts that name a line."""
        return tuple(self._holders.get(entry, ()))

    def proposed(self, payout: Ref) -> Proposal | None:
        """What the running balance makes of a payout whose members the processor never says."""
        return self._proposals.get(payout)

    def left_behind(self) -> Iterator[tuple[Ref, tuple[Ref, ...]]]:
        """Per automatic payout, what was ready longer before it than the schedule takes, and no payout holds or could
        hold. Nothing while it is open what an earlier payout of the same purse consists of."""
        for purse, payouts in sorted(self._payouts.items()):
            on_schedule = [ref for ref in payouts if self._of(ref).membership is Membership.COMPLETE]
            proposed = {entry for ref in payouts if ref in self._proposals for entry in self._proposals[ref].entries}
            cycle = self._cycle(on_schedule)
            waiting = [
                (ready, ref)
                for ready, _, ref in self._loose[purse]
                if ref not in proposed and self._entry(ref).nature not in _NEVER_PAID_OUT
            ]
            for payout in on_schedule:
                went = self._went(payout)
                if any(self._undecided(each) and self._went(each) <= went for each in payouts):
                    break
                late = [pair for pair in waiting if went - pair[0] > cycle]
                waiting = waiting[len(late) :]
                if late:
                    yield payout, tuple(ref for _, ref in late)

    def _undecided(self, ref: Ref) -> bool:
        """Whether it may hold lines, and nobody says which."""
        payout, proposal = self._of(ref), self._proposals.get(ref)
        takes = payout.entries is None and payout.reverses is None and self._inside(payout) is None
        return takes and not (proposal is not None and proposal.fits)

    def _inside(self, payout: Payout) -> Ref | None:
        """The payout that counts this one's own line among its members: then it took an amount, and no lines."""
        return next(iter(self._holders.get(payout.entry, ())), None) if payout.entry is not None else None

    def _cycle(self, on_schedule: list[Ref]) -> timedelta:
        """How long the schedule may leave a line waiting: the middle one of the spaces between its payouts, the lower
        of two, because a gap makes spaces wider."""
        went = [self._went(ref) for ref in on_schedule]
        spaces = sorted(later - sooner for sooner, later in pairwise(went))
        return max(CYCLE_MIN, spaces[(len(spaces) - 1) // 2]) if spaces else CYCLE_MIN

    def _walk(self, purse: Purse, payouts: list[Ref]) -> None:
        """Each payout that nobody explains takes the lines between two cuts of the balance. What one whose members are
        still awaited takes nobody knows, so the telling ends there."""
        asked: list[Ref] = []
        awaited: Ref | None = None
        for ref in payouts:
            payout = self._of(ref)
            if payout.entries is not None or payout.reverses is not None:
                continue
            later = self._inside(payout)
            if payout.membership is Membership.NOT_YET:
                awaited = awaited or ref
            elif later is not None:
                said = f"It took an amount and no lines: payout {later.vendor_id} counts it among its own lines."
                self._proposals[ref] = Proposal(entries=(), sentence=said)
            elif awaited is not None:
                self._proposals[ref] = _untold(awaited)
            else:
                asked.append(ref)
        self._cut(purse, asked)

    def _cut(self, purse: Purse, asked: list[Ref]) -> None:
        loose = self._loose[purse]
        came = [
            Came(epoch_seconds(ready), epoch_seconds(made), self._entry(ref).net.minor) for ready, made, ref in loose
        ]
        takings = [
            Taken(
                epoch_seconds(self._went(ref)),
                self._taken(self._of(ref)).minor,
                at_once=self._of(ref).made is PayoutMade.INSTANT,
            )
            for ref in asked
        ]
        before: Ref | None = None
        for ref, taking, cut in zip(asked, takings, cuts(came, takings), strict=True):
            self._proposals[ref] = self._proposal(ref, taking, cut, before)
            before = None if cut.end is not None else ref

    def _tell_ready(self, purse: Purse, payouts: list[Ref]) -> None:
        """Beside each proposal, what came about since the payout before it."""
        loose, place = self._loose[purse], 0
        for ref in payouts:
            since, went = place, self._went(ref)
            while place < len(loose) and loose[place][0] <= went:
                place += 1
            if ref in self._proposals:
                ready = tuple(entry for _, _, entry in loose[since:place])
                self._proposals[ref] = replace(self._proposals[ref], ready=ready)

    def _proposal(self, ref: Ref, taking: Taken, cut: Cut, before: Ref | None) -> Proposal:
        payout = self._of(ref)
        loose = self._loose[ref.connection, payout.amount.currency]
        if cut.begin is None:
            return _untold(before or ref)
        if cut.end is None:
            moments = (made if taking.at_once else ready for ready, made, _ in loose[cut.begin :])
            count = sum(epoch_seconds(moment) <= taking.at for moment in moments)
            how = "at no place" if not cut.places else f"at {cut.places} places"
            return Proposal(
                entries=(), sentence=f"By the running balance its amount fits {how} in the {count} lines ready then."
            )
        entries = tuple(entry for _, _, entry in loose[cut.begin : cut.end])
        return Proposal(
            entries=entries,
            sentence=f"By the running balance it could be the {len(entries)} lines that were ready first: they "
            f"come to {grouped(self._taken(payout))}. That is a proposal, not what the processor says.",
        )

    def _taken(self, payout: Payout) -> Money:
        """What it took from the balance: its ledger line says, with what the processor charged for it."""
        own = self._snapshot.balance_entries.get(payout.entry) if payout.entry is not None else None
        return -own.net if own is not None and own.net.currency == payout.amount.currency else payout.amount

    def _of(self, ref: Ref) -> Payout:
        return self._snapshot.payouts[ref]

    def _entry(self, ref: Ref) -> BalanceEntry:
        return self._snapshot.balance_entries[ref]

    def _went(self, ref: Ref) -> Instant:
        """When it went: its ledger line says where the payout itself does not."""
        payout = self._of(ref)
        if payout.created is not None:
            return payout.created
        own = self._snapshot.balance_entries.get(payout.entry) if payout.entry is not None else None
        return own.created if own is not None else _EARLIEST


def _untold(before: Ref) -> Proposal:
    return Proposal(
        entries=(), sentence=f"Nor can it be told from the balance, because {before.vendor_id} before it is not."
    )
