"""How much a payer may pay of a link, and which debts it goes to: the oldest first, and it is shown. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connector.errors import Refused
from connector.model.paylink import AmountMode, PaymentLink, Share
from connector.money import Money, grouped, zero

_ANEW = "Open the link again to see what is due."


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """From `least` to `most`, both included; the same where the whole must be paid at once."""

    mode: AmountMode
    least: Money
    most: Money


def amounts(link: PaymentLink, due: Money) -> Amounts:
    """What may be paid of what is due now. A minimum above what is left is the rest itself."""
    match link.mode:
        case AmountMode.WHOLE:
            least = due
        case AmountMode.FREE:
            least = Money(min(1, due.minor), due.currency)
        case AmountMode.MINIMUM:
            asked = link.minimum
            least = min(asked, due) if asked is not None and asked.currency == due.currency else due
    return Amounts(mode=link.mode, least=least, most=due)


def chosen(allowed: Amounts, wanted: Money | None) -> Money:
    """The amount a payer pays; all that is due when none is named. Refused when it is not allowed."""
    if wanted is None:
        return allowed.most
    if wanted.currency != allowed.most.currency:
        raise Refused(f"This debt is in {allowed.most.currency}.", next_step=_ANEW)
    if wanted > allowed.most:
        raise Refused(f"No more than {grouped(allowed.most)} is due.", next_step=_ANEW)
    if wanted < allowed.least:
        raise Refused(f"At least {grouped(allowed.least)} must be paid at once.", next_step=_ANEW)
    return wanted


def shares(amount: Money, debts: Sequence[Share]) -> tuple[Share, ...]:
    """What of the amount goes to each of these debts, given oldest first with what is due on each. Those that get
    nothing are left out; what is more than all of them is refused."""
    left = amount
    found: list[Share] = []
    for each in debts:
        part = min(left, each.amount)
        if part.minor > 0:
            found.append(Share(debt=each.debt, amount=part))
            left -= part
    if left != zero(amount.currency):
        raise Refused(f"{grouped(left)} more than is due.", next_step=_ANEW)
    return tuple(found)
