"""A plan as a person reads it: what is written, by processor and kind; what each account holds before and after; what
is left out, by reason. The order of the lines stays the plan's own, for that is the order in which they are written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import assert_never

from connector.model.finding import Finding, FindingCode
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
from connector.model.source import ConnectionId, Kind
from connector.money import Currency, Money, by_currency
from connector.plan.lines import RECEIVABLE, Effect, Plan, PlanLine

IN_WORDS: dict[IntentKind, str] = {
    IntentKind.PAYMENT: "customer payments received",
    IntentKind.EXPENSE: "fees",
    IntentKind.TRANSFER: "payouts to the bank",
    IntentKind.CREDIT: "credit notes applied",
    IntentKind.DEPOSIT: "payouts as deposits",
    IntentKind.JOURNAL: "refunds, returns, corrections, payouts on their way",
    IntentKind.VOID: "entries taken back",
    IntentKind.LINK: "payment links on invoices",
    IntentKind.REFUND: "money given back to payers",
}
"""What the lines of a kind are, for a heading."""

OPENING = "opening balances"
WRITTEN_OFF = {
    IntentKind.JOURNAL: "small differences written off",
    IntentKind.CREDIT: "small differences settled",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LineGroup:
    """The lines of one processor and kind, with their numbers in the plan. `sums`: one amount per currency."""

    connection: ConnectionId
    kind: IntentKind
    title: str
    lines: tuple[tuple[int, PlanLine], ...]
    sums: tuple[Money, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOutGroup:
    """What is left out for one reason. `sums` leave out what has no amount."""

    code: FindingCode
    findings: tuple[Finding, ...]
    sums: tuple[Money, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountEffect:
    """What a plan does to one account; `before` is None where the books do not say what it holds. `parts` are how many
    customers' accounts it is made of, 0 for any other."""

    account: str
    change: Money
    before: Money | None = None
    parts: int = 0

    @property
    def after(self) -> Money | None:
        return self.before + self.change if self.before is not None else None


def amount_of(line: PlanLine) -> Money | None:
    """What one line is about: the amount of the entry that it writes or takes back, None where it has none."""
    if isinstance(line.intent, VoidPosting):
        return _positive(effect.amount for effect in line.effects)
    return entry_amount(line.intent)


def entry_amount(intent: Planned) -> Money | None:
    """The amount of the entry that is written, or given back; None where it has none, or takes one back."""
    match intent:
        case PostPayment() | PostDeposit():
            return intent.total
        case PostExpense() | PostTransfer() | GiveBack():
            return intent.amount
        case ApplyCredit():
            return _positive(each.amount for each in intent.allocations if each.target.kind is Kind.INVOICE)
        case PostJournal():
            return _positive(part.amount for part in intent.parts)
        case VoidPosting() | ShowLink():
            return None
        case _:
            assert_never(intent)


def _positive(amounts: Iterable[Money]) -> Money | None:
    """The side that goes up: an entry has two, and they are equal."""
    found = [amount for amount in amounts if amount.minor > 0]
    return sum(found[1:], found[0]) if found else None


def sums_of(lines: Iterable[PlanLine]) -> tuple[Money, ...]:
    """What lines write in all: their amounts added up, one sum per currency."""
    amounts = (amount_of(line) for line in lines)
    return tuple(by_currency(amount for amount in amounts if amount is not None).values())


def line_groups(lines: Sequence[PlanLine]) -> tuple[LineGroup, ...]:
    """The lines by processor and kind, in the order in which each kind first comes."""
    found: dict[tuple[ConnectionId, IntentKind, str], list[tuple[int, PlanLine]]] = {}
    for number, line in enumerate(lines, start=1):
        about = line.intent.about
        title = OPENING if about.kind is Kind.ACCOUNT else IN_WORDS[line.kind]
        title = WRITTEN_OFF.get(line.kind, title) if about.kind is Kind.INVOICE else title
        found.setdefault((about.connection, line.kind, title), []).append((number, line))
    return tuple(
        LineGroup(
            connection=connection,
            kind=kind,
            title=title,
            lines=tuple(held),
            sums=sums_of(line for _, line in held),
        )
        for (connection, kind, title), held in found.items()
    )


def left_out_groups(findings: Sequence[Finding]) -> tuple[LeftOutGroup, ...]:
    """What is left out by reason, the commonest first."""
    found: dict[FindingCode, list[Finding]] = {}
    for each in findings:
        found.setdefault(each.code, []).append(each)
    return tuple(
        LeftOutGroup(
            code=code,
            findings=tuple(held),
            sums=tuple(by_currency(each.amount for each in held if each.amount is not None).values()),
        )
        for code, held in sorted(found.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    )


def account_effects(plan: Plan) -> tuple[AccountEffect, ...]:
    """Per account and currency; what customers owe is one account, as it is in the books."""
    before = {(each.account, each.amount.currency): each.amount for each in plan.balances}
    rows: list[AccountEffect] = []
    owed: dict[Currency, list[Effect]] = {}
    for each in plan.effects():
        if each.account.startswith(f"{RECEIVABLE}: "):
            owed.setdefault(each.amount.currency, []).append(each)
        else:
            held = before.get((each.account, each.amount.currency))
            rows.append(AccountEffect(account=each.account, change=each.amount, before=held))
    rows += [
        AccountEffect(
            account=RECEIVABLE,
            change=sum((each.amount for each in parts[1:]), parts[0].amount),
            before=before.get((RECEIVABLE, code)),
            parts=len(parts),
        )
        for code, parts in owed.items()
    ]
    return tuple(sorted(rows, key=lambda row: (row.account, row.change.currency)))
