"""One firm to which everything happens at once: trade goes on, both vendors tell of it by webhook to a server that runs
beside, in any order and twice; two processes work at the same time; histories are read anew; whoever works is killed.

Each story begins anew from one saved state with the same trade, so that all of them must end the same.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adapters.quickbooks.standin import hooks as books_hooks
from adapters.stripe.standin import hooks as stripe_hooks
from adapters.stripe.standin import moves, refunds
from connector.app.books import apply_plan, make_plan, sync_all, unfinished
from connector.app.house import ALL_BOUNDARIES
from connector.model.source import ConnectionId
from connector.testing.deliveries import Delivery, deliver
from tests.journeys import warm
from tests.journeys.firm import COMMAND_SECONDS, KILLED, nothing, open_firm
from tests.journeys.kill_scenes import BOOKS, PREPARED, WORK, Scene
from tests.journeys.till import open_till

VERIFIER = "verifier-token-of-the-app"
NAME, REALM = "once", 9_150_900
SYNC, ANEW = ("sync",), ("sync", "--again")
POINTS = sorted(each for each in ALL_BOUNDARIES if each.startswith(("post.", "apply.", "sync.")))
RECEIVED = 200
ROUNDS = (4, 10)


@dataclass
class Story:
    """One firm, killed and told of things; `counted` says what really happened."""

    scene: Scene
    chance: random.Random
    counted: Counter[str] = field(default_factory=Counter)
    _parcels: list[tuple[str, Delivery]] = field(default_factory=list)

    @property
    def kills(self) -> int:
        return self.counted["killed"]

    def begin(self) -> None:
        """From the saved state: trade goes on, and is told of."""
        self.scene.begin_anew()
        firm = self.scene.firm
        books: Any = firm.doubles["quickbooks"].stand_in
        stripe: Any = firm.doubles["stripe"].stand_in
        senders = (books_hooks.HookSender(books, VERIFIER), stripe_hooks.HookSender(stripe))
        trade(books, stripe)
        senders[0].delivering = books_hooks.Delivering(doubled=True)
        senders[1].delivering = stripe_hooks.Delivering(doubled=True)
        self._parcels = [("quickbooks", one) for one in senders[0].deliveries()]
        self._parcels += [("stripe", parcel.delivery) for parcel in senders[1].parcels()]
        self.chance.shuffle(self._parcels)
        self.counted["events told twice and shuffled"] += len(self._parcels)

    def tell(self, base: str) -> None:
        """Some of what is to be told, again and again."""
        told = self._parcels[: self.chance.randint(1, len(self._parcels))]
        for system, parcel in told:
            self.counted["received"] += deliver(f"{base}/hooks/{system}", parcel) == RECEIVED

    def disturbed(self) -> None:
        """Two processes at a time, each killed somewhere, while the server is told of things and is killed too."""
        with ExitStack() as stack:
            till = stack.enter_context(open_till(self.scene.firm))
            self.tell(till.base)
            for _ in range(self.chance.randint(*ROUNDS)):
                self._two()
            if self.chance.random() < 0.5:
                till.process.send_signal(signal.SIGKILL)
                self.counted["killed"] += 1
                self.counted["the server killed"] += 1
            else:
                self.tell(till.base)

    def _two(self) -> None:
        """Two processes at once."""
        with ExitStack() as stack:
            works = [self._process() for _ in range(2)]
            for process in works:
                stack.callback(process.close)
            if self.chance.random() < 0.4:
                time.sleep(self.chance.uniform(0.02, 0.3))
                works[0].send_signal(signal.SIGKILL)
            codes = [process.wait(COMMAND_SECONDS) for process in works]
        self.counted["two at once"] += 1
        self.counted["killed"] += codes.count(KILLED)

    def _process(self) -> warm.Fork:
        command = self.chance.choice((WORK, WORK, WORK, SYNC, ANEW))
        self.counted[" ".join(command)] += 1
        point = self.chance.choice([each for each in POINTS if command == WORK or each.startswith("sync.")])
        given = {**os.environ, **self.scene.firm.environment, "RECEIVABLES_HOME": str(self.scene.firm.home)}
        given |= {"RECEIVABLES_ACTOR": "dana", "RECEIVABLES_CRASH_AT": f"{point}:{self.chance.randint(1, 3)}"}
        return warm.begin(command, given)

    def end(self) -> dict[str, object]:
        """Undisturbed, everything read anew, until a plan has no line; what stands in both systems then."""
        self.scene.until_quiet()
        with self.scene.firm.desk() as desk:
            sync_all(desk, nothing, again=True)
            while (made := make_plan(desk)).lines:
                apply_plan(desk, made, nothing, nothing)
            assert unfinished(desk) == ()
            assert desk.store.verify(desk.id) == (), self.counted
        return self.scene.left()


def trade(books: Any, stripe: Any) -> None:
    """What happens in every story before anybody works on: the same in all."""
    office, ledger = books.office(), stripe.ledger(f"acct_{NAME}")
    invoice = office.find("Invoice", "K-2")
    office.edit("Invoice", invoice, PrivateNote="Looked at.")
    sale = moves.Sale(
        charge_id="ch_later", intent_id="pi_later", amount=8_050, currency="usd", method="card", created=ledger.now(),
        customer=f"cus_{NAME}_acme", metadata={"invoice_number": "K-2"},
    )  # fmt: skip
    moves.complete_sale(ledger, moves.begin_sale(ledger, sale), at=ledger.now(), fee=264)
    refunds.asked(ledger, ledger.get("charge", f"ch_{NAME}_3"), 1_000)


@contextmanager
def opened(folder: Path, seed: str) -> Iterator[Story]:
    """The firm, saved where every story begins: planned, and connected to both vendors' webhooks."""
    with open_firm(folder, BOOKS.format(name=NAME, realm=REALM)) as firm:
        firm.connect_quickly()
        stripe: Any = firm.doubles["stripe"].stand_in
        hook = stripe.endpoints(f"acct_{NAME}").create({"url": "http://127.0.0.1:1/hooks", "enabled_events": ["*"]})
        with firm.desk() as desk:
            for system, secret in (("quickbooks", "webhook_verifier"), ("stripe", "webhook_secret")):
                value = VERIFIER if system == "quickbooks" else hook["secret"]
                desk.store.put_secrets(desk.id, ConnectionId(system), {secret: value}, desk.actor)
        scene = Scene(firm=firm, folder=folder / "saved", command=WORK, rows=3)
        PREPARED["whole"](firm)
        scene.save()
        yield Story(scene, random.Random(seed))  # noqa: S311 - a seed, so that a failure can be looked into
