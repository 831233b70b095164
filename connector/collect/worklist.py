"""Whom to contact today: every invoice past its terms, and why now or why not.

Contact is due the day after terms pass and returns the next business day until somebody was reached. Somebody reached
ends in a promise, a dispute or a next date. A promise not yet due, a dispute, money on its way and money that has
arrived and only waits to be posted, or lies as credit that covers everything, are left in peace. So is a payer whom
nobody may contact. What was tried often enough is no call of the day any more: a person decides about it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import NamedTuple

from connector.collect.aging import Credits, days_overdue
from connector.collect.handover import Accounts, Manners, current
from connector.dates import BusinessDate, day_of, next_business_day, zone
from connector.model.contact import NOT_REACHED, Contact, Outcome
from connector.model.invoice import Invoice
from connector.model.source import Ref
from connector.money import Currency, Money, grouped
from connector.reconcile.arrived import arrived_by_invoice
from connector.reconcile.debts import debts
from connector.reconcile.pending import pending_by_invoice
from connector.reconcile.reasons import came_back
from connector.reconcile.returned import returned_by_invoice
from connector.reconcile.snapshot import Snapshot


class Why(StrEnum):
    """Why an invoice is on the list of the day, or left in peace."""

    NEVER_CONTACTED = "never contacted"
    NOT_REACHED = "not reached"
    NEXT_DATE = "next date has come"
    PROMISE_BROKEN = "promise not kept"
    WAITING = "tried today"
    AGREED = "next date agreed"
    PROMISED = "promised"
    DISPUTED = "disputed"
    MONEY_PENDING = "money on its way"
    MONEY_ARRIVED = "paid, not yet in the books"
    CREDIT = "covered by credit that is not applied"
    STOPPED = "not to be contacted"
    HANDED_OVER = "for a person to decide"


DUE = frozenset({Why.NEVER_CONTACTED, Why.NOT_REACHED, Why.NEXT_DATE, Why.PROMISE_BROKEN})


class Stands(NamedTuple):
    """Where one invoice stands."""

    why: Why
    returns_on: BusinessDate | None = None
    decide: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkItem:
    """One invoice past terms. `returns_on` is when it comes back, None when it is due or nobody knows. `pending` is
    money on its way to it, or arrived and not yet posted; `came_back` how a payment for it went back, if one did;
    `credit` what its customer has to its credit and nothing was applied to; `decide` why trying has ended.
    """

    ref: Ref
    invoice: Invoice
    customer_name: str
    phone: str | None
    email: str | None
    days_overdue: int
    why: Why
    last: Contact | None
    attempts: int
    returns_on: BusinessDate | None = None
    pending: Money | None = None
    came_back: str = ""
    credit: Money | None = None
    decide: str = ""

    @property
    def due(self) -> bool:
        return self.why in DUE

    @property
    def handed_over(self) -> bool:
        return self.why is Why.HANDED_OVER


def worklist(
    snapshot: Snapshot,
    contacts: Mapping[Ref, Sequence[Contact]],
    as_of: BusinessDate,
    manners: Manners | None = None,
) -> tuple[WorkItem, ...]:
    """Every open debt past its terms on that day: those due first, oldest and biggest first; then those that a person
    decides about, then those in peace."""
    pending = pending_by_invoice(snapshot)
    arrived = arrived_by_invoice(snapshot)
    back = returned_by_invoice(snapshot)
    credits_, owed = Credits(snapshot), _owed(snapshot)
    accounts = Accounts(snapshot, chain.from_iterable(contacts.values()), manners or Manners())
    items = []
    for ref, invoice in debts(snapshot).items():
        days = days_overdue(invoice, as_of)
        if days <= 0:
            continue
        history = current(contacts.get(ref, ()))
        credit = credits_.of(ref, invoice)
        money = Why.MONEY_PENDING if ref in pending else Why.MONEY_ARRIVED if ref in arrived else None
        if money is None and credit is not None and credit.minor >= owed[invoice.customer, invoice.open.currency]:
            money = Why.CREDIT
        stands = Stands(money) if money is not None else _standing(accounts, ref, history, as_of)
        customer = snapshot.customers.get(invoice.customer) if invoice.customer is not None else None
        items.append(
            WorkItem(
                ref=ref,
                invoice=invoice,
                customer_name=snapshot.name_of(invoice.customer),
                phone=customer.phone if customer is not None else None,
                email=customer.email if customer is not None else None,
                days_overdue=days,
                why=stands.why,
                last=history[0] if history else None,
                attempts=len(history),
                returns_on=stands.returns_on,
                decide=stands.decide,
                pending=pending.get(ref) or arrived.get(ref),
                credit=credit,
                came_back=f"a payment of {grouped(back[ref].gross)} {came_back(back[ref])}" if ref in back else "",
            )
        )
    return tuple(sorted(items, key=_place))


def _place(item: WorkItem) -> tuple[bool, bool, int, int, Ref]:
    """Where it stands on the list."""
    return not item.due, not item.handed_over, -item.days_overdue, -item.invoice.open.minor, item.ref


def _owed(snapshot: Snapshot) -> Counter[tuple[Ref | None, Currency]]:
    """What every customer owes in all, in minor units per currency."""
    found: Counter[tuple[Ref | None, Currency]] = Counter()
    for invoice in debts(snapshot).values():
        found[invoice.customer, invoice.open.currency] += invoice.open.minor
    return found


def _standing(accounts: Accounts, invoice: Ref, history: Sequence[Contact], as_of: BusinessDate) -> Stands:
    if stopped := accounts.stopped(invoice):
        return Stands(Why.STOPPED, decide=stopped)
    why, returns_on = _after(history[0], as_of) if history else (Why.NEVER_CONTACTED, None)
    if why in DUE or why is Why.WAITING:
        decide = accounts.handed_over(invoice, history, as_of)
        if decide:
            return Stands(Why.HANDED_OVER, decide=decide)
    return Stands(why, returns_on)


def _after(last: Contact, as_of: BusinessDate) -> tuple[Why, BusinessDate | None]:
    """What the last contact means for today, and when the invoice comes back."""
    if last.outcome is Outcome.STOP:
        return Why.NEXT_DATE, None  # a person has said since that contacting goes on
    if last.outcome in NOT_REACHED:
        again = last.next_on or next_business_day(day_of(last.at, zone(last.zone)))
        return (Why.NOT_REACHED, None) if as_of >= again else (Why.WAITING, again)
    if last.outcome is Outcome.PROMISE and last.promise is not None:
        kept_until = last.promise.by
        return (Why.PROMISE_BROKEN, None) if as_of > kept_until else (Why.PROMISED, next_business_day(kept_until))
    if last.next_on is not None and as_of >= last.next_on:
        return Why.NEXT_DATE, None
    return (Why.DISPUTED if last.outcome is Outcome.DISPUTE else Why.AGREED), last.next_on
