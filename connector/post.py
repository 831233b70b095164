"""Carry intents out, once each: the write protocol.

1. The row with its op id is stored before anything is sent (by whoever made the intent).
2. `sending` is committed, then the call is made with the key, and with the op id inside the object.
3. An answer is committed as `done`, after it was read back and agrees with what was asked.
4. Anything else is unsure: the other side is searched for the stamp first. Found is done. Not found waits until the
   settle time since the last try has passed, is searched for again, and only then repeated.
A row found in `sending` belongs to a process that died: it is unsure. A refusal with a reason is final (`dead`).

No decision is made here about money; and nothing here knows a vendor.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol, TypeVar

from connector.clock import Clock
from connector.dates import Instant, after
from connector.errors import (
    BudgetSpent,
    NeedsReconnect,
    OutcomeUnknown,
    Refused,
    Rejected,
    Retry,
    UnknownRecord,
    Unreachable,
    VendorError,
)
from connector.model.intent import (
    ApplyCredit,
    CapturePage,
    GiveBack,
    Intent,
    IntentKind,
    OpenHook,
    OpenPayPage,
    PostDeposit,
    PostExpense,
    Posting,
    PostJournal,
    PostPayment,
    PostTransfer,
    PushNote,
    ShowLink,
    VoidPosting,
    WriteKey,
    Written,
)
from connector.model.source import CompanyId, ConnectionId, Kind, OpId, Ref
from connector.ports import Adapter, Books, Captures, GivesBack, Hook, HookDesk, NoteBoard, PayPages
from connector.readback import disagreement
from connector.store import Lease, OutboxRow, OutboxState, Store

SETTLE_SECONDS: dict[IntentKind, int] = {
    IntentKind.PAYMENT: 6 * 3600,
    IntentKind.EXPENSE: 6 * 3600,
    IntentKind.TRANSFER: 6 * 3600,
    IntentKind.CREDIT: 6 * 3600,
    IntentKind.DEPOSIT: 6 * 3600,
    IntentKind.JOURNAL: 6 * 3600,
    IntentKind.VOID: 6 * 3600,
    # The invoice itself says whether the line stands on it, and it is read right before.
    IntentKind.LINK: 15 * 60,
    IntentKind.NOTE: 15 * 60,
    # A pay page does nothing until the payer acts, and a hook tells twice at the most what is known to be one thing.
    IntentKind.PAY_PAGE: 0,
    # One page gives its money once, whatever the key.
    IntentKind.CAPTURE: 0,
    # Where a processor shows its refunds late, it is longer than that; and money given back twice is gone.
    IntentKind.REFUND: 6 * 3600,
    IntentKind.HOOK: 0,
}
"""How long a lost write may still turn up on the other side before it may be repeated."""

KEY_LIFE = timedelta(hours=20)
"""So long after its first use the vendor's key may be gone, so it gets a suffix; the op id never changes."""

T = TypeVar("T")
Boundary = Callable[[str], None]
Keep = Callable[[ConnectionId, Mapping[str, str]], None]

BOUNDARIES: dict[str, str] = {
    "post.before-sending": "the row is stored as ready; nothing has been sent",
    "post.sending": "the row is stored as sending; the call has not been made",
    "post.sent": "the call was answered; the answer is not stored",
    "post.faulted": "the call ended in a fault; what that means for the row is not stored",
    "post.read-back": "the object was read back; the row is not yet done",
    "post.done": "the row is stored as done",
    "post.unsure": "the outcome is unknown and stored as such",
    "post.looked-up": "the other side was searched; what was found is not yet stored",
}
"""Every point at which the process may be killed while carrying an intent out."""


class Writer(Protocol):
    """The three moves of one kind of write."""

    def send(self, intent: Intent, key: WriteKey) -> Written: ...

    def find(self, intent: Intent, key: WriteKey) -> tuple[Written, ...]: ...

    def read(self, written: Written, intent: Intent, key: WriteKey) -> Written: ...


def _as_stored(intent: Intent) -> Intent:
    return intent


