"""The write protocol with the real Stripe adapter: whatever is answered, one object, under the key it must have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.stripe.client import connect
from connector.app.turns import StoreTurns
from connector.dates import after
from connector.model.intent import Intent, OpenPayPage, intent_kind
from connector.model.source import Kind, OpId
from connector.post import Posted, Tools, connection_of, post
from connector.store import OutboxRow, OutboxState, Store
from connector.testing.standin import Answer, Call, Fault
from tests.contract.test_stripe_against_standin import WORLD
from tests.stripe_desk import Desk, open_desk
from tests.stripe_rig import CONNECTION, NOTE, PAGE, ref, surrounded
from tests.surroundings import Held, OpenBudget
from tests.unit.store_ground import ACME, ready

OP = OpId("QRSTUVWXYZABCDEFGHIJ")
SESSIONS = "/v1/checkout/sessions"


class Firm:
    """A store and the write protocol; each run is a process of its own with a connection of its own."""

    def __init__(self, desk: Desk, store: Store) -> None:
        self.desk = desk
        self.store = store
        self.sent: list[Call] = []
        desk.server._inspectors = (*desk.server._inspectors, self._listen)

    def _listen(self, call: Call, answer: Answer) -> list[str]:
        del answer
        if call.method == "POST":
            self.sent.append(call)
        return []

    @property
    def keys(self) -> list[str]:
        """The idempotency keys of the writes that reached Stripe."""
        return [call.headers["idempotency-key"] for call in self.sent]

    def add(self, intent: Intent) -> None:
        self.store.outbox_add(
            [
                OutboxRow(
                    op_id=OP,
                    company_id=ACME,
                    connection_id=connection_of(intent),
                    kind=intent_kind(intent),
                    subject=f"it:{OP}",
                    intent=intent,
                )
            ]
        )

    def run(self) -> Posted:
        clock = self.desk.clock
        around = surrounded(self.desk.server.url, clock, budget=OpenBudget(), mirror=Held())
        turns = StoreTurns(self.store, clock, ACME, CONNECTION, "Stripe")
        tools = Tools(
            store=self.store,
            clock=clock,
            adapters={CONNECTION: connect(replace(around, turns=turns))},
            boundary=lambda _: None,
            settle={},
            progress=lambda _: None,
        )
        with self.store.holding(ACME, "books", "test", 60) as lease:
            return post(tools, ACME, lease)

    def row(self) -> OutboxRow:
        return self.store.outbox_row(ACME, OP)

    def pages(self) -> list[str]:
        """The pay pages in Stripe that carry our mark."""
        rows = self.desk.get("checkout/sessions", limit=100).rows
        return [row["id"] for row in rows if row["metadata"].get("receivables_op") == OP]


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    with open_desk(WORLD) as desk, ready(str(tmp_path / "store.db"), desk.clock) as store:
        yield Firm(desk, store)


def page_of(firm: Firm) -> OpenPayPage:
    return replace(PAGE, expires_at=after(firm.desk.clock.now(), 3600))


def fault(firm: Firm, kind: str, shape: str = "", *, nth: int = 1) -> None:
    firm.desk.server.add_faults(Fault(method="POST", path="*", nth=nth, kind=kind, argument=shape))


@pytest.mark.parametrize("acted", [False, True], ids=["nothing was done", "it was done"])
def test_a_5xx_that_stripe_keeps_leads_to_one_page_and_its_key_is_not_used_again(firm: Firm, acted: bool) -> None:  # noqa: FBT001  a row of the table
    firm.desk.stand_in.break_next_write(acted=acted)
    firm.add(page_of(firm))
    states: list[OutboxState] = []
    while not states or states[-1] is not OutboxState.DONE:
        firm.run()
        states.append(firm.row().state)
        assert len(states) < 5, firm.row().fault
    assert len(firm.pages()) == 1
    assert firm.keys == ([OP] if acted else [OP, OP, f"{OP}.2"])
    answer = firm.row().answer
    assert answer is not None
    assert [answer.ref.vendor_id] == firm.pages()
    assert len({call.body for call in firm.sent}) == 1, "the mark inside never changes"


@pytest.mark.parametrize("kind", ["drop-after", "truncate", "status-after", "drop-before", "status-before"])
def test_a_lost_answer_leads_to_one_page_under_the_same_key(firm: Firm, kind: str) -> None:
    fault(firm, kind, "503" if kind.startswith("status") else "")
    firm.add(page_of(firm))
    firm.run()
    assert firm.row().state is OutboxState.UNSURE
    firm.run()
    assert firm.row().state is OutboxState.DONE
    assert len(firm.pages()) == 1
    assert firm.keys == [OP]


@pytest.mark.req("S2")
@pytest.mark.parametrize(
    "shape", ["rate-limit", "rate-limit-after", "lock-timeout", "lock-timeout-retry", "key-in-use"]
)
def test_a_write_that_is_turned_away_twice_is_done_in_the_same_run_under_the_same_key(firm: Firm, shape: str) -> None:
    fault(firm, "answer-before", shape, nth=1)
    fault(firm, "answer-before", shape, nth=2)
    firm.add(page_of(firm))
    firm.run()
    assert firm.row().state is OutboxState.DONE
    assert firm.keys == [OP]
    assert len(firm.pages()) == 1
    assert firm.desk.clock.slept == [2, 2]


def test_a_write_that_was_done_and_then_turned_away_is_answered_from_its_key(firm: Firm) -> None:
    fault(firm, "answer-after", "lock-timeout")
    firm.add(page_of(firm))
    firm.run()
    assert firm.row().state is OutboxState.DONE
    assert firm.keys == [OP, OP]
    assert len(firm.pages()) == 1


def test_a_write_that_is_always_turned_away_is_looked_up_before_it_is_made_again(firm: Firm) -> None:
    fault(firm, "answer-before", "rate-limit", nth=0)
    firm.add(page_of(firm))
    firm.run()
    assert firm.row().state is OutboxState.UNSURE
    assert firm.pages() == []


def test_a_note_after_a_kept_5xx_stands_once_and_waits_its_time(firm: Firm) -> None:
    firm.desk.stand_in.break_next_write(acted=False)
    firm.add(replace(NOTE, target=ref(Kind.CUSTOMER, "cus_acme")))
    for _ in range(3):
        firm.run()
    assert firm.keys == [OP], "nothing is repeated before it had time to settle"
    for _ in range(3):
        firm.desk.clock.pass_seconds(15 * 60 + 1)
        firm.run()
    assert firm.row().state is OutboxState.DONE
    assert firm.keys == [OP, OP, f"{OP}.2"]
    assert firm.desk.one("customers/cus_acme")["metadata"]["receivables_note"] == NOTE.text
