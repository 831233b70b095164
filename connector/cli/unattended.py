"""autosync, run, pause, resume, companies: what happens with nobody looking."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli.output import (
    NEEDS_A_PERSON,
    CompanyOption,
    JsonOption,
    YesOption,
    complain,
    confirm,
    desk,
    house,
    say,
    say_json,
    table,
    writable,
)

if TYPE_CHECKING:
    from connector.config import Config
    from connector.runtime import RunnerStatus

MinutesOption = Annotated[
    int | None, typer.Option("--every", min=1, max=1440, help="Minutes between two turns; 5 unless chosen.")
]
PerPosting = Annotated[
    str | None,
    typer.Option(help='The most one entry may come to, per currency: "1000.00 USD, 800 CAD"; off: no bound.'),
]
PerDay = Annotated[
    str | None, typer.Option(help="The most that may be written in one day, in the same words; off: no bound.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Plan at every turn and write nothing.")]


ONCE_SECONDS = 30 * 24 * 3600
"""A turn by hand takes as long as it takes."""

SIMULATED_DAYS_MAX = 366
SIMULATED_SEED = 1
SIMULATED_EVERY_MINUTES = 30
LATE_SECONDS = 30.0
"""Due for longer than that, and nobody at work: a person should know that nobody is there.
A daemon that is there takes what is due within two seconds."""
STOP_SECONDS_MAX = 8.0
"""How long a turn that is under way may take to end, before the process ends without it."""


def add_to(app: typer.Typer) -> None:
    """Register this group's commands."""
    switch = typer.Typer(
        help="Let a company's turns come by themselves: read, decide, write what is proved and within bounds, push "
        "notes, prove. Off until you switch it on.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    switch.command()(on)
    switch.command()(off)
    switch.command(name="status")(autosync_status)
    app.add_typer(switch, name="autosync")
    app.command()(run)
    app.command()(pause)
    app.command()(resume)
    app.command()(companies)


def on(
    every: MinutesOption = None,
    per_posting: PerPosting = None,
    per_day: PerDay = None,
    dry_run: DryRun = False,
    company: CompanyOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Switch it on. Refused until a plan was applied for the company and its proof holds; a dry run never is.

    Only what the rules decide by themselves is written, within your bounds; everything else waits for you as before.
    It works while `receivables run` runs.
    """
    from connector.app.switching import Wanted, switch_on

    wanted = Wanted(
        every_seconds=every * 60 if every is not None else None,
        per_posting=per_posting,
        per_day=per_day,
        dry_run=dry_run,
    )
    with desk(company) as at:
        if not (as_json or dry_run):
            confirm(
                f"Write what is proved for {at.company.name} with nobody looking, from now on?",
                yes=yes,
                otherwise="Nothing was switched on",
            )
        chosen = switch_on(at, wanted)
        name = at.company.name
    if as_json:
        say_json(chosen)
        return
    what = "is watched, and nothing is written (a dry run)" if dry_run else "is on"
    minutes = chosen.every_seconds // 60
    often = f"every {minutes} minutes" if minutes > 1 else "every minute"
    say(f"Auto-sync of {name} {what}: {often}, while `receivables run` runs.")
    for title, amounts in (("one entry", chosen.per_posting), ("one day", chosen.per_day)):
        said = " and ".join(str(each) for each in amounts) or "no bound"
        say(f"At most for {title}: {said}.")
    say("To stop writing at once: receivables pause. To see how it goes: receivables autosync status.")


def off(company: CompanyOption = None) -> None:
    """Switch it off. What is being written at this moment is written to its end."""
    from connector.app.switching import switch_off

    with desk(company) as at:
        switch_off(at)
        say(f"Auto-sync of {at.company.name} is off. Everything it wrote stays; each run can be undone.")


def autosync_status(company: CompanyOption = None, as_json: JsonOption = False) -> None:
    """How its turns go: of one company, or of all."""
    _shown(company, as_json=as_json)


def companies(as_json: JsonOption = False) -> None:
    """Every company here: whether its turns come by themselves, how the last one went, and what waits for a person."""
    _shown(None, as_json=as_json)


def _shown(company: str | None, *, as_json: bool) -> None:
    from connector.app.switching import is_running, queue, stands

    with house() as opened:
        chosen = None if company is None else (opened.company(company).company,)
        found, waiting, running = stands(opened, chosen), queue(opened), is_running(opened)
    if as_json:
        say_json({"companies": found, "runner": waiting, "running": running})
    elif not found:
        say("No company is here yet: connect your books (receivables connect --help), or try `receivables demo`.")
    else:
        rows = [
            [
                each.company.company_id,
                each.company.name,
                _mode(each.company.paused, on=each.company.autosync.on, dry_run=each.company.autosync.dry_run),
                f"{each.turn.ended_at:%Y-%m-%d %H:%M}" if each.turn.ended_at is not None else "never",
                f"{each.turn.said} {each.turn.waits}".rstrip(),
                str(each.failed),
            ]
            for each in found
        ]
        table("Auto-sync", ["company", "name", "is", "last turn (UTC)", "how it went", "failed"], rows, right=[5])
        for each in found:
            if each.turn.failed:
                say(f"{each.company.company_id}: {each.turn.said} {each.turn.next_step}")
        say(_runs(waiting, running=running, wanted=any(each.company.autosync.on for each in found)))
    if not all(each.well for each in found):
        raise typer.Exit(NEEDS_A_PERSON)


def _runs(waiting: RunnerStatus, *, running: bool | None, wanted: bool) -> str:
    """How many are due, who works, and whether anybody is there to call the turns that are wanted."""
    since = f", the oldest for {waiting.oldest_seconds:.0f} s" if waiting.due else ""
    working = ", ".join(f"{owner} ({number})" for owner, number in waiting.workers) or "nobody at this moment"
    late = not waiting.workers and waiting.oldest_seconds > LATE_SECONDS
    hint = ""
    if running:
        hint = " The daemon is running."
    elif wanted and (running is False or late):
        hint = " No daemon is running, and turns come only while `receivables run` runs."
    return f"{waiting.due} due{since}; at work: {working}.{hint}"


def _mode(paused: bool, *, on: bool, dry_run: bool) -> str:
    if paused:
        return "paused"
    if not on:
        return "off"
    return "a dry run" if dry_run else "on"


def run(
    workers: Annotated[int, typer.Option(min=1, max=16, help="Companies worked on at the same time.")] = 1,
    once: Annotated[bool, typer.Option("--once", help="One turn for each company that has turns, then end.")] = False,
    cluster: Annotated[
        bool, typer.Option("--cluster", help="Share the turns with other machines, over one PostgreSQL database.")
    ] = False,
    health: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Answer /healthz and /metrics on this port of this computer.")
    ] = None,
    simulate: Annotated[
        str | None,
        typer.Option(
            help="Touch nothing of yours: let the demo's firms live so long (30d) in doubles where everything goes "
            "wrong that can, and say whether anything was lost, doubled or left unsaid."
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="With --simulate: another seed, another history; 1 unless chosen.")
    ] = None,
    every: Annotated[
        int | None,
        typer.Option(min=5, max=720, help="With --simulate: minutes between two turns; 30 unless chosen."),
    ] = None,
    told: Annotated[
        Path | None, typer.Option(help="With --simulate: where messages go, a line of JSON each; a new file.")
    ] = None,
) -> None:
    """Work in the background: a turn for each company whose auto-sync is on, until you stop it.

    Stopped by Ctrl-C or SIGTERM it ends the call that is under way and no more. Several may run over one database;
    each company has one turn at a time. Examples for systemd and containers are in the README.
    """
    if simulate is not None:
        _simulate(_days(simulate), SIMULATED_SEED if seed is None else seed, every or SIMULATED_EVERY_MINUTES, told)
        return
    _only_simulated({"--seed": seed, "--every": every, "--told": told})
    from connector.app.house import House
    from connector.app.switching import alone, runner, wake_all
    from connector.app.ticking import tick
    from connector.config import load

    config = load()
    stop = threading.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, lambda *_: _stop(stop))
    with House(config) as opened:
        if once:
            for each in opened.store.companies():
                tick(opened, each.company_id, ONCE_SECONDS, lambda: None)
            _shown(None, as_json=False)
            return
        with alone(opened, stop, say), _watched(config, health) as address:
            runs = runner(opened, workers=workers, cluster=cluster)
            if address:
                say(f"Health: {address}/healthz, metrics: {address}/metrics.")
            say(_begins(wake_all(opened, runs)))
            runs.run(lambda company, seconds, hold: tick(opened, company, seconds, hold), stop)
    say("Stopped. Nothing is lost; it goes on where it was with the next `receivables run`.")


def _begins(count: int) -> str:
    if not count:
        return "Working, but no company has turns yet: receivables autosync on. Stop with Ctrl-C."
    return f"Working: {count} {'company has' if count == 1 else 'companies have'} turns. Stop with Ctrl-C."


def _only_simulated(given: Mapping[str, object]) -> None:
    """Refuse what means something in a simulation alone: who says --every to a daemon means its companies."""
    from connector.errors import UserError

    odd = [name for name, value in given.items() if value is not None]
    if odd:
        step = "How often a company has its turn is its own: receivables autosync on --every MINUTES"
        raise UserError(f"{odd[0]} says something of a simulation alone.", next_step=step)


def _watched(config: Config, port: int | None) -> AbstractContextManager[str]:
    """Health and metrics where they are wanted; what answers them is imported nowhere else."""
    if port is None:
        return nullcontext("")
    from connector.app.house import House
    from connector.web.health import watched

    return watched(lambda: House(config), port)


def _days(text: str) -> int:
    from connector.errors import UserError

    number = text.strip().removesuffix("d")
    if not number.isdecimal() or not 1 <= int(number) <= SIMULATED_DAYS_MAX:
        raise UserError(f"{text[:20]!r} is no number of days.", next_step="Say, for example, --simulate 30d.")
    return int(number)


def _simulate(days: int, seed: int, every: int, told: Path | None) -> None:
    """Live so long, show what happened, and end with 1 where anything is wrong."""
    from connector.cli.simulated import Simulation
    from connector.errors import UserError

    if told is not None:
        writable(told)
        if told.exists():
            raise UserError(f"The file {told} is there already.", next_step="Name a new one with --told.")
    with tempfile.TemporaryDirectory(prefix="receivables-simulated-") as folder:
        home = Path(folder) / "home"
        home.mkdir(mode=0o700)
        path = told if told is not None else Path(tempfile.mkdtemp(prefix="receivables-")) / "told.jsonl"
        lasted = Simulation(home, path, days=days, seed=seed, every_minutes=every).run()
    table(f"{days} days, seed {seed}", ("what", "how much"), lasted.figures)
    rows = [
        (f"{each.at / 3600:.1f} h", each.company, "over" if each.over else "begins", each.sentence)
        for each in lasted.heard
    ]
    table("What a person was told", ("after", "company", "", "what"), rows, right=[0])
    say(f"The messages: {path}")
    for each in lasted.wrong:
        complain(each)
    if lasted.wrong:
        raise typer.Exit(NEEDS_A_PERSON)
    say("Books and processors are equal, nothing stands twice, every stop was told once and once when it was over.")


def _stop(stop: threading.Event) -> None:
    """Asked for the first time: after the call that is under way. Whoever does not come to his end is left behind: a
    turn may be cut off at any line."""
    if stop.is_set():
        os._exit(0)
    stop.set()
    last = threading.Timer(STOP_SECONDS_MAX, os._exit, (0,))
    last.daemon = True
    last.start()


def pause(company: CompanyOption = None) -> None:
    """Write nothing more for a company, by hand or by itself, from the next call on. Payers may pay."""
    from connector.app.switching import pause as stop_writing

    with desk(company) as at:
        stop_writing(at)
        say(f"{at.company.name} is paused: nothing is written for it until `receivables resume`.")


def resume(company: CompanyOption = None) -> None:
    """Writing may go on."""
    from connector.app.switching import resume as go_on

    with desk(company) as at:
        go_on(at)
        say(f"{at.company.name} goes on.")
