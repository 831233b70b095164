"""The deposit pattern: a payout is one deposit of the payments it carried, less what the processor kept.

All or nothing. A deposit whose sum is right and whose members are not would hide a payment that is missing, so every
member has to stand in the books, on hand, with its own amount, before the deposit is planned.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from connector.model.finding import Evidence, FindingCode
from connector.model.firm import BookingPattern
from connector.model.intent import DepositPart, IntentKind, PostDeposit
from connector.model.money_in import Payment
from connector.model.settlement import BalanceEntry, EntryNature, Payout, PayoutState
from connector.model.source import ConnectionId, Kind, Ref
from connector.money import Money, grouped, total, zero
from connector.plan.clearing import leave_payout
from connector.plan.gate import Gate, redated
from connector.plan.lines import Effect, PlanLine
from connector.reconcile.booked import posted_payments, subject_of, undone


@dataclass(slots=True, kw_only=True)
class _Carried:
    """What a payout consists of, as far as it can be booked: payments of the books, what was kept, what is missing."""

    kept: Money
    payments: list[tuple[Ref, Money]] = field(default_factory=list)
    abouts: list[Ref] = field(default_factory=list)
    waits: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def deposits(gate: Gate, books: ConnectionId, planned: frozenset[Ref]) -> Iterator[PlanLine]:
    """Payouts that arrived and all of whose payments stand in the books. `planned` are payments of this very plan."""
    members = _Members(gate, planned)
    for ref, payout in gate.snapshot.payouts.items():
        if not gate.open_to(ref, BookingPattern.DEPOSIT) or payout.state is not PayoutState.PAID:
            continue
        if gate.leave_early(ref) or gate.is_done(IntentKind.DEPOSIT, ref):
            continue
        if payout.entries is None or payout.amount.minor <= 0:
            leave_payout(gate, ref, payout)
            continue
        line = _deposit(gate, books, ref, payout, members.of(payout, payout.entries))
        if line is not None:
            yield line


def _deposit(gate: Gate, books: ConnectionId, ref: Ref, payout: Payout, carried: _Carried) -> PlanLine | None:
    if not _complete(gate, ref, payout, carried):
        return None
    touched = [ref, *carried.abouts, *(payment for payment, _ in carried.payments)]
    on = gate.day(IntentKind.DEPOSIT, ref, payout.arrives_on, touched)
    if on is None:
        return None
    into = gate.account(ref, payout.amount, "bank")
    holding = gate.account(ref, payout.amount, "holding")
    kept_by = gate.account(ref, payout.amount, "fees") if carried.kept else None
    if into is None or holding is None or (carried.kept and kept_by is None):
        return None
    parts: tuple[DepositPart, ...] = ()
    fee_effect: tuple[Effect, ...] = ()
    if kept_by is not None:
        parts = (DepositPart(account=kept_by, amount=carried.kept, memo=f"{ref.connection} fees"),)
        fee_effect = (Effect(account=gate.name(kept_by), amount=-carried.kept),)
    gross = payout.amount - carried.kept
    intent = PostDeposit(
        books=books,
        into=into,
        on=on,
        payments=tuple(carried.payments),
        parts=parts,
        total=payout.amount,
        about=ref,
        memo=f"{ref.connection} payout {ref.vendor_id}",
    )
    return gate.line(
        intent,
        f"Deposit payout {ref.vendor_id} of {grouped(payout.amount)} in {gate.name(into)}: {len(carried.payments)} "
        f"payments of {grouped(gross)} together, less {grouped(-carried.kept)} in fees."
        + redated(on, payout.arrives_on),
        effects=(
            Effect(account=gate.name(into), amount=payout.amount),
            Effect(account=gate.name(holding), amount=-gross),
            *fee_effect,
        ),
        evidence=(Evidence(ref=ref, field="entries", says=f"{len(payout.entries or ())} entries add up to it"),),
        expects=touched,
    )


def _complete(gate: Gate, ref: Ref, payout: Payout, carried: _Carried) -> bool:
    """Whether every member is there and the sum is the payout, to the minor unit; what is not is named."""
    said = f"Payout {ref.vendor_id} of {grouped(payout.amount)}"
    if carried.missing:
        more = f", and {len(carried.missing) - 1} more" if len(carried.missing) > 1 else ""
        gate.leave(
            FindingCode.PAYOUT_INCOMPLETE,
            f"{said} is not deposited: {carried.missing[0]}{more}.",
            "Put that right, sync and plan again; or record the payout by hand from the processor's statement.",
            ref,
        )
    elif carried.waits:
        more = f" and {len(carried.waits) - 1} more" if len(carried.waits) > 1 else ""
        gate.leave(
            FindingCode.PAYOUT_INCOMPLETE,
            f"{said} is deposited by the next plan: its payment {carried.waits[0]}{more} must be posted first.",
            "Apply this plan, then run: receivables plan",
            ref,
        )
    else:
        adds_up = total((amount for _, amount in carried.payments), payout.amount.currency) + carried.kept
        if adds_up == payout.amount and carried.payments:
            return True
        gate.leave(
            FindingCode.PAYOUT_INCOMPLETE,
            f"{said} is not deposited: its payments less the fees add up to {grouped(adds_up)}.",
            "Ask the processor; nothing is booked from a payout that does not add up.",
            ref,
        )
    return False


class _Members:
    """Finds the payments of the books that a payout carried."""

    def __init__(self, gate: Gate, planned: frozenset[Ref]) -> None:
        self._gate = gate
        self._snapshot = gate.snapshot
        self._planned = planned
        self._posted = posted_payments(gate.snapshot)
        self._undone = undone(gate.snapshot)
        self._banked = {
            line.payment: ref
            for ref, deposit in gate.snapshot.deposits.items()
            if gate.snapshot.in_books(ref)
            for line in deposit.lines
            if line.payment is not None
        }

    def of(self, payout: Payout, entries: tuple[Ref, ...]) -> _Carried:
        """Everything in a payout, each entry as a payment, as a fee, or as something missing."""
        carried = _Carried(kept=zero(payout.amount.currency))
        self._gather(carried, entries, frozenset())
        return carried

    def _gather(self, carried: _Carried, entries: tuple[Ref, ...], inside: frozenset[Ref]) -> None:
        for ref in entries:
            entry = self._snapshot.balance_entries.get(ref)
            if entry is None:
                carried.missing.append(f"its entry {ref.vendor_id} was not read")
            elif entry.net.currency != carried.kept.currency:
                carried.missing.append(f"its entry {ref.vendor_id} is in {entry.net.currency}")
            elif entry.nature is EntryNature.FEE:
                carried.kept += entry.net
            elif entry.about is not None and entry.about.kind is Kind.PAYMENT and entry.nature is EntryNature.PAYMENT:
                self._take(carried, entry, entry.about)
            elif (again := self._came_back(entry, inside)) is not None and entry.about is not None:
                self._gather(carried, again, inside | {entry.about})
            else:
                carried.missing.append(
                    f"it holds {grouped(entry.net)} of the kind {entry.category!r}, which is not booked from here"
                )

    def _came_back(self, entry: BalanceEntry, inside: frozenset[Ref]) -> tuple[Ref, ...] | None:
        """What a failed payout consisted of that never arrived: its members are on hand still and go out with this one.
        None where that is not so, or not known whole."""
        about = entry.about
        failed = self._snapshot.payouts.get(about) if about is not None and about not in inside else None
        if about is None or failed is None or entry.nature is not EntryNature.PAYOUT_BACK or entry.fee:
            return None
        if failed.state is not PayoutState.FAILED or failed.amount != entry.gross:
            return None
        return None if self._gate.stands(IntentKind.DEPOSIT, about) else failed.entries

    def _take(self, carried: _Carried, entry: BalanceEntry, about: Ref) -> None:
        if self._gate.is_early(about):
            carried.missing.append(f"its payment {about.vendor_id} of {grouped(entry.gross)} is from before the start")
            return
        held = self._posted.get(about)
        under_way = subject_of(IntentKind.PAYMENT, about) in self._snapshot.in_flight
        if held is None and (about in self._planned or (under_way and (IntentKind.PAYMENT, about) not in self._undone)):
            carried.waits.append(about.vendor_id)
            return
        wrong = self._wrong(entry, about, held)
        if wrong or held is None:
            carried.missing.append(wrong)
            return
        carried.payments.append((held, entry.gross))
        carried.abouts.append(about)
        carried.kept -= entry.fee

    def _wrong(self, entry: BalanceEntry, about: Ref, held: Ref | None) -> str:
        """What speaks against a payment as a member; nothing when it may be banked."""
        if held is None:
            back = self._undone.get((IntentKind.PAYMENT, about))
            why = f"was {back.how} in the books" if back is not None else "is not in the books"
            return f"its payment {about.vendor_id} of {grouped(entry.gross)} {why}"
        payment = self._snapshot.payments[held]
        if payment.gross != entry.gross:
            return (
                f"its payment {about.vendor_id} is {grouped(entry.gross)}, and the books hold {grouped(payment.gross)}"
            )
        if held in self._banked:
            return f"its payment {about.vendor_id} is in deposit {self._banked[held].vendor_id} already"
        if not self._on_hand(payment):
            return f"its payment {about.vendor_id} does not rest in undeposited funds"
        return ""

    def _on_hand(self, payment: Payment) -> bool:
        """Undeposited: in the account for it, or in none, which is the same."""
        holding = self._gate.holding(payment.gross.currency)
        return payment.into is None or payment.into == holding
