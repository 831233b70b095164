"""What is said of payouts, as lines of evidence that a program can compute again and a person can read.

A deposit's line holds every payout and deposit of its amount and days that came into question; a payout's line holds
everything it consists of. Amounts are minor units.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from connector.money import DIGITS, Currency, Money, grouped
from connector.reconcile.cash.landings import Landed, Landing, Lost, Missing
from connector.reconcile.cash.payouts import Composition, Deposit, Made, Payout, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class AtBank:
    """A line of the bank's statement."""

    id: str
    on: date
    currency: str
    amount: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A payout, and when it should arrive."""

    id: str
    trace: str
    source: str
    arrives: date
    currency: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A line of a processor's balance."""

    id: str
    type: str
    available: date
    gross: int
    fee: int
    net: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A deposit that is a payout. `why`: the bank's text, that neither could be another, or that every other way leaves
    one alone. `payouts` and `deposits` are all that came into question, themselves among them."""

    company: str
    deposit: str
    payout: str
    why: str
    payouts: tuple[Sent, ...]
    deposits: tuple[AtBank, ...]
    sentence: str
    what: str = "deposit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consists:
    """A payout and what it consists of. `taken`: its amount with what it cost. `made`: by schedule, where the processor
    says what it consists of, else by hand or at once; then `before` is what all lines and all payouts of that balance
    before it came to."""

    company: str
    payout: str
    source: str
    currency: str
    amount: int
    taken: int
    made: str
    lines: tuple[Held, ...]
    before: int | None
    sentence: str
    what: str = "payout"


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """What could not be said of a payout: where it arrived (`of`: deposit), or what it consists of (`of`: lines)."""

    company: str
    payout: str
    of: str
    code: str
    sentence: str
    next_step: str
    what: str = "open payout"


PayoutRecord = Arrived | Consists | Open

MADE = {Made.BY_SCHEDULE: "by schedule", Made.BY_HAND: "by hand", Made.AT_ONCE: "at once"}


def records(
    company: str,
    payouts: Sequence[Payout],
    deposits: Sequence[Deposit],
    lines: Sequence[Transaction],
    found: tuple[Landed, Sequence[Composition]],
) -> Iterator[PayoutRecord]:
    """Everything that is said of one company's payouts: where they arrived, what they consist of, and what is open."""
    landed, composed = found
    for pair in landed.pairs:
        yield _arrived(company, pair, payouts, deposits)
    for each in composed:
        if not each.reason:
            yield _consists(company, each, payouts, lines)
    yield from left(company, payouts, deposits, found)


def left(
    company: str,
    payouts: Sequence[Payout],
    deposits: Sequence[Deposit],
    found: tuple[Landed, Sequence[Composition]],
) -> Iterator[Open]:
    """What could not be said, and why."""
    landed, composed = found
    for missing in landed.missing:
        yield _not_found(company, missing, payouts, deposits)
    for each in composed:
        if each.reason:
            yield Open(
                company=company,
                payout=payouts[each.payout].id,
                of="lines",
                code="not-told",
                sentence=each.reason,
                next_step="Compare it with the processor's own report of this payout.",
            )


def _arrived(company: str, pair: Landing, payouts: Sequence[Payout], deposits: Sequence[Deposit]) -> Arrived:
    sent, bank = payouts[pair.payout], deposits[pair.deposit]
    return Arrived(
        company=company,
        deposit=bank.id,
        payout=sent.id,
        why=pair.why.value,
        payouts=tuple(_sent(payouts[each]) for each in pair.payouts),
        deposits=tuple(_at_bank(deposits[each]) for each in pair.deposits),
        sentence=f"Deposit {bank.id} of {_money(bank.amount, bank.currency)} on {date.fromordinal(bank.on)} is payout "
        f"{sent.id}: {_BECAUSE[pair.why.value]}.",
    )


_BECAUSE = {
    "traced": "the bank's text names it, and the amount is its own",
    "only": "the amount is its own, it came within the days it may take, and neither could be another",
    "forced": "among those of this amount every other way leaves one without its partner",
}


