"""A decision in one plain sentence, said from its evidence and from nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from connector.model.allocation import Shortfall
from connector.money import Money, currency, grouped
from connector.reconcile.cash.lacking import WORDS, likely
from connector.reconcile.cash.record import Adjustment, Line

SHOWN_MAX = 5
_RATE = re.compile(r"(\d+) bp")

_KNOWN_BY = {
    "processor": "the processor's customer id",
    "email": "the e-mail address",
    "account": "the bank account in the books",
    "learned": "a bank account that paid for it before",
    "name": "its name",
    "cut name": "a name that the bank cut off",
    "near name": "nearly its name",
    "learned name": "a name that it paid under before",
    "contradicted": "signs that contradict each other",
}

_REASONS = {
    "key": "It carries the stored key of {whole}.",
    "reference": "Its text names {named}, and it is exactly what was open of that.",
    "reference-adjusted": "Its text names {named}, and it is what was open of that less {less}.",
    "reference-credit": "Its text names {named}, and it is what was open of that less the credit {sought}.",
    "reference-subset": "Its text names several, and only {named} come to its amount.",
    "completion": "Its text names {named}, and of the payer's others only {sought} make up the rest.",
    "near-miss": "A number in its text is one slip away from {sought}, of which exactly the missing amount was open.",
    "instalment": "Its text names {named}, and with the other payments that name it, it is exactly what was open.",
    "partial": "Its text names {named} and no other; it is a part of what was open.",
    "over": "Its text names {named} and no other; it is more than was open.",
    "amount": "Its text names nothing, and of everything its payer had open only {sought} has its amount.",
    "all-due": "Its text names nothing, and it is exactly all that was due: {sought}.",
    "subset": "Its text names nothing, and of everything its payer had open only {sought} come to its amount.",
    "amount-terms": "Its text names nothing, and only {sought} less {less} has its amount.",
    "identical": "As many receipts as invoices of this amount: {sought} by the rule that the oldest is paid first.",
    "converted": "{says} {settled}, and at the rate of {day} it is what was open of that.",
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
        says="Its key is that of" if any(each.why == "key" for each in line.settled) else "Its text names",
        settled=_listed([numbers.get(each.item, each.item) for each in line.settled]),
        day=line.rate.day.isoformat() if line.rate is not None else "its day",
    )
    if line.adjustments and "{less}" not in _REASONS.get(line.kind, ""):
        said += f" {_less(line)} is permitted."
    said += _short(line)
    if line.unapplied and line.kind != "duplicate":
        said += f" {amount_of(line, line.unapplied)} stays on account."
    return said


def _short(line: Line) -> str:
    """What stays open of the items that are settled in part, and what that looks like."""
    items, said = {item.id: item for item in line.items}, ""
    for each in line.settled:
        item = items.get(each.item)
        if item is None or line.kind in ("reversal", "converted") or not 0 < each.applied < item.open:
            continue
        left = item.open - each.applied
        guess = likely(item.open, left)
        looks = f"; it looks like {WORDS[guess]}" if guess is not Shortfall.UNKNOWN else ""
        said += f" {amount_of(line, left)} of {item.number or item.id} stays open{looks}."
    return said


def _less(line: Line) -> str:
    amount = sum(each.amount for each in line.adjustments)
    types = _listed(list(dict.fromkeys(each.type for each in line.adjustments)))
    rules = _listed(list(dict.fromkeys(rule_of(line, each) for each in line.adjustments)))
    return f"{amount_of(line, amount)} of {types} ({rules})"


def rule_of(line: Line, each: Adjustment) -> str:
    """The rule that permits a difference, as one says it: percents, and amounts of the payment's currency."""
    if each.rule.startswith("at most "):
        return f"at most {amount_of(line, int(each.rule.removeprefix('at most ')))}" if each.rule[8:].isdigit() else ""
    return _RATE.sub(lambda found: f"{_percent(int(found[1]))} %", each.rule)


def marked(line: Line) -> str:
    """The text with brackets around the numbers that were read in it."""
    text, end, said = line.payment.text, 0, ""
    for span in sorted(line.spans, key=lambda one: (one.start, one.end)):
        if span.start >= end:
            said += f"{text[end : span.start]}[{text[span.start : span.end]}]"
            end = span.end
    return said + text[end:]


def payer_of(line: Line) -> str:
    """Who paid, and what says so."""
    payer = line.payer
    if payer.group:
        return f"{payer.group}, by {_KNOWN_BY.get(payer.basis, payer.basis)}: {payer.says}"
    if payer.among:
        return f"one of {', '.join(payer.among)}, by {_KNOWN_BY.get(payer.basis, payer.basis)}: {payer.says}"
    return "nobody knows" if payer.basis == "nobody" else f"unsure: {_KNOWN_BY.get(payer.basis, payer.basis)}"


def equation(line: Line) -> str:
    """What came, as the sum of what it pays, and what that is applied with."""
    parts = [amount_of(line, each.pay) for each in line.settled]
    if line.unapplied:
        parts.append(f"{amount_of(line, line.unapplied)} on account")
    said = f"{' + '.join(parts)} = {amount_of(line, line.payment.amount)}"
    cut = sum(each.amount for each in line.adjustments)
    if cut:
        applied = sum(each.applied for each in line.settled)
        said += f"; with {amount_of(line, cut)} permitted, {amount_of(line, applied)} is settled"
    return said


def amount_of(line: Line, minor: int, code: str = "") -> str:
    """Minor units as people write them, in the payment's currency or another."""
    return grouped(Money(minor, currency(code or line.payment.currency)))


def _percent(basis_points: int) -> str:
    """2, 2.5 or 2.25."""
    whole, rest = divmod(basis_points, 100)
    return f"{whole}.{rest:02}".rstrip("0").rstrip(".") if rest else str(whole)


def _listed(names: Sequence[str]) -> str:
    if not names:
        return "nothing"
    if len(names) > SHOWN_MAX:
        return f"{', '.join(names[:SHOWN_MAX])} and {len(names) - SHOWN_MAX} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
