"""What came back for good: the payment that we posted is taken out of the books again, so that its invoice is open.

Only in the clearing pattern, and only where nothing has to be guessed: the processor's ledger took exactly what it had
brought, the entry is ours, untouched and outside every deposit, and its day is open. Voiding changes the day on which
the payment was posted, never another. Where that day is closed, or only a part came back, or at another rate, the
payment stays and journal entries on the day of the return make the customer owe it again (`movements`). What is in
doubt is named, with what a person would do by hand.

While a dispute is open, a journal entry stands for what it took. When it is lost, that entry goes with the payment:
both are taken back, so that the clearing account is what it was, and the invoice is open instead of a debt without one.
"""

from __future__ import annotations

from collections.abc import Iterator

from connector.dates import BusinessDate
from connector.model.finding import Evidence, Finding, FindingCode
from connector.model.firm import BookingPattern
from connector.model.intent import IntentKind, VoidPosting
from connector.model.money_in import Payment
from connector.model.party import AccountRole
from connector.model.source import ConnectionId, OpId, Ref
from connector.money import Money, grouped
from connector.plan.gate import Gate
from connector.plan.lines import RECEIVABLE, Effect, PlanLine
from connector.reconcile.booked import copies, ever_posted, taking_back, we_took_back
from connector.reconcile.reasons import came_back
from connector.reconcile.returned import booked_back, lines_back, returned, taken


