"""Paying where no address of ours can be reached: the processor's own address for the debt, watched like any other try.

Somebody has to say plainly what this costs: such an address does not read the balance before it takes money.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from connector.app.counters import counters, ways_of
from connector.app.debts import invoice_of, known_of, read_debts, read_refs, turn_of
from connector.app.house import Desk
from connector.app.linking import Wish, link_of
from connector.app.paying import open_page
from connector.app.settling import must_be_closed, refresh, stop
from connector.errors import Refused
from connector.model.paylink import PaymentLink
from connector.model.source import Ref
from connector.paylinks import NO_TERMS, PAYABLE, LeftOut, Offer, Wanted, offer_of

RISK = (
    "This address does not look at the balance: whoever pays by it after having paid in another way pays twice. It is "
    "closed once it was paid, and at the next `receivables sync` after anything else changed the debt; money that came "
    "twice is kept as the customer's credit, and you are told."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosted:
    """The processor's own address for a debt. `left_out` are methods that such an address cannot offer, and why."""

    link: PaymentLink | None
    url: str = field(repr=False)
    amount: str
    methods: tuple[str, ...]
    left_out: tuple[LeftOut, ...] = ()
    risk: str = RISK


def hosted(desk: Desk, *wanted: str, wish: Wish) -> Hosted:
    """The processor's own address for these invoices: its invoice page where the invoice lives there, else an address
    that can be paid once. The same one as long as the amount is the same."""
    refs = tuple(dict.fromkeys(desk.invoice(each) for each in wanted))
    own = _own_page(desk, refs)
    if own is not None:
        return own
    made = link_of(desk, refs, wish, here_only=True)
    link = made.link
    with turn_of(desk, link.debts) as leases:
        read_debts(desk, link)
        refresh(desk, link, "hosted")
        known = known_of(desk, link)
        if known is None or offer_of(link, known) is not Offer.PAY:
            raise Refused(
                "This invoice cannot be paid now.", next_step=f"See why: receivables link show {link.link_id}"
            )
        due = known.settlement.due
        found = ways_of(desk, link, known.debts[0], due)
        terms = {(each.connection, code): one for each in counters(desk) for code, one in each.terms.items()}
        can = tuple(way for way in found.ways if terms.get((way.connection, way.code), NO_TERMS).standing)
        can = tuple(way for way in can if way.connection == can[0].connection)
        if not can:
            raise Refused("No method can be offered by an address that stays.", next_step="Use `receivables serve`.")
        cannot = [
            LeftOut(code=way.code, title=way.title, connection=way.connection, why="an address that stays cannot")
            for way in found.ways
            if way not in can
        ]
        codes = tuple(way.code for way in can)
        for attempt in desk.store.attempts_for(desk.id, link.debts, PAYABLE):
            same = attempt.standing and attempt.amount == due and attempt.methods == codes
            if same and attempt.page_url is not None and attempt.link_id == link.link_id:
                return _told(link, attempt.page_url, str(due), codes, cannot)
            must_be_closed(stop(desk, attempt, "another address is made"))
        for lease in leases:
            desk.store.renew(lease)
        url = open_page(desk, link, Wanted(amount=due, now=desk.clock.now()), can, standing=True)
    return _told(link, url, str(due), codes, cannot)


def _told(link: PaymentLink, url: str, amount: str, codes: tuple[str, ...], cannot: list[LeftOut]) -> Hosted:
    return Hosted(link=link, url=url, amount=amount, methods=codes, left_out=tuple(cannot))


def _own_page(desk: Desk, refs: tuple[Ref, ...]) -> Hosted | None:
    """The page of an invoice that lives at the processor, as it says now: addresses it gave earlier may have ended."""
    if len(refs) != 1 or desk.spec(desk.store.connection(desk.id, refs[0].connection)).keeps_books:
        return None
    read_refs(desk, list(refs))
    invoice = invoice_of(desk, refs[0])
    if invoice.open.minor <= 0 or not invoice.pay_url:
        raise Refused(
            f"Invoice {invoice.number} has no page to pay it on now.",
            next_step="Nothing is open on it." if invoice.open.minor <= 0 else f"Send it from {refs[0].connection}.",
        )
    return Hosted(link=None, url=invoice.pay_url, amount=str(invoice.open), methods=(), risk="")
