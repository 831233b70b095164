"""The write protocol with the real adapter: lost answers, throttles and kills at each step leave exactly one object."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from connector.errors import ReceivablesError
from connector.model.intent import Posting, WriteKey
from connector.post import BOUNDARIES
from connector.store import OutboxState
from connector.testing.standin import Call
from tests.contract.quickbooks_ledger import SETTLED_SECONDS, Desk, Killed, Ledger, asks_for, desk, key, ledger
from tests.contract.quickbooks_room import REALM
from tests.intuit_rig import served as figures
from tests.intuit_rig import untied_rows

BANKED, UNDONE = key("Y"), key("Z")
KINDS = ("payment", "credit", "expense", "transfer", "deposit", "journal", "void")

DOUBTFUL = ("post.faulted", "post.unsure", "post.looked-up")
"""Points that are passed only when an answer is lost."""


@pytest.fixture
def room() -> Iterator[Ledger]:
    with ledger() as opened:
        yield opened


@pytest.fixture
def firm(room: Ledger, tmp_path: Path) -> Iterator[Desk]:
    with desk(room, tmp_path) as opened:
        yield opened


def wanted(room: Ledger) -> dict[WriteKey, Posting]:
    """One entry of each kind; two payments are there already, one to be banked and one to be taken back."""
    connection = room.connect()
    banked = connection.post(room.payment("5.00"), BANKED)
    undone = connection.post(room.payment("6.00"), UNDONE)
    made: dict[str, Posting] = {
        "payment": room.payment("50.00"),
        "credit": room.credit("20.00"),
        "expense": room.expense(),
        "transfer": room.transfer(),
        "deposit": room.deposit(((banked.ref, "5.00"),), "1.00", "4.00"),
        "journal": room.journal(),
        "void": room.undo(undone, UNDONE),
    }
    return {key(letter): made[kind] for letter, kind in zip("ABCDEFG", KINDS, strict=True)}


def settled(room: Ledger, firm: Desk, entries: dict[WriteKey, Posting]) -> None:
    """Every entry is there once, is known as done, and the books tie."""
    for op, kind in zip(entries, KINDS, strict=True):
        row = firm.row(op)
        assert (kind, row.state) == (kind, OutboxState.DONE), row.fault
        assert row.answer is not None
        assert [kind for _ in room.marked(op.op_id)] == ([] if kind == "void" else [kind])
    assert (room.balance("INV-1"), room.balance("INV-2")) == (Decimal(100), Decimal(25))
    [undone] = room.marked(UNDONE.op_id)
    assert str(undone["PrivateNote"]).startswith("Voided")
    assert room.figure("Account", "CurrentBalance", Name="Undeposited Funds") == 50
    assert untied_rows(figures(room.server.stand_in, REALM)) == []


@pytest.mark.req("Q22")
@pytest.mark.parametrize("boundary", [name for name in BOUNDARIES if name not in DOUBTFUL])
def test_killed_at_each_step_of_each_kind_of_write_there_is_exactly_one_object(
    room: Ledger, firm: Desk, boundary: str
) -> None:
    entries = wanted(room)
    for op, intent in entries.items():
        firm.add(op, intent)
        with pytest.raises(Killed):
            firm.run(crash_at=boundary)
        firm.carry_out()
    settled(room, firm, entries)


@pytest.mark.req("Q22")
@pytest.mark.parametrize("boundary", DOUBTFUL)
@pytest.mark.parametrize("fault", ["drop-after", "drop-before"])
def test_killed_while_a_lost_write_is_looked_up_there_is_exactly_one_object(
    room: Ledger, firm: Desk, boundary: str, fault: str
) -> None:
    entries = wanted(room)
    for op, intent in entries.items():
        room.fault("POST", "*/v3/*", fault)
        firm.add(op, intent)
        if boundary == "post.looked-up":
            firm.run()
        with pytest.raises(Killed):
            firm.run(crash_at=boundary)
        firm.carry_out()
    settled(room, firm, entries)


@pytest.mark.req("Q22")
@pytest.mark.parametrize(
    ("fault", "argument"),
    [
        pytest.param("drop-after", "", id="committed, then a time-out"),
        pytest.param("status-after", "429", id="committed, then a throttle"),
        pytest.param("status-after", "503", id="committed, then out of order"),
        pytest.param("truncate", "", id="committed, then half an answer"),
        pytest.param("drop-before", "", id="never arrived"),
        pytest.param("status-before", "429", id="throttled"),
        pytest.param("status-before", "504", id="out of order"),
    ],
)
def test_a_write_that_is_not_answered_is_looked_for_and_made_exactly_once(
    room: Ledger, firm: Desk, fault: str, argument: str
) -> None:
    entries = wanted(room)
    for op, intent in entries.items():
        room.fault("POST", "*/v3/*", fault, argument)
        firm.add(op, intent)
        firm.run()
        assert firm.row(op).state is OutboxState.UNSURE
        firm.carry_out()
    settled(room, firm, entries)


def test_a_second_try_carries_the_same_request_id_and_the_same_mark(room: Ledger, firm: Desk) -> None:
    op, sent = key("A"), sent_to(room, "transfer")
    room.fault("POST", "*/transfer", "status-after", "503")
    firm.add(op, room.transfer())
    firm.run()
    late(room)  # the first is there, and the look-up does not show it: the second is answered as the first
    firm.carry_out()
    assert [request_id for request_id, _ in sent] == [op.op_id, op.op_id]
    assert sent[0] == sent[1]
    assert len(room.marked(op.op_id)) == 1
    assert firm.row(op).state is OutboxState.DONE


@pytest.mark.parametrize("kind", ["payment of most of it", "payment of some of it", "credit", "deposit"])
def test_what_landed_unseen_is_known_by_what_it_settles_or_banks_and_is_not_sent_again(
    room: Ledger, firm: Desk, kind: str
) -> None:
    op = key("A")
    intent: Posting
    match kind:
        case "payment of most of it":
            intent = room.payment("50.00")
        case "payment of some of it":
            intent = room.payment("30.00")
        case "credit":
            intent = room.credit("20.00")
        case _:
            banked = room.connect().post(room.payment("5.00"), BANKED)
            intent = room.deposit(((banked.ref, "5.00"),), "1.00", "4.00")
    room.clock.pass_seconds(3 * SETTLED_SECONDS)
    entity = "deposit" if kind == "deposit" else "payment"
    sent = sent_to(room, entity)
    room.fault("POST", f"*/{entity}", "status-after", "503")
    firm.add(op, intent)
    firm.run()
    late(room)
    firm.carry_out()
    assert len(sent) == 1
    assert len(room.marked(op.op_id)) == 1
    row = firm.row(op)
    assert row.state is OutboxState.DONE, row.fault
    assert row.answer is not None
    assert row.answer.notice == ""


def sent_to(room: Ledger, entity: str) -> list[tuple[str, bytes]]:
    """The request id and body of every write of that entity from now on."""
    sent: list[tuple[str, bytes]] = []

    def look(call: Call) -> bool:
        if call.method == "POST" and call.path.endswith(f"/{entity}"):
            sent.append((call.first("requestid"), call.body))
        return False

    room.between.once(look, lambda: None)
    return sent


def late(room: Ledger) -> None:
    """Searches show what was made only after the settle time."""
    room.intuit.conduct = replace(room.intuit.conduct, search_lag_seconds=2 * SETTLED_SECONDS)


@pytest.mark.parametrize("fault", ["429", "500"])
def test_a_throttle_while_the_ground_is_looked_at_leaves_the_entry_ready_and_sends_nothing(
    room: Ledger, firm: Desk, fault: str
) -> None:
    op = key("A")
    firm.add(op, room.payment("50.00"))
    room.fault("GET", "*/query", "status-before", fault, nth=0)
    with suppress(ReceivablesError):
        firm.run()
    assert firm.row(op).state is OutboxState.READY
    assert room.posts("Payment") == 0


def test_a_payment_that_settles_less_than_planned_is_done_and_its_answer_says_so(room: Ledger, firm: Desk) -> None:
    op, intent = key("A"), room.payment("80.00")
    customer, invoice = intent.customer.vendor_id, intent.allocations[0].target.vendor_id
    room.between.once(asks_for("Invoice"), lambda: room.office.pay(customer, "50.00", {invoice: "50.00"}))
    firm.add(op, intent)
    firm.run()
    row = firm.row(op)
    assert row.state is OutboxState.DONE
    assert row.answer is not None
    assert "30.00 USD was open" in row.answer.notice


def test_an_entry_that_a_person_has_to_decide_on_is_dead_and_says_why(room: Ledger, firm: Desk) -> None:
    op, intent = key("A"), room.payment("80.00")
    room.server.behind(lambda: room.office.delete("Invoice", intent.allocations[0].target.vendor_id))
    firm.add(op, intent)
    firm.run()
    row = firm.row(op)
    assert row.state is OutboxState.DEAD
    assert "does not exist any more" in str(row.fault)
