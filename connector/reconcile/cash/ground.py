"""What is made of a company's customers and items before any receipt is looked at, kept from one time to the next.

Learning how its numbers look, who is called how and what is open of whom takes far longer than a day's receipts do. It
follows from customers and items alone: where those are the same, or only other amounts are open, it is not made again,
and what is decided on it is what would be decided without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from connector.reconcile.cash.case import Case, Item
from connector.reconcile.cash.entered import Entered
from connector.reconcile.cash.rounds import Rounds

CHANGED_SHARE = 4
"""Where more than a fourth of the items are others, it is quicker to begin anew."""


class Ground:
    """One company's, or none yet. `made`: how often it was made from nothing."""

    def __init__(self) -> None:
        self.made = 0
        self._held: list[Entered] = []

    def rounds(self, case: Case) -> Rounds:
        """A case ready to be decided: as if all of it had been entered just now."""
        # Taken away while it is used: whoever else is at work on this company meanwhile makes his own.
        entered = self._held.pop() if self._held else None
        if entered is None or not _brought_up(entered, case):
            entered = Entered(replace(case, receipts=(), learned={}))
            self.made += 1
        made = Rounds(case, entered)
        self._held[:] = [entered]
        return made


def _brought_up(entered: Entered, case: Case) -> bool:
    """Whether it holds the customers and items of a case now. Items may have come to another amount or day; for
    anything else it has to be made anew."""
    if entered.case.policy != case.policy or len(entered.items) != len(case.items):
        return False
    others = [(old, new) for old, new in zip(entered.items, case.items, strict=True) if old is not new and old != new]
    if len(others) * CHANGED_SHARE > len(case.items) or entered.parties != list(case.parties):
        return False
    if any(_name(old) != _name(new) for old, new in others):
        return False
    for _, new in others:
        entered.change(new)
    return True


def _name(item: Item) -> Sequence[str]:
    return item.id, item.number, item.party, item.currency
