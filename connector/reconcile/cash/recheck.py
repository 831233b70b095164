"""Every decision computed again from its evidence alone.

Nothing here is shared with what made the decisions but the shape of the lines, the sentence they are told in and the
arithmetic of accidents. A line is looked at by itself: spans, sums, rules, what its class claims. `replay` then puts
all lines of a company together.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from connector.reconcile.cash.claims import CLASSES
from connector.reconcile.cash.doubt import DISCOUNT_GRACE, RUN, Doubt, digits_in, part_of, readings
from connector.reconcile.cash.record import Adjustment, Company, Line, Span
from connector.reconcile.cash.telling import sentence

FEE_SHARE = 20
PARTS_MAX = 3
"""A number has so many runs of digits at most."""


def faults(line: Line, head: Company) -> Iterator[str]:
    """Everything in one line that does not hold."""
    doubt = Doubt(line, head)
    if len(doubt.known) != len(line.items):
        yield "it lists an item twice"
    unlisted = [each.item for each in line.settled if each.item not in doubt.known]
    unlisted += [item for item in line.considered if item not in doubt.known]
    if unlisted:
        yield f"it says nothing of {unlisted[0]}"
        return
    yield from _spans(doubt)
    if line.step < 0:
        if line.settled or line.unapplied != line.payment.amount:
            yield "it settles something, and says that nothing was decided"
        return
    yield from _equation(doubt)
    yield from _adjustments(doubt)
    yield from _belonging(doubt)
    check = CLASSES.get(line.kind)
    if check is None:
        yield f"nobody knows the class {line.kind!r}"
    else:
        yield from check(doubt)
    if sentence(line) != line.sentence:
        yield "its sentence says something else"


def _spans(doubt: Doubt) -> Iterator[str]:
    for span in doubt.line.spans:
        if doubt.paid.text[span.start : span.end] != span.text or not 0 <= span.start <= span.end:
            yield f"its text does not have {span.text!r} at {span.start}"
        for item in span.items:
            if item not in doubt.known:
                yield f"it says nothing of {item}"
            elif not _is_number(doubt.paid.text, span, doubt.known[item].number):
                yield f"{span.text!r} is not the number of {item}"


def _is_number(text: str, span: Span, number: str) -> bool:
    """Whether what stands there is the number, or its end, or a word between two numbers of which it lies between."""
    own = digits_in(number).lstrip("0")
    written = readings(span.text)
    if written:
        return any(own.endswith(one) or one.endswith(own) for one in written)
    before, after = RUN.findall(text[: span.start])[-PARTS_MAX:], RUN.findall(text[span.end :])[:PARTS_MAX]
    return bool(own) and any(
        int(low[-len(own) :]) < int(own[-len(low) :]) and int(own[-len(high) :]) < int(high[-len(own) :])
        for low in before
        for high in after
    )


def _equation(doubt: Doubt) -> Iterator[str]:
    line = doubt.line
    total = sum(each.pay for each in line.settled) + line.unapplied
    if total != doubt.paid.amount:
        yield f"its parts come to {total}, and it is {doubt.paid.amount}"
    if line.unapplied * doubt.paid.amount < 0:
        yield "it spends more than came"
    if len({each.item for each in line.settled}) != len(line.settled):
        yield "it settles an item twice"
    for each in line.settled:
        left = doubt.open(each.item)
        if line.kind != "reversal" and (each.applied * left <= 0 or abs(each.applied) > abs(left)):
            yield f"it applies {each.applied} to {each.item}, of which {left} was open"
        given = sum(one.amount for one in line.adjustments if one.item == each.item)
        if line.kind != "reversal" and each.applied - each.pay != given:
            yield f"{each.item} gets {each.applied} for {each.pay}, and {given} is permitted"


def _adjustments(doubt: Doubt) -> Iterator[str]:
    line = doubt.line
    if line.kind == "reversal":
        return
    types = {each.type for each in line.adjustments}
    if len(types) > 1:
        yield "it mixes adjustments"
    for each in line.adjustments:
        if each.item not in {one.item for one in line.settled}:
            yield f"it adjusts {each.item}, which it does not settle"
        elif not _is_permitted(doubt, each):
            yield f"nothing permits {each.amount} of {each.type} on {each.item}"


def _is_permitted(doubt: Doubt, each: Adjustment) -> bool:
    item, policy = doubt.known[each.item], doubt.policy
    slack = len(doubt.settled)
    numbers = [int(run) for run in RUN.findall(each.rule)]
    match each.type:
        case "discount" if len(numbers) == 2:  # noqa: PLR2004 - a rate and days
            rate, days = numbers
            in_time = doubt.paid.on <= item.issued + timedelta(days=days) + DISCOUNT_GRACE
            agreed = each.rule == f"{rate} bp within {days} days" and rate <= policy.discount_bp_max
            cut = part_of(item.open, rate) if in_time else 0
            return policy.terms and agreed and abs(each.amount - cut) <= slack
        case "withholding" if len(numbers) == 1:
            agreed = each.rule == f"{numbers[0]} bp withheld" and numbers[0] <= policy.withholding_bp_max
            return policy.terms and agreed and abs(each.amount - part_of(item.open, numbers[0])) <= slack
        case "bank fee":
            largest = max(doubt.open(one.item) for one in doubt.settled)
            return (
                each.rule == f"at most {policy.bank_fee}"
                and 0 < each.amount <= policy.bank_fee
                and (each.amount * FEE_SHARE <= largest)
            )
        case "rounding":
            return each.rule == f"at most {policy.rounding}" and 0 < each.amount <= policy.rounding
    return False


def _belonging(doubt: Doubt) -> Iterator[str]:
    """Whether everything is one payer's, and stands where the line says that it stands."""
    line = doubt.line
    if len({doubt.known[each.item].group for each in line.settled}) > 1:
        yield "it settles items of several customers"
    for each in line.settled:
        item = doubt.known[each.item]
        if line.payer.group and item.group != line.payer.group and line.kind != "reversal":
            yield f"{each.item} is not its payer's"
        if not line.payer.group and line.payer.among and item.group not in line.payer.among:
            yield f"{each.item} is of nobody who may have paid"
        if each.why == "key" and each.item != doubt.paid.key:
            yield f"its key is not {each.item}"
        if each.why == "named" and not any(each.item in span.items for span in line.spans):
            yield f"its text does not name {each.item}"
        searched = line.kind not in ("reversal", "instalment") and doubt.is_whole
        if each.why == "amount" and searched and each.item not in line.considered:
            yield f"{each.item} was not among those considered"
    yield from _considered(doubt)


def _considered(doubt: Doubt) -> Iterator[str]:
    line = doubt.line
    for one in line.considered:
        item = doubt.known[one]
        if item.group != doubt.group or not item.open or item.issued > doubt.paid.on:
            yield f"{one} was not open for this payer then"
    if len(line.considered) > line.considered_all:
        yield "it considered more than there were"
