"""One firm for whole stories: both doubles on loopback, a home folder, and the command line as its user runs it.

Every request any process of the firm sends is judged by the vendor's own schema, and so is every answer.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import requests

from adapters.stripe.standin.versions import API_VERSION
from connector import registry
from connector.app import setup
from connector.app.books import sync_all
from connector.app.house import Desk, House
from connector.clock import SystemClock
from connector.config import Config
from connector.testing.standin import Answer, Call, Fault, Server, parse_faults
from connector.testing.worlds import World, parse
from tests.databases import with_tables
from tests.journeys import warm
from tests.judges import JUDGES

WALK = Path(__file__).parent / "worlds" / "walk.world"
COMMAND_SECONDS = 60
KILLED = -9


def nothing(*_: object) -> None:
    """Nobody watches."""


@dataclass(frozen=True)
class Ran:
    """A finished command: its exit code and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Firm:
    """The doubles by system, the world, and the home folder. `heard` is every request that any double acted on."""

    world: World
    home: Path
    doubles: dict[str, Server] = field(default_factory=dict)
    heard: list[Call] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    cold: bool = False

    def run(self, *arguments: str, crash_at: str = "", **environment: str) -> Ran:
        """`receivables ...` in a process of its own; a cold firm starts an interpreter for it, as its user does."""
        given = {**self.environment, "RECEIVABLES_CRASH_AT": crash_at, **environment}
        return run_command(self.home, arguments, given, cold=self.cold)

    def do(self, *arguments: str, **environment: str) -> Ran:
        """The same, which must succeed."""
        ran = self.run(*arguments, **environment)
        assert ran.code == 0, f"{arguments}: {ran.code}\n{ran.out}\n{ran.err}"
        return ran

    def connect(self, *, allow_writes: bool = True) -> None:
        """Both systems, every stream read, and the accounts chosen by their names."""
        writes = ("--allow-writes",) if allow_writes else ()
        for system, double in self.doubles.items():
            settings = double.stand_in.settings(self.world, double.url)
            given = {f"RECEIVABLES_{system.upper()}_{name.upper()}": value for name, value in settings.items()}
            self.do("connect", system, "--zone", self.world.zone, *writes, **given)
        self.do("sync")
        chosen = self.chosen_accounts()
        self.do("accounts", "stripe", *(part for role, names in chosen.items() for part in (f"--{role}", names)))

    def connect_quickly(self, *, allow_writes: bool = True) -> None:
        """The same in this process."""
        with_tables(self.home / "receivables.db")
        with House(self.config()) as house:
            for system, double in self.doubles.items():
                values = double.stand_in.settings(self.world, double.url)
                zone = self.world.zone
                wish = setup.Wish(system=system, company=None, zone=zone, values=values, allow_writes=allow_writes)
                setup.connect(house, wish)
            desk = house.company(None)
            sync_all(desk, lambda *_: None)
            setup.choose_accounts(desk, "stripe", self.chosen_accounts())

    def config(self) -> Config:
        """The settings its commands run under."""
        return Config(
            home=self.home,
            database=str(self.home / "receivables.db"),
            actor="dana",
            settle_payment_seconds=0,
            settle_note_seconds=0,
            calls_per_minute=100_000,
            link_base=self.environment.get("RECEIVABLES_LINK_BASE", "http://127.0.0.1:8765"),
        )

    @contextmanager
    def desk(self) -> Iterator[Desk]:
        """The company's desk in this process, where a test needs what no command says, or saves a start."""
        with House(self.config()) as house:
            yield house.company(None)

    def sync_quickly(self) -> None:
        """`receivables sync` in this process."""
        with self.desk() as desk:
            sync_all(desk, lambda *_: None)

    def chosen_accounts(self) -> dict[str, str]:
        """The world's accounts by what they are for, told by their names."""
        banks = [account.name for account in self.world.accounts if account.role == "bank"]
        return {
            "clearing": ",".join(name for name in banks if "Clearing" in name),
            "bank": ",".join(name for name in banks if "Clearing" not in name),
            "fees": next(account.name for account in self.world.accounts if account.role == "expense"),
        }

    def faults(self, system: str, lines: str) -> None:
        """Switch faults on, counting from now."""
        switched: tuple[Fault, ...] = parse_faults(lines)
        self.doubles[system].add_faults(*switched)

    def books(self, entity: str) -> list[dict[str, Any]]:
        """The objects of one entity as the double of the books holds them."""
        held: Any = self.doubles["quickbooks"].stand_in.dump(normalised=False)
        realm = held[self.world.realm] if self.world.realm in held else next(iter(held.values()))
        found: list[dict[str, Any]] = json.loads(json.dumps(realm[entity], default=str))
        return found

    def marked(self, entity: str, field_name: str) -> list[dict[str, Any]]:
        """The objects of one entity that carry our mark."""
        return [each for each in self.books(entity) if "receivables op=" in str(each.get(field_name) or "")]

    def open_balances(self) -> dict[str, Decimal]:
        """What the double of the books holds open on each invoice."""
        return {each["DocNumber"]: Decimal(str(each["Balance"])) for each in self.books("Invoice")}

    def hear(self, call: Call, _answer: Answer) -> list[str]:
        """Remember a request; there is nothing to say against it."""
        self.heard.append(call)
        return []

    def stripe(self, kind: str) -> list[dict[str, Any]]:
        """The objects of one kind as the double of Stripe holds them."""
        held: Any = self.doubles["stripe"].stand_in.dump(normalised=False)
        found: list[dict[str, Any]] = held[self.world.stripe_account].get(kind, [])
        return found

    def in_books(self, entity: str, body: dict[str, Any], **query: str) -> dict[str, Any]:
        """What a person does in the books meanwhile: a POST to the double of the books."""
        answer = requests.post(
            f"{self.doubles['quickbooks'].url}/v3/company/{self.world.realm}/{entity.lower()}",
            params={"minorversion": "75", **query},
            json=body,
            headers={"Authorization": f"Bearer access-{self.world.realm}-1", "Accept": "application/json"},
            timeout=COMMAND_SECONDS,
        )
        assert answer.status_code == 200, answer.text
        written: dict[str, Any] = answer.json()[entity]
        return written

    def in_stripe(self, path: str, **form: str) -> dict[str, Any]:
        """What a person does in Stripe meanwhile: a POST below /v1; __ in a name stands for brackets."""
        answer = requests.post(
            f"{self.doubles['stripe'].url}/v1/{path}",
            data={re.sub("__(.+)", r"[\1]", name): value for name, value in form.items()},
            headers={
                "Authorization": f"Bearer rk_test_{self.world.stripe_account.removeprefix('acct_')}",
                "Stripe-Version": API_VERSION,
            },
            timeout=COMMAND_SECONDS,
        )
        assert answer.status_code == 200, answer.text
        written: dict[str, Any] = answer.json()
        return written

    def invoice(self, number: str) -> dict[str, Any]:
        """One invoice as the double of the books holds it."""
        return next(each for each in self.books("Invoice") if each["DocNumber"] == number)

    @property
    def problems(self) -> list[str]:
        return [problem for double in self.doubles.values() for problem in double.problems]


