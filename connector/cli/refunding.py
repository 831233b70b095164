"""refund: plan to give money back."""

from __future__ import annotations

from typing import Annotated

import typer

from connector.cli.output import CompanyOption, JsonOption, desk, say, say_json


def add_to(app: typer.Typer) -> None:
    """Register this group's commands."""
    app.command()(refund)


def refund(
    payment: Annotated[str, typer.Argument(help="The payment's id, as the findings and `link show` name it.")],
    amount: Annotated[
        str, typer.Option("--amount", help="How much: 20.00, or all. Left out: what of it is more than was owed.")
    ] = "",
    company: CompanyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Plan to give money back to whoever paid it, the way it came. Nothing goes back before `apply` is told so.

    For money that came twice, or too much. The processor is asked first: what is disputed, still on its way, or given
    back already is refused. A refund cannot be undone; the books get it by the next sync and plan.
    """
    from connector.app.approving import consent
    from connector.app.refunding import plan_refund
    from connector.cli.planning import show_plan, tell_consent

    with desk(company) as at:
        made = plan_refund(at, payment, amount)
        agreed = consent(at, made)
    if as_json:
        say_json(made)
        return
    show_plan(made)
    for line in made.lines:
        for each in line.evidence:
            say(f"  {each.field}: {each.says}")
    tell_consent(made, agreed)
    say(f"Nothing was given back. To do it: receivables apply {made.plan_id}")
