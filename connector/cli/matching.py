"""match: the engine over plain files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from connector.cli.output import progress_bar, say

if TYPE_CHECKING:
    from connector.cli.exports import Downloads
    from connector.reconcile.cash.case import Policy

BANK_FEE_MINOR_MAX = 3_000
"""What a bank may have kept of a payment whose text names what it pays."""
FX_MARGIN_BP_MAX = 150
"""What a bank may have kept when it changed one currency into another, in hundredths of a percent of its rate."""


class _Files(NamedTuple):
    """What is to be written, None for what is not wanted."""

    out: Path
    findings: Path | None
    payouts: Path | None
    evidence: Path | None
    proposals: Path | None


def add_to(app: typer.Typer) -> None:
    """Register this group's commands."""
    app.command()(match)


def match(
    folder: Annotated[
        Path | None, typer.Option("--in", help="Holds invoices.csv and payments.csv, or exports as you download them.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="The allocations that are proved, one a line.")] = None,
    findings: Annotated[Path | None, typer.Option("--findings", help="What was not decided, and why.")] = None,
    payouts: Annotated[
        Path | None,
        typer.Option("--payouts", help="Which bank deposit is which payout; beside it NAME-lines and NAME-left."),
    ] = None,
    evidence: Annotated[
        Path | None, typer.Option("--evidence", help="What each decision stands on, for `explain`.")
    ] = None,
    proposals: Annotated[
        Path | None, typer.Option("--proposals", help="What was not decided may be: up to three allocations of each.")
    ] = None,
    oldest_first: Annotated[
        bool, typer.Option("--oldest-first", help="Among identical invoices of one customer, the oldest first.")
    ] = False,
    bank_fee: Annotated[
        int, typer.Option("--bank-fee", min=0, help="Minor units that a bank may have kept.")
    ] = BANK_FEE_MINOR_MAX,
    fx_margin: Annotated[
        int,
        typer.Option("--fx-margin", min=0, max=1_000, help="Hundredths of a percent off the rates of fx.csv, at most."),
    ] = FX_MARGIN_BP_MAX,
    processes: Annotated[
        int | None, typer.Option("--processes", min=1, max=64, help="By itself two, where that is worth it.")
    ] = None,
    bank: Annotated[Path | None, typer.Option("--bank", help="A bank's CSV or XLSX, read by the mapping.")] = None,
    mapping: Annotated[Path | None, typer.Option("--map", help="A TOML file that names the bank's columns.")] = None,
    suggest_map: Annotated[
        bool, typer.Option("--suggest-map", help="Only propose a mapping for the bank's file, to be checked.")
    ] = False,
    currency: Annotated[str, typer.Option("--currency", help="Of exports that do not say, such as USD.")] = "",
    dates: Annotated[str, typer.Option("--dates", help="dmy or mdy, where a file does not show which.")] = "",
) -> None:
    """Which payment settles which invoice, from files, without a store: what can be proved, and nothing else.

    Amounts in our own files are whole minor units, days are ISO dates. Discounts and withholding are those of
    customers.csv. Exports of QuickBooks and Stripe are read as they are downloaded, whatever their names, CSV or XLSX.
    All files are written together at the end, or none.
    """
    from connector.cli.exports import Downloads, suggest
    from connector.errors import UserError
    from connector.reconcile.cash.case import Policy

    if suggest_map:
        suggest(bank, currency)
        return
    if folder is None or out is None:
        raise UserError("Nothing says what to read and where to write.", next_step="Give --in FOLDER and --out FILE.")
    policy = Policy(bank_fee=bank_fee, terms=True, oldest_first=oldest_first, fx_margin_bp=fx_margin)
    downloads = Downloads(folder, bank, mapping, currency, dates)
    _matched(downloads, _Files(out, findings, payouts, evidence, proposals), policy, processes)


def _matched(downloads: Downloads, wanted: _Files, policy: Policy, processes: int | None) -> None:
    """Read everything, decide it, write all files and say how much was decided."""
    from connector.app.filing import publish, refuse_unfit
    from connector.app.folder import sources
    from connector.app.matching import Wanted, decided, files_of, left_beside, lines_beside, paid_out
    from connector.cli.exports import read

    out, findings, payouts, evidence, proposals = wanted
    beside = (lines_beside(payouts), left_beside(payouts)) if payouts is not None else ()
    written = [each for each in (*wanted, *beside) if each is not None]
    refuse_unfit(written, sources(downloads.folder))
    cases, purses = read(downloads, policy, written, with_payouts=payouts is not None)
    asked = Wanted(findings=findings is not None, evidence=evidence is not None, proposals=proposals is not None)
    with progress_bar("matching") as bar:
        found = decided(cases, asked, bar, processes)
    files = files_of(found, out, findings, evidence, proposals)
    receipts = sum(len(case.receipts) for _, case in cases)
    told = [f"{sum(each.decided for each in found):,} of {receipts:,} payments decided; the rest is for a person."]
    if payouts is not None:
        sent = paid_out(purses, cases, asked)
        files |= sent.files(payouts)
        if evidence is not None:
            files[evidence].append(sent.evidence)
        told.append(sent.sentence)
    publish(files)
    for sentence in told:
        say(sentence)
