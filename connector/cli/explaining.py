"""explain: what a decision stands on, in a person's words, and every decision of a file computed again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli.output import NEEDS_A_PERSON, CompanyOption, JsonOption, desk, progress_bar, say, say_json, table

if TYPE_CHECKING:
    from connector.app.explaining import Explanation
    from connector.model.ruling import Ruling
    from connector.reconcile.cash.record import Line

RIVALS_SHOWN_MAX = 10
_BECAUSE = {"key": "its stored key", "named": "its number is in the text", "amount": "its amount"}


def add_to(app: typer.Typer) -> None:
    """Register this command."""
    app.command()(explain)


def explain(
    payment: Annotated[str | None, typer.Argument(help="The payment's id; without it, --check a whole file.")] = None,
    evidence: Annotated[
        Path | None, typer.Option("--evidence", help="A file that `match --evidence` wrote; else what is stored.")
    ] = None,
    check: Annotated[
        Path | None, typer.Option("--check", help="Recompute every decision of a file that `match --evidence` wrote.")
    ] = None,
    check_kept: Annotated[
        bool, typer.Option("--check-stored", help="Recompute everything that `reconcile` kept of this company.")
    ] = False,
    company: CompanyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a decision about a payment stands on, or why there is none, and compute it again.

    With --check or --check-stored, every decision of a file, or of the store, is computed again from its evidence
    alone: the numbers in the text, the sums, the rules, the rivals. Ends with 0 only if all of it holds. It uses
    nothing of what made the decisions.
    """
    from connector.errors import UserError

    if (payment is not None) + (check is not None) + check_kept != 1:
        raise UserError(
            "Either one payment is explained, or a file or the store is checked.",
            next_step="Give a payment's id, or --check FILE, or --check-stored.",
        )
    if payment is None:
        _check(check, company, as_json=as_json)
    else:
        _explain(payment, evidence, company, as_json=as_json)


def _check(path: Path | None, company: str | None, *, as_json: bool) -> None:
    from connector.app.explaining import check_store
    from connector.app.proving import check_file

    if path is not None:
        with progress_bar("checking") as bar:
            report = check_file(path, bar)
    else:
        with desk(company) as opened, progress_bar("checking") as bar:
            report = check_store(opened, bar)
    if as_json:
        say_json(report)
    else:
        for fault in report.faults:
            say(fault)
        if report.count > len(report.faults):
            say(f"And {report.count - len(report.faults):,} more.")
        if not report.count:
            say(f"{report.decisions:,} decisions and {report.abstentions:,} abstentions hold.")
    if report.count:
        raise typer.Exit(NEEDS_A_PERSON)


def _explain(payment: str, evidence: Path | None, company: str | None, *, as_json: bool) -> None:
    from connector.app.explaining import from_file, from_store

    if evidence is not None:
        with progress_bar("checking") as bar:
            found = from_file(evidence, payment, company, bar)
    else:
        with desk(company) as opened:
            found = from_store(opened, payment)
    if as_json:
        told = {"evidence": found.line, "faults": found.faults, "holds": not found.faults}
        say_json(told if found.ruling is None else {**told, "ruling": found.ruling})
    else:
        _tell(found)
    if found.faults:
        raise typer.Exit(NEEDS_A_PERSON)


def _tell(found: Explanation) -> None:
    from connector.reconcile.cash.telling import amount_of, marked, payer_of

    line = found.line
    paid = line.payment
    if found.ruling is not None:
        _tell_ruling(found.ruling, line)
    said = "decided" if line.step >= 0 else "not decided"
    say(f"{paid.kind.capitalize()} {paid.id} of {amount_of(line, paid.amount)} on {paid.on}: {said} ({line.kind}).")
    say(line.sentence)
    if line.next_step:
        say(f"Next: {line.next_step}")
    say(f"Payer: {payer_of(line)}")
    if paid.text:
        say(f"Text:  {marked(line)}")
    if line.settled:
        _tell_equation(line)
    for rival in line.rivals[:RIVALS_SHOWN_MAX]:
        numbers = {item.id: item.number or item.id for item in line.items}
        say(f"Rival: {', '.join(numbers.get(item, item) for item in rival.items)}. {rival.why}")
    if len(line.rivals) > RIVALS_SHOWN_MAX:
        say(f"And {len(line.rivals) - RIVALS_SHOWN_MAX:,} more rivals.")
    _tell_proposals(line)
    if line.confidence_ppm:
        say(f"Of a million decisions like it, {line.confidence_ppm:,} are right on worlds whose truth is known.")
    for fault in found.faults:
        say(f"Does not hold: {fault}")
    if not found.faults:
        say("Computed again from this evidence alone: it holds.")


def _tell_ruling(ruling: Ruling, line: Line) -> None:
    """What a person decided, before what the engine had made of it."""
    from connector.money import grouped

    numbers = {item.id: item.number or item.id for item in line.items}
    shares = [
        f"{grouped(each.amount)} of it to {numbers.get(str(each.target), each.target.vendor_id)}"
        for each in ruling.allocations
    ]
    if ruling.unapplied.minor:
        shares.append(f"{grouped(ruling.unapplied)} kept on account")
    say(f"{ruling.by} decided on {ruling.at:%Y-%m-%d}: {', '.join(shares)}.")
    if ruling.sentence:
        say(ruling.sentence)
    say(f"To take it back: receivables review undo {ruling.payment.vendor_id}")
    say("Before that:")


def _tell_equation(line: Line) -> None:
    from connector.reconcile.cash.telling import amount_of, equation, rule_of

    items = {item.id: item for item in line.items}
    rows = [
        (
            items[each.item].number or each.item,
            amount_of(line, items[each.item].open, items[each.item].currency),
            amount_of(line, each.pay),
            amount_of(line, each.applied, items[each.item].currency),
            _BECAUSE.get(each.why, each.why),
        )
        for each in line.settled
        if each.item in items
    ]
    table("What it settles", ("invoice", "open", "paid", "applied", "because of"), rows, right=(1, 2, 3))
    for each in line.adjustments:
        number = items[each.item].number if each.item in items else each.item
        say(f"{amount_of(line, each.amount)} of {each.type} on {number}: permitted, {rule_of(line, each)}.")
    say(f"Sum:   {equation(line)}")


def _tell_proposals(line: Line) -> None:
    rows = [
        (str(rank), f"{one.confidence_ppm // 10_000} %", one.sentence)
        for rank, one in enumerate(line.proposals, start=1)
    ]
    if rows:
        table("What it may be", ("#", "right", "proposal"), rows, right=(0, 1))
