"""What the desks of all vendors share: waiting for what is shown late, and telling whose answer it was."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from connector.clock import Clock
from connector.model.intent import WriteKey
from connector.model.source import OpId

LOOKS_MAX, LOOK_SECONDS = 20, 3
"""So often, and so far apart, a sandbox is asked for what it may show late."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """Whose account it is: the system's and the company's name, and what its real test account is called."""

    system: str
    owner: str
    account: str


class Telling:
    """A desk that waits and tells. `real`: it is the vendor's own account; `stand_in`: its double, asked by itself."""

    vendor: Vendor
    stand_in: bool
    clock: Clock
    record: Callable[[str, object], None]

    @property
    def real(self) -> bool:
        raise NotImplementedError

    def eventually(self, ask: Callable[[], T], shows: Callable[[T], bool]) -> T:
        """What is answered once it shows what it must, or at last. The stand-in is asked once: it is never late."""
        found = ask()
        for _ in range(0 if self.stand_in else LOOKS_MAX):
            if shows(found):
                break
            self.clock.sleep(LOOK_SECONDS)
            found = ask()
        return found

    def report(self, question: str, answer: str) -> None:
        """What was found, into the records of the run and its last lines."""
        self.record(self.vendor.system, f"{question} {answer} ({self._whose()})")

    def _whose(self) -> str:
        if self.real:
            return self.vendor.account
        what = "own answer" if self.stand_in else "answer in a rehearsal"
        return f"the stand-in's {what}, which says nothing of {self.vendor.owner}"


def new_key() -> WriteKey:
    """A key that nobody has used."""
    return WriteKey(op_id=OpId(base64.b32encode(secrets.token_bytes(13)).decode()[:20]))
