"""serve."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Annotated

import typer

from connector.cli.output import say

PORT = 8765


def add_to(app: typer.Typer) -> None:
    """Register this group's commands."""
    app.command()(serve)


def serve(
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port on this computer.")] = PORT,
) -> None:
    """Answer payment links on this computer (127.0.0.1). Put a web server with TLS in front to reach payers.

    Payments under way are asked about meanwhile, so no webhook is needed. Where a connection has the secret of its
    system's webhooks set, they are taken at /hooks/SYSTEM of the same server.
    """
    from connector.app.hints import listening
    from connector.app.house import House
    from connector.app.watching import Watcher
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
    watcher = Watcher(lambda: House(hurried))
    # A daemon: whoever stops the server does not wait for an answer of a processor.
    threading.Thread(target=watcher.run, name="watch-tries", daemon=True).start()
    with suppress(KeyboardInterrupt):
        # Also where nobody listens yet: a secret that is set later is found without starting anew.
        run(lambda: House(config), port, hooks=lambda: House(hurried))
