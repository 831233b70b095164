"""Give money back: a plan that a person asks for, about one payment, which goes the way of every plan.

It is made of what is known right now: the processor is asked about the payment first. Nothing of it is automatic, and
`apply` takes such a plan by its name alone.
"""

from __future__ import annotations

from dataclasses import replace

from connector import canonical
from connector.app.debts import read_refs
from connector.app.freshness import freshness
from connector.app.given_back import refunds_of
from connector.app.house import Desk, new_op_id
from connector.app.reviewing import payment_of
from connector.errors import Refused, UnknownRecord, UserError
from connector.model.paylink import Flag, Receipt
from connector.model.source import PlanId, Ref
from connector.money import Money, MoneyError, currency, from_text, grouped
from connector.paylinks import NO_TERMS
from connector.plan import Frame, Plan
from connector.plan.refunds import PREFIX, Asked, Refundable, refund_plan, refundable
from connector.ports import GivesBack
from connector.reconcile.match import decide
from connector.reconcile.snapshot import Snapshot
from connector.store import OutboxState

ALL = "all"
"""What a person says instead of an amount, for all that is left."""

_UNDER_WAY = (OutboxState.READY, OutboxState.SENDING, OutboxState.UNSURE)


def plan_refund(desk: Desk, wanted: str, amount: str = "") -> Plan:
    """The stored plan that gives money of a payment back. Without an amount: what of it is more than was owed.

    Refused where nothing of it can be given back, where one is under way, or where it is not the processor's to give;
    UserError where nobody said how much and nothing of it is too much.
    """
    ref = payment_of(desk.snapshot(), wanted)
    processor = desk.store.connection(desk.id, ref.connection)
    title = desk.spec(processor).title
    if not isinstance(desk.adapter(processor), GivesBack):
        raise Refused(
            f"Money cannot be given back at {title} from here.", next_step="Give it back there; it is read and booked."
        )
    desk.writable(processor)
    read_refs(desk, [ref])
    seen = desk.snapshot()
    earlier = _earlier(desk, ref)
    receipt = desk.store.receipt(desk.id, ref)
    found = refundable(seen, ref, _undecided(seen, ref))
    terms = desk.spec(processor).method_terms.get(found.payment.method, NO_TERMS)
    asked = Asked(
        amount=_amount(found, amount),
        on=desk.today,
        earlier=earlier,
        processor=title,
        takes=terms.days,
        twice=receipt is not None and Flag.DOUBLE in receipt.flags,
        link=_number(desk, receipt),
    )
    frame = Frame(
        plan_id=PlanId(f"{PREFIX}{new_op_id()[:8].lower()}"),
        company_id=desk.id,
        made_at=desk.clock.now(),
        made_by=desk.actor,
        new_op_id=new_op_id,
    )
    number, chain = desk.store.head(desk.id)
    made = refund_plan(seen, frame, found, asked)
    made = replace(made, data_as_of=freshness(desk, processor).data_as_of, journal_head=f"{number}:{chain}")
    desk.store.save_plan(desk.id, made.plan_id, canonical.encode(made), desk.actor)
    return made


def _earlier(desk: Desk, ref: Ref) -> int:
    """How many refunds of it were written from here. Refused while one is under way: nobody knows yet what is left."""
    rows = refunds_of(desk, frozenset({ref}))
    if any(row.state in _UNDER_WAY for row in rows):
        raise Refused(
            f"A refund of payment {ref.vendor_id} is under way, and nobody knows yet what became of it.",
            next_step="Carry it on: receivables apply; then ask again.",
        )
    return sum(row.state is OutboxState.DONE for row in rows)


def _undecided(seen: Snapshot, ref: Ref) -> Money | None:
    """What the decision about a payment leaves of it; None where there is none."""
    return next((each.unapplied for each in decide(seen) if each.payment == ref), None)


def _amount(found: Refundable, wanted: str) -> Money:
    said = wanted.strip()
    if said.casefold() == ALL:
        return found.left
    if said:
        number, _, code = said.partition(" ")
        try:
            return from_text(number, currency(code.strip()) if code else found.left.currency)
        except MoneyError as fault:
            raise UserError(fault.sentence, next_step=f"For example: --amount '{found.left}'") from None
    if not found.credit:
        known = f"Nothing of payment {found.ref.vendor_id} is more than was owed"
        if not found.decided:
            known = f"It is not decided yet what payment {found.ref.vendor_id} pays"
        raise UserError(
            f"{known}, so say how much of {grouped(found.left)} is to go back.",
            next_step=f"For example: receivables refund {found.ref.vendor_id} --amount '{found.left}', or --amount all",
        )
    return found.credit


def _number(desk: Desk, receipt: Receipt | None) -> str:
    if receipt is None:
        return ""
    try:
        return desk.store.link(desk.id, receipt.link_id).number or ""
    except UnknownRecord:
        return ""
