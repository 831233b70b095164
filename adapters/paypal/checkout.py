"""Pay pages: orders that a payer approves at PayPal, and whose money is taken only when we capture it.

A create is repeated under its stored key and so opens one order; one whose answer is lost for good has an address that
nobody knows, and lapses. A capture takes the money once, whatever its key: after an answer that says neither yes nor
no, the order itself is asked.
"""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

from adapters.paypal import marks, orders, refusal, tables, wire
from adapters.paypal.calls import Calls
from adapters.paypal.refusal import OK, Heard
from adapters.paypal.reports import Reports
from adapters.paypal.settings import Settings
from adapters.paypal.tables import Then
from adapters.paypal.translate import Where, amount
from connector.clock import Clock
from connector.dates import after
from connector.errors import NotFound, ReceivablesError, Refused, Rejected, UnknownRecord
from connector.model.intent import CapturePage, OpenPayPage, WriteKey, Written
from connector.model.money_in import AttemptState, Taking
from connector.model.source import Kind, OpId
from connector.ports import PageState, Surroundings

SEARCHED_SECONDS = 7 * 86_400
"""An order lapses long before that, so its money cannot be older."""

RENAMED_MAX = 3
"""So often an order gets another invoice id before a person has to look."""

_GONE = PageState(state=AttemptState.EXPIRED, url=None, payment=None)


class Room:
    """What every capability of the adapter works with."""

    def __init__(self, surroundings: Surroundings, settings: Settings, calls: Calls, where: Where) -> None:
        self._settings = settings
        self._clock: Clock = surroundings.clock
        self._calls = calls
        self._where = where
        self._reports = Reports(calls, page_size=settings.page_size_max, payers=settings.payer_details)


