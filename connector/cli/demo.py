"""demo: the whole mission on this computer, with no account, no key and no network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from connector.cli.output import NEEDS_A_PERSON, complain, say, writable


def add_to(app: typer.Typer) -> None:
    """Register this group's commands."""
    app.command()(demo)


def demo(
    once: Annotated[bool, typer.Option("--once", help="Run unattended, write the page, and end.")] = False,
    corrupt: Annotated[
        int | None, typer.Option(help="Shift one cent somewhere in the books, chosen by this number; it must be found.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where to write the page; a temporary folder otherwise.")] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port of the local page.")] = 8765,
) -> None:
    """Two small companies in doubles of QuickBooks, Stripe and PayPal: sync, reconcile, plan, apply, pay, call, proof.

    Ends with a page made for looking. With --once the exit code says whether the proof holds.
    """
    from connector.cli.story import Demo

    if out is not None:
        writable(out)
    with Demo(corrupt=corrupt, say=say, port=port) as story:
        story.run()
        page = story.write_page(out)
        say(f"\nThe page: {page}")
        problems = story.problems()
        for problem in problems:
            complain(problem)
        if not once:
            story.show(page)
    if problems:
        raise typer.Exit(NEEDS_A_PERSON)
