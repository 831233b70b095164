"""What whoever opens a payment link sees, and what happens at the processor when a payer clicks."""

from __future__ import annotations

from dataclasses import dataclass, replace

from connector.app.addresses import back_to, well_formed
from connector.app.counters import known_at, read_at, ways_of
from connector.app.debts import Facts, facts_of, held_invoice, known_of, read_debts, turn_of
from connector.app.house import Desk, House, new_op_id
from connector.app.linking import MadeLink, make_link
from connector.app.settling import must_be_closed, quiet, refresh, stop
from connector.dates import BusinessDate, Instant, after, day_of, zone
from connector.errors import OutcomeUnknown, Refused, TooManyTries
from connector.model.intent import IntentKind, OpenPayPage
from connector.model.link_line import hash_of
from connector.model.money_in import AttemptState
from connector.model.paylink import AttemptId, LinkAttempt, LinkState, PaymentLink, ReceiptState, Share, Step
from connector.model.source import ConnectionId, Ref
from connector.money import Money, by_currency, zero
from connector.paylinks import (
    KEPT,
    Amounts,
    Offer,
    Setback,
    Settlement,
    Showing,
    Wanted,
    Way,
    amounts,
    chosen,
    offer_of,
    setback_of,
    shares,
    showing,
)
from connector.ports import Captures
from connector.post import post
from connector.store import OutboxRow, OutboxState
from connector.store.journal import from_micros

__all__ = ["Debt", "MadeLink", "Paid", "Visit", "came_back", "click", "find", "make_link", "visit"]

PAGE_SECONDS = 60 * 60
"""How long an opened pay page may be used; a new one is opened at the next click."""

CAPTURE_SECONDS = 3 * 60 * 60
"""The same where nothing is taken until we take it: such a page lapses by itself."""

HOUR = 3_600
SHOWN_DAYS = 548
"""How long a settled link still shows that it was paid: eighteen months."""

_GIVEN = frozenset({ReceiptState.PARTLY_REFUNDED, ReceiptState.REFUNDED})

CLOSED_FOR_ALL = frozenset({LinkState.REVOKED, LinkState.EXPIRED})
"""Links that lead to the same page as an address that never was one of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Debt:
    """One invoice behind a link; `share` is what of the amount due goes to it, the oldest first."""

    ref: Ref
    number: str | None
    issued_on: BusinessDate
    due_on: BusinessDate | None
    total: Money
    open: Money
    share: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """Money that came by a link of these debts, or is on its way (`clearing`)."""

    amount: Money
    on: BusinessDate
    method: str
    reference: str
    clearing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What a visitor of a link is shown. `as_of`: when its books were read last. `setback`: what became of the last try
    that left it open. `given_back`: what went, or goes, back to the payer, one sum per currency."""

    company: str
    link: PaymentLink
    number: str | None
    showing: Showing
    settlement: Settlement | None
    amounts: Amounts
    debts: tuple[Debt, ...]
    ways: tuple[Way, ...]
    receipts: tuple[Paid, ...]
    pending: Money | None
    customer: Ref | None
    as_of: Instant | None
    language: str
    setback: Setback | None = None
    given_back: tuple[Money, ...] = ()

    @property
    def methods(self) -> tuple[str, ...]:
        """The codes of its ways."""
        return tuple(way.code for way in self.ways)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The link of an address, and marks that differ whenever its page might (`Visit` and all it is drawn from)."""

    desk: Desk
    link: PaymentLink
    marks: tuple[object, ...]


def find(house: House, token: str) -> Found | None:
    """The link of an address; None for one that is not ours, was taken back or is over, and nobody can tell which."""
    if not well_formed(token):
        return None
    visited = house.store.visited(hash_of(token))
    if visited is None:
        return None
    link = visited.link
    if link.state in CLOSED_FOR_ALL or _is_over(link, house.clock.now()):
        return None
    desk = house.lend(visited.company)
    return Found(desk=desk, link=link, marks=(visited.company, link, visited.marks, known_at(desk)))


def _is_over(link: PaymentLink, now: Instant) -> bool:
    if link.expires_at is not None and link.state is LinkState.ACTIVE and now > link.expires_at:
        return True
    settled = link.settled_at if link.state is LinkState.SETTLED else None
    return settled is not None and now > after(settled, SHOWN_DAYS * 24 * HOUR)


def visit(desk: Desk, link: PaymentLink, read_live: Instant | None = None) -> Visit:
    """What the link shows now. Only reads, and asks nobody outside: who looks at a link changes nothing.

    `read_live`: when its debts alone were asked for last, if ever.
    """
    with desk.store.at_once():
        return _seen(desk, link, read_live)


def _seen(desk: Desk, link: PaymentLink, read_live: Instant | None) -> Visit:
    facts = facts_of(desk, link.debts)
    known = facts.known(desk.company.links)
    if known is None:
        return _nothing_left(desk, link, facts)
    shown, settled = showing(link, known), known.settlement
    first = known.debts[0]
    ways: tuple[Way, ...] = ()
    if shown.offer is Offer.PAY:
        ways = ways_of(desk, link, first, shown.amount, lately=True).ways
    return Visit(
        company=desk.company.name,
        link=link,
        number=link.number,
        showing=shown,
        settlement=settled,
        amounts=amounts(link, settled.due),
        debts=_debts(facts, settled.due),
        ways=ways,
        receipts=_paid(desk, facts),
        pending=known.pending or settled.clearing or None,
        customer=first.customer,
        as_of=max((at for at in (read_live, read_at(desk, link.debt.connection)) if at is not None), default=None),
        language=link.language,
        setback=setback_of(known) if shown.offer is Offer.PAY else None,
        given_back=_given_back(facts),
    )


def came_back(desk: Desk, link: PaymentLink) -> None:
    """A payer came back from a processor's page, or says so: find out. Harmless when it is repeated or guessed."""
    with turn_of(desk, link.debts):
        refresh(desk, link, "the payer came back", payer_is_back=True)


