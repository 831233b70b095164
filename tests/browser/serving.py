"""The pay pages of a firm over HTTP, in this process: what a payer's browser opens."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import uvicorn

from connector.app.house import House
from connector.app.linking import make_link
from connector.config import Config
from connector.web.pay import Front, pay_app
from connector.web.turnstile import Limits
from tests.journeys.firm import Firm

STOP_SECONDS = 10
Tables = Mapping[str, Mapping[str, str]]
"""What settings.toml says of the seller."""


@contextmanager
def serving(firm: Firm, tables: Tables) -> Iterator[str]:
    """At the address that the firm's links lead to; gives that."""

    def config() -> Config:
        return firm.config().model_copy(update={"adapters": tables})

    base = firm.environment["RECEIVABLES_LINK_BASE"]
    front = Front(limits=Limits(views_per_minute=10_000, polls_per_minute=10_000))
    app = pay_app(lambda: House(config()), front=front)
    server = uvicorn.Server(
        uvicorn.Config(app, port=int(base.rpartition(":")[2]), access_log=False, log_level="warning")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.02)
    try:
        yield base
    finally:
        server.should_exit = True
        thread.join(STOP_SECONDS)


def link(firm: Firm, number: str) -> str:
    """The address of an invoice's link."""
    with House(firm.config()) as house:
        return make_link(house.company(None), number).url
