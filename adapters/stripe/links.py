"""Payment Links: an address of Stripe's own that stays until it is paid once or closed, for a seller whose own address
no payer can reach.

Its limit counts sessions that were completed, and several may be open at once: so two payers can be on their way when
the first completes it. That is why a link is closed, with every open session of it, as soon as one was paid; and why
all sessions that were completed are told, not only the first.
"""

from __future__ import annotations

from adapters.stripe import payments, shapes, wire
from adapters.stripe.calls import Room, written
from adapters.stripe.currency import from_wire
from adapters.stripe.guards import checked_id
from adapters.stripe.paypages import OP_KEY, link_params
from adapters.stripe.refusal import other_mode
from connector.errors import OutcomeUnknown, Rejected
from connector.model.intent import OpenPayPage, WriteKey, Written
from connector.model.money_in import AttemptState
from connector.model.source import Kind
from connector.money import Money, total
from connector.ports import PageState

LINKS = "/v1/payment_links"
SESSIONS = "/v1/checkout/sessions"
LINK = "plink_"
"""What the id of a Payment Link begins with."""

_WITH_LINES = {"expand": ["line_items"]}


class StandingLinks(Room):
    """What a page that stays is opened, found, looked at and closed by."""

    def open_link(self, intent: OpenPayPage, key: WriteKey) -> Written:
        """Make the link; Refused for methods that no link can offer."""
        params = {**link_params(intent, key), **_WITH_LINES}
        body = self._calls.write(LINKS, params, key, about=str(intent.debt))
        return self._link_written(self._own_link(written(body, shapes.PaymentLink)))

    def find_links(self, key: WriteKey) -> tuple[Written, ...]:
        """Every link that carries our mark."""
        rows = self._every(LINKS, {"expand[]": "data.line_items"}, shapes.PaymentLink)
        return tuple(
            self._link_written(self._own_link(row)) for row in rows if (row.metadata or {}).get(OP_KEY) == key.op_id
        )

    def link_state(self, link_id: str) -> PageState:
        """Where a link stands: by the sessions that were completed, the first one first; else whether it is open."""
        done = [self._state(row) for row in self._sessions_of(link_id) if row.status == "complete"]
        if done:
            first, *further = done
            return PageState(
                state=first.state, url=None, payment=first.payment, taken=first.taken, further=tuple(further)
            )
        row = self._link(link_id)
        return PageState(
            state=AttemptState.OFFERED if row.active else AttemptState.EXPIRED,
            url=row.url if row.active else None,
            payment=None,
        )

    def close_link(self, link_id: str) -> PageState:
        """Close the link, and every session of it that somebody has open; what they say after that is what counts."""
        path = f"{LINKS}/{checked_id(link_id)}"
        if self._link(link_id).active:
            try:
                self._calls.write(path, {"active": False}, None, about=link_id)
            except OutcomeUnknown:
                if self._link(link_id).active:
                    raise
        for row in self._sessions_of(link_id):
            if row.status == "open":
                try:
                    self._calls.write(f"{SESSIONS}/{checked_id(row.id)}/expire", {}, None, about=row.id)
                except (Rejected, OutcomeUnknown):
                    continue  # just completed, or nobody knows: its own state is asked for below
        return self.link_state(link_id)

    def _sessions_of(self, link_id: str) -> list[wire.Session]:
        query = {"payment_link": checked_id(link_id), "expand[]": "data.payment_intent"}
        rows = self._every(SESSIONS, query, wire.Session)
        return sorted((self._own(row) for row in rows), key=lambda row: (row.created, row.id))

    def _link(self, link_id: str) -> shapes.PaymentLink:
        path = f"{LINKS}/{checked_id(link_id)}"
        return self._own_link(self._calls.read(path, {}, lambda body: wire.decode(body, shapes.PaymentLink)))

    def _state(self, row: wire.Session) -> PageState:
        intent = row.payment_intent
        if isinstance(intent, str):
            path = f"/v1/payment_intents/{checked_id(intent)}"
            intent = self._calls.read(path, {}, lambda body: wire.decode(body, wire.PaymentIntent))
        state = payments.page_state(row.status, row.payment_status, intent)
        return PageState(
            state=state,
            url=row.url if state is AttemptState.OFFERED else None,
            payment=self._where.link(Kind.PAYMENT, intent.latest_charge) if intent else None,
            taken=from_wire(intent.amount, intent.currency) if intent else None,
        )

    def _own(self, row: wire.Session) -> wire.Session:
        if row.livemode is not self._where.live:
            raise other_mode(key_is_live=self._where.live)
        return row

    def _own_link(self, row: shapes.PaymentLink) -> shapes.PaymentLink:
        if row.livemode is not self._where.live:
            raise other_mode(key_is_live=self._where.live)
        return row

    def _link_written(self, row: shapes.PaymentLink) -> Written:
        return Written(
            ref=self._where.ref(Kind.ATTEMPT, row.id),
            version="",
            amount=_amount(row),
            url=row.url,
            methods=tuple(row.payment_method_types or ()),
        )


def _amount(row: shapes.PaymentLink) -> Money | None:
    lines = row.line_items.data if row.line_items is not None else []
    amounts = [from_wire(line.amount_total, line.currency) for line in lines]
    return total(amounts, amounts[0].currency) if amounts else None
