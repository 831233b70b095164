"""What a plan is made of, as values: the lines, what each does to which account, what was left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from connector.dates import BusinessDate, Instant
from connector.model.finding import Evidence, Finding
from connector.model.intent import (
    ApplyCredit,
    GiveBack,
    IntentKind,
    Planned,
    PostDeposit,
    PostExpense,
    PostJournal,
    PostPayment,
    PostTransfer,
    ShowLink,
    VoidPosting,
)
from connector.model.source import ActorId, CompanyId, OpId, PlanId, Ref
from connector.money import Money
from connector.paylinks import OnInvoice
from connector.reconcile.booked import Written
from connector.reconcile.conflict import Conflict

RECEIVABLE = "Accounts receivable"
"""How the effects on what customers owe are named, each with its customer after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a line does to one account: a positive amount increases it, as its owner reads its balance."""

    account: str
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class InPlaceOf:
    """The line of an earlier plan that was not written, in whose place another stands, and why."""

    plan_id: PlanId
    line: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanLine:
    """One object to be written. `subject` is what it stands for: two plans can never both write one subject.

    Exactly one of the intents is there, the one of its kind. `expects` are the records it was decided on, with the
    versions they had.
    """

    op_id: OpId
    kind: IntentKind
    subject: str
    sentence: str
    payment: PostPayment | None = None
    expense: PostExpense | None = None
    transfer: PostTransfer | None = None
    credit: ApplyCredit | None = None
    deposit: PostDeposit | None = None
    journal: PostJournal | None = None
    void: VoidPosting | None = None
    link: ShowLink | None = None
    refund: GiveBack | None = None
    effects: tuple[Effect, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    expects: tuple[tuple[Ref, str], ...] = ()
    instead: InPlaceOf | None = None

    @property
    def intent(self) -> Planned:
        either = self.payment or self.expense or self.transfer or self.credit
        found = either or self.deposit or self.journal or self.void or self.link or self.refund
        if found is None:
            raise TypeError(self.kind)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A stored value: what is written, what is left out and why. `apply` executes exactly this.

    `balances` are those of the accounts it moves, as the books had them when it was made. `follows` is the plan of
    whose lines it makes some anew, `undoes` names what an undo takes back: nobody asked for either by `plan`.
    `journal_head` is where the journal ended when it was made: whoever has the plan can tell whether that was cut off.
    """

    plan_id: PlanId
    company_id: CompanyId
    made_at: Instant
    made_by: ActorId
    lines: tuple[PlanLine, ...]
    left_out: tuple[Finding, ...]
    data_as_of: Instant | None = None
    """How old what it was made from is."""
    balances: tuple[Effect, ...] = ()
    follows: PlanId | None = None
    undoes: str = ""
    journal_head: str = ""
    calls_off: tuple[OpId, ...] = ()
    """Writes of the run it takes back that were never sent, or never arrived: they are not sent any more."""

    def effects(self) -> tuple[Effect, ...]:
        """The effect of the whole plan per account and currency."""
        sums: dict[tuple[str, str], Money] = {}
        for line in self.lines:
            for effect in line.effects:
                key = (effect.account, effect.amount.currency)
                sums[key] = sums[key] + effect.amount if key in sums else effect.amount
        return tuple(Effect(account=account, amount=money) for (account, _), money in sorted(sums.items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Who makes the plan, when, under which ids.

    `instead_of_closed` is the date a person chose for entries whose own day lies in a closed period; None leaves them
    out. No date is ever moved without that choice.
    """

    plan_id: PlanId
    company_id: CompanyId
    made_at: Instant
    made_by: ActorId
    new_op_id: Callable[[], OpId]
    instead_of_closed: BusinessDate | None = None
    today: BusinessDate | None = None
    """The company's day, for entries that have no day of their own: None takes the day of what they are about."""
    held: Mapping[Ref | Written, Finding] = field(default_factory=dict)
    """What is left out whatever else speaks for it, and why: money about which two sides say two things, a payout that
    the bank account in the books has from elsewhere."""
    conflicts: tuple[Conflict, ...] = ()
    """Money about which two sides say two things: what a person chose of them is carried out."""
    links: tuple[OnInvoice, ...] = ()
    """What the invoices of payment links are to show of them."""
