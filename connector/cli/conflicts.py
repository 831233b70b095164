"""conflicts: money about which two sides say two things, and a person's word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli.output import NEEDS_A_PERSON, CompanyOption, JsonOption, desk, say, say_json, table, tell_age

if TYPE_CHECKING:
    from connector.app.conflicting import Shown


def add_to(app: typer.Typer) -> None:
    """Register this group's commands."""
    group = typer.Typer(invoke_without_command=True, help=shown.__doc__, rich_markup_mode=None)
    group.callback()(shown)
    group.command()(keep)
    app.add_typer(group, name="conflicts")


def shown(
    context: typer.Context,
    everything: Annotated[
        bool, typer.Option("--all", help="Also what another hand posted as we would have; nobody has to choose there.")
    ] = False,
    company: CompanyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Money that both sides say something else of since it was posted, or that stands in the books by another hand.

    Each with three values: what was agreed on, what the books say now, what the other side says. Until a person has
    chosen, no plan touches it.
    """
    if context.invoked_subcommand is not None:
        return
    from connector.app.conflicting import conflicts
    from connector.app.freshness import freshness

    with desk(company) as at:
        every, fresh = conflicts(at), freshness(at)
    found = [each for each in every if everything or not each.conflict.is_settled]
    waiting = [each for each in found if each.word is None and not each.conflict.is_settled]
    if as_json:
        say_json(
            [
                {
                    "id": each.conflict.about.vendor_id,
                    "finding": each.conflict.finding,
                    "values": [value._asdict() for value in each.conflict.values],
                    "kept": each.word.kind if each.word is not None else None,
                    "by": each.word.by if each.word is not None else None,
                }
                for each in found
            ]
        )
    else:
        rows = [
            (
                each.conflict.about.vendor_id,
                value.field,
                value.agreed,
                value.here,
                value.there,
                f"{each.word.kind.replace('_', ' ')}, {each.word.by}" if each.word is not None else _unchosen(each),
            )
            for each in found
            for value in each.conflict.values
        ]
        if rows:
            columns = ("what", "field", "agreed on", "the books now", "the other side now", "chosen")
            table(f"{len(found)} conflicts, {len(waiting)} wait for a person", columns, rows)
        else:
            say("Both sides say the same of everything that was posted.")
        if len(every) > len(found):
            say(f"{len(every) - len(found)} more stand in the books by another hand, and plans leave them alone: --all")
        for each in waiting:
            say(f"{each.conflict.finding.sentence} {each.conflict.finding.next_step}")
    tell_age(fresh, as_json=as_json)
    if waiting:
        raise typer.Exit(NEEDS_A_PERSON)


def _unchosen(each: Shown) -> str:
    return "left alone" if each.conflict.is_settled else "nobody yet"


def keep(
    conflict: Annotated[str, typer.Argument(help="Its id, as the list shows it.")],
    side: Annotated[
        str, typer.Argument(help="books: leave them as they are. processor: plans go on from what it says.")
    ],
    company: CompanyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Choose a side. It is kept with your name; nothing is written to either side."""
    from connector.app.conflicting import keep as choose

    with desk(company) as at:
        done = choose(at, conflict, side)
    if as_json:
        say_json({"id": done.conflict.about.vendor_id, "kept": side})
        return
    after = "No plan touches it any more." if side == "books" else "See what is planned for it: receivables plan"
    say(f"Kept for {done.conflict.about.vendor_id}: {side}. {after}")
