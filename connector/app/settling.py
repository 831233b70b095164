"""What became of a try to pay: one convergent way, used by whoever hears of it.

The payer coming back, a webhook, the poller and the nightly reading all call `settle`, under the turn of the debts, and
whoever comes second finds what the first one stored. Nothing is believed but what the processor says when it is asked.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from connector.app.counters import refused_for_us
from connector.app.debts import facts_of, known_of, read_debts, turn_of
from connector.app.house import Desk, new_op_id
from connector.errors import OutcomeUnknown, Refused, VendorError
from connector.model.intent import CapturePage, IntentKind, Written
from connector.model.invoice import InvoiceState
from connector.model.money_in import AttemptState, Taking
from connector.model.paylink import AttemptId, Flag, LinkAttempt, PaymentLink, Receipt, ReceiptState, Step
from connector.model.source import Kind, Ref
from connector.money import total, zero
from connector.paylinks import LIVE, MONEY, PAYABLE, attempt_after
from connector.ports import Captures, PageState, PayPages
from connector.post import look_up, post
from connector.store import OutboxRow, OutboxState

BALANCE_GONE = "The balance was gone when the payer had approved it, so nothing was taken."

_AFTER_TAKING: dict[Taking, AttemptState] = {
    Taking.TAKEN: AttemptState.SUCCEEDED,
    Taking.ON_ITS_WAY: AttemptState.PROCESSING,
    Taking.OTHER_FUNDS: AttemptState.OFFERED,
    Taking.NOT_APPROVED: AttemptState.OFFERED,
    Taking.DECLINED: AttemptState.FAILED,
    Taking.NOT_FOR_US: AttemptState.FAILED,
    Taking.LAPSED: AttemptState.EXPIRED,
}
"""Where a try stands after its approved money was to be taken."""


def settle(desk: Desk, attempt_id: AttemptId, cause: str, *, payer_is_back: bool = False) -> LinkAttempt | None:
    """Find out what became of a try and store it; None for one nobody knows.

    Harmless however often it is called, and by whom. A processor that is away leaves everything as it is.
    `payer_is_back`: the payer may have chosen other funds meanwhile, so approved money may be taken once more.
    """
    attempt = desk.store.attempt(desk.id, attempt_id)
    if attempt is None:
        return None
    with turn_of(desk, attempt.debts):
        held = desk.store.attempt(desk.id, attempt_id) or attempt
        return settle_now(desk, held, cause, payer_is_back=payer_is_back)


def settle_now(desk: Desk, attempt: LinkAttempt, cause: str, *, payer_is_back: bool = False) -> LinkAttempt:
    """The same by whoever has the turn of its debts already."""
    adapter = desk.adapter(desk.store.connection(desk.id, attempt.connection))
    if attempt.page_id is None or not isinstance(adapter, PayPages):
        return attempt
    if attempt.capture is not None and isinstance(adapter, Captures):
        attempt = _look_after_capture(desk, attempt, cause)
    try:
        state = adapter.page_state(attempt.page_id)
    except (VendorError, Refused):
        return attempt
    doubted = attempt.state is AttemptState.UNKNOWN and attempt.capture is not None
    if doubted and state.state in PAYABLE:
        return attempt  # the page does not know yet what became of taking the money
    if state.state is AttemptState.APPROVED and isinstance(adapter, Captures):
        attempt = moved(desk, attempt, state, cause)
        asked = attempt.capture is None or payer_is_back
        return _capture(desk, attempt, cause) if attempt.state is AttemptState.APPROVED and asked else attempt
    for one in (state, *state.further):
        attempt = moved(desk, attempt, one, cause)
    return attempt


def moved(desk: Desk, attempt: LinkAttempt, state: PageState, cause: str) -> LinkAttempt:
    """Store where a page stands; money that came gets its one receipt, and closes every other page of the debt."""
    after = attempt_after(attempt, state.state)
    url = state.url if after.state in PAYABLE else None
    after = replace(after, page_url=url if after.state is state.state else attempt.page_url, waits_for=state.waits_for)
    if state.state is AttemptState.SUCCEEDED and state.payment is not None and after.state is AttemptState.SUCCEEDED:
        return _received(desk, attempt, after, state, cause)
    if after == attempt:
        return attempt
    step = None if after.state is attempt.state else _step(desk, attempt, after, cause, state.payment)
    desk.store.save_attempt(desk.id, after, step=step)
    if after.state is AttemptState.PROCESSING and attempt.state is not AttemptState.PROCESSING:
        stop_others(desk, after, f"{after.attempt_id} is on its way")
    return after


def _received(desk: Desk, before: LinkAttempt, after: LinkAttempt, state: PageState, cause: str) -> LinkAttempt:
    payment = state.payment
    if payment is None or desk.store.receipt(desk.id, payment) is not None:
        if before.state is not after.state:
            desk.store.save_attempt(desk.id, after, step=_step(desk, before, after, cause, payment))
        return after
    amount = state.taken if state.taken is not None else after.amount
    receipt = Receipt(
        payment=payment,
        attempt_id=after.attempt_id,
        link_id=after.link_id,
        debt=after.debt,
        amount=amount,
        kept=amount,
        state=ReceiptState.SUCCEEDED,
        at=desk.clock.now(),
        method=state.method or (after.methods[0] if len(after.methods) == 1 else ""),
    )
    receipt = replace(receipt, flags=_flags(desk, after, receipt, state.payee))
    step = replace(_step(desk, before, after, cause, payment), flags=receipt.flags)
    if desk.store.add_receipt(desk.id, receipt, after, step):
        desk.house.boundary("link.receipt-stored")
        stop_others(desk, after, f"{after.attempt_id} was paid")
        if after.standing:
            return _closed_for_others(desk, after, cause)
    return after


def _closed_for_others(desk: Desk, attempt: LinkAttempt, cause: str) -> LinkAttempt:
    """An address that several may have open is closed once it was paid; who completed it meanwhile has paid too."""
    adapter = desk.adapter(desk.store.connection(desk.id, attempt.connection))
    if isinstance(adapter, PayPages) and attempt.page_id is not None:
        try:
            state = adapter.expire_page(attempt.page_id)
        except (VendorError, Refused):
            return attempt  # closed at the next reading
        for one in (state, *state.further):
            attempt = moved(desk, attempt, one, cause)
    return attempt


def _flags(desk: Desk, attempt: LinkAttempt, receipt: Receipt, payee: str) -> tuple[Flag, ...]:
    """What is not as it was asked for. Such money is kept and shown, and never quietly taken for the debt's."""
    connection = desk.store.connection(desk.id, attempt.connection)
    found = []
    if attempt.late:
        found.append(Flag.LATE)
    if receipt.amount.currency != attempt.amount.currency:
        found.append(Flag.CURRENCY_MISMATCH)
    elif receipt.amount != attempt.amount:
        found.append(Flag.AMOUNT_MISMATCH)
    if payee and payee != connection.account:
        found.append(Flag.PAYEE_MISMATCH)
    return (*found, *too_much(desk, attempt, receipt))


