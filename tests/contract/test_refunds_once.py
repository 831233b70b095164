"""Money given back once: refunds as rows of the outbox, carried out by the real posting against both doubles."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from adapters.paypal.standin import PayPalStandIn
from adapters.stripe.standin import StripeStandIn, disputes, refunds
from connector.model.intent import GiveBack, IntentKind, WriteKey
from connector.model.money_in import PaymentState, Refund, RefundState
from connector.model.source import ConnectionId, Kind, OpId, Ref
from connector.ports import Adapter
from connector.post import BOUNDARIES, Posted, Tools, post
from connector.store import OutboxRow, OutboxState, Store
from connector.testing.standin import Server, parse_faults
from tests import paypal_rig, stripe_rig
from tests.clocks import FakeClock
from tests.paypal_rig import refund_of, usd
from tests.stripe_desk import open_desk as open_stripe
from tests.unit.store_ground import ACME, ready

OP = OpId("QRSTUVWXYZABCDEFGHIJ")
WORLD = """
company  Harbor Supply  home USD  zone America/New_York  country US  stripe acct_harbor
customer  Acme  email ap@acme.example  in quickbooks and stripe as cus_acme
2026-03-10  payment  ch_1  Acme  120.00 USD  fee 3.78 USD
2026-03-10  payment  py_2  Acme  120.00 USD  by us_bank_account  status pending
2026-03-10  payment  py_3  Acme  120.00 USD  by us_bank_account
"""
SYSTEMS = ("stripe", "paypal")


class Killed(BaseException):
    """The process is gone."""


@dataclass
class Counter:
    """One processor that took a payment of 120.00 USD, and what people there do."""

    connection: ConnectionId
    payment: str
    place: str
    server: Server
    clock: FakeClock
    adapter: Callable[[], Adapter]
    given: Callable[[], list[int]]
    by_hand: Callable[[int], object]
    disputed: Callable[[], object]
    tries: int

    def refund(self, amount: str = "120.00", given_before: str = "0.00") -> GiveBack:
        return refund_of(Ref(self.connection, Kind.PAYMENT, self.payment), amount, given_before)


@contextmanager
def stripe_counter() -> Iterator[Counter]:
    with open_stripe(WORLD) as desk:
        ledger = desk.stand_in.ledger("acct_harbor")
        charge = ledger.get("charge", "ch_1")
        yield Counter(
            connection=stripe_rig.CONNECTION,
            payment="ch_1",
            place="/v1/refunds",
            server=desk.server,
            clock=desk.clock,
            adapter=lambda: stripe_rig.connected(desk.server.url, desk.clock),
            given=lambda: [each["amount"] for each in ledger.newest("refund") if each["status"] != "failed"],
            by_hand=lambda minor: refunds.asked(ledger, charge, minor),
            disputed=lambda: disputes.opened(ledger, charge),
            tries=1,
        )


@contextmanager
def paypal_counter() -> Iterator[Counter]:
    with paypal_rig.open_desk() as desk:
        adapter = desk.adapter()
        taken = adapter.capture_page(desk.approved(adapter), paypal_rig.key())
        payment = taken.ref.vendor_id
        yield Counter(
            connection=paypal_rig.CONNECTION,
            payment=payment,
            place="/v2/payments/captures/*/refund",
            server=desk.server,
            clock=desk.clock,
            adapter=desk.adapter,
            given=lambda: [each.amount for each in desk.books.refunds.values()],
            by_hand=lambda minor: desk.people.refund(payment, f"{minor // 100}.{minor % 100:02}"),
            disputed=lambda: desk.people.complain(payment),
            tries=5,
        )


OPENED = {"stripe": stripe_counter, "paypal": paypal_counter}


@dataclass
class Till:
    """A counter, and the row that gives back money it took."""

    counter: Counter
    store: Store

    def add(self, intent: GiveBack, op_id: OpId = OP) -> None:
        row = OutboxRow(
            op_id=op_id,
            company_id=ACME,
            connection_id=intent.connection,
            kind=IntentKind.REFUND,
            subject=f"refund:{intent.about}/{op_id}",
            intent=intent,
        )
        self.store.outbox_add([row])

    def run(self, crash_at: str = "", settle: Mapping[IntentKind, int] | None = None) -> Posted:
        def boundary(name: str) -> None:
            if name == crash_at:
                raise Killed

        tools = Tools(
            store=self.store,
            clock=self.counter.clock,
            adapters={self.counter.connection: self.counter.adapter()},
            boundary=boundary,
            settle={IntentKind.REFUND: 0} if settle is None else settle,
            progress=lambda _: None,
        )
        with self.store.holding(ACME, "books", "test", 60) as lease:
            return post(tools, ACME, lease)

    def lose(self, fault: str) -> None:
        """The answer of the first try is lost, however often the adapter itself repeats it."""
        lines = [f"POST  {self.counter.place}  {nth}  {fault}" for nth in range(1, self.counter.tries + 1)]
        self.counter.server.add_faults(*parse_faults("\n".join(lines)))

    def row(self, op_id: OpId = OP) -> OutboxRow:
        return self.store.outbox_row(ACME, op_id)


@pytest.fixture(params=SYSTEMS)
def till(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Till]:
    with ExitStack() as opened:
        counter = opened.enter_context(OPENED[request.param]())
        store = opened.enter_context(ready(str(tmp_path / "store.db"), counter.clock))
        yield Till(counter, store)


def test_money_is_given_back_once_with_our_mark_and_read_back(till: Till) -> None:
    till.add(till.counter.refund("50.00"))
    till.run()
    till.run()
    row = till.row()
    assert (row.state, till.counter.given()) == (OutboxState.DONE, [5_000])
    assert row.answer is not None
    assert (row.answer.amount, row.answer.ref.kind, row.answer.notice) == (usd("50.00"), Kind.REFUND, "")


@pytest.mark.gate
@pytest.mark.parametrize("boundary", sorted(BOUNDARIES))
def test_killed_anywhere_and_run_again_the_money_goes_back_once(till: Till, boundary: str) -> None:
    till.add(till.counter.refund())
    with suppress(Killed):
        till.run(crash_at=boundary)
    till.run()
    assert (till.row().state, till.counter.given()) == (OutboxState.DONE, [12_000])


@pytest.mark.gate
@pytest.mark.parametrize("fault", ["drop-after", "drop-before"])
@pytest.mark.parametrize("boundary", ["", "post.unsure", "post.looked-up"])
def test_a_lost_answer_is_looked_up_and_the_money_goes_back_once(till: Till, fault: str, boundary: str) -> None:
    till.add(till.counter.refund())
    till.lose(fault)
    for _ in range(2):
        with suppress(Killed):
            till.run(crash_at=boundary)
        assert till.row().state is not OutboxState.DEAD
    till.run()
    assert (till.row().state, till.counter.given()) == (OutboxState.DONE, [12_000])


def test_nothing_is_repeated_before_the_time_in_which_it_may_still_turn_up_is_over(till: Till) -> None:
    till.add(till.counter.refund())
    till.lose("drop-before")
    settle = {IntentKind.REFUND: 6 * 3600}
    till.run(settle=settle)
    till.counter.clock.pass_seconds(3600)
    till.run(settle=settle)
    assert (till.row().state, till.counter.given()) == (OutboxState.UNSURE, [])
    till.counter.clock.pass_seconds(6 * 3600)
    till.run(settle=settle)
    assert (till.row().state, till.counter.given()) == (OutboxState.DONE, [12_000])


def test_what_somebody_gave_back_meanwhile_is_not_given_back_once_more(till: Till) -> None:
    till.add(till.counter.refund("50.00"))
    till.counter.by_hand(5_000)
    till.run()
    assert (till.row().state, till.counter.given()) == (OutboxState.DEAD, [5_000])
    assert "went back" in till.row().fault


def test_more_than_is_left_is_not_given_back(till: Till) -> None:
    till.counter.by_hand(10_000)
    till.add(till.counter.refund("50.00", given_before="100.00"))
    till.run()
    assert (till.row().state, till.counter.given()) == (OutboxState.DEAD, [10_000])
    assert "20.00 USD is left" in till.row().fault


def test_several_parts_go_back_each_once_and_together_no_more_than_came(till: Till) -> None:
    second, third = OpId("S" * 20), OpId("U" * 20)
    till.add(till.counter.refund("50.00"))
    till.run()
    till.add(till.counter.refund("70.00", given_before="50.00"), second)
    till.run()
    till.add(till.counter.refund("1.00", given_before="120.00"), third)
    till.run()
    states = [till.row(each).state for each in (OP, second, third)]
    assert states == [OutboxState.DONE, OutboxState.DONE, OutboxState.DEAD]
    assert sorted(till.counter.given()) == [5_000, 7_000]


def test_disputed_money_is_not_given_back_beside_the_dispute(till: Till) -> None:
    till.add(till.counter.refund())
    till.counter.disputed()
    till.run()
    assert (till.row().state, till.counter.given()) == (OutboxState.DEAD, [])
    assert "disputed" in till.row().fault or "disputes" in till.row().fault


def test_of_a_debit_that_is_on_its_way_nothing_is_given_back_and_of_one_that_came_it_takes_days(tmp_path: Path) -> None:
    with stripe_counter() as counter, ready(str(tmp_path / "store.db"), counter.clock) as store:
        till, came = Till(counter, store), OpId("S" * 20)
        counter.payment = "py_2"
        till.add(counter.refund())
        counter.payment = "py_3"
        till.add(counter.refund(), came)
        till.run()
        assert (till.row().state, till.row(came).state) == (OutboxState.DEAD, OutboxState.DONE)
        assert "pending" in till.row().fault
        answer = till.row(came).answer
        assert answer is not None
        assert "on its way" in answer.notice


def test_a_refund_that_came_to_nothing_is_no_refund(tmp_path: Path) -> None:
    with paypal_counter() as counter, ready(str(tmp_path / "store.db"), counter.clock) as store:
        till = Till(counter, store)
        till.add(counter.refund())
        stand_in = counter.server.stand_in
        assert isinstance(stand_in, PayPalStandIn)
        stand_in.people[paypal_rig.ACCOUNT].conduct(refunds_are="FAILED")
        till.run()
        assert till.row().state is OutboxState.DEAD
        assert "came to nothing" in till.row().fault


def test_a_key_that_may_not_give_back_holds_up_nothing_else(tmp_path: Path) -> None:
    with stripe_counter() as counter, ready(str(tmp_path / "store.db"), counter.clock) as store:
        till = Till(counter, store)
        till.add(counter.refund())
        stand_in = counter.server.stand_in
        assert isinstance(stand_in, StripeStandIn)
        stand_in.issue("acct_harbor", lacking=["rak_charge_write"])
        till.run()
        assert (till.row().state, counter.given()) == (OutboxState.DEAD, [])
        assert "rak_charge_write (Charges and Refunds: Write)" in till.row().fault


REFUSALS = {
    "PERMISSION_DENIED": "may not give money back",
    "REFUND_TIME_LIMIT_EXCEEDED": "180 days",
    "REFUND_FAILED_INSUFFICIENT_FUNDS": "does not hold enough",
    "REFUND_NOT_ALLOWED": "does not let",
    "REFUND_IS_RESTRICTED": "REFUND_IS_RESTRICTED",
}


@pytest.mark.parametrize(("issue", "said"), REFUSALS.items())
def test_a_definite_no_is_an_end_and_says_why(tmp_path: Path, issue: str, said: str) -> None:
    with paypal_counter() as counter, ready(str(tmp_path / "store.db"), counter.clock) as store:
        till = Till(counter, store)
        till.add(counter.refund())
        stand_in = counter.server.stand_in
        assert isinstance(stand_in, PayPalStandIn)
        stand_in.people[paypal_rig.ACCOUNT].conduct(refund_refusals=[issue, issue])
        till.run()
        assert (till.row().state, counter.given()) == (OutboxState.DEAD, [])
        assert said in till.row().fault


def test_it_is_read_back_like_every_refund_and_the_account_ties() -> None:
    with paypal_rig.open_desk() as desk:
        adapter = desk.adapter()
        taken = adapter.capture_page(desk.approved(adapter), paypal_rig.key()).ref
        intent = refund_of(taken, "120.00")
        given = adapter.give_back(intent, WriteKey(op_id=OP))
        desk.pass_hours(1)
        desk.read()
        assert paypal_rig.payment(desk, taken.vendor_id).state is PaymentState.REFUNDED
        back = desk.mirror.of(Kind.REFUND)[given.ref.vendor_id]
        assert isinstance(back, Refund)
        assert (back.amount, back.state, back.payment) == (usd("120.00"), RefundState.DONE, taken)
        assert paypal_rig.ties(desk)


def test_where_the_order_is_gone_it_is_found_in_the_reports() -> None:
    with paypal_rig.open_desk() as desk:
        adapter = desk.adapter()
        taken = adapter.capture_page(desk.approved(adapter), paypal_rig.key()).ref
        intent = refund_of(taken, "50.00")
        assert adapter.find_given_back(intent, WriteKey(op_id=OP)) == ()
        given = adapter.give_back(intent, WriteKey(op_id=OP))
        desk.books.orders.clear()
        (found,) = adapter.find_given_back(intent, WriteKey(op_id=OP))
        assert (found.ref, found.amount) == (given.ref, usd("50.00"))
        assert adapter.find_given_back(intent, WriteKey(op_id=OpId("S" * 20))) == ()
