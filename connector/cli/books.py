"""sync, reconcile, apply."""

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
from connector.cli.planning import show_findings, show_plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.app.books import Applied
    from connector.app.replanning import FollowUp
    from connector.model.finding import Finding
    from connector.plan import Plan
    from connector.store import OutboxRow

SHOWN_MAX = 40


def add_to(app: typer.Typer) -> None:
    """Register this group's commands."""
    app.command()(sync)
    app.command()(reconcile)
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


def apply(
    plan_id: Annotated[str | None, typer.Argument(help="Which plan; the latest when left out.")] = None,
    company: CompanyOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write a stored plan into the books, each line once. Run it again after any interruption.

    What earlier commands left unfinished (a lost answer, a note that was not pushed) is carried on as well.
    """
    from connector.app.approving import require_approval
    from connector.app.books import apply_plan, carry_on, latest_asked, stored_plan, unfinished
    from connector.app.replanning import follow_up

    with desk(company) as at:
        at.writable(at.books())
        left = unfinished(at)
        only_left = plan_id is None and bool(left) and latest_asked(at) is None
        made = None if only_left else stored_plan(at, plan_id)
        if made is not None:
            require_approval(at, made)
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
        followed = follow_up(at, made, applied) if made is not None else None
    _report(applied, followed, as_json=as_json)


def _show(made: Plan | None, left: int) -> None:
    if made is not None:
        show_plan(made)
        if any(line.refund is not None for line in made.lines):
            say("Money that is given back cannot be taken again: look at the payment and the amount once more.")
    if left:
        say(
            f"{left} writes of earlier commands are unfinished and are carried on: looked up first, repeated if absent."
        )


def _report(applied: Applied, followed: FollowUp | None = None, *, as_json: bool) -> None:
    posted = applied.posted
    if as_json:
        say_json(
            {
                "plan": applied.plan_id,
                "done": [row.op_id for row in posted.done],
                "waiting": [row.op_id for row in posted.waiting],
                "refused": [
                    {"op_id": row.op_id, "fault": row.fault, "finding": said}
                    for row, said in zip(posted.dead, applied.refused, strict=True)
                ],
                "changed_since": applied.stale,
                "not_landed": applied.not_landed,
                "already": applied.already,
                "taken_back": applied.taken_back,
                "follow_up": followed.plan.plan_id if followed is not None and followed.plan is not None else None,
                "follow_up_left_out": followed.left_out if followed is not None else (),
            }
        )
    else:
        say(
            f"{len(posted.done)} written and read back, {applied.already} were written before, "
            f"{len(posted.waiting)} waiting, {len(posted.dead)} refused, {len(applied.stale)} left out."
        )
        if applied.taken_back and applied.plan_id is not None:
            say(
                f"{applied.taken_back} of them were taken back since, and are not written again by themselves. "
                f"To post them again: receivables review again {applied.plan_id}"
            )
        for row in posted.waiting:
            say(f"  waiting  {row.subject}: the answer was lost. {_waits(row)}")
        show_findings("Refused by the other side", applied.refused)
        for row in posted.done:
            if row.answer is not None and row.answer.notice:
                say(f"  note     {row.subject}: {row.answer.notice}")
        if any(row.kind == "refund" for row in posted.done):
            say("What went back is in the books when it is planned and written there: receivables plan")
        show_findings("Not right any more, and not written", applied.stale)
        show_findings("Written, and it does not show in the books", applied.not_landed)
        if followed is not None:
            _tell_followed(len(applied.stale_lines), followed)
    if applied.not_landed:
        complain(applied.not_landed[0].sentence, applied.not_landed[0].next_step)
    if posted.waiting or posted.dead or applied.stale or applied.not_landed:
        raise typer.Exit(NEEDS_A_PERSON)


def _waits(row: OutboxRow) -> str:
    """What becomes of a write in doubt, and from when on it may be repeated."""
    from connector.app.calling_off import NEVER
    from connector.app.parked import how_it_ends

    known = row.not_before is not None and row.not_before < NEVER
    return how_it_ends(row) + (f", not before {row.not_before:%Y-%m-%d %H:%M} UTC." if known else "")


def _tell_followed(count: int, followed: FollowUp) -> None:
    """What takes the place of the lines that were not written; nothing of it is written before somebody says so."""
    if followed.plan is not None:
        name, lines = followed.plan.plan_id, len(followed.plan.lines)
        say(f"These {count} lines were planned again: plan {name} has {lines} in their place, and waits for you.")
        say(f"Look: receivables plan show {name}; write it: receivables apply {name}")
    else:
        say(f"These {count} lines were planned again, and nothing takes their place.")
    show_findings("What is left of them for a person", followed.left_out)
