"""What two sides say differently about the same money: three values, and a person chooses.

Nothing is put right by itself on either side. A conflict holds its money back from every plan, and from every line of a
plan made before, until a person has said what is to stand; what is said stands for exactly these values, and other
values are a new conflict.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from connector.dates import Instant
from connector.model.finding import Finding, FindingCode
from connector.model.intent import IntentKind
from connector.model.invoice import InvoiceState
from connector.model.money_in import AttemptState
from connector.model.paylink import LinkAttempt
from connector.model.ruling import Ruling, RulingKind
from connector.model.source import Ref
from connector.money import Money, grouped
from connector.reconcile.banked import Fees, PaidOut, in_bank
from connector.reconcile.booked import Written as Subject
from connector.reconcile.conflict import Conflict, Values, Wrote, chosen, how_to_choose
from connector.reconcile.debts import books_index
from connector.reconcile.given_back import refunds_elsewhere
from connector.reconcile.polluted import Ground, Posted, called, living
from connector.reconcile.references import NUMBER_TAGS
from connector.reconcile.rulings import number_of
from connector.reconcile.snapshot import Snapshot
from connector.reconcile.threeway import changed

_UNDER_WAY = frozenset({AttemptState.OFFERED, AttemptState.PROCESSING, AttemptState.UNKNOWN})
Agreed = Mapping[tuple[Ref, Ref], Money]
"""Per invoice held on both sides, the other side's first: the last total on which they agreed."""


def conflicts(
    ground: Ground,
    wrote: Iterable[Wrote],
    attempts: Iterable[LinkAttempt] = (),
    now: Instant | None = None,
    agreed: Agreed | None = None,
) -> tuple[Conflict, ...]:
    """All there are now, chosen about or not. `attempts` are our own open pages; `now` is when they are looked at."""
    seen = ground.snapshot
    found = [*changed(seen, wrote), *_mirrored(seen, agreed or {}), *_asked(seen, attempts, now)]
    found += refunds_elsewhere(ground)
    if has_strangers(seen):
        found += _elsewhere(Posted(ground))
    first = {(each.about, each.entry): each for each in reversed(found)}
    return tuple(sorted(first.values(), key=lambda each: (each.about, each.entry)))


def held_back(found: Iterable[Conflict], log: Iterable[Ruling]) -> dict[Ref | Subject, Finding]:
    """What no plan may touch, and why: what nobody chose about, and what a person left to the books, or to an amount
    of their own."""
    entries, held = tuple(log), dict[Ref | Subject, Finding]()
    for each in found:
        word = chosen(entries, each)
        if word is not None and word.kind is RulingKind.KEEP_PROCESSOR:
            continue
        finding = each.finding if word is None else _left(each, word)
        for key in (*((each.about,) if each.holds else ()), *each.beside):
            if key not in held or word is None:
                held[key] = finding
    return held


def _left(found: Conflict, word: Ruling) -> Finding:
    said = f"left at {grouped(word.gross)}" if word.kind is RulingKind.KEEP_MINE else "left as the books have it"
    return Finding(
        code=FindingCode.KEPT_OUT,
        sentence=f"{found.about.vendor_id} is {said}: {word.by} said so on {word.at:%Y-%m-%d}.",
        next_step=f"To book it all the same: receivables conflicts keep {found.about.vendor_id} processor",
        refs=found.finding.refs,
        amount=found.finding.amount,
    )


def pairs(seen: Snapshot) -> dict[tuple[Ref, Ref], tuple[Money, Money]]:
    """Invoices that both sides hold by a stored key, the other side's first, with both totals."""
    outside = [(ref, invoice) for ref, invoice in seen.invoices.items() if not seen.in_books(ref)]
    index = books_index(seen) if outside else None
    found: dict[tuple[Ref, Ref], tuple[Money, Money]] = {}
    for ref, invoice in outside:
        numbers = (index.only(tag.value) for tag in invoice.tags if index is not None and tag.name in NUMBER_TAGS)
        other = invoice.same_debt or next((hit for hit in numbers if hit is not None), None)
        held = seen.invoices.get(other) if other is not None else None
        if other is not None and held is not None:
            found[ref, other] = (invoice.total, held.total)
    return found


def _mirrored(seen: Snapshot, agreed: Agreed) -> Iterator[Conflict]:
    """Invoices whose total both sides changed since they agreed on it, and those on which they never agreed: by a cent
    of tax, say. Those hold nothing back: whoever is right, no payment is put to an invoice of another total by itself.
    """
    for (outside, own), (there, here) in pairs(seen).items():
        before = agreed.get((outside, own))
        if there == here or before in (there, here):
            continue
        number = number_of(seen, own)
        one = here.currency == there.currency and (before is None or before.currency == here.currency)
        known = grouped(before) if before is not None else "never agreed"
        values = Values("invoice total" if one else "currency", known, grouped(here), grouped(there))
        was = f"was {known} on both sides" if before is not None else "is not the same on both sides"
        off = f", {grouped(here - there if here > there else there - here)} apart" if one else ""
        step = (
            f"Agree with the customer which is right, and change the other one there; then sync. To go by the books: "
            f"receivables conflicts keep {number} books. To go by {outside.connection}: receivables conflicts keep "
            f"{number} processor"
        )
        yield Conflict(
            about=outside,
            entry=own,
            values=(values,),
            finding=Finding(
                code=FindingCode.CONFLICT if before is not None else FindingCode.VARIANCE,
                sentence=f"Invoice {number} {was}: the books say {values.here}, and {outside.connection} says "
                f"{values.there}{off}.",
                next_step=step,
                refs=(outside, own),
                amount=here,
            ),
            holds=before is not None,
            beside=(own,) if before is not None else (),
            by_hand=f"Change invoice {number} in the books to {values.there}, and sync.",
            number=number,
        )


