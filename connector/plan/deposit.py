"""The deposit pattern: a payout is one deposit of the payments it carried, less what the processor kept.

It is written when the money has left the processor and every part of it is known, and dated with the day on which it
is to arrive: until then it is what a bank statement calls a deposit in transit, and the bank's feed finds it there.

All or nothing. A deposit whose sum is right and whose members are not would hide a payment that is missing, so every
member has to stand in the books, on hand, with its own amount, before the deposit is planned. Whatever else the payout
carried is a part of it against the account it belongs to (`against`): what went back makes its customer owe it again.
A payment that was never posted and came to nothing passes through the account for suspense, for nothing in the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from connector.dates import BusinessDate
from connector.model.finding import Evidence, FindingCode
from connector.model.firm import BookingPattern
from connector.model.intent import DepositPart, IntentKind, JournalPart, PostDeposit, PostJournal
from connector.model.money_in import Payment
from connector.model.settlement import BalanceEntry, EntryNature, Payout, PayoutState
from connector.model.source import ConnectionId, Kind, Ref
from connector.money import Money, grouped, total, zero
from connector.plan.against import IN_WORDS, WENT_BACK, Against, Counterpart, NotBookable
from connector.plan.clearing import leave_payout
from connector.plan.gate import Gate, redated
from connector.plan.lines import Effect, PlanLine
from connector.reconcile.booked import posted_payments, subject_of, undone
from connector.reconcile.clearing import Books

NAMED_MAX = 3
"""So many of the further parts are named in a line's sentence."""


@dataclass(slots=True, kw_only=True)
class _Carried:
    """What a payout consists of, as far as it can be booked: payments of the books, what was kept, what is missing."""

    kept: Money
    nothing: Money
    parts: list[tuple[Counterpart, str]] = field(default_factory=list)
    fees: tuple[Counterpart, str] | None = None
    payments: list[tuple[Ref, Money]] = field(default_factory=list)
    abouts: list[Ref] = field(default_factory=list)
    waits: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def besides(self) -> list[tuple[Counterpart, str]]:
        """All that is no payment, the fees last."""
        return [*self.parts, *([self.fees] if self.fees is not None else [])]


def deposits(gate: Gate, books: ConnectionId, planned: frozenset[Ref], against: Against) -> Iterator[PlanLine]:
    """Payouts that left the processor and all of whose payments stand in the books. `planned` are payments of this very
    plan."""
    members: _Members | None = None
    for ref, payout in gate.snapshot.payouts.items():
        if not gate.open_to(ref, BookingPattern.DEPOSIT) or not _has_left(gate, payout):
            continue
        brings = payout.amount.minor > 0
        if gate.leave_early(ref) or gate.is_done(IntentKind.DEPOSIT if brings else IntentKind.JOURNAL, ref):
            if not brings:
                gate.is_done(IntentKind.DEPOSIT, ref)  # a person took out the deposit beside it, which is told
            continue
        if not payout.entries:
            leave_payout(gate, ref, payout)
            continue
        members = members or _Members(gate, planned, against)
        carried = members.of(ref, payout, payout.entries)
        if _complete(gate, ref, payout, carried):
            yield from _booked(gate, books, ref, payout, carried)


def _has_left(gate: Gate, payout: Payout) -> bool:
    """Whether a payout is out of the processor's balance: it arrived, or the ledger shows it and its parts are said."""
    own = gate.snapshot.balance_entries.get(payout.entry) if payout.entry is not None else None
    if payout.state is PayoutState.PENDING and payout.entries:
        return own is not None and own.gross == -payout.amount
    return payout.state is PayoutState.PAID


def _booked(gate: Gate, books: ConnectionId, ref: Ref, payout: Payout, carried: _Carried) -> Iterator[PlanLine]:
    """One deposit; of a payout that brings nothing the deposit of its payments, and a journal entry of the rest beside
    it: no deposit can be below zero."""
    touched = [ref, *carried.abouts, *(payment for payment, _ in carried.payments)]
    on = gate.day(IntentKind.DEPOSIT, ref, payout.arrives_on, touched)
    if on is None:
        return
    into = gate.account(ref, payout.amount, "bank")
    holding = gate.account(ref, payout.amount, "holding")
    kept_by = gate.account(ref, payout.amount, "fees") if carried.kept else None
    if into is None or holding is None or (carried.kept and kept_by is None):
        return
    if kept_by is not None:
        fees = Counterpart(account=kept_by, amount=carried.kept, called=gate.name(kept_by))
        carried.fees = (fees, f"{ref.connection} fees")
    dated = _Dated(books=books, into=into, holding=holding, on=on, touched=tuple(touched))
    if payout.amount.minor > 0:
        yield _deposit(gate, ref, payout, carried, dated)
        return
    if carried.payments and not gate.is_done(IntentKind.DEPOSIT, ref):
        gross = total((amount for _, amount in carried.payments), payout.amount.currency)
        alone = replace(carried, parts=[], fees=None, kept=zero(gross.currency))
        yield _deposit(gate, ref, replace(payout, amount=gross), alone, dated)
    yield _taken(gate, ref, payout, carried, dated)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dated:
    """Where and when a payout is booked, and what was looked at for it."""

    books: ConnectionId
    into: Ref
    holding: Ref
    on: BusinessDate
    touched: tuple[Ref, ...]


