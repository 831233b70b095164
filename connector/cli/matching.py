"""match and explain: the engine over plain files, and its decisions recomputed by whoever doubts them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli.output import NEEDS_A_PERSON, progress_bar, say

if TYPE_CHECKING:
    from connector.app.folder import Purse

BANK_FEE_MINOR_MAX = 3_000
"""What a bank may have kept of a payment whose text names what it pays."""


def add_to(app: typer.Typer) -> None:
    """Register this group's commands."""
    app.command()(match)
    app.command()(explain)


def match(
    folder: Annotated[Path, typer.Option("--in", help="Holds invoices.csv, payments.csv and maybe customers.csv.")],
    out: Annotated[Path, typer.Option("--out", help="The allocations that are proved, one a line.")],
    findings: Annotated[Path | None, typer.Option("--findings", help="What was not decided, and why.")] = None,
    payouts: Annotated[
        Path | None,
        typer.Option("--payouts", help="Which bank deposit is which payout; beside it, NAME-lines: its lines."),
    ] = None,
    evidence: Annotated[
        Path | None, typer.Option("--evidence", help="What each decision stands on, for `explain`.")
    ] = None,
    oldest_first: Annotated[
        bool, typer.Option("--oldest-first", help="Among identical invoices of one customer, the oldest first.")
    ] = False,
    bank_fee: Annotated[
        int, typer.Option("--bank-fee", min=0, help="Minor units that a bank may have kept.")
    ] = BANK_FEE_MINOR_MAX,
    processes: Annotated[
        int | None, typer.Option("--processes", min=1, max=64, help="By itself two, where that is worth it.")
    ] = None,
) -> None:
    """Which payment settles which invoice, from files, without a store: what can be proved, and nothing else.

    Amounts in the files are whole minor units, days are ISO dates. Discounts and withholding are those of
    customers.csv. All files are written together at the end, or none.
    """
    from connector.app.filing import publish, refuse_unfit
    from connector.app.folder import read_cases, read_purses, sources
    from connector.app.matching import Wanted, decided, files_of, lines_beside, paid_out
    from connector.reconcile.cash.case import Policy

    lines = lines_beside(payouts) if payouts is not None else None
    refuse_unfit([each for each in (out, findings, payouts, lines, evidence) if each is not None], sources(folder))
    cases = read_cases(folder, Policy(bank_fee=bank_fee, terms=True, oldest_first=oldest_first))
    purses: list[Purse] = read_purses(folder) if payouts is not None else []
    wanted = Wanted(findings=findings is not None, evidence=evidence is not None)
    with progress_bar("matching") as bar:
        found = decided(cases, wanted, bar, processes)
    files = files_of(found, out, findings, evidence)
    receipts = sum(len(case.receipts) for _, case in cases)
    told = [f"{sum(each.decided for each in found):,} of {receipts:,} payments decided; the rest is for a person."]
    if payouts is not None and lines is not None:
        sent = paid_out(purses, cases)
        files |= sent.files(payouts, lines)
        told.append(
            f"{sent.found:,} of {sent.payouts:,} payouts found at the bank, {sent.explained:,} explained to the cent."
        )
    publish(files)
    for sentence in told:
        say(sentence)


def explain(
    check: Annotated[Path, typer.Option("--check", help="A file that `match --evidence` wrote.")],
) -> None:
    """Recompute every decision from its evidence alone: the numbers in the text, the sums, the rules, the rivals.

    Ends with 0 only if all of them hold. It uses nothing of what made the decisions.
    """
    from connector.app.proving import check_file

    with progress_bar("checking") as bar:
        report = check_file(check, bar)
    for fault in report.faults:
        say(fault)
    if report.count > len(report.faults):
        say(f"And {report.count - len(report.faults):,} more.")
    if report.count:
        raise typer.Exit(NEEDS_A_PERSON)
    say(f"{report.decisions:,} decisions and {report.abstentions:,} abstentions hold.")
