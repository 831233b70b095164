"""Did what we wrote do in the books what it was written for? Asked of the books' own records, read again after it.

An entry can be accepted and still settle nothing. The answer to a write says what was accepted; what is open on an
invoice says what happened.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from connector.model.allocation import Allocation
from connector.model.finding import Finding, FindingCode
from connector.model.intent import (
    ApplyCredit,
    Intent,
    PostDeposit,
    PostJournal,
    PostPayment,
    ShowLink,
    VoidPosting,
    Written,
)
from connector.model.link_line import LinkLine
from connector.model.money_in import PaymentState
from connector.model.settlement import Deposit
from connector.model.source import Ref
from connector.money import Money, grouped
from connector.reconcile.snapshot import Snapshot
from connector.reconcile.tieout import unsettled


def not_landed(snapshot: Snapshot, answered: Iterable[tuple[Intent, Written]]) -> tuple[Finding, ...]:
    """A finding for each allocation or banked payment of these writes that the books do not show.

    An allocation landed when the payment holds it and its invoice's open balance is its total less all that payments
    apply to it, this one among them. Where the answer itself said that it settles less, that much is looked for. What
    was taken back landed when the payment is void or gone and what it settled is open again by the same sum.
    """
    off = {ref for finding in unsettled(snapshot) for ref in finding.refs}
    found: list[Finding] = []
    for intent, answer in answered:
        match intent:
            case PostPayment() | ApplyCredit():
                shares = answer.allocated if answer.notice else intent.allocations
                found += _allocations(snapshot, shares, answer.ref, off)
            case PostDeposit():
                found += _banked(snapshot, intent, answer.ref)
            case PostJournal():
                found += _moved(snapshot, intent, answer.ref)
            case VoidPosting(link=link) if link is not None:
                found += _lines(snapshot, intent.target, None, link)
            case VoidPosting():
                found += _reopened(snapshot, intent, off)
            case ShowLink():
                found += _lines(snapshot, intent.about, intent.puts, intent.takes_out)
            case _:
                pass
    return tuple(found)


def _allocations(snapshot: Snapshot, shares: Iterable[Allocation], ref: Ref, off: set[Ref]) -> Iterator[Finding]:
    payment = snapshot.payments.get(ref)
    held = {(share.target, share.amount) for share in payment.allocations} if payment is not None else set()
    for share in shares:
        if payment is None:
            yield _finding(ref, share.target, share.amount, f"{ref} was written and is not in the books now")
        elif (share.target, share.amount) not in held:
            yield _finding(ref, share.target, share.amount, f"{ref} does not settle {_called(snapshot, share.target)}")
        elif share.target in off:
            yield _finding(
                ref,
                share.target,
                share.amount,
                f"{ref} says that it settles {_called(snapshot, share.target)}, whose open balance did not fall by it",
            )


def _banked(snapshot: Snapshot, intent: PostDeposit, ref: Ref) -> Iterator[Finding]:
    deposit = snapshot.deposits.get(ref)
    held = {(line.payment, line.amount) for line in deposit.lines} if deposit is not None else set()
    for payment, amount in intent.payments:
        if (payment, amount) not in held:
            yield _finding(ref, payment, amount, f"{ref} does not bank {payment}")


def _moved(snapshot: Snapshot, intent: PostJournal, ref: Ref) -> Iterator[Finding]:
    """A journal entry has to name every account it was to move; an account in the company's own currency shows what the
    amount became there."""
    entry = snapshot.book_entries.get(ref)
    named = {account for account, _ in entry.moves} if entry is not None else set()
    for part in intent.parts:
        if part.account not in named:
            yield _finding(ref, part.account, part.amount, f"{ref} does not move {part.account}")


def _lines(snapshot: Snapshot, ref: Ref, puts: LinkLine | None, takes_out: LinkLine | None) -> Iterator[Finding]:
    """What an invoice shows of its payment link, as it was read after it was changed."""
    invoice = snapshot.invoices.get(ref)
    stands = {each.line for each in invoice.links} if invoice is not None else set()
    told = _called(snapshot, ref)
    if puts is not None and puts.seen.line not in stands:
        yield _told(ref, f"{told} was given its payment link, and does not show it now")
    if takes_out is not None and takes_out.seen.line in stands:
        yield _told(ref, f"{told} still shows the payment link that was taken off it")


def _told(ref: Ref, what: str) -> Finding:
    step = f"Look at it in {ref.connection}; then sync again."
    return Finding(code=FindingCode.NOT_LANDED, sentence=f"{what}.", next_step=step, refs=(ref,))


def _reopened(snapshot: Snapshot, intent: VoidPosting, off: set[Ref]) -> Iterator[Finding]:
    entry = snapshot.deposits.get(intent.target) or snapshot.book_entries.get(intent.target)
    if entry is not None:
        amount = entry.total if isinstance(entry, Deposit) else entry.amount
        yield _finding(intent.target, intent.about, amount, f"{intent.target} was taken back, and is still there")
    payment = snapshot.payments.get(intent.target)
    stands = payment is not None and payment.state is not PaymentState.VOID
    if payment is not None and stands and not intent.reopens:
        what = f"{intent.target} was taken back, and still stands"
        yield _finding(intent.target, intent.about, payment.gross, what)
    for share in intent.reopens:
        if stands:
            what = f"{intent.target} was taken back, and still settles {_called(snapshot, share.target)}"
            yield _finding(intent.target, share.target, share.amount, what)
        elif share.target in off:
            what = f"{intent.target} was taken back, and {_called(snapshot, share.target)} is not open again by it"
            yield _finding(intent.target, share.target, share.amount, what)


def _finding(ref: Ref, target: Ref, amount: Money, what: str) -> Finding:
    return Finding(
        code=FindingCode.NOT_LANDED,
        sentence=f"{what} ({grouped(amount)}).",
        next_step=f"Look at both in {ref.connection} before anything else is posted; then sync again.",
        refs=(ref, target),
        amount=amount,
    )


def _called(snapshot: Snapshot, target: Ref) -> str:
    invoice = snapshot.invoices.get(target)
    number = invoice.number if invoice is not None else None
    return f"{target.kind.replace('_', ' ')} {number or target.vendor_id}"
