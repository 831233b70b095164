"""Every payout explained, line by line, to the minor unit; or why it cannot be.

A processor says what an automatic payout consists of; then the nets of its lines add up to its amount, or it does not
tie and nothing is booked from it. What a person asked for by hand it never says: then the running balance may tell
(`running`), and what it tells is a proposal, never proof.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from connector.dates import BusinessDate
from connector.model.finding import Decision, Finding, FindingCode
from connector.model.intent import IntentKind
from connector.model.settlement import BalanceEntry, EntryNature, Membership, Payout, PayoutMade, PayoutState
from connector.model.source import Ref
from connector.money import Currency, Money, grouped, total, zero
from connector.reconcile.arrivals import arrivals
from connector.reconcile.booked import standing
from connector.reconcile.chains import Chains, Line
from connector.reconcile.running import Proposal, Running
from connector.reconcile.snapshot import Snapshot


class Verdict(StrEnum):
    """What can be said of a payout. Only one that ties may be booked as proven."""

    TIES = "ties"
    DOES_NOT_TIE = "does_not_tie"
    INCOMPLETE = "incomplete"
    NOT_YET = "not_yet"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """All lines of one nature, and what they come to."""

    nature: EntryNature
    gross: Money
    fee: Money
    net: Money
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One payout: what it consists of, whether that is its amount, and every reason why not.

    `difference` is the amount less what the lines come to. `own` is the payout's line in the processor's ledger, `back`
    the one by which it came back. `arrived` is the line of a bank's statement that is
    it. `missing` are lines that it names and that were not read.
    """

    payout: Ref
    amount: Money
    arrives_on: BusinessDate
    state: PayoutState
    made: PayoutMade
    verdict: Verdict
    parts: tuple[Part, ...]
    difference: Money
    reasons: tuple[str, ...] = ()
    missing: tuple[Ref, ...] = ()
    own: Line | None = None
    back: Line | None = None
    reverses: Ref | None = None
    reversed_by: Ref | None = None
    proposal: Proposal | None = None
    arrived: Ref | None = None

    @property
    def lines(self) -> tuple[Line, ...]:
        return tuple(line for part in self.parts for line in part.lines)


_NEVER_SAID = {
    PayoutMade.AUTOMATIC: "The processor says that it cannot tell what this payout consists of.",
    PayoutMade.MANUAL: "It was asked for by hand: the processor never says what such a payout consists of.",
    PayoutMade.INSTANT: "It was an instant payout: the processor never says what such a payout consists of.",
}


