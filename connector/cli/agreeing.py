"""agree: do the books, the processors and the open items say the same, and where not, which entry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli.output import NEEDS_A_PERSON, CompanyOption, JsonOption, desk, say, say_json, table, tell_age

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.app.agreeing import Report
    from connector.reconcile.sides import Sheet

SHOWN_MAX = 40


def add_to(app: typer.Typer) -> None:
    """Register this group's command."""
    app.command()(agree)


def agree(
    as_of: Annotated[str | None, typer.Option("--as-of", help="Up to that day (YYYY-MM-DD); else today.")] = None,
    company: CompanyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Whether the books agree with their open items and with each processor, entry by entry; reads only the mirror.

    Every difference has one of six names: missing here (the books), missing there, amount, date, currency, duplicated.
    """
    from connector.app.agreeing import agreement
    from connector.app.freshness import freshness
    from connector.dates import business_date

    day = business_date(as_of) if as_of is not None else None
    with desk(company) as at:
        report = agreement(at, day)
        fresh = freshness(at)
    say_json(_plain(report)) if as_json else _show(report)
    tell_age(fresh, as_json=as_json)
    if not report.agrees:
        raise typer.Exit(NEEDS_A_PERSON)


def _plain(report: Report) -> dict[str, object]:
    from connector.reconcile.agreement import next_step, told

    return {
        "as_of": report.as_of,
        "agrees": report.agrees,
        "unset": report.unset,
        "sheets": [
            {
                "name": sheet.name,
                "here": sheet.here,
                "there": sheet.there,
                "agreeing": sheet.agreement.agreeing,
                "totals": [{"total": each, "difference": each.difference} for each in sheet.agreement.totals],
                "days": [{"day": each, "difference": each.difference} for each in sheet.agreement.days],
                "differences": [
                    {
                        "kind": each.kind,
                        "here": each.here._asdict() if each.here is not None else None,
                        "there": each.there._asdict() if each.there is not None else None,
                        "twin": each.twin._asdict() if each.twin is not None else None,
                        "also": each.also,
                        "sentence": told(each, *_called(sheet)),
                        "next_step": next_step(each),
                    }
                    for each in sheet.agreement.differences
                ],
            }
            for sheet in report.sheets
        ],
    }


def _show(report: Report) -> None:
    say(f"Up to {report.as_of}.")
    for sentence in report.unset:
        say(sentence)
    for sheet in report.sheets:
        if not sheet.is_balance:
            _show_sheet(sheet)
    _show_balances([sheet for sheet in report.sheets if sheet.is_balance])
    count = sum(len(sheet.agreement.differences) for sheet in report.sheets)
    same = f"{sum(sheet.agreement.agreeing for sheet in report.sheets):,} entries agree"
    say(f"{same}, and nothing differs." if not count else f"{same}; {count:,} do not, and are for a person.")


def _show_balances(sheets: Sequence[Sheet]) -> None:
    """One row a balance: each has one figure on either side."""
    from connector.money import grouped
    from connector.reconcile.agreement import next_step, told

    rows = [
        (sheet.name, grouped(each.here), sheet.there, grouped(each.there), grouped(each.difference))
        for sheet in sheets
        for each in sheet.agreement.totals
    ]
    state = "agree" if all(sheet.agreement.holds for sheet in sheets) else "DO NOT AGREE"
    if rows:
        table(f"Balances: {state}", ("", "says itself", "consists of", "", "apart"), rows, right=(1, 3, 4))
    for sheet in sheets:
        for each in sheet.agreement.differences:
            say(f"{told(each)} {next_step(each)}")


def _show_sheet(sheet: Sheet) -> None:
    from connector.money import grouped
    from connector.reconcile.agreement import next_step, told

    found = sheet.agreement
    if found.totals:
        state = "agrees" if found.holds else f"{len(found.differences):,} DIFFERENCES"
        rows = [
            (each.currency, grouped(each.here), grouped(each.there), grouped(each.difference)) for each in found.totals
        ]
        table(f"{sheet.name}: {state}", ("currency", sheet.here, sheet.there, "apart"), rows, right=(1, 2, 3))
    if found.days:
        days = [
            (f"{each.on}", grouped(each.here), grouped(each.there), grouped(each.difference))
            for each in found.days[-SHOWN_MAX:]
        ]
        table("Days that differ" + _more(len(found.days)), ("day", sheet.here, sheet.there, "apart"), days, (1, 2, 3))
    if found.differences:
        told_of = [(each.kind, told(each, *_called(sheet)), next_step(each)) for each in found.differences[-SHOWN_MAX:]]
        table("Differences" + _more(len(found.differences)), ("kind", "what", "next step"), told_of)


def _called(sheet: Sheet) -> tuple[str, str]:
    return f"in {sheet.here}", f"in {sheet.there}"


def _more(count: int) -> str:
    return f" (the latest {SHOWN_MAX} of {count:,})" if count > SHOWN_MAX else ""
