"""connect, accounts, notes, status, doctor."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli.output import NEEDS_A_PERSON, CompanyOption, JsonOption, desk, house, say, say_json, table

if TYPE_CHECKING:
    from connector.app.house import House
    from connector.app.setup import Status


def add_to(app: typer.Typer) -> None:
    """Register this group's commands."""
    app.command()(connect)
    app.command()(accounts)
    app.command()(notes)
    app.command()(status)
    app.command()(doctor)


def connect(
    system: Annotated[str, typer.Argument(help="quickbooks or stripe")],
    allow_writes: Annotated[
        bool, typer.Option("--allow-writes", help="Let apply, link and notes write to it. Without this: read-only.")
    ] = False,
    zone: Annotated[str | None, typer.Option(help="The company's time zone, for example America/New_York.")] = None,
    values: Annotated[
        list[str] | None, typer.Option("--set", help="A setting as NAME=VALUE (no secrets); repeat for more.")
    ] = None,
    company: CompanyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Connect a system, read-only, or connect it again. Secrets are taken from the environment or asked for.

    Settings are the adapter's own, as RECEIVABLES_SYSTEM_NAME in the environment, in settings.toml, or with --set; the
    README has the table. What is connected once is remembered.
    """
    from connector.app.setup import Wish
    from connector.app.setup import connect as make

    with house() as opened:
        given = _given(opened, system, company, values or [])
        wish = Wish(system=system, company=company, zone=zone, values=given, allow_writes=allow_writes)
        connection = make(opened, wish)
    if as_json:
        say_json(connection)
        return
    may = "may be written to" if connection.writes_allowed else "is read-only"
    where = "live" if connection.live else "a test account"
    say(f"Connected {system}: account {connection.account} ({where}), which {may}.")
    say("Next:  receivables sync")


def _given(opened: House, system: str, company: str | None, values: list[str]) -> dict[str, str]:
    """The settings named on the command line, and the secrets that are asked for because they stand nowhere."""
    from connector import registry
    from connector.errors import UserError

    names = registry.setting_names(registry.spec_of(system))
    secret = {name for name, _, is_secret, _, _ in names if is_secret}
    given: dict[str, str] = {}
    for value in values:
        name, equals, text = value.partition("=")
        if not equals:
            raise UserError("A --set is not NAME=VALUE.", next_step="For example --set realm_id=9130001.")
        if name in secret:
            raise UserError(
                f"{name} is a secret, and a command line is kept in your shell's history.",
                next_step=f"Put it into RECEIVABLES_{system.upper()}_{name.upper()}, or leave it out to be asked.",
            )
        given[name] = text
    known = _known(opened, system, company)
    for name, required, is_secret, _, what in names:
        if required and name not in given and name not in known and sys.stdin.isatty():
            given[name] = typer.prompt(f"{name} ({what})", hide_input=is_secret)
    return given


def _known(opened: House, system: str, company: str | None) -> set[str]:
    from connector.app.setup import FIRST_COMPANY
    from connector.model.source import CompanyId, ConnectionId

    companies = [each.company_id for each in opened.store.companies()]
    wanted = CompanyId(company or (companies[0] if len(companies) == 1 else FIRST_COMPANY))
    stored = opened.store.secrets(wanted, ConnectionId(system)) if wanted in companies else {}
    return {*stored, *opened.config.adapter_values(system, wanted)}


def accounts(
    system: Annotated[str, typer.Argument(help="The processor, for example stripe.")],
    clearing: Annotated[
        str | None, typer.Option(help="The books' clearing account for it; names for several currencies, by commas.")
    ] = None,
    bank: Annotated[str | None, typer.Option(help="The bank account its payouts arrive in; the same.")] = None,
    fees: Annotated[str | None, typer.Option(help="The expense account for its fees.")] = None,
    company: CompanyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Choose the accounts of the books that a processor's money is booked to, or show the choice."""
    from connector.app.setup import choose_accounts
    from connector.model.source import ConnectionId, Ref

    wanted = {"clearing": clearing, "bank": bank, "fees": fees}
    with desk(company) as at:
        given = {role: name for role, name in wanted.items() if name is not None}
        chosen = choose_accounts(at, system, given) if given else None
        connection = chosen or at.store.connection(at.id, ConnectionId(system))
        known = at.snapshot().accounts
    if as_json:
        say_json(connection.posting)
        return

    def name_of(ref: Ref | None) -> str:
        return known[ref].name if ref is not None and ref in known else "not chosen"

    rows: list[tuple[str, str, str]] = [
        ("clearing", code, name_of(ref)) for code, ref in connection.posting.clearing.items()
    ]
    rows += [("bank", code, name_of(ref)) for code, ref in connection.posting.bank.items()]
    rows.append(("fees", "any", name_of(connection.posting.fees)))
    table(f"Accounts for {system}", ("role", "currency", "account"), rows)


def notes(
    mode: Annotated[str, typer.Argument(help="off, ask or auto")],
    company: CompanyOption = None,
) -> None:
    """Whether a logged contact's note is pushed to the system of origin: never, after asking (default), or always."""
    from connector.app.setup import set_notes
    from connector.errors import UserError
    from connector.model.firm import NotesMode

    if mode not in tuple(NotesMode):
        raise UserError(f"Notes can be off, ask or auto, not {mode[:20]!r}.", next_step="Use one of the three.")
    with desk(company) as at:
        set_notes(at, NotesMode(mode))
    say(f"Notes: {mode}.")


def status(company: CompanyOption = None, as_json: JsonOption = False) -> None:
    """How everything stands: connections and how fresh they are, writes under way, what waits for a person."""
    from connector.app.setup import status as look

    with desk(company) as at:
        standing = look(at)
    if as_json:
        say_json(standing)
    else:
        _show_status(standing)
    if standing.outbox["unsure"] or standing.outbox["dead"]:
        raise typer.Exit(NEEDS_A_PERSON)


def _show_status(standing: Status) -> None:
    rows = [
        (
            each.title,
            each.connection.account,
            "live" if each.connection.live else "test",
            "may write" if each.connection.writes_allowed else "read-only",
            f"{each.data_as_of:%Y-%m-%d %H:%M} UTC" if each.data_as_of is not None else "never read",
            str(each.records),
        )
        for each in standing.connections
    ]
    columns = ("system", "account", "", "writes", "data as of", "records")
    table(f"{standing.company.name} ({standing.company.company_id})", columns, rows, right=(5,))
    say("Writes: " + ", ".join(f"{count} {state}" for state, count in standing.outbox.items()) + ".")
    if standing.unsure_age_seconds is not None:
        say(f"The oldest unsure write was tried {standing.unsure_age_seconds // 60} minutes ago.")
    say(f"{standing.findings} findings wait for a person (receivables reconcile).")


def doctor(company: CompanyOption = None, as_json: JsonOption = False) -> None:
    """Check settings, connections, rights, accounts and the journal; each thing that is wrong with what to do."""
    from connector.app.setup import doctor as examine

    with desk(company) as at:
        checks = examine(at)
    if as_json:
        say_json(checks)
    else:
        rows = [("ok" if check.ok else "WRONG", check.name, check.sentence, check.next_step) for check in checks]
        table("Doctor", ("", "what", "finding", "next"), rows)
    if not all(check.ok for check in checks):
        raise typer.Exit(NEEDS_A_PERSON)
