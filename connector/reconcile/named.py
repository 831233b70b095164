"""Which outside record an entry of the books is about: by our stamp, else by the outside id in its own words.

People and other programs write the processor's id into a reference or a memo, sometimes cut off by the length that the
field allows. An id is taken only whole, or cut where nothing else begins so; a short or plain word is no id.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable

from connector.model.source import Kind, Ref
from connector.model.stamp import Stamp
from connector.reconcile.snapshot import Snapshot

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
WHOLE_MIN = 4
"""A shorter word is no id, whatever it looks like."""
CUT_MIN = 16
"""A word that is cut off has at least so many letters."""


class Names:
    """Every id outside the books that a text may name."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._books = snapshot.books
        self._known: dict[str, Ref] = {}
        for ref, meant in _ids(snapshot):
            if ref.connection != self._books and is_id(ref.vendor_id):
                self._known.setdefault(ref.vendor_id, meant)
        self._ordered = sorted(self._known)

    def of(self, stamps: Iterable[Stamp], *texts: str | None) -> tuple[Ref, ...]:
        """What an entry is about: our stamps alone where there are any, else every id its texts name."""
        stamped = tuple(stamp.about for stamp in stamps if stamp.about is not None)
        if stamped:
            return stamped
        found = (self._meant(word) for text in texts if text for word in _WORD.findall(text))
        return tuple(dict.fromkeys(ref for ref in found if ref is not None))

    def _meant(self, word: str) -> Ref | None:
        if word in self._known:
            return self._known[word]
        if len(word) < CUT_MIN:
            return None
        place = bisect_left(self._ordered, word)
        begun = [each for each in self._ordered[place : place + 2] if each.startswith(word)]
        return self._known[begun[0]] if len(begun) == 1 else None


def is_id(word: str) -> bool:
    """Whether a word can be told from what people write: letters and digits, and not too short."""
    return len(word) >= WHOLE_MIN and any(map(str.isdigit, word)) and any(map(str.isalpha, word))


def _ids(snapshot: Snapshot) -> Iterable[tuple[Ref, Ref]]:
    """Each record, and what it stands for: an attempt and a payment's line of the ledger for the payment."""
    for kind in (Kind.PAYMENT, Kind.PAYOUT):
        for ref in snapshot.records.get(kind, {}):
            yield ref, ref
    for ref, attempt in snapshot.attempts.items():
        if attempt.payment is not None:
            yield ref, attempt.payment
    for ref, payment in snapshot.payments.items():
        if payment.attempt is not None:
            yield payment.attempt, ref
    for ref, entry in snapshot.balance_entries.items():
        own = entry.about is not None and entry.about.kind in (Kind.PAYMENT, Kind.PAYOUT)
        yield ref, entry.about if own and entry.about is not None else ref
