"""Stripe's ledger lines and payouts: what each word means here, and that none is ever dropped."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.stripe import ledger, wire
from connector.dates import instant_from_iso
from connector.model.finding import FindingCode
from connector.model.settlement import BalanceEntry, EntryNature, Membership, Payout, PayoutMade, PayoutState
from connector.model.source import Kind
from connector.money import Currency, Money
from tests.stripe_rig import WHERE, example, ref, text

DOCUMENTED = {
    "advance",
    "advance_funding",
    "anticipation_repayment",
    "charge",
    "charge_failure",
    "climate_order_purchase",
    "climate_order_refund",
    "connect_collection_transfer",
    "connect_reserved_funds",
    "contribution",
    "dispute",
    "dispute_reversal",
    "fee",
    "financing_paydown",
    "financing_paydown_reversal",
    "financing_payout",
    "financing_payout_reversal",
    "issuing_authorization_hold",
    "issuing_authorization_release",
    "issuing_dispute",
    "issuing_transaction",
    "network_cost",
    "other_adjustment",
    "partial_capture_reversal",
    "payout",
    "payout_minimum_balance_hold",
    "payout_minimum_balance_release",
    "payout_reversal",
    "platform_earning",
    "platform_earning_refund",
    "refund",
    "refund_failure",
    "reserve_hold",
    "reserve_release",
    "risk_reserved_funds",
    "tax",
    "topup",
    "topup_reversal",
    "transfer",
    "transfer_reversal",
    "unreconciled_customer_funds",
}
"""The reporting categories that Stripe documents."""


def line(**changed: object) -> BalanceEntry:
    return found(**changed)[0]


def found(**changed: object) -> tuple[BalanceEntry, Any]:
    document = example("balance_transaction", **{"source": None, "exchange_rate": None} | changed)
    return ledger.balance_entry(wire.decode(text(document), wire.BalanceTransaction), WHERE)


def payout(entries: tuple[str, ...] | None = None, **changed: object) -> Payout:
    return paid(entries, **changed)[0]


def paid(entries: tuple[str, ...] | None = None, **changed: object) -> tuple[Payout, Any]:
    return ledger.payout(row(**changed), WHERE, entries)


def row(**changed: object) -> wire.Payout:
    return wire.decode(text(example("payout", **changed)), wire.Payout)


def test_every_documented_category_has_a_nature_and_none_of_them_is_suspense() -> None:
    assert set(ledger.NATURES) == DOCUMENTED
    assert EntryNature.SUSPENSE not in ledger.NATURES.values()


@pytest.mark.parametrize(
    ("category", "nature"),
    [
        ("charge", EntryNature.PAYMENT),
        ("fee", EntryNature.FEE),
        ("tax", EntryNature.FEE),
        ("network_cost", EntryNature.FEE),
        ("refund", EntryNature.REFUND),
        ("refund_failure", EntryNature.REFUND_BACK),
        ("dispute", EntryNature.DISPUTE),
        ("dispute_reversal", EntryNature.DISPUTE_BACK),
        ("charge_failure", EntryNature.RETURN),
        ("payout", EntryNature.PAYOUT),
        ("payout_reversal", EntryNature.PAYOUT_BACK),
        ("topup", EntryNature.TOPUP),
        ("risk_reserved_funds", EntryNature.RESERVE),
        ("transfer_reversal", EntryNature.TRANSFER),
        ("other_adjustment", EntryNature.ADJUSTMENT),
    ],
)
@pytest.mark.parametrize("kind", ["charge", "payment", "adjustment", "stripe_fee", "levitation"])
def test_the_category_decides_what_a_line_is_and_its_type_never_does(
    category: str, nature: EntryNature, kind: str
) -> None:
    record = line(reporting_category=category, type=kind)
    assert (record.nature, record.category) == (nature, category)


def test_a_category_nobody_knows_is_suspense_with_its_money_and_a_finding() -> None:
    record, findings = found(id="txn_1", reporting_category="levitating", amount=-700, fee=30, net=-730, currency="cad")
    assert record.nature is EntryNature.SUSPENSE
    assert (record.gross, record.fee, record.net) == tuple(Money(n, Currency("CAD")) for n in (-700, 30, -730))
    assert [(one.code, one.amount, one.refs) for one in findings] == [
        (FindingCode.UNKNOWN_VALUE, record.net, (ref(Kind.BALANCE_ENTRY, "txn_1"),))
    ]
    assert "'levitating'" in findings[0].sentence


def test_a_line_says_when_its_money_can_be_paid_out_and_at_which_rate_it_was_changed() -> None:
    document = text(example("balance_transaction", available_on=1_775_347_200, exchange_rate=0)).replace(
        b'"exchange_rate": 0', b'"exchange_rate": 1.08350000000000001'
    )
    record, _ = ledger.balance_entry(wire.decode(document, wire.BalanceTransaction), WHERE)
    assert record.available_at == instant_from_iso("2026-04-05T00:00:00Z")
    assert record.rate == "1.08350000000000001"


def test_a_very_small_rate_is_written_out_in_digits() -> None:
    document = text(example("balance_transaction", exchange_rate=0)).replace(
        b'"exchange_rate": 0', b'"exchange_rate": 6.5e-05'
    )
    assert ledger.balance_entry(wire.decode(document, wire.BalanceTransaction), WHERE)[0].rate == "0.000065"


def test_a_line_that_was_never_changed_has_no_rate() -> None:
    assert line(exchange_rate=None).rate is None


@pytest.mark.parametrize(
    ("automatic", "method", "made"),
    [
        (True, "standard", PayoutMade.AUTOMATIC),
        (True, "instant", PayoutMade.AUTOMATIC),
        (False, "standard", PayoutMade.MANUAL),
        (False, "instant", PayoutMade.INSTANT),
        (False, "by_pigeon", PayoutMade.MANUAL),
    ],
)
def test_a_payout_says_what_made_it(automatic: bool, method: str, made: PayoutMade) -> None:  # noqa: FBT001
    assert payout(automatic=automatic, method=method).made is made


@pytest.mark.parametrize(
    ("automatic", "status", "entries", "membership"),
    [
        (True, "completed", ("txn_1",), Membership.COMPLETE),
        (True, "completed", (), Membership.COMPLETE),
        (True, "completed", None, Membership.NOT_YET),
        (True, "in_progress", None, Membership.NOT_YET),
        (True, "not_applicable", None, Membership.NEVER),
        (True, "levitating", None, Membership.NOT_YET),
        (False, "not_applicable", None, Membership.NEVER),
        (False, "completed", None, Membership.NEVER),
        (False, "in_progress", None, Membership.NEVER),
    ],
)
def test_a_payout_says_whether_its_members_are_known_will_be_or_never_are(
    automatic: bool,  # noqa: FBT001
    status: str,
    entries: tuple[str, ...] | None,
    membership: Membership,
) -> None:
    record = payout(entries, automatic=automatic, reconciliation_status=status)
    assert record.membership is membership
    assert (record.entries is None) == (membership is not Membership.COMPLETE)


def test_an_unknown_reconciliation_status_is_shown_and_nothing_is_taken_for_granted() -> None:
    record, findings = paid(automatic=True, reconciliation_status="levitating")
    assert record.membership is Membership.NOT_YET
    assert [(one.code, one.amount) for one in findings] == [(FindingCode.UNKNOWN_VALUE, record.amount)]
    assert not ledger.settled(row(automatic=True, reconciliation_status="levitating", status="paid"))


def test_a_failed_payout_names_both_its_lines_and_why_it_failed() -> None:
    record = payout(
        status="failed",
        balance_transaction="txn_out",
        failure_balance_transaction="txn_back",
        failure_code="account_closed",
        failure_message="The bank account has been closed.",
    )
    assert record.state is PayoutState.FAILED
    assert (record.entry, record.back) == (ref(Kind.BALANCE_ENTRY, "txn_out"), ref(Kind.BALANCE_ENTRY, "txn_back"))
    assert record.failure == "The bank account has been closed."


def test_a_payout_and_the_one_that_undoes_it_name_each_other() -> None:
    first, second = payout(reversed_by="po_2"), payout(original_payout="po_1", amount=-1100)
    assert (first.reverses, first.reversed_by) == (None, ref(Kind.PAYOUT, "po_2"))
    assert (second.reverses, second.reversed_by) == (ref(Kind.PAYOUT, "po_1"), None)
    assert second.amount.minor == -1100


@pytest.mark.parametrize(
    ("status", "reconciled", "settled"),
    [
        ("paid", "completed", True),
        ("failed", "completed", True),
        ("paid", "in_progress", False),
        ("in_transit", "completed", False),
        ("pending", "in_progress", False),
    ],
)
def test_a_payout_is_settled_when_it_ended_and_its_members_are_no_longer_awaited(
    status: str,
    reconciled: str,
    settled: bool,  # noqa: FBT001
) -> None:
    assert ledger.settled(row(automatic=True, status=status, reconciliation_status=reconciled)) is settled
