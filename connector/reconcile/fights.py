"""What the disputes say about the payments they are about: when a payment came back, why, and whether it was won."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from connector.model.money_in import Dispute, DisputeState, Payment, PaymentState
from connector.model.source import Ref
from connector.reconcile.snapshot import Snapshot


def disputes_of(snapshot: Snapshot) -> dict[Ref, Dispute]:
    """Each disputed payment and the dispute that counts: one that is not won before one that is, then the latest."""
    ranked = sorted(
        snapshot.disputes.items(), key=lambda pair: (pair[1].state is not DisputeState.WON, pair[1].on, pair[0])
    )
    return {dispute.payment: dispute for _, dispute in ranked if dispute.payment is not None}


def as_it_stands(ref: Ref, payment: Payment, disputes: Mapping[Ref, Dispute]) -> Payment:
    """The payment with what only its dispute knows: the day, the reason and how it ended. One that was won gives the
    payment back (it is money again, or was refunded meanwhile); with one that was lost it has gone back for good."""
    dispute = disputes.get(ref)
    if dispute is None:
        return payment
    if payment.state is PaymentState.DISPUTED and dispute.state is DisputeState.WON:
        gone = bool(payment.refunded) and payment.refunded == payment.gross
        return replace(payment, state=PaymentState.REFUNDED if gone else PaymentState.SUCCEEDED)
    if payment.state not in (PaymentState.DISPUTED, PaymentState.RETURNED):
        return payment
    lost = payment.state is PaymentState.RETURNED or dispute.state is DisputeState.LOST
    return replace(
        payment,
        state=PaymentState.RETURNED if lost else PaymentState.DISPUTED,
        returned_on=payment.returned_on or dispute.on,
        failure=payment.failure or dispute.said,
    )
