"""Which payment links belong on which invoices, where the firm wants them there; and a plan for a single one.

A line is written down with the link's id in place of the secret. How it will stand on the invoice is kept as hashes, so
that a later plan sees whether it still stands there as we wrote it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from connector import canonical
from connector.app.addresses import address_of, secret_of
from connector.app.freshness import freshness
from connector.app.house import Desk, new_op_id
from connector.app.linking import chosen_link, opens_here_only
from connector.app.rechecks import with_live_profile
from connector.errors import Refused, UserError
from connector.model.intent import ShowLink, VoidPosting
from connector.model.link_line import LinkLine, links_in
from connector.model.paylink import LinkRules, LinkState, PaymentLink
from connector.model.source import OpId, PlanId, Ref
from connector.paylinks import LastShown, OnInvoice, line_of
from connector.plan import Frame, Plan
from connector.plan.planner import plan_of_links
from connector.ports import ShowsLinks
from connector.store import OutboxRow, OutboxState

_WHY = {
    LinkState.ACTIVE: "it is to be paid by that link",
    LinkState.SETTLED: "it is paid",
    LinkState.EXPIRED: "its link has ended",
    LinkState.REVOKED: "its link was taken back",
    LinkState.SUPERSEDED: "its link is for it no longer",
}


def on_invoices(desk: Desk) -> tuple[OnInvoice, ...]:
    """What the invoices are to show now; nothing where the firm wants no links on them."""
    rules = desk.company.links
    if not rules.on_invoice or nobody_can_open(desk):
        return ()
    last = _last_shown(desk)
    return tuple(_wanted(desk, link, last.get(link.debt)) for link in _of_single_invoices(desk))


def lines_to_change(desk: Desk, rules: LinkRules) -> int:
    """On how many invoices these rules would have something else than what we put there last. A plan has no more lines
    than that, and fewer where a person changed one, or its period is closed."""
    then = on_invoices(Desk(desk.house, replace(desk.company, links=rules)))
    return sum(each.line != (each.last.line if each.last is not None else None) for each in then)


def lines_standing(desk: Desk) -> int:
    """On how many invoices we put a link that we have not taken off again."""
    return sum(last.line is not None for last in _last_shown(desk).values())


def nobody_can_open(desk: Desk) -> bool:
    """Whether the addresses open on this computer only, and the firm is a real one."""
    return opens_here_only(desk.house.config.link_base) and any(each.live for each in desk.connections())


def _of_single_invoices(desk: Desk) -> Iterator[PaymentLink]:
    """One link for each invoice that has one of its own in the books: the active one, else the latest."""
    books, best = desk.books().connection_id, dict[Ref, PaymentLink]()
    for link in desk.store.links(desk.id):
        if len(link.debts) == 1 and link.debt.connection == books:
            held = best.get(link.debt)
            best[link.debt] = link if held is None else max(held, link, key=_rank)
    yield from best.values()


def _rank(link: PaymentLink) -> tuple[bool, bool, object]:
    return link.state is LinkState.ACTIVE, link.state is LinkState.SETTLED, link.created_at


def _wanted(desk: Desk, link: PaymentLink, last: LastShown | None, place: str = "") -> OnInvoice:
    rules = desk.company.links
    over = link.expires_at is not None and desk.clock.now() > link.expires_at
    shown = link.state is LinkState.ACTIVE and not over
    # A paid link shows its receipt, so it may stay; a new one is not put on a paid invoice.
    stays = link.state is LinkState.SETTLED and not rules.off_when_paid and last is not None
    line = _line(desk, link) if shown or stays else None
    return OnInvoice(
        invoice=link.debt,
        place=place or rules.on_invoice,
        line=line,
        why=_why(link, last) if shown else "its link has ended" if over else _WHY[link.state],
        last=last,
    )


def _why(link: PaymentLink, last: LastShown | None) -> str:
    if last is None or last.line is None:
        return _WHY[link.state]
    return "the link has another address, or other words, by now"


def _line(desk: Desk, link: PaymentLink) -> LinkLine:
    """The line as it is stored, and how it is seen."""
    rules, base = desk.company.links, desk.house.config.link_base
    stored, real = (
        line_of(rules.invoice_words, link.language, address_of(base, last))
        for last in (f"{link.link_id}.{link.generation}", secret_of(desk.store, desk.id, link))
    )
    (seen,) = links_in(real)
    return LinkLine(text=stored, seen=seen)


def _last_shown(desk: Desk) -> dict[Ref, LastShown]:
    """The last write of ours to each invoice, from the outbox; what was refused or called off wrote nothing."""
    rows = [row for row in desk.store.outbox(desk.id) if row.state is not OutboxState.DEAD]
    back = {row.intent.stamp: row for row in rows if isinstance(row.intent, VoidPosting) and row.intent.link}
    by_invoice: dict[Ref, list[OutboxRow]] = {}
    for row in rows:
        if isinstance(row.intent, ShowLink):
            by_invoice.setdefault(row.intent.about, []).append(row)
    return {about: _last(own, back) for about, own in by_invoice.items()}


def _last(rows: list[OutboxRow], back: dict[OpId, OutboxRow]) -> LastShown:
    last = rows[-1]
    undone = back.get(last.op_id)
    run = undone.intent.undoes if undone is not None and isinstance(undone.intent, VoidPosting) else None
    waiting: Iterable[OutboxRow] = (last,) if undone is None else (last, undone)
    return LastShown(
        line=last.intent.puts if isinstance(last.intent, ShowLink) else None,
        under_way=any(row.state is not OutboxState.DONE for row in waiting),
        count=len(rows),
        run=run or "",
    )


def plan_link(desk: Desk, wanted: str) -> Plan:
    """The stored plan that puts one link on its invoice, also where it was taken off before, or links go on no others.

    Refused where it cannot be there: a link of several invoices, one that is over, an address nobody can open.
    """
    desk.writable(desk.books())
    link, place = chosen_link(desk, wanted), desk.company.links.on_invoice or next(iter(places(desk)))
    if len(link.debts) > 1:
        raise Refused("A link over several invoices stands on none of them.", next_step="Make one for this invoice.")
    if link.state is not LinkState.ACTIVE:
        raise Refused(
            f"The link of {link.number} is {link.state}, and nobody can pay by it.",
            next_step=f"Make a new one: receivables link create {link.number or wanted}",
        )
    refuse_where_nobody_can_open(desk)
    only = replace(_wanted(desk, link, _last_shown(desk).get(link.debt), place), again=True)
    frame = Frame(
        plan_id=PlanId(f"plan-{new_op_id()[:8].lower()}"),
        company_id=desk.id,
        made_at=desk.clock.now(),
        made_by=desk.actor,
        new_op_id=new_op_id,
        links=(only,),
    )
    number, chain = desk.store.head(desk.id)
    made = plan_of_links(with_live_profile(desk, desk.snapshot()), frame)
    made = replace(made, data_as_of=freshness(desk).data_as_of, journal_head=f"{number}:{chain}")
    desk.store.save_plan(desk.id, made.plan_id, canonical.encode(made), desk.actor)
    return made


def refuse_where_nobody_can_open(desk: Desk) -> None:
    """An address that no payer can open is put on no invoice of a real firm."""
    if nobody_can_open(desk):
        raise Refused(
            f"Links open only on this computer: payers cannot reach {desk.house.config.link_base}.",
            next_step="Set RECEIVABLES_LINK_BASE to an address that payers can reach.",
        )


def places(desk: Desk) -> dict[str, str]:
    """Where on an invoice of the connected books a link can stand; UserError where nowhere."""
    adapter = desk.adapter(desk.books())
    if not isinstance(adapter, ShowsLinks):
        raise UserError(
            f"{desk.spec(desk.books()).title} has no place on an invoice for a link.",
            next_step="Put it into your own template: receivables link show INVOICE --template TEXT",
        )
    return dict(adapter.link_places())
