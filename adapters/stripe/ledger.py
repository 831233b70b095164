"""Stripe's own books as the house's nouns: the balance, each line of its ledger, and the payouts made of them. Pure.

A line is known by its reporting category, the word Stripe writes for accountants, and never by its type, of which there
are over fifty and more every year. A category this release does not know is suspense: its money counts and is shown.
"""

from __future__ import annotations

from datetime import UTC

from adapters.stripe import wire
from adapters.stripe.currency import from_wire
from adapters.stripe.translate import Findings, Where, unknown
from connector.dates import BusinessDate, instant_from_epoch
from connector.model.finding import Finding, FindingCode
from connector.model.party import Account, AccountRole
from connector.model.settlement import BalanceEntry, EntryNature, Membership, Payout, PayoutMade, PayoutState
from connector.model.source import Kind

_WORDS: dict[EntryNature, str] = {
    EntryNature.PAYMENT: "charge",
    EntryNature.FEE: "fee network_cost tax",
    EntryNature.REFUND: "refund",
    EntryNature.REFUND_BACK: "refund_failure",
    EntryNature.DISPUTE: "dispute",
    EntryNature.DISPUTE_BACK: "dispute_reversal",
    EntryNature.RETURN: "charge_failure",
    EntryNature.PAYOUT: "payout",
    EntryNature.PAYOUT_BACK: "payout_reversal",
    EntryNature.TOPUP: "topup topup_reversal",
    EntryNature.RESERVE: (
        "connect_reserved_funds issuing_authorization_hold issuing_authorization_release "
        "payout_minimum_balance_hold payout_minimum_balance_release reserve_hold reserve_release risk_reserved_funds"
    ),
    EntryNature.TRANSFER: (
        "connect_collection_transfer platform_earning platform_earning_refund transfer transfer_reversal"
    ),
    EntryNature.FINANCING: (
        "advance advance_funding anticipation_repayment financing_paydown financing_paydown_reversal "
        "financing_payout financing_payout_reversal"
    ),
    EntryNature.SPENDING: (
        "climate_order_purchase climate_order_refund contribution issuing_dispute issuing_transaction"
    ),
    EntryNature.HELD: "unreconciled_customer_funds",
    EntryNature.ADJUSTMENT: "other_adjustment partial_capture_reversal",
}
NATURES: dict[str, EntryNature] = {word: nature for nature, words in _WORDS.items() for word in words.split()}
"""What each of Stripe's reporting categories is for an accountant (Stripe, "Reporting categories")."""

PAYOUT_STATES = {
    "pending": PayoutState.PENDING,
    "in_transit": PayoutState.PENDING,
    "paid": PayoutState.PAID,
    "failed": PayoutState.FAILED,
    "canceled": PayoutState.FAILED,
}

_MEMBERSHIP = {
    "completed": Membership.COMPLETE,
    "in_progress": Membership.NOT_YET,
    "not_applicable": Membership.NEVER,
}

_SOURCES = {
    "ch": Kind.PAYMENT,
    "py": Kind.PAYMENT,
    "re": Kind.REFUND,
    "pyr": Kind.REFUND,
    "dp": Kind.DISPUTE,
    "du": Kind.DISPUTE,
    "po": Kind.PAYOUT,
}
"""What the prefix of a ledger line's source says about its kind."""


def account(row: wire.Balance, code: str) -> Account:
    """The balance in one currency: what is available and what is still on its way into it."""
    parts = (part.amount for part in (*row.available, *row.pending) if part.currency == code)
    balance = from_wire(sum(parts), code)
    return Account(
        name=f"Stripe balance {balance.currency}",
        role=AccountRole.PROCESSOR,
        currency=balance.currency,
        balance=balance,
    )


