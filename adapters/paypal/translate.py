"""PayPal's account as the house's nouns: who answers, its balances, payments, refunds and disputes. Pure.

A line of the reports and the object behind it give the same record under the same id: a capture's id is its
transaction's. A status this release does not know is the careful one and a finding; no money is ever dropped.
"""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from adapters.paypal import marks, tables, wire
from adapters.paypal.amounts import from_wire
from connector.dates import BusinessDate, Instant, day_of, instant_from_iso
from connector.errors import MalformedAnswer, ReceivablesError
from connector.model.finding import Finding, FindingCode
from connector.model.money_in import (
    Dispute,
    DisputeState,
    Payment,
    PaymentState,
    Refund,
    RefundState,
)
from connector.model.party import Account, AccountRole, Profile
from connector.model.settlement import EntryNature
from connector.model.source import ConnectionId, Kind, Ref, Tag
from connector.money import Money, currency

METHOD = "paypal"
Findings = tuple[Finding, ...]
_LOOK = "It counts as neither paid nor failed; look at it in PayPal, and update this connector."
_DIGITS_SHOWN = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Which connection the objects come from, and in which zone its days are."""

    connection: ConnectionId
    zone: ZoneInfo
    live: bool

    def ref(self, kind: Kind, vendor_id: str) -> Ref:
        return Ref(self.connection, kind, vendor_id)

    def day(self, moment: Instant) -> BusinessDate:
        return day_of(moment, self.zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What later lines and disputes say of a payment or payout, which its own line does not: how much of it was
    refunded, when it went back for good, that it is disputed, and by which line a withdrawal came back."""

    refunded_minor: int = 0
    returned_on: BusinessDate | None = None
    disputed: bool = False
    back: str = ""


def moment(text: str) -> Instant:
    """A time as PayPal writes it (`...+0000` too). Errors: MalformedAnswer."""
    try:
        return instant_from_iso(text)
    except (ReceivablesError, ValueError, OverflowError):
        raise MalformedAnswer(
            "PayPal's answer has a time that is none.", next_step="Run it again.", system=wire.SYSTEM
        ) from None


def amount(said: wire.Amount | None) -> Money:
    """An amount that has to be there. Errors: MalformedAnswer; UnknownCurrency, MoneyError."""
    if said is None:
        raise MalformedAnswer("PayPal's answer has no amount.", next_step="Run it again.", system=wire.SYSTEM)
    return from_wire(said.currency_code, said.value)


def profile(held: wire.Balances, where: Where) -> Profile:
    """The account itself. PayPal tells its name to nobody but its owner, so it is called by its number."""
    home = next((each.currency for each in held.balances if each.primary), "")
    first = home or next((each.currency for each in held.balances), "USD")
    return Profile(
        name=f"PayPal {held.account_id}",
        home_currency=currency(first),
        multi_currency=len(held.balances) > 1,
        live=where.live,
    )


def account(held: wire.Balance) -> Account:
    """What can be used in one currency. What is withheld was taken out of it by a line of its own."""
    balance = amount(held.available_balance or held.total_balance)
    return Account(
        name=f"PayPal balance {balance.currency}",
        role=AccountRole.PROCESSOR,
        currency=balance.currency,
        balance=balance,
    )


def payment(row: wire.Transaction, where: Where, fate: Fate, payer: wire.Payer | None) -> tuple[Payment, Findings]:
    """A payment that was received, from its line."""
    gross, at = amount(row.transaction_amount), moment(row.transaction_initiation_date)
    fee = -amount(row.fee_amount) if row.fee_amount is not None else Money(0, gross.currency)
    state = payment_state(row.transaction_status, gross, fate)
    moved = row.transaction_status in tables.FINISHED
    record = Payment(
        customer=None,
        received_on=where.day(at),
        gross=gross,
        state=state or PaymentState.PENDING,
        method=METHOD,
        created=at,
        fee=fee if moved else None,
        net=gross - fee if moved and fee.currency == gross.currency else None,
        refunded=Money(fate.refunded_minor, gross.currency),
        attempt=where.ref(Kind.ATTEMPT, row.paypal_reference_id) if row.paypal_reference_id_type == "ODR" else None,
        payer=called(payer),
        reference=row.invoice_id or None,
        memo=" ".join(part for part in (row.transaction_subject, row.transaction_note) if part) or None,
        failure="PayPal denied it" if row.transaction_status == tables.DENIED else None,
        returned_on=fate.returned_on,
        tags=tags(row.custom_field, row.invoice_id),
    )
    about = where.ref(Kind.PAYMENT, row.transaction_id)
    return record, () if state is not None else (unknown("status", row.transaction_status, about, gross),)


def payment_state(letter: str, gross: Money, fate: Fate) -> PaymentState | None:
    """Where a payment stands, by the letter of its line and what else is known; None for a letter nobody knows."""
    if letter == tables.WAITING:
        return PaymentState.PENDING
    if letter == tables.DENIED:
        return PaymentState.FAILED
    if letter not in tables.FINISHED:
        return None
    if fate.returned_on is not None:
        return PaymentState.RETURNED
    if fate.disputed:
        return PaymentState.DISPUTED
    gone = fate.refunded_minor >= gross.minor or (letter == tables.REVERSED and not fate.refunded_minor)
    return PaymentState.REFUNDED if gone else PaymentState.SUCCEEDED


def called(payer: wire.Payer | None) -> str | None:
    """The payer's name, else the e-mail address; None where neither was asked for."""
    if payer is None:
        return None
    name = payer.payer_name
    whole = (name.alternate_full_name or f"{name.given_name} {name.surname}".strip()) if name is not None else ""
    return whole or payer.email_address or None


