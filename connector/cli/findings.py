"""findings."""

from __future__ import annotations

from typing import Annotated

import typer

from connector.cli.output import CompanyOption, JsonOption, desk, say, say_json, table, tell_age


def add_to(app: typer.Typer) -> None:
    """Register this group's commands."""
    app.command()(findings)


def findings(
    dismiss: Annotated[
        int | None, typer.Option("--dismiss", help="The number of one that was looked at and needs no more.")
    ] = None,
    company: CompanyOption = None,
    as_json: JsonOption = False,
) -> None:
    """What waits for a person: seen while reading, sums that do not hold, money undecided, writes that were refused.

    What was seen while reading goes by itself when it is put right; what cannot is dismissed by its number, and comes
    back only if it went away meanwhile.
    """
    from connector.app.freshness import freshness
    from connector.app.parked import parked

    with desk(company) as at:
        dismissed = at.store.dismiss(at.id, dismiss, at.actor) if dismiss is not None else None
        notices, fresh = at.store.notices(at.id), freshness(at)
        rest = (*at.store.quarantined(at.id), *at.store.findings(at.id))
        lot = parked(at.store.outbox(at.id))
    if as_json:
        age = {"data_as_of": fresh.data_as_of, "stale": fresh.stale}
        say_json({"dismissed": dismissed, "notices": notices, "findings": rest, "parked": lot, **age})
        tell_age(fresh, as_json=True)
        return
    if dismissed is not None:
        say(f"Dismissed {dismissed.number}: {dismissed.finding.sentence}")
    rows = [
        (
            str(each.number),
            each.connection,
            f"{each.first_at:%Y-%m-%d %H:%M}",
            f"{each.last_at:%Y-%m-%d %H:%M}",
            each.finding.sentence,
            each.finding.next_step,
        )
        for each in notices
    ]
    if rows:
        columns = ("#", "connection", "first seen (UTC)", "last seen (UTC)", "what", "next")
        table(f"{len(rows)} seen while reading", columns, rows, right=(0,))
    others = [("", str(each.code), each.sentence, each.next_step) for each in rest]
    if others:
        table(f"{len(others)} from the books and from reconciling", ("", "reason", "what", "next"), others)
    writes = [(each.state, f"{each.kind} {each.subject}", each.cause, each.next_step) for each in lot]
    if writes:
        table(f"{len(writes)} writes that did not go through", ("", "write", "because", "next"), writes)
    if not (rows or others or writes):
        say("Nothing waits for a person.")
    tell_age(fresh)
