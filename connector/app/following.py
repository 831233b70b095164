"""What a reading means for payment links: which are settled, superseded or open again, whose pages are to be closed,
what became of money that came, and what a person has to decide.

Runs after every reading and after every apply. Nothing here is needed for the books to be right: money that came by a
link is reconciled, planned and posted like any other.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace

from connector.app.debts import facts_of, known_of, read_refs, turn_of
from connector.app.evidenced import receive_by_evidence
from connector.app.house import Desk
from connector.app.link_findings import findings
from connector.app.settling import settle, stop, too_much
from connector.dates import after
from connector.errors import ReceivablesError
from connector.model.allocation import Allocation
from connector.model.finding import Finding
from connector.model.invoice import InvoiceState
from connector.model.money_in import Payment, PaymentState
from connector.model.paylink import Flag, LinkAttempt, LinkState, PaymentLink, Receipt, ReceiptState, Share, Step
from connector.model.ruling import Ruling, RulingKind
from connector.model.source import ConnectionId, Ref
from connector.money import Money, total
from connector.paylinks import GIVEN_UP, LIVE, PAYABLE, Known, link_after, pause, receipt_may_become
from connector.reconcile.booked import posted_payments
from connector.reconcile.fights import as_it_stands, disputes_of
from connector.reconcile.match import decide
from connector.reconcile.pending import meant_for
from connector.reconcile.snapshot import Snapshot
from connector.store.rows import PROGRAM

NOTICED_AS = ConnectionId("links")
"""Under which name findings about links stand."""

OPEN = (LinkState.ACTIVE, LinkState.SETTLED)
_OVER = frozenset({InvoiceState.VOID, InvoiceState.UNCOLLECTIBLE})
_STRANGE = frozenset({Flag.CURRENCY_MISMATCH, Flag.PAYEE_MISMATCH})
"""Money about which a person decides alone."""

ENDED_HOURS = 28
"""So long a try that came to nothing is looked at still: until a day after its page would have ended."""

_log = logging.getLogger(__name__)


def follow_links(desk: Desk, cause: str = "reading") -> tuple[Finding, ...]:
    """Bring every link up to what was read. Returns what waits for a person; it is kept as notices too."""
    links = desk.store.links(desk.id, states=OPEN)
    if not links and not desk.store.receipts(desk.id):
        return ()
    settle_all(desk, cause)
    _look_at_new_money(desk)
    seen = desk.snapshot()
    receive_by_evidence(desk, seen, links, cause)
    _follow_receipts(desk, seen, cause)
    desk.store.set_under_way(desk.id, under_way(desk, seen, links))
    for link in links:
        with_fault_told(desk, link, cause)
    found = tuple(findings(desk))
    desk.store.note_standing(desk.author("links"), NOTICED_AS, found)
    return found


def with_fault_told(desk: Desk, link: PaymentLink, cause: str) -> None:
    """One link whose processor is away stops nothing else."""
    try:
        _follow_link(desk, link, cause)
    except ReceivablesError as fault:
        _log.warning("A payment link could not be followed: %s.", type(fault).__name__)


def settle_all(desk: Desk, cause: str) -> int:
    """Ask about every try that may still become money; how many were asked about."""
    now, asked = desk.clock.now(), 0
    for attempt in watched(desk):
        if pause(attempt, now) is None or attempt.page_id is None:
            continue
        asked += 1
        try:
            settle(desk, attempt.attempt_id, cause)
        except ReceivablesError as fault:
            _log.warning("A try to pay could not be settled: %s.", type(fault).__name__)
    return asked


def watched(desk: Desk) -> tuple[LinkAttempt, ...]:
    """The tries that somebody may look at still: the living ones, and those that came to nothing lately."""
    since = after(desk.clock.now(), -ENDED_HOURS * 3600)
    living = desk.store.attempts(desk.id, states=LIVE)
    return (*living, *desk.store.attempts(desk.id, states=GIVEN_UP, since=since))


def _follow_link(desk: Desk, link: PaymentLink, cause: str) -> None:
    known = known_of(desk, link)
    event = _event(desk, link, known)
    if event and (event != "reversed" or _may_open_again(desk, link)):
        state = link_after(link.state, event)
        settled = desk.clock.now() if state is LinkState.SETTLED else None
        link = desk.store.change_link(desk.id, replace(link, state=state, settled_at=settled or link.settled_at))
    due = known.settlement.due if known is not None else None
    with turn_of(desk, link.debts):
        for attempt in desk.store.attempts(desk.id, link.link_id, states=PAYABLE):
            debts = known.debts if known is not None else ()
            whole = len(debts) == len(link.debts) and all(each.state not in _OVER for each in debts)
            fits = due is not None and attempt.amount <= due and (attempt.amount == due or link.mode != "whole")
            if attempt.page_id is not None and not (link.state is LinkState.ACTIVE and whole and fits):
                stop(desk, attempt, f"the debt changed, {cause}")


def _event(desk: Desk, link: PaymentLink, known: Known | None) -> str:
    """What happened to the link's debts, by the words of the table of links; "" for nothing."""
    active = link.state is LinkState.ACTIVE
    if known is None or all(each.state in _OVER for each in known.debts):
        return "superseded"
    if active and link.expires_at is not None and desk.clock.now() > link.expires_at:
        return "expired"
    open_now = known.owed.open.minor > 0
    if active and not open_now:
        return "settled"
    return "reversed" if not active and open_now else ""


