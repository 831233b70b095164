"""Firms with work before them, to be killed at it again and again: each begins anew from one saved state.

What an undisturbed run leaves in both systems' books is the measure: whatever was killed, dropped and run again must
leave the same, by the stand-ins' normalised dumps: no object twice, none lost, every sum and every note as it was.
"""

from __future__ import annotations

import copy
import os
import random
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from adapters.stripe.standin import disputes
from connector.app import reviewing, setup, small
from connector.app.books import apply_plan, make_plan, sync_all
from connector.model.firm import BookingPattern
from connector.testing.standin import Answer, Call
from tests.journeys import warm
from tests.journeys.firm import COMMAND_SECONDS, KILLED, Firm, Ran, open_firm

RUNS_MAX = 8
BOOKS = """
company  {name}  home USD  zone America/New_York  country US  realm {realm}  stripe acct_{name}
account  Checking  bank USD
account  Stripe Clearing  bank USD
account  Stripe Fees  expense USD
account  Stripe Suspense  expense USD
account  Undeposited Funds  undeposited USD
account  Accounts Receivable  receivable USD
customer  Acme  email ap@acme.example  in quickbooks and stripe as cus_{name}_acme
customer  Bolt  email ap@bolt.example  in quickbooks and stripe as cus_{name}_bolt
2026-03-02  invoice  K-1  Acme  120.00 USD  due 2026-04-01
2026-03-02  invoice  K-2  Acme  80.50 USD  due 2026-04-01
2026-03-02  invoice  K-3  Bolt  250.25 USD  due 2026-04-01
2026-03-02  invoice  K-4  Bolt  60.00 USD  due 2026-04-01
2026-03-02  invoice  K-5  Acme  300.00 USD  due 2026-04-01
2026-03-02  invoice  S-1  Acme  33.00 USD  due 2026-04-01  in stripe as in_{name}_1
2026-03-08  credit  CM-1  Acme  20.00 USD
2026-03-10  payment  ch_{name}_1  Acme  120.00 USD  by card  fee 3.78 USD  key K-1
2026-03-11  payment  py_{name}_2  Bolt  250.25 USD  by us_bank_account  fee 2.00 USD  key K-3
2026-03-12  payment  ch_{name}_3  Acme  280.00 USD  by card  fee 8.42 USD  memo "Invoice K-5"
2026-03-13  refund  re_{name}_1  20.00 USD  of ch_{name}_1
2026-03-16  payout  po_{name}_1  USD  of ch_{name}_1, py_{name}_2, ch_{name}_3, re_{name}_1
"""
WORK = ("apply", "--yes")
HOOK = ("hooks", "stripe", "--url", "http://127.0.0.1:8765/hooks/stripe", "--yes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """How one process ends: at the nth passing of a boundary, in its nth call (which was acted on and is not answered),
    or after so many seconds of its life."""

    point: str = ""
    call: int = 0
    seconds: float = 0.0


@dataclass
class Scene:
    """A firm and its saved state. `command` is run until it is quiet; `kills` counts those that really came."""

    firm: Firm
    folder: Path
    command: tuple[str, ...]
    rows: int
    kills: Counter[str] = field(default_factory=Counter)
    _saved: dict[str, Any] = field(default_factory=dict)
    _victim: int = 0
    _calls_left: int = 0
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        for double in self.firm.doubles.values():
            double._inspectors = (*double._inspectors, self._strike)

    def save(self) -> None:
        """This is where everything begins anew."""
        shutil.copytree(self.firm.home, self.folder)
        self._saved = {name: copy.deepcopy(double.stand_in) for name, double in self.firm.doubles.items()}

    def begin_anew(self) -> None:
        shutil.rmtree(self.firm.home)
        shutil.copytree(self.folder, self.firm.home)
        for name, double in self.firm.doubles.items():
            with double._lock:
                double.stand_in = copy.deepcopy(self._saved[name])
                double._faults.clear()
                double._seen.clear()

    def left(self) -> dict[str, object]:
        """What stands in both systems now, without ids and times."""
        return {name: double.stand_in.dump(normalised=True) for name, double in self.firm.doubles.items()}

    def run(self) -> Ran:
        return self.firm.run(*self.command)

    def until_quiet(self) -> list[Ran]:
        """Run it until it has nothing more to do."""
        ran: list[Ran] = []
        for _ in range(RUNS_MAX):
            ran.append(self.run())
            if ran[-1].code == 0:
                return ran
        raise AssertionError(f"not quiet after {RUNS_MAX} runs: {ran[-1].out}{ran[-1].err}")

    def killed(self, kill: Kill) -> bool:
        """Run it and kill it so. False when it ended before."""
        given = {**os.environ, **self.firm.environment, "RECEIVABLES_HOME": str(self.firm.home)}
        given |= {"RECEIVABLES_ACTOR": "dana", "RECEIVABLES_CRASH_AT": kill.point}
        with closing(warm.begin(self.command, given)) as process:
            with self._guard:
                self._victim, self._calls_left = process.pid, kill.call
            if kill.seconds:
                time.sleep(kill.seconds)
                process.send_signal(signal.SIGKILL)
            code = process.wait(COMMAND_SECONDS)
            with self._guard:
                self._calls_left = 0
        if code == KILLED:
            self.kills[kill.point.partition(":")[0] or ("in a call" if kill.call else "at any moment")] += 1
        return code == KILLED

    def _strike(self, _call: Call, _answer: Answer) -> list[str]:
        """Kill whoever waits for this answer, if it is his turn."""
        with self._guard:
            if self._calls_left:
                self._calls_left -= 1
                if not self._calls_left:
                    os.kill(self._victim, signal.SIGKILL)
        return []


def passed(scene: Scene) -> list[str]:
    """A recording run: every boundary that the command passes, in order."""
    from connector.app.house import House  # the product's own, with a boundary that writes down

    names: list[str] = []
    scene.begin_anew()
    with House(scene.firm.config()) as house:
        house.boundary = names.append
        desk = house.company(None)
        apply_plan(desk, make_plan(desk), lambda *_: None, lambda _: None)
    return names


@contextmanager
def opened(folder: Path, name: str) -> Iterator[Scene]:
    """The scene of that name, saved where its work begins."""
    with open_firm(folder, BOOKS.format(name=name, realm=9_150_000 + len(name))) as firm:
        firm.connect_quickly()
        command, rows = (HOOK, 1) if name == "hooks" else (WORK, 3)
        scene = Scene(firm=firm, folder=folder / "saved", command=command, rows=rows)
        PREPARED[name](firm)
        scene.save()
        yield scene


def _whole(firm: Firm) -> None:
    """Payments, fees, a credit, a refund and a payout to be posted, notes to be pushed to both systems."""
    firm.do("reconcile")
    firm.do("review", "confirm", f"ch_{_name(firm)}_3")
    for number in ("K-4", "S-1"):
        words = ("log", number, "--outcome", "no-answer", "--said", f"rang about {number}", "--yes")
        assert firm.run(*words, crash_at="log.contact-stored").code == KILLED
    firm.do("plan")


def _deposits(firm: Firm) -> None:
    """The same firm, whose payouts are deposits: the payments are in the books, the deposit is not."""
    with firm.desk() as desk:
        setup.choose_accounts(desk, "stripe", {"suspense": "Stripe Suspense"}, BookingPattern.DEPOSIT)
    _whole(firm)
    firm.do(*WORK)
    words = ("log", "K-2", "--outcome", "no-answer", "--said", "rang about K-2", "--yes")
    assert firm.run(*words, crash_at="log.contact-stored").code == KILLED
    firm.do("plan")


def _returned(firm: Firm) -> None:
    """All that is in the books; then a debit came back, and its payment has to be taken out again."""
    name = _name(firm)
    with firm.desk() as desk:
        apply_plan(desk, make_plan(desk), lambda *_: None, lambda _: None)
    ledger = firm.doubles["stripe"].stand_in.ledger(f"acct_{name}")  # type: ignore[attr-defined]
    charge = ledger.get("charge", f"py_{name}_2")
    firm.doubles["stripe"].behind(lambda: disputes.come_back(ledger, charge, "R01", fee=400))
    with firm.desk() as desk:
        sync_all(desk, lambda *_: None)
    firm.do("plan")


def _small(firm: Firm) -> None:
    """All that is in the books; then a person wrote off what a payment left open: an entry, and the credit that applies
    it and rests on it."""
    with firm.desk() as desk:
        reviewing.allocate(desk, f"ch_{_name(firm)}_3", [("K-5", "280.00")], on_account=False)
        apply_plan(desk, make_plan(desk), lambda *_: None, lambda _: None)
        rule = small.rule_with(desk, account="Stripe Suspense", largest="20.00 USD")
        reviewing.set_rules(desk, replace(desk.company.matching, write_offs=rule))
        small.write_off(desk, "K-5")
    firm.do("plan")


def _hooked(_firm: Firm) -> None:
    """Nothing has to be there before webhooks are asked for."""


def _name(firm: Firm) -> str:
    return firm.world.stripe_account.removeprefix("acct_")


PREPARED: dict[str, Callable[[Firm], None]] = {
    "whole": _whole,
    "deposits": _deposits,
    "returned": _returned,
    "small": _small,
    "hooks": _hooked,
}


def drawn(chance: random.Random, points: Sequence[str], rows: int) -> Kill:
    """One way to die while one of so many rows is carried out."""
    kind = chance.randrange(10)
    if kind < 6:
        return Kill(point=f"{chance.choice(points)}:{chance.randint(1, rows)}")
    if kind < 9:
        return Kill(call=chance.randint(1, 4 * rows))
    return Kill(seconds=chance.uniform(0.02, 0.4))
