"""A process of its own that calls QuickBooks with the grant it shares with others, whenever it is told to.

`python -m tests.journeys.token_caller STORE URL` reads lines: `go` makes one call, `go WHEN FILE` the same, but whoever
renews the grant then and is the first to make FILE kills itself, `before-storing` what came or `after-storing` it. Each
call is answered by one line: `ok`, or the name of the error.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from adapters.quickbooks.auth import Grant, IntuitSession
from adapters.quickbooks.settings import Settings
from connector.clock import SystemClock
from connector.errors import ReceivablesError
from connector.ports import SecretPair, TokenStore
from tests.keys import given, unlocked
from tests.surroundings import OpenBudget
from tests.unit.store_ground import ACME, BOOKS

REALM = "9130001"


class Mortal:
    """The store's tokens, in the hands of a process that may be killed while it stores them."""

    def __init__(self, tokens: TokenStore) -> None:
        self._tokens = tokens
        self.die: tuple[str, Path] | None = None

    def read(self) -> SecretPair | None:
        return self._tokens.read()

    def replace(self, pair: SecretPair) -> SecretPair:
        self._perhaps_die("before-storing")
        stored = self._tokens.replace(pair)
        self._perhaps_die("after-storing")
        return stored

    def locked(self, action: Callable[[], SecretPair]) -> SecretPair:
        return self._tokens.locked(action)

    def _perhaps_die(self, when: str) -> None:
        if self.die is None or self.die[0] != when:
            return
        try:
            self.die[1].touch(exist_ok=False)
        except FileExistsError:
            return
        os.kill(os.getpid(), signal.SIGKILL)


def main(address: str, url: str) -> None:
    """Answer each line of the standard input."""
    values = {"client_id": "standin-client", "client_secret": "standin-secret", "realm_id": REALM}
    places = {"base_url": url, "token_url": f"{url}/oauth2/v1/tokens/bearer"}
    settings = Settings.parse({**values, **places, "refresh_token": f"refresh-{REALM}-1"})
    with unlocked(address, SystemClock(), given()) as store:
        tokens = Mortal(store.tokens(ACME, BOOKS))
        session = IntuitSession(settings, Grant(settings, tokens, SystemClock()), OpenBudget())
        say("ready")
        for line in sys.stdin:
            _, *die = line.split()
            tokens.die = (die[0], Path(die[1])) if die else None
            try:
                session.request("GET", f"{url}/v3/company/{REALM}/companyinfo/{REALM}")
            except ReceivablesError as error:
                say(type(error).__name__)
            else:
                say("ok")


def say(word: str) -> None:
    """One line to whoever started us."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
