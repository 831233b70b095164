"""plan with its words, plans, people: what would be written, what was, and who says that it may be."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli.output import (
    CompanyOption,
    JsonOption,
    as_of,
    desk,
    say,
    say_json,
    table,
    tell_age,
    writable,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.app.approving import Consent
    from connector.app.house import Desk
    from connector.app.plans import PlanStanding
    from connector.model.finding import Finding
    from connector.money import Money
    from connector.plan import Plan, PlanLine

SHOWN_MAX = 40
DRAWN_MAX = 400
"""How many lines are shown unasked, and how many at most are drawn as a table; more come one a line."""

PlanArgument = Annotated[str | None, typer.Argument(help="Which plan; the latest that `plan` made when left out.")]
HtmlOption = Annotated[
    Path | None, typer.Option("--html", help="Also write it as one HTML file that can be sent to a bookkeeper.")
]


def add_to(app: typer.Typer) -> None:
    """Register this group's commands."""
    group = typer.Typer(
        help="What would change in the books, before anything changes; `apply` writes exactly that.\n\n"
        "Without a word after it: make a plan, store it and show it. `show` tells a stored one again, with what each "
        "line stands on; `approve` is the word of a second person, where `rules --approve-above` asks for one.",
        invoke_without_command=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    group.callback()(plan)
    group.command()(show)
    group.command()(approve)
    app.add_typer(group, name="plan")
    app.command()(plans)
    staff = typer.Typer(
        help="Who acts for the company: everybody who has made something here, and who was added to approve plans.",
        invoke_without_command=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    staff.callback()(people)
    staff.command(name="add")(add_person)
    app.add_typer(staff, name="people")


def plan(
    context: typer.Context,
    closed: Annotated[
        str,
        typer.Option("--closed", help="What falls into a closed period: skip it, or post it with the date of today."),
    ] = "skip",
    every: Annotated[bool, typer.Option("--all", help="Show every line, however many there are.")] = False,
    html: HtmlOption = None,
    company: CompanyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what would change in the books, before anything changes. `apply` does exactly this and nothing else."""
    if context.invoked_subcommand is not None:
        return
    from connector.app.approving import consent
    from connector.app.books import make_plan
    from connector.app.freshness import freshness
    from connector.errors import UserError

    if closed not in ("skip", "today"):
        raise UserError(
            f"What falls into a closed period is left out (skip) or dated today, not {closed[:20]!r}.",
            next_step="Use --closed skip or --closed today.",
        )
    if html is not None:
        writable(html)
    with desk(company) as at:
        made, fresh = make_plan(at, closed_today=closed == "today"), freshness(at)
        agreed = consent(at, made)
        if html is not None:
            _write_html(at, made, html)
    if as_json:
        say_json(made)
        tell_age(fresh, as_json=True)
        return
    show_plan(made, every=every)
    tell_age(fresh)
    if html is not None:
        say(f"Written to {html}.")
    if made.lines:
        tell_consent(made, agreed)
        say(f"Nothing was written. To write it: receivables apply {made.plan_id}")


def show(
    plan_id: PlanArgument = None,
    line: Annotated[
        int | None, typer.Option("--line", "--why", min=1, help="One line: what it stands on and what it expects.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Show every line, however many there are.")] = False,
    html: HtmlOption = None,
    company: CompanyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a stored plan again: its lines, what became of it, who approved it; or one line with its evidence."""
    from connector.app.books import stored_plan
    from connector.app.plans import Plans

    if html is not None:
        writable(html)
    with desk(company) as at:
        made = stored_plan(at, plan_id)
        chosen = _line_of(made, line) if line is not None else None
        standing = Plans(at).of(made)
        if html is not None:
            _write_html(at, made, html)
    if as_json:
        _say_standing(standing, chosen)
        return
    if chosen is not None and line is not None:
        _show_line(made, line, chosen)
        return
    show_plan(made, every=every)
    say(f"Made by {made.made_by} on {made.made_at:%Y-%m-%d %H:%M} UTC. {as_of(made.data_as_of)}")
    say(f"State: {standing.state}. {_counts(standing)}")
    if made.journal_head:
        say(f"Journal head when it was made: {made.journal_head}")
    tell_consent(made, standing.consent)
    if html is not None:
        say(f"Written to {html}.")


def _count(made: Plan) -> str:
    return f"{len(made.lines)} lines" if len(made.lines) != 1 else "1 line"


def _line_of(made: Plan, number: int) -> PlanLine:
    from connector.errors import UnknownRecord

    if number > len(made.lines):
        raise UnknownRecord(
            f"{made.plan_id} has {_count(made)}, so there is no line {number}.",
            next_step=f"See them: receivables plan show {made.plan_id} --all",
        )
    return made.lines[number - 1]


def _say_standing(standing: PlanStanding, chosen: PlanLine | None) -> None:
    from connector.plan.groups import account_effects, left_out_groups, line_groups

    if chosen is not None:
        say_json(chosen)
        return
    made = standing.plan
    say_json(
        {
            "plan": made,
            "state": standing.state,
            "lines": {
                "written": standing.written,
                "waiting": standing.waiting,
                "refused": standing.refused,
                "taken_back": standing.taken_back,
                "elsewhere": standing.elsewhere,
            },
            "consent": standing.consent,
            "groups": [
                {
                    "connection": each.connection,
                    "kind": each.kind,
                    "title": each.title,
                    "lines": [number for number, _ in each.lines],
                    "sums": each.sums,
                }
                for each in line_groups(made.lines)
            ],
            "effects": [
                {"account": each.account, "before": each.before, "change": each.change, "after": each.after}
                for each in account_effects(made)
            ],
            "left_out": [
                {"code": each.code, "count": len(each.findings), "sums": each.sums}
                for each in left_out_groups(made.left_out)
            ],
        }
    )


def _show_line(made: Plan, number: int, line: PlanLine) -> None:
    from connector.money import grouped

    say(f"Line {number} of {made.plan_id}: {line.sentence}")
    if line.instead is not None:
        say(f"In place of line {line.instead.line} of {line.instead.plan_id}, because {line.instead.why}.")
    rows = [(each.account, grouped(each.amount)) for each in line.effects]
    if rows:
        table("Effect per account", ("account", "change"), rows, right=(1,))
    table("Evidence", ("record", "what", "says"), [(str(each.ref), each.field, each.says) for each in line.evidence])
    held = [(str(ref), version or "none given; its state is looked at again") for ref, version in line.expects]
    table("Written only while these are unchanged", ("record", "version"), held)
    say(f"Dated {line.intent.on}. Written once, under the mark {line.op_id}.")
    if line.payment is not None:
        say(f"How it was decided, with what spoke against it: receivables explain {line.payment.about.vendor_id}")


def show_plan(made: Plan, *, every: bool = False) -> None:
    """A plan as an accountant reads it: the lines by processor and kind, the effect per account, what is left out."""
    from connector.plan.groups import line_groups

    if made.follows is not None:
        say(f"In place of lines of {made.follows} that were not right any more when they were to be written.")
    if not made.lines:
        rest = (
            f"; {len(made.left_out)} left out, each with its reason" if made.left_out else ", and nothing is left out"
        )
        say(f"Plan {made.plan_id}: there is nothing to write{rest}.")
    else:
        groups = [
            (each.connection, each.title, str(len(each.lines)), _amounts(each.sums)) for each in line_groups(made.lines)
        ]
        columns = ("processor", "what", "lines", "sum")
        table(f"Plan {made.plan_id}: {_count(made)}", columns, groups, right=(2, 3))
        _show_lines(made, every=every)
        _show_effects(made)
    _show_left_out(made, every=every)


def _amounts(sums: Sequence[Money]) -> str:
    from connector.money import grouped

    return "\n".join(grouped(each) for each in sums)


def _show_lines(made: Plan, *, every: bool) -> None:
    rows = [(str(number), _told(line)) for number, line in enumerate(made.lines, start=1)]
    if every and len(rows) > DRAWN_MAX:
        for number, sentence in rows:
            say(f"{number:>7}  {sentence}")
        return
    shown = rows if every else rows[:SHOWN_MAX]
    more = f" (the first {SHOWN_MAX})" if len(shown) < len(rows) else ""
    table(f"Line by line{more}", ("#", "what would be written"), shown, right=(0,))
    if more:
        say(f"All {len(rows)}: receivables plan show {made.plan_id} --all")
    say(f"Why a line: receivables plan show {made.plan_id} --line NUMBER")


def _told(line: PlanLine) -> str:
    if line.instead is None:
        return line.sentence
    return f"{line.sentence} (In place of line {line.instead.line}, because {line.instead.why}.)"


def _show_effects(made: Plan) -> None:
    from connector.money import grouped
    from connector.plan.groups import account_effects

    rows = [
        (
            each.account + (f" ({each.parts} customers)" if each.parts > 1 else ""),
            grouped(each.before) if each.before is not None else "not known",
            grouped(each.change),
            grouped(each.after) if each.after is not None else "",
        )
        for each in account_effects(made)
    ]
    if rows:
        table("Effect per account", ("account", "before", "change", "after"), rows, right=(1, 2, 3))
    else:
        say("No account changes.")


def _show_left_out(made: Plan, *, every: bool) -> None:
    from connector.plan.groups import left_out_groups

    if not made.left_out:
        return
    rows = [(str(each.code), str(len(each.findings)), _amounts(each.sums)) for each in left_out_groups(made.left_out)]
    table(f"Left out: {len(made.left_out)}", ("reason", "count", "sum"), rows, right=(1, 2))
    if every and len(made.left_out) > DRAWN_MAX:
        for each in made.left_out:
            say(f"  {each.code}  {each.sentence} {each.next_step}")
    else:
        show_findings("Left out, one by one", made.left_out, most=len(made.left_out) if every else SHOWN_MAX)


def show_findings(title: str, findings: Sequence[Finding], *, most: int = SHOWN_MAX) -> None:
    """Findings as a table, when there are any."""
    if findings:
        rows = [(str(each.code), each.sentence, each.next_step) for each in findings[:most]]
        more = f" (the first {most} of {len(findings)})" if len(findings) > most else ""
        table(title + more, ("reason", "what", "next"), rows)


def _counts(standing: PlanStanding) -> str:
    lines = len(standing.plan.lines)
    rest = lines - standing.written - standing.waiting - standing.refused - standing.elsewhere
    named = {
        "written": standing.written,
        "waiting": standing.waiting,
        "refused": standing.refused,
        "written by another plan": standing.elsewhere,
        "not written": rest,
        "taken back since": standing.taken_back,
    }
    told = ", ".join(f"{count} {what}" for what, count in named.items() if count)
    return f"Of {lines} lines: {told}." if told else ""


def tell_consent(made: Plan, agreed: Consent) -> None:
    """Who approved a plan, or that somebody has to."""
    from connector.app.approving import HASH_SHOWN
    from connector.money import grouped

    for each in agreed.given:
        by = f" (entered by {each.entered_by})" if each.entered_by != each.by else ""
        say(f"Approved by {each.by}{by} on {each.at:%Y-%m-%d %H:%M} UTC, hash {each.plan_hash[:HASH_SHOWN]}.")
    if agreed.lacks:
        amounts = " and ".join(grouped(each) for each in agreed.above)
        say(
            f"It writes {amounts}, and needs somebody other than {made.made_by} to approve it: receivables plan "
            f"approve {made.plan_id} --by NAME --hash {agreed.plan_hash[:HASH_SHOWN]}"
        )


def _write_html(at: Desk, made: Plan, path: Path) -> None:
    from connector.app.filing import publish
    from connector.app.plans import Plans
    from connector.web.plan import render_plan

    publish({path: [render_plan(at.company.name, Plans(at).of(made)).encode()]})


def approve(
    plan_id: Annotated[str, typer.Argument(help="The plan that may be written.")],
    by: Annotated[
        str | None, typer.Option("--by", help="Who approves it; yourself (RECEIVABLES_ACTOR) when left out.")
    ] = None,
    seen: Annotated[
        str | None, typer.Option("--hash", help="The hash on what was looked at; another plan is then refused.")
    ] = None,
    company: CompanyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say as a second person that a plan may be written. Whoever made it is refused. It is good for this plan only.

    On a computer that several people share this is a procedure and no lock: whoever can run commands can name another.
    The journal keeps who approved, and whose command it was.
    """
    from connector.app.approving import approve as store
    from connector.app.approving import consent
    from connector.app.books import stored_plan

    with desk(company) as at:
        made = stored_plan(at, plan_id)
        given = store(at, made, by or at.actor, seen=seen)
        agreed = consent(at, made)
    if as_json:
        say_json(given)
        return
    sums = _amounts(agreed.sums).replace("\n", " and ")
    say(f"{given.by} approved {made.plan_id} of {made.made_by}: {len(made.lines)} lines, {sums or 'nothing'}.")
    if not agreed.above:
        say("No rule asked for it.")
    say(f"To write it: receivables apply {made.plan_id}")


def plans(
    every: Annotated[bool, typer.Option("--all", help="All of them, not only the latest.")] = False,
    company: CompanyOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the stored plans, the latest first: what became of each, who made and who approved it."""
    from connector.app.plans import Plans

    with desk(company) as at:
        found = list(Plans(at).latest(None if every else SHOWN_MAX))
    if as_json:
        say_json([_summary(each) for each in found])
        return
    if not found:
        say("There is no plan yet. To make one: receivables plan")
        return
    rows = [
        (
            each.plan.plan_id,
            _kind(each.plan),
            f"{each.plan.made_at:%Y-%m-%d %H:%M}",
            each.plan.made_by,
            str(len(each.plan.lines)),
            _amounts(each.consent.sums),
            str(each.state) + (", needs approval" if each.consent.lacks and not each.written else ""),
            ", ".join(given.by for given in each.consent.given),
        )
        for each in found
    ]
    columns = ("plan", "", "made (UTC)", "by", "lines", "sum", "state", "approved by")
    more = "" if every or len(found) < SHOWN_MAX else f", the latest {SHOWN_MAX}"
    table(f"Plans{more}", columns, rows, right=(4, 5))


def _kind(made: Plan) -> str:
    if made.undoes:
        return f"undo of {made.undoes}"
    if made.plan_id.startswith("clean-"):
        return "clean-up"
    if made.plan_id.startswith("refund-"):
        return "refund"
    return f"in place of lines of {made.follows}" if made.follows is not None else ""


def _summary(each: PlanStanding) -> dict[str, object]:
    made = each.plan
    return {
        "plan_id": made.plan_id,
        "made_at": made.made_at,
        "made_by": made.made_by,
        "follows": made.follows,
        "undoes": made.undoes,
        "lines": len(made.lines),
        "left_out": len(made.left_out),
        "sums": each.consent.sums,
        "state": each.state,
        "needs_approval": each.consent.lacks,
        "approved_by": [given.by for given in each.consent.given],
    }


def people(context: typer.Context, company: CompanyOption = None, as_json: JsonOption = False) -> None:
    """List who acts for the company."""
    if context.invoked_subcommand is not None:
        return
    with desk(company) as at:
        found = at.store.actors(at.id)
    if as_json:
        say_json(found)
        return
    table("People", ("name", "in full"), [(each.actor_id, each.name) for each in found])


def add_person(
    name: Annotated[str, typer.Argument(help="A short name, one word, for example erin.")],
    full: Annotated[str | None, typer.Option("--name", help="The name in full.")] = None,
    company: CompanyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add somebody who may approve plans."""
    from connector.app.approving import add_person as store

    with desk(company) as at:
        added = store(at, name, full)
    if as_json:
        say_json(added)
        return
    say(f"Added {added.actor_id} ({added.name}).")
