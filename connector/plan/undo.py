"""What takes a run back, in the order in which it can be taken back, and what cannot be, and why. Pure.

An undo is a plan like any other: its lines take back one entry each, and only what is in it is written. Deposits go
before the payments they bank, what was booked about a payment before the payment itself. An entry is taken back only as
long as it still says what we wrote: its amount, day, accounts, customer, what it settles or banks, and our mark. What a
person voided or deleted counts as undone. Everything else is left as it is, with the reason.

Notes, pay pages and the evidence of decisions are no part of it: they are records of what was said, and stay.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from connector.dates import BusinessDate
from connector.model.finding import Evidence, Finding, FindingCode
from connector.model.intent import (
    GiveBack,
    Intent,
    IntentKind,
    Planned,
    PostDeposit,
    Posting,
    ShowLink,
    VoidPosting,
    Written,
    intent_kind,
)
from connector.model.link_line import LinkLine
from connector.model.money_in import Payment, PaymentState
from connector.model.settlement import BookEntry, Deposit
from connector.model.source import Kind, OpId, PlanId, Ref
from connector.money import grouped
from connector.plan.lines import Effect, Frame, Plan, PlanLine
from connector.plan.rewritten import Stands, changes
from connector.reconcile.booked import standing, taking_back
from connector.reconcile.returned import lines_back, lines_given
from connector.reconcile.snapshot import Snapshot

ORDER = (
    IntentKind.DEPOSIT,
    IntentKind.TRANSFER,
    IntentKind.CREDIT,
    IntentKind.JOURNAL,
    IntentKind.EXPENSE,
    IntentKind.PAYMENT,
)
"""What rests on others goes first."""

_CALLED: dict[IntentKind, str] = {
    IntentKind.DEPOSIT: "deposit",
    IntentKind.TRANSFER: "transfer",
    IntentKind.JOURNAL: "journal entry",
    IntentKind.EXPENSE: "expense",
    IntentKind.CREDIT: "credit application",
    IntentKind.PAYMENT: "payment",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnWrite:
    """One write of ours: of which run and line, what was asked, and what was answered (None: nothing yet, or no).

    `unsent`: it was never sent. `doubtful`: nobody knows whether it arrived. `refused`: the books said no, or hold
    something else than was asked. `effects` are those its plan told.
    """

    op_id: OpId
    run: PlanId | None
    line: int
    intent: Intent
    answer: Written | None
    unsent: bool = False
    doubtful: bool = False
    refused: bool = False
    effects: tuple[Effect, ...] = ()

    @property
    def kind(self) -> IntentKind:
        return intent_kind(self.intent)


def undo(snapshot: Snapshot, writes: Sequence[OwnWrite], run: PlanId, frame: Frame, only: Collection[int] = ()) -> Plan:
    """The plan that takes back that run, or only these lines of it. `writes` are all of the company; the snapshot has
    to be of this moment."""
    return _Undoing(snapshot, writes, run, frame).plan(frozenset(only))


class _Undoing:
    def __init__(self, snapshot: Snapshot, writes: Sequence[OwnWrite], run: PlanId, frame: Frame) -> None:
        self._snapshot, self._run, self._frame = snapshot, run, frame
        self._writes = writes
        self._became = {each.answer.ref: each for each in writes if each.answer is not None and each.kind in _CALLED}
        self._voids = {
            each.intent.stamp: each for each in writes if isinstance(each.intent, VoidPosting) and not each.refused
        }
        self._marked = _marked(snapshot)
        self._banked = {
            line.payment: ref
            for ref, deposit in snapshot.deposits.items()
            if snapshot.in_books(ref)
            for line in deposit.lines
            if line.payment is not None
        }
        self._settled_by = {
            share.target: ref
            for ref, payment in snapshot.payments.items()
            if snapshot.in_books(ref) and payment.state is not PaymentState.VOID
            for share in payment.allocations
        }
        self._lines_of = _together(lines_given(snapshot), lines_back(snapshot))
        self._held = standing(snapshot)
        self._rests = {
            stamp.about: ref
            for ref, entry in snapshot.book_entries.items()
            if snapshot.in_books(ref)
            for stamp in entry.stamps
            if stamp.about is not None and stamp.about.kind is Kind.INVOICE
        }
        profile = snapshot.books_profile()
        self._closed_through = profile.closed_through if profile is not None else None
        self._lines: list[PlanLine] = []
        self._taken: set[Ref] = set()
        self._left: list[Finding] = []

    def plan(self, only: frozenset[int]) -> Plan:
        mine = [each for each in self._writes if each.run == self._run and (not only or each.line in only)]
        for kind in ORDER:
            for each in sorted((one for one in mine if one.kind is kind), key=lambda one: -one.line):
                self._take(each)
        for each in mine:
            self._tell_marked(each)
            if isinstance(each.intent, ShowLink):
                self._take_link(each, each.intent)
            if isinstance(each.intent, VoidPosting):
                self._keep_void(each, each.intent)
            if isinstance(each.intent, GiveBack):
                self._keep_refund(each, each.intent)
        return Plan(
            plan_id=self._frame.plan_id,
            company_id=self._frame.company_id,
            made_at=self._frame.made_at,
            made_by=self._frame.made_by,
            lines=tuple(self._lines),
            left_out=tuple(self._left),
            undoes=str(self._run),
            calls_off=tuple(each.op_id for each in mine if each.unsent or each.doubtful),
        )

    def lines_of(self, wanted: Collection[OpId]) -> tuple[tuple[PlanLine, ...], tuple[Finding, ...]]:
        """What takes single writes back, and why others cannot be."""
        for kind in ORDER:
            for each in self._writes:
                if each.op_id in wanted and each.kind is kind:
                    self._take(each)
        return tuple(self._lines), tuple(self._left)

    def _take(self, each: OwnWrite) -> None:
        """A line that takes it back, or the reason why there is none."""
        answer = each.answer
        if each.doubtful:
            said = f"{self._called(each)} was sent, and nobody knows yet whether it arrived."
            step = f"It is not sent again. Look again later: receivables undo {self._run}"
            self._leave(each, FindingCode.WRITE_UNSURE, said, step)
        if answer is None or not isinstance(each.intent, Posting):
            return
        target = answer.ref
        stands = self._stands(target)
        if self._is_out(each, target, stands):
            return
        if stands is None:
            return
        found = (self._closed(stands), self._edited(each, stands), self._leant_on(each, target))
        why = [one for one in found if one is not None]
        if why:
            said = "; and ".join(sentence for _, sentence, _ in why)
            steps = " ".join(step for _, _, step in why)
            self._leave(each, why[0][0], f"{self._called(each)} is not taken back: {said}.", steps, target)
            return
        self._taken.add(target)
        self._lines.append(self._line(each, each.intent, target, stands))

    def _take_link(self, each: OwnWrite, intent: ShowLink) -> None:
        """The line that takes a payment link off its invoice again, or the reason why there is none."""
        number = self._debt(intent.about)
        what = f"Line {each.line}, the payment link on invoice {number},"
        invoice = self._snapshot.invoices.get(intent.about)
        seen = {held.secret_hash: held.line for held in invoice.links} if invoice is not None else {}
        put = intent.puts
        if each.doubtful:
            step = f"It is not sent again. Look again later: receivables undo {self._run}"
            self._leave(each, FindingCode.WRITE_UNSURE, f"{what} was sent, and nobody knows whether it arrived.", step)
        if each.answer is None:
            return
        if put is None:
            step = f"To put it there again: receivables link put {number}"
            self._leave(each, FindingCode.NOT_UNDONE, f"{what} was taken off, and an undo puts none on.", step)
        elif invoice is None or put.seen.secret_hash not in seen or each.op_id in self._voids:
            step = "Nothing is to be done."
            self._leave(each, FindingCode.POSTING_UNDONE, f"{what} does not stand there any more.", step)
        elif seen[put.seen.secret_hash] != put.seen.line:
            said = f"{what} is not taken off: somebody changed that line in the books since it was written."
            self._leave(each, FindingCode.NOT_UNDONE, said, "Take it out there by hand; it then counts as undone.")
        elif self._closed_through is not None and invoice.issued_on <= self._closed_through:
            said = f"{what} is not taken off: the books are closed through {self._closed_through}."
            self._leave(each, FindingCode.CLOSED_PERIOD, said, "Open the period in the books and undo again.")
        else:
            self._lines.append(self._line_off(each, intent, put, invoice.issued_on))

    def _keep_refund(self, each: OwnWrite, intent: GiveBack) -> None:
        """Money that was given back is the payer's: nobody can take it again from here."""
        what = f"Line {each.line}, the refund of {grouped(intent.amount)} on payment {intent.about.vendor_id},"
        if each.doubtful:
            step = f"It is not sent again. Look again later: receivables undo {self._run}"
            self._leave(each, FindingCode.WRITE_UNSURE, f"{what} was sent, and nobody knows whether it arrived.", step)
        elif each.answer is not None:
            step = "If it was a mistake, ask the payer to pay again, by the link of what is owed."
            self._leave(each, FindingCode.NOT_UNDONE, f"{what} cannot be taken back: the money is the payer's.", step)

    def _line_off(self, each: OwnWrite, intent: ShowLink, put: LinkLine, on: BusinessDate) -> PlanLine:
        version = self._snapshot.versions.get(intent.about, "")
        return PlanLine(
            op_id=self._frame.new_op_id(),
            kind=IntentKind.VOID,
            subject=taking_back(each.op_id),
            sentence=f"Take back line {each.line}, the payment link on invoice {self._debt(intent.about)}.",
            void=VoidPosting(
                books=intent.books,
                target=intent.about,
                stamp=each.op_id,
                version=version,
                on=on,
                about=intent.about,
                memo=f"undo of {self._run}",
                undoes=self._run,
                link=put,
            ),
            evidence=(Evidence(ref=intent.about, field="as we wrote it", says=f"line {each.line} of {self._run}"),),
            expects=((intent.about, version),),
        )

    def _stands(self, target: Ref) -> Stands | None:
        seen = self._snapshot
        return seen.payments.get(target) or seen.deposits.get(target) or seen.book_entries.get(target)

    def _is_out(self, each: OwnWrite, target: Ref, stands: Stands | None) -> bool:
        """Whether it is out of the books already, or on its way out, which is told."""
        ours = self._voids.get(each.op_id)
        void = isinstance(stands, Payment) and stands.state is PaymentState.VOID
        gone = stands is None or void
        if ours is not None and (not gone or ours.answer is None):
            said = "is being taken back already; that is carried on"
        elif ours is not None:
            said = "was taken back already"
        elif void:
            said = "was voided in the books by a person already; it counts as undone"
        elif target in self._snapshot.gone:
            said = "was deleted in the books by a person already; it counts as undone"
        elif stands is None:
            said = "is not in the books as they were read; it counts as undone"
        else:
            return False
        self._leave(each, FindingCode.POSTING_UNDONE, f"{self._called(each)} {said}.", "Nothing is to be done.", target)
        return True

    def _closed(self, stands: Stands) -> tuple[FindingCode, str, str] | None:
        on = stands.received_on if isinstance(stands, Payment) else stands.on
        if self._closed_through is None or on > self._closed_through:
            return None
        return (
            FindingCode.CLOSED_PERIOD,
            f"it lies on {on}, and the books are closed through {self._closed_through}",
            "Open the period in the books and undo again; or correct it by an entry of today, by hand.",
        )

    def _edited(self, each: OwnWrite, stands: Stands) -> tuple[FindingCode, str, str] | None:
        """What a person changed of what we wrote, as it was asked, as it was written, and as it is now."""
        found = changes(self._snapshot, each.op_id, each.intent, each.answer, stands)
        if not found:
            return None
        told = "; ".join(f"{one.what}: asked {one.asked}, written {one.then}, now {one.now}" for one in found)
        return (
            FindingCode.NOT_UNDONE,
            f"somebody changed it in the books since it was written ({told})",
            "Look at it there. If it is to go, take it out by hand; it then counts as undone.",
        )

    def _leant_on(self, each: OwnWrite, target: Ref) -> tuple[FindingCode, str, str] | None:
        """What stands upon it in the books and is not taken back before it."""
        deposit = self._banked.get(target)
        if deposit is not None and deposit not in self._taken:
            return self._resting(f"deposit {deposit.vendor_id} banks it", deposit)
        about = _about(each)
        if each.kind is IntentKind.PAYMENT and about is not None:
            for line in self._lines_of.get(about, ()):
                entry = self._entry_about(line)
                if entry is not None and entry not in self._taken:
                    return self._resting(f"{entry.vendor_id} books what went back of it", entry)
        onward = self._onward(each, about)
        if onward is not None:
            return self._resting(f"transfer {onward.vendor_id} moves on what it sets aside", onward)
        wrote = self._wrote_off(target)
        if wrote is not None and wrote not in self._taken:
            return self._resting(f"entry {wrote.vendor_id} wrote off what it left open", wrote)
        payment = self._settled_by.get(target)
        if payment is not None and payment not in self._taken:
            return self._resting(f"payment {payment.vendor_id} settles it", payment)
        return None

    def _wrote_off(self, target: Ref) -> Ref | None:
        """The entry of ours that wrote off the rest of an invoice that this payment settles in part."""
        payment = self._snapshot.payments.get(target)
        settled = payment.allocations if payment is not None and payment.gross else ()
        return next((self._rests[share.target] for share in settled if share.target in self._rests), None)

    def _onward(self, each: OwnWrite, about: Ref | None) -> Ref | None:
        """The transfer to the bank that stands upon the entry by which a payout was set aside."""
        line = self._snapshot.balance_entries.get(about) if about is not None else None
        payout = self._snapshot.payouts.get(line.about) if line is not None and line.about is not None else None
        if each.kind is not IntentKind.JOURNAL or payout is None or payout.entry != about or line is None:
            return None
        entries = self._snapshot.book_entries.items()
        stamped = (ref for ref, one in entries if not one.moves and any(s.about == line.about for s in one.stamps))
        found = next((ref for ref in stamped if self._snapshot.in_books(ref)), None)
        return found if found not in self._taken else None

    def _entry_about(self, line: Ref) -> Ref | None:
        """The journal entry of ours that stands in the books for that line of a processor's ledger."""
        if (IntentKind.JOURNAL, line) not in self._held:
            return None
        entries = self._snapshot.book_entries
        stamped = (ref for ref, entry in entries.items() if entry.moves and any(s.about == line for s in entry.stamps))
        return next(stamped, None)

    def _resting(self, said: str, upon: Ref) -> tuple[FindingCode, str, str]:
        other = self._became.get(upon)
        if other is not None and other.run == self._run:
            return FindingCode.NOT_UNDONE, f"{said}, and that is not taken back", "See why it is not; then undo again."
        if other is not None and other.run is not None:
            return FindingCode.NOT_UNDONE, f"{said}, which {other.run} wrote", f"First: receivables undo {other.run}"
        return (
            FindingCode.NOT_UNDONE,
            f"{said}, which is not ours",
            "Take that out of the books by hand, then undo again.",
        )

    def _keep_void(self, each: OwnWrite, intent: VoidPosting) -> None:
        if each.answer is None:
            return
        said = f"Line {each.line} took {_number(intent.target)} out of the books, and that cannot be taken back."
        step = "Its money went back; if the entry belongs in the books all the same, record it there by hand."
        self._leave(each, FindingCode.NOT_UNDONE, said, step, intent.target)

    def _tell_marked(self, each: OwnWrite) -> None:
        """Entries that carry our mark and are not the one that was answered for: nobody can say that they are ours."""
        own = each.answer.ref if each.answer is not None else None
        for ref in self._marked.get(each.op_id, ()):
            if ref != own and not (each.answer is None and not each.refused):
                what = "carries its mark, and is not what we asked for" if own is None else "is a copy of it"
                said = f"{self._called(each)} is not all: {_number(ref)} in {ref.connection} {what}."
                self._leave(each, FindingCode.NOT_UNDONE, said, "Look at it there, and take it out by hand.", ref)

    def _leave(self, each: OwnWrite, code: FindingCode, sentence: str, next_step: str, *refs: Ref) -> None:
        about = _about(each)
        amount = each.answer.amount if each.answer is not None else None
        named = (*refs, *((about,) if about is not None else ()))
        self._left.append(Finding(code=code, sentence=sentence, next_step=next_step, refs=named, amount=amount))

    def _called(self, each: OwnWrite) -> str:
        """`Line 3, payment 17 of 120.00 USD from Acme,`: as a person finds it in the books."""
        what = _CALLED.get(each.kind, str(each.kind))
        if each.answer is None:
            return f"Line {each.line}, a {what},"
        amount = f" of {grouped(each.answer.amount)}" if each.answer.amount else ""
        return f"Line {each.line}, {what} {_number(each.answer.ref)}{amount},"

    def _line(self, each: OwnWrite, posted: Posting, target: Ref, stands: Stands) -> PlanLine:
        on = stands.received_on if isinstance(stands, Payment) else stands.on
        reopens = stands.allocations if isinstance(stands, Payment) else ()
        intent = VoidPosting(
            books=posted.books,
            target=target,
            stamp=each.op_id,
            version=self._snapshot.versions.get(target, ""),
            on=on,
            about=posted.about,
            memo=f"undo of {self._run}",
            reopens=reopens,
            undoes=self._run,
            says=each.answer.moves if each.answer is not None and self._settled_by.get(target) in self._taken else (),
        )
        return PlanLine(
            op_id=self._frame.new_op_id(),
            kind=IntentKind.VOID,
            subject=taking_back(each.op_id),
            sentence=self._sentence(each, target, stands),
            void=intent,
            effects=tuple(replace(effect, amount=-effect.amount) for effect in each.effects),
            evidence=(
                Evidence(ref=target, field="stamp", says=str(each.op_id)),
                Evidence(ref=target, field="as we wrote it", says=f"line {each.line} of {self._run}"),
            ),
            expects=((target, self._snapshot.versions.get(target, "")),),
        )

    def _sentence(self, each: OwnWrite, target: Ref, stands: Stands) -> str:
        what, number = _CALLED[each.kind], _number(target)
        match stands:
            case Payment():
                who = self._snapshot.name_of(stands.customer)
                debts = [share.target for share in stands.allocations if share.target.kind is not Kind.BOOK_ENTRY]
                opens = ", ".join(dict.fromkeys(self._debt(target) for target in debts))
                amount = f" of {grouped(stands.gross)}" if stands.gross else ""
                again = f", so that {opens} is open again" if opens else ""
                said = f"{what} {number}{amount} from {who}{again}"
            case Deposit():
                count = len(each.intent.payments) if isinstance(each.intent, PostDeposit) else 0
                waits = f", so that its {count} payments wait again" if count else ""
                said = f"{what} {number} of {grouped(stands.total)}{waits}"
            case BookEntry():
                said = f"{what} {number} of {grouped(stands.amount)}"
        memo = "" if isinstance(stands, Payment) else f": {posted_memo(each)}"
        return f"Take back line {each.line}, {said}{memo}."

    def _debt(self, target: Ref) -> str:
        seen = self._snapshot
        held = seen.invoices.get(target) or seen.credit_notes.get(target)
        return (held.number if held is not None else None) or target.vendor_id