def _asked(seen: Snapshot, attempts: Iterable[LinkAttempt], now: Instant | None) -> Iterator[Conflict]:
    """Payers who were asked for another amount than is open now, and can still pay it."""
    for each in attempts:
        debt = seen.invoices.get(each.debt)
        live = now is not None and (each.expires_at > now or each.state is AttemptState.PROCESSING)
        if debt is None or each.state not in _UNDER_WAY or not live or debt.open == each.amount:
            continue
        if debt.open != debt.total and debt.state is not InvoiceState.VOID:
            continue  # something was paid on it since: that is no change of what was owed
        number = number_of(seen, each.debt)
        void = f", {debt.state}" if debt.state is not InvoiceState.OPEN else ""
        values = Values(
            "amount", grouped(each.amount), grouped(debt.open) + void, f"{grouped(each.amount)}, {each.state}"
        )
        yield Conflict(
            about=each.debt,
            entry=each.debt,
            values=(values,),
            finding=Finding(
                code=FindingCode.CONFLICT,
                sentence=f"The payer of {number} was asked for {grouped(each.amount)} and can still pay that, and "
                f"{values.here} is open on it now.",
                next_step=f"Tell the payer; the next visit to the link asks for what is open. Then: receivables "
                f"conflicts keep {each.debt.vendor_id} books",
                refs=(each.debt,),
                amount=debt.open,
            ),
            holds=False,
        )


def _elsewhere(posted: Posted) -> Iterator[Conflict]:
    """What stands in the books by another hand and would be posted a second time."""
    seen = posted.ground.snapshot
    first = {**posted.netted, **posted.first}
    for ref, held in sorted(first.items()):
        if not held.ours:
            gross = grouped(seen.payments[ref].gross)
            finding = Finding(
                code=FindingCode.POSTED_ELSEWHERE,
                sentence=f"Payment {ref.vendor_id} of {gross} stands in the books as {called(held.ref)} of {held.on} "
                "already, and was not posted from here.",
                next_step=f"If that is it, nothing is to be done. {how_to_choose(ref)}",
                refs=(ref, held.ref),
                amount=seen.payments[ref].gross,
            )
            same = held.amount == seen.payments[ref].gross or held.ref in posted.made_whole
            yield _stands(held.ref, (grouped(held.amount), gross), finding, is_settled=same)
    for connection in posted.ground.processors():
        payouts = PaidOut(posted, connection)
        for ref, held in sorted(payouts.pairs.first.items()):
            if not held.ours:
                amount = seen.payouts[ref].amount
                taken = payouts.taken[held.ref]
                said = grouped(held.amount), grouped(amount)
                yield _stands(held.ref, said, in_bank(ref, amount, taken), is_settled=taken.out_of_clearing)


def _stands(entry: Ref, said: tuple[str, str], finding: Finding, *, is_settled: bool) -> Conflict:
    values = (Values("posted", "nothing", *said),)
    return Conflict(about=finding.refs[0], entry=entry, values=values, finding=finding, is_settled=is_settled)


def has_strangers(seen: Snapshot) -> bool:
    """Whether the books hold any money that does not carry our stamp. Where all of it does, nobody else was there."""
    if any(not payment.stamps for _, payment in living(seen)):
        return True
    if any(seen.in_books(ref) and not entry.stamps for ref, entry in seen.book_entries.items()):
        return True
    return any(seen.in_books(ref) and not deposit.stamps for ref, deposit in seen.deposits.items())


def fees_elsewhere(ground: Ground) -> dict[Ref | Subject, Finding]:
    """Fees that stand in the books by another hand; nobody has to choose about them."""
    found: dict[Ref | Subject, Finding] = {}
    if not has_strangers(ground.snapshot):
        return found
    posted = Posted(ground)
    for connection in posted.ground.processors():
        for ref, held in Fees(posted, connection).pairs.first.items():
            if not held.ours:
                found[IntentKind.EXPENSE, ref] = Finding(
                    code=FindingCode.POSTED_ELSEWHERE,
                    sentence=f"The fee of {ref.vendor_id} stands in the books already, as {called(held.ref)} of "
                    f"{held.on}.",
                    next_step=f"If it does not, delete {called(held.ref)} and sync.",
                    refs=(ref, held.ref),
                    amount=held.amount,
                )
    return found
