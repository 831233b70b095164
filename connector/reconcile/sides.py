"""What of a company's mirror has to agree, as two sides of plain entries each.

The receivable account against the open items, every document against what settled it, each processor's clearing account
against the processor's own ledger, entry by entry, and every account's own balance against its entries. The ledger is
taken line by line without looking at the books, and the books entry by entry by the accounts they touch, so neither
side can hide what the other lost. What links an entry of the books to a line is our stamp in it, and nothing else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace

from connector.dates import BusinessDate, Instant, day_of, later
from connector.model.intent import IntentKind
from connector.model.invoice import InvoiceState
from connector.model.money_in import PaymentState
from connector.model.settlement import BalanceEntry, BookEntry, EntryNature
from connector.model.source import ConnectionId, Kind, Ref
from connector.model.stamp import Stamp
from connector.money import Currency, Money, zero
from connector.reconcile.agreement import Agreement, DifferenceKind, Entry, agree
from connector.reconcile.balances import Balances
from connector.reconcile.booked import Undone, undone
from connector.reconcile.clearing import Books
from connector.reconcile.corrected import with_corrections
from connector.reconcile.rulings import kept_out
from connector.reconcile.sheet import Ground, Sheet
from connector.reconcile.tieout import (
    Identity,
    applied_of,
    entered,
    lines_of,
    payments_of,
    payouts_of,
    refunds_of,
    sent_of,
    taken_by,
)
from connector.reconcile.transit import in_transit

__all__ = ["Ground", "Sheet", "fee_key", "opening_key", "rest_key", "sheets"]

_NEVER_VOID = (InvoiceState.VOID, InvoiceState.DRAFT)


def sheets(ground: Ground) -> tuple[Sheet, ...]:
    """Everything that has to agree. Without books there is only a processor's balance against its own lines."""
    snapshot = ground.snapshot
    chosen: dict[ConnectionId, set[Ref]] = defaultdict(set)
    for (connection, _), account in ground.accounts.items():
        chosen[connection].add(account)
    found: list[Sheet] = []
    balances = Balances(ground)
    if snapshot.books is not None:
        found.append(_documents(ground))
    for connection in sorted({ref.connection for ref in (*snapshot.balance_entries, *snapshot.payouts)}):
        found += _records(ground, connection)
        ledger = _Ledger(ground, connection)
        if snapshot.books is not None and (chosen[connection] or ledger.deposited):
            mine = list(_InBooks(ground, connection, chosen[connection], ledger).entries())
            here = with_corrections(snapshot, mine)
            there = list(ledger.entries({entry.key: entry.amount for entry in here}))
            found.append(
                Sheet(
                    name=f"Clearing of {connection}",
                    here="the books",
                    there=str(connection),
                    agreement=_located(agree(here, ledger.dated(here, there), ground.as_of), ledger.taken_out()),
                    may_wait=True,
                    of=connection,
                )
            )
            balances.against(ground.accounts, connection, here)
        between = in_transit(ground, connection) if snapshot.books is not None else None
        if between is not None:
            found.append(between[0])
            balances.against(ground.transit, connection, between[1])
    if ground.now:
        found += balances.sheets()
    return tuple(found)


def _records(ground: Ground, connection: ConnectionId) -> Iterator[Sheet]:
    """A processor's records against what each consists of: lines, payments with their refunds, payouts."""
    seen = ground.snapshot
    for name, here, there, rows in (
        ("Lines", "net", "gross less fee", lines_of(seen)),
        ("Payments", "what they say", "their lines", payments_of(seen)),
        ("Refunded", "what payments say", "the refunds", refunds_of(seen)),
        ("Sent", "what payouts say", "the ledger", sent_of(seen)),
        ("Payouts", "what they say", "their lines", payouts_of(seen)),
    ):
        own = [row for row in rows if row.ref.connection == connection]
        sides = [_sides(ground, row) for row in own]
        ours = [entry for left, _ in sides for entry in left]
        theirs = [entry for _, right in sides for entry in right]
        if any(row.said or not row.holds for row in own):
            agreement = agree(ours, theirs, ground.as_of)
            is_sum = name == "Payouts"
            said = f"{name} of {connection}"
            yield Sheet(name=said, here=here, there=there, agreement=agreement, is_sum=is_sum, of=connection)


