"""The write protocol against another side that loses answers, answers late, and lies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

import pytest

from connector.dates import business_date
from connector.errors import (
    BudgetSpent,
    NeedsReconnect,
    OutcomeUnknown,
    RateLimited,
    Refused,
    Rejected,
    Unreachable,
    VendorError,
)
from connector.model.allocation import Allocation
from connector.model.firm import Actor, Company
from connector.model.intent import Intent, IntentKind, Posting, PostPayment, WriteKey, Written
from connector.model.source import ActorId, CompanyId, Kind, OpId, Ref
from connector.money import Money
from connector.ports import Check, Page
from connector.post import SETTLE_SECONDS, Posted, Tools, post
from connector.readback import disagreement
from connector.store import OutboxRow, OutboxState, Store
from tests.builders import BOOKS, PROCESSOR, USD, money, ref
from tests.clocks import FakeClock

COMPANY = CompanyId("harbor")
OP = OpId("A" * 20)
HOUR = 3600


@dataclass
class OtherBooks:
    """Books that keep what they are told, and do to each call what the next word of `script` says.

    `ok` answers; `lost-after` acts and gives no answer; `lost-before` gives no answer and does not act; `late` acts
    later, unseen until `settle`; an error is raised without acting; `cent` acknowledges one unit more.
    """

    script: list[str | VendorError] = field(default_factory=list)
    held: dict[str, tuple[OpId, Written]] = field(default_factory=dict)
    unseen: dict[str, tuple[OpId, Written]] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    looks: int = 0
    ids: Iterator[int] = field(default_factory=lambda: count(1))

    def post(self, intent: Posting, key: WriteKey) -> Written:
        self.keys.append(key.text)
        word = self.script.pop(0) if self.script else "ok"
        if isinstance(word, VendorError):
            raise word
        if word != "lost-before":
            number = str(next(self.ids))
            kept = self.unseen if word == "late" else self.held
            kept[number] = (key.op_id, written(number, intent, extra=word == "cent"))
            if word in ("ok", "cent"):
                return self.held[number][1]
        raise OutcomeUnknown("The books did not answer.")

    def find_posted(self, _intent: Posting, key: WriteKey) -> tuple[Written, ...]:
        self.looks += 1
        return tuple(held for op_id, held in self.held.values() if op_id == key.op_id)

    def read_posted(self, ref: Ref) -> Written:
        return self.held[ref.vendor_id][1]

    def settle(self) -> None:
        self.held.update(self.unseen)
        self.unseen.clear()

    def streams(self) -> tuple[str, ...]:
        return ()

    def pull(self, stream: str, cursor: str | None) -> Page:
        raise NotImplementedError(stream, cursor)

    def check(self) -> tuple[Check, ...]:
        return ()


def written(number: str, intent: Posting, *, extra: bool = False) -> Written:
    assert isinstance(intent, PostPayment)
    amount = intent.total + Money(1, USD) if extra else intent.total
    return Written(ref=ref(Kind.PAYMENT, number), version="0", amount=amount, allocated=intent.allocations)


@dataclass
class Bench:
    store: Store
    books: OtherBooks
    clock: FakeClock
    settle: dict[IntentKind, int] = field(default_factory=dict)
    allowed: int = 100
    """So many writes until a person forbids them."""

    def _permitted(self, _intent: Intent) -> None:
        if not self.allowed:
            raise Refused("The books are connected read-only.")
        self.allowed -= 1

    def run(self) -> Posted:
        tools = Tools(
            store=self.store,
            clock=self.clock,
            adapters={BOOKS: self.books},
            boundary=lambda _name: None,
            settle=self.settle,
            progress=lambda _row: None,
            permitted=self._permitted,
        )
        with self.store.holding(COMPANY, "books", "test", 60) as lease:
            return post(tools, COMPANY, lease)

    @property
    def row(self) -> OutboxRow:
        return self.store.outbox_row(COMPANY, OP)


def payment(op_id: OpId = OP, charge: str = "ch_1") -> OutboxRow:
    about = ref(Kind.PAYMENT, charge, PROCESSOR)
    invoice = ref(Kind.INVOICE, "7")
    intent = PostPayment(
        books=BOOKS,
        customer=ref(Kind.CUSTOMER, "1"),
        on=business_date("2026-03-01"),
        total=money("120.00"),
        allocations=(Allocation(payment=about, target=invoice, amount=money("120.00")),),
        into=ref(Kind.ACCOUNT, "35"),
        about=about,
        memo="card payment",
    )
    return OutboxRow(
        op_id=op_id,
        company_id=COMPANY,
        connection_id=BOOKS,
        kind=IntentKind.PAYMENT,
        subject=f"payment:{about}",
        intent=intent,
    )


@pytest.fixture
def bench(tmp_path: Path, clock: FakeClock) -> Iterator[Bench]:
    with Store.open(tmp_path / "r.db", clock) as store:
        company = Company(company_id=COMPANY, name="Harbor", home_currency=USD, zone="America/New_York")
        store.add_company(company, Actor(company_id=COMPANY, actor_id=ActorId("dana"), name="Dana"))
        store.outbox_add([payment()])
        yield Bench(store, OtherBooks(), clock)


def test_an_answered_write_is_read_back_and_done(bench: Bench) -> None:
    result = bench.run()
    assert [row.op_id for row in result.done] == [OP]
    assert bench.row.state is OutboxState.DONE
    assert bench.row.answer is not None
    assert bench.row.answer.amount == money("120.00")
    assert len(bench.books.held) == 1


def test_a_done_write_is_never_sent_again(bench: Bench) -> None:
    bench.run()
    assert bench.run().done == []
    assert bench.books.keys == [OP]


def test_a_lost_answer_is_looked_up_before_anything_is_repeated(bench: Bench) -> None:
    bench.books.script = ["lost-after"]
    assert [row.state for row in bench.run().waiting] == [OutboxState.UNSURE]
    bench.run()
    assert bench.row.state is OutboxState.DONE
    assert (bench.books.keys, len(bench.books.held)) == ([OP], 1)


def test_what_never_arrived_is_repeated_only_after_its_settle_time(bench: Bench) -> None:
    bench.books.script = ["lost-before"]
    bench.run()
    bench.clock.sleep(SETTLE_SECONDS[IntentKind.PAYMENT] - 1)
    assert bench.run().waiting != []
    assert (bench.books.keys, bench.books.looks) == ([OP], 1)
    bench.clock.sleep(1)
    bench.run()
    assert (bench.row.state, bench.books.keys, len(bench.books.held)) == (OutboxState.DONE, [OP, OP], 1)


def test_a_write_that_turns_up_hours_later_is_found_and_not_doubled(bench: Bench) -> None:
    bench.books.script = ["late"]
    bench.run()
    bench.clock.sleep(4 * HOUR)
    bench.books.settle()
    bench.run()
    assert (bench.row.state, bench.books.keys, len(bench.books.held)) == (OutboxState.DONE, [OP], 1)


def test_after_twenty_hours_the_key_gets_a_suffix_and_the_mark_stays(bench: Bench) -> None:
    bench.books.script = ["lost-before"]
    bench.run()
    bench.clock.sleep(21 * HOUR)
    bench.run()
    assert bench.books.keys == [OP, f"{OP}.2"]
    assert [op_id for op_id, _ in bench.books.held.values()] == [OP]


def test_a_row_left_in_sending_by_a_dead_process_is_unsure(bench: Bench) -> None:
    bench.store.outbox_sending(COMPANY, OP, None)
    bench.books.held["9"] = (OP, written("9", payment().intent))  # type: ignore[arg-type]
    bench.run()
    assert (bench.row.state, bench.books.keys) == (OutboxState.DONE, [])


def test_a_row_left_in_sending_that_never_left_waits_like_any_other_doubt(bench: Bench) -> None:
    bench.store.outbox_sending(COMPANY, OP, None)
    bench.run()
    assert (bench.row.state, bench.books.keys) == (OutboxState.UNSURE, [])


def test_two_objects_with_one_mark_are_left_to_a_person(bench: Bench) -> None:
    bench.books.script = ["lost-after"]
    bench.run()
    bench.books.held["99"] = (OP, written("99", payment().intent))  # type: ignore[arg-type]
    result = bench.run()
    assert "2 objects" in result.dead[0].fault
    assert len(bench.books.held) == 2


def test_one_cent_more_than_asked_is_said_aloud_and_not_called_done(bench: Bench) -> None:
    bench.books.script = ["cent"]
    result = bench.run()
    assert (bench.row.state, len(result.dead)) == (OutboxState.DEAD, 1)
    assert "120.01 USD" in result.dead[0].fault


def test_a_refusal_is_final_and_keeps_its_reason(bench: Bench) -> None:
    bench.books.script = [Rejected("The period is closed.", next_step="Open it.")]
    bench.run()
    bench.run()
    assert (bench.row.state, bench.books.keys) == (OutboxState.DEAD, [OP])
    assert "The period is closed. Open it." in bench.row.fault


def test_told_to_slow_down_is_doubt_because_it_may_have_been_acted_on(bench: Bench) -> None:
    bench.books.script = [RateLimited("Slow down.", retry_after_seconds=60)]
    bench.run()
    assert bench.row.state is OutboxState.UNSURE


@pytest.mark.parametrize("fault", [Unreachable("Away."), NeedsReconnect("The grant is dead."), BudgetSpent("Used up.")])
def test_what_surely_did_not_happen_is_ready_again_and_the_fault_is_told(bench: Bench, fault: VendorError) -> None:
    bench.books.script = [fault]
    with pytest.raises(type(fault)):
        bench.run()
    assert (bench.row.state, bench.row.tries) == (OutboxState.READY, 1)
    bench.run()
    assert (bench.row.state, len(bench.books.held)) == (OutboxState.DONE, 1)


def test_one_bad_row_does_not_hold_up_the_others(bench: Bench) -> None:
    bench.store.outbox_add([payment(OpId("B" * 20), "ch_2")])
    bench.books.script = ["lost-before", "ok"]
    result = bench.run()
    assert ([row.op_id for row in result.done], [row.op_id for row in result.waiting]) == (["B" * 20], [OP])


def test_once_a_person_has_forbidden_writing_nothing_more_is_sent_and_it_goes_on_when_it_is_allowed(
    bench: Bench,
) -> None:
    other = OpId("B" * 20)
    bench.store.outbox_add([payment(other, "ch_2")])
    bench.allowed = 1
    assert bench.run().forbidden is not None
    states = {row.op_id: row.state for row in bench.store.outbox(COMPANY)}
    assert (len(bench.books.keys), states) == (1, {OP: OutboxState.DONE, other: OutboxState.READY})
    bench.allowed = 1
    assert bench.run().forbidden is None
    assert len(bench.books.keys) == len(bench.books.held) == len(states)


def test_settling_other_invoices_than_asked_is_a_disagreement() -> None:
    intent = payment().intent
    assert isinstance(intent, PostPayment)
    held = written("1", intent)
    other = Allocation(payment=intent.about, target=ref(Kind.INVOICE, "8"), amount=money("120.00"))
    assert disagreement(intent, held) is None
    assert disagreement(intent, replace(held, allocated=(other,))) is not None
    assert disagreement(intent, replace(held, allocated=())) is not None
