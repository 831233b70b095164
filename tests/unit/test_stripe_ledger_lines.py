"""adapters.stripe.ledger: what a line is about, what a payout's words mean, what a balance is."""

from __future__ import annotations

from datetime import date

import pytest

from adapters.stripe import ledger, wire
from connector.model.finding import FindingCode
from connector.model.settlement import PayoutState
from connector.model.source import Kind
from connector.money import Currency, Money
from tests.stripe_rig import WHERE, example, ref, text
from tests.stripe_rows import ledger_line, row, usd


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("pending", PayoutState.PENDING),
        ("in_transit", PayoutState.PENDING),
        ("paid", PayoutState.PAID),
        ("failed", PayoutState.FAILED),
        ("canceled", PayoutState.FAILED),
    ],
)
def test_every_status_of_a_payout_is_known(status: str, state: PayoutState) -> None:
    record, found = ledger.payout(row(wire.Payout, "payout", status=status), WHERE, None)
    assert record.state is state
    assert found == ()


def test_a_payout_arrives_on_the_day_that_stripe_wrote_as_midnight_utc() -> None:
    received = row(wire.Payout, "payout", arrival_date=1_775_347_200)
    assert ledger.payout(received, WHERE, ())[0].arrives_on == date(2026, 4, 5)


@pytest.mark.parametrize(
    ("automatic", "reconciled", "known"),
    [
        (True, "completed", True),
        (True, "in_progress", False),
        (True, "not_applicable", False),
        (False, "completed", False),
    ],
)
def test_only_an_automatic_payout_that_stripe_has_reconciled_has_known_members(
    automatic: bool,  # noqa: FBT001  a row of the table
    reconciled: str,
    known: bool,  # noqa: FBT001  a row of the table
) -> None:
    received = row(wire.Payout, "payout", automatic=automatic, reconciliation_status=reconciled)
    assert ledger.composed(received) is known


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("ch_1", Kind.PAYMENT),
        ("py_1", Kind.PAYMENT),
        ("re_1", Kind.REFUND),
        ("pyr_1", Kind.REFUND),
        ("dp_1", Kind.DISPUTE),
        ("du_1", Kind.DISPUTE),
        ("po_1", Kind.PAYOUT),
    ],
)
def test_a_ledger_line_is_about_its_source(source: str, kind: Kind) -> None:
    received = wire.decode(text(ledger_line(source=source)), wire.BalanceTransaction)
    record, found = ledger.balance_entry(received, WHERE)
    assert record.about == ref(kind, source)
    assert (record.gross, record.fee, record.net) == (usd(10_000), usd(320), usd(9_680))
    assert found == ()


@pytest.mark.parametrize("source", [None, "tr_1", "odd"])
def test_a_ledger_line_about_something_we_do_not_mirror_is_kept_all_the_same(source: str | None) -> None:
    received = wire.decode(text(ledger_line(source=source)), wire.BalanceTransaction)
    assert ledger.balance_entry(received, WHERE)[0].about is None


def test_a_ledger_line_that_does_not_add_up_is_kept_and_shown() -> None:
    received = wire.decode(text(ledger_line(net=9_679)), wire.BalanceTransaction)
    record, found = ledger.balance_entry(received, WHERE)
    assert record.net == usd(9_679)
    assert [one.code for one in found] == [FindingCode.DOES_NOT_TIE]


def test_a_balance_is_what_is_available_and_what_is_on_its_way() -> None:
    received = wire.decode(
        text(
            example(
                "balance",
                available=[{"amount": 500, "currency": "usd"}, {"amount": 70, "currency": "cad"}],
                pending=[{"amount": -200, "currency": "usd"}],
            )
        ),
        wire.Balance,
    )
    assert ledger.account(received, "usd").balance == usd(300)
    assert ledger.account(received, "cad").balance == Money(70, Currency("CAD"))


def test_an_unknown_payout_status_is_pending_and_shown() -> None:
    record, found = ledger.payout(row(wire.Payout, "payout", status="levitating"), WHERE, None)
    assert record.state is PayoutState.PENDING
    assert [one.amount for one in found] == [record.amount]


def test_an_unknown_category_of_the_ledger_is_kept_as_it_came() -> None:
    received = wire.decode(text(ledger_line(reporting_category="levitating")), wire.BalanceTransaction)
    record, _ = ledger.balance_entry(received, WHERE)
    assert (record.category, record.net) == ("levitating", usd(9_680))
