"""verify, backup, restore, boundaries, standin: looking at the machine itself."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli.output import (
    NEEDS_A_PERSON,
    CompanyOption,
    JsonOption,
    YesOption,
    confirm,
    desk,
    house,
    say,
    say_json,
    table,
    writable,
)

if TYPE_CHECKING:
    from connector.testing.standin import Answer, Call, Inspector


def add_to(app: typer.Typer) -> None:
    """Register this group's commands."""
    app.command()(verify)
    app.command()(backup)
    app.command()(restore)
    app.command()(export)
    app.command()(boundaries)
    app.command()(standin)


def verify(
    head: Annotated[
        list[str] | None, typer.Option("--head", help="A head kept earlier (NUMBER:HASH): is it still in the chain?")
    ] = None,
    company: CompanyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check the journal's hash chain and every row it vouches for: what was altered, removed or put in is named.

    Whoever cuts off the journal's end, with all that it tells of, or puts an older copy of the database back, is seen
    only by a head that was kept elsewhere: prove, verify, plans and audit packs all show one.
    """
    heads = [_kept(each) for each in head or ()]
    with desk(company) as at:
        problems = at.store.verify(at.id, heads)
        seq, chain = at.store.head(at.id)
    if as_json:
        say_json({"whole": not problems, "entries": seq, "head": f"{seq}:{chain}", "problems": problems})
    elif problems:
        for problem in problems:
            say(problem)
    else:
        say(f"{seq} journal entries, nothing altered and nothing missing. Head: {seq}:{chain}")
    if problems:
        raise typer.Exit(NEEDS_A_PERSON)


def _kept(told: str) -> tuple[int, str]:
    from connector.errors import UserError

    found = re.fullmatch(r"([1-9][0-9]{0,17}):([0-9a-f]{64})", told.strip())
    if found is None:
        raise UserError(
            f"{told[:80]!r} is no head.", next_step="Copy it whole, as verify or prove showed it: 123:4f0a..."
        )
    return int(found[1]), found[2]


def backup(
    file: Annotated[
        Path, typer.Argument(help="Where the copy goes; a file that is there already is never overwritten.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Copy everything into one file while work goes on, and prove the copy: it is opened and checked from end to end.

    The key to your secrets is not in it: keep that apart. With PostgreSQL use pg_dump.
    """
    from connector.app.copies import backup as save

    with house() as opened:
        made = save(opened, file)
    if as_json:
        say_json({"path": str(made.path), "heads": made.heads})
        return
    say(f"{made.path} holds everything, and was proved. Keep these heads elsewhere, for `verify --head`:")
    for company, head in made.heads.items():
        say(f"  {company} {head}")


def restore(
    file: Annotated[Path, typer.Argument(help="A copy that `receivables backup` made.")], yes: YesOption = False
) -> None:
    """Put a copy in the place of the database. What was there is set aside, never deleted; nobody may work meanwhile.

    What was written outside since the copy was made is found by its mark with the next sync, and not written again.
    """
    from connector.app.copies import restore as put_back
    from connector.clock import SystemClock
    from connector.config import load

    confirm(f"Work with {file} from now on, in the place of the database?", yes=yes, otherwise="Nothing was changed")
    made, aside = put_back(load(), SystemClock(), file)
    say(f"{made.path} is the copy now, with {len(made.heads)} companies.")
    if aside is not None:
        say(f"What was there is {aside}.")
    say("Next:  receivables sync, then receivables prove")


def export(
    folder: Annotated[Path, typer.Argument(help="A folder that is not there yet.")],
    company: CompanyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write everything of a company as open files: tables for a spreadsheet, lines of JSON with all there is.

    What the other sides said is in it to the letter, and every plan, decision, contact, link and journal entry. Secrets
    are not: connect again where you take it to.
    """
    from connector.app.takeout import take_out

    with desk(company) as at:
        made = take_out(at, folder)
    if as_json:
        say_json({"path": str(made.path), "head": made.head, "files": made.files})
        return
    rows = [(each.name, f"{each.rows:,}") for each in made.files if each.rows]
    table(str(made.path), ("file", "rows"), rows, right=[1])
    say(f"As of journal entry {made.head}. What is in it, with sums: contents.json")


def boundaries(as_json: JsonOption = False) -> None:
    """The named points at which the program may be killed without harm (tests kill it at each)."""
    from connector.app.house import ALL_BOUNDARIES

    if as_json:
        say_json([{"name": name, "true_there": true} for name, true in ALL_BOUNDARIES.items()])
        return
    table("Boundaries", ("name", "what is true there"), tuple(ALL_BOUNDARIES.items()))


def standin(
    system: Annotated[str, typer.Argument(help="quickbooks, stripe or paypal")],
    world: Annotated[Path, typer.Option(help="What the stand-in holds, in the notation of worlds.")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 chooses a free one.")] = 0,
    faults: Annotated[Path | None, typer.Option(help="Lines of METHOD PATH NTH KIND [ARGUMENT].")] = None,
    log: Annotated[Path | None, typer.Option(help="One JSON line per request, without secrets or bodies.")] = None,
    dump: Annotated[Path | None, typer.Option(help="The whole state, after every write and at the end.")] = None,
    normalised: Annotated[bool, typer.Option("--normalised", help="The dump without ids and times.")] = False,
    corrupt: Annotated[int | None, typer.Option(help="Shift one cent somewhere, chosen by this number.")] = None,
    judge: Annotated[
        str | None,
        typer.Option(
            envvar="RECEIVABLES_STANDIN_JUDGE",
            help="A module with a function of the system's name: (call, answer) -> what is wrong with the exchange.",
        ),
    ] = None,
    problems: Annotated[
        Path | None,
        typer.Option(envvar="RECEIVABLES_STANDIN_PROBLEMS", help="What the judge found, a line each; it is added to."),
    ] = None,
) -> None:
    """Run a vendor's double on this computer: no account, no network, the vendor's own shapes."""
    from connector import canonical, registry
    from connector.clock import SystemClock
    from connector.errors import UserError
    from connector.testing.standin import Server, parse_faults
    from connector.testing.worlds import parse

    spec = registry.spec_of(system)
    worlds = parse(_text(world))
    if not worlds:
        raise UserError(f"The file {world} tells of no company.", next_step="See connector/testing/README.md.")
    for written in (log, dump, problems):
        if written is not None:
            writable(written)
    double = registry.by_path(spec.standin)(worlds, clock=SystemClock())
    where = double.corrupt(corrupt) if corrupt is not None else ""
    server = Server(
        double,
        port=port,
        faults=parse_faults(_text(faults)) if faults is not None else (),
        log=log,
        dump=dump,
        normalised=normalised,
        inspectors=(_judge(judge, system, problems),) if judge is not None else (),
    )
    settings = {each.name: double.settings(each, server.url) for each in worlds}
    hello = {"system": system, "url": server.url, "corrupted": where, "settings": settings}
    say(canonical.encode(hello).decode())
    _run_until_stopped(server)


def _judge(module: str, system: str, problems: Path | None) -> Inspector:
    """The judge of that system's exchanges; what it finds is written down at once, for the process may be killed."""
    from importlib import import_module

    from connector.errors import UserError

    try:
        finds: Inspector = getattr(import_module(module), system)
    except (ImportError, AttributeError):
        raise UserError(
            f"There is no function {system} in a module {module[:60]!r}.",
            next_step="Name a module that Python finds, with a function of that name.",
        ) from None

    def judged(call: Call, answer: Answer) -> list[str]:
        found = finds(call, answer)
        if found and problems is not None:
            with problems.open("a", encoding="utf-8") as file:
                file.writelines(f"{call.method} {call.path}: {each}\n" for each in found)
        return found

    return judged


def _run_until_stopped(server: object) -> None:
    """Serve until Ctrl-C or a polite kill, then write the dump."""
    import signal
    import sys
    import threading

    from connector.testing.standin import Server

    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    sys.stdout.flush()
    if isinstance(server, Server):
        with server:
            server.write_dump()
            stop.wait()


def _text(path: Path) -> str:
    from connector.errors import UserError

    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise UserError(f"The file {path} cannot be read.", next_step="Check its name and permissions.") from None
