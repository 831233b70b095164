"""Which outside records the books already hold, known by our stamp inside the books' own objects.

And which they held until somebody took them back: a payment that a person voided or deleted is theirs to judge, and is
never written a second time by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from connector.model.intent import IntentKind
from connector.model.money_in import PaymentState
from connector.model.settlement import EntryNature
from connector.model.source import ConnectionId, Kind, OpId, Ref, ref_from_text
from connector.model.stamp import Stamp
from connector.money import Currency, Money
from connector.reconcile.snapshot import Snapshot, Stamps

Written = tuple[IntentKind, Ref]
"""A kind of write, and the outside record it is for."""

_KINDS = {kind.value: kind for kind in IntentKind}


def subject_of(kind: IntentKind, about: Ref) -> str:
    """What a write stands for, as the outbox keys it: one payment, one fee, one payout per outside record."""
    return f"{kind}:{about}"


def taking_back(stamp: OpId) -> str:
    """What taking back one write of ours stands for: each is taken back once, whoever decides it and why."""
    return f"{IntentKind.VOID}:{stamp}"


def numbered(subject: str, snapshot: Snapshot) -> str:
    """The subject under which something is written now: after it was taken back and a person said that it may be
    posted again, it is another write, and both are written once at the most."""
    before = snapshot.generations.get(subject, 0)
    kind, colon, about = subject.partition(":")
    return f"{kind}.{before + 1}{colon}{about}" if before else subject


def unnumbered(subject: str) -> str:
    """The same whichever time it is posted."""
    kind, colon, about = subject.partition(":")
    return kind.partition(".")[0] + colon + about


def booked(snapshot: Snapshot) -> set[Written]:
    """Everything that stands in the books with our stamp, voided or not."""
    return {(kind, about) for kind, about, _, _ in _stamped(snapshot)}


def standing(snapshot: Snapshot) -> set[Written]:
    """The same without what is void: what moves money there now."""
    return {(kind, about) for kind, about, _, void in _stamped(snapshot) if not void}


def deposited(snapshot: Snapshot) -> frozenset[Ref]:
    """The lines of a processor's ledger that went into the books as part of a payout's deposit.

    A payout that does not bring money is booked by a journal entry beside the deposit of its payments, if it has any.
    One that came back without having been deposited is carried by the next one: line by line, as what it consisted of.
    """
    held = standing(snapshot)
    found: set[Ref] = set()
    for kind, about in held:
        payout = snapshot.payouts.get(about)
        brings = payout is not None and payout.amount.minor > 0
        if payout is not None and kind is (IntentKind.DEPOSIT if brings else IntentKind.JOURNAL):
            found.update(_carried(snapshot, held, payout.entries or ()))
    return frozenset(found)


def _carried(snapshot: Snapshot, held: set[Written], entries: tuple[Ref, ...]) -> Iterator[Ref]:
    for ref in entries:
        entry = snapshot.balance_entries.get(ref)
        if entry is None or entry.nature is not EntryNature.PAYOUT_BACK:
            yield ref
            continue
        # Of one that had been deposited, an entry of its own put it back on hand, and that alone books the line.
        failed = snapshot.payouts.get(entry.about) if entry.about is not None else None
        back = (IntentKind.JOURNAL, ref) in held or subject_of(IntentKind.JOURNAL, ref) in snapshot.written
        if failed is not None and entry.about is not None and not back and not _was_banked(held, entry.about):
            yield from _carried(snapshot, held, failed.entries or ())


def _was_banked(held: set[Written], payout: Ref) -> bool:
    return (IntentKind.DEPOSIT, payout) in held or (IntentKind.JOURNAL, payout) in held


def posted_payments(snapshot: Snapshot) -> dict[Ref, Ref]:
    """Each outside payment that the books hold, and the payment of the books that carries its stamp; no void one."""
    return {about: ref for kind, about, ref, void in _stamped(snapshot) if kind is IntentKind.PAYMENT and not void}


def copies(snapshot: Snapshot) -> dict[Ref, tuple[Ref, ...]]:
    """The same with every payment of the books that carries the stamp: one, unless a person copied it."""
    found: dict[Ref, tuple[Ref, ...]] = {}
    for kind, about, ref, void in _stamped(snapshot):
        if kind is IntentKind.PAYMENT and not void:
            found[about] = (*found.get(about, ()), ref)
    return found


def ever_posted(snapshot: Snapshot) -> dict[Ref, Ref]:
    """Each outside payment that we ever put into the books, and what it became there; also one that is void or gone."""
    found = {about: ref for kind, about, ref, _ in _stamped(snapshot) if kind is IntentKind.PAYMENT}
    for subject, ref in snapshot.written.items():
        kind, about = _read(subject) or (None, None)
        if kind is IntentKind.PAYMENT and about is not None:
            found.setdefault(about, ref)
    return found | posted_payments(snapshot)


def we_took_back(snapshot: Snapshot, about: Ref) -> bool:
    """Whether we took the payment of that record out of the books, or are about to, because its money went back."""
    return snapshot.taken_back.get(subject_of(IntentKind.PAYMENT, about)) == ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """An entry of ours that a person took back: `how` is "voided", "deleted", or by undoing which run."""

    ref: Ref
    how: str
    run: str = ""

    def next_step(self, about: Ref) -> str:
        """What a person may say to it."""
        whole = f" (or all of it: review again {self.run})" if self.run else ""
        return (
            f"It is not posted again by itself: receivables review again {about.vendor_id}{whole}; or leave it out for "
            f"good: receivables review leave {about.vendor_id}"
        )


def undone(snapshot: Snapshot) -> dict[Written, Undone]:
    """What we wrote and a person took back, in the books or by undoing a run, unless it stands there again. What we
    took back because its money went back is none of these."""
    stands: set[Written] = set()
    found: dict[Written, Undone] = {}
    for kind, about, ref, void in _stamped(snapshot):
        if void:
            found[kind, about] = _undone(snapshot, subject_of(kind, about), ref, "voided")
        else:
            stands.add((kind, about))
    for subject, ref in snapshot.written.items():
        written = _read(subject)
        if written is not None and ref in snapshot.gone:
            found[written] = _undone(snapshot, subject, ref, "deleted")
    return {
        written: back
        for written, back in found.items()
        if written not in stands and snapshot.taken_back.get(subject_of(*written)) != ""
    }


def undone_opening(snapshot: Snapshot, subject: str) -> Undone | None:
    """The same of an opening entry, by its subject."""
    became = snapshot.written.get(subject)
    return _undone(snapshot, subject, became, "deleted") if became is not None and became in snapshot.gone else None


def _undone(snapshot: Snapshot, subject: str, ref: Ref, by_hand: str) -> Undone:
    run = snapshot.taken_back.get(subject, "")
    return Undone(ref=ref, how=f"taken back by undoing {run}" if run else by_hand, run=run)


def _read(subject: str) -> Written | None:
    """The kind and the record that `subject_of` wrote; None for a subject of another making."""
    kind, _, about = subject.partition(":")
    known, ref = _KINDS.get(kind), ref_from_text(about)
    return (known, ref) if known is not None and ref is not None else None


def _stamped(snapshot: Snapshot) -> Stamps:
    if not snapshot.stamps:
        snapshot.stamps.append(tuple(_find_stamps(snapshot)))
    return snapshot.stamps[0]


def _find_stamps(snapshot: Snapshot) -> Iterator[tuple[IntentKind, Ref, Ref, bool]]:
    for ref, payment in snapshot.payments.items():
        void = payment.state is PaymentState.VOID
        for about in _abouts(snapshot, ref, payment.stamps, void=void):
            # A credit that is applied is a payment of nothing, and is about the credit note, or about the invoice whose
            # rest an entry of ours wrote off.
            kind = IntentKind.CREDIT if about.kind in (Kind.CREDIT_NOTE, Kind.INVOICE) else IntentKind.PAYMENT
            yield kind, about, ref, void
    for ref, deposit in snapshot.deposits.items():
        for about in _abouts(snapshot, ref, deposit.stamps):
            yield IntentKind.DEPOSIT, about, ref, False
    for ref, entry in snapshot.book_entries.items():
        for about in _abouts(snapshot, ref, entry.stamps, void=not entry.amount):
            # An entry's stamp says which record it is about, and the record's kind whether as a fee or as a payout.
            # Only a journal entry has moves.
            kind = IntentKind.TRANSFER if about.kind is Kind.PAYOUT else IntentKind.EXPENSE
            kind = IntentKind.JOURNAL if entry.moves else kind
            yield kind, about, ref, not entry.amount


def _abouts(snapshot: Snapshot, ref: Ref, stamps: tuple[Stamp, ...], *, void: bool = False) -> list[Ref]:
    """What an entry is about, by its stamps. A void one that may be posted again says nothing any more."""
    if not snapshot.in_books(ref):
        return []
    # An opening entry is about a whole account of the processor, and in no booking pattern: `opened` knows it.
    return [
        stamp.about
        for stamp in stamps
        if stamp.about is not None
        and stamp.about.kind is not Kind.ACCOUNT
        and not (void and stamp.op_id in snapshot.forgiven)
    ]


def opening_subject(connection: ConnectionId, code: Currency) -> str:
    """What the one opening entry of a processor and currency stands for, whichever way its money goes."""
    return f"{opening_subjects(connection)}{code}"


def opening_subjects(connection: ConnectionId) -> str:
    """What every opening entry of a processor begins with."""
    return f"opening:{connection}/"


def opened(snapshot: Snapshot) -> dict[tuple[ConnectionId, Currency], Money]:
    """Per processor and currency, what the opening entries in the books brought into the clearing account."""
    found: dict[tuple[ConnectionId, Currency], Money] = {}
    entries = [(ref, deposit.stamps, deposit.total) for ref, deposit in snapshot.deposits.items()]
    entries += [(ref, entry.stamps, -entry.amount) for ref, entry in snapshot.book_entries.items()]
    for ref, stamps, amount in entries:
        for stamp in stamps:
            if stamp.about is not None and stamp.about.kind is Kind.ACCOUNT and snapshot.in_books(ref):
                purse = (stamp.about.connection, amount.currency)
                found[purse] = found[purse] + amount if purse in found else amount
    return found
