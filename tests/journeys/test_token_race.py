"""Several processes share one rotating grant, and some are killed while they renew it: nobody has to connect again."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO
from urllib.parse import parse_qs

import pytest

from adapters.quickbooks import standin
from adapters.quickbooks.standin.conduct import Conduct
from adapters.quickbooks.standin.intuit import TOKENS, Intuit
from connector.store import Store
from connector.testing.standin import Answer, Call, Fault, Inspector, Server
from connector.testing.worlds import parse
from tests.clocks import FakeClock
from tests.contract.quickbooks_room import WORLD, inspect
from tests.databases import own_schema
from tests.unit.store_ground import ACME, BOOKS, ready

DAY_SECONDS = 86_400
KILLED = "killed"


class Caller:
    """One process with the grant."""

    def __init__(self, address: str, url: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.journeys.token_caller", address, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def go(self, *die: str) -> None:
        pipe(self._process.stdin).write(f"{' '.join(('go', *die))}\n")
        pipe(self._process.stdin).flush()

    def said(self) -> str:
        return pipe(self._process.stdout).readline().strip() or KILLED

    def kill(self) -> None:
        self._process.kill()

    def close(self) -> None:
        """Let it go; its pipes too."""
        with suppress(BrokenPipeError):  # where it was killed before it read what it was told
            pipe(self._process.stdin).close()
        self._process.wait(timeout=60)
        pipe(self._process.stdout).close()


def pipe(end: IO[str] | None) -> IO[str]:
    assert end is not None
    return end


class Crew:
    """The processes, and the Intuit that they share. A killed one is replaced by a new one, as after a restart."""

    def __init__(self, server: Server, store: Store, address: str, folder: Path) -> None:
        intuit = server.stand_in
        assert isinstance(intuit, Intuit)
        self.intuit = intuit
        self.server = server
        self.store = store
        self._address = address
        self._folder = folder
        self._deaths = 0
        self.callers: list[Caller] = []
        self.heard: list[str] = []

    def hire(self, number: int) -> None:
        fresh = [Caller(self._address, self.server.url) for _ in range(number)]
        assert [caller.said() for caller in fresh] == ["ready"] * number
        self.callers += fresh

    def dismiss(self) -> None:
        for caller in self.callers:
            caller.close()

    def expire(self) -> None:
        self.server.behind(self.intuit.expire)

    def round(self, die: str = "") -> list[str]:
        """Everybody calls at once; what each said. `die`: whoever renews first is killed at that point."""
        self._deaths += 1
        for caller in self.callers:
            caller.go(*((die, str(self._folder / f"death-{self._deaths}")) if die else ()))
        said = [caller.said() for caller in self.callers]
        self.bury(said)
        return said

    def bury(self, said: list[str]) -> None:
        dead = [caller for caller, word in zip(self.callers, said, strict=True) if word == KILLED]
        for caller in dead:
            caller.kill()
        self.callers = [caller for caller in self.callers if caller not in dead]
        for caller in dead:
            caller.close()
        self.hire(len(dead))

    def renewals(self) -> list[int]:
        """What the token endpoint answered since the last time: its statuses."""
        found = [status for method, path, status in self.server.calls if (method, path) == ("POST", TOKENS)]
        self.server.calls.clear()
        return found


def listening(heard: list[str]) -> Inspector:
    """Writes down which refresh token was given and what was said: for the reader of a failed test."""

    def hear(call: Call, answer: Answer) -> list[str]:
        if call.path == TOKENS:
            token = parse_qs(call.body.decode())["refresh_token"][0]
            heard.append(f"{token.rpartition('-')[2]}:{answer.status}")
        return []

    return hear


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def hired(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    """The processes of all tests of this module, by database: starting them takes longer than the tests."""
    folder = tmp_path_factory.mktemp("crew")
    sqlite = request.param == "sqlite"
    address = str(folder / "store.db") if sqlite else own_schema(request.getfixturevalue("postgres"))
    intuit = standin.build(parse(WORLD), clock=FakeClock("2026-04-06T12:00:00Z"), conduct=Conduct())
    heard: list[str] = []
    with (
        ready(address, FakeClock()) as store,
        Server(intuit, inspectors=(inspect, listening(heard))) as server,
    ):
        made = Crew(server, store, address, folder)
        made.heard = heard
        yield made
        made.dismiss()
    assert server.problems == []


@pytest.fixture
def crew(hired: Crew) -> Crew:
    """Two processes with a dead access token; Intuit kills a refresh token at once when it is used."""
    hired.hire(2 - len(hired.callers))
    hired.intuit.conduct = Conduct()
    hired.expire()
    hired.renewals()
    return hired


@pytest.mark.req("Q6")
def test_processes_that_find_the_token_dead_at_once_renew_it_once_and_all_go_on(crew: Crew) -> None:
    slowly = [Fault(method="POST", path=TOKENS, nth=nth, kind="slow", argument="0.2") for nth in (1, 2, 3)]
    crew.server.add_faults(*slowly)  # so that the second one surely comes while the first one renews
    for _ in range(3):
        crew.expire()
        assert crew.round() == ["ok"] * 2
        assert crew.renewals() == [200]
    assert crew.round() == ["ok"] * 2
    assert crew.renewals() == []


@pytest.mark.req("Q7")
def test_a_process_killed_after_it_stored_the_new_pair_leaves_it_to_the_others(crew: Crew) -> None:
    assert crew.round("after-storing").count(KILLED) == 1
    assert crew.renewals() == [200], "the survivor uses what the dead one stored, and renews nothing"
    crew.expire()
    assert crew.round() == ["ok"] * 2
    assert crew.renewals() == [200]


def test_a_process_killed_before_it_stored_the_new_pair_costs_one_more_renewal_and_no_connection(crew: Crew) -> None:
    """Intuit lets the refresh token before live on for about a day; the survivor has just that one."""
    crew.intuit.conduct = Conduct(grace_seconds=DAY_SECONDS)
    said = crew.round("before-storing")
    assert sorted(said) == [KILLED, "ok"]
    assert crew.renewals() == [200, 200]
    crew.intuit.conduct = Conduct()
    crew.expire()
    assert crew.round() == ["ok"] * 2, "what is stored is the line of tokens that is in force"
    assert crew.renewals() == [200]


@pytest.mark.req("Q8")
def test_a_network_that_fails_while_renewing_is_no_dead_grant_and_the_next_call_goes_through(crew: Crew) -> None:
    crew.intuit.conduct = Conduct(grace_seconds=DAY_SECONDS)
    for kind in ("drop-before", "drop-after", "truncate", "status-before"):
        crew.expire()
        crew.server.add_faults(*(Fault(method="POST", path=TOKENS, nth=nth, kind=kind) for nth in (1, 2)))
        said = crew.round()
        assert set(said) <= {"ok", "Unreachable", "MalformedAnswer"}
        assert crew.round() == ["ok"] * 2
    assert 400 not in crew.renewals()


def rounds(crew: Crew, number: int, *, seed: int) -> tuple[int, int]:
    """Expiry after expiry, some with a kill somewhere; how many renewals there were, and how many kills."""
    choose = random.Random(seed)  # noqa: S311 - whom to kill, no secret
    crew.intuit.conduct = Conduct(grace_seconds=DAY_SECONDS)
    renewals = kills = 0
    history: list[tuple[str, list[str]]] = []
    for turn in range(number):
        crew.expire()
        die = choose.choice([*[""] * 6, "before-storing", "after-storing", "anywhere"])
        said = struck(crew, choose) if die == "anywhere" else crew.round(die)
        died = said.count(KILLED)
        history.append((die, said))
        answered = crew.renewals()
        assert set(said) <= {"ok", KILLED}, f"round {turn}: {said}"
        renewals, kills = renewals + answered.count(200), kills + died
        told = f"round {turn}: {answered}, {crew.heard[-9:]}, {history[-4:]}"
        # What a killed process had sent may be answered a round later, when its token is one too old.
        assert set(answered) == {200} or (kills and set(answered) == {200, 400}), told
        assert turn + 1 <= renewals <= turn + 1 + kills, told
    crew.intuit.conduct = Conduct()
    crew.expire()
    assert set(crew.round()) == {"ok"}, "what is stored is the line of tokens that is in force"
    stored = crew.store.tokens(ACME, BOOKS).read()
    assert stored is not None
    return renewals, kills


def struck(crew: Crew, choose: random.Random) -> list[str]:
    """Everybody calls at once, and one is killed from outside a moment later, wherever it is then."""
    for caller in crew.callers:
        caller.go()
    time.sleep(choose.random() * 0.03)
    victim = choose.choice(crew.callers)
    victim.kill()
    said = [caller.said() if caller is not victim else KILLED for caller in crew.callers]
    crew.bury(said)
    return said


@pytest.mark.gate
def test_expiries_with_kills_cost_one_renewal_each_and_one_per_kill(crew: Crew) -> None:
    crew.hire(3 - len(crew.callers))
    renewals, kills = rounds(crew, 4, seed=12)
    assert kills > 0
    assert 4 <= renewals <= 4 + kills


@pytest.mark.long
@pytest.mark.req("E24")
def test_eight_processes_and_a_thousand_expiries_with_kills(crew: Crew) -> None:
    crew.hire(8 - len(crew.callers))
    renewals, kills = rounds(crew, 1000, seed=1)
    sys.stdout.write(f"1,000 expiries, 8 processes: {renewals} renewals, {kills} kills, 0 reconnects\n")
    assert kills > 100
    assert 1000 <= renewals <= 1000 + kills
