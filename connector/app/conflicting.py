"""What two sides say differently about one company's money, and a person's word about what is to stand.

A word is kept in the log of decisions, with everything that was seen when it was said; nothing is written to any
outside system for it. What it asks for is planned, and written by `apply` like everything else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from connector.app.house import Desk
from connector.app.keeping import last_number
from connector.app.shadow import ground_of
from connector.errors import Refused, UnknownRecord, UserError
from connector.model.finding import Finding
from connector.model.intent import (
    PostDeposit,
    PostExpense,
    PostJournal,
    PostPayment,
    PostTransfer,
)
from connector.model.ruling import Ruling, RulingKind
from connector.model.source import Ref, ref_from_text
from connector.money import Money, currency, from_text, grouped, zero
from connector.plan.choices import is_carried_out
from connector.reconcile import conflicts as rules
from connector.reconcile.booked import Written
from connector.reconcile.conflict import Conflict, Wrote, choice_subject, chosen
from connector.reconcile.snapshot import Snapshot
from connector.store import OutboxState

LEASE_NAME = "review"
SIDES = {
    "books": RulingKind.KEEP_BOOKS,
    "processor": RulingKind.KEEP_PROCESSOR,
    "mine": RulingKind.KEEP_MINE,
}
AGREED = "invoices-agreed"
"""The kind of the journal entries that tell on which totals both sides agreed."""
_TWO_SIDED = PostPayment | PostExpense | PostTransfer | PostDeposit | PostJournal


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A conflict, and what a person said about it, if anybody did. `done`: an entry of ours in the books says so."""

    conflict: Conflict
    word: Ruling | None
    done: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """All there are, and what no plan may touch for them, and why."""

    found: tuple[Conflict, ...]
    held: Mapping[Ref | Written, Finding]


def conflicts(desk: Desk, seen: Snapshot | None = None) -> tuple[Shown, ...]:
    """Every conflict there is now."""
    seen = seen or desk.snapshot()
    return tuple(_shown(each, chosen(seen.rulings, each)) for each in _found(desk, seen))


def _shown(each: Conflict, word: Ruling | None) -> Shown:
    return Shown(conflict=each, word=word, done=word is not None and is_carried_out(each, word))


def keep(desk: Desk, wanted: str, side: str, amount: str | None = None) -> Shown:
    """A person chooses. UnknownRecord: there is no such conflict; UserError: no such side, or no amount that fits;
    Refused: said already."""
    kind = SIDES.get(side)
    if kind is None:
        raise UserError(f"{side[:20]!r} is no side.", next_step="Say books, processor, or mine AMOUNT.")
    if (amount is not None) is not (kind is RulingKind.KEEP_MINE):
        raise UserError(
            "An amount goes with mine, and mine with an amount.",
            next_step="For example: receivables conflicts keep ch_1 mine 95.00",
        )
    with desk.lease(LEASE_NAME):
        seen = desk.snapshot()
        found = _named(_found(desk, seen), wanted)
        word = chosen(seen.rulings, found)
        gross = _amount(desk, found, amount)
        same = word is not None and word.kind is kind and (kind is not RulingKind.KEEP_MINE or word.gross == gross)
        if word is not None and same and not _was_undone(seen, word):
            raise Refused(f"{word.by} said so already.", next_step="Nothing is to be done.")
        ruling = Ruling(
            payment=found.about,
            kind=kind,
            by=desk.actor,
            at=desk.clock.now(),
            gross=gross,
            unapplied=zero(gross.currency),
            sentence=found.finding.sentence,
            seen=found.state,
        )
        (stored,) = desk.store.add_rulings(desk.author("conflicts"), [ruling], after=last_number(seen))
    return _shown(found, stored)


def _named(every: Iterable[Conflict], wanted: str) -> Conflict:
    every = tuple(every)
    named = [each for each in every if wanted in (each.about.vendor_id, str(each.about), each.number)]
    if len(named) != 1:
        entries = [each for each in named or every if wanted in (each.entry.vendor_id, str(each.entry))]
        named = entries if len(entries) == 1 else named
    if not named:
        raise UnknownRecord(f"There is no conflict {wanted[:40]!r}.", next_step="See: receivables conflicts")
    if len(named) > 1:
        raise UserError(
            f"Several are about {wanted[:40]!r}.",
            next_step="Name the entry of the books instead: " + ", ".join(str(each.entry) for each in named),
        )
    return named[0]


def _amount(desk: Desk, found: Conflict, amount: str | None) -> Money:
    """What is at stake, or what a person says it should be."""
    if amount is None:
        return found.finding.amount or zero(desk.company.home_currency)
    if found.postings is None or not found.postings.takes_any:
        raise UserError(
            f"No entry of ours could make an amount of your own of {found.about.vendor_id}.",
            next_step="Choose books or processor; or change it in the books, and choose books then.",
        )
    code = found.postings.scale.currency
    number, _, named = amount.strip().partition(" ")
    wanted = from_text(number, currency(named) if named else code)
    if not found.postings.fits(wanted):
        raise UserError(
            f"{grouped(wanted)} does not fit what is in {code} and no debt.", next_step=f"Say an amount in {code}."
        )
    return wanted


def _was_undone(seen: Snapshot, word: Ruling) -> bool:
    """Whether the entry that carried out a choice was taken out of the books again."""
    became = seen.written.get(choice_subject(word))
    return became is not None and became in seen.gone


def look(desk: Desk, seen: Snapshot) -> Looked:
    """What two sides say differently now, and what no plan may touch."""
    ground, found = ground_of(desk, seen, desk.today), _found(desk, seen)
    return Looked(found=found, held={**rules.fees_elsewhere(ground), **rules.held_back(found, seen.rulings)})


def remember_agreed(desk: Desk, seen: Snapshot) -> None:
    """Keep on which totals both sides agree about the invoices that both hold, where that is news."""
    pairs = rules.pairs(seen)
    same = {pair: there for pair, (there, here) in pairs.items() if there == here}
    if not same:
        return
    known = _agreed(desk)
    news = [(pair, amount) for pair, amount in sorted(same.items()) if known.get(pair) != amount]
    if news:
        totals = [(str(there), str(own), amount.minor, amount.currency) for (there, own), amount in news]
        desk.store.journal_append(desk.id, AGREED, {"totals": totals}, actor=desk.actor)


def _agreed(desk: Desk) -> dict[tuple[Ref, Ref], Money]:
    found: dict[tuple[Ref, Ref], Money] = {}
    for entry in desk.store.journal(desk.id, AGREED):
        body: Any = entry.body
        for there, own, minor, code in body["totals"]:
            outside, books = ref_from_text(there), ref_from_text(own)
            if outside is not None and books is not None:
                found[outside, books] = Money(minor, currency(code))
    return found


def _found(desk: Desk, seen: Snapshot) -> tuple[Conflict, ...]:
    """All there are. What was taken back by us since is no write of ours any more, and what carries out a choice is
    part of what it corrects."""
    rows = desk.store.outbox(desk.id, states=(OutboxState.DONE,))
    wrote = [
        Wrote(intent=row.intent, ref=row.answer.ref, allocated=row.answer.allocated)
        for row in rows
        if row.answer is not None
        and isinstance(row.intent, _TWO_SIDED)
        and row.op_id not in seen.forgiven
        and not row.subject.startswith("choice-")
    ]
    ground = ground_of(desk, seen, desk.today)
    agreed = _agreed(desk) if any(not seen.in_books(ref) for ref in seen.invoices) else {}
    return rules.conflicts(ground, wrote, desk.store.attempts(desk.id), desk.clock.now(), agreed)