def run_command(
    home: Path,
    arguments: tuple[str, ...],
    environment: Mapping[str, str],
    *,
    cold: bool = False,
    seconds: float = COMMAND_SECONDS,
) -> Ran:
    """`receivables ...` with this home and only these settings, in a process of its own.

    The process is a fork of one that has imported the program, unless a cold start is asked for, or the environment
    holds what an interpreter reads before that.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RECEIVABLES_")}
    whole = {**kept, "RECEIVABLES_HOME": str(home), "RECEIVABLES_ACTOR": "dana", **environment}
    if not cold and all(name.startswith("RECEIVABLES_") for name in environment):
        return Ran(*warm.run(arguments, whole, seconds))
    process = subprocess.run(
        [sys.executable, "-m", "connector", *arguments],
        env=whole,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=seconds,
        check=False,
    )
    return Ran(process.returncode, process.stdout, process.stderr)


@contextmanager
def open_firm(folder: Path, world_text: str | None = None) -> Iterator[Firm]:
    """A firm whose doubles run; leaving it asserts that nothing broke a vendor's schema."""
    (world,) = parse(world_text if world_text is not None else WALK.read_text(encoding="utf-8"))
    home = folder / "home"
    home.mkdir(mode=0o700)
    firm = Firm(world=world, home=home)
    firm.environment = {
        "RECEIVABLES_SETTLE_PAYMENT": "0",
        "RECEIVABLES_SETTLE_NOTE": "0",
        "RECEIVABLES_CALLS_PER_MINUTE": "100000",
    }
    with ExitStack() as stack:
        for name, spec in registry.specs().items():
            if not world.is_in(name):
                continue
            double = registry.by_path(spec.standin)((world,), clock=SystemClock())
            server = Server(double, inspectors=(JUDGES[name], firm.hear))
            firm.doubles[name] = stack.enter_context(server)
        yield firm
    assert firm.problems == []
