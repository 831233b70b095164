"""What is looked at once more around every writing: before it, whether each line is still right; after it, whether the
books show what was written. A plan is a promise about the books as they were, and people work in them meanwhile."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import assert_never

from connector.app.house import Desk
from connector.app.ties import SETTLING, books_alone
from connector.dates import BusinessDate
from connector.errors import VendorError
from connector.model.finding import Finding, FindingCode
from connector.model.firm import BookingPattern, Connection
from connector.model.intent import (
    ApplyCredit,
    GiveBack,
    Intent,
    Planned,
    PostDeposit,
    PostExpense,
    Posting,
    PostJournal,
    PostPayment,
    PostTransfer,
    ShowLink,
    VoidPosting,
)
from connector.model.mirror import Gone
from connector.model.money_in import Dispute, DisputeState, Payment, PaymentState
from connector.model.party import Account, AccountRole, Customer, Profile
from connector.model.source import Kind, Ref
from connector.money import grouped, zero
from connector.plan import Plan, PlanLine, pattern_of
from connector.reconcile import reasons
from connector.reconcile.fights import as_it_stands, disputes_of
from connector.reconcile.landed import not_landed
from connector.reconcile.snapshot import Snapshot, snapshot
from connector.store import Lease, OutboxRow, OutboxState

NEW_PLAN = "Make a new plan: receivables plan"


def with_live_profile(desk: Desk, seen: Snapshot) -> Snapshot:
    """The snapshot with what the books say of themselves at this moment, above all through when they are closed.

    Where they cannot be asked it stays as it was read last: `apply` asks again and writes nothing without an answer.
    """
    if seen.books is None:
        return seen
    try:
        ref, profile = _live_profile(desk)
    except VendorError:
        return seen
    return replace(seen, records={**seen.records, Kind.PROFILE: {**seen.profiles, ref: profile}})


def _live_profile(desk: Desk) -> tuple[Ref, Profile]:
    page = desk.adapter(desk.books()).pull(str(Kind.PROFILE), None)
    for mirrored in page.records:
        if isinstance(mirrored.record, Profile):
            return mirrored.ref, mirrored.record
    raise VendorError("The books did not say through when they are closed.", next_step="Run it again.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stale:
    """A line of a plan that is not right any more, and why, in words without a full stop."""

    number: int
    line: PlanLine
    why: str
    code: FindingCode
    next_step: str
    refs: tuple[Ref, ...]

    @property
    def finding(self) -> Finding:
        said = f"Line {self.number} was not written: {self.why}."
        return Finding(code=self.code, sentence=said, next_step=self.next_step, refs=self.refs)


def still_true(desk: Desk, made: Plan, known: Collection[str]) -> tuple[list[tuple[int, PlanLine]], list[Stale]]:
    """The plan's lines that may be written, with their numbers, and why others may not. `known` are the ids and
    subjects of what is stored already: those stay."""
    checks = _Rechecks(desk, made)
    fresh: list[tuple[int, PlanLine]] = []
    stale: list[Stale] = []
    for number, line in enumerate(made.lines, start=1):
        wrong = checks.wrong(line) if line.op_id not in known and line.subject not in known else None
        if wrong is None:
            fresh.append((number, line))
            continue
        code, why, step, refs = wrong
        stale.append(Stale(number=number, line=line, why=why, code=code, next_step=step, refs=refs))
    return fresh, stale


def call_off(desk: Desk, lease: Lease) -> list[Finding]:
    """Rows that an interrupted command stored and never sent, and whose money turned meanwhile: they are not sent."""
    money, found = _MoneyNow(desk), []
    for row in desk.store.outbox(desk.id, states=(OutboxState.READY,)):
        turned = money.turned(row.intent)
        if turned:
            desk.store.outbox_dead(desk.id, row.op_id, f"Called off: {turned}.", lease)
            said = f"A {row.kind} of an earlier command was not written: {turned}."
            refs = (row.intent.about,) if isinstance(row.intent, PostPayment | VoidPosting | GiveBack) else ()
            found.append(Finding(code=FindingCode.WRITE_REFUSED, sentence=said, next_step=NEW_PLAN, refs=refs))
    return found


class _MoneyNow:
    """What became of the money meanwhile, where that speaks against a write: processors give no versions."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._fights: dict[Ref, Dispute] | None = None

    def turned(self, intent: Intent) -> str:
        """Why a payment may not be posted, given back, or taken back because it went back, any more; nothing where it
        may. That a person undoes a run is no matter of where the money is."""
        if isinstance(intent, VoidPosting) and intent.undoes is not None:
            return ""
        if not isinstance(intent, PostPayment | VoidPosting | GiveBack) or intent.about.kind is not Kind.PAYMENT:
            return ""
        held = self._desk.store.record(self._desk.id, intent.about)
        if held is None or not isinstance(held.record, Payment):
            return ""
        payment = as_it_stands(intent.about, held.record, self._disputes())
        if isinstance(intent, VoidPosting):
            back = payment.state is PaymentState.RETURNED
            return "" if back else f"payment {intent.about.vendor_id} has not gone back for good any more"
        unfit = reasons.unfit(intent.about, payment)
        if unfit is not None:
            return unfit.sentence.rstrip(".")
        return self._given_back(intent, payment) if isinstance(intent, GiveBack) else ""

    def _given_back(self, intent: GiveBack, payment: Payment) -> str:
        """Why no more of a payment may be given back, as it is now."""
        fight = self._disputes().get(intent.about)
        if fight is not None and fight.state is DisputeState.OPEN:
            return f"payment {intent.about.vendor_id} is disputed by the payer"
        given = payment.refunded if payment.refunded is not None else zero(payment.gross.currency)
        if given == intent.given_before:
            return ""
        return f"of payment {intent.about.vendor_id} {grouped(given)} went back by now"

    def _disputes(self) -> dict[Ref, Dispute]:
        if self._fights is None:
            rows = self._desk.store.records(self._desk.id, Kind.DISPUTE)
            triples = ((row.ref, row.version, row.record) for row in rows)
            self._fights = disputes_of(snapshot(triples, books=None))
        return self._fights


