"""bank import, bank map, bank lines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from connector.cli.output import NEEDS_A_PERSON, CompanyOption, JsonOption, desk, progress_bar, say, say_json, table

REFERENCE_SHOWN = 40


def add_to(app: typer.Typer) -> None:
    """Register this group's commands."""
    group = typer.Typer(
        help="Your bank account, by its statements: CAMT.053, OFX or QFX, or the bank's CSV or XLSX by a mapping.\n\n"
        "What customers paid there is decided, planned and posted like money from a processor; what a processor sent "
        "is recognised as its payout. Nothing is ever sent to a bank.\n\n"
        "Begin with: receivables connect bankfile --set folder=FOLDER --set account=IBAN --set currency=EUR; then "
        "`receivables accounts bankfile --bank NAME` says which account of the books it is.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    group.command("import")(import_files)
    group.command("map")(map_file)
    group.command("lines")(lines)
    app.add_typer(group, name="bank")


def import_files(
    files: Annotated[list[Path], typer.Argument(help="Statements as they were downloaded, unedited; in any order.")],
    connection: Annotated[
        str | None, typer.Option(help="Which bank account; not needed while there is only one.")
    ] = None,
    company: CompanyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take statements in, and read what is new in them.

    Each is checked first: what was there before and all its lines must come to what was there after, every amount and
    day must be readable in one way only, and it must be of this account. One that fails is refused with file and line,
    and nothing of any of them is taken in. The same file twice, and lines that stand in two files, count once. Days
    that no statement covers, and files that contradict each other, are told.
    """
    from connector.app.statements import bring

    with desk(company) as at, progress_bar("reading") as bar:
        done = bring(at, [str(each) for each in files], connection, bar)
    if as_json:
        say_json({"files": done.files, "counts": done.synced.counts, "findings": done.synced.findings})
    else:
        rows = [
            (each.file, f"{each.first} to {each.last}", str(each.lines), str(each.came), "" if each.is_new else "known")
            for each in done.files
        ]
        table("Taken in", ("file", "days", "lines", "of them money in", ""), rows, right=(2, 3))
        new = done.synced.counts.get("payment")
        say(f"New payments: {new.new if new is not None else 0}. Changed: {new.changed if new is not None else 0}.")
        for finding in done.synced.findings:
            say(f"{finding.sentence} {finding.next_step}")
        say("Next:  receivables bank lines    (what each line is)    receivables plan")
    if done.synced.findings:
        raise typer.Exit(NEEDS_A_PERSON)


def map_file(
    file: Annotated[Path, typer.Argument(help="A CSV or XLSX of your bank.")],
    currency: Annotated[str, typer.Option(help="The account's currency, where the file does not say it.")] = "",
    save: Annotated[Path | None, typer.Option(help="Write the proposal into this file, for you to check.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Propose how a bank's file is to be read, and show its first lines read that way.

    Nothing is read by a proposal: check it, above all what it could not know (the order of day and month, the decimal
    mark, the currency), save it as a file, and name that: receivables connect bankfile --set mapping=FILE.
    """
    from connector.errors import UserError
    from connector.exports.suggest import suggestion

    found = suggestion(file, currency.upper())
    if save is not None:
        if save.exists():
            raise UserError(f"{save} is there already.", next_step="Choose another name; nothing was written.")
        save.write_text(found.toml, encoding="utf-8")
    if as_json:
        samples = [dict(zip(found.columns, sample, strict=True)) for sample in found.samples]
        say_json({"mapping": found.toml, "open_questions": found.open_questions, "samples": samples})
    else:
        say(found.toml)
        table(f"{file.name}: its first lines by this mapping", found.columns, found.samples)
        for question in found.open_questions:
            say(f"Not known: {question}.")
        say("Check it and save it as a file (--save FILE); then: receivables connect bankfile --set mapping=FILE")
    if found.open_questions:
        raise typer.Exit(NEEDS_A_PERSON)


def lines(
    every: Annotated[bool, typer.Option("--all", help="Those that are settled, too.")] = False,
    company: CompanyOption = None,
    as_json: JsonOption = False,
) -> None:
    """What came in at the bank, and what each line is: an invoice's payment, a processor's payout, or a question."""
    from connector.app.statements import bank_lines

    with desk(company) as at:
        found = bank_lines(at)
    if as_json:
        say_json(found)
        return
    shown = [each for each in found if every or each.fate not in ("applied", "payout")]
    rows = [
        (
            each.on,
            each.amount,
            each.payer,
            each.reference[:REFERENCE_SHOWN],
            each.fate,
            f"{each.because} {each.next_step}",
        )
        for each in shown
    ]
    table("Money at the bank", ("day", "amount", "from", "reference", "", "what it is"), rows, right=(1,))
    if not every:
        say(f"{len(found) - len(shown)} more are settled, or payouts: receivables bank lines --all")
