"""accounts, notes, status, doctor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli.output import NEEDS_A_PERSON, CompanyOption, JsonOption, YesOption, desk, say, say_json, table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.app.standing import ConnectionStatus, Status
    from connector.model.firm import Connection
    from connector.model.party import Account
    from connector.model.source import Ref

SHOWN_MAX = 40


def add_to(app: typer.Typer) -> None:
    """Register this group's commands."""
    app.command()(accounts)
    app.command()(notes)
    app.command()(status)
    app.command()(doctor)


def accounts(
    system: Annotated[str, typer.Argument(help="The processor, for example stripe.")],
    pattern: Annotated[
        str | None,
        typer.Option(help="clearing: fees and payouts out of a clearing account. deposit: each payout one deposit."),
    ] = None,
    clearing: Annotated[
        str | None, typer.Option(help="The books' clearing account for it; names for several currencies, by commas.")
    ] = None,
    bank: Annotated[str | None, typer.Option(help="The bank account its payouts arrive in; the same.")] = None,
    transit: Annotated[str | None, typer.Option(help="The account for payouts on their way to it; the same.")] = None,
    fees: Annotated[str | None, typer.Option(help="The expense account for its fees.")] = None,
    suspense: Annotated[
        str | None,
        typer.Option(help="The account for what is neither payment nor fee: reserves, corrections, top-ups."),
    ] = None,
    start: Annotated[
        str | None, typer.Option(help="The day from which on its money is booked, for example 2026-01-01.")
    ] = None,
    opening: Annotated[
        str | None,
        typer.Option(help="The account against which what it held before that day is booked, in one entry."),
    ] = None,
    company: CompanyOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Choose the pattern and the accounts of the books that a processor's money is booked by, or show the choice.

    What a change makes different is shown before it is stored: lines of the latest plan that are not written yet, and
    entries that are in the books and stay as they are.
    """
    from connector.app.setup import with_accounts
    from connector.cli.replanning import agreed_to
    from connector.dates import business_date
    from connector.errors import UserError
    from connector.model.firm import BookingPattern
    from connector.model.source import ConnectionId

    if pattern is not None and pattern not in tuple(BookingPattern):
        raise UserError(
            f"The pattern is clearing or deposit, not {pattern[:20]!r}.", next_step="Use --pattern with one of the two."
        )
    wanted = {"clearing": clearing, "transit": transit, "bank": bank}
    wanted |= {"fees": fees, "suspense": suspense, "opening": opening}
    begins = business_date(start) if start is not None else None
    with desk(company) as at:
        given = {role: name for role, name in wanted.items() if name is not None}
        connection = at.store.connection(at.id, ConnectionId(system))
        if given or pattern is not None or begins is not None:
            booked = BookingPattern(pattern) if pattern is not None else None
            connection = with_accounts(at, system, given, booked, start=begins)
            agreed_to(at, connection=connection, yes=yes, quiet=as_json)
            at.store.save_connection(connection, at.actor)
        known = at.snapshot().accounts
    if as_json:
        say_json({"pattern": connection.pattern, **_posting(connection)})
        return
    _show_accounts(connection, known)


def _posting(connection: Connection) -> dict[str, object]:
    chosen = connection.posting
    several = {"clearing": chosen.clearing, "transit": chosen.transit, "bank": chosen.bank}
    return {**several, "fees": chosen.fees, "suspense": chosen.suspense, "begins": chosen.begins}


def _show_accounts(connection: Connection, known: Mapping[Ref, Account]) -> None:
    from connector.model.firm import BookingPattern
    from connector.model.party import AccountRole
    from connector.plan.patterns import IN_WORDS

    def name_of(ref: Ref | None) -> str:
        return known[ref].name if ref is not None and ref in known else "not chosen"

    chosen = connection.posting
    rows: list[tuple[str, str, str]]
    if connection.pattern is BookingPattern.DEPOSIT:
        on_hand = [account for account in known.values() if account.role is AccountRole.UNDEPOSITED and account.active]
        rows = [("money on hand", account.currency, f"{account.name} (the books' own)") for account in on_hand]
    else:
        rows = [("clearing", code, name_of(ref)) for code, ref in chosen.clearing.items()]
        rows += [("transit", code, name_of(chosen.transit.get(code))) for code in chosen.clearing]
    rows += [("bank", code, name_of(ref)) for code, ref in chosen.bank.items()]
    if connection.pattern is not BookingPattern.BANK:
        rows.append(("fees", "any", name_of(chosen.fees)))
        rows.append(("suspense", "any", name_of(chosen.suspense)))
    if chosen.begins is not None and connection.pattern is BookingPattern.CLEARING:
        rows.append(("opening", "any", name_of(chosen.begins.opening)))
    table(f"Accounts for {connection.system}", ("role", "currency", "account"), rows)
    if chosen.begins is not None:
        at_bank = connection.pattern is BookingPattern.BANK
        before = (
            "older lines are left out"
            if at_bank
            else "what it held before that stands in one opening entry per currency"
        )
        say(f"Booked from {chosen.begins.on} on; {before}.")
    say(f"Pattern: {connection.pattern}: {IN_WORDS[connection.pattern]}.")


def notes(
    mode: Annotated[str, typer.Argument(help="off, ask or auto; or push: what was logged and not pushed")],
    customer: Annotated[
        bool | None,
        typer.Option("--customer/--no-customer", help="Also keep the latest status in the customer's own notes."),
    ] = None,
    company: CompanyOption = None,
    yes: YesOption = False,
) -> None:
    """Whether a logged contact's note is pushed to the system of origin: never, after asking (default), or always.

    `notes push` shows the notes of contacts that were logged without pushing, asks, and pushes them.
    """
    from connector.app.setup import set_notes
    from connector.cli.collecting import push_notes
    from connector.errors import UserError
    from connector.model.firm import NotesMode

    if mode == "push":
        push_notes(company, yes=yes)
        return
    if mode not in tuple(NotesMode):
        raise UserError(
            f"Notes can be off, ask or auto, not {mode[:20]!r}.", next_step="Use one of the three, or push."
        )
    with desk(company) as at:
        on_customer = set_notes(at, NotesMode(mode), on_customer=customer)
    say(f"Notes: {mode}{', and the latest status on the customer' if on_customer else ''}.")


def status(company: CompanyOption = None, as_json: JsonOption = False) -> None:
    """How everything stands: connections and how fresh they are, writes under way, what waits for a person."""
    from dataclasses import fields

    from connector.app.standing import status as look
    from connector.app.starting import proposed_starts

    with desk(company) as at:
        standing, starts = look(at), proposed_starts(at)
    if as_json:
        every = {each.name: getattr(standing, each.name) for each in fields(standing)}
        say_json({"failed": standing.failed, "well": standing.well, **every, "proposed_starts": starts})
    else:
        _show_status(standing)
        for each in starts:
            say(f"{each.sentence} {each.next_step}")
    if not standing.well:
        raise typer.Exit(NEEDS_A_PERSON)


def _show_status(standing: Status) -> None:
    rows = [
        (
            each.title,
            each.connection.account,
            "live" if each.connection.live else "test",
            "may write" if each.connection.writes_allowed else "read-only",
            _age(each),
            str(each.records),
            f"{each.access_ends:%Y-%m-%d}" if each.access_ends is not None else "",
        )
        for each in standing.connections
    ]
    columns = ("system", "account", "", "writes", "data as of", "records", "access until")
    table(f"{standing.company.name} ({standing.company.company_id})", columns, rows, right=(5,))
    say("Writes: " + ", ".join(f"{count} {state}" for state, count in standing.outbox.items()) + ".")
    if standing.unsure_age_seconds is not None:
        say(f"The oldest unsure write was tried {standing.unsure_age_seconds // 60} minutes ago.")
    for each in standing.connections:
        for warning in (each.warning, each.access_warning):
            if warning:
                say(warning)
        if each.spending is not None and each.spending.nearly_spent:
            used = f"{each.spending.metered:,} of {each.spending.allowed:,}"
            say(f"{each.title}: {used} reads of {each.spending.month} are used; what to do: receivables doctor")
    say(
        f"{standing.failed} failed: {standing.outbox['dead']} writes refused, {standing.outbox['unsure']} unsure, "
        f"{len(standing.quarantined)} rows of the books in quarantine, {len(standing.unread)} seen while reading."
    )
    for finding in standing.quarantined[:SHOWN_MAX]:
        say(f"  quarantine  {finding.sentence}")
    for each_write in standing.parked[:SHOWN_MAX]:
        say(f"  {each_write.state}  {each_write.subject}: {each_write.cause} {each_write.next_step}")
    for notice in standing.notices[:SHOWN_MAX]:
        mark = "reading" if notice.needs_a_person else "note"
        say(f"  {mark} {notice.number}  {notice.finding.sentence} {notice.finding.next_step}")
    if standing.notices:
        say("What was seen while reading goes when it is put right; else: receivables findings --dismiss NUMBER")
    say(f"{standing.findings} findings wait for a person (receivables reconcile).")


def _age(standing: ConnectionStatus) -> str:
    if standing.data_as_of is None:
        return "first reading not complete" if standing.begun else "never read"
    now = " DISCONNECTED" if standing.parted else " STALE" if standing.stale else ""
    return f"{standing.data_as_of:%Y-%m-%d %H:%M} UTC{now}"


def doctor(company: CompanyOption = None, as_json: JsonOption = False) -> None:
    """Check settings, connections, rights, accounts and the journal; each thing that is wrong with what to do."""
    from connector.app.standing import doctor as examine

    with desk(company) as at:
        checks = examine(at)
    if as_json:
        say_json(checks)
    else:
        rows = [("ok" if check.ok else "WRONG", check.name, check.sentence, check.next_step) for check in checks]
        table("Doctor", ("", "what", "finding", "next"), rows)
    if not all(check.ok for check in checks):
        raise typer.Exit(NEEDS_A_PERSON)
