"""The keys to a sandbox company, from the environment, and the file in which its rotating grant outlives a run.

Nothing here opens real books: an address that is neither Intuit's sandbox nor this computer is refused.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from urllib.parse import urlsplit

from adapters.quickbooks.settings import LOOPBACK, Settings
from adapters.quickbooks.standin.intuit import TOKENS as TOKENS_OF_STAND_IN
from connector.ports import SecretPair

SANDBOX = "https://sandbox-quickbooks.api.intuit.com"
PREFIX = "RECEIVABLES_SANDBOX_QUICKBOOKS_"
NEEDED = ("CLIENT_ID", "CLIENT_SECRET", "REALM_ID", "REFRESH_TOKEN")
BASE_URL = f"{PREFIX}BASE_URL"
"""For a rehearsal against a stand-in on this computer; otherwise left out."""
TOKENS_FILE = "RECEIVABLES_SANDBOX_TOKENS"

MINE_ONLY = 0o600


class NotASandbox(Exception):
    """The address is one that this suite does not write to."""


def missing(environ: Mapping[str, str]) -> str:
    """One sentence on what has to be set before a sandbox can be asked; "" when all is there."""
    absent = [f"{PREFIX}{name}" for name in NEEDED if not environ.get(f"{PREFIX}{name}")]
    if absent:
        return f"No QuickBooks sandbox is asked: {', '.join(absent)} {'is' if len(absent) == 1 else 'are'} not set."
    if not environ.get(TOKENS_FILE):
        return (
            "No QuickBooks sandbox is asked: Intuit changes the refresh token while the suite runs. Name a file of "
            f"your own in {TOKENS_FILE}, in which the suite keeps it from run to run."
        )
    return ""


def sandbox_settings(environ: Mapping[str, str]) -> Settings:
    """The settings of the sandbox company. Errors: NotASandbox, SettingsError."""
    base = (environ.get(BASE_URL) or SANDBOX).rstrip("/")
    rehearsal = urlsplit(base).hostname in LOOPBACK
    if base != SANDBOX and not rehearsal:
        raise NotASandbox(f"{BASE_URL} is no sandbox. This suite makes and deletes records; it writes to {SANDBOX}.")
    values = {name.lower(): environ[f"{PREFIX}{name}"] for name in NEEDED} | {"base_url": base, "retry_seconds": "180"}
    return Settings.parse(values | ({"token_url": f"{base}{TOKENS_OF_STAND_IN}"} if rehearsal else {}))


class FileTokens:
    """A TokenStore in one file that only its owner may read, shared by the processes of a run and by later runs."""

    def __init__(self, path: Path, realm: str) -> None:
        self._path = path
        self._realm = realm
        self._lock = threading.Lock()

    def read(self) -> SecretPair | None:
        """The pair of this company; None when the file is not there, is empty, or holds another company's."""
        try:
            text = self._path.read_text()
        except FileNotFoundError:
            return None
        held = json.loads(text) if text.strip() else {}
        return SecretPair(**held["pair"]) if held.get("realm") == self._realm else None

    def replace(self, pair: SecretPair) -> SecretPair:
        held = self.read()
        if held is not None and held.version != pair.version:
            return held
        stored = replace(pair, version=pair.version + 1)
        write_mine(self._path, json.dumps({"realm": self._realm, "pair": asdict(stored)}))
        return stored

    def locked(self, action: Callable[[], SecretPair]) -> SecretPair:
        with self._lock, alone(self._path.with_name(f"{self._path.name}.lock")):
            return action()


def write_mine(path: Path, text: str) -> None:
    """Replace a file at once, whole and durably, readable by nobody else from its first byte."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, MINE_ONLY)
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """While nobody else of this computer is in here."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, MINE_ONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