def too_much(desk: Desk, attempt: LinkAttempt, receipt: Receipt) -> tuple[Flag, ...]:
    """Whether less was left of the debts than came: some of it, or all of it, is the customer's credit."""
    if receipt.state is not ReceiptState.SUCCEEDED:
        return ()
    code, parts = receipt.kept.currency, []
    facts = facts_of(desk, attempt.debts)
    for debt, invoice in facts.debts.items():
        if invoice.open.currency != code:
            return ()  # it settles nothing, so there is nothing that it could be too much for
        if invoice.state is not InvoiceState.VOID:
            rest = invoice.open - facts.received_on(debt, before=receipt)
            parts.append(rest if rest.minor > 0 else zero(code))
    left = total(parts, code)
    if left >= receipt.kept:
        return ()
    if not parts:
        return (Flag.OVER,)
    return (Flag.OVER,) if left else (Flag.OVER, Flag.DOUBLE)


def _step(desk: Desk, before: LinkAttempt, after: LinkAttempt, cause: str, payment: Ref | None) -> Step:
    heard = [after.page_id, payment.vendor_id if payment is not None else None]
    event = desk.store.event_about(desk.id, after.connection, [each for each in heard if each])
    return Step(
        attempt_id=after.attempt_id,
        link_id=after.link_id,
        before=before.state,
        after=after.state,
        cause=f"{cause}, event {event}" if event else cause,
        payment=payment,
        flags=(Flag.LATE,) if after.late and not before.late else (),
    )


