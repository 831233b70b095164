"""payouts: every payout explained, line by line, as a statement that can be ticked off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli.output import NEEDS_A_PERSON, CompanyOption, JsonOption, desk, say, say_json, table, tell_age

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.app.payouts import Names, Payouts
    from connector.reconcile.chains import Line
    from connector.reconcile.clearing import Standing
    from connector.reconcile.payouts import Explanation

SHOWN_MAX = 60


def add_to(app: typer.Typer) -> None:
    """Register this group's command."""
    app.command()(payouts)


def payouts(
    payout: Annotated[str | None, typer.Argument(help="One payout, for example po_1234: all its lines.")] = None,
    unexplained: Annotated[
        bool, typer.Option("--unexplained", help="Only those whose lines are not known or do not add up.")
    ] = False,
    company: CompanyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Every payout with what it consists of, to the cent, or why that cannot be said. Reads only what was synced."""
    from connector.app.freshness import freshness
    from connector.app.payouts import payout as look_up
    from connector.app.payouts import payouts as look_at_all

    if payout is not None:
        with desk(company) as at:
            told, names = look_up(at, payout)
            fresh = freshness(at)
        _show_json(told) if as_json else _show_one(told, names)
        tell_age(fresh, as_json=as_json)
        if told.verdict in _WRONG:
            raise typer.Exit(NEEDS_A_PERSON)
        return
    with desk(company) as at:
        everything, names = look_at_all(at)
        fresh = freshness(at)
    if as_json:
        say_json(
            {
                "payouts": [each for each in everything.explanations if not unexplained or each.verdict != "ties"],
                "standings": [
                    {"standing": each, "unbooked": each.unbooked, "holds": each.holds} for each in everything.standings
                ],
                "findings": everything.findings,
                "well": everything.well,
            }
        )
    else:
        _show_all(everything, unexplained=unexplained)
    tell_age(fresh, as_json=as_json)
    if not everything.well:
        raise typer.Exit(NEEDS_A_PERSON)


_WRONG = ("does_not_tie", "incomplete")
_VERDICTS = {
    "ties": "ties",
    "does_not_tie": "DOES NOT TIE",
    "incomplete": "A LINE IS MISSING",
    "not_yet": "not said yet",
    "never": "never said",
}


def _show_json(told: Explanation) -> None:
    say_json({"payout": told, "lines": told.lines})


def _show_all(everything: Payouts, *, unexplained: bool) -> None:
    from connector.cli.planning import show_findings
    from connector.money import grouped

    chosen = [each for each in everything.explanations if not unexplained or each.verdict != "ties"]
    rows = [
        (
            f"{each.arrives_on}",
            each.payout.vendor_id,
            grouped(each.amount),
            f"{each.made}, {each.state}",
            str(len(each.lines)) if each.lines else "",
            _VERDICTS[each.verdict],
            " ".join(each.reasons),
        )
        for each in chosen[:SHOWN_MAX]
    ]
    more = f" (the latest {SHOWN_MAX} of {len(chosen)})" if len(chosen) > SHOWN_MAX else ""
    what = "Payouts without a full explanation" if unexplained else "Payouts"
    if rows:
        columns = ("arrives", "payout", "amount", "", "lines", "explained", "why")
        table(what + more, columns, rows, right=(2, 4))
    else:
        say("Every payout is explained." if unexplained and everything.explanations else "No payout was read yet.")
    for standing in everything.standings:
        _show_standing(standing)
    show_findings("For a person", everything.findings)


def _show_standing(standing: Standing) -> None:
    """The processor's balance as a sum that a bookkeeper can follow."""
    from connector.money import grouped
    from connector.reconcile.clearing import IN_WORDS

    rows = [("opening entry", grouped(standing.opening))] if standing.opening else []
    rows.append(("booked", grouped(standing.booked)))
    rows += [(f"{IN_WORDS[rest.reason]} ({len(rest.entries)})", grouped(rest.amount)) for rest in standing.rest]
    rows.append(("together", grouped(standing.explained)))
    rows.append(("lines of the processor's ledger", grouped(standing.ledger)))
    if standing.said is not None:
        rows.append(("the processor's own balance", grouped(standing.said)))
    if standing.held is not None:
        rows.append(("the clearing account in the books", grouped(standing.held)))
    agrees = "agrees" if standing.holds else "DOES NOT AGREE"
    table(f"{standing.connection} in {standing.currency}: {agrees}", ("", "amount"), rows, right=(1,))


def _show_one(told: Explanation, names: Names) -> None:
    from connector.money import grouped

    say(
        f"Payout {told.payout.vendor_id} of {grouped(told.amount)}, {told.made}, {told.state}, at the bank on "
        f"{told.arrives_on}: {_VERDICTS[told.verdict]}."
    )
    for reason in told.reasons:
        say(f"  {reason}")
    line = names.snapshot.payments.get(told.arrived) if told.arrived is not None else None
    if line is not None and told.arrived is not None:
        say(f"  {told.arrived.connection} shows it on {line.received_on}: {grouped(line.gross)}.")
    for part in told.parts:
        name = str(part.nature).replace("_", " ")
        rows = [_row(line, names) for line in part.lines]
        rows.append(("", "together", "", "", grouped(part.gross), grouped(part.fee), grouped(part.net), ""))
        columns = ("day", "line", "customer", "invoice", "gross", "fee", "net", "exchange")
        table(f"{name} ({len(part.lines)})", columns, rows, right=(4, 5, 6))
    _show_ledger_lines(told)
    if told.lines:
        say(f"Lines together {grouped(told.amount - told.difference)}, payout {grouped(told.amount)}.")
    if told.proposal is not None and told.proposal.fits:
        say("Proposed, not proven: " + ", ".join(each.vendor_id for each in told.proposal.entries) + ".")


def _row(line: Line, names: Names) -> Sequence[str]:
    from connector.money import grouped

    chain = line.chain
    invoices = ", ".join(names.invoice(each) for each in chain.invoices)
    if chain.lost is not None:
        invoices = f"{chain.lost.kind.replace('_', ' ')} {chain.lost.vendor_id} was not read"
    exchange = ""
    if line.exchange is not None:
        exchange = f"{grouped(line.exchange.presented)} at {line.exchange.rate or 'an unknown rate'}"
        if line.exchange.difference:
            exchange += f", difference {grouped(line.exchange.difference)}"
    about = chain.about.vendor_id if chain.about is not None else line.entry.vendor_id
    return (
        f"{line.created:%Y-%m-%d}",
        about,
        names.customer(chain.customer),
        invoices,
        grouped(line.gross),
        grouped(line.fee),
        grouped(line.net),
        exchange,
    )


def _show_ledger_lines(told: Explanation) -> None:
    from connector.money import grouped

    for line, what in ((told.own, "It went out"), (told.back, "It came back")):
        if line is not None:
            say(f"{what} by line {line.entry.vendor_id} of {grouped(line.net)} on {line.created:%Y-%m-%d}.")
