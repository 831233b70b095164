"""What was said of payouts, computed again from the lines of evidence alone.

Nothing of what made the decisions is used: a sum is added up, a day counted, a text searched, and that every other way
leaves somebody alone is tried out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from connector.reconcile.cash.payout_record import Arrived, AtBank, Consists, Open, PayoutRecord, Sent

DAYS_MAX = 5


class PayoutCourse:
    """Takes the lines of a file one after the other; each answer says what does not hold."""

    def __init__(self) -> None:
        self.decisions = 0
        self.abstentions = 0
        self._used: set[tuple[str, str, str]] = set()
        self._ends: dict[tuple[str, str, str], tuple[int, date]] = {}

    def take(self, record: PayoutRecord) -> list[str]:
        """The faults of a line, in words."""
        match record:
            case Arrived():
                self.decisions += 1
                where, found = f"deposit {record.deposit}", [*self._arrived(record)]
            case Consists():
                self.decisions += 1
                where, found = f"payout {record.payout}", [*self._consists(record)]
            case Open():
                self.abstentions += 1
                where = f"payout {record.payout}"
                found = [] if record.sentence and record.next_step else ["it says not why it is open."]
                found += self._once(record.company, f"payout's {record.of}", record.payout)
        return [f"{record.company}, {where}: {fault}" for fault in found]

    def _once(self, company: str, what: str, name: str) -> Iterator[str]:
        if (company, what, name) in self._used:
            yield f"{what} {name} stands there twice."
        self._used.add((company, what, name))

    def _arrived(self, record: Arrived) -> Iterator[str]:
        yield from self._once(record.company, "deposit", record.deposit)
        yield from self._once(record.company, "payout's deposit", record.payout)
        bank = {each.id: each for each in record.deposits}.get(record.deposit)
        sent = {each.id: each for each in record.payouts}.get(record.payout)
        if bank is None or sent is None:
            yield "it does not say what it is about."
            return
        if (bank.currency, bank.amount) != (sent.currency, sent.amount):
            yield f"it is {bank.amount} {bank.currency}, and the payout {sent.amount} {sent.currency}."
        if record.why == "traced":
            if not _names(bank, sent):
                yield "its text does not name the payout."
            return
        if not _fits(bank, sent):
            yield "its day or its text is not the payout's."
        if record.why == "only" and (len(record.payouts), len(record.deposits)) != (1, 1):
            yield "it was not the only one."
        if record.why == "forced":
            yield from _forced(record)
        elif record.why != "only":
            yield "nobody knows what it stands on."

    def _consists(self, record: Consists) -> Iterator[str]:
        yield from self._once(record.company, "payout's lines", record.payout)
        for line in record.lines:
            yield from self._once(record.company, f"line of {record.source}", line.id)
            if line.gross - line.fee != line.net:
                yield f"the net of line {line.id} is not its gross less its fee."
        held = sum(line.net for line in record.lines)
        if held != record.taken:
            yield f"its lines come to {held}, and it took {record.taken}."
        if not record.lines:
            yield "it consists of nothing."
        if record.made == "by schedule":
            if record.taken != record.amount:
                yield f"it took {record.taken}, and is {record.amount}."
        else:
            yield from self._in_order(record)

    def _in_order(self, record: Consists) -> Iterator[str]:
        """What was asked for by hand begins where all before it ended, and holds nothing that was ready earlier."""
        purse = (record.company, record.source, record.currency)
        if record.before is None:
            yield "it does not say where it begins."
            return
        ready = [line.available for line in record.lines]
        held = self._ends.get(purse)
        if held is not None and ready and min(ready) < held[1] and record.before >= held[0]:
            yield "it holds a line that was ready before those of the payout before it."
        if ready and (held is None or record.before >= held[0]):
            self._ends[purse] = (record.before + record.taken, max(ready))


def _names(bank: AtBank, sent: Sent) -> bool:
    """Whether the text has the payout's id or trace, not as a part of a longer word."""
    text = bank.text.upper()
    return any(
        re.search(rf"(?<![0-9A-Z_]){re.escape(name.upper())}(?![0-9A-Z_])", text) is not None
        for name in (sent.id, sent.trace)
        if name
    )


def _fits(bank: AtBank, sent: Sent) -> bool:
    """The same money, in its days, and a text that does not name another processor."""
    same = (bank.currency, bank.amount) == (sent.currency, sent.amount)
    return same and 0 <= (bank.on - sent.arrives).days <= DAYS_MAX


def _forced(record: Arrived) -> Iterator[str]:
    """Whether without this pair not everybody finds a partner, and with it everybody does."""
    if len(record.payouts) != len(record.deposits):
        yield "not every one of that amount has a partner."
        return
    sources = {each.source.upper() for each in record.payouts} - {""}
    ways = {
        bank.id: {
            sent.id for sent in record.payouts if _fits(bank, sent) and _permits(bank, sent, record.payouts, sources)
        }
        for bank in record.deposits
    }
    if record.payout not in ways[record.deposit] or not _all_seated(ways):
        yield "not every one of that amount has a partner."
    ways[record.deposit].discard(record.payout)
    if _all_seated(ways):
        yield "another way leaves nobody alone."


def _permits(bank: AtBank, sent: Sent, payouts: tuple[Sent, ...], sources: set[str]) -> bool:
    """Whether the bank's text does not speak of somebody else instead."""
    named = {each.id for each in payouts if _names(bank, each)}
    told = {source for source in sources if source in bank.text.upper()}
    return sent.id in named if named else not told or not sent.source or sent.source.upper() in told


def _all_seated(ways: dict[str, set[str]]) -> bool:
    """Whether everybody can have a partner of its own."""
    taken: dict[str, str] = {}

    def seat(who: str, tried: set[str]) -> bool:
        for partner in sorted(ways[who] - tried):
            tried.add(partner)
            if partner not in taken or seat(taken[partner], tried):
                taken[partner] = who
                return True
        return False

    return all(seat(who, set()) for who in sorted(ways))
