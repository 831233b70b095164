"""One stable link per debt, and what happens at the processor when a payer clicks it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace

from connector.app.addresses import address_of, hash_of, make_key, secret_of
from connector.app.house import Desk, House, new_op_id
from connector.dates import after
from connector.errors import OutcomeUnknown, Refused, StoreLocked, UserError, VendorError
from connector.model.firm import Connection
from connector.model.intent import IntentKind, OpenPayPage
from connector.model.invoice import Invoice
from connector.model.mirror import Gone
from connector.model.money_in import AttemptState, PaymentState
from connector.model.paylink import AttemptId, LinkAttempt, LinkId, LinkState, PaymentLink
from connector.model.source import CompanyId, Ref
from connector.paylinks import LIVE, Offer, Showing, attempt_may_become, methods_for, showing
from connector.ports import Lookable, PayPages
from connector.post import post
from connector.reconcile.arrived import arrived_by_invoice
from connector.reconcile.booked import posted_payments
from connector.reconcile.fights import as_it_stands, disputes_of
from connector.reconcile.pending import pending_by_invoice
from connector.reconcile.snapshot import Snapshot
from connector.store import Lease, OutboxRow, OutboxState

LOOKS_MAX = 3
PAGE_SECONDS = 60 * 60
"""How long an opened pay page may be used; a new one is opened at the next click."""

TURN_SECONDS_MAX = 15.0
_TURN_POLL_SECONDS = 0.1

ATTEMPT_TAG = "receivables_attempt"
"""The key under which a payment names the try to pay that it came of."""

_GIVEN_BACK = frozenset({PaymentState.RETURNED, PaymentState.REFUNDED, PaymentState.VOID})


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeLink:
    """A link and the address to send. The address is worked out from a key, so it can be shown again at any time."""

    link: PaymentLink
    url: str
    amount: str
    methods: tuple[str, ...]


def processor_for(desk: Desk, invoice: Invoice) -> tuple[Connection, tuple[str, ...]]:
    """The connection that can show a pay page for this invoice, and the methods it would offer."""
    for connection in desk.processors():
        spec = desk.spec(connection)
        methods = methods_for(invoice.open.currency, spec.method_codes)
        if methods and isinstance(desk.adapter(connection), PayPages):
            return connection, methods
    raise UserError(
        f"No connected processor takes {invoice.open.currency}.",
        next_step="Connect one that does: receivables connect --help",
    )


def make_link(desk: Desk, wanted: str) -> MadeLink:
    """The link of an invoice, made at the first asking and the same ever after."""
    ref = desk.invoice(wanted)
    invoice = _invoice(desk, ref)
    if invoice.open.minor <= 0:
        raise Refused(
            f"Nothing is open on invoice {invoice.number}.", next_step="Run `receivables sync` if it should be."
        )
    if not desk.spec(desk.store.connection(desk.id, ref.connection)).keeps_books:
        # Money that came by a link of ours would settle nothing there.
        raise Refused(
            f"Invoice {invoice.number} lives in {ref.connection} alone, which has a page of its own for paying it.",
            next_step=f"Send that one: {invoice.pay_url}" if invoice.pay_url else "Send it from there.",
        )
    connection, methods = processor_for(desk, invoice)
    desk.writable(connection)
    with _turn(desk, "links"):
        make_key(desk.store, desk.id)
        links = [link for link in desk.store.links(desk.id, debt=ref) if link.state is LinkState.ACTIVE]
        link = links[0] if links else _new_link(desk, ref, invoice)
        secret = secret_of(desk.store, desk.id, link.link_id)
        if not links:
            desk.store.add_link(desk.id, link, hash_of(secret), desk.actor)
    url = address_of(desk.house.config.link_base, secret)
    return MadeLink(link=link, url=url, amount=str(invoice.open), methods=methods)


@contextmanager
def _turn(desk: Desk, name: str) -> Iterator[Lease]:
    """A lease, waited_seconds for a little: whoever clicks twice gets the page that the first click opens."""
    # By the clock and not by counting tries: a try that meets a busy database waits for as long as that is allowed to.
    until = desk.clock.monotonic() + TURN_SECONDS_MAX
    with ExitStack() as held:
        while True:
            try:
                lease = held.enter_context(desk.lease(name))
                break
            except StoreLocked:
                if desk.clock.monotonic() >= until:
                    raise
            desk.clock.sleep(_TURN_POLL_SECONDS)
        yield lease


def _new_link(desk: Desk, ref: Ref, invoice: Invoice) -> PaymentLink:
    return PaymentLink(
        link_id=LinkId(f"l-{new_op_id().lower()}"),
        debt=ref,
        number=invoice.number,
        state=LinkState.ACTIVE,
        created_at=desk.clock.now(),
    )


def _invoice(desk: Desk, ref: Ref) -> Invoice:
    held = desk.store.record(desk.id, ref)
    if held is None or isinstance(held.record, Gone) or not isinstance(held.record, Invoice):
        raise UserError(f"{ref} is not an invoice that is still there.", next_step="Run: receivables sync")
    return held.record


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What a visitor of a link is shown."""

    company: str
    number: str | None
    showing: Showing
    methods: tuple[str, ...]