def _nothing_left(desk: Desk, link: PaymentLink, facts: Facts) -> Visit:
    nothing = zero(desk.company.home_currency)
    return Visit(
        company=desk.company.name,
        link=link,
        number=link.number,
        showing=Showing(offer=Offer.CLOSED, amount=nothing),
        settlement=None,
        amounts=amounts(link, nothing),
        debts=(),
        ways=(),
        receipts=_paid(desk, facts),
        pending=None,
        customer=None,
        as_of=None,
        language=link.language,
        given_back=_given_back(facts),
    )


def _due_on_each(facts: Facts) -> list[Share]:
    """What is due on each debt, oldest first, less what came by links and its books do not know yet."""
    found = []
    for ref, invoice in facts.debts.items():
        left = invoice.open - facts.received_on(ref)
        found.append(Share(debt=ref, amount=left if left.minor > 0 else zero(left.currency)))
    return found


def _debts(facts: Facts, due: Money) -> tuple[Debt, ...]:
    given = {share.debt: share.amount for share in _spread(due, _due_on_each(facts))}
    return tuple(
        Debt(
            ref=ref,
            number=each.number,
            issued_on=each.issued_on,
            due_on=each.due_on,
            total=each.total,
            open=each.open,
            share=given.get(ref, zero(each.open.currency)),
        )
        for ref, each in facts.debts.items()
    )


def _spread(amount: Money, due: list[Share]) -> tuple[Share, ...]:
    """The shares of an amount; where money that came twice makes them fewer, each debt's own balance."""
    try:
        return shares(amount, due)
    except Refused:
        return tuple(due)


def _paid(desk: Desk, facts: Facts) -> tuple[Paid, ...]:
    where, found = zone(desk.company.zone), []
    for each in facts.receipts:
        if each.state not in KEPT:
            continue  # nobody has a receipt for money that went back
        on, reference = day_of(each.at, where), each.payment.vendor_id
        found.append(Paid(amount=each.kept, on=on, method=each.method, reference=reference, clearing=False))
    for attempt in facts.attempts:
        if attempt.state is AttemptState.PROCESSING:
            on = day_of(attempt.created_at or desk.clock.now(), where)
            method = attempt.methods[0] if len(attempt.methods) == 1 else ""
            found.append(Paid(amount=attempt.amount, on=on, method=method, reference="", clearing=True))
    return tuple(found)