def _sides(ground: Ground, row: Identity) -> tuple[list[Entry], list[Entry]]:
    """An identity as an entry on either side. A part that was not read stands on the side of what was said."""
    seen, ref = ground.snapshot, row.ref
    line = seen.balance_entries.get(ref)
    if line is not None:
        on, says = day_of(line.created, ground.zone), line.nature.replace("_", " ")
    elif ref in seen.payments:
        on, says = seen.payments[ref].received_on, row.what[:1].lower() + row.what[1:]
    else:
        on, says = seen.payouts[ref].arrives_on, row.what[:1].lower() + row.what[1:]
    here = [Entry(f"{row.what} {ref}", on, row.said, str(ref), says)]
    parts = str(row.by) if row.by is not None and row.by != ref else f"the parts of {ref}"
    there = [Entry(f"{row.what} {ref}", on, row.held, parts, says)]
    nothing = zero(row.said.currency)
    here += [Entry(f"part {left}", on, nothing, str(left), f"line of {ref}, not read") for left in row.left]
    return here, there


def _located(found: Agreement, taken_out: Mapping[str, Undone]) -> Agreement:
    """With the entry of ours that stood for what is missing, where somebody took it out."""
    if not taken_out:
        return found
    differences = tuple(
        replace(each, was=f"{back.ref}, which was {back.how}")
        if each.kind is DifferenceKind.MISSING_HERE and (back := taken_out.get(each.entry.key)) is not None
        else each
        for each in found.differences
    )
    return replace(found, differences=differences)


def _documents(ground: Ground) -> Sheet:
    """What each document of the books says is open, against what its own history comes to."""
    snapshot = ground.snapshot
    here: list[Entry] = []
    there: list[Entry] = []

    def put(ref: Ref, on: BusinessDate, says: str, said: Money, reckoned: Money) -> None:
        here.append(Entry(str(ref), on, said, str(ref), says))
        there.append(Entry(str(ref), on, reckoned, f"the history of {ref}", says))

    applied = applied_of(snapshot)
    for ref, invoice in snapshot.invoices.items():
        if snapshot.in_books(ref) and invoice.state not in _NEVER_VOID:
            rest = Money(invoice.total.minor - applied.get(ref, 0), invoice.total.currency)
            put(ref, invoice.issued_on, f"invoice {invoice.number or ''}".strip(), invoice.open, rest)
    for ref, credit in snapshot.credit_notes.items():
        if snapshot.in_books(ref) and credit.state not in _NEVER_VOID:
            rest = Money(credit.total.minor - applied.get(ref, 0), credit.total.currency)
            put(ref, credit.issued_on, f"credit note {credit.number or ''}".strip(), -credit.open, -rest)
    for ref, payment in snapshot.payments.items():
        if snapshot.in_books(ref) and payment.state is not PaymentState.VOID and payment.unapplied is not None:
            rest = payment.gross - taken_by(snapshot, payment)
            put(
                ref,
                payment.received_on,
                f"unapplied of payment {payment.reference or ref.vendor_id}",
                -payment.unapplied,
                -rest,
            )
    if snapshot.books is not None:
        for ref, _, amount in entered(snapshot, snapshot.books):
            # An entry by hand names no open balance of its own: it is what it is, on both sides.
            on = snapshot.book_entries[ref].on if ref in snapshot.book_entries else ground.as_of
            same = Entry(f"{ref} {len(here)}", on, amount, str(ref), "entry by hand")
            here.append(same)
            there.append(same)
    agreement = agree(here, there, ground.as_of)
    return Sheet(name="Open items", here="open balances", there="their history", agreement=agreement)