def _may_open_again(desk: Desk, link: PaymentLink) -> bool:
    """Where another link for the same debts was made meanwhile, that one is open."""
    others = desk.store.links(desk.id, debt=link.debt, states=(LinkState.ACTIVE,))
    return not any((set(each.debts), each.mode) == (set(link.debts), link.mode) for each in others)


def _look_at_new_money(desk: Desk) -> None:
    """Money whose receipt we have and whose record was not told yet is asked for: some reports are hours late."""
    wanted: dict[ConnectionId, list[Ref]] = {}
    for receipt in desk.store.receipts(desk.id, booked=False):
        if desk.store.record(desk.id, receipt.payment) is None:
            wanted.setdefault(receipt.payment.connection, []).append(receipt.payment)
    for connection, refs in wanted.items():
        try:
            read_refs(desk, refs)
        except ReceivablesError as fault:
            _log.warning("%s could not be asked about new money: %s.", connection, type(fault).__name__)


def _follow_receipts(desk: Desk, seen: Snapshot, cause: str) -> None:
    posted, disputes = posted_payments(seen), disputes_of(seen)
    for receipt in desk.store.receipts(desk.id):
        received = seen.payments.get(receipt.payment)
        if received is None:
            continue
        payment = as_it_stands(receipt.payment, received, disputes)
        state = _state(receipt, payment)
        kept = payment.gross - payment.refunded if payment.refunded is not None else payment.gross
        booked = receipt.payment in posted
        now = replace(receipt, state=state, kept=kept, booked=booked, method=payment.method or receipt.method)
        attempt = desk.store.attempt(desk.id, receipt.attempt_id)
        if not booked and attempt is not None:
            now = replace(now, flags=tuple(dict.fromkeys((*now.flags, *too_much(desk, attempt, now)))))
        if now != receipt:
            step = None if state is receipt.state else _step(desk, receipt, now, cause)
            desk.store.change_receipt(desk.id, now, step)
        if not booked and not receipt.booked:
            _say_whose(desk, now)


def _state(receipt: Receipt, payment: Payment) -> ReceiptState:
    was = receipt.state
    match payment.state:
        case PaymentState.REFUNDED:
            found = ReceiptState.REFUNDED
        case PaymentState.DISPUTED:
            found = ReceiptState.DISPUTED
        case PaymentState.RETURNED | PaymentState.VOID | PaymentState.FAILED:
            found = ReceiptState.LOST if was in (ReceiptState.DISPUTED, ReceiptState.LOST) else ReceiptState.REVERSED
        case _ if payment.refunded:
            found = ReceiptState.PARTLY_REFUNDED
        case _:
            fought = (ReceiptState.DISPUTED, ReceiptState.LOST, ReceiptState.WON)
            found = ReceiptState.WON if was in fought else ReceiptState.SUCCEEDED
    return found if receipt_may_become(was, found) else was


def _step(desk: Desk, before: Receipt, now: Receipt, cause: str) -> Step:
    event = desk.store.event_about(desk.id, now.payment.connection, [now.payment.vendor_id])
    return Step(
        attempt_id=now.attempt_id,
        link_id=now.link_id,
        before=f"receipt {before.state}",
        after=f"receipt {now.state}",
        cause=f"{cause}, event {event}" if event else cause,
        payment=now.payment,
        flags=now.flags,
    )