def _marked(snapshot: Snapshot) -> dict[OpId, list[Ref]]:
    """The entries that stand in the books under each mark of ours."""
    found: dict[OpId, list[Ref]] = defaultdict(list)
    void = {ref for ref, payment in snapshot.payments.items() if payment.state is PaymentState.VOID}
    stands: dict[Ref, Stands] = {**snapshot.payments, **snapshot.deposits, **snapshot.book_entries}
    for ref, entry in stands.items():
        if snapshot.in_books(ref) and ref not in void:
            for stamp in entry.stamps:
                found[stamp.op_id].append(ref)
    return found


def posted_memo(each: OwnWrite) -> str:
    """What we said in the entry that it is."""
    return each.intent.memo if isinstance(each.intent, Posting) else ""


def _about(each: OwnWrite) -> Ref | None:
    return each.intent.about if isinstance(each.intent, Planned) else None


def _number(target: Ref) -> str:
    """The id as the books show it, without the kind that may stand before it."""
    return target.vendor_id.rpartition(":")[2]


def _together(*found: Mapping[Ref, tuple[Ref, ...]]) -> dict[Ref, tuple[Ref, ...]]:
    whole: dict[Ref, tuple[Ref, ...]] = {}
    for each in found:
        for ref, lines in each.items():
            whole[ref] = (*whole.get(ref, ()), *lines)
    return whole


def take_back(
    snapshot: Snapshot, writes: Sequence[OwnWrite], wanted: Collection[OpId], frame: Frame
) -> tuple[tuple[PlanLine, ...], tuple[Finding, ...]]:
    """The lines that take these writes back, whatever run they are of, and why some cannot be, by the same rules."""
    work = _Undoing(snapshot, writes, frame.plan_id, frame)
    return work.lines_of(wanted)
