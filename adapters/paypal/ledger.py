"""The lines of a PayPal account as ledger entries and payouts. Pure.

A line is known by its event code. Its transaction's id is not enough to tell it apart: the same one may stand on
several lines. A line that brings money has moved it when it is done, one that takes money while it waits already.
"""

from __future__ import annotations

from adapters.paypal import tables, wire
from adapters.paypal.translate import Fate, Findings, Where, amount, moment, nature, unknown
from connector.dates import Instant, epoch_seconds
from connector.model.settlement import BalanceEntry, EntryNature, Membership, Payout, PayoutMade, PayoutState
from connector.model.source import Kind, Ref
from connector.money import Money

OPENING = "opening balance"

_ABOUT: dict[EntryNature, Kind] = {
    EntryNature.PAYMENT: Kind.PAYMENT,
    EntryNature.REFUND: Kind.REFUND,
    EntryNature.PAYOUT: Kind.PAYOUT,
}
"""Lines that are the record itself, under their own id."""

_OF: dict[EntryNature, Kind] = {
    EntryNature.RETURN: Kind.PAYMENT,
    EntryNature.DISPUTE: Kind.PAYMENT,
    EntryNature.DISPUTE_BACK: Kind.PAYMENT,
    EntryNature.FEE: Kind.PAYMENT,
    EntryNature.PAYOUT_BACK: Kind.PAYOUT,
}
"""Lines about another one, which they name."""


def entry_id(row: wire.Transaction) -> str:
    """What tells a line apart: the transaction, its event code, its second, and its currency."""
    code = row.transaction_amount.currency_code if row.transaction_amount is not None else ""
    seconds = epoch_seconds(moment(row.transaction_initiation_date))
    return f"{row.transaction_id}-{row.transaction_event_code}-{seconds}-{code}"


def moves(row: wire.Transaction, gross: Money) -> bool:
    """Whether a line has changed what the account holds."""
    if row.transaction_event_code[:3] in tables.NOT_MONEY:
        return False
    if row.transaction_status in tables.FINISHED:
        return True
    return row.transaction_status == tables.WAITING and gross.minor < 0


def entry(row: wire.Transaction, where: Where) -> tuple[BalanceEntry, Findings]:
    """One line, with its event code as received beside what that means here."""
    gross = amount(row.transaction_amount)
    fee = -amount(row.fee_amount) if row.fee_amount is not None else Money(0, gross.currency)
    kind = nature(row, gross)
    record = BalanceEntry(
        category=row.transaction_event_code,
        nature=kind or EntryNature.SUSPENSE,
        gross=gross,
        fee=fee,
        net=gross - fee,
        created=moment(row.transaction_initiation_date),
        about=_about(row, kind, where),
    )
    if kind is not None:
        return record, ()
    step = "Its money counts, and is booked by nobody until you say what it is; a newer release may know it."
    ref = where.ref(Kind.BALANCE_ENTRY, entry_id(row))
    return record, (unknown("event code", row.transaction_event_code, ref, record.net, next_step=step),)


def _about(row: wire.Transaction, kind: EntryNature | None, where: Where) -> Ref | None:
    if kind in _ABOUT:
        return where.ref(_ABOUT[kind], row.transaction_id)
    if kind in _OF and row.paypal_reference_id and row.paypal_reference_id_type in ("TXN", ""):
        return where.ref(_OF[kind], row.paypal_reference_id)
    return None


def payout(row: wire.Transaction, where: Where, fate: Fate) -> Payout:
    """A withdrawal to the bank. PayPal never says what it consists of: what left the balance is all."""
    at = moment(row.transaction_initiation_date)
    gone = row.transaction_status in (tables.DENIED, tables.REVERSED) or fate.back != ""
    waits = PayoutState.PENDING if row.transaction_status == tables.WAITING else PayoutState.PAID
    return Payout(
        amount=-amount(row.transaction_amount),
        arrives_on=where.day(at),
        state=PayoutState.FAILED if gone else waits,
        membership=Membership.NEVER,
        made=PayoutMade.MANUAL,
        created=at,
        entry=where.ref(Kind.BALANCE_ENTRY, entry_id(row)),
        back=where.ref(Kind.BALANCE_ENTRY, fate.back) if fate.back else None,
        failure="the bank sent it back" if gone else None,
    )


def opening(held: wire.Balance, at: Instant) -> BalanceEntry:
    """What the account held before the first line that is read; nobody knows what it consists of."""
    there = amount(held.available_balance or held.total_balance)
    return BalanceEntry(
        category=OPENING,
        nature=EntryNature.SUSPENSE,
        gross=there,
        fee=Money(0, there.currency),
        net=there,
        created=at,
    )
