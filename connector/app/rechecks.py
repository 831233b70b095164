"""What is looked at once more around every writing: before it, whether each line is still right; after it, whether the
books show what was written. A plan is a promise about the books as they were, and people work in them meanwhile."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from connector.app.house import Desk
from connector.app.ties import SETTLING, books_alone
from connector.dates import BusinessDate
from connector.errors import VendorError
from connector.model.finding import Finding, FindingCode
from connector.model.intent import ApplyCredit, Intent, PostDeposit, Posting, PostJournal, PostPayment, VoidPosting
from connector.model.mirror import Gone
from connector.model.money_in import Dispute, Payment, PaymentState
from connector.model.party import Account, Customer, Profile
from connector.model.source import Kind, OpId, Ref
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


def still_true(desk: Desk, made: Plan, known: set[OpId]) -> tuple[list[tuple[int, PlanLine]], list[Finding]]:
    """The plan's lines that may be written, with their numbers, and why others may not. Lines stored before stay."""
    checks = _Rechecks(desk)
    fresh: list[tuple[int, PlanLine]] = []
    stale: list[Finding] = []
    for number, line in enumerate(made.lines, start=1):
        wrong = checks.wrong(line) if line.op_id not in known else None
        if wrong is None:
            fresh.append((number, line))
            continue
        code, why, step, refs = wrong
        stale.append(Finding(code=code, sentence=f"Line {number} was not written: {why}.", next_step=step, refs=refs))
    return fresh, stale


def call_off(desk: Desk, lease: Lease) -> list[Finding]:
    """Rows that an interrupted command stored and never sent, and whose money turned meanwhile: they are not sent."""
    money, found = _MoneyNow(desk), []
    for row in desk.store.outbox(desk.id, states=(OutboxState.READY,)):
        turned = money.turned(row.intent)
        if turned:
            desk.store.outbox_dead(desk.id, row.op_id, f"{turned}. It was called off.", lease)
            said = f"A {row.kind} of an earlier command was not written: {turned}."
            refs = (row.intent.about,) if isinstance(row.intent, PostPayment | VoidPosting) else ()
            found.append(Finding(code=FindingCode.WRITE_REFUSED, sentence=said, next_step=NEW_PLAN, refs=refs))
    return found


class _MoneyNow:
    """What became of the money meanwhile, where that speaks against a write: processors give no versions."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._fights: dict[Ref, Dispute] | None = None

    def turned(self, intent: Intent) -> str:
        """Why a payment may not be posted, or taken back, any more; nothing where it may."""
        if not isinstance(intent, PostPayment | VoidPosting) or intent.about.kind is not Kind.PAYMENT:
            return ""
        held = self._desk.store.record(self._desk.id, intent.about)
        if held is None or not isinstance(held.record, Payment):
            return ""
        payment = as_it_stands(intent.about, held.record, self._disputes())
        if isinstance(intent, VoidPosting):
            back = payment.state is PaymentState.RETURNED
            return "" if back else f"payment {intent.about.vendor_id} has not gone back for good any more"
        unfit = reasons.unfit(intent.about, payment)
        return unfit.sentence.rstrip(".") if unfit is not None else ""

    def _disputes(self) -> dict[Ref, Dispute]:
        if self._fights is None:
            rows = self._desk.store.records(self._desk.id, Kind.DISPUTE)
            triples = ((row.ref, row.version, row.record) for row in rows)
            self._fights = disputes_of(snapshot(triples, books=None))
        return self._fights


_Wrong = tuple[FindingCode, str, str, tuple[Ref, ...]]


class _Rechecks:
    """The mirror and the books as they are right before writing; the caller has just synced."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._versions: dict[Ref, str] = {}
        self._money = _MoneyNow(desk)
        self._quarantine = {ref for finding in desk.store.quarantined(desk.id) for ref in finding.refs}
        self._closed_through: BusinessDate | None = _live_profile(desk)[1].closed_through
        self._patterns = {each.connection_id: each.pattern for each in desk.processors()}
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
        changed = tuple(ref for ref, version in line.expects if self._version(ref) != version)
        if changed:
            return FindingCode.WRITE_REFUSED, f"{changed[0]} changed since the plan was made", NEW_PLAN, changed
        off = tuple(ref for ref, _ in line.expects if ref in self._quarantine)
        if off:
            step = "Put that row right first; it is named in `receivables status`."
            return FindingCode.DOES_NOT_TIE, f"the sums of {off[0]} do not hold", step, off
        turned = self._money.turned(line.intent)
        return (FindingCode.WRITE_REFUSED, turned, NEW_PLAN, (line.intent.about,)) if turned else None

    def _entry(self, intent: Posting) -> _Wrong | None:
        """What speaks against the entry itself, as the books are now."""
        if self._closed_through is not None and intent.on <= self._closed_through:
            why = f"it falls on {intent.on}, and the books are closed through {self._closed_through}"
            return FindingCode.CLOSED_PERIOD, why, NEW_PLAN, (intent.about,)
        shut = next((each for each in _customers(intent) if not self._takes_entries(each)), None)
        if shut is not None:
            why = f"its customer {shut.vendor_id} is gone or inactive in the books"
            return FindingCode.CUSTOMER_GONE, why, NEW_PLAN, (intent.about, shut)
        pattern = pattern_of(intent, self._accounts)
        chosen = self._patterns.get(intent.about.connection)
        if pattern is not None and chosen is not None and pattern is not chosen:
            why = f"{intent.about.connection} is booked in the pattern {chosen} now"
            return FindingCode.PATTERN_MIXED, why, NEW_PLAN, (intent.about,)
        return None

    def _version(self, ref: Ref) -> str:
        if ref not in self._versions:
            held = self._desk.store.record(self._desk.id, ref)
            self._versions[ref] = held.version if held is not None and held.gone is None else "gone"
        return self._versions[ref]

    def _takes_entries(self, customer: Ref) -> bool:
        held = self._desk.store.record(self._desk.id, customer)
        if held is None:
            return True
        return isinstance(held.record, Customer) and held.record.active and not isinstance(held.record, Gone)


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
        and isinstance(row.intent, PostPayment | ApplyCredit | PostDeposit | PostJournal | VoidPosting)
    ]
    if not answered:
        return ()
    kinds = (*SETTLING, Kind.DEPOSIT, Kind.BOOK_ENTRY)
    return not_landed(books_alone(desk.store, desk.id, desk.books().connection_id, kinds), answered)
