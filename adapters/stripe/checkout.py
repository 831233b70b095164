"""Pay pages of one Stripe account: opened once each, found again by our mark, closed.

What a page is asked to be is said in `paypages`.
"""

from __future__ import annotations

from adapters.stripe import wire
from adapters.stripe.calls import written
from adapters.stripe.currency import from_wire
from adapters.stripe.guards import checked_id
from adapters.stripe.links import LINK, SESSIONS, StandingLinks
from adapters.stripe.paypages import BANK_TRANSFER, LISTED_SECONDS, OP_KEY, session_params
from connector.dates import epoch_seconds
from connector.errors import OutcomeUnknown, Rejected
from connector.model.intent import OpenPayPage, WriteKey, Written
from connector.model.source import Kind
from connector.ports import PageState

_WITH_INTENT = {"expand[]": "payment_intent"}


class Checkout(StandingLinks):
    """PayPages. A page that stays is a Payment Link; every other one is a Checkout Session of its own."""

    def open_page(self, intent: OpenPayPage, key: WriteKey) -> Written:
        if intent.standing:
            return self.open_link(intent, key)
        customer = self._payer(intent)
        params = session_params(intent, key, self._clock.now(), customer)
        body = self._calls.write(SESSIONS, params, key, about=customer or str(intent.debt))
        return self._page_written(self._own(written(body, wire.Session)))

    def find_pages(self, intent: OpenPayPage, key: WriteKey) -> tuple[Written, ...]:
        if intent.standing:
            return self.find_links(key)
        since = epoch_seconds(intent.expires_at) - LISTED_SECONDS
        rows = self._every(SESSIONS, {"created[gte]": since}, wire.Session)
        return tuple(
            self._page_written(self._own(row)) for row in rows if (row.metadata or {}).get(OP_KEY) == key.op_id
        )

    def page_state(self, page_id: str) -> PageState:
        if page_id.startswith(LINK):
            return self.link_state(page_id)
        return self._state(self._session(page_id))

    def expire_page(self, page_id: str) -> PageState:
        """Only an open page can be closed; whatever Stripe says to that, the page's own state is what counts."""
        if page_id.startswith(LINK):
            return self.close_link(page_id)
        row = self._session(page_id)
        if row.status != "open":
            return self._state(row)
        about = wire.link_id(row.customer) or row.id
        path = f"{SESSIONS}/{checked_id(row.id)}/expire"
        try:
            body = self._calls.write(path, {"expand": ["payment_intent"]}, None, about=about)
            row = self._own(written(body, wire.Session))
        except (Rejected, OutcomeUnknown):
            row = self._session(page_id)
        return self._state(row)

    def _session(self, page_id: str) -> wire.Session:
        path = f"{SESSIONS}/{checked_id(page_id)}"
        return self._own(self._calls.read(path, _WITH_INTENT, lambda body: wire.decode(body, wire.Session)))

    def _payer(self, intent: OpenPayPage) -> str | None:
        """The payer's Stripe id by exact e-mail address, looked for only when a bank transfer is to be offered."""
        if BANK_TRANSFER not in intent.methods or not intent.email:
            return None
        rows = self._calls.read("/v1/customers", {"limit": 100, "email": intent.email}, _customers)
        known = [row.id for row in rows if (row.email or "").lower() == intent.email.lower()]
        return known[-1] if known else None

    def _page_written(self, row: wire.Session) -> Written:
        return Written(
            ref=self._where.ref(Kind.ATTEMPT, row.id),
            version="",
            amount=from_wire(row.amount_total, row.currency) if row.amount_total is not None and row.currency else None,
            url=row.url,
            methods=tuple(row.payment_method_types),
        )


def _customers(body: bytes) -> list[wire.Customer]:
    return [wire.decode(raw, wire.Customer) for raw in wire.decode(body, wire.Listed).data]
