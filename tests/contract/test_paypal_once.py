"""Taking a payer's money once: captures as rows of the outbox, carried out by the real posting against the double."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from connector.errors import Rejected
from connector.model.firm import Actor, Company
from connector.model.intent import IntentKind
from connector.model.money_in import Taking
from connector.model.source import ActorId, CompanyId, OpId
from connector.money import currency
from connector.post import BOUNDARIES, Posted, Tools, look_up, post
from connector.store import OutboxRow, OutboxState, Store
from tests.paypal_rig import CONNECTION, Desk, open_desk, usd

COMPANY = CompanyId("harbor")
OP = OpId("T" * 20)
CAPTURE = "/v2/checkout/orders/*/capture"


class Killed(BaseException):
    """The process is gone."""


@dataclass
class Till:
    """An approved order of 120.00 USD, and the row that takes its money."""

    desk: Desk
    store: Store

    def run(self, *, only: frozenset[OpId] | None = frozenset({OP}), crash_at: str = "") -> Posted:
        with self.store.holding(COMPANY, "till", "test", 60) as lease:
            return post(self._tools(crash_at), COMPANY, lease, only)

    def look(self) -> OutboxRow:
        with self.store.holding(COMPANY, "till", "test", 60) as lease:
            return look_up(self._tools(""), COMPANY, lease, OP)

    def _tools(self, crash_at: str) -> Tools:
        def boundary(name: str) -> None:
            if name == crash_at:
                raise Killed

        return Tools(
            store=self.store,
            clock=self.desk.clock,
            adapters={CONNECTION: self.desk.adapter()},
            boundary=boundary,
            settle={},
            progress=lambda _row: None,
        )

    @property
    def row(self) -> OutboxRow:
        return self.store.outbox_row(COMPANY, OP)

    @property
    def taking(self) -> Taking | None:
        return self.row.answer.taking if self.row.answer is not None else None

    @property
    def money(self) -> list[int]:
        """What came in at PayPal."""
        return [row.amount for row in self.desk.books.rows]


@pytest.fixture
def till(tmp_path: Path) -> Iterator[Till]:
    with open_desk() as desk, Store.open(tmp_path / "r.db", desk.clock) as store:
        usd_code = currency("USD")
        company = Company(company_id=COMPANY, name="Harbor", home_currency=usd_code, zone="America/New_York")
        store.add_company(company, Actor(company_id=COMPANY, actor_id=ActorId("dana"), name="Dana"))
        intent = desk.approved(desk.adapter())
        row = OutboxRow(
            op_id=OP,
            company_id=COMPANY,
            connection_id=CONNECTION,
            kind=IntentKind.CAPTURE,
            subject=f"capture:{intent.attempt}",
            intent=intent,
        )
        store.outbox_add([row])
        yield Till(desk, store)


def test_money_is_taken_only_where_it_is_asked_for_by_name(till: Till) -> None:
    till.run(only=None)
    till.run(only=frozenset({OpId("O" * 20)}))
    assert till.desk.ordering.captured == []
    assert till.row.state is OutboxState.READY
    till.run()
    assert (till.row.state, till.taking, till.money) == (OutboxState.DONE, Taking.TAKEN, [12_000])


@pytest.mark.parametrize("boundary", sorted(BOUNDARIES))
def test_killed_anywhere_and_run_again_the_money_is_taken_once(till: Till, boundary: str) -> None:
    with suppress(Killed):
        till.run(crash_at=boundary)
    till.run()
    assert (till.row.state, till.taking, till.money) == (OutboxState.DONE, Taking.TAKEN, [12_000])


@pytest.mark.parametrize("boundary", ["post.unsure", "post.looked-up", "post.read-back"])
def test_killed_while_an_outcome_is_unknown_the_money_is_taken_once(till: Till, boundary: str) -> None:
    till.desk.faults(f"POST  {CAPTURE}  0  drop-after")
    with suppress(Killed):
        till.run(crash_at=boundary)
    assert till.row.state is not OutboxState.DONE
    till.run()
    assert (till.row.state, till.taking, till.money) == (OutboxState.DONE, Taking.TAKEN, [12_000])
    assert {used for place, used in till.desk.ordering.keys if place != "create"} == {OP}


def test_asking_what_became_of_it_takes_nothing(till: Till) -> None:
    till.desk.faults(f"POST  {CAPTURE}  0  drop-before")
    till.run()
    assert till.row.state is OutboxState.UNSURE
    till.look()
    assert (till.row.state, till.money) == (OutboxState.UNSURE, [])


def test_a_definite_no_is_an_end_and_no_fault(till: Till) -> None:
    till.desk.people.conduct(refusals=["TRANSACTION_REFUSED"])
    till.run()
    assert (till.row.state, till.taking, till.money) == (OutboxState.DONE, Taking.DECLINED, [])
    assert till.row.answer is not None
    assert "TRANSACTION_REFUSED" in till.row.answer.notice


def test_money_of_another_amount_is_kept_as_what_it_is(till: Till) -> None:
    till.desk.people.conduct(other_amount=11_900)
    till.run()
    assert till.row.state is OutboxState.DONE
    assert till.row.answer is not None
    assert till.row.answer.amount == usd("119.00")


def test_what_the_adapter_will_not_send_is_told_and_not_repeated(till: Till) -> None:
    till.desk.people.pay("7.00", invoice_id="INV-7-a-abcdefghijklmnopqrst")
    till.desk.faults("PATCH  *  0  status-before  400")
    till.run()
    assert till.row.state is OutboxState.DEAD
    assert till.money == [700]
    assert Rejected.__name__ not in till.row.fault
