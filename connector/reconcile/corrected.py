"""An entry of ours and what a person's choice booked beside it are one, wherever both sides are compared."""

from __future__ import annotations

from collections.abc import Sequence

from connector.model.party import AccountRole
from connector.model.source import Ref
from connector.money import Money
from connector.reconcile.agreement import Entry
from connector.reconcile.conflict import corrections
from connector.reconcile.snapshot import Snapshot


def with_corrections(seen: Snapshot, entries: Sequence[Entry]) -> list[Entry]:
    """The same, each correction added to the entry that it corrects; one whose entry is not among them stays."""
    of = {str(correction): str(entry) for correction, entry in corrections(seen).items()}
    if not of:
        return list(entries)
    there = {entry.ref for entry in entries}
    more: dict[str, int] = {}
    kept: list[Entry] = []
    for entry in entries:
        target = of.get(entry.ref)
        if target is None or target not in there:
            kept.append(entry)
        else:
            more[target] = more.get(target, 0) + entry.amount.minor
    return [
        entry._replace(amount=Money(entry.amount.minor + more.pop(entry.ref, 0), entry.amount.currency))
        for entry in kept
    ]


def came_more(seen: Snapshot) -> dict[Ref, int]:
    """Per payment of the books that was corrected, by how much more came from its customer (less: negative)."""
    found: dict[Ref, int] = {}
    for correction, entry in corrections(seen).items():
        if entry in seen.payments:
            moves = seen.book_entries[correction].moves
            owed = sum(amount.minor for account, amount in moves if _is_receivable(seen, account))
            found[entry] = found.get(entry, 0) - owed
    return found


def _is_receivable(seen: Snapshot, account: Ref) -> bool:
    held = seen.accounts.get(account)
    return held is not None and held.role is AccountRole.RECEIVABLE
