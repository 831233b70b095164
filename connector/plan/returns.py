"""What came back for good: the payment that we posted is taken out of the books again, and what that cost is recorded.

Only in the clearing pattern, and only where nothing has to be guessed: the processor's ledger took exactly what it had
brought, the entry is ours, untouched and outside every deposit, and its day is open. Voiding changes the day on which
the payment was posted, never another. Everything else is named, with what a person would do by hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC

from connector.dates import BusinessDate
from connector.model.finding import Evidence, Finding, FindingCode
from connector.model.firm import BookingPattern
from connector.model.intent import IntentKind, PostExpense, VoidPosting
from connector.model.money_in import Payment
from connector.model.settlement import EntryNature
from connector.model.source import ConnectionId, Ref
from connector.money import Money, grouped
from connector.plan.gate import Gate, redated
from connector.plan.lines import Effect, PlanLine
from connector.reconcile.booked import copies, ever_posted, subject_of
from connector.reconcile.reasons import came_back
from connector.reconcile.returned import lines_back, returned, taken

_COSTS = frozenset({EntryNature.DISPUTE, EntryNature.RETURN})


class Returns:
    """The payments of one plan that came back after we had posted them. `once` are all of those."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._back = returned(gate.snapshot)
        posted = ever_posted(gate.snapshot) if self._back else {}
        self.once = tuple(sorted(about for about in self._back if about in posted))
        self._lines = lines_back(gate.snapshot) if self.once else {}
        self._copies = copies(gate.snapshot) if self.once else {}
        self._banked = {
            line.payment: ref
            for ref, deposit in gate.snapshot.deposits.items()
            if gate.snapshot.in_books(ref)
            for line in deposit.lines
            if line.payment is not None
        }
        self._said: set[Ref] = set()

    def lines(self, books: ConnectionId) -> Iterator[PlanLine]:
        """Per payment: what takes it back, where it still stands, and what its processor charged for the return."""
        for about in self.once:
            if not self._gate.open_to(about):
                continue
            if about in self._copies:
                line = self._void(books, about, self._copies[about])
                if line is not None:
                    yield line
            if self._gate.pattern(about.connection) is BookingPattern.CLEARING:
                yield from self._costs(books, about)

    def says(self, finding: Finding) -> bool:
        """Whether the plan itself says what becomes of a posted payment that came back."""
        return finding.code is FindingCode.RETURNED and finding.refs[0] in self._said

    def _void(self, books: ConnectionId, about: Ref, held: tuple[Ref, ...]) -> PlanLine | None:
        gate, back, posted = self._gate, self._back[about], held[0]
        if gate.is_untied(IntentKind.VOID, about, [about, *held, *self._settled(posted)]):
            return None
        self._said.add(about)
        if self._under_way(about, posted):
            return None
        why = self._unfit(about, held)
        if why is not None:
            said = f"Payment {about.vendor_id} of {grouped(back.gross)} {came_back(back)}. {why[0]}."
            gate.leave(FindingCode.RETURNED, said, why[1], about, *held)
            return None
        return self._line(books, about, posted)

    def _under_way(self, about: Ref, posted: Ref) -> bool:
        """Whether the payment is being taken back already; one that was and stands once more is told as such."""
        snapshot, subject = self._gate.snapshot, subject_of(IntentKind.VOID, about)
        if subject in snapshot.written:
            self._gate.leave(
                FindingCode.RETURNED,
                f"Payment {about.vendor_id} {came_back(self._back[about])}. It was taken out of the books once, and "
                f"stands there again as payment {posted.vendor_id}.",
                f"Look at payment {posted.vendor_id} in {posted.connection}; it is not taken back a second time.",
                about,
                posted,
            )
        return subject in snapshot.in_flight

    def _unfit(self, about: Ref, held: tuple[Ref, ...]) -> tuple[str, str] | None:
        """Why a payment is not taken back, and what to do about it; None when it may be."""
        gate, posted = self._gate, held[0]
        if gate.pattern(about.connection) is BookingPattern.DEPOSIT:
            cost = self._cost(about)
            charged = f", and the processor charged {grouped(cost)} for it" if cost else ""
            step = self._by_hand(about, posted, self._back[about].gross)
            return f"In the deposit pattern returns are not posted from here{charged}", step
        return self._unproven(about, posted) or self._untouchable(about, held)

    def _unproven(self, about: Ref, posted: Ref) -> tuple[str, str] | None:
        """The whole of it has to have left the processor's balance, and nothing more."""
        back, took = self._back[about], taken(self._gate.snapshot, self._lines.get(about, ()))
        by_hand = self._by_hand(about, posted, took or back.gross)
        if about not in self._lines:
            return "The processor's ledger does not show it yet", "Sync again, then plan; nothing is taken back before."
        if back.refunded:
            return f"{grouped(back.refunded)} of it was refunded besides", by_hand
        if took != back.gross:
            amount = grouped(took) if took is not None else "other currencies"
            return f"The processor's ledger took {amount} of it back, and not what it was", by_hand
        return None

    def _untouchable(self, about: Ref, held: tuple[Ref, ...]) -> tuple[str, str] | None:
        """The entry has to be the one we made, as we made it, in no deposit and in an open period."""
        snapshot, posted = self._gate.snapshot, held[0]
        gross, entry = self._back[about].gross, snapshot.payments[posted]
        called, by_hand = f"payment {posted.vendor_id} in {posted.connection}", self._by_hand(about, posted, gross)
        if len(held) > 1:
            named = ", ".join(each.vendor_id for each in held)
            return f"{len(held)} payments of the books carry its mark ({named})", "Void by hand the one that is it."
        if entry.gross != gross or snapshot.answered.get(posted) not in (None, snapshot.versions.get(posted)):
            return f"Somebody changed {called} since it was posted", f"Void it there if that is still right. {by_hand}"
        if posted in self._banked:
            return f"Deposit {self._banked[posted].vendor_id} holds {called}", by_hand
        if self._gate.is_closed(entry.received_on):
            return f"P{called[1:]} lies on {entry.received_on}, and that period is closed", by_hand
        return None

    def _by_hand(self, about: Ref, posted: Ref, amount: Money) -> str:
        entry = self._gate.snapshot.payments[posted]
        on = self._day(about)
        dated = f", dated {on}" if on is not None else ""
        who, into = self._gate.snapshot.name_of(entry.customer), self._called(entry)
        return (
            f"Record the return by hand{dated}: what {who} owes goes up by {grouped(amount)}, {into} goes down by it."
        )

    def _line(self, books: ConnectionId, about: Ref, posted: Ref) -> PlanLine:
        gate, back, entry = self._gate, self._back[about], self._gate.snapshot.payments[posted]
        who = gate.snapshot.name_of(entry.customer)
        numbers = ", ".join(gate.number(target) for target in self._settled(posted)) or "no invoice"
        intent = VoidPosting(
            books=books,
            target=posted,
            stamp=next(stamp.op_id for stamp in entry.stamps if stamp.about == about),
            version=gate.snapshot.versions.get(posted, ""),
            on=entry.received_on,
            about=about,
            memo=f"{about.connection} payment {about.vendor_id} came back",
            reopens=entry.allocations,
        )
        return gate.line(
            intent,
            f"Take payment {posted.vendor_id} of {grouped(entry.gross)} from {who} back, so that {numbers} is open "
            f"again: {about.vendor_id} {came_back(back)}.",
            effects=(
                Effect(account=self._called(entry), amount=-entry.gross),
                Effect(account=f"Accounts receivable: {who}", amount=entry.gross),
            ),
            evidence=(
                Evidence(ref=posted, field="stamp", says=str(about)),
                Evidence(ref=about, field="state", says=came_back(back)),
                *(self._says(line) for line in self._lines[about]),
            ),
            expects=[about, posted, *self._lines[about]],
        )

    def _says(self, line: Ref) -> Evidence:
        return Evidence(ref=line, field="gross", says=grouped(self._gate.snapshot.balance_entries[line].gross))

    def _settled(self, posted: Ref) -> list[Ref]:
        return [share.target for share in self._gate.snapshot.payments[posted].allocations]

    def _called(self, entry: Payment) -> str:
        known = entry.into is not None and entry.into in self._gate.snapshot.accounts
        return self._gate.name(entry.into) if known and entry.into is not None else "the account it was posted to"

    def _day(self, about: Ref) -> BusinessDate | None:
        """The day on which it came back."""
        return self._back[about].returned_on

    def _cost(self, about: Ref) -> Money | None:
        """What the processor charged for its coming back, where it is in one currency."""
        found = [self._gate.snapshot.balance_entries[line].fee for line in self._charged(about)]
        if len({each.currency for each in found}) != 1:
            return None
        return Money(sum(each.minor for each in found), found[0].currency)

    def _charged(self, about: Ref) -> list[Ref]:
        entries = self._gate.snapshot.balance_entries
        return [
            line
            for line in self._lines.get(about, ())
            if entries[line].nature in _COSTS and entries[line].fee.minor > 0
        ]

    def _costs(self, books: ConnectionId, about: Ref) -> Iterator[PlanLine]:
        """An expense per line that has a fee. It is about the line: the payment has a fee of its own."""
        gate = self._gate
        for ref in self._charged(about):
            entry = gate.snapshot.balance_entries[ref]
            begins = gate.begins(ref.connection)
            if (begins is not None and entry.created < begins.at) or gate.is_done(IntentKind.EXPENSE, ref):
                continue
            own = self._own_day(about, ref)
            on = gate.day(IntentKind.EXPENSE, ref, own, [ref, about])
            if on is None:
                continue
            paid_from, account = gate.account(ref, entry.fee, "clearing"), gate.account(ref, entry.fee, "fees")
            if paid_from is None or account is None:
                continue
            what = "dispute" if entry.nature is EntryNature.DISPUTE else "return"
            yield gate.line(
                PostExpense(
                    books=books,
                    paid_from=paid_from,
                    account=account,
                    on=on,
                    amount=entry.fee,
                    about=ref,
                    memo=f"{ref.connection} {what} fee on {about.vendor_id}",
                ),
                f"Record the {what} fee of {grouped(entry.fee)} on payment {about.vendor_id}, which came back."
                + redated(on, own),
                effects=(
                    Effect(account=gate.name(account), amount=entry.fee),
                    Effect(account=gate.name(paid_from), amount=-entry.fee),
                ),
                evidence=(Evidence(ref=ref, field="fee", says=grouped(entry.fee)),),
                expects=[ref, about],
            )

    def _own_day(self, about: Ref, line: Ref) -> BusinessDate:
        """The day of a line: its dispute's, else the day of the return, else as the ledger's clock has it."""
        entry = self._gate.snapshot.balance_entries[line]
        dispute = self._gate.snapshot.disputes.get(entry.about) if entry.about is not None else None
        if dispute is not None:
            return dispute.on
        return self._day(about) or BusinessDate(entry.created.astimezone(UTC).date())