class Checkout(Room):
    """PayPages and Captures."""

    def open_page(self, intent: OpenPayPage, key: WriteKey) -> Written:
        """Create the order. Errors: as the port's; Rejected where PayPal refuses it."""
        body = orders.body_of(intent, instant_only=self._settings.instant_only, site=self._settings.site)
        heard = self._calls.write("POST", wire.ORDERS, body, key)
        if heard.status not in OK:
            raise refusal.of_write(heard)
        order = self._understood(heard)
        url = orders.payer_link(order.links, self._settings.payer_hosts)
        if url is None:
            raise Rejected(
                "PayPal opened an order without a page of its own to send the payer to.",
                next_step="Offer another method, and ask PayPal's support about it.",
                system=wire.SYSTEM,
                code=order.status,
                trace=heard.trace,
            )
        asked = next((unit.amount for unit in order.purchase_units if unit.amount is not None), None)
        return Written(
            ref=self._where.ref(Kind.ATTEMPT, order.id),
            version=order.status,
            amount=amount(asked) if asked is not None else intent.amount,
            url=url,
            methods=intent.methods,
        )

    def find_pages(self, intent: OpenPayPage, key: WriteKey) -> tuple[Written, ...]:
        """None: PayPal lets nobody search for orders. The same key brings the same one."""
        del intent, key
        return ()

    def page_state(self, page_id: str) -> PageState:
        """Where the order stands; one that PayPal no longer knows has lapsed."""
        try:
            return orders.state_of(self._order(page_id), self._where, self._settings.payer_hosts)
        except NotFound:
            return _GONE

    def expire_page(self, page_id: str) -> PageState:
        """Where the order stands: PayPal can close none. It takes nothing until it is captured."""
        return self.page_state(page_id)

    def capture_page(self, intent: CapturePage, key: WriteKey) -> Written:
        """Take what was approved. Errors: OutcomeUnknown when neither PayPal's answer nor the order says what became of
        it; Refused for an order that asks for something else than is to be taken."""
        before = self._order_of(intent)
        if before is None:
            return self._told(intent, Taking.LAPSED, None)
        found = self._stood(intent, before)
        if found is not None:
            return found
        asked = next((unit.amount for unit in before.purchase_units if unit.amount is not None), None)
        if asked is None or amount(asked) != intent.amount:
            raise Refused(
                f"The order at PayPal asks for another amount than {intent.amount}; nothing was taken.",
                next_step="Open the link again: it opens a new page.",
            )
        match orders.state_of(before, self._where, self._settings.payer_hosts).state:
            case AttemptState.APPROVED:
                return self._captured(intent, key, before)
            case AttemptState.OFFERED:
                return self._told(intent, Taking.NOT_APPROVED, None, before)
            case _:
                raise refusal.lost()  # complete and without money, or of a status nobody knows

    def find_captures(self, intent: CapturePage, key: WriteKey) -> tuple[Written, ...]:
        """What the order says of its money; empty while it may still be captured."""
        del key
        order = self._order_of(intent)
        if order is None:
            return (self._told(intent, Taking.LAPSED, None),)
        found = self._stood(intent, order)
        return () if found is None else (found,)

    def _captured(self, intent: CapturePage, key: WriteKey, before: wire.Order) -> Written:
        for turn in range(1, RENAMED_MAX + 2):
            # PayPal says to a key what it said the first time, so each renaming, a definite no, needs one of its own.
            own = key if turn == 1 else replace(key, op_id=OpId(f"{key.op_id}-{turn}"))
            heard = self._calls.write("POST", f"{wire.ORDERS}/{_id(intent.page_id)}/capture", {}, own)
            if heard.status in OK:
                return self._said(intent, heard) or self._asked_for(intent, heard)
            then, taking = tables.ISSUES.get(heard.issue, (Then.UNKNOWN, None))
            if then is Then.TELL and taking is not None:
                return self._told(intent, taking, heard, before)
            if then is not Then.SEARCH or turn > RENAMED_MAX:
                return self._asked_for(intent, heard)
            paid = self._paid_already(intent)
            if paid is not None:
                return paid
            self._rename(intent, turn + 1)
        raise refusal.lost()

    def _said(self, intent: CapturePage, heard: Heard) -> Written | None:
        """What the answer itself says; None where it can not be read, or does not say."""
        try:
            return self._stood(intent, wire.decode(heard.body, wire.Order))
        except ReceivablesError:
            return None

    def _asked_for(self, intent: CapturePage, heard: Heard) -> Written:
        """The answer did not say, so the order has to. Errors: OutcomeUnknown when it does not either."""
        order = self._order_of(intent)
        found = self._stood(intent, order) if order is not None else self._told(intent, Taking.LAPSED, heard)
        if found is None:
            raise refusal.lost(heard)
        return found

    def _stood(self, intent: CapturePage, order: wire.Order) -> Written | None:
        """What the order says became of its money for good, None while it says nothing."""
        state = orders.state_of(order, self._where, self._settings.payer_hosts)
        taking = orders.taking_of(state)
        if taking is None or (state.payment is None and taking is not Taking.LAPSED):
            return None
        if taking is Taking.DECLINED:
            return self._told(intent, taking, None, order)
        return Written(
            ref=state.payment or self._where.ref(Kind.ATTEMPT, intent.page_id),
            version=order.status,
            amount=state.taken,
            notice=state.waits_for,
            taking=taking,
            payee=state.payee,
        )

    def _told(
        self, intent: CapturePage, taking: Taking, heard: Heard | None, order: wire.Order | None = None
    ) -> Written:
        """A definite no: in finance's words, with PayPal's own code, and where the payer may go on."""
        said = tables.WORDS.get(taking, "")
        if heard is not None:
            said = f"{said} ({heard.issue or heard.status}; PayPal's debug id {heard.trace or 'is not known'})"
        goes_on = taking in (Taking.OTHER_FUNDS, Taking.NOT_APPROVED)
        return Written(
            ref=self._where.ref(Kind.ATTEMPT, intent.page_id),
            version=order.status if order is not None else "",
            notice=said,
            taking=taking,
            url=self._payer_link(heard, order) if goes_on else None,
            payee=orders.payee_of(order, None) if order is not None else "",
        )

    def _payer_link(self, heard: Heard | None, order: wire.Order | None) -> str | None:
        links = (*(wire.refusal(heard.body).links if heard is not None else ()), *(order.links if order else ()))
        return orders.payer_link(links, self._settings.payer_hosts)

    def _paid_already(self, intent: CapturePage) -> Written | None:
        """The money of this very try, where PayPal's reports have it: then it was taken, and nothing more is."""
        wanted = marks.custom_id(intent.attempt, intent.debt)
        since = after(self._clock.now(), -SEARCHED_SECONDS)
        row = self._reports.first(since, self._clock.now(), lambda each: each.custom_field == wanted)
        if row is None or not row.transaction_id:
            return None
        came = row.transaction_status in tables.FINISHED
        return Written(
            ref=self._where.ref(Kind.PAYMENT, row.transaction_id),
            version="",
            amount=amount(row.transaction_amount),
            taking=Taking.TAKEN if came else Taking.ON_ITS_WAY,
        )

    def _rename(self, intent: CapturePage, repeat: int) -> None:
        other = orders.renamed(marks.invoice_id(intent.number, intent.attempt, repeat))
        heard = self._calls.write("PATCH", f"{wire.ORDERS}/{_id(intent.page_id)}", other, None)
        if heard.status not in OK:
            raise refusal.of_write(heard)

    def _order(self, page_id: str) -> wire.Order:
        return self._calls.read(f"{wire.ORDERS}/{_id(page_id)}", {}, lambda body: wire.decode(body, wire.Order))

    def _order_of(self, intent: CapturePage) -> wire.Order | None:
        try:
            return self._order(intent.page_id)
        except NotFound:
            return None

    def _understood(self, heard: Heard) -> wire.Order:
        try:
            return wire.decode(heard.body, wire.Order)
        except ReceivablesError:
            raise refusal.lost(heard) from None


def _id(vendor_id: str) -> str:
    """An id as it stands in an address. Errors: UnknownRecord for none."""
    if not vendor_id:
        raise UnknownRecord("PayPal keeps no order without an id.")
    return quote(vendor_id, safe="")
