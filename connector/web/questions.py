"""Money received that settles nothing yet, by its reason: what needs an answer, what needs time, what went back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from connector.app.proof import MoneyRow, Proof
from connector.model.finding import Finding, FindingCode
from connector.money import Money, by_currency
from connector.web.words import day, reason

ASK, WAIT, BACK = "ask", "wait", "back"
"""What a group asks of the reader: an answer; patience; to know that this is no money to apply."""

_STANDS: dict[str, str] = {
    FindingCode.PENDING: WAIT,
    FindingCode.WRITE_UNSURE: WAIT,
    FindingCode.FAILED: BACK,
    FindingCode.RETURNED: BACK,
    FindingCode.REFUNDED: BACK,
    FindingCode.DISPUTED: BACK,
}
_DECIDED = "decided"
_HEADINGS = {_DECIDED: "Decided with evidence, not yet in the books", "lost": "Not explained"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One payment. `stake` is what is unsettled of it: the whole, or what its finding says.

    `payer` and `on` are empty for money that only the books' own record tells of: its sentence names both.
    """

    payer: str
    on: str
    stake: Money
    sentence: str
    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The payments of one reason, biggest first; `step` is the next step where all of them share it."""

    code: str
    heading: str
    stands: str
    questions: tuple[Question, ...]
    sums: tuple[Money, ...]
    step: str


def groups(proof: Proof) -> tuple[Group, ...]:
    """Every payment that is not applied, under its reason; the reasons with most payments first."""
    stakes = {(each.refs[0], str(each.code)): each.amount for each in proof.findings if each.refs}
    by_code: dict[str, list[Question]] = {}
    for row in proof.unapplied:
        stake = stakes.get((row.ref, row.code)) or row.amount
        by_code.setdefault(row.code or row.fate, []).append(_question(row, stake))
    for finding in _beside(proof):
        if finding.code is FindingCode.UNAPPLIED_IN_BOOKS and finding.amount is not None:
            by_code.setdefault(str(finding.code), []).append(_unapplied(finding, finding.amount))
    made = [_group(code, held) for code, held in by_code.items()]
    return tuple(sorted(made, key=lambda each: (each.code == _DECIDED, -len(each.questions), each.code)))


def _question(row: MoneyRow, stake: Money) -> Question:
    sentence = row.because or "It is neither applied nor listed: the proof does not hold."
    return Question(payer=row.payer, on=day(row.on), stake=stake, sentence=sentence, step=row.next_step)


def _unapplied(finding: Finding, amount: Money) -> Question:
    """What a payment that we posted left over in the books."""
    return Question(payer="", on="", stake=amount, sentence=finding.sentence, step=finding.next_step)


def _group(code: str, held: list[Question]) -> Group:
    held.sort(key=lambda each: (each.stake.currency, -each.stake.minor, each.sentence))
    steps = {each.step for each in held}
    return Group(
        code=code,
        heading=_HEADINGS.get(code) or reason(code),
        stands=_STANDS.get(code, ASK),
        questions=tuple(held),
        sums=sums(each.stake for each in held),
        step=steps.pop() if len(steps) == 1 else "",
    )


def sums(amounts: Iterable[Money]) -> tuple[Money, ...]:
    """One total per currency."""
    return tuple(by_currency(amounts).values())


def other_findings(proof: Proof) -> tuple[Finding, ...]:
    """What a person should know that is no payment waiting for an answer."""
    return tuple(each for each in _beside(proof) if each.code is not FindingCode.UNAPPLIED_IN_BOOKS)


def _beside(proof: Proof) -> list[Finding]:
    """The findings that belong to no row of the list of payments."""
    shown = {row.ref for row in proof.money}
    return [each for each in proof.findings if not each.refs or each.refs[0] not in shown]
