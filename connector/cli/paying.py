"""link, serve."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated

import typer

from connector.cli.output import CompanyOption, JsonOption, YesOption, confirm, desk, say, say_json

PORT = 8765


def add_to(app: typer.Typer) -> None:
    """Register this group's commands."""
    app.command()(link)
    app.command()(serve)


def link(
    invoice: Annotated[str, typer.Argument(help="The invoice's number.")],
    company: CompanyOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Make the payment link of an invoice, or show it again: one address per debt, for as long as it is open.

    The processor's page is opened only when the payer clicks, for exactly what is open at that moment.
    """
    from connector.app.paying import make_link

    with desk(company) as at:
        if not as_json:
            confirm(f"Make a payment link for invoice {invoice}?", yes=yes)
        made = make_link(at, invoice)
    if as_json:
        say_json({"url": made.url, "amount": made.amount, "methods": made.methods, "link": made.link})
        return
    say(made.url)
    say(f"{made.amount} by {', '.join(made.methods)}. It works while `receivables serve` runs at that address.")


def serve(
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port on this computer.")] = PORT,
) -> None:
    """Answer payment links on this computer (127.0.0.1). Put a web server with TLS in front to reach payers.

    Where a connection has the secret of its system's webhooks set, they are taken at /hooks/SYSTEM of the same server.
    """
    from connector.app.hints import listening
    from connector.app.house import House
    from connector.config import load
    from connector.web.hooks import LOCK_WAIT_SECONDS
    from connector.web.pay import serve as run

    config = load()
    say(f"Payment links are answered at http://127.0.0.1:{port}. Stop with Ctrl-C.")
    with House(config) as house:
        systems = listening(house)
    for system in systems:
        say(f"Webhooks are taken at http://127.0.0.1:{port}/hooks/{system}.")
    hurried = config.model_copy(update={"lock_wait_seconds": min(config.lock_wait_seconds, LOCK_WAIT_SECONDS)})
    with suppress(KeyboardInterrupt):
        # Also where nobody listens yet: a secret that is set later is found without starting anew.
        run(lambda: House(config), port, hooks=lambda: House(hurried))
