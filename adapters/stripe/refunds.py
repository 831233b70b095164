"""Money given back by one Stripe account: once each, with our mark in the refund, and found again by it.

Before anything is sent the charge itself is asked: of one that is disputed, on its way or gone nothing is given back,
and neither is anything where somebody else has given some of it back since the refund was planned.
"""

from __future__ import annotations

from adapters.stripe import payments, wire
from adapters.stripe.calls import Room, written
from adapters.stripe.currency import from_wire, to_wire
from adapters.stripe.guards import checked_id
from adapters.stripe.paypages import OP_KEY
from adapters.stripe.refusal import NO_KEY, other_mode
from adapters.stripe.tables import DISPUTE_STATES, REFUND_STATES
from connector.errors import NeedsReconnect, Refused, Rejected
from connector.model.intent import GiveBack, WriteKey, Written
from connector.model.money_in import DisputeState, PaymentState, RefundState
from connector.model.source import Kind
from connector.money import zero

REFUNDS = "/v1/refunds"
DISPUTES = "/v1/disputes"
_CHARGES = "/v1/charges"

ON_ITS_WAY = "It is on its way: the payer's bank may take some days."
_WAITS_FOR_PAYER = "It waits for the payer, to whom Stripe wrote an e-mail: it asks where the money is to go."


class Refunds(Room):
    """GivesBack."""

    def give_back(self, intent: GiveBack, key: WriteKey) -> Written:
        """As the port's. The charge is asked for before the list of its refunds: so what changed it is in the list."""
        charge = self._charge(intent)
        done = self.find_given_back(intent, key)
        if done:
            return done[0]
        self._refuse_unfit(intent, charge)
        amount, _ = to_wire(intent.amount)
        params = {
            "charge": checked_id(charge.id),
            "amount": amount,
            "reason": "duplicate" if intent.twice else "requested_by_customer",
            "metadata": {OP_KEY: str(key.op_id)},
        }
        try:
            body = self._calls.write(REFUNDS, params, key, about=wire.link_id(charge.customer) or charge.id)
        except NeedsReconnect as fault:
            if fault.code == NO_KEY:
                raise
            # Only refunds need this permission: what else is to be written does not wait for it.
            raise Rejected(
                f"{fault.sentence.rstrip('.')}, so nothing was given back.",
                next_step=f"{fault.next_step} Then plan it again.",
                system=wire.SYSTEM,
                code=fault.code,
            ) from None
        return self._refund_written(written(body, wire.Refund))

    def find_given_back(self, intent: GiveBack, key: WriteKey) -> tuple[Written, ...]:
        rows = self._every(REFUNDS, {"charge": checked_id(intent.about.vendor_id)}, wire.Refund)
        return tuple(self._refund_written(row) for row in rows if (row.metadata or {}).get(OP_KEY) == key.op_id)

    def _charge(self, intent: GiveBack) -> wire.Charge:
        path = f"{_CHARGES}/{checked_id(intent.about.vendor_id)}"
        row = self._calls.read(path, {}, lambda body: wire.decode(body, wire.Charge))
        if row.livemode is not self._where.live:
            raise other_mode(key_is_live=self._where.live)
        return row

    def _refuse_unfit(self, intent: GiveBack, charge: wire.Charge) -> None:
        """Refused where the charge is not what the refund was planned on."""
        payment, _ = payments.payment(charge, self._where)
        fought = payment.state is PaymentState.DISPUTED and self._is_won(charge)
        if payment.state is not PaymentState.SUCCEEDED and not fought:
            raise Refused(
                f"Payment {charge.id} is {payment.state} at Stripe now, so nothing of it is given back.",
                next_step="Run `receivables sync`, and look at what became of it.",
            )
        given = payment.refunded if payment.refunded is not None else zero(payment.gross.currency)
        if given != intent.given_before:
            raise Refused(
                f"Of payment {charge.id} {given} went back by now, and {intent.given_before} when this was planned.",
                next_step="Somebody gave it back meanwhile. See what is left: receivables sync",
            )
        if intent.amount > payment.gross - given:
            raise Refused(f"No more than {payment.gross - given} is left of payment {charge.id}.")

    def _is_won(self, charge: wire.Charge) -> bool:
        """Whether every dispute about it ended for the seller: a charge that was disputed says so for ever."""
        rows = list(self._every(DISPUTES, {"charge": checked_id(charge.id)}, wire.Dispute))
        return bool(rows) and all(DISPUTE_STATES.get(row.status) is DisputeState.WON for row in rows)

    def _refund_written(self, row: wire.Refund) -> Written:
        amount, state = from_wire(row.amount, row.currency), REFUND_STATES.get(row.status or "")
        if state is RefundState.FAILED:
            why = row.failure_reason or row.status or "failed"
            return Written(
                ref=self._where.ref(Kind.REFUND, row.id),
                version="",
                amount=zero(amount.currency),
                notice=f"Stripe could not give it back ({why}); the money is in the balance.",
            )
        waits = _WAITS_FOR_PAYER if row.status == "requires_action" else ON_ITS_WAY
        notice = "" if state is RefundState.DONE else waits
        return Written(ref=self._where.ref(Kind.REFUND, row.id), version="", amount=amount, notice=notice)
