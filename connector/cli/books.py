"""sync, reconcile, plan, apply."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli.output import (
    NEEDS_A_PERSON,
    CompanyOption,
    JsonOption,
    YesOption,
    complain,
    confirm,
    desk,
    progress_bar,
    say,
    say_json,
    table,
    tell_age,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.app.books import Applied
    from connector.model.finding import Finding
    from connector.plan import Plan
    from connector.store import OutboxRow

SHOWN_MAX = 40


def add_to(app: typer.Typer) -> None:
    """Register this group's commands."""
    app.command()(sync)
    app.command()(reconcile)
    app.command()(plan)
    app.command()(apply)


def sync(
    system: Annotated[str | None, typer.Argument(help="Only this one, for example quickbooks.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Read everything from its beginning.")] = False,
    company: CompanyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read what changed in every connected system. Reads only; interrupted, it goes on where it stopped."""
    from connector.app.books import sync_all

    with desk(company) as at, progress_bar("reading") as bar:
        results = sync_all(at, bar, only=system, again=again)
        untied = at.store.quarantined(at.id)
    findings = [finding for each in results.values() for finding in each.findings]
    if as_json:
        say_json({name: {"counts": each.counts, "findings": each.findings} for name, each in results.items()})
        _not_well(findings, untied)
        return
    rows = [
        (name, stream, str(c.new), str(c.changed), str(c.unchanged), str(c.gone))
        for name, each in results.items()
        for stream, c in each.counts.items()
    ]
    table("Read", ("connection", "what", "new", "changed", "unchanged", "gone"), rows, right=(2, 3, 4, 5))
    show_findings("Seen on the way", findings)
    _not_well(findings, untied)


def _not_well(findings: Sequence[Finding], untied: Sequence[Finding]) -> None:
    """A record that could not be held, or whose sums do not hold, needs a person, however well the rest was read."""
    from connector.model.finding import FindingCode

    left = [*(finding for finding in findings if finding.code is FindingCode.NOT_MIRRORED), *untied]
    if left:
        more = f" So have {len(left) - 1} more." if len(left) > 1 else ""
        complain(left[0].sentence + more, left[0].next_step)
        raise typer.Exit(NEEDS_A_PERSON)


def reconcile(company: CompanyOption = None, as_json: JsonOption = False) -> None:
    """Decide which payment settles which invoice, and list what cannot be decided, with the reason."""
    from connector.app.books import reconcile_all
    from connector.app.freshness import freshness
    from connector.money import grouped

    with desk(company) as at:
        decided, fresh = reconcile_all(at), freshness(at)
    outcome, ties = decided.outcome, decided.ties
    if as_json:
        age = {"data_as_of": fresh.data_as_of, "stale": fresh.stale}
        say_json({"decisions": outcome.decisions, "findings": outcome.findings, "ties": ties, **age})
        tell_age(fresh, as_json=True)
        return
    rows = [
        (decision.payment.vendor_id, grouped(decision.gross), str(decision.ground), decision.sentence)
        for decision in outcome.decisions[:SHOWN_MAX]
    ]
    table(f"{len(outcome.decisions)} decided", ("payment", "amount", "ground", "because"), rows, right=(1,))
    show_findings(f"{len(outcome.findings)} for a person", outcome.findings)
    show_findings("Sums that do not hold", ties.findings)
    show_findings("Payouts to look at", decided.payouts)
    tell_age(fresh)


def plan(
    closed: Annotated[
        str,
        typer.Option("--closed", help="What falls into a closed period: skip it, or post it with the date of today."),
    ] = "skip",
    company: CompanyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what would change in the books, before anything changes. `apply` does exactly this and nothing else."""
    from connector.app.books import make_plan
    from connector.app.freshness import freshness
    from connector.errors import UserError

    if closed not in ("skip", "today"):
        raise UserError(
            f"What falls into a closed period is left out (skip) or dated today, not {closed[:20]!r}.",
            next_step="Use --closed skip or --closed today.",
        )
    with desk(company) as at:
        made, fresh = make_plan(at, closed_today=closed == "today"), freshness(at)
    if as_json:
        say_json(made)
        tell_age(fresh, as_json=True)
        return
    show_plan(made)
    tell_age(fresh)
    say(f"Nothing was written. To write it: receivables apply {made.plan_id}")


def apply(
    plan_id: Annotated[str | None, typer.Argument(help="Which plan; the latest when left out.")] = None,
    company: CompanyOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write a stored plan into the books, each line once. Run it again after any interruption.

    What earlier commands left unfinished (a lost answer, a note that was not pushed) is carried on as well.
    """
    from connector.app.books import apply_plan, carry_on, stored_plan, unfinished

    with desk(company) as at:
        at.writable(at.books())
        left = unfinished(at)
        only_left = plan_id is None and bool(left) and at.store.latest_plan(at.id) is None
        made = None if only_left else stored_plan(at, plan_id)
        if not as_json:
            _show(made, len(left))
        count = len(left) + (len(made.lines) if made is not None else 0)
        if count:
            confirm(f"Write these {count} lines?", yes=yes)
        done = 0
        with progress_bar("writing", total=count or None) as bar:

            def on_row(row: OutboxRow) -> None:
                nonlocal done
                done += 1
                bar(str(row.kind), done)

            applied = apply_plan(at, made, bar, on_row) if made is not None else carry_on(at, bar, on_row)
    _report(applied, as_json=as_json)


def _show(made: Plan | None, left: int) -> None:
    if made is not None:
        show_plan(made)
    if left:
        say(
            f"{left} writes of earlier commands are unfinished and are carried on: looked up first, repeated if absent."
        )


def _report(applied: Applied, *, as_json: bool) -> None:
    posted = applied.posted
    if as_json:
        say_json(
            {
                "plan": applied.plan_id,
                "done": [row.op_id for row in posted.done],
                "waiting": [row.op_id for row in posted.waiting],
                "refused": [{"op_id": row.op_id, "fault": row.fault} for row in posted.dead],
                "changed_since": applied.stale,
                "not_landed": applied.not_landed,
                "already": applied.already,
            }
        )
    else:
        say(
            f"{len(posted.done)} written and read back, {applied.already} were written before, "
            f"{len(posted.waiting)} waiting, {len(posted.dead)} refused, {len(applied.stale)} left out."
        )
        for row in posted.waiting:
            until = f", until {row.not_before:%Y-%m-%d %H:%M} UTC" if row.not_before is not None else ""
            say(f"  waiting  {row.subject}: the answer was lost; it is looked up before it is repeated{until}")
        for row in posted.dead:
            say(f"  refused  {row.subject}: {row.fault}")
        for row in posted.done:
            if row.answer is not None and row.answer.notice:
                say(f"  note     {row.subject}: {row.answer.notice}")
        show_findings("Not right any more, and not written", applied.stale)
        show_findings("Written, and it does not show in the books", applied.not_landed)
    if applied.not_landed:
        complain(applied.not_landed[0].sentence, applied.not_landed[0].next_step)
    if posted.waiting or posted.dead or applied.stale or applied.not_landed:
        raise typer.Exit(NEEDS_A_PERSON)


def show_plan(made: Plan) -> None:
    """A plan as an accountant reads it: the lines, the effect per account, what is left out and why."""
    from connector.money import grouped

    rows = [(str(number), line.sentence) for number, line in enumerate(made.lines[:SHOWN_MAX], start=1)]
    more = f" (the first {SHOWN_MAX}; --json shows all)" if len(made.lines) > SHOWN_MAX else ""
    table(f"Plan {made.plan_id}: {len(made.lines)} lines{more}", ("#", "what would be written"), rows, right=(0,))
    effects = [(effect.account, grouped(effect.amount)) for effect in made.effects()]
    table("Effect per account", ("account", "change"), effects, right=(1,))
    show_findings("Left out", made.left_out)


def show_findings(title: str, findings: Sequence[Finding]) -> None:
    """Findings as a table, when there are any."""
    if findings:
        rows = [(str(each.code), each.sentence, each.next_step) for each in findings[:SHOWN_MAX]]
        more = f" (the first {SHOWN_MAX} of {len(findings)})" if len(findings) > SHOWN_MAX else ""
        table(title + more, ("reason", "what", "next"), rows)