def _say_whose(desk: Desk, receipt: Receipt) -> None:
    """Whose money it is, where the key of one debt in a processor cannot say it: for several debts, as the payer was
    shown; what is more than is open, as the customer's credit. Kept with every other word about a payment."""
    attempt = desk.store.attempt(desk.id, receipt.attempt_id)
    whole = receipt.kept == receipt.amount and receipt.state is ReceiptState.SUCCEEDED
    if attempt is None or not whole or not _STRANGE.isdisjoint(receipt.flags):
        return
    meant = attempt.shares or (Share(debt=attempt.debt, amount=receipt.kept),)
    left, customer = _left(desk, receipt, meant)
    given = [Share(debt=each.debt, amount=min(each.amount, left[each.debt])) for each in meant if left.get(each.debt)]
    rest = receipt.kept - total((each.amount for each in given), receipt.kept.currency)
    if customer is None or (len(meant) == 1 and not rest):
        return  # the key says it
    known = desk.store.rulings(desk.id)
    if any(each.payment == receipt.payment for each in known):
        return
    words = ["The payer paid it by a payment link"]
    words += ["for these invoices, the oldest first"] if given and len(meant) > 1 else []
    words += ["and more than was open then"] if rest else []
    ruling = Ruling(
        payment=receipt.payment,
        kind=RulingKind.POLICY,
        by=PROGRAM,
        at=desk.clock.now(),
        gross=receipt.kept,
        unapplied=rest,
        allocations=tuple(Allocation(payment=receipt.payment, target=each.debt, amount=each.amount) for each in given),
        sentence=", ".join(words) + ".",
        customer=customer,
    )
    last = max((each.number for each in known), default=0)
    desk.store.add_rulings(desk.author("links"), [ruling], after=last)


def _left(desk: Desk, receipt: Receipt, meant: Sequence[Share]) -> tuple[dict[Ref, Money], Ref | None]:
    """What is open of each debt for this money, after what came by links before it; and whose debts they are."""
    found, customers = {}, set()
    facts = facts_of(desk, tuple(share.debt for share in meant))
    for share in meant:
        invoice = facts.debts.get(share.debt)
        if invoice is None:
            return {}, None
        customers.add(invoice.customer)
        if invoice.open.currency == receipt.kept.currency and invoice.state not in _OVER:
            rest = invoice.open - facts.received_on(share.debt, before=receipt)
            if rest.minor > 0:
                found[share.debt] = rest
    return found, customers.pop() if len(customers) == 1 else None


def look_at_money(desk: Desk) -> None:
    """Work out anew what is on its way to debts that have links."""
    desk.store.set_under_way(desk.id, under_way(desk, desk.snapshot(), desk.store.links(desk.id, states=OPEN)))


def under_way(desk: Desk, seen: Snapshot, links: tuple[PaymentLink, ...]) -> dict[Ref, Money]:
    """Money on its way to debts that have links, or arrived and not posted, which came by no link: nobody is asked to
    pay it twice."""
    wanted = {debt for link in links for debt in link.debts}
    if not wanted:
        return {}
    ours = {each.payment for each in desk.store.receipts(desk.id)} | set(_own(desk, seen))
    waiting = {
        ref: each for ref, each in seen.payments.items() if each.state is PaymentState.PENDING and ref not in ours
    }
    found: dict[Ref, Money] = {}
    for ref, target in meant_for(seen, waiting):
        _add(found, target, waiting[ref].gross)
    for decision in decide(seen):
        if decision.payment not in ours:
            for each in decision.allocations:
                if seen.in_books(each.target) and each.amount:
                    _add(found, each.target, each.amount)
    return {debt: money for debt, money in found.items() if debt in wanted}


def _own(desk: Desk, seen: Snapshot) -> Iterator[Ref]:
    """Payments that say which try of ours they came of, as long as that try is being looked after."""
    tries = {each.attempt_id for each in desk.store.attempts(desk.id, states=LIVE)}
    for ref, payment in seen.payments.items():
        if any(tag.name == ATTEMPT_TAG and tag.value in tries for tag in payment.tags):
            yield ref


ATTEMPT_TAG = "receivables_attempt"
"""The key under which a payment names the try to pay that it came of."""


def _add(found: dict[Ref, Money], debt: Ref, money: Money) -> None:
    held = found.get(debt)
    if held is None or held.currency == money.currency:
        found[debt] = money if held is None else held + money