def tags(custom: str, invoice_id: str) -> tuple[Tag, ...]:
    """What the payment is for: our own keys, or the invoice number that somebody else's shop gave it."""
    mark = marks.mark_of(custom)
    if mark is None:
        return (Tag(marks.NUMBER_TAG, invoice_id),) if invoice_id else ()
    debt = (Tag(marks.DEBT_TAG, str(mark.debt)),) if mark.debt is not None else ()
    return (*debt, Tag(marks.ATTEMPT_TAG, mark.attempt))


_CAPTURED = {
    "COMPLETED": tables.DONE,
    "PARTIALLY_REFUNDED": tables.DONE,
    "REFUNDED": tables.REVERSED,
    "PENDING": tables.WAITING,
    "DECLINED": tables.DENIED,
    "FAILED": tables.DENIED,
}


def captured(row: wire.Capture, where: Where, fate: Fate) -> tuple[Payment, Findings]:
    """The same payment from its capture, which knows it hours before the reports do. What it cost is left to them:
    until its line is there, PayPal's balance has not shown it either."""
    gross, at = amount(row.amount), moment(row.create_time)
    state = payment_state(_CAPTURED.get(row.status, ""), gross, fate)
    why = row.status_details.reason if row.status_details is not None else ""
    record = Payment(
        customer=None,
        received_on=where.day(at),
        gross=gross,
        state=state or PaymentState.PENDING,
        method=METHOD,
        created=at,
        refunded=Money(fate.refunded_minor, gross.currency),
        reference=row.invoice_id or None,
        failure="PayPal declined it" if state is PaymentState.FAILED else waits_for(why) or None,
        returned_on=fate.returned_on,
        tags=tags(row.custom_id, row.invoice_id),
    )
    about = where.ref(Kind.PAYMENT, row.id)
    return record, () if state is not None else (unknown("status", row.status, about, gross),)


def waits_for(reason: str) -> str:
    """Why money that was taken has not come; a reason nobody knows in PayPal's own word."""
    return tables.WAITS_FOR.get(reason, f"PayPal says {reason[:_DIGITS_SHOWN]}" if reason else "")


def refund(row: wire.Transaction, where: Where) -> Refund:
    """Money that was given back, from its line."""
    letters = {tables.WAITING: RefundState.PENDING, tables.DENIED: RefundState.FAILED}
    return Refund(
        payment=where.ref(Kind.PAYMENT, row.paypal_reference_id) if row.paypal_reference_id else None,
        amount=-amount(row.transaction_amount),
        on=where.day(moment(row.transaction_initiation_date)),
        state=letters.get(row.transaction_status, RefundState.DONE),
    )


def refunded(row: wire.Refund, where: Where) -> tuple[Refund, Findings]:
    """The same from its own object."""
    up = next((link.href for link in row.links if link.rel == "up"), "")
    state = tables.REFUND_STATES.get(row.status)
    back = amount(row.amount)
    record = Refund(
        payment=where.ref(Kind.PAYMENT, up.rpartition("/")[2]) if up else None,
        amount=back,
        on=where.day(moment(row.create_time)),
        state=state or RefundState.PENDING,
    )
    about = where.ref(Kind.REFUND, row.id)
    return record, () if state is not None else (unknown("status", row.status, about, back),)


def dispute(row: wire.Dispute, where: Where) -> tuple[Dispute, Findings]:
    """A dispute, and until when the firm may answer: that is done in PayPal's own pages."""
    code = row.dispute_outcome.outcome_code if row.dispute_outcome is not None else ""
    ended = tables.OUTCOMES.get(code) if row.status == tables.RESOLVED else DisputeState.OPEN
    of = disputed_payment(row)
    record = Dispute(
        payment=where.ref(Kind.PAYMENT, of) if of else None,
        amount=amount(row.dispute_amount),
        on=where.day(moment(row.create_time)),
        state=ended or DisputeState.OPEN,
        reason=row.reason,
        said=_said(row, where),
    )
    about = where.ref(Kind.DISPUTE, row.dispute_id)
    return record, () if ended is not None else (unknown("outcome", code, about, record.amount),)


def disputed_payment(row: wire.Dispute) -> str:
    """The payment a dispute is about, "" where it names none."""
    return next((each.seller_transaction_id for each in row.disputed_transactions if each.seller_transaction_id), "")


def _said(row: wire.Dispute, where: Where) -> str:
    why = tables.DISPUTE_REASONS.get(row.reason, f"PayPal's word for it is {row.reason[:_DIGITS_SHOWN]}")
    stage = " (still an inquiry)" if row.dispute_life_cycle_stage == "INQUIRY" else ""
    if row.status == tables.RESOLVED or not row.seller_response_due_date:
        return f"{why}{stage}"
    return f"{why}{stage}; answer in PayPal by {where.day(moment(row.seller_response_due_date))}"


def unknown(what: str, word: str | None, about: Ref, at_stake: Money, *, next_step: str = _LOOK) -> Finding:
    """A word this release does not know, kept as it is."""
    return Finding(
        code=FindingCode.UNKNOWN_VALUE,
        sentence=f"PayPal gives {about.kind} {about.vendor_id} the {what} {(word or '')[:_DIGITS_SHOWN]!r}, which this "
        "release does not know.",
        next_step=next_step,
        refs=(about,),
        amount=at_stake,
    )


def nature(row: wire.Transaction, gross: Money) -> EntryNature | None:
    """What a line is; money that we paid to others is no payment that we received."""
    found = tables.nature_of(row.transaction_event_code)
    return EntryNature.SPENDING if found is EntryNature.PAYMENT and gross.minor < 0 else found