def _capture(desk: Desk, attempt: LinkAttempt, cause: str) -> LinkAttempt:
    """Take what the payer has approved, if the balance read at this moment still asks for it.

    This is what stops a second payment: where something else has paid the debt meanwhile, no call is made at all.
    """
    link = desk.store.link(desk.id, attempt.link_id)
    try:
        read_debts(desk, link)
    except VendorError:
        return attempt  # nothing is taken on a balance nobody knows; the next look asks again
    if not _still_wanted(desk, link, attempt):
        return given_up(desk, attempt, BALANCE_GONE, cause)
    if not _others_closed(desk, attempt):
        return attempt  # somebody may be paying there at this moment; the next look asks again
    if not _still_wanted(desk, link, attempt):
        return given_up(desk, attempt, BALANCE_GONE, cause)
    connection = desk.writable(desk.store.connection(desk.id, attempt.connection))
    intent = CapturePage(
        connection=connection.connection_id,
        debt=attempt.debt,
        number=link.number,
        amount=attempt.amount,
        attempt=attempt.attempt_id,
        page_id=attempt.page_id or "",
    )
    op_id = new_op_id()
    row = OutboxRow(
        op_id=op_id,
        company_id=desk.id,
        connection_id=connection.connection_id,
        kind=IntentKind.CAPTURE,
        subject=f"capture:{op_id}",
        intent=intent,
        actor=desk.actor,
    )
    attempt = replace(attempt, capture=op_id)
    desk.store.save_attempt(desk.id, attempt, rows=[row])
    desk.house.boundary("link.capture-stored")
    return _carry_capture(desk, attempt, cause)


def _others_closed(desk: Desk, attempt: LinkAttempt) -> bool:
    """Close the addresses of other processors that stay for the same debts, before approved money is taken: whoever has
    one open could pay there meanwhile. What they say afterwards counts; False where one may still take money."""
    for other in desk.store.attempts_for(desk.id, attempt.debts, PAYABLE):
        if other.attempt_id == attempt.attempt_id or not other.standing:
            continue
        try:
            if stop(desk, other, "approved money is about to be taken").state in PAYABLE:
                return False
        except (VendorError, Refused):
            return False
    return True


def _still_wanted(desk: Desk, link: PaymentLink, attempt: LinkAttempt) -> bool:
    known = known_of(desk, link)
    if known is None or known.pending:
        return False
    others = [each for each in known.attempts if each.attempt_id != attempt.attempt_id]
    if any(each.state in (AttemptState.PROCESSING, AttemptState.UNKNOWN) for each in others):
        return False
    due = known.settlement.due
    return due.currency == attempt.amount.currency and attempt.amount <= due


def _look_after_capture(desk: Desk, attempt: LinkAttempt, cause: str) -> LinkAttempt:
    """A capture that was cut short: what became of it is asked first, and it is carried to its end, under its own key,
    only where the balance read at this moment still asks for it. Else it is left alone until its page lapses."""
    row = _asked_again(desk, attempt)
    if row is None or row.state is OutboxState.DEAD:
        return attempt
    if row.state is OutboxState.DONE:
        doubted = attempt.state is AttemptState.UNKNOWN and row.answer is not None
        return _after_capture(desk, attempt, row.answer, cause) if doubted and row.answer is not None else attempt
    link = desk.store.link(desk.id, attempt.link_id)
    try:
        read_debts(desk, link)
    except VendorError:
        return attempt
    if _still_wanted(desk, link, attempt):
        return _carry_capture(desk, attempt, cause)
    if row.state is OutboxState.READY and not row.tries:
        desk.store.outbox_dead(desk.id, row.op_id, BALANCE_GONE, None)
        return given_up(desk, attempt, BALANCE_GONE, cause)
    return _stored(desk, attempt, attempt_after(attempt, AttemptState.UNKNOWN), cause)


def _asked_again(desk: Desk, attempt: LinkAttempt) -> OutboxRow | None:
    """The row of a capture, after its processor was asked what became of it, where that is in doubt. Sends nothing."""
    if attempt.capture is None:
        return None
    row = desk.store.outbox_row(desk.id, attempt.capture)
    if row.state in (OutboxState.SENDING, OutboxState.UNSURE):
        with desk.lease(f"page:{attempt.attempt_id}") as lease, suppress(VendorError):
            row = look_up(desk.tools(quiet), desk.id, lease, attempt.capture)
    return row