def _by_anybody(intent: Intent) -> None:
    """Where nobody has to be asked."""
    del intent


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What posting works with; a row of a connection without an adapter waits. `settle` may shorten or lengthen
    SETTLE_SECONDS per kind; `as_sent` puts into an intent what must not be stored with it, and `keep` stores settings
    of a connection that only an answer holds (None: a write that has such an answer is not made). `permitted` is asked
    before anything is sent: it raises Refused while a person does not let us write."""

    store: Store
    clock: Clock
    adapters: Mapping[ConnectionId, Adapter]
    boundary: Boundary
    settle: Mapping[IntentKind, int]
    progress: Callable[[OutboxRow], None]
    as_sent: Callable[[Intent], Intent] = field(default=_as_stored)
    keep: Keep | None = None
    permitted: Callable[[Intent], None] = field(default=_by_anybody)


@dataclass(slots=True)
class Posted:
    """What became of the rows of one run. `forbidden`: why some were not sent that a person does not let us send."""

    done: list[OutboxRow]
    waiting: list[OutboxRow]
    dead: list[OutboxRow]
    forbidden: Refused | None = None


def connection_of(intent: Intent) -> ConnectionId:
    """The connection an intent is written to."""
    match intent:
        case (
            PostPayment()
            | PostExpense()
            | PostTransfer()
            | ApplyCredit()
            | PostDeposit()
            | PostJournal()
            | VoidPosting()
            | ShowLink()
        ):
            return intent.books
        case PushNote():
            return intent.target.connection
        case OpenPayPage() | CapturePage() | OpenHook() | GiveBack():
            return intent.connection


def post(tools: Tools, company: CompanyId, lease: Lease, only: frozenset[OpId] | None = None) -> Posted:
    """Carry out every row that is ready or unsure (or only those). Safe to run again after any interruption.

    A payer's money is taken only where it is asked for by name, by whoever has just read the balance of the debt.
    """
    result = Posted(done=[], waiting=[], dead=[])
    states = (OutboxState.READY, OutboxState.SENDING, OutboxState.UNSURE)
    for row in tools.store.outbox(company, states=states):
        if row.kind is IntentKind.CAPTURE if only is None else row.op_id not in only:
            continue
        if connection_of(row.intent) not in tools.adapters or _rests_on_undone(tools.store, row):
            result.waiting.append(row)
            continue
        lease = tools.store.renew(lease)
        carried = _Carry(tools, company, lease, row)
        carried.run()
        result.forbidden = result.forbidden or carried.forbidden
        after_run = tools.store.outbox_row(company, row.op_id)
        tools.progress(after_run)
        match after_run.state:
            case OutboxState.DONE:
                result.done.append(after_run)
            case OutboxState.DEAD:
                result.dead.append(after_run)
            case _:
                result.waiting.append(after_run)
    return result


def _rests_on_undone(store: Store, row: OutboxRow) -> bool:
    """Whether it applies an entry of ours that is not done yet, and may still be."""
    entry = row.intent.entry if isinstance(row.intent, ApplyCredit) else None
    if entry is None:
        return False
    try:
        return store.outbox_row(row.company_id, entry).state not in (OutboxState.DONE, OutboxState.DEAD)
    except UnknownRecord:
        return False  # it was never to be written, and whoever puts it in says so


def look_up(tools: Tools, company: CompanyId, lease: Lease, op_id: OpId) -> OutboxRow:
    """The row after its outcome was asked for, if that is in doubt: done where it is found. It is never sent here."""
    _Carry(tools, company, tools.store.renew(lease), tools.store.outbox_row(company, op_id)).look()
    return tools.store.outbox_row(company, op_id)


class _Carry:
    """One row on its way out."""

    def __init__(self, tools: Tools, company: CompanyId, lease: Lease, row: OutboxRow) -> None:
        self._tools = tools
        self._store = tools.store
        self._company = company
        self._lease = lease
        self._row = row
        self.forbidden: Refused | None = None
        self._writer = writer_for(tools.adapters[connection_of(row.intent)], row.intent, tools.keep)

    def run(self) -> None:
        if self._row.state is OutboxState.SENDING:
            self._unsure("The process that sent it ended before the answer came.", tried_at=self._row.tried_at)
        if self._row.state is OutboxState.UNSURE and not self._resolve():
            return
        if self._row.state in (OutboxState.READY, OutboxState.UNSURE) and self._permitted():
            self._send()

    def look(self) -> None:
        if self._row.state is OutboxState.SENDING:
            self._unsure("The process that sent it ended before the answer came.", tried_at=self._row.tried_at)
        if self._row.state is OutboxState.UNSURE:
            self._resolve()

    def _permitted(self) -> bool:
        """Whether a person lets us send it, now. Else it waits as it is, and holds up no other."""
        try:
            self._tools.permitted(self._row.intent)
        except Refused as fault:
            self.forbidden = fault
        return self.forbidden is None

    def _key(self) -> WriteKey:
        return WriteKey(op_id=self._row.op_id, repeat=self._row.repeat)

    def _resolve(self) -> bool:
        """Look the unsure row up. True when it must be sent again, having been absent past its settle time."""
        try:
            found = self._writer.find(self._row.intent, self._key())
        except VendorError as fault:
            if fault.retry is Retry.NEVER:
                raise
            return False
        self._tools.boundary("post.looked-up")
        if found:
            self._finish(found)
            return False
        now = self._tools.clock.now()
        return self._row.not_before is None or now >= self._row.not_before

    def _send(self) -> None:
        if self._row.keyed_at is not None and self._tools.clock.now() - self._row.keyed_at > KEY_LIFE:
            self._store.outbox_repeat(self._company, self._row.op_id, self._lease)
            self._reload()
        self._tools.boundary("post.before-sending")
        self._store.outbox_sending(self._company, self._row.op_id, self._lease)
        self._reload()
        self._tools.boundary("post.sending")
        try:
            written = self._writer.send(self._tools.as_sent(self._row.intent), self._key())
        except (VendorError, Refused) as fault:
            self._tools.boundary("post.faulted")
            self._failed(fault)
            return
        self._tools.boundary("post.sent")
        self._finish((written,))

    def _failed(self, fault: VendorError | Refused) -> None:
        """The call ended in that fault. Errors: the fault itself, where it would meet the other rows too."""
        if isinstance(fault, Unreachable | NeedsReconnect | BudgetSpent):
            # Surely not acted on: no connection was made, it was turned away at the door, or we did not even ask.
            self._store.outbox_postponed(self._company, self._row.op_id, fault.sentence, None, self._lease)
            self._reload()
            raise fault
        if isinstance(fault, Refused) or fault.retry is Retry.NEVER:
            # The other side's no; or the adapter itself will not send it, and would not next time: a page too old to
            # open, a note overtaken.
            self._store.outbox_dead(self._company, self._row.op_id, str(fault), self._lease)
            return
        # Told to slow down, or a broken answer: it may have been acted on all the same.
        self._unsure(fault.sentence, tried_at=self._row.tried_at)
        if isinstance(fault, OutcomeUnknown) and fault.key_spent:
            self._store.outbox_repeat(self._company, self._row.op_id, self._lease)
            self._reload()

    def _finish(self, found: tuple[Written, ...]) -> None:
        """Read back and compare; then, and only then, it is done."""
        if len(found) > 1:
            self._store.outbox_dead(
                self._company,
                self._row.op_id,
                f"{len(found)} objects carry this mark there; a person must look, nothing is deleted by itself.",
                self._lease,
            )
            return
        try:
            held = self._writer.read(found[0], self._row.intent, self._key())
        except VendorError as fault:
            self._unsure(fault.sentence, tried_at=self._row.tried_at)
            return
        self._tools.boundary("post.read-back")
        wrong = disagreement(self._row.intent, held)
        if wrong is not None:
            self._store.outbox_dead(self._company, self._row.op_id, str(wrong), self._lease)
            return
        self._store.outbox_done(self._company, self._row.op_id, held, self._lease)
        self._reload()
        self._tools.boundary("post.done")

    def _unsure(self, why: str, *, tried_at: Instant | None) -> None:
        kind = self._row.kind
        settle = self._tools.settle.get(kind, SETTLE_SECONDS[kind])
        since = tried_at or self._tools.clock.now()
        self._store.outbox_unsure(self._company, self._row.op_id, why, after(since, settle), self._lease)
        self._reload()
        self._tools.boundary("post.unsure")

    def _reload(self) -> None:
        self._row = self._store.outbox_row(self._company, self._row.op_id)


@dataclass(frozen=True, slots=True)
class _Posting:
    books: Books

    def send(self, intent: Intent, key: WriteKey) -> Written:
        return self.books.post(_posting(intent), key)

    def find(self, intent: Intent, key: WriteKey) -> tuple[Written, ...]:
        return self.books.find_posted(_posting(intent), key)

    def read(self, written: Written, intent: Intent, key: WriteKey) -> Written:
        """The entry itself; of one that was taken back, whether it is."""
        if isinstance(intent, VoidPosting):
            gone = next(iter(self.books.find_posted(intent, key)), None)
            return gone if gone is not None else self.books.read_posted(written.ref)
        return self.books.read_posted(written.ref)


@dataclass(frozen=True, slots=True)
class _Noting:
    board: NoteBoard

    def send(self, intent: Intent, key: WriteKey) -> Written:
        return self.board.push_note(_as(PushNote, intent), key)

    def find(self, intent: Intent, key: WriteKey) -> tuple[Written, ...]:
        return self.board.find_notes(_as(PushNote, intent), key)

    def read(self, written: Written, intent: Intent, key: WriteKey) -> Written:
        return next(
            (held for held in self.board.find_notes(_as(PushNote, intent), key) if held.ref == written.ref), written
        )


@dataclass(frozen=True, slots=True)
class _Paging:
    pages: PayPages

    def send(self, intent: Intent, key: WriteKey) -> Written:
        return self.pages.open_page(_as(OpenPayPage, intent), key)

    def find(self, intent: Intent, key: WriteKey) -> tuple[Written, ...]:
        return self.pages.find_pages(_as(OpenPayPage, intent), key)

    def read(self, written: Written, intent: Intent, key: WriteKey) -> Written:
        return next(
            (held for held in self.pages.find_pages(_as(OpenPayPage, intent), key) if held.ref == written.ref), written
        )


@dataclass(frozen=True, slots=True)
class _Capturing:
    pages: Captures

    def send(self, intent: Intent, key: WriteKey) -> Written:
        return self.pages.capture_page(_as(CapturePage, intent), key)

    def find(self, intent: Intent, key: WriteKey) -> tuple[Written, ...]:
        return self.pages.find_captures(_as(CapturePage, intent), key)

    def read(self, written: Written, intent: Intent, key: WriteKey) -> Written:
        return next((held for held in self.find(intent, key) if held.ref == written.ref), written)


@dataclass(frozen=True, slots=True)
class _Refunding:
    processor: GivesBack

    def send(self, intent: Intent, key: WriteKey) -> Written:
        return self.processor.give_back(_as(GiveBack, intent), key)

    def find(self, intent: Intent, key: WriteKey) -> tuple[Written, ...]:
        return self.processor.find_given_back(_as(GiveBack, intent), key)

    def read(self, written: Written, intent: Intent, key: WriteKey) -> Written:
        return next((held for held in self.find(intent, key) if held.ref == written.ref), written)


HOOK_UNSIGNED = "The secret of its signatures was lost with the answer, so it has to be made anew."
"""What the answer of a hook says that was found and not made: nobody can verify what it sends."""


@dataclass(frozen=True, slots=True)
class _Hooking:
    """A hook is of use only to whoever got the answer that made it; one that is found is ours, and has to go."""

    desk: HookDesk
    keep: Keep

    def send(self, intent: Intent, key: WriteKey) -> Written:
        wanted = _as(OpenHook, intent)
        opened = self.desk.open_hook(wanted, key)
        self.keep(wanted.connection, opened.settings)
        return opened.written

    def find(self, intent: Intent, key: WriteKey) -> tuple[Written, ...]:
        return tuple(_hooked(intent, each, HOOK_UNSIGNED) for each in self.desk.hooks() if each.stamp == key.op_id)

    def read(self, written: Written, intent: Intent, key: WriteKey) -> Written:
        held = {each.hook_id: each for each in self.desk.hooks() if each.stamp == key.op_id}
        found = held.get(written.ref.vendor_id)
        return _hooked(intent, found, written.notice) if found is not None else written


def _hooked(intent: Intent, hook: Hook, notice: str) -> Written:
    """A hook is no record that is mirrored: it is a setting of the account."""
    ref = Ref(connection_of(intent), Kind.PROFILE, hook.hook_id)
    return Written(ref=ref, version="", url=hook.url, notice=notice)


def _posting(intent: Intent) -> Posting:
    if isinstance(intent, Posting):
        return intent
    raise TypeError(type(intent).__name__)


def _as(shape: type[T], intent: Intent) -> T:
    if isinstance(intent, shape):
        return intent
    raise TypeError(type(intent).__name__)


def writer_for(adapter: Adapter, intent: Intent, keep: Keep | None = None) -> Writer:
    """The moves for that kind of intent; Rejected when the adapter has no such capability."""
    if isinstance(intent, PushNote) and isinstance(adapter, NoteBoard):
        return _Noting(adapter)
    if isinstance(intent, OpenPayPage) and isinstance(adapter, PayPages):
        return _Paging(adapter)
    if isinstance(intent, CapturePage) and isinstance(adapter, Captures):
        return _Capturing(adapter)
    if isinstance(intent, GiveBack) and isinstance(adapter, GivesBack):
        return _Refunding(adapter)
    if isinstance(intent, OpenHook) and isinstance(adapter, HookDesk) and keep is not None:
        return _Hooking(adapter, keep)
    if isinstance(intent, Posting) and isinstance(adapter, Books):
        return _Posting(adapter)
    raise Rejected(f"{connection_of(intent)} cannot take such a write.", next_step="Choose another connection.")