_Wrong = tuple[FindingCode, str, str, tuple[Ref, ...]]


class _Rechecks:
    """The mirror and the books as they are right before writing; the caller has just synced."""

    def __init__(self, desk: Desk, made: Plan) -> None:
        self._desk = desk
        self._versions = _versions_now(desk, made)
        self._open: dict[Ref, bool] = {}
        self._money = _MoneyNow(desk)
        self._quarantine = {ref for finding in desk.store.quarantined(desk.id) for ref in finding.refs}
        self._closed_through: BusinessDate | None = _live_profile(desk)[1].closed_through
        self._processors = {each.connection_id: each for each in desk.processors()}
        self._accounts = {
            stored.ref: stored.record
            for stored in desk.store.records(desk.id, Kind.ACCOUNT)
            if isinstance(stored.record, Account)
        }

    def wrong(self, line: PlanLine) -> _Wrong | None:
        """Why a line may not be written any more, None when it may."""
        return self._rows(line) or self._entry(line.intent)

    def _rows(self, line: PlanLine) -> _Wrong | None:
        """What is wrong with the records that it was decided on."""
        changed = tuple(ref for ref, version in line.expects if self._versions.get(ref, "gone") != version)
        if changed:
            return FindingCode.WRITE_REFUSED, f"{changed[0]} changed since the plan was made", NEW_PLAN, changed
        off = tuple(ref for ref, _ in line.expects if ref in self._quarantine)
        if off:
            step = "Put that row right first; it is named in `receivables status`."
            return FindingCode.DOES_NOT_TIE, f"the sums of {off[0]} do not hold", step, off
        turned = self._money.turned(line.intent)
        about = line.intent.about
        again = f"See what is left: receivables refund {about.vendor_id}" if line.refund is not None else NEW_PLAN
        return (FindingCode.WRITE_REFUSED, turned, again, (about,)) if turned else None

    def _entry(self, intent: Planned) -> _Wrong | None:
        """What speaks against the entry itself, as the books are now. A refund is none: they are not written to."""
        if isinstance(intent, GiveBack):
            return None
        if self._closed_through is not None and intent.on <= self._closed_through:
            why = f"it falls on {intent.on}, and the books are closed through {self._closed_through}"
            return FindingCode.CLOSED_PERIOD, why, NEW_PLAN, (intent.about,)
        shut = next((each for each in _customers(intent) if not self._takes_entries(each)), None)
        if shut is not None:
            why = f"its customer {shut.vendor_id} is gone or inactive in the books"
            return FindingCode.CUSTOMER_GONE, why, NEW_PLAN, (intent.about, shut)
        return self._setting(intent)

    def _setting(self, intent: Posting) -> _Wrong | None:
        """What a person has chosen otherwise since: how, and to which accounts, a processor's money is booked."""
        at = self._processors.get(intent.about.connection)
        if at is None:
            return self._written_off(intent)
        pattern = pattern_of(intent, self._accounts)
        if pattern is not None and at.pattern is not BookingPattern.BANK and pattern is not at.pattern:
            why = f"{at.connection_id} is booked in the pattern {at.pattern} now"
            return FindingCode.PATTERN_MIXED, why, NEW_PLAN, (intent.about,)
        other = next((each for each in accounts_of(intent) if not self._may_take(at, each)), None)
        if other is not None:
            account = self._accounts.get(other)
            if account is None or not account.active:
                why = f"the account {account.name if account is not None else other.vendor_id} is gone or inactive"
                return FindingCode.NO_ACCOUNT, why, NEW_PLAN, (intent.about, other)
            why = f"{account.name} is not the account chosen for {at.connection_id} any more"
            return FindingCode.NO_ACCOUNT, why, NEW_PLAN, (intent.about, other)
        return None

    def _written_off(self, intent: Posting) -> _Wrong | None:
        """What a person has chosen otherwise since for small differences."""
        if not isinstance(intent, PostJournal) or intent.about.kind is not Kind.INVOICE:
            return None
        rule = self._desk.store.company(self._desk.id).matching.write_offs
        lost, cap = intent.parts[0], rule.cap(intent.parts[0].amount.currency)
        held = self._accounts.get(lost.account)
        if lost.account != rule.account or held is None or not held.active:
            why = "the account for small differences is another now, or inactive"
            return FindingCode.NO_ACCOUNT, why, NEW_PLAN, (intent.about, lost.account)
        if cap is None or lost.amount > cap:
            why = f"{grouped(lost.amount)} is more than may be written off now"
            return FindingCode.NOT_WRITTEN_OFF, why, NEW_PLAN, (intent.about,)
        return None

    def _may_take(self, at: Connection, account: Ref) -> bool:
        held = self._accounts.get(account)
        if held is None or not held.active:
            return False
        return held.role in (AccountRole.UNDEPOSITED, AccountRole.RECEIVABLE) or account in chosen_accounts(at)

    def _takes_entries(self, customer: Ref) -> bool:
        if customer not in self._open:
            held = self._desk.store.record(self._desk.id, customer)
            self._open[customer] = held is None or (
                isinstance(held.record, Customer) and held.record.active and not isinstance(held.record, Gone)
            )
        return self._open[customer]


