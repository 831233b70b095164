"""A process of its own that leaves notes on one Stripe customer from several threads at once.

`python -m tests.contract.stripe_writer STORE URL CUSTOMER NOTES`
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from adapters.stripe.client import connect
from connector.app.turns import StoreTurns
from connector.clock import Clock, SystemClock
from connector.model.intent import WriteKey
from connector.model.source import Kind, OpId
from connector.ports import Turns
from connector.store import Store
from tests.keys import given
from tests.stripe_rig import CONNECTION, NOTE, ref, surrounded
from tests.surroundings import Held, OpenBudget
from tests.unit.store_ground import ACME

THREADS = 4


def leave_notes(turns: Turns, url: str, customer: str, keys: list[OpId], clock: Clock | None = None) -> None:
    """As many connections as there are threads, each with its own; an error ends it."""

    def leave(key: OpId) -> None:
        around = surrounded(url, clock or SystemClock(), budget=OpenBudget(), mirror=Held())
        adapter = connect(replace(around, turns=turns))
        note = replace(NOTE, target=ref(Kind.CUSTOMER, customer), reference=f"contact-{key}")
        adapter.push_note(note, WriteKey(op_id=key))

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(leave, keys))


def main(address: str, url: str, customer: str, name: str, notes: str) -> None:
    """Leave that many notes, their keys beginning with the process's name."""
    clock = SystemClock()
    with Store.open(address, clock) as store:
        store.unlock(given())
        turns = StoreTurns(store, clock, ACME, CONNECTION, "Stripe")
        leave_notes(turns, url, customer, [OpId(f"{name}{number:0>16}") for number in range(int(notes))])


if __name__ == "__main__":
    main(*sys.argv[1:])
