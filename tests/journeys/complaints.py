"""How every fault must look to the person at the terminal: one sentence, a next step, a code, and no secret."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from connector.__main__ import run
from connector.app import setup
from connector.app.house import House
from connector.testing.standin import Answer, Call, StandIn
from connector.testing.worlds import World
from tests.journeys.firm import Firm, Ran
from tests.judges import JUDGES

KEY = "rk_test_canary4242"
CLIENT_SECRET = "s3cret-canary"
TOKEN = "r3fresh-canary"
SECRETS = (KEY, CLIENT_SECRET, TOKEN, "canary", "standin-secret", "rk_test_walk", "refresh-9", "access-9")
"""What no command may ever show: the canaries of wrong settings, and what opens the doubles."""

Spoil = Callable[[Call, Answer], Answer]


def complains(ran: Ran, code: int, words: str) -> None:
    """The command ended with that code, and said one sentence with these words, one next step, and nothing else."""
    said = f"{ran.out}\n{ran.err}"
    assert ran.code == code, said
    assert [secret for secret in SECRETS if secret in said] == []
    assert "Traceback" not in said
    error, step = ran.err.splitlines()
    assert error.startswith("Error: "), said
    assert words in error
    assert error.endswith((".", "?")), error
    assert step.startswith("Next:  "), said
    assert len(step) > len("Next:  A step")


def typed(home: Path, arguments: tuple[str, ...], environment: Mapping[str, str]) -> Ran:
    """`receivables ...` in this process: the same words and codes, for long tables of what can be wrong."""
    out, err = StringIO(), StringIO()
    with pytest.MonkeyPatch.context() as given, redirect_stdout(out), redirect_stderr(err):
        for name, value in {"RECEIVABLES_HOME": str(home), "RECEIVABLES_ACTOR": "dana", **environment}.items():
            given.setenv(name, value)
        code = run(list(arguments))
    return Ran(code, out.getvalue(), err.getvalue())


def typed_well(firm: Firm, *arguments: str, code: int = 0) -> Ran:
    """The same at a firm, which must end with that code."""
    ran = typed(firm.home, arguments, firm.environment)
    assert ran.code == code, f"{arguments}: {ran.code}\n{ran.out}\n{ran.err}"
    return ran


def head(firm: Firm) -> tuple[int, str]:
    """How far the journal goes: it grows by whatever is stored."""
    with House(firm.config()) as house:
        return house.store.head(house.company(None).id)


def connect(firm: Firm, **values: str) -> None:
    """Connect both systems in this process, with reads that are not tried again; `values` are more of their settings.

    Nothing is read yet.
    """
    with House(firm.config()) as house:
        for system, double in firm.doubles.items():
            settings = {**double.stand_in.settings(firm.world, double.url), "retry_seconds": "0", **values}
            wish = setup.Wish(system=system, company=None, zone=firm.world.zone, values=settings, allow_writes=True)
            setup.connect(house, wish)


def connect_and_read(firm: Firm) -> None:
    """The same, and everything is read and the accounts are chosen."""
    connect(firm)
    firm.connect_quickly()


def closed_port() -> int:
    """A port of this computer at which nobody answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


class Spoiling:
    """A vendor's double whose answers can be spoiled on their way out. What it holds and does stays as it was, and is
    judged before it is spoiled."""

    def __init__(self, whole: StandIn) -> None:
        self._whole = whole
        self.system = whole.system
        self.spoil: Spoil | None = None
        self.asked: list[Call] = []
        self.problems: list[str] = []

    def answer(self, call: Call) -> Answer:
        self.asked.append(call)
        given = self._whole.answer(call)
        self.problems += JUDGES[self.system](call, given)
        return self.spoil(call, given) if self.spoil is not None and "/oauth2/" not in call.path else given

    def settings(self, world: World, url: str) -> dict[str, str]:
        return self._whole.settings(world, url)

    def dump(self, *, normalised: bool) -> object:
        return self._whole.dump(normalised=normalised)

    def corrupt(self, seed: int) -> str:
        return self._whole.corrupt(seed)