def _versions_now(desk: Desk, made: Plan) -> dict[Ref, str]:
    """The versions of what a plan was decided on; what is gone is not there. One question per kind, not per record."""
    wanted = {ref for line in made.lines for ref, _ in line.expects}
    found: dict[Ref, str] = {}
    for connection, kind in sorted({(ref.connection, ref.kind) for ref in wanted}):
        held = desk.store.known(desk.id, connection, kind)
        mine = (ref for ref in wanted if ref.connection == connection and ref.kind is kind)
        found |= {ref: held[ref.vendor_id] for ref in mine if ref.vendor_id in held}
    return found


def accounts_of(intent: Posting) -> tuple[Ref, ...]:
    """The accounts that an entry names."""
    match intent:
        case PostPayment():
            return (intent.into,)
        case PostExpense():
            return (intent.paid_from, intent.account)
        case PostTransfer():
            return (intent.paid_from, intent.paid_to)
        case PostDeposit():
            return (intent.into, *(part.account for part in intent.parts))
        case PostJournal():
            return tuple(part.account for part in intent.parts)
        case ApplyCredit() | VoidPosting() | ShowLink():
            return ()
        case _:
            assert_never(intent)


def chosen_accounts(connection: Connection) -> frozenset[Ref]:
    """Every account of the books that was chosen for a processor."""
    chosen = connection.posting
    single = (chosen.fees, chosen.suspense, chosen.begins.opening if chosen.begins is not None else None)
    several = (*chosen.clearing.values(), *chosen.transit.values(), *chosen.bank.values())
    return frozenset((*several, *(each for each in single if each is not None)))


def _customers(intent: Posting) -> tuple[Ref, ...]:
    """Whose balances an entry changes."""
    match intent:
        case PostPayment() | ApplyCredit():
            return (intent.customer,)
        case PostDeposit() | PostJournal():
            return tuple(part.customer for part in intent.parts if part.customer is not None)
        case _:
            return ()


def landed(desk: Desk, done: Iterable[OutboxRow]) -> tuple[Finding, ...]:
    """What of these rows the books, read again, do not show."""
    answered = [
        (row.intent, row.answer)
        for row in done
        if row.answer is not None
        and isinstance(row.intent, PostPayment | ApplyCredit | PostDeposit | PostJournal | VoidPosting | ShowLink)
    ]
    if not answered:
        return ()
    kinds = (*SETTLING, Kind.DEPOSIT, Kind.BOOK_ENTRY)
    return not_landed(books_alone(desk.store, desk.id, desk.books().connection_id, kinds), answered)
