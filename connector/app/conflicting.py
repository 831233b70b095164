"""What two sides say differently about one company's money, and a person's word about which of them stands.

A word is kept in the log of decisions, with everything that was seen when it was said; nothing is written to any
outside system for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connector.app.house import Desk
from connector.app.keeping import last_number
from connector.app.shadow import ground_of
from connector.errors import Refused, UnknownRecord, UserError
from connector.model.finding import Finding
from connector.model.intent import PostPayment, PostTransfer
from connector.model.ruling import Ruling, RulingKind
from connector.model.source import Ref
from connector.money import zero
from connector.reconcile import conflicts as rules
from connector.reconcile.booked import Written
from connector.reconcile.conflicts import Conflict, Wrote
from connector.reconcile.snapshot import Snapshot
from connector.store import OutboxState

LEASE_NAME = "review"
SIDES = {"books": RulingKind.KEEP_BOOKS, "processor": RulingKind.KEEP_PROCESSOR}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A conflict, and what a person said about it, if anybody did."""

    conflict: Conflict
    word: Ruling | None


def conflicts(desk: Desk) -> tuple[Shown, ...]:
    """Every conflict there is now."""
    seen = desk.snapshot()
    return tuple(Shown(conflict=each, word=rules.chosen(seen.rulings, each)) for each in _found(desk, seen))


def keep(desk: Desk, wanted: str, side: str) -> Shown:
    """A person chooses. UnknownRecord: there is no such conflict; UserError: no such side; Refused: said already."""
    kind = SIDES.get(side)
    if kind is None:
        raise UserError(f"{side[:20]!r} is no side.", next_step="Say books or processor.")
    with desk.lease(LEASE_NAME):
        seen = desk.snapshot()
        named = [each for each in _found(desk, seen) if wanted in (each.about.vendor_id, str(each.about))]
        if not named:
            raise UnknownRecord(f"There is no conflict {wanted[:40]!r}.", next_step="See: receivables conflicts")
        if len(named) > 1:
            raise UserError(
                f"Several are called {wanted[:40]!r}.",
                next_step="Name one of: " + ", ".join(str(each.about) for each in named),
            )
        (found,) = named
        word = rules.chosen(seen.rulings, found)
        if word is not None and word.kind is kind:
            raise Refused(f"{word.by} said so already.", next_step="Nothing is to be done.")
        amount = found.finding.amount or zero(desk.company.home_currency)
        ruling = Ruling(
            payment=found.about,
            kind=kind,
            by=desk.actor,
            at=desk.clock.now(),
            gross=amount,
            unapplied=zero(amount.currency),
            sentence=found.finding.sentence,
            seen=found.state,
        )
        (stored,) = desk.store.add_rulings(desk.author("conflicts"), [ruling], after=last_number(seen))
    return Shown(conflict=found, word=stored)


def held_back(desk: Desk, seen: Snapshot) -> Mapping[Ref | Written, Finding]:
    """What no plan may touch now, and why."""
    ground = ground_of(desk, seen, desk.today)
    return {**rules.fees_elsewhere(ground), **rules.held_back(_found(desk, seen), seen.rulings)}


def _found(desk: Desk, seen: Snapshot) -> tuple[Conflict, ...]:
    """All there are. What was taken back by us since is no write of ours any more."""
    rows = desk.store.outbox(desk.id, states=(OutboxState.DONE,))
    wrote = [
        Wrote(intent=row.intent, ref=row.answer.ref, allocated=row.answer.allocated)
        for row in rows
        if row.answer is not None
        and isinstance(row.intent, PostPayment | PostTransfer)
        and row.op_id not in seen.forgiven
    ]
    ground = ground_of(desk, seen, desk.today)
    return rules.conflicts(ground, wrote, desk.store.attempts(desk.id), desk.clock.now())