class Returns:
    """The payments of one plan that came back after we had posted them. `once` are all of those."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._back = returned(gate.snapshot)
        posted = ever_posted(gate.snapshot) if self._back else {}
        self.once = tuple(sorted(about for about in self._back if about in posted))
        self._lines = lines_back(gate.snapshot) if self.once else {}
        self._booked_back = booked_back(gate.snapshot) if self.once else frozenset()
        self._copies = copies(gate.snapshot) if self.once else {}
        self._banked = {
            line.payment: ref
            for ref, deposit in gate.snapshot.deposits.items()
            if gate.snapshot.in_books(ref)
            for line in deposit.lines
            if line.payment is not None
        }
        self._journals = {
            stamp.about: ref
            for ref, entry in gate.snapshot.book_entries.items()
            if entry.moves and gate.snapshot.in_books(ref)
            for stamp in entry.stamps
            if stamp.about is not None
        }
        self._settled_by = {
            share.target
            for ref, one in gate.snapshot.payments.items()
            if gate.snapshot.in_books(ref)
            for share in one.allocations
        }
        self._said: set[Ref] = set()
        self._by_entry: set[Ref] = set()

    def lines(self, books: ConnectionId) -> Iterator[PlanLine]:
        """Per payment: what takes it back, where it still stands. Those that cannot be voided are left `by_entry`."""
        for about in self.once:
            if not self._gate.open_to(about):
                continue
            goes = we_took_back(self._gate.snapshot, about)
            if about in self._copies:
                line = self._void(books, about, self._copies[about])
                goes = line is not None
                if line is not None:
                    yield line
            if goes:
                yield from (self._with_it(books, about, entry) for entry in self._taken_for_it(about) or ())

    @property
    def by_entry(self) -> frozenset[Ref]:
        """The payments whose coming back is booked by journal entries, one per line. Known after `lines`."""
        return frozenset(self._by_entry)

    def says(self, finding: Finding) -> bool:
        """Whether the plan itself says what becomes of a posted payment that came back."""
        return finding.code is FindingCode.RETURNED and finding.refs[0] in self._said

    def _void(self, books: ConnectionId, about: Ref, held: tuple[Ref, ...]) -> PlanLine | None:
        gate, back, posted = self._gate, self._back[about], held[0]
        if about in self._booked_back and (not self._taken_for_it(about) or not self._is_sure(about, held)):
            return None  # by journal entries, or in the deposit of its payout
        touched = [about, *held, *self._settled(posted)]
        if gate.is_held(touched) or gate.is_untied(IntentKind.VOID, about, touched):
            return None
        self._said.add(about)
        if self._under_way(about, posted):
            return None
        why = self._doubtful(about, held)
        if why is not None:
            said = f"Payment {about.vendor_id} of {grouped(back.gross)} {came_back(back)}. {why[0]}."
            gate.leave(FindingCode.RETURNED, said, why[1], about, *held)
            return None
        if self._is_voidable(about, posted):
            return self._line(books, about, posted)
        self._by_entry.add(about)
        return None

    def _is_sure(self, about: Ref, held: tuple[Ref, ...]) -> bool:
        return self._doubtful(about, held) is None and self._is_voidable(about, held[0])

    def _under_way(self, about: Ref, posted: Ref) -> bool:
        """Whether the payment is being taken back already; one that was and stands once more is told as such."""
        snapshot, subject = self._gate.snapshot, taking_back(self._stamp(about, posted))
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

    def _doubtful(self, about: Ref, held: tuple[Ref, ...]) -> tuple[str, str] | None:
        """Why nothing is written, and what to do; None where the entry is the one we made, as we made it, and the
        processor's ledger shows that the money left. In the deposit pattern the payout's deposit takes it back."""
        gate, snapshot, posted = self._gate, self._gate.snapshot, held[0]
        gross, entry = self._back[about].gross, snapshot.payments[posted]
        called, by_hand = f"payment {posted.vendor_id} in {posted.connection}", self._by_hand(about, posted, gross)
        if about not in self._lines:
            return "The processor's ledger does not show it yet", "Sync again, then plan; nothing is taken back before."
        if gate.pattern(about.connection) is BookingPattern.DEPOSIT:
            step = f"The deposit of the payout that carries it makes {snapshot.name_of(entry.customer)} owe it again."
            return "In the deposit pattern it is posted with its payout", step
        if len(held) > 1:
            named = ", ".join(each.vendor_id for each in held)
            return f"{len(held)} payments of the books carry its mark ({named})", "Void by hand the one that is it."
        if entry.gross != gross or snapshot.answered.get(posted) not in (None, snapshot.versions.get(posted)):
            return f"Somebody changed {called} since it was posted", f"Void it there if that is still right. {by_hand}"
        if posted in self._banked:
            return f"Deposit {self._banked[posted].vendor_id} holds {called}", by_hand
        return None

    def _is_voidable(self, about: Ref, posted: Ref) -> bool:
        """Whether the whole of it left the processor's balance, and nothing more, and its day is open."""
        back, entry = self._back[about], self._gate.snapshot.payments[posted]
        whole = not back.refunded and taken(self._gate.snapshot, self._lines[about]) == (
            entry.changed_into or entry.gross
        )
        return whole and self._taken_for_it(about) is not None and not self._gate.is_closed(entry.received_on)

    def _taken_for_it(self, about: Ref) -> tuple[Ref, ...] | None:
        """The journal entries that stood for its money while it was fought over. None where one of them is not as we
        wrote it, or rests in a closed period: then all stays as it is, and what is missing is booked beside it."""
        gate, seen, found = self._gate, self._gate.snapshot, []
        for line in self._lines.get(about, ()):
            entry = self._journals.get(line)
            if entry is None:
                if gate.was_written(IntentKind.JOURNAL, line) and about in self._copies:
                    return None
                continue
            held = seen.book_entries[entry]
            ours = len(held.stamps) == 1 and seen.answered.get(entry) in (None, seen.versions.get(entry))
            if not ours or gate.is_closed(held.on) or entry in self._settled_by:
                return None
            if taking_back(held.stamps[0].op_id) not in seen.in_flight:
                found.append(entry)
        return tuple(found)

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
            stamp=self._stamp(about, posted),
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

    def _with_it(self, books: ConnectionId, about: Ref, entry: Ref) -> PlanLine:
        """The journal entry of an open dispute goes when the payment does."""
        gate, held, posted = (
            self._gate,
            self._gate.snapshot.book_entries[entry],
            ever_posted(self._gate.snapshot)[about],
        )
        paid = gate.snapshot.payments.get(posted)
        who = gate.snapshot.name_of(paid.customer) if paid is not None else gate.snapshot.name_of(None)
        accounts = gate.snapshot.accounts
        owed = {ref for ref, _ in held.moves if ref in accounts and accounts[ref].role is AccountRole.RECEIVABLE}
        intent = VoidPosting(
            books=books,
            target=entry,
            stamp=held.stamps[0].op_id,
            version=gate.snapshot.versions.get(entry, ""),
            on=held.on,
            about=about,
            memo=f"{about.connection} payment {about.vendor_id} came back for good",
        )
        return gate.line(
            intent,
            f"Take journal entry {entry.vendor_id.rpartition(':')[2]} of {grouped(held.amount)} back, which stood for "
            f"the open dispute of payment {about.vendor_id}: it is lost, and the payment itself is taken back.",
            effects=tuple(
                Effect(account=f"{RECEIVABLE}: {who}" if ref in owed else gate.name(ref), amount=-amount)
                for ref, amount in held.moves
            ),
            evidence=(Evidence(ref=about, field="state", says=came_back(self._back[about])),),
            expects=[about, entry],
        )

    def _says(self, line: Ref) -> Evidence:
        return Evidence(ref=line, field="gross", says=grouped(self._gate.snapshot.balance_entries[line].gross))

    def _stamp(self, about: Ref, posted: Ref) -> OpId:
        """Which write of ours the entry is."""
        stamps = self._gate.snapshot.payments[posted].stamps
        return next(stamp.op_id for stamp in stamps if stamp.about == about)

    def _settled(self, posted: Ref) -> list[Ref]:
        return [share.target for share in self._gate.snapshot.payments[posted].allocations]

    def _called(self, entry: Payment) -> str:
        known = entry.into is not None and entry.into in self._gate.snapshot.accounts
        return self._gate.name(entry.into) if known and entry.into is not None else "the account it was posted to"

    def _day(self, about: Ref) -> BusinessDate | None:
        """The day on which it came back."""
        return self._back[about].returned_on