def find(house: House, token: str) -> tuple[Desk, PaymentLink] | None:
    """The link of an address, or None for any address that is not one of ours."""
    found: tuple[CompanyId, PaymentLink] | None = house.store.link_by_token(hash_of(token))
    return (house.company(found[0]), found[1]) if found is not None else None


def visit(desk: Desk, link: PaymentLink) -> Visit:
    """What the link offers now, from the mirror and from what its pages say; opens nothing."""
    _refresh(desk, link)
    return _seen(desk, link)


def _seen(desk: Desk, link: PaymentLink) -> Visit:
    invoice = _invoice(desk, link.debt)
    seen = desk.snapshot()
    over = _over(seen)
    attempts = [each for each in desk.store.attempts(desk.id, link.link_id) if each.attempt_id not in over]
    under_way = pending_by_invoice(seen).get(link.debt) or arrived_by_invoice(seen).get(link.debt)
    shown = showing(link, invoice, attempts, under_way)
    methods: tuple[str, ...] = ()
    if shown.offer is Offer.PAY:
        methods = processor_for(desk, invoice)[1]
    return Visit(company=desk.company.name, number=link.number, showing=shown, methods=methods)


def _over(seen: Snapshot) -> frozenset[str]:
    """The tries whose money stands in the books by now, or came and went back: they forbid no further one."""
    posted, disputes = posted_payments(seen), disputes_of(seen)
    return frozenset(
        tag.value
        for ref, payment in seen.payments.items()
        if ref in posted or as_it_stands(ref, payment, disputes).state in _GIVEN_BACK
        for tag in payment.tags
        if tag.name == ATTEMPT_TAG
    )


def click(desk: Desk, link: PaymentLink) -> str:
    """The address of the processor's page for exactly what is open now; one open page per link.

    Refused when there is nothing to pay. OutcomeUnknown when the processor did not answer: the next click looks first,
    and no second page is opened while the first is in doubt.
    """
    with _turn(desk, f"debt:{link.link_id}") as lease:
        _read_debt(desk, link)
        _settle_openings(desk, link)
        _refresh(desk, link)
        seen = _seen(desk, link)
        if seen.showing.offer is not Offer.PAY:
            raise Refused("This invoice cannot be paid now.", next_step="Open the link again to see why.")
        for stale in seen.showing.stale:
            _close(desk, stale)
        if seen.showing.reuse is not None and seen.showing.reuse.page_url is not None:
            return seen.showing.reuse.page_url
        desk.store.renew(lease)
        return _open(desk, link, seen)


def _read_debt(desk: Desk, link: PaymentLink) -> None:
    """Ask for the debt as it stands now, with what was paid on it, so that the amount is the live one."""
    connection = desk.store.connection(desk.id, link.debt.connection)
    adapter = desk.adapter(connection)
    if not isinstance(adapter, Lookable):
        return
    for _ in range(LOOKS_MAX):
        # A sync may store something newer while we wait for the answer; it would never be told again.
        author = replace(desk.author("click"), asked_at=desk.store.head(desk.id)[0])
        page = adapter.look([link.debt])
        if not desk.store.save_pages(author, connection.connection_id, None, [page]).overtaken:
            return