class _InBooks:
    """The books' entries that move what a processor holds: those that touch its clearing accounts, and, where payouts
    are deposited instead, those that carry our stamp for it."""

    def __init__(self, ground: Ground, connection: ConnectionId, accounts: set[Ref], ledger: _Ledger) -> None:
        self._snapshot = ground.snapshot
        self._connection = connection
        self._accounts = accounts
        self._ledger = ledger

    def entries(self) -> Iterator[Entry]:
        yield from self._payments()
        yield from self._moves()
        yield from self._deposits()

    def _mine(self, ref: Ref) -> bool:
        return self._snapshot.in_books(ref)

    def _about(self, stamps: tuple[Stamp, ...]) -> Ref | None:
        return next((each.about for each in stamps if each.about and each.about.connection == self._connection), None)

    def _payments(self) -> Iterator[Entry]:
        for ref, payment in self._snapshot.payments.items():
            if not self._mine(ref) or payment.state is PaymentState.VOID or not payment.is_cash:
                continue
            about = self._about(payment.stamps)
            if payment.into in self._accounts or (about is not None and not self._accounts):
                amount = payment.changed_into or payment.gross
                yield Entry(str(about or ""), payment.received_on, amount, str(ref), "payment")

    def _moves(self) -> Iterator[Entry]:
        for ref, entry in self._snapshot.book_entries.items():
            if not self._mine(ref):
                continue
            about = self._about(entry.stamps)
            for amount in self._touching(entry):
                yield Entry(self._key(about, entry), entry.on, amount, str(ref), self._says(about, entry))

    def _touching(self, entry: BookEntry) -> Iterator[Money]:
        """What an entry brings into the clearing accounts, per currency; nothing where it does not touch them."""
        found: dict[Currency, int] = defaultdict(int)
        for account, amount in entry.moves:
            if account in self._accounts:
                found[amount.currency] += amount.minor
        if entry.moves and not self._accounts and self._about(entry.stamps) is not None:
            found[entry.amount.currency] += entry.amount.minor  # a payout came back into the money on hand
        if entry.paid_to in self._accounts:
            found[entry.amount.currency] += entry.amount.minor
        if entry.paid_from in self._accounts:
            found[entry.amount.currency] -= entry.amount.minor
        return (Money(minor, code) for code, minor in sorted(found.items()) if minor)

    def _key(self, about: Ref | None, entry: BookEntry) -> str:
        if about is None:
            return ""
        if about.kind is Kind.ACCOUNT:
            return opening_key(self._connection, entry.amount.currency)
        if about.kind is Kind.DISPUTE:
            return self._ledger.fee_back(about)
        if about.kind is Kind.BALANCE_ENTRY:
            return self._ledger.key_of(about, fee=not entry.moves)
        return fee_key(about) if about.kind is Kind.PAYMENT else str(about)

    def _says(self, about: Ref | None, entry: BookEntry) -> str:
        if about is None:
            return "entry without our stamp"
        words = {Kind.PAYOUT: "payout", Kind.ACCOUNT: "opening entry"}
        return words.get(about.kind, "journal entry" if entry.moves else "fee")

    def _deposits(self) -> Iterator[Entry]:
        for ref, deposit in self._snapshot.deposits.items():
            if not self._mine(ref):
                continue
            about = self._about(deposit.stamps)
            if deposit.into in self._accounts:
                opening = about is not None and about.kind is Kind.ACCOUNT
                key = opening_key(self._connection, deposit.total.currency) if opening else str(about or "")
                yield Entry(key, deposit.on, deposit.total, str(ref), "opening entry" if opening else "deposit")
            elif about in self._ledger.deposited:
                rest = sum(line.amount.minor for line in deposit.lines if line.payment is None)
                yield Entry(str(about), deposit.on, -deposit.total, str(ref), "payout")
                if rest:
                    yield Entry(
                        rest_key(about), deposit.on, Money(rest, deposit.total.currency), str(ref), "fees of a payout"
                    )


