"""Every decision computed again from its evidence alone.

Nothing here is shared with what made the decisions but the shape of the lines, the sentence they are told in and the
arithmetic of accidents. A line is looked at by itself: spans, sums, rules, what its class claims. `replay` then puts
all lines of a company together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from connector.model.finding import FindingCode
from connector.money import DIGITS
from connector.reconcile.cash.claims import CLASSES, expected
from connector.reconcile.cash.doubt import DISCOUNT_GRACE, RUN, Doubt, digits_in, part_of, readings
from connector.reconcile.cash.measured import PPM, decision_ppm
from connector.reconcile.cash.nextsteps import NEXT, PROPOSED_MAX
from connector.reconcile.cash.record import Adjustment, Company, Line, Offer, Span
from connector.reconcile.cash.telling import sentence

FEE_SHARE = 20
RIVALS_MAX = 20
LISTED_MAX = 80
"""Of more, what was open at the very moment of the search cannot be told to the last item."""
PARTS_MAX = 3
"""A number has so many runs of digits at most."""


def faults(line: Line, head: Company) -> Iterator[str]:
    """Everything in one line that does not hold."""
    doubt = Doubt(line, head)
    if len(doubt.known) != len(line.items):
        yield "it lists an item twice"
    unlisted = [each.item for each in line.settled if each.item not in doubt.known]
    unlisted += [item for item in line.considered if item not in doubt.known]
    unlisted += [item for span in line.spans for item in span.items if item not in doubt.known]
    if unlisted:
        yield f"it says nothing of {unlisted[0]}"
        return
    if line.payment.currency not in DIGITS:
        yield f"{line.payment.currency} is no currency"
        return
    yield from _spans(doubt)
    if line.what != "payment":
        yield f"it is no {line.what}"
    if line.step < 0:
        yield from undecided(doubt)
        return
    yield from _decided(doubt)


def _decided(doubt: Doubt) -> Iterator[str]:
    line = doubt.line
    yield from _equation(doubt)
    yield from _rivals(doubt)
    yield from _adjustments(doubt)
    yield from _belonging(doubt)
    check = CLASSES.get(line.kind)
    if check is None:
        yield f"nobody knows the class {line.kind!r}"
        return
    yield from check(doubt)
    if doubt.is_whole and len(line.considered) <= LISTED_MAX and line.accidents_ppm not in expected(doubt):
        yield "accidents are more likely, or less, than it says"
    if line.proposals or line.next_step:
        yield "it was decided, and still proposes something"
    kinds = {one.type for one in line.adjustments} or {"exchange" if line.rate is not None else ""}
    known = bool(line.payer.group)
    if line.confidence_ppm not in {decision_ppm(line.kind, kind, known=known) for kind in kinds}:
        yield "such decisions are right more often, or less, than it says"
    if sentence(line) != line.sentence:
        yield "its sentence says something else"


def _spans(doubt: Doubt) -> Iterator[str]:
    for span in doubt.line.spans:
        inside = 0 <= span.start <= span.end <= len(doubt.paid.text)
        if doubt.paid.text[span.start : span.end] != span.text or not inside:
            yield f"its text does not have {span.text!r} at {span.start}"
        for item in span.items:
            if not _is_number(doubt.paid.text, span, doubt.known[item].number):
                yield f"{span.text!r} is not the number of {item}"


def _is_number(text: str, span: Span, number: str) -> bool:
    """Whether what stands there is the number, or its end, or a word between two numbers of which it lies between."""
    own = digits_in(number).lstrip("0")
    written = readings(span.text)
    if written:
        parts = [part.lstrip("0") for part in RUN.findall(number)]
        return any(own.endswith(one) or one.endswith(own) or one in parts for one in written)
    before, after = RUN.findall(text[: span.start])[-PARTS_MAX:], RUN.findall(text[span.end :])[:PARTS_MAX]
    if _lies_between(RUN.findall(number), before, after):
        return True
    return bool(own) and any(
        int(low[-len(own) :]) < int(own[-len(low) :]) and int(own[-len(high) :]) < int(high[-len(own) :])
        for low in before
        for high in after
    )


def _lies_between(parts: Sequence[str], before: Sequence[str], after: Sequence[str]) -> bool:
    """Whether a number is between two others by one of its parts, and like both of them in the rest."""
    ends = list(zip(parts, before[-len(parts) :], after[: len(parts)], strict=False))
    apart = [end for end in ends if len(set(end)) > 1]
    return len(ends) == len(parts) > 1 == len(apart) and int(apart[0][1]) < int(apart[0][0]) < int(apart[0][2])


def _equation(doubt: Doubt) -> Iterator[str]:
    line = doubt.line
    total = sum(each.pay for each in line.settled) + line.unapplied
    if total != doubt.paid.amount:
        yield f"its parts come to {total}, and it is {doubt.paid.amount}"
    if (doubt.paid.kind == "payment") is (line.kind == "reversal") or (doubt.paid.amount < 0) is (
        doubt.paid.kind == "payment"
    ):
        yield f"a {doubt.paid.kind} of {doubt.paid.amount} is nothing that a {line.kind} settles"
    if line.unapplied * doubt.paid.amount < 0:
        yield "it spends more than came"
    if len({each.item for each in line.settled}) != len(line.settled):
        yield "it settles an item twice"
    for each in line.settled:
        left = doubt.open(each.item)
        if line.kind != "reversal" and (each.applied * left <= 0 or abs(each.applied) > abs(left)):
            yield f"it applies {each.applied} to {each.item}, of which {left} was open"
        given = sum(one.amount for one in line.adjustments if one.item == each.item)
        if line.kind not in ("reversal", "converted") and each.applied - each.pay != given:
            yield f"{each.item} gets {each.applied} for {each.pay}, and {given} is permitted"


def _rivals(doubt: Doubt) -> Iterator[str]:
    """Whether just those are listed that have a number or the amount and were not meant, each for the right reason."""
    line = doubt.line
    settled = {each.item for each in line.settled}
    groups = {doubt.known[item].group for item in settled}
    named = {item for span in line.spans for item in span.items}
    expected = [(item, _why_not(doubt, item, groups)) for item in sorted(named - settled)[:RIVALS_MAX]]
    equal = [
        one
        for one in line.considered
        if doubt.open(one) == doubt.paid.amount and one not in settled and one not in named
    ]
    why = "It has the same amount, and the text names another."
    if line.kind == "identical":
        why = "It is the same, and the oldest is taken for the one that was paid first."
    expected += [(item, why) for item in equal[:RIVALS_MAX]]
    if expected != [("".join(rival.items), rival.why) for rival in line.rivals]:
        yield "it does not say of every rival why it was none"


def _why_not(doubt: Doubt, item: str, groups: set[str]) -> str:
    known = doubt.known[item]
    if known.currency != doubt.paid.currency:
        return "It is in another currency."
    if groups and known.group not in groups:
        return "It is another customer's."
    return "Its amount does not fit." if known.open else "Nothing was open of it."


def undecided(doubt: Doubt) -> Iterator[str]:
    """Whether nothing is settled, the reason is one of the closed list, and what is proposed could be done."""
    line = doubt.line
    if line.settled or line.adjustments or line.considered or line.unapplied != line.payment.amount:
        yield "it settles something, and says that nothing was decided"
    if line.kind not in NEXT or line.next_step != NEXT[FindingCode(line.kind)] or not line.sentence.endswith("."):
        yield "it does not say why, or what to do next"
    for rival in line.rivals:
        if not rival.items or any(item not in doubt.known for item in rival.items):
            yield "it says nothing of a rival"
    said = [offer.confidence_ppm for offer in line.proposals]
    if len(said) > PROPOSED_MAX or any(not 0 < one <= PPM for one in said):
        yield "it proposes too much, or with more than certainty"
    for offer in line.proposals:
        yield from _offer(doubt, offer)


def _offer(doubt: Doubt, offer: Offer) -> Iterator[str]:
    paid = doubt.paid
    if sum(each.pay for each in offer.settled) + offer.unapplied != paid.amount or offer.unapplied * paid.amount < 0:
        yield "what it proposes is not what came"
    if len({each.item for each in offer.settled}) != len(offer.settled) or not offer.sentence.endswith("."):
        yield "it proposes an item twice, or does not say what"
    for each in offer.settled:
        known = doubt.known.get(each.item)
        if known is None or each.why != "proposed":
            yield f"it says nothing of {each.item}, and proposes it"
        elif paid.amount > 0 and (each.applied * known.open <= 0 or abs(each.applied) > abs(known.open)):
            yield f"it proposes {each.applied} for {each.item}, of which {known.open} is open"


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
        if each.why != _why(doubt, each.item):
            yield f"{each.item} is not there because of its {each.why}"
        searched = line.kind not in ("reversal", "instalment") and doubt.is_whole
        if each.why == "amount" and searched and each.item not in line.considered:
            yield f"{each.item} was not among those considered"
    yield from _considered(doubt)


def _why(doubt: Doubt, item: str) -> str:
    """What brings an item into a decision: the stored key, a number of the text, or the amount alone."""
    if item == doubt.paid.key and doubt.line.kind in ("key", "converted"):
        return "key"
    return "named" if any(item in span.items for span in doubt.line.spans) else "amount"


def _considered(doubt: Doubt) -> Iterator[str]:
    line = doubt.line
    for one in line.considered:
        item = doubt.known[one]
        if item.group != doubt.group or not item.open or item.issued > doubt.paid.on:
            yield f"{one} was not open for this payer then"
    if line.considered_all != len(line.considered) + sum(count for _, count in line.rest):
        yield "it considered more than there were, or less"