def _consists(company: str, each: Composition, payouts: Sequence[Payout], lines: Sequence[Transaction]) -> Consists:
    sent = payouts[each.payout]
    counted = "one line" if len(each.lines) == 1 else f"{len(each.lines)} lines"
    parts = ", ".join(f"{part.lines} {part.type or 'of no type'}" for part in each.parts)
    return Consists(
        company=company,
        payout=sent.id,
        source=sent.source,
        currency=sent.currency,
        amount=sent.amount,
        taken=each.taken,
        made=MADE[Made(sent.by_hand)],
        lines=tuple(_held(lines[at]) for at in each.lines),
        before=each.before,
        sentence=f"Payout {sent.id} of {_money(sent.amount, sent.currency)} consists of {counted} "
        f"({parts}), which come to {_money(each.taken, sent.currency)}.",
    )


def _not_found(company: str, each: Missing, payouts: Sequence[Payout], deposits: Sequence[Deposit]) -> Open:
    sentence, step = told(each, payouts, deposits)
    return Open(
        company=company,
        payout=payouts[each.payout].id,
        of="deposit",
        code=each.why.value,
        sentence=sentence,
        next_step=step,
    )


def told(each: Missing, payouts: Sequence[Payout], deposits: Sequence[Deposit]) -> tuple[str, str]:
    """Why a payout has no deposit, and what to do about it."""
    sent = payouts[each.payout]
    what = f"Payout {sent.id} of {_money(sent.amount, sent.currency)}"
    banks = ", ".join(deposits[at].id for at in each.deposits)
    others = ", ".join(payouts[at].id for at in each.payouts if at != each.payout)
    match each.why:
        case Lost.ONE_OF_SEVERAL:
            said = f"is one of the deposits {banks}, like {others}: all arrived, and which is which is not told"
        case Lost.SEVERAL:
            said = f"could be {banks}, and so could {others or 'nothing else'}"
        case Lost.TOGETHER:
            said = f"and {others} together are deposit {banks}"
        case Lost.LESS:
            kept = _money(sent.amount - deposits[each.deposits[0]].amount, sent.currency)
            said = f"may be deposit {deposits[each.deposits[0]].id}, which is {kept} less"
        case Lost.TEXT_SAYS_OTHERWISE:
            said = f"is named by {banks}, whose amount, currency or day is another"
        case Lost.CAME_BACK:
            said = "never arrived: a line of the balance brought it back"
        case Lost.NOT_THERE:
            said = "has no deposit of its amount in the days it may take"
    return f"{what} {said}.", _STEPS[each.why]


_STEPS = {
    Lost.ONE_OF_SEVERAL: "Take any of them for it: their amounts are equal.",
    Lost.SEVERAL: "Look at the bank's own details of these deposits.",
    Lost.TOGETHER: "Split that deposit in two, if the bank agrees.",
    Lost.LESS: "Ask the bank whether it kept a charge, and enter that as an expense.",
    Lost.TEXT_SAYS_OTHERWISE: "Look at the bank's own details of these deposits.",
    Lost.CAME_BACK: "Nothing, if the books do not hold it as arrived; its money goes out again with a later payout.",
    Lost.NOT_THERE: "See whether it failed at the processor, or whether the statement ends before it.",
}


def _money(minor: int, code: str) -> str:
    return grouped(Money(minor, Currency(code))) if code in DIGITS else f"{minor} {code}"


def _sent(payout: Payout) -> Sent:
    return Sent(
        id=payout.id,
        trace=payout.trace,
        source=payout.source,
        arrives=date.fromordinal(payout.arrives),
        currency=payout.currency,
        amount=payout.amount,
    )


def _at_bank(deposit: Deposit) -> AtBank:
    return AtBank(
        id=deposit.id,
        on=date.fromordinal(deposit.on),
        currency=deposit.currency,
        amount=deposit.amount,
        text=deposit.descriptor,
    )


def _held(line: Transaction) -> Held:
    return Held(
        id=line.id,
        type=line.type,
        available=date.fromordinal(line.available),
        gross=line.gross,
        fee=line.fee,
        net=line.net,
    )