class _Ledger:
    """A processor's ledger as the entries that the books should have."""

    def __init__(self, ground: Ground, connection: ConnectionId) -> None:
        snapshot = ground.snapshot
        self._snapshot = snapshot
        self._zone = ground.zone
        self._connection = connection
        self._start: Instant | None = ground.starts.get(connection)
        self._books = Books(snapshot, ground.starts)
        self._days: dict[str, tuple[BusinessDate, ...]] = {}
        self._lines = {ref: line for ref, line in snapshot.balance_entries.items() if ref.connection == connection}
        stamps = [s for ref, d in snapshot.deposits.items() if snapshot.in_books(ref) for s in d.stamps]
        named = {stamp.about for stamp in stamps if stamp.about is not None and stamp.about in snapshot.payouts}
        self.deposited: dict[Ref, Ref] = {}
        """The payouts of which the books hold a deposit, by themselves and by their lines' refs."""
        for payout in sorted(named):
            if payout.connection == connection:
                self.deposited[payout] = payout
                for line in snapshot.payouts[payout].entries or ():
                    self.deposited[line] = payout

    def dated(self, here: list[Entry], there: list[Entry]) -> Iterator[Entry]:
        """The ledger's entries on the days of the books, where those are another day that is right as well: one that
        the line's own record names, or the one that a person chose because the books were closed."""
        profile = self._snapshot.books_profile()
        closed = profile.closed_through if profile is not None else None
        chosen = {entry.key: entry.on for entry in here if entry.key}
        for entry in there:
            on = chosen.get(entry.key, entry.on)
            redated = closed is not None and entry.on <= closed < on
            yield entry._replace(on=on) if redated or on in self._days.get(entry.ref, ()) else entry

    def taken_out(self) -> dict[str, Undone]:
        """What entries of ours stood for that somebody took out of the books, unless a person said that it stays out or
        an undo did it: then it is simply not there."""
        settled = kept_out(self._snapshot.rulings)
        return {
            self._key_of_write(kind, about): back
            for (kind, about), back in undone(self._snapshot).items()
            if about.connection == self._connection and not back.run and about not in settled
        }

    def _key_of_write(self, kind: IntentKind, about: Ref) -> str:
        if about.kind is Kind.BALANCE_ENTRY:
            return self.key_of(about, fee=kind is IntentKind.EXPENSE)
        if about.kind is Kind.DISPUTE:
            return self.fee_back(about)
        return fee_key(about) if kind is IntentKind.EXPENSE else str(about)

    def fee_back(self, dispute: Ref) -> str:
        """What the fee stands for that came back with a dispute that was won."""
        lines = (
            ref
            for ref, line in self._lines.items()
            if line.about == dispute and line.nature is EntryNature.DISPUTE_BACK
        )
        return fee_key(next(lines, dispute))

    def key_of(self, ref: Ref, *, fee: bool) -> str:
        """What an entry of the books that is about a line stands for: its amount or its fee."""
        line = self._lines.get(ref)
        own = ref if line is None else self._subject(ref, line)
        return fee_key(own) if fee else str(own)

    def entries(self, known: Mapping[str, Money]) -> Iterator[Entry]:
        """Every line, its fee apart. `known` is what the books have: what they have not and is from before the start is
        in the opening entry, and what they have as one with its fee is one."""
        opening: dict[Currency, int] = defaultdict(int)
        rests: dict[Ref, int] = defaultdict(int)
        for ref, line in self._lines.items():
            early = self._start is not None and line.created < self._start
            for entry in self._of(ref, line, known):
                payout = self.deposited.get(ref)
                if early and entry.key not in known:
                    opening[entry.amount.currency] += entry.amount.minor
                elif payout is not None and not self._is_payment(line, entry):
                    rests[payout] += entry.amount.minor
                else:
                    yield entry
        for payout, minor in rests.items():
            held = self._snapshot.payouts[payout]
            if minor:
                amount = Money(minor, held.amount.currency)
                yield Entry(rest_key(payout), held.arrives_on, amount, str(payout), "fees of a payout")
        if self._start is not None:
            on = day_of(self._start, self._zone)
            for code in sorted({*opening} | {key[1] for key in self._books.openings if key[0] == self._connection}):
                amount = Money(opening[code], code)
                key = opening_key(self._connection, code)
                says = f"balance of {self._connection} before {on}"
                yield Entry(key, later(on, -1), amount, f"lines before {on}", says)

    def _of(self, ref: Ref, line: BalanceEntry, known: Mapping[str, Money]) -> Iterator[Entry]:
        """The parts of a line. What came and went again, and the books hold nothing of, is nothing."""
        own = self._subject(ref, line)
        days = self._days_of(own, line)
        on, gross, whole = days[0], line.gross, Money(line.gross.minor - line.fee.minor, line.gross.currency)
        self._days[str(ref)] = days
        word = f"{line.nature.replace('_', ' ')} {own.vendor_id}"
        has_fee, is_sound = fee_key(own) in known, line.net == whole
        if own == ref and not has_fee and known.get(str(own), gross) != gross:
            yield Entry(str(own), on, whole, str(ref), word)
            return
        if not has_fee and not is_sound:
            # Nobody knows which of its three amounts is wrong: it is one entry, and its sheet of lines says the rest.
            yield Entry(str(own), on, Money(line.net.minor + line.fee.minor, gross.currency), str(ref), word)
            return
        if not self._books.is_nothing(ref) and gross:
            yield Entry(str(own), on, gross, str(ref), word)
        if line.fee:
            yield Entry(fee_key(own), on, -line.fee, str(ref), f"fee of {word}")

    def _subject(self, ref: Ref, line: BalanceEntry) -> Ref:
        """What a line stands for in the books: its payment or payout, else itself."""
        about = line.about
        named = (line.nature is EntryNature.PAYMENT and about is not None and about.kind is Kind.PAYMENT) or (
            line.nature is EntryNature.PAYOUT or self._books.is_own(ref)
        )
        return about if named and about is not None else ref

    def _is_payment(self, line: BalanceEntry, entry: Entry) -> bool:
        return line.nature is EntryNature.PAYMENT and entry.key == str(line.about)

    def _days_of(self, own: Ref, line: BalanceEntry) -> tuple[BusinessDate, ...]:
        """The day that its own record names; where that names none, the day of the ledger's clock or the company's."""
        about, seen = line.about, self._snapshot
        if about is not None and line.nature is EntryNature.PAYMENT and about in seen.payments:
            return (seen.payments[about].received_on,)
        clocks = (BusinessDate(line.created.date()), day_of(line.created, self._zone))
        if own == about and about in seen.payouts:
            return (seen.payouts[about].arrives_on, *clocks)
        said: list[BusinessDate | None] = []
        if about is not None and about in seen.refunds:
            said = [seen.refunds[about].on]
        elif about is not None and about in seen.disputes:
            said = [seen.disputes[about].on]
        elif about is not None and about in seen.payments:
            said = [seen.payments[about].returned_on]
        return (*(day for day in said if day is not None), *clocks)


def opening_key(connection: ConnectionId, code: Currency) -> str:
    """What the opening entry of a processor and currency stands for."""
    return f"opening {connection} {code}"


def fee_key(about: Ref) -> str:
    """What the fee of a payment or of a line stands for."""
    return f"fee {about}"


def rest_key(payout: Ref) -> str:
    """What a deposited payout holds beside payments."""
    return f"rest {payout}"
