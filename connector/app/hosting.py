"""Paying where no address of ours can be reached: the processors' own addresses for the debt, watched like other tries.

Somebody has to say plainly what this costs: such an address does not read the balance before it takes money. Where we
take the money ourselves it does: what the payer has agreed to is taken only while the debt asks for it, and after every
other address for it was closed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from connector.app.counters import counters, ways_of
from connector.app.debts import invoice_of, known_of, read_debts, read_refs, turn_of
from connector.app.house import Desk
from connector.app.linking import Wish, link_of
from connector.app.paying import finish_openings, open_page
from connector.app.settling import must_be_closed, refresh, stop
from connector.dates import Instant, after
from connector.errors import Refused
from connector.model.paylink import LinkAttempt, PaymentLink
from connector.model.source import ConnectionId, Ref
from connector.money import Money
from connector.paylinks import NO_TERMS, PAYABLE, REUSE_SECONDS_MIN, LeftOut, Offer, Wanted, Way, offer_of
from connector.ports import Captures

RISK = (
    "This address does not look at the balance: whoever pays by it after having paid in another way pays twice. It is "
    "closed once it was paid, and at the next `receivables sync` after anything else changed the debt; money that came "
    "twice is kept as the customer's credit, you are told, and `receivables refund` plans to give it back."
)
TAKEN_BY_US = (
    "On this page the payer only agrees; the money is taken by `receivables run` or `receivables sync`, while the page "
    "is good: once the balance was read, nothing else is on its way, and every other address for it was closed. So "
    "nothing is taken twice by it. Until one of them ran, the payer has agreed and not paid."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostedPage:
    """One address of a processor's own. `until` is there where it ends by itself, `risk` what is to be known of it."""

    processor: str
    url: str = field(repr=False)
    methods: tuple[str, ...]
    until: Instant | None
    risk: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosted:
    """The processors' own addresses for a debt: the one that stays first. `left_out` are methods that no such address
    can offer, and why."""

    link: PaymentLink | None
    amount: str
    pages: tuple[HostedPage, ...]
    left_out: tuple[LeftOut, ...] = ()

    @property
    def url(self) -> str:
        """The first of them."""
        return self.pages[0].url

    @property
    def methods(self) -> tuple[str, ...]:
        """All that can be paid by."""
        return tuple(code for page in self.pages for code in page.methods)

    @property
    def risk(self) -> str:
        """What is to be known of the first."""
        return self.pages[0].risk


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counter:
    """The ways of one processor that can be offered by an address of its own."""

    connection: ConnectionId
    ways: tuple[Way, ...]
    stays: bool

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(way.code for way in self.ways)


def hosted(desk: Desk, *wanted: str, wish: Wish) -> Hosted:
    """The processors' own addresses for these invoices: the invoice's page where it lives there; else one that can be
    paid once, and one for each processor whose payers only agree. The same ones as long as the amount is the same."""
    refs = tuple(dict.fromkeys(desk.invoice(each) for each in wanted))
    own = _own_page(desk, refs)
    if own is not None:
        return own
    link = link_of(desk, refs, wish, here_only=True).link
    with turn_of(desk, link.debts) as leases:
        read_debts(desk, link)
        finish_openings(desk, link)
        refresh(desk, link, "hosted")
        known = known_of(desk, link)
        if known is None or offer_of(link, known) is not Offer.PAY:
            raise Refused(
                "This invoice cannot be paid now.", next_step=f"See why: receivables link show {link.link_id}"
            )
        due = known.settlement.due
        found = ways_of(desk, link, known.debts[0], due)
        offering = _offering(desk, found.ways)
        if not offering:
            raise Refused("No method can be offered by an address that stays.", next_step="Use `receivables serve`.")
        taken = {(way.connection, way.code) for each in offering for way in each.ways}
        cannot = tuple(
            LeftOut(code=way.code, title=way.title, connection=way.connection, why="an address that stays cannot")
            for way in found.ways
            if (way.connection, way.code) not in taken
        )
        held = _held(desk, link, offering, due)
        for lease in leases:
            desk.store.renew(lease)
        for each in offering:
            if each.connection not in held:
                wish_now = Wanted(amount=due, now=desk.clock.now())
                open_page(desk, link, wish_now, each.ways, hosted=True)
        held = _held(desk, link, offering, due)
    pages = tuple(_page(desk, each, held[each.connection]) for each in offering)
    return Hosted(link=link, amount=str(due), pages=pages, left_out=cannot)