class Statements:
    """Explains the payouts of one snapshot; what they share is looked up once."""

    def __init__(self, snapshot: Snapshot, decisions: Iterable[Decision] = ()) -> None:
        self._snapshot = snapshot
        self._chains = Chains(snapshot, decisions)
        self._running = Running(snapshot)
        self._arrived = {of[0]: line for line, of in arrivals(snapshot).payouts.items() if len(of) == 1}

    def all(self) -> Iterator[Explanation]:
        """Every payout, the latest first."""
        ordered = sorted(self._snapshot.payouts.items(), key=lambda pair: (pair[1].arrives_on, pair[0]), reverse=True)
        return (self._explained(ref, payout) for ref, payout in ordered)

    def of(self, ref: Ref) -> Explanation | None:
        """One payout; None when it was never read."""
        payout = self._snapshot.payouts.get(ref)
        return self._explained(ref, payout) if payout is not None else None

    def _explained(self, ref: Ref, payout: Payout) -> Explanation:
        entries = self._snapshot.balance_entries
        lines = [self._chains.line(each, entries[each]) for each in payout.entries or () if each in entries]
        code = payout.amount.currency
        held = total((line.net for line in lines if line.net.currency == code), code)
        plain = Explanation(
            payout=ref,
            amount=payout.amount,
            arrives_on=payout.arrives_on,
            state=payout.state,
            made=payout.made,
            verdict=Verdict.TIES,
            parts=_parts(lines),
            difference=payout.amount - held,
            missing=tuple(each for each in payout.entries or () if each not in entries),
            own=self._line(payout.entry),
            back=self._line(payout.back),
            reverses=payout.reverses,
            reversed_by=payout.reversed_by,
            arrived=self._arrived.get(ref),
        )
        judged = self._judged(plain, payout)
        return replace(judged, reasons=(*judged.reasons, *self._came_back(ref, payout, judged)))

    def _line(self, ref: Ref | None) -> Line | None:
        entry = self._snapshot.balance_entries.get(ref) if ref is not None else None
        return self._chains.line(ref, entry) if ref is not None and entry is not None else None

    def _judged(self, plain: Explanation, payout: Payout) -> Explanation:
        if payout.entries is None:
            return self._unsaid(plain, payout)
        reasons = [f"Its line {each.vendor_id} was not read." for each in plain.missing]
        foreign = [line for line in plain.lines if line.net.currency != payout.amount.currency]
        reasons += [
            f"Its line {line.entry.vendor_id} is in {line.net.currency}, and it is in {payout.amount.currency}."
            for line in foreign
        ]
        reasons += [
            f"Its line {line.entry.vendor_id} has a net amount that is not its gross less its fee."
            for line in plain.lines
            if line.net.minor != line.gross.minor - line.fee.minor
        ]
        if plain.difference:
            reasons.append(
                f"It does not tie: it says {grouped(plain.amount)}, and its lines come to "
                f"{grouped(plain.amount - plain.difference)}, {grouped(plain.difference)} apart."
            )
        if plain.own is not None and plain.own.gross != -plain.amount:
            reasons.append(f"The ledger says {grouped(-plain.own.gross)} of it.")
        if plain.missing:
            return replace(plain, verdict=Verdict.INCOMPLETE, reasons=tuple(reasons))
        return replace(plain, verdict=Verdict.DOES_NOT_TIE if reasons else Verdict.TIES, reasons=tuple(reasons))

    def _unsaid(self, plain: Explanation, payout: Payout) -> Explanation:
        nothing = replace(plain, difference=zero(payout.amount.currency))
        undone = self._snapshot.payouts.get(payout.reverses) if payout.reverses is not None else None
        if undone is not None and payout.reverses is not None:
            if undone.amount == -payout.amount:
                said = f"It is payout {payout.reverses.vendor_id} sent back, whole."
                return replace(nothing, verdict=Verdict.TIES, reasons=(said,))
            off = payout.amount + undone.amount
            said = (
                f"It sends back payout {payout.reverses.vendor_id} of {grouped(undone.amount)}: {grouped(off)} apart."
            )
            return replace(nothing, verdict=Verdict.DOES_NOT_TIE, difference=off, reasons=(said,))
        if payout.membership is Membership.NOT_YET:
            said = "The processor has not yet said what it consists of; it will, and the next sync asks again."
            return replace(nothing, verdict=Verdict.NOT_YET, reasons=(said,))
        proposal = self._running.proposed(plain.payout)
        return replace(
            nothing,
            verdict=Verdict.NEVER,
            reasons=(_NEVER_SAID[payout.made], *((proposal.sentence,) if proposal is not None else ())),
            proposal=proposal,
        )

    def _came_back(self, ref: Ref, payout: Payout, judged: Explanation) -> Iterator[str]:
        """What became of it afterwards, in words."""
        if payout.reversed_by is not None:
            yield f"It was sent back by payout {payout.reversed_by.vendor_id}."
        if payout.state is not PayoutState.FAILED:
            return
        why = f" ({payout.failure.rstrip('.')})" if payout.failure else ""
        if judged.back is None:
            said = "is not read yet" if payout.back is not None else "is not there yet"
            yield f"It failed{why}; the ledger's line by which the money comes back {said}."
            return
        back = judged.back
        holder = next((each for each in self._running.holders(back.entry) if each != ref), None)
        into = f", and went out again with payout {holder.vendor_id}" if holder is not None else ""
        yield f"It failed{why}: {grouped(back.net)} came back by line {back.entry.vendor_id}{into}."
        if judged.own is not None and judged.own.gross + back.gross:
            yield f"What went out and what came back differ by {grouped(judged.own.gross + back.gross)}."


