"""conflicts: money about which two sides say two things, and a person's word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli.output import NEEDS_A_PERSON, CompanyOption, JsonOption, desk, say, say_json, table, tell_age

if TYPE_CHECKING:
    from collections.abc import Sequence

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
        say_json([_plain(each) for each in found])
    else:
        _show(found, waiting)
        if len(every) > len(found):
            say(f"{len(every) - len(found)} more stand in the books by another hand, and plans leave them alone: --all")
    tell_age(fresh, as_json=as_json)
    if waiting:
        raise typer.Exit(NEEDS_A_PERSON)


def _plain(each: Shown) -> dict[str, object]:
    return {
        "id": each.conflict.about.vendor_id,
        "entry": each.conflict.entry,
        "finding": each.conflict.finding,
        "values": [value._asdict() for value in each.conflict.values],
        "kept": each.word.kind if each.word is not None else None,
        "amount": each.word.gross if each.word is not None and each.word.kind == "keep_mine" else None,
        "by": each.word.by if each.word is not None else None,
        "done": each.done,
        "by_hand": each.conflict.by_hand,
    }


def _show(found: Sequence[Shown], waiting: Sequence[Shown]) -> None:
    rows = [
        (
            each.conflict.number or each.conflict.about.vendor_id,
            value.field,
            value.agreed,
            value.here,
            value.there,
            _chosen(each),
        )
        for each in found
        for value in each.conflict.values
    ]
    if rows:
        columns = ("what", "field", "agreed on", "the books now", "the other side now", "chosen")
        count = f"{len(found)} conflicts" if len(found) > 1 else "1 conflict"
        table(f"{count}, waiting for a person: {len(waiting)}", columns, rows)
    else:
        say("Both sides say the same of everything that was posted.")
    for each in waiting:
        say(f"{each.conflict.finding.sentence} {each.conflict.finding.next_step}")
    for each in found:
        if each.word is not None and each.word.kind == "keep_processor" and each.conflict.by_hand:
            say(f"{each.conflict.about.vendor_id}: {each.conflict.by_hand}")


def _called(each: Shown) -> str:
    return each.conflict.number or each.conflict.about.vendor_id


def _chosen(each: Shown) -> str:
    from connector.money import grouped

    if each.word is None:
        return "left alone" if each.conflict.is_settled else "nobody yet"
    side = grouped(each.word.gross) if each.word.kind == "keep_mine" else each.word.kind.removeprefix("keep_")
    return f"{side}, by {each.word.by}" + ("" if each.done else "; to be carried out")


def keep(
    conflict: Annotated[str, typer.Argument(help="Its id, as the list shows it; or the entry of the books.")],
    side: Annotated[
        str,
        typer.Argument(help="books: leave them as they are. processor: what it says. mine: the amount that follows."),
    ],
    amount: Annotated[str | None, typer.Argument(help="With mine: what the books shall hold, as 95.00.")] = None,
    company: CompanyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Choose what is to stand. It is kept with your name; nothing is written before you apply the plan of it.

    With books nothing is planned about that money any more. With processor or mine the next plan has an entry beside
    the one that stands, which makes the difference; nobody's entry is changed.
    """
    from connector.app.conflicting import keep as choose

    with desk(company) as at:
        done = choose(at, conflict, side, amount)
    if as_json:
        say_json(
            {
                "id": done.conflict.about.vendor_id,
                "kept": side,
                "amount": done.word.gross if amount is not None and done.word is not None else None,
                "done": done.done,
                "by_hand": done.conflict.by_hand if side == "processor" else "",
            }
        )
        return
    after = "No plan touches it any more." if side == "books" else "See what is planned for it: receivables plan"
    say(f"Kept for {done.conflict.about.vendor_id}: {side if amount is None else amount}. {after}")
    if side == "processor" and done.conflict.by_hand:
        say(f"For a person: {done.conflict.by_hand}")