def _offering(desk: Desk, ways: Sequence[Way]) -> tuple[_Counter, ...]:
    """Who can offer an address: the first processor with one that stays, and all whose payers only agree."""
    terms = {(each.connection, code): one for each in counters(desk) for code, one in each.terms.items()}
    stay = [way for way in ways if terms.get((way.connection, way.code), NO_TERMS).standing]
    found = []
    for connection in dict.fromkeys(way.connection for way in ways):
        adapter = desk.adapter(desk.store.connection(desk.id, connection))
        if isinstance(adapter, Captures):
            own = tuple(way for way in ways if way.connection == connection)
            found.append(_Counter(connection=connection, ways=own, stays=False))
        elif stay and connection == stay[0].connection:
            own = tuple(way for way in stay if way.connection == connection)
            found.append(_Counter(connection=connection, ways=own, stays=True))
    return tuple(sorted(found, key=lambda each: not each.stays))


def _held(desk: Desk, link: PaymentLink, offering: Sequence[_Counter], due: Money) -> dict[ConnectionId, LinkAttempt]:
    """The addresses that are open and right, by processor; every other open page of these debts is closed."""
    wanted, found = {each.connection: each for each in offering}, dict[ConnectionId, LinkAttempt]()
    for attempt in desk.store.attempts_for(desk.id, link.debts, PAYABLE):
        counter = wanted.get(attempt.connection)
        if counter is not None and attempt.connection not in found and _fits(desk, attempt, link, counter, due):
            found[attempt.connection] = attempt
        else:
            must_be_closed(stop(desk, attempt, "another address is made"))
    return found


def _fits(desk: Desk, attempt: LinkAttempt, link: PaymentLink, counter: _Counter, due: Money) -> bool:
    asked = (attempt.link_id, attempt.amount, attempt.methods, attempt.standing)
    lasts = counter.stays or after(desk.clock.now(), REUSE_SECONDS_MIN) < attempt.expires_at
    return asked == (link.link_id, due, counter.codes, counter.stays) and attempt.page_url is not None and lasts


def _page(desk: Desk, counter: _Counter, attempt: LinkAttempt) -> HostedPage:
    return HostedPage(
        processor=desk.spec(desk.store.connection(desk.id, counter.connection)).title,
        url=attempt.page_url or "",
        methods=counter.codes,
        until=None if counter.stays else attempt.expires_at,
        risk=RISK if counter.stays else TAKEN_BY_US,
    )


def _own_page(desk: Desk, refs: tuple[Ref, ...]) -> Hosted | None:
    """The page of an invoice that lives at the processor, as it says now: addresses it gave earlier may have ended."""
    if len(refs) != 1:
        return None
    connection = desk.store.connection(desk.id, refs[0].connection)
    if desk.spec(connection).keeps_books:
        return None
    read_refs(desk, list(refs))
    invoice = invoice_of(desk, refs[0])
    if invoice.open.minor <= 0 or not invoice.pay_url:
        raise Refused(
            f"Invoice {invoice.number} has no page to pay it on now.",
            next_step="Nothing is open on it." if invoice.open.minor <= 0 else f"Send it from {refs[0].connection}.",
        )
    page = HostedPage(processor=desk.spec(connection).title, url=invoice.pay_url, methods=(), until=None, risk="")
    return Hosted(link=None, amount=str(invoice.open), pages=(page,))
