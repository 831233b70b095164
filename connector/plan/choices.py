"""What a person chose of two sides, as an entry of its own beside the one that stands.

The entry that both hands were in is left as it is, whoever wrote it: what it says less than was chosen, or more, is
booked by one journal entry on the same day, which carries our mark, is written once for each choice, and is taken back
like any other. What no entry can change (which invoice it settles, its day) is named, with how a person changes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from connector.model.finding import Evidence, Finding, FindingCode
from connector.model.intent import IntentKind, JournalPart, PostJournal
from connector.model.ruling import Ruling, RulingKind
from connector.money import Money, grouped
from connector.plan.gate import Gate, redated
from connector.plan.lines import RECEIVABLE, Effect, PlanLine
from connector.reconcile.conflict import Conflict, choice_subject, chosen, parts_of
from connector.reconcile.polluted import called


def choices(gate: Gate, found: Sequence[Conflict]) -> Iterator[PlanLine]:
    """A line for each choice that is not carried out yet."""
    for each in found:
        word = chosen(gate.snapshot.rulings, each)
        if word is None or word.kind is RulingKind.KEEP_BOOKS:
            continue
        if word.kind is RulingKind.KEEP_PROCESSOR and each.by_hand:
            _leave(gate, each, word)
        parts = parts_of(each, word)
        if parts:
            line = _line(gate, each, word, parts)
            if line is not None:
                yield line


def is_carried_out(each: Conflict, word: Ruling) -> bool:
    """Whether the books say what was chosen, as far as an entry of ours can make them."""
    return word.kind is RulingKind.KEEP_BOOKS or not (parts_of(each, word) or each.by_hand)


def _leave(gate: Gate, each: Conflict, word: Ruling) -> None:
    gate.left_out.append(
        Finding(
            code=FindingCode.CONFLICT,
            sentence=f"{word.by} chose for {each.about.vendor_id} what {each.about.connection} says, and no entry of "
            "ours can do all of that.",
            next_step=each.by_hand,
            refs=each.finding.refs,
            amount=each.finding.amount,
        )
    )


def _line(gate: Gate, each: Conflict, word: Ruling, parts: tuple[JournalPart, ...]) -> PlanLine | None:
    snapshot, subject = gate.snapshot, choice_subject(word)
    if each.postings is None or subject in snapshot.in_flight:
        _tell_taken_back(gate, each, word, subject)
        return None
    if any(part.customer is None and gate.is_receivable(part.account) for part in parts):
        gate.leave(
            FindingCode.CUSTOMER_GONE,
            f"What {word.by} chose for {each.about.vendor_id} changes what a customer owes, and nobody says which.",
            f"Give {called(each.entry)} a customer in the books, and sync.",
            each.about,
        )
        return None
    own = each.postings.on
    on = gate.day(IntentKind.JOURNAL, each.about, own, [])
    if on is None:
        return None
    theirs = word.kind is RulingKind.KEEP_PROCESSOR
    side = f"what {each.about.connection} says" if theirs else grouped(word.gross)
    effects = tuple(_effect(gate, part) for part in parts)
    told = "; ".join(f"{each.account} {_signed(each.amount)}" for each in effects)
    intent = PostJournal(
        books=each.postings.books,
        on=on,
        parts=parts,
        about=each.about,
        memo=f"correction of {called(each.entry)}: {word.by} chose {side}",
    )
    line = gate.line(
        intent,
        f"Correct {called(each.entry)} for {each.about.vendor_id} by an entry beside it, because {word.by} chose "
        f"{side} on {word.at:%Y-%m-%d}: {told}." + redated(on, own),
        effects=effects,
        evidence=(
            Evidence(ref=each.entry, field="chosen", says=f"{word.kind} by {word.by}, decision {word.number}"),
            *(_says(each, *value) for value in each.values),
        ),
        expects=[ref for ref in (each.about, each.entry) if ref in snapshot.versions],
    )
    return replace(line, subject=subject)


def _says(each: Conflict, field: str, agreed: str, here: str, there: str) -> Evidence:
    said = f"agreed {agreed}, the books {here}"
    return Evidence(ref=each.entry, field=field, says=f"{said}, {each.about.connection} {there}" if there else said)


def _effect(gate: Gate, part: JournalPart) -> Effect:
    """As its owner reads the account's balance: what a customer owes falls where money came."""
    if part.customer is not None:
        return Effect(account=f"{RECEIVABLE}: {gate.snapshot.name_of(part.customer)}", amount=part.amount)
    return Effect(account=gate.name(part.account), amount=part.amount)


def _signed(amount: Money) -> str:
    return f"+{grouped(amount)}" if amount.minor > 0 else grouped(amount)


def _tell_taken_back(gate: Gate, each: Conflict, word: Ruling, subject: str) -> None:
    """A correction that was taken out of the books again is not made a second time by the same word."""
    became = gate.snapshot.written.get(subject)
    if became is not None and became in gate.snapshot.gone:
        gate.left_out.append(
            Finding(
                code=FindingCode.POSTING_UNDONE,
                sentence=f"The correction that {word.by} chose for {each.about.vendor_id} was posted as "
                f"{became.vendor_id} and taken out of the books.",
                next_step=f"Choose once more: receivables conflicts keep {each.about.vendor_id} books|processor",
                refs=(each.about, became),
                amount=each.finding.amount,
            )
        )
