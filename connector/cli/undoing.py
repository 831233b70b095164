"""undo: take a run back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli.output import (
    NEEDS_A_PERSON,
    CompanyOption,
    JsonOption,
    YesOption,
    confirm,
    desk,
    progress_bar,
    say,
    say_json,
    table,
)

if TYPE_CHECKING:
    from connector.app.books import Applied
    from connector.model.finding import Finding
    from connector.plan import Plan
    from connector.store import OutboxRow

SHOWN_MAX = 40


def add_to(app: typer.Typer) -> None:
    """Register this group's commands."""
    app.command()(undo)


def undo(
    run: Annotated[str, typer.Argument(help="The plan that was applied; `receivables plans` lists them.")],
    only: Annotated[
        list[int] | None,
        typer.Option("--only", help="Only this line of it, by its number; may be given several times."),
    ] = None,
    show: Annotated[bool, typer.Option("--show", help="Only show what would be taken back, and store it.")] = False,
    company: CompanyOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Take back what a run wrote into the books. Shows first what it takes back and what it cannot, and why; then asks.

    Payments and credit applications are voided, so that the books show they were there; deposits, transfers, expenses
    and journal entries are deleted, because the books void none of them. What a person changed, what lies in a closed
    period and what something else rests upon is left. Whether an entry was reconciled with a bank statement the books
    do not say: look at the bank's account before. Notes and payment pages stay: they are records of what was said.

    Run it again after any interruption. What was taken back is not posted again by itself; `receivables review again`
    lets it be, and `receivables review leave` keeps it out for good.
    """
    from connector.app.approving import consent
    from connector.app.books import apply_plan
    from connector.app.undoing import plan_undo, under_way
    from connector.cli.planning import tell_consent

    with desk(company) as at:
        with progress_bar("reading") as bar:
            made = plan_undo(at, run, bar, only or ())
        going_on = under_way(at, made)
        if not as_json:
            _show(made, going_on)
            if made.lines:
                tell_consent(made, consent(at, made))
        if show:
            _only_shown(made, as_json=as_json)
            return
        if not (made.lines or made.calls_off or going_on):
            _end(made, None, as_json=as_json)
            return
        confirm(f"Take back these {len(made.lines) + going_on} entries?", yes=yes)
        done = 0
        with progress_bar("taking back", total=len(made.lines) + going_on or None) as bar:

            def on_row(row: OutboxRow) -> None:
                nonlocal done
                done += 1
                bar(str(row.kind), done)

            applied = apply_plan(at, made, bar, on_row)
    _end(made, applied, as_json=as_json)


def _show(made: Plan, going_on: int) -> None:
    """The undo as an accountant reads it: what goes, the effect, what is gone already, what stays and why."""
    from connector.cli.planning import show_findings
    from connector.money import grouped

    already, stays = _apart(made)
    if not (made.lines or made.calls_off or going_on or stays):
        say(f"Nothing is to be taken back: all that {made.undoes} wrote is out of the books already.")
    else:
        rows = [(str(number), line.sentence) for number, line in enumerate(made.lines[:SHOWN_MAX], start=1)]
        more = f" (the first {SHOWN_MAX}; --show --json shows all)" if len(made.lines) > SHOWN_MAX else ""
        title = f"Undo {made.plan_id} of {made.undoes}: {len(made.lines)} entries{more}"
        table(title, ("#", "what would be taken back, in this order"), rows, right=(0,))
        effects = [(effect.account, grouped(effect.amount)) for effect in made.effects()]
        if effects:
            table("Effect per account", ("account", "change"), effects, right=(1,))
    show_findings("Not taken back, and why", stays)
    show_findings("Out of the books already, or on its way", already)
    if already:
        say(f"To post what is out of the books again: receivables review again {made.undoes}, or one record of it.")
    if going_on:
        say(f"{going_on} entries are being taken back since an earlier undo; that is carried on.")
    if made.calls_off:
        say(f"{len(made.calls_off)} writes of {made.undoes} are unfinished: what was not sent is not sent any more.")


def _apart(made: Plan) -> tuple[list[Finding], list[Finding]]:
    """What is out already, and what stays."""
    from connector.model.finding import FindingCode

    already = [each for each in made.left_out if each.code is FindingCode.POSTING_UNDONE]
    return already, [each for each in made.left_out if each.code is not FindingCode.POSTING_UNDONE]


def _only_shown(made: Plan, *, as_json: bool) -> None:
    if as_json:
        say_json(made)
    elif made.lines or made.calls_off:
        say(f"Nothing was written. To write it: receivables apply {made.plan_id}")


def _end(made: Plan, applied: Applied | None, *, as_json: bool) -> None:
    """What became of it. A person is needed where something stays in the books."""
    from connector.cli.planning import show_findings

    already, stays = _apart(made)
    done, waiting, dead = (p.done, p.waiting, p.dead) if applied is not None and (p := applied.posted) else ([], [], [])
    stale, lost = (applied.stale, applied.not_landed) if applied is not None else ((), ())
    if as_json:
        say_json(
            {
                "plan": made.plan_id,
                "undoes": made.undoes,
                "done": [row.op_id for row in done],
                "waiting": [row.op_id for row in waiting],
                "refused": [{"op_id": row.op_id, "fault": row.fault} for row in dead],
                "not_taken_back": stays,
                "already": already,
                "changed_since": stale,
                "not_landed": lost,
            }
        )
    elif applied is not None:
        say(
            f"{len(done)} taken back and looked at again, {len(already)} were out already, {len(waiting)} waiting, "
            f"{len(dead)} refused, {len(stays) + len(stale)} not taken back."
        )
        for row in waiting:
            say(f"  waiting  {row.subject}: the answer was lost; run it again: receivables undo {made.undoes}")
        for row in dead:
            say(f"  refused  {row.subject}: {row.fault}")
        show_findings("Not right any more, and not taken back", stale)
        show_findings("Taken back, and it does not show in the books", lost)
    if stays or waiting or dead or stale or lost:
        raise typer.Exit(NEEDS_A_PERSON)
