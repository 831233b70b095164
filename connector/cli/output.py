"""How commands speak: tables for people, JSON for programs, progress bars on long work, one sentence for a fault."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from connector import logs

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from connector.app.freshness import Freshness
    from connector.app.house import Desk, House
    from connector.dates import Instant
    from connector.sync import Progress

CompanyOption = Annotated[
    str | None, typer.Option("--company", help="Which company; not needed while there is only one.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

NEEDS_A_PERSON = 1


def console() -> Console:
    """The terminal. Wide enough when it is not one, so that a pipe sees whole lines."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 160, highlight=False, markup=False, soft_wrap=False)


def debugging() -> bool:
    """Whether the caller asked for tracebacks."""
    return os.environ.get("RECEIVABLES_DEBUG", "") not in ("", "0")


def complain(sentence: str, next_step: str = "") -> None:
    """A fault, on standard error."""
    print(f"Error: {logs.safe(sentence)}", file=sys.stderr)  # noqa: T201  the command line's own voice
    if next_step:
        print(f"Next:  {logs.safe(next_step)}", file=sys.stderr)  # noqa: T201  the same


def say(text: str) -> None:
    """A line, on standard output."""
    print(text)  # noqa: T201  the command line's own voice


def say_json(value: object) -> None:
    """A value as JSON, on standard output."""
    from connector import canonical

    say(canonical.pretty(value))


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> None:
    """A table; columns whose index is in `right` hold figures."""
    from rich.table import Table

    drawn = Table(title=title, title_justify="left", header_style="bold")
    for index, column in enumerate(columns):
        drawn.add_column(column, justify="right" if index in right else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*row)
    console().print(drawn)


def as_of(read_at: Instant | None) -> str:
    """How old what a report shows is, in words."""
    return f"Data as of {read_at:%Y-%m-%d %H:%M} UTC." if read_at is not None else "Not all of the data was read yet."


def tell_age(fresh: Freshness, *, as_json: bool = False) -> None:
    """How old a report is. What is old or not all here is told on standard error too, for whoever reads the JSON."""
    if not as_json:
        say(as_of(fresh.data_as_of))
    for warning in fresh.warnings:
        print(f"Warning: {logs.safe(warning)}", file=sys.stderr)  # noqa: T201  the command line's own voice


def confirm(question: str, *, yes: bool, otherwise: str = "Nothing was written") -> None:
    """Ask before something is written outside. Without a terminal and without --yes the answer is no."""
    if yes:
        return
    if not sys.stdin.isatty():
        complain(f"{otherwise}, because nobody could be asked.", "Add --yes to write without asking.")
        raise typer.Exit(2)
    if not typer.confirm(question):
        say(f"{otherwise}.")
        raise typer.Exit(0)


def writable(path: Path) -> None:
    """Refuse a file that cannot be written, before any work is done for it."""
    from connector.errors import UserError

    there = path if path.exists() else path.parent
    if path.is_dir() or not os.access(there, os.W_OK):
        raise UserError(f"The file {path} cannot be written.", next_step="Name a file in a folder of your own.")


@contextmanager
def house() -> Iterator[House]:
    """The house, opened from the settings and closed again."""
    from connector.app.house import House
    from connector.config import load

    with House(load()) as opened:
        yield opened
        _tell_of_new_key(opened)


def _tell_of_new_key(opened: House) -> None:
    """Once, by the first command that sealed something and did not fail: a fault is told alone. On standard error: what
    else a command says may be read by a program."""
    where = opened.store.key_begun
    if where is not None:
        print(  # noqa: T201  the command line's own voice
            f"Your secrets are stored sealed. The key to them is in {where}.\n"
            "Copy that file to a safe place, apart from copies of the database: without it nobody can read them.",
            file=sys.stderr,
        )
        opened.store.key_told()


@contextmanager
def desk(company: str | None) -> Iterator[Desk]:
    """One company's desk."""
    with house() as opened:
        yield opened.company(company)


@contextmanager
def progress_bar(what: str, total: int | None = None) -> Iterator[Progress]:
    """A bar on standard error that counts per label. Where standard error is no terminal nothing is drawn, and what
    draws is not even loaded."""
    if not sys.stderr.isatty():
        yield lambda _label, _done, _expected=None: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TaskID,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    screen = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar:
        tasks: dict[str, TaskID] = {}

        def advance(label: str, done: int, expected: int | None = None) -> None:
            label = label.replace("_", " ")
            if label not in tasks:
                tasks[label] = bar.add_task(f"{what} {label}", total=expected or total)
            # More may come than was expected, while people work in the books.
            bar.update(tasks[label], completed=done, total=max(expected, done) if expected else total)

        yield advance
