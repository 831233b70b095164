"""Which permitted difference between what is open and what came makes the two agree: each typed and bound by a rule.

An agreed discount or tax is a rule of the customer's; what a bank kept is at most the company's limit, and a round sum
or one that was kept before; anything else stays open.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connector.reconcile.cash.case import Party, Receipt
from connector.reconcile.cash.standing import Standing
from connector.reconcile.cash.verdict import Class, Verdict

DISCOUNT, WITHHOLDING, ROUNDING, BANK_FEE = "discount", "withholding", "rounding", "bank fee"
FEE_SHARE_MAX = 20
"""A bank's fee is at most the twentieth part of the largest item."""
FEE_ROUND = 50
"""A fee is a multiple of so many minor units, or was seen so often before:"""
FEE_SEEN_MIN = 2
SAME_AMOUNT_MAX = 8


def terms_of(at: Standing, group: int) -> Iterator[str]:
    """The agreed cuts anybody in a group has; "" first: none."""
    yield ""
    discounts, taxes = at.rates.get(group, ((), ()))
    if discounts:
        yield DISCOUNT
    if taxes:
        yield WITHHOLDING


def net(at: Standing, receipt: Receipt, item: int, terms: str) -> int:
    """What is to be paid for what is open on an item under these terms."""
    left = at.left[item]
    party = at.party_of(item) if terms else None
    if party is None:
        return left
    policy = at.case.policy
    if terms == WITHHOLDING:
        return left - (_part(left, party.withholding_bp) if party.withholding_bp <= policy.withholding_bp_max else 0)
    in_time = receipt.on <= at.case.items[item].issued + party.discount_days + policy.discount_grace_days
    return left - (_part(left, party.discount_bp) if in_time and party.discount_bp <= policy.discount_bp_max else 0)


def under_terms(at: Standing, place: int, found: Sequence[int]) -> Verdict | None:
    """These items in whole, under one agreed cut. One minor unit an item is left to how the payer rounded."""
    receipt = at.case.receipts[place]
    short = sum(at.left[item] for item in found) - receipt.amount
    if short <= 0 or not at.case.policy.terms:
        return None
    for terms in terms_of(at, at.group[found[0]]):
        pays = [net(at, receipt, item, terms) for item in found] if terms else []
        over = receipt.amount - sum(pays)
        if (
            terms
            and abs(over) <= len(found)
            and any(pay != at.left[item] for pay, item in zip(pays, found, strict=True))
        ):
            pays[-1] += over
            return at.verdict(place, Class.REFERENCE_ADJUSTED, found, pays=pays, adjustment=terms)
    return None


def within_limits(at: Standing, place: int, found: Sequence[int]) -> Verdict | None:
    """These items in whole, of which a few minor units are missing, or what a bank keeps."""
    policy = at.case.policy
    short = sum(at.left[item] for item in found) - at.case.receipts[place].amount
    largest = max(found, key=lambda item: (at.left[item], -item))
    if short <= 0 or short * FEE_SHARE_MAX > at.left[largest]:
        return None
    if short <= policy.rounding:
        kind = ROUNDING
    elif short <= policy.bank_fee and (short % FEE_ROUND == 0 or at.tariff[short] >= FEE_SEEN_MIN):
        kind = BANK_FEE
    else:
        return None
    if not at.is_first_to_name(place, found) or is_late_discount(at, found, short):
        return None
    pays = [at.left[item] - (short if item == largest else 0) for item in found]
    return at.verdict(place, Class.REFERENCE_ADJUSTED, found, pays=pays, adjustment=kind)


def single_under_terms(at: Standing, place: int, group: int, wanted: int) -> list[int]:
    """The open items of a group of which an agreed cut leaves this amount."""
    receipt = at.case.receipts[place]
    discounts, taxes = at.rates.get(group, ((), ()))
    heap = at.heaps.get((group, receipt.currency))
    found: dict[int, None] = {}
    if heap is None or wanted <= 0:
        return []
    for terms, rates in ((DISCOUNT, discounts), (WITHHOLDING, taxes)):
        for rate in rates:
            base = wanted * 10_000 // (10_000 - rate)
            for left in range(base - 1, base + 3):
                for item in heap.exact(left, receipt.on, SAME_AMOUNT_MAX):
                    due = net(at, receipt, item, terms)
                    if due != left and abs(due - wanted) <= 1:
                        found[item] = None
    return list(found)


def is_late_discount(at: Standing, found: Sequence[int], short: int) -> bool:
    """Whether what is missing is a discount to which nobody had a right any more: a bank kept nothing then."""
    cuts = [_part(at.left[item], party.discount_bp) for item in found if (party := at.party_of(item)) is not None]
    return any(cuts) and abs(sum(cuts) - short) <= len(found)


def discount_of(at: Standing, item: int) -> int:
    """What its customer's discount on what is open of an item would be, in time or not; 0 for none."""
    party = at.party_of(item)
    return _part(at.left[item], party.discount_bp) if party is not None and at.case.policy.terms else 0


def may_be_withheld(party: Party | None, left: int, short: int) -> bool:
    """Whether what is missing may be an agreed tax that was reckoned otherwise."""
    if party is None or short <= 0 or not party.withholding_bp:
        return False
    return short * 2 <= _part(left, party.withholding_bp) * 3


def _part(amount: int, basis_points: int) -> int:
    """That many hundredths of a percent of it, half a unit up."""
    return (amount * basis_points + 5_000) // 10_000
