"""A process of its own that asks QuickBooks from two threads as often as its budget lets it, until the time is up.

`python -m tests.contract.paced_caller STORE URL SECONDS`
"""

from __future__ import annotations

import sys
import threading

from adapters.quickbooks.auth import Grant, IntuitSession
from adapters.quickbooks.settings import Settings
from connector.clock import SystemClock
from connector.store import Store
from tests.keys import given
from tests.unit.store_ground import ACME, BOOKS

REALM = "9130001"


def main(address: str, url: str, seconds: str) -> None:
    """Ask until the time is up; an error ends the process with its traceback."""
    values = {"client_id": "standin-client", "client_secret": "standin-secret", "realm_id": REALM}
    places = {"base_url": url, "token_url": f"{url}/oauth2/v1/tokens/bearer"}
    settings = Settings.parse({**values, **places, "refresh_token": f"refresh-{REALM}-1"})
    clock = SystemClock()
    until = clock.monotonic() + float(seconds)
    with Store.open(address, clock) as store:
        store.unlock(given())
        grant = Grant(settings, store.tokens(ACME, BOOKS), clock)

        def ask() -> None:
            session = IntuitSession(settings, grant, store.budget(ACME, BOOKS, settings, "QuickBooks"))
            while clock.monotonic() < until:
                session.request("GET", f"{url}/v3/company/{REALM}/companyinfo/{REALM}", metered=True)

        threads = [threading.Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
