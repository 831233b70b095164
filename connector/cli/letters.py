"""letters: writes that were refused, each with its cause and with what may be done about it."""

from __future__ import annotations

from typing import Annotated

import typer

from connector.cli.output import NEEDS_A_PERSON, CompanyOption, JsonOption, desk, say, say_json, table

OpArgument = Annotated[str, typer.Argument(help="The write, as `receivables letters` lists it.")]


def add_to(app: typer.Typer) -> None:
    """Register this group's commands."""
    group = typer.Typer(
        help="Writes that the other side refused: list them; `retry` or `drop` one.",
        invoke_without_command=True,
        rich_markup_mode=None,
    )
    group.callback()(listed)
    group.command()(retry)
    group.command()(drop)
    app.add_typer(group, name="letters")


def listed(context: typer.Context, company: CompanyOption = None, as_json: JsonOption = False) -> None:
    """Every write that was refused and waits for you, with what the other side said."""
    if context.invoked_subcommand is not None:
        return
    from connector.app.letters import letters

    with desk(company) as at:
        found = letters(at)
    if as_json:
        say_json(found)
    elif not found:
        say("No refused write waits.")
    else:
        rows = [(each.op_id, each.kind.value, each.subject, each.cause, each.next_step) for each in found]
        table(f"{len(rows)} refused", ("write", "kind", "what", "because", "next"), rows)
    if found:
        raise typer.Exit(NEEDS_A_PERSON)


def retry(op: OpArgument, company: CompanyOption = None) -> None:
    """Try it again, when you have put right what it says. Nothing is sent by this command itself."""
    from connector.app.letters import retry as again
    from connector.model.source import OpId

    with desk(company) as at:
        say(again(at, OpId(op.strip().upper())))


def drop(op: OpArgument, company: CompanyOption = None) -> None:
    """Let it be: it is not tried by itself any more, and nobody is told of it."""
    from connector.app.letters import drop as let_be
    from connector.model.source import OpId

    with desk(company) as at:
        say(let_be(at, OpId(op.strip().upper())))