def _open(desk: Desk, link: PaymentLink, seen: Visit) -> str:
    connection, methods = processor_for(desk, _invoice(desk, link.debt))
    desk.writable(connection)
    now = desk.clock.now()
    attempt = LinkAttempt(
        attempt_id=AttemptId(f"a-{new_op_id().lower()}"),
        link_id=link.link_id,
        debt=link.debt,
        connection=connection.connection_id,
        op_id=new_op_id(),
        amount=seen.showing.amount,
        methods=methods,
        state=AttemptState.CREATED,
        expires_at=after(now, PAGE_SECONDS),
    )
    intent = OpenPayPage(
        connection=connection.connection_id,
        debt=link.debt,
        number=link.number,
        amount=attempt.amount,
        methods=methods,
        expires_at=attempt.expires_at,
        return_url=address_of(desk.house.config.link_base, link.link_id),
        attempt=attempt.attempt_id,
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
    desk.store.save_attempt(desk.id, attempt, rows=[row])
    desk.house.boundary("link.attempt-stored")
    return _carry(desk, attempt)


def _carry(desk: Desk, attempt: LinkAttempt) -> str:
    """Open the page of a stored try, and remember where it is."""
    desk.writable(desk.store.connection(desk.id, attempt.connection))
    with desk.lease(f"page:{attempt.attempt_id}") as lease:
        post(desk.tools(_quiet), desk.id, lease, only=frozenset({attempt.op_id}))
    row = desk.store.outbox_row(desk.id, attempt.op_id)
    desk.house.boundary("link.page-opened")
    if row.state is OutboxState.DONE and row.answer is not None and row.answer.url is not None:
        opened = replace(attempt, state=AttemptState.OFFERED, page_id=row.answer.ref.vendor_id, page_url=row.answer.url)
        desk.store.save_attempt(desk.id, opened)
        return row.answer.url
    if row.state is OutboxState.DEAD:
        desk.store.save_attempt(desk.id, replace(attempt, state=AttemptState.FAILED))
        raise Refused("The processor refused to open a pay page.", next_step=row.fault)
    raise OutcomeUnknown(
        "The processor did not answer, so the pay page may or may not be open.",
        next_step="Open the link again in a minute; it is looked up there first.",
    )


def _quiet(row: OutboxRow) -> None:
    """A click shows no progress."""


def _settle_openings(desk: Desk, link: PaymentLink) -> None:
    """Find out what became of pages whose opening was cut short. While one is in doubt, no other may be opened."""
    for attempt in desk.store.attempts(desk.id, link.link_id):
        if attempt.state is AttemptState.CREATED and attempt.page_id is None:
            with suppress(Refused):
                _carry(desk, attempt)


def _refresh(desk: Desk, link: PaymentLink) -> None:
    """Ask the processor where each live page of the link stands. A processor that is away leaves them as they are."""
    for attempt in desk.store.attempts(desk.id, link.link_id):
        if attempt.state not in LIVE or attempt.page_id is None:
            continue
        adapter = desk.adapter(desk.store.connection(desk.id, attempt.connection))
        if not isinstance(adapter, PayPages):
            continue
        try:
            state = adapter.page_state(attempt.page_id)
        except (VendorError, Refused):
            continue
        if attempt_may_become(attempt.state, state.state) and state.state is not attempt.state:
            desk.store.save_attempt(desk.id, replace(attempt, state=state.state, page_url=state.url))


def _close(desk: Desk, attempt: LinkAttempt) -> None:
    """Close a page that is not to be used; what it says afterwards is what counts."""
    connection = desk.writable(desk.store.connection(desk.id, attempt.connection))
    adapter = desk.adapter(connection)
    if attempt.page_id is None or not isinstance(adapter, PayPages):
        return
    state = adapter.expire_page(attempt.page_id)
    desk.store.save_attempt(desk.id, replace(attempt, state=state.state, page_url=None))
    if state.state in (AttemptState.SUCCEEDED, AttemptState.PROCESSING):
        raise Refused("This invoice has just been paid.", next_step="Open the link again to see it.")
    if state.state in LIVE:
        raise OutcomeUnknown(
            "An earlier pay page of this link could not be closed.",
            next_step="Open the link again in a minute; no second page is opened beside it.",
        )
