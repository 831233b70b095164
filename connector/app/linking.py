"""Payment links as their seller sees them: made, listed, shown, taken back, and given another address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from urllib.parse import urlsplit

from connector import canonical
from connector.app.addresses import address_of, make_key, secret_of
from connector.app.counters import counters, ways_of
from connector.app.debts import invoice_of, known_of, turn, turn_of
from connector.app.following import look_at_money
from connector.app.given_back import GoneBack, gone_back
from connector.app.house import Desk, new_op_id
from connector.app.settling import stop
from connector.dates import Instant, after
from connector.errors import Refused, UnknownRecord, UserError, VendorError
from connector.model.invoice import Invoice
from connector.model.link_line import hash_of
from connector.model.money_in import Payment
from connector.model.paylink import AmountMode, LinkAttempt, LinkId, LinkState, PaymentLink, Receipt, Step
from connector.model.source import Kind, Ref
from connector.money import Money, total
from connector.paylinks import (
    NO_TERMS,
    PAYABLE,
    Cost,
    LeftOut,
    Missing,
    Offer,
    Way,
    costs,
    for_sellers_of,
    link_after,
    missing,
    offer_of,
)
from connector.store.links import STEP

DAY = 24 * 3600
DEBTS_MAX = 20
HOSTED = "Or let the processor's own address do it: receivables link create {number} --hosted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a link is to be like: how much may be paid at once, by which methods (empty: all), in which language."""

    mode: AmountMode = AmountMode.WHOLE
    minimum: Money | None = None
    methods: tuple[str, ...] = ()
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeLink:
    """A link and the address to send. The address is worked out from a key, so it can be shown again at any time.

    `costs` says what each method would cost, before anything is sent; `left_out` what is not offered, and why.
    `local`: the address opens on this computer only.
    """

    link: PaymentLink
    url: str = field(repr=False)
    amount: str
    methods: tuple[str, ...]
    costs: tuple[Cost, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    local: bool = False


def make_link(desk: Desk, *wanted: str, wish: Wish | None = None) -> MadeLink:
    """The link of an invoice, or of several of one payer, made at the first asking and the same ever after."""
    refs = tuple(dict.fromkeys(desk.invoice(each) for each in wanted))
    return link_of(desk, refs, wish if wish is not None else Wish())


def link_of(desk: Desk, refs: Sequence[Ref], wish: Wish, *, here_only: bool = False) -> MadeLink:
    """The same for these records. `here_only`: its address is not to be sent to anybody."""
    debts = payable(desk, refs)
    first = next(iter(debts.values()))
    due = total((each.open for each in debts.values()), first.open.currency)
    known_methods(desk, wish)
    found = ways_of(desk, _new(desk, debts, wish), first, due)
    if not found.ways:
        raise _no_way(found.left_out, due)
    desk.writable(desk.store.connection(desk.id, found.ways[0].connection))
    local = opens_here_only(desk.house.config.link_base)
    if local and not here_only:
        refuse_local_for_live(desk, first)
    with turn(desk, "links"):
        make_key(desk.store, desk.id)
        new = _new(desk, debts, wish)
        link = _same(desk, new)
        secret = secret_of(desk.store, desk.id, link or new)
        if link is None:
            link = new
            desk.store.add_link(desk.id, link, hash_of(secret), desk.actor)
            look_at_money(desk)
    return MadeLink(
        link=link,
        url=address_of(desk.house.config.link_base, secret),
        amount=str(due),
        methods=tuple(way.code for way in found.ways),
        costs=_costs(desk, found.ways, due),
        left_out=found.left_out,
        local=local,
    )


def payable(desk: Desk, refs: Sequence[Ref]) -> dict[Ref, Invoice]:
    """These debts, oldest first; Refused where they cannot be paid by one link."""
    if not 0 < len(refs) <= DEBTS_MAX:
        raise UserError(f"A link is for 1 to {DEBTS_MAX} invoices.", next_step="Make several links.")
    debts = {ref: invoice_of(desk, ref) for ref in refs}
    for ref, each in debts.items():
        if each.open.minor <= 0:
            raise Refused(
                f"Nothing is open on invoice {each.number}.", next_step="Run `receivables sync` if it should be."
            )
        if not desk.spec(desk.store.connection(desk.id, ref.connection)).keeps_books:
            # Money that came by a link of ours would settle nothing there.
            raise Refused(
                f"Invoice {each.number} lives in {ref.connection} alone, which has a page of its own for paying it.",
                next_step=f"Send that one: {each.pay_url}" if each.pay_url else "Send it from there.",
            )
    if len({each.customer for each in debts.values()}) > 1 or len({each.open.currency for each in debts.values()}) > 1:
        raise Refused("One link is for one payer and one currency.", next_step="Make a link for each.")
    return dict(sorted(debts.items(), key=lambda pair: (pair[1].due_on or pair[1].issued_on, pair[0])))


def known_methods(desk: Desk, wish: Wish) -> None:
    """Refused, with the reason and what to do instead, for a method that nobody here can offer."""
    known = counters(desk)
    for method in wish.methods:
        those = [each for each in known if method in each.codes or method in each.terms]
        if not those:
            codes = ", ".join(sorted({code for each in known for code in each.codes}))
            raise UserError(f"There is no payment method {method[:40]!r} here.", next_step=f"Those there are: {codes}.")
        reasons = [for_sellers_of(each.terms.get(method, NO_TERMS), each.country) for each in those]
        if all(reasons):
            raise Refused(f"{method} cannot be offered: {reasons[0]}.", next_step="Choose another method.")


def _no_way(left_out: Sequence[LeftOut], due: Money) -> UserError:
    if not left_out:
        return UserError(
            f"No connected processor takes {due.currency}.",
            next_step="Connect one that does: receivables connect --help",
        )
    troubles = list(dict.fromkeys(each.why for each in left_out))
    step = "receivables connect SYSTEM --allow-writes" if "read-only" in troubles[0] else "receivables doctor"
    return Refused(f"No payment method can be offered for {due}: {'; '.join(troubles[:3])}.", next_step=f"Run: {step}")


def _new(desk: Desk, debts: dict[Ref, Invoice], wish: Wish) -> PaymentLink:
    first, *more = debts
    numbers = [each.number for each in debts.values() if each.number]
    now, days = desk.clock.now(), desk.company.links.expire_days
    return PaymentLink(
        link_id=LinkId(f"l-{new_op_id().lower()}"),
        debt=first,
        number=", ".join(numbers) or None,
        state=LinkState.ACTIVE,
        created_at=now,
        more=tuple(more),
        mode=wish.mode,
        minimum=wish.minimum,
        methods=wish.methods,
        language=wish.language,
        expires_at=after(now, days * DAY) if days is not None else None,
    )


def _same(desk: Desk, wanted: PaymentLink) -> PaymentLink | None:
    """The active link for the same debts and amount mode; what is said of methods and language goes for it too."""
    for link in desk.store.links(desk.id, debt=wanted.debt, states=(LinkState.ACTIVE,)):
        alike = (set(link.debts), link.mode, link.minimum) == (set(wanted.debts), wanted.mode, wanted.minimum)
        if alike and not (link.expires_at is not None and desk.clock.now() > link.expires_at):
            methods, language = wanted.methods or link.methods, wanted.language or link.language
            changed = replace(link, methods=methods, language=language)
            return link if changed == link else desk.store.change_link(desk.id, changed, desk.actor)
        if alike:
            desk.store.set_link_state(desk.id, link.link_id, link_after(link.state, "expired"), desk.actor)
    return None


def _costs(desk: Desk, ways: Sequence[Way], due: Money) -> tuple[Cost, ...]:
    prices = {
        (each.connection, code): terms.price
        for each in counters(desk)
        for code, terms in each.terms.items()
        if terms.price is not None
    }
    payments = (
        (stored.ref, stored.record)
        for each in desk.processors()
        for stored in desk.store.records(desk.id, Kind.PAYMENT, connection=each.connection_id)
        if isinstance(stored.record, Payment)
    )
    return costs(ways, due, prices, desk.company.links.costs, payments)


def opens_here_only(base: str) -> bool:
    """Whether an address leads to this computer, or to its own network, and to nobody outside."""
    host = urlsplit(base).hostname or ""
    try:
        return not ip_address(host).is_global
    except ValueError:
        return host == "localhost" or "." not in host or host.endswith((".local", ".localhost", ".internal", ".lan"))


def refuse_local_for_live(desk: Desk, invoice: Invoice) -> None:
    """A link that no payer can open is not sent to one."""
    live = [each.connection_id for each in desk.connections() if each.live]
    if live:
        number = invoice.number or "INVOICE"
        raise Refused(
            f"This link would open only on this computer: payers cannot reach {desk.house.config.link_base}.",
            next_step="Set RECEIVABLES_LINK_BASE to an address that payers can reach (the README has a setup with "
            f"TLS). {HOSTED.format(number=number)}",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Everything of a link. `gaps` are methods that the last page was asked to offer and does not, with the cause."""

    link: PaymentLink
    url: str = field(repr=False)
    offer: Offer
    numbers: tuple[str, ...]
    due: str
    flags: tuple[str, ...]
    attempts: tuple[LinkAttempt, ...]
    receipts: tuple[Receipt, ...]
    gaps: tuple[Missing, ...]
    trail: tuple[Step, ...] = ()
    refunds: tuple[GoneBack, ...] = ()


def chosen_link(desk: Desk, wanted: str) -> PaymentLink:
    """The link of that id, or the newest one of that invoice."""
    if wanted.startswith("l-"):
        return desk.store.link(desk.id, LinkId(wanted))
    links = desk.store.links(desk.id, debt=desk.invoice(wanted))
    if not links:
        raise UnknownRecord(
            f"There is no payment link for {wanted[:40]!r}.", next_step=f"Make one: receivables link create {wanted}"
        )
    return max(links, key=lambda link: (link.state is LinkState.ACTIVE, link.created_at))


def show(desk: Desk, link: PaymentLink) -> Shown:
    """What became of a link so far."""
    known = known_of(desk, link)
    attempts = desk.store.attempts(desk.id, link.link_id)
    settled = known.settlement if known is not None else None
    receipts = desk.store.receipts_for(desk.id, link.debts)
    return Shown(
        link=link,
        url=address_of(desk.house.config.link_base, secret_of(desk.store, desk.id, link)),
        offer=offer_of(link, known) if known is not None else Offer.CLOSED,
        numbers=tuple(each.number or "" for each in known.debts) if known is not None else (),
        due=str(settled.due) if settled is not None else "",
        flags=tuple(sorted(settled.flags)) if settled is not None else (),
        attempts=attempts,
        receipts=receipts,
        gaps=_gaps(desk, attempts),
        trail=trail(desk, link),
        refunds=gone_back(desk, frozenset(each.payment for each in receipts)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One link of the list."""

    number: str
    link_id: LinkId
    state: LinkState
    offer: Offer
    due: str
    flags: tuple[str, ...]
    made_at: Instant


def overview(desk: Desk, *, every: bool = False) -> tuple[Line, ...]:
    """The links, the newest first; only those that somebody can still open, unless all are wanted."""
    states = () if every else (LinkState.ACTIVE, LinkState.SETTLED)
    found = sorted(desk.store.links(desk.id, states=states), key=lambda link: link.created_at, reverse=True)
    return tuple(_line(desk, link) for link in found)


def _line(desk: Desk, link: PaymentLink) -> Line:
    known = known_of(desk, link)
    settled = known.settlement if known is not None else None
    return Line(
        number=link.number or "",
        link_id=link.link_id,
        state=link.state,
        offer=offer_of(link, known) if known is not None else Offer.CLOSED,
        due=str(settled.due) if settled is not None else "",
        flags=tuple(sorted(settled.flags)) if settled is not None else (),
        made_at=link.created_at,
    )


def trail(desk: Desk, link: PaymentLink) -> tuple[Step, ...]:
    """How the tries of a link and their money moved, and what told us of it: from the journal, which nobody can
    change."""
    steps = (canonical.decode(canonical.encode(each.body), Step) for each in desk.store.journal(desk.id, STEP))
    return tuple(step for step in steps if step.link_id == link.link_id)


def _gaps(desk: Desk, attempts: Sequence[LinkAttempt]) -> tuple[Missing, ...]:
    opened = [each for each in attempts if each.offered]
    if not opened:
        return ()
    last = opened[-1]
    counter = next((each for each in counters(desk) if each.connection == last.connection), None)
    return missing(last.methods, last.offered, counter, last.amount) if counter is not None else ()


def revoke(desk: Desk, link: PaymentLink) -> PaymentLink:
    """Take a link back: its address leads nowhere from now on, and its open pages are closed."""
    moved = replace(link, state=link_after(link.state, "revoked"))
    moved = desk.store.change_link(desk.id, moved, desk.actor)
    stop_pages(desk, moved, "the link was taken back")
    return moved


def rotate(desk: Desk, link: PaymentLink) -> tuple[PaymentLink, str]:
    """Give a link another address: the old one leads nowhere from now on. Returns the new address."""
    if link.state not in (LinkState.ACTIVE, LinkState.SETTLED):
        raise Refused(f"A link that is {link.state} has no address.", next_step="Make a new one: receivables link")
    moved = replace(link, generation=link.generation + 1)
    secret = secret_of(desk.store, desk.id, moved)
    moved = desk.store.change_link(desk.id, moved, desk.actor, token_hash=hash_of(secret))
    stop_pages(desk, moved, "the link got another address")
    return moved, address_of(desk.house.config.link_base, secret)


def stop_pages(desk: Desk, link: PaymentLink, why: str) -> None:
    """Close what is open of a link. What cannot be closed now is closed at the next reading."""
    with turn_of(desk, link.debts):
        for attempt in desk.store.attempts(desk.id, link.link_id, states=PAYABLE):
            try:
                stop(desk, attempt, why)
            except (VendorError, Refused):
                continue