def balance_entry(row: wire.BalanceTransaction, where: Where) -> tuple[BalanceEntry, Findings]:
    """One line of Stripe's ledger, with its accounting category as received beside what that means here."""
    source = wire.link_id(row.source)
    kind = _SOURCES.get(source.partition("_")[0]) if source else None
    nature = NATURES.get(row.reporting_category)
    record = BalanceEntry(
        category=row.reporting_category,
        nature=nature or EntryNature.SUSPENSE,
        gross=from_wire(row.amount, row.currency),
        fee=from_wire(row.fee, row.currency),
        net=from_wire(row.net, row.currency),
        created=instant_from_epoch(row.created),
        about=where.ref(kind, source) if source and kind else None,
        available_at=instant_from_epoch(row.available_on) if row.available_on is not None else None,
        rate=format(row.exchange_rate, "f") if row.exchange_rate is not None else None,
    )
    found: list[Finding] = []
    about = where.ref(Kind.BALANCE_ENTRY, row.id)
    if nature is None:
        step = "Its money counts, and is booked by nobody until you say what it is; a newer release may know it."
        found.append(unknown("reporting category", row.reporting_category, about, record.net, next_step=step))
    if row.amount - row.fee != row.net:
        found.append(
            Finding(
                code=FindingCode.DOES_NOT_TIE,
                sentence=f"Stripe's ledger line {row.id} has a net amount that is not its gross less its fee.",
                next_step="Ask Stripe about this line; nothing is booked from it until it ties.",
                refs=(about,),
                amount=record.net,
            )
        )
    return record, tuple(found)


def payout(row: wire.Payout, where: Where, entries: tuple[str, ...] | None) -> tuple[Payout, Findings]:
    """Money to or from the bank. Stripe writes the day of arrival as midnight UTC, so that is the day meant.

    `entries` are its members where Stripe was asked for them (`composed`). Without them it is not known yet what a
    completed one consists of.
    """
    state = PAYOUT_STATES.get(row.status)
    membership = _membership(row)
    if entries is None and membership is Membership.COMPLETE:
        membership = Membership.NOT_YET
    record = Payout(
        amount=from_wire(row.amount, row.currency),
        arrives_on=BusinessDate(instant_from_epoch(row.arrival_date).astimezone(UTC).date()),
        state=state or PayoutState.PENDING,
        entries=None if entries is None else tuple(where.ref(Kind.BALANCE_ENTRY, entry) for entry in entries),
        membership=membership if entries is None else Membership.COMPLETE,
        made=_made(row),
        created=instant_from_epoch(row.created),
        entry=where.link(Kind.BALANCE_ENTRY, row.balance_transaction),
        back=where.link(Kind.BALANCE_ENTRY, row.failure_balance_transaction),
        reverses=where.link(Kind.PAYOUT, row.original_payout),
        reversed_by=where.link(Kind.PAYOUT, row.reversed_by),
        failure=row.failure_message or row.failure_code,
    )
    about = where.ref(Kind.PAYOUT, row.id)
    found: list[Finding] = []
    if state is None:
        found.append(unknown("status", row.status, about, record.amount))
    if row.reconciliation_status not in _MEMBERSHIP:
        step = "Nothing is booked from it until Stripe says completely what it consists of."
        found.append(unknown("reconciliation status", row.reconciliation_status, about, record.amount, next_step=step))
    return record, tuple(found)


def _made(row: wire.Payout) -> PayoutMade:
    if row.automatic:
        return PayoutMade.AUTOMATIC
    return PayoutMade.INSTANT if row.method == "instant" else PayoutMade.MANUAL


def _membership(row: wire.Payout) -> Membership:
    """A word nobody knows may yet become a known one, so it is waited for."""
    if not row.automatic:
        return Membership.NEVER
    return _MEMBERSHIP.get(row.reconciliation_status, Membership.NOT_YET)


def composed(row: wire.Payout) -> bool:
    """Whether Stripe can say exactly what the payout consists of: never for manual and instant ones."""
    return _membership(row) is Membership.COMPLETE


def settled(row: wire.Payout) -> bool:
    """Whether nothing more is expected to change about it in the ordinary course."""
    state = PAYOUT_STATES.get(row.status)
    return state in (PayoutState.PAID, PayoutState.FAILED) and _membership(row) is not Membership.NOT_YET
