"""A plan that cleans books up in which another program, the bank's feed or people have worked. Pure.

Three things happen to what `shadowed` found, and nothing else:

* What is ours and stands there a second time is taken back, where that changes no balance: the other hand's entry says
  the same of every account, customer and invoice. Where it does not, a person is asked which of the two is right.
* A payment that another hand posted net is made whole by entries of our own, a payment of the fee and the fee itself:
  both go over the clearing account, and come to nothing there.
* What another hand wrote is never changed, voided or deleted from here. Each such entry is listed with what it repeats
  and with what a person does in the books, step by step; the next look finds it gone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from connector.model.allocation import Allocation
from connector.model.finding import Evidence, Finding, FindingCode
from connector.model.firm import BookingPattern, Connection
from connector.model.intent import IntentKind, PostExpense, PostPayment
from connector.model.invoice import Invoice
from connector.model.money_in import Payment
from connector.model.settlement import BookEntry, Deposit
from connector.model.source import OpId, Ref
from connector.money import Money, grouped
from connector.plan.gate import Gate
from connector.plan.lines import RECEIVABLE, Effect, Frame, Plan, PlanLine
from connector.plan.undo import OwnWrite, take_back
from connector.reconcile.namesakes import namesakes
from connector.reconcile.polluted import Row, called
from connector.reconcile.snapshot import Snapshot

TWINS = frozenset(
    {
        FindingCode.POSTED_TWICE,
        FindingCode.PERHAPS_TWICE,
        FindingCode.PAYOUT_TWICE,
        FindingCode.BANK_FEED_TWIN,
        FindingCode.FEE_TWICE,
    }
)
"""What stands there a second time: the first record is the entry that is one too many, the second what it repeats."""
_SURE = frozenset({FindingCode.POSTED_TWICE, FindingCode.PAYOUT_TWICE, FindingCode.FEE_TWICE})
"""Those of them that are no suspicion."""
PREFIX = "clean-"
"""How the ids of these plans begin: `apply` takes them by their names alone."""
Stands = Payment | BookEntry | Deposit


@dataclass(frozen=True, slots=True, kw_only=True)
class Dirt:
    """What was found, every write of ours, and the entries of ours that a person says are the wrong ones."""

    rows: Sequence[Row]
    writes: Sequence[OwnWrite]
    wrong: Collection[Ref] = ()


def clean_up(snapshot: Snapshot, dirt: Dirt, processors: Sequence[Connection], frame: Frame) -> Plan:
    """The plan: lines of ours, and everything else as a proposal for a person, each with its evidence."""
    work = _Cleaning(snapshot, dirt, Gate(snapshot, processors, frame, ()), frame)
    lines = tuple(work.lines())
    return Plan(
        plan_id=frame.plan_id,
        company_id=frame.company_id,
        made_at=frame.made_at,
        made_by=frame.made_by,
        lines=lines,
        left_out=(*work.left, *work.gate.accounts_missing(), *work.gate.left_out, *namesakes(snapshot)),
    )


class _Cleaning:
    def __init__(self, snapshot: Snapshot, dirt: Dirt, gate: Gate, frame: Frame) -> None:
        self.gate, self.left = gate, list[Finding]()
        self._seen, self._frame, self._rows = snapshot, frame, dirt.rows
        self._writes, self._wrong = dirt.writes, frozenset(dirt.wrong)
        self._ours = {each.answer.ref: each for each in dirt.writes if each.answer is not None}
        self._banked = {
            line.payment: ref
            for ref, deposit in snapshot.deposits.items()
            if snapshot.in_books(ref)
            for line in deposit.lines
            if line.payment is not None
        }

    def lines(self) -> Iterator[PlanLine]:
        back: dict[OpId, Finding] = {}
        for row in self._rows:
            found = row.finding
            if found.code in TWINS:
                ours = self._to_take_back(found)
                if ours is not None:
                    back[ours.op_id] = found
            elif found.code is FindingCode.POSTED_NET:
                yield from self._made_whole(found)
            else:
                self.left.append(found)
        yield from self._taken_back(back)

    # What stands there a second time

    def _to_take_back(self, found: Finding) -> OwnWrite | None:
        """The write of ours that goes; None where a person has to do something, which is listed."""
        pair = found.refs[:2]
        mine = [ref for ref in pair if ref in self._ours]
        said = next((ref for ref in mine if ref in self._wrong), None)
        if said is not None:
            return self._ours[said]
        if not mine:
            self._by_hand(found, pair)
            return None
        own, other = mine[0], next((ref for ref in pair if ref not in mine), None)
        if other is not None and found.code in _SURE and self._is_same(own, other):
            return self._ours[own]
        self._ask(found, own, other)
        return None

    def _is_same(self, own: Ref, other: Ref) -> bool:
        """Whether without our entry every balance, customer and invoice would be as with it, but for what is there
        twice: then nothing has to be known of which of them is the true one."""
        mine, theirs = self._stands(own), self._stands(other)
        match mine, theirs:
            case Payment(), Payment():
                settled = {share.target: share.amount for share in theirs.allocations}
                kept = all(settled.get(share.target) == share.amount for share in mine.allocations)
                same = (mine.gross, mine.into) == (theirs.gross, theirs.into)
                who = self._seen.survivor(mine.customer) == self._seen.survivor(theirs.customer)
                return same and who and kept and mine.received_on == theirs.received_on
            case BookEntry(), BookEntry():
                return (mine.amount, mine.paid_from, mine.paid_to, mine.on, mine.moves, mine.owed) == (
                    theirs.amount,
                    theirs.paid_from,
                    theirs.paid_to,
                    theirs.on,
                    theirs.moves,
                    theirs.owed,
                )
            case _:
                return False

    def _stands(self, ref: Ref) -> Stands | None:
        seen = self._seen
        return seen.payments.get(ref) or seen.book_entries.get(ref) or seen.deposits.get(ref)

    def _taken_back(self, back: Mapping[OpId, Finding]) -> Iterator[PlanLine]:
        lines, left = take_back(self._seen, self._writes, frozenset(back), self._frame)
        self.left += left
        for line in lines:
            if line.void is None:
                continue
            found = back[line.void.stamp]
            other = next((ref for ref in found.refs[:2] if ref != line.void.target), None)
            same = other is not None and self._is_same(line.void.target, other)
            why = " Both say the same of every account." if same else " A person says that ours is the wrong one."
            said = f"Take {called(line.void.target)} of ours out of the books: {_opening(found.sentence)}{why}"
            # Only as long as the other one stands: else the money would be nowhere.
            there = () if other is None else ((other, self._seen.versions.get(other, "")),)
            evidence = (
                Evidence(ref=line.void.target, field="stamp", says=str(line.void.stamp)),
                *(Evidence(ref=ref, field="stands", says=self._told(ref)) for ref in found.refs[:2]),
            )
            yield replace(line, sentence=said, evidence=evidence, expects=(*line.expects, *there))

    def _by_hand(self, found: Finding, pair: Sequence[Ref]) -> None:
        """What other hands wrote twice: which is one too many, and what a person does."""
        extra, kept = pair[0], pair[1] if len(pair) > 1 else None
        other = f" {called(kept)[:1].upper()}{called(kept)[1:]} stays as it is." if kept is not None else ""
        first = "" if found.code in _SURE else f"First be sure: {found.next_step} "
        self.left.append(replace(found, next_step=f"{first}{self._steps(extra)}{other} Then sync and look again."))

    def _steps(self, extra: Ref) -> str:
        """How one entry is taken out, in the books, by whoever may."""
        entry, deposit = self._stands(extra), self._banked.get(extra)
        out = f"Take it out of deposit {deposit.vendor_id} first. " if deposit is not None else ""
        if isinstance(entry, Payment):
            numbers = ", ".join(self.gate.number(share.target) for share in entry.allocations)
            opens = f" {numbers} is open by that much more then; apply to it what is left." if numbers else ""
            return f"{out}Open {called(extra)} ({self._told(extra)}) in the books and void it.{opens}"
        return f"{out}Open {called(extra)} ({self._told(extra)}) in the books and delete it."

    def _ask(self, found: Finding, own: Ref, other: Ref | None) -> None:
        theirs = f" Or theirs is: {self._steps(other)}" if other is not None else ""
        step = (
            f"They differ, so a person says which is right. Ours is wrong: receivables shadow --propose --take-back "
            f"{own.vendor_id}.{theirs}"
        )
        self.left.append(replace(found, next_step=step))

    def _told(self, ref: Ref) -> str:
        match self._stands(ref):
            case Payment() as held:
                who = self._seen.name_of(held.customer)
                return f"{grouped(held.gross)} of {held.received_on} from {who}"
            case BookEntry() as entry:
                return f"{grouped(entry.amount)} of {entry.on}"
            case Deposit() as deposit:
                return f"{grouped(deposit.total)} of {deposit.on}"
            case _:
                return "not in the books"

    # What was posted net

    def _made_whole(self, found: Finding) -> Iterator[PlanLine]:
        held, about = found.refs[:2]
        entry, fee, gate = self._seen.payments.get(held), found.amount, self.gate
        debt = self._debt(entry, fee) if entry is not None and fee is not None else None
        clear = gate.pattern(about.connection) is BookingPattern.CLEARING and about.connection in gate.processors()
        if entry is None or fee is None or debt is None or entry.customer is None or not clear:
            self.left.append(found)
            return
        if gate.was_written(IntentKind.PAYMENT, held) or gate.was_written(IntentKind.EXPENSE, about):
            step = (
                f"What made it whole was taken back, or is under way. To post it again: receivables review again {held}"
            )
            self.left.append(replace(found, next_step=f"{step}. Else: {found.next_step}"))
            return
        on = gate.day(IntentKind.PAYMENT, held, entry.received_on, [debt[0]])
        into = gate.account(about, fee, "clearing") if on is not None else None
        costs = gate.account(about, fee, "fees") if on is not None else None
        if on is None or into is None or costs is None:
            return
        evidence = (
            Evidence(ref=about, field="gross", says=grouped(self._seen.payments[about].gross)),
            Evidence(ref=about, field="fee", says=grouped(fee)),
            Evidence(ref=held, field="gross", says=self._told(held)),
            Evidence(ref=debt[0], field="open", says=grouped(debt[1].open)),
        )
        received = PostPayment(
            books=held.connection,
            customer=self._seen.survivor(entry.customer) or entry.customer,
            on=on,
            total=fee,
            allocations=(Allocation(payment=held, target=debt[0], amount=fee),),
            into=into,
            about=held,
            memo=f"the rest of {called(held)}, which was posted less the fee of {about.vendor_id}",
        )
        yield self._received(received, entry, about, evidence)
        yield self._cost(received, costs, about, evidence)

    def _received(self, intent: PostPayment, entry: Payment, about: Ref, evidence: tuple[Evidence, ...]) -> PlanLine:
        held, target = intent.about, intent.allocations[0].target
        who, whole = self._seen.name_of(intent.customer), grouped(self._seen.payments[about].gross)
        return self.gate.line(
            intent,
            f"Record {grouped(intent.total)} more received from {who} for {self.gate.number(target)}: {called(held)} "
            f"was posted at {grouped(entry.gross)}, less the fee, and the customer paid {whole}.",
            effects=(
                Effect(account=self.gate.name(intent.into), amount=intent.total),
                Effect(account=f"{RECEIVABLE}: {who}", amount=-intent.total),
            ),
            evidence=evidence,
            expects=[held, target],
        )

    def _cost(self, received: PostPayment, costs: Ref, about: Ref, evidence: tuple[Evidence, ...]) -> PlanLine:
        held, fee, into = received.about, received.total, received.into
        intent = PostExpense(
            books=received.books,
            paid_from=into,
            account=costs,
            on=received.on,
            amount=fee,
            about=about,
            memo=f"{about.connection} fee on {about.vendor_id}, which {called(held)} was posted without",
        )
        return self.gate.line(
            intent,
            f"Record the fee of {grouped(fee)} on payment {about.vendor_id}, which {called(held)} was posted without.",
            effects=(
                Effect(account=self.gate.name(costs), amount=fee),
                Effect(account=self.gate.name(into), amount=-fee),
            ),
            evidence=evidence,
            expects=[held],
        )

    def _debt(self, entry: Payment, fee: Money) -> tuple[Ref, Invoice] | None:
        """The one invoice of the entry that is open by the fee at least."""
        found = [
            (share.target, invoice)
            for share in entry.allocations
            if (invoice := self._seen.invoices.get(share.target)) is not None
            and invoice.open.currency == fee.currency
            and invoice.open >= fee
        ]
        return found[0] if len(found) == 1 else None


def _opening(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
