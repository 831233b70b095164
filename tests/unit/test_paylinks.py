"""What a link offers, and how a try to pay may move."""

from __future__ import annotations

import pytest

from connector.dates import instant_from_iso
from connector.errors import Refused
from connector.model.invoice import Invoice, InvoiceState
from connector.model.money_in import AttemptState
from connector.model.paylink import AttemptId, LinkAttempt, LinkId, LinkState, PaymentLink
from connector.model.source import ConnectionId, Kind, OpId
from connector.money import currency
from connector.paylinks import (
    ATTEMPT_MOVES,
    Offer,
    attempt_may_become,
    link_after,
    methods_for,
    showing,
)
from tests.builders import Mirror, money, ref

NOW = instant_from_iso("2026-06-10T14:00:00Z")
DEBT = ref(Kind.INVOICE, "i-INV-7")


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
        expires_at=NOW,
        page_id="cs_1",
        page_url="https://pay.example/cs_1",
    )


def test_an_open_invoice_is_offered_for_exactly_what_is_open() -> None:
    shown = showing(link(), invoice("70.00"), (), None)
    assert (shown.offer, shown.amount) == (Offer.PAY, money("70.00"))


@pytest.mark.parametrize("state", [InvoiceState.VOID, InvoiceState.DRAFT, InvoiceState.UNKNOWN])
def test_what_is_void_draft_or_unknown_is_never_offered(state: InvoiceState) -> None:
    assert showing(link(), invoice(state=state), (), None).offer is Offer.CLOSED


def test_a_settled_invoice_is_never_offered() -> None:
    assert showing(link(), invoice("0"), (), None).offer is Offer.PAID


@pytest.mark.parametrize("state", [LinkState.REVOKED, LinkState.EXPIRED, LinkState.SUPERSEDED])
def test_a_closed_link_is_never_offered(state: LinkState) -> None:
    assert showing(link(state), invoice(), (), None).offer is Offer.CLOSED


@pytest.mark.parametrize("state", [AttemptState.PROCESSING, AttemptState.UNKNOWN, AttemptState.SUCCEEDED])
def test_a_try_under_way_or_not_yet_booked_forbids_another(state: AttemptState) -> None:
    assert showing(link(), invoice(), (attempt(state),), None).offer is Offer.PROCESSING


def test_pending_money_in_the_mirror_forbids_another() -> None:
    assert showing(link(), invoice(), (), money("120.00")).offer is Offer.PROCESSING


def test_an_open_page_for_the_same_amount_is_used_again() -> None:
    held = attempt(AttemptState.OFFERED)
    assert showing(link(), invoice(), (held,), None).reuse == held


def test_an_open_page_for_another_amount_is_closed_first() -> None:
    held = attempt(AttemptState.OFFERED, "119.00")
    shown = showing(link(), invoice(), (held,), None)
    assert (shown.reuse, shown.stale) == (None, (held,))


def test_of_two_open_pages_only_one_is_kept() -> None:
    first, second = attempt(AttemptState.OFFERED), attempt(AttemptState.OFFERED, name="a-2")
    shown = showing(link(), invoice(), (first, second), None)
    assert (shown.reuse, shown.stale) == (first, (second,))


@pytest.mark.parametrize("state", [AttemptState.FAILED, AttemptState.EXPIRED, AttemptState.CANCELLED])
def test_a_try_that_came_to_nothing_allows_another(state: AttemptState) -> None:
    assert showing(link(), invoice(), (attempt(state),), None).offer is Offer.PAY


def test_every_state_of_an_attempt_has_its_moves_and_late_money_is_accepted() -> None:
    assert set(ATTEMPT_MOVES) == set(AttemptState)
    for late in (AttemptState.EXPIRED, AttemptState.FAILED, AttemptState.CANCELLED):
        assert attempt_may_become(late, AttemptState.SUCCEEDED)
    assert not attempt_may_become(AttemptState.SUCCEEDED, AttemptState.OFFERED)


def test_a_move_the_table_does_not_have_is_refused() -> None:
    assert link_after(LinkState.SETTLED, "reversed") is LinkState.ACTIVE
    with pytest.raises(Refused, match="cannot be"):
        link_after(LinkState.REVOKED, "settled")


def test_methods_follow_the_currency() -> None:
    offered = {"card": frozenset[str](), "us_bank_account": frozenset({"USD"})}
    assert methods_for(currency("USD"), offered) == ("card", "us_bank_account")
    assert methods_for(currency("EUR"), offered) == ("card",)
