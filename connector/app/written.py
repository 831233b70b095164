"""What the outbox says of our own writes, as the deciding rooms take it: what stands for what, and what was taken back.

A write that was taken back and that a person lets post again is forgotten here, with what took it back: the next one
about the same record is another write, with a number of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from connector.model.intent import IntentKind, VoidPosting
from connector.model.ruling import Ruling, RulingKind
from connector.model.source import OpId, Ref
from connector.reconcile.booked import subject_of, unnumbered
from connector.reconcile.rulings import in_force
from connector.store import OutboxRow, OutboxState


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnWrites:
    """The fields of a Snapshot of the same names."""

    in_flight: frozenset[str]
    written: Mapping[str, Ref]
    answered: Mapping[Ref, str]
    taken_back: Mapping[str, str]
    forgiven: frozenset[OpId]
    generations: Mapping[str, int]


def own_writes(rows: Iterable[OutboxRow], rulings: Iterable[Ruling]) -> OwnWrites:
    """Of all rows but the dead ones."""
    living = [row for row in rows if row.state is not OutboxState.DEAD]
    words = in_force(rulings).taken_out
    forgiven = frozenset(op_id for op_id, word in words.items() if word.kind is RulingKind.AGAIN)
    counted = [row for row in living if written_by(row) not in forgiven]
    subjects = {row.op_id: unnumbered(row.subject) for row in counted}
    return OwnWrites(
        in_flight=frozenset(subjects.values()),
        written={subjects[row.op_id]: row.answer.ref for row in counted if row.answer is not None},
        # What took an entry back did not write it.
        answered={
            row.answer.ref: row.answer.version
            for row in counted
            if row.answer is not None and row.kind is not IntentKind.VOID
        },
        taken_back={
            subjects.get(row.intent.stamp) or subject_of(IntentKind.PAYMENT, row.intent.about): row.intent.undoes or ""
            for row in counted
            if isinstance(row.intent, VoidPosting)
        },
        forgiven=forgiven,
        generations=Counter(unnumbered(row.subject) for row in living if row.op_id in forgiven),
    )


def written_by(row: OutboxRow) -> OpId:
    """The write that a row is about: its own, or the one that it takes back."""
    return row.intent.stamp if isinstance(row.intent, VoidPosting) else row.op_id
