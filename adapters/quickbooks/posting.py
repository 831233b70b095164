"""What is written into a company's books, and found there again.

Before anything is sent, what the entry rests on is read and judged (`admission`): the day through which the books are
closed, currencies, what is still open on each invoice, what each payment of a deposit is. After a clear no that says
"changed meanwhile" all of it is read and judged anew, at most twice. A write whose answer is lost is repeated by nobody
here. The answer to a write is the whole object, so reading it back at once costs no second call.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import TypeVar

from adapters.quickbooks import admission, bodies, translate, wire
from adapters.quickbooks.admission import Ground
from adapters.quickbooks.auth import Grant
from adapters.quickbooks.calls import Calls, Row
from adapters.quickbooks.memos import Memos, unsent
from adapters.quickbooks.settings import Settings
from connector.dates import BusinessDate
from connector.errors import Conflict, NotFound, Refused, Rejected
from connector.model.intent import (
    ApplyCredit,
    PostDeposit,
    PostExpense,
    Posting,
    PostJournal,
    PostPayment,
    PostTransfer,
    ShowLink,
    VoidPosting,
    WriteKey,
    Written,
)
from connector.model.source import Kind, OpId, Ref
from connector.model.stamp import stamp_line
from connector.money import zero
from connector.ports import Surroundings

TRIES_MAX = 3
"""Once, and twice again after somebody changed what the entry rests on."""
WINDOW_DAYS = 31
"""So far from its day an entry of ours is looked for by its stamp: a person may have dated it anew."""
LIKE_DAYS = 7
"""So far from its day a payment may stand that a person entered for the same money."""
ASKED_MAX = 200
"""Ids in one question."""
LINKED_MAX = 20
"""So many payments of invoices, the latest first, are read one by one."""
ID_DIGITS_MAX = 20

_NOT_LINKED = "620"
"""What a payment line is refused with when the invoice is paid, of another customer, or in another currency."""
_UNDEPOSITED = "AccountSubType = 'UndepositedFunds'"
_POSTED: dict[str, type[translate.Posted]] = {
    "Payment": wire.Payment,
    "Purchase": wire.Purchase,
    "Transfer": wire.Transfer,
    "Deposit": wire.Deposit,
    "JournalEntry": wire.JournalEntry,
}
_KINDS = {Kind.PAYMENT: "Payment", Kind.DEPOSIT: "Deposit"}

T = TypeVar("T")


class Bookkeeping(Memos):
    """Books."""

    def __init__(self, surroundings: Surroundings, settings: Settings, grant: Grant, calls: Calls) -> None:
        super().__init__(surroundings, settings, grant, calls)
        self._answers: dict[Ref, Written] = {}
        self._undone: dict[OpId, Written] = {}
        self._unmarked: dict[OpId, tuple[str, ...]] = {}  # what was searched for in vain, and what may be it
        self._accounts: dict[str, wire.Account] = {}
        self._customers: dict[str, wire.Customer] = {}
        self._undeposited: frozenset[str] = frozenset()

    def post(self, intent: Posting, key: WriteKey) -> Written:
        """Errors, besides the port's: Refused when it may not be written as the books stand, Conflict when they changed
        since it was decided on, BudgetSpent and Unreachable when that could not be read. Nothing was sent then."""
        fit, nth = self._admitted(intent, key), 1
        while True:
            if isinstance(fit, Written):
                self._answers[fit.ref] = fit
                return fit
            try:
                return self._sent(fit, key, nth)
            except (Conflict, Rejected) as no:
                stale, unlinked = isinstance(no, Conflict), no.code == _NOT_LINKED
                if nth == TRIES_MAX or not (stale or unlinked) or no.code == admission.CHANGED:
                    raise
                again = self._admitted(intent, key)
                if unlinked and again == fit:
                    raise
                fit, nth = again, nth + 1

    def find_posted(self, intent: Posting, key: WriteKey) -> tuple[Written, ...]:
        frame = self._known()
        match intent:
            case PostPayment() | ApplyCredit():
                rows: Iterable[translate.Posted] = self._our_payments(intent, key)
            case PostExpense():
                rows = self._numbered(wire.Purchase, intent.on, key)
            case PostTransfer():
                rows = self._stamped(wire.Transfer, _around(intent.on), key)
            case PostDeposit():
                rows = self._our_deposits(intent, key)
            case PostJournal():
                rows = self._numbered(wire.JournalEntry, intent.on, key)
            case ShowLink():
                return self._shown(intent)
            case VoidPosting():
                done = self._undone.pop(key.op_id, None) or self._taken_back(intent)
                return (done,) if done is not None else ()
        return tuple(translate.written(row, frame) for row in rows)

    def read_posted(self, ref: Ref) -> Written:
        """As the answer to our own write said a moment ago, else as it is read now."""
        answered = self._answers.pop(ref, None)
        if answered is not None:
            return answered
        if ref.kind is Kind.INVOICE and ref.connection == self._connection:
            return translate.written_links(self._calls.one(wire.Invoice, ref.vendor_id).row, ref)
        return translate.written(self._entry(ref), self._known())

    # Before it is sent

    def _admitted(self, intent: Posting, key: WriteKey) -> Posting | Written:
        """The entry as it can be written now; what is there, where an earlier try of it turns out to have landed.
        Nothing has been sent when this raises."""
        return unsent(lambda: self._judged(intent, key))

    def _judged(self, intent: Posting, key: WriteKey) -> Posting | Written:
        if isinstance(intent, ShowLink) or (isinstance(intent, VoidPosting) and intent.link is not None):
            return intent  # judged when the invoice itself is read, right before its memo is written
        if isinstance(intent, VoidPosting):
            if _of_ours(intent.target) is None or intent.target.connection != self._connection:
                raise Refused(f"This program never writes such entries as {intent.target}, and takes none back.")
            return intent  # the rest is judged when the entry itself is read, right before it is taken back
        bodies.posting(intent, key)  # one that contradicts itself is refused before anything is asked
        ground = self._ground()
        admission.is_open(intent.on, ground)
        code = admission.money_of(intent)
        admission.is_kept(code, ground)
        if ground.several:
            admission.accounts_fit(code, self._accounts_named(admission.accounts_of(intent)), ground)
            for customer in admission.customers_of(intent):
                admission.customer_fits(code, self._customer(customer), ground)
        match intent:
            case PostPayment() | ApplyCredit():
                return self._applicable(intent, key, ground)
            case PostDeposit():
                payments = self._by_id(wire.Payment, (ref.vendor_id for ref, _ in intent.payments))
                admission.deposit_fits(intent, payments, self._waiting_rooms(), ground)
        return intent

    def _applicable(self, intent: PostPayment | ApplyCredit, key: WriteKey, ground: Ground) -> Posting | Written:
        """What is still open is asked right before the write, all targets in one question."""
        targets = [share.target for share in intent.allocations]
        invoices = self._by_id(wire.Invoice, (ref.vendor_id for ref in targets if ref.kind is Kind.INVOICE))
        second = key.op_id in self._unmarked
        landed = self._landed(invoices.values(), key) if second else None
        if landed is not None:
            return translate.written(landed, ground.frame)
        if isinstance(intent, ApplyCredit):
            memos = self._by_id(wire.CreditMemo, (ref.vendor_id for ref in targets if ref.kind is Kind.CREDIT_NOTE))
            admission.credit_fits(intent, {**_named(targets, invoices), **_named(targets, memos)}, ground)
            for share in intent.allocations:
                if share.target.kind is Kind.BOOK_ENTRY:
                    admission.entry_fits(intent, share, self._entry_of(share.target), ground)
            return intent
        fit = admission.fitted(intent, invoices, ground)
        unmarked = self._unmarked.get(key.op_id, ())
        if fit is not intent:
            near = self._calls.every(wire.Payment, f"{_of(intent.customer)} AND {_around(intent.on, LIKE_DAYS)}")
            unmarked = admission.unmarked(intent, near, ground, LIKE_DAYS)
        if unmarked:
            raise _may_be_ours(unmarked, stamp_line(key.op_id, intent.about))
        return fit

    def _landed(self, invoices: Iterable[wire.Invoice], key: WriteKey) -> wire.Payment | None:
        """At a second try: whether the first landed and no search shows it yet. Invoices know at once what pays them,
        and reading by id is never late."""
        links = {link.txn_id for row in invoices for link in row.linked_txn if link.txn_type == "Payment"}
        latest = sorted(links, key=lambda each: each.zfill(ID_DIGITS_MAX), reverse=True)[:LINKED_MAX]
        rows = (self._calls.one(wire.Payment, each).row for each in latest)
        return next((row for row in rows if translate.carries(row.private_note, key)), None)

    def _ground(self) -> Ground:
        return Ground.of(self._how_kept(), self._known())

    def _accounts_named(self, refs: tuple[Ref, ...]) -> list[wire.Account]:
        """Those accounts, each asked once: the currency of an account never changes."""
        new = [ref.vendor_id for ref in refs if ref.vendor_id not in self._accounts]
        self._accounts.update(self._by_id(wire.Account, new, "Active IN (true, false) AND "))
        missing = next((ref for ref in refs if ref.vendor_id not in self._accounts), None)
        if missing is not None:
            raise Refused(f"QuickBooks has no account {missing}.", next_step="Choose the accounts for posting again.")
        return [self._accounts[ref.vendor_id] for ref in refs]

    def _customer(self, ref: Ref) -> wire.Customer:
        if ref.vendor_id not in self._customers:
            self._customers[ref.vendor_id] = self._calls.one(wire.Customer, ref.vendor_id).row
        return self._customers[ref.vendor_id]

    def _waiting_rooms(self) -> frozenset[str]:
        """Ids of the accounts in which payments wait for their deposit; known by sub-type, for they can be renamed."""
        if not self._undeposited:
            self._undeposited = frozenset(row.id for row in self._calls.every(wire.Account, _UNDEPOSITED))
        return self._undeposited

    # The write

    def _sent(self, fit: Posting, key: WriteKey, nth: int) -> Written:
        if isinstance(fit, ShowLink):
            written = self._answers[fit.about] = self._show(fit.about, (fit.takes_out, fit.puts), key, nth)
            return written
        if isinstance(fit, VoidPosting) and fit.link is not None:
            self._undone[key.op_id] = undone = self._show(fit.target, (fit.link, None), key, nth)
            return undone
        if isinstance(fit, VoidPosting):
            self._undone[key.op_id] = undone = self._take_back(fit, key, nth)
            return undone
        entity, body = bodies.posting(fit, key)
        shape, frame = _POSTED[entity], self._known()
        written = self._calls.create(
            entity, body, key, lambda answer: translate.written(wire.single(answer, shape).row, frame), nth=nth
        )
        self._answers[written.ref] = written
        return written

    def _take_back(self, intent: VoidPosting, key: WriteKey, nth: int) -> Written:
        """A payment is voided; the others QuickBooks lets nobody void, so what is ours and untouched is deleted."""
        target, ground = intent.target, unsent(self._ground)
        try:
            row = unsent(lambda: self._entry(target))
        except NotFound:
            return Written(ref=target, version="")
        written = translate.written(row, ground.frame)
        if admission.is_taken_back(row, ground):
            return written
        admission.may_take_back(intent, row, ground)
        if isinstance(row, wire.Payment):
            return self._calls.void(
                "Payment",
                bodies.void(row.id, row.sync_token),
                key,
                lambda answer: translate.written(wire.single(answer, wire.Payment).row, ground.frame),
                nth=nth,
            )
        nothing = zero(written.amount.currency) if written.amount is not None else None

        def gone(answer: bytes) -> Written:
            wire.single(answer, type(row))
            return Written(ref=target, version="", amount=nothing)

        return self._calls.delete(type(row).__name__, bodies.delete(row.id, row.sync_token), key, gone, nth=nth)

    # Found again

    def _entry_of(self, ref: Ref) -> translate.Posted | None:
        try:
            return self._entry(ref)
        except NotFound:
            return None

    def _entry(self, ref: Ref) -> translate.Posted:
        """The entry behind a Ref; NotFound when there is none, or it is of a kind that we do not post."""
        ours = _of_ours(ref)
        if ours is None or ref.connection != self._connection:
            raise NotFound(f"QuickBooks keeps no entry under {ref}.", system=wire.SYSTEM)
        return self._calls.one(*ours).row

    def _taken_back(self, intent: VoidPosting) -> Written | None:
        if intent.link is not None:
            return self._gone(intent.target, intent.link)
        if _of_ours(intent.target) is None:
            return None
        try:
            row = self._entry(intent.target)
        except NotFound:
            return Written(ref=intent.target, version="")
        ground = self._ground()
        return translate.written(row, ground.frame) if admission.is_taken_back(row, ground) else None

    def _our_payments(self, intent: PostPayment | ApplyCredit, key: WriteKey) -> list[wire.Payment]:
        """By reference number; else by customer and stamp, because a person may have overwritten the number.

        A payment of the same customer, day and amount without any mark is not adopted: `post` will not send another
        beside it, and says so.
        """
        found = self._calls.every(wire.Payment, f"PaymentRefNum = {translate.quoted(key.op_id)}")
        ours = [row for row in found if row.payment_ref_num == key.op_id]
        if ours:
            return ours
        near = self._calls.every(wire.Payment, f"{_of(intent.customer)} AND {_around(intent.on)}")
        ours = [row for row in near if translate.carries(row.private_note, key)]
        if not ours:
            self._unmarked[key.op_id] = (
                admission.unmarked(intent, near, self._ground(), 0) if isinstance(intent, PostPayment) else ()
            )
        return ours

    def _numbered(self, shape: type[Row], on: BusinessDate, key: WriteKey) -> list[Row]:
        """By document number; else by day and stamp, because a person may have overwritten the number."""
        found = self._calls.every(shape, f"DocNumber = {translate.quoted(key.op_id)}")
        ours: list[Row] = [row for row in found if isinstance(row, wire.Transaction) and row.doc_number == key.op_id]
        return ours or self._stamped(shape, _around(on), key)

    def _our_deposits(self, intent: PostDeposit, key: WriteKey) -> list[wire.Deposit]:
        """By day and stamp; else through its payments, which know what deposit holds them whatever its day is now."""
        ours = self._stamped(wire.Deposit, _around(intent.on), key)
        if ours:
            return ours
        payments = self._by_id(wire.Payment, (ref.vendor_id for ref, _ in intent.payments))
        holding = sorted({held for row in payments.values() if (held := admission.deposit_of(row)) is not None})
        rows = (self._calls.one(wire.Deposit, each).row for each in holding)
        return [row for row in rows if translate.carries(row.private_note, key)]

    def _stamped(self, shape: type[Row], where: str, key: WriteKey) -> list[Row]:
        found = self._calls.every(shape, where)
        return [row for row in found if isinstance(row, wire.Transaction) and translate.carries(row.private_note, key)]

    def _by_id(self, shape: type[Row], ids: Iterable[str], also: str = "") -> dict[str, Row]:
        """Those rows by their ids, in as few questions as can be; one that is gone is missing."""
        wanted = list(dict.fromkeys(ids))
        found: dict[str, Row] = {}
        for start in range(0, len(wanted), ASKED_MAX):
            named = ", ".join(translate.quoted(each) for each in wanted[start : start + ASKED_MAX])
            found |= {row.id: row for row in self._calls.every(shape, f"{also}Id IN ({named})")}
        return found


def _of_ours(ref: Ref) -> tuple[type[translate.Posted], str] | None:
    """The entity and id that a Ref names, where it is of a kind that we write."""
    if ref.kind in _KINDS:
        return _POSTED[_KINDS[ref.kind]], ref.vendor_id
    entity, _, vendor_id = ref.vendor_id.partition(":")
    if ref.kind is Kind.BOOK_ENTRY and entity in ("Purchase", "Transfer", "JournalEntry") and vendor_id:
        return _POSTED[entity], vendor_id
    return None


def _named(targets: Iterable[Ref], rows: Mapping[str, Row]) -> dict[Ref, Row]:
    """The rows under the Refs that name them; ids are unique per entity only."""
    kinds = {translate.kind_of(type(row)) for row in rows.values()}
    return {ref: rows[ref.vendor_id] for ref in targets if ref.kind in kinds and ref.vendor_id in rows}


def _of(customer: Ref) -> str:
    return f"CustomerRef = {translate.quoted(customer.vendor_id)}"


def _around(on: BusinessDate, days: int = WINDOW_DAYS) -> str:
    """The days around one, as a condition."""
    first, last = on - timedelta(days=days), on + timedelta(days=days)
    return f"TxnDate >= '{first.isoformat()}' AND TxnDate <= '{last.isoformat()}'"


def _may_be_ours(unmarked: tuple[str, ...], stamp: str) -> Refused:
    return Refused(
        f"QuickBooks already holds payment {', '.join(unmarked)} of the same customer and amount, without our mark; "
        "it may be this very money, so ours was not sent.",
        next_step=f"If it is, add the line '{stamp}' to its private note and sync. If it is other money, make a new "
        "plan after that payment is applied to what it pays.",
    )
