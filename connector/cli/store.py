"""verify, boundaries, standin: looking at the machine itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from connector.cli.output import NEEDS_A_PERSON, CompanyOption, JsonOption, desk, say, say_json, table, writable


def add_to(app: typer.Typer) -> None:
    """Register this group's commands."""
    app.command()(verify)
    app.command()(boundaries)
    app.command()(standin)


def verify(company: CompanyOption = None, as_json: JsonOption = False) -> None:
    """Check the journal's hash chain: any altered or missing row is named."""
    with desk(company) as at:
        problems = at.store.verify(at.id)
        seq, head = at.store.head(at.id)
    if as_json:
        say_json({"whole": not problems, "entries": seq, "head": head, "problems": problems})
    elif problems:
        for problem in problems:
            say(problem)
    else:
        say(f"{seq} journal entries, nothing altered and nothing missing. Head: {head}")
    if problems:
        raise typer.Exit(NEEDS_A_PERSON)


def boundaries(as_json: JsonOption = False) -> None:
    """The named points at which the program may be killed without harm (tests kill it at each)."""
    from connector.app.house import ALL_BOUNDARIES

    if as_json:
        say_json([{"name": name, "true_there": true} for name, true in ALL_BOUNDARIES.items()])
        return
    table("Boundaries", ("name", "what is true there"), tuple(ALL_BOUNDARIES.items()))


def standin(
    system: Annotated[str, typer.Argument(help="quickbooks or stripe")],
    world: Annotated[Path, typer.Option(help="What the stand-in holds, in the notation of worlds.")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 chooses a free one.")] = 0,
    faults: Annotated[Path | None, typer.Option(help="Lines of METHOD PATH NTH KIND [ARGUMENT].")] = None,
    log: Annotated[Path | None, typer.Option(help="One JSON line per request, without secrets or bodies.")] = None,
    dump: Annotated[Path | None, typer.Option(help="The whole state, after every write and at the end.")] = None,
    normalised: Annotated[bool, typer.Option("--normalised", help="The dump without ids and times.")] = False,
    corrupt: Annotated[int | None, typer.Option(help="Shift one cent somewhere, chosen by this number.")] = None,
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
    for written in (log, dump):
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
    )
    settings = {each.name: double.settings(each, server.url) for each in worlds}
    hello = {"system": system, "url": server.url, "corrupted": where, "settings": settings}
    say(canonical.encode(hello).decode())
    _run_until_stopped(server)


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
