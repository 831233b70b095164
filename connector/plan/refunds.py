"""Money given back to its payer: one line of a plan of its own, which only a person asks for. Pure.

Nothing here is ever planned by itself, and no plan of `plan` holds such a line. What goes back is at most what is left
of the payment. The books are not written to: the processor's own record of the refund is read, decided about and
posted like every refund.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from connector.dates import BusinessDate
from connector.errors import Refused
from connector.model.finding import Evidence
from connector.model.intent import GiveBack, IntentKind
from connector.model.money_in import DisputeState, Payment
from connector.model.source import Ref
from connector.money import Money, grouped, zero
from connector.plan.gate import Gate
from connector.plan.lines import Frame, Plan
from connector.reconcile import reasons
from connector.reconcile.booked import posted_payments
from connector.reconcile.fights import as_it_stands, disputes_of
from connector.reconcile.snapshot import Snapshot

PREFIX = "refund-"
"""How the ids of such plans begin: they are applied by their names alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refundable:
    """A payment of which money can be given back: `left` is what has not gone back yet, `given` what has, and `credit`
    what of it the books, or the decision about it, hold as the customer's credit; `decided` whether either says."""

    ref: Ref
    payment: Payment
    left: Money
    given: Money
    credit: Money
    decided: bool
    in_books: bool
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a person asks for. `earlier` counts the refunds of this payment that were written from here, `processor` is
    its name for people, `takes` how long such a payment takes there ("" at once), `twice` whether it paid a debt a
    second time, `link` the number of what it came for by a link."""

    amount: Money
    on: BusinessDate
    earlier: int
    processor: str
    takes: str = ""
    twice: bool = False
    link: str = ""


def refundable(snapshot: Snapshot, ref: Ref, undecided: Money | None) -> Refundable:
    """What of a payment can be given back. `undecided` is what a decision leaves of one that is not posted yet.

    Refused, with the reason, where nothing can: it is on its way, has come back, is fought over, or is gone.
    """
    disputes = disputes_of(snapshot)
    payment = as_it_stands(ref, snapshot.payments[ref], disputes)
    if snapshot.in_books(ref) or payment.elsewhere:
        raise Refused(
            f"Payment {ref.vendor_id} did not pass through a processor that could give it back.",
            next_step="Give it back the way it came, and record that in the books.",
        )
    unfit = reasons.unfit(ref, payment)
    if unfit is not None:
        step = f"See what became of it: receivables explain {ref.vendor_id}"
        raise Refused(f"{unfit.sentence} Nothing of it is given back.", next_step=step)
    fight = disputes.get(ref)
    if fight is not None and fight.state is DisputeState.OPEN:
        raise Refused(
            f"Payment {ref.vendor_id} is disputed by the payer: with a refund beside it, it could go back twice.",
            next_step="Answer the dispute at the processor; to give the money back, accept it there.",
        )
    given = payment.refunded if payment.refunded is not None else zero(payment.gross.currency)
    posted = posted_payments(snapshot).get(ref)
    stands = snapshot.payments[posted] if posted is not None else None
    held = stands.unapplied if stands is not None else undecided
    left = payment.gross - given
    fits = held is not None and held.currency == left.currency and held.minor > 0
    # The books keep the credit as it was posted: what was refunded since stands beside it, in an entry of its own.
    free = held - given if fits and held is not None else zero(left.currency)
    customer = (stands.customer if stands is not None else None) or payment.customer
    who = snapshot.name_of(customer) if customer is not None else payment.payer or "its payer"
    return Refundable(
        ref=ref,
        payment=payment,
        left=left,
        given=given,
        credit=min(left, free) if free.minor > 0 else zero(left.currency),
        decided=held is not None,
        in_books=posted is not None,
        who=who,
    )


def refund_plan(snapshot: Snapshot, frame: Frame, found: Refundable, asked: Asked) -> Plan:
    """The plan that gives so much of it back. Refused for an amount that it does not have."""
    _refuse_amount(found, asked.amount)
    gate = Gate(snapshot, (), frame, ())
    intent = GiveBack(
        connection=found.ref.connection,
        about=found.ref,
        amount=asked.amount,
        given_before=found.given,
        on=asked.on,
        memo=f"refund of {found.ref.connection} payment {found.ref.vendor_id}",
        twice=asked.twice,
    )
    paid = f"payment {found.ref.vendor_id} of {grouped(found.payment.gross)}"
    part = "all" if asked.amount == found.payment.gross else "part"
    line = gate.line(
        intent,
        f"Give {grouped(asked.amount)} back to {found.who} at {asked.processor}: {part} of {paid}, the way it came.",
        effects=(),
        evidence=tuple(_evidence(found, asked)),
        expects=[found.ref],
    )
    # A payment may be refunded in several parts; each is a write of its own, and two plans for the same are one.
    line = replace(line, subject=f"{IntentKind.REFUND}:{found.ref}/{asked.earlier + 1}")
    return Plan(
        plan_id=frame.plan_id,
        company_id=frame.company_id,
        made_at=frame.made_at,
        made_by=frame.made_by,
        lines=(line,),
        left_out=(),
    )


def _refuse_amount(found: Refundable, amount: Money) -> None:
    odd = ""
    if amount.currency != found.left.currency:
        odd = f"Payment {found.ref.vendor_id} came in {found.left.currency}, and so it goes back."
    elif amount.minor <= 0:
        odd = "What is given back is more than nothing."
    if odd:
        raise Refused(odd, next_step=f"Give an amount up to {grouped(found.left)}.")
    if amount > found.left:
        back = f", for {grouped(found.given)} went back before" if found.given else ""
        raise Refused(
            f"Of payment {found.ref.vendor_id} {grouped(found.left)} are left{back}: no more can be given back.",
            next_step=f"receivables refund {found.ref.vendor_id} --amount '{found.left}'",
        )


def _evidence(found: Refundable, asked: Asked) -> Iterator[Evidence]:
    def says(field: str, said: str) -> Evidence:
        return Evidence(ref=found.ref, field=field, says=said)

    yield says("why", _why(found, asked))
    yield says("the customer gets back", grouped(asked.amount))
    yield says("by which way", f"{found.payment.method}, the way it came; nobody chooses another account")
    yield says("left of the payment", grouped(found.left - asked.amount))
    rest = found.credit - asked.amount
    if not found.decided:
        yield says("paid debts with it", "it is not decided yet what it pays; what that is would be owed again")
    elif rest.minor < 0:
        yield says("paid debts with it", f"{grouped(-rest)} of it pays what was owed, which is owed again then")
    yield says("fee", _fee(found, asked))
    if asked.takes:
        yield says("take care", f"it took {asked.takes}, and the payer's bank may still take the payment back later")
    then = "the refund is booked beside it" if found.in_books else "it is not in the books yet"
    yield says("the books", f"{then}: with the next sync and plan, from the processor's own record")
    yield says("undo", "a refund cannot be taken back")


def _why(found: Refundable, asked: Asked) -> str:
    if asked.twice:
        return f"{asked.link or 'its debt'} was paid a second time by it"
    if asked.amount <= found.credit:
        return f"{grouped(found.credit)} of it is more than was owed, and the customer's credit"
    return "a person asked for it"


def _fee(found: Refundable, asked: Asked) -> str:
    fee = found.payment.fee
    if fee is None or not fee:
        return f"what {asked.processor} took for the payment is not given back"
    return f"the {grouped(fee)} that {asked.processor} took for the payment stay with it"
