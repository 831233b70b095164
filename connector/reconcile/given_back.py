"""Refunds that somebody entered in the books by hand, which would be booked there a second time.

People enter a refund where they see it, often before we read of it at the processor. What names the refund or its
payment is that refund; what only has its sum and nearly its day may be, and a person says so. Each entry stands for one
refund at the most.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from connector.dates import day_of
from connector.model.finding import Finding, FindingCode
from connector.model.intent import IntentKind
from connector.model.settlement import BookEntry, EntryNature
from connector.model.source import ConnectionId, Ref
from connector.money import Money, grouped
from connector.reconcile.booked import deposited, posted_payments, standing
from connector.reconcile.conflict import Conflict, Values, how_to_choose
from connector.reconcile.named import is_id
from connector.reconcile.pairing import Held, Known, paired
from connector.reconcile.polluted import NEAR_DAYS, Ground, called

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


def refunds_elsewhere(ground: Ground) -> Iterator[Conflict]:
    """One conflict for each refund that is not booked by us and that the books seem to have."""
    seen = ground.snapshot
    by_hand = any(seen.in_books(ref) for ref in seen.refunds) or any(
        seen.in_books(ref) and not entry.stamps for ref, entry in seen.book_entries.items()
    )
    if not by_hand:
        return
    booked = {about for kind, about in standing(seen) if kind is IntentKind.JOURNAL} | deposited(seen)
    posted = posted_payments(seen)
    for connection in ground.processors():
        known = [each for each, of in _known(ground, connection) if of in posted and each.ref not in booked]
        if known:
            pairs = paired(known, _held(ground, connection, {each.ref for each in known}), NEAR_DAYS)
            for line, held in sorted(pairs.first.items()):
                yield _conflict(ground, line, held)


def _known(ground: Ground, connection: ConnectionId) -> Iterator[tuple[Known, Ref | None]]:
    """The lines by which money was refunded, and of which payment: of others than we posted nothing is booked."""
    seen = ground.snapshot
    for ref, line in seen.balance_entries.items():
        if ref.connection == connection and line.nature is EntryNature.REFUND:
            refund = seen.refunds.get(line.about) if line.about is not None else None
            on = refund.on if refund is not None else day_of(line.created, ground.zone)
            yield Known(ref, -line.gross, on), refund.payment if refund is not None else None


def _held(ground: Ground, connection: ConnectionId, lines: set[Ref]) -> Iterator[Held]:
    """What other hands gave back: refunds of the books, and what they took out of the clearing account."""
    seen, clearing = ground.snapshot, ground.clearing(connection)
    meant = {about.vendor_id: line for line in lines for about in _abouts(ground, line) if is_id(about.vendor_id)}
    for ref, refund in seen.refunds.items():
        if seen.in_books(ref) and refund.amount:
            yield Held(ref, refund.amount, refund.on)
    for ref, entry in seen.book_entries.items():
        amount = _taken_out(entry, clearing) if seen.in_books(ref) and not entry.stamps else None
        if amount is None:
            continue
        said = {meant[word] for word in _WORD.findall(entry.memo or "") if word in meant}
        named = next(iter(said)) if len(said) == 1 else None
        # An expense may be a fee as well: only one that names a refund, and is as much, is taken for it.
        if entry.moves or (named is not None and amount == -seen.balance_entries[named].gross):
            yield Held(ref, amount, entry.on, named)


def _abouts(ground: Ground, line: Ref) -> Iterator[Ref]:
    seen = ground.snapshot
    about = seen.balance_entries[line].about
    refund = seen.refunds.get(about) if about is not None else None
    yield from (each for each in (line, about, refund.payment if refund is not None else None) if each is not None)


def _taken_out(entry: BookEntry, clearing: frozenset[Ref]) -> Money | None:
    if not entry.moves:
        return entry.amount if entry.paid_from in clearing and entry.amount else None
    taken = [-amount for account, amount in entry.moves if account in clearing and amount.minor < 0]
    return taken[0] if len(taken) == 1 and any(part.customer is not None for part in entry.owed) else None


def _conflict(ground: Ground, line: Ref, held: Held) -> Conflict:
    entry = ground.snapshot.balance_entries[line]
    amount, sure = -entry.gross, held.named is not None
    refund = entry.about.vendor_id if entry.about is not None else line.vendor_id
    how = "stands in the books already" if sure else "may stand in the books already"
    finding = Finding(
        code=FindingCode.POSTED_ELSEWHERE,
        sentence=f"The refund {refund} of {grouped(amount)} {how}, as {called(held.ref)} of {held.on}, which was not "
        "posted from here.",
        next_step=f"If that is it, nothing is to be done. {how_to_choose(line)}",
        refs=(line, held.ref),
        amount=amount,
    )
    values = (Values("refund", "nothing", grouped(held.amount), grouped(amount)),)
    settled = sure and held.amount == amount
    beside = (entry.about,) if entry.about is not None else ()
    return Conflict(
        about=line, entry=held.ref, values=values, finding=finding, is_settled=settled, beside=beside, number=refund
    )