def _given_back(facts: Facts) -> tuple[Money, ...]:
    """What of the money that came for these debts went back to who paid it, or is on its way there."""
    back = (each.amount - each.kept for each in facts.receipts if each.state in _GIVEN and each.kept <= each.amount)
    return tuple(each for each in by_currency(back).values() if each)


def click(desk: Desk, link: PaymentLink, method: str | None = None, amount: Money | None = None) -> str:
    """The address of the processor's page for exactly what is due now, or the part of it that the payer chose.

    `method` None: whatever the first processor offers together. At most one page is open for a debt, by whatever link
    and method. Refused when there is nothing to pay; TooManyTries; OutcomeUnknown when a processor did not answer: the
    next click looks first, and no second page is opened while the first is in doubt.
    """
    with turn_of(desk, link.debts) as leases:
        read_debts(desk, link)
        finish_openings(desk, link)
        refresh(desk, link, "click")
        link = desk.store.link(desk.id, link.link_id)
        wanted, ways = _wanted(desk, link, method, amount)
        known = known_of(desk, link)
        shown = showing(link, known, wanted) if known is not None else None
        if shown is None or shown.offer is not Offer.PAY:
            raise _not_now()
        if shown.reuse is None:
            _not_too_many(desk, link)
        for stale in shown.stale:
            held = desk.store.attempt(desk.id, stale.attempt_id) or stale
            must_be_closed(stop(desk, held, "another page is opened"))
        if shown.reuse is not None and shown.reuse.page_url is not None:
            return shown.reuse.page_url
        for lease in leases:
            desk.store.renew(lease)
        return open_page(desk, link, wanted, ways)


def _not_now() -> Refused:
    return Refused("This invoice cannot be paid now.", next_step="Open the link again to see why.")


def _wanted(desk: Desk, link: PaymentLink, method: str | None, amount: Money | None) -> tuple[Wanted, tuple[Way, ...]]:
    """What the payer asks for, and the ways that its page offers together."""
    known = known_of(desk, link)
    if known is None or offer_of(link, known) is not Offer.PAY:
        raise _not_now()
    asked = chosen(amounts(link, known.settlement.due), amount)
    ways = ways_of(desk, link, known.debts[0], asked).ways
    if method is not None:
        ways = tuple(way for way in ways if way.code == method)
    if not ways:
        raise Refused(
            f"No connected processor takes {asked.currency} here."
            if method is None
            else "That way to pay is not offered here.",
            next_step="Open the link again to see which are, or see: receivables link show",
        )
    ways = tuple(way for way in ways if way.connection == ways[0].connection)
    return Wanted(amount=asked, now=desk.clock.now(), method=method), ways


def _not_too_many(desk: Desk, link: PaymentLink) -> None:
    """One payer, or a program that tries cards, does not open page after page."""
    now, config = desk.clock.now(), desk.house.config
    since = after(now, -HOUR)
    for allowed, of in ((config.link_tries_per_hour, link.link_id), (config.company_tries_per_hour, None)):
        held, first = desk.store.attempts_since(desk.id, since, of)
        if held >= allowed:
            wait = int((from_micros(first) - since).total_seconds()) + 1
            raise TooManyTries("Too many pay pages were opened in the last hour.", retry_after_seconds=max(wait, 1))