def _carry_capture(desk: Desk, attempt: LinkAttempt, cause: str) -> LinkAttempt:
    op_id = attempt.capture
    if op_id is None:
        return attempt
    # Where even looking it up fails, its row says how far it got, and that is what counts.
    with desk.lease(f"page:{attempt.attempt_id}") as lease, suppress(VendorError):
        post(desk.tools(quiet), desk.id, lease, only=frozenset({op_id}))
    row = desk.store.outbox_row(desk.id, op_id)
    desk.house.boundary("link.captured")
    if row.state is OutboxState.DONE and row.answer is not None:
        return _after_capture(desk, attempt, row.answer, cause)
    if row.state is OutboxState.DEAD:
        return _stored(desk, attempt, replace(attempt_after(attempt, AttemptState.FAILED), fault=row.fault), cause)
    if row.state is OutboxState.READY and not row.tries:
        return attempt  # nothing was sent
    return _stored(desk, attempt, attempt_after(attempt, AttemptState.UNKNOWN), cause)


def _after_capture(desk: Desk, attempt: LinkAttempt, answer: Written, cause: str) -> LinkAttempt:
    taking = answer.taking if answer.taking is not None else Taking.ON_ITS_WAY
    if taking is Taking.NOT_FOR_US:
        refused_for_us(desk, desk.store.connection(desk.id, attempt.connection), answer.notice)
    state = PageState(
        state=_AFTER_TAKING[taking],
        url=answer.url or attempt.page_url,
        payment=answer.ref if answer.ref.kind is Kind.PAYMENT else None,
        taken=answer.amount,
        payee=answer.payee,
        waits_for=answer.notice if taking is Taking.ON_ITS_WAY else "",
    )
    return moved(desk, replace(attempt, fault="" if state.state in MONEY else answer.notice), state, cause)


def given_up(desk: Desk, attempt: LinkAttempt, why: str, cause: str) -> LinkAttempt:
    """A page whose money will not be taken. Should money come all the same, it is late and not lost."""
    after = replace(attempt_after(attempt, AttemptState.CANCELLED), page_url=None, fault=why)
    return _stored(desk, attempt, after, cause)


def _stored(desk: Desk, before: LinkAttempt, after: LinkAttempt, cause: str) -> LinkAttempt:
    if after != before:
        step = _step(desk, before, after, cause, None) if after.state is not before.state else None
        desk.store.save_attempt(desk.id, after, step=step)
    return after


def stop(desk: Desk, attempt: LinkAttempt, why: str) -> LinkAttempt:
    """Close a page that is not to be used. What the page says afterwards is what counts: it may have been paid.

    Where a processor takes nothing until we take it, leaving it alone is enough.
    """
    connection = desk.store.connection(desk.id, attempt.connection)
    adapter = desk.adapter(connection)
    if attempt.page_id is None or not isinstance(adapter, PayPages):
        return attempt
    if isinstance(adapter, Captures):
        return given_up(desk, attempt, why, why) if attempt.capture is None else settle_now(desk, attempt, why)
    desk.writable(connection)
    state = adapter.expire_page(attempt.page_id)
    after = attempt
    for one in (state, *state.further):
        after = moved(desk, after, one, why)
    return after


def stop_others(desk: Desk, paid: LinkAttempt, why: str) -> None:
    """Close every other page that could still take money for the same debts. One that cannot be closed now is closed
    at the next reading; if it is paid meanwhile, that money is kept as the customer's and told."""
    for other in desk.store.attempts_for(desk.id, paid.debts, PAYABLE):
        if other.attempt_id == paid.attempt_id or other.page_id is None:
            continue
        try:
            stop(desk, other, why)
        except (VendorError, Refused):
            continue


def refresh(desk: Desk, link: PaymentLink, cause: str, *, payer_is_back: bool = False) -> None:
    """Ask the processors where each living page for the link's debts stands, by whoever has their turn."""
    for attempt in desk.store.attempts_for(desk.id, link.debts, LIVE):
        settle_now(desk, attempt, cause, payer_is_back=payer_is_back)


def quiet(row: OutboxRow) -> None:
    """A payer is shown no progress."""


def must_be_closed(attempt: LinkAttempt) -> None:
    """After `stop`, before another page is opened: Refused when it was paid, OutcomeUnknown when it may still be."""
    if attempt.state in MONEY:
        raise Refused("This invoice has just been paid.", next_step="Open the link again to see it.")
    if attempt.state in LIVE:
        raise OutcomeUnknown(
            "An earlier pay page of this link could not be closed.",
            next_step="Open the link again in a minute; no second page is opened beside it.",
        )
