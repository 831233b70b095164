"""Which outside records the books already hold, known by our stamp inside the books' own objects."""

from __future__ import annotations

from connector.model.intent import IntentKind
from connector.model.source import Ref
from connector.reconcile.snapshot import Snapshot


def booked(snapshot: Snapshot) -> set[tuple[IntentKind, Ref]]:
    """(kind of write, outside record) of everything that stands in the books with our stamp."""
    payments = {
        (IntentKind.PAYMENT, stamp.about)
        for ref, payment in snapshot.payments.items()
        if snapshot.in_books(ref)
        for stamp in payment.stamps
        if stamp.about is not None
    }
    # An entry's stamp says which record it is about; whether as a fee or as a payout, the record's kind says.
    entries = {
        (kind, stamp.about)
        for ref, entry in snapshot.book_entries.items()
        if snapshot.in_books(ref)
        for stamp in entry.stamps
        if stamp.about is not None
        for kind in (IntentKind.EXPENSE, IntentKind.TRANSFER)
    }
    return payments | entries
