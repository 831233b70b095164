"""payer, caps: whom nobody contacts any more, and when trying ends."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli.output import CompanyOption, JsonOption, desk, say, say_json, table

if TYPE_CHECKING:
    from connector.app.payers import Payer

SHOWN_MAX = 10


def add_to(app: typer.Typer) -> None:
    """Register this group's commands."""
    app.command()(payer)
    app.command()(caps)


def payer(
    customer: Annotated[str, typer.Argument(help="The customer's name or id.")],
    stop: Annotated[str | None, typer.Option(help="Nobody contacts them any more; why.")] = None,
    go_on: Annotated[bool, typer.Option("--go-on", help="They are contacted again; counting begins anew.")] = False,
    company: CompanyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one payer: what is past terms, what was said, how they pay. Say that contacting them stops, or goes on."""
    from connector.app import payers
    from connector.errors import UserError

    if stop is not None and go_on:
        raise UserError("It cannot both stop and go on.", next_step="Choose --stop REASON or --go-on.")
    with desk(company) as at:
        found = payers.payer(at, customer)
        if stop is not None:
            payers.stop(at, found.ref, stop)
        if go_on:
            payers.go_on(at, found.ref)
            if not as_json:
                say(f"{found.name} is contacted again; what was tried until now counts no more.")
        found = payers.payer(at, str(found.ref))
    if as_json:
        say_json(found)
    else:
        _show(found)


def _show(found: Payer) -> None:
    from connector.money import grouped

    rows = [
        (
            each.invoice.number or each.ref.vendor_id,
            grouped(each.invoice.open),
            str(each.days_overdue),
            f"{each.why}: {each.decide}" if each.decide else str(each.why),
        )
        for each in found.overdue
    ]
    table(f"{found.name}: {len(rows)} past terms", ("invoice", "open", "days", "why"), rows, right=(1, 2))
    for each in found.contacts[:SHOWN_MAX]:
        say(f"{each.at:%Y-%m-%d} {each.channel} {each.outcome}: {each.said or each.person or '-'}")
    if found.file.stopped:
        say(f"Nobody contacts them: {found.file.stopped}")
    known = (("approves", found.file.approver), ("to", found.file.submit_to), ("pays", found.file.pay_run_days))
    for what, words in known:
        if words:
            say(f"{what}: {words}")


def caps(
    tries: Annotated[
        int | None, typer.Option(help="Days on end on which nobody was reached, before a person decides.")
    ] = None,
    contacts: Annotated[
        int | None, typer.Option(help="Days of contact about one invoice, before a person decides.")
    ] = None,
    promises: Annotated[int | None, typer.Option(help="Promises not kept, before a person decides.")] = None,
    company: CompanyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show or choose when trying ends: then an account leaves the list of the day and a person decides about it."""
    from connector.app.payers import set_caps

    with desk(company) as at:
        now = set_caps(at, tries, contacts, promises)
    if as_json:
        say_json(asdict(now))
        return
    say(f"A person decides after {now.tries_max} days on end on which nobody was reached at a payer's,")
    say(f"after {now.contacts_max} days of contact about one invoice, and after {now.broken_max} broken promises.")
