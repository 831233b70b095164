"""A decision in one plain sentence, said from its evidence and from nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from connector.money import Money, currency, grouped
from connector.reconcile.cash.record import Line

SHOWN_MAX = 5

_REASONS = {
    "key": "It carries the stored key of {whole}.",
    "reference": "Its text names {named}, and it is exactly what was open of that.",
    "reference-adjusted": "Its text names {named}, and it is what was open of that less {less}.",
    "reference-credit": "Its text names {named}, and it is what was open of that less the credit {sought}.",
    "reference-subset": "Its text names several, and only {named} come to its amount.",
    "completion": "Its text names {named}, and of the payer's others only {sought} make up the rest.",
    "near-miss": "A number in its text is one slip away from {sought}, of which exactly the missing amount was open.",
    "instalment": "Its text names {named}, and with the other parts it is exactly what was open.",
    "partial": "Its text names {named} and no other; it is a part of what was open.",
    "over": "Its text names {named} and no other; it is more than was open.",
    "amount": "Its text names nothing, and of everything its payer had open only {sought} has its amount.",
    "all-due": "Its text names nothing, and it is exactly all that was due: {sought}.",
    "subset": "Its text names nothing, and of everything its payer had open only {sought} come to its amount.",
    "amount-terms": "Its text names nothing, and only {sought} less {less} has its amount.",
    "identical": "As many receipts as invoices of this amount: {sought} by the rule that the oldest is paid first.",
    "duplicate": "It is {others} over again, and what that paid is closed: all of it stays on account.",
    "reversal": "It takes back what {others} brought.",
}


def told(line: Line) -> Line:
    """The same with its sentence."""
    return replace(line, sentence=sentence(line))


def sentence(line: Line) -> str:
    """Why it was decided so."""
    numbers = {item.id: item.number or item.id for item in line.items}
    said = _REASONS.get(line.kind, "It settles {whole}.").format(
        whole=_listed([numbers.get(each.item, each.item) for each in line.settled]),
        named=_listed([numbers.get(each.item, each.item) for each in line.settled if each.why != "amount"]),
        sought=_listed([numbers.get(each.item, each.item) for each in line.settled if each.why == "amount"]),
        others=_listed([each.id for each in line.together]),
        less=_less(line),
    )
    if line.adjustments and "{less}" not in _REASONS.get(line.kind, ""):
        said += f" It lacks {_less(line)}."
    if line.unapplied and line.kind != "duplicate":
        said += f" {_amount(line, line.unapplied)} stays on account."
    return said


def _less(line: Line) -> str:
    amount = sum(each.amount for each in line.adjustments)
    types = _listed(list(dict.fromkeys(each.type for each in line.adjustments)))
    rules = _listed(list(dict.fromkeys(each.rule for each in line.adjustments)))
    return f"{_amount(line, amount)} of {types} ({rules})"


def _amount(line: Line, minor: int) -> str:
    return grouped(Money(minor, currency(line.payment.currency)))


def _listed(names: Sequence[str]) -> str:
    if not names:
        return "nothing"
    if len(names) > SHOWN_MAX:
        return f"{', '.join(names[:SHOWN_MAX])} and {len(names) - SHOWN_MAX} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
