"""What two sides say differently about the same money since we wrote it: three values, and a person chooses.

Nothing is put right by itself on either side. A conflict holds its money back from every plan until a person has said
which side is kept; what is said stands for exactly these values, and other values are a new conflict.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from connector.dates import Instant
from connector.model.allocation import Allocation
from connector.model.finding import Finding, FindingCode
from connector.model.intent import IntentKind, Posting, PostPayment, PostTransfer
from connector.model.invoice import InvoiceState
from connector.model.money_in import AttemptState, Payment, PaymentState
from connector.model.paylink import LinkAttempt
from connector.model.ruling import Ruling, RulingKind
from connector.model.settlement import PayoutState
from connector.model.source import Ref
from connector.money import grouped
from connector.reconcile.banked import Fees, PaidOut, in_bank
from connector.reconcile.booked import Written as Subject
from connector.reconcile.fights import as_it_stands, disputes_of
from connector.reconcile.polluted import Ground, Posted, called, living
from connector.reconcile.returned import booked_back
from connector.reconcile.rulings import number_of
from connector.reconcile.snapshot import Snapshot

SIDES = frozenset({RulingKind.KEEP_BOOKS, RulingKind.KEEP_PROCESSOR})
_UNDER_WAY = frozenset({AttemptState.OFFERED, AttemptState.PROCESSING, AttemptState.UNKNOWN})


class Wrote(NamedTuple):
    """A write of ours that was done: what it said, what it became, and what that settled when it was written."""

    intent: Posting
    ref: Ref
    allocated: tuple[Allocation, ...] = ()


class Values(NamedTuple):
    """One field in three values: what we wrote or last agreed on, what the books say now, what the other side says."""

    field: str
    agreed: str
    here: str
    there: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """`about` is the money outside, `entry` the record of the books. `finding` says it in words. `holds`: no plan
    touches it meanwhile; what was asked of a payer is no money yet, and holds nothing. `is_settled`: nobody has to
    choose, for the other hand's entry is as ours would be; plans leave it alone.
    """

    about: Ref
    entry: Ref
    values: tuple[Values, ...]
    finding: Finding
    holds: bool = True
    is_settled: bool = False

    @property
    def state(self) -> str:
        """Everything that was seen when somebody chose."""
        return f"{self.entry} " + "; ".join(" | ".join(each) for each in self.values)


def conflicts(
    ground: Ground, wrote: Iterable[Wrote], attempts: Iterable[LinkAttempt] = (), now: Instant | None = None
) -> tuple[Conflict, ...]:
    """All there are now, chosen about or not. `attempts` are our own open pages; `now` is when they are looked at."""
    seen = ground.snapshot
    found = [*_changed(seen, wrote), *_asked(seen, attempts, now)]
    if has_strangers(seen):
        found += _elsewhere(Posted(ground))
    return tuple(sorted({each.about: each for each in reversed(found)}.values(), key=lambda each: each.about))


def chosen(log: Iterable[Ruling], found: Conflict) -> Ruling | None:
    """What a person said about exactly this."""
    said = [each for each in log if each.kind in SIDES and each.payment == found.about]
    return said[-1] if said and said[-1].seen == found.state else None


def held_back(found: Iterable[Conflict], log: Iterable[Ruling]) -> dict[Ref | Subject, Finding]:
    """What no plan may touch, and why: what nobody chose about, and what a person left to the books."""
    entries, held = tuple(log), dict[Ref | Subject, Finding]()
    for each in found:
        word = chosen(entries, each)
        if not each.holds or (word is not None and word.kind is RulingKind.KEEP_PROCESSOR):
            continue
        finding = each.finding if word is None else _left(each, word)
        held[each.about] = finding
    return held


def _left(found: Conflict, word: Ruling) -> Finding:
    return Finding(
        code=FindingCode.KEPT_OUT,
        sentence=f"{found.about.vendor_id} is left as the books have it: {word.by} said so on {word.at:%Y-%m-%d}.",
        next_step=f"To book it all the same: receivables conflicts keep {found.about.vendor_id} processor",
        refs=found.finding.refs,
        amount=found.finding.amount,
    )


def _changed(seen: Snapshot, wrote: Iterable[Wrote]) -> Iterator[Conflict]:
    """What we wrote, and was changed there and here; and payments whose invoices somebody changed for others."""
    told, disputes = booked_back(seen), disputes_of(seen)
    for each in wrote:
        about = each.intent.about
        match each.intent:
            case PostPayment() as intent:
                held, received = seen.payments.get(each.ref), seen.payments.get(about)
                if held is None or received is None or held.state is PaymentState.VOID:
                    continue
                there = _there(as_it_stands(about, received, disputes), intent, is_told=about in told)
                here = tuple(_here(seen, each, intent, held))
                moved = any(field == "settles" for field, _, _ in here)
                if here and (moved or there != grouped(intent.total)):
                    yield _conflict(each, tuple(Values(*value, there) for value in here))
            case PostTransfer() as intent:
                yield from _transferred(seen, each, intent)
            case _:
                pass


def _there(payment: Payment, intent: PostPayment, *, is_told: bool) -> str:
    """What is left of the payment where it came from; what went back and is booked beside it is agreed on."""
    if is_told:
        return grouped(intent.total)
    if payment.state not in (PaymentState.SUCCEEDED, PaymentState.PENDING) and not payment.refunded:
        return f"{grouped(payment.gross)}, {payment.state}"
    back = payment.refunded
    return f"{grouped(payment.gross - back)}, {grouped(back)} refunded" if back else grouped(payment.gross)


def _here(seen: Snapshot, each: Wrote, intent: PostPayment, held: Payment) -> Iterator[tuple[str, str, str]]:
    """The fields that the books changed since: field, what we wrote, what it is."""
    if held.gross != intent.total:
        yield "amount", grouped(intent.total), grouped(held.gross)
    if held.received_on != intent.on:
        yield "day", str(intent.on), str(held.received_on)
    if held.into != intent.into:
        yield "account", _account(seen, intent.into), _account(seen, held.into)
    if seen.survivor(held.customer) != seen.survivor(intent.customer):
        yield "customer", seen.name_of(intent.customer), seen.name_of(held.customer)
    ours = each.allocated or intent.allocations
    now = {share.target: share.amount for share in held.allocations}
    # What else of it somebody applied since takes nothing from what we wrote.
    if any(share.target not in now or now[share.target].minor < share.amount.minor for share in ours):
        yield "settles", _shares(seen, ours), _shares(seen, held.allocations)


def _transferred(seen: Snapshot, each: Wrote, intent: PostTransfer) -> Iterator[Conflict]:
    held, payout = seen.book_entries.get(each.ref), seen.payouts.get(intent.about)
    if held is None or payout is None:
        return
    pairs = (
        ("amount", grouped(intent.amount), grouped(held.amount)),
        ("day", str(intent.on), str(held.on)),
        ("account", _account(seen, intent.paid_to), _account(seen, held.paid_to)),
    )
    here = [pair for pair in pairs if pair[1] != pair[2]]
    sent = abs(payout.amount.minor) == intent.amount.minor
    if here and (not sent or payout.state is PayoutState.FAILED):
        there = f"{grouped(payout.amount)}, {payout.state}"
        yield _conflict(each, tuple(Values(*pair, there) for pair in here))


def _conflict(each: Wrote, values: tuple[Values, ...]) -> Conflict:
    about, entry = each.intent.about, called(each.ref)
    what = "; ".join(f"{v.field}: we wrote {v.agreed}, the books say {v.here}, it is {v.there}" for v in values)
    return Conflict(
        about=about,
        entry=each.ref,
        values=values,
        finding=Finding(
            code=FindingCode.CONFLICT,
            sentence=f"{about.vendor_id} was posted as {entry}, and both were changed since, or somebody gave it "
            f"another use. {what}.",
            next_step=_choose(about),
            refs=(about, each.ref),
            amount=each.intent.total if isinstance(each.intent, PostPayment) else None,
        ),
    )


def _choose(about: Ref) -> str:
    return (
        f"Leave the books as they are, for good: receivables conflicts keep {about.vendor_id} books. Let plans go on "
        f"from what {about.connection} says: receivables conflicts keep {about.vendor_id} processor"
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
                next_step=f"If that is it, nothing is to be done. {_choose(ref)}",
                refs=(ref, held.ref),
                amount=seen.payments[ref].gross,
            )
            same = held.amount == seen.payments[ref].gross
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


def _account(seen: Snapshot, ref: Ref | None) -> str:
    held = seen.accounts.get(ref) if ref is not None else None
    return held.name if held is not None else "no account"


def _shares(seen: Snapshot, shares: Iterable[Allocation]) -> str:
    told = [f"{number_of(seen, each.target)} {grouped(each.amount)}" for each in shares]
    return ", ".join(sorted(told)) or "nothing"
