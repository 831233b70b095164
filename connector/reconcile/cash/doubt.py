"""One line of evidence taken apart for whoever computes it again: what was open, what was to be paid, what is named."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta

from connector.reconcile.cash.case import Policy
from connector.reconcile.cash.record import Company, Known, Line, Settled

DISCOUNT_GRACE = timedelta(days=2)

TOKEN = re.compile(r"[^\W_]+")
RUN = re.compile(r"\d+")
_LETTERS = str.maketrans("OISBZ", "01582")


class Doubt:
    """A line with what follows from it at once. `group`: whose items are meant; `terms`: what makes them cheaper."""

    def __init__(self, line: Line, head: Company) -> None:
        self.line = line
        self.paid = line.payment
        self.policy: Policy = head.policy
        self.known: dict[str, Known] = {item.id: item for item in line.items}
        self.settled: Sequence[Settled] = line.settled
        self.named = [each.item for each in line.settled if each.why != "amount"]
        self.sought = [each.item for each in line.settled if each.why == "amount"]
        types = {each.type for each in line.adjustments}
        self.terms = next(iter(types), "") if len(types) == 1 else ""
        self.group = line.payer.group or next(
            (self.known[each.item].group for each in line.settled if each.item in self.known), ""
        )

    def open(self, item: str) -> int:
        return self.known[item].open

    def net(self, item: str) -> int:
        """What was to be paid of it, under the terms that the line appeals to."""
        known = self.known[item]
        if self.terms == "withholding" and known.withholding_bp <= self.policy.withholding_bp_max:
            return known.open - part_of(known.open, known.withholding_bp)
        in_time = self.paid.on <= known.issued + timedelta(days=known.discount_days) + DISCOUNT_GRACE
        if self.terms == "discount" and in_time and known.discount_bp <= self.policy.discount_bp_max:
            return known.open - part_of(known.open, known.discount_bp)
        return known.open

    @property
    def is_whole(self) -> bool:
        """Whether everything that was open stands in the line."""
        return len(self.line.considered) == self.line.considered_all

    def others(self) -> list[str]:
        """What was considered beside the numbers, as they fall due."""
        found = [item for item in self.line.considered if item not in self.named]
        return sorted(found, key=lambda item: (self.known[item].due, self.known[item].issued, item))

    def meant(self) -> list[str]:
        """The items that the text names, each number meaning one of this payer's, of which something was open."""
        found: dict[str, None] = {}
        payer = self.line.payer
        for span in self.line.spans:
            own = [
                item
                for item in span.items
                if (known := self.known.get(item)) is not None
                and known.currency == self.paid.currency
                and (known.group == payer.group if payer.group else not payer.among or known.group in payer.among)
            ]
            if len(own) == 1 and self.open(own[0]):
                found[own[0]] = None
        return list(found)


def readings(text: str) -> list[str]:
    """The digits that stand there without zeros before them, as they are and with letters read as digits."""
    found = (digits_in(text).lstrip("0"), numeral(text).lstrip("0"))
    return list(dict.fromkeys(filter(None, found)))


def numeral(text: str) -> str:
    """All digits of a text, letters read as the digits they look like; a word without any digit is no number."""
    return digits_in(text.upper().translate(_LETTERS)) if digits_in(text) else ""


def digits_in(text: str) -> str:
    """All digits of a text, one behind the other."""
    return "".join(RUN.findall(text))


def part_of(amount: int, basis_points: int) -> int:
    """That many hundredths of a percent of it, half a unit up."""
    return (amount * basis_points + 5_000) // 10_000