def explain(snapshot: Snapshot, payout: Ref) -> Explanation | None:
    """One payout of a snapshot, explained. For many of them, `Statements` looks things up once."""
    return Statements(snapshot).of(payout)


def gaps(snapshot: Snapshot) -> tuple[Finding, ...]:
    """Money that should have been paid out and no payout holds, and payouts the ledger knows and we do not."""
    return (*_unread(snapshot), *_left_behind(snapshot))


def came_back(snapshot: Snapshot) -> tuple[Finding, ...]:
    """Payouts that the books hold at the bank, and that failed: the bank does not have that money. Until the entry by
    which they came back stands beside them."""
    held = standing(snapshot)
    return tuple(
        Finding(
            code=FindingCode.PAYOUT_FAILED,
            sentence=f"Payout {ref.vendor_id} of {grouped(payout.amount)} is in the books and came back: the bank does "
            "not have it.",
            next_step="`receivables plan` books that it came back, or says why not; a later one takes it along.",
            refs=(ref,),
            amount=payout.amount,
        )
        for ref, payout in snapshot.payouts.items()
        if payout.state is PayoutState.FAILED
        and ((IntentKind.TRANSFER, ref) in held or (IntentKind.DEPOSIT, ref) in held)
        and (payout.back is None or (IntentKind.JOURNAL, payout.back) not in held)
    )


def _unread(snapshot: Snapshot) -> Iterator[Finding]:
    """The ledger's own lines name every payout, also one that no list brought."""
    for ref, entry in snapshot.balance_entries.items():
        about = entry.about
        if entry.nature is EntryNature.PAYOUT and about is not None and about not in snapshot.payouts:
            yield Finding(
                code=FindingCode.PAYOUT_GAP,
                sentence=f"The ledger of {ref.connection} has payout {about.vendor_id} of {grouped(-entry.gross)}, "
                "which was not read.",
                next_step=f"Read everything once more: receivables sync {ref.connection} --again",
                refs=(about, ref),
                amount=-entry.gross,
            )


def _left_behind(snapshot: Snapshot) -> Iterator[Finding]:
    for payout, entries in Running(snapshot).left_behind():
        held = [snapshot.balance_entries[each] for each in entries]
        amount = _sum(held)
        named = ", ".join(each.vendor_id for each in entries[:3]) + (" and others" if len(entries) > 3 else "")  # noqa: PLR2004
        ready = (
            f"{len(entries)} lines of {grouped(amount)} together were"
            if len(entries) > 1
            else f"a line of {grouped(amount)} was"
        )
        yield Finding(
            code=FindingCode.PAYOUT_GAP,
            sentence=f"Before payout {payout.vendor_id}, {ready} ready to be paid out ({named}), and no payout holds "
            f"{'them' if len(entries) > 1 else 'it'}.",
            next_step="A payout before it is missing. Read everything once more (receivables sync "
            f"{payout.connection} --again); if it stays, look for a payout of that amount at the processor.",
            refs=(payout, *entries),
            amount=amount,
        )


def _sum(entries: list[BalanceEntry]) -> Money:
    return total((entry.net for entry in entries), entries[0].net.currency)


def _parts(lines: list[Line]) -> tuple[Part, ...]:
    """By nature, and by currency where a line is in another than it should be."""
    found: dict[tuple[EntryNature, Currency], list[Line]] = {}
    for line in lines:
        found.setdefault((line.nature, line.net.currency), []).append(line)
    return tuple(
        Part(
            nature=nature,
            gross=total((line.gross for line in of_it if line.gross.currency == code), code),
            fee=total((line.fee for line in of_it if line.fee.currency == code), code),
            net=total((line.net for line in of_it), code),
            lines=tuple(of_it),
        )
        for nature in EntryNature
        for (kept, code), of_it in sorted(found.items(), key=lambda pair: pair[0])
        if kept is nature
    )
