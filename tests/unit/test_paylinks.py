"""What a link offers, and how a link, a try to pay and money may move."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.dates import after, instant_from_iso
from connector.errors import Refused
from connector.model.invoice import Invoice, InvoiceState
from connector.model.money_in import AttemptState, RefundState
from connector.model.paylink import (
    AttemptId,
    LinkAttempt,
    LinkId,
    LinkState,
    PaymentLink,
    Receipt,
    ReceiptState,
)
from connector.model.source import ConnectionId, Kind, OpId
from connector.money import Money
from connector.paylinks import (
    ATTEMPT_MOVES,
    LINK_MOVES,
    RECEIPT_MOVES,
    REFUND_MOVES,
    Known,
    Offer,
    Wanted,
    attempt_after,
    attempt_may_become,
    is_due,
    link_after,
    offer_of,
    pause,
    receipt_may_become,
    refund_may_become,
    showing,
)
from tests.builders import Mirror, money, ref

NOW = instant_from_iso("2026-06-10T14:00:00Z")
DEBT = ref(Kind.INVOICE, "i-INV-7")
HOUR, DAY = 3_600, 86_400
A, R = AttemptState, ReceiptState


def link(state: LinkState = LinkState.ACTIVE) -> PaymentLink:
    return PaymentLink(link_id=LinkId("l-1"), debt=DEBT, number="INV-7", state=state, created_at=NOW)


def invoice(still_open: str = "120.00", state: InvoiceState | None = None) -> Invoice:
    mirror = Mirror()
    mirror.invoice("INV-7", "Acme", "120.00", still_open=still_open, state=state)
    return mirror.seen().invoices[DEBT]


def attempt(state: AttemptState, amount: str = "120.00", name: str = "a-1") -> LinkAttempt:
    return LinkAttempt(
        attempt_id=AttemptId(name),
        link_id=LinkId("l-1"),
        debt=DEBT,
        connection=ConnectionId("stripe"),
        op_id=OpId("A" * 20),
        amount=money(amount),
        methods=("card",),
        state=state,
        created_at=NOW,
        expires_at=after(NOW, HOUR),
        page_id="cs_1",
        page_url="https://pay.example/cs_1",
    )


def receipt(state: ReceiptState = R.SUCCEEDED, kept: str = "120.00", *, booked: bool = False) -> Receipt:
    return Receipt(
        payment=ref(Kind.PAYMENT, f"ch_{state}_{kept}", ConnectionId("stripe")),
        attempt_id=AttemptId("a-1"),
        link_id=LinkId("l-1"),
        debt=DEBT,
        amount=money("120.00"),
        kept=money(kept),
        state=state,
        at=NOW,
        booked=booked,
    )


def known(
    debt: Invoice | None = None,
    *attempts: LinkAttempt,
    pending: Money | None = None,
    receipts: tuple[Receipt, ...] = (),
) -> Known:
    return Known(debts=(debt or invoice(),), attempts=attempts, receipts=receipts, pending=pending)


def wanted(amount: str = "120.00", *, method: str | None = None, seconds: int = 0) -> Wanted:
    return Wanted(amount=money(amount), now=after(NOW, seconds), method=method)


def test_an_open_invoice_is_offered_for_exactly_what_is_open() -> None:
    shown = showing(link(), known(invoice("70.00")))
    assert (shown.offer, shown.amount) == (Offer.PAY, money("70.00"))


@pytest.mark.parametrize(
    "state", [InvoiceState.VOID, InvoiceState.DRAFT, InvoiceState.UNKNOWN, InvoiceState.UNCOLLECTIBLE]
)
def test_what_is_void_draft_written_off_or_unknown_is_never_offered(state: InvoiceState) -> None:
    assert offer_of(link(), known(invoice(state=state))) is Offer.CLOSED


def test_a_settled_invoice_is_never_offered() -> None:
    assert offer_of(link(), known(invoice("0"))) is Offer.PAID


@pytest.mark.parametrize("state", [LinkState.REVOKED, LinkState.EXPIRED, LinkState.SUPERSEDED])
def test_a_closed_link_is_never_offered(state: LinkState) -> None:
    assert offer_of(link(state), known()) is Offer.CLOSED


@pytest.mark.parametrize(("state", "offer"), [(A.PROCESSING, Offer.PROCESSING), (A.UNKNOWN, Offer.CHECKING)])
def test_a_try_under_way_or_in_doubt_forbids_another(state: AttemptState, offer: Offer) -> None:
    assert offer_of(link(), known(None, attempt(state))) is offer


def test_while_approved_money_is_being_taken_nothing_else_is_offered() -> None:
    assert offer_of(link(), known(None, attempt(A.APPROVED))) is Offer.PAY
    assert offer_of(link(), known(None, replace(attempt(A.APPROVED), capture=OpId("B" * 20)))) is Offer.CHECKING


def test_money_that_came_and_is_not_booked_forbids_another_and_lets_one_in_that_went_back() -> None:
    assert offer_of(link(), known(receipts=(receipt(),))) is Offer.PROCESSING
    assert offer_of(link(), known(receipts=(receipt(R.DISPUTED),))) is Offer.PROCESSING
    assert offer_of(link(), known(receipts=(receipt(R.REVERSED),))) is Offer.PAY
    assert offer_of(link(), known(receipts=(receipt(booked=True),))) is Offer.PAY


def test_pending_money_in_the_mirror_forbids_another() -> None:
    assert offer_of(link(), known(pending=money("120.00"))) is Offer.PROCESSING


def test_an_open_page_for_the_same_amount_and_method_is_used_again() -> None:
    held = attempt(A.OFFERED)
    assert showing(link(), known(None, held), wanted()).reuse == held
    assert showing(link(), known(None, held), wanted(method="card")).reuse == held


@pytest.mark.parametrize(
    "asked", [wanted("119.00"), wanted(method="us_bank_account"), wanted(seconds=31 * 60)], ids=["sum", "method", "age"]
)
def test_an_open_page_for_another_amount_or_method_or_one_that_ends_soon_is_closed_first(asked: Wanted) -> None:
    held = attempt(A.OFFERED)
    shown = showing(link(), known(None, held), asked)
    assert (shown.reuse, shown.stale) == (None, (held,))


def test_of_two_open_pages_only_one_is_kept() -> None:
    first, second = attempt(A.OFFERED), attempt(A.OFFERED, name="a-2")
    shown = showing(link(), known(None, first, second), wanted())
    assert (shown.reuse, shown.stale) == (first, (second,))


def test_the_page_of_another_link_for_the_same_debt_is_never_used_and_is_closed() -> None:
    held = replace(attempt(A.OFFERED), link_id=LinkId("l-2"))
    assert showing(link(), known(None, held), wanted()).stale == (held,)


@pytest.mark.parametrize("state", [A.FAILED, A.EXPIRED, A.CANCELLED])
def test_a_try_that_came_to_nothing_allows_another(state: AttemptState) -> None:
    assert offer_of(link(), known(None, attempt(state))) is Offer.PAY


@pytest.mark.req("A2")
def test_nothing_moves_money_that_came_and_late_money_is_accepted_from_every_end_and_marked() -> None:
    assert ATTEMPT_MOVES[A.SUCCEEDED] == frozenset()
    for state in A:
        assert attempt_after(attempt(A.SUCCEEDED), state).state is A.SUCCEEDED
    for ended in (A.EXPIRED, A.FAILED, A.CANCELLED):
        came = attempt_after(attempt(ended), A.SUCCEEDED)
        assert (came.state, came.late) == (A.SUCCEEDED, True)
        assert attempt_after(attempt(ended), A.OFFERED) == attempt(ended)
    assert not attempt_after(attempt(A.PROCESSING), A.SUCCEEDED).late


def test_every_state_of_a_link_an_attempt_a_receipt_and_a_refund_has_its_moves() -> None:
    assert set(ATTEMPT_MOVES) == set(A)
    assert set(RECEIPT_MOVES) == set(R)
    assert set(REFUND_MOVES) == set(RefundState)
    assert {state for state, _ in LINK_MOVES} | set(LINK_MOVES.values()) == set(LinkState)
    assert not attempt_may_become(A.SUCCEEDED, A.OFFERED)
    assert not receipt_may_become(R.REVERSED, R.SUCCEEDED)
    assert receipt_may_become(R.DISPUTED, R.WON)
    assert not refund_may_become(RefundState.FAILED, RefundState.DONE)
    assert refund_may_become(RefundState.DONE, RefundState.FAILED)


def test_a_move_the_table_does_not_have_is_refused() -> None:
    assert link_after(LinkState.SETTLED, "reversed") is LinkState.ACTIVE
    with pytest.raises(Refused, match="cannot be"):
        link_after(LinkState.REVOKED, "settled")


@pytest.mark.parametrize(
    ("state", "age", "expected"),
    [
        (A.OFFERED, 0, 5),
        (A.OFFERED, 20 * 60, 60),
        (A.OFFERED, 40 * 60, 300),
        (A.EXPIRED, 24 * HOUR, 300),
        (A.EXPIRED, 25 * HOUR + 1, None),
        (A.CANCELLED, 5 * HOUR, 300),
        (A.UNKNOWN, 5 * HOUR, 300),
        (A.UNKNOWN, 7 * HOUR, DAY),
        (A.PROCESSING, 44 * DAY, DAY),
        (A.PROCESSING, 46 * DAY, None),
        (A.SUCCEEDED, 0, None),
    ],
)
def test_a_try_is_looked_at_often_while_its_page_is_open_then_less_and_for_45_days_where_in_doubt(
    state: AttemptState, age: int, expected: int | None
) -> None:
    assert pause(attempt(state), after(NOW, age)) == expected


def test_the_seconds_between_looks_only_grow_while_the_page_is_open() -> None:
    pauses = [pause(attempt(A.OFFERED), after(NOW, age)) or 0 for age in range(0, HOUR, 30)]
    assert pauses == sorted(pauses)
    assert (pauses[0], max(pauses)) == (5, 300)


def test_a_look_is_due_when_its_pause_is_over_and_at_once_where_nobody_has_looked() -> None:
    held = attempt(A.OFFERED)
    assert is_due(held, None, after(NOW, 1))
    assert not is_due(held, after(NOW, 1), after(NOW, 5))
    assert is_due(held, after(NOW, 1), after(NOW, 6))
    assert not is_due(attempt(A.SUCCEEDED), None, NOW)
