"""A process of its own that asks QuickBooks as often as its budget lets it.

`python -m tests.contract.paced_caller STORE URL SECONDS`: from two threads, until the time is up
`python -m tests.contract.paced_caller STORE URL CALLS crowd`: so many calls from each of six threads, at any pace
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

from adapters.quickbooks.auth import Grant, IntuitSession
from adapters.quickbooks.settings import Settings
from connector.clock import SystemClock
from connector.store import Store
from tests.keys import given
from tests.unit.budget_ground import OurPace
from tests.unit.store_ground import ACME, BOOKS

REALM = "9130001"


THREADS = 6
ANY_PACE = OurPace(calls_per_minute=60_000, calls_burst=1000)


def main(address: str, url: str, seconds: str, manner: str = "") -> None:
    """Ask until the time is up, or so often; an error ends the process with its traceback."""
    if manner == "crowd":
        crowd(address, url, int(seconds))
    else:
        paced(address, url, float(seconds))


def settings_for(url: str) -> Settings:
    values = {"client_id": "standin-client", "client_secret": "standin-secret", "realm_id": REALM}
    places = {"base_url": url, "token_url": f"{url}/oauth2/v1/tokens/bearer"}
    return Settings.parse({**values, **places, "refresh_token": f"refresh-{REALM}-1"})


def crowd(address: str, url: str, calls: int) -> None:
    settings, clock = settings_for(url), SystemClock()
    with Store.open(address, clock) as store:
        store.unlock(given())
        grant = Grant(settings, store.tokens(ACME, BOOKS), clock)

        def ask() -> None:
            session = IntuitSession(settings, grant, store.budget(ACME, BOOKS, ANY_PACE, "QuickBooks"))
            for _ in range(calls):
                session.request("GET", f"{url}/v3/company/{REALM}/companyinfo/{REALM}", metered=True)

        together(ask, THREADS)


def together(ask: Callable[[], None], number: int) -> None:
    threads = [threading.Thread(target=ask) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def paced(address: str, url: str, seconds: float) -> None:
    settings, clock = settings_for(url), SystemClock()
    until = clock.monotonic() + seconds
    with Store.open(address, clock) as store:
        store.unlock(given())
        grant = Grant(settings, store.tokens(ACME, BOOKS), clock)

        def ask() -> None:
            session = IntuitSession(settings, grant, store.budget(ACME, BOOKS, settings, "QuickBooks"))
            while clock.monotonic() < until:
                session.request("GET", f"{url}/v3/company/{REALM}/companyinfo/{REALM}", metered=True)

        together(ask, 2)


if __name__ == "__main__":
    main(*sys.argv[1:])
