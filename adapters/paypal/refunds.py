"""Money given back by one PayPal account: once each, with our mark in the refund.

PayPal keeps the key of a refund for 45 days and answers it with what it did the first time, so the key of one refund
never changes. Its refunds are found in the order that the money came by, and in the reports, which are hours late.
"""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from urllib.parse import quote

from adapters.paypal import marks, refusal, tables, wire
from adapters.paypal.amounts import to_wire
from adapters.paypal.checkout import SEARCHED_SECONDS, Room
from adapters.paypal.refusal import OK, Heard
from adapters.paypal.translate import amount
from connector.dates import after
from connector.errors import NotFound, ReceivablesError, Refused, Rejected, UnknownRecord
from connector.model.intent import GiveBack, WriteKey, Written
from connector.model.money_in import RefundState
from connector.model.source import Kind
from connector.money import Money, total, zero

_WHOLE, _IN_PART = "COMPLETED", "PARTIALLY_REFUNDED"

NOTE = "Refund of your payment. Thank you for your business."
"""What the payer reads at PayPal."""

ON_ITS_WAY = "It is on its way: PayPal gives it back when it has the money for it."
_THERE = "Give it back in PayPal itself; it is read and booked like every refund."


class Refunds(Room):
    """GivesBack."""

    def give_back(self, intent: GiveBack, key: WriteKey) -> Written:
        """As the port's; Refused for money that did not come by a checkout, which PayPal gives back only on its own
        pages."""
        capture = self._capture(intent)
        known = self._known(capture)
        mark = marks.refund_id(key.op_id)
        mine = [each for each in known or () if each.custom_id == mark]
        if mine:
            return self._refund_written(mine[0])
        self._refuse_unfit(intent, capture, known)
        body = {"amount": to_wire(intent.amount), "custom_id": mark, "note_to_payer": NOTE}
        path = f"{wire.CAPTURES}/{_id(capture.id)}/refund"
        heard = self._calls.write("POST", path, body, replace(key, repeat=1))
        if heard.status not in OK:
            raise _refused(heard)
        return self._refund_written(self._read(heard))

    def find_given_back(self, intent: GiveBack, key: WriteKey) -> tuple[Written, ...]:
        """In the order; where that is gone, or names none, in the reports."""
        mark = marks.refund_id(key.op_id)
        capture = self._capture(intent)
        found = [each for each in self._known(capture) or () if each.custom_id == mark]
        if found or capture.status == _WHOLE:
            return tuple(self._refund_written(each) for each in found)
        now = self._clock.now()
        row = self._reports.first(after(now, -SEARCHED_SECONDS), now, lambda each: each.custom_field == mark)
        if row is None or not row.transaction_id:
            return ()
        denied = row.transaction_status == tables.DENIED
        back = -amount(row.transaction_amount)
        return (self._given(row.transaction_id, zero(back.currency) if denied else back, row.transaction_status),)

    def _capture(self, intent: GiveBack) -> wire.Capture:
        path = f"{wire.CAPTURES}/{_id(intent.about.vendor_id)}"
        try:
            return self._calls.read(path, {}, lambda body: wire.decode(body, wire.Capture))
        except NotFound:
            raise Refused(
                f"Payment {intent.about.vendor_id} did not come by a checkout, so PayPal gives nothing of it back from "
                "here.",
                next_step=_THERE,
            ) from None

    def _known(self, capture: wire.Capture) -> tuple[wire.Refund, ...] | None:
        """Every refund of the order that the money came by; None where PayPal shows no such order (any more)."""
        path = next((each.href for each in capture.links if each.rel == "up" and wire.ORDERS in each.href), "")
        if not path:
            return None
        order_id = path.rpartition("/")[2]
        try:
            order = self._calls.read(f"{wire.ORDERS}/{_id(order_id)}", {}, lambda body: wire.decode(body, wire.Order))
        except NotFound:
            return None
        return tuple(
            each for unit in order.purchase_units if unit.payments is not None for each in unit.payments.refunds
        )

    def _refuse_unfit(self, intent: GiveBack, capture: wire.Capture, known: tuple[wire.Refund, ...] | None) -> None:
        """Refused where the payment is not what the refund was planned on."""
        if capture.status not in (_WHOLE, _IN_PART):
            raise Refused(
                f"Payment {capture.id} is {capture.status[:40]} at PayPal now, so nothing of it is given back.",
                next_step="Run `receivables sync`, and look at what became of it.",
            )
        code = intent.amount.currency
        given = zero(code)
        if known is not None:
            given = total((amount(each.amount) for each in known if _counts(each)), code)
        elif capture.status == _IN_PART:
            # Nothing says how much: that it is not more than was known, PayPal's own limit has to see to.
            given = intent.given_before or given
        meanwhile = given != intent.given_before or (capture.status == _IN_PART and not intent.given_before)
        if meanwhile:
            raise Refused(
                f"Some of payment {capture.id} went back since this was planned ({given} by now).",
                next_step="Somebody gave it back meanwhile. See what is left: receivables sync",
            )
        if intent.amount > amount(capture.amount) - given:
            raise Refused(f"No more than {amount(capture.amount) - given} is left of payment {capture.id}.")

    def _read(self, heard: Heard) -> wire.Refund:
        try:
            return wire.decode(heard.body, wire.Refund)
        except ReceivablesError:
            raise refusal.lost(heard) from None

    def _refund_written(self, row: wire.Refund) -> Written:
        state = tables.REFUND_STATES.get(row.status)
        back = amount(row.amount)
        return self._given(row.id, zero(back.currency) if state is RefundState.FAILED else back, row.status)

    def _given(self, vendor_id: str, back: Money, status: str) -> Written:
        if not back:
            notice = f"PayPal could not give it back ({status[:40]}); the money is in the account."
        else:
            done = status in tables.FINISHED or tables.REFUND_STATES.get(status) is RefundState.DONE
            notice = "" if done else ON_ITS_WAY
        return Written(ref=self._where.ref(Kind.REFUND, vendor_id), version="", amount=back, notice=notice)


def _counts(row: wire.Refund) -> bool:
    return tables.REFUND_STATES.get(row.status) is not RefundState.FAILED


def _refused(heard: Heard) -> Exception:
    """PayPal's no, in finance's words where its word is known."""
    said = tables.REFUND_WORDS.get(heard.issue)
    if said is None and heard.status == HTTPStatus.FORBIDDEN:
        # Only refunds need this permission: what else is to be written does not wait for it.
        said = "This PayPal app may not give money back"
    if said is None:
        return refusal.of_write(heard)
    return Rejected(
        f"{said} ({heard.issue}; PayPal's debug id {heard.trace or 'is not known'}).",
        next_step=_THERE,
        system=wire.SYSTEM,
        code=heard.issue,
        trace=heard.trace,
    )


def _id(vendor_id: str) -> str:
    if not vendor_id:
        raise UnknownRecord("PayPal keeps no payment without an id.")
    return quote(vendor_id, safe="")
