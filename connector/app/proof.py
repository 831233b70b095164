"""The proof: the aging equals the books' own total; every payment is applied with evidence or listed with a reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from connector.app.agreeing import Report, agreement, disagreements
from connector.app.conflicting import Shown, conflicts
from connector.app.freshness import freshness
from connector.app.house import Desk
from connector.app.keeping import Kept, all_kept
from connector.app.payer_files import manners
from connector.app.standing import Status, status
from connector.collect.aging import AgeBy, Aging, aging
from connector.collect.worklist import WorkItem, worklist
from connector.dates import BusinessDate, Instant
from connector.model.contact import Contact
from connector.model.finding import Decision, Finding, FindingCode
from connector.model.money_in import Payment, PaymentState
from connector.model.settlement import BookEntry, Deposit
from connector.model.source import Ref
from connector.money import Money, currency, grouped
from connector.reconcile.match import Reconciliation, reconcile
from connector.reconcile.rulings import in_force
from connector.reconcile.snapshot import Snapshot
from connector.reconcile.tieout import TieOut, tie_out
from connector.store import OutboxState

WARNINGS_MAX = 10
"""So many of a kind are shown in full; `receivables findings` has them all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyRow:
    """One payment and what became of it: `fate` is applied, decided, listed or lost. `because` says in a sentence or
    two what it stands on, with the sum that has to hold.

    `code` is the finding's code where it is listed; `next_step` what would settle it.
    """

    ref: Ref
    payer: str
    on: BusinessDate
    amount: Money
    method: str
    fate: str
    because: str
    code: str = ""
    next_step: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Everything the page shows and `demo --once` decides on, for one company at one moment.

    `problems` is empty when the proof holds; each is a sentence naming the row. `failed` counts, and `warnings`
    are sentences about, what does not touch the proof and needs a person all the same: writes that failed, what could
    not be read; `warnings` also tell of data that is old and of access that ends. `report` has both sides of everything
    that has to agree; `head` is where the journal ends, by its number and its chain hash.
    """

    company: str
    as_of: BusinessDate
    data_as_of: Instant | None
    aging: Aging | None
    ties: TieOut
    money: tuple[MoneyRow, ...]
    findings: tuple[Finding, ...]
    today: tuple[WorkItem, ...]
    chain: tuple[str, ...]
    problems: tuple[str, ...]
    report: Report
    failed: int = 0
    warnings: tuple[str, ...] = ()
    head: tuple[int, str] = (0, "")

    others: tuple[str, ...] = ()
    """The problems that are no difference of `report`: payments lost, the journal altered, marks of strangers."""

    conflicts: tuple[Shown, ...] = ()
    """Money about which both sides say something else than was agreed, and about which nobody has chosen yet."""

    @property
    def holds(self) -> bool:
        return not self.problems

    @property
    def proven(self) -> bool:
        """Whether nothing differs at all: not even what only waits to be posted."""
        return self.holds and self.report.agrees

    @property
    def unknown(self) -> tuple[str, ...]:
        """Which systems are disconnected, in words: what is there now may be anything."""
        return self.report.unknown

    @property
    def fates(self) -> dict[str, int]:
        """How many payments there are of each fate."""
        return dict(sorted(Counter(row.fate for row in self.money).items()))

    @property
    def unapplied(self) -> tuple[MoneyRow, ...]:
        """Money received that settles nothing yet."""
        return tuple(row for row in self.money if row.fate != "applied")


def prove(desk: Desk, as_of: BusinessDate | None = None) -> Proof:
    """Look at the mirror as it is and say whether everything adds up, up to that day. Writes nothing."""
    seen = desk.snapshot()
    outcome = reconcile(seen)
    ties = tie_out(seen, desk.clearing())
    rows = money_rows(seen, outcome, all_kept(desk))
    chain = desk.store.verify(desk.id)
    lost = [f"Payment {row.ref} of {row.amount} is neither applied nor listed." for row in rows if row.fate == "lost"]
    by_invoice: dict[Ref, list[Contact]] = {}
    for contact in desk.store.contacts(desk.id):
        by_invoice.setdefault(contact.invoice, []).append(contact)
    standing, report = status(desk), agreement(desk, as_of, seen)
    others = (*lost, *chain, *strange_marks(desk, seen))
    return Proof(
        company=desk.company.name,
        as_of=desk.today,
        data_as_of=freshness(desk).data_as_of,
        aging=aging(seen, seen.books, desk.today, AgeBy.DUE) if seen.books is not None else None,
        ties=ties,
        money=rows,
        findings=outcome.findings,
        today=worklist(seen, by_invoice, desk.today, manners(desk)),
        chain=chain,
        problems=(*disagreements(report), *others),
        others=others,
        failed=standing.failed,
        warnings=_warnings(standing),
        report=report,
        head=desk.store.head(desk.id),
        conflicts=tuple(each for each in conflicts(desk, seen) if each.word is None and not each.conflict.is_settled),
    )


def strange_marks(desk: Desk, seen: Snapshot) -> tuple[str, ...]:
    """Entries of the books with our mark that nothing here tells of having written."""
    ours = {row.op_id for row in desk.store.outbox(desk.id)}
    held: list[tuple[Ref, Payment | Deposit | BookEntry]] = [
        *seen.payments.items(),
        *seen.deposits.items(),
        *seen.book_entries.items(),
    ]
    strange = [ref for ref, each in held if seen.in_books(ref) and any(mark.op_id not in ours for mark in each.stamps)]
    return tuple(
        f"{ref} carries our mark, and nothing here tells of having written it: the end of the journal was cut off, an "
        "older copy of the database was put back, or another installation writes into these books."
        for ref in strange
    )


def _warnings(standing: Status) -> tuple[str, ...]:
    counted = (
        (standing.outbox[OutboxState.DEAD], "refused by the other side; see receivables status"),
        (standing.outbox[OutboxState.UNSURE], "sent, and nobody knows whether they arrived; receivables apply looks"),
    )
    writes = [f"Writes {what}: {count}." for count, what in counted if count]
    rows = [finding.sentence for finding in standing.quarantined[:WARNINGS_MAX]]
    seen = [f"{each.finding.sentence} {each.finding.next_step}" for each in standing.unread[:WARNINGS_MAX]]
    old = [each.warning for each in standing.connections if each.warning]
    ending = [each.access_warning for each in standing.connections if each.access_warning]
    return (*writes, *rows, *seen, *old, *ending)


def money_rows(
    seen: Snapshot, outcome: Reconciliation, evidence: Mapping[Ref, Kept] | None = None
) -> tuple[MoneyRow, ...]:
    """Every payment that moved or may move money, newest first; `evidence` is what is kept of earlier decisions."""
    decided = {decision.payment: decision for decision in outcome.decisions}
    kept = _told(seen, evidence or {})
    listed: dict[Ref, Finding] = {}
    for finding in outcome.findings:
        if finding.refs:
            listed.setdefault(finding.refs[0], finding)
    # What makes another hand's payment whole is about that one, and is money of its own.
    posted = {about: held for about, held in outcome.posted.items() if not seen.in_books(about)}
    copies = set(posted.values())
    rows = [
        _row(
            seen,
            ref,
            payment,
            _fate(seen, ref, decided.get(ref), listed.get(ref), _Posted.of(posted.get(ref), kept.get(ref))),
        )
        for ref, payment in seen.payments.items()
        if payment.is_cash and payment.state is not PaymentState.VOID and ref not in copies.union(outcome.arrived)
    ]
    return tuple(sorted(rows, key=lambda row: (row.on, row.ref), reverse=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fate:
    word: str
    because: str
    code: str = ""
    next_step: str = ""


def _row(seen: Snapshot, ref: Ref, payment: Payment, fate: _Fate) -> MoneyRow:
    payer = seen.name_of(payment.customer) if payment.customer in seen.customers else payment.payer or "unknown payer"
    return MoneyRow(
        ref=ref,
        payer=payer,
        on=payment.received_on,
        amount=payment.gross,
        method=payment.method,
        fate=fate.word,
        because=fate.because,
        code=fate.code,
        next_step=fate.next_step,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Posted:
    """The payment of the books, and what it stood on when it was decided."""

    ref: Ref
    because: str

    @classmethod
    def of(cls, ref: Ref | None, because: str | None) -> _Posted | None:
        return cls(ref=ref, because=f" {because}" if because else "") if ref is not None else None


def _told(seen: Snapshot, evidence: Mapping[Ref, Kept]) -> dict[Ref, str]:
    """What every decision that is kept stood on: a person's word before the engine's."""
    told = {ref: f"{held.line.sentence} {equation_of(held)}" for ref, held in evidence.items() if held.line.settled}
    for ref, ruling in in_force(seen.rulings).decided.items():
        shares = [(_number(seen, each.target), each.amount) for each in ruling.allocations]
        said = f"{ruling.by} decided it on {ruling.at:%Y-%m-%d}. {ruling.sentence}".strip()
        told[ref] = f"{said} {equation(ruling.gross, shares, ruling.unapplied)}"
    return told


def equation_of(held: Kept) -> str:
    """The sum of a decision that is kept: what came is what each item got, less the credits, and what is over."""
    line = held.line
    code = currency(line.payment.currency)
    numbers = {item.id: item.number or item.id for item in line.items}
    shares = [(numbers.get(each.item, each.item), Money(each.pay, code)) for each in line.settled]
    return equation(Money(line.payment.amount, code), shares, Money(line.unapplied, code))


def equation(gross: Money, shares: list[tuple[str, Money]], unapplied: Money) -> str:
    """`280.00 USD = R-1002 300.00 - CM-1 20.00`: minor units to the last digit."""
    parts = [(name, amount) for name, amount in shares if amount]
    if unapplied:
        parts.append(("on account", unapplied))
    said = ""
    for name, amount in parts:
        sign = " - " if amount.minor < 0 else " + " if said else ""
        said += f"{sign}{name} {grouped(-amount if amount.minor < 0 else amount).rpartition(' ')[0]}"
    return f"{grouped(gross)} = {said or '0'}."


def _decided(seen: Snapshot, decision: Decision) -> str:
    """Its sentence and its sum."""
    shares = [(_number(seen, each.target), each.amount) for each in decision.allocations]
    return f"{decision.sentence} {equation(decision.gross, shares, decision.unapplied)}"


def _fate(
    seen: Snapshot, ref: Ref, decision: Decision | None, finding: Finding | None, posted: _Posted | None
) -> _Fate:
    payment = seen.payments[ref]
    beside = finding is not None and finding.code in (FindingCode.SHORT_PAYMENT, FindingCode.OVER_PAYMENT)
    if finding is not None and not (beside and decision is not None):
        return _Fate(word="listed", because=finding.sentence, code=str(finding.code), next_step=finding.next_step)
    extra = f" {finding.sentence}" if finding is not None else ""
    if posted is not None:
        mark = f"In the books as payment {posted.ref.vendor_id}, with our mark."
        return _Fate(word="applied", because=f"{mark}{posted.because}{extra}")
    if decision is not None:
        if all(seen.in_books(allocation.target) for allocation in decision.allocations):
            step = "Run `receivables plan`, then `receivables apply`."
            return _Fate(word="decided", because=_decided(seen, decision) + extra, next_step=step)
        return _Fate(word="applied", because=_decided(seen, decision) + extra)
    if seen.in_books(ref) and not payment.unapplied:
        targets = ", ".join(_number(seen, allocation.target) for allocation in payment.allocations)
        return _Fate(word="applied", because=f"The books apply it to {targets or 'nothing'}.")
    return _Fate(word="lost", because="")


def _number(seen: Snapshot, ref: Ref) -> str:
    invoice = seen.invoices.get(ref)
    note = seen.credit_notes.get(ref)
    held = invoice.number if invoice is not None else note.number if note is not None else None
    return held or ref.vendor_id