def _taken(gate: Gate, ref: Ref, payout: Payout, carried: _Carried, dated: _Dated) -> PlanLine:
    """What a payout took from the bank besides the payments that it carried."""
    gross = total((amount for _, amount in carried.payments), payout.amount.currency)
    took = payout.amount - gross
    named = [(dated.into, took, None), *((one.account, -one.amount, one.customer) for one, _ in carried.besides())]
    beside = f" beside the deposit of its payments ({grouped(gross)})" if gross else ""
    return gate.line(
        PostJournal(
            books=dated.books,
            on=dated.on,
            parts=tuple(JournalPart(account=at, amount=amount, customer=who) for at, amount, who in named if amount),
            about=ref,
            memo=f"{ref.connection} payout {ref.vendor_id}",
        ),
        f"Record {grouped(-took)} that payout {ref.vendor_id} of {grouped(payout.amount)} took from "
        f"{gate.name(dated.into)}{beside}{_besides(carried)}." + redated(dated.on, payout.arrives_on),
        effects=(
            Effect(account=gate.name(dated.into), amount=took),
            *(Effect(account=one.called, amount=-one.amount) for one, _ in carried.besides()),
        ),
        evidence=(Evidence(ref=ref, field="entries", says=f"{len(payout.entries or ())} entries add up to it"),),
        expects=dated.touched,
    )


def _deposit(gate: Gate, ref: Ref, payout: Payout, carried: _Carried, dated: _Dated) -> PlanLine:
    parts = [
        DepositPart(account=one.account, amount=one.amount, memo=memo, customer=one.customer)
        for one, memo in carried.besides()
    ]
    effects = [Effect(account=one.called, amount=-one.amount) for one, _ in carried.besides()]
    gross = total((amount for _, amount in carried.payments), payout.amount.currency)
    intent = PostDeposit(
        books=dated.books,
        into=dated.into,
        on=dated.on,
        payments=tuple(carried.payments),
        parts=tuple(parts),
        total=payout.amount,
        about=ref,
        memo=f"{ref.connection} payout {ref.vendor_id}",
    )
    return gate.line(
        intent,
        f"Deposit payout {ref.vendor_id} of {grouped(payout.amount)} in {gate.name(dated.into)}: "
        f"{len(carried.payments)} payments of {grouped(gross)} together, less {grouped(-carried.kept)} in fees"
        f"{_besides(carried)}." + redated(dated.on, payout.arrives_on),
        effects=(
            Effect(account=gate.name(dated.into), amount=payout.amount),
            Effect(account=gate.name(dated.holding), amount=-gross),
            *effects,
        ),
        evidence=(Evidence(ref=ref, field="entries", says=f"{len(payout.entries or ())} entries add up to it"),),
        expects=dated.touched,
    )


