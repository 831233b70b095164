"""Does a mark of ours stand on more than one object of the books? Then something is there twice, whoever made it so.

A write of ours carries a mark that no other one has. Two entries with one mark are a copy that a person made, or a
write that came through twice: which of them is right is for a person to say, and until then nothing more is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from connector.model.finding import Finding, FindingCode
from connector.model.mirror import Gone, Noun
from connector.model.money_in import Payment, PaymentState
from connector.model.settlement import BookEntry, Deposit
from connector.model.source import Kind, OpId, Ref

MARKED = (Kind.PAYMENT, Kind.DEPOSIT, Kind.BOOK_ENTRY)
"""The kinds of the books' records that carry marks."""


def marks_of(record: Noun | Gone) -> frozenset[OpId]:
    """The marks on an entry that stands; none on what is void, gone, or of another kind."""
    match record:
        case Payment() if record.state is not PaymentState.VOID:
            return frozenset(stamp.op_id for stamp in record.stamps)
        case BookEntry() if record.amount or record.moves:
            return frozenset(stamp.op_id for stamp in record.stamps)
        case Deposit():
            return frozenset(stamp.op_id for stamp in record.stamps)
        case _:
            return frozenset()


def marked_twice(found: Iterable[tuple[OpId, Ref]], known: Mapping[OpId, Ref]) -> tuple[Finding, ...]:
    """One finding for every mark on several entries: those found, and the one that is known to carry it."""
    holders: dict[OpId, set[Ref]] = {}
    for op_id, ref in found:
        holders.setdefault(op_id, {known[op_id]} if op_id in known else set()).add(ref)
    return tuple(_told(sorted(refs)) for _, refs in sorted(holders.items()) if len(refs) > 1)


def _told(refs: list[Ref]) -> Finding:
    names = " and ".join(f"{ref.kind} {ref.vendor_id}" for ref in refs)
    return Finding(
        code=FindingCode.MARKED_TWICE,
        sentence=f"{len(refs)} entries of the books carry one mark of ours: {names}. One of them is a copy.",
        next_step="Void or delete the wrong one there and sync; if all of them are right, dismiss this by its number.",
        refs=tuple(refs),
    )
