"""shadow: what a past period would have looked like with us there, and what is wrong in the books already."""

from __future__ import annotations

import sys
from contextlib import nullcontext, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli.output import NEEDS_A_PERSON, CompanyOption, JsonOption, desk, say, say_json, table, tell_age

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.app.freshness import Freshness
    from connector.app.shadow import Looked
    from connector.cli.exports import Downloads
    from connector.dates import BusinessDate
    from connector.reconcile.shadowed import Shadow

SHOWN_MAX = 40


def add_to(app: typer.Typer) -> None:
    """Register this group's command."""
    app.command()(shadow)


def shadow(
    start: Annotated[
        str | None, typer.Option("--from", help="The first day (YYYY-MM-DD); else all that is known.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="The last day (YYYY-MM-DD); else today.")] = None,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write the report as one page that can be forwarded.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--in", help="Look at a folder of exports instead, as you download them.")
    ] = None,
    bank: Annotated[Path | None, typer.Option("--bank", help="With --in: a bank's file, read by the mapping.")] = None,
    mapping: Annotated[
        Path | None, typer.Option("--map", help="With --bank: a TOML file that names its columns.")
    ] = None,
    currency: Annotated[str, typer.Option("--currency", help="With --in: of exports that do not say, as USD.")] = "",
    dates: Annotated[str, typer.Option("--dates", help="With --in: dmy or mdy, where a file does not show it.")] = "",
    propose: Annotated[
        bool,
        typer.Option("--propose", help="Make a plan that cleans up what was found; apply writes it."),
    ] = False,
    take_back: Annotated[
        list[str] | None,
        typer.Option("--take-back", help="With --propose: of two entries this one of ours is wrong."),
    ] = None,
    company: CompanyOption = None,
    as_json: JsonOption = False,
) -> None:
    """What would have been posted in a past period, and what is wrong in the books already. Writes nothing anywhere.

    Money not applied, entries that stand twice, fees posted net, payouts in the bank account twice, and what stays on
    a clearing account: each with the entries, the sum, the days, and what to do. A suspicion is called one.
    """
    from connector.cli.exports import Downloads
    from connector.cli.output import writable
    from connector.dates import business_date
    from connector.errors import UserError

    first = business_date(start) if start is not None else None
    last = business_date(end) if end is not None else None
    if html is not None:
        writable(html)
    if propose or take_back:
        if folder is not None or not propose:
            raise UserError(
                "A clean-up is planned for connected books, and --take-back goes with --propose.",
                next_step="Run: receivables shadow --propose",
            )
        _propose(company, (first, last), take_back or (), html, as_json=as_json)
        return
    if folder is None and (bank, mapping, currency, dates) != (None, None, "", ""):
        raise UserError(
            "--bank, --map, --currency and --dates go with --in, which looks at files.",
            next_step="Name the folder of your downloads with --in; or leave them out, to look at connected books.",
        )
    files = Downloads(folder, bank, mapping, currency, dates) if folder is not None else None
    looked, fresh = _over_files(files, first, last, quiet=as_json) if files else _over_mirror(company, first, last)
    _report(looked, fresh, html, as_json=as_json)


def _report(looked: Looked, fresh: Freshness | None, html: Path | None, *, as_json: bool) -> None:
    if html is not None:
        from connector.web.shadow import render

        html.write_text(render(looked, fresh.data_as_of if fresh is not None else None), encoding="utf-8")
    if as_json:
        say_json(_plain(looked))
    else:
        _show(looked)
        if html is not None:
            say(f"Written: {html}")
    if fresh is not None:
        tell_age(fresh, as_json=as_json)
    if looked.shadow.rows:
        raise typer.Exit(NEEDS_A_PERSON)


