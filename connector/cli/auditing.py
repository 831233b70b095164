"""audit-pack: what was done, with everything it stands on, as one archive that can be checked without us."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli.output import NEEDS_A_PERSON, CompanyOption, JsonOption, desk, say, say_json, writable

if TYPE_CHECKING:
    from connector.app.audit_check import Checked


def add_to(app: typer.Typer) -> None:
    """Register this group's command."""
    app.command("audit-pack")(audit_pack)


def audit_pack(
    wanted: Annotated[
        str | None, typer.Argument(metavar="RUN|MONTH", help="A plan or run by its id, or YYYY-MM.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="The archive to write, for example march.zip.")] = None,
    check: Annotated[Path | None, typer.Option("--check", help="Check an archive instead; needs no books.")] = None,
    company: CompanyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write one archive with plan, approval, receipts, evidence, journal entries and a page that shows it all.

    RUN is a plan with all its writes, or what one apply sent, by its id in the journal; MONTH is everything that was
    written into the books on days of it. The archive is signed with a key of this installation, and holds names of
    customers and payers, never contacts, notes or secrets.
    """
    from connector.errors import UserError

    if check is not None and wanted is None and out is None:
        _check(check, as_json=as_json)
        return
    if wanted is None or out is None or check is not None:
        raise UserError(
            "Either an archive is written, or one is checked.",
            next_step="Give RUN or MONTH and --out FILE, or --check FILE alone.",
        )
    _write(wanted, out, company, as_json=as_json)


def _write(wanted: str, out: Path, company: str | None, *, as_json: bool) -> None:
    from connector.app.auditing import archive, audit
    from connector.errors import UserError
    from connector.web.audit import render

    writable(out)
    with desk(company) as at:
        found = audit(at, wanted)
        body, signature = archive(at, found, render(found))
    try:
        out.write_bytes(body)
    except OSError:
        raise UserError(f"{out} cannot be written.", next_step="Name a file in a folder of your own.") from None
    signed = signature.public_key if signature is not None else None
    if as_json:
        runs = {run.plan.plan_id: len(run.receipts) for run in found.runs}
        told = {"file": str(out), "runs": runs, "head": found.head, "problems": found.problems, "signed_by": signed}
        say_json({**told, "evidence": len(found.evidence), "entries": len(found.witnessed.links)})
    else:
        writes = sum(len(run.receipts) for run in found.runs)
        say(f"{out}: {len(found.runs):,} plans, {writes:,} writes, {len(found.evidence):,} decisions with evidence.")
        say(f"Signed by {signed}." if signed else "Hashed, not signed: this installation has no key yet.")
        say(f"Head of the journal: {found.head}")
        say("It names customers and payers: give it only to people who may see the books.")
        for problem in found.problems:
            say(f"The journal is not whole: {problem}")
    if found.problems:
        raise typer.Exit(NEEDS_A_PERSON)


def _check(path: Path, *, as_json: bool) -> None:
    from connector.app.audit_check import check

    found = check(path)
    if as_json:
        say_json({"whole": not found.faults, **_plain(found)})
    else:
        for fault in found.faults:
            say(fault)
        if found.manifest is not None and not found.faults:
            told = found.manifest
            say(f"{told.company}, {told.about}: {found.rows:,} rows and {found.entries:,} journal entries hold.")
            say(f"Signed by {found.signed_by}." if found.signed_by else "Hashed, not signed.")
            say(f"Whether the journal still has them: receivables verify --head {told.head}")
    if found.faults:
        raise typer.Exit(NEEDS_A_PERSON)


def _plain(found: Checked) -> dict[str, object]:
    told = found.manifest
    return {
        "about": told.about if told is not None else None,
        "head": told.head if told is not None else None,
        "signed_by": found.signed_by,
        "rows": found.rows,
        "entries": found.entries,
        "faults": found.faults,
    }
