"""The clearing pattern, the rest: one journal entry per line of the processor's ledger that nothing else has booked.

Refunds, disputes while they are open and when they are won, money that came back where the payment itself cannot be
voided, payouts that failed after they were booked, the processor's bills, corrections, reserves and top-ups. A journal
entry, because it goes both ways, takes the customer on its receivable line, can be in the payer's currency, and never
touches the payment it is about. What a line cost (a dispute's fee, an instant payout's) is an expense about the line.

What undoes each: a journal entry that is ours and untouched is deleted; so is an expense.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC

from connector.dates import BusinessDate
from connector.model.finding import Evidence, Finding, FindingCode
from connector.model.firm import BookingPattern
from connector.model.intent import IntentKind, JournalPart, PostExpense, PostJournal
from connector.model.money_in import DisputeState
from connector.model.settlement import BalanceEntry, EntryNature, PayoutState
from connector.model.source import ConnectionId, Kind, Ref
from connector.money import Money, grouped
from connector.plan.against import IN_WORDS, WENT_BACK, Against, Counterpart, NotBookable
from connector.plan.gate import Gate, redated
from connector.plan.lines import Effect, PlanLine
from connector.reconcile.booked import we_took_back
from connector.reconcile.clearing import Books

_ELSEWHERE = frozenset({EntryNature.PAYMENT, EntryNature.PAYOUT})
"""Lines whose amounts are booked as payments and transfers."""


class Movements:
    """The lines of one plan's processors. `by_entry` are the payments that came back and are not voided for it."""

    def __init__(self, gate: Gate, against: Against, planned: frozenset[Ref], by_entry: frozenset[Ref]) -> None:
        self._gate, self._against, self._planned, self._by_entry = gate, against, planned, by_entry
        starts = {each: begins.at for each in gate.processors() if (begins := gate.begins(each)) is not None}
        self._books = Books(gate.snapshot, starts)
        self._told: set[Ref] = set()

    def says(self, finding: Finding) -> bool:
        """Whether a line of the plan is what a finding asks for: the refund of a payment that was posted."""
        return finding.code is FindingCode.REFUNDED and finding.refs[0] in self._told

    def came_to_nothing(self) -> frozenset[Ref]:
        """Payments that nobody posts any more, because all of them went back: what they cost is booked all the same."""
        entries = self._gate.snapshot.balance_entries
        return frozenset(
            entry.about
            for ref, entry in entries.items()
            if entry.nature is EntryNature.PAYMENT and entry.about is not None and self._books.is_even(ref)
        )

    def lines(self, books: ConnectionId) -> Iterator[PlanLine]:
        """Everything of the clearing pattern that is not booked, in the order of the ledger."""
        entries = self._gate.snapshot.balance_entries
        for ref, entry in sorted(entries.items(), key=lambda pair: (pair[1].created, pair[0])):
            if not self._gate.open_to(ref, BookingPattern.CLEARING) or self._is_early(ref, entry):
                continue
            if entry.nature is EntryNature.PAYOUT_BACK and entry.about is not None:
                self._tell_of_its_payout(ref, entry.about)
            if entry.fee.minor > 0 and entry.nature is not EntryNature.PAYMENT:
                yield from self._cost(books, ref, entry)
            if self._books.is_even(ref) or self._books.is_fee_apart(ref):
                yield from self._fee_back(books, ref, entry)
            if entry.nature not in _ELSEWHERE and self._is_due(ref, entry):
                yield from self._journal(books, ref, entry)

    def _tell_of_its_payout(self, ref: Ref, about: Ref) -> None:
        """A failed payout was booked back, whatever became of that: what a person took out of what had booked it is
        told, unless all of it is out of the books, and comes to nothing."""
        if self._books.is_even(ref) or not self._gate.was_written(IntentKind.JOURNAL, ref):
            return
        self._gate.is_done(IntentKind.TRANSFER, about)
        payout = self._gate.snapshot.payouts.get(about)
        if payout is not None and payout.entry is not None:
            self._gate.is_done(IntentKind.JOURNAL, payout.entry)

    def failed_payouts(self, books: ConnectionId) -> Iterator[PlanLine]:
        """The deposit pattern: a payout that failed after its deposit is on hand again, and not in the bank."""
        for ref, entry in self._gate.snapshot.balance_entries.items():
            if entry.nature is EntryNature.PAYOUT_BACK and self._gate.open_to(ref, BookingPattern.DEPOSIT):
                due = entry.about is not None and self._was_banked(entry.about)
                if due and not self._is_early(ref, entry):
                    yield from self._journal(books, ref, entry, role="holding")

    def at_the_bank(self, books: ConnectionId) -> Iterator[PlanLine]:
        """What a bank took back of a payment whose entry cannot be voided. Its charges the firm books itself, with all
        that its bank takes."""
        for ref, entry in self._gate.snapshot.balance_entries.items():
            at_bank = entry.nature is EntryNature.RETURN and self._gate.open_to(ref, BookingPattern.BANK)
            if at_bank and not self._is_early(ref, entry) and self._is_due(ref, entry):
                yield from self._journal(books, ref, entry, role="bank")

    def _was_banked(self, payout: Ref) -> bool:
        """Whether the deposit of a payout was written, or the journal entry of one that took money."""
        return any(self._gate.stands(kind, payout) for kind in (IntentKind.DEPOSIT, IntentKind.JOURNAL))

    def _is_early(self, ref: Ref, entry: BalanceEntry) -> bool:
        begins = self._gate.begins(ref.connection)
        return begins is not None and entry.created < begins.at

    def _is_due(self, ref: Ref, entry: BalanceEntry) -> bool:
        """Whether a line is to be booked by itself: not where it comes to nothing with another, nor before its time."""
        if not entry.gross or self._books.is_even(ref):
            return False
        payment = self._against.payment_of(entry)
        match entry.nature:
            case EntryNature.REFUND | EntryNature.REFUND_BACK:
                return self._after_its_payment(ref, entry, payment)
            case EntryNature.DISPUTE | EntryNature.DISPUTE_BACK | EntryNature.RETURN:
                taken_out = payment is not None and self._was_booked_away(entry, payment)
                if payment in self._by_entry or (entry.nature is EntryNature.DISPUTE_BACK and taken_out):
                    return True
                return self._is_fought_over(entry) and self._after_its_payment(ref, entry, payment)
            case EntryNature.PAYOUT_BACK:
                return self._was_paid_out(ref, entry)
            case _:
                return True

    def _is_fought_over(self, entry: BalanceEntry) -> bool:
        """Whether a line took the money of a dispute that is not lost: nobody knows yet whether it comes back, and the
        processor does not have it. How one that is lost is booked, is for `returns` to say."""
        fight = self._gate.snapshot.disputes.get(entry.about) if entry.about is not None else None
        return entry.nature is EntryNature.DISPUTE and fight is not None and fight.state is not DisputeState.LOST

    def _was_paid_out(self, ref: Ref, entry: BalanceEntry) -> bool:
        """Whether a payout that came back was taken out of the clearing account before: to the bank, or set aside."""
        payout = self._gate.snapshot.payouts.get(entry.about) if entry.about is not None else None
        if payout is None or entry.about is None or payout.state is not PayoutState.FAILED or payout.entry == ref:
            return False
        aside = payout.entry is not None and self._gate.stands(IntentKind.JOURNAL, payout.entry)
        return aside or self._gate.stands(IntentKind.TRANSFER, entry.about)

    def _after_its_payment(self, ref: Ref, entry: BalanceEntry, payment: Ref | None) -> bool:
        if self._against.posted(payment) is not None:
            return True
        if payment is not None and payment in self._planned:
            self._gate.leave(
                FindingCode.REFUNDED,
                f"The {IN_WORDS[entry.nature]} of {grouped(entry.gross)} on payment {payment.vendor_id} is posted by "
                "the next plan, after the payment itself.",
                "Apply this plan, then run: receivables plan",
                ref,
            )
        return False

    def _was_booked_away(self, entry: BalanceEntry, payment: Ref) -> bool:
        """Whether the money of a dispute was taken out of the books: by an entry of ours, or by voiding the payment."""
        if we_took_back(self._gate.snapshot, payment):
            return True
        return any(
            other.about == entry.about and other.nature is EntryNature.DISPUTE and self._books.moved(ref)
            for ref, other in self._gate.snapshot.balance_entries.items()
        )

    def _journal(
        self, books: ConnectionId, ref: Ref, entry: BalanceEntry, role: str = "clearing"
    ) -> Iterator[PlanLine]:
        gate = self._gate
        if gate.is_done(IntentKind.JOURNAL, ref):
            return
        found = self._against.of(ref, entry)
        if isinstance(found, NotBookable):
            if found.sentence:
                said = found.sentence[0].upper() + found.sentence[1:]
                gate.leave(found.code, f"{said}. It is not posted.", found.next_step, ref)
            return
        own, touched = self._day(entry), [ref, *self._touched(entry)]
        on = gate.day(IntentKind.JOURNAL, ref, own, touched)
        into = gate.account(ref, entry.gross, role) if on is not None else None
        with_fee = entry.fee.minor < 0 and not self._books.is_fee_apart(ref)
        fees = gate.account(ref, entry.fee, "fees") if with_fee else None
        if on is None or into is None or (with_fee and fees is None):
            return
        payment = self._against.payment_of(entry) if entry.nature in WENT_BACK else None
        if payment is not None:
            self._told.add(payment)
        back = -entry.fee if fees is not None else None
        parts, effects = self._parts(entry, found, into, (fees, back))
        what = f"{IN_WORDS.get(entry.nature, entry.category[:40])}"
        yield gate.line(
            PostJournal(
                books=books,
                on=on,
                parts=parts,
                about=ref,
                memo=f"{ref.connection} {what} {self._called(ref, entry)}",
                exchange=found.exchange,
            ),
            self._said(ref, entry, found, gate.name(into)) + redated(on, own),
            effects=effects,
            evidence=(Evidence(ref=ref, field="gross", says=grouped(entry.gross)), *self._why(entry)),
            expects=touched,
        )

    def _parts(
        self, entry: BalanceEntry, found: Counterpart, into: Ref, given_back: tuple[Ref | None, Money | None]
    ) -> tuple[tuple[JournalPart, ...], tuple[Effect, ...]]:
        fees, back = given_back
        raised = found.amount + back if back is not None else found.amount
        parts = [
            JournalPart(account=into, amount=raised),
            JournalPart(account=found.account, amount=-found.amount, customer=found.customer),
        ]
        kept_in = entry.gross + back if back is not None else entry.gross
        effects = [
            Effect(account=self._gate.name(into), amount=kept_in),
            Effect(account=found.called, amount=-found.amount),
        ]
        if fees is not None and back is not None:
            parts.append(JournalPart(account=fees, amount=-back))
            effects.append(Effect(account=self._gate.name(fees), amount=-back))
        return tuple(parts), tuple(effects)

    def _said(self, ref: Ref, entry: BalanceEntry, found: Counterpart, into: str) -> str:
        what, moved = IN_WORDS.get(entry.nature), "into" if entry.gross.minor > 0 else "out of"
        amount = grouped(entry.gross if entry.gross.minor > 0 else -entry.gross)
        if entry.nature in WENT_BACK:
            who = self._gate.snapshot.name_of(found.customer)
            less = "less" if entry.gross.minor > 0 else "more"
            own = f" (changed from {grouped(found.amount)})" if found.exchange is not None else ""
            return (
                f"Record the {what} {self._called(ref, entry)} of {amount}{own} {moved} {into}: {who} owes that much "
                f"{less}."
            )
        if what is None:
            return (
                f"Record {amount} {moved} {into} against {found.called}: line {ref.vendor_id} of the kind "
                f"{entry.category[:40]!r}, which this release does not know."
            )
        return f"Record the {what} {self._called(ref, entry)} of {amount} {moved} {into}, against {found.called}."

    def _called(self, ref: Ref, entry: BalanceEntry) -> str:
        payment = self._against.payment_of(entry) if entry.nature in WENT_BACK else None
        if payment is not None:
            return f"of payment {payment.vendor_id}"
        return entry.about.vendor_id if entry.about is not None else ref.vendor_id

    def _touched(self, entry: BalanceEntry) -> list[Ref]:
        payment = self._against.payment_of(entry) if entry.nature in WENT_BACK else None
        about = entry.about if entry.about is not None and entry.about != payment else None
        return [each for each in (about, payment) if each is not None and each in self._gate.snapshot.versions]

    def _why(self, entry: BalanceEntry) -> Iterator[Evidence]:
        posted = self._against.posted(self._against.payment_of(entry)) if entry.nature in WENT_BACK else None
        if posted is not None:
            yield Evidence(ref=posted, field="customer", says=str(self._gate.snapshot.payments[posted].customer))

    def _day(self, entry: BalanceEntry) -> BusinessDate:
        """The day of a line: its refund's or dispute's own where it is the line that began it, else the ledger's."""
        snapshot, about = self._gate.snapshot, entry.about
        if about is not None and entry.nature is EntryNature.REFUND and about in snapshot.refunds:
            return snapshot.refunds[about].on
        if about is not None and entry.nature is EntryNature.DISPUTE and about in snapshot.disputes:
            return snapshot.disputes[about].on
        payment = snapshot.payments.get(about) if about is not None else None
        if entry.nature is EntryNature.RETURN and payment is not None and payment.returned_on is not None:
            return payment.returned_on
        return BusinessDate(entry.created.astimezone(UTC).date())

    def _cost(self, books: ConnectionId, ref: Ref, entry: BalanceEntry) -> Iterator[PlanLine]:
        """What a line cost: an expense about the line, for the payment it is about has a fee of its own."""
        gate, payout = self._gate, None
        if entry.nature is EntryNature.PAYOUT:
            payout = gate.snapshot.payouts.get(entry.about) if entry.about is not None else None
            if payout is None or (payout.state is PayoutState.FAILED and self._books.is_even(ref)):
                return
        if gate.is_done(IntentKind.EXPENSE, ref):
            return
        own, touched = self._day(entry), [ref, *self._touched(entry)]
        on = gate.day(IntentKind.EXPENSE, ref, own, touched)
        paid_from = gate.account(ref, entry.fee, "clearing") if on is not None else None
        account = gate.account(ref, entry.fee, "fees") if on is not None else None
        if on is None or paid_from is None or account is None:
            return
        what = "payout" if payout is not None else IN_WORDS.get(entry.nature, "further")
        yield gate.line(
            PostExpense(
                books=books,
                paid_from=paid_from,
                account=account,
                on=on,
                amount=entry.fee,
                about=ref,
                memo=f"{ref.connection} {what} fee {self._called(ref, entry)}",
            ),
            f"Record the {what} fee of {grouped(entry.fee)} {self._called(ref, entry)}." + redated(on, own),
            effects=(
                Effect(account=gate.name(account), amount=entry.fee),
                Effect(account=gate.name(paid_from), amount=-entry.fee),
            ),
            evidence=(Evidence(ref=ref, field="fee", says=grouped(entry.fee)),),
            expects=touched,
        )

    def _fee_back(self, books: ConnectionId, ref: Ref, entry: BalanceEntry) -> Iterator[PlanLine]:
        """The fee of a dispute that was won and otherwise came to nothing, or whose amount is booked in the payer's
        currency. It is about the dispute: an entry about the line would be that of its amount."""
        gate, about = self._gate, entry.about
        if entry.nature is not EntryNature.DISPUTE_BACK or entry.fee.minor >= 0:
            return
        if about is None or about.kind is not Kind.DISPUTE or gate.is_done(IntentKind.JOURNAL, about):
            return
        own, back = self._day(entry), -entry.fee
        on = gate.day(IntentKind.JOURNAL, about, own, [ref, about])
        into = gate.account(ref, back, "clearing") if on is not None else None
        fees = gate.account(ref, back, "fees") if on is not None else None
        if on is None or into is None or fees is None:
            return
        yield gate.line(
            PostJournal(
                books=books,
                on=on,
                parts=(JournalPart(account=into, amount=back), JournalPart(account=fees, amount=-back)),
                about=about,
                memo=f"{ref.connection} fee of the won dispute {about.vendor_id}",
            ),
            f"Record the fee of {grouped(back)} that came back with the won dispute {about.vendor_id}."
            + redated(on, own),
            effects=(
                Effect(account=gate.name(into), amount=back),
                Effect(account=gate.name(fees), amount=-back),
            ),
            evidence=(Evidence(ref=ref, field="fee", says=grouped(entry.fee)),),
            expects=[ref, about],
        )