def open_page(desk: Desk, link: PaymentLink, wanted: Wanted, ways: tuple[Way, ...], *, hosted: bool = False) -> str:
    """Open a page for that amount, written down before. The caller has the turn of the debts. `hosted`: nothing leads
    back to an address of ours, and it stays, except where we take the money ourselves: such a page lapses."""
    connection = desk.writable(desk.store.connection(desk.id, ways[0].connection))
    captures = isinstance(desk.adapter(connection), Captures)
    attempt = _attempt(desk, link, wanted, ways, CAPTURE_SECONDS if captures else PAGE_SECONDS)
    attempt = replace(attempt, standing=hosted and not captures)
    intent = OpenPayPage(
        connection=connection.connection_id,
        debt=attempt.debt,
        number=_numbers(desk, link, attempt),
        amount=attempt.amount,
        methods=attempt.methods,
        expires_at=attempt.expires_at,
        return_url="" if hosted else back_to(desk.house.config.link_base, link.link_id),
        attempt=attempt.attempt_id,
        shares=attempt.shares,
        standing=attempt.standing,
    )
    row = OutboxRow(
        op_id=attempt.op_id,
        company_id=desk.id,
        connection_id=connection.connection_id,
        kind=IntentKind.PAY_PAGE,
        subject=f"pay_page:{attempt.attempt_id}",
        intent=intent,
        actor=desk.actor,
    )
    step = Step(attempt_id=attempt.attempt_id, link_id=link.link_id, before="", after=attempt.state, cause="click")
    desk.store.save_attempt(desk.id, attempt, rows=[row], step=step)
    desk.house.boundary("link.attempt-stored")
    return _carry(desk, attempt)


def _attempt(desk: Desk, link: PaymentLink, wanted: Wanted, ways: tuple[Way, ...], seconds: int) -> LinkAttempt:
    several = len(link.debts) > 1
    given = shares(wanted.amount, _due_on_each(facts_of(desk, link.debts))) if several else ()
    return LinkAttempt(
        attempt_id=AttemptId(f"a-{new_op_id().lower()}"),
        link_id=link.link_id,
        debt=given[0].debt if given else link.debt,
        connection=ConnectionId(ways[0].connection),
        op_id=new_op_id(),
        amount=wanted.amount,
        methods=tuple(way.code for way in ways),
        state=AttemptState.CREATED,
        expires_at=after(wanted.now, seconds),
        created_at=wanted.now,
        shares=given,
    )


def _numbers(desk: Desk, link: PaymentLink, attempt: LinkAttempt) -> str | None:
    """What the processor's page names: the invoices that this money is for."""
    if not attempt.shares:
        return link.number
    held = [held_invoice(desk, debt) for debt in attempt.debts]
    return ", ".join(each.number for each in held if each is not None and each.number) or None


def _carry(desk: Desk, attempt: LinkAttempt) -> str:
    """Open the page of a stored try, and remember where it is."""
    desk.writable(desk.store.connection(desk.id, attempt.connection))
    with desk.lease(f"page:{attempt.attempt_id}") as lease:
        post(desk.tools(quiet), desk.id, lease, only=frozenset({attempt.op_id}))
    row = desk.store.outbox_row(desk.id, attempt.op_id)
    desk.house.boundary("link.page-opened")
    answer = row.answer
    if row.state is OutboxState.DONE and answer is not None and answer.url is not None:
        opened = replace(
            attempt,
            state=AttemptState.OFFERED,
            page_id=answer.ref.vendor_id,
            page_url=answer.url,
            offered=answer.methods,
        )
        desk.store.save_attempt(desk.id, opened, step=_opening(attempt, AttemptState.OFFERED))
        return answer.url
    if row.state is OutboxState.DEAD:
        failed = replace(attempt, state=AttemptState.FAILED, fault=row.fault)
        desk.store.save_attempt(desk.id, failed, step=_opening(attempt, AttemptState.FAILED))
        raise Refused("The processor refused to open a pay page.", next_step=row.fault)
    raise OutcomeUnknown(
        "The processor did not answer, so the pay page may or may not be open.",
        next_step="Open the link again in a minute; it is looked up there first.",
    )


def _opening(attempt: LinkAttempt, state: AttemptState) -> Step:
    return Step(
        attempt_id=attempt.attempt_id, link_id=attempt.link_id, before=attempt.state, after=state, cause="page opened"
    )


def finish_openings(desk: Desk, link: PaymentLink) -> None:
    """Find out what became of pages whose opening was cut short. While one is in doubt, no other may be opened."""
    for attempt in desk.store.attempts_for(desk.id, link.debts, (AttemptState.CREATED,)):
        if attempt.page_id is None:
            try:
                _carry(desk, attempt)
            except Refused:
                continue
