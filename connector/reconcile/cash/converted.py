"""Money in another currency than the items it pays: by a stored key or by numbers in the text, at the day's rate.

An amount that has to be converted agrees only more or less, so it proves nothing by itself: what is paid must be named,
and nothing else may stand in the text. What is named is then settled whole. The difference to the middle rate is
the bank's margin, and no larger than the company permits.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise

from connector.reconcile.cash.entered import NAMED_MAX
from connector.reconcile.cash.standing import Standing
from connector.reconcile.cash.verdict import Class, Share, Verdict

NEAR_MAX = 50
RATE_AGE_DAYS_MAX = 4
"""No rate is made on Sundays and holidays: that of so many days before stands."""
SURE_MAX = 4
"""Of a longer list, one is more easily left out."""
ALL_BP = 10_000


def converted(at: Standing, place: int) -> Verdict | None:
    """The items that a key or a clean text names, in one other currency, worth what came."""
    receipt = at.case.receipts[place]
    if not at.case.rates:
        return None
    found = _keyed(at, place) or _named(at, place)
    currencies = {at.case.items[item].currency for item in found}
    if len(currencies) != 1 or receipt.currency in currencies or not at.is_one_group(found):
        return None
    rate = rate_on(at, currencies.pop(), receipt.currency, receipt.on)
    total = sum(at.left[item] for item in found)
    if rate is None or total <= 0 or at.is_echo(place, at.group[found[0]]):
        return None
    if not _is_worth(at, receipt.amount, total, rate) or _has_rival(at, place, found, total, rate):
        return None
    pays = portions(receipt.amount, [at.left[item] for item in found])
    if any(pay * at.left[item] <= 0 for pay, item in zip(pays, found, strict=True)):
        return None
    shares = tuple(Share(item, pay, at.left[item], at.left[item]) for pay, item in zip(pays, found, strict=True))
    return Verdict(place, Class.CONVERTED, shares, 0, EXCHANGE, at.payer[place], rate=rate)


EXCHANGE = "exchange"


def rate_on(at: Standing, currency: str, home: str, on: int) -> tuple[int, int, int] | None:
    """So many minor units of one (numerator) for so many of the other (denominator), and the day of that rate: as the
    table has it, or turned round."""
    rates = at.case.rates
    for day in range(on, on - RATE_AGE_DAYS_MAX - 1, -1):
        if known := rates.get((currency, home, day)):
            return *known, day
        if (known := rates.get((home, currency, day))) and known[0]:
            return known[1], known[0], day
    return None


def _is_worth(at: Standing, amount: int, total: int, rate: tuple[int, int, int]) -> bool:
    """Whether an amount is this total at that rate, but for the margin that is permitted."""
    policy, (numerator, denominator, _) = at.case.policy, rate
    off = abs(amount * denominator - total * numerator) * ALL_BP
    return off <= total * numerator * policy.fx_margin_bp + policy.rounding * denominator * ALL_BP


def _has_rival(at: Standing, place: int, found: Sequence[int], total: int, rate: tuple[int, int, int]) -> bool:
    """Whether the margin also hides a credit memo that the text leaves out. Banks keep something and give nothing: a
    rival that would have them give is none, unless what is named has it too; then any small item may be left out."""
    receipt, (numerator, denominator, _) = at.case.receipts[place], rate
    slack = at.case.policy.rounding
    gains = receipt.amount * denominator > (total * numerator) + slack * denominator
    if receipt.key:
        return False
    heap = at.heaps.get((at.group[found[0]], at.case.items[found[0]].currency))
    most = total * max(at.case.policy.fx_margin_bp, 1) * 2 // ALL_BP
    near = (
        heap.between(-most, most if gains or len(found) > SURE_MAX else -1, receipt.on, NEAR_MAX)
        if heap is not None
        else []
    )
    return near is None or any(
        one not in found
        and _is_worth(at, receipt.amount, total + at.left[one], rate)
        and (gains or (receipt.amount - slack) * denominator <= (total + at.left[one]) * numerator)
        for one in near
    )


def _keyed(at: Standing, place: int) -> Sequence[int]:
    """The item that a stored key names, unless payer or text contradicts it, or an earlier receipt that says nothing
    may have been for it."""
    item = at.item_of.get(at.case.receipts[place].key, -1)
    if item < 0 or at.is_vetoed(at.payer[place], at.group[item]):
        return ()
    if any(item not in mention.items for mention in at.reading[place].mentions):
        return ()
    if any(at.case.receipts[one].on >= at.since[item] for one in at.quiet_before(place, at.group[item])):
        return ()
    return (item,)


def _named(at: Standing, place: int) -> Sequence[int]:
    """The open items of a text in which every number means one of them; none where it may be cut."""
    reading, payer = at.reading[place], at.payer[place]
    if at.case.receipts[place].key or reading.cut or reading.strange:
        return ()
    found: dict[int, None] = {}
    for mention in reading.mentions[:NAMED_MAX]:
        meant = [item for item in mention.items if not at.is_vetoed(payer, at.group[item])]
        if len(meant) != 1:
            return ()
        found[meant[0]] = None
    if any(not at.left[item] for item in found) or (reading.full and len(found) > 1):
        return ()
    return list(found)


def portions(amount: int, lefts: Sequence[int]) -> list[int]:
    """An amount divided as these are, to the unit."""
    total = sum(lefts)
    ends = [_rounded(so_far * amount, total) for so_far in accumulate(lefts)]
    return [after - before for before, after in pairwise([0, *ends])]


def _rounded(over: int, under: int) -> int:
    """A fraction in whole numbers, half a unit up."""
    return (2 * over + under) // (2 * under)