def _besides(carried: _Carried) -> str:
    """What else than payments and fees a payout carried, in words."""
    if not carried.parts:
        return ""
    amount = total((one.amount for one, _ in carried.parts), carried.kept.currency)
    more = f" and {len(carried.parts) - NAMED_MAX} more" if len(carried.parts) > NAMED_MAX else ""
    return f", and {grouped(amount)} besides: {', '.join(memo for _, memo in carried.parts[:NAMED_MAX])}{more}"


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
            f"{said} is deposited by the next plan: {carried.waits[0]}{more} must be posted first.",
            "Apply this plan, then run: receivables plan",
            ref,
        )
    else:
        amounts = [*(amount for _, amount in carried.payments), *(one.amount for one, _ in carried.parts), carried.kept]
        adds_up = total(amounts, payout.amount.currency)
        if adds_up == payout.amount:
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

    def __init__(self, gate: Gate, planned: frozenset[Ref], against: Against) -> None:
        self._gate, self._against = gate, against
        starts = {each: begins.at for each in gate.processors() if (begins := gate.begins(each)) is not None}
        self._books = Books(gate.snapshot, starts)
        self._snapshot = gate.snapshot
        self._planned = planned
        self._of: Ref | None = None
        self._posted = posted_payments(gate.snapshot)
        self._undone = undone(gate.snapshot)
        self._banked = {
            line.payment: ref
            for ref, deposit in gate.snapshot.deposits.items()
            if gate.snapshot.in_books(ref)
            for line in deposit.lines
            if line.payment is not None
        }

    def of(self, ref: Ref, payout: Payout, entries: tuple[Ref, ...]) -> _Carried:
        """Everything in a payout, each entry as a payment, as a fee, or as something missing."""
        self._of = ref
        carried = _Carried(kept=zero(payout.amount.currency), nothing=zero(payout.amount.currency))
        self._gather(carried, entries, frozenset())
        if carried.nothing:
            passes = self._gate.account(entries[0], carried.nothing, "suspense")
            if passes is None:
                carried.missing.append(
                    f"{grouped(carried.nothing)} in it of payments that came to nothing have no account"
                )
            else:
                called = self._gate.name(passes)
                one = Counterpart(account=passes, amount=carried.nothing, called=called)
                carried.parts.append((one, "payments that came to nothing"))
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
                self._take(carried, entry, entry.about, even=self._books.is_even(ref))
            elif (again := self._came_back(ref, entry, inside)) is not None and entry.about is not None:
                self._gather(carried, again, inside | {entry.about})
            else:
                self._part(carried, ref, entry)

    def _part(self, carried: _Carried, ref: Ref, entry: BalanceEntry) -> None:
        """What is neither payment nor fee, against the account it belongs to."""
        carried.kept -= entry.fee
        of = self._against.payment_of(entry) if entry.nature in WENT_BACK else None
        if of is not None and self._books.is_even(ref) and self._against.posted(of) is None:
            carried.nothing += entry.gross
            return
        found = self._on_hand_again(carried, ref, entry) or self._against.of(ref, entry)
        what = f"{IN_WORDS.get(entry.nature, entry.category[:40])} {(of or entry.about or ref).vendor_id}"
        if isinstance(found, NotBookable):
            why = found.sentence or f"its {what} of {grouped(entry.gross)} has no account"
            carried.missing.append(why)
        elif found.exchange is not None:
            carried.missing.append(f"its {what} was changed from {found.amount.currency}")
        elif entry.gross:
            carried.parts.append((found, what))

    def _on_hand_again(self, carried: _Carried, ref: Ref, entry: BalanceEntry) -> Counterpart | None:
        """A payout that failed after its deposit: an entry of ours put it back on hand, from where it is deposited."""
        about = entry.about
        if entry.nature is not EntryNature.PAYOUT_BACK or about is None:
            return None
        if not self._gate.was_written(IntentKind.JOURNAL, ref):
            carried.waits.append(f"the failed payout {about.vendor_id}")
        elif not self._gate.stands(IntentKind.JOURNAL, ref):
            carried.missing.append(f"the entry of the failed payout {about.vendor_id} was taken out of the books")
        holding = self._gate.account(ref, entry.gross, "holding")
        if holding is None:
            return None
        return Counterpart(account=holding, amount=entry.gross, called=self._gate.name(holding))

    def _came_back(self, ref: Ref, entry: BalanceEntry, inside: frozenset[Ref]) -> tuple[Ref, ...] | None:
        """What a failed payout consisted of that never arrived: its members are on hand still and go out with this one.
        None where that is not so, or not known whole."""
        about = entry.about
        failed = self._snapshot.payouts.get(about) if about is not None and about not in inside else None
        if about is None or failed is None or entry.nature is not EntryNature.PAYOUT_BACK or entry.fee:
            return None
        if failed.state is not PayoutState.FAILED or failed.amount != entry.gross:
            return None
        was_banked = any(self._gate.stands(kind, about) for kind in (IntentKind.DEPOSIT, IntentKind.JOURNAL))
        return None if was_banked or self._gate.was_written(IntentKind.JOURNAL, ref) else failed.entries

    def _take(self, carried: _Carried, entry: BalanceEntry, about: Ref, *, even: bool) -> None:
        if self._gate.is_early(about):
            carried.missing.append(f"its payment {about.vendor_id} of {grouped(entry.gross)} is from before the start")
            return
        held = self._posted.get(about)
        under_way = subject_of(IntentKind.PAYMENT, about) in self._snapshot.in_flight
        if held is None and (about in self._planned or (under_way and (IntentKind.PAYMENT, about) not in self._undone)):
            carried.waits.append(f"its payment {about.vendor_id}")
            return
        if held is None and even:
            carried.nothing += entry.gross
            carried.kept -= entry.fee
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
        if held in self._banked and not self._is_its_own(self._banked[held]):
            return f"its payment {about.vendor_id} is in deposit {self._banked[held].vendor_id} already"
        if not self._on_hand(payment):
            return f"its payment {about.vendor_id} does not rest in undeposited funds"
        return ""

    def _is_its_own(self, deposit: Ref) -> bool:
        """Whether that is the deposit of this very payout, whose journal entry is still to be written."""
        return any(stamp.about == self._of for stamp in self._snapshot.deposits[deposit].stamps)

    def _on_hand(self, payment: Payment) -> bool:
        """Undeposited: in the account for it, or in none, which is the same."""
        holding = self._gate.holding(payment.gross.currency)
        return payment.into is None or payment.into == holding