def _propose(
    company: str | None,
    days: tuple[BusinessDate | None, BusinessDate | None],
    take_back: Sequence[str],
    html: Path | None,
    *,
    as_json: bool,
) -> None:
    """The plan of a clean-up: what we do ourselves, and what a person does, step by step."""
    from connector.app.cleaning import propose
    from connector.app.filing import publish
    from connector.app.plans import Plans
    from connector.cli.planning import show_plan
    from connector.web.plan import render_plan

    with desk(company) as at:
        made = propose(at, *days, take_back=take_back)
        if html is not None:
            publish({html: [render_plan(at.company.name, Plans(at).of(made)).encode()]})
    if as_json:
        say_json(made)
    else:
        show_plan(made, every=True)
        if html is not None:
            say(f"Written: {html}")
        say("What other hands wrote is never changed from here: what is left out is for a person, with the steps.")
        if made.lines:
            say(f"Nothing was written. To write the lines: receivables apply {made.plan_id}")
    if made.left_out:
        raise typer.Exit(NEEDS_A_PERSON)


def _over_mirror(company: str | None, start: BusinessDate | None, end: BusinessDate | None) -> tuple[Looked, Freshness]:
    from connector.app.freshness import freshness
    from connector.app.shadow import shadow as look

    with desk(company) as at:
        return look(at, start, end), freshness(at)


def _over_files(
    files: Downloads, start: BusinessDate | None, end: BusinessDate | None, *, quiet: bool
) -> tuple[Looked, None]:
    """What files alone can show."""
    from connector.app.exports.shadowed import UNTOLD, over_files
    from connector.app.shadow import Looked, in_order
    from connector.cli.exports import read
    from connector.clock import SystemClock
    from connector.dates import BusinessDate
    from connector.reconcile.cash.case import Policy

    last = end or BusinessDate(SystemClock().now().date())
    in_order(start or last, last)
    with redirect_stdout(sys.stderr) if quiet else nullcontext():
        cases, _ = read(files, Policy(terms=True), (), with_payouts=False)
    found = over_files(cases, start, last)
    return Looked(company=str(files.folder.name), shadow=found, unset=(UNTOLD,)), None


def _plain(looked: Looked) -> dict[str, object]:
    found = looked.shadow
    return {
        "company": looked.company,
        "from": found.start,
        "to": found.end,
        "unset": looked.unset,
        "sums": found.sums,
        "rows": [{"on": row.on, "days": row.days, "finding": row.finding} for row in found.rows],
        "would_have_posted": found.decided,
        "would_have_asked": found.asked,
        "waited": found.waited,
        "residues": found.residues,
    }


def _show(looked: Looked) -> None:
    from connector.money import grouped

    found = looked.shadow
    say(f"{looked.company}, {found.start} to {found.end}. Nothing was written, here or anywhere.")
    for sentence in looked.unset:
        say(sentence)
    if found.sums:
        rows = [(str(each.code), str(each.count), grouped(each.amount)) for each in found.sums]
        table("What was found", ("what", "times", "amount"), rows, right=(1, 2))
        told = [
            (str(row.finding.code), f"{row.on}", _days(row.days), row.finding.sentence, row.finding.next_step)
            for row in found.rows[:SHOWN_MAX]
        ]
        more = f" (the first {SHOWN_MAX} of {len(found.rows)})" if len(found.rows) > SHOWN_MAX else ""
        table("Each of them" + more, ("what", "since", "days", "because", "next"), told, right=(2,))
    else:
        say("Nothing is wrong in the books, as far as this can see.")
    _show_money(found)


def _days(days: int) -> str:
    return str(days) if days else ""


def _show_money(found: Shadow) -> None:
    from connector.money import grouped

    if found.residues:
        rows = [(f"{each.on}", each.connection, grouped(each.amount)) for each in found.residues[-SHOWN_MAX:]]
        table("Left on the clearing account at the end of the day", ("day", "processor", "amount"), rows, right=(2,))
    would = (
        f"It would have posted {len(found.decided)} payments by itself, and asked" if found.decided else "It would ask"
    )
    say(f"{would} a person about {found.asked}.")
    for each in found.decided[:SHOWN_MAX]:
        say(f"  {each.payment.vendor_id} of {grouped(each.gross)}: {each.sentence}")
    for wait in found.waited:
        say(
            f"{wait.payments} payments ({grouped(wait.amount)}) waited {wait.days} days together to be posted, "
            f"the longest {wait.longest}."
        )
