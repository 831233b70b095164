"""link, with its words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperGroup

from connector.cli.output import CompanyOption, JsonOption, YesOption, confirm, desk, say, say_json, table, writable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.app.hosting import Hosted
    from connector.app.house import Desk
    from connector.app.linking import MadeLink, Shown, Wish
    from connector.model.paylink import LinkRules
    from connector.money import Currency
    from connector.paylinks import Cost

InvoiceArgument = Annotated[list[str], typer.Argument(help="The invoice's number; several for one link over all.")]
LinkArgument = Annotated[str, typer.Argument(help="The invoice's number, or the link's id.")]


class _CreateByDefault(TyperGroup):
    """`receivables link INVOICE` is `receivables link create INVOICE`."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        if args and args[0] not in self.commands and args[0] != "--help":
            args = ["create", *args]
        return super().parse_args(ctx, args)


def add_to(app: typer.Typer) -> None:
    """Register this group's commands."""
    group = typer.Typer(
        cls=_CreateByDefault,
        help="Payment links: one address per debt, for as long as it is open.\n\n"
        "`receivables link INVOICE` makes it, or shows it again. The processor's page is opened only when the payer "
        "clicks, for exactly what is open at that moment.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    group.command("create")(create)
    group.command("list")(list_links)
    group.command("show")(show)
    group.command("revoke")(revoke)
    group.command("rotate")(rotate)
    group.command("put")(put)
    group.command("settle")(settle)
    group.command("rules")(rules)
    app.add_typer(group, name="link")


def create(
    invoices: InvoiceArgument,
    partial: Annotated[
        str, typer.Option(help="off: the whole amount. free: any part of it. minimum:50.00: at least so much.")
    ] = "off",
    methods: Annotated[str, typer.Option(help="Only these payment methods, by commas, the preferred first.")] = "",
    language: Annotated[str, typer.Option(help="The payer's language: en, fr, de or es.")] = "",
    message: Annotated[bool, typer.Option("--message", help="Print a friendly e-mail text with the link.")] = False,
    qr: Annotated[Path | None, typer.Option(help="Write a QR code of the link: a file ending in .svg or .png.")] = None,
    hosted: Annotated[
        bool, typer.Option("--hosted", help="The processor's own address, where payers cannot reach this computer.")
    ] = False,
    company: CompanyOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Make the payment link of an invoice, or of several of one payer, or show it again.

    What each method would cost you is shown before anything is sent: by the price list, and by the fees really taken.
    """
    from connector.app.link_rules import methods_in, mode_in
    from connector.app.linking import Wish, make_link

    if qr is not None:
        writable(qr)
    with desk(company) as at:
        code = at.company.home_currency
        mode, minimum = mode_in(partial, code)
        wish = Wish(mode=mode, minimum=minimum, methods=methods_in(methods), language=language)
        if hosted:
            _host(at, invoices, wish, yes=yes, as_json=as_json, qr=qr)
            return
        if not as_json:
            confirm(f"Make a payment link for invoice {', '.join(invoices)}?", yes=yes)
        made = make_link(at, *invoices, wish=wish)
        text = _message(at, made, language) if message else None
        if qr is not None:
            _picture(made.url, qr)
    if as_json:
        said = {"url": made.url, "amount": made.amount, "methods": made.methods, "link": made.link}
        subject = {"subject": text[0], "message": text[1]} if text is not None else {}
        say_json({**said, "costs": made.costs, "left_out": made.left_out, "local": made.local, **subject})
        return
    if text is not None:
        say(f"Subject: {text[0]}\n\n{text[1]}")
        return
    say(made.url)
    _costs(made.costs, made.amount)
    if made.local:
        say("This address opens on this computer only: it is for trying out, and works while `receivables serve` runs.")
    else:
        say(f"{made.amount} by {', '.join(made.methods)}. It works while `receivables serve` runs at that address.")


def _message(at: Desk, made: MadeLink, language: str) -> tuple[str, str]:
    from connector.app.inviting import message

    return message(at, made.link, made.url, language)


def _picture(url: str, path: Path) -> None:
    from connector.app.inviting import picture

    picture(url, path)


def _costs(costs: Sequence[Cost], amount: str) -> None:
    rows = [
        (
            each.way.title,
            f"{each.listed}{' (yours)' if each.own else ''}" if each.listed is not None else "not known",
            f"{each.seen} (as {each.payments} payments)" if each.seen is not None else "",
            each.way.days or "at once",
        )
        for each in costs
    ]
    table(f"What {amount} would cost you", ("method", "by price list", "by fees seen", "known"), rows, right=(1,))


def _host(at: Desk, invoices: list[str], wish: Wish, *, yes: bool, as_json: bool, qr: Path | None) -> None:
    from connector.app.hosting import RISK, hosted

    if not as_json:
        say(RISK)
        confirm(f"Make an address at the processor for invoice {', '.join(invoices)}?", yes=yes)
    made: Hosted = hosted(at, *invoices, wish=wish)
    if qr is not None:
        _picture(made.url, qr)
    if as_json:
        said = {"url": made.url, "amount": made.amount, "methods": made.methods, "link": made.link}
        # The addresses are shown to no one by accident, so they are named one by one.
        pages = [
            {"processor": each.processor, "url": each.url, "methods": each.methods, "until": each.until}
            for each in made.pages
        ]
        say_json({**said, "pages": pages, "left_out": made.left_out, "risk": made.risk})
        return
    say(made.url)
    for page in made.pages[1:]:
        ends = f", until {page.until:%Y-%m-%d %H:%M} UTC" if page.until is not None else ""
        say(f"{page.processor}'s own page{ends}:")
        say(page.url)
        say(page.risk)
    for each in made.left_out:
        say(f"Not offered there: {each.title}, {each.why}.")


def list_links(
    every: Annotated[bool, typer.Option("--all", help="Also those that are settled or taken back.")] = False,
    company: CompanyOption = None,
    as_json: JsonOption = False,
) -> None:
    """The payment links, and what each shows now."""
    from connector.app.linking import overview

    with desk(company) as at:
        found = overview(at, every=every)
    if as_json:
        say_json(found)
        return
    rows = [
        (each.number, each.link_id, each.state, each.offer, each.due, ", ".join(each.flags), f"{each.made_at:%Y-%m-%d}")
        for each in found
    ]
    columns = ("invoice", "link", "", "shows", "due", "flags", "made")
    table(f"{len(rows)} payment links", columns, rows, right=(4,))


def show(
    wanted: LinkArgument,
    template: Annotated[
        str | None,
        typer.Option(
            help="This text of yours alone, filled in: {url}, {number}, {amount}, {due}, {customer}, {seller}."
        ),
    ] = None,
    company: CompanyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Everything of a link: its address, what was tried, what came, and how that was learned."""
    from connector.app.inviting import filled
    from connector.app.linking import chosen_link
    from connector.app.linking import show as look

    with desk(company) as at:
        found = look(at, chosen_link(at, wanted))
        text = filled(at, found.link, found.url, template) if template is not None else None
    if text is not None:
        say_json({"text": text}) if as_json else say(text)
        return
    if as_json:
        say_json({"url": found.url, **{name: getattr(found, name) for name in _SHOWN}})
        return
    _show(found)


_SHOWN = ("link", "offer", "due", "flags", "attempts", "receipts", "refunds", "gaps", "trail")


def _show(found: Shown) -> None:
    say(found.url)
    say(f"Invoice {', '.join(found.numbers)}: shows {found.offer}, {found.due} due. Link is {found.link.state}.")
    if found.flags:
        say(f"Flags: {', '.join(found.flags)}.")
    rows = [
        (str(each.payment), str(each.kept), each.state, ", ".join(each.flags), "yes" if each.booked else "not yet")
        for each in found.receipts
    ]
    if rows:
        table("Money that came", ("payment", "amount", "state", "flags", "in the books"), rows, right=(1,))
    back = [
        (str(each.payment), str(each.amount), each.state, each.plan or "at the processor") for each in found.refunds
    ]
    if back:
        table("Money given back", ("payment", "amount", "state", "by"), back, right=(1,))
    for gap in found.gaps:
        say(f"Asked for and not offered: {gap.code}: {gap.why}.")
    steps = [
        (each.attempt_id, f"{each.before} → {each.after}", each.cause, ", ".join(each.flags)) for each in found.trail
    ]
    if steps:
        table("What happened", ("try", "what", "told by", "flags"), steps)


def revoke(
    wanted: LinkArgument, company: CompanyOption = None, yes: YesOption = False, as_json: JsonOption = False
) -> None:
    """Take a link back: from now on its address shows nothing, and its open pages are closed."""
    from connector.app.linking import chosen_link
    from connector.app.linking import revoke as take_back

    with desk(company) as at:
        link = chosen_link(at, wanted)
        if not as_json:
            confirm(f"Take back the link for {link.number}?", yes=yes)
        link = take_back(at, link)
    if as_json:
        say_json({"link": link})
        return
    say(f"The link for {link.number} was taken back.")


def rotate(
    wanted: LinkArgument, company: CompanyOption = None, yes: YesOption = False, as_json: JsonOption = False
) -> None:
    """Give a link another address: the old one shows nothing from now on."""
    from connector.app.linking import chosen_link
    from connector.app.linking import rotate as change

    with desk(company) as at:
        link = chosen_link(at, wanted)
        if not as_json:
            confirm(f"Give the link for {link.number} another address?", yes=yes)
        link, url = change(at, link)
    if as_json:
        say_json({"link": link, "url": url})
        return
    say(url)


def put(
    wanted: LinkArgument,
    every: Annotated[bool, typer.Option("--all", help="Show every line, however many there are.")] = False,
    company: CompanyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Plan to put a link on its invoice in the books, where the customer reads it.

    `apply` writes it, and `undo` takes it off. It is put there also where somebody took it off before. For every link
    at once, and for good: `link rules --on-invoice memo`.
    """
    from connector.app.on_invoices import plan_link
    from connector.cli.planning import show_plan

    with desk(company) as at:
        made = plan_link(at, wanted)
    if as_json:
        say_json(made)
        return
    show_plan(made, every=every)
    if made.lines:
        say(f"Nothing was written. To write it: receivables apply {made.plan_id}")


def settle(company: CompanyOption = None, as_json: JsonOption = False) -> None:
    """Ask the processors what became of payments by link whose outcome is open. `sync` does it too."""
    from connector.app.following import settle_all
    from connector.app.link_findings import findings

    with desk(company) as at:
        asked = settle_all(at, "asked by hand")
        found = tuple(findings(at))
    if as_json:
        say_json({"asked": asked, "findings": found})
        return
    say(f"Asked about {asked}.")
    for each in found:
        say(f"{each.sentence} {each.next_step}")


def rules(
    tolerance: Annotated[str | None, typer.Option(help="So much may be missing, for example 0.50.")] = None,
    tolerance_percent: Annotated[str | None, typer.Option(help="The same as a share of the debt, such as 0.5.")] = None,
    methods: Annotated[
        str | None, typer.Option(help="Only these payment methods, the preferred first; none for all of them.")
    ] = None,
    customer: Annotated[str | None, typer.Option(help="With --methods: for this customer alone.")] = None,
    cost: Annotated[
        str | None, typer.Option(help="Your own price of a method: card=2.9%+0.30, us_bank_account=0.8%<=5.00.")
    ] = None,
    expire_days: Annotated[int | None, typer.Option(min=0, max=3650, help="New links end then; 0: never.")] = None,
    on_invoice: Annotated[
        str | None, typer.Option(help="Plans put links on invoices, where customers read them: memo, or off.")
    ] = None,
    invoice_words: Annotated[
        str | None, typer.Option(help="Your words for that, such as 'Pay online: {url}'; none for ours.")
    ] = None,
    when_paid: Annotated[
        str | None, typer.Option(help="On a paid invoice the link stays (keep), or goes (remove).")
    ] = None,
    company: CompanyOption = None,
    as_json: JsonOption = False,
) -> None:
    """How payment links behave: what may be missing, which methods, what they cost; without options, as it is."""
    from connector.app.link_rules import Change, set_rules

    with desk(company) as at:
        change = Change(
            tolerance=tolerance,
            tolerance_percent=tolerance_percent,
            methods=methods,
            customer=customer,
            cost=cost,
            expire_days=expire_days,
            on_invoice=on_invoice,
            invoice_words=invoice_words,
            when_paid=when_paid,
        )
        now, code = set_rules(at, change), at.company.home_currency
    if as_json:
        say_json(now)
        return
    _show_rules(now, code)


def _show_rules(now: LinkRules, code: Currency) -> None:
    from connector.app.link_rules import percent_of, price_in_words
    from connector.money import Money, grouped

    rows = [
        ("may be missing", grouped(Money(now.tolerance, code)) if now.tolerance else "nothing"),
        (
            "may be missing, of the debt",
            f"{percent_of(now.tolerance_basis_points)} %" if now.tolerance_basis_points else "",
        ),
        ("methods", ", ".join(now.methods) or "all that apply"),
        *((f"methods of {name}", ", ".join(codes)) for name, codes in now.methods_of.items()),
        *((f"price of {name}", price_in_words(price, code)) for name, price in now.costs.items()),
        ("on invoices", f"{now.on_invoice}{', until paid' if now.off_when_paid else ''}" if now.on_invoice else "no"),
        ("words on invoices", now.invoice_words or "ours"),
        ("links end", f"after {now.expire_days} days" if now.expire_days else "with their debt"),
    ]
    table("Payment links", ("what", "rule"), rows)
